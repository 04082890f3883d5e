"""Everything the contract demands of a plan, recomputed from Case and result tables alone.

Nothing here knows the program: each rule is written again from its words, for all scenarios and periods at once. What
both share is listed in `planner.results.visit_inputs`: the reading of rows, and the tree.
A violation is measured against 1 + the larger side of the rule; `Verification.worst` is the largest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.decision_tree import decision_tree, storyline_histories
from planner.data.scenario_tree import Tree, Vector
from planner.results import origins, targets, verify_material, verify_resources
from planner.results.costs import cost_parts, utilisation
from planner.results.ledger import (
    Broken,
    Ledger,
    Placed,
    Places,
    at_most,
    equal,
    members,
    never,
    rows_of,
)
from planner.results.losses import ByCountry, Losses, losses_by_country, losses_of
from planner.results.schema import SCHEDULE
from planner.results.verify_calm import calm_rules
from planner.results.visit_inputs import capex_per_tpa
from planner.units import musd_per_tonne

TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Largest relative violation of each rule, and losses and cost as recomputed (MUSD)."""

    ledger: Ledger
    """The tables as vectors, for whatever else follows from them."""
    violations: dict[str, float]
    losses: Losses
    losses_by_country: ByCountry
    cost_parts: dict[str, float]
    utilisation: dict[str, dict[str, float | None]]
    public_spend: float
    targets: dict[str, dict[str, Any]]
    """Target -> `missing_t`, `cost_musd` and `met`."""

    @property
    def cost(self) -> float:
        """Expected discounted cost (MUSD)."""
        return sum(self.cost_parts.values())

    @property
    def worst(self) -> float:
        """The largest violation."""
        return max(self.violations.values(), default=0.0)

    @property
    def holds(self) -> bool:
        """Every rule holds within tolerance."""
        return self.worst <= TOLERANCE


def verify(
    case: Case, tables: Mapping[str, pd.DataFrame], tree: Tree | None = None
) -> Verification:
    """Check every rule of the contract and recompute losses, CVaR, cost and public spending.

    tree: the histories of the case, which the verifier shares with the program, where they are known.
    """
    ledger = Ledger(case, tables, tree)
    losses = losses_of(case, ledger)
    worst: dict[str, float] = defaultdict(float)
    for rule, amount in all_rules(ledger):
        worst[rule] = max(worst[rule], amount)
    return Verification(
        ledger=ledger,
        violations=dict(worst),
        losses=losses,
        losses_by_country=losses_by_country(case, ledger, losses.by_scenario),
        cost_parts=cost_parts(ledger),
        utilisation=utilisation(ledger),
        public_spend=verify_resources.public_spend(ledger),
        targets=targets.targets_met(ledger),
    )


def all_rules(ledger: Ledger) -> Iterator[Broken]:
    """Every rule, with its largest violation in all places to which it applies."""
    for table in ledger.placed:
        yield never("rows_of_the_case", float(table.strangers))
    yield from verify_material.rules(ledger)
    yield from calm_rules(ledger)
    yield from verify_resources.people_rules(ledger)
    yield from verify_resources.money_rules(ledger)
    yield from targets.rules(ledger)
    if "origins" in ledger.tables:
        yield from origins.rules(ledger)
    yield from non_anticipativity(ledger)
    yield from _decided_for_nothing(ledger)
    yield from _as_stated(ledger)


# ---- who knows what -------------------------------------------------------------------------------------------------


def non_anticipativity(ledger: Ledger) -> Iterator[Broken]:
    """Scenarios that share a node do the same there; what is decided by year, those that share its first node, and
    under `staged` those whose storylines have revealed the same."""
    for kind in (
        ledger.flows,
        ledger.short,
        ledger.stocks.amounts("stock_t"),
        *ledger.people.values(),
    ):
        yield never("non_anticipativity", kind.values - kind.values[:, ledger.first])
    policy = ledger.case.model.policy
    through = policy.committed_through
    revealed = storyline_histories(ledger.tree) if policy.investment == "staged" else {}
    for year in ledger.case.years:
        sharing = ledger.first[_opening_visits(ledger, year)] // len(ledger.tree.periods)
        yield _same_decisions("non_anticipativity", ledger, year, sharing)
        if policy.investment == "committed" or (through is not None and year <= through):
            yield _same_decisions("committed_investment", ledger, year, np.zeros_like(sharing))
        elif year in revealed:
            histories = np.array(list(revealed[year].values()))
            _, first, alike = np.unique(histories, return_index=True, return_inverse=True)
            yield _same_decisions("staged_investment", ledger, year, first[alike])


