"""A plan some years on: the case of a later year, in which what was decided until then stands, to be solved again.

The years before have gone as in one scenario; those that had shown themselves otherwise by then are out, the others
keep their odds. What was built is capacity that exists or comes online with its ramp, trainees under way are programmes
that take in nobody else, and what is still to be paid for plants begun is taken off the budgets. What it costs to keep
what stands is no cost of the remaining plan, and money and losses are discounted to the new first year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from planner.data.case import Case
from planner.data.cells import Row, begin_of, conditions, end_of, matching
from planner.data.odds import given_that
from planner.data.scenario_tree import Tree, scenario_tree
from planner.data.schema import Budget, Project, Shock, Training
from planner.data.table_checks import stem
from planner.errors import Fault, InputError, did_you_mean
from planner.explanation.commitments import Build, of_table
from planner.results.ledger import members, rows_of
from planner.results.plan import PlanValues
from planner.results.verify_resources import full_capex
from planner.units import musd

SLIGHT = 1e-9
"""Amounts up to which nothing was decided."""


@dataclass(frozen=True)
class _Past:
    """A plan, the year it has come to, and the scenarios that the years before allow."""

    plan: PlanValues
    year: int
    along: str
    left: tuple[str, ...]

    @property
    def case(self) -> Case:
        return self.plan.case

    def table(self, name: str) -> Iterator[Any]:
        """Rows of what happened, or is planned, in the scenario gone along."""
        for row in rows_of(self.plan.tables[name]):
            held = (
                (row.scenario,)
                if hasattr(row, "scenario")
                else members(row.scenarios, tuple(self.case.scenarios))
            )
            if self.along in held:
                yield row


OF_PLANTS = ("recoveries", "staffing", "savings", "availability", "returns")
"""Tables whose rows name plants; what was built of a plant has them as the plant has."""


def advance(plan: PlanValues, year: int, along: str = "") -> Case:
    """The case of a later year, in which all that the plan decided before it was carried out.

    along: the scenario as which the years before have gone; the likeliest history if left out. Raises InputError for a
    year beyond the horizon, and for an unknown scenario.

    >>> advance(plan, 2028).first_year
    2028
    """
    case = plan.case
    if year not in case.years[1:]:
        said = f"{year} is not one of the years from {case.first_year + 1} to {case.last_year}, when the plan has begun"
        raise InputError([Fault("--to", 0, "", said)])
    if along and along not in case.scenarios:
        said = f'unknown scenario "{along}"{did_you_mean(along, case.scenarios)}'
        raise InputError([Fault("--along", 0, "", said)])
    tree = scenario_tree(case)
    ends = [
        n
        for n in tree.nodes
        if n.year == year - 1 and n.closes_year and along in ("", *n.scenarios)
    ]
    end = max(ends, key=lambda n: (n.probability, -n.index))
    past = _Past(plan, year, along or end.scenarios[0], end.scenarios)
    plants = _Plants(past, tree)
    tables: dict[str, Any] = {
        "scenarios": _scenarios(past),
        "shocks": (*_shocks(past, plants), *plants.late),
        "projects": plants.rows,
        **{name: plants.with_copies(name) for name in OF_PLANTS},
        "stockpiles": _stocks(past),
        "workforce": _workforce(past),
        "training": _training(past),
        "budgets": _budgets(past, plants.built),
        "draws": tuple(row for row in case.tables.draws if row.scenario in past.left),
        "prices": tuple(
            row
            for row in case.tables.prices
            if row.future in {"", *past.left, *map(stem, past.left)}
        ),
    }
    update: dict[str, Any] = {"first_year": year, "last_year": case.last_year}
    model = case.model.model_copy(update={"horizon": case.model.horizon.model_copy(update=update)})
    if (through := model.policy.committed_through) is not None and through < year:
        model = model.model_copy(
            update={"policy": model.policy.model_copy(update={"committed_through": None})}
        )
    later = replace(case.tables, **tables)
    kept = (
        row for row in later.uncertainties if matching(later.rows(row.table), conditions(row.where))
    )
    return replace(case, tables=replace(later, uncertainties=tuple(kept)), model=model).checked()


def _scenarios(past: _Past) -> tuple[Row, ...]:
    """Those that are still possible, as likely as they are given what has come; draws of one storyline in proportion."""
    odds = given_that(past.case, past.left)
    bounded = any(one.room > 0 for one in odds.values())
    found = []
    for row in past.case.tables.scenarios:
        if row.scenario not in past.left:
            continue
        one = odds[row.storyline or row.scenario]
        share = one.shares[row.scenario]
        update = {"probability": share * one.probability}
        if bounded:
            update |= {"probability_low": share * one.low, "probability_high": share * one.high}
        found.append(row.model_copy(update=update))
    return tuple(found)


def _shocks(past: _Past, plants: _Plants) -> Iterator[Shock]:
    """Those of the scenarios left that are not over, and copies for what was built of the plants that they name."""
    for row in past.case.tables.shocks:
        over = row.end_year is not None and end_of(row.end_year)[0] < past.year
        if row.scenario in past.left and not over:
            begun = row.start_year is not None and begin_of(row.start_year)[0] < past.year
            kept = row.model_copy(update={"start_year": past.year}) if begun else row
            yield kept
            if row.kind == "capacity":
                yield from (
                    kept.model_copy(update={"project": copy})
                    for copy in plants.copies.get(row.project, ())
                )


class _Plants:
    """What was built before the year, as rows of its own for each build and each step of its ramp."""

    def __init__(self, past: _Past, tree: Tree) -> None:
        self._past, self._tree = past, tree
        case = past.case
        found = of_table(case, past.plan.tables["investments"])
        self.built = [
            b for b in found if b.year < past.year and past.along in b.scenarios and b.tpa > SLIGHT
        ]
        self.copies: dict[str, list[str]] = defaultdict(list)
        self.late: list[Shock] = []
        used: dict[str, float] = defaultdict(float)
        for build in self.built:
            used[build.project] += build.tpa
        own = [
            row.model_copy(update={"max_new_tpa": max(row.max_new_tpa - used[row.project], 0.0)})
            if row.project in used
            else row
            for row in case.tables.projects
        ]
        self.rows: tuple[Row, ...] = (
            *own,
            *(row for build in self.built for row in self._steps(build)),
        )

    def with_copies(self, table: str) -> tuple[Row, ...]:
        """The rows of a table that names projects, with those of what was built of them."""
        rows: list[Any] = list(self._past.case.tables.rows(table))
        copied = [
            r.model_copy(update={"project": copy})
            for r in rows
            for copy in self.copies.get(r.project, ())
        ]
        return (*rows, *copied)

    def _steps(self, build: Build) -> Iterator[Project]:
        """A row for each stretch of years in which a build has one share of its nameplate; shocks where it is later."""
        case, effects = self._past.case, self._tree.effects
        row = case.projects[build.project]
        due = build.year + row.lead_time_years
        slips = {w: effects[w].delay(build.project, due) for w in self._past.left}
        start, years = due + min(slips.values()), range(self._past.year, case.last_year + 1)
        share = {t: case.ramp_share(build.project, t - start) for t in years}
        bends = [t for t in years if t == years[0] or share[t] != share[t - 1]]
        for begins, ends in pairwise([*bends, years[-1] + 1]):
            if share[begins] > 0:
                name = f"{build.project}_{build.year}" + (f"_{begins}" if len(bends) > 1 else "")
                name = _unused(name, case.projects)
                self.copies[build.project].append(name)
                yield row.model_copy(
                    update={
                        "project": name,
                        "name": f"{row.name or build.project}, begun {build.year}",
                        "existing_tpa": build.tpa * share[begins],
                        "online_year": begins if begins > years[0] else None,
                        "retire_year": ends if ends <= years[-1] else None,
                        **{"max_new_tpa": 0.0, "unit_tpa": None, "earliest_year": None},
                    }
                )
                self.late += self._slipping(
                    name, build, slips, {t: share[t] for t in range(begins, ends)}
                )

    def _slipping(
        self, name: str, build: Build, slips: Mapping[str, int], share: Mapping[int, float]
    ) -> Iterator[Shock]:
        """What is left of one stretch where the build is later than elsewhere. share: by year of the stretch."""
        case, due = (
            self._past.case,
            build.year + self._past.case.projects[build.project].lead_time_years,
        )
        for w, slip in slips.items():
            for t in share:
                factor = case.ramp_share(build.project, t - due - slip) / share[t]
                if factor != 1.0:
                    yield Shock(
                        scenario=w,
                        kind="capacity",
                        start_year=t,
                        end_year=t,
                        project=name,
                        factor=factor,
                        leak=0.0,
                    )


def _unused(name: str, taken: Mapping[str, object]) -> str:
    while name in taken:
        name += "_"
    return name


def _stocks(past: _Past) -> tuple[Row, ...]:
    held = {
        (r.country, r.element, r.form): float(r.stock_t)
        for r in past.table("stocks")
        if int(r.year) == past.year - 1
    }
    return tuple(
        row.model_copy(
            update={"initial_t": max(held.get((row.country, row.element, row.form), 0.0), 0.0)}
        )
        for row in past.case.tables.stockpiles
    )


def _workforce(past: _Past) -> tuple[Row, ...]:
    """Staff as the year begins, those included who join then."""
    staff: dict[tuple[str, str], float] = {}
    for r in past.table("workforce"):
        if int(r.year) == past.year:
            staff.setdefault((r.country, r.skill), max(float(r.staff), 0.0))
    return tuple(
        row.model_copy(update={"initial": staff.get((row.country, row.skill), row.initial)})
        for row in past.case.tables.workforce
    )


def _training(past: _Past) -> tuple[Row, ...]:
    """Seats as they have become, and a programme for each intake that is still under way."""
    seats: dict[str, float] = defaultdict(float)
    under_way: list[Training] = []
    rows = {row.programme: row for row in past.case.tables.training}
    for r in past.table("training"):
        row, begun = rows[r.programme], int(r.year)
        if begun < past.year:
            seats[r.programme] += float(r.new_seats)
            if begun + row.duration_years > past.year and r.intake > SLIGHT:
                update = {
                    "programme": _unused(f"{row.programme}_{begun}", rows),
                    "duration_years": begun + row.duration_years - past.year,
                    "seats": float(r.intake),
                    "last_intake_year": past.year,
                    **dict.fromkeys(
                        ("max_new_seats", "cost_per_trainee_usd", "cost_per_seat_usd"), 0.0
                    ),
                }
                under_way.append(row.model_copy(update=update))
    own = (
        row.model_copy(
            update={
                "seats": row.seats + seats[row.programme],
                "max_new_seats": max(row.max_new_seats - seats[row.programme], 0.0),
            }
        )
        for row in rows.values()
    )
    return (*own, *under_way)


def _budgets(past: _Past, built: list[Build]) -> tuple[Row, ...]:
    """What is left of each funder's money: what it carries on, less what it will pay for decisions of the past."""
    case = past.case
    left = {
        (f, t): case.budget.get((f, t), 0.0)
        for f in case.reach
        for t in case.years
        if t >= past.year
    }
    paid: dict[tuple[str, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    spent: dict[str, float] = defaultdict(float)
    for r in past.table("spending"):
        paid[r.country, int(r.year)][r.funder] += float(r.musd)
        spent[r.funder] += float(r.musd) if int(r.year) < past.year else 0.0
    if case.model.policy.budget_carry_over:
        for f in case.reach:
            before = sum(case.budget.get((f, t), 0.0) for t in case.years if t < past.year)
            left[f, past.year] += max(before - spent[f], 0.0)
    for (c, t), amount in _due(past, built).items():
        whole = sum(paid[c, t].values())
        for f, part in paid[c, t].items():
            left[f, t] -= amount * part / whole
    if case.model.policy.budget_carry_over:
        for f in case.reach:
            for t in range(case.last_year, past.year, -1):  # paid out of what was carried there
                short = min(left[f, t], 0.0)
                left[f, t - 1], left[f, t] = left[f, t - 1] + short, left[f, t] - short
    return tuple(Budget(funder=f, year=t, musd=max(amount, 0.0)) for (f, t), amount in left.items())


def _due(past: _Past, built: list[Build]) -> dict[tuple[str, int], float]:
    """(country, year) -> public money still to be paid for plants begun, and for those who are hired as the year
    begins."""
    case, out = past.case, defaultdict[tuple[str, int], float](float)
    for build in built:
        years, row = case.payment_years(build.project, build.year), case.projects[build.project]
        for t in years:
            if t >= past.year:
                out[row.country, t] += (
                    build.tpa * full_capex(case, build.project) * row.public_share / len(years)
                )
    for r in past.table("workforce"):
        if int(r.year) == past.year:
            out[r.country, past.year] += float(r.hired) * musd(
                case.workforce[r.country, r.skill].hire_cost_usd
            )
    return {key: amount for key, amount in out.items() if amount > SLIGHT}
