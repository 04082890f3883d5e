"""Plan: the end of a solve and its findings, as values. Nothing of the model inside; it can be pickled and sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.odds import are_bounded
from planner.errors import Fault, InputError, did_you_mean
from planner.results.diversification import diversification
from planner.results.losses import Losses, risk_under, service_level
from planner.results.odds import least_risk, worst_odds
from planner.results.verify import Verification


class Status(StrEnum):
    """The status that the summary states, and the exit code that goes with it."""

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
    """A case and the plan found for it: `summary` as in summary.json, and the result tables by name."""

    case: Case
    status: Status
    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    point: NDArray[np.float64] | None = None
    """Of each phase the columns and row duals of the whole program (phases, n + m), at which a later solve begins."""

    def __repr__(self) -> str:
        parts = [self.case.name, self.status.value]
        if self.tables:
            for name in ("risk", "cost"):
                parts.append(f"{name} {self.summary[f'{name}_musd']:,.0f} MUSD")
        return f"{type(self).__name__}({', '.join(parts)})"

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table: `investments`, `capacity`, `training`, `workforce`, `operations`, `shortfall`, `stocks`,
        `spending`, `payments`, `shadow_prices`, `origins` or, where stock is scheduled, `purchases`; `list(plan.tables)` has
        the names.

        reports/README.md says what their columns hold. Raises InputError for an unknown name; it names the nearest.
        """
        if name not in self.tables:
            said = f'unknown table "{name}"{did_you_mean(name, self.tables)}'
            remedy = f"known: {', '.join(self.tables) or 'none, as there is no plan'}"
            raise InputError([Fault("plan", 0, name, said, remedy=remedy)])
        return self.tables[name].copy()


def figures(
    case: Case, tables: Mapping[str, pd.DataFrame], checked: Verification, least_risk: float | None
) -> dict[str, Any]:
    """The figures of summary.json: risk, cost, shortfall and decisions. Expected values weigh scenarios by probability;
    money is undiscounted where it is called spend, discounted where it is called cost or loss. `trained` counts who
    completes."""
    losses = checked.losses
    found: dict[str, Any] = {"risk_musd": losses.risk, **_of_odds(case, losses)}
    if case.model.objective.goal == "risk":
        found["least_risk_musd"] = least_risk
    if checked.targets:
        found["targets"] = checked.targets
    short = _expected_by_element(case, tables["shortfall"], "tonnes")
    demand = _expected_by_element(case, tables["shortfall"], "demand_t")
    return found | {
        "diversification": diversification(case, tables["origins"]),
        "expected_loss_musd": losses.expected,
        "cvar_musd": losses.cvar,
        "cost_musd": checked.cost,
        "cost_parts_musd": checked.cost_parts,
        "utilisation": checked.utilisation,
        "scenario_loss_musd": losses.by_scenario,
        "loss_musd_by_country": checked.losses_by_country,
        "expected_shortfall_t": short,
        "service_level": service_level(demand, short),
        "public_spend_musd": checked.public_spend,
        "new_capacity_tpa": _new_capacity(case, tables["investments"]),
        "trained": _trained(case, tables["training"]),
    }


def _of_odds(case: Case, losses: Losses) -> dict[str, Any]:
    """The risk by the given odds, and the worst and best within their bounds; nothing where none are given."""
    if not are_bounded(case) and case.model.objective.odds == "given":
        return {}
    worst = worst_odds(case, losses.by_scenario)
    return {
        "risk_given_musd": losses.risk_given,
        "odds": {
            "worst_risk_musd": risk_under(case, losses.by_scenario, worst),
            "best_risk_musd": least_risk(case, losses.by_scenario),
            "worst": worst,
        },
    }


def _expected_by_element(case: Case, shortfall: pd.DataFrame, column: str) -> dict[str, float]:
    chances = shortfall["scenario"].map(case.scenarios).astype(float)
    return _sum_by(case.elements, shortfall["element"], shortfall[column] * chances)


def _new_capacity(case: Case, investments: pd.DataFrame) -> dict[str, float]:
    """Project -> expected new capacity (t/y)."""
    growing = [project for project, row in case.projects.items() if row.max_new_tpa > 0]
    expected = investments["tpa"] * investments["probability"]
    return _sum_by(growing, investments["project"], expected)


def _trained(case: Case, training: pd.DataFrame) -> dict[str, float]:
    """Skill -> expected persons who complete a programme."""
    rates = {programme: row.completion_rate for programme, row in case.programmes.items()}
    completion = training["programme"].map(rates).astype(float)
    expected = training["intake"] * training["probability"] * completion
    return _sum_by(case.skills, training["skill"], expected)


def _sum_by(names: Iterable[str], key: pd.Series, values: pd.Series) -> dict[str, float]:
    """Sums of `values` for each name, 0 where the key has none."""
    sums = dict.fromkeys(names, 0.0)
    for name, total in values.groupby(key).sum().items():
        sums[str(name)] = float(total)
    return sums
