"""The engine: changes of the base, fixed decisions and their undoing, figures of cold solves, lists of questions."""

from __future__ import annotations

import pickle
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

import planner
from planner.data.change import parse_change
from planner.errors import InfeasibleError, InputError, StoppedError
from planner.evaluation.decisions import single_path
from planner.parallel import ProcessWorkers
from planner.results.journal import JOURNAL, Journal
from planner.solving.engine import Engine, OfFirstGoal, Pace, Question, Solved
from planner.solving.goals import Phase

ROOT = Path(__file__).parents[2]
CASE = planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "least_risk.toml")
DEARER = "projects.coast_plant.capex_usd_per_tpa=+10%"
HALF = "budgets.*.*.musd=x0.5"


@pytest.mark.parametrize(
    "variant",
    [DEARER, parse_change(HALF), [DEARER, HALF], CASE.changed(HALF)],
    ids=["text", "change", "changes", "case"],
)
def test_a_variant_is_a_case_or_changes_of_the_base(variant: object) -> None:
    engine = Engine(CASE)
    engine.solve("discount_rate=0.09")  # which the next variant knows nothing of
    found = engine.solve(variant)  # type: ignore[arg-type]
    changed = variant if isinstance(variant, planner.Case) else CASE.changed(variant)  # type: ignore[arg-type]
    cold = planner.solve(changed, baseline=False).summary
    assert found.scope.case.sha256 == changed.sha256
    assert found.outcome.values["risk"] == pytest.approx(cold["least_risk_musd"], rel=1e-7)
    assert found.value("cost") == pytest.approx(cold["cost_musd"], rel=1e-7)


def test_fixed_decisions_are_carried_out_and_then_free_again() -> None:
    engine = Engine(CASE)
    free = engine.solve()
    plan = planner.solve(CASE, baseline=False)
    nothing = engine.solve(fixed={}, phases=[Phase("risk")])
    assert nothing.value("risk") > free.value("risk") * 1.01
    own = engine.solve(fixed=single_path(plan), phases=[Phase("risk")])
    assert own.value("risk") == pytest.approx(plan.summary["risk_musd"], rel=1e-6)
    again = engine.solve()
    assert again.value("risk") == pytest.approx(free.value("risk"), rel=1e-9)
    assert engine.rebuilt == ""


def test_a_decision_on_what_a_case_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="decides on nowhere, which the case does not know"):
        Engine(CASE).solve(fixed={("build", ("nowhere", 2027)): 1.0})


def test_the_case_in_use_is_solved_once() -> None:
    engine = Engine(CASE)
    begun: list[str] = []
    engine.progress = begun.append
    first = engine.solve()
    assert begun == ["risk", "cost", "risk_at_cost"]
    assert engine.solve() is first
    assert len(begun) == 3
    assert engine.solve(HALF) is not first


# ---- lists of questions ----------------------------------------------------------------------------------------------

QUESTIONS = {
    "as it is": Question.of(),
    "dearer": Question.of(DEARER),
    "nothing": Question.of("levers=[]"),
    "each alone": Question.of("policy.coordination=national"),
    "half the money": Question.of(HALF),
}
AFTER = {"dearer": "half the money", "each alone": "nothing"}


def figures(solved: Solved) -> Figures:
    return Figures(risk=solved.outcome.values["risk"], cost=solved.value("cost"))


@dataclass(frozen=True, kw_only=True)
class Figures:
    risk: float
    cost: float


def cold(question: Question) -> Figures:
    return figures(Engine(CASE.changed(*question.changes)).solve())


@pytest.mark.parametrize("number", [None, 2], ids=["here", "two workers"])
def test_a_list_of_questions_has_the_answers_of_each_solved_by_itself(number: int | None) -> None:
    with ExitStack() as stack:
        workers = number and stack.enter_context(ProcessWorkers(number))
        found = Engine(CASE, workers=workers or None).ask(QUESTIONS, figures, after=AFTER)
    assert list(found) == list(QUESTIONS)
    for name, question in QUESTIONS.items():
        known = cold(question)
        assert found[name].risk == pytest.approx(known.risk, rel=1e-7)
        assert found[name].cost == pytest.approx(known.cost, rel=1e-6)


def test_equal_questions_are_solved_once_and_how_many_are_left_is_told() -> None:
    told: list[str] = []
    twice = {"one": Question.of(HALF), "two": Question.of(HALF), "three": Question.of("levers=[]")}
    found = Engine(CASE).ask(twice, figures, progress=told.append)
    assert found["one"] == found["two"] != found["three"]
    assert [step.partition(";")[0] for step in told] == ["1 of 2 programs are solved"]
    assert told[0].endswith(" left")


def test_answers_do_not_hang_on_what_a_session_solved_before() -> None:
    engine = Engine(CASE)
    before = engine.ask(QUESTIONS, figures)
    engine.solve("policy.coordination=national")
    assert engine.ask(QUESTIONS, figures) == before
    assert engine.case.model.policy.coordination == "national"


