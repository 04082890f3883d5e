"""Savings that must run, and plants that count all elements of the case."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import InputError
from tests.cases import MUSD, budget, demand, load_case, mine, near, plant, scenarios, shock, total
from tests.conftest import SolveCase

REDESIGN = {"project": "redesign", "country": "AAA", "stage": "saving", "must_run": "true"}
SAVES = "project, element, form, tonnes\nredesign, Dy, oxide, 1"
FREE = "supplier, country, element, year, tonnes\nCHN, AAA, Dy, 2026, 500"


def test_what_must_run_runs_and_costs_though_imports_are_free(solve: SolveCase) -> None:
    """20 t in each of three years at 0.5 MUSD a tonne, though nothing is short."""
    plan = solve(
        projects=[REDESIGN | {"existing_tpa": 20, "variable_opex_usd_per_t": MUSD / 2}],
        savings=SAVES,
        imports=FREE,
    )
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == near((0, 30))
    assert plan.summary["utilisation"]["saving"]["existing"] == near(1)


def test_what_must_run_is_built_no_sooner_than_it_is_worth(solve: SolveCase) -> None:
    """100 t are short in 2028 alone, at 1 MUSD a tonne; running costs 0.4 a year, three years 1.2."""
    welfare = {"objective.goal": "welfare", "objective.risk_aversion": 0.0}
    redesign = REDESIGN | {"max_new_tpa": 100, "variable_opex_usd_per_t": 0.4 * MUSD}
    tables = {
        "savings": SAVES,
        "imports": FREE,
        "budgets": budget(100),
        "scenarios": scenarios(cut=1),
        "shocks": [shock("cut", "import", 0, 2028)],
    }
    free_to_rest = solve(welfare, projects=[redesign | {"must_run": "false"}], **tables)
    assert free_to_rest.summary["cost_musd"] == near(40)
    # Built in 2028 it runs for one year; that can be waited for, and a plant that exists since 2026 cannot.
    forced = solve(welfare, projects=[redesign], **tables)
    assert forced.table("investments")["year"].tolist() == [2028]
    there = redesign | {"max_new_tpa": 0, "existing_tpa": 100}
    assert solve(welfare, projects=[there], **tables).summary["cost_musd"] == near(120)


# 80 t/y: in 2026 half of it by a shock, in 2027 all, of which `max_share` lets 60 t replace demand.
def test_factors_and_the_largest_share_bind_what_it_replaces(solve: SolveCase) -> None:
    plan = solve(
        projects=[REDESIGN | {"existing_tpa": 80, "variable_opex_usd_per_t": 0.1 * MUSD}],
        savings="project, element, form, tonnes, max_share\nredesign, Dy, oxide, 1, 0.6",
        demand=demand(last=2027),
        scenarios=scenarios(bad=1),
        shocks=[shock("bad", "capacity", 0.5, 2026, 2026, project="redesign")],
    )
    ran = [total(plan, "operations", "tonnes", item="run", year=year) for year in (2026, 2027)]
    assert ran == near([40, 80])
    assert plan.summary["risk_musd"] == near(60 + 40)
    assert plan.summary["cost_musd"] == near(4 + 8)


def test_ramp_and_delay_hold_for_what_must_run(solve: SolveCase) -> None:
    """Committed in 2026 with a year of lead and one of delay: half of 50 t in 2028."""
    plan = solve(
        projects=[
            REDESIGN
            | {"max_new_tpa": 50, "lead_time_years": 1, "ramp": "slow", "earliest_year": 2026}
        ],
        ramps="ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 1",
        savings=SAVES,
        scenarios=scenarios(late=1),
        shocks=[shock("late", "delay", 1, 2027, 2027)],
    )
    ran = [total(plan, "operations", "tonnes", item="run", year=year) for year in (2027, 2028)]
    # A build of 2027 is due in 2028 without a delay: as much.
    assert ran == near([0, 25])


def test_it_takes_no_people(solve: SolveCase) -> None:
    plan = solve(
        projects=[REDESIGN | {"existing_tpa": 20}],
        savings=SAVES,
        demand=demand(last=2026),
        skills="skill, attrition\nchemist, 0",
        staffing="stage, skill, persons_per_ktpa\nsaving, chemist, 1000",
    )
    assert plan.summary["risk_musd"] == near(80)


@pytest.mark.parametrize(
    ("rule", "row", "staffing"),
    [
        ("must-run-stage", plant(must_run="true"), None),
        ("must-run-rise", REDESIGN | {"rise": 0.1}, None),
        (
            "must-run-staff",
            REDESIGN,
            "stage, project, skill, persons_per_ktpa\nsaving, redesign, chemist, 1",
        ),
    ],
)
def test_where_nothing_can_be_made_to_run_that_is_an_error(
    tmp_path: Path, rule: str, row: dict[str, object], staffing: str | None
) -> None:
    with pytest.raises(InputError) as error:
        load_case(
            tmp_path,
            projects=[REDESIGN | {"project": "other"}, row | {"project": "redesign"}],
            savings=SAVES + "\nother, Dy, oxide, 1",
            skills="skill, attrition\nchemist, 0",
            staffing=staffing,
        )
    assert [fault.rule for fault in error.value.faults if fault.rule.startswith("must")] == [rule]


# A tonne of ore holds 0.1 t Dy and 0.4 t Nd; 50 t/y that count both take 100 t of ore.
def test_a_plant_that_counts_what_is_contained(solve: SolveCase) -> None:
    plan = solve(
        demand=[*demand(last=2026), *demand(last=2026, element="Nd")],
        elements="element, loss_usd_per_kg\nDy, 1000\nNd, 1000",
        feeds="feed, element, share\nore, Dy, 0.1\nore, Nd, 0.4",
        projects=[mine(), plant(existing_tpa=50, basis="contained", variable_opex_usd_per_t=MUSD)],
    )
    assert plan.summary["risk_musd"] == near(90 + 60)
    assert total(plan, "operations", "tonnes", item="separated") == near(100)
    assert plan.summary["cost_musd"] == near(50)


# Feed for both is 300 t of ore with 0.1 t Dy and 0.4 t Nd each: 50 t/y that count TREO take 50 t, 50 t/y that count both
# elements take 100 t. Of 150 t of ore come 15 t Dy and 60 t Nd.
def test_a_plant_that_counts_what_is_contained_beside_one_that_counts_treo(
    solve: SolveCase,
) -> None:
    contained = plant(existing_tpa=50, basis="contained")
    treo = plant(project="other", existing_tpa=50)
    plan = solve(
        demand=[*demand(last=2026), *demand(last=2026, element="Nd")],
        elements="element, loss_usd_per_kg\nDy, 1000\nNd, 1000",
        feeds="feed, element, share\nore, Dy, 0.1\nore, Nd, 0.4",
        projects=[mine(), contained, treo],
    )
    assert plan.summary["risk_musd"] == near(85 + 40)
    assert total(plan, "operations", "tonnes", item="separated", project="plant") == near(100)
    assert total(plan, "operations", "tonnes", item="separated", project="other") == near(50)
