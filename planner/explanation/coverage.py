"""What if this is not there? Each origin, ally and plant taken away from a calm year, and pairs with the largest origin.

A year is a case of one period: the plants, people and savings that stand by then, every factor 1, without stocks, `rise`,
targets and discounting. What is taken away is a change of it. What a solution does not use can be taken away from it:
then nothing is solved again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from planner.config import ModelFile
from planner.data.case import Case, with_model, with_other_scenarios, with_rows, without_targets
from planner.data.change import Change, cells_changed
from planner.data.changed_case import Changer
from planner.data.schema import Staffing
from planner.errors import A_PLAN, InputError, StoppedError, fault, refuse_other
from planner.formulation.whole_program import VARIABLES
from planner.planning import solve_case
from planner.results.coverage import SAME, Coverage, TakenAway
from planner.results.figures.decided import builds
from planner.results.plan import Plan, no_plan, refuse_own_rules
from planner.results.schema import COVERAGE
from planner.solving.engine import Engine, OfFirstGoal, Question, Solved
from planner.solving.goals import Progress, silent
from planner.solving.program import Vector
from planner.solving.solution import Stop
from planner.thresholds import ROUNDING

EVERY = 5
"""Years between those that are told of by default."""
LETTERS = {variable.name: variable.letters for variable in VARIABLES}
LOSS = "loss"
"""Name of the figure that is no element's."""
ORDER = ("again", "dual", "primal", "ipm")


def coverage(plan: Plan, years: Sequence[int] = (), progress: Progress = silent) -> Coverage:
    """How much of demand a calm year serves without an origin, an ally or a plant, with the plan and without one.

    Parameters
    ----------
    plan
        A proven plan.
    years
        Those asked for; none: every fifth from the first, and the last.
    progress
        Called with each step in words.

    Returns
    -------
    Coverage
        Shares of demand (0 to 1) and losses (MUSD) by year, removal and element.

    Raises
    ------
    InputError
        For a year outside the horizon.
    InfeasibleError
        For the plan of a case that has none.
    StoppedError
        Without a plan, or where an optimum is not proven.

    Examples
    --------
    >>> found = coverage(plan, [2030])
    >>> found.rows["year"].unique().tolist()
    [2030]
    """
    refuse_other(plan, Plan, A_PLAN)
    case = plan.case
    if not plan.tables:
        raise no_plan(plan, case.name)
    refuse_own_rules(plan, "coverage", fixed=True)
    asked = _years_of(case, years)
    rows: list[tuple[Any, ...]] = []
    for year in asked:
        progress(f"{year} with the plan")
        rows += _rows_of(calm_year(plan, year), with_plan="true")
    bare = case.without_plan()
    # Who trains anyway may do so without a plan: how many is an answer of the program.
    nothing = solve_case(bare, baseline=False)
    for year in asked:
        progress(f"{year} without the plan")
        rows += _rows_of(calm_year(nothing, year), with_plan="false")
    columns = [column.name for column in COVERAGE.columns]
    return Coverage(pd.DataFrame(rows, columns=columns))


def _years_of(case: Case, years: Sequence[int]) -> list[int]:
    for year in years:
        if year not in case.years:
            said = f"{year} is not a year of {case.first_year}-{case.last_year}"
            raise InputError([fault("range", "years", 0, "", message=said, value=year)])
    default = [*range(case.first_year, case.last_year + 1, EVERY), case.last_year]
    return sorted(set(years or default))


TeamKey = tuple[str, str]
"""(country, skill)."""


AS_IT_STANDS: Mapping[str, object] = {
    "online_year": None,
    "retire_year": None,
    "max_new_tpa": 0.0,
    "rise": None,
    # What must run can be taken away, and to run less serves no less.
    "must_run": False,
}
"""Cells of a project that neither grows nor retires."""


def calm_case(
    case: Case,
    year: int,
    builds: Mapping[str, Sequence[tuple[int, float]]],
    staff: Mapping[TeamKey, float],
) -> Case:
    """A year by itself, as a case in which nothing can be decided.

    builds: project -> year of commitment and nameplate (t/y). staff: (country, skill) -> persons.
    """
    projects = []
    for row in case.tables.projects:
        stands = _capacity(case, row.project, year, builds.get(row.project, ()))
        projects.append(row.model_copy(update={**AS_IT_STANDS, "existing_tpa": stands}))
    workforce = []
    for team in case.tables.workforce:
        now = staff.get((team.country, team.skill), team.initial)
        workforce.append(team.model_copy(update={"initial": now}))
    calm = with_rows(
        with_other_scenarios(without_targets(case), (), (), ()),
        projects=tuple(projects),
        workforce=tuple(workforce),
        staffing=(*case.tables.staffing, *_need_nobody(case)),
        uncertainties=(),
        stockpiles=(),
        budgets=(),
    )
    given = case.model.policy
    policy = {"coordination": given.coordination, "secondment_share": given.secondment_share}
    horizon = {"first_year": year, "last_year": year}
    model = ModelFile.model_validate({"horizon": horizon, "policy": policy, "levers": ()})
    return with_model(calm, model)


