"""What a plan commits: its builds, and beside it the plan that is decided anew each year, knowing what has happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.lookups import MAGNET
from planner.data.scenario_tree import Node, decision_tree, scenario_tree
from planner.results.explanation import Commitment, Flexibility
from planner.results.ledger import members, rows
from planner.results.schema import STAGE_ITEMS
from planner.results.verify_money import full_capex
from planner.solving.program import Key

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
    """The rows of the table `investments`."""
    everyone = tuple(case.scenarios)
    found: Iterable[Any] = rows(table)
    return [
        Build(str(r.project), int(r.year), float(r.tpa), members(str(r.scenarios), everyone), float(r.probability))
        for r in found
    ]


def decision_nodes(case: Case) -> Sequence[Node]:
    """The nodes on which a case's investment decisions live."""
    return decision_tree(scenario_tree(case))[0].nodes


def of_decisions(nodes: Sequence[Node], decisions: Mapping[Key, float]) -> list[Build]:
    """The builds among decisions on these nodes."""
    return [
        Build(index[0], nodes[index[1]].year, tpa, nodes[index[1]].scenarios, nodes[index[1]].probability)
        for (name, index), tpa in decisions.items()
        if name == "build"
    ]


def expected_tpa(builds: Iterable[Build]) -> dict[str, float]:
    """Expected new capacity (t/y) by project."""
    out: dict[str, float] = defaultdict(float)
    for build in builds:
        out[build.project] += build.probability * build.tpa
    return dict(out)


def is_built(case: Case, project: str, tpa: float) -> bool:
    """Whether capacity is more than a hundredth of what could be built."""
    return tpa > SLIGHT * case.projects[project].max_new_tpa


def capital_by_stage(case: Case, builds: Iterable[Build]) -> dict[str, float]:
    """Expected capital (MUSD, not discounted) by stage."""
    present = {row.stage for row in case.projects.values()}
    out = {stage: 0.0 for stage in STAGE_ITEMS if stage != MAGNET or MAGNET in present}
    for project, tpa in expected_tpa(builds).items():
        out[case.projects[project].stage] += tpa * full_capex(case, project)
    return out


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
    since = {b.project: b.year for b in sorted(committed, key=lambda b: -b.year)}
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
            since.get(project),
            full_capex(case, project),
        )
        if is_built(case, project, found.most) or is_built(case, project, found.committed):
            out.append(found)
    order = sorted(
        out, key=lambda c: (-c.sure * c.capital, -c.expected * c.capital, -c.committed * c.capital, c.project)
    )
    return Flexibility(order)
