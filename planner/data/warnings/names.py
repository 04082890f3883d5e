"""Names in rows that nothing else has, or nothing of use.

names.csv lists the questions: rows of a table, whose cells in some columns must be among the names that are of use. These
are cells of another table, as `workforce.country;skill`, or what a function here finds. at: the column at which it is
told, if not the last; words: instead of those in rules.toml.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import compress, product
from typing import Any

from planner.data.findings import finding_at
from planner.data.lookups import good_of
from planner.data.warnings.facts import CaseFacts
from planner.errors import Fault, did_you_mean

NameParts = tuple[Any, ...]
"""Cells of some columns: one name of something."""
_TEXT = files("planner.data.warnings").joinpath("names.csv").read_text(encoding="utf-8")
LINES = tuple(csv.DictReader(_TEXT.splitlines()))


def useless_names(facts: CaseFacts) -> Iterator[Fault]:
    """Rows with names that are of no use, told once for the same names; a blank cell means all, a list each entry."""
    for line in LINES:
        columns = line["columns"].split(";")
        of_use = list(_of_use(facts, line["of_use"]))
        known: dict[NameParts, set[NameParts]] = {}
        seen: set[NameParts] = set()
        for row in facts.rows(line["table"], line["where"]):
            cells = [cell if isinstance(cell, tuple) else (cell,) for cell in row.cells(columns)]
            for names in product(*cells):
                filled = tuple(map(bool, names))
                if filled not in known:
                    known[filled] = {tuple(compress(name, filled)) for name in of_use}
                if names not in seen and tuple(compress(names, filled)) not in known[filled]:
                    seen.add(names)
                    near = did_you_mean(names[0], [name for name, *_ in of_use])
                    cells_of_name = dict(zip(columns, names, strict=True))
                    said = line["words"].format_map(row.__dict__ | cells_of_name)
                    column = line["at"] or columns[-1]
                    yield finding_at(row, column, line["rule"], said, near=near, **cells_of_name)


def _of_use(facts: CaseFacts, names: str) -> Iterable[NameParts]:
    """What a line says is of use."""
    if names in OF_USE:
        return OF_USE[names](facts)
    table, _, columns = names.partition(".")
    return {row.cells(columns.split(";")) for row in facts.rows(table)}


# ---- names that are of use -------------------------------------------------------------------------------------------


def skills(facts: CaseFacts) -> Iterator[NameParts]:
    """Skills that are needed, there or taught."""
    for table in ("staffing", "workforce", "training"):
        for row in facts.rows(table):
            yield (row.skill,)


def used(facts: CaseFacts) -> Iterable[NameParts]:
    """Goods that are used."""
    return facts.used


def goods_of_use(facts: CaseFacts) -> Iterable[NameParts]:
    """Goods that are used, held in stock, or made into something that is used."""
    return (*facts.used, *facts.case.lookups.stockpiles, *facts.made_into_more)


def goods_to_stock(facts: CaseFacts) -> Iterable[NameParts]:
    """Goods that are used, or made into more where they are bought or nothing that is bought of the element is used."""
    bought = set(map(good_of, facts.tables.imports))
    served = {good[:2] for good in bought.intersection(facts.used)}
    more = [good for good in facts.made_into_more if good in bought or good[:2] not in served]
    return (*facts.used, *more)


def bounded_feeds(facts: CaseFacts) -> Iterator[NameParts]:
    """Plants with each feed that takes up capacity."""
    for row in facts.tables.projects:
        for feed in row.feeds:
            if facts.case.lookups.capacity_use(row.project, feed) > 0:
                yield row.project, feed


def given_feeds(facts: CaseFacts) -> Iterable[NameParts]:
    """Feeds that are mined, or come back."""
    return zip(facts.mined)


def taken_feeds(facts: CaseFacts) -> Iterable[NameParts]:
    """Feeds that plants take."""
    return zip(facts.taken)


def feeds(facts: CaseFacts) -> Iterable[NameParts]:
    """Feeds that are mined, or that plants take."""
    return zip((*facts.mined, *facts.taken))


def resold(facts: CaseFacts) -> Iterator[NameParts]:
    """Suppliers, elements and forms of which somebody can sell a part on."""
    for supplier, country, element, form in facts.case.lookups.import_years:
        if facts.case.lookups.resale_share(supplier, country, element, form) > 0:
            yield supplier, element, form


def makeable(facts: CaseFacts) -> Iterator[NameParts]:
    """Elements and forms that plants could make of what is mined or bought somewhere; all of a case without plants."""
    together = dict.fromkeys(facts.case.countries, "all")
    for (_, element, form), tonnes in facts.made(together).items():
        if tonnes.any():
            yield element, form
    if not facts.tables.projects:
        yield from ((element, form) for _, element, form in facts.used)


_FUNCTIONS = (
    skills,
    used,
    goods_of_use,
    goods_to_stock,
    bounded_feeds,
    given_feeds,
    taken_feeds,
    feeds,
    resold,
    makeable,
)
OF_USE = {function.__name__: function for function in _FUNCTIONS}
