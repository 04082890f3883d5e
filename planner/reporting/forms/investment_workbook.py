"""project-P.xlsx: an investment case whose result follows from its inputs in the spreadsheet, laid out as FAST asks.

The sheets are what `planner.finance` computes, handed cells instead of arrays: each answer to what is sold, one below
the other. What it shows before a program computes it anew was computed beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter

from planner.data.case import Case
from planner.data.investment_tables import Contract
from planner.finance.cashflow import UNITS, CashFlows, cash_flows, funding, starting_up
from planner.finance.contracts import OPEN, TERMS, Deal
from planner.finance.credit import downside_cases, life_cover, unpaid_service
from planner.finance.loans import PAID
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import FinanceTerm, PlantFacts
from planner.finance.returns import LEAST_OWN, has_one_rate
from planner.finance.sensitivity import HIGH, LOW, price_terms
from planner.finance.statements import statements
from planner.finance.support import NEVER_EARNS, lasting_money
from planner.finance.yearly_rows import added, carried, larger, over_years, row, to_date, where
from planner.reporting.chapters import investment_debt as debt
from planner.reporting.chapters import investment_economics as economics
from planner.reporting.chapters import investment_tables as tables
from planner.reporting.chapters.investment_tables import LineKey, NamedFigure
from planner.reporting.forms.formulas import FIRST, Cells
from planner.reporting.forms.live_book import LINK, SHARE, LiveBook, LiveSheet, SheetPlan
from planner.reporting.forms.workbook import MADE, OPTIONS
from planner.reporting.parts import Statement
from planner.reporting.words.names import Names, names_of
from planner.reporting.words.sentences import worded_lines
from planner.results.business_case import BusinessCase, Sold

TOLERANCE = 1e-6
N_A = "not applicable"
"""Stands for a cover of debt whose service is missed."""
SPARE = 2
"""Contracts that may be filled in."""
NO_CONTRACT = "No contract is about these plants: all is sold and bought at market prices."
TITLES = {
    "Answer": "The answer",
    "Inputs": "Inputs: change the blue cells, or choose 1 value, 2 low, 3 high in column D",
    "Prices": "Prices by year",
    "Contracts": "Contracts",
    "Time": "Years and flags",
    "Operations": "Capacity in use",
    "Revenue": "Sales, real MUSD",
    "Costs": "Costs, real MUSD",
    "Tax": "Tax and working capital, nominal MUSD",
    "Debt": "Debt, nominal MUSD",
    "Debt steps": "Steps from one year's debt to the next, nominal MUSD",
    "Statements": "Income, cash flow and balance sheet, nominal MUSD",
    "Returns": "Returns",
    "Credit": "Loans, downside and covenants, found by the tool for the inputs as delivered",
    "Economics": "Unit costs, break-even and other prices, found by the tool for the inputs as delivered",
    "Sensitivity": "Each input at both ends, found by the tool",
    "Plan against case": "Use of capacity in the plan, in each future and in the case",
    "Checks": "Checks: nought failed",
    "Sources": "Conventions and sources",
}
"""Its sheets in order, with their titles."""
BY_YEAR = frozenset(list(TITLES)[list(TITLES).index("Prices") : list(TITLES).index("Credit")])
"""Sheets whose columns are years."""
INPUT_TAB, CALCULATION_TAB, RESULT_TAB, CHECK_TAB = "#0000FF", "#808080", "#00702E", "#C00000"
TABS = {"Inputs": INPUT_TAB, "Prices": INPUT_TAB, "Contracts": INPUT_TAB, "Checks": CHECK_TAB}
"""Colour of a tab by sheet; others are calculations where their columns are years, else results."""
INPUT_HEADS = (
    "input",
    "unit",
    "in use",
    "choice",
    "value",
    "low",
    "high",
    "source",
    "confidence",
    "feeds",
)
ENDS = {LOW: "F", HIGH: "G"}
"""Columns of the ends of a term on the sheet of inputs."""
CONVERSIONS = {
    "days": {"label": "days in a year", "unit": "days"},
    "per_kg": {"label": "MUSD/t for each USD/kg", "unit": "factor"},
}
PLANT_UNITS = {
    "commit": "year of the first payment",
    "lead": "years to the first output",
    "size": "t/y",
    "capex": "MUSD per t/y",
    "fixed": "MUSD per t/y and year",
    "variable": "MUSD per t",
}
LENT_BY = ("debt_share", "grace_years")
"""Terms by which lenders may give less than as agreed."""
ONLY_AS_DELIVERED = {
    "dscr_low": "the share that lenders give, as delivered, and a recommended loan",
    "public_rate": "public cost of supports, as delivered",
    "public_loan_rate": "a recommended loan, else supports as delivered",
}
"""Terms that formulas take for a loan alone, or not at all."""


@dataclass
class Book:
    """A workbook in the making: levels as cells, of the plain case and of that with support, and both ends of each term;
    lines by figure and mode; checks, which are nought."""

    found: BusinessCase
    live: LiveBook
    plain: dict[str, Any] = field(default_factory=dict)
    helped: dict[str, Any] = field(default_factory=dict)
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[tuple[LineKey, int], Cells] = field(default_factory=dict)
    checks: list[tuple[str, str]] = field(default_factory=list)


def write_business_case(
    found: BusinessCase, case: Case, path: Path, told: Sequence[Statement]
) -> None:
    """Write the workbook: same case, same bytes. told: the answer and what goes with it, in sentences."""
    with xlsxwriter.Workbook(str(path), OPTIONS | {"tmpdir": str(path.parent)}) as target:
        target.set_properties({"title": " and ".join(found.projects), "created": MADE})
        names = names_of(case)
        live = LiveBook(target, found.investment.years, "='Checks'!$C$3", _sheets(found, names))
        book = Book(found, live)
        _levels(book)
        investments = _investments(book)
        for mode in range(len(found.modes)):
            one = _answered(book, investments, mode)
            _returns(book, one)
            if one.sold is found.lent:
                _downsides(book, one)
        live.heading = ""
        _checks(book)
        _answer(book, told)
        _told(book, case, names)


def _sheets(found: BusinessCase, names: Names) -> list[SheetPlan]:
    """The sheets in order; the first is called after the plants."""
    front, *others = TITLES
    whose = ", ".join(map(names.placed, found.projects))
    title = f"{TITLES[front]}: {whose}"
    sheets = [SheetPlan(name=front, title=title, timed=False, colour=RESULT_TAB, front=True)]
    for name in others:
        timed = name in BY_YEAR
        colour = TABS.get(name, CALCULATION_TAB if timed else RESULT_TAB)
        sheets.append(SheetPlan(name=name, title=TITLES[name], timed=timed, colour=colour))
    return sheets


def _answered(book: Book, investments: Mapping[bool, Investment], mode: int) -> Answered:
    """An answer to what is sold by its place: flows of the investment in cells, under its heading on each sheet."""
    title, sold = book.found.modes[mode]
    book.live.heading = title
    operations = book.live.sheets["Operations"]
    use: list[Any] = []
    answer = investments[sold.investment.as_run]
    for plant, worked in zip(answer.plants, sold.by_year, strict=True):
        label = f"{plant.name}, worked of what is usable"
        use.append(operations.given(label, "share", worked))
    levels = book.helped if sold is book.found.supported else book.plain
    levels = levels | _given(book, title, sold)
    for plant in answer.plants:
        ends: Any = plant.commit + plant.lead + levels["delay_years"] + levels["life_years"]
        label = f"years of output after the last column: {plant.name} ({title})"
        book.checks.append((label, f"MAX({ends.text}-1-{sold.investment.years[-1]},0)"))
    flows = cash_flows(answer, levels, use)
    return Answered(
        mode=mode, title=title, sold=sold, flows=flows, levels=levels, investment=answer, use=use
    )


def _given(book: Book, title: str, sold: Sold) -> dict[str, Any]:
    """Terms of the loan of an answer that lenders give otherwise than as agreed, as cells."""
    sheet, found = book.live.sheets["Inputs"], book.found
    supports = found.package.amounts if found.package and sold is found.supported else {}
    given = {}
    for name in LENT_BY:
        term, level = found.terms[name], float(sold.levels[name])
        if level != supports.get(name, term.value):
            label = f"{term.meaning}, as lenders give it: {title}"
            given[name] = sheet.constant(label, term.unit, level)
    return given


def _downsides(book: Book, one: Answered) -> None:
    """The case that has debt in the base and where things go worse, each with the debt service of the base: all cash flow
    again, with other levels."""
    base: Any = row(one.flows.loan.senior, "Returns", "debt service of the base", "MUSD")
    missed = book.lines["missed", one.mode].text
    by_name = {case.what: case for case in one.sold.credit.downsides}
    for what, ends in downside_cases(book.found.investment, book.found.terms).items():
        book.live.heading = f"{DOWNSIDE}: {what}"
        worse = {name: book.ends[name][end] for name, end in ends.items()}
        flows = cash_flows(one.investment, one.levels | worse, one.use)
        service = row(base + flows.standby.service, "Returns", f"{what}: debt service", "MUSD")
        cover = _cover(flows, service, f"{what}: ")
        more: Any = one.flows.owners + flows.after_tax - one.flows.after_tax
        with_its_debt = replace(flows, loan=one.flows.loan, public=one.flows.public)
        money = {
            kind: row(real, "Returns", f"{what}: public, {kind}, real", "MUSD")
            for kind, real in lasting_money(with_its_debt, one.levels).items()
        }
        others = [real for kind, real in money.items() if kind not in NEVER_EARNS]
        public_rate = one.levels["public_rate"]
        costs = [
            _present(
                public_rate, added(others, others[0]), f"{what}: public, other than loans, real"
            )
        ]
        for kind in NEVER_EARNS:
            real: Any = money[kind]
            costs.append(f"MAX(NPV({public_rate.text},{real.everywhere}),0)")
        stood_for, called = unpaid_service(flows, one.flows, service, one.levels)
        formulas = _covers(cover, missed) | {"npv": _npv(flows, "after_tax", f"{what}: after tax")}
        for key, rate, nominal in (
            ("owners", "equity_rate", more),
            ("stood_for", "public_rate", stood_for),
            ("called", "public_rate", called),
        ):
            label = f"{what}: {OF_DOWNSIDE[key][0]}, real"
            formulas[key] = _present(one.levels[rate], nominal / flows.index, label)
        formulas["public"] = "+".join([*costs, formulas["called"]])
        for key, (label, unit) in OF_DOWNSIDE.items():
            value = getattr(by_name[what], key)
            told = f"{what}: {label}"
            _once(book, (what, key), told, unit, formulas[key], mode=one.mode, value=value)


def _present(rate: Any, amounts: Any, label: str) -> str:
    """The NPV of amounts by year, which become a line."""
    by_year: Any = row(amounts, "Returns", label, "MUSD")
    return f"NPV({rate.text},{by_year.everywhere})"


def _npv(flows: CashFlows, stream: str, label: str) -> str:
    """The NPV of what is earned before debt, before or after tax: in each country at its cost of capital."""
    parts = []
    for country in flows.countries:
        label = f"{label}, {country.country}, real"
        nominal: Any = getattr(country, stream)
        parts.append(_present(country.wacc, nominal / flows.index, label))
    return "+".join(parts)


def _cover(flows: CashFlows, service: Any, what: str = "") -> str:
    """Cover of debt service by year, as cells."""
    cover: Any = where(service > PAID, larger(flows.cfads, 0.0) / larger(service, PAID), MOST_COVER)
    cover = row(cover, "Returns", f"{what}cover, {MOST_COVER} without any", "times")
    cells: str = cover.everywhere
    return cells


def _covers(cells: str, missed: str) -> dict[str, str]:
    """Formulas of the least and the mean cover by year, and of the years in which it is below 1. missed: years of service, as
    a cell, after which they are not applicable."""
    most, below = f"MIN({cells})={MOST_COVER}", f'"<{MOST_COVER}"'
    figures = {
        "least": f"MIN({cells})",
        "average": f"SUMIF({cells},{below})/COUNTIF({cells},{below})",
        "short": f'COUNTIF({cells},"<1")',
    }
    covers = {}
    for key, figure in figures.items():
        covers[key] = f'IF({most},"none",IF({missed}>0,"{N_A}",{figure}))'
    return covers


def _levels(book: Book) -> None:
    """Every level as a cell of the sheet of inputs."""
    sheet, found = book.live.sheets["Inputs"], book.found
    sheet.page.write_row(1, 0, INPUT_HEADS)
    first_choice = sheet.row + 1
    for term in (*found.terms.values(), *price_terms(found.investment)):
        chosen = sheet.choice(term.meaning, term.unit, (term.value, term.low, term.high))
        book.live.name(term.name, chosen)
        book.ends[term.name] = _ends(book, term, sheet.row)
        book.plain[term.name] = chosen
        confidence = "judged" if term.judged else term.confidence
        told = (term.source or "judged", confidence, _feeds(found.investment, term.name))
        sheet.page.write_row(sheet.row - 1, INPUT_HEADS.index("source"), told)
    _check_choices(book, first_choice, sheet.row)
    _recommended(book, sheet)
    sheet.head("Conversions and calendar")
    for name, words in CONVERSIONS.items():
        book.plain[name] = sheet.constant(**words, value=float(UNITS[name]))
    years = found.investment.years
    budget = float(found.judged_on.levels["budget"])
    book.plain["budget"] = sheet.constant("capital of the base over the estimate", "times", budget)
    book.plain["first_year"] = first = sheet.constant("first year", "year", years[0])
    book.plain["base_year"] = sheet.constant("year of money", "year", found.investment.base_year)
    year = Cells(book.live, np.array(years, float), f"{first.text}+COLUMN()-{FIRST + 1}")
    book.plain["year"] = row(year, "Time", "year", "")
    book.helped = book.plain | book.helped


def _ends(book: Book, term: FinanceTerm, row_number: int) -> dict[str, Any]:
    """Both ends of a term, as the cells in which they stand."""
    cells = {}
    for end, column in ENDS.items():
        value = getattr(term, end)
        cells[end] = Cells(book.live, value, f"'Inputs'!${column}${row_number}")
    return cells


def _check_choices(book: Book, first: int, last: int) -> None:
    """Choices in rows of the inputs that are none of 1, 2 and 3."""
    cells = f"'Inputs'!$D${first}:$D${last}"
    allowed = "+".join(f"COUNTIF({cells},{choice})" for choice in (1, 2, 3))
    book.checks.append(("choices that are not 1, 2 or 3", f"ROWS({cells})-({allowed})"))


def _feeds(investment: Investment, term: str) -> str:
    """The figures that a term moves, in words."""
    premiums = {premium for quote in investment.quotes for premium in quote.premiums}
    if term.endswith("_premium") and term not in premiums:
        return "nothing: no price of this case stands on it"
    return ONLY_AS_DELIVERED.get(term, "formulas here, sensitivity")


def _recommended(book: Book, sheet: LiveSheet) -> None:
    """The support of least public cost: always in the last column of the answer, in the others where it is switched on."""
    package = book.found.package
    if not book.found.supported or package is None:
        return
    switch: Any = sheet.constant(
        "support as recommended in every column: 1 on, 0 off", "switch", 0.0
    )
    for name, amount in package.amounts.items():
        term = book.found.terms[name]
        cell: Any = sheet.constant(f"recommended: {term.meaning}", term.unit, amount)
        book.helped[name] = cell
        in_use = where(switch == 1.0, cell, book.plain[name])
        book.plain[name] = row(in_use, "Inputs", f"in use: {name.replace('_', ' ')}", "")


def _investments(book: Book) -> dict[bool, Investment]:
    """The investment with its figures as cells: at full size, and as the plan builds and runs it (true)."""
    found, prices = book.found.investment, book.live.sheets["Prices"]
    per_kg = book.plain["per_kg"]
    deck: list[Any] = []
    for quote in found.quotes:
        deck.append(prices.given(f"{quote.label}, deck", "USD/kg, real", 1000 * quote.price))
    quotes = []
    for quote, cells in zip(found.quotes, deck, strict=True):
        quotes.append(replace(quote, price=cells * per_kg, by_future={}))
    wanted: dict[Any, Any] = {}
    for good, tonnes in found.wanted.items():
        wanted[good] = prices.given(f"{' '.join(good)}, wanted", "t", tonnes)
    if not found.deals:
        book.live.sheets["Contracts"].note(NO_CONTRACT)
    deals = tuple(_deal(book, deal) for deal in found.deals)
    for number in range(1, SPARE + 1):
        deals += _spare(book, f"spare contract {number}")
    plants = tuple(_plant(book, plant) for plant in found.plants)
    full = replace(found, plants=plants, quotes=tuple(quotes), deals=deals, wanted=wanted)
    if book.found.planned is None:
        return {False: full}
    as_built = tuple(
        _plant(book, plant, AS_BUILT) for plant in book.found.planned.investment.plants
    )
    return {False: full, True: replace(full, plants=as_built, as_run=True)}


def _deal(book: Book, deal: Deal) -> Deal:
    """A contract with its terms as cells."""
    sheet, contract = book.live.sheets["Contracts"], deal.contract
    about = contract.element or "all"
    sheet.head(f"{contract.contract}: {contract.kind}, {contract.party}, {about}")
    return Deal(contract, _deal_terms(sheet, contract))


def _deal_terms(sheet: LiveSheet, contract: Contract) -> dict[str, Any]:
    """Terms of a contract as cells."""
    terms: dict[str, Any] = {}
    for name in TERMS:
        label, value = name.replace("_", " "), getattr(contract, name)
        if value is None:
            terms[name] = sheet.left_open(label, OPEN[name])
        else:
            terms[name] = sheet.constant(label, "", float(value))
    return terms


def _spare(book: Book, name: str) -> tuple[Deal, ...]:
    """A contract that may be filled in: for each product a deal that holds if the contract is about it."""
    sheet = book.live.sheets["Contracts"]
    sheet.head(f"{name}: offtake, in force where covers is above 0")
    plants = book.found.investment.plants
    products = sorted({made.element for plant in plants for made in plant.made})
    about: Any = sheet.numbered("about", products)
    none_yet = Contract(contract=name, kind="offtake", covers=0.0)
    terms = _deal_terms(sheet, none_yet)
    covers: Any = terms["covers"]
    deals = []
    for number, product in enumerate(products, start=1):
        of_it = where(about == float(number), covers, 0.0)
        of_it = row(of_it, "Contracts", f"covers of {product}", "share")
        contract = none_yet.model_copy(update={"element": product})
        deals.append(Deal(contract, {**terms, "covers": of_it}))
    return tuple(deals)


PAYS = "share of the capital paid in each year from the first"
RAMP = "share usable in each year of output, the last stays"
AS_BUILT = " as the plan builds and works it"


def _plant(book: Book, plant: PlantFacts, how: str = "") -> PlantFacts:
    """A plant with its figures as cells. how: it is built, in words."""
    sheet = book.live.sheets["Inputs"]
    sheet.head(f"{plant.name}{how}")
    source = f"projects.csv, {plant.project}"
    facts: dict[str, Any] = {}
    for name, unit in PLANT_UNITS.items():
        facts[name] = sheet.constant(name, unit, getattr(plant, name), source)
    facts["name"] = f"{plant.name}{how}"
    facts["pays"] = sheet.each(PAYS, "share", plant.pays)
    facts["ramp"] = sheet.each(RAMP, "share", plant.ramp)
    for kind in ("made", "taken"):
        materials = []
        for material in getattr(plant, kind):
            label, unit = f"{kind}: {material.label}", "t per t in use"
            is_by_year = np.ndim(material.per_tonne) > 0
            write: Any = sheet.given if is_by_year else sheet.constant
            amount: Any = write(label, unit, material.per_tonne)
            materials.append(replace(material, per_tonne=amount))
        facts[kind] = tuple(materials)
    return replace(plant, **facts)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer to what is sold, by its place and title, with its flows, levels, investment and use as cells."""

    mode: int
    title: str
    sold: Sold
    flows: CashFlows
    levels: dict[str, Any]
    investment: Investment
    use: list[Any]

    @property
    def number(self) -> Any:
        """The number of each year, that of the first one 1."""
        return self.levels["year"] - self.levels["first_year"] + 1.0


