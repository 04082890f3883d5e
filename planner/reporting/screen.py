"""The last lines of a command: at most 20 lines of 100 columns, the same figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from planner.reporting.panels.answer import DECISIONS, decision_rows
from planner.reporting.panels.comparison import causes_table
from planner.reporting.panels.dependence import single_points_table
from planner.reporting.panels.payers import CHARGES
from planner.reporting.panels.reasons import alternatives, claims_table
from planner.reporting.parts import ReportTable, TableRow, figures, frame_of, text
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import change, count
from planner.results.comparison import Comparison
from planner.results.coverage import Coverage
from planner.results.decision import Shares
from planner.results.evaluation import Evaluation
from planner.results.explanation import Explanation
from planner.results.plan import Plan

WIDTH, MOST_LINES = 100, 20
MOST_PLANTS = 8
"""Plants that `solve` prints."""
GAP = 2
"""Columns between two columns of a table."""


@dataclass(frozen=True)
class Screen:
    """Tables, each by its name, and lines below them."""

    tables: Mapping[str, ReportTable]
    notes: Sequence[str] = ()

    def lines(self) -> list[str]:
        """At most `MOST_LINES` lines: of the last table as many rows as there is room for."""
        lines: list[str] = []
        *others, last = self.tables.values()
        for table in others:
            lines += [*_aligned(table, table.rows_in_all), ""]
        room = MOST_LINES - len(lines) - len(self.notes) - 1
        rows = last.rows_in_all
        lines += _aligned(last, rows if rows <= room else room - 1)
        if rows > room:
            lines.append(f"{rows - room + 1} more in the report")
        return [*lines, *self.notes]

    def as_json(self) -> str:
        """The rows of all tables, by table and field."""
        named = {name: _records(table) for name, table in self.tables.items()}
        return json.dumps(named, indent=2, ensure_ascii=False)


def _records(table: ReportTable) -> list[dict[str, Any]]:
    """The values of a table; None where there is none."""
    fields = [column.field for column in table.columns]
    return [
        {field: _plain(value) for field, value in zip(fields, row, strict=True)}
        for row in table.rows
    ]


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and isnan(value) else value


def _aligned(table: ReportTable, most: int) -> list[str]:
    """The heading and the first rows of a table, in columns; a long text is cut."""
    heads = [column.full for column in table.heads]
    rows = [heads, *table.first_rows(most)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    while sum(widths) + GAP * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in rows:
        cells = []
        for cell, width, column in zip(row, widths, table.heads, strict=True):
            shown = cell if len(cell) <= width else f"{cell[: width - 1]}…"
            cells.append(shown.rjust(width) if column.number else shown.ljust(width))
        lines.append((" " * GAP).join(cells).rstrip())
    return lines


HEADLINE = ReportTable(
    columns=[
        text("figure"),
        text("unit"),
        figures("plan", "with the plan"),
        figures("without", "without a plan"),
        text("change"),
    ]
)
"""A row a headline figure."""
FIGURES = {
    "risk_musd": ("Risk, in sample", "MUSD"),
    "expected_loss_musd": ("Expected loss", "MUSD"),
    "cvar_musd": ("Worst cases", "MUSD"),
    "cost_musd": ("Cost, present value", "MUSD"),
    "public_spend_musd": ("Public money", "MUSD"),
}


def solve_screen(plan: Plan, files: str) -> Screen:
    """Headline figures, the first plants, the files."""
    rows: list[TableRow] = []
    for key, (words, unit) in FIGURES.items():
        rows.append(_headline(words, unit, plan.summary.get(key), plan.without.get(key)))
    unmet = [
        sum(of.get("expected_shortfall_t", {}).values()) for of in (plan.summary, plan.without)
    ]
    rows.append(_headline("Unmet demand", "t", unmet[0], unmet[1] if plan.compared else None))
    for goal, share in plan.summary.get("gap", {}).items():
        rows.append(_headline(f"Optimality gap, {goal}", "%", 100 * share, None))
    decisions = decision_rows(plan)
    more = len(decisions) - MOST_PLANTS
    notes = [f"{more} more in report.html"] if more > 0 else []
    built = DECISIONS.over(decisions[:MOST_PLANTS], ["funder"])
    return Screen({"figures": HEADLINE.over(rows), "built": built}, [*notes, files])


def _headline(words: str, unit: str, value: float | None, before: float | None) -> TableRow:
    moved = "" if value is None or before is None else change(before, value)
    return {"figure": words, "unit": unit, "plan": value, "without": before, "change": moved}


# ---- evaluate --------------------------------------------------------------------------------------------------------


EVALUATED = ReportTable(
    columns=[
        text("figure"),
        figures("plan", "with the plan"),
        figures("low", "from"),
        figures("high", "to"),
        figures("without", "without"),
        figures("reduction", "reduction"),
        figures("reduction_low", "from"),
        figures("reduction_high", "to"),
    ]
)
"""A row a figure, MUSD, with 95 % intervals."""


def evaluation_screen(evaluation: Evaluation, files: str) -> Screen:
    """Figures in the scenarios of an evaluation, MUSD."""
    rows = []
    figure_words = {
        "risk_musd": "Risk",
        "expected_loss_musd": "Expected loss",
        "cvar_musd": "Worst cases",
    }
    for key, words in figure_words.items():
        rows.append(_evaluated(evaluation, "policy", key, words))
    if evaluation.plan.foreseen:
        rows.append(_evaluated(evaluation, "foreseen", "risk_musd", "Risk, foreseen"))
    rows.append({"figure": "Risk in sample", "plan": evaluation.in_sample["plan"]})
    ranges = {"odds": "Risk by probabilities", "losses": "Risk by loss per kg"}
    for about, words in ranges.items():
        of = getattr(evaluation.ranges, about)
        if of is not None:
            rows.append({"figure": words, "low": of.low, "high": of.high})
    if evaluation.gap is not None:
        rows.append({"figure": "Optimality gap", "plan": evaluation.gap.value})
    where = "new scenarios" if evaluation.out_of_sample else "scenarios of the plan"
    notes = [f"MUSD, 95 % intervals, {evaluation.futures:,} {where}, policy {evaluation.policy}"]
    if evaluation.plan.policy["risk_musd"].why:
        notes.append(evaluation.plan.policy["risk_musd"].why)
    return Screen({"figures": EVALUATED.over(rows)}, [*notes, files] if files else notes)


def _evaluated(evaluation: Evaluation, way: str, key: str, words: str) -> TableRow:
    plan, without, less = (
        getattr(of, way)[key]
        for of in (evaluation.plan, evaluation.without_plan, evaluation.difference)
    )
    return {
        "figure": words,
        "plan": plan.value,
        "low": plan.low,
        "high": plan.high,
        "without": without.value,
        "reduction": less.value,
        "reduction_low": less.low,
        "reduction_high": less.high,
    }


# ---- explain, coverage, shares, compare ------------------------------------------------------------------------------


def explanation_screen(plan: Plan, explanation: Explanation, files: str) -> Screen:
    """Effects of the levers that are missing, then the alternatives."""
    missing = [one for one in explanation.claims if one.basis == "missing"]
    tables = {"levers": claims_table(missing, ["basis", "turns_on"])} if missing else {}
    tables["alternatives"] = alternatives(plan, explanation)
    return Screen(tables, [f"{count(explanation.solves, 'program')} solved", files])


def coverage_screen(plan: Plan, coverage: Coverage, files: str) -> Screen:
    """The single points of failure."""
    table = single_points_table(plan, coverage)
    none = [] if len(table.frame) else ["No single point of failure"]
    return Screen({"single_points": table}, [*none, files])


def shares_screen(plan: Plan, shares: Shares, files: str) -> Screen:
    """Charges and transfers by party."""
    frame = names_of(plan.case).told(frame_of(shares.rows))
    table = CHARGES.over(frame, ["before", "public", "private", "lowest", "highest"])
    checked = (
        f"{shares.checked:,} of {shares.coalitions:,} coalitions checked: none gains by leaving"
    )
    return Screen({"charges": table}, [checked, files] if shares.coalitions else [files])


def comparison_screen(comparisons: Iterable[Comparison], files: str) -> Screen:
    """Changes of risk and cost of each run, in all and by group of inputs."""
    tables = {one.after: causes_table(one) for one in comparisons}
    return Screen(tables, [files])
