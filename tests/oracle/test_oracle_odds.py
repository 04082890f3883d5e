"""Staged decisions, nodes of probability 0 and odds that are not known, worked out by hand.

One country AAA needs 100 t of Dy in each of 2026 and 2027, 1 MUSD per tonne short.
"""

from __future__ import annotations

import pytest

from tests.oracle.hand import LAMBDA0, Solve, near, roughly

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
DRAWS = "scenario,name,storyline,probability\nu-1,u,u,0.5\nu-2,u,u,0.5"


@pytest.fixture
def solve(solve_both: Solve) -> Solve:
    """The planner finds the same."""
    return solve_both


def test_nobody_builds_for_a_draw(solve: Solve) -> None:
    """It shows in 2027 which plant is shut. Adaptive builds the other: 50 t; staged and committed 25 t on average."""
    shocks = DRAWN + "u-1,capacity,2027,2027,S,0,fire\nu-2,capacity,2027,2027,R,0,fire"
    tables = {**TWO_PLANTS, "scenarios": DRAWS, "shocks": shocks}
    assert solve(ADAPTIVE, **tables).risk == near(150)
    staged = solve(STAGED, **tables)
    assert (staged.risk, staged.nodes) == (near(175), 3)
    assert solve(**tables).risk == near(175)


def test_staged_answers_what_storylines_reveal(solve: Solve) -> None:
    """The same shocks, told by two storylines and not drawn: 50 t. One path up to 2027: 25 t."""
    shocks = DRAWN + "u,capacity,2027,2027,S,0,\nv,capacity,2027,2027,R,0,"
    odds = "scenario,name,probability\nu,u,0.5\nv,v,0.5"
    tables = {**TWO_PLANTS, "scenarios": odds, "shocks": shocks}
    assert solve(STAGED, **tables).risk == near(150)
    one_path = {"policy": {"investment": "staged", "committed_through": 2027}}
    assert solve(one_path, **tables).risk == near(175)
    until_2026 = {"policy": {"investment": "staged", "committed_through": 2026}}
    assert solve(until_2026, **tables).risk == near(150)


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


def test_scenarios_that_share_a_node_share_its_decisions(solve: Solve) -> None:
    """u's own shock of 2026 is undone by a draw, so nothing tells u from v when one plant is built for 2027.

    1 t comes in in 2026: 99 + 100 - 25 on average. Not undone, u is known: 99.25 + 50.
    """
    projects = TWO_PLANTS["projects"].replace("max_new_tpa", "max_new_tpa,lead_time_years")
    projects = projects.replace("mine,9000,", "mine,9000,,").replace(",500,", ",500,1,")
    shocks = (
        DRAWN + "u,capacity,2027,2027,S,0,fire\nv,capacity,2027,2027,R,0,fire\n"
        "u,import,2026,2026,,0.5,\n"
    )
    tables = {
        "imports": SOLD + "CHN,AAA,Dy,2026,1,0\nCHN,AAA,Dy,2027,0,0",
        "projects": projects,
        "budgets": "funder,year,musd\nAAA,2026,10",
        "scenarios": "scenario,name,probability\nu,u,0.5\nv,v,0.5",
    }
    undone = solve(STAGED, shocks=shocks + "u,import,2026,2026,*,2,flood", **tables)
    assert undone.risk == near(99 + 75)
    known = solve(STAGED, shocks=shocks, **tables)
    assert known.risk == near(99.25 + 50)


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


def test_nothing_is_bought_on_nodes_without_probability(solve: Solve) -> None:
    """stress has 200 t on offer in 2026 and none in 2027: nothing is stored, 100 t are short, 0 if it has odds."""
    tables = {
        **STRESS,
        "shocks": "scenario,kind,start_year,end_year,factor\nstress,import,2026,2026,2\nstress,import,2027,2027,0",
        "stockpiles": "country,element,initial_t,purchase_usd_per_kg\nAAA,Dy,0,10",
        "budgets": "funder,year,musd\nAAA,2026,50",
    }
    assert solve(**tables).scenario_loss == {"calm": near(0), "stress": near(100)}
    tables["scenarios"] = "scenario,name,probability\ncalm,c,0.9\nstress,s,0.1"
    assert solve(**tables).scenario_loss == {"calm": near(0), "stress": near(0)}


def test_what_weighs_nothing_is_solved_for_the_least_sum_of_its_losses(solve: Solve) -> None:
    """A plant of 50 t stands there; stress runs it although nobody counts it, in one of two such scenarios as well."""
    tables = {
        **STRESS,
        "scenarios": "scenario,name,probability\ncalm,c,1\nstress,s,0\nworse,w,0",
        "shocks": STRESS["shocks"] + "\nworse,import,2026,2027,0",
        "projects": "project,name,country,stage,existing_tpa,variable_opex_usd_per_t,feeds\n"
        "M,M,AAA,mine,9000,5,clay\nS,S,AAA,separation,500,10,clay",
    }
    found = solve(**tables)
    assert found.scenario_loss == {"calm": near(0), "stress": near(50), "worse": near(100)}
    assert found.cost == near(0)


BOUNDS = "scenario,name,probability,probability_low,probability_high\n"
AB = {
    "demand": ONE_YEAR,
    "imports": SOLD + "CHN,AAA,Dy,2026,100,0",
    "shocks": "scenario,kind,start_year,end_year,factor\nb,import,2026,2026,0",
    "scenarios": BOUNDS + "a,a,0.5,0.1,0.8\nb,b,0.5,0.2,0.9",
}


