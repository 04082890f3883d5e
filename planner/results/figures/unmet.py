"""Figures of demand that is met and not met, and of where goods come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.kept import kept
from planner.results.figures.sums import (
    EXPECTED,
    WITHOUT,
    by_year,
    chances,
    elements_by_loss,
    expected_losses,
    expected_sums,
    losses_of,
    scenarios_by_loss,
    sums_in,
    undone_column,
    worst_scenario,
)
from planner.results.plan import Plan
from planner.results.reader import rows_of
from planner.thresholds import SHOWN_T

LOW, HIGH = 0.1, 0.9
"""Quantiles of a fan."""
SMALLEST_T = 5e-4
"""Tonnes below which nothing is unmet: a table would print nothing."""
LIKELY = 0.02
"""Probability with which the main scenario's loss is reached or passed."""


KEYS = ["country", "element", "form", "year"]


def short_columns(plan: Plan) -> list[str]:
    """The columns of tonnes of the table `shortfall`."""
    return ["tonnes", "demand_t", WITHOUT] if plan.compared else ["tonnes", "demand_t"]


@kept
def short_by_scenario(plan: Plan) -> pd.DataFrame:
    """Unmet demand `tonnes`, `demand_t` and, if compared, `without_plan_t` (t) by scenario, element and year."""
    keys = ["scenario", "element", "year"]
    return plan.tables["shortfall"].groupby(keys, as_index=False)[short_columns(plan)].sum()


@kept
def short_expected(plan: Plan) -> pd.DataFrame:
    """The same expected, by element and year."""
    short = plan.tables["shortfall"]
    return expected_sums(plan, short, ["element", "year"], short_columns(plan))


