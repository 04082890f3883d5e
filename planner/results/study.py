"""The findings of a study, as values: outcomes, influences, failures, options."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from planner.late import missing
from planner.results.schema import STATED

TABLE_FORM = "csv" if missing("pyarrow") else "parquet"
"""The form of the tables in the folder of a study."""
RESULTS = f"results.{TABLE_FORM}"
OPTIMAL = "optimal"
ALL = "all points"
"""Name of the only group of a study without levers."""
NOISE = 1e-5
"""Share of the largest amount up to which amounts of an outcome differ by the solver's tolerance alone: each goal may
worsen by 1e-6 of its value for those after it."""
BUILT = 1.0
"""New nameplate (t/y) from which on a project counts as part of a plan."""
NEW_CAPACITY = "new_capacity_tpa."
"""How the outcomes begin that tell the new nameplate of a project."""
LONGEST_WHY = 200
"""Characters of the reason that is shown of a point without an optimum."""
MEANINGS: Mapping[str, str] = STATED["outcomes"]
"""Outcomes, or groups of them: a member is named `group.member`, e.g. `new_capacity_tpa.donald`."""
LIST_GROUPS = frozenset(STATED["named_where_not_zero"])
"""Groups that name only what is not zero; a member that is not named is 0."""


def unsaid(outcome: str) -> float:
    """The value of an outcome at a point that has an optimum and does not name it."""
    return 0.0 if outcome.split(".")[0] in LIST_GROUPS else math.nan


def unit_ending(outcome: str) -> str:
    """The part of the name of an outcome, or of its group, that tells the unit.

    >>> unit_ending("risk_musd"), unit_ending("expected_shortfall_t_by_country.JPN.Dy"), unit_ending("hired.chemist")
    ('musd', 't', 'hired')
    """
    group = outcome.partition(".")[0]
    return group.removesuffix("_by_country").rpartition("_")[2]


@dataclass(frozen=True, repr=False)
class StudyStatus:
    """The progress of the study of a folder; `planner.open_study(folder)` has it, and its tables.

    seconds: spent on its points, all workers together. bad: (point, status, message) of what has no optimum.
    """

    total: int
    statuses: Counter[str]
    seconds: float = 0.0
    folder: Path = Path()
    bad: tuple[tuple[str, str, str], ...] = ()

    def __repr__(self) -> str:
        counts = [f"{count} {status}" for status, count in self.statuses.items()]
        parts = [f"{self.done} of {self.total} points", *counts]
        if self.bad:
            point, status, message = self.bad[0]
            parts.append(f"first without an optimum: {point} {status}: {message[:LONGEST_WHY]}")
        return f"StudyStatus('{self.folder}': {', '.join(parts)})"

    @property
    def done(self) -> int:
        """Points that have a result."""
        return sum(self.statuses.values())


def moves(values: Iterable[float]) -> bool:
    """Some amounts differ by more than the solver's tolerance."""
    known = [value for value in values if not math.isnan(value)]
    return bool(known) and max(known) - min(known) > NOISE * (1.0 + max(map(abs, known)))


@dataclass(frozen=True)
class SensitivityIndex:
    """Influence of one uncertainty. Sobol: first order and total, shares of the variance. RBD-FAST: first
    order, in both. `*_within` are half-widths of 95 % intervals."""

    name: str
    first: float
    first_within: float
    total: float
    total_within: float


@dataclass(frozen=True)
class Indices:
    """Indices of one outcome; used: blocks, or points of a sample without blocks, and how many were left out."""

    outcome: str
    kind: str
    rows: tuple[SensitivityIndex, ...]
    used: int
    left_out: int

    @property
    def ranked(self) -> list[SensitivityIndex]:
        """The uncertainties, that with the largest index first."""
        return sorted(self.rows, key=lambda row: -row.total)

    @property
    def half_width(self) -> float:
        """The larger half-width of the 95 % intervals of the first two."""
        return max(row.total_within for row in self.ranked[:2])

    @property
    def decided(self) -> bool:
        """One uncertainty is known to move the outcome most: the intervals of the first two are apart."""
        first, *others = self.ranked
        if not others:
            return True
        apart = first.total - others[0].total
        return apart > 0 and apart >= first.total_within + others[0].total_within


@dataclass(frozen=True)
class Box:
    """A part of the space: (name, lowest, highest) for each uncertainty that is limited; infinite: no limit.

    density: share of failures among the `inside` points in it; coverage: share of all failures that are in it.
    """

    limits: tuple[tuple[str, float, float], ...]
    density: float
    coverage: float
    inside: int
    failures: int


@dataclass(frozen=True)
class Failures:
    """Points that were run, those of them at which the plan fails, and the part of the space that holds most of these;
    None: none stands out."""

    points: int
    failed: int
    box: Box | None


@dataclass(frozen=True)
class OutcomeResults:
    """Influences on one outcome. tornado: with the design `one_at_a_time`. curves: response to each uncertainty."""

    outcome: str
    tornado: pd.DataFrame | None
    indices: Indices | None
    curves: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class OptionResults:
    """Rows under one combination of lever options, and what they say. failures: None without `fails_when`, or where
    no uncertainty is a number."""

    name: str
    rows: pd.DataFrame
    outcomes: tuple[OutcomeResults, ...]
    projects: pd.DataFrame
    failures: Failures | None


@dataclass(frozen=True)
class StudyResults:
    """A study and its results. means: of the outcomes by option, if there are levers."""

    title: str
    design: str
    uncertainties: tuple[str, ...]
    outcomes: tuple[str, ...]
    fails_when: str
    table: pd.DataFrame = field(repr=False)
    options: tuple[OptionResults, ...]
    means: pd.DataFrame | None = None
    not_installed: str = ""
    """What to install for indices and for the part of the space in which a plan fails; '' where it is."""
