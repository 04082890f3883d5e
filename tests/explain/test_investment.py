"""Investment cases of plans: what is sold, with and without the plan, as one and as several, and their files."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
import planner.api.investment_cases
from planner.api.business_case import business_case
from planner.api.investment_cases import business_case_into
from planner.data.case import Case
from planner.errors import InputError, RunFolderError
from planner.finance.plant_flows import received
from planner.finance.returns import npv
from planner.planning import solve_case
from planner.reporting.chapters import investment_tables as tables
from planner.reporting.forms import pdf
from planner.reporting.pages.business_case import business_case_lines, business_case_page
from planner.results.business_case import Basis, BusinessCase
from planner.results.plan import Plan
from planner.results.store import write_run
from tests.cases import (
    LONG,
    MUSD,
    budget,
    demand,
    imports,
    load_case,
    mine,
    near,
    plant,
    record,
    scenarios,
    smelter,
    some,
)
from tests.conftest import MakeCase, leave_out_support
from tests.finance.plants import PLAIN
from tests.reporting.conftest import read_page

ROOT = Path(__file__).parents[2]
TERMS = [{"item": name, "value": value, "source": "here"} for name, value in PLAIN.items()]
PRICED = [{"element": "Dy", "heavy": "true", "loss_usd_per_kg": 20_000, "price_usd_per_kg": 6000}]
PLANT = {
    "max_new_tpa": 20,
    "capex_usd_per_tpa": 2 * MUSD,
    "lead_time_years": 2,
    "recovery": 0.8,
    "ramp": "half",
    "fixed_opex_usd_per_tpa": 0.1 * MUSD,
    "variable_opex_usd_per_t": 0.2 * MUSD,
    "public_share": 0.25,
}
RAMP = [
    {"ramp": "half", "year_after_start": year, "share": share} for year, share in ((0, 0.5), (1, 1))
]


def planned(make_case: MakeCase, wanted: float = 8, **more: object) -> Plan:
    """2026-2030; the plant of `tests.finance.plants`, of which 8 t a year are wanted when it gives 4, 8 and 8."""
    tables: dict[str, object] = {
        "elements": PRICED,
        "demand": demand(wanted, 2026, 2030),
        "feeds": [{"feed": "ore", "element": "Dy", "share": 0.5}],
        "projects": [mine(), plant(**PLANT)],
        "ramps": RAMP,
        "budgets": budget(20),
        "finance": TERMS,
    }
    return solve_case(
        make_case({"objective.risk_aversion": 0.0}, **{**tables, **more}), baseline=False
    )


OF_ONE_CASE = ("crma", "allied-goals")
"""Models whose targets name goods of the real case alone."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return planned(partial(load_case, tmp_path_factory.mktemp("case")))


def test_the_plant_is_the_one_worked_out_by_hand(plan: Plan) -> None:
    found = business_case(plan, "plant")
    assert found.builds == {"plant": {2026: near(20)}}
    assert found.full.flows.ebitda[:6] == near([0, 0, 12.5, 27, 27, 0])
    assert found.planned is not None and found.planned.use == near((1.0,)) and not found.apart
    assert found.planned.returns == found.full.returns


@pytest.mark.usefixtures("no_support")
def test_the_plan_uses_less_than_the_case_sells(make_case: MakeCase) -> None:
    """4 t are wanted: all of the first year's output, half of that of later years, in the plan and after it. So much is
    sold in the case too, unless the cap of the market is lifted."""
    capped = business_case(planned(make_case, 4), "plant")
    assert capped.full.flows.plants[0].tonnes[2:5] == near([10, 10, 10]) and not capped.apart
    (market,) = capped.markets
    assert (market.made, market.sold, market.demand) == (near(8), near(4), near(4))
    found = business_case(planned(make_case, 4), "plant", terms={"market_share": 2})
    assert found.planned is not None and found.apart == [0]
    tonnes = found.planned.flows.plants[0].tonnes
    assert tonnes[2:5] == near([10, 10, 10])
    case = planned(make_case, 4).case
    assert "Plan and case differ" in " ".join(business_case_lines(found, case))
    told = " ".join(business_case_lines(capped, case))
    assert "8.00 t in 2029, of which 4.00 t are sold" in told, told


