"""Table `schedule`: instalments, first output, ramp and fixed cost of new capacity by year from the decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner
from planner.data.load import checked_case
from planner.solving.goals import silent
from planner.solving.warm_program import WarmProgram
from tests.cases import (
    MUSD,
    budget,
    demand,
    load_case,
    mine,
    near,
    plant,
    scenarios,
    shock,
    total,
    write_case,
)
from tests.conftest import SolveCase
from tests.oracle.agreement import agree
from tests.oracle.random_case import write_random_case

ONE_MUSD_PER_TPA = {"capex_usd_per_tpa": MUSD}


def schedule(*years: tuple[float, float] | tuple[float, float, float]) -> list[dict[str, Any]]:
    """Rows of the plant: capital, output and, where it is given, cost share of each year."""
    columns = ("capital_share", "output_share", "cost_share")
    return [
        {"project": "plant", "year": at} | dict(zip(columns, shares, strict=False))
        for at, shares in enumerate(years)
    ]


def paid(plan: planner.Plan) -> dict[int, float]:
    """MUSD spent by year, of one scenario."""
    rows = plan.table("spending")
    return rows.groupby("year")["expected"].sum().to_dict()


@pytest.mark.parametrize("lead", [0, 1, 2, 3])
def test_equal_instalments_give_the_plan_of_a_lead_time_to_the_last_digit(
    solve: SolveCase, lead: int
) -> None:
    parts = max(lead, 1)
    years = [(1 / parts if at < parts else 0, float(at >= lead)) for at in range(lead + 1)]
    case = {
        "demand": demand(last=2030),
        "budgets": budget(7, 11, 13, 17),
        "model": {"discount_rate": 0.07},
    }
    common = {
        "max_new_tpa": 90,
        "capex_usd_per_tpa": 0.7 * MUSD,
        "fixed_opex_usd_per_tpa": 0.01 * MUSD,
    }
    model = case.pop("model")
    one = solve(model, **case, projects=[mine(), plant(**common, lead_time_years=lead)])
    two = solve(model, **case, projects=[mine(), plant(**common)], schedule=schedule(*years))
    for figure in ("risk_musd", "cost_musd", "cost_parts_musd", "public_spend_musd"):
        assert one.summary[figure] == two.summary[figure]
    assert one.tables.keys() == two.tables.keys()
    for name in one.tables:
        assert one.table(name).equals(two.table(name)), name


def test_instalments_fall_due_by_their_shares_and_nothing_after_the_horizon(
    solve: SolveCase,
) -> None:
    # 100 t/y decided in 2026: 20, 50, 30 MUSD; 40 in 2029 lie beyond the horizon. Output 25 % in 2027, 80 % from 2028.
    plan = solve(
        projects=[mine(), plant(max_new_tpa=100, earliest_year=2026, **ONE_MUSD_PER_TPA)],
        schedule=schedule((0.2, 0), (0.5, 0.25), (0.3, 0.8), (0.4, 0.8)),
        budgets=budget(20, 50, 30),
    )
    assert paid(plan) == near({2026: 20, 2027: 50, 2028: 30})
    assert plan.table("shortfall")["tonnes"].tolist() == near([100, 75, 20])
    assert plan.summary["cost_parts_musd"]["capex"] == near(100)


def test_the_last_output_and_cost_share_stay_and_a_blank_cost_share_is_one_from_first_output_on(
    solve: SolveCase,
) -> None:
    # 100 t/y at 1 MUSD a year: shares 0.1, 0 (blank, no output), 0.5, then 1 (blank) in 2029 and 2030.
    plan = solve(
        demand=demand(last=2030),
        projects=[mine(), plant(max_new_tpa=100, fixed_opex_usd_per_tpa=MUSD / 100)],
        schedule=schedule((1, 0, 0.1), (0, 0), (0, 0.5, 0.5), (0, 0.6)),
    )
    assert plan.summary["cost_parts_musd"]["fixed_opex"] == near(0.1 + 0.5 + 1 + 1)
    assert plan.table("shortfall")["tonnes"].tolist() == near([100, 100, 50, 40, 40])


def test_no_build_is_committed_whose_first_output_lies_beyond_the_horizon(solve: SolveCase) -> None:
    rows = schedule((1, 0), (0, 0), (0, 0), (0, 1))
    plan = solve(projects=[mine(), plant(max_new_tpa=100)], schedule=rows)
    assert total(plan, "investments", "tpa") == 0


@pytest.mark.parametrize("investment", ["committed", "adaptive"])
@pytest.mark.parametrize("horizon", [2030, 2031])
def test_a_delay_moves_what_is_not_yet_paid_and_the_fixed_cost(
    solve: SolveCase, investment: str, horizon: int
) -> None:
    """100 t/y decided in 2026; 10, 20, 30, 40 MUSD from 2026 to 2029, first output in 2028.

    In `late` a delay of 2 years shows itself in 2027: 10 in 2026, then 20, 30, 40 in 2029, 2030, 2031.
    """
    plan = solve(
        {"policy.investment": investment, "policy.committed_through": 2026},
        demand=demand(last=horizon),
        projects=[
            mine(),
            plant(max_new_tpa=100, fixed_opex_usd_per_tpa=MUSD / 100, **ONE_MUSD_PER_TPA),
        ],
        schedule=schedule((0.1, 0), (0.2, 0), (0.3, 0.5), (0.4, 1)),
        budgets=budget(10, 90, first=2026),
        scenarios=scenarios(calm=0.5, late=0.5),
        shocks=[shock("late", "delay", 2, 2027, "")],
    )
    # Each of the two is as likely: half of either.
    beyond = {2031: 20} if horizon == 2031 else {}
    assert paid(plan) == near({2026: 10, 2027: 10, 2028: 15, 2029: 30, 2030: 15, **beyond})
    years = horizon - 2028 + 1
    assert plan.summary["cost_parts_musd"]["fixed_opex"] == near((years + years - 2) / 2)
    assert plan.summary["cost_parts_musd"]["capex"] == near((100 + (100 if beyond else 60)) / 2)
    short = plan.table("shortfall")
    tonnes = short[(short["scenario"] == "late")]["tonnes"].tolist()
    assert tonnes[:5] == near([100, 100, 100, 100, 50])


def test_a_changed_ramp_parts_builds_that_had_one_usable_capacity(tmp_path: Path) -> None:
    # At 0.5, 0.5, 1 a build a year late is as usable in its second year as in its first; at 0.5, 0.8, 1 it is not.
    case = load_case(
        tmp_path / "case",
        demand=demand(last=2029),
        projects=[mine(), plant(max_new_tpa=100, ramp="slow")],
        ramps="ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 0.5\nslow, 2, 1",
        budgets=budget(100),
        scenarios=scenarios(calm=0.5, late=0.5),
        shocks=[shock("late", "delay", 1, 2026, 2026)],
    )
    program = WarmProgram(case)
    program.solve(silent)
    changed = case.changed("ramps.slow.1.share=0.8")
    assert not program.update(changed, write=False)
    program.update(changed)
    warm = program.solve(silent).values
    cold = WarmProgram(changed).solve(silent).values
    assert warm == near(cold)


@pytest.mark.parametrize("seed", [6, 12, 15, 17, 25, 34])
def test_planner_and_oracle_agree_on_schedules_and_delays(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "case"
    decided, old = seed % 3 == 0, seed % 2 == 0
    agree(
        folder, write_random_case(folder, seed, old=old, new=True, decided=decided, scheduled=True)
    )


def test_a_scheduled_plant_is_not_warned_of_for_its_blank_lead_time(tmp_path: Path) -> None:
    rows = schedule((0.5, 0), (0.5, 0), (0, 1))
    others = [plant(project=f"p{i}", max_new_tpa=50, lead_time_years=2) for i in range(4)]
    projects = [mine(), plant(max_new_tpa=50), *others]
    case = load_case(tmp_path / "case", projects=projects, schedule=rows)
    assert "lead_time_years" not in set(case.warnings["column"])


def test_a_schedule_survives_workbook_folder_and_frames(tmp_path: Path) -> None:
    rows = schedule((0.5, 0, 0.25), (0.5, 1))
    folder = write_case(tmp_path / "case", projects=[mine(), plant(max_new_tpa=1)], schedule=rows)
    case = checked_case(folder)
    assert case.table("schedule")["cost_share"].isna().tolist() == [False, True]
    for target in (tmp_path / "again", tmp_path / "book.xlsx"):
        case.write(target)
        assert checked_case(target).tables.schedule == case.tables.schedule
    for table in ("projects", "schedule"):
        again = case.with_table(table, case.table(table))
        assert again.lookups.schedules == case.lookups.schedules
