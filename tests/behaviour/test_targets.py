"""Targets: what a plan is asked to reach, hard or at a price, with answers that can be worked out by hand.

AAA needs 100 t of Dy oxide a year, short at 1 MUSD per tonne, and can import it from CHN and ROW. A share of the use of
a year is that of what is not short, taken in by plants or bought, less what is released.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest

import planner
from planner.results.plan import Plan
from planner.results.targets import kept_stock, left_over
from planner.verification.verify import verify
from tests.cases import MUSD, budget, demand, imports, mine, plant, scenarios, shock, smelter
from tests.conftest import MakeCase, SolveCase

ONE_YEAR = demand(last=2026)
TWO_SELLERS = [imports(80), imports(40, supplier="ROW")]


def target(kind: str, share: float, **columns: object) -> dict[str, object]:
    """One row of `targets`, of oxide unless said otherwise."""
    form = "" if kind == "served" else "oxide"
    return {"target": "asked", "kind": kind, "form": form, "share": share} | columns


def flow(plan: Plan, item: str, **where: object) -> float:
    """Tonnes of an item of `operations` over all rows."""
    rows = plan.tables["operations"]
    rows = rows[rows["item"] == item]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return float(rows["tonnes"].sum())


def short(plan: Plan, **where: object) -> float:
    """Tonnes short over all rows."""
    rows = plan.tables["shortfall"]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return float(rows["tonnes"].sum())


def told(plan: Plan, name: str = "asked") -> dict[str, object]:
    """The line of a target in the summary."""
    found: dict[str, object] = plan.summary["targets"][name]
    return found


def test_a_hard_share_of_one_origin_makes_the_country_do_without(solve: SolveCase) -> None:
    """ROW sells 40 t, so CHN may sell as much: 40 is half of 80, and 20 t are short."""
    plan = solve(demand=ONE_YEAR, imports=TWO_SELLERS, targets=[target("origin_share", 0.5)])
    assert flow(plan, "imported", project="CHN") == pytest.approx(40)
    assert short(plan) == pytest.approx(20)
    assert told(plan) == {"missing_t": 0.0, "cost_musd": 0.0, "met": True}


def test_two_suppliers_of_one_origin_are_one(solve: SolveCase) -> None:
    """CHN and HKG both sell from China: 80 + 40 t on offer, none of it may be more than half of use: nothing comes."""
    sellers = [imports(80), imports(40, supplier="HKG")]
    origins = [{"supplier": "CHN"}, {"supplier": "HKG", "origin": "CHN"}]
    plan = solve(
        demand=ONE_YEAR, imports=sellers, suppliers=origins, targets=[target("origin_share", 0.5)]
    )
    assert short(plan) == pytest.approx(100)


def test_a_priced_share_is_missed_where_that_is_cheaper(solve: SolveCase) -> None:
    """Use is 100 t for any price: risk comes first. 60 of CHN is 10 t above half of it, at 20 USD per kg 0.2 MUSD."""
    priced = target("origin_share", 0.5, price_usd_per_kg=20)
    plan = solve(demand=ONE_YEAR, imports=TWO_SELLERS, targets=[priced])
    assert short(plan) == pytest.approx(0)
    assert flow(plan, "imported", project="CHN") == pytest.approx(60)
    assert told(plan)["missing_t"] == pytest.approx(10)
    assert told(plan)["cost_musd"] == pytest.approx(0.2)
    assert told(plan)["met"] is False
    assert plan.summary["cost_musd"] == pytest.approx(0.2)


def test_what_plants_take_in_is_use_though_nobody_wants_what_they_make(solve: SolveCase) -> None:
    """BBB makes 20 t of oxide for its metal plant alone. Of 20 + x used half may come from CHN: x = 20, and 80 of 100 are short."""
    makers = [
        mine(country="BBB", existing_tpa=20),
        plant(country="BBB", existing_tpa=20),
        smelter(country="BBB", existing_tpa=20),
    ]
    plan = solve(
        {"policy.coordination": "national"},
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=ONE_YEAR,
        imports=[imports(100)],
        projects=makers,
        targets=[target("origin_share", 0.5)],
    )
    assert flow(plan, "imported", project="CHN") == pytest.approx(20)
    assert short(plan) == pytest.approx(80)


def test_what_is_resold_keeps_its_origin(solve: SolveCase) -> None:
    """Cut off from CHN, AAA makes 80 t and could have 30 t from BBB, 30 % of 100 t. A tenth of use may come from CHN."""
    tables = {
        "countries": [{"country": "AAA"}, {"country": "BBB"}],
        "demand": ONE_YEAR,
        "imports": [imports(100), imports(100, country="BBB")],
        "projects": [mine(), plant(existing_tpa=80)],
        "scenarios": scenarios(cut=1),
        "shocks": [shock("cut", "import", 0, supplier="CHN", country="AAA") | {"leak": 1}],
        "resale": [{"country": "BBB", "share": 0.3}],
    }
    free = solve(**tables)
    assert short(free) == pytest.approx(0)
    held = solve(**tables, targets=[target("origin_share", 0.1, country="AAA")])
    # x of CHN is a tenth of 80 + x.
    assert flow(held, "resold", project="CHN") == pytest.approx(80 / 9)
    assert short(held) == pytest.approx(20 - 80 / 9)


MAKERS = {
    "countries": [
        {"country": "AAA", "bloc": "west"},
        {"country": "BBB", "bloc": "west"},
        {"country": "CCC", "bloc": "east"},
    ],
    "demand": ONE_YEAR,
    "imports": [imports(100)],
    "projects": [
        mine(),
        plant(existing_tpa=100, variable_opex_usd_per_t=MUSD),
        plant(project="abroad", country="BBB", existing_tpa=100, variable_opex_usd_per_t=2 * MUSD),
        mine(project="far mine", country="CCC"),
        plant(project="far", country="CCC", existing_tpa=100, variable_opex_usd_per_t=MUSD / 2),
    ],
}


@pytest.mark.parametrize(
    ("coordination", "cost"),
    # Blocs: 30 t of AAA's own plant. Allied: the same tonnes must be made in AAA or BBB, wherever cheaper plants are.
    [("allied", 30.0), ("blocs", 30.0), ("national", 30.0)],
)
def test_a_share_made_at_home_is_made_where_it_is_asked_for(
    solve: SolveCase, coordination: str, cost: float
) -> None:
    asked = target("made_share", 0.3, country="AAA;BBB", price_usd_per_kg="")
    plan = solve({"policy.coordination": coordination}, **MAKERS, targets=[asked])
    assert short(plan) == pytest.approx(0)
    assert plan.summary["cost_musd"] == pytest.approx(cost)
    assert flow(plan, "made", country="AAA") == pytest.approx(30)


def test_what_partners_use_counts_for_its_maker_and_only_within_its_group(solve: SolveCase) -> None:
    """All 100 t are used in AAA. BBB's plant counts if it may give them: under blocs of AAA and BBB it costs 2 a
    tonne; alone BBB's use is nothing, its share of it too, and it makes nothing."""
    asked = target("made_share", 0.5, country="AAA;BBB")
    only_abroad = {**MAKERS, "projects": [mine(country="BBB"), MAKERS["projects"][2]]}
    allied = solve({"policy.coordination": "blocs"}, **only_abroad, targets=[asked])
    assert allied.summary["cost_musd"] == pytest.approx(100)
    assert flow(allied, "given", country="BBB") == pytest.approx(50)
    alone = solve({"policy.coordination": "national"}, **only_abroad, targets=[asked])
    # Nothing is made for AAA, so nothing may be used there.
    assert short(alone) == pytest.approx(100)


