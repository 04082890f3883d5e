"""Import prices, credit, output that rises, saving, availability and returns, worked out by hand.

One country AAA needs 100 t of Dy a year, 1 MUSD per tonne short; 1 USD per kg is 0.001 MUSD per tonne.
"""

from __future__ import annotations

import pytest

from tests.oracle.hand import LAMBDA0, Solve, near

ONE_YEAR = "country,element,year,tonnes\nAAA,Dy,2026,100"
THREE_YEARS = "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2028,100"
SOLD = "supplier,country,element,year,tonnes,price_usd_per_kg\n"
SHOCKS = "scenario,kind,start_year,end_year,factor\n"
HALF = "scenario,name,probability\na,a,0.5\nb,b,0.5"
BUDGET = "funder,year,musd\nAAA,2026,50\nAAA,2027,50"
WELFARE = {"objective": {"goal": "welfare", "risk_aversion": 0.0}}


@pytest.fixture
def solve(solve_both: Solve) -> Solve:
    """The planner finds the same."""
    return solve_both


def test_imports_cost_their_price_and_no_budget_pays_them(solve: Solve) -> None:
    """100 t at 5 USD/kg are 0.5 MUSD a year, twice, and nothing is public."""
    result = solve(imports=SOLD + "CHN,AAA,Dy,2026,100,5")
    assert (result.risk, result.cost, result.public_spend) == (near(0), near(1), near(0))
    assert result.cost_parts["imports"] == near(1)


def test_prices_are_linear_between_years(solve: Solve) -> None:
    """4, 6 and 8 USD/kg for 100 t each: 0.4 + 0.6 + 0.8."""
    rows = "CHN,AAA,Dy,2026,100,4\nCHN,AAA,Dy,2028,100,8"
    assert solve(demand=THREE_YEARS, imports=SOLD + rows).cost == near(1.8)


def test_prices_are_discounted(solve: Solve) -> None:
    """0.5 and 0.5 a year later at 25 %: 0.5 + 0.4."""
    model = {"objective": LAMBDA0, "discount_rate": 0.25}
    assert solve(model, imports=SOLD + "CHN,AAA,Dy,2026,100,5").cost == near(0.9)


def test_the_cheaper_supplier_sells_first(solve: Solve) -> None:
    """60 t at 2 and 40 of 100 t at 5 USD/kg: 0.12 + 0.2."""
    rows = "CHN,AAA,Dy,2026,60,2\nMYS,AAA,Dy,2026,100,5"
    assert solve(demand=ONE_YEAR, imports=SOLD + rows).cost == near(0.32)


def test_price_shocks_multiply(solve: Solve) -> None:
    """0.5 in 2026; in 2027 x 3 x 0.5: 0.75."""
    rows = "base,price,2027,2027,3\nbase,price,2027,,0.5"
    result = solve(imports=SOLD + "CHN,AAA,Dy,2026,100,5", shocks=SHOCKS + rows)
    assert (result.cost, result.nodes) == (near(1.25), 2)


def test_a_price_shock_may_name_a_supplier(solve: Solve) -> None:
    """CHN's 2 USD/kg become 8: MYS sells its 70 t at 5 first, CHN 30 at 8: 0.35 + 0.24."""
    rows = "CHN,AAA,Dy,2026,100,2\nMYS,AAA,Dy,2026,70,5"
    shocks = "scenario,kind,start_year,end_year,supplier,factor\nbase,price,2026,2026,CHN,4"
    assert solve(demand=ONE_YEAR, imports=SOLD + rows, shocks=shocks).cost == near(0.59)


@pytest.mark.parametrize(("tonnes", "price", "nodes"), [(100, 5, 3), (100, 0, 2), (0, 5, 2)])
def test_a_price_shock_is_felt_where_price_and_limit_are_positive(
    solve: Solve, tonnes: float, price: float, nodes: int
) -> None:
    """One node in 2026, then two if b's price of 2027 is felt."""
    imports = SOLD + f"CHN,AAA,Dy,2026,{tonnes},{price}"
    result = solve(imports=imports, scenarios=HALF, shocks=SHOCKS + "b,price,2027,2027,2")
    assert result.nodes == nodes


