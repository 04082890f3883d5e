"""Whose a plant is stands beside what the plan builds, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner
from planner.errors import InputError
from planner.reporting.chapters import money
from planner.results.plan import Plan
from tests.cases import MUSD, budget, demand, imports, load_case, mine, plant, scenarios, shock
from tests.reporting.conftest import words_of

HEAD = "project, owner, status, announced, expected, feed_contract, instrument"
OWNERS = f"{HEAD}\nplant, A firm, study, 2027, 2029, the mine, a loan of 5 MUSD\nmine, B firm, runs, , , ,"


def solved(folder: Path, owners: str | None, price: float = 0, **more: Any) -> Plan:
    new = plant(max_new_tpa=100, basis="contained", capex_usd_per_tpa=MUSD, public_share=0.25)
    case = load_case(
        folder,
        owners=owners,
        demand=demand(last=2030),
        imports=[imports(100) | {"price_usd_per_kg": price}],
        projects=[mine(), new | more],
        budgets=budget(100),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2028, 2030, supplier="CHN")],
    )
    return planner.solve(case)


def told(plan: Plan) -> dict[str, str]:
    table = money.owners(plan)
    assert table is not None
    fields = [column.field for column in table.heads]
    return dict(zip(fields, table.shown[0], strict=True))


def test_the_owner_of_a_plant_that_idles_in_calm_years_is_repaid_by_nothing(tmp_path: Path) -> None:
    """Running costs keep the plant idle while imports come: three quarters of 100 MUSD, and no sales."""
    plan = solved(tmp_path, OWNERS, variable_opex_usd_per_t=1000)
    row = told(plan)
    assert (row["owner"], row["instrument"]) == ("A firm (study)", "a loan of 5 MUSD")
    assert (row["pays"], row["calm"], row["repaid"]) == ("75.0", "0 %", "nothing in this plan")
    chapter = money.chapter(plan)
    assert chapter is not None
    words = " ".join(word for part in chapter.parts for word in words_of(part))
    assert (
        "75.0 MUSD is for 1 plant used less than that, and nothing in this plan repays it" in words
    )


def test_the_owner_of_a_plant_that_runs_is_repaid_by_sales(tmp_path: Path) -> None:
    row = told(solved(tmp_path, None, price=50))
    assert "owner" not in row and row["repaid"] == "its sales in calm years, if they suffice"


def test_an_owner_of_a_plant_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown project"):
        load_case(tmp_path, owners=f"{HEAD}\nnowhere, A firm, runs, , , ,")
    with pytest.raises(InputError, match="status"):
        load_case(tmp_path / "b", owners=f"{HEAD}\nplant, A firm, rund, , , ,")
