"""Charts of what the plan draws on: public money spent and budgeted, and the people it needs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from planner.reporting.charts.drawing import HUES, OTHERS, STAGE_COLOURS, Drawer, cells, legend_of, stacked
from planner.reporting.values.page_parts import Figure
from planner.reporting.values.plan import ITEM_NAMES, largest_first, spent, staff, teams_at_work
from planner.reporting.values.view import RunView, records, table_rows, tooltip
from planner.reporting.values.wording import midway, number, percent, worded

REST = "others"

ITEM_HUES = dict(zip(ITEM_NAMES.values(), (*STAGE_COLOURS.values(), HUES[4], HUES[3], HUES[6], HUES[5]), strict=True))

SPENDING = table_rows("spending") + ": expected"

TONES = ("#f2f6fa", "#08427a")

FULL, MOST_TEAMS = 0.999, 24


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
        plot, _, _ = stacked(rows, run.years, colours, "MUSD", width=460, height=240)
        panels.append(draw.panel(f"By {by}, MUSD", f"{words} MUSD", plot, legend_of(colours)))
    total, years = float(by_funder["amount"].sum()), by_funder.groupby("year")["amount"].sum()
    most = int(years.index[int(years.to_numpy().argmax())])
    told = {"total": total, "given": sum(run.case.budget.values()), "peak": float(years[most]), "year": most}
    return Figure(
        worded("figures.j2", "spending_title", **told),
        worded("figures.j2", "spending", **told),
        panels,
        layout="pair",
        source=SPENDING,
    )


def _points(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 else ""


def teams(run: RunView, draw: Drawer) -> Figure | None:
    """How fully each team is used, year by year, in the future that needs it most: the fullest first."""
    rows = teams_at_work(staff(run))
    if rows.empty:
        return None
    lines = []
    for (country, skill), of in rows.groupby(["country", "skill"]):
        uses, at = dict(zip(of["year"], of["use"], strict=True)), {row["year"]: row for row in records(of)}
        who = f"{run.names.country(str(country))}: {midway(run.names.skill(str(skill)))}"
        tips = [
            tooltip(
                f"{who}, {y}: at most {percent(uses.get(y, 0.0))} in use; expected {number(at[y]['needed'])} of "
                f"{number(at[y]['staff'])} persons",
                table_rows("workforce", country=country, skill=skill, year=y),
            )
            if y in at
            else ""
            for y in run.years
        ]
        lines.append((who, [uses.get(y, 0.0) for y in run.years], tips))
    lines.sort(key=lambda line: (-sum(use > FULL for use in line[1]), -max(line[1]), line[0]))
    full = sum(max(uses) > FULL for _, uses, _ in lines)
    binding = sorted({y for _, uses, _ in lines for y, use in zip(run.years, uses, strict=True) if use > FULL})
    told = worded("figures.j2", "teams", years=binding)
    plot = cells(lines[:MOST_TEAMS], run.years, tones=TONES, top=1.0, told=_points, left=330, width=960)
    title = worded("figures.j2", "teams_title", full=full, of_teams=len(lines))
    panel = draw.panel("Staff needed as a share of staff there, per cent", told, plot)
    source = table_rows("workforce") + ": needed over available, the largest over the futures"
    return Figure(title, told, [panel], layout="wide", source=source)


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
