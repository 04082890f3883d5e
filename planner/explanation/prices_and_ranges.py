"""What the optimum itself tells: the true bottleneck of each element and year by its shadow prices, and the largest of
these prices solved again; and how little and how much of each project the plans hold that are nearly as good: must,
may, never.

At an optimum every activity that runs earns exactly what it uses up, at shadow prices (complementary slackness;
Dantzig, Linear Programming and Extensions, 1963, ch. 12). So the value of the goods that plants make, in MUSD of
the objective, splits without remainder over what made them: magnet making into capacity, magnet makers and metal; metal
making into furnace capacity, metal makers and oxide; oxide into separation capacity, its people and feed; feed
into mine capacity and its people. A joint product shares what its plant used in proportion to its value. What remains
at the mine is feed that exists or is financed.

All plans whose objective is within a share of this plan's are alternatives to it; over them the new
capacity of each project, and the capital spent in each country, is made as small and as large as possible.
Brill, Chang and Hopkins, Modeling to generate alternatives, Management Science 28 (1982); Neumann and Brown, The
near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190 (2021).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from planner.data.case import Case
from planner.data.stages import CHAIN, STAGES
from planner.explanation.commitments import SLIGHT, Build, expected_tpa
from planner.explanation.counterfactuals import SMALLEST_MUSD, Goal, Reference, quickest
from planner.formulation.budgets import full_capex
from planner.results import verify_resources
from planner.results.explanation import Alternatives, Link, Marginal, Range
from planner.solving.goals import HOLD_MUSD
from planner.solving.highs import Solver
from planner.solving.program import Key, Vector
from planner.solving.shadow_prices import ROWS, ScarceThing
from planner.solving.solution import Stop

PEOPLE = ("staff_limit",)
CAPACITY = ("throughput_limit", "rise_limit", "availability_limit", "cost_definition")
"""A plant, that it runs on from year to year, and what it costs to run where cost is part of the objective."""
_LINKED = ("mine", "separation", *(stage.name for stage in CHAIN))
LINKS = (*(f"{stage} {what}" for stage in _LINKED for what in ("capacity", "people")), "unassigned")
WorthOfLinks = dict[tuple[str, int], dict[str, float]]
"""(element, year) -> link -> MUSD of the objective."""


@dataclass
class _Used:
    """What one kind of activity earned and used in a year, in MUSD of the objective."""

    capacity: float = 0.0
    people: float = 0.0
    inputs: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Element or feed -> MUSD."""
    earned: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Element or feed -> MUSD."""


def links(reference: Reference, x: Vector, duals: Vector) -> list[Link]:
    """The links of every element and year in which some plant's output takes risk off, as shares of its value."""
    years = [node.year for node in reference.scope.tree.nodes]
    used = _activities(reference, x, duals, years)
    amounts = _split(used)
    out = []
    for (element, year), parts in sorted(amounts.items()):
        total = sum(parts.values())
        if total > SMALLEST_MUSD:
            out += [
                Link(element, year, link, musd, musd / total)
                for link, musd in parts.items()
                if musd > SMALLEST_MUSD
            ]
    return out


def _activities(
    reference: Reference, x: Vector, duals: Vector, years: list[int]
) -> dict[tuple[str, str, int], _Used]:
    """(stage, feed or element of separation, metal and magnets, year) -> what was earned and used, added up over
    histories and plants."""
    program, projects = reference.program, reference.case.projects
    by_column = program.matrix.tocsc()
    read: dict[str, Callable[[Key], tuple[str, str, int]]] = {
        "converted": lambda key: (projects[key[1][0]].stage, key[1][1], years[key[1][2]]),
        "separated": lambda key: ("separation", key[1][1], years[key[1][2]]),
        "mined": lambda key: ("mine", "", years[key[1][1]]),
    }
    used: dict[tuple[str, str, int], _Used] = defaultdict(_Used)
    for j, key in enumerate(program.columns):
        if key[0] in read and x[j] > 0:
            activity = read[key[0]](key)
            into, taken = used[activity], STAGES[activity[0]].takes
            for at in range(by_column.indptr[j], by_column.indptr[j + 1]):
                i = by_column.indices[at]
                worth = float(by_column.data[at] * duals[i] * x[j])
                if worth:
                    _book(into, key, program.rows[i], worth, taken)
    return used


def _book(into: _Used, column: Key, row: Key, worth: float, taken: str) -> None:
    """Book a price times an amount: positive is earned, negative used up. taken: form that the plant takes, if any."""
    name, index = row
    if name in PEOPLE:
        into.people -= worth
    elif name in CAPACITY:
        into.capacity -= worth
    elif name == "feed_balance":
        (into.inputs if column[0] == "separated" else into.earned)[index[1]] += abs(worth)
    elif index[2] == taken:
        into.inputs[index[1]] -= worth
    else:
        into.earned[index[1]] += worth


