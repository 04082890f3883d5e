"""Plan: how a solve ended and what it found, as values. Nothing of the model inside; it can be pickled and sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.results.losses import service_level
from planner.results.verify import Verification


class Status(StrEnum):
    """What the summary says, and the exit code that goes with it."""

    OPTIMAL = "optimal"
    """An optimum; solver's and verifier's residuals are within tolerance."""
    INFEASIBLE = "infeasible"
    """No plan meets the goal."""
    TIME_LIMIT = "time_limit"
    """Stopped before an optimum was proven."""
    UNPROVEN = "unproven"
    """A point was found, but its certificate or verification does not hold."""

    @property
    def exit_code(self) -> int:
        """0 done, 3 infeasible, 4 stopped before optimal."""
        return {Status.OPTIMAL: 0, Status.INFEASIBLE: 3}.get(self, 4)


@dataclass(frozen=True, repr=False)
class PlanValues:
    """A case and what was found for it: `summary` as in summary.json, and the result tables by name."""

    case: Case
    status: Status
    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    point: NDArray[np.float64] | None = None
    """Of each phase the columns and row duals of the whole program (phases, n + m), from which it can be proven."""

    def __repr__(self) -> str:
        figures = [f"{name} {self.summary[f'{name}_musd']:,.0f} MUSD" for name in ("risk", "cost") if self.tables]
        return f"{type(self).__name__}({', '.join([self.case.name, self.status.value, *figures])})"

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table. Raises KeyError for an unknown name."""
        return self.tables[name].copy()


def figures(
    case: Case, tables: Mapping[str, pd.DataFrame], checked: Verification, least_risk: float | None
) -> dict[str, Any]:
    """The figures of summary.json: risk, cost, shortfall and decisions. Expected values weigh scenarios by probability;
    money is undiscounted where it is called spend, discounted where it is called cost or loss. `trained` counts who
    completes."""
    losses = checked.losses
    short, demand = _expected_by_element(case, tables["shortfall"])
    out: dict[str, Any] = {"risk_musd": losses.risk}
    if case.model.objective.goal == "risk":
        out["least_risk_musd"] = least_risk
    investments, training = tables["investments"], tables["training"]
    growing = [p for p, row in case.projects.items() if row.max_new_tpa > 0]
    completion = training["programme"].map({g: row.completion_rate for g, row in case.programmes.items()}).astype(float)
    return out | {
        "expected_loss_musd": losses.expected,
        "cvar_musd": losses.cvar,
        "cost_musd": checked.cost,
        "scenario_loss_musd": losses.by_scenario,
        "loss_musd_by_country": checked.losses_by_country,
        "expected_shortfall_t": short,
        "service_level": service_level(demand, short),
        "public_spend_musd": checked.public_spend,
        "new_capacity_tpa": _sum_by(growing, investments, "project", investments["tpa"] * investments["probability"]),
        "trained": _sum_by(case.skills, training, "skill", training["intake"] * training["probability"] * completion),
    }


def _sum_by(names: Iterable[str], table: pd.DataFrame, column: str, values: pd.Series[float]) -> dict[str, float]:
    """Sums of `values` for each name, 0 where the table has none."""
    found = values.groupby(table[column]).sum().items()
    return {**dict.fromkeys(names, 0.0), **{str(key): float(value) for key, value in found}}


def _expected_by_element(case: Case, shortfall: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    weight = shortfall["scenario"].map(case.scenarios).astype(float)
    by_element = shortfall.assign(short=shortfall["tonnes"] * weight, demand=shortfall["demand_t"] * weight)
    sums = by_element.groupby("element")[["short", "demand"]].sum().reindex(list(case.elements), fill_value=0.0)
    return ({str(e): float(v) for e, v in sums["short"].items()}, {str(e): float(v) for e, v in sums["demand"].items()})
