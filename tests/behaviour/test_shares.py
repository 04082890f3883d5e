"""Who carries what so that nobody is better off leaving. A tonne short is 1 MUSD, a year's demand 100 t of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import planner
from planner.api.explanations import shares_into
from planner.data.case import Case, with_rows
from planner.results.decision import Share, Shares
from planner.results.store import fingerprint
from planner.sharing.coalition_game import WELFARE, Game
from planner.sharing.shares import stable
from planner.solving.engine import Engine
from tests.cases import (
    MUSD,
    Row,
    budget,
    demand,
    imports,
    mine,
    near,
    plant,
    record,
    scenarios,
    shock,
    stored,
)
from tests.conftest import MakeCase

OF_COUNTRIES = ("countries", "demand", "imports", "projects", "workforce", "training", "stockpiles")


def makers(tonnes: float, buyers: str = "AC", **columns: Any) -> dict[str, Any]:
    """Country B can make so much a year and wants nothing; the buyers want 100 t in each of three years."""
    return {
        "countries": [{"country": c} for c in ("B", *buyers)],
        "demand": [row for c in buyers for row in demand(100, country=c)],
        "projects": [mine(country="B"), plant(country="B", **({"existing_tpa": tonnes} | columns))],
    }


def by_party(found: Shares) -> dict[str, Share]:
    """Rows by party; what every answer must keep."""
    assert sum(row.charge for row in found.rows) == pytest.approx(found.optimum, rel=1e-9, abs=1e-9)
    assert sum(row.transfer for row in found.rows) == pytest.approx(0.0, abs=1e-6)
    for row in found.rows:
        assert row.lowest - 1e-6 <= row.charge <= row.highest + 1e-6
        assert row.gain == row.alone - row.charge
    return {row.party: row for row in found.rows}


def test_the_short_side_takes_all(make_case: MakeCase) -> None:
    # B can serve one of two: A offers B whatever C does, up to its loss of 300, and the other way round.
    found = planner.shares(make_case(**makers(100)))
    rows = by_party(found)
    assert {i: (row.alone, row.charge) for i, row in rows.items()} == {
        "A": near((300, 300)),
        "B": near((0, -300)),
        "C": near((300, 300)),
    }
    assert (found.optimum, found.checked, found.coalitions) == (near(300), 6, 6)


def test_what_all_three_save_is_shared_evenly_where_nobody_can_object(make_case: MakeCase) -> None:
    # 600 saved, 200 each: A and C pay 100 each, B gets 200. Between 0 and 300 for A all is stable.
    rows = by_party(planner.shares(make_case(**makers(200))))
    assert {
        i: (row.charge, row.gain, row.lowest, row.highest, row.own_loss, row.transfer)
        for i, row in rows.items()
    } == {
        "A": near((100, 200, 0, 300, 0, 100)),
        "B": near((-200, 200, -600, 0, 0, -200)),
        "C": near((100, 200, 0, 300, 0, 100)),
    }


def test_the_next_largest_gain_counts_once_a_party_can_have_no_more(make_case: MakeCase) -> None:
    # C wants 10 t a year: it saves 30 at most, whoever else gains. A and B share what is left: 330 - 30 = 300.
    tables = makers(110)
    tables["demand"] = [*demand(100, country="A"), *demand(10, country="C")]
    rows = by_party(planner.shares(make_case(**tables)))
    assert {i: row.gain for i, row in rows.items()} == {
        "A": near(150),
        "B": near(150),
        "C": near(30),
    }


FINANCED = makers(0, max_new_tpa=200, capex_usd_per_tpa=MUSD, public_share=0.5) | {
    "budgets": budget(1000, funder="bank"),
    "funders": "funder, party, countries\nbank, A, B",
}


def test_payments_and_private_costs_are_taken_off_the_charge(make_case: MakeCase) -> None:
    # New plants of 200 t/y cost 200, half of it A's money. Alone A can do nothing, with B it loses 300 less 100 saves
    # 200; all save 400, a third each.
    rows = by_party(planner.shares(make_case(**FINANCED)))
    third = 400 / 3
    assert {i: (row.charge, row.paid, row.private, row.transfer) for i, row in rows.items()} == {
        "A": near((300 - third, 100, 0, 200 - third)),
        "B": near((-third, 100, 100, -100 - third)),
        "C": near((300 - third, 0, 0, 300 - third)),
    }


def test_countries_of_one_party_leave_together(make_case: MakeCase) -> None:
    tables = makers(100)
    tables["countries"] = [
        {"country": c, "party": party} for c, party in (("A", "union"), ("B", "union"), ("C", ""))
    ]
    rows = by_party(planner.shares(make_case({"policy.coordination": "national"}, **tables)))
    # The union serves itself: C has nothing to offer that the union lacks.
    assert {i: (row.alone, row.charge) for i, row in rows.items()} == {
        "C": near((300, 300)),
        "union": near((0, 0)),
    }


def test_many_parties_pay_what_things_are_worth_at_the_prices_of_all(make_case: MakeCase) -> None:
    # Six want 100 t a year, B makes 300: a tonne is worth its loss, so each carries 300 and B gets 900.
    case = make_case(**makers(300, buyers="ACDEFG"))
    found = planner.shares(case, check_all=True)
    rows = by_party(found)
    assert {i: row.charge for i, row in rows.items()} == {
        i: near(-900.0 if i == "B" else 300.0) for i in "ABCDEFG"
    }
    assert found.by_duals
    assert (found.checked, found.coalitions) == (126, 126)
    assert found.slack == pytest.approx(0, abs=1e-6)
    some = planner.shares(case)
    assert some.rows == found.rows
    assert some.checked == 7 + 7 + 40


WAR: list[Row] = [
    shock("war", "import", 0.0, 2027, 2027, supplier="CHN"),
    shock("war", "import", 0.4, 2028, country="C", supplier="CHN", leak="0.5"),
]


def own_case(case: Case, members: frozenset[str]) -> Case:
    """The case of a coalition alone: only the rows of its countries and funders."""
    party, of_funder = case.lookups.party, case.lookups.funder_party
    kept: dict[str, Any] = {}
    for table in OF_COUNTRIES:
        rows = case.tables.rows(table)
        kept[table] = tuple(row for row in rows if party[row.country] in members)
    for table in ("budgets", "funders"):
        rows = case.tables.rows(table)
        kept[table] = tuple(row for row in rows if of_funder[row.funder] in members)
    return with_rows(case, **kept)


def test_others_that_bring_nothing_are_as_good_as_not_there(make_case: MakeCase) -> None:
    # Every kind of thing that somebody owns: plants, people, seats, stock, money, imports, resale.
    tables = makers(50, max_new_tpa=80, capex_usd_per_tpa=MUSD / 10, lead_time_years=1)
    case = make_case(
        {"objective.risk_aversion": 0.7, "policy.secondment_share": 0.2},
        **tables,
        imports=[imports(60, country="A"), imports(90, country="C")],
        scenarios=scenarios(peace=0.7, war=0.3),
        shocks=WAR,
        resale="country, share\nA, 0.3",
        budgets=[*budget(3, funder="B"), *budget(9, funder="bank")],
        funders="funder, party, countries\nbank, A, *",
        skills="skill, name, attrition, mentor_ratio\nmaker, Maker, 0.1, 3",
        workforce="country, skill, initial, hires_per_year, hire_cost_usd\nB, maker, 30, 4, 1000\nA, maker, 20, 0, 0",
        training="programme, country, skill, duration_years, seats, max_new_seats, cost_per_trainee_usd\n"
        "school, B, maker, 1, 5, 5, 1000",
        staffing="stage, skill, persons_per_ktpa\nseparation, maker, 500",
        stockpiles="country, element, initial_t, max_t, purchase_usd_per_kg\nA, Dy, 20, 60, 5\nC, Dy, 5, 40, 5",
    )
    game = Game(case)
    coalitions = [frozenset(members) for members in ("A", "B", "C", "AB", "AC", "BC", "ABC")]
    for members, cost in game.costs(coalitions).items():
        own = Engine(own_case(game.case, members)).solve(phases=WELFARE).value("welfare")
        assert cost == pytest.approx(own, rel=1e-9, abs=1e-6), members
    charges = game.charges_by_duals()
    assert sum(charges.values()) == pytest.approx(game.optimum, rel=1e-9)


def test_what_a_party_owes_is_its_charge_less_what_it_bears_already(make_case: MakeCase) -> None:
    # A: 100 - 30 - 20 = 50, three quarters of which are the richer fund's. B owes nothing.
    case = make_case(
        **makers(100),
        budgets=[*budget(30, funder="A"), *budget(10, funder="bank"), *budget(7, funder="B")],
        funders="funder, party, countries\nbank, A, *",
    )
    rows = [
        Share("A", 0, 100, 0, 0, 0, 30, 0, 0, private=20),
        Share("B", 0, 10, 0, 0, 0, 0, 0, 0, private=11),
    ]
    assert stable(case, Shares(rows, 110, 0, 0, 0.0, [], by_duals=False)) == {
        "A": 37.5,
        "B": 0.0,
        "bank": 12.5,
    }


def test_stable_payments_follow_the_charges(make_case: MakeCase) -> None:
    # As above, but C has money too, and all of it can be paid by either: A owes 300 - 400/3 - 0, C as much, B nothing.
    tables = FINANCED | {
        "budgets": [*budget(1000, funder="bank"), *budget(100, funder="C")],
        "funders": "funder, party, countries\nbank, A, B\nC, , B",
    }
    plan = planner.solve(make_case({"policy.cost_sharing": "stable"}, **tables), baseline=False)
    paid = dict(
        zip(plan.tables["payments"]["funder"], plan.tables["payments"]["paid_musd"], strict=True)
    )
    assert paid == {"C": near(50), "bank": near(50)}
    even = planner.solve(make_case(**tables), baseline=False)
    assert even.tables["payments"]["paid_musd"].tolist() == [near(100 / 11), near(1000 / 11)]
    assert by_party(planner.shares(plan.case))["A"].charge == near(
        plan.tables["shares"]["charge_musd"][0]
    )
    session = planner.Session(even.case)
    session.solve()
    again = session.solve(plan.case)
    assert again.tables["payments"].equals(plan.tables["payments"])
    assert session.rebuilt == ""


@pytest.mark.usefixtures("without_pages")
def test_shares_lie_in_the_run_and_leave_it_whole(make_case: MakeCase, tmp_path: Path) -> None:
    plan = planner.solve(make_case(**FINANCED))
    run = stored(plan, tmp_path / "run")
    before = fingerprint(run)
    _, found = shares_into(run)
    assert fingerprint(run) == before
    table = pd.read_csv(run / "tables" / "shares.csv")
    assert table["party"].tolist() == ["A", "B", "C"]
    assert table["charge_musd"].tolist() == [row.charge for row in found.rows]
    assert planner.open_run(run).tables["shares"].equals(table)


def test_who_is_alone_knows_nothing_of_what_others_save_or_mine(make_case: MakeCase) -> None:
    """A saves 10 t a year and has ore that nobody separates: 270 alone. B is short of all it needs: 300."""
    case = make_case(
        countries=[{"country": "A"}, {"country": "B"}],
        demand=[*demand(100, country="A"), *demand(100, country="B")],
        projects=[
            mine(country="A"),
            {"project": "thrift", "country": "A", "stage": "saving", "existing_tpa": 10},
        ],
        savings=[{"project": "thrift", "element": "Dy", "form": "oxide", "tonnes": 1}],
        availability=[{"project": "mine", "year": 2026, "tonnes": 40}],
    )
    rows = by_party(planner.shares(case))
    assert {party: row.alone for party, row in rows.items()} == {"A": near(270), "B": near(300)}


def test_savings_scrap_and_returns_are_their_countrys(make_case: MakeCase) -> None:
    """A saves 10 t a year by itself; with B's mine, which yields 40 t, and plant 40 t more: 300 - 30 - 120 = 150.

    A tonne of metal that B makes gives back a tenth, which B's plant separates again.
    """
    case = make_case(
        countries=[{"country": "A"}, {"country": "B"}],
        demand=demand(100, country="A"),
        projects=[
            mine(country="B"),
            plant(country="B", existing_tpa=1000),
            {"project": "thrift", "country": "A", "stage": "saving", "existing_tpa": 10},
            record(project="maker", country="B", stage="metal", existing_tpa=1, recovery=0.9),
        ],
        savings=[{"project": "thrift", "element": "Dy", "form": "oxide", "tonnes": 1}],
        availability=[{"project": "mine", "year": 2026, "tonnes": 40}],
        returns=[{"project": "maker", "element": "Dy", "feed": "ore", "share": 0.1}],
    )
    rows = by_party(planner.shares(case))
    assert {party: row.alone for party, row in rows.items()} == {"A": near(270), "B": near(0)}
    assert {party: row.charge for party, row in rows.items()} == {"A": near(210), "B": near(-60)}
    game = Game(case)
    assert sum(game.charges_by_duals().values()) == near(150)
    coalitions = {frozenset("A"): near(270), frozenset("B"): near(0)}
    assert game.costs(coalitions) == coalitions
