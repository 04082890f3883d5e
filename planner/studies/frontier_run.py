"""`planner study` with the design `frontier`: the exact curve of risk against money and the plan at each breakpoint.

OUT/frontier.csv: breakpoint by breakpoint, the scale of the budgets, money, least risk, what one more MUSD takes
off, and the cheapest plan that attains that risk. OUT/report.html: the curve.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from itertools import count as count_from
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from planner.data.case import Case
from planner.errors import Fault, InputError, PlannerError, RunFolderError
from planner.reporting.charts import study as charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.forms.html import report_page
from planner.reporting.values.numbers import count, number
from planner.reporting.values.parts import Column, Part, ReportTable, Section, Statement
from planner.results.store import csv_text
from planner.solving.goals import solve_phases
from planner.solving.highs import Stop
from planner.solving.session import Session
from planner.solving.solve import silent
from planner.studies.file import Frontier, StudyFile, read_study
from planner.studies.frontier import Budgets, Curve, Tangent, trace
from planner.studies.measure import Measures, measure
from planner.studies.run import open_case
from planner.studies.store import STUDY, asked_text, refuse_other_folder, write_whole

Tell = Callable[[str], object]
CURVE = "frontier.csv"
PLANS = 24
"""Breakpoints of which the plan is worked out; evenly spread where there are more."""
PREFIX = "new_capacity_tpa."


def frontier(case: Case, design: Frontier, tell: Tell = silent) -> tuple[Curve, pd.DataFrame]:
    """The curve of a case, and its breakpoints as a table with the plan at (at most `PLANS` of) them.

    Raises InputError if the goal of the model is not `risk`, StoppedError if an optimum is not proven.
    """
    if case.model.objective.goal != "risk":
        raise InputError([Fault("study", 0, "design", 'a frontier of least risk needs objective.goal = "risk"')])
    session = Session(case)
    budgets = Budgets(session.program, session.solver)
    # Not the sum over the accounts of the program, which has one in every history.
    total = sum(case.budget.values())
    numbers = count_from(1)

    def touch(scale: float) -> Tangent:
        tell(f"program {next(numbers)}, at {scale:.4f} times the budgets")
        return budgets.touch(scale)

    curve = trace(touch, design.scale[0], design.scale[1], design.most)
    worth = [-slope / total if total else 0.0 for slope in (*curve.slopes, 0.0)]
    table = pd.DataFrame(
        {
            "scale": curve.at,
            "budget_musd": [at * total for at in curve.at],
            "risk_musd": curve.values,
            "worth": worth,
        }
    )
    chosen = np.unique(np.linspace(0, len(curve.at) - 1, min(PLANS, len(curve.at))).round().astype(int))
    rows: list[Measures] = []
    for i in chosen:
        tell(f"plan {len(rows) + 1} of {len(chosen)}")
        rows.append(_plan(session, budgets, curve.at[i]))
    plans = pd.DataFrame(rows, index=chosen)
    return curve, table.join(plans.fillna(0.0))


def _plan(session: Session, budgets: Budgets, scale: float) -> Measures:
    """The cheapest plan of least risk at a scale."""
    session.solver.replace(budgets.program(scale))
    outcome = solve_phases(session.solver.program, session.case.model.objective, session.solver, lambda _: None)
    if outcome.stop is not Stop.OPTIMAL:
        return {}
    found = measure(session.scope, session.program, outcome)
    return {k: v for k, v in found.items() if k in ("cost_musd", "public_spend_musd") or k.startswith(PREFIX)}


def run_frontier(path: Path, out: Path, tell: Tell = silent) -> pd.DataFrame:
    """Trace the frontier of a study file into a folder. Raises InputError, RunFolderError, StoppedError."""
    study = read_study(path)
    if not isinstance(study.design, Frontier):
        raise InputError([Fault(path.name, 0, "design", "is no frontier")])
    if study.uncertainties or study.levers:
        raise InputError([Fault(path.name, 0, "design", "a frontier has one axis, money; remove what else is varied")])
    refuse_other_folder(out)
    case = open_case(study, path.parent)
    curve, table = frontier(case, study.design, tell)
    texts = {
        STUDY: asked_text(study, case, breakpoints=len(curve.at), programs_solved=curve.solves, gap_musd=curve.gap),
        CURVE: csv_text(table),
        "report.html": _page(study, curve, table),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(out / name, partial(Path.write_text, data=text, encoding="utf-8", newline="\n"))
    except OSError as error:
        raise RunFolderError(f"{out}: cannot be written: {error}") from error
    return table


def _page(study: StudyFile, curve: Curve, table: pd.DataFrame) -> str:
    drawn = table[["budget_musd", "risk_musd", "worth"]]
    parts: list[Part] = [charts.frontier(drawn, drawn, Drawer())]
    exact = (
        "Every breakpoint was found; between two of them the curve is a straight line."
        if curve.gap == 0
        else f"Not every breakpoint was looked for: the curve may lie up to {number(curve.gap)} MUSD below the line."
    )
    told = f"{count(len(curve.at), 'breakpoint')} from {count(curve.solves, 'program')} solved. {exact}"
    sections = [Section("curve", "Risk against money", "", parts), _breakpoints(table)]
    question = "How much risk does each further MUSD of public money take off?"
    return report_page("Study", study.title, question, [Statement("Curve", told)], sections)


def _breakpoints(table: pd.DataFrame) -> Section:
    columns = [
        Column("Scale"),
        Column("Budgets", "MUSD"),
        Column("Least risk", "MUSD"),
        Column("One more MUSD takes off", "MUSD"),
        Column("Cost of the plan", "MUSD"),
        Column("What changes in the plan from the row above", number=False),
    ]
    known = table[table["cost_musd"].notna()] if "cost_musd" in table else table.head(0)
    lines = []
    before: dict[str, float] = {}
    projects = [c for c in table.columns if c.startswith(PREFIX)]
    for _, row in known.iterrows():
        sizes = {c.removeprefix(PREFIX): float(row[c]) for c in projects}
        values = (row["scale"], row["budget_musd"], row["risk_musd"], row["worth"], row["cost_musd"])
        lines.append([*(number(float(v)) for v in values), _difference(before, sizes)])
        before = sizes
    note = "Of several plans that are equally good one is shown; a change may be a choice among equals."
    return Section("plans", "The plan at each breakpoint", "", [ReportTable("Breakpoints", columns, lines, note)])


def _difference(before: dict[str, float], after: dict[str, float]) -> str:
    moved = sorted(((after[p] - before.get(p, 0.0), p) for p in after), key=lambda pair: -abs(pair[0]))
    told = [f"{p} {'+' if step > 0 else '−'}{number(abs(step))}" for step, p in moved if abs(step) >= 1.0]
    rest = f" and {len(told) - 6} more" if len(told) > 6 else ""
    return ", ".join(told[:6]) + rest or "nothing built differs"


def main(arguments: list[str]) -> int:
    """`python -m planner.studies.frontier_run STUDY OUT`. Returns the exit code."""
    err = Console(stderr=True, highlight=False)
    try:
        with err.status("") as spinner:
            table = run_frontier(Path(arguments[0]), Path(arguments[1]), spinner.update)
    except PlannerError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        return error.exit_code
    told = f"{len(table)} breakpoints: {arguments[1]}/{CURVE}, report.html"
    Console(highlight=False).print(told, markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
