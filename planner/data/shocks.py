"""What the shocks of a scenario do: factors and delays where they are felt.

A shock that touches nothing, or multiplies by 1, leaves no trace here, so it makes no difference between
two histories. Whether something is touched depends on the case and the horizon, not on the levers: what
can be known does not change with what may be done about it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeVar

from planner.data.case import Case
from planner.data.schema import Shock

ImportKey = tuple[str, str, str, str, int]
DemandKey = tuple[str, str, str, int]
K = TypeVar("K")


@dataclass(frozen=True)
class Effects:
    """Factors of one scenario where they differ from 1, and delays where they differ from 0.

    `delays` maps (project, due year) to [(year in which it shows itself, years added)].
    """

    imports: dict[ImportKey, float] = field(default_factory=dict)
    demand: dict[DemandKey, float] = field(default_factory=dict)
    capacity: dict[tuple[str, int], float] = field(default_factory=dict)
    delays: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)

    def delay(self, project: str, due: int) -> int:
        """Years by which a build of `project` due in `due` is late."""
        return sum(years for _, years in self.delays.get((project, due), ()))

    def shown_in(self, year: int) -> tuple[object, ...]:
        """All that a history shows in `year`: factors in force, and every delay known by then."""
        known = {key: sum(years for shown, years in parts if shown <= year) for key, parts in self.delays.items()}
        return (
            frozenset((k, v) for k, v in self.imports.items() if k[-1] == year),
            frozenset((k, v) for k, v in self.demand.items() if k[-1] == year),
            frozenset((k, v) for k, v in self.capacity.items() if k[-1] == year),
            frozenset((k, v) for k, v in known.items() if v),
        )


def effects_by_scenario(case: Case) -> dict[str, Effects]:
    """Effects of every scenario of the case."""
    grouped: dict[str, list[Shock]] = {scenario: [] for scenario in case.scenarios}
    for shock in case.tables.shocks:
        grouped[shock.scenario].append(shock)
    return {scenario: effects_of(case, shocks) for scenario, shocks in grouped.items()}


def effects_of(case: Case, shocks: list[Shock]) -> Effects:
    """What these shocks do together, where they are felt."""
    effects = Effects(defaultdict(lambda: 1.0), defaultdict(lambda: 1.0), defaultdict(lambda: 1.0), defaultdict(list))
    for shock in shocks:
        start = case.first_year if shock.start_year is None else shock.start_year
        end = case.last_year if shock.end_year is None else shock.end_year
        if shock.kind == "import":
            for key in case.import_limit:
                if start <= key[-1] <= end and _matches(shock, *key[:4]):
                    effects.imports[key] *= shock.factor
        elif shock.kind == "demand":
            for dkey in case.demand:
                if start <= dkey[-1] <= end and _matches(shock, "", *dkey[:3]):
                    effects.demand[dkey] *= shock.factor
        elif shock.kind == "capacity":
            for project in _matching_projects(case, shock):
                for year in case.years:
                    if start <= year <= end and _may_have_capacity(case, project, year):
                        effects.capacity[project, year] *= shock.factor
        elif shock.factor > 0:
            for project in _matching_projects(case, shock):
                for committed in case.commitment_years(project):
                    due = committed + case.projects[project].lead_time_years
                    if start <= due <= end:
                        effects.delays[project, due].append((max(start, case.first_year), int(shock.factor)))
    return Effects(
        _without_ones(effects.imports),
        _without_ones(effects.demand),
        _without_ones(effects.capacity),
        dict(effects.delays),
    )


def _without_ones(factors: dict[K, float]) -> dict[K, float]:
    # Rounding makes products of the same factors in another order equal.
    return {key: rounded for key, value in factors.items() if (rounded := float(f"{value:.12g}")) != 1.0}


def _matches(shock: Shock, supplier: str, country: str, element: str, form: str) -> bool:
    return (
        (shock.supplier in ("", supplier) or supplier == "")
        and shock.country in ("", country)
        and shock.element in ("", element)
        and shock.form in ("", form)
    )


def _matching_projects(case: Case, shock: Shock) -> list[str]:
    return [
        p
        for p, row in case.projects.items()
        if shock.project in ("", p) and shock.stage in ("", row.stage) and shock.country in ("", row.country)
    ]


def _may_have_capacity(case: Case, project: str, year: int) -> bool:
    lead = case.projects[project].lead_time_years
    return case.existing_tpa(project, year) > 0 or any(y + lead <= year for y in case.commitment_years(project))
