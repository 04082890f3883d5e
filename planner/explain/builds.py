"""What a plan builds, read from its tables or from the decisions of an answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.tree import Node, committed_tree, scenario_tree
from planner.results.ledger import members, rows
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
    adaptive = case.model.policy.investment == "adaptive"
    return (scenario_tree(case) if adaptive else committed_tree(case)).nodes


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
    out = dict.fromkeys(("mine", "separation", "metal"), 0.0)
    for project, tpa in expected_tpa(builds).items():
        out[case.projects[project].stage] += tpa * full_capex(case, project)
    return out
