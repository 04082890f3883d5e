"""NPV, IRR, payback, break-even and flows worked out by hand; what is avoided against solving by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from planner.api.explanations import business_case_into
from planner.errors import InputError
from planner.explanation.business_case import break_even, business_case, flows, irr, npv, payback, returns
from planner.reporting.formats.workbook import FIRST_FLOW, write_business_case
from planner.reporting.pages.business_case import business_case_lines, business_case_page
from planner.results.business_case import PriceDeck
from planner.results.plan import PlanValues
from planner.results.store import write_run
from planner.solving.solve import solve_case
from tests.cases import MUSD, budget, demand, imports, mine, near, plant, smelter
from tests.conftest import MakeCase
from tests.reporting.conftest import read_page


def test_npv_by_hand() -> None:
    # -100 / 1.1 + 60 / 1.21 + 60 / 1.331
    assert npv(0.1, [-100, 60, 60]) == pytest.approx(-90.9090909 + 49.5867769 + 45.0788881)
    assert npv(0.0, [-100, 60, 60]) == pytest.approx(20)


def test_irr_by_hand() -> None:
    # -100 now, 121 two years later: 10 %. Doubling in a year: 100 %.
    assert irr([-100, 0, 121]) == pytest.approx(0.10)
    assert irr([-1, 2]) == pytest.approx(1.0)
    assert irr([5, 5]) is None
    assert irr([-5, -5]) is None


def test_payback_by_hand() -> None:
    # 100 spent in year 1; 40 a year after it: 40 in year 2, 80 in 3, 120 in 4, so half of the fourth year.
    assert payback([-100, 40, 40, 40]) == pytest.approx(3.5)
    assert payback([-100, 40]) is None
    assert payback([10, 10]) is None


@pytest.fixture
def plan(make_case: MakeCase) -> PlanValues:
    """2026-2030; 20 t/y at 2 MUSD, paid 2026 and 2027, half used in 2028, all from 2029; sells 0.5 t Dy oxide per t
    TREO x recovery 0.8 at 3 MUSD/t; costs 0.1 MUSD per t/y fixed and 0.2 MUSD per t."""
    case = make_case(
        {"objective.risk_aversion": 0.0},
        elements=[{"element": "Dy", "heavy": "true", "loss_usd_per_kg": 5000, "price_usd_per_kg": 3000}],
        demand=demand(8, 2026, 2030),
        feeds=[{"feed": "ore", "element": "Dy", "share": 0.5}],
        projects=[
            mine(),
            plant(
                max_new_tpa=20,
                capex_usd_per_tpa=2 * MUSD,
                lead_time_years=2,
                recovery=0.8,
                ramp="half",
                fixed_opex_usd_per_tpa=0.1 * MUSD,
                variable_opex_usd_per_t=0.2 * MUSD,
                public_share=0.25,
            ),
        ],
        ramps=[{"ramp": "half", "year_after_start": year, "share": share} for year, share in ((0, 0.5), (1, 1))],
        budgets=budget(20),
    )
    return solve_case(case, baseline=False)


DECK = PriceDeck(rate=0.1, payable=0.5)


def test_flows_by_hand(plan: PlanValues) -> None:
    found = business_case(plan, "plant", DECK)
    assert found.builds == {2026: near(20)}
    f = found.flows
    assert list(f.years) == [2026, 2027, 2028, 2029, 2030]
    assert f.capex == near([20, 20, 0, 0, 0])
    assert f.fixed == near([0, 0, 2, 2, 2])
    assert f.usable_t == near([0, 0, 10, 20, 20])
    assert f.variable == near([0, 0, 2, 4, 4])
    assert f.revenue["Dy"] == near([0, 0, 12, 24, 24])
    assert f.feed_cost == near([0, 0, 7.5, 15, 15])
    net = [-20, -20, 0.5, 3, 3]
    assert f.net() == near(net)
    assert found.whole.npv == near(sum(x / 1.1 ** (i + 1) for i, x in enumerate(net)))
    assert f.net(found.public_share) == near([-15, -15, 0.5, 3, 3])
    # Margin 4.5, 9, 9 at the case's price has to pay 40 of capital and 16 of running cost, discounted.
    costs = sum(x / 1.1 ** (i + 1) for i, x in enumerate([20, 20, 4, 6, 6]))
    margin = sum(x / 1.1 ** (i + 1) for i, x in enumerate([0, 0, 4.5, 9, 9]))
    assert found.break_even == near(costs / margin)


def test_npv_is_zero_at_the_price_that_breaks_even(plan: PlanValues) -> None:
    case, builds, mix = plan.case, {2026: 20.0}, {"ore": 1.0}
    for public in (0.0, 0.25):
        factor = break_even(flows(case, "plant", builds, mix, DECK), DECK, public)
        assert factor is not None
        at = replace(DECK, price_factor=factor)
        assert returns(flows(case, "plant", builds, mix, at), 0.1, public).npv == pytest.approx(0, abs=1e-9)
    floored = replace(DECK, price_factor=0.1, floor=1.0)
    assert flows(case, "plant", builds, mix, floored) == flows(case, "plant", builds, mix, DECK)


def test_jobs_metal_and_mine_by_hand(make_case: MakeCase) -> None:
    case = make_case(
        elements=[{"element": "Dy", "heavy": "true", "loss_usd_per_kg": 1, "price_usd_per_kg": 1000}],
        projects=[mine(max_new_tpa=10), smelter(max_new_tpa=10, recovery=0.9)],
    )
    deck = PriceDeck(rate=0.0, payable=0.3, metal_premium=0.5)
    metal = flows(case, "smelter", {2026: 10.0}, {"Dy": 7.0}, deck)
    assert metal.revenue["Dy"] == near([10 * 0.9 * 1.5] * 3)
    assert metal.feed_cost == near([10.0] * 3)
    ore = flows(case, "mine", {2026: 10.0}, {"ore": 1.0}, deck)
    assert ore.revenue["Dy"] == near([3.0] * 3)
    assert ore.feed_cost == near([0.0] * 3)


def test_what_is_avoided_is_what_is_short_without_the_project(plan: PlanValues) -> None:
    """8 t wanted each year; 4 t made in 2028, 8 t in 2029 and 2030: 20 t at 5 MUSD avoided."""
    gone = business_case(plan, "plant", DECK).avoided
    assert gone is not None
    assert gone.risk == pytest.approx(100, abs=0.2)
    assert gone.shortfall_t["Dy"] == pytest.approx(20, abs=0.1)
    assert gone.risk_per_musd == pytest.approx(100 / 40, abs=0.01)


def test_tornado_contains_the_npv_and_is_sorted(plan: PlanValues) -> None:
    found = business_case(plan, "plant", DECK)
    for swing in found.swings:
        low, high = sorted((swing.npv_low, swing.npv_high))
        assert low - 1e-9 <= found.whole.npv <= high + 1e-9
    widths = [abs(s.npv_high - s.npv_low) for s in found.swings]
    assert widths == sorted(widths, reverse=True)


def test_pages_tell_the_case(plan: PlanValues, tmp_path: Path) -> None:
    found = business_case(plan, "plant", DECK)
    text = read_page(business_case_page(found, plan.case)).text
    assert "It breaks even at" in text and "nan" not in text.lower().split()
    assert len(business_case_lines(found, plan.case)) >= 5
    write_business_case(found, plan.case, tmp_path / "p.xlsx")
    page = openpyxl.load_workbook(tmp_path / "p.xlsx")["flows"]
    assert str(page["B4"].value).startswith("=NPV(B2,")
    kept = openpyxl.load_workbook(tmp_path / "p.xlsx", data_only=True)["flows"]
    assert kept["B4"].value == pytest.approx(found.whole.npv)
    net = [row[-2].value for row in kept.iter_rows(min_row=FIRST_FLOW + 1)]
    assert net == pytest.approx(found.flows.net())


def test_project_that_the_plan_does_not_build_and_faults(make_case: MakeCase) -> None:
    case = make_case(projects=[mine(), plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)])
    plan = solve_case(case, baseline=False)
    found = business_case(plan, "plant", DECK)
    assert not found.planned and found.avoided is None
    assert "does not build it" in business_case_page(found, plan.case)
    with pytest.raises(InputError, match="did you mean"):
        business_case(plan, "plnt", DECK)
    with pytest.raises(InputError, match="no new capacity"):
        business_case(plan, "mine", DECK)


def test_plants_that_never_run_have_a_case_on_a_stated_mix(make_case: MakeCase) -> None:
    """No money, so nothing runs. `rich` gives more than `poor`; 10 t of Dy metal and 30 of Tb are wanted."""
    case = make_case(
        elements=[
            {"element": e, "heavy": "true", "loss_usd_per_kg": 1, "price_usd_per_kg": 1000} for e in ("Dy", "Tb")
        ],
        demand=[*demand(10, 2026, 2028, form="metal"), *demand(30, 2026, 2028, form="metal", element="Tb")],
        feeds=[{"feed": f, "element": e, "share": 0.1} for f, e in (("poor", "Dy"), ("rich", "Tb"))],
        imports=[imports(1, form="metal")],
        projects=[
            mine(project="small", feeds="poor", existing_tpa=0, max_new_tpa=10, capex_usd_per_tpa=MUSD),
            mine(project="large", feeds="rich", existing_tpa=0, max_new_tpa=50, capex_usd_per_tpa=MUSD),
            plant(feeds="poor;rich", max_new_tpa=10, capex_usd_per_tpa=MUSD),
            smelter(max_new_tpa=10, capex_usd_per_tpa=MUSD),
        ],
        budgets=budget(0),
    )
    plan = solve_case(case, baseline=False)
    for project, mix in (("plant", {"rich": 1.0}), ("smelter", {"Dy": 0.25, "Tb": 0.75}), ("small", {"poor": 1.0})):
        found = business_case(plan, project, DECK)
        assert not found.runs and found.inputs == near(mix)
        assert max(found.flows.usable_t) == 10
        assert "The plan never runs it" in read_page(business_case_page(found, plan.case)).text


def test_a_case_on_other_prices_overwrites_none(plan: PlanValues, tmp_path: Path) -> None:
    write_run(plan, tmp_path / "run", lambda target: None)
    pages = [
        business_case_into(tmp_path / "run", "plant", deck)[2].name
        for deck in (PriceDeck(), PriceDeck(metal_premium=0.3), PriceDeck(rate=0.1, metal_premium=0.3))
    ]
    assert pages == [
        "project-plant.html",
        "project-plant-metal_premium-0.3.html",
        "project-plant-rate-0.1-metal_premium-0.3.html",
    ]
    written = sorted(path.name for path in (tmp_path / "run").glob("project-*"))
    assert written == sorted([*pages, *(page.replace(".html", ".xlsx") for page in pages)])
