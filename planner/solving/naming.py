"""Rows and bounds of the program in the names of the inputs they come from: table, line, column, figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from planner.data.tree import Tree
from planner.formulation.build import EQUATIONS, VARIABLES
from planner.formulation.scope import Scope
from planner.solving.program import Key

LISTED = 6
"""Input rows named for one row of the program."""


@dataclass(frozen=True)
class _Source:
    """What an index means, one word a place, and the table columns whose figures the row or bound holds."""

    index: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_GOOD = ("country", "element", "form")
_SERIES = ("demand", "imports")
_STOCKS = {"stockpiles": ("initial_t", "max_t")}
_CAPEX = {"projects": ("capex_usd_per_tpa",), "countries": ("cost_index",)}
_LOSS = {"elements": ("loss_usd_per_kg",), "loss_tiers": ("loss_usd_per_kg",), "countries": ("weight",)}
_SOURCES: dict[str, _Source] = {
    # variables: their bounds
    "shortfall": _Source((*_GOOD, "node", "step"), {"demand": ("tonnes",), "loss_tiers": ("up_to_share",)}),
    "imported": _Source((*_GOOD, "node"), {"imports": ("tonnes",)}),
    "stock": _Source((*_GOOD, "node"), _STOCKS),
    "hired": _Source(("country", "skill", "decision"), {"workforce": ("hires_per_year",)}),
    # equations
    "usable_capacity": _Source(("project", "node"), {"projects": ("existing_tpa",)}),
    "nameplate_limit": _Source(("project", "decision"), {"projects": ("max_new_tpa",)}),
    "throughput_limit": _Source(("project", "node"), {"projects": ("existing_tpa",)}),
    "feed_balance": _Source(("group", "feed", "node"), {"feeds": ("share",)}),
    "balance": _Source((*_GOOD, "node"), {"demand": ("tonnes",)}),
    "export_limit": _Source((*_GOOD, "node")),
    "pool": _Source(("group", "element", "form", "node")),
    "stock_balance": _Source((*_GOOD, "node"), _STOCKS),
    "staff_balance": _Source(("country", "skill", "decision"), {"workforce": ("initial",), "skills": ("attrition",)}),
    "seat_limit": _Source(("programme", "decision"), {"training": ("seats",)}),
    "new_seat_limit": _Source(("programme", "decision"), {"training": ("max_new_seats",)}),
    "mentor_limit": _Source(("country", "skill", "post"), {"skills": ("mentor_ratio",)}),
    "secondment_limit": _Source(("country", "skill", "node")),
    "secondment_pool": _Source(("group", "skill", "node")),
    "staff_limit": _Source(("country", "skill", "node"), {"staffing": ("persons_per_ktpa",)}),
    "investment_spending": _Source(("country", "decision"), _CAPEX),
    "spending_limit": _Source(("country", "account"), {"stockpiles": ("purchase_usd_per_kg",)}),
    "account": _Source(("funder", "account"), {"budgets": ("musd",)}),
    "cumulative_loss": _Source(("node",), _LOSS),
    "tail_excess_limit": _Source(("node",)),
    "cost_definition": _Source((), _CAPEX),
}
_MEANING = {e.name: e.meaning for e in EQUATIONS} | {v.name: f"limit of {v.meaning}" for v in VARIABLES}


def in_inputs(scope: Scope, key: Key) -> str:
    """A row, or a bound of a column, in words: what it demands, of what, and the figures it holds with their places."""
    name, index = key
    source = _SOURCES.get(name)
    words = _words(scope, source, index) if source else {}
    shown = ", ".join(str(value) for value in words.values() if value != "")
    said = _MEANING.get(name, name) + (f" ({shown})" if shown else "")
    figures = list(_figures(scope, source, words)) if source else []
    more = f" and {len(figures) - LISTED} more" if len(figures) > LISTED else ""
    return said + (f": {', '.join(figures[:LISTED])}{more}" if figures else "")


def _words(scope: Scope, source: _Source, index: Any) -> dict[str, Any]:
    """Places of an index by meaning; a node becomes its year and, where not all share it, its scenarios."""
    trees: dict[str, Tree] = {
        "node": scope.tree,
        "decision": scope.plan,
        "account": scope.accounts,
        "post": scope.posts,
    }
    words: dict[str, Any] = {}
    for meaning, value in zip(source.index, index if isinstance(index, tuple) else (index,), strict=False):
        if meaning in trees:
            node = trees[meaning].nodes[value]
            words["year"] = node.year
            if len(node.scenarios) < len(scope.case.scenarios):
                words["scenarios"] = ";".join(node.scenarios)
        elif meaning != "step":
            words[meaning] = value
    return words


def _figures(scope: Scope, source: _Source, words: dict[str, Any]) -> Iterator[str]:
    case = scope.case
    members = scope.purses.get(words.get("funder", ""), ())
    for table, columns in source.inputs.items():
        # Funders of one purse share its account; a series holds between the years given.
        wanted = words | ({"funder": members} if members else {})
        if table in _SERIES:
            wanted.pop("year", None)
        for row in case.tables.rows(table):
            if all(_concerns(getattr(row, name, None), value) for name, value in wanted.items()):
                for column in columns:
                    if (value := getattr(row, column)) is not None:
                        yield f"{case.origin.place(table)}:{row.line} {column} {value:g}"


def _concerns(given: object, wanted: object) -> bool:
    """Whether a cell is about this; a blank one is about all."""
    return given in (None, "") or given == wanted or (isinstance(wanted, tuple) and given in wanted)