STREAMS = {
    "before_tax": "before tax, all capital",
    "after_tax": "after tax, all capital",
    "owners": "owners, after debt and tax",
}
"""Streams of money that are valued, and what they are called."""
DOWNSIDE = "Base case and downside"
OF_DOWNSIDE = {
    "npv": ("NPV after tax", "MUSD"),
    "owners": ("NPV of the owners", "MUSD"),
    "public": ("public cost", "MUSD"),
    "called": ("of it lost on guarantee and loan", "MUSD"),
    "stood_for": ("owners called first, to completion", "MUSD"),
    "least": ("least senior DSCR", "times"),
    "short": ("years in which it is below 1", "years"),
}
"""Figures of a downside: what they are called, and their units."""
FIGURES = {figure.key: figure for figure in tables.FIGURES}
IN_ALL = "in all"
MOST_COVER = 999_999
"""Cover of debt service in years in which there is none: above every other."""
FIRST_ANSWER = 2
"""Column of the sheet of the answer in which the first answer to what is sold stands."""
GUESSES = (0.1, 0.02, 0.5)
"""Rates from which a spreadsheet looks for an IRR."""


def _once(
    book: Book, key: LineKey, label: str, unit: str, text: str, *, mode: int, value: Any
) -> str:
    """Write a figure that is no line of years on the sheet of returns; what others name it by."""
    shown = "none" if value is None else value
    cells = Cells(book.live, np.nan if value is None else value, text)
    line = book.live.sheets["Returns"].formula(cells, label, unit, shown)
    book.lines[key, mode] = line
    return line.text