def test_output_that_is_left_over_does_not_count(solve: SolveCase) -> None:
    """Tb of the same ore is used, Dy is not short of imports: Dy counts only as far as imports make room for it."""
    ore = [
        {"feed": "ore", "element": "Dy", "share": 0.5},
        {"feed": "ore", "element": "Tb", "share": 0.5},
    ]
    elements = [
        {"element": name, "heavy": "true", "loss_usd_per_kg": 1000} for name in ("Dy", "Tb")
    ]
    plan = solve(
        elements=elements,
        feeds=ore,
        demand=[*ONE_YEAR, *demand(200, last=2026, element="Tb")],
        imports=[imports(100)],
        projects=[mine(), plant(existing_tpa=400)],
        targets=[target("made_share", 1.0, element="Dy")],
    )
    book = plan.amounts.by_scenario
    assert flow(plan, "made", element="Dy") == pytest.approx(200)
    assert flow(plan, "imported", element="Dy") == pytest.approx(0)
    assert left_over(book, ("AAA", "Dy", "oxide"), kept_stock(book)) == pytest.approx([100])
    assert told(plan)["met"] is True


def test_imports_that_may_not_be_used_count_as_nothing_made(solve: SolveCase) -> None:
    """Nothing is made, so nothing may be used where a miss is dearer than a loss; imports for nothing left lying there
    are no output left over, and nothing is missing."""
    asked = target("made_share", 0.5, price_usd_per_kg=5000)
    plan = solve(
        {"objective.goal": "welfare"}, demand=ONE_YEAR, imports=[imports(100)], targets=[asked]
    )
    assert plan.summary["cost_musd"] == pytest.approx(0)
    assert short(plan) == pytest.approx(100)
    assert told(plan) == {"missing_t": 0, "cost_musd": 0, "met": True}


