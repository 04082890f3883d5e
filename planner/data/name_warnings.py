"""Warnings about names: those that look alike, that stand alone among many, or that two things share."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from planner.data.case import Case
from planner.data.cells import CONFUSABLE
from planner.data.checks import HINTS
from planner.data.rules import Finding
from planner.errors import did_you_mean, nearest

_IDS = (
    ("countries", "country"),
    ("elements", "element"),
    ("projects", "project"),
    ("scenarios", "scenario"),
    ("skills", "skill"),
    ("suppliers", "supplier"),
)
_SELLERS = (("imports", "supplier"), ("resale", "supplier"), ("shocks", "supplier"), ("hazards", "supplier"))


def _used(case: Case, places: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str, int]]:
    """Name, table, column and line wherever a name stands in one of the columns."""
    for table, column in places:
        for row in case.tables.rows(table):
            if name := getattr(row, column):
                yield name, table, column, row.line


def _looks(name: str) -> str:
    """What of a name meets the eye: one case, one form of each letter, foreign letters as those they look like."""
    return unicodedata.normalize("NFKC", name).translate(CONFUSABLE).casefold()


def look_alikes(case: Case) -> Iterator[Finding]:
    """Ids of one table, blocs and parties that differ only in case or in letters that look the same."""
    named = (("countries", "bloc"), ("countries", "party"), ("funders", "party"))
    for places in (*((place,) for place in _IDS), named[:1], named[1:], _SELLERS):
        seen: dict[str, str] = {}
        told: set[str] = set()
        for name, table, column, line in _used(case, places):
            other = seen.setdefault(_looks(name), name)
            if other != name and name not in told:
                told.add(name)
                how = "case" if other.casefold() == name.casefold() else "letters that look the same"
                yield Finding("look-alike", table, line, column, f'"{name}" differs from "{other}" only in {how}', name)


def rare_names(case: Case) -> Iterator[Finding]:
    """Suppliers that no table confirms and that are used once among others; blocs and parties near another one."""
    if not case.tables.suppliers:
        used = list(_used(case, _SELLERS))
        count = Counter(name for name, *_ in used)
        others = [name for name, times in count.items() if times > 1]
        for name, table, column, line in used:
            if count[name] == 1 and others:
                near = did_you_mean(name, others) if len(count) <= HINTS else ""
                yield Finding("rare-name", table, line, column, f'supplier "{name}" is named once{near}', name)
    parties = (("countries", "party"), ("funders", "party"))
    for kind, places, known in (("bloc", (("countries", "bloc"),), ()), ("party", parties, tuple(case.countries))):
        used = list(_used(case, places))
        count = Counter(name for name, *_ in used)
        others = [*(name for name, times in count.items() if times > 1), *known]
        for name, table, column, line in used:
            if count[name] == 1 and name not in known and (near := nearest(name, others)):
                said = f'{kind} "{name}" is named once (did you mean "{near}"?)'
                yield Finding("rare-name", table, line, column, said, name)


def repeated_labels(case: Case) -> Iterator[Finding]:
    """Things of one table that have the same name for people, so that no page tells them apart."""
    for table, column in _IDS:
        first: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for row in case.tables.rows(table):
            if label := getattr(row, "name", ""):
                first[_looks(label)].append((getattr(row, column), row.line))
        for (one, _), *others in first.values():
            for two, line in others:
                said = f'"{two}" has the same name as "{one}"'
                yield Finding("repeated-label", table, line, "name", said, two)
