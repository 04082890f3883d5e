"""A plant whose cash can be worked out in the head, and levels of all terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from planner.data.investment_tables import ITEMS, Contract
from planner.finance.contracts import Deal
from planner.finance.plant_flows import Investment, Product
from planner.finance.project_facts import FinanceTerm, Material, PlantFacts, Quote
from planner.finance.yearly_rows import Array

PLAIN: Mapping[str, float] = {
    "tax_rate": 0.25,
    "depreciation_years": 3,
    "wacc": 0.1,
    "equity_rate": 0.1,
    "debt_rate": 0.1,
    "debt_share": 0.5,
    "debt_years": 5,
    "grace_years": 0,
    "dscr": 2.0,
    "inflation": 0.0,
    "contingency": 0.0,
    "sustaining": 0.0,
    "closure": 0.0,
    "stock_days": 0.0,
    "receivable_days": 0.0,
    "payable_days": 0.0,
    "completion": 0.0,
    "life_years": 3,
    "payable": 0.25,
    "reserve_months": 0.0,
}


def plain_terms(**changes: float) -> dict[str, FinanceTerm]:
    """Terms without what makes sums long: no inflation, contingency, closure or working capital, 3 years of output."""
    values = {name: item.value for name, item in ITEMS.items()} | PLAIN | changes
    return {
        name: FinanceTerm(
            name=name,
            meaning=name,
            unit="",
            value=value,
            low=value,
            high=value,
            source="here",
            confidence="high",
            judged=False,
            whole=ITEMS[name].whole,
        )
        for name, value in values.items()
    }


def separation(
    contracts: tuple[Contract, ...] = (),
    wanted: Mapping[Product, Array] | None = None,
    **columns: Any,
) -> Investment:
    """20 t/y for 40 MUSD, paid 2026 and 2027; half used in 2028, all in 2029 and 2030. Each tonne gives 0.4 t at 6 MUSD
    and takes in 0.5 t at 6 MUSD times the payable quarter; costs 0.2 MUSD, and 0.1 MUSD a year whether it runs or not.

    Sales 24, 48, 48; feed 7.5, 15, 15; running 2, 4, 4; fixed 2, 2, 2: EBITDA 12.5, 27, 27.
    """
    years = tuple(range(2026, 2032))
    plant = PlantFacts(
        project="plant",
        name="plant",
        stage="separation",
        country="AAA",
        commit=2026,
        lead=2,
        pays=(0.5, 0.5),
        size=20.0,
        capex=2.0,
        fixed=0.1,
        variable=0.2,
        ramp=(0.5, 1.0),
        mix={"ore": 1.0},
        made=(Material("Dy", "oxide", 0.4),),
        taken=(Material("Dy", "oxide", 0.5, True),),
    )
    plant = PlantFacts(**{**vars(plant), **columns})
    price = Quote(
        element="Dy",
        name="dysprosium",
        form="oxide",
        price=np.full(6, 6.0),
        low=0.5,
        high=2.0,
        by_future={"cheap": np.full(6, 3.0)},
        premiums=(),
        source="here",
        confidence="high",
    )
    return Investment(
        years=years,
        base_year=2026,
        plants=(plant,),
        quotes=(price,),
        deals=tuple(map(Deal.of, contracts)),
        wanted=wanted or {},
    )


WHOLE = [np.ones(6)]
