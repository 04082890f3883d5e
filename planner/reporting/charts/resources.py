"""Charts of what the plan draws on: public money spent and budgeted, people in training, employed and needed."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    HUES,
    INK,
    OTHERS,
    STAGE_COLOURS,
    WITH,
    WITHOUT,
    Drawer,
    Drawing,
    cells,
    legend_of,
    stacked,
    tipped,
    x_amount,
    x_years,
    y_amount,
    y_names,
)
from planner.reporting.values.page_parts import Figure
from planner.reporting.values.plan import ITEM_NAMES, budget_use, largest_first, pyramid, spent
from planner.reporting.values.view import EXPECTED, RunView, records, table_rows, tooltip
from planner.reporting.values.wording import listed, number, percent

REST = "others"

ITEM_HUES = dict(zip(ITEM_NAMES.values(), (*STAGE_COLOURS.values(), HUES[4], HUES[3], HUES[6], HUES[5]), strict=True))

SPENDING = table_rows("spending") + ": expected"


def spending(run: RunView, draw: Drawer) -> Figure | None:
    """Public money by year, by funder and by item."""
    by_funder, by_item = spent(run, "funder"), spent(run, "item")
    if by_funder["amount"].sum() <= 0:
        return None
    panels = []
    for by, rows, colours in (
        ("funder", by_funder, _hues(largest_first(by_funder))),
        ("item", by_item, _item_hues(by_item)),
    ):
        top = [name for name, _ in colours]
        rows = rows.assign(kind=rows["kind"].where(rows["kind"].isin(top), REST))
        rows = rows.groupby(["year", "kind"], as_index=False).sum()
        sums = rows.groupby("kind")["amount"].sum()
        words = ", ".join(f"{name} {number(float(sums[name]))}" for name in top if name in sums)
        rows["tip"] = [
            tooltip(
                f"{r['kind']}, {r['year']}: {number(r['amount'])} MUSD, expected",
                f"{table_rows('spending', year=r['year'])}; expected, summed for this {by}",
            )
            for r in records(rows)
        ]
        chart = stacked(rows, run.years, colours, "MUSD", width=400, height=220)
        panels.append(draw.panel(f"By {by}, MUSD", f"{words} MUSD.", chart, legend_of(colours)))
    given, total = sum(run.case.budget.values()), float(by_funder["amount"].sum())
    years = by_funder.groupby("year")["amount"].sum()
    most = int(years.index[int(years.to_numpy().argmax())])
    share = f", {percent(total / given)} of the {number(given)} MUSD budgeted" if given > 0 else ""
    takeaway = (
        f"Public budgets pay {number(total)} MUSD{share}; the peak is {number(float(years[most]))} MUSD in {most}."
    )
    return Figure("Public money by year", takeaway, panels, layout="pair", source=SPENDING)


def use_of_budgets(run: RunView, draw: Drawer) -> Figure | None:
    """What is spent of what is budgeted and carried over: all funders together, and each by itself."""
    rows = budget_use(run)
    if rows["budget"].sum() <= 0:
        return None
    together = rows.groupby("year", as_index=False)[["spent", "budget", "available", "left"]].sum()
    full = rows[(rows["available"] > 0) & (rows["left"] <= 1e-6 * rows["available"])]
    first = full.groupby("funder", sort=False)["year"].min().to_dict()
    spenders = listed([f"{run.names.party(str(funder))} ({year})" for funder, year in first.items()])
    words = (
        f"Who spends all there is, and the first year of it: {spenders}."
        if spenders
        else "No funder spends all it has in any year, so money is not what limits the plan."
    )
    carried = run.case.model.policy.budget_carry_over
    reading = "Available: the budget of the year" + (" and what is left of earlier ones." if carried else ".")
    panels = [
        draw.panel("All funders, MUSD a year", words, _together(run, together)),
        draw.panel("Share of the money available that is spent, per cent", words, _by_funder(run, rows)),
    ]
    legend = [(WITH, "box", "spent"), (INK, "line", "budget of the year"), (WITHOUT, "dash", "available")]
    source = f"inputs/budgets.csv and {SPENDING}"
    return Figure("Use of the budgets", words, panels, legend, layout="pair", source=source, reading=reading)


def _use_words(who: str, row: dict[str, float]) -> str:
    return (
        f"{who}, {row['year']:.0f}: {number(row['spent'])} MUSD spent, {number(row['available'])} MUSD available, "
        f"{number(row['budget'])} MUSD of them budgeted for the year"
    )


def _use_rows(row: dict[str, float], **keys: object) -> str:
    """Where a use of budgets is found; a year in which nothing is spent has no row in the table of spending."""
    budgeted = f"inputs/budgets.csv with {', '.join(f'{column}={value}' for column, value in keys.items())}"
    return f"{table_rows('spending', '', **keys)}; {budgeted}" if row["spent"] > 0 else budgeted


def _together(run: RunView, rows: pd.DataFrame) -> Drawing:
    tips = [tooltip(_use_words("All funders", r), _use_rows(r, year=r["year"])) for r in records(rows)]
    base = alt.Chart(rows.assign(tip=tips)).encode(x=x_years(run.years))
    spent, budget, available = (y_amount(column, "MUSD") for column in ("spent", "budget", "available"))
    return alt.layer(
        base.mark_bar(color=WITH).encode(y=spent),
        base.mark_line(color=INK, strokeWidth=1.6, interpolate="step").encode(y=budget),
        base.mark_line(color=WITHOUT, strokeWidth=1.4, strokeDash=[4, 3]).encode(y=available),
        base.mark_bar(color=INK, opacity=0).encode(y=available, description="tip:N"),
    ).properties(width=400, height=220)


def _by_funder(run: RunView, rows: pd.DataFrame) -> Drawing:
    shown = rows[(rows["available"] > 0) | (rows["spent"] > 0)]
    data = shown[["year"]].assign(
        who=shown["funder"].map(run.names.party),
        share=(shown["spent"] / shown["available"]).fillna(0.0).clip(upper=1.0),
    )
    data["tip"] = [
        tooltip(_use_words(run.names.party(r["funder"]), r), _use_rows(r, funder=r["funder"], year=r["year"]))
        for r in records(shown)
    ]
    data["text"] = [f"{100 * share:.0f}" if share >= 0.005 else "" for share in data["share"]]
    order = [run.names.party(f) for f in rows.groupby("funder")["spent"].sum().sort_values(ascending=False).index]
    drawn = cells(data, y_names("who", order, 120), run.years, {0: "#eef3f8", 1: "#08427a"}, 0.55)
    return drawn.properties(width=330, height=max(20 * data["who"].nunique(), 40))


def _hues(order: Sequence[str]) -> list[tuple[str, str]]:
    """A colour for each kind, the largest first; the smallest share one when there are more kinds than colours."""
    kept = order if len(order) <= len(HUES) else order[: len(HUES) - 1]
    pairs = list(zip(kept, HUES, strict=False))
    return pairs if len(kept) == len(order) else [*pairs, (REST, OTHERS)]


def _item_hues(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Items in the order of the chain; plants in the colour of their stage."""
    present = set(rows["kind"])
    known = [name for name in ITEM_NAMES.values() if name in present]
    unknown = [kind for kind in largest_first(rows) if kind not in known]
    return [*((name, ITEM_HUES[name]) for name in known), *((kind, OTHERS) for kind in unknown)]


