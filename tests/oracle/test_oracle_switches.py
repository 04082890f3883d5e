"""The oracle's quarters, magnets, resale, whole plants and payments against answers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases import seeds
from tests.oracle.divided import with_years_divided
from tests.oracle.hand import LAMBDA0, Solve, near
from tests.oracle.payments import Node, even_payments, payments_of
from tests.oracle.program import OracleResult, solve_case
from tests.oracle.random_case import write_random_case

ONE_YEAR = "country,element,year,tonnes\nAAA,Dy,2026,100"
IMPORTS = "supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,100"
SHOCKS = "scenario,kind,start_year,end_year,factor\n"


def test_two_quarters_cut_with_stock_for_one(solve: Solve) -> None:
    """25 t a quarter are cut twice; 25 t in stock. 2027 is divided: 1 + 4 nodes."""
    stock = "country,element,initial_t,purchase_usd_per_kg\nAAA,Dy,25,10"
    result = solve(imports=IMPORTS, shocks=SHOCKS + "base,import,2027Q2,2027Q3,0", stockpiles=stock)
    assert (result.risk, result.nodes) == (near(25), 5)


def test_only_what_touches_inside_a_year_divides_it(solve: Solve) -> None:
    """A factor of 1, no imports to cut, bounds at the ends of a year, a delay: 2 nodes; else 4 a divided year."""
    rows = "base,demand,2026Q2,2026Q3,1\nbase,import,2026Q2,2026Q3,0\nbase,demand,2026Q1,2026Q4,2\nbase,delay,2026,2026,1"
    whole = solve(shocks=SHOCKS + rows)
    assert (whole.risk, whole.nodes) == (near(300), 2)
    both = solve(shocks=SHOCKS + "base,demand,2026Q2,2027Q3,2")
    assert (both.risk, both.nodes) == (near(25 + 150 + 150 + 25), 8)
    end = solve(shocks=SHOCKS + "base,demand,2026Q4,,2")
    assert (end.risk, end.nodes) == (near(75 + 50 + 200), 5)


TWO_PLANTS = {
    "projects": "project,name,country,stage,existing_tpa,max_new_tpa,capex_usd_per_tpa,feeds\n"
    "M,M,AAA,mine,9000,,,clay\nS,S,AAA,separation,,500,20000,clay\nR,R,AAA,separation,,500,20000,clay",
    "budgets": "funder,year,musd\nAAA,2027,10",
    "scenarios": "scenario,name,probability\ns,s,0.5\nr,r,0.5",
}


def test_a_cut_that_shows_in_the_second_quarter_is_not_answered_by_that_years_builds(
    solve: Solve,
) -> None:
    """10 MUSD in 2027 build one of two plants (50 t a year); each scenario shuts one of them.

    From the first quarter on it shows in time: the other is built and makes 50 t. From the second on whichever is built
    makes 12.5 t and then, in half the cases, nothing more: 31.25 t.
    """
    head = "scenario,kind,start_year,end_year,project,factor\n"
    model = {"policy": {"investment": "adaptive"}}
    first = solve(
        model, shocks=head + "s,capacity,2027Q1,2027,S,0\nr,capacity,2027,2027Q4,R,0", **TWO_PLANTS
    )
    assert (first.risk, first.nodes) == (near(100 + 50), 3)
    second = solve(
        model, shocks=head + "s,capacity,2027Q2,2027,S,0\nr,capacity,2027Q2,,R,0", **TWO_PLANTS
    )
    assert (second.risk, second.nodes) == (near(100 + 100 - 31.25), 1 + 1 + 3 * 2)


def test_one_path_up_to_a_year(solve: Solve) -> None:
    """Shown in time, but decided for all: 25 t on average. Up to the year before: answered."""
    shocks = "scenario,kind,start_year,end_year,project,factor\ns,capacity,2027,2027,S,0\nr,capacity,2027,2027,R,0"
    tables = {**TWO_PLANTS, "shocks": shocks}
    policy = {"investment": "adaptive"}
    assert solve({"policy": {**policy, "committed_through": 2027}}, **tables).risk == near(100 + 75)
    assert solve({"policy": {**policy, "committed_through": 2026}}, **tables).risk == near(100 + 50)
    assert solve({"policy": {"committed_through": 2026}}, **tables).risk == near(100 + 75)


def test_people_and_loss_steps_by_quarter(solve: Solve) -> None:
    """5 staff at 10 per kt: 500 t a year, 12.5 t Dy a quarter. Demand 25, 50, 25, 25.

    Short 12.5 (half of 25) thrice and 37.5 of 50: the first half costs 0.1, the rest 1 MUSD/t.
    """
    result = solve(
        demand=ONE_YEAR,
        projects="project,name,country,stage,existing_tpa,feeds\nM,M,AAA,mine,9000,clay\nS,S,AAA,separation,9000,clay",
        skills="skill,name,attrition\nchem,c,0",
        staffing="stage,skill,persons_per_ktpa\nseparation,chem,10",
        workforce="country,skill,initial\nAAA,chem,5",
        shocks=SHOCKS + "base,demand,2026Q2,2026Q2,2",
        loss_tiers="element,up_to_share,loss_usd_per_kg\nDy,0.5,100\nDy,1,1000",
    )
    assert result.risk == near(3 * 12.5 * 0.1 + 25 * 0.1 + 12.5)


def test_money_moves_within_a_year_and_holding_counts_at_its_end(solve: Solve) -> None:
    """Cut in 2026Q1 and in 2027; from Q2 10 t a quarter are spare: 0.2 MUSD buy 20 t at 10 USD/kg, held once."""
    result = solve(
        {"policy": {"budget_carry_over": False}},
        imports="supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,140",
        shocks=SHOCKS + "base,import,2026,2026Q1,0\nbase,import,2027,2027,0",
        stockpiles="country,element,initial_t,purchase_usd_per_kg,holding_usd_per_kg_year\nAAA,Dy,0,10,1",
        budgets="funder,year,musd\nAAA,2026,0.2",
    )
    assert (result.risk, result.cost, result.public_spend) == (
        near(25 + 80),
        near(0.2 + 0.02),
        near(0.2),
    )


def test_fixed_opex_and_instalments_fall_due_once_a_year(solve: Solve) -> None:
    """500 t/y from 2026 at 10 MUSD; fixed opex 0.5 a year, variable 1000 USD/t: 0.5 a year. Demand is never met."""
    tables = {
        **TWO_PLANTS,
        "budgets": "funder,year,musd\nAAA,2026,10",
        "scenarios": "scenario,name,probability\ns,s,1",
    }
    columns = ",fixed_opex_usd_per_tpa,variable_opex_usd_per_t"
    project = "S,S,AAA,separation,,500,20000,clay,1000,1000"
    head, mine, *_ = tables["projects"].split("\n")
    tables["projects"] = "\n".join([head + columns, mine + ",,", project])
    result = solve(shocks=SHOCKS + "s,demand,2026Q2,2027Q3,2", **tables)
    assert (result.risk, result.cost) == (near(350 - 100), near(10 + 2 * (0.5 + 0.5)))


MAGNETS = {
    "demand": "country,element,form,year,tonnes\nAAA,Dy,magnet,2026,100",
    "imports": "supplier,country,element,form,year,tonnes\nCHN,AAA,Dy,metal,2026,60",
}


def test_metal_without_magnet_capacity_helps_nobody_and_one_tonne_of_it_saves_one(
    solve: Solve,
) -> None:
    """60 t of metal come in; of a plant that takes 1 t, 1 t is saved; 80 t at recovery 0.9 turn all 60 into 54."""
    head = "project,name,country,stage,existing_tpa,recovery\n"
    assert solve(**MAGNETS).risk == near(100)
    assert solve(projects=head + "G,G,AAA,magnet,1,", **MAGNETS).risk == near(99)
    assert solve(projects=head + "G,G,AAA,magnet,80,0.9", **MAGNETS).risk == near(100 - 54)
    assert solve(projects=head + "G,G,AAA,metal,80,0.9", **MAGNETS).risk == near(100)


def test_magnet_plants_are_a_lever_and_their_magnets_go_to_the_pool(solve: Solve) -> None:
    """BBB's metal stays where it is; its magnet plant, 50 t for 5 MUSD, serves AAA."""
    tables = {
        **MAGNETS,
        "countries": "country,name\nAAA,A\nBBB,B",
        "imports": MAGNETS["imports"].replace("AAA", "BBB"),
        "projects": "project,name,country,stage,max_new_tpa,capex_usd_per_tpa\nG,G,BBB,magnet,50,100000",
        "budgets": "funder,year,musd\nBBB,2026,9",
    }
    result = solve(**tables)
    assert (result.risk, result.cost) == (near(50), near(5))
    assert solve({"levers": ["magnet"]}, **tables).risk == near(50)
    assert solve({"levers": ["metal"]}, **tables).risk == near(100)
    assert solve({"policy": {"coordination": "national"}}, **tables).risk == near(100)


