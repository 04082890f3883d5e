"""What was asked of a plan after it was solved, as it lies beside the plan in a run folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.results.coverage import COVERAGE_JSON
from planner.results.evaluation import read_evaluation
from planner.results.explanation import read_explanation
from planner.results.plan import Plan


def with_answers(plan: Plan, folder: Path) -> Plan:
    """The plan with explanation, evaluation and coverage as its folder holds them, where they can be read."""
    return replace(
        plan,
        explanation=read_explanation(folder),
        evaluation=read_evaluation(folder),
        coverage=_read_coverage(folder),
    )


def _read_coverage(folder: Path) -> dict[str, Any] | None:
    try:
        values: dict[str, Any] = json.loads((folder / COVERAGE_JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values
