"""The oracle's quarters, resale and whole plants against answers worked out by hand."""

from __future__ import annotations

from tests.oracle.hand import Solve, near

ONE_YEAR = "country,element,year,tonnes\nAAA,Dy,2026,100"
IMPORTS = "supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,100"
SHOCKS = "scenario,kind,start_year,end_year,factor\n"


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


THREE = {
    "countries": "country,name,bloc\nAAA,A,x\nBBB,B,y\nCCC,C,x",
    "demand": "country,element,year,tonnes\n"
    + "\n".join(f"{c},Dy,2026,100" for c in ("AAA", "BBB", "CCC")),
    "imports": "supplier,country,element,year,tonnes\n"
    + "\n".join(f"CHN,{c},Dy,2026,100" for c in ("AAA", "BBB", "CCC")),
}
CUT = "scenario,kind,start_year,end_year,country,factor,leak\n"


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
