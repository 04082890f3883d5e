"""The commands as a user types them: exit codes, what is printed where, what is written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import planner
from planner.cli import app
from planner.results.folders import SUMS
from planner.results.schema import TABLE_COLUMNS
from planner.results.verify import verify
from tests.cases import stored

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "inputs" / "starter"
SUMMARY_KEYS = {
    "status",
    "case",
    "goal",
    "risk_musd",
    "least_risk_musd",
    "expected_loss_musd",
    "cvar_musd",
    "cost_musd",
    "scenario_loss_musd",
    "expected_shortfall_t",
    "service_level",
    "public_spend_musd",
    "new_capacity_tpa",
    "trained",
    "model",
    "certificate",
    "seconds",
    "versions",
    "inputs_sha256",
}
TABLES = set(TABLE_COLUMNS)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """A copy of the starter case that a test may damage."""
    return Path(shutil.copytree(STARTER, tmp_path / "starter"))


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What the command said, and the run folder of the starter: to read only."""
    out = tmp_path_factory.mktemp("solved") / "run"
    return run("solve", STARTER, "--out", out), out


def test_solve_writes_the_whole_contract(solved: tuple[Result, Path]) -> None:
    result, out = solved
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary.keys() >= SUMMARY_KEYS
    assert summary["status"] == "optimal"
    assert summary["model"].keys() >= {"rows", "columns", "nonzeros", "nodes", "scenarios"}
    assert summary["seconds"].keys() == {"load", "build", "solve", "report"}
    assert max(summary["certificate"].values()) <= 1e-6
    assert {path.stem for path in (out / "tables").glob("*.csv")} == TABLES
    assert (out / "report.html").stat().st_size > 1000
    openpyxl.load_workbook(out / "report.xlsx", read_only=True).close()
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Risk") and "without a plan" in lines[0]
    assert ", both in sample; the plan costs" in lines[0]
    assert "solving for the least risk" in result.stderr


