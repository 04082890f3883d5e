"""Declarations of variables and equations, and the kinds of nodes.

An equation is declared by `@equation` on its rule, a variable in `VARIABLES` of its file. The program, the page
models/formulation.md, messages and warm updates read these declarations.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from planner.data.scenario_tree import Tree
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum

Model = Any
"""The program in a rule: variables as attributes, and `scope`. A Pyomo ConcreteModel, or an object of
`planner.solving.program_writer` with linear expressions."""
Expression = Any
IndexSet = Callable[[Scope], Sequence[Any]]
ExpressionRule = Callable[..., Expression]
LETTERS = {
    "p": "project",
    "f": "feed",
    "c": "country",
    "e": "element",
    "o": "form",
    "k": "skill",
    "g": "programme",
    "i": "funder",
    "v": "supplier",
    "s": "storyline",
    "group": "group",
    "target": "target",
    "origin": "origin",
}
"""Letter of an index -> its meaning, a column name; without the step `j` of a loss."""
NODE_LETTERS: dict[str, Callable[[Scope], Tree]] = {
    "n": lambda scope: scope.tree,
    "d": lambda scope: scope.decision_tree,
    "a": lambda scope: scope.account_tree,
    "w": lambda scope: scope.staffing_tree,
}
"""The tree that a node of an index belongs to."""


class Cell(NamedTuple):
    """A column of a table, or a key of the model file (table `model`). kind: of shocks."""

    table: str
    column: str
    kind: str = ""


def cell(text: str) -> Cell:
    """Parse `projects.existing_tpa`, `model.policy.secondment_share` or `shocks.factor:import`."""
    table, _, column = text.partition(".")
    column, _, kind = column.partition(":")
    return Cell(table, column, kind)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable: at least 0 unless free, at most `limit`.

    symbol, limit: LaTeX without index. letters: of its index, as in `LETTERS`. most: (scope, index) -> upper bound or None.
    reads: figures of that bound. decided: before a scenario shows itself, under the policy `committed`.
    """

    name: str
    symbol: str
    letters: tuple[str, ...]
    index: IndexSet | None
    unit: str
    meaning: str
    most: Callable[[Scope, Any], float | None] | None = None
    limit: str = ""
    reads: tuple[str, ...] = ()
    free: bool = False
    decided: bool = False


@dataclass(frozen=True)
class Equation:
    """A constraint with its rule (model, *index).

    latex: the formula before exact reductions. each: where it holds. reads: its figures, the most telling first; lead
    times, years and names are in the index. links_histories: it sums over histories, or defines a sum of decisions.
    seldom_binds: few rows bind in an optimum, so the solver starts without them (measured).
    """

    rule: ExpressionRule
    index: IndexSet | None
    latex: str
    each: str
    reads: tuple[str, ...]
    links_histories: bool
    seldom_binds: bool

    @property
    def name(self) -> str:
        """Name in the program, in messages and in tables."""
        return self.rule.__name__

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """Letters of its index."""
        return tuple(inspect.signature(self.rule).parameters)[1:]

    @cached_property
    def meaning(self) -> str:
        """First line of the rule's docstring."""
        first = (inspect.getdoc(self.rule) or "").partition("\n")[0].rstrip(".")
        return first[:1].lower() + first[1:]


def equation(
    index: IndexSet | None,
    latex: str,
    each: str = "",
    reads: tuple[str, ...] = (),
    links_histories: bool = False,
    *,
    seldom_binds: bool = False,
) -> Callable[[ExpressionRule], Equation]:
    """Declare the rule below as an equation; see `Equation`."""
    return lambda rule: Equation(rule, index, latex, each, reads, links_histories, seldom_binds)


def or_zero(variable: Any, index: Any) -> Expression:
    """The variable at an index; 0 where the program has none."""
    return variable[index] if index in variable else 0.0  # noqa: SIM401 - Pyomo variables have no get


def total_at(variable: Any, first: str, nodes: Iterable[int]) -> Expression:
    """Sum of a variable with index (first, node) over nodes."""
    return quicksum(variable[first, node] for node in nodes if (first, node) in variable)
