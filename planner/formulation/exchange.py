"""Exchange: each country's balance of each good, and what it gives to or takes from its group.

`net_export` is what a country gives less what it receives. Giving at most what its own plants make, and
receiving any amount, is the same as net_export <= made: giving max(net_export, 0) and receiving
max(-net_export, 0) meets both.
"""

from __future__ import annotations

from pyomo.environ import quicksum

from planner.formulation.materials import made, used
from planner.formulation.model import Expression, Model, or_zero
from planner.formulation.scope import Scope

Index = list[tuple[str, str, str, int]]


def shortfall_index(s: Scope) -> list[tuple[str, str, str, int, int]]:
    """(c, e, o, n, j): demands and the steps of their loss."""
    return [
        (c, e, o, n.index, j)
        for c, e, o in s.goods
        for n in s.live
        if s.tree.demand((c, e, o), n.index) > 0 and (c, e, o, n.index) not in s.settled
        for j in range(len(s.case.loss_steps((c, e, o))))
    ]


def shortfall_bounds(m: Model, c: str, e: str, o: str, n: int, j: int) -> tuple[float, float]:
    """0 <= shortfall[c,e,o,n,j] <= width of step j * demand."""
    s = m.scope
    return 0.0, s.case.loss_steps((c, e, o))[j].width * s.tree.demand((c, e, o), n)


def imported_bounds(m: Model, c: str, e: str, o: str, n: int) -> tuple[float, float]:
    """0 <= imported[c,e,o,n] <= sum over suppliers of limit * factor."""
    return 0.0, m.scope.import_limits[c, e, o, n]


def short(m: Model, c: str, e: str, o: str, n: int) -> Expression:
    """Shortfall (t), all steps."""
    s = m.scope
    if s.tree.demand((c, e, o), n) <= 0:
        return 0.0
    return quicksum(m.shortfall[c, e, o, n, j] for j in range(len(s.case.loss_steps((c, e, o)))))


def balance_index(s: Scope) -> Index:
    """(c, e, o, n): every good at every live node, but settled ones."""
    return [key for good in s.goods for n in s.live if (key := (*good, n.index)) not in s.settled]


def balance(m: Model, c: str, e: str, o: str, n: int) -> Expression:
    r"""made + imported + released + shortfall >= demand + net_export + used by metal plants + bought into stock."""
    s = m.scope
    key = (c, e, o, n)
    supply = made(m, *key) + short(m, *key) + or_zero(m.imported, *key)
    use = s.tree.demand((c, e, o), n) + used(m, *key)
    if (c, e, o) in s.exchanged:
        use += m.net_export[key]
    if (c, e, o) in s.stocks:
        supply += m.released[key]
    if (c, e, o) in s.purchases:
        use += m.bought[key]
    return supply - use >= 0 if not _empty(supply - use) else None


def export_limit_index(s: Scope) -> Index:
    """(c, e, o, n): goods with imports or stock, and settled ones. Elsewhere the balance already says it."""
    return [key for key in s.net_exports if key[:3] in s.stocks or key in s.import_limits or key in s.settled]


def export_limit(m: Model, c: str, e: str, o: str, n: int) -> Expression:
    r"""net_export <= made: imports and stocks are not passed on."""
    return m.net_export[c, e, o, n] <= made(m, c, e, o, n)


def pool_index(s: Scope) -> Index:
    """(group, e, o, n): goods that two countries of a group can exchange."""
    return [(*key, n.index) for key in sorted(s.traded) for n in s.live]


def pool(m: Model, group: str, e: str, o: str, n: int) -> Expression:
    r"""sum_c net_export[c,e,o,n] = 0: what is received is what is given."""
    traders = [c for c in m.scope.traded[group, e, o] if (c, e, o, n) in m.net_export]
    return quicksum(m.net_export[c, e, o, n] for c in traders) == 0 if traders else None


def _empty(expression: Expression) -> bool:
    return isinstance(expression, int | float)
