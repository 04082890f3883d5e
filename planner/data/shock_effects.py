"""Shocks -> what each scenario feels, period by period.

A period is a year, or a quarter of one in which a shock begins or ends inside the year; the years that are divided are
so for all histories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from planner.data.case import Case
from planner.data.cells import Quarter, begin_of, end_of
from planner.data.schema import FILTERS, Hazard, Shock

Period = int | Quarter
"""A year, or a quarter of a year that is divided."""
ImportKey = tuple[str, str, str, str, Period]
DemandKey = tuple[str, str, str, Period]
K = TypeVar("K")


def year_of(period: Period) -> int:
    """The year of a period."""
    return period.year if isinstance(period, Quarter) else period


def length_of(period: Period) -> float:
    """Years that it lasts: 1 or 1/4."""
    return 0.25 if isinstance(period, Quarter) else 1.0


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What the shocks of one scenario do, by period: factors where they differ from 1, delays where they differ from 0.

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

    def delay(self, project: str, due: int) -> int:
        """Years by which a build of `project` due in `due` is late."""
        return sum(years for _, years in self.delays.get((project, due), ()))

    def shown_in(self, period: Period) -> tuple[object, ...]:
        """All that a history shows in a period: factors and leaks in force, and every delay known by then."""
        year = year_of(period)
        known = {
            key: sum(years for shown, years in parts if shown <= year)
            for key, parts in self.delays.items()
        }
        return self._shown.get(period), frozenset((k, v) for k, v in known.items() if v)

    def is_neutral_in(self, period: Period) -> bool:
        """Whether every factor is 1 in a period; a delay is no factor, and a leak goes with a cut."""
        return not self._shown.get(period)

    @cached_property
    def _shown(self) -> dict[Period, frozenset[tuple[str, Any, float]]]:
        found: dict[Period, list[tuple[str, Any, float]]] = defaultdict(list)
        parts: dict[str, dict[Any, float]] = {
            "price": self.prices,
            "demand": self.demand,
            "capacity": self.capacity,
            "leak": self.leaks,
        }
        for kind, part in {"import": self.imports, **parts}.items():
            for key, value in part.items():
                found[key[-1]].append((kind, key, value))
        return {period: frozenset(shown) for period, shown in found.items()}


def periods_of(case: Case) -> tuple[Period, ...]:
    """The periods of the horizon in order.

    A year is divided into quarters if a shock of imports, prices, demand or capacity that touches something in it begins after
    its first quarter or ends before its fourth.
    """
    divided: set[int] = set()
    for shock in case.tables.shocks:
        if shock.kind != "delay" and shock.factor != 1.0:
            (start, first), (end, last) = _window(case, shock)
            inside = {
                year
                for year, cut in ((start, first > 1), (end, last < 4))
                if cut and year in case.years
            }
            divided |= {
                year for year in inside - divided if any(_hit(case, shock, range(year, year + 1)))
            }
    out: list[Period] = []
    for year in case.years:
        out += [Quarter(year, q) for q in (1, 2, 3, 4)] if year in divided else [year]
    return tuple(out)


def effects_by_scenario(case: Case, periods: Sequence[Period] | None = None) -> dict[str, Effects]:
    """Effects of every scenario of the case. periods: of the case, unless it is a part of one that has others."""
    grouped: dict[str, list[Shock]] = {scenario: [] for scenario in case.scenarios}
    for shock in case.tables.shocks:
        grouped[shock.scenario].append(shock)
    periods = periods_of(case) if periods is None else periods
    return {scenario: effects_of(case, shocks, periods) for scenario, shocks in grouped.items()}


def storyline_effects(case: Case, periods: Sequence[Period]) -> dict[str, Effects]:
    """Effects that each scenario would have if nothing had been drawn: those of its storyline's own shocks alone."""
    grouped: dict[str, list[Shock]] = {scenario: [] for scenario in case.scenarios}
    for shock in case.tables.shocks:
        if not shock.hazard:
            grouped[shock.scenario].append(shock)
    content = attrgetter("kind", "start_year", "end_year", *FILTERS, "factor", "leak")
    known: dict[tuple[object, ...], Effects] = {}
    out = {}
    for scenario, shocks in grouped.items():
        # Draws of one storyline have the same own shocks.
        key = tuple(content(shock) for shock in shocks)
        if key not in known:
            known[key] = effects_of(case, shocks, periods)
        out[scenario] = known[key]
    return out


