"""The real case, solved once."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner import Plan

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def real_plan() -> Plan:
    """`make demo` without its pages."""
    return planner.solve(planner.load(ROOT / "inputs" / "allied-2026", model=ROOT / "models" / "base.toml"))
