"""The pages of a run: its chapters put together, and every form of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from planner.reporting.charts import flow as flow_charts
from planner.reporting.charts import plan as plan_charts
from planner.reporting.charts import resources as resource_charts
from planner.reporting.charts import risk as risk_charts
from planner.reporting.charts import supply as supply_charts
from planner.reporting.charts.drawing import Drawer, fast_charts
from planner.reporting.charts.risk import ladder
from planner.reporting.formats.markup import render_markdown, render_template
from planner.reporting.formats.pdf import write_pdf
from planner.reporting.formats.workbook import write_workbook
from planner.reporting.tables import money as money_tables
from planner.reporting.tables import plan as plan_tables
from planner.reporting.tables.claims import leaning, trials, verdicts
from planner.reporting.tables.explanation import (
    bottlenecks,
    commitments,
    country_ranges,
    knowledge,
    marginals,
    moved_plans,
    project_ranges,
    regret,
    rungs,
)
from planner.reporting.tables.inputs import input_tables, sureness
from planner.reporting.tables.money import from_capital_to_cost, who_is_short
from planner.reporting.tables.plan import begun_by_year
from planner.reporting.tables.result_tables import iamc_table
from planner.reporting.text.answer import any_size_words, cards, left_out, question, risk_words, stock_remarks
from planner.reporting.text.explanation import full_answer, missing_words, statements, together_words, upstream_words
from planner.reporting.values.page_parts import Part, ReportTable, Section, Text
from planner.reporting.values.view import RunView, run_view, table_rows
from planner.reporting.values.wording import Names, headline, percent
from planner.results.explanation import EXPLANATION, Explanation, read_explanation
from planner.results.plan import PlanValues
from planner.results.store import csv_text


def render_page(run: RunView, parts: list[Section] | None = None) -> str:
    """The whole page as text. parts: its chapters, if they are there already."""
    planned = "risk_musd" in run.summary
    model = run.case.model
    subtitle = model.title if model.title not in ("", "defaults", model.name) else ""
    return render_template(
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
        unknown=left_out(run),
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
        plan_charts.timeline(run, draw) if built else Text(["The plan commits no new plant."]),
        plan_charts.world(run, draw),
        begun_by_year(run),
        plan_tables.investments(run) if built else None,
        plan_tables.people(run) or Text(["The plan trains and hires nobody."]),
        plan_tables.stocks(run) or Text(["The plan buys no stock."]),
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
        supply_charts.supply_and_demand(run, draw, short=True),
        supply_charts.supply_by_source(run, draw),
        flow_charts.material(run, draw),
        supply_charts.supply_and_demand(run, draw, short=False),
    ]
    return Section(
        "supply",
        "Supply against demand",
        "Tonnes of oxide; for metal, the oxide it contains. Demand is after what a scenario does to it.",
        _kept(parts, "Nothing is demanded."),
    )


def _shortage(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        risk_charts.losses(run, draw),
        risk_charts.distribution(run, draw),
        money_tables.shortfalls(run),
        risk_charts.heat_maps(run, draw),
        *who_is_short(run),
    ]
    return Section("shortage", "Who runs short, and what it costs", risk_words(run), _kept(parts, ""))


def _money(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [
        from_capital_to_cost(run),
        resource_charts.spending(run, draw),
        resource_charts.use_of_budgets(run, draw),
        money_tables.paid(run, "funder"),
        money_tables.paid(run, "item"),
        money_tables.paid(run, "country"),
        money_tables.who_pays_where(run),
    ]
    return Section(
        "money",
        "Who pays, for what",
        "First how capital, public money and cost belong together; then public money only: the public part of "
        "capital, training, seats, hires and stock. Real MUSD of the base year.",
        _kept(parts, "No public money is spent."),
    )


def _capacity(run: RunView, draw: Drawer) -> Section:
    if not len(run.by_year["capacity"]):
        return Section("capacity", "Capacity", "", [Text(["There is no plant, and none is built."])])
    return Section(
        "capacity",
        "Capacity",
        "Mines, separation plants and metal plants, existing and new.",
        [plan_charts.capacities(run, draw), plan_tables.capacities(run)],
    )


def _staff(run: RunView, draw: Drawer) -> Section:
    parts: list[Part | None] = [plan_tables.team_use(run), resource_charts.skills(run, draw), plan_tables.teams(run)]
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
        _kept([money_tables.scarce(run)], "Nothing binds: no single unit more of anything would help."),
    )


def _facts(run: RunView) -> Section:
    return Section("facts", "Certificate and run facts", "What the optimum rests on.", [money_tables.facts(run)])


def _inputs(run: RunView) -> Section:
    return Section(
        "inputs",
        "Every input and its source",
        "The least sure rows come first and are marked. Open a table to read it.",
        [leaning(run.found), sureness(run.case), *input_tables(run.case, run.names)],
    )


FORMS = ("report.html", "report.xlsx", "report.pdf", "report.md", "report-iamc.csv")


def write_pages(plan: PlanValues, folder: Path, every_form: bool = True) -> None:
    """Write report.html and report.xlsx into a folder; with `every_form` and a plan also report.pdf, report.md and
    report-iamc.csv, which take about as long again."""
    run = run_view(plan, read_explanation(folder))
    parts = _parts(run)
    _write_html(run, parts, folder)
    write_workbook(run, folder / "report.xlsx")
    if every_form and parts is not None:
        _other_forms(run, parts, folder)


def write_page(plan: PlanValues, folder: Path) -> None:
    """Write report.html alone."""
    run = run_view(plan, read_explanation(folder))
    _write_html(run, _parts(run), folder)


def write_report_workbook(plan: PlanValues, folder: Path) -> None:
    """Write report.xlsx alone."""
    write_workbook(run_view(plan, read_explanation(folder)), folder / "report.xlsx")


def _parts(run: RunView) -> list[Section] | None:
    return sections(run) if "risk_musd" in run.summary else None


def _write_html(run: RunView, parts: list[Section] | None, folder: Path) -> None:
    (folder / "report.html").write_text(render_page(run, parts), encoding="utf-8", newline="\n")


def _other_forms(run: RunView, parts: list[Section], folder: Path) -> None:
    title, ask, statements, figures = headline(run.title), question(run), full_answer(run), cards(run)
    short = [_without_inputs(section) for section in parts]
    write_pdf(folder / "report.pdf", title, ask, statements, figures, short, left_out(run))
    text = render_markdown(title, ask, statements, figures, short, left_out(run))
    (folder / "report.md").write_text(text, encoding="utf-8", newline="\n")
    (folder / "report-iamc.csv").write_text(csv_text(iamc_table(run)), encoding="utf-8", newline="\n")


def _without_inputs(section: Section) -> Section:
    """The chapter of inputs without the tables themselves, which the page and the workbook hold."""
    if section.anchor != "inputs":
        return section
    kept = [part for part in section.parts if not (isinstance(part, ReportTable) and part.folded)]
    return Section(section.anchor, section.title, "The tables themselves are in report.html and report.xlsx.", kept)


def explanation_sections(run: RunView, draw: Drawer) -> list[Section]:
    """The first chapters of the report; if nothing was asked, one that says how to ask."""
    found, names = run.found, run.names
    if found is None:
        return [Section("why", "Why this plan", "", [Text([missing_words()])])]
    return [
        Section(
            "why",
            "Why this plan",
            f"Counterfactuals of this plan, among {found.solves} programs solved. Risk here is the least attainable, "
            f"in MUSD{_slack_words(run)}. {any_size_words(run.case)}".rstrip(),
            [
                Text(
                    [f"{statement.about}. {statement.sentence}" for statement in statements(found, names)],
                    source=f"{EXPLANATION}: ladder, left_out, verdicts, links, knowledge, timing",
                ),
                ladder(found, draw),
                rungs(
                    "What each step takes off and costs",
                    found.ladder,
                    "the one before",
                    "ladder",
                    upstream_words(found),
                ),
                rungs("Leave one out of the full set", found.left_out, "the plan", "left_out"),
                rungs("Who acts together", found.together, "the plan", "together", together_words(run, found)),
                rungs("Timing and flexibility", found.timing, "the plan", "timing"),
                *([commitments(found, names)] if found.flexibility and found.flexibility.commitments else []),
                *([moved_plans(found, names)] if len(found.moves) > 1 else []),
                verdicts(found),
                *map(trials, found.verdicts),
                bottlenecks(found, names),
            ],
        ),
        _near(found, names),
        Section(
            "information",
            "What it is worth to know, and one unit more",
            "Information, planning for all futures at once, regret, and marginal values solved again.",
            [
                knowledge(found),
                regret(found, names),
                marginals(found, names) if found.marginals else Text(["Nothing has a price."]),
            ],
        ),
    ]


def _slack_words(run: RunView) -> str:
    objective = run.case.model.objective
    if objective.goal != "risk" or objective.risk_slack <= 0:
        return ""
    return (
        "; figures of the answer may be higher by a little, as they are those of the cheapest plan within "
        f"{percent(objective.risk_slack)} of it"
    )


def _near(found: Explanation, names: Names) -> Section:
    near = found.alternatives
    within = f"{percent(near.risk_share)} of the least risk and {percent(near.cost_share)} of the cost"
    lead = f"Plans within {within} of this one: what they all contain, and how much room there is."
    tables: list[Part] = [project_ranges(found, names), country_ranges(found, names)]
    return Section("near", "Must, may, never", lead, tables if near.ranges else [Text(["Nothing new may be built."])])
