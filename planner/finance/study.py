"""From the NPV of a sponsor's study to that of the case, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.data.investment_tables import StudyFigure
from planner.finance.cashflow import cash_flows
from planner.finance.plant_flows import LEAST_T, Investment
from planner.finance.project_facts import Levels, price_name
from planner.finance.returns import worth
from planner.finance.yearly_rows import Array

NPV, MARKET, UNEXPLAINED, PLAN = "npv", "market", "unexplained", "plan"
PRICE = "price"
BEFORE_PRICES = ("tonnes", "capital", "running")
AFTER_PRICES = ("gross", "net", "life", MARKET, "tax", "rate")
"""What differs, in the order in which it is made as in the case, prices by element between them; `market`: all that is made
finds a buyer in a study."""
TERMS = {
    "net": "payable",
    "life": "life_years",
    MARKET: "market_share",
    "tax": "tax_rate",
    "rate": "wacc",
}
"""Figures of a study that are terms of the case."""
NO_LIMIT = 1000.0
"""Share of what the alliance wants that a study may sell."""


@dataclass(frozen=True, kw_only=True)
class StudyStep:
    """What differs, of a price its `price_name`: the row of the study and the figure of the case, None where it is none; what
    it changes of the NPV (MUSD), None where the study does not state it."""

    what: str
    stated: StudyFigure | None = None
    ours: float | None = None
    change: float | None = None

    @property
    def theirs(self) -> float | None:
        """The figure of the study."""
        return None if self.stated is None else self.stated.value


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Of a tonne of capacity in use, MUSD at the deck: all that is made at full prices, the part of it that a concentrate
    is paid for, all feed at full prices, running cost without feed. by_price: of what is made, by `price_name`; prices:
    of these, USD/kg."""

    gross: float
    by_price: Mapping[str, float]
    prices: Mapping[str, float]
    payable: float
    feed: float
    running: float

    @property
    def steps(self) -> tuple[str, ...]:
        """What may differ, in order."""
        return (*BEFORE_PRICES, *self.prices, *AFTER_PRICES)

    def net(self, payable: float) -> float:
        """What is left of it at a payable share."""
        return self.gross - self.payable * (1.0 - payable) - self.feed * payable


def study_steps(
    found: Investment, x: Levels, study: Sequence[StudyFigure], planned: float | None = None
) -> tuple[StudyStep, ...]:
    """From the NPV after tax of a study to that of the plant at full size, selling all, and to the one that is `planned`;
    none without an NPV. What a study does not state is as in the case throughout."""
    stated = {_step_of(row): row for row in study}
    if NPV not in stated or len(found.plants) != 1:
        return ()
    theirs = {step: row.value for step, row in stated.items()}
    margins = _margins(found, x)
    ours = _ours(found, x, margins)
    value = theirs[NPV]
    taken = _as_levels(found, theirs, margins) | {MARKET: NO_LIMIT}
    following = _npv(found, x, taken)
    steps = [
        StudyStep(what=NPV, stated=stated[NPV], change=value),
        StudyStep(what=UNEXPLAINED, change=following - value),
    ]
    for what in margins.steps:
        step = StudyStep(what=what, stated=stated.get(what), ours=ours.get(what))
        if what in taken:
            value = following
            del taken[what]
            following = _npv(found, x, taken)
            steps.append(replace(step, change=following - value))
        elif what in margins.prices:
            steps.append(step)
    if planned is not None:
        steps.append(StudyStep(what=PLAN, change=planned - following))
    return tuple(steps)


def _step_of(row: StudyFigure) -> str:
    """The step that a figure of a study is of."""
    return price_name(row.element) if row.item == PRICE else row.item


