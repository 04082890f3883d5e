"""What shocks do in a scenario and period, and which scenarios still share a history ("Tree", "Periods", section 2)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from tests.oracle.tables import Case, Choices, Period, Project, Row, at_year, number, text, whole

Effect = frozenset[tuple[tuple[object, ...], float]]
Good = tuple[str, str, str]
Bound = tuple[int, int]
SAME = 12
"""Products of factors that agree to so many digits are the same."""


def scope_fits(shock: Row, **subject: str) -> bool:
    """Each named scope column is "blank or `*` = all", else must equal the subject's value."""
    return all(shock.get(column, "") in ("", "*", value) for column, value in subject.items())


def bound(cell: str, blank: Bound, quarter: int) -> Bound:
    """A year and quarter; a bare year starts in its first and ends in its fourth quarter."""
    if not cell:
        return blank
    year, _, named = cell.partition("Q")
    return int(float(year)), int(named) if named else quarter


def build_years(plant: Project, choices: Choices) -> list[int]:
    """Contract: "allowed for y >= earliest_year and y + lead <= last_year" (and only where new capacity may be had)."""
    if plant.max_new <= 0:
        return []
    return [y for y in choices.years if y >= plant.earliest and y + plant.lead <= choices.last]


def existing_in(plant: Project, year: int) -> float:
    """Contract: Existing capacity counts from online_year up to, not including, retire_year, without ramp."""
    return plant.existing if plant.online <= year < plant.retire else 0.0


def could_run(plant: Project, choices: Choices, year: int) -> bool:
    """Contract: "capacity that is or could be there" in a year."""
    return existing_in(plant, year) > 0 or any(
        y + plant.lead <= year for y in build_years(plant, choices)
    )


def coordination_groups(case: Case, coordination: str) -> list[list[str]]:
    """Contract: "`allied`: all countries ...; `blocs`: countries of one `bloc`; `national`: each country alone"."""
    label = {}
    for row in case.countries:
        name, bloc = row["country"], row.get("bloc", "")
        own = f"alone:{name}"
        label[name] = {"allied": "all", "blocs": f"bloc:{bloc}" if bloc else own, "national": own}[
            coordination
        ]
    return [[c for c in label if label[c] == g] for g in dict.fromkeys(label.values())]


