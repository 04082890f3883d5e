"""`planner study report`: report.html and tables/*.csv of a study folder, finished or running."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console

from planner.errors import PlannerError
from planner.reporting.charts import study as charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.forms.html import report_page
from planner.reporting.values.numbers import count, number, percent
from planner.reporting.values.parts import Column, Figure, Part, ReportTable, Section, Statement, Text
from planner.results.plan import PlanValues
from planner.results.store import csv_text
from planner.studies import analysis
from planner.studies.analysis import ALL, Study
from planner.studies.discovery import cart, prim, sentence
from planner.studies.fixed_plan import Tell, hold, read_plans, robustness
from planner.studies.status import AGREEMENT, worst_check
from planner.studies.store import OPTIMAL, write_whole

MOST_ROWS = 40


class Tables:
    """The tables of a report by file name, gathered while its sections are made."""

    def __init__(self) -> None:
        self.kept: dict[str, pd.DataFrame] = {}

    def add(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Keep a table, one below the other where the name is there already."""
        self.kept[name] = pd.concat([self.kept[name], table]) if name in self.kept else table
        return table


def write_report(folder: Path, plans: Mapping[str, PlanValues] | None = None, tell: Tell = lambda _: None) -> None:
    """Write report.html and tables/*.csv. Raises RunFolderError, InputError, StoppedError.

    plans: by name; each is held fixed at every point.
    """
    found = analysis.open_study(folder)
    tables, draw = Tables(), Drawer()
    sections = [_status(found, folder)]
    for i, (name, rows) in enumerate(found.groups.items()):
        sections.append(_outcomes(found, name, rows, i, tables, draw))
    statements = [Statement("Points", _lead(found)), *_warnings(found, folder)]
    if plans:
        held = hold(folder, plans, tell)
        sections.append(_given(found, held, tables, draw))
        statements += _regrets(held)
    failures = _failures(found, tables)
    sections += [s for s in (_options(found, tables), failures, _projects(found, tables)) if s]
    if failures:
        statements += [
            Statement("Failure", told) for part in failures.parts if isinstance(part, Text) for told in part.paragraphs
        ]
    page = report_page("Study", found.study.title, _question(found), statements, sections)
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in tables.kept.items():
        text = csv_text(table)
        (folder / "tables" / f"{name}.csv").write_text(text, encoding="utf-8")
    write_whole(folder / "report.html", lambda path: path.write_text(page, encoding="utf-8", newline="\n"))


def _question(found: Study) -> str:
    outcomes = ", ".join(charts.outcome_words(outcome) for outcome in found.outcomes)
    return f"What moves: {outcomes}?"


def _lead(found: Study) -> str:
    rows = len(found.table)
    kind = found.study.design.kind.replace("_", " ")
    return f"{count(rows, 'row')} of the design “{kind}”, {percent(len(found.solved) / max(rows, 1))} with an optimum."


def _warnings(found: Study, folder: Path) -> list[Statement]:
    out = []
    missing = int(found.table["status"].isna().sum())
    if missing:
        told = f"{count(missing, 'row')} of {len(found.table)} have no result yet."
        out.append(Statement("Not finished", told))
    compared, worst = worst_check(folder)
    if compared and worst > AGREEMENT:
        told = f"Warm and cold results differ by up to {worst:.1e}, more than {AGREEMENT:.0e}"
        out.append(Statement("Warning", f"{told}: do not rely on the last digits."))
    return out