def _split(used: dict[tuple[str, str, int], _Used]) -> WorthOfLinks:
    out: WorthOfLinks = defaultdict(lambda: dict.fromkeys(LINKS, 0.0))
    shares = _oxide_parts(used, _feed_parts(used))
    made: dict[tuple[str, int], float] = defaultdict(float)
    for (stage, _, year), part in used.items():
        for element, value in part.earned.items() if stage == "separation" else ():
            made[element, year] += value
    for link in CHAIN:
        plants = {
            (element, year): part
            for (stage, element, year), part in used.items()
            if stage == link.name
        }
        for at, of in shares.items():
            # What users take as it is; what the next plants take is counted with what they make of it.
            taken = plants[at].inputs[at[0]] if at in plants else 0.0
            _add(out[at], _scaled(of, max(made[at] - taken, 0.0)))
        before, shares = shares, {}
        made.clear()
        for at, part in plants.items():
            earned = sum(part.earned.values())
            own = {f"{link.name} capacity": part.capacity, f"{link.name} people": part.people}
            _add(own, _scaled(before.get(at, {}), earned - part.capacity - part.people))
            shares[at] = _scaled(own, 1 / earned) if earned else own
            made[at] = earned
    for at, of in shares.items():
        _add(out[at], _scaled(of, made[at]))
    return out


def _feed_parts(used: dict[tuple[str, str, int], _Used]) -> dict[int, dict[str, float]]:
    """Year -> shares of the value of feed that are mine capacity and mine people."""
    out = {}
    for (stage, _, year), part in used.items():
        total = part.capacity + part.people
        if stage == "mine" and total > 0:
            out[year] = {"mine capacity": part.capacity / total, "mine people": part.people / total}
    return out


def _oxide_parts(
    used: dict[tuple[str, str, int], _Used], feeds: dict[int, dict[str, float]]
) -> dict[tuple[str, int], dict[str, float]]:
    """(element, year) -> shares of the value of its oxide by link; a plant's uses go by the value of its products."""
    sums: WorthOfLinks = defaultdict(lambda: defaultdict(float))
    for (stage, _, year), part in used.items():
        earned = sum(v for v in part.earned.values() if v > 0)
        if stage != "separation" or earned <= 0:
            continue
        feed = sum(part.inputs.values())
        of_feed = feeds.get(year, {"mine capacity": 1.0})
        parts = {
            "separation capacity": part.capacity,
            "separation people": part.people,
            **_scaled(of_feed, feed),
        }
        for element, value in part.earned.items():
            _add(sums[element, year], _scaled(parts, max(value, 0.0) / earned))
    return {
        at: _scaled(parts, 1.0 / total)
        for at, parts in sums.items()
        if (total := sum(parts.values())) > 0
    }


def _add(into: dict[str, float], parts: dict[str, float]) -> None:
    for link, musd in parts.items():
        into[link] = into.get(link, 0.0) + musd


def _scaled(parts: dict[str, float], factor: float) -> dict[str, float]:
    # Value that no plant of the year explains: oxide from stock or imports.
    return (
        {link: musd * factor for link, musd in parts.items()} if parts else {"unassigned": factor}
    )


KINDS = ("budget", "capacity", "nameplate limit", "staff joining", "feed", "delivered good")
"""Scarce things of which the one with the highest price is solved again."""


def marginals(reference: Reference) -> list[Marginal]:
    """For each of KINDS the thing with the highest price, the price, and what one unit more takes off the objective.

    Under degeneracy the two differ: a price is a one-sided derivative.
    """
    program, (known, solved) = reference.program, reference.best()
    column, solver, out = program.column[reference.goal, None], Solver(program), []
    solver.begin_like(known.kept)
    for thing, (price, unit, rows) in _dearest(reference, solved.duals).items():
        more = np.zeros(len(program.rows))
        for row, amount in rows:
            more[row] += amount
        limits = program.row_lower + more, program.row_upper + more
        solver.replace(
            program.with_data(program.matrix.data, *limits, program.lower, program.upper)
        )
        found = solver.minimise(column)
        if found.stop is Stop.OPTIMAL:
            out.append(
                Marginal(*thing[:6], unit, price, reference.objective - float(found.x[column]))
            )
    return out


def _dearest(
    reference: Reference, duals: Vector
) -> dict[ScarceThing, tuple[float, str, list[tuple[int, float]]]]:
    """Of each kind the thing with the highest price: the price (MUSD per unit), the unit, and the rows whose right-hand
    side grows by how much if there is one unit more."""
    kinds, units = {scarce.declared.name: scarce for scarce in ROWS}, dict[ScarceThing, str]()
    price: dict[ScarceThing, float] = defaultdict(float)
    rows: dict[ScarceThing, list[tuple[int, float]]] = defaultdict(list)
    for i, (name, index) in enumerate(reference.program.rows):
        if (scarce := kinds.get(name)) is None:
            continue
        for thing, per_unit in scarce.priced(reference.scope, index):
            price[thing] += scarce.sign * float(duals[i]) * per_unit
            rows[thing].append((i, -scarce.sign * per_unit))
            units[thing] = scarce.unit
    worth = sorted(
        (thing for thing in price if price[thing] > SMALLEST_MUSD),
        key=lambda t: (-price[t], str(t)),
    )
    first = (next((thing for thing in worth if thing[0] == kind), None) for kind in KINDS)
    return {
        thing: (price[thing], units[thing], rows[thing]) for thing in first if thing is not None
    }