@dataclass(frozen=True)
class Shocks:
    """All shocks of a case, asked by scenario and period."""

    case: Case
    choices: Choices
    known: dict[tuple[object, ...], float] = field(default_factory=dict, repr=False, compare=False)

    def window(self, shock: Row) -> tuple[Bound, Bound]:
        """start_year to end_year "(inclusive)", which "may name a quarter"; "blank ends are those of the horizon"."""
        start = bound(shock.get("start_year", ""), (self.choices.first, 1), 1)
        return start, bound(shock.get("end_year", ""), (self.choices.last, 4), 4)

    def in_force(self, kind: str, scenario: str, period: Period, **subject: str) -> Iterator[Row]:
        """Rows that hold for a subject in a period (one that begins or ends inside a whole year touches nothing)."""
        first, last = (period.year, period.quarter or 1), (period.year, period.quarter or 4)
        for s in self.case.shocks:
            if s["scenario"] == scenario and s["kind"] == kind and scope_fits(s, **subject):
                start, end = self.window(s)
                if start <= last and first <= end:
                    yield s

    def factor(self, kind: str, scenario: str, period: Period, **subject: str) -> float:
        """Contract: `factor` multiplies (0 = cut off, 1 = untouched); overlapping shocks multiply."""
        key = (kind, scenario, period, *subject.values())
        if key not in self.known:
            self.known[key] = math.prod(
                float(s["factor"]) for s in self.in_force(kind, scenario, period, **subject)
            )
        return self.known[key]

    def leak(self, scenario: str, period: Period, key: tuple[str, str, str, str]) -> float:
        """Contract: "the least among the import shocks with a factor below 1 in force on it"; "default to nothing"."""
        rows = self.in_force("import", scenario, period, **import_subject(key))
        return min((number(s, "leak") for s in rows if float(s["factor"]) < 1.0), default=0.0)

    def demand(self, scenario: str, period: Period, country: str, element: str, form: str) -> float:
        """Shocked demand of a period; without rows there is none."""
        series = self.case.demand.get((country, element, form))
        if series is None:
            return 0.0
        factor = self.factor(
            "demand", scenario, period, country=country, element=element, form=form
        )
        return at_year(series, period.year) * factor * period.length

    def import_factor(self, scenario: str, period: Period, key: tuple[str, str, str, str]) -> float:
        """The node's factor on what one supplier sells to one country."""
        return self.factor("import", scenario, period, **import_subject(key))

    def import_limit(self, scenario: str, period: Period, key: tuple[str, str, str, str]) -> float:
        """Contract: up to their limit times the node's factors."""
        return (
            at_year(self.case.imports[key], period.year)
            * self.import_factor(scenario, period, key)
            * period.length
        )

    def price(self, scenario: str, period: Period, key: tuple[str, str, str, str]) -> float:
        """USD per kg of what one supplier sells to one country; a price shock "multiplies import prices"."""
        factor = self.factor("price", scenario, period, **import_subject(key))
        return at_year(self.case.prices[key], period.year) * factor

    def capacity_factor(self, scenario: str, period: Period, plant: Project) -> float:
        """The node's capacity factors for one project."""
        return self.factor(
            "capacity",
            scenario,
            period,
            project=plant.name,
            stage=plant.stage,
            country=plant.country,
        )

    def delay(self, scenario: str, plant: Project, due: int, known_by: int | None = None) -> int:
        """Whole years added to builds "due to start (y + lead time) from start_year to end_year"; "delays add up".

        With `known_by`, only shocks that have shown themselves: "It shows itself in start_year, not before".
        """
        total = 0
        for s in self.case.shocks:
            if s["scenario"] != scenario or s["kind"] != "delay":
                continue
            start, end = (
                whole(s, "start_year", self.choices.first),
                whole(s, "end_year", self.choices.last),
            )
            revealed = max(start, self.choices.first)
            if known_by is not None and revealed > known_by:
                continue
            if start <= due <= end and scope_fits(
                s, project=plant.name, stage=plant.stage, country=plant.country
            ):
                total += int(float(s["factor"]))
        return total

    def touches(self, shock: Row, year: int) -> bool:
        """Whether a shock meets "a positive import limit or demand in that year; a positive price where the limit is
        positive; capacity that is or could be there".

        Contract: "A factor of 1 is no difference".
        """
        if float(shock["factor"]) == 1.0:
            return False
        if shock["kind"] == "capacity":
            return any(
                could_run(p, self.choices, year)
                and scope_fits(shock, project=p.name, stage=p.stage, country=p.country)
                for p in self.case.projects
            )
        if shock["kind"] == "demand":
            subjects = (
                ({"country": c, "element": e, "form": f}, s)
                for (c, e, f), s in self.case.demand.items()
            )
            return any(
                at_year(series, year) > 0 and scope_fits(shock, **at) for at, series in subjects
            )
        met = [key for key in self.case.imports if scope_fits(shock, **import_subject(key))]
        sold = [key for key in met if at_year(self.case.imports[key], year) > 0]
        if shock["kind"] == "price":
            return any(at_year(self.case.prices[key], year) > 0 for key in sold)
        return bool(sold)

    @cached_property
    def divided(self) -> frozenset[int]:
        """Contract: "A year in which a shock (import, price, demand or capacity) that touches something starts after its first
        quarter or ends before its fourth is divided into its four quarters, for every history"."""
        found = set()
        for shock in self.case.shocks:
            if shock["kind"] == "delay":
                continue
            (start, opening), (end, closing) = self.window(shock)
            inside = [start] * (opening > 1) + [end] * (closing < 4)
            found |= {y for y in inside if y in self.choices.years and self.touches(shock, y)}
        return frozenset(found)

    @cached_property
    def periods(self) -> list[Period]:
        """Contract: "every other year is one period"."""
        quarters = (1, 2, 3, 4)
        return [
            Period(y, q)
            for y in self.choices.years
            for q in (quarters if y in self.divided else (0,))
        ]

    def opening(self, year: int) -> Period:
        """The first period of a year."""
        return Period(year, 1 if year in self.divided else 0)

    @cached_property
    def groups(self) -> list[list[str]]:
        """The coordination groups of countries."""
        return coordination_groups(self.case, self.choices.coordination)

    def share(self, key: tuple[str, str, str, str]) -> float:
        """Contract: "the row that names more of supplier, element and form holds, supplier before element before
        form"; without a row there is none."""
        supplier, country, element, form = key
        best, held = None, 0.0
        for row in self.case.resale:
            if row["country"] != country or not scope_fits(
                row, supplier=supplier, element=element, form=form
            ):
                continue
            named = [
                text(row, column) not in ("", "*") for column in ("supplier", "element", "form")
            ]
            rank = (sum(named), *named)
            if best is None or rank > best:
                best, held = rank, number(row, "share")
        return held

    def sellers(
        self, scenario: str, period: Period, key: tuple[str, str, str, str]
    ) -> dict[str, float]:
        """Tonnes a year that each country of the group, less cut off than this one, can sell on to it.

        Contract: "the sum of share * limit * f * h over the group's countries whose min(1, f) is above c's".
        """
        supplier, country, element, form = key
        own = round(min(1.0, self.import_factor(scenario, period, key)), SAME)
        found = {}
        for other in next(group for group in self.groups if country in group):
            theirs = (supplier, other, element, form)
            if theirs not in self.case.imports:
                continue
            factor = self.import_factor(scenario, period, theirs)
            if round(min(1.0, factor), SAME) > own:
                found[other] = (
                    self.share(theirs) * at_year(self.case.imports[theirs], period.year) * factor
                )
        return found


