"""A case of another commodity speaks of that, and of the years in which its supply is cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import planner
from planner.errors import InputError
from planner.explanation.explain import explain
from planner.reporting.pages.run import render_page, report_of
from planner.reporting.screen import explain_lines
from tests.cases import budget, demand, imports, load_case, mine, plant, scenarios, shock
from tests.reporting.conftest import read_page


@pytest.mark.parametrize(
    ("about", "words", "rare"),
    [(None, "rare earths", True), ("key, value\ncommodity, cobalt", "cobalt", False)],
)
def test_the_page_asks_about_the_commodity_and_the_years_of_the_cut(
    tmp_path: Path, about: str | None, words: str, rare: bool
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
    assert (
        "rare" in page
    ) == rare and "TREO" not in page  # nothing is built whose capacity counts it


def test_an_explanation_calls_levers_and_alternatives_as_the_case_calls_its_stages(
    tmp_path: Path,
) -> None:
    """Of 100 t a year that are cut in 2028 a refinery gives 40: with it alone risk falls, and without it no plan helps."""
    case = load_case(
        tmp_path,
        {"objective.goal": "welfare"},
        about="key, value\ncommodity, cobalt\nstage_separation, refining\nstage_mine, digging",
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=40, basis="contained", capex_usd_per_tpa=1000)],
        budgets=budget(100),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2028, 2028, supplier="CHN")],
    )
    plan = planner.solve(case)
    found = explain(plan, "run")
    plan = replace(plan, explanation=found)
    page = render_page(report_of(plan))
    shown = "\n".join(explain_lines(found, case))
    for text in (page, shown):
        assert "Refining alone" in text and "Without refining" in text
        assert "No new refining" in text and "No new digging" in text
        assert "No new separation" not in text and "eparation alone" not in text


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="commodity"):
        load_case(tmp_path, about="key, value\ncomodity, cobalt")
