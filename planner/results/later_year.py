"""A plan some years on: the case of a later year, in which what was decided until then stands, to be solved again.

The years before have gone as in one scenario; those that had shown themselves otherwise by then are out, the others
keep their odds. What was built is capacity that exists or comes online with its ramp, trainees under way are programmes
that take in nobody else, and what is still to be paid for plants begun is taken off the budgets. What it costs to keep
what stands is no cost of the remaining plan, and money and losses are discounted to the new first year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

from planner.config import ModelFile, TargetKeys
from planner.data.case import Case
from planner.data.cells import Row, begin_of, conditions, end_of, matching
from planner.data.scenario_tree import Tree, scenario_tree
from planner.data.schema import Budget, PlantOwner, Project, Shock, Target, Training
from planner.data.shock_effects import year_of
from planner.data.table_checks import stem
from planner.errors import A_PLAN, Fault, InputError, refuse_other, refuse_unknown
from planner.results.figures.decided import Build, builds
from planner.results.plan import Plan
from planner.results.reader import members, rows_of
from planner.thresholds import ROUNDING
from planner.units import musd

OF_PLANTS = ("recoveries", "staffing", "savings", "availability", "returns")
"""Tables whose rows name plants; what was built of a plant has them as the plant has."""
LIMITS = {"savings": "max_share", "availability": "tonnes"}
"""Tables with the most that a plant may do however large it is, and the column that says it."""
AnyTarget = TypeVar("AnyTarget", Target, TargetKeys)
CountryYear = tuple[str, int]
FunderYear = tuple[str, int]


@dataclass(frozen=True)
class _Past:
    """A plan, the year it has come to, and the scenarios that the years before allow."""

    plan: Plan
    year: int
    along: str
    left: tuple[str, ...]

    @property
    def case(self) -> Case:
        return self.plan.case

    def table(self, name: str) -> Iterator[Any]:
        """Rows of what happened, or is planned, in the scenario gone along."""
        everyone = tuple(self.case.scenarios)
        for row in rows_of(self.plan.tables[name]):
            is_of_one = hasattr(row, "scenario")
            held = (row.scenario,) if is_of_one else members(row.scenarios, everyone)
            if self.along in held:
                yield row


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

    Examples
    --------
    >>> advance(plan, 2028).first_year
    2028
    """
    refuse_other(plan, Plan, A_PLAN)
    case = plan.case
    _refuse(case, year, along)
    tree = scenario_tree(case)
    past = _past(plan, tree, year, along)
    plants = _Plants(past, tree)
    tables: dict[str, Any] = {
        "scenarios": _scenarios(past),
        "shocks": (*_shocks(past, plants), *plants.late),
        "projects": plants.rows,
        "owners": plants.owners(),
        "stockpiles": _stocks(past),
        "workforce": _workforce(past),
        "training": _training(past),
        "budgets": _budgets(past, plants.built),
        "draws": tuple(row for row in case.tables.draws if row.scenario in past.left),
        "prices": _prices(past),
        "targets": _targets(past, case.tables.targets),
    }
    for name in OF_PLANTS:
        tables[name] = plants.with_copies(name)
    later = replace(case.tables, **tables)
    kept = []
    for row in later.uncertainties:
        if matching(later.rows(row.table), conditions(row.where)):
            kept.append(row)
    later = replace(later, uncertainties=tuple(kept))
    return replace(case, tables=later, model=_model(past)).checked()


def _refuse(case: Case, year: int, along: str) -> None:
    """Raise InputError for a year beyond the horizon, or an unknown scenario."""
    if year not in case.years[1:]:
        first, last = case.first_year + 1, case.last_year
        said = f"{year} is not one of the years from {first} to {last}, when the plan has begun"
        raise InputError([Fault("year", 0, "", said)])
    if along:
        refuse_unknown("along", "scenario", along, case.scenarios)


def _past(plan: Plan, tree: Tree, year: int, along: str) -> _Past:
    """The history up to a year: the likeliest, or that of one scenario."""
    ends = []
    for node in tree.nodes:
        is_last = node.year == year - 1 and node.closes_year
        if is_last and (not along or along in node.scenarios):
            ends.append(node)
    end = max(ends, key=lambda node: (node.probability, -node.index))
    return _Past(plan, year, along or end.scenarios[0], end.scenarios)


