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
from typing import Any

import numpy as np
import pandas as pd

from planner.formulation import budgets, capacity, goods, savings, workforce
from planner.formulation.declarations import NODE_LETTERS, Equation, Variable
from planner.formulation.index_sets import Scope
from planner.results.schema import TABLE_COLUMNS
from planner.solving.goals import Outcome
from planner.solving.program import Key, Program, Vector
from planner.solving.target_prices import UNIT, target_prices

SMALLEST = 1e-7
ScarceThing = tuple[str, str, str, str, str, int | None, int | None]
"""scarce, item, country, element, form, year, and the quarter of what is there in one alone."""
Priced = Iterable[tuple[ScarceThing, float]]
"""Whose a right-hand side is, and what one more unit of it adds there."""
At = Mapping[str, Any]
"""An index by its letters."""


@dataclass(frozen=True)
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
    holds: Callable[[Scope, At], bool] = lambda s, at: True
    adds: Callable[[Scope, At], float] = lambda s, at: 1.0
    sign: float = -1.0
    labels: Callable[[Scope, At], Priced] | None = None

    def priced(self, s: Scope, index: Any) -> Priced:
        """The labels of a row or column."""
        at = dict(zip(self.declared.letters, index, strict=True))
        if not self.holds(s, at):
            return []
        return (
            [(self._label(s, at), self.adds(s, at))] if self.labels is None else self.labels(s, at)
        )

    def _label(self, s: Scope, at: At) -> ScarceThing:
        item = next((str(at[letter]) for letter in ("p", "f", "k", "g", "v") if letter in at), "")
        where = s.case.projects if "p" in at else s.case.programmes
        whose = str(at["c"]) if "c" in at else "" if "group" in at else where[item].country
        if "group" in at and s.case.model.policy.coordination != "allied":
            whose = str(at["group"])
        letter = next(x for x in NODE_LETTERS if x in at)
        node = NODE_LETTERS[letter](s).nodes[at[letter]]
        when = node.year if self.by else None, node.quarter if self.by == "period" else None
        return self.name, item, whose, at.get("e", ""), at.get("o", ""), *when


def _grows(s: Scope, at: At) -> bool:
    """Whether a plant has or can get capacity: else it is held at zero in a program that was written with it."""
    return (
        bool(s.commitments(at["p"]))
        or s.case.existing_tpa(at["p"], s.tree.nodes[at["n"]].year) != 0
    )


def _budget(s: Scope, at: At) -> Priced:
    node = s.account_tree.nodes[at["a"]]
    return [
        (("budget", funder, "", "", "", node.year, None), 1.0)
        for funder in s.funder_groups[at["i"]]
    ]


def _imports(s: Scope, at: At) -> Priced:
    good, n = (at["c"], at["e"], at["o"]), at["n"]
    year = s.tree.nodes[n].year
    for supplier in s.suppliers[good]:
        undisturbed = s.case.import_limit.get((supplier, *good, year), 0.0)
        if undisturbed > 0:
            yield (
                ("imports", supplier, *good, year, None),
                s.tree.import_limit(supplier, good, n) / undisturbed,
            )


def _imports_of_one(s: Scope, at: At) -> Priced:
    """One more tonne a year of a supplier that is told apart from others."""
    supplier, good, n = at["v"], (at["c"], at["e"], at["o"]), at["n"]
    year = s.tree.nodes[n].year
    undisturbed = s.case.import_limit[supplier, *good, year]
    here = s.tree.import_limit(supplier, good, n)
    yield ("imports", supplier, *good, year, None), here / undisturbed


def _length(s: Scope, at: At) -> float:
    """Years that the node lasts."""
    return s.tree.nodes[at["n"]].length


