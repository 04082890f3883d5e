"""Plants in whole units: answers by hand, bounds held against every whole plan, and what follows the search."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case, with_model
from planner.explanation.explain import explain
from planner.results.plan import Status
from planner.solving.goals import silent
from planner.solving.highs import Solver
from planner.solving.solution import Searched, Stop
from planner.solving.warm_program import WarmProgram
from planner.verification.verify import verify
from tests.cases import (
    MUSD,
    Row,
    budget,
    demand,
    imports,
    load_case,
    mine,
    near,
    plant,
    scenarios,
    seeds,
    shock,
    total,
)
from tests.conftest import MakeCase

WHOLE: dict[str, object] = {"policy.whole_plants": True, "objective.gap": 0.0}


def whole(name: str, unit: float, most: float = 0.0, musd: float = 1.0, **columns: Any) -> Row:
    """A plant in units of `unit` t/y, one of them unless `most` says otherwise, at `musd` MUSD per t/y."""
    figures = {"unit_tpa": unit, "max_new_tpa": most or unit, "capex_usd_per_tpa": musd * MUSD}
    return plant(project=name, **figures, **columns)


KNAPSACK = [mine(), whole("large", 40), whole("small", 30, musd=1.1), whole("other", 30, musd=1.1)]
"""By MUSD per tonne `large` is the best. For 66 MUSD one may have `large` and 26 / 1.1 t/y of a small one, or, whole,
both small ones: 60 t/y of the 100 t wanted in each of three years."""


def knapsack(make_case: MakeCase, model: dict[str, object] | None = None) -> Case:
    return make_case(WHOLE | (model or {}), projects=KNAPSACK, budgets=budget(66))


def test_a_knapsack_is_filled_with_whole_plants(make_case: MakeCase) -> None:
    plan = planner.solve(knapsack(make_case))
    assert plan.status is Status.OPTIMAL
    assert plan.summary["risk_musd"] == near(3 * 40)
    assert plan.summary["cost_musd"] == near(66)
    assert plan.summary["new_capacity_tpa"] == {"large": 0, "small": 30, "other": 30}
    assert plan.summary["least_risk_bound_musd"] == near(120)
    assert plan.summary["cost_bound_musd"] == near(66)
    assert plan.summary["gap"] == {"risk": near(0), "cost": near(0)}
    assert plan.summary["without_plan"]["risk_musd"] == near(300)


def test_without_the_policy_a_unit_is_not_looked_at(make_case: MakeCase) -> None:
    plan = planner.solve(knapsack(make_case, {"policy.whole_plants": False}))
    assert plan.summary["risk_musd"] == near(3 * (60 - 26 / 1.1))
    coarse = make_case({}, projects=[mine(), whole("large", 40, most=39)], budgets=budget(1000))
    assert planner.solve(coarse).summary["risk_musd"] == near(3 * 61)
    assert not {"gap", "least_risk_bound_musd", "cost_bound_musd"} & plan.summary.keys()


def test_a_plant_smaller_than_its_unit_is_not_built(make_case: MakeCase) -> None:
    plan = planner.solve(
        make_case(WHOLE, projects=[mine(), whole("large", 40, most=39)], budgets=budget(1000))
    )
    assert plan.summary["risk_musd"] == near(300)
    assert plan.tables["investments"].empty


def test_projects_without_a_unit_fill_the_rest(make_case: MakeCase) -> None:
    rest = plant(project="rest", max_new_tpa=100, capex_usd_per_tpa=2 * MUSD)
    plan = planner.solve(make_case(WHOLE, projects=[*KNAPSACK, rest], budgets=budget(76)))
    # `large` leaves 36 MUSD: a small one (33) and 1.5 t/y; both small ones leave 10 MUSD: 5 t/y.
    assert plan.summary["new_capacity_tpa"]["large"] == 40
    assert plan.summary["new_capacity_tpa"]["rest"] == near(1.5)
    assert plan.summary["risk_musd"] == near(3 * (100 - 71.5))


def test_welfare_and_target_have_bounds_of_their_own(make_case: MakeCase) -> None:
    # Each t/y that runs in three years saves 3 MUSD and costs about 1: for 66 MUSD again both small ones.
    welfare = planner.solve(knapsack(make_case, {"objective.goal": "welfare"})).summary
    assert welfare["welfare_bound_musd"] == near(120 + 66)
    assert welfare["gap"] == {"welfare": near(0)}
    assert "cost_bound_musd" not in welfare
    # A risk of 185 MUSD needs 38.3 t/y: `large`, at 40 MUSD.
    target = planner.solve(
        knapsack(make_case, {"objective.goal": "target", "objective.risk_limit": 185.0})
    ).summary
    assert target["cost_bound_musd"] == near(40)
    assert target["risk_musd"] == near(180)
    assert target["gap"] == {"cost": near(0)}


def test_a_limit_that_only_fractions_reach_is_called_that(make_case: MakeCase) -> None:
    # Plants of any size reach 3 * (60 - 26 / 1.1) = 109.1 MUSD, whole ones 120.
    plan = planner.solve(
        knapsack(make_case, {"objective.goal": "target", "objective.risk_limit": 110.0})
    )
    assert plan.status is Status.INFEASIBLE
    assert "no plan with whole plants reaches a risk of 110 MUSD" in plan.summary["reasons"][0]
    assert "projects.unit_tpa" in plan.summary["reasons"][1]


def test_capacities_are_exact_multiples(make_case: MakeCase) -> None:
    case = make_case(
        WHOLE, projects=[mine(), whole("tenths", 0.1, most=0.3, musd=100)], budgets=budget(21, 10)
    )
    plan = planner.solve(case)
    assert plan.tables["investments"][["year", "tpa"]].to_numpy().tolist() == [
        [2026, 2 * 0.1],
        [2027, 0.1],
    ]


def test_the_last_phase_holds_the_whole_numbers(make_case: MakeCase) -> None:
    """Two units of 3 t/y keep the limit. A third would cost 3e-7 MUSD, which the tolerance on cost would let by."""
    model: dict[str, object] = {
        "horizon.last_year": 2026,
        "objective.goal": "target",
        "objective.risk_limit": 6.0,
    }
    units = whole("units", 3, most=9, musd=1e-7, public_share=0)
    plan = planner.solve(make_case(WHOLE | model, demand=demand(10), projects=[mine(), units]))
    assert total(plan, "investments", "tpa") == 6
    assert plan.summary["risk_musd"] == near(4)


def test_an_adaptive_plan_builds_whole_plants_on_the_histories_that_need_them(
    make_case: MakeCase,
) -> None:
    """From 2027 on `cut` is without imports. 8 MUSD a year pay for the unit of 10 MUSD in 2028 only, so 10 t are
    missing in 2027; of any size, 8 t/y would be there in 2027 and all 10 in 2028."""
    model = {"policy.investment": "adaptive", "objective.risk_aversion": 0.0}
    tables: dict[str, Any] = {
        "demand": demand(10),
        "imports": [imports(10)],
        "projects": [mine(), whole("unit", 10)],
        "budgets": budget(0, 8, 8),
        "scenarios": scenarios(calm=0.75, cut=0.25),
        "shocks": [shock("cut", "import", 0.0, 2027)],
    }
    plan = planner.solve(make_case(WHOLE | model, **tables))
    assert plan.summary["risk_musd"] == near(0.25 * 10)
    assert plan.summary["cost_musd"] == near(0.25 * 10)
    built = plan.tables["investments"][["year", "tpa", "probability", "scenarios"]]
    assert built.to_numpy().tolist() == [[2028, 10, 0.25, "cut"]]
    free = planner.solve(make_case(WHOLE | model | {"policy.whole_plants": False}, **tables))
    assert free.summary["risk_musd"] == near(0.25 * 2)


def test_when_the_time_is_up_the_best_plan_found_is_kept(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 59 MUSD one may have `large` and 19 / 1.1 t/y of a small one, 0.58 of it. The nearest whole number is one, and
    leaves no money for `large`: 70 t short; at least 60 - 19 / 1.1 t are."""
    monkeypatch.setattr(Solver, "search", lambda *_: Searched(Stop.TIME_LIMIT, np.empty(0), 0.0))
    plan = planner.solve(tight_knapsack(make_case, 0.3))
    assert plan.status is Status.TIME_LIMIT
    assert plan.status.exit_code == 4
    assert plan.summary["risk_musd"] == near(210)
    assert plan.summary["least_risk_bound_musd"] == near(3 * (60 - 19 / 1.1))
    assert plan.summary["gap"]["risk"] == near((10 + 19 / 1.1) / 70)
    assert plan.summary["without_plan"]["risk_musd"] == near(300)
    # The same plan is within two fifths of the bound, so that it is optimal for a gap of 0.4.
    assert planner.solve(tight_knapsack(make_case, 0.4)).status is Status.OPTIMAL