def _model(past: _Past) -> ModelFile:
    """The model file from a year on; what committed decisions to a year that is over is gone."""
    model = past.case.model
    years = {"first_year": past.year, "last_year": past.case.last_year}
    update = {
        "horizon": model.horizon.model_copy(update=years),
        "targets": _targets(past, model.targets),
    }
    model = model.model_copy(update=update)
    through = model.policy.committed_through
    if through is not None and through < past.year:
        policy = model.policy.model_copy(update={"committed_through": None})
        model = model.model_copy(update={"policy": policy})
    return model


def _scenarios(past: _Past) -> tuple[Row, ...]:
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


def _shocks(past: _Past, plants: _Plants) -> Iterator[Shock]:
    """Shocks of the scenarios left that are not over, and copies for the builds of the plants that they name."""
    for row in past.case.tables.shocks:
        over = row.end_year is not None and end_of(row.end_year)[0] < past.year
        if over or row.scenario not in past.left:
            continue
        begun = row.start_year is not None and begin_of(row.start_year)[0] < past.year
        kept = row.model_copy(update={"start_year": past.year}) if begun else row
        yield kept
        if row.kind == "capacity":
            for copy in plants.copies.get(row.project, ()):
                yield kept.model_copy(update={"project": copy})


def _prices(past: _Past) -> tuple[Row, ...]:
    """Price decks for every future, and for the scenarios left or what they were drawn from."""
    futures = {"", *past.left, *(stem(scenario) for scenario in past.left)}
    return tuple(row for row in past.case.tables.prices if row.future in futures)


def _targets(past: _Past, rows: Iterable[AnyTarget]) -> tuple[AnyTarget, ...]:
    """Targets of all scenarios, of those left, and of storylines of which one is left, in years that are left."""
    storylines: set[str] = {
        row.storyline for row in past.case.tables.scenarios if row.scenario in past.left
    }
    asked_of = {"", *past.left, *storylines}
    found = []
    for row in rows:
        over = row.last_year is not None and row.last_year < past.year
        if row.scenario not in asked_of or over:
            continue
        begun = row.first_year is not None and row.first_year < past.year
        found.append(row.model_copy(update={"first_year": past.year}) if begun else row)
    return tuple(found)


# ---- plants ----------------------------------------------------------------------------------------------------------


