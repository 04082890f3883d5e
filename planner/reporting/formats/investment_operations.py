"""The first half of an investment workbook: inputs, prices, contracts, flags, operations, revenue, costs.

Every formula is that of `planner.finance`; the value kept beside it is the tool's own, so that a program that does not
compute shows it too.
"""

from __future__ import annotations

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from planner.data.investment_tables import Contract
from planner.finance.cashflow import DAYS, NO_SUPPORT, PlantFlows, Sale, received
from planner.finance.contracts import applies, in_force
from planner.finance.plants import Material, PlantFacts
from planner.finance.risk import base_levels, price_terms
from planner.finance.support import LEVEL, LOAN
from planner.reporting.formats.live_sheets import CONSTANT, FIRST, INPUT, Book, Line, LiveSheet, added
from planner.results.business_case import Sold

SUPPORTS = {
    "grant_share": ("grant", "share of capital"),
    "floor_factor": ("guaranteed prices", "of the deck"),
    "availability": ("availability payment", "MUSD a year, real"),
}
ONLY_AS_DELIVERED = {
    "dscr_low": "the test at low prices, as delivered, and a recommended loan",
    "public_rate": "public cost of supports, as delivered",
    "public_loan_rate": "a recommended loan, else supports as delivered",
}
"""Terms that formulas take for a loan alone, or not at all."""


def write_operations(book: Book) -> None:
    """All that comes before tax, for each answer to what is sold."""
    _inputs(book)
    _time(book)
    _prices(book)
    _contracts(book)
    for mode, (_, sold) in enumerate(book.modes):
        _operations(book, mode, sold)
        _revenue(book, mode, sold)
    _costs(book)


def _inputs(book: Book) -> None:
    sheet, found = book.sheets["Inputs"], book.found
    heads = ("input", "unit", "in use", "choice", "value", "low", "high", "source", "confidence", "feeds")
    premiums = {premium for quote in found.investment.quotes for premium in quote.premiums}
    for place, head in enumerate(heads):
        sheet.page.write_string(1, place, head)
    for term in (*found.terms.values(), *price_terms(found.investment)):
        line = sheet.choice(term.meaning, term.unit, (term.value, term.low, term.high))
        row, feeds = line.row, ONLY_AS_DELIVERED.get(term.name, "formulas here, draws, sensitivity")
        if term.name.endswith("_premium") and term.name not in premiums:
            feeds = "nothing: no price of this case stands on it"
        sheet.page.write_string(row - 1, 9, feeds)
        sheet.page.write_string(row - 1, 7, term.source or "judged")
        sheet.page.write_string(row - 1, 8, "judged" if term.judged else term.confidence)
        book.term[term.name] = line.constant
    sheet.head("Support, none unless entered")
    for name, (label, unit) in SUPPORTS.items():
        book.term[name] = sheet.constant(label, unit, float(NO_SUPPORT[name])).constant
    _recommended(book, sheet)
    sheet.head("Conversions and calendar")
    book.term["days"] = sheet.constant("days in a year", "days", DAYS).constant
    book.term["per_kg"] = sheet.constant("MUSD/t for each USD/kg", "factor", 0.001).constant
    book.term["first"] = sheet.constant("first year", "year", found.investment.years[0]).constant
    book.term["base"] = sheet.constant("year of money", "year", found.investment.base_year).constant
    for place, plant in enumerate(found.investment.plants):
        _plant_inputs(book, sheet, place, plant)


def _recommended(book: Book, sheet: LiveSheet) -> None:
    """The cheapest support: always in the last column of the answer, in the others where it is switched on."""
    least = book.found.cheapest
    if not book.found.supported or least is None or least.amount is None:
        return
    switch = sheet.constant("support as recommended in every column: 1 on, 0 off", "switch", 0.0).constant
    size = sheet.constant(f"recommended: {least.kind}", "as on sheet Support", least.amount).constant
    if least.kind == LOAN:
        book.supported = {"debt_rate": book.term["public_loan_rate"], "dscr": book.term["dscr_low"], "debt_share": size}
    else:
        book.supported = {LEVEL[least.kind]: size}
    for name, cell in book.supported.items():
        plain = book.term[name]
        value = float(base_levels(book.found.investment, book.found.terms)[name])
        formula = f"=IF({switch}=1,{cell},{plain})"
        book.term[name] = sheet.once(f"in use: {name.replace('_', ' ')}", "", formula, value).constant


