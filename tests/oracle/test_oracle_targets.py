"""Targets worked out by hand: what must be served, what one origin may send, what must be made at home.

One country AAA needs 100 t of Dy in 2026, 1 MUSD per tonne short; ore holds 0.1 t of Dy per tonne.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle.hand import LAMBDA0, Solve, near, roughly
from tests.oracle.program import without_plan

ONE_YEAR = "country,element,year,tonnes\nAAA,Dy,2026,100"
TWO_YEARS = "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2027,100"
SOLD = "supplier,country,element,form,year,tonnes,price_usd_per_kg\n"
WELFARE = {"objective": {"goal": "welfare", "risk_aversion": 0.0}}
HEAD = "target,kind,scenario,country,party,element,form,feeds,first_year,last_year,share,price_usd_per_kg\n"
DEAR = SOLD + "CHN,AAA,Dy,,2026,100,1500"
TWO_COUNTRIES = {
    "countries": "country,name,party\nAAA,A,U\nBBB,B,U\nCCC,C,",
    "demand": ONE_YEAR + "\nBBB,Dy,2026,100\nCCC,Dy,2026,100",
    "imports": DEAR + "\nCHN,BBB,Dy,,2026,100,1200\nCHN,CCC,Dy,,2026,100,1100",
}


@pytest.fixture
def solve(solve_both: Solve) -> Solve:
    """The planner finds the same."""
    return solve_both


def row(kind: str, share: float, **cells: object) -> str:
    """One row of `targets` under HEAD."""
    found = {"target": "t", "kind": kind, "share": share, **cells}
    return ",".join(str(found.get(column, "")) for column in HEAD.strip().split(","))


def test_what_must_be_served_is_served_at_any_price(solve: Solve) -> None:
    """Imports at 1.5 MUSD/t are not worth a loss of 1: but 60 t must come: 90, and 40 t short."""
    result = solve(WELFARE, demand=ONE_YEAR, imports=DEAR, targets=HEAD + row("served", 0.6))
    assert (result.risk, result.cost) == (near(40), near(90))


def test_a_target_may_stand_in_the_model(solve: Solve) -> None:
    """The same row."""
    target = {"target": "t", "kind": "served", "share": 0.6}
    result = solve({**WELFARE, "targets": [target]}, demand=ONE_YEAR, imports=DEAR)
    assert (result.risk, result.cost) == (near(40), near(90))


@pytest.mark.parametrize(("price", "missing", "cost"), [(400, 60, 24), (600, 0, 90)])
def test_what_is_missing_has_a_price(solve: Solve, price: int, missing: float, cost: float) -> None:
    """A tonne served costs 0.5 net: dearer than 0.4, cheaper than 0.6."""
    rows = HEAD + row("served", 0.6, price_usd_per_kg=price)
    result = solve(WELFARE, demand=ONE_YEAR, imports=DEAR, targets=rows)
    assert (result.missing, result.cost) == ({"t": roughly(missing)}, near(cost))
    assert result.cost_parts["targets"] == near(missing * price / 1000)


def test_missing_counts_expected_and_discounted(solve: Solve) -> None:
    """Nothing comes in in b (0.5) in 2027, discounted at 25 %: 0.5 x 60 x 0.4 / 1.25; risk is 0.5 x 100."""
    result = solve(
        {"objective": LAMBDA0, "discount_rate": 0.25},
        imports=SOLD + "CHN,AAA,Dy,,2026,100,0",
        scenarios="scenario,name,probability\na,a,0.5\nb,b,0.5",
        shocks="scenario,kind,start_year,end_year,factor\nb,import,2027,2027,0",
        targets=HEAD + row("served", 0.6, price_usd_per_kg=400),
    )
    assert (result.risk, result.cost) == (near(50), near(9.6))
    assert result.missing == {"t": roughly(30)}


def test_a_target_out_of_reach_is_infeasible(solve: Solve) -> None:
    """50 t on offer, 60 asked for."""
    imports = SOLD + "CHN,AAA,Dy,,2026,50,0"
    targets = HEAD + row("served", 0.6)
    assert solve(demand=ONE_YEAR, imports=imports, targets=targets).status == "infeasible"


def test_all_forms_are_summed_where_none_is_named(solve: Solve) -> None:
    """75 of 100 t oxide and 50 t metal: oxide is cheaper, 75 x 1.5; metal by itself: 25 t at 3."""
    tables = {
        "demand": "country,element,form,year,tonnes\nAAA,Dy,oxide,2026,100\nAAA,Dy,metal,2026,50",
        "imports": DEAR + "\nCHN,AAA,Dy,metal,2026,50,3000",
    }
    both = solve(WELFARE, targets=HEAD + row("served", 0.5), **tables)
    assert (both.risk, both.cost) == (near(75), near(112.5))
    metal = solve(WELFARE, targets=HEAD + row("served", 0.5, form="metal"), **tables)
    assert (metal.risk, metal.cost) == (near(125), near(75))


def test_each_element_counts_by_itself_where_none_is_named(solve: Solve) -> None:
    """Half of 100 t Dy at 1.5 and half of 10 t Tb at 2; Ho has no demand."""
    result = solve(
        WELFARE,
        elements="element,name,heavy,loss_usd_per_kg\nDy,Dy,true,1000\nTb,Tb,true,1000\nHo,Ho,true,1",
        demand=ONE_YEAR + "\nAAA,Tb,2026,10",
        imports=DEAR + "\nCHN,AAA,Tb,,2026,10,2000",
        targets=HEAD + row("served", 0.5),
    )
    assert (result.risk, result.cost) == (near(55), near(75 + 10))


@pytest.mark.parametrize(
    ("cells", "cost"),
    [
        ({}, 100 * 1.1 + 50 * 1.2),
        ({"country": "AAA"}, 75),
        ({"country": "AAA;CCC"}, 110),
        ({"party": "U"}, 120),
        ({"party": "CCC"}, 55),
    ],
)
def test_countries_are_summed(solve: Solve, cells: dict[str, str], cost: float) -> None:
    """Half of all: CCC's 100 t at 1.1, BBB's at 1.2, AAA's at 1.5, the cheapest of those asked for first."""
    result = solve(WELFARE, targets=HEAD + row("served", 0.5, **cells), **TWO_COUNTRIES)
    assert result.cost == near(cost)


