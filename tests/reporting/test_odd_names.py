"""Names that look like something else to a drawing, a workbook, a typesetter or Markdown are shown as they are."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import openpyxl
import pytest

from planner.data.case import Case
from planner.reporting.pages.run import write_pages
from planner.reporting.words.names import LONGEST_NAME, Names, harmless
from planner.results.plan import Plan
from tests.cases import LONG
from tests.reporting.conftest import Vary, read_page

ODD = [
    "Dysprosium!A1:B2",
    "!A1",
    "=SUM(A1)",
    "Sheet1!$A$1",
    'O\'Brien "quoted" & <b>',
    "#let x = 1; $y$ *z* | a",
    "Very long " * 60,
    "bell\x07 and\x1b[31m escape\x00",
]


def named(case: Case, *names: str) -> Case:
    """The case with its first elements called so, one each, and its projects in turn, with a number."""

    def name(n: int) -> str:
        return names[n % len(names)] + str(n if n >= len(names) else "")

    tables = case.tables
    elements = tuple(
        row.model_copy(update={"name": name(n)}) for n, row in enumerate(tables.elements)
    )
    projects = tuple(
        row.model_copy(update={"name": f"{name(n)} {n}"}) for n, row in enumerate(tables.projects)
    )
    return dataclasses.replace(
        case, tables=dataclasses.replace(tables, elements=elements, projects=projects)
    )


PAIRS = list(zip(ODD[::2], ODD[1::2], strict=True))
FOUR_AT_ONCE = (ODD[2], ODD[6], ODD[3], ODD[7])
"""Of elements a formula and one that is too long; projects have all four."""


@pytest.mark.parametrize("names", PAIRS if LONG else [FOUR_AT_ONCE])
def test_every_form_takes_them(plan: Plan, tmp_path: Path, names: tuple[str, ...]) -> None:
    write_pages(dataclasses.replace(plan, case=named(plan.case, *names)), tmp_path)
    page = read_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    for name in names:
        assert re.sub(r"\s+", " ", harmless(name)) in page.text
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert openpyxl.load_workbook(tmp_path / "report.xlsx").worksheets


def test_control_characters_and_what_is_too_long_are_left_out() -> None:
    assert harmless(" a\x07b\x1b[0m ") == "a b [0m"
    assert harmless("x" * 500) == "x" * (LONGEST_NAME - 1) + "…"
    assert harmless("Überlänge “–” 稀土") == "Überlänge “–” 稀土"


def test_long_names_stay_apart(vary: Vary) -> None:
    names = Names(named(vary(baseline=False).case, "n" * 300))
    assert len(set(names.element.values())) == len(names.element)
