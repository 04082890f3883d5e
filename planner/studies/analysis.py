"""What the results of a study say, as tables. Rows without an optimum are left out of every figure and counted.

A plan held fixed at every point is set against the best plan for the point: regret after Savage, The Theory of
Statistical Decision, JASA 46 (1951); satisficing as the share of points at which a plan does not fail, after Starr's
domain criterion (see Lempert and Collins, Risk Analysis 27, 2007).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.errors import StoppedError
from planner.evaluation.decisions import single_path
from planner.late import missing
from planner.results.plan import Plan
from planner.results.store import read_run
from planner.results.study import (
    ALL,
    BUILT,
    LEAST,
    MOST,
    NEW_CAPACITY,
    OPTIMAL,
    Failures,
    OptionResults,
    OutcomeResults,
    StudyResults,
    moves,
    unsaid,
)
from planner.solving.engine import Engine, FixedAmounts, Question
from planner.solving.frontier import LEAST_RISK
from planner.solving.goals import Progress, silent
from planner.studies.outcomes import PointMeasures, measure
from planner.studies.points import Point, chains
from planner.studies.run import reopen
from planner.studies.sensitivity import cart, indices
from planner.studies.store import assemble, read_asked, read_results, study_of
from planner.studies.study_file import StudyFile, failure, named_outcomes

BINS = 12
ANSWERED = (OPTIMAL, "infeasible")
"""Statuses of points of which it is known whether a plan fails there."""
Base = Mapping[str, Any]
"""Uncertainty -> the value that stands for the case as it is, as a cell of the design has it; None if there is none."""


def analyse(folder: Path, held: pd.DataFrame | None = None) -> StudyResults:
    """Analyse the points of a study folder, finished or not; held: as from `hold`. Raises RunFolderError,
    InputError."""
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
    means = losses = None
    if levers:
        means = by_option(groups, study.outcomes)
        losses = regret(groups, study.outcomes[0], study.fails_when)
    return StudyResults(
        title=study.title,
        design=study.design.kind,
        uncertainties=tuple(asked["uncertainties"]),
        outcomes=tuple(study.outcomes),
        fails_when=study.fails_when,
        table=table,
        options=tuple(options),
        means=means,
        regret=losses,
        held=held,
        robustness=None if held is None else robustness(held),
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
    """In what share of the points each project is built in every plan that is equally good, as far as they were looked
    for, and in what share in one of them; how much (t/y) where it is: project, share, possible, mean_tpa, least_tpa,
    most_tpa."""
    solved = rows[rows["status"] == OPTIMAL]
    named = [column for column in rows.columns if column.startswith((NEW_CAPACITY, MOST))]
    none = pd.Series(0.0, index=solved.index)
    lines: list[dict[str, Any]] = []
    for project in sorted({column.partition(".")[2] for column in named}):
        sizes = solved.get(f"{NEW_CAPACITY}{project}", none).fillna(0.0)
        least = solved.get(f"{LEAST}{project}", sizes).fillna(sizes)
        most = solved.get(f"{MOST}{project}", sizes).fillna(sizes)
        built = most >= BUILT
        if built.any():
            line = {"project": project, "share": (least >= BUILT).mean(), "possible": built.mean()}
            line["mean_tpa"] = sizes[built].mean()
            line["least_tpa"] = least[built].min()
            line["most_tpa"] = most[built].max()
            lines.append(line)
    columns = ["project", "share", "possible", "mean_tpa", "least_tpa", "most_tpa"]
    table = pd.DataFrame(lines, columns=columns)
    return table.sort_values(["share", "possible", "mean_tpa"], ascending=False, ignore_index=True)


def regret(groups: Mapping[str, pd.DataFrame], outcome: str, fails_when: str) -> pd.DataFrame:
    """For each combination of levers: how much worse it is than the best of them, point by point.

    option, mean, worst (regret), mean outcome, satisficing (share of the points run at which the plan does not fail).
    Points at which some combination has no optimum are left out. Less is taken for better.
    """
    columns = {name: rows.reset_index(drop=True)[outcome] for name, rows in groups.items()}
    wide = pd.DataFrame(columns).dropna()
    losses = wide.sub(wide.min(axis=1), axis=0)
    kept: dict[str, float] = {}
    for name, rows in groups.items():
        run = rows[rows["status"].isin(ANSWERED)]
        kept[name] = 1.0 - failed(run, fails_when).mean() if fails_when else np.nan
    table = pd.DataFrame({"mean_regret": losses.mean(), "worst_regret": losses.max()})
    table["mean"] = wide.mean()
    table["satisficing"] = pd.Series(kept)
    return table.rename_axis("option").reset_index()


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


# ---- plans held fixed at every point ---------------------------------------------------------------------------------

HELD = ("plan", "point", "status", "risk_musd", "least_risk_musd", "regret_musd", "fails")


def read_plans(runs: list[Path]) -> dict[str, Plan]:
    """Plans of run folders by the name of the folder. Raises RunFolderError, InputError."""
    labels = [run.resolve().name for run in runs]
    if len(set(labels)) < len(labels):
        labels = [str(run) for run in runs]
    return {label: read_run(run) for label, run in zip(labels, runs, strict=True)}


def hold(folder: Path, plans: Mapping[str, Plan], tell: Progress = silent) -> pd.DataFrame:
    """One row per plan and point of a study that has an optimum of its own.

    plan, point, status (of the plan held fixed there: `infeasible` where it cannot be paid or staffed as decided),
    risk_musd, least_risk_musd (of the best plan for the point), regret_musd, fails (by `fails_when`; blank without it).
    Raises RunFolderError, InputError, StoppedError.
    """
    study, case, found = reopen(folder)
    known = assemble(folder).drop_duplicates("point")
    known = known[known["status"] == OPTIMAL].set_index("point")
    best = known["least_risk_musd"] if "least_risk_musd" in known else known["risk_musd"]
    first = {point.id: point for point in reversed(found)}
    solved = [point for point in found if point.id in known.index and point is first[point.id]]
    near = chains(study, solved)
    lines: list[dict[str, Any]] = []
    for name, plan in plans.items():
        tell(f"{name} at {len(solved)} points")
        fixed = single_path(plan)
        asked = [[_held(point, fixed) for point in chain] for chain in near]
        answered = dict(Engine(case).answered(asked, measure))
        for number, chain in enumerate(near):
            for point, answer in zip(chain, answered[number], strict=True):
                if answer.status not in ANSWERED:
                    raise StoppedError(f"a plan held fixed has no proven optimum ({answer.status})")
                values = answer.value or {}
                risk = values.get("risk_musd", np.nan)
                least = float(best[point.id])
                line: dict[str, Any] = {"plan": name, "point": point.id, "status": answer.status}
                line["risk_musd"] = risk
                line["least_risk_musd"] = least
                line["regret_musd"] = max(risk - least, 0.0)
                line["fails"] = _fails(study.fails_when, values) if study.fails_when else None
                lines.append(line)
    return pd.DataFrame(lines, columns=list(HELD))


def _held(point: Point, fixed: FixedAmounts) -> Question:
    """Least risk, then least cost, of operations at a point with a plan as decided."""
    return Question.of(*point.question.changes, *LEAST_RISK, fixed=fixed)


def _fails(told: str, values: PointMeasures) -> bool:
    outcome, sense, limit = failure(told)
    value = values.get(outcome, 0.0)
    return not values or (value > limit if sense == ">" else value < limit)


def robustness(held: pd.DataFrame) -> pd.DataFrame:
    """By plan: points, share at which it can be carried out, mean and worst risk and regret there, satisficing share.

    satisficing: share of all points at which the plan does not fail; one that cannot be carried out fails.
    """
    done = held["status"] == OPTIMAL
    known = held.assign(done=done, satisficing=1.0 - held["fails"].astype(float))
    known.loc[~done, ["risk_musd", "regret_musd"]] = np.nan
    return known.groupby("plan", sort=False, as_index=False).agg(
        points=("done", "size"),
        carried_out=("done", "mean"),
        mean_risk_musd=("risk_musd", "mean"),
        worst_risk_musd=("risk_musd", "max"),
        mean_regret_musd=("regret_musd", "mean"),
        worst_regret_musd=("regret_musd", "max"),
        satisficing=("satisficing", "mean"),
    )
