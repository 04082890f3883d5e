"""The oracle against plans that can be worked out by hand; the arithmetic stands beside each number."""

from __future__ import annotations

from tests.oracle.hand import BASE, LAMBDA0, Solve, near


def test_nothing_can_be_done(solve: Solve) -> None:
    """Everything is short: 2 years x 100 t x 1 MUSD/t."""
    result = solve()
    assert (result.risk, result.cost, result.nodes) == (near(200), near(0), 2)


def test_weight_discount_and_interpolation(solve: Solve) -> None:
    """100, 150, 200 t; weight 2; losses discounted at 10 %: 2 x (100 + 150/1.1 + 200/1.21)."""
    result = solve(
        {"objective": LAMBDA0, "risk_discount_rate": 0.1},
        countries="country,name,weight\nAAA,A,2",
        demand="country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2028,200",
    )
    assert result.risk == near(2 * (100 + 150 / 1.1 + 200 / 1.21))


def test_tail_of_three_scenarios(solve: Solve) -> None:
    """Losses 0, 50, 100 with odds .5 .3 .2: mean 35, worst 30 %: (.2 x 100 + .1 x 50)/.3 = 83.333."""
    result = solve(
        {"objective": {"risk_aversion": 0.5, "tail": 0.7, "risk_slack": 0.0}},
        demand="country,element,year,tonnes\nAAA,Dy,2026,100",
        imports="supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,100",
        scenarios="scenario,name,probability\na,a,0.5\nb,b,0.3\nc,c,0.2",
        shocks="scenario,kind,start_year,end_year,supplier,factor\n"
        "b,import,2026,2026,CHN,0.5\nc,import,2026,2026,*,0\na,import,2027,2027,,0\na,demand,2026,2026,,1",
    )
    assert result.scenario_loss == {"a": near(0), "b": near(50), "c": near(100)}
    assert result.expected_loss == near(35)
    assert result.cvar == near(25 / 0.3)
    assert result.risk == near(0.5 * 35 + 0.5 * 25 / 0.3)
    assert result.nodes == 3


CHAIN = {
    "demand": "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2029,100",
    "projects": "project,name,country,stage,existing_tpa,max_new_tpa,lead_time_years,ramp,capex_usd_per_tpa,"
    "fixed_opex_usd_per_tpa,variable_opex_usd_per_t,feeds\n"
    "M,M,AAA,mine,5000,,,,,,,clay\nS,S,AAA,separation,,1000,1,r,20000,1000,1000,clay",
    "ramps": "ramp,year_after_start,share\nr,0,0.5\nr,1,1",
    "budgets": "funder,year,musd\nAAA,2026,10",
    "scenarios": "scenario,name,probability\nfair,f,0.5\nlate,l,0.5",
    "shocks": "scenario,kind,start_year,end_year,project,factor\nlate,delay,2027,,S,1",
}


def test_build_ramp_and_delay(solve: Solve) -> None:
    """10 MUSD buy 500 t/y in 2026, due 2027, 0.1 t Dy per t.

    fair: 25 + 50 + 50 t, loss 400-125 = 275; late: 0 + 25 + 50, loss 325; mean 300. Nodes: 1 + 2 x 3, it shows in 2027.
    Cost: capex 10, fixed 3 years x 0.5 from the planned start, variable (1250 + 750)/2 t x 1000 USD = 1.
    """
    result = solve(**CHAIN)
    assert result.scenario_loss == {"fair": near(275), "late": near(325)}
    assert result.cost == near(12.5)
    assert result.public_spend == near(10)
    assert result.new_capacity == {"M": 0.0, "S": near(500)}
    assert result.nodes == 7


