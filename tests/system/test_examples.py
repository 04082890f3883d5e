"""Examples in docstrings of public names are run; every public function and class of work has one."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from typing import Any

import pytest

import planner
from planner import Plan
from planner.data import change
from planner.data.case import Case
from planner.errors import InputError
from planner.results.display import Parts
from tests.conftest import leave_out_support
from tests.studies.studies import BUDGET

ROOT = Path(__file__).parents[2]
PUBLIC = [
    name
    for name in planner.__all__
    if not (
        isinstance(getattr(planner, name), type) and name.endswith(("Error", "Warning", "Fault"))
    )
]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What examples are about: a case, its plan, a folder to write into, a study that was run."""
    case = planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "base.toml")
    done = tmp_path_factory.mktemp("example") / "done"
    asked = {"uncertainties": [BUDGET], "design": {"kind": "one_at_a_time"}}
    planner.study(asked, done, case=case)
    return {"case": case, "plan": planner.solve(case), "example_study": done}


def tried(value: object, name: str, names: dict[str, Any]) -> int:
    """Run the examples of a value and of its members; returns how many there are."""
    module = inspect.getmodule(value)
    known = {"planner": planner, **vars(module), **names}
    count = 0
    for test in doctest.DocTestFinder().find(value, name, module=module, globs=known):
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        said: list[str] = []
        runner.run(test, out=said.append)
        assert not runner.failures, "".join(said)
        count += len(test.examples)
    return count


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_of_public_names_do_what_they_say(
    name: str, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    value = getattr(planner, name)
    assert tried(value, name, names | {"folder": tmp_path / "out"}) > 0, f"{name} has no example"


def test_examples_of_a_change_do_too(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert tried(change, change.__name__, names) > 0


@pytest.fixture(scope="module")
def answers(names: dict[str, Any]) -> dict[str, Any]:
    """What questions about the case and its plan give."""
    case, plan = names["case"], names["plan"]
    with pytest.MonkeyPatch.context() as patched:
        leave_out_support(patched)
        business = planner.business_case(plan, "coast_plant")
    return {
        "business": business,
        "why": planner.explain(plan),
        "study": planner.open_study(names["example_study"]),
        "session": planner.Session(case),
        "shares": planner.shares(case),
        "coverage": planner.coverage(plan),
        "evaluation": planner.evaluate(plan, foreseen=False),
    }


def test_values_show_themselves_in_a_line(names: dict[str, Any], answers: dict[str, Any]) -> None:
    case, plan = names["case"], names["plan"]
    assert isinstance(case, Case) and isinstance(plan, Plan)
    for value in (case, plan, *answers.values()):
        assert len(repr(value)) < 400 and "\n" not in repr(value)
    assert len(repr(case.tables)) < 400


def test_parts_of_answers_are_frames(names: dict[str, Any], answers: dict[str, Any]) -> None:
    why = answers["why"]
    for answer in (answers["business"], why, answers["coverage"]):
        assert isinstance(answer, Parts) and answer.parts
        for part in answer.parts:
            assert len(answer.table(part)) > 0 or part in (
                "terms",
                "influences",
                "marginals",
                "single_points",
            ), part
    shown = why.table("alternatives").set_index("key")
    assert shown["risk"].to_dict() == {one.key: one.risk for one in why.alternatives}
    with pytest.raises(InputError, match='did you mean "alternatives"'):
        why.table("alternative")
    with pytest.raises(InputError, match='did you mean "shortfall"'):
        names["plan"].table("shortfal")
    with pytest.raises(InputError, match='did you mean "demand"'):
        names["case"].table("demnd")
