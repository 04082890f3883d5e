"""Use of capacity and origins, worked out by hand.

One country AAA needs 100 t of Dy in each of 2026 and 2027, 1 MUSD per tonne short; ore holds 0.1 t of Dy per tonne.
"""

from __future__ import annotations

import pytest

from tests.oracle.figures import diversity, origins_of_year, told_years, utilisation
from tests.oracle.hand import Solve, near, roughly
from tests.oracle.program import OracleResult

ONE_YEAR = "country,element,year,tonnes\nAAA,Dy,2026,100"
METAL = "country,element,form,year,tonnes\nAAA,Dy,metal,2026,100"
SOLD = "supplier,country,element,form,year,tonnes,price_usd_per_kg\n"
PLANTS = "project,name,country,stage,existing_tpa,max_new_tpa,capex_usd_per_tpa,feeds\n"
MINE = "M,M,AAA,mine,5000,,,clay\n"


@pytest.fixture
def solve(solve_both: Solve) -> Solve:
    """The planner finds the same."""
    return solve_both


def used_stage(result: OracleResult, stage: str) -> dict[str, float | None]:
    """The use of a stage's capacity."""
    assert result.world is not None and result.solution is not None
    return utilisation(result.world, result.solution)[stage]


def origins(result: OracleResult, form: str = "oxide", *, traced: bool = False) -> dict[str, float]:
    """Shares by origin in 2026."""
    assert result.world is not None and result.solution is not None
    tonnes = origins_of_year(result.world, result.solution, "Dy", form, 2026, traced=traced)
    found = diversity(tonnes)
    return found.shares if found else {}


def test_half_of_what_stands_is_used(solve: Solve) -> None:
    """500 of 1000 t a year in separation, 500 of 5000 in the mine; nothing is new."""
    demand = "country,element,year,tonnes\nAAA,Dy,2026,50\nAAA,Dy,2027,50"
    costs = PLANTS.replace("feeds", "feeds,variable_opex_usd_per_t")
    mine = MINE.replace("clay", "clay,1000")
    result = solve(demand=demand, projects=costs + mine + "S,S,AAA,separation,1000,,,clay,1000")
    idle = {"new": None, "new_undisturbed": None}
    assert used_stage(result, "separation") == {**idle, "existing": roughly(0.5)}
    assert used_stage(result, "mine") == {**idle, "existing": roughly(0.1)}


def test_use_is_split_in_proportion_to_capacity_before_shocks(solve: Solve) -> None:
    """500 t stand, 500 are built in 2026 for 5 MUSD; all run, and half of them in 2027: 0.75, undisturbed 1."""
    result = solve(
        projects=PLANTS + MINE + "S,S,AAA,separation,500,500,10000,clay",
        budgets="funder,year,musd\nAAA,2026,5",
        shocks="scenario,kind,start_year,end_year,stage,factor\nbase,capacity,2027,2027,separation,0.5",
    )
    told = {"new": near(0.75), "new_undisturbed": near(1), "existing": near(0.75)}
    assert used_stage(result, "separation") == told


def test_shares_of_suppliers_and_of_what_is_made(solve: Solve) -> None:
    """50 t made, 30 from CHN and 20 from MYS, which sells from CHN too: 0.5 and 0.5, hhi 0.5."""
    result = solve(
        demand=ONE_YEAR,
        imports=SOLD + "CHN,AAA,Dy,,2026,30,1\nMYS,AAA,Dy,,2026,20,1",
        projects=PLANTS + MINE + "S,S,AAA,separation,500,,,clay",
        suppliers="supplier,origin\nCHN,\nMYS,CHN",
    )
    assert origins(result) == {"AAA": near(0.5), "CHN": roughly(0.5)}
    apart = solve(demand=ONE_YEAR, imports=SOLD + "CHN,AAA,Dy,,2026,60,1\nMYS,AAA,Dy,,2026,40,1")
    assert apart.world is not None and apart.solution is not None
    found = diversity(
        origins_of_year(apart.world, apart.solution, "Dy", "oxide", 2026, traced=False)
    )
    assert found is not None
    assert (found.shares, found.hhi) == ({"CHN": near(0.6), "MYS": near(0.4)}, near(0.52))


def test_oxide_is_traced_to_its_mine(solve: Solve) -> None:
    """AAA separates what BBB mines: made in AAA, from BBB."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR,
        projects=PLANTS + MINE.replace("AAA", "BBB") + "S,S,AAA,separation,1000,,,clay",
    )
    assert origins(result) == {"AAA": near(1)}
    assert origins(result, traced=True) == {"BBB": near(1)}


def test_what_returns_has_the_origin_of_what_went_in(solve: Solve) -> None:
    """x = 60 of CHN + 0.2 x that came back of it: all of CHN, though 15 t of the oxide are made in AAA."""
    result = solve(
        feeds="feed,element,share\nswarf,Dy,1",
        demand=METAL,
        imports=SOLD + "CHN,AAA,Dy,,2026,60,0",
        projects="project,name,country,stage,existing_tpa,recovery,feeds\n"
        "T,T,AAA,metal,1000,0.75,\nS,S,AAA,separation,1000,0.8,swarf",
        returns="stage,element,feed,share\nmetal,Dy,swarf,0.25",
    )
    assert origins(result) == {"CHN": near(0.8), "AAA": near(0.2)}
    assert origins(result, traced=True) == {"CHN": near(1)}
    assert origins(result, "metal", traced=True) == {"CHN": near(1)}


@pytest.mark.parametrize(
    ("last", "years"), [(2026, [2026]), (2027, [2026, 2027]), (2031, [2026, 2028, 2031])]
)
def test_the_years_told(solve: Solve, last: int, years: list[int]) -> None:
    """The middle is rounded down."""
    world = solve({"horizon": {"last_year": last}}).world
    assert world is not None
    assert told_years(world) == years
