"""The result tables of a case whose branches were solved one by one: those of each part, joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.cells import Quarter
from planner.data.shock_effects import Period
from planner.decomposition.grouping import Grouping
from planner.decomposition.master import Shared
from planner.decomposition.parts import CasePart
from planner.decomposition.subproblem import BranchResult
from planner.formulation.index_sets import Scope
from planner.results.schema import TABLE_COLUMNS
from planner.solving.extract import extract_tables, words
from planner.solving.spending import Items, Spent, items_spent
from planner.solving.values import Values

RowKey = tuple[str, str, int, int | None]
"""Country, scenario, year and quarter."""


@dataclass(frozen=True)
class PartTables:
    """Result tables of what happens in a part, what is spent where (item -> MUSD), and how its branches fare."""

    tables: dict[str, pd.DataFrame]
    spent: dict[RowKey, Items]
    results: Sequence[BranchResult] = ()


def values_on(part: CasePart, shared: Shared) -> Values:
    """Decisions and operations along the reference, on the nodes of a part."""
    values = Values()
    values.add(shared.columns, shared.values, dict(zip(shared.nodes, part.stem, strict=True)))
    return values


def tables_of(part: CasePart, values: Values, results: Sequence[BranchResult] = ()) -> PartTables:
    """The tables of a part: of its scenarios what is off the reference; of a part without scenarios all."""
    scope, alone = part.scope, not part.names
    left = {w: sum(n in part.stem for n in scope.tree.path_of(w)) for w in part.names}
    tables = {}
    for name, table in extract_tables(scope, values).items():
        if alone:
            tables[name] = table
        elif "scenario" in table:
            first = table["scenario"].map(left).fillna(len(part.periods)).to_numpy(int)
            tables[name] = table[places(table, part.periods) >= first]
    accounts = scope.account_tree
    spent = {
        (c, accounts.nodes[n].scenarios[0], accounts.nodes[n].year, accounts.nodes[n].quarter): items
        for (c, n), items in (items_spent(scope, values).items() if alone or accounts is scope.tree else ())
        if alone or n not in part.stem
    }
    return PartTables(tables, spent, results)


def places(table: pd.DataFrame, periods: Sequence[Period]) -> NDArray[np.intp]:
    """The position of each row's period among the periods."""
    keys = table["year"].to_numpy(int) * 8 + table["quarter"].fillna(0).to_numpy(int)
    ordered = [p.year * 8 + p.quarter if isinstance(p, Quarter) else p * 8 for p in periods]
    return np.asarray(np.searchsorted(ordered, keys), dtype=np.intp)


def joined(grouping: Grouping, reference: PartTables, parts: Sequence[PartTables]) -> dict[str, pd.DataFrame]:
    """The tables of all scenarios: what is done along the reference is done by each until it leaves it."""
    names = list(grouping.case.scenarios)
    count, rank = len(grouping.periods), {w: i for i, w in enumerate(names)}
    stays = np.array([grouping.left.get(w, count) for w in names])
    out = {}
    for name, table in reference.tables.items():
        if "scenario" not in table:
            out[name] = table
            continue
        table = table.iloc[np.argsort(places(table, grouping.periods), kind="stable")]
        until = np.searchsorted(places(table, grouping.periods), stays)
        rows = np.concatenate([np.arange(n) for n in until]) if len(until) else np.empty(0, dtype=int)
        along = table.iloc[rows].assign(scenario=words(names, np.repeat(np.arange(len(names)), until)))
        whole = pd.concat([along, *(part.tables[name] for part in parts if len(part.tables[name]))])
        order = np.lexsort([places(whole, grouping.periods), whole["scenario"].map(rank).to_numpy(int)])
        out[name] = whole.iloc[order].reset_index(drop=True)[list(TABLE_COLUMNS[name])]
    return out


def spent_in(scope: Scope, parts: Sequence[PartTables]) -> Spent:
    """What is spent in each country at each account node of the whole case."""
    at = {(w, n.year, n.quarter): n.index for n in scope.account_tree.nodes for w in n.scenarios}
    found = {(c, at[w, year, quarter]): items for part in parts for (c, w, year, quarter), items in part.spent.items()}
    return dict(sorted(found.items(), key=lambda one: (one[0][1], one[0][0])))
