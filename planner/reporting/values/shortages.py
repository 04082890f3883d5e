"""Who is short of what, and when: as tables, and in the sentences of the answer."""

from __future__ import annotations

import pandas as pd

from planner.reporting.values.names import midway
from planner.reporting.values.numbers import NOTHING, amount, count, listed, number, percent
from planner.reporting.values.parts import Column, ReportTable, texts
from planner.reporting.values.provenance import table_rows
from planner.reporting.values.supply import remaining
from planner.reporting.values.view import EXPECTED, RunView, rows_of
from planner.results.losses import loss_of_shortfall

SMALLEST_T = 5e-4
"""What a table would print as nothing is not called a shortage."""
SMALLEST_MUSD = 0.005
MOST_ROWS, MOST_WHO, MOST_COSTLY = 12, 3, 4
KEYS = ["country", "element", "form", "year"]


def missing(run: RunView, scenario: str) -> pd.DataFrame:
    """What is short with the plan by country, element, form, year, in a scenario or expected (`EXPECTED`): `tonnes`,
    `demand_t`, and the loss `musd`."""
    rows = run.tables["shortfall"]
    rows = rows[rows["tonnes"] > 0] if scenario == EXPECTED else rows[rows["scenario"] == scenario]
    losses = [
        loss_of_shortfall(run.case, (r.country, r.element, r.form), int(r.year), r.tonnes, r.demand_t)
        for r in rows_of(rows)
    ]
    out = run.within(rows.assign(musd=losses), scenario, KEYS, ["tonnes", "musd"])
    wanted = run.within(run.tables["shortfall"], scenario, KEYS, ["demand_t"])
    return out[out["tonnes"] >= SMALLEST_T].merge(wanted, on=KEYS)


def hardest_left(run: RunView) -> str:
    """The scenario that loses most with the plan."""
    losses: dict[str, float] = run.summary["scenario_loss_musd"]
    return max(sorted(losses), key=lambda w: losses[w])


def likeliest_left(run: RunView) -> str:
    """The likeliest scenario that loses anything with the plan; '' if none does."""
    losses: dict[str, float] = run.summary["scenario_loss_musd"]
    hit = [w for w in sorted(losses) if losses[w] > SMALLEST_MUSD]
    return max(hit, key=lambda w: (run.weights[w], losses[w]), default="")


def who_is_short(run: RunView) -> list[ReportTable]:
    """Who is short of what in which year: expected, and in the scenario that loses most."""
    if len(run.weights) == 1:
        return _years(run, EXPECTED, "Who is short of what, and when, with the plan", "")
    hardest = hardest_left(run)
    expected = _years(
        run, EXPECTED, "Who is short of what, and when, with the plan, expected", "Expected over the scenarios. "
    )
    title = f"The same in the scenario that loses most: {run.names.scenario(hardest)}"
    return [*expected, *_years(run, hardest, title, f"Probability {percent(run.weights[hardest])}. ")]


def _years(run: RunView, scenario: str, title: str, note: str) -> list[ReportTable]:
    rows = missing(run, scenario)
    if rows.empty:
        return []
    years = sorted({int(y) for y in rows["year"]})
    goods = rows.groupby(KEYS[:3], as_index=False)[["tonnes", "musd", "demand_t"]].sum()
    goods = goods.sort_values(["musd", *KEYS[:3]], ascending=[False, True, True, True])
    at = {(r.country, r.element, r.form, int(r.year)): r.tonnes for r in rows_of(rows)}
    cells = [
        [
            run.names.country(r.country),
            run.names.element(r.element),
            r.form,
            *(amount(at.get((r.country, r.element, r.form, y))) for y in years),
            amount(r.tonnes),
            percent(r.tonnes / r.demand_t) if r.demand_t > 0 else NOTHING,
            amount(r.musd),
        ]
        for r in rows_of(goods)
    ]
    by_year = rows.groupby("year")["musd"].sum()
    total = [
        "Loss, MUSD",
        "",
        "",
        *(number(float(by_year[y])) for y in years),
        "",
        "",
        number(float(goods["musd"].sum())),
    ]
    columns = [
        *texts("country", "element", "form"),
        *(Column(str(y), "t") for y in years),
        Column("sum", "t"),
        Column("share of demand", "of its years short"),
        Column("loss", "MUSD"),
    ]
    return [
        ReportTable(
            title,
            columns,
            [*cells, total],
            marks=[*("" for _ in cells), "total"],
            folded=len(cells) > MOST_ROWS,
            note=f"{note}The costliest first. A dash: nothing is short. In years that are not shown nobody is short.",
            source=table_rows("shortfall", scenario) + ": tonnes, demand_t; loss: times the loss per kg",
        )
    ]


