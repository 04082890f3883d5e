"""What an investment case takes from its case: what plants make and take in, whether or not a plan runs them, terms of
finance and the price deck, each with its range and source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, log
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.investment_tables import ITEMS, DeckPrice, Finance, Item, fault_of_term
from planner.data.stages import MAGNET, METAL, OXIDE, STAGES
from planner.data.table_checks import stem
from planner.errors import Fault, InputError, did_you_mean, refuse_unknown
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
    """Something made or taken in: tonnes for each tonne of capacity in use (by year, where the feeds of a plant change),
    and the price it goes by.

    payable: it goes at the share of its price that a concentrate earns. name: of the element.
    """

    element: str
    form: str
    per_tonne: float | Array
    payable: bool = False
    name: str = ""

    @property
    def good(self) -> tuple[str, str]:
        """The key by which prices and markets know it: (element, form)."""
        return self.element, self.form

    @property
    def label(self) -> str:
        """In words."""
        return f"{self.name or self.element} {self.form}"


@dataclass(frozen=True, kw_only=True)
class PlantFacts:
    """A plant as its case states it. commit: year of the first payment; lead: years to the first output; size: t/y; money
    in MUSD per t. pays: share of the capital paid in each year from the first; ramp: share of the size usable in each year
    of output, the last stays; ramp_source: where it is from. mix: what it works, as shares of its capacity in use; by_year: the same by
    year, where a plan changes it.
    """

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
    pays: tuple[float, ...]
    ramp: tuple[float, ...]
    mix: Mapping[str, float]
    made: tuple[Material, ...]
    taken: tuple[Material, ...]
    by_year: Mapping[str, Array] = field(default_factory=dict)
    ramp_source: str = ""

    @property
    def converts(self) -> bool:
        """The plant buys at full price what it makes metal or magnets of."""
        return STAGES[self.stage].converts

    def feed_of(self, made: Material) -> list[Material]:
        """Materials that a converter buys at their full price to make a product of."""
        return [m for m in self.taken if self.converts and m.element == made.element]

    @property
    def start(self) -> int:
        """Year of the first output."""
        return self.commit + self.lead

    def usable_in(self, years: Sequence[int]) -> Array:
        """Share of its size that is usable in each year, from the first output on."""
        ages = np.array(years) - self.start
        shares = np.array(self.ramp)[np.clip(ages, 0, len(self.ramp) - 1)]
        return np.where(ages >= 0, shares, 0.0)


def plant_facts(case: Case, project: str, mix: Mapping[str, float] | None = None) -> PlantFacts:
    """The whole plant, decided at the first chance, working a mix; that of `stated_mix` if none is given."""
    row = case.projects[project]
    schedule = case.lookups.schedules[project]
    if mix is None:
        mix = stated_mix(case, project)
    made, taken = _goods_of(case, project, mix)
    by_products = [r for r in case.tables.byproducts if r.project == project]
    ramp_sources = [r.source for r in case.tables.ramps if r.ramp == row.ramp]
    cost_of_them = sum(r.variable_opex_usd_per_t for r in by_products)
    return PlantFacts(
        project=project,
        name=row.name,
        stage=row.stage,
        country=row.country,
        commit=case.lookups.commitment_years(project).start,
        lead=schedule.first_output,
        pays=schedule.capital,
        size=row.max_new_tpa,
        capex=case.lookups.full_capex(project),
        fixed=musd(row.fixed_opex_usd_per_tpa),
        variable=musd(row.variable_opex_usd_per_t + cost_of_them),
        ramp=schedule.ramp,
        ramp_source=next(filter(None, ramp_sources), ""),
        mix=mix,
        made=made,
        taken=taken,
    )


def as_built(
    case: Case, plant: PlantFacts, builds: Mapping[int, float], worked: Worked | None = None
) -> PlantFacts:
    """A plant of the size that a plan builds of it, paid for and run up as it builds; it works its own mix, or another.

    builds: t/y committed by year.
    """
    first = min(builds)
    size = sum(builds.values())
    longest = max(builds) - first
    pays = np.zeros(len(plant.pays) + longest)
    ramp = np.zeros(len(plant.ramp) + longest)
    for year, tpa in builds.items():
        later = year - first
        pays[later : later + len(plant.pays)] += tpa / size * np.array(plant.pays)
        ramp[later:] += tpa / size * plant.ramp[-1]
        ramp[later : later + len(plant.ramp)] += (
            tpa / size * (np.array(plant.ramp) - plant.ramp[-1])
        )
    built = replace(
        plant, commit=first, size=size, pays=tuple(pays.tolist()), ramp=tuple(ramp.tolist())
    )
    if worked is None:
        return built
    made, taken = _goods_of(case, plant.project, worked.by_year)
    return replace(built, mix=worked.in_all, by_year=worked.by_year, made=made, taken=taken)


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What a plant works, as shares of its capacity in use: by year, and over all years."""

    by_year: Mapping[str, Array]
    in_all: Mapping[str, float]

    def evened(self) -> Worked:
        """The same in every year."""
        by_year = {}
        for name, shares in self.by_year.items():
            by_year[name] = np.full_like(shares, self.in_all.get(name, 0.0))
        return Worked(by_year=by_year, in_all=self.in_all)


