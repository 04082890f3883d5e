"""Chapters of a study: rows by status, outcomes and what moves them, options, failures, projects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from planner.reporting.charts import study as charts
from planner.reporting.parts import (
    Chapter,
    Chart,
    Part,
    ReportTable,
    Statement,
    TableRow,
    Text,
    figures,
    per_cent,
    text,
    told_chart,
)
from planner.reporting.words.names import short
from planner.reporting.words.sentences import Passages
from planner.results.study import (
    ALL,
    MEANINGS,
    OPTIMAL,
    RESULTS,
    Box,
    Failures,
    Indices,
    OptionResults,
    OutcomeResults,
    StudyResults,
    unit_ending,
)

say = Passages("study.j2")
MOST_BARS = 20
KINDS = {
    "sobol": ("share of the variance", "with interactions", "points of the base sample"),
    "rbd_fast": ("share of the variance", "alone", "points"),
}
"""Kind of index -> axis, name of the total, unit of the sample."""
MOST_ROWS = 40


NOT_SOLVED = ReportTable(
    title="Points without an optimum",
    file=RESULTS,
    columns=[text("point"), text("status"), text("message")],
)
"""A row a point without an optimum."""


def not_solved(found: StudyResults) -> Chapter | None:
    """The points without an optimum; None where there are none."""
    has_failed = found.table["status"].notna() & (found.table["status"] != OPTIMAL)
    bad = found.table[has_failed].head(MOST_ROWS)
    if bad.empty:
        return None
    first_lines = bad["message"].str.partition("\n")[0]
    table = NOT_SOLVED.over(bad.assign(message=first_lines), note=say("left_out"))
    return Chapter(anchor="status", title="Points without an optimum", parts=[table])


def titled(title: str, option: str) -> str:
    """A title, with the option that it is of, if there are several."""
    return title if option == ALL else f"{title}: {option}"


def outcomes(found: StudyResults, option: OptionResults, place: int) -> Chapter:
    """Pictures of each outcome under one option."""
    parts: list[Part | None] = []
    for one in option.outcomes:
        parts += _pictures(found, one, f"{place}.{one.outcome}")
    kept = [part for part in parts if part is not None] or [_summary(found, option.rows)]
    if found.not_installed and found.design != "one_at_a_time":
        kept.append(Text([say("not_installed", needs=found.not_installed)]))
    title = titled("Influences on the outcomes", option.name)
    return Chapter(anchor=f"outcomes{place}", title=title, parts=kept)


def _pictures(found: StudyResults, one: OutcomeResults, prefix: str) -> list[Part | None]:
    """Charts and tables on what moves an outcome, as far as the design of the study tells."""
    parts: list[Part | None] = []
    if one.tornado is not None and len(one.tornado):
        parts.append(one_at_a_time(one.tornado, one.outcome, prefix))
    if one.indices:
        parts.append(indices(one.indices, prefix))
    is_one_by_one = found.design == "one_at_a_time"
    parts.append(responses(one.curves, one.outcome, prefix, is_one_by_one))
    return parts


SUMMARY = ReportTable(
    title="Outcomes",
    columns=[text("outcome"), figures("mean"), figures("min", "least"), figures("max", "most")],
)
"""A row an outcome."""


def _summary(found: StudyResults, rows: pd.DataFrame) -> ReportTable:
    by_outcome = rows[list(found.outcomes)].agg(["mean", "min", "max"]).T
    table = by_outcome.reset_index(names="outcome")
    frame = table.assign(outcome=table["outcome"].map(outcome_words))
    return SUMMARY.over(frame)


def options(found: StudyResults) -> Chapter | None:
    """Mean outcomes by option."""
    if found.means is None:
        return None
    columns = [text("option")]
    for outcome in found.outcomes:
        columns.append(figures(outcome, outcome_words(outcome)))
    means = ReportTable(title="Mean outcome by option", columns=columns, frame=found.means)
    return Chapter(anchor="options", title="Options compared", parts=[means])


def failure_statements(found: StudyResults) -> Iterator[Statement]:
    """Statements on the conditions under which the plan fails, by option."""
    for option in found.options:
        if option.failures is not None:
            prefix = "" if option.name == ALL else f"{option.name}: "
            words = failure_words(option.failures, option.failures.box, found.not_installed)
            when = say("failures", when=found.fails_when)
            yield Statement("Failure", f"{prefix}{words} {when}")


def failure_words(found: Failures, box: Box | None, not_installed: str = "") -> str:
    """Words on the conditions under which the plan fails. not_installed: what is needed to look for them."""
    limits = limits_of(box) if box is not None else ""
    return say("failure", found=found, box=box, limits=limits, needs=not_installed)


def limits_of(box: Box) -> str:
    """The limits of a box as a condition, e.g. 'demand > 1.07 and cut > 0.22'."""
    parts = []
    for name, low, high in box.limits:
        if math.isfinite(low) and math.isfinite(high):
            parts.append(f"{name} is between {low:.3g} and {high:.3g}")
        else:
            parts.append(f"{name} > {low:.3g}" if math.isfinite(low) else f"{name} < {high:.3g}")
    return " and ".join(parts)


PROJECTS = ReportTable(
    file="tables/projects.csv",
    columns=[
        text("project"),
        per_cent("share", "share of points"),
        figures("mean_tpa", "mean", "t/y"),
        figures("least_tpa", "least", "t/y"),
        figures("most_tpa", "most", "t/y"),
    ],
)
"""A row a project."""


def projects(found: StudyResults) -> Chapter | None:
    """The projects of the plans at all points, by option."""
    parts: list[Part] = []
    for option in found.options:
        if option.projects.empty:
            continue
        table = PROJECTS.over(
            option.projects.head(MOST_ROWS),
            title=short(titled("Projects", option.name), 90),
            note=say("projects"),
        )
        parts.append(table)
    if not parts:
        return None
    return Chapter(anchor="projects", title="Projects in how many of the plans", parts=parts)


def result_tables(found: StudyResults) -> dict[str, pd.DataFrame]:
    """The tables that are written beside the page, by file name."""
    kept: dict[str, list[pd.DataFrame]] = {}
    for option in found.options:
        for one in option.outcomes:
            told = {"option": option.name, "outcome": one.outcome}
            for name, table in _tables_of(one, told):
                kept.setdefault(name, []).append(table)
        kept.setdefault("projects", []).append(option.projects.assign(option=option.name))
    found_tables = {name: pd.concat(parts) for name, parts in kept.items()}
    if found.means is not None:
        found_tables["options"] = found.means
    if found.fails_when:
        found_tables["failures"] = pd.DataFrame(list(_boxes(found)))
    return found_tables


def _tables_of(one: OutcomeResults, told: dict[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of an outcome by their names. told: its option and its own name."""
    if one.tornado is not None:
        yield "tornado", one.tornado.assign(**told)
    if one.indices:
        kind = {"kind": one.indices.kind}
        yield "indices", pd.DataFrame([told | kind | vars(row) for row in one.indices.rows])
    for uncertainty, curve in one.curves.items():
        yield "response_curves", curve.assign(**told, uncertainty=uncertainty)


