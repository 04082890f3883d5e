"""The program as a Pyomo model: to read, to export, to solve with any solver.

`planner.solving.program_writer` gives the same rows as arrays from the same rules, in half the time.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import (
    ConcreteModel,
    Constraint,
    NonNegativeReals,
    Objective,
    Reals,
    Var,
    minimize,
)

from planner.data.case import Case
from planner.formulation import objective
from planner.formulation.declarations import Equation, Model, Variable
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import EQUATIONS, VARIABLES
from planner.host import collector_paused


@collector_paused()
def build_model(case: Case, scope: Scope | None = None) -> Model:
    """Return the program of a case as a Pyomo ConcreteModel, its first objective active.

    Parameters
    ----------
    case
        A case.
    scope
        Its index sets, if they are computed already.

    Returns
    -------
    Model
        Variables, constraints and objectives as in models/formulation.md. `.write("case.lp")` exports it;
        `planner.plan_of` makes a plan of the solved model.

    Examples
    --------
    >>> build_model(case).name
    'allied heavy rare earths'
    """
    m = ConcreteModel(name="allied heavy rare earths")
    m.scope = Scope(case) if scope is None else scope
    for variable in VARIABLES:
        m.add_component(variable.name, _var(m.scope, variable))
    for equation in EQUATIONS:
        m.add_component(equation.name, _constraint(m.scope, equation))
    m.goal = Objective(rule=objective.goal, sense=minimize)
    return m


def _var(scope: Scope, variable: Variable) -> Any:
    domain = Reals if variable.free else NonNegativeReals
    if variable.index is None:
        return Var(domain=domain)
    most = variable.most
    bounds = None if most is None else lambda _, *at: (0.0, most(scope, at))
    return Var(variable.index(scope), domain=domain, bounds=bounds)


def _constraint(scope: Scope, equation: Equation) -> Any:
    """Skip indices at which a rule gives no row."""
    if equation.index is None:
        return Constraint(rule=equation.rule)

    def rule(m: Model, *index: Any) -> Any:
        expression = equation.rule(m, *index)
        return Constraint.Skip if expression is None or expression is True else expression

    return Constraint(equation.index(scope), rule=rule)
