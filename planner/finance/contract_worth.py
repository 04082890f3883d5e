"""Each contract of a case by itself: its worth to the project, and to the party that buys or delivers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.finance.cashflow import CashFlows, cash_flows
from planner.finance.contracts import Deal
from planner.finance.plant_flows import Investment
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
        one = ContractWorth(
            contract=deal.contract.contract,
            project=float(worth(flows, x) - worth(plain, x)),
            owners=float(worth(flows, x, "owners") - worth(plain, x, "owners")),
            at_adverse_prices=float(worth(in_hurt, hurt) - worth(plain_in_hurt, hurt)),
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
    private, public = np.zeros_like(flows.index), np.zeros_like(flows.index)
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
