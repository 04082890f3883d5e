"""What the program is declared with: the kinds of nodes, and a variable or an equation with all that is said of it.

An equation is declared once, beside its rule, by `@equation`; a variable once, in `VARIABLES` of the file in which its
index stands. The program, the page, the messages and what a change of a figure touches are all read off these.
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
"""The program as a rule takes it: its attributes are the variables, and `scope` the Scope of its index sets. A Pyomo
ConcreteModel in `build`; in `planner.solving.program_writer` an object that gives linear expressions."""
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
"""Letter of an index -> its meaning, as columns of tables are called; the step `j` of a loss is left out of
messages."""
NODE_LETTERS: dict[str, Callable[[Scope], Tree]] = {
    "n": lambda scope: scope.tree,
    "d": lambda scope: scope.decision_tree,
    "a": lambda scope: scope.account_tree,
    "w": lambda scope: scope.staffing_tree,
}
"""The tree that a node of an index belongs to."""


class Cell(NamedTuple):
    """A column of a table, or a key of the model file (table `model`); of `shocks`, one kind of shock."""

    table: str
    column: str
    kind: str = ""


def cell(text: str) -> Cell:
    """`projects.existing_tpa`, `model.policy.secondment_share` or `shocks.factor:import`."""
    table, _, column = text.partition(".")
    column, _, kind = column.partition(":")
    return Cell(table, column, kind)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable. It is at least 0, at most `limit` if it has one, or free.

    symbol, limit: in LaTeX, without index. letters: its index, as in `LETTERS`.
    most: (scope, index) -> its upper bound, None: no limit. reads: figures of that. decided: before a scenario shows
    itself, under the policy `committed`.
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
    """One constraint: its rule (model, *index), which has its name, and all that is said of it.

    latex: the formula, before exact reductions. each: where it holds, in the words of the page. reads: the figures in
    it, those that tell most first; what a lead time, a year or a name decides is in the index and not listed.
    links_histories: it sums over histories, or only says what decisions come to, so it is of no branch of the tree.
    seldom_binds: few of its rows hold with equality in an optimum, so that the solver does without the others (measured).
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
        """The name in the program, in messages and in tables."""
        return self.rule.__name__

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """Its index, by the letters that the rule takes."""
        return tuple(inspect.signature(self.rule).parameters)[1:]

    @cached_property
    def meaning(self) -> str:
        """Its meaning in words: the first line of the rule's docstring."""
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
    """The variable at `index`, or 0 where the program has none."""
    return variable[index] if index in variable else 0.0  # noqa: SIM401 - Pyomo variables have no get


def total_at(variable: Any, first: str, nodes: Iterable[int]) -> Expression:
    """The sum of a variable with index (first, node) over nodes; where the program has none it counts nothing."""
    return quicksum(variable[first, node] for node in nodes if (first, node) in variable)