def _margins(found: Investment, x: Levels) -> Margins:
    """The margins of the plant in the first year in which it runs fully."""
    flows = cash_flows(found, {**x, "market_share": np.asarray(NO_LIMIT)}, _whole(found)).plants[0]
    (plant,) = found.plants
    year = int(np.argmax(flows.tonnes))
    tonnes = max(float(flows.tonnes[year]), LEAST_T)
    gross = payable = 0.0
    by_price: dict[str, float] = {}
    made: dict[str, float] = {}
    for sale in flows.sales:
        market = float(sale.market[year]) / tonnes
        if sale.material.payable:
            market /= float(x["payable"])
            payable += market
        gross += market
        price = price_name(sale.material.element)
        by_price[price] = by_price.get(price, 0.0) + market
        made[price] = made.get(price, 0.0) + float(sale.tonnes[year]) / tonnes
    dearest = sorted(by_price, key=lambda price: -by_price[price])
    feed = float(flows.feed[year]) / tonnes
    is_paid_in_part = any(material.payable for material in plant.taken)
    running = float(flows.fixed[year] + flows.variable[year]) / tonnes
    return Margins(
        gross=gross,
        by_price=by_price,
        prices={price: by_price[price] / made[price] / float(x["per_kg"]) for price in dearest},
        payable=payable,
        feed=feed / float(x["payable"]) if is_paid_in_part else feed,
        running=running,
    )


def _ours(found: Investment, x: Levels, margins: Margins) -> dict[str, float]:
    """The figures of the case, as a study states them."""
    (plant,) = found.plants
    estimate = plant.size * plant.capex * float(x["capital_factor"])
    return {
        **margins.prices,
        "tonnes": plant.size * plant.ramp[-1],
        "capital": estimate * (1.0 + float(x["contingency"])),
        "running": margins.running * plant.size * plant.ramp[-1],
        "gross": margins.gross * plant.size * plant.ramp[-1],
        "net": margins.net(float(x["payable"])) * plant.size * plant.ramp[-1],
        "life": float(x["life_years"]),
        "tax": float(x["tax_rate"]),
        "rate": float(x["wacc"]),
    }


def _as_levels(found: Investment, study: Mapping[str, float], margins: Margins) -> dict[str, float]:
    """Figures of a study as levels of the case: running cost per tonne of capacity in use, prices over those of the deck, all
    of them over what those by element make of it, and the payable share that leaves as much as the study says at its
    prices."""
    (plant,) = found.plants
    stated = {step: study[step] for step in margins.steps if step in study}
    tonnes = study.get("tonnes", plant.size * plant.ramp[-1])
    if "running" in study:
        stated["running"] = study["running"] / tonnes
    gross = 0.0
    for price, ours in margins.prices.items():
        if price in study:
            stated[price] = study[price] / ours
        gross += margins.by_price[price] * stated.get(price, 1.0)
    if "gross" in study:
        stated["gross"] = study["gross"] / tonnes / gross
        gross = study["gross"] / tonnes
    if "net" in study:
        prices = gross / margins.gross
        paid_in_part = (margins.payable - margins.feed) * prices
        rest = study["net"] / tonnes - (margins.gross - margins.payable) * prices
        stated["net"] = rest / paid_in_part if abs(paid_in_part) > LEAST_T else 1.0
    return stated


def _npv(found: Investment, x: Levels, taken: Mapping[str, float]) -> float:
    """NPV after tax with the figures of a study that are `taken`, all else as in the case."""
    (plant,) = found.plants
    levels = dict(x)
    size = taken["tonnes"] / plant.ramp[-1] if "tonnes" in taken else plant.size
    changed = replace(plant, size=size, capex=plant.capex * plant.size / size)
    if "capital" in taken:
        changed = replace(changed, capex=taken["capital"] / size)
        levels |= _alone("capital_factor", 1.0) | _alone("contingency", 0.0)
    if "running" in taken:
        changed = replace(changed, fixed=0.0, variable=taken["running"])
        levels |= _alone("variable_factor", 1.0)
    if "gross" in taken:
        levels |= _alone("price_factor", float(x["price_factor"]) * taken["gross"])
    for quote in found.quotes:
        price = price_name(quote.element)
        if price in taken:
            levels |= _alone(price, float(x[price]) * taken[price])
    for item, term in TERMS.items():
        if item in taken:
            levels |= _alone(term, taken[item])
    flows = cash_flows(replace(found, plants=(changed,)), levels, _whole(found))
    return float(worth(flows, levels))


def _alone(term: str, value: float) -> dict[str, Array]:
    return {term: np.asarray(value)}


def _whole(found: Investment) -> Sequence[Array]:
    return [np.ones(len(found.years)) for _ in found.plants]
