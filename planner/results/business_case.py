"""The investment case of one or several plants, as values. `planner.api.business_case` fills them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from planner.finance.cashflow import CashFlows, starting_up
from planner.finance.credit import ADVERSE, HIGH_PRICES, Credit, Downside, Lending
from planner.finance.economics import Economics
from planner.finance.loans import guaranteed
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import OF_COUNTRY, FinanceTerm, Levels
from planner.finance.returns import Returns
from planner.finance.sensitivity import Swing
from planner.finance.study import StudyStep
from planner.finance.support import CostElsewhere, Package, PublicMoney, public_cost
from planner.finance.yearly_rows import Array
from planner.results.display import Parts
from planner.thresholds import TOLERATED

CENT = 0.005
"""Flow (MUSD a year) that rounds to nothing."""
APART = 0.10
"""Use of capacity by which plan and case may differ without a warning."""


Basis = Literal["plan", "market"]
PLAN: Basis = "plan"
MARKET: Basis = "market"
"""Volumes that support and debt are sized on: as the plan runs it, all sold."""


@dataclass(frozen=True, kw_only=True)
class Taxed:
    """Tax on profit in a country: rate, years of depreciation, part of a profit that losses offset; the cost of capital there."""

    country: str
    tax_rate: float
    depreciation_years: float
    loss_limit: float
    wacc: float


@dataclass(frozen=True, kw_only=True)
class PaidIn:
    """What owners pay in some years (nominal MUSD), what they get in others not taken off; first, last: of the years. most_in:
    the most that they have in at once, less what they were paid before, at the end of the year `deepest`."""

    musd: float
    first: int
    last: int
    most_in: float
    deepest: int


@dataclass(frozen=True, kw_only=True)
class InFuture:
    """The case that is shown in one future, with its prices and volumes: NPV after tax, all public money (MUSD)."""

    npv: float
    public: float


@dataclass(frozen=True, kw_only=True)
class EvenMix:
    """The case that is shown, working in every year what it works over all years: NPV after tax (MUSD), what owners pay, and
    the least public cost that is enough then; lending: what lenders give then without that support."""

    npv: float
    paid: PaidIn | None
    public: float | None
    lending: Lending


@dataclass(frozen=True, kw_only=True)
class FeedInPlan:
    """What a plant takes in of a feed, or of an oxide or metal that it converts, in a year, and what all plants of the plan give
    of it then, expected (t)."""

    name: str
    year: int
    taken: float
    given: float


LITTLE = 0.1
"""Share of the feed of a plant below which what a plan gives of it is next to nothing."""
UNSOLD = 0.1
"""Share of the goods for which the case gives no demand that is tried unsold."""


@dataclass(frozen=True, kw_only=True)
class Sold:
    """The case with one answer to what is sold: the plants, for each the use of its capacity by year, and what follows.

    use: rate over the years of output; levels: of terms, prices and support; adverse: flows at prices that hurt; economics:
    costs per kg and break-even; lending: what lenders give; credit: debt, its cover and that of cases worse than the base.
    """

    investment: Investment
    by_year: tuple[Array, ...]
    use: tuple[float, ...]
    levels: Levels
    flows: CashFlows
    adverse: CashFlows
    returns: Returns
    economics: Economics
    lending: Lending
    credit: Credit

    @cached_property
    def early(self) -> Array:
        """1 in years in which it starts up, until sources and uses are told."""
        return starting_up(self.flows, self.levels)

    @property
    def binds(self) -> str | None:
        """What keeps lenders' loan from being larger: their test at adverse prices, or as in the base; None without it."""
        return ADVERSE if self.lending.is_cut and self.lending.given else self.credit.binds

    @property
    def paid_in_all(self) -> PaidIn | None:
        """What owners pay in all years."""
        return self._paid(self.flows.owners)

    @property
    def paid_later(self) -> PaidIn | None:
        """What owners pay after sources and uses end."""
        return self._paid(np.where(self.early <= 0, self.flows.owners, 0.0))

    def _paid(self, to_owners: Array) -> PaidIn | None:
        pays = to_owners < -CENT
        if not pays.any():
            return None
        years = np.array(self.investment.years)
        net = np.cumsum(self.flows.owners)
        deepest = int(net.argmin())
        return PaidIn(
            musd=-float(to_owners[pays].sum()),
            first=int(years[pays][0]),
            last=int(years[pays][-1]),
            most_in=-float(net[deepest]),
            deepest=int(years[deepest]),
        )

    @property
    def fullest(self) -> int:
        """The place of the year in which it works most."""
        return int(np.argmax(sum(plant.tonnes for plant in self.flows.plants)))

    @property
    def earned_at_full(self) -> float:
        """Sales less running cost, feed and royalty in that year (real MUSD), with what the public pays for it."""
        return float((self.flows.ebitda / self.flows.index)[self.fullest])

    @property
    def cash_in_output(self) -> Array:
        """Cash flow that can serve debt in the years of output (nominal MUSD)."""
        runs = np.any([plant.running > 0 for plant in self.flows.plants], axis=0)
        return self.flows.cfads[runs]

    @property
    def geared(self) -> float:
        """Capital that no grant, tax credit or public loan pays (nominal MUSD), of which lenders give a share."""
        return float(self.flows.left().sum())

    @property
    def indebted(self) -> float:
        """All debt drawn, a public loan too, over the capital that no grant or tax credit pays."""
        public = float(self.flows.public.draws.sum())
        left = self.geared + public
        return (self.returns.debt + public) / left if left > CENT else 0.0


