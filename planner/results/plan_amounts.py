"""All amounts of a plan, by node, and the same where scenarios visit the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from planner.data.case import Case
from planner.data.decision_tree import Trees
from planner.data.scenario_tree import Vector
from planner.data.shock_effects import year_of
from planner.results.amounts import Amounts, Payment, amounts
from planner.results.schema import PURCHASES
from planner.results.visits import AtVisits, visited

PEOPLE = ("staff", "hired", "lent", "borrowed")
"""What is decided of people, and the columns of the table `workforce` that say it."""


@dataclass(frozen=True, kw_only=True)
class PlanAmounts:
    """All amounts of a plan. Flows, short, stock and people live on histories; what is decided by year on decisions;
    what is spent on accounts."""

    case: Case
    trees: Trees
    flows: Amounts
    """t by `FlowKey`."""
    short: Amounts
    """t not met, by good that is demanded."""
    stock: Amounts
    """t at the end of the period, by good."""
    people: Mapping[str, Amounts]
    """Of each of `PEOPLE` the persons by (country, skill)."""
    builds: Amounts
    """t/y by project."""
    intake: Amounts
    """Persons by programme."""
    new_seats: Amounts
    """Seats by programme."""
    scheduled: Amounts
    """t a year by good."""
    spent: Amounts
    """MUSD by (funder, country, item)."""
    payments: tuple[Payment, ...] = ()
    short_without: Amounts | None = None
    """t not met without the plan, by good, where that was solved for."""

    @cached_property
    def visits(self) -> AtVisits:
        """The amounts where scenarios visit their nodes."""
        return _at_visits(self)

    def __getstate__(self) -> dict[str, Any]:
        """Fields alone: what follows from them is not sent along."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def is_same(self, other: PlanAmounts) -> bool:
        """All amounts are the same, to the last bit."""
        for field in fields(self):
            one, two = getattr(self, field.name), getattr(other, field.name)
            if isinstance(one, Amounts) and isinstance(two, Amounts):
                if not one.is_same(two):
                    return False
            elif field.name == "people":
                if not all(one[name].is_same(two[name]) for name in one):
                    return False
            elif field.name not in ("case", "trees") and one != two:
                return False
        return True


def _at_visits(plan: PlanAmounts) -> AtVisits:
    """The amounts of a plan where scenarios visit their nodes."""
    trees = plan.trees
    node = visited(trees.histories)
    return AtVisits(
        case=plan.case,
        trees=trees,
        flows=plan.flows.at(node),
        short=plan.short.at(node),
        stock=plan.stock.at(node),
        people={name: persons.at(node) for name, persons in plan.people.items()},
        builds=_decided(trees, plan.builds),
        intake=_decided(trees, plan.intake),
        new_seats=_decided(trees, plan.new_seats),
        scheduled=_decided(trees, plan.scheduled),
        spent=_spent(trees, plan.spent),
        payments=plan.payments,
    )


def _decided(trees: Trees, by_decision: Amounts) -> Amounts:
    """Amounts by key and year for each scenario, of amounts by key at decision nodes."""
    nodes = trees.decision_of_year
    found: dict[Any, Vector] = {}
    for key, at_nodes in by_decision:
        things = key if isinstance(key, tuple) else (key,)
        for place, year in enumerate(trees.histories.case.years):
            of_year = at_nodes[nodes[:, place]]
            if of_year.any():
                found[(*things, year)] = of_year
    return amounts(found, len(nodes))


def _spent(trees: Trees, spent: Amounts) -> Amounts:
    """MUSD by (funder, country, item, period) for each scenario; what is decided by year is of the year."""
    histories = trees.histories
    count = len(histories.case.scenarios)
    found: dict[Any, Vector] = {}
    if trees.accounts is not histories:
        of_year = trees.decision_of_year
        for key, at_nodes in spent:
            for place, year in enumerate(histories.case.years):
                paid = at_nodes[of_year[:, place]]
                if paid.any():
                    found[(*key, year)] = paid
        return amounts(found, count)
    node = visited(histories).reshape(count, -1)
    for key, at_nodes in spent:
        for place, period in enumerate(histories.periods):
            paid = at_nodes[node[:, place]]
            if paid.any():
                due = period if key[2] == PURCHASES else year_of(period)
                found[(*key, due)] = paid
    return amounts(found, count)
