"""Figures of plants: commitments by year, capacity and its use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from planner.data.case import Case
from planner.data.kept import kept
from planner.data.lookups import RARE_EARTHS
from planner.data.stages import STAGES
from planner.results.figures.sums import by_year, expected_sums
from planner.results.plan import Plan

ORDER = {name: place for place, name in enumerate(STAGES)}
"""Place of each stage in the chain."""
UNITS = {
    "treo": "t TREO",
    "heavy": "t heavy oxides",
    "contained": "t of the elements",
    "oxide": "t oxide",
    "metal": "t oxide in metal",
    "saving": "t of throughput",
}
"""The tonnes that a plant counts, in words, by measure."""


def unit_of(case: Case, kind: str) -> str:
    """The tonnes of a measure in words; what mines give is TREO of rare earths alone."""
    if kind == "treo" and case.commodity != RARE_EARTHS:
        return "t of feed"
    return UNITS[kind]


def measure(plan: Plan, project: str) -> str:
    """The key of `UNITS` that says what the tonnes of a plant count."""
    stage = plan.case.lookups.stage_of(project)
    if stage.converts:
        return stage.takes
    if stage.saves:
        return "saving"
    return plan.case.projects[project].basis if stage.separates else "treo"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Projects by what they are: plants, and measures that save demand."""

    plants: int
    measures: int


def counted(plan: Plan, projects: Iterable[str]) -> Counted:
    """Each of some projects, counted once."""
    each = set(projects)
    measures = sum(is_measure(plan, project) for project in each)
    return Counted(plants=len(each) - measures, measures=measures)


def is_measure(plan: Plan, project: str) -> bool:
    """A project saves demand, so it is no plant."""
    return plan.case.lookups.stage_of(project).saves


def are_measures(plan: Plan, projects: pd.Series) -> pd.Series:
    """Row for row: the project saves demand."""
    return projects.map(lambda project: is_measure(plan, project)).astype(bool)


@kept
def decisions(plan: Plan) -> pd.DataFrame:
    """One row per commitment, by stage and year, the costliest of a year first: project, country, stage, year, `tpa` (t/y)
    and its `unit`, `capex_musd` and the part of it that is public, `public_musd` (not discounted), the years of first
    and of full output, probability, scenarios."""
    rows = plan.tables["investments"].copy()
    of_project = rows[["project"]].merge(_of_new_plants(plan, rows["project"]), how="left")
    of_project.index = rows.index
    rows["first_output"] = (rows["year"] + of_project["lead"]).astype(int)
    rows["full_output"] = (rows["first_output"] + of_project["ramp"]).astype(int)
    rows["public_musd"] = (rows["capex_musd"] * of_project["public_share"]).astype(float)
    rows["unit"] = of_project["unit"].astype(object)
    rows["order"] = rows["stage"].map(ORDER)
    order = ["order", "year", "capex_musd", "project"]
    return rows.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class InTime:
    """What is approved in the `first` year and what `later`, and the public part of its capital (MUSD, expected, not
    discounted); `all` of it, of what is enlarged once. rows: of `decisions`, those of the first year."""

    years: list[int]
    rows: pd.DataFrame
    first: Counted
    first_public: float
    later: Counted
    later_public: float
    all: Counted


@kept
def in_time(plan: Plan) -> InTime:
    """The decisions of a plan in its first year and afterwards, counted and with their public money."""
    rows = decisions(plan)
    years = sorted(set(rows["year"]))
    is_now = rows["year"] == min(years, default=0)
    public = rows["public_musd"] * rows["probability"]
    return InTime(
        years=years,
        rows=rows[is_now],
        first=counted(plan, rows.loc[is_now, "project"]),
        first_public=float(public[is_now].sum()),
        later=counted(plan, rows.loc[~is_now, "project"]),
        later_public=float(public[~is_now].sum()),
        all=counted(plan, rows["project"]),
    )


def _of_new_plants(plan: Plan, built: pd.Series) -> pd.DataFrame:
    """A row a project: years to the first output, and from it to full use, its public share, and the unit of its size."""
    found = []
    for project in built.unique():
        row = plan.case.projects[project]
        found.append(
            {
                "project": project,
                "lead": plan.case.lookups.lead_time(project),
                "ramp": _ramp_years(plan, project),
                "public_share": row.public_share,
                "unit": unit_of(plan.case, measure(plan, project)) + "/y",
            }
        )
    return pd.DataFrame(found, columns=["project", "lead", "ramp", "public_share", "unit"])


def _ramp_years(plan: Plan, project: str) -> int:
    """Years from first output until the usable share no longer changes."""
    schedule = plan.case.lookups.schedules[project]
    years = range(len(plan.years) + 1)
    shares = [schedule.output_share(schedule.first_output + year) for year in years]
    return shares.index(shares[-1])


@kept
def built(plan: Plan) -> pd.DataFrame:
    """By project that is built: its stage, country, first `year` of commitment, and expected over the horizon `tpa` (t/y),
    `capex_musd` and its `public_musd` (not discounted)."""
    decided = decisions(plan)
    amounts = ["tpa", "capex_musd", "public_musd"]
    rows = decided.assign(**decided[amounts].mul(decided["probability"], axis=0))
    how = {"stage": "first", "country": "first", "year": "min", **dict.fromkeys(amounts, "sum")}
    return rows[rows["tpa"] > 0].groupby("project").agg(how)


def committed(plan: Plan, project: str) -> dict[int, float]:
    """Year of commitment -> new capacity of a project (t/y, expected)."""
    rows = decisions(plan)
    rows = rows[rows["project"] == project]
    expected = (rows["tpa"] * rows["probability"]).groupby(rows["year"]).sum()
    return dict(zip(expected.index.tolist(), expected.tolist(), strict=True))


def new_throughput(plan: Plan, project: str) -> pd.DataFrame:
    """Throughput of the new capacity of a project (t) by scenario (rows) and year, in proportion to what stands beside it."""
    rows = by_year(plan, "capacity")
    rows = rows[rows["project"] == project]
    capacity = rows["existing_tpa"] + rows["new_tpa"]
    tonnes = rows["throughput_t"] * rows["new_tpa"] / capacity.where(capacity > 0)
    return rows.assign(tonnes=tonnes.fillna(0.0)).pivot_table(
        "tonnes", "scenario", "year", fill_value=0.0
    )


def intake(plan: Plan, project: str) -> pd.DataFrame:
    """Expected throughput of a project by year (rows) and what it works: feeds, or elements where it converts them."""
    stage = plan.case.lookups.stage_of(project)
    rows = plan.tables["operations"]
    rows = rows[(rows["project"] == project) & (rows["item"] == stage.item)]
    works = "element" if stage.converts else "feed"
    sums = expected_sums(plan, rows, ["year", works], ["tonnes"])
    return sums.pivot_table("tonnes", "year", works, fill_value=0.0, observed=True)


@kept
def made(plan: Plan) -> pd.DataFrame:
    """Expected output of plants by project, element, form and year: `tonnes`."""
    rows = plan.tables["operations"]
    keys = ["project", "element", "form", "year"]
    return expected_sums(plan, rows[rows["item"] == "made"], keys, ["tonnes"])