def test_delays_add_and_unfelt_delays_do_not_branch(solve: Solve) -> None:
    """Two delays of 1 year on builds due 2027 make 2: late has 0 + 0 + 25 t; a delay on the mine is not felt."""
    row = "late,delay,2027,{},{},1\n"
    head = "scenario,kind,start_year,end_year,project,factor\n"
    twice = solve(**{**CHAIN, "shocks": head + row.format(2027, "S") + row.format(2029, "")})
    # Building earlier or later than 2026 does not help: due 2028 is delayed by one of them (25 t in 2029), as good.
    assert twice.scenario_loss["fair"] == near(275)
    assert twice.scenario_loss["late"] == near(375)
    mine = solve(**{**CHAIN, "shocks": head + row.format(2029, "M")})
    assert mine.nodes == 4


def test_target_welfare_and_unreachable(solve: Solve) -> None:
    """Each t/y built saves (125 + 75)/2/500 = 0.2 and costs 12.5/500 = 0.025: welfare builds all 500.

    Risk 350 needs 250 t/y: cost 6.25. Risk 299 is out of reach (least is 300).
    """
    target = {"goal": "target", "risk_aversion": 0.0}
    assert solve({"objective": {**target, "risk_limit": 350}}, **CHAIN).cost == near(6.25)
    assert solve({"objective": {**target, "risk_limit": 299}}, **CHAIN).status == "infeasible"
    welfare = solve({"objective": {"goal": "welfare", "risk_aversion": 0.0}}, **CHAIN)
    assert (welfare.risk, welfare.cost) == (near(300), near(12.5))


def test_levers_and_discounted_instalments(solve: Solve) -> None:
    """Lead 2, index 1.5, half public: 500 t/y cost 15 in parts 7.5 + 7.5 (3.75 + 3.75 public, so 7.5 t of budget).

    Budget 10 in 2026 only: instalments b x 0.015 x 2 = 10 at most, b = 666.67 t/y with carry-over, none without.
    Due 2028: ramp 0.5 then 1 gives 100 t per 666.67: 33.33 + 66.67. Cost 20 x (1/2 + 1/2/1.25); no opex here.
    """
    chain = {k: CHAIN[k] for k in ("demand", "ramps", "budgets")}
    chain["countries"] = "country,name,cost_index\nAAA,A,1.5"
    chain["projects"] = (
        "project,name,country,stage,existing_tpa,max_new_tpa,lead_time_years,ramp,capex_usd_per_tpa,public_share,feeds\n"
        "M,M,AAA,mine,10000,,,,,,clay\nS,S,AAA,separation,,1000,2,r,20000,0.5,clay"
    )
    result = solve({"discount_rate": 0.25}, **chain)
    assert result.new_capacity["S"] == near(2000 / 3)
    assert result.risk == near(300)
    assert result.cost == near(10 + 10 / 1.25)
    assert solve({"policy": {"budget_carry_over": False}}, **chain).risk == near(400)
    assert solve({"levers": ["mine", "metal"]}, **chain).risk == near(400)


PLANT = {
    "projects": "project,name,country,stage,existing_tpa,feeds\nM,M,AAA,mine,5000,clay\nS,S,AAA,separation,1000,clay",
    "skills": "skill,name,attrition\nchem,c,0.1",
    "staffing": "stage,project,skill,persons_per_ktpa\nseparation,,chem,99\nseparation,S,chem,20\nmine,,chem,0",
    "workforce": "country,skill,initial\nAAA,chem,10",
}
SCHOOL = "programme,country,skill,duration_years,seats,cost_per_trainee_usd,completion_rate\np,AAA,chem,1,5,1000000,0.8"


def test_staff_attrition_and_training(solve: Solve) -> None:
    """10 staff run 500 t (50 t Dy); next year 9 run 450 t (45); 5 trainees at 0.8 make 13 (65), at 1 MUSD each."""
    assert solve(**PLANT).risk == near(50 + 55)
    school = solve(training=SCHOOL, budgets="funder,year,musd\nAAA,2026,9", **PLANT)
    assert (school.risk, school.cost) == (near(50 + 35), near(5))
    nobody = solve(**{**PLANT, "workforce": "country,skill,initial"})
    assert nobody.risk == near(200)


