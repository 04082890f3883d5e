"""The whole program: every variable and every equation in order, and how they become a Pyomo model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from pyomo.core import ConcreteModel, Constraint, NonNegativeReals, Objective, Reals, Var, minimize

from planner.data.case import Case
from planner.formulation import capacity, goods, money, objective, workforce
from planner.formulation.index_sets import Scope
from planner.formulation.linear import Columns, Relation, Term
from planner.formulation.model import Equation, Model, Variable
from planner.host import collector_paused

_ROOMS = (capacity, goods, workforce, money, objective)
VARIABLES: tuple[Variable, ...] = tuple(variable for room in _ROOMS for variable in room.VARIABLES)
EQUATIONS: tuple[Equation, ...] = tuple(equation for room in _ROOMS for equation in room.EQUATIONS)
DECLARED: tuple[Variable | Equation, ...] = (*VARIABLES, *EQUATIONS)
DECISIONS = tuple(variable.name for variable in VARIABLES if variable.decided)
"""Variables that are decided before a scenario shows itself under the policy `committed`."""


@collector_paused()
def build_model(case: Case, scope: Scope | None = None) -> Model:
    """The whole program for a case, ready to compile. scope: its index sets, if they are there already."""
    m = ConcreteModel(name="allied heavy rare earths")
    m.scope = Scope(case) if scope is None else scope
    for variable in VARIABLES:
        m.add_component(variable.name, _var(m.scope, variable))
    for equation in EQUATIONS:
        m.add_component(equation.name, constraint_of(m.scope, equation))
    m.goal = Objective(rule=objective.goal, sense=minimize)
    return m


def _var(scope: Scope, variable: Variable) -> Any:
    domain = Reals if variable.free else NonNegativeReals
    if variable.index is None:
        return Var(domain=domain)
    return Var(variable.index(scope), domain=domain, bounds=variable.bounds)


def constraint_of(scope: Scope, equation: Equation) -> Any:
    """The Pyomo constraint of an equation; indices at which its rule says nothing are skipped."""
    if equation.index is None:
        return Constraint(rule=equation.rule)

    def rule(m: Model, *index: Any) -> Any:
        expression = equation.rule(m, *index)
        return Constraint.Skip if expression is None or expression is True else expression

    return Constraint(equation.index(scope), rule=rule)


Indices = Mapping[str, Sequence[Any]]
"""Of each variable and equation that has one, by name."""
Written = tuple[str, Any, Relation]
"""Equation, index (None: it has none), and the row."""


def indices_of(scope: Scope) -> Indices:
    """Where the variables and equations of a scope stand."""
    return {one.name: one.index(scope) for one in DECLARED if one.index is not None}


def linear_model(scope: Scope, indices: Indices) -> tuple[Model, list[tuple[str, Any]]]:
    """What rules take for a model to give linear expressions; and of each column its variable and index."""
    m, columns = SimpleNamespace(scope=scope), list[tuple[str, Any]]()
    for variable in VARIABLES:
        first, index = len(columns), indices.get(variable.name, (None,))
        columns += [(variable.name, one) for one in index]
        at = {one: first + i for i, one in enumerate(index)}
        setattr(m, variable.name, Term(first) if variable.index is None else Columns(at))
    return m, columns


def linear_rows(
    m: Model, equations: Iterable[Equation], indices: Indices, stop: Callable[[], None]
) -> Iterator[Written]:
    """The rows of some equations of a linear model. stop: called before each row; what it raises ends the writing."""
    for equation in equations:
        for index in indices.get(equation.name, (None,)):
            stop()
            places = () if index is None else index if isinstance(index, tuple) else (index,)
            row = equation.rule(m, *places)
            if isinstance(row, Relation):
                yield equation.name, index, row
