"""No point is lost and none is run twice, whatever is killed; results do not depend on who computed them."""

from __future__ import annotations

import os
import pickle
import re
import signal
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

import planner
from planner.errors import InputError, RunFolderError
from planner.one_program.plans import solve_session
from planner.parallel import ProcessWorkers
from planner.results.journal import JOURNAL, Entry, Journal, read_entries
from planner.results.plan import Status
from planner.solving.engine import (
    BAD_INPUT,
    CRASHED,
    Answer,
    Engine,
    Question,
    Solved,
    packed,
    unpacked,
)
from planner.solving.goals import silent, solve_phases
from planner.solving.highs import Solver
from planner.solving.solution import Solution
from planner.solving.warm_program import WarmProgram
from planner.studies import run
from planner.studies.outcomes import PointMeasures, outcome_names, point_figures
from planner.studies.run import run_points, status_of
from planner.studies.store import POINT, points_of, read_results
from tests.forked import fork_workers, start_slow_study
from tests.studies import studies
from tests.studies.processes import written
from tests.studies.studies import dying_always, dying_once, files, is_rich, runs, sample

AGREEMENT = 1e-7
"""Relative difference up to which the figures of a point are those of its case solved alone."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "undisturbed"
    run_points(sample(), folder)
    return folder


def test_a_study_that_is_stopped_and_killed_goes_on_and_can_be_read_at_any_moment(
    tmp_path: Path, undisturbed: Path
) -> None:
    """By Ctrl-C with one worker, then by kill -9 with two; the rest is done by this process in another thread.

    A chain of four that is cut off is solved again; no result is written down twice.
    """
    folder, said = tmp_path / "killed", tmp_path / "said"
    study = written(sample(), tmp_path / "study.toml")
    seen: dict[str, tuple[object, ...]] = {}
    for workers, enough, sent, code in (
        (1, 3, signal.SIGINT, 130),
        (2, 12, signal.SIGKILL, -signal.SIGKILL),
    ):
        process = start_slow_study(study, folder, workers=workers, said=said)
        while len(seen) < enough:
            assert process.is_alive(), "the study ended before it could be stopped"
            read(folder, seen)
        assert process.pid
        os.kill(process.pid, sent)
        process.join()
        told = said.read_text(encoding="utf-8")
        assert process.exitcode == code, told
        # Stopped within a solve it says what that solve knew, too.
        kept = f"{status_of(folder).done} of 24 points are kept;"
        assert sent == signal.SIGKILL or re.search(f"stopped; (the value .*; )?{kept}", told), told
        assert not (folder / "results.parquet").exists()
    with ThreadPoolExecutor(1) as thread:
        rest = thread.submit(run_points, sample(), folder)
        while not rest.done():
            read(folder, seen)
    read(folder, seen)
    assert rest.result().statuses["optimal"] == len(seen) == 24
    assert files(folder) == files(undisturbed)
    assert set(runs(folder).values()) == {1}


def read(folder: Path, seen: dict[str, tuple[object, ...]]) -> None:
    """Read a study while it runs: what was read once does not change."""
    time.sleep(0.03)
    if not (folder / "design.parquet").exists():
        return
    table = read_results(folder)
    assert len(table) == 24 and table["status"].dropna().eq("optimal").all()
    done = table.dropna(subset="status")
    found = (
        dict(
            zip(done["point"], zip(done["risk_musd"], done["cost_musd"], strict=True), strict=True)
        )
        if len(done)
        else {}
    )
    assert found.items() >= seen.items()
    status = status_of(folder)
    assert len(found) <= status.done <= 24
    seen.update(found)


def test_a_worker_that_is_killed_changes_no_byte(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_workers(monkeypatch)
    monkeypatch.setattr(run, "point_figures", partial(dying_once, tmp_path / "died"))
    with ProcessWorkers(2) as processes:
        run_points(sample(), tmp_path / "study", processes)
    assert (tmp_path / "died").exists()
    assert files(tmp_path / "study") == files(undisturbed)
    assert set(runs(tmp_path / "study").values()) == {1}


def test_a_point_that_kills_every_worker_is_written_down_and_costs_only_itself(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_workers(monkeypatch)
    monkeypatch.setattr(run, "point_figures", dying_always)
    with ProcessWorkers() as processes:
        status = run_points(sample(), tmp_path / "study", processes)
    table = pd.read_parquet(tmp_path / "study" / "results.parquet")
    rich = table["budget"] > studies.RICH
    assert rich.sum() == status.statuses["crashed"] == 1
    assert set(table.loc[rich, "status"]) == {"crashed"}
    assert table.loc[rich, "message"].str.contains("died 3 times").all()
    theirs = pd.read_parquet(undisturbed / "results.parquet")
    assert set(table.loc[~rich, "status"]) == {"optimal"}
    gap = (table.loc[~rich, "risk_musd"] - theirs.loc[~rich, "risk_musd"]).abs()
    assert (gap <= AGREEMENT * theirs.loc[~rich, "risk_musd"]).all()


@pytest.mark.parametrize("step", ["Case.write", "write_table"])
def test_a_study_that_is_killed_while_its_folder_is_laid_out_is_known_and_goes_on(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = tmp_path / "study"

    def killed(*_: object) -> None:
        (folder / ".design.parquet-left").mkdir()  # as a program leaves it that is killed
        raise KeyboardInterrupt

    with monkeypatch.context() as killing, pytest.raises(KeyboardInterrupt):
        killing.setattr(f"planner.studies.store.{step}", killed)
        run_points(sample(), folder)
    with pytest.raises(RunFolderError, match="run the same command to go on"):
        status_of(folder)
    run_points(sample(), folder)
    assert files(folder) == files(undisturbed)


def test_a_folder_in_which_nothing_but_the_beginning_of_a_file_was_written_takes_a_study(
    tmp_path: Path,
) -> None:
    (tmp_path / "study" / ".study.json-left").mkdir(parents=True)
    assert run_points(sample(4), tmp_path / "study").statuses == {"optimal": 4}


def test_a_study_of_too_many_points_is_refused_before_anything_is_read_or_drawn(
    tmp_path: Path,
) -> None:
    levels = {"kind": "grid", "levels": 1001}
    lever = {"name": "l", "options": [{"label": str(number)} for number in range(9)]}
    for more in (
        {"design": levels},
        {"levers": [lever], "design": {"kind": "lhs", "points": 1_000_000}},
        {"design": {"kind": "sobol", "points": 2**19}},
    ):
        with pytest.raises(InputError, match=r"has [\d,]+ points, more than 1,000,000"):
            run_points({**sample(), "case": "nowhere", **more}, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_the_same_call_runs_what_crashed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(solved: Solved) -> PointMeasures:
        if is_rich(solved):
            raise MemoryError("no more")
        return point_figures(solved)

    with monkeypatch.context() as raising:
        raising.setattr(run, "point_figures", raises)
        first = run_points(sample(), tmp_path / "study")
    assert first.statuses["crashed"] > 0
    bad = status_of(tmp_path / "study").bad
    assert {message for _, _, message in bad} == {"MemoryError: no more"}
    again = run_points(sample(), tmp_path / "study")
    assert again.statuses == {"optimal": 24}
    assert (
        sorted(runs(tmp_path / "study").values())[-first.statuses["crashed"] :]
        == [2] * first.statuses["crashed"]
    )


def test_another_design_in_the_same_folder_loses_no_finished_result(tmp_path: Path) -> None:
    """A Latin hypercube of twice the points goes on from it; a grid takes its place, and the hypercube is had again."""
    folder = tmp_path / "study"
    run_points(sample(8), folder)
    assert run_points(sample(16), folder).total == 16
    assert len(runs(folder)) == 16
    whole = {name: (folder / name).read_bytes() for name in ("results.parquet", "study.json")}
    other = run_points(sample() | {"design": {"kind": "grid", "levels": 2}}, folder)
    assert other.total == 8
    run_points(sample(16), folder)
    assert {name: (folder / name).read_bytes() for name in whole} == whole
    assert set(runs(folder).values()) == {1} and len(runs(folder)) == 24


def test_every_point_has_one_row_with_a_status_and_a_message(tmp_path: Path) -> None:
    limit = {"name": "limit", "change": "objective.risk_limit=?", "values": [0.001, 3000.0]}
    cut = {"name": "cut", "change": "scenarios.cut.probability=?", "values": [0.2, 0.6]}
    slip = {"name": "slip", "change": "scenarios.slip.probability=?", "values": [0.1, 0.7]}
    asked = {
        **studies.STARTER,
        "set": {"objective.goal": "target", "objective.risk_limit": 3000.0},
        "uncertainties": [limit, cut, slip],
        "design": {"kind": "grid"},
    }
    run_points(asked, tmp_path / "study")
    table = pd.read_parquet(tmp_path / "study" / "results.parquet")
    found = table.set_index(["limit", "cut", "slip"])["status"].to_dict()
    assert {point: found[point] for point in found if point[2] == 0.7 or point[1] == 0.2} == {
        (0.001, 0.2, 0.1): "infeasible",
        (3000.0, 0.2, 0.1): "optimal",
        (0.001, 0.2, 0.7): "infeasible",
        (3000.0, 0.2, 0.7): "optimal",
        (0.001, 0.6, 0.7): "bad_input",  # together more than 1
        (3000.0, 0.6, 0.7): "bad_input",
    }
    assert set(table["status"]) <= {*Status, BAD_INPUT, CRASHED}
    assert (table["message"] != "").eq(table["status"] != "optimal").all()
    assert table["cost_musd"].notna().eq(table["status"] == "optimal").all()


def test_the_same_call_tries_again_what_ran_out_of_time(tmp_path: Path) -> None:
    first = run_points(sample(4, time_limit=1e-9), tmp_path / "study")
    late = first.statuses["time_limit"]
    again = run_points(sample(4, time_limit=60.0), tmp_path / "study")
    assert late and again.statuses == {"optimal": 4}
    assert sum(runs(tmp_path / "study").values()) == 4 + late


def test_warm_results_are_those_of_a_cold_solve(tmp_path: Path) -> None:
    lead = {"name": "lead", "change": "projects.*.lead_time_years=plus ?", "values": [0, 1]}
    folder = tmp_path / "study"
    run_points(sample() | {"uncertainties": [studies.BUDGET, lead, studies.CUT]}, folder)
    warm = read_results(folder).set_index("point")
    for row, point in enumerate(points_of(folder)):
        cold = solve_session(WarmProgram(run.case_at(folder, str(row)))).summary
        for figure in ("least_risk_musd", "cost_musd", "risk_musd", "expected_loss_musd"):
            theirs = pytest.approx(cold[figure], rel=AGREEMENT, abs=AGREEMENT)
            assert warm.loc[point.id, figure] == theirs, (point, figure)


def test_outcomes_are_the_figures_of_the_plan() -> None:
    case = planner.load(studies.STARTER["case"], model=studies.STARTER["model"])
    ours = point_figures(Engine(case).solve())
    plan = solve_session(WarmProgram(case))
    short = plan.tables["shortfall"]
    short = short.assign(expected=short["tonnes"] * short["scenario"].map(case.scenarios))
    by_country = short.groupby(["country", "element"])["expected"].sum()
    theirs = plan.summary | {"expected_shortfall_t_by_country": by_country.unstack(0).to_dict()}
    staff = plan.tables["workforce"]
    hired = (staff["hired"] * staff["scenario"].map(case.scenarios)).groupby(staff["skill"]).sum()
    stock = plan.tables["stocks"]
    bought = (stock["bought_t"] * stock["scenario"].map(case.scenarios)).groupby(stock["element"])
    theirs |= {"hired": hired.to_dict(), "bought_t": bought.sum().to_dict()}
    for outcome in outcome_names(case):
        value: Any = theirs
        for part in outcome.split("."):
            value = value.get(part, 0.0)
        assert ours.get(outcome, 0.0) == pytest.approx(value, rel=1e-9, abs=1e-9), outcome
    assert ours["hired.chemist"] > 0 and ours["bought_t.Dy"] > 0
    assert ours["loss_musd_by_country.JPN.tail"] > 0


def test_two_processes_cannot_run_the_same_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.results.journal.LOCK_SECONDS", 0.1)  # not to wait for nothing
    with Journal(tmp_path / JOURNAL), pytest.raises(RunFolderError, match="another process"):
        Journal(tmp_path / JOURNAL)


def test_a_journal_that_is_damaged_is_a_fault_and_one_that_is_begun_holds_nothing(
    tmp_path: Path,
) -> None:
    with Journal(tmp_path / "whole.db") as journal:
        journal.append(POINT, [Entry("one", {}, "optimal", "", 1.0)])
        (kept,) = read_entries(tmp_path / "whole.db", POINT)
        assert kept == Entry("one", {}, "optimal", "", 1.0), "before it is closed"
    whole = (tmp_path / "whole.db").read_bytes()
    (tmp_path / "begun.db").write_bytes(b"")
    assert not list(read_entries(tmp_path / "begun.db", POINT))
    (tmp_path / "damaged.db").write_bytes(b"no database" * 100)
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    for name in ("damaged.db", "cut.db"):
        with pytest.raises(RunFolderError, match="take a new folder"):
            list(read_entries(tmp_path / name, POINT))
    with pytest.raises(RunFolderError, match="cannot be read"):
        Journal(tmp_path / "damaged.db")


def test_the_case_goes_to_a_worker_once_and_not_with_every_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_workers(monkeypatch)
    weights: list[int] = []

    class Weighs(ProcessWorkers):
        def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
            weights.append(len(pickle.dumps((function, arguments))))
            return super().submit(function, *arguments, **named)

    with Weighs() as processes:
        run_points(sample(16), tmp_path / "study", processes)
    case = planner.load(studies.STARTER["case"], model=studies.STARTER["model"])
    heavy = [weight for weight in weights if weight > len(pickle.dumps(case)) / 2]
    assert len(heavy) == 1 and len(weights) == 6, (
        "the base twice, as nobody had it, and four chains"
    )


def test_the_coordinator_keeps_no_results_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    names = [f"outcome{i}" for i in range(80)]

    class Invents:
        bases: ClassVar[dict[str, str]] = {}

        def __init__(self, *_: object, **__: object) -> None:
            self.number = 0

        def answered(self, chains: Any, *_: object, **__: object) -> Iterator[Any]:
            for number, chain in enumerate(chains):
                held.append(tracemalloc.get_traced_memory()[0])
                yield number, [self.invented() for _ in chain]

        def invented(self) -> Answer[PointMeasures]:
            self.number += 1
            values = {name: float(self.number + i) for i, name in enumerate(names)}
            return Answer(status="optimal", value=values, seconds=0.1)

    monkeypatch.setattr(run, "Engine", Invents)
    tracemalloc.start()
    try:
        run_points(sample(1000), tmp_path / "study")
    finally:
        tracemalloc.stop()
    assert (held[16] - held[4]) / 600 < 256, "bytes for each point: a tenth of its result"


def test_a_basis_that_was_written_down_is_taken_up_without_a_step() -> None:
    session = WarmProgram(planner.load(studies.STARTER["case"], model=studies.STARTER["model"]))
    program, objective = session.program, session.case.model.objective
    first = Solver(program)
    found = solve_phases(program, objective, first, progress=silent)
    second = Counting(program)
    for phase, basis in first.last_bases.items():
        second.begin_from(phase, unpacked(packed(basis)))
    again = solve_phases(program, objective, second, progress=silent)
    assert again.values == pytest.approx(found.values, rel=1e-12)
    assert [solution.algorithm for solution in again.phases.values()] == [
        "again",
        "again",
        "primal",
    ]
    # The last goes on from the second, in which risk was held and cost not.
    assert second.steps == [0, 0, 1]
    assert [*second.last_bases] == ["risk", "cost", "risk_at_cost"]


def test_a_chain_that_changes_structure_is_the_same_to_the_last_digit_whatever_its_worker_did() -> (
    None
):
    case = planner.load(studies.STARTER["case"], model=studies.STARTER["model"])
    late = "projects.coast_plant.lead_time_years=plus"
    money = "budgets.*.*.musd=x0.7"
    chain = [(f"{late} 1",), (f"{late} 1", money), (f"{late} 2", money), (money,)]
    before = [(money,), (f"{late} 2",)]
    asked = [[Question(changes) for changes in these] for these in (before, chain)]
    engine = Engine(case)
    _, (_, used) = engine.answered(asked, point_figures)
    ((_, fresh),) = Engine(case).answered(asked[1:], point_figures, begins=[engine.bases])
    assert [one.value for one in used] == [one.value for one in fresh]


class Counting(Solver):
    """Counts the steps of each run."""

    steps: tuple[int, ...] | list[int] = ()

    def _run(self, *arguments: Any) -> Solution:
        solution = super()._run(*arguments)
        self.steps = [*self.steps, self._highs.getInfo().simplex_iteration_count]
        return solution
