"""What differs between two cases, and which equations and bounds of the program read it.

A difference that is not listed in `READS`, or that lets something be zero that was not (or the other way
round), alters the structure of the program: it must be built again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from planner.config.model_file import ModelFile
from planner.data.case import Case
from planner.data.schema import CARRIED, Row, Shock
from planner.data.tables import TABLES, Table

Column = tuple[str, str]
"""(table, column), or ("model", dotted key)."""

_INVEST = ("investment_spending", "cost_definition")
READS: dict[Column, tuple[str, ...]] = {
    ("budgets", "musd"): ("account",),
    ("scenarios", "probability"): ("expected_loss_definition", "risk_definition", "cost_definition"),
    ("demand", "tonnes"): ("shortfall", "balance"),
    ("imports", "tonnes"): ("imported",),
    ("shocks", "factor"): ("imported", "shortfall", "balance", "throughput_limit"),
    ("elements", "loss_usd_per_kg"): ("cumulative_loss",),
    ("loss_tiers", "loss_usd_per_kg"): ("cumulative_loss",),
    ("countries", "weight"): ("cumulative_loss",),
    ("countries", "cost_index"): _INVEST,
    ("projects", "existing_tpa"): ("usable_capacity", "throughput_limit"),
    ("projects", "max_new_tpa"): ("nameplate_limit",),
    ("projects", "capex_usd_per_tpa"): _INVEST,
    ("projects", "public_share"): _INVEST,
    ("projects", "fixed_opex_usd_per_tpa"): ("cost_definition",),
    ("projects", "variable_opex_usd_per_t"): ("cost_definition",),
    ("projects", "recovery"): ("balance", "pool"),
    ("recoveries", "recovery"): ("balance", "pool"),
    ("feeds", "share"): ("balance", "pool", "throughput_limit", "staff_limit", "cost_definition"),
    ("ramps", "share"): ("usable_capacity",),
    ("skills", "attrition"): ("staff_balance",),
    ("skills", "mentor_ratio"): ("mentor_limit",),
    ("workforce", "initial"): ("staff_balance",),
    ("workforce", "hires_per_year"): ("hired",),
    ("workforce", "hire_cost_usd"): _INVEST,
    ("training", "seats"): ("seat_limit",),
    ("training", "max_new_seats"): ("new_seat_limit",),
    ("training", "completion_rate"): ("staff_balance",),
    ("training", "cost_per_trainee_usd"): _INVEST,
    ("training", "cost_per_seat_usd"): _INVEST,
    ("staffing", "persons_per_ktpa"): ("staff_limit",),
    ("stockpiles", "initial_t"): ("stock_balance",),
    ("stockpiles", "max_t"): ("stock",),
    ("stockpiles", "purchase_usd_per_kg"): ("spending_limit", "cost_definition"),
    ("stockpiles", "holding_usd_per_kg_year"): ("cost_definition",),
    ("model", "discount_rate"): ("cost_definition",),
    ("model", "risk_discount_rate"): ("cumulative_loss",),
    ("model", "objective.risk_aversion"): ("risk_definition",),
    ("model", "objective.tail"): ("risk_definition",),
    ("model", "objective.risk_slack"): (),
    ("model", "objective.risk_limit"): (),
    ("model", "objective.goal"): (),
    ("model", "policy.secondment_share"): ("secondment_limit",),
    ("model", "name"): (),
    ("model", "title"): (),
}
"""Equations, and variables for their bounds, by what they read."""

ZERO_IS_NO_MATTER: frozenset[Column] = frozenset(column for column in READS if column[0] == "model") - {
    ("model", "policy.secondment_share")
}


@dataclass(frozen=True)
class Changes:
    """Columns that differ, and what alters structure ('' if nothing does)."""

    columns: frozenset[Column]
    structural: str = ""

    @property
    def affected(self) -> frozenset[str]:
        """Equations and variables whose data differ."""
        return frozenset(name for column in self.columns for name in READS[column])


def changes(old: Case, new: Case) -> Changes:
    """Compare two cases, whatever the order of their rows."""
    columns: set[Column] = set()
    for column, before, after, where in _differences(old, new):
        if column not in READS:
            return Changes(frozenset(), f"{where} alters the structure of the program")
        if column not in ZERO_IS_NO_MATTER and bool(before) != bool(after):
            return Changes(frozenset(), f"{where} goes from {before} to {after}, which adds or removes a possibility")
        columns.add(column)
    return Changes(frozenset(columns))


Difference = tuple[Column, object, object, str]


def _differences(old: Case, new: Case) -> Iterator[Difference]:
    for table in TABLES:
        before, after = old.tables.rows(table.name), new.tables.rows(table.name)
        if before is not after and before != after:
            yield from _table_differences(table, before, after)
    yield from _model_differences(old.model, new.model)


def _table_differences(table: Table, before: tuple[Row, ...], after: tuple[Row, ...]) -> Iterator[Difference]:
    # The factor of a shock is part of what identifies it, yet it is a figure.
    key = tuple(column for column in table.key if column != "factor")
    if len(before) != len(after):
        yield (table.name, ""), len(before), len(after), f"{table.name}: the number of rows"
        return
    for one, two in zip(_sorted(before, key), _sorted(after, key), strict=True):
        for column in table.row.columns():
            was, becomes = getattr(one, column), getattr(two, column)
            if was != becomes and column != "name" and column not in CARRIED and column != "price_usd_per_kg":
                where = f"{table.name}.{column} ({', '.join(str(getattr(one, k)) for k in key if getattr(one, k))})"
                delay = isinstance(one, Shock) and one.kind == "delay"
                yield (table.name, "delay" if delay else column), was, becomes, where


def _sorted(rows: tuple[Row, ...], key: tuple[str, ...]) -> list[Row]:
    return sorted(rows, key=lambda row: tuple(str(getattr(row, column)) for column in key))


def _model_differences(old: ModelFile, new: ModelFile) -> Iterator[Difference]:
    before, after = old.flat(), new.flat()
    for key, was in before.items():
        if was != after[key]:
            yield ("model", key), was, after[key], key
