"""Every recipe of CONTRIBUTING.md, applied to a copy of the package, does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = r"\n\n```python\n(.*?)```"
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
assert planner.load("starter").frame("countries")["region"].tolist()[0].startswith("east of")
assert "| `region` |" in dictionary()
"""
CONSTRAINT = """
import planner
from docs.declarations import formulation_page
from planner.solving.program_writer import program_of
case = planner.load("starter")
assert any(name == "yearly_limit" for name, *_ in program_of(case).row)
assert "yearly_limit" in formulation_page() and "half of the new nameplate" in formulation_page()
plan = planner.solve(case, baseline=False)
builds = plan.table("investments")
most = builds["project"].map({project: row.max_new_tpa / 2 for project, row in case.projects.items()})
assert len(builds) and (builds["tpa"] <= most * (1 + 1e-9)).all(), builds
"""
CHART = """
import planner
from pathlib import Path
planner.solve(planner.load("starter"), baseline=False).write("run")
page = Path("run/report.html").read_text()
chapter = page[page.index('id="staff"'):]
assert "All who are employed" in chapter and "<svg" in chapter.partition("All who are employed")[2]
"""
COMMAND = """
from typer.testing import CliRunner
from planner.cli import app
assert "How large the program" in CliRunner().invoke(app, ["--help"]).output
found = CliRunner().invoke(app, ["size", "starter"])
assert found.exit_code == 0 and "nodes" in found.output, found.output
assert CliRunner().invoke(app, ["size", "nowhere"]).exit_code == 2
"""


RECIPES = {
    "a table column": COLUMN,
    "a constraint": CONSTRAINT,
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


def test_the_recipes_work(tmp_path: Path) -> None:
    """One after the other in one copy of the package, and what each promises, in one process."""
    for package in ("planner", "docs"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copytree(ROOT / "inputs" / "starter", tmp_path / "starter")
    script = f"import planner\nassert planner.__file__.startswith({str(tmp_path)!r})\n"
    for recipe, promise in RECIPES.items():
        follow(recipe, tmp_path)
        script += f"print('checking', {recipe!r})\n{promise}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
