"""A case of another commodity speaks of that, and of the years in which its supply is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.errors import InputError
from planner.reporting.pages.run import render_page, report_of
from tests.cases import demand, imports, load_case, mine, plant, scenarios, shock
from tests.reporting.conftest import read_page


@pytest.mark.parametrize(
    ("about", "words", "treo"),
    [(None, "rare earths", True), ("key, value\ncommodity, cobalt", "cobalt", False)],
)
def test_the_page_asks_about_the_commodity_and_the_years_of_the_cut(
    tmp_path: Path, about: str | None, words: str, treo: bool
) -> None:
    case = load_case(
        tmp_path,
        about=about,
        demand=demand(last=2030),
        imports=[imports(100)],
        projects=[mine(), plant(existing_tpa=40, basis="contained")],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2027, 2028, supplier="CHN")],
    )
    page = read_page(render_page(report_of(planner.solve(case)))).text
    assert f"If supply of {words} from CHN is disrupted from 2027 to 2028" in page
    assert ("TREO" in page) == treo and ("rare" in page) == treo


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="commodity"):
        load_case(tmp_path, about="key, value\ncomodity, cobalt")
