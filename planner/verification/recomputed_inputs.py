"""Inputs per scenario and period, recomputed from the rows of the tables.

Demand, imports, prices, capacity, ramps, delays and instalments do not use the scenario tree or the look-ups of the program.
Shared with the program are: the parser of rows and units; which row applies where several could (steps of the loss, resale,
staffing, returns, recoveries); groups, programmes and funding scope; countries and years of a target; the division of years
into periods, and which scenarios share a node.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from planner.cells import Row, begin_of, end_of, grouped_by
from planner.data.case import Case
from planner.data.lookups import Good, Series
from planner.data.scenario_tree import Vector
from planner.data.schema import Ramp, ScheduleYear, Shock
from planner.data.shock_effects import Period, length_of, year_of
from planner.results.scenario_amounts import ScenarioAmounts
from planner.results.scenario_inputs import DueShares, ScenarioInputs
from planner.units import musd, musd_per_tonne

KINDS = ("import", "price", "demand", "capacity", "delay")
CELLS = ("supplier", "country", "element", "form", "stage", "project")
"""Kinds of shocks, and their cells that name what they hit."""
Named = tuple[tuple[str, tuple[str, ...]], ...]
"""Kind and `CELLS` of some shocks."""


# ---- rows that shocks do not touch -----------------------------------------------------------------------------------


def years_to_output(case: Case, project: str) -> int:
    """Years from the decision to first output: by the table `schedule`, or the lead time."""
    years = [
        row.year for row in case.tables.schedule if row.project == project and row.output_share > 0
    ]
    return min(years, default=case.projects[project].lead_time_years)


def may_be_committed(case: Case, project: str, year: int) -> bool:
    """New capacity may be committed in a year: of what can grow, not before its earliest, and due within the horizon."""
    row = case.projects[project]
    earliest = case.first_year if row.earliest_year is None else row.earliest_year
    is_time = (
        max(earliest, case.first_year) <= year <= case.last_year - years_to_output(case, project)
    )
    return is_time and row.max_new_tpa > 0 and may_be_decided(case, year)


def may_be_decided(case: Case, year: int) -> bool:
    """The plan may decide something in a year: builds, new seats, hires, purchases."""
    first = case.model.policy.first_decision_year or case.first_year
    return max(first, case.first_year) <= year <= case.last_year


# ---- figures per scenario and period ---------------------------------------------------------------------------------


class RecomputedInputs(ScenarioInputs):
    """Inputs from the rows of a case: scenarios in order, in each the periods."""

    def __init__(self, case: Case, periods: Sequence[Period]) -> None:
        self.case = case
        self.periods = periods
        self._years = np.array([year_of(period) for period in periods])
        self._lengths = np.array([length_of(period) for period in periods])
        self._begins = [begin_of(period) for period in periods]
        self._ends = [end_of(period) for period in periods]
        self._scenario = {scenario: place for place, scenario in enumerate(case.scenarios)}
        self._factors: dict[Named, Vector] = {}
        self._named: dict[tuple[str, ...], Named] = {}
        self._demands: dict[Good, Vector] = {}

    def capex(self, project: str) -> float:
        """Capital cost (MUSD per t/y), public and private."""
        row = self.case.projects[project]
        return musd(row.capex_usd_per_tpa) * self.case.countries[row.country].cost_index

    def running_cost(self, project: str) -> float:
        """Variable opex less the credit (MUSD/t), at least 0."""
        row = self.case.projects[project]
        return max(0.0, musd(row.variable_opex_usd_per_t) - musd(row.credit_usd_per_t))

    def capacity_per_tonne(self, project: str, feed: str) -> float:
        """Tonnes of capacity that a separation plant needs for a tonne of a feed."""
        basis = self.case.projects[project].basis
        if basis == "treo":
            return 1.0
        tonnes = 0.0
        for row in self.case.tables.feeds:
            counts = basis == "contained" or self.case.elements[row.element].heavy
            if row.feed == feed and counts:
                tonnes += row.share
        return tonnes

    def demand(self, good: Good) -> Vector:
        """Demand (t)."""
        if good not in self._demands:
            undisturbed = self._interpolated(self._demand[good], "tonnes") * self._lengths
            factor = self._factor("demand", "", *good)
            self._demands[good] = self._per_scenario(undisturbed) * factor
        return self._demands[good]

    def sales_limit(self, series: Series) -> Vector:
        """Most that a supplier can sell to a country (t)."""
        return self.undisturbed_limit(series) * self.import_factor(series)

    def undisturbed_limit(self, series: Series) -> Vector:
        """Most that a supplier could sell without shocks (t)."""
        return self._per_scenario(self._limit(series) * self._lengths)

    def import_factor(self, series: Series) -> Vector:
        """Share of its sales that shocks leave a supplier."""
        return self._factor("import", *series)

    def import_price(self, series: Series) -> Vector:
        """Price of a supplier in a country (MUSD/t)."""
        return self._per_scenario(self._price(series)) * self._factor("price", *series)

    def net_purchase_price(self, good: Good) -> Vector:
        """Cost of stock beyond the lowest undisturbed import price (MUSD/t), at least 0."""
        lowest = np.full(len(self.periods), np.inf)
        for supplier, *rest in self._imports:
            series = (supplier, *good)
            if tuple(rest) == good:
                can_sell = self._limit(series) > 0
                lowest = np.where(can_sell, np.minimum(lowest, self._price(series)), lowest)
        lowest = np.where(np.isinf(lowest), 0.0, lowest)
        paid = musd_per_tonne(self.case.lookups.stockpiles[good].purchase_usd_per_kg)
        return self._per_scenario(np.maximum(paid - lowest, 0.0))

    def trade_left(self, good: Good) -> Vector:
        """Part of what all suppliers could sell of a good without shocks that shocks leave; 1 where nobody sells it."""
        undisturbed = np.zeros(len(self.case.scenarios) * len(self.periods))
        left = np.zeros(len(undisturbed))
        for supplier, *rest in self._imports:
            if tuple(rest) == good:
                series = (supplier, *good)
                limit = self.undisturbed_limit(series)
                undisturbed += limit
                left += limit * np.minimum(1.0, self.import_factor(series))
        return np.divide(left, undisturbed, out=np.ones(len(left)), where=undisturbed > 0)

    def availability(self, project: str) -> Vector | None:
        """Most that a mine can yield (t); None without a limit."""
        rows = self._availability.get(project)
        if rows is None:
            return None
        return self._per_scenario(self._interpolated(rows, "tonnes") * self._lengths)

    def leak(self, series: Series) -> Vector:
        """The least leak of the cuts in force on what a supplier sells to a country; 0 without a cut."""
        leaks = np.full((len(self.case.scenarios), len(self.periods)), np.inf)
        for shock in self._shocks(self._naming("import", *series)):
            if shock.factor < 1.0:
                in_force = leaks[self._scenario[shock.scenario], self._in_force(shock)]
                np.minimum(in_force, shock.leak, out=in_force)
        return np.where(np.isinf(leaks), 0.0, leaks).ravel()

    def capacity_factor(self, project: str) -> Vector:
        """Share of the capacity of a project that works."""
        return self._factor("capacity", *self._cells_of(project))

    def existing(self, project: str) -> Vector:
        """Existing capacity (t/y) before shocks."""
        row = self.case.projects[project]
        is_there = np.ones(len(self.periods), dtype=bool)
        if row.online_year is not None:
            is_there &= self._years >= row.online_year
        if row.retire_year is not None:
            is_there &= self._years < row.retire_year
        return self._per_scenario(np.where(is_there, row.existing_tpa, 0.0))

    def usable_share(self, project: str, committed: int) -> Vector:
        """Share of a build that is usable, after delays."""
        row = self.case.projects[project]
        due = committed + years_to_output(self.case, project)
        ramp = np.array([1.0])
        if row.ramp:
            steps = [step for step in self.case.tables.ramps if step.ramp == row.ramp]
            ramp = np.array([step.share for step in sorted(steps, key=_year_after_start)])
        stated = self._schedule[project]
        if stated:
            shares = [year.output_share for year in stated]
            ramp = np.array(shares[due - committed :])
        late = np.zeros(len(self.case.scenarios), dtype=np.int64)
        for scenario, _, years in self._delays_of_build(project, due):
            late[scenario] += years
        since_start = self._years - due - late[:, np.newaxis]
        share = ramp[np.clip(since_start, 0, len(ramp) - 1)]
        return np.where(since_start < 0, 0.0, share).ravel()

    def instalments(self, project: str, committed: int) -> DueShares:
        """Share of the capital cost of a build that is due."""
        stated = self._schedule[project]
        if not stated:
            parts = max(self.case.projects[project].lead_time_years, 1)
            share = np.full(len(self.case.scenarios), 1.0 / parts)
            return dict.fromkeys(range(committed, committed + parts), share)
        due = committed + years_to_output(self.case, project)
        delays = sorted(self._delays_of_build(project, due), key=itemgetter(1))
        shares: DueShares = defaultdict(lambda: np.zeros(len(self.case.scenarios)))
        for row in stated:
            years = np.full(len(self.case.scenarios), committed + row.year)
            for scenario, shown, late in delays:
                if years[scenario] >= shown:
                    years[scenario] += late
            for scenario, year in enumerate(years.tolist()):
                shares[year][scenario] += row.capital_share
        return shares

    def fixed_cost(self, project: str, committed: int) -> DueShares:
        """Share of the yearly fixed cost of a build that is due, in years of the horizon."""
        count = len(self.case.scenarios)
        stated = self._schedule[project]
        due = committed + years_to_output(self.case, project)
        if not stated:
            return dict.fromkeys(range(due, self.case.last_year + 1), np.ones(count))
        cost: list[float] = []
        for row in stated:
            by_output = float(committed + row.year >= due)
            cost.append(by_output if row.cost_share is None else row.cost_share)
        shares: DueShares = {}
        for year in range(committed, self.case.last_year + 1):
            since = np.full(count, year - committed)
            for scenario, shown, late in self._delays_of_build(project, due):
                if shown <= year:
                    since[scenario] -= late
            share = np.array(cost)[np.clip(since, 0, len(cost) - 1)]
            shares[year] = np.where(since < 0, 0.0, share)
        return shares

    def _delays_of_build(self, project: str, due: int) -> Iterator[tuple[int, int, int]]:
        """Delays of a build due in a year: place of the scenario, year in which one shows itself, years."""
        for shock in self._shocks(self._naming("delay", *self._cells_of(project))):
            first, last = map(year_of, self._window(shock))
            if first <= due <= last:
                yield self._scenario[shock.scenario], first, int(shock.factor)

    def _cells_of(self, project: str) -> tuple[str, ...]:
        """Cells of a plant that shocks name: supplier (none), country, element, form (none), stage and project."""
        row = self.case.projects[project]
        return "", row.country, "", "", row.stage, project

    # ---- shocks ----------------------------------------------------------------------------------

    def _factor(self, kind: str, *cells: str) -> Vector:
        """The product of the shocks of a kind that name these cells and are in force."""
        named = self._naming(kind, *cells)
        if named not in self._factors:
            product = np.ones((len(self.case.scenarios), len(self.periods)))
            for shock in self._shocks(named):
                product[self._scenario[shock.scenario], self._in_force(shock)] *= shock.factor
            self._factors[named] = product.ravel()
        return self._factors[named]

    def _naming(self, kind: str, *cells: str) -> Named:
        """Kind and cells of the shocks that name these of `CELLS`; what is blank in a row names all."""
        if (kind, *cells) not in self._named:
            named = []
            for stated in self._shocks_by_kind[kind]:
                if all(one in ("", cell) for one, cell in zip(stated, cells, strict=False)):
                    named.append((kind, stated))
            self._named[kind, *cells] = tuple(named)
        return self._named[kind, *cells]

    def _shocks(self, named: Named) -> Iterator[Shock]:
        for kind, stated in named:
            yield from self._shocks_by_kind[kind][stated]

    def _window(self, shock: Shock) -> tuple[Period, Period]:
        """The periods with which a shock begins and ends; blank ones are the ends of the horizon."""
        first = self.case.first_year if shock.start_year is None else shock.start_year
        last = self.case.last_year if shock.end_year is None else shock.end_year
        return first, last

    def _in_force(self, shock: Shock) -> slice:
        """The periods in which a shock is in force."""
        first, last = self._window(shock)
        begun = bisect_left(self._ends, begin_of(first))
        over = bisect_right(self._begins, end_of(last))
        return slice(begun, over)

    # ---- rows ------------------------------------------------------------------------------------

    def _limit(self, series: Series) -> Vector:
        """Undisturbed tonnes a year that a supplier can sell, by period."""
        return self._interpolated(self._imports[series], "tonnes")

    def _price(self, series: Series) -> Vector:
        """Undisturbed price of a supplier (MUSD/t), by period."""
        return musd_per_tonne(1.0) * self._interpolated(self._imports[series], "price_usd_per_kg")

    def _interpolated(self, rows: Sequence[Any], column: str) -> Vector:
        """A column by period: linear between the years of its rows, constant outside them, 0 without rows."""
        if not rows:
            return np.zeros(len(self.periods))
        points = sorted((row.year, getattr(row, column)) for row in rows)
        years, figures = zip(*points, strict=True)
        return np.asarray(np.interp(self._years, years, figures))

    def _per_scenario(self, by_period: Vector) -> Vector:
        return np.tile(by_period, len(self.case.scenarios))

    @cached_property
    def _demand(self) -> defaultdict[Any, list[Row]]:
        return grouped_by(self.case.tables.demand, "country", "element", "form")

    @cached_property
    def _imports(self) -> defaultdict[Any, list[Row]]:
        return grouped_by(self.case.tables.imports, "supplier", "country", "element", "form")

    @cached_property
    def _availability(self) -> defaultdict[Any, list[Row]]:
        return grouped_by(self.case.tables.availability, "project")

    @cached_property
    def _schedule(self) -> defaultdict[Any, list[ScheduleYear]]:
        rows = sorted(self.case.tables.schedule, key=attrgetter("year"))
        return grouped_by(rows, "project")

    @cached_property
    def _shocks_by_kind(self) -> dict[str, dict[Any, list[Shock]]]:
        by_kind = grouped_by(self.case.tables.shocks, "kind")
        return {kind: grouped_by(by_kind[kind], *CELLS) for kind in KINDS}


def _year_after_start(step: Ramp) -> int:
    return step.year_after_start


class RecomputedAmounts(ScenarioAmounts):
    """Amounts of a plan by scenario and period, with inputs recomputed from the rows."""

    @cached_property
    def inputs(self) -> RecomputedInputs:
        """Inputs recomputed from the rows of the case."""
        return RecomputedInputs(self.case, self.tree.periods)
