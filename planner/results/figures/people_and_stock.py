"""Figures of people and of stock: staff and its need, training, hires, purchases."""

from __future__ import annotations

import pandas as pd

from planner.results.figures.run import RunFigures

SLIGHT_STOCK_T = 0.05
"""Stock (t) up to which nothing is held."""


def staff(run: RunFigures) -> pd.DataFrame:
    """Expected staff and need by country, skill, year, and the tightest use over the scenarios: `use`."""
    people = run.tables["workforce"]
    keys = ["country", "skill", "year"]
    sums = run.expected(run.by_year["workforce"], keys, ["staff", "available", "needed"])
    share = (people["needed"] / people["available"].where(people["available"] > 0)).fillna(0.0)
    use = people[keys].assign(use=share.clip(upper=1.0))
    return sums.merge(use.groupby(keys, as_index=False).max(), on=keys)


def tightest_team(run: RunFigures) -> pd.DataFrame:
    """By year the team (country, skill) that needs the largest share of its staff in any scenario: `use`. Only teams
    that some plant ever needs."""
    rows = staff(run)
    needed = rows.groupby(["country", "skill"])["needed"].transform("sum")
    rows = rows[needed > 1e-6].sort_values(["use", "needed"], ascending=False, kind="stable")
    return rows.drop_duplicates("year").sort_values("year", ignore_index=True)


def people_decisions(run: RunFigures) -> pd.DataFrame:
    """Expected intakes, new seats and hires (persons) by country, skill: totals and the years they span."""
    training = run.tables["training"]
    weighted = training[["intake", "new_seats"]].mul(training["probability"], axis=0)
    taught = training[["country", "skill", "year"]].join(weighted)
    hired = run.expected(run.by_year["workforce"], ["country", "skill", "year"], ["hired"])
    both = pd.concat([taught, hired[hired["hired"] > 1e-6]]).fillna(0.0)
    return both.groupby(["country", "skill"], as_index=False).agg(
        intake=("intake", "sum"),
        new_seats=("new_seats", "sum"),
        hired=("hired", "sum"),
        first=("year", "min"),
        last=("year", "max"),
    )


def training_begins(run: RunFigures, project: str, first_output: int) -> int | None:
    """The year in which the plan first teaches those who run a plant; None if it teaches nobody before it opens."""
    country = run.case.projects[project].country
    skills = list(run.case.staffing.get(project, {}))
    rows = run.tables["training"]
    for_plant = (rows["country"] == country) & rows["skill"].isin(skills)
    taught = rows[for_plant & (rows["year"] <= first_output)]
    return int(taught["year"].min()) if len(taught) else None


def stock_held(run: RunFigures) -> pd.DataFrame:
    """Expected stock of all goods at the end of each year: year, `stock_t`; no rows if none is ever held."""
    sums = run.expected(run.by_year["stocks"], ["year"], ["stock_t"])
    held = bool((sums["stock_t"] >= SLIGHT_STOCK_T).any())
    return sums if held else sums.head(0)


def purchases(run: RunFigures) -> pd.DataFrame:
    """Expected stock purchases (t) by country, element, form: `bought_t`, the first and the last year, and in how many
    `scenarios`, of which `probability`."""
    stocks, good = run.by_year["stocks"], ["country", "element", "form"]
    stocks = stocks[stocks["bought_t"] > 1e-9]
    rows = run.expected(stocks, [*good, "year"], ["bought_t"])
    bought = rows.groupby(good, as_index=False).agg(
        bought_t=("bought_t", "sum"), first=("year", "min"), last=("year", "max")
    )
    where = stocks[[*good, "scenario"]].drop_duplicates()
    where = where.assign(probability=where["scenario"].map(run.weights).astype(float))
    likely = where.groupby(good, as_index=False).agg(
        scenarios=("scenario", "size"), probability=("probability", "sum")
    )
    out = bought.merge(likely, on=good)
    return out.sort_values(["element", "bought_t"], ascending=[True, False], ignore_index=True)
