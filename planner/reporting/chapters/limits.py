"""Binding constraints and the certificate: marginal values of scarce things, and the facts of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.reporting.parts import RATE, Chapter, Column, Part, ReportTable, text
from planner.reporting.run_view import RunView
from planner.reporting.words.names import Names, midway
from planner.reporting.words.numbers import NOTHING, count, number
from planner.reporting.words.sentences import Passages
from planner.results.figures.money import TINY, limits
from planner.results.figures.run import records

say = Passages("limits.j2")
SCARCE: dict[str, tuple[str, str, str]] = {
    "budget": ("Public money", "party", "One more MUSD of the budget of {item}"),
    "nameplate limit": ("Room to build more", "placed", "Room for one more t/y at {item}"),
    "capacity": ("Capacity in use", "placed", "One more t/y of usable capacity at {item}"),
    "feed": ("Feed", "source", "One more t of TREO in feed from {item}"),
    "staff joining": ("People", "skill", "One more person joining: {skill}, {country},"),
    "hires": ("Room to hire", "skill", "One more person to be hired: {skill}, {country},"),
    "training seats": ("Training seats", "programme", "One more training seat ({item})"),
    "new seats limit": (
        "Room for new training seats",
        "programme",
        "Room for one more new training seat ({item})",
    ),
    "mentors": ("Mentors", "skill", "One more practitioner to teach: {skill}, {country},"),
    "imports": ("Imports on offer", "party", "One more t of {good} on offer to {country}"),
    "delivered good": ("Material at the user", "", "One more t of {good} delivered to {country}"),
    "stock": ("Material in stock", "", "One more t of {good} in the stock of {country}"),
    "leak": ("Leaks of a cut", "party", "One more t of {good} ({item}) that leaks to {country}"),
    "resale": ("Resale", "party", "One more t of {good} ({item}) resold to {country}"),
}
"""Kind of scarce thing: its heading, the names of its items, and one more of it."""
MUSD = {
    "risk_musd": "risk",
    "least_risk_musd": "least risk attainable",
    "least_risk_bound_musd": "lower bound of risk, of all plans",
    "cost_bound_musd": "lower bound of cost, of all plans within that risk",
    "welfare_bound_musd": "lower bound of cost plus risk, of all plans",
    "expected_loss_musd": "expected loss",
    "cvar_musd": "mean loss of the tail (CVaR)",
    "cost_musd": "cost, present value",
    "public_spend_musd": "public money, expected, not discounted",
}
"""Figures of the summary in MUSD."""


def chapter(run: RunView) -> Chapter | None:
    """Both tables."""
    parts: list[Part | None] = [scarce(run), facts(run)]
    kept = [part for part in parts if part is not None]
    title = "Binding constraints and certificate"
    return Chapter(anchor="limits", title=title, parts=kept, behind=True)


def scarce(run: RunView) -> ReportTable | None:
    """Marginal values of scarce things, the most valuable of each kind."""
    rows, marks = [], []
    for kind, found in limits(run):
        heading = SCARCE.get(kind, (kind.capitalize(), "", ""))[0]
        rows.append((heading, "", "", ""))
        marks.append("group")
        for row in records(found):
            same = f" (the same for {count(row['others'], 'other')})" if row["others"] else ""
            yearly = row["year"] == row["year"]
            often = count(max(row["often"], 1), "year") if yearly else NOTHING
            words = scarce_words(run.names, row) + same
            rows.append((words, number(row["musd_per_unit"]), row["unit"], often))
            marks.append("")
    if not rows:
        return None
    return ReportTable(
        title="Marginal value of one unit more of scarce things",
        columns=[
            text("words", "in words"),
            Column(field="worth", title="marginal value"),
            text("unit"),
            text("often", "worth something in"),
        ],
        frame=pd.DataFrame(rows, columns=["words", "worth", "unit", "often"]),
        note=say("scarce", tiny=TINY),
        marks=marks,
        source="tables/shadow_prices.csv: musd_per_unit",
    )


def scarce_words(names: Names, row: Mapping[str, Any]) -> str:
    """One more of a scarce thing, as the table `shadow_prices` or a `Marginal` has it."""
    kind, year = row["scarce"], row["year"]
    _, called, words = SCARCE.get(kind, (kind, "", "One more unit of " + kind + " {item}"))
    item = getattr(names, called)(row["item"]) if called else str(row["item"])
    good = f"{midway(names.element(row['element']))} {row['form']}"
    country = names.country(row["country"])
    told = words.format(item=item, skill=midway(item), good=good, country=country)
    return told if year is None or year != year else f"{told} in {int(year)}"


def facts(run: RunView) -> ReportTable:
    """Key figures with the plan and without, the program and its certificate."""
    summary, before = run.summary, run.without
    policy = run.case.model.policy
    rows: list[tuple[str, str, Any, Any]] = [
        ("status", "", run.status, None),
        ("case", "", run.title, None),
        ("objective", "", summary.get("goal"), None),
        ("coordination", "", policy.coordination, None),
        ("investment", "", policy.investment, None),
        ("levers", "", ", ".join(run.case.model.levers) or "none", None),
    ]
    for key, words in MUSD.items():
        if summary.get(key) is not None:
            rows.append((words, "MUSD", summary[key], before.get(key)))
    for key, words, unit in (
        ("expected_shortfall_t", "expected unmet demand", "t"),
        ("service_level", "demand met", "share"),
    ):
        for element, value in summary.get(key, {}).items():
            name = f"{words}: {run.names.element(element)}"
            rows.append((name, unit, value, before.get(key, {}).get(element)))
    for skill, value in summary.get("trained", {}).items():
        rows.append((f"trained: {run.names.skill(skill)}", "persons", value, None))
    for words, key in (
        ("program", "model"),
        ("certificate", "certificate"),
        ("version", "versions"),
    ):
        for name, value in summary.get(key, {}).items():
            rows.append((f"{words}: {name.replace('_', ' ')}", "", value, None))
    rows.append(("inputs, SHA-256", "", summary.get("inputs_sha256", run.case.sha256), None))
    columns = [
        text("figure"),
        text("unit"),
        Column(field="value", title="with the plan", form=RATE),
    ]
    if before:
        columns.append(Column(field="before", title="without a plan", form=RATE))
    return ReportTable(
        title="Run facts",
        columns=columns,
        frame=pd.DataFrame(rows, columns=["figure", "unit", "value", "before"], dtype=object),
        note=say("facts", tail=1 - run.case.model.objective.tail),
        folded=True,
        sheet="summary",
        meaning="key figures",
    )