class _Plants:
    """The builds of before the year, each as rows of its own, one for each step of its ramp."""

    def __init__(self, past: _Past, tree: Tree) -> None:
        self._past, self._tree = past, tree
        self.built = _built_before(past)
        self.copies: dict[str, list[str]] = defaultdict(list)
        self.nameplate: dict[str, float] = {}
        """Of each copy, whatever share of it its stretch of the ramp has (t/y)."""
        self._start: dict[str, int] = {}
        """Year of the first output of what each copy is of."""
        self.late: list[Shock] = []
        self._built_of: dict[str, float] = defaultdict(float)
        """Nameplate built of a project (t/y)."""
        for build in self.built:
            self._built_of[build.project] += build.tpa
        rows: list[Row] = []
        for row in past.case.tables.projects:
            if row.project in self._built_of:
                left = max(row.max_new_tpa - self._built_of[row.project], 0.0)
                row = row.model_copy(update={"max_new_tpa": left})
            rows.append(row)
        for build in self.built:
            rows += self._steps(build)
        self.rows: tuple[Row, ...] = tuple(rows)

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

    def owners(self) -> tuple[PlantOwner, ...]:
        """Owners of plants, and of what was built of them: that runs, or is being built."""
        own = self._past.case.tables.owners
        copied: list[PlantOwner] = []
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
        message = (
            f'what "{row.project}" may do at most ({table}: {row.element}) differs from year to year: it cannot be '
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
        for year in range(self._past.year, case.last_year + 1):
            demands.add(case.demand.get((*good, year), 0.0))
        for scenario in self._past.left:
            for (*shocked, period), factor in self._tree.effects[scenario].demand.items():
                if tuple(shocked) == good and year_of(period) >= self._past.year:
                    demands.add(factor * case.demand[*good, year_of(period)])
        return {row.max_share * demand / row.tonnes for demand in demands}

    def _steps(self, build: Build) -> Iterator[Project]:
        """A row for each stretch of years in which a build has one share of its nameplate; shocks where it is later."""
        case = self._past.case
        row = case.projects[build.project]
        due = build.year + row.lead_time_years
        slips = self._slips(build.project, due)
        start = due + min(slips.values())
        years = range(self._past.year, case.last_year + 1)
        share = {year: case.lookups.ramp_share(build.project, year - start) for year in years}
        bends = []
        for year in years:
            if year == years[0] or share[year] != share[year - 1]:
                bends.append(year)
        for begins, ends in pairwise([*bends, years[-1] + 1]):
            if share[begins] <= 0:
                continue
            name = f"{build.project}_{build.year}"
            if len(bends) > 1:
                name = f"{name}_{begins}"
            name = _unused(name, case.projects)
            self.copies[build.project].append(name)
            self.nameplate[name] = build.tpa
            self._start[name] = start
            stretch = {
                "project": name,
                "name": f"{row.name or build.project}, begun {build.year}",
                "existing_tpa": build.tpa * share[begins],
                "online_year": begins if begins > years[0] else None,
                "retire_year": ends if ends <= years[-1] else None,
                "max_new_tpa": 0.0,
                "unit_tpa": None,
                "earliest_year": None,
            }
            yield row.model_copy(update=stretch)
            of_stretch = {year: share[year] for year in range(begins, ends)}
            self.late += self._slipping(name, build, slips, of_stretch)

    def _slips(self, project: str, due: int) -> dict[str, int]:
        """Years by which a plant that is due in a year is late, by scenario left."""
        effects = self._tree.effects
        return {scenario: effects[scenario].delay(project, due) for scenario in self._past.left}

    def _slipping(
        self, name: str, build: Build, slips: Mapping[str, int], share: Mapping[int, float]
    ) -> Iterator[Shock]:
        """Shocks that leave of one stretch what is usable where the build is later than elsewhere.

        slips: scenario -> years late. share: year of the stretch -> usable share of nameplate without a slip.
        """
        case = self._past.case
        due = build.year + case.projects[build.project].lead_time_years
        for scenario, slip in slips.items():
            for year, whole in share.items():
                factor = case.lookups.ramp_share(build.project, year - due - slip) / whole
                if factor != 1.0:
                    yield Shock(
                        scenario=scenario,
                        kind="capacity",
                        start_year=year,
                        end_year=year,
                        project=name,
                        factor=factor,
                        leak=0.0,
                    )


def _is_divided(built: float, others: float, part: float, room: float) -> bool:
    """Of a limit what was built has all that it can use in its part, and what else there is or may be in the rest."""
    used = min(built, room)
    rest = min(others, room - used)
    slack = ROUNDING * max(room, 1.0)
    return part * room >= used - slack and (1 - part) * room >= rest - slack


def _built_before(past: _Past) -> list[Build]:
    """Builds of the plan before the year along the history; those below `ROUNDING` t/y are none."""
    found = []
    for build in builds(past.plan):
        if build.year < past.year and past.along in build.scenarios and build.tpa > ROUNDING:
            found.append(build)
    return found


def _unused(name: str, taken: Mapping[str, object]) -> str:
    while name in taken:
        name += "_"
    return name


# ---- stocks and people -----------------------------------------------------------------------------------------------


def _stocks(past: _Past) -> tuple[Row, ...]:
    """Stocks as the year before has left them."""
    held = {}
    for row in past.table("stocks"):
        if int(row.year) == past.year - 1:
            held[row.country, row.element, row.form] = float(row.stock_t)
    found = []
    for row in past.case.tables.stockpiles:
        left = held.get((row.country, row.element, row.form), 0.0)
        found.append(row.model_copy(update={"initial_t": max(left, 0.0)}))
    return tuple(found)


def _workforce(past: _Past) -> tuple[Row, ...]:
    """Staff as the year begins, those included who join then."""
    staff: dict[tuple[str, str], float] = {}
    for row in past.table("workforce"):
        if int(row.year) == past.year:
            staff.setdefault((row.country, row.skill), max(float(row.staff), 0.0))
    found = []
    for row in past.case.tables.workforce:
        now = staff.get((row.country, row.skill), row.initial)
        found.append(row.model_copy(update={"initial": now}))
    return tuple(found)


def _training(past: _Past) -> tuple[Row, ...]:
    """Seats as they have become, and a programme for each intake that is still under way."""
    seats: dict[str, float] = defaultdict(float)
    under_way: list[Training] = []
    rows = {row.programme: row for row in past.case.tables.training}
    for intake in past.table("training"):
        row, begun = rows[intake.programme], int(intake.year)
        if begun >= past.year:
            continue
        seats[intake.programme] += float(intake.new_seats)
        ends = begun + row.duration_years
        if ends > past.year and intake.intake > ROUNDING:
            update = {
                "programme": _unused(f"{row.programme}_{begun}", rows),
                "duration_years": ends - past.year,
                "seats": float(intake.intake),
                "last_intake_year": past.year,
                "max_new_seats": 0.0,
                "cost_per_trainee_usd": 0.0,
                "cost_per_seat_usd": 0.0,
            }
            under_way.append(row.model_copy(update=update))
    own = []
    for row in rows.values():
        new = seats[row.programme]
        left = max(row.max_new_seats - new, 0.0)
        own.append(row.model_copy(update={"seats": row.seats + new, "max_new_seats": left}))
    return (*own, *under_way)


# ---- money -----------------------------------------------------------------------------------------------------------


def _budgets(past: _Past, built: list[Build]) -> tuple[Row, ...]:
    """Budgets from the year on (MUSD): each funder's own, with money carried on, less payments for decisions of the
    past."""
    case = past.case
    carries = case.model.policy.budget_carry_over
    left: dict[FunderYear, float] = {}
    for funder in case.lookups.reach:
        for year in range(past.year, case.last_year + 1):
            left[funder, year] = case.budget.get((funder, year), 0.0)
    if carries:
        _carry_on(past, left)
    paid = _paid(past)
    for (country, year), amount in _due(past, built).items():
        of_funders = paid[country, year]
        whole = sum(of_funders.values())
        for funder, part in of_funders.items():
            left[funder, year] -= amount * part / whole
    if carries:
        _pay_earlier(past, left)
    found = []
    for (funder, year), amount in left.items():
        found.append(Budget(funder=funder, year=year, musd=max(amount, 0.0)))
    return tuple(found)


def _paid(past: _Past) -> Mapping[CountryYear, Mapping[str, float]]:
    """(country, year) -> funder -> payments (MUSD) along the history, planned ones too."""
    paid: dict[CountryYear, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in past.table("spending"):
        paid[row.country, int(row.year)][row.funder] += float(row.musd)
    return paid


def _carry_on(past: _Past, left: dict[FunderYear, float]) -> None:
    """Add what funders have not spent before the year to what they have in it."""
    case = past.case
    spent: dict[str, float] = defaultdict(float)
    for row in past.table("spending"):
        if int(row.year) < past.year:
            spent[row.funder] += float(row.musd)
    for funder in case.lookups.reach:
        before = [year for year in case.years if year < past.year]
        given = sum(case.budget.get((funder, year), 0.0) for year in before)
        left[funder, past.year] += max(given - spent[funder], 0.0)


def _pay_earlier(past: _Past, left: dict[FunderYear, float]) -> None:
    """Take what a year lacks out of the year before, from which it was carried there."""
    for funder in past.case.lookups.reach:
        for year in range(past.case.last_year, past.year, -1):
            short = min(left[funder, year], 0.0)
            left[funder, year - 1] += short
            left[funder, year] -= short


def _due(past: _Past, built: list[Build]) -> dict[CountryYear, float]:
    """(country, year) -> public money still to be paid for plants begun, and for those who are hired as the year
    begins."""
    case = past.case
    out = defaultdict[CountryYear, float](float)
    for build in built:
        row = case.projects[build.project]
        years = case.lookups.payment_years(build.project, build.year)
        whole = build.tpa * case.lookups.public_capex(build.project)
        for year in years:
            if year >= past.year:
                out[row.country, year] += whole / len(years)
    for team in past.table("workforce"):
        if int(team.year) == past.year:
            cost = case.lookups.workforce[team.country, team.skill].hire_cost_usd
            out[team.country, past.year] += float(team.hired) * musd(cost)
    return {key: amount for key, amount in out.items() if amount > ROUNDING}
