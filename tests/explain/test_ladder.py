"""The ladder, its decomposition, the bottleneck and the marginal values."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case
from planner.data.stages import CONVERTING, STAGES
from planner.explanation import bottleneck, counterfactuals
from planner.explanation.bottleneck import links
from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Ready,
    Reference,
    optimum,
    solver_pool,
)
from planner.explanation.explain import explain
from planner.explanation.levers import steps
from planner.explanation.other_rules import timing
from planner.explanation.rungs import all_but_one, cumulative
from planner.planning import solve_case
from planner.reporting.pages.run import render_page, report_of
from planner.reporting.screen import explain_lines
from planner.results.explanation import Explanation
from planner.results.plan import Plan
from planner.solving.highs import KeptBases, Solver
from tests.cases import demand, mine, near, plant, smelter
from tests.conftest import MakeCase
from tests.reporting.conftest import read_page

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


@pytest.fixture(scope="module")
def case() -> Case:
    return planner.load(STARTER)


@pytest.fixture(scope="module")
def plan(case: Case) -> Plan:
    return solve_case(case)


@pytest.fixture(scope="module")
def found(plan: Plan) -> Explanation:
    return explain(plan, "starter", thorough=True, workers=1)


def test_every_lever_that_a_case_has_is_a_step_of_its_ladder() -> None:
    """Without a step of its own what is saved would be missing from the last rung, which is the plan itself."""
    workshop = planner.load(STARTER.parent / "workshop")
    assert "saving" in [step.key for step in steps(workshop)]
    assert "saving" not in [step.key for step in steps(planner.load(STARTER))]


def test_ladder_is_monotone_and_its_steps_sum_to_the_whole(found: Explanation) -> None:
    risks = [rung.objective for rung in found.ladder]
    assert all(after <= before * (1 + 1e-7) for before, after in pairwise(risks))
    assert sum(rung.change for rung in found.ladder[1:]) == pytest.approx(
        risks[-1] - risks[0], abs=1e-6
    )


def test_ends_of_the_ladder_are_doing_nothing_and_the_plan(found: Explanation, plan: Plan) -> None:
    nothing = solve_case(plan.case.without_plan(), baseline=False)
    assert found.ladder[0].objective == near(nothing.summary["least_risk_musd"])
    assert found.ladder[0].cost == near(nothing.summary["cost_musd"])
    assert found.ladder[-1].objective == near(plan.summary["least_risk_musd"])


@pytest.mark.parametrize(
    ("step", "levers"), [("mine", ("mine",)), ("metal", ("mine", "separation", "metal"))]
)
def test_a_rung_is_the_case_solved_with_those_levers(
    found: Explanation, case: Case, step: str, levers: tuple[str, ...]
) -> None:
    fewer = case.with_model(case.model.model_copy(update={"levers": levers}))
    summary = solve_case(fewer, baseline=False).summary
    (rung,) = [r for r in found.ladder if r.key == f"ladder:{step}"]
    assert rung.objective == near(summary["least_risk_musd"])
    assert rung.cost == pytest.approx(summary["cost_musd"], rel=1e-4)


def test_nothing_taken_away_or_split_up_helps(found: Explanation) -> None:
    for rung in [*found.left_out, *found.together]:
        assert rung.objective >= found.own.objective * (1 - 1e-7)
    by_key = {rung.key: rung.objective for rung in [*found.together, *found.timing]}
    assert by_key["national"] >= by_key["blocs"] * (1 - 1e-7)
    assert by_key["adaptive"] <= by_key["committed"] * (1 + 1e-7)
    assert by_key["later"] >= by_key["committed"] * (1 - 1e-7)


def test_near_optimal_ranges_contain_the_plan(found: Explanation, plan: Plan) -> None:
    assert found.alternatives.ranges
    for one in found.alternatives.ranges:
        if one.kind == "project":
            built = plan.summary["new_capacity_tpa"].get(one.key, 0.0)
            assert one.least - 1e-4 <= built <= one.most + 1e-4
            assert one.limit is not None and one.most <= one.limit * (1 + 1e-6)


def test_links_of_a_year_sum_to_the_whole(case: Case) -> None:
    reference = Reference(case)
    solved = reference.best()[1]
    parts = links(reference, solved.x, solved.duals)
    shares: dict[tuple[str, int], float] = defaultdict(float)
    for link in parts:
        shares[link.element, link.year] += link.share
    assert parts
    assert list(shares.values()) == pytest.approx([1.0] * len(shares), abs=1e-3)


def chain(make_case: MakeCase, **sizes: float) -> Case:
    """100 t of metal wanted; one stage is too small, the others are large."""
    return make_case(
        demand=demand(100, form="metal"),
        projects=[
            mine(existing_tpa=sizes.get("mine", 1000)),
            plant(existing_tpa=sizes.get("separation", 1000)),
            smelter(existing_tpa=sizes.get("metal", 1000)),
        ],
    )


@pytest.mark.parametrize("stage", ["mine", "separation", "metal"])
def test_the_small_stage_is_the_bottleneck(make_case: MakeCase, stage: str) -> None:
    reference = Reference(chain(make_case, **{stage: 40}))
    solved = reference.best()[1]
    found = links(reference, solved.x, solved.duals)
    assert {link.link for link in found} == {f"{stage} capacity"}
    # 40 t of metal a year, worth 1 MUSD each; risk is the whole loss of the only future.
    assert [link.musd for link in found] == near([40.0] * 3)


def test_what_must_run_is_a_bottleneck_by_its_capacity(make_case: MakeCase) -> None:
    # 40 of 100 t are saved a year, each worth 1 MUSD; nothing else serves.
    redesign = {"project": "redesign", "country": "AAA", "stage": "saving", "must_run": "true"}
    saves = "project, element, form, tonnes\nredesign, Dy, oxide, 1"
    projects = [redesign | {"existing_tpa": 40}]
    reference = Reference(make_case(demand=demand(100), projects=projects, savings=saves))
    solved = reference.best()[1]
    found = links(reference, solved.x, solved.duals)
    assert {link.link for link in found} == {"saving capacity"}
    assert [link.musd for link in found] == near([40.0] * 3)


def test_stages_that_make_the_same_form_are_links_side_by_side(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 100 t of metal wanted a smelter makes 40 and a melter 20, worth 1 MUSD each; ore and oxide are ample."""
    melting: Any = {"name": "melting", "lever": "metal", "item": "melted"}
    melter = replace(STAGES["metal"], **melting)
    monkeypatch.setattr(bottleneck, "CONVERTING", (*CONVERTING, melter))
    smelted = bottleneck._Used(capacity=40.0, earned={"Dy": 40.0})
    melted = bottleneck._Used(capacity=20.0, earned={"Dy": 20.0})
    used = {("metal", "Dy", 2026): smelted, ("melting", "Dy", 2026): melted}
    parts = bottleneck._split(used)["Dy", 2026]
    told = {link: musd for link, musd in parts.items() if musd}
    assert told == near({"metal capacity": 40, "melting capacity": 20})


