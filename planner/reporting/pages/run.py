"""report.html: sections put together and laid out by the template."""

from __future__ import annotations

from collections.abc import Iterable

from planner.reporting.charts import flow as charts_flow
from planner.reporting.charts import map as charts_map
from planner.reporting.charts import money as charts_money
from planner.reporting.charts import people as charts_people
from planner.reporting.charts import plan as charts_plan
from planner.reporting.charts import risk as charts_risk
from planner.reporting.charts import supply as charts_supply
from planner.reporting.charts.drawing import Drawer, fast_charts
from planner.reporting.forms.html import render
from planner.reporting.pages.explanation import why_sections
from planner.reporting.tables import money as grids
from planner.reporting.tables import plan as grids_plan
from planner.reporting.tables.inputs import input_grids, leaning, sureness
from planner.reporting.tables.reconcile import from_capital_to_cost
from planner.reporting.text.answer import cards, question, risk_words
from planner.reporting.text.explanation import told
from planner.reporting.text.funding import begun_by_year
from planner.reporting.text.remarks import stock_remarks
from planner.reporting.values.names import headline
from planner.reporting.values.parts import Part, Section, Text
from planner.reporting.values.provenance import table_rows
from planner.reporting.values.shortages import who_is_short
from planner.reporting.values.view import Book

UNKNOWN = (
    "Capacity is built in any amount up to the limit, not in whole plants; a small build stands for a part of one.",
    "Time is whole years: a cut of three months is a part of a year's cut, and nothing within the year is seen.",
    "The chain ends with oxide and metal. Alloys, magnets and goods are not planned, unless a demand figure stands "
    "for them.",
    "Prices do not answer: a shortage lowers demand only as the loss steps say, and new supply does not lower prices.",
    "Losses are what a missing kilogram is stated to cost. Politics, health, environment and permits are outside.",
    "Scenarios and their probabilities are judgements. What is not among them is not insured against.",
    "Financed plants succeed unless a scenario says otherwise; costs, lead times and ramps have no spread of their "
    "own.",
    "The plan is chosen by one mind that knows the whole case and learns at once what has happened; partners are "
    "slower.",
    "Many inputs are estimates: see their confidence in the chapter on inputs. A result that turns on one of them is "
    "only as sure as it.",
)


def render_page(book: Book, parts: list[Section] | None = None) -> str:
    """The whole page as text. parts: its chapters, if they are there already."""
    planned = "risk_musd" in book.summary
    model = book.case.model
    subtitle = model.title if model.title not in ("", "defaults", model.name) else ""
    return render(
        "report.html.j2",
        run=f"Run of {book.title}, inputs {book.summary.get('inputs_sha256', book.case.sha256)[:12]}",
        title=headline(book.title),
        subtitle=subtitle,
        question=question(book),
        status=book.status,
        reasons=list(book.summary.get("reasons", [])),
        planned=planned,
        sayings=told(book) if planned else [],
        cards=cards(book) if planned else [],
        sections=(parts or sections(book)) if planned else [_inputs(book)],
        unknown=UNKNOWN,
    )


@fast_charts()
def sections(book: Book) -> list[Section]:
    """All chapters, in the order a minister and then a consultant reads."""
    draw = Drawer()
    return [
        *why_sections(book, draw),
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


def _kept(parts: Iterable[Part | None], otherwise: str) -> list[Part]:
    return [part for part in parts if part is not None] or [Text([otherwise])]


def _decision(book: Book, draw: Drawer) -> Section:
    built, remarks = len(book.tables["investments"]) > 0, stock_remarks(book)
    parts: list[Part | None] = [
        charts_plan.timeline(book, draw) if built else Text(["The plan commits no new plant."]),
        charts_map.world(book, draw),
        begun_by_year(book),
        grids_plan.investments(book) if built else None,
        grids_plan.people(book) or Text(["The plan trains and hires nobody."]),
        grids_plan.stocks(book) or Text(["The plan buys no stock."]),
        Text(remarks, source=f"{table_rows('stocks')}: bought_t, released_t; {table_rows('operations')}")
        if remarks
        else None,
    ]
    stock = (
        "stock is bought and released in answer to what has shown itself."
        if len(book.weights) > 1
        else "stock is bought and released year by year."
    )
    how = (
        f"Plants, training and hiring are decided once and hold in every scenario; {stock}"
        if book.case.model.policy.investment == "committed"
        else "Decisions may differ once a disruption has shown itself; the table says when each is taken."
    )
    return Section("decision", "The decision and its timeline", how, _kept(parts, ""))


def _supply(book: Book, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        charts_supply.supply_and_demand(book, draw, short=True),
        charts_supply.supply_by_source(book, draw),
        charts_flow.material(book, draw),
        charts_supply.supply_and_demand(book, draw, short=False),
    ]
    return Section(
        "supply",
        "Supply against demand",
        "Tonnes of oxide; for metal, the oxide it contains. Demand is after what a scenario does to it.",
        _kept(parts, "Nothing is demanded."),
    )


def _shortage(book: Book, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        charts_risk.losses(book, draw),
        charts_risk.distribution(book, draw),
        grids.shortfalls(book),
        charts_risk.heat_maps(book, draw),
        *who_is_short(book),
    ]
    return Section("shortage", "Who runs short, and what it costs", risk_words(book), _kept(parts, ""))


def _money(book: Book, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        from_capital_to_cost(book),
        charts_money.spending(book, draw),
        charts_money.use_of_budgets(book, draw),
        grids.paid(book, "funder"),
        grids.paid(book, "item"),
        grids.paid(book, "country"),
        grids.who_pays_where(book),
    ]
    return Section(
        "money",
        "Who pays, for what",
        "First how capital, public money and cost belong together; then public money only: the public part of "
        "capital, training, seats, hires and stock. Real MUSD of the base year.",
        _kept(parts, "No public money is spent."),
    )


def _capacity(book: Book, draw: Drawer) -> Section:
    if not len(book.tables["capacity"]):
        return Section("capacity", "Capacity", "", [Text(["There is no plant, and none is built."])])
    return Section(
        "capacity",
        "Capacity",
        "Mines, separation plants and metal plants, existing and new.",
        [charts_plan.capacities(book, draw), grids_plan.capacities(book)],
    )


def _staff(book: Book, draw: Drawer) -> Section:
    parts: list[Part | None] = [grids_plan.team_use(book), charts_people.skills(book, draw), grids_plan.teams(book)]
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
        [leaning(book.found), sureness(book.case), *input_grids(book.case, book.names)],
    )
