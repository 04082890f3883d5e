"""A change: its text reads back to it; what it does can be undone; differences of two cases turn one into the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.data.case import Case, with_rows
from planner.data.change import Change, change_of, parse_change, parse_open
from planner.data.changed_case import Changer
from planner.data.schema import TABLES
from planner.errors import InputError
from tests.cases import LONG
from tests.faults.conftest import STARTER

quick = settings(max_examples=60 if LONG else 20, derandomize=True, deadline=None, database=None)
FIGURES = [
    ("demand.*.Dy.*.*", "tonnes"),
    ("budgets.USA.2026..2028", "musd"),
    ("projects.coast_plant", "capex_usd_per_tpa"),
    ("projects[stage=mine]", "existing_tpa"),
    ("shocks.cut.import.2029.2030.CHN.....", "factor"),
    ("imports.CHN.J*.*.*.*", "tonnes"),
]
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
    min_size=1,
    max_size=12,
)
amounts = st.floats(0, 1e6, allow_nan=False) | st.integers(0, 10**6)


@pytest.fixture(scope="module")
def case() -> Case:
    return planner.load(STARTER)


def same(one: Case, other: Case) -> bool:
    """Whether all rows and keys are the same, whatever the order of the rows."""
    return rows_of(one) == rows_of(other) and one.sha256 == other.sha256


def rows_of(case: Case) -> dict[str, list[str]]:
    """The rows of each table as text, sorted."""
    tables: dict[str, list[str]] = {}
    for table in TABLES:
        tables[table.name] = sorted(row.model_dump_json() for row in case.tables.rows(table.name))
    return tables


@quick
@given(words, words, st.sampled_from(["set", "scale", "add", "grow"]), amounts)
def test_the_text_of_a_change_reads_back_to_it(
    country: str, element: str, how: Any, amount: float
) -> None:
    rows = tuple((name, text) for name, text in [("country", country), ("element", element)])
    value = amount if how == "set" else float(amount) / 7
    change = Change(table="demand", rows=rows, column="tonnes", how=how, value=value)
    if "*" not in (country, element):  # which is all rows
        assert parse_change(str(change)) == change
        by_name = Change(table="demand", rows=(*rows, ("tonnes", "3")), column="tonnes")
        assert parse_change(str(by_name)) == by_name


@quick
@given(words | st.sampled_from(["x2", "+3%", "gone", "true", "2030", "1e3", "{", '"', "", " a "]))
def test_words_stay_words(text: str) -> None:
    for change in (
        Change(table="projects", rows=(("project", "p"),), column="name", value=text),
        Change(table="projects", rows=(("project", "p"),), column="capex_usd_per_tpa", value=text),
        Change(table="model", column="title", value=text),
    ):
        assert parse_change(str(change)) == change


def test_a_row_that_is_gone_is_in_no_table(case: Case) -> None:
    fewer = with_rows(case, budgets=case.tables.budgets[1:])
    first = case.tables.budgets[0]
    assert same(case.changed(f"budgets.{first.funder}.{first.year}=gone"), fewer)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("demand.JPN.Dy.oxide.2026.tonnes=+30%", {("JPN", 2026): 130.0}),
        ("demand.JPN.Dy.oxide.*.tonnes=x0.5", {("JPN", 2026): 50.0, ("JPN", 2031): 50.0}),
        ("demand.J*;USA.Dy.oxide.2026..2031.tonnes=+10%/y", {("JPN", 2031): 161.051}),
        ("demand[country=J*&year=2031].tonnes=plus 2", {("JPN", 2031): 102.0}),
        ('demand."JPN".Dy.oxide.2026.tonnes=1e1', {("JPN", 2026): 10.0}),
    ],
)
def test_each_way_to_write_a_change_does_what_it_says(
    case: Case, text: str, cells: dict[tuple[str, int], float]
) -> None:
    changed = case.changed(text)
    found = {
        (row.country, row.year): row.tonnes for row in changed.tables.demand if row.element == "Dy"
    }
    assert {key: found[key] for key in cells} == pytest.approx(cells)
    left = {
        (row.country, row.year): row.tonnes
        for row in case.tables.demand
        if row.element == "Dy" and (row.country, row.year) not in cells and "+10%/y" not in text
    }
    assert {key: found[key] for key in left} == left


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy.coordination", "must look like KEY=VALUE"),
        ("demand.JPN.tonnes=1", "demand.COUNTRY.ELEMENT.FORM.YEAR.COLUMN=VALUE"),
        ("demand=1", "names a table, not a cell"),
        ("projects.coast_plant.capex=1", 'did you mean "capex_usd_per_tpa"?'),
        ("projects.coast_plnt.recovery=1", 'did you mean "coast_plant"?'),
        ("projects.coast_plant.name=x2", ""),
        ("projects.coast_plant.retire_year=x2", "is blank there"),
        ("projects.coast_plant.lead_time_years=x1.3", "must be a whole number"),
        ("projects.coast_plant.capex_usd_per_tpa=+2%/y", "no column `year`"),
        ("policy.coordination=x2", "allied"),
        ("projects.coast_plant.capex_usd_per_tpa=1,5", "decimal comma"),
        ('projects.pit={country = "AUS"}', "projects.PROJECT.COLUMN=VALUE"),
        ("projcts.coast_plant.recovery=1", 'unknown table "projcts" (did you mean "projects"?)'),
    ],
)
def test_what_a_change_cannot_do_is_said(case: Case, text: str, said: str) -> None:
    if not said:
        assert case.changed(text).projects["coast_plant"].name == "x2"
        return
    with pytest.raises(InputError) as wrong:
        case.changed(text)
    assert said in str(wrong.value)
    assert all(found.remedy for found in wrong.value.faults)


def test_open_changes_take_their_value_later(case: Case) -> None:
    assert parse_open("budgets.*.*.musd=x?").at(0.5) == parse_change("budgets.*.*.musd=x0.5")
    assert parse_open("budgets.*.*.musd=+?%").at(-10) == parse_change("budgets.*.*.musd=-10%")
    assert parse_open("demand.*.*.*.*.tonnes=+?%/y").at(2.9) == parse_change(
        "demand.*.*.*.*.tonnes=+2.9%/y"
    )
    assert parse_open("levers=?").at(["mine"]) == change_of("levers", ["mine"])
    for text in ("a.b=x?", "a.b=?", "a.b=plus ?", "a.b=+?%", "a.b=+?%/y"):
        assert str(parse_open(f"budgets.*.*.musd={text[4:]}")) == f"budgets.*.*.musd={text[4:]}"


def test_rows_that_were_found_are_not_looked_for_again(case: Case) -> None:
    changer = Changer(case)
    change = parse_change("demand.*.Dy.*.*.tonnes=x2")
    assert changer.positions(change) is changer.positions(change)
