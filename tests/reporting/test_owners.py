"""Whose a plant is stands beside what the plan builds, in one table."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.errors import InputError
from planner.reporting.chapters import plants
from tests.cases import demand, imports, load_case, mine, plant, scenarios, shock

HEAD = "project, owner, status, announced, expected, feed_contract, instrument"
OWNERS = f"{HEAD}\nplant, A firm, study, 2027, 2029, the mine, a loan of 5 MUSD\nmine, B firm, runs, , , ,"


def told(folder: Path, owners: str | None) -> list[str]:
    case = load_case(
        folder,
        owners=owners,
        demand=demand(last=2030),
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=100, basis="contained")],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2028, 2030, supplier="CHN")],
    )
    table = plants.owners(planner.solve(case))
    return [] if table is None else [str(row) for row in table.frame.to_numpy().tolist()]


def test_a_row_for_each_plant_that_is_built_and_none_for_others(tmp_path: Path) -> None:
    (row,) = told(tmp_path, OWNERS)
    assert "A firm" in row and "study" in row and "a loan of 5 MUSD" in row


def test_a_case_without_owners_has_no_such_table(tmp_path: Path) -> None:
    assert told(tmp_path, None) == []


def test_an_owner_of_a_plant_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown project"):
        load_case(tmp_path, owners=f"{HEAD}\nnowhere, A firm, runs, , , ,")
    with pytest.raises(InputError, match="status"):
        load_case(tmp_path / "b", owners=f"{HEAD}\nplant, A firm, rund, , , ,")
