"""A run folder held against what was written: the digests of its files, and the figures that follow from its tables.

The record of digests (`planner.results.folders`) tells of accidents and of edits by hand; who renews it as well is
found out where a figure can be computed from inputs and tables, and else by `planner replay`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.results.folders import SHOWN, SUMS, current_sums, recorded_sums
from planner.results.ledger import Ledger
from planner.results.losses import losses_of
from planner.results.plan import Status, differing, figures
from planner.results.schema import LATER_TABLES, RESULT_TABLES
from planner.results.verify import verify

ASKED_LATER = (
    "explain.json",
    "evaluation.json",
    "removals.json",
    "coverage.json",
    *(f"tables/{name}.csv" for name in LATER_TABLES),
)
"""Files that may be gone: they can be asked for again."""
_DESCRIBED = {"model": dict, "seconds": dict, "versions": dict, "goal": str, "inputs_sha256": str}
"""What every summary says beside the figures."""


def changed_files(folder: Path) -> list[str]:
    """Files of a run that were changed, taken away or added since it was written, a line each; its pages do not count.

    Raises RunFolderError if nobody can tell.
    """
    if not (folder / SUMS).is_file():
        raise RunFolderError(
            f"{folder}: holds no {SUMS}, so nobody can tell whether it is as it was written; solve the case again"
        )
    written = {name: digest for name, digest in recorded_sums(folder).items() if _counts(name)}
    now = {name: digest for name, digest in current_sums(folder).items() if _counts(name)}
    told = []
    for name, digest in written.items():
        if name not in now:
            told += [] if name in ASKED_LATER else [f"{name}: is missing"]
        elif now[name] != digest:
            told.append(f"{name}: was changed")
    return told + [f"{name}: was added" for name in now if name not in written]


def _counts(name: str) -> bool:
    """Whether a file of a run says what the run is: summary, inputs and tables, not pages or what others put there."""
    folder, _, rest = name.rpartition("/")
    return folder in ("inputs", "tables") if folder else rest.endswith(".json")


def contradictions(
    case: Case, summary: Mapping[str, Any], tables: dict[str, pd.DataFrame]
) -> list[str]:
    """Where a summary says anything else than what inputs and tables give, a line each."""
    told = [f"summary.json: {key}: is missing" for key in _DESCRIBED if key not in summary]
    told += [
        f"summary.json: {k}: is not right"
        for k, v in _DESCRIBED.items()
        if not isinstance(summary.get(k, v()), v)
    ]
    plain = {
        key: summary[key].values() for key, kind in _DESCRIBED.items() if kind is dict and not told
    }
    plain |= {
        key: [value]
        for key, value in summary.items()
        if key.endswith("_musd") and not isinstance(value, dict)
    }
    told += [
        f"summary.json: {key}: is not right"
        for key, values in plain.items()
        if not all(value is None or isinstance(value, int | float | str) for value in values)
        or (key.endswith("_musd") and any(isinstance(value, str | bool) for value in values))
    ]
    if not told and case.sha256 != summary["inputs_sha256"]:
        told.append("inputs/: are not what the run was solved from (inputs_sha256 differs)")
    if not told and ("risk_musd" in summary or tables):
        told = list(_of_tables(tables)) or _of_figures(case, summary, tables)
    return told


def _of_tables(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Tables and columns that are missing or of another type than declared."""
    for name, declared in RESULT_TABLES.items():
        if name not in tables:
            yield f"tables/{name}.csv: is missing"
            continue
        for column in declared.columns:
            if column.name not in tables[name]:
                if not column.optional:
                    yield f"tables/{name}.csv: {column.name}: is missing"
            elif not (
                column.is_text or tables[name].empty or is_numeric_dtype(tables[name][column.name])
            ):
                yield f"tables/{name}.csv: {column.name}: holds something else than figures"


def _of_figures(
    case: Case, summary: Mapping[str, Any], tables: dict[str, pd.DataFrame]
) -> list[str]:
    try:
        checked = verify(case, tables)
        now = figures(case, tables, checked, summary.get("least_risk_musd"))
        said = {key: summary.get(key) for key in now}
        told_apart = dict(summary.get("diversification", {}))
        told_apart.pop("without_plan", None)
        said["diversification"] = told_apart
        if "without_plan" in summary:
            now["without_plan"] = _without_plan(case, tables)
            said["without_plan"] = {
                key: summary["without_plan"].get(key) for key in now["without_plan"]
            }
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return [f"tables/: do not fit the inputs ({type(error).__name__}: {error})"]
    told = differing(said, now, "by its tables")
    if summary["status"] == Status.OPTIMAL and not checked.holds:
        rule = max(checked.violations, key=lambda name: checked.violations[name])
        told.append(
            f"tables/: break the rule {rule} by {checked.worst:.2g}, and the run calls itself optimal"
        )
    return told


def _without_plan(case: Case, tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Losses of the case without a plan, from what it would be short of."""
    short = tables["shortfall"].assign(tonnes=tables["shortfall"]["without_plan_t"])
    found = losses_of(case, Ledger(case, tables | {"shortfall": short}))
    return {"risk_musd": found.risk, "expected_loss_musd": found.expected, "cvar_musd": found.cvar}


def refuse_if(folder: Path, told: list[str]) -> None:
    """Raise RunFolderError if anything is told of a run."""
    if not told:
        return
    more = [f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    listed = "\n".join(f"  {line}" for line in [*told[:SHOWN], *more])
    remedy = "solve the case again; `planner replay` tells what else differs"
    raise RunFolderError(f"{folder}: is not as it was written; {remedy}:\n{listed}")
