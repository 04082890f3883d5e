"""Random cases for properties: a folder of tables and a model, and ways to change them."""

from __future__ import annotations

import csv
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

import planner
from planner import Plan
from planner.config import ModelFile, build_model
from tests.cases import LONG, read_rows
from tests.oracle.random_case import write_random_case

Rows = list[dict[str, str]]
Change = Callable[[Rows], Rows]

seeds = st.integers(0, 1_000_000)
EXAMPLES = 40 if LONG else 3
"""Cases per property."""
few = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)


@dataclass(frozen=True)
class World:
    """A random case folder and the nested values of its model."""

    folder: Path
    values: dict[str, Any]
    rng: random.Random

    def model(self, **overrides: object) -> ModelFile:
        """The model with dotted keys (`__` for the dot) replaced; goal `risk` without slack if nothing else is said."""
        values = {
            **self.values,
            "objective": {k: v for k, v in self.values["objective"].items() if k != "risk_limit"},
        }
        keys = {"objective.goal": "risk", "objective.risk_slack": 0.0} | {
            k.replace("__", "."): v for k, v in overrides.items()
        }
        return build_model(values, keys, "model", "random")

    def changed(self, **changes: Change) -> World:
        """A copy with some tables changed."""
        folder = Path(tempfile.mkdtemp(dir=self.folder.parent)) / "case"
        shutil.copytree(self.folder, folder)
        for table, change in changes.items():
            rows = change(read_rows(folder, table))
            if rows:
                write_rows(folder / f"{table}.csv", rows)
        return World(folder, self.values, self.rng)

    def solve(self, **overrides: object) -> Plan:
        """The plan; always an optimum, since doing nothing is one."""
        plan = planner.solve(planner.load(self.folder, self.model(**overrides)), baseline=False)
        assert plan.summary["status"] == "optimal"
        return plan

    def figures(self, **overrides: object) -> Mapping[str, Any]:
        """The figures of the plan; its tables, and all that is recomputed from them, in a long run only."""
        if LONG:
            return self.solve(**overrides).summary
        return planner.Session(planner.load(self.folder, self.model(**overrides))).figures()

    def least_risk(self, **overrides: object) -> float:
        """Least attainable risk."""
        return float(self.figures(**overrides)["least_risk_musd"])


@contextmanager
def world(seed: int, *, scheduled: bool = False) -> Iterator[World]:
    """The random case of a seed, in a temporary folder; `scheduled` as in `write_random_case`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "case"
        folder.mkdir()
        yield World(
            folder, write_random_case(folder, seed, scheduled=scheduled), random.Random(seed)
        )


def write_rows(path: Path, rows: Rows) -> None:
    """A CSV with the columns of all rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def times(factor: float, *columns: str) -> Change:
    """Multiply columns where they are given."""
    return lambda rows: [
        row | {c: repr(float(row[c]) * factor) for c in columns if row.get(c)} for row in rows
    ]