@dataclass(frozen=True)
class Market:
    """A product in the year in which its output is most of what is wanted (t): made here, sold here, made by others in
    the plan, wanted. earned: by what is sold (real MUSD)."""

    element: str
    form: str
    year: int
    made: float
    sold: float
    earned: float
    others: float
    demand: float

    @property
    def share(self) -> float:
        """All that is made over what is wanted."""
        return (self.made + self.others) / self.demand if self.demand > 0 else float("inf")

    @property
    def displaced(self) -> float:
        """What would not be earned if all others sold first (real MUSD)."""
        left = max(self.demand - self.others, 0.0)
        return self.earned * max(1.0 - left / self.sold, 0.0) if self.sold > 0 else 0.0


@dataclass(frozen=True)
class Removal:
    """The loss of the alliance without the plants, all else planned anew: least cost and risk (MUSD) without them less
    with them, of that the risk, and expected shortfall by element (t).
    saved: loss avoided by future (MUSD); instead: what is built by plant (t/y) and bought by element (t) more without them.
    """

    worth: float
    risk: float | None = None
    shortfall_t: Mapping[str, float] | None = None
    saved: Mapping[str, float] = field(default_factory=dict)
    instead: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, repr=False, kw_only=True)
class BusinessCase(Parts):
    """All of an investment case. builds: t/y that the plan commits, by plant. futures: name -> probability.
    full: all sold at the market; planned: sold as the plan runs it, None where it runs none of the plants. basis: of these,
    what support and debt are sized for and sensitivities told. throughput: use of capacity by future. package: the support
    of least public cost, None where none suffices; supported: the case with it, None where none is needed or suffices;
    money: every instrument in use with it, stated ones included; owned: cost to the
    public of the plants as its own (present value, MUSD). study: from the NPV of the sponsor's study to that of the case.
    feeds: what plants are assigned to take in, by share; of the others what the case
    says. in_futures: the case that is shown, by future, where futures differ; even_mix: with a mix that is the same in all
    years, None where it is or hardly moves; elsewhere: public cost where a term is otherwise; feeds_in_plan: what it takes in
    beside what the plan gives; royalty_point: what one more per cent of sales as royalty takes off its NPV, unsold: what it
    loses if a tenth of the goods without a demand is not sold (MUSD); in_place_of_grant: what lenders would give in place of a
    grant that leaves nothing to lend on, None without one.
    """

    projects: tuple[str, ...]
    run: str
    market: str
    changes: Mapping[str, float]
    feeds: Mapping[str, Mapping[str, float]]
    terms: Mapping[str, FinanceTerm]
    investment: Investment
    builds: Mapping[str, Mapping[int, float]]
    futures: Mapping[str, float]
    basis: Basis
    full: Sold
    planned: Sold | None
    throughput: Mapping[str, tuple[float, ...]]
    package: Package | None
    supported: Sold | None
    money: Sequence[PublicMoney]
    owned: float
    swings: Sequence[Swing]
    markets: Sequence[Market]
    removal: Removal | None
    in_futures: Mapping[str, InFuture]
    even_mix: EvenMix | None
    unsold: float
    in_place_of_grant: Lending | None
    study: Sequence[StudyStep] = ()
    elsewhere: Sequence[CostElsewhere] = ()
    feeds_in_plan: Sequence[FeedInPlan] = ()
    royalty_point: float = 0.0

    @property
    def headline(self) -> dict[str, str]:
        """The plants, what they are worth sold whole, and what they cost the public (MUSD)."""
        worth = self.full.returns.npv_after_tax
        return {
            "plants": ", ".join(self.projects),
            "run": self.run,
            "NPV after tax": f"{worth:,.0f} MUSD",
            "public cost": f"{self.public_cost:,.0f} MUSD",
        }

    @property
    def modes(self) -> list[tuple[str, Sold]]:
        """Each answer to what is sold and what support is sized for with the cheapest, under their titles."""
        answers = {
            "As the plan runs it": self.planned,
            "Selling all": self.full,
            "With the least support": self.supported,
        }
        return [(title, sold) for title, sold in answers.items() if sold is not None]

    @property
    def dated(self) -> str:
        """The day that present values are of, and the money they are in."""
        return f"1 January {self.investment.years[0]} in money of {self.investment.base_year}"

    def told(self, sold: Sold) -> str:
        """The title of an answer to what is sold."""
        return next(title for title, one in self.modes if one is sold)

    def years_of_money(self, sold: Sold) -> tuple[int, ...]:
        """Years up to the last one in which a case pays or earns anything."""
        moves = np.abs(sold.flows.after_tax) + np.abs(sold.flows.owners) > CENT
        years = self.investment.years
        return years[: int(np.flatnonzero(moves)[-1]) + 1] if moves.any() else years

    @property
    def by_year(self) -> list[Sold]:
        """The cases whose money is told by year: the one that is shown, and the one that has debt where that is another."""
        return [self.shown] if self.lent is self.shown else [self.shown, self.lent]

    def first_repayment(self, sold: Sold) -> int:
        """Its year."""
        return self.investment.years[0] + int(sold.flows.loan.begun.item())

    def better(self, sold: Sold) -> list[Downside]:
        """Cases that are called worse and leave more than the base."""
        base, *others = sold.credit.downsides
        worse = [one for one in others if one.what != HIGH_PRICES]
        return [one for one in worse if one.npv > base.npv + CENT]

    def cover_asked(self, sold: Sold) -> float:
        """The DSCR by which lenders size their loan: less as far as it is guaranteed."""
        return float(guaranteed(sold.levels)["dscr"])

    @property
    def shown(self) -> Sold:
        """The one case that key figures and yearly tables show: with the least support, where it has any."""
        return self.supported or self.judged_on

    @property
    def lent(self) -> Sold:
        """The case that tables of debt show: the one that is shown, or the first that has debt where that has none."""
        cases = (self.shown, self.judged_on, self.full)
        return next((sold for sold in cases if sold.returns.debt > 0), self.shown)

    @property
    def cut(self) -> list[Sold]:
        """Cases of which lenders give less than the loan that the base bears, or other than with the grace agreed."""
        return [sold for _, sold in self.modes if sold.lending.is_cut or sold.lending.missed]

    @property
    def refused(self) -> dict[str, Lending]:
        """What lenders give of loans that they do not give as agreed, under the titles of their cases."""
        refused = {self.told(sold): sold.lending for sold in self.cut}
        even = self.even_mix
        if even is not None and self.planned is not None and self.told(self.planned) in refused:
            refused["With the mix of all years in every year, as the plan runs it"] = even.lending
        if self.in_place_of_grant is not None and self.in_place_of_grant.sized > 0:
            refused["In place of the grant"] = self.in_place_of_grant
        return refused

    @property
    def untested(self) -> float:
        """The share of what is sold at full size for which the case gives no demand."""
        every = beside = 0.0
        for flows in self.full.flows.plants:
            for sale in flows.sales:
                every += sale.market.sum()
                if self.investment.lacks_demand(sale.material):
                    beside += sale.market.sum()
        return beside / every if every else 0.0

    @property
    def prices_of_study(self) -> float | None:
        """The value of a tonne of capacity in use, at full prices, in the sponsor's study over that of the case."""
        steps = {one.what: one for one in self.study}
        gross, tonnes = steps.get("gross"), steps.get("tonnes")
        if not (gross and tonnes and gross.theirs and gross.ours and tonnes.theirs and tonnes.ours):
            return None
        return gross.theirs / tonnes.theirs / (gross.ours / tonnes.ours)

    @property
    def worth_parts(self) -> tuple[float, float, float] | None:
        """The gain of the alliance by the plants (MUSD): cost of the plan, expected loss, weight that caution puts on
        the worst scenarios; None where it was not solved for."""
        gone = self.removal
        if gone is None or gone.risk is None:
            return None
        expected = sum(self.futures[w] * saved for w, saved in gone.saved.items())
        worst = gone.risk - expected
        return gone.worth - gone.risk, expected, worst if abs(worst) > TOLERATED else 0.0

    def downside(self, what: str) -> Downside:
        """The case that is shown where things are otherwise."""
        return next(one for one in self.shown.credit.downsides if one.what == what)

    @property
    def lacking_feeds(self) -> list[FeedInPlan]:
        """Feeds of which the plan gives next to nothing."""
        return [feed for feed in self.feeds_in_plan if feed.given < LITTLE * feed.taken]

    @property
    def converts(self) -> bool:
        """All plants buy at full price what they convert."""
        return all(plant.converts for plant in self.investment.plants)

    @property
    def taxed(self) -> list[Taxed]:
        """Terms of tax of each country of the plants; of one country without its name."""
        countries = dict.fromkeys(plant.country for plant in self.investment.plants)
        if "tax_rate" in self.terms:
            countries = {"": None}
        told = []
        for country in countries:
            whose = f"{country}:" if country else ""
            values = {name: self.terms[f"{whose}{name}"].value for name in OF_COUNTRY}
            told.append(Taxed(country=country, **values))
        return told

    @property
    def years_of(self) -> dict[str, int]:
        """Years of the first payment, the first output, the first full output and the last."""
        plants, life = self.investment.plants, int(self.terms["life_years"].value)
        start = min(p.start for p in plants)
        full = max(p.start + len(p.ramp) - 1 for p in plants)
        return {
            "pays": min(p.commit for p in plants),
            "starts": start,
            "full": full,
            "ends": start + life - 1,
        }

    @property
    def judged_on(self) -> Sold:
        """The case that support is sized for: that of the basis."""
        return self.planned if self.basis == PLAN and self.planned else self.full

    @property
    def bankable(self) -> bool:
        """No support is needed for owners to earn what they ask and for debt to be served at adverse prices, on the terms of
        the case and the volumes of its basis."""
        return self.package is not None and not self.package.amounts

    @property
    def bankable_at_market(self) -> bool:
        """Owners earn what they ask without support, all sold."""
        return self.full.returns.npv_owners >= 0

    @property
    def stated_cost(self) -> float:
        """Public money that the case states, as present value (MUSD), without further support."""
        return sum(one.cost_stated for one in self.money)

    @property
    def public_cost(self) -> float:
        """All public money as present value (MUSD), stated and added."""
        return sum(one.cost for one in self.money)

    @property
    def cost_at_adverse_prices(self) -> float:
        """The same public money where prices hurt (present value, MUSD)."""
        return self.downside(ADVERSE).public

    @property
    def support_years(self) -> list[int]:
        """Years in which support for output is paid to some plant of the case that is shown."""
        paid = np.any([plant.supported > 0 for plant in self.shown.flows.plants], axis=0)
        return [year for year, is_paid in zip(self.investment.years, paid, strict=True) if is_paid]

    def costs_at(self, rates: Sequence[float]) -> dict[float, float]:
        """What the same public money costs at other public rates (present value, MUSD); none where it differs from future to
        future."""
        shown = self.shown
        own = float(public_cost(shown.flows, shown.levels))
        if abs(own - self.public_cost) >= CENT:
            return {}
        costs = {}
        for rate in rates:
            levels = {**shown.levels, "public_rate": np.asarray(rate)}
            costs[rate] = float(public_cost(shown.flows, levels))
        return costs

    @property
    def apart(self) -> list[int]:
        """Plants that the plan uses by more than ten points less or more than the case says."""
        planned = self.planned.use if self.planned else (0.0,) * len(self.projects)
        pairs = zip(planned, self.full.use, strict=True)
        return [i for i, (plan, case) in enumerate(pairs) if abs(plan - case) > APART]

    def file_stem(self) -> str:
        """A name for its files: plants, market and what is otherwise than the case states."""
        market = [] if self.market == "case" else [self.market]
        basis = [] if self.basis == PLAN or self.planned is None else [self.basis]
        changed = [f"{name}-{value:g}" for name, value in self.changes.items()]
        for project, mix in self.feeds.items():
            changed += [f"{project}-{feed}-{share:g}" for feed, share in mix.items()]
        return "-".join(["project", *self.projects, *basis, *market, *changed])
