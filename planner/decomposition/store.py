"""The folder of an approximation.

DIR/approximation.json  bounds of every round, versions, input hash
DIR/investments.csv     the plan: new nameplate by project and year
DIR/training.csv        intakes and new seats by programme and year
DIR/hired.csv           hires by country, skill and year
DIR/losses.csv          loss of each scenario under the plan
DIR/inputs/             the case as it was read, and model.toml
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.decomposition.benders_loop import Approximation
from planner.formulation.index_sets import Scope
from planner.formulation.money import full_capex
from planner.results.store import csv_text, write_case, write_folder
from planner.solving.highs import versions
from planner.solving.program import ZERO

ABOUT = "approximation.json"


def plan_tables(case: Case, decided: Mapping[tuple[str, Any], float]) -> dict[str, pd.DataFrame]:
    """The decisions of a plan (t/y, MUSD, persons) by table."""
    amounts = {key: value for key, value in decided.items() if value > ZERO}
    year, scope = case.first_year, Scope(case)

    def indices(*names: str) -> list[Any]:
        return sorted({index for name, index in amounts if name in names})

    built, taught = [], []
    for p, d in indices("build"):
        row, tpa = case.projects[p], amounts["build", (p, d)]
        built.append((p, row.stage, row.country, year + d, tpa, tpa * full_capex(scope, p)))
    for g, d in indices("intake", "new_seats"):
        course = case.programmes[g]
        intake, seats = (amounts.get((name, (g, d)), 0.0) for name in ("intake", "new_seats"))
        taught.append((g, course.country, course.skill, year + d, intake, seats))
    hired = [(c, k, year + d, amounts["hired", (c, k, d)]) for c, k, d in indices("hired")]
    return {
        "investments": pd.DataFrame(built, columns=["project", "stage", "country", "year", "tpa", "capex_musd"]),
        "training": pd.DataFrame(taught, columns=["programme", "country", "skill", "year", "intake", "new_seats"]),
        "hired": pd.DataFrame(hired, columns=["country", "skill", "year", "hired"]),
    }


def loss_table(case: Case, found: Approximation) -> pd.DataFrame:
    """scenario, probability, loss (MUSD)."""
    rows = [(w, case.scenarios[w], found.losses[w]) for w in case.scenarios]
    return pd.DataFrame(rows, columns=["scenario", "probability", "loss_musd"])


def write_approximation(target: Path, case: Case, found: Approximation) -> None:
    """Write the folder, whole or not at all. Raises RunFolderError."""
    about = {
        "case": case.name,
        "scenarios": len(case.scenarios),
        "least_risk_musd": {"at_least": found.risk_lower, "at_most": found.risk_upper},
        "risk_limit_musd": found.limit,
        "least_cost_musd": {"at_least": found.cost_lower, "at_most": found.cost},
        "risk_musd": found.risk,
        "cost_musd": found.cost,
        "alone": list(found.alone),
        "rounds": [
            {"measure": one.measure, "at_least": one.lower, "at_most": one.upper, "cuts": one.cuts}
            for one in found.rounds
        ],
        "versions": versions(),
        "inputs_sha256": case.sha256,
    }

    def fill(folder: Path) -> None:
        write_case(case, folder / "inputs")
        for name, table in {**plan_tables(case, found.decided), "losses": loss_table(case, found)}.items():
            (folder / f"{name}.csv").write_text(csv_text(table), encoding="utf-8", newline="\n")
        (folder / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    write_folder(target, ABOUT, "an approximation", fill)
