"""A register of hazards -> scenarios: each danger by itself, as often as it is likely; and draws weighed otherwise.

In the draws of one scenario a hazard happens, for each of its subjects, in the floor or the ceiling of its probability
times their number, and starts, lengths and factors are spread over their ranges in the same way: one in each of as many
equal parts as it happens (McKay, Beckman and Conover, Technometrics 21 (1979) 239-245). Each hazard and subject has
random numbers of its own, so that another row in the register leaves the draws of all others as they were.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from planner.data.case import Case
from planner.data.cells import CARRIED, Quarter, Row, begin_of, conditions, end_of, options
from planner.data.lookups import BASE
from planner.data.schema import FILTERS, Draw, Hazard, Scenario, Shock, UncertainRange
from planner.data.shock_effects import projects_hit
from planner.errors import Fault, InputError, fault
from planner.host import available_memory

DRAWN_TABLES = ("scenarios", "shocks", "draws", "hazards")
"""Tables that sampling replaces."""
WHOLE = 1e-9
"""Distance from a whole number within which a number of draws counts as whole."""
DIGITS = 4
"""Of the number of a draw, at least."""
NAMED = 6
"""Drawn hazards that the name of a draw lists."""
BYTES_PER_ROW = 5_000.0
"""Memory of a drawn row until it is written and checked."""
SHARE_OF_MEMORY = 0.5
MOST = 10**9
"""Largest number of draws."""
R = TypeVar("R", bound=Row)
Hazards = tuple[Hazard, ...]
"""Rows that happen together; the first says whether, when and for how long."""


def sample(case: Case, draws: int, seed: int = 0, even: bool = False) -> Case:
    """The case with each scenario replaced by draws of it: its own shocks, and those drawn from `hazards`.

    draws: how many in all; each scenario has the share of its probability, or as many as its `draws` say. even: half
    by probability, half evenly over the scenarios, at least two of each, whatever their `draws` say: rare ones are
    then drawn often, and weigh as little as they are likely. seed: the same one gives the same draws. Raises InputError
    for a case that holds draws already, and for more than fit in memory.
    """
    _refuse(case, draws, seed)
    counts = _counts(case, draws, even)
    _refuse_too_many(case, counts)
    own: dict[str, list[Shock]] = defaultdict(list)
    for shock in case.tables.shocks:
        own[shock.scenario].append(shock)
    scenarios: list[Scenario] = []
    shocks: list[Shock] = []
    drawn: list[Draw] = []
    hazards = {row.hazard: row for row in case.tables.hazards}
    for row in _scenarios(case):
        for number, happened in enumerate(
            _drawn(case, row.scenario, counts[row.scenario], seed), start=1
        ):
            name = f"{row.scenario}-{number:0{DIGITS}d}"
            here = [
                draw.model_copy(update={"scenario": name, "notes": hazards[draw.hazard].name})
                for draw in happened
            ]
            drawn += here
            told, count = (
                _said([(hazards[draw.hazard], draw) for draw in here]),
                counts[row.scenario],
            )
            said = f"{row.name or row.scenario}{f', draw {number} of {count}' if count > 1 else ''}: {told}"
            update = {
                "scenario": name,
                "name": said,
                "probability": row.probability / count,
                "draws": None,
            }
            scenarios.append(row.model_copy(update=update))
            shocks += _without_repeats(
                [shock.model_copy(update={"scenario": name}) for shock in own[row.scenario]]
                + [_shock(hazards[draw.hazard], draw) for draw in here]
            )
    tables = replace(
        case.tables,
        scenarios=_numbered(scenarios),
        shocks=_numbered(shocks),
        draws=_numbered(drawn),
        hazards=(),
        uncertainties=tuple(
            _of_draws(row, max(counts.values())) for row in case.tables.uncertainties
        ),
    )
    places = {name: f"{name} as drawn" for name in DRAWN_TABLES}
    origin = case.origin.moved(places, {"draws": tuple(Draw.columns())})
    return replace(case, tables=tables, origin=origin).checked()


def _subjects(case: Case, hazard: Hazard) -> tuple[str, ...]:
    """For what a hazard is drawn by itself: projects or countries that match, or `""`, once."""
    if hazard.each is None:
        return ("",)
    matching = [case.projects[p] for p in projects_hit(case, hazard)]
    if hazard.each == "project":
        return tuple(row.project for row in matching)
    countries = (
        {row.country for row in matching} if hazard.stage or hazard.project else set(case.countries)
    )
    return tuple(
        country
        for country in case.countries
        if country in countries and hazard.country in ("", country)
    )


def _events(hazards: Iterable[Hazard]) -> list[Hazards]:
    """Hazards that happen together, in the order of their first rows; one without event is alone."""
    found: dict[tuple[str, str], list[Hazard]] = {}
    for row in hazards:
        found.setdefault(("event", row.event) if row.event else ("hazard", row.hazard), []).append(
            row
        )
    return [tuple(rows) for rows in found.values()]


def _scenarios(case: Case) -> Sequence[Scenario]:
    return case.tables.scenarios or (Scenario(scenario=BASE, probability=1.0),)


def _counts(case: Case, draws: int, even: bool) -> dict[str, int]:
    """Draws of each scenario. Figures such as 0.145 are not exact: rounded first, half a draw is half a draw."""
    rows = _scenarios(case)
    if even:
        return {
            w.scenario: max(2, round(round(draws * (w.probability + 1 / len(rows)) / 2, 9)))
            for w in rows
        }
    return {w.scenario: w.draws or max(1, round(round(draws * w.probability, 9))) for w in rows}


def _refuse(case: Case, draws: int, seed: int) -> None:
    faults = []
    if case.tables.draws or "draws" in case.origin.headers:
        said, remedy = "the case holds draws already", "sample the case that it was drawn from"
        faults.append(Fault(case.origin.place("draws"), 0, "", said, remedy=remedy))
    if not 1 <= draws <= MOST:
        faults.append(
            fault("range", "--draws", 0, "", f"{draws:,}: must be from 1 to {MOST:,}", value=draws)
        )
    if seed < 0:
        faults.append(fault("range", "--seed", 0, "", f"{seed}: must be at least 0", value=seed))
    if faults:
        raise InputError(faults)


def _refuse_too_many(case: Case, counts: dict[str, int]) -> None:
    """Before anything is drawn: rows, expected, and the memory that they take."""
    own = Counter(shock.scenario for shock in case.tables.shocks)
    rows = 0.0
    for scenario, count in counts.items():
        likely = sum(
            (event[0].probability or 0.0) * len(_subjects(case, event[0])) * len(event) * 2
            for event in _events_within(case, scenario)
        )
        rows += count * (1 + own[scenario] + likely)
    room = available_memory() * SHARE_OF_MEMORY
    if rows * BYTES_PER_ROW > room:
        need = rows * BYTES_PER_ROW / 2**30
        said = (
            f"{sum(counts.values()):,} draws make about {rows:,.0f} rows, which take {need:,.1f} GiB, "
            f"and {room / 2**30:,.1f} GiB are free for them"
        )
        remedy = "draw fewer: a few hundred already show how a plan does, `planner evaluate` says how many are enough"
        raise InputError([fault("too-large", "--draws", 0, "", said, remedy=remedy)])


def _events_within(case: Case, scenario: str) -> Iterator[Hazards]:
    for event in _events(case.tables.hazards):
        if not event[0].within or scenario in event[0].within:
            yield event


# ---- one scenario --------------------------------------------------------------------------------------------


def _drawn(case: Case, scenario: str, count: int, seed: int) -> list[list[Draw]]:
    """For each draw of a scenario what happens in it, in the order of the register; without the scenario's name."""
    out: list[list[Draw]] = [[] for _ in range(count)]
    for event in _events_within(case, scenario):
        begins, last_of = _window(case, event)
        for subject in _subjects(case, event[0]):
            generator = _generator(seed, scenario, event[0].hazard, subject)
            which = _chosen(event[0].probability or 0.0, count, generator)
            shares = [_spread(len(which), generator) for _ in range(3)]
            for place, at, length, height in zip(which, *shares, strict=True):
                start = begins[min(int(at * len(begins)), len(begins) - 1)]
                end = last_of(start, length)
                for row in event:
                    factor = _factor(row, height)
                    out[place].append(
                        Draw.model_construct(
                            scenario=scenario,
                            hazard=row.hazard,
                            subject=subject,
                            start=start,
                            end=end,
                            factor=factor,
                        )
                    )
    return out


