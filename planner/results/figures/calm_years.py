"""Figures of calm years: the use of plants by year, and the cost of keeping those at work whose output rises slowly."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.results.figures.plants import SLIGHT_TPA
from planner.results.figures.run import RunFigures

PLACE = ["scenario", "year", "project"]
MADE, MINED, RETURNED = "made", "mined", "returned"
"""Items of operations: goods that plants make, and feed that mines and other plants give."""
SLIGHT_MUSD = 1e-6
"""Loss (MUSD) up to which a plant does not run at one."""


def use_by_year(run: RunFigures) -> pd.DataFrame:
    """Use of each plant that is new or whose output rises slowly: project, stage, scenario, year, `share` of its capacity
    before shocks, and `tpa`, that capacity. Only plants that are used in some year."""
    rows = run.by_year["capacity"]
    tpa = rows["existing_tpa"] + rows["new_tpa"]
    is_slow = rows["project"].map(run.case.has_rise)
    is_new = rows["project"].isin(run.tables["investments"]["project"])
    rows = rows.assign(tpa=tpa)[(is_slow | is_new) & (tpa > SLIGHT_TPA)]
    used = rows.groupby("project")["throughput_t"].transform("sum") > SLIGHT_TPA
    rows = rows[used]
    share = (rows["throughput_t"] / rows["tpa"]).clip(upper=1.0)
    return rows.assign(share=share)[["project", "stage", "scenario", "year", "share", "tpa"]]


def standing_warm(run: RunFigures) -> pd.DataFrame:
    """Years in which a plant whose output rises slowly runs at a loss though nothing is disturbed: project, scenario,
    year, `tonnes` of throughput, `loss_musd`.

    The loss is running cost net of credits and what is taken in at its import price, less what is made and what comes
    back at import prices. Only plants all of whose goods have an import price; ore counts as free.
    """
    case = run.case
    slow = [project for project in case.projects if case.has_rise(project)]
    capacity = run.by_year["capacity"]
    runs = capacity[capacity["project"].isin(slow) & (capacity["throughput_t"] > SLIGHT_TPA)]
    if runs.empty or not case.import_price:
        return pd.DataFrame(columns=[*PLACE, "tonnes", "loss_musd"])
    flows = _valued(run)
    made = flows[flows["item"] == MADE].groupby(PLACE)["musd"].sum(skipna=False)
    taken = flows[flows["item"].isin(_taking(run)) & (flows["form"] != "")]
    paid = taken.groupby(PLACE)["musd"].sum()
    at = pd.MultiIndex.from_frame(runs[PLACE])
    running = runs["throughput_t"] * runs["project"].map(case.throughput_cost)
    costs = running.to_numpy() + paid.reindex(at, fill_value=0.0).to_numpy()
    back = _comes_back(flows).reindex(at, fill_value=0.0).to_numpy()
    loss = costs - made.reindex(at).to_numpy() - back
    found = runs[PLACE].assign(tonnes=runs["throughput_t"], loss_musd=loss)
    calm = pd.DataFrame(_undisturbed(run), columns=["scenario", "year"])
    return found[found["loss_musd"] > SLIGHT_MUSD].merge(calm)


def undisturbed_years(run: RunFigures) -> list[int]:
    """The years that no shock disturbs in some scenario, in order."""
    return sorted({year for _, year in _undisturbed(run)})


def _valued(run: RunFigures) -> pd.DataFrame:
    """The rows of operations about feeds and goods that plants take and make, with what they are worth (MUSD) at the
    lowest undisturbed import price of their good; no number where it has none."""
    flows = run.by_year["operations"]
    of_plants = flows["item"].isin({MADE, *_taking(run)})
    flows = flows[of_plants | (flows["feed"] != "")]
    prices = pd.Series(run.case.lowest_import_price, dtype=float)
    good = pd.MultiIndex.from_frame(flows[["country", "element", "form", "year"]])
    return flows.assign(musd=flows["tonnes"] * prices.reindex(good).to_numpy())


def _taking(run: RunFigures) -> set[str]:
    """The item of the throughput of plants that turn one form into another."""
    stages = [run.case.stage_of(project) for project in run.case.projects]
    return {stage.item for stage in stages if stage.converts}


def _comes_back(flows: pd.DataFrame) -> pd.Series:
    """Worth (MUSD) of the feed that each plant gives back: as much a tonne as what is made of that feed in the year."""
    feed = ["scenario", "year", "feed"]
    fed = flows[flows["feed"] != ""]
    made = fed[fed["item"] == MADE].groupby(feed)["musd"].sum()
    is_worked = ~fed["item"].isin([MADE, MINED, RETURNED])
    worked = fed[is_worked].groupby(feed)["tonnes"].sum()
    returned = fed[fed["item"] == RETURNED]
    at = pd.MultiIndex.from_frame(returned[feed])
    a_tonne = (made / worked).reindex(at).fillna(0.0).to_numpy()
    worth = returned.assign(musd=returned["tonnes"] * a_tonne)
    return worth.groupby(PLACE)["musd"].sum()


def _undisturbed(run: RunFigures) -> Iterator[tuple[str, int]]:
    """The scenarios and years in which no shock is at work; a delay is none."""
    hit = set[tuple[str, int]]()
    for shock in run.case.tables.shocks:
        if shock.kind != "delay" and shock.factor != 1:
            hit.update((shock.scenario, year) for year in run.years_of(shock))
    for scenario in run.case.scenarios:
        for year in run.years:
            if (scenario, year) not in hit:
                yield scenario, year
