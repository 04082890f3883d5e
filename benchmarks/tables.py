"""Repetitions -> medians and spreads by label."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import numpy as np

from benchmarks.process import Run


@dataclass(frozen=True)
class Row:
    """The repetitions of one label. Contended ones are left out where three others are there."""

    label: str
    runs: tuple[Run, ...]
    left_out: int

    @property
    def failed(self) -> str:
        """Why it has no figures, or ''."""
        return next((run.failed for run in self.runs if run.failed), "")

    @property
    def waited(self) -> bool:
        """Its process waited for others, so that seconds on the wall say nothing of it."""
        return any(run.contended for run in self.runs)

    @property
    def wall(self) -> float:
        """Median, s."""
        return median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Median, s."""
        return median(run.cpu for run in self.runs)

    @property
    def peak_mb(self) -> float:
        """Median peak memory, MB."""
        return median(run.peak_mb for run in self.runs)

    def spread(self, clock: str) -> float:
        """Distance of the quartiles of wall or cpu, s."""
        values = [getattr(run, clock) for run in self.runs]
        if len(values) < 2:
            return 0.0
        low, _, high = quantiles(values, n=4, method="inclusive")
        return high - low

    def section(self, name: str, clock: str = "cpu") -> float:
        """Median of a section, s."""
        return median(run.section(name, clock) for run in self.runs)

    def figure(self, name: str) -> Any:
        """A figure of the last repetition."""
        return self.runs[-1].figures.get(name)


def rows(runs: list[Run]) -> dict[str, Row]:
    """By label, in the order in which they were first measured."""
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run.label, []).append(run)
    out = {}
    for label, group in grouped.items():
        calm = [run for run in group if not run.contended]
        kept = calm if len(calm) >= 3 else group
        out[label] = Row(label, tuple(kept), len(group) - len(kept))
    return out


def exponent(sizes: list[float], seconds: list[float]) -> float:
    """Slope of log seconds against log size, least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
