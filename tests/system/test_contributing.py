"""Every recipe of CONTRIBUTING.md, applied to a copy of the package, does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import long_run

ROOT = Path(__file__).parents[2]
CODE = r"\n\n```(?:python|toml)\n(.*?)```"
STEP = re.compile(
    rf"In `(\S+)`, (after|replace){CODE}\n\n(?:add|with){CODE}|Create `(\S+)`{CODE}", re.DOTALL
)

COLUMN = """
from pathlib import Path
import planner
from docs.declarations import dictionary
assert planner.load("starter").countries["JPN"].region == ""
table = Path("starter/countries.csv")
head, *rows = table.read_text().splitlines()
table.write_text("\\n".join([f"{head},region", *(f"{row},east of {row[:3]}" for row in rows)]) + "\\n")
assert planner.load("starter").countries["JPN"].region == "east of JPN"
assert planner.load("starter").table("countries")["region"].tolist()[0].startswith("east of")
assert "| `region` |" in dictionary()
"""
CONSTRAINT = """
import planner
from docs.declarations import formulation_page
from planner.solving.program_writer import program_of
free = planner.load("starter")
case = free.changed("policy.yearly_share=0.1")
assert not any(name == "yearly_limit" for name, *_ in program_of(free).row)
assert any(name == "yearly_limit" for name, *_ in program_of(case).row)
assert "yearly_limit" in formulation_page() and "share of the new nameplate" in formulation_page()
session = planner.Session(free)
risks = []
for one in (free, case, case.changed("policy.yearly_share=0.05"), free):  # also in a program that is there
    risks.append(session.solve(one).summary["risk_musd"])
    assert abs(risks[-1] - planner.solve(one, baseline=False).summary["risk_musd"]) < 1e-6, risks
assert risks[0] < risks[1] - 1 < risks[2] - 2, risks
plan = planner.solve(case, baseline=False)
builds = plan.table("investments")
most = builds["project"].map({project: row.max_new_tpa * 0.1 for project, row in case.projects.items()})
assert len(builds) and (builds["tpa"] <= most * (1 + 1e-9)).all(), builds
"""
STAGE = """
from pathlib import Path
import planner
from planner.reporting.pages.run import write_page_and_workbook
table = Path("starter/projects.csv")
head, *rows = table.read_text().splitlines()
cells = dict(project="melter", name="Melter", country="USA", stage="melting", existing_tpa="1", max_new_tpa="9")
cells |= dict(lead_time_years="1", capex_usd_per_tpa="50000", variable_opex_usd_per_t="20000", recovery="0.9")
table.write_text("\\n".join([head, *rows, ",".join(cells.get(name, "") for name in head.split(","))]) + "\\n")
case = planner.load("starter")
assert case.lookups.has_lever("melting") and case.lookups.stage_of("melter").converts
plan = planner.solve(case)
melted = plan.table("operations").query("item == 'melted'")
made = plan.table("operations").query("item == 'made' and project == 'melter'")
assert melted["tonnes"].sum() > 0 and abs(0.9 * melted["tonnes"].sum() - made["tonnes"].sum()) < 1e-6
assert set(melted["form"]) == {"oxide"} and set(made["form"]) == {"metal"}
assert plan.summary["new_capacity_tpa"]["melter"] > 0 and plan.summary["utilisation"]["melting"]["new"] > 0
without = planner.solve(case.changed({"levers": [x for x in case.model.levers if x != "melting"]}), baseline=False)
assert without.summary["new_capacity_tpa"]["melter"] == 0
Path("melting").mkdir()
write_page_and_workbook(plan, Path("melting"))
assert "Melter" in Path("melting/report.html").read_text()
"""
OUTCOME = """
import planner
from planner.results.study import MEANINGS
from planner.studies.outcomes import outcome_names
case = planner.load("starter")
assert "new_capacity_tpa_by_country.JPN" in outcome_names(case)
asked = ["new_capacity_tpa_by_country.AUS", "new_capacity_tpa.desert_mine", "new_capacity_tpa.coast_plant"]
file = dict(case="starter", title="one", outcomes=asked, design=dict(kind="grid"))
file["uncertainties"] = [dict(name="money", change="budgets.*.*.musd=x?", values=[1.0])]
found = planner.study(file, "study").table("results").iloc[0]
both = found["new_capacity_tpa.desert_mine"] + found["new_capacity_tpa.coast_plant"]
assert both > 1 and abs(found["new_capacity_tpa_by_country.AUS"] - both) < 1e-6, found
"""
CHART = """
import planner
from pathlib import Path
from planner.reporting.pages.run import write_page_and_workbook
plan = planner.solve(planner.load("starter"), baseline=False)
Path("run").mkdir()
write_page_and_workbook(plan, Path("run"))
page = Path("run/report.html").read_text()
chapter = page[page.index('id="where-and-when"'):]
assert 'data-chart="employed"' in chapter and '"employed":{' in page
assert planner.chart(plan, "employed").to_dict()["mark"]["type"] == "bar"
"""
COMMAND = """
from typer.testing import CliRunner
from planner.cli import app
assert "Print how large the program" in CliRunner().invoke(app, ["--help"]).output
found = CliRunner().invoke(app, ["size", "starter"])
assert found.exit_code == 0 and "nodes" in found.output, found.output
assert CliRunner().invoke(app, ["size", "nowhere"]).exit_code == 2
"""
EVERY_QUESTION = """
import os
from pathlib import Path
import planner.api.plans
from typer.testing import CliRunner
from planner.cli import app