def _capacity(case: Case, project: str, year: int, builds: Iterable[tuple[int, float]]) -> float:
    """Capacity (t/y) before shocks: existing, and built as far as its ramp has come, in time."""
    total = case.lookups.existing_tpa(project, year)
    schedule = case.lookups.schedules[project]
    for committed, tpa in builds:
        total += schedule.output_share(year - committed) * tpa
    return total


def _need_nobody(case: Case) -> Iterator[Staffing]:
    """Rows by which savings that must run, and here may, need no people, as before."""
    for project, row in case.projects.items():
        for skill in case.lookups.skills if row.must_run else ():
            yield Staffing(stage=row.stage, project=project, skill=skill, persons_per_ktpa=0.0)


def calm_year(plan: Plan, year: int) -> CalmYear:
    """A year with the plants and people of a plan: those of the undisturbed scenario."""
    tree = plan.amounts.trees.histories
    scenario = tree.undisturbed_scenario
    built: dict[str, list[tuple[int, float]]] = {}
    for build in builds(plan):
        if scenario in build.scenarios:
            built.setdefault(build.project, []).append((build.year, build.tpa))
    last = [node for node in tree.path_of(scenario) if tree.nodes[node].year == year][-1]
    staff = {team: float(persons[last]) for team, persons in plan.amounts.people["staff"]}
    return CalmYear(calm_case(plan.case, year, built, staff))


# ---- a calm year, and what is taken away from it ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Served:
    """Figures of a calm year: the least `loss` (MUSD), and for each element the largest share of its demand that is served.

    used: figure -> names of all that its optimum uses (`origin:X`, `country:C`, `project:P`). The removal of anything else
    leaves the figure as it is.
    """

    figures: dict[str, float]
    used: Mapping[str, frozenset[str]]


def served(asked: Collection[str], solved: Solved) -> Served:
    """The figures of a calm year: its least loss, and the largest served share of the elements in `asked`."""
    case = solved.scope.case
    figures = {LOSS: max(solved.outcome.values["risk"], 0.0)}
    used = {LOSS: frozenset(_used(solved, solved.point))}
    solved.solver.reset_bounds()  # each figure is what it is if nothing else mattered
    places = solved.program.columns_of("shortfall")
    for element, tonnes in _demand(case).items():
        if element not in asked:
            continue
        short = np.zeros(len(solved.program.columns))
        for column in places:
            _, index = solved.program.columns[column]
            short[column] = float(index[1] == element)
        best = solved.solver.minimise_sum(short, ORDER, element)
        if best.stop is not Stop.OPTIMAL:
            raise StoppedError(f"{case.first_year}: no proven optimum for {element} ({best.stop})")
        figures[element] = max(1.0 - float(short @ best.x) / tonnes, 0.0)
        used[element] = frozenset(_used(solved, best.x))
    return Served(figures=figures, used=used)


def _demand(case: Case) -> dict[str, float]:
    """Element -> demand (t) of all goods, where there is some."""
    demand = dict.fromkeys(case.elements, 0.0)
    for (_, element, _, _), tonnes in case.demand.items():
        demand[element] += tonnes
    return {element: tonnes for element, tonnes in demand.items() if tonnes > 0}


def _used(solved: Solved, x: Vector) -> Iterator[str]:
    """What a point (n) uses: suppliers, by their origins, plants and the countries that they stand in, people lent."""
    case = solved.scope.case
    for column in np.flatnonzero(np.abs(x) > ROUNDING).tolist():
        name, index = solved.program.columns[column]
        if not isinstance(index, tuple):
            continue
        at = dict(zip(LETTERS.get(name, ()), index, strict=False))
        if name == "imported":
            for supplier in solved.scope.suppliers[index[:3]]:
                yield f"origin:{case.lookups.supplier_origin[supplier]}"
        elif name == "imported_from":
            yield f"origin:{case.lookups.supplier_origin[at['v']]}"
        elif name == "seconded":
            yield f"country:{at['c']}"
        elif "p" in at:
            yield f"project:{at['p']}"
            yield f"country:{case.projects[at['p']].country}"


