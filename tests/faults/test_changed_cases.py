"""A case changed without files: the same rules, the same words, and what a run of it holds."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.cells import Quarter
from planner.cli import app
from planner.config import ModelFile
from planner.data.case import Case, with_model
from planner.data.difference import differences
from planner.data.load import checked_case
from planner.data.schema import TABLES, Draw
from planner.errors import Fault, InputError
from tests.faults.conftest import STARTER


@pytest.fixture(scope="module")
def case() -> Case:
    return planner.load(STARTER)


def one_fault(wrong: pytest.ExceptionInfo[InputError]) -> Fault:
    (found,) = wrong.value.faults
    assert found.remedy
    return found


def test_a_case_says_in_one_line_what_it_is(case: Case) -> None:
    assert repr(case) == (
        'Case("starter", 2026-2031: 3 countries, 4 projects, 3 scenarios; model "defaults")'
    )


def test_a_frame_is_typed_and_blank_cells_are_missing(case: Case) -> None:
    frame = case.table("projects").set_index("project")
    assert frame.loc["desert_mine", "earliest_year"] == 2027
    assert frame["lead_time_years"].dtype == "int64" and frame["earliest_year"].dtype == "Int64"
    assert frame["max_new_tpa"].dtype == "float64" and frame["retire_year"].isna().all()
    assert frame.loc["desert_mine", "feeds"] == "xenotime"
    assert case.table("elements")["heavy"].dtype == "bool"


def test_periods_are_text_where_one_of_them_is_a_quarter(case: Case) -> None:
    drawn = Draw(scenario="calm", hazard="strike", start=Quarter(2028, 2), end=2029, factor=0.5)
    frame = replace(case, tables=replace(case.tables, draws=(drawn,))).table("draws")
    assert list(frame["start"]) == ["2028Q2"] and list(frame["end"]) == [2029]


def test_every_frame_put_back_gives_an_equal_case(case: Case) -> None:
    again = case
    for table in TABLES:
        again = again.with_table(table.name, case.table(table.name))
    assert again.sha256 == case.sha256


def test_a_frame_with_wrong_cells_tells_them_all_by_row_and_column(case: Case) -> None:
    frame = case.table("demand").astype({"tonnes": object})
    frame.loc[1, "tonnes"] = "1,5"
    frame.loc[2, "country"] = "JPM"
    frame.loc[3, "year"] = 12
    with pytest.raises(InputError) as wrong:
        case.with_table("demand", frame)
    assert [(f.place, f.line, f.column, f.rule) for f in wrong.value.faults] == [
        ("demand as given", 2, "tonnes", "decimal-comma"),
        ("demand as given", 4, "year", "range"),
    ]
    with pytest.raises(InputError) as wrong:
        case.with_table("demand", case.table("demand").replace({"country": {"JPN": "JPM"}}))
    assert (one_fault(wrong).line, one_fault(wrong).rule) == (1, "unknown-reference")
    with pytest.raises(InputError) as wrong:
        case.with_table("demand", case.table("demand").rename(columns={"tonnes": "tons"}))
    assert 'did you mean "tonnes"?' in one_fault(wrong).message
    with pytest.raises(InputError) as wrong:
        case.with_table("demand", pd.concat([case.table("demand")] * 2))
    assert {f.rule for f in wrong.value.faults} == {"repeated-row"}


def test_one_cell_or_several_are_set(case: Case) -> None:
    changed = case.changed({"projects.desert_mine.lead_time_years": 4})
    assert (
        changed.projects["desert_mine"].lead_time_years == 4
        and case.projects["desert_mine"].lead_time_years == 1
    )
    assert changed.projects["coast_plant"] == case.projects["coast_plant"]
    assert changed.sha256 != case.sha256
    changed = case.changed({"demand.JPN;USA.Dy.*.2026.tonnes": 5.5})
    assert (
        changed.demand["JPN", "Dy", "oxide", 2026]
        == changed.demand["USA", "Dy", "oxide", 2026]
        == 5.5
    )
    assert changed.demand["JPN", "Dy", "oxide", 2031] == 100
    assert (
        case.changed({"stockpiles.*.*.*.max_t": None})
        .lookups.stockpiles["JPN", "Dy", "oxide"]
        .max_t
        is None
    )


@pytest.mark.parametrize(
    ("address", "value", "rule", "said"),
    [
        ("projects.desert_mien.recovery", 1, "no-such-row", 'did you mean "desert_mine"?'),
        ("projects.desert_mine.recovry", 1, "unknown-column", 'did you mean "recovery"?'),
        ("projects.desert_mine.recovery", 1.5, "range", "1.5: must be less than or equal to 1"),
        ("projects.desert_mine.recovery", float("nan"), "not-finite", "nan"),
        ("projects.desert_mine.lead_time_years", 1.5, "not-whole", "1.5"),
        ("projects.desert_mine.country", "AUT", "unknown-reference", 'did you mean "AUS"?'),
        ("projects.desert_mine.country", None, "empty-cell", "must not be empty"),
        ("projects.desert_mine.project", "coast_plant", "repeated-row", "repeats"),
        ("demand.JPN.Dy.*.2030.tonnes", 1, "no-such-row", "2031"),
        ("scenarios.cut.probability", 0.5, "probabilities", "sum to 1.3"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_in_the_words_for_files(
    case: Case, address: str, value: object, rule: str, said: str
) -> None:
    with pytest.raises(InputError) as wrong:
        case.changed({address: value})  # type: ignore[dict-item]
    found = one_fault(wrong)
    assert found.rule == rule and said in str(found)


def test_choices_are_changed_by_key_or_whole(case: Case) -> None:
    assert case.changed({"policy.coordination": "national"}).model.policy.coordination == "national"
    with pytest.raises(InputError, match=r"policy\.coordination: .*allied"):
        case.changed({"policy.coordination": "nationl"})
    with pytest.raises(InputError, match=r'did you mean "policy\.coordination"'):
        case.changed({"policy.cordination": "national"})
    with pytest.raises(InputError, match="first_year 2040 is after"):
        case.changed({"horizon.first_year": 2040})
    unchecked = case.model.model_copy(update={"discount_rate": 7.0})
    with pytest.raises(InputError, match="discount_rate"):
        with_model(case, unchecked)
    assert with_model(case, ModelFile(name="other")).model.name == "other"


def test_settings_are_checked_together(case: Case) -> None:
    moved = case.changed({"scenarios.calm.probability": 0.6, "scenarios.cut.probability": 0.3})
    assert moved.scenarios == pytest.approx({"calm": 0.6, "cut": 0.3, "slip": 0.1})
    everywhere = case.changed({"demand.*.Dy.oxide.*.tonnes": 7})
    assert {t for (_, e, f, _), t in everywhere.demand.items() if (e, f) == ("Dy", "oxide")} == {
        7.0
    }
    with pytest.raises(InputError) as wrong:
        case.changed({"projects.desert_mien.recovery": 1, "demand.JPN.tonnes": 1, "projects": 2})
    assert [f.rule for f in wrong.value.faults] == ["no-such-row", "override", "override"]
    assert "demand.COUNTRY.ELEMENT.FORM.YEAR.COLUMN=VALUE" in str(wrong.value)


def test_growth_counts_from_the_first_year_as_changed_in_python_as_in_files() -> None:
    settings = {"budgets.JPN.*.musd": "+10%/y", "horizon.first_year": 2027}
    case = planner.load(STARTER)
    years = {2027: 20, 2028: 20 * 1.1}
    for changed in (case.changed(settings), checked_case(STARTER, changes=settings)):
        assert {y: changed.budget["JPN", y] for y in years} == pytest.approx(years)
    assert case.changed(dict([*settings.items()][::-1])).budget["JPN", 2028] == pytest.approx(22)
    unchanged = case.changed({"budgets.JPN.*.musd": "+10%/y"})
    assert unchanged.budget["JPN", 2027] == pytest.approx(22)


@pytest.mark.usefixtures("without_pages")
def test_a_cell_set_on_the_command_line_is_in_the_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ["solve", str(STARTER), "--out", str(out), "--no-baseline"]
    done = CliRunner().invoke(app, [*arguments, "--set", "projects.desert_mine.lead_time_years=2"])
    assert done.exit_code == 0, done.stderr
    with (out / "inputs" / "projects.csv").open(encoding="utf-8") as file:
        lead = {row["project"]: row["lead_time_years"] for row in csv.DictReader(file)}
    assert lead["desert_mine"] == "2"
    assert CliRunner().invoke(app, ["replay", str(out)]).exit_code == 0
    wrong = CliRunner().invoke(app, [*arguments, "--set", "projects.desert_mien.lead_time_years=2"])
    assert wrong.exit_code == 2 and 'did you mean "desert_mine"?' in wrong.stderr


def test_the_difference_of_two_cases_is_their_cells_rows_and_keys(case: Case) -> None:
    other = case.changed(
        {
            "shocks.cut.import.2029.2030.CHN......0.factor": 0.5,
            "projects.desert_mine.name": "Sand",
            "elements.Dy.loss_usd_per_kg": 1,
            "policy.coordination": "national",
            "title": "another",
        }
    )
    frame = other.table("budgets")
    other = other.with_table("budgets", frame.iloc[::-1][:-1])
    found = [(d.table, d.key, d.column, d.before, d.after) for d in differences(case, other)]
    first = case.tables.budgets[0]
    assert found == [
        ("elements", ("Dy",), "loss_usd_per_kg", 20000.0, 1.0),
        ("budgets", (first.funder, str(first.year)), "", first, None),
        (
            "shocks",
            ("cut", "import", "2029", "2030", "CHN", "", "", "", "", ""),
            "factor",
            0.0,
            0.5,
        ),
        ("model", (), "policy.coordination", "allied", "national"),
    ]
    assert not list(differences(case, case.with_table("demand", case.table("demand").iloc[::-1])))