def test_mentors_seats_and_hires(solve: Solve) -> None:
    """Ratio 0.2 x 10 staff lets 2 in: 9 + 1.6 = 10.6 staff, 53 t. Hires of 2 in the second year: 9 + 2 = 11, 55 t."""
    money = "funder,year,musd\nAAA,2026,90\nAAA,2027,90"
    skills = "skill,name,attrition,mentor_ratio\nchem,c,0.1,0.2"
    mentored = solve(**{**PLANT, "training": SCHOOL, "budgets": money, "skills": skills})
    assert mentored.risk == near(50 + 47)
    hired = "country,skill,initial,hires_per_year,hire_cost_usd\nAAA,chem,10,2,50000"
    result = solve(**{**PLANT, "workforce": hired, "budgets": money})
    assert (result.risk, result.cost) == (near(50 + 45), near(0.1))
    assert solve(
        {"levers": ["training"]}, **{**PLANT, "workforce": hired, "budgets": money}
    ).risk == near(105)


def test_new_seats_serve_from_the_next_year(solve: Solve) -> None:
    """Three years, no seats, 10 may be added at 0.1: added 2026, taken 2027, staff 8.1 + 10 in 2028 (90.5 t Dy)."""
    seats = (
        "programme,country,skill,duration_years,seats,max_new_seats,cost_per_trainee_usd,cost_per_seat_usd\n"
        "p,AAA,chem,1,0,10,200000,100000"
    )
    demand = "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2028,100"
    result = solve(
        **{**PLANT, "training": seats, "demand": demand, "budgets": "funder,year,musd\nAAA,2026,90"}
    )
    assert result.risk == near(50 + 55 + 9.5)
    assert result.cost == near(10 * 0.2 + 10 * 0.1)


TWO = {
    "countries": "country,name,bloc\nAAA,A,x\nBBB,B,x\nCCC,C,",
    "projects": "project,name,country,stage,existing_tpa,feeds,recovery\n"
    "M,M,BBB,mine,600,clay,\nS,S,AAA,separation,1000,clay,0.9",
    "skills": "skill,name,attrition\nchem,c,0",
    "staffing": "stage,skill,persons_per_ktpa\nseparation,chem,10",
    "workforce": "country,skill,initial\nAAA,chem,2\nBBB,chem,10\nCCC,chem,50",
    "demand": "country,element,year,tonnes\nAAA,Dy,2026,10\nCCC,Dy,2026,50",
}


def test_groups_and_secondment(solve: Solve) -> None:
    """AAA's 2 staff run 200 t of B's ore: 18 t Dy.

    With 0.1 x 10 from B 27 t; allied also 0.1 x 50 from C: 8 staff, but only 600 t are mined: 54 t.
    Demand is 60. Blocs serve only A's 10; nations have no ore with the plant.
    """
    share = {"secondment_share": 0.1}
    assert solve({"policy": {"coordination": "allied"}}, **TWO).risk == near(60 - 18)
    assert solve({"policy": {"coordination": "allied", **share}}, **TWO).risk == near(60 - 54)
    assert solve({"policy": {"coordination": "blocs", **share}}, **TWO).risk == near(50)
    assert solve({"policy": {"coordination": "national", **share}}, **TWO).risk == near(60)


def test_imports_are_not_passed_on(solve: Solve) -> None:
    """AAA can import 100 and needs 10: CCC still goes without its 50."""
    table = "supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,100"
    assert solve(**{**TWO, "projects": BASE["projects"], "imports": table}).risk == near(50)


