"""How much of sales contracts cover, while debt is owed and later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.data.investment_tables import Contract
from planner.finance.cashflow import CashFlows
from planner.finance.loans import PAID
from planner.finance.plant_flows import Product
from planner.finance.project_facts import Levels
from planner.finance.yearly_rows import Array


@dataclass(frozen=True, kw_only=True)
class UnderContract:
    """Sales of one product (t), contracted how far: share under offtake contracts, share under those that fix a price or a
    floor; while debt is owed and later (None: nothing is sold then). last: year of the last tonne under contract."""

    good: Product
    with_debt: float | None
    priced_with_debt: float | None
    later: float | None
    last: int | None


def under_contract(flows: CashFlows, x: Levels) -> list[UnderContract]:
    """Sales of all plants by product (tonnes that are paid for), in order of their names."""
    owed = np.concatenate([[0.0], flows.owed()[:-1]]) > PAID  # as the year begins
    tonnes: dict[Product, Array] = {}
    covered: dict[Product, Array] = {}
    priced: dict[Product, Array] = {}
    nothing = np.zeros_like(flows.index)
    for plant in flows.plants:
        for sale in plant.sales:
            good = sale.material.good
            paid = float(x["payable"]) if sale.material.payable else 1.0
            tonnes[good] = tonnes.get(good, nothing) + sale.tonnes * paid
            covered.setdefault(good, nothing)
            priced.setdefault(good, nothing)
            for settlement in sale.settled:
                covered[good] = covered[good] + settlement.covered
                if _has_price(settlement.contract):
                    priced[good] = priced[good] + settlement.covered
    out = []
    for good in sorted(tonnes):
        in_force = np.flatnonzero(covered[good] > 0)
        last = int(x["first_year"]) + int(in_force[-1]) if in_force.size else None
        one = UnderContract(
            good=good,
            with_debt=_share(covered[good], tonnes[good], owed),
            priced_with_debt=_share(priced[good], tonnes[good], owed),
            later=_share(covered[good], tonnes[good], ~owed),
            last=last,
        )
        out.append(one)
    return out


def _has_price(contract: Contract) -> bool:
    return contract.price_usd_per_kg is not None or contract.floor_usd_per_kg is not None


def _share(part: Array, whole: Array, in_years: NDArray[np.bool_]) -> float | None:
    """Part of a whole in some years; None where there is none of it."""
    of = float(whole[in_years].sum())
    return float(part[in_years].sum()) / of if of > 0 else None
