"""Everything the contract demands of a plan, recomputed from Case and result tables alone.

Nothing here knows the program: each rule is written again from its words, for all scenarios and periods at once.
A violation is measured against 1 + the larger side of the rule; `Verification.worst` is the largest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.decision_tree import decision_tree, storyline_histories
from planner.data.scenario_tree import Vector
from planner.results import origins, targets, verify_material, verify_resources
from planner.results.costs import cost_parts, utilisation
from planner.results.ledger import (
    Broken,
    Ledger,
    Placed,
    at_most,
    coded,
    equal,
    members,
    never,
    rows,
)
from planner.results.losses import ByCountry, Losses, losses_by_country, losses_of
from planner.results.verify_calm import calm_rules

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Verification:
    """Largest relative violation of each rule, and losses and cost as recomputed (MUSD)."""

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
        """Whether every rule holds within tolerance."""
        return self.worst <= TOLERANCE


def verify(case: Case, tables: Mapping[str, pd.DataFrame]) -> Verification:
    """Check every rule of the contract and recompute losses, CVaR, cost and public spending."""
    book = Ledger(case, tables)
    losses = losses_of(case, book)
    worst: dict[str, float] = defaultdict(float)
    for rule, amount in all_rules(book):
        worst[rule] = max(worst[rule], amount)
    return Verification(
        dict(worst),
        losses,
        losses_by_country(case, book, losses.by_scenario),
        cost_parts(book),
        utilisation(book),
        verify_resources.public_spend(book),
        targets.targets_met(book),
    )


def all_rules(book: Ledger) -> Iterator[Broken]:
    """Every rule, with its largest violation in all places to which it applies."""
    for table in book.placed:
        yield never("rows_of_the_case", float(table.strangers))
    yield from verify_material.rules(book)
    yield from calm_rules(book)
    yield from verify_resources.people_rules(book)
    yield from verify_resources.money_rules(book)
    yield from targets.rules(book)
    if "origins" in book.tables:
        yield from origins.rules(book)
    yield from non_anticipativity(book)
    yield from _decided_for_nothing(book)
    yield from _as_stated(book)


def non_anticipativity(book: Ledger) -> Iterator[Broken]:
    """Scenarios that share a node do the same there; what is decided by year, those that share its first node, and
    under `staged` those whose storylines have revealed the same."""
    periods, policy = len(book.tree.periods), book.case.model.policy
    through = policy.committed_through
    revealed = storyline_histories(book.tree) if policy.investment == "staged" else {}
    for kind in (book.flows, book.short, book.stocks.amounts("stock_t"), *book.people.values()):
        yield never("non_anticipativity", kind.values - kind.values[:, book.first])
    everyone = np.arange(len(book.case.scenarios))
    for year in book.case.years:
        sharing = book.first[everyone * periods + book.opening[year]] // periods
        yield _same_decisions("non_anticipativity", book, year, sharing)
        if policy.investment == "committed" or (through is not None and year <= through):
            yield _same_decisions(
                "committed_investment", book, year, np.zeros(len(everyone), dtype=int)
            )
        elif year in revealed:
            told = np.array(list(revealed[year].values()))
            _, first, alike = np.unique(told, return_index=True, return_inverse=True)
            yield _same_decisions("staged_investment", book, year, first[alike])


def _decided_for_nothing(book: Ledger) -> Iterator[Broken]:
    """At nodes of probability 0 nothing is decided: no builds, intakes, seats, hires or purchases."""
    if all(chance > 0 for chance in book.case.scenarios.values()):
        return
    bought = book.stocks.amounts("bought_t").values
    impossible = np.array([node.probability == 0 for node in book.tree.nodes])
    yield never("nothing_decided_at_probability_0", bought[:, book.at(impossible)])
    decisions, of_node = decision_tree(book.tree)
    undecided = np.array([decisions.nodes[d].probability == 0 for d in of_node])
    by_visit = book.at(undecided)
    hired = book.people["hired"].values
    yield never("nothing_decided_at_probability_0", hired[:, by_visit])
    by_scenario = book.whole(by_visit)
    for plan in (book.builds, book.intake, book.new_seats):
        for (_, year), amounts in plan:
            decided = amounts[by_scenario[:, book.opening[year]]]
            yield never("nothing_decided_at_probability_0", decided)


def _same_decisions(rule: str, book: Ledger, year: int, others: np.ndarray) -> Broken:
    """Builds, intakes, seats, staff and hires of a year are those of another scenario. others: of each scenario."""
    opening = np.arange(len(others)) * len(book.tree.periods) + book.opening[year]
    decided = [
        plan.values[[i for key, i in plan.places.items() if key[1] == year]]
        for plan in (book.builds, book.intake, book.new_seats)
    ]
    decided += [book.people[name].values[:, opening] for name in ("staff", "hired")]
    return never(rule, np.vstack([kind - kind[:, others] for kind in decided]))


def _as_stated(book: Ledger) -> Iterator[Broken]:
    """Columns that repeat what follows from others: each says what it should."""
    yield from _capacity(book)
    yield from _payments(book)
    case, investments, spending = book.case, book.tables["investments"], book.tables["spending"]
    capex = (
        investments["project"]
        .map({p: verify_resources.full_capex(case, p) for p in case.projects})
        .to_numpy(float)
    )
    tpa = investments["tpa"].to_numpy(float)
    yield equal("capex_as_stated", investments["capex_musd"].to_numpy(float), tpa * capex)
    if case.model.policy.whole_plants:
        whole = {p: row.unit_tpa for p, row in case.projects.items() if row.unit_tpa is not None}
        unit = investments["project"].map(whole).to_numpy(float)
        some = ~np.isnan(unit)
        yield equal("whole_plants", tpa[some], (unit * np.round(tpa / unit))[some])
    stocks, teams = book.stocks, book.workforce
    yield _stated("stock_as_stated", stocks, "bought_t", lambda good: book.goods[("bought", *good)])
    yield _stated(
        "stock_as_stated", stocks, "released_t", lambda good: book.goods[("released", *good)]
    )
    yield _stated(
        "staff_as_stated",
        teams,
        "available",
        lambda team: verify_resources.available_staff(book, *team),
    )
    yield _stated(
        "staff_as_stated", teams, "needed", lambda team: verify_resources.needed_staff(book, *team)
    )
    paid = spending["musd"].to_numpy(float) * spending["probability"].to_numpy(float)
    yield equal("expected_as_stated", spending["expected"].to_numpy(float), paid)
    for name in ("investments", "training", "spending"):
        text, texts = coded([book.tables[name]["scenarios"]])
        sums = [
            sum(case.scenarios.get(w, 0.0) for w in members(cell, tuple(case.scenarios)))
            for (cell,) in texts
        ]
        yield equal(
            "probability_as_stated",
            book.tables[name]["probability"].to_numpy(float),
            np.array(sums)[text],
        )


def _stated(rule: str, placed: Placed, column: str, expected: Callable[[Any], Vector]) -> Broken:
    """A column of a table says what is expected, by key."""
    return equal(rule, placed.stated(column), placed.of(expected))


def _capacity(book: Ledger) -> Iterator[Broken]:
    tree, table = book.tree, book.capacity
    new = table.of(lambda key: book.new_capacity[key[0]])
    factor = table.of(lambda key: book.at(tree.capacity_factors(key[0])))
    existing = table.stated("existing_tpa")
    yield equal(
        "capacity_as_stated", existing, table.of(lambda key: book.at(tree.existing(key[0])))
    )
    yield equal("capacity_as_stated", table.stated("new_tpa"), new)
    yield equal("capacity_as_stated", table.stated("factor"), factor)
    yield equal("capacity_as_stated", table.stated("usable_tpa"), factor * (existing + new))
    yield _stated("capacity_as_stated", table, "throughput_t", lambda key: book.loads[key[0]])


def _payments(book: Ledger) -> Iterator[Broken]:
    case = book.case
    paid, budgets, seen = (defaultdict[str, float](float) for _ in range(3))
    for (funder, _, _), amounts in book.spent:
        paid[funder] += float(np.sum(amounts * np.array(list(case.scenarios.values()))))
    for (funder, _), amount in case.budget.items():
        budgets[funder] += amount
    for row in rows(book.tables["payments"]):
        seen[row.funder] += 1
        yield equal("payments_as_stated", row.paid_musd, paid[row.funder])
        yield equal("payments_as_stated", row.budget_musd, budgets[row.funder])
        yield at_most("payments_in_range", row.least_musd, row.paid_musd)
        yield at_most("payments_in_range", row.paid_musd, row.most_musd)
    for funder in {*case.reach, *paid, *seen}:
        yield never("payments_as_stated", seen[funder] - 1)
