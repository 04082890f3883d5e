"""What an investment case takes from its case: what plants make and take in, whether or not a plan runs them, terms of
finance and the price deck, each with its range and source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from planner.data.case import Case
from planner.data.investment_tables import ITEMS, DeckPrice, fault_of_term
from planner.data.stages import MAGNET, METAL, OXIDE, STAGES
from planner.data.table_checks import stem
from planner.errors import Fault, InputError, did_you_mean
from planner.finance.yearly_rows import Array
from planner.units import musd, musd_per_tonne

PREMIUMS: Mapping[str, tuple[str, ...]] = {
    OXIDE: (),
    METAL: ("metal_premium",),
    MAGNET: ("metal_premium", "magnet_premium"),
}
"""Terms by which a form is dearer than the oxide, where the deck has no price of the form itself."""


@dataclass(frozen=True)
class Material:
    """Something made or taken in: tonnes for each tonne of capacity in use, and the price it goes by.

    payable: it goes at the share of its price that a concentrate earns. name: of the element.
    """

    element: str
    form: str
    per_tonne: float
    payable: bool = False
    name: str = ""

    @property
    def good(self) -> tuple[str, str]:
        """What prices and markets know it by."""
        return self.element, self.form

    @property
    def label(self) -> str:
        """In words."""
        return f"{self.name or self.element} {self.form}"


@dataclass(frozen=True, kw_only=True)
class PlantFacts:
    """A plant as its case states it. commit: year of the first payment; size: t/y; money in MUSD per t."""

    project: str
    name: str
    stage: str
    country: str
    commit: int
    lead: int
    size: float
    capex: float
    fixed: float
    variable: float
    ramp: tuple[float, ...]
    public_share: float
    mix: Mapping[str, float]
    made: tuple[Material, ...]
    taken: tuple[Material, ...]

    @property
    def converts(self) -> bool:
        """Whether it buys at full price what it makes metal or magnets of."""
        return STAGES[self.stage].converts

    def feed_of(self, made: Material) -> list[Material]:
        """What a converter buys at its full price to make a product of."""
        return [m for m in self.taken if self.converts and m.element == made.element]

    @property
    def start(self) -> int:
        """Year of the first output."""
        return self.commit + self.lead


def plant_facts(case: Case, project: str) -> PlantFacts:
    """The whole plant, decided at the first chance, working the mix of `stated_mix`."""
    row, mix = case.projects[project], stated_mix(case, project)
    extra = [r for r in case.tables.byproducts if r.project == project]
    made, taken = _materials(case, project, mix)
    stage = STAGES[row.stage]
    if stage.separates:  # by-products in the feed are paid for as its elements are, lost alike
        gives = sum(material.per_tonne for material in made)
        takes = sum(material.per_tonne for material in taken)
        kept = gives / (takes or 1.0) or 1.0
        taken += [Material(r.product, OXIDE, r.tonnes_per_t / kept, True) for r in extra]
    form = MAGNET if stage.gives == MAGNET else OXIDE
    made += [Material(r.product, form, r.tonnes_per_t, stage.mines) for r in extra]
    by_products_cost = sum(r.variable_opex_usd_per_t for r in extra)
    return PlantFacts(
        project=project,
        name=row.name,
        stage=row.stage,
        country=row.country,
        commit=case.commitment_years(project).start,
        lead=row.lead_time_years,
        size=row.max_new_tpa,
        capex=musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index,
        fixed=musd(row.fixed_opex_usd_per_tpa),
        variable=musd(row.variable_opex_usd_per_t + by_products_cost),
        ramp=tuple(case.ramp_of(project)),
        public_share=row.public_share,
        mix=mix,
        made=_named(case, made),
        taken=_named(case, taken),
    )


def _named(case: Case, materials: Sequence[Material]) -> tuple[Material, ...]:
    """Those that there is any of, by the names of their elements."""
    there = [m for m in materials if m.per_tonne > 0]
    return tuple(replace(m, name=_name(case, m.element)) for m in there)


def _name(case: Case, element: str) -> str:
    return case.elements[element].name.lower() if element in case.elements else element


def stated_mix(case: Case, project: str) -> dict[str, float]:
    """What a plant takes in, as shares of its capacity in use.

    A mine its feed; a separation plant the feed that mines can give most of, of those it accepts; metal and magnet
    plants the elements as the alliance wants them in that form over the horizon, magnets being made of metal.
    """
    if case.stage_of(project).converts:
        return _wanted_mix(case, project)
    return {_largest_feed(case, project): 1.0}


def _wanted_mix(case: Case, project: str) -> dict[str, float]:
    """Elements that a plant can convert, as the alliance wants them; in equal parts where it wants none."""
    gives = case.stage_of(project).gives
    able = [element for element in case.elements if case.recovery(project, element) > 0]
    wanted = dict.fromkeys(able, 0.0)
    for (_, element, form, _), tonnes in case.demand.items():
        if element in wanted and form in (gives, MAGNET):
            wanted[element] += tonnes
    total = sum(wanted.values())
    if total <= 0:
        return dict.fromkeys(able, 1 / len(able)) if able else {}
    return {element: tonnes / total for element, tonnes in wanted.items() if tonnes > 0}


def _largest_feed(case: Case, project: str) -> str:
    """The feed that mines can give most of, in capacity that it takes up."""
    separates = case.stage_of(project).separates
    given = dict.fromkeys(case.projects[project].feeds, 0.0)
    for other in case.projects.values():
        if STAGES[other.stage].mines and other.feeds[0] in given:
            given[other.feeds[0]] += other.existing_tpa + other.max_new_tpa

    def size(feed: str) -> tuple[float, float, str]:
        per_tonne = case.capacity_use(project, feed) if separates else 1.0
        return given[feed] * per_tonne, per_tonne, feed

    return max(given, key=size)


def _materials(
    case: Case, project: str, mix: Mapping[str, float]
) -> tuple[list[Material], list[Material]]:
    stage = case.stage_of(project)
    made, taken = defaultdict[str, float](float), defaultdict[str, float](float)
    if stage.converts:
        for element, part in mix.items():
            made[element] = part * case.recovery(project, element)
            taken[element] = part
        return _of(made, stage.gives), _of(taken, stage.takes)
    for feed, part in mix.items():
        use = 1.0 if stage.mines else case.capacity_use(project, feed)
        oxides = part / use if use > 0 else 0.0
        for element, share in case.feed_shares.get(feed, {}).items():
            kept = 1.0 if stage.mines else case.recovery(project, element)
            made[element] += oxides * share * kept
            if not stage.mines and kept > 0:  # what a plant does not recover it does not pay for
                taken[element] += oxides * share
    return _of(made, OXIDE, payable=stage.mines), _of(taken, OXIDE, payable=True)


def _of(tonnes: Mapping[str, float], form: str, *, payable: bool = False) -> list[Material]:
    """Materials by element."""
    out = []
    for element, per_tonne in tonnes.items():
        out.append(Material(element, form, per_tonne, payable))
    return out


def goods(plants: Sequence[PlantFacts]) -> list[tuple[str, str]]:
    """(element, form) of all that some plants sell and buy, in order."""
    return sorted({m.good for plant in plants for m in (*plant.made, *plant.taken)})


Levels = Mapping[str, Array]
"""FinanceTerm, or `price:ELEMENT`, -> its level in each case: arrays of shape (cases, 1), or single figures."""
INSTRUMENTS = (
    "grant",
    "public_loan",
    "floor",
    "cfd",
    "availability",
    "take_or_pay",
    "take_or_pay_price",
    "royalty",
    "accelerated",
    "tax_credit",
    "tax_credit_per_kg",
)
"""Terms that are instruments: none of them holds unless it is stated."""
UNSOURCED = "stated without a source"
CASE_MARKET = "case"
"""The deck that is the prices of the table `elements`."""


@dataclass(frozen=True, kw_only=True)
class FinanceTerm:
    """A figure of the case with its range, and where it comes from. judged: nobody stated it.

    low_by_year, high_by_year: the range of a price, where it is not the same in all years; `low` and `high` are its
    least and its most.
    """

    name: str
    meaning: str
    unit: str
    value: float
    low: float
    high: float
    source: str
    confidence: str
    judged: bool
    whole: bool = False
    low_by_year: Array | None = field(default=None, compare=False)
    high_by_year: Array | None = field(default=None, compare=False)

    @property
    def ends(self) -> tuple[Array, Array]:
        """Its level at the low and at the high end, by year where the range is one of years."""
        low = self.low if self.low_by_year is None else self.low_by_year
        high = self.high if self.high_by_year is None else self.high_by_year
        return np.asarray(low, float), np.asarray(high, float)

    @property
    def unsourced(self) -> bool:
        """Whether it is stated without a source."""
        return self.source == UNSOURCED


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Prices of one good by year (MUSD/t, real), without and by future. premiums: terms that come on top of them.

    low, high: ends of its range over the price, by year or the same in all.
    """

    element: str
    form: str
    price: Array
    low: Array | float
    high: Array | float
    by_future: Mapping[str, Array]
    premiums: tuple[str, ...]
    source: str
    confidence: str

    @property
    def label(self) -> str:
        """In words."""
        return f"{self.element} {self.form}"

    def at(self, future: str) -> Array:
        """Prices in a future."""
        return self.by_future.get(future, self.by_future.get(stem(future), self.price))


