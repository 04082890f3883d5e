"""Shadow prices: what one more unit of each scarce thing would take off the objective (MUSD per unit).

They are row duals and reduced costs of the phase that minimises risk (cost + risk for goal `welfare`), added
up over the histories of a year, so that "one more MUSD of the 2029 budget" means in every history. What is stated by
year (capacity, imports, people, budgets) is priced by year, tonnes of a quarter by quarter. A price is
a one-sided derivative: it holds for small changes, and under degeneracy lies between the values of one unit
more and one unit less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from planner.data.lookups import Good
from planner.formulation import budgets, capacity, goods, savings, workforce
from planner.formulation.declarations import NODE_LETTERS, Equation, Variable
from planner.formulation.index_sets import Scope
from planner.solving.goals import Outcome
from planner.solving.program import Key, Program, Vector
from planner.solving.target_prices import UNIT, criterion, worth_of_targets

SMALLEST = 1e-7
TARGET = "target"
At = Mapping[str, Any]
"""An index by its letters."""


class ScarceThing(NamedTuple):
    """A row of the table `shadow_prices` but for its price. quarter: of what is there in one alone."""

    scarce: str
    item: str = ""
    country: str = ""
    element: str = ""
    form: str = ""
    year: int | None = None
    quarter: int | None = None


Priced = Iterable[tuple[ScarceThing, float]]
"""Whose a right-hand side is, and what one more unit of it adds there."""


def _always(scope: Scope, at: At) -> bool:
    return True


def _one(scope: Scope, at: At) -> float:
    return 1.0


@dataclass(frozen=True, kw_only=True)
class Scarce:
    """A scarce thing: the equation or bounded variable whose dual prices it, its name and unit.

    by: `year`, `period`, or `` where it is there once. holds: whether more of it can be there. adds: what one more
    unit adds to the right-hand side. sign: -1 where that grows; demand is the other way round. labels: whose it is, if
    that is more than one.
    """

    declared: Equation | Variable
    name: str
    unit: str
    by: str = "year"
    holds: Callable[[Scope, At], bool] = _always
    adds: Callable[[Scope, At], float] = _one
    sign: float = -1.0
    labels: Callable[[Scope, At], Priced] | None = None

    def priced(self, scope: Scope, index: Any) -> Priced:
        """The labels of a row or column."""
        at = dict(zip(self.declared.letters, index, strict=True))
        if not self.holds(scope, at):
            return []
        if self.labels is not None:
            return self.labels(scope, at)
        return [(self._label(scope, at), self.adds(scope, at))]

    def _label(self, scope: Scope, at: At) -> ScarceThing:
        """The thing that a row or column at an index prices, with its year and quarter where prices are told by
        these."""
        item = ""
        for letter in ITEM_LETTERS:
            if letter in at:
                item = str(at[letter])
                break
        of_node = next(letter for letter in NODE_LETTERS if letter in at)
        node = NODE_LETTERS[of_node](scope).nodes[at[of_node]]
        return ScarceThing(
            scarce=self.name,
            item=item,
            country=_owner(scope, at, item),
            element=at.get("e", ""),
            form=at.get("o", ""),
            year=node.year if self.by else None,
            quarter=node.quarter if self.by == "period" else None,
        )


ITEM_LETTERS = ("p", "f", "k", "g", "v")
"""Letters of what a scarce thing is of: project, feed, skill, programme, supplier."""


def _owner(scope: Scope, at: At, item: str) -> str:
    """Country, or group of countries, whose a scarce thing is."""
    case = scope.case
    if "group" in at:
        return str(at["group"]) if case.model.policy.coordination != "allied" else ""
    if "c" in at:
        return str(at["c"])
    return case.projects[item].country if "p" in at else case.lookups.programmes[item].country


def _good(at: At) -> Good:
    return at["c"], at["e"], at["o"]


def _grows(scope: Scope, at: At) -> bool:
    """A plant has or can get capacity: else it is held at zero in a program that was written with it."""
    year = scope.tree.nodes[at["n"]].year
    return bool(scope.commitments(at["p"])) or scope.case.lookups.existing_tpa(at["p"], year) != 0


def _is_allowed(scope: Scope, at: At) -> bool:
    """A plant may be built in any size: whole plants are fixed at their number."""
    return not scope.is_whole(at["p"]) and bool(scope.commitments(at["p"]))


def _opens_year(scope: Scope, at: At) -> bool:
    return scope.account_tree.nodes[at["a"]].opens_year


def _stands_by_itself(scope: Scope, at: At) -> bool:
    return at["p"] not in scope.expandable


def _is_stocked(scope: Scope, at: At) -> bool:
    return _good(at) in scope.stocks


def _trains(scope: Scope, at: At) -> bool:
    return scope.case.lookups.has_lever("training")


def _hires(scope: Scope, at: At) -> bool:
    return scope.case.lookups.has_lever("hiring")


def _usable_share(scope: Scope, at: At) -> float:
    return float(scope.years_of_use[at["p"]][at["n"]])


def _length(scope: Scope, at: At) -> float:
    """Years that the node lasts."""
    return scope.tree.nodes[at["n"]].length


def _mentored(scope: Scope, at: At) -> float:
    return float(scope.case.lookups.skills[at["k"]].mentor_ratio or 0.0)


def _budget(scope: Scope, at: At) -> Priced:
    node = scope.account_tree.nodes[at["a"]]
    for funder in scope.funder_groups[at["i"]]:
        yield ScarceThing("budget", funder, year=node.year), 1.0


def _imports(scope: Scope, at: At) -> Priced:
    for supplier in scope.suppliers[_good(at)]:
        yield from _imports_from(scope, at, supplier)


def _imports_of_one(scope: Scope, at: At) -> Priced:
    """One more tonne a year of a supplier that is told apart from others."""
    yield from _imports_from(scope, at, at["v"])


def _imports_from(scope: Scope, at: At, supplier: str) -> Priced:
    """A supplier's imports of a good, with the part of a year's limit that is left where the row holds."""
    good = _good(at)
    year = scope.tree.nodes[at["n"]].year
    undisturbed = scope.case.lookups.import_limit.get((supplier, *good, year), 0.0)
    if undisturbed > 0:
        here = float(scope.tree.import_limits(supplier, good)[at["n"]])
        yield ScarceThing("imports", supplier, *good, year), here / undisturbed


ROWS = (
    Scarce(
        declared=budgets.account,
        name="budget",
        unit="MUSD per MUSD",
        holds=_opens_year,
        labels=_budget,
    ),
    Scarce(declared=capacity.usable_capacity, name="capacity", unit="MUSD per t/y", holds=_grows),
    Scarce(
        declared=capacity.throughput_limit,
        name="capacity",
        unit="MUSD per t/y",
        holds=_stands_by_itself,
        adds=_usable_share,
    ),
    Scarce(
        declared=capacity.must_run,
        name="capacity",
        unit="MUSD per t/y",
        holds=_stands_by_itself,
        adds=_usable_share,
    ),
    Scarce(
        declared=capacity.nameplate_limit,
        name="nameplate limit",
        unit="MUSD per t/y",
        by="",
        holds=_is_allowed,
    ),
    Scarce(declared=goods.feed_balance, name="feed", unit="MUSD per t TREO", by="period"),
    Scarce(declared=workforce.staff_balance, name="staff joining", unit="MUSD per person"),
    Scarce(declared=workforce.seat_limit, name="training seats", unit="MUSD per seat"),
    Scarce(
        declared=workforce.new_seat_limit,
        name="new seats limit",
        unit="MUSD per seat",
        by="",
        holds=_trains,
    ),
    Scarce(
        declared=workforce.mentor_limit,
        name="mentors",
        unit="MUSD per practitioner",
        adds=_mentored,
    ),
    Scarce(
        declared=capacity.availability_limit,
        name="availability",
        unit="MUSD per t TREO/y",
        adds=_length,
    ),
    Scarce(declared=goods.balance, name="delivered good", unit="MUSD per t", by="period", sign=1.0),
    Scarce(declared=goods.resale, name="resale", unit="MUSD per t", by="period"),
    Scarce(
        declared=goods.stock_balance,
        name="stock",
        unit="MUSD per t",
        by="period",
        holds=_is_stocked,
    ),
)
COLUMNS = (
    Scarce(declared=workforce.HIRED, name="hires", unit="MUSD per person", holds=_hires),
    Scarce(declared=goods.IMPORTED, name="imports", unit="MUSD per t", labels=_imports),
    Scarce(declared=goods.IMPORTED_FROM, name="imports", unit="MUSD per t", labels=_imports_of_one),
    Scarce(declared=savings.SAVED, name="saving", unit="MUSD per t", by="period"),
    Scarce(declared=goods.RESOLD, name="leak", unit="MUSD per t", by="period"),
)


Worths = dict[tuple[ScarceThing, str], float]
"""Of each scarce thing in its unit: what one more would take off the objective (MUSD)."""


PriceRow = tuple[Any, ...]
"""A row of the table `shadow_prices`."""


def shadow_prices(scope: Scope, program: Program, outcome: Outcome) -> list[PriceRow]:
    """The rows of `shadow_prices` of a program and its solution."""
    objective = "welfare" if "welfare" in outcome.phases else "risk"
    by_phase: dict[str, Worths] = {}
    for name in priced_phases(scope, objective):
        solved = outcome.phases.get(name)
        if solved is not None and len(solved.x) and len(solved.duals):
            by_phase[name] = priced(scope, program, name, solved.duals, solved.x)
    return price_rows(scope, by_phase, objective)


def priced_phases(scope: Scope, objective: str) -> list[str]:
    """The objective, and the criteria to which targets add."""
    criteria = [criterion(scope, target) for target in scope.case.lookups.targets]
    return list(dict.fromkeys([objective, *criteria]))


def price_rows(scope: Scope, by_phase: Mapping[str, Worths], objective: str) -> list[PriceRow]:
    """The rows of `shadow_prices`: positive values only, largest first within each scarce thing. A target is priced in the
    phase of the criterion that it adds to, all else in that of the objective."""
    rows: list[tuple[ScarceThing, float, str, str]] = []
    for phase, worths in by_phase.items():
        for (label, unit), value in worths.items():
            of_phase = objective
            if label.scarce == TARGET:
                of_phase = criterion(scope, label.item)
            if value > SMALLEST and of_phase == phase:
                rows.append((label, value, unit, phase))
    rows.sort(key=_place_in_table)
    return [(*label, *priced) for label, *priced in rows]


def _place_in_table(row: tuple[ScarceThing, float, str, str]) -> tuple[Any, ...]:
    label, value, *_ = row
    return label.scarce, -value, label[1:5], label.year or 0, label.quarter or 0


def priced(
    scope: Scope, program: Program, objective: str | None, duals: Vector, x: Vector
) -> Worths:
    """Thing priced -> the sum of its row duals (m) in a program that minimises a column; and what targets add.

    objective: the column that is minimised; None where it has no column here. x: the optimum (n).
    """
    reduced = -(program.matrix.T @ duals)
    if objective is not None:
        reduced[program.column[objective, None]] += 1.0
    limited = np.minimum(reduced, 0.0)
    total: Worths = defaultdict(float)
    for label, unit, value in by_label(scope, program.rows, duals, ROWS):
        total[label, unit] += value
    for label, unit, value in by_label(scope, program.columns, limited, COLUMNS):
        total[label, unit] += value
    for target, value in worth_of_targets(scope, program, duals, x).items():
        total[ScarceThing(TARGET, target), UNIT] += value
    return total


def by_label(
    scope: Scope, keys: Sequence[Key], duals: Vector, kinds: tuple[Scarce, ...]
) -> Iterator[tuple[ScarceThing, str, float]]:
    """(thing, unit, price) of each row or column that prices something, in the order of `keys`."""
    by_key = {scarce.declared.name: scarce for scarce in kinds}
    binding = np.flatnonzero(duals)
    for place, dual in zip(binding.tolist(), duals[binding].tolist(), strict=True):
        name, index = keys[place]
        scarce = by_key.get(name)
        if scarce is not None:
            for label, per_unit in scarce.priced(scope, index):
                yield label, scarce.unit, scarce.sign * dual * per_unit