def test_a_price_shock_inside_a_year_divides_it(solve: Solve) -> None:
    """Two quarters of 2027 cost 0.125 each, two five times that: 0.5 + 0.25 + 1.25."""
    imports = SOLD + "CHN,AAA,Dy,2026,100,5"
    result = solve(imports=imports, shocks=SHOCKS + "base,price,2027Q2,2027Q3,5")
    assert (result.cost, result.nodes) == (near(2), 5)


def test_a_price_above_the_loss_is_paid_for_risk_but_not_for_welfare(solve: Solve) -> None:
    """200 t at 1.5 MUSD: 300, or a loss of 200."""
    imports = SOLD + "CHN,AAA,Dy,2026,100,1500"
    assert solve(imports=imports).cost == near(300)
    result = solve(WELFARE, imports=imports)
    assert (result.risk, result.cost) == (near(200), near(0))


def test_resold_tonnes_cost_the_price_of_the_buying_country(solve: Solve) -> None:
    """BBB buys 100 t at 3 USD/kg, half as much again goes to AAA, whose row says 7: 0.3 + 0.35."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR + "\nBBB,Dy,2026,100",
        imports=SOLD + "CHN,AAA,Dy,2026,100,7\nCHN,BBB,Dy,2026,100,3",
        resale="country,share\nBBB,0.5",
        shocks="scenario,kind,start_year,end_year,country,factor,leak\nbase,import,2026,,AAA,0,1",
    )
    assert (result.risk, result.cost) == (near(50), near(0.65))


def store(solve: Solve, imports: str, shocks: str = "") -> object:
    """30 t are bought at 10 USD/kg in 2026 for 2027, when nothing comes in."""
    cut = SHOCKS.replace("factor", "supplier,factor") + "base,import,2027,2030,*,0\n" + shocks
    stock = "country,element,initial_t,max_t,purchase_usd_per_kg\nAAA,Dy,0,30,10"
    return solve(imports=SOLD + imports, shocks=cut, stockpiles=stock, budgets=BUDGET)


def test_purchases_count_less_the_import_price_and_are_paid_whole(solve: Solve) -> None:
    """130 t at 4 USD/kg: 0.52; 30 t at 10 - 4: 0.18; the budget pays 0.3."""
    result = store(solve, "CHN,AAA,Dy,2026,150,4")
    assert (result.risk, result.cost) == (near(70), near(0.7))
    assert result.cost_parts["stock_purchases"] == near(0.18)
    assert result.public_spend == near(0.3)


def test_purchases_never_count_below_nothing(solve: Solve) -> None:
    """At 12 USD/kg imported 130 t cost 1.56, and purchases at 10 count 0."""
    result = store(solve, "CHN,AAA,Dy,2026,150,12")
    assert (result.cost, result.public_spend) == (near(1.56), near(0.3))


def test_purchases_go_by_the_lowest_price_of_what_is_on_offer(solve: Solve) -> None:
    """MYS at 1 USD/kg counts with a limit, though it is cut: 0.52 + 30 x 9; without a limit 0.52 + 30 x 6."""
    chn = "CHN,AAA,Dy,2026,150,4\n"
    cut = store(solve, chn + "MYS,AAA,Dy,2026,50,1", "base,import,2026,2026,MYS,0")
    assert cut.cost == near(0.52 + 0.27)
    assert store(solve, chn + "MYS,AAA,Dy,2026,0,1").cost == near(0.52 + 0.18)


def test_purchases_of_a_dear_year_go_by_the_undisturbed_price(solve: Solve) -> None:
    """A price shock of 2 makes imports 8 USD/kg; purchases still count 10 - 4: 1.04 + 0.18."""
    result = store(solve, "CHN,AAA,Dy,2026,150,4", "base,price,2026,2026,*,2")
    assert result.cost == near(1.22)


PLANT = (
    "project,name,country,stage,existing_tpa,variable_opex_usd_per_t,credit_usd_per_t,rise,feeds\n"
)
MINE = "M,M,AAA,mine,5000,,,,clay\n"


@pytest.mark.parametrize(("credit", "cost"), [(0, 2.0), (400, 1.2), (1500, 0.0)])
def test_a_credit_lowers_what_a_throughput_costs(solve: Solve, credit: int, cost: float) -> None:
    """1000 t a year at 1000 USD/t less the credit, never less than nothing, twice."""
    plant = f"S,S,AAA,separation,1000,1000,{credit},,clay"
    result = solve(projects=PLANT + MINE + plant)
    assert (result.risk, result.cost) == (near(0), near(cost))


OPEN_IN_2026 = SOLD + "CHN,AAA,Dy,2026,100,1\nCHN,AAA,Dy,2027,0,1"


def test_standing_warm_has_a_price(solve: Solve) -> None:
    """To make 100 t in 2027 from 1000 t of ore, 900 have to run in 2026: 1.8 MUSD, 10 t imported 0.01; then 2.

    By welfare as well: 0.0019 MUSD per tonne of ore kept warm save 0.1.
    """
    tables = {
        "imports": OPEN_IN_2026,
        "projects": PLANT + MINE + "S,S,AAA,separation,1000,2000,,0.1,clay",
    }
    result = solve(**tables)
    assert (result.risk, result.cost) == (near(0), near(3.81))
    assert solve(WELFARE, **tables).cost == near(3.81)


def test_output_rises_by_a_share_of_capacity(solve: Solve) -> None:
    """Half of the capacity in 2026: 50 t; then a hundredth or a tenth of it more, 51 or 60 t in 2027."""
    shock = SHOCKS + "base,capacity,2026,2026,0.5"
    for rise, short in ((0.01, 50 + 49), (0.1, 50 + 40)):
        plants = PLANT + MINE + f"S,S,AAA,separation,1000,,,{rise},clay"
        assert solve(projects=plants, shocks=shock).risk == near(short)


def test_what_was_shut_since_the_first_year_starts_when_it_may(solve: Solve) -> None:
    """Shut in 2026, open in 2027: all of it. Shut in 2027 after it ran: 10 t in 2028."""
    plants = PLANT + MINE + "S,S,AAA,separation,1000,,,0.1,clay"
    first = solve(projects=plants, shocks=SHOCKS + "base,capacity,2026,2026,0")
    assert first.risk == near(100)
    later = solve(demand=THREE_YEARS, projects=plants, shocks=SHOCKS + "base,capacity,2027,2027,0")
    assert later.risk == near(100 + 90)


def test_what_comes_online_starts_at_once_and_later_if_shut(solve: Solve) -> None:
    """Online in 2027: 100 t; shut then: 100 t in 2028; shut for three quarters of 2027: 25 t, then 35."""
    head = PLANT.replace("rise", "rise,online_year")
    plants = head + MINE.replace(",clay", ",,clay") + "S,S,AAA,separation,1000,,,0.1,2027,clay"
    tables = {"demand": THREE_YEARS, "projects": plants}
    shocks = SHOCKS + "base,capacity,2027,2027"
    assert solve(**tables).risk == near(100)
    assert solve(shocks=shocks + ",0", **tables).risk == near(200)
    assert solve(shocks=shocks + "Q3,0", **tables).risk == near(100 + 75 + 65)


def test_a_build_starts_with_its_ramp(solve: Solve) -> None:
    """1000 t/y in 2026, half usable at once: 490 t run in 2026 so that 490 + 10 + 500 can in 2027: 1 + 0.49 + 1 MUSD.

    Imports of 2026 cost nothing, so only the rise of 0.01 asks for the 490.
    """
    result = solve(
        imports=SOLD + "CHN,AAA,Dy,2026,100,0\nCHN,AAA,Dy,2027,0,0",
        projects="project,name,country,stage,existing_tpa,max_new_tpa,ramp,capex_usd_per_tpa,"
        "variable_opex_usd_per_t,rise,feeds\n"
        "M,M,AAA,mine,5000,,,,,,clay\nS,S,AAA,separation,,1000,r,1000,1000,0.01,clay",
        ramps="ramp,year_after_start,share\nr,0,0.5\nr,1,1",
        budgets=BUDGET,
    )
    assert (result.risk, result.cost) == (near(0), near(2.49))


def test_output_by_quarters_is_summed_for_the_next_year(solve: Solve) -> None:
    """1000 t, then 250 + 250 and two quarters shut, then 500 + 100: short 0, 50 and 40."""
    plants = PLANT + MINE + "S,S,AAA,separation,1000,,,0.1,clay"
    shock = SHOCKS + "base,capacity,2027Q3,2027Q4,0"
    assert solve(demand=THREE_YEARS, projects=plants, shocks=shock).risk == near(90)


def test_every_quarter_keeps_to_the_rise_of_its_year(solve: Solve) -> None:
    """500 t ran in 2026, 600 a year may in 2027: 15 t in each of four quarters, whatever the last one would need."""
    plants = PLANT + MINE + "S,S,AAA,separation,1000,,,0.1,clay"
    rows = "base,capacity,2026,2026,0.5\nbase,demand,2027Q1,2027Q3,0.2"
    # Demand of 2027 is 5 + 5 + 5 + 25 t, of which 5 + 5 + 5 + 15 are made.
    assert solve(projects=plants, shocks=SHOCKS + rows).risk == near(50 + 10)


SAVING = "project,name,country,stage,existing_tpa,max_new_tpa,capex_usd_per_tpa,variable_opex_usd_per_t\n"
SAVED = "project,element,form,tonnes,max_share\n"


@pytest.mark.parametrize(("most", "short"), [("0.2", 80), ("", 70)])
def test_saving_replaces_demand_up_to_a_share(solve: Solve, most: str, short: float) -> None:
    """10 units x 3 t = 30 t, or 0.2 x 100 t; each unit costs 1000 USD: 7 units (6.667) or 10 a year."""
    result = solve(
        demand=ONE_YEAR,
        projects=SAVING + "V,V,AAA,saving,10,,,1000",
        savings=SAVED + f"V,Dy,oxide,3,{most}",
    )
    assert (result.risk, result.cost) == (near(short), near((100 - short) / 3 / 1000))


def test_saving_serves_its_own_country_alone(solve: Solve) -> None:
    """BBB saves 10 of its own 10 t; AAA's 100 t stay short."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR + "\nBBB,Dy,2026,10",
        projects=SAVING + "V,V,BBB,saving,10,,,",
        savings=SAVED + "V,Dy,oxide,3,",
    )
    assert result.risk == near(100)


