"""What it is worth to know: perfect information, the stochastic solution, and the regret of the plan.

Birge and Louveaux, Introduction to Stochastic Programming (2nd ed. 2011), ch. 4: EVPI = RP - WS, VSS = EEV - RP,
with the goal of the run in place of the expectation. The risk never falls when the loss of a scenario grows, so the
least loss of each scenario by itself gives the least risk under perfect information. For least cost plus risk the
scenarios are apart only once their losses are weighed: by the weights that they have in the risk of the plan, which
bounds what perfect information attains from below, and what it is worth from above.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any, Literal

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.change import cells_changed
from planner.data.changed_case import applied
from planner.data.lookups import GOOD
from planner.data.schema import Scenario, Shock
from planner.data.shock_effects import Effects, effects_by_scenario, year_of
from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Reference,
    held_decisions,
    optimum,
    with_policy,
)
from planner.results.explanation import Knowledge
from planner.results.losses import in_tail, weighed
from planner.solving.program import Program
from planner.thresholds import TOLERATED

MEAN = "mean"
QUARTERS = (1, 2, 3, 4)
ByScenario = Mapping[str, float]
"""Scenario -> MUSD, or a weight."""
Mean = Callable[[str, Any], float]
"""Kind of effect and its key, which ends with the year -> the mean factor over the futures."""


def knowing(reference: Reference, losses: ByScenario) -> Iterator[Counterfactual]:
    """The plan for the mean future carried out, and for each scenario the plan if it were known from the start.

    losses: of the run's plan, by scenario (MUSD). Under the goal of least risk there is nothing to ask where they are
    nothing; else a loss counts as much as it does in the risk of that plan.
    """
    yield Counterfactual("mean plan", partial(_mean_plan, reference))
    for scenario, weight in _weights(reference, losses).items():
        if reference.goal == "welfare" or losses[scenario] > TOLERATED:
            make = partial(_known, reference.case, scenario, weight)
            yield Counterfactual(_key(scenario), make)


def _key(scenario: str) -> str:
    return f"know:{scenario}"


def alone(case: Case, scenario: str) -> Case:
    """The case in which one scenario is certain."""
    certain = {"probability": 1.0, "probability_low": None, "probability_high": None}
    rows = [row for row in case.tables.scenarios if row.scenario == scenario]
    shocks = tuple(row for row in case.tables.shocks if row.scenario == scenario)
    scenarios = tuple(row.model_copy(update=certain) for row in rows)
    policy = case.model.policy.model_copy(update={"investment": "committed"})
    model = case.model.model_copy(update={"policy": policy})
    return case.with_tables(scenarios=scenarios, shocks=shocks).with_model(model)


def knowledge(
    reference: Reference, losses: ByScenario, objective: float, found: Mapping[str, Optimum]
) -> Knowledge:
    """The value of information and of the stochastic solution (MUSD), of the optima found.

    losses: by scenario under the run's plan. objective: of that plan (MUSD). Raises KeyError for an optimum not asked
    for.
    """
    case = reference.case
    stochastic = objective
    if case.model.policy.investment != "committed":
        stochastic = found["committed"].objective
    if reference.goal == "risk":
        least = _least_losses(case, found)
        known = weighed(case, least).risk
        regret = {w: _clean(losses[w] - _clean(least[w])) for w in case.scenarios}
    else:
        least = _losses_if_known(reference, losses, found)
        known = sum(p * found[_key(w)].objective for w, p in case.scenarios.items())
        regret = {}
    mean = found["mean plan"].objective
    return Knowledge(
        stochastic=stochastic,
        wait_and_see=known,
        evpi=_clean(stochastic - known),
        expected_value_plan=mean,
        vss=_clean(mean - stochastic),
        loss=dict(losses),
        least_loss={scenario: _clean(loss) for scenario, loss in least.items()},
        regret=regret,
    )


def _least_losses(case: Case, found: Mapping[str, Optimum]) -> dict[str, float]:
    """The least loss (MUSD) in each scenario if it were known; 0 where it was not asked for."""
    least = {}
    for scenario in case.scenarios:
        known = found.get(_key(scenario))
        least[scenario] = known.objective if known is not None else 0.0
    return least


def _losses_if_known(
    reference: Reference, losses: ByScenario, found: Mapping[str, Optimum]
) -> dict[str, float]:
    """The loss (MUSD) in each scenario if it were known, where cost counts beside it."""
    least = {}
    for scenario, weight in _weights(reference, losses).items():
        least[scenario] = found[_key(scenario)].risk / weight
    return least


def _clean(musd: float) -> float:
    """Zero where a difference of two optima is within their tolerance."""
    return musd if abs(musd) > TOLERATED else 0.0


def _weights(reference: Reference, losses: ByScenario) -> dict[str, float]:
    """Scenario -> the part of its loss that counts in the risk: (1 - lambda) + lambda * its part of the tail.

    1 under the goal of least risk, where each scenario's own loss is what is wanted.
    """
    objective, chances = reference.case.model.objective, reference.case.scenarios
    if reference.goal == "risk":
        return dict.fromkeys(chances, 1.0)
    tail, aversion = in_tail(losses, chances, objective.tail), objective.risk_aversion
    weights = {}
    for scenario, chance in chances.items():
        part = tail[scenario] / (chance * (1 - objective.tail)) if chance > 0 else 0.0
        weights[scenario] = max(1 - aversion + aversion * part, TOLERATED)
    return weights


def _known(case: Case, scenario: str, weight: float) -> Case:
    """The case in which one scenario is certain, its losses times a weight."""
    weighed_more = cells_changed("countries", {}, "weight", f"x{weight!r}")
    return applied(alone(case, scenario), [weighed_more])


# ---- the mean future -------------------------------------------------------------------------------------------------


def _mean_plan(reference: Reference) -> Program:
    """The program in which the plan for the mean future is carried out, for the committed policy."""
    case = reference.case
    mean = optimum(Counterfactual(MEAN, lambda: mean_case(case), with_cost=True), reference)
    if case.model.policy.investment != "committed":
        reference = Reference(with_policy(case, investment="committed"))
    return held_decisions(reference.program, mean.decisions)


def mean_case(case: Case) -> Case:
    """The case with one future, the mean of all: mean demand, imports and capacity; delays rounded to whole years.

    What differs between the quarters of a year is its mean there, and what others sell on is no part of it.
    """
    effects, tables = effects_by_scenario(case), case.tables
    mean = partial(_mean_factor, effects, case.scenarios)
    series = _by_key(tables.demand, GOOD)
    demand = list(_mean_flows(case, series, case.demand, partial(mean, "demand")))
    series = _by_key(tables.imports, ("supplier", *GOOD))
    imports = list(_mean_flows(case, series, case.import_limit, partial(mean, "imports")))
    shocks = [*_mean_capacity(effects, mean), *_mean_delays(effects, case.scenarios)]
    certain = replace(
        tables,
        scenarios=(Scenario(scenario=MEAN, probability=1.0),),
        shocks=tuple(shocks),
        demand=tuple(demand),
        imports=tuple(imports),
    )
    years = {"first_year": case.first_year, "last_year": case.last_year}
    horizon = case.model.horizon.model_copy(update=years)
    model = case.model.model_copy(update={"horizon": horizon})
    return with_policy(replace(case, tables=certain, model=model), investment="committed")


def _mean_factor(
    effects: Mapping[str, Effects], chances: ByScenario, kind: str, key: Sequence[Any]
) -> float:
    """The mean factor of an effect over the futures. key: what it is about, the year last."""
    *what, year = key
    total = 0.0
    for scenario, chance in chances.items():
        total += chance * _in_year(getattr(effects[scenario], kind), what, year)
    return total


def _in_year(part: Mapping[Any, float], what: Sequence[Any], year: int) -> float:
    """The mean factor of a year. One that is not divided has no factors of quarters, a divided one none of the year."""
    if (*what, year) in part:
        return part[(*what, year)]
    factors = [part.get((*what, Quarter(year, quarter)), 1.0) for quarter in QUARTERS]
    return sum(factors) / len(factors)


def _by_key(rows: Sequence[Any], columns: Sequence[str]) -> dict[Any, Any]:
    """The last row of each series: rows that have these columns alike."""
    key = attrgetter(*columns)
    return {key(row): row for row in rows}


def _mean_flows(
    case: Case,
    series: Mapping[Any, Any],
    given: Mapping[Any, float],
    factor: Callable[[Any], float],
) -> Iterator[Any]:
    """A row for each series and year. given: its tonnes then; factor: the mean over the futures."""
    for key in sorted(series):
        for year in case.years:
            at = (*key, year)
            tonnes = given.get(at, 0.0) * factor(at)
            yield series[key].model_copy(update={"year": year, "tonnes": tonnes})


def _mean_capacity(effects: Mapping[str, Effects], mean: Mean) -> Iterator[Shock]:
    hit = set[tuple[str, int]]()
    for found in effects.values():
        hit.update((project, year_of(period)) for project, period in found.capacity)
    for project, year in sorted(hit):
        yield _mean_shock("capacity", project, year, mean("capacity", (project, year)))


def _mean_delays(effects: Mapping[str, Effects], chances: ByScenario) -> Iterator[Shock]:
    late: dict[tuple[str, int], float] = defaultdict(float)
    for scenario, chance in chances.items():
        for project, due in effects[scenario].delays:
            late[project, due] += chance * effects[scenario].delay(project, due)
    for (project, due), years in sorted(late.items()):
        if round(years) > 0:
            yield _mean_shock("delay", project, due, float(round(years)))


def _mean_shock(
    kind: Literal["capacity", "delay"], project: str, year: int, factor: float
) -> Shock:
    return Shock(
        scenario=MEAN, kind=kind, start_year=year, end_year=year, project=project, factor=factor
    )
