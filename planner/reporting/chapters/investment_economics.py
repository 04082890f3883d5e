"""Tables of the economic section of an investment case: costs per kg and break-even, and the sponsor's study."""

from __future__ import annotations

from planner.finance.study import PRICE, StudyStep
from planner.reporting.parts import Part, ReportTable, TableRow, figures, in_musd, text
from planner.reporting.words.sentences import Passages
from planner.results.business_case import BusinessCase

say = Passages("investment_tables.j2")


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


UNIT_COSTS_TABLE = ReportTable(
    title="Costs per kg on one basis, and break-even",
    columns=[text("figure"), text("unit"), figures("value")],
)
"""A row a figure."""


def unit_costs(found: BusinessCase) -> ReportTable:
    """Costs per kg of what is sold, what sales bring, and the prices at which nothing is gained."""
    economics = found.shown.economics
    costs = economics.unit_costs
    rows: list[tuple[str, str, float]] = []
    if costs is not None:
        rows = [(label, "USD/kg", getattr(costs, field)) for field, label in UNIT_COSTS.items()]
    if economics.break_even is not None:
        rows.append(
            ("break-even of all prices, NPV after tax", "of the deck", economics.break_even)
        )
    return UNIT_COSTS_TABLE.over(rows, note=say("economics", told=found.told(found.shown)))


STUDY_TABLE = ReportTable(
    title="From the NPV of the sponsor's study to this one",
    columns=[
        text("step", "what differs"),
        text("unit"),
        figures("theirs", "study"),
        figures("ours", "here"),
        in_musd("change", "changes the NPV by"),
        in_musd("npv", "NPV then"),
        text("from_source", "source of the study's figure"),
    ],
)
"""A row a step."""


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
"""Steps from the NPV of a study to that of the case, in words, with their units; prices by element are others."""


def study(found: BusinessCase) -> list[Part]:
    """From the NPV of the sponsor's study to that of the case; nothing where the case has none of a study."""
    if not found.study:
        return []
    rows: list[TableRow] = []
    npv = 0.0
    steps = {one.what: one for one in found.study}
    for one in found.study:
        npv += one.change or 0.0
        rows.append(_study_row(found, one) | {"npv": None if one.change is None else npv})
        if one.what == "gross":
            rows += _ratio(
                "as value of a kg of capacity in use", "USD/kg", one, steps.get("tonnes")
            )
        elif one.what == "net":
            rows += _ratio("as share of all that is made", "share", one, steps.get("gross"))
    prices = [one for one in found.study if one.what.startswith(f"{PRICE}:")]
    stated = [one for one in prices if one.stated]
    note = say("study", prices=prices, stated=stated, factor=found.prices_of_study)
    return [STUDY_TABLE.over(rows, note=note)]


def step_words(found: BusinessCase, one: StudyStep) -> tuple[str, str]:
    """What differs, in words, and its unit."""
    for quote in found.investment.quotes:
        if one.what == f"{PRICE}:{quote.element}":
            return f"price of {quote.name}", "USD/kg"
    return STUDY_STEPS[one.what]


def _study_row(found: BusinessCase, one: StudyStep) -> TableRow:
    """A step with its figures and where that of the study is from."""
    step, unit = step_words(found, one)
    stated = one.stated
    told = (stated.source, stated.notes) if stated else ()
    row: TableRow = {"step": step, "unit": unit, "theirs": one.theirs, "ours": one.ours}
    return row | {"change": one.change, "from_source": "; ".join(filter(None, told))}


def _ratio(label: str, unit: str, one: StudyStep, other: StudyStep | None) -> list[TableRow]:
    """One figure over another, of the study and of the case; nothing where the study does not state both."""
    if not (other and one.theirs and one.ours and other.theirs and other.ours):
        return []
    scale = 1000.0 if unit == "USD/kg" else 1.0
    theirs, ours = scale * one.theirs / other.theirs, scale * one.ours / other.ours
    return [{"step": label, "unit": unit, "theirs": theirs, "ours": ours}]


def of_case(found: BusinessCase) -> list[Part]:
    """All of them, in order."""
    return [*study(found), unit_costs(found)]
