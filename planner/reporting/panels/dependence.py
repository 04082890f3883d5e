"""Dependence on origins, allies and plants; targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.config import Target
from planner.data.case import Case
from planner.reporting.parts import (
    Missing,
    ReportTable,
    TableRow,
    figures,
    in_musd,
    per_cent,
    text,
    whole,
)
from planner.reporting.sources import summary_keys
from planner.reporting.words.names import Names, begun, midway, names_of
from planner.reporting.words.numbers import listed, number, percent, span
from planner.results.coverage import Coverage
from planner.results.figures.dependence import coverage, largest_origins, milestones
from planner.results.figures.sums import costliest_first, records
from planner.results.plan import Plan

COVERAGE = "planner coverage RUN"
BY_ELEMENT = ReportTable(
    title="Largest origin of each element, and demand met without it",
    sheet="dependence",
    meaning="largest origin of each element, and the demand that can be met if it sells nothing",
    source="tables/origins.csv, basis=last; summary.json: diversification.without_plan; tables/coverage.csv",
    columns=[
        text("element"),
        whole("year"),
        text("origin_before", "largest origin", "without a plan"),
        per_cent("share_before", "its share"),
        text("origin", "largest origin", "with the plan"),
        per_cent("share", "its share"),
        text("without", "shut"),
        per_cent("met_before", "then met", "without a plan"),
        per_cent("met", "then met", "with the plan"),
    ],
)
"""A row an element and year."""


def dependence(plan: Plan) -> ReportTable | None:
    """The largest origin of each element, and the demand met without it, by year."""
    rows = largest_origins(plan).sort_values("share", ascending=False, kind="stable")
    largest = rows.drop_duplicates(["element", "year"])
    if largest.empty:
        return None
    is_covered, covered = not coverage(plan).rows.empty, coverage(plan)
    left_out = [] if is_covered else ["without", "met_before", "met"]
    if not plan.compared:
        left_out += ["origin_before", "share_before", "met_before"]
    chosen = largest[largest["year"].isin(milestones(plan.years))]
    met = {"met": covered.n1, "met_before": covered.without_origin(plan=False)}
    told = [_row(plan, row, met) for row in records(costliest_first(plan, chosen, "year"))]
    return BY_ELEMENT.over(told, left_out)


def _row(plan: Plan, row: dict[str, Any], met: Mapping[str, Mapping[str, Any]]) -> TableRow:
    """A row of the table. met: column -> year -> element -> demand met without an origin."""
    element, year, names = row["element"], str(row["year"]), names_of(plan.case)
    form = f" ({names.form(row['form'])})" if names.form(row["form"]) else ""
    before = plan.summary.get("diversification", {}).get("without_plan", {})
    for key in (element, row["form"], year):
        before = before.get(key, {})
    served = {field: of.get(year, {}).get(element, {}).get("share") for field, of in met.items()}
    shut = met["met"].get(year, {}).get(element)
    origin_before = before.get("largest_origin")
    return {
        "element": names.element(element),
        "year": row["year"],
        "origin_before": names.origin(origin_before) + form if origin_before else "",
        "origin": names.origin(row["origin"]) + form,
        "without": names.without(shut["without"]) if shut else "",
        "share_before": before.get("largest_share"),
        "share": row["share"],
        **served,
    }


SINGLE_POINTS = ReportTable(
    title="Single points of failure with the plan",
    source="coverage.json: single_points",
    columns=[
        whole("year"),
        text("without"),
        text("element"),
        per_cent("falls_by", "demand met falls by", "of demand"),
    ],
    note="Plants and allies without which more than 10 % of the demand for an element is no longer met.",
)
"""A row a plant or ally."""


def single_points(plan: Plan) -> ReportTable | Missing:
    """The single points of failure, or the command that computes them."""
    if coverage(plan).rows.empty:
        return Missing("Single points of failure", COVERAGE)
    return single_points_table(plan, coverage(plan))


def single_points_table(plan: Plan, covered: Coverage) -> ReportTable:
    """The single points of failure by year."""
    names: Names = names_of(plan.case)
    rows: list[TableRow] = []
    for one in covered.single_points:
        row = {str(key): value for key, value in one.items()}
        named = {"without": names.without(one["without"]), "element": names.element(one["element"])}
        rows.append(row | named)
    return SINGLE_POINTS.over(rows)


TARGETS = ReportTable(
    sheet="targets",
    meaning="targets of diversification, and whether the plan meets them",
    columns=[
        text("target"),
        text("sentence", "demands"),
        figures("price", "price of missing it", "USD/kg"),
        text("met", "result"),
        figures("missing_t", "missing, expected", "t"),
        in_musd("cost_musd", "cost of missing it"),
    ],
)
"""A row a target."""
MET = {None: "must be met", True: "met", False: "missed"}
TARGET = {
    "served": "at least {share} of the demand for {good} met",
    "origin_share": "at most {share} of {good} from any one outside country",
    "made_share": "at least {share} of {good} from their own plants",
    "feed": "at least {share} of {good} from their own mines",
}
"""Kind of a target -> its demand."""


def targets(plan: Plan) -> ReportTable | None:
    """The targets of the plan, and whether it meets them."""
    if not plan.case.lookups.targets:
        return None
    results = plan.summary.get("targets", {})
    rows: list[TableRow] = []
    for row in plan.case.lookups.targets.values():
        result = results.get(row.target, {"met": None, "missing_t": None, "cost_musd": None})
        words = {"target": row.name or row.target, "sentence": target_sentence(plan.case, row)}
        rows.append({**result, **words, "price": row.price_usd_per_kg, "met": MET[result["met"]]})
    missed = sum(row["met"] == "missed" for row in rows)
    title = (
        f"Targets: {missed} of {len(rows)} missed" if missed else f"Targets: all {len(rows)} met"
    )
    return TARGETS.over(rows, title=title, source=summary_keys("targets"))


def target_sentence(case: Case, row: Target) -> str:
    """A target in words: who, what, when."""
    names = names_of(case)
    form = "" if row.form in (None, "feed") else str(row.form)
    good = f"{midway(names.element(row.element)) if row.element else 'each element'} {form}".strip()
    who = listed([names.country(one) for one in row.country])
    if not who:
        who = names.party(row.party) if row.party else "all countries"
    first = max(row.first_year or case.first_year, case.first_year)
    last = min(row.last_year or case.last_year, case.last_year)
    kind = "feed" if row.form == "feed" else row.kind
    demand = TARGET[kind].format(share=percent(row.share), good=good)
    where = f", {row.scenario}" if row.scenario else ""
    price = (
        f" (or {number(row.price_usd_per_kg)} USD/kg)" if row.price_usd_per_kg is not None else ""
    )
    return f"{begun(demand)}: {who}, {span(first, last)}{where}{price}"
