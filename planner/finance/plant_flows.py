"""Plants by year: capacity in use, what each sells and spends, its depreciation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from planner.finance.contracts import Deal, Settlement, Trade, feed_price, settle
from planner.finance.project_facts import Levels, Material, PlantFacts, Quote, levels_of
from planner.finance.yearly_rows import Array, added, larger, over_years, row, smaller, where

LEAST_T = 1e-9
Product = tuple[str, str]
Prices = Mapping[Product, Array]


@dataclass(frozen=True, kw_only=True)
class Investment:
    """The investment that is judged: plants as one, over the same years, on one deck and under some contracts.

    wanted: of each good that has a market, tonnes by year that the alliance wants in its form or made of it.
    as_run: plants work as a plan has them work, whether or not all that they make is sold.
    """

    years: tuple[int, ...]
    base_year: int
    plants: tuple[PlantFacts, ...]
    quotes: tuple[Quote, ...]
    deals: tuple[Deal, ...]
    wanted: Mapping[Product, Array]
    as_run: bool = False

    def prices(self, future: str = "") -> dict[Product, Array]:
        """MUSD/t by good and year, before premiums."""
        return {(q.element, q.form): q.at(future) for q in self.quotes}

    def lacks_demand(self, material: Material) -> bool:
        """The case says nothing of how much of it is wanted: all that is made of it counts as sold."""
        return material.payable or material.good not in self.wanted

    def deals_on(self, project: str, element: str, kind: str) -> list[Deal]:
        """Contracts on what a plant sells of an element, `offtake`, or takes in, `feed`."""
        return [deal for deal in self.deals if deal.applies(project, element, kind)]

    def by_future(self, futures: Sequence[str]) -> dict[Product, Array]:
        """Product -> prices before premiums (MUSD/t, real; futures x years)."""
        found = {}
        for quote in self.quotes:
            rows = [quote.at(future) for future in futures]
            found[quote.element, quote.form] = np.array(rows)
        return found


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One product of one plant by year: tonnes, tonnes for a public stock on top, and real money (MUSD) at the market, by
    contracts, by guaranteed prices, by a two-way contract for difference (below nought: paid back), for the public stock."""

    material: Material
    tonnes: Array
    market: Array
    settled: tuple[Settlement, ...]
    floored: Array
    difference: Array
    stocked: Array
    for_stock: Array

    @property
    def received(self) -> Array:
        """All that it brings in."""
        money = self.market + self.floored + self.difference + self.for_stock
        for one in self.settled:
            label = f"{self.material.label}, {one.contract.contract}, over sales at the market"
            money = money + row(one.change, "Revenue", label, "MUSD")
        return row(money, "Revenue", f"{self.material.label}, all that it brings in", "MUSD")

    @property
    def by_contract(self) -> Array:
        """The part of it that public contracts pay, less what they are paid back."""
        money = 0.0 * self.market
        for settlement in self.settled:
            if settlement.contract.public:
                money = money + settlement.top_up - settlement.paid_back
        return row(money, "Revenue", f"{self.material.label}, by public contracts", "MUSD")

    @property
    def by_the_public(self) -> Array:
        """All that the public pays of it."""
        return self.floored + self.difference + self.for_stock + self.by_contract


