"""Shadow prices: what one more unit of each scarce thing would take off the objective (MUSD per unit).

They are row duals and reduced costs of the phase that minimises risk (cost + risk for goal `welfare`), added
up over the histories of a year, so that "one more MUSD of the 2029 budget" means in every history. What is stated by
year (capacity, imports, people, budgets) is priced by year, tonnes of a quarter by quarter. A price is
a one-sided derivative: it holds for small changes, and under degeneracy lies between the values of one unit
more and one unit less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from planner.formulation import capacity, goods, money, workforce
from planner.formulation.index_sets import Scope
from planner.formulation.model import Equation, Variable
from planner.results.schema import TABLE_COLUMNS
from planner.solving.goals import Outcome
from planner.solving.program import Key, Program, Vector

SMALLEST = 1e-7
ScarceThing = tuple[str, str, str, str, str, int | None, int | None]
"""scarce, item, country, element, form, year, and the quarter of what is there in one alone."""
Priced = tuple[ScarceThing, float]
Describe = Callable[[Scope, Any], Iterable[Priced]]
"""Whose the right-hand side at an index is, and what one more unit of it adds there."""


@dataclass(frozen=True)
class Scarce:
    """A scarce thing: the equation or bounded variable whose dual prices it, its unit, and whose it is."""

    declared: Equation | Variable
    unit: str
    label: Describe
    sign: float = -1.0
    """The right-hand side grows by one when one more unit is there: -1. Demand is the other way round."""

    @property
    def key(self) -> str:
        """Name of the equation or variable."""
        return self.declared.name


def _when(s: Scope, n: int) -> tuple[int, int | None]:
    return s.tree.nodes[n].year, s.tree.nodes[n].quarter


def _budget(s: Scope, index: Any) -> Iterable[Priced]:
    i, a = index
    node = s.account_tree.nodes[a]
    if not node.opens_year:
        return []
    return [(("budget", funder, "", "", "", node.year, None), 1.0) for funder in s.funder_groups[i]]


def _plant(s: Scope, index: Any) -> Iterable[Priced]:
    p, n = index
    if p in s.expandable:
        return []
    label: ScarceThing = ("capacity", p, s.case.projects[p].country, "", "", s.tree.nodes[n].year, None)
    return [(label, s.tree.capacity_factor(p, n) * s.tree.nodes[n].length)]


def _growing_plant(s: Scope, index: Any) -> Iterable[Priced]:
    p, n = index
    if not s.commitments(p) and s.case.existing_tpa(p, s.tree.nodes[n].year) == 0:
        return []  # held at zero in a program that was written with it
    return [(("capacity", p, s.case.projects[p].country, "", "", s.tree.nodes[n].year, None), 1.0)]


def _nameplate(s: Scope, index: Any) -> Iterable[Priced]:
    if s.is_whole(index[0]) or not s.commitments(index[0]):
        return []  # prices are those with the plants held
    return [(("nameplate limit", index[0], s.case.projects[index[0]].country, "", "", None, None), 1.0)]


def _feed(s: Scope, index: Any) -> Iterable[Priced]:
    group, f, n = index
    whose = "" if s.case.model.policy.coordination == "allied" else group
    return [(("feed", f, whose, "", "", *_when(s, n)), 1.0)]


def _staff(s: Scope, index: Any) -> Iterable[Priced]:
    c, k, d = index
    return [(("staff joining", k, c, "", "", s.decision_tree.nodes[d].year, None), 1.0)]


def _seats(s: Scope, index: Any) -> Iterable[Priced]:
    g, d = index
    return [(("training seats", g, s.case.programmes[g].country, "", "", s.decision_tree.nodes[d].year, None), 1.0)]


def _new_seats(s: Scope, index: Any) -> Iterable[Priced]:
    if not s.case.has_lever("training"):
        return []  # held at zero in a program that was built with it
    return [(("new seats limit", index[0], s.case.programmes[index[0]].country, "", "", None, None), 1.0)]


def _mentors(s: Scope, index: Any) -> Iterable[Priced]:
    c, k, n = index
    return [
        (("mentors", k, c, "", "", s.staffing_tree.nodes[n].year, None), float(s.case.skills[k].mentor_ratio or 0.0))
    ]


def _hires(s: Scope, index: Any) -> Iterable[Priced]:
    c, k, d = index
    if not s.case.has_lever("hiring"):
        return []
    return [(("hires", k, c, "", "", s.decision_tree.nodes[d].year, None), 1.0)]


def _imports(s: Scope, index: Any) -> Iterable[Priced]:
    c, e, o, n = index
    year = s.tree.nodes[n].year
    for supplier in s.suppliers[c, e, o]:
        undisturbed = s.case.import_limit.get((supplier, c, e, o, year), 0.0)
        if undisturbed > 0:
            arrives = s.tree.import_limit(supplier, (c, e, o), n) / undisturbed
            yield ("imports", supplier, c, e, o, year, None), arrives


def _goods(s: Scope, index: Any) -> Iterable[Priced]:
    c, e, o, n = index
    return [(("delivered good", "", c, e, o, *_when(s, n)), 1.0)]


def _stock(s: Scope, index: Any) -> Iterable[Priced]:
    c, e, o, n = index
    if (c, e, o) not in s.stocks:
        return []
    return [(("stock", "", c, e, o, *_when(s, n)), 1.0)]


def _leak(s: Scope, index: Any) -> Iterable[Priced]:
    v, c, e, o, n = index
    return [(("leak", v, c, e, o, *_when(s, n)), 1.0)]


def _resale(s: Scope, index: Any) -> Iterable[Priced]:
    v, c, e, o, n = index
    return [(("resale", v, c, e, o, *_when(s, n)), 1.0)]


ROWS = (
    Scarce(money.account, "MUSD per MUSD", _budget),
    Scarce(capacity.usable_capacity, "MUSD per t/y", _growing_plant),
    Scarce(capacity.throughput_limit, "MUSD per t/y", _plant),
    Scarce(capacity.nameplate_limit, "MUSD per t/y", _nameplate),
    Scarce(goods.feed_balance, "MUSD per t TREO", _feed),
    Scarce(workforce.staff_balance, "MUSD per person", _staff),
    Scarce(workforce.seat_limit, "MUSD per seat", _seats),
    Scarce(workforce.new_seat_limit, "MUSD per seat", _new_seats),
    Scarce(workforce.mentor_limit, "MUSD per practitioner", _mentors),
    Scarce(goods.balance, "MUSD per t", _goods, 1.0),
    Scarce(goods.resale, "MUSD per t", _resale),
    Scarce(goods.stock_balance, "MUSD per t", _stock),
)
COLUMNS = (
    Scarce(workforce.HIRED, "MUSD per person", _hires),
    Scarce(goods.IMPORTED, "MUSD per t", _imports),
    Scarce(goods.RESOLD, "MUSD per t", _leak),
)


Worths = dict[tuple[ScarceThing, str], float]
"""Of each scarce thing in its unit: what one more would take off the objective (MUSD)."""


def shadow_prices(scope: Scope, program: Program, outcome: Outcome) -> pd.DataFrame:
    """The table `shadow_prices` of a program and its solution."""
    objective = "welfare" if "welfare" in outcome.phases else "risk"
    solution = outcome.phases[objective]
    return price_table(priced(scope, program, objective, solution.duals), objective)


def price_table(total: Worths, objective: str) -> pd.DataFrame:
    """The table `shadow_prices`: positive values only, largest first within each scarce thing."""
    rows = [(*label, value, unit, objective) for (label, unit), value in total.items() if value > SMALLEST]
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
    by_key = {scarce.key: scarce for scarce in kinds}
    for (name, index), dual in zip(keys, duals.tolist(), strict=True):
        scarce = by_key.get(name)
        if scarce is not None and dual != 0.0:
            for label, per_unit in scarce.label(scope, index):
                yield label, scarce.unit, scarce.sign * dual * per_unit
