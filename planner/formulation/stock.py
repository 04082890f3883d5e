"""Stock: bought in undisturbed years, released in others; never passed on to another country."""

from __future__ import annotations

from planner.formulation.model import Expression, Model
from planner.formulation.scope import Scope


def stock_index(s: Scope) -> list[tuple[str, str, str, int]]:
    """(c, e, o, n): goods with a stock, at every live node at which they are not settled."""
    return [key for good in s.stocks for n in s.live if (key := (*good, n.index)) not in s.settled]


def stock_bounds(m: Model, c: str, e: str, o: str, n: int) -> tuple[float, float | None]:
    """0 <= stock[c,e,o,n] <= max_t."""
    return 0.0, m.scope.case.stockpiles[c, e, o].max_t


def bought_index(s: Scope) -> list[tuple[str, str, str, int]]:
    """(c, e, o, n): goods that may be bought, at every live node at which they are not settled."""
    return [key for good in s.purchases for n in s.live if (key := (*good, n.index)) not in s.settled]


def stock_balance_index(s: Scope) -> list[tuple[str, str, str, int]]:
    """(c, e, o, n): goods with a stock, at every live node at which they are not settled."""
    return stock_index(s)


def stock_balance(m: Model, c: str, e: str, o: str, n: int) -> Expression:
    r"""stock[n] = stock[parent] + bought[n] - released[n]; initial_t before the first year."""
    s = m.scope
    parent = s.tree.nodes[n].parent
    before = m.stock[c, e, o, parent] if parent >= 0 else s.case.stockpiles[c, e, o].initial_t
    bought = m.bought[c, e, o, n] if (c, e, o) in s.purchases else 0.0
    return m.stock[c, e, o, n] + m.released[c, e, o, n] - bought == before
