"""The declarations of the program, and the page that is made of them."""

from __future__ import annotations

import inspect
import re
import sys

import pytest
from pyomo.environ import Constraint, Var

from docs.declarations import SYMBOLS, formulation_page, indexed
from planner.data.schema import BY_NAME
from planner.formulation.declarations import LETTERS, NODE_LETTERS, Equation, Variable, cell
from planner.formulation.pyomo_model import build_model
from planner.formulation.whole_program import EQUATIONS, VARIABLES
from tests.conftest import MakeCase

NAMES = [equation.name for equation in EQUATIONS]
WRITTEN = {
    **{f"equation {equation.name}": equation.latex for equation in EQUATIONS},
    **{f"limit of {variable.name}": variable.limit for variable in VARIABLES if variable.limit},
    **{f"formula of {latex}": formula for latex, _, _, formula in SYMBOLS["derived"]},
}
"""Every formula of the page."""
NO_SYMBOL = {
    *(
        "sum",
        "in",
        "le",
        "ge",
        "frac",
        "min",
        "max",
        "quad",
        "qquad",
        "left",
        "right",
        "Bigl",
        "Bigr",
        "mathrm",
    ),
    *("mathcal", "text", "lfloor", "rfloor"),
}
"""Commands of LaTeX that stand for no quantity of the program."""


def heads(latex: str) -> set[str]:
    r"""The symbols in a formula, without their indices: single letters, Greek ones, \mathrm and \mathcal words."""
    latex = re.sub(r"\\text\{[^}]*\}", " ", latex)
    words = set(re.findall(r"\\(?:mathrm|mathcal)\{\w+\}", latex))
    latex = re.sub(r"\\(?:mathrm|mathcal)\{\w+\}", " ", latex)
    greek = {f"\\{name}" for name in re.findall(r"\\([A-Za-z]+)", latex)} - {
        f"\\{name}" for name in NO_SYMBOL
    }
    return words | greek | set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", latex)))


def head(latex: str) -> str:
    """The symbol that an entry of the page explains."""
    return re.match(r"\\(?:mathrm|mathcal)\{\w+\}|\\[a-z]+|[A-Za-z]", latex)[0]  # type: ignore[index]


SAID = [head(latex) for rows in SYMBOLS.values() for latex, *_ in rows] + [
    variable.symbol for variable in VARIABLES
]


@pytest.mark.parametrize("where", WRITTEN)
def test_every_symbol_of_a_formula_is_explained_on_the_page(where: str) -> None:
    assert heads(WRITTEN[where]) <= set(SAID)


def test_no_symbol_is_explained_twice_or_used_nowhere() -> None:
    assert len(SAID) == len(set(SAID))
    assert set(SAID) == set().union(*map(heads, WRITTEN.values()))


def test_every_figure_that_an_equation_reads_is_on_the_page_with_a_unit() -> None:
    shown = {cell(text)[:2] for _, _, *cells in SYMBOLS["data"] for text in cells}
    assert {
        cell(text)[:2] for declared in (*EQUATIONS, *VARIABLES) for text in declared.reads
    } <= shown
    assert all(
        column in BY_NAME[table].row.model_fields for table, column in shown if table != "model"
    )


@pytest.mark.parametrize("equation", EQUATIONS, ids=NAMES)
def test_an_equation_has_its_index_beside_it_and_is_about_variables(equation: Equation) -> None:
    module = sys.modules[equation.rule.__module__]
    assert module.__name__.startswith("planner.formulation.")
    assert (
        heads(equation.latex) & {variable.symbol for variable in VARIABLES}
        or "throughput" in equation.latex
    )
    assert equation.meaning and not equation.meaning.endswith(".")
    assert set(equation.letters) <= {*LETTERS, *NODE_LETTERS}
    if equation.index is not None:
        assert equation.index.__name__ == f"{equation.name}_index"
        assert equation.index.__module__ == equation.rule.__module__
        assert inspect.getdoc(equation.index), f"{equation.name}_index has no docstring"
        assert equation.each


@pytest.mark.parametrize("variable", VARIABLES, ids=[variable.name for variable in VARIABLES])
def test_a_variable_has_a_unit_a_meaning_and_a_limit_where_it_has_bounds(
    variable: Variable,
) -> None:
    assert variable.unit and variable.meaning
    assert bool(variable.limit) == (variable.most is not None) == bool(variable.reads)
    assert not (variable.free and variable.most)
    assert f"| ${indexed(variable)}$ | `{variable.name}` |" in formulation_page()


def test_names_are_unique_and_the_model_holds_exactly_the_declarations(make_case: MakeCase) -> None:
    model, variables = build_model(make_case()), [variable.name for variable in VARIABLES]
    assert [c.name for c in model.component_objects(Var)] == variables
    assert [c.name for c in model.component_objects(Constraint)] == NAMES
    assert len({*variables, *NAMES}) == len(variables) + len(NAMES)


def test_letters_of_an_index_have_as_many_places_as_the_model(make_case: MakeCase) -> None:
    model = build_model(make_case())
    for declared in (*EQUATIONS, *VARIABLES):
        for index in model.component(declared.name):
            places = () if index is None else index if isinstance(index, tuple) else (index,)
            assert len(places) == len(declared.letters), declared.name
