"""Plan: how a solve ended and what it found, as values. Nothing of the model inside; it can be pickled and sent. And
two runs beside each other: whether they are the same, and what differs and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.display import shown
from planner.data.odds import are_bounded
from planner.errors import Fault, InputError, did_you_mean
from planner.results.display import MOST_ROWS
from planner.results.diversification import diversification
from planner.results.losses import Losses, risk_under, service_level
from planner.results.odds import least_risk, worst_odds
from planner.results.schema import LATER_TABLES, TEXT_COLUMNS
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
        figures = [
            f"{name} {self.summary[f'{name}_musd']:,.0f} MUSD"
            for name in ("risk", "cost")
            if self.tables
        ]
        return f"{type(self).__name__}({', '.join([self.case.name, self.status.value, *figures])})"

    def _repr_html_(self) -> str:
        facts = {"status": self.status.value}
        figures = ("risk_musd", "expected_loss_musd", "cvar_musd", "cost_musd", "public_spend_musd")
        for name in figures:
            if isinstance(self.summary.get(name), float):
                facts[name] = f"{self.summary[name]:,.1f}"
        tables: dict[str, str] = {}
        for name in ("investments", "shortfall"):
            if name in self.tables:
                rows = self.tables[name]
                tables[f"{name} ({len(rows)})"] = rows.head(MOST_ROWS).to_html(index=False)
        more = ['plan.table("investments")', "planner.explain(plan)", 'plan.write("reports/mine")']
        return shown(repr(self), facts, tables, more)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table. Raises InputError for an unknown name; it names the nearest."""
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
    short, demand = _expected_by_element(case, tables["shortfall"])
    out: dict[str, Any] = {"risk_musd": losses.risk, **_of_odds(case, losses)}
    if case.model.objective.goal == "risk":
        out["least_risk_musd"] = least_risk
    investments, training = tables["investments"], tables["training"]
    growing = [p for p, row in case.projects.items() if row.max_new_tpa > 0]
    completion = (
        training["programme"]
        .map({g: row.completion_rate for g, row in case.programmes.items()})
        .astype(float)
    )
    if checked.targets:
        out["targets"] = checked.targets
    out["diversification"] = diversification(case, tables["origins"])
    return out | {
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
        "new_capacity_tpa": _sum_by(
            growing, investments, "project", investments["tpa"] * investments["probability"]
        ),
        "trained": _sum_by(
            case.skills,
            training,
            "skill",
            training["intake"] * training["probability"] * completion,
        ),
    }


def _of_odds(case: Case, losses: Losses) -> dict[str, Any]:
    """Where bounds of probabilities are given: the risk by the given ones, and the worst and best that losses have."""
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


def _sum_by(
    names: Iterable[str], table: pd.DataFrame, column: str, values: pd.Series[float]
) -> dict[str, float]:
    """Sums of `values` for each name, 0 where the table has none."""
    found = values.groupby(table[column]).sum().items()
    return {**dict.fromkeys(names, 0.0), **{str(key): float(value) for key, value in found}}


def _expected_by_element(
    case: Case, shortfall: pd.DataFrame
) -> tuple[dict[str, float], dict[str, float]]:
    weight = shortfall["scenario"].map(case.scenarios).astype(float)
    by_element = shortfall.assign(
        short=shortfall["tonnes"] * weight, demand=shortfall["demand_t"] * weight
    )
    sums = (
        by_element.groupby("element")[["short", "demand"]]
        .sum()
        .reindex(list(case.elements), fill_value=0.0)
    )
    return (
        {str(e): float(v) for e, v in sums["short"].items()},
        {str(e): float(v) for e, v in sums["demand"].items()},
    )


# ---- whether two runs are the same ----------------------------------------------------------------------------------

TOLERANCE = 1e-9
SHOWN = 5
MAY_DIFFER = ("seconds", "versions", "certificate", "algorithms", "case")
"""What a summary says of the solving, not of the plan."""


