"""What the results of a study say, as tables. Rows without an optimum are left out of every figure and counted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.late import missing
from planner.results.study import (
    ALL,
    BUILT,
    NEW_CAPACITY,
    OPTIMAL,
    Failures,
    OptionResults,
    OutcomeResults,
    StudyResults,
    moves,
    unsaid,
)
from planner.studies.sensitivity import cart, indices
from planner.studies.store import read_asked, read_results, study_of
from planner.studies.study_file import StudyFile, failure, named_outcomes

BINS = 12
ANSWERED = (OPTIMAL, "infeasible")
"""Statuses of points of which it is known whether a plan fails there."""
Base = Mapping[str, Any]
"""Uncertainty -> the value that stands for the case as it is, as a cell of the design has it; None if there is none."""


def analyse(folder: Path) -> StudyResults:
    """Analyse the points of a study folder, finished or not. Raises RunFolderError, InputError."""
    asked = read_asked(folder)
    study = study_of(asked)
    table = read_results(folder)
    levers = list(asked["levers"])
    for outcome in named_outcomes(study):
        if outcome not in table:
            # Named but never anything but zero: nothing of it is built, bought or short at any point.
            table[outcome] = np.where(table["status"] == OPTIMAL, unsaid(outcome), np.nan)
    label = pd.Series(ALL, index=table.index)
    if levers:
        label = table[levers].astype(str).agg(", ".join, axis=1)
    groups = {str(name): rows for name, rows in table.groupby(label, sort=False)}
    options = [_option(study, asked["base"], name, rows) for name, rows in groups.items()]
    return StudyResults(
        title=study.title,
        design=study.design.kind,
        uncertainties=tuple(asked["uncertainties"]),
        outcomes=tuple(study.outcomes),
        fails_when=study.fails_when,
        table=table,
        options=tuple(options),
        means=by_option(groups, study.outcomes) if levers else None,
        not_installed=missing("SALib", "sklearn"),
    )


def _option(study: StudyFile, base: Base, name: str, rows: pd.DataFrame) -> OptionResults:
    """Results of one combination of levers: of each outcome, of projects and, if asked for, of failures."""
    alone = study.design.kind == "one_at_a_time"
    whole = filled(rows, base)
    outcomes: list[OutcomeResults] = []
    for outcome in study.outcomes:
        swings = tornado(base, rows, outcome) if alone else None
        curves = {}
        for one in base:
            curves[one] = response(rows, name=one, outcome=outcome, base=base, alone=alone)
        results = OutcomeResults(
            outcome=outcome, tornado=swings, indices=indices(study, whole, outcome), curves=curves
        )
        outcomes.append(results)
    failures = None
    if study.fails_when:  # a point counts once, however many rows of the design it is
        once = rows.drop_duplicates("point")
        failures = failures_of(base, once, study.fails_when)
    if failures is not None and alone:
        failures = replace(failures, box=None)  # one at a time says nothing of a part of the space
    return OptionResults(
        name=name, rows=rows, outcomes=tuple(outcomes), projects=projects(rows), failures=failures
    )


def filled(rows: pd.DataFrame, base: Base) -> pd.DataFrame:
    """The rows with the base in the cells that are blank, as far as it has a value."""
    found = rows.copy()
    for name, value in base.items():
        numeric = pd.api.types.is_numeric_dtype(rows[name])
        if value is None or (numeric and isinstance(value, str)):
            continue
        cell = value if numeric or isinstance(value, str) else json.dumps(value)
        found[name] = rows[name].fillna(cell)
    return found


def failures_of(base: Base, rows: pd.DataFrame, fails_when: str) -> Failures | None:
    """Boxes in which the plan fails, by CART; None if no uncertainty is a number. Points of which nothing is known, and
    those with a blank whose base has no value, do not count."""
    names = [name for name in base if pd.api.types.is_numeric_dtype(rows[name])]
    if not names:
        return None
    run = rows[rows["status"].isin(ANSWERED)]
    run = filled(run, base).dropna(subset=names)
    at = run[names].to_numpy(dtype=float)
    flags = failed(run, fails_when).to_numpy(dtype=bool)
    return Failures(len(flags), int(flags.sum()), cart(names, at, flags))


def tornado(base: Base, rows: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Outcome at the ends of each uncertainty alone: name, low, high, at_low, at_high, base, swing (0 where the
    solver's tolerance moves it as much)."""
    base_row = rows[rows[list(base)].isna().all(axis=1)]
    centre = float(base_row[outcome].iloc[0]) if len(base_row) else float("nan")
    lines: list[dict[str, Any]] = []
    for name in base:
        mine = rows[rows[name].notna()].sort_values("row")
        if not len(mine):
            continue
        found = mine[outcome].to_numpy(dtype=float)
        first, last = mine.iloc[0], mine.iloc[-1]
        line: dict[str, Any] = {"name": name, "low": str(first[name]), "high": str(last[name])}
        line["at_low"] = float(found[0])
        line["at_high"] = float(found[-1])
        line["base"] = centre
        line["swing"] = 0.0
        if moves([*found, centre]):
            line["swing"] = float(np.nanmax(found) - np.nanmin(found))
        lines.append(line)
    columns = ["name", "low", "high", "at_low", "at_high", "base", "swing"]
    table = pd.DataFrame(lines, columns=columns)
    return table.sort_values("swing", ascending=False, ignore_index=True, kind="stable")


