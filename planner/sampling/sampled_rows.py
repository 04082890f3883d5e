"""Rows of a sampled case: scenarios with a description, draws, shocks and ranges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from planner.cells import CARRIED, Row, conditions, options
from planner.data.schema import FILTERS, Draw, Hazard, Scenario, Shock, UncertainRange

DIGITS = 4
"""Digits of the number of a sample, at least."""
NAMED = 6
"""Drawn hazards that a description lists."""
R = TypeVar("R", bound=Row)


def scenario_row(row: Scenario, name: str, description: str, count: int) -> Scenario:
    """One of `count` samples of a scenario, with its part of the probability and of its bounds."""
    update: dict[str, object] = {
        "scenario": name,
        "name": description,
        "storyline": row.scenario,
        "probability": row.probability / count,
        "draws": None,
    }
    for bound in ("probability_low", "probability_high"):
        whole = getattr(row, bound)
        if whole is not None:
            update[bound] = whole / count
    return row.model_copy(update=update)


def draw_row(draw: Draw, scenario: str, hazard: Hazard) -> Draw:
    """The draw with its scenario and the name of its hazard."""
    return draw.model_copy(update={"scenario": scenario, "notes": hazard.name})


def description(happened: Sequence[Draw], hazards: Mapping[str, Hazard]) -> str:
    """Draws in words; the rows of an event once."""
    together: dict[tuple[str, str], list[Draw]] = defaultdict(list)
    for draw in happened:
        event = hazards[draw.hazard].event or draw.hazard
        together[event, draw.subject].append(draw)
    if not together:
        return "nothing drawn"
    parts = [_event_description(draws, hazards) for draws in together.values()]
    if len(parts) > NAMED:
        parts = [*parts[:NAMED], f"and {len(parts) - NAMED} more"]
    return "; ".join(parts)


def _event_description(draws: Sequence[Draw], hazards: Mapping[str, Hazard]) -> str:
    """A drawn hazard or event in words: name, subject, period, factor."""
    draw = draws[0]
    hazard = hazards[draw.hazard]
    what = hazard.name or hazard.hazard
    if draw.subject:
        what += f" ({draw.subject})"
    if hazard.kind == "delay":
        years = "year" if draw.factor == 1 else "years"
        return f"{what} from {draw.start}, {draw.factor:.0f} {years}"
    period = f"{draw.start}"
    if draw.end != draw.start:
        period += f"-{draw.end}"
    factors = [one.factor for one in draws if hazards[one.hazard].kind == hazard.kind]
    height = f"{min(factors):.3g}"
    most = f"{max(factors):.3g}"
    if most != height:
        height += f" to {most}"
    return f"{what} {period} at {height}"


def shock_of(hazard: Hazard, draw: Draw) -> Shock:
    """The shock of a drawn hazard, narrowed to the subject, with the remarks of its row."""
    hits: dict[str, Any] = dict(zip(FILTERS, hazard.cells(FILTERS), strict=True))
    if hazard.each is not None:
        hits[hazard.each] = draw.subject
    carried: dict[str, Any] = dict(zip(CARRIED, hazard.cells(CARRIED), strict=True))
    return Shock.model_construct(
        scenario=draw.scenario,
        kind=hazard.kind,
        start_year=draw.start,
        end_year=draw.end,
        factor=draw.factor,
        leak=hazard.leak,
        hazard=hazard.hazard,
        **hits,
        **carried,
    )


def range_row(row: UncertainRange, most: int) -> UncertainRange:
    """The range with the samples of the scenarios that its condition names. most: samples of a scenario."""
    where = conditions(row.where)
    if row.table not in ("scenarios", "shocks") or "scenario" not in where:
        return row
    number = "[0-9]" * DIGITS + ("*" if most >= 10**DIGITS else "")
    draws = [f"{scenario}-{number}" for scenario in options(where["scenario"])]
    where["scenario"] = ";".join(draws)
    text = " & ".join(f"{name}={cells}" for name, cells in where.items())
    return row.model_copy(update={"where": text})


def numbered(rows: Iterable[R]) -> tuple[R, ...]:
    """The rows with the lines of a file."""
    with_lines: list[R] = []
    for line, row in enumerate(rows, start=2):
        with_lines.append(row.model_copy(update={"line": line}))
    return tuple(with_lines)