def _opening_visits(ledger: Ledger, year: int) -> Places:
    """The visit of each scenario in the first period of a year."""
    scenarios = np.arange(len(ledger.case.scenarios))
    return scenarios * len(ledger.tree.periods) + ledger.opening[year]


def _same_decisions(rule: str, ledger: Ledger, year: int, others: Places) -> Broken:
    """Builds, intakes, seats, staff and hires of a year are those of another scenario. others: of each scenario."""
    opening = _opening_visits(ledger, year)
    staff = ledger.people["staff"].values[:, opening]
    hired = ledger.people["hired"].values[:, opening]
    decided = np.vstack([*_decided_in(ledger, year), staff, hired])
    return never(rule, decided - decided[:, others])


def _decided_in(ledger: Ledger, year: int) -> list[Vector]:
    """Builds, intakes, seats and scheduled purchases of a year, each of all scenarios."""
    found = []
    for plan in (ledger.builds, ledger.intake, ledger.new_seats, ledger.scheduled):
        for (*_, decided), amounts in plan:
            if decided == year:
                found.append(amounts)
    return found


def _decided_for_nothing(ledger: Ledger) -> Iterator[Broken]:
    """At nodes of probability 0 nothing is decided: no builds, intakes, seats, hires or purchases."""
    if all(chance > 0 for chance in ledger.case.scenarios.values()):
        return
    if not ledger.case.has_schedule:
        bought = ledger.stocks.amounts("bought_t").values
        impossible = np.array([node.probability == 0 for node in ledger.tree.nodes])
        yield never("nothing_decided_at_probability_0", bought[:, ledger.at(impossible)])
    decisions, of_node = decision_tree(ledger.tree)
    undecided = np.array([decisions.nodes[d].probability == 0 for d in of_node])
    by_visit = ledger.at(undecided)
    yield never("nothing_decided_at_probability_0", ledger.people["hired"].values[:, by_visit])
    for year in ledger.case.years:
        by_scenario = by_visit[_opening_visits(ledger, year)]
        for amounts in _decided_in(ledger, year):
            yield never("nothing_decided_at_probability_0", amounts[by_scenario])


# ---- columns that repeat what follows from others -------------------------------------------------------------------


def _as_stated(ledger: Ledger) -> Iterator[Broken]:
    """Columns that repeat what follows from others: each says what it should."""
    yield from _capacity(ledger)
    yield from _payments(ledger)
    yield from _builds(ledger)
    yield from _stocks_and_teams(ledger)
    spending = ledger.tables["spending"]
    paid = _column(spending, "musd") * _column(spending, "probability")
    yield equal("expected_as_stated", _column(spending, "expected"), paid)
    decided = ["investments", "training", "spending"]
    if ledger.case.has_schedule:
        yield from _schedule_price(ledger)
        decided.append(SCHEDULE)
    for name in decided:
        yield _probabilities(ledger, name)


def _column(table: pd.DataFrame, name: str) -> Vector:
    return table[name].to_numpy(float)


def _stated(rule: str, placed: Placed, column: str, expected: Callable[[Any], Vector]) -> Broken:
    """A column of a table says what is expected, by key."""
    return equal(rule, placed.stated(column), placed.of(expected))


