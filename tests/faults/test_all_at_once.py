"""Every fault is told in one go: what is wrong in one row hides nothing that is wrong in another."""

from __future__ import annotations

import random
from copy import deepcopy
from itertools import combinations
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.data.load import checked_case
from planner.errors import CHANGE, Fault, InputError
from tests.cases import LONG, imports, mine, plant, write_case
from tests.faults.conftest import write_text
from tests.faults.mutations import Mutation, Text, all_mutations

Place = tuple[str, int, str]
"""Rule, line and column of a fault."""


def faults_of(path: Path, *changes: str) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        checked_case(path, changes=changes)
    return list(caught.value.faults)


def places(faults: list[Fault], table: str) -> set[Place]:
    return {(one.rule, one.line, one.column) for one in faults if one.place == f"{table}.csv"}


HAZARDS = """
hazard, kind, supplier, stage, each, event, within, probability, first, last, quarters_low, quarters_high, factor_low, factor_high
lost, import, CHN, , , , , 2, 2027, 2028, , , 0, 0
who, import, CHM, , , , , 0.2, 2027, 2028, , , 0, 0
when, import, CHN, , , , , 0.2, , 2028, , , 0, 0
late, delay, , mine, , , , 0.2, 2027Q1, 2028, , , 1, 1
one, import, CHN, , , both, , 0.2, 2027, 2028, , , 0, 0
two, import, CHN, , , both, base, , 2027, , , , 0, 0
gone, import, CHN, , , torn, , x, 2027, 2028, , , 0, 0
rest, import, CHN, , , torn, , , , , , , 0, 0
"""


def test_no_row_of_hazards_hides_the_faults_of_the_others(tmp_path: Path) -> None:
    """Of an event whose first row was not read nothing else is said: that row has what the others leave blank."""
    folder = write_case(tmp_path, imports=[imports(1)], projects=[mine()], hazards=HAZARDS)
    assert places(faults_of(folder), "hazards") == {
        ("range", 2, "probability"),
        ("unknown-reference", 3, "supplier"),
        ("empty-cell", 4, "first"),
        ("delay-quarter", 5, "first"),
        ("hazard-event", 7, "within"),
        ("not-a-number", 8, "probability"),
    }


def test_a_row_that_is_not_read_hides_neither_its_names_nor_the_faults_of_others(
    tmp_path: Path,
) -> None:
    folder = write_case(
        tmp_path,
        demand="country, element, year, tonnes\nAAA, Dy, 2026, 1\nAAB, Dz, 2026, many",
        feeds="feed, element, share\nore, Dy, 0.9\nore, Tb, 0.9\nclay, Dy, half",
        ramps="ramp, year_after_start, share\nfast, 0, most\nslow, 0, 0.5\nslow, 2, 1",
        returns="project, stage, element, feed, share\nshop, , Dy, ore, 0",
        projects=[
            plant(max_new_tpa="much"),
            {"project": "shop", "country": "AAA", "stage": "metal", "recovery": 0.5},
        ],
        elements="element, loss_usd_per_kg\nDy, 1\nTb, 1",
    )
    faults = faults_of(folder)
    assert places(faults, "demand") == {
        ("not-a-number", 3, "tonnes"),
        ("unknown-reference", 3, "country"),
        ("unknown-reference", 3, "element"),
    }
    assert places(faults, "feeds") == {("feed-shares", 3, "share"), ("not-a-number", 4, "share")}
    assert places(faults, "ramps") == {
        ("not-a-number", 2, "share"),
        ("ramp-years", 4, "year_after_start"),
    }
    assert places(faults, "projects") == {("not-a-number", 2, "max_new_tpa")}


def test_both_ends_of_a_probability_that_are_wrong_are_told(tmp_path: Path) -> None:
    rows = "scenario, probability, probability_low, probability_high\none, 0.5, 0.9, 0.1\ntwo, 0.5, 0.9, 1"
    folder = write_case(tmp_path, scenarios=rows)
    assert places(faults_of(folder), "scenarios") == {
        ("odds", 2, "probability"),
        ("odds", 2, "probability_high"),
        ("odds", 3, "probability"),
    }


def test_faults_of_changes_stand_beside_each_other_and_beside_those_of_tables(
    tmp_path: Path,
) -> None:
    folder = write_case(tmp_path / "sound", projects=[mine()])
    changes = ("project.mine.x=1", "objective.tail=2", "projects.mill.rise=1", "policy=home")
    faults = [one.message for one in faults_of(folder, *changes)]
    assert len(faults) == 4
    for part in ('table "project"', "must be less than 1", 'project "mill"', "write [policy]"):
        assert any(part in message for message in faults), (part, faults)
    wrong = write_case(tmp_path / "wrong", projects=[mine(recovery=2)])
    told = faults_of(wrong, "projct.mine.x=1")
    assert [one.place for one in told] == ["projects.csv", CHANGE]
    done = CliRunner().invoke(app, ["check", str(wrong), "--set", "projct.mine.x=1"])
    assert "projects.csv:2: recovery" in done.stderr and "--set" in done.stderr
    served = CliRunner().invoke(app, ["serve", str(wrong), "--set", "projct.mine.x=1"])
    assert served.exit_code == 2 and "projects.csv:2" in served.stderr and "--set" in served.stderr


SUMS = (
    *("returns-sum", "probabilities", "no-rows", "must-run-staff"),
    *("schedule-years", "schedule-capital", "schedule-output", "schedule-alone"),
)
"""Rules of which a row that was not read may be the reason, or may be what was lost."""
OF_WHOLE_ROWS = ("wide row", "repeated row", "without rows")


def test_of_two_faults_in_two_rows_of_a_table_both_are_told(base: Text, tmp_path: Path) -> None:
    """Pairs of single faults, drawn; one of each is of a rule that spans cells."""
    by_table: dict[str, list[Mutation]] = {}
    for mutation in all_mutations(base):
        is_of_row = mutation.line > 1 and not mutation.name.endswith(OF_WHOLE_ROWS)
        if is_of_row and mutation.rule not in SUMS and "renamed" not in mutation.name:
            by_table.setdefault(mutation.table, []).append(mutation)
    pairs: list[tuple[Mutation, Mutation]] = []
    for mutations in by_table.values():
        for one, two in combinations(mutations, 2):
            if one.line != two.line:
                pairs.append((one, two))
    folder = write_text(base, tmp_path / "case")
    hidden: list[str] = []
    for one, two in random.Random(7).sample(pairs, 3_000 if LONG else 200):
        text = deepcopy(base)
        one.apply(text)
        two.apply(text)
        changed = [name for name in base if text[name] != base[name]]
        write_text({name: text[name] for name in changed}, folder)
        told = faults_of(folder)
        for mutation in (one, two):
            place = f"{one.table}.csv:{mutation.line}"
            rules = {x.rule for x in told if place in (f"{x.place}:{x.line}", *x.also)}
            if mutation.rule not in rules:
                hidden.append(f"{one} and {two}: {told}")
        write_text({name: base[name] for name in changed}, folder)
    assert not hidden, "\n".join(hidden)
