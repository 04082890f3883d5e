"""Public money: what every instrument costs the public, and the support that makes a case bankable at the least of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.stats import qmc

from planner.finance.cashflow import CashFlows, cash_flows, cash_for_debt
from planner.finance.least_cost import SupportTrial, least_cost
from planner.finance.loans import PAID, fee_for_guarantee
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import Levels
from planner.finance.returns import npv, worth
from planner.finance.yearly_rows import Array, added, before

GRANT, LOAN, GUARANTEE, CFD = "grant", "public_loan", "guarantee", "cfd"
AVAILABILITY, DEBT, STOCK = "availability", "debt_share", "public_stock"
LEVERS = (CFD, STOCK, GUARANTEE, LOAN, DEBT, AVAILABILITY, GRANT)
"""Terms that support is made of, with the share of the capital that lenders give, which may be less than they would; in the
order in which they are left out where that costs next to nothing."""
EVEN = 0.5
"""How much there is of each lever where a search begins too, of its most."""
SAMPLED, TAKEN, HALVINGS = 32, 3, 6
"""Supports that are sampled of each family; the best of all, from which a search begins; halvings by which their grant is
found."""
MOST_CFD = 3.0
"""The price of a contract for difference that is tried at most, over that of the deck, more than what the plant earns."""
OF_TWO_ALIKE = 0.01
"""MUSD that all there may be of a lever counts as, so that of supports that cost the same the smaller one is taken."""
PRECISE = 0.1
"""MUSD of public cost that fewer instruments may cost more."""
RETURNS_SHOWN = (0.25, 0.5, 0.75, 1.0, 1.25)
"""Returns of the owners over what they ask, of which the public cost is shown."""
LEAST_SHARE = 1e-6
"""Share of the most of a lever below which there is none of it."""
TIGHT = 1e-3
"""Distance from a bound, of the whole or in MUSD, at which it binds."""
HARDLY = 0.02
"""Share of the public cost by which it may differ with the return that owners ask, and count as one that does not."""
MANY = 2
"""Dimensions of a level that differs from case to case."""


@dataclass(frozen=True, kw_only=True)
class PublicMoney:
    """An instrument in use: how much of it the case states and how much it has with support, and what that costs the public
    as present value at the public rate (MUSD), expected over the futures. worst: in the future in which it is most. Nominal
    MUSD: most, most_adverse: in a year, in the base and where prices hurt, and that year; exposed: the most that is lent or
    guaranteed at once, None of what is neither."""

    kind: str
    stated: float
    amount: float
    cost_stated: float
    cost: float
    worst: float
    most: float
    year: int
    most_adverse: float
    year_adverse: int
    exposed: float | None


@dataclass(frozen=True, kw_only=True)
class Package:
    """The support that makes a case bankable at the least public cost, on top of what it states. amounts: of each lever, in
    all. binds: what keeps it from costing less. returns: public cost (MUSD) at other returns of the owners (real); None
    where no support is enough."""

    amounts: Mapping[str, float]
    binds: tuple[str, ...]
    returns: Mapping[float, float | None]

    @property
    def is_flat(self) -> bool:
        """The public cost hardly differs with the return that owners ask."""
        costs = [cost for cost in self.returns.values() if cost is not None]
        return bool(costs) and max(costs) - min(costs) < HARDLY * max(costs)


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """An answer to the question what is sold: the investment, for each plant what is worked of it by year, and the same by
    future (a row for each, or one for all)."""

    found: Investment
    use: Sequence[Array]
    use_in: Sequence[Array]


def paid_by_the_public(flows: CashFlows, x: Levels) -> dict[str, Array]:
    """Public money by instrument and year (nominal MUSD), below nought what the public is paid; of a guarantee with the loss
    expected. Tax and royalty are not counted against it."""
    sales = [sale for plant in flows.plants for sale in plant.sales]
    floored = added([sale.floored for sale in sales], flows.index)
    difference = added([sale.difference for sale in sales], flows.index)
    by_contract = added([sale.by_contract for sale in sales], flows.index)
    for_stock = added([sale.for_stock for sale in sales], flows.index)
    return {
        GRANT: flows.grant,
        LOAN: flows.public.draws - flows.public.service,
        GUARANTEE: x[GUARANTEE] * x["guarantee_loss"] * before(flows.loan.owed)
        - fee_for_guarantee(flows.loan, x),
        "floor": floored * flows.index,
        CFD: difference * flows.index,
        AVAILABILITY: flows.availability,
        STOCK: for_stock * flows.index,
        "tax_credit": flows.credit,
        "contracts": by_contract * flows.index,
    }


NEVER_EARNS = (LOAN, GUARANTEE)
"""Instruments that cost nothing where the public is paid more than it pays: what it is paid more is for the risk."""


def lasting_money(flows: CashFlows, x: Levels) -> dict[str, Array]:
    """Public money by instrument and year (real MUSD), of a stock what it is not worth later, of a loan with the loss
    expected."""
    money = {kind: paid / flows.index for kind, paid in paid_by_the_public(flows, x).items()}
    lost = x["guarantee_loss"] * before(flows.public.owed) / flows.index
    return money | {STOCK: (1.0 - x["stock_worth"]) * money[STOCK], LOAN: money[LOAN] + lost}


def public_costs(flows: CashFlows, x: Levels) -> dict[str, Array]:
    """Present value at the public rate of each instrument, in each case (MUSD)."""
    costs = {}
    for kind, money in lasting_money(flows, x).items():
        cost = npv(x["public_rate"], money)
        costs[kind] = np.maximum(cost, 0.0) if kind in NEVER_EARNS else cost
    return costs


def public_cost(flows: CashFlows, x: Levels) -> Array:
    """Present value of all public money, in each case (MUSD)."""
    costs = [*public_costs(flows, x).values()]
    return added(costs[1:], costs[0]) + costs[0]


def public_exposure(flows: CashFlows, x: Levels) -> dict[str, float]:
    """The most that the public has lent, or guarantees, at the end of a year (nominal MUSD)."""
    owed = {LOAN: flows.public.owed, GUARANTEE: x[GUARANTEE] * flows.loan.owed}
    return {kind: float(by_year.max()) for kind, by_year in owed.items()}


def public_money(
    volumes: Volumes, stated: Levels, x: Levels, *, adverse: Levels, futures: Mapping[str, float]
) -> list[PublicMoney]:
    """Every instrument that is in use at levels `x`, those that the case states included. adverse: levels of prices that hurt."""
    in_futures, of_stated = (
        flows_by_future(volumes, x, futures),
        flows_by_future(volumes, stated, futures),
    )
    costs, costs_stated = public_costs(in_futures, x), public_costs(of_stated, stated)
    flows = cash_flows(volumes.found, x, volumes.use)
    at_adverse = {**x, **adverse}
    in_adverse = cash_flows(volumes.found, at_adverse, volumes.use)
    with_its_debt = replace(in_adverse, loan=flows.loan, public=flows.public)
    paid_adverse = paid_by_the_public(with_its_debt, at_adverse)
    exposed = public_exposure(flows, x)
    years = volumes.found.years
    told = []
    for kind, paid in paid_by_the_public(flows, x).items():
        if not np.any(np.abs(costs[kind]) > PAID) and not float(x.get(kind, np.zeros(()))):
            continue
        most, most_adverse = int(np.argmax(paid)), int(np.argmax(paid_adverse[kind]))
        money = PublicMoney(
            kind=kind,
            stated=float(stated.get(kind, np.nan)),
            amount=float(x.get(kind, np.nan)),
            cost_stated=expected(costs_stated[kind], futures),
            cost=expected(costs[kind], futures),
            worst=float(np.max(costs[kind])),
            most=float(paid[most]),
            year=years[most],
            most_adverse=float(paid_adverse[kind][most_adverse]),
            year_adverse=years[most_adverse],
            exposed=exposed.get(kind),
        )
        told.append(money)
    return told


def flows_by_future(volumes: Volumes, x: Levels, futures: Mapping[str, float]) -> CashFlows:
    """Flows with the prices and volumes of each future, a row each."""
    prices = volumes.found.by_future(list(futures))
    return cash_flows(volumes.found, x, volumes.use_in, prices)


def expected(costs: Array, futures: Mapping[str, float]) -> float:
    """The mean of costs by future."""
    chances = np.array(list(futures.values()))
    return float(np.broadcast_to(costs, chances.shape) @ chances / chances.sum())


@dataclass(frozen=True, kw_only=True)
class SupportSearch:
    """The question which support is enough: the volumes, the levels as they stand, those of adverse prices, the futures;
    lent: the share of the capital that lenders give as it stands, which may be less than they may."""

    volumes: Volumes
    x: Levels
    adverse: Levels
    futures: Mapping[str, float]
    lent: float

    @cached_property
    def most(self) -> dict[str, tuple[float, float]]:
        """The least and the most of each lever: at least what is stated; of debt at most what lenders give."""
        flows = cash_flows(self.volumes.found, self.x, self.volumes.use)
        capital = float(flows.capital.sum())
        losses = float(np.maximum(-flows.cfads / flows.index, 0.0).max())
        stated = {lever: float(self.x[lever]) for lever in LEVERS}
        neutral = stated[CFD] or self._neutral_cfd()
        return {
            GRANT: (stated[GRANT], max(stated[GRANT], float(self.x["grant_most"]))),
            LOAN: (stated[LOAN], max(capital, stated[LOAN])),
            GUARANTEE: (stated[GUARANTEE], 1.0),
            AVAILABILITY: (stated[AVAILABILITY], stated[AVAILABILITY] + losses + capital / 2),
            DEBT: (0.0, stated[DEBT]),
            STOCK: (stated[STOCK], 1.0),
            CFD: (neutral, neutral + MOST_CFD),
        }

    def _neutral_cfd(self) -> float:
        """The price of a contract for difference, over that of the deck, that leaves the plants what they earn at it."""
        paid = []
        for share in (1.0, 2.0):
            x = {**self.x, CFD: np.asarray(share)}
            flows = cash_flows(self.volumes.found, x, self.volumes.use)
            paid.append(float(paid_by_the_public(flows, x)[CFD].sum()))
        return 1.0 - paid[0] / ((paid[1] - paid[0]) or 1.0)

    def levels(self, levers: Sequence[str], points: Array) -> dict[str, Array]:
        """Levels with some supports, one a row: each lever from its least (0) to its most (1)."""
        levels = {**self.x, DEBT: self.x[DEBT] + np.zeros((len(points), 1))}
        most = self.most
        for place, lever in enumerate(levers):
            low, high = most[lever]
            levels[lever] = low + points[:, place, None] * (high - low)
        return levels

    def cost(self, levels: Levels) -> float:
        """Expected public cost at some levels."""
        one_row = {**levels, DEBT: np.asarray(levels[DEBT]).reshape(1, 1)}
        return float(self.tried(one_row).cost[0])

    def tried(self, levels: Levels) -> SupportTrial:
        """Public cost of supports (a row each), and what they must not leave below nought (MUSD): the gain of the owners over
        the return they ask, all that they get less all that they pay, undiscounted, and by year what cash flow at adverse
        prices leaves of all debt service, senior at the cover asked then."""
        volumes = self.volumes
        base = cash_flows(volumes.found, levels, volumes.use)
        at_low_prices = {**levels, **self.adverse}
        bad = cash_for_debt(volumes.found, at_low_prices, volumes.use)
        service = levels["dscr_low"] * base.loan.senior + base.public.service
        spare = np.minimum(np.maximum(bad, 0.0) - service, service)
        due = before(base.loan.owed) * base.loan.rate
        spare = np.where(base.loan.missed > 0, np.minimum(spare, -due), spare)
        in_all = (base.owners / base.index).sum(axis=-1)
        gains = np.column_stack([worth(base, levels, "owners"), in_all, spare / base.index])
        return SupportTrial(cost=self._cost(levels, base), gains=gains, serves=service > PAID)

    @cached_property
    def _futures_differ(self) -> bool:
        """Prices or volumes are not the same in all futures."""
        found, volumes = self.volumes.found, self.volumes.use_in
        return any(quote.by_future for quote in found.quotes) or any(len(v) > 1 for v in volumes)

    @cached_property
    def _hangs_on_prices(self) -> bool:
        """Public money hangs on prices or volumes of futures, whatever the support."""
        deals = [deal.contract for deal in self.volumes.found.deals]
        by_price = ("floor", CFD, STOCK, "tax_credit_per_kg")
        return any(deal.public for deal in deals) or any(float(self.x[name]) for name in by_price)

    def _cost(self, levels: Levels, base: CashFlows) -> Array:
        """Expected public cost of supports, a row each; where no future changes it that of the base."""
        is_priced = self._hangs_on_prices or max(levels[CFD].ndim, levels[STOCK].ndim) == MANY
        if not (is_priced and self._futures_differ):
            return public_cost(base, levels)
        rows = len(levels[DEBT])
        chances = np.array(list(self.futures.values()))
        at = dict(levels)
        for name, level in levels.items():
            if level.ndim == MANY:
                at[name] = np.repeat(level, len(chances), axis=0)
        prices = {}
        for good, by_future in self.volumes.found.by_future(list(self.futures)).items():
            prices[good] = np.tile(by_future, (rows, 1))
        use = []
        for by_future in self.volumes.use_in:
            of_all = np.broadcast_to(by_future, (len(chances), by_future.shape[-1]))
            use.append(np.tile(of_all, (rows, 1)))
        costs = public_cost(cash_flows(self.volumes.found, at, use, prices), at)
        of_each = np.broadcast_to(costs, (rows * len(chances),)).reshape(rows, -1)
        return np.asarray(of_each @ chances / chances.sum())


CAPPED = {GUARANTEE: (0.0, 0.5), "grant_most": (0.5, 0.75), AVAILABILITY: (0.0,)}
"""Less of an instrument than the least support may have, by term."""


@dataclass(frozen=True, kw_only=True)
class CostElsewhere:
    """Public cost (MUSD) of the least support where a term has another level; None where none was found."""

    term: str
    level: float
    cost: float | None


def costs_elsewhere(
    search: SupportSearch, package: Package, ends: Mapping[str, Sequence[float]]
) -> list[CostElsewhere]:
    """Public cost of support near the least one where one term has another level, of `ends` or capped."""
    out = []
    for term, levels in {**ends, **CAPPED}.items():
        if term in (GUARANTEE, AVAILABILITY) and term not in package.amounts:
            continue
        for level in levels:
            other = replace(search, x={**search.x, term: np.asarray(level)})
            cost = _cost_near(other, package, without=term if term in CAPPED else "")
            out.append(CostElsewhere(term=term, level=level, cost=cost))
    return out


def _cost_near(search: SupportSearch, package: Package, without: str) -> float | None:
    """The cost of a support without a lever, from the least one with all others and from that of its own levers."""
    has_cfd = CFD in package.amounts
    levers = [lever for lever in LEVERS if lever != without and (lever != CFD or has_cfd)]
    start = []
    for lever in levers:
        low, high = search.most[lever]
        amount = package.amounts.get(lever, high if lever == DEBT else low)
        start.append((amount - low) / ((high - low) or 1.0))
    supports = [_near(search, levers, np.clip(start, 0.0, 1.0))]
    if without == AVAILABILITY and not has_cfd and not float(search.x[CFD]):
        levers = [CFD, *levers]
        supports.append(None)
    if None in supports:
        supports.append(_near(search, levers, np.full(len(levers), EVEN)))
    return min((one.cost for one in supports if one is not None), default=None)


def is_bankable(search: SupportSearch) -> bool:
    """Owners earn what they ask and debt is served at adverse prices, on the terms stated."""
    as_it_stands = {**search.x, DEBT: np.array([[search.lent]])}
    return bool((search.tried(as_it_stands).gains >= -TIGHT).all())


def least_support(search: SupportSearch) -> Package | None:
    """The support that makes a case bankable at the least public cost, of as few instruments as come within 0.1 MUSD of it;
    None where none does. A case that is bankable as it stands needs none."""
    if is_bankable(search):
        return Package(amounts={}, binds=(), returns={})
    found = _least(search)
    if found is None:
        return None
    return Package(
        amounts=_amounts(search, found),
        binds=_binding(search, found),
        returns=_at_returns(search, found),
    )


@dataclass(frozen=True, kw_only=True)
class Found:
    """A support: levers, how much there is of each, from its least (0) to its most (1), and its public cost (MUSD)."""

    levers: Sequence[str]
    point: Array
    cost: float


def _near(search: SupportSearch, levers: Sequence[str], start: Array) -> Found | None:
    """The support of some levers that costs least near a start."""

    def tried(points: Array) -> SupportTrial:
        trial = search.tried(search.levels(levers, points))
        return replace(trial, cost=trial.cost + OF_TWO_ALIKE * points.sum(axis=1))

    optimum = least_cost(tried, start)
    if optimum is None:
        return None
    point = np.where(optimum.point < LEAST_SHARE, 0.0, optimum.point)
    cost = optimum.cost - OF_TWO_ALIKE * float(optimum.point.sum())
    return Found(levers=levers, point=point, cost=cost)


def _least(search: SupportSearch) -> Found | None:
    """The support of least cost from each start, then with every lever left out that is not missed. A contract for
    difference that is stated stays as it is."""
    families: list[Sequence[str]] = [[lever for lever in LEVERS if lever != CFD]]
    if not float(search.x[CFD]):
        families.append(LEVERS)
    sampled = [one for levers in families for one in _sampled(search, levers)]
    sampled.sort(key=lambda one: one.cost)
    starts = [(one.levers, one.point) for one in sampled[:TAKEN]]
    starts += [(levers, np.full(len(levers), EVEN)) for levers in families]
    supports = []
    for levers, point in starts:
        one = _near(search, levers, point)
        if one is not None:
            supports.append(one)
    if not supports:
        return None
    return _of_few(search, min(supports, key=lambda one: one.cost))


def _sampled(search: SupportSearch, levers: Sequence[str]) -> list[Found]:
    """Sampled supports, each with the least grant that is enough; what is not enough by any counts as dear."""
    points = qmc.Sobol(len(levers), seed=0).random(SAMPLED)
    grant = levers.index(GRANT)
    low, high = np.zeros(SAMPLED), np.ones(SAMPLED)
    for _ in range(HALVINGS):
        points[:, grant] = (low + high) / 2.0
        is_enough = search.tried(search.levels(levers, points)).lacking <= TIGHT
        high = np.where(is_enough, points[:, grant], high)
        low = np.where(is_enough, low, points[:, grant])
    points[:, grant] = high
    merits = search.tried(search.levels(levers, points)).merit.tolist()
    return [
        Found(levers=levers, point=point, cost=merit)
        for point, merit in zip(points, merits, strict=True)
    ]


def _of_few(search: SupportSearch, best: Found) -> Found:
    """A support without the levers that are not missed, within `PRECISE` of its cost."""
    least = best.cost
    for lever in best.levers:
        place = best.levers.index(lever)
        others = [other for other in best.levers if other != lever]
        rest = np.delete(best.point, place)
        is_idle = best.point[place] == (1.0 if lever == DEBT else 0.0) and lever != CFD
        fewer = replace(best, levers=others, point=rest) if is_idle else _near(search, others, rest)
        if fewer is not None and fewer.cost <= least + PRECISE:
            best = fewer
    return best


def _levels(search: SupportSearch, found: Found) -> dict[str, Array]:
    return search.levels(found.levers, found.point[None, :])


def _amounts(search: SupportSearch, found: Found) -> dict[str, float]:
    levels = _levels(search, found)
    return {lever: float(levels[lever].item()) for lever in found.levers}


def _binding(search: SupportSearch, found: Found) -> tuple[str, ...]:
    """What is at its bound: the return of the owners, debt at adverse prices and the year, levers at their most."""
    trial = search.tried(_levels(search, found))
    gains, owes = trial.gains[0], trial.serves[0]
    binds = ["owners"] if gains[0] < TIGHT else []
    binds += ["in all"] if gains[1] < TIGHT else []
    tight = np.flatnonzero(owes & (gains[2:] < TIGHT))
    binds += [f"debt {search.volumes.found.years[tight[0]]}"] if tight.size else []
    for lever, share in zip(found.levers, found.point.tolist(), strict=True):
        if share > 1.0 - TIGHT and lever not in (DEBT, CFD):
            binds.append(lever)
    return tuple(binds)


def _at_returns(search: SupportSearch, found: Found) -> dict[float, float | None]:
    """Public cost at other returns of the owners."""
    asked = float(search.x["equity_rate"])
    costs: dict[float, float | None] = {}
    for factor in RETURNS_SHOWN:
        other = replace(search, x={**search.x, "equity_rate": np.asarray(factor * asked)})
        one = found if factor == 1.0 else _near(other, found.levers, found.point)
        costs[factor * asked] = None if one is None else one.cost
    return costs