THREE = {
    "countries": "country,name,bloc\nAAA,A,x\nBBB,B,y\nCCC,C,x",
    "demand": "country,element,year,tonnes\n"
    + "\n".join(f"{c},Dy,2026,100" for c in ("AAA", "BBB", "CCC")),
    "imports": "supplier,country,element,year,tonnes\n"
    + "\n".join(f"CHN,{c},Dy,2026,100" for c in ("AAA", "BBB", "CCC")),
}
CUT = "scenario,kind,start_year,end_year,country,factor,leak\n"


@pytest.mark.parametrize(
    ("share", "shocks", "short"),
    [
        (0.5, "base,import,2026,2026,AAA,0.2,0.5", 80 - 40),  # leak: 0.5 x 0.8 x 100
        (0.3, "base,import,2026,2026,AAA,0.2,0.5", 80 - 30),  # BBB's share: 0.3 x 100
        (0.3, "base,import,2026,2026,AAA,0.2,", 80),  # no leak
        (0.5, "base,import,2026,2026,*,0.2,1", 3 * 80),  # all are cut alike
        (
            0.5,
            "base,import,2026,2026,AAA,0.5,1\nbase,import,2026,,AAA,0.4,0.25",
            80 - 20,
        ),  # least leak: 0.25 x 0.8 x 100
        (0.3, "base,import,2026Q2,2026Q2,AAA,0.2,0.5", 20 - 7.5),  # a quarter of all
        (
            0.3,
            "base,import,2026,2026,AAA,0.2,0.5\nbase,import,2026,2026,BBB,1.2,",
            80 - 36,
        ),  # BBB may sell 0.3 x 120
    ],
)
def test_resale_is_capped_by_leak_and_by_share(
    solve: Solve, share: float, shocks: str, short: float
) -> None:
    result = solve(resale=f"country,share\nBBB,{share}", shocks=CUT + shocks, **THREE)
    assert result.risk == near(short)


