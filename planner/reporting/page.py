"""report.html: sections put together and laid out by the template."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.reporting import charts_plan, charts_supply, grids
from planner.reporting.answer import answer, cards, question, risk_words
from planner.reporting.book import Book
from planner.reporting.drawing import Drawer
from planner.reporting.inputs import input_grids, sureness
from planner.reporting.names import readable
from planner.reporting.parts import Figure, Grid, Section, Text

UNKNOWN = (
    "Capacity is built in any amount up to the limit, not in whole plants; a small build stands for a part of a plant or of a contract.",
    "Time is whole years: a cut of three months is a part of a year's cut, and nothing within the year is seen.",
    "The chain ends with oxide and metal. Alloys, magnets and goods made of them are not planned, except where a demand figure stands for them.",
    "Prices do not answer: a shortage does not lower demand beyond what the loss steps say, and new supply does not lower prices.",
    "Losses are what a missing kilogram is stated to cost; politics, health, environment, permits and markets for by-products are outside.",
    "Scenarios and their probabilities are judgements. What is not among them is not insured against.",
    "Financed plants are taken to succeed unless a scenario says otherwise; capital costs, lead times and ramps have no spread of their own.",
    "Plan and operation are chosen by one mind with full knowledge of the case and, year by year, of what has happened; real partners are slower.",
    "Many inputs are estimates: see their confidence below. A result that turns on one of them is only as sure as it.",
)


def render_page(book: Book) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=PackageLoader("planner.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files("planner.reporting").joinpath("templates/report.css").read_text(encoding="utf-8")
    planned = bool(len(book.tables["shortfall"])) or "risk_musd" in book.summary
    model = book.case.model
    subtitle = model.title if model.title not in ("", "defaults", model.name) else ""
    return environment.get_template("report.html.j2").render(
        style=Markup(style),
        title=readable(book.title),
        subtitle=subtitle,
        question=question(book),  # noqa: S704  our own file
        status=book.status,
        reasons=list(book.summary.get("reasons", [])),
        planned=planned,
        sayings=answer(book) if planned else [],
        cards=cards(book) if planned else [],
        risk_words=risk_words(book),
        sections=sections(book) if planned else [_inputs(book)],
        unknown=UNKNOWN,
    )


def sections(book: Book) -> list[Section]:
    """All chapters, in the order a minister and then a consultant reads."""
    draw = Drawer()
    return [
        _decision(book, draw),
        _supply(book, draw),
        _shortage(book, draw),
        _money(book, draw),
        _capacity(book, draw),
        _staff(book, draw),
        _limits(book),
        _facts(book),
        _inputs(book),
    ]


def _kept(parts: Iterable[Grid | Figure | Text | None], otherwise: str) -> list[Grid | Figure | Text]:
    return [part for part in parts if part is not None] or [Text([otherwise])]


def _decision(book: Book, draw: Drawer) -> Section:
    built = len(book.tables["investments"]) > 0
    parts = [
        charts_plan.timeline(book, draw) if built else Text(["The plan commits no new plant."]),
        grids.investments(book) if built else None,
        grids.people(book) or Text(["The plan trains and hires nobody."]),
        grids.stocks(book) or Text(["The plan buys no stock."]),
    ]
    how = (
        "All of it is decided once and holds in every scenario."
        if book.case.model.policy.investment == "committed"
        else "Decisions may differ once a disruption has shown itself; probability and scenarios say when each is taken."
    )
    return Section("decision", "The decision and its timeline", how, _kept(parts, ""))


def _supply(book: Book, draw: Drawer) -> Section:
    parts = [
        charts_supply.supply_and_demand(book, draw, short=True),
        charts_supply.supply_by_source(book, draw),
        charts_supply.supply_and_demand(book, draw, short=False),
    ]
    return Section(
        "supply",
        "Supply against demand",
        "Tonnes of oxide; for metal, the oxide it contains. Demand is after what a scenario does to it.",
        _kept(parts, "Nothing is demanded."),
    )


def _shortage(book: Book, draw: Drawer) -> Section:
    parts = [charts_supply.losses(book, draw), grids.shortfalls(book), charts_supply.heat_maps(book, draw)]
    return Section("shortage", "Who runs short, and what it costs", risk_words(book), _kept(parts, ""))


def _money(book: Book, draw: Drawer) -> Section:
    parts = [
        charts_plan.spending(book, draw),
        grids.paid(book, "funder"),
        grids.paid(book, "item"),
        grids.paid(book, "country"),
        grids.who_pays_where(book),
    ]
    return Section(
        "money",
        "Who pays, for what",
        "Public money only: the public part of capital, training, seats, hires and stock. Real MUSD of the base year.",
        _kept(parts, "No public money is spent."),
    )


def _capacity(book: Book, draw: Drawer) -> Section:
    if not len(book.tables["capacity"]):
        return Section("capacity", "Capacity", "", [Text(["There is no plant, and none is built."])])
    return Section(
        "capacity",
        "Capacity",
        "Mines, separation plants and metal plants, existing and new.",
        [charts_plan.capacities(book, draw), grids.capacities(book)],
    )


def _staff(book: Book, draw: Drawer) -> Section:
    parts = [grids.team_use(book), charts_plan.skills(book, draw), grids.teams(book)]
    return Section(
        "staff",
        "People",
        "The trades that plants need, by country.",
        _kept(parts, "No plant of this plan needs staff."),
    )


def _limits(book: Book) -> Section:
    what = "cost plus risk" if book.case.model.objective.goal == "welfare" else "the risk"
    return Section(
        "limits",
        "What binds",
        f"What one more unit of each scarce thing would take off {what}.",
        _kept([grids.scarce(book)], "Nothing binds: no single unit more of anything would help."),
    )


def _facts(book: Book) -> Section:
    return Section("facts", "Certificate and run facts", "What the optimum rests on.", [grids.facts(book)])


def _inputs(book: Book) -> Section:
    return Section(
        "inputs",
        "Every input and its source",
        "The least sure rows come first and are marked. Open a table to read it.",
        [sureness(book.case), *input_grids(book.case, book.names)],
    )
