"""Warnings about rows that no plan can feel, and about tables that others suppose and that are not there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from planner.data.case import Case
from planner.data.lookups import MADE_FROM, Good
from planner.data.rules import Finding
from planner.data.schema import Ramp

ENDS_AT = 0.6
"""Share of nameplate below which a ramp does not end."""


def unused(case: Case) -> Iterator[Finding]:
    """Feeds that no mine gives; ramps, feeds and skills that nothing uses; training that leads nowhere."""
    tables = case.tables
    given = {feed for row in tables.projects if row.stage == "mine" for feed in row.feeds}
    for row in tables.projects:
        for feed in row.feeds:
            if row.stage == "separation" and feed not in given:
                said = f'"{row.project}" accepts feed "{feed}", which no mine gives'
                yield Finding("unmined-feed", "projects", row.line, "feeds", said, feed)
    used = {
        ("ramps", "ramp"): {row.ramp for row in tables.projects},
        ("feeds", "feed"): {feed for row in tables.projects for feed in row.feeds},
        ("skills", "skill"): {
            *(row.skill for row in tables.staffing),
            *(row.skill for row in tables.workforce),
            *(row.skill for row in tables.training),
        },
    }
    for (table, column), names in used.items():
        first: dict[str, int] = {}
        for entry in tables.rows(table):
            first.setdefault(getattr(entry, column), entry.line)
        for name, line in first.items():
            if name not in names:
                yield Finding("unused", table, line, column, f'nothing uses {column} "{name}"', name)
    for programme in tables.training:
        if (programme.country, programme.skill) not in case.workforce:
            said = f'"{programme.programme}" trains {programme.skill} for {programme.country}, which has no such staff'
            yield Finding("idle-training", "training", programme.line, "skill", said, programme.skill)


def ineffective_rows(case: Case) -> Iterator[Finding]:
    """Rows of goods that nobody there uses, sells or makes: a country, element or form is probably another."""
    tables = case.tables
    demanded, taken = {key[:3] for key in case.demand}, _taken_goods(case)
    used = demanded | taken | set(case.stockpiles)
    sold = {(row.supplier, row.country, row.element, row.form) for row in tables.imports}
    told: set[tuple[str, ...]] = set()
    for row in tables.imports:
        good = (row.country, row.element, row.form)
        if good not in used and (row.supplier, *good) not in told and row.tonnes > 0:
            told.add((row.supplier, *good))
            said = f"{row.country} neither uses {row.element} ({row.form}) nor has a plant or stock for it"
            yield Finding("no-use", "imports", row.line, "element", said, row.element)
    for stock in tables.stockpiles:
        if (stock.country, stock.element, stock.form) not in demanded | taken:
            said = f"{stock.country} neither uses {stock.element} ({stock.form}) nor has a plant that takes it"
            yield Finding("no-use", "stockpiles", stock.line, "element", said, stock.element)
    for tier in tables.loss_tiers:
        if not any(tier.element == e and tier.country in ("", c) and tier.form in (None, f) for c, e, f in demanded):
            said = f"nobody whom the row means uses {tier.element}"
            yield Finding("no-use", "loss_tiers", tier.line, "element", said, tier.element)
    for resale in tables.resale:
        if not any(
            resale.country == c
            and resale.supplier in ("", s)
            and resale.element in ("", e)
            and resale.form in (None, f)
            for s, c, e, f in sold
        ):
            said = f"nothing that the row means is sold to {resale.country}"
            yield Finding("no-use", "resale", resale.line, "country", said, resale.country)
    for recovery in tables.recoveries:
        plant = case.projects[recovery.project]
        feeds = {e for feed in plant.feeds for e, share in case.feed_shares.get(feed, {}).items() if share > 0}
        if plant.stage == "mine" or (plant.stage == "separation" and recovery.element not in feeds):
            said = f'"{plant.project}" ({plant.stage}) recovers no {recovery.element}'
            yield Finding("no-use", "recoveries", recovery.line, "element", said, recovery.element)


def _taken_goods(case: Case) -> set[Good]:
    """(country, element, form) that plants there turn into something else."""
    takers = [(row.country, MADE_FROM[row.stage]) for row in case.projects.values() if row.stage in MADE_FROM]
    return {(country, element, form) for country, form in takers for element in case.elements}


COVERED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("elements", ("element",), "demand"),
    ("demand", ("country", "element", "form"), "imports"),
    ("imports", ("country",), "resale"),
    ("stockpiles", ("country", "element", "form"), "imports"),
    ("budgets", ("funder",), "funders"),
    ("skills", ("skill",), "staffing"),
    ("workforce", ("country", "skill"), "training"),
)
"""Table, columns that name something, and the table in which all or most of these have rows."""
COMPLETE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("demand", ("country", "element", "form"), "year"),
    ("imports", ("supplier", "country", "element", "form"), "year"),
    ("budgets", ("funder",), "year"),
    ("ramps", ("ramp",), "year_after_start"),
    ("resale", ("country",), "supplier"),
)
"""Table, what has several rows in it, and the column of which all have the same values."""
FEWEST = 4
"""Things that are alike, of which one that differs is odd."""


def missing_rows(case: Case) -> Iterator[Finding]:
    """A row that all others of a kind have, and one has not."""
    for table, columns, other in COVERED:
        lines = _lines(case, table, columns)
        bare = lines.keys() - _lines(case, other, columns).keys()
        if len(bare) == 1 and len(lines) >= FEWEST:
            (name,) = bare
            said = f"{' '.join(name)} has no row in {other}, as all {len(lines) - 1} others have"
            yield Finding("row-missing", table, lines[name], columns[-1], said, name[-1])
    for table, columns, member in COMPLETE:
        held: dict[tuple[str, ...], set[object]] = defaultdict(set)
        for row in case.tables.rows(table):
            held[tuple(getattr(row, column) for column in columns)].add(getattr(row, member))
        lacks = Counter(value for values in held.values() for value in values)
        for value in [value for value, times in lacks.items() if times == len(held) - 1 >= FEWEST - 1]:
            name = next(name for name, values in held.items() if value not in values)
            said = f"{' '.join(name)} has no row for {member} {value}, as all {len(held) - 1} others have"
            yield Finding("row-missing", table, _lines(case, table, columns)[name], member, said, value)
    for stage in dict.fromkeys(row.stage for row in case.tables.projects):
        idle = [row for row in case.tables.projects if row.stage == stage and not case.staffing[row.project]]
        others = sum(row.stage == stage for row in case.tables.projects) - len(idle)
        if len(idle) == 1 and others >= FEWEST - 1:
            said = f'"{idle[0].project}" needs nobody, as no other {stage} plant does'
            yield Finding("row-missing", "projects", idle[0].line, "project", said, idle[0].project)


def _lines(case: Case, table: str, columns: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    """What some columns name in a table, with the first line of each."""
    lines: dict[tuple[str, ...], int] = {}
    for row in case.tables.rows(table):
        lines.setdefault(tuple(getattr(row, column) for column in columns), row.line)
    return lines


def slow_ramps(case: Case) -> Iterator[Finding]:
    """Ramps that fall, or that end far below full use."""
    last: dict[str, Ramp] = {}
    for row in sorted(case.tables.ramps, key=lambda r: (r.ramp, r.year_after_start)):
        before = last.get(row.ramp)
        if before is not None and row.share < before.share:
            said = f"{row.share:g} is below the {before.share:g} of the year before"
            yield Finding("odd-ramp", "ramps", row.line, "share", said, f"{row.share:g}")
        last[row.ramp] = row
    for row in last.values():
        if row.share < ENDS_AT:
            said = f'ramp "{row.ramp}" ends at {row.share:g} of nameplate'
            yield Finding("odd-ramp", "ramps", row.line, "share", said, f"{row.share:g}")


def absent_tables(case: Case) -> Iterator[Finding]:
    """Tables that are not there though others only make sense with them."""
    tables = case.tables
    if tables.budgets and not tables.funders and len(case.countries) > 1:
        said = "there is no table funders: each funder pays in the country of its name alone"
        yield Finding("absent-table", "budgets", 0, "", said)
    if tables.workforce and not tables.staffing:
        yield Finding("absent-table", "workforce", 0, "", "there is no table staffing: no plant needs anybody")