def test_nothing_is_resold_when_all_are_cut_alike(solve: Solve) -> None:
    """Every country could sell half of its 20 t, none has more than another: 3 x 80 t short."""
    rows = "country,share\nAAA,0.5\nBBB,0.5\nCCC,0.5"
    assert solve(resale=rows, shocks=CUT + "base,import,2026,2026,*,0.2,1", **THREE).risk == near(
        240
    )


def test_resale_stays_in_the_group(solve: Solve) -> None:
    """AAA is grouped with CCC, not with BBB: only CCC's 10 t come through."""
    tables = {**THREE, "shocks": CUT + "base,import,2026,2026,AAA,0.2,1"}
    blocs = {"policy": {"coordination": "blocs"}}
    assert solve(blocs, resale="country,share\nBBB,0.5", **tables).risk == near(80)
    assert solve(blocs, resale="country,share\nBBB,0.5\nCCC,0.1", **tables).risk == near(70)


def test_those_cut_off_share_what_is_resold(solve: Solve) -> None:
    """AAA has 20 t, BBB 50, CCC 100. BBB can have CCC's 10 t; both together CCC's 10 and BBB's 0.4 x 50 = 20."""
    shocks = CUT + "base,import,2026,2026,AAA,0.2,1\nbase,import,2026,2026,BBB,0.5,1"
    result = solve(resale="country,share\nBBB,0.4\nCCC,0.1", shocks=shocks, **THREE)
    assert result.risk == near(80 + 50 - 30)
    alone = solve(resale="country,share\nCCC,0.1", shocks=shocks, **THREE)
    assert alone.risk == near(80 + 50 - 10)


