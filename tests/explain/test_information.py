"""EVPI against brute force on tiny cases: builds are few numbers, so every plan can be tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.data.case import Case
from planner.explanation.explain import explain
from planner.parallel import ProcessWorkers
from planner.planning import solve_case
from planner.results.losses import cvar
from tests.cases import MUSD, budget, imports, mine, near, plant, record, scenarios, seeds, shock
from tests.conftest import MakeCase

LEAD = 1
YEARS = 3


def newsvendor(
    make_case: MakeCase, factors: list[float], shares: list[float], money: float, aversion: float
) -> Case:
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


def brute(
    factors: list[float], shares: list[float], aversion: float, build: float
) -> tuple[float, list[float]]:
    """Risk and losses if `build` t/y are ready from 2027."""
    losses = [(YEARS - 1) * max(100 * (1 - f) - build, 0.0) for f in factors]
    expected = float(np.dot(losses, shares))
    return (1 - aversion) * expected + aversion * cvar(losses, shares, 0.5), losses


@pytest.mark.parametrize("seed", seeds(0, 2, 6))
def test_evpi_agrees_with_brute_force(make_case: MakeCase, seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 5))
    factors = [round(float(f), 2) for f in random.uniform(0, 1, count)]
    shares = [float(p) for p in random.dirichlet(np.ones(count))]
    shares[-1] = 1 - sum(shares[:-1])
    money, aversion = round(float(random.uniform(5, 80)), 1), float(random.choice([0.0, 0.5]))
    case = newsvendor(make_case, factors, shares, money, aversion)
    plan = solve_case(case, baseline=False)

    best = brute(factors, shares, aversion, money)[0]
    knowing = [brute([f], [1.0], aversion, money)[1][0] for f in factors]
    known = (1 - aversion) * float(np.dot(knowing, shares)) + aversion * cvar(knowing, shares, 0.5)

    found = explain(plan, "run", more=True).knowledge
    assert found.stochastic == near(best)
    assert found.evpi == pytest.approx(best - known, abs=1e-4)
    assert found.evpi >= -1e-6


def test_many_at_once_answer_like_one_at_a_time(make_case: MakeCase) -> None:
    case = newsvendor(make_case, [0.2, 0.7], [0.3, 0.7], 30, 0.5)
    plan = solve_case(case, baseline=False)
    with ProcessWorkers(2) as workers:
        assert explain(plan, "run") == explain(plan, "run", workers=workers)


@pytest.mark.parametrize("names", ["s0", "s1"])
def test_a_target_of_one_scenario_is_no_obstacle_to_know_another(
    make_case: MakeCase, names: str
) -> None:
    """A target that nothing misses changes nothing: not in its scenario, and it goes with it where another one is certain."""
    case = newsvendor(make_case, [0.2, 0.7], [0.3, 0.7], 30, 0.5)
    target = record(target="some", kind="served", scenario=names, share=0.0, price_usd_per_kg=1)
    aimed = case.with_table("targets", pd.DataFrame([target]))
    found = [explain(solve_case(one, baseline=False), "run", more=True) for one in (case, aimed)]
    assert found[0].knowledge == found[1].knowledge
