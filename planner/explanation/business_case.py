"""The investment case of one project: what it earns, what it needs, and what the plan loses without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pyxirr

from planner.data.case import Case
from planner.data.lookups import MADE_FROM, MAGNET
from planner.errors import Fault, InputError, StoppedError, did_you_mean
from planner.explanation.counterfactuals import Counterfactual, Reference, held_at_zero, optimum
from planner.results.business_case import Avoided, BusinessCase, Flows, PriceDeck, Returns, Swing
from planner.results.plan import PlanValues, Status
from planner.results.schema import STAGE_ITEMS
from planner.solving.goals import Progress, silent
from planner.solving.program import Vector
from planner.units import musd, musd_per_tonne

DEFAULT_DECK = PriceDeck()
CHEAP = 0.5
"""Market price over the case's price in a price war; the case says long-run prices outside China."""
PRICE, COST, USE, RATE, LATE = 0.3, 0.3, 0.2, 0.02, 1
"""Ranges of the tornado: price and capital and running cost, use of capacity, rate, years of delay."""


def business_case(
    plan: PlanValues, project: str, deck: PriceDeck = DEFAULT_DECK, *, name: str = "", progress: Progress = silent
) -> BusinessCase:
    """The investment case of a project under a plan, whether or not the plan builds it.

    deck: prices and rate. name: what the plan is called. progress: called with each step in words.
    Raises InputError for a project that cannot grow, StoppedError for a plan that is not proven.
    """
    name = name or plan.case.name
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
        progress("the plan without the project")
        avoided = _avoided(plan, project, sum(found.capex))
    return BusinessCase(
        project,
        name,
        planned,
        bool(planned_work),
        builds,
        share,
        deck,
        found,
        returns(found, deck.rate),
        returns(found, deck.rate, share),
        returns(flows(case, project, builds, mix, cheap), deck.rate),
        break_even(found, deck),
        break_even(found, deck, share),
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
    if case.projects[project].stage == MAGNET:
        told = f"{project} makes magnets, and there is no price of magnets to reckon with"
        raise InputError([Fault("--project", 0, "", told)])
    if not case.commitment_years(project):
        raise InputError(
            [Fault("--project", 0, "", f"{project}: no new capacity may be built; there is nothing to decide")]
        )


def planned_mix(plan: PlanValues, project: str) -> dict[str, float]:
    """What the plant takes in under the plan (t, expected over the futures) as capacity counts it; empty: nothing."""
    case, stage = plan.case, plan.case.projects[project].stage
    item, column = STAGE_ITEMS[stage], "element" if stage in MADE_FROM else "feed"
    table = plan.tables["operations"]
    rows = table[(table["project"] == project) & (table["item"] == item)]
    mix: dict[str, float] = defaultdict(float)
    for name, scenario, tonnes in zip(rows[column], rows["scenario"], rows["tonnes"], strict=True):
        per_tonne = case.capacity_use(project, str(name)) if stage == "separation" else 1.0
        mix[str(name)] += float(tonnes) * case.scenarios[str(scenario)] * per_tonne
    return dict(mix) if sum(mix.values()) > 0 else {}


def default_mix(case: Case, project: str) -> dict[str, float]:
    """What a plant takes in that no plan runs, as shares: a mine its feed, a separation plant of the feeds it accepts
    the one that mines can give most of, others the elements as the group wants them in the form that they make."""
    row = case.projects[project]
    if row.stage in MADE_FROM:
        able = [e for e in case.elements if case.recovery(project, e) > 0]
        wanted = dict.fromkeys(able, 0.0)
        for (_, element, form, _), tonnes in case.demand.items():
            if form == row.stage and element in wanted:
                wanted[element] += tonnes
        total = sum(wanted.values())
        return {e: t / total if total > 0 else 1 / len(able) for e, t in wanted.items() if t > 0 or total <= 0}
    given = dict.fromkeys(row.feeds, 0.0)
    for other in case.projects.values():
        if other.stage == "mine" and other.feeds[0] in given:
            given[other.feeds[0]] += other.existing_tpa + other.max_new_tpa
    per_tonne = {f: case.capacity_use(project, f) if row.stage == "separation" else 1.0 for f in given}
    return {max(given, key=lambda f: (given[f] * per_tonne[f], per_tonne[f])): 1.0}


def swings(
    case: Case, project: str, builds: Mapping[int, float], mix: Mapping[str, float], deck: PriceDeck
) -> list[Swing]:
    """NPV with one assumption low and high, the others as they are; the widest first."""
    row = case.projects[project]

    def value(changed: Case = case, under: PriceDeck = deck, late: int = 0, use: float = 1.0) -> float:
        return returns(flows(changed, project, builds, mix, under, late=late, use=use), under.rate).npv

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
    reference = Reference(plan.case)
    mask = np.array([key[0] == "build" and key[1][0] == project for key in reference.program.columns])
    slack = reference.case.model.objective.risk_slack
    asked = [
        Counterfactual(key, make, slack=slack, with_cost=True, want_x=True)
        for key, make in (
            ("with", lambda: reference.program),
            ("without", lambda: held_at_zero(reference.program, mask)),
        )
    ]
    with_it, without_it = (optimum(counterfactual) for counterfactual in asked)
    before, after = (_shortfall(reference, found.x) for found in (with_it, without_it) if found.x is not None)
    risk = without_it.least_risk - with_it.least_risk
    return Avoided(risk, {e: after[e] - before[e] for e in after}, risk / capex if capex > 0 else None)


def _shortfall(reference: Reference, x: Vector) -> dict[str, float]:
    """Expected shortfall over the horizon by element (t)."""
    out: dict[str, float] = defaultdict(float)
    for (name, index), tonnes in zip(reference.program.columns, x.tolist(), strict=True):
        if name == "shortfall":
            out[index[1]] += reference.scope.tree.nodes[index[3]].probability * tonnes
    return {e: out[e] for e in sorted(reference.case.elements)}


def prices(case: Case, deck: PriceDeck) -> dict[str, float]:
    """MUSD per tonne of oxide received, by element; elements without a price earn nothing."""
    return {e: musd_per_tonne(row.price_usd_per_kg or 0.0) * deck.price for e, row in case.elements.items()}


def output(case: Case, project: str, mix: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """(made, taken in): tonnes of oxide by element for each tonne of capacity in use.

    mix: for a mine its feed, for separation the feeds, else the elements, as shares of capacity in use.
    """
    row, total = case.projects[project], sum(mix.values())
    made: dict[str, float] = dict.fromkeys(case.elements, 0.0)
    taken = made.copy()
    for name, amount in mix.items():
        part = amount / total if total > 0 else 0.0
        if row.stage in MADE_FROM:
            made[name] += part * case.recovery(project, name)
            taken[name] += part
            continue
        treo = (
            part / use if (use := case.capacity_use(project, name) if row.stage == "separation" else 1.0) > 0 else 0.0
        )
        for e, share in case.feed_shares.get(name, {}).items():
            made[e] += treo * share * (case.recovery(project, e) if row.stage == "separation" else 1.0)
            taken[e] += treo * share if row.stage == "separation" else 0.0
    return made, taken


def flows(
    case: Case,
    project: str,
    builds: Mapping[int, float],
    mix: Mapping[str, float],
    deck: PriceDeck,
    *,
    late: int = 0,
    use: float = 1.0,
) -> Flows:
    """Flows of new capacity `builds` (year of commitment -> t/y), from the first payment to the end of the horizon.

    late: years by which starts slip. use: share of usable capacity that runs.
    """
    row = case.projects[project]
    years = list(range(min(builds), case.last_year + 1))
    capex_per = musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index
    capex = [
        sum(
            tpa * capex_per / len(case.payment_years(project, y))
            for y, tpa in builds.items()
            if t in case.payment_years(project, y)
        )
        for t in years
    ]
    start = {y: y + row.lead_time_years + late for y in builds}
    fixed = [
        musd(row.fixed_opex_usd_per_tpa) * sum(tpa for y, tpa in builds.items() if t >= start[y] - late) for t in years
    ]
    usable = [sum(tpa * case.ramp_share(project, t - start[y]) for y, tpa in builds.items()) * use for t in years]
    made, taken = output(case, project, mix)
    price = prices(case, deck)
    earns = {"mine": deck.payable, "separation": 1.0, "metal": 1.0 + deck.metal_premium}[row.stage]
    pays = {"mine": 0.0, "separation": deck.payable, "metal": 1.0}[row.stage]
    feed = sum(pays * price[e] * taken[e] for e in taken)
    return Flows(
        years,
        usable,
        capex,
        fixed,
        [musd(row.variable_opex_usd_per_t) * t for t in usable],
        [feed * t for t in usable],
        {e: [earns * price[e] * per * t for t in usable] for e, per in made.items() if per > 0 and price[e] > 0},
    )


def npv(rate: float, amounts: Sequence[float]) -> float:
    """Net present value (MUSD) of end-year amounts at the start of the first year."""
    return float(pyxirr.npv(rate, list(amounts), start_from_zero=False) or 0.0)


def irr(amounts: Sequence[float]) -> float | None:
    """Rate at which the NPV is zero; None if money never changes sign or there is no such rate."""
    if not (min(amounts, default=0.0) < 0 < max(amounts, default=0.0)):
        return None
    found = pyxirr.irr(list(amounts))
    return None if found is None else float(found)


def payback(amounts: Sequence[float]) -> float | None:
    """Years from the start until what was spent has come back, undiscounted, even within the year; None if never."""
    sums = list(accumulate(amounts))
    if not sums or sums[-1] < 0 or min(sums) >= 0:
        return None
    last_below = max(i for i, total in enumerate(sums) if total < 0)
    return last_below + 1 - sums[last_below] / amounts[last_below + 1]


def returns(found: Flows, rate: float, public_share: float = 0.0) -> Returns:
    """NPV, IRR and payback; with a public share, of those who pay the rest of the capital."""
    net = found.net(public_share)
    return Returns(npv(rate, net), irr(net), payback(net))


def break_even(found: Flows, deck: PriceDeck, public_share: float = 0.0) -> float | None:
    """Price, over the case's price, at which the NPV is zero; None if a higher price earns no more.

    Sales and feed both follow the price, so the NPV is linear in it.
    """
    sales = [sum(values) for values in zip(*found.revenue.values(), strict=True)] or [0.0] * len(found.years)
    margin = (
        npv(deck.rate, [s - f for s, f in zip(sales, found.feed_cost, strict=True)]) / deck.price if deck.price else 0.0
    )
    costs = npv(
        deck.rate,
        [(1 - public_share) * c + f + v for c, f, v in zip(found.capex, found.fixed, found.variable, strict=True)],
    )
    return costs / margin if margin > 0 else None
