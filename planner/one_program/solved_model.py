"""A Pyomo model, with rules of a script's own in it -> a verified plan."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from planner.errors import StoppedError
from planner.formulation.declarations import Model
from planner.formulation.whole_program import DECISIONS, EQUATIONS
from planner.late import late
from planner.one_program.plans import header, seconds_of
from planner.results.origins import yearly_origins
from planner.results.plan import Plan, Status
from planner.results.summary import figures
from planner.results.tables import TableViews
from planner.sharing.funder_payments import paid_solution
from planner.sharing.shares import payment_weights
from planner.solving.highs import TOLERANCE
from planner.solving.program import Program, Vector
from planner.solving.program_writer import Writer
from planner.verification.verify import verify_amounts

OPTIMAL, INFEASIBLE = "optimal", ("infeasible", "infeasibleOrUnbounded")
"""Ends of a solve, as Pyomo names them."""
OWN_RULES = "it was solved outside the planner, maybe with rules of its own: that it is the best is not certified here"


def plan_of(model: Model) -> Plan:
    """The plan of a model of `build_model`, with constraints of your own or without.

    Parameters
    ----------
    model
        A Pyomo model. If you have solved it, its values are taken; else HiGHS solves it.

    Returns
    -------
    Plan
        Every rule, loss and cost of it is recomputed from the case, as for any plan. Its status is `unproven`: whoever
        solved the model vouches for the optimum. It has no shadow prices and no figures without a plan. If no plan meets
        your constraints, the status is `infeasible` and `plan.summary["reasons"]` names them.

    Raises
    ------
    StoppedError
        The values break a rule of the planner.

    Examples
    --------
    >>> model = planner.build_model(case)
    >>> round(plan_of(model).summary["risk_musd"] - plan.summary["risk_musd"], 3)
    0.0

    """
    started = perf_counter()
    case, scope = model.scope.case, model.scope
    program = Writer(scope).program()
    summary = header(case, len(scope.tree.nodes), program.size)
    if model.risk.value is None:
        end = _solve(model)
        if end != OPTIMAL:
            status = Status.INFEASIBLE if end in INFEASIBLE else Status.UNPROVEN
            summary |= {"status": status.value, "reasons": _why_none(model, end)}
            summary |= {"own_rules": own_rules(model), "seconds": seconds_of(case, 0.0, started)}
            return Plan(case, status, summary, {})
    point = _point(model, program)
    weights, shares = payment_weights(case)
    amounts = paid_solution(scope, program, point, weights)
    checked = verify_amounts(amounts)
    broken = [rule for rule, amount in checked.violations.items() if amount > TOLERANCE]
    if broken or not checked.holds:
        raise StoppedError(f"the values of the model break {', '.join(broken) or 'a total'}")
    origins = yearly_origins(checked.amounts)
    summary |= figures(amounts, checked.totals, origins, None)
    summary |= {"status": Status.UNPROVEN.value, "reasons": [OWN_RULES]}
    summary["own_rules"] = own_rules(model)
    summary["own_rules_on_operation"] = _on_operation(model)
    summary["seconds"] = seconds_of(case, 0.0, started)
    tables = TableViews(amounts, [], origins, shares)
    return Plan(case=case, status=Status.UNPROVEN, summary=summary, tables=tables)


def _solve(model: Model) -> str:
    """Give the variables of a model the values of an optimum, if there is one. Returns how the solver ended."""
    solver = late("pyomo.environ").SolverFactory("appsi_highs")
    end = str(solver.solve(model, load_solutions=False).solver.termination_condition)
    if end == OPTIMAL:
        solver.load_vars()
    return end


def _why_none(model: Model, end: str) -> list[str]:
    """Reasons for a model without an optimum: the own rules that alone stand in the way, or all of them."""
    rules = own_rules(model)
    alone = [rule for rule in rules if len(rules) > 1 and _is_solved_without(model, rule)]
    reasons = [f"no plan meets the planner's rules and these own rules: {', '.join(rules)} ({end})"]
    reasons += [f"a plan exists without {rule}" for rule in alone]
    return [
        *reasons,
        f"loosen or leave out a rule: model.{(alone or rules or ['NAME'])[0]}.deactivate()",
    ]


def _is_solved_without(model: Model, rule: str) -> bool:
    component = model.component(rule)
    component.deactivate()
    solver = late("pyomo.environ").SolverFactory("appsi_highs")
    end = str(solver.solve(model, load_solutions=False).solver.termination_condition)
    component.activate()
    return end == OPTIMAL


def own_rules(model: Model) -> list[str]:
    """Names of the active constraints that are not the planner's."""
    constraints = model.component_objects(late("pyomo.environ").Constraint, active=True)
    planners = {equation.name for equation in EQUATIONS}
    return [rule.name for rule in constraints if rule.name not in planners]


def _on_operation(model: Model) -> list[str]:
    """Own rules on variables other than decisions: they do not hold where operations are optimised again."""
    identify_variables = late("pyomo.core.expr.visitor").identify_variables
    rules = []
    for name in own_rules(model):
        names: set[str] = set()
        for row in model.component(name).values():
            names.update(
                variable.parent_component().name for variable in identify_variables(row.body)
            )
        if names - set(DECISIONS):
            rules.append(name)
    return rules


def _point(model: Model, program: Program) -> Vector:
    """The values of the variables in the order of the columns; 0 of one that no rule and no goal has."""
    values = [model.component(name)[index].value or 0.0 for name, index in program.columns]
    return np.array(values)
