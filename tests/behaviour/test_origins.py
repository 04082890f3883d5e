"""Where supply comes from, on both bases, with answers that can be worked out by hand.

AAA needs 100 t in 2026. `last` goes by the country of the last plant, `traced` by where what it took in came from.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import planner
from planner.results.plan import Plan
from planner.verification.verify import verify
from tests.cases import demand, imports, mine, plant, scenarios, shock, smelter
from tests.conftest import MakeCase, SolveCase

ONE_YEAR = demand(last=2026)
METAL = demand(last=2026, form="metal")


def shares(plan: Plan, form: str, basis: str, **where: object) -> dict[str, float]:
    """Share of each origin in the rows of the table that fit; those of groups unless a party is named."""
    rows = plan.tables["origins"]
    for column, value in ({"party": "", "form": form, "basis": basis} | where).items():
        rows = rows[rows[column] == value]
    return dict(zip(rows["origin"], rows["share"], strict=True))


def test_metal_made_at_home_of_foreign_oxide_is_foreign_when_traced(solve: SolveCase) -> None:
    """60 t of oxide from CHN and 40 of BBB's ore become 100 t of metal in AAA."""
    plan = solve(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=METAL,
        imports=[imports(60)],
        projects=[mine(country="BBB"), plant(existing_tpa=40), smelter(existing_tpa=100)],
    )
    assert shares(plan, "metal", "last") == {"AAA": pytest.approx(1)}
    assert shares(plan, "metal", "traced") == pytest.approx({"BBB": 0.4, "CHN": 0.6})
    assert shares(plan, "oxide", "last") == pytest.approx({"AAA": 0.4, "CHN": 0.6})
    told = plan.summary["diversification"]
    assert told["Dy"]["metal"]["2026"] == {
        "largest_origin": "AAA",
        "largest_share": pytest.approx(1),
        "hhi": pytest.approx(1),
    }
    assert told["traced"]["Dy"]["metal"]["2026"] == {
        "largest_origin": "CHN",
        "largest_share": pytest.approx(0.6),
        "hhi": pytest.approx(0.36 + 0.16),
    }


def test_received_goods_have_the_mixture_of_all_that_is_given(solve: SolveCase) -> None:
    """AAA gives 30 t of its ore, CCC 10 of its own; BBB makes metal of them and of 60 t from CHN."""
    plan = solve(
        countries=[{"country": c} for c in ("AAA", "BBB", "CCC")],
        feeds=[{"feed": f, "element": "Dy", "share": 1} for f in ("ore", "sand")],
        demand=demand(last=2026, form="metal", country="BBB"),
        imports=[imports(60, country="BBB")],
        projects=[
            mine(),
            plant(existing_tpa=30),
            mine(project="pit", country="CCC", feeds="sand"),
            plant(project="works", country="CCC", feeds="sand", existing_tpa=10),
            smelter(country="BBB", existing_tpa=100),
        ],
    )
    assert shares(plan, "metal", "traced") == pytest.approx({"AAA": 0.3, "CCC": 0.1, "CHN": 0.6})
    assert shares(plan, "oxide", "last", party="BBB") == pytest.approx(
        {"AAA": 0.3, "CCC": 0.1, "CHN": 0.6}
    )


def test_released_stock_has_no_origin_and_counts_in_no_hhi(solve: SolveCase) -> None:
    """50 t of stock and 50 t from CHN become metal: half of it is of stock, all of what has an origin is of CHN."""
    plan = solve(
        demand=METAL,
        imports=[imports(50)],
        stockpiles=[{"country": "AAA", "element": "Dy", "initial_t": 50, "purchase_usd_per_kg": 1}],
        projects=[smelter(existing_tpa=100)],
    )
    assert shares(plan, "metal", "traced") == pytest.approx({"CHN": 0.5, "stock": 0.5})
    assert shares(plan, "oxide", "last") == pytest.approx({"CHN": 1})
    traced = plan.summary["diversification"]["traced"]["Dy"]["metal"]["2026"]
    assert (traced["largest_origin"], traced["hhi"]) == ("CHN", pytest.approx(1))


