"""What a night computed is shown in a run of the same inputs and model, and in no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import planner
from checks.stored_answers import keep, show
from planner.results.explanation import read_explanation
from planner.results.store import fingerprint, refresh_pages
from tests.faults.conftest import STARTER


@pytest.fixture
def explained(tmp_path: Path) -> Path:
    """A run with an explanation and an evaluation, as short as they may be."""
    return asked(solved(tmp_path / "explained"))


def solved(run: Path, *changes: str) -> Path:
    case = planner.load(STARTER).changed(changes)
    planner.solve(case, baseline=False).write(run)
    return run


def asked(run: Path) -> Path:
    answers = planner.explain(planner.open_run(run)).as_json(fingerprint(run))
    put(run, "explain.json", answers)
    put(run, "evaluation.json", {"optimality_gap": {"value": 7.0}})
    return run


def put(run: Path, name: str, values: dict[str, object]) -> None:
    def fill(target: Path) -> None:
        (target / name).write_text(json.dumps(values), encoding="utf-8")

    refresh_pages(run, fill)


def test_they_are_shown_in_a_run_of_the_same_inputs(explained: Path, tmp_path: Path) -> None:
    stored, again = tmp_path / "stored", solved(tmp_path / "again")
    keep(explained, stored)
    put(again, "evaluation.json", {"futures": 9})
    assert show(again, stored).startswith("Explained on 20")
    found = read_explanation(again)
    assert found is not None and found == read_explanation(explained)
    assert planner.open_run(again).explanation == found
    evaluated = json.loads((again / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluated == {"futures": 9, "optimality_gap": {"value": 7.0}}


@pytest.mark.parametrize("change", ["discount_rate=0.06", "elements.Dy.loss_usd_per_kg=x1.01"])
def test_a_run_of_another_model_or_input_is_left_as_it_is(
    explained: Path, tmp_path: Path, change: str
) -> None:
    stored, other = tmp_path / "stored", solved(tmp_path / "other", change)
    keep(explained, stored)
    assert show(other, stored).startswith("Not explained: inputs or model")
    assert not (other / "explain.json").exists()
    assert planner.open_run(other).explanation is None


def test_where_nothing_is_stored_that_is_said(tmp_path: Path) -> None:
    assert show(tmp_path / "run", tmp_path / "stored").startswith("Not explained")