def test_a_partner_that_leaves_over_what_it_gets_is_no_use(solve: SolveCase) -> None:
    """BBB needs nothing. Dy made in AAA beyond its use of 100 t cannot count as used by sending it to BBB."""
    tables = {
        "countries": [{"country": "AAA"}, {"country": "BBB"}],
        "demand": [*ONE_YEAR, *demand(1, last=2026, country="BBB")],
        "projects": [mine(), plant(existing_tpa=50)],
        "imports": [imports(100), imports(100, country="BBB")],
    }
    plan = solve(**tables, targets=[target("made_share", 0.4)])
    assert told(plan)["met"] is True
    assert flow(plan, "made") - 0.4 * 101 >= -1e-6
    book = plan.amounts.by_scenario
    assert left_over(book, ("BBB", "Dy", "oxide"), kept_stock(book)) == pytest.approx([0])


def test_a_purchase_for_stock_is_use_where_it_is_bought_and_none_where_it_is_released(
    solve: SolveCase,
) -> None:
    """In 2026 100 t may be imported, in 2027 none: 50 t in stock make 150 t of use in 2026, of which ROW sells 60.

    Half of the use of 2026 may come from CHN: x <= (60 + x) / 2, so 60 t, 20 of them for the stock. What is released in
    2027 lowers the use of 2027 to nothing.
    """
    cut = [{"scenario": "cut", "kind": "import", "start_year": 2027, "factor": 0}]
    plan = solve(
        demand=demand(100, last=2027),
        imports=[imports(200), imports(60, supplier="ROW")],
        scenarios=scenarios(cut=1),
        shocks=cut,
        stockpiles=[{"country": "AAA", "element": "Dy", "initial_t": 0, "purchase_usd_per_kg": 1}],
        budgets=budget(100),
        targets=[target("origin_share", 0.5)],
    )
    assert flow(plan, "bought") == pytest.approx(20)
    assert short(plan, year=2027) == pytest.approx(80)
    assert short(plan, year=2026) == pytest.approx(0)


