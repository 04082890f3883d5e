"""Charts of the decision: timeline, capacity, staff, spending."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.book import Book, rows_of
from planner.reporting.drawing import (
    EXISTING,
    HUES,
    INK,
    OTHERS,
    STAGE_COLOURS,
    WITHOUT,
    Drawer,
    legend_of,
    stacked,
    x_time,
    x_years,
    y_amount,
    year_ticks,
)
from planner.reporting.money import ITEM_NAMES, budgets, largest_first, spent
from planner.reporting.names import STAGES, STAGES_MANY
from planner.reporting.numbers import count, number, percent, rough
from planner.reporting.parts import Figure, Panel
from planner.reporting.plants import UNITS, capacity, capacity_groups, decisions, everywhere

LABEL_WIDTH, BAR_WIDTH, ROW = 250, 560, 19
REST = "others"
ITEM_HUES = dict(zip(ITEM_NAMES.values(), (*STAGE_COLOURS.values(), HUES[4], HUES[3], HUES[6], HUES[5]), strict=True))
TONES = (("under construction", 0.28), ("running in", 0.62), ("full use", 1.0))


def timeline(book: Book, draw: Drawer) -> Figure:
    """Commitment, construction, running in and full use of every new plant, by stage."""
    rows = decisions(book)
    panels = [
        _bars(book, draw, stage, rows[rows["stage"] == stage]) for stage in STAGES if (rows["stage"] == stage).any()
    ]
    first, last = int(rows["year"].min()), int(rows["year"].max())
    when = f"all in {first}" if first == last else f"between {first} and {last}"
    takeaway = (
        f"{count(rows['project'].nunique(), 'project')} are committed {when}; the first new output comes in "
        f"{int(rows['first_output'].min())}, full use of the last in {int(rows['full_output'].max())}. "
        "Pale: under construction; middle: running in; full colour: full nameplate usable. Numbers: new t/y."
    )
    if not everywhere(rows):
        takeaway += " Some commitments are made in some scenarios only; the table says in which."
    legend = [(STAGE_COLOURS[stage], "box", STAGES[stage]) for stage in STAGES if (rows["stage"] == stage).any()]
    return Figure("When each plant is committed, built and in use", takeaway, panels, legend, layout="wide")


def _bars(book: Book, draw: Drawer, stage: str, rows: pd.DataFrame) -> Panel:
    end = book.years[-1] + 1
    edge = end + 0.08 * (end - book.years[0])
    order = list(dict.fromkeys(rows["label"]))
    spans = pd.concat(
        [
            rows.assign(start=rows["year"], stop=rows["first_output"], tone=TONES[0][1]),
            rows.assign(start=rows["first_output"], stop=rows["full_output"].clip(upper=end), tone=TONES[1][1]),
            rows.assign(start=rows["full_output"].clip(upper=end), stop=end, tone=TONES[2][1]),
        ]
    )
    spans = spans.loc[spans["stop"] > spans["start"], ["label", "start", "stop", "tone"]]
    sums = rows.groupby("label", sort=False).agg(tpa=("tpa", "sum"), place=("first_output", "min")).reset_index()
    sums["text"] = [number(t) for t in sums["tpa"]]
    y = alt.Y(
        "label:N",
        sort=order,
        axis=alt.Axis(
            title=None,
            labelLimit=LABEL_WIDTH - 10,
            minExtent=LABEL_WIDTH,
            maxExtent=LABEL_WIDTH,
            domain=False,
            ticks=False,
            labelColor=INK,
        ),
    )
    axis = alt.Axis(
        title=None,
        values=year_ticks(book.years, 15),
        format="d",
        orient="top",
        labelFlush=False,
        labelOverlap=False,
        labelOffset=BAR_WIDTH / (edge - book.years[0]) / 2,
    )
    x = alt.X("start:Q", scale=alt.Scale(domain=[book.years[0], edge], nice=False, zero=False), axis=axis)
    colour = STAGE_COLOURS[stage]
    chart = alt.layer(
        alt.Chart(spans)
        .mark_bar(color=colour, height=12)
        .encode(x=x, x2="stop:Q", y=y, opacity=alt.Opacity("tone:Q", scale=None)),
        alt.Chart(rows[["label", "year"]])
        .mark_point(shape="diamond", filled=True, color=INK, size=34, opacity=1)
        .encode(x="year:Q", y=y),
        alt.Chart(sums.assign(end=end))
        .mark_text(align="left", dx=5, fontSize=10)
        .encode(x="end:Q", y=y, text="text:N"),
    ).properties(width=BAR_WIDTH, height=ROW * len(order))
    named = "; ".join(f"{r.label} {number(r.tpa)} t/y from {r.place}" for r in rows_of(sums))
    return draw.panel(f"{STAGES_MANY[stage]} (t/y)", named, chart)


def capacities(book: Book, draw: Drawer) -> Figure:
    """Existing and new capacity by year and what is used of it, by stage."""
    panels = []
    for stage, kind in capacity_groups(book):
        rows = capacity(book, (stage, kind))
        sums = book.expected(rows, ["year"], ["existing_tpa", "new_tpa", "throughput_t"])
        worst = book.within(rows, book.worst, ["year"], ["throughput_t"])
        bars = pd.concat(
            [
                pd.DataFrame({"year": sums["year"], "kind": name, "amount": sums[column]})
                for name, column in (("existing", "existing_tpa"), ("new", "new_tpa"))
            ]
        )
        unit = UNITS[kind]
        used = pd.concat([sums.assign(which="expected"), worst.assign(which="worst")])
        dash = alt.StrokeDash("which:N", scale=alt.Scale(domain=["expected", "worst"], range=[[1, 0], [4, 3]]))
        lines = (
            alt.Chart(used)
            .mark_line(color=INK, strokeWidth=1.6)
            .encode(x=x_years(book.years), y=y_amount("throughput_t", unit + "/y"), strokeDash=dash)
        )
        chart = alt.layer(
            stacked(bars, book.years, [("existing", EXISTING), ("new", STAGE_COLOURS[stage])], unit + "/y"), lines
        )
        last = sums.iloc[-1]
        told = (
            f"In {int(last['year'])}: existing {number(last['existing_tpa'])}, new {number(last['new_tpa'])}, "
            f"expected use {number(last['throughput_t'])} {unit}/y."
        )
        panels.append(draw.panel(f"{STAGES_MANY[stage]}, {unit}/y", told, chart))
    takeaway = (
        "Bars: capacity that exists and that the plan adds. Solid line: what is expected to run; dashed line: what "
        "runs "
        f"in the worst scenario, “{book.names.scenario(book.worst)}”. Capacity that idles in calm years is the "
        "insurance."
    )
    legend = [
        (EXISTING, "box", "existing"),
        (STAGE_COLOURS["separation"], "box", "new (colour of the stage)"),
        (INK, "line", "in use, expected"),
        (INK, "dash", "in use, worst scenario"),
    ]
    return Figure("Capacity and its use", takeaway, panels, legend)


def skills(book: Book, draw: Drawer) -> Figure | None:
    """Staff against need, all countries together, by skill."""
    people = book.tables["workforce"]
    rows = book.expected(people, ["skill", "year"], ["available", "needed"])
    peak = (
        people.groupby(["scenario", "skill", "year"], as_index=False)["needed"]
        .sum()
        .groupby(["skill", "year"])["needed"]
        .max()
    )
    rows = rows.join(peak.rename("peak"), on=["skill", "year"])
    panels = []
    for skill, team in rows.groupby("skill"):
        if team["peak"].sum() <= 1e-6:
            continue
        top = float(team[["available", "peak"]].to_numpy().max()) * 1.08
        base = alt.Chart(team)
        chart = alt.layer(
            base.mark_area(color=HUES[4], opacity=0.45).encode(
                x=x_time(book.years), y=y_amount("peak", "persons", top)
            ),
            base.mark_line(color=WITHOUT, strokeWidth=1.6).encode(
                x=x_time(book.years), y=y_amount("needed", "persons", top)
            ),
            base.mark_line(color=INK, strokeWidth=2, point=alt.OverlayMarkDef(size=14, color=INK)).encode(
                x=x_time(book.years), y=y_amount("available", "persons", top)
            ),
        ).properties(width=300, height=150)
        last = team.iloc[-1]
        panels.append(
            draw.panel(
                book.names.skill(str(skill)),
                f"{int(last['year'])}: {number(last['available'])} persons, "
                f"{number(last['needed'])} needed in expectation, at most {number(last['peak'])}.",
                chart,
            )
        )
    if not panels:
        return None
    legend = [
        (INK, "line", "staff"),
        (WITHOUT, "line", "needed, expected"),
        (HUES[4], "box", "needed at most, any scenario"),
    ]
    return Figure(
        "Staff against need",
        "All countries together; people do not all work where they are needed, so a skill can be short "
        "in one country while the sum looks ample.",
        panels,
        legend,
    )


def spending(book: Book, draw: Drawer) -> Figure | None:
    """Public money by year, by funder and by item."""
    by_funder, by_item = spent(book, "funder"), spent(book, "item")
    if by_funder["amount"].sum() <= 0:
        return None
    panels = []
    for title, rows, colours in (
        ("By funder, MUSD", by_funder, _hues(largest_first(by_funder))),
        ("By item, MUSD", by_item, _item_hues(by_item)),
    ):
        top = [name for name, _ in colours]
        rows = (
            rows.assign(kind=rows["kind"].where(rows["kind"].isin(top), REST))
            .groupby(["year", "kind"], as_index=False)
            .sum()
        )
        sums = rows.groupby("kind")["amount"].sum()
        told = ", ".join(f"{name} {rough(float(sums[name]))}" for name in top if name in sums)
        chart = stacked(rows, book.years, colours, "MUSD", width=400, height=220)
        panels.append(draw.panel(title, f"{told} MUSD.", chart, legend_of(colours)))
    given, total = sum(budgets(book).values()), float(by_funder["amount"].sum())
    years = by_funder.groupby("year")["amount"].sum()
    most = int(years.index[int(years.to_numpy().argmax())])
    share = f", {percent(total / given)} of the {rough(given)} MUSD budgeted" if given > 0 else ""
    takeaway = f"Public budgets pay {rough(total)} MUSD{share}; the peak is {rough(float(years[most]))} MUSD in {most}."
    return Figure("Public money by year", takeaway, panels, layout="pair")


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
