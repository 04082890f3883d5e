"""Figures of a point of a study: those of summary.json that a study can compare, straight from the solution; and
outcomes that functions of a user's own compute of it.

A study of ten thousand points has no use for ten thousand sets of result tables; a test holds these figures to
those of the tables.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.formulation.objective import loss_per_tonne
from planner.results.losses import by_country, service_level, weighed
from planner.results.study import BUILT, LEAST, MEANINGS, MOST, NEW_CAPACITY
from planner.results.tables import views_of
from planner.solving.engine import Solved
from planner.solving.goals import Outcome
from planner.solving.program import Program, Vector
from planner.solving.solution_amounts import solution_amounts
from planner.solving.variable_values import Values
from planner.thresholds import ROUNDING
from planner.units import musd_per_tonne

Measures = dict[str, float]
"""Outcome -> value; members of a group are named `group.member`, e.g. `new_capacity_tpa.donald`."""


AmountsByIndex = Mapping[str, Mapping[tuple[Any, ...], float]]
"""Variable of the program -> index -> amount, where it is not zero."""
DecidedAmount = tuple[str, str, int, float]
"""(decision, thing, year, amount): a row of the plan of a point."""
DECIDED = {"build": "build", "intake": "intake", "hired": "hire", "bought": "buy"}
"""Variable of the program -> what a plan calls it."""


def outcome_names(case: Case) -> list[str]:
    """Every outcome that a point of a study of this case can have, whatever the plan is."""
    wanted = sorted({key[:2] for key in case.demand})
    parts = product(case.countries, ("expected", "tail"))
    members: dict[str, Iterable[str]] = {
        "scenario_loss_musd": case.scenarios,
        "loss_musd_by_country": map(".".join, parts),
        "expected_shortfall_t": case.elements,
        "expected_shortfall_t_by_country": map(".".join, wanted),
        "service_level": case.elements,
        "new_capacity_tpa": case.projects,
        "trained": case.skills,
        "hired": case.skills,
        "bought_t": case.elements,
    }
    names = [group for group in MEANINGS if group not in members]
    for group, its in members.items():
        names += _grouped(group, dict.fromkeys(its, 0.0))
    return names


def measure(scope: Scope, program: Program, outcome: Outcome) -> Measures:
    """Outcomes of a solution, by name; members of a group that are zero may be left out."""
    found = amounts_of(program, outcome.last.x)
    figures = _losses(scope, found) | _plan(scope, found)
    figures["cost_musd"] = found["cost"].get((None,), 0.0)
    figures["public_spend_musd"] = _spend(scope, found)
    if "risk" in outcome.values and scope.case.model.objective.goal == "risk":
        figures["least_risk_musd"] = outcome.values["risk"]
    return {name: float(value) for name, value in sorted(figures.items())}


def amounts_of(program: Program, x: Vector) -> AmountsByIndex:
    """Amounts of a solution x (n) that are not zero, by variable and index."""
    found: dict[str, dict[tuple[Any, ...], float]] = defaultdict(dict)
    for (name, index), value in zip(program.columns, x.tolist(), strict=True):
        if abs(value) > ROUNDING:
            place = index if isinstance(index, tuple) else (index,)
            found[name][place] = value
    return found


def _grouped(group: str, values: Mapping[str, float]) -> Measures:
    """Values of the members of a group, by the names of the outcomes."""
    return {f"{group}.{member}": value for member, value in values.items()}


def _losses(s: Scope, found: AmountsByIndex) -> Measures:
    """Losses and shortfalls, in all and by country."""
    case, nodes = s.case, s.tree.nodes
    lost = [0.0] * len(nodes)
    lost_by: dict[str, list[float]] = {}
    short: dict[str, float] = defaultdict(float)
    short_by: dict[str, float] = defaultdict(float)
    for (country, element, form, node, step), tonnes in found["shortfall"].items():
        loss = tonnes * loss_per_tonne(s, country, element, form, node, step)
        own = lost_by.setdefault(country, [0.0] * len(nodes))
        lost[node] += loss
        own[node] += loss
        expected = nodes[node].probability * tonnes
        short[element] += expected
        short_by[f"{country}.{element}"] += expected
    losses = _by_scenario(s, lost)
    borne = {country: _by_scenario(s, own) for country, own in lost_by.items()}
    figures: Measures = {}
    for country, parts in by_country(case, losses, borne).items():
        figures |= _grouped(f"loss_musd_by_country.{country}", parts)
    whole = weighed(case, losses)
    figures["risk_musd"] = whole.risk
    figures["expected_loss_musd"] = whole.expected
    figures["cvar_musd"] = whole.cvar
    demand = _expected_demand(s)
    known = {element: short.get(element, 0.0) for element in demand}
    figures |= _grouped("scenario_loss_musd", losses)
    figures |= _grouped("expected_shortfall_t", known)
    figures |= _grouped("expected_shortfall_t_by_country", short_by)
    figures |= _grouped("service_level", service_level(demand, known))
    return figures


def _by_scenario(s: Scope, amounts: Sequence[float]) -> dict[str, float]:
    """Sums of amounts by node along the history of each scenario."""
    found: dict[str, float] = {}
    for scenario in s.case.scenarios:
        found[scenario] = sum(amounts[node] for node in s.tree.path_of(scenario))
    return found


def _expected_demand(s: Scope) -> dict[str, float]:
    """Demand (t) by element, of all years."""
    chance = np.array([node.probability for node in s.tree.nodes])
    demand: dict[str, float] = defaultdict(float)
    for good in sorted({key[:3] for key in s.case.demand}):
        demand[good[1]] += float(chance @ s.tree.demands(good))
    return dict(sorted(demand.items()))


def _spend(s: Scope, found: AmountsByIndex) -> float:
    """Public spending (MUSD), expected."""
    total = 0.0
    for (_, node), musd in found["invested"].items():
        total += s.decision_tree.nodes[node].probability * musd
    for (*good, node), tonnes in found["bought"].items():
        price = musd_per_tonne(s.case.stockpiles[tuple(good)].purchase_usd_per_kg)
        total += s.tree.nodes[node].probability * price * tonnes
    return total


def _decided(s: Scope, found: AmountsByIndex) -> Mapping[tuple[str, tuple[str, ...], int], float]:
    """(decision, thing, year) -> amount, expected over histories."""
    amounts: dict[tuple[str, tuple[str, ...], int], float] = defaultdict(float)
    for variable, decision in DECIDED.items():
        nodes = s.tree.nodes if variable == "bought" else s.decision_tree.nodes
        for (*thing, place), amount in found[variable].items():
            node = nodes[place]
            key = (decision, tuple(thing), node.year)
            amounts[key] += node.probability * amount
    return amounts


def decisions(s: Scope, found: AmountsByIndex) -> list[DecidedAmount]:
    """Decisions of each year, expected over histories: `build` (t/y) of a project, `intake` (persons) of a
    programme, `hire` (persons) of country.skill, `buy` (t) of country.element.form."""
    rows: list[DecidedAmount] = []
    for (what, thing, year), amount in sorted(_decided(s, found).items()):
        rows.append((what, ".".join(thing), year, amount))
    return rows


def _plan(s: Scope, found: AmountsByIndex) -> Measures:
    """Capacity (t/y), people and stock (t) that a plan decides, of all years."""
    figures: Measures = defaultdict(float)
    for (what, thing, _), amount in _decided(s, found).items():
        if what == "build":
            figures[f"{NEW_CAPACITY}{thing[0]}"] += amount
        elif what == "intake":
            row = s.case.programmes[thing[0]]
            figures[f"trained.{row.skill}"] += amount * row.completion_rate
        elif what == "hire":
            figures[f"hired.{thing[1]}"] += amount
        else:
            figures[f"bought_t.{thing[1]}"] += amount
    return dict(figures)


def capacities(s: Scope, found: AmountsByIndex) -> Measures:
    """New nameplate by project (t/y)."""
    return {name: value for name, value in _plan(s, found).items() if name.startswith(NEW_CAPACITY)}


# ---- outcomes of a user's own ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SolvedPoint:
    """A solved point of a study, from which functions of a user's own compute outcomes.

    figures: outcomes by name, those that are zero left out. chances: probability of each scenario.

    >>> def late(point):
    ...     rows = point.table("shortfall")
    ...     after = rows[rows["year"] >= 2030]
    ...     return (after["tonnes"] * after["scenario"].map(point.chances)).sum()
    """

    figures: Mapping[str, float]
    chances: Mapping[str, float]
    _scope: Scope
    _values: Values

    def table(self, name: str) -> pd.DataFrame:
        """A result table, with the columns that reports/README.md gives. Raises KeyError for an unknown one."""
        plan = solution_amounts(self._scope, self._values)
        return views_of(plan.case)[name](plan)


OwnOutcome = Callable[[SolvedPoint], float]
"""A function of a user's own; workers get it as a pickle, so it stands at the top of a module."""


