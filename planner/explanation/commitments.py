"""What a plan commits, beside it the plan that is decided anew each year, knowing what has happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.stages import stages_told
from planner.explanation.counterfactuals import Optimum
from planner.results.explanation import Commitment, Flexibility
from planner.results.ledger import members, rows_of
from planner.results.signs import SignReader

SLIGHT = 0.01
"""Share of what could be built that counts as building it."""


@dataclass(frozen=True)
class Build:
    """New capacity (t/y) committed in a year, in the scenarios that share the decision."""

    project: str
    year: int
    tpa: float
    scenarios: tuple[str, ...]
    probability: float


def of_table(case: Case, table: pd.DataFrame) -> list[Build]:
    """Builds in the order of the rows of a table `investments`."""
    everyone = tuple(case.scenarios)
    rows: Iterable[Any] = rows_of(table)
    found = []
    for row in rows:
        build = Build(
            project=str(row.project),
            year=int(row.year),
            tpa=float(row.tpa),
            scenarios=members(str(row.scenarios), everyone),
            probability=float(row.probability),
        )
        found.append(build)
    return found


def of_optimum(best: Optimum) -> list[Build]:
    """Builds among the decisions of the optimum of a counterfactual."""
    found = []
    for (name, index), tpa in best.decisions.items():
        if name != "build":
            continue
        project, place = index
        node = best.nodes[place]
        build = Build(
            project=project,
            year=node.year,
            tpa=tpa,
            scenarios=node.scenarios,
            probability=node.probability,
        )
        found.append(build)
    return found


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


def capital_by_stage(case: Case, builds: Iterable[Build]) -> dict[str, float]:
    """Expected capital (MUSD, not discounted) by stage."""
    present = {row.stage for row in case.projects.values()}
    out: dict[str, float] = {stage.name: 0.0 for stage in stages_told(present)}
    for project, tpa in expected_tpa(builds).items():
        out[case.projects[project].stage] += tpa * case.full_capex(project)
    return out


@dataclass
class _Path:
    """The builds of a project under a plan that answers: t/y by scenario, t/y at once, the year of the first decision,
    and the scenarios and years of those that not all share."""

    by_scenario: dict[str, float]
    at_once: float = 0.0
    first_year: int | None = None
    answers: list[tuple[Sequence[str], int]] = field(default_factory=list)


def flexibility(
    case: Case, adaptive: Sequence[Build], committed: Sequence[Build], *, staged: bool
) -> Flexibility:
    """Each project that either plan builds, the one with the most capital in any case first.

    adaptive: the builds of a plan that answers; staged: it answers the storylines alone, not the single draws.
    """
    reader = SignReader(case, staged=staged)
    paths = _paths(case, adaptive)
    given = expected_tpa(committed)
    since: dict[str, int] = {}
    for build in committed:
        since[build.project] = min(build.year, since.get(build.project, build.year))
    out = []
    for project in {*paths, *given}:
        path = paths.get(project, _Path(dict.fromkeys(case.scenarios, 0.0)))
        found = _commitment(
            case,
            project,
            path,
            committed=given.get(project, 0.0),
            committed_year=since.get(project),
        )
        years = [year for _, year in path.answers]
        signs = reader.signs(path.answers)
        found = replace(found, signs=signs, answers_in=min(years, default=None))
        if is_built(case, project, found.most) or is_built(case, project, found.committed):
            out.append(found)
    return Flexibility(sorted(out, key=_most_capital))


def _paths(case: Case, builds: Sequence[Build]) -> dict[str, _Path]:
    """Project -> its builds under a plan that answers."""
    paths: dict[str, _Path] = {}
    for build in builds:
        path = paths.get(build.project)
        if path is None:
            path = paths[build.project] = _Path(dict.fromkeys(case.scenarios, 0.0))
        for scenario in build.scenarios:
            path.by_scenario[scenario] += build.tpa
        if path.first_year is None or build.year < path.first_year:
            path.first_year = build.year
        if len(build.scenarios) == len(case.scenarios):
            path.at_once += build.tpa
        elif is_built(case, build.project, build.tpa):
            path.answers.append((build.scenarios, build.year))
    return paths


def _commitment(
    case: Case, project: str, path: _Path, *, committed: float, committed_year: int | None
) -> Commitment:
    """The commitment to a project: what a plan that answers builds of it (t/y) at once, in any case, expected and at
    most; beside it what the plan that decides once builds."""
    expected = chance = 0.0
    for scenario, tpa in path.by_scenario.items():
        expected += case.scenarios[scenario] * tpa
        if is_built(case, project, tpa):
            chance += case.scenarios[scenario]
    sizes = path.by_scenario.values()
    return Commitment(
        project=project,
        at_once=path.at_once,
        sure=min(sizes),
        expected=expected,
        most=max(sizes),
        probability=min(chance, 1.0),
        first_year=path.first_year,
        committed=committed,
        committed_year=committed_year,
        capital=case.full_capex(project),
    )


def _most_capital(of: Commitment) -> tuple[float, float, float, str]:
    """Sort key by capital (MUSD): spent in any case, then expected, then spent by the plan that decides once; most
    first."""
    return -of.sure * of.capital, -of.expected * of.capital, -of.committed * of.capital, of.project
