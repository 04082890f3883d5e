"""Warnings about tables that do not fit together: what nobody can feel, what is missing, what nothing supplies."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

from pydantic_core import PydanticUndefined

from planner.data.case import Case
from planner.data.cells import Row
from planner.data.findings import Finding, found
from planner.data.lookups import Good
from planner.data.schema import TABLES, Demand, Project, Ramp
from planner.data.stages import CONVERTING, FORMS, OXIDE, STAGES, Stage

TOLERANCE = 1e-6
MINED, FED = 1.5, 0.25
"""Multiple of what all plants could take of a feed that is not mined; share of a plant that mines of today fill."""
ENDS_AT = 0.6
"""Share of nameplate below which a ramp does not end."""


def unused(case: Case) -> Iterator[Finding]:
    """Feeds that no mine gives; ramps, feeds and skills that nothing uses; training that leads nowhere."""
    tables = case.tables
    given = {row.feed for row in tables.returns}
    given |= {feed for row in tables.projects if STAGES[row.stage].mines for feed in row.feeds}
    for row in tables.projects:
        for feed in row.feeds:
            if STAGES[row.stage].separates and feed not in given:
                yield found(row, "feeds", "unmined-feed", feed=feed)
    used = {
        "ramps": {row.ramp for row in tables.projects},
        "feeds": given | {feed for row in tables.projects for feed in row.feeds},
        "skills": {
            row.skill
            for rows in (tables.staffing, tables.workforce, tables.training)
            for row in rows
        },
    }
    for table, names in used.items():
        for (name,), entry in _first(case, table, (table[:-1],)).items():
            if name not in names:
                yield found(entry, table[:-1], "unused", f'nothing uses {table[:-1]} "{name}"')
    for programme in tables.training:
        if (programme.country, programme.skill) not in case.workforce:
            yield found(programme, "skill", "idle-training")


def feed_balance(case: Case) -> Iterator[Finding]:
    """Feeds of which more may be mined than all plants could take; existing plants that existing mines do not fill."""
    mines = [row for row in case.tables.projects if STAGES[row.stage].mines]
    takers: dict[str, list[Project]] = defaultdict(list)
    for row in case.tables.projects:
        given = 0.0
        for feed in row.feeds if STAGES[row.stage].separates else ():
            takers[feed].append(row)
            given += sum(m.existing_tpa for m in mines if feed in m.feeds) * case.capacity_use(
                row.project, feed
            )
        if 0 < given < FED * row.existing_tpa:
            yield found(row, "existing_tpa", "unfed-plant", given=given)
    for feed, plants in takers.items():
        own = [row for row in mines if feed in row.feeds]
        uses = [(row, case.capacity_use(row.project, feed)) for row in plants]
        takes = sum(
            (row.existing_tpa + row.max_new_tpa) / use if use else math.inf for row, use in uses
        )
        if (
            own
            and (mined := sum(row.existing_tpa + row.max_new_tpa for row in own)) > MINED * takes
        ):
            widest = max(own, key=lambda row: row.existing_tpa + row.max_new_tpa)
            yield found(
                widest, "max_new_tpa", "unseparated-feed", mined=mined, feed=feed, takes=takes
            )


GOOD = ("country", "element", "form")
WITHOUT_USE = {
    "imports": (
        GOOD,
        "element",
        "{country} neither uses {element} ({form}) nor has a plant or stock for it",
    ),
    "stockpiles": (GOOD, "element", "{country} neither uses nor buys {element} ({form})"),
    "loss_tiers": (GOOD, "element", "nobody whom the row means uses {element}"),
    "resale": ((*GOOD, "supplier"), "country", "nothing that the row means is sold to {country}"),
}
"""Table -> the columns that say of which goods a row is, the one that is asked about, and in which words."""


def ineffective_rows(case: Case) -> Iterator[Finding]:
    """Rows of goods that nobody there uses, sells or makes: a country, element or form is probably another."""
    demanded, taken = {key[:3] for key in case.demand}, _taken_goods(case)
    bought = {(row.country, row.element, row.form) for row in case.tables.imports}
    elsewhere = {good[:2] for good in demanded & bought}
    sold = {(row.country, row.element, row.form, row.supplier) for row in case.tables.imports}
    meant: dict[str, set[Any]] = {
        "imports": demanded | taken | set(case.stockpiles),
        "stockpiles": demanded
        | {good for good in taken if good in bought or good[:2] not in elsewhere},
        "loss_tiers": demanded,
        "resale": sold,
    }
    for table, (columns, at, said) in WITHOUT_USE.items():
        known: dict[tuple[int, ...], set[tuple[str, ...]]] = {}
        told = set[tuple[str, ...]]()
        for row in case.tables.rows(table):
            named = {i: name for i, column in enumerate(columns) if (name := getattr(row, column))}
            which, names = tuple(named), tuple(named.values())
            if which not in known:
                known[which] = {tuple(good[i] for i in which) for good in meant[table]}
            series = (getattr(row, "supplier", ""), *names)
            if names not in known[which] and series not in told and getattr(row, "tonnes", 1.0) > 0:
                told.add(series if table == "imports" else ())
                yield found(row, at, "no-use", said.format_map(row.__dict__))
    for recovery in case.tables.recoveries:
        plant = case.projects[recovery.project]
        feeds = {
            e
            for feed in plant.feeds
            for e, share in case.feed_shares.get(feed, {}).items()
            if share > 0
        }
        stage = STAGES[plant.stage]
        if not stage.recovers or (stage.separates and recovery.element not in feeds):
            yield found(
                recovery,
                "element",
                "no-use",
                f'"{plant.project}" ({plant.stage}) recovers no {recovery.element}',
            )


def _taken_goods(case: Case) -> set[Good]:
    """(country, element, form) that plants there turn into something that somebody uses, as it is or made into more."""
    used = {(element, form) for _, element, form, _ in case.demand}
    return {
        (row.country, element, stage.takes)
        for row in case.projects.values()
        for element in case.elements
        if (stage := STAGES[row.stage]).converts
        and any((element, form) in used for form in FORMS[FORMS.index(stage.gives) :])
    }


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
        rows = _first(case, table, columns)
        bare = rows.keys() - _first(case, other, columns).keys()
        if len(bare) == 1 and len(rows) >= FEWEST:
            (name,) = bare
            lacks = f"{' '.join(name)} has no row in {other}"
            yield found(rows[name], columns[-1], "row-missing", lacks=lacks, others=len(rows) - 1)
    for table, columns, member in COMPLETE:
        held: dict[tuple[str, ...], set[object]] = defaultdict(set)
        for row in case.tables.rows(table):
            held[tuple(getattr(row, column) for column in columns)].add(getattr(row, member))
        times = Counter(value for values in held.values() for value in values)
        for value in [
            value for value, count in times.items() if count == len(held) - 1 >= FEWEST - 1
        ]:
            name = next(name for name, values in held.items() if value not in values)
            lacks = f"{' '.join(name)} has no row for {member} {value}"
            yield found(
                _first(case, table, columns)[name],
                member,
                "row-missing",
                lacks=lacks,
                others=len(held) - 1,
            )
    for stage in dict.fromkeys(row.stage for row in case.tables.projects):
        idle = [
            row
            for row in case.tables.projects
            if row.stage == stage and not case.staffing[row.project]
        ]
        others = sum(row.stage == stage for row in case.tables.projects) - len(idle)
        if len(idle) == 1 and others >= FEWEST - 1:
            yield found(
                idle[0],
                "project",
                "row-missing",
                f'"{idle[0].project}" needs nobody, as no other {stage} plant does',
            )


def _first(case: Case, table: str, columns: tuple[str, ...]) -> dict[tuple[str, ...], Row]:
    """What some columns name in a table, with the first row of each."""
    return {
        tuple(getattr(row, column) for column in columns): row
        for row in reversed(case.tables.rows(table))
    }


OF_GROWTH = (
    "capex_usd_per_tpa",
    "fixed_opex_usd_per_tpa",
    "earliest_year",
    "lead_time_years",
    "ramp",
    "unit_tpa",
)
NEEDS = dict.fromkeys(OF_GROWTH, "max_new_tpa") | dict.fromkeys(
    ("online_year", "retire_year"), "existing_tpa"
)
"""Columns of projects that mean something only where another one is above 0."""


def odd_cells(case: Case) -> Iterator[Finding]:
    """Cells that have no effect or count otherwise, and the one blank cell of a column of figures or choices."""
    first: dict[tuple[str, ...], Project] = {}
    for row in case.tables.projects:
        for column, needs in NEEDS.items():
            if (given := getattr(row, column)) and not getattr(row, needs):
                yield found(row, column, "no-effect", f"{given} has no effect, as {needs} is 0")
        if row.feeds and STAGES[row.stage].separates:
            other = first.setdefault(row.feeds, row)
            if other.basis != row.basis:
                yield found(row, "basis", "mixed-basis", other=other)
        if row.basis not in STAGES[row.stage].bases:
            said = (
                f"has no effect on a {row.stage}: only separation plants count heavy elements alone"
            )
            yield found(row, "basis", "no-effect", said)
    for table in (table for table in TABLES if table.solved):
        for column in set(table.row.columns()) - {"leak"}:
            if (default := table.row.model_fields[column].get_default()) in (
                None,
                "",
                (),
                PydanticUndefined,
            ):
                continue
            needs = NEEDS.get(column, "")
            meant = [
                row for row in case.tables.rows(table.name) if not needs or getattr(row, needs)
            ]
            blank = [row for row in meant if column not in row.model_fields_set]
            if len(blank) == 1 < len(meant):
                yield found(blank[0], column, "blank-cell", default=default, others=len(meant) - 1)


def slow_ramps(case: Case) -> Iterator[Finding]:
    """Ramps that fall, or that end far below full use."""
    last: dict[str, Ramp] = {}
    for row in sorted(case.tables.ramps, key=lambda r: (r.ramp, r.year_after_start)):
        before = last.get(row.ramp)
        if before is not None and row.share < before.share:
            yield found(
                row,
                "share",
                "odd-ramp",
                f"{row.share:g} is below the {before.share:g} of the year before",
            )
        last[row.ramp] = row
    for row in last.values():
        if row.share < ENDS_AT:
            yield found(
                row, "share", "odd-ramp", f'ramp "{row.ramp}" ends at {row.share:g} of nameplate'
            )


def absent_tables(case: Case) -> Iterator[Finding]:
    """Tables that are not there though others only make sense with them."""
    tables = case.tables
    if tables.budgets and not tables.funders and len(case.countries) > 1:
        said = "there is no table funders: each funder pays in the country of its name alone"
        yield Finding("absent-table", "budgets", 0, "", said)
    if tables.workforce and not tables.staffing:
        yield Finding(
            "absent-table", "workforce", 0, "", "there is no table staffing: no plant needs anybody"
        )


def short_supply(case: Case) -> Iterator[Finding]:
    """Goods that nothing supplies in any year, and demand of a group above what its countries can buy, hold in stock
    and could at most make, in its worst year."""
    first: dict[Good, Demand] = {
        (row.country, row.element, row.form): row for row in reversed(case.tables.demand)
    }
    bought: dict[tuple[Good, int], float] = defaultdict(float)
    for (_, country, element, form, year), tonnes in case.import_limit.items():
        bought[(country, element, form), year] += tonnes
    made, stocked = cache(lambda *good: _most_made(case, bought, *good)), case.stockpiles
    hopeless = {
        (c, e, o)
        for c, e, o in dict.fromkeys(key[:3] for key in case.demand)
        if not any(bought[(c, e, o), year] + made(case.group[c], e, o, year) for year in case.years)
        and not (
            (c, e, o) in stocked and (stocked[c, e, o].initial_t > 0 or stocked[c, e, o].max_t != 0)
        )
    }
    yield from (found(first[good], "element", "no-supply") for good in first if good in hopeless)
    makeable = _makeable(case)
    for (element, form), good in {
        good[1:]: good for good in reversed(first) if good not in hopeless
    }.items():
        if case.projects and (element, form) not in makeable:
            yield found(first[good], "element", "not-made")
    short: dict[tuple[str, str, str, int], dict[str, float]] = defaultdict(dict)
    for (country, element, form, year), tonnes in case.demand.items():
        good = (country, element, form)
        held = stocked[good].initial_t if good in stocked else 0.0
        if (
            good not in hopeless
            and (rest := tonnes * (1 - TOLERANCE) - bought[good, year] - held) > 0
        ):
            short[case.group[country], element, form, year][country] = rest
    worst: dict[tuple[str, str, str], tuple[float, str, int]] = {}
    for (group, element, form, year), by_country in short.items():
        gap = sum(by_country.values()) - made(group, element, form, year)
        if gap > worst.get((group, element, form), (0.0,))[0]:
            worst[group, element, form] = (gap, max(by_country, key=lambda c: by_country[c]), year)
    for (_, element, form), (gap, country, year) in worst.items():
        row = first[country, element, form]
        yield found(row, "tonnes", "demand-above-supply", gap=gap, worst=year)


def _makeable(case: Case) -> set[tuple[str, str]]:
    """Elements and forms that plants could make of what is mined or bought somewhere."""
    tables = case.tables
    given = {feed for row in tables.projects if STAGES[row.stage].mines for feed in row.feeds}
    given |= {row.feed for row in tables.returns}
    taken = {feed for row in tables.projects if STAGES[row.stage].separates for feed in row.feeds}
    separated = taken & given
    out = {
        (e, OXIDE) for feed in separated for e, share in case.feed_shares[feed].items() if share > 0
    }
    had = out | {(row.element, row.form) for row in tables.imports}
    present = {row.stage for row in tables.projects}
    for stage in CONVERTING:
        if stage.name in present:
            out |= (more := {(e, stage.gives) for e, of in had if of == stage.takes})
            had |= more
    return out


def _most_made(
    case: Case,
    bought: dict[tuple[Good, int], float],
    group: str,
    element: str,
    form: str,
    year: int,
) -> float:
    """Tonnes of a form that the plants of a group could make in a year at most, of what it mines and can buy."""

    def of(stage: Stage) -> Iterator[tuple[str, float]]:
        for name, row in case.projects.items():
            if row.stage == stage.name and case.group[row.country] == group:
                late = [year - y - row.lead_time_years for y in case.commitment_years(name)]
                share = max((case.ramp_share(name, after) for after in late), default=0.0)
                yield name, case.existing_tpa(name, year) + row.max_new_tpa * share

    made = 0.0
    for stage in CONVERTING if form != OXIDE else ():
        if stage.gives == form:
            turned = sum(tonnes * case.recovery(name, element) for name, tonnes in of(stage))
            goods = [(c, element, stage.takes) for c, own in case.group.items() if own == group]
            has = any(bought[good, year] or good in case.stockpiles for good in goods)
            if turned and not has:
                has = _most_made(case, bought, group, element, stage.takes, year) > 0
            made += turned if has else 0.0
    if form != OXIDE:
        return made
    mined = sum(
        t * case.feed_shares.get(f, {}).get(element, 0.0)
        for stage in STAGES.values()
        for m, t in (of(stage) if stage.mines else ())
        for f in case.projects[m].feeds
    )
    separated = 0.0
    separators = [of(stage) for stage in STAGES.values() if stage.separates]
    for name, tonnes in chain.from_iterable(separators):
        per_tonne = [0.0]
        for feed in case.projects[name].feeds:
            share, used = (
                case.feed_shares.get(feed, {}).get(element, 0.0),
                case.capacity_use(name, feed),
            )
            per_tonne.append(
                share * case.recovery(name, element) / used
                if used
                else math.inf
                if share > 0
                else 0.0
            )
        separated += tonnes * max(per_tonne) if tonnes else 0.0
    return min(mined, separated)
