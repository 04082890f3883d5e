"""The pages of a study, finished or running: report.html and tables/*.csv; and that of a frontier."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from planner.reporting.charts import study as charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.formats.markup import report_page
from planner.reporting.values.page_parts import (
    SHARE,
    WORDS,
    Column,
    Figure,
    Part,
    ReportTable,
    Section,
    Statement,
    Text,
)
from planner.reporting.values.wording import count, number, percent
from planner.results.atomic_writes import write_whole
from planner.results.store import csv_text
from planner.results.study import (
    AGREEMENT,
    ALL,
    NEW_CAPACITY,
    OPTIMAL,
    Box,
    Failures,
    FrontierResults,
    OptionResults,
    StudyResults,
)

MOST_ROWS = 40


def _grid(title: str, table: pd.DataFrame, columns: Mapping[str, Column], note: str = "") -> ReportTable:
    """Some columns of a table as a table of the page."""
    return ReportTable(title, list(columns.values()), table[list(columns)].values.tolist(), note)


def _words(title: str) -> Column:
    return Column(title, number=False, form=WORDS)


class StudyTables:
    """The tables of a report by file name, gathered while its sections are made."""

    def __init__(self) -> None:
        self.kept: dict[str, pd.DataFrame] = {}

    def add(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Keep a table, one below the other where the name is there already."""
        self.kept[name] = pd.concat([self.kept[name], table]) if name in self.kept else table
        return table


def write_report(found: StudyResults, folder: Path) -> None:
    """Write report.html and tables/*.csv into the folder of a study."""
    tables, draw = StudyTables(), Drawer()
    sections = [_status(found)]
    for i, option in enumerate(found.options):
        sections.append(_outcomes(found, option, i, tables, draw))
    if dots := charts.risk_against_cost({option.name: option.rows for option in found.options}, draw):
        sections.append(Section("plane", "Risk against cost", "", [dots]))
    statements = [Statement("Points", _lead(found)), *_warnings(found), *_drivers(sections)]
    if found.held is not None and found.robustness is not None:
        sections.append(_given(found, found.held, found.robustness, tables, draw))
        statements += [Statement(str(row["plan"]), _regret(row)) for _, row in found.robustness.iterrows()]
    failures = _failures(found, tables, draw)
    sections += [s for s in (_options(found, tables), failures, _projects(found, tables)) if s]
    if failures:
        statements += [
            Statement("Failure", told) for part in failures.parts if isinstance(part, Text) for told in part.paragraphs
        ]
    outcomes = ", ".join(charts.outcome_words(outcome) for outcome in found.outcomes)
    page = report_page("Study", found.title, f"What moves: {outcomes}?", statements, sections, script="brush.js")
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in tables.kept.items():
        (folder / "tables" / f"{name}.csv").write_text(csv_text(table), encoding="utf-8")
    write_page(page, folder)


def write_page(page: str, folder: Path) -> None:
    """Write report.html, whole."""
    write_whole(folder / "report.html", lambda path: path.write_text(page, encoding="utf-8", newline="\n"))


def _lead(found: StudyResults) -> str:
    rows = len(found.table)
    kind = found.design.replace("_", " ")
    share = percent((found.table["status"] == OPTIMAL).sum() / max(rows, 1))
    return f"{count(rows, 'row')} of the design “{kind}”, {share} with an optimum."


def _warnings(found: StudyResults) -> list[Statement]:
    out = []
    missing = int(found.table["status"].isna().sum())
    if missing:
        told = f"{count(missing, 'row')} of {len(found.table)} have no result yet."
        out.append(Statement("Not finished", told))
    if found.agreement.points and not found.agreement.holds:
        told = f"Warm and cold results differ by up to {found.agreement.worst:.1e}, more than {AGREEMENT:.0e}"
        out.append(Statement("Warning", f"{told}: do not rely on the last digits."))
    return out


