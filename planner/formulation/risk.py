r"""Risk: the loss of each history, its expectation and its CVaR.

Z[w] = sum over the nodes of w, goods and steps of shortfall * loss * weight * risk discount (MUSD).
CVaR_alpha[Z] = min over v of v + E[max(Z - v, 0)] / (1 - alpha)
(Rockafellar and Uryasev, Optimization of Conditional Value-at-Risk, Journal of Risk 2, 2000).
Losses are added up along the tree, so a node that several scenarios share is counted once in the program.
Z >= 0, so the value at risk v can be taken >= 0.
"""

from __future__ import annotations

from pyomo.environ import quicksum

from planner.formulation.model import Expression, Model
from planner.formulation.scope import Scope


def node_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return [n.index for n in s.tree.nodes]


def leaf_index(s: Scope) -> list[int]:
    """n: the last node of every history; scenarios with the same history share it."""
    return sorted(set(s.tree.leaves.values()))


def loss_per_tonne(s: Scope, c: str, e: str, o: str, n: int, j: int) -> float:
    """Loss (MUSD/t) of step j of a shortfall, weighted and discounted."""
    return (
        s.case.loss_steps((c, e, o))[j].musd_per_t
        * s.case.countries[c].weight
        * s.case.risk_discount(s.tree.nodes[n].year)
    )


def cumulative_loss_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return node_index(s)


def cumulative_loss(m: Model, n: int) -> Expression:
    r"""loss_to_date[n] = loss_to_date[parent] + sum of loss_per_tonne * shortfall at n."""
    s = m.scope
    parent = s.tree.nodes[n].parent
    before = m.loss_to_date[parent] if parent >= 0 else 0.0
    here = quicksum(
        loss_per_tonne(s, c, e, o, n, j) * m.shortfall[c, e, o, n, j]
        for c, e, o in s.goods
        if not s.at_rest((c, e, o), n) and s.tree.demand((c, e, o), n) > 0
        for j in range(len(s.case.loss_steps((c, e, o))))
    )
    return m.loss_to_date[n] - before - here == 0


def tail_excess_limit_index(s: Scope) -> list[int]:
    """n: the last node of every history."""
    return leaf_index(s)


def tail_excess_limit(m: Model, n: int) -> Expression:
    r"""tail_excess[n] >= loss_to_date[n] - value_at_risk."""
    return m.tail_excess[n] >= m.loss_to_date[n] - m.value_at_risk


def expected_loss_definition(m: Model) -> Expression:
    r"""expected_loss = sum over histories of probability * loss_to_date."""
    s = m.scope
    return m.expected_loss == quicksum(s.tree.nodes[n].probability * m.loss_to_date[n] for n in leaf_index(s))


def risk_definition(m: Model) -> Expression:
    r"""risk = (1 - lambda) * expected_loss
    + lambda * (value_at_risk + sum over histories of probability * tail_excess / (1 - alpha))."""
    s = m.scope
    objective = s.case.model.objective
    tail = quicksum(s.tree.nodes[n].probability / (1 - objective.tail) * m.tail_excess[n] for n in leaf_index(s))
    return m.risk == (
        (1 - objective.risk_aversion) * m.expected_loss + objective.risk_aversion * (m.value_at_risk + tail)
    )