def test_stock_is_not_thrown_away_to_lower_use(solve: SolveCase) -> None:
    """60 t are imported of 100: 60 % of use. To release 100 t of the stock would leave 100 - 100 + 60: no use at all."""
    stock = {"country": "AAA", "element": "Dy", "initial_t": 500, "purchase_usd_per_kg": 1}
    plan = solve(
        demand=ONE_YEAR,
        projects=[mine(), plant(existing_tpa=30)],
        stockpiles=[stock],
        targets=[target("made_share", 1.0)],
    )
    assert flow(plan, "released") <= 100 + 1e-6
    assert told(plan)["met"] is True


def test_stock_that_nobody_wants_and_none_may_throw_away_leaves_through_a_plant(
    solve: SolveCase,
) -> None:
    """Of 10 t of metal a plant takes 4 a year, for magnets that nobody uses: 6 t and 2 t are held at 100 USD/kg."""
    stock = {"country": "AAA", "element": "Dy", "form": "metal", "initial_t": 10}
    stock |= {"purchase_usd_per_kg": 1, "holding_usd_per_kg_year": 100}
    press = {"project": "press", "country": "AAA", "stage": "magnet", "existing_tpa": 4}
    plan = solve(
        demand=demand(100, last=2027),
        projects=[press],
        stockpiles=[stock],
        targets=[target("origin_share", 0.5, form="metal")],
    )
    assert plan.summary["cost_parts_musd"]["stock_holding"] == pytest.approx(0.6 + 0.2)


def test_stock_of_a_partner_of_whom_no_target_speaks_is_used_beside_what_is_given(
    solve: SolveCase,
) -> None:
    """AAA makes 100 t for itself and BBB, which has 40 t in stock: 140 of 200 t are served, and no more is received
    than is given."""
    plan = solve(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=[*ONE_YEAR, *demand(last=2026, country="BBB")],
        projects=[mine(), plant(existing_tpa=100)],
        stockpiles=[
            {"country": "BBB", "element": "Dy", "initial_t": 40, "purchase_usd_per_kg": 10}
        ],
        targets=[target("made_share", 0.5, country="AAA")],
    )
    assert plan.status.value == "optimal"
    assert short(plan) == pytest.approx(60)
    assert flow(plan, "received") == pytest.approx(flow(plan, "given"))


def test_mines_count_by_the_element_in_their_feed_whether_or_not_it_is_used(
    solve: SolveCase,
) -> None:
    """A tenth of the ore is Dy. 40 % of 100 t are 40 t, so 400 t of ore, and no plant separates any of it."""
    plan = solve(
        demand=ONE_YEAR,
        imports=[imports(100)],
        feeds=[
            {"feed": "ore", "element": "Dy", "share": 0.1},
            {"feed": "scrap", "element": "Dy", "share": 1},
        ],
        projects=[mine(variable_opex_usd_per_t=1e5), mine(project="scrapyard", feeds="scrap")],
        targets=[target("made_share", 0.4, form="feed", feeds="ore")],
    )
    assert flow(plan, "mined", project="mine") == pytest.approx(400)
    assert plan.summary["cost_musd"] == pytest.approx(40)


def test_demand_is_served_by_the_share_asked_for(solve: SolveCase) -> None:
    """A tonne of metal short costs 10 times as much as one of oxide; half of all forms must be served, all of oxide."""
    tiers = [
        {"element": "Dy", "form": form, "up_to_share": 1, "loss_usd_per_kg": loss}
        for form, loss in (("oxide", 1000), ("metal", 10_000))
    ]
    plan = solve(
        loss_tiers=tiers,
        demand=[*ONE_YEAR, *demand(100, last=2026, form="metal")],
        imports=[imports(100)],
        projects=[smelter(existing_tpa=100)],
        targets=[target("served", 0.6, form="oxide")],
    )
    assert short(plan, form="oxide") == pytest.approx(40)
    assert short(plan, form="metal") == pytest.approx(60)


