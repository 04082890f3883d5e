"""Columns that repeat what follows from others: each says what it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from planner.data.case import Case
from planner.data.tree import Tree
from planner.results.result_lookups import Ledger, members, period_of, rows, sums
from planner.results.rules import Broken, at_most, equal, never
from planner.results.verify_material import throughput
from planner.results.verify_money import full_capex
from planner.results.verify_people import available_staff, needed_staff


def rules(case: Case, tree: Tree, book: Ledger, tables: Mapping[str, pd.DataFrame]) -> Iterator[Broken]:
    """Every repeated figure of every table."""
    yield from _capacity(case, tree, book, tables["capacity"])
    yield from _people(case, tree, book, tables["workforce"])
    yield from _payments(case, book, tables["payments"])
    for row in rows(tables["investments"]):
        yield equal("capex_as_stated", row.capex_musd, row.tpa * full_capex(case, str(row.project)))
        unit = case.projects[str(row.project)].unit_tpa
        if case.model.policy.whole_plants and unit is not None:
            yield equal("whole_plants", row.tpa, unit * round(row.tpa / unit))
    for row in rows(tables["stocks"]):
        goods = book.goods[row.scenario, period_of(row)]
        yield equal("stock_as_stated", row.bought_t, goods["bought", row.country, row.element, row.form])
        yield equal("stock_as_stated", row.released_t, goods["released", row.country, row.element, row.form])
    for row in rows(tables["spending"]):
        yield equal("expected_as_stated", row.expected, row.musd * row.probability)
    for name in ("investments", "training", "spending"):
        for scenarios, probability in zip(tables[name]["scenarios"], tables[name]["probability"], strict=True):
            total = sum(case.scenarios[w] for w in members(scenarios, tuple(case.scenarios)))
            yield equal("probability_as_stated", probability, total)


def _capacity(case: Case, tree: Tree, book: Ledger, table: pd.DataFrame) -> Iterator[Broken]:
    for row in rows(table):
        w, p = str(row.scenario), str(row.project)
        node = tree.at[w, period_of(row)]
        new = sum(tpa * tree.usable_share(p, y, node) for y, tpa in book.builds[w][p].items())
        factor = tree.capacity_factor(p, node)
        yield equal("capacity_as_stated", row.existing_tpa, case.existing_tpa(p, row.year))
        yield equal("capacity_as_stated", row.new_tpa, new)
        yield equal("capacity_as_stated", row.factor, factor)
        yield equal("capacity_as_stated", row.usable_tpa, factor * (row.existing_tpa + new))
        yield equal("capacity_as_stated", row.throughput_t, throughput(case, book.flows[w, period_of(row)], p))


def _people(case: Case, tree: Tree, book: Ledger, table: pd.DataFrame) -> Iterator[Broken]:
    needed = {(w, t): needed_staff(case, book, w, t) for w in case.scenarios for t in tree.periods}
    for row in rows(table):
        team = (str(row.country), str(row.skill))
        people = book.people[row.scenario, period_of(row)]
        yield equal("staff_as_stated", row.available, available_staff(people, *team))
        yield equal("staff_as_stated", row.needed, needed[str(row.scenario), period_of(row)][team])


def _payments(case: Case, book: Ledger, table: pd.DataFrame) -> Iterator[Broken]:
    paid, budgets, seen = sums(), sums(), sums()
    for w, spent in book.spent.items():
        for (funder, _, _, _), amount in spent.items():
            paid[funder] += case.scenarios[w] * amount
    for (funder, _), amount in case.budget.items():
        budgets[funder] += amount
    for row in rows(table):
        seen[row.funder] += 1
        yield equal("payments_as_stated", row.paid_musd, paid[row.funder])
        yield equal("payments_as_stated", row.budget_musd, budgets[row.funder])
        yield at_most("payments_in_range", row.least_musd, row.paid_musd)
        yield at_most("payments_in_range", row.paid_musd, row.most_musd)
    for funder in {*case.reach, *paid, *seen}:
        yield never("payments_as_stated", seen[funder] - 1)