def terms_of(case: Case, country: str, changes: Mapping[str, float]) -> dict[str, FinanceTerm]:
    """Every term as the case states it for the country, else for all, else as declared; `changes` come first.

    Raises InputError for a change of what is no term, or out of its bounds.
    """
    for name, value in changes.items():
        if name not in ITEMS:
            said = f'unknown term "{name}"{did_you_mean(name, ITEMS)}; known: {", ".join(ITEMS)}'
            raise InputError([Fault("--with", 0, "", said)])
        if said := fault_of_term(name, value)[1]:
            raise InputError([Fault("--with", 0, name, said)])
    stated = {(r.country, r.item): r for r in case.tables.finance}
    out = {}
    for name, item in ITEMS.items():
        row = stated.get((country, name)) or stated.get(("", name))
        value, low, high, source, confidence = item.value, item.low, item.high, "judged", ""
        if row is not None:
            value, source, confidence = row.value, row.source or UNSOURCED, row.confidence
            low, high = (value if end is None else end for end in (row.low, row.high))
        if name in changes:
            value, source = changes[name], "as asked"
            low, high = min(low, value), max(high, value)
            if name in INSTRUMENTS:  # what is granted or agreed is so in every draw
                low, high = value, value
        if source == "judged" and name in INSTRUMENTS:
            source = "not stated"
        judged = source == "judged"
        out[name] = FinanceTerm(
            name=name,
            meaning=item.meaning,
            unit=item.unit,
            value=value,
            low=low,
            high=high,
            source=source,
            confidence=confidence,
            judged=judged,
            whole=item.whole,
        )
    return out