def test_loss_steps_and_specificity(solve: Solve) -> None:
    """20 t come in, 80 of 100 short: 50 at 0.1 MUSD + 30 at 1 = 35; the country's own set counts 80 at 0.5 = 40."""
    one = "country,element,year,tonnes\nAAA,Dy,2026,100"
    imports = "supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,20"
    steps = "element,country,form,up_to_share,loss_usd_per_kg\nDy,,,0.5,100\nDy,,,1,1000"
    assert solve(demand=one, imports=imports, loss_tiers=steps).risk == near(35)
    assert solve(
        demand=one, imports=imports, loss_tiers=steps + "\nDy,,oxide,1,9\nDy,AAA,,1,500"
    ).risk == near(40)


def test_stock_is_bought_from_what_there_is(solve: Solve) -> None:
    """150 t importable in 2026, cut in 2027: 30 t (max) bought at 10 USD/kg, held one year end at 1 USD/kg."""
    tables = {
        "imports": "supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,150",
        "scenarios": "scenario,name,probability\nw,w,1",
        "shocks": "scenario,kind,start_year,end_year,factor\nw,import,2027,2030,0",
        "stockpiles": "country,element,initial_t,max_t,purchase_usd_per_kg,holding_usd_per_kg_year\nAAA,Dy,5,30,10,1",
        "budgets": "funder,year,musd\nJ,2026,50",
        "funders": "funder,countries\nJ,*",
    }
    result = solve(**tables)
    assert (result.risk, result.cost, result.public_spend) == (
        near(70),
        near(0.25 + 0.03),
        near(0.25),
    )
    off = solve({"levers": []}, **tables)
    assert (off.risk, off.cost) == (near(95), near(0.005))


def test_metal_uses_oxide_of_its_country(solve: Solve) -> None:
    """30 t importable oxide, metal recovery 0.9 up to 20 t in: 18 t of 25 t metal, the other 10 t oxide of 50 t."""
    result = solve(
        demand="country,element,form,year,tonnes\nAAA,Dy,oxide,2026,50\nAAA,Dy,metal,2026,25",
        projects="project,name,country,stage,existing_tpa\nT,T,AAA,metal,20",
        recoveries="project,element,recovery\nT,Dy,0.9",
        imports="supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,30",
        loss_tiers="element,form,up_to_share,loss_usd_per_kg\nDy,metal,1,2000",
    )
    assert result.risk == near(40 + 7 * 2)


def test_heavy_basis_counts_heavy_elements_only(solve: Solve) -> None:
    """Heavy share 0.1 of 0.3: a plant of 50 t heavy takes 500 t of feed: 50 t Dy (20 USD/t heavy is 0.001 MUSD)."""
    result = solve(
        elements="element,name,heavy,loss_usd_per_kg\nDy,Dy,true,1000\nNd,Nd,false,1",
        feeds="feed,element,share\nclay,Dy,0.1\nclay,Nd,0.2",
        demand="country,element,year,tonnes\nAAA,Dy,2026,100",
        projects="project,name,country,stage,basis,existing_tpa,variable_opex_usd_per_t,feeds\n"
        "M,M,AAA,mine,,5000,,clay\nS,S,AAA,separation,heavy,50,20,clay",
    )
    assert (result.risk, result.cost) == (near(50), near(0.001))


def test_investment_may_answer_what_showed(solve: Solve) -> None:
    """Budget 10 in 2026: one of two plants can be had, and in 2026 it shows which one will be shut from 2027.

    Adaptive picks the open one in each scenario (1 MUSD per t, 50 t in 2027): loss 150. Committed: half of that, 175.
    """
    tables = {
        "projects": "project,name,country,stage,existing_tpa,max_new_tpa,lead_time_years,capex_usd_per_tpa,feeds\n"
        "M,M,AAA,mine,9000,,,,clay\nS,S,AAA,separation,,500,1,20000,clay\nR,R,AAA,separation,,500,1,20000,clay",
        "budgets": "funder,year,musd\nAAA,2026,10",
        "imports": "supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,1\nCHN,AAA,Dy,2027,0",
        "scenarios": "scenario,name,probability\ns,s,0.5\nr,r,0.5",
        "shocks": "scenario,kind,start_year,end_year,project,factor\n"
        "s,capacity,2027,2027,S,0\nr,capacity,2027,2027,R,0\ns,import,2026,2026,,0",
    }
    adaptive = solve({"policy": {"investment": "adaptive"}}, **tables)
    # 2026 short: 99 t with imports, 100 t where they are cut.
    assert (adaptive.risk, adaptive.nodes) == (near((99 + 100) / 2 + 50), 4)
    committed = solve(**tables)
    assert committed.risk == near((99 + 100) / 2 + 75)