def _drivers(sections: Iterable[Section]) -> Iterator[Statement]:
    """What is said under the first picture of what moves an outcome, by outcome and option."""
    for section in sections:
        for part in section.parts:
            if isinstance(part, Figure) and part.title in charts.DRIVERS:
                of = section.title.partition(": ")[2]
                yield Statement(part.panels[0].title, f"{of}: {part.takeaway}" if of else part.takeaway)


def _status(found: StudyResults) -> Section:
    counts = found.table["status"].fillna("not run").value_counts()
    rows = [[str(status), f"{n:,}", percent(n / len(found.table))] for status, n in counts.items()]
    compared, worst = found.agreement.points, found.agreement.worst
    told = [
        "Rows without an optimum are left out of every figure below; indices leave out the whole block that such a "
        "row is in.",
        f"{count(compared, 'point')} picked at random were solved again from nothing; the largest relative difference "
        f"of risk, cost and expected loss is {worst:.1e}."
        if compared
        else "No point was solved a second time.",
    ]
    parts: list[Part] = [ReportTable("Rows by status", [_words("Status"), Column("Rows"), Column("Share")], rows)]
    parts.append(Text(told))
    bad = found.table[(found.table["status"] != OPTIMAL) & found.table["status"].notna()].head(MOST_ROWS)
    if len(bad):
        columns = {name: _words(name.capitalize()) for name in ("point", "status", "message")}
        first_lines = bad["message"].str.partition("\n")[0]
        parts.append(_grid("Points without an optimum", bad.assign(message=first_lines), columns))
    return Section("status", "What was run", "", parts)


def _outcomes(found: StudyResults, option: OptionResults, place: int, tables: StudyTables, draw: Drawer) -> Section:
    parts: list[Part | None] = []
    for one in option.outcomes:
        outcome = one.outcome
        if one.tornado is not None:
            tables.add("tornado", one.tornado.assign(option=option.name, outcome=outcome))
            if len(one.tornado):
                parts.append(charts.tornado(one.tornado, outcome, draw))
        if one.indices:
            kind = one.indices.kind
            lines = [{"option": option.name, "outcome": outcome, "kind": kind, **vars(row)} for row in one.indices.rows]
            tables.add("indices", pd.DataFrame(lines))
            parts.append(charts.influence(one.indices, draw))
            if one.indices.pairs:
                lines = [{"option": option.name, "outcome": outcome, **vars(pair)} for pair in one.indices.pairs]
                parts.append(_pairs(outcome, tables.add("pairs", pd.DataFrame(lines))))
        for uncertainty, curve in one.curves.items():
            tables.add("response_curves", curve.assign(option=option.name, outcome=outcome, uncertainty=uncertainty))
        parts.append(charts.response_curves(list(one.curves.items()), outcome, draw, found.design == "one_at_a_time"))
        if found.design == "grid" and len(found.uncertainties) == 2:
            parts.append(charts.heat_map(option.rows, *found.uncertainties, outcome, draw))
    if found.design != "one_at_a_time":
        parts.append(charts.parallel(option.rows, found.uncertainties, found.outcomes, draw))
    kept: list[Part] = [part for part in parts if part is not None] or [_summary(found, option.rows)]
    title = "What moves the outcomes" if option.name == ALL else f"What moves the outcomes: {option.name}"
    return Section(f"outcomes{place}", title, "", kept)


def _pairs(outcome: str, rows: pd.DataFrame) -> ReportTable:
    columns = {
        "one": _words("Uncertainty"),
        "other": _words("Uncertainty"),
        "value": Column("Together", form=SHARE),
        "within": Column("±", form=SHARE),
    }
    note = "Share of the variance beyond what each explains alone, with the half-width of its 95 % interval."
    title = f"Pairs: {charts.outcome_words(outcome)}"
    return _grid(title, rows.sort_values("value", ascending=False).head(MOST_ROWS), columns, note)


def _summary(found: StudyResults, rows: pd.DataFrame) -> ReportTable:
    table = rows[list(found.outcomes)].agg(["mean", "min", "max"]).T.reset_index(names="outcome")
    table["outcome"] = table["outcome"].map(charts.outcome_words)
    columns = {"outcome": _words("Outcome"), "mean": Column("Mean"), "min": Column("Least"), "max": Column("Most")}
    return _grid("Outcomes", table, columns)