def quotes(
    case: Case,
    wanted: Sequence[tuple[str, str]],
    market: str,
    years: Sequence[int],
    inflation: float,
) -> list[Quote]:
    """Prices of goods (element, form) in a market. Raises InputError for a market of which the case has no price."""
    markets = {r.market for r in case.tables.prices}
    if market != CASE_MARKET and market not in markets:
        known = ", ".join([CASE_MARKET, *sorted(markets)])
        said = f'unknown market "{market}"{did_you_mean(market, markets)}; known: {known}'
        raise InputError([Fault("--market", 0, "", said)])
    return [
        _quote(case, element, form, market, np.array(years, float), inflation)
        for element, form in wanted
    ]


def _quote(
    case: Case, element: str, form: str, market: str, years: Array, inflation: float
) -> Quote:
    rows = [r for r in case.tables.prices if r.market == market and r.element == element]
    exact = [r for r in rows if r.form == form]
    used, premiums = (
        (exact, ()) if exact else ([r for r in rows if r.form == OXIDE], PREMIUMS[form])
    )
    if (
        element not in case.elements and market == CASE_MARKET
    ):  # of a by-product any price is better than none
        others = [r for r in case.tables.prices if r.element == element]
        used = [r for r in others if r.market == min(o.market for o in others)]
    plain = [r for r in used if not r.future]
    if not plain:
        row = case.elements.get(element)
        usd = row.price_usd_per_kg or 0.0 if row else 0.0
        flat = np.full(len(years), musd_per_tonne(usd))
        return Quote(
            element=element,
            form=form,
            price=flat,
            low=0.7,
            high=1.3,
            by_future={},
            premiums=PREMIUMS[form],
            source=row.source if row else "",
            confidence=row.confidence if row else "",
        )
    by_future = {}
    for future in sorted({r.future for r in used if r.future}):
        of_future = [r for r in used if r.future == future]
        by_future[future] = _line(of_future, years, inflation, case.first_year)
    low, high = _range_by_year(plain, years)
    return Quote(
        element=element,
        form=form,
        price=_line(plain, years, inflation, case.first_year),
        low=low,
        high=high,
        by_future=by_future,
        premiums=premiums,
        source=plain[0].source,
        confidence=plain[0].confidence,
    )


def _line(rows: Sequence[DeckPrice], years: Array, inflation: float, base: int) -> Array:
    """Real prices by year (MUSD/t), linear between the years of the rows."""
    usd = _between(rows, years, [row.price_usd_per_kg for row in rows])
    if not rows[0].real:
        usd = usd / (1 + inflation) ** (years - base)
    return np.asarray(usd * musd_per_tonne(1.0))


def _between(rows: Sequence[DeckPrice], years: Array, usd: Sequence[float]) -> Array:
    """Amounts of the rows, linear between their years and constant outside."""
    given = dict(sorted((row.year or 0, amount) for row, amount in zip(rows, usd, strict=True)))
    return np.asarray(np.interp(years, list(given), list(given.values())))


def _range_by_year(rows: Sequence[DeckPrice], years: Array) -> tuple[Array, Array]:
    """Low and high over the price in each year; a row that states none may be nothing else."""
    price = _between(rows, years, [row.price_usd_per_kg for row in rows])
    ends = []
    for name in ("low", "high"):
        stated = [getattr(row, name) for row in rows]
        usd = [
            row.price_usd_per_kg if end is None else end
            for row, end in zip(rows, stated, strict=True)
        ]
        end = _between(rows, years, usd)
        ends.append(np.where(price > 0, end / np.where(price > 0, price, 1.0), 1.0))
    return ends[0], ends[1]
