"""Goods: feeds, output of plants, balances by country, exchange within a group, resale, and stocks.

Feeds are shared within a coordination group. `delivered` is the part of the group's output that a country uses: its own
and net imports from the group. A country exports at most its own output, which is delivered >= 0. Imports from outside,
resold tonnes and stock stay in the balance of their country.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from planner.data.lookups import Good
from planner.data.stages import OXIDE
from planner.formulation.declarations import (
    Expression,
    IndexSet,
    Model,
    Variable,
    equation,
    or_zero,
)
from planner.formulation.gathered import listed, summed
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Term, quicksum
from planner.formulation.savings import saved
from planner.formulation.variable_trees import GoodAt, InputAt, OperationNode, SuppliedAt


def feed_balance_index(s: Scope) -> list[InputAt]:
    """(group, f, n): feeds that some plant of the group can take."""
    return sorted(s.feeds_at)


@equation(
    feed_balance_index,
    r"\sum_{p \in \mathcal{S} : \gamma_{c_p} = \gamma} s_{p,f,n} \le \sum_{p \in \mathcal{M} : "
    r"\gamma_{c_p} = \gamma, f_p = f} m_{p,n} + \sum_{p,e : \gamma_{c_p} = \gamma} \mathrm{returned}_{p,e,f} \, r_{p,e,n}",
    each=r"group $\gamma$, feed $f$, node $n$",
    reads=("returns.share",),
)
def feed_balance(m: Model, group: str, f: str, n: OperationNode) -> Expression:
    """Use of a feed <= mined and returned."""
    s: Scope = m.scope
    used = quicksum(m.separated[p, f, n] for p in s.feeds_at[group, f, n])
    mined = _mined(m, group, f, n)
    if (group, f, n) not in s.returned:
        return used <= mined
    return used - mined - _returned(m, group, f, n) <= 0


@summed
def _mined(m: Model, group: str, f: str, n: OperationNode) -> Iterator[Term]:
    """Feed (t TREO) from mines of a group."""
    s: Scope = m.scope
    for p in s.mines:
        if s.feed_of(p) == f and s.group_of(p) == group and (p, n) in m.mined:
            yield m.mined[p, n]


@summed
def _returned(m: Model, group: str, f: str, n: OperationNode) -> Iterator[Term]:
    """Feed (t TREO) that returns from plants of a group."""
    s: Scope = m.scope
    for p, e in s.returned[group, f, n]:
        yield s.lookups.returned[p][e, f] * m.converted[p, e, n]


@summed
def made(m: Model, key: GoodAt) -> Iterator[Term]:
    """Output (t): share * recovery of each tonne TREO separated, or recovery of each tonne converted."""
    s: Scope = m.scope
    _, e, form, n = key
    for p, taken in s.makers.get(key, ()):
        if form == OXIDE:
            yield s.yields[p, taken][e] * m.separated[p, taken, n]
        else:
            yield s.lookups.recovery(p, e) * m.converted[p, e, n]


@summed
def used(m: Model, key: GoodAt) -> Iterator[Term]:
    """Input (t) of a good to plants of the country."""
    _, e, _, n = key
    for p in m.scope.users.get(key, ()):
        yield m.converted[p, e, n]


@listed
def shortfall_index(s: Scope) -> Iterator[tuple[str, str, str, int, int]]:
    """(c, e, o, n, j): demands and the steps of their loss."""
    for c, e, o, n in s.demanded:
        for j in s.steps_of((c, e, o)):
            yield c, e, o, n, j


def _width_of_step(s: Scope, at: tuple[str, str, str, int, int]) -> float:
    """Tonnes of a demand within a step of its loss."""
    c, e, o, n, j = at
    demand = s.demanded[c, e, o, n]
    *earlier, step = s.lookups.loss_steps((c, e, o))[: j + 1]
    width = step.width * demand
    if earlier and j + 1 == len(s.steps_of((c, e, o))):
        # All steps together are no less than the demand, however they are rounded: else there may be no plan.
        before = sum([one.width * demand for one in earlier])
        width = max(width, demand - before + 2 * math.ulp(demand))
    return width


@listed
def imported_from_index(s: Scope) -> Iterator[SuppliedAt]:
    """(v, c, e, o, n): imports by supplier, where the supplier matters."""
    for key in sorted(s.sellers_by_name):
        for v in s.sellers_by_name[key]:
            yield (v, *key)


@summed
def short(m: Model, key: GoodAt) -> Iterator[Term]:
    """Unmet demand (t), all steps."""
    s: Scope = m.scope
    if key in s.demanded:
        for j in s.steps_of(key[:3]):
            yield m.shortfall[(*key, j)]


def balance_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): every good at every active node, unless imports cover it."""
    return _at_nodes(s, s.goods)


