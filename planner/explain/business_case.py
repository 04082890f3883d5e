"""The investment case of one project: what it earns, what it needs, and what the plan loses without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from planner.data.case import Case
from planner.errors import Fault, InputError, StoppedError, did_you_mean
from planner.explain.cash_flows import break_even, flows, worth
from planner.explain.counterfactuals import Desk, Question, answer, held_at_zero
from planner.results.business_case import Avoided, Deck, Flows, Swing, Venture
from planner.results.plan import PlanValues
from planner.results.status import Status
from planner.solving.program import Vector

Say = Callable[[str], None]
CHEAP = 0.5
"""Market price over the case's price in a price war; the case says long-run prices outside China."""
PRICE, COST, USE, RATE, LATE = 0.3, 0.3, 0.2, 0.02, 1
"""Ranges of the tornado: price and capital and running cost, use of capacity, rate, years of delay."""


def invest(plan: PlanValues, name: str, project: str, deck: Deck, say: Say = lambda step: None) -> Venture:
    """The investment case of `project` in a run. Raises InputError for a project that cannot grow."""
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    case = plan.case
    _check(case, project)
    table = plan.tables["investments"]
    rows = table[table["project"] == project]
    builds = {int(str(y)): float(t) for y, t in (rows["tpa"] * rows["probability"]).groupby(rows["year"]).sum().items()}
    planned = bool(builds)
    if not planned:
        builds = {case.commitment_years(project).start: case.projects[project].max_new_tpa}
    planned_work = planned_mix(plan, project)
    mix = planned_work or default_mix(case, project)
    found = flows(case, project, builds, mix, deck)
    share = case.projects[project].public_share
    cheap = replace(deck, price_factor=CHEAP)
    avoided = None
    if planned:
        say("the plan without the project")
        avoided = _avoided(plan, project, sum(found.capex))
    return Venture(
        project,
        name,
        planned,
        bool(planned_work),
        builds,
        share,
        deck,
        found,
        worth(found, deck.rate),
        worth(found, deck.rate, share),
        worth(flows(case, project, builds, mix, cheap), deck.rate),
        break_even(case, found, deck),
        break_even(case, found, deck, share),
        swings(case, project, builds, mix, deck),
        _jobs(case, project, found),
        _trained(plan, project),
        mix,
        avoided,
    )


def _check(case: Case, project: str) -> None:
    if project not in case.projects:
        hint = did_you_mean(project, case.projects)
        raise InputError([Fault("--project", 0, "", f'unknown project "{project}"{hint}')])
    if not case.commitment_years(project):
        raise InputError(
            [Fault("--project", 0, "", f"{project}: no new capacity may be built; there is nothing to decide")]
        )


def planned_mix(plan: PlanValues, project: str) -> dict[str, float]:
    """What the plant takes in under the plan (t, expected over the futures) as capacity counts it; empty: nothing."""
    case, stage = plan.case, plan.case.projects[project].stage
    item, column = {"mine": ("mined", "feed"), "separation": ("separated", "feed"), "metal": ("reduced", "element")}[
        stage
    ]
    table = plan.tables["operations"]
    rows = table[(table["project"] == project) & (table["item"] == item)]
    mix: dict[str, float] = defaultdict(float)
    for name, scenario, tonnes in zip(rows[column], rows["scenario"], rows["tonnes"], strict=True):
        per_tonne = case.capacity_use(project, str(name)) if stage == "separation" else 1.0
        mix[str(name)] += float(tonnes) * case.scenarios[str(scenario)] * per_tonne
    return dict(mix) if sum(mix.values()) > 0 else {}


def default_mix(case: Case, project: str) -> dict[str, float]:
    """What a plant takes in that no plan runs, as shares: a mine its feed, a separation plant of the feeds it accepts
    the one that mines can give most of, a metal plant the elements as the group wants them as metal."""
    row = case.projects[project]
    if row.stage == "metal":
        able = [e for e in case.elements if case.recovery(project, e) > 0]
        wanted = dict.fromkeys(able, 0.0)
        for (_, element, form, _), tonnes in case.demand.items():
            if form == "metal" and element in wanted:
                wanted[element] += tonnes
        total = sum(wanted.values())
        return {e: t / total if total > 0 else 1 / len(able) for e, t in wanted.items() if t > 0 or total <= 0}
    given = dict.fromkeys(row.feeds, 0.0)
    for other in case.projects.values():
        if other.stage == "mine" and other.feeds[0] in given:
            given[other.feeds[0]] += other.existing_tpa + other.max_new_tpa
    per_tonne = {f: case.capacity_use(project, f) if row.stage == "separation" else 1.0 for f in given}
    return {max(given, key=lambda f: (given[f] * per_tonne[f], per_tonne[f])): 1.0}


