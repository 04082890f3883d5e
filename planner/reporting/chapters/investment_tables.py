"""Tables of an investment case, declared once for its page and its workbook."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.cells import text_of
from planner.data.investment_tables import Contract
from planner.data.stages import STAGES
from planner.finance.cashflow import CashFlows, funding
from planner.finance.project_facts import PlantFacts
from planner.finance.support import CARRIES, MOST, Support
from planner.finance.yearly_rows import Array, added, before
from planner.reporting.chapters.stated import STATED, declared, shown
from planner.reporting.parts import Part, ReportTable
from planner.reporting.words.names import Names
from planner.reporting.words.numbers import number, percent
from planner.results.business_case import BusinessCase, Sold

FEEDS = tuple(name for name, stage in STAGES.items() if stage.has_feeds)


@dataclass(frozen=True)
class NamedFigure:
    """A figure of the case with one answer to what is sold. live: it follows the inputs of the workbook."""

    label: str
    unit: str
    of: str
    live: bool = True

    def value(self, sold: Sold) -> float | None:
        """Its value; None where there is none."""
        found: float | None = attrgetter(self.of)(sold)
        return found

    @property
    def share(self) -> bool:
        """Whether it is shown in per cent."""
        return self.unit in ("a year", "share")


FIGURES = {name: NamedFigure(*stated) for name, stated in STATED["returns"]["figures"].items()}


def returns(found: BusinessCase) -> ReportTable:
    """Earnings, for each answer to what is sold."""
    titles = [title for title, _ in found.modes]
    answers = [sold for _, sold in found.modes]
    use = [" / ".join(percent(share) for share in sold.use) for sold in answers]
    rows: list[list[Any]] = [["use of capacity", "", *use]]
    for figure in FIGURES.values():
        shown_as = percent if figure.share else number
        cells = []
        for sold in answers:
            value = figure.value(sold)
            cells.append(shown_as(None if value is None else round(value, 6)))
        rows.append([figure.label, figure.unit, *cells])
    return declared("returns", rows, titles=titles)


def sources_and_uses(found: BusinessCase) -> ReportTable:
    """Who pays for what until the first repayment."""
    titles = [title for title, _ in found.modes]
    sources, uses = [], []
    for _, sold in found.modes:
        source, use = funding(sold.flows, sold.levels)
        sources.append(source)
        uses.append(use)
    rows: list[list[Any]] = []
    for side, amounts in (("use", uses), ("source", sources)):
        for what in amounts[0]:
            totals = [float(one[what].sum()) for one in amounts]
            rows.append([side, what, *totals])
    first = []
    for title, sold in found.modes:
        if sold.returns.debt > 0:
            first.append(f"{title} {found.first_repayment(sold)}")
    return declared("sources_and_uses", rows, titles=titles, first=first)


def converts(found: BusinessCase) -> bool:
    """Whether all its plants buy at full price what they convert."""
    return all(plant.converts for plant in found.investment.plants)


def worked(plant: PlantFacts, names: Names) -> str:
    """What a plant works."""
    of = names.feed if plant.stage in FEEDS else names.element
    return ", ".join(f"{percent(part)} {of(what)}" for what, part in plant.mix.items())


def materials(found: BusinessCase, names: Names) -> ReportTable:
    """Materials that it works, sells and pays for."""
    rows: list[list[Any]] = []
    for plant, flows in zip(found.investment.plants, found.full.flows.plants, strict=True):
        name, most = plant.name, float(flows.tonnes.max())
        rows.append(["works", name, worked(plant, names), "", most, None, None])
        for sale in flows.sales:
            m = sale.material
            sold, earned = float(sale.tonnes.max()), float(sale.market.max())
            rows.append(["sells", name, m.name, m.form, most * m.per_tonne, sold, earned])
        for m in plant.taken:
            rows.append(["takes in", name, m.name, m.form, most * m.per_tonne, None, None])
        paid = -float(flows.feed.max())
        rows.append(["pays for all it takes in", name, "", "", None, None, paid])
    return declared("materials", rows)


def markets(found: BusinessCase, names: Names) -> Part:
    """Output of all plants against what is wanted."""
    rows = [
        [names.element(m.element), m.form, str(m.year), m.made, m.sold, m.others, m.demand, m.share]
        for m in found.markets
    ]
    return shown("markets", rows)


def alternatives(found: BusinessCase) -> ReportTable:
    """Alternatives of the public."""
    words = STATED["alternatives"]["words"]
    rows = []
    for one in found.alternatives:
        per = one.worth / one.cost if one.worth is not None and one.cost else None
        rows.append([words[one.what], one.cost, one.worth, per])
    return declared("alternatives", rows)


def flows(found: BusinessCase) -> ReportTable:
    """Money by year: each line rounded to two decimals, each sum that of what is printed."""
    sold = found.shown
    lines = _ledger(sold.flows)
    cfads = added([lines[name] for name in BEFORE_DEBT], sold.flows.index)
    owners = cfads + added([lines[name] for name in AFTER_DEBT], sold.flows.index)
    printed = [
        *(lines[name] for name in BEFORE_DEBT),
        cfads,
        *(lines[name] for name in AFTER_DEBT),
        owners,
        np.round(sold.flows.loan.owed, 2),
        np.round(sold.flows.cover(), 2),
    ]
    columns = [amounts.tolist() for amounts in printed]
    rows = []
    for year, *amounts in zip(found.investment.years, *columns, strict=True):
        if any(amounts):
            rows.append([str(year), *amounts[:-1], amounts[-1] or None])
    return declared("flows", rows, told=found.told(sold))


BEFORE_DEBT = (
    "sales",
    "running",
    "feed",
    "royalty",
    "support",
    "tax",
    "working capital",
    "sustaining",
)
AFTER_DEBT = (
    "capital",
    "grant",
    "drawn",
    "service",
    "swept",
    "fees",
    "public",
    "reserve",
    "tax saved",
)


def _ledger(flows: CashFlows) -> dict[str, Array]:
    """Money that comes in (above nought) and goes out by year, nominal, rounded to two decimals."""
    loan, public = flows.loan, flows.public
    feed = added([plant.feed for plant in flows.plants], flows.index) * flows.index
    on_output = flows.credit - flows.credit_on_capital
    exact = {
        "sales": flows.sales,
        "running": feed - flows.costs,
        "feed": -feed,
        "royalty": -flows.royalty,
        "support": flows.availability,
        "tax": on_output - flows.tax,
        "working capital": before(flows.working) - flows.working,
        "sustaining": -flows.late,
        "capital": -flows.capital,
        "grant": flows.grant + flows.credit_on_capital,
        "drawn": loan.draws,
        "service": -loan.service,
        "swept": -loan.swept,
        "fees": -loan.fees,
        "public": public.draws - public.service,
        "reserve": before(loan.reserve) - loan.reserve,
        "tax saved": flows.tax - flows.tax_with_debt,
    }
    return {name: np.round(amounts, 2) for name, amounts in exact.items()}


def inputs(found: BusinessCase) -> ReportTable:
    """Every input with its range, and what it moves the NPV to."""
    rows = []
    for swing in found.swings:
        term = swing.term
        stated = [term.meaning, term.value, term.low, term.high, term.unit]
        moved = [swing.npv_low, swing.npv_high, swing.owners_low, swing.owners_high]
        rows.append([*stated, *moved, term.source, term.confidence])
    return declared("case_inputs", rows, told=found.told(found.shown))


SUPPORT_UNITS = {"floor": "of the price deck", "availability": "MUSD a year"}


def term_sheet(found: BusinessCase, names: Names) -> ReportTable:
    """The least of each support, its cost and who carries what."""
    kinds = {
        "floor": "guaranteed margin" if converts(found) else "guaranteed price",
        "availability": "availability payment",
    }
    worth = found.removal.worth if found.removal else None
    rows: list[list[Any]] = []
    for support in found.supports:
        per = worth / support.cost if worth is not None and support.cost else None
        private = None
        if support.private is not None and support.cost:
            private = support.private / support.cost
        costs = [support.cost, support.in_full, support.expected, support.worst]
        volume_risk, price_risk = CARRIES[support.kind]
        kind = kinds.get(support.kind, support.kind)
        sized = [kind, _least(support), support.amount]
        rows.append([*sized, *costs, private, per, volume_risk, price_risk])
    quoted = _guaranteed(found, names)
    return declared("term_sheet", rows, quoted=quoted, converts=converts(found), dated=found.dated)


def _least(support: Support) -> str:
    """The least of a support in words."""
    if support.amount is None:
        of = "deck" if support.kind == "floor" else "capital"
        return f"not even {MOST[support.kind]:g} times the {of} suffices"
    size = percent(support.amount)
    if support.kind == "availability":
        size = number(support.amount)
    return f"{size} {SUPPORT_UNITS.get(support.kind, 'of capital')}"


def _guaranteed(found: BusinessCase, names: Names) -> list[str]:
    """Each good at the least guaranteed price, USD/kg; none where no guarantee suffices or is needed."""
    floors = [support.amount for support in found.supports if support.kind == "floor"]
    floor = floors[0] if floors else None
    if not floor:
        return []
    deck = found.investment.prices()
    goods = {m.good: None for plant in found.investment.plants for m in plant.made}
    out = []
    for element, form in goods:
        usd = 1000 * floor * float(deck[element, form].mean())
        out.append(f"{names.element(element)} {form} {number(usd)}")
    return out


def instruments(found: BusinessCase) -> Part:
    """Instruments that the case states, with the budget line of each."""
    rows = []
    for one in found.instruments:
        label = found.terms[one.kind].meaning
        unit = found.terms[one.kind].unit
        size = f"{one.amount:g} {unit}"
        rows.append([label, size, one.cost, one.worst, one.most, str(one.year)])
    return shown("instruments", rows, dated=found.dated)


def throughput(found: BusinessCase, names: Names) -> ReportTable:
    """Use of capacity in the case, in the plan and in each future, and the loss that it avoids there."""
    saved = {w: round(v, 3) for w, v in found.removal.saved.items()} if found.removal else {}
    rows: list[list[Any]] = [["the case, selling all", None, *found.full.use, None]]
    if found.contracted:
        rows.append(["the case, as contracted", None, *found.contracted.use, None])
    if found.planned:
        rows.append(["the plan, expected", None, *found.planned.use, None])
        rows += [
            [names.scenario(w), found.futures[w], *use, saved.get(w)]
            for w, use in found.throughput.items()
        ]
    alone = [f"{names.project(p)} {number(v)}" for p, v in found.alone.items()]
    return declared("throughput", rows, plants=[*map(names.project, found.projects)], alone=alone)


def people(found: BusinessCase, names: Names) -> Part:
    """Jobs by skill."""
    return shown("jobs", [[names.skill(k), persons] for k, persons in found.jobs.items()])


def deck(found: BusinessCase, names: Names) -> ReportTable:
    """Prices by good."""
    rows = []
    for quote in found.investment.quotes:
        first, last = 1000 * float(quote.price[0]), 1000 * float(quote.price[-1])
        low, high = float(np.min(quote.low)), float(np.max(quote.high))
        in_futures = []
        for future, price in quote.by_future.items():
            in_futures.append(f"{future} {number(1000 * float(price.mean()))}")
        element = names.element(quote.element)
        stated = [in_futures, quote.source, quote.confidence]
        rows.append([element, quote.form, first, last, low, high, *stated])
    return declared("deck", rows)


NAMED = ("contract", "project", "kind", "party", "element")
"""Columns of a contract that have a column of their own, or none."""


def contracts(found: BusinessCase, names: Names) -> Part:
    """Contracts of the case about the plants."""
    rows = []
    for deal in found.investment.deals:
        contract = deal.contract
        about = names.element(contract.element) if contract.element else "all"
        words = _stated(contract)
        rows.append(
            [contract.contract, contract.kind, contract.party, about, words, contract.source]
        )
    return shown("contracts", rows)


def _stated(contract: Contract) -> str:
    """Terms of a contract that are not those of any."""
    out = []
    for name in Contract.columns():
        value = getattr(contract, name)
        if name not in NAMED and value != Contract.model_fields[name].default:
            out.append(f"{name.replace('_', ' ')} {text_of(value)}")
    return "; ".join(out)


def plants(found: BusinessCase, case: Case, names: Names) -> ReportTable:
    """What the case says of the plants."""
    rows = [
        [names.project(p), r.source, r.confidence, r.notes]
        for p in found.projects
        for r in [case.projects[p]]
    ]
    return declared("plants", rows)