def _returns(book: Book, one: Answered) -> None:
    """Returns of one answer to what is sold, its debt, sources and uses, and what must be nought."""
    for key in STREAMS:
        _valued(book, one, key)
    _debt(book, one)
    sides = []
    early = starting_up(one.flows, one.levels)
    funded = funding(one.flows, one.levels, early)
    for side, amounts in zip(("source", "use"), funded, strict=True):
        whole: Any = 0.0
        for what, by_year in amounts.items():
            total: Any = row(over_years(by_year), "Debt", f"{side}: {what}", "MUSD in all")
            book.lines[(side, what), one.mode] = total
            whole = whole + total
        in_all: Any = row(whole, "Debt", f"{side}s in all", "MUSD in all")
        book.lines[(side, IN_ALL), one.mode] = in_all
        sides.append(in_all)
    gap: Any = sides[0] - sides[1]
    book.checks.append((f"sources less uses ({one.title})", f"ABS({gap.text})"))
    told = statements(one.flows)
    for statement in tables.STATEMENTS:
        for name, amounts in getattr(told, statement).items():
            row(amounts / one.flows.index, "Statements", f"{statement}: {name}, real", "real MUSD")
    unbalanced: Any = told.gap
    gap_cells = f"SUMPRODUCT(ABS({unbalanced.everywhere}))"
    book.checks.append((f"balance sheet ({one.title})", gap_cells))


