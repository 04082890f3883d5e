"""Targets, at every node on which they hold.

A target sums over its countries, period by period. Output counts where it is used: `counted` is the part of a
country's output that its group uses or stores. `missing` is the shortfall of a target with a price, which is part of
the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planner.formulation.declarations import Expression, Model, Variable, equation, or_zero
from planner.formulation.gathered import listed, summed
from planner.formulation.goods import made, resold, short, used
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum
from planner.formulation.savings import saved
from planner.formulation.variable_trees import GoodAt, OperationNode
from planner.units import musd_per_tonne

ROUNDING = 1e-14
"""Relative rounding of a sum of demand, far below all tolerances."""
ByNode = tuple[str, str, int]
"""(target, e, n)."""
ByOrigin = tuple[str, str, str, int]
"""(target, e, origin, n)."""


@listed
def _places_of_kind(s: Scope, kind: str) -> Iterator[ByNode]:
    """(target, e, n) of a kind."""
    for target in s.targets_of(kind):
        for e in s.lookups.target_elements(target):
            for n in s.target_nodes[target]:
                yield target, e, n


@summed
def target_use(m: Model, target: str, e: str, n: OperationNode) -> Iterator[Expression]:
    """Base of the shares of a target (t): met demand, input of plants, purchases less releases."""
    s: Scope = m.scope
    for key in _goods_at(s, target, e, n):
        yield _use_of_good(m, key) + or_zero(m.bought, key) - or_zero(m.released, key)


def _at_most(left: Expression, right: float) -> Expression:
    """left <= right; None where nothing on the left can be decided."""
    return None if isinstance(left, int | float) else left <= right


def _rounding(s: Scope, goods: Iterable[GoodAt]) -> float:
    """Room (t) for the rounding of sums of demand."""
    return ROUNDING * (1.0 + sum([s.demanded.get(key, 0.0) for key in goods]))


def _goods_at(s: Scope, target: str, e: str, n: OperationNode) -> Iterator[GoodAt]:
    """(c, e, o, n) of a target."""
    for c in s.lookups.target_countries(target):
        for form in s.lookups.target_forms(target):
            yield c, e, form, n


def _use_of_good(m: Model, key: GoodAt) -> Expression:
    """Demand met without saving, and input of plants (t)."""
    demand = m.scope.demanded.get(key, 0.0)
    met = demand - short(m, key) + used(m, key)
    if key in m.scope.savings_of:
        met -= saved(m, key)
    return met


def served_target_index(s: Scope) -> list[ByNode]:
    """(target, e, n): demand that is to be met."""
    return _places_of_kind(s, "served")


@equation(
    served_target_index,
    r"\sum_{c, o, j} u_{c,e,o,n,j} \le (1 - \mathrm{targetshare}_\tau) \sum_{c, o} \mathrm{demand}_{c,e,o,n} + J_{\tau,e,n}",
    each=r"target $\tau$ of kind `served`, element $e$, node $n$; countries and forms of the target",
    reads=("targets.share", "demand.tonnes", "shocks.factor:demand"),
)
def served_target(m: Model, target: str, e: str, n: OperationNode) -> Expression:
    """Shortfall is at most the share of demand that may be short."""
    s: Scope = m.scope
    demand = float(s.target_demand[target, e][n])
    may_be_short = (1.0 - s.lookups.targets[target].share) * demand
    places = list(_goods_at(s, target, e, n))
    unmet = quicksum(short(m, key) for key in places)
    missing = or_zero(m.missing, (target, e, "", n))
    return _at_most(unmet - missing, may_be_short + _rounding(s, places))


@listed
def origin_target_index(s: Scope) -> Iterator[ByOrigin]:
    """(target, e, origin, n): every outside origin of the good."""
    for target, e, n in _places_of_kind(s, "origin_share"):
        for origin in s.target_origins[target, e]:
            yield target, e, origin, n


@equation(
    origin_target_index,
    r"\sum_c \sum_{v : \mathrm{origin}_v = \kappa} (B_{v,c,e,o,n} + G_{v,c,e,o,n}) \le \mathrm{targetshare}_\tau \, "
    r"\mathrm{base}_{\tau,e,n} + J_{\tau,e,\kappa,n}",
    each=r"target $\tau$ of kind `origin_share`, element $e$, outside origin $\kappa$, node $n$; countries and form of the target",
    reads=("targets.share", "demand.tonnes", "shocks.factor:demand"),
)
def origin_target(m: Model, target: str, e: str, origin: str, n: OperationNode) -> Expression:
    """Imports and resold goods of one origin are at most their share of use."""
    allowed = m.scope.lookups.targets[target].share * target_use(m, target, e, n)
    come = _come_from(m, target, e, origin, n)
    missing = or_zero(m.missing, (target, e, origin, n))
    return _at_most(come - allowed - missing, _rounding(m.scope, _goods_at(m.scope, target, e, n)))


@summed
def _come_from(
    m: Model, target: str, e: str, origin: str, n: OperationNode
) -> Iterator[Expression]:
    """Tonnes of the good from an outside origin."""
    s: Scope = m.scope
    (form,) = s.lookups.target_forms(target)
    for c in s.lookups.target_countries(target):
        for v in s.suppliers.get((c, e, form), ()):
            if s.lookups.supplier_origin[v] == origin:
                key = (v, c, e, form, n)
                yield or_zero(m.imported_from, key) + or_zero(m.resold, key)


def made_target_index(s: Scope) -> list[ByNode]:
    """(target, e, n): what is to be made."""
    return _places_of_kind(s, "made_share")


@equation(
    made_target_index,
    r"\mathrm{targetshare}_\tau \, \mathrm{base}_{\tau,e,n} \le \sum_c H_{c,e,o,n} + J_{\tau,e,n}",
    each=r"target $\tau$ of kind `made_share`, element $e$, node $n$; countries and form of the target. Of form `feed`: "
    r"$\sum_p \mathrm{share}_{f_p,e} \, m_{p,n}$ of the mines in place of $\sum_c H_{c,e,o,n}$",
    reads=("targets.share", "demand.tonnes", "shocks.factor:demand", "feeds.share"),
)
def made_target(m: Model, target: str, e: str, n: OperationNode) -> Expression:
    """Output that is made and used is at least the share of use."""
    s: Scope = m.scope
    row = s.lookups.targets[target]
    if row.form == "feed":
        home = _mined_for(m, target, e, n)
    else:
        countries = s.lookups.target_countries(target)
        home = quicksum(or_zero(m.counted, (c, e, row.form, n)) for c in countries)
    least = row.share * target_use(m, target, e, n)
    missing = or_zero(m.missing, (target, e, "", n))
    return _at_most(least - home - missing, _rounding(s, _goods_at(s, target, e, n)))


@summed
def _mined_for(m: Model, target: str, e: str, n: OperationNode) -> Iterator[Expression]:
    """Yield of an element of a target (t)."""
    s: Scope = m.scope
    for p in s.target_mines[target, e]:
        share = s.lookups.feed_shares[s.feed_of(p)].get(e, 0.0)
        yield share * or_zero(m.mined, (p, n))


def counted_output_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): goods of targets that their countries can make."""
    return sorted(key for key in s.counted if key in s.makers)


