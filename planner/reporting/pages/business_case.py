"""project-P.html: the investment case of plants"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.data.case import Case
from planner.reporting.chapters import investment_charts as charts
from planner.reporting.chapters import investment_tables as tables
from planner.reporting.chapters.stated import STATED
from planner.reporting.forms.html import render
from planner.reporting.parts import Card, Chapter, Front, Part, Statement, Text
from planner.reporting.words.names import STAGES, Names, midway
from planner.reporting.words.numbers import NOTHING, SLIGHT, number, percent
from planner.reporting.words.sentences import worded, worded_lines
from planner.results.business_case import BusinessCase

KIND, REASONS = "Investment case", 3


def _say(passage: str, found: BusinessCase, case: Case, **values: Any) -> str:
    return worded(
        "business_case.j2", passage, found=found, names=Names(case), percent=percent, **values
    )


def business_case_page(found: BusinessCase, case: Case) -> str:
    """The whole page as text."""
    names, (first, *rest) = Names(case), statements(found, case)
    stages = " and ".join(sorted({STAGES[p.stage] for p in found.investment.plants}))
    front = Front(
        kind=KIND,
        title=" and ".join(names.placed(p) for p in found.projects),
        subtitle=f"{stages}; run “{found.run}”",
        question=first.sentence,
        cards=_cards(found),
        statements=rest,
        note=_say("basis", found, case),
    )
    return render(front, _chapters(found, case, names))


def statements(found: BusinessCase, case: Case) -> list[Statement]:
    """The case in sentences, the answer first; also what the screen shows."""
    names, planned, removal = Names(case), found.planned, found.removal
    cheapest, deals = found.cheapest, [deal.contract for deal in found.investment.deals]
    cost = (cheapest.cost or 0.0) if cheapest else 0.0
    use = planned.use if planned else (0.0,) * len(found.projects)
    fed = {
        p
        for r in deals
        if r.kind == "feed"
        for p in ((r.project,) if r.project else found.projects)
    }
    values: dict[str, Any] = {
        "per": removal.worth / cost if removal and cost > 0 else None,
        "converts": tables.converts(found),
        "short": _tonnes(removal.shortfall_t or {}, names) if removal else [],
        "apart_words": [
            f"the plan uses {percent(use[i])} of {names.project(found.projects[i])}, which could sell"
            f" {percent(found.full.use[i])}"
            for i in found.apart
        ],
        "reasons": _reasons(found, names),
        "builds": [
            f"{number(t)} t/y in {y}"
            for years in found.builds.values()
            for y, t in years.items()
            if t > SLIGHT
        ],
        "others": _instead(found, case, names),
        "stocks": bool(removal and set(removal.instead) - set(case.projects)),
        "unsold": [m for m in found.markets if m.made > m.sold * (1 + SLIGHT)],
        "crowded": [
            f"{midway(names.element(m.element))} {m.form} in {m.year} {percent(m.share)}"
            for m in found.markets
            if m.share > 1 + SLIGHT
        ],
        "guesses": [t.meaning for t in found.terms.values() if t.judged],
        "unsourced": [s.term.meaning for s in found.swings if s.term.unsourced],
        "unfed": [
            tables.worked(p, names)
            for p in found.investment.plants
            if p.taken and p.project not in fed
        ],
        "sold_ahead": any(r.kind == "offtake" for r in deals),
        "carried": [s for s in found.swings if s.term.name in ("delay_years", "contingency")],
        "unpriced": [
            names.element(q.element) for q in found.investment.quotes if not q.price.any()
        ],
    }
    passages = STATED["case_page"]["told"].items()
    told = [Statement(about, _say(passage, found, case, **values)) for passage, about in passages]
    return [statement for statement in told if statement.sentence]


def _tonnes(amounts: Mapping[str, float], names: Names) -> list[str]:
    return [
        f"{number(t)} t of {midway(names.element(e))}" for e, t in amounts.items() if t > SLIGHT
    ]


def _reasons(found: BusinessCase, names: Names) -> list[str]:
    """The futures in which it avoids most, chances counted: how often, how much it is used there, what it avoids."""
    saved = found.removal.saved if found.removal else {}
    by_weight = sorted(saved, key=lambda w: -saved[w] * found.futures[w])
    return [
        f"“{names.scenario(w)}” ({percent(found.futures[w])} likely; used "
        f"{' / '.join(map(percent, found.throughput[w]))}): {number(saved[w])} MUSD"
        for w in by_weight[:REASONS]
        if saved[w] * found.futures[w] > SLIGHT
    ]


def _instead(found: BusinessCase, case: Case, names: Names) -> list[str]:
    more = found.removal.instead if found.removal else {}
    built = sorted((p for p in more if p in case.projects), key=lambda p: -more[p])
    bought = {e: t for e, t in more.items() if e not in case.projects}
    return [
        *(f"{number(more[p])} t/y more of {names.project(p)}" for p in built[:REASONS]),
        *(f"stocks of {tonnes} more" for tonnes in _tonnes(bought, names)[:REASONS]),
    ]


def _cards(found: BusinessCase) -> list[Card]:
    """Key figures of one case."""
    support, removal, one = found.cheapest, found.removal, found.shown
    cost, full = (number(support.cost), number(support.in_full)) if support else (NOTHING, NOTHING)
    told = found.told(one)[0].lower() + found.told(one)[1:]
    return [
        Card(
            title="Public cost",
            value=cost,
            unit="MUSD",
            note=f"least support, present value; selling all: {full}",
        ),
        Card(
            title="Worth to the alliance",
            value=number(removal.worth if removal else None),
            unit="MUSD",
            note="reduction of cost plus risk",
        ),
        Card(
            title="IRR of the owners",
            value=percent(one.returns.irr_owners),
            unit="a year",
            note=f"base case, {told}",
        ),
        Card(title="Loses money", value=percent(one.spread.loss), unit="of draws", note=told),
    ]


def _chapters(found: BusinessCase, case: Case, names: Names) -> list[Chapter]:
    conventions = Text(
        worded_lines("business_case.j2", "conventions", found=found, names=names), listed=True
    )
    parts: dict[str, list[Part]] = {
        "terms": [
            *(tables.alternatives(found), tables.term_sheet(found, names), tables.returns(found)),
            tables.instruments(found),
            *(tables.sources_and_uses(found), charts.waterfall(found)),
        ],
        "sold": [
            of(found, names)
            for of in (tables.throughput, tables.materials, tables.markets, tables.people)
        ],
        "money": [*charts.cash(found), tables.flows(found)],
        "moves": [charts.terms(found), charts.spread(found)],
        "inputs": [
            *(
                conventions,
                tables.deck(found, names),
                tables.contracts(found, names),
                tables.inputs(found),
            ),
            tables.plants(found, case, names),
        ],
    }
    heads = STATED["case_page"]["sections"]
    return [
        Chapter(anchor=anchor, title=title, lead=lead, parts=parts[anchor])
        for anchor, (title, lead) in heads.items()
    ]


def business_case_lines(found: BusinessCase, case: Case) -> list[str]:
    """The screen."""
    head = " and ".join(Names(case).project(p) for p in found.projects)
    return [head, *(f"{s.about[:16]:<17}{s.sentence}" for s in statements(found, case))]