def _plant_inputs(book: Book, sheet: LiveSheet, place: int, plant: PlantFacts) -> None:
    sheet.head(book.names.placed(plant.project))
    for key, unit, value in (
        ("commit", "year of the first payment", plant.commit),
        ("lead", "years to the first output", plant.lead),
        ("size", "t/y", plant.size),
        ("capex", "MUSD per t/y", plant.capex),
        ("fixed", "MUSD per t/y and year", plant.fixed),
        ("variable", "MUSD per t", plant.variable),
    ):
        source = f"projects.csv, {plant.project}"
        book.line[key, place] = sheet.constant(key, unit, value, source)
    book.line["ramp", place] = sheet.given("share usable in each year of output, the last stays", "share", plant.ramp)
    for kind, materials in (("made", plant.made), ("taken", plant.taken)):
        for m in materials:
            label = f"{kind}: {book.names.element(m.element)} {m.form}"
            book.line[kind, place, m] = sheet.constant(label, "t per t in use", m.per_tonne)


def _time(book: Book) -> None:
    sheet, found, t = book.sheets["Time"], book.found, book.term
    years = np.array(found.investment.years)
    number = sheet.timed("number of the year", "", "={before}3+1", np.arange(1, len(years) + 1))
    year = sheet.timed("year", "", f"={t['first']}+{number}-1", years)
    book.line["number",], book.line["year",] = number, year
    formula = f"=(1+{t['inflation']})^({year}-{t['base']})"
    book.line["index",] = sheet.timed("money of the year", "of base", formula, found.full.flows.index)
    for place, plant in enumerate(found.investment.plants):
        _flags(book, sheet, place, plant, found.full.flows.plants[place])


def _flags(book: Book, sheet: LiveSheet, place: int, plant: PlantFacts, flows: PlantFlows) -> None:
    years, t = np.array(book.found.investment.years), book.term
    commit, lead = (book.line[key, place].constant for key in ("commit", "lead"))
    delay, life = book.found.terms["delay_years"].value, book.found.terms["life_years"].value
    ages, year = years - plant.start - delay, book.line["year",]
    sheet.head(book.names.project(plant.project))
    age = sheet.timed("years since first output", "", f"={year}-{commit}-{lead}-{t['delay_years']}", ages)
    flag = f"=IF(AND({age}>=0,{age}<{t['life_years']}),1,0)"
    running = book.line["running", place] = sheet.timed("runs", "flag", flag, flows.running)
    ready = f"=IF(AND({year}>={commit}+{lead},{age}<{t['life_years']}),1,0)"
    stands = (years >= plant.start) & (ages < life)
    book.line["ready", place] = sheet.timed("is paid to stand ready", "flag", ready, stands)
    pays = f"=IF(AND({year}>={commit},{year}<{commit}+MAX(1,{lead})),1/MAX(1,{lead}),0)"
    share = np.isin(years, plant.pay_years) / len(plant.pay_years)
    book.line["pays", place] = sheet.timed("share of capital paid", "share", pays, share, total=True)
    last = f"=IF({age}={t['life_years']}-1,1,0)"
    book.line["last", place] = sheet.timed("last year of output", "flag", last, ages == life - 1)
    ramp, most = book.line["ramp", place], len(plant.ramp)
    cells = f"'Inputs'!${xl_col_to_name(FIRST)}${ramp.row}:${xl_col_to_name(FIRST + most - 1)}${ramp.row}"
    formula = f"=IF({running}=1,INDEX({cells},1,MIN({age}+1,COLUMNS({cells}))),0)"
    values = np.array(plant.ramp)[np.clip(ages, 0, most - 1).astype(int)] * flows.running
    book.line["usable", place] = sheet.timed("share usable", "share", formula, values)
    count = np.cumsum(np.cumsum(flows.running) > 0)
    formula = f"=IF({{before}}{sheet.row + 1}+{running}>0,{{before}}{sheet.row + 1}+1,0)"
    book.line["wear", place] = sheet.timed("years since first use", "", formula, count)


