"""Tables of the economic section of an investment case: costs per kg and break-even, and the sponsor's study."""

from __future__ import annotations

from collections.abc import Mapping

from planner.reporting.parts import (
    DeclaredTable,
    Part,
    ReportTable,
    TableRow,
    figures,
    in_musd,
    text,
)
from planner.reporting.words.names import Names
from planner.reporting.words.sentences import Passages
from planner.results.business_case import BusinessCase

say = Passages("investment_tables.j2")


def _told(found: BusinessCase) -> str:
    """The answer to what is sold that the figures are for."""
    return found.told(found.shown)


UNIT_COSTS = {
    "c1": "C1: running cost and feed",
    "royalty": "and royalty",
    "sustaining": "and replacements",
    "closure": "and closure, less residual value",
    "working": "and money tied up in sales",
    "capital": "and capital",
    "tax": "and tax",
    "all_in": "all in",
    "sales": "sales, at the market and by private contracts",
    "public": "public money",
    "margin": "gain: sales and public money less all in",
}


class UnitCostsTable(DeclaredTable):
    """A row a figure."""

    title = "Costs per kg on one basis, and break-even"

    figure = text()
    unit = text()
    value = figures("value")


def unit_costs(found: BusinessCase) -> ReportTable:
    """Costs per kg of what is sold, what sales bring, and the prices at which nothing is gained."""
    economics = found.shown.economics
    costs = economics.unit_costs
    rows: list[TableRow] = []

    def add(figure: str, unit: str, value: float | None) -> None:
        if value is not None:
            rows.append({"figure": figure, "unit": unit, "value": value})

    if costs is not None:
        for field, label in UNIT_COSTS.items():
            add(label, "USD/kg", getattr(costs, field))
    add("break-even of all prices, NPV after tax", "of the deck", economics.break_even)
    add("break-even of all prices, owners", "of the deck", economics.break_even_owners)
    return UnitCostsTable.from_rows(rows, note=say("economics", told=_told(found)))


class StudyTable(DeclaredTable):
    """A row a step."""

    title = "From the NPV of the sponsor's study to this one"

    step = text("what differs")
    unit = text()
    theirs = figures("study")
    ours = figures("here")
    change = in_musd("changes the NPV by")
    npv = in_musd("NPV then")


STUDY_STEPS = {
    "npv": ("NPV after tax as the study says", "MUSD"),
    "unexplained": (
        "balancing figure: what the other rows leave unexplained (ramp, replacements, royalties, working capital)",
        "",
    ),
    "tonnes": ("capacity in use at full operation", "t/y"),
    "capital": ("capital, contingency included", "MUSD"),
    "running": ("running cost at full operation, without feed", "MUSD a year"),
    "gross": (
        "prices: value of all that is made at full operation, before the separation discount",
        "MUSD a year",
    ),
    "net": ("separation discount and feed: what of it is left", "MUSD a year"),
    "life": ("years of output", "years"),
    "market": ("what the alliance wants of it limits sales", ""),
    "tax": ("tax on profit", "share"),
    "rate": ("discount rate, real", "a year"),
    "plan": ("run as the plan runs it, of the size that it builds", ""),
}
"""Steps from the NPV of a study to that of the case, in words, with their units."""


SPLIT = ("dy", "tb", "ndpr")
"""Elements, in small letters, whose part of what is made is told by itself; all others together."""


def _split(parts: Mapping[str, float], names: Names) -> list[TableRow]:
    """What is made here at full prices, by element."""
    told: dict[str, float] = {}
    for element, musd in parts.items():
        name = names.element(element) if element.lower() in SPLIT else "others"
        told[name] = told.get(name, 0.0) + musd
    rows: list[TableRow] = []
    for name in sorted(told, key=lambda one: (one == "others", -told[one])):
        rows.append({"step": f"of it here: {name}", "unit": "MUSD a year", "ours": told[name]})
    return rows


def study(found: BusinessCase, names: Names) -> list[Part]:
    """From the NPV of the sponsor's study to that of the case; nothing where the case has none of a study."""
    rows: list[TableRow] = []
    npv = 0.0
    gross = None
    for one in found.study:
        npv += one.change
        step, unit = STUDY_STEPS[one.what]
        rows.append(vars(one) | {"step": step, "unit": unit, "npv": npv})
        rows += _split(one.parts, names)
        if one.what == "gross":
            gross = one
        elif one.what == "net" and gross and gross.theirs and gross.ours:
            share = {
                "theirs": (one.theirs or 0.0) / gross.theirs,
                "ours": (one.ours or 0.0) / gross.ours,
            }
            rows.append({"step": "as share of all that is made", "unit": "share", **share})
    note = say("study", source=found.study_source)
    return [StudyTable.from_rows(rows, note=note)] if rows else []


def of_case(found: BusinessCase, names: Names) -> list[Part]:
    """All of them, in order."""
    return [*study(found, names), unit_costs(found)]
