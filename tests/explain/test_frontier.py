"""The efficient frontier and its named plans: by hand, and by solving from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case
from planner.explanation.explain import explain
from planner.results.decision import PLANS, Frontier
from planner.solving.highs import Solver
from planner.solving.program_writer import program_of
from tests.cases import MUSD, budget, mine, near, plant
from tests.conftest import MakeCase

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
TWO: dict[str, Any] = {
    "projects": [
        mine(),
        plant(project="cheap", max_new_tpa=50, capex_usd_per_tpa=MUSD / 2),
        plant(project="dear", max_new_tpa=50, capex_usd_per_tpa=2 * MUSD, public_share=0.5),
    ],
    "budgets": budget(1000),
}


def found(case: Case) -> Frontier:
    """The curve of a case."""
    curve = explain(planner.solve(case), more=True).frontier
    assert curve is not None
    assert [one.key for one in curve.plans] == list(PLANS)
    return curve


def test_two_plants_make_two_pieces(make_case: MakeCase) -> None:
    # A t/y from 2026 takes 3 off the risk of 300: 6 a MUSD in the cheap plant, 1.5 in the dear one.
    curve = found(make_case(**TWO))
    assert [(c.weight, c.cost, c.risk) for c in curve.corners] == [
        (None, near(0), near(300)),
        (near(6), near(25), near(150)),
        (near(1.5), near(125), near(0)),
    ]
    plans = {one.key: one for one in curve.plans}
    assert {key: (one.risk, one.cost, one.public) for key, one in plans.items()} == {
        "nothing": near((300, 0, 0)),
        **dict.fromkeys(["core", "chosen", "near", "least"], near((0, 125, 75))),
    }
    assert plans["core"].builds == near({"cheap": 50, "dear": 50})


def test_what_costs_more_than_it_saves_waits_for_the_last_hundredth(make_case: MakeCase) -> None:
    # The dear plant of 1 t/y takes 3 of 153 off for 100: the core does without, the plan within 1 % takes half of it.
    tables = TWO | {
        "projects": [
            *TWO["projects"][:2],
            plant(project="dear", max_new_tpa=1, capex_usd_per_tpa=100 * MUSD),
        ],
        "demand": "country, element, year, tonnes\nAAA, Dy, 2026, 100\nAAA, Dy, 2028, 100",
    }
    plans = {one.key: one for one in found(make_case(**tables)).plans}
    assert (plans["core"].risk, plans["core"].cost) == near((150, 25))
    assert plans["least"].cost == pytest.approx(125, abs=0.01)
    # 1.01 times 147 is 148.47: 1.53 of the 3 are needed.
    assert (plans["near"].risk, plans["near"].cost) == (near(148.47), near(25 + 51))


def test_the_curve_is_that_of_brute_force() -> None:
    case = planner.load(STARTER)
    curve = found(case)
    costs, risks = [c.cost for c in curve.corners], [c.risk for c in curve.corners]
    assert len(costs) > 10
    program = program_of(case)
    risk = program.column["risk", None]
    for cost in np.linspace(costs[0], costs[-1], 20):
        solver = Solver(program)
        solver.bound(program.column["cost", None], float(cost))
        least = float(solver.minimise(risk).x[risk])
        told = float(np.interp(cost, costs, risks))
        assert least - 1e-6 * least <= told <= least + curve.gap + 1e-6 * least
    assert curve.gap <= 1e-3 * risks[0]