def test_the_row_of_resale_that_names_more_holds(solve: Solve) -> None:
    """Two names (20 t) before one (10 t), the supplier (5 t) before the element."""
    tables = {**THREE, "shocks": CUT + "base,import,2026,2026,AAA,0,1"}
    head = "country,supplier,element,form,share\n"
    rows = "BBB,,,,0.9\nBBB,CHN,,,0.05\nBBB,,Dy,,0.1\nBBB,MYS,Dy,oxide,0.7"
    assert solve(resale=head + rows + "\nBBB,,Dy,oxide,0.2", **tables).risk == near(80)
    assert solve(resale=head + rows, **tables).risk == near(95)


def test_a_leak_is_felt_where_something_can_be_sold_on(solve: Solve) -> None:
    """Alike but for the leak: two nodes where BBB may sell, one where nobody can."""
    odds = "scenario,name,probability\nv,v,0.5\nw,w,0.5"
    shocks = CUT + "v,import,2026,2026,AAA,0,1\nw,import,2026,2026,AAA,0,0.5"
    assert solve(resale="country,share\nBBB,0.5", scenarios=odds, shocks=shocks, **THREE).nodes == 2
    assert solve(resale="country,share\nAAA,0.5", scenarios=odds, shocks=shocks, **THREE).nodes == 1
    national = {"policy": {"coordination": "national"}}
    assert (
        solve(
            national, resale="country,share\nBBB,0.5", scenarios=odds, shocks=shocks, **THREE
        ).nodes
        == 1
    )


def test_a_cut_of_what_is_not_on_offer_makes_no_history(solve: Solve) -> None:
    """100 t on offer in 2026, none in 2027, when one of two scenarios cuts it: 100 t short in both, two nodes."""
    odds = "scenario,name,probability\ncalm,calm,0.5\ncut,cut,0.5"
    result = solve(
        imports=IMPORTS + "\nCHN,AAA,Dy,2027,0",
        scenarios=odds,
        shocks=SHOCKS + "cut,import,2027,2027,0",
    )
    assert (result.risk, result.nodes) == (near(100), 2)


def test_a_knapsack_of_whole_plants(solve: Solve) -> None:
    """8 MUSD. Plants of 30, 20 and 40 t Dy cost 5, 4 and 8: whole, the third (40 t); in parts 30 + 15 t."""
    rows = [("P", 300, 5e6 / 300), ("Q", 200, 4e6 / 200), ("R", 400, 8e6 / 400)]
    tables = {
        "demand": ONE_YEAR,
        "projects": "project,name,country,stage,existing_tpa,max_new_tpa,unit_tpa,capex_usd_per_tpa,feeds\n"
        "M,M,AAA,mine,9000,,,,clay\n"
        + "\n".join(
            f"{name},{name},AAA,separation,,{size},{size},{usd!r},clay" for name, size, usd in rows
        ),
        "budgets": "funder,year,musd\nAAA,2026,8",
    }
    whole = solve({"policy": {"whole_plants": True}}, **tables)
    assert (whole.risk, whole.cost) == (near(60), near(8))
    assert whole.new_capacity == {"M": 0, "P": near(0), "Q": near(0), "R": near(400)}
    parts = solve(**tables)
    assert parts.risk == near(55)
    less = {
        **tables,
        "projects": tables["projects"].replace("separation,,400,400,", "separation,,400,150,"),
    }
    # Now R comes in phases of 15 t at 3 each, two at most: 30 + 15 for 5 + 3.
    assert solve({"policy": {"whole_plants": True}}, **less).risk == near(55)