def test_decisions_are_held_in_a_question() -> None:
    plan = planner.solve(CASE, baseline=False)
    held = Question.of(fixed=single_path(plan))
    dear = Question.of("elements.*.loss_usd_per_kg=x2", fixed=single_path(plan))
    found = Engine(CASE).ask({"own": held, "twice the loss": dear}, figures)
    assert found["own"].risk == pytest.approx(plan.summary["risk_musd"], rel=1e-6)
    assert found["twice the loss"].risk == pytest.approx(2 * found["own"].risk, rel=1e-6)


def test_a_question_without_an_optimum_is_named() -> None:
    engine = Engine(CASE)
    with pytest.raises(StoppedError, match="too much: no plan meets the goal"):
        engine.ask(
            {"too much": Question.of("objective.goal=target", "objective.risk_limit=0")}, figures
        )
    with pytest.raises(StoppedError, match=r"odd: .*unknown table"):
        engine.ask({"odd": Question.of("projcts.coast_plant.capex_usd_per_tpa=x2")}, figures)


def test_a_list_that_was_stopped_goes_on_from_its_journal(tmp_path: Path) -> None:
    first = {name: QUESTIONS[name] for name in list(QUESTIONS)[:3]}
    told: list[str] = []
    with Journal(tmp_path / JOURNAL) as journal:
        known = Engine(CASE).ask(first, figures, journal=journal, kind=Figures)
        engine = Engine(CASE)
        assert engine.left_of(QUESTIONS, figures, journal).total() == 2
        found = engine.ask(QUESTIONS, figures, journal=journal, kind=Figures, progress=told.append)
        changed = Engine(CASE.changed(HALF))
        assert changed.left_of(QUESTIONS, figures, journal).total() == len(QUESTIONS)
    assert [step.partition(";")[0] for step in told] == ["1 of 2 programs are solved"]
    assert engine.solved == 2
    assert {name: found[name] for name in first} == known


def test_two_workers_take_half_the_time_of_one() -> None:
    pace = Pace(2)
    pace.add(False, 9.0)
    pace.add(True, 1.0)
    left = {False: 2, True: 12}
    assert Engine(CASE).time_for(left, pace) == "30 s"
    with ProcessWorkers(2) as two:
        assert Engine(CASE, workers=two).time_for(left, pace) == "15 s"


def phases_and_risk(solved: Solved) -> tuple[list[str], float]:
    return list(solved.outcome.phases), solved.outcome.values["risk"]


@pytest.mark.parametrize("number", [None, 1], ids=["here", "a worker"])
def test_what_needs_the_first_goal_alone_waits_for_no_other(number: int | None) -> None:
    with ExitStack() as stack:
        workers = number and stack.enter_context(ProcessWorkers(number))
        engine = Engine(CASE, workers=workers or None)
        first = engine.ask(QUESTIONS, OfFirstGoal(phases_and_risk), after=AFTER)
        whole = engine.ask(QUESTIONS, phases_and_risk, after=AFTER)
    assert [phases for phases, _ in first.values()] == [["risk"]] * len(QUESTIONS)
    assert [phases for phases, _ in whole.values()] == [["risk", "cost", "risk_at_cost"]] * 5
    for name, (_, risk) in first.items():
        assert risk == pytest.approx(whole[name][1], rel=1e-9)


def test_an_answer_of_the_first_goal_is_none_of_all(tmp_path: Path) -> None:
    with Journal(tmp_path / JOURNAL) as journal:
        engine = Engine(CASE)
        engine.ask(QUESTIONS, OfFirstGoal(figures), journal=journal, kind=Figures)
        assert engine.left_of(QUESTIONS, OfFirstGoal(figures), journal).total() == 0
        assert engine.left_of(QUESTIONS, figures, journal, AFTER) == {
            False: len(QUESTIONS) - len(AFTER),
            True: len(AFTER),
        }


def test_a_chain_goes_on_from_question_to_question_and_from_nothing_if_asked() -> None:
    asked = [list(QUESTIONS.values()), [Question.of(DEARER)]]
    from_the_base = dict(Engine(CASE).answered(asked, figures))
    cold_ones = dict(Engine(CASE).answered(asked, figures, begins=[{} for _ in asked]))
    for number, chain in enumerate(asked):
        assert len(from_the_base[number]) == len(chain)
        for warm, again in zip(from_the_base[number], cold_ones[number], strict=True):
            assert warm.get("warm").risk == pytest.approx(again.get("cold").risk, rel=1e-7)


def test_an_error_of_a_worker_arrives_as_it_was_raised() -> None:
    error = InfeasibleError(["the target cannot be met", "ask for less"])
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(arrived) is InfeasibleError
    assert arrived.reasons == error.reasons
    assert str(arrived) == str(error)
