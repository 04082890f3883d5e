"""Who pays: the most even split of what is spent, and what each funder may pay. Plants of 1 MUSD per t/y."""

from __future__ import annotations

from typing import Any

import pytest

from planner.data.case import Case
from planner.data.scenario_tree import Node, Tree
from planner.results.plan import Plan
from planner.sharing.funder_payments import paid_solution
from planner.sharing.payments import Accounts
from planner.solving.goals import silent
from planner.solving.warm_program import WarmProgram
from tests.cases import MUSD, Row, budget, demand, imports, mine, near, plant, scenarios, shock
from tests.conftest import MakeCase, SolveCase

NATIONAL = {"policy.coordination": "national"}


def spent(**musd: float) -> dict[str, Any]:
    """A mine and a plant in each country, which needs all of it and has nothing else: MUSD are spent there in 2026."""
    projects: list[Row] = []
    for c, amount in musd.items():
        projects.append(mine(project=f"mine_{c}", country=c))
        projects.append(
            plant(project=f"plant_{c}", country=c, max_new_tpa=amount, capex_usd_per_tpa=MUSD)
        )
    return {
        "countries": [{"country": c} for c in musd],
        "demand": [row for c in musd for row in demand(100, country=c)],
        "projects": projects,
    }


def payments(plan: Plan) -> dict[str, tuple[float, float, float]]:
    """Funder -> paid, least, most (MUSD)."""
    assert plan.summary["status"] == "optimal"
    table = plan.tables["payments"]
    columns = zip(table["paid_musd"], table["least_musd"], table["most_musd"], strict=True)
    by_spending = plan.tables["spending"].groupby("funder")["expected"].sum().to_dict()
    assert by_spending == near(
        {f: m for f, m in zip(table["funder"], table["paid_musd"], strict=True) if m > 0}
    )
    return dict(zip(table["funder"], columns, strict=True))


