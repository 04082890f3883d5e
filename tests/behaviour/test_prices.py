"""Shadow prices: hand-derived, and equal to what re-solving with one unit more or less gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.solving.goals import phases_of, solve_phases
from planner.solving.highs import Solver
from planner.solving.program_writer import Writer
from tests.cases import (
    MUSD,
    ONE_PER_TONNE,
    budget,
    demand,
    imports,
    mine,
    near,
    plant,
    scenarios,
    shock,
)
from tests.conftest import LeastRisk, MakeCase, SolveCase

Tables = dict[str, Any]
WORK: Tables = {
    "projects": [mine(), plant(existing_tpa=100)],
    "staffing": f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}",
}
HALF = {
    "scenarios": scenarios(calm=0.5, strike=0.5),
    "shocks": [shock("strike", "capacity", 0.5, stage="separation")],
}
NEUTRAL = {"objective.risk_aversion": 0.0}


def staff(
    initial: float, attrition: float = 0.0, hires: float = 0, ratio: float | str = "", **more: Any
) -> Tables:
    """Chemists of AAA."""
    return (
        WORK
        | {
            "skills": f"skill, attrition, mentor_ratio\nchemist, {attrition}, {ratio}",
            "workforce": f"country, skill, initial, hires_per_year\nAAA, chemist, {initial}, {hires}",
        }
        | more
    )


def school(seats: float, new_seats: float = 0) -> list[dict[str, Any]]:
    """One year of training."""
    return [
        {
            "programme": "school",
            "country": "AAA",
            "skill": "chemist",
            "duration_years": 1,
            "seats": seats,
            "max_new_seats": new_seats,
            "cost_per_trainee_usd": 0,
        }
    ]


@dataclass(frozen=True)
class Scarce:
    """A case in which one thing is scarce: `tables(x)` has x of it. `price`: by year (None: of no year), by hand."""

    scarce: str
    item: str
    tables: Callable[[float], Tables]
    at: float
    price: dict[int | None, float]
    model: dict[str, object] = field(default_factory=dict)
    perturbed: bool = True
    """Whether one more of x is one more in every year of `price`, so that the prices add up to the derivative."""


CASES = {
    # 0.5 MUSD per t/y, three years of service at 1 MUSD/t: 2 * 3 in 2026, 2 * 2 in 2027, 2 in 2028. x is the
    # budget of 2026; without carrying over, that of 2027 and 2028 is worth what it buys in those years.
    "budget": Scarce(
        "budget",
        "AAA",
        lambda x: {
            "projects": [mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.5 * MUSD)],
            "budgets": budget(x, 5, 5),
        },
        10,
        {2026: 6, 2027: 4, 2028: 2},
        {"policy.budget_carry_over": False},
        perturbed=False,
    ),
    # Existing capacity works in full or by half (p = 1/2): 0.75 a year.
    "capacity": Scarce(
        "capacity",
        "plant",
        lambda x: {"projects": [mine(), plant(existing_tpa=x)], **HALF},
        40,
        {2026: 0.75, 2027: 0.75, 2028: 0.75},
        NEUTRAL,
    ),
    # The same where new capacity is possible too (10 t/y more, free).
    "growing capacity": Scarce(
        "capacity",
        "plant",
        lambda x: {"projects": [mine(), plant(existing_tpa=x, max_new_tpa=10)], **HALF},
        40,
        {2026: 0.75, 2027: 0.75, 2028: 0.75},
        NEUTRAL,
    ),
    # One more t/y of nameplate, committed in 2026, works in three years.
    "nameplate limit": Scarce(
        "nameplate limit",
        "plant",
        lambda x: {"projects": [mine(), plant(existing_tpa=40, max_new_tpa=x)], **HALF},
        10,
        {None: 2.25},
        NEUTRAL,
    ),
    # A tonne of ore is a tonne of oxide.
    "feed": Scarce(
        "feed",
        "ore",
        lambda x: {"projects": [mine(existing_tpa=x), plant(existing_tpa=100)]},
        30,
        {2026: 1, 2027: 1, 2028: 1},
    ),
    # Half of the staff leaves each year: one more in 2026 makes 1 + 0.5 + 0.25 t, one who joins in 2027 makes 1 + 0.5.
    "staff": Scarce(
        "staff joining",
        "chemist",
        lambda x: staff(x, attrition=0.5),
        20,
        {2026: 1.75, 2027: 1.5, 2028: 1},
        perturbed=False,
    ),
    # A seat of 2026 gives a chemist for 2027 and 2028, a seat of 2027 one for 2028.
    "seats": Scarce(
        "training seats", "school", lambda x: staff(20, training=school(x)), 5, {2026: 2, 2027: 1}
    ),
    # A new seat is added in 2026, used in 2027, and its chemist works in 2028.
    "new seats": Scarce(
        "new seats limit", "school", lambda x: staff(20, training=school(5, x)), 2, {None: 1}
    ),
    # Hires of 2027 work for two years.
    "hires": Scarce("hires", "chemist", lambda x: staff(20, hires=x), 10, {2027: 2, 2028: 1}),
    # Losses are discounted at 25 %.
    "imports": Scarce(
        "imports",
        "CHN",
        lambda x: {"imports": [imports(x)]},
        50,
        {2026: 1, 2027: 0.8, 2028: 0.64},
        {"risk_discount_rate": 0.25},
    ),
    # A tonne that falls from the sky (a supplier of its own) in any year.
    "good": Scarce(
        "delivered good",
        "",
        lambda x: {"imports": [imports(50), imports(x, supplier="SKY")]},
        10,
        {2026: 1, 2027: 0.8, 2028: 0.64},
        {"risk_discount_rate": 0.25},
    ),
    # 2026 and 2027 are whole. A tonne kept from any of the three years is worth a tonne of 2028.
    "stock": Scarce(
        "stock",
        "",
        lambda x: {
            "imports": [imports(t) | {"year": 2026 + i} for i, t in enumerate((100, 100, 20))],
            "stockpiles": f"country, element, initial_t, purchase_usd_per_kg\nAAA, Dy, {x}, 1",
        },
        30,
        {2026: 1, 2027: 1, 2028: 1},
        perturbed=False,
    ),
}
MENTORS = Scarce(
    "mentors",
    "chemist",
    lambda x: staff(x, ratio=0.1, training=school(20)),
    50,
    {2026: 0.21, 2027: 0.1},
)
# One more mentor of 2026 carries 0.1 trainee, who makes 0.1 t in 2027 and 2028 and in 2027 carries 0.01 trainee,
# who makes 0.01 t in 2028. One more of 2027 carries 0.1 trainee, who works in 2028.


def prices(plan: planner.Plan, scarce: str, item: str) -> dict[int | None, float]:
    """The prices of a thing by year."""
    table = plan.table("shadow_prices")
    rows = table[(table["scarce"] == scarce) & (table["item"] == item)]
    return {
        None if year is pd_missing(year) else int(year): price
        for year, price in zip(rows["year"], rows["musd_per_unit"], strict=True)
    }


def pd_missing(year: Any) -> Any:
    """The year itself if there is none (so that `is` holds), else nothing."""
    return year if not isinstance(year, int | np.integer) else None


@pytest.mark.parametrize("name", [*CASES, "mentors"])
def test_the_price_of_a_scarce_thing_is_what_one_more_is_worth(solve: SolveCase, name: str) -> None:
    scarce = CASES.get(name, MENTORS)
    plan = solve(scarce.model, **scarce.tables(scarce.at))
    assert prices(plan, scarce.scarce, scarce.item) == near(scarce.price)


@pytest.mark.parametrize("name", CASES)
def test_the_price_is_the_difference_that_re_solving_makes(
    solve: SolveCase, least_risk: LeastRisk, name: str
) -> None:
    scarce = CASES[name]
    plan = solve(scarce.model, **scarce.tables(scarce.at))
    now = plan.summary["least_risk_musd"]
    less, more = (least_risk(scarce.model, **scarce.tables(scarce.at + step)) for step in (-1, 1))
    found = prices(plan, scarce.scarce, scarce.item)
    price = sum(found.values()) if scarce.perturbed else found[2026]
    assert now - more - 1e-6 <= price <= less - now + 1e-6


# ---- a case in which much is scarce at once, under risk aversion -----------------------------------------


def crowded(**changes: float) -> Tables:
    """Two uncertain years after a calm one; everything binds somewhere."""
    x = {
        "budget": 12.0,
        "existing": 20.0,
        "limit": 60.0,
        "ore": 45.0,
        "initial": 22.0,
        "seats": 3.0,
        "hires": 2.0,
        "sold": 60.0,
        "stock": 6.0,
        "wanted": 100.0,
    } | changes
    return {
        "demand": demand(x["wanted"]),
        "imports": [imports(x["sold"])],
        "projects": [
            mine(existing_tpa=x["ore"]),
            plant(
                existing_tpa=x["existing"],
                max_new_tpa=x["limit"],
                lead_time_years=1,
                capex_usd_per_tpa=0.7 * MUSD,
            ),
        ],
        "staffing": f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}",
        "skills": "skill, attrition, mentor_ratio\nchemist, 0.05, 0.1",
        "workforce": "country, skill, initial, hires_per_year, hire_cost_usd\n"
        f"AAA, chemist, {x['initial']}, {x['hires']}, {0.5 * MUSD}",
        "training": [
            school(x["seats"], 4)[0]
            | {"cost_per_trainee_usd": 0.2 * MUSD, "cost_per_seat_usd": 0.3 * MUSD}
        ],
        "budgets": budget(x["budget"], 8, 3),
        "stockpiles": f"country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, {x['stock']}, 30, 800",
        "loss_tiers": "element, up_to_share, loss_usd_per_kg\nDy, 0.1, 400\nDy, 0.4, 1000\nDy, 1, 3000",
        "scenarios": scenarios(calm=0.6, cut=0.3, both=0.1),
        "shocks": [
            shock("cut", "import", 0, 2027),
            shock("both", "import", 0, 2027),
            shock("both", "capacity", 0.5, 2027, stage="separation"),
        ],
    }


@pytest.mark.parametrize(
    ("change", "at", "scarce", "year"),
    [
        ("budget", 12, "budget", 2026),
        ("existing", 20, "capacity", "plant"),
        ("ore", 45, "capacity", "mine"),
        ("limit", 60, "nameplate limit", None),
        ("initial", 22, "staff joining", 2026),
        ("seats", 3, "training seats", None),
        ("hires", 2, "hires", None),
        ("stock", 6, "stock", 2026),
    ],
)
@pytest.mark.parametrize("investment", ["committed", "adaptive"])
def test_prices_lie_between_one_unit_more_and_one_unit_less(
    solve: SolveCase,
    least_risk: LeastRisk,
    change: str,
    at: float,
    scarce: str,
    year: int | str | None,
    investment: str,
) -> None:
    model: dict[str, object] = {"policy.investment": investment, "policy.budget_carry_over": False}
    step = 0.25
    less, more = (least_risk(model, **crowded(**{change: at + by})) for by in (-step, step))
    plan = solve(model, **crowded(**{change: at}))
    now, table = plan.summary["least_risk_musd"], plan.table("shadow_prices")
    rows = table[table["scarce"] == scarce]
    if isinstance(year, str):
        rows = rows[rows["item"] == year]
    elif year is not None:
        rows = rows[rows["year"] == year]
    price = rows["musd_per_unit"].sum()
    assert (now - more) / step - 1e-5 <= price <= (less - now) / step + 1e-5


def test_in_the_crowded_case_most_things_have_a_price(solve: SolveCase) -> None:
    """Otherwise the test above would compare zeros."""
    table = solve({"policy.budget_carry_over": False}, **crowded()).table("shadow_prices")
    assert {
        "budget",
        "capacity",
        "delivered good",
        "imports",
        "mentors",
        "staff joining",
        "stock",
    } <= set(table["scarce"])
    assert (table["musd_per_unit"] > 0).all()


# ---- every price, straight from the rows of the program -------------------------------------------------


def risk_with(case: Case, name: str, year: int, by: float) -> float:
    """Least risk when the right-hand sides of an equation in `year` are changed by `by`."""
    scope = Scope(case)
    program = Writer(scope).program()
    trees = {
        "account": scope.account_tree,
        "mentor_limit": scope.staffing_tree,
        "staff_balance": scope.decision_tree,
        "seat_limit": scope.decision_tree,
    }
    tree = trees.get(name, scope.tree)
    for i, (row, index) in enumerate(program.rows):
        if row == name and tree.nodes[index[-1]].year == year:
            program.row_lower[i] += by
            program.row_upper[i] += by
    goal = case.model.objective
    return solve_phases(
        program, goal, Solver(program), progress=lambda _: None, phases=phases_of(goal)[:1]
    ).values["risk"]


@pytest.mark.parametrize(
    ("equation", "scarce", "per_unit"),
    [
        ("account", "budget", 1),
        ("staff_balance", "staff joining", 1),
        ("seat_limit", "training seats", 1),
        ("mentor_limit", "mentors", 0.1),
        ("feed_balance", "feed", 1),
        ("stock_balance", "stock", 1),
        ("balance", "delivered good", -1),
    ],
)
def test_prices_by_year_are_derivatives_of_the_program(
    make_case: MakeCase, equation: str, scarce: str, per_unit: float
) -> None:
    case = make_case({"policy.budget_carry_over": False}, **crowded())
    found = prices(
        planner.solve(case, baseline=False),
        scarce,
        {
            "budget": "AAA",
            "feed": "ore",
            "stock": "",
            "delivered good": "",
            "training seats": "school",
        }.get(scarce, "chemist"),
    )
    step = 1e-3
    for year in case.years:
        less, now, more = (
            risk_with(case, equation, year, by * per_unit) for by in (-step, 0, step)
        )
        assert (now - more) / step - 1e-4 <= found.get(year, 0.0) <= (less - now) / step + 1e-4


def test_prices_under_welfare_are_of_cost_and_risk_together(solve: SolveCase) -> None:
    # Own output costs 0.4 MUSD/t and saves 1: one more t/y of capacity is worth 0.6 a year.
    plan = solve(
        {"objective.goal": "welfare"},
        projects=[mine(), plant(existing_tpa=40, variable_opex_usd_per_t=0.4 * MUSD)],
    )
    assert prices(plan, "capacity", "plant") == near({2026: 0.6, 2027: 0.6, 2028: 0.6})
    assert set(plan.table("shadow_prices")["objective"]) == {"welfare"}


def test_what_is_not_scarce_has_no_price(solve: SolveCase) -> None:
    plan = solve(
        imports=[imports(500)],
        budgets=budget(100),
        projects=[mine(), plant(existing_tpa=50, max_new_tpa=50)],
    )
    assert plan.table("shadow_prices").empty


def test_the_price_of_an_import_limit_counts_what_of_it_arrives(solve: SolveCase) -> None:
    # One more tonne that CHN can sell is one more in `calm` and half a one in `slow` (p = 1/2): 0.75, as for capacity.
    shocks = {"scenarios": scenarios(calm=0.5, slow=0.5), "shocks": [shock("slow", "import", 0.5)]}
    less, more = (
        solve(NEUTRAL, imports=[imports(t)], demand=demand(last=2026), **shocks) for t in (50, 51)
    )
    assert less.summary["least_risk_musd"] - more.summary["least_risk_musd"] == near(0.75)
    assert prices(less, "imports", "CHN") == near({2026: 0.75})
