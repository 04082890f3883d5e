"""Continuations of a history: courses that it may take, drawn from a register given what has happened so far.

Within a storyline every hazard is drawn by itself, so what it may still do depends on what it has done alone. A bank of
draws holds many courses of each hazard; one that has not begun takes the course of a draw in which it had not begun
either, one that goes on lasts as long as in a draw in which it lasted at least as long. Storylines weigh by their
probability, given that their own shocks agree with the history and that what was drawn could be drawn in them. Half of
the continuations are spread evenly over the storylines that are left, and weighed by how likely these are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.sampling import sample, shock_of
from planner.data.schema import Draw, Hazard, Shock
from planner.data.shock_effects import Effects, Period, effects_of
from planner.evaluation.outcome import Future

BANK = 200
"""Draws of which each hazard's courses are taken."""
COUNT = 12
"""Continuations, about, of a history."""
Subject = tuple[str, str]
"""(event, or hazard where it is alone; subject)."""
Happened = tuple[Draw, ...]
"""Draws of one hazard or event; none where it did not happen."""
Courses = Mapping[Subject, Happened]
"""Draws of one future, by hazard or event."""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """A course of shocks from the first period on that agrees with a history; `weight` sums to 1 over all of them."""

    storyline: str
    shocks: tuple[Shock, ...]
    effects: Effects
    weight: float


