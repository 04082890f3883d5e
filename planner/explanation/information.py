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
from planner.data.change import Change, cells_changed, change_of
from planner.data.lookups import GOOD
from planner.data.schema import Scenario, Shock
from planner.data.shock_effects import Effects, effects_by_scenario, year_of
from planner.explanation.outcomes import OBJECTIVE, PlanOutcome, attained, outcome_of
from planner.explanation.questions import SAME
from planner.results.explanation import Knowledge
from planner.results.losses import in_tail, weighed
from planner.solving.engine import Engine, OfFirstGoal, Question, Solved
from planner.solving.goals import Progress
from planner.thresholds import TOLERATED

MEAN = "mean"
OF_SCENARIOS = ("shocks", "draws")
"""Tables whose rows are of one scenario."""
QUARTERS = (1, 2, 3, 4)
ByScenario = Mapping[str, float]
"""Scenario -> MUSD, or a weight."""
Mean = Callable[[str, Any], float]
"""Kind of effect and its key, which ends with the year -> the mean factor over the scenarios."""


def knowledge(engine: Engine, plan: PlanOutcome, progress: Progress) -> Knowledge:
    """The value of information and of the stochastic solution (MUSD), asked of the engine of a case. plan: of the case."""
    case = engine.base
    questions = {"once": _committed(case)}
    for scenario, weight in _weights(case, plan.losses).items():
        questions[scenario] = known_from_the_start(case, scenario, weight)
    answers = engine.ask(questions, OfFirstGoal(_objective_and_risk), progress=progress)
    stochastic, _ = answers.pop("once")
    if case.model.objective.goal == "welfare":
        least = {w: answers[w][1] / weight for w, weight in _weights(case, plan.losses).items()}
        known = sum(p * answers[w][0] for w, p in case.scenarios.items())
        regret = {}
    else:
        least = {w: _clean(objective) for w, (objective, _) in answers.items()}
        known = weighed(case, least).risk
        regret = {w: _clean(plan.losses[w] - least[w]) for w in case.scenarios}
    mean = _of_mean_plan(engine)
    return Knowledge(
        stochastic=stochastic,
        wait_and_see=known,
        evpi=_clean(stochastic - known),
        expected_value_plan=mean,
        vss=_clean(mean - stochastic),
        loss=dict(plan.losses),
        least_loss={scenario: _clean(loss) for scenario, loss in least.items()},
        regret=regret,
    )


def _objective_and_risk(solved: Solved) -> tuple[float, float]:
    """What a question attains, and the risk there (MUSD)."""
    return attained(solved), solved.value("risk")


def _committed(case: Case) -> Question:
    """What is decided once for all scenarios."""
    if case.model.policy.investment == "committed":
        return SAME
    return Question.of(change_of("policy.investment", "committed"))


def known_from_the_start(case: Case, scenario: str, weight: float) -> Question:
    """One scenario is certain, its losses times a weight."""
    others = [other for other in case.scenarios if other != scenario]
    changes: list[Change] = []
    if others:
        for table in ("scenarios", *OF_SCENARIOS):
            tables: Sequence[Any] = case.lookups.rows(table)
            rows = {row.scenario for row in tables} & set(others)
            if rows:
                gone = (("scenario", ";".join(sorted(rows))),)
                changes.append(Change(table=table, rows=gone, how="gone"))
        for table in ("hazards", "uncertainties"):
            if case.lookups.rows(table):
                changes.append(Change(table=table, how="gone"))
        futures = sorted({row.future for row in case.tables.prices if row.future})
        if futures:
            rows_of_one = (("future", ";".join(futures)),)
            changes.append(Change(table="prices", rows=rows_of_one, how="gone"))
        for column, value in (("probability_low", None), ("probability_high", None)):
            changes.append(cells_changed("scenarios", {"scenario": scenario}, column, value))
        changes.append(cells_changed("scenarios", {"scenario": scenario}, "probability", 1.0))
    if weight != 1.0:
        changes.append(cells_changed("countries", {}, "weight", f"x{weight!r}"))
    return Question.of(*changes, *_committed(case).changes)


def _clean(musd: float) -> float:
    """Zero where a difference of two optima is within their tolerance."""
    return musd if abs(musd) > TOLERATED else 0.0


def _weights(case: Case, losses: ByScenario) -> dict[str, float]:
    """Scenario -> the part of its loss that counts in the risk: (1 - lambda) + lambda * its part of the tail.

    1 under the goal of least risk, where each scenario's own loss is what is wanted.
    """
    objective, chances = case.model.objective, case.scenarios
    if objective.goal != "welfare":
        return dict.fromkeys(chances, 1.0)
    tail, aversion = in_tail(losses, chances, objective.tail), objective.risk_aversion
    weights = {}
    for scenario, chance in chances.items():
        part = tail[scenario] / (chance * (1 - objective.tail)) if chance > 0 else 0.0
        weights[scenario] = max(1 - aversion + aversion * part, TOLERATED)
    return weights


# ---- the mean scenario -------------------------------------------------------------------------------------------------


def _of_mean_plan(engine: Engine) -> float:
    """The objective (MUSD) where the plan for the mean scenario is carried out."""
    case = engine.base
    asked = "the plan for the mean scenario"
    plan = Engine(mean_case(case)).ask({asked: SAME}, outcome_of)[asked]
    held = Question.of(*_committed(case).changes, fixed=plan.amounts)
    return engine.ask({asked: held}, OBJECTIVE)[asked]


def mean_case(case: Case) -> Case:
    """The case with one future, the mean of all: mean demand, imports and capacity; delays rounded to whole years.

    What differs between the quarters of a year is its mean there, and what others sell on is no part of it.
    """
    effects, tables = effects_by_scenario(case), case.tables
    mean = partial(_mean_factor, effects, case.scenarios)
    series = _by_key(tables.demand, GOOD)
    demand = list(_mean_flows(case, series, case.demand, partial(mean, "demand")))
    series = _by_key(tables.imports, ("supplier", *GOOD))
    imports = list(_mean_flows(case, series, case.lookups.import_limit, partial(mean, "imports")))
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
    return replace(case, tables=certain, model=model).changed({"policy.investment": "committed"})


def _mean_factor(
    effects: Mapping[str, Effects], chances: ByScenario, kind: str, key: Sequence[Any]
) -> float:
    """The mean factor of an effect over the scenarios. key: what it is about, the year last."""
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
    """A row for each series and year. given: its tonnes then; factor: the mean over the scenarios."""
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
