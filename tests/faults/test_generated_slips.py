"""Generated slips are asked about, but for those that README.md lists; generated harmless edits never are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import planner
from planner.errors import InputError
from tests.cases import LONG
from tests.faults.conftest import STARTER, filled_starter, read_text, write_text
from tests.faults.generated_slips import SILENT, slips_of, trial_of
from tests.faults.harmless_edits import alarms, edits_of
from tests.faults.likely_slips import every
from tests.faults.mutations import Mutation, Text, mutated

README = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
LISTED = set(re.findall(r"^- `([^`]+)`", README, re.MULTILINE))
SHARE = 0.03
"""Largest share of the corpus that may be silent."""


@pytest.mark.timeout(3600)
def test_slips_that_move_the_answer_are_asked_about_or_listed() -> None:
    trial = trial_of("starter")
    slips = list(slips_of(trial.text))
    assert len(slips) > 700
    assert {str(slip) for slip in slips} >= LISTED
    assert len(LISTED) <= SHARE * len(slips)
    tried = slips if LONG else [slip for slip in slips if str(slip) not in LISTED][::120]
    silent = {str(slip) for slip in tried if trial.end_of(slip) == SILENT}
    assert silent == (LISTED if LONG else set())


def test_the_corpus_has_every_kind_of_mistake() -> None:
    kinds = Counter(slip.mistake.split(" with ")[0] for slip in slips_of(filled_starter()))
    for kind in ("x1000", "/1000", "x100", "0", "exchanged", "a name for another"):
        assert kinds[kind] >= 20, kinds
    assert kinds["twice, under another id"] >= 5


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["starter", "workshop", "allied-2026"])
def test_harmless_edits_stay_silent(name: str) -> None:
    few = {"starter": 8, "workshop": 8, "allied-2026": 60}
    assert alarms(name, every=1 if LONG else few[name]) == []


def test_there_are_three_hundred_harmless_edits() -> None:
    count = sum(
        len(list(edits_of(read_text(STARTER.parent / name)))) for name in ("starter", "workshop")
    )
    assert count >= 300


def test_probabilities_that_are_all_zero_are_a_fault_and_no_crash(
    base: Text, tmp_path: Path
) -> None:
    zeros = Mutation("", every("scenarios", "probability", "0"), "", "scenarios", 0, "")
    with pytest.raises(InputError, match="probabilities sum to 0"):
        planner.load(write_text(mutated(base, zeros), tmp_path))
