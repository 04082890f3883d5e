"""Pages about many runs: those of a study, finished or running, with its tables, that of a frontier, and that of two
runs compared, which the screen tells as lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.reporting.charts import study as charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.formats.report_forms import report_page
from planner.reporting.values.page_parts import (
    Figure,
    Part,
    ReportTable,
    Section,
    Statement,
    Text,
    declared,
    shown,
)
from planner.reporting.values.wording import (
    NOTHING,
    Names,
    listed,
    number,
    percent,
    signed,
    worded,
    worded_lines,
)
from planner.results.folders import write_whole
from planner.results.plan import Cause, Comparison, Figures
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

MOST_ROWS, MOST_STEPS = 40, 6


def _say(passage: str, **values: Any) -> str:
    return worded("study.j2", passage, **values)


def _titled(title: str, option: str) -> str:
    """A title, with the option that it is of, if there are several."""
    return title if option == ALL else f"{title}: {option}"


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
    sections = [
        _status(found),
        *(_outcomes(found, option, i, tables, draw) for i, option in enumerate(found.options)),
    ]
    if dots := charts.risk_against_cost(
        {option.name: option.rows for option in found.options}, draw
    ):
        sections.append(Section("plane", "Risk against cost", "", [dots]))
    statements = [Statement("Points", _lead(found)), *_warnings(found), *_drivers(sections)]
    if found.held is not None and found.robustness is not None:
        sections.append(_given(found, found.held, found.robustness, tables, draw))
        plans = found.robustness.to_dict("records")
        statements += [Statement(str(row["plan"]), _say("regret", row=row)) for row in plans]
    failures = _failures(found, tables)
    sections += [s for s in (_options(found, tables), failures, _projects(found, tables)) if s]
    if failures:
        words = [part.paragraphs for part in failures.parts if isinstance(part, Text)]
        statements += [Statement("Failure", told) for paragraphs in words for told in paragraphs]
    outcomes = ", ".join(charts.outcome_words(outcome) for outcome in found.outcomes)
    page = report_page(
        "Study", found.title, f"What moves: {outcomes}?", statements, sections, script="brush.js"
    )
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in tables.kept.items():
        (folder / "tables" / f"{name}.csv").write_text(csv_text(table), encoding="utf-8")
    write_page(page, folder)


def write_page(page: str, folder: Path) -> None:
    """Write report.html, whole."""
    write_whole(
        folder / "report.html", lambda path: path.write_text(page, encoding="utf-8", newline="\n")
    )


def _lead(found: StudyResults) -> str:
    share = (found.table["status"] == OPTIMAL).sum() / max(len(found.table), 1)
    return _say("lead", found=found, rows=len(found.table), share=share)


def _warnings(found: StudyResults) -> list[Statement]:
    missing = int(found.table["status"].isna().sum())
    told = (
        _say("unfinished", missing=missing, rows=len(found.table)),
        _say("apart", found=found, line=AGREEMENT),
    )
    return [
        Statement(about, words)
        for about, words in zip(("Not finished", "Warning"), told, strict=True)
        if words
    ]


def _drivers(sections: Iterable[Section]) -> Iterator[Statement]:
    """What is said under the first picture of what moves an outcome, by outcome and option."""
    for section in sections:
        for part in section.parts:
            if isinstance(part, Figure) and part.title in charts.DRIVERS:
                of = section.title.partition(": ")[2]
                yield Statement(
                    part.panels[0].title, f"{of}: {part.takeaway}" if of else part.takeaway
                )


def _status(found: StudyResults) -> Section:
    counts = found.table["status"].fillna("not run").value_counts()
    rows = [[str(status), f"{n:,}", percent(n / len(found.table))] for status, n in counts.items()]
    parts: list[Part] = [
        declared("rows_by_status", rows),
        Text(worded_lines("study.j2", "checked", found=found)),
    ]
    bad = found.table[(found.table["status"] != OPTIMAL) & found.table["status"].notna()].head(
        MOST_ROWS
    )
    if len(bad):
        parts.append(
            declared("without_optimum", bad.assign(message=bad["message"].str.partition("\n")[0]))
        )
    return Section("status", "What was run", "", parts)


def _outcomes(
    found: StudyResults, option: OptionResults, place: int, tables: StudyTables, draw: Drawer
) -> Section:
    parts: list[Part | None] = []
    for one in option.outcomes:
        outcome = one.outcome
        if one.tornado is not None:
            tables.add("tornado", one.tornado.assign(option=option.name, outcome=outcome))
            parts.append(charts.tornado(one.tornado, outcome, draw) if len(one.tornado) else None)
        if one.regression is not None:
            lined = one.regression.assign(option=option.name, outcome=one.outcome)
            tables.add("regression", lined)
        if one.indices:
            kind = one.indices.kind
            lines = [
                {"option": option.name, "outcome": outcome, "kind": kind, **vars(row)}
                for row in one.indices.rows
            ]
            tables.add("indices", pd.DataFrame(lines))
            parts.append(charts.influence(one.indices, draw))
            if one.indices.pairs:
                lines = [
                    {"option": option.name, "outcome": outcome, **vars(pair)}
                    for pair in one.indices.pairs
                ]
                pairs = (
                    tables.add("pairs", pd.DataFrame(lines))
                    .sort_values("value", ascending=False)
                    .head(MOST_ROWS)
                )
                parts.append(declared("pairs", pairs, outcome=charts.outcome_words(outcome)))
        for uncertainty, curve in one.curves.items():
            tables.add(
                "response_curves",
                curve.assign(option=option.name, outcome=outcome, uncertainty=uncertainty),
            )
        parts.append(
            charts.response_curves(
                list(one.curves.items()), outcome, draw, found.design == "one_at_a_time"
            )
        )
        if found.design == "grid" and len(found.uncertainties) == 2:
            parts.append(charts.heat_map(option.rows, *found.uncertainties, outcome, draw))
    if found.design != "one_at_a_time":
        parts.append(charts.parallel(option.rows, found.uncertainties, found.outcomes, draw))
    kept: list[Part] = [part for part in parts if part is not None] or [
        _summary(found, option.rows)
    ]
    return Section(f"outcomes{place}", _titled("What moves the outcomes", option.name), "", kept)


def _summary(found: StudyResults, rows: pd.DataFrame) -> ReportTable:
    table = rows[list(found.outcomes)].agg(["mean", "min", "max"]).T.reset_index(names="outcome")
    return declared("outcomes", table.assign(outcome=table["outcome"].map(charts.outcome_words)))


def _options(found: StudyResults, tables: StudyTables) -> Section | None:
    if found.means is None or found.regret is None:
        return None
    means, words = (
        tables.add("options", found.means),
        [charts.outcome_words(o) for o in found.outcomes],
    )
    rows = means[["option", *found.outcomes]].to_numpy(object).tolist()
    regret = declared("regret", tables.add("regret", found.regret), outcome=words[0])
    return Section(
        "options", "Options compared", "", [declared("means", rows, outcomes=words), regret]
    )


def _given(
    found: StudyResults,
    held: pd.DataFrame,
    robustness: pd.DataFrame,
    tables: StudyTables,
    draw: Drawer,
) -> Section:
    tables.add("plans_by_point", held)
    points = held["point"].nunique()
    table = declared(
        "robustness", tables.add("robustness", robustness), points=points, fails=found.fails_when
    )
    return Section("given", "Given plans at all points", "", [table, charts.held_plans(held, draw)])


def _failures(found: StudyResults, tables: StudyTables) -> Section | None:
    if not found.fails_when:
        return None
    told: list[str] = []
    lines: list[dict[str, object]] = []
    for option in found.options:
        if option.failures is None:
            continue
        box = option.failures.box
        prefix = "" if option.name == ALL else f"{option.name}: "
        told.append(f"{prefix}{failure_words(option.failures, box)}")
        if box is None:
            continue
        line = {"option": option.name, "box": _limits(box), "density": box.density}
        counts = {"coverage": box.coverage, "points": box.inside, "failures": box.failures}
        lines.append(line | counts)
    tables.add("failures", pd.DataFrame(lines))
    lead = _say("failures", when=found.fails_when)
    return Section("failures", "When the plan fails", lead, [Text(told)])


def failure_words(found: Failures, box: Box | None) -> str:
    """When the plan fails, for people."""
    return _say("failure", found=found, box=box, limits=_limits(box) if box is not None else "")


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
    for option in found.options:
        table = tables.add("projects", option.projects.assign(option=option.name)).head(MOST_ROWS)
        parts += (
            [declared("projects", table, title=_titled("Projects", option.name))]
            if len(table)
            else []
        )
    return (
        Section("projects", "Which projects are in how many of the plans", "", parts)
        if parts
        else None
    )


def frontier_page(found: FrontierResults) -> str:
    """The page of a frontier: the curve, and the plan at its breakpoints."""
    table = found.table
    drawn = table[["budget_musd", "risk_musd", "worth"]]
    sections = [
        Section("curve", "Risk against money", "", [charts.frontier(drawn, drawn, Drawer())]),
        Section("plans", "The plan at each breakpoint", "", [_breakpoints(table)]),
    ]
    question = "How much risk does each further MUSD of public money take off?"
    curve = Statement("Curve", _say("curve", found=found, points=len(table)))
    return report_page("Study", found.title, question, [curve], sections)


def _breakpoints(table: pd.DataFrame) -> ReportTable:
    known = table[table["cost_musd"].notna()] if "cost_musd" in table else table.head(0)
    sizes = known.filter(like=NEW_CAPACITY).rename(
        columns=lambda name: name.removeprefix(NEW_CAPACITY)
    )
    changes = [_difference(steps) for _, steps in sizes.diff().fillna(sizes).iterrows()]
    return declared("breakpoints", known.assign(changes=changes))


def _difference(steps: pd.Series[float]) -> str:
    moved = steps[steps.abs() >= 1.0].sort_values(key=lambda step: -step.abs(), kind="stable")
    told = [f"{p} {'+' if step > 0 else '−'}{number(abs(step))}" for p, step in moved.items()]
    rest = f" and {len(told) - MOST_STEPS} more" if len(told) > MOST_STEPS else ""
    return ", ".join(told[:MOST_STEPS]) + rest or "nothing built differs"


KIND = "Comparison of runs"
TOLD, MANY = 3, 40
"""Causes that are named in a sentence, and cells that are shown without being asked for."""


def comparison_page(found: Sequence[Comparison], case: Case) -> str:
    """The whole page as text; the first run is compared with each of the others."""
    names = Names(case)
    first = found[0].before
    return report_page(
        KIND,
        f"{first} against {listed([one.after for one in found])}",
        "What differs in the inputs, what in the plan and its risk, and which input explains which change?",
        [Statement(one.after, sentence) for one in found for sentence in comparison_sentences(one)],
        [section for at, one in enumerate(found) for section in _sections(one, names, at)],
        note="Each cause is the first run solved again with that one group of inputs as in the other. Where several "
        "plans are equally good, a plan change may be one of many that serve as well.",
    )


def comparison_sentences(found: Comparison) -> list[str]:
    """What changed and why, in one or two sentences."""
    alone = sorted((c for c in found.causes if c.alone), key=lambda c: -abs(found.effect(c)))[:TOLD]
    parts = [f"{c.group} {signed(found.effect(c))} MUSD" for c in alone]
    return worded_lines("comparison.j2", "changed", found=found, parts=parts)


def _sections(found: Comparison, names: Names, at: int) -> list[Section]:
    cells = [
        [c.group, c.where, c.column, c.before or NOTHING, c.after or NOTHING] for c in found.cells
    ]
    runs, built = (
        {"before": found.before, "after": found.after},
        _resized(found.first, found.second, names),
    )
    named: dict[str, tuple[str, str, list[Part]]] = {
        "causes": (
            "which input explains which change",
            "One at a time, each solved.",
            _causes(found, names),
        ),
        "plan": ("the plan", "", [shown("built", built, **runs)]),
        "inputs": (
            "inputs that differ",
            "",
            [shown("cells", cells, folded=len(cells) > MANY, **runs)],
        ),
    }
    return [
        Section(f"{anchor}-{at}", f"{found.after}: {title}", lead, parts)
        for anchor, (title, lead, parts) in named.items()
    ]


def _causes(found: Comparison, names: Names) -> list[Part]:
    first, second, rows = found.first, found.second, list[list[object]]()
    for c in found.causes:
        (risk, moved), cost = _alone(found, c), c.alone.cost if c.alone else None
        rows.append(
            [
                c.group,
                str(c.cells),
                risk,
                moved,
                cost,
                None if cost is None else cost - first.cost,
                c.why,
            ]
        )
    if rows:
        rows.append(["Interplay of the groups", "", None, found.interplay, None, None, ""])
        rows.append(
            [
                "All of it",
                "",
                second.risk,
                second.risk - first.risk,
                second.cost,
                second.cost - first.cost,
                "",
            ]
        )
    movers = [
        [c.group, *row] for c in found.causes if c.alone for row in _resized(first, c.alone, names)
    ]
    causes = shown("causes", rows, marks=[*("" for _ in rows[:-1]), "total"])
    return [causes, declared("movers", movers)] if movers else [causes]


def _resized(first: Figures, second: Figures, names: Names) -> list[list[str]]:
    """Plants whose new capacity (t/y) differs by half a tonne or more: name, before, after, change."""
    pairs = (
        (p, first.capacity.get(p, 0.0), second.capacity.get(p, 0.0)) for p in _either(first, second)
    )
    return [
        [names.placed(p), number(old), number(new), signed(new - old)]
        for p, old, new in pairs
        if abs(new - old) > 0.5
    ]


def _either(first: Figures, second: Figures) -> list[str]:
    return sorted({*first.capacity, *second.capacity})


def comparison_lines(found: Sequence[Comparison]) -> list[str]:
    """The screen."""
    lines = []
    for one in found:
        lines += [
            f"{one.before} against {one.after}",
            *(f"  {s}" for s in comparison_sentences(one)),
        ]
        lines += [
            f"  {c.group:<34} risk {signed(one.effect(c)):>9}  cost {signed(c.alone.cost - one.first.cost):>9}"
            if c.alone
            else f"  {c.group:<34} {c.why}"
            for c in one.causes
        ]
    return lines


def _alone(found: Comparison, cause: Cause) -> tuple[float | None, float | None]:
    """Risk with a cause alone, and its change."""
    return (cause.alone.risk, found.effect(cause)) if cause.alone else (None, None)
