"""What a good colleague would ask: each warning for what it is meant for, at its place, and silent when told to be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.rules import WARNINGS
from planner.data.warnings import warnings_of
from tests.faults.conftest import STARTER, write_text
from tests.faults.mutations import Mutation, Text, edit, find, mutated, setter

ALLIED = STARTER.parent / "allied-2026"
BASE_WARNINGS = {"unmined-feed", "unused"}


def add(table: str, **values: str) -> Callable[[Text], None]:
    return lambda text: text[table].append([values.get(column, "") for column in text[table][0]])


def both(*changes: Callable[[Text], None]) -> Callable[[Text], None]:
    def apply(text: Text) -> None:
        for change in changes:
            change(text)

    return apply


ODD: dict[str, tuple[Callable[[Text], None], str, str]] = {
    "look-alike": (add("countries", country="jpn"), "countries", "country"),
    "odd-year": (setter("demand", 3, "year", "2103"), "demand", "year"),
    "far-off": (setter("demand", 3, "tonnes", "100000"), "demand", "tonnes"),
    "unrunnable-plant": (setter("projects", 3, "existing_tpa", "5000"), "projects", "existing_tpa"),
    "too-late": (setter("projects", 3, "lead_time_years", "30"), "projects", "lead_time_years"),
    "pays-late": (setter("projects", 3, "capex_usd_per_tpa", "9e11"), "projects", "capex_usd_per_tpa"),
    "idle-money": (
        both(add("countries", country="XXX"), add("budgets", funder="XXX", year="2027", musd="5")),
        "budgets",
        "funder",
    ),
    "budget-outside": (add("budgets", funder="USA", year="2050", musd="5"), "budgets", "year"),
    "funder-without-budget": (add("funders", funder="UAS", countries="*"), "funders", "funder"),
    "no-supply": (
        both(
            add("elements", element="Lu", heavy="true", loss_usd_per_kg="1000"),
            add("demand", country="JPN", element="Lu", year="2026", tonnes="5"),
        ),
        "demand",
        "element",
    ),
    "unmined-feed": (setter("projects", 3, "feeds", "xenotime;clay"), "projects", "feeds"),
    "retired-before-online": (
        edit("projects", {(2, "online_year"): "2030", (2, "retire_year"): "2028"}),
        "projects",
        "retire_year",
    ),
    "idle-training": (
        add(
            "training",
            programme="p",
            country="USA",
            skill="chemist",
            duration_years="1",
            seats="1",
            cost_per_trainee_usd="1",
        ),
        "training",
        "skill",
    ),
    "shock-outside": (edit("shocks", {(2, "start_year"): "2060", (2, "end_year"): "2061"}), "shocks", "start_year"),
    "shock-without-effect": (edit("shocks", {(4, "stage"): "mine", (4, "country"): "JPN"}), "shocks", "kind"),
    "same-shock-twice": (
        add("shocks", scenario="cut", kind="import", start_year="2030", end_year="2030", supplier="CHN", factor="0.5"),
        "shocks",
        "start_year",
    ),
    "unused": (add("ramps", ramp="quick", year_after_start="0", share="1"), "ramps", "ramp"),
    "numerics": (add("feeds", feed="xenotime", element="Lu", share="1e-12"), "feeds", "share"),
}
ODD["numerics"] = (
    both(add("elements", element="Lu", heavy="true", loss_usd_per_kg="1000"), ODD["numerics"][0]),
    "feeds",
    "share",
)


@pytest.mark.parametrize("name", ODD)
def test_each_warning_is_given_at_its_place_and_can_be_silenced(base: Text, tmp_path: Path, name: str) -> None:
    change, table, column = ODD[name]
    before = {(w.rule, w.message) for w in warnings_of(planner.load(write_text(base, tmp_path / "base")))}
    folder = write_text(mutated(base, Mutation(name, change, name, table, 0, column)), tmp_path / "case")
    case = planner.load(folder)
    found = [w for w in warnings_of(case) if w.rule == name and (w.rule, w.message) not in before]
    assert found, [str(w) for w in warnings_of(case)]
    if name != "unrunnable-plant":
        assert (found[0].place, found[0].column) == (f"{table}.csv", column)
        assert found[0].line > 1
    assert found[0].remedy
    assert name not in {w.rule for w in warnings_of(case, ignore=[name])}


def test_files_that_are_not_read_and_short_rows_are_said(base: Text, tmp_path: Path) -> None:
    folder = write_text(base, tmp_path / "case")
    (folder / "loss_tiers.csv").rename(folder / "loss_tiers.txt")
    (folder / "modle.toml").write_text("")
    with (folder / "demand.csv").open("a") as file:
        file.write("AUS,Dy,oxide,2026,12\n")
    found = {w.rule: w for w in warnings_of(planner.load(folder))}
    assert "short-row" in found and found["short-row"].place == "demand.csv" and found["short-row"].line == 6
    assert "ignored-file" in found


def test_every_warning_is_tested() -> None:
    assert set(WARNINGS) == {*ODD, "short-row", "ignored-file"}


def test_the_cases_that_are_shipped_are_quiet_and_quickly_checked() -> None:
    assert warnings_of(planner.load(STARTER)) == []
    case = planner.load(ALLIED)
    started = time.perf_counter()
    assert len(warnings_of(case)) <= 2
    assert time.perf_counter() - started < 1.0  # 0.05 s on an idle machine


def test_check_prints_warnings_for_people_and_programs(base: Text, tmp_path: Path) -> None:
    folder = write_text(mutated(base, Mutation("", ODD["too-late"][0], "", "", 0, "")), tmp_path / "case")
    line = find(base, "projects", project="coast_plant")

    def check(*options: str) -> dict[str, list[dict[str, object]]]:
        return json.loads(CliRunner().invoke(app, ["check", str(folder), "--json", *options]).stdout)

    (found,) = [w for w in check()["warnings"] if w["rule"] == "too-late"]
    assert (found["place"], found["line"], found["column"]) == ("projects.csv", line, "lead_time_years")
    assert found["value"] == "30" and found["remedy"] and found["message"]
    assert "too-late" not in {w["rule"] for w in check("--ignore", "too-late")["warnings"]}
    plain = CliRunner().invoke(app, ["check", str(folder)])
    assert plain.exit_code == 0 and "warning too-late: projects.csv" in plain.stderr
    wrong = CliRunner().invoke(app, ["check", str(folder), "--ignore", "too-lat"])
    assert wrong.exit_code == 2 and 'did you mean "too-late"' in wrong.stderr
