"""What a plan commits that answers what has shown itself, beside the plan that decides everything once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from planner.data.case import Case
from planner.inquiry.builds import Build, expected_tpa, is_built
from planner.reporting.explanation import Commitment, Flexibility
from planner.results.verify_money import full_capex


def flexibility(case: Case, adaptive: Sequence[Build], committed: Sequence[Build]) -> Flexibility:
    """Each project that either plan builds, the one with the most capital in any case first."""
    path: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(case.scenarios, 0.0))
    first: dict[str, int] = {}
    at_once: dict[str, float] = defaultdict(float)
    for build in adaptive:
        for w in build.scenarios:
            path[build.project][w] += build.tpa
        first[build.project] = min(build.year, first.get(build.project, build.year))
        if len(build.scenarios) == len(case.scenarios):
            at_once[build.project] += build.tpa
    given = expected_tpa(committed)
    out = []
    for project in {*path, *given}:
        by_scenario = path[project]
        chance = sum(case.scenarios[w] for w, tpa in by_scenario.items() if is_built(case, project, tpa))
        found = Commitment(
            project,
            at_once[project],
            min(by_scenario.values()),
            sum(case.scenarios[w] * tpa for w, tpa in by_scenario.items()),
            max(by_scenario.values()),
            min(chance, 1.0),
            first.get(project),
            given.get(project, 0.0),
            full_capex(case, project),
        )
        if is_built(case, project, found.most) or is_built(case, project, found.committed):
            out.append(found)
    order = sorted(
        out, key=lambda c: (-c.sure * c.capital, -c.expected * c.capital, -c.committed * c.capital, c.project)
    )
    idle = [w for w in case.scenarios if not any(is_built(case, p, by[w]) for p, by in path.items())]
    return Flexibility(sum(case.scenarios[w] for w in idle), order)
