"""The facts and choices of one planning question as typed look-ups, in the units of the program.

MUSD, tonnes of oxide (contained, for metal and magnets), persons, whole years. Everything is sorted by id, so the
order of rows in the files has no effect. Nothing here ever changes; derived look-ups are computed once.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np

from planner.cells import Row, by_id, grouped_by
from planner.config import Lever, ModelFile, Target
from planner.data.build_schedule import BuildSchedule, by_lead_time, by_table
from planner.data.findings import Origin
from planner.data.schema import (
    TABLES,
    Country,
    Element,
    Import,
    LossTier,
    Project,
    Resale,
    Return,
    Saving,
    Skill,
    Stockpile,
    Tables,
    Training,
    Workforce,
)
from planner.data.stages import FORMS, OXIDE, STAGES, Stage
from planner.units import discount_factor, musd, musd_per_tonne, persons_per_tonne

Good = tuple[str, str, str]
"""(country, element, form)."""
GOOD = ("country", "element", "form")
"""Columns that name a good."""
Series = tuple[str, str, str, str]
"""(supplier, country, element, form)."""
BASE = "base"
RARE_EARTHS = "rare earths"
"""The commodity of a case that names none."""


_ADDED = ("schedule",)
"""Tables that came after stored runs: without rows they are no part of a checksum."""


def good_of(row: Any) -> Good:
    """Country, element and form of a row."""
    return row.country, row.element, row.form


def series_of(row: Any) -> Series:
    """Supplier, country, element and form of a row."""
    return row.supplier, row.country, row.element, row.form


@dataclass(frozen=True)
class LossStep:
    """One step of the loss: `width` as a share of demand, `musd_per_t` before weight and discount."""

    width: float
    musd_per_t: float


@dataclass(frozen=True, repr=False)
class Lookups:
    """Tables and model file of a case, whether sound or not, and what follows from them."""

    name: str
    tables: Tables
    model: ModelFile
    origin: Origin = field(default=Origin(), compare=False, repr=False, kw_only=True)

    def __repr__(self) -> str:
        return f"Lookups({self.name})"

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over all rows that a plan follows from and the model file, whatever the order and the file form.

        What has its default is left out: a new column, key or table leaves it as it was.
        """
        digest = hashlib.sha256()
        for table in TABLES:
            rows = self.tables.rows(table.name)
            if table.solved and (rows or table.name not in _ADDED):
                lines = sorted(row.model_dump_json(exclude_defaults=True) for row in rows)
                text = "\n".join([table.name, *lines])
                digest.update(text.encode())
        digest.update(self.model.model_dump_json(exclude_defaults=True).encode())
        return digest.hexdigest()

    # ---- time ------------------------------------------------------------------------------------

    @cached_property
    def first_year(self) -> int:
        """First year of the plan."""
        given = self.model.horizon.first_year
        if given is not None:
            return given
        return min((row.year for row in self.tables.demand), default=0)

    @cached_property
    def last_year(self) -> int:
        """Last year of the plan, inclusive."""
        given = self.model.horizon.last_year
        if given is not None:
            return given
        return max((row.year for row in self.tables.demand), default=0)

    @cached_property
    def years(self) -> range:
        """All years of the plan."""
        return range(self.first_year, self.last_year + 1)

    def cost_discount(self, year: int) -> float:
        """Present value of one MUSD of cost in `year`."""
        return discount_factor(self.model.discount_rate, year, self.first_year)

    def risk_discount(self, year: int) -> float:
        """Present value of one MUSD of loss in `year`."""
        return discount_factor(self.model.risk_discount_rate, year, self.first_year)

    # ---- who and what ----------------------------------------------------------------------------

    @cached_property
    def about(self) -> dict[str, str]:
        """What a reader calls the case, its commodity and its stages, by key; empty where nothing is said."""
        return {row.key: row.value for row in self.tables.about}

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """The stages of the chain by name, as the case calls them."""
        return {
            name: stage.called(self.about.get(f"stage_{name}", ""))
            for name, stage in STAGES.items()
        }

    @property
    def commodity(self) -> str:
        """What the case is about, in words."""
        return self.about.get("commodity", RARE_EARTHS)

    @cached_property
    def countries(self) -> dict[str, Country]:
        """Countries by id."""
        return by_id(self.tables.countries, "country")

    @cached_property
    def elements(self) -> dict[str, Element]:
        """Elements by id."""
        return by_id(self.tables.elements, "element")

    @cached_property
    def projects(self) -> dict[str, Project]:
        """Projects by id."""
        return by_id(self.tables.projects, "project")

    @cached_property
    def group(self) -> dict[str, str]:
        """Coordination group of each country: those of one group share feeds, products and people."""
        coordination = self.model.policy.coordination
        if coordination == "allied":
            return dict.fromkeys(self.countries, "allied")
        if coordination == "blocs":
            return {name: row.bloc or f"({name})" for name, row in self.countries.items()}
        return {name: name for name in self.countries}

    @cached_property
    def scenarios(self) -> dict[str, float]:
        """Probability of each scenario; scaled to sum to 1 exactly."""
        rows = by_id(self.tables.scenarios, "scenario")
        if not rows:
            return {BASE: 1.0}
        total = sum(row.probability for row in rows.values())
        return {name: row.probability / total for name, row in rows.items()}

    @cached_property
    def storylines(self) -> dict[str, str]:
        """The scenario that each scenario was drawn from; itself if it was not drawn."""
        rows = by_id(self.tables.scenarios, "scenario")
        if not rows:
            return {BASE: BASE}
        return {name: row.storyline or name for name, row in rows.items()}

    def has_lever(self, lever: Lever) -> bool:
        """The plan may pull this lever."""
        return lever in self.model.levers

    # ---- goods: demand, imports, stocks, losses ------------------------------------------------------

    @cached_property
    def demand(self) -> dict[tuple[str, str, str, int], float]:
        """Undisturbed demand (t) by country, element, form, year; only where positive."""
        return _positive(self._interpolated(self.tables.demand, good_of, attrgetter("tonnes")))

    @cached_property
    def import_limit(self) -> dict[tuple[str, str, str, str, int], float]:
        """Undisturbed import limit (t) by supplier, country, element, form, year; only where positive."""
        return _positive(self._interpolated(self.tables.imports, series_of, attrgetter("tonnes")))

    @cached_property
    def import_price(self) -> dict[tuple[str, str, str, str, int], float]:
        """Undisturbed import price (MUSD/t) by supplier, country, element, form, year; only where positive."""

        def price(row: Import) -> float:
            return musd_per_tonne(row.price_usd_per_kg)

        return _positive(self._interpolated(self.tables.imports, series_of, price))

    @cached_property
    def lowest_import_price(self) -> dict[tuple[str, str, str, int], float]:
        """Lowest undisturbed import price (MUSD/t) by country, element, form, year, of suppliers that can sell then."""
        lowest: dict[tuple[str, str, str, int], float] = {}
        for supplier, country, element, form, year in self.import_limit:
            key = (country, element, form, year)
            price = self.import_price.get((supplier, *key), 0.0)
            lowest[key] = min(price, lowest.get(key, price))
        return lowest

    def net_purchase_price(self, good: Good, year: int) -> float:
        """Cost (MUSD/t) of a stock purchase beyond that of the tonnes themselves, which are imported or made."""
        paid = musd_per_tonne(self.stockpiles[good].purchase_usd_per_kg)
        return max(0.0, paid - self.lowest_import_price.get((*good, year), 0.0))

    @property
    def has_schedule(self) -> bool:
        """Stock purchases are decided as builds are, and not as operations."""
        return self.model.policy.stock == "scheduled"

    @cached_property
    def may_buy_stock(self) -> bool:
        """Something may be bought into stock."""
        grows = any(row.max_t != 0 for row in self.stockpiles.values())
        return grows and self.has_lever("stockpile")

    @cached_property
    def demand_years(self) -> dict[Good, list[int]]:
        """Years in which each good is demanded."""
        return _years_of(self.demand)

    @cached_property
    def import_years(self) -> dict[tuple[str, str, str, str], list[int]]:
        """Years in which a supplier sells, by supplier, country, element, form."""
        return _years_of(self.import_limit)

    def _interpolated(
        self,
        rows: Iterable[Any],
        key_of: Callable[[Any], tuple[str, ...]],
        figure_of: Callable[[Any], float],
    ) -> dict[Any, float]:
        """(*key, year) -> figure of each year of the horizon: linear between years given, constant outside them."""
        series: dict[tuple[str, ...], list[tuple[int, float]]] = defaultdict(list)
        for row in rows:
            point = (row.year, figure_of(row))
            series[key_of(row)].append(point)
        by_year: dict[Any, float] = {}
        for key, points in sorted(series.items()):
            years, figures = zip(*sorted(points), strict=True)
            interpolated = np.interp(self.years, years, figures).tolist()
            for year, figure in zip(self.years, interpolated, strict=True):
                by_year[*key, year] = figure
        return by_year

    @cached_property
    def stockpiles(self) -> dict[Good, Stockpile]:
        """Stockpiles by country, element, form."""
        return by_id(self.tables.stockpiles, "country", "element", "form")

    def loss_steps(self, good: Good) -> tuple[LossStep, ...]:
        """The loss of a shortfall in steps of depth; one step where no tiers are given."""
        country, element, form = good
        tiers = self._tiers
        for key in (
            (element, country, form),
            (element, country, None),
            (element, "", form),
            (element, "", None),
        ):
            if key in tiers:
                return tiers[key]
        loss = self.elements[element].loss_usd_per_kg
        return (LossStep(1.0, musd_per_tonne(loss)),)

    @cached_property
    def _tiers(self) -> dict[tuple[str, str, str | None], tuple[LossStep, ...]]:
        tiers = grouped_by(self.tables.loss_tiers, "element", "country", "form")
        return {key: _steps(rows) for key, rows in tiers.items()}

    def resale_share(self, supplier: str, country: str, element: str, form: str) -> float:
        """Of what a supplier may sell to a country, the share that it can buy on top and sell on; the row that names
        more of supplier, element and form holds, supplier before element before form."""
        for row in self._resale.get(country, ()):
            is_meant = row.supplier in ("", supplier) and row.element in ("", element)
            if is_meant and row.form in (None, form):
                return row.share
        return 0.0

    @cached_property
    def _resale(self) -> dict[str, list[Resale]]:
        """Country -> its rows, those that name more first."""

        def rank(row: Resale) -> tuple[int, ...]:
            blanks = (row.supplier == "", row.element == "", row.form is None)
            return (sum(blanks), *blanks)

        return grouped_by(sorted(self.tables.resale, key=rank), "country")

    # ---- plants ------------------------------------------------------------------------------------

    @cached_property
    def feed_shares(self) -> dict[str, dict[str, float]]:
        """feed -> element -> tonnes of oxide per tonne TREO."""
        shares: dict[str, dict[str, float]] = defaultdict(dict)
        for row in sorted(self.tables.feeds, key=lambda r: (r.feed, r.element)):
            shares[row.feed][row.element] = row.share
        return dict(shares)

    @cached_property
    def _recoveries(self) -> dict[tuple[str, str], float]:
        return {(row.project, row.element): row.recovery for row in self.tables.recoveries}

    def recovery(self, project: str, element: str) -> float:
        """Output of the element per unit of it in the plant's feed."""
        return self._recoveries.get((project, element), self.projects[project].recovery)

    def stage_of(self, project: str) -> Stage:
        """The declaration of its stage."""
        return STAGES[self.projects[project].stage]

    def throughput_cost(self, project: str) -> float:
        """Variable opex (MUSD/t of throughput) less the credit, at least 0."""
        row = self.projects[project]
        return musd(max(0.0, row.variable_opex_usd_per_t - row.credit_usd_per_t))

    def full_capex(self, project: str) -> float:
        """Capital cost (MUSD per t/y), public and private."""
        row = self.projects[project]
        return musd(row.capex_usd_per_tpa) * self.countries[row.country].cost_index

    def public_capex(self, project: str) -> float:
        """Public part of the capital cost (MUSD per t/y)."""
        return self.full_capex(project) * self.projects[project].public_share

    def has_rise(self, project: str) -> bool:
        """The output of a project last year bounds that of this one."""
        return self.projects[project].rise is not None

    def rise(self, project: str) -> float:
        """Share of capacity by which the output of a project with `rise` may grow from one year to the next."""
        return self.projects[project].rise or 0.0

    @cached_property
    def savings(self) -> dict[str, dict[Good, Saving]]:
        """Saving project -> (country, element, form) -> what it replaces of that demand."""
        out: dict[str, dict[Good, Saving]] = defaultdict(dict)
        for row in sorted(self.tables.savings, key=lambda r: (r.project, r.element, r.form)):
            good = (self.projects[row.project].country, row.element, row.form)
            out[row.project][good] = row
        return dict(out)

    @cached_property
    def availability(self) -> dict[tuple[str, int], float]:
        """Most that a mine can yield (t TREO) by project and year of the horizon; a mine without a limit is absent."""
        tonnes = attrgetter("tonnes")
        return self._interpolated(self.tables.availability, lambda row: (row.project,), tonnes)

    @cached_property
    def returned(self) -> dict[str, dict[tuple[str, str], float]]:
        """Project -> (element, feed) -> tonnes of the feed that come back per tonne of the element that goes in; only where
        positive.

        A row for the project holds instead of that for its stage, feed by feed.
        """
        out: dict[str, dict[tuple[str, str], float]] = {}
        for project, row in self.projects.items():
            shares = self._returns.get(("", row.stage), {}) | self._returns.get((project, ""), {})
            out[project] = {key: share for key, share in shares.items() if share > 0}
        return out

    @cached_property
    def _returns(self) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
        """(project, '') or ('', stage) -> (element, feed) -> share."""
        out: dict[tuple[str, str], dict[tuple[str, str], float]] = defaultdict(dict)
        for row in sorted(self.tables.returns, key=returning):
            out[returning(row)][row.element, row.feed] = row.share
        return dict(out)

    def capacity_use(self, project: str, feed: str) -> float:
        """Capacity used per tonne TREO of the feed: 1, or the share of the heavy elements or of all elements of the case
        in it."""
        basis = self.projects[project].basis
        if basis == "treo":
            return 1.0
        counted = 0.0
        for element, share in self.feed_shares.get(feed, {}).items():
            if basis == "contained" or self.elements[element].heavy:
                counted += share
        return counted

    def existing_tpa(self, project: str, year: int) -> float:
        """Existing capacity in `year`: from online_year up to, not including, retire_year."""
        row = self.projects[project]
        online = row.online_year is None or year >= row.online_year
        retired = row.retire_year is not None and year >= row.retire_year
        return row.existing_tpa if online and not retired else 0.0

    def commitment_years(self, project: str) -> range:
        """Years in which new capacity may be committed; empty if none may."""
        row = self.projects[project]
        if row.max_new_tpa <= 0:
            return range(0)
        earliest = self.first_year
        if row.earliest_year is not None:
            earliest = max(row.earliest_year, self.first_year)
        return range(earliest, self.last_year - self.lead_time(project) + 1)

    @cached_property
    def first_decision_year(self) -> int:
        """First year in which the plan may decide anything; beyond the horizon, nothing is decided."""
        stated = self.model.policy.first_decision_year
        return self.first_year if stated is None else max(stated, self.first_year)

    @cached_property
    def _ramps(self) -> dict[str, list[float]]:
        """Shares of a ramp in order of the years after the start."""
        ramps: dict[str, list[float]] = defaultdict(list)
        for row in by_id(self.tables.ramps, "ramp", "year_after_start").values():
            ramps[row.ramp].append(row.share)
        return ramps

    @cached_property
    def schedules(self) -> dict[str, BuildSchedule]:
        """Capital, output and fixed cost of new capacity by project and year from the decision."""
        by_project = grouped_by(sorted(self.tables.schedule, key=attrgetter("year")), "project")
        schedules: dict[str, BuildSchedule] = {}
        for name, row in self.projects.items():
            if name in by_project:
                schedules[name] = by_table(by_project[name])
            else:
                schedules[name] = by_lead_time(row, self._ramps.get(row.ramp, [1.0]))
        return schedules

    def lead_time(self, project: str) -> int:
        """Years from the decision to first output."""
        return self.schedules[project].first_output

    # ---- people ------------------------------------------------------------------------------------

    @cached_property
    def skills(self) -> dict[str, Skill]:
        """Skills by id."""
        return by_id(self.tables.skills, "skill")

    @cached_property
    def workforce(self) -> dict[tuple[str, str], Workforce]:
        """Staff rows by country, skill. A pair without a row has nobody and borrows nobody."""
        return by_id(self.tables.workforce, "country", "skill")

    @cached_property
    def programmes(self) -> dict[str, Training]:
        """Training programmes that lead to a country and skill with a workforce row."""
        led = [row for row in self.tables.training if (row.country, row.skill) in self.workforce]
        return by_id(led, "programme")

    @cached_property
    def staffing(self) -> dict[str, dict[str, float]]:
        """project -> skill -> persons per tonne of yearly throughput; only where positive. What must run needs nobody."""
        by_stage: dict[str, dict[str, float]] = defaultdict(dict)
        by_project: dict[str, dict[str, float]] = defaultdict(dict)
        for row in self.tables.staffing:
            target = by_project[row.project] if row.project else by_stage[row.stage]
            target[row.skill] = persons_per_tonne(row.persons_per_ktpa)
        staffing: dict[str, dict[str, float]] = {}
        for name, project in self.projects.items():
            needed = {} if project.must_run else by_stage[project.stage] | by_project[name]
            staffing[name] = {skill: needed[skill] for skill in sorted(needed) if needed[skill] > 0}
        return staffing

    # ---- money -------------------------------------------------------------------------------------

    @cached_property
    def budget(self) -> dict[tuple[str, int], float]:
        """Budget (MUSD) by funder and year of the horizon; a pair without a row is 0."""
        budget: dict[tuple[str, int], float] = {}
        for (funder, year), row in by_id(self.tables.budgets, "funder", "year").items():
            if year in self.years:
                budget[funder, year] = row.musd
        return budget

    @cached_property
    def reach(self) -> dict[str, tuple[str, ...]]:
        """Countries in which each funder with money may pay."""
        stated = {row.funder: row.countries for row in self.tables.funders}
        pays_at_home = self.model.policy.funding == "home"
        reach: dict[str, tuple[str, ...]] = {}
        for funder, party in self.funder_party.items():
            listed = stated.get(funder, (funder,))
            countries = []
            for country in self.countries:
                is_stated = "*" in listed or country in listed
                is_home = self.party[country] == party
                if is_stated and (is_home or not pays_at_home):
                    countries.append(country)
            reach[funder] = tuple(countries)
        return reach

    @cached_property
    def party(self) -> dict[str, str]:
        """Country -> with whom it negotiates as one."""
        return {name: row.party or name for name, row in self.countries.items()}

    @cached_property
    def funder_party(self) -> dict[str, str]:
        """Funder with money -> whose money it is."""
        stated = {row.funder: row.party for row in self.tables.funders}
        parties: dict[str, str] = {}
        for funder in sorted({row.funder for row in self.tables.budgets}):
            parties[funder] = stated.get(funder) or self.party.get(funder, funder)
        return parties

    @cached_property
    def hazards(self) -> tuple[str, ...]:
        """Hazards of the register by name; rows of one event, whatever its years, are one hazard."""
        return tuple(dict.fromkeys(row.event or row.hazard for row in self.tables.hazards))

    # ---- targets -----------------------------------------------------------------------------------

    def rows(self, table: str) -> tuple[Row, ...]:
        """All rows of a table; of `targets` those of the model file too, at the end."""
        of_table = self.tables.rows(table)
        return self.target_rows if table == "targets" else of_table

    @property
    def target_rows(self) -> tuple[Target, ...]:
        """Targets of the table, then those of the model file."""
        return (*self.tables.targets, *self.model.targets)

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Targets by id, of the table and of the model file."""
        return by_id(self.target_rows, "target")

    def target_countries(self, target: str) -> tuple[str, ...]:
        """Countries that a target sums over."""
        row = self.targets[target]
        if row.country:
            return tuple(name for name in self.countries if name in row.country)
        return tuple(name for name in self.countries if row.party in ("", self.party[name]))

    def target_elements(self, target: str) -> tuple[str, ...]:
        """Elements for each of which a target holds by itself."""
        named = self.targets[target].element
        if named:
            return (named,)
        demanded = {row.element for row in self.tables.demand}
        return tuple(element for element in self.elements if element in demanded)

    def target_forms(self, target: str) -> tuple[str, ...]:
        """Forms of the goods that a target speaks of; what mines yield is held against oxide."""
        form = self.targets[target].form
        if form is None:
            return FORMS
        return (OXIDE,) if form == "feed" else (form,)

    def target_scenarios(self, target: str) -> frozenset[str]:
        """Scenarios on whose nodes a target holds: the one that it names, all draws of a storyline, or all."""
        named = self.targets[target].scenario
        scenarios: set[str] = set()
        for scenario, storyline in self.storylines.items():
            if named in ("", scenario, storyline):
                scenarios.add(scenario)
        return frozenset(scenarios)

    def target_years(self, target: str) -> range:
        """Years of the horizon in which a target holds."""
        row = self.targets[target]
        first, last = self.first_year, self.last_year
        if row.first_year is not None:
            first = max(row.first_year, first)
        if row.last_year is not None:
            last = min(row.last_year, last)
        return range(first, last + 1)

    @cached_property
    def supplier_origin(self) -> dict[str, str]:
        """Outside supplier -> the country that it sells from."""
        named = {row.supplier: row.origin for row in self.tables.suppliers}
        origins: dict[str, str] = {}
        for row in self.tables.imports:
            origins[row.supplier] = named.get(row.supplier) or row.supplier
        return origins


def returning(row: Return) -> tuple[str, str]:
    """Whose returns a row states: (project, '') or ('', stage)."""
    return (row.project, "") if row.project else ("", row.stage)


def _years_of(by_year: Mapping[Any, float]) -> dict[Any, list[int]]:
    """Key without its last place, the year -> years."""
    out: dict[Any, list[int]] = defaultdict(list)
    for *key, year in by_year:
        out[tuple(key)].append(year)
    return dict(out)


def _positive(by_year: dict[Any, float]) -> dict[Any, float]:
    return {key: figure for key, figure in by_year.items() if figure > 0}


def _steps(rows: list[LossTier]) -> tuple[LossStep, ...]:
    """The steps of a loss, by depth, from the tiers of a good in any order."""
    tiers = [(row.up_to_share, row.loss_usd_per_kg) for row in rows]
    *inner, (_, deepest) = sorted(tiers)
    steps: list[LossStep] = []
    lower = 0.0
    # The last step ends at 1, exactly: else the whole demand could not be short, and no plan would exist.
    for upper, loss in (*inner, (1.0, deepest)):
        steps.append(LossStep(upper - lower, musd_per_tonne(loss)))
        lower = upper
    return tuple(steps)
