"""Staged decisions, nodes of probability 0 and odds that are not known, worked out by hand.

One country AAA needs 100 t of Dy in each of 2026 and 2027, 1 MUSD per tonne short.
"""

from __future__ import annotations

import pytest

from tests.oracle.hand import LAMBDA0, Solve, near

ONE_YEAR = "country,element,year,tonnes\nAAA,Dy,2026,100"
THREE_YEARS = "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2028,100"
SOLD = "supplier,country,element,year,tonnes,price_usd_per_kg\n"
STAGED = {"policy": {"investment": "staged"}}
ADAPTIVE = {"policy": {"investment": "adaptive"}}
DRAWN = "scenario,kind,start_year,end_year,project,factor,hazard\n"
TWO_PLANTS = {
    "projects": "project,name,country,stage,existing_tpa,max_new_tpa,capex_usd_per_tpa,feeds\n"
    "M,M,AAA,mine,9000,,,clay\nS,S,AAA,separation,,500,20000,clay\nR,R,AAA,separation,,500,20000,clay",
    "budgets": "funder,year,musd\nAAA,2027,10",
}
"""10 MUSD build one of two plants, each 50 t Dy a year; in one scenario S is shut, in the other R."""


@pytest.fixture
def solve(solve_both: Solve) -> Solve:
    """The planner finds the same."""
    return solve_both


def test_storylines_that_part_late_decide_together_before(solve: Solve) -> None:
    """Shut in 2028: whatever is built in 2027 makes 50 t then and 25 t on average in 2028, more than 50 t in 2028.

    With the money of 2028 alone the open one is built: 50 t.
    """
    shocks = DRAWN + "u,capacity,2028,2028,S,0,\nv,capacity,2028,2028,R,0,"
    odds = "scenario,name,probability\nu,u,0.5\nv,v,0.5"
    tables = {**TWO_PLANTS, "demand": THREE_YEARS, "scenarios": odds, "shocks": shocks}
    assert solve(STAGED, **tables).risk == near(300 - 75)
    late = {**tables, "budgets": "funder,year,musd\nAAA,2028,10"}
    assert solve(STAGED, **late).risk == near(300 - 50)


def test_draws_of_two_storylines(solve: Solve) -> None:
    """u shuts S, v shuts R; in u-2 a fire shuts R as well, and R, built in u, then makes nothing.

    50 t in u-1 (0.25) and in v (0.5), none in u-2 (0.25).
    """
    shocks = (
        DRAWN + "u-1,capacity,2027,2027,S,0,\nu-2,capacity,2027,2027,S,0,\n"
        "u-2,capacity,2027,2027,R,0,fire\nv,capacity,2027,2027,R,0,"
    )
    odds = "scenario,name,storyline,probability\nu-1,u,u,0.25\nu-2,u,u,0.25\nv,v,,0.5"
    result = solve(STAGED, scenarios=odds, shocks=shocks, **TWO_PLANTS)
    assert result.risk == near(200 - 0.75 * 50)
    assert result.scenario_loss == {"u-1": near(150), "u-2": near(200), "v": near(150)}


def test_people_are_decided_by_storylines_too(solve: Solve) -> None:
    """500 t of ore need 5 of 10 persons; 5 may be hired in 2027 at 1 MUSD where demand shows to be there.

    v has no demand in 2027. Staged hires in u alone: 5 MUSD at 0.5; committed hires 5 for both.
    """
    tables = {
        "projects": "project,name,country,stage,existing_tpa,feeds\nM,M,AAA,mine,9000,clay\nS,S,AAA,separation,9000,clay",
        "skills": "skill,name,attrition\nchem,c,0",
        "staffing": "stage,skill,persons_per_ktpa\nseparation,chem,10",
        "workforce": "country,skill,initial,hires_per_year,hire_cost_usd\nAAA,chem,5,5,1000000",
        "budgets": "funder,year,musd\nAAA,2027,50",
        "scenarios": "scenario,name,probability\nu,u,0.5\nv,v,0.5",
        "shocks": "scenario,kind,start_year,end_year,factor\nv,demand,2027,2027,0",
    }
    staged = solve(STAGED, **tables)
    assert (staged.risk, staged.cost) == (near(50), near(2.5))
    committed = solve(**tables)
    assert (committed.risk, committed.cost) == (near(50), near(5))


STRESS = {
    "imports": SOLD + "CHN,AAA,Dy,2026,100,0",
    "scenarios": "scenario,name,probability\ncalm,c,1\nstress,s,0",
    "shocks": "scenario,kind,start_year,end_year,factor\nstress,import,2027,2027,0",
}
HALF_SERVED = "target,kind,scenario,share\nt,served,stress,0.5"


def test_a_stress_test_costs_what_it_takes_to_pass_and_weighs_nothing(solve: Solve) -> None:
    """Half of 100 t asks for 500 t/y, 10 MUSD. Risk is that of the calm scenario, 0; the test is passed with 50 t."""
    result = solve(targets=HALF_SERVED, **STRESS, **TWO_PLANTS)
    assert (result.risk, result.cost) == (near(0), near(10))
    assert result.scenario_loss == {"calm": near(0), "stress": near(50)}
    nothing = solve(**STRESS, **TWO_PLANTS)
    assert (nothing.cost, nothing.scenario_loss["stress"]) == (near(0), near(100))


@pytest.mark.parametrize("model", [STAGED, ADAPTIVE])
def test_a_test_is_passed_by_what_was_decided_before_it_shows(
    solve: Solve, model: dict[str, object]
) -> None:
    """The money of 2027 comes when it has shown: nothing is decided there, and calm's builds do not help."""
    late = solve(model, targets=HALF_SERVED, **STRESS, **TWO_PLANTS)
    assert late.status == "infeasible"
    tables = {**TWO_PLANTS, "budgets": "funder,year,musd\nAAA,2026,10"}
    assert solve(model, targets=HALF_SERVED, **STRESS, **tables).cost == near(10)


BOUNDS = "scenario,name,probability,probability_low,probability_high\n"
AB = {
    "demand": ONE_YEAR,
    "imports": SOLD + "CHN,AAA,Dy,2026,100,0",
    "shocks": "scenario,kind,start_year,end_year,factor\nb,import,2026,2026,0",
    "scenarios": BOUNDS + "a,a,0.5,0.1,0.8\nb,b,0.5,0.2,0.9",
}


DRAWN_BOUNDS = "scenario,name,storyline,probability,probability_low,probability_high\n"


def test_draws_keep_their_proportions(solve: Solve) -> None:
    """u has 0.2 to 0.6 as v needs 0.4: b, half of u, 0.3. Each by itself could have 0.4."""
    odds = DRAWN_BOUNDS + "u-1,u,u,0.25,0.1,0.4\nb,u,u,0.25,0.1,0.4\nv,v,,0.5,0.4,0.8"
    result = solve({"objective": {**LAMBDA0, "odds": "worst"}}, **{**AB, "scenarios": odds})
    assert (result.risk, result.best_risk) == (near(30), near(10))


def test_cost_stays_expected_at_the_given_odds(solve: Solve) -> None:
    """100 t at 10 USD/kg are imported in a alone: 0.5 x 1 MUSD, whatever the worst odds are."""
    tables = {**AB, "imports": SOLD + "CHN,AAA,Dy,2026,100,10"}
    result = solve({"objective": {**LAMBDA0, "odds": "worst"}}, **tables)
    assert (result.risk, result.cost) == (near(90), near(0.5))
