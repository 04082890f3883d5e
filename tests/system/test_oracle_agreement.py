"""Random small cases: the planner and an independent formulation find the same optimum.

The oracle is written from the contract with plain arrays and shares nothing with `planner/`; see
tests/oracle/README.md. Plans need not be unique, so optimal values are compared, not plans.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.data.load import checked_case
from planner.formulation.index_sets import Scope
from planner.verification.verify import verify
from tests.cases import seeds
from tests.oracle.agreement import flat
from tests.oracle.both_ways import (
    both_ways,
    both_ways_decided,
    both_ways_with_new_rules,
    same_coverage,
    same_when_divided,
)
from tests.oracle.program import OracleResult, solve_case
from tests.oracle.random_case import write_random_case

PLENTY = seeds(1000, 4, 40)
TOLERANCE = 1e-6


def close(ours: float, theirs: float, extra: float = 0.0) -> bool:
    return abs(ours - theirs) <= TOLERANCE * (1 + abs(theirs)) + extra


def compare(folder: Path, model: dict[str, Any]) -> planner.Plan:
    """Solve both ways and compare what is unique."""
    theirs: OracleResult = solve_case(folder, model)
    case = checked_case(folder, changes=flat(model))
    plan = planner.solve(case, baseline=False)
    assert plan.status.value == theirs.status
    assert plan.summary["model"]["nodes"] == theirs.nodes
    if theirs.status != "optimal":
        return plan
    ours = plan.summary
    goal = ours["goal"]
    # A third criterion may use up the tolerance of the ones before it, which are then only that exact.
    third = goal == "risk" or (
        case.model.objective.risk_aversion == 1 and case.model.objective.tail > 0
    )
    held = 2e-6 * (1 + abs(theirs.cost) + abs(theirs.risk)) if third else 0.0
    if goal == "risk":
        assert close(ours["least_risk_musd"], theirs.least_risk)
        # The price of risk at the bound turns the tolerance on risk into one on cost.
        assert close(
            ours["cost_musd"],
            theirs.cost,
            held + TOLERANCE * abs(theirs.slope) * (1 + abs(theirs.risk)),
        )
    elif goal == "target":
        assert close(ours["cost_musd"], theirs.cost, held)
        assert close(ours["risk_musd"], theirs.risk, held)
    else:
        assert close(ours["cost_musd"] + ours["risk_musd"], theirs.cost + theirs.risk, held)
    assert verify(case, plan.tables).worst <= TOLERANCE
    assert max(ours["certificate"].values()) <= TOLERANCE
    return plan


@pytest.mark.parametrize("seed", seeds(0, 4, 160))
def test_the_optimum_of_a_random_case_is_the_oracles(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "case"
    compare(folder, write_random_case(folder, seed))


def with_plenty_of_imports(folder: Path) -> None:
    """Let one supplier sell a little more than every demand, so that only what a shock cuts can be short."""
    with (folder / "demand.csv").open(encoding="utf-8", newline="") as file:
        demand = list(csv.DictReader(file))
    columns = ["supplier", "country", "element", "form", "year", "tonnes"]
    with (folder / "imports.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for supplier, share in (("CHN", 1.02), ("MYS", 0.01)):
            for row in demand:
                writer.writerow(
                    {**row, "supplier": supplier, "tonnes": repr(share * float(row["tonnes"]))}
                )


@pytest.mark.parametrize("seed", PLENTY)
def test_leaving_out_quiet_nodes_does_not_change_the_optimum(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "case"
    model = write_random_case(folder, seed)
    with_plenty_of_imports(folder)
    if model.get("objective", {}).get("goal") == "target":
        model["objective"] = {**model["objective"], "goal": "welfare"}
        del model["objective"]["risk_limit"]
    compare(folder, model)


def test_quiet_nodes_do_occur_in_those_cases(tmp_path: Path) -> None:
    found = 0
    for seed in PLENTY:
        folder = tmp_path / str(seed)
        model = write_random_case(folder, seed)
        with_plenty_of_imports(folder)
        scope = Scope(checked_case(folder, changes=flat(model)))
        found += 0 < len(scope.active_nodes) < len(scope.tree.nodes)
    assert found >= len(PLENTY) // 4


@pytest.mark.parametrize("seed", seeds(5000, 1, 24))
def test_planner_and_oracle_agree_over_all_switches(tmp_path: Path, seed: int) -> None:
    """Quarters, magnets, resale, whole plants, one path up to a year, payments; `checks/random_cases.py` takes hundreds."""
    both_ways(tmp_path / "case", seed)


@pytest.mark.parametrize("seed", seeds(202, 2, 60))
def test_planner_and_oracle_agree_over_all_rules(tmp_path: Path, seed: int) -> None:
    """Prices, rises, savings, returns, storylines, odds and targets, alone and together, with all that a run tells."""
    both_ways_with_new_rules(tmp_path / "case", seed)


@pytest.mark.parametrize("seed", seeds(30002, 2, 60))
def test_planner_and_oracle_agree_over_what_is_decided_when(tmp_path: Path, seed: int) -> None:
    """Schedules of purchases, savings that must run, a first year of decisions, money at home, on top of all else."""
    both_ways_decided(tmp_path / "case", seed)


@pytest.mark.parametrize("seed", seeds(202, 1, 20))
def test_what_is_left_without_something_is_that_of_a_program_of_its_own(
    tmp_path: Path, seed: int
) -> None:
    same_coverage(tmp_path / "case", seed)


@pytest.mark.parametrize("seed", seeds(5000, 1, 8))
def test_dividing_more_years_than_needed_changes_no_optimum(tmp_path: Path, seed: int) -> None:
    same_when_divided(tmp_path / "case", seed)