def _prices(book: Book) -> None:
    sheet, found, t = book.sheets["Prices"], book.found.investment, book.term
    x = base_levels(found, book.found.terms)
    for quote in found.quotes:
        name = f"{book.names.element(quote.element)} {quote.form}"
        deck = sheet.given(f"{name}, deck", "USD/kg, real", quote.price * 1000)
        extra = "".join(f"*(1+{t[premium]})" for premium in quote.premiums)
        level = found.price_level(Material(quote.element, quote.form, 0.0), x)
        plain = np.prod([1 + float(x[p]) for p in quote.premiums])
        key = (quote.element, quote.form)
        formula = f"={deck}*{t['per_kg']}{extra}"
        book.line["deck", key] = sheet.timed(f"{name}, deck", "MUSD/t", formula, quote.price * plain)
        formula = f"={book.line['deck', key]}*{t['price_factor']}*{t['price:' + quote.element]}"
        book.line["price", key] = sheet.timed(f"{name}, in use", "MUSD/t", formula, quote.price * level)


CONTRACT = (
    *("covers", "tonnes", "price_usd_per_kg", "price_share", "floor_usd_per_kg", "cap_usd_per_kg"),
    *("upside_from_usd_per_kg", "upside_share", "upside_most_musd", "first_year", "last_year", "real"),
)


def _contracts(book: Book) -> None:
    sheet, found = book.sheets["Contracts"], book.found.investment
    for place, row in enumerate(found.contracts):
        sheet.head(f"{row.contract}: {row.kind}, {row.party}, {row.element or 'all'}")
        for name in CONTRACT:
            value, label = getattr(row, name), name.replace("_", " ")
            line = sheet.constant(label, "", 0.0 if value is None else float(value))
            if value is None:
                sheet.page.write_blank(line.row - 1, CONSTANT, None, sheet.book.looks[INPUT])
            book.line["contract", place, name] = line
        first, last = (book.line["contract", place, n].constant for n in ("first_year", "last_year"))
        year = book.line["year",]
        formula = f"=IF(AND(OR(NOT(ISNUMBER({first})),{year}>={first}),OR(NOT(ISNUMBER({last})),{year}<={last})),1,0)"
        book.line["force", place] = sheet.timed("in force", "flag", formula, in_force(row, found.years))
        index = book.line["index",]
        real = book.line["contract", place, "real"].constant
        worth = 1.0 if row.real else 1.0 / book.found.full.flows.index
        book.line["worth", place] = sheet.timed(
            "worth of its prices", "of base", f"=IF({real}=1,1,1/{index})", np.broadcast_to(worth, (len(found.years),))
        )
    if not found.contracts:
        sheet.note("No contract is about these plants: all is sold and bought at market prices.")


def _operations(book: Book, mode: int, sold: Sold) -> None:
    sheet, t = book.sheets["Operations"], book.term
    sheet.head(book.modes[mode][0])
    for place, plant in enumerate(book.found.investment.plants):
        name = book.names.project(plant.project)
        use = sheet.given(f"{name}, sold of what is usable", "share", sold.by_year[place])
        size, usable = book.line["size", place].constant, book.line["usable", place]
        formula = f"={size}*{usable}*{use}*{t['volume']}"
        tonnes = sheet.timed(f"{name}, capacity in use", "t", formula, sold.flows.plants[place].tonnes, total=True)
        book.line["tonnes", mode, place] = tonnes


