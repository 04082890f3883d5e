"""Tables of an investment case, declared once for its page and its workbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from planner.cells import text_of
from planner.data.case import Case
from planner.data.investment_tables import Contract
from planner.data.stages import OXIDE, STAGES
from planner.finance.cashflow import funding
from planner.finance.project_facts import FinanceTerm, Material, PlantFacts
from planner.finance.statements import statements
from planner.finance.yearly_rows import Array
from planner.reporting.parts import (
    CENTS,
    SHEET,
    Part,
    ReportTable,
    TableRow,
    Text,
    figures,
    in_musd,
    per_cent,
    several,
    text,
)
from planner.reporting.parts import SHARE as PER_CENT
from planner.reporting.words.names import Names, midway
from planner.reporting.words.numbers import NOTHING, SLIGHT, number, percent, period
from planner.reporting.words.sentences import Passages
from planner.results.business_case import CENT, BusinessCase, Sold

FEEDS = tuple(name for name, stage in STAGES.items() if stage.has_feeds)


say = Passages("investment_tables.j2")


def _or_text(table: ReportTable, passage: str) -> Part:
    """A table, or the words that stand in its place where it has no rows."""
    return Text([say(passage)]) if table.frame.empty else table


LineKey = str | tuple[str, str]
"""Name of a figure, or of a group of figures and one of them."""


@dataclass(frozen=True, kw_only=True)
class NamedFigure:
    """A figure of the case with one answer to what is sold. key: the line of the workbook that has it. of: where it is, as
    a path from that answer. live: it follows the inputs of the workbook."""

    key: LineKey
    label: str
    unit: str
    of: str = ""
    live: bool = True

    def value(self, sold: Sold) -> float | None:
        """Its value; None where there is none."""
        found: float | None = attrgetter(self.of)(sold)
        return found

    def told(self, sold: Sold) -> str:
        """Its value in words."""
        value = self.value(sold)
        rounded = None if value is None else round(value, 6)
        if self.unit == "years" and rounded is not None and float(rounded).is_integer():
            return f"{rounded:.0f}"
        return percent(rounded) if self.share else number(rounded)

    @property
    def share(self) -> bool:
        """The figure is shown in per cent."""
        return self.unit in ("a year", "share")


def _returned(key: str, label: str, unit: str, live: bool = True) -> NamedFigure:
    """A figure of the returns, which is called there as here."""
    return NamedFigure(key=key, label=label, unit=unit, of=f"returns.{key}", live=live)


FIGURES = (
    _returned("npv_before_tax", "NPV before tax, at the cost of capital after tax", "MUSD"),
    _returned("npv_after_tax", "NPV after tax", "MUSD"),
    _returned("npv_owners", "NPV of the owners", "MUSD"),
    _returned("irr_before_tax", "IRR before tax, real", "a year"),
    _returned("irr_after_tax", "IRR after tax, real", "a year"),
    _returned("irr_owners", "IRR of the owners, real", "a year"),
    _returned(
        "payback",
        "payback of all capital, before debt, from the first payment, real",
        "years",
        live=False,
    ),
    _returned("capital", "capital, real", "MUSD", live=False),
    NamedFigure(
        key="geared",
        label="capital that no grant, tax credit or public loan pays, nominal",
        unit="MUSD",
        of="geared",
        live=False,
    ),
    _returned("debt_share", "gearing: lenders' loans over that capital", "share"),
    NamedFigure(
        key="indebted",
        label="all debt, a public loan too, over capital less grant and tax credit",
        unit="share",
        of="indebted",
        live=False,
    ),
    _returned("dscr", "least senior DSCR", "times"),
    NamedFigure(key="average", label="mean senior DSCR", unit="times", of="credit.average"),
    _returned("dscr_low", "least senior DSCR at adverse prices", "times", live=False),
    _returned("llcr", "LLCR", "times"),
    NamedFigure(key="plcr", label="PLCR of lenders' loan", unit="times", of="credit.plcr"),
)


RETURNS_TABLE = ReportTable(title="Returns", columns=[text("figure"), text("unit")])
"""A row a figure, a column an answer to what is sold."""


def returns(found: BusinessCase) -> ReportTable:
    """Earnings, for each answer to what is sold."""
    use = {"figure": "use of what is usable after the ramp", "unit": ""}
    for title, sold in found.modes:
        use[title] = " / ".join(percent(share) for share in sold.use)
    rows = [use]
    for figure in FIGURES:
        told = {title: figure.told(sold) for title, sold in found.modes}
        if any(words != NOTHING for words in told.values()):
            rows.append({"figure": figure.label, "unit": figure.unit, **told})
    columns = [*RETURNS_TABLE.columns, *(figures(title) for title, _ in found.modes)]
    told_of = [sold.returns for _, sold in found.modes]
    note = say(
        "returns",
        found=found,
        no_rate=any(None in (one.irr_after_tax, one.irr_owners) for one in told_of),
        not_paid_in=not all(one.puts_in for one in told_of),
    )
    return RETURNS_TABLE.over(rows, columns=columns, note=note)


SOURCES_AND_USES = ReportTable(
    title="Sources and uses until it runs in full and owners have most in",
    columns=[text("side"), text("of_money", "of money")],
)
"""A row a source or use of money, a column an answer to what is sold."""


def sources_and_uses(found: BusinessCase) -> ReportTable:
    """Sources and uses of money while it starts up."""
    by_title = {title: funding(sold.flows, sold.levels, sold.early) for title, sold in found.modes}
    years = np.array(found.investment.years)
    until, later = [], []
    for title, sold in found.modes:
        until.append(f"{midway(title)} {years[sold.early > 0][-1]}")
        pays = sold.paid_later
        if pays is not None:
            span = period((pays.first, pays.last))
            later.append(f"{midway(title)} {number(pays.musd)} MUSD {span}")
    rows = []
    spare = found.terms["contingency"]
    for side, place in (("use", 1), ("source", 0)):
        named = {title: sides[place] for title, sides in by_title.items()}
        for what in next(iter(named.values())):
            row: TableRow = {"side": side, "of_money": what}
            if what == "contingency":
                row["of_money"] = f"contingency, {percent(spare.value)} of the estimate"
            totals = {title: float(amounts[what].sum()) for title, amounts in named.items()}
            if any(abs(total) > CENT for total in totals.values()):
                rows.append(row | totals)
        whole: TableRow = {"side": side, "of_money": "in all"}
        for title, amounts in named.items():
            whole[title] = sum(float(by_year.sum()) for by_year in amounts.values())
        rows.append(whole)
    columns = [*SOURCES_AND_USES.columns, *(figures(title, unit="MUSD") for title in by_title)]
    note = say(
        "sources_and_uses",
        until=until,
        later=later,
        spare=spare,
        from_source=source_of(spare).rstrip("."),
    )
    return SOURCES_AND_USES.over(rows, columns=columns, note=note)


LABELS = re.compile(r"^((rows )?[A-Z]+(\d+|-[A-Z]{3})(-[A-Z]+\d+)?(, |: |$))+")
"""Numbers of sources, as a case gives them to what it cites: they tell a reader nothing."""


def said_once(source: str) -> str:
    """A source without numbers, and without the parts that it repeats."""
    parts = dict.fromkeys(LABELS.sub("", part.strip()) for part in source.split(";"))
    return "; ".join(filter(None, parts))


def source_of(term: FinanceTerm) -> str:
    """Where a term is from, and why it is what it is."""
    return said_once(f"{term.source}; {term.notes}") or "judged"


def worked(plant: PlantFacts, names: Names, place: int | None = None) -> str:
    """The feeds or elements that a plant works, with their shares, in words: of all years, or of the one in a place."""
    told = []
    for what, part in plant.mix.items():
        if place is not None and what in plant.by_year:
            part = float(plant.by_year[what][place])
        told.append(f"{percent(part)} {_worked_name(plant, names)(what)}")
    return ", ".join(told)


def _worked_name(plant: PlantFacts, names: Names) -> Callable[[str], str]:
    """The function that names what a plant works."""
    return names.feed if plant.stage in FEEDS else names.element


MATERIALS = ReportTable(
    columns=[
        text("does", "what it does"),
        text("plant"),
        text("material"),
        text("form"),
        figures("tonnes", "works or makes", "t oxide equivalent"),
        figures("sold", "of it sold", "t oxide equivalent"),
        figures("money", "at the deck, after any separation discount", "MUSD/y"),
    ]
)
"""A row a material that a plant works, sells or takes in, and what it pays."""


def materials(found: BusinessCase, names: Names) -> ReportTable:
    """Materials that it works, sells and pays for in the case that is shown, in the one year in which it works most."""
    rows: list[TableRow] = []
    sold = found.shown
    plants = sold.investment.plants
    place = sold.fullest
    for plant, flows in zip(plants, sold.flows.plants, strict=True):
        mix, most = worked(plant, names, place), flows.tonnes[place]
        of_plant: list[TableRow] = [{"does": "works", "material": mix, "tonnes": most}]
        for sale in flows.sales:
            row = _material("sells", sale.material, flows.tonnes, place)
            of_plant.append(row | {"sold": sale.tonnes[place], "money": sale.market[place]})
        for material in plant.taken:
            of_plant.append(_material("takes in", material, flows.tonnes, place))
        of_plant.append({"does": "pays for all it takes in", "money": -flows.feed[place]})
        rows += [{"plant": plant.name, "material": "", "form": ""} | row for row in of_plant]
    note = say(
        "materials",
        told=found.told(sold),
        sizes=[number(plant.size) for plant in plants],
        used=[percent(share) for share in sold.use],
        plants=plants,
        feeds=[(one, _worked_name(plant, names)(one.name)) for one in found.feeds_in_plan],
    )
    title = (
        f"What it works, sells and pays for in {found.investment.years[place]}, its fullest year"
    )
    return MATERIALS.over(rows, () if len(plants) > 1 else ("plant",), title=title, note=note)


def _material(does: str, material: Material, worked_tonnes: Array, place: int) -> TableRow:
    tonnes = (worked_tonnes * material.per_tonne)[place]
    form = f"{material.form} in concentrate" if material.payable else material.form
    return {"does": does, "material": material.name, "form": form, "tonnes": tonnes}


TONNES_BY_YEAR = ReportTable(
    title="Tonnes worked and sold by year", folded=True, columns=[text("year")]
)
"""A row a year, a column what a plant works or sells."""


def tonnes_by_year(found: BusinessCase, names: Names) -> ReportTable:
    """Tonnes that each plant works, by feed where it has several, and sells by product, in the case that is shown."""
    sold = found.shown
    plants = sold.investment.plants
    amounts: dict[str, Array] = {}
    for plant, flows in zip(plants, sold.flows.plants, strict=True):
        whose = f"{plant.name}: " if len(plants) > 1 else ""
        amounts[f"{whose}works"] = flows.tonnes
        if len(plant.mix) > 1:
            for what, share in plant.by_year.items():
                amounts[f"{whose}of it {_worked_name(plant, names)(what)}"] = share * flows.tonnes
        for sale in flows.sales:
            amounts[f"{whose}{sale.material.name} {sale.material.form}"] = sale.tonnes
    years = found.years_of_money(sold)
    rows: list[TableRow] = []
    for place, year in enumerate(years):
        row: TableRow = {"year": str(year)}
        for name, tonnes in amounts.items():
            row[name] = float(np.broadcast_to(tonnes, len(found.investment.years))[place])
        rows.append(row)
    columns = [*TONNES_BY_YEAR.columns, *(figures(name, unit="t") for name in amounts)]
    title = f"{TONNES_BY_YEAR.title}: {midway(found.told(sold))}"
    note = say("tonnes_by_year", found=found, sold=sold)
    return TONNES_BY_YEAR.over(rows, columns=columns, title=title, note=note)


MARKETS = ReportTable(
    title="At full size, selling all: output of all plants against demand, each product in the year in which most is made",
    columns=[
        text("element"),
        text("form"),
        text("year"),
        figures("made", "made here at full size", "t"),
        figures("sold", "of it sold", "t"),
        figures("others", "other plants in the plan", "t"),
        figures("demand", "wanted in this form or to make others", "t"),
        per_cent("share", "all that is made over what is wanted"),
    ],
)
"""A row a product, in the year in which most of what is wanted of it is made."""


def markets(found: BusinessCase, names: Names) -> Part:
    """Output of all plants against what is wanted."""
    rows = []
    for market in found.markets:
        shown = {"element": names.element(market.element), "year": str(market.year)}
        rows.append(vars(market) | {"share": market.share} | shown)
    made = [one for plant in found.investment.plants for one in plant.made]
    beside = list(dict.fromkeys(one.name for one in made if found.investment.lacks_demand(one)))
    note = say("markets", found=found, beside=beside)
    return _or_text(MARKETS.over(rows, note=note), "no_market")


STATEMENT_TABLE = ReportTable(folded=True, columns=[text("year"), text("money")])
"""Two rows a year, nominal and real; a column a line of a statement."""


STATEMENTS = {"income": "Income", "cash": "Cash flow", "balance": "Balance sheet"}


def statement_tables(found: BusinessCase, sold: Sold) -> list[Part]:
    """Income, cash flow and balance sheet of a case by year, nominal and below it in money of the base year."""
    told = statements(sold.flows)
    parts: list[Part] = []
    for statement, title in STATEMENTS.items():
        every: dict[str, Array] = getattr(told, statement)
        lines = {name: amounts for name, amounts in every.items() if abs(amounts).max() > CENT}
        columns = [
            *STATEMENT_TABLE.columns,
            *(figures(name, unit="MUSD", form=CENTS) for name in lines),
        ]
        rows = []
        for place, year in enumerate(found.years_of_money(sold)):
            worth = {"nominal": 1.0, "real": float(sold.flows.index[place])}
            for money, index in worth.items():
                row: TableRow = {"year": str(year), "money": money}
                for name, amounts in lines.items():
                    row[name] = float(np.round(amounts[place] / index, 2))
                rows.append(row)
        titled = f"{title}: {midway(found.told(sold))}"
        parts.append(STATEMENT_TABLE.over(rows, columns=columns, title=titled))
    return parts


LONG_SOURCE = 80
"""Letters of a source above which it is not told again."""
INPUTS_TABLE = ReportTable(
    folded=True,
    columns=[
        text("term", "input"),
        figures("value"),
        figures("low"),
        figures("high"),
        text("unit"),
        in_musd("npv_low", "NPV low"),
        in_musd("npv_high", "NPV high"),
        text("from_source", "source and reason"),
        text("confidence"),
    ],
)
"""A row an input of the case with its range."""


def inputs(found: BusinessCase) -> ReportTable:
    """Every input with its range, and what it moves the NPV to. A long source is told once."""
    rows, told_of = [], dict[str, str]()
    for swing in found.swings:
        term = swing.term
        source = source_of(term)
        if term.name.startswith("price:"):
            source = f"table “{DECK_TABLE.title}”"
        first = told_of.setdefault(source, term.meaning)
        if len(source) > LONG_SOURCE and first != term.meaning:
            source = f"as for “{first}”"
        row = {**vars(term), **vars(swing), "term": term.meaning, "from_source": source}
        if swing.width <= SLIGHT:
            row |= {"npv_low": None, "npv_high": None}
        rows.append(row)
    title = f"Each input at both ends, what moves most first: {found.told(found.shown)}"
    return INPUTS_TABLE.over(rows, title=title)


PUBLIC_MONEY_TABLE = ReportTable(
    title="Public money by instrument",
    sum_row="All",
    columns=[
        text("label", "instrument"),
        text("stated"),
        text("used", "with support"),
        figures("amount", "to enter on Inputs", only=SHEET),
        in_musd("cost_stated", "public cost as stated", summed=True),
        in_musd("added", summed=True),
        in_musd("cost", "public cost in all", summed=True),
        in_musd("worst", "public cost in the dearest future"),
        figures("most", "most in a year", "MUSD, nominal"),
        text("year", "in"),
        figures("most_adverse", "most at adverse prices", "MUSD, nominal"),
        text("year_adverse", "then in"),
        figures("exposed", "most lent or guaranteed", "MUSD, nominal"),
    ],
)
"""A row an instrument in use."""


ELSEWHERE = ReportTable(
    title="Public cost of the least support where a term is otherwise",
    columns=[text("term"), figures("level", "is"), in_musd("cost", "public cost")],
)
"""A row a level of a term."""


def elsewhere(found: BusinessCase) -> list[Part]:
    """Public cost where a term is otherwise; nothing where no support is needed."""
    rows = []
    for one in found.elsewhere:
        term = next(swing.term for swing in found.swings if swing.term.name == one.term)
        rows.append((term.meaning, one.level, one.cost))
    return [ELSEWHERE.over(rows, note=say("elsewhere"))] if rows else []


CONTRACTS = "contracts that are public"
PUBLIC_RATES = (0.02, 0.05, 0.07)
"""Real rates at which public cost is told too."""


def public_money(found: BusinessCase) -> Part:
    """Every instrument in use: what is stated, what the support adds, and what it costs."""
    rows = []
    for one in found.money:
        term = found.terms.get(one.kind)
        unit = term.unit if term else ""
        words = {
            "label": term.meaning if term else CONTRACTS,
            "stated": _amount(one.stated, unit),
            "used": _amount(one.amount, unit),
            "added": one.cost - one.cost_stated,
            "year": str(one.year),
            "year_adverse": str(one.year_adverse),
        }
        rows.append(vars(one) | words | {"amount": None if np.isnan(one.amount) else one.amount})
    dearer = found.supported is not None and found.public_cost > found.owned
    note = say(
        "public_money",
        dated=found.dated,
        found=found,
        dearer=dearer,
        by_losses=found.package is not None and found.package.is_flat,
        at_rates=found.costs_at(PUBLIC_RATES),
        on_capital=sum(one.cost for one in found.money if one.kind == "grant"),
    )
    is_risky = any(abs(one.worst - one.cost) > CENT for one in found.money)
    left_out = () if is_risky else ("worst",)
    table = PUBLIC_MONEY_TABLE.over(rows, left_out, note=note)
    return _or_text(table, "no_instrument")


def _amount(value: float, unit: str) -> str:
    """The size of an instrument, in its unit."""
    if np.isnan(value):
        return ""
    return percent(value) if unit.startswith("share") else f"{number(value)} {unit}"


THROUGHPUT = ReportTable(
    title="Use of what is usable over the years of output",
    columns=[
        text("future"),
        per_cent("chance", "probability"),
        in_musd("saved", "loss that it avoids"),
        in_musd("npv", "NPV after tax"),
        in_musd("public", "public cost"),
    ],
)
"""A row a future, or an answer to what is sold; a column a plant."""


def throughput(found: BusinessCase, names: Names) -> ReportTable:
    """Use of capacity in the case, in the plan and in each future, and the loss that it avoids there."""
    plants = [*map(names.project, found.projects)]
    saved = found.removal.saved if found.removal else {}

    def row(future: str, use: Sequence[float], **more: Any) -> TableRow:
        shown = dict.fromkeys(("chance", "saved", "npv", "public")) | {"future": future} | more
        return shown | dict(zip(plants, use, strict=True))

    rows = [row("the case, selling all", found.full.use)]
    if found.planned:
        rows.append(row("the plan, expected", found.planned.use))
        for future, use in found.throughput.items():
            avoided = saved.get(future)
            rounded = None if avoided is None else round(avoided, 3)
            name, chance = names.scenario(future), found.futures[future]
            then = vars(found.in_futures[future]) if found.in_futures else {}
            rows.append(row(name, use, chance=chance, saved=rounded, **then))
    of_plants = [figures(plant, form=PER_CENT) for plant in plants]
    name_of, probability, *of_money = THROUGHPUT.columns
    columns = [name_of, probability, *of_plants, *of_money]
    left_out = [] if saved else ["saved"]
    left_out += [] if found.in_futures and found.planned else ["npv", "public"]
    note = say("throughput", told=midway(found.told(found.shown)))
    return THROUGHPUT.over(rows, left_out, columns=columns, note=note)


DECK_TABLE = ReportTable(
    title="Price deck",
    folded=True,
    columns=[
        text("element"),
        text("form"),
        figures("first", "first year", "USD/kg"),
        figures("last", "last year", "USD/kg"),
        figures("low", unit="of it"),
        figures("high", unit="of it"),
        several("in_futures", "by future, USD/kg"),
        text("from_source", "source"),
        text("confidence"),
    ],
)
"""A row a good."""


def deck(found: BusinessCase, names: Names) -> ReportTable:
    """Prices by good."""
    rows = []
    for quote in found.investment.quotes:
        dearer = np.prod([1.0 + found.terms[premium].value for premium in quote.premiums])
        in_futures = []
        for future, price in quote.by_future.items():
            mean = number(1000 * float(price.mean() * dearer))
            in_futures.append(f"{names.scenario(future)} {mean}")
        row = {
            "element": names.element(quote.element),
            "first": 1000 * float(quote.price[0] * dearer),
            "last": 1000 * float(quote.price[-1] * dearer),
            "in_futures": in_futures,
            "from_source": said_once(quote.source),
        }
        rows.append(vars(quote) | row)
    has_futures = any(quote.by_future for quote in found.investment.quotes)
    left_out = () if has_futures else ("in_futures",)
    on_top = {premium for quote in found.investment.quotes for premium in quote.premiums}
    note = say(
        "deck",
        premiums=[found.terms[premium] for premium in sorted(on_top)],
        oxides=[quote for quote in found.investment.quotes if quote.form == OXIDE],
    )
    return DECK_TABLE.over(rows, left_out, note=note)


NAMED = ("contract", "project", "kind", "party", "element")
"""Columns of a contract that have a column of their own, or none."""


CONTRACTS_TABLE = ReportTable(
    title="Contracts",
    columns=[
        text("contract"),
        text("kind"),
        text("party", "with"),
        text("about", "of"),
        text("terms"),
        text("from_source", "source"),
    ],
)
"""A row a contract."""


def contracts(found: BusinessCase, names: Names) -> Part:
    """Contracts of the case about the plants."""
    rows = []
    for deal in found.investment.deals:
        contract = deal.contract
        about = names.element(contract.element) if contract.element else "all"
        row = {name: getattr(contract, name) for name in ("contract", "kind", "party")}
        words = {"about": about, "terms": _stated(contract), "from_source": contract.source}
        rows.append(row | words)
    return _or_text(CONTRACTS_TABLE.over(rows), "no_contract")


def _stated(contract: Contract) -> str:
    """Terms of a contract that are not those of any."""
    out = []
    for name in Contract.columns():
        value = getattr(contract, name)
        if name not in NAMED and value != Contract.model_fields[name].default:
            out.append(f"{name.replace('_', ' ')} {text_of(value)}")
    return "; ".join(out)


PLANTS_TABLE = ReportTable(
    title="The plants' rows",
    folded=True,
    columns=[text("plant"), text("from_source", "source"), text("confidence"), text("notes")],
)
"""A row a plant of the case."""


def plants(found: BusinessCase, case: Case, names: Names) -> ReportTable:
    """The figures of the case about the plants."""
    rows = []
    for project in found.projects:
        row = case.projects[project]
        rows.append((names.project(project), said_once(row.source), row.confidence, row.notes))
    return PLANTS_TABLE.over(rows)