def test_a_target_holds_in_its_years(solve: Solve) -> None:
    """From 2027 on: 90; until 2026 the same; both 180."""
    tables = {"demand": TWO_YEARS, "imports": DEAR}
    for cells, cost in (({"first_year": 2027}, 90), ({"last_year": 2026}, 90), ({}, 180)):
        assert solve(WELFARE, targets=HEAD + row("served", 0.6, **cells), **tables).cost == near(
            cost
        )


def test_a_target_holds_in_every_quarter(solve: Solve) -> None:
    """Cut in one quarter: 0 of 25 t come: out of reach, though 75 of 100 t of the year would."""
    shock = "scenario,kind,start_year,end_year,factor\nbase,import,2026Q2,2026Q2,0"
    targets = HEAD + row("served", 0.6)
    result = solve(demand=ONE_YEAR, imports=DEAR, shocks=shock, targets=targets)
    assert result.status == "infeasible"


STORY = {
    "demand": TWO_YEARS,
    "imports": DEAR,
    "scenarios": "scenario,name,storyline,probability\nu-1,u,u,0.25\nu-2,u,u,0.25\nv,v,,0.5",
    "shocks": "scenario,kind,start_year,end_year,factor,hazard\n"
    "u-1,demand,2027,2027,2,boom\nv,demand,2027,2027,0.5,",
}


@pytest.mark.parametrize(("named", "cost"), [("u", 37.5 + 18.75), ("u-1", 37.5), ("v", 18.75)])
def test_a_target_may_name_a_scenario_or_a_storyline(solve: Solve, named: str, cost: float) -> None:
    """2026 is one node of all: 60 t at 1.5. In 2027 half is asked for: 100 t in u-1 (0.25), 50 in u-2, 25 in v (0.5)."""
    rows = "\n".join(
        (
            row("served", 0.6, target="first", last_year=2026),
            row("served", 0.5, scenario=named, first_year=2027),
        )
    )
    result = solve(WELFARE, targets=HEAD + rows, **STORY)
    assert result.cost == near(90 + cost)


def test_on_a_shared_node_a_miss_counts_with_all_its_probability(solve: Solve) -> None:
    """v alone is named, but 2026 is a node of all: 60 t missing at 0.4 there, and in 2027 30 t at 0.5 x 0.4."""
    rows = HEAD + row("served", 0.6, scenario="v", price_usd_per_kg=400)
    result = solve(WELFARE, targets=rows, **STORY)
    assert (result.cost, result.missing) == (near(24 + 6), {"t": near(60 + 15)})


TWO_ORIGINS = SOLD + "CHN,AAA,Dy,,2026,100,1\nMYS,AAA,Dy,,2026,100,5"


def test_one_origin_sends_no_more_than_its_share(solve: Solve) -> None:
    """60 t at 1 and 40 t at 5 USD/kg."""
    result = solve(
        demand=ONE_YEAR, imports=TWO_ORIGINS, targets=HEAD + row("origin_share", 0.6, form="oxide")
    )
    assert (result.risk, result.cost) == (near(0), near(0.26))


