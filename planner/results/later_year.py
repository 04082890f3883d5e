"""A plan some years on: the case of a later year, in which what was decided until then stands, to be solved again.

The years before have gone as in one scenario; those that had shown themselves otherwise by then are out, the others
keep their odds. What was built is capacity that exists or comes online with its ramp, trainees under way are programmes
that take in nobody else, and what is still to be paid for plants begun is taken off the budgets. What it costs to keep
what stands is no cost of the remaining plan, and money and losses are discounted to the new first year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from planner.cells import Row
from planner.config import ModelFile
from planner.data.case import Case, ranges_of_rows, with_other_scenarios
from planner.data.scenario_tree import Tree
from planner.data.schema import Budget, Hazard, Project, Scenario, Shock, Training
from planner.data.shock_effects import year_of
from planner.errors import A_PLAN, Fault, InputError, refuse_other, refuse_unknown
from planner.results.costs import charges
from planner.results.figures.decided import Decided, decided_along, payments_along
from planner.results.plan import Plan, no_plan
from planner.thresholds import ROUNDING

OF_PLANTS = ("recoveries", "staffing", "savings", "availability", "returns")
"""Tables whose rows name plants; what was built of a plant has them as the plant has."""
LIMITS = {"savings": "max_share", "availability": "tonnes"}
"""Tables with the most that a plant may do however large it is, and the column that says it."""
FunderYear = tuple[str, int]


@dataclass(frozen=True)
class _Past:
    """A plan, the year it has come to, the scenario as which it has gone, and those that the years before allow."""

    plan: Plan
    year: int
    along: str
    left: tuple[str, ...]

    @property
    def case(self) -> Case:
        """The case of the plan."""
        return self.plan.case

    @property
    def tree(self) -> Tree:
        """The histories of the case."""
        return self.plan.amounts.trees.histories

    @cached_property
    def place(self) -> int:
        """The place of the scenario among all."""
        return list(self.case.scenarios).index(self.along)

    @property
    def years(self) -> range:
        """The years that are left."""
        return range(self.year, self.case.last_year + 1)

    @cached_property
    def decided(self) -> Decided:
        """All decisions along the history."""
        return decided_along(self.plan, self.along)

    def decided_before(self, kind: str) -> Iterator[tuple[str, int, float]]:
        """Builds, intake or new seats of before the year: of what, in which year, how much."""
        for (name, key), amount in self.decided.items():
            if name == kind and key[1] < self.year and amount > ROUNDING:
                yield *key, amount

    def node_of(self, year: int, *, closing: bool = False) -> int:
        """The node with which a year of the history begins or closes."""
        of_year = [n for n in self.tree.path_of(self.along) if self.tree.nodes[n].year == year]
        return of_year[-1 if closing else 0]


def advance(plan: Plan, year: int, along: str = "") -> Case:
    """The case of a later year, in which all that the plan decided before it was carried out.

    Parameters
    ----------
    plan
        A plan, proven or not.
    year
        The new first year, within the horizon.
    along
        The scenario as which the years before have gone; the likeliest history if left out.

    Returns
    -------
    Case
        The case from that year on; what was built by then exists.

    Raises
    ------
    InputError
        For a year beyond the horizon, and for an unknown scenario.
    InfeasibleError
        For the plan of a case that has none.
    StoppedError
        For a run that was stopped before there was a plan.

    Examples
    --------
    >>> advance(plan, 2028).first_year
    2028
    """
    refuse_other(plan, Plan, A_PLAN)
    if not plan.tables:
        raise no_plan(plan, plan.case.name)
    _refuse(plan.case, year, along)
    past = _past(plan, year, along)
    case = plan.case
    plants = _Plants(past)
    shocks = [row for row in case.tables.shocks if row.scenario in past.left]
    shocks = [*plants.with_shocks(shocks), *plants.late]
    other = with_other_scenarios(case, _scenarios(past), shocks, case.tables.draws)
    tables: dict[str, Any] = {
        "projects": plants.rows,
        "stockpiles": _stocks(past),
        "workforce": _workforce(past),
        "training": _training(past),
        "budgets": _budgets(past),
        "hazards": tuple(_hazards(past)),
        "owners": plants.owners(),
        "uncertainties": case.tables.uncertainties,
    }
    for name in OF_PLANTS:
        tables[name] = plants.with_copies(name)
    later = replace(other.tables, **tables)
    later = replace(later, uncertainties=tuple(ranges_of_rows(later)))
    return replace(case, tables=later, model=_model(other.model, past)).checked()


def _refuse(case: Case, year: int, along: str) -> None:
    """Raise InputError for a year beyond the horizon, or an unknown scenario."""
    if year not in case.years[1:]:
        first, last = case.first_year + 1, case.last_year
        said = f"{year} is not one of the years from {first} to {last}, when the plan has begun"
        raise InputError([Fault("year", 0, "", said)])
    if along:
        refuse_unknown("along", "scenario", along, case.scenarios)


def _past(plan: Plan, year: int, along: str) -> _Past:
    """The history up to a year: the likeliest, or that of one scenario."""
    ends = []
    for node in plan.amounts.trees.histories.nodes:
        is_last = node.year == year - 1 and node.closes_year
        if is_last and (not along or along in node.scenarios):
            ends.append(node)
    end = max(ends, key=lambda node: (node.probability, -node.index))
    return _Past(plan, year, along or end.scenarios[0], end.scenarios)


def _model(model: ModelFile, past: _Past) -> ModelFile:
    """The model file from a year on; what committed decisions to a year that is over is gone."""
    years = {"first_year": past.year, "last_year": past.case.last_year}
    through = model.policy.committed_through
    if through is not None and through < past.year:
        through = None
    update = {
        "horizon": model.horizon.model_copy(update=years),
        "policy": model.policy.model_copy(update={"committed_through": through}),
    }
    return model.model_copy(update=update)


def _scenarios(past: _Past) -> tuple[Scenario, ...]:
    """Scenarios that are still possible, as likely among each other as they were; bounds move as probabilities do."""
    rows = [row for row in past.case.tables.scenarios if row.scenario in past.left]
    whole = sum(row.probability for row in rows)
    is_open = whole > 0 and len(rows) > 1
    found = []
    for row in rows:
        update: dict[str, float | None] = {
            "probability": row.probability / whole if whole > 0 else 1 / len(rows),
            "probability_low": None,
            "probability_high": None,
        }
        low, high = row.probability_low, row.probability_high
        if is_open and low is not None and high is not None:
            update |= {"probability_low": low / whole, "probability_high": min(high / whole, 1.0)}
        found.append(row.model_copy(update=update))
    return tuple(found)


def _hazards(past: _Past) -> Iterator[Hazard]:
    """Hazards that may happen within scenarios that are left; of an event the first row says within which."""
    over: set[str] = set()
    for row in past.case.tables.hazards:
        within = tuple(scenario for scenario in row.within if scenario in past.left)
        if row.within and not within:
            over.add(row.event)
        elif not row.event or row.event not in over:
            yield row.model_copy(update={"within": within})


# ---- plants ----------------------------------------------------------------------------------------------------------


class _Plants:
    """The builds of before the year, each as rows of its own, one for each step of its ramp."""

    def __init__(self, past: _Past) -> None:
        self._past = past
        self.copies: dict[str, list[str]] = defaultdict(list)
        self.nameplate: dict[str, float] = {}
        """Of each copy, whatever share of it its stretch of the ramp has (t/y)."""
        self._start: dict[str, int] = {}
        """Year of the first output of what each copy is of."""
        self.late: list[Shock] = []
        self._built_of: dict[str, float] = defaultdict(float)
        """Nameplate built of a project (t/y)."""
        copies: list[Row] = []
        for project, begun, tpa in past.decided_before("build"):
            self._built_of[project] += tpa
            copies += self._steps(project, begun, tpa)
        rows: list[Row] = []
        for row in past.case.tables.projects:
            left = max(row.max_new_tpa - self._built_of.get(row.project, 0.0), 0.0)
            rows.append(row.model_copy(update={"max_new_tpa": left}))
        self.rows = (*rows, *copies)

    def with_shocks(self, rows: Iterable[Shock]) -> Iterator[Shock]:
        """Shocks that are not over, and copies for what was built of the plants that they name."""
        for row in rows:
            if row.start_year is None and row.end_year and year_of(row.end_year) < self._past.year:
                continue  # with the new horizon it would end before it begins
            yield row
            if row.kind == "capacity":
                for copy in self.copies.get(row.project, ()):
                    yield row.model_copy(update={"project": copy})

    def with_copies(self, table: str) -> tuple[Row, ...]:
        """The rows of a table that names projects, with those of what was built of them."""
        own: list[Any] = []
        copied: list[Any] = []
        rows: Sequence[Any] = self._past.case.tables.rows(table)
        for row in rows:
            parts = self._parts(row, table)
            for plant in (row.project, *self.copies.get(row.project, ())):
                update: dict[str, object] = {"project": plant}
                if parts:
                    column = LIMITS[table]
                    update[column] = getattr(row, column) * parts[plant]
                (own if plant == row.project else copied).append(row.model_copy(update=update))
        return (*own, *copied)

    def owners(self) -> tuple[Row, ...]:
        """Owners of plants, and of what was built of them: that runs, or is being built."""
        own = self._past.case.tables.owners
        copied: list[Row] = []
        for row in own:
            for copy in self.copies.get(row.project, ()):
                status = "runs" if self._start[copy] <= self._past.year else "building"
                copied.append(row.model_copy(update={"project": copy, "status": status}))
        return (*own, *copied)

    def _parts(self, row: Any, table: str) -> dict[str, float]:
        """Plant -> its part of a limit that holds for all that a project is; {} where a table has none or nothing was built.

        What stands takes as much of the limit as it can use, and all of it in proportion where that is too little; what
        may still be built has the rest. Raises InputError where one division does that for no more than some years.
        """
        if table not in LIMITS or row.project not in self.copies:
            return {}
        plant = self._past.case.projects[row.project]
        built = self._built_of[row.project]
        others = plant.existing_tpa + max(plant.max_new_tpa - built, 0.0)
        rooms = self._rooms(row, table)
        for room in sorted(rooms, reverse=True):
            whole = max(plant.existing_tpa + built, room)
            if all(_is_divided(built, others, built / whole, limit) for limit in rooms):
                parts = {copy: self.nameplate[copy] / whole for copy in self.copies[row.project]}
                parts[row.project] = 1 - built / whole
                return parts
        limit_of = table if table == "availability" else f"{table}: {row.element}"
        message = (
            f'what "{row.project}" may do at most ({limit_of}) differs from year to year: it cannot be '
            "divided between what was built of it by then and what may still be built"
        )
        remedy = "advance to a year before it is built, or solve with no more of it to be built"
        raise InputError([Fault("year", 0, "", message, remedy=remedy)])

    def _rooms(self, row: Any, table: str) -> set[float]:
        """The capacities that a limit has room for (t/y), in the years that are left, with what shocks do to demand."""
        case = self._past.case
        if table == "availability":
            return {float(row.tonnes)}
        good = (case.projects[row.project].country, row.element, row.form)
        demands: set[float] = set()
        for year in self._past.years:
            demands.add(case.demand.get((*good, year), 0.0))
        for scenario in self._past.left:
            for (*shocked, period), factor in self._past.tree.effects[scenario].demand.items():
                if tuple(shocked) == good and year_of(period) >= self._past.year:
                    demands.add(factor * case.demand[*good, year_of(period)])
        return {row.max_share * demand / row.tonnes for demand in demands}

    def _steps(self, project: str, begun: int, tpa: float) -> Iterator[Project]:
        """A row for each stretch of years in which a build has one share of its nameplate; shocks where it is later."""
        case = self._past.case
        row = case.projects[project]
        schedule = case.lookups.schedules[project]
        due = begun + schedule.first_output
        effects = self._past.tree.effects
        slips = {scenario: effects[scenario].delay(project, due) for scenario in self._past.left}
        start = due + min(slips.values())
        years = self._past.years
        share = {year: schedule.output_share(year - begun - min(slips.values())) for year in years}
        bends = []
        for year in years:
            if year == years[0] or share[year] != share[year - 1]:
                bends.append(year)
        for begins, ends in pairwise([*bends, years[-1] + 1]):
            if share[begins] <= 0:
                continue
            name = f"{project}_{begun}"
            if len(bends) > 1:
                name = f"{name}_{begins}"
            name = _unused(name, case.projects)
            self.copies[project].append(name)
            self.nameplate[name] = tpa
            self._start[name] = start
            stretch = {
                "project": name,
                "name": f"{row.name or project}, begun {begun}",
                "existing_tpa": tpa * share[begins],
                "online_year": begins if begins > years[0] else None,
                "retire_year": ends if ends <= years[-1] else None,
                "max_new_tpa": 0.0,
                "unit_tpa": None,
                "earliest_year": None,
            }
            yield row.model_copy(update=stretch)
            for scenario, slip in slips.items():
                for year in range(begins, ends):
                    usable = schedule.output_share(year - begun - slip)
                    if usable != share[year]:
                        self.late.append(_slipping(scenario, name, year, usable / share[year]))


def _slipping(scenario: str, project: str, year: int, factor: float) -> Shock:
    """The shock that leaves of what stands what is usable in a scenario in which it comes later."""
    return Shock(
        scenario=scenario,
        kind="capacity",
        start_year=year,
        end_year=year,
        project=project,
        factor=factor,
        leak=0.0,
    )


def _is_divided(built: float, others: float, part: float, room: float) -> bool:
    """Of a limit what was built has all that it can use in its part, and what else there is or may be in the rest."""
    used = min(built, room)
    rest = min(others, room - used)
    slack = ROUNDING * max(room, 1.0)
    return part * room >= used - slack and (1 - part) * room >= rest - slack


def _unused(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


# ---- stocks and people -----------------------------------------------------------------------------------------------


def _stocks(past: _Past) -> tuple[Row, ...]:
    """Stocks as the year before has left them."""
    node = past.node_of(past.year - 1, closing=True)
    found = []
    for row in past.case.tables.stockpiles:
        held = past.plan.amounts.stock[row.country, row.element, row.form]
        found.append(row.model_copy(update={"initial_t": max(float(held[node]), 0.0)}))
    return tuple(found)


def _workforce(past: _Past) -> tuple[Row, ...]:
    """Staff as the year begins, those included who join then."""
    staff = past.plan.amounts.people["staff"]
    node = past.node_of(past.year)
    found = []
    for row in past.case.tables.workforce:
        team = row.country, row.skill
        now = max(float(staff[team][node]), 0.0) if team in staff.places else row.initial
        found.append(row.model_copy(update={"initial": now}))
    return tuple(found)


def _training(past: _Past) -> tuple[Row, ...]:
    """Seats as they have become, and a programme for each intake that is still under way."""
    rows = {row.programme: row for row in past.case.tables.training}
    seats: dict[str, float] = defaultdict(float)
    for programme, _, added in past.decided_before("new_seats"):
        seats[programme] += added
    under_way: list[Training] = []
    for programme, begun, persons in past.decided_before("intake"):
        ends = begun + rows[programme].duration_years
        if ends > past.year:
            update = {
                "programme": _unused(f"{programme}_{begun}", rows),
                "duration_years": ends - past.year,
                "seats": persons,
                "last_intake_year": past.year,
                "max_new_seats": 0.0,
                "cost_per_trainee_usd": 0.0,
                "cost_per_seat_usd": 0.0,
            }
            under_way.append(rows[programme].model_copy(update=update))
    own = []
    for programme, row in rows.items():
        new = seats[programme]
        left = max(row.max_new_seats - new, 0.0)
        own.append(row.model_copy(update={"seats": row.seats + new, "max_new_seats": left}))
    return (*own, *under_way)


# ---- money -----------------------------------------------------------------------------------------------------------


def _budgets(past: _Past) -> tuple[Row, ...]:
    """Budgets from the year on (MUSD): each funder's own, with money carried on, less payments for decisions of the
    past, which funders share as they pay in that country and year."""
    case = past.case
    paid = _paid(past)
    left: dict[FunderYear, float] = {}
    for funder in case.lookups.reach:
        for year in case.years:
            left[funder, year] = case.budget.get((funder, year), 0.0)
    for (funder, _, year), amount in paid.items():
        if year < past.year:
            left[funder, year] -= amount
    for country, year, amount in _due(past):
        payers = {funder: paid.get((funder, country, year), 0.0) for funder in case.lookups.reach}
        whole = sum(payers.values())
        for funder, part in payers.items():
            left[funder, year] -= amount * part / whole
    if case.model.policy.budget_carry_over:
        _carry(past, left)
    found = []
    for (funder, year), amount in left.items():
        if year >= past.year:
            found.append(Budget(funder=funder, year=year, musd=max(amount, 0.0)))
    return tuple(found)


def _paid(past: _Past) -> dict[tuple[str, str, int], float]:
    """(funder, country, year) -> payments (MUSD) along the history, planned ones too."""
    paid: dict[tuple[str, str, int], float] = defaultdict(float)
    for (funder, country, _), year, amount in payments_along(past.plan, past.along):
        paid[funder, country, year] += amount
    return paid


def _carry(past: _Past, left: dict[FunderYear, float]) -> None:
    """Add what funders have left of the years before to the first, and take what a year lacks out of the year before."""
    for funder in past.case.lookups.reach:
        before = [left[funder, year] for year in past.case.years if year < past.year]
        left[funder, past.year] += max(sum(before), 0.0)
        for year in range(past.case.last_year, past.year, -1):
            short = min(left[funder, year], 0.0)
            left[funder, year - 1] += short
            left[funder, year] -= short


def _due(past: _Past) -> Iterator[tuple[str, int, float]]:
    """Public money (MUSD) still to be paid for plants begun, and for those who are hired as the year begins: country,
    year, amount."""
    for charge in charges(past.plan.amounts.by_scenario):
        is_begun = charge.decided < past.year <= charge.year
        joins_now = charge.part == "hires" and charge.year == past.year
        amount = float(charge.paid_musd[past.place])
        if (is_begun or joins_now) and amount > ROUNDING:
            yield charge.country, charge.year, amount
