"""The investment case of plants of a plan: what they sell, earn and need, and what the alliance loses without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner.data.case import Case
from planner.data.lookups import MADE_FROM
from planner.errors import Fault, InputError, StoppedError, did_you_mean
from planner.explanation.counterfactuals import Counterfactual, Reference, held_at_zero, optimum
from planner.finance.cashflow import CashFlows, Investment, cash_flows
from planner.finance.deck import CASE_MARKET, Array, FinanceTerm, Levels, quotes, terms_of
from planner.finance.plants import goods, plant_facts
from planner.finance.returns import npv, returns_of
from planner.finance.risk import base_levels, monte_carlo, tornado, value
from planner.finance.support import GRANT, Support, contracts_cost, least_support, of_futures, owners_npv, with_support
from planner.results.business_case import BusinessCase, Market, Removal, Sold
from planner.results.plan import PlanValues, Status
from planner.solving.goals import Progress, silent
from planner.solving.program import Vector

LATE_YEARS = 5
"""Years of the plan whose use holds for the years after its horizon."""


def business_case(
    plan: PlanValues,
    projects: str | Sequence[str],
    *,
    market: str = CASE_MARKET,
    terms: Mapping[str, float] | None = None,
    removal: Removal | None = None,
    solve: bool = True,
    name: str = "",
    progress: Progress = silent,
) -> BusinessCase:
    """The investment case of one plant or of several as one, whether or not the plan builds or runs them.

    market: a deck of the table `prices`, or `case` for the prices of the table `elements`. terms: values of the table
    `finance` that hold instead. removal: what the alliance loses without the plants, where it is known; else it is
    solved for, if `solve`. name: what the plan is called. progress: called with each step in words.
    Raises InputError for a plant that cannot grow, StoppedError for a plan that is not proven.
    """
    name, case = name or plan.case.name, plan.case
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    asked = (projects,) if isinstance(projects, str) else tuple(projects)
    _check(case, asked)
    found_terms = terms_of(case, case.projects[asked[0]].country, terms or {})
    found = investment(case, asked, market, found_terms)
    builds = _builds(plan, asked)
    used = [_use(plan, project, found.years) for project in asked]
    whole = [np.ones(len(found.years)) for _ in asked]
    futures = case.scenarios
    full = _sold(found, found_terms, whole, [u[None, :] for u in whole], futures)
    planned = None
    if any(u.any() for u in used):
        expected = [np.array(list(futures.values())) @ u for u in used]
        planned = _sold(found, found_terms, expected, used, futures)
    judged, use_in = (planned, used) if planned else (full, [u[None, :] for u in whole])
    progress("the least of each support")
    x = base_levels(found, found_terms)
    supports = least_support(found, x, judged.by_year, futures, use_in)
    supported = _supported(found, x, judged, supports[0])
    if removal is None and solve and any(builds.values()):
        progress("the plan without the plants")
        removal = removed(plan, asked)
    capital = {p.project: p.size * p.capex for p in found.plants}
    public = sum(p.public_share * capital[p.project] for p in found.plants) / (sum(capital.values()) or 1.0)
    alone = {p.project: value(replace(found, plants=(p,)), x, whole[:1]) for p in found.plants}
    return BusinessCase(
        *(asked, name, market, dict(terms or {}), found_terms, found, builds, futures),
        *(public, owners_npv(found, with_support(x, GRANT, public), judged.by_year), full, planned),
        {w: tuple(_rate(found, i, used[i][row]) for i in range(len(asked))) for row, w in enumerate(futures)},
        *(alone, supports, supported, tornado(found, found_terms, whole)),
        _markets(plan, found, full.flows),
        _jobs(case, found, full.flows),
        removal,
    )


def _check(case: Case, asked: Sequence[str]) -> None:
    for project in asked:
        if project not in case.projects:
            hint = did_you_mean(project, case.projects)
            raise InputError([Fault("--project", 0, "", f'unknown project "{project}"{hint}')])
        if not case.commitment_years(project):
            told = f"{project}: no new capacity may be built; there is nothing to decide"
            raise InputError([Fault("--project", 0, "", told)])
    if len(set(asked)) < len(asked):
        raise InputError([Fault("--project", 0, "", "a plant is named twice")])


def investment(case: Case, projects: Sequence[str], market: str, terms: Mapping[str, FinanceTerm]) -> Investment:
    """The plants on their deck, from the first payment to the year after the last output that any range allows."""
    plants = tuple(plant_facts(case, project) for project in projects)
    life, delay = terms["life_years"], terms["delay_years"]
    first = min(p.commit for p in plants)
    last = max(p.start for p in plants) + int(max(life.high, life.value) + max(delay.high, delay.value))
    years = tuple(range(first, last + 1))
    deck = quotes(case, goods(plants), market, years, terms["inflation"].value)
    rows = tuple(r for r in case.tables.contracts if r.project in ("", *projects))
    return Investment(years, case.first_year, plants, tuple(deck), rows)


def _builds(plan: PlanValues, asked: Sequence[str]) -> dict[str, dict[int, float]]:
    table = plan.tables["investments"]
    out = {}
    for project in asked:
        rows = table[table["project"] == project]
        sums = (rows["tpa"] * rows["probability"]).groupby(rows["year"]).sum()
        out[project] = {int(str(y)): float(t) for y, t in sums.items()}
    return out


def _use(plan: PlanValues, project: str, years: Sequence[int]) -> Array:
    """Use of capacity in each future (rows) and year: before the plan has it as on average, after its horizon as in its
    last years; 0 where the plan never has it."""
    table = plan.tables["capacity"]
    rows = table[table["project"] == project]
    out = np.zeros((len(plan.case.scenarios), len(years)))
    for place, scenario in enumerate(plan.case.scenarios):
        at = rows[rows["scenario"] == scenario].groupby("year")
        has = (at["existing_tpa"].mean() + at["new_tpa"].mean()).to_dict()
        runs = at["throughput_t"].sum().to_dict()
        rate = {int(str(y)): float(runs[y] / t) for y, t in has.items() if t > 0}
        if rate:
            late = [rate[y] for y in sorted(rate)[-LATE_YEARS:]]
            mean, after = sum(rate.values()) / len(rate), sum(late) / len(late)
            out[place] = [rate.get(y, mean if y < plan.case.last_year else after) for y in years]
    return np.clip(out, 0.0, 1.0)


def _rate(found: Investment, place: int, use: Array) -> float:
    """Use over the years of output, weighed as capacity comes."""
    plant, years = found.plants[place], np.array(found.years)
    ramp = np.array(plant.ramp)[np.clip(years - plant.start, 0, len(plant.ramp) - 1)] * (years >= plant.start)
    return float((use * ramp).sum() / ramp.sum()) if ramp.sum() > 0 else 0.0


def _sold(
    found: Investment, terms: Mapping[str, FinanceTerm], use: Sequence[Array], use_in: Sequence[Array],
    futures: Mapping[str, float],
) -> Sold:  # fmt: skip
    x = base_levels(found, terms)
    flows = cash_flows(found, x, use)
    cheap = {name: np.asarray(q.low) for q in found.quotes for name in (f"price:{q.element}",)}
    low = cash_flows(found, {**x, **cheap}, use)
    chances = np.array(list(futures.values()))
    in_futures = cash_flows(found, x, use_in, of_futures(found, list(futures)))
    costs = np.broadcast_to(contracts_cost(in_futures, x), chances.shape)
    returns = returns_of(flows, x, low)
    return Sold(
        *(tuple(use), tuple(_rate(found, i, u) for i, u in enumerate(use)), flows, low, returns),
        *(float(costs @ chances / chances.sum()), float(costs.max())),
        monte_carlo(found, terms, futures, use_in, flows.loan.service),
        _steps(found, x, use, flows),
    )


def _supported(found: Investment, x: Levels, judged: Sold, cheapest: Support) -> Sold | None:
    if not cheapest.amount:
        return None
    given = with_support(x, cheapest.kind, cheapest.amount)
    cheap = {f"price:{q.element}": np.asarray(q.low) for q in found.quotes}
    flows, low = (cash_flows(found, {**given, **prices}, judged.by_year) for prices in ({}, cheap))
    return replace(judged, flows=flows, cheap=low, returns=returns_of(flows, given, low))


def _steps(found: Investment, x: Levels, use: Sequence[Array], flows: CashFlows) -> dict[str, float]:
    bare = cash_flows(replace(found, contracts=()), x, use)
    market, before, after = (
        float(npv(x["wacc"], a / flows.index)) for a in (bare.before_tax, flows.before_tax, flows.after_tax)
    )
    owners = float(npv(x["equity_rate"], flows.owners / flows.index))
    return {"market": market, "contracts": before - market, "tax": after - before, "debt": owners - after}


def _markets(plan: PlanValues, found: Investment, flows: CashFlows) -> list[Market]:
    """Each product but concentrates in the year in which all plants' sales are most of what is wanted."""
    case, table = plan.case, plan.tables["operations"]
    rows = table[(table["item"] == "made") & ~table["project"].isin([p.project for p in found.plants])]
    made, wanted, own = (defaultdict[tuple[str, str, int], float](float) for _ in range(3))
    for e, form, y, w, t in zip(*(rows[c] for c in ("element", "form", "year", "scenario", "tonnes")), strict=True):
        made[str(e), str(form), int(y)] += float(t) * case.scenarios[str(w)]
    for (_, element, form, year), tonnes in case.demand.items():
        for at in (form, *_ways_to(form)):
            wanted[element, at, year] += tonnes
    for sale in (sale for plant in flows.plants for sale in plant.sales):
        if not sale.material.payable and sale.material.element in case.elements:
            for year, tonnes in zip(found.years, sale.tonnes.tolist(), strict=True):
                own[sale.material.element, sale.material.form, year] += tonnes if year in case.years else 0.0
    most: dict[tuple[str, str], Market] = {}
    for (element, form, year), tonnes in own.items():
        one = Market(element, form, year, tonnes, made[element, form, year], wanted[element, form, year])
        if tonnes > 0 and one.share > (most[element, form].share if (element, form) in most else 0.0):
            most[element, form] = one
    return [most[key] for key in sorted(most)]