planner.api.plans.write_page_and_workbook = lambda plan, folder: None  # pages take seconds and are not asked for here
Path("five.toml").write_text(
    'title = "five"\\ncase = "starter"\\noutcomes = ["risk_musd"]\\n'
    '[[uncertainties]]\\nname = "money"\\nchange = "budgets.*.*.musd=x?"\\n'
    'values = [0.25, 0.5, 1, 2, 4]\\n[design]\\nkind = "grid"\\n'
)
for words in (
    "solve starter --out every",
    "explain every",
    "shares every",
    "evaluate every",
    "advance every --to 2028 --out later",
    "study run five.toml --out study",
):
    done = CliRunner().invoke(app, words.split())
    if done.exit_code != 0 or "Traceback" in done.output:
        raise SystemExit(f"planner {words}: exit code {done.exit_code}\\n{done.output}\\n{done.exception!r}")
"""
"""Every question that a command asks of a case, after a recipe."""


RECIPES = {
    "a table column": COLUMN,
    "a constraint": CONSTRAINT,
    "a stage": STAGE,
    "a study outcome": OUTCOME,
    "a chart": CHART,
    "a command": COMMAND,
}


def follow(recipe: str, package: Path) -> None:
    """Do to a copy of the package what a recipe says."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    steps = STEP.findall(text.partition(f"## Add {recipe}\n")[2].partition("\n## ")[0])
    assert steps, recipe
    for name, how, there, new, created, whole in steps:
        if created:
            assert not (package / created).exists()
            (package / created).write_text(whole, encoding="utf-8")
            continue
        path, there = package / name, there.removesuffix("\n") if how == "replace" else there
        before = path.read_text(encoding="utf-8")
        assert before.count(there) == 1, f"{name} has {before.count(there)} times:\n{there}"
        after = new.removesuffix("\n") if how == "replace" else there + new
        path.write_text(before.replace(there, after), encoding="utf-8")


@pytest.mark.parametrize(
    "recipes",
    [tuple(RECIPES), *(pytest.param((recipe,), marks=long_run) for recipe in RECIPES)],
    ids=lambda recipes: recipes[0] if len(recipes) == 1 else "all of them",
)
def test_recipes_work_and_so_does_every_command_after_them(
    recipes: tuple[str, ...], tmp_path: Path
) -> None:
    """Recipes applied to a copy of the package, one after the other, and each alone in a long run: what they promise,
    then solve, explain, shares and the rest."""
    for package in ("planner", "docs"):  # what was compiled is copied too, to save time
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copytree(ROOT / "inputs" / "starter", tmp_path / "starter")
    for recipe in recipes:
        follow(recipe, tmp_path)
    promised = "".join(RECIPES[recipe] for recipe in recipes)
    there = f"import planner\nassert planner.__file__.startswith({str(tmp_path)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", there + promised + EVERY_QUESTION],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
