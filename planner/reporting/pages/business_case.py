"""project-P.html: the investment case of plants, from the values of planner.results.business_case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.data.case import Case
from planner.data.cells import text_of
from planner.data.investment_tables import Contract
from planner.finance.plants import PlantFacts
from planner.finance.support import CARRIES, MEASURE, MOST
from planner.reporting.charts import business_case as charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.formats.markup import report_page
from planner.reporting.values.page_parts import (
    LIST,
    SHARE,
    Card,
    Column,
    Part,
    ReportTable,
    Section,
    Statement,
    Text,
    texts,
)
from planner.reporting.values.wording import (
    NOTHING,
    SLIGHT,
    STAGES,
    Names,
    midway,
    number,
    percent,
    worded,
    worded_lines,
)
from planner.results.business_case import BusinessCase

KIND, FEEDS = "Investment case", ("mine", "separation")


def _say(passage: str, found: BusinessCase, case: Case, **values: Any) -> str:
    return worded("business_case.j2", passage, found=found, names=Names(case), percent=percent, **values)


def business_case_page(found: BusinessCase, case: Case) -> str:
    """The whole page as text."""
    names, (first, *rest) = Names(case), statements(found, case)
    stages = " and ".join(sorted({STAGES[p.stage] for p in found.investment.plants}))
    return report_page(
        KIND,
        " and ".join(names.placed(p) for p in found.projects),
        first.sentence,
        rest,
        _sections(found, case, names),
        cards=_cards(found),
        subtitle=f"{stages}, in the run {found.run}",
        note=_say("basis", found, case),
    )


def statements(found: BusinessCase, case: Case) -> list[Statement]:
    """The case in sentences, the answer first; also what the screen shows."""
    names, planned = Names(case), found.planned
    gone = (found.removal.shortfall_t or {}) if found.removal else {}
    cheapest = found.cheapest
    per = found.removal.worth / cheapest.cost if found.removal and cheapest and cheapest.cost else None
    use = planned.use if planned else (0.0,) * len(found.projects)
    fed = {
        p
        for r in found.investment.contracts
        if r.kind == "feed"
        for p in ((r.project,) if r.project else found.projects)
    }
    values: dict[str, Any] = {
        "per": per,
        "short": [f"{number(t)} t of {midway(names.element(e))}" for e, t in gone.items() if t > SLIGHT],
        "apart_words": [
            f"{names.project(found.projects[i])} {percent(use[i])} in the plan, {percent(found.full.use[i])} here"
            for i in found.apart
        ],
        "crowded": [
            f"{midway(names.element(m.element))} {m.form} in {m.year} {percent(m.share)}"
            for m in found.markets
            if m.share > 1
        ],
        "guesses": [t.meaning for t in found.terms.values() if t.judged],
        "unfed": [_worked(p, names) for p in found.investment.plants if p.taken and p.project not in fed],
        "sold_ahead": any(r.kind == "offtake" for r in found.investment.contracts),
        "carried": [s for s in found.swings if s.term.name in ("delay_years", "contingency")],
        "unpriced": [names.element(q.element) for q in found.investment.quotes if not q.price.any()],
    }
    passages = {
        "answer": "Answer",
        "apart": "Plan and case",
        "worth": "Returns",
        "debt": "Debt",
        "grant": "Plan's grant",
        "contracts": "Contracts",
        "alliance": "For the alliance",
        "markets": "Market",
        "risk": "Risk",
        "conditions": "Conditions",
        "lacking": "Missing",
    }
    told = [Statement(about, _say(passage, found, case, **values)) for passage, about in passages.items()]
    return [statement for statement in told if statement.sentence]


def _cards(found: BusinessCase) -> list[Card]:
    r, support, planned = found.full.returns, found.cheapest, found.planned.returns if found.planned else None
    npv, irr = (number(planned.npv_after_tax), percent(planned.irr_owners)) if planned else (NOTHING, NOTHING)
    cost, worst = (number(support.cost), number(support.worst)) if support else (NOTHING, NOTHING)
    return [
        Card("NPV after tax", number(r.npv_after_tax), "MUSD", f"as planned: {npv}"),
        Card("IRR of the owners", percent(r.irr_owners), "", f"as planned: {irr}"),
        Card("Public cost", cost, "MUSD", f"at worst {worst}"),
        Card("Loses money", percent(found.full.spread.loss), "", "of draws, selling all"),
    ]


def _sections(found: BusinessCase, case: Case, names: Names) -> list[Section]:
    draw = Drawer()
    first: list[Part] = [_term_sheet(found, names), _returns(found), charts.waterfall(found, draw)]
    sold: list[Part] = [
        _throughput(found, names),
        _materials(found, names),
        _markets(found, names),
        _people(found, names),
    ]
    moves: list[Part] = [charts.tornado(found, draw), charts.spread(found, draw)]
    inputs: list[Part] = [_deck(found, names), _contracts(found, names), _terms(found), _rows(found, case, names)]
    conventions = worded_lines("business_case.j2", "conventions", found=found, names=names)
    return [
        Section("terms", "Term sheet", "The least of each support, sized for the case as the plan runs it.", first),
        Section(
            "sold", "What is sold", "Use of capacity and sales, in the plan, in each future and in the case.", sold
        ),
        Section("money", "Money by year", "Nominal MUSD.", [charts.cash(found, draw), _flows(found)]),
        Section("moves", "What moves it", "One term changed, the others as they are; then all drawn together.", moves),
        Section("inputs", "Inputs and sources", "", [Text(conventions, listed=True), *inputs]),
    ]


def _term_sheet(found: BusinessCase, names: Names) -> ReportTable:
    worth, rows = found.removal.worth if found.removal else None, []
    for s in found.supports:
        of = {"floor": "deck", "availability": "MUSD a year"}.get(s.kind, "capital")
        size = number(s.amount) if s.kind == "availability" else f"{percent(s.amount)} of the"
        least = (
            f"{size} {of}" if s.amount is not None else f"not even {MOST[s.kind]:g} times {MEASURE[s.kind]} suffices"
        )
        per = worth / s.cost if worth is not None and s.cost else None
        leverage = s.private / s.cost if s.private is not None and s.cost else None
        rows.append([s.kind, least, s.cost, s.worst, leverage, per, *CARRIES[s.kind]])
    columns = [
        *texts("support", "least of it"),
        Column("public cost", "MUSD, expected"),
        Column("at worst", "MUSD"),
        Column("private capital", "per public MUSD"),
        Column("worth to the alliance", "per public MUSD"),
        *texts("volume risk", "price risk"),
    ]
    floor = next((s.amount for s in found.supports if s.kind == "floor"), None) or 0.0
    quoted = [
        f"{names.element(q.element)} {q.form} {number(1000 * floor * float(q.price.mean()))}"
        for q in found.investment.quotes
        if any((m.element, m.form) == (q.element, q.form) for p in found.investment.plants for m in p.made)
    ]
    prices = f" Guaranteed, USD/kg before premiums: {', '.join(quoted)}." if floor else ""
    note = f"Present values at the public rate.{prices}"
    return ReportTable("The least of each support", columns, rows, note=note)


def _returns(found: BusinessCase) -> ReportTable:
    sold = charts.columns(found)
    figures: Sequence[tuple[str, str, Any]] = (
        ("use of capacity", "", lambda s: " / ".join(percent(u) for u in s.use)),
        ("NPV before tax, at the cost of capital after tax", "MUSD", lambda s: number(s.returns.npv_before_tax)),
        ("NPV after tax", "MUSD", lambda s: number(s.returns.npv_after_tax)),
        ("NPV of the owners", "MUSD", lambda s: number(s.returns.npv_owners)),
        ("IRR before tax", "", lambda s: percent(s.returns.irr_before_tax)),
        ("IRR after tax", "", lambda s: percent(s.returns.irr_after_tax)),
        ("IRR of the owners", "", lambda s: percent(s.returns.irr_owners)),
        ("payback", "years", lambda s: number(s.returns.payback)),
        ("capital", "MUSD, real", lambda s: number(s.returns.capital)),
        ("debt drawn", "of capital, interest until repayment on top", lambda s: percent(s.returns.debt_share)),
        ("least DSCR, by which debt is sized", "", lambda s: number(s.returns.dscr)),
        ("least DSCR, low prices", "", lambda s: number(s.returns.dscr_low)),
        ("least DSCR of nine draws in ten (P90)", "", lambda s: number(s.spread.cover)),
        ("LLCR", "", lambda s: number(s.returns.llcr)),
        ("loses money", "of draws", lambda s: percent(s.spread.loss)),
    )
    rows = [[what, unit, *(told(s) for _, s in sold)] for what, unit, told in figures]
    return ReportTable("Returns", [*texts("figure", "unit"), *texts(*(title for title, _ in sold))], rows)


def _throughput(found: BusinessCase, names: Names) -> ReportTable:
    rows = [["the case, selling all", None, *found.full.use]]
    if found.planned:
        rows.append(["the plan, expected", None, *found.planned.use])
        rows += [[names.scenario(w), found.futures[w], *use] for w, use in found.throughput.items()]
    columns = [
        *texts("future"),
        Column("probability", form=SHARE),
        *(Column(names.project(p), form=SHARE) for p in found.projects),
    ]
    alone = "; ".join(f"{names.project(p)} {number(v)}" for p, v in found.alone.items())
    note = f"NPV after tax of each by itself, selling all, MUSD: {alone}." if len(found.alone) > 1 else ""
    return ReportTable("Use of capacity over the years of output", columns, rows, note=note)


def _materials(found: BusinessCase, names: Names) -> ReportTable:
    rows: list[list[Any]] = []
    for plant, flows in zip(found.investment.plants, found.full.flows.plants, strict=True):
        name = names.project(plant.project)
        rows.append(["works", name, _worked(plant, names), "", float(flows.tonnes.max()), None])
        rows += [
            ["sells", name, names.element(m.element), m.form, float(sale.tonnes.max()), float(sale.market.max())]
            for sale in flows.sales
            for m in [sale.material]
        ]
        most = float(flows.tonnes.max())
        rows += [["takes in", name, names.element(m.element), m.form, most * m.per_tonne, None] for m in plant.taken]
        rows.append(["pays for all it takes in", name, "", "", None, -float(flows.feed.max())])
    columns = [*texts("", "plant", "material", "form"), Column("in a full year", "t"), Column("at the deck", "MUSD/y")]
    return ReportTable("What it works, sells and pays for, in full operation", columns, rows)


def _worked(plant: PlantFacts, names: Names) -> str:
    of = names.feed if plant.stage in FEEDS else names.element
    return "; ".join(f"{percent(part)} {of(what)}" for what, part in plant.mix.items())


def _markets(found: BusinessCase, names: Names) -> Part:
    rows = [[names.element(m.element), m.form, str(m.year), m.sold, m.others, m.demand, m.share] for m in found.markets]
    if not rows:
        return Text(["It sells concentrate, which the case gives no demand for."])
    columns = [
        *texts("element", "form", "year"),
        Column("this case", "t"),
        Column("other plants in the plan", "t"),
        Column("wanted in this form or made of it", "t"),
        Column("sales over demand", form=SHARE),
    ]
    return ReportTable("All plants' sales against demand, in the fullest year", columns, rows)


def _flows(found: BusinessCase) -> ReportTable:
    f = found.judged_on.flows
    series = (f.ebitda, f.capital, f.grant, f.tax, f.cfads, f.loan.draws, f.loan.service, f.owners)
    heads = ("EBITDA", "capital", "grant", "tax without debt", "cash for debt", "drawn", "debt service", "owners")
    rows = list(zip(map(str, found.investment.years), *(a.tolist() for a in series), strict=True))
    return ReportTable(
        "Flows",
        [*texts("year"), *(Column(h, "MUSD", summed=True) for h in heads)],
        rows,
        total="Sum",
        folded=True,
        note="As the plan runs it." if found.planned else "Selling all.",
    )


def _people(found: BusinessCase, names: Names) -> Part:
    if not found.jobs:
        return Text(["The case counts nobody for it."])
    rows = [[names.skill(k), persons] for k, persons in found.jobs.items()]
    return ReportTable("Jobs in full operation", [*texts("skill"), Column("needed", "persons")], rows)


def _deck(found: BusinessCase, names: Names) -> ReportTable:
    rows = [
        [
            names.element(q.element),
            q.form,
            1000 * float(q.price[0]),
            1000 * float(q.price[-1]),
            q.low,
            q.high,
            [f"{f} {number(1000 * float(p.mean()))}" for f, p in q.by_future.items()],
            q.source,
            q.confidence,
        ]
        for q in found.investment.quotes
    ]
    columns = [
        *texts("element", "form"),
        Column("first year", "USD/kg"),
        Column("last year", "USD/kg"),
        Column("low", "of it"),
        Column("high", "of it"),
        Column("by future, USD/kg", number=False, form=LIST),
        *texts("source", "confidence"),
    ]
    return ReportTable("Price deck", columns, rows, folded=True)


def _contracts(found: BusinessCase, names: Names) -> Part:
    stated = [name for name in Contract.columns() if name not in ("contract", "project", "kind", "party", "element")]
    rows = []
    for r in found.investment.contracts:
        values = [
            (name, getattr(r, name)) for name in stated if getattr(r, name) != Contract.model_fields[name].default
        ]
        words = "; ".join(f"{name.replace('_', ' ')} {text_of(value)}" for name, value in values)
        rows.append([r.contract, r.kind, r.party, names.element(r.element) if r.element else "all", words, r.source])
    if not rows:
        return Text(["No contract of the case is about it: all is sold and bought at market prices."])
    return ReportTable("Contracts", texts("contract", "kind", "with", "of", "terms", "source"), rows)


def _terms(found: BusinessCase) -> ReportTable:
    rows = [
        [t.meaning, t.value, t.low, t.high, t.unit, t.source or "judged", t.confidence] for t in found.terms.values()
    ]
    columns = [*texts("term"), *(Column(h) for h in ("value", "low", "high")), *texts("unit", "source", "confidence")]
    return ReportTable("Terms of finance", columns, rows, folded=True)


def _rows(found: BusinessCase, case: Case, names: Names) -> ReportTable:
    rows = [[names.project(p), r.source, r.confidence, r.notes] for p in found.projects for r in [case.projects[p]]]
    return ReportTable("The plants' rows", texts("plant", "source", "confidence", "notes"), rows, folded=True)


def business_case_lines(found: BusinessCase, case: Case) -> list[str]:
    """The screen."""
    head = " and ".join(Names(case).project(p) for p in found.projects)
    return [head, *(f"{s.about[:16]:<17}{s.sentence}" for s in statements(found, case))]
