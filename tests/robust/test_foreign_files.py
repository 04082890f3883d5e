"""No command replaces what it did not write: foreign files and folders, its own that were edited or added to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner import RunFolderError
from planner.cli import app
from planner.host import scratch_folder
from planner.parallel import PROCESS_BYTES, fitting
from planner.results.folders import SUMS, foreign_files, recorded_sums
from planner.results.store import refresh_pages
from tests.cases import stored, write_case
from tests.conftest import leave_out_pages
from tests.robust.conftest import ROOT, STARTER

Edit = Callable[[Path], object]


@pytest.fixture(scope="module", autouse=True)
def no_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        leave_out_pages(patched)
        yield


@pytest.fixture(scope="module")
def solved(plan: planner.Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(plan, tmp_path_factory.mktemp("solved") / "run")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that is solved in a moment."""
    return write_case(tmp_path_factory.mktemp("small") / "case")


@pytest.fixture(scope="module")
def hazards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The teaching case with one hazard, so that it can be sampled."""
    case = tmp_path_factory.mktemp("hazards") / "case"
    shutil.copytree(STARTER, case)
    (case / "hazards.csv").write_text(
        "hazard,kind,probability,first,last,years_low,years_high,factor_low,factor_high\n"
        "cut,import,0.5,2028,2030,1,2,0.1,0.5\n"
    )
    return case


def everything(folder: Path) -> dict[str, bytes]:
    """Relative name -> content of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def call(*words: object) -> tuple[int, str]:
    """Exit code and all output of a command in this process."""
    found = CliRunner().invoke(app, [str(word) for word in words])
    return found.exit_code, found.output


@pytest.fixture(scope="module")
def commands(solved: Path, small: Path, hazards: Path) -> dict[str, list[object]]:
    """Every command that writes a folder which a user names, without --out."""
    return {
        "solve": ["solve", small, "--no-baseline"],
        "sample": ["sample", hazards, "--draws", "4"],
        "advance": ["advance", solved, "--to", "2027"],
        "compare": ["compare", solved, solved],
    }


