"""Materials: feeds shared within a coordination group, and the oxide and metal that plants make of them."""

from __future__ import annotations

from pyomo.environ import quicksum

from planner.data.case import OXIDE
from planner.formulation.model import Expression, Model
from planner.formulation.scope import Scope


def feed_balance_index(s: Scope) -> list[tuple[str, str, int]]:
    """(group, f, n): feeds that some plant of the group can take there."""
    return sorted(s.feeds_at)


def feed_balance(m: Model, group: str, f: str, n: int) -> Expression:
    r"""sum_p separated[p,f,n] <= sum_p mined[p,n], mines of feed f and plants within the group."""
    s = m.scope
    used = quicksum(m.separated[p, f, n] for p in s.feeds_at[group, f, n])
    mined = quicksum(
        m.mined[p, n]
        for p in s.of_stage("mine")
        if s.case.projects[p].feeds[0] == f and s.case.group[s.case.projects[p].country] == group and (p, n) in m.mined
    )
    return used <= mined


def made(m: Model, c: str, e: str, o: str, n: int) -> Expression:
    """Output (t/y): share * recovery of each tonne TREO separated, or recovery of each tonne of oxide reduced."""
    s = m.scope
    if o == OXIDE:
        return quicksum(s.yields(p, f)[e] * m.separated[p, f, n] for p, f in s.makers.get((c, e, o, n), ()))
    return quicksum(s.case.recovery(p, e) * m.reduced[p, e, n] for p, _ in s.makers.get((c, e, o, n), ()))


def used(m: Model, c: str, e: str, o: str, n: int) -> Expression:
    """Oxide (t/y) that metal plants of the country take in."""
    if o != OXIDE:
        return 0.0
    return quicksum(m.reduced[p, e, n] for p in m.scope.users.get((c, e, n), ()))