def test_later_criteria_hold_the_whole_numbers(solve: Solve) -> None:
    """One plant of 100 t Dy ends all risk: the cheaper of two is built, 1000 t/y at 2 MUSD, and no part of another."""
    tables = {
        "demand": ONE_YEAR,
        "projects": "project,name,country,stage,existing_tpa,max_new_tpa,unit_tpa,capex_usd_per_tpa,feeds\n"
        "M,M,AAA,mine,9000,,,,clay\nP,P,AAA,separation,,2000,1000,3000,clay\nQ,Q,AAA,separation,,2000,1000,2000,clay",
        "budgets": "funder,year,musd\nAAA,2026,8",
    }
    result = solve({"policy": {"whole_plants": True}}, **tables)
    assert result.new_capacity == {"M": 0, "P": near(0), "Q": near(1000)}
    assert (result.risk, result.cost) == (near(0), near(2))


def test_no_shortfall_is_larger_than_the_plan_forces(solve: Solve) -> None:
    """80 t come in for nothing: within a slack of a half the cheapest plan still takes them."""
    half = {"objective": {"risk_aversion": 0.0, "risk_slack": 0.5}}
    imports = IMPORTS.replace("100", "80")
    assert solve(half, imports=imports).risk == near(40)


def test_loss_by_country_and_futures_tied_at_the_quantile(solve: Solve) -> None:
    """Losses 0 (a, 0.5), 100 of AAA (b, 0.3), 100 of BBB (c, 0.2); the worst 25 % are b and c as 3 to 2."""
    result = solve(
        {"objective": {**LAMBDA0, "risk_aversion": 0.5, "tail": 0.75}},
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR + "\nBBB,Dy,2026,100",
        imports=IMPORTS + "\nCHN,BBB,Dy,2026,100",
        scenarios="scenario,name,probability\na,a,0.5\nb,b,0.3\nc,c,0.2",
        shocks="scenario,kind,start_year,end_year,country,factor\nb,import,2026,2026,AAA,0\nc,import,2026,2026,BBB,0",
    )
    assert (result.expected_loss, result.cvar) == (near(50), near(100))
    assert result.loss_by_country == {
        "AAA": {"expected": near(30), "tail": near(60)},
        "BBB": {"expected": near(20), "tail": near(40)},
    }


def test_reach_stops_evenness() -> None:
    """A (budget 100) pays in AAA only, J (100) everywhere: 10 in AAA and 30 in BBB are not 20 each, 30 and 10 are."""
    nodes = {0: Node(None, 2026, 1.0)}
    budgets = {("A", 2026): 100.0, ("J", 2026): 100.0}
    reach = {"A": ["AAA"], "J": ["AAA", "BBB"]}
    stopped = even_payments({("AAA", 0): 10.0, ("BBB", 0): 30.0}, nodes, budgets, reach)
    assert stopped["A"] == (near(10), near(0), near(10))
    assert stopped["J"] == (near(30), near(30), near(40))
    even = even_payments({("AAA", 0): 30.0, ("BBB", 0): 10.0}, nodes, budgets, reach)
    assert (even["A"].paid, even["J"].paid) == (near(20), near(20))


