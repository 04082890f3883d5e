"""The table of the program: each rule carries its mathematics, with its index beside it."""

from __future__ import annotations

import inspect
import re
import sys

import pytest
from pyomo.environ import Constraint, Var

from planner.formulation.build import EQUATIONS, VARIABLES, Equation, Variable, build_model
from tests.conftest import MakeCase

BY_NAME = {variable.name: variable for variable in VARIABLES}
NAMES = [equation.name for equation in EQUATIONS]


@pytest.mark.parametrize("equation", EQUATIONS, ids=NAMES)
def test_the_docstring_of_a_rule_is_its_mathematics(equation: Equation) -> None:
    """A relation, between quantities the table of variables knows."""
    text = inspect.getdoc(equation.rule)
    assert text, f"{equation.name} has no docstring"
    assert re.search(r"<=|>=|=", text), f"{equation.name}: no relation in {text!r}"
    words = set(re.findall(r"[a-z_]+", text))
    mentioned = words & ({*BY_NAME} | {"throughput", "made", "lent", "trainees", "available"})
    assert mentioned, f"{equation.name}: {text!r} names no variable"


@pytest.mark.parametrize("equation", EQUATIONS, ids=NAMES)
def test_a_rule_has_the_name_of_its_equation_and_its_index_beside_it(equation: Equation) -> None:
    assert equation.rule.__name__ == equation.name
    module = sys.modules[equation.rule.__module__]
    assert module.__name__.startswith("planner.formulation.")
    if equation.index is not None:
        assert equation.index.__name__ == f"{equation.name}_index"
        assert equation.index.__module__ == equation.rule.__module__
        assert inspect.getdoc(equation.index), f"{equation.name}_index has no docstring"


@pytest.mark.parametrize("variable", VARIABLES, ids=[variable.name for variable in VARIABLES])
def test_a_variable_has_a_symbol_of_its_own_a_unit_and_a_meaning(variable: Variable) -> None:
    assert variable.symbol and variable.unit and variable.meaning
    assert [other.name for other in VARIABLES if other.symbol == variable.symbol] == [variable.name]
    assert not (variable.free and variable.bounds)


def test_names_are_unique_and_the_model_holds_exactly_the_table(make_case: MakeCase) -> None:
    model = build_model(make_case())
    assert [c.name for c in model.component_objects(Var)] == [variable.name for variable in VARIABLES]
    assert [c.name for c in model.component_objects(Constraint)] == NAMES
    assert len({*BY_NAME, *NAMES}) == len(VARIABLES) + len(NAMES) - len({*BY_NAME} & {*NAMES})
