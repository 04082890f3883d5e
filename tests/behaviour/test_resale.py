"""Resale: what a supplier keeps from one country comes in part by way of others to which it still sells."""

from __future__ import annotations

from typing import Any

from planner.data.scenario_tree import scenario_tree
from tests.cases import Row, demand, imports, near, scenarios, shock, total
from tests.conftest import MakeCase, SolveCase


def cut(factor: float, leak: float | str = "", country: str = "AAA", **where: str) -> Row:
    """A shock that leaves a country a share of what it buys, in the one scenario."""
    return shock("cut", "import", factor, country=country, **where) | {"leak": leak}


def world(*cuts: Row, resale: str = "BBB, 0.3", **tables: Any) -> dict[str, Any]:
    """AAA and BBB need 100 t each in one year, which CHN sells them."""
    return {
        "countries": "country, bloc\nAAA, west\nBBB, west\nCCC, east",
        "demand": [*demand(last=2026), *demand(last=2026, country="BBB")],
        "imports": [imports(100), imports(100, country="BBB")],
        "scenarios": scenarios(cut=1),
        "shocks": list(cuts),
        "resale": f"country, share\n{resale}",
    } | tables


def test_what_leaks_is_had_from_a_partner(solve: SolveCase) -> None:
    """BBB can sell on 30 t; of 100 t that are cut a fifth leaks, then half of which 30 can be had."""
    few = solve(**world(cut(0, 0.2)))
    assert few.summary["risk_musd"] == near(80)
    assert total(few, "operations", "tonnes", item="resold", country="AAA", project="CHN") == near(
        20
    )
    assert total(few, "operations", "tonnes", item="imported", country="BBB") == near(100)
    assert solve(**world(cut(0, 0.5))).summary["risk_musd"] == near(70)
    assert solve(**world(cut(0.6, 0.5))).summary["risk_musd"] == near(20)


def test_nothing_is_sold_on_by_default(solve: SolveCase) -> None:
    assert solve(**world(cut(0))).summary["risk_musd"] == near(100)
    assert solve(**world(cut(0, 1), resale="BBB, 0")).summary["risk_musd"] == near(100)


def test_nothing_is_sold_on_where_all_are_cut_off_alike(solve: SolveCase) -> None:
    plan = solve(**world(cut(0.5, 1), cut(0.5, 1, country="BBB"), resale="BBB, 1\nAAA, 1"))
    assert plan.summary["risk_musd"] == near(100)


def test_one_cut_off_less_sells_on_to_one_cut_off_more(solve: SolveCase) -> None:
    """BBB gets 50 t and can sell on half as much again: 25 t for AAA. AAA has nothing for BBB."""
    plan = solve(**world(cut(0, 1), cut(0.5, 1, country="BBB"), resale="BBB, 0.5\nAAA, 1"))
    assert plan.summary["risk_musd"] == near(75 + 50)


def test_those_cut_off_share_what_can_be_sold_on(solve: SolveCase) -> None:
    """CCC can sell on 40 t. AAA, cut off whole, and BBB, cut to half, have them together; BBB's 5 t AAA has alone."""
    three = world(
        *(cut(0, 1), cut(0.5, 1, country="BBB")),
        resale="BBB, 0.1\nCCC, 0.4",
        imports=[imports(100), imports(100, country="BBB"), imports(100, country="CCC")],
    )
    assert solve(**three).summary["risk_musd"] == near(150 - 45)


def test_nothing_is_sold_on_to_another_group(solve: SolveCase) -> None:
    east = world(cut(0, 1), resale="CCC, 1", imports=[imports(100), imports(100, country="CCC")])
    east |= {"demand": demand(last=2026)}
    assert solve(**east).summary["risk_musd"] == near(0)
    assert solve({"policy.coordination": "blocs"}, **east).summary["risk_musd"] == near(100)
    assert solve({"policy.coordination": "national"}, **world(cut(0, 1))).summary[
        "risk_musd"
    ] == near(100)


def test_the_least_leak_of_the_shocks_in_force_holds(solve: SolveCase) -> None:
    """Two cuts to half leave a quarter; of the 75 t cut a tenth leaks. A doubling has no leak."""
    cuts = [cut(0.5, 0.1), cut(0.5, 0.9, supplier="CHN")]
    assert solve(**world(*cuts, resale="BBB, 1")).summary["risk_musd"] == near(75 - 7.5)
    doubled = [cut(0.25, 0.1), cut(2, 0, supplier="CHN")]
    assert solve(**world(*doubled, resale="BBB, 1")).summary["risk_musd"] == near(50 - 5)


def test_the_row_that_names_more_says_how_much_is_sold_on(make_case: MakeCase) -> None:
    rows = (
        "country, supplier, element, form, share\nBBB, , , , 0.1\nBBB, , , metal, 0.2\nBBB, , Dy, , 0.3\n"
        "BBB, CHN, , , 0.4\nBBB, , Dy, metal, 0.5\nBBB, CHN, , metal, 0.6\n"
    )
    case = make_case(**world(cut(0, 1)) | {"resale": rows})
    held = {
        ("MYS", "Nd", "oxide"): 0.1,
        ("MYS", "Nd", "metal"): 0.2,
        ("MYS", "Dy", "oxide"): 0.3,
        ("CHN", "Dy", "oxide"): 0.4,
        ("MYS", "Dy", "metal"): 0.5,
        ("CHN", "Dy", "metal"): 0.6,
    }
    for (supplier, element, form), share in held.items():
        assert case.lookups.resale_share(supplier, "BBB", element, form) == share
    assert case.lookups.resale_share("CHN", "AAA", "Dy", "oxide") == 0


def test_a_leak_parts_histories_only_where_something_can_be_sold_on(make_case: MakeCase) -> None:
    two = {
        "scenarios": scenarios(cut=0.5, leaky=0.5),
        "shocks": [cut(0, 0), cut(0, 0.5) | {"scenario": "leaky"}],
    }
    assert len(scenario_tree(make_case(**world() | two)).nodes) == 2
    assert len(scenario_tree(make_case(**world(resale="AAA, 1") | two)).nodes) == 1


def test_a_quarter_leaks_a_quarter(solve: SolveCase) -> None:
    """Two quarters cut off: 50 t, of which BBB can sell on 0.3 * 25 t in each."""
    shocks = [shock("cut", "import", 0, "2026Q2", "2026Q3", country="AAA") | {"leak": 1}]
    assert solve(**world() | {"shocks": shocks}).summary["risk_musd"] == near(35)
