"""What shocks do in a scenario and year, and which scenarios still share a history ("Tree", section 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.oracle.tables import Case, Choices, Project, Row, at_year, whole

Effect = frozenset[tuple[tuple[object, ...], float]]


def scope_fits(shock: Row, **subject: str) -> bool:
    """Each named scope column is "blank or `*` = all", else must equal the subject's value."""
    return all(shock.get(column, "") in ("", "*", value) for column, value in subject.items())


@dataclass(frozen=True)
class Shocks:
    """All shocks of a case, asked by scenario and year."""

    case: Case
    choices: Choices

    def window(self, shock: Row) -> tuple[int, int]:
        """start_year to end_year "(inclusive)"; "blank: the ends of the horizon"."""
        return whole(shock, "start_year", self.choices.first), whole(shock, "end_year", self.choices.last)

    def factor(self, kind: str, scenario: str, year: int, **subject: str) -> float:
        """Contract: `factor` multiplies (0 = cut off, 1 = untouched); overlapping shocks multiply."""
        return math.prod(
            float(s["factor"])
            for s in self.case.shocks
            if s["scenario"] == scenario
            and s["kind"] == kind
            and self.window(s)[0] <= year <= self.window(s)[1]
            and scope_fits(s, **subject)
        )

    def demand(self, scenario: str, year: int, country: str, element: str, form: str) -> float:
        """Shocked demand; without rows there is none."""
        series = self.case.demand.get((country, element, form))
        if series is None:
            return 0.0
        return at_year(series, year) * self.factor(
            "demand", scenario, year, country=country, element=element, form=form
        )

    def import_limit(self, scenario: str, year: int, key: tuple[str, str, str, str]) -> float:
        """Contract: up to their limit times the node's factors."""
        supplier, country, element, form = key
        return at_year(self.case.imports[key], year) * self.factor(
            "import", scenario, year, supplier=supplier, country=country, element=element, form=form
        )

    def capacity_factor(self, scenario: str, year: int, plant: Project) -> float:
        """The node's capacity factors for one project."""
        return self.factor("capacity", scenario, year, project=plant.name, stage=plant.stage, country=plant.country)

    def delay(self, scenario: str, plant: Project, due: int, known_by: int | None = None) -> int:
        """Whole years added to builds "due to start (y + lead time) from start_year to end_year"; "delays add up".

        With `known_by`, only shocks that have shown themselves: "It shows itself in start_year, not before".
        """
        total = 0
        for s in self.case.shocks:
            if s["scenario"] != scenario or s["kind"] != "delay":
                continue
            start, end = self.window(s)
            revealed = max(start, self.choices.first)
            if known_by is not None and revealed > known_by:
                continue
            if start <= due <= end and scope_fits(s, project=plant.name, stage=plant.stage, country=plant.country):
                total += int(float(s["factor"]))
        return total


def build_years(plant: Project, choices: Choices) -> list[int]:
    """Contract: "allowed for y >= earliest_year and y + lead <= last_year" (and only where new capacity may be had)."""
    if plant.max_new <= 0:
        return []
    return [y for y in choices.years if y >= plant.earliest and y + plant.lead <= choices.last]


def existing_in(plant: Project, year: int) -> float:
    """Contract: Existing capacity counts from online_year up to, not including, retire_year, without ramp."""
    return plant.existing if plant.online <= year < plant.retire else 0.0


def felt(shocks: Shocks, scenario: str, year: int) -> Effect:
    """What the case feels of a scenario's shocks in one year: "any factor or delay that the case would feel"."""
    case, choices = shocks.case, shocks.choices
    effects: dict[tuple[object, ...], float] = {}
    for country, element, form in case.demand:
        if at_year(case.demand[country, element, form], year) > 0:
            effects["demand", country, element, form] = shocks.factor(
                "demand", scenario, year, country=country, element=element, form=form
            )
    for key, series in case.imports.items():
        if at_year(series, year) > 0:
            supplier, country, element, form = key
            effects["import", *key] = shocks.factor(
                "import", scenario, year, supplier=supplier, country=country, element=element, form=form
            )
    for plant in case.projects:
        dues = [y + plant.lead for y in build_years(plant, choices)]
        if existing_in(plant, year) > 0 or any(due <= year for due in dues):
            effects["capacity", plant.name] = shocks.capacity_factor(scenario, year, plant)
        for due in dues:
            effects["delay", plant.name, due] = 1.0 + shocks.delay(scenario, plant, due, known_by=year)
    return frozenset((key, round(value, 12)) for key, value in effects.items() if abs(value - 1.0) > 1e-12)


def histories(shocks: Shocks) -> dict[tuple[str, int], tuple[Effect, ...]]:
    """The history of every scenario and year: what was felt from the first year to that year."""
    found: dict[tuple[str, int], tuple[Effect, ...]] = {}
    for scenario in shocks.case.scenarios:
        so_far: tuple[Effect, ...] = ()
        for year in shocks.choices.years:
            so_far = (*so_far, felt(shocks, scenario, year))
            found[scenario, year] = so_far
    return found


def count_nodes(history: dict[tuple[str, int], tuple[Effect, ...]]) -> int:
    """Contract: "A node is a history": distinct histories over all years (lengths differ by year)."""
    return len(set(history.values()))
