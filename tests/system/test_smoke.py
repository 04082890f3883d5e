"""The starter case still gives the reference plan: the first thing to run after any change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import planner

ROOT = Path(__file__).parents[2]
FIGURES = ("risk_musd", "expected_loss_musd", "cvar_musd", "cost_musd", "public_spend_musd")


def test_the_starter_case_gives_the_figures_of_the_reference_run() -> None:
    case = planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "base.toml")
    summary = planner.solve(case, baseline=False).summary
    stored = (ROOT / "reports" / "reference" / "starter-base" / "summary.json").read_text("utf-8")
    reference = json.loads(stored)
    for name in FIGURES:
        assert summary[name] == pytest.approx(reference[name], rel=1e-9), name
