"""What if this is not there? Each origin, ally and plant taken away from a calm year, and pairs with the largest origin.

A year is a linear program of one period: the plants, people and savings that stand by then, every factor 1, without
stocks, `rise`, targets and discounting. One program is kept for each year, and only the bounds of its columns change.
What a solution does not use can be taken away from it: then nothing is solved again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from planner.config import ModelFile
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import scenario_tree
from planner.data.schema import Staffing
from planner.errors import A_PLAN, InputError, StoppedError, fault, refuse_other
from planner.formulation.import_cover import every_demand
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import VARIABLES
from planner.planning import solve_case
from planner.results.coverage import SAME, Coverage, CoverageRow, TakenAway
from planner.results.figures.decided import builds
from planner.results.plan import Plan
from planner.solving.goals import Progress, silent
from planner.solving.highs import Columns, Solver
from planner.solving.program import Vector
from planner.solving.program_writer import Writer
from planner.solving.solution import Solution, Stop
from planner.thresholds import ROUNDING

EVERY = 5
"""Years between those that are told of by default."""
LETTERS = {variable.name: variable.letters for variable in VARIABLES}
LOSS = "loss"
"""Name of the objective that is no element."""
ORDER = ("again", "dual", "primal", "ipm")


def coverage(plan: Plan, years: Sequence[int] = (), progress: Progress = silent) -> Coverage:
    """Tell how much of demand the plan of a case serves in calm years without an origin, an ally or a plant.

    The same is told without the plan.

    years: those asked for; none: every fifth from the first, and the last. progress: called with each step in words.
    Returns shares of demand and losses (MUSD) by year, removal and element. Raises InputError for a year outside the
    horizon, StoppedError without a plan or where an optimum is not proven.

    >>> found = coverage(plan, [2030])
    """
    refuse_other(plan, Plan, A_PLAN)
    case = plan.case
    if not plan.tables:
        raise StoppedError(f"{case.name}: holds no plan ({plan.status})")
    asked = _years_of(case, years)
    rows: list[CoverageRow] = []
    for year in asked:
        progress(f"{year} with the plan")
        rows += _rows_of(CalmYear(standing_of(plan, year)), with_plan=True)
    bare = case.without_plan()
    # Who trains anyway may do so without a plan: how many is an answer of the program.
    nothing = solve_case(bare, baseline=False) if bare.programmes else None
    for year in asked:
        progress(f"{year} without the plan")
        standing = standing_without(bare, year) if nothing is None else standing_of(nothing, year)
        rows += _rows_of(CalmYear(standing), with_plan=False)
    return Coverage(rows)


def _years_of(case: Case, years: Sequence[int]) -> list[int]:
    for year in years:
        if year not in case.years:
            said = f"{year} is not a year of {case.first_year}-{case.last_year}"
            raise InputError([fault("range", "--year", 0, "", message=said, value=year)])
    default = [*range(case.first_year, case.last_year + 1, EVERY), case.last_year]
    return sorted(set(years or default))


TeamKey = tuple[str, str]
"""(country, skill)."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The plants and people of a case in a year.

    builds: project -> year of commitment and nameplate (t/y). staff: (country, skill) -> persons.
    """

    case: Case
    year: int
    builds: Mapping[str, Sequence[tuple[int, float]]]
    staff: Mapping[TeamKey, float]

    def capacity(self, project: str) -> float:
        """Capacity (t/y) before shocks: existing, and built as far as its ramp has come, in time."""
        case = self.case
        total = case.existing_tpa(project, self.year)
        lead = case.projects[project].lead_time_years
        for committed, tpa in self.builds.get(project, ()):
            age = self.year - committed - lead
            total += case.ramp_share(project, age) * tpa
        return total

    def calm_case(self) -> Case:
        """The year by itself, as a case in which nothing can be decided."""
        case = self.case
        projects = [self._as_it_stands(row.project) for row in case.tables.projects]
        workforce = []
        for row in case.tables.workforce:
            now = self.staff.get((row.country, row.skill), row.initial)
            workforce.append(row.model_copy(update={"initial": now}))
        calm = case.without_targets().with_tables(
            projects=tuple(projects),
            workforce=tuple(workforce),
            staffing=(*case.tables.staffing, *self._need_nobody()),
            scenarios=(),
            shocks=(),
            draws=(),
            stockpiles=(),
            budgets=(),
        )
        given = case.model.policy
        policy = {"coordination": given.coordination, "secondment_share": given.secondment_share}
        horizon = {"first_year": self.year, "last_year": self.year}
        model = ModelFile.model_validate({"horizon": horizon, "policy": policy, "levers": ()})
        return calm.with_model(model)

    def _as_it_stands(self, project: str) -> Any:
        """The row of a project as it is in this year, for good: neither grown nor retired."""
        row = self.case.projects[project]
        now: dict[str, float | None] = {
            "existing_tpa": self.capacity(project),
            "online_year": None,
            "retire_year": None,
            "max_new_tpa": 0.0,
            "rise": None,
            # What must run can be taken away, and to run less serves no less.
            "must_run": False,
        }
        return row.model_copy(update=now)

    def _need_nobody(self) -> Iterator[Staffing]:
        """Rows by which savings that must run, and here may, need no people, as before."""
        for project, row in self.case.projects.items():
            for skill in self.case.skills if row.must_run else ():
                yield Staffing(stage=row.stage, project=project, skill=skill, persons_per_ktpa=0.0)


def standing_of(plan: Plan, year: int) -> Standing:
    """Plants and people of a plan in a year: those of the undisturbed scenario."""
    tree = plan.amounts.trees.histories
    scenario = tree.undisturbed_scenario
    built: dict[str, list[tuple[int, float]]] = {}
    for build in builds(plan):
        if scenario in build.scenarios:
            built.setdefault(build.project, []).append((build.year, build.tpa))
    last = [node for node in tree.path_of(scenario) if tree.nodes[node].year == year][-1]
    staff = {team: float(persons[last]) for team, persons in plan.amounts.staff}
    return Standing(case=plan.case, year=year, builds=built, staff=staff)


def standing_without(case: Case, year: int) -> Standing:
    """Plants and people of a year without a plan and where nobody is trained: staff only leave."""
    staff = {}
    for (country, skill), row in case.workforce.items():
        remain = 1.0 - case.skills[skill].attrition
        staff[country, skill] = row.initial * remain ** (year - case.first_year)
    return Standing(case=case, year=year, builds={}, staff=staff)


class CalmYear:
    """The program of a year, from which things are taken away."""

    def __init__(self, standing: Standing) -> None:
        self.standing, self.case = standing, standing.calm_case()
        self.year = standing.year
        self.scope = Scope(self.case, not_covered=every_demand(scenario_tree(self.case)))
        self.program = Writer(self.scope).program()
        self.solver = Solver(self.program)
        self.demand = dict.fromkeys(self.case.elements, 0.0)
        for (_, element, _, _), tonnes in self.case.demand.items():
            self.demand[element] += tonnes
        self._goals = self._all_goals()

    def _all_goals(self) -> dict[str, Vector]:
        """Weights of the columns whose sum is the loss, and the shortfall of each element that is wanted."""
        size = len(self.program.columns)
        goals = {LOSS: np.zeros(size)}
        goals[LOSS][self.program.column["expected_loss", None]] = 1.0
        for element, tonnes in self.demand.items():
            if tonnes > 0:
                goals[element] = np.zeros(size)
        for column, (name, index) in enumerate(self.program.columns):
            if name == "shortfall" and index[1] in goals:
                goals[index[1]][column] = 1.0
        return goals

    @property
    def elements(self) -> list[str]:
        """Elements with a demand in the year."""
        return [name for name in self._goals if name != LOSS]

    @cached_property
    def origins(self) -> dict[str, float]:
        """Outside origin -> what its suppliers can sell in the year (t), though that be nothing."""
        found = dict.fromkeys(self.case.supplier_origin.values(), 0.0)
        for (supplier, *_), tonnes in self.case.import_limit.items():
            origin = self.case.supplier_origin[supplier]
            found[origin] = found.get(origin, 0.0) + tonnes
        return dict(sorted(found.items()))

    @property
    def largest_origin(self) -> str:
        """The origin with the largest sum of import limits; '' without imports."""
        return max(self.origins, key=lambda origin: self.origins[origin], default="")

    def removals(self) -> Iterator[TakenAway]:
        """All that is taken away, in order: nothing, origins, allies, plants, and pairs with the largest origin."""
        yield TakenAway()
        for origin in self.origins:
            yield TakenAway(origin=origin)
        for origin in dict.fromkeys(("", self.largest_origin)):
            for country in self.case.countries:
                yield TakenAway(origin=origin, country=country)
            for project in self.case.projects:
                yield TakenAway(origin=origin, project=project)

    def limits_of(self, removal: TakenAway) -> dict[int, float]:
        """Column -> what it is held to by a removal, at most."""
        found: dict[int, float] = {}
        for column, (name, index) in enumerate(self.program.columns):
            values = index if isinstance(index, tuple) else ()
            at = dict(zip(LETTERS.get(name, ()), values, strict=False))
            if removal.origin and name == "imported":
                found[column] = self._left_on_offer(removal.origin, (at["c"], at["e"], at["o"]))
            elif self._is_gone(removal, name, at):
                found[column] = 0.0
        return found

    def _is_gone(self, removal: TakenAway, name: str, at: Mapping[str, str]) -> bool:
        """A column that a removal leaves nothing of. at: its index by letter."""
        if name == "imported_from":
            return bool(removal.origin) and self.case.supplier_origin[at["v"]] == removal.origin
        if name == "seconded" and at["c"] == removal.country:
            return True
        if "p" not in at:
            return False
        country = self.case.projects[at["p"]].country
        return at["p"] == removal.project or country == removal.country

    def _left_on_offer(self, origin: str, good: Good) -> float:
        """Tonnes of a good that suppliers of other origins can sell in the year."""
        left = 0.0
        for (supplier, *of, _), tonnes in self.case.import_limit.items():
            if tuple(of) == good and self.case.supplier_origin[supplier] != origin:
                left += tonnes
        return left

    def least(self, goal: str, limits: Mapping[int, float]) -> Solution:
        """The least of a goal with some columns held. Raises StoppedError without a proven optimum."""
        columns: Columns = np.array(list(limits), dtype=np.int32)
        low, high = self.program.lower[columns], self.program.upper[columns]
        held = np.minimum(high, np.array(list(limits.values())))
        self.solver.hold(columns, np.maximum(low, np.minimum(held, 0.0)), held)
        found = self.solver.minimise_sum(self._goals[goal], ORDER, goal)
        self.solver.hold(columns, low, high)
        if found.stop is not Stop.OPTIMAL:
            raise StoppedError(f"{self.year}: no proven optimum without something ({found.stop})")
        return found

    def value(self, goal: str, solution: Solution) -> float:
        """Loss (MUSD), or the share of an element's demand that is served."""
        least = float(self._goals[goal] @ solution.x)
        return max(least if goal == LOSS else 1.0 - least / self.demand[goal], 0.0)

    def goals(self) -> Iterable[str]:
        """The loss, then each element."""
        return self._goals