def short_words(run: RunView) -> str:
    """Who remains short, of what and when, in sentences."""
    left = remaining(run)
    if left.empty:
        return "Nobody: demand is met in full in every scenario."
    rows, several = missing(run, EXPECTED), len(run.weights) > 1
    expected = ", expected" if several else ""
    tonnes = rows.groupby("element")["tonnes"].sum()
    goods = [f"{number(float(tonnes[e]))} t of {midway(run.names.element(e))}" for e in run.elements if e in tonnes]
    text = f"Still missing over the horizon{expected}: {listed(goods)}. " if goods else ""
    total = float(left["musd"].sum())
    who = [f"{run.names.country(r.country)} ({percent(r.musd / total)})" for r in rows_of(left.head(MOST_WHO))]
    years = rows.groupby("year")["musd"].sum().sort_values(ascending=False, kind="stable")
    text += (
        f"Most of the {'expected ' if several else ''}loss that remains falls on {listed(who)}, mostly in "
        f"{listed([str(y) for y in sorted(years.head(3).index)])}. "
    )
    costly = rows.sort_values(["musd", *KEYS], ascending=[False, *[True] * len(KEYS)]).head(MOST_COSTLY)
    worst = [
        f"{run.names.country(r.country)} {int(r.year)}, {number(r.tonnes)} t of "
        f"{midway(run.names.element(r.element))} {r.form} ({percent(r.tonnes / r.demand_t)} of its demand)"
        for r in rows_of(costly)
    ]
    text += f"The costliest single shortages{expected}: {'; '.join(worst)}."
    return text + (_scenarios(run) if several else "")


def _scenarios(run: RunView) -> str:
    """The likeliest and the hardest scenario that lose something with the plan."""
    losses, likeliest, hardest = run.summary["scenario_loss_musd"], likeliest_left(run), hardest_left(run)
    hit = sum(1 for loss in losses.values() if loss > SMALLEST_MUSD)
    if not likeliest:
        return ""
    chance = sum(run.weights[w] for w, loss in losses.items() if loss > SMALLEST_MUSD)
    text = f" {count(hit, 'scenario')} of {len(losses)} still {'leaves' if hit == 1 else 'leave'} a loss"
    text += f", together with a probability of {percent(chance)}. " if hit > 1 else ". "
    both = likeliest == hardest
    text += f"The likeliest {'and the hardest ' if both else ''}of them is {_in_scenario(run, likeliest)}."
    return text if both else f"{text} The hardest is {_in_scenario(run, hardest)}."


def _in_scenario(run: RunView, scenario: str) -> str:
    rows = missing(run, scenario)
    parts = []
    for element in run.elements:
        of = rows[rows["element"] == element]
        if not of.empty:
            years = sorted({int(y) for y in of["year"]})
            span = str(years[0]) if len(years) == 1 else f"{years[0]}–{years[-1]}"
            parts.append(f"{number(float(of['tonnes'].sum()))} t of {midway(run.names.element(element))} in {span}")
    loss = run.summary["scenario_loss_musd"][scenario]
    return f"“{run.names.scenario(scenario)}” (probability {percent(run.weights[scenario])}): {number(loss)} MUSD" + (
        f", {listed(parts)} missing" if parts else ""
    )


def worst_year(run: RunView) -> str:
    """Where least of the demand for one element is met in one year of one scenario, in words; '' if always all is."""
    rows = (
        run.tables["shortfall"].groupby(["scenario", "year", "element"], as_index=False)[["tonnes", "demand_t"]].sum()
    )
    rows = rows[(rows["tonnes"] >= SMALLEST_T) & (rows["demand_t"] > 0)]
    if rows.empty:
        return ""
    rows = rows.assign(met=1.0 - rows["tonnes"] / rows["demand_t"])
    worst = next(iter(rows_of(rows.sort_values(["met", "year", "element", "scenario"]).head(1))))
    where = f", “{run.names.scenario(worst.scenario)}”" if len(run.weights) > 1 else ""
    return f"worst year: {percent(worst.met)} of {midway(run.names.element(worst.element))} in {int(worst.year)}{where}"