def test_saving_is_a_lever(solve: Solve) -> None:
    """10 units at 1000 USD save 30 t a year for 0.01 MUSD; without the lever nothing."""
    tables = {
        "projects": SAVING + "V,V,AAA,saving,,10,1000,",
        "savings": SAVED + "V,Dy,oxide,3,",
        "budgets": BUDGET,
    }
    result = solve(**tables)
    assert (result.risk, result.cost) == (near(140), near(0.01))
    others = ["mine", "separation", "metal", "magnet", "training", "hiring", "stockpile"]
    assert solve({"levers": others}, **tables).risk == near(200)


def test_loss_steps_go_by_the_demand_before_saving(solve: Solve) -> None:
    """30 of 100 t saved, 70 short: 50 t at 0.1 and 20 t at 1 MUSD."""
    result = solve(
        demand=ONE_YEAR,
        projects=SAVING + "V,V,AAA,saving,10,,,",
        savings=SAVED + "V,Dy,oxide,3,",
        loss_tiers="element,up_to_share,loss_usd_per_kg\nDy,0.5,100\nDy,1,1000",
    )
    assert result.risk == near(25)


def test_the_share_saved_is_of_the_periods_shocked_demand(solve: Solve) -> None:
    """Demand 25, 50, 25, 25 t: a fifth of each is saved: 100 of 125 t stay short."""
    result = solve(
        demand=ONE_YEAR,
        projects=SAVING + "V,V,AAA,saving,1000,,,",
        savings=SAVED + "V,Dy,oxide,3,0.2",
        shocks=SHOCKS + "base,demand,2026Q2,2026Q2,2",
    )
    assert result.risk == near(100)