def _rows_of(year: CalmYear, with_plan: bool) -> Iterator[CoverageRow]:
    """Rows of one year; those of projects that change nothing are left out."""
    known: dict[TakenAway, dict[str, Solution]] = {}
    for removal in year.removals():
        base = TakenAway(origin=removal.origin) if removal.is_pair else TakenAway()
        found = _answers(year, removal, known.get(base))
        if not (removal.country or removal.project):
            known[removal] = found
        told, before = _figures(year, found), _figures(year, known[base])
        costlier = abs(told[LOSS] - before[LOSS]) > SAME * (1.0 + before[LOSS])
        for element in year.elements:
            changed = costlier or abs(told[element] - before[element]) > SAME
            if changed or not removal.project:
                yield CoverageRow(
                    plan=with_plan,
                    year=year.year,
                    removal=removal,
                    element=element,
                    served_share=told[element],
                    loss_musd=told[LOSS],
                )


def _figures(year: CalmYear, found: Mapping[str, Solution]) -> dict[str, float]:
    return {goal: year.value(goal, solution) for goal, solution in found.items()}


def _answers(
    year: CalmYear, removal: TakenAway, base: Mapping[str, Solution] | None
) -> dict[str, Solution]:
    """The optimum of each goal without something. base: those without the first of a pair, or without nothing."""
    limits = year.limits_of(removal)
    held = np.array(list(limits), dtype=int)
    most = np.array(list(limits.values()))
    out = {}
    for goal in year.goals():
        before = None if base is None else base[goal]
        if before is not None and not np.any(np.abs(before.x[held]) > most + ROUNDING):
            out[goal] = before
        else:
            out[goal] = year.least(goal, limits)
    return out
