"""A kill at any moment, a full disk, a read-only target, two runs at once: a run is whole or not there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner import Plan, RunFolderError
from planner.api.plans import solve_into
from planner.cli import app
from planner.data.case import Case
from planner.results.folders import _prefix, beside, claim, write_whole
from planner.results.store import refresh_pages, write_run
from tests.cases import LONG, stored, write_case
from tests.robust.conftest import STARTER, Zygote, content

KILLS = 30 if LONG else 3
VARIANTS = ([], ["--set", "policy.coordination=national"])


def timed(zygote: Zygote, *arguments: object) -> float:
    started = time.perf_counter()
    zygote.start(*arguments)
    assert zygote.end() == 0
    return time.perf_counter() - started


def test_kills_leave_the_old_run_or_the_new_one(zygote: Zygote, tmp_path: Path) -> None:
    rng, run = random.Random(6), tmp_path / "run"
    case = STARTER if LONG else write_case(tmp_path / "case")
    whole = set()
    for i, variant in enumerate(VARIANTS):
        seconds = timed(
            zygote, "solve", case, "--out", tmp_path / f"whole{i}", "--no-baseline", *variant
        )
        whole.add(content(tmp_path / f"whole{i}"))
    assert len(whole) == 2
    if LONG:
        reporting = timed(zygote, "report", tmp_path / "whole0")
        whole.add(content(tmp_path / "whole0"))
        assert len(whole) == 3  # `report` adds the printed forms
    existed, killed, number = False, 0, 0
    while killed < KILLS:
        assert number < 20 * KILLS, "commands end before they are killed"
        number += 1
        if LONG and number % 3 == 2 and run.exists():
            pid, length = zygote.start("report", run), reporting
        else:
            pid, length = (
                zygote.start("solve", case, "--out", run, "--no-baseline", *VARIANTS[number % 2]),
                seconds,
            )
        time.sleep(rng.uniform(0.0, 1.1 * length))
        with_signal = rng.choice((signal.SIGKILL, signal.SIGTERM))
        with suppress(ProcessLookupError):
            os.kill(pid, with_signal)
        killed += zygote.end() == with_signal
        assert run.exists() or not existed, "a result was lost"
        existed = run.exists()
        if existed:
            if LONG and content(run) not in whole:
                timed(zygote, "report", tmp_path / "whole1")
                whole.add(content(tmp_path / "whole1"))
            assert content(run) in whole, "a result is neither the old nor the new one"
    timed(zygote, "solve", case, "--out", run, "--no-baseline")
    assert content(run) in whole
    # A kill just before a scratch folder has its lock, or while it is removed, leaves one without; it goes later.
    assert not any(
        (path / "lock").exists()
        for path in tmp_path.iterdir()
        if path.name.startswith(_prefix(run))
    )


def test_a_kill_between_the_two_steps_of_an_exchange_loses_nothing(
    plan: Plan, tmp_path: Path
) -> None:
    # Where the system cannot exchange two folders in one step, the old run is aside for a moment.
    run = stored(plan, tmp_path / "run")
    before = content(run)
    left = tmp_path / f"{_prefix(run)}dead"
    left.mkdir()
    (left / "lock").touch()
    run.rename(left / "old")
    with beside(run):
        assert content(run) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.fixture
def case() -> Case:
    return planner.load(STARTER)


@pytest.mark.parametrize("name", ["run", "run [2]*?", "r" * 150])
def test_what_a_killed_write_left_goes_with_the_next_run_into_the_folder(
    plan: Plan, tmp_path: Path, name: str
) -> None:
    left = tmp_path / f"{_prefix(tmp_path / name)}dead"
    (left / "run").mkdir(parents=True)
    (left / "lock").touch()
    stored(plan, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_killed_write_of_a_file_left_goes_with_the_next(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom planner.results.folders import write_whole\n"
        "write_whole(Path(sys.argv[1]), lambda fresh: os.kill(os.getpid(), 9))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "book.xlsx")])
    assert len(list(tmp_path.iterdir())) == 1
    write_whole(tmp_path / "book.xlsx", lambda fresh: fresh.write_text("whole"))
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


def test_who_comes_second_to_a_folder_is_refused_before_anything_is_solved(
    case: Case, tmp_path: Path
) -> None:
    run = tmp_path / "reports" / "run"
    with claim(run):
        with pytest.raises(RunFolderError, match="another planner is at work for this folder"):
            solve_into(case, run)
        solve_into(case, tmp_path / "reports" / "other")
    assert not run.exists()
    solve_into(case, run)
    assert sorted(path.name for path in run.parent.iterdir()) == ["other", "run"]


def test_a_claim_ends_with_its_program(case: Case, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom planner.results.folders import claim\n"
        "with claim(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")])
    assert len(list(tmp_path.iterdir())) == 1
    solve_into(case, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_writes_nothing_and_keeps_the_old_run(plan: Plan, small_disk: Path) -> None:
    run = plan.write(small_disk / "run")
    before = content(run)
    room = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    for share, target in ((0.1, "other"), (0.6, "run")):
        used = sum(p.stat().st_size for p in run.rglob("*") if p.is_file())
        (small_disk / "filler").write_bytes(b"x" * max(0, int(room - share * used)))
        with pytest.raises(RunFolderError, match="nothing was written"):
            plan.write(small_disk / target)
        assert content(run) == before
        assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "run"]
        (small_disk / "filler").unlink()


@pytest.mark.parametrize("room", [20, 120])
def test_a_study_over_a_full_disk_says_so_and_goes_on(small_disk: Path, room: int) -> None:
    """In its first files, or among its results; room: KiB that are left."""
    study = {
        "title": "t",
        "case": str(STARTER),
        "outcomes": ["risk_musd"],
        "design": {"kind": "grid"},
        "uncertainties": [{"name": "money", "change": "budgets.*.*.musd=x?", "values": [0.5, 1.0]}],
    }
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096 - room * 1024))
    with pytest.raises(RunFolderError, match=r"cannot be written: .*(No space left|disk is full)"):
        planner.study(study, small_disk / "study")
    filler.unlink()
    assert planner.study(study, small_disk / "study").status.statuses == {"optimal": 2}


def test_a_case_edited_while_it_is_solved_is_kept_as_it_was_read(tmp_path: Path) -> None:
    source = Path(shutil.copytree(STARTER, tmp_path / "case"))
    demand = source / "demand.csv"
    text = demand.read_text(encoding="utf-8")

    def edit(step: str) -> None:
        demand.write_text(text.replace(",2026,100,", ",2026,90,"), encoding="utf-8")

    read = planner.load(source)
    _, run = solve_into(read, tmp_path / "run", progress=edit)
    assert demand.read_text(encoding="utf-8") != text
    assert planner.open_run(run).case.demand == read.demand != planner.load(source).demand
    assert CliRunner().invoke(app, ["replay", str(run)]).exit_code == 0
    said = CliRunner().invoke(app, ["check", str(source), "--against", str(run)]).output
    assert "demand.csv:2: tonnes: 100 -> 90" in said


def test_a_read_only_target_is_said_and_nothing_is_lost(plan: Plan, small_disk: Path) -> None:
    run = stored(plan, small_disk / "run")
    before = content(run)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for attempt in (
        lambda: plan.write(run),
        lambda: plan.write(small_disk / "a" / "b"),
        lambda: refresh_pages(run, print),
    ):
        with pytest.raises(RunFolderError, match="cannot be written"):
            attempt()
    assert content(run) == before


def test_pages_written_at_once_into_one_run_are_all_there(plan: Plan, tmp_path: Path) -> None:
    """Each is made from what the folder holds; the later one is made again from what the earlier one left."""
    run = stored(plan, tmp_path / "run")
    together = threading.Barrier(3)

    def write(name: str) -> None:
        def fill(fresh: Path) -> None:
            (fresh / name).write_text(name)
            with suppress(threading.BrokenBarrierError):  # who writes again writes alone
                together.wait(timeout=1)

        refresh_pages(run, fill)

    names = [f"case-{letter}.html" for letter in "abc"]
    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name in names if not (run / name).exists()] == []


def test_two_runs_into_one_folder_leave_one_of_them_whole(plan: Plan, tmp_path: Path) -> None:
    def page(folder: Path) -> None:
        (folder / "report.html").write_text(folder.parent.name * 100_000)
        (folder / "report.html").write_text("whole")

    other = Plan(plan.case, plan.status, plan.summary | {"mark": "other"}, plan.tables)
    whole = {
        content(write_run(one, tmp_path / name, page)) for one, name in ((plan, "a"), (other, "b"))
    }
    assert len(whole) == 2
    faults: list[BaseException] = []

    def write(one: Plan) -> None:
        try:
            for _ in range(10):
                write_run(one, tmp_path / "run", page)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(one,)) for one in (plan, other, plan, other)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (tmp_path / "run").exists():
            assert (tmp_path / "run" / "summary.json").exists()
        time.sleep(0.01)
    assert not faults
    assert content(tmp_path / "run") in whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "run"]


def test_something_else_that_appears_meanwhile_is_not_overwritten(
    plan: Plan, tmp_path: Path
) -> None:
    def thesis(_: Path) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis.txt").write_text("years of work")

    with pytest.raises(RunFolderError, match="meanwhile"):
        write_run(plan, tmp_path / "run", thesis)
    assert (tmp_path / "run" / "thesis.txt").read_text() == "years of work"


def test_ctrl_c_while_a_command_tidies_up_leaves_nothing_over(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that was replaced, or that is not wanted any more, is removed whole before the command ends."""
    run, removed = stored(plan, tmp_path / "run"), shutil.rmtree

    def interrupted(folder: object, *options: Any, **more: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.001)
        removed(folder, *options, **more)

    for write in (
        lambda: stored(plan, run),
        lambda: write_whole(tmp_path / "file", lambda path: path.write_text("a")),
    ):
        monkeypatch.setattr(shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write()
        monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == {"run", "file"}
    assert planner.open_run(run).summary["risk_musd"] == plan.summary["risk_musd"]
