"""What it is worth to know: perfect information, the stochastic solution, and the regret of the plan.

Birge and Louveaux, Introduction to Stochastic Programming (2nd ed. 2011), ch. 4: EVPI = RP - WS, VSS = EEV - RP,
with the goal of the run in place of the expectation. The risk never falls when the loss of a scenario grows, so the
least loss of each scenario by itself gives the least risk under perfect information. For least cost plus risk the
scenarios are apart only once their losses are weighed: by the weights that they have in the risk of the plan, which
bounds what perfect information attains from below, and what it is worth from above.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any, Literal

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.schema import Scenario, Shock
from planner.data.shock_effects import Effects, effects_by_scenario, year_of
from planner.explanation.counterfactuals import (
    SMALLEST_MUSD,
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
from planner.solving.wait_and_see import alone

MEAN = "mean"
GOOD = ("country", "element", "form")
Mean = Callable[[str, Any], float]
"""Kind of effect and its key, which ends with the year -> the mean factor over the futures."""


def knowing(reference: Reference, losses: Mapping[str, float]) -> Iterator[Counterfactual]:
    """The plan for the mean future carried out, and for each scenario the plan if it were known from the start.

    losses: of the run's plan, by scenario (MUSD). Under the goal of least risk there is nothing to ask where they are
    nothing; else a loss counts as much as it does in the risk of that plan.
    """
    yield Counterfactual("mean plan", partial(_mean_plan, reference))
    for scenario, weight in _weights(reference, losses).items():
        if reference.goal == "welfare" or losses[scenario] > SMALLEST_MUSD:
            yield Counterfactual(
                f"know:{scenario}", partial(_known, reference.case, scenario, weight)
            )


def knowledge(
    reference: Reference,
    losses: Mapping[str, float],
    objective: float,
    found: Mapping[str, Optimum],
) -> Knowledge:
    """What the answers say. objective: of the run's plan (MUSD)."""
    case, goal = reference.case, reference.goal
    best = {
        w: found[key].objective if (key := f"know:{w}") in found else 0.0 for w in case.scenarios
    }
    if goal == "risk":
        known, least = weighed(case, best).risk, best
    else:
        known = sum(p * best[w] for w, p in case.scenarios.items())
        least = {
            w: found[f"know:{w}"].risk / weight for w, weight in _weights(reference, losses).items()
        }
    stochastic = (
        objective if case.model.policy.investment == "committed" else found["committed"].objective
    )
    mean = found["mean plan"].objective
    least = {w: _clean(loss) for w, loss in least.items()}
    regret = {w: _clean(losses[w] - least[w]) for w in case.scenarios} if goal == "risk" else {}
    evpi, vss = _clean(stochastic - known), _clean(mean - stochastic)
    return Knowledge(stochastic, known, evpi, mean, vss, dict(losses), least, regret)


def _clean(musd: float) -> float:
    """Zero where a difference of two optima is within their tolerance."""
    return musd if abs(musd) > SMALLEST_MUSD else 0.0


def _weights(reference: Reference, losses: Mapping[str, float]) -> dict[str, float]:
    """What a MUSD of loss in each scenario, times its probability, adds to the risk: (1 - lambda) + lambda * its part
    of the tail. 1 under the goal of least risk, where each scenario's own loss is what is wanted."""
    objective, chances = reference.case.model.objective, reference.case.scenarios
    if reference.goal == "risk":
        return dict.fromkeys(chances, 1.0)
    tail, aversion = in_tail(losses, chances, objective.tail), objective.risk_aversion
    parts = {w: tail[w] / (p * (1 - objective.tail)) if p > 0 else 0.0 for w, p in chances.items()}
    return {w: max(1 - aversion + aversion * part, SMALLEST_MUSD) for w, part in parts.items()}


def _known(case: Case, scenario: str, weight: float) -> Case:
    """The case in which one scenario is certain, its losses times a weight."""
    countries = tuple(
        r.model_copy(update={"weight": r.weight * weight}) for r in case.tables.countries
    )
    return alone(case, scenario).with_tables(countries=countries)


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

    def mean(kind: str, key: Any) -> float:
        *what, year = key
        return sum(
            p * _in_year(getattr(effects[w], kind), what, year) for w, p in case.scenarios.items()
        )

    def flows(
        rows: Iterable[Any], columns: Sequence[str], given: Mapping[Any, float], kind: str
    ) -> tuple[Any, ...]:
        """A row for each year of the series that have these columns alike. given: tonnes of a series and year."""
        series = {attrgetter(*columns)(row): row for row in rows}
        return tuple(
            series[key].model_copy(
                update={"year": t, "tonnes": given.get((*key, t), 0.0) * mean(kind, (*key, t))}
            )
            for key in sorted(series)
            for t in case.years
        )

    certain = replace(
        tables,
        scenarios=(Scenario(scenario=MEAN, probability=1.0),),
        shocks=(*_mean_capacity(effects, mean), *_mean_delays(effects, case.scenarios)),
        demand=flows(tables.demand, GOOD, case.demand, "demand"),
        imports=flows(tables.imports, ("supplier", *GOOD), case.import_limit, "imports"),
    )
    horizon = case.model.horizon.model_copy(
        update={"first_year": case.first_year, "last_year": case.last_year}
    )
    model = case.model.model_copy(update={"horizon": horizon})
    return with_policy(replace(case, tables=certain, model=model), investment="committed")


def _in_year(part: Mapping[Any, float], what: list[str], year: int) -> float:
    """The mean factor of a year. One that is not divided has no factors of quarters, a divided one none of the year."""
    if (*what, year) in part:
        return part[(*what, year)]
    return sum(part.get((*what, Quarter(year, quarter)), 1.0) for quarter in (1, 2, 3, 4)) / 4


def _mean_capacity(effects: Mapping[str, Effects], mean: Mean) -> list[Shock]:
    hit = sorted(
        {
            (project, year_of(period))
            for found in effects.values()
            for project, period in found.capacity
        }
    )
    return [_mean_shock("capacity", p, t, mean("capacity", (p, t))) for p, t in hit]


def _mean_delays(effects: Mapping[str, Effects], chances: Mapping[str, float]) -> list[Shock]:
    late: dict[tuple[str, int], float] = defaultdict(float)
    for w, chance in chances.items():
        for p, due in effects[w].delays:
            late[p, due] += chance * effects[w].delay(p, due)
    return [
        _mean_shock("delay", p, due, float(round(n)))
        for (p, due), n in sorted(late.items())
        if round(n) > 0
    ]


def _mean_shock(
    kind: Literal["capacity", "delay"], project: str, year: int, factor: float
) -> Shock:
    return Shock(
        scenario=MEAN, kind=kind, start_year=year, end_year=year, project=project, factor=factor
    )
