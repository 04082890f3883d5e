"""The exact curve of least risk against money: every point at which its slope changes.

The least risk as a function of the scale of the budgets is convex and piecewise linear, because budgets are
right-hand sides of a linear program, and the duals of a solve give the slope of a line that touches it.

A study of the kind `frontier` has the folder of any study. Each place of the curve is a question that the engine
answers, budgets times a scale, and its answer comes into the journal; frontier.csv stands in place of the results: a
row per breakpoint, the scale of the budgets, money, least risk, what one more MUSD takes off, and the plan that the
study would find there: the cheapest within its slack of that risk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.cells import unarmour
from planner.errors import Fault, InputError, RunFolderError
from planner.parallel import Workers
from planner.results.folders import write_whole
from planner.results.journal import JOURNAL, Entry, Journal, read_entries
from planner.results.store import csv_text
from planner.results.study import NEW_CAPACITY, OPTIMAL, FrontierResults, StudyStatus
from planner.solving.engine import ANSWER, Engine, Question, Solved
from planner.solving.frontier import Tangent, breakpoints, trace
from planner.studies.outcomes import PointMeasures, measure
from planner.studies.run import Tell, untold
from planner.studies.store import CURVE, TRACED, prepare, read_asked, study_of
from planner.studies.study_file import FrontierDesign, StudyFile

OF_PLANS = ("cost_musd", "public_spend_musd", NEW_CAPACITY)
"""Figures of the plan of a breakpoint that the table has: their names, or how these begin."""


@dataclass(frozen=True, kw_only=True)
class Touch:
    """The answer at a scale of the budgets: least risk (MUSD), its slope by the scale, and figures of the plan."""

    risk: float
    slope: float
    figures: PointMeasures


def touch(budget: Mapping[tuple[str, int], float], solved: Solved) -> Touch:
    """The measure of a place of the curve. budget: of the case as it is, by funder and year (MUSD)."""
    scope, phases = solved.scope, solved.outcome.phases
    nodes, duals = scope.account_tree.nodes, phases["risk"].duals
    slope = 0.0
    for row in solved.program.rows_of("account"):
        _, (group, account) = solved.program.rows[row]
        if nodes[account].opens_year:
            year = nodes[account].year
            money = sum(budget.get((funder, year), 0.0) for funder in scope.funder_groups[group])
            slope += float(duals[row]) * money
    figures = measure(solved).items()
    return Touch(
        risk=solved.outcome.values["risk"],
        slope=slope,
        figures={name: value for name, value in figures if name.startswith(OF_PLANS)},
    )


def frontier(
    case: Case,
    design: FrontierDesign,
    *,
    tell: Tell = untold,
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> FrontierResults:
    """The curve of a case: its breakpoints as a table, with the plan at each.

    journal: has the answers that are known, and gets the others. Raises InputError if the goal of the model is not
    `risk`, StoppedError if an optimum is not proven.
    """
    refuse_other_goals(case)
    engine = Engine(case, workers=workers)
    touched: dict[float, Touch] = {}

    def touches(scales: Sequence[float]) -> list[Tangent]:
        """The curve at some places, which are asked together."""
        asked = {f"budgets x{scale!r}": f"budgets.*.*.musd=x{scale!r}" for scale in scales}
        answers = engine.ask(
            {name: Question.of(change) for name, change in asked.items()},
            partial(touch, case.budget),
            journal=journal,
            kind=Touch,
        )
        found = []
        for scale, answer in zip(scales, answers.values(), strict=True):
            touched[scale] = answer
            found.append(Tangent(scale, answer.risk, answer.slope))
        tell(StudyStatus(design.most, Counter({OPTIMAL: len(touched)})))
        return found

    gap = trace(touches, touches(design.scale), most=design.most - 2)
    # Not the sum over the accounts of the program, which has one in every history.
    table = curve_table(touched, sum(case.budget.values()))
    return FrontierResults(case.name, table, gap, len(touched))


def curve_table(touched: Mapping[float, Touch], money: float) -> pd.DataFrame:
    """The places at which the slope changes, and the plan at each. money: what all budgets of the case hold (MUSD)."""
    curve = [(scale, touched[scale].risk) for scale in sorted(touched)]
    bends = [curve[place] for place in breakpoints(curve)]
    table = pd.DataFrame(bends, columns=["scale", "risk_musd"])
    table.insert(1, "budget_musd", table["scale"] * money)
    table["worth"] = 0.0
    if money:
        slopes = np.diff(table["risk_musd"]) / np.diff(table["scale"])
        table["worth"] = -np.append(slopes, 0.0) / money
    plans = pd.DataFrame([touched[scale].figures for scale, _ in bends])
    return table.join(plans.fillna(0.0))


def refuse_other_goals(case: Case, study: StudyFile | None = None) -> None:
    """Raise InputError if the model of a case has no such curve."""
    told = remedy = ""
    if case.model.policy.whole_plants:
        told = "a frontier needs policy.whole_plants = false: with whole plants the least risk falls in steps"
    if case.model.objective.goal != "risk":
        told = 'a frontier of least risk needs objective.goal = "risk"'
        remedy = (
            'change it, in Python by case.changed("objective.goal=risk"), in a study file by `set`'
        )
    if told and study:
        raise InputError([study.fault(("design",), told, "study-case", remedy=remedy)])
    if told:
        raise InputError([Fault("frontier", 0, "model", told, remedy=remedy)])


def run_frontier(
    study: StudyFile,
    case: Case,
    out: Path,
    workers: Workers | None = None,
    tell: Tell = untold,
    *,
    force: bool = False,
) -> StudyStatus:
    """Trace the frontier that a study asks for into the folder `out`, or go on with it.

    force: replace inputs of a former study even if somebody changed them. Raises InputError, RunFolderError, StoppedError.
    """
    if not isinstance(study.design, FrontierDesign):
        said = 'is no frontier; take kind = "frontier"'
        raise InputError([study.fault(("design", "kind"), said)])
    if study.uncertainties or study.levers:
        said = "a frontier has one axis, money; remove what else is varied"
        raise InputError([study.fault(("design",), said)])
    refuse_other_goals(case, study)
    prepare(out, study, case, force=force)
    with Journal(out / JOURNAL) as journal:
        curve = frontier(case, study.design, tell=tell, workers=workers, journal=journal)
        told = {"gap": curve.gap, "solves": curve.solves}
        journal.append(TRACED, [Entry(TRACED, told)])
    text = csv_text(curve.table)
    write_whole(out / CURVE, partial(Path.write_text, data=text, encoding="utf-8", newline="\n"))
    return frontier_status(out)


def is_frontier(folder: Path) -> bool:
    """A study folder holds a frontier. Raises RunFolderError if it is none of a study."""
    return isinstance(study_of(read_asked(folder)).design, FrontierDesign)


def frontier_status(folder: Path) -> StudyStatus:
    """The progress of a frontier: places of it that are known, of as many as may be asked. Raises RunFolderError."""
    if (folder / CURVE).exists():
        _, known = _traced(folder)
        total = known
    else:
        total = FrontierDesign(**read_asked(folder)["study"]["design"]).most
        known = sum(1 for _ in read_entries(folder / JOURNAL, ANSWER, answers=False))
    return StudyStatus(total, Counter({OPTIMAL: min(known, total)}), folder=folder)


def _traced(folder: Path) -> tuple[float, int]:
    """How far the curve may lie below what is stated (MUSD), and the number of places that are known of it."""
    *_, last = read_entries(folder / JOURNAL, TRACED)
    return last.answer["gap"], last.answer["solves"]


def read_frontier(folder: Path) -> FrontierResults:
    """A frontier from its folder. Raises RunFolderError."""
    try:
        table = pd.read_csv(folder / CURVE).rename(columns=unarmour)
    except (OSError, ValueError) as error:
        said = f"{folder}: {CURVE} cannot be read: {error}; run the study file again"
        raise RunFolderError(said) from error
    return FrontierResults(study_of(read_asked(folder)).title, table, *_traced(folder))