def _options(found: StudyResults, tables: StudyTables) -> Section | None:
    if found.means is None or found.regret is None:
        return None
    means = tables.add("options", found.means)
    outcomes = {o: Column(charts.outcome_words(o)) for o in found.outcomes}
    regret = {
        "option": _words("Option"),
        "mean_regret": Column("Mean regret"),
        "worst_regret": Column("Worst regret"),
        "satisficing": Column("Does not fail", form=SHARE),
    }
    note = "How much worse than the best option at the same point; less is taken for better."
    what = charts.outcome_words(found.outcomes[0])
    parts: list[Part] = [
        _grid("Mean outcome by option", means, {"option": _words("Option")} | outcomes),
        _grid(f"Regret: {what}", tables.add("regret", found.regret), regret, note),
    ]
    return Section("options", "Options compared", "", parts)


def _given(
    found: StudyResults, held: pd.DataFrame, robustness: pd.DataFrame, tables: StudyTables, draw: Drawer
) -> Section:
    tables.add("plans_by_point", held)
    table = tables.add("robustness", robustness)
    columns = {
        "plan": _words("Plan"),
        "carried_out": Column("Can be carried out", form=SHARE),
        "mean_risk_musd": Column("Mean risk", "MUSD"),
        "worst_risk_musd": Column("Worst risk", "MUSD"),
        "mean_regret_musd": Column("Mean regret", "MUSD"),
        "worst_regret_musd": Column("Worst regret", "MUSD"),
    }
    if found.fails_when:
        columns["satisficing"] = Column("Does not fail", form=SHARE)
    told = (
        "Investment, training and hiring as decided, operations free. Regret: how much more risk than under the best "
        "plan for the same point. Where a plan cannot be paid or staffed as decided it has no risk, and it fails."
    )
    grid = _grid(f"At {count(held['point'].nunique(), 'point')}", table, columns, told)
    return Section("given", "Given plans at all points", "", [grid, charts.held_plans(held, draw)])


def _regret(row: pd.Series[float]) -> str:
    if not row["carried_out"]:
        return "Held fixed, it can be carried out at no point of the study."
    return (
        f"Held fixed, it can be carried out at {percent(row['carried_out'])} of the points. Its risk there is "
        f"{number(row['mean_regret_musd'])} MUSD above that of the best plan for the point on average, and "
        f"{number(row['worst_regret_musd'])} at most."
    )


def _failures(found: StudyResults, tables: StudyTables, draw: Drawer) -> Section | None:
    if not found.fails_when:
        return None
    told, lines, parts = list[str](), list[dict[str, object]](), list[Part]()
    for option in found.options:
        if option.failures is None:
            continue
        prefix = "" if option.name == ALL else f"{option.name}: "
        told += [f"{prefix}{way}: {failure_words(option.failures, box)}" for way, box in option.failures.boxes.items()]
        ways = [
            *option.failures.boxes.items(),
            *((f"PRIM, step {n}", box) for n, box in enumerate(option.failures.path)),
        ]
        lines += [
            {
                "option": option.name, "method": way, "box": _limits(box), "density": box.density,
                "coverage": box.coverage, "points": box.inside, "failures": box.failures,
            }
            for way, box in ways
            if box
        ]  # fmt: skip
        parts += [f for f in [charts.traded(option.failures.path, option.failures.boxes["PRIM"], draw)] if f]
    tables.add("failures", pd.DataFrame(lines))
    when = (
        f"A plan counts as failed when {found.fails_when}, or where no plan meets the goal. Points that were not run, "
        "or crashed, or ran out of time do not count."
    )
    return Section("failures", "When the plan fails", when, [Text(told), *parts])


