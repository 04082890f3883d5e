"""Who pays what: tables behind the pages on money."""

from __future__ import annotations

import pandas as pd

from planner.reporting.values.view import RunView, records

ITEM_NAMES = {
    "capex mine": "Mines",
    "capex separation": "Separation plants",
    "capex metal": "Metal plants",
    "training fees": "Training fees",
    "training seats": "Training seats",
    "hiring": "Hiring",
    "stock purchases": "Stock purchases",
}


def spent(run: RunView, by: str) -> pd.DataFrame:
    """Expected public money (MUSD) by year and `funder`, `country` or `item`: year, kind, amount."""
    rows = run.tables["spending"].groupby(["year", by], as_index=False)["expected"].sum()
    named = {"funder": run.names.party, "country": run.names.country, "item": item_name}[by]
    return pd.DataFrame({"year": rows["year"], "kind": rows[by].map(named), "amount": rows["expected"]})


def item_name(item: str) -> str:
    """Name of a spending item."""
    return ITEM_NAMES.get(item, item)


def largest_first(rows: pd.DataFrame) -> list[str]:
    """Kinds by their total, the largest first."""
    sums = rows.groupby("kind")["amount"].sum()
    return sorted(sums.index, key=lambda kind: (-sums[kind], kind))


def pivot(rows: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """kind x year, zero where nothing is spent; all years from the first to the last with any amount."""
    table = rows.pivot_table(index="kind", columns="year", values="amount", aggfunc="sum", fill_value=0.0)
    spent_in = [y for y in years if y in table.columns]
    span = [y for y in years if spent_in and spent_in[0] <= y <= spent_in[-1]]
    return table.reindex(columns=span, fill_value=0.0).reindex(largest_first(rows))


def budgets(run: RunView) -> dict[str, float]:
    """Budget over the horizon (MUSD) by name of the funder."""
    out: dict[str, float] = {}
    for (funder, _), musd in run.case.budget.items():
        name = run.names.party(funder)
        out[name] = out.get(name, 0.0) + musd
    return out


def _paid(run: RunView) -> pd.DataFrame:
    return run.tables["spending"].groupby(["funder", "year"], as_index=False)[["expected"]].sum()


def budget_use(run: RunView) -> pd.DataFrame:
    """Expected public money by funder and year (MUSD): `spent`, `budget` of the year, `available` with what is carried
    over, and `left`."""
    paid = {(r["funder"], r["year"]): r["expected"] for r in records(_paid(run))}
    carries = run.case.model.policy.budget_carry_over
    funders = sorted({funder for funder, _ in [*run.case.budget, *paid]})
    out = []
    for funder in funders:
        carried = 0.0
        for year in run.years:
            budget, spent_now = run.case.budget.get((funder, year), 0.0), float(paid.get((funder, year), 0.0))
            available = budget + carried
            out.append((funder, year, spent_now, budget, available, max(available - spent_now, 0.0)))
            carried = available - spent_now if carries else 0.0
    return pd.DataFrame(out, columns=["funder", "year", "spent", "budget", "available", "left"])
