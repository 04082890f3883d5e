"""Binding constraints and the certificate: marginal values of scarce things, and the facts of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.reporting.parts import (
    Chapter,
    DeclaredTable,
    ReportTable,
    TableRow,
    figures,
    rate,
    text,
)
from planner.reporting.words.names import Names, midway, names_of
from planner.reporting.words.numbers import NOTHING, count, number, percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.money import TINY, limits
from planner.results.figures.sums import records
from planner.results.plan import Plan

say = Passages("limits.j2")


@dataclass(frozen=True)
class ScarceKind:
    """A kind of scarce thing: its heading, one more of it in words, and the function of `Names` that names its items, ''
    where they have no name."""

    heading: str
    more: str
    items: str = ""


SCARCE = {
    "budget": ScarceKind("Public money", "One more MUSD of the budget of {item}", "party"),
    "nameplate limit": ScarceKind(
        "Room to build more", "Room for one more t/y at {item}", "placed"
    ),
    "capacity": ScarceKind(
        "Capacity in use", "One more t/y of usable capacity at {item}", "placed"
    ),
    "feed": ScarceKind("Feed", "One more t of feed from {item}", "source"),
    "staff joining": ScarceKind("People", "One more person joining: {skill}, {country},", "skill"),
    "hires": ScarceKind(
        "Room to hire", "One more person to be hired: {skill}, {country},", "skill"
    ),
    "training seats": ScarceKind("Training seats", "One more training seat ({item})", "programme"),
    "new seats limit": ScarceKind(
        "Room for new training seats", "Room for one more new training seat ({item})", "programme"
    ),
    "mentors": ScarceKind(
        "Mentors", "One more practitioner to teach: {skill}, {country},", "skill"
    ),
    "imports": ScarceKind(
        "Imports on offer", "One more t of {good} on offer to {country}", "party"
    ),
    "delivered good": ScarceKind(
        "Material at the user", "One more t of {good} delivered to {country}"
    ),
    "stock": ScarceKind("Material in stock", "One more t of {good} in the stock of {country}"),
    "leak": ScarceKind(
        "Leaks of a cut", "One more t of {good} ({item}) that leaks to {country}", "party"
    ),
    "resale": ScarceKind("Resale", "One more t of {good} ({item}) resold to {country}", "party"),
}
"""Scarce things by their kind."""
MUSD = {
    "least_risk_musd": "least risk attainable",
    "least_risk_bound_musd": "lower bound of risk, of all plans",
    "cost_bound_musd": "lower bound of cost, of all plans within that risk",
    "welfare_bound_musd": "lower bound of cost plus risk, of all plans",
    "cost_musd": "cost, present value",
    "public_spend_musd": "public money, expected, not discounted",
}
"""Figures of the summary in MUSD."""


class ScarceTable(DeclaredTable):
    """A scarce thing; a heading stands above those of a kind."""

    title = "Marginal values of scarce things: the most that one unit more can bring"
    source = "tables/shadow_prices.csv: musd_per_unit"

    words = text("in words")
    worth = figures("marginal value")
    unit = text()
    often = text("worth something in")


def chapter(plan: Plan) -> Chapter | None:
    """Both tables."""
    title = "Binding constraints and certificate"
    return Chapter.of("limits", title, [scarce(plan), facts(plan)], behind=True)


def scarce(plan: Plan) -> ReportTable | None:
    """Marginal values of scarce things, the most valuable of each kind."""
    rows, marks = [], []
    for kind, found in limits(plan):
        rows.append({"words": _of_kind(kind).heading, "worth": "", "unit": "", "often": ""})
        marks.append("group")
        for row in records(found):
            rows.append(_scarce(plan, row))
            marks.append("")
    if not rows:
        return None
    return ScarceTable.from_rows(rows, note=say("scarce", run=plan, tiny=TINY), marks=marks)


def _scarce(plan: Plan, row: Mapping[str, Any]) -> dict[str, str]:
    same = f" (the same for {count(row['others'], 'other')})" if row["others"] else ""
    words = scarce_words(names_of(plan.case), row) + same
    is_yearly = row["year"] == row["year"]
    often = count(max(row["often"], 1), "year") if is_yearly else NOTHING
    worth = number(row["musd_per_unit"])
    return {"words": words, "worth": worth, "unit": row["unit"], "often": often}


def _of_kind(kind: str) -> ScarceKind:
    other = ScarceKind(kind.capitalize(), f"One more unit of {kind} {{item}}")
    return SCARCE.get(kind, other)


def scarce_words(names: Names, row: Mapping[str, Any]) -> str:
    """One more of a scarce thing, as the table `shadow_prices` or a `Marginal` has it."""
    kind, year = row["scarce"], row["year"]
    scarce = _of_kind(kind)
    item = getattr(names, scarce.items)(row["item"]) if scarce.items else str(row["item"])
    good = names.good(row["element"], row["form"])
    country = names.country(row["country"])
    told = scarce.more.format(item=item, skill=midway(item), good=good, country=country)
    return told if year is None or year != year else f"{told} in {int(year)}"


class Facts(DeclaredTable):
    """A fact of the run."""

    title = "Run facts"
    folded = True
    sheet = "summary"
    meaning = "key figures"

    figure = text()
    unit = text()
    value = rate("with the plan")
    before = rate("without a plan")


NAMED = {"model": "program", "certificate": "certificate", "versions": "version"}
"""Parts of the summary that are told key by key, and what they are called."""
OF_ANY_SIZE = "relative_gap"
"""The part of the certificate that speaks of the linear program of the plants that were chosen, not of whole plants."""
GAPS = {"risk": "risk", "cost": "cost", "welfare": "cost plus risk"}


def facts(plan: Plan) -> ReportTable:
    """Key figures with the plan and without, the program and its certificate."""
    summary, before = plan.summary, plan.without
    model = plan.case.model
    of_whole = model.policy.whole_plants
    rows: list[TableRow] = []

    def tell(figure: str, value: Any, unit: str = "", without: Any = None) -> None:
        rows.append({"figure": figure, "unit": unit, "value": value, "before": without})

    if not of_whole:
        tell("status", plan.status)
    tell("case", plan.title)
    tell("objective", summary.get("goal"))
    tell("coordination", model.policy.coordination)
    tell("investment", model.policy.investment)
    own = names_of(plan.case).own_stages
    tell("levers", ", ".join(own.get(lever, lever) for lever in model.levers) or "none")
    for key, words in MUSD.items():
        if summary.get(key) is not None:
            tell(words, summary[key], "MUSD", before.get(key))
    for key, words in NAMED.items():
        for name, value in summary.get(key, {}).items():
            if not (of_whole and name == OF_ANY_SIZE):
                tell(f"{words}: {name.replace('_', ' ')}", value)
    for name, share in summary.get("gap", {}).items() if of_whole else ():
        tell(f"optimality gap with whole plants: {GAPS[name]}", percent(share))
    tell("inputs, SHA-256", summary.get("inputs_sha256", plan.case.sha256))
    return Facts.from_rows(
        rows,
        columns=Facts.all() if before else Facts.all("before"),
        note=say("facts", commodity=plan.case.commodity, of_whole=of_whole),
    )
