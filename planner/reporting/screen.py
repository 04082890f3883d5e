"""The last lines of a command: at most 20 lines of 100 columns, the same figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from planner.reporting.panels.answer import decision_rows
from planner.reporting.panels.reasons import alternative_name
from planner.reporting.parts import (
    CHANGE,
    Column,
    ReportTable,
    TableRow,
    amounts,
    changed,
    figures,
    in_musd,
    per_cent,
    text,
    whole,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import change, count
from planner.results.comparison import Comparison
from planner.results.coverage import Coverage
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
    excess = sum(widths) + GAP * (len(widths) - 1) - WIDTH
    if excess > 0:
        longest = widths.index(max(widths))
        widths[longest] = max(8, widths[longest] - excess)
    lines = []
    for row in rows:
        cells = []
        for cell, width, column in zip(row, widths, table.heads, strict=True):
            shown = cell if len(cell) <= width else f"{cell[: width - 1]}…"
            cells.append(shown.rjust(width) if column.number else shown.ljust(width))
        lines.append((" " * GAP).join(cells).rstrip())
    return lines


def _headline_columns(with_plan: str, without: str) -> list[Column]:
    return [
        text("figure"),
        text("unit"),
        figures("plan", with_plan),
        figures("without", without),
        text("change"),
    ]


HEADLINE = ReportTable(columns=_headline_columns("with the plan", "without a plan"))
"""A row a headline figure."""
FIGURES = {
    "risk_musd": ("Risk, in sample", "MUSD"),
    "expected_loss_musd": ("Expected loss", "MUSD"),
    "cvar_musd": ("Worst cases", "MUSD"),
    "cost_musd": ("Cost, present value", "MUSD"),
    "public_spend_musd": ("Public money", "MUSD"),
}
BUILT = ReportTable(
    columns=[
        text("project", "to build"),
        text("country"),
        text("stage"),
        amounts("tpa", "t/y"),
        in_musd("capex_musd", "capital"),
        whole("year", "decide by"),
        whole("expected", "first output"),
    ]
)
"""A row a plant or measure."""


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
    built = BUILT.over(decision_rows(plan))
    more = max(0, len(built.frame) - MOST_PLANTS)
    notes = [f"{more} more in report.html"] if more else []
    shown = BUILT.over(built.frame.head(MOST_PLANTS))
    return Screen({"figures": HEADLINE.over(rows), "built": shown}, [*notes, files])


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


ALTERNATIVES = ReportTable(
    columns=[
        text("name", "alternative"),
        in_musd("risk"),
        in_musd("cost"),
        changed("difference", "cost plus risk", "MUSD"),
    ]
)
"""A row an alternative."""
VERDICTS = ReportTable(columns=[text("lever"), text("verdict"), per_cent("low"), per_cent("high")])
"""A row a lever that is missing."""


def explanation_screen(plan: Plan, explanation: Explanation, files: str) -> Screen:
    """Verdicts on the levers, then the alternatives."""
    own = explanation.own
    rows = []
    for one in sorted(explanation.alternatives, key=lambda one: (one.key != "plan", one.objective)):
        moved = one.risk + one.cost - own.risk - own.cost
        name = alternative_name(plan, one)
        rows.append({"name": name, "risk": one.risk, "cost": one.cost, "difference": moved})
    told = [
        {"lever": one.name, "verdict": one.verdict, "low": one.low, "high": one.high}
        for one in explanation.claims
        if one.basis == "missing"
    ]
    notes = [f"{count(explanation.solves, 'program')} solved", files]
    tables = {"levers": VERDICTS.over(told)} if told else {}
    return Screen({**tables, "alternatives": ALTERNATIVES.over(rows)}, notes)


SINGLE_POINTS = ReportTable(
    columns=[whole("year"), text("without"), text("element"), per_cent("falls_by", "met falls by")]
)
"""A row a single point of failure."""


def coverage_screen(plan: Plan, coverage: Coverage, files: str) -> Screen:
    """The single points of failure."""
    names, rows = names_of(plan.case), []
    for one in coverage.single_points:
        named = {"without": names.without(one["without"]), "element": names.element(one["element"])}
        rows.append({**one, **named})
    none = [] if rows else ["No single point of failure: no element falls by more than 10 points"]
    return Screen({"single_points": SINGLE_POINTS.over(rows)}, [*none, files])


CHARGES = ReportTable(
    columns=[
        text("party"),
        in_musd("alone"),
        in_musd("charge"),
        in_musd("gain"),
        in_musd("own_loss", "own loss"),
        in_musd("paid"),
        figures("transfer", unit="MUSD", form=CHANGE),
    ]
)
"""A row a party."""


def shares_screen(shares: Any, files: str) -> Screen:
    """Charges and transfers by party."""
    fields = [column.field for column in CHARGES.columns]
    rows = [{field: getattr(row, field) for field in fields} for row in shares.rows]
    notes = []
    if shares.coalitions:
        notes.append(
            f"{shares.checked:,} of {shares.coalitions:,} coalitions checked: none gains by leaving"
        )
    return Screen({"charges": CHARGES.over(rows)}, [*notes, files])


CAUSES = ReportTable(
    columns=[
        text("run"),
        text("group", "inputs as there"),
        changed("risk", unit="MUSD"),
        changed("cost", unit="MUSD"),
        text("why", "why not alone"),
    ]
)
"""A row a run and group of inputs."""


def comparison_screen(comparisons: Iterable[Comparison], files: str) -> Screen:
    """Changes of risk and cost of each run, in all and by group of inputs."""
    rows: list[TableRow] = []
    for one in comparisons:
        first, second = one.first, one.second
        rows.append(
            {
                "run": one.after,
                "group": "all",
                "risk": second.risk - first.risk,
                "cost": second.cost - first.cost,
                "why": "" if one.causes else "same inputs",
            }
        )
        for cause in one.causes:
            row: TableRow = {"run": "", "group": cause.group, "why": cause.why}
            if cause.alone is not None:
                row |= {"risk": one.effect(cause), "cost": cause.alone.cost - first.cost}
            rows.append(row)
    return Screen({"causes": CAUSES.over(rows)}, [files])
