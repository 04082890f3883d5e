"""Parties to which a row or a column belongs, by the letters of its index.

They bring its right-hand side, its upper bound or its cost. Rows of groups and sums belong to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from planner.formulation.goods import resale
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECLARED

Index = Mapping[str, Any]
"""Letter of the index -> id or node."""
Weights = Mapping[str, float]
"""Party -> weight, 0 or more."""
_LETTERS = {declared.name: declared.letters for declared in DECLARED}


def owners(s: Scope, name: str, index: Any) -> Weights:
    """Party -> share of a row's right-hand side, or of a column's upper bound or cost; empty for nobody."""
    values = index if isinstance(index, tuple) else (index,)
    by_letter = dict(zip(_LETTERS[name], values, strict=False))
    weights = _sellers(s, by_letter) if name == resale.name else _by_letter(s, by_letter)
    total = sum(weights.values())
    if total <= 0:
        return {}
    return {party: weight / total for party, weight in weights.items()}


def _by_letter(s: Scope, index: Index) -> Weights:
    """Party of funder group `i`, project `p`, programme `g` or country `c`."""
    if "i" in index:
        return _funders(s, index)
    if "p" in index:
        country = s.country_of(index["p"])
    elif "g" in index:
        country = s.lookups.programmes[index["g"]].country
    elif "c" in index:
        country = index["c"]
    else:
        return {}
    return {s.lookups.party[country]: 1.0}


def _funders(s: Scope, index: Index) -> Weights:
    """Parties of the funders of group `i`, by their budgets of the year."""
    year = s.account_tree.nodes[index["a"]].year
    budgets: dict[str, float] = defaultdict(float)
    for funder in s.funder_groups[index["i"]]:
        budgets[s.lookups.funder_party[funder]] += s.case.budget.get((funder, year), 0.0)
    return budgets


def _sellers(s: Scope, index: Index) -> Weights:
    """Parties of the countries that can resell to country `c`, by tonnes."""
    good = (index["c"], index["e"], index["o"])
    tonnes: dict[str, float] = defaultdict(float)
    for country, sold_on in s.tree.sold_on(index["v"], good, index["n"]).items():
        tonnes[s.lookups.party[country]] += sold_on
    return tonnes
