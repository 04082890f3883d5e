"""A project comes and goes with every row that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.case import Case
from planner.data.change import Change, InputValue
from planner.data.warnings import warnings_of
from planner.errors import InputError
from tests.cases import load_case, mine, near, plant, scenarios, shock, unsure

TWINS = {
    "projects": [
        mine(),
        plant(existing_tpa=30, max_new_tpa=20),
        plant(project="other", existing_tpa=10),
    ],
    "recoveries": "project, element, recovery\nplant, Dy, 0.5\nother, Dy, 0.9",
    "skills": "skill, attrition\nchemist, 0",
    "workforce": "country, skill, initial\nAAA, chemist, 1000",
    "staffing": "stage, project, skill, persons_per_ktpa\nseparation, plant, chemist, 20",
    "scenarios": scenarios(calm=0.5, fire=0.5),
    "shocks": [
        shock("fire", "capacity", 0.5, 2027, project="plant", stage="separation"),
        shock("fire", "capacity", 0.5, 2028, project="other"),
    ],
    "uncertainties": [unsure("projects", "existing_tpa", 0.5, 1.5, where="project=plant")],
}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Two separation plants with rows of their own in five tables."""
    return load_case(tmp_path, **TWINS)


def test_a_project_leaves_with_every_row_that_names_it(case: Case) -> None:
    left = case.without_project("plant")
    assert set(left.projects) == {"mine", "other"}
    assert [row.project for row in left.tables.shocks] == ["other"]
    assert [row.project for row in left.tables.recoveries] == ["other"]
    assert left.tables.staffing == left.tables.uncertainties == ()


def test_what_left_is_told(case: Case) -> None:
    (remark,) = case.without_project("plant").origin.remarks
    for part in ("1 row of recoveries", "1 row of staffing", "1 row of shocks"):
        assert part in remark.message
    assert remark in warnings_of(case.without_project("plant"))


def test_a_twin_has_a_copy_of_every_row(case: Case) -> None:
    both = case.with_project({"project": "twin"}, like="plant")
    assert both.recovery("twin", "Dy") == 0.5
    assert both.staffing["twin"] == both.staffing["plant"]
    assert [row.project for row in both.tables.shocks] == ["plant", "other", "twin"]
    assert "escapes-danger" not in {warning.rule for warning in warnings_of(both)}
    assert '1 row of shocks copied from "plant"' in both.origin.remarks[0].message


def test_a_project_without_its_twins_rows_is_asked_about(case: Case) -> None:
    row = case.projects["plant"].model_copy(update={"project": "twin"})
    alone = case.with_project(row)
    assert "escapes-danger" in {warning.rule for warning in warnings_of(alone)}


def test_cells_that_are_given_hold_and_those_left_out_are_the_twins(case: Case) -> None:
    both = case.with_project({"project": "twin", "existing_tpa": 7}, like="plant")
    assert both.projects["twin"].existing_tpa == 7
    assert both.projects["twin"].max_new_tpa == 20


def test_there_and_back_is_the_case_as_it_was(case: Case) -> None:
    back = case.with_project({"project": "twin"}, like="plant").without_project("twin")
    assert back.sha256 == case.sha256


def test_half_of_a_plant_and_its_twin_make_what_it_made(case: Case) -> None:
    """A plant split in two has the risk of the whole, because both halves meet its dangers."""
    whole = planner.solve(case, baseline=False).summary["risk_musd"]
    half = case.changed("projects.plant.existing_tpa=x0.5", "projects.plant.max_new_tpa=x0.5")
    both = half.with_project({"project": "twin"}, like="plant")
    assert planner.solve(both, baseline=False).summary["risk_musd"] == near(whole)


@pytest.mark.parametrize(
    ("row", "like", "said"),
    [
        ({"project": "plant"}, "other", "already"),
        ({"project": "twin"}, "plnat", 'did you mean "plant"'),
        ({"project": "twin", "capex": 1}, "plant", "unknown column"),
        ({"project": "twin", "recovery": 2}, "plant", "less than or equal to 1"),
    ],
)
def test_faults_are_told(case: Case, row: dict[str, object], like: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        case.with_project(row, like=like)


def test_an_unknown_project_is_a_fault(case: Case) -> None:
    with pytest.raises(InputError, match='unknown project "plnt"'):
        case.without_project("plnt")


def test_a_copied_row_with_a_name_of_its_own_gets_another(case: Case, tmp_path: Path) -> None:
    """Two hazards of one name would be refused when the written case is read again."""
    fire: dict[str, InputValue] = {"project": "plant", "kind": "capacity", "probability": 0.5}
    fire |= {"first": 2027, "last": 2027, "factor_low": 0, "factor_high": 0}
    rows = (("hazard", "fire"),)
    risky = case.changed(Change(table="hazards", rows=rows, how="new", value=fire))
    both = risky.with_project({"project": "twin"}, like="plant")
    assert [row.hazard for row in both.tables.hazards] == ["fire", "fire (twin)"]
    again = planner.load(both.write(tmp_path / "written"))
    assert again.difference(both) == []
