"""The model object: a Pyomo ConcreteModel that carries the Scope its index sets come from."""

from __future__ import annotations

from typing import Any

# Pyomo is not typed; the alias marks what is a PlanModel, whose attributes are the variables of `variables.py`.
Model = Any
Expression = Any


def or_zero(variable: Any, *index: Any) -> Expression:
    """The variable at `index`, or 0 where the program has none."""
    return variable[index] if index in variable else 0.0  # noqa: SIM401 - Pyomo variables have no get