def effects_of(case: Case, shocks: list[Shock], periods: Sequence[Period]) -> Effects:
    """What these shocks do together in the periods of the case, where they are felt."""
    within: dict[int, list[Period]] = defaultdict(list)
    for period in periods:
        within[year_of(period)].append(period)
    factors: dict[str, dict[Any, float]] = {
        kind: defaultdict(lambda: 1.0) for kind in ("import", "price", "demand", "capacity")
    }
    delays: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    leaks: dict[Any, float] = {}
    for shock in shocks:
        start, end = _window(case, shock)
        years = range(max(start[0], case.first_year), end[0] + 1)
        if shock.kind == "delay":
            for project in projects_hit(case, shock) if shock.factor > 0 else ():
                for committed in case.commitment_years(project):
                    due = committed + case.projects[project].lead_time_years
                    if start[0] <= due <= end[0]:
                        delays[project, due].append((years.start, int(shock.factor)))
            continue
        for *what, year in _hit(case, shock, years):
            for period in within[year]:
                if start <= end_of(period) and begin_of(period) <= end:
                    key = (*what, period)
                    factors[shock.kind][key] *= shock.factor
                    if shock.kind == "import" and shock.factor < 1.0:
                        leaks[key] = min(leaks.get(key, 1.0), shock.leak)
    found = {kind: _without_ones(part) for kind, part in factors.items()}
    felt = {
        key: leak
        for key, leak in leaks.items()
        if leak > 0 and sold_on(case, found["import"], key) > 0
    }
    return Effects(
        imports=found["import"],
        prices=found["price"],
        demand=found["demand"],
        capacity=found["capacity"],
        delays=dict(delays),
        leaks=felt,
    )


def touches(case: Case, shock: Shock) -> bool:
    """Whether a shock that is not neutral changes anything in some year of the case."""
    (start, _), (end, _) = _window(case, shock)
    if shock.kind != "delay":
        return any(True for _ in _hit(case, shock, range(max(start, case.first_year), end + 1)))
    return any(
        start <= committed + case.projects[project].lead_time_years <= end
        for project in projects_hit(case, shock)
        for committed in case.commitment_years(project)
    )


def sold_on(case: Case, imports: dict[ImportKey, float], key: ImportKey) -> float:
    """What countries of its group that are less cut off from a supplier can sell on to one that is cut off (t/y)."""
    supplier, country, element, form, period = key
    own, total = imports.get(key, 1.0), 0.0
    if own >= 1.0:
        return 0.0
    for other, group in case.group.items():
        factor = imports.get((supplier, other, element, form, period), 1.0)
        limit = case.import_limit.get((supplier, other, element, form, year_of(period)), 0.0)
        if group == case.group[country] and limit > 0 and min(1.0, factor) > own:
            total += case.resale_share(supplier, other, element, form) * limit * factor
    return total


def _window(case: Case, shock: Shock) -> tuple[tuple[int, int], tuple[int, int]]:
    """(year, quarter) with which a shock begins and ends."""
    start = case.first_year if shock.start_year is None else shock.start_year
    end = case.last_year if shock.end_year is None else shock.end_year
    return begin_of(start), end_of(end)


def _hit(case: Case, shock: Shock, years: range) -> Iterator[tuple[Any, ...]]:
    """What a shock of imports, prices, demand or capacity touches in some years: its key, with the year at the end."""
    if shock.kind in ("import", "price"):
        priced = shock.kind == "price"
        hit = (series for series in case.import_years if _matches(shock, *series))
        return (
            (*series, year)
            for series in hit
            for year in case.import_years[series]
            if year in years and (not priced or (*series, year) in case.import_price)
        )
    if shock.kind == "demand":
        goods = (good for good in case.demand_years if _matches(shock, "", *good))
        return (
            (*good, year) for good in goods for year in case.demand_years[good] if year in years
        )
    return (
        (project, year)
        for project in projects_hit(case, shock)
        for year in case.years
        if year in years
        and (
            case.existing_tpa(project, year) > 0
            or any(
                y + case.projects[project].lead_time_years <= year
                for y in case.commitment_years(project)
            )
        )
    )


def _without_ones(factors: dict[K, float]) -> dict[K, float]:
    # Rounding makes products of the same factors in another order equal; there are few that differ.
    rounded = {value: float(f"{value:.12g}") for value in set(factors.values())}
    return {key: rounded[value] for key, value in factors.items() if rounded[value] != 1.0}


def _matches(shock: Shock, supplier: str, country: str, element: str, form: str) -> bool:
    return (
        (shock.supplier in ("", supplier) or supplier == "")
        and shock.country in ("", country)
        and shock.element in ("", element)
        and shock.form in ("", form)
    )


def projects_hit(case: Case, by: Shock | Hazard) -> list[str]:
    """Projects that a shock or a hazard of plants hits."""
    return [
        p
        for p, row in case.projects.items()
        if by.project in ("", p) and by.stage in ("", row.stage) and by.country in ("", row.country)
    ]