def test_one_saving_may_replace_two_forms(solve: Solve) -> None:
    """10 units save 10 t of oxide and 10 t of metal."""
    result = solve(
        demand="country,element,form,year,tonnes\nAAA,Dy,oxide,2026,100\nAAA,Dy,metal,2026,50",
        projects=SAVING + "V,V,AAA,saving,10,,,",
        savings=SAVED + "V,Dy,oxide,1,\nV,Dy,metal,1,",
    )
    assert result.risk == near(130)


def test_saving_needs_people_and_may_be_shut(solve: Solve) -> None:
    """5 persons at 1 per unit run 5 units: 15 t; half of the capacity is not what binds; shut, nothing is saved."""
    tables = {
        "demand": ONE_YEAR,
        "projects": SAVING + "V,V,AAA,saving,10,,,",
        "savings": SAVED + "V,Dy,oxide,3,",
        "skills": "skill,name,attrition\nchem,c,0",
        "staffing": "stage,skill,persons_per_ktpa\nsaving,chem,1000",
        "workforce": "country,skill,initial\nAAA,chem,5",
    }
    head = "scenario,kind,start_year,end_year,stage,factor\n"
    half = solve(shocks=head + "base,capacity,2026,2026,saving,0.5", **tables)
    assert half.risk == near(85)
    assert solve(shocks=head + "base,capacity,2026,2026,saving,0", **tables).risk == near(100)