def _valued(book: Book, one: Answered, key: str) -> None:
    """NPV and IRR of a stream."""
    label, flows, mode = STREAMS[key], one.flows, one.mode
    nominal: Any = getattr(flows, key)
    real: Any = row(nominal / flows.index, "Returns", f"{label}, real", "MUSD")
    cells = real.everywhere
    is_owners = key == "owners"
    at_their_rate = f"NPV({one.levels['equity_rate'].text},{cells})"
    npv = at_their_rate if is_owners else _npv(flows, key, label)
    value = getattr(one.sold.returns, f"npv_{key}")
    _once(book, f"npv_{key}", f"NPV {label}", "MUSD", npv, mode=mode, value=value)
    sought = "".join(f"IFERROR(IRR({cells},{guess})," for guess in GUESSES)
    sums: Any = carried(
        real, to_date, (), sheet="Returns", label=f"{label}, real, to date", unit="MUSD"
    )
    rated: Any = row(
        has_one_rate(real, sums, label), "Returns", f"{label}: one IRR at most", "flag"
    )
    irr = f'IF({rated.text}=1,{sought}"none"))),"none")'
    why = (
        "less comes back than is spent, or to date falls below nought, so that rates may be several"
    )
    label_of_rate = f"IRR {label} (none: {why})"
    if key != "before_tax":
        capital: Any = flows.capital
        paid: Any = where(capital > 0, larger(0.0 - nominal, 0.0), 0.0)
        paid = row(paid, "Returns", f"{label}: paid while it is built", "MUSD")
        least = f"{LEAST_OWN}*SUM({capital.everywhere})"
        irr = f'IF(SUM({paid.everywhere})<={least},"none",{irr})'
        label_of_rate = f"IRR {label} (none: as above, or nothing is paid while it is built)"
    value = getattr(one.sold.returns, f"irr_{key}")
    _once(book, f"irr_{key}", label_of_rate, "a year", irr, mode=mode, value=value)


