"""The verdict rule on risks made up for it, and on a case where one input decides."""

from __future__ import annotations

import pytest

from planner.explanation.claims import CLAIMS, FAILS, HOLDS, OPEN, judged
from planner.explanation.explain import explain
from planner.explanation.sensitivity import tail_probability, tail_scenarios
from planner.reporting.text.claims import why
from planner.results.explanation import Trial
from planner.solving.solve import solve_case
from tests.cases import MUSD, budget, demand, imports, mine, plant, scenarios, shock, smelter
from tests.conftest import MakeCase

BY_KEY = {claim.key: claim for claim in CLAIMS}


def trial(key: str, with_it: float, without_it: float, given: tuple[float, float]) -> Trial:
    claim = BY_KEY[key]
    value = claim.measure(with_it, without_it)
    flips = claim.says(value) != claim.says(claim.measure(*given))
    return Trial("an input", "× 2", "guessed", with_it, without_it, value, flips)


@pytest.mark.parametrize(
    ("key", "given", "tried", "verdict"),
    [
        ("mining", (95, 100), (96, 100), HOLDS),
        ("mining", (50, 100), (60, 100), FAILS),
        ("mining", (95, 100), (80, 100), OPEN),
        ("separation", (100, 200), (100, 150), HOLDS),
        ("separation", (100, 101), (100, 102), FAILS),
        ("separation", (100, 101), (100, 140), OPEN),
        ("people", (100, 147), (100, 107), OPEN),
        ("allies", (0, 100), (1, 90), HOLDS),
        ("allies", (0, 0), (0, 0), FAILS),
    ],
)
def test_verdict_rule(key: str, given: tuple[float, float], tried: tuple[float, float], verdict: str) -> None:
    found = judged(BY_KEY[key], given, [trial(key, *tried, given)])
    assert found.verdict == verdict
    assert (found.turns_on == ["an input"]) == (verdict == OPEN)
    assert why(found).endswith(".")


def test_without_trials_the_verdict_says_so() -> None:
    assert "No unsure input was tried" in why(judged(BY_KEY["mining"], (95, 100), []))


def test_success_of_what_is_financed_decides_about_separation(make_case: MakeCase) -> None:
    """100 t of oxide wanted in a cut, 100 t/y of separation financed: a new plant is needed only if that fails."""
    case = make_case(
        {"objective.risk_aversion": 0.0},
        imports=[imports(100)],
        projects=[
            mine(),
            plant(project="old", existing_tpa=100),
            plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=1),
        ],
        budgets=budget(100),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2027, 2028)],
    )
    found = {v.claim: v for v in explain(solve_case(case, baseline=False), "run", workers=1).verdicts}
    separation = found["separation"]
    assert separation.verdict == OPEN
    assert separation.turns_on == ["separation capacity that exists or is financed"]
    assert "may fail" in why(separation)
    assert found["mining"].verdict == HOLDS


def test_allies_must_act_together_where_one_mines_and_the_other_uses(make_case: MakeCase) -> None:
    case = make_case(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=demand(10, country="BBB", form="metal"),
        projects=[mine(), plant(existing_tpa=10), smelter(existing_tpa=10)],
    )
    found = {v.claim: v for v in explain(solve_case(case, baseline=False), "run", workers=1).verdicts}
    assert found["allies"].verdict == HOLDS


def test_tail_probability_keeps_the_sum_and_doubles_the_tail(make_case: MakeCase) -> None:
    case = make_case(
        {"objective.tail": 0.9},
        imports=[imports(100)],
        scenarios=scenarios(calm=0.6, mild=0.35, severe=0.05),
        shocks=[shock("mild", "import", 0.5, 2027, 2027), shock("severe", "import", 0, 2027, 2028)],
    )
    assert tail_scenarios(case) == ["severe"]
    other = tail_probability(case, 2.0)
    assert other.scenarios["severe"] == pytest.approx(0.1)
    assert sum(other.scenarios.values()) == pytest.approx(1.0)
