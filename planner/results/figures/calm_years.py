"""Figures of calm years: the use of plants by year, and the cost of keeping those at work whose output rises slowly."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.data.scenario_tree import scenario_tree
from planner.results.figures.plants import SLIGHT_TPA
from planner.results.figures.run import RunFigures

PLACE = ["scenario", "year", "project"]
GOOD = ["country", "element", "form", "year"]
FEED = ["scenario", "year", "feed"]
USE = ["project", "stage", "scenario", "year", "share", "tpa"]
WARM = [*PLACE, "tonnes", "loss_musd"]
"""Columns of the figures."""
MADE, MINED, RETURNED = "made", "mined", "returned"
"""Items of operations: goods that plants make, and feed that mines and other plants give."""
SLIGHT_MUSD = 1e-6
"""Loss (MUSD) up to which a plant does not run at one."""


def use_by_year(run: RunFigures) -> pd.DataFrame:
    """Use of each plant that is new or whose output rises slowly: project, stage, scenario, year, `share` of its capacity
    before shocks, and `tpa`, that capacity. Only plants that are used in some year."""
    rows = run.by_year["capacity"]
    rows = rows.assign(tpa=rows["existing_tpa"] + rows["new_tpa"])
    built = run.tables["investments"]["project"]
    is_new = rows["project"].isin(built)
    is_slow = rows["project"].map(run.case.has_rise)
    is_there = rows["tpa"] > SLIGHT_TPA
    rows = rows[is_there & (is_new | is_slow)]
    throughput = rows.groupby("project")["throughput_t"]
    is_used = throughput.transform("sum") > SLIGHT_TPA
    rows = rows[is_used]
    share = rows["throughput_t"] / rows["tpa"]
    rows = rows.assign(share=share.clip(upper=1.0))
    return rows[USE]


def standing_warm(run: RunFigures) -> pd.DataFrame:
    """Years in which a plant whose output rises slowly runs at a loss though nothing is disturbed: project, scenario,
    year, `tonnes` of throughput, `loss_musd`.

    The loss is running cost net of credits and what is taken in at its import price, less what is made and what comes
    back at import prices. Only plants all of whose goods have an import price; ore counts as free.
    """
    rows = _slow_plants_at_work(run)
    if rows.empty or not run.case.import_price:
        return pd.DataFrame(columns=WARM)
    flows = _valued(run)
    at = pd.MultiIndex.from_frame(rows[PLACE])
    made = _worth_of_goods(flows).reindex(at)
    paid = _paid_for_goods(run, flows).reindex(at, fill_value=0.0)
    back = _comes_back(flows).reindex(at, fill_value=0.0)
    running = rows["throughput_t"] * rows["project"].map(run.case.throughput_cost)
    cost = running.to_numpy() + paid.to_numpy()
    loss = cost - made.to_numpy() - back.to_numpy()
    found = rows.assign(tonnes=rows["throughput_t"], loss_musd=loss)[WARM]
    at_a_loss = found[found["loss_musd"] > SLIGHT_MUSD]
    undisturbed = pd.DataFrame(_undisturbed_years(run), columns=["scenario", "year"])
    return at_a_loss.merge(undisturbed)


def _slow_plants_at_work(run: RunFigures) -> pd.DataFrame:
    """Rows of capacity in which a plant whose output rises slowly produces."""
    rows = run.by_year["capacity"]
    is_slow = rows["project"].map(run.case.has_rise).astype(bool)
    at_work = rows["throughput_t"] > SLIGHT_TPA
    return rows[is_slow & at_work]


def _worth_of_goods(flows: pd.DataFrame) -> pd.Series:
    """Worth (MUSD) of all that each plant makes; no number where one of its goods has no price."""
    made = flows[flows["item"] == MADE]
    return made.groupby(PLACE)["musd"].sum(skipna=False)


def _paid_for_goods(run: RunFigures, flows: pd.DataFrame) -> pd.Series:
    """Price (MUSD) of the goods that each plant takes in."""
    is_taken = flows["item"].isin(_taking(run))
    is_good = flows["form"] != ""
    return flows[is_taken & is_good].groupby(PLACE)["musd"].sum()


def undisturbed_years(run: RunFigures) -> list[int]:
    """The years in which some scenario is undisturbed, in order."""
    return sorted({year for _, year in _undisturbed_years(run)})


def _undisturbed_years(run: RunFigures) -> Iterator[tuple[str, int]]:
    """Each scenario with the years in which it is undisturbed."""
    tree = scenario_tree(run.case)
    for scenario in run.case.scenarios:
        for year in tree.undisturbed_years(scenario):
            yield scenario, year


def _valued(run: RunFigures) -> pd.DataFrame:
    """The rows of operations about feeds and goods that plants take and make, with what they are worth (MUSD) at the
    lowest undisturbed import price of their good; no number where it has none."""
    flows = run.by_year["operations"]
    is_good = flows["item"].isin({MADE, *_taking(run)})
    is_feed = flows["feed"] != ""
    flows = flows[is_good | is_feed]
    prices = pd.Series(run.case.lowest_import_price, dtype=float)
    good = pd.MultiIndex.from_frame(flows[GOOD])
    a_tonne = prices.reindex(good)
    return flows.assign(musd=flows["tonnes"] * a_tonne.to_numpy())


def _taking(run: RunFigures) -> set[str]:
    """The item of the throughput of plants that turn one form into another."""
    stages = [run.case.stage_of(project) for project in run.case.projects]
    return {stage.item for stage in stages if stage.converts}


def _comes_back(flows: pd.DataFrame) -> pd.Series:
    """Worth (MUSD) of the feed that each plant gives back: as much a tonne as what is made of that feed in the year."""
    fed = flows[flows["feed"] != ""]
    a_tonne = _worth_of_feeds(fed)
    returned = fed[fed["item"] == RETURNED]
    at = pd.MultiIndex.from_frame(returned[FEED])
    worth = a_tonne.reindex(at).fillna(0.0)
    returned = returned.assign(musd=returned["tonnes"] * worth.to_numpy())
    return returned.groupby(PLACE)["musd"].sum()


def _worth_of_feeds(fed: pd.DataFrame) -> pd.Series:
    """Worth (MUSD) of what is made of a tonne of each feed that is worked in a year."""
    made = fed[fed["item"] == MADE]
    is_given = fed["item"].isin([MADE, MINED, RETURNED])
    worked = fed[~is_given]
    worth = made.groupby(FEED)["musd"].sum()
    return worth / worked.groupby(FEED)["tonnes"].sum()