def tight_knapsack(make_case: MakeCase, gap: float) -> Case:
    return make_case(WHOLE | {"objective.gap": gap}, projects=KNAPSACK, budgets=budget(59))


def test_a_search_goes_on_from_the_plan_of_a_dive_to_the_best_plan(make_case: MakeCase) -> None:
    # `large` alone: 60 t short. A dive ends at a small one.
    plan = planner.solve(tight_knapsack(make_case, 0.0))
    assert plan.summary["risk_musd"] == near(180)
    assert plan.summary["gap"]["risk"] == near(0)


def random_case(folder: Path, seed: int, gap: float) -> Case:
    """Three plants of one or two units, one mine of any size, two futures, money for a part of it."""
    r = random.Random(seed)
    plants = [
        whole(
            f"p{i}",
            unit := r.choice((7, 12, 18, 25)),
            unit * r.choice((1, 1, 2)),
            r.choice((0.5, 0.8, 1.0, 1.3)),
        )
        | {"lead_time_years": r.choice((0, 1)), "earliest_year": 2026 + r.choice((0, 1))}
        for i in range(3)
    ]
    return load_case(
        folder,
        {
            "policy.whole_plants": True,
            "objective.gap": gap,
            "objective.risk_slack": r.choice((0.0, 0.05)),
            "policy.investment": r.choice(("committed", "adaptive")),
            "horizon.last_year": 2027,
        },
        imports=[imports(60)],
        projects=[mine(existing_tpa=20, max_new_tpa=60, capex_usd_per_tpa=0.2 * MUSD), *plants],
        budgets=budget(r.randint(10, 40), r.randint(0, 20)),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0.2, 2027)],
    )