@pytest.mark.parametrize(
    ("aversion", "tail", "given", "worst", "best"),
    [
        (0.0, 0.5, 50, 90, 20),
        (1.0, 0.5, 100, 100, 40),  # the worst half of 0.2 x 100
        (0.5, 0.5, 75, 95, 30),
        (1.0, 0.0, 50, 90, 20),  # no tail is cut off: the mean
        (1.0, 0.25, 50 / 0.75, 100, 20 / 0.75),
    ],
)
def test_most_and_least_risk_over_the_odds(
    solve: Solve, aversion: float, tail: float, given: float, worst: float, best: float
) -> None:
    """Losses 0 and 100; b's probability lies between 0.2 and 0.9."""
    objective = {"risk_aversion": aversion, "tail": tail, "risk_slack": 0.0}
    told = solve({"objective": objective}, **AB)
    assert (told.risk, told.worst_risk, told.best_risk) == (near(given), near(worst), near(best))
    bad = solve({"objective": {**objective, "odds": "worst"}}, **AB)
    assert (bad.risk, bad.risk_given, bad.expected_loss) == (near(worst), near(given), near(50))


def test_a_scenario_without_bounds_is_fixed(solve: Solve) -> None:
    """c has 0.4; what is left is b's at most: 0.6 x 100, though its bound says 0.9."""
    odds = BOUNDS + "a,a,0.3,0,0.8\nb,b,0.3,0.1,0.9\nc,c,0.4,,"
    objective = {"objective": {**LAMBDA0, "odds": "worst"}}
    result = solve(objective, **{**AB, "scenarios": odds})
    assert (result.risk, result.risk_given) == (near(60), near(30))
    assert result.best_risk == near(10)


DRAWN_BOUNDS = "scenario,name,storyline,probability,probability_low,probability_high\n"


def test_draws_keep_their_proportions(solve: Solve) -> None:
    """u has 0.2 to 0.6 as v needs 0.4: b, half of u, 0.3. Each by itself could have 0.4."""
    odds = DRAWN_BOUNDS + "u-1,u,u,0.25,0.1,0.4\nb,u,u,0.25,0.1,0.4\nv,v,,0.5,0.4,0.8"
    result = solve({"objective": {**LAMBDA0, "odds": "worst"}}, **{**AB, "scenarios": odds})
    assert (result.risk, result.best_risk) == (near(30), near(10))


def test_draws_of_probability_0_are_even(solve: Solve) -> None:
    """calm keeps 0.4 at least: b, one of two draws, has at most 0.3; given, 0."""
    odds = DRAWN_BOUNDS + "calm,c,,1,0.4,1\nu-1,u,u,0,0,0.35\nb,u,u,0,0,0.35"
    result = solve({"objective": {**LAMBDA0, "odds": "worst"}}, **{**AB, "scenarios": odds})
    assert (result.risk, result.risk_given, result.best_risk) == (near(30), near(0), near(0))


@pytest.mark.parametrize("goal", ["risk", "welfare", "target"])
def test_worst_odds_change_the_plan(solve: Solve, goal: str) -> None:
    """S is shut in u (0.4), R in v: by the given odds S is built, risk 100 + 0.4 x 100 + 0.6 x 50.

    With any odds half of each is built: 75 t short in 2027 however it comes. Cost 10 either way; a limit of 180 asks
    for 8 MUSD in halves (100 - 20 t in each).
    """
    tables = {
        **TWO_PLANTS,
        "scenarios": BOUNDS + "u,u,0.4,0,1\nv,v,0.6,0,1",
        "shocks": DRAWN + "u,capacity,2027,2027,S,0,\nv,capacity,2027,2027,R,0,",
    }
    objective = {"goal": goal, "risk_aversion": 0.0, "risk_slack": 0.0}
    objective |= {"risk_limit": 180} if goal == "target" else {}
    worst = solve({"objective": {**objective, "odds": "worst"}}, **tables)
    if goal == "target":
        assert worst.cost == near(8)
        return
    assert (worst.risk, worst.cost) == (near(175), near(10))
    given = solve({"objective": objective}, **tables)
    assert (given.risk, given.worst_risk, given.best_risk) == (near(170), near(200), near(150))


@pytest.mark.parametrize(("price", "loss"), [(0, 0), (1, 100)])
def test_what_weighs_nothing_under_the_worst_odds_comes_last(
    solve: Solve, price: float, loss: float
) -> None:
    """b's 100 are the risk whatever a loses. Imports of a are taken if they cost nothing, by the last criterion."""
    odds = BOUNDS + "a,a,0.5,0,1\nb,b,0.5,0,1"
    tables = {**AB, "imports": SOLD + f"CHN,AAA,Dy,2026,100,{price}", "scenarios": odds}
    result = solve({"objective": {**LAMBDA0, "odds": "worst"}}, **tables)
    assert (result.risk, result.cost) == (near(100), near(0))
    assert result.scenario_loss == {"a": roughly(loss), "b": near(100)}


def test_cost_stays_expected_at_the_given_odds(solve: Solve) -> None:
    """100 t at 10 USD/kg are imported in a alone: 0.5 x 1 MUSD, whatever the worst odds are."""
    tables = {**AB, "imports": SOLD + "CHN,AAA,Dy,2026,100,10"}
    result = solve({"objective": {**LAMBDA0, "odds": "worst"}}, **tables)
    assert (result.risk, result.cost) == (near(90), near(0.5))