@pytest.fixture(scope="module")
def outputs(
    commands: dict[str, list[object]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What each command writes, and writes again where nobody touched it."""
    folder = tmp_path_factory.mktemp("outputs")
    for name, words in commands.items():
        for _ in range(2):
            code, said = call(*words, "--out", folder / name)
            assert code == 0, said
    return {name: folder / name for name in commands}


@pytest.mark.parametrize("name", ["solve", "sample", "advance", "compare"])
def test_a_foreign_folder_or_file_stays_as_it_is(
    name: str, commands: dict[str, list[object]], tmp_path: Path
) -> None:
    folder, file = tmp_path / "mine", tmp_path / "mine.txt"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    file.write_text("more of it")
    for target in (folder, file):
        code, said = call(*commands[name], "--out", target)
        assert code == 2 and "exists and is not" in said, said
    assert everything(tmp_path) == {"mine/thesis.txt": b"years of work", "mine.txt": b"more of it"}


EDITS: dict[str, tuple[str, Edit, str]] = {
    "a note beside a run": ("solve", lambda out: (out / "notes.txt").write_text("mine"), "notes"),
    "a note among inputs": (
        "solve",
        lambda out: (out / "inputs" / "notes.txt").write_text("mine"),
        "inputs/notes.txt: was added",
    ),
    "a folder of one's own": (
        "solve",
        lambda out: (out / "mine").mkdir() or (out / "mine" / "a.txt").write_text("mine"),
        "mine/a.txt: was added",
    ),
    "an empty folder of one's own": ("solve", lambda out: (out / "mine").mkdir(), "mine/"),
    "a draw edited": (
        "sample",
        lambda out: (out / "projects.csv").write_text("project,country\n"),
        "projects.csv: was changed",
    ),
    "a table added to draws": (
        "sample",
        lambda out: (out / "prices.csv").write_text("element\n"),
        "prices.csv: was added",
    ),
    "a later case edited": (
        "advance",
        lambda out: (out / "model.toml").write_text('name = "mine"\n'),
        "model.toml: was changed",
    ),
    "a comparison with a note": (
        "compare",
        lambda out: (out / "notes.md").write_text("mine"),
        "notes.md: was added",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_folder_of_its_own_is_refused(
    what: str, commands: dict[str, list[object]], outputs: dict[str, Path], tmp_path: Path
) -> None:
    name, edit, told = EDITS[what]
    out = Path(shutil.copytree(outputs[name], tmp_path / "out"))
    edit(out)
    before = everything(tmp_path)
    code, said = call(*commands[name], "--out", out)
    assert code == 2 and told in said and "--force" in said, said
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "what",
    ["a note among inputs", "a draw edited", "a later case edited", "a comparison with a note"],
)
def test_an_edited_folder_of_its_own_is_replaced_by_force(
    what: str, commands: dict[str, list[object]], outputs: dict[str, Path], tmp_path: Path
) -> None:
    name, edit, _ = EDITS[what]
    out = Path(shutil.copytree(outputs[name], tmp_path / "out"))
    edit(out)
    code, said = call(*commands[name], "--out", out, "--force")
    assert code == 0, said
    assert foreign_files(out) == []


def test_pages_that_are_written_again_leave_what_others_added(solved: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(solved, tmp_path / "run"))
    (run / "notes.txt").write_text("mine")
    refresh_pages(run, lambda fresh: (fresh / "report.html").write_text("new"))
    assert (run / "notes.txt").read_text() == "mine"
    assert (run / "report.html").read_text() == "new"
    assert "report.html" in recorded_sums(run) and "notes.txt" not in recorded_sums(run)
    assert foreign_files(run) == ["notes.txt: was added"]


def test_a_page_that_somebody_edited_is_not_written_over(solved: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(solved, tmp_path / "run"))
    refresh_pages(run, lambda fresh: (fresh / "report.xlsx").write_text("ours"))
    (run / "report.xlsx").write_text("ours, with remarks")
    with pytest.raises(RunFolderError, match=r"report\.xlsx would be replaced"):
        refresh_pages(run, lambda fresh: (fresh / "report.xlsx").write_text("new"))
    assert (run / "report.xlsx").read_text() == "ours, with remarks"


def test_what_a_spreadsheet_leaves_while_it_is_open_counts_as_nobodys(solved: Path) -> None:
    (solved / ".~lock.report.xlsx#").write_text("open")
    assert foreign_files(solved) == []
    (solved / ".~lock.report.xlsx#").unlink()


def test_a_run_is_known_by_its_summary_whatever_pages_lie_in_it(
    solved: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(solved, tmp_path / "run"))
    (run / "report.pdf").write_text("model,scenario\n")
    code, said = call("check", run)
    assert code == 0, said
    code, said = call("check", STARTER, "--against", run)
    assert code == 0, said


def test_terminated_leaves_nothing_beside_the_run(tmp_path: Path) -> None:
    code = "from planner.cli import app; app()"
    command = [sys.executable, "-c", code, "solve", str(STARTER), "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        while "loading" not in (line := process.stderr.readline()):
            assert line, "ended before it was stopped"
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        said = " ".join(process.stderr.read().split())
    if process.returncode:
        assert process.returncode == 128 + signal.SIGTERM
        left = list(tmp_path.iterdir())
        # On a busy machine the run may be in place before the signal comes; then it says so.
        assert left == [] or (left == [tmp_path / "run"] and "summary.json" in said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_folder_to_fill_is_gone_though_a_signal_comes_as_it_is_made(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = tempfile.mkdtemp

    def made_and_interrupted(prefix: str, dir: Path) -> str:
        made = make(prefix=prefix, dir=dir)
        signal.raise_signal(number)
        return made

    monkeypatch.setattr(tempfile, "mkdtemp", made_and_interrupted)
    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), scratch_folder("folder", tmp_path):
            pytest.fail("the signal was lost")
    finally:
        signal.signal(number, before)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_command_go_with_the_next_that_reads(
    solved: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(solved, tmp_path / "run"))
    left = tmp_path / ".run~killed"
    left.mkdir()
    (left / "lock").write_text("")
    planner.open_run(run)
    assert not left.exists()


def test_there_are_no_more_workers_than_tasks_or_than_memory_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert fitting(500, tasks=3) == 3
    monkeypatch.setattr("planner.parallel.available_memory", lambda: 2.5 * PROCESS_BYTES)
    with pytest.warns(RuntimeWarning, match="memory holds about 2 workers"):
        assert fitting(500) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitting(1) == 1


def test_the_record_is_that_of_sha256sum(solved: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", SUMS], cwd=solved, env=os.environ, check=False
    )
    assert done.returncode == 0


MONEY = """
title = "money"
case = "{case}"
[[uncertainties]]
name = "money"
change = "budgets.*.*.musd=x?"
range = [0.5, 1.5]
[design]
kind = "one_at_a_time"
"""


def test_a_study_keeps_inputs_that_somebody_edited_and_opens_a_point_over_no_foreign_run(
    tmp_path: Path,
) -> None:
    case = tmp_path / "case"
    shutil.copytree(STARTER, case)
    file = tmp_path / "money.toml"
    file.write_text(MONEY.format(case=case.as_posix()))
    out, run = tmp_path / "study", tmp_path / "run"
    code, said = call("study", "run", file, "--out", out)
    assert code == 0, said
    (out / "inputs" / "notes.txt").write_text("mine")
    budgets = case / "budgets.csv"
    budgets.write_text(budgets.read_text().replace(",40,", ",41,"))
    before = everything(out / "inputs")
    code, said = call("study", "run", file, "--out", out)
    assert code == 2 and "notes.txt" in said and "--force" in said, said
    assert everything(out / "inputs") == before
    code, said = call("study", "run", file, "--out", out, "--force")
    assert code == 0 and not (out / "inputs" / "notes.txt").exists(), said
    assert foreign_files(out / "inputs") == []

    code, said = call("study", "open", out, "0", "--out", run)
    assert code == 0, said
    (run / "notes.txt").write_text("mine")
    code, said = call("study", "open", out, "0", "--out", run)
    assert code == 2 and "notes.txt" in said and (run / "notes.txt").exists(), said
    code, said = call("study", "open", out, "0", "--out", run, "--force")
    assert code == 0 and not (run / "notes.txt").exists(), said