def test_what_is_avoided_is_what_is_short_without_the_plant(plan: Plan) -> None:
    """8 t wanted each year; 4 t made in 2028, 8 t in 2029 and 2030: 20 t at 20 MUSD avoided, at its cost."""
    gone = business_case(plan, "plant", worth=True).removal
    assert gone is not None and gone.risk is not None and gone.shortfall_t is not None
    assert gone.risk == pytest.approx(400, abs=0.5) and gone.shortfall_t["Dy"] == pytest.approx(
        20, abs=0.1
    )
    assert gone.worth == pytest.approx(400 - float(plan.summary["cost_musd"]), abs=1)
    assert gone.instead == {}  # nothing else may be built or bought
    assert gone.saved == {"base": pytest.approx(400, abs=0.5)}
    told = " ".join(business_case_lines(business_case(plan, "plant", removal=gone), plan.case))
    assert (
        "The plan builds 20.0 t/y in 2026" in told
        and "(100 % likely; used 100 %): 400 MUSD" in told
    )
    assert "Without it neither other plants nor more stock take its place" in told
    assert (
        "the expected loss rises by 400 MUSD and the weight of the worst scenarios rises by 0"
        in told
    )
    assert "plan's cost falls by" in told


def test_what_a_plant_of_its_own_would_cost_the_public(plan: Plan) -> None:
    """What it loses before tax, at 3 %; what is paid to it is no income."""
    flows = [-20, -20, 12.5, 27, 27]
    for terms in ({}, {"grant": 0.5, "availability": 3, "royalty": 0.1}):
        found = business_case(plan, "plant", terms=terms)
        assert found.owned == near(-sum(v / 1.03 ** (n + 1) for n, v in enumerate(flows)))


PERCENT = st.integers(5, 95).map(lambda whole: whole / 100)


@settings(max_examples=60 if LONG else 4, deadline=None)
@given(
    PERCENT,
    st.lists(PERCENT, min_size=1, max_size=3),
    st.integers(1, 12),
    st.integers(200, 20_000),
    PERCENT,
    PERCENT,
    st.booleans(),
)
def test_no_tie_of_the_optimum_moves_the_npv(
    recovery: float,
    shares: list[float],
    wanted: int,
    usd: int,
    opex: float,
    payable: float,
    runs: bool,
) -> None:
    """Feeds that are as good or not, whether or not the plan works any."""
    feeds = [{"feed": f"ore{n}", "element": "Dy", "share": s} for n, s in enumerate(shares)]
    mines = [
        mine(project=f"mine{n}", feeds=f"ore{n}", existing_tpa=9_999) for n in range(len(shares))
    ]
    with TemporaryDirectory() as folder:

        def with_recovery(times: float) -> Case:
            own = {
                "recovery": recovery * times,
                "feeds": ";".join(str(row["feed"]) for row in feeds),
            }
            return load_case(
                Path(folder) / f"{times}",
                {"objective.risk_aversion": 0.0},
                elements=[{**PRICED[0], "price_usd_per_kg": usd}],
                demand=demand(wanted, 2026, 2030),
                feeds=feeds,
                projects=[
                    *mines,
                    plant(**{**PLANT, **own, "variable_opex_usd_per_t": opex * MUSD}),
                ],
                ramps=RAMP,
                budgets=budget(20 if runs else 0),
                finance=TERMS,
            )

        with pytest.MonkeyPatch.context() as patched:
            leave_out_support(patched)
            assert_no_tie(with_recovery, "plant", payable=payable)