class CalmYear:
    """A year of a plan, from which things are taken away, each as a change of its case."""

    def __init__(self, case: Case) -> None:
        """case: as `calm_case` makes it."""
        self.case, self.year = case, case.first_year

    @cached_property
    def origins(self) -> dict[str, float]:
        """Outside origin -> what its suppliers can sell in the year (t), though that be nothing."""
        found = dict.fromkeys(self.case.lookups.supplier_origin.values(), 0.0)
        for (supplier, *_), tonnes in self.case.lookups.import_limit.items():
            origin = self.case.lookups.supplier_origin[supplier]
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

    def question(self, removal: TakenAway) -> Question:
        """The changes of the case of the year that take something away, as a question."""
        changes: list[Change] = []
        if removal.origin:
            for supplier in sorted({row.supplier for row in self.case.tables.imports}):
                if self.case.lookups.supplier_origin[supplier] == removal.origin:
                    of = {"supplier": supplier}
                    changes.append(cells_changed("imports", of, "tonnes", 0.0))
        if removal.project:
            changes += self._without_project(removal.project)
        if removal.country:
            changes += self._without_country(removal.country)
        return Question.of(*changes)

    def _without_project(self, project: str) -> Iterator[Change]:
        """No capacity of a plant or saving; and a feed of which nothing counts, which takes none, counts, lest it pass."""
        of = {"project": project}
        yield cells_changed("projects", of, "existing_tpa", 0.0)
        if self.case.lookups.stage_of(project).separates:
            feeds = self.case.projects[project].feeds
            if any(self.case.lookups.capacity_use(project, feed) == 0 for feed in feeds):
                yield cells_changed("projects", of, "basis", "treo")

    def _without_country(self, country: str) -> Iterator[Change]:
        """No plants, savings and people of a country; its demand and imports stay."""
        for project, row in self.case.projects.items():
            if row.country == country:
                yield from self._without_project(project)
        if any(team.country == country for team in self.case.tables.workforce):
            yield cells_changed("workforce", {"country": country}, "initial", 0.0)

    def answers(self) -> dict[TakenAway, Served]:
        """Removal -> what the year comes to without it. Where no plan uses what is taken away nothing is asked."""
        engine = Engine(self.case)
        every = [LOSS, *_demand(self.case)]
        found: dict[TakenAway, Served] = {}
        for base in (TakenAway(), *(TakenAway(origin=origin) for origin in self.origins)):
            found |= self._asked(engine, {base: base}, every)
        for origin in dict.fromkeys(("", self.largest_origin)):
            base = TakenAway(origin=origin)
            if origin:
                # A program without an origin is another one, in which all else is there.
                engine = Engine(self.question(base).on(Changer(self.case)))
            before = found[base]
            later = [one for one in self.removals() if one.origin == origin and one != base]
            by_figures: dict[tuple[str, ...], dict[TakenAway, TakenAway]] = defaultdict(dict)
            for removal in later:
                thing = replace(removal, origin="")
                moved = tuple(name for name in every if thing.name in before.used[name])
                by_figures[moved][removal] = thing
            found |= dict.fromkeys(by_figures.pop((), {}), before)
            for moved, things in by_figures.items():
                for removal, answer in self._asked(engine, things, moved).items():
                    found[removal] = replace(answer, figures=before.figures | answer.figures)
        return found

    def _asked(
        self, engine: Engine, removals: Mapping[TakenAway, TakenAway], figures: Collection[str]
    ) -> dict[TakenAway, Served]:
        """Removal -> some figures of the year without it. removals: each with what is left to take away from the
        case of the engine."""
        chain = [self.question(thing) for thing in removals.values()]
        ((_, answers),) = engine.answered([chain], OfFirstGoal(partial(served, figures)))
        found = {}
        for removal, answer in zip(removals, answers, strict=True):
            found[removal] = answer.get(f"{self.year} without {removal.name}")
        return found


def _rows_of(year: CalmYear, *, with_plan: str) -> Iterator[tuple[Any, ...]]:
    """Rows of one year; those of projects that change nothing are left out."""
    answers = year.answers()
    for removal in year.removals():
        base = TakenAway(origin=removal.origin) if removal.is_pair else TakenAway()
        told, before = answers[removal].figures, answers[base].figures
        costlier = abs(told[LOSS] - before[LOSS]) > SAME * (1.0 + before[LOSS])
        for element in told:
            if element == LOSS:
                continue
            changed = costlier or abs(told[element] - before[element]) > SAME
            if changed or not removal.project:
                served_share = told[element]
                yield year.year, removal.name, element, served_share, told[LOSS], with_plan