def whole_plans(session: WarmProgram) -> list[list[int]]:
    """Every choice of whole numbers within the bounds of each."""
    columns = [j for j, (name, _) in enumerate(session.program.columns) if name == "units"]
    return [
        list(counts)
        for counts in itertools.product(
            *(range(int(session.program.upper[j]) + 1) for j in columns)
        )
    ]


def least(session: WarmProgram, plans: list[list[int]], column: str) -> float:
    """The least value of a column over whole plans, each solved as a linear program; with plans that reach it first."""
    program, solver = session.program, session.solver
    units = np.array(
        [j for j, (name, _) in enumerate(program.columns) if name == "units"], dtype=np.int32
    )
    best = np.inf
    for counts in plans:
        solver.hold(units, np.array(counts, dtype=float), np.array(counts, dtype=float))
        found = solver.minimise(program.column[column, None], ("dual",))
        if found.stop is Stop.OPTIMAL:
            best = min(best, float(found.x[program.column[column, None]]))
    return best


@pytest.mark.parametrize("seed", seeds(0, 2, 30))
def test_bounds_hold_against_every_whole_plan(tmp_path: Path, seed: int) -> None:
    gap = (0.0, 0.05)[seed % 2]
    case = random_case(tmp_path / "case", seed, gap)
    plan = planner.solve(case, baseline=False)
    found = plan.summary
    assert found["status"] == "optimal"
    every = WarmProgram(case)
    plans = whole_plans(every)
    risk = least(every, plans, "risk")
    tolerance = 1e-6 * (1 + risk)
    assert found["least_risk_bound_musd"] <= risk + tolerance
    assert (
        risk - tolerance
        <= found["least_risk_musd"]
        <= risk + min(gap, 0.001) * max(1, risk) + tolerance
    )
    limit = found["least_risk_musd"] * (1 + case.model.objective.risk_slack) + 1e-6
    every.solver.bound(every.program.column["risk", None], limit)
    cost = least(every, plans, "cost")
    # What the tolerance on risk is worth in money is below 1e-4 MUSD here.
    assert found["cost_bound_musd"] <= cost + 1e-4
    assert cost - 1e-4 <= found["cost_musd"] <= cost + gap * max(1, found["cost_musd"]) + 1e-4
    any_size = planner.Session(_of_any_size(case)).figures()
    assert found["least_risk_bound_musd"] >= any_size["least_risk_musd"] - tolerance
    for project, tpa in _built(plan):
        unit = case.projects[project].unit_tpa
        assert unit is None or tpa == unit * round(tpa / unit)


