"""What a good colleague would ask: each warning for what it is meant for, at its place, and silent when told to be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.case import with_rows
from planner.data.findings import collapse
from planner.data.load import checked_case
from planner.data.warnings import warnings_of
from planner.errors import RULES
from tests import cases
from tests.cases import mine, plant, record, smelter
from tests.conftest import MakeCase
from tests.faults.conftest import STARTER, write_text
from tests.faults.likely_slips import SLIPS
from tests.faults.mutations import Mutation, Text, edit, find, mutated, setter, written

ALLIED = STARTER.parent / "allied-2026"


def add(table: str, **values: str) -> Callable[[Text], None]:
    return lambda text: text[table].append([values.get(column, "") for column in text[table][0]])


def both(*changes: Callable[[Text], None]) -> Callable[[Text], None]:
    def apply(text: Text) -> None:
        for change in changes:
            change(text)

    return apply


ODD: dict[str, tuple[Callable[[Text], None], str, str]] = {
    "look-alike": (add("countries", country="jpn"), "countries", "country"),
    "rare-name": (
        both(
            lambda text: text.pop("suppliers") and None,
            add("imports", supplier="cnh", country="JPN", element="Tb", year="2026", tonnes="1"),
        ),
        "imports",
        "supplier",
    ),
    "repeated-label": (setter("elements", 3, "name", "Dysprosium"), "elements", "name"),
    "unit-above-most": (setter("projects", 3, "unit_tpa", "1e6"), "projects", "unit_tpa"),
    "magnet-tonnes": (
        both(
            add("demand", country="JPN", element="Dy", form="magnet", year="2026", tonnes="10"),
            add("projects", project="m", country="JPN", stage="magnet", existing_tpa="51"),
        ),
        "projects",
        "existing_tpa",
    ),
    "demand-above-supply": (setter("demand", 3, "tonnes", "50000"), "demand", "tonnes"),
    "mixed-basis": (setter("projects", 4, "basis", "treo"), "projects", "basis"),
    "quiet-scenario": (
        both(
            lambda text: text.pop("draws") and None,
            setter("scenarios", 2, "probability", "0.6"),
            add("scenarios", scenario="idle", probability="0.1"),
        ),
        "scenarios",
        "scenario",
    ),
    "hazards-not-drawn": (lambda text: text.pop("draws") and None, "hazards", ""),
    "odd-year": (setter("demand", 3, "year", "2103"), "demand", "year"),
    "far-off": (setter("demand", 3, "tonnes", "100000"), "demand", "tonnes"),
    "unrunnable-plant": (setter("projects", 3, "existing_tpa", "5000"), "projects", "existing_tpa"),
    "too-late": (setter("projects", 3, "lead_time_years", "30"), "projects", "lead_time_years"),
    "budget-outside": (add("budgets", funder="USA", year="2050", musd="5"), "budgets", "year"),
    "funder-without-budget": (add("funders", funder="UAS", countries="*"), "funders", "funder"),
    "boundless-feed": (
        both(
            add("elements", element="La", heavy="false", loss_usd_per_kg="100"),
            add("feeds", feed="bastnaesite", element="La", share="0.3"),
            add("projects", project="pit", country="AUS", stage="mine", feeds="bastnaesite"),
            setter("projects", 3, "feeds", "xenotime;bastnaesite"),
        ),
        "projects",
        "feeds",
    ),
    "no-use": (
        add(
            "imports",
            supplier="CHN",
            country="AUS",
            element="Tb",
            form="oxide",
            year="2026",
            tonnes="5",
        ),
        "imports",
        "element",
    ),
    "absent-table": (lambda text: text.pop("funders") and None, "budgets", ""),
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
    "shock-outside": (
        edit("shocks", {(2, "start_year"): "2060", (2, "end_year"): "2061"}),
        "shocks",
        "start_year",
    ),
    "shock-without-effect": (
        edit("shocks", {(4, "stage"): "mine", (4, "country"): "JPN"}),
        "shocks",
        "kind",
    ),
    "odd-ramp": (setter("ramps", 3, "share", "0.4"), "ramps", "share"),
    "row-missing": (
        both(
            *(add("countries", country=name) for name in ("XXA", "XXB")),
            *(
                add("budgets", funder=name, year=year, musd="5")
                for name in ("XXA", "XXB", "AUS")
                for year in ("2027", "2028")
                if (name, year) != ("AUS", "2027")
            ),
            lambda text: text["budgets"].__delitem__(2),
        ),
        "budgets",
        "year",
    ),
    "blank-cell": (setter("projects", 5, "existing_tpa", ""), "projects", "existing_tpa"),
    "untaught-seats": (setter("training", 2, "seats", "10"), "training", "seats"),
    "unseparated-feed": (setter("projects", 3, "max_new_tpa", "20"), "projects", "max_new_tpa"),
    "idle-staff": (edit("projects", {(4, "country"): "AUS"}), "workforce", "initial"),
    "fading-staff": (setter("training", 3, "country", "AUS"), "workforce", "hires_per_year"),
    "too-few-people": (setter("training", 2, "max_new_seats", "1"), "workforce", "hires_per_year"),
    "not-made": (lambda text: text["feeds"].__delitem__(2), "demand", "element"),
    "unfed-plant": (setter("projects", 2, "existing_tpa", "20"), "projects", "existing_tpa"),
    "unused": (add("ramps", ramp="quick", year_after_start="0", share="1"), "ramps", "ramp"),
}


@pytest.mark.parametrize("name", ODD)
def test_each_warning_is_given_at_its_place_and_can_be_silenced(
    base: Text, tmp_path: Path, name: str
) -> None:
    change, table, column = ODD[name]
    before = {
        (w.rule, w.message) for w in warnings_of(planner.load(write_text(base, tmp_path / "base")))
    }
    folder = write_text(
        mutated(base, Mutation(name, change, name, table, 0, column)), tmp_path / "case"
    )
    case = planner.load(folder)
    found = [w for w in warnings_of(case) if w.rule == name and (w.rule, w.message) not in before]
    assert found, [str(w) for w in warnings_of(case)]
    if name != "unrunnable-plant":
        assert (found[0].place, found[0].column) == (f"{table}.csv", column)
        assert found[0].line > 1 or name in ("hazards-not-drawn", "absent-table")
    assert found[0].remedy
    assert name not in {w.rule for w in warnings_of(case, ignore=[name])}


def test_files_that_are_not_read_and_short_rows_are_said(base: Text, tmp_path: Path) -> None:
    folder = write_text(base, tmp_path / "case")
    (folder / "loss_tiers.csv").rename(folder / "loss_tiers.txt")
    (folder / "modle.toml").write_text("")
    with (folder / "demand.csv").open("a") as file:
        file.write("AUS,Dy,oxide,2026,12\n")
    found = {w.rule: w for w in warnings_of(planner.load(folder))}
    assert (
        "short-row" in found
        and found["short-row"].place == "demand.csv"
        and found["short-row"].line == 6
    )
    assert "ignored-file" in found


def test_every_warning_is_tested() -> None:
    assert set(RULES["warnings"]) == {
        *ODD,
        *SLIPS,
        "wide-tail",
        "narrow-tail",
        "swallowed-rows",
        "short-row",
        "ignored-file",
        "not-adaptive",
        "staged-without-draws",
        "unused-risk-limit",
    }


def test_a_limit_of_the_risk_without_goal_target_is_a_warning(tmp_path: Path) -> None:
    model = tmp_path / "limited.toml"
    model.write_text('[objective]\ngoal = "welfare"\nrisk_limit = 500\n')
    case = planner.load(STARTER, model)
    (warning,) = warnings_of(case)
    assert (warning.rule, warning.column) == ("unused-risk-limit", "objective.risk_limit")
    assert 'no effect with goal = "welfare"' in warning.message
    assert warnings_of(case.changed("objective.risk_limit=")) == []
    assert warnings_of(case.changed("objective.goal=target")) == []


def test_the_cases_that_are_shipped_are_quiet_and_quickly_checked() -> None:
    assert warnings_of(planner.load(STARTER)) == []
    case = planner.load(ALLIED)
    started = time.process_time()
    # Yttrium and whole magnets for a stock at what they cost, two plants that begin small, plants that stand warm with
    # their people, the whole crew of a small metal shop: answered on the page of the case.
    assert {w.rule for w in warnings_of(case)} == {"hazards-not-drawn", "far-off"}
    assert {w.place for w in warnings_of(case) if w.rule == "far-off"} == {
        "imports.csv",
        "projects.csv",
        "staffing.csv",
        "stockpiles.csv",
    }
    assert time.process_time() - started < 1.0  # 0.05 s on an idle machine


def test_check_prints_warnings_for_people_and_programs(base: Text, tmp_path: Path) -> None:
    folder = write_text(
        mutated(base, Mutation("", ODD["too-late"][0], "", "", 0, "")), tmp_path / "case"
    )
    line = find(base, "projects", project="coast_plant")

    def check(*options: str) -> dict[str, list[dict[str, object]]]:
        return json.loads(
            CliRunner().invoke(app, ["check", str(folder), "--json", *options]).stdout
        )

    (found,) = [w for w in check()["warnings"] if w["rule"] == "too-late"]
    assert (found["place"], found["line"], found["column"]) == (
        "projects.csv",
        line,
        "lead_time_years",
    )
    assert found["value"] == "30" and found["remedy"] and found["message"]
    assert "too-late" not in {w["rule"] for w in check("--ignore", "too-late")["warnings"]}
    plain = CliRunner().invoke(app, ["check", str(folder)])
    assert plain.exit_code == 0 and "warning too-late: projects.csv" in plain.stderr
    wrong = CliRunner().invoke(app, ["check", str(folder), "--ignore", "too-lat"])
    assert wrong.exit_code == 2 and 'did you mean "too-late"' in wrong.stderr


def test_plants_that_may_be_built_where_nobody_could_run_them_are_warned_about() -> None:
    case = planner.load(STARTER)
    projects = case.table("projects")
    twin = projects[projects["project"] == "coast_plant"].assign(project="gulf", country="USA")
    gulf = case.with_table("projects", pd.concat([projects, twin]))
    (found,) = [w for w in warnings_of(gulf) if w.rule == "too-few-people"]
    assert (found.place, found.line) == ("workforce.csv", 0)
    assert "USA may build need 20 persons of chemist, and no row names them" in found.message
    told = {w.rule for w in warnings_of(gulf.changed({"policy.secondment_share": 0.1}))}
    assert "too-few-people" not in told, "others may lend theirs"
    staff = case.table("workforce").astype(object)
    staff.loc[len(staff)] = staff.iloc[0]
    staff.loc[len(staff) - 1, ["country", "hires_per_year"]] = ["USA", 5]
    told = {w.rule for w in warnings_of(gulf.with_table("workforce", staff))}
    assert "too-few-people" not in told


def test_committed_through_without_adaptive_investment_is_said() -> None:
    case = checked_case(STARTER, changes={"policy.committed_through": 2027})
    (found,) = warnings_of(case)
    assert (found.rule, found.place, found.column) == (
        "not-adaptive",
        "model",
        "policy.committed_through",
    )
    assert warnings_of(case.changed({"policy.investment": "adaptive"})) == []


def test_staged_investment_without_draws_is_said() -> None:
    case = checked_case(STARTER, changes={"policy.investment": "staged"})
    (found,) = warnings_of(case)
    assert (found.rule, found.column) == ("staged-without-draws", "policy.investment")
    drawn = [row.model_copy(update={"hazard": "war"}) for row in case.tables.shocks]
    assert warnings_of(with_rows(case, shocks=tuple(drawn))) == []


def test_people_read_the_first_warning_of_a_rule_and_where_the_others_are(
    base: Text, tmp_path: Path
) -> None:
    ramps = both(*(add("ramps", ramp=f"r{i}", year_after_start="0", share="1") for i in range(5)))
    case = planner.load(
        write_text(mutated(base, Mutation("", ramps, "", "", 0, "")), tmp_path / "case")
    )
    alone = [w for w in warnings_of(case) if (w.rule, w.column) == ("unused", "ramp")]
    first, more = collapse(alone, listed=1)
    assert len(alone) >= 5 and first == alone[0]
    assert more.message == f"and {len(alone) - 1} more like it, from here on"
    assert more.line == alone[1].line
    assert more.also == tuple(f"{w.place}:{w.line}" for w in alone[2:])


@pytest.mark.parametrize(
    ("table", "line", "column", "year"),
    [
        ("projects", 2, "online_year", "29"),
        ("projects", 2, "retire_year", "2926"),
        ("imports", 2, "year", "1929"),
        ("demand", 4, "year", "2016"),
        ("hazards", 2, "first", "2003"),
    ],
)
def test_a_year_far_from_the_horizon_is_said(
    base: Text, tmp_path: Path, table: str, line: int, column: str, year: str
) -> None:
    text = mutated(base, Mutation("", setter(table, line, column, year), "", "", 0, ""))
    found = [
        w
        for w in warnings_of(planner.load(write_text(text, tmp_path / "case")))
        if w.rule == "odd-year"
    ]
    assert [(w.place, w.line, w.column) for w in found] == [(f"{table}.csv", line, column)]
    assert f"{year} is far from the horizon" in found[0].message


def test_magnets_without_a_chain_to_them_are_short(tmp_path: Path) -> None:
    """Metal is sold to AAA, so a magnet plant there can be fed; without the plant nothing makes magnets."""
    tables = {
        "demand": [
            {"country": "AAA", "element": "Dy", "form": "magnet", "year": 2026, "tonnes": 1}
        ],
        "imports": [
            record(supplier="X", country="AAA", element="Dy", form="metal", year=2026, tonnes=1)
        ],
    }
    plant = {"project": "m", "country": "AAA", "stage": "magnet", "existing_tpa": 1}
    rules = {}
    for name, projects in {"none": [cases.mine()], "plant": [cases.mine(), plant]}.items():
        case = cases.load_case(tmp_path / name, projects=projects, **tables)
        rules[name] = {w.rule for w in warnings_of(case)}
    assert "demand-above-supply" in rules["none"] and "demand-above-supply" not in rules["plant"]


def test_a_hazard_that_touches_nothing_is_said(base: Text, tmp_path: Path) -> None:
    text = mutated(base, Mutation("", edit("hazards", {(2, "country"): "JPN"}), "", "", 0, ""))
    found = {
        w
        for w in warnings_of(planner.load(write_text(text, tmp_path / "case")))
        if w.place == "hazards.csv"
    }
    assert {(w.rule, w.line, w.column) for w in found} == {("shock-without-effect", 2, "kind")}


Change = Callable[[Text], None]
WRITTEN = """
shock before | shocks | 2.start_year = 2019 | shock-outside | 2019 is outside 2026-2031
hazard after | hazards | 2.first = 2040 & 2.last = 2041 | shock-outside | 2040 is outside 2026-2031
per cent | elements | 2.loss_usd_per_kg = 20 | far-off | 0.067 times the price of its element
slip of a loss | elements | 3.loss_usd_per_kg = 50 | far-off | 0.042 times the price of its element
slip of a capex | projects | 3.capex_usd_per_tpa = 200 | far-off | not between 30000
slip of a price | stockpiles | 2.purchase_usd_per_kg = 400000 | far-off | 1,333 times the price
a delay of centuries | shocks | 4.factor = 1000 | far-off | not between
a terbium that no ore has | feeds | 3.share = 0.2 | far-off | 2 times the dysprosium in it
stock of another form | stockpiles | 2.form = magnet | no-use | neither uses nor buys Dy (magnet)
resale by another | resale | 2.country = AUS | no-use | is sold to AUS
shock beyond the end | shocks | 2.end_year = 2040 | shock-outside | 2040 is outside 2026-2031
course and seats exchanged | training | 2.duration_years = 12 & 2.seats = 2 | far-off | 12 is not between 1 and 8
"""
"""What is asked about: its name | table | LINE.column = value & .. | rule | words. The first cell is named."""


NEW: dict[str, tuple[Change, str, str, int, str]] = {
    "no shocks at all": (
        both(
            *(
                lambda text, name=name: text.pop(name) and None
                for name in ("shocks", "hazards", "draws")
            )
        ),
        "quiet-scenario",
        "scenarios",
        3,
        'the same is felt as in "calm"',
    ),
    "slip of a demand": (
        both(setter("demand", 5, "tonnes", "0.01"), lambda text: text.pop("stockpiles") and None),
        "far-off",
        "imports",
        4,
        "1,100 times a year's use there",
    ),
    "a share that no solver can tell apart": (
        both(
            add("elements", element="Lu", heavy="true", loss_usd_per_kg="1000"),
            add("feeds", feed="xenotime", element="Lu", share="1e-12"),
        ),
        "far-off",
        "feeds",
        7,
        "1e-12 is not between",
    ),
    "bought and used by nobody": (
        lambda text: text["demand"].__delitem__(3),
        "no-use",
        "imports",
        3,
        "USA neither uses Dy (oxide)",
    ),
    "tier of another form": (
        both(setter("loss_tiers", 2, "form", "magnet"), setter("loss_tiers", 3, "form", "magnet")),
        "no-use",
        "loss_tiers",
        2,
        "uses Dy",
    ),
    "two scenarios alike": (
        both(
            lambda text: text.pop("draws") and None,
            lambda text: text["shocks"].__delitem__(slice(3, None)),
        ),
        "quiet-scenario",
        "scenarios",
        4,
        'the same is felt as in "cut"',
    ),
    "plants late where imports cover all": (
        both(
            lambda text: text.pop("draws") and None,
            lambda text: text["shocks"].__delitem__(slice(4, 6)),
            lambda text: text["shocks"].__delitem__(2),
        ),
        "quiet-scenario",
        "scenarios",
        4,
        'the same is felt as in "calm"',
    ),
    "staff of two countries exchanged": (
        edit("workforce", {(2, "initial"): "4", (3, "initial"): "1"}),
        "unrunnable-plant",
        "workforce",
        3,
        "what exists in the first year needs 1.2",
    ),
    "nothing supplies it": (
        both(
            add("elements", element="Lu", heavy="true", loss_usd_per_kg="1000"),
            add("demand", country="JPN", element="Lu", year="2026", tonnes="5"),
        ),
        "demand-above-supply",
        "demand",
        6,
        "5 t of Lu (oxide) are short in 2026",
    ),
    "nobody needed": (
        lambda text: text.pop("staffing") and None,
        "absent-table",
        "workforce",
        0,
        "staffing",
    ),
}


for row in WRITTEN.strip().splitlines():
    name, table, cells, rule, words = row.split(" | ")
    changes = written(cells)
    NEW[name] = (edit(table, changes), rule, table, next(iter(changes))[0], words)


@pytest.mark.parametrize("name", NEW)
def test_what_would_change_an_answer_in_silence_is_asked_about(
    base: Text, tmp_path: Path, name: str
) -> None:
    change, rule, table, line, said = NEW[name]
    text = mutated(base, Mutation(name, change, rule, table, line, ""))
    found = [
        w for w in warnings_of(planner.load(write_text(text, tmp_path / "case"))) if w.rule == rule
    ]
    assert any(
        (w.place, w.line) == (f"{table}.csv", line) and said in w.message and w.remedy
        for w in found
    ), found


def test_rates_that_were_meant_in_per_cent_are_asked_about() -> None:
    case = checked_case(STARTER, changes={"discount_rate": 0.5, "objective.risk_slack": 5})
    assert [(w.rule, w.column) for w in warnings_of(case)] == [
        ("far-off", "discount_rate"),
        ("far-off", "objective.risk_slack"),
    ]


FEED_RULES = ("unused", "boundless-feed")


@pytest.mark.parametrize(
    ("feeds", "plants", "asked"),
    [
        ({}, [mine(), plant(basis="heavy")], []),
        ({}, [mine()], [("unused", "projects.csv", 2)]),
        ({}, [plant()], [("unused", "projects.csv", 2)]),
        ({"clay": "La"}, [mine(), plant()], [("unused", "feeds.csv", 3)]),
        (
            {"clay": "La"},
            [mine(feeds="clay"), plant(feeds="clay", basis="contained")],
            [("unused", "feeds.csv", 2)],
        ),
        (
            {"clay": "La"},
            [mine(), mine(project="pit", feeds="clay"), plant(basis="heavy", feeds="ore;clay")],
            [("boundless-feed", "projects.csv", 4)],
        ),
        (
            {"clay": "La"},
            [mine(), plant(basis="heavy", feeds="ore;clay")],
            [("unused", "projects.csv", 3), ("boundless-feed", "projects.csv", 3)],
        ),
        ({"swarf": "Dy"}, [mine(), plant(), smelter()], [("unused", "returns.csv", 2)]),
        ({"swarf": "Dy"}, [mine(), plant(feeds="ore;swarf"), smelter()], []),
    ],
)
def test_a_feed_needs_who_gives_it_and_who_takes_it_and_something_that_counts(
    make_case: MakeCase,
    feeds: dict[str, str],
    plants: list[dict[str, object]],
    asked: list[tuple[str, str, int]],
) -> None:
    returned = "project, stage, element, feed, share\n, metal, Dy, swarf, 0"
    case = make_case(
        elements="element, heavy, loss_usd_per_kg\nDy, true, 1000\nLa, false, 1000",
        feeds=[{"feed": "ore", "element": "Dy", "share": 1}]
        + [{"feed": feed, "element": element, "share": 1} for feed, element in feeds.items()],
        projects=plants,
        returns=returned if "swarf" in feeds else None,
    )
    told = [(w.rule, w.place, w.line) for w in warnings_of(case) if w.rule in FEED_RULES]
    assert sorted(told) == sorted(asked)
