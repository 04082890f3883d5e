"""Targets in a case and in a model file: the same names, each fault at its file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.case import with_model, without_targets
from planner.data.load import checked_case
from planner.errors import InputError
from tests.cases import write_case

TARGET = '[[targets]]\ntarget = "{name}"\nkind = "origin_share"\nform = "oxide"\nshare = 0.65\n'


def model_file(tmp_path: Path, text: str) -> Path:
    """A model file with the two criteria that every test has, then `text`."""
    path = tmp_path / "asked.toml"
    path.write_text(f"discount_rate = 0.05\n{text}", encoding="utf-8")
    return path


def faults_of(tmp_path: Path, text: str, **tables: str) -> list[tuple[str, int, str, str]]:
    """Place, line, column and rule of what is wrong with a case under a model file."""
    case = write_case(tmp_path / "case", **tables)
    with pytest.raises(InputError) as caught:
        checked_case(case, model_file(tmp_path, text))
    return [(f.place, f.line, f.column, f.rule) for f in caught.value.faults]


def test_a_target_of_the_model_file_is_one_of_the_case(tmp_path: Path) -> None:
    text = TARGET.format(name="one") + 'country = ["AAA"]\nprice_usd_per_kg = 20\n'
    case = checked_case(write_case(tmp_path / "case"), model_file(tmp_path, text))
    found = case.lookups.targets["one"]
    assert (found.kind, found.share, found.price_usd_per_kg) == ("origin_share", 0.65, 20.0)
    assert case.lookups.target_countries("one") == ("AAA",)
    assert case.lookups.target_elements("one") == ("Dy",)
    case.write(tmp_path / "again")
    again = checked_case(tmp_path / "again")
    assert again.lookups.targets["one"].model_dump() == found.model_dump()
    assert again.sha256 == case.sha256


def test_an_id_in_both_is_told_at_the_line_of_the_model_file(tmp_path: Path) -> None:
    table = "target,kind,form,share\none,origin_share,oxide,0.5\n"
    found = faults_of(tmp_path, TARGET.format(name="one"), targets=table)
    assert found == [("asked.toml", 2, "target", "repeated-row")]


def test_a_wrong_key_or_value_is_told_at_its_line(tmp_path: Path) -> None:
    first, second = TARGET.format(name="one"), TARGET.format(name="two")
    assert faults_of(tmp_path, first + second.replace("0.65", "1.65")) == [
        ("asked.toml", 11, "targets.share", "bad-value")
    ]
    assert faults_of(tmp_path, first + second + "shar = 1\n") == [
        ("asked.toml", 12, "targets.shar", "unknown-key")
    ]
    assert faults_of(tmp_path, first + second.replace("share = 0.65\n", "")) == [
        ("asked.toml", 7, "targets.share", "bad-value")
    ]


def test_the_key_of_a_target_that_was_meant_is_named(tmp_path: Path) -> None:
    text = TARGET.format(name="one")
    with pytest.raises(InputError) as caught:
        checked_case(write_case(tmp_path / "case"), model_file(tmp_path, f"{text}price = 20\n"))
    (fault,) = caught.value.faults
    assert fault.message == 'unknown key (did you mean "targets.price_usd_per_kg"?)'
    with pytest.raises(InputError) as caught:
        checked_case(tmp_path / "case", model_file(tmp_path, text.replace("share = 0.65\n", "")))
    (fault,) = caught.value.faults
    assert (fault.message, fault.remedy) == ("is missing", "add the key")


def test_a_target_twice_in_the_model_of_a_case_is_told_at_its_line(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    text = TARGET.format(name="one") + TARGET.format(name="one")
    (folder / "model.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        checked_case(folder)
    (fault,) = caught.value.faults
    assert (fault.place, fault.line, fault.column) == ("model.toml", 6, "target")


def test_a_name_that_nothing_has_is_told_at_its_target(tmp_path: Path) -> None:
    text = TARGET.format(name="one") + TARGET.format(name="two") + 'country = "AAB"\n'
    assert faults_of(tmp_path, text) == [("asked.toml", 7, "country", "unknown-reference")]


def test_a_cell_of_a_target_can_be_set_wherever_it_stands(tmp_path: Path) -> None:
    table = "target,kind,share\nhere,served,0.5\n"
    folder = write_case(tmp_path / "case", targets=table)
    model = model_file(tmp_path, TARGET.format(name="one"))
    case = checked_case(folder, model, {"targets.one.share": 0.3, "targets.here.share": 0.9})
    assert {name: row.share for name, row in case.lookups.targets.items()} == {
        "here": 0.9,
        "one": 0.3,
    }
    both = case.changed({"targets.*.share": 0.2})
    assert {row.share for row in both.lookups.targets.values()} == {0.2}
    assert [row.target for row in both.model.targets] == ["one"]
    assert not without_targets(both).lookups.targets


def test_a_plan_can_be_asked_for_under_a_model_with_targets(tmp_path: Path) -> None:
    case = planner.load(write_case(tmp_path / "case"))
    other = checked_case(
        write_case(tmp_path / "case"), model_file(tmp_path, TARGET.format(name="one"))
    )
    assert list(with_model(case, other.model).lookups.targets) == ["one"]


def test_a_target_may_name_a_storyline_and_holds_on_all_its_draws(tmp_path: Path) -> None:
    scenarios = "scenario,storyline,probability\ncut-1,cut,0.25\ncut-2,cut,0.25\ncalm,,0.5\n"
    table = "target,kind,scenario,share\nmost,served,cut,0.5\n"
    case = checked_case(write_case(tmp_path / "case", scenarios=scenarios, targets=table))
    assert case.lookups.target_scenarios("most") == {"cut-1", "cut-2"}
    text = TARGET.format(name="one") + 'scenario = "cut"\n'
    again = checked_case(tmp_path / "case", model_file(tmp_path, text))
    assert again.lookups.target_scenarios("one") == {"cut-1", "cut-2"}
