"""RunView: the figures of a run with the names of its case; and where in the run folder a figure comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from planner.reporting.words.names import Names
from planner.results.evaluation import read_evaluation
from planner.results.explanation import Explanation, read_explanation
from planner.results.figures import plants
from planner.results.figures.run import EXPECTED, RunFigures, typed_tables
from planner.results.figures.unmet import WorstCase, worst_cases
from planner.results.plan import PlanValues

COVERAGE = "coverage"
"""File that `planner coverage` writes beside a run, without `.json`."""


@dataclass(frozen=True)
class RunView(RunFigures):
    """The figures of a run, and names for its ids."""

    @cached_property
    def names(self) -> Names:
        """Names of the case."""
        return Names(self.case)

    @property
    def decisions(self) -> pd.DataFrame:
        """One row per commitment, as `figures.plants.decisions` has it; not to be changed."""
        return plants.decisions(self)

    @cached_property
    def first_begun(self) -> Mapping[Any, int]:
        """Project -> the first year in which some of it is begun."""
        return self.decisions.groupby("project")["year"].min().to_dict()

    @cached_property
    def worst_cases(self) -> list[WorstCase]:
        """The scenarios that lose most, each with the element whose demand is unmet most."""
        return worst_cases(self)


def run_view(
    plan: PlanValues, found: Explanation | None = None, beside: Mapping[str, Any] | None = None
) -> RunView:
    """A plan as a run, with its explanation and what was written beside it. Tables that the plan lacks are empty."""
    return RunView(plan.case, plan.status.value, plan.summary, typed_tables(plan), found, beside)


def read_view(plan: PlanValues, folder: Path) -> RunView:
    """A plan with what its run folder holds beside it: explanation, evaluation and coverage, where they can be read."""
    beside = {}
    evaluation = read_evaluation(folder)
    if evaluation is not None:
        beside["evaluation"] = evaluation
    with suppress(OSError, ValueError):
        text = (folder / f"{COVERAGE}.json").read_text(encoding="utf-8")
        beside[COVERAGE] = json.loads(text)
    return run_view(plan, read_explanation(folder), beside)


def table_rows(table: str, scenario: str = "", **keys: object) -> str:
    """'tables/shortfall.csv, rows with element=dy, year=2029'. scenario: an id, or `expected` for the mean over all."""
    told = f"tables/{table}.csv"
    if scenario and scenario != EXPECTED:
        keys = {"scenario": scenario, **keys}
    if keys:
        filters = [f"{column}={value}" for column, value in keys.items()]
        told += f", rows with {', '.join(filters)}"
    return f"{told}, weighted by probability" if scenario == EXPECTED else told


def summary_keys(*keys: str) -> str:
    """'summary.json: risk_musd, without_plan.risk_musd'."""
    return f"summary.json: {', '.join(keys)}"