class HazardRegister:
    """Draws continuations from the hazards of a case."""

    def __init__(self, register: Case, case: Case, seed: int) -> None:
        """register: scenarios that are storylines, their shocks, and hazards. case: the one that feels them."""
        self._register, self._case, self._seed = register, case, seed
        self._hazards = {row.hazard: row for row in register.tables.hazards}
        self._own: dict[str, list[Shock]] = defaultdict(list)
        for row in register.tables.shocks:
            self._own[row.scenario].append(row)
        drawn = sample(register, BANK, seed, even=True)
        self._bank: dict[str, list[Courses]] = defaultdict(list)
        rows: dict[str, list[Draw]] = defaultdict(list)
        for draw in drawn.tables.draws:
            rows[draw.scenario].append(draw)
        for scenario, storyline in drawn.storylines.items():
            self._bank[storyline].append(self._by_subject(rows[scenario]))

    def continuations(
        self, future: Future, node: int, periods: Sequence[Period]
    ) -> list[Continuation]:
        """Draw courses that agree with a future up to a period, and depend on nothing of it that comes later.

        periods: of the horizon. node: the position of the last period that is known. About `COUNT` courses, at least
        one of each storyline that is still possible, whose weights sum to 1; the same for the same seed and history.
        None where no storyline of the register agrees with the history.
        """
        now = end_of(periods[node])
        known = self._by_subject(draw for draw in future.happened if begin_of(draw.start) <= now)
        chances = self._chances(future, known, node, periods)
        generator = self._generator(known, node, tuple(chances))
        found: list[Continuation] = []
        for storyline, chance in chances.items():
            wanted = COUNT * (chance + 1 / len(chances)) / 2
            count = max(1, round(wanted))
            for _ in range(count):
                shocks = list(self._own[storyline])
                for course in self._courses(storyline, known, now, generator):
                    for draw in course:
                        shocks.append(shock_of(self._hazards[draw.hazard], draw))
                continuation = Continuation(
                    storyline=storyline,
                    shocks=tuple(shocks),
                    effects=effects_of(self._case, shocks, periods),
                    weight=chance / count,
                )
                found.append(continuation)
        return found

    def _subject(self, draw: Draw) -> Subject:
        return (self._hazards[draw.hazard].event or draw.hazard, draw.subject)

    def _by_subject(self, draws: Iterable[Draw]) -> Courses:
        """Draws of one future, those of a hazard together."""
        courses: dict[Subject, Happened] = {}
        for draw in draws:
            subject = self._subject(draw)
            courses[subject] = (*courses.get(subject, ()), draw)
        return courses

    def _chances(
        self, future: Future, known: Courses, node: int, periods: Sequence[Period]
    ) -> dict[str, float]:
        """Storyline -> its probability given the history; only those that agree with it, so the sum is 1 or there are
        none."""
        own = self._shown(future.storyline, node, periods)
        chances: dict[str, float] = {}
        for storyline, probability in self._register.scenarios.items():
            if self._shown(storyline, node, periods) == own:
                likely = probability * self._likelihood(storyline, known, periods[node])
                if likely > 0:
                    chances[storyline] = likely
        whole = sum(chances.values())
        return {storyline: chance / whole for storyline, chance in chances.items()}

    def _shown(
        self, storyline: str, node: int, periods: Sequence[Period]
    ) -> list[tuple[object, ...]]:
        """The effects that the own shocks of a storyline show in each period up to one."""
        effects = effects_of(self._case, self._own[storyline], periods)
        return [effects.shown_in(period) for period in periods[: node + 1]]

    def _likelihood(self, storyline: str, known: Courses, now: Period) -> float:
        """The likelihood of what happened in a storyline, up to a factor that all storylines share."""
        likely = 1.0
        begun = {event for event, _ in known}
        for hazard in self._register.tables.hazards:
            applies = not hazard.within or storyline in hazard.within
            event = hazard.event or hazard.hazard
            if event in begun and hazard.probability is not None:
                likely *= float(applies)
            elif applies and hazard.within and hazard.probability is not None:
                likely *= 1.0 - hazard.probability * self._passed(hazard, now)
        return likely

    def _passed(self, hazard: Hazard, now: Period) -> float:
        """The share of a hazard's window that has passed."""
        opens = self._case.first_year if hazard.first is None else hazard.first
        closes = self._case.last_year if hazard.last is None else hazard.last
        first, _ = begin_of(opens)
        last, _ = begin_of(closes)
        year, _ = end_of(now)
        share = (year - first + 1) / (last - first + 1)
        return min(1.0, max(0.0, share))

    def _courses(
        self, storyline: str, known: Courses, now: tuple[int, int], generator: np.random.Generator
    ) -> list[Happened]:
        """The course of each hazard from the first period on: as known, and drawn from the bank after `now` (year,
        quarter)."""
        bank = self._bank[storyline]
        found: list[Happened] = []
        for subject in sorted(set(known).union(*bank)):
            drawn = [courses.get(subject, ()) for courses in bank]
            if subject in known:
                found.append(self._going_on(known[subject], drawn, now, generator))
                continue
            later: list[Happened] = []
            for course in drawn:
                if not course or begin_of(course[0].start) > now:
                    later.append(course)
            if later:
                place = int(generator.integers(len(later)))
                found.append(later[place])
        return found

    def _going_on(
        self,
        course: Happened,
        drawn: Sequence[Happened],
        now: tuple[int, int],
        generator: np.random.Generator,
    ) -> Happened:
        """A hazard that has begun: as it was if it is over, else as long as in some draw in which it lasted so long."""
        first = course[0]
        if end_of(first.end) <= now:
            return course
        begun = _quarters(begin_of(first.start))
        lasted = _quarters(now) - begun
        longer: list[int] = []
        for other in drawn:
            if other and _length(other[0]) > lasted:
                longer.append(_length(other[0]))
        length = lasted + 1
        if longer:
            place = int(generator.integers(len(longer)))
            length = sorted(longer)[place]
        end: Period = min((begun + length) // 4, self._case.last_year)
        return tuple(draw.model_copy(update={"end": end}) for draw in course)

    def _generator(
        self, known: Courses, node: int, storylines: tuple[str, ...]
    ) -> np.random.Generator:
        """Random numbers that depend on the seed and on the history alone."""
        begun: list[tuple[object, ...]] = []
        for subject in sorted(known):
            for draw in known[subject]:
                begun.append((*subject, str(draw.start), draw.factor))
        digest = hashlib.sha256(repr((node, storylines, begun)).encode()).digest()
        return np.random.default_rng([self._seed, int.from_bytes(digest, "big")])


def _length(draw: Draw) -> int:
    """Quarters from the beginning of a draw to its end."""
    return _quarters(end_of(draw.end)) - _quarters(begin_of(draw.start))


def _quarters(at: tuple[int, int]) -> int:
    """Quarters from year 0 to a (year, quarter)."""
    year, quarter = at
    return 4 * year + quarter - 1
