"""What was asked of a plan after it was solved, as it lies beside the plan in a run folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from planner.results.evaluation import read_evaluation
from planner.results.explanation import read_explanation
from planner.results.plan import Plan


def with_answers(plan: Plan, folder: Path) -> Plan:
    """The plan with explanation and evaluation as its folder holds them, where they can be read."""
    explanation, evaluation = read_explanation(folder), read_evaluation(folder)
    return replace(plan, explanation=explanation, evaluation=evaluation)