def test_what_is_left_over_is_spread_over_its_makers(solve: SolveCase) -> None:
    """Tb asks for 400 t of ore of two makers, 3 to 1, which hold 40 t of Dy, of which 20 are used: 15 and 5."""
    plan = solve(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        elements=[{"element": e, "heavy": "true", "loss_usd_per_kg": 1000} for e in ("Dy", "Tb")],
        feeds=[
            {"feed": "ore", "element": "Dy", "share": 0.1},
            {"feed": "ore", "element": "Tb", "share": 0.2},
        ],
        demand=[*demand(20, last=2026), *demand(80, last=2026, element="Tb")],
        projects=[
            mine(),
            plant(existing_tpa=300),
            plant(project="b", country="BBB", existing_tpa=100),
        ],
    )
    rows = plan.tables["origins"]
    rows = rows[(rows["element"] == "Dy") & (rows["basis"] == "last") & (rows["party"] == "")]
    found = dict(zip(rows["origin"], rows["tonnes"], strict=True))
    assert found == pytest.approx({"AAA": 15, "BBB": 5})


def test_stock_that_is_thrown_away_leaves_over_nothing_that_is_made(solve: SolveCase) -> None:
    """BBB throws 16 t away rather than hold them; the 20 t that AAA makes and uses count, for AAA and for both."""
    kept = {"element": "Dy", "purchase_usd_per_kg": 1, "holding_usd_per_kg_year": 1}
    plan = solve(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=[*demand(20, last=2026), *demand(0, last=2026, country="BBB")],
        stockpiles=[{"country": "BBB", "initial_t": 16, **kept}],
        projects=[mine(), plant(existing_tpa=20)],
    )
    rows = plan.tables["origins"]
    rows = rows[(rows["form"] == "oxide") & (rows["basis"] == "last")]
    tonnes = dict(zip(rows["group"] + rows["party"], rows["tonnes"], strict=True))
    assert tonnes == pytest.approx({"allied": 20, "AAA": 20})


def test_shares_are_expected_over_histories(solve: SolveCase) -> None:
    """With chance 1/4 CHN sells 20 of 100 t, ROW 50: 0.75 * 50 + 0.25 * 20 of 0.75 * 100 + 0.25 * 70 t."""
    plan = solve(
        demand=ONE_YEAR,
        imports=[imports(50), imports(50, supplier="ROW")],
        scenarios=scenarios(calm=0.75, cut=0.25),
        shocks=[shock("cut", "import", 0.4, supplier="CHN")],
    )
    assert shares(plan, "oxide", "last")["CHN"] == pytest.approx(42.5 / 92.5)


def test_resold_goods_keep_the_origin_of_their_supplier(solve: SolveCase) -> None:
    """HKG sells from CHN: what AAA has by way of BBB is Chinese."""
    plan = solve(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=ONE_YEAR,
        suppliers=[{"supplier": "HKG", "origin": "CHN"}],
        imports=[imports(100, supplier="HKG"), imports(100, country="BBB", supplier="HKG")],
        scenarios=scenarios(cut=1),
        shocks=[shock("cut", "import", 0, country="AAA") | {"leak": 1}],
        resale=[{"country": "BBB", "share": 0.3}],
    )
    assert shares(plan, "oxide", "last", party="AAA") == {"CHN": pytest.approx(1)}


def test_the_case_without_a_plan_is_told_of_beside(make_case: MakeCase) -> None:
    plan = planner.solve(make_case(demand=ONE_YEAR, imports=[imports(60)]))
    told = plan.summary["diversification"]["without_plan"]
    assert told["Dy"]["oxide"]["2026"]["largest_origin"] == "CHN"
    assert told["traced"]["Dy"]["oxide"]["2026"]["hhi"] == pytest.approx(1)


def test_a_table_that_says_something_else_breaks_a_rule(solve: SolveCase) -> None:
    plan = solve(demand=ONE_YEAR, imports=[imports(60)])
    wrong = plan.tables["origins"].assign(tonnes=50.0)
    tables = replace(plan, tables=plan.tables | {"origins": wrong}).tables
    checked = verify(plan.case, tables)
    assert checked.violations["table_as_made"] > 0.1 and not checked.holds
