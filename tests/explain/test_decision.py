"""The curve of risk and cost, its named plans and the merit list: by hand, and by solving from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.config import LEVERS
from planner.data.case import Case
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference, optimum
from planner.explanation.decision import frontier
from planner.explanation.frontier_walk import Walk
from planner.results.decision import PLANS, Frontier, Merit
from planner.solving.frontier import PRECISION
from planner.solving.goals import Phase, silent
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from tests.cases import MUSD, budget, mine, near, plant
from tests.conftest import MakeCase

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
Found = tuple[Reference, Optimum, Frontier, dict[str, Merit]]


def found(case: Case) -> Found:
    """The whole curve of a case, and its merit list by project in order."""
    reference = Reference(case)
    asked = Counterfactual(
        "nothing", lambda: reference.without(LEVERS), with_cost=True, want_x=True
    )
    nothing = optimum(asked, reference)
    curve, merit = frontier(
        Walk(reference, nothing.risk, PRECISION), planner.solve(case, baseline=False), nothing
    )
    assert [p.key for p in curve.plans] == list(PLANS)
    assert curve.gap == 0.0
    return reference, nothing, curve, {row.project: row for row in merit}


TWO: dict[str, Any] = {
    "projects": [
        mine(),
        plant(project="cheap", max_new_tpa=50, capex_usd_per_tpa=MUSD / 2),
        plant(project="dear", max_new_tpa=50, capex_usd_per_tpa=2 * MUSD, public_share=0.5),
    ],
    "budgets": budget(1000),
}


def test_two_plants_make_two_pieces(make_case: MakeCase) -> None:
    # A t/y from 2026 takes 3 off the risk of 300: 6 a MUSD in the cheap plant, 1.5 in the dear one.
    _, _, curve, merit = found(make_case(**TWO))
    assert [(c.weight, c.cost, c.risk) for c in curve.corners] == [
        (None, near(0), near(300)),
        (near(6), near(25), near(150)),
        (near(1.5), near(125), near(0)),
    ]
    # Without the cheap one the dear one alone costs 100 and leaves 150: 125 more than 125. Without the dear one 175.
    assert list(merit) == ["cheap", "dear"]
    assert {p: (m.weight, m.tpa, m.core_tpa, m.worth, m.public) for p, m in merit.items()} == {
        "cheap": near((6, 50, 50, 125, 25)),
        "dear": near((1.5, 50, 50, 50, 50)),
    }
    plans = {p.key: p for p in curve.plans}
    assert {key: (p.risk, p.cost, p.public) for key, p in plans.items()} == {
        "nothing": near((300, 0, 0)),
        **dict.fromkeys(["core", "chosen", "near", "least"], near((0, 125, 75))),
    }
    assert plans["core"].builds == near({"cheap": 50, "dear": 50})


def test_what_is_worth_less_than_it_costs_waits_for_the_last_hundredth(make_case: MakeCase) -> None:
    # The dear plant of 1 t/y takes 3 of 153 off for 100: the core does without, and so does the plan within 1 %.
    projects = [
        TWO["projects"][0],
        TWO["projects"][1],
        plant(project="dear", max_new_tpa=1, capex_usd_per_tpa=100 * MUSD),
    ]
    tables = TWO | {
        "projects": projects,
        "demand": "country, element, year, tonnes\nAAA, Dy, 2026, 100\nAAA, Dy, 2028, 100",
    }
    _, _, curve, merit = found(make_case(**tables))
    plans = {p.key: p for p in curve.plans}
    assert (plans["core"].risk, plans["core"].cost) == near((150, 25))
    assert plans["least"].cost == pytest.approx(
        125, abs=0.01
    )  # the millionth that risk is held to costs 0.005
    # 1.01 times 147 is 148.47: 1.53 of the 3 are needed.
    assert (plans["near"].risk, plans["near"].cost) == (near(148.47), near(25 + 51))
    assert merit["dear"].worth == 0.0
    assert (merit["dear"].core_tpa, merit["dear"].public, merit["dear"].last_hundredth) == (
        0.0,
        pytest.approx(100, abs=0.01),
        False,
    )
    assert not merit["cheap"].last_hundredth
    tables["projects"] = [
        *projects[:2],
        plant(project="dear", max_new_tpa=0.4, capex_usd_per_tpa=100 * MUSD),
    ]
    # Now it takes 1.2 off 150, less than a hundredth.
    assert found(make_case(**tables))[3]["dear"].last_hundredth


@pytest.fixture(scope="module")
def starter() -> Found:
    return found(planner.load(STARTER))


def test_the_curve_is_that_of_brute_force(starter: Found) -> None:
    reference, nothing, curve, _ = starter
    costs, risks = [c.cost for c in curve.corners], [c.risk for c in curve.corners]
    assert len(costs) > 20
    p = reference.program
    for cost in np.linspace(costs[0], costs[-1], 20):
        solver = Solver(p)
        solver.bound(p.column["cost", None], float(cost))
        least = float(solver.minimise(p.column["risk", None]).x[p.column["risk", None]])
        assert np.interp(cost, costs, risks) == pytest.approx(least, rel=1e-6)
    assert risks[0] == pytest.approx(nothing.risk, rel=1e-9)


def test_worth_is_what_solving_without_a_project_costs_more(starter: Found) -> None:
    reference, _, curve, merit = starter
    case = reference.case.with_settings({"objective.goal": "welfare"})

    def least(changed: Case) -> float:
        return LiveProgram(changed).solve(silent, [Phase("welfare")]).values["welfare"]

    whole = least(case)
    core = next(plan for plan in curve.plans if plan.key == "core")
    assert core.risk + core.cost == pytest.approx(whole, rel=1e-9)
    assert len(merit) >= 3
    for project, row in merit.items():
        assert row.worth == pytest.approx(
            least(case.changed(f"projects.{project}.max_new_tpa=0")) - whole, rel=1e-6
        )
    assert sorted((row.weight for row in merit.values()), reverse=True) == [
        row.weight for row in merit.values()
    ]
