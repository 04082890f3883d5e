"""A script of a user that names types is clean for a strict type checker; what it misspells is an error there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import planner

SCRIPT = '''
from pathlib import Path

import altair
import pandas as pd

import planner


def risks(case: planner.Case, factors: list[float]) -> dict[float, float]:
    """Risk (MUSD) by the share of the budgets."""
    session = planner.Session(case)
    found: dict[float, float] = {}
    for factor in factors:
        found[factor] = session.figures(case.changed(f"budgets.*.*.musd=x{factor}"))["risk_musd"]
    return found


case: planner.Case = planner.load("inputs/starter", model=Path("models/base.toml"))
warned: pd.DataFrame = case.warnings
budgets: pd.DataFrame = case.table("budgets")
richer = case.with_table("budgets", budgets.assign(musd=budgets["musd"] * 2))
other = case.changed({"policy.coordination": "national"}, planner.parse_change("objective.tail=0.8"))
plan: planner.Plan = planner.solve(other, baseline=False)
built: pd.DataFrame = plan.table("investments")
drawing: altair.TopLevelMixin = planner.chart(plan, "losses")
design = {"kind": "lhs", "points": 4, "seed": 1}
money = {"name": "money", "change": "budgets.*.*.musd=x?", "range": [0.5, 1.5]}
study: planner.Study = planner.study({"uncertainties": [money], "design": design}, "out", case=case)
results: pd.DataFrame = study.table("results")
done: int = study.status.done
again: planner.Study = planner.open_study("out")
demand: float = case.demand["JPN", "Dy", "oxide", 2030] + case.lookups.full_capex("coast_plant")
for name, risk in risks(richer, [0.5, 1.0]).items():
    print(name, f"{risk:,.0f}", plan.summary["risk_musd"])
'''
WRONG = (
    SCRIPT
    + 'case.set_model("policy.coordination", "national")\nplanner.slove(case)\nplanner.solve("inputs")\n'
)


def test_a_script_of_a_user_is_clean_and_what_one_misspells_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    check = ["-m", "mypy", "--strict", "--no-incremental", "--config-file=", "right.py", "wrong.py"]
    done = subprocess.run([sys.executable, *check], cwd=tmp_path, capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert "right.py:" not in told, told
    assert '"Case" has no attribute "set_model"' in told
    assert 'has no attribute "slove"' in told
    assert "incompatible type" in told and "Found 3 errors in 1 file" in told


def test_a_case_has_at_most_25_public_names() -> None:
    case = planner.load("inputs/starter")
    public = [name for name in dir(case) if not name.startswith("_")]
    assert len(public) <= 25, public
