"""A plan some years on. Where nothing was learnt, solving again carries on with the same plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.load import checked_case
from planner.errors import InputError
from tests.cases import MUSD, budget, demand, imports, mine, near, plant, record, scenarios, shock
from tests.conftest import MakeCase

RAMPED: dict[str, Any] = {
    "demand": demand(100, 2026, 2030),
    "projects": [
        mine(),
        plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=1, ramp="slow"),
    ],
    "ramps": "ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 1",
    "budgets": budget(10, 10, 10, 10, 10),
}


def test_what_was_built_stands_with_its_ramp(make_case: MakeCase) -> None:
    # 10 t/y a year can be paid: 0, 5, 15, 25, 35 t are made, 420 are short. From 2028 on 85, 75 and 65, for 20.
    plan = planner.solve(make_case(**RAMPED))
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == near((420, 40))
    case = planner.advance(plan, 2028)
    again = planner.solve(case)
    assert (again.summary["risk_musd"], again.summary["cost_musd"]) == near((225, 20))
    assert case.projects["plant"].max_new_tpa == near(80)
    built = {
        p: (row.existing_tpa, row.online_year, row.retire_year)
        for p, row in case.projects.items()
        if "_" in p
    }
    assert built == {
        "plant_2026": (near(10), None, None),
        "plant_2027_2028": (near(5), None, 2029),
        "plant_2027_2029": (near(10), 2029, None),
    }


def test_what_is_said_of_a_plant_holds_for_what_was_built_of_it(make_case: MakeCase) -> None:
    # Half of the oxide is recovered, so 7.5, 12.5 and 17.5 of 300 t are made from 2028 on.
    tables = RAMPED | {"recoveries": "project, element, recovery\nplant, Dy, 0.5"}
    later = planner.solve(planner.advance(planner.solve(make_case(**tables)), 2028))
    assert later.summary["risk_musd"] == near(262.5)


@pytest.mark.parametrize(("lead_time", "status"), [(1, "runs"), (3, "building")])
def test_what_was_built_has_the_owner_of_its_plant(
    make_case: MakeCase, lead_time: int, status: str
) -> None:
    """A plan has begun it, so it is no idea any more; what may still be built of it is."""
    row = plant(max_new_tpa=20, capex_usd_per_tpa=MUSD, lead_time_years=lead_time)
    owners = "project, owner, status, expected\nplant, Acme, idea, 2029"
    tables = RAMPED | {"projects": [mine(), row], "owners": owners, "budgets": budget(10)}
    later = planner.advance(planner.solve(make_case(**tables)), 2027)
    own, of_built = [(one.owner, one.status, one.expected) for one in later.tables.owners]
    assert own == ("Acme", "idea", 2029)
    assert of_built == ("Acme", status, 2029)


def test_money_is_carried_on_and_what_is_owed_is_kept_for_it(make_case: MakeCase) -> None:
    # A plant of 20 t/y with three years to build is paid by 20/3 a year out of 10 a year: 10/3 are carried on twice.
    tables = RAMPED | {
        "projects": [mine(), plant(max_new_tpa=20, capex_usd_per_tpa=MUSD, lead_time_years=3)]
    }
    case = planner.advance(planner.solve(make_case(**tables)), 2027)
    assert case.budget == near(
        {
            ("AAA", 2027): 10 + 10 / 3 - 20 / 3,
            ("AAA", 2028): 10 - 20 / 3,
            ("AAA", 2029): 10,
            ("AAA", 2030): 10,
        }
    )
    kept = planner.advance(
        planner.solve(make_case({"policy.budget_carry_over": False}, **tables)), 2027
    )
    assert kept.budget["AAA", 2027] == near(10 - 20 / 3)


def test_the_most_that_can_be_saved_or_mined_is_divided_among_what_stands(
    make_case: MakeCase,
) -> None:
    """10 t/y a year can be paid, so 20 stand in 2028. Savings have room for 30 t, ore for 15: a third each, and half."""
    thrift = {"project": "thrift", "country": "AAA", "stage": "saving", "max_new_tpa": 100}
    dig = {"project": "dig", "existing_tpa": 0, "max_new_tpa": 20}
    money = {"capex_usd_per_tpa": MUSD, "lead_time_years": 1}
    saved = planner.solve(
        make_case(
            demand=demand(100, 2026, 2030),
            projects=[thrift | money],
            savings="project, element, form, tonnes, max_share\nthrift, Dy, oxide, 1, 0.3",
            budgets=budget(10, 10, 10, 10, 10),
        )
    )
    later = planner.advance(saved, 2028)
    shares = {row.project: row.max_share for row in later.tables.savings}
    assert shares == near(dict.fromkeys(("thrift", "thrift_2026", "thrift_2027"), 0.1))
    mined = planner.solve(
        make_case(
            demand=demand(100, 2026, 2030),
            projects=[mine(**dig | money), plant(existing_tpa=1000)],
            availability="project, year, tonnes\ndig, 2026, 15",
            budgets=budget(10, 10, 10, 10, 10),
        )
    )
    tonnes = {row.project: row.tonnes for row in planner.advance(mined, 2028).tables.availability}
    built = sum(part for name, part in tonnes.items() if name != "dig")
    assert sum(tonnes.values()) == near(15) and built == near(15)


def test_ore_that_what_stands_and_what_was_built_both_want_is_refused(make_case: MakeCase) -> None:
    """10 t/y stand and 20 are built for the 100 t of 2029: no parts of the 15 t of before leave both what they can use."""
    dig = {"existing_tpa": 10, "max_new_tpa": 20, "capex_usd_per_tpa": MUSD, "lead_time_years": 1}
    plan = planner.solve(
        make_case(
            demand=demand(100, 2026, 2030),
            projects=[mine(project="dig", **dig), plant(existing_tpa=1000)],
            availability="project, year, tonnes\ndig, 2026, 15\ndig, 2029, 100",
            budgets=budget(10, 10, 10, 10, 10),
        )
    )
    with pytest.raises(InputError, match=r'what "dig" may do at most \(availability\) differs'):
        planner.advance(plan, 2028)


def test_a_shock_without_a_beginning_that_is_over_stays_behind(make_case: MakeCase) -> None:
    """A blank beginning is that of the horizon, so a shock of 2027 would end before it begins in 2028."""
    cuts = [shock("base", "import", 0, "", 2027), shock("base", "import", 0, 2026, 2026)]
    over = planner.solve(make_case(imports=[imports(100)], shocks=cuts))
    assert over.summary["risk_musd"] == near(200)
    later = planner.advance(over, 2028)
    assert [row.start_year for row in later.tables.shocks] == [2026]
    assert planner.solve(later).summary["risk_musd"] == near(0)


GROWING = [
    record(country="AAA", element="Dy", year=year, tonnes=20 * (year - 2025))
    for year in range(2026, 2031)
]


@pytest.mark.parametrize("most", [18.0, 100.0])
def test_a_limit_that_grows_with_demand_is_divided_rightly_or_not_at_all(
    make_case: MakeCase, most: float
) -> None:
    """Room for 18 t in 2028, 30 in 2030; 18 stand by then, and keep all that they can use where no more may be built."""
    thrift = {"project": "thrift", "country": "AAA", "stage": "saving", "max_new_tpa": most}
    plan = planner.solve(
        make_case(
            demand=GROWING,
            projects=[thrift | {"capex_usd_per_tpa": MUSD, "lead_time_years": 1}],
            savings="project, element, form, tonnes, max_share\nthrift, Dy, oxide, 1, 0.3",
            budgets=budget(10, 10, *([10, 10, 10] if most > 18 else [0, 0, 0])),
        )
    )
    if most > 18:
        with pytest.raises(InputError, match="cannot be divided between what was built"):
            planner.advance(plan, 2028)
        return
    rows = planner.advance(plan, 2028).tables.savings
    shares = {row.project: row.max_share for row in rows}
    assert shares.pop("thrift") == near(0) and sum(shares.values()) == near(0.3)


def test_targets_of_what_has_not_come_and_bounds_of_what_is_certain_go(make_case: MakeCase) -> None:
    asked = [
        {"target": w, "kind": "served", "scenario": w, "share": 0.1, "price_usd_per_kg": 1}
        for w in ("early", "late")
    ]
    odds = scenarios(calm=0.5, early=0.3, late=0.2)
    bounded = [row | {"probability_low": 0.1, "probability_high": 0.6} for row in odds]
    plan = planner.solve(make_case(**SPLIT | {"targets": asked, "scenarios": bounded}))
    case = planner.advance(plan, 2028, along="early")
    assert [row.target for row in case.tables.targets] == ["early"]
    assert [
        (row.probability, row.probability_low, row.probability_high)
        for row in case.tables.scenarios
    ] == [(1.0, None, None)]
    calm, late = planner.advance(plan, 2027).tables.scenarios
    assert (calm.probability, late.probability) == near((5 / 7, 2 / 7))
    for row in (calm, late):
        assert (row.probability_low, row.probability_high) == near((1 / 7, 6 / 7))


SPLIT: dict[str, Any] = {
    "demand": demand(100, 2026, 2030),
    "projects": [mine(), plant(max_new_tpa=40, capex_usd_per_tpa=MUSD / 100, lead_time_years=2)],
    "imports": [imports(100)],
    "scenarios": scenarios(calm=0.5, early=0.3, late=0.2),
    "shocks": [
        shock("early", "import", 0.5, 2026, 2029, supplier="CHN"),
        shock("late", "import", 0.2, 2028, 2029, supplier="CHN"),
        shock("late", "delay", 1, 2028, 2028),
    ],
    "budgets": budget(10),
}


def test_what_has_not_come_is_out_and_the_rest_keep_their_odds(make_case: MakeCase) -> None:
    head, rest = "element, form, market, future, price_usd_per_kg, real", "1, true"
    prices = [head, *(f"Dy, oxide, outside, {future}, {rest}" for future in ("", "late", "early"))]
    doubts = ["uncertainty, table, column, where, low, high"]
    doubts += [f"{w}, scenarios, probability, scenario={w}, 0.5, 2" for w in ("late", "early")]
    plan = planner.solve(
        make_case(prices="\n".join(prices), uncertainties="\n".join(doubts), **SPLIT)
    )
    case = planner.advance(
        plan, 2027
    )  # the calm and the late one have looked alike, and are the likelier
    # What is said of a future that has not come is out with it.
    assert [row.future for row in case.tables.prices] == ["", "late"]
    assert [row.uncertainty for row in case.tables.uncertainties] == ["late"]
    assert case.scenarios == near({"calm": 5 / 7, "late": 2 / 7})
    assert {row.scenario for row in case.tables.shocks} == {"late"}
    early = planner.advance(plan, 2028, along="early")
    assert early.scenarios == {"early": 1.0}
    assert [(row.start_year, row.end_year) for row in early.tables.shocks] == [(2026, 2029)]


def test_a_target_of_the_only_scenario_stays(make_case: MakeCase) -> None:
    target = record(target="some", kind="served", scenario="base", share=0.1, price_usd_per_kg=1)
    plan = planner.solve(make_case(targets=[target], **RAMPED))
    assert [row.target for row in planner.advance(plan, 2028).tables.targets] == ["some"]


def test_hazards_stay_within_the_scenarios_that_are_left(make_case: MakeCase) -> None:
    """Those of scenarios that have not come are over, all rows of an event with its first."""
    drawn = {"probability": 0.5, "first": 2026, "last": 2029}
    cut = {"kind": "import", "factor_low": 0, "factor_high": 0.5}
    hazards = [
        record(hazard="both", within="early;late", **drawn, **cut),
        record(hazard="war", event="war", within="early", **drawn, **cut),
        record(hazard="panic", event="war", kind="demand", factor_low=1, factor_high=2),
        record(hazard="always", **drawn, **cut),
    ]
    plan = planner.solve(make_case(hazards=hazards, **SPLIT))
    left = planner.advance(plan, 2027).tables.hazards
    assert [(row.hazard, row.within) for row in left] == [("both", ("late",)), ("always", ())]


def test_a_build_that_may_yet_slip_does_so_where_it_would_have(make_case: MakeCase) -> None:
    # 40 t/y are due in 2028, in 2029 if late: 80 are then short in 2028, 40 in 2029.
    case = planner.advance(planner.solve(make_case(**SPLIT)), 2027)
    assert planner.solve(case).summary["scenario_loss_musd"] == near({"calm": 0, "late": 120})


def test_the_starter_goes_on_as_planned(tmp_path: Path) -> None:
    # Nothing shows itself in its first two years, so all losses of these years are those of every future.
    case = checked_case(Path("inputs/starter"), changes={"objective.risk_slack": 0.0})
    plan = planner.solve(case)
    run, out = plan.write(tmp_path / "run"), tmp_path / "later"
    done = CliRunner().invoke(app, ["advance", str(run), "--to", "2028", "--out", str(out)])
    assert done.exit_code == 0, done.output
    later = planner.load(out)
    assert later.scenarios == near(case.scenarios)
    again = planner.solve(later)
    short = plan.table("shortfall")
    past = short[short["year"] < 2028].groupby("scenario")["tonnes"].sum()
    assert past.max() == 0.0
    growth = 1 / case.lookups.risk_discount(2028)
    assert again.summary["risk_musd"] == pytest.approx(growth * plan.summary["risk_musd"], rel=1e-6)
    assert any(row.last_intake_year == 2028 for row in later.tables.training)


def test_years_and_scenarios_that_cannot_be_are_refused(make_case: MakeCase) -> None:
    plan = planner.solve(make_case(**RAMPED))
    with pytest.raises(InputError, match="2026 is not one of the years from 2027 to 2030"):
        planner.advance(plan, 2026)
    with pytest.raises(InputError, match=r'unknown scenario "bsae" .did you mean "base"'):
        planner.advance(plan, 2028, along="bsae")