def _goods_of(
    case: Case, project: str, mix: Mapping[str, float] | Mapping[str, Array]
) -> tuple[tuple[Material, ...], tuple[Material, ...]]:
    """What a plant makes, and what it takes in with a mix, by-products included: those in a feed are paid for as its
    elements are, and lost alike."""
    stage = case.lookups.stage_of(project)
    made, taken = _materials(case, project, mix)
    gives = sum(material.per_tonne for material in made)
    lost = _ratio(sum(material.per_tonne for material in taken), gives)
    form = MAGNET if stage.gives == MAGNET else OXIDE
    for row in case.tables.byproducts:
        if row.project != project:
            continue
        made.append(Material(row.product, form, row.tonnes_per_t, payable=stage.mines))
        if stage.separates:
            taken.append(Material(row.product, OXIDE, row.tonnes_per_t * lost, payable=True))
    return _named(case, made), _named(case, taken)


def _ratio(one: float | Array, other: float | Array) -> float | Array:
    """One amount over another, 1 where either is nought."""
    ratio = np.divide(one, other, out=np.ones(np.broadcast(one, other).shape), where=other != 0)
    ratio = np.where(ratio > 0, ratio, 1.0)
    return float(ratio) if ratio.ndim == 0 else ratio


def _named(case: Case, materials: Sequence[Material]) -> tuple[Material, ...]:
    """Materials of which there is any, by the names of their elements."""
    there = [m for m in materials if np.any(np.asarray(m.per_tonne) > 0)]
    return tuple(replace(m, name=_name(case, m.element)) for m in there)


def _name(case: Case, element: str) -> str:
    row = case.elements.get(element)
    return row.name.lower() if row and row.name else element


def assigned_mix(case: Case, project: str, asked: Mapping[str, float]) -> dict[str, float]:
    """A mix that somebody assigns: feeds of a separation plant, elements of one that makes metal or magnets, by share of
    the capacity in use.

    Raises InputError for what the plant cannot take in, and for shares that are not positive or do not add up to 1.
    """
    possible = list(case.projects[project].feeds)
    if case.lookups.stage_of(project).converts:
        possible = [
            element for element in case.elements if case.lookups.recovery(project, element) > 0
        ]
    for name, share in asked.items():
        if name not in possible:
            hint = did_you_mean(name, possible)
            message = f'{project} takes no "{name}"{hint}; it takes {", ".join(possible)}'
            raise InputError([Fault("feeds", 0, project, message)])
        if not share > 0:
            raise InputError(
                [Fault("feeds", 0, project, f"{name}: share {share:g} is not above 0")]
            )
    total = sum(asked.values())
    if abs(total - 1) > SHARES_ADD_UP:
        message = f"shares of {project} add up to {total:g}, not to 1"
        raise InputError([Fault("feeds", 0, project, message)])
    return dict(asked)


def stated_mix(case: Case, project: str) -> dict[str, float]:
    """Material -> share of the capacity in use of a plant that takes it in.

    A mine its feed; a separation plant the feed that mines can give most of, of those it accepts; metal and magnet
    plants the elements as the alliance wants them in that form over the horizon, magnets being made of metal.
    """
    if case.lookups.stage_of(project).converts:
        return _wanted_mix(case, project)
    return {_largest_feed(case, project): 1.0}


