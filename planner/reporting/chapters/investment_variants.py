"""Variants of an investment case side by side: a row a figure, a column a variant."""

from __future__ import annotations

from collections.abc import Mapping

from planner.finance.project_facts import NOMINAL
from planner.reporting.chapters.investment_tables import FIGURES
from planner.reporting.parts import ReportTable, TableRow, figures, text
from planner.reporting.words.numbers import number, percent
from planner.results.business_case import BusinessCase

VARIANTS_TABLE = ReportTable(
    title="Variants side by side", sheet="variants", columns=[text("figure"), text("unit")]
)
"""A row a figure, a column a variant."""


def variants(cases: Mapping[str, BusinessCase]) -> ReportTable:
    """What each variant earns, owes and costs the public as it stands and with support, and what was changed."""
    rows: list[TableRow] = []

    def add(figure: str, unit: str, cells: Mapping[str, str]) -> None:
        rows.append({"figure": figure, "unit": unit, **cells})

    changed = {}
    for name, found in cases.items():
        changed[name] = "; ".join(changes_of(found)) or "nothing"
    add("changed", "", changed)
    for title in ("as it stands", "with support"):
        is_helped = title == "with support"
        for figure in FIGURES:
            cells = {}
            for name, found in cases.items():
                cells[name] = figure.told(found.shown if is_helped else found.judged_on)
            add(f"{figure.label}, {title}", figure.unit, cells)
    public = {
        name: number(found.public_cost if found.package else None) for name, found in cases.items()
    }
    add("public cost as stated", "MUSD", {n: number(f.stated_cost) for n, f in cases.items()})
    add("public cost in all", "MUSD", public)
    add("support", "", {name: support_of(found) for name, found in cases.items()})
    columns = [*VARIANTS_TABLE.columns, *map(figures, cases)]
    return VARIANTS_TABLE.over(
        rows, columns=columns, note="Volumes: those that support is sized on."
    )


def changes_of(found: BusinessCase) -> list[str]:
    """Each term that was changed, in words, with its value and what it is nominal where it is a real rate."""
    told = []
    inflation = found.terms["inflation"].value
    for name in found.changes:
        plain = name.removesuffix(NOMINAL)
        term = next(one for key, one in found.terms.items() if key.rpartition(":")[2] == plain)
        value = number(term.value)
        if term.unit.startswith(("share", "a year")):
            value = percent(term.value)
        words = f"{term.meaning} {value} {term.unit.removeprefix('share').strip()}".strip()
        if term.unit == "a year, real":
            words += f" ({percent((1 + term.value) * (1 + inflation) - 1)} nominal)"
        told.append(words)
    return told


def support_of(found: BusinessCase) -> str:
    """The support of least public cost, in words."""
    if found.package is None:
        return "none is enough"
    told = []
    for lever, amount in found.package.amounts.items():
        term = found.terms[lever]
        is_share = term.unit.startswith("share")
        told.append(
            f"{term.meaning}: {percent(amount) if is_share else f'{number(amount)} {term.unit}'}"
        )
    return "; ".join(told) or "none needed"
