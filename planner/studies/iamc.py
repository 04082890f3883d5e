"""The points of a study in the format of the Integrated Assessment Modeling Consortium, which pyam reads."""

from __future__ import annotations

import pandas as pd

from planner.data.case import Case
from planner.results.study import OPTIMAL, unit_ending

COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
UNITS = {"musd": "million USD", "t": "t", "tpa": "t/yr"}
"""What the name of an outcome ends with (`unit_ending`) -> its unit; others are shares, or persons."""
OF_DECISIONS = {"build": "t/yr", "buy": "t", "intake": "persons", "hire": "persons"}
EVERYWHERE = "World"


def iamc_of(case: Case, results: pd.DataFrame, plans: pd.DataFrame) -> pd.DataFrame:
    """Outcomes and decisions of all points with an optimum: model, scenario, region, variable, unit, year, value.

    A scenario is a point, called by its name. Outcomes are of the whole horizon and stand in its first year; decisions
    in the years in which they are taken.
    """
    solved = results[results["status"] == OPTIMAL].drop_duplicates("point").set_index("point")
    first = list(results.columns).index("message") + 1
    outcomes = solved[list(results.columns[first:])].reset_index(names="scenario")
    melted = outcomes.melt(id_vars="scenario", var_name="variable", value_name="value")
    rows = melted.dropna(subset=["value"])
    rows["unit"] = rows["variable"].map(unit_of)
    rows["year"] = case.first_year
    decided = plans.rename(columns={"point": "scenario", "amount": "value"})
    decided["unit"] = plans["decision"].map(OF_DECISIONS)
    decided["variable"] = "decision." + plans["decision"] + "." + plans["thing"]
    both = pd.concat([rows, decided], ignore_index=True)
    both["variable"] = both["variable"].str.replace(".", "|", regex=False)
    both["model"] = f"planner {case.model.name}"
    both["region"] = EVERYWHERE
    return both[COLUMNS]


def unit_of(outcome: str) -> str:
    """The unit of an outcome.

    >>> unit_of("loss_musd_by_country.JPN.expected"), unit_of("new_capacity_tpa.coast_plant"), unit_of("hired.chemist")
    ('million USD', 't/yr', '1')
    """
    return UNITS.get(unit_ending(outcome), "1")
