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
from planner.results.schema import SCHEDULE, TABLE_COLUMNS
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
TABLES = set(TABLE_COLUMNS) - {SCHEDULE}


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
    assert lines[1].startswith("Risk, in sample") and "without a plan" in lines[0]
    assert len(lines) <= 20 and max(map(len, lines[:-1])) <= 100
    assert "solving for the least risk" in result.stderr


def test_json_prints_the_summary_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    # In a process of its own: the solver writes its banner past Python.
    code = "from planner.api import plans; plans.write_page_and_workbook = lambda *_: None;"
    code += "from planner.cli import app; app()"
    words = f"solve {STARTER} --json --out {tmp_path / 'r'}".split()
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads((tmp_path / "r" / "summary.json").read_text())


def test_a_run_folder_gives_back_the_plan_to_the_last_digit(tmp_path: Path) -> None:
    plan = planner.solve(planner.load(STARTER))
    kept = planner.open_run(stored(plan, tmp_path / "run"))
    assert kept.case.name == plan.case.name
    for name, table in plan.tables.items():
        pd.testing.assert_frame_equal(kept.table(name), table, check_exact=True, check_dtype=False)


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
    faults = json.loads(run("check", starter, "--json").stdout)["faults"]
    assert ("demand.csv", 2, "tonnes") in [(f["place"], f["line"], f["column"]) for f in faults]


def test_a_wrong_override_and_a_wrong_option_exit_with_2() -> None:
    assert run("check", STARTER, "--set", "objective.tail=1").exit_code == 2
    assert run("check", STARTER, "--set", "policy.coordination").exit_code == 2
    assert run("check", STARTER, "--nonsense").exit_code == 2
    assert run("check", STARTER / "nowhere").exit_code == 2
    assert run("report", STARTER).exit_code == 2


def test_an_unreachable_target_exits_with_3_and_says_what_can_be_reached(tmp_path: Path) -> None:
    least = planner.solve(planner.load(STARTER), baseline=False).summary["least_risk_musd"]
    limit = f"--set objective.goal=target --set objective.risk_limit={least * 0.9}"
    result = run("solve", STARTER, *limit.split(), "--out", tmp_path / "run")
    assert result.exit_code == 3
    assert (
        f"least attainable with these budgets, lead times and levers is {least:.6g}"
        in result.stderr
    )
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "infeasible" and summary["reasons"]
    changes = summary["smallest_changes"]
    assert changes["least_risk"] > changes["limit"] == pytest.approx(least * 0.9)
    assert not (tmp_path / "run" / "tables").exists()


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (
            ["--set", "objective.goal=target", "--set", "objective.risk_limit=1"],
            3,
            "least attainable",
        ),
        (["--time-limit", "0"], 4, "time_limit"),
    ],
)
def test_what_is_asked_of_a_run_without_a_plan_ends_as_the_run_did(
    tmp_path: Path, words: list[str], code: int, reason: str
) -> None:
    folder = tmp_path / "run"
    assert run("solve", STARTER, *words, "--out", folder).exit_code == code
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    later = tmp_path / "later"
    for command in (
        ["shares", folder],
        ["coverage", folder],
        ["evaluate", folder],
        ["evaluate", folder, "--register", STARTER],
        ["report", folder],
        ["report", folder, "--project", "coast_plant"],
        ["explain", folder],
        ["compare", folder, folder],
        ["advance", folder, "--to", "2028", "--out", later],
    ):
        result = run(*command)
        assert result.exit_code == code, (command, result.output)
        assert "holds no proven plan" in result.stderr and reason in result.stderr, command
    assert before == {path: path.read_bytes() for path in before} and not later.exists()


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


def test_check_finds_what_only_the_product_of_two_figures_shows(starter: Path) -> None:
    """Each cell is in bounds; 1e12 USD/kg times a weight of 1e12 is more than a solver takes."""
    for table, column in (("elements", "loss_usd_per_kg"), ("countries", "weight")):
        rows = pd.read_csv(starter / f"{table}.csv", dtype=str)
        rows.assign(**{column: "1e12"}).to_csv(starter / f"{table}.csv", index=False)
    result = run("check", starter)
    assert result.exit_code == 2
    assert "1e+21 in: " in result.stderr


def test_a_comparison_takes_no_folder_that_holds_something_else(
    solved: tuple[Result, Path], tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("mine", encoding="utf-8")
    result = run("compare", solved[1], solved[1], "--out", taken)
    assert result.exit_code == 2
    assert "is not a comparison" in result.stderr
    assert [path.name for path in taken.iterdir()] == ["letter.txt"]


@pytest.mark.usefixtures("without_pages")
def test_a_run_by_a_model_file_of_the_present_folder_can_be_read_again(
    starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`model.toml` is called by its folder, which its path from there does not name."""
    monkeypatch.chdir(tmp_path)
    Path("model.toml").write_text('[policy]\nstock = "scheduled"\n', encoding="utf-8")
    solved = run("solve", starter, "--model", "model.toml", "--no-baseline", "--out", "of_here")
    assert solved.exit_code == 0, solved.output
    later = run("advance", "of_here", "--to", 2029, "--out", "later")
    assert later.exit_code == 0, later.output


def test_a_run_folder_stands_for_the_case_it_was_solved_from(
    solved: tuple[Result, Path], tmp_path: Path
) -> None:
    assert run("check", solved[1]).exit_code == 0
    assert run("solve", solved[1], "--out", tmp_path / "again", "--no-baseline").exit_code == 0
    one, other = (
        json.loads((at / "summary.json").read_text()) for at in (solved[1], tmp_path / "again")
    )
    for key in ("inputs_sha256", "risk_musd"):
        assert one[key] == other[key]


def test_init_from_copies_a_case_by_name_first_word_or_folder(tmp_path: Path) -> None:
    assert run("init", "--from", "allied", tmp_path / "mine").exit_code == 0
    shipped = {
        path.name: path.read_bytes() for path in (ROOT / "inputs" / "allied-2026").glob("*.csv")
    }
    copied = {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.csv")}
    assert copied == shipped and (tmp_path / "mine" / "README.md").is_file()
    assert run("init", "--from", tmp_path / "mine", tmp_path / "second").exit_code == 0
    assert run("check", tmp_path / "second").exit_code == 0
    unknown = run("init", "--from", "alied", tmp_path / "third")
    assert unknown.exit_code == 2 and '"allied"' in unknown.stderr
    assert run("init", "--from", "starter", tmp_path / "mine").exit_code == 2
    assert run("init", "--from", "starter").exit_code == 2
    assert not (tmp_path / "third").exists()
