"""Ranges of the out-of-sample risk besides sampling: odds within their bounds, loss per kg within its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.cells import conditions
from planner.data.case import Case, with_rows
from planner.data.change import cells_changed
from planner.data.changed_case import Changer
from planner.data.odds import are_bounded
from planner.data.schema import Scenario
from planner.results.evaluation import RiskRange
from planner.results.losses import risk_under
from planner.results.odds import least_risk, worst_odds

LOSS = "loss_usd_per_kg"


def risk_by_odds(
    case: Case, samples: Sequence[Case], losses: Mapping[str, float]
) -> RiskRange | None:
    """Risk (MUSD) under the best and the worst odds within the bounds of the scenarios; None without bounds.

    samples: cases with scenarios. losses: MUSD by `number:scenario`, samples numbered from 1.
    """
    rows: list[Scenario] = []
    for number, sample in enumerate(samples, start=1):
        rows += [_part_of(row, len(samples), number) for row in sample.tables.scenarios]
    together = with_rows(case, scenarios=tuple(rows), shocks=(), draws=(), hazards=())
    if not are_bounded(together):
        return None
    worst = worst_odds(together, losses)
    by_scenario = {name: losses[name] for name in worst}
    most = risk_under(case, by_scenario, worst)
    return RiskRange(low=least_risk(together, losses), high=most)


def _part_of(row: Scenario, samples: int, number: int) -> Scenario:
    update: dict[str, object] = {
        "scenario": f"{number}:{row.scenario}",
        "storyline": row.storyline or row.scenario,
        "probability": row.probability / samples,
    }
    if row.probability_low is not None and row.probability_high is not None:
        update["probability_low"] = row.probability_low / samples
        update["probability_high"] = row.probability_high / samples
    return row.model_copy(update=update)


def ends_of_losses(case: Case) -> tuple[Case, Case] | None:
    """The case with every loss per kg at the low and the high end of `uncertainties`; None without rows."""
    rows = [row for row in case.tables.uncertainties if row.column == LOSS]
    if not rows:
        return None
    low, high = case, case
    for row in rows:
        where = conditions(row.where)
        low = Changer(low, strict=False).apply(
            [cells_changed(row.table, where, LOSS, f"x{row.low!r}")]
        )
        high = Changer(high, strict=False).apply(
            [cells_changed(row.table, where, LOSS, f"x{row.high!r}")]
        )
    return low, high
