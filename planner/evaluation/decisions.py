"""Decisions of a plan that an evaluation fixes, and payments for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.errors import Fault, InputError, did_you_mean
from planner.results.figures.decided import decided_along, paid_along
from planner.results.plan import Plan
from planner.solving.engine import FixedAmounts

FixedPayments = Mapping[tuple[str, int], float]
"""(funder, year) -> payment for decisions (MUSD)."""
PlannedRuns = Mapping[tuple[str, int], float]
"""(project, year) -> throughput (t), as capacity counts it."""
ALL = ""
"""Entry for decisions that all storylines share."""
SAME = 1e-6
"""Relative difference of equal decisions."""
NOT_ONE_PATH = (
    "decides otherwise in other histories; only decisions of a plan that is committed or staged can "
    "be held fixed"
)


@dataclass(frozen=True)
class FixedDecisions:
    """Builds, new seats, intake and hires of a plan with their payments, by storyline.

    The entry `ALL` stands for every storyline with the same decisions. runs: throughput of plants with `rise` on the
    undisturbed history of the plan.
    """

    amounts: Mapping[str, FixedAmounts]
    payments: Mapping[str, FixedPayments]
    runs: PlannedRuns = field(default_factory=dict)

    def storyline_of(self, storyline: str) -> str:
        """Entry of a storyline. Raises InputError without one."""
        if ALL in self.amounts:
            return ALL
        if storyline not in self.amounts:
            unknown = f'has no decisions for the storyline "{storyline}"'
            message = unknown + did_you_mean(storyline, self.amounts)
            raise InputError([Fault("RUN", 0, "scenarios", message)])
        return storyline


NO_DECISIONS = FixedDecisions(amounts={ALL: {}}, payments={ALL: {}})
"""Existing plants, staff and stocks only."""


def fixed_decisions(plan: Plan) -> FixedDecisions:
    """Decisions of a plan: one path, or with `staged` one for each storyline.

    Raises InputError if decisions differ between the histories of one storyline.
    """
    case = plan.case
    policy = case.model.policy.investment
    likeliest = max(case.scenarios, key=lambda scenario: case.scenarios[scenario])
    leaders = {ALL: likeliest}
    scenarios = [likeliest] if policy == "committed" else list(case.scenarios)
    paths = {scenario: decided_along(plan, scenario) for scenario in scenarios}
    if not all(_same(path, paths[likeliest]) for path in paths.values()):
        leaders = {}
        for scenario, path in paths.items():
            leader = leaders.setdefault(case.lookups.storylines[scenario], scenario)
            if policy == "adaptive" or not _same(path, paths[leader]):
                raise InputError([Fault("RUN", 0, "policy.investment", NOT_ONE_PATH)])
    return FixedDecisions(
        amounts={storyline: paths[leader] for storyline, leader in leaders.items()},
        payments={storyline: paid_along(plan, leader) for storyline, leader in leaders.items()},
        runs=planned_runs(plan),
    )


def planned_runs(plan: Plan) -> PlannedRuns:
    """Throughput of plants with `rise` in the undisturbed scenario."""
    case = plan.case
    scenarios = list(case.scenarios)
    warm = [project for project in case.projects if case.lookups.has_rise(project)]
    if not warm:
        return {}
    book = plan.amounts.by_scenario
    tree = book.tree
    chosen = tree.undisturbed_scenario
    row = scenarios.index(chosen)
    runs: dict[tuple[str, int], float] = defaultdict(float)
    for project in warm:
        throughput = book.loads[project].reshape(len(scenarios), -1)[row]
        for node, tonnes in zip(tree.path_of(chosen), throughput.tolist(), strict=True):
            year = tree.nodes[node].year
            runs[project, year] += tonnes
    return dict(runs)


def single_path(plan: Plan) -> FixedAmounts:
    """Decisions of a plan with one path. Raises InputError for others."""
    decisions = fixed_decisions(plan)
    if ALL not in decisions.amounts:
        message = "decides by storyline; only one path of decisions can be held fixed here"
        raise InputError([Fault("RUN", 0, "policy.investment", message)])
    return decisions.amounts[ALL]


def _same(one: FixedAmounts, other: FixedAmounts) -> bool:
    for key in one.keys() | other.keys():
        here, there = one.get(key, 0.0), other.get(key, 0.0)
        if abs(here - there) > SAME * (1 + abs(there)):
            return False
    return True