def _debt(book: Book, one: Answered) -> None:
    """Debt service missed, its least cover, and what is owed; nothing may be left at the end."""
    loan = one.flows.loan
    missed_by_year: Any = loan.missed
    formula = f"SUM({missed_by_year.everywhere})"
    label, years = "years in which debt service is missed", one.sold.returns.missed
    missed = _once(book, "missed", label, "years", formula, mode=one.mode, value=years)
    covers = _covers(_cover(one.flows, loan.senior), missed)
    owed: Any = one.flows.owed()
    life: Any = loan.cover
    to_the_end: Any = life_cover(
        one.flows.cfads, loan, rate=loan.rate, number=one.number, owed=owed, to_the_end=True
    )
    formulas = {
        "dscr": covers["least"],
        "average": covers["average"],
        "llcr": f'IF({missed}>0,"{N_A}",IFERROR({life.text},"none"))',
        "plcr": f'IF({missed}>0,"{N_A}",IFERROR({to_the_end.text},"none"))',
    }
    for key, formula in formulas.items():
        figure = FIGURES[key]
        value = figure.value(one.sold)
        _once(book, key, figure.label, figure.unit, formula, mode=one.mode, value=value)
    share: Any = one.flows.debt_share()
    book.lines["debt_share", one.mode] = share
    last = f"ABS(INDEX({owed.everywhere},1,COLUMNS({owed.everywhere})))"
    book.checks.append((f"debt left at the end ({one.title})", last))


