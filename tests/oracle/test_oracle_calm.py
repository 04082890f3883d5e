"""Import prices, credit, saving, availability by quarter and returns, worked out by hand.

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


SAVING = "project,name,country,stage,existing_tpa,max_new_tpa,capex_usd_per_tpa,variable_opex_usd_per_t\n"
SAVED = "project,element,form,tonnes,max_share\n"


def test_saving_serves_its_own_country_alone(solve: Solve) -> None:
    """BBB saves 10 of its own 10 t; AAA's 100 t stay short."""
    result = solve(
        countries="country,name\nAAA,A\nBBB,B",
        demand=ONE_YEAR + "\nBBB,Dy,2026,10",
        projects=SAVING + "V,V,BBB,saving,10,,,",
        savings=SAVED + "V,Dy,oxide,3,",
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


def test_a_row_of_share_nothing_replaces_that_of_the_stage(solve: Solve) -> None:
    """T returns nothing: 45 t of metal."""
    plants = LINE + "S,S,AAA,separation,1000,0.8,swarf"
    returns = "project,stage,element,feed,share\nT,,Dy,swarf,0\n,metal,Dy,swarf,0.25"
    assert solve(projects=plants, returns=returns, **SWARF).risk == near(55)