def _of_any_size(case: Case) -> Case:
    policy = case.model.policy.model_copy(update={"whole_plants": False})
    return with_model(case, case.model.model_copy(update={"policy": policy}))


def _built(plan: planner.Plan) -> list[tuple[str, float]]:
    table = plan.tables["investments"]
    return list(zip(table["project"], table["tpa"], strict=True))


def test_the_same_case_gives_the_same_plan(tmp_path: Path) -> None:
    case = random_case(tmp_path / "case", 3, 0.05)
    one, two = planner.solve(case), planner.solve(case)
    for plan in (one, two):
        del plan.summary["seconds"]
    assert one.summary == two.summary
    for name, table in one.tables.items():
        assert table.to_csv() == two.tables[name].to_csv()


def test_a_session_asked_again_answers_as_a_new_one(make_case: MakeCase) -> None:
    case = knapsack(make_case)
    session = planner.Session(case)
    session.solve()
    richer = case.changed("budgets.*.2026.musd=73")
    again = session.solve(richer)
    assert session.rebuilt == ""
    assert again.summary["risk_musd"] == near(3 * 30)  # `large` and a small one
    assert again.summary["gap"] == {"risk": near(0), "cost": near(0)}
    smaller = richer.changed("projects.large.unit_tpa=20")
    assert session.solve(smaller).summary["risk_musd"] == near(3 * 30)
    assert session.solve(case).summary["risk_musd"] == near(3 * 40)
    assert session.solve(case).summary["gap"] == {"risk": near(0), "cost": near(0)}


def test_the_verifier_counts_a_part_of_a_plant_as_broken(make_case: MakeCase) -> None:
    case = knapsack(make_case)
    tables = planner.solve(
        knapsack(make_case, {"policy.whole_plants": False}), baseline=False
    ).tables
    assert verify(case, tables).violations["whole_plants"] > 0.1
    assert "whole_plants" not in verify(_of_any_size(case), tables).violations


def test_what_is_compared_to_explain_a_plan_has_plants_of_any_size(make_case: MakeCase) -> None:
    case = knapsack(make_case)
    found = explain(planner.solve(case, baseline=False), "run")
    plan = found.alternative("plan")
    assert plan is not None and plan.risk == near(120)
    linear = found.alternative("linear")
    assert linear is not None
    assert linear.objective == found.values.everything == near(3 * (60 - 26 / 1.1))


def test_phases_after_the_one_for_cost_keep_its_plants(tmp_path: Path) -> None:
    session = WarmProgram(random_case(tmp_path / "case", 5, 0.05))
    outcome = session.solve(silent)
    units = [j for j, (name, _) in enumerate(session.program.columns) if name == "units"]
    assert list(outcome.phases) == ["risk", "cost", "risk_at_cost"]
    assert (
        outcome.phases["risk_at_cost"].x[units].tolist() == outcome.phases["cost"].x[units].tolist()
    )