def response(
    rows: pd.DataFrame, *, name: str, outcome: str, base: Base, alone: bool = False
) -> pd.DataFrame:
    """Mean and 10-90 % band of an outcome along one uncertainty: value, mean, low, high, points. Blanks are the base.

    alone: over the points at which nothing else is changed, so that the line goes through the case as it is.
    """
    others = [other for other in base if other != name]
    kept = rows[rows[others].isna().all(axis=1)] if alone else rows
    data = filled(kept, base)[[name, outcome]].dropna()
    if not len(data):
        return pd.DataFrame(columns=["value", "mean", "low", "high", "points"])
    values = data[name]
    if values.nunique() > BINS and pd.api.types.is_numeric_dtype(values) and not alone:
        bins = pd.qcut(values, BINS, labels=False, duplicates="drop")
        values = bins.map(values.groupby(bins).mean())
    groups = data[outcome].groupby(values.rename("value"), sort=True)
    table = groups.agg(["mean"])
    table["low"] = groups.quantile(0.1)
    table["high"] = groups.quantile(0.9)
    table["points"] = groups.size()
    return table.reset_index()


def projects(rows: pd.DataFrame) -> pd.DataFrame:
    """In what share of the points each project is built, and how much (t/y) where it is: project, share, mean_tpa,
    least_tpa, most_tpa."""
    solved = rows[rows["status"] == OPTIMAL]
    lines: list[dict[str, Any]] = []
    for column in sorted(rows.columns):
        if not column.startswith(NEW_CAPACITY):
            continue
        is_built = solved[column] >= BUILT
        if is_built.any():
            sizes = solved[column][is_built]
            line = {"project": column.removeprefix(NEW_CAPACITY), "share": is_built.mean()}
            line["mean_tpa"] = sizes.mean()
            line["least_tpa"] = sizes.min()
            line["most_tpa"] = sizes.max()
            lines.append(line)
    columns = ["project", "share", "mean_tpa", "least_tpa", "most_tpa"]
    table = pd.DataFrame(lines, columns=columns)
    return table.sort_values(["share", "mean_tpa"], ascending=False, ignore_index=True)


def failed(rows: pd.DataFrame, fails_when: str) -> pd.Series[bool]:
    """At which points the plan fails, by `fails_when`; where there is none that meets the goal, it does."""
    outcome, sense, limit = failure(fails_when)
    values = rows[outcome]
    bad = values > limit if sense == ">" else values < limit
    return bad | values.isna()


def by_option(groups: Mapping[str, pd.DataFrame], outcomes: Sequence[str]) -> pd.DataFrame:
    """Mean of each outcome by combination of levers."""
    means = {name: rows[list(outcomes)].mean() for name, rows in groups.items()}
    return pd.DataFrame(means).T.rename_axis("option").reset_index()