def _generator(seed: int, *about: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on what they are about, and on nothing else."""
    digest = hashlib.sha256("\n".join(about).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "big")])


def _chosen(probability: float, count: int, generator: np.random.Generator) -> list[int]:
    """Draws in which it happens, in ascending order: the floor or the ceiling of probability * count of them."""
    expected = probability * count
    times = round(expected)
    if abs(expected - times) > WHOLE:
        times = math.floor(expected) + int(generator.random() < expected - math.floor(expected))
    order: list[int] = generator.permutation(count).tolist()
    return sorted(order[:times])


def _spread(count: int, generator: np.random.Generator) -> list[float]:
    """Numbers in [0, 1), one in each of `count` equal parts, in any order."""
    found: list[float] = (
        (generator.permutation(count) + generator.random(count)) / max(count, 1)
    ).tolist()
    return found


def _factor(row: Hazard, share: float) -> float:
    if row.kind == "delay":
        return float(_whole(int(row.factor_low), int(row.factor_high), share))
    return min(row.factor_low + share * (row.factor_high - row.factor_low), row.factor_high)


def _whole(low: int, high: int, share: float) -> int:
    """The whole number from low to high, all of them equally likely, at a share of the way."""
    return min(low + int(share * (high - low + 1)), high)


def _window(
    case: Case, event: Hazards
) -> tuple[list[int | Quarter], Callable[[int | Quarter, float], int | Quarter]]:
    """The periods in which an event may start, and when it ends: a function of its start and a share."""
    row = event[0]
    first = case.first_year if row.first is None else row.first
    last = case.last_year if row.last is None else row.last
    by_quarter = (
        row.quarters_low is not None or isinstance(first, Quarter) or isinstance(last, Quarter)
    )
    low, high, each = row.years_low, row.years_high, 4 if by_quarter else 1
    if row.quarters_low is not None:
        low, high, each = row.quarters_low, row.quarters_high, 1

    def last_of(start: int | Quarter, share: float) -> int | Quarter:
        horizon = _number(case.last_year, 4) if by_quarter else case.last_year
        begin = _number(start, 1) if by_quarter else int(begin_of(start)[0])
        long = (
            horizon - begin + 1 if low is None or high is None else _whole(low, high, share) * each
        )
        end = max(min(begin + long - 1, horizon), begin)
        return _quarter(end) if by_quarter else end

    if not by_quarter:
        return list(range(begin_of(first)[0], begin_of(last)[0] + 1)), last_of
    numbers = range(_number(Quarter(*begin_of(first)), 1), _number(Quarter(*end_of(last)), 4) + 1)
    return [_quarter(number) for number in numbers], last_of


def _number(period: int | Quarter, of_year: int) -> int:
    """Quarters counted from year 0; of a whole year that quarter."""
    year, quarter = begin_of(period) if isinstance(period, Quarter) else (period, of_year)
    return year * 4 + quarter - 1


def _quarter(number: int) -> Quarter:
    return Quarter(number // 4, number % 4 + 1)


# ---- rows of the tables --------------------------------------------------------------------------------------


def _said(happened: Sequence[tuple[Hazard, Draw]]) -> str:
    """What was drawn, in words; rows of one event in one."""
    together: dict[tuple[str, str], list[tuple[Hazard, Draw]]] = defaultdict(list)
    for hazard, draw in happened:
        together[hazard.event or hazard.hazard, draw.subject].append((hazard, draw))
    said = [_one_said(rows) for rows in list(together.values())[:NAMED]]
    more = f"; and {len(together) - NAMED} more" if len(together) > NAMED else ""
    return "; ".join(said) + more if said else "nothing drawn"


def _one_said(rows: Sequence[tuple[Hazard, Draw]]) -> str:
    """One drawn hazard or event in words: what, of whom, when, how much."""
    hazard, draw = rows[0]
    what = f"{hazard.name or hazard.hazard}{f' ({draw.subject})' if draw.subject else ''}"
    if hazard.kind == "delay":
        return f"{what} from {draw.start}, {draw.factor:.0f} year{'s' if draw.factor != 1 else ''}"
    period = f"{draw.start}" if draw.start == draw.end else f"{draw.start}-{draw.end}"
    factors = [one.factor for row, one in rows if row.kind == hazard.kind]
    least, most = f"{min(factors):.3g}", f"{max(factors):.3g}"
    return f"{what} {period} at {least}{f' to {most}' if most != least else ''}"


def _shock(hazard: Hazard, draw: Draw) -> Shock:
    """The shock of a drawn hazard: what it hits, narrowed to the subject."""
    hits = {column: getattr(hazard, column) for column in FILTERS}
    if hazard.each is not None:
        hits[hazard.each] = draw.subject
    return Shock.model_construct(
        scenario=draw.scenario,
        kind=hazard.kind,
        start_year=draw.start,
        end_year=draw.end,
        factor=draw.factor,
        leak=hazard.leak,
        **hits,
        **{column: getattr(hazard, column) for column in CARRIED},
    )


def _without_repeats(shocks: Sequence[Shock]) -> list[Shock]:
    """The shocks of one draw; equal ones, which no table may hold twice, as one that does what they do together."""
    found: dict[tuple[object, ...], Shock] = {}
    for shock in shocks:
        while (same := found.pop(_key(shock), None)) is not None:
            shock = _together(same, shock)
        found[_key(shock)] = shock
    return list(found.values())


def _key(shock: Shock) -> tuple[object, ...]:
    return (
        shock.kind,
        shock.start_year,
        shock.end_year,
        *(getattr(shock, name) for name in FILTERS),
        shock.factor,
    )


def _together(one: Shock, two: Shock) -> Shock:
    """Two shocks that differ in nothing but what they may leak and what is carried."""
    said = {
        name: "; ".join(dict.fromkeys(text for row in (one, two) if (text := getattr(row, name))))
        for name in CARRIED
    }
    factor = one.factor + two.factor if one.kind == "delay" else one.factor * two.factor
    return one.model_copy(update={"factor": factor, "leak": min(one.leak, two.leak), **said})


def _of_draws(row: UncertainRange, most: int) -> UncertainRange:
    """A range whose condition names scenarios, of which there are `most` draws at the most: about their draws."""
    where = conditions(row.where)
    if row.table not in ("scenarios", "shocks") or "scenario" not in where:
        return row
    numbers = ["[0-9]" * digits for digits in range(DIGITS, max(DIGITS, len(str(most))) + 1)]
    where["scenario"] = ";".join(
        f"{one}-{number}" for one in options(where["scenario"]) for number in numbers
    )
    return row.model_copy(
        update={"where": " & ".join(f"{name}={wanted}" for name, wanted in where.items())}
    )


def _numbered(rows: Iterable[R]) -> tuple[R, ...]:
    """The rows with the lines that they have in a file."""
    return tuple(row.model_copy(update={"line": line}) for line, row in enumerate(rows, start=2))


# ---- the same futures, weighed otherwise ----------------------------------------------------------------------------

DRAWN = re.compile(r"-\d{4,}$")
"""What follows the name of a scenario in the names of its draws."""
ROUNDS, NEAR = 1000, 1e-12
"""How often probabilities are fitted to each other before they are given up, and how far they may then be apart."""


def family(case: Case, scenario: str) -> str:
    """The future that a scenario is a draw of; itself where none was drawn."""
    return DRAWN.sub("", scenario) if case.tables.draws else scenario


def happenings(case: Case) -> dict[str, frozenset[str]]:
    """What may happen or not, `hazard.NAME` or `future.NAME` -> the scenarios in which it does. Hazards that were drawn
    in the same ones are one, after the first; futures of their own are those in which nothing else is the same."""
    when: dict[str, set[str]] = {}
    for draw in case.tables.draws:
        when.setdefault(f"hazard.{draw.hazard}", set()).add(draw.scenario)
    for scenario in case.scenarios:
        when.setdefault(f"future.{family(case, scenario)}", set()).add(scenario)
    found: dict[frozenset[str], str] = {}
    for key, scenarios in when.items():
        if len(scenarios) < len(case.scenarios):
            found.setdefault(frozenset(scenarios), key)
    return {key: scenarios for scenarios, key in found.items()}


def reweighted(case: Case, wanted: Mapping[str, float]) -> Case:
    """The case with the probabilities nearest to its own in which all that is wanted holds: iterative proportional
    fitting (Deming and Stephan 1940; Csiszar 1975). wanted: by the keys of `happenings`. Raises InputError."""
    known, chance = happenings(case), dict(case.scenarios)
    for key in wanted.keys() - known.keys():
        said = "happens in no future, or in all: its probability is not to choose"
        raise InputError([Fault("scenarios", 0, key, said)])
    for _ in range(ROUNDS):
        apart = 0.0
        for happens, share in ((known[key], share) for key, share in wanted.items()):
            now = sum(chance[w] for w in happens)
            rest = sum(chance[w] for w in chance if w not in happens)
            apart = max(apart, abs(now - share))
            for w in chance:
                chance[w] *= (
                    (share / now if now else 0.0)
                    if w in happens
                    else ((1 - share) / rest if rest else 0.0)
                )
        if apart < NEAR:
            rows = (
                row.model_copy(update={"probability": chance[row.scenario]})
                for row in case.tables.scenarios
            )
            return case.with_tables(scenarios=tuple(rows)).checked()
    raise InputError(
        [
            Fault(
                "scenarios",
                0,
                "",
                "these probabilities cannot hold together: take one of them back",
            )
        ]
    )
