"""Targets worked out by hand: whose use they count, when, and on which nodes.

One country AAA needs 100 t of Dy in 2026, 1 MUSD per tonne short; ore holds 0.1 t of Dy per tonne.
"""

from __future__ import annotations

import pytest

from tests.oracle.hand import LAMBDA0, Solve, near, roughly

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


def test_a_country_of_the_case_is_an_outside_origin_too(solve: Solve) -> None:
    """BBB sells 100 t to AAA, which has 20 t from MYS: half of what is used is 20 t."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR,
        imports=SOLD + "BBB,AAA,Dy,,2026,100,1\nMYS,AAA,Dy,,2026,20,5",
        targets=HEAD + row("origin_share", 0.5, form="oxide"),
    )
    assert result.risk == near(60)


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
