"""Binding constraints and the certificate: marginal values of scarce things, and the facts of the run."""

from __future__ import annotations

from planner.reporting.parts import Chapter, ReportTable, TableRow, figures, rate, text, whole
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.money import TINY, limits
from planner.results.plan import Plan

say = Passages("limits.j2")
MUSD = {
    "least_risk_musd": "least risk attainable",
    "least_risk_bound_musd": "lower bound of risk, of all plans in these scenarios",
    "cost_bound_musd": "lower bound of cost, of all plans in these scenarios within that risk",
    "welfare_bound_musd": "lower bound of cost plus risk, of all plans in these scenarios",
    "cost_musd": "cost, present value",
    "public_spend_musd": "public money, expected, not discounted",
}
"""Figures of the summary in MUSD."""


def chapter(plan: Plan) -> Chapter | None:
    """Both tables."""
    title = "Binding constraints and certificate"
    return Chapter.of("limits", title, [scarce(plan), facts(plan)], behind=True)


WORDS = {
    "delivered good": "material at the user",
    "leak": "material that leaks through a cut",
    "nameplate limit": "room to build",
    "new seats limit": "room for training seats",
    "staff joining": "people who start work",
}
"""Words for scarce things whose name in the table is that of the program."""


SCARCE_TABLE = ReportTable(
    title="Marginal values of scarce things, whole plants held: the most that one unit more can bring",
    source="tables/shadow_prices.csv: musd_per_unit",
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


def scarce(plan: Plan) -> ReportTable | None:
    """Marginal values of scarce things, the most valuable of each kind."""
    rows = limits(plan)
    if rows.empty:
        return None
    names = names_of(plan.case)
    forms = rows["form"].map(names.form)
    frame = names.told(rows).assign(
        scarce=rows["scarce"].replace(WORDS),
        form=forms,
        item=rows["item"].map(names.thing),
        year=rows["year"].astype(float),
        worth=rows["musd_per_unit"],
    )
    left_out = () if forms.any() else ("form",)
    return SCARCE_TABLE.over(frame, left_out, note=say("scarce", run=plan, tiny=TINY))


FACTS = ReportTable(
    title="Run facts",
    folded=True,
    sheet="summary",
    meaning="key figures",
    columns=[
        text("figure"),
        text("unit"),
        rate("value", "with the plan"),
        rate("before", "without a plan"),
    ],
)
"""A fact of the run."""


NAMED = {
    "gap": "optimality gap, share",
    "model": "program",
    "certificate": "certificate",
    "versions": "version",
}
"""Parts of the summary that are told key by key, and what they are called."""
OF_ANY_SIZE = "relative_gap"
"""The part of the certificate that speaks of the linear program of the plants that were chosen, not of whole plants."""


def facts(plan: Plan) -> ReportTable:
    """Key figures with the plan and without, the program and its certificate."""
    summary, of_whole = plan.summary, plan.case.model.policy.whole_plants
    rows: list[TableRow] = []
    for key, words in MUSD.items():
        if summary.get(key) is not None:
            of_none = plan.without.get(key)
            rows.append({"figure": words, "unit": "MUSD", "value": summary[key], "before": of_none})
    for key, words in NAMED.items():
        for name, value in summary.get(key, {}).items():
            if not (of_whole and name == OF_ANY_SIZE):
                rows.append({"figure": f"{words}: {name.replace('_', ' ')}", "value": value})
    sha256 = summary.get("inputs_sha256", plan.case.sha256)
    rows.append({"figure": "inputs, SHA-256", "value": sha256})
    return FACTS.over(
        rows, () if plan.without else ("before",), note=say("facts", of_whole=of_whole)
    )
