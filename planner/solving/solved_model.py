"""A Pyomo model that a script has solved, with rules of its own in it -> a verified plan."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from planner.errors import StoppedError
from planner.formulation.declarations import Model
from planner.results.origins import yearly_origins
from planner.results.plan import Plan, Status
from planner.results.summary import figures
from planner.results.tables import TableViews
from planner.results.verify import verify_amounts
from planner.solving.highs import TOLERANCE
from planner.solving.paid import paid
from planner.solving.plans import header, seconds_of
from planner.solving.program import Program, Vector
from planner.solving.program_writer import Writer
from planner.solving.shares import payment_weights
from planner.solving.solution_amounts import solution_amounts
from planner.solving.spending import decided_money, money_due
from planner.solving.variable_values import Values

OWN_RULES = "it was solved outside the planner, maybe with rules of its own: that it is the best is not certified here"


def plan_of(model: Model) -> Plan:
    """The plan of a model of `build_model` that was solved, with constraints of your own or without.

    Parameters
    ----------
    model
        A Pyomo model whose variables have values.

    Returns
    -------
    Plan
        Every rule, loss and cost of it is recomputed from the case, as for any plan. Its status is `unproven`: whoever
        solved the model vouches for the optimum. It has no shadow prices and no figures without a plan.

    Raises
    ------
    StoppedError
        The values break a rule of the planner.

    Examples
    --------
    >>> from pyomo.environ import SolverFactory
    >>> model = planner.build_model(case)
    >>> found = SolverFactory("appsi_highs").solve(model)
    >>> round(plan_of(model).summary["risk_musd"] - plan.summary["risk_musd"], 3)
    0.0

    """
    started = perf_counter()
    case, scope = model.scope.case, model.scope
    program = Writer(scope).program()
    point = _point(model, program)
    amounts = solution_amounts(scope, Values(program.columns, point))
    decided = decided_money(case, program, point, len(scope.decision_tree.nodes))
    weights, shares = payment_weights(case)
    amounts = paid(amounts, money_due(amounts, decided), weights)
    checked = verify_amounts(amounts)
    broken = [rule for rule, amount in checked.violations.items() if amount > TOLERANCE]
    if broken or not checked.holds:
        raise StoppedError(f"the values of the model break {', '.join(broken) or 'a total'}")
    origins = yearly_origins(checked.visits)
    summary = header(case, len(scope.tree.nodes), program.size)
    summary |= figures(amounts, checked, origins, None)
    summary |= {"status": Status.UNPROVEN.value, "reasons": [OWN_RULES]}
    summary["seconds"] = seconds_of(case, 0.0, started)
    tables = TableViews(amounts, [], origins, shares)
    return Plan(case=case, status=Status.UNPROVEN, summary=summary, tables=tables)


def _point(model: Model, program: Program) -> Vector:
    """The values of the variables in the order of the columns; 0 of one that no rule and no goal has."""
    values = [model.component(name)[index].value or 0.0 for name, index in program.columns]
    return np.array(values)