def test_a_target_of_one_scenario_and_of_some_years_binds_there_alone(solve: SolveCase) -> None:
    """CHN may sell nothing in `cut` in 2027; everywhere else all 100 t come from it."""
    plan = solve(
        demand=demand(100, last=2028),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "demand", 1.2, 2027)],
        targets=[target("origin_share", 0, scenario="cut", first_year=2027, last_year=2027)],
    )
    rows = plan.tables["shortfall"]
    found = {(row.scenario, row.year): row.tonnes for row in rows.itertuples()}
    assert found == pytest.approx(
        {
            ("calm", 2026): 0,
            ("calm", 2027): 0,
            ("calm", 2028): 0,
            ("cut", 2026): 0,
            ("cut", 2027): 120,
            ("cut", 2028): 20,
        }
    )


def test_the_case_without_a_plan_is_asked_for_nothing(make_case: MakeCase) -> None:
    """Its risk is that of imports: none."""
    plan = planner.solve(
        make_case(demand=ONE_YEAR, imports=[imports(100)], targets=[target("origin_share", 0.2)])
    )
    assert plan.summary["without_plan"]["risk_musd"] == pytest.approx(0)
    assert plan.summary["risk_musd"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("asked", "apart"),
    [
        (target("served", 0.95), (10 - 5) / (1 + 10)),
        (target("origin_share", 0.5), (60 - 45) / (1 + 60)),
        (target("made_share", 0.5), (60 - 45) / (1 + 60)),
    ],
    ids=["served", "origin_share", "made_share"],
)
def test_the_tables_alone_show_that_a_target_is_missed(
    make_case: MakeCase, asked: dict[str, object], apart: float
) -> None:
    """Of 100 t, 60 come from China, 30 are made and 10 are short: 90 t are used. Held against 1 + the larger side."""
    tables: dict[str, Any] = {
        "demand": ONE_YEAR,
        "imports": [imports(60)],
        "projects": [mine(), plant(existing_tpa=30)],
    }
    plan = planner.solve(make_case(**tables), baseline=False)
    checked = verify(make_case(**tables, targets=[asked]), plan.tables)
    assert checked.violations["target"] == pytest.approx(apart) and not checked.holds
    priced = make_case(**tables, targets=[asked | {"price_usd_per_kg": 1}])
    found = verify(priced, plan.tables)
    assert found.violations.get("target", 0.0) == 0
    missing = 5 if asked["kind"] == "served" else 15
    assert found.totals.targets["asked"] == {
        "missing_t": pytest.approx(missing),
        "cost_musd": pytest.approx(missing / 1000),
        "met": False,
    }


def test_the_tables_alone_show_stock_that_is_thrown_away(make_case: MakeCase) -> None:
    """40 t that are released where 30 t are met, of 100."""
    case = make_case(
        demand=ONE_YEAR,
        imports=[imports(20)],
        stockpiles=[{"country": "AAA", "element": "Dy", "initial_t": 10, "purchase_usd_per_kg": 1}],
        targets=[target("origin_share", 1.0)],
    )
    plan = planner.solve(case, baseline=False)
    assert (flow(plan, "released"), short(plan)) == (pytest.approx(10), pytest.approx(70))
    operations = plan.tables["operations"].copy()
    operations.loc[operations["item"] == "released", "tonnes"] += 30
    checked = verify(case, plan.tables | {"operations": operations})
    assert checked.violations["target_stock"] == pytest.approx((40 - 30) / (1 + 40))


def solved(make_case: MakeCase, **tables: object) -> Plan:
    """The outcome for such a case, whatever it is."""
    return planner.solve(make_case(**tables), baseline=False)


