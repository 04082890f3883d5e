"""Stratified samples of a hazard register (Latin hypercube sampling).

In the samples of a scenario a hazard happens, for each subject, in the floor or the ceiling of its probability times
their number. Starts, lengths and factors are stratified in the same way (McKay, Beckman and Conover, Technometrics 21
(1979) 239-245). Each hazard and subject has random numbers of its own, so that a new row leaves all other draws as
they are.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.cells import Quarter, begin_of, end_of, grouped_by
from planner.data.case import Case
from planner.data.lookups import BASE
from planner.data.schema import Draw, Hazard, Scenario, Shock
from planner.data.shock_effects import projects_hit
from planner.data.thresholds import ROUNDING
from planner.errors import A_CASE, Fault, InputError, fault, refuse_other
from planner.sampling.sampled_rows import (
    DIGITS,
    description,
    draw_row,
    numbered,
    range_row,
    scenario_row,
    shock_of,
)

DRAWN_TABLES = ("scenarios", "shocks", "draws", "hazards")
"""Tables that sampling replaces."""
MOST = 1_000_000
"""Largest number of draws: they take some 20 GB."""
QUARTERS = 4
"""Quarters of a year."""
Hazards = tuple[Hazard, ...]
"""Rows that happen together; the first has the odds, the window and the length of all."""
Period = int | Quarter


def sample(case: Case, draws: int, seed: int = 0, even: bool = False) -> Case:
    """Replace each scenario of a case by samples: its own shocks, and those drawn from `hazards`.

    Parameters
    ----------
    case
        A case with a table `hazards`.
    draws
        Number of samples. Each scenario has the share of its probability, or its own `draws`.
    seed
        Equal seeds give equal samples.
    even
        Draw half by probability and half evenly over the scenarios, at least two of each. Rare scenarios then have
        more samples of less weight. `draws` of a scenario are ignored.

    Returns
    -------
    Case
        The case to solve, with the table `draws`.

    Raises
    ------
    InputError
        For a case with draws, and for a number of draws or a seed out of range.

    Examples
    --------
    >>> import pandas
    >>> strike = dict(hazard="strike", kind="capacity", stage="separation", probability=0.5, first=2028, last=2030)
    >>> hazards = pandas.DataFrame([strike | dict(factor_low=0, factor_high=0.5)])
    >>> len(sample(case.with_table("hazards", hazards), draws=10).scenarios)
    10
    """
    refuse_other(case, Case, A_CASE)
    _refuse(case, draws, seed)
    counts = _counts(case, draws, even)
    hazards = {row.hazard: row for row in case.tables.hazards}
    own = grouped_by(case.tables.shocks, "scenario")
    scenarios: list[Scenario] = []
    shocks: list[Shock] = []
    drawn: list[Draw] = []
    for row in _scenarios(case):
        count = counts[row.scenario]
        futures = _futures(case, row.scenario, count, seed)
        for number, happened in enumerate(futures, start=1):
            name = f"{row.scenario}-{number:0{DIGITS}d}"
            here = [draw_row(draw, name, hazards[draw.hazard]) for draw in happened]
            which = f", draw {number} of {count}" if count > 1 else ""
            words = f"{row.name or row.scenario}{which}: {description(here, hazards)}"
            scenarios.append(scenario_row(row, name, words, count))
            for shock in own[row.scenario]:
                shocks.append(shock.model_copy(update={"scenario": name}))
            for draw in here:
                shocks.append(shock_of(hazards[draw.hazard], draw))
            drawn += here
    most = max(counts.values())
    ranges = [range_row(row, most) for row in case.tables.uncertainties]
    tables = replace(
        case.tables,
        scenarios=numbered(scenarios),
        shocks=numbered(shocks),
        draws=numbered(drawn),
        hazards=(),
        uncertainties=tuple(ranges),
    )
    origin = case.origin.moved(**{name: f"{name} as drawn" for name in DRAWN_TABLES})
    return replace(case, tables=tables, origin=origin).checked()


def _subjects(case: Case, hazard: Hazard) -> tuple[str, ...]:
    """Projects or countries for which a hazard is drawn one by one, or `""` for one draw."""
    if hazard.each is None:
        return ("",)
    matching = projects_hit(case, hazard)
    if hazard.each == "project":
        return tuple(matching)
    hit = set(case.countries)
    if hazard.stage or hazard.project:
        hit = {case.projects[project].country for project in matching}
    if hazard.country:
        hit &= {hazard.country}
    return tuple(country for country in case.countries if country in hit)


def _events(hazards: Iterable[Hazard]) -> list[Hazards]:
    """Hazards that happen together, in the order of their first rows."""
    events: dict[tuple[str, str], list[Hazard]] = defaultdict(list)
    for row in hazards:
        alone = "" if row.event else row.hazard
        events[row.event, alone].append(row)
    return list(map(tuple, events.values()))


def _scenarios(case: Case) -> Sequence[Scenario]:
    return case.tables.scenarios or (Scenario(scenario=BASE, probability=1.0),)


def _counts(case: Case, draws: int, even: bool) -> dict[str, int]:
    """Draws of each scenario. Figures such as 0.145 are not exact: rounded first, half a draw is half a draw."""
    rows = _scenarios(case)
    counts: dict[str, int] = {}
    for row in rows:
        share = row.probability
        if even:
            share = (row.probability + 1 / len(rows)) / 2
        count = round(round(draws * share, 9))
        if even:
            counts[row.scenario] = max(2, count)
        else:
            counts[row.scenario] = row.draws or max(1, count)
    return counts


def draws_for(case: Case, size: int) -> int:
    """The most draws, in all, of which `sample` makes no more than `size` scenarios; at least 1."""
    draws = 1
    while sum(_counts(case, draws + 1, even=False).values()) <= size and draws < size:
        draws += 1
    return draws


def _refuse(case: Case, draws: int, seed: int) -> None:
    """Raise InputError for a case with draws, and for a number of draws or a seed out of range."""
    faults: list[Fault] = []
    if case.tables.draws or "draws" in case.origin.places:
        remedy = "sample the case that it was drawn from"
        place = case.origin.place("draws")
        faults.append(Fault(place, 0, "", "the case holds draws already", remedy=remedy))
    if not 1 <= draws <= MOST:
        message = f"{draws:,}: must be from 1 to {MOST:,}"
        faults.append(fault("range", "draws", 0, "", message=message, value=draws))
    if seed < 0:
        message = f"{seed}: must be at least 0"
        faults.append(fault("range", "seed", 0, "", message=message, value=seed))
    if faults:
        raise InputError(faults)


def _events_within(case: Case, scenario: str) -> Iterator[Hazards]:
    for event in _events(case.tables.hazards):
        if not event[0].within or scenario in event[0].within:
            yield event


# ---- one scenario --------------------------------------------------------------------------------------------


def _futures(case: Case, scenario: str, count: int, seed: int) -> list[list[Draw]]:
    """Hazards that happen in each sample of a scenario, in the order of the register."""
    futures: list[list[Draw]] = [[] for _ in range(count)]
    for event in _events_within(case, scenario):
        first = event[0]
        window = _window(case, first)
        for subject in _subjects(case, first):
            generator = _generator(seed, scenario, first.hazard, subject)
            which = _chosen(first.probability or 0.0, count, generator)
            starts = _spread(len(which), generator)
            lengths = _spread(len(which), generator)
            heights = _spread(len(which), generator)
            for i, place in enumerate(which):
                start, end = window.period(starts[i], lengths[i])
                for row in event:
                    draw = Draw.model_construct(
                        scenario=scenario,
                        hazard=row.hazard,
                        subject=subject,
                        start=start,
                        end=end,
                        factor=_factor(row, heights[i]),
                    )
                    futures[place].append(draw)
    return futures


def _generator(seed: int, *about: str) -> np.random.Generator:
    """Random numbers that depend on the seed and the subject alone."""
    digest = hashlib.sha256("\n".join(about).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "big")])


def _chosen(probability: float, count: int, generator: np.random.Generator) -> list[int]:
    """Samples in which it happens, ascending: the floor or the ceiling of probability * count."""
    expected = probability * count
    times = round(expected)
    if abs(expected - times) > ROUNDING:
        whole = math.floor(expected)
        times = whole + int(generator.random() < expected - whole)
    order: list[int] = generator.permutation(count).tolist()
    return sorted(order[:times])


def _spread(count: int, generator: np.random.Generator) -> list[float]:
    """Numbers in [0, 1), one in each of `count` equal parts, in any order."""
    places = generator.permutation(count) + generator.random(count)
    shares: list[float] = (places / max(count, 1)).tolist()
    return shares


def _factor(row: Hazard, share: float) -> float:
    if row.kind == "delay":
        return float(_whole(int(row.factor_low), int(row.factor_high), share))
    factor = row.factor_low + share * (row.factor_high - row.factor_low)
    return min(factor, row.factor_high)


def _whole(low: int, high: int, share: float) -> int:
    """The whole number from low to high, all of them equally likely, at a share of the way."""
    return min(low + int(share * (high - low + 1)), high)


@dataclass(frozen=True, kw_only=True)
class _Window:
    """Periods in which an event may start, and its length; periods are years or quarters, counted.

    shortest, longest: in periods; None: to the end of the horizon. last: the last period of the horizon.
    """

    first: int
    last_start: int
    shortest: int | None
    longest: int | None
    step: int
    last: int
    by_quarter: bool

    def period(self, at: float, length: float) -> tuple[Period, Period]:
        """Start and end, at a share of the window and a share of the lengths."""
        starts = self.last_start - self.first + 1
        start = self.first + min(int(at * starts), starts - 1)
        end = self.last
        if self.shortest is not None and self.longest is not None:
            lasts = _whole(self.shortest, self.longest, length) * self.step
            end = min(start + lasts - 1, self.last)
        end = max(end, start)
        if self.by_quarter:
            return _quarter(start), _quarter(end)
        return start, end


def _window(case: Case, row: Hazard) -> _Window:
    """Window and length of an event, as its first row has them."""
    first = case.first_year if row.first is None else row.first
    last = case.last_year if row.last is None else row.last
    shortest, longest, step = row.years_low, row.years_high, 1
    by_quarter = isinstance(first, Quarter) or isinstance(last, Quarter)
    if row.quarters_low is not None:
        shortest, longest = row.quarters_low, row.quarters_high
        by_quarter = True
    elif by_quarter:
        step = QUARTERS
    if by_quarter:
        opens, closes = _first_quarter(first), _last_quarter(last)
        end = _last_quarter(case.last_year)
    else:
        opens, _ = begin_of(first)
        closes, _ = begin_of(last)
        end = case.last_year
    return _Window(
        first=opens,
        last_start=closes,
        shortest=shortest,
        longest=longest,
        step=step,
        last=end,
        by_quarter=by_quarter,
    )


def _first_quarter(period: Period) -> int:
    """The quarter with which a period begins, counted from year 0."""
    year, quarter = begin_of(period)
    return year * QUARTERS + quarter - 1


def _last_quarter(period: Period) -> int:
    """The quarter with which a period ends, counted from year 0."""
    year, quarter = end_of(period)
    return year * QUARTERS + quarter - 1


def _quarter(number: int) -> Quarter:
    return Quarter(number // QUARTERS, number % QUARTERS + 1)
