"""Goods: feeds and what plants make of them, each country's balance of each good, what its group delivers, and stocks.

Feeds are shared within a coordination group; what plants lose of an element may return as one.
`delivered` is what a country gets of the group's output: what it keeps
of its own and what it receives. Giving at most what its own plants make is the same as delivered >= 0, because given
less received is made less delivered; imports and stocks are in the balance of their own country only, so they are not
passed on. What others sell on of a supplier that has cut a country off is in its balance as imports are. Stock is
bought in undisturbed years and released in others.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.data.lookups import Good
from planner.data.stages import OXIDE
from planner.formulation.declarations import Expression, Model, Variable, equation, or_zero
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum
from planner.formulation.owners import of_country, of_nobody, of_project, of_sellers
from planner.formulation.savings import saved
from planner.formulation.variable_trees import OperationNode


def feed_balance_index(s: Scope) -> list[tuple[str, str, int]]:
    """(group, f, n): feeds that some plant of the group can take there."""
    return sorted(s.feeds_at)


@equation(
    feed_balance_index,
    r"\sum_{p \in \mathcal{S} : \gamma_{c_p} = \gamma} s_{p,f,n} \le \sum_{p \in \mathcal{M} : "
    r"\gamma_{c_p} = \gamma, f_p = f} m_{p,n} + \sum_{p,e : \gamma_{c_p} = \gamma} \mathrm{returned}_{p,e,f} \, r_{p,e,n}",
    each=r"group $\gamma$, feed $f$, node $n$",
    reads=("returns.share",),
    owner=of_nobody,
)
def feed_balance(m: Model, group: str, f: str, n: OperationNode) -> Expression:
    """Use of a feed <= mined and returned."""
    s: Scope = m.scope
    used = quicksum(m.separated[p, f, n] for p in s.feeds_at[group, f, n])
    mined = quicksum(
        m.mined[p, n]
        for p in s.mines
        if s.case.projects[p].feeds[0] == f and s.group_of(p) == group and (p, n) in m.mined
    )
    returned = s.returned.get((group, f, n), ())
    if not returned:
        return used <= mined
    come_back = quicksum(s.case.returns_of(p)[e, f] * m.converted[p, e, n] for p, e in returned)
    return used - mined - come_back <= 0


def made(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Output (t): share * recovery of each tonne TREO separated, or recovery of each tonne converted."""
    s: Scope = m.scope
    if o == OXIDE:
        return quicksum(
            s.yields[p, f][e] * m.separated[p, f, n] for p, f in s.makers.get((c, e, o, n), ())
        )
    return quicksum(
        s.case.recovery(p, e) * m.converted[p, e, n] for p, _ in s.makers.get((c, e, o, n), ())
    )


