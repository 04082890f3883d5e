"""Rows of result tables by their keys: the same whether there are few of them or many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.results import ledger


def test_keys_of_few_rows_are_told_apart_as_those_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "scenario": rng.choice(["calm", "cut", ""], 200),
            "year": rng.integers(2026, 2029, 200),
            "quarter": pd.array(rng.choice([1, 2, None], 200), dtype="Int64"),
        }
    )
    columns = list(table.columns)
    places, keys = ledger.coded(table, columns)
    monkeypatch.setattr(ledger, "FEW_ROWS", 0)
    places_of_many, keys_of_many = ledger.coded(table, columns)
    assert keys == keys_of_many and len(keys) == len(set(keys)) == 27
    np.testing.assert_array_equal(places, places_of_many)
    cells = [list(row) for row in table.fillna({"quarter": 0}).itertuples(index=False)]
    assert [list(keys[place]) for place in places] == cells
