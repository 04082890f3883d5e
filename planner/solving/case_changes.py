"""What differs between two cases, and which equations and bounds of the program read it.

A difference that is not listed in `READS`, or that lets something be zero that was not (or the other way
round), alters the structure of the program: it must be built again.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.data.case import Case
from planner.data.difference import MODEL, Difference, differences
from planner.formulation.build import DECLARED
from planner.formulation.model import cell

InputColumn = tuple[str, str]
"""(table, column), or ("model", dotted key)."""

_WITHOUT_EFFECT = (
    *("objective.goal", "objective.risk_limit", "objective.risk_slack", "objective.gap"),
    "policy.cost_sharing",
)
"""Keys that no equation and no bound reads: how often and for what the program is solved, and who pays."""


def _reads() -> dict[InputColumn, tuple[str, ...]]:
    found: dict[InputColumn, tuple[str, ...]] = {("model", key): () for key in _WITHOUT_EFFECT}
    for declared in DECLARED:
        for table, column in dict.fromkeys(cell(text)[:2] for text in declared.reads):
            if column == "up_to_share":
                continue  # it identifies its row: with another figure it is another row
            found[table, column] = (*found.get((table, column), ()), declared.name)
    return found


READS = _reads()
"""Equations, and variables for their bounds, by the figure they read."""
ZERO_IS_NO_MATTER: frozenset[InputColumn] = frozenset(column for column in READS if column[0] == "model") - {
    ("model", "policy.secondment_share")
}


@dataclass(frozen=True)
class Changes:
    """Columns that differ, and what alters structure ('' if nothing does)."""

    columns: frozenset[InputColumn]
    structural: str = ""

    @property
    def affected(self) -> frozenset[str]:
        """Equations and variables whose data differ."""
        return frozenset(name for column in self.columns for name in READS[column])


def changes(old: Case, new: Case) -> Changes:
    """Compare two cases, whatever the order of their rows."""
    columns: set[InputColumn] = set()
    for found in differences(old, new):
        column = (found.table, "delay" if _is_delay(found) else found.column)
        if column not in READS:
            return Changes(frozenset(), f"{_shown(found)} alters the structure of the program")
        if column not in ZERO_IS_NO_MATTER and bool(found.before) != bool(found.after):
            said = f"{_shown(found)} goes from {found.before} to {found.after}, which adds or removes a possibility"
            return Changes(frozenset(), said)
        columns.add(column)
    return Changes(frozenset(columns))


def _is_delay(found: Difference) -> bool:
    return found.table == "shocks" and found.column == "factor" and found.key[1] == "delay"


def _shown(found: Difference) -> str:
    if found.table == MODEL:
        return found.column
    row = ", ".join(filter(None, found.key))
    return f"{found.table}.{found.column} ({row})" if found.column else f"{found.table}: a row ({row})"
