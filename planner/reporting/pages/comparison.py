"""Two runs compared, as a page, as lines of the screen and as tables."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from planner.data.case import Case
from planner.data.cells import armour
from planner.reporting.formats.markup import report_page
from planner.reporting.values.page_parts import CHANGE, Column, Part, ReportTable, Section, Statement, Text, texts
from planner.reporting.values.wording import NOTHING, Names, count, listed, number, signed
from planner.results.explanation import Comparison

KIND = "Comparison of runs"
TOLD = 3


def comparison_page(found: Sequence[Comparison], case: Case) -> str:
    """The whole page as text; the first run is compared with each of the others."""
    names = Names(case)
    first = found[0].before
    return report_page(
        KIND,
        f"{first} against {listed([one.after for one in found])}",
        "What differs in the inputs, what in the plan and its risk, and which input explains which change?",
        [Statement(one.after, sentence) for one in found for sentence in comparison_sentences(one, names)],
        [section for at, one in enumerate(found) for section in _sections(one, names, at)],
        note="Each cause is the first run solved again with that one group of inputs as in the other. Where several "
        "plans are equally good, a plan change may be one of many that serve as well.",
    )


def comparison_sentences(found: Comparison, names: Names) -> list[str]:
    """What changed and why, in one or two sentences."""
    change = found.second.risk - found.first.risk
    text = (
        f"Risk {number(found.first.risk)} → {number(found.second.risk)} MUSD, cost {number(found.first.cost)} → "
        f"{number(found.second.cost)} MUSD; {count(len(found.cells), 'input')} in {count(len(found.causes), 'group')} "
        "differ."
    )
    if not found.causes:
        return [text + " The inputs are the same."]
    told = sorted((c for c in found.causes if c.alone), key=lambda c: -abs(found.effect(c)))[:TOLD]
    parts = [f"{c.group} {signed(found.effect(c))} MUSD" for c in told]
    alone = f"Of the change of {signed(change)} MUSD, alone: {listed(parts) or 'none'}"
    return [text, f"{alone}; interplay {signed(found.interplay)} MUSD."]


def _sections(found: Comparison, names: Names, at: int) -> list[Section]:
    return [
        Section(
            f"causes-{at}",
            f"{found.after}: which input explains which change",
            "One at a time, each solved.",
            [_causes(found), *_movers(found, names)],
        ),
        Section(f"plan-{at}", f"{found.after}: the plan", "", [_plans(found, names)]),
        Section(f"inputs-{at}", f"{found.after}: inputs that differ", "", [_cells(found)]),
    ]


def _causes(found: Comparison) -> Part:
    if not found.causes:
        return Text(["The inputs are the same."])
    first, second = found.first, found.second
    rows: list[list[object]] = []
    for c in found.causes:
        risk, cost = (c.alone.risk, c.alone.cost) if c.alone else (None, None)
        moved = found.effect(c) if c.alone else None
        rows.append([c.group, str(c.cells), risk, moved, cost, None if cost is None else cost - first.cost, c.why])
    rows.append(["Interplay of the groups", "", None, found.interplay, None, None, ""])
    rows.append(["All of it", "", second.risk, second.risk - first.risk, second.cost, second.cost - first.cost, ""])
    change = Column("change", "MUSD", form=CHANGE)
    money = [Column("risk", "MUSD"), change, Column("cost", "MUSD"), change]
    columns = [*texts("inputs as in the other run"), Column("cells"), *money, *texts("why not alone")]
    return ReportTable("Causes", columns, rows, marks=[*("" for _ in rows[:-1]), "total"])


def _movers(found: Comparison, names: Names) -> list[Part]:
    rows = []
    for cause in found.causes:
        if cause.alone:
            for project in sorted({*found.first.capacity, *cause.alone.capacity}):
                old, new = found.first.capacity.get(project, 0.0), cause.alone.capacity.get(project, 0.0)
                if abs(new - old) > 0.5:
                    rows.append([cause.group, names.placed(project), number(old), number(new), signed(new - old)])
    if not rows:
        return []
    return [
        ReportTable(
            "Which cause moves which project",
            [
                *texts("inputs", "project"),
                Column("first run", "t/y"),
                Column("with it", "t/y"),
                Column("change", "t/y"),
            ],
            rows,
        )
    ]


def _plans(found: Comparison, names: Names) -> Part:
    rows = [
        [names.placed(p), number(old), number(new), signed(new - old)]
        for p in sorted({*found.first.capacity, *found.second.capacity})
        if abs((new := found.second.capacity.get(p, 0.0)) - (old := found.first.capacity.get(p, 0.0))) > 0.5
    ]
    if not rows:
        return Text(["Both build the same."])
    return ReportTable(
        "New capacity that differs",
        [*texts("project"), Column(found.before, "t/y"), Column(found.after, "t/y"), Column("change", "t/y")],
        rows,
    )


def _cells(found: Comparison) -> Part:
    if not found.cells:
        return Text(["None."])
    rows = [[c.group, c.where, c.column, c.before or NOTHING, c.after or NOTHING] for c in found.cells]
    return ReportTable(
        "Inputs", texts("group", "row", "column", found.before, found.after), rows, folded=len(rows) > 40
    )


def comparison_lines(found: Sequence[Comparison], case: Case) -> list[str]:
    """The screen."""
    names = Names(case)
    lines = []
    for one in found:
        lines += [f"{one.before} against {one.after}", *(f"  {s}" for s in comparison_sentences(one, names))]
        lines += [
            f"  {c.group:<34} risk {signed(one.effect(c)):>9}  cost {signed(c.alone.cost - one.first.cost):>9}"
            if c.alone
            else f"  {c.group:<34} {c.why}"
            for c in one.causes
        ]
    return lines


def write_tables(found: Sequence[Comparison], folder: Path) -> None:
    """inputs.csv, plan.csv and causes.csv of a comparison."""
    _write(
        folder / "inputs.csv",
        ("first", "other", "group", "row", "column", "before", "after"),
        [(f.before, f.after, c.group, c.where, c.column, c.before, c.after) for f in found for c in f.cells],
    )
    _write(
        folder / "plan.csv",
        ("first", "other", "project", "before_tpa", "after_tpa"),
        [
            (f.before, f.after, p, f.first.capacity.get(p, 0.0), f.second.capacity.get(p, 0.0))
            for f in found
            for p in sorted({*f.first.capacity, *f.second.capacity})
        ],
    )
    _write(
        folder / "causes.csv",
        ("first", "other", "group", "cells", "risk_musd", "risk_change_musd", "cost_musd", "why"),
        [
            (
                f.before,
                f.after,
                c.group,
                c.cells,
                c.alone.risk if c.alone else "",
                f.effect(c) if c.alone else "",
                c.alone.cost if c.alone else "",
                c.why,
            )
            for f in found
            for c in f.causes
        ],
    )


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([armour(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
