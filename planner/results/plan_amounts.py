"""All amounts of a plan, by node, and the same where scenarios visit the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from planner.data.case import Case
from planner.data.decision_tree import Trees
from planner.results.amounts import Amounts, Payment
from planner.results.visits import AtVisits

PEOPLE = ("staff", "hired", "lent", "borrowed")
"""What is decided of people, and the columns of the table `workforce` that say it."""


@dataclass(frozen=True, kw_only=True)
class PlanAmounts:
    """All amounts of a plan. Flows, short, stock and people live on histories; what is decided by year on decisions;
    what is spent on accounts. Those are equal whose amounts are the same to the last bit."""

    case: Case = field(compare=False)
    trees: Trees = field(compare=False)
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
        return AtVisits(self)

    def __getstate__(self) -> dict[str, Any]:
        """Fields alone: what follows from them is not sent along."""
        return {one.name: getattr(self, one.name) for one in fields(self)}
