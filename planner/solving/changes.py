"""What differs between two cases, and which equations and bounds of the program read it.

A difference that is not listed in `READS`, or that lets something be zero that was not (or the other way
round), alters the structure of the program: it must be built again.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.data.case import Case
from planner.data.difference import MODEL, Difference, differences

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
    for found in differences(old, new):
        column = (found.table, "delay" if _is_delay(found) else found.column)
        if column not in READS:
            return Changes(frozenset(), f"{_shown(found)} alters the structure of the program")
        if column not in ZERO_IS_NO_MATTER and bool(found.before) != bool(found.after):
            said = f"{_shown(found)} goes from {found.before} to {found.after}, which adds or removes a possibility"
            return Changes(frozenset(), said)
        columns.add(column)
    return Changes(frozenset(columns))


def _is_delay(found: Difference) -> bool:
    return found.table == "shocks" and found.column == "factor" and found.key[1] == "delay"


def _shown(found: Difference) -> str:
    if found.table == MODEL:
        return found.column
    row = ", ".join(filter(None, found.key))
    return f"{found.table}.{found.column} ({row})" if found.column else f"{found.table}: a row ({row})"
