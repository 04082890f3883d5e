"""Faults in the tables of investment cases are told at their place, and no plan changes with what they say."""

from __future__ import annotations

import pytest

from planner.data.investment_tables import ITEMS
from planner.errors import InputError
from tests.cases import mine, plant, scenarios
from tests.conftest import MakeCase

DECK = {"element": "Dy", "market": "lenders", "price_usd_per_kg": 5}


FAULTS = """
finance | item=wac, value=0.1 | finance.csv:2: item: unknown item "wac" (did you mean "wacc"?)
finance | item=life_years, value=1.5 | finance.csv:2: value: 1.5: life_years is in whole years
finance | item=life_years, value=1000 | finance.csv:2: value: 1000 is out of bounds
finance | item=wacc, value=0.1, high=0.05 | finance.csv:2: high: 0.05 is below value 0.1
finance | item=dscr, value=0 | finance.csv:2: value: 0: debt would have no end
finance | item=wacc, value=0.1, country=AAB | "AAB" (did you mean "AAA"?)
prices | element=Dy, market=lenders, price_usd_per_kg=5, low=6 | prices.csv:2: price_usd_per_kg: 5 is below low 6
prices | element=Dy, market=lenders, price_usd_per_kg=5, future=glat | prices.csv:2: future: unknown scenario "glat" (did you mean "glut"?)
contracts | contract=c, kind=offtake, project=plnt | "plnt" (did you mean "plant"?)
contracts | contract=c, kind=offtake, floor_usd_per_kg=9, cap_usd_per_kg=8 | contracts.csv:2: cap_usd_per_kg: 8 is below floor_usd_per_kg 9
contracts | contract=c, kind=offtake, first_year=2030, last_year=2029 | contracts.csv:2: last_year: 2029 is before first_year 2030
studies | project=plnt, item=npv, value=1 | "plnt" (did you mean "plant"?)
byproducts | project=plnt, product=Dy, tonnes_per_t=1 | "plnt" (did you mean "plant"?)
byproducts | project=plant, product=zircon, tonnes_per_t=1 | byproducts.csv:2: product: "zircon" has no row in prices; add a row to prices
finance | item=tax_rate, value=30 | finance.csv:2: value: 30 is out of bounds: tax_rate (share) is 0 to 1; 30 % is 0.3
finance | item=debt_share, value=0.6, high=60 | finance.csv:2: high: 60 is out of bounds: debt_share (share of capital) is 0 to 1
contracts | contract=c, kind=offtake, element=Pm | contracts.csv:2: element: unknown element "Pm"
contracts | contract=c, kind=feed, floor_usd_per_kg=100 | contracts.csv:2: floor_usd_per_kg: floor_usd_per_kg is a term of offtake alone
contracts | contract=c, kind=offtake, price_share=80 | contracts.csv:2: price_share: 80: must be less than or equal to 5
"""
"""Table | the cells of its only row | what is told."""


@pytest.mark.parametrize("fault", FAULTS.strip().splitlines())
def test_each_fault_is_told_once(make_case: MakeCase, fault: str) -> None:
    table, cells, said = (part.strip() for part in fault.split(" | "))
    row = dict(cell.split("=") for cell in cells.split(", "))
    with pytest.raises(InputError) as caught:
        make_case(
            projects=[mine(), plant()], scenarios=scenarios(calm=0.5, glut=0.5), **{table: [row]}
        )
    assert len(caught.value.faults) == 1 and said in str(caught.value)


def test_no_plan_reads_them_and_samples_keep_their_futures(make_case: MakeCase) -> None:
    more = {"prices": [{**DECK, "future": "glut"}], "finance": [{"item": "wacc", "value": 0.1}]}
    bare = make_case(projects=[mine(), plant()], scenarios=scenarios(calm=0.5, glut=0.5))
    stated = make_case(projects=[mine(), plant()], scenarios=scenarios(calm=0.5, glut=0.5), **more)
    assert bare.sha256 == stated.sha256
    drawn = [
        {"scenario": f"{name}-{n}", "storyline": name, "probability": 0.25}
        for name in ("calm", "glut")
        for n in (1, 2)
    ]
    assert (
        make_case(projects=[mine(), plant()], scenarios=drawn, **more).tables.prices[0].future
        == "glut"
    )


@pytest.mark.parametrize("item", [name for name, item in ITEMS.items() if item.most <= 1])
def test_every_share_and_rate_is_at_most_one(make_case: MakeCase, item: str) -> None:
    for value, sound in ((0.5, True), (1, True), (1.01, False), (40, False)):
        finance = [{"item": item, "value": value}]
        if sound:
            make_case(projects=[mine(), plant()], finance=finance)
        else:
            with pytest.raises(InputError, match=f"{value:g} is out of bounds: {item}"):
                make_case(projects=[mine(), plant()], finance=finance)


def offtakes(*rows: dict[str, object]) -> list[dict[str, object]]:
    return [{"contract": f"c{n}", "kind": "offtake", **row} for n, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "together"),
    [
        ([{"covers": 0.8}, {"covers": 0.6}], "140%"),
        ([{"covers": 0.8, "project": "plant"}, {"covers": 0.6}], "140%"),
        ([{"covers": 0.8, "element": "Dy"}, {"covers": 0.3}], "110%"),
        ([{"covers": 1, "last_year": 2029}, {"covers": 0.5, "first_year": 2029}], "150%"),
    ],
)
def test_contracts_that_cover_more_than_all_are_refused(
    make_case: MakeCase, rows: list[dict[str, object]], together: str
) -> None:
    with pytest.raises(InputError, match=f"contracts.csv:3: covers: .*{together}"):
        make_case(projects=[mine(), plant()], contracts=offtakes(*rows))


@pytest.mark.parametrize(
    "rows",
    [
        [{"covers": 0.8}, {"covers": 0.2}],
        [{"covers": 1, "last_year": 2028}, {"covers": 1, "first_year": 2029}],
        [{"covers": 1, "project": "plant"}, {"covers": 1, "project": "mine"}],
        [{"covers": 1, "tonnes": 5}, {"covers": 1, "tonnes": 5}],
    ],
)
def test_contracts_side_by_side_are_accepted(
    make_case: MakeCase, rows: list[dict[str, object]]
) -> None:
    assert (
        len(make_case(projects=[mine(), plant()], contracts=offtakes(*rows)).tables.contracts) == 2
    )