def failure_words(found: Failures, box: Box | None) -> str:
    """When the plan fails, for people."""
    if not found.points:
        return "No point was run."
    if not found.failed:
        return "The plan fails at no point of the study."
    if found.failed == found.points:
        return "The plan fails at every point of the study."
    share = f"{found.failed / found.points:.0%}"
    if box is None or not box.limits:
        return f"The plan fails at {share} of the points, and no part of the space stands out."
    return (
        f"The plan fails when {_limits(box)}: {box.density:.0%} of the points there fail, against {share} "
        f"overall, and they are {box.coverage:.0%} of all failures."
    )


def _limits(box: Box) -> str:
    """The limits as a condition, e.g. 'demand > 1.07 and cut > 0.22'."""
    parts = []
    for name, low, high in box.limits:
        if math.isfinite(low) and math.isfinite(high):
            parts.append(f"{name} is between {low:.3g} and {high:.3g}")
        else:
            parts.append(f"{name} > {low:.3g}" if math.isfinite(low) else f"{name} < {high:.3g}")
    return " and ".join(parts)


def _projects(found: StudyResults, tables: StudyTables) -> Section | None:
    parts: list[Part] = []
    columns = {
        "project": _words("Project"),
        "share": Column("In all best plans", form=SHARE),
        "possible": Column("In some", form=SHARE),
        "mean_tpa": Column("Mean", "t/y"),
        "least_tpa": Column("Least", "t/y"),
        "most_tpa": Column("Most", "t/y"),
    }
    note = (
        "Share of the points. At each, plans that are as good as the best were looked for in two directions: a project "
        "that only some of them have can be left out at no loss. Sizes are over the points whose plans can have it."
    )
    for option in found.options:
        table = tables.add("projects", option.projects.assign(option=option.name)).head(MOST_ROWS)
        title = "Projects" if option.name == ALL else f"Projects: {option.name}"
        parts += [_grid(title, table, columns, note)] if len(table) else []
    return Section("projects", "Which projects are in how many of the plans", "", parts) if parts else None


def frontier_page(found: FrontierResults) -> str:
    """The page of a frontier: the curve, and the plan at its breakpoints."""
    table = found.table
    drawn = table[["budget_musd", "risk_musd", "worth"]]
    parts: list[Part] = [charts.frontier(drawn, drawn, Drawer())]
    exact = (
        "Every breakpoint was found; between two of them the curve is a straight line."
        if found.gap == 0
        else f"Not every breakpoint was looked for: the curve may lie up to {number(found.gap)} MUSD below the line."
    )
    told = f"{count(len(table), 'breakpoint')} from {count(found.solves, 'program')} solved. {exact}"
    sections = [Section("curve", "Risk against money", "", parts), _breakpoints(table)]
    question = "How much risk does each further MUSD of public money take off?"
    return report_page("Study", found.title, question, [Statement("Curve", told)], sections)


def _breakpoints(table: pd.DataFrame) -> Section:
    known = table[table["cost_musd"].notna()] if "cost_musd" in table else table.head(0)
    sizes = known.filter(like=NEW_CAPACITY).rename(columns=lambda name: name.removeprefix(NEW_CAPACITY))
    columns = {
        "scale": Column("Scale"),
        "budget_musd": Column("Budgets", "MUSD"),
        "risk_musd": Column("Least risk", "MUSD"),
        "worth": Column("One more MUSD takes off", "MUSD"),
        "cost_musd": Column("Cost of the plan", "MUSD"),
        "changes": _words("What changes in the plan from the row above"),
    }
    note = "Of several plans that are equally good one is shown; a change may be a choice among equals."
    told = known.assign(changes=[_difference(steps) for _, steps in sizes.diff().fillna(sizes).iterrows()])
    return Section("plans", "The plan at each breakpoint", "", [_grid("Breakpoints", told, columns, note)])


def _difference(steps: pd.Series[float]) -> str:
    moved = steps[steps.abs() >= 1.0].sort_values(key=lambda step: -step.abs(), kind="stable")
    told = [f"{p} {'+' if step > 0 else '−'}{number(abs(step))}" for p, step in moved.items()]
    rest = f" and {len(told) - 6} more" if len(told) > 6 else ""
    return ", ".join(told[:6]) + rest or "nothing built differs"
