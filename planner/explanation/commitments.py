"""What a plan commits, beside it the plan that is decided anew each year, knowing what has happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from planner.data.case import Case
from planner.data.stages import stages_told
from planner.explanation.counterfactuals import Optimum
from planner.results.figures.decided import Build

SLIGHT = 0.01
"""Share of what could be built that counts as building it."""


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