def skills(run: RunView, draw: Drawer) -> Figure | None:
    """A pyramid for each skill that some plant needs: years upwards, trainees to the left, staff and need right."""
    people = pyramid(run)
    panels = []
    for skill, rows in people.groupby("skill"):
        if rows["peak"].sum() <= 1e-6:
            continue
        name, last = run.names.skill(str(skill)), rows.iloc[-1]
        words = (
            f"{int(last['year'])}: {number(last['staff'])} persons employed, {number(last['training'])} in training, "
            f"{number(last['needed'])} needed in expectation, at most {number(last['peak'])}."
        )
        drawn = _pyramid(run, rows, str(skill), name)
        panels.append(draw.panel(name, words, drawn, choice={"Skill": name}))
    if not panels:
        return None
    trained = people.groupby("year")["training"].sum()
    most = int(trained.to_numpy().argmax())
    told_first = (
        f"Most are in training in {trained.index[most]}: {number(float(trained.iloc[most]))} persons. "
        if trained.sum() > 1e-6
        else "Nobody is in training. "
    )
    legend = [
        (HUES[1], "box", "in training"),
        (EXISTING, "box", "employed"),
        (INK, "line", "needed, expected"),
        (WITHOUT, "line", "needed at most, any scenario"),
    ]
    takeaway = (
        told_first + "All countries together; people do not all work where they are needed, so a skill can be short "
        "in one country while the sum looks ample."
    )
    source = f"{table_rows('workforce', EXPECTED)}: staff, needed; {table_rows('training')}: intake"
    return Figure("In training, employed, needed", takeaway, panels, legend, source=source)


def _pyramid(run: RunView, rows: pd.DataFrame, skill: str, name: str) -> Drawing:
    span = max(float(rows[["staff", "peak", "training"]].to_numpy().max()) * 1.05, 1e-6)
    left = max(float(rows["training"].max()) * 1.15, 0.12 * span)
    data = rows.assign(trainees=-rows["training"], zero=0.0)
    data = tipped(
        data.assign(left=-left, right=span),
        lambda r: (
            f"{name}, {r['year']}: {number(r['training'])} in training, {number(r['staff'])} employed, "
            f"{number(r['needed'])} needed in expectation, {number(r['peak'])} at most"
        ),
        "workforce",
        EXPECTED,
        skill=skill,
    )
    axis = alt.Axis(title=None, format="d", domain=False, ticks=False, labelFontSize=10)
    y = alt.Y("year:O", sort="descending", scale=alt.Scale(domain=run.years, paddingInner=0.15), axis=axis)
    base = alt.Chart(data).encode(y=y)

    def x(column: str) -> alt.X:
        return x_amount(column, "persons", (-left, span), labelExpr="format(abs(datum.value), ',~r')")

    return alt.layer(
        base.mark_bar(color=EXISTING).encode(x=x("staff"), x2="zero:Q"),
        base.mark_bar(color=HUES[1]).encode(x=x("trainees"), x2="zero:Q"),
        base.mark_tick(color=WITHOUT, thickness=2).encode(x=x("peak")),
        base.mark_tick(color=INK, thickness=2).encode(x=x("needed")),
        base.mark_bar(color=INK, opacity=0).encode(x=x("left"), x2="right:Q", description="tip:N"),
    ).properties(width=280, height=13 * len(run.years))
