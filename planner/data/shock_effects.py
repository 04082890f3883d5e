"""Shocks -> what each scenario feels, period by period.

A period is a year, or a quarter of one in which a shock begins or ends inside the year; the years that are divided are
so for all histories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from planner.cells import Quarter, begin_of, end_of, grouped_by
from planner.data.case import Case
from planner.data.lookups import GOOD
from planner.data.schema import FILTERS, Hazard, Shock

Period = int | Quarter
"""A year, or a quarter of a year that is divided."""
ImportKey = tuple[str, str, str, str, Period]
DemandKey = tuple[str, str, str, Period]
Moment = tuple[int, int]
"""(year, quarter)."""
Felt = frozenset[tuple[str, Any, float]]
"""Effects of a period, as (kind, key, value)."""
KnownDelays = frozenset[tuple[tuple[str, int], int]]
"""Delays that are known, as ((project, due year), years)."""
K = TypeVar("K")
NameCells = TypeVar("NameCells", bound=tuple[str, ...])


FACTORS = {"import": "imports", "price": "prices", "demand": "demand", "capacity": "capacity"}
"""Kind of shock -> the effects of it that are factors."""


def year_of(period: Period) -> int:
    """The year of a period."""
    return period.year if isinstance(period, Quarter) else period


def length_of(period: Period) -> float:
    """Years that a period lasts: 1 or 1/4."""
    return 0.25 if isinstance(period, Quarter) else 1.0


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Effects of the shocks of one scenario, by period: factors that are not 1, delays that are not 0.

    A shock that touches nothing, or multiplies by 1, leaves no trace here, so it makes no difference between two
    histories. Whether something is touched depends on the case and the horizon, not on the levers: what can be known
    does not change with what may be done about it.

    `delays` maps (project, due year) to [(year in which it shows itself, years added)]. `leaks`: where a factor is
    below 1 and others of the group can sell on, the share of what is cut that may be had from them.
    """

    imports: dict[ImportKey, float] = field(default_factory=dict)
    prices: dict[ImportKey, float] = field(default_factory=dict)
    demand: dict[DemandKey, float] = field(default_factory=dict)
    capacity: dict[tuple[str, Period], float] = field(default_factory=dict)
    delays: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    leaks: dict[ImportKey, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of factors and delays."""
        factors = len(self.imports) + len(self.prices) + len(self.demand) + len(self.capacity)
        return factors + len(self.delays)

    def delay(self, project: str, due: int) -> int:
        """Years by which a build of `project` due in `due` is late."""
        return sum(years for _, years in self.delays.get((project, due), ()))

    def shown_in(self, period: Period) -> tuple[Felt | None, KnownDelays]:
        """All that a history shows in a period: factors and leaks in force, and every delay known by then."""
        now = year_of(period)
        known: KnownDelays = frozenset()
        for year, delays in self._known_delays.items():
            if year <= now:
                known = delays
        return self._shown.get(period), known

    def is_neutral_in(self, period: Period) -> bool:
        """Every factor is 1 in a period; a delay is no factor, and a leak goes with a cut."""
        return not self._shown.get(period)

    @cached_property
    def _known_delays(self) -> dict[int, KnownDelays]:
        """Year in which a delay shows itself -> all that are known from then on, with their lengths; years in order."""
        events: list[tuple[int, tuple[str, int], int]] = []
        for key, delays in self.delays.items():
            for year, years in delays:
                events.append((year, key, years))
        known: dict[int, KnownDelays] = {}
        late: dict[tuple[str, int], int] = defaultdict(int)
        for year, together in groupby(sorted(events), key=itemgetter(0)):
            for _, key, years in together:
                late[key] += years
            known[year] = frozenset((key, years) for key, years in late.items() if years)
        return known

    @cached_property
    def _shown(self) -> dict[Period, Felt]:
        """Period -> effects felt in it, as (kind, key, value), of all kinds but delays."""
        shown: dict[Period, list[tuple[str, Any, float]]] = defaultdict(list)
        for kind in (*FACTORS.values(), "leaks"):
            effects: Mapping[Any, float] = getattr(self, kind)
            for key, value in effects.items():
                shown[key[-1]].append((kind, key, value))
        return {period: frozenset(together) for period, together in shown.items()}


# ---- periods ---------------------------------------------------------------------------------------------------------


def periods_of(case: Case) -> tuple[Period, ...]:
    """The periods of the horizon in order.

    A year is divided into quarters if a shock of imports, prices, demand or capacity that touches something in it begins after
    its first quarter or ends before its fourth.
    """
    divided: set[int] = set()
    for shock in case.tables.shocks:
        if shock.kind == "delay" or shock.factor == 1.0:
            continue
        for year in _cut_years(case, shock) - divided:
            if any(_hit(case, shock, range(year, year + 1))):
                divided.add(year)
    periods: list[Period] = []
    for year in case.years:
        if year in divided:
            periods += [Quarter(year, number) for number in (1, 2, 3, 4)]
        else:
            periods.append(year)
    return tuple(periods)


def _cut_years(case: Case, shock: Shock) -> set[int]:
    """Years of the horizon inside which a shock begins or ends."""
    (start_year, start_quarter), (end_year, end_quarter) = window(case, shock)
    cut: set[int] = set()
    if start_quarter > 1 and start_year in case.years:
        cut.add(start_year)
    if end_quarter < 4 and end_year in case.years:
        cut.add(end_year)
    return cut


def window(case: Case, shock: Shock) -> tuple[Moment, Moment]:
    """(year, quarter) with which a shock begins and ends; blank ends are those of the horizon."""
    start = case.first_year if shock.start_year is None else shock.start_year
    end = case.last_year if shock.end_year is None else shock.end_year
    return begin_of(start), end_of(end)


# ---- effects ---------------------------------------------------------------------------------------------------------


def neutral_factor(kind: str) -> float:
    """The factor with which a shock of a kind changes nothing."""
    return 0.0 if kind == "delay" else 1.0


def effects_by_scenario(case: Case, periods: Sequence[Period] | None = None) -> dict[str, Effects]:
    """Effects of every scenario of the case. periods: of the case, unless it is a part of one that has others."""
    if periods is None:
        periods = periods_of(case)
    effects: dict[str, Effects] = {}
    for scenario, shocks in _shocks_by_scenario(case).items():
        effects[scenario] = effects_of(case, shocks, periods)
    return effects


def storyline_effects(case: Case, periods: Sequence[Period]) -> dict[str, Effects]:
    """Effects that each scenario would have if nothing had been drawn: those of its storyline's own shocks alone."""
    content = attrgetter("kind", "start_year", "end_year", *FILTERS, "factor", "leak")
    known: dict[tuple[object, ...], Effects] = {}
    effects: dict[str, Effects] = {}
    for scenario, shocks in _shocks_by_scenario(case).items():
        own = [shock for shock in shocks if not shock.hazard]
        # Draws of one storyline have the same own shocks.
        key = tuple(map(content, own))
        if key not in known:
            known[key] = effects_of(case, own, periods)
        effects[scenario] = known[key]
    return effects


def _shocks_by_scenario(case: Case) -> dict[str, list[Shock]]:
    shocks = grouped_by(case.tables.shocks, "scenario")
    return {scenario: shocks[scenario] for scenario in case.scenarios}


def effects_of(case: Case, shocks: list[Shock], periods: Sequence[Period]) -> Effects:
    """Effects that these shocks have together in the periods of the case, where they are felt."""
    factors: dict[str, dict[Any, float]] = {}
    for name in FACTORS.values():
        factors[name] = defaultdict(lambda: 1.0)
    delays: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    leaks: dict[ImportKey, float] = {}
    periods_in: dict[int, list[Period]] = defaultdict(list)
    for period in periods:
        periods_in[year_of(period)].append(period)
    for shock in shocks:
        if shock.kind == "delay":
            _add_delays(case, shock, delays)
            continue
        for key in _keys_hit(case, shock, periods_in):
            factors[FACTORS[shock.kind]][key] *= shock.factor
            if shock.kind == "import" and shock.factor < 1.0:
                leaks[key] = min(leaks.get(key, 1.0), shock.leak)
    factors = {name: _without_ones(of_one) for name, of_one in factors.items()}
    felt: dict[ImportKey, float] = {}
    for key, leak in leaks.items():
        if leak > 0 and any(sold_on(case, factors["imports"], key).values()):
            felt[key] = leak
    return Effects(**factors, delays=dict(delays), leaks=felt)


def _keys_hit(
    case: Case, shock: Shock, periods_in: Mapping[int, list[Period]]
) -> Iterator[tuple[Any, ...]]:
    """Keys of what a shock touches, each with the period at its end."""
    start, end = window(case, shock)
    years = range(max(start[0], case.first_year), end[0] + 1)
    in_force: dict[int, list[Period]] = {}
    for year, periods in periods_in.items():
        if year in years:
            in_force[year] = [p for p in periods if start <= end_of(p) and begin_of(p) <= end]
    for *what, year in _hit(case, shock, years):
        for period in in_force.get(year, ()):
            yield (*what, period)


def _add_delays(
    case: Case, shock: Shock, delays: dict[tuple[str, int], list[tuple[int, int]]]
) -> None:
    """Add the delays of a shock: by project and due year, the year in which one shows itself and its length."""
    if shock.factor <= 0:
        return
    (start, _), (end, _) = window(case, shock)
    shows = max(start, case.first_year)
    for project in projects_hit(case, shock):
        for due in _due_years(case, project):
            if start <= due <= end:
                delays[project, due].append((shows, int(shock.factor)))


def _due_years(case: Case, project: str) -> range:
    """Years in which new capacity of a project is due."""
    lead_time = case.lookups.lead_time(project)
    committed = case.lookups.commitment_years(project)
    return range(committed.start + lead_time, committed.stop + lead_time)


def touches(case: Case, shock: Shock) -> bool:
    """A shock that is not neutral changes something in some year of the case."""
    (start, _), (end, _) = window(case, shock)
    if shock.kind != "delay":
        years = range(max(start, case.first_year), end + 1)
        return any(True for _ in _hit(case, shock, years))
    for project in projects_hit(case, shock):
        if any(start <= due <= end for due in _due_years(case, project)):
            return True
    return False


def sold_on(case: Case, imports: Mapping[ImportKey, float], key: ImportKey) -> dict[str, float]:
    """Country of its group -> tonnes a year that it can sell on to one that is more cut off from a supplier."""
    supplier, country, element, form, period = key
    own = imports.get(key, 1.0)
    if own >= 1.0:
        return {}
    tonnes: dict[str, float] = {}
    for other, group in case.lookups.group.items():
        if group != case.lookups.group[country]:
            continue
        factor = imports.get((supplier, other, element, form, period), 1.0)
        limit = case.lookups.import_limit.get(
            (supplier, other, element, form, year_of(period)), 0.0
        )
        if limit > 0 and min(1.0, factor) > own:
            tonnes[other] = (
                case.lookups.resale_share(supplier, other, element, form) * limit * factor
            )
    return tonnes


def _hit(case: Case, shock: Shock, years: range) -> Iterator[tuple[Any, ...]]:
    """Keys of what a shock of imports, prices, demand or capacity touches in some years, with the year at the end."""
    if shock.kind == "demand":
        for good in _matching(shock, GOOD, case.lookups.demand_years):
            for year in case.lookups.demand_years[good]:
                if year in years:
                    yield (*good, year)
    elif shock.kind == "capacity":
        for project in projects_hit(case, shock):
            due = _due_years(case, project)
            for year in case.years:
                can_be_there = case.lookups.existing_tpa(project, year) > 0 or (
                    due and due[0] <= year
                )
                if year in years and can_be_there:
                    yield project, year
    else:
        for series in _matching(shock, ("supplier", *GOOD), case.lookups.import_years):
            for year in case.lookups.import_years[series]:
                has_price = shock.kind == "import" or (*series, year) in case.lookups.import_price
                if year in years and has_price:
                    yield (*series, year)


def _without_ones(factors: dict[K, float]) -> dict[K, float]:
    # Rounding makes products of the same factors in another order equal; there are few that differ.
    rounded = {value: float(f"{value:.12g}") for value in set(factors.values())}
    return {key: rounded[value] for key, value in factors.items() if rounded[value] != 1.0}


def _matching(
    shock: Shock, columns: tuple[str, ...], names: Iterable[NameCells]
) -> list[NameCells]:
    """Of names of goods or of sales, those that the filters of a shock let through. columns: those of a name."""
    filters = tuple(getattr(shock, column) for column in columns)
    stated = [place for place, cell in enumerate(filters) if cell]
    if not stated:
        return list(names)
    cells_of = itemgetter(*stated)
    wanted = cells_of(filters)
    return [name for name in names if cells_of(name) == wanted]


def projects_hit(case: Case, by: Shock | Hazard) -> list[str]:
    """Projects that a shock or a hazard of plants hits."""
    hit: list[str] = []
    for name, row in case.projects.items():
        is_named = by.project in ("", name) and by.stage in ("", row.stage)
        if is_named and by.country in ("", row.country):
            hit.append(name)
    return hit
