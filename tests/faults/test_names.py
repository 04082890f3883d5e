"""Names that a terminal, a page or a spreadsheet could take for something else."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import planner
from planner.errors import InputError
from planner.reporting.pages.run import render_page, report_of, write_page_and_workbook
from tests import cases
from tests.cases import some

HIDDEN = {
    "bell": "\x07",
    "escape": "\x1b[31m",
    "backwards": "\u202e",
    "no width": "\u200b",
    "delete": "\x7f",
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize(
    ("table", "where", "column"),
    [
        ("elements", "Dy", "name"),
        ("countries", "AAA", "bloc"),
        ("countries", "AAA", "source"),
        ("countries", "AAA", "notes"),
        ("countries", "AAA", "country"),
    ],
)
def test_a_character_that_no_one_sees_is_a_fault_in_every_text(
    tmp_path: Path, hidden: str, table: str, where: str, column: str
) -> None:
    case = cases.load_case(tmp_path)
    with pytest.raises(InputError) as wrong:
        case.changed({f"{table}.{where}.{column}": f"a{hidden}b"})
    (found, *_) = wrong.value.faults
    assert (found.rule, found.column) == ("invisible-character", column) and found.remedy
    assert hidden not in str(wrong.value)


def test_notes_may_have_lines_and_names_may_not(tmp_path: Path) -> None:
    case = cases.load_case(tmp_path)
    assert (
        case.changed({"countries.AAA.notes": "one\r\n\ttwo"}).countries["AAA"].notes
        == "one\r\n\ttwo"
    )
    with pytest.raises(InputError, match=r"U\+000A"):
        case.changed({"countries.AAA.name": "one\ntwo"})
    with pytest.raises(InputError, match=r"title: contains the invisible character U\+001B"):
        case.changed({"title": "\x1b[2J"})


@pytest.mark.parametrize("name", some(["Dysprosium!A1:B2", "!A1", "{Dy}", "=A1", "Dy:[x]/*?'"], 3))
def test_a_name_that_looks_like_a_cell_is_written_as_text(tmp_path: Path, name: str) -> None:
    case = cases.load_case(tmp_path / "case").changed({"elements.Dy.name": name})
    write_page_and_workbook(planner.solve(case), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    named = [cell for cell in cells if name in str(cell.value)]
    assert named and all(cell.data_type == "s" for cell in named)


def test_a_scenario_of_probability_zero_weighs_nothing_and_has_its_loss(tmp_path: Path) -> None:
    """100 t/y are imported for three years; `never` cuts them in 2027: a loss of 100 MUSD that counts for nothing."""
    case = cases.load_case(
        tmp_path / "case",
        {"objective.risk_aversion": 0.5},
        imports=[cases.imports(100)],
        scenarios=cases.scenarios(calm=1, never=0),
        shocks=[cases.shock("never", "import", 0, 2027, 2027)],
    )
    plan = planner.solve(case)
    assert plan.status == "optimal" and plan.summary["risk_musd"] == cases.near(0)
    assert plan.summary["scenario_loss_musd"] == cases.near({"calm": 0, "never": 100})
    assert "never" in render_page(report_of(plan))
