"""Warnings about tables that do not fit together: what nobody can feel, what is missing, what nothing supplies."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pydantic_core import PydanticUndefined

from planner.data.case import Case
from planner.data.cells import Row, grouped_by
from planner.data.findings import Finding, found
from planner.data.lookups import GOOD, Good, good_of
from planner.data.schema import TABLES, Demand, Project, Ramp, Recovery, Table
from planner.data.stages import CONVERTING, FORMS, OXIDE, STAGES, Stage

TOLERANCE = 1e-6
MINED, FED = 1.5, 0.25
"""Multiple of what all plants could take of a feed that is not mined; share of a plant that mines of today fill."""
ENDS_AT = 0.6
"""Share of nameplate below which a ramp does not end."""
KeyNames = tuple[str, ...]


def _first(case: Case, table: str, columns: KeyNames) -> dict[KeyNames, Row]:
    """Names in some columns of a table -> the first row with them; the names that come last stand first."""
    first: dict[KeyNames, Row] = {}
    for row in reversed(case.tables.rows(table)):
        first[row.cells(columns)] = row
    return first


def _given_feeds(case: Case) -> set[str]:
    """Feeds that mines give or plants give back."""
    given = {row.feed for row in case.tables.returns}
    for row in case.tables.projects:
        if STAGES[row.stage].mines:
            given.update(row.feeds)
    return given


def _taken_feeds(case: Case) -> set[str]:
    """Feeds that separation plants take."""
    taken: set[str] = set()
    for row in case.tables.projects:
        if STAGES[row.stage].separates:
            taken.update(row.feeds)
    return taken


def unused(case: Case) -> Iterator[Finding]:
    """Feeds that no mine gives or no capacity bounds; ramps, feeds and skills that nothing uses; training that leads
    nowhere."""
    tables = case.tables
    given = _given_feeds(case)
    for row in tables.projects:
        for feed in row.feeds:
            if not STAGES[row.stage].separates:
                continue
            if feed not in given:
                yield found(row, "feeds", "unmined-feed", feed=feed)
            elif case.capacity_use(row.project, feed) == 0:
                yield found(row, "feeds", "boundless-feed", feed=feed)
    skills: set[str] = set()
    for rows in (tables.staffing, tables.workforce, tables.training):
        skills.update(row.skill for row in rows)
    ramps = {row.ramp for row in tables.projects}
    yield from _never_named(case, "ramp", ramps)
    yield from _never_named(case, "feed", given | _taken_feeds(case))
    yield from _never_named(case, "skill", skills)
    for programme in tables.training:
        if (programme.country, programme.skill) not in case.workforce:
            yield found(programme, "skill", "idle-training")


def _never_named(case: Case, kind: str, used: set[str]) -> Iterator[Finding]:
    """Rows of ramps, feeds or skills of a name that nothing uses."""
    for (name,), row in _first(case, f"{kind}s", (kind,)).items():
        if name not in used:
            yield found(row, kind, "unused", f'nothing uses {kind} "{name}"')


def feed_balance(case: Case) -> Iterator[Finding]:
    """Feeds of which more may be mined than all plants could take; existing plants that existing mines do not fill."""
    miners: dict[str, list[Project]] = defaultdict(list)
    takers: dict[str, list[Project]] = defaultdict(list)
    for row in case.tables.projects:
        stage = STAGES[row.stage]
        for feed in row.feeds:
            if stage.mines:
                miners[feed].append(row)
            elif stage.separates:
                takers[feed].append(row)
    for row in case.tables.projects:
        if not STAGES[row.stage].separates:
            continue
        given = 0.0
        for feed in row.feeds:
            mined = sum(mine.existing_tpa for mine in miners[feed])
            given += mined * case.capacity_use(row.project, feed)
        if 0 < given < FED * row.existing_tpa:
            yield found(row, "existing_tpa", "unfed-plant", given=given)
    for feed, plants in takers.items():
        mines = miners[feed]
        mined = sum(mine.largest_tpa for mine in mines)
        takes = sum(_most_taken(case, plant, feed) for plant in plants)
        if mines and mined > MINED * takes:
            widest = max(mines, key=lambda mine: mine.largest_tpa)
            rule = "unseparated-feed"
            yield found(widest, "max_new_tpa", rule, mined=mined, feed=feed, takes=takes)


def _most_taken(case: Case, plant: Project, feed: str) -> float:
    """Tonnes of a feed that a plant could take in a year at most."""
    use = case.capacity_use(plant.project, feed)
    return plant.largest_tpa / use if use else math.inf


# ---- rows without a use ----------------------------------------------------------------------------------------------


def ineffective_rows(case: Case) -> Iterator[Finding]:
    """Rows of goods that nobody there uses, sells or makes: a country, element or form is probably another."""
    demanded: set[KeyNames] = set(case.demand_years)
    bought: set[KeyNames] = {good_of(row) for row in case.tables.imports}
    taken: set[KeyNames] = set(_taken_goods(case))
    stocked: set[KeyNames] = set(case.stockpiles)

    series: dict[KeyNames, Row] = {}
    for row in case.tables.imports:
        if row.tonnes > 0:
            series.setdefault((row.supplier, *good_of(row)), row)
    meant = _Meant(GOOD, demanded | taken | stocked)
    said = "{country} neither uses {element} ({form}) nor has a plant or stock for it"
    yield from _useless(series.values(), meant, "element", said)

    bought_and_used = {good[:2] for good in demanded & bought}
    made_into_more = {good for good in taken if good in bought or good[:2] not in bought_and_used}
    meant = _Meant(GOOD, demanded | made_into_more)
    said = "{country} neither uses nor buys {element} ({form})"
    yield from _useless(case.tables.stockpiles, meant, "element", said)

    said = "nobody whom the row means uses {element}"
    yield from _useless(case.tables.loss_tiers, _Meant(GOOD, demanded), "element", said)

    sold: set[KeyNames] = {(*good_of(row), row.supplier) for row in case.tables.imports}
    meant = _Meant((*GOOD, "supplier"), sold)
    said = "nothing that the row means is sold to {country}"
    yield from _useless(case.tables.resale, meant, "country", said)

    for recovery in case.tables.recoveries:
        if not _recovers(case, recovery):
            plant = case.projects[recovery.project]
            said = f'"{plant.project}" ({plant.stage}) recovers no {recovery.element}'
            yield found(recovery, "element", "no-use", said)


class _Meant:
    """Goods that are of use, asked by the columns that a row fills: a blank one means all."""

    def __init__(self, columns: KeyNames, goods: Iterable[KeyNames]) -> None:
        self.columns = columns
        self.goods = list(goods)
        self._known: dict[tuple[int, ...], set[KeyNames]] = {}

    def has_any(self, row: Row) -> bool:
        """Some good is what the row names."""
        names = row.cells(self.columns)
        filled = tuple(place for place, name in enumerate(names) if name)
        if filled not in self._known:
            self._known[filled] = {_parts(good, filled) for good in self.goods}
        return _parts(names, filled) in self._known[filled]


def _parts(names: KeyNames, places: tuple[int, ...]) -> KeyNames:
    return tuple(names[place] for place in places)


def _useless(rows: Iterable[Row], meant: _Meant, column: str, said: str) -> Iterator[Finding]:
    """Rows that mean nothing of use."""
    for row in rows:
        if not meant.has_any(row):
            yield found(row, column, "no-use", said.format_map(row.__dict__))


def _recovers(case: Case, recovery: Recovery) -> bool:
    """The plant of the row gives a share of what it takes, and the element is in it."""
    plant = case.projects[recovery.project]
    stage = STAGES[plant.stage]
    if not stage.separates:
        return stage.recovers
    for feed in plant.feeds:
        if case.feed_shares.get(feed, {}).get(recovery.element, 0.0) > 0:
            return True
    return False


def _taken_goods(case: Case) -> set[Good]:
    """Goods that plants of a country turn into something that somebody uses, as it is or made into more."""
    used = {(element, form) for _, element, form, _ in case.demand}
    taken: set[Good] = set()
    for row in case.projects.values():
        stage = STAGES[row.stage]
        if not stage.converts:
            continue
        later_forms = FORMS[FORMS.index(stage.gives) :]
        for element in case.elements:
            if any((element, form) in used for form in later_forms):
                taken.add((row.country, element, stage.takes))
    return taken


# ---- rows and cells that are missing ---------------------------------------------------------------------------------

COVERED: tuple[tuple[str, KeyNames, str], ...] = (
    ("elements", ("element",), "demand"),
    ("demand", GOOD, "imports"),
    ("imports", ("country",), "resale"),
    ("stockpiles", GOOD, "imports"),
    ("budgets", ("funder",), "funders"),
    ("skills", ("skill",), "staffing"),
    ("workforce", ("country", "skill"), "training"),
)
"""Table, columns that name something, and the table in which all or most of these have rows."""
COMPLETE: tuple[tuple[str, KeyNames, str], ...] = (
    ("demand", GOOD, "year"),
    ("imports", ("supplier", *GOOD), "year"),
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
        yield from _incomplete(case, table, columns, member)
    for stage, alike in grouped_by(case.tables.projects, "stage").items():
        idle = [row for row in alike if not case.staffing[row.project]]
        if len(idle) == 1 and len(alike) >= FEWEST:
            said = f'"{idle[0].project}" needs nobody, as no other {stage} plant does'
            yield found(idle[0], "project", "row-missing", said)


def _incomplete(case: Case, table: str, columns: KeyNames, member: str) -> Iterator[Finding]:
    """The one thing of a table that lacks a value which all others have in a column."""
    held: dict[KeyNames, set[object]] = defaultdict(set)
    for row in case.tables.rows(table):
        held[row.cells(columns)].add(getattr(row, member))
    others = len(held) - 1
    if others < FEWEST - 1:
        return
    times: Counter[object] = Counter()
    for values in held.values():
        times.update(values)
    first = _first(case, table, columns)
    for value, count in times.items():
        if count == others:
            name = next(name for name, values in held.items() if value not in values)
            lacks = f"{' '.join(name)} has no row for {member} {value}"
            yield found(first[name], member, "row-missing", lacks=lacks, others=others)


NEEDS = {
    "capex_usd_per_tpa": "max_new_tpa",
    "fixed_opex_usd_per_tpa": "max_new_tpa",
    "earliest_year": "max_new_tpa",
    "lead_time_years": "max_new_tpa",
    "ramp": "max_new_tpa",
    "unit_tpa": "max_new_tpa",
    "online_year": "existing_tpa",
    "retire_year": "existing_tpa",
}
"""Columns of projects that mean something only where another one is above 0."""


def odd_cells(case: Case) -> Iterator[Finding]:
    """Cells that have no effect or count otherwise, and the one blank cell of a column of figures or choices."""
    first: dict[KeyNames, Project] = {}
    for row in case.tables.projects:
        stage = STAGES[row.stage]
        for column, needs in NEEDS.items():
            given = getattr(row, column)
            if given and not getattr(row, needs):
                yield found(row, column, "no-effect", f"{given} has no effect, as {needs} is 0")
        if row.feeds and stage.separates:
            other = first.setdefault(row.feeds, row)
            if other.basis != row.basis:
                yield found(row, "basis", "mixed-basis", other=other)
        if row.basis not in stage.bases:
            why = "only separation plants count heavy elements alone"
            said = f"has no effect on a {row.stage}: {why}"
            yield found(row, "basis", "no-effect", said)
    for table in TABLES:
        if table.solved:
            yield from _blank_cells(case, table)


def _blank_cells(case: Case, table: Table) -> Iterator[Finding]:
    """The cells of a table that alone are blank in their column, and so have its default."""
    for column in table.row.columns():
        default = table.row.model_fields[column].get_default()
        if column == "leak" or default in (None, "", (), PydanticUndefined):
            continue
        needs = NEEDS.get(column, "")
        rows = case.tables.rows(table.name)
        meant = [row for row in rows if not needs or getattr(row, needs)]
        blank = [row for row in meant if column not in row.model_fields_set]
        if len(blank) == 1 < len(meant):
            yield found(blank[0], column, "blank-cell", default=default, others=len(meant) - 1)


def slow_ramps(case: Case) -> Iterator[Finding]:
    """Ramps that fall, or that end far below full use."""
    last: dict[str, Ramp] = {}
    for row in sorted(case.tables.ramps, key=lambda row: (row.ramp, row.year_after_start)):
        before = last.get(row.ramp)
        if before is not None and row.share < before.share:
            said = f"{row.share:g} is below the {before.share:g} of the year before"
            yield found(row, "share", "odd-ramp", said)
        last[row.ramp] = row
    for row in last.values():
        if row.share < ENDS_AT:
            said = f'ramp "{row.ramp}" ends at {row.share:g} of nameplate'
            yield found(row, "share", "odd-ramp", said)


def absent_tables(case: Case) -> Iterator[Finding]:
    """Tables that are not there though others only make sense with them."""
    tables = case.tables
    if tables.budgets and not tables.funders and len(case.countries) > 1:
        said = "there is no table funders: each funder pays in the country of its name alone"
        yield Finding(rule="absent-table", table="budgets", message=said)
    if tables.workforce and not tables.staffing:
        said = "there is no table staffing: no plant needs anybody"
        yield Finding(rule="absent-table", table="workforce", message=said)


# ---- demand that nothing can meet ------------------------------------------------------------------------------------


def short_supply(case: Case) -> Iterator[Finding]:
    """Goods that nothing supplies in any year, and demand of a group above what its countries can buy, hold in stock
    and could at most make, in its worst year."""
    supply = _Supply(case)
    first: dict[Good, Demand] = {}
    for row in reversed(case.tables.demand):
        first[good_of(row)] = row
    hopeless = {good for good in case.demand_years if not supply.is_ever_there(good)}
    for good, row in first.items():
        if good in hopeless:
            yield found(row, "element", "no-supply")
    if case.projects:
        yield from _not_made(case, first, hopeless)
    gaps = _worst_gaps(case, supply, hopeless)
    for (_, element, form), (gap, country, year) in gaps.items():
        row = first[country, element, form]
        yield found(row, "tonnes", "demand-above-supply", gap=gap, worst=year)


def _not_made(case: Case, first: dict[Good, Demand], hopeless: set[Good]) -> Iterator[Finding]:
    """Elements and forms that can be had, and that no plant could make; told at their first row."""
    makeable = _makeable(case)
    rows: dict[tuple[str, ...], Demand] = {}
    for good in reversed(first):
        if good not in hopeless:
            rows[good[1:]] = first[good]
    for element_and_form, row in rows.items():
        if element_and_form not in makeable:
            yield found(row, "element", "not-made")


def _makeable(case: Case) -> set[tuple[str, ...]]:
    """Elements and forms that plants could make of what is mined or bought somewhere."""
    makeable: set[tuple[str, ...]] = set()
    for feed in _taken_feeds(case) & _given_feeds(case):
        for element, share in case.feed_shares[feed].items():
            if share > 0:
                makeable.add((element, OXIDE))
    had = makeable | {(row.element, row.form) for row in case.tables.imports}
    present = {row.stage for row in case.tables.projects}
    for stage in CONVERTING:
        if stage.name in present:
            more = {(element, stage.gives) for element, form in had if form == stage.takes}
            makeable |= more
            had |= more
    return makeable


def _worst_gaps(
    case: Case, supply: _Supply, hopeless: set[Good]
) -> dict[Good, tuple[float, str, int]]:
    """Group, element, form -> tonnes that it is short of in its worst year, the country that is short of most, the
    year."""
    short: dict[tuple[Good, int], dict[str, float]] = defaultdict(dict)
    for (country, element, form, year), tonnes in case.demand.items():
        good = (country, element, form)
        stock = case.stockpiles.get(good)
        held = stock.initial_t if stock else 0.0
        rest = tonnes * (1 - TOLERANCE) - supply.bought[good, year] - held
        if good not in hopeless and rest > 0:
            of_group = (case.group[country], element, form)
            short[of_group, year][country] = rest
    worst: dict[Good, tuple[float, str, int]] = {}
    for (of_group, year), by_country in short.items():
        gap = sum(by_country.values()) - supply.most_made(of_group, year)
        largest = worst[of_group][0] if of_group in worst else 0.0
        if gap > largest:
            country = max(by_country, key=by_country.__getitem__)
            worst[of_group] = (gap, country, year)
    return worst


@dataclass
class _Supply:
    """Tonnes that can be bought, held and made at most."""

    case: Case
    _made: dict[tuple[Good, int], float] = field(default_factory=dict)

    @cached_property
    def bought(self) -> dict[tuple[Good, int], float]:
        """Tonnes that all suppliers together sell of a good in a year."""
        bought: dict[tuple[Good, int], float] = defaultdict(float)
        for (_, country, element, form, year), tonnes in self.case.import_limit.items():
            bought[(country, element, form), year] += tonnes
        return bought

    def is_ever_there(self, good: Good) -> bool:
        """In some year the good can be bought, made by the group of its country, or taken from a stock."""
        country, element, form = good
        stock = self.case.stockpiles.get(good)
        if stock is not None and (stock.initial_t > 0 or stock.max_t != 0):
            return True
        of_group = (self.case.group[country], element, form)
        for year in self.case.years:
            if self.bought[good, year] or self.most_made(of_group, year):
                return True
        return False

    def most_made(self, of_group: Good, year: int) -> float:
        """Tonnes of a form that the plants of a group could make in a year at most, of what it mines and can buy.

        of_group: group, element, form.
        """
        key = (of_group, year)
        if key not in self._made:
            _, _, form = of_group
            most = self._most_separated if form == OXIDE else self._most_converted
            self._made[key] = most(of_group, year)
        return self._made[key]

    def _plants(self, stage: Stage, group: str, year: int) -> dict[str, float]:
        """Plants of a stage in a group -> tonnes of capacity that could stand in a year at most."""
        case = self.case
        plants: dict[str, float] = {}
        for name, row in case.projects.items():
            if row.stage == stage.name and case.group[row.country] == group:
                largest_share = 0.0
                for committed in case.commitment_years(name):
                    age = year - committed - row.lead_time_years
                    largest_share = max(largest_share, case.ramp_share(name, age))
                plants[name] = case.existing_tpa(name, year) + row.max_new_tpa * largest_share
        return plants

    def _most_converted(self, of_group: Good, year: int) -> float:
        """Tonnes of a good that the plants of a group can make of the form before it in a year, if they can have
        that."""
        group, element, form = of_group
        made = 0.0
        for stage in CONVERTING:
            if stage.gives == form:
                plants = self._plants(stage, group, year)
                turned = sum(
                    tonnes * self.case.recovery(name, element) for name, tonnes in plants.items()
                )
                if turned and self._has_input(stage.takes, of_group, year):
                    made += turned
        return made

    def _has_input(self, form: str, of_group: Good, year: int) -> bool:
        """The group can buy, hold or make some of a form of the element."""
        group, element, _ = of_group
        for country, own in self.case.group.items():
            good = (country, element, form)
            if own == group and (self.bought[good, year] or good in self.case.stockpiles):
                return True
        return self.most_made((group, element, form), year) > 0

    def _most_separated(self, of_group: Good, year: int) -> float:
        """Tonnes of an oxide that a group can have in a year: at most what is mined, and what plants can separate."""
        case = self.case
        group, element, _ = of_group
        mined = 0.0
        separated = 0.0
        for stage in STAGES.values():
            if not stage.has_feeds:
                continue
            for name, tonnes in self._plants(stage, group, year).items():
                if stage.mines:
                    for feed in case.projects[name].feeds:
                        mined += tonnes * case.feed_shares.get(feed, {}).get(element, 0.0)
                elif tonnes:
                    separated += tonnes * self._most_per_tonne(name, element)
        return min(mined, separated)

    def _most_per_tonne(self, plant: str, element: str) -> float:
        """Tonnes of an element that a tonne of a separation plant's capacity gives from the richest of its feeds."""
        most = 0.0
        for feed in self.case.projects[plant].feeds:
            share = self.case.feed_shares.get(feed, {}).get(element, 0.0)
            used = self.case.capacity_use(plant, feed)
            if used:
                most = max(most, share * self.case.recovery(plant, element) / used)
            elif share > 0:
                most = math.inf
        return most
