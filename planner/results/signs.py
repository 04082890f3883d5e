"""Signs: the events that tell some scenarios from all others, by which a decision may answer what has happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.data.case import Case
from planner.data.shock_effects import (
    Effects,
    Period,
    effects_by_scenario,
    periods_of,
    storyline_effects,
    year_of,
)

KINDS = ("import", "capacity", "delay", "demand", "price")
"""Kinds of effects in the order in which a sign names them."""
HARMS_WHEN_HIGH = ("delay", "demand", "price")
"""Kinds of effects of which the highest value is the worst."""
Event = tuple[str, tuple[Any, ...], float]
"""Kind, key and value of an effect; the key begins with its subject."""


@dataclass(frozen=True, kw_only=True)
class Sign:
    """An event that tells scenarios apart.

    happens: these scenarios have it; else the others have it, and it has not come. year: when it tells. kind: as in the
    table `shocks`. subject: the supplier (import, price), country (demand) or project (capacity, delay) that it hits, of
    several the one hit in most ways. factor: the worst of it, of a delay its years. probability: of these scenarios.
    """

    happens: bool
    year: int
    kind: str
    subject: str
    factor: float
    probability: float


class SignReader:
    """Finds the signs of a case. staged: the storylines' own shocks alone are answered, not the single draws."""

    def __init__(self, case: Case, *, staged: bool) -> None:
        self._case = case
        self._periods = periods_of(case)
        periods = self._periods
        self._effects: Mapping[str, Effects] = (
            storyline_effects(case, periods) if staged else effects_by_scenario(case, periods)
        )

    def signs(self, decisions: Iterable[tuple[Sequence[str], int]]) -> list[Sign]:
        """The signs that decisions wait for, the likeliest first. decisions: scenarios that share one, and its year."""
        waiting: dict[Sign, set[str]] = defaultdict(set)
        for scenarios, year in decisions:
            sign = self._sign(scenarios, year)
            if sign is not None:
                waiting[sign].update(scenarios)
        found: list[Sign] = []
        for sign, scenarios_of in waiting.items():
            likely = sum(self._case.scenarios[scenario] for scenario in scenarios_of)
            found.append(replace(sign, probability=min(likely, 1.0)))
        return sorted(found, key=lambda sign: (-sign.probability, sign.year, sign.subject))

    def _sign(self, scenarios: Sequence[str], year: int) -> Sign | None:
        """The last event up to the beginning of a year that told some scenarios from others; None if none did."""
        own = self._effects[scenarios[0]]
        among = [scenario for scenario in self._case.scenarios if scenario not in scenarios]
        sign: Sign | None = None
        for period in self._known_in(year):
            shown = own.shown_in(period)
            apart: list[str] = []
            for scenario in among:
                if self._effects[scenario].shown_in(period) != shown:
                    apart.append(scenario)
            if apart:
                among = [scenario for scenario in among if scenario not in apart]
                sign = _told_by(own, [self._effects[scenario] for scenario in apart], period)
        return sign

    def _known_in(self, year: int) -> list[Period]:
        """The periods up to the first of a year, which decisions of that year know."""
        before = [period for period in self._periods if year_of(period) < year]
        first = [period for period in self._periods if year_of(period) == year][:1]
        return before + first


def _told_by(own: Effects, others: Sequence[Effects], period: Period) -> Sign | None:
    """The event of a period that tells a history from others."""
    here = _events(own, period)
    theirs = [_events(other, period) for other in others]
    every = set[Event]().union(*theirs)
    happens = bool(here - every) or not every - here
    if here - every:
        telling = here - every
    elif every - here:
        telling = every - here
    else:
        telling = here - set[Event].intersection(*theirs)
    return _worst(telling, happens, year_of(period))


def _events(effects: Effects, period: Period) -> set[Event]:
    """All that is felt or known in a period, leaks left out."""
    felt, delays = effects.shown_in(period)
    found: set[Event] = set()
    for kind, key, value in felt or ():
        if kind in KINDS:
            found.add((kind, key, value))
    for key, years in delays:
        found.add(("delay", key, float(years)))
    return found


def _worst(events: Iterable[Event], happens: bool, year: int) -> Sign | None:
    """The sign that names what is hit in most ways, of the first kind that there is."""
    for kind in KINDS:
        values: dict[str, list[float]] = defaultdict(list)
        for name, key, value in events:
            if name == kind:
                values[key[0]].append(value)
        if values:
            often = Counter({subject: len(of) for subject, of in values.items()})
            subject = min(often, key=lambda one: (-often[one], one))
            worst = max if kind in HARMS_WHEN_HIGH else min
            return Sign(
                happens=happens,
                year=year,
                kind=kind,
                subject=subject,
                factor=worst(values[subject]),
                probability=0.0,
            )
    return None
