"""What it is worth to know: perfect information, the stochastic solution, and the regret of the plan.

Birge and Louveaux, Introduction to Stochastic Programming (2nd ed. 2011), ch. 4: EVPI = RP - WS, VSS = EEV - RP,
with the goal of the run in place of the expectation. The risk never falls when the loss of a scenario grows, so the
least loss of each scenario by itself gives the least risk under perfect information. For least cost plus risk the
scenarios are apart only once their losses are weighed: by the weights that they have in the risk of the plan, which
bounds what perfect information attains from below, and what it is worth from above.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.schema import Demand, Import, Scenario, Shock
from planner.data.shock_effects import Effects, effects_by_scenario, year_of
from planner.explanation.counterfactuals import SMALLEST_MUSD, Counterfactual, Reference, with_policy
from planner.results.losses import in_tail
from planner.solving.relaxation import alone

MEAN = "mean"
EffectsPart = Callable[[Effects], Mapping[Any, float]]


def wait_and_see(reference: Reference, losses: Mapping[str, float]) -> list[Counterfactual]:
    """One counterfactual for each scenario: the plan if it were known from the start.

    losses: of a plan, by scenario (MUSD). Under the goal of least risk there is nothing to ask where they are nothing;
    else a loss counts as much as it does in the risk of that plan.
    """
    case = reference.case
    if reference.goal == "risk":
        asked = {w: 1.0 for w in case.scenarios if losses[w] > SMALLEST_MUSD}
    else:
        asked = {w: max(weight, SMALLEST_MUSD) for w, weight in weights(case, losses).items()}
    return [Counterfactual(f"know:{w}", partial(alone, case, w, weight)) for w, weight in asked.items()]


def weights(case: Case, losses: Mapping[str, float]) -> dict[str, float]:
    """What a MUSD of loss in each scenario, times its probability, adds to the risk: (1 - lambda) + lambda * its part
    of the tail."""
    objective, shares = case.model.objective, case.scenarios
    tail = in_tail(losses, shares, objective.tail)
    aversion = objective.risk_aversion
    return {
        w: 1 - aversion + (aversion * tail[w] / (p * (1 - objective.tail)) if p > 0 else 0.0) for w, p in shares.items()
    }


def mean_case(case: Case) -> Case:
    """The case with one future, the mean of all: mean demand, imports and capacity; delays rounded to whole years.

    What differs between the quarters of a year is its mean there, and what others sell on is no part of it.
    """
    effects = effects_by_scenario(case)
    shares = case.scenarios
    tables = case.tables
    certain = replace(
        tables,
        scenarios=(Scenario(scenario=MEAN, probability=1.0),),
        shocks=(*_mean_capacity(effects, shares), *_mean_delays(effects, shares)),
        demand=_mean_demand(case, effects),
        imports=_mean_imports(case, effects),
    )
    horizon = case.model.horizon.model_copy(update={"first_year": case.first_year, "last_year": case.last_year})
    model = case.model.model_copy(update={"horizon": horizon})
    return with_policy(replace(case, tables=certain, model=model), investment="committed")


def _mean_demand(case: Case, effects: Mapping[str, Effects]) -> tuple[Demand, ...]:
    series = sorted({(r.country, r.element, r.form) for r in case.tables.demand})
    return tuple(
        Demand(
            country=c,
            element=e,
            form=o,
            year=t,
            tonnes=case.demand.get((c, e, o, t), 0.0)
            * _mean(effects, case.scenarios, attrgetter("demand"), (c, e, o, t)),
        )
        for c, e, o in series
        for t in case.years
    )


def _mean_imports(case: Case, effects: Mapping[str, Effects]) -> tuple[Import, ...]:
    series = sorted({(r.supplier, r.country, r.element, r.form) for r in case.tables.imports})
    return tuple(
        Import(
            supplier=s,
            country=c,
            element=e,
            form=o,
            year=t,
            tonnes=case.import_limit.get((s, c, e, o, t), 0.0)
            * _mean(effects, case.scenarios, attrgetter("imports"), (s, c, e, o, t)),
        )
        for s, c, e, o in series
        for t in case.years
    )


def _mean(effects: Mapping[str, Effects], shares: Mapping[str, float], part: EffectsPart, key: Any) -> float:
    *what, year = key
    return sum(share * _in_year(part(effects[w]), what, year) for w, share in shares.items())


def _in_year(factors: Mapping[Any, float], what: list[str], year: int) -> float:
    """The mean factor of a year. One that is not divided has no factors of quarters, a divided one none of the year."""
    if (*what, year) in factors:
        return factors[(*what, year)]
    return sum(factors.get((*what, Quarter(year, quarter)), 1.0) for quarter in (1, 2, 3, 4)) / 4


def _mean_capacity(effects: Mapping[str, Effects], shares: Mapping[str, float]) -> list[Shock]:
    hit = sorted({(project, year_of(period)) for found in effects.values() for project, period in found.capacity})
    return [
        Shock(
            scenario=MEAN,
            kind="capacity",
            start_year=t,
            end_year=t,
            project=p,
            factor=_mean(effects, shares, attrgetter("capacity"), (p, t)),
        )
        for p, t in hit
    ]


def _mean_delays(effects: Mapping[str, Effects], shares: Mapping[str, float]) -> list[Shock]:
    late: dict[tuple[str, int], float] = defaultdict(float)
    for w, share in shares.items():
        for p, due in effects[w].delays:
            late[p, due] += share * effects[w].delay(p, due)
    return [
        Shock(scenario=MEAN, kind="delay", start_year=due, end_year=due, project=p, factor=float(round(years)))
        for (p, due), years in sorted(late.items())
        if round(years) > 0
    ]