@equation(
    counted_output_index,
    r"H_{c,e,o,n} \le \mathrm{made}_{c,e,o,n}",
    each="country $c$, element $e$, form $o$, node $n$ of targets of kind `made_share`",
    reads=("feeds.share", "projects.recovery", "recoveries.recovery"),
)
def counted_output(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Output that counts for a country is made there."""
    key = (c, e, o, n)
    return m.counted[key] <= made(m, key)


def counted_use_index(s: Scope) -> list[GoodAt]:
    """(group, e, o, n): groups with counted output."""
    return sorted({(s.lookups.group[c], e, o, n) for c, e, o, n in counted_output_index(s)})


@equation(
    counted_use_index,
    r"\sum_{c : \gamma_c = \gamma} H_{c,e,o,n} \le \sum_{c : \gamma_c = \gamma} (\mathrm{taken}_{c,e,o,n} - M_{c,e,o,n} "
    r"- \sum_v G_{v,c,e,o,n})",
    each=r"group $\gamma$, element $e$, form $o$, node $n$ of targets of kind `made_share`; use is less what is released "
    "where a target speaks of the good",
    reads=("demand.tonnes", "shocks.factor:demand"),
)
def counted_use(m: Model, group: str, e: str, o: str, n: OperationNode) -> Expression:
    """Output that counts for a group is used or stored, and not left over."""
    s: Scope = m.scope
    places = [(c, e, o, n) for c in s.case.countries if s.lookups.group[c] == group]
    counted = quicksum(or_zero(m.counted, key) for key in places)
    needed = quicksum(_needed(m, key) for key in places)
    return counted - needed <= _rounding(s, places)


def _needed(m: Model, key: GoodAt) -> Expression:
    """Use and purchases (t) of a country less its supply from outside."""
    s: Scope = m.scope
    from_outside = or_zero(m.imported, key) + resold(m, key)
    from_stock = or_zero(m.released, key) if key in s.retained_stock else 0.0
    return _use_of_good(m, key) + or_zero(m.bought, key) - from_outside - from_stock


@listed
def outside_used_index(s: Scope) -> Iterator[GoodAt]:
    """(c, e, o, n): countries of groups with counted output, with supply from outside."""
    groups = set(counted_use_index(s))
    for c, e, o in s.goods:
        for n in sorted(s.target_goods.get((c, e, o), ())):
            if (s.lookups.group[c], e, o, n) in groups:
                yield c, e, o, n


@equation(
    outside_used_index,
    r"M_{c,e,o,n} + \sum_v G_{v,c,e,o,n} \le \mathrm{taken}_{c,e,o,n}",
    each="country $c$, element $e$, form $o$, node $n$ in groups of targets of kind `made_share`",
    reads=("demand.tonnes", "shocks.factor:demand"),
)
def outside_used(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Goods from outside are used or stored, so that only output is left over."""
    left = _needed(m, (c, e, o, n))
    return None if isinstance(left, int | float) else left >= 0


def retained_stock_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): stocks of targets of origin or of output."""
    return sorted(key for key in s.retained_stock if key[:3] in s.stocks)


@equation(
    retained_stock_index,
    r"w_{c,e,o,n} \le \mathrm{demand}_{c,e,o,n} - \sum_j u_{c,e,o,n,j} + \mathrm{used}_{c,e,o,n}",
    each="stockpile $(c, e, o)$, node $n$, of which a target of kind `origin_share` or `made_share` speaks",
    reads=("demand.tonnes", "shocks.factor:demand"),
)
def retained_stock(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Stock is not thrown away to lower use."""
    key = (c, e, o, n)
    return _at_most(or_zero(m.released, key) - _use_of_good(m, key), 0)


