"""project-P.html: the investment case of plants"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.data.case import Case
from planner.finance.credit import DEAR, LATE
from planner.reporting.chapters import investment_charts as charts
from planner.reporting.chapters import investment_debt as debt
from planner.reporting.chapters import investment_economics as economics
from planner.reporting.chapters import investment_tables as tables
from planner.reporting.chapters import investment_variants as variants
from planner.reporting.forms import pdf
from planner.reporting.forms.html import render
from planner.reporting.parts import Card, Chapter, Front, Part, Statement, Text
from planner.reporting.words.names import Names, midway, names_of
from planner.reporting.words.numbers import NOTHING, SLIGHT, number, percent
from planner.reporting.words.sentences import Passages
from planner.results.business_case import BusinessCase

say = Passages(
    "business_case.j2",
    "business_case_returns.j2",
    "business_case_alliance.j2",
    "business_case_risk.j2",
    "business_case_conventions.j2",
)
KIND, REASONS = "Investment case", 3
ABOUT = {
    "answer": "Answer",
    "changed": "Changed",
    "verdict": "Verdict",
    "alliance": "For the alliance",
    "why": "Why it is built",
    "apart": "Plan and case",
    "timing": "Years",
    "instead": "Alternatives",
    "worth": "Returns",
    "study": "Study",
    "unit_costs": "Unit costs",
    "tax": "Tax",
    "debt": "Debt",
    "contracts": "Contracts",
    "markets": "Market",
    "risk": "Risk",
    "conditions": "Conditions",
    "lacking": "Missing",
}
"""Passage of business_case.j2 -> what it is about."""
WEIGHTY = 5
"""Judged inputs that are named, those that move the NPV of the plants most."""


def _say(passage: str, found: BusinessCase, case: Case, **values: Any) -> str:
    return say(passage, found=found, names=names_of(case), percent=percent, **values)


def business_case_page(found: BusinessCase, case: Case, workbook: str = "") -> str:
    """The whole page as text. workbook: name of that of the case, where it lies beside the page."""
    front = _front(found, case)
    return render(front, _chapters(found, case), workbook=workbook)


def write_business_case_pdf(found: BusinessCase, case: Case, path: Path, workbook: str) -> bool:
    """Typeset the case into `path`, if the extra `pdf` is installed; whether it is. workbook: name of that of the case."""
    if pdf.INSTALLED:
        front = _front(found, case)
        told = [one.line for one in front.statements]
        summary = Chapter(anchor="summary", title="Summary", parts=[Text(told, listed=True)])
        chapters = [summary, *_chapters(found, case)]
        pdf.write_pdf(path, front, chapters, workbook)
    return pdf.INSTALLED


def _front(found: BusinessCase, case: Case) -> Front:
    """Title, the answer as the question, key figures and the case in sentences."""
    names = names_of(case)
    first, *rest = statements(found, case)
    plants = " and ".join(map(names.placed, found.projects))
    present = {names.stages[plant.stage] for plant in found.investment.plants}
    stages = " and ".join(sorted(present))
    return Front(
        kind=KIND,
        title=plants,
        subtitle=f"{stages}; run “{found.run}”",
        question=first.sentence,
        cards=_cards(found, case),
        statements=rest,
        note=_say("basis", found, case),
    )


def side_by_side(cases: Mapping[str, BusinessCase], case: Case) -> tuple[str, Chapter]:
    """The page of variants of an investment case, and its chapter, for a workbook."""
    names = names_of(case)
    first = next(iter(cases.values()))
    plants = " and ".join(map(names.placed, first.projects))
    chapter = Chapter(anchor="variants", title="Variants", parts=[variants.variants(cases)])
    front = Front(kind=KIND, title=plants, subtitle=f"variants; run “{first.run}”")
    return render(front, [chapter]), chapter


def side_by_side_lines(cases: Mapping[str, BusinessCase]) -> list[str]:
    """Variants on the screen, a line each."""
    lines = []
    for name, found in cases.items():
        returns = found.judged_on.returns
        lines.append(
            f"{name[:16]:<17}NPV of the owners {number(returns.npv_owners)} MUSD, IRR {percent(returns.irr_owners)}, "
            f"DSCR {number(returns.dscr)}; public cost {number(found.public_cost)} MUSD "
            f"({number(found.stated_cost)} stated): {variants.support_of(found)}"
        )
    return lines


def statements(found: BusinessCase, case: Case) -> list[Statement]:
    """The case in sentences, the answer first; also what the screen shows."""
    names = names_of(case)
    values = {
        **_worth(found, names),
        **_in_the_plan(found, case, names),
        **_on_markets(found, names),
        **_inputs(found),
        "funders": _funders(found, case, names),
    }
    told = []
    for passage, about in ABOUT.items():
        sentence = _say(passage, found, case, **values)
        if sentence:
            told.append(Statement(about, sentence))
    return told


def _worth(found: BusinessCase, names: Names) -> dict[str, Any]:
    """Figures on the gain of the alliance: per public MUSD, in tonnes, and in which futures."""
    removal, cost = found.removal, found.public_cost
    return {
        "per": removal.worth / cost if removal and cost > 0 else None,
        "short": _tonnes(removal.shortfall_t or {}, names) if removal else [],
        "reasons": _reasons(found, names),
    }


def _in_the_plan(found: BusinessCase, case: Case, names: Names) -> dict[str, Any]:
    """Figures on what the plan builds and runs of it, and would take instead."""
    apart, builds = [], []
    planned = found.planned
    for place in found.apart:
        project = names.project(found.projects[place])
        whole, sold = found.investment.plants[place].size, percent(found.full.use[place])
        size = planned.investment.plants[place].size if planned else 0.0
        used = percent(planned.use[place] if planned else 0.0)
        apart.append(
            f"the plan builds {number(size)} of {number(whole)} t/y of {project} and uses {used} of what is usable; "
            f"at full size, without the other plants of the plan, {sold} of what is usable is sold"
        )
    for by_year in found.builds.values():
        for year, tpa in by_year.items():
            if tpa > SLIGHT:
                builds.append(f"{number(tpa)} t/y in {year}")
    instead = found.removal.instead if found.removal else {}
    return {
        "apart_words": apart,
        "builds": builds,
        "others": _instead(instead, case, names),
        "stocks": any(what not in case.projects for what in instead),
    }


def _on_markets(found: BusinessCase, names: Names) -> dict[str, Any]:
    """Figures on what cannot be sold, is bought without a contract or not given by the plan, or has no price."""
    crowded, unfed, unpriced, lacking = [], [], [], []
    for market in found.markets:
        if market.share > 1 + SLIGHT:
            good = f"{midway(names.element(market.element))} {market.form}"
            crowded.append(f"{good} in {market.year} {percent(market.share)}")
    deals = [deal.contract for deal in found.investment.deals]
    fed = {deal.project for deal in deals if deal.kind == "feed"}
    for plant in found.shown.investment.plants:
        if plant.taken and not fed.intersection({plant.project, ""}):
            unfed.append(tables.worked(plant, names))
    name_of = names.element if found.converts else names.feed
    for feed in found.lacking_feeds:
        lacking.append(
            f"{number(feed.taken)} t of {name_of(feed.name)} a year the plan gives {number(feed.given)}"
        )
    for quote in found.investment.quotes:
        if not quote.price.any():
            unpriced.append(names.element(quote.element))
    return {
        "unsold": [market for market in found.markets if market.made > market.sold * (1 + SLIGHT)],
        "crowded": crowded,
        "unfed": unfed,
        "lacking_feeds": lacking,
        "unpriced": unpriced,
        "sold_ahead": any(deal.kind == "offtake" for deal in deals),
    }


def _inputs(found: BusinessCase) -> dict[str, Any]:
    """Inputs that are judged or without a source, and what somebody has to carry."""
    judged = [swing for swing in found.swings if swing.term.judged and swing.width > SLIGHT]
    held, first = found.shown.credit.security, found.swings[0].term
    royalty = found.terms["royalty"]
    told = f"Royalty is {percent(royalty.value)} of sales"
    if royalty.not_stated:
        told = "A royalty is not stated in the case, nor in a study that it names"
    return {
        "range_from": tables.source_of(first),
        "guesses": sum(term.judged for term in found.terms.values()),
        "royalty": f"{told}; a per cent more takes {number(found.royalty_point)} MUSD",
        "weighty": [swing.term.meaning for swing in judged[:WEIGHTY]],
        "unsourced": [swing.term.meaning for swing in found.swings if swing.term.unsourced],
        "late": found.downside(LATE),
        "dear": found.downside(DEAR),
        "held": held,
        "payers": debt.overrun_payers(held),
        "changes": variants.changes_of(found),
    }


def _funders(found: BusinessCase, case: Case, names: Names) -> list[str]:
    """Funders of the case that may pay in every country of the plants."""
    countries = {plant.country for plant in found.investment.plants}
    reach = case.lookups.reach
    return [names.party(funder) for funder in sorted(reach) if countries <= set(reach[funder])]


def _tonnes(amounts: Mapping[str, float], names: Names) -> list[str]:
    told = []
    for element, tonnes in amounts.items():
        if tonnes > SLIGHT:
            told.append(f"{number(tonnes)} t of {midway(names.element(element))}")
    return told


def _reasons(found: BusinessCase, names: Names) -> list[str]:
    """The futures in which it avoids most, chances counted: how often, how much it is used there, what it avoids."""
    saved = found.removal.saved if found.removal else {}
    weighed = {future: musd * found.futures[future] for future, musd in saved.items()}
    told = []
    for future in sorted(weighed, key=lambda one: -weighed[one])[:REASONS]:
        if weighed[future] > SLIGHT:
            use = " / ".join(map(percent, found.throughput[future]))
            likely = percent(found.futures[future])
            name = names.scenario(future)
            told.append(f"“{name}” ({likely} likely; used {use}): {number(saved[future])} MUSD")
    return told


def _instead(more: Mapping[str, float], case: Case, names: Names) -> list[str]:
    """Words on the plants and goods of which the plan would have more without it."""
    built = {project: tpa for project, tpa in more.items() if project in case.projects}
    bought = {element: tonnes for element, tonnes in more.items() if element not in built}
    told = []
    for project in sorted(built, key=lambda one: -built[one])[:REASONS]:
        told.append(f"{number(built[project])} t/y more of {names.project(project)}")
    for tonnes in _tonnes(bought, names)[:REASONS]:
        told.append(f"stocks of {tonnes} more")
    return told


def _cards(found: BusinessCase, case: Case) -> list[Card]:
    """Key figures of one case."""
    of_plan = [case.projects[project].public_share for project in found.projects]
    shares = " / ".join(percent(share) for share in of_plan) if any(of_plan) else ""
    removal, one = found.removal, found.shown
    told = midway(found.told(one))
    cost = number(found.public_cost) if found.package else NOTHING
    stated = f"{number(found.stated_cost)} MUSD" if found.stated_cost else "none"
    least = f"present value; {stated} of it stated in the case"
    if shares:
        least += f" (the plan's own public share, {shares} of the capital, is not added)"
    least += f"; {number(found.owned)} MUSD as a plant of the public's own"
    irr = percent(one.returns.irr_owners)
    each_year = "a year, real" if one.returns.irr_owners is not None else ""
    unit = "MUSD" if found.package else ""
    cards = [Card(title="Public cost", value=cost, unit=unit, note=least)]
    if removal:
        worth, reduced = number(removal.worth), "reduction of cost plus risk"
        cards.append(Card(title="Worth to the alliance", value=worth, unit="MUSD", note=reduced))
    return [
        *cards,
        Card(title="IRR of the owners", value=irr, unit=each_year, note=f"base case, {told}"),
    ]


def _chapters(found: BusinessCase, case: Case) -> list[Chapter]:
    names = names_of(case)
    by_year: list[Part] = []
    for sold in found.by_year:
        by_year += [charts.cash(found, sold), *tables.statement_tables(found, sold)]
    of_debt = "Who lends how much at which rank, how well cash flow covers it, and what happens when things go worse."
    return [
        Chapter(
            anchor="terms",
            title="Term sheet",
            lead="What the public could do; the support of least public cost, sized for the volumes that the verdict names.",
            parts=[
                tables.public_money(found),
                debt.public_rights(found),
                *charts.returns(found),
                *tables.elsewhere(found),
                tables.returns(found),
                tables.sources_and_uses(found),
            ],
        ),
        Chapter(
            anchor="sold",
            title="What is sold",
            lead="Use of capacity and sales, in the plan, in each future and in the case.",
            parts=[
                tables.throughput(found, names),
                tables.materials(found, names),
                tables.tonnes_by_year(found, names),
                tables.markets(found, names),
            ],
        ),
        Chapter(
            anchor="economics",
            title="Costs and prices",
            lead="What a kg costs and brings in, and the prices at which nothing is gained.",
            parts=economics.of_case(found),
        ),
        Chapter(
            anchor="debt",
            title=f"Debt: {midway(found.told(found.lent))}",
            lead=of_debt if found.lent.credit.debts else "",
            parts=[*debt.of_debt(found), *(debt.downsides(found, sold) for sold in found.by_year)],
        ),
        Chapter(anchor="money", title="Money by year", lead=say("money_by_year"), parts=by_year),
        Chapter(anchor="moves", title="What moves it", parts=[charts.terms(found)]),
        Chapter(
            anchor="sources",
            title="Inputs and sources",
            parts=[
                Text(say.lines("conventions"), listed=True),
                tables.deck(found, names),
                tables.contracts(found, names),
                tables.inputs(found),
                tables.plants(found, case, names),
            ],
        ),
        Chapter(
            anchor="outside",
            title="Outside the model",
            lead="A lender asks for this too; the case does not hold it.",
            parts=[Text(debt.say.lines("outside"), listed=True)],
        ),
    ]


def business_case_lines(found: BusinessCase, case: Case) -> list[str]:
    """The screen."""
    names = names_of(case)
    lines = [" and ".join(map(names.project, found.projects))]
    for one in statements(found, case):
        lines.append(f"{one.about[:16]:<17}{one.sentence}")
    return lines
