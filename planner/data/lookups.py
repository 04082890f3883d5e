"""The facts and choices of one planning question as typed look-ups, in the units of the program.

MUSD, tonnes of oxide (contained, for metal and magnets), persons, whole years. Everything is sorted by id, so the
order of rows in the files has no effect. Nothing here ever changes; derived look-ups are computed once.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from planner.config import Lever, ModelFile
from planner.data.cells import Row
from planner.data.findings import Origin
from planner.data.schema import (
    TABLES,
    Country,
    Element,
    ModelTarget,
    Project,
    Resale,
    Return,
    Saving,
    Skill,
    Stockpile,
    Tables,
    Target,
    Training,
    Workforce,
)
from planner.data.stages import FORMS, OXIDE, STAGES, Stage
from planner.units import discount_factor, musd, musd_per_tonne, persons_per_tonne

Good = tuple[str, str, str]
"""(country, element, form)."""
BASE = "base"


def good_of(row: Any) -> Good:
    """Country, element and form of a row."""
    return row.country, row.element, row.form


@dataclass(frozen=True)
class LossStep:
    """One step of the loss: `width` as a share of demand, `musd_per_t` before weight and discount."""

    width: float
    musd_per_t: float


@dataclass(frozen=True)
class Lookups:
    """Tables and model file of a case, whether sound or not, and what follows from them."""

    name: str
    tables: Tables
    model: ModelFile
    origin: Origin = field(default=Origin(), compare=False, repr=False, kw_only=True)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over all rows that a plan follows from and the model file, whatever the order and the file form.

        What has its default is left out: a column or key that is new leaves it as it was.
        """
        digest = hashlib.sha256()
        for table in (table for table in TABLES if table.solved):
            rows = self.tables.rows(table.name)
            lines = sorted(row.model_dump_json(exclude_defaults=True) for row in rows)
            digest.update("\n".join([table.name, *lines]).encode())
        digest.update(self.model.model_dump_json(exclude_defaults=True).encode())
        return digest.hexdigest()

    # ---- time ------------------------------------------------------------------------------------

    @cached_property
    def first_year(self) -> int:
        """First year of the plan."""
        given = self.model.horizon.first_year
        return (
            given if given is not None else min((row.year for row in self.tables.demand), default=0)
        )

    @cached_property
    def last_year(self) -> int:
        """Last year of the plan, inclusive."""
        given = self.model.horizon.last_year
        return (
            given if given is not None else max((row.year for row in self.tables.demand), default=0)
        )

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
    def countries(self) -> dict[str, Country]:
        """Countries by id."""
        return {row.country: row for row in sorted(self.tables.countries, key=lambda r: r.country)}

    @cached_property
    def elements(self) -> dict[str, Element]:
        """Elements by id."""
        return {row.element: row for row in sorted(self.tables.elements, key=lambda r: r.element)}

    @cached_property
    def projects(self) -> dict[str, Project]:
        """Projects by id."""
        return {row.project: row for row in sorted(self.tables.projects, key=lambda r: r.project)}

    @cached_property
    def group(self) -> dict[str, str]:
        """Coordination group of each country: those of one group share feeds, products and people."""
        coordination = self.model.policy.coordination
        if coordination == "allied":
            return dict.fromkeys(self.countries, "allied")
        if coordination == "blocs":
            return {c: row.bloc or f"({c})" for c, row in self.countries.items()}
        return {c: c for c in self.countries}

    @cached_property
    def scenarios(self) -> dict[str, float]:
        """Probability of each scenario; scaled to sum to 1 exactly."""
        rows = sorted(self.tables.scenarios, key=lambda r: r.scenario)
        total = sum(row.probability for row in rows)
        return {row.scenario: row.probability / total for row in rows} if rows else {BASE: 1.0}

    @cached_property
    def storylines(self) -> dict[str, str]:
        """The scenario that each scenario was drawn from; itself if it was not drawn."""
        rows = sorted(self.tables.scenarios, key=lambda r: r.scenario)
        return {row.scenario: row.storyline or row.scenario for row in rows} or {BASE: BASE}

    def has_lever(self, lever: Lever) -> bool:
        """Whether the plan may pull this lever."""
        return lever in self.model.levers

    # ---- goods: demand, imports, stocks, losses ------------------------------------------------------

    @cached_property
    def demand(self) -> dict[tuple[str, str, str, int], float]:
        """Undisturbed demand (t) by country, element, form, year; only where positive."""
        return self._by_year(
            ((r.country, r.element, r.form), r.year, r.tonnes) for r in self.tables.demand
        )

    @cached_property
    def import_limit(self) -> dict[tuple[str, str, str, str, int], float]:
        """Undisturbed import limit (t) by supplier, country, element, form, year; only where positive."""
        return self._by_year(
            ((r.supplier, r.country, r.element, r.form), r.year, r.tonnes)
            for r in self.tables.imports
        )

    @cached_property
    def import_price(self) -> dict[tuple[str, str, str, str, int], float]:
        """Undisturbed import price (MUSD/t) by supplier, country, element, form, year; only where positive."""
        return self._by_year(
            ((r.supplier, r.country, r.element, r.form), r.year, musd_per_tonne(r.price_usd_per_kg))
            for r in self.tables.imports
        )

    @cached_property
    def lowest_import_price(self) -> dict[tuple[str, str, str, int], float]:
        """Lowest undisturbed import price (MUSD/t) by country, element, form, year, of suppliers that can sell then."""
        lowest: dict[tuple[str, str, str, int], float] = {}
        for supplier, *good, year in self.import_limit:
            key = (good[0], good[1], good[2], year)
            price = self.import_price.get((supplier, *key), 0.0)
            lowest[key] = min(price, lowest.get(key, price))
        return lowest

    def net_purchase_price(self, good: Good, year: int) -> float:
        """Cost (MUSD/t) of a stock purchase beyond that of the tonnes themselves, which are imported or made."""
        paid = musd_per_tonne(self.stockpiles[good].purchase_usd_per_kg)
        return max(0.0, paid - self.lowest_import_price.get((*good, year), 0.0))

    @cached_property
    def demand_years(self) -> dict[Good, list[int]]:
        """Years in which each good is demanded."""
        return _years_of(self.demand)

    @cached_property
    def import_years(self) -> dict[tuple[str, str, str, str], list[int]]:
        """Years in which a supplier sells, by supplier, country, element, form."""
        return _years_of(self.import_limit)

    def _by_year(self, rows: Iterable[tuple[tuple[str, ...], int, float]]) -> dict[Any, float]:
        """(*key, year) -> figure, only where positive."""
        return {
            (*key, year): figure
            for key, by_year in self._interpolated(rows).items()
            for year, figure in by_year.items()
            if figure > 0
        }

    def _interpolated(self, rows: Iterable[tuple[Any, int, float]]) -> dict[Any, dict[int, float]]:
        """Key -> figure of each year of the horizon: linear between the years given, constant outside them."""
        series: dict[Any, list[tuple[int, float]]] = defaultdict(list)
        for key, year, figure in rows:
            series[key].append((year, figure))
        out: dict[Any, dict[int, float]] = {}
        for key in sorted(series):
            years, figures = zip(*sorted(series[key]), strict=True)
            by_year = np.interp(self.years, years, figures).tolist()
            out[key] = dict(zip(self.years, by_year, strict=True))
        return out

    @cached_property
    def stockpiles(self) -> dict[Good, Stockpile]:
        """Stockpiles by country, element, form."""
        rows = sorted(self.tables.stockpiles, key=lambda r: (r.country, r.element, r.form))
        return {(r.country, r.element, r.form): r for r in rows}

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
        return (LossStep(1.0, musd_per_tonne(self.elements[element].loss_usd_per_kg)),)

    @cached_property
    def _tiers(self) -> dict[tuple[str, str, str | None], tuple[LossStep, ...]]:
        sets: dict[tuple[str, str, str | None], list[tuple[float, float]]] = defaultdict(list)
        for row in self.tables.loss_tiers:
            sets[row.element, row.country, row.form].append((row.up_to_share, row.loss_usd_per_kg))
        steps = {}
        for key, tiers in sets.items():
            lower, out = 0.0, []
            *inner, (_, deepest) = sorted(tiers)
            # The last step ends at 1, exactly: else the whole demand could not be short, and no plan would exist.
            for upper, loss in (*inner, (1.0, deepest)):
                out.append(LossStep(upper - lower, musd_per_tonne(loss)))
                lower = upper
            steps[key] = tuple(out)
        return steps

    def resale_share(self, supplier: str, country: str, element: str, form: str) -> float:
        """Of what a supplier may sell to a country, the share that it can buy on top and sell on; the row that names
        more of supplier, element and form holds, supplier before element before form."""
        rows = self._resale.get(country, ())
        holds = (
            row.share
            for row in rows
            if row.supplier in ("", supplier)
            and row.element in ("", element)
            and row.form in (None, form)
        )
        return next(holds, 0.0)

    @cached_property
    def _resale(self) -> dict[str, list[Resale]]:
        """Country -> its rows, those that name more first."""

        def rank(row: Resale) -> tuple[int, ...]:
            named = (row.supplier != "", row.element != "", row.form is not None)
            return (-sum(named), *(-name for name in named))

        rows: dict[str, list[Resale]] = defaultdict(list)
        for row in sorted(self.tables.resale, key=rank):
            rows[row.country].append(row)
        return rows

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

    def has_rise(self, project: str) -> bool:
        """Whether what a project made last year bounds what it may make."""
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
        rows = ((r.project, r.year, r.tonnes) for r in self.tables.availability)
        return {
            (project, year): tonnes
            for project, by_year in self._interpolated(rows).items()
            for year, tonnes in by_year.items()
        }

    def returns_of(self, project: str) -> dict[tuple[str, str], float]:
        """(element, feed) -> tonnes of the feed that come back per tonne of the element that goes in; only where positive.

        A row for the project holds instead of that for its stage, feed by feed.
        """
        row = self.projects[project]
        shares = dict(self._returns.get(("", row.stage), {}))
        shares |= self._returns.get((project, ""), {})
        return {key: share for key, share in shares.items() if share > 0}

    @cached_property
    def _returns(self) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
        """(project, '') or ('', stage) -> (element, feed) -> share."""
        out: dict[tuple[str, str], dict[tuple[str, str], float]] = defaultdict(dict)
        for row in sorted(self.tables.returns, key=returning):
            out[returning(row)][row.element, row.feed] = row.share
        return dict(out)

    def capacity_use(self, project: str, feed: str) -> float:
        """Capacity used per tonne TREO of the feed: 1, or the heavy elements' share of it."""
        if self.projects[project].basis == "treo":
            return 1.0
        return sum(
            share for e, share in self.feed_shares.get(feed, {}).items() if self.elements[e].heavy
        )

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
        earliest = (
            self.first_year
            if row.earliest_year is None
            else max(row.earliest_year, self.first_year)
        )
        return range(earliest, self.last_year - row.lead_time_years + 1)

    def payment_years(self, project: str, committed: int) -> range:
        """Years over which capex is paid in equal parts."""
        return range(committed, committed + max(1, self.projects[project].lead_time_years))

    @cached_property
    def _ramps(self) -> dict[str, list[float]]:
        ramps: dict[str, list[float]] = defaultdict(list)
        for row in sorted(self.tables.ramps, key=lambda r: (r.ramp, r.year_after_start)):
            ramps[row.ramp].append(row.share)
        return dict(ramps)

    def ramp_of(self, project: str) -> list[float]:
        """Share of new nameplate usable in each year after the start; after the last one it stays."""
        return self._ramps.get(self.projects[project].ramp, [1.0])

    def ramp_share(self, project: str, years_after_start: int) -> float:
        """Share of new nameplate usable `years_after_start` (negative: before the start, 0)."""
        if years_after_start < 0:
            return 0.0
        shares = self.ramp_of(project)
        return shares[min(years_after_start, len(shares) - 1)]

    # ---- people ------------------------------------------------------------------------------------

    @cached_property
    def skills(self) -> dict[str, Skill]:
        """Skills by id."""
        return {row.skill: row for row in sorted(self.tables.skills, key=lambda r: r.skill)}

    @cached_property
    def workforce(self) -> dict[tuple[str, str], Workforce]:
        """Staff rows by country, skill. A pair without a row has nobody and borrows nobody."""
        return {
            (r.country, r.skill): r
            for r in sorted(self.tables.workforce, key=lambda r: (r.country, r.skill))
        }

    @cached_property
    def programmes(self) -> dict[str, Training]:
        """Training programmes that lead to a country and skill with a workforce row."""
        rows = sorted(self.tables.training, key=lambda r: r.programme)
        return {r.programme: r for r in rows if (r.country, r.skill) in self.workforce}

    @cached_property
    def staffing(self) -> dict[str, dict[str, float]]:
        """project -> skill -> persons per tonne of yearly throughput; only where positive."""
        by_stage: dict[str, dict[str, float]] = defaultdict(dict)
        by_project: dict[str, dict[str, float]] = defaultdict(dict)
        for row in sorted(self.tables.staffing, key=lambda r: (r.stage, r.project, r.skill)):
            target = by_project[row.project] if row.project else by_stage[row.stage]
            target[row.skill] = persons_per_tonne(row.persons_per_ktpa)
        need = {p: {**by_stage[row.stage], **by_project[p]} for p, row in self.projects.items()}
        return {p: {k: v for k, v in sorted(skills.items()) if v > 0} for p, skills in need.items()}

    # ---- money -------------------------------------------------------------------------------------

    @cached_property
    def budget(self) -> dict[tuple[str, int], float]:
        """Budget (MUSD) by funder and year of the horizon; a pair without a row is 0."""
        rows = sorted(self.tables.budgets, key=lambda r: (r.funder, r.year))
        return {(r.funder, r.year): r.musd for r in rows if r.year in self.years}

    @cached_property
    def reach(self) -> dict[str, tuple[str, ...]]:
        """Countries in which each funder with money may pay."""
        rows: Mapping[str, tuple[str, ...]] = {r.funder: r.countries for r in self.tables.funders}
        out = {}
        for funder in sorted({r.funder for r in self.tables.budgets}):
            listed = rows.get(funder, (funder,))
            out[funder] = tuple(c for c in self.countries if c in listed or "*" in listed)
        return out

    @cached_property
    def party(self) -> dict[str, str]:
        """Country -> with whom it negotiates as one."""
        return {c: row.party or c for c, row in self.countries.items()}

    @cached_property
    def funder_party(self) -> dict[str, str]:
        """Funder with money -> whose money it is."""
        said = {row.funder: row.party for row in self.tables.funders}
        return {funder: said.get(funder) or self.party.get(funder, funder) for funder in self.reach}

    # ---- targets -----------------------------------------------------------------------------------

    def rows(self, table: str) -> tuple[Row, ...]:
        """All rows of a table; of `targets` those of the model file too, at the end."""
        return (*self.tables.rows(table), *(self.model_targets if table == "targets" else ()))

    @cached_property
    def model_targets(self) -> tuple[ModelTarget, ...]:
        """Targets of the model file, as rows."""
        lines = self.origin.target_lines
        found = []
        for place, keys in enumerate(self.model.targets):
            line = lines[place] if place < len(lines) else 0
            found.append(ModelTarget.model_construct(**keys.model_dump(), line=line))
        return tuple(found)

    @property
    def target_rows(self) -> tuple[Target, ...]:
        """Targets of the table, then those of the model file."""
        return (*self.tables.targets, *self.model_targets)

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Targets by id, of the table and of the model file."""
        return {row.target: row for row in sorted(self.target_rows, key=lambda row: row.target)}

    def target_countries(self, target: str) -> tuple[str, ...]:
        """Countries that a target sums over."""
        row = self.targets[target]
        if row.country:
            return tuple(c for c in self.countries if c in row.country)
        return tuple(c for c in self.countries if row.party in ("", self.party[c]))

    def target_elements(self, target: str) -> tuple[str, ...]:
        """Elements for each of which a target holds by itself."""
        named = self.targets[target].element
        if named:
            return (named,)
        demanded = {row.element for row in self.tables.demand}
        return tuple(e for e in self.elements if e in demanded)

    def target_forms(self, target: str) -> tuple[str, ...]:
        """Forms of the goods that a target speaks of; what mines yield is held against oxide."""
        form = self.targets[target].form
        if form is None:
            return FORMS
        return (OXIDE,) if form == "feed" else (form,)

    def target_scenarios(self, target: str) -> frozenset[str]:
        """Scenarios on whose nodes a target holds: the one that it names, all draws of a storyline, or all."""
        named = self.targets[target].scenario
        return frozenset(w for w, line in self.storylines.items() if named in ("", w, line))

    def target_years(self, target: str) -> range:
        """Years of the horizon in which a target holds."""
        row = self.targets[target]
        first = self.first_year if row.first_year is None else max(row.first_year, self.first_year)
        last = self.last_year if row.last_year is None else min(row.last_year, self.last_year)
        return range(first, last + 1)

    @cached_property
    def supplier_origin(self) -> dict[str, str]:
        """Outside supplier -> the country that it sells from."""
        named = {row.supplier: row.origin for row in self.tables.suppliers if row.origin}
        return {row.supplier: named.get(row.supplier, row.supplier) for row in self.tables.imports}


def returning(row: Return) -> tuple[str, str]:
    """Whose returns a row states: (project, '') or ('', stage)."""
    return (row.project, "") if row.project else ("", row.stage)


def _years_of(by_year: Mapping[Any, float]) -> dict[Any, list[int]]:
    """Key without its last place, the year -> years."""
    out: dict[Any, list[int]] = defaultdict(list)
    for *key, year in by_year:
        out[tuple(key)].append(year)
    return dict(out)