@listed
def missing_index(s: Scope) -> Iterator[ByOrigin]:
    """(target, e, origin, n): targets with a price; origin '' but for kind `origin_share`."""
    for target, e, n in (*served_target_index(s), *made_target_index(s)):
        if s.lookups.targets[target].price_usd_per_kg is not None:
            yield target, e, "", n
    for target, e, origin, n in origin_target_index(s):
        if s.lookups.targets[target].price_usd_per_kg is not None:
            yield target, e, origin, n


def missing_price(s: Scope, target: str) -> float:
    """Price (MUSD/t) of a missed target."""
    price = s.lookups.targets[target].price_usd_per_kg
    return 0.0 if price is None else musd_per_tonne(price)


VARIABLES = (
    Variable(
        name="missing",
        symbol="J",
        letters=("target", "e", "origin", "n"),
        index=missing_index,
        unit="t",
        meaning="by how much a target with a price is missed",
    ),
    Variable(
        name="counted",
        symbol="H",
        letters=("c", "e", "o", "n"),
        index=counted_output_index,
        unit="t",
        meaning="output of a country's plants that is used or stored in its group",
    ),
)
EQUATIONS = (
    served_target,
    origin_target,
    made_target,
    counted_output,
    counted_use,
    outside_used,
    retained_stock,
)
