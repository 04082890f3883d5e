"""What a plan commits that answers what has shown itself, beside the plan that decides everything once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.tree import scenario_tree
from planner.explain.builds import Build, expected_tpa, is_built
from planner.results.explanation import Commitment, Flexibility
from planner.results.ledger import rows
from planner.results.verify_money import full_capex
from planner.solving.program import Key
from planner.units import musd_per_tonne


def flexibility(case: Case, adaptive: Sequence[Build], committed: Sequence[Build], first_stock: float) -> Flexibility:
    """Each project that either plan builds, the one with the most capital in any case first.

    first_stock: what the adaptive plan spends on stock in the first year (MUSD, expected).
    """
    path: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(case.scenarios, 0.0))
    first: dict[str, int] = {}
    at_once: dict[str, float] = defaultdict(float)
    for build in adaptive:
        for w in build.scenarios:
            path[build.project][w] += build.tpa
        first[build.project] = min(build.year, first.get(build.project, build.year))
        if len(build.scenarios) == len(case.scenarios):
            at_once[build.project] += build.tpa
    given = expected_tpa(committed)
    since = {b.project: b.year for b in sorted(committed, key=lambda b: -b.year)}
    out = []
    for project in {*path, *given}:
        by_scenario = path[project]
        chance = sum(case.scenarios[w] for w, tpa in by_scenario.items() if is_built(case, project, tpa))
        found = Commitment(
            project,
            at_once[project],
            min(by_scenario.values()),
            sum(case.scenarios[w] * tpa for w, tpa in by_scenario.items()),
            max(by_scenario.values()),
            min(chance, 1.0),
            first.get(project),
            given.get(project, 0.0),
            since.get(project),
            full_capex(case, project),
        )
        if is_built(case, project, found.most) or is_built(case, project, found.committed):
            out.append(found)
    order = sorted(
        out, key=lambda c: (-c.sure * c.capital, -c.expected * c.capital, -c.committed * c.capital, c.project)
    )
    idle = [w for w in case.scenarios if not any(is_built(case, p, by[w]) for p, by in path.items())]
    return Flexibility({w: case.scenarios[w] for w in idle}, first_stock, order)


def first_purchases(case: Case, bought: Mapping[Key, float]) -> float:
    """Money for stock in the first year (MUSD, expected). bought: tonnes by variable of the operations tree."""
    nodes = scenario_tree(case).nodes
    return float(
        sum(
            nodes[index[-1]].probability * tonnes * _price(case, index[:-1])
            for (_, index), tonnes in bought.items()
            if nodes[index[-1]].year == case.first_year
        )
    )


def first_purchases_of_table(case: Case, stocks: pd.DataFrame) -> float:
    """The same of the table `stocks`."""
    found: Iterable[Any] = rows(stocks)
    return float(
        sum(
            case.scenarios[r.scenario] * r.bought_t * _price(case, (r.country, r.element, r.form))
            for r in found
            if int(r.year) == case.first_year
        )
    )


def _price(case: Case, good: tuple[Any, ...]) -> float:
    return musd_per_tonne(case.stockpiles[good].purchase_usd_per_kg)