def test_json_prints_the_summary_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    # In a process of its own: the solver writes its banner past Python.
    code = "from planner.api import plans; plans.write_page_and_workbook = lambda *_: None;"
    code += "from planner.cli import app; app()"
    command = [
        sys.executable,
        "-c",
        code,
        "solve",
        str(STARTER),
        "--json",
        "--out",
        str(tmp_path / "r"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads((tmp_path / "r" / "summary.json").read_text())


def test_what_a_run_stores_is_enough_to_verify_and_to_solve_it_again(tmp_path: Path) -> None:
    blocs = planner.load(STARTER, overrides={"policy.coordination": "blocs"})
    kept = planner.open_run(stored(planner.solve(blocs), tmp_path / "a"))
    assert verify(kept.case, kept.tables).worst <= 1e-6
    again = planner.solve(planner.load(tmp_path / "a" / "inputs"))
    assert again.summary["inputs_sha256"] == kept.summary["inputs_sha256"]
    assert again.summary["risk_musd"] == kept.summary["risk_musd"]


def test_a_run_folder_gives_back_the_plan_to_the_last_digit(tmp_path: Path) -> None:
    plan = planner.solve(planner.load(STARTER))
    kept = planner.open_run(stored(plan, tmp_path / "run"))
    assert kept.case.name == plan.case.name
    for name, table in plan.tables.items():
        pd.testing.assert_frame_equal(kept.table(name), table, check_exact=True, check_dtype=False)


def test_the_same_input_gives_the_same_bytes(solved: tuple[Result, Path], tmp_path: Path) -> None:
    _, first = solved
    run("solve", STARTER, "--out", tmp_path / "again")
    for path in sorted(first.rglob("*.*")):
        other = tmp_path / "again" / path.relative_to(first)
        if path.name == "summary.json":
            ours, theirs = json.loads(path.read_text()), json.loads(other.read_text())
            del ours["seconds"], theirs["seconds"]
            assert ours == theirs
        elif path.name == SUMS:  # which tells those seconds apart
            others = other.read_text().splitlines()
            (apart,) = [line for line in path.read_text().splitlines() if line not in others]
            assert apart.endswith("summary.json")
        else:
            assert path.read_bytes() == other.read_bytes(), path.name


def test_bad_input_lists_every_fault_and_writes_nothing(starter: Path, tmp_path: Path) -> None:
    demand = starter / "demand.csv"
    demand.write_text(demand.read_text().replace("JPN,Dy,oxide,2026,100", "JPM,Dy,oxide,2026,-1"))
    countries = starter / "countries.csv"
    countries.write_text(countries.read_text().replace("country,name,bloc", "country,name,blok"))
    result = run("solve", starter, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "demand.csv:2: tonnes: -1: must be greater than or equal to 0" in result.stderr
    assert 'countries.csv:1: blok: unknown column (did you mean "bloc"?)' in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_misspelt_country_is_named_with_its_place_and_the_nearest_name(starter: Path) -> None:
    demand = starter / "demand.csv"
    demand.write_text(demand.read_text().replace("JPN,Dy,oxide,2026,100", "JNP,Dy,oxide,2026,100"))
    result = run("check", starter)
    assert result.exit_code == 2
    assert 'demand.csv:2: country: unknown country "JNP" (did you mean "JPN"?)' in result.stderr
    faults = json.loads(run("check", starter, "--json").stdout)["faults"]
    assert [(fault["place"], fault["line"], fault["column"]) for fault in faults] == [
        ("demand.csv", 2, "country")
    ]


def test_a_wrong_override_and_a_wrong_option_exit_with_2() -> None:
    assert run("check", STARTER, "--set", "objective.tail=1").exit_code == 2
    assert run("check", STARTER, "--set", "policy.coordination").exit_code == 2
    assert run("check", STARTER, "--nonsense").exit_code == 2
    assert run("check", STARTER / "nowhere").exit_code == 2
    assert run("report", STARTER).exit_code == 2


def test_an_unreachable_target_exits_with_3_and_says_what_can_be_reached(tmp_path: Path) -> None:
    least = planner.solve(planner.load(STARTER), baseline=False).summary["least_risk_musd"]
    result = run(
        "solve",
        STARTER,
        "--set",
        "objective.goal=target",
        "--set",
        f"objective.risk_limit={least * 0.9}",
        "--out",
        tmp_path / "run",
    )
    assert result.exit_code == 3
    assert (
        f"least attainable with these budgets, lead times and levers is {least:.6g}"
        in result.stderr
    )
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "infeasible" and summary["reasons"]
    assert not (tmp_path / "run" / "tables").exists()


def test_no_time_exits_with_4(tmp_path: Path) -> None:
    result = run("solve", STARTER, "--time-limit", "0", "--out", tmp_path / "run")
    assert result.exit_code == 4
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "time_limit"


def test_report_writes_the_pages_again_with_the_same_bytes(
    solved: tuple[Result, Path], tmp_path: Path
) -> None:
    shutil.copytree(solved[1], tmp_path / "run")
    before = {
        name: (tmp_path / "run" / name).read_bytes() for name in ("report.html", "report.xlsx")
    }
    (tmp_path / "run" / "report.html").unlink()
    result = run("report", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert {name: (tmp_path / "run" / name).read_bytes() for name in before} == before


def test_a_folder_that_is_no_run_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    result = run("solve", STARTER, "--out", tmp_path / "mine")
    assert result.exit_code == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_init_lays_out_a_workspace_that_checks_and_solves(tmp_path: Path) -> None:
    assert run("init", tmp_path / "w").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == [
        "inputs",
        "models",
        "reports",
    ]
    assert run("check", tmp_path / "w").exit_code == 0
    model = tmp_path / "w" / "models" / "cvar.toml"
    assert run("check", tmp_path / "w" / "inputs" / "starter", "--model", model).exit_code == 0
    assert run("init", tmp_path / "w").exit_code == 2
    assert run("init", tmp_path / "x", "--case", "startre").exit_code == 2
    assert not (tmp_path / "x").exists()


def test_a_workbook_solves_like_its_folder_and_faults_name_the_sheet(
    tmp_path: Path, starter: Path
) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for path in sorted(starter.glob("*.csv")):
        sheet = book.create_sheet(path.stem)
        for line in path.read_text().splitlines():
            cells = line.split(",")
            sheet.append(
                [
                    float(cell) if cell.replace(".", "", 1).isdigit() else cell or None
                    for cell in cells
                ]
            )
    model = book.create_sheet("model")
    for line in (("key", "value"), ("policy.coordination", "blocs"), ("objective.tail", 0.8)):
        model.append(line)
    book.save(tmp_path / "starter.xlsx")
    from_book = planner.load(tmp_path / "starter.xlsx")
    from_folder = planner.load(
        starter, overrides={"policy.coordination": "blocs", "objective.tail": 0.8}
    )
    assert from_book.tables.demand == from_folder.tables.demand
    assert from_book.model.policy == from_folder.model.policy
    assert from_book.model.objective == from_folder.model.objective
    ours, theirs = planner.solve(from_book), planner.solve(from_folder)
    assert ours.summary["risk_musd"] == theirs.summary["risk_musd"]
    book["demand"]["E2"] = "#N/A"
    book.save(tmp_path / "starter.xlsx")
    result = run("check", tmp_path / "starter.xlsx")
    assert result.exit_code == 2
    assert (
        "starter.xlsx[demand]:2: tonnes:" in result.stderr and "spreadsheet error" in result.stderr
    )


def test_check_finds_what_only_the_product_of_two_figures_shows(starter: Path) -> None:
    """Each cell is in bounds; 1e12 USD/kg times a weight of 1e12 is more than a solver takes."""
    for table, column in (("elements", "loss_usd_per_kg"), ("countries", "weight")):
        rows = pd.read_csv(starter / f"{table}.csv", dtype=str)
        rows.assign(**{column: "1e12"}).to_csv(starter / f"{table}.csv", index=False)
    result = run("check", starter)
    assert result.exit_code == 2
    assert "1e+21 in: " in result.stderr


def test_a_comparison_takes_no_folder_that_holds_something_else(
    starter: Path, tmp_path: Path
) -> None:
    runs = [tmp_path / name for name in ("a", "b")]
    for folder in runs:
        stored(planner.solve(planner.load(starter), baseline=False), folder)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("mine", encoding="utf-8")
    result = run("compare", *runs, "--out", taken)
    assert result.exit_code == 2
    assert "is not a comparison" in result.stderr
    assert [path.name for path in taken.iterdir()] == ["letter.txt"]


@pytest.mark.usefixtures("without_pages")
def test_a_run_folder_stands_for_the_case_it_was_solved_from(tmp_path: Path) -> None:
    run_folder = stored(planner.solve(planner.load(STARTER), baseline=False), tmp_path / "run")
    assert run("check", run_folder).exit_code == 0
    again = run("solve", run_folder, "--out", tmp_path / "again", "--no-baseline")
    assert again.exit_code == 0
    one, other = (
        json.loads((at / "summary.json").read_text()) for at in (run_folder, tmp_path / "again")
    )
    assert one["inputs_sha256"] == other["inputs_sha256"]
