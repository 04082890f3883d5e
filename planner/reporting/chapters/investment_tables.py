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
from planner.finance.support import CARRIES, MOST
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
    """What is earned, for each answer to what is sold."""
    told = found.modes
    rows = [["use of capacity", "", *(" / ".join(percent(u) for u in s.use) for _, s in told)]]
    for figure in FIGURES.values():
        values = [None if (v := figure.value(s)) is None else round(v, 6) for _, s in told]
        rows.append(
            [figure.label, figure.unit, *((percent if figure.share else number)(v) for v in values)]
        )
    return declared("returns", rows, titles=[title for title, _ in told])


def sources_and_uses(found: BusinessCase) -> ReportTable:
    """Who pays for what until the first repayment."""
    told = found.modes
    sides = [funding(s.flows, s.levels) for _, s in told]
    rows = [
        [side, what, *(float(both[at][what].sum()) for both in sides)]
        for at, side in ((1, "use"), (0, "source"))
        for what in sides[0][at]
    ]
    first = [f"{title} {found.first_repayment(s)}" for title, s in told if s.returns.debt > 0]
    return declared("sources_and_uses", rows, titles=[title for title, _ in told], first=first)


def converts(found: BusinessCase) -> bool:
    """Whether all its plants buy at full price what they convert."""
    return all(plant.converts for plant in found.investment.plants)


def worked(plant: PlantFacts, names: Names) -> str:
    """What a plant works."""
    of = names.feed if plant.stage in FEEDS else names.element
    return ", ".join(f"{percent(part)} {of(what)}" for what, part in plant.mix.items())


def materials(found: BusinessCase, names: Names) -> ReportTable:
    """What it works, sells and pays for."""
    rows: list[list[Any]] = []
    for plant, flows in zip(found.investment.plants, found.full.flows.plants, strict=True):
        name, most = plant.name, float(flows.tonnes.max())
        rows.append(["works", name, worked(plant, names), "", most, None, None])
        for sale in flows.sales:
            m, made = sale.material, most * sale.material.per_tonne
            rows.append(
                [
                    "sells",
                    name,
                    m.name,
                    m.form,
                    made,
                    float(sale.tonnes.max()),
                    float(sale.market.max()),
                ]
            )
        rows += [
            ["takes in", name, m.name, m.form, most * m.per_tonne, None, None] for m in plant.taken
        ]
        rows.append(
            ["pays for all it takes in", name, "", "", None, None, -float(flows.feed.max())]
        )
    return declared("materials", rows)


def markets(found: BusinessCase, names: Names) -> Part:
    """Output of all plants against what is wanted."""
    rows = [
        [names.element(m.element), m.form, str(m.year), m.made, m.sold, m.others, m.demand, m.share]
        for m in found.markets
    ]
    return shown("markets", rows)


def alternatives(found: BusinessCase) -> ReportTable:
    """What else the public could do."""
    words = STATED["alternatives"]["words"]
    rows = [
        [
            words[a.what],
            a.cost,
            a.worth,
            a.worth / a.cost if a.worth is not None and a.cost else None,
        ]
        for a in found.alternatives
    ]
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
AFTER_DEBT = ("capital", "grant", "drawn", "service", "public", "reserve", "tax saved")


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
        "public": public.draws - public.service,
        "reserve": before(loan.reserve) - loan.reserve,
        "tax saved": flows.tax - flows.tax_with_debt,
    }
    return {name: np.round(amounts, 2) for name, amounts in exact.items()}


def inputs(found: BusinessCase) -> ReportTable:
    """Every input with its range, and what it moves the NPV to."""
    rows = [
        [
            *(
                t.meaning,
                t.value,
                t.low,
                t.high,
                t.unit,
                s.npv_low,
                s.npv_high,
                s.owners_low,
                s.owners_high,
            ),
            *(t.source or "judged", t.confidence),
        ]
        for s in found.swings
        for t in [s.term]
    ]
    return declared("case_inputs", rows, told=found.told(found.shown))


def term_sheet(found: BusinessCase, names: Names) -> ReportTable:
    """The least of each support, its cost and who carries what."""
    worth, rows = found.removal.worth if found.removal else None, []
    kinds = {
        "floor": "guaranteed margin" if converts(found) else "guaranteed price",
        "availability": "availability payment",
    }
    units = {"floor": "of the price deck", "availability": "MUSD a year"}
    for s in found.supports:
        size = number(s.amount) if s.kind == "availability" else percent(s.amount)
        most = f"not even {MOST[s.kind]:g} times the {'deck' if s.kind == 'floor' else 'capital'} suffices"
        least = most if s.amount is None else f"{size} {units.get(s.kind, 'of capital')}"
        per = worth / s.cost if worth is not None and s.cost else None
        private = s.private / s.cost if s.private is not None and s.cost else None
        costs = (s.cost, s.in_full, s.expected, s.worst)
        rows.append(
            [kinds.get(s.kind, s.kind), least, s.amount, *costs, private, per, *CARRIES[s.kind]]
        )
    floor = next((s.amount for s in found.supports if s.kind == "floor"), None) or 0.0
    deck = found.investment.prices()
    sold = {(m.element, m.form): None for p in found.investment.plants for m in p.made}
    quoted = [
        f"{names.element(e)} {form} {number(1000 * floor * float(deck[e, form].mean()))}"
        for e, form in sold
    ]
    quoted = quoted if floor else []
    return declared("term_sheet", rows, quoted=quoted, converts=converts(found), dated=found.dated)


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
    rows = [
        [
            *(
                names.element(q.element),
                q.form,
                1000 * float(q.price[0]),
                1000 * float(q.price[-1]),
                float(np.min(q.low)),
                float(np.max(q.high)),
            ),
            *(
                [f"{f} {number(1000 * float(p.mean()))}" for f, p in q.by_future.items()],
                q.source,
                q.confidence,
            ),
        ]
        for q in found.investment.quotes
    ]
    return declared("deck", rows)


def contracts(found: BusinessCase, names: Names) -> Part:
    """Contracts of the case about the plants."""
    stated = [
        name
        for name in Contract.columns()
        if name not in ("contract", "project", "kind", "party", "element")
    ]
    rows = []
    for r in (deal.contract for deal in found.investment.deals):
        values = [
            (name, getattr(r, name))
            for name in stated
            if getattr(r, name) != Contract.model_fields[name].default
        ]
        words = "; ".join(f"{name.replace('_', ' ')} {text_of(value)}" for name, value in values)
        rows.append(
            [
                r.contract,
                r.kind,
                r.party,
                names.element(r.element) if r.element else "all",
                words,
                r.source,
            ]
        )
    return shown("contracts", rows)


def plants(found: BusinessCase, case: Case, names: Names) -> ReportTable:
    """What the case says of the plants."""
    rows = [
        [names.project(p), r.source, r.confidence, r.notes]
        for p in found.projects
        for r in [case.projects[p]]
    ]
    return declared("plants", rows)
