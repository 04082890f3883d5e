"""Every equation and bound as text on a case small enough to check by eye.

The goldens lie in `golden/`. After a change that is meant: `UPDATE_GOLDEN=1 pytest tests/formulation`, then read the
difference against the words of the contract before committing it.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from planner.formulation.declarations import Model
from planner.formulation.pyomo_model import build_model
from planner.formulation.whole_program import EQUATIONS, VARIABLES
from tests.conftest import MakeCase
from tests.formulation import golden_cases, render
from tests.formulation.golden_tables import Golden

FOLDER = Path(__file__).parent / "golden"


def compare(name: str, golden: Golden, model: Model, lines: list[str]) -> None:
    """Compare with, or write, one golden."""
    scope = model.scope
    head = [*textwrap.wrap(golden.why, 100), render.legend(scope.tree, "nodes n")]
    if scope.decision_tree.nodes != scope.tree.nodes:
        head.append(render.legend(scope.decision_tree, "decision nodes d"))
    text = "".join(f"# {line}\n" for line in head) + "".join(f"{line}\n" for line in lines)
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert lines, f"{name}: the case of this golden has no such row"
    assert text == path.read_text(encoding="utf-8"), (
        f"{path.name} differs; see the head of this file"
    )


@pytest.mark.parametrize("name", [equation.name for equation in EQUATIONS])
def test_every_equation_reads_as_its_golden(make_case: MakeCase, name: str) -> None:
    assert name in golden_cases.EQUATIONS, f"write a golden for {name} in golden_cases.py"
    golden = golden_cases.EQUATIONS[name]
    model = build_model(make_case(golden.model, **golden.tables))
    compare(name, golden, model, render.equation(model, name))


@pytest.mark.parametrize("name", golden_cases.MORE)
def test_other_faces_of_an_equation_read_as_their_goldens(make_case: MakeCase, name: str) -> None:
    equation, golden = golden_cases.MORE[name]
    model = build_model(make_case(golden.model, **golden.tables))
    compare(name, golden, model, render.equation(model, equation))


@pytest.mark.parametrize(
    "name", [variable.name for variable in VARIABLES if variable.most is not None]
)
def test_every_bounded_variable_reads_as_its_golden(make_case: MakeCase, name: str) -> None:
    assert name in golden_cases.BOUNDS, (
        f"write a golden for the bounds of {name} in golden_cases.py"
    )
    golden = golden_cases.BOUNDS[name]
    model = build_model(make_case(golden.model, **golden.tables))
    compare(f"bounds_{name}", golden, model, render.bounds(model, name))


@pytest.mark.parametrize("name", golden_cases.GOALS)
def test_the_first_criterion_of_every_goal_reads_as_its_golden(
    make_case: MakeCase, name: str
) -> None:
    golden = golden_cases.GOALS[name]
    model = build_model(make_case(golden.model, **golden.tables))
    compare(f"goal_{name}", golden, model, render.goal(model))


def test_no_golden_is_left_over() -> None:
    known = {
        *golden_cases.EQUATIONS,
        *golden_cases.MORE,
        *(f"bounds_{name}" for name in golden_cases.BOUNDS),
        *(f"goal_{name}" for name in golden_cases.GOALS),
    }
    assert {path.stem for path in FOLDER.glob("*.txt")} == known