def _revenue(book: Book, mode: int, sold: Sold) -> None:
    sheet = book.sheets["Revenue"]
    sheet.head(book.modes[mode][0])
    parts = [line for p in sold.flows.plants for sale in p.sales for line in _sale(book, sheet, mode, sale)]
    zero = np.zeros(len(book.found.investment.years))
    whole = sum((received(p.sales) for p in sold.flows.plants), zero)
    book.line["received", mode] = sheet.timed("all sales", "MUSD", added(parts), whole, total=True)


def _sale(book: Book, sheet: LiveSheet, mode: int, sale: Sale) -> list[Line]:
    m, t, plant = sale.material, book.terms(mode)[0], book.found.investment.plants[sale.plant]
    name = f"{book.names.project(plant.project)}, {book.names.element(m.element)} {m.form}"
    paid = f"*{t['payable']}" if m.payable else ""
    per, price = book.line["made", sale.plant, m].constant, book.line["price", (m.element, m.form)]
    made = f"={book.line['tonnes', mode, sale.plant]}*{per}*{t['recovery_factor']}"
    tonnes = sheet.timed(f"{name}, made", "t", made, sale.tonnes, total=True)
    market = sheet.timed(f"{name}, at the market", "MUSD", f"={tonnes}*{price}{paid}", sale.market, total=True)
    floor = f"=MAX(0,{t['floor_factor']}*{book.line['deck', (m.element, m.form)]}-{price})*{tonnes}{paid}"
    lines = [market, sheet.timed(f"{name}, guaranteed price", "MUSD", floor, sale.floored, total=True)]
    for row, _ in sale.settled:
        lines.append(_settled(book, sheet, name, row, sale, tonnes, price, paid))
    return lines


def _settled(
    book: Book, sheet: LiveSheet, name: str, row: Contract, sale: Sale, tonnes: Line, price: Line, paid: str
) -> Line:
    place = book.found.investment.contracts.index(row)
    c = {n: book.line["contract", place, n].constant for n in CONTRACT}
    per_kg, force, worth = book.term["per_kg"], book.line["force", place], book.line["worth", place]
    found = next(s for r, s in sale.settled if r is row)
    label = f"{name}, {row.contract}"
    covers = f"={tonnes}{paid}*{c['covers']}"
    most = f"=IF(ISNUMBER({c['tonnes']}),MIN({covers[1:]},{c['tonnes']}),{covers[1:]})*{force}"
    covered = sheet.timed(f"{label}, covered", "t", most, found.covered, total=True)
    given = c["price_usd_per_kg"]
    fixed = f"=IF(ISNUMBER({given}),{given}*{per_kg}*{worth},{price}*{c['price_share']})"
    usd, scale = row.price_usd_per_kg, 1.0 if row.real else 1.0 / book.found.full.flows.index
    shown = sale.price * row.price_share if usd is None else usd * 0.001 * scale * np.ones_like(sale.price)
    basis = sheet.timed(f"{label}, its price", "MUSD/t", fixed, shown)
    up = f"=IF(ISNUMBER({c['floor_usd_per_kg']}),MAX(0,{c['floor_usd_per_kg']}*{per_kg}*{worth}-{basis}),0)*{covered}"
    top = sheet.timed(f"{label}, topped up", "MUSD", up, found.top_up, total=True)
    cap = f"IF(ISNUMBER({c['cap_usd_per_kg']}),MAX(0,{basis}-{c['cap_usd_per_kg']}*{per_kg}*{worth}),0)*{covered}"
    above = f"{c['upside_share']}*MAX(0,{basis}-{c['upside_from_usd_per_kg']}*{per_kg}*{worth})*{covered}"
    limit = f"IF(ISNUMBER({c['upside_most_musd']}),MIN({above},{c['upside_most_musd']}*{worth}),{above})"
    formula = f"={cap}+IF(ISNUMBER({c['upside_from_usd_per_kg']}),{limit},0)"
    back = sheet.timed(f"{label}, paid back", "MUSD", formula, found.paid_back, total=True)
    change = f"=({basis}-{price})*{covered}+{top}-{back}"
    return sheet.timed(f"{label}, change", "MUSD", change, found.change, total=True)


