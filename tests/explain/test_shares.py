"""Who carries what, as an explanation tells it: by the rules of `shares`, whatever the plan was asked."""

from __future__ import annotations

import pytest

import planner
from planner.explanation.explain import explain
from planner.solving.shares import shares
from tests.cases import demand, imports, record, scenarios, shock
from tests.conftest import MakeCase

TABLES = {
    "demand": [*demand(last=2026), *demand(50, last=2026, country="BBB")],
    "imports": [imports(100), imports(50, country="BBB")],
    "scenarios": [
        {**row, "probability_low": 0.2, "probability_high": 0.8}
        for row in scenarios(calm=0.5, cut=0.5)
    ],
    "shocks": [shock("cut", "import", 0.5)],
}
PRICED = record(target="asked", kind="origin_share", form="oxide", share=0.5, price_usd_per_kg=2)


@pytest.mark.parametrize(
    ("model", "tables"),
    [({"objective.odds": "worst"}, {}), ({}, {"targets": [PRICED]})],
    ids=["worst odds", "a priced target"],
)
def test_charges_go_by_the_given_odds_and_without_targets(
    make_case: MakeCase, model: dict[str, object], tables: dict[str, object]
) -> None:
    """Half of 150 t is lost in one of two scenarios of even odds, at 1 MUSD a tonne: 75 MUSD weighed by half and by CVaR."""
    case = make_case(model, countries=[{"country": "AAA"}, {"country": "BBB"}], **TABLES, **tables)
    asked = shares(case)
    found = explain(planner.solve(case), "run", workers=1).decision
    assert found is not None and found.shares is not None
    assert found.shares.optimum == pytest.approx(asked.optimum)
    assert [row.charge for row in found.shares.rows] == pytest.approx(
        [row.charge for row in asked.rows]
    )
