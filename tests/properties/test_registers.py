"""Whatever the register: each hazard happens as often as it is likely, when, for how long and as hard as it says."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner
from planner.cells import Quarter, begin_of, end_of
from planner.data.case import Case
from planner.data.schema import Hazard, Scenario
from tests.cases import LONG, imports, load_case, mine, plant

FIRST, LAST = 2026, 2032
registers = settings(
    max_examples=60 if LONG else 20, derandomize=True, deadline=None, database=None
)
share = st.floats(0, 1) | st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])


@cache
def base() -> Case:
    """Two countries, two plants and a mine, over seven years."""
    with tempfile.TemporaryDirectory() as folder:
        return load_case(
            Path(folder) / "case",
            {"horizon.first_year": FIRST, "horizon.last_year": LAST},
            countries=[{"country": "AAA"}, {"country": "BBB"}],
            imports=[imports(50), imports(50, country="BBB")],
            projects=[
                mine(),
                plant(existing_tpa=5),
                plant(project="second", country="BBB", max_new_tpa=5),
            ],
        )


@st.composite
def periods(draw: st.DrawFn, quarters: bool) -> int | Quarter:
    year = draw(st.integers(FIRST, LAST))
    return Quarter(year, draw(st.integers(1, 4))) if quarters and draw(st.booleans()) else year


@st.composite
def timing(draw: st.DrawFn, delay: bool) -> dict[str, Any]:
    """A window that runs forward and a length, or none."""
    ends = [draw(periods(quarters=not delay)) for _ in range(2)]
    first, last = sorted(ends, key=begin_of)
    if end_of(last) < begin_of(first):
        last = first
    out: dict[str, Any] = {"probability": draw(share), "first": first, "last": last}
    unit = draw(st.sampled_from(["", "years", *([] if delay else ["quarters"])]))
    if unit:
        low, more = draw(st.integers(1, 6)), draw(st.integers(0, 6))
        out |= {f"{unit}_low": low, f"{unit}_high": low + more}
    return out


def factors(draw: st.DrawFn, kind: str) -> dict[str, float]:
    number = st.integers(0, 3).map(float) if kind == "delay" else st.floats(0, 2)
    low, high = sorted((draw(number), draw(number)))
    return {"factor_low": low, "factor_high": high}


@st.composite
def hazards(draw: st.DrawFn) -> tuple[Hazard, ...]:
    """Single hazards, and events of two rows."""
    rows: list[Hazard] = []
    for number in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["import", "demand", "capacity", "delay"]))
        together = draw(st.booleans())
        times = draw(timing(delay=kind == "delay"))
        if kind == "delay" and not together:
            times = {k: v for k, v in times.items() if not k.startswith("years")}
        within = tuple(draw(st.sets(st.sampled_from(["a", "b"]))))
        shared: dict[str, Any] = {
            "kind": kind,
            "within": within,
            "leak": 0.5 if kind == "import" else 0.0,
        }
        if together:
            rows.append(
                Hazard(
                    hazard=f"h{number}",
                    event=f"e{number}",
                    **shared,
                    **times,
                    **factors(draw, kind),
                )
            )
            other = draw(st.sampled_from(["import", "demand", "capacity"]))
            rows.append(
                Hazard(hazard=f"g{number}", event=f"e{number}", kind=other, **factors(draw, other))
            )
            continue
        each = draw(
            st.sampled_from(
                [None, "project", *(["country"] if kind in ("import", "demand") else [])]
            )
        )
        each = None if each == "project" and kind in ("import", "demand") else each
        rows.append(
            Hazard(hazard=f"h{number}", each=each, **shared, **times, **factors(draw, kind))
        )
    return tuple(rows)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    p = draw(st.floats(0, 1))
    scenarios = (
        Scenario(scenario="a", probability=p),
        Scenario(scenario="b", probability=1 - p, draws=draw(st.none() | st.integers(1, 30))),
    )
    return replace(
        base(), tables=replace(base().tables, scenarios=scenarios, hazards=draw(hazards()))
    )


def length(start: int | Quarter, end: int | Quarter) -> int:
    """In quarters."""
    (a, b), (c, d) = begin_of(start), end_of(end)
    return (c - a) * 4 + d - b + 1


SUBJECTS = {None: [""], "project": ["mine", "plant", "second"], "country": ["AAA", "BBB"]}


@registers
@given(cases(), st.integers(1, 40), st.integers(0, 9))
def test_draws_are_as_the_register_says(case: Case, draws: int, seed: int) -> None:
    found = planner.sample(case, draws, seed)
    rows = {row.hazard: row for row in case.tables.hazards}
    first = {row.event: row for row in reversed(case.tables.hazards) if row.event}
    number = Counter(name.split("-")[0] for name in found.scenarios)
    assert math.fsum(row.probability for row in found.tables.scenarios) == pytest.approx(
        1, abs=1e-6
    )
    for row in case.tables.scenarios:
        assert number[row.scenario] == row.draws or max(1, round(draws * row.probability))
        for drawn in found.tables.scenarios:
            if drawn.scenario.startswith(f"{row.scenario}-"):
                assert drawn.probability == pytest.approx(row.probability / number[row.scenario])
    times = Counter((d.scenario.split("-")[0], d.hazard, d.subject) for d in found.tables.draws)
    for row in case.tables.hazards:
        ruling = first.get(row.event, row)
        for scenario, count in number.items():
            possible = not ruling.within or scenario in ruling.within
            expected = (ruling.probability or 0) * count if possible else 0
            for subject in SUBJECTS[row.each]:
                happened = times.pop((scenario, row.hazard, subject), 0)
                assert math.floor(expected + 1e-9) <= happened <= math.ceil(expected - 1e-9)
    assert not times
    for d in found.tables.draws:
        row = rows[d.hazard]
        ruling = first.get(row.event, row)
        assert ruling.first is not None
        assert ruling.last is not None
        assert begin_of(ruling.first) <= begin_of(d.start) <= end_of(d.start) <= end_of(ruling.last)
        assert row.factor_low <= d.factor <= row.factor_high
        assert row.kind != "delay" or d.factor.is_integer()
        long, limit = length(d.start, d.end), length(d.start, LAST)
        low, high = ruling.quarters_low, ruling.quarters_high
        if ruling.years_low is not None and ruling.years_high is not None:
            low, high = ruling.years_low * 4, ruling.years_high * 4
        if low is None or high is None:
            assert long == limit
        else:
            assert min(low, limit) <= long <= min(high, limit)
        by_quarter = ruling.quarters_low is not None or Quarter in (
            type(ruling.first),
            type(ruling.last),
        )
        assert isinstance(d.start, Quarter) == isinstance(d.end, Quarter) == by_quarter


@registers
@given(cases(), st.integers(1, 20))
def test_the_draws_written_are_those_drawn_and_the_same_each_time(case: Case, draws: int) -> None:
    found = planner.sample(case, draws)
    assert planner.sample(case, draws).tables == found.tables
    with tempfile.TemporaryDirectory() as folder:
        found.write(Path(folder) / "case")
        again = planner.load(Path(folder) / "case")
    for table in ("scenarios", "shocks", "draws"):
        assert again.tables.rows(table) == found.tables.rows(table)