def used(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """What plants of the country take in (t): of oxide metal plants, of metal magnet plants."""
    return quicksum(m.converted[p, e, n] for p in m.scope.users.get((c, e, o, n), ()))


GoodsAt = list[tuple[str, str, str, int]]


def shortfall_index(s: Scope) -> list[tuple[str, str, str, int, int]]:
    """(c, e, o, n, j): demands and the steps of their loss."""
    return [(*key, j) for key in s.demanded for j in range(len(s.case.loss_steps(key[:3])))]


def shortfall_bounds(
    m: Model, c: str, e: str, o: str, n: OperationNode, j: int
) -> tuple[float, float]:
    """0 <= shortfall[c,e,o,n,j] <= width of step j * demand."""
    s: Scope = m.scope
    return 0.0, s.case.loss_steps((c, e, o))[j].width * s.demanded[c, e, o, n]


def imported_bounds(m: Model, c: str, e: str, o: str, n: OperationNode) -> tuple[float, float]:
    """0 <= imported[c,e,o,n] <= sum over suppliers of limit * factor."""
    return 0.0, m.scope.import_limits[c, e, o, n]


def imported_from_index(s: Scope) -> list[tuple[str, str, str, str, int]]:
    """(v, c, e, o, n): what each supplier can sell, of goods of which it matters which it is."""
    return [(v, *key) for key, sellers in sorted(s.sellers_by_name.items()) for v in sellers]


def imported_from_bounds(
    m: Model, v: str, c: str, e: str, o: str, n: OperationNode
) -> tuple[float, float]:
    """0 <= imported_from[v,c,e,o,n] <= limit * factor."""
    return 0.0, m.scope.tree.import_limit(v, (c, e, o), n)


def resold_bounds(
    m: Model, v: str, c: str, e: str, o: str, n: OperationNode
) -> tuple[float, float]:
    """0 <= resold[v,c,e,o,n] <= leak * what shocks cut of the supplier's sales."""
    return 0.0, m.scope.resold[v, c, e, o, n]


def short(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Shortfall (t), all steps."""
    s: Scope = m.scope
    if (c, e, o, n) not in s.demanded:
        return 0.0
    return quicksum(m.shortfall[c, e, o, n, j] for j in range(len(s.case.loss_steps((c, e, o)))))


def balance_index(s: Scope) -> GoodsAt:
    """(c, e, o, n): every good at every active node, but those that imports cover."""
    return _at_nodes(s, s.goods)


def _at_nodes(s: Scope, goods: Iterable[Good]) -> GoodsAt:
    """Goods at every active node at which imports do not cover them."""
    return [
        key
        for good in goods
        for n in s.active_nodes
        if (key := (*good, n.index)) not in s.import_covered_goods
    ]


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
    owner=of_country,
)
def balance(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Supply of a good covers its use.

    A good that is not exchanged: made in the country in place of delivered.
    """
    s: Scope = m.scope
    key = (c, e, o, n)
    own = or_zero(m.delivered, *key) if (c, e, o) in s.exchanged else made(m, *key)
    supply = own + short(m, *key) + or_zero(m.imported, *key)
    supply += quicksum(
        m.resold[v, *key] for v in s.suppliers.get((c, e, o), ()) if (v, *key) in s.resold
    )
    if key in s.savings_of:
        supply += saved(m, *key)
    use = s.demanded.get(key, 0.0) + used(m, *key)
    if (c, e, o) in s.stocks:
        supply += m.released[key]
    if (c, e, o) in s.purchases:
        use += or_zero(m.bought, *key)
    left = supply - use
    return None if isinstance(left, int | float) else left >= 0


def imports_by_supplier_index(s: Scope) -> GoodsAt:
    """(c, e, o, n): goods of which it matters which supplier sells them."""
    return sorted(s.sellers_by_name)


@equation(
    imports_by_supplier_index,
    r"\sum_v B_{v,c,e,o,n} = M_{c,e,o,n}",
    each="country $c$, element $e$, form $o$, node $n$ at which several suppliers can sell, one of them at a price, or of "
    "which a target of kind `origin_share` speaks",
    owner=of_country,
)
def imports_by_supplier(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Imports are those of all suppliers."""
    sellers = m.scope.sellers_by_name[c, e, o, n]
    return quicksum(m.imported_from[v, c, e, o, n] for v in sellers) - m.imported[c, e, o, n] == 0


def import_cost(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """What imports of a good cost (MUSD), each supplier at its price."""
    s: Scope = m.scope
    good = (c, e, o)
    sellers = s.sellers[c, e, o, n]
    if (c, e, o, n) not in s.sellers_by_name:
        return s.tree.import_price(sellers[0], good, n) * m.imported[c, e, o, n]
    return quicksum(
        s.tree.import_price(v, good, n) * m.imported_from[v, c, e, o, n] for v in sellers
    )


def pool_index(s: Scope) -> GoodsAt:
    """(group, e, o, n): goods that two countries of a group can exchange, where one makes and one needs them."""
    return sorted({(s.case.group[c], e, o, n) for c, e, o, n in s.delivered})


@equation(
    pool_index,
    r"\sum_{c : \gamma_c = \gamma} x_{c,e,o,n} \le \sum_{c : \gamma_c = \gamma} \mathrm{made}_{c,e,o,n}",
    each=r"group $\gamma$, element $e$, form $o$, node $n$",
    reads=("feeds.share", "projects.recovery", "recoveries.recovery"),
    owner=of_nobody,
)
def pool(m: Model, group: str, e: str, o: str, n: OperationNode) -> Expression:
    """Delivered within a group <= made there.

    What is left over stays with its makers, unused.
    """
    countries = m.scope.traded[group, e, o]
    return quicksum(or_zero(m.delivered, c, e, o, n) for c in countries) <= quicksum(
        made(m, c, e, o, n) for c in countries
    )


def resale_index(s: Scope) -> list[tuple[str, str, str, str, int]]:
    """(v, c, e, o, n): suppliers and countries cut off from them to which others can sell on."""
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
    owner=of_sellers,
)
def resale(m: Model, v: str, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """What a country and those cut off no more than it have from others <= what those less cut off can sell on."""
    s: Scope = m.scope
    return quicksum(
        m.resold[v, other, e, o, n] for other in s.resale_rivals[v, c, e, o, n]
    ) <= s.tree.sold_on(v, (c, e, o), n)


def stock_index(s: Scope) -> GoodsAt:
    """(c, e, o, n): goods with a stock, at every active node at which imports do not cover them."""
    return _at_nodes(s, s.stocks)


def stock_bounds(m: Model, c: str, e: str, o: str, n: OperationNode) -> tuple[float, float | None]:
    """0 <= stock[c,e,o,n] <= max_t."""
    return 0.0, m.scope.case.stockpiles[c, e, o].max_t


def bought_index(s: Scope) -> GoodsAt:
    """(c, e, o, n): goods that may be bought, at every active node at which imports do not cover them.

    Nothing is bought at nodes of probability 0.
    """
    nodes = s.tree.nodes
    return [key for key in _at_nodes(s, s.purchases) if nodes[key[3]].probability > 0]


def stock_balance_index(s: Scope) -> GoodsAt:
    """(c, e, o, n): goods with a stock, at every active node at which imports do not cover them."""
    return stock_index(s)


@equation(
    stock_balance_index,
    r"S_{c,e,o,n} = S_{c,e,o,n^-} + q_{c,e,o,n} - w_{c,e,o,n}, \qquad S_{c,e,o,n^-} = "
    r"\mathrm{initialstock}_{c,e,o} \text{ in the first period}",
    each="stockpile $(c, e, o)$, node $n$",
    reads=("stockpiles.initial_t",),
    owner=of_country,
)
def stock_balance(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Stock follows purchases and releases."""
    s: Scope = m.scope
    parent = s.tree.nodes[n].parent
    before = m.stock[c, e, o, parent] if parent >= 0 else s.case.stockpiles[c, e, o].initial_t
    bought = or_zero(m.bought, c, e, o, n)
    return m.stock[c, e, o, n] + m.released[c, e, o, n] - bought == before


_GOOD = ("c", "e", "o", "n")
IMPORTED = Variable(
    name="imported",
    symbol="M",
    letters=_GOOD,
    index=lambda s: list(s.import_limits),
    unit="t",
    meaning="imports of all suppliers",
    bounds=imported_bounds,
    limit=r"\mathrm{offer}_{c,e,o,n}",
    reads=("imports.tonnes", "shocks.factor:import"),
    owner=of_country,
)
IMPORTED_FROM = Variable(
    name="imported_from",
    symbol="B",
    letters=("v", *_GOOD),
    index=imported_from_index,
    unit="t",
    meaning="imports of one supplier, where it matters of which",
    bounds=imported_from_bounds,
    limit=r"\mathrm{sold}_{v,c,e,o,t_n} \, \mathrm{importshock}_{v,c,e,o,n} \, \ell_n",
    reads=("imports.tonnes", "shocks.factor:import"),
    owner=of_country,
)
RESOLD = Variable(
    name="resold",
    symbol="G",
    letters=("v", *_GOOD),
    index=lambda s: sorted(s.resold),
    unit="t",
    meaning="had from others of the group to which a supplier still sells",
    bounds=resold_bounds,
    limit=r"\mathrm{leak}_{v,c,e,o,n} (1 - \mathrm{importshock}_{v,c,e,o,n}) \, \mathrm{sold}_{v,c,e,o,t_n} \, \ell_n",
    reads=("imports.tonnes", "shocks.factor:import", "shocks.leak:import"),
    owner=of_country,
)
VARIABLES = (
    Variable(
        name="mined",
        symbol="m",
        letters=("p", "n"),
        index=lambda s: s.mined,
        unit="t TREO",
        meaning="throughput of a mine",
        owner=of_project,
    ),
    Variable(
        name="separated",
        symbol="s",
        letters=("p", "f", "n"),
        index=lambda s: s.separated,
        unit="t TREO",
        meaning="feed taken by a separation plant",
        owner=of_project,
    ),
    Variable(
        name="converted",
        symbol="r",
        letters=("p", "e", "n"),
        index=lambda s: s.converted,
        unit="t",
        meaning="oxide turned into metal, metal into magnets",
        owner=of_project,
    ),
    IMPORTED,
    IMPORTED_FROM,
    RESOLD,
    Variable(
        name="delivered",
        symbol="x",
        letters=_GOOD,
        index=lambda s: s.delivered,
        unit="t",
        meaning="had from the group's plants, own ones included",
        owner=of_country,
    ),
    Variable(
        name="shortfall",
        symbol="u",
        letters=(*_GOOD, "j"),
        index=shortfall_index,
        unit="t",
        meaning="demand not met, by step of the loss",
        bounds=shortfall_bounds,
        limit=r"\mathrm{width}_{c,e,o,j} \, \mathrm{demand}_{c,e,o,n}",
        reads=("demand.tonnes", "shocks.factor:demand", "loss_tiers.up_to_share"),
        owner=of_country,
    ),
    Variable(
        name="stock",
        symbol="S",
        letters=_GOOD,
        index=stock_index,
        unit="t",
        meaning="stock at the end of a period",
        bounds=stock_bounds,
        limit=r"\mathrm{maxstock}_{c,e,o}",
        reads=("stockpiles.max_t",),
        owner=of_country,
    ),
    Variable(
        name="bought",
        symbol="q",
        letters=_GOOD,
        index=bought_index,
        unit="t",
        meaning="put into stock",
        owner=of_country,
    ),
    Variable(
        name="released",
        symbol="w",
        letters=_GOOD,
        index=stock_index,
        unit="t",
        meaning="taken out of stock",
        owner=of_country,
    ),
)
EQUATIONS = (feed_balance, balance, imports_by_supplier, pool, resale, stock_balance)