def _status(found: Study, folder: Path) -> Section:
    counts = found.table["status"].fillna("not run").value_counts()
    rows = [[str(status), f"{n:,}", percent(n / len(found.table))] for status, n in counts.items()]
    grid = ReportTable("Rows by status", [Column("Status", number=False), Column("Rows"), Column("Share")], rows)
    bad = found.table[(found.table["status"] != OPTIMAL) & found.table["status"].notna()]
    compared, worst = worst_check(folder)
    told = [
        "Rows without an optimum are left out of every figure below; indices leave out the whole block that such a "
        "row is in; for failure they count as failed.",
        f"{count(compared, 'point')} picked at random were solved again from nothing; the largest relative difference "
        f"of risk, cost and expected loss is {worst:.1e}."
        if compared
        else "No point was solved a second time.",
    ]
    parts: list[Part] = [grid, Text(told)]
    if len(bad):
        lines = [
            [str(r["point"]), str(r["status"]), str(r["message"]).splitlines()[0]]
            for _, r in bad.head(MOST_ROWS).iterrows()
        ]
        parts.append(
            ReportTable(
                "Points without an optimum", [Column(t, number=False) for t in ("Point", "Status", "Message")], lines
            )
        )
    return Section("status", "What was run", "", parts)


def _outcomes(found: Study, name: str, rows: pd.DataFrame, place: int, tables: Tables, draw: Drawer) -> Section:
    kind = found.study.design.kind
    parts: list[Part | None] = []
    for outcome in found.outcomes:
        if kind == "one_at_a_time":
            table = analysis.tornado(found, rows, outcome)
            tables.add("tornado", table.assign(option=name, outcome=outcome))
            if len(table):
                parts.append(charts.tornado(table, outcome, draw))
        indices = analysis.indices(found, rows, outcome)
        if indices:
            lines = [{"option": name, "outcome": outcome, "kind": indices.kind, **vars(row)} for row in indices.rows]
            tables.add("indices", pd.DataFrame(lines))
            parts.append(charts.influence(indices, draw))
        parts += _curves(found, name, rows, outcome, tables, draw)
    kept: list[Part] = [part for part in parts if part is not None] or [_summary(found, rows)]
    title = "What moves the outcomes" if name == ALL else f"What moves the outcomes: {name}"
    return Section(f"outcomes{place}", title, "", kept)


def _curves(
    found: Study, name: str, rows: pd.DataFrame, outcome: str, tables: Tables, draw: Drawer
) -> list[Figure | None]:
    curves = []
    for uncertainty in found.uncertainties:
        curve = analysis.response(rows, uncertainty, outcome)
        tables.add("responses", curve.assign(option=name, outcome=outcome, uncertainty=uncertainty))
        curves.append((uncertainty, curve))
    figures = [charts.responses(curves, outcome, draw)]
    if found.study.design.kind == "grid" and len(found.uncertainties) == 2:
        figures.append(charts.heat_map(rows, found.uncertainties[0], found.uncertainties[1], outcome, draw))
    return figures


def _summary(found: Study, rows: pd.DataFrame) -> ReportTable:
    columns = [Column("Outcome", number=False), Column("Mean"), Column("Least"), Column("Most")]
    lines = [
        [charts.outcome_words(o), number(rows[o].mean()), number(rows[o].min()), number(rows[o].max())]
        for o in found.outcomes
    ]
    return ReportTable("Outcomes", columns, lines)


def _options(found: Study, tables: Tables) -> Section | None:
    if not found.levers:
        return None
    means = tables.add("options", analysis.by_option(found, found.outcomes))
    columns = [Column("Option", number=False), *(Column(charts.outcome_words(o)) for o in found.outcomes)]
    parts: list[Part] = [
        ReportTable(
            "Mean outcome by option",
            columns,
            [[str(r["option"]), *(number(r[o]) for o in found.outcomes)] for _, r in means.iterrows()],
        )
    ]
    table = tables.add("regret", analysis.regret(found, found.outcomes[0]))
    heads = [Column("Option", number=False), Column("Mean regret"), Column("Worst regret"), Column("Does not fail")]
    lines = [
        [str(r["option"]), number(r["mean_regret"]), number(r["worst_regret"]), percent(r["satisficing"])]
        for _, r in table.iterrows()
    ]
    what = charts.outcome_words(found.outcomes[0])
    parts.append(
        ReportTable(
            f"Regret: {what}",
            heads,
            lines,
            "How much worse than the best option at the same point; less is taken for better.",
        )
    )
    return Section("options", "Options compared", "", parts)


