"""New capacity that a plan commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from planner.data.case import Case
from planner.results.figures.decided import Build

SLIGHT = 0.01
"""Share of what could be built that counts as building it."""


def expected_tpa(builds: Iterable[Build]) -> dict[str, float]:
    """Expected new capacity (t/y) by project."""
    out: dict[str, float] = defaultdict(float)
    for build in builds:
        out[build.project] += build.probability * build.tpa
    return dict(out)


def is_built(case: Case, project: str, tpa: float) -> bool:
    """Capacity (t/y) is more than a hundredth of what could be built."""
    return tpa > SLIGHT * case.projects[project].max_new_tpa


def built(case: Case, builds: Iterable[Build]) -> dict[str, float]:
    """Expected new capacity (t/y) of the projects of which more than a hundredth of what could be built is built."""
    return {p: tpa for p, tpa in sorted(expected_tpa(builds).items()) if is_built(case, p, tpa)}
