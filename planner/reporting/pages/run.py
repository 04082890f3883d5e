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
from planner.reporting.pages.explanation import explanation_sections
from planner.reporting.tables import money as grids
from planner.reporting.tables import plan as grids_plan
from planner.reporting.tables.inputs import input_grids, leaning, sureness
from planner.reporting.tables.reconcile import from_capital_to_cost
from planner.reporting.text.answer import cards, question, risk_words
from planner.reporting.text.explanation import full_answer
from planner.reporting.text.funding import begun_by_year
from planner.reporting.text.remarks import stock_remarks
from planner.reporting.values.names import headline
from planner.reporting.values.parts import Part, Section, Text
from planner.reporting.values.provenance import table_rows
from planner.reporting.values.shortages import who_is_short
from planner.reporting.values.view import RunView

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


def render_page(run: RunView, parts: list[Section] | None = None) -> str:
    """The whole page as text. parts: its chapters, if they are there already."""
    planned = "risk_musd" in run.summary
    model = run.case.model
    subtitle = model.title if model.title not in ("", "defaults", model.name) else ""
    return render(
        "report.html.j2",
        run=f"Run of {run.title}, inputs {run.summary.get('inputs_sha256', run.case.sha256)[:12]}",
        title=headline(run.title),
        subtitle=subtitle,
        question=question(run),
        status=run.status,
        reasons=list(run.summary.get("reasons", [])),
        planned=planned,
        statements=full_answer(run) if planned else [],
        cards=cards(run) if planned else [],
        sections=(parts or sections(run)) if planned else [_inputs(run)],
        unknown=UNKNOWN,
    )


@fast_charts()
def sections(run: RunView) -> list[Section]:
    """All chapters, in the order a minister and then a consultant reads."""
    draw = Drawer()
    return [
        *explanation_sections(run, draw),
        _decision(run, draw),
        _supply(run, draw),
        _shortage(run, draw),
        _money(run, draw),
        _capacity(run, draw),
        _staff(run, draw),
        _limits(run),
        _facts(run),
        _inputs(run),
    ]


def _kept(parts: Iterable[Part | None], otherwise: str) -> list[Part]:
    return [part for part in parts if part is not None] or [Text([otherwise])]


def _decision(run: RunView, draw: Drawer) -> Section:
    built, remarks = len(run.tables["investments"]) > 0, stock_remarks(run)
    parts: list[Part | None] = [
        charts_plan.timeline(run, draw) if built else Text(["The plan commits no new plant."]),
        charts_map.world(run, draw),
        begun_by_year(run),
        grids_plan.investments(run) if built else None,
        grids_plan.people(run) or Text(["The plan trains and hires nobody."]),
        grids_plan.stocks(run) or Text(["The plan buys no stock."]),
        Text(remarks, source=f"{table_rows('stocks')}: bought_t, released_t; {table_rows('operations')}")
        if remarks
        else None,
    ]
    stock = (
        "stock is bought and released in answer to what has shown itself."
        if len(run.weights) > 1
        else "stock is bought and released year by year."
    )
    how = (
        f"Plants, training and hiring are decided once and hold in every scenario; {stock}"
        if run.case.model.policy.investment == "committed"
        else "Decisions may differ once a disruption has shown itself; the table says when each is taken."
    )
    return Section("decision", "The decision and its timeline", how, _kept(parts, ""))


def _supply(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        charts_supply.supply_and_demand(run, draw, short=True),
        charts_supply.supply_by_source(run, draw),
        charts_flow.material(run, draw),
        charts_supply.supply_and_demand(run, draw, short=False),
    ]
    return Section(
        "supply",
        "Supply against demand",
        "Tonnes of oxide; for metal, the oxide it contains. Demand is after what a scenario does to it.",
        _kept(parts, "Nothing is demanded."),
    )


def _shortage(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        charts_risk.losses(run, draw),
        charts_risk.distribution(run, draw),
        grids.shortfalls(run),
        charts_risk.heat_maps(run, draw),
        *who_is_short(run),
    ]
    return Section("shortage", "Who runs short, and what it costs", risk_words(run), _kept(parts, ""))


def _money(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        from_capital_to_cost(run),
        charts_money.spending(run, draw),
        charts_money.use_of_budgets(run, draw),
        grids.paid(run, "funder"),
        grids.paid(run, "item"),
        grids.paid(run, "country"),
        grids.who_pays_where(run),
    ]
    return Section(
        "money",
        "Who pays, for what",
        "First how capital, public money and cost belong together; then public money only: the public part of "
        "capital, training, seats, hires and stock. Real MUSD of the base year.",
        _kept(parts, "No public money is spent."),
    )


def _capacity(run: RunView, draw: Drawer) -> Section:
    if not len(run.tables["capacity"]):
        return Section("capacity", "Capacity", "", [Text(["There is no plant, and none is built."])])
    return Section(
        "capacity",
        "Capacity",
        "Mines, separation plants and metal plants, existing and new.",
        [charts_plan.capacities(run, draw), grids_plan.capacities(run)],
    )


def _staff(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [grids_plan.team_use(run), charts_people.skills(run, draw), grids_plan.teams(run)]
    return Section(
        "staff",
        "People",
        "The trades that plants need, by country.",
        _kept(parts, "No plant of this plan needs staff."),
    )


def _limits(run: RunView) -> Section:
    what = "cost plus risk" if run.case.model.objective.goal == "welfare" else "the risk"
    return Section(
        "limits",
        "What binds",
        f"What one more unit of each scarce thing would take off {what}.",
        _kept([grids.scarce(run)], "Nothing binds: no single unit more of anything would help."),
    )


def _facts(run: RunView) -> Section:
    return Section("facts", "Certificate and run facts", "What the optimum rests on.", [grids.facts(run)])


def _inputs(run: RunView) -> Section:
    return Section(
        "inputs",
        "Every input and its source",
        "The least sure rows come first and are marked. Open a table to read it.",
        [leaning(run.found), sureness(run.case), *input_grids(run.case, run.names)],
    )
