"""What differs between two cases, which equations and bounds of the program read it, and what of it stays the same.

A difference that is not listed in `READS`, or that lets something be zero that was not (or the other way
round), alters the structure of the program: it must be built again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.config.model_file import LEVERS, Lever
from planner.data.case import Case
from planner.data.difference import MODEL, Difference, differences
from planner.data.tree import Tree
from planner.formulation.build import DECLARED
from planner.formulation.index_sets import Scope
from planner.formulation.model import cell
from planner.formulation.symbols import NODE_LETTERS
from planner.solving.highs import Columns, Origins
from planner.solving.program import Key, Program

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

SWITCHED: dict[Lever, str] = {"hiring": "hired", "training": "new_seats"}
"""Levers that are switched off by holding a variable at zero, which nothing else of the program hangs on."""


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


def with_switches(case: Case, built: Case) -> Case:
    """The case with what `built` has and what can be held at zero: levers of people, and budgets that carry over."""
    levers = tuple(x for x in LEVERS if case.has_lever(x) or (x in SWITCHED and built.has_lever(x)))
    if set(levers) == set(built.model.levers):
        levers = built.model.levers
    carries = case.model.policy.budget_carry_over or built.model.policy.budget_carry_over
    policy = case.model.policy.model_copy(update={"budget_carry_over": carries})
    return replace(case, model=case.model.model_copy(update={"levers": levers, "policy": policy}))


def switched_off(case: Case, scope: Scope, program: Program) -> Columns:
    """Columns of the program of a wider case that are held at zero under this one."""
    off = {name for lever, name in SWITCHED.items() if not case.has_lever(lever)}
    ends = {n.index for n in scope.account_tree.nodes if n.closes_year} - (
        {n.index for n in scope.account_tree.nodes} if case.model.policy.budget_carry_over else set()
    )
    held = [
        j
        for j, (name, index) in enumerate(program.columns)
        if name in off or (ends and name == "carried" and index[1] in ends)
    ]
    return np.array(held, dtype=np.int32)


def origins(old: Scope, before: Program, new: Scope, after: Program) -> tuple[Origins, Origins]:
    """Which column and which row of a program each of another one is, by name and index; -1 for what is new.

    Nodes are the same if they are of one period and a scenario passes through both.
    """
    nodes = {letter: _same_nodes(tree(old), tree(new)) for letter, tree in NODE_LETTERS.items()}
    at = {d.name: [(i, nodes[x]) for i, x in enumerate(d.letters) if x in nodes] for d in DECLARED}

    def found(keys: Sequence[Key], known: dict[Key, int]) -> Origins:
        return np.array([known.get(_translated(key, at[key[0]]), -1) for key in keys], dtype=np.int64)

    return found(after.columns, before.column), found(after.rows, before.row)


def _same_nodes(old: Tree, new: Tree) -> dict[int, int]:
    """Node of the new tree -> node of the old one."""
    known = {(node.period, scenario): node.index for node in old.nodes for scenario in node.scenarios}
    return {
        node.index: max((known.get((node.period, scenario), -1) for scenario in node.scenarios), default=-1)
        for node in new.nodes
    }


def _translated(key: Key, at: list[tuple[int, dict[int, int]]]) -> Key:
    name, index = key
    if not at:
        return key
    if not isinstance(index, tuple):
        return name, at[0][1].get(index, -1)
    parts = list(index)
    for i, nodes in at:
        parts[i] = nodes.get(parts[i], -1)
    return name, tuple(parts)
