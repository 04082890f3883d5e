"""Calm years: the use of plants by year and scenario, and what it costs to run at a loss so as to be able to rise."""

from __future__ import annotations

import pandas as pd

from planner.data.stages import STAGES
from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    text,
    told_chart,
    total,
)
from planner.reporting.run_view import RunView, table_rows
from planner.reporting.words.names import stage_name
from planner.reporting.words.numbers import spans
from planner.reporting.words.sentences import Passages
from planner.results.figures.calm_years import standing_warm, undisturbed_years, use_by_year
from planner.results.figures.money import FIXED
from planner.results.figures.plants import ORDER, counted, use_by_stage

say = Passages("calm.j2")
ALL = "all, expected"
"""The mean over all scenarios, among those to choose from."""
TITLE = "Calm years: what stands idle"
MOST_PLANTS, MOST_SCENARIOS = 25, 8
"""Plants that are drawn, new ones and then the largest, and scenarios that can be chosen, those that lose most."""
CAPACITY = table_rows("capacity") + ": throughput_t, existing_tpa, new_tpa"
TIPS = {"plant": "plant", "scenario": "scenario", "year": "year", "share": "use of its capacity"}


def chapter(run: RunView) -> Chapter | None:
    """Use by year, and the plants that run at a loss; None without plants that are new or rise slowly."""
    use = use_by_year(run)
    if use.empty:
        return None
    warm = standing_warm(run)
    warm = warm.assign(expected=warm["loss_musd"] * warm["scenario"].map(run.weights))
    lead = say(
        "lead",
        plants=warm["project"].nunique(),
        musd=float(warm["expected"].sum()),
        priced=bool(run.case.import_price),
        slow=any(map(run.case.has_rise, run.case.projects)),
        undisturbed=undisturbed_years(run),
        idle=_idle(run),
        fixed_musd=_fixed_cost(run),
        last=run.years[-1],
    )
    return Chapter.of(
        "calm", TITLE, [use_chart(run, use), warm_table(run, warm)], lead=lead, behind=True
    )


def _idle(run: RunView) -> list[tuple[str, float]]:
    """Stage and share of its new capacity that is not used, expected over all years; the most idle first, savings, which
    are no plants, last."""
    rows = use_by_stage(run).dropna(subset="new")
    rows = rows.assign(saves=[STAGES[stage].saves for stage in rows["stage"]])
    rows = rows.sort_values(["saves", "new"], kind="stable")
    return [(stage, 1.0 - used) for stage, used in zip(rows["stage"], rows["new"], strict=True)]


def _fixed_cost(run: RunView) -> float:
    """Fixed cost of new plants over the horizon (MUSD, expected, not discounted), which no budget pays."""
    parts = run.cost_parts.set_index("part")
    return float(parts["others"][FIXED])


def use_chart(run: RunView, use: pd.DataFrame) -> Chart:
    """Use of each plant by year in a scenario that can be chosen."""
    drawn = _drawn(run, use)
    rows = use[use["project"].isin(drawn)]
    shown = run.by_loss[:MOST_SCENARIOS]
    each = rows[rows["scenario"].isin(shown)]
    each = each.assign(scenario=each["scenario"].map(run.names.scenario))
    frame = pd.concat([_expected(run, rows), each])
    frame["plant"] = frame["project"].map(run.names.brief)
    scenarios = [ALL, *map(run.names.scenario, shown)]
    spec = shapes.use_of_plants(
        frame,
        style.years(frame),
        list(map(run.names.brief, drawn)),
        tips=TIPS,
        source=CAPACITY,
        choosers=[style.chooser("scenario", "Scenario", scenarios, ALL)],
    )
    return told_chart(
        say,
        "use",
        spec,
        CAPACITY,
        name="use_by_year",
        idle=_idle(run),
        there=counted(run, use["project"]),
        shown=len(drawn),
    )


def _drawn(run: RunView, use: pd.DataFrame) -> list[str]:
    """The plants that are drawn, by stage: new ones before old, the largest first; savings where room is left."""
    plants = use.drop_duplicates("project")
    is_plant = [not STAGES[stage].saves for stage in plants["stage"]]
    is_new = plants["project"].isin(run.tables["investments"]["project"])
    plants = plants.assign(is_plant=is_plant, is_new=is_new, order=plants["stage"].map(ORDER))
    ranked = ["is_plant", "is_new", "tpa"]
    plants = plants.sort_values(ranked, ascending=False, kind="stable")
    return list(plants.head(MOST_PLANTS).sort_values("order", kind="stable")["project"])


def _expected(run: RunView, rows: pd.DataFrame) -> pd.DataFrame:
    """The mean use over all scenarios."""
    weighted = rows.assign(share=rows["share"] * rows["scenario"].map(run.weights))
    mean = weighted.groupby(["project", "year"], as_index=False)[["share"]].sum()
    return mean.assign(scenario=ALL)


class StandingWarm(DeclaredTable):
    """A row a plant that runs at a loss in undisturbed years."""

    source = f"{CAPACITY}; tables/operations.csv; inputs/imports.csv: price_usd_per_kg"
    sum_row = "All"

    plant = text()
    stage = text()
    years = text("at a loss in")
    tonnes = total("worked at a loss, expected", "t")
    expected = total("loss, expected", "MUSD, not discounted")


def warm_table(run: RunView, warm: pd.DataFrame) -> ReportTable | None:
    """The cost of plants that run at a loss though nothing is disturbed, plant by plant; None where none does."""
    if warm.empty:
        return None
    warm = warm.assign(tonnes=warm["tonnes"] * warm["scenario"].map(run.weights))
    by_plant = warm.groupby("project")
    frame = by_plant[["tonnes", "expected"]].sum()
    frame["years"] = by_plant["year"].unique().map(spans)
    frame = frame.sort_values("expected", ascending=False).reset_index()
    stages = [stage_name(run.case.projects[project].stage) for project in frame["project"]]
    frame = frame.assign(plant=frame["project"].map(run.names.placed), stage=stages)
    musd = float(frame["expected"].sum())
    return StandingWarm.over(
        frame, title=say("warm_title", musd=musd, plants=len(frame)), note=say("warm")
    )