def swings(case: Case, project: str, builds: Mapping[int, float], mix: Mapping[str, float], deck: Deck) -> list[Swing]:
    """NPV with one assumption low and high, the others as they are; the widest first."""
    row = case.projects[project]

    def value(changed: Case = case, under: Deck = deck, late: int = 0, use: float = 1.0) -> float:
        return worth(flows(changed, project, builds, mix, under, late=late, use=use), under.rate).npv

    def costs(column: str, factor: float) -> float:
        other = row.model_copy(update={column: getattr(row, column) * factor})
        rows = tuple(other if r.project == project else r for r in case.tables.projects)
        return value(replace(case, tables=replace(case.tables, projects=rows)))

    def priced(factor: float) -> float:
        return value(under=replace(deck, price_factor=deck.price * factor, floor=0.0))

    out = [
        Swing("price of the oxides", f"−{PRICE:.0%}", f"+{PRICE:.0%}", priced(1 - PRICE), priced(1 + PRICE)),
        Swing("use of capacity", f"−{USE:.0%}", "all", value(use=1 - USE), value()),
        Swing("start", f"{LATE} year late", "on time", value(late=LATE), value()),
        Swing(
            "rate",
            f"+{RATE:.0%}",
            f"−{RATE:.0%}",
            value(under=replace(deck, rate=deck.rate + RATE)),
            value(under=replace(deck, rate=max(deck.rate - RATE, 0.0))),
        ),
    ]
    for what, column in (
        ("capital cost", "capex_usd_per_tpa"),
        ("fixed cost", "fixed_opex_usd_per_tpa"),
        ("variable cost", "variable_opex_usd_per_t"),
    ):
        out.append(Swing(what, f"+{COST:.0%}", f"−{COST:.0%}", costs(column, 1 + COST), costs(column, 1 - COST)))
    return sorted(out, key=lambda s: -abs(s.npv_high - s.npv_low))


def _jobs(case: Case, project: str, found: Flows) -> dict[str, float]:
    """Persons by skill when the plant runs in full."""
    most = max(found.usable_t, default=0.0)
    return {skill: per * most for skill, per in case.staffing.get(project, {}).items()}


def _trained(plan: PlanValues, project: str) -> dict[str, float]:
    """Persons whom the plan trains in the project's country in the skills it needs, for all plants there."""
    case, country = plan.case, plan.case.projects[project].country
    table = plan.tables["training"]
    rows = table[(table["country"] == country) & table["skill"].isin(list(case.staffing.get(project, {})))]
    sums = (rows["intake"] * rows["probability"]).groupby(rows["skill"]).sum()
    return {str(k): float(v) for k, v in sums.items() if v > 0}


def _avoided(plan: PlanValues, project: str, capex: float) -> Avoided:
    desk = Desk(plan.case)
    mask = np.array([key[0] == "build" and key[1][0] == project for key in desk.program.columns])
    slack = desk.case.model.objective.risk_slack
    asked = [
        Question(key, make, slack=slack, with_cost=True, want_x=True)
        for key, make in (
            ("with", lambda: desk.program),
            ("without", lambda: held_at_zero(desk.program, mask)),
        )
    ]
    with_it, without_it = (answer(question) for question in asked)
    before, after = (_shortfall(desk, found.x) for found in (with_it, without_it) if found.x is not None)
    risk = without_it.least_risk - with_it.least_risk
    return Avoided(risk, {e: after[e] - before[e] for e in after}, risk / capex if capex > 0 else None)


def _shortfall(desk: Desk, x: Vector) -> dict[str, float]:
    """Expected shortfall over the horizon by element (t)."""
    out: dict[str, float] = defaultdict(float)
    for (name, index), tonnes in zip(desk.program.columns, x.tolist(), strict=True):
        if name == "shortfall":
            out[index[1]] += desk.scope.tree.nodes[index[3]].probability * tonnes
    return {e: out[e] for e in sorted(desk.case.elements)}