ROWS = (
    Scarce(
        *(budgets.account, "budget", "MUSD per MUSD"),
        holds=lambda s, at: s.account_tree.nodes[at["a"]].opens_year,
        labels=_budget,
    ),
    Scarce(capacity.usable_capacity, "capacity", "MUSD per t/y", holds=_grows),
    Scarce(
        *(capacity.throughput_limit, "capacity", "MUSD per t/y"),
        holds=lambda s, at: at["p"] not in s.expandable,
        adds=lambda s, at: s.tree.capacity_factor(at["p"], at["n"]) * s.tree.nodes[at["n"]].length,
    ),
    Scarce(
        *(capacity.nameplate_limit, "nameplate limit", "MUSD per t/y", ""),
        holds=lambda s, at: (
            not s.is_whole(at["p"]) and bool(s.commitments(at["p"]))
        ),  # with the plants held
    ),
    Scarce(goods.feed_balance, "feed", "MUSD per t TREO", "period"),
    Scarce(workforce.staff_balance, "staff joining", "MUSD per person"),
    Scarce(workforce.seat_limit, "training seats", "MUSD per seat"),
    Scarce(
        *(workforce.new_seat_limit, "new seats limit", "MUSD per seat", ""),
        holds=lambda s, at: s.case.has_lever("training"),
    ),
    Scarce(
        *(workforce.mentor_limit, "mentors", "MUSD per practitioner"),
        adds=lambda s, at: float(s.case.skills[at["k"]].mentor_ratio or 0.0),
    ),
    Scarce(capacity.availability_limit, "availability", "MUSD per t TREO/y", adds=_length),
    Scarce(goods.balance, "delivered good", "MUSD per t", "period", sign=1.0),
    Scarce(goods.resale, "resale", "MUSD per t", "period"),
    Scarce(
        *(goods.stock_balance, "stock", "MUSD per t", "period"),
        holds=lambda s, at: (at["c"], at["e"], at["o"]) in s.stocks,
    ),
)
COLUMNS = (
    Scarce(
        workforce.HIRED, "hires", "MUSD per person", holds=lambda s, at: s.case.has_lever("hiring")
    ),
    Scarce(goods.IMPORTED, "imports", "MUSD per t", labels=_imports),
    Scarce(goods.IMPORTED_FROM, "imports", "MUSD per t", labels=_imports_of_one),
    Scarce(savings.SAVED, "saving", "MUSD per t", "period"),
    Scarce(goods.RESOLD, "leak", "MUSD per t", "period"),
)


Worths = dict[tuple[ScarceThing, str], float]
"""Of each scarce thing in its unit: what one more would take off the objective (MUSD)."""


def shadow_prices(scope: Scope, program: Program, outcome: Outcome) -> pd.DataFrame:
    """The table `shadow_prices` of a program and its solution."""
    objective = "welfare" if "welfare" in outcome.phases else "risk"
    solution = outcome.phases[objective]
    total = priced(scope, program, objective, solution.duals)
    return price_table(total, objective, target_prices(scope, program, outcome))


def price_table(
    total: Worths, objective: str, targets: Iterable[tuple[str, float, str]] = ()
) -> pd.DataFrame:
    """The table `shadow_prices`: positive values only, largest first within each scarce thing.

    targets: those that bind, what a percentage point stricter adds (MUSD), and to which criterion.
    """
    rows = [
        (*label, value, unit, objective)
        for (label, unit), value in total.items()
        if value > SMALLEST
    ]
    rows += [
        ("target", target, "", "", "", None, None, value, UNIT, added_to)
        for target, value, added_to in targets
    ]
    rows.sort(key=lambda row: (row[0], -row[7], row[1:5], row[5] or 0, row[6] or 0))
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS["shadow_prices"]))
    return table.astype({"year": "Int64", "quarter": "Int64"})


def priced(scope: Scope, program: Program, objective: str | None, duals: Vector) -> Worths:
    """What the row duals (m) of a program say that minimises one column, or another that adds to no column here, added
    up by what they price."""
    reduced = -(program.matrix.T @ duals)
    if objective is not None:
        reduced[program.column[objective, None]] += 1.0
    total: Worths = defaultdict(float)
    for label, unit, value in (
        *by_label(scope, program.rows, duals, ROWS),
        *by_label(scope, program.columns, np.minimum(reduced, 0.0), COLUMNS),
    ):
        total[label, unit] += value
    return total


def by_label(
    scope: Scope, keys: Sequence[Key], duals: Vector, kinds: tuple[Scarce, ...]
) -> Iterator[tuple[ScarceThing, str, float]]:
    """What, in which unit, and its price, for each row or column that prices something."""
    by_key = {scarce.declared.name: scarce for scarce in kinds}
    for (name, index), dual in zip(keys, duals.tolist(), strict=True):
        scarce = by_key.get(name)
        if scarce is not None and dual != 0.0:
            for label, per_unit in scarce.priced(scope, index):
                yield label, scarce.unit, scarce.sign * dual * per_unit
