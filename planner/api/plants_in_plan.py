"""Plants as a plan has them: what it builds of them, how much it uses them, what else is made and wanted of their
products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.stages import CHAIN, Stage
from planner.finance.cashflow import CashFlows
from planner.finance.plant_flows import Investment, Product
from planner.finance.project_facts import Worked
from planner.finance.yearly_rows import Array, added
from planner.results.business_case import FeedInPlan, Market, Sold
from planner.results.figures.plants import committed, intake, made, new_throughput
from planner.results.plan import Plan

LATE_YEARS = 5
"""Years of the plan that hold for the years after its horizon."""
ByYear = Mapping[tuple[str, str, int], float]
"""Tonnes by element, form and year."""


def builds_of(plan: Plan, projects: Sequence[str]) -> dict[str, dict[int, float]]:
    """Capacity that the plan commits (t/y, expected) by plant and year."""
    return {project: committed(plan, project) for project in projects}


def tonnes_of(plan: Plan, project: str, years: Sequence[int]) -> Array:
    """Capacity in use (t) of what a plan builds of a plant, in each future (rows) and year: in the horizon as it runs, later
    as on average in its last years."""
    tonnes = new_throughput(plan, project)
    out = np.zeros((len(plan.case.scenarios), len(years)))
    for place, scenario in enumerate(plan.case.scenarios):
        if scenario in tonnes.index:
            out[place] = _filled(tonnes.loc[scenario].to_dict(), years, plan.case)
    return out


def _filled(tonnes: Mapping[Any, float], years: Sequence[int], case: Case) -> list[float]:
    """Tonnes in each year: none where the plan has none, after its horizon the mean of its last years."""
    late = [tonnes.get(year, 0.0) for year in case.years[-LATE_YEARS:]]
    after = sum(late) / len(late)
    return [after if year > case.last_year else tonnes.get(year, 0.0) for year in years]


def worked_of(plan: Plan, project: str, years: Sequence[int]) -> Worked | None:
    """What a plant works in a plan, expected over its futures; None for a mine, and for one that stands still."""
    case, stage = plan.case, plan.case.lookups.stage_of(project)
    if stage.mines:
        return None
    by_year: dict[str, Array] = {}
    for name, tonnes in intake(plan, project).items():
        per_tonne = 1.0 if stage.converts else case.lookups.capacity_use(project, str(name))
        by_year[str(name)] = per_tonne * np.array(_filled(tonnes.to_dict(), years, case))
    in_use = added([*by_year.values()], np.zeros(len(years)))
    if not in_use.any():
        return None
    in_all = {name: float(used.sum() / in_use.sum()) for name, used in by_year.items()}
    shares = {}
    for name, used in by_year.items():
        shares[name] = np.where(in_use > 0, used / np.where(in_use > 0, in_use, 1.0), in_all[name])
    in_words = {name: share for name, share in in_all.items() if share > 0}
    return Worked(by_year=shares, in_all=in_words)


def feeds_in_plan(plan: Plan, sold: Sold) -> list[FeedInPlan]:
    """What plants take in, in the year in which they work most or the last of the plan, beside what the plan gives of it."""
    case, place = plan.case, sold.fullest
    year = min(sold.investment.years[place], case.last_year)
    feeds = []
    for plant, flows in zip(sold.investment.plants, sold.flows.plants, strict=True):
        stage = case.lookups.stage_of(plant.project)
        for name, share in plant.mix.items() if not stage.mines else ():
            part = plant.by_year[name][place] if name in plant.by_year else share
            per_tonne = 1.0 if stage.converts else case.lookups.capacity_use(plant.project, name)
            given = _given_of(plan, stage, name, year)
            taken = float(part * flows.tonnes[place] / per_tonne)
            feeds.append(FeedInPlan(name=name, year=year, taken=taken, given=given))
    return feeds


def _given_of(plan: Plan, stage: Stage, name: str, year: int) -> float:
    """What a plan makes of what plants of a stage convert, or mines of their feed, in a year (t, expected)."""
    if stage.converts:
        rows = made(plan)
        is_it = (rows["element"] == name) & (rows["form"] == stage.takes) & (rows["year"] == year)
        return float(rows.loc[is_it, "tonnes"].sum())
    tonnes = 0.0
    for project in plan.case.projects:
        if plan.case.lookups.stage_of(project).mines:
            by_year = intake(plan, project)
            if name in by_year:
                tonnes += float(by_year[name].get(year, 0.0))
    return tonnes


def wanted_of(case: Case) -> ByYear:
    """Tonnes wanted by element, form and year, in the form itself or to make others of: with the losses of the plant
    that loses most."""
    kept = _least_recoveries(case)
    out = defaultdict[tuple[str, str, int], float](float)
    for (_, element, form, year), tonnes in case.demand.items():
        out[element, form, year] += tonnes
        for stage in reversed(CHAIN):
            if stage.gives == form:
                tonnes /= kept.get((form, element), 1.0)
                form = stage.takes
                out[element, form, year] += tonnes
    return out


def _least_recoveries(case: Case) -> dict[tuple[str, str], float]:
    """The least recovery of the plants that convert, by the form that they give and element."""
    out: dict[tuple[str, str], float] = {}
    for project in case.projects:
        stage = case.lookups.stage_of(project)
        if not stage.converts:
            continue
        for element in case.elements:
            recovery = case.lookups.recovery(project, element)
            if recovery > 0:
                out[stage.gives, element] = min(recovery, out.get((stage.gives, element), 1.0))
    return out


def markets_of(plan: Plan, found: Investment, flows: CashFlows) -> list[Market]:
    """Each product but concentrates in the year in which all plants' output is most of what is wanted."""
    others = _made_by_others(plan, [plant.project for plant in found.plants])
    fullest = []
    for good in found.wanted:
        known = _market_by_year(found, flows, good, others)
        in_horizon = [market for market in known if market.year in plan.case.years]
        if in_horizon:
            fullest.append(max(in_horizon, key=lambda market: market.share))
    return fullest


def _made_by_others(plan: Plan, projects: Sequence[str]) -> ByYear:
    """Tonnes that all other plants make, expected."""
    rows = made(plan)
    rows = rows[~rows["project"].isin(projects)]
    sums = rows.groupby(["element", "form", "year"])["tonnes"].sum()
    return dict(zip(sums.index.tolist(), sums.tolist(), strict=True))


def _market_by_year(
    found: Investment, flows: CashFlows, good: Product, others: ByYear
) -> list[Market]:
    """A product in the years in which the plants make some of it."""
    element, form = good
    wanted = found.wanted[good]
    output, sold, earned = 0.0 * wanted, 0.0 * wanted, 0.0 * wanted
    for plant, of_plant in zip(found.plants, flows.plants, strict=True):
        per_tonne = sum(one.per_tonne for one in plant.made if one.good == good)
        output = output + plant.size * of_plant.usable * per_tonne
        for sale in of_plant.sales:
            if sale.material.good == good:
                sold = sold + sale.tonnes
                earned = earned + sale.market
    out = []
    for place, year in enumerate(found.years):
        if output[place] <= 0:
            continue
        market = Market(
            element=element,
            form=form,
            year=year,
            made=float(output[place]),
            sold=float(sold[place]),
            earned=float(earned[place]),
            others=others.get((element, form, year), 0.0),
            demand=float(wanted[place]),
        )
        out.append(market)
    return out