def test_a_share_out_of_reach_is_named_with_the_nearest_that_can_be_met(
    make_case: MakeCase,
) -> None:
    """65 t are on offer in 2026 and 2027, of which all allies together use 100 and then 110: 59.09 % are in reach."""
    needs = [
        {"country": "AAA", "element": "Dy", "year": year, "tonnes": tonnes}
        for year, tonnes in ((2026, 100), (2027, 110))
    ]
    plan = solved(
        make_case,
        demand=needs,
        imports=[imports(65)],
        targets=[
            target("served", 0.9),
            target("served", 0.5, target="in reach"),
            target("origin_share", 1.0, target="any"),
        ],
    )
    assert plan.status.value == "infeasible" and plan.status.exit_code == 3
    assert plan.summary["nearest_shares"] == {"asked": pytest.approx(65 / 110, abs=1e-6)}
    assert 'target "asked"' in plan.summary["reasons"][0]
    again = solved(
        make_case,
        demand=needs,
        imports=[imports(65)],
        targets=[target("served", plan.summary["nearest_shares"]["asked"])],
    )
    assert again.status.value == "optimal"


@pytest.mark.parametrize("share", [0.4, 0.6])
def test_the_nearest_share_is_one_that_whole_plants_serve(
    make_case: MakeCase, share: float
) -> None:
    """45 MUSD pay for 45 t/y, but of units of 30 t/y for one alone."""
    case = make_case(
        {"policy.whole_plants": True},
        demand=ONE_YEAR,
        projects=[mine(), plant(max_new_tpa=90, unit_tpa=30, capex_usd_per_tpa=MUSD)],
        budgets=budget(45),
        targets=[target("served", share, element="Dy")],
    )
    plan = planner.solve(case)
    assert plan.status == "infeasible"
    assert plan.summary["nearest_shares"] == {"asked": 0.3}
    most = planner.solve(case.changed({"targets.asked.share": 0.3}))
    assert (most.status, short(most)) == ("optimal", pytest.approx(70))


@pytest.mark.parametrize("method", ["whole", "scenarios"])
def test_targets_that_may_be_in_the_way_of_a_limit_are_named(
    make_case: MakeCase, method: Literal["whole", "scenarios"]
) -> None:
    """One seller may have half of use: so nothing is used, and 100 MUSD are lost where 60 may be."""
    case = make_case(
        {"objective.goal": "target", "objective.risk_limit": 60.0},
        demand=ONE_YEAR,
        imports=[imports(100)],
        targets=[target("origin_share", 0.5)],
    )
    found = planner.solve(case, method=method)
    assert found.status == "infeasible" and "is 100 MUSD" in found.summary["reasons"][0]
    assert "if they are in the way: asked" in found.summary["reasons"][-1]


def test_two_targets_that_exclude_each_other_are_told_of_with_what_is_in_reach(
    make_case: MakeCase,
) -> None:
    """No more than 40 % of use may come from either seller, and nothing is made: nothing can be used."""
    plan = solved(
        make_case,
        demand=ONE_YEAR,
        imports=TWO_SELLERS,
        targets=[target("served", 0.6), target("origin_share", 0.4, target="mix")],
    )
    assert plan.summary["nearest_shares"] == {"asked": 0.0}


def prices(plan: Plan) -> dict[str, tuple[float, str]]:
    """Target -> what a percentage point stricter adds, and to what."""
    rows = plan.tables["shadow_prices"]
    rows = rows[rows["scarce"] == "target"]
    values = zip(rows["musd_per_unit"], rows["objective"], strict=True)
    return dict(zip(rows["item"], values, strict=True))


def test_a_binding_share_of_an_origin_has_a_price_in_risk(solve: SolveCase) -> None:
    """Beside 40 t made CHN sells s / (1 - s) * 40 t: at one half d/ds 40 / (1 - s)^2 = 160 t, so 1.6 MUSD a point."""
    plan = solve(
        demand=ONE_YEAR,
        imports=[imports(80)],
        projects=[mine(), plant(existing_tpa=40)],
        targets=[target("origin_share", 0.5)],
    )
    assert prices(plan) == {"asked": (pytest.approx(1.6), "risk")}


