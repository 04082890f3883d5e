"""Figures of people and of stock: staff and its need, training, hires, purchases."""

from __future__ import annotations

import pandas as pd

from planner.results.figures.sums import by_year, chances, expected_sums
from planner.results.plan import Plan
from planner.thresholds import ROUNDING, TOLERATED

SLIGHT_STOCK_T = 0.05
"""Stock (t) up to which nothing is held."""


TEAM = ["country", "skill"]
GOOD = ["country", "element", "form"]
"""Columns that name a team, and a good."""


def staff(plan: Plan) -> pd.DataFrame:
    """Expected staff and need by country, skill, year, and the tightest use over the scenarios: `use`."""
    people = plan.tables["workforce"]
    keys = [*TEAM, "year"]
    available = people["available"].where(people["available"] > 0)
    share = (people["needed"] / available).fillna(0.0)
    use = people[keys].assign(use=share.clip(upper=1.0))
    tightest = use.groupby(keys, as_index=False).max()
    sums = expected_sums(plan, by_year(plan, "workforce"), keys, ["staff", "available", "needed"])
    return sums.merge(tightest, on=keys)


def tightest_team(plan: Plan) -> pd.DataFrame:
    """By year the team (country, skill) that needs the largest share of its staff in any scenario: `use`. Only teams
    that some plant ever needs."""
    rows = staff(plan)
    needed = rows.groupby(TEAM)["needed"].transform("sum")
    rows = rows[needed > TOLERATED]
    tightest_first = rows.sort_values(["use", "needed"], ascending=False, kind="stable")
    each_year = tightest_first.drop_duplicates("year")
    return each_year.sort_values("year", ignore_index=True)


def people_decisions(plan: Plan) -> pd.DataFrame:
    """Expected intakes, new seats and hires (persons) by country, skill: totals and the years they span."""
    keys = [*TEAM, "year"]
    training = plan.tables["training"]
    persons = training[["intake", "new_seats"]].mul(training["probability"], axis=0)
    taught = training[keys].join(persons)
    hired = expected_sums(plan, by_year(plan, "workforce"), keys, ["hired"])
    hired = hired[hired["hired"] > TOLERATED]
    decided = pd.concat([taught, hired]).fillna(0.0)
    return decided.groupby(TEAM, as_index=False).agg(
        intake=("intake", "sum"),
        new_seats=("new_seats", "sum"),
        hired=("hired", "sum"),
        first=("year", "min"),
        last=("year", "max"),
    )


def most_hired(plan: Plan) -> float:
    """Persons hired over the horizon in the scenario with the most hires."""
    hired = plan.tables["workforce"].groupby("scenario")["hired"].sum()
    return float(hired.max()) if len(hired) else 0.0


def training_begins(plan: Plan, project: str, first_output: int) -> int | None:
    """The year in which the plan first teaches those who run a plant; None if it teaches nobody before it opens."""
    country = plan.case.projects[project].country
    skills = list(plan.case.lookups.staffing.get(project, {}))
    training = plan.tables["training"]
    for_plant = (training["country"] == country) & training["skill"].isin(skills)
    years = training.loc[for_plant & (training["year"] <= first_output), "year"]
    return int(years.min()) if len(years) else None


def stock_held(plan: Plan) -> pd.DataFrame:
    """Expected stock of all goods at the end of each year: year, `stock_t`; no rows if none is ever held."""
    sums = expected_sums(plan, by_year(plan, "stocks"), ["year"], ["stock_t"])
    held = bool((sums["stock_t"] >= SLIGHT_STOCK_T).any())
    return sums if held else sums.head(0)


def stock_traded(plan: Plan) -> dict[str, float]:
    """Expected stock purchases and releases of all goods over the horizon (t): `bought_t`, `released_t`; empty if there
    is no stock."""
    stocks = plan.tables["stocks"]
    if stocks.empty:
        return {}
    weight = chances(plan, stocks)
    sums = stocks[["bought_t", "released_t"]].mul(weight, axis=0).sum()
    return {str(column): float(tonnes) for column, tonnes in sums.items()}


def purchases(plan: Plan) -> pd.DataFrame:
    """Expected stock purchases (t) by country, element, form: `bought_t`, the first and the last year, and in how many
    `scenarios`, of which `probability`."""
    stocks = by_year(plan, "stocks")
    stocks = stocks[stocks["bought_t"] > ROUNDING]
    each_year = expected_sums(plan, stocks, [*GOOD, "year"], ["bought_t"])
    bought = each_year.groupby(GOOD, as_index=False).agg(
        bought_t=("bought_t", "sum"), first=("year", "min"), last=("year", "max")
    )
    buying = stocks[[*GOOD, "scenario"]].drop_duplicates()
    buying["probability"] = chances(plan, buying)
    likely = buying.groupby(GOOD, as_index=False).agg(
        scenarios=("scenario", "size"), probability=("probability", "sum")
    )
    found = bought.merge(likely, on=GOOD)
    order = ["element", "bought_t"]
    return found.sort_values(order, ascending=[True, False], ignore_index=True)
