"""A case so small that its answer can be worked out by hand, of which a test replaces what matters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.program import OracleResult, solve_case

Solve = Callable[..., OracleResult]

# One country, 100 t of Dy a year in 2026 and 2027, 1000 USD/kg: 1 MUSD per tonne short.
BASE = {
    "countries": "country,name\nAAA,A",
    "elements": "element,name,heavy,loss_usd_per_kg\nDy,Dy,true,1000",
    "demand": "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2027,100",
    "feeds": "feed,element,share\nclay,Dy,0.1",
    "projects": "project,name,country,stage,feeds",
}
LAMBDA0 = {"risk_aversion": 0.0, "risk_slack": 0.0}


def solve_in(folder: Path, model: dict[str, Any] | None = None, **tables: str) -> OracleResult:
    """Write BASE with some tables replaced and solve it."""
    for old in folder.glob("*.csv"):
        old.unlink()
    for name, text in {**BASE, **tables}.items():
        (folder / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
    return solve_case(folder, model_of(model))


def model_of(model: dict[str, Any] | None) -> dict[str, Any]:
    """A model in full, of which a test states what matters."""
    return {"objective": LAMBDA0, "policy": {}, **(model or {})}


def near(value: float) -> object:
    """Equal up to the contract's 1e-6 allowances."""
    return pytest.approx(value, rel=1e-6, abs=2e-5)


def roughly(value: float) -> object:
    """Equal up to what the allowances can do to a figure that no criterion holds."""
    return pytest.approx(value, rel=1e-4, abs=1e-4)
