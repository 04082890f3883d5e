"""What the page shows is what `planner solve` says of the same files, whatever was changed, undone and kept before."""

from __future__ import annotations

import random
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.config import LEVERS
from planner.errors import InputError, RunFolderError, StoppedError
from planner.reporting.words.numbers import signed
from planner.sampling.reweighting import happenings
from planner.server import solver_thread
from planner.server.answers import next_weight
from planner.server.edits import Edit, edited
from planner.server.journal import EditJournal, OpenedCase, folder_for, shown_as
from planner.server.page_regions import Regions
from planner.server.solver_thread import FoundSoFar, SolverThread
from planner.server.workbench import Workbench
from planner.solving.goals import limit_of
from planner.solving.highs import Solver
from planner.solving.warm_program import WarmProgram
from tests.cases import LONG
from tests.server.conftest import REFERENCE, ROOT, answered, said_by, wait_for

SEQUENCES = 200 if LONG else 3


def menu(draw: random.Random) -> Edit:
    """One change out of all kinds that the page offers."""
    keys = {
        "money": draw.choice([0.0, 0.5, 1.0, 2.0]),
        f"money.{draw.choice(['USA', 'JPN', 'AUS'])}": draw.choice([0.0, 0.25, 3.0]),
        "objective.risk_aversion": draw.choice([0.0, 0.3, 1.0]),
        "objective.tail": draw.choice([0.0, 0.5, 0.95]),
        "goal": draw.choice(["risk", "welfare", 2500.0, 4000.0, 1.0]),
        f"ally.{draw.choice(['JPN', 'AUS'])}": "out",
        "policy.coordination": draw.choice(["national", "blocs"]),
        f"lever.{draw.choice(LEVERS)}": "out",
        f"projects.{draw.choice(['desert_mine', 'coast_plant', 'metal_works'])}.max_new_tpa": 0.0,
        "projects.coast_plant.lead_time_years": draw.choice([1, 2, 3]),
        "projects.desert_mine.existing_tpa": draw.choice([0.0, 100.0, 300.0]),
        "projects.metal_works.capex_usd_per_tpa": draw.choice([5e4, 2e5]),
        "future.calm": draw.choice([0.2, 0.9]),
        "future.slip": draw.choice([0.05, 0.1]),
        "horizon.first_year": 2027,
        "budgets.USA.2027.musd": 55.0,
        "policy.stock": "scheduled",
        "policy.funding": "home",
        "policy.first_decision_year": 2028,
    }
    key = draw.choice(list(keys))
    return Edit(key, keys[key])


