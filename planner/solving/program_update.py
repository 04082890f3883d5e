"""What differs between two cases, which equations and bounds of the program read it, and what of it stays the same.

A difference that is not listed in `READS`, that lets something be that was zero when the program was written, or that
gives or leaves out a key of the model file that an equation reads alters the structure of the program: it must be
written again. What a case leaves out of what a program can do is held at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.config import LEVERS, Lever
from planner.data.case import Case
from planner.data.change import MODEL
from planner.data.difference import Difference, differences
from planner.data.scenario_tree import Tree
from planner.data.schema import Project
from planner.formulation.declarations import NODE_LETTERS, cell
from planner.formulation.index_sets import Scope
from planner.formulation.variable_trees import Histories
from planner.formulation.whole_program import DECLARED
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
ZERO_IS_NO_MATTER: frozenset[InputColumn] = frozenset(
    column for column in READS if column[0] == "model"
) - {("model", "policy.secondment_share")}

SWITCHED: dict[Lever, str] = {"hiring": "hired", "training": "new_seats", "stockpile": "bought"}
"""Levers that are switched off by holding one variable at zero; those of plants hold builds."""
MAY_VANISH: frozenset[InputColumn] = frozenset(
    {
        ("budgets", "musd"),
        ("projects", "existing_tpa"),
        ("training", "max_new_seats"),
        ("workforce", "hires_per_year"),
        ("workforce", "initial"),
        ("model", "policy.secondment_share"),
    }
)
"""Figures that, once zero, put at zero what they allow: a program that was written with more has the same optimum."""


@dataclass(frozen=True)
class Changes:
    """Columns that differ, and what alters structure ('' if nothing does)."""

    columns: frozenset[InputColumn]
    structural: str = ""

    @property
    def affected(self) -> frozenset[str]:
        """Equations and variables whose data differ."""
        return frozenset(name for column in self.columns for name in READS[column])


def changes(written: Case, old: Case, new: Case) -> Changes:
    """Find the differences between two cases in a program that was written for a third, whatever the order of rows.

    `structural` of the result says why the program has to be written anew for `new`, or is empty.
    """
    for found in differences(written, new):
        column = _column(found)
        if column not in READS:
            return Changes(frozenset(), f"{_shown(found)} alters the structure of the program")
        if READS[column] and None in (found.before, found.after):
            told = f"{_shown(found)} is given in only one of two cases"
            return Changes(frozenset(), f"{told}, which adds or removes equations")
        matters = column not in ZERO_IS_NO_MATTER
        vanishes = column in MAY_VANISH and bool(found.before)
        if matters and not vanishes and bool(found.before) != bool(found.after):
            what = f"{_shown(found)} goes from {found.before} to {found.after}"
            return Changes(frozenset(), f"{what}, which adds or removes a possibility")
    return Changes(frozenset(map(_column, differences(old, new))))


def _column(found: Difference) -> InputColumn:
    return found.table, "delay" if _is_delay(found) else found.column


def _is_delay(found: Difference) -> bool:
    return found.table == "shocks" and found.column == "factor" and found.key[1] == "delay"


def _shown(found: Difference) -> str:
    if found.table == MODEL:
        return found.column
    row = ", ".join(filter(None, found.key))
    if found.column:
        return f"{found.table}.{found.column} ({row})"
    return f"{found.table}: a row ({row})"


def with_switches(case: Case, written: Case) -> Case:
    """The case with what `written` has and what can be held at zero: levers, earlier commitments, new capacity,
    budgets that carry over."""
    there = set(case.model.levers) | set(written.model.levers)
    levers = written.model.levers
    if there != set(levers):
        levers = tuple(lever for lever in LEVERS if lever in there)
    carries = case.model.policy.budget_carry_over or written.model.policy.budget_carry_over
    policy = case.model.policy.model_copy(update={"budget_carry_over": carries})
    model = case.model.model_copy(update={"levers": levers, "policy": policy})
    projects = []
    for row in case.tables.projects:
        projects.append(_as_wide(row, written.projects.get(row.project), case.first_year))
    if tuple(projects) == case.tables.projects:
        return case if model == case.model else replace(case, model=model)
    tables = replace(case.tables, projects=tuple(projects))
    return replace(case, model=model, tables=tables)


def _as_wide(row: Project, written: Project | None, first: int) -> Project:
    """The row with new capacity and an earliest year of another one, if it has none itself and is no earlier."""
    if written is None:
        return row
    update: dict[str, Any] = {}
    if (row.earliest_year or first) >= max(written.earliest_year or first, first):
        update["earliest_year"] = written.earliest_year
    if row.max_new_tpa == 0:
        update["max_new_tpa"] = written.max_new_tpa
    return row.model_copy(update=update)


def switched_off(case: Case, scope: Scope, program: Program) -> Columns:
    """Columns of the program of a wider case that are held at zero under this one."""
    own, carries = Histories(case), case.model.policy.budget_carry_over
    accounts, decisions = scope.account_tree.nodes, scope.decision_tree.nodes
    without = {name for lever, name in SWITCHED.items() if not case.lookups.has_lever(lever)}
    years = {project: own.commitments(project) for project in scope.expandable}
    off: list[int] = []
    for column, (name, index) in enumerate(program.columns):
        if name == "build":
            project, decision = index
            is_off = decisions[decision].year not in years[project]
        elif name == "carried":
            is_off = not carries and accounts[index[1]].closes_year
        else:
            is_off = name in without
        if is_off:
            off.append(column)
    return np.array(off, dtype=np.int32)


def origins(old: Scope, before: Program, new: Scope, after: Program) -> tuple[Origins, Origins]:
    """Positions, in the program before, of each column and of each row of the one after, by name and index; -1 if new.

    Nodes are the same if they are of one period and a scenario passes through both.
    """
    same: dict[str, dict[int, int]] = {}
    for letter, tree in NODE_LETTERS.items():
        same[letter] = _same_nodes(tree(old), tree(new))
    places: dict[str, list[tuple[int, dict[int, int]]]] = {}
    for declared in DECLARED:
        of_index = enumerate(declared.letters)
        places[declared.name] = [(i, same[letter]) for i, letter in of_index if letter in same]

    def found(keys: Sequence[Key], known: dict[Key, int]) -> Origins:
        origin = [known.get(_translated(key, places[key[0]]), -1) for key in keys]
        return np.array(origin, dtype=np.int64)

    return found(after.columns, before.column), found(after.rows, before.row)


def _same_nodes(old: Tree, new: Tree) -> dict[int, int]:
    """Node of the new tree -> node of the old one."""
    known: dict[tuple[object, str], int] = {}
    for node in old.nodes:
        for scenario in node.scenarios:
            known[node.period, scenario] = node.index
    same: dict[int, int] = {}
    for node in new.nodes:
        found = [known.get((node.period, scenario), -1) for scenario in node.scenarios]
        same[node.index] = max(found, default=-1)
    return same


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
