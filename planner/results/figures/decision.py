"""Figures of the decision: what waiting costs, what is cut off, who pays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields

from planner.data.kept import kept
from planner.results.decision import Share
from planner.results.figures.money import worth_something
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.thresholds import SHOWN_MUSD

LEAST_PAID_MUSD = 0.5
"""MUSD from which on a funder, or an alternative that is cheaper, is named."""
LATER = "policy.first_decision_year="
"""Change by which the alternative `later` decides later."""
BINDING = 1.0
"""MUSD by which one more MUSD of a budget that binds reduces the objective."""


@dataclass(frozen=True, kw_only=True)
class PriceOfWaiting:
    """Rise of cost plus risk (MUSD) by a delay; expected: the part that is cost and expected loss."""

    both: float
    expected: float


def years_of_waiting(plan: Plan) -> int | None:
    """Years by which the alternative `later` decides later than the plan may; None if it was not solved."""
    explanation = plan.explanation
    later = explanation.alternative("later") if explanation is not None else None
    if later is None:
        return None
    first = plan.case.model.policy.first_decision_year or plan.years[0]
    years = [int(change.partition("=")[2]) for change in later.changes if change.startswith(LATER)]
    return years[0] - first if years else None


def price_of_waiting(plan: Plan) -> PriceOfWaiting | None:
    """Cost of the delay of the alternative `later`; None if it was not solved."""
    found = plan.explanation
    later = found.alternative("later") if found is not None else None
    if found is None or later is None:
        return None
    own = found.own
    return PriceOfWaiting(
        both=later.cost + later.risk - own.cost - own.risk,
        expected=later.cost + later.expected_loss - own.cost - own.expected_loss,
    )


def share_rows(plan: Plan) -> list[Share]:
    """Charges of the parties that bring or take anything, who gains most first; empty if they were not asked for."""
    names = [field.name for field in fields(Share) if field.name != "party"]
    rows = []
    for row in records(plan.rows("shares")):
        amounts = {name: row.get(f"{name}_musd", 0.0) for name in names}
        rows.append(Share(row["party"], **amounts))
    charged = [row for row in rows if abs(row.charge) + row.alone > SHOWN_MUSD]
    return sorted(charged, key=lambda row: (-row.gain, row.party))


def risk_by_party(plan: Plan) -> dict[str, float]:
    """Party -> its part of the risk (MUSD) without a plan; empty if that was not solved."""
    aversion = plan.case.model.objective.risk_aversion
    out = defaultdict[str, float](float)
    for country, loss in plan.without.get("loss_musd_by_country", {}).items():
        risk = (1 - aversion) * loss["expected"] + aversion * loss["tail"]
        out[plan.case.lookups.party[country]] += risk
    return out


@dataclass(frozen=True, kw_only=True)
class PublicPayments:
    """Payments out of public budgets, and the years in which these bind (MUSD).

    payers: funder -> paid, who pays most first; used: share of all budgets; binding: years in which one more MUSD
    reduces the objective by more than it is, of budgets that are not tiny.
    """

    payers: dict[str, float]
    paid: float
    used: float
    binding: list[int]


@kept
def public_money(plan: Plan) -> PublicPayments:
    """Public payments of the run."""
    paid = plan.tables["payments"].sort_values("paid_musd", ascending=False, kind="stable")
    payers = paid[paid["paid_musd"] >= LEAST_PAID_MUSD]
    total = float(paid["paid_musd"].sum())
    available = float(paid["budget_musd"].sum())
    prices = worth_something(plan)
    is_dear = (prices["scarce"] == "budget") & (prices["musd_per_unit"] > BINDING)
    binding = sorted({int(year) for year in prices.loc[is_dear, "year"]}) if len(paid) else []
    by_payer = dict(zip(payers["funder"], payers["paid_musd"], strict=True))
    used = total / max(available, SHOWN_MUSD)
    return PublicPayments(payers=by_payer, paid=total, used=used, binding=binding)
