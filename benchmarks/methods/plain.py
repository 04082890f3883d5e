"""The usual way: Pyomo rules, Pyomo's own HiGHS interface at its defaults, all phases of the goal cold, values read
back."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import TerminationCondition
from pyomo.environ import Objective, Var

from benchmarks.clock import Clock
from benchmarks.opened import opened
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Tree
from planner.data.stages import MAGNET, METAL, OXIDE
from planner.formulation import pyomo_model
from planner.formulation.index_sets import Scope

HOLD_SHARE, HOLD_MUSD = 1e-6, 1e-6
PHASES = {
    "risk": (
        ("risk", "risk", HOLD_SHARE),
        ("cost", "cost", HOLD_SHARE),
        ("risk_at_cost", "risk", HOLD_SHARE),
    ),
    "welfare": (("welfare", "welfare", HOLD_SHARE),),
}
"""Goal -> name of each phase, the column it minimises, and the share by which it may worsen in later ones."""
FORMS = (OXIDE, METAL, MAGNET)


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: the case, as `opened` takes it, unreduced (may be absent), time_limit (s, per phase)."""
    if job.get("unreduced"):
        switch_reductions_off()
    with clock.section("load"):
        case = opened(job)
    with clock.section("build"):
        m = pyomo_model.build_model(case)
    objectives: dict[str, float] = {}
    status = "optimal"
    m.goal.deactivate()
    for phase, column, slack in PHASES[case.model.objective.goal]:
        with clock.section("solve"):
            found = _solve(m, column, float(job["time_limit"]), clock)
        if found is None:
            status = "time_limit"
            break
        objectives[phase] = found
        m.component(column).setub(found * (1 + slack_of(case, phase, slack)) + HOLD_MUSD)
    objectives.pop("risk_at_cost", None)
    with clock.section("read"):
        values = {var.name: var.value for var in m.component_data_objects(ctype=Var)}
    return {"status": status, "objectives": objectives, "values": len(values)}


def slack_of(case: Case, phase: str, slack: float) -> float:
    """The share by which a phase may worsen later: what the model says of the first, `slack` of the others."""
    return case.model.objective.risk_slack if phase == "risk" else slack


def _solve(m: Any, phase: str, time_limit: float, clock: Clock) -> float | None:
    """Minimise one column with a fresh solver. None if the time was up."""
    if m.component("phase") is not None:
        m.del_component("phase")
    m.phase = Objective(expr=m.component(phase))
    solver = SolverFactory("highs")
    solver.config.time_limit = time_limit
    solver.config.load_solutions = False
    solver.config.raise_exception_on_nonoptimal_result = False
    with clock.section("hand over"):
        solver.set_instance(m)
    clock.watch(solver._solver_model, "run", "run")
    results = solver.solve(m)
    if results.termination_condition != TerminationCondition.convergenceCriteriaSatisfied:
        return None
    results.solution_loader.load_vars()
    return float(m.component(phase).value)


class Unreduced(Scope):
    """A scope without the merging of nodes and funders, and without leaving out what imports cover."""

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """Every good may be short everywhere, so imports cover no node and no good for good."""
        everywhere = frozenset(n.index for n in self.tree.nodes)
        return dict.fromkeys(
            ((c, e, o) for c in self.case.countries for e in self.case.elements for o in FORMS),
            everywhere,
        )

    @cached_property
    def funder_groups(self) -> dict[str, tuple[str, ...]]:
        """Every funder with money has its own account."""
        return {
            funder: (funder,)
            for funder in sorted({f for (f, _), amount in self.case.budget.items() if amount > 0})
        }

    @cached_property
    def capacity_node(self) -> dict[tuple[str, int], int]:
        """Every node has its own."""
        return {(p, n): n for p, nodes in self.open_nodes.items() for n in nodes}

    @cached_property
    def account_tree(self) -> Tree:
        """Every history has its own."""
        return self.tree

    @cached_property
    def staffing_tree(self) -> Tree:
        """Every history has its own."""
        return self.tree


def switch_reductions_off() -> None:
    """Write the program as one would at first: every node has operations, capacity, accounts and people of its own.

    Patches planner.formulation.pyomo_model in this process only.
    """
    pyomo_model.Scope = Unreduced