def expected_losses(plan: planner.Plan) -> tuple[float, float]:
    """The least and the largest expected loss (MUSD) of all plans with the risk and the cost of this one."""
    program = WarmProgram(plan.case).program
    loss, less = program.column["expected_loss", None], len(program.columns)
    wide = program.with_columns([("less", None)], lower=-np.inf)
    solver = Solver(wide.with_rows([("negative", None)], [{loss: 1.0, less: 1.0}], 0.0, 0.0))
    for name in ("risk", "cost"):
        value = plan.summary[f"{name}_musd"]
        solver.bound(program.column[name, None], value + 1e-7 * (1 + value))
    return solver.minimise(loss).x[loss], -solver.minimise(less).x[less]


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_what_is_shown_is_what_solving_the_files_says(
    bench: Workbench, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    for _ in range(draw.randint(2, 7)):
        act = draw.random()
        try:
            if act < 0.7:
                bench.edit(menu(draw))
            elif act < 0.85:
                bench.step(draw.choice([-1, 1]))
            elif act < 0.95:
                answered(bench).keep(f"k{act}")
            elif bench.record.edits:
                bench.revert(draw.choice(bench.record.edits).key)
        except (InputError, RunFolderError):
            continue  # refused: all is as before
    regions = Regions(bench)
    for region in regions.snapshot()["versions"]:
        assert regions.part(region, {})
    found = answered(bench).solver.found
    assert regions.snapshot()["of"]["views"] == (
        f"{found.case.sha256}.{found.shown}" if found.stage == "plan" else ""
    )
    found.case.write(tmp_path / "case")
    asked = planner.solve(planner.load(tmp_path / "case"), baseline=False)
    assert edited(bench.base, bench.record.edits).sha256 == found.case.sha256 == asked.case.sha256
    assert (found.stage == "plan") == bool(asked.tables)
    if asked.tables:
        best = asked.summary["risk_musd"] + asked.summary["cost_musd"]
        is_held = (
            asked.case.model.objective.risk_aversion == 1.0
        )  # while expected loss is minimised
        room = 1e-6 + (limit_of(best) - best if is_held else 0.0)
        for name in ("risk_musd", "cost_musd"):
            assert found.figures[name] == pytest.approx(asked.summary[name], rel=1e-7, abs=room), (
                bench.record.edits
            )
        least, most = expected_losses(asked)
        for loss in (found.figures["expected_loss_musd"], asked.summary["expected_loss_musd"]):
            room = 1e-5 * (1 + most)  # what is held is held to a millionth
            assert least - room <= loss <= most + room, (least, loss, most, bench.record.edits)
        assert found.plan is not None and found.plan.case.sha256 == found.case.sha256
    for kept in bench.record.kept:
        assert planner.open_run(bench.opened.folder / kept.folder).summary["risk_musd"] == kept.risk


def test_the_command_and_the_packed_case_solve_the_same_case(
    bench: Workbench, tmp_path: Path
) -> None:
    for edits in (
        [Edit("objective.tail", 0.5), Edit("lever.mine", "out")],
        [Edit("projects.coast_plant.name", "it's; a $HOME name"), Edit("ally.JPN", "out")],
        [],
    ):
        bench.revert("")
        for edit in edits:
            bench.edit(edit)
        answered(bench)
        words = shlex.split(bench.command(shown_as(bench.case)))
        assert Path(words[0]).name == "planner" and (words[1], words[3]) == ("solve", "--out")
        assert planner.load(words[2]).sha256 == bench.case.sha256
        shutil.unpack_archive(bench.packed(shown_as(bench.case)), tmp_path / bench.case.sha256)
        assert planner.load(tmp_path / bench.case.sha256).sha256 == bench.case.sha256


def test_probabilities_that_are_set_all_hold_in_whatever_order(bench: Workbench) -> None:
    both = [Edit("future.cut", 0.5), Edit("future.slip", 0.2)]
    wanted = pytest.approx({"calm": 0.3, "cut": 0.5, "slip": 0.2})
    assert edited(bench.base, both).scenarios == wanted
    assert edited(bench.base, reversed(both)).scenarios == wanted
    with pytest.raises(InputError, match="from 0 to 1"):
        edited(bench.base, [Edit("future.cut", 1.5)])
    with pytest.raises(InputError, match="cannot hold together"):
        edited(bench.base, [Edit("future.cut", 0.7), Edit("future.slip", 0.6)])


def test_draws_of_a_hazard_are_reweighted(drawn: planner.Case) -> None:
    """A war that follows three different futures is one thing, and twice as probable by one edit."""
    key, happens = next(one for one in happenings(drawn).items() if one[0].startswith("hazard.war"))
    assert len({scenario.split("-")[0] for scenario in happens}) == 3
    before = sum(drawn.scenarios[w] for w in happens)
    after = edited(drawn, [Edit(key, 2 * before)])
    assert sum(after.scenarios.values()) == pytest.approx(1)
    for scenario, chance in drawn.scenarios.items():
        factor = 2.0 if scenario in happens else (1 - 2 * before) / (1 - before)
        assert after.scenarios[scenario] == pytest.approx(chance * factor)


def test_what_overlaps_is_fitted_together(drawn: planner.Case) -> None:
    known = happenings(drawn)
    war, licensing = (
        next(key for key in known if key.startswith(f"hazard.{name}"))
        for name in ("war", "licensing")
    )
    assert known[war] & known[licensing] and known[war] - known[licensing]
    after = edited(drawn, [Edit(war, 0.12), Edit(licensing, 0.6)])
    for key, wanted in ((war, 0.12), (licensing, 0.6)):
        assert sum(after.scenarios[w] for w in known[key]) == pytest.approx(wanted, abs=1e-9)


def test_a_party_that_stays_out_shares_with_itself(drawn: planner.Case) -> None:
    out = edited(drawn, [Edit("ally.EU", "out"), Edit("ally.JPN", "out")])
    members = {country for country, party in drawn.lookups.party.items() if party == "EU"}
    assert len(members) > 2 and len({out.lookups.group[country] for country in members}) == 1
    assert (
        len({out.lookups.group["JPN"], out.lookups.group["DEU"], out.lookups.group["USA"]}) == 3
        and out.lookups.group["USA"] == out.lookups.group["AUS"]
    )
    for funder, reach in out.lookups.reach.items():  # nor does anybody pay for another
        assert {out.lookups.group[country] for country in reach} == {
            out.lookups.group[next(iter(reach))]
        }, funder
    assert out.lookups.reach["eu"] and set(out.lookups.reach["eu"]) < set(drawn.lookups.reach["eu"])
    with pytest.raises(InputError, match="no party"):
        edited(drawn, [Edit("ally.XYZ", "out")])


def test_a_target_out_of_reach_names_what_would_reach_it(bench: Workbench) -> None:
    bench.edit(Edit("goal", 1.0))
    found = answered(bench).solver.found
    assert found.stage == "failed" and found.proof == "no plan"
    wait_for(lambda: bool(bench.solver.found.changes))
    found = bench.solver.found
    assert (
        any("least attainable" in reason for reason in found.reasons)
        and found.changes["least_risk"]
    )
    with pytest.raises(RunFolderError, match="no certified plan of the present state"):
        Regions(bench).part("command", {})
    bench.step(-1)
    assert answered(bench).solver.found.stage == "plan"


def test_a_limit_of_risk_is_reached_from_the_nearest_plan_of_the_curve(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(bench)
    wait_for(lambda: next_weight(bench.curve) is None)
    (weight, _, risk) = max(bench.curve[:-1], key=lambda point: (point[2], -point[0]))
    ways: list[planner.Case | None] = []
    ask = bench.solver.ask
    monkeypatch.setattr(
        bench.solver, "ask", lambda case, edits, way: (ways.append(way), ask(case, edits, way))
    )
    bench.edit(Edit("goal", risk))
    found = answered(bench).solver.found
    assert ways[0] is not None and ways[0].countries["USA"].weight == pytest.approx(1 / weight)
    assert (
        found.figures["risk_musd"] <= risk * (1 + 1e-6)
        and bench.case.model.objective.goal == "target"
    )
    bench.edit(Edit("goal", risk * 0.9))  # a limit from a limit: no way round
    assert ways[1] is None


def test_the_case_as_it_is_is_shown_again_at_once_whatever_was_asked_since(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, undisturbed: None
) -> None:
    monkeypatch.setattr(solver_thread, "KEPT_PLANS", 1)
    first = answered(bench).solver.found.plan
    for factor in (0.5, 0.6):
        bench.edit(Edit("money", factor))
        answered(bench)
    monkeypatch.setattr(bench.solver, "_session", None)
    monkeypatch.setattr(planner, "Session", lambda *_, **__: pytest.fail("it is solved again"))
    bench.revert("")
    assert answered(bench).solver.found.plan is first


def test_a_change_back_to_the_case_is_no_change(bench: Workbench) -> None:
    bench.edit(Edit("money", 0.5))
    bench.edit(Edit("money", 1.0))
    assert bench.record.edits == ()
    bench.edit(Edit("lever.mine", "out"))
    assert "mine" not in bench.case.model.levers
    bench.revert("lever.mine")
    assert bench.record.edits == ()


def test_pin_restore_and_drop(bench: Workbench) -> None:
    bench.edit(Edit("money", 0.5))
    kept = answered(bench).keep("half <the> money")
    assert kept.folder == "001-half-the-money"
    bench.pin(kept.folder)
    bench.revert("")
    assert bench.pinned() is not None and bench.pinned() is not bench.first
    bench.go_to_kept(kept.folder)
    assert bench.record.edits == (Edit("money", 0.5),)
    assert bench.plan_of(kept.folder).title == "starter: half <the> money"
    bench.drop(kept.folder)
    assert (
        bench.record.pinned == "" and (bench.opened.folder / kept.folder / "summary.json").exists()
    )
    with pytest.raises(RunFolderError):
        bench.pin("../..")


def test_background_finds_causes_and_the_frontier(bench: Workbench) -> None:
    first = answered(bench).solver.found.figures
    bench.edit(Edit("money", 0.5))
    half = answered(bench).solver.found.figures
    bench.edit(Edit("projects.metal_works.max_new_tpa", 0.0))
    both = answered(bench).solver.found.figures
    wait_for(lambda: all(repr(step.edits) in bench.known for step in bench.steps()))
    money, metal = bench.steps()
    assert money.edit == Edit("money", 0.5) and not money.back
    alone = [bench.known[repr(step.edits)] for step in (money, metal)]
    assert alone[0] is not None and alone[1] is not None
    assert alone[0].risk == pytest.approx(half["risk_musd"], rel=1e-6)
    words = said_by(Regions(bench), "side")
    interplay = both["risk_musd"] - alone[0].risk - alone[1].risk + first["risk_musd"]
    assert f"Interplay of the groups {signed(interplay)}" in words
    wait_for(lambda: next_weight(bench.curve) is None)
    costs = [cost for weight, cost, _ in bench.curve]
    assert costs == pytest.approx(
        sorted(costs, reverse=True)
    )  # the more cost weighs, the less is spent


def test_the_frontier_bends_where_plans_were_solved(bench: Workbench) -> None:
    """No plan with fewer levers lies below the line between its points."""
    answered(bench)
    bench.edit(Edit("lever.training", "out"))
    plan = answered(bench).solver.found.plan
    assert plan is not None
    own = bench.base.sha256
    wait_for(lambda: next_weight(bench.curves.get(own, [])) is None)
    points = [(cost, risk) for weight, cost, risk in reversed(bench.curves[own]) if weight < inf]
    costs, risks = zip(*points, strict=True)
    assert len({round(cost, 3) for cost in costs}) > 2
    line = np.interp(plan.summary["cost_musd"], costs, risks)
    assert plan.summary["risk_musd"] >= line - 1e-3


def test_the_command_names_the_planner_where_it_is_not_on_the_path(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = shown_as(answered(bench).case)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(shlex.split(bench.command(run))[0]).samefile(
        Path(sys.executable).parent / "planner"
    )
    (tmp_path / "planner").touch(0o755)
    assert bench.command(run).startswith("planner solve ")


def test_the_frontier_of_the_case_is_traced_to_its_end_whatever_is_edited(bench: Workbench) -> None:
    answered(bench)
    bench.edit(Edit("money", 0.5))
    answered(bench)
    own = bench.base.sha256
    assert bench.case.sha256 != own
    wait_for(lambda: next_weight(bench.curves.get(own, [])) is None)
    bench.edit(Edit("projects.metal_works.max_new_tpa", 0.0))
    answered(bench)
    assert next_weight(bench.curves[own]) is None


def test_the_frontier_of_the_case_is_there_another_day(
    place: OpenedCase, reference: planner.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Workbench(place, lambda: None, reference)
    wait_for(lambda: next_weight(first.curve) is None)
    first.close()
    monkeypatch.setattr(solver_thread, "IDLE_SECONDS", 3600.0)  # nothing is traced again
    again = Workbench(place, lambda: None, reference)
    assert again.curve == first.curve
    again.close()


def test_an_estimate_is_that_of_the_last_change_of_a_kind_or_of_the_run(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(bench)
    bench.solver.stop()
    wait_for(lambda: not bench.solver._is_busy)
    monkeypatch.setattr(bench.solver, "_session", SlowSession(bench.base))
    bench.edit(Edit("money", 0.5))
    run = bench.solver.found.plan
    assert run is not None and run.summary["seconds"]["solve"] < 2 and bench.solver.expected == ""
    monkeypatch.setitem(run.summary, "seconds", {"solve": 90.0})
    assert bench.solver.expected == "at most about 2 min"
    bench.solver._took = {"money": 7.0, "projects.max_new_tpa": 20.0}
    assert bench.solver.expected == "about 7 s"
    bench.edit(Edit("projects.metal_works.max_new_tpa", 0.0))
    assert Regions(bench).snapshot()["expected"] == "about 20 s"
    bench.edit(Edit("projects.coast_plant.lead_time_years", 3))
    assert bench.solver.expected == "at most about 20 s"  # one of this kind is not known yet
    bench.halt()


def test_the_case_as_it_is_is_solved_beside_edits_of_another_day(place: OpenedCase) -> None:
    journal = EditJournal(place.folder)
    journal.take(journal.record.then((Edit("money", 0.5),)))
    journal.close()
    bench = Workbench(place, lambda: None)
    assert answered(bench).first is None
    wait_for(lambda: bench.first is not None)
    assert bench.first is not None and bench.first.summary["risk_musd"] == pytest.approx(
        1915.3, abs=0.1
    )
    bench.close()


def test_a_journal_is_held_by_one_and_read_by_the_next(tmp_path: Path) -> None:
    one = EditJournal(tmp_path)
    with pytest.raises(RunFolderError, match="open on it already"):
        EditJournal(tmp_path)
    one.take(one.record.then((Edit("money", 0.5),)).then(()).moved(-1))
    one.close()
    two = EditJournal(tmp_path)
    assert two.record.edits == (Edit("money", 0.5),) and two.record.moved(1).edits == ()
    two.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"steps": [[{"key": 1}]]}',
        "[" * 100_000,
        '{"steps": [], "at": 0}',
        '{"steps": [[]], "at": 0, "pinned": "", "kept_ever": 1, "kept": [{"name": "a", "folder": "../x", "edits": [], "risk": 1, "cost": 1}]}',
    ],
)
def test_a_file_that_is_no_journal_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "journal.json").write_text(text)
    with pytest.raises(RunFolderError, match="no journal"):
        EditJournal(tmp_path)
    assert (tmp_path / "journal.json").read_text() == text


EDITOR = """
import sys
from pathlib import Path
from planner.server.edits import Edit
from planner.server.journal import EditJournal
journal = EditJournal(Path(sys.argv[1]))
for at in range(100_000):
    journal.take(journal.record.then((Edit("money", at / 7),)))
    print(at, flush=True)
"""


def test_a_kill_loses_no_edit_that_was_answered(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", EDITOR, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(20):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    journal = EditJournal(tmp_path)
    (edit,) = journal.record.edits
    assert isinstance(edit.value, float) and edit.value >= last / 7
    journal.take(journal.record.then(()))  # which puts right what the kill may have left there
    assert [path.name for path in tmp_path.glob(".*")] == []
    journal.close()


class SlowSession:
    """Solves until it is told to end."""

    def __init__(self, case: planner.Case) -> None:
        self.asked: list[planner.Case | None] = []
        self.ended = threading.Event()
        self.quick = False

    def figures(self, case: planner.Case | None = None) -> dict[str, float]:
        self.ended.clear()
        self.asked.append(case)
        if not self.quick and not self.ended.wait(20):
            raise AssertionError("nobody ended it")
        raise StoppedError("ended")

    solve = figures

    def cancel(self) -> None:
        self.ended.set()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[SlowSession]:
    """The sessions that a workbench makes, all of them slow."""
    sessions: list[SlowSession] = []

    def session(case: planner.Case, plan: planner.Plan | None) -> SlowSession:
        sessions.append(SlowSession(case))
        return sessions[-1]

    monkeypatch.setattr(planner, "Session", session)
    return sessions


def test_the_newest_question_ends_the_one_before(bench: Workbench, made: list[SlowSession]) -> None:
    cases = [edited(bench.base, [Edit("money", factor)]) for factor in (0.5, 0.6, 0.7)]
    thread = SolverThread(FoundSoFar(cases[0]), lambda: None)
    thread.start(answered=False)
    wait_for(lambda: bool(made and made[0].asked))
    thread.ask(cases[1])
    thread.ask(cases[2])
    wait_for(lambda: made[0].asked[-1] is cases[2])
    assert (
        cases[0] is made[0].asked[0]
        and thread.found.stage == "waiting"
        and thread.found.case is cases[2]
    )
    thread.close()


def test_a_question_ends_the_first_solve_of_the_plan_that_was_opened(
    bench: Workbench, reference: planner.Plan, made: list[SlowSession]
) -> None:
    """Which finds the plan of a run again: with a large case that takes long."""
    thread = SolverThread(FoundSoFar(bench.base, plan=reference), lambda: None)
    thread.start(answered=True)
    half, less = (edited(bench.base, [Edit("money", factor)]) for factor in (0.5, 0.4))
    thread.ask(half)
    wait_for(lambda: bool(made and made[0].asked))
    thread.ask(less)
    wait_for(lambda: made[0].asked[-1] is less, seconds=5)
    thread.close()


def test_the_background_rests_once_after_an_answer_and_not_before_each_plan(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(bench)
    monkeypatch.setattr(solver_thread, "IDLE_SECONDS", 3600.0)
    bench.solver._quiet_since -= 7200.0
    wait_for(lambda: next_weight(bench.curve) is None)
    bench.edit(Edit("money", 0.5))
    answered(bench)
    assert not bench.solver._rests and not bench.solver.found.phase  # it waits for an hour


def test_stop_goes_back_to_the_last_plan(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = answered(bench).solver.found.plan
    bench.solver.stop()
    wait_for(lambda: not bench.solver._is_busy)
    monkeypatch.setattr(bench.solver, "_session", SlowSession(bench.base))
    bench.edit(Edit("money", 0.5))
    wait_for(lambda: bench.solver.found.phase.startswith("looking for"))
    assert Regions(bench).snapshot()["stop"] == "Stop; back to the last plan"
    bench.halt()
    found = bench.solver.found  # at once, whatever goes on for a while
    assert (found.stage, found.phase, found.proof) == ("plan", "", "certified")
    assert found.plan is first and bench.record.edits == ()
    assert Regions(bench).snapshot()["stop"] == "Stop; what is shown stays"
    assert bench.record.steps[1] == (Edit("money", 0.5),)  # which can be done again


def test_where_the_journal_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    case = planner.load(ROOT / "inputs" / "starter")
    assert (
        folder_for(tmp_path / "work" / "inputs" / "starter", case)
        == tmp_path / "work/reports/workbench-starter-defaults"
    )
    assert folder_for(tmp_path / "starter", case) == Path("reports/workbench-starter-defaults")
    assert folder_for(REFERENCE, case) == REFERENCE.parent / "workbench-starter-base"
    odd = replace(case, name="../../x")
    assert folder_for(tmp_path / "starter", odd).parent == Path("reports")
