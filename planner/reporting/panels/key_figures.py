"""Key figures and plants of a plan, alone or with the changes from another plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from planner.reporting.panels.plants import PLANTS
from planner.reporting.parts import Card, Column, ReportTable, changed, figures, text
from planner.reporting.sources import summary_keys
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import LEAST_CHANGE, change, number, signed, spans
from planner.results.figures.money import by_party
from planner.results.figures.plants import ORDER, built, decisions
from planner.results.figures.recommended import left_open
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.thresholds import SHOWN_T

UNMET = "unmet_t"
SUM = "risk_adjusted_cost_musd"
KEY_FIGURES = {
    "risk_musd": ("Residual risk", "MUSD"),
    "cost_musd": ("Cost of the plan", "MUSD"),
    UNMET: ("Unmet demand, expected", "t"),
    SUM: ("Risk-adjusted cost: both together", "MUSD"),
    "expected_loss_musd": ("Expected loss", "MUSD"),
    "cvar_musd": ("Loss in the worst scenarios (CVaR)", "MUSD"),
    "public_spend_musd": ("Public money, not discounted", "MUSD"),
}
"""Figures of a plan that stand first: what each is called, and its unit."""
SOURCES = {UNMET: ["expected_shortfall_t"], SUM: ["risk_musd", "cost_musd"]}
"""Keys of a summary that a figure is made of."""
GOALS = {"risk_musd": "risk", "cost_musd": "cost", SUM: "welfare"}
"""Goals of the solver, of which a summary has the optimality gaps, that a figure is the value of."""
LARGE = ("risk_musd", "cost_musd", UNMET)
"""Those of them that stand in front of the others."""
SAME = 1e-7
"""Relative difference up to which two figures count as equal."""


# ---- key figures -----------------------------------------------------------------------------------------------------


def key_figures(summary: Mapping[str, Any]) -> dict[str, float]:
    """The figures of `KEY_FIGURES` that a summary has, or the first of them while the others are being worked out."""
    known = dict(summary)
    if "expected_shortfall_t" in summary:
        known[UNMET] = sum(summary["expected_shortfall_t"].values())
    if "risk_musd" in known and "cost_musd" in known:
        known[SUM] = known["risk_musd"] + known["cost_musd"]
    return {key: known[key] for key in KEY_FIGURES if key in known}


def cards(summary: Mapping[str, Any], other: Mapping[str, Any], name: str) -> Iterator[Card]:
    """Key figures, each with its change from those of another plan, whose name is given, where these are known."""
    here, there = key_figures(summary), key_figures(other)
    for key, (title, unit) in KEY_FIGURES.items():
        value, was = here.get(key), there.get(key)
        note, tone = "", ""
        if value is not None and was is not None:
            moved = value - was
            is_same = abs(moved) <= max(SAME * abs(was), LEAST_CHANGE)
            goal = GOALS.get(key, "")
            gap = max(left_open(summary, goal, value), left_open(other, goal, was))
            is_proven = abs(moved) >= gap
            note = _difference(name, was, 0.0 if is_same else moved, 0.0 if is_proven else gap)
            if is_proven and not is_same:
                tone = "worse" if moved > 0 else "better"  # of all key figures less is better
        yield Card(
            title=title,
            value="…" if value is None else number(value),
            unit=unit,
            note=note,
            source=summary_keys(*SOURCES.get(key, [key])),
            small=key not in LARGE,
            tone=tone,
        )


def _difference(name: str, was: float, moved: float, gap: float) -> str:
    """The figure of another plan and the change from it. gap: optimality gap that is larger than the change."""
    if not moved:
        return f"{name}: {number(was)}, no difference"
    share = f" ({change(was, was + moved)})" if was else ""
    unproven = f": less than the optimality gap of {number(gap)}" if gap else ""
    return f"{name}: {number(was)}, {signed(moved)}{share}{unproven}"


DIFFERING = ReportTable(
    source="summary.json, tables/payments.csv", columns=[text("words", "only what differs")]
)
"""A row a figure that differs; beside these columns two for each plan that is compared: what it has, and the
change."""


def differing(root: Plan, others: Mapping[str, Plan], name: str) -> ReportTable | None:
    """Figures, allies and new capacities that differ from those of a plan in one at least of others, by their names; None
    where all are the same."""
    columns = [*DIFFERING.columns, *_differing_columns(others, name)]
    first = _all_figures(root, root)
    rest = {at: _all_figures(root, plan) for at, plan in enumerate(others.values())}
    rows = []
    for words in dict.fromkeys(word for of in (first, *rest.values()) for word in of):
        here = first.get(words, 0.0)
        slight = max(SAME * 10 * abs(here), LEAST_CHANGE)
        row: dict[str, Any] = {"words": words, "first": here}
        for at, of in rest.items():
            there = of.get(words, 0.0)
            row[f"value {at}"], row[f"change {at}"] = there, there - here
            row[f"share {at}"] = change(here, there)
        if any(abs(row[f"change {at}"]) > slight for at in rest):
            rows.append(row)
    return DIFFERING.over(rows, columns=columns, title=f"Differences from {name}") if rows else None


def _differing_columns(others: Mapping[str, Plan], name: str) -> Iterator[Column]:
    yield figures("first", name)
    for at, other in enumerate(others):
        yield figures(f"value {at}", other)
        yield changed(f"change {at}", "change")
        yield text(f"share {at}", "%")


def _all_figures(root: Plan, plan: Plan) -> dict[str, float]:
    """Figures of a plan by their names for people; units stand in the names."""
    names = names_of(root.case)
    found = {}
    for key, value in key_figures(plan.summary).items():
        title, unit = KEY_FIGURES[key]
        found[f"{title}, {unit}"] = value
    for element, tonnes in plan.summary["expected_shortfall_t"].items():
        found[f"Expected unmet demand, {names.element(element)}, t"] = tonnes
    for row in records(by_party(plan).rename_axis("party").reset_index()):
        party = names.party(row["party"])
        found[f"{party}: residual loss, MUSD"] = row["loss"]
        found[f"{party}: pays, MUSD"] = row["paid"]
    for project, tonnes in plan.summary["new_capacity_tpa"].items():
        found[f"{names.placed(project)}, t/y"] = tonnes
    return found


# ---- plants ----------------------------------------------------------------------------------------------------------


SHOWN = ("project", "stage", "years", "planned", "tpa", "grown", "capex_musd", "public_musd")
"""Columns of plants that stand beside those of another plan."""


def plants(plan: Plan, other: Plan | None = None, address: str = "") -> ReportTable:
    """The plants that a plan builds, by stage, the earliest first. address: leads to what is known of one, behind which its
    id and `.html` are written; '' for none."""
    rows = _plants_of_both(plan, other)
    known = rows.index.map(plan.case.projects.get)
    lead = pd.Series(
        [plan.case.lookups.lead_time(row.project) for row in known], index=rows.index, dtype=float
    )
    names = names_of(plan.case)
    frame = rows.assign(
        project=rows.index.map(names.placed),
        stage=rows.index.map(names.kind),
        years=[_committed(row) for row in records(rows)],
        planned=rows["year"] + lead,
    )
    links = [f"{address}{project}.html" if address else "" for project in rows.index]
    columns = [column for column in PLANTS.columns if column.field in SHOWN]
    return PLANTS.over(
        frame.fillna({"tpa": 0.0, "capex_musd": 0.0, "public_musd": 0.0}),
        ("grown",) if other is None else (),
        columns=columns,
        title="Plants that are built",
        note="Capital is expected, not discounted.",
        links=links,
    )


def _plants_of_both(plan: Plan, other: Plan | None) -> pd.DataFrame:
    """By project that either plan builds, as far as a page shows its size: the figures of `built`, those of the other
    plan with `_was` behind them, and by how much its size has `grown`."""
    here = _shown(plan)
    there = here.head(0) if other is None else _shown(other)
    both = here.join(there.add_suffix("_was"), how="outer")
    both = both[both.index.isin(list(plan.case.projects))]
    stages = {project: plan.case.projects[project].stage for project in both.index}
    both = both.assign(
        stage=pd.Series(stages, dtype=object),
        grown=both["tpa"].fillna(0.0) - both["tpa_was"].fillna(0.0),
        begun=both["year_was"].fillna(both["year"]),
        order=both.index.map(stages).map(ORDER),
    )
    ordered: pd.DataFrame = both.sort_values(["order", "begun"], kind="stable")
    return ordered


def _shown(plan: Plan) -> pd.DataFrame:
    """The figures of `built` of what a page shows, and all `years` of commitment."""
    rows = built(plan)
    years = decisions(plan).groupby("project")["year"].agg(lambda years: spans(set(years)))
    rows = rows.assign(years=years.reindex(rows.index))
    return rows[rows["tpa"] > SHOWN_T]


def _committed(row: Mapping[str, Any]) -> str:
    """The years of commitment, and what they were in the plan compared with."""
    here, was = row["years"], row["years_was"]
    if pd.isna(here):
        return f"{was}: no longer built"
    return str(here) if pd.isna(was) or was == here else f"{was} → {here}"
