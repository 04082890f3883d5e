"""Whose a row or a column is, as its declaration says by `owner`.

An owner takes the scope and the index by letter, and gives the parties with the weights by which the right-hand side of
the row, the upper bound of the column or its cost is theirs. `of_nobody` is for what holds for a group as a whole and
for sums: their right-hand side is 0 as a rule, and any other holds for each coalition of parties as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from planner.formulation.index_sets import Scope

Index = Mapping[str, Any]
"""Letter of the index -> id or node."""
Owner = Callable[[Scope, Index], Mapping[str, float]]
"""(scope, index) -> party -> weight, 0 or more; no party where it is nobody's."""


def of_country(s: Scope, index: Index) -> Mapping[str, float]:
    """The party of country `c`."""
    return {s.case.lookups.party[index["c"]]: 1.0}


def of_project(s: Scope, index: Index) -> Mapping[str, float]:
    """The party of the country in which project `p` stands."""
    return {s.case.lookups.party[s.country_of(index["p"])]: 1.0}


def of_programme(s: Scope, index: Index) -> Mapping[str, float]:
    """The party of the country of training programme `g`."""
    country = s.case.lookups.programmes[index["g"]].country
    return {s.case.lookups.party[country]: 1.0}


def of_funders(s: Scope, index: Index) -> Mapping[str, float]:
    """The parties of the funders of group `i`, by their budgets of the year of account node `a`."""
    year = s.account_tree.nodes[index["a"]].year
    budgets: dict[str, float] = {}
    for funder in s.funder_groups[index["i"]]:
        party = s.case.lookups.funder_party[funder]
        budgets[party] = budgets.get(party, 0.0) + s.case.budget.get((funder, year), 0.0)
    return budgets


def of_sellers(s: Scope, index: Index) -> Mapping[str, float]:
    """The parties of the countries that can sell on to country `c` what supplier `v` sells them, by tonnes."""
    good = (index["c"], index["e"], index["o"])
    tonnes: dict[str, float] = {}
    for country, sold_on in s.tree.sold_on(index["v"], good, index["n"]).items():
        party = s.case.lookups.party[country]
        tonnes[party] = tonnes.get(party, 0.0) + sold_on
    return tonnes


def of_nobody(_: Scope, __: Index) -> Mapping[str, float]:
    """No party: a sum, or a rule that binds a group as a whole."""
    return {}
