"""Whether a run folder is as it was written: the digests of its files, and the figures that follow from its tables.

SHA256SUMS has a line per file, as `sha256sum -c SHA256SUMS` reads it. It tells of accidents and of edits by hand; who
renews it as well is found out where a figure can be computed from inputs and tables, and else by `planner replay`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.results.ledger import Ledger
from planner.results.losses import losses_of
from planner.results.plan import Status, differing, figures
from planner.results.schema import RESULT_TABLES, SHARES
from planner.results.verify import verify

SUMS = "SHA256SUMS"
SHOWN = 5
ASKED_LATER = ("explain.json", "removals.json", f"tables/{SHARES.name}.csv")
"""Files that may be gone: they can be asked for again."""
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_DESCRIBED = {"model": dict, "seconds": dict, "versions": dict, "goal": str, "inputs_sha256": str}
"""What every summary says beside the figures."""


def write_sums(folder: Path) -> None:
    """Write the digests of all that a run folder holds but its pages."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder))]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def changed_files(folder: Path) -> list[str]:
    """What was changed, taken away or added since the run was written, a line each. Raises RunFolderError if nobody
    can tell."""
    if not (folder / SUMS).is_file():
        raise RunFolderError(
            f"{folder}: holds no {SUMS}, so nobody can tell whether it is as it was written; solve the case again"
        )
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    written = {found[2]: found[1] for line in lines if (found := _LINE.fullmatch(line))}
    now = dict(_digests(folder))
    told = [
        f"{name}: was changed" for name in written if name in now and now[name] != written[name]
    ]
    told += [
        f"{name}: is missing" for name in written if name not in now and name not in ASKED_LATER
    ]
    return told + [f"{name}: was added" for name in now if name not in written]


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


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in (*folder.glob("*.json"), *folder.glob("inputs/*"), *folder.glob("tables/*")):
        if path.is_file():
            with path.open("rb") as file:
                yield (
                    path.relative_to(folder).as_posix(),
                    hashlib.file_digest(file, "sha256").hexdigest(),
                )


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
