"""Faults in the tables of investment cases are told at their place, and no plan changes with what they say."""

from __future__ import annotations

import pytest

from planner.errors import InputError
from tests.cases import mine, plant, scenarios
from tests.conftest import MakeCase

DECK = {"element": "Dy", "market": "lenders", "price_usd_per_kg": 5}


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        (
            "finance",
            {"item": "wac", "value": 0.1},
            'finance.csv:2: item: unknown item "wac" (did you mean "wacc"?)',
        ),
        (
            "finance",
            {"item": "life_years", "value": 1.5},
            "finance.csv:2: value: 1.5: life_years is in whole years",
        ),
        (
            "finance",
            {"item": "life_years", "value": 1000},
            "finance.csv:2: value: 1000 is out of bounds",
        ),
        (
            "finance",
            {"item": "wacc", "value": 0.1, "high": 0.05},
            "finance.csv:2: high: 0.05 is below value 0.1",
        ),
        (
            "finance",
            {"item": "dscr", "value": 0},
            "finance.csv:2: value: 0: debt would have no end",
        ),
        (
            "finance",
            {"item": "wacc", "value": 0.1, "country": "AAB"},
            '"AAB" (did you mean "AAA"?)',
        ),
        ("prices", {**DECK, "low": 6}, "prices.csv:2: price_usd_per_kg: 5 is below low 6"),
        (
            "prices",
            {**DECK, "future": "glat"},
            'prices.csv:2: future: unknown scenario "glat" (did you mean "glut"?)',
        ),
        (
            "contracts",
            {"contract": "c", "kind": "offtake", "project": "plnt"},
            '"plnt" (did you mean "plant"?)',
        ),
        (
            "contracts",
            {"contract": "c", "kind": "offtake", "floor_usd_per_kg": 9, "cap_usd_per_kg": 8},
            "contracts.csv:2: cap_usd_per_kg: 8 is below floor_usd_per_kg 9",
        ),
        (
            "contracts",
            {"contract": "c", "kind": "offtake", "first_year": 2030, "last_year": 2029},
            "contracts.csv:2: last_year: 2029 is before first_year 2030",
        ),
        (
            "byproducts",
            {"project": "plnt", "product": "x", "tonnes_per_t": 1},
            '"plnt" (did you mean "plant"?)',
        ),
    ],
)
def test_each_fault_is_told_once(
    make_case: MakeCase, table: str, row: dict[str, object], said: str
) -> None:
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
        {"scenario": f"{name}-{n}", "probability": 0.25}
        for name in ("calm", "glut")
        for n in (1, 2)
    ]
    assert (
        make_case(projects=[mine(), plant()], scenarios=drawn, **more).tables.prices[0].future
        == "glut"
    )