def import_subject(key: tuple[str, str, str, str]) -> dict[str, str]:
    """The scope columns of an import series."""
    return dict(zip(("supplier", "country", "element", "form"), key, strict=True))


def felt(shocks: Shocks, scenario: str, period: Period) -> Effect:
    """What the case feels of a scenario's shocks: "a factor, leak or delay that the case would feel"."""
    case, choices, year = shocks.case, shocks.choices, period.year
    effects: dict[tuple[object, ...], float] = {}
    for country, element, form in case.demand:
        if at_year(case.demand[country, element, form], year) > 0:
            effects["demand", country, element, form] = shocks.factor(
                "demand", scenario, period, country=country, element=element, form=form
            )
    for key, series in case.imports.items():
        if at_year(series, year) > 0:
            if at_year(case.prices[key], year) > 0:
                effects["price", *key] = shocks.factor(
                    "price", scenario, period, **import_subject(key)
                )
            factor = effects["import", *key] = shocks.import_factor(scenario, period, key)
            if round(factor, SAME) < 1.0 and any(
                t > 0 for t in shocks.sellers(scenario, period, key).values()
            ):
                effects["leak", *key] = 1.0 + shocks.leak(scenario, period, key)
    for plant in case.projects:
        if could_run(plant, choices, year):
            effects["capacity", plant.name] = shocks.capacity_factor(scenario, period, plant)
        for y in build_years(plant, choices):
            due = y + plant.lead
            effects["delay", plant.name, due] = 1.0 + shocks.delay(
                scenario, plant, due, known_by=year
            )
    return frozenset(
        (key, round(value, SAME)) for key, value in effects.items() if abs(value - 1.0) > 1e-12
    )


History = dict[tuple[str, Period], tuple[Effect, ...]]


def histories(shocks: Shocks, periods: list[Period]) -> History:
    """The history of every scenario and period: what was felt from the first period to that one."""
    found: History = {}
    for scenario in shocks.case.scenarios:
        so_far: tuple[Effect, ...] = ()
        for period in periods:
            so_far = (*so_far, felt(shocks, scenario, period))
            found[scenario, period] = so_far
    return found


def own_shocks(shocks: Shocks) -> Shocks:
    """Contract: "their storylines' own shocks (rows of `shocks` with a blank `hazard`)"."""
    own = [row for row in shocks.case.shocks if not row.get("hazard")]
    return Shocks(replace(shocks.case, shocks=own), shocks.choices)


def count_nodes(history: Iterable[tuple[Effect, ...]]) -> int:
    """Contract: "A node is a history": distinct histories over all periods (lengths differ by period)."""
    return len(set(history))