def assert_no_tie(with_recovery: Callable[[float], Case], project: str, **terms: float) -> None:
    """A recovery 1 % lower moves the NPV before tax, with nothing capped, by at most 1.5 % of the present value of
    sales, half the change half as far."""
    values, sales = [], 0.0
    for times in (1.0, 0.995, 0.99):
        plan = solve_case(with_recovery(times), baseline=False)
        one = business_case(plan, project, terms={**terms, "market_share": 1000}).full
        values.append(one.returns.npv_before_tax)
        sold, wacc = one.flows.plants[0].sales, one.levels["wacc"]
        sales = sales or float(npv(wacc, received(sold, sold[0].tonnes)))
    half, whole = values[1] - values[0], values[2] - values[0]
    assert abs(whole) <= 0.015 * sales
    assert half == pytest.approx(whole / 2, rel=0.05, abs=1e-6 * sales)


def test_prices_of_futures_and_what_floors_cost_in_each(make_case: MakeCase) -> None:
    prices = "element, form, market, future, price_usd_per_kg, low, high\n"
    prices += "Dy, oxide, lenders, , 6000, 3000, 9000\nDy, oxide, lenders, glut, 3000, ,"
    floor = record(
        contract="state", kind="offtake", element="Dy", floor_usd_per_kg=5000, real="true"
    )
    more = {"prices": prices, "contracts": [floor], "scenarios": scenarios(calm=0.75, glut=0.25)}
    found = business_case(planned(make_case, **more), "plant", market="lenders")
    # 2 MUSD/t on 4, 8 and 8 t in the glut alone.
    tonnes = sum(t / 1.03 ** (n + 3) for n, t in enumerate((4, 8, 8)))
    (cost,) = found.money
    assert cost.cost == near(2 * tonnes / 4) and cost.worst == near(2 * tonnes)
    told = " ".join(business_case_lines(found, planned(make_case, **more).case))
    assert "in the scenario in which it is most" in told
    with pytest.raises(InputError, match="lenders"):
        business_case(planned(make_case, **more), "plant", market="lender")


def test_by_products_are_sold_and_paid_for_and_bear_their_cost(make_case: MakeCase) -> None:
    more = {
        "byproducts": "project, product, tonnes_per_t, variable_opex_usd_per_t\nplant, ndpr, 0.1, 3e5",
        "prices": [{"element": "ndpr", "market": "china", "price_usd_per_kg": 5000}],
    }
    found = business_case(planned(make_case, **more), "plant")
    # 0.1 t at 5 MUSD, less 0.3 MUSD and a quarter of the price of the 0.1 / 0.8 t in the feed: 0.04375 MUSD a tonne.
    assert found.full.flows.ebitda[2:5] == near([12.5 + 0.4375, 27 + 0.875, 27 + 0.875])


def test_several_plants_are_one_case_and_what_one_sells_the_other_buys(make_case: MakeCase) -> None:
    """A metal plant at the same sites: each alone, and together, where the sum is taxed and lent on once."""
    plan = planned(
        make_case,
        demand=demand(8, 2026, 2030, form="metal"),
        projects=[
            mine(),
            plant(**PLANT),
            smelter(max_new_tpa=8, capex_usd_per_tpa=MUSD, lead_time_years=2),
        ],
    )
    both = business_case(plan, ("plant", "smelter"))
    each = [business_case(plan, p).full for p in both.projects]
    assert both.full.returns.npv_before_tax == near(sum(e.returns.npv_before_tax for e in each))
    assert both.full.flows.ebitda == near(sum(np.array(e.flows.ebitda) for e in each))
    with pytest.raises(InputError, match="twice"):
        business_case(plan, ("plant", "plant"))


