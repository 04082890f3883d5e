"""A run folder that was changed or damaged is told of, by whatever reads it; none of its figures is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner import RunFolderError
from planner.cli import app
from planner.data.load import checked_case
from planner.results.folders import SUMS, write_sums
from tests.cases import stored

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def original(plan: planner.Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(plan, tmp_path_factory.mktemp("original") / "run")


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


def text(name: str, pattern: str, new: str) -> Change:
    """Replace the first match in a file."""

    def change(run: Path) -> None:
        before = (run / name).read_text(encoding="utf-8")
        after = re.sub(pattern, new, before, count=1)
        assert after != before
        (run / name).write_text(after, encoding="utf-8")

    return change


def cells(name: str, column: str, factor: float) -> Change:
    """Multiply a column of a result table."""

    def change(run: Path) -> None:
        table = pd.read_csv(run / "tables" / f"{name}.csv", dtype={"quarter": "Int64"})
        table[column] *= factor
        table.to_csv(run / "tables" / f"{name}.csv", index=False)

    return change


def key(name: str, *keys: str) -> Change:
    """Take a key out of the summary."""

    def change(run: Path) -> None:
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        del summary[name]
        (run / "summary.json").write_text(json.dumps(summary), encoding="utf-8")

    return change


CHANGES: dict[str, tuple[Change, str, str]] = {
    "risk halved": (
        text("summary.json", r'"risk_musd": [\d.]+', '"risk_musd": 950.0'),
        "summary.json",
        "",
    ),
    "worse without": (
        text("summary.json", r'("without_plan": {\s*"risk_musd"): [\d.]+', r"\1: 1e6"),
        "summary.json",
        "",
    ),
    "cost": (text("summary.json", r'"cost_musd": [\d.]+', '"cost_musd": 1.0'), "summary.json", ""),
    "shortfall": (cells("shortfall", "tonnes", 0.1), "tables/shortfall.csv", ""),
    "invested": (cells("investments", "tpa", 2.0), "tables/investments.csv", ""),
    "stock": (cells("stocks", "stock_t", 1.5), "tables/stocks.csv", ""),
    "paid": (cells("payments", "paid_musd", 0.5), "tables/payments.csv", ""),
    "demand": (text("inputs/demand.csv", ",100,", ",200,"), "inputs/demand.csv", ""),
    "model": (text("inputs/model.toml", "tail = 0.9", "tail = 0.8"), "inputs/model.toml", ""),
    "other inputs": (
        text("summary.json", r'"inputs_sha256": "\w', '"inputs_sha256": "x'),
        "summary.json",
        "",
    ),
    "words for a bound": (
        text("summary.json", r'"least_risk_musd": [\d.]+', '"least_risk_musd": "little"'),
        "summary.json",
        "",
    ),
    "a list of rows": (text("summary.json", r'"rows": \d+', '"rows": []'), "summary.json", ""),
    "no versions": (key("versions"), "summary.json", ""),
    "a table that no run has": (
        lambda run: (run / "tables" / "notes.csv").write_text("x\n1\n"),
        "tables/notes.csv",
        "tables/notes.csv: is no table of a run",
    ),
    "words in a table asked for later": (
        lambda run: (run / "tables" / "coverage.csv").write_text("year,served_share\n2030,all\n"),
        "tables/coverage.csv",
        "is not a run folder",
    ),
    "no table": (
        lambda run: (run / "tables" / "workforce.csv").unlink(),
        "tables/workforce.csv",
        "",
    ),
    "no column": (text("tables/capacity.csv", "usable_tpa", "unusable"), "tables/capacity.csv", ""),
    "words": (text("tables/capacity.csv", r",0.0\n", ",none\n"), "tables/capacity.csv", ""),
    "truncated": (
        lambda run: os.truncate(run / "tables" / "operations.csv", 200),
        "tables/operations.csv",
        "",
    ),
    "no summary": (lambda run: (run / "summary.json").unlink(), "", "holds no summary.json"),
    "a list": (
        lambda run: (run / "summary.json").write_text("[]"),
        "summary.json",
        "is not a run folder",
    ),
    "no tables": (lambda run: shutil.rmtree(run / "tables"), "tables/capacity.csv", ""),
    "no inputs": (
        lambda run: shutil.rmtree(run / "inputs"),
        "inputs/countries.csv",
        "no such case",
    ),
    "other digests": (lambda run: (run / SUMS).write_bytes(b"\xff"), "is not a run folder", ""),
    "no digests": (lambda run: (run / SUMS).unlink(), "holds no SHA256SUMS", ""),
    "one more": (
        lambda run: (run / "tables" / "more.csv").write_text("a\n"),
        "tables/more.csv",
        "",
    ),
}
"""What is done to a run, the file that is named for it, and what is said if the digests were renewed as well: nothing
where `planner replay` has to be asked."""


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_with_its_file_and_one_with_new_digests_by_what_follows(
    run: Path, name: str
) -> None:
    change, file, why = CHANGES[name]
    change(run)
    with pytest.raises(RunFolderError) as told:
        planner.open_run(run)
    assert file in str(told.value)
    if why and (run / "summary.json").exists():
        write_sums(run)
        with pytest.raises(planner.PlannerError) as told:
            planner.open_run(run)
    assert why in str(told.value)


@pytest.mark.parametrize("name", ["risk halved", "worse without", "shortfall", "stock", "paid"])
def test_a_figure_that_was_changed_with_its_digest_is_told_by_replay(run: Path, name: str) -> None:
    change, file, _ = CHANGES[name]
    change(run)
    write_sums(run)
    done = CliRunner().invoke(app, ["replay", str(run)])
    assert done.exit_code == 2 and file.removeprefix("tables/") in done.stderr, done.output


@pytest.mark.parametrize(
    "command",
    [
        ["report"],
        ["explain"],
        ["shares"],
        ["evaluate"],
        ["advance", "--to", "2028", "--out", "x"],
        ["compare"],
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_changed_run_and_writes_nothing(
    run: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parent)
    cells("shortfall", "tonnes", 0.1)(run)
    before = {path: path.stat().st_mtime_ns for path in run.parent.rglob("*")}
    given = [command[0], "run", *(["run"] if command == ["compare"] else []), *command[1:]]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2 and "tables/shortfall.csv: was changed" in done.stderr, done.output
    assert {path: path.stat().st_mtime_ns for path in run.parent.rglob("*")} == before


def test_what_is_no_file_is_told_and_not_waited_for(run: Path) -> None:
    for name in ("tables/stocks.csv", "summary.json", SUMS):
        (run / name).rename(run.parent / "kept")
        os.mkfifo(run / name)
        for command in ("report", "replay"):
            done = CliRunner().invoke(app, [command, str(run)])
            assert (
                done.exit_code == 2 and f"{name}: is neither a file nor a folder" in done.stderr
            ), done.output
        (run / name).unlink()
        (run.parent / "kept").rename(run / name)
    assert planner.open_run(run).tables


def test_the_digests_are_those_that_the_usual_program_reads(run: Path) -> None:
    check = ["sha256sum", "--check", "--quiet", SUMS]
    assert subprocess.run(check, cwd=run, check=False).returncode == 0
    cells("stocks", "stock_t", 2.0)(run)
    assert subprocess.run(check, cwd=run, capture_output=True, check=False).returncode == 1


@pytest.mark.usefixtures("without_pages")
def test_what_was_asked_later_belongs_to_the_run_and_may_be_taken_away(run: Path) -> None:
    assert CliRunner().invoke(app, ["shares", str(run)]).exit_code == 0
    assert "shares" in planner.open_run(run).tables
    text("tables/shares.csv", r"\d\.\d", "9.9")(run)
    with pytest.raises(RunFolderError, match=r"shares\.csv: was changed"):
        planner.open_run(run)
    (run / "tables" / "shares.csv").unlink()
    assert "shares" not in planner.open_run(run).tables


def test_an_infeasible_run_is_held_to_its_digests_too(tmp_path: Path) -> None:
    case = checked_case(
        Path(__file__).parents[2] / "inputs" / "starter",
        changes={"objective.goal": "target", "objective.risk_limit": 1500},
    )
    run = stored(planner.solve(case), tmp_path / "run")
    assert planner.open_run(run).status == "infeasible"
    text("summary.json", '"infeasible"', '"optimal"')(run)
    with pytest.raises(RunFolderError, match=r"summary\.json: was changed"):
        planner.open_run(run)


def test_a_solution_of_impossible_size_or_no_format_is_a_sentence(
    original: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(original, tmp_path / "run"))
    data = (run / "solution.npy").read_bytes()
    shape = re.search(rb"'shape': \(\d+", data)
    assert shape
    header = data.partition(b"\n")[0]
    large = header.replace(shape[0], b"'shape': (" + b"9" * 30)[: len(header)]
    open_ended, no_dict = (
        header.replace(b":", b"9"),
        header.replace(b"{", b"9 "),
    )  # each fails elsewhere in the header
    for damaged in (
        data.replace(header, large, 1),
        b"",
        *(data.replace(header, h, 1) for h in (open_ended, no_dict)),
    ):
        (run / "solution.npy").write_bytes(damaged)
        write_sums(run)
        with pytest.raises(
            RunFolderError, match="is not the solution that the planner wrote; solve"
        ):
            planner.open_run(run)


def test_a_solution_that_was_changed_or_deleted_is_named(original: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(original, tmp_path / "run"))
    (run / "solution.npy").write_text("garbage")
    with pytest.raises(RunFolderError, match=r"solution\.npy: was changed") as error:
        planner.open_run(run)
    assert "pickle" not in str(error.value)
    (run / "solution.npy").unlink()
    with pytest.raises(RunFolderError, match=r"solution\.npy: is missing"):
        planner.open_run(run)
