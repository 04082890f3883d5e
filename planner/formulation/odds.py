r"""Risk under the worst odds (`objective.odds = "worst"`), as part of the linear program.

The worst odds p, with low <= p <= high and a sum of 1, are a linear program; its dual takes their place:
max over p of sum p[s] Y[s] = sum low[s] Y[s] + min over theta, beta of (1 - sum low) theta + sum (high - low)[s] beta[s]
(Delage and Ye, Operations Research 58, 2010; CVaR under worst odds: Zhu and Fukushima, Operations Research 57, 2009).
Each storyline has its low; theta is the risk at which the rest of the probability is used up. Y >= 0, so theta >= 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.config import Objective
from planner.data.case import Case
from planner.data.odds import Odds, odds_of
from planner.formulation.declarations import Expression, Model, Variable, equation
from planner.formulation.gathered import summed
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum

BOUNDS_READS = ("scenarios.probability", "scenarios.probability_low", "scenarios.probability_high")
"""Figures of the odds."""


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
)
def storyline_risk(m: Model, s: str) -> Expression:
    """Mean and tail of a storyline's loss, whose draws keep their proportions."""
    scope: Scope = m.scope
    shares = scope.odds[s].shares
    leaf_of = scope.tree.leaves
    losses = {scenario: m.loss_to_date[leaf_of[scenario]] for scenario in shares}
    excess = {scenario: m.tail_excess[leaf_of[scenario]] for scenario in shares}
    objective = scope.case.model.objective
    return m.risk_of_storyline[s] == mean_and_tail(objective, shares, losses, excess)


@summed
def mean_and_tail(
    objective: Objective,
    shares: Mapping[str, float],
    losses: Mapping[str, Expression],
    excess: Mapping[str, Expression],
) -> Iterator[Expression]:
    """Weighted mean and tail of a storyline (MUSD)."""
    of_mean = 1 - objective.risk_aversion
    of_tail = objective.risk_aversion / (1 - objective.tail)
    for scenario, share in shares.items():
        yield share * of_mean * losses[scenario]
        yield share * of_tail * excess[scenario]


def odds_excess_limit_index(s: Scope) -> list[str]:
    """s: storylines with bounds, under the worst odds."""
    return with_room(s.odds) if storyline_risk_index(s) else []


def with_room(odds: Odds) -> list[str]:
    """Storylines with a probability that is not fixed."""
    return [name for name, one in odds.items() if one.room > 0]


@equation(
    odds_excess_limit_index,
    r"\beta_\sigma \ge Y_\sigma - \theta",
    each=r'storyline $\sigma$ with bounds of its probability, if `objective.odds` is "worst"',
    links_histories=True,
)
def odds_excess_limit(m: Model, s: str) -> Expression:
    """Risk of a storyline above the level from which on it is as probable as it may be."""
    return m.odds_excess[s] >= m.risk_of_storyline[s] - m.odds_level


def risk_under_worst_odds(m: Model, odds: Odds, aversion: float) -> Expression:
    """Largest risk (MUSD) of all odds within the bounds."""
    certain, free, left = 0.0, 0.0, 0.0
    for name, one in odds.items():
        certain += one.low * m.risk_of_storyline[name]
        left += one.probability - one.low
        if one.room > 0:
            free += one.room * m.odds_excess[name]
    if left > 0:
        free += left * m.odds_level
    return aversion * m.value_at_risk + certain + free


NamedRow = tuple[str, Any, Expression]
"""A row outside the whole program: name, index, relation."""


def rows_of_storylines(
    m: Model, case: Case, losses: Mapping[str, Expression]
) -> Iterator[NamedRow]:
    """Rows of the worst odds, from the losses of scenarios."""
    if case.model.objective.odds == "given":
        return
    for name, one in odds_of(case).items():
        own = mean_and_tail(case.model.objective, one.shares, losses, m.scenario_excess)
        yield "risk_of_scenarios", name, m.risk_of_storyline[name] == own
    for name in with_room(odds_of(case)):
        above = m.risk_of_storyline[name] - m.odds_level
        yield "odds_excess_of_scenarios", name, m.odds_excess[name] >= above


def risk_of_scenarios(m: Model, case: Case, expected: Expression) -> Expression:
    """Risk (MUSD) by the odds of the objective, from the expected loss and `scenario_excess` of the model."""
    beyond = 1 - case.model.objective.tail
    tail = quicksum(p / beyond * m.scenario_excess[w] for w, p in case.scenarios.items())
    return risk_by_odds(m, case, expected, tail)


def risk_by_odds(m: Model, case: Case, expected: Expression, tail: Expression) -> Expression:
    """Risk (MUSD) by the odds of the objective. tail: mean excess over the value at risk, over the probability of the tail."""
    aversion = case.model.objective.risk_aversion
    if case.model.objective.odds == "worst":
        return risk_under_worst_odds(m, odds_of(case), aversion)
    return (1 - aversion) * expected + aversion * (m.value_at_risk + tail)


VARIABLES = (
    Variable(
        name="risk_of_storyline",
        symbol="Y",
        letters=("s",),
        index=storyline_risk_index,
        unit="MUSD",
        meaning="mean and tail of the loss of a storyline, weighted",
    ),
    Variable(
        name="odds_level",
        symbol=r"\theta",
        letters=(),
        index=None,
        unit="MUSD",
        meaning="risk from which on a storyline is as probable as it may be",
    ),
    Variable(
        name="odds_excess",
        symbol=r"\beta",
        letters=("s",),
        index=odds_excess_limit_index,
        unit="MUSD",
        meaning="risk of a storyline above that level",
    ),
)
EQUATIONS = (storyline_risk, odds_excess_limit)
