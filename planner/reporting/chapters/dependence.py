"""How dependent, on whom? Origins of supply, targets, and what happens if one or two of them are lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.reporting.chapters.beside import target_sentence
from planner.reporting.parts import (
    Chapter,
    ReportTable,
    TableRow,
    Text,
    figures,
    in_musd,
    per_cent,
    text,
    whole,
)
from planner.reporting.sources import summary_keys
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.dependence import (
    coverage,
    largest_origins,
    milestones,
    worst_pair,
    worst_single_losses,
)
from planner.results.figures.sums import costliest_first, records
from planner.results.plan import Plan

say = Passages("dependence.j2")
TITLE = "How dependent are we, on whom?"


def chapter(plan: Plan) -> Chapter | None:
    """Shares of origins, targets, and single losses, as far as they were asked for."""
    parts = [by_element(plan), targets(plan), _single_points(plan)]
    return Chapter.of("dependence", TITLE, parts, lead=lead(plan), behind=True)


def lead(plan: Plan) -> str:
    """The worst single loss of each year told, or the command that tells it."""
    losses = list(worst_single_losses(plan))
    asked = not coverage(plan).rows.empty
    return say("lead", asked=asked, losses=losses, names=names_of(plan.case))


BY_ELEMENT = ReportTable(
    title="Dependence by element: today, later, at the end",
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


def by_element(plan: Plan) -> ReportTable | None:
    """Of each element its largest origin, and what can be met without the origin that matters most, by year."""
    rows = largest_origins(plan).sort_values("share", ascending=False, kind="stable")
    largest = rows.drop_duplicates(["element", "year"])
    if largest.empty:
        return None
    asked, compared = not coverage(plan).rows.empty, plan.compared
    left_out = [] if asked else ["without", "met_before", "met"]
    if not compared:
        left_out += ["origin_before", "share_before", "met_before"]
    chosen = largest[largest["year"].isin(milestones(plan.years))]
    covered = coverage(plan)
    met = {"met": covered.n1, "met_before": covered.without_origin(plan=False)}
    told = [_dependence(plan, row, met) for row in records(costliest_first(plan, chosen, "year"))]
    note = say("by_element_note", asked=asked)
    return BY_ELEMENT.over(told, left_out, note=note)


def _dependence(plan: Plan, row: dict[str, Any], met: Mapping[str, Mapping[str, Any]]) -> TableRow:
    """A row of the table, of an element and year. met: column -> year -> element -> what can be met without its origin."""
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


TARGETS = ReportTable(
    sheet="targets",
    meaning="targets of diversification, and whether the plan meets them",
    columns=[
        text("target"),
        text("sentence", "asks for"),
        figures("price", "price of missing it", "USD/kg"),
        text("met", "result"),
        figures("missing_t", "missing, expected", "t"),
        in_musd("cost_musd", "cost of missing it"),
    ],
)
"""A row a target."""


MET = {None: "must be met", True: "met", False: "missed"}


def targets(plan: Plan) -> ReportTable | None:
    """The targets that the plan was held to, and whether it meets them."""
    asked = plan.case.lookups.targets
    if not asked:
        return None
    told = plan.summary.get("targets", {})
    rows = []
    for row in asked.values():
        result = told.get(row.target, {"met": None, "missing_t": None, "cost_musd": None})
        rows.append(
            {
                **result,
                "target": row.name or row.target,
                "sentence": target_sentence(plan.case, row),
                "price": row.price_usd_per_kg,
                "met": MET[result["met"]],
            }
        )
    missed = sum(row["met"] == "missed" for row in rows)
    return TARGETS.over(
        rows,
        title=say("targets_title", targets=len(rows), missed=missed),
        source=summary_keys("targets"),
    )


def _single_points(plan: Plan) -> Text | None:
    """The single points of failure by name as trade is today, and the worst further loss in the last year with the largest
    origin shut; None where nobody asked."""
    names, told = names_of(plan.case), []
    if coverage(plan).rows.empty:
        return None
    for one in coverage(plan).single_points:
        without = names.without(one["without"])
        element = midway(names.element(one["element"]))
        told.append(say("point", one=one, without=without, element=element))
    told = told or [say("no_point")]
    worst = worst_pair(plan)
    if worst is not None:
        called = {key: names.without(worst[key]) for key in ("shut", "without")}
        told.append(say("further", **{**worst, **called}))
    title, source = say("points_title"), "coverage.json: single_points; tables/coverage.csv"
    return Text([*told, say("one_of_several")], title=title, source=source, listed=True)
