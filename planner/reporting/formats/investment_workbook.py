"""project-P.xlsx: an investment case whose result follows from its inputs in the spreadsheet, laid out as FAST asks.

Selling all and as the plan runs it stand one below the other on each sheet. This half goes from tax to the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter

from planner.data.case import Case
from planner.finance.cashflow import CashFlows
from planner.finance.deck import Array
from planner.finance.support import CARRIES, MEASURE, MOST
from planner.reporting.charts.business_case import columns
from planner.reporting.formats.investment_operations import write_operations
from planner.reporting.formats.live_sheets import FORMULA, LINK, RATE, TOTAL, Book, Line, LiveBook, LiveSheet, added
from planner.reporting.formats.workbook import MADE, OPTIONS
from planner.reporting.values.page_parts import Statement
from planner.reporting.values.wording import Names, worded_lines
from planner.results.business_case import BusinessCase, Sold

TOLERANCE = 1e-6


def write_business_case(found: BusinessCase, case: Case, path: Path, told: Sequence[Statement]) -> None:
    """Write the workbook: same case, same bytes. told: the answer and what goes with it, in sentences."""
    with xlsxwriter.Workbook(str(path), OPTIONS | {"tmpdir": str(path.parent)}) as target:
        target.set_properties({"title": " and ".join(found.projects), "created": MADE})
        live = LiveBook(target, found.investment.years, "='Checks'!$C$3")
        book = Book(found, Names(case))
        for name, title, timed in SHEETS:
            whose = ", ".join(map(book.names.placed, found.projects)) if name == "Answer" else ""
            book.sheets[name] = live.sheet(name, f"{title}: {whose}" if whose else title, timed=timed)
        write_operations(book)
        for mode, (title, sold) in enumerate(book.modes):
            _running(book, mode, title, sold)
            _tax(book, mode, title, sold)
            _debt(book, mode, title, sold.flows)
            _tax_with_debt(book, mode, sold.flows)
            _returns(book, mode, title, sold)
        _checks(book)
        _answer(book, told)
        _told(book, case)


SHEETS = (
    ("Answer", "The answer", False),
    ("Inputs", "Inputs: change the blue cells, or choose 1 value, 2 low, 3 high in column D", False),
    ("Prices", "Prices by year", True),
    ("Contracts", "Contracts", True),
    ("Time", "Years and flags", True),
    ("Operations", "Capacity in use", True),
    ("Revenue", "Sales, real MUSD", True),
    ("Costs", "Costs, real MUSD", True),
    ("Tax", "Tax and working capital, nominal MUSD", True),
    ("Debt", "Debt, nominal MUSD", True),
    ("Returns", "Returns", True),
    ("Support", "The least of each support, found by the tool", False),
    ("Sensitivity", "Each input at both ends, found by the tool", False),
    ("Plan against case", "Use of capacity in the plan, in each future and in the case", False),
    ("Checks", "Checks: nought failed", False),
    ("Sources", "Conventions and sources", False),
)


def _running(book: Book, mode: int, title: str, sold: Sold) -> None:
    """Costs that follow what is sold."""
    sheet, t = book.sheets["Costs"], book.term
    sheet.head(title)
    for place, (plant, flows) in enumerate(zip(book.found.investment.plants, sold.flows.plants, strict=True)):
        name, tonnes = book.names.project(plant.project), book.line["tonnes", mode, place]
        local, variable = book.line["local",].constant, book.line["variable", place].constant
        formula = f"={variable}*{t['variable_factor']}*{local}*{tonnes}"
        book.line["variable cost", mode, place] = sheet.timed(
            f"{name}, running", "MUSD", formula, flows.variable, total=True
        )
        parts = [f"{book.line['taken', place, m].constant}*{book.line['paid', place, m]}" for m in plant.taken]
        formula = f"=({'+'.join(parts) or '0'})*{tonnes}"
        book.line["feed", mode, place] = sheet.timed(f"{name}, feed", "MUSD", formula, flows.feed, total=True)


def _sums(book: Book, key: str, *mode: int) -> str:
    """The rows of all plants, added."""
    plants = range(len(book.found.investment.plants))
    return added([book.line[(key, *mode, place)] for place in plants])[1:]


def _tax(book: Book, mode: int, title: str, sold: Sold) -> None:
    sheet, t, flows, index = book.sheets["Tax"], book.terms(mode)[0], sold.flows, book.line["index",]
    sheet.head(title)
    plants = range(len(flows.plants))
    running = "+".join(str(book.line["running", place]) for place in plants)
    paid = f"={t['availability']}*MIN(1,{running})*{index}"
    payment = sheet.timed("availability payment", "MUSD", paid, flows.availability, total=True)
    less = f"-({_sums(book, 'fixed cost')})-({_sums(book, 'variable cost', mode)})-({_sums(book, 'feed', mode)})"
    formula = f"=({book.line['received', mode]}{less})*{index}+{payment}"
    ebitda = sheet.timed("EBITDA", "MUSD", formula, flows.ebitda, total=True)
    capital = sheet.timed("capital", "MUSD", f"=({_sums(book, 'capital')})*{index}", flows.capital, total=True)
    grant = sheet.timed("grant", "MUSD", f"={t['grant_share']}*{capital}", flows.grant, total=True)
    late = sum(
        ((p.sustaining + p.closure - p.residual) * flows.index for p in flows.plants), np.zeros(len(flows.index))
    )
    formula = f"=({_sums(book, 'sustaining')}+{_sums(book, 'closure')}-({_sums(book, 'residual')}))*{index}"
    spent = sheet.timed("sustaining and closure, less residual", "MUSD", formula, late, total=True)
    terms = []
    for place in plants:
        wear = book.line["wear", place]
        own = f"SUMPRODUCT({book.line['capital', place].all},{index.all})*(1-{t['grant_share']})"
        terms.append(f"IF(AND({wear}>0,{wear}<={t['depreciation_years']}),{own}/{t['depreciation_years']},0)")
    wears = sheet.timed("depreciation", "MUSD", "=" + "+".join(terms), flows.depreciation, total=True)
    taxable = sheet.timed("taxable without debt", "MUSD", f"={ebitda}-{wears}-{spent}", flows.taxable, total=True)
    due = _taxed(sheet, book, "without debt", taxable, flows.taxable, flows.tax)
    formula = f"={t['working_days']}/{t['days']}*{book.line['received', mode]}*{index}"
    working = sheet.timed("working capital at the end of the year", "MUSD", formula, flows.working)
    change = np.diff(flows.working, prepend=0.0)
    more = sheet.timed("working capital, more of it", "MUSD", f"={working}-{working.before}", change, total=True)
    kept = {
        "ebitda": ebitda,
        "capital": capital,
        "grant": grant,
        "late": spent,
        "taxable": taxable,
        "tax": due,
        "more": more,
    }
    book.line |= {("all", key, mode): line for key, line in kept.items()}


def _taxed(sheet: LiveSheet, book: Book, what: str, taxable: Line, amounts: Array, tax: Array) -> Line:
    """Losses carried forward, and the tax due."""
    losses, opening, used = 0.0, list[float](), list[float]()
    for amount in amounts.tolist():
        opening.append(losses)
        used.append(min(losses, max(amount, 0.0)))
        losses += max(-amount, 0.0) - used[-1]
    closing = [o - u + max(-a, 0.0) for o, u, a in zip(opening, used, amounts.tolist(), strict=True)]
    end = sheet.row + 3
    opened = sheet.timed(f"losses, opening ({what})", "MUSD", f"='Tax'!{{before}}{end}+0", np.array(opening))
    formula = f"=MIN({opened},MAX({taxable},0))"
    taken = sheet.timed(f"losses, used ({what})", "MUSD", formula, np.array(used), total=True)
    formula = f"={opened}-{taken}+MAX(-{taxable},0)"
    sheet.timed(f"losses, closing ({what})", "MUSD", formula, np.array(closing))
    formula = f"={book.term['tax_rate']}*(MAX({taxable},0)-{taken})"
    return sheet.timed(f"tax ({what})", "MUSD", formula, tax, total=True)


def _debt(book: Book, mode: int, title: str, flows: CashFlows) -> None:
    (t, x), loan, n = book.terms(mode), flows.loan, book.line["number",]
    sheet, terms = book.sheets["Debt"], {name: float(x[name]) for name in book.found.terms}
    row = {key: book.line["all", key, mode] for key in ("ebitda", "capital", "grant", "late", "tax", "more")}
    number = np.arange(1, len(flows.index) + 1)
    net, rate = flows.capital - flows.grant, (1 + terms["debt_rate"]) * (1 + terms["inflation"]) - 1
    grace = max(terms["grace_years"], float(np.where(net > 0, number, 0).max()))
    paying = (number > grace) & (number <= terms["debt_years"])
    serves, factor = np.where(paying, np.maximum(flows.cfads, 0.0), 0.0), (1 + rate) ** (grace - number)
    most, whole = float((serves / terms["dscr"] * factor).sum()), float((net * factor).sum())
    sheet.head(title)
    formula = f"={row['ebitda']}-{row['more']}-{row['late']}-{row['tax']}"
    cfads = sheet.timed("cash flow after tax that can serve debt", "MUSD", formula, flows.cfads, total=True)
    lent = sheet.timed("capital less grant", "MUSD", f"={row['capital']}-{row['grant']}", net, total=True)
    interest = sheet.once("interest, nominal", "a year", f"=(1+{t['debt_rate']})*(1+{t['inflation']})-1", rate).constant
    formula = f"=MAX({t['grace_years']},SUMPRODUCT(MAX(({lent.all}>0)*{n.all})))"
    until = sheet.once("years until repayment begins", "years", formula, grace).constant
    pays = f"=IF(AND({n}>{until},{n}<={t['debt_years']}),MAX({cfads},0),0)"
    serving = sheet.timed("cash flow in years of repayment", "MUSD", pays, serves, total=True)
    weight = sheet.timed("worth when repayment begins", "factor", f"=(1+{interest})^({until}-{n})", factor)
    formula = f"=SUMPRODUCT({serving.all},{weight.all})/{t['dscr']}"
    bears = sheet.once("debt that cash flow bears then", "MUSD", formula, most).constant
    formula = f"=SUMPRODUCT({lent.all},{weight.all})"
    all_lent = sheet.once("the whole capital, with interest, then", "MUSD", formula, whole).constant
    formula = f"=IF({all_lent}>0,MIN({t['debt_share']},{bears}/{all_lent}),0)"
    share = sheet.once("debt drawn over capital less grant", "share", formula, float(loan.share))
    book.line["share", mode] = share
    draws = sheet.timed("drawn", "MUSD", f"={share.constant}*{lent}", loan.draws, total=True)
    paid = f"=IF({bears}>0,{serving}/{t['dscr']}*{share.constant}*{all_lent}/{bears},0)"
    end = sheet.row + 4
    opened = sheet.timed("debt, opening", "MUSD", f"='Debt'!{{before}}{end}+0", np.concatenate([[0.0], loan.owed[:-1]]))
    cost = sheet.timed("interest", "MUSD", f"={opened}*{interest}", loan.interest, total=True)
    service = sheet.timed("debt service", "MUSD", paid, loan.service, total=True)
    owed = sheet.timed("debt, closing", "MUSD", f"={opened}+{cost}+{draws}-{service}", loan.owed)
    formula = f"=IF(SUM({lent.all})>0,MAX({owed.all})/SUM({lent.all}),0)"
    most_owed = float(loan.owed.max()) / (float(net.sum()) or 1.0)
    book.line["gearing", mode] = sheet.once("most debt owed over capital less grant", "share", formula, most_owed)
    with np.errstate(divide="ignore", invalid="ignore"):
        cover = np.where(loan.service > 1e-9, flows.cfads / loan.service, 0.0)
    formula = f"=IF({service}>0.000000001,{cfads}/{service},0)"
    book.line["cover", mode] = sheet.timed("cover of debt service (DSCR), 0 without any", "times", formula, cover)
    kept = {"cfads": cfads, "draws": draws, "interest": cost, "service": service, "owed": owed}
    book.line |= {("all", key, mode): line for key, line in kept.items()}


def _tax_with_debt(book: Book, mode: int, flows: CashFlows) -> None:
    sheet = book.sheets["Tax"]
    formula = f"={book.line['all', 'taxable', mode]}-{book.line['all', 'interest', mode]}"
    amounts = flows.taxable - flows.loan.interest
    taxable = sheet.timed("taxable with debt", "MUSD", formula, amounts, total=True)
    book.line["all", "tax with debt", mode] = _taxed(sheet, book, "with debt", taxable, amounts, flows.tax_with_debt)


def _returns(book: Book, mode: int, title: str, sold: Sold) -> None:
    sheet, t, flows, r = book.sheets["Returns"], book.term, sold.flows, sold.returns
    row = {str(key[1]): line for key, line in book.line.items() if key[0] == "all" and key[2] == mode}
    index, n = book.line["index",], book.line["number",]
    sheet.head(title)
    before = f"=({row['ebitda']}-{row['more']}-{row['late']}-{row['capital']}+{row['grant']})/{index}"
    after = f"={{x}}-{row['tax']}/{index}"
    owners = f"={{x}}+({row['draws']}-{row['service']}-{row['tax with debt']})/{index}"
    first: Line | None = None
    for key, label, formula, values, rate, worth, yields in (
        ("before_tax", "before tax, all capital", before, flows.before_tax, "wacc", r.npv_before_tax, r.irr_before_tax),
        ("after_tax", "after tax, all capital", after, flows.after_tax, "wacc", r.npv_after_tax, r.irr_after_tax),
        ("owners", "owners, after debt and tax", owners, flows.owners, "equity_rate", r.npv_owners, r.irr_owners),
    ):
        formula = formula.replace("{x}", str(first))
        line = sheet.timed(f"{label}, real", "MUSD", formula, values / flows.index, total=True)
        first = first or line
        npv_line = sheet.once(f"NPV {label}", "MUSD", f"=NPV({t[rate]},{line.all})", worth)
        sought = "".join(f"IFERROR(IRR({line.all},{guess})," for guess in (0.1, 0.02, 0.5)) + '"none")))'
        formula = f'=IF(SUM({line.all})>0,{sought},"none")'
        irr_line = sheet.once(f"IRR {label} (none: less comes back than is spent)", "a year", formula, yields)
        book.line[f"npv_{key}", mode], book.line[f"irr_{key}", mode] = npv_line, irr_line
        again = f"ABS({npv_line.constant}-SUMPRODUCT({line.all},(1+{t[rate]})^(-{n.all})))"
        book.checks.append((f"NPV {label}, worked out anew ({title})", again))
    served = book.line["cover", mode]
    formula = f'=IF(SUM({served.all})=0,"none",SMALL({served.all},COUNTIF({served.all},0)+1))'
    book.line["dscr", mode] = sheet.once("least DSCR", "times", formula, r.dscr)
    left = f"ABS(INDEX({row['owed'].all},1,COLUMNS({row['owed'].all})))"
    book.checks.append((f"debt left at the end ({title})", left))


FIGURES = {
    "npv_before_tax": ("NPV before tax, at the cost of capital after tax", "MUSD"),
    "npv_after_tax": ("NPV after tax", "MUSD"),
    "npv_owners": ("NPV of the owners", "MUSD"),
    "irr_before_tax": ("IRR before tax", "a year"),
    "irr_after_tax": ("IRR after tax", "a year"),
    "irr_owners": ("IRR of the owners", "a year"),
    "share": ("debt drawn over capital less grant (the cap is on it)", "share"),
    "gearing": ("most debt owed, with interest until repayment, over capital less grant", "share"),
    "dscr": ("least DSCR: what lenders ask, as debt is sized by it, or more where its cap binds", "times"),
}


def _answer(book: Book, told: Sequence[Statement]) -> None:
    """The claim, its sentences, and both columns, which follow the inputs."""
    sheet, found = book.sheets["Answer"], book.found
    changed = book.line["changed",].constant
    as_is = "As computed by the planner for the inputs as delivered, which stand unchanged:"
    other = " inputs were CHANGED. The table of returns follows them; sentences and supports are as delivered:"
    sheet.page.write_formula(1, 0, f'=IF({changed}=0,"{as_is}",{changed}&"{other}")', sheet.book.looks["head"], as_is)
    sheet.row = 2
    for statement in told:
        sheet.note(f"{statement.about}: {statement.sentence}")
    sheet.row += 1
    for place, (title, sold) in enumerate(book.modes):
        sheet.page.write_string(sheet.row, 2 + place, title, sheet.book.looks["head"])
        sheet.page.write_string(sheet.row - 1, 2 + place, "use " + " / ".join(f"{u:.1%}" for u in sold.use))
    sheet.row += 1
    for key, (label, unit) in FIGURES.items():
        sheet.page.write_string(sheet.row, 0, label)
        sheet.page.write_string(sheet.row, 1, unit)
        for mode, (_, sold) in enumerate(book.modes):
            owed = float(sold.flows.loan.owed.max()) / (float((sold.flows.capital - sold.flows.grant).sum()) or 1.0)
            shares = {"share": sold.returns.debt_share, "gearing": owed}
            value = shares[key] if key in shares else getattr(sold.returns, key)
            link = f"={book.line[key, mode].constant}"
            look = sheet.book.looks[RATE if unit in ("a year", "share") else LINK]
            sheet.page.write_formula(sheet.row, 2 + mode, link, look, "none" if value is None else value)
        sheet.row += 1
    covers = {
        "least DSCR at low prices, as delivered": [sold.returns.dscr_low for _, sold in book.modes],
        "least DSCR that nine draws in ten reach (P90), as delivered": [
            sold.spread.cover for _, sold in columns(found)
        ],
    }
    for label, values in covers.items():
        for place, cell in enumerate((label, "times", *("none" if v is None else v for v in values))):
            sheet.page.write(sheet.row, place, cell, sheet.book.looks[FORMULA])
        sheet.row += 1
    sheet.row += 1
    _supports(book, sheet)


def _supports(book: Book, sheet: LiveSheet) -> None:
    """The term sheet."""
    names = {"floor": "guaranteed prices", "availability": "availability payment", "loan": "rate, cover, share of debt"}
    rows: list[list[Any]] = []
    for s in book.found.supports:
        least = f"not even {MOST[s.kind]:g} times {MEASURE[s.kind]}" if s.amount is None else s.amount
        rows.append([s.kind, least, s.cost, s.worst, s.private, *CARRIES[s.kind], names.get(s.kind, s.kind)])
    heads = "support, least of it, public cost, at worst, private capital, volume risk, price risk, enter on Inputs as"
    sheet.table(heads.split(", "), rows)


def _told(book: Book, case: Case) -> None:
    """What the tool found and a spreadsheet cannot: support, sensitivity, the plan; and the sources."""
    found, names = book.found, book.names
    _supports(book, book.sheets["Support"])
    columns_of_swings = ("input", "low", "value", "high", "NPV low", "NPV high", "owners low", "owners high", "source")
    swings = [
        [t.meaning, t.low, t.value, t.high, s.npv_low, s.npv_high, s.owners_low, s.owners_high, t.source or "judged"]
        for s in found.swings
        for t in [s.term]
    ]
    book.sheets["Sensitivity"].table(columns_of_swings, swings)
    spread = [[f"{share:.0%} of draws below", found.full.spread.at(share)] for share in (0.05, 0.25, 0.5, 0.75, 0.95)]
    book.sheets["Sensitivity"].table(("NPV over draws, selling all", "MUSD"), spread)
    uses: list[list[Any]] = [["the case, selling all", None, *found.full.use]]
    uses += [[names.scenario(w), found.futures[w], *use] for w, use in found.throughput.items()]
    sheet = book.sheets["Plan against case"]
    sheet.table(("future", "probability", *map(names.project, found.projects)), uses)
    markets = [[names.element(m.element), m.form, m.year, m.sold, m.others, m.demand, m.share] for m in found.markets]
    sheet.table(("element", "form", "year", "sold, t", "others, t", "wanted, t", "share"), markets)
    sheet = book.sheets["Sources"]
    for text in worded_lines("business_case.j2", "conventions", found=found, names=names):
        sheet.note(text)
    rows = [[names.element(q.element), q.form, q.source, q.confidence] for q in found.investment.quotes]
    plants = [case.projects[p] for p in found.projects]
    rows += [[names.project(r.project), r.stage, r.source, r.confidence] for r in plants]
    rows += [[r.contract, r.kind, r.source, r.confidence] for r in found.investment.contracts]
    sheet.row += 1
    sheet.table(("what", "", "source", "confidence"), rows)


def _checks(book: Book) -> None:
    """Every check is nought; the first row adds up those that fail."""
    sheet = book.sheets["Checks"]
    cells = [f"$C${4 + place}" for place in range(len(book.checks))]
    total = "+".join(f"IF({cell}>{TOLERANCE},1,0)" for cell in cells)
    sheet.once("checks failed", "", f"={total}", 0)
    for what, check in book.checks:
        sheet.once(what, "MUSD", f"={check}", 0)
    sheet.head("Inputs against those delivered (sums weighed by column): 1 where changed")
    inputs, first = sheet.book.inputs, sheet.row + 2
    changed = f"=SUM($C${first}:$C${first + len(inputs) - 1})"
    book.line["changed",] = sheet.once("inputs changed", "", changed, 0)
    for what, where, delivered in inputs:
        now = f"SUMPRODUCT({where},COLUMN({where}))"
        near = f"{TOLERANCE / 1000}*MAX(1,ABS($D${sheet.row + 1}))"
        sheet.once(what, "", f"=IF(ABS({now}-$D${sheet.row + 1})>{near},1,0)", 0)
        sheet.page.write_number(sheet.row - 1, TOTAL, delivered, sheet.book.looks[FORMULA])