def _answer(book: Book, told: Sequence[Statement]) -> None:
    """The claim, its sentences, and figures of each answer to what is sold, which follow the inputs."""
    sheet, looks = book.live.sheets["Answer"], book.live.looks
    claim = f"Present values of {book.found.dated}. Figures follow the inputs; sentences, supports and what says so are as delivered."
    sheet.page.write_string(1, 0, claim, looks["head"])
    for statement in told:
        sheet.note(statement.line)
    sheet.row += 2
    for place, (title, sold) in enumerate(book.found.modes, start=FIRST_ANSWER):
        use = " / ".join(f"{share:.1%}" for share in sold.use)
        sheet.page.write_string(sheet.row - 1, place, f"use {use}")
        sheet.page.write_string(sheet.row, place, title, looks["head"])
    sheet.row += 1
    for figure in tables.FIGURES:
        _figure(book, figure)
    _downside_table(book)
    sheet.head(tables.SOURCES_AND_USES.title)
    full = book.found.full
    sources, uses = funding(full.flows, full.levels, full.early)
    for side, named in (("source", sources), ("use", uses)):
        for what in (*named, IN_ALL):
            amount = NamedFigure(key=(side, what), label=f"{side}: {what}", unit="MUSD")
            _figure(book, amount)
    for part in (tables.public_money(book.found), *tables.elsewhere(book.found)):
        sheet.part(part)


