r"""The risk under the worst odds, with `objective.odds = "worst"`, as part of one linear program.

The worst of the odds p, with low <= p <= high and a sum of 1, is a linear program in p of which the dual is put in its
place: what storylines have for certain is their low; of what is left, 1 - sum of low, each takes up to high - low, and
those whose risk is largest come first. With the level theta at which that is used up and the excess beta above it,
max over p of sum p[s] Y[s] = sum low[s] Y[s] + min over theta, beta of (1 - sum low) theta + sum (high - low)[s] beta[s]
(Delage and Ye, Operations Research 58, 2010; CVaR under worst odds: Zhu and Fukushima, Operations Research 57, 2009).
Y >= 0, so theta can be taken >= 0.
"""

from __future__ import annotations

from planner.formulation.declarations import Expression, Model, Variable, equation
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum
from planner.formulation.owners import of_nobody

BOUNDS_READS = ("scenarios.probability", "scenarios.probability_low", "scenarios.probability_high")
"""Figures that say what the probability of a storyline may be."""


def storyline_risk_index(s: Scope) -> list[str]:
    """s: every storyline, under the worst odds."""
    return list(s.odds) if s.case.model.objective.odds == "worst" else []


@equation(
    storyline_risk_index,
    r"Y_\sigma = \sum_{\omega \in \sigma} \mathrm{proportion}_\omega \left( (1 - \lambda) \, Z_{n_\omega} + "
    r"\frac{\lambda}{1 - \alpha} \, \xi_{n_\omega} \right)",
    each=r'storyline $\sigma$ if `objective.odds` is "worst"',
    reads=("scenarios.probability", "model.objective.risk_aversion", "model.objective.tail"),
    links_histories=True,
    owner=of_nobody,
)
def storyline_risk(m: Model, s: str) -> Expression:
    """Mean and tail of a storyline's loss, whose draws keep their proportions."""
    scope: Scope = m.scope
    objective = scope.case.model.objective
    of_mean = 1 - objective.risk_aversion
    of_tail = objective.risk_aversion / (1 - objective.tail)
    parts = []
    for scenario, share in scope.odds[s].shares.items():
        leaf = scope.tree.leaves[scenario]
        parts.append(share * of_mean * m.loss_to_date[leaf])
        parts.append(share * of_tail * m.tail_excess[leaf])
    return m.risk_of_storyline[s] == quicksum(parts)


def odds_excess_limit_index(s: Scope) -> list[str]:
    """s: storylines whose probability is not fixed, under the worst odds."""
    return [name for name in storyline_risk_index(s) if s.odds[name].room > 0]


@equation(
    odds_excess_limit_index,
    r"\beta_\sigma \ge Y_\sigma - \theta",
    each=r'storyline $\sigma$ with bounds of its probability, if `objective.odds` is "worst"',
    links_histories=True,
    owner=of_nobody,
)
def odds_excess_limit(m: Model, s: str) -> Expression:
    """Risk of a storyline above the level from which on it is as probable as it may be."""
    return m.odds_excess[s] >= m.risk_of_storyline[s] - m.odds_level


def risk_under_worst_odds(m: Model, s: Scope) -> Expression:
    """The risk (MUSD), as the largest that any odds within the bounds give."""
    certain = quicksum(one.low * m.risk_of_storyline[name] for name, one in s.odds.items())
    left = sum(one.probability - one.low for one in s.odds.values())
    free = quicksum(s.odds[name].room * m.odds_excess[name] for name in odds_excess_limit_index(s))
    if left > 0:
        free += left * m.odds_level
    return s.case.model.objective.risk_aversion * m.value_at_risk + certain + free


VARIABLES = (
    Variable(
        "risk_of_storyline",
        "Y",
        ("s",),
        storyline_risk_index,
        "MUSD",
        "mean and tail of the loss of a storyline, weighted",
        owner=of_nobody,
    ),
    Variable(
        "odds_level",
        r"\theta",
        (),
        None,
        "MUSD",
        "risk from which on a storyline is as probable as it may be",
        owner=of_nobody,
    ),
    Variable(
        "odds_excess",
        r"\beta",
        ("s",),
        odds_excess_limit_index,
        "MUSD",
        "risk of a storyline above that level",
        owner=of_nobody,
    ),
)
EQUATIONS = (storyline_risk, odds_excess_limit)
