"""What is compared and studied in a notebook is short, and what was asked amiss is told with the remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.errors import InputError, RunFolderError
from tests.cases import near

ROOT = Path(__file__).parents[2]
LONGEST = 300
"""Characters of a value as Python shows it."""
WHOLE = {"name": "delay", "change": "projects.*.lead_time_years=plus ?", "range": [0, 2]}


@pytest.fixture(scope="module")
def plan() -> planner.Plan:
    """A plan of the teaching case."""
    return planner.solve(planner.load(ROOT / "inputs" / "starter"))


@pytest.fixture(scope="module")
def poorer(plan: planner.Plan) -> planner.Plan:
    """The same with half the money."""
    return planner.solve(plan.case.changed("budgets.*.*.musd=x0.5"))


def test_two_plans_are_compared_in_data_frames(plan: planner.Plan, poorer: planner.Plan) -> None:
    (both,) = planner.compare(plan, poorer, names=["now", "half"])
    assert len(repr(both)) < LONGEST
    capacity = both.table("capacity").set_index("project")
    for name, one in (("now", plan), ("half", poorer)):
        built = {key: tpa for key, tpa in one.summary["new_capacity_tpa"].items() if tpa > 0}
        assert capacity[name].to_dict() == near(built)
    causes = both.table("causes")
    (row,) = causes.to_dict("records")
    assert row["group"] == "budgets.musd" and row["cells"] == len(both.table("cells"))
    assert row["risk_musd"] == near(poorer.summary["risk_musd"] - plan.summary["risk_musd"])
    assert row["cost_musd"] == near(poorer.summary["cost_musd"] - plan.summary["cost_musd"])
    with pytest.raises(InputError, match="known: cells, causes, capacity"):
        both.table("cause")


def test_a_study_tells_how_far_it_is_and_of_its_first_failure(
    plan: planner.Plan, tmp_path: Path
) -> None:
    goal = {"name": "limit", "change": "objective.risk_limit=?", "values": [1, 1e6]}
    asked = {
        "set": {"objective.goal": "target", "objective.risk_limit": 1e6},
        "uncertainties": [goal],
        "design": {"kind": "grid"},
    }
    status = planner.study(asked, tmp_path / "study", case=plan.case)
    assert len(repr(status)) < 2 * LONGEST
    assert "2 of 2 points" in repr(status) and "first without an optimum" in repr(status)


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_a_range_of_whole_numbers_is_refused_before_the_first_solve(
    kind: str, plan: planner.Plan, tmp_path: Path
) -> None:
    asked = {"uncertainties": [WHOLE], "design": {"kind": kind, "points": 4}}
    with pytest.raises(InputError, match=r"whole number; .*`values`.* such as \[0, 1, 2\]"):
        planner.study(asked, tmp_path / "study", case=plan.case)
    assert not (tmp_path / "study").exists()


def test_a_design_that_takes_whole_numbers_of_a_range_runs(
    plan: planner.Plan, tmp_path: Path
) -> None:
    asked = {"uncertainties": [WHOLE], "design": {"kind": "grid", "levels": 3}}
    status = planner.study(asked, tmp_path / "study", case=plan.case)
    assert status.status.statuses == {"optimal": 3}


MISTAKEN: dict[str, tuple[Callable[[planner.Plan], Any], type[Exception], str]] = {
    "a path for a case": (
        lambda _: planner.solve("inputs/starter"),  # type: ignore[arg-type]
        TypeError,
        "planner.load",
    ),
    "a case for a plan": (
        lambda plan: planner.explain(plan.case),  # type: ignore[arg-type]
        TypeError,
        "planner.solve",
    ),
    "a name for a plan": (
        lambda plan: planner.compare(plan, "later"),  # type: ignore[arg-type]
        TypeError,
        "is no Plan; planner.solve",
    ),
    "a slip in a name": (
        lambda _: planner.sovle,  # type: ignore[attr-defined]
        AttributeError,
        'did you mean "solve"',
    ),
    "no run": (lambda _: planner.open_run("nowhere"), RunFolderError, "plan.write"),
    "no study": (lambda _: planner.open_study("nowhere"), RunFolderError, "planner.study"),
}


@pytest.mark.parametrize("name", MISTAKEN)
def test_a_mistake_is_told_with_its_remedy(name: str, plan: planner.Plan) -> None:
    ask, kind, told = MISTAKEN[name]
    with pytest.raises(kind, match=told):
        ask(plan)
