"""The engine of variants: changes of the base, fixed decisions and their undoing, figures of cold solves."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.change import parse_change
from planner.errors import InputError
from planner.evaluation.decisions import single_path
from planner.solving.goals import Phase
from planner.solving.variants import Variants

ROOT = Path(__file__).parents[2]
CASE = planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "least_risk.toml")
DEARER = "projects.coast_plant.capex_usd_per_tpa=+10%"
HALF = "budgets.*.*.musd=x0.5"


@pytest.mark.parametrize(
    "variant",
    [DEARER, parse_change(HALF), [DEARER, HALF], CASE.changed(HALF)],
    ids=["text", "change", "changes", "case"],
)
def test_a_variant_is_a_case_or_changes_of_the_base(variant: object) -> None:
    variants = Variants(CASE)
    variants.solve("discount_rate=0.09")  # which the next variant knows nothing of
    found = variants.solve(variant)  # type: ignore[arg-type]
    changed = variant if isinstance(variant, planner.Case) else CASE.changed(variant)  # type: ignore[arg-type]
    cold = planner.solve(changed, baseline=False).summary
    assert found.scope.case.sha256 == changed.sha256
    assert found.outcome.values["risk"] == pytest.approx(cold["least_risk_musd"], rel=1e-7)
    assert found.value("cost") == pytest.approx(cold["cost_musd"], rel=1e-7)


def test_fixed_decisions_are_carried_out_and_then_free_again() -> None:
    variants = Variants(CASE)
    free = variants.solve()
    plan = planner.solve(CASE, baseline=False)
    nothing = variants.solve(fixed={}, phases=[Phase("risk")])
    assert nothing.value("risk") > free.value("risk") * 1.01
    own = variants.solve(fixed=single_path(plan), phases=[Phase("risk")])
    assert own.value("risk") == pytest.approx(plan.summary["risk_musd"], rel=1e-6)
    again = variants.solve()
    assert again.value("risk") == pytest.approx(free.value("risk"), rel=1e-9)
    assert variants.rebuilt == ""


def test_a_decision_on_what_a_case_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="decides on nowhere, which the case does not know"):
        Variants(CASE).solve(fixed={("build", ("nowhere", 2027)): 1.0})


def test_the_case_in_use_is_solved_once() -> None:
    variants = Variants(CASE)
    begun: list[str] = []
    variants.progress = begun.append
    first = variants.solve()
    assert begun == ["risk", "cost", "risk_at_cost"]
    assert variants.solve() is first
    assert len(begun) == 3
    assert variants.solve(HALF) is not first