def test_the_next_largest_share_is_least_too() -> None:
    """BBB's 8 of J's 10 are 80 %; AAA's 30 are then shared as 10 to 20, half of it each of the whole budgets."""
    nodes = {0: Node(None, 2026, 1.0)}
    budgets = {("A", 2026): 20.0, ("B", 2026): 40.0, ("J", 2026): 10.0, ("N", 2027): 9.0}
    reach = {"A": ["AAA"], "B": ["AAA"], "J": ["AAA", "BBB"], "N": ["AAA"]}
    found = even_payments({("AAA", 0): 30.0, ("BBB", 0): 8.0}, nodes, budgets, reach)
    assert {f: p.paid for f, p in found.items()} == {
        "A": near(10),
        "B": near(20),
        "J": near(8),
        "N": near(0),
    }


def test_even_payments_over_time_and_futures() -> None:
    """20 in 2026, then 40 in one of two futures: 40 expected. B's 30 come in 2027, so A pays all of 2026.

    A has 30 in 2026, of which 10 are left for 2027 if they carry over: B pays 30 there, 15 of its 30 expected;
    A 20 + 5 = 25 of 30. Without carry-over B cannot pay 40: nobody can.
    """
    nodes = {0: Node(None, 2026, 1.0), 1: Node(0, 2027, 0.5), 2: Node(0, 2027, 0.5)}
    budgets = {("A", 2026): 30.0, ("B", 2027): 30.0}
    reach = {"A": ["AAA"], "B": ["AAA"]}
    spending = {("AAA", 0): 20.0, ("AAA", 1): 40.0}
    found = even_payments(spending, nodes, budgets, reach)
    assert found["A"] == (near(25), near(25), near(25))
    assert found["B"] == (near(15), near(15), near(15))
    with pytest.raises(RuntimeError, match="infeasible"):
        even_payments(spending, nodes, budgets, reach, carry_over=False)


def test_payments_of_a_plan(solve: Solve) -> None:
    """10 MUSD are spent in 2027; A has 10 then, J 30 over both years: 2.5 and 7.5."""
    tables = {
        **TWO_PLANTS,
        "scenarios": "scenario,name,probability\ns,s,1",
        "demand": "country,element,year,tonnes\nAAA,Dy,2026,0\nAAA,Dy,2027,50",
    }
    tables |= {
        "budgets": "funder,year,musd\nA,2027,10\nJ,2026,10\nJ,2027,20",
        "funders": "funder,countries\nA,*\nJ,AAA",
    }
    result = solve({"discount_rate": 0.1}, **tables)
    found = payments_of(result)
    assert found["A"] == (near(2.5), near(0), near(10))
    assert found["J"] == (near(7.5), near(0), near(10))


def verdict(result: OracleResult) -> tuple[float | None, ...]:
    """The numbers an optimum fixes."""
    if result.cost is None or result.risk is None:
        return (None,)
    if result.least_risk is not None:
        return result.least_risk, result.least_cost
    if result.least_cost is not None:
        return result.least_cost, result.risk
    return (result.cost + result.risk,)


@pytest.mark.parametrize("seed", seeds(0, 3, 24))
def test_dividing_every_year_changes_no_optimum(tmp_path: Path, seed: int) -> None:
    """Three shocks that undo each other divide a year of a random case without quarters."""
    model = write_random_case(tmp_path, seed)
    whole = solve_case(tmp_path, model)
    with_years_divided(tmp_path, model)
    divided = solve_case(tmp_path, model)
    assert whole.world and divided.world
    assert len(divided.world.shocks.periods) == 4 * len(whole.world.shocks.periods)
    assert (divided.status, divided.nodes) == (whole.status, 4 * whole.nodes)
    if whole.status == "optimal":
        for one, two in zip(verdict(whole), verdict(divided), strict=True):
            assert two == pytest.approx(one, rel=1e-7, abs=1e-6)