def _wanted_mix(case: Case, project: str) -> dict[str, float]:
    """Elements that a plant can convert, as the alliance wants them; in equal parts where it wants none."""
    gives = case.lookups.stage_of(project).gives
    able = [element for element in case.elements if case.lookups.recovery(project, element) > 0]
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
    separates = case.lookups.stage_of(project).separates
    given = dict.fromkeys(case.projects[project].feeds, 0.0)
    for other in case.projects.values():
        if STAGES[other.stage].mines and other.feeds[0] in given:
            given[other.feeds[0]] += other.existing_tpa + other.max_new_tpa

    def size(feed: str) -> tuple[float, float, str]:
        per_tonne = case.lookups.capacity_use(project, feed) if separates else 1.0
        return given[feed] * per_tonne, per_tonne, feed

    return max(given, key=size)


def _materials(
    case: Case, project: str, mix: Mapping[str, float] | Mapping[str, Array]
) -> tuple[list[Material], list[Material]]:
    """The materials that a plant makes, and those that it takes in (t per t of its capacity), with a mix of feeds or
    elements."""
    stage = case.lookups.stage_of(project)
    made, taken = defaultdict[str, Any](float), defaultdict[str, Any](float)
    if stage.converts:
        for element, part in mix.items():
            made[element] = part * case.lookups.recovery(project, element)
            taken[element] = part
        return _of(made, stage.gives), _of(taken, stage.takes)
    for feed, part in mix.items():
        use = 1.0 if stage.mines else case.lookups.capacity_use(project, feed)
        oxides = part / use if use > 0 else 0.0
        for element, share in case.lookups.feed_shares.get(feed, {}).items():
            kept = 1.0 if stage.mines else case.lookups.recovery(project, element)
            made[element] += oxides * share * kept
            if not stage.mines and kept > 0:  # what a plant does not recover it does not pay for
                taken[element] += oxides * share
    return _of(made, OXIDE, payable=stage.mines), _of(taken, OXIDE, payable=True)


def _of(tonnes: Mapping[str, float | Array], form: str, *, payable: bool = False) -> list[Material]:
    """Materials by element."""
    out = []
    for element, per_tonne in tonnes.items():
        out.append(Material(element, form, per_tonne, payable=payable))
    return out


def goods(plants: Sequence[PlantFacts]) -> list[tuple[str, str]]:
    """(element, form) of all that some plants sell and buy, in order."""
    found: set[tuple[str, str]] = set()
    for plant in plants:
        found.update(material.good for material in plant.made)
        found.update(material.good for material in plant.taken)
    return sorted(found)


Levels = Mapping[str, Array]
"""FinanceTerm, or the `price_name` of an element, -> its level in each case: arrays of shape (cases, 1), or single figures."""
INSTRUMENTS = (
    "grant",
    "public_loan",
    "guarantee",
    "floor",
    "cfd",
    "availability",
    "public_stock",
    "royalty",
    "tax_credit",
    "tax_credit_per_kg",
)
"""Terms that are instruments: none of them holds unless it is stated."""
OF_COUNTRY = ("tax_rate", "depreciation_years", "loss_limit", "wacc")
"""Terms that are of each country by itself, where plants of several are one case; of others there is one for all."""
SUPPORT_YEARS = "support_years"
"""The term that says for how many years instruments are paid,"""
PAID_FOR_YEARS = ("floor", "cfd", "availability", "public_stock")
"""and which."""
NOT_STATED = "not stated"
"""Source of a term that is agreed, if at all, and that the case does not state."""
NOMINAL = "_nominal"
"""Ends the name of a real rate that is given as a nominal one."""
LOAN_OPTIONS = ("upfront_fee", "commitment_fee", "overrun")
"""Terms of a loan that it need not have: none of them holds unless it is stated."""
REAL_RATE = "a year, real"
"""Unit of a real rate."""
AGREED = frozenset((*INSTRUMENTS, *LOAN_OPTIONS, SUPPORT_YEARS, "grant_most"))
"""Terms that are granted or agreed, so the same in every draw."""
SHARES_ADD_UP = 1e-9
UNSOURCED = "stated without a source"
CASE_MARKET = "case"
"""The deck that is the prices of the table `elements`."""