def _downside_table(book: Book) -> None:
    """The base and cases worse than it, a row each, which follow the inputs."""
    sheet, looks, lent = book.live.sheets["Answer"], book.live.looks, book.found.lent
    mode = next(m for m, (_, sold) in enumerate(book.found.modes) if sold is lent)
    sheet.head(f"{DOWNSIDE}, with the debt service of the base: {book.found.told(lent)}")
    heads = [f"{label}, {unit}" for label, unit in OF_DOWNSIDE.values()]
    sheet.page.write_row(sheet.row, FIRST_ANSWER, heads, looks["head"])
    for case in lent.credit.downsides:
        sheet.row += 1
        sheet.page.write_string(sheet.row, 0, case.what)
        for place, key in enumerate(OF_DOWNSIDE, start=FIRST_ANSWER):
            line = book.lines[(case.what, key), mode]
            value = line.values.item()
            shown = "none" if np.isnan(value) else value
            sheet.page.write_formula(sheet.row, place, f"={line.text}", looks[LINK], shown)
    sheet.row += 1


def _figure(book: Book, figure: NamedFigure) -> None:
    """One figure in every column: a link to its line where it has one, else as delivered."""
    sheet, looks = book.live.sheets["Answer"], book.live.looks
    look = looks[SHARE if figure.share else LINK]
    label = figure.label if figure.live else f"{figure.label}, as delivered"
    sheet.page.write_row(sheet.row, 0, (label, figure.unit))
    for mode, (_, sold) in enumerate(book.found.modes):
        line = book.lines.get((figure.key, mode))
        value = figure.value(sold) if figure.of or line is None else line.values.item()
        shown = "none" if value is None or np.isnan(value) else value
        place = FIRST_ANSWER + mode
        if line is None:
            sheet.page.write(sheet.row, place, shown, look)
        else:
            sheet.page.write_formula(sheet.row, place, f"={line.text}", look, shown)
    sheet.row += 1


