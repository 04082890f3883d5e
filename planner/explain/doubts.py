"""Inputs that are unsure and matter: how each is varied, within which range, and where the range comes from.

An input is a group of cells that rise and fall together. A case that has none of the cells skips the input.
Ranges follow the case's own statement of what is shaky (inputs/allied-2026/README.md, "What is solid and what is
shaky"); they are shares of the value as given, so they hold for other cases too, as a first guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.data.case import Case
from planner.data.schema import Row

Vary = Callable[[Case, float], Case]


@dataclass(frozen=True)
class Doubt:
    """One unsure input: the factors it is tried at, and the claims it is first of all a doubt about."""

    key: str
    name: str
    factors: Sequence[float]
    why: str
    vary: Vary
    aimed_at: Sequence[str]
    is_there: Callable[[Case], bool]


def edited(case: Case, table: str, keep: Callable[[Any], bool], **change: Callable[[Any], object]) -> Case:
    """The case with some columns of some rows of a table computed anew."""
    rows: list[Row] = [
        row.model_copy(update={column: new(row) for column, new in change.items()}) if keep(row) else row
        for row in case.tables.rows(table)
    ]
    changed: dict[str, Any] = {table: tuple(rows)}
    return replace(case, tables=replace(case.tables, **changed))


def _exists(stage: str) -> Callable[[Any], bool]:
    return lambda row: row.stage == stage and row.existing_tpa > 0


def existing_capacity(stage: str) -> Vary:
    """All capacity of a stage that exists or is financed, times a factor."""
    return lambda case, f: edited(case, "projects", _exists(stage), existing_tpa=lambda r: r.existing_tpa * f)


def staffing(stage: str) -> Vary:
    """Persons per 1,000 t of a stage, times a factor."""
    return lambda case, f: edited(
        case, "staffing", lambda r: r.stage == stage, persons_per_ktpa=lambda r: r.persons_per_ktpa * f
    )


def staff_of(stage: str) -> Vary:
    """Staff in the first year in the trades of a stage, times a factor."""

    def vary(case: Case, f: float) -> Case:
        skills = {r.skill for r in case.tables.staffing if r.stage == stage}
        return edited(case, "workforce", lambda r: r.skill in skills, initial=lambda r: r.initial * f)

    return vary


def tail_scenarios(case: Case) -> list[str]:
    """The scenarios with the strongest cuts of imports that together weigh no more than the tail (at least one)."""
    cut = dict.fromkeys(case.scenarios, 0.0)
    for row in case.tables.shocks:
        if row.kind == "import":
            start = max(case.first_year if row.start_year is None else row.start_year, case.first_year)
            end = min(case.last_year if row.end_year is None else row.end_year, case.last_year)
            reach = len(case.elements) if row.element in ("", "*") else 1
            where = len(case.countries) if row.country in ("", "*") else 1
            cut[row.scenario] += (1.0 - row.factor) * max(end - start + 1, 0) * reach * where
    worst = sorted(cut, key=lambda w: (-cut[w], w))
    chosen: list[str] = []
    for w in worst:
        fits = sum(case.scenarios[v] for v in chosen) + case.scenarios[w] <= 1 - case.model.objective.tail + 1e-9
        if cut[w] > 0 and (fits or not chosen):
            chosen.append(w)
    return chosen


def tail_probability(case: Case, f: float) -> Case:
    """The probability of the strongest cuts times a factor, all others in proportion so that the sum stays 1."""
    tail = tail_scenarios(case)
    mass = sum(case.scenarios[w] for w in tail)
    f = min(f, 1.0 / mass)
    rest = (1.0 - f * mass) / (1.0 - mass)
    return edited(
        case,
        "scenarios",
        lambda r: True,
        probability=lambda r: case.scenarios[r.scenario] * (f if r.scenario in tail else rest),
    )


def use(case: Case, f: float) -> Case:
    """Demand, and with it what outside suppliers sell, times a factor."""
    more = edited(case, "demand", lambda r: True, tonnes=lambda r: r.tonnes * f)
    return edited(more, "imports", lambda r: True, tonnes=lambda r: r.tonnes * f)


def money(case: Case, f: float) -> Case:
    """All public budgets times a factor."""
    return edited(case, "budgets", lambda r: True, musd=lambda r: r.musd * f)


def _has(stage: str) -> Callable[[Case], bool]:
    return lambda case: any(map(_exists(stage), case.tables.projects))


def _staffed(stage: str) -> Callable[[Case], bool]:
    return lambda case: any(r.stage == stage and r.persons_per_ktpa > 0 for r in case.tables.staffing)


def _always(case: Case) -> bool:
    return True


DOUBTS: tuple[Doubt, ...] = (
    Doubt(
        "separation",
        "separation capacity that exists or is financed",
        (0.4, 0.7),
        "financed plants may fail or start late; 40 % is the low end the case names",
        existing_capacity("separation"),
        ("separation",),
        _has("separation"),
    ),
    Doubt(
        "metal",
        "metal capacity that exists or is financed",
        (0.5, 2.0),
        "nameplates are for NdPr alloy; the case gives 50 to 400 t/y",
        existing_capacity("metal"),
        ("mining", "separation"),
        _has("metal"),
    ),
    Doubt(
        "metal_staffing",
        "metal makers per 1,000 t",
        (0.67, 1.4),
        "shift arithmetic, 60 to 126 for 90",
        staffing("metal"),
        ("people",),
        _staffed("metal"),
    ),
    Doubt(
        "metal_staff",
        "metal makers at work today",
        (0.5, 2.0),
        "counted by judgement, half to double",
        staff_of("metal"),
        ("people",),
        _staffed("metal"),
    ),
    Doubt(
        "separation_staff",
        "separation staff at work today",
        (0.5, 2.0),
        "counted by judgement, half to double",
        staff_of("separation"),
        ("people",),
        _staffed("separation"),
    ),
    Doubt(
        "tail",
        "probability of the strongest cuts",
        (0.5, 2.0),
        "elicited, half to double",
        tail_probability,
        ("mining",),
        lambda case: 0 < sum(case.scenarios[w] for w in tail_scenarios(case)) < 1,
    ),
    Doubt(
        "use",
        "use of rare earths and imports with it",
        (0.8, 1.2),
        "element content of goods, +/-20 % taken",
        use,
        ("allies",),
        _always,
    ),
    Doubt(
        "money",
        "public budgets",
        (0.5, 2.0),
        "share for heavy rare earths, half to double",
        money,
        ("mining",),
        lambda case: bool(case.tables.budgets),
    ),
)