def levels_of(x: Levels, country: str) -> Levels:
    """Levels as they hold in a country, where plants of several are one case."""
    own = {}
    for term in OF_COUNTRY:
        of_country = f"{country}:{term}"
        if of_country in x:
            own[term] = x[of_country]
    return {**x, **own} if own else x


def price_name(element: str) -> str:
    """The name of the term that is a factor on the price of an element."""
    return f"price:{element}"


@dataclass(frozen=True, kw_only=True)
class FinanceTerm:
    """A figure of the case with its range, where it comes from, and why it is what it is, in words of the case. judged: nobody
    stated it.
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
    notes: str = ""
    whole: bool = False

    @property
    def unsourced(self) -> bool:
        """It is stated without a source."""
        return self.source == UNSOURCED

    @property
    def not_stated(self) -> bool:
        """It would be agreed, and the case states nothing of it."""
        return self.source == NOT_STATED


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Prices of one good by year (MUSD/t, real), without and by future. name: of the element; premiums: terms that come on
    top of them.

    low, high: ends of its range over the price, of all years.
    """

    element: str
    name: str
    form: str
    price: Array
    low: float
    high: float
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
    stated = _finance_rows(case, country)
    inflation = stated.get("inflation", ITEMS["inflation"]).value
    changes = _in_real_terms(changes, changes.get("inflation", inflation))
    for name, value in changes.items():
        _check_change(name, value)
    terms = {}
    for name, item in ITEMS.items():
        row = stated.get(name)
        term = _declared(name, item) if row is None else _stated(name, item, row)
        terms[name] = _changed(term, changes[name]) if name in changes else term
    return terms


def _in_real_terms(changes: Mapping[str, float], inflation: float) -> dict[str, float]:
    """Changes of terms, each rate that is given nominal as the real one."""
    real = {}
    for name, value in changes.items():
        term = name.removesuffix(NOMINAL)
        item = ITEMS.get(term)
        if term != name and item is not None and item.unit == REAL_RATE:
            real[term] = (1 + value) / (1 + inflation) - 1
        else:
            real[name] = value
    return real


def _finance_rows(case: Case, country: str) -> dict[str, Finance]:
    """Rows of the table `finance` that hold in a country, by item: its own, else those of all."""
    rows = {}
    for whose in ("", country):
        for row in case.tables.finance:
            if row.country == whose:
                rows[row.item] = row
    return rows


def _check_change(name: str, value: float) -> None:
    """Raise InputError for a term that does not exist, or a value that it cannot have."""
    refuse_unknown("terms", "term", name, ITEMS)
    message = fault_of_term(name, value)[1]
    if message:
        raise InputError([Fault("terms", 0, name, message)])


def _declared(name: str, item: Item) -> FinanceTerm:
    """A term as it is judged to be where nobody states it; instruments are nought then."""
    return FinanceTerm(
        name=name,
        meaning=item.meaning,
        unit=item.unit,
        value=item.value,
        low=item.low,
        high=item.high,
        source=NOT_STATED if name in AGREED else "judged",
        confidence="",
        judged=name not in AGREED,
        whole=item.whole,
    )


def _stated(name: str, item: Item, row: Finance) -> FinanceTerm:
    """A term as the case states it; without a range it is what it is."""
    return replace(
        _declared(name, item),
        value=row.value,
        low=row.value if row.low is None else row.low,
        high=row.value if row.high is None else row.high,
        source=row.source or UNSOURCED,
        confidence=row.confidence,
        notes=row.notes,
        judged=False,
    )


def _changed(term: FinanceTerm, value: float) -> FinanceTerm:
    """A term at the value asked for; what is granted or agreed is so in every draw."""
    fixed = term.name in AGREED
    return replace(
        term,
        value=value,
        low=value if fixed else min(term.low, value),
        high=value if fixed else max(term.high, value),
        source="as asked",
        notes="",
        judged=False,
    )


def quotes(
    case: Case,
    wanted: Sequence[tuple[str, str]],
    *,
    market: str,
    years: Sequence[int],
    inflation: float,
) -> list[Quote]:
    """Prices of goods (element, form) in a market. Raises InputError for a market of which the case has no price."""
    markets = {row.market for row in case.tables.prices}
    refuse_unknown("market", "market", market, [CASE_MARKET, *sorted(markets)])
    deck = Deck(case=case, market=market, years=np.array(years, float), inflation=inflation)
    return [deck.quote(element, form) for element, form in wanted]