def _told(book: Book, case: Case, names: Names) -> None:
    """Write the findings of the tool that a spreadsheet cannot make, sensitivity and the plan; and the sources."""
    found, sheets = book.found, book.live.sheets
    sheets["Sensitivity"].part(tables.inputs(found))
    for part in economics.of_case(found):
        sheets["Economics"].part(part)
    for part in debt.of_debt(found):
        sheets["Credit"].part(part)
    for part in (tables.throughput(found, names), tables.markets(found, names)):
        sheets["Plan against case"].part(part)
    sources = sheets["Sources"]
    conventions = "business_case_conventions.j2"
    for text in worded_lines(conventions, "conventions", found=found, names=names):
        sources.note(text)
    sources.part(tables.deck(found, names))
    sources.part(tables.contracts(found, names))
    sources.part(tables.plants(found, case, names))


def _checks(book: Book) -> None:
    """Every check is nought; the first row adds up those that fail."""
    sheet = book.live.sheets["Checks"]

    def once(what: str, unit: str, text: str) -> Cells:
        return sheet.formula(Cells(book.live, 0.0, text), what, unit)

    cells = f"$C$4:$C${3 + len(book.checks)}"
    once("checks failed", "", f'ROWS({cells})-COUNTIF({cells},"<={TOLERANCE}")')
    for what, check in book.checks:
        once(what, "MUSD", check)
