"""Who pays what: tables behind the pages on money."""

from __future__ import annotations

import pandas as pd

from planner.reporting.book import Book

ITEM_NAMES = {
    "capex mine": "Mines",
    "capex separation": "Separation plants",
    "capex metal": "Metal plants",
    "training fees": "Training fees",
    "training seats": "Training seats",
    "hiring": "Hiring",
    "stock purchases": "Stock purchases",
}


def spent(book: Book, by: str) -> pd.DataFrame:
    """Expected public money (MUSD) by year and `funder`, `country` or `item`: year, kind, amount."""
    rows = book.tables["spending"].groupby(["year", by], as_index=False)["expected"].sum()
    named = {"funder": book.names.party, "country": book.names.country, "item": item_name}[by]
    return pd.DataFrame({"year": rows["year"], "kind": rows[by].map(named), "amount": rows["expected"]})


def item_name(item: str) -> str:
    """Name of a spending item."""
    return ITEM_NAMES.get(item, item)


def largest_first(rows: pd.DataFrame) -> list[str]:
    """Kinds by their total, the largest first."""
    sums = rows.groupby("kind")["amount"].sum()
    return sorted(sums.index, key=lambda kind: (-sums[kind], kind))


def pivot(rows: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """kind x year, zero where nothing is spent; only years with any amount."""
    table = rows.pivot_table(index="kind", columns="year", values="amount", aggfunc="sum", fill_value=0.0)
    return table.reindex(columns=[y for y in years if y in table.columns]).reindex(largest_first(rows))


def budgets(book: Book) -> dict[str, float]:
    """Budget over the horizon (MUSD) by name of the funder."""
    out: dict[str, float] = {}
    for (funder, _), musd in book.case.budget.items():
        name = book.names.party(funder)
        out[name] = out.get(name, 0.0) + musd
    return out