@pytest.mark.parametrize(("price", "missing", "cost"), [(2, 40, 0.18), (6, 0, 0.26)])
def test_too_much_of_one_origin_has_a_price(
    solve: Solve, price: int, missing: float, cost: float
) -> None:
    """40 t more from CHN save 4 USD/kg: worth 2, not 6."""
    rows = HEAD + row("origin_share", 0.6, form="oxide", price_usd_per_kg=price)
    result = solve(demand=ONE_YEAR, imports=TWO_ORIGINS, targets=rows)
    assert (result.cost, result.missing) == (near(cost), {"t": roughly(missing)})


def test_suppliers_of_one_origin_are_one(solve: Solve) -> None:
    """All from one origin: nothing may be used; with 40 t made at home 60 t may come."""
    tables = {
        "demand": ONE_YEAR,
        "imports": TWO_ORIGINS,
        "suppliers": "supplier,origin\nCHN,\nMYS,CHN",
        "targets": HEAD + row("origin_share", 0.6, form="oxide"),
    }
    assert solve(**tables).risk == near(100)
    plants = "project,name,country,stage,existing_tpa,feeds\nM,M,AAA,mine,400,clay\nS,S,AAA,separation,400,clay"
    assert solve(projects=plants, **tables).risk == near(0)


def test_a_country_of_the_case_is_an_outside_origin_too(solve: Solve) -> None:
    """BBB sells 100 t to AAA, which has 20 t from MYS: half of what is used is 20 t."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR,
        imports=SOLD + "BBB,AAA,Dy,,2026,100,1\nMYS,AAA,Dy,,2026,20,5",
        targets=HEAD + row("origin_share", 0.5, form="oxide"),
    )
    assert result.risk == near(60)


def test_what_is_resold_keeps_its_origin(solve: Solve) -> None:
    """AAA, cut off by CHN, has 30 t of MYS and could have 50 of CHN's by way of BBB: no more than 30."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR + "\nBBB,Dy,2026,100",
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1\nCHN,BBB,Dy,,2026,100,1\nMYS,AAA,Dy,,2026,30,1",
        resale="country,share\nBBB,0.5",
        shocks="scenario,kind,start_year,end_year,supplier,country,factor,leak\nbase,import,2026,,CHN,AAA,0,1",
        targets=HEAD + row("origin_share", 0.5, form="oxide", country="AAA"),
    )
    assert result.risk == near(40)


def test_what_plants_take_in_is_used(solve: Solve) -> None:
    """100 t of metal need 100 t of oxide: 60 imported for nothing, 40 made at 20 USD/kg: 0.8."""
    result = solve(
        demand="country,element,form,year,tonnes\nAAA,Dy,metal,2026,100",
        imports=SOLD + "CHN,AAA,Dy,,2026,100,0",
        projects="project,name,country,stage,existing_tpa,variable_opex_usd_per_t,feeds\n"
        "M,M,AAA,mine,9000,,clay\nS,S,AAA,separation,9000,2000,clay\nT,T,AAA,metal,100,,",
        targets=HEAD + row("origin_share", 0.6, form="oxide"),
    )
    assert (result.risk, result.cost) == (near(0), near(0.8))


STOCK = "country,element,initial_t,purchase_usd_per_kg\nAAA,Dy,50,10"


def test_released_stock_is_no_use_of_the_year(solve: Solve) -> None:
    """Of one origin alone nothing may be used, and stock is not: 50 t are served from it."""
    result = solve(
        demand=ONE_YEAR,
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1",
        stockpiles=STOCK,
        targets=HEAD + row("origin_share", 0.6, form="oxide"),
    )
    assert result.risk == near(50)


def test_stock_is_not_thrown_away_to_lower_what_is_used(solve: Solve) -> None:
    """Half of what is used is to be made at home, where 20 t are: 40 t used beside 50 t of stock; 10 t short."""
    result = solve(
        demand=ONE_YEAR,
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1",
        stockpiles=STOCK,
        projects="project,name,country,stage,existing_tpa,feeds\nM,M,AAA,mine,200,clay\nS,S,AAA,separation,200,clay",
        targets=HEAD + row("made_share", 0.5, form="oxide"),
    )
    assert result.risk == near(10)


