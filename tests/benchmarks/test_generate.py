"""Generated cases are valid, repeatable, undisturbed where they should be, and worth solving."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from benchmarks.generate import Size, generate, tables
from planner.formulation.index_sets import Scope

SMALL = Size(scenarios=4, countries=4, projects=14, years=8, elements=2)


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    one, two = (generate(SMALL, tmp_path / name) for name in ("one", "two"))
    files = sorted(path.name for path in one.iterdir())
    assert files == sorted(path.name for path in two.iterdir())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)


def test_another_seed_gives_another_case() -> None:
    assert tables(SMALL) != tables(
        Size(scenarios=4, countries=4, projects=14, years=8, elements=2, seed=2)
    )


@pytest.mark.parametrize(
    "size",
    [
        SMALL,
        Size(scenarios=1, countries=2, projects=6, years=6, elements=1, stages=2),
        Size(scenarios=30, countries=8, projects=40, years=15, elements=8, lasting=0.0),
    ],
    ids=lambda size: size.name,
)
def test_every_scenario_has_a_history_of_its_own(size: Size, tmp_path: Path) -> None:
    case = planner.load(generate(size, tmp_path))
    assert len(case.scenarios) == size.scenarios
    assert len(case.projects) == size.projects
    assert len(set(Scope(case).tree.leaves.values())) == size.scenarios


def test_imports_cover_undisturbed_demand_by_two_to_three_per_cent(tmp_path: Path) -> None:
    case = planner.load(generate(SMALL, tmp_path))
    for (country, element, form, year), tonnes in case.demand.items():
        sold = sum(
            case.lookups.import_limit[supplier, country, element, form, year]
            for supplier in ("chn", "oth")
        )
        assert 1.015 * tonnes <= sold <= 1.035 * tonnes


def test_the_plan_builds_trains_and_stocks_and_still_runs_short(tmp_path: Path) -> None:
    plan = planner.solve(planner.load(generate(SMALL, tmp_path)))
    summary = plan.summary
    assert sum(summary["new_capacity_tpa"].values()) > 0
    assert sum(summary["trained"].values()) > 0
    assert plan.table("stocks")["bought_t"].sum() > 0
    assert 0 < summary["risk_musd"] < summary["without_plan"]["risk_musd"]