def test_saving_keeps_to_its_rise(solve: Solve) -> None:
    """10 units, half shut in 2026: 15 t, then 5 + 1 units: 18 t."""
    result = solve(
        projects="project,name,country,stage,existing_tpa,rise\nV,V,AAA,saving,10,0.1",
        savings=SAVED + "V,Dy,oxide,3,",
        shocks=SHOCKS + "base,capacity,2026,2026,0.5",
    )
    assert result.risk == near(85 + 82)


def test_a_mine_yields_what_is_available(solve: Solve) -> None:
    """600, 500 and 400 t of ore, 0.1 Dy each: 40, 50 and 60 t short."""
    result = solve(
        demand=THREE_YEARS,
        projects=PLANT + MINE + "S,S,AAA,separation,9000,,,,clay",
        availability="project,year,tonnes\nM,2026,600\nM,2028,400",
    )
    assert result.risk == near(150)


def test_availability_is_spread_over_quarters(solve: Solve) -> None:
    """600 t a year are 15 t Dy a quarter; demand is 5, 25, 25 and 25 t, so 5 + 15 x 3 are served."""
    result = solve(
        demand=ONE_YEAR,
        projects=PLANT + MINE + "S,S,AAA,separation,9000,,,,clay",
        availability="project,year,tonnes\nM,2026,600",
        shocks=SHOCKS + "base,demand,2026Q1,2026Q1,0.2",
    )
    assert result.risk == near(30)


SWARF = {
    "countries": "country,name\nAAA,A\nBBB,B",
    "feeds": "feed,element,share\nswarf,Dy,1",
    "demand": "country,element,form,year,tonnes\nAAA,Dy,metal,2026,100",
    "imports": SOLD + "CHN,AAA,Dy,2026,60,0",
}
LINE = "project,name,country,stage,existing_tpa,recovery,feeds\nT,T,AAA,metal,1000,0.75,\n"


def test_what_returns_is_separated_again(solve: Solve) -> None:
    """x t go in, x/4 comes back, 0.8 of that is oxide again: x = 60 + 0.2 x = 75, 56.25 t of metal."""
    plants = LINE + "S,S,AAA,separation,1000,0.8,swarf"
    returns = "project,stage,element,feed,share\nT,,Dy,swarf,0.25\n,metal,Dy,swarf,0.1"
    assert solve(projects=plants, returns=returns, **SWARF).risk == near(43.75)


def test_a_row_for_the_stage_holds_for_every_plant_of_it(solve: Solve) -> None:
    """x = 60 + 0.08 x, and 0.75 of it is metal."""
    plants = LINE + "S,S,AAA,separation,1000,0.8,swarf"
    returns = "stage,element,feed,share\nmetal,Dy,swarf,0.1"
    assert solve(projects=plants, returns=returns, **SWARF).risk == near(100 - 45 / 0.92)


def test_what_returns_stays_in_its_group(solve: Solve) -> None:
    """BBB separates: allied as above, national only what is imported becomes metal, 45 t."""
    plants = LINE + "S,S,BBB,separation,1000,0.8,swarf"
    returns = "stage,element,feed,share\nmetal,Dy,swarf,0.25"
    assert solve(projects=plants, returns=returns, **SWARF).risk == near(43.75)
    national = {"policy": {"coordination": "national"}}
    assert solve(national, projects=plants, returns=returns, **SWARF).risk == near(55)


def test_a_row_of_share_nothing_replaces_that_of_the_stage(solve: Solve) -> None:
    """T returns nothing: 45 t of metal."""
    plants = LINE + "S,S,AAA,separation,1000,0.8,swarf"
    returns = "project,stage,element,feed,share\nT,,Dy,swarf,0\n,metal,Dy,swarf,0.25"
    assert solve(projects=plants, returns=returns, **SWARF).risk == near(55)