def _boxes(found: StudyResults) -> Iterator[TableRow]:
    """The part of the space in which the plan fails, by option."""
    for option in found.options:
        box = option.failures.box if option.failures is not None else None
        if box is not None:
            yield {
                "option": option.name,
                "box": limits_of(box),
                "density": box.density,
                "coverage": box.coverage,
                "points": box.inside,
                "failures": box.failures,
            }


# ---- charts --------------------------------------------------------------------------------------------------


def outcome_words(outcome: str) -> str:
    """An outcome for people: 'new nameplate by project (t/y): donald'."""
    group, _, member = outcome.partition(".")
    words = MEANINGS.get(group, group)
    return f"{words}: {member}" if member else words


def unit_of(outcome: str) -> str:
    """Unit of an outcome, for an axis; '' where its name does not tell it.

    >>> unit_of("loss_musd_by_country.JPN.expected"), unit_of("hired.chemist"), unit_of("late")
    ('MUSD', 'persons', '')
    """
    group = outcome.partition(".")[0]
    if group == "service_level":
        return "share"
    units = {"musd": "MUSD", "t": "t", "tpa": "t/y"}
    return units.get(unit_ending(outcome), "persons" if group in MEANINGS else "")


def one_at_a_time(table: pd.DataFrame, outcome: str, prefix: str) -> Chart:
    """The outcome at both ends of each uncertainty."""
    still = list(table.loc[table["swing"] == 0, "name"])
    first = table.iloc[0].to_dict()
    words = outcome_words(outcome)
    source = "tables/tornado.csv"
    return told_chart(
        say,
        "tornado",
        charts.one_at_a_time(table.head(MOST_BARS), unit_of(outcome), source),
        source,
        name=f"one_at_a_time.{prefix}",
        first=first,
        outcome=words,
        still=still,
    )


def indices(found: Indices, prefix: str) -> Chart:
    """Indices with their intervals, and which comes first if that is decided."""
    axis, total, unit = KINDS[found.kind]
    rows = []
    for row in found.ranked:
        if found.kind == "sobol":
            rows.append(_index(row.name, "alone", row.first, row.first_within))
        rows.append(_index(row.name, total, row.total, row.total_within))
    ranked = found.ranked
    values = {
        "first": ranked[0],
        "second": ranked[1] if len(ranked) > 1 else None,
        "found": found,
        "unit": unit,
    }
    source = "tables/indices.csv"
    order = [row.name for row in ranked]
    title = axis or unit_of(found.outcome)
    return told_chart(
        say,
        "influence",
        charts.indices(pd.DataFrame(rows), order, title, source),
        source,
        name=f"indices.{prefix}",
        outcome=outcome_words(found.outcome),
        **values,
    )


def _index(name: str, kind: str, value: float, within: float) -> TableRow:
    """An index with the ends of its interval."""
    ends = {"low": value - within, "high": value + within}
    return {"name": name, "kind": kind, "value": value, **ends}


def responses(
    curves: Mapping[str, pd.DataFrame], outcome: str, prefix: str, alone: bool
) -> Chart | None:
    """An outcome along each uncertainty that is a number; None where there is none."""
    named = [
        curve.assign(uncertainty=name)
        for name, curve in curves.items()
        if len(curve) > 1 and pd.api.types.is_numeric_dtype(curve["value"])
    ]
    if not named:
        return None
    frame = pd.concat(named)[["uncertainty", "value", "mean", "low", "high"]]
    source, words = "tables/response_curves.csv", outcome_words(outcome)
    return told_chart(
        say,
        "responses",
        charts.responses(frame, unit_of(outcome), source),
        source,
        name=f"responses.{prefix}",
        outcome=words,
        alone=alone,
    )