@pytest.mark.usefixtures("no_support")
def test_plants_that_never_run_have_a_case_on_a_stated_mix(make_case: MakeCase) -> None:
    """No money, so nothing runs. `rich` gives more than `poor`; 10 t of Dy metal and 30 of Tb are wanted, 5 and 5 more
    in magnets."""
    new = {"max_new_tpa": 10, "capex_usd_per_tpa": MUSD}
    case = make_case(
        elements=[
            {"element": e, "heavy": "true", "loss_usd_per_kg": 1, "price_usd_per_kg": 1000}
            for e in ("Dy", "Tb")
        ],
        demand=demand(10, 2026, 2028, form="metal")
        + demand(30, 2026, 2028, form="metal", element="Tb")
        + demand(5, 2026, 2028, form="magnet")
        + demand(5, 2026, 2028, form="magnet", element="Tb"),
        feeds=[
            {"feed": f, "element": e, "share": 0.1} for f, e in (("poor", "Dy"), ("rich", "Tb"))
        ],
        imports=[imports(1, form="metal")],
        projects=[
            mine(project="small", feeds="poor", existing_tpa=0, **new),
            mine(project="large", feeds="rich", existing_tpa=0, **new | {"max_new_tpa": 50}),
            plant(feeds="poor;rich", **new),
            smelter(**new),
            smelter(project="press", stage="magnet", **new),
        ],
        budgets=budget(0),
    )
    plan = solve_case(case, baseline=False)
    mixes = {
        "plant": {"rich": 1.0},
        "smelter": {"Dy": 0.3, "Tb": 0.7},
        "press": {"Dy": 0.5, "Tb": 0.5},
        "small": {"poor": 1.0},
    }
    for project, mix in mixes.items():
        found = business_case(plan, project, worth=True)
        assert found.planned is None and found.removal is None
        assert found.investment.plants[0].mix == near(mix)
        assert found.full.flows.plants[0].tonnes.max() == near(10)
        assert "The plan does not run it" in " ".join(business_case_lines(found, plan.case))
    assert "The plan does not run it" in read_page(business_case_page(found, plan.case)).text


MODELS = [path for path in sorted((ROOT / "models").glob("*.toml")) if path.stem not in OF_ONE_CASE]


@pytest.mark.parametrize("model", some(MODELS, 8), ids=lambda path: path.stem)
@pytest.mark.usefixtures("no_support")
def test_every_candidate_has_a_case_under_every_model(model: Path) -> None:
    """The starter under some models; in a long run a sample of the real case under all, on each of its decks."""
    case = planner.load(ROOT / "inputs" / "starter", model=model)
    markets = ["case"]
    if LONG:
        case = planner.sample(planner.load(ROOT / "inputs" / "allied-2026", model=model), 8, 1)
        markets += ["outside", "china"]
    plan = planner.solve(case, baseline=False)
    candidates = []
    for project, row in case.projects.items():
        if row.stage != "saving" and case.lookups.commitment_years(project):
            candidates.append(project)
    assert len(candidates) == (46 if LONG else 3)
    for project in candidates:
        for market in markets:
            found = business_case(plan, project, market=market)
            assert np.isfinite(found.full.returns.npv_owners) and found.investment.plants[0].made


def test_faults_of_the_question(plan: Plan) -> None:
    with pytest.raises(InputError, match="did you mean"):
        business_case(plan, "plnt")
    with pytest.raises(InputError, match="no new capacity"):
        business_case(plan, "mine")
    with pytest.raises(InputError, match=r'unknown term "wac" .did you mean'):
        business_case(plan, "plant", terms={"wac": 0.1})
    for terms in ({"life_years": 1e6}, {"dscr": 0.0}, {"delay_years": 0.5}, {"wacc": float("nan")}):
        with pytest.raises(InputError, match="terms"):
            business_case(plan, "plant", terms=terms)