def test_what_a_saving_replaces_is_its_capacity(make_case: MakeCase) -> None:
    """20 t a year of the 100 t wanted, worth 1 MUSD each, beside 30 t that a plant makes of ample ore."""
    case = make_case(
        projects=[
            mine(),
            plant(existing_tpa=30),
            {"project": "thrift", "country": "AAA", "stage": "saving", "existing_tpa": 20},
        ],
        savings=[
            {"project": "thrift", "element": "Dy", "form": "oxide", "tonnes": 1, "max_share": 0.5}
        ],
    )
    reference = Reference(case)
    solved = reference.best()[1]
    found = links(reference, solved.x, solved.duals)
    saved = [link for link in found if link.link == "saving capacity"]
    made = [link for link in found if link.link == "separation capacity"]
    assert len(found) == 6
    assert [link.musd for link in saved] == near([20] * 3)
    assert [link.share for link in saved] == near([0.4] * 3)
    assert [link.musd for link in made] == near([30] * 3)


def test_people_are_the_bottleneck_where_they_are_few(make_case: MakeCase) -> None:
    case = make_case(
        projects=[mine(), plant(existing_tpa=1000)],
        skills=[{"skill": "chemist", "attrition": 0}],
        workforce=[{"country": "AAA", "skill": "chemist", "initial": 30}],
        staffing=[{"stage": "separation", "skill": "chemist", "persons_per_ktpa": 1000}],
    )
    reference = Reference(case)
    solved = reference.best()[1]
    assert {link.link for link in links(reference, solved.x, solved.duals)} == {"separation people"}


def test_the_screen_tells_the_ladder(found: Explanation, plan: Plan) -> None:
    assert any("Nothing" in line for line in explain_lines(found, plan.case))


