"""What does that leave? Cost, expected loss and tail apart, what remains unmet, how much of what is built is used."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.reporting.chapters.exposed import tail
from planner.reporting.chapters.fresh import bounds_table
from planner.reporting.charts import outcomes
from planner.reporting.parts import (
    Card,
    Chapter,
    Chart,
    DeclaredTable,
    Part,
    ReportTable,
    Text,
    per_cent,
    text,
    told_chart,
)
from planner.reporting.sources import summary_keys
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import before_and_after, money, number, percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import curve, doing_nothing
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.plants import use_by_stage
from planner.results.figures.sums import scenarios_by_loss
from planner.results.figures.unmet import most_exposed, worse_with_the_plan
from planner.results.plan import Plan

say = Passages("remains.j2")
exposure = Passages("not_protected.j2")
MOST_SCENARIOS = 40
"""Scenarios that are drawn: those that lose most."""
UNBROKEN = "\u00a0"
"""A space at which no line is broken."""
NO_LOSS = 0.005
"""MUSD up to which a scenario causes no loss."""
LOSSES = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "without_plan")


def chapter(plan: Plan) -> Chapter | None:
    """Three bills that are added to one figure, then what remains unmet and what idles."""
    model = plan.case.model
    parts: list[Part | None] = [
        Text(
            _not_protected(plan),
            title="What the plan does not protect against, in-sample",
            listed=True,
        ),
        losses_chart(plan) if curve(plan) is not None else None,
        bounds_table(plan),
        by_stage_table(plan),
    ]
    return Chapter.of(
        "remains",
        "What does that leave?",
        parts,
        lead=say("lead", run=plan, objective=model.objective, model=model),
        cards=list(_cards(plan)),
    )


def _cards(plan: Plan) -> Iterator[Card]:
    """Cost, expected loss and CVaR apart, without a plan and with it; out of sample where that is known."""
    idle = doing_nothing(plan)
    yield Card(
        title="Cost",
        value=before_and_after(money, idle.get("cost"), plan.summary["cost_musd"]),
        note="expected in-sample, present value",
        source=summary_keys("cost_musd", "without_plan.cost_musd"),
    )
    yield _loss_card(plan, "expected_loss_musd", "Expected loss")
    yield _loss_card(plan, "cvar_musd", f"Mean loss, worst {tail(plan)} of cases")


def _loss_card(plan: Plan, key: str, title: str) -> Card:
    """A loss of the summary, out of sample where that is known."""
    inside = before_and_after(money, plan.without.get(key), plan.summary[key])
    source = summary_keys(key)
    fresh = out_of_sample(plan, key)
    if fresh is None:
        return Card(title=title, value=inside, note="in-sample", source=source)
    before = out_of_sample(plan, key, "without_plan")
    return Card(
        title=title,
        value=before_and_after(money, before.value if before else None, fresh.value),
        note=say("fresh_note", fresh=fresh, inside=inside),
        source=f"evaluation.json: plan.policy.{key}; {source}",
    )


def _not_protected(plan: Plan) -> list[str]:
    """Paragraphs on the things that the plan does not protect against."""
    return exposure.lines(
        "paragraphs",
        run=plan,
        names=names_of(plan.case),
        stays=most_exposed(plan),
        worse=_worse(plan),
    )


def _worse(plan: Plan) -> list[str]:
    """Elements of which more is unmet, and countries that lose more, than without the plan."""
    told = []
    for row in worse_with_the_plan(plan):
        is_element = row.kind == "element"
        name = (
            names_of(plan.case).element(row.key)
            if is_element
            else names_of(plan.case).country(row.key)
        )
        unit = "t" if is_element else "MUSD"
        told.append(f"{name} {row.year} ({number(row.more)} {unit})")
    return told


class UseByStage(DeclaredTable):
    """A row a stage."""

    source = summary_keys("utilisation")

    plants = text()
    new = per_cent("new capacity")
    new_undisturbed = per_cent("new capacity", "undisturbed years")
    existing = per_cent("existing capacity")


def by_stage_table(plan: Plan) -> ReportTable | None:
    """Use of new and of existing capacity by stage; None without plants."""
    use = use_by_stage(plan)
    if use.empty:
        return None
    undisturbed = not use["new_undisturbed"].isna().all()
    return UseByStage.over(
        use.assign(plants=use["stage"].map(names_of(plan.case).stages_many)),
        columns=UseByStage.all() if undisturbed else UseByStage.all("new_undisturbed"),
        title=say("by_stage_title"),
        note=say("by_stage", undisturbed=undisturbed),
    )


def losses_chart(run: Plan) -> Chart:
    """Loss in each scenario, the largest first."""
    losses = {outcomes.WITH: run.summary["scenario_loss_musd"]}
    if run.compared:
        losses = {outcomes.WITHOUT: run.without["scenario_loss_musd"], **losses}
    shown = scenarios_by_loss(run)[:MOST_SCENARIOS]
    rows = []
    for scenario in shown:
        probability = percent(run.weights.get(scenario)).replace(" ", UNBROKEN)
        name = f"{names_of(run.case).scenario(scenario)} ({probability})"
        told = {"scenario": name, "story": names_of(run.case).stories.get(scenario, "")}
        for plan, by_scenario in losses.items():
            rows.append({**told, "plan": plan, "loss_musd": by_scenario[scenario]})
    marks = [
        {"name": "expected loss with the plan", "loss_musd": run.summary["expected_loss_musd"]},
        {"name": "mean loss of the tail with the plan", "loss_musd": run.summary["cvar_musd"]},
    ]
    spared, worst = [], []
    for by_scenario in reversed(losses.values()):
        spared.append(sum(loss <= NO_LOSS for loss in by_scenario.values()))
        worst.append(max(by_scenario.values()))
    return told_chart(
        say,
        "losses",
        outcomes.losses(pd.DataFrame(rows), pd.DataFrame(marks), LOSSES),
        LOSSES,
        spared=spared,
        worst=worst,
        scenarios=len(scenarios_by_loss(run)),
        shown=len(shown),
    )
