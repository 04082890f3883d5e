"""A plan's risk in scenarios that it was not made for, as values and as evaluation.json."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from planner.results.store import fingerprint

EVALUATION = "evaluation.json"
RISK = "risk_musd"
KEYS = (RISK, "expected_loss_musd", "cvar_musd")
"""The three figures of which each estimate is one."""


@dataclass(frozen=True)
class Estimate:
    """A figure (MUSD) with its 95 % interval; none where `why` says why there is none."""

    value: float
    low: float | None
    high: float | None
    why: str = ""

    @property
    def half(self) -> float | None:
        """Half the width of the interval, as a share of the figure."""
        if self.low is None or self.high is None or self.value <= 0:
            return None
        return (self.high - self.low) / 2 / self.value

    def needed(self, count: int, share: float) -> int | None:
        """Of `count` draws, or samples, as many as make half the interval `share` of the figure.

        The interval shrinks with the root of their number. None without an interval.
        """
        if self.half is None:
            return None
        return max(2, math.ceil(count * (self.half / share) ** 2))

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:,.0f} MUSD"
        return f"{self.value:,.0f} MUSD ({self.low:,.0f} to {self.high:,.0f} with 95 %)"

    def as_json(self) -> dict[str, Any]:
        """value, low, high; and why there is no interval."""
        found: dict[str, Any] = {"value": self.value, "low": self.low, "high": self.high}
        if self.why:
            found["why"] = self.why
        return found


Estimates = Mapping[str, Estimate]
"""By the names of `KEYS`."""


@dataclass(frozen=True)
class PolicyFigures:
    """Figures under a policy that knows the past alone, and under one that knows each scenario from the start.

    foreseen: None where it was not asked for. purchases: expected stock purchases of the policy (MUSD, discounted).
    """

    policy: Estimates
    foreseen: Estimates | None = None
    purchases: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """`policy` and `foreseen`, each with the three figures."""
        return {"policy": _stated(self.policy), "foreseen": _stated(self.foreseen)}


def _stated(found: Estimates | None) -> dict[str, Any] | None:
    return None if found is None else {key: found[key].as_json() for key in KEYS}


@dataclass(frozen=True, kw_only=True)
class RiskRange:
    """The risk (MUSD) at both ends of what is not known."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class RiskRanges:
    """The plan's risk in the same scenarios by the best and the worst odds within their bounds, and with every loss
    per kg at both ends of its doubt; None where the case gives no bounds or no doubt."""

    odds: RiskRange | None
    losses: RiskRange | None


@dataclass(frozen=True, kw_only=True)
class OptimalityGap:
    """What a plan costs more than the optimum of the same fresh samples (MUSD): the mean, and its one-sided 95 %
    bound, None for one replication."""

    value: float
    high: float | None
    replications: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation:
    """A plan with its decisions fixed in other scenarios, and the same scenarios without a plan.

    table: a row for each scenario (sample, scenario, probability, and the loss in MUSD of each way). futures: how
    many. samples: how many of them were drawn apart, with the seeds after `seed`; 0 where they were given. policy: the
    name of the policy, and `how` it decides. out_of_sample: true where the plan was not made for these scenarios; a
    register without hazards, or a folder with the plan's own scenarios, gives no others. difference: without the plan
    less with it, in the same scenarios. in_sample: the risk in the scenarios that the plan was made for. ranges: how
    far that may be off besides sampling. gap: how far the plan is from the best one, if asked.
    """

    policy: str
    how: str
    out_of_sample: bool
    futures: int
    samples: int
    seed: int
    method: str
    plan: PolicyFigures
    without_plan: PolicyFigures
    difference: PolicyFigures
    in_sample: Mapping[str, float | None]
    ranges: RiskRanges
    table: pd.DataFrame
    gap: OptimalityGap | None = None

    def __repr__(self) -> str:
        with_it, without = self.plan.policy[RISK], self.without_plan.policy[RISK]
        return f"Evaluation({self.futures} scenarios, {self.where}: risk {with_it}, without a plan {without})"

    @property
    def where(self) -> str:
        """'out of sample', or 'in sample' where the plan was made for these scenarios."""
        return "out of sample" if self.out_of_sample else "in sample"

    def as_json(self) -> dict[str, Any]:
        """The contents of evaluation.json."""
        purchases = {"plan": self.plan.purchases, "without_plan": self.without_plan.purchases}
        gap = {} if self.gap is None else {"optimality_gap": asdict(self.gap)}
        return {
            "futures": self.futures,
            "out_of_sample": self.out_of_sample,
            "seed": self.seed,
            "policy": self.policy,
            "policy_is": self.how,
            "samples": self.samples,
            "interval": self.method,
            "plan": self.plan.as_json(),
            "without_plan": self.without_plan.as_json(),
            "difference": self.difference.as_json(),
            "stock_purchases_musd": purchases,
            "in_sample_risk_musd": dict(self.in_sample),
            "ranges": asdict(self.ranges),
            "scenario_losses": self._scenario_losses,
            **gap,
        }

    @property
    def _scenario_losses(self) -> dict[str, list[float]]:
        """Probability over all samples, and losses (MUSD) of the policy, by scenario."""
        table = self.table
        return {
            "probability": (table["probability"] / max(self.samples, 1)).round(9).tolist(),
            "plan_musd": table["loss_musd"].round(3).tolist(),
            "without_plan_musd": table["without_plan_loss_musd"].round(3).tolist(),
        }


def read_evaluation(folder: Path) -> dict[str, Any] | None:
    """evaluation.json of a run folder; None if there is none, or if it belongs to another run."""
    path = folder / EVALUATION
    if not path.exists():
        return None
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        stated = [float(values["plan"]["policy"][key]["value"]) for key in KEYS]
        return values if stated and values["run_sha256"] == fingerprint(folder) else None
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return None
