"""Distribution of the loss over scenarios, with the plan and without one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.results.figures.evaluated import out_of_sample
from planner.results.plan import Plan

MOST_POINTS = 150
"""Points of a curve; between two of them losses are not distinguished."""


def is_evaluated(plan: Plan) -> bool:
    """The plan has losses in scenarios other than its own."""
    return out_of_sample(plan) is not None and "scenario_losses" in (plan.evaluation or {})


def loss_exceedance(plan: Plan) -> pd.DataFrame:
    """Return the exceedance curves: `plan` (true with the plan), `loss` (MUSD), `probability` of a larger loss.

    The scenarios are those of the evaluation, or those of the optimisation where the plan was not evaluated.
    """
    if is_evaluated(plan):
        losses = (plan.evaluation or {})["scenario_losses"]
        weights = np.array(losses["probability"])
        by_plan = {True: losses["plan_musd"], False: losses["without_plan_musd"]}
    else:
        scenarios = list(plan.weights)
        weights = np.array([plan.weights[scenario] for scenario in scenarios])
        both = {True: plan.summary, False: plan.without}
        by_plan = {}
        for with_plan, summary in both.items():
            if "scenario_loss_musd" in summary:
                by_plan[with_plan] = [summary["scenario_loss_musd"][one] for one in scenarios]
    curves = [
        _curve(np.array(losses, dtype=float), weights).assign(plan=with_plan)
        for with_plan, losses in by_plan.items()
    ]
    return pd.concat(curves, ignore_index=True)


def _curve(losses: np.ndarray, weights: np.ndarray) -> pd.DataFrame:
    """The steps of one curve, from a probability of 1 at no loss down to the largest loss."""
    order = np.argsort(losses, kind="stable")
    loss = np.concatenate([[0.0], losses[order]])
    left = np.concatenate([[1.0], 1.0 - np.cumsum(weights[order]) / weights.sum()])
    frame = pd.DataFrame({"loss": loss, "probability": np.clip(left, 0.0, 1.0)})
    if len(frame) > MOST_POINTS:
        places = np.unique(np.linspace(0, len(frame) - 1, MOST_POINTS).round().astype(int))
        frame = frame.iloc[places]
    return frame
