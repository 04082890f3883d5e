"""The program as a table: every variable and every constraint, with its index set, unit and meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyomo.common.gc_manager import PauseGC
from pyomo.environ import ConcreteModel, Constraint, NonNegativeReals, Objective, Reals, Var, minimize

from planner.data.case import Case
from planner.formulation import capacity, goods, money, objective, workforce
from planner.formulation.model import Model
from planner.formulation.scope import Scope

Index = Callable[[Scope], list[Any]]


@dataclass(frozen=True)
class Variable:
    """One variable: symbol for people, index, unit, meaning; bounds other than >= 0."""

    name: str
    symbol: str
    index: Index | None
    unit: str
    meaning: str
    bounds: Callable[..., Any] | None = None
    free: bool = False


@dataclass(frozen=True)
class Equation:
    """One constraint: index, rule (its docstring is the mathematics) and meaning."""

    name: str
    index: Index | None
    rule: Callable[..., Any]
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable("build", "b[p,d]", capacity.build_index, "t/y", "new nameplate committed"),
    Variable("capacity", "K[p,n]", capacity.usable_capacity_index, "t/y", "capacity usable, before capacity shocks"),
    Variable("mined", "m[p,n]", lambda s: s.mined, "t/y TREO", "throughput of a mine"),
    Variable("separated", "s[p,f,n]", lambda s: s.separated, "t/y TREO", "feed taken by a separation plant"),
    Variable("reduced", "r[p,e,n]", lambda s: s.reduced, "t/y oxide", "oxide turned into metal"),
    Variable(
        "imported",
        "i[c,e,o,n]",
        lambda s: list(s.import_limits),
        "t/y",
        "imports of all suppliers",
        bounds=goods.imported_bounds,
    ),
    Variable(
        "delivered",
        "x[c,e,o,n]",
        lambda s: s.delivered,
        "t/y",
        "had from the group's plants, own ones included",
    ),
    Variable(
        "shortfall",
        "u[c,e,o,n,j]",
        goods.shortfall_index,
        "t/y",
        "demand not met, by step of the loss",
        bounds=goods.shortfall_bounds,
    ),
    Variable("stock", "S[c,e,o,n]", goods.stock_index, "t", "stock at the end of the year", bounds=goods.stock_bounds),
    Variable("bought", "q[c,e,o,n]", goods.bought_index, "t/y", "put into stock"),
    Variable("released", "w[c,e,o,n]", goods.stock_index, "t/y", "taken out of stock"),
    Variable("staff", "L[c,k,d]", workforce.staff_index, "persons", "staff of a country in a skill"),
    Variable(
        "hired", "h[c,k,d]", workforce.hired_index, "persons/y", "hired from outside", bounds=workforce.hired_bounds
    ),
    Variable("intake", "a[g,d]", workforce.intake_index, "persons/y", "trainees who start"),
    Variable("new_seats", "z[g,d]", workforce.new_seats_index, "persons/y", "seats added, used from the next year"),
    Variable(
        "seconded",
        "y[c,k,n]",
        lambda s: [(c, k, n.index) for c, k in sorted(s.seconded) for n in s.tree.nodes],
        "persons",
        "borrowed less lent",
        free=True,
    ),
    Variable("invested", "I[c,d]", money.investment_spending_index, "MUSD/y", "public spending on plants and people"),
    Variable("paid", "P[i,c,a]", money.paid_index, "MUSD/y", "paid by a funder group in a country"),
    Variable("carried", "C[i,a]", money.carried_index, "MUSD", "budget carried to the next year"),
    Variable("loss_to_date", "Z[n]", objective.node_index, "MUSD", "loss of a history up to a node"),
    Variable("tail_excess", "e[n]", objective.leaf_index, "MUSD", "loss of a history above the value at risk"),
    Variable("value_at_risk", "v", None, "MUSD", "alpha-quantile of the loss"),
    Variable("expected_loss", "E", None, "MUSD", "expected loss"),
    Variable("risk", "R", None, "MUSD", "expected loss and CVaR, weighted"),
    Variable("cost", "F", None, "MUSD", "expected discounted cost"),
    Variable("welfare", "W", None, "MUSD", "cost + risk"),
)

EQUATIONS: tuple[Equation, ...] = (
    Equation("usable_capacity", capacity.usable_capacity_index, capacity.usable_capacity, "capacity follows builds"),
    Equation("nameplate_limit", capacity.nameplate_limit_index, capacity.nameplate_limit, "largest new nameplate"),
    Equation(
        "throughput_limit", capacity.throughput_limit_index, capacity.throughput_limit, "capacity bounds throughput"
    ),
    Equation("feed_balance", goods.feed_balance_index, goods.feed_balance, "use of a feed <= mined"),
    Equation("balance", goods.balance_index, goods.balance, "supply of a good covers its use"),
    Equation("pool", goods.pool_index, goods.pool, "delivered within a group <= made there"),
    Equation("stock_balance", goods.stock_balance_index, goods.stock_balance, "stock follows purchases and releases"),
    Equation(
        "staff_balance", workforce.staff_balance_index, workforce.staff_balance, "staff follows leavers and joiners"
    ),
    Equation("seat_limit", workforce.seat_limit_index, workforce.seat_limit, "intake within seats"),
    Equation("new_seat_limit", workforce.new_seat_limit_index, workforce.new_seat_limit, "largest number of new seats"),
    Equation("mentor_limit", workforce.mentor_limit_index, workforce.mentor_limit, "trainees per practitioner"),
    Equation("secondment_limit", workforce.secondment_limit_index, workforce.secondment_limit, "largest share lent"),
    Equation("secondment_pool", workforce.secondment_pool_index, workforce.secondment_pool, "lent = borrowed"),
    Equation("staff_limit", workforce.staff_limit_index, workforce.staff_limit, "people bound throughput"),
    Equation(
        "investment_spending", money.investment_spending_index, money.investment_spending, "what investment costs"
    ),
    Equation("spending_limit", money.spending_limit_index, money.spending_limit, "spent in a country <= paid there"),
    Equation("account", money.account_index, money.account, "a funder group pays out of its budgets"),
    Equation(
        "cumulative_loss", objective.cumulative_loss_index, objective.cumulative_loss, "loss adds up along a history"
    ),
    Equation(
        "tail_excess_limit",
        objective.tail_excess_limit_index,
        objective.tail_excess_limit,
        "loss above the value at risk",
    ),
    Equation("expected_loss_definition", None, objective.expected_loss_definition, "expected loss"),
    Equation("risk_definition", None, objective.risk_definition, "risk"),
    Equation("cost_definition", None, objective.cost_definition, "cost"),
    Equation("welfare_definition", None, objective.welfare_definition, "cost + risk"),
)

DECISIONS = ("build", "intake", "new_seats", "hired")
"""Variables that are decided before a scenario shows itself under the policy `committed`."""


def build_model(case: Case, scope: Scope | None = None) -> Model:
    """The whole program for a case, ready to compile. scope: its index sets, if they are there already."""
    m = ConcreteModel(name="allied heavy rare earths")
    m.scope = Scope(case) if scope is None else scope
    with PauseGC():
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