@pytest.mark.usefixtures("no_support")
def test_each_deck_has_its_files_and_a_removal_is_solved_once(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    write_run(solve_case(plan.case), run)
    deck = tmp_path / "deck.toml"
    deck.write_text("[[finance]]\nitem = 'wacc'\nvalue = 0.2\n")
    calls: list[BusinessCase] = []
    without_contents(monkeypatch)
    first = business_case_into(run, ["plant"], worth=True)[2]
    monkeypatch.setattr("planner.api.business_case.removed", lambda *asked: calls.append(asked))
    again = business_case_into(run, ["plant"])[2]
    other = business_case_into(run, ["plant"], terms={"wacc": 0.15})[2]
    third, found, files = planner.api.investment_cases.business_case_into(
        run, ["plant"], tables=deck
    )
    assert (
        found.terms["wacc"].value == 0.2
        and found.removal is not None
        and third.case.tables.finance[0].value == 0.2
    )
    assert not calls and first == again and set(first).isdisjoint({*other, *files})
    names = ["project-plant", "project-plant-deck", "project-plant-wacc-0.15"]
    written = sorted(path.name for path in run.glob("project-*"))
    forms = ("html", "pdf", "xlsx") if pdf.INSTALLED else ("html", "xlsx")
    assert written == sorted(f"{name}.{form}" for name in names for form in forms)
    (run / "project-plant.html").write_text("a note of mine")
    with pytest.raises(RunFolderError, match=r"project-plant\.html would be replaced"):
        business_case_into(run, ["plant"])
    assert (run / "project-plant.html").read_text() == "a note of mine"
    deck.write_text("[[finances]]\nitem = 'wacc'\nvalue = 0.2\n")
    with pytest.raises(InputError, match="did you mean"):
        business_case_into(run, ["plant"], tables=deck)


def without_contents(patched: pytest.MonkeyPatch) -> None:
    """Investment cases are written without what their files hold, which takes seconds: the names are looked at."""

    def is_written(found: BusinessCase, case: Case, path: Path, *others: object) -> bool:
        path.touch()
        return pdf.INSTALLED

    for form in ("write_business_case", "write_business_case_pdf"):
        patched.setattr(planner.api.investment_cases, form, is_written)
    patched.setattr(
        planner.api.investment_cases, "business_case_page", lambda found, case, workbook: ""
    )


@pytest.mark.usefixtures("no_support")
def test_the_page_shows_statements_that_foot_and_balance(plan: Plan) -> None:
    """Within a cent a line, as printed; every line in real money too."""
    days = {"receivable_days": 60, "stock_days": 90, "payable_days": 30}
    found = business_case(plan, "plant", terms={"equity_rate": 0.4, "inflation": 0.03, **days})
    income, cash, balance = tables.statement_tables(found, found.shown)
    for table, last in ((income, "profit"), (cash, "to owners")):
        nominal, real = in_money(table)
        lines = nominal.drop(columns=last)
        assert len(lines.columns) >= 5 and lines.abs().to_numpy().max() > 1
        assert (lines.sum(axis=1) - nominal[last]).abs().max() < 0.06
        index = found.shown.flows.index[: len(nominal)]
        assert (nominal.div(index, axis=0) - real).abs().to_numpy().max() < 0.02
    frame, _ = in_money(balance)
    held = ["plant", "receivables", "stock", "reserve account", "kept from owners"]
    assets = frame.reindex(columns=held, fill_value=0.0)  # what is nought throughout is no column
    owed = frame[["debt", "payables", "equity"]]
    assert (assets.sum(axis=1) - owed.sum(axis=1)).abs().max() < 0.05
    assert (
        frame["receivables"].max() > 1 and frame["stock"].max() > 1 and frame["payables"].max() > 1
    )


def in_money(table: Any) -> list[Any]:
    """The rows of a statement that are nominal, and those that are real."""
    parts = []
    for money in ("nominal", "real"):
        rows = table.frame[table.frame["money"] == money]
        parts.append(rows.drop(columns=["year", "money"]).astype(float).reset_index(drop=True))
    return parts


def test_the_widest_range_of_a_deck_holds_in_all_years(make_case: MakeCase) -> None:
    """Half of the price in 2026, a quarter off in 2028, as it is in 2030: at adverse prices half of it in every year."""
    rows = [{"year": year, "low": low} for year, low in ((2026, 3000), (2028, 4500), (2030, None))]
    good = {"element": "Dy", "form": "oxide", "market": "deck", "price_usd_per_kg": 6000}
    found = business_case(
        planned(make_case, prices=[{**good, **row} for row in rows]), "plant", market="deck"
    )
    (quote,) = found.investment.quotes
    assert (quote.low, quote.high) == near((0.5, 1.0))
    sales = np.array([0, 0, 24, 48, 48]) - np.array([0, 0, 7.5, 15, 15])
    assert found.full.adverse.ebitda[:5] == near(found.full.flows.ebitda[:5] - sales / 2)


def half_contracted(make_case: MakeCase) -> Plan:
    """3 t a year are under contract at 7 MUSD, where the plant can make 4, 8 and 8 t; 2 are wanted, so that the plan builds
    half of it, and uses all of it in its first year and half later."""
    offtake = record(
        contract="mill", kind="offtake", element="Dy", tonnes=3, price_usd_per_kg=7000, real="true"
    )
    lifted = [*TERMS, {"item": "market_share", "value": 10}]
    return planned(make_case, 2, contracts=[offtake], finance=lifted)


@pytest.mark.parametrize("basis", ["plan", "market"])
def test_sizing_and_sensitivity_take_the_basis_asked_for(make_case: MakeCase, basis: Basis) -> None:
    """The plan builds half of the plant and sells 2 t a year; the market takes 4, 8 and 8 t."""
    plan = half_contracted(make_case)
    found = business_case(plan, "plant", basis=basis, terms={"equity_rate": 0.5})
    by_basis = {"plan": found.planned, "market": found.full}
    sold = by_basis[basis]
    assert sold is not None and found.judged_on is sold and found.basis == basis
    tonnes = {"plan": [2, 2, 2], "market": [4, 8, 8]}
    assert sold.flows.plants[0].sales[0].tonnes[2:5] == near(tonnes[basis])
    assert found.supported is not None and found.supported.use == near(sold.use)
    assert found.supported.returns.npv_owners == near(0)
    other = business_case(
        plan, "plant", basis="market" if basis == "plan" else "plan", terms={"equity_rate": 0.5}
    )
    assert found.package != other.package
    unmoved = next(s for s in found.swings if s.term.name == "cfd")
    assert unmoved.npv_low == near(found.shown.returns.npv_after_tax)
    assert found.file_stem().startswith("project-plant" + ("" if basis == "plan" else f"-{basis}"))


def test_a_plant_that_needs_nothing_on_the_market_is_told_so_first(make_case: MakeCase) -> None:
    plan = half_contracted(make_case)
    found = business_case(plan, "plant", terms={"equity_rate": 0.12})
    assert found.bankable_at_market and not found.bankable
    answer = business_case_lines(found, plan.case)[1]
    assert answer.startswith("Answer           Selling all at the market it needs no public money")


def test_instruments_are_stated_together_and_name_their_budget_lines(plan: Plan) -> None:
    """30 % of 40 MUSD, half a year each, at 3 %; 10 MUSD of public loan drawn with it; a floor below the price."""
    terms = {"grant": 0.3, "public_loan": 10, "floor": 0.9, "royalty": 0.02}
    found = business_case(plan, "plant", terms=terms)
    assert (found.terms["grant"].low, found.terms["grant"].high) == (0.3, 0.3)
    lines = {line.kind: line for line in found.money}
    assert list(lines) == ["grant", "public_loan", "floor"]  # a royalty is not counted against them
    assert lines["grant"].cost_stated == near(6 / 1.03 + 6 / 1.03**2)
    assert (lines["grant"].most, lines["grant"].year) == (near(6), 2026)
    assert lines["public_loan"].most == near(5) and lines["floor"].cost == near(0)
    assert "Public money by instrument" in read_page(business_case_page(found, plan.case)).text
    with pytest.raises(InputError, match="out of bounds"):
        business_case(plan, "plant", terms={"grant": 30})


@pytest.mark.usefixtures("no_support")
def test_what_a_plant_takes_in_is_assigned(make_case: MakeCase) -> None:
    """Two feeds, of which the case would take the larger; half and half has the mean of their shares."""
    more = {
        "feeds": [
            {"feed": "ore", "element": "Dy", "share": 0.5},
            {"feed": "clay", "element": "Dy", "share": 0.1},
        ],
        "projects": [
            mine(),
            mine(project="small", feeds="clay", existing_tpa=1.0),
            plant(**{**PLANT, "feeds": "ore;clay"}),
        ],
    }
    plan = planned(make_case, **more)
    as_stated = business_case(plan, "plant")
    assert as_stated.investment.plants[0].mix == {"ore": 1.0} and not as_stated.feeds
    clay = business_case(plan, "plant", feeds={"plant": {"clay": 1.0}})
    half = business_case(plan, "plant", feeds={"plant": {"clay": 0.5, "ore": 0.5}})
    yields = [found.investment.plants[0].made[0].per_tonne for found in (as_stated, half, clay)]
    assert yields[1] == near((yields[0] + yields[2]) / 2) and yields[0] == near(5 * yields[2])
    assert half.file_stem() == "project-plant-plant-clay-0.5-plant-ore-0.5"
    for feeds, said in (
        ({"plant": {"cley": 1.0}}, 'takes no "cley" (did you mean "clay"?)'),
        ({"plant": {"clay": 0.5}}, "add up to 0.5, not to 1"),
        ({"plant": {"clay": 2.0, "ore": -1.0}}, "is not above 0"),
        ({"mine": {"ore": 1.0}}, '"mine" is no plant of this investment case'),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            business_case(plan, "plant", feeds=feeds)


def test_the_verdict_is_that_of_the_search_for_support(make_case: MakeCase) -> None:
    """Bankable: no support is needed for owners to earn what they ask, with a loan that is served at adverse prices. Owners
    who ask for more make it not so; more cover at low prices does where a smaller loan leaves them less than they ask."""
    plan = planned(make_case)
    greedy = business_case(plan, "plant", terms={"equity_rate": 0.9})
    assert not greedy.bankable and greedy.terms["equity_rate"].value == 0.9
    assert "Not bankable on these terms" in " ".join(business_case_lines(greedy, plan.case))
    found = business_case(plan, "plant", terms={"equity_rate": 0.0})
    assert found.bankable and found.supported is None
    assert found.judged_on.returns.dscr_low >= found.terms["dscr_low"].value
    strict = business_case(plan, "plant", terms={"equity_rate": 0.0, "dscr_low": 9.0})
    assert strict.bankable and strict.judged_on.lending.is_cut
    assert strict.judged_on.returns.dscr_low == near(9.0)
    rate = (found.judged_on.returns.irr_owners + strict.judged_on.returns.irr_owners) / 2
    assert business_case(plan, "plant", terms={"equity_rate": rate}).bankable
    assert not business_case(plan, "plant", terms={"equity_rate": rate, "dscr_low": 9.0}).bankable


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"debt_share": 0}, "no lender is asked for anything"),
        ({"debt_share": 0.1}, "being larger: gearing"),
        ({"debt_share": 1}, "Least senior DSCR 2.00 where 2.00 is asked"),
    ],
)
def test_who_lends_is_told_with_what_binds(plan: Plan, terms: dict[str, float], said: str) -> None:
    found = business_case(plan, "plant", terms={"equity_rate": 0, **terms})
    (told,) = [line for line in business_case_lines(found, plan.case) if line.startswith("Debt ")]
    assert said in told, told
    page = read_page(business_case_page(found, plan.case)).text
    assert ("Terms of debt" in page) == (terms["debt_share"] > 0)
