"""What the tables of a run say besides its amounts: rows that name nothing of the case, scenarios that share a history
and do different things, and columns that repeat what follows from others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from planner.data.decision_tree import storyline_histories
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results import origins, verify_resources
from planner.results.reader import Placed, PlanTables, members, rows_of
from planner.results.schema import SCHEDULE
from planner.results.violations import Broken, equal, never
from planner.results.visit_inputs import capex_per_tpa
from planner.results.visits import AtVisits, Places, decided_in, opening_visits
from planner.units import musd_per_tonne


def rules_of_tables(read: PlanTables) -> Iterator[Broken]:
    """Every rule of tables, with its largest violation."""
    for table in read.placed:
        yield never("rows_of_the_case", float(table.strangers))
    yield from non_anticipativity(read.visits)
    yield from _capacity(read)
    yield from _shortfall(read)
    yield from _stocks_and_teams(read)
    yield from _money(read)
    if "origins" in read.tables:
        yield from origins.rules(read.visits, read.tables["origins"])


# ---- who knows what -------------------------------------------------------------------------------------------------


def non_anticipativity(visits: AtVisits) -> Iterator[Broken]:
    """Scenarios that share a node do the same there; what is decided by year, those that share its first node, and
    under `staged` those whose storylines have revealed the same."""
    _, firsts, places = np.unique(visits.node, return_index=True, return_inverse=True)
    first = firsts[places]
    for kind in (visits.flows, visits.short, visits.stock, *visits.people.values()):
        yield never("non_anticipativity", kind.values - kind.values[:, first])
    policy = visits.case.model.policy
    through = policy.committed_through
    revealed = storyline_histories(visits.tree) if policy.investment == "staged" else {}
    for year in visits.case.years:
        sharing = first[opening_visits(visits, year)] // len(visits.tree.periods)
        yield _same_decisions("non_anticipativity", visits, year, sharing)
        if policy.investment == "committed" or (through is not None and year <= through):
            yield _same_decisions("committed_investment", visits, year, np.zeros_like(sharing))
        elif year in revealed:
            histories = np.array(list(revealed[year].values()))
            _, leader, alike = np.unique(histories, return_index=True, return_inverse=True)
            yield _same_decisions("staged_investment", visits, year, leader[alike])


def _same_decisions(rule: str, visits: AtVisits, year: int, others: Places) -> Broken:
    """Builds, intakes, seats, staff and hires of a year are those of another scenario. others: of each scenario."""
    opening = opening_visits(visits, year)
    staff = visits.people["staff"].values[:, opening]
    hired = visits.people["hired"].values[:, opening]
    decided = np.vstack([*decided_in(visits, year), staff, hired])
    return never(rule, decided - decided[:, others])


# ---- columns that repeat what follows from others -------------------------------------------------------------------


def _column(table: pd.DataFrame, name: str) -> Vector:
    return table[name].to_numpy(float)


def _stated(rule: str, placed: Placed, column: str, expected: Callable[[Any], Vector]) -> Broken:
    """A column of a table says what is expected, by key."""
    return equal(rule, placed.stated(column), placed.of(expected))


def _capacity(read: PlanTables) -> Iterator[Broken]:
    """Existing, new and usable capacity and throughput of the table against what builds and flows make of them."""
    table, visits = read.capacity, read.visits
    new = table.of(lambda key: visits.new_capacity[key[0]])
    factor = table.of(lambda key: visits.factor(key[0]))
    usable = factor * (table.stated("existing_tpa") + new)
    yield _stated("capacity_as_stated", table, "existing_tpa", lambda key: visits.existing[key[0]])
    yield equal("capacity_as_stated", table.stated("new_tpa"), new)
    yield equal("capacity_as_stated", table.stated("factor"), factor)
    yield equal("capacity_as_stated", table.stated("usable_tpa"), usable)
    yield _stated("capacity_as_stated", table, "throughput_t", lambda key: visits.loads[key[0]])


def _shortfall(read: PlanTables) -> Iterator[Broken]:
    """Every demand has a row, and the row says it."""
    stated = read.shortfall.amounts("demand_t")
    demanded: dict[Good, None] = dict.fromkeys(stated.places)
    for country, element, form, _ in read.case.demand:
        demanded[country, element, form] = None
    for good in demanded:
        yield equal("demand_as_stated", stated[good], read.visits.demand(good))


def _stocks_and_teams(read: PlanTables) -> Iterator[Broken]:
    visits = read.visits
    for column, item in (("bought_t", "bought"), ("released_t", "released")):
        traded = {good: visits.goods[item, good] for good in read.stocks.places}
        yield _stated("stock_as_stated", read.stocks, column, traded.__getitem__)
    teams = {"available": verify_resources.available_staff, "needed": verify_resources.needed_staff}
    for column, persons in teams.items():
        by_team = {team: persons(visits, team) for team in read.workforce.places}
        yield _stated("staff_as_stated", read.workforce, column, by_team.__getitem__)


def _money(read: PlanTables) -> Iterator[Broken]:
    """Costs of what is decided, expected spending and probabilities."""
    case = read.case
    investments, spending = read.tables["investments"], read.tables["spending"]
    capex = {project: capex_per_tpa(case, project) for project in case.projects}
    per_tpa = investments["project"].map(capex).to_numpy(float)
    builds = _column(investments, "tpa") * per_tpa
    yield equal("capex_as_stated", _column(investments, "capex_musd"), builds)
    paid = _column(spending, "musd") * _column(spending, "probability")
    yield equal("expected_as_stated", _column(spending, "expected"), paid)
    decided = ["investments", "training", "spending"]
    if case.lookups.has_schedule:
        yield from _schedule_price(read)
        decided.append(SCHEDULE)
    for name in decided:
        yield _probabilities(read, name)


def _schedule_price(read: PlanTables) -> Iterator[Broken]:
    """What is scheduled costs its tonnes at the price of a purchase."""
    for row in rows_of(read.tables[SCHEDULE]):
        stockpile = read.case.lookups.stockpiles.get((row.country, row.element, row.form))
        price = 0.0 if stockpile is None else musd_per_tonne(stockpile.purchase_usd_per_kg)
        yield equal("purchases_as_stated", row.musd, row.tonnes * price)


def _probabilities(read: PlanTables, name: str) -> Broken:
    """The probability of a row is that of the scenarios that it names."""
    scenarios = read.case.scenarios
    table = read.tables[name]
    chances: dict[str, float] = {}
    for text in table["scenarios"].unique():
        named = members(text, tuple(scenarios))
        chances[text] = sum(scenarios.get(scenario, 0.0) for scenario in named)
    stated = _column(table, "probability")
    expected = np.array([chances[text] for text in table["scenarios"]])
    return equal("probability_as_stated", stated, expected)
