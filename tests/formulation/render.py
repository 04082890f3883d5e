"""Constraints and bounds as text: one line each, `name[index]: +2 a[x] -1 b[y] <= 3`, in a fixed order."""

from __future__ import annotations

from typing import Any

from pyomo.environ import value
from pyomo.repn import generate_standard_repn

from planner.data.scenario_tree import Tree
from planner.formulation.declarations import Model


def equation(m: Model, name: str) -> list[str]:
    """All rows of an equation."""
    return [
        f"{_named(name, index)}: {_row(constraint)}"
        for index, constraint in sorted(m.component(name).items(), key=_key)
    ]


def bounds(m: Model, name: str) -> list[str]:
    """All bounds of a variable."""
    return [
        f"{_number(value(var.lb))} <= {_named(name, index)}"
        + ("" if var.ub is None else f" <= {_number(value(var.ub))}")
        for index, var in sorted(m.component(name).items(), key=_key)
    ]


def goal(m: Model) -> list[str]:
    """The objective."""
    return [f"minimise: {_terms(generate_standard_repn(m.goal.expr))[0]}"]


def legend(tree: Tree, name: str) -> str:
    """What the numbers of nodes mean: `0 2026 | 1 2027 calm | 2 2027 cut`."""
    everyone = len(tree.case.scenarios)
    return f"{name}: " + " | ".join(
        f"{n.index} = {n.period}"
        + ("" if len(n.scenarios) == everyone else f" {'+'.join(n.scenarios)}")
        for n in tree.nodes
    )


def _row(constraint: Any) -> str:
    terms, constant = _terms(generate_standard_repn(constraint.body))
    lower, upper = (
        None if bound is None else value(bound) - constant
        for bound in (constraint.lower, constraint.upper)
    )
    if lower is not None and lower == upper:
        return f"{terms} = {_number(lower)}"
    if lower is not None and upper is None:
        return f"{terms} >= {_number(lower)}"
    assert lower is None and upper is not None, "a row has one side"
    return f"{terms} <= {_number(upper)}"


def _terms(repn: Any) -> tuple[str, float]:
    assert repn.is_linear(), "the program is linear"
    parts = sorted(
        (_named(var.parent_component().name, var.index()), coefficient)
        for var, coefficient in zip(repn.linear_vars, repn.linear_coefs, strict=True)
        if coefficient != 0
    )
    return " ".join(
        f"{_number(coefficient, '+')} {name}" for name, coefficient in parts
    ) or "0", repn.constant


def _named(name: str, index: Any) -> str:
    if index is None:
        return name
    return f"{name}[{','.join(str(part) for part in (index if isinstance(index, tuple) else (index,)))}]"


def _key(item: tuple[Any, Any]) -> tuple[Any, ...]:
    index = item[0]
    return index if isinstance(index, tuple) else (index,)


def _number(number: float, sign: str = "") -> str:
    return f"{float(number) + 0.0:{sign}.9g}"
