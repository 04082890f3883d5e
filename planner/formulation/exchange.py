"""Exchange: each country's balance of each good, and what its group's plants deliver to it.

`delivered` is what a country gets of the group's output: what it keeps of its own and what it receives. Giving at
most what its own plants make is the same as delivered >= 0, because given less received is made less delivered;
imports and stocks are in the balance of their own country only, so they are not passed on.
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
    r"""delivered + imported + released + shortfall >= demand + used by metal plants + bought into stock.

    A good that is not exchanged: made in the country in place of delivered.
    """
    s = m.scope
    key = (c, e, o, n)
    own = or_zero(m.delivered, *key) if (c, e, o) in s.exchanged else made(m, *key)
    supply = own + short(m, *key) + or_zero(m.imported, *key)
    use = s.tree.demand((c, e, o), n) + used(m, *key)
    if (c, e, o) in s.stocks:
        supply += m.released[key]
    if (c, e, o) in s.purchases:
        use += m.bought[key]
    return supply - use >= 0 if not _empty(supply - use) else None


def pool_index(s: Scope) -> Index:
    """(group, e, o, n): goods that two countries of a group can exchange, where one makes and one needs them."""
    return sorted({(s.case.group[c], e, o, n) for c, e, o, n in s.delivered})


def pool(m: Model, group: str, e: str, o: str, n: int) -> Expression:
    r"""sum_c delivered[c,e,o,n] <= sum_c made[c,e,o,n]; what is left over stays with its makers, unused."""
    countries = m.scope.traded[group, e, o]
    return quicksum(or_zero(m.delivered, c, e, o, n) for c in countries) <= quicksum(
        made(m, c, e, o, n) for c in countries
    )


def _empty(expression: Expression) -> bool:
    return isinstance(expression, int | float)