def other_versions(stored: PlanValues, again: PlanValues) -> list[str]:
    """Programs of which another version is at work than when the run was stored."""
    before, now = stored.summary.get("versions", {}), again.summary["versions"]
    return [
        f"{name}: {before.get(name, 'none')} then, {now.get(name, 'none')} now"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def differences(stored: PlanValues, again: PlanValues) -> list[str]:
    """What of the summary and the tables differs by more than 1e-9, the first few of each."""
    before, now = (
        {key: value for key, value in run.summary.items() if key not in MAY_DIFFER}
        for run in (stored, again)
    )
    if before.get("inputs_sha256") != now.get("inputs_sha256"):
        return [
            "inputs/: are not what the run was solved from (inputs_sha256 differs)",
            *differing(before, now),
        ]
    found = differing(before, now)
    for name in dict.fromkeys([*stored.tables, *again.tables]):
        if name not in stored.tables or name not in again.tables:
            if name in LATER_TABLES and name in stored.tables:
                continue  # asked for after the run
            found.append(
                f"{name}.csv: only in the {'solved' if name in again.tables else 'stored'} run"
            )
        else:
            found += islice(_of_table(name, stored.tables[name], again.tables[name]), SHOWN)
    return found


def differing(
    stored: Mapping[str, Any], again: Mapping[str, Any], where: str = "solved"
) -> list[str]:
    """What of a summary differs from other figures, which come from `where`; the first few."""
    before, now = dict(_flat(stored)), dict(_flat(again))
    found = [
        f"summary.json: {key}: {before.get(key, 'missing')} stored, {now.get(key, 'missing')} {where}"
        for key in dict.fromkeys([*before, *now])
        if not _same(before.get(key), now.get(key))
    ]
    return (
        [*found[:SHOWN], f"summary.json: and {len(found) - SHOWN} more"]
        if len(found) > SHOWN
        else found
    )


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _same(one: object, two: object) -> bool:
    if isinstance(one, int | float) and isinstance(two, int | float) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == two


def _of_table(name: str, stored: pd.DataFrame, again: pd.DataFrame) -> Iterator[str]:
    if list(stored.columns) != list(again.columns):
        yield f"{name}.csv: columns {', '.join(stored.columns)} stored, {', '.join(again.columns)} solved"
    elif len(stored) != len(again):
        yield f"{name}.csv: {len(stored)} rows stored, {len(again)} solved"
    else:
        for column in stored.columns:
            pairs = zip(stored[column], again[column], strict=True)
            for line, (one, two) in enumerate(pairs, start=2):
                both_blank = bool(pd.isna(one)) and bool(pd.isna(two))
                same = str(one) == str(two) if column in TEXT_COLUMNS else _close(one, two)
                if not both_blank and not same:
                    yield f"{name}.csv:{line}: {column}: {one} stored, {two} solved"


def _close(one: Any, two: Any) -> bool:
    try:
        return math.isclose(float(one), float(two), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except (TypeError, ValueError):
        return str(one) == str(two)


# ---- what differs between two runs, and why. `planner.explanation.compare` fills it in ------------------------------


@dataclass(frozen=True)
class ChangedCell:
    """One input that differs: its place, and what it is in either run ('' where the row is not there)."""

    group: str
    where: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Figures:
    """Risk and cost (MUSD) and new capacity by project (t/y)."""

    risk: float
    cost: float
    capacity: Mapping[str, float]


@dataclass(frozen=True)
class Cause:
    """A group of inputs changed alone in the first run: what it does. None: it cannot be had alone; why says so."""

    group: str
    cells: int
    alone: Figures | None
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """Run `before` against run `after`. Effects of causes are against `before`; the rest is their interplay."""

    before: str
    after: str
    cells: Sequence[ChangedCell]
    first: Figures
    second: Figures
    causes: Sequence[Cause]

    def effect(self, cause: Cause) -> float:
        """Change of risk (MUSD) by a cause alone."""
        return cause.alone.risk - self.first.risk if cause.alone else 0.0

    @property
    def interplay(self) -> float:
        """Change of risk (MUSD) that no single cause explains."""
        return self.second.risk - self.first.risk - sum(map(self.effect, self.causes))