@listed
def _at_nodes(s: Scope, goods: Iterable[Good]) -> Iterator[GoodAt]:
    """Goods at active nodes, unless imports cover them."""
    for c, e, o in goods:
        for n in s.open_to((c, e, o)):
            yield c, e, o, n


@equation(
    balance_index,
    r"x_{c,e,o,n} + M_{c,e,o,n} + \sum_v G_{v,c,e,o,n} + w_{c,e,o,n} + \sum_{j} u_{c,e,o,n,j} + "
    r"\sum_{p : c_p = c} Q_{p,e,o,n} \ge "
    r"\mathrm{demand}_{c,e,o,n} + \mathrm{used}_{c,e,o,n} + q_{c,e,o,n}",
    each="country $c$, element $e$, form $o$, node $n$",
    reads=(
        "demand.tonnes",
        "shocks.factor:demand",
        "feeds.share",
        "projects.recovery",
        "recoveries.recovery",
    ),
)
def balance(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Supply of a good covers its use.

    A good that is not exchanged: made in the country in place of delivered.
    """
    s: Scope = m.scope
    key = (c, e, o, n)
    own = or_zero(m.delivered, key) if (c, e, o) in s.exchanged else made(m, key)
    supply = own + short(m, key) + or_zero(m.imported, key)
    supply += resold(m, key)
    if key in s.savings_of:
        supply += saved(m, key)
    use = s.demanded.get(key, 0.0) + used(m, key)
    if (c, e, o) in s.stocks:
        supply += m.released[key]
    if (c, e, o) in s.purchases:
        use += or_zero(m.bought, key)
    left = supply - use
    return None if isinstance(left, int | float) else left >= 0


@summed
def resold(m: Model, key: GoodAt) -> Iterator[Expression]:
    """Tonnes that a country buys from others of its group to which suppliers still sell."""
    for v in m.scope.suppliers.get(key[:3], ()):
        yield or_zero(m.resold, (v, *key))


def imports_by_supplier_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): goods whose supplier matters."""
    return sorted(s.sellers_by_name)


@equation(
    imports_by_supplier_index,
    r"\sum_v B_{v,c,e,o,n} = M_{c,e,o,n}",
    each="country $c$, element $e$, form $o$, node $n$ at which several suppliers can sell, one of them at a price, or of "
    "which a target of kind `origin_share` speaks",
)
def imports_by_supplier(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Imports are those of all suppliers."""
    key = (c, e, o, n)
    sellers = m.scope.sellers_by_name[key]
    bought = quicksum(m.imported_from[(v, *key)] for v in sellers)
    return bought - m.imported[key] == 0


def import_cost(m: Model, key: GoodAt) -> Expression:
    """Cost (MUSD) of imports of a good at each supplier's price."""
    s: Scope = m.scope
    prices = s.import_prices[key]
    if key not in s.sellers_by_name:
        (price,) = prices.values()
        return price * m.imported[key]
    return quicksum(price * m.imported_from[(v, *key)] for v, price in prices.items())


def pool_index(s: Scope) -> list[GoodAt]:
    """(group, e, o, n): goods that countries of a group can exchange."""
    return sorted({(s.lookups.group[c], e, o, n) for c, e, o, n in s.delivered})


@equation(
    pool_index,
    r"\sum_{c : \gamma_c = \gamma} x_{c,e,o,n} \le \sum_{c : \gamma_c = \gamma} \mathrm{made}_{c,e,o,n}",
    each=r"group $\gamma$, element $e$, form $o$, node $n$",
    reads=("feeds.share", "projects.recovery", "recoveries.recovery"),
)
def pool(m: Model, group: str, e: str, o: str, n: OperationNode) -> Expression:
    """Delivered within a group <= made there.

    What is left over stays with its makers, unused.
    """
    places = [(c, e, o, n) for c in m.scope.traded[group, e, o]]
    delivered = quicksum(or_zero(m.delivered, key) for key in places)
    return delivered <= quicksum(made(m, key) for key in places)


def resale_index(s: Scope) -> list[SuppliedAt]:
    """(v, c, e, o, n): suppliers, and countries cut off from them to which others can sell on."""
    return sorted(s.resale_rivals)


@equation(
    resale_index,
    r"\sum_{c' : \gamma_{c'} = \gamma_c,\ \mathrm{importshock}_{c'} < 1,\ \mathrm{importshock}_{c'} \ge "
    r"\mathrm{importshock}_c} G_{v,c',e,o,n} \le \sum_{c' : \gamma_{c'} = \gamma_c,\ \min(1, "
    r"\mathrm{importshock}_{c'}) > \mathrm{importshock}_c} \mathrm{resale}_{v,c',e,o} \, \mathrm{sold}_{v,c',e,o,t_n} "
    r"\, \mathrm{importshock}_{v,c',e,o,n} \, \ell_n",
    each=r"supplier $v$, country $c$ with $\mathrm{importshock}_c < 1$, element $e$, form $o$, node $n$ (indices "
    "$v, e, o, n$ are left out in conditions)",
    reads=("resale.share", "imports.tonnes", "shocks.factor:import"),
)
def resale(m: Model, v: str, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """What a country and those cut off no more than it have from others <= what those less cut off can sell on."""
    s: Scope = m.scope
    rivals = s.resale_rivals[v, c, e, o, n]
    bought = quicksum(m.resold[v, rival, e, o, n] for rival in rivals)
    return bought <= sum(s.tree.sold_on(v, (c, e, o), n).values())


def stock_balance_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): goods with a stock, at active nodes, unless imports cover them."""
    return _at_nodes(s, s.stocks)


def bought_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): purchases at active nodes, unless imports cover the good.

    None at nodes of probability 0 or before `policy.first_decision_year`, except deliveries of scheduled purchases.
    """
    if s.lookups.has_schedule:
        return scheduled_delivery_index(s)
    first = s.lookups.first_decision_year
    may_buy = [node.probability > 0 and node.year >= first for node in s.tree.nodes]
    return [key for key in _at_nodes(s, s.purchases) if may_buy[key[3]]]


@listed
def scheduled_delivery_index(s: Scope) -> Iterator[GoodAt]:
    """(c, e, o, n): scheduled purchases, at the nodes of their delivery."""
    may_schedule = set(s.scheduled)
    for good in dict.fromkeys(key[:3] for key in s.scheduled):
        for n in np.flatnonzero(s.trade_left[good]).tolist():
            if (*good, s.decision[n]) in may_schedule:
                yield (*good, n)


@equation(
    scheduled_delivery_index,
    r"q_{c,e,o,n} = \ell_n \, \mathrm{tradeleft}_{c,e,o,n} \, a_{c,e,o,d_n}",
    each="stockpile $(c, e, o)$ that may be bought if `policy.stock` is `scheduled`, node $n$",
    reads=("imports.tonnes", "shocks.factor:import"),
)
def scheduled_delivery(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """What is scheduled is delivered as far as trade goes on."""
    s: Scope = m.scope
    delivered = s.tree.nodes[n].length * float(s.trade_left[c, e, o][n])
    return m.bought[c, e, o, n] - delivered * m.scheduled[c, e, o, s.decision[n]] == 0


@equation(
    stock_balance_index,
    r"S_{c,e,o,n} = S_{c,e,o,n^-} + q_{c,e,o,n} - w_{c,e,o,n}, \qquad S_{c,e,o,n^-} = "
    r"\mathrm{initialstock}_{c,e,o} \text{ in the first period}",
    each="stockpile $(c, e, o)$, node $n$",
    reads=("stockpiles.initial_t",),
)
def stock_balance(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Stock follows purchases and releases."""
    s: Scope = m.scope
    key = (c, e, o, n)
    parent = s.tree.nodes[n].parent
    before = s.lookups.stockpiles[c, e, o].initial_t
    if parent >= 0:
        before = m.stock[c, e, o, parent]
    return m.stock[key] + m.released[key] - or_zero(m.bought, key) == before


_GOOD = ("c", "e", "o", "n")


def _of_good(name: str, symbol: str, meaning: str, *, index: IndexSet) -> Variable:
    return Variable(name=name, symbol=symbol, letters=_GOOD, index=index, unit="t", meaning=meaning)


def _most_bought(s: Scope, at: GoodAt) -> float | None:
    """Limit of purchases in the period of a node."""
    c, e, o, n = at
    most = s.lookups.stockpiles[c, e, o].purchase_t_per_year
    return None if most is None else most * s.tree.nodes[n].length


IMPORTED = Variable(
    name="imported",
    symbol="M",
    letters=_GOOD,
    index=lambda s: list(s.import_limits),
    unit="t",
    meaning="imports of all suppliers",
    most=lambda s, at: s.import_limits[at],
    limit=r"\mathrm{offer}_{c,e,o,n}",
    reads=("imports.tonnes", "shocks.factor:import"),
)
IMPORTED_FROM = Variable(
    name="imported_from",
    symbol="B",
    letters=("v", *_GOOD),
    index=imported_from_index,
    unit="t",
    meaning="imports of one supplier, where it matters of which",
    most=lambda s, at: s.sellers_by_name[at[1:]].get(at[0], 0.0),
    limit=r"\mathrm{sold}_{v,c,e,o,t_n} \, \mathrm{importshock}_{v,c,e,o,n} \, \ell_n",
    reads=("imports.tonnes", "shocks.factor:import"),
)
RESOLD = Variable(
    name="resold",
    symbol="G",
    letters=("v", *_GOOD),
    index=lambda s: sorted(s.resold),
    unit="t",
    meaning="had from others of the group to which a supplier still sells",
    most=lambda s, at: s.resold[at],
    limit=r"\mathrm{leak}_{v,c,e,o,n} (1 - \mathrm{importshock}_{v,c,e,o,n}) \, \mathrm{sold}_{v,c,e,o,t_n} \, \ell_n",
    reads=("imports.tonnes", "shocks.factor:import", "shocks.leak:import"),
)
VARIABLES = (
    Variable(
        name="mined",
        symbol="m",
        letters=("p", "n"),
        index=lambda s: s.mined,
        unit="t TREO",
        meaning="throughput of a mine",
    ),
    Variable(
        name="separated",
        symbol="s",
        letters=("p", "f", "n"),
        index=lambda s: s.separated,
        unit="t TREO",
        meaning="feed taken by a separation plant",
    ),
    Variable(
        name="converted",
        symbol="r",
        letters=("p", "e", "n"),
        index=lambda s: s.converted,
        unit="t",
        meaning="oxide turned into metal, metal into magnets",
    ),
    IMPORTED,
    IMPORTED_FROM,
    RESOLD,
    _of_good(
        "delivered",
        "x",
        "had from the group's plants, own ones included",
        index=lambda s: s.delivered,
    ),
    Variable(
        name="shortfall",
        symbol="u",
        letters=(*_GOOD, "j"),
        index=shortfall_index,
        unit="t",
        meaning="demand not met, by step of the loss",
        most=_width_of_step,
        limit=r"\mathrm{width}_{c,e,o,j} \, \mathrm{demand}_{c,e,o,n}",
        reads=("demand.tonnes", "shocks.factor:demand", "loss_tiers.up_to_share"),
    ),
    Variable(
        name="stock",
        symbol="S",
        letters=_GOOD,
        index=stock_balance_index,
        unit="t",
        meaning="stock at the end of a period",
        most=lambda s, at: s.lookups.stockpiles[at[:3]].max_t,
        limit=r"\mathrm{maxstock}_{c,e,o}",
        reads=("stockpiles.max_t",),
    ),
    Variable(
        name="bought",
        symbol="q",
        letters=_GOOD,
        index=bought_index,
        unit="t",
        meaning="put into stock",
        most=_most_bought,
        limit=r"\mathrm{maxbought}_{c,e,o} \, \ell_n",
        reads=("stockpiles.purchase_t_per_year",),
    ),
    Variable(
        name="scheduled",
        symbol="a",
        letters=("c", "e", "o", "d"),
        index=lambda s: s.scheduled,
        unit="t/y",
        meaning="stock purchases decided",
        most=lambda s, at: s.lookups.stockpiles[at[:3]].purchase_t_per_year,
        limit=r"\mathrm{maxbought}_{c,e,o}",
        reads=("stockpiles.purchase_t_per_year",),
        decided=True,
    ),
    _of_good("released", "w", "taken out of stock", index=stock_balance_index),
)
EQUATIONS = (
    feed_balance,
    balance,
    imports_by_supplier,
    pool,
    resale,
    scheduled_delivery,
    stock_balance,
)
