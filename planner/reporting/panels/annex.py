"""The annex: all tables of a run, the method and the terms. Each chapter is folded."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.data.odds import are_bounded, odds_of
from planner.reporting.panels import payers, plants, reasons
from planner.reporting.panels.dependence import dependence, single_points, targets
from planner.reporting.panels.inputs import inputs_sheet
from planner.reporting.panels.method import METHOD
from planner.reporting.panels.shortage import by_element
from planner.reporting.parts import (
    Chapter,
    Part,
    ReportTable,
    TableRow,
    amounts,
    figures,
    in_musd,
    per_cent,
    rate,
    text,
    total,
    whole,
)
from planner.reporting.words.glossary import GLOSSARY
from planner.reporting.words.names import begun, names_of
from planner.reporting.words.numbers import NOTHING, number
from planner.results.evaluation import EVALUATION, Estimate
from planner.results.explanation import EXPLANATION
from planner.results.figures.evaluated import FIGURES, in_fresh_scenarios
from planner.results.figures.money import limits
from planner.results.figures.people_and_stock import purchases_by_year
from planner.results.figures.sums import scenarios_by_loss
from planner.results.figures.unmet import missing
from planner.results.plan import Plan


def annex(plan: Plan) -> list[Chapter]:
    """The chapters of the annex that have anything to show."""
    chapters = []
    for anchor, title, parts in _contents(plan):
        chapter = Chapter.of(anchor, title, parts, behind=True)
        if chapter is not None:
            chapters.append(chapter)
    return chapters


def _contents(plan: Plan) -> Iterator[tuple[str, str, list[Part | None]]]:
    """Anchor, title and parts of each chapter."""
    if plan.solved:
        yield (
            "plants",
            "Plants and people",
            [plants.investments(plan), plants.people(plan), reasons.droppings(plan)],
        )
        yield "losses", "Losses", [losses(plan), by_scenario(plan), storylines(plan)]
        yield "shortage", "Shortage", [by_element(plan), by_country(plan)]
        yield (
            "money",
            "Money and stock",
            [
                payers.costs(plan),
                payers.payers(plan),
                payers.spending(plan),
                payers.charges(plan),
                purchases(plan),
            ],
        )
        yield (
            "levers-annex",
            "Levers and information",
            [reasons.claims(plan), reasons.influences(plan), information(plan)],
        )
        yield (
            "dependence",
            "Dependence and targets",
            [targets(plan), dependence(plan), single_points(plan)],
        )
        yield "limits", "Marginal values", [marginal_values(plan)]
        yield "facts", "Run facts", [run_facts(plan)]
    yield "method", "Method and terms", [METHOD, terms()]
    yield "inputs", "Inputs and their sources", [confidence(plan), inputs_sheet(plan.case)]


# ---- losses ----------------------------------------------------------------------------------------------------------


LOSSES = ReportTable(
    title="Losses, in new scenarios and in sample",
    sheet="losses",
    meaning="expected loss, mean loss of the worst cases and risk, with the plan and without",
    source=f"{EVALUATION}; summary.json",
    columns=[
        text("figure"),
        text("where", "in"),
        in_musd("without", "without a plan"),
        in_musd("plan", "with the plan"),
        text("interval", "95 % interval"),
        in_musd("reduction"),
        text("reduction_interval", "95 % interval", "of the reduction"),
    ],
)
"""A row a figure."""
FIGURE_NAMES = dict(
    zip(FIGURES, ("Expected loss", "Mean loss of the worst cases", "Risk"), strict=True)
)
WAYS = {"policy": "new scenarios", "foreseen": "new scenarios, foreseen"}


def losses(plan: Plan) -> ReportTable:
    """The figures in new scenarios and in those of the plan."""
    rows: list[TableRow] = []
    for one in in_fresh_scenarios(plan):
        rows.append(
            {
                "figure": FIGURE_NAMES[one.figure],
                "where": WAYS[one.way],
                "without": one.without.value,
                "plan": one.plan.value,
                "interval": interval(one.plan),
                "reduction": one.reduction.value,
                "reduction_interval": interval(one.reduction),
            }
        )
    for key, name in FIGURE_NAMES.items():
        value, before = float(plan.summary[key]), plan.without.get(key)
        less = None if before is None else before - value
        rows.append(
            {"figure": name, "where": "sample", "without": before, "plan": value, "reduction": less}
        )
    left_out = [] if in_fresh_scenarios(plan) else ["interval", "reduction_interval"]
    if not plan.compared:
        left_out += ["without", "reduction"]
    return LOSSES.over(rows, left_out)


def interval(of: Estimate) -> str:
    """The ends of an interval."""
    if of.low is None or of.high is None:
        return NOTHING
    return f"{number(of.low)} to {number(of.high)}"


BY_SCENARIO = ReportTable(
    title="Loss by scenario",
    sum_row="All",
    sheet="loss by scenario",
    meaning="loss of each scenario with the plan and without",
    source="summary.json: scenario_loss_musd",
    columns=[
        text("scenario"),
        per_cent("probability", summed=True),
        in_musd("before", "loss without a plan"),
        in_musd("loss", "loss with the plan"),
        text("story", "events"),
    ],
)
"""A row a scenario."""


def by_scenario(plan: Plan) -> ReportTable:
    """Loss of each scenario, the largest first."""
    before, names = plan.without.get("scenario_loss_musd", {}), names_of(plan.case)
    rows = []
    for scenario in scenarios_by_loss(plan):
        rows.append(
            {
                "scenario": names.scenario(scenario),
                "probability": plan.weights.get(scenario),
                "before": before.get(scenario),
                "loss": plan.summary["scenario_loss_musd"][scenario],
                "story": names.stories.get(scenario, ""),
            }
        )
    left_out = [] if plan.compared else ["before"]
    if not any(names.stories.values()):
        left_out.append("story")
    return BY_SCENARIO.over(rows, left_out)


STORYLINES = ReportTable(
    title="Probabilities of the storylines",
    source="inputs/scenarios.csv",
    columns=[
        text("storyline"),
        per_cent("probability"),
        per_cent("low", "at least"),
        per_cent("high", "at most"),
    ],
)
"""A row a storyline."""


def storylines(plan: Plan) -> ReportTable | None:
    """Probabilities and bounds, the most probable first; None where there is one storyline."""
    odds, names = odds_of(plan.case), names_of(plan.case)
    if len(odds) < 2:
        return None
    rows: list[TableRow] = []
    for storyline, one in sorted(odds.items(), key=lambda item: -item[1].probability):
        name = names.storyline(storyline, one.shares)
        rows.append(
            {"storyline": name, "probability": one.probability, "low": one.low, "high": one.high}
        )
    return STORYLINES.over(rows, () if are_bounded(plan.case) else ("low", "high"))


# ---- shortage --------------------------------------------------------------------------------------------------------


BY_COUNTRY = ReportTable(
    title="Unmet demand by country, element and year",
    sum_row="All",
    sheet="who is short",
    meaning="expected unmet demand with the plan by country, element, form and year",
    source="tables/shortfall.csv, weighted by probability",
    columns=[
        text("country"),
        text("element"),
        text("form"),
        whole("year"),
        figures("tonnes", "unmet demand, expected", "t", summed=True),
        figures("demand_t", "demand, expected", "t"),
        total("musd", "loss, expected", "MUSD"),
    ],
)
"""A row a country, element, form and year."""


def by_country(plan: Plan) -> ReportTable:
    """Expected unmet demand with the plan by country, good and year."""
    rows, names = missing(plan), names_of(plan.case)
    forms = rows["form"].map(names.form)
    left_out = () if forms.any() else ("form",)
    return BY_COUNTRY.over(names.told(rows).assign(form=forms), left_out)


PURCHASES = ReportTable(
    title="Purchases of stock",
    source="tables/purchases.csv, or tables/stocks.csv, weighted by probability",
    sum_row="All",
    sheet="stock",
    meaning="stock that is bought, by good, country and year",
    columns=[
        text("element"),
        text("form"),
        text("country", "held in"),
        whole("year"),
        amounts("tonnes", "bought", "t"),
        in_musd("musd", "cost", summed=True),
    ],
)
"""A row a good, country and year."""


def purchases(plan: Plan) -> ReportTable | None:
    """Purchases of stock; None where none is bought."""
    rows = purchases_by_year(plan)
    if rows.empty:
        return None
    names = names_of(plan.case)
    return PURCHASES.over(names.told(rows).assign(form=rows["form"].map(names.form_name)))


# ---- marginal values and facts ---------------------------------------------------------------------------------------


MARGINAL_VALUES = ReportTable(
    title="Marginal values: reduction of the objective by one more unit",
    source="tables/shadow_prices.csv: musd_per_unit",
    sheet="marginal values",
    meaning="the most valuable scarce things of each kind",
    columns=[
        text("scarce", "one more unit of"),
        text("item", "of what"),
        text("country"),
        text("element"),
        text("form"),
        whole("year"),
        figures("worth", "marginal value"),
        text("unit"),
    ],
)
"""A row a scarce thing."""
SCARCE = {
    "delivered good": "material at the user",
    "leak": "material that leaks through a cut",
    "nameplate limit": "room to build",
    "new seats limit": "room for training seats",
    "staff joining": "people who start work",
}
"""Scarce things whose name in the table is that of the program."""


def marginal_values(plan: Plan) -> ReportTable | None:
    """The most valuable scarce things of each kind; None where nothing is scarce."""
    rows, names = limits(plan), names_of(plan.case)
    if rows.empty:
        return None
    frame = names.told(rows).assign(
        scarce=rows["scarce"].replace(SCARCE),
        form=rows["form"].map(names.form),
        item=rows["item"].map(names.thing),
        year=rows["year"].astype(float),
        worth=rows["musd_per_unit"],
    )
    held = " Whole plants stay as they are." if plan.case.model.policy.whole_plants else ""
    note = f"All else is re-optimised.{held} Of each thing the year with the largest value."
    return MARGINAL_VALUES.over(frame, note=note)


INFORMATION = ReportTable(
    title="Value of information",
    source=f"{EXPLANATION}: knowledge",
    columns=[text("figure"), in_musd("musd", "objective")],
)
"""A row a figure."""


def information(plan: Plan) -> ReportTable | None:
    """The expected value of perfect information; None where `explain --more` did not compute it."""
    knowledge = plan.explanation.knowledge if plan.explanation is not None else None
    if knowledge is None:
        return None
    rows = [
        {"figure": "Objective of the plan", "musd": knowledge.stochastic},
        {"figure": "Objective with each scenario known", "musd": knowledge.wait_and_see},
        {"figure": "Expected value of perfect information (EVPI)", "musd": knowledge.evpi},
    ]
    return INFORMATION.over(rows)


FACTS = ReportTable(
    title="Run facts",
    sheet="summary",
    meaning="headline figures, program, certificate, versions",
    source="summary.json",
    columns=[
        text("figure"),
        text("unit"),
        rate("value", "with the plan"),
        rate("before", "without a plan"),
    ],
)
"""A row a fact."""
GROUPS = ("gap", "model", "certificate", "versions")
"""Parts of the summary that are told key by key."""


def run_facts(plan: Plan) -> ReportTable:
    """Amounts of money with the plan and without, the program and its certificate."""
    summary, rows = plan.summary, []
    for key, value in summary.items():
        if key.endswith("_musd") and isinstance(value, float):
            name = begun(key.removesuffix("_musd").replace("_", " "))
            rows.append(
                {"figure": name, "unit": "MUSD", "value": value, "before": plan.without.get(key)}
            )
    for key in GROUPS:
        for name, value in summary.get(key, {}).items():
            rows.append({"figure": f"{begun(key)}: {name.replace('_', ' ')}", "value": value})
    rows.append(
        {"figure": "Inputs, SHA-256", "value": summary.get("inputs_sha256", plan.case.sha256)}
    )
    return FACTS.over(rows, () if plan.without else ("before",))


# ---- method, terms, inputs -------------------------------------------------------------------------------------------


TERMS = ReportTable(title="Terms", columns=[text("term"), text("meaning")])
"""A row a term."""


def terms() -> ReportTable:
    """The terms of the page with their definitions."""
    return TERMS.over(
        [{"term": term, "meaning": meaning} for term, meaning in sorted(GLOSSARY.items())]
    )


CONFIDENCE = ReportTable(
    title="Figures by confidence",
    columns=[text("confidence"), whole("figures"), per_cent("share")],
    note="Every figure with its source: report.xlsx, sheet inputs, and the folder inputs of the run.",
)
"""A row a confidence."""


def confidence(plan: Plan) -> ReportTable:
    """The number of input figures of each confidence, the least sure first."""
    words = inputs_sheet(plan.case).frame["confidence"].str.casefold().replace("", "not stated")
    counts = words.value_counts(sort=False)
    frame = pd.DataFrame(
        {
            "confidence": counts.index,
            "figures": counts.to_numpy(),
            "share": (counts / counts.sum()).to_numpy(),
        }
    )
    return CONFIDENCE.over(frame)