@pytest.mark.parametrize("goal", [{"policy.investment": "adaptive"}, {"levers": []}])
def test_other_models_are_explained_too(goal: dict[str, object]) -> None:
    case = planner.load(STARTER, overrides=goal)
    plan = solve_case(case, baseline=False)
    page = read_page(
        render_page(
            report_of(dataclasses.replace(plan, explanation=explain(plan, "run", workers=1)))
        )
    )
    assert "nan" not in page.text.lower().split()


@pytest.mark.parametrize("goal", ["risk", "welfare"])
def test_a_start_from_the_basis_of_the_whole_changes_no_answer(goal: str) -> None:
    """Starts from nothing, from the optimum of the run, and from one another end at the same figures."""
    reference = Reference(planner.load(STARTER, overrides={"objective.goal": goal}))
    asked = [
        *cumulative(reference),
        *all_but_one(reference),
        *(one.asked for one in timing(reference) if one.key == "later" and one.asked),
    ]
    with solver_pool(reference, 1) as pool:
        chained = pool(asked)
    for counterfactual in asked:
        near_one, cold = (
            optimum(counterfactual, reference),
            optimum(counterfactual, reference, warm=False),
        )
        assert (
            near_one.objective
            == near(cold.objective)
            == near(chained[counterfactual.key].objective)
        )
        if counterfactual.with_cost:
            assert near_one.cost == near(cold.cost)


def test_two_threads_solve_what_comes_after_another_without_waiting_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A counterfactual begins at the optimum of the one before it, even if it is asked for first."""
    reference = Reference(planner.load(STARTER))
    begun_at_another = []

    def noted(
        wanted: Counterfactual, reference: Reference, ready: Ready, start: KeptBases | None
    ) -> Optimum:
        if start is not None:
            begun_at_another.append(wanted.key)
        return optimum(wanted, reference, ready=ready, start=start)

    monkeypatch.setattr(counterfactuals, "optimum", noted)
    rungs = cumulative(reference)
    told: list[str] = []
    with solver_pool(reference, 1) as pool:
        alone = pool(rungs)
    begun_at_another.clear()
    with solver_pool(reference, 2, told.append) as pool:
        together = pool([*reversed(rungs), *all_but_one(reference)])
        assert pool.solved == len(together)
    for rung in rungs:
        assert together[rung.key].objective == near(alone[rung.key].objective)
        assert together[rung.key].cost == near(alone[rung.key].cost)
    assert set(begun_at_another) == {rung.key for rung in rungs if rung.after}
    assert told == ["10 counterfactuals are solved, others follow"]


@pytest.mark.parametrize("goal", ["risk", "welfare"])
def test_the_optimum_of_a_run_is_not_looked_for_again(
    goal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken as the run holds it, if it proves itself; a point that does not is left alone."""
    plan = solve_case(planner.load(STARTER, overrides={"objective.goal": goal}), baseline=False)
    assert plan.point is not None
    iterations: list[int] = []
    run = Solver._run_interruptibly

    def counted(solver: Solver) -> None:
        run(solver)
        iterations.append(solver._highs.getInfo().simplex_iteration_count)

    monkeypatch.setattr(Solver, "_run_interruptibly", counted)
    cold = Reference(plan.case)
    objective, taken = cold.objective, sum(iterations)
    iterations.clear()
    _, known = Reference(plan.case, plan.point).best()
    assert np.array_equal(np.append(known.x, known.duals), plan.point[0])
    assert sum(iterations) < taken / 3
    assert Reference(plan.case, plan.point * 1.01).objective == near(objective)


def test_under_cost_plus_risk_a_rung_is_the_case_solved_for_it() -> None:
    case = planner.load(STARTER, overrides={"objective.goal": "welfare"})
    found = explain(solve_case(case, baseline=False), "starter", workers=1)
    assert found.goal == "welfare"
    for rung in [*found.ladder, *found.together]:
        assert rung.objective == near(rung.risk + (rung.cost or 0.0))
    (metal,) = [rung for rung in found.ladder if rung.key == "ladder:metal"]
    fewer = case.with_model(
        case.model.model_copy(update={"levers": ("mine", "separation", "metal")})
    )
    summary = solve_case(fewer, baseline=False).summary
    assert metal.objective == near(summary["risk_musd"] + summary["cost_musd"])
    objectives = [rung.objective for rung in found.ladder]
    assert all(after <= before * (1 + 1e-7) for before, after in pairwise(objectives))
    assert found.knowledge.evpi >= 0 and found.knowledge.vss >= 0