def _capacity(ledger: Ledger) -> Iterator[Broken]:
    """Existing, new and usable capacity and throughput of the table against what builds and flows make of them."""
    table = ledger.capacity
    new = table.of(lambda key: ledger.new_capacity[key[0]])
    factor = table.of(lambda key: ledger.factor(key[0]))
    usable = factor * (table.stated("existing_tpa") + new)
    yield _stated("capacity_as_stated", table, "existing_tpa", lambda key: ledger.existing[key[0]])
    yield equal("capacity_as_stated", table.stated("new_tpa"), new)
    yield equal("capacity_as_stated", table.stated("factor"), factor)
    yield equal("capacity_as_stated", table.stated("usable_tpa"), usable)
    yield _stated("capacity_as_stated", table, "throughput_t", lambda key: ledger.loads[key[0]])


def _payments(ledger: Ledger) -> Iterator[Broken]:
    """Payments and budgets are those of the tables, between the least and the most that each funder may pay."""
    paid: dict[str, float] = defaultdict(float)
    for (funder, _, _), amounts in ledger.spent:
        paid[funder] += float(np.sum(amounts * ledger.chances))
    budgets: dict[str, float] = defaultdict(float)
    for (funder, _), amount in ledger.case.budget.items():
        budgets[funder] += amount
    seen: Counter[str] = Counter()
    for row in rows_of(ledger.tables["payments"]):
        seen[row.funder] += 1
        yield equal("payments_as_stated", row.paid_musd, paid[row.funder])
        yield equal("payments_as_stated", row.budget_musd, budgets[row.funder])
        yield at_most("payments_in_range", row.least_musd, row.paid_musd)
        yield at_most("payments_in_range", row.paid_musd, row.most_musd)
    for funder in {*ledger.case.reach, *paid, *seen}:
        yield never("payments_as_stated", seen[funder] - 1)


def _builds(ledger: Ledger) -> Iterator[Broken]:
    """Capital cost is that of the builds, and builds are whole plants where these are demanded."""
    case = ledger.case
    investments = ledger.tables["investments"]
    tpa = _column(investments, "tpa")
    capex = {project: capex_per_tpa(case, project) for project in case.projects}
    per_tpa = investments["project"].map(capex).to_numpy(float)
    yield equal("capex_as_stated", _column(investments, "capex_musd"), tpa * per_tpa)
    if case.model.policy.whole_plants:
        units = {project: row.unit_tpa for project, row in case.projects.items()}
        unit = investments["project"].map(units).to_numpy(float)
        has_unit = ~np.isnan(unit)
        whole = unit * np.round(tpa / unit)
        yield equal("whole_plants", tpa[has_unit], whole[has_unit])


def _schedule_price(ledger: Ledger) -> Iterator[Broken]:
    """What is scheduled costs its tonnes at the price of a purchase."""
    for row in rows_of(ledger.tables[SCHEDULE]):
        stockpile = ledger.case.stockpiles.get((row.country, row.element, row.form))
        price = 0.0 if stockpile is None else musd_per_tonne(stockpile.purchase_usd_per_kg)
        yield equal("purchases_as_stated", row.musd, row.tonnes * price)


def _stocks_and_teams(ledger: Ledger) -> Iterator[Broken]:
    for column, item in (("bought_t", "bought"), ("released_t", "released")):
        traded = {good: ledger.goods[item, good] for good in ledger.stocks.places}
        yield _stated("stock_as_stated", ledger.stocks, column, traded.__getitem__)
    teams = {"available": verify_resources.available_staff, "needed": verify_resources.needed_staff}
    for column, persons in teams.items():
        by_team = {team: persons(ledger, team) for team in ledger.workforce.places}
        yield _stated("staff_as_stated", ledger.workforce, column, by_team.__getitem__)


def _probabilities(ledger: Ledger, name: str) -> Broken:
    """The probability of a row is that of the scenarios that it names."""
    scenarios = ledger.case.scenarios
    table = ledger.tables[name]
    chances: dict[str, float] = {}
    for text in table["scenarios"].unique():
        named = members(text, tuple(scenarios))
        chances[text] = sum(scenarios.get(scenario, 0.0) for scenario in named)
    stated = _column(table, "probability")
    expected = np.array([chances[text] for text in table["scenarios"]])
    return equal("probability_as_stated", stated, expected)
