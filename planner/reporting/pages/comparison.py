"""Two runs compared, as a page and as lines of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from planner.data.case import Case
from planner.reporting.formats.documents import report_page
from planner.reporting.values.page_parts import Part, Section, Statement, declared, shown
from planner.reporting.values.wording import NOTHING, Names, listed, number, signed, worded_lines
from planner.results.explanation import Cause, Comparison, Figures

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
    cells = [[c.group, c.where, c.column, c.before or NOTHING, c.after or NOTHING] for c in found.cells]
    runs, built = {"before": found.before, "after": found.after}, _resized(found.first, found.second, names)
    named: dict[str, tuple[str, str, list[Part]]] = {
        "causes": ("which input explains which change", "One at a time, each solved.", _causes(found, names)),
        "plan": ("the plan", "", [shown("built", built, **runs)]),
        "inputs": ("inputs that differ", "", [shown("cells", cells, folded=len(cells) > MANY, **runs)]),
    }
    return [
        Section(f"{anchor}-{at}", f"{found.after}: {title}", lead, parts)
        for anchor, (title, lead, parts) in named.items()
    ]


def _causes(found: Comparison, names: Names) -> list[Part]:
    first, second, rows = found.first, found.second, list[list[object]]()
    for c in found.causes:
        (risk, moved), cost = _alone(found, c), c.alone.cost if c.alone else None
        rows.append([c.group, str(c.cells), risk, moved, cost, None if cost is None else cost - first.cost, c.why])
    if rows:
        rows.append(["Interplay of the groups", "", None, found.interplay, None, None, ""])
        rows.append(["All of it", "", second.risk, second.risk - first.risk, second.cost, second.cost - first.cost, ""])
    movers = [[c.group, *row] for c in found.causes if c.alone for row in _resized(first, c.alone, names)]
    causes = shown("causes", rows, marks=[*("" for _ in rows[:-1]), "total"])
    return [causes, declared("movers", movers)] if movers else [causes]


def _resized(first: Figures, second: Figures, names: Names) -> list[list[str]]:
    """Plants whose new capacity (t/y) differs by half a tonne or more: name, before, after, change."""
    pairs = ((p, first.capacity.get(p, 0.0), second.capacity.get(p, 0.0)) for p in _either(first, second))
    return [
        [names.placed(p), number(old), number(new), signed(new - old)] for p, old, new in pairs if abs(new - old) > 0.5
    ]


def _either(first: Figures, second: Figures) -> list[str]:
    return sorted({*first.capacity, *second.capacity})


def comparison_lines(found: Sequence[Comparison]) -> list[str]:
    """The screen."""
    lines = []
    for one in found:
        lines += [f"{one.before} against {one.after}", *(f"  {s}" for s in comparison_sentences(one))]
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
