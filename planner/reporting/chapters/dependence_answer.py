"""The first screen about dependence: the worst single loss, and how dependent each element is today, later and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.reporting.parts import Column, ReportTable, text
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import NOTHING, percent
from planner.reporting.words.sentences import Passages
from planner.results.coverage import LeastServed
from planner.results.figures.dependence import (
    coverage,
    largest_origins,
    milestones,
    worst_single_losses,
)
from planner.results.figures.sums import elements_by_loss, records
from planner.results.plan import Plan

say = Passages("dependence.j2")
SOURCE = "tables/origins.csv, basis=last; summary.json: diversification.without_plan; tables/coverage.csv"


def lead(plan: Plan) -> str:
    """The worst single loss of each year told, or the command that tells it."""
    losses = list(worst_single_losses(plan))
    return say("lead", asked=bool(coverage(plan).rows), losses=losses, names=names_of(plan.case))


def _before_and_after(no_plan: str, with_plan: str) -> str:
    """Two figures told as one where they are alike or the first is not known."""
    return with_plan if no_plan in {with_plan, NOTHING} else f"{no_plan} → {with_plan}"


def answer_table(plan: Plan) -> ReportTable | None:
    """A row an element: its largest origin, and what can be met without one, by year; None where neither is known."""
    columns = {**_largest_shares(plan), **_met_shares(plan)}
    if not columns:
        return None
    frame = pd.DataFrame(columns, index=elements_by_loss(plan))
    frame = frame.fillna(NOTHING)
    names = list(map(names_of(plan.case).element, elements_by_loss(plan)))
    frame.insert(0, "element", names)
    asked = bool(coverage(plan).rows)
    compared = asked or origins_without_plan(plan) != {}
    return ReportTable(
        title=say("answer_title"),
        columns=list(map(_column, frame.columns)),
        frame=frame,
        note=say("answer", asked=asked, compared=compared),
        source=SOURCE,
        stacked=True,
    )


def _column(heading: str) -> Column:
    """A column of words, its year below its heading."""
    title, _, year = heading.partition(", ")
    return text(title, unit=year, field=heading)


def origins_without_plan(plan: Plan) -> dict[str, Any]:
    """Largest origins without a plan: element -> form -> year; empty where nothing is compared."""
    found: dict[str, Any] = plan.summary.get("diversification", {}).get("without_plan", {})
    return found


def _largest_shares(plan: Plan) -> dict[str, dict[str, str]]:
    """Heading -> element -> the form that comes most from one origin, and that share."""
    rows = largest_origins(plan)
    found: dict[str, dict[str, str]] = {}
    for year in milestones(plan.years):
        of_year = rows[rows["year"] == year]
        by_share = of_year.sort_values("share", ascending=False, kind="stable")
        cells = {}
        for row in records(by_share.drop_duplicates("element")):
            cells[row["element"]] = _largest_share(plan, year, row)
        if cells:
            found[f"most from one origin, {year}"] = cells
    return found


def _largest_share(plan: Plan, year: int, row: dict[str, Any]) -> str:
    """The largest share of a good, without a plan and with it, and its origin and form."""
    by_form = origins_without_plan(plan).get(row["element"], {})
    before = by_form.get(row["form"], {}).get(str(year), {})
    no_plan = _share_of(plan, before, row)
    shares = _before_and_after(no_plan, percent(row["share"]))
    names = names_of(plan.case)
    form = names.form(row["form"])
    origin = names.origin(row["origin"])
    return f"{shares} {origin} ({form})" if form else f"{shares} {origin}"


def _share_of(plan: Plan, before: dict[str, Any], row: dict[str, Any]) -> str:
    """The largest share without a plan, with its origin where that is another than with the plan."""
    if not before:
        return NOTHING
    share, origin = percent(before["largest_share"]), before["largest_origin"]
    return share if origin == row["origin"] else f"{share} {names_of(plan.case).origin(origin)}"


def _met_shares(plan: Plan) -> dict[str, dict[str, str]]:
    """Heading -> element -> the share of demand that can be met without the origin that matters most."""
    covered = coverage(plan)
    with_plan, no_plan = covered.n1, covered.without_origin(plan=False)
    lost = _lost(plan, with_plan, no_plan)
    found: dict[str, dict[str, str]] = {}
    for year in milestones(map(int, with_plan)):
        before = _met_by_element(no_plan.get(str(year), {}))
        cells = {}
        for element, share in _met_by_element(with_plan[str(year)]).items():
            cells[element] = _before_and_after(before.get(element, NOTHING), share)
        found[f"met without {lost}, {year}"] = cells
    return found


def _met_by_element(served: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {element: percent(least["share"]) for element, least in served.items()}


def _lost(plan: Plan, *served: LeastServed) -> str:
    """The origin that is lost, where it is the same for each element and year."""
    origins = set()
    for by_year in served:
        for by_element in by_year.values():
            origins |= {least["without"] for least in by_element.values()}
    return names_of(plan.case).without(*origins) if len(origins) == 1 else "the worst origin"