def _given(found: Study, held: pd.DataFrame, tables: Tables, draw: Drawer) -> Section:
    tables.add("plans_by_point", held)
    table = tables.add("robustness", robustness(held))
    heads = [
        Column("Plan", number=False),
        Column("Can be carried out"),
        *(Column(title, "MUSD") for title in ("Mean risk", "Worst risk", "Mean regret", "Worst regret")),
        *([Column("Does not fail")] if found.study.fails_when else []),
    ]
    amounts = ("mean_risk_musd", "worst_risk_musd", "mean_regret_musd", "worst_regret_musd")
    lines = [
        [
            str(row["plan"]),
            percent(row["carried_out"]),
            *(number(row[name]) for name in amounts),
            *([percent(row["satisficing"])] if found.study.fails_when else []),
        ]
        for _, row in table.iterrows()
    ]
    told = (
        "Investment, training and hiring as decided, operations free. Regret: how much more risk than under the best "
        "plan for the same point. Where a plan cannot be paid or staffed as decided it has no risk, and it fails."
    )
    grid = ReportTable(f"At {count(held['point'].nunique(), 'point')}", heads, lines, told)
    return Section("given", "Given plans at all points", "", [grid, charts.held_plans(held, draw)])


def _regrets(held: pd.DataFrame) -> list[Statement]:
    return [Statement(str(row["plan"]), _regret(row)) for _, row in robustness(held).iterrows()]


def _regret(row: pd.Series[float]) -> str:
    if not row["carried_out"]:
        return "Held fixed, it can be carried out at no point of the study."
    return (
        f"Held fixed, it can be carried out at {percent(row['carried_out'])} of the points. Its risk there is "
        f"{number(row['mean_regret_musd'])} MUSD above that of the best plan for the point on average, and "
        f"{number(row['worst_regret_musd'])} at most."
    )


def _failures(found: Study, tables: Tables) -> Section | None:
    if not found.study.fails_when:
        return None
    told, lines = [], []
    for name, rows in found.groups.items():
        names, at = analysis.numeric(found, rows)
        if not names:
            continue
        flags = analysis.failed(found, rows).to_numpy(dtype=bool)
        prefix = "" if name == ALL else f"{name}: "
        for way, box in (("PRIM", prim(names, at, flags)), ("CART", cart(names, at, flags))):
            told.append(f"{prefix}{way}: {sentence(box, flags)}")
            if box:
                lines.append((name, way, box.words(), box.density, box.coverage, box.inside, box.failures))
    columns = ["option", "method", "box", "density", "coverage", "points", "failures"]
    tables.add("failures", pd.DataFrame(lines, columns=columns))
    return Section(
        "failures", "When the plan fails", f"A plan counts as failed when {found.study.fails_when}.", [Text(told)]
    )


def _projects(found: Study, tables: Tables) -> Section | None:
    parts: list[Part] = []
    for name, rows in found.groups.items():
        table = tables.add("projects", analysis.projects(rows).assign(option=name))
        lines = [
            [
                str(r["project"]),
                percent(r["share"]),
                number(r["mean_tpa"]),
                number(r["least_tpa"]),
                number(r["most_tpa"]),
            ]
            for _, r in table.head(MOST_ROWS).iterrows()
        ]
        columns = [
            Column("Project", number=False),
            Column("In plans"),
            *(Column(t, "t/y") for t in ("Mean", "Least", "Most")),
        ]
        if lines:
            parts.append(
                ReportTable(
                    "Projects" if name == ALL else f"Projects: {name}",
                    columns,
                    lines,
                    "Sizes are over the plans that have the project.",
                )
            )
    return Section("projects", "Which projects are in how many of the plans", "", parts) if parts else None


def main(arguments: list[str]) -> int:
    """`python -m planner.reporting.pages.study DIR [RUN ..]`. Returns the exit code."""
    err = Console(stderr=True, highlight=False)
    try:
        plans = read_plans([Path(run) for run in arguments[1:]])
        write_report(Path(arguments[0]), plans, lambda step: err.print(step, style="dim", markup=False))
    except PlannerError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        return error.exit_code
    Console(highlight=False).print(f"{arguments[0]}/report.html, tables/", markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
