"""Figures of targets: the years in which each is missed, and what the plants that could meet it do then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.stages import FEED, STAGES, Stage
from planner.results.figures.plants import SLIGHT_TPA
from planner.results.figures.run import RunFigures
from planner.results.ledger import Ledger
from planner.results.targets import MET, limits


@dataclass(frozen=True, kw_only=True)
class MissedTarget:
    """A target that is missed: the `years` in which it is in some scenario, the `stage` of the plants that could meet it,
    the first year in which a new one of them can be in use, and the share of their usable capacity that is used in those
    years, expected; None where there is no such plant or capacity."""

    target: str
    years: Sequence[int]
    stage: Stage
    has_plants: bool
    first_new_year: int | None
    use: float | None
    met_from: int | None
    """The first year from which on it is met; None if it is missed in the last year in which it holds."""

    @property
    def reason(self) -> str:
        """When and why it is missed; alike for those that can be told together."""
        return f"{list(self.years)} {self.has_plants} {self.first_new_year} {self.use}"


def missed_targets(run: RunFigures) -> list[MissedTarget]:
    """The targets that the plan misses, in the order of the case; those that ask for served demand are left out."""
    found = []
    for target, years in _missed_years(run).items():
        if run.case.targets[target].kind != "served":
            found.append(_missed(run, target, years))
    return found


def _missed_years(run: RunFigures) -> dict[str, list[int]]:
    """Target -> years in which it is missed in a scenario that has a probability."""
    ledger = Ledger(run.case, run.tables)
    likely = ledger.everywhere(ledger.chances) > 0
    found: dict[str, set[int]] = {target: set() for target in run.case.targets}
    for limit in limits(ledger):
        is_missed = likely & (limit.missing > MET * (1.0 + limit.base))
        places = np.unique(ledger.year_places[is_missed])
        found[limit.target].update(int(place) + run.case.first_year for place in places)
    return {target: sorted(years) for target, years in found.items() if years}


def _missed(run: RunFigures, target: str, years: Sequence[int]) -> MissedTarget:
    """A target that is missed in some years, and the plants that could have met it."""
    plants = _able(run, target)
    last_missed = years[-1]
    last_asked = run.case.target_years(target)[-1]
    return MissedTarget(
        target=target,
        years=years,
        stage=_stage(run, target),
        has_plants=bool(plants),
        first_new_year=min(_new_from(run, plants), default=None),
        met_from=last_missed + 1 if last_missed < last_asked else None,
        use=_use_of(run, plants, years),
    )


def _use_of(run: RunFigures, plants: Sequence[str], years: Sequence[int]) -> float | None:
    """Share of the usable capacity of some plants that is used in some years, expected; None without capacity."""
    rows = run.by_year["capacity"]
    of_plants = rows["project"].isin(plants)
    in_years = rows["year"].isin(years)
    rows = rows[of_plants & in_years]
    weight = rows["scenario"].map(run.weights)
    usable = float((weight * rows["usable_tpa"]).sum())
    used = float((weight * rows["throughput_t"]).sum())
    return used / usable if usable > SLIGHT_TPA else None


def _stage(run: RunFigures, target: str) -> Stage:
    """The kind of plant that makes what a target asks for."""
    form = run.case.targets[target].form or FEED
    return next(stage for stage in STAGES.values() if stage.gives == form)


def _able(run: RunFigures, target: str) -> list[str]:
    """Plants that could meet a target: in its countries where it asks for what is made there, else anywhere."""
    case, row = run.case, run.case.targets[target]
    at_home = set(case.target_countries(target) if row.kind == "made_share" else case.countries)
    found = []
    for project, plant in case.projects.items():
        gives = case.stage_of(project).gives == (row.form or FEED)
        fed = not row.feeds or not set(row.feeds).isdisjoint(plant.feeds)
        if gives and fed and plant.country in at_home:
            found.append(project)
    return found


def _new_from(run: RunFigures, plants: Sequence[str]) -> list[int]:
    """First years of use of what can be built new."""
    found = []
    for project in plants:
        for year in run.case.commitment_years(project)[:1]:
            found.append(year + run.case.projects[project].lead_time_years)
    return found