def test_what_is_bought_is_used(solve: Solve) -> None:
    """In 2026 50 t are bought for 2027, when nothing comes in, 150 t used; CHN may send two thirds of that, MYS a third."""
    result = solve(
        imports=SOLD + "CHN,AAA,Dy,,2026,150,1\nMYS,AAA,Dy,,2026,150,3",
        shocks="scenario,kind,start_year,end_year,factor\nbase,import,2027,2027,0",
        stockpiles="country,element,initial_t,max_t,purchase_usd_per_kg\nAAA,Dy,0,50,10",
        budgets="funder,year,musd\nAAA,2026,5",
        targets=HEAD + row("origin_share", 2 / 3, form="oxide"),
    )
    # 100 x 1 + 50 x 3 USD/kg, and purchases at 10 - 1.
    assert (result.risk, result.cost) == (near(50), near(0.1 + 0.15 + 0.45))


MAKES = "project,name,country,stage,existing_tpa,variable_opex_usd_per_t,feeds\n"


def test_a_share_must_be_made_at_home(solve: Solve) -> None:
    """40 t made at 20 USD/kg and 60 t imported at 1: 0.8 + 0.06."""
    result = solve(
        demand=ONE_YEAR,
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1",
        projects=MAKES + "M,M,AAA,mine,9000,,clay\nS,S,AAA,separation,9000,2000,clay",
        targets=HEAD + row("made_share", 0.4, form="oxide"),
    )
    assert (result.risk, result.cost) == (near(0), near(0.86))


def test_saved_demand_is_not_used(solve: Solve) -> None:
    """30 t saved, 70 used: 28 made at 0.02, 42 imported at 0.001."""
    result = solve(
        demand=ONE_YEAR,
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1",
        projects=MAKES
        + "M,M,AAA,mine,9000,,clay\nS,S,AAA,separation,9000,2000,clay\nV,V,AAA,saving,10,,",
        savings="project,element,form,tonnes\nV,Dy,oxide,3",
        targets=HEAD + row("made_share", 0.4, form="oxide"),
    )
    assert (result.risk, result.cost) == (near(0), near(0.56 + 0.042))


def test_what_is_made_and_left_over_does_not_count(solve: Solve) -> None:
    """AAA makes 100 t and uses 10, BBB makes none: half of 10 + x is 10 at most, so x = 10 and 90 t are short."""
    result = solve(
        {"policy": {"coordination": "national"}},
        countries="country,name\nAAA,A\nBBB,B",
        demand="country,element,year,tonnes\nAAA,Dy,2026,10\nBBB,Dy,2026,100",
        imports=SOLD + "CHN,BBB,Dy,,2026,100,1",
        projects=MAKES + "M,M,AAA,mine,1000,,clay\nS,S,AAA,separation,1000,,clay",
        targets=HEAD + row("made_share", 0.5, form="oxide"),
    )
    assert result.risk == near(90)


def test_what_is_given_and_used_elsewhere_was_made(solve: Solve) -> None:
    """AAA's 100 t are given to BBB, which uses them: AAA may import all of its own."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR + "\nBBB,Dy,2026,100",
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1",
        projects=MAKES + "M,M,AAA,mine,1000,,clay\nS,S,AAA,separation,1000,,clay",
        targets=HEAD + row("made_share", 1, form="oxide", country="AAA"),
    )
    assert result.risk == near(0)


@pytest.mark.parametrize(("feeds", "short"), [("", 20), ("clay", 40), ("scrap", 80)])
def test_feeds_count_as_they_are_mined(solve: Solve, feeds: str, short: float) -> None:
    """Mines yield 300 t of clay (30 t Dy) and 20 t of scrap (10 t); nothing is separated.

    Half of what is used: 60 t with clay, 20 with scrap, 80 with both.
    """
    result = solve(
        demand=ONE_YEAR,
        imports=SOLD + "CHN,AAA,Dy,,2026,100,1",
        feeds="feed,element,share\nclay,Dy,0.1\nscrap,Dy,0.5",
        projects=MAKES + "M,M,AAA,mine,300,,clay\nN,N,AAA,mine,20,,scrap",
        targets=HEAD + row("made_share", 0.5, form="feed", feeds=feeds),
    )
    assert result.risk == near(short)


def test_a_target_does_not_bind_the_case_without_a_plan(solve: Solve, tmp_path: Path) -> None:
    """60 t take 600 t/y for 12 MUSD; without levers nothing is served, and that is no fault."""
    model = {"objective": {"goal": "welfare", "risk_aversion": 0.0}}
    result = solve(
        model,
        demand=ONE_YEAR,
        projects="project,name,country,stage,existing_tpa,max_new_tpa,capex_usd_per_tpa,feeds\n"
        "M,M,AAA,mine,9000,,,clay\nS,S,AAA,separation,,600,20000,clay",
        budgets="funder,year,musd\nAAA,2026,50",
        targets=HEAD + row("served", 0.6),
    )
    assert (result.risk, result.cost) == (near(40), near(12))
    assert without_plan(tmp_path, model).risk == near(100)