def test_reach_stops_evenness(solve: SolveCase) -> None:
    # AAA may pay only the 10 in AAA; the 30 in BBB are BANK's: not 20 and 20.
    plan = solve(
        NATIONAL,
        **spent(AAA=10, BBB=30),
        budgets=[*budget(100), *budget(100, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert payments(plan) == {"AAA": near((10, 0, 10)), "BANK": near((30, 30, 40))}


def test_funders_that_may_pay_everywhere_pay_the_same_share_of_their_budgets(
    solve: SolveCase,
) -> None:
    # 60 of 200. Each pays at most its budget or all 60, at least what the others have too little for.
    plan = solve(
        **spent(AAA=60),
        budgets=[*budget(30), *budget(20, funder="BANK"), *budget(150, funder="FUND")],
        funders="funder, countries\nBANK, *\nFUND, *",
    )
    assert payments(plan) == {
        "AAA": near((9, 0, 30)),
        "BANK": near((6, 0, 20)),
        "FUND": near((45, 10, 60)),
    }
    assert plan.tables["payments"]["budget_musd"].tolist() == [30, 20, 150]


def test_the_next_largest_share_is_least_too(solve: SolveCase) -> None:
    # 40 in BBB, which only BANK pays: 0.4. Of the 30 in AAA the others pay 15 each, not what is left at 0.4.
    plan = solve(
        NATIONAL,
        **spent(AAA=30, BBB=40),
        budgets=[*budget(100), *budget(100, funder="FUND"), *budget(100, funder="BANK")],
        funders="funder, countries\nFUND, AAA\nBANK, BBB",
    )
    assert payments(plan) == {
        "AAA": near((15, 0, 30)),
        "FUND": near((15, 0, 30)),
        "BANK": near((40, 40, 40)),
    }


def test_budgets_by_year_stop_evenness(solve: SolveCase) -> None:
    # All 60 are due in 2026, when AAA has 10 of its 100.
    plan = solve(
        **spent(AAA=60),
        budgets=[*budget(10, 90), *budget(100, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert payments(plan) == {"AAA": near((10, 0, 10)), "BANK": near((50, 50, 60))}


@pytest.mark.parametrize(
    ("carry_over", "paid"),
    [
        (True, {"AAA": (30, 0, 60), "BANK": (30, 0, 60)}),
        (False, {"AAA": (0,) * 3, "BANK": (60,) * 3}),
    ],
)
def test_money_of_earlier_years_counts_if_it_moves_on(
    solve: SolveCase, carry_over: bool, paid: dict[str, tuple[float, ...]]
) -> None:
    # 60 due in 2027. AAA has its 100 in 2026, BANK in 2027.
    tables = spent(AAA=60)
    tables["projects"][1]["earliest_year"] = 2027
    plan = solve(
        {"policy.budget_carry_over": carry_over},
        **tables,
        budgets=[*budget(100), *budget(100, funder="BANK", first=2027)],
        funders="funder, countries\nBANK, *",
    )
    assert payments(plan) == {f: near(amounts) for f, amounts in paid.items()}


def test_within_a_year_money_moves_on_from_quarter_to_quarter(solve: SolveCase) -> None:
    # 6 t a quarter are used; 6 can be had in the first, 12 in the second and third, none in the fourth. For 6 MUSD 6 t
    # are bought in summer, of money that is there from the first quarter on.
    plan = solve(
        {"policy.budget_carry_over": False},
        demand=demand(24, last=2026),
        imports=[imports(48)],
        scenarios=scenarios(cut=1),
        shocks=[
            shock("cut", "import", 0.5, 2026, "2026Q1"),
            shock("cut", "import", 0, "2026Q4", 2026),
        ],
        stockpiles=[
            {"country": "AAA", "element": "Dy", "initial_t": 0, "purchase_usd_per_kg": 1000}
        ],
        budgets=[*budget(9), *budget(3, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert payments(plan) == {"AAA": near((4.5, 3, 6)), "BANK": near((1.5, 0, 3))}


def test_a_funder_without_budget_pays_nothing(solve: SolveCase) -> None:
    plan = solve(
        **spent(AAA=60),
        budgets=[*budget(100), *budget(0, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert payments(plan) == {"AAA": near((60, 60, 60)), "BANK": (0, 0, 0)}


def test_where_nothing_is_spent_nobody_pays(solve: SolveCase) -> None:
    assert payments(solve(budgets=budget(100))) == {"AAA": (0, 0, 0)}


def test_payments_of_histories_count_by_their_probability(solve: SolveCase) -> None:
    # 10 in AAA for certain, 16 in BBB in one history of four, which BANK alone pays: 4 expected. AAA and BANK even out
    # at 7 each; counted in full they would pay 10 and 16.
    tables = spent(AAA=10, BBB=16)
    tables["demand"] = [*demand(100), *demand(16, country="BBB")]
    plan = solve(
        NATIONAL | {"policy.investment": "adaptive"},
        **tables,
        imports=[imports(16, country="BBB")],
        scenarios=scenarios(calm=0.75, cut=0.25),
        shocks=[shock("cut", "import", 0, 2027, 2028)],
        budgets=[*budget(100), *budget(100, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert payments(plan) == {"AAA": near((7, 0, 10)), "BANK": near((7, 4, 14))}


EVERYWHERE = "funder, countries\nAAA, *\nBBB, *\nCCC, *\nDDD, *"


def in_one_year(**musd: float) -> dict[str, Any]:
    """`spent` with one year, and countries CCC and DDD in which nothing is spent."""
    tables = spent(**musd)
    tables["countries"] += [{"country": c} for c in ("CCC", "DDD")]
    tables["demand"] = [row for c in musd for row in demand(100, last=2026, country=c)]
    return tables


def paid_by_weight(case: Case, weights: dict[str, float]) -> dict[str, float]:
    """Funder -> MUSD paid of what the plan of a case spends, the weights being those given and not budgets."""
    session = WarmProgram(case)
    point = session.solve(silent).last.x
    plan = paid_solution(session.scope, session.program, point, weights)
    return {row.funder: row.paid_musd for row in plan.payments}


def test_by_weight_a_funder_of_twice_the_weight_pays_twice_and_one_of_none_pays_nothing(
    make_case: MakeCase,
) -> None:
    case = make_case(
        NATIONAL,
        **in_one_year(AAA=60, BBB=20),
        budgets=[*budget(100), *budget(300, funder="BBB"), *budget(100, funder="CCC")],
        funders=EVERYWHERE,
    )
    found = paid_by_weight(case, {"AAA": 6, "BBB": 2, "CCC": 0})
    assert found == {"AAA": near(60), "BBB": near(20), "CCC": 0}


def test_by_weight_those_that_have_none_pay_the_least_and_that_by_budget(
    make_case: MakeCase,
) -> None:
    # Of 80, AAA has 50 and BBB has 18. The missing 12 are shared 30 to 10.
    case = make_case(
        NATIONAL,
        **in_one_year(AAA=60, BBB=20),
        budgets=[
            *(*budget(50), *budget(18, funder="BBB")),
            *(*budget(30, funder="CCC"), *budget(10, funder="DDD")),
        ],
        funders=EVERYWHERE,
    )
    found = paid_by_weight(case, {"AAA": 60, "BBB": 20})
    assert found == {"AAA": near(50), "BBB": near(18), "CCC": near(9), "DDD": near(3)}


def test_histories_that_spend_the_same_share_a_split_only_if_their_futures_are_as_likely(
    make_case: MakeCase,
) -> None:
    """Two part in 2027, and in 2028 one half of each again, of which one spends: with 1/3 in both; with 2/5 and 1/5."""
    case = make_case(budgets=budget(10))

    def alike(chances: tuple[float, float, float, float]) -> tuple[int, ...]:
        a, b, c, d = chances
        own = [
            Node(0, 2026, -1, ("a", "b", "c", "d"), 1.0),
            Node(1, 2027, 0, ("a", "b"), a + b),
            Node(2, 2027, 0, ("c", "d"), c + d),
            Node(3, 2028, 1, ("a",), a),
            Node(4, 2028, 1, ("b",), b),
            Node(5, 2028, 2, ("c",), c),
            Node(6, 2028, 2, ("d",), d),
        ]
        return Accounts(
            case, Tree(case, tuple(own), {}), {("AAA", n): 1.0 for n in (0, 3, 5)}
        ).alike

    assert alike((0.2, 0.4, 0.1, 0.2)) == (0, 1, 1, 3, 4, 3, 4)
    assert alike((0.2, 0.3, 0.1, 0.4)) == (0, 1, 2, 3, 4, 5, 6)