def _met(sums: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Demand and what is met of it (t) by keys: `demand`, `met` and, if compared, `met_without`."""
    demand = sums["demand_t"]
    found = sums[keys].assign(demand=demand, met=demand - sums["tonnes"])
    if WITHOUT in sums:
        found["met_without"] = demand - sums[WITHOUT]
    return found


def met_by_scenario(plan: Plan, element: str) -> pd.DataFrame:
    """Demand and what is met of it (t) by scenario and year: `demand`, `met` and, if compared, `met_without`."""
    rows = short_by_scenario(plan)
    return _met(rows[rows["element"] == element], ["scenario", "year"])


def fan(plan: Plan, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of `met_by_scenario` over the scenarios, by year: `least`, `low` (10 %), `high` (90 %), `most`, `mean`,
    and the same span of demand: `demand_least`, `demand_most`."""
    weights = chances(plan, rows).to_numpy()
    values = rows[column].to_numpy(float)
    demand = rows["demand"].to_numpy(float)
    found = []
    for year, at in rows.groupby("year").indices.items():
        rising = at[np.argsort(values[at], kind="stable")]
        ordered = values[rising]
        reached = np.cumsum(weights[rising])
        found.append(
            {
                "year": int(str(year)),
                "least": ordered[0],
                "low": _quantile(ordered, reached, LOW),
                "high": _quantile(ordered, reached, HIGH),
                "most": ordered[-1],
                "mean": float(np.sum(values[at] * weights[at])),
                "demand_least": demand[at].min(),
                "demand_most": demand[at].max(),
            }
        )
    return pd.DataFrame(found)


def _quantile(values: NDArray[Any], reached: NDArray[Any], share: float) -> float:
    """The first of rising values at which the probability reaches a share."""
    below = int((reached < share - 1e-9).sum())
    return float(values[min(below, len(values) - 1)])


def balances(plan: Plan) -> pd.DataFrame:
    """Expected demand and what is met of it (t) by element, year."""
    return _met(short_expected(plan), ["element", "year"])


@kept
def unmet_by_element(plan: Plan, scenario: str) -> pd.DataFrame:
    """Unmet demand with the plan, `tonnes`, and `demand_t` by element, in a scenario or expected (`EXPECTED`)."""
    short = plan.tables["shortfall"]
    return sums_in(plan, short, scenario, ["element"], ["tonnes", "demand_t"]).set_index("element")


@kept
def unmet_by_country(plan: Plan, scenario: str) -> pd.DataFrame:
    """Unmet demand with the plan by country and year, in a scenario or expected (`EXPECTED`): `tonnes`, and the `share` of
    the country's demand."""
    keys = ["country", "year"]
    short = by_year(plan, "shortfall")
    sums = sums_in(plan, short, scenario, keys, ["tonnes", "demand_t"]).set_index(keys)
    demand = sums["demand_t"].where(sums["demand_t"] > 0)
    return sums.assign(share=(sums["tonnes"] / demand).fillna(0.0))


def worst_left(plan: Plan) -> str:
    """The scenario with the largest loss with the plan."""
    losses: dict[str, float] = plan.summary["scenario_loss_musd"]
    return max(losses, key=lambda scenario: losses[scenario])


def hardest_hit(plan: Plan) -> pd.DataFrame:
    """Rows of `shortfall` with more than a hundredth of demand unmet in the scenario with the largest loss with the plan."""
    short = plan.tables["shortfall"]
    hit = (short["scenario"] == worst_left(plan)) & (short["tonnes"] > 0.01 * short["demand_t"])
    return short[hit]


def ever_short_countries(plan: Plan) -> list[str]:
    """Countries that are short in some scenario and year."""
    short = by_year(plan, "shortfall")
    hit = set(short.loc[short["tonnes"] > SHOWN_T, "country"])
    return [country for country in plan.case.countries if country in hit]


def ever_short(plan: Plan) -> list[str]:
    """The elements that are short in some scenario, with or without the plan, the costliest shortage first."""
    rows = short_by_scenario(plan)
    most = rows.groupby("element")[["tonnes", undone_column(plan)]].max().max(axis=1)
    return [element for element in elements_by_loss(plan) if most[element] > 0]


@dataclass(frozen=True, kw_only=True)
class WorstYear:
    """The share of an element's demand that is unmet in its worst year in a scenario with the plan, and `before`, in that
    year without one; and the same of the worst year without a plan: `undone` there, `left` with the plan."""

    share: float
    year: int
    before: float
    undone: float
    undone_year: int
    left: float


@kept
def worst_shares(plan: Plan) -> dict[tuple[str, str], WorstYear]:
    """(scenario, element) -> the year of the largest share of demand not met, with the plan and without, all countries
    together; without a plan the same where nothing is compared."""
    sums = short_by_scenario(plan)
    sums = sums[sums["demand_t"] > 0]
    demand = sums["demand_t"]
    shares = sums.assign(share=sums["tonnes"] / demand, before=sums[undone_column(plan)] / demand)
    by_case = shares.groupby(["scenario", "element"])
    worst = shares.loc[by_case["share"].idxmax()]
    undone = shares.loc[by_case["before"].idxmax()]
    found = {}
    for at, was in zip(rows_of(worst), rows_of(undone), strict=True):
        found[at.scenario, at.element] = WorstYear(
            share=at.share,
            year=at.year,
            before=at.before,
            undone=was.before,
            undone_year=was.year,
            left=was.share,
        )
    return found


def main_scenario(plan: Plan) -> str:
    """The scenario whose loss is reached or passed with a probability of 2 %, whether by one scenario or by many."""
    reached = 0.0
    for scenario in scenarios_by_loss(plan):
        reached += plan.weights.get(scenario, 0.0)
        if reached >= LIKELY - 1e-9:
            return scenario
    return worst_scenario(plan)


def missing(plan: Plan, scenario: str) -> pd.DataFrame:
    """Unmet demand with the plan by country, element, form, year, in a scenario or expected (`EXPECTED`): `tonnes`,
    `demand_t`, and the loss `musd`."""
    every = plan.tables["shortfall"]
    rows = every[every["tonnes"] > 0 if scenario == EXPECTED else every["scenario"] == scenario]
    lost = rows.assign(musd=losses_of(plan.case, rows))
    unmet = sums_in(plan, lost, scenario, KEYS, ["tonnes", "musd"])
    wanted = sums_in(plan, every, scenario, KEYS, ["demand_t"])
    return unmet[unmet["tonnes"] >= SMALLEST_T].merge(wanted, on=KEYS)


SEEN, MOST_WORST = 1e-4, 3
"""Share of a year's demand up to which nothing counts as unmet; and how many cases are told."""


@dataclass(frozen=True)
class WorstCase:
    """Unmet demand of an element in its worst years in a scenario."""

    scenario: str
    element: str
    at: WorstYear


@kept
def worst_cases(plan: Plan) -> list[WorstCase]:
    """The scenarios that lose most, the main one first, and of each the element whose demand is unmet most."""

    def unmet(case: WorstCase) -> tuple[float, str]:
        return case.at.undone + case.at.share, case.element

    main = main_scenario(plan)
    found = []
    for scenario in dict.fromkeys([main, *scenarios_by_loss(plan)]):
        hit = [case for case in _cases(plan, scenario) if max(case.at.undone, case.at.share) > SEEN]
        if hit:
            found.append(max(hit, key=unmet))
    return found[:MOST_WORST]


def most_unmet(plan: Plan) -> list[WorstCase]:
    """Of each element that is ever short with the plan the scenario in which most of a year's demand is unmet."""

    def most_first(case: WorstCase) -> tuple[float, str]:
        return -case.at.share, case.scenario

    shares = worst_shares(plan)
    found = []
    for element in elements_by_loss(plan):
        hit = []
        for (scenario, other), at in shares.items():
            if other == element and at.share > SEEN:
                hit.append(WorstCase(scenario, element, at))
        found += sorted(hit, key=most_first)[:1]
    return found


def _cases(plan: Plan, scenario: str) -> list[WorstCase]:
    """The worst year of each element in a scenario."""
    shares = worst_shares(plan)
    found = []
    for element in elements_by_loss(plan):
        if (scenario, element) in shares:
            found.append(WorstCase(scenario, element, shares[scenario, element]))
    return found


WORSE, MOST_WORSE = 1.0, 2
"""From how many t or MUSD a year is told that is worse with the plan, and how many of them."""


@dataclass(frozen=True)
class WorseYear:
    """A year in which more of an element is unmet (t), or more is lost in a country (MUSD), with the plan than without."""

    kind: str
    key: str
    year: int
    more: float


def worse_with_the_plan(plan: Plan) -> list[WorseYear]:
    """Elements and countries with a year in which the plan is worse than none, expected, the most first."""
    if not plan.compared:
        return []
    missed = []
    for row in rows_of(balances(plan)):
        missed.append(WorseYear("element", row.element, row.year, row.met_without - row.met))
    lost = (
        expected_losses(plan)
        .groupby(["country", "year"], as_index=False)[["musd", "without_musd"]]
        .sum()
    )
    dearer = []
    for row in rows_of(lost):
        dearer.append(WorseYear("country", row.country, row.year, row.musd - row.without_musd))
    found = []
    for rows in (missed, dearer):
        most = sorted(rows, key=lambda row: -row.more)[:MOST_WORSE]
        found += [row for row in most if row.more > WORSE]
    return found
