"""What should be approved, where, by whom and for how much? The lines of the most capital, and when they are built."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.reporting.chapters import plants
from planner.reporting.chapters import stock as stock_chapter
from planner.reporting.charts import plants as charts
from planner.reporting.parts import Chapter, Chart, Front, ReportTable, TableRow, Text, told_chart
from planner.reporting.sources import table_rows
from planner.reporting.words.names import headline, names_of
from planner.reporting.words.numbers import count, money_by_name, number
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import (
    cut_suppliers,
    cut_years,
    price_of_waiting,
    public_money,
)
from planner.results.figures.money import public_parts, spent
from planner.results.figures.people_and_stock import purchases_by_year
from planner.results.figures.plants import (
    are_measures,
    built,
    counted,
    decisions,
    everywhere,
    is_measure,
)
from planner.results.figures.recommended import is_scheduled
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("recommendation.j2")
KIND = "Supply security plan"
MOST_SUPPLIERS, MOST_LINES, MOST_ROWS = 2, 10, 40
NO_OWNER = "nobody"
"""The first word of the owner of a plant that has none."""
PAID = "tables/payments.csv: paid_musd"
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
    """What to approve, then its largest lines and their time."""
    first, *rest = told(plan)
    parts = [Text(rest, source=PAID) if rest else None, lines(plan), timeline(plan)]
    return Chapter.of("recommendation", "Recommendation", parts, lead=first)


def told(plan: Plan) -> list[str]:
    """What to approve, then how much of it first, and who pays how much: public money as it is paid."""
    rows = decisions(plan)
    money = public_money(plan)
    stock = ""
    if not purchases_by_year(plan).empty:
        stock = "a stock schedule" if is_scheduled(plan) else "stock purchases"
        stock += f" ({stock_chapter.years_of_purchases(plan)})"
    names = names_of(plan.case)
    paid = {names.party(funder): musd for funder, musd in money.payers.items()}
    years = sorted(set(rows["year"]))
    is_now = rows["year"] == min(years, default=0)
    return say.lines(
        "told",
        built=counted(plan, rows["project"]),
        stock=stock,
        stock_goods=stock_chapter.goods(plan),
        scheduled=stock_chapter.scheduled_musd(plan),
        years=years,
        now=_approved(plan, rows[is_now]),
        later=_approved(plan, rows[~is_now]),
        again=len({*rows["project"][is_now]} & {*rows["project"][~is_now]}),
        parts=public_parts(plan),
        waiting=price_of_waiting(plan),
        of_any_size=plan.case.model.policy.whole_plants,
        money=money,
        payers=money_by_name(paid),
        paid_in=_years_of_payments(plan),
    )


def _years_of_payments(plan: Plan) -> list[int]:
    """The years in which public money is paid, in order."""
    paid = spent(plan, "year")
    return sorted(paid.index[paid > 0].tolist())


def _owners(plan: Plan, projects: pd.Series) -> dict[str, int]:
    """The number of plants that are built, and of those that are ideas and that have no owner."""
    stated = {row.project: row for row in plan.case.tables.owners}
    own = [project for project in projects.unique() if not is_measure(plan, project)]
    rows = [stated[project] for project in own if project in stated]
    return {
        "plants": len(own),
        "ideas": sum(row.status == "idea" for row in rows),
        "nobody": sum(row.owner.casefold().startswith(NO_OWNER) for row in rows),
    }


def _approved(plan: Plan, rows: pd.DataFrame) -> dict[str, Any]:
    """What some decisions build, and the public part of its capital (MUSD, expected)."""
    public = float((rows["public_musd"] * rows["probability"]).sum())
    return {"what": counted(plan, rows["project"]), "public": public}


def lines(plan: Plan) -> ReportTable | None:
    """The plants and measures of the most capital, the others together."""
    rows = plants.named(plan)
    if rows.empty:
        return None
    rest = rows.iloc[MOST_LINES:]
    largest = records(rows.head(MOST_LINES))
    if len(rest):
        others: TableRow = {"project": count(len(rest), "other")}
        for amount in ("capex_musd", "public_musd"):
            others[amount] = float(rest[amount].sum())
        largest.append(others)
    return plants.PLANTS.over(
        largest,
        plants.left_out(plan, plants.LARGEST),
        title=say("lines_title", lines=min(len(rows), MOST_LINES), rest=len(rest)),
        note=say(
            "lines_note",
            some=not everywhere(decisions(plan)),
            drawn=len(plan.weights),
            owners=_owners(plan, decisions(plan)["project"]),
            years=sorted(set(decisions(plan)["year"])),
            paid_in=_years_of_payments(plan),
            contained=stock_chapter.counts_contained(plan),
            first_decision=plan.case.lookups.first_decision_year,
        ),
    )


def timeline(plan: Plan) -> Chart | None:
    """Construction, first product and full use of every new plant; of measures where there are no plants."""
    rows = decisions(plan)
    if rows.empty:
        return None
    saves = are_measures(plan, rows["project"])
    shown = rows if saves.all() else rows[~saves]
    most = built(plan).loc[shown["project"].unique(), "capex_musd"].nlargest(MOST_ROWS).index
    phases: list[TableRow] = []
    for row in rows_of(shown[shown["project"].isin(most)]):
        phases += _phases(plan, row)
    spec = charts.timeline(pd.DataFrame(phases), BUILT)
    told = {
        "first": int(shown["first_output"].min()),
        "last": int(shown["full_output"].max()),
        "year": int(rows["year"].min()),
        "built": counted(plan, shown["project"]),
        "shown": counted(plan, most),
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
