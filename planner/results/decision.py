"""The grounds of a decision, as values: the cost of risk, and who carries the cost.
`planner.explanation` and `planner.sharing.shares` fill them in, the report, explain.json and tables/shares.csv show them.

Money in MUSD: risk and loss discounted at the rate of risk, cost at that of cost, expected over the futures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.results.display import Parts

PLANS = ("nothing", "core", "chosen", "near", "least")
"""Keys of the named plans: none of the levers pulled; least cost plus risk; the plan of the run; the cheapest within
a hundredth of the least risk; the cheapest of the least risk."""
HUNDREDTH = 0.01
"""Part of the least risk by which `near` may be above it."""


@dataclass(frozen=True)
class Corner:
    """A plan at which the curve of least risk for its cost bends.

    weight: the largest weight of cost at which no plan has less risk + weight * cost. So it is also what 1 MUSD takes
    off the risk on the way from the corner before, which is cheaper; the first corner's is infinite, stated as None.
    """

    weight: float | None
    cost: float
    risk: float


@dataclass(frozen=True)
class NamedPlan:
    """A plan with a name. public: expected public spending, not discounted. builds: expected new capacity (t/y) of what
    is built more than a hundredth of.
    """

    key: str
    risk: float
    expected_loss: float
    cvar: float
    cost: float
    public: float
    builds: Mapping[str, float]


@dataclass(frozen=True, repr=False)
class Frontier(Parts):
    """The least risk for every cost, from the least cost to the least risk, and the named plans in the order of PLANS.

    gap: how far the curve can lie below what is stated (MUSD of risk); 0 if every corner was found.
    """

    corners: Sequence[Corner]
    plans: Sequence[NamedPlan]
    gap: float
    solves: int

    @property
    def headline(self) -> dict[str, str]:
        """Its ends (MUSD), and the number of plans at which it bends."""
        first, last = self.corners[0], self.corners[-1]
        ends = f"risk {first.risk:,.0f} to {last.risk:,.0f} for a cost of {first.cost:,.0f} to {last.cost:,.0f} MUSD"
        return {"frontier": ends, "corners": f"{len(self.corners)}"}


@dataclass(frozen=True)
class Share:
    """The charge of a party so that nobody is better off leaving, a row of the table `shares` (MUSD).

    alone: its least cost + risk by itself; charge: of the whole; gain = alone - charge; lowest, highest: outer bounds
    of what is stable, lowest None where it was not asked; own_loss: its part of the risk; paid: its funders' payments
    and its private costs, of which `private` are the latter; transfer = charge - own_loss - paid, to others where
    positive.
    """

    party: str
    alone: float
    charge: float
    gain: float
    lowest: float | None
    highest: float
    own_loss: float
    paid: float
    transfer: float
    private: float


@dataclass(frozen=True, repr=False)
class Shares(Parts):
    """The charges of all parties, which sum to `optimum`, the least cost + risk of the whole (MUSD).

    frame("rows"): a row for each party. checked: coalitions that were solved, of `coalitions`; slack: the least that any
    of them would lose by leaving; tightest: its parties. by_duals: the charges come from the prices of one solve (many
    parties); else they have the largest least gain over all coalitions.
    """

    rows: Sequence[Share]
    optimum: float
    checked: int
    coalitions: int
    slack: float
    tightest: Sequence[str]
    by_duals: bool

    @property
    def headline(self) -> dict[str, str]:
        """The charge of each party, and their sum (MUSD)."""
        charges = {row.party: f"{row.charge:,.0f}" for row in self.rows}
        return {**charges, "sum": f"{self.optimum:,.0f} MUSD"}
