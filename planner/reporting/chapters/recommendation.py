"""What should be approved, where, by whom and for how much? The lines of the most capital, and when they are built."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.reporting.chapters import alternatives, buys, money, plants, shelves, sure
from planner.reporting.chapters import stock as stock_chapter
from planner.reporting.charts import plants as charts
from planner.reporting.parts import (
    Answers,
    Chapter,
    Chart,
    Front,
    ReportTable,
    Statement,
    TableRow,
    told_chart,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import headline, midway, names_of
from planner.reporting.words.numbers import SLIGHT, count, money_by_name, number, span
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import cut_suppliers, cut_years, public_money
from planner.results.figures.gains import owned
from planner.results.figures.money import paid_before, public_parts, spent
from planner.results.figures.people_and_stock import purchases_by_year
from planner.results.figures.plants import are_measures, decisions, in_time
from planner.results.figures.recommended import builders, is_scheduled, recommended, with_delays
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("recommendation.j2")
KIND = "Supply security plan"
MOST_SUPPLIERS, MOST_BUILDERS = 2, 4
BUILT = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"


def front(plan: Plan) -> Front:
    """The question of the page."""
    model = plan.case.model
    untitled = model.title in ("", "defaults", model.name)
    return Front(
        kind=KIND,
        title=headline(plan.title),
        subtitle="" if untitled else model.title,
        question=say("question", run=plan, cut_off=_cut_off(plan), cut_years=cut_years(plan)),
    )


def _cut_off(plan: Plan) -> list[str]:
    """Names of the suppliers whose imports some scenario cuts, up to a colon; none where they are many."""
    names = []
    for supplier in cut_suppliers(plan):
        name = names_of(plan.case).party(supplier).split(":")[0]
        if name not in names:
            names.append(name)
    return names if len(names) <= MOST_SUPPLIERS else []


def chapter(plan: Plan) -> Chapter | None:
    """What to approve as its lead, the answers to whoever decides, the table of what is built, and its timeline."""
    parts = [Answers(answers(plan)), lines(plan), timeline(plan)]
    return Chapter.of("recommendation", "Recommendation", parts, lead=approve(plan))


def approve(plan: Plan) -> str:
    """Sentences: the decisions of the first year, those of later ones, and public money in all."""
    purchases = purchases_by_year(plan)
    stock = ""
    if not purchases.empty:
        stock = "a stock schedule" if is_scheduled(plan) else "stock purchases"
        stock += f" ({span(purchases['year'].min(), purchases['year'].max())})"
    unexpected = stock_chapter.scheduled_musd(plan) - public_parts(plan).stock
    paid, now = public_money(plan).paid, in_time(plan)
    things = [
        count(now.first.plants, "plant") if now.first.plants else "",
        count(now.first.measures, "savings measure") if now.first.measures else "",
        "training" if public_parts(plan).people >= SLIGHT else "",
        stock,
    ]
    told = list(filter(None, things))
    return say("approve", things=told, paid=paid, unexpected=unexpected, now=now)


def answers(plan: Plan) -> list[Statement]:
    """When, for how much, who pays and owns, where stock is held, what it buys, how sure, what stays short, and what waiting
    costs; the command that tells it where that was not asked."""
    now = in_time(plan)
    signed = (_signed(plan, now.rows) or "nobody") if len(now.years) > 1 else ""
    sentences = {
        "When": say("when", scheduled=is_scheduled(plan), now=now, signed=signed),
        "Where": _where(plan),
        "For how much": _for_how_much(plan),
        "Paid by": _paid_by(plan),
        "Builders": _builders(plan),
        "Look again": shelves.look_again(plan),
        "Stock": stock_chapter.goods(plan),
        "It buys": buys.gain(plan),
        "How sure": sure.brief(plan),
        "Stays short": buys.stays_short(plan),
        "Waiting": alternatives.waiting(plan),
    }
    return [Statement(about, sentence) for about, sentence in sentences.items() if sentence]


def _signed(plan: Plan, rows: pd.DataFrame) -> str:
    """'MUSD: Japan 22.0': the payers of the public capital that some decisions commit, who pays most first."""
    expected = rows.assign(public_musd=rows["public_musd"] * rows["probability"])
    pays = pd.DataFrame(plants.payments(plan, row) for row in rows_of(expected))
    return money_by_name(pays.sum().sort_values(ascending=False))


def _where(plan: Plan) -> str:
    """Capital of plants and of measures by country, and that of measures by what they are."""
    rows, names = recommended(plan), names_of(plan.case)
    saves = are_measures(plan, rows["project"])
    country = rows["country"].map(names.country)
    kind = rows["project"].map(lambda project: midway(names.project(project).split(":")[0]))
    return say(
        "where",
        plants=_capital(rows[~saves], country),
        measures=_capital(rows[saves], country),
        kinds=_capital(rows[saves], kind),
    )


def _capital(rows: pd.DataFrame, by: pd.Series[str]) -> str:
    """Capital of some rows by a name, the most first."""
    sums = rows["capex_musd"].groupby(by.reindex(rows.index)).sum().sort_values(ascending=False)
    return money_by_name(sums)


def _for_how_much(plan: Plan) -> str:
    """Sentences: public money by purpose, the capital that owners pay beside it, and the cost that nobody pays."""
    return say(
        "for_how_much",
        parts=public_parts(plan),
        owned=float(owned(plan)["pays"].sum()),
        unpaid=money.unpaid(plan),
    )


def _paid_by(plan: Plan) -> str:
    """Public money of each payer, and the years in which it is paid."""
    names, paid = names_of(plan.case), spent(plan, "year")
    payers = {names.party(who): musd for who, musd in public_money(plan).payers.items()}
    years = sorted(paid.index[paid > 0].tolist())
    first = decisions(plan)["year"].min()
    early = paid_before(plan, first)
    return say("paid_by", payers=money_by_name(payers), years=years, first=first, early=early)


def _builders(plan: Plan) -> str:
    """Sentences: the owners of the most capital, the numbers of plants that have none or are ideas, and the years of first
    output."""
    told = builders(plan)
    owners = told["by_owner"]
    named = [f"{who} ({number(musd)} MUSD)" for who, musd in owners.head(MOST_BUILDERS).items()]
    return say("builders", owners=named, others=max(0, len(owners) - MOST_BUILDERS), **told)


def lines(plan: Plan) -> ReportTable | None:
    """Every plant, those of the first year first, then that of the most capital, and the measures together; each measure
    where there are no plants."""
    rows = plants.named(plan)
    if rows.empty:
        return None
    saves = are_measures(plan, recommended(plan)["project"])
    if saves.all():
        saves = ~saves
    is_later = rows["year"] > rows["year"].min()
    own = rows[~saves].assign(is_later=is_later).sort_values("is_later", kind="stable")
    measures = rows[saves]
    told = records(own)
    if len(measures):
        told.append(_together(measures, count(len(measures), "savings measure")))
    return plants.PLANTS.over(
        told,
        plants.left_out(plan, plants.LARGEST),
        title="What is to be built: what is committed first, then the most capital",
        note=say("lines_note"),
    )


def _together(rows: pd.DataFrame, what: str) -> TableRow:
    """A line of several measures: their sums, and what each pays."""
    owners = set(rows["owner"])
    paid = pd.DataFrame(rows["pays"].tolist()).sum().sort_values(ascending=False)
    return {
        "project": what,
        "owner": owners.pop() if len(owners) == 1 else "",
        "payer": plants.paid_by(paid),
        "capex_musd": float(rows["capex_musd"].sum()),
        "public_musd": float(rows["public_musd"].sum()),
        "expected": span(rows["expected"].min(), rows["expected"].max()),
    }


def timeline(plan: Plan) -> Chart | None:
    """Construction, first product and full use of every new plant; of measures where there are no plants."""
    rows = with_delays(plan)
    if rows.empty:
        return None
    saves = are_measures(plan, rows["project"])
    shown = rows if saves.all() else rows[~saves]
    phases: list[TableRow] = []
    for row in rows_of(shown):
        phases += _phases(plan, row)
    spec = charts.timeline(pd.DataFrame(phases), BUILT)
    told = {
        "first": int(shown["first_output"].min()),
        "last": int(shown["full_output"].max()),
        "year": int(rows["year"].min()),
    }
    return told_chart(say, "timeline", spec, BUILT, name="timeline", **told)


def _phases(plan: Plan, row: Any) -> Iterator[TableRow]:
    """The phases of a plant that begin before the horizon ends."""
    names = names_of(plan.case)
    end = plan.years[-1] + 1
    told = {
        "plant": names.placed(row.project),
        "stage": names.kind(row.project),
        "capex_musd": row.capex_musd,
        "size": f"{number(row.tpa)} {row.unit}",
    }
    turns = (row.year, min(row.first_output, end), min(row.full_output, end), end)
    for phase, (start, stop) in zip(charts.PHASES, pairwise(turns), strict=True):
        if stop > start:
            yield {**told, "phase": phase, "start": int(start), "end": int(stop)}
