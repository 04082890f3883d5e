"""The first screen about dependence: the worst single loss, and how dependent each element is today, later and at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from planner.reporting.parts import Card, Column, ReportTable, text
from planner.reporting.run_view import RunView
from planner.reporting.words.numbers import NOTHING, money, percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.dependence import (
    largest_origins,
    met_without_origin,
    milestones,
    removals,
    worst_single_losses,
)
from planner.results.figures.run import records

say = Passages("dependence.j2")
SOURCE = "tables/origins.csv, basis=last; summary.json: diversification.without_plan; tables/coverage.csv"


def lead(run: RunView) -> str:
    """The worst single loss of the last year told, or the command that tells it."""
    losses = list(worst_single_losses(run))
    return say("lead", asked=not removals(run).empty, losses=losses, names=run.names)


def loss_cards(run: RunView) -> Iterator[Card]:
    """The worst single loss of each year told, without a plan and with it."""
    for loss in worst_single_losses(run):
        yield Card(
            title=f"Worst single loss, {loss.year}: {run.names.without(loss.without)}",
            value=_before_and_after(money(loss.no_plan_musd), money(loss.with_plan_musd)),
            unit="in that year",
            note=say("loss_note", loss=loss),
            source=f"tables/coverage.csv, rows with year={loss.year}, without={loss.without}",
        )


def _before_and_after(no_plan: str, with_plan: str) -> str:
    """Two figures told as one where they are alike or the first is not known."""
    return with_plan if no_plan in {with_plan, NOTHING} else f"{no_plan} → {with_plan}"


def answer_table(run: RunView) -> ReportTable | None:
    """A row an element: its largest origin, and what can be met without one, by year; None where neither is known."""
    columns = {**_largest_shares(run), **_met_shares(run)}
    if not columns:
        return None
    asked = not removals(run).empty
    frame = pd.DataFrame(columns, index=run.elements).fillna(NOTHING)
    names = [run.names.element(element) for element in run.elements]
    frame.insert(0, "element", names)
    return ReportTable(
        title=say("answer_title"),
        columns=[_column(heading) for heading in frame.columns],
        frame=frame,
        note=say("answer", asked=asked, compared=asked or _without_plan(run) != {}),
        source=SOURCE,
    )


def _column(heading: str) -> Column:
    return text(heading, field=heading)


def _without_plan(run: RunView) -> dict[str, Any]:
    """Largest origins without a plan: element -> form -> year; empty where nothing is compared."""
    found: dict[str, Any] = run.summary.get("diversification", {}).get("without_plan", {})
    return found


def _largest_shares(run: RunView) -> dict[str, dict[str, str]]:
    """Heading -> element -> the form that comes most from one origin, and that share."""
    rows = largest_origins(run)
    without_plan = _without_plan(run)
    found: dict[str, dict[str, str]] = {}
    for year in milestones(run.years):
        by_share = rows[rows["year"] == year].sort_values("share", ascending=False, kind="stable")
        cells = {}
        for row in records(by_share.drop_duplicates("element")):
            element, form = row["element"], row["form"]
            before = without_plan.get(element, {}).get(form, {}).get(str(year), {})
            shares = _before_and_after(percent(before.get("largest_share")), percent(row["share"]))
            cells[element] = f"{shares} {run.names.origin(row['origin'])} ({form})"
        if cells:
            found[f"most from one origin, {year}"] = cells
    return found


def _met_shares(run: RunView) -> dict[str, dict[str, str]]:
    """Heading -> element -> the share of demand that can be met without the origin that matters most."""
    rows = met_without_origin(run)
    found: dict[str, dict[str, str]] = {}
    for year in milestones(rows["year"].unique()):
        of_year = rows[rows["year"] == year]
        no_plan = _met_by_element(of_year[~of_year["plan"]])
        cells = {}
        for element, share in _met_by_element(of_year[of_year["plan"]]).items():
            cells[element] = _before_and_after(no_plan.get(element, NOTHING), share)
        found[f"can be met without {_lost(run, rows)}, {year}"] = cells
    return found


def _met_by_element(rows: pd.DataFrame) -> dict[str, str]:
    by_element = zip(rows["element"], rows["served_share"], strict=True)
    return {element: percent(share) for element, share in by_element}


def _lost(run: RunView, rows: pd.DataFrame) -> str:
    """The origin that is lost, where it is the same for each element and year."""
    origins = rows["without"].unique()
    return run.names.without(origins[0]) if len(origins) == 1 else "the worst origin"