def test_expected_loss_is_the_third_criterion(solve: Solve) -> None:
    """Risk is the worst scenario alone (100); the fair one still reports no needless shortfall (0)."""
    result = solve(
        {"objective": {"risk_aversion": 1.0, "tail": 0.9, "risk_slack": 0.0}},
        demand="country,element,year,tonnes\nAAA,Dy,2026,100",
        imports="supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,100",
        scenarios="scenario,name,probability\na,a,0.9\nb,b,0.1",
        shocks="scenario,kind,start_year,end_year,factor\nb,import,2026,2026,0",
    )
    assert result.risk == near(100)
    assert result.scenario_loss == {"a": near(0), "b": near(100)}


def test_overlapping_shocks_multiply(solve: Solve) -> None:
    """Demand 100 x 1.5 = 150, imports 100 x 0.5 x 0.4 = 20; BBB imports nothing. Alike: 1 node."""
    result = solve(
        demand="country,element,year,tonnes\nAAA,Dy,2026,100",
        imports="supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,100",
        scenarios="scenario,name,probability\nw,w,0.5\nv,v,0.5",
        shocks="scenario,kind,start_year,end_year,supplier,country,factor\n"
        "w,import,2026,2026,CHN,,0.5\nw,import,2020,2030,*,AAA,0.4\nw,import,2026,2027,,BBB,0\nw,demand,2026,2026,,,1.5\n"
        "v,import,2026,2026,,,0.2\nv,demand,2025,2026,,*,1.5",
    )
    assert (result.risk, result.nodes) == (near(130), 1)


def test_existing_plants_come_and_go(solve: Solve) -> None:
    """Online 2027, retired 2028: 100 t in 2027 only."""
    result = solve(
        demand="country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2028,100",
        projects="project,name,country,stage,existing_tpa,online_year,retire_year,feeds\n"
        "M,M,AAA,mine,5000,,,clay\nS,S,AAA,separation,1000,2027,2028,clay",
    )
    assert result.risk == near(200)


def test_two_year_training_fills_the_mentors(solve: Solve) -> None:
    """No attrition, 2 years: 5 + 5 finish in 2028 and 2029: 75 and 100 t. Ratio 0.2 lets 2 be under way: 60, 60.

    Seconding is not possible, 10 staff run 50 t in the first two years.
    """
    tables = {
        **PLANT,
        "demand": "country,element,year,tonnes\nAAA,Dy,2026,100\nAAA,Dy,2029,100",
        "training": "programme,country,skill,duration_years,seats,cost_per_trainee_usd\np,AAA,chem,2,5,1000",
        "budgets": "funder,year,musd\nG,2026,1\nH,2026,9",
        "funders": "funder,countries\nG,BBB;AAA",
        "skills": "skill,name,attrition,mentor_ratio\nchem,c,0,",
    }
    assert solve(**tables).risk == near(50 + 50 + 25 + 0)
    mentored = solve(
        {"levers": []}, **{**tables, "skills": "skill,name,attrition,mentor_ratio\nchem,c,0,0.2"}
    )
    assert mentored.risk == near(50 + 50 + 40 + 40)
    assert solve(**{**tables, "budgets": "funder,year,musd\nH,2026,9"}).risk == near(200)