NEAR: Mapping[Goal, Mapping[str, float]] = {
    "risk": {"risk": 0.02, "cost": 0.05},
    "welfare": {"welfare": 0.01},
}
"""By how much a plan that is nearly as good may be worse: shares of the least risk and of the plan's cost, or of the
least cost plus risk."""


def alternatives(reference: Reference, cost: float) -> Alternatives:
    """Ranges over all plans that are nearly as good as the optimum of the reference, which costs `cost` (MUSD)."""
    targets, program, near = _targets(reference), reference.program, NEAR[reference.goal]
    solver, (best, solution) = Solver(program, longest_way=1.0), reference.best()
    solver.begin_like(best.kept)
    for name, share in near.items():
        least = cost if name == "cost" else reference.objective
        solver.bound(program.column[name, None], least * (1 + share) + HOLD_MUSD)
    most_possible = {
        (kind, p): reference.case.projects[p].max_new_tpa
        for kind, p in targets
        if kind == "project"
    }
    low, high, solves = _extremes(solver, targets, solution.x, reference.goal, most_possible)
    ranges = []
    for at, (kind, key) in enumerate(targets):
        limit = most_possible.get((kind, key))
        ranges.append(
            Range(kind, key, float(low[at]), float(high[at]), limit, word(low[at], high[at], limit))
        )
    return Alternatives(near, ranges, solves)


def with_planned(found: Alternatives, case: Case, builds: Sequence[Build]) -> Alternatives:
    """The ranges with what a plan that builds these holds of each."""
    tpa = expected_tpa(builds)
    capital = {p: amount * verify_resources.full_capex(case, p) for p, amount in tpa.items()}
    spent = {("project", p): musd for p, musd in capital.items()}
    for p, musd in capital.items():
        at = ("country", case.projects[p].country)
        spent[at] = spent.get(at, 0.0) + musd
    ranges = [
        replace(
            r,
            planned=tpa.get(r.key, 0.0) if r.kind == "project" else spent.get((r.kind, r.key), 0.0),
            capital=spent.get((r.kind, r.key), 0.0),
        )
        for r in found.ranges
    ]
    return replace(found, ranges=ranges)


def word(least: float, most: float, limit: float | None) -> str:
    """must: in every good plan; never: in none; may: in some. By a hundredth of the largest possible amount."""
    line = SLIGHT * (limit if limit else max(most, 1.0))
    return "must" if least > line else "never" if most <= line else "may"


def _targets(reference: Reference) -> dict[tuple[str, str], Vector]:
    """Weights of the columns (n) that sum to the new capacity (t/y) of each project that may grow, and to the capital
    (MUSD, undiscounted, public and private) spent in each country."""
    size = len(reference.program.columns)
    projects, countries = (
        defaultdict[tuple[str, str], Vector](partial(np.zeros, size)) for _ in range(2)
    )
    for i, (name, index) in enumerate(reference.program.columns):
        if name == "build":
            project, node = index
            chance = float(reference.scope.decision_tree.nodes[node].probability)
            projects["project", project][i] = chance
            if (capex := full_capex(reference.scope, project)) > 0:
                countries["country", reference.case.projects[project].country][i] = capex * chance
    return dict([*sorted(projects.items()), *sorted(countries.items())])


def _extremes(
    solver: Solver,
    targets: Mapping[tuple[str, str], Vector],
    x: Vector,
    phase: str,
    limits: Mapping[tuple[str, str], float],
) -> tuple[Vector, Vector, int]:
    """Least and most of each target. A bound that some plan found on the way reaches already is not solved for.

    x: the optimum, whose basis the solver keeps under `phase`.
    """
    sums = np.array(list(targets.values())).reshape(len(targets), len(x))
    seen_low = seen_high = sums @ x
    solves = 0
    for turned in (False, True):
        for k, (target, weights) in enumerate(targets.items()):
            limit = limits.get(target, np.inf)
            reached = (
                seen_high[k] >= limit * (1 - 1e-9)
                if turned
                else seen_low[k] <= 1e-9 * max(min(limit, 1e9), 1.0)
            )
            if reached:
                continue
            order = ("primal" if solves else "again", *quickest(solver.program))
            found = solver.minimise_sum(-weights if turned else weights, order, phase)
            solves += 1
            if found.stop is Stop.OPTIMAL:
                seen_low, seen_high = (
                    np.minimum(seen_low, sums @ found.x),
                    np.maximum(seen_high, sums @ found.x),
                )
    return np.maximum(seen_low, 0.0) + 0.0, seen_high, solves
