"""Groups of scenarios bound the least risk from both sides; one group for each scenario gives it exactly."""

from __future__ import annotations

import pytest

import planner
from benchmarks.generate import Size, generate
from benchmarks.reduction import bounds, effects_by_scenario, groups, refined
from planner.data.case import Case


@pytest.fixture(scope="module", params=[1, 2, 3])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    size = Size(scenarios=12, countries=3, projects=10, years=8, elements=2, seed=request.param)
    return planner.load(generate(size, tmp_path_factory.mktemp("cases")))


def least_risk(case: Case) -> float:
    return planner.solve(case, baseline=False).summary["least_risk_musd"]


def test_the_least_risk_lies_between_the_bounds(case: Case) -> None:
    effects, exact = effects_by_scenario(case), least_risk(case)
    grouped = groups(case, effects, 8)
    for _ in range(2):
        found = bounds(case, effects, grouped)
        assert found.lower <= exact * (1 + 1e-6) + 1e-6
        assert found.upper >= exact * (1 - 1e-6) - 1e-6
        grouped = refined(case, grouped, found, 2)


def test_every_scenario_by_itself_is_exact(case: Case) -> None:
    effects, exact = effects_by_scenario(case), least_risk(case)
    found = bounds(case, effects, [[name] for name in case.scenarios])
    assert found.lower == pytest.approx(exact, rel=1e-6, abs=1e-5)
    assert found.upper == pytest.approx(exact, rel=1e-4, abs=1e-3)
