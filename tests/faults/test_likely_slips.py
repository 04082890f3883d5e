"""Slips that no schema knows are asked about, and edits that a planner makes are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.warnings import warnings_of
from tests.faults.conftest import STARTER, write_text
from tests.faults.likely_slips import HARMLESS, SLIPS, Change, add, both, every
from tests.faults.mutations import Mutation, Text, mutated

INPUTS = STARTER.parent
EACH = [(rule, *slip) for rule, slips in SLIPS.items() for slip in slips]


@pytest.mark.parametrize(
    ("rule", "what", "change", "table", "column"), EACH, ids=[f"{e[0]}: {e[1]}" for e in EACH]
)
def test_a_slip_is_asked_about_at_its_place(
    base: Text, tmp_path: Path, rule: str, what: str, change: Change, table: str, column: str
) -> None:
    before = planner.load(write_text(base, tmp_path / "base"))
    assert rule not in {warning.rule for warning in warnings_of(before)}
    changed = mutated(base, Mutation(what, change, rule, table, 0, column))
    case = planner.load(write_text(changed, tmp_path / "case"))
    found = [warning for warning in warnings_of(case) if warning.rule == rule]
    assert found, [str(warning) for warning in warnings_of(case)]
    assert (found[0].place, found[0].column) == (f"{table}.csv", column)
    assert found[0].line > 1 and found[0].remedy
    assert rule not in {warning.rule for warning in warnings_of(case, ignore=[rule])}


@pytest.mark.parametrize("what", HARMLESS)
def test_a_harmless_edit_stays_silent(base: Text, tmp_path: Path, what: str) -> None:
    changed = mutated(base, Mutation(what, HARMLESS[what], "", "", 0, ""))
    before = warnings_of(planner.load(write_text(base, tmp_path / "base")))
    after = warnings_of(planner.load(write_text(changed, tmp_path / "case")))
    asked = {warning.rule for warning in after} - {warning.rule for warning in before}
    assert asked.isdisjoint(SLIPS)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("starter", []),
        ("allied-2026", ["far-off", "hazards-not-drawn"]),
        ("backtest-2025", ["not-made"]),
    ],
)
def test_of_these_cases_check_asks_what_their_pages_answer(name: str, asked: list[str]) -> None:
    """A register is to be drawn from, plants that start later take metal in, a stock is dear in Europe; and in the back-test no
    plant makes yttrium oxide. All are so."""
    rules = [warning.rule for warning in warnings_of(planner.load(INPUTS / name))]
    assert list(dict.fromkeys(rules)) == asked


@pytest.mark.parametrize(("tail", "rule"), [("0.2", "wide-tail"), ("0.999999", "narrow-tail")])
def test_a_tail_of_nearly_all_or_of_nothing_is_said_by_check(tail: str, rule: str) -> None:
    said = CliRunner().invoke(app, ["check", str(STARTER), "--set", f"objective.tail={tail}"])
    assert said.exit_code == 0 and rule in said.output, said.output


def test_two_suppliers_are_confirmed_by_a_table(base: Text, tmp_path: Path) -> None:
    again = add("imports", supplier="ROW", country="JPN", element="Dy", year="2026", tonnes="5")
    text = mutated(
        base, Mutation("", both(again, lambda text: text.pop("suppliers")), "", "", 0, "")
    )
    asked = warnings_of(planner.load(write_text(text, tmp_path)))
    assert "there is no table suppliers: nothing confirms that CHN, ROW are 2" in {
        warning.message for warning in asked if warning.rule == "absent-table"
    }


def test_ranges_of_rare_earths_are_not_asked_of_another_commodity(
    base: Text, tmp_path: Path
) -> None:
    cheap = both(every("projects", "capex_usd_per_tpa", "900"), lambda text: text.pop("about"))
    text = mutated(base, Mutation("", cheap, "", "", 0, ""))
    assert "capex_usd_per_tpa" in far_off(write_text(text, tmp_path / "rare"))
    text["about"] = [["key", "value"], ["commodity", "cobalt"]]
    assert "capex_usd_per_tpa" not in far_off(write_text(text, tmp_path / "cobalt"))


def far_off(folder: Path) -> set[str]:
    """Columns whose figures are asked about."""
    return {one.column for one in warnings_of(planner.load(folder)) if one.rule == "far-off"}
