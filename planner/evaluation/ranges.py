"""How far a plan's risk out of sample may be off besides sampling: by odds within their bounds, by what a loss costs.

Both are of the scenarios of the evaluation, so that all ranges of a page stand on one basis.
"""

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
    """The risk (MUSD) by the best and by the worst odds that the bounds of the scenarios allow; None without bounds.

    case: of the plan, for its objective. samples: each with its scenarios. losses: of each scenario (MUSD), by
    `number:scenario`, the number of its sample counted from 1.
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
    """A scenario of one of some samples, with its part of the probability and of the bounds."""
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
    """The case with every loss per kg at the low and at the high end that `uncertainties` gives it; None without."""
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
