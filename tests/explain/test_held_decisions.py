"""Decisions held and questions asked in any order, against brute force on tiny cases: every plan can be tried."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest

from planner.data.case import Case
from planner.explanation.counterfactuals import Counterfactual, Reference, held_decisions, optimum
from planner.explanation.explain import explain
from planner.results.losses import cvar
from planner.solving.solve import solve_case
from tests.cases import MUSD, budget, imports, mine, near, plant, scenarios, shock
from tests.conftest import MakeCase

LEAD = 1
YEARS = 3


def newsvendor(make_case: MakeCase, factors: list[float], shares: list[float], money: float, aversion: float) -> Case:
    """Imports of 100 t a year are cut by scenario from 2027 on; a plant for 1 MUSD per t/y replaces them."""
    names = [f"s{i}" for i in range(len(factors))]
    return make_case(
        {"objective.risk_aversion": aversion, "objective.tail": 0.5},
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=LEAD)],
        budgets=budget(money),
        scenarios=scenarios(**dict(zip(names, shares, strict=True))),
        shocks=[shock(w, "import", f, 2027, 2027) for w, f in zip(names, factors, strict=True)]
        + [shock(w, "import", f, 2028, 2028) for w, f in zip(names, factors, strict=True)],
    )


def brute(factors: list[float], shares: list[float], aversion: float, build: float) -> tuple[float, list[float]]:
    """Risk and losses if `build` t/y are ready from 2027."""
    losses = [(YEARS - 1) * max(100 * (1 - f) - build, 0.0) for f in factors]
    expected = float(np.dot(losses, shares))
    return (1 - aversion) * expected + aversion * cvar(losses, shares, 0.5), losses


def test_fixed_decisions_are_taken_as_given(make_case: MakeCase) -> None:
    case = newsvendor(make_case, [0.0, 0.5], [0.5, 0.5], 60, 0.0)
    reference = Reference(case)
    for build in (0.0, 20.0, 60.0):
        fixed = optimum(
            Counterfactual("fixed", partial(held_decisions, reference.program, {("build", ("plant", 0)): build})),
            reference,
        )
        assert fixed.objective == pytest.approx(brute([0.0, 0.5], [0.5, 0.5], 0.0, build)[0], abs=2e-3)


def test_many_at_once_answer_like_one_at_a_time(make_case: MakeCase) -> None:
    case = newsvendor(make_case, [0.2, 0.7], [0.3, 0.7], 30, 0.5)
    plan = solve_case(case, baseline=False)
    assert explain(plan, "run", workers=1) == explain(plan, "run", workers=3)


def test_decisions_do_not_depend_on_the_order_of_questions(make_case: MakeCase) -> None:
    case = newsvendor(make_case, [0.0, 0.9], [0.5, 0.5], 30, 0.5)
    reference = Reference(case)
    questions = [Counterfactual(f"{k}", partial(reference.not_before, 2026 + k)) for k in range(3)]
    for order in itertools.permutations(questions):
        assert [optimum(q, reference).objective for q in sorted(order, key=lambda q: q.key)] == near(
            [optimum(q, reference).objective for q in questions]
        )