def _ways_to(form: str) -> list[str]:
    """Forms that a form is made of, all the way back."""
    return [] if form not in MADE_FROM else [MADE_FROM[form], *_ways_to(MADE_FROM[form])]


def _jobs(case: Case, found: Investment, flows: CashFlows) -> dict[str, float]:
    """Persons by skill when the plants run in full."""
    out: dict[str, float] = defaultdict(float)
    for plant, at in zip(found.plants, flows.plants, strict=True):
        for skill, per in case.staffing.get(plant.project, {}).items():
            out[skill] += per * float(at.tonnes.max())
    return dict(out)


def removed(plan: PlanValues, projects: Sequence[str]) -> Removal:
    """What the alliance loses without the plants: solved with and without them. Raises StoppedError."""
    reference = Reference(plan.case)
    mask = np.array([key[0] == "build" and key[1][0] in projects for key in reference.program.columns])
    asked = [
        Counterfactual(key, make, with_cost=True, want_x=True)
        for key, make in (
            ("with", lambda: reference.program),
            ("without", lambda: held_at_zero(reference.program, mask)),
        )
    ]
    with_it, without_it = (optimum(counterfactual, reference) for counterfactual in asked)
    before, after = (_shortfall(reference, found.x) for found in (with_it, without_it) if found.x is not None)
    risk = without_it.objective - with_it.objective
    worth = without_it.risk + (without_it.cost or 0.0) - with_it.risk - (with_it.cost or 0.0)
    return Removal(worth, risk, {e: after[e] - before[e] for e in after})


def _shortfall(reference: Reference, x: Vector) -> dict[str, float]:
    """Expected shortfall over the horizon by element (t)."""
    out: dict[str, float] = defaultdict(float)
    for (name, index), tonnes in zip(reference.program.columns, x.tolist(), strict=True):
        if name == "shortfall":
            out[index[1]] += reference.scope.tree.nodes[index[3]].probability * tonnes
    return {e: out[e] for e in sorted(reference.case.elements)}