@dataclass(frozen=True, kw_only=True)
class Deck:
    """Prices of a case in one market. inflation: of prices that are not real."""

    case: Case
    market: str
    years: Array
    inflation: float

    def quote(self, element: str, form: str) -> Quote:
        """The price of a good: of its form, else of its oxide with premiums, else of the table `elements`."""
        rows = self._rows(element)
        premiums = PREMIUMS[form]
        if self._takes_any_price(element):
            used = rows
        else:
            used = [row for row in rows if row.form == form]
            if used:
                premiums = ()
            else:
                used = [row for row in rows if row.form == OXIDE]
        plain = [row for row in used if not row.future]
        if not plain:
            return self._flat(element, form)
        by_future: dict[str, list[DeckPrice]] = {}
        for row in used:
            if row.future:
                by_future.setdefault(row.future, []).append(row)
        low, high = _range_of(plain)
        return Quote(
            element=element,
            name=_name(self.case, element),
            form=form,
            price=self._line(plain),
            low=low,
            high=high,
            by_future={future: self._line(by_future[future]) for future in sorted(by_future)},
            premiums=premiums,
            source=plain[0].source,
            confidence=plain[0].confidence,
        )

    def _takes_any_price(self, element: str) -> bool:
        """The element is a by-product of which the table `elements` has no price: any is better than none."""
        return element not in self.case.elements and self.market == CASE_MARKET

    def _rows(self, element: str) -> list[DeckPrice]:
        """Rows of an element in the market."""
        rows = [row for row in self.case.tables.prices if row.element == element]
        market = self.market
        if self._takes_any_price(element):
            markets = sorted({row.market for row in rows}, key=self._distance)
            market = markets[0] if markets else market
        return [row for row in rows if row.market == market]

    def _distance(self, market: str) -> tuple[float, str]:
        """How far a deck lies from the prices of the table `elements`: the mean of the logarithms of their ratios. Prices
        of by-products are those of the world that those of elements are of."""
        apart = []
        for row in self.case.tables.prices:
            element = self.case.elements.get(row.element)
            of_case = element.price_usd_per_kg if element else None
            is_plain = row.market == market and row.form == OXIDE and not row.future
            if is_plain and of_case and row.price_usd_per_kg:
                apart.append(abs(log(row.price_usd_per_kg / of_case)))
        return (sum(apart) / len(apart) if apart else inf), market

    def _flat(self, element: str, form: str) -> Quote:
        """The one price that the table `elements` has. Its range holds the oxide's prices in all decks, so that no market
        that the case knows lies outside it."""
        row = self.case.elements.get(element)
        usd = row.price_usd_per_kg or 0.0 if row else 0.0
        ends = [0.7 * usd, 1.3 * usd]
        for deck in self.case.tables.prices:
            if deck.element == element and deck.form == OXIDE and not deck.future:
                known = (deck.price_usd_per_kg, deck.low, deck.high)
                ends += [price for price in known if price is not None]
        return Quote(
            element=element,
            name=_name(self.case, element),
            form=form,
            price=np.full(len(self.years), musd_per_tonne(usd)),
            low=min(ends) / (usd or 1.0),
            high=max(ends) / (usd or 1.0),
            by_future={},
            premiums=PREMIUMS[form],
            source=row.source if row else "",
            confidence=row.confidence if row else "",
        )

    def _line(self, rows: Sequence[DeckPrice]) -> Array:
        """Real prices by year (MUSD/t), linear between the years of the rows."""
        given = {row.year or 0: row.price_usd_per_kg for row in rows}
        of_years = sorted(given)
        usd = np.interp(self.years, of_years, [given[year] for year in of_years])
        if not rows[0].real:
            usd = usd / (1 + self.inflation) ** (self.years - self.case.first_year)
        return np.asarray(usd * musd_per_tonne(1.0))


def _range_of(rows: Sequence[DeckPrice]) -> tuple[float, float]:
    """The ends of the range over the price, the widest of all years; 1 where a row states none or has no price."""
    lows, highs = [], []
    for row in rows:
        price = row.price_usd_per_kg
        lows.append(1.0 if row.low is None or price <= 0 else row.low / price)
        highs.append(1.0 if row.high is None or price <= 0 else row.high / price)
    return min(lows), max(highs)
