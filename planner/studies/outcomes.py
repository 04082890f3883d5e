"""Figures of a point of a study: those of summary.json that a study can compare, straight from the solution; and
outcomes that functions of a user's own compute of it.

A study of ten thousand points has no use for ten thousand sets of result tables; a test holds these figures to
those of the tables.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.formulation.objective import loss_per_tonne
from planner.formulation.variable_trees import OperationNode
from planner.results.losses import by_country, service_level, weighed
from planner.results.study import MEANINGS, NEW_CAPACITY
from planner.solving.extract import extract_tables
from planner.solving.goals import Outcome
from planner.solving.program import ZERO, Program, Vector
from planner.solving.variable_values import Values
from planner.units import musd_per_tonne

Measures = dict[str, float]
"""Outcome -> value; members of a group are named `group.member`, e.g. `new_capacity_tpa.donald`."""


AmountsByIndex = Mapping[str, Mapping[tuple[object, ...], float]]
DecidedAmount = tuple[str, str, int, float]
"""(decision, thing, year, amount): a row of the plan of a point."""


def outcome_names(case: Case) -> list[str]:
    """Every outcome that a point of a study of this case can have, whatever the plan is."""
    wanted = sorted({(c, e) for c, e, *_ in case.demand})
    members: dict[str, Iterable[str]] = {
        "scenario_loss_musd": case.scenarios,
        "loss_musd_by_country": [
            f"{c}.{part}" for c in case.countries for part in ("expected", "tail")
        ],
        "expected_shortfall_t": case.elements,
        "expected_shortfall_t_by_country": [f"{c}.{e}" for c, e in wanted],
        "service_level": case.elements,
        "new_capacity_tpa": case.projects,
        "trained": case.skills,
        "hired": case.skills,
        "bought_t": case.elements,
    }
    singles = [group for group in MEANINGS if group not in members]
    return [
        *singles,
        *(f"{group}.{member}" for group, names in members.items() for member in names),
    ]


def measure(scope: Scope, program: Program, outcome: Outcome) -> Measures:
    """All figures of a solution."""
    found = amounts_of(program, outcome.last.x)
    out = _risk(scope, found) | {"cost_musd": found["cost"].get((None,), 0.0)}
    if "risk" in outcome.values and scope.case.model.objective.goal == "risk":
        out["least_risk_musd"] = outcome.values["risk"]
    out["public_spend_musd"] = _spend(scope, found)
    out |= _plan(scope, found)
    return {name: float(value) for name, value in sorted(out.items())}


def amounts_of(program: Program, x: Vector) -> AmountsByIndex:
    """What is not zero of a solution."""
    found: dict[str, dict[tuple[object, ...], float]] = defaultdict(dict)
    for (name, index), value in zip(program.columns, x.tolist(), strict=True):
        if abs(value) > ZERO:
            found[name][index if isinstance(index, tuple) else (index,)] = value
    return found


def _risk(s: Scope, found: AmountsByIndex) -> Measures:
    """Losses and shortfalls, in all and by country."""
    loss_at: dict[int, float] = defaultdict(float)
    lost_by: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    by_element: dict[str, float] = defaultdict(float)
    by_good: dict[str, float] = defaultdict(float)
    for index, tonnes in found["shortfall"].items():
        c, e, o, n, j = index
        assert isinstance(n, int) and isinstance(j, int)  # noqa: S101  narrows the index for the type checker
        loss = tonnes * loss_per_tonne(s, str(c), str(e), str(o), OperationNode(n), j)
        loss_at[n] += loss
        lost_by[str(c)][n] += loss
        probability = s.tree.nodes[n].probability
        by_element[str(e)] += probability * tonnes
        by_good[f"{c}.{e}"] += probability * tonnes
    paths = {w: s.tree.path_of(w) for w in s.case.scenarios}
    losses = {w: sum(loss_at.get(n, 0.0) for n in path) for w, path in paths.items()}
    parts = {
        c: {w: sum(at.get(n, 0.0) for n in path) for w, path in paths.items()}
        for c, at in lost_by.items()
    }
    lost = weighed(s.case, losses)
    demand = _expected_demand(s)
    short = {e: by_element.get(e, 0.0) for e in demand}
    return {
        "risk_musd": lost.risk,
        "expected_loss_musd": lost.expected,
        "cvar_musd": lost.cvar,
        **{f"scenario_loss_musd.{w}": z for w, z in losses.items()},
        **{f"expected_shortfall_t.{e}": t for e, t in short.items()},
        **{f"expected_shortfall_t_by_country.{good}": t for good, t in by_good.items()},
        **{
            f"loss_musd_by_country.{c}.{part}": musd
            for c, pair in by_country(s.case, losses, parts).items()
            for part, musd in pair.items()
        },
        **{f"service_level.{e}": share for e, share in service_level(demand, short).items()},
    }


def _expected_demand(s: Scope) -> dict[str, float]:
    chance, demand = np.array([node.probability for node in s.tree.nodes]), dict[str, float]()
    for good in sorted({key[:3] for key in s.case.demand}):
        demand[good[1]] = demand.get(good[1], 0.0) + float(chance @ s.tree.demands(good))
    return dict(sorted(demand.items()))


def _spend(s: Scope, found: AmountsByIndex) -> float:
    total = 0.0
    for (_, d), musd in found["invested"].items():
        total += s.decision_tree.nodes[int(str(d))].probability * musd
    for (c, e, o, n), tonnes in found["bought"].items():
        price = musd_per_tonne(s.case.stockpiles[str(c), str(e), str(o)].purchase_usd_per_kg)
        total += s.tree.nodes[int(str(n))].probability * price * tonnes
    return total


DECIDED = {"build": "build", "intake": "intake", "hired": "hire"}
"""Variable of the program -> what a plan calls it."""


def _decided(s: Scope, found: AmountsByIndex) -> Mapping[tuple[str, tuple[str, ...], int], float]:
    """(decision, thing, year) -> amount, expected over histories."""
    out: dict[tuple[str, tuple[str, ...], int], float] = defaultdict(float)
    for variable, nodes in (
        *((v, s.decision_tree.nodes) for v in DECIDED),
        ("bought", s.tree.nodes),
    ):
        for (*thing, n), amount in found[variable].items():
            node = nodes[int(str(n))]
            out[DECIDED.get(variable, "buy"), tuple(map(str, thing)), node.year] += (
                node.probability * amount
            )
    return out


def decisions(s: Scope, found: AmountsByIndex) -> list[DecidedAmount]:
    """What is decided in each year, expected over histories: `build` (t/y) of a project, `intake` (persons) of a
    programme, `hire` (persons) of country.skill, `buy` (t) of country.element.form."""
    return [
        (what, ".".join(thing), year, amount)
        for (what, thing, year), amount in sorted(_decided(s, found).items())
    ]


def _plan(s: Scope, found: AmountsByIndex) -> Measures:
    out: Measures = defaultdict(float)
    for (what, thing, _), amount in _decided(s, found).items():
        if what == "build":
            out[f"{NEW_CAPACITY}{thing[0]}"] += amount
        elif what == "intake":
            row = s.case.programmes[thing[0]]
            out[f"trained.{row.skill}"] += amount * row.completion_rate
        else:
            out[f"{'hired' if what == 'hire' else 'bought_t'}.{thing[1]}"] += amount
    return dict(out)


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
        return extract_tables(self._scope, self._values, {name})[name]


OwnOutcome = Callable[[SolvedPoint], float]
"""A function of a user's own; workers get it as a pickle, so it stands at the top of a module."""


def own_outcomes(
    functions: Mapping[str, OwnOutcome],
    figures: Measures,
    scope: Scope,
    program: Program,
    x: Vector,
) -> Measures:
    """What functions of a user's own give, where it is a finite number."""
    if not functions:
        return {}
    point = SolvedPoint(figures, scope.case.scenarios, scope, Values(program.columns, x))
    found = {name: float(function(point)) for name, function in functions.items()}
    return {name: value for name, value in found.items() if math.isfinite(value)}