def test_a_priced_target_has_a_price_in_cost(solve: SolveCase) -> None:
    """A point less of 100 t at 20 USD per kg: 0.02 MUSD; one that is met has none."""
    asked = target("origin_share", 0.5, price_usd_per_kg=20)
    loose = target("origin_share", 0.9, price_usd_per_kg=20, target="loose")
    plan = solve(demand=ONE_YEAR, imports=TWO_SELLERS, targets=[asked, loose])
    assert prices(plan) == {"asked": (pytest.approx(0.02), "cost")}


def test_a_share_made_at_home_has_a_price_of_its_own(solve: SolveCase) -> None:
    """A point more of 100 t made at 1 MUSD per tonne: 1 MUSD of cost, under the goal of least cost plus risk."""
    plan = solve(
        {"objective.goal": "welfare", "objective.risk_aversion": 0.0},
        demand=ONE_YEAR,
        elements=[{"element": "Dy", "heavy": "true", "loss_usd_per_kg": 5000}],
        imports=[imports(100)],
        projects=[mine(), plant(existing_tpa=100, variable_opex_usd_per_t=MUSD)],
        targets=[target("made_share", 0.3)],
    )
    assert prices(plan) == {"asked": (pytest.approx(1.0), "welfare")}


def test_scenarios_one_by_one_give_the_same_with_a_price_and_without(make_case: MakeCase) -> None:
    """Three scenarios, shares of origin and of output, plants to build."""
    tables = MAKERS | {
        "demand": demand(100, last=2028),
        "imports": TWO_SELLERS,
        "projects": [
            mine(),
            plant(max_new_tpa=60, capex_usd_per_tpa=MUSD / 10, variable_opex_usd_per_t=1000),
        ],
        "budgets": budget(3, 2, 1),
        "scenarios": scenarios(calm=0.5, cut=0.3, boom=0.2),
        "shocks": [
            shock("cut", "import", 0.2, 2027, supplier="CHN"),
            shock("boom", "demand", 1.3, 2028),
        ],
    }
    asked = [
        target("origin_share", 0.4, price_usd_per_kg=50),
        target("made_share", 0.5, target="home", country="AAA", price_usd_per_kg=40),
        target("served", 0.95, target="most", price_usd_per_kg=700),
    ]
    model = {"objective.goal": "welfare"}
    must_hold = [
        target("origin_share", 0.4),
        target("made_share", 0.5, target="home", country="AAA"),
        target("served", 0.3, target="most"),
    ]
    for rows in (asked, must_hold):
        case = make_case(model, **tables, targets=rows)
        whole, apart = (
            planner.solve(case, baseline=False, method=method) for method in ("whole", "scenarios")
        )
        assert (whole.status, apart.status) == ("optimal", "optimal")
        found = [plan.summary["risk_musd"] + plan.summary["cost_musd"] for plan in (whole, apart)]
        assert found[1] == pytest.approx(found[0], rel=1e-3)
        missing = whole.summary["targets"]["home"]["missing_t"]
        assert missing > 0 if rows is asked else missing == 0


def test_what_is_saved_is_no_use_and_its_partner_gives_the_less(solve: SolveCase) -> None:
    """BBB saves 30 of its 100 t. All of its use is to be made in AAA, which gives it 70 t."""
    plan = solve(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=demand(100, last=2026, country="BBB"),
        imports=[imports(100, country="BBB")],
        projects=[
            mine(),
            plant(existing_tpa=100),
            {"project": "thrift", "country": "BBB", "stage": "saving", "existing_tpa": 30},
        ],
        savings=[{"project": "thrift", "element": "Dy", "form": "oxide", "tonnes": 1}],
        targets=[
            target("served", 1.0, target="all"),
            target("made_share", 1.0, country="AAA;BBB"),
            target("origin_share", 0.0, target="none"),
        ],
    )
    saved, made = flow(plan, "saved"), flow(plan, "given", country="AAA")
    assert made == pytest.approx(100 - saved) and saved <= 30 + 1e-6
    assert told(plan)["met"] is True and short(plan) == pytest.approx(0)
