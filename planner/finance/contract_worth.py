"""Each contract of a case by itself: its worth to the project, and to the party that buys or delivers; and how much of
sales contracts cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.data.investment_tables import Contract
from planner.finance.cashflow import CashFlows, cash_flows
from planner.finance.contracts import Deal
from planner.finance.loans import PAID
from planner.finance.plant_flows import Investment, Product
from planner.finance.project_facts import Levels
from planner.finance.returns import npv, worth
from planner.finance.yearly_rows import Array


@dataclass(frozen=True, kw_only=True)
class ContractWorth:
    """The effect of a contract (MUSD, present values): the case with it less the case with the same volume at the
    market in its place.

    project, owners: NPV after tax, and of the owners. at_adverse_prices: the former at prices that hurt the project.
    party: gain of who buys or delivers, at the cost of capital, without public money. public: gain of the public, at the
    public rate; below nought it pays.
    """

    contract: str
    project: float
    owners: float
    at_adverse_prices: float
    party: float
    public: float


def contract_worths(
    found: Investment, x: Levels, use: Sequence[Array], adverse: Levels
) -> list[ContractWorth]:
    """Each contract of an investment at its levels. adverse: levels of prices that hurt."""
    hurt = {**x, **adverse}
    flows = cash_flows(found, x, use)
    in_hurt = cash_flows(found, hurt, use)
    out = []
    for deal in found.deals:
        market = _without(found, deal)
        plain = cash_flows(market, x, use)
        plain_in_hurt = cash_flows(market, hurt, use)
        private, public = _gains_of_others(deal, flows, plain)
        of_project = worth(flows, x) - worth(plain, x)
        of_owners = worth(flows, x, "owners") - worth(plain, x, "owners")
        at_bad_prices = worth(in_hurt, hurt) - worth(plain_in_hurt, hurt)
        one = ContractWorth(
            contract=deal.contract.contract,
            project=float(of_project),
            owners=float(of_owners),
            at_adverse_prices=float(at_bad_prices),
            party=float(npv(x["wacc"], private)),
            public=float(npv(x["public_rate"], public)),
        )
        out.append(one)
    return out


def _without(found: Investment, gone: Deal) -> Investment:
    """The investment with one contract at market prices: a sale of the same volume, feed as any other."""
    deals = []
    for deal in found.deals:
        if deal is not gone:
            deals.append(deal)
        elif deal.contract.kind == "offtake":
            deals.append(deal.at_market())
    return replace(found, deals=tuple(deals))


def _gains_of_others(deal: Deal, flows: CashFlows, plain: CashFlows) -> tuple[Array, Array]:
    """Gains of the party and of the public by year (MUSD, real) from a contract, against its volume at the market."""
    if deal.contract.kind == "feed":
        paid = np.zeros_like(flows.index)
        for plant, without in zip(flows.plants, plain.plants, strict=True):
            paid = paid + plant.feed - without.feed
        return paid, np.zeros_like(paid)
    private = np.zeros_like(flows.index)
    public = np.zeros_like(flows.index)
    for plant in flows.plants:
        for sale in plant.sales:
            for settlement in sale.settled:
                if settlement.contract is not deal.contract:
                    continue
                difference = settlement.paid_back - settlement.top_up
                private = private - settlement.basis
                if deal.contract.public:
                    public = public + difference
                else:
                    private = private + difference
    return private, public


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