@dataclass(frozen=True, kw_only=True)
class PlantFlows:
    """One plant by year: capacity in use (t), whether it runs, whether support is paid, share of its capacity that is usable then; money of the
    base year (MUSD, costs positive); depreciation nominal. late: sustaining capital and closure less residual value; sustaining: of it. top:
    share of capacity that is usable in the end."""

    country: str
    tonnes: Array
    running: Array
    supported: Array
    usable: Array
    top: Array | float
    capital: Array
    fixed: Array
    variable: Array
    feed: Array
    late: Array
    sustaining: Array
    depreciation: Array
    sales: tuple[Sale, ...]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The setting in which plants work: the investment, levels of terms, prices by good (MUSD/t, real) as it sells
    at, and money of each year over that of the base year."""

    found: Investment
    x: Levels
    prices: Prices
    index: Array


@dataclass(frozen=True, kw_only=True)
class WorkByYear:
    """Years since the first output; whether support is paid; tonnes of capacity that could be in use, and that could be were all of it worked;
    whether it runs; share of capacity that is usable."""

    age: Array
    supported: Array
    able: Array
    full: Array
    running: Array
    usable: Array


@dataclass(frozen=True, kw_only=True)
class Output:
    """A product of a plant by year: tonnes that it could make as it is worked."""

    material: Material
    could: Array


@dataclass(frozen=True, kw_only=True)
class SoldShares:
    """What is sold of a product by year: share of what could be made; whether support is paid; capacity (t) that works for a
    public stock besides."""

    share: Array | float
    supported: Array
    for_stock: Array


def received(sales: Sequence[Sale], like: Array) -> Array:
    """Money for sales (real)."""
    return added([sale.received for sale in sales], like)


def tonnes_sold(plants: Sequence[PlantFlows], like: Array) -> Array:
    """Tonnes of all products of some plants by year, those for a public stock included."""
    sales = [sale.tonnes + sale.stocked for plant in plants for sale in plant.sales]
    return added(sales, like)


def all_plants(setting: Setting, use: Sequence[Array]) -> tuple[PlantFlows, ...]:
    """Every plant by year. use: for each the share of what its ramp allows that is worked, by year."""
    found, x = setting.found, setting.x
    works = [_work(plant, x, share) for plant, share in zip(found.plants, use, strict=True)]
    outputs = [_outputs(plant, work, x) for plant, work in zip(found.plants, works, strict=True)]
    all_made = list(chain.from_iterable(outputs))
    taken = {}
    for good in found.wanted:
        could = [output.could for output in all_made if output.material.good == good]
        taken[good] = _taken(setting, good, could)
    flows = []
    for plant, work, made in zip(found.plants, works, outputs, strict=True):
        shares = [taken.get(output.material.good, 1.0) for output in made]
        flows.append(_plant_flows(setting, plant, work, made=made, shares=shares))
    return tuple(flows)


def _work(plant: PlantFacts, x: Levels, use: Array) -> WorkByYear:
    """Age, years of running and capacity of a plant by year. use: share of its capacity that could be in use."""
    age = x["year"] - plant.start - x["delay_years"]
    age = row(age, "Time", f"{plant.name}, years since first output", "years")
    running = where((age >= 0) & (age < x["life_years"]), 1.0, 0.0)
    running = row(running, "Time", f"{plant.name}, runs", "flag")
    *growing, whole = plant.ramp
    shares = [share * (age == n) for n, share in enumerate(growing)]
    ramped = added(shares, age) + whole * (age >= len(growing))
    usable = row(ramped * running, "Time", f"{plant.name}, share of capacity usable", "share")
    full = plant.size * usable * x["volume"]
    full = row(full, "Operations", f"{plant.name}, capacity at full use", "t")
    able = row(full * use, "Operations", f"{plant.name}, capacity that could be in use", "t")
    is_supported = (age >= 0) & (age < x["support_years"])
    supported = where(is_supported, running, 0.0)
    supported = row(supported, "Time", f"{plant.name}, support is paid", "flag")
    return WorkByYear(
        age=age, supported=supported, able=able, full=full, running=running, usable=usable
    )


def _outputs(plant: PlantFacts, work: WorkByYear, x: Levels) -> list[Output]:
    """Tonnes by year of each product of a plant, as far as its capacity could be in use."""
    out = []
    for material in plant.made:
        label = f"{plant.name}, {material.label}"
        per_tonne = material.per_tonne * x["recovery_factor"]
        could = row(work.able * per_tonne, "Operations", f"{label}, could be made", "t")
        out.append(Output(material=material, could=could))
    return out


def _taken(setting: Setting, good: Product, could: Sequence[Array]) -> Array:
    """The share of what could be made that the market takes: at most so much of all that is wanted."""
    wanted = setting.found.wanted[good]
    most = setting.x["market_share"] * wanted
    share = smaller(1.0, most / larger(added(could, wanted), LEAST_T))
    return row(share, "Operations", f"{' '.join(good)}, share that the market takes", "share")


def _plant_flows(
    setting: Setting,
    plant: PlantFacts,
    work: WorkByYear,
    *,
    made: Sequence[Output],
    shares: Sequence[Array | float],
) -> PlantFlows:
    """The flows of a plant; where sales are limited it runs for the product of which it sells the largest share. shares:
    sold of each of `made`."""
    found = setting.found
    tonnes = work.able
    limited = all(output.material.good in found.wanted for output in made)
    if limited and shares and not found.as_run:
        most = shares[0]
        for share in shares[1:]:
            most = larger(most, share)
        tonnes = work.able * most
    idle = larger(work.full - tonnes, 0.0) * work.supported
    for_stock = setting.x["public_stock"] * idle
    for_stock = row(for_stock, "Operations", f"{plant.name}, in use for a public stock", "t")
    tonnes = row(tonnes + for_stock, "Operations", f"{plant.name}, capacity in use", "t")
    sales = []
    for output, share in zip(made, shares, strict=True):
        sold = SoldShares(share=share, supported=work.supported, for_stock=for_stock)
        sales.append(_sale(setting, plant, output, sold))
    costs = _costs(setting, plant, work, tonnes)
    spent = over_years(costs["capital"] * setting.index)
    return PlantFlows(
        country=plant.country,
        tonnes=tonnes,
        running=work.running,
        supported=work.supported,
        usable=work.usable,
        top=plant.ramp[-1],
        depreciation=_depreciation(plant, work.age, spent, setting.x),
        sales=tuple(sales),
        **costs,
    )


def _sale(setting: Setting, plant: PlantFacts, output: Output, sold: SoldShares) -> Sale:
    """The sale of a product: at the market, under contracts, and with what supports pay."""
    supported = sold.supported
    found, x, material = setting.found, setting.x, output.material
    label = f"{plant.name}, {material.label}"
    price = setting.prices[material.good]
    paid = x["payable"] if material.payable else 1.0  # the share of its price of a concentrate
    tonnes = row(output.could * sold.share, "Revenue", f"{label}, sold", "t")
    stocked = sold.for_stock * material.per_tonne * x["recovery_factor"]
    stocked = row(stocked, "Revenue", f"{label}, bought for a public stock", "t")
    trade = Trade(
        price=price,
        tonnes=tonnes * paid,
        year=x["year"],
        index=setting.index,
        per_kg=x["per_kg"],
        label=label,
    )
    deals = found.deals_on(plant.project, material.element, "offtake")
    earned = _earned(setting, plant, material)
    deck = found.prices()[material.good]
    struck = where(x["cfd"] * supported > 0, x["cfd"] * deck, earned)
    short = larger(x["floor"] * deck - struck, 0.0)
    short = where(x["floor"] * supported > 0, short, 0.0)

    def money(amounts: Array, what: str) -> Array:
        return row(amounts * paid, "Revenue", f"{label}, {what}", "MUSD")

    market = money(tonnes * price, "at the market")
    settled = [settle(deal, trade) for deal in deals]
    floored = money(short * tonnes, "guaranteed price")
    difference = money((struck - earned) * tonnes, "contract for difference")
    return Sale(
        material=material,
        tonnes=tonnes,
        market=market,
        settled=tuple(settled),
        floored=floored,
        difference=difference,
        stocked=stocked,
        for_stock=money(stocked * price, "paid for a public stock"),
    )


def _earned(setting: Setting, plant: PlantFacts, material: Material) -> Array:
    """The price of a product, less that of the feed that a converter buys for it: a floor under the price alone fails
    when feed is dear."""
    price = setting.prices[material.good]
    earned = price
    for feed in plant.feed_of(material):
        of_each = feed.per_tonne / larger(material.per_tonne, LEAST_T)
        of_feed = setting.prices[feed.good] * of_each
        label = f"{plant.name}, {material.label}, price less that of its feed"
        earned = row(price - of_feed, "Revenue", label, "MUSD/t")
    return earned


def _costs(
    setting: Setting, plant: PlantFacts, work: WorkByYear, tonnes: Array
) -> dict[str, Array]:
    """Money spent by year (MUSD of the base year), by field of `PlantFlows`."""
    x = setting.x

    def cost(label: str, amounts: Array) -> Array:
        return row(amounts, "Costs", f"{plant.name}, {label}", "MUSD")

    local = 1.0 + x["local_share"] * (x["currency_factor"] - 1.0)
    local = row(local, "Costs", "costs by local money", "factor")
    paid = [share * (x["year"] == plant.commit + n) for n, share in enumerate(plant.pays)]
    pays = added(paid, x["year"])
    is_ready = (x["year"] >= plant.start) & (work.age < x["life_years"])
    ready = where(is_ready, 1.0, 0.0)
    last = where(work.age == x["life_years"] - 1.0, 1.0, 0.0)
    estimate = plant.size * plant.capex * x["capital_factor"]
    whole = cost("capital with contingency", estimate * (1.0 + x["contingency"]) * local)
    sustaining = cost("sustaining", x["sustaining"] * whole * work.running)
    closing = (x["closure"] - x["residual"]) * whole * last
    late = sustaining + closing
    fixed = plant.size * plant.fixed * x["fixed_factor"] * local * ready
    variable = plant.variable * x["variable_factor"] * local * tonnes
    return {
        "capital": cost("capital", whole * pays),
        "fixed": cost("fixed cost", fixed),
        "variable": cost("running cost", variable),
        "feed": cost("feed", _feed(setting, plant, tonnes)),
        "sustaining": sustaining,
        "late": cost("sustaining and closure, less residual", late),
    }


def _feed(setting: Setting, plant: PlantFacts, tonnes: Array) -> Array:
    """Cost of all that a plant takes in for some tonnes of capacity in use, at the market or under contracts."""
    found, x = setting.found, setting.x
    bought = []
    for material in plant.taken:
        trade = Trade(
            price=setting.prices[material.good],
            tonnes=tonnes,
            year=x["year"],
            index=setting.index,
            per_kg=x["per_kg"],
            label=f"{plant.name}, {material.label} taken in",
        )
        deals = found.deals_on(plant.project, material.element, "feed")
        payable = x["payable"] if material.payable else 1.0
        bought.append(feed_price(deals, trade, payable) * material.per_tonne)
    return added(bought, tonnes) * tonnes


def _depreciation(plant: PlantFacts, age: Array, spent: Array, x: Levels) -> Array:
    """Capital less grant (nominal MUSD) over its years, in equal parts."""
    years = levels_of(x, plant.country)["depreciation_years"]
    wears = where((age >= 0) & (age < years), 1.0, 0.0)
    amounts = spent * (1.0 - x["grant"]) * wears / years
    return row(amounts, "Tax", f"{plant.name}, depreciation", "MUSD")
