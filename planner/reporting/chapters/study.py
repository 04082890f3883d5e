"""Chapters of a study: rows by status, outcomes and what moves them, options, fixed plans, failures, projects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from planner.reporting.chapters.study_charts import (
    all_points,
    fixed_plans,
    heat_map,
    indices,
    one_at_a_time,
    outcome_words,
    responses,
    risk_against_cost,
)
from planner.reporting.parts import (
    Chapter,
    DeclaredTable,
    Part,
    ReportTable,
    Statement,
    Text,
    figures,
    frame_of,
    per_cent,
    text,
)
from planner.reporting.words.names import short
from planner.reporting.words.numbers import percent
from planner.reporting.words.sentences import Passages
from planner.results.study import (
    ALL,
    OPTIMAL,
    Box,
    Failures,
    OptionResults,
    OutcomeResults,
    StudyResults,
)

say = Passages("study.j2")
MOST_ROWS = 40


class PointStatuses(DeclaredTable):
    """A row a status."""

    title = "Rows by status"

    status = text()
    rows = figures("rows")
    share = figures("share")


class NotSolved(DeclaredTable):
    """A row a point without an optimum."""

    title = "Points without an optimum"
    file = "results.parquet"

    point = text()
    status = text()
    message = text()


def status(found: StudyResults) -> Chapter:
    """Rows by status, checks, and the points without an optimum."""
    counts = found.table["status"].fillna("not run").value_counts()
    rows = []
    for name, amount in counts.items():
        part = percent(amount / len(found.table))
        rows.append({"status": str(name), "rows": f"{amount:,}", "share": part})
    parts: list[Part] = [
        PointStatuses.over(pd.DataFrame(rows)),
        Text(say.lines("checked", found=found)),
    ]
    has_failed = found.table["status"].notna() & (found.table["status"] != OPTIMAL)
    bad = found.table[has_failed].head(MOST_ROWS)
    if len(bad):
        first_lines = bad["message"].str.partition("\n")[0]
        table = NotSolved.over(bad.assign(message=first_lines))
        parts.append(table)
    return Chapter(anchor="status", title="Points of the study", parts=parts)


def titled(title: str, option: str) -> str:
    """A title, with the option that it is of, if there are several."""
    return title if option == ALL else f"{title}: {option}"


def outcomes(found: StudyResults, option: OptionResults, place: int) -> Chapter:
    """Pictures of each outcome under one option, and of all points."""
    is_one_by_one = found.design == "one_at_a_time"
    parts: list[Part | None] = []
    for one in option.outcomes:
        parts += _pictures(found, option, one, f"{place}.{one.outcome}")
    if not is_one_by_one:
        parts.append(all_points(option.rows, found.uncertainties, found.outcomes, place))
    kept = [part for part in parts if part is not None] or [_summary(found, option.rows)]
    title = titled("Influences on the outcomes", option.name)
    return Chapter(anchor=f"outcomes{place}", title=title, parts=kept)


def _pictures(
    found: StudyResults, option: OptionResults, one: OutcomeResults, prefix: str
) -> list[Part | None]:
    """Charts and tables on what moves an outcome, as far as the design of the study tells."""
    parts: list[Part | None] = []
    if one.tornado is not None and len(one.tornado):
        parts.append(one_at_a_time(one.tornado, one.outcome, prefix))
    if one.indices:
        parts.append(indices(one.indices, prefix))
        if one.indices.pairs:
            parts.append(_pairs(one.indices.pairs, one.outcome))
    is_one_by_one = found.design == "one_at_a_time"
    parts += responses(one.curves, one.outcome, prefix, is_one_by_one)
    if found.design == "grid" and len(found.uncertainties) == 2:
        first, second = found.uncertainties
        parts.append(heat_map(option.rows, (first, second), one.outcome, prefix))
    return parts


class Pairs(DeclaredTable):
    """A row a pair of uncertainties."""

    file = "tables/pairs.csv"

    one = text("uncertainty")
    other = text("uncertainty")
    value = per_cent("together")
    within = per_cent("±")


def _pairs(pairs: Sequence[object], outcome: str) -> ReportTable:
    rows = frame_of(pairs).sort_values("value", ascending=False)
    return Pairs.over(
        rows.head(MOST_ROWS), title=f"Pairs: {outcome_words(outcome)}", note=say("pairs")
    )


class Summary(DeclaredTable):
    """A row an outcome."""

    title = "Outcomes"

    outcome = text()
    mean = figures("mean")
    min = figures("least")
    max = figures("most")


def _summary(found: StudyResults, rows: pd.DataFrame) -> ReportTable:
    by_outcome = rows[list(found.outcomes)].agg(["mean", "min", "max"]).T
    table = by_outcome.reset_index(names="outcome")
    frame = table.assign(outcome=table["outcome"].map(outcome_words))
    return Summary.over(frame)


def plane(found: StudyResults) -> Chapter | None:
    """Cost and residual risk of every point, coloured by option."""
    dots = risk_against_cost({option.name: option.rows for option in found.options})
    if dots is None:
        return None
    return Chapter(anchor="plane", title="Risk against cost", parts=[dots])


class FixedPlans(DeclaredTable):
    """A row a plan that is held fixed."""

    source = "tables/robustness.csv"

    plan = text()
    carried_out = per_cent("can be carried out")
    mean_risk_musd = figures("mean risk", "MUSD")
    worst_risk_musd = figures("worst risk", "MUSD")
    mean_regret_musd = figures("mean regret", "MUSD")
    worst_regret_musd = figures("worst regret", "MUSD")
    satisficing = per_cent("does not fail")


def given(found: StudyResults) -> Chapter | None:
    """Plans that were held fixed at every point."""
    if found.held is None or found.robustness is None:
        return None
    table = FixedPlans.over(
        found.robustness,
        columns=FixedPlans.all() if found.fails_when else FixedPlans.all("satisficing"),
        title=say("given_title", points=found.held["point"].nunique()),
        note=say("given"),
    )
    parts: list[Part] = [table, fixed_plans(found.held)]
    return Chapter(anchor="given", title="Fixed plans at all points", parts=parts)


class Regret(DeclaredTable):
    """A row an option."""

    option = text()
    mean_regret = figures("mean regret")
    worst_regret = figures("worst regret")
    satisficing = per_cent("does not fail")


def options(found: StudyResults) -> Chapter | None:
    """Mean outcomes and regret by option."""
    if found.means is None or found.regret is None:
        return None
    columns = [text("option", field="option")]
    for outcome in found.outcomes:
        columns.append(figures(outcome_words(outcome), field=outcome))
    means = ReportTable(title="Mean outcome by option", columns=columns, frame=found.means)
    regret = Regret.over(
        found.regret,
        title=f"Regret: {outcome_words(found.outcomes[0])}",
        note=say("regret_by_option"),
    )
    return Chapter(anchor="options", title="Options compared", parts=[means, regret])


def failures(found: StudyResults) -> Chapter | None:
    """The part of the space in which the plan fails."""
    if not found.fails_when:
        return None
    words = Text([statement.sentence for statement in failure_statements(found)])
    lead = say("failures", when=found.fails_when)
    return Chapter(anchor="failures", title="When the plan fails", lead=lead, parts=[words])


def failure_statements(found: StudyResults) -> Iterator[Statement]:
    """Statements on the conditions under which the plan fails, by option."""
    for option in found.options:
        if option.failures is not None:
            prefix = "" if option.name == ALL else f"{option.name}: "
            words = failure_words(option.failures, option.failures.box)
            yield Statement("Failure", prefix + words)


def failure_words(found: Failures, box: Box | None) -> str:
    """Words on the conditions under which the plan fails."""
    limits = limits_of(box) if box is not None else ""
    return say("failure", found=found, box=box, limits=limits)


def limits_of(box: Box) -> str:
    """The limits of a box as a condition, e.g. 'demand > 1.07 and cut > 0.22'."""
    parts = []
    for name, low, high in box.limits:
        if math.isfinite(low) and math.isfinite(high):
            parts.append(f"{name} is between {low:.3g} and {high:.3g}")
        else:
            parts.append(f"{name} > {low:.3g}" if math.isfinite(low) else f"{name} < {high:.3g}")
    return " and ".join(parts)


class Projects(DeclaredTable):
    """A row a project."""

    file = "tables/projects.csv"

    project = text()
    share = per_cent("in all best plans")
    possible = per_cent("in some")
    mean_tpa = figures("mean", "t/y")
    least_tpa = figures("least", "t/y")
    most_tpa = figures("most", "t/y")


def projects(found: StudyResults) -> Chapter | None:
    """The projects of the plans at all points, by option."""
    parts: list[Part] = []
    for option in found.options:
        if option.projects.empty:
            continue
        table = Projects.over(
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
    if found.held is not None and found.robustness is not None:
        found_tables |= {"plans_by_point": found.held, "robustness": found.robustness}
    if found.means is not None and found.regret is not None:
        found_tables |= {"options": found.means, "regret": found.regret}
    if found.fails_when:
        found_tables["failures"] = pd.DataFrame(list(_boxes(found)))
    return found_tables


def _tables_of(one: OutcomeResults, told: dict[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of an outcome by their names. told: its option and its own name."""
    if one.regression is not None:
        yield "regression", one.regression.assign(**told)
    if one.tornado is not None:
        yield "tornado", one.tornado.assign(**told)
    if one.indices:
        kind = {"kind": one.indices.kind}
        yield "indices", pd.DataFrame([told | kind | vars(row) for row in one.indices.rows])
        if one.indices.pairs:
            yield "pairs", pd.DataFrame([told | vars(pair) for pair in one.indices.pairs])
    for uncertainty, curve in one.curves.items():
        yield "response_curves", curve.assign(**told, uncertainty=uncertainty)


def _boxes(found: StudyResults) -> Iterator[dict[str, object]]:
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