def own_outcomes(
    functions: Mapping[str, OwnOutcome], figures: Measures, solved: Solved
) -> Measures:
    """Outcomes that functions of a user's own give, where these are finite numbers."""
    if not functions:
        return {}
    values = Values(solved.program.columns, solved.point)
    point = SolvedPoint(figures, solved.scope.case.scenarios, solved.scope, values)
    found: Measures = {}
    for name, function in functions.items():
        value = float(function(point))
        if math.isfinite(value):
            found[name] = value
    return found


# ---- what is kept of a point ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PointFigures:
    """Figures of the plan of a point, and what it decides."""

    values: Measures
    plan: Sequence[DecidedAmount]


def figures_of(solved: Solved, functions: Mapping[str, OwnOutcome]) -> Measures:
    """All figures of an optimum, and what functions of the user's own give that is a number."""
    values = measure(solved.scope, solved.program, solved.outcome)
    return values | own_outcomes(functions, values, solved)


def point_figures(functions: Mapping[str, OwnOutcome], solved: Solved) -> PointFigures:
    """All that a study keeps of a point. functions: outcomes of the user's own, by name."""
    scope, program = solved.scope, solved.program
    values = figures_of(solved, functions)
    if not scope.case.model.policy.whole_plants:
        builds = np.array(program.columns_of("build"), dtype=np.int32)
        plans = [values]
        for x in solved.solver.equally_good(builds):
            plans.append(capacities(scope, amounts_of(program, x)))
        values |= spread(plans)
    return PointFigures(values, decisions(scope, amounts_of(program, solved.point)))


def spread(plans: Sequence[Measures]) -> Measures:
    """The least and the most of each project over plans, where they differ by as much as counts as built."""
    found: Measures = {}
    for name in sorted(set().union(*plans)):
        sizes = [plan.get(name, 0.0) for plan in plans]
        if name.startswith(NEW_CAPACITY) and max(sizes) - min(sizes) >= BUILT:
            project = name.removeprefix(NEW_CAPACITY)
            found[f"{LEAST}{project}"] = min(sizes)
            found[f"{MOST}{project}"] = max(sizes)
    return found