def _costs(book: Book) -> None:
    sheet, t, found = book.sheets["Costs"], book.term, book.found
    share, rate = found.terms["local_share"].value, found.terms["currency_factor"].value
    formula, factor = f"=1+{t['local_share']}*({t['currency_factor']}-1)", 1 + share * (rate - 1)
    local = book.line["local",] = sheet.once("costs by the value of local money", "factor", formula, factor)
    for place, plant in enumerate(found.investment.plants):
        flows, name = found.full.flows.plants[place], book.names.project(plant.project)
        size, capex, fixed = (book.line[key, place].constant for key in ("size", "capex", "fixed"))
        formula = f"={size}*{capex}*{t['capital_factor']}*(1+{t['contingency']})*{local.constant}"
        whole = sheet.once(f"{name}, capital with contingency", "MUSD", formula, float(flows.capital.sum())).constant
        kept = f"={size}*{fixed}*{t['fixed_factor']}*{local.constant}*{book.line['ready', place]}"
        for key, formula, values in (
            ("capital", f"={whole}*{book.line['pays', place]}", flows.capital),
            ("fixed cost", kept, flows.fixed),
            ("sustaining", f"={t['sustaining']}*{whole}*{book.line['running', place]}", flows.sustaining),
            ("closure", f"={t['closure']}*{whole}*{book.line['last', place]}", flows.closure),
            ("residual", f"={t['residual']}*{whole}*{book.line['last', place]}", flows.residual),
        ):
            book.line[key, place] = sheet.timed(f"{name}, {key}", "MUSD", formula, values, total=True)
        for m in plant.taken:
            _feed_price(book, sheet, place, m)


def _feed_price(book: Book, sheet: LiveSheet, place: int, m: Material) -> None:
    """What is paid for a tonne of a material taken in, contract by contract."""
    found, t = book.found.investment, book.term
    x, project = base_levels(found, book.found.terms), found.plants[place].project
    price, name = book.line["price", (m.element, m.form)], f"{book.names.project(project)}, {m.element} taken in"
    values = next(q.price for q in found.quotes if (q.element, q.form) == (m.element, m.form)) * found.price_level(m, x)
    left, left_at, parts, paid_at = "1", np.ones(len(found.years)), list[Line](), np.zeros(len(found.years))
    for at, row in enumerate(found.contracts):
        if not applies(row, project, m.element, "feed"):
            continue
        c = {n: book.line["contract", at, n].constant for n in CONTRACT}
        force, worth = book.line["force", at], book.line["worth", at]
        covered_at = np.minimum(row.covers * in_force(row, found.years), left_at)
        formula = f"=MIN({c['covers']}*{force},{left})"
        covered = sheet.timed(f"{name}, {row.contract} covers", "share", formula, covered_at)
        fixed = c["price_usd_per_kg"]
        own = f"IF(ISNUMBER({fixed}),{fixed}*{t['per_kg']}*{worth},{price}*{c['price_share']})"
        scale = 1.0 if row.real else 1.0 / book.found.full.flows.index
        own_at = values * row.price_share if row.price_usd_per_kg is None else row.price_usd_per_kg * 0.001 * scale
        parts.append(sheet.timed(f"{name}, {row.contract}", "MUSD/t", f"={covered}*{own}", covered_at * own_at))
        left, left_at, paid_at = f"{left}-{covered}", left_at - covered_at, paid_at + covered_at * own_at
    share = f"*{t['payable']}" if m.payable else ""
    rest = values * (book.found.terms["payable"].value if m.payable else 1.0) * left_at
    formula = f"{added(parts)}+({left})*{price}{share}"
    book.line["paid", place, m] = sheet.timed(f"{name}, paid", "MUSD/t", formula, paid_at + rest)
