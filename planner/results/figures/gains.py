"""Figures of what a plan gains: on the basis of its cost, by storyline, in the worst cases, and by party."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.data.case import Case
from planner.data.kept import kept
from planner.data.odds import odds_of
from planner.results.figures.decision import cost_increment
from planner.results.figures.evaluated import FIGURES, out_of_sample
from planner.results.figures.money import by_party
from planner.results.figures.plants import are_measures
from planner.results.figures.recommended import RUNS_FROM, new_plants, recommended
from planner.results.figures.sums import WITHOUT, losses_of
from planner.results.plan import Plan

FEW = 3
"""Scenarios that are told where they make up half of the mean loss of the worst cases."""
ALL_LEVERS = ("later", "national", "allied", "own_money", "committed", "equal_rates")
"""Alternatives that pull all levers of the plan, and are not the plan itself."""
MEAN_LOSS = FIGURES[0]
FREQUENT = 0.8
"""The probability of the storylines in which losses fall least that are told together."""
SALES, USERS, NOBODY = "sales", "users", "nobody"
"""What repays the owners of a plant."""
SMALLEST_MUSD = 5e-4
"""MUSD up to which nothing is paid: a table would print nothing."""


@kept
def fall_at_the_rate_of_costs(plan: Plan) -> pd.Series[float]:
    """Scenario of the plan -> by how much users lose less than without a plan (MUSD), discounted as costs are; empty where
    nothing is compared."""
    if not plan.compared:
        return pd.Series(dtype=float)
    rows, lookups = plan.tables["shortfall"], plan.case.lookups
    fall = losses_of(plan.case, rows, WITHOUT) - losses_of(plan.case, rows)
    rates = {year: lookups.cost_discount(year) / lookups.risk_discount(year) for year in plan.years}
    sums = (fall * rows["year"].map(rates)).groupby(rows["scenario"]).sum()
    return sums.reindex(list(plan.weights), fill_value=0.0)


def expected(case: Case, by_scenario: pd.Series[float]) -> float:
    """The mean over the scenarios of a case."""
    return float(by_scenario.mul(pd.Series(dict(case.scenarios))).sum())


def frequent_gain(case: Case, falls: pd.Series[float]) -> dict[str, float] | None:
    """Probability of the storylines in which losses fall least, at least `FREQUENT`, and the mean fall in them and in the
    `rarer` ones (MUSD), by the fall of each scenario. None where nothing falls, or these are all storylines."""
    weighted = falls.mul(pd.Series(dict(case.scenarios)))
    storylines = pd.DataFrame(
        {"probability": one.probability, "gain": weighted.reindex(list(one.shares)).sum()}
        for one in odds_of(case).values()
        if one.probability > 0
    )
    least_first = (storylines["gain"] / storylines["probability"]).sort_values().index
    storylines = storylines.loc[least_first]
    many = int((storylines["probability"].cumsum() < FREQUENT).sum()) + 1
    if storylines["gain"].sum() <= 0 or many >= len(storylines):
        return None
    frequent, rarer = storylines.head(many).sum(), storylines.iloc[many:].sum()
    return {
        "probability": frequent["probability"],
        "mean": frequent["gain"] / frequent["probability"],
        "rarer": rarer["gain"] / rarer["probability"],
    }


def few_in_the_tail(plan: Plan) -> dict[str, float] | None:
    """The fewest scenarios that make up half of the mean loss of the worst cases, and their share of it; None where that
    takes more than `FEW`, or nothing is lost."""
    losses = plan.summary["scenario_loss_musd"]
    left = 1 - plan.case.model.objective.tail
    parts = []
    for scenario in sorted(losses, key=lambda scenario: -losses[scenario]):
        weight = min(plan.weights[scenario], left)
        parts.append(weight * losses[scenario])
        left -= weight
    parts.sort(reverse=True)
    for scenarios in range(1, FEW + 1):
        part = sum(parts[:scenarios])
        if part > sum(parts) / 2:
            return {"scenarios": scenarios, "share": part / sum(parts)}
    return None


def gain_and_payment(plan: Plan) -> pd.DataFrame:
    """The rows of `by_party`; where the plan is compared with none, with what each party loses less, its `gain` (MUSD),
    and its shares of all payments and of the gain of all."""
    rows = by_party(plan)
    if not plan.compared:
        return rows
    gain = rows["without"] - rows["loss"]
    return rows.assign(gain=gain, gain_share=_shares(gain), paid_share=_shares(rows["paid"]))


def _shares(amounts: pd.Series[float]) -> pd.Series[float]:
    """The part of each in their sum, 0 where that is nothing."""
    whole = amounts.sum()
    return amounts / whole if whole > 0 else amounts * 0.0


@kept
def owned(plan: Plan) -> pd.DataFrame:
    """A row a plant or measure of which owners pay a part: `pays` (MUSD, not discounted), `calm`, the share of it that runs
    in calm years, and what repays the owners: a key."""
    rows = recommended(plan)
    rows = rows.assign(pays=rows["capex_musd"] - rows["public_musd"])
    rows = rows[rows["pays"] > SMALLEST_MUSD]
    repaid = (rows["calm"] >= RUNS_FROM).map({True: SALES, False: NOBODY})
    return rows.assign(repaid=repaid.mask(are_measures(plan, rows["project"]), USERS))


def fresh_share(plan: Plan) -> float:
    """The fall of expected loss in fresh scenarios over that in those of the plan; 1 where it was not evaluated in any, or
    nothing falls."""
    fresh = out_of_sample(plan, MEAN_LOSS, "difference")
    own = plan.without.get(MEAN_LOSS, 0.0) - plan.summary[MEAN_LOSS]
    return fresh.value / own if fresh is not None and own > 0 else 1.0


@dataclass(frozen=True)
class BreakEven:
    """The part of every loss per kg `at` which the fall of expected loss, decisions and operations as they are, just covers
    the cost, and the `lowest` part that the case holds possible for one, if it says."""

    at: float
    lowest: float | None


def break_even(plan: Plan) -> BreakEven | None:
    """On the basis of the cost, as much smaller as losses fall less in fresh scenarios; None where nothing is compared, or
    nothing falls or costs more."""
    fall = expected(plan.case, fall_at_the_rate_of_costs(plan)) * fresh_share(plan)
    rise = cost_increment(plan)
    if rise is None or rise <= 0 or fall <= 0:
        return None
    doubts = [row.low for row in plan.case.tables.uncertainties if row.column == "loss_usd_per_kg"]
    return BreakEven(rise / fall, min(doubts, default=None))


def also_built(plan: Plan) -> dict[str, int]:
    """Alternative of `ALL_LEVERS`, or `worst` for the worst odds -> how many of the plants of the plan stand in it
    too; empty where nobody asked."""
    found = plan.explanation
    if found is None:
        return {}
    own = set(new_plants(plan)["project"])
    others = {one.key: one.builds for one in found.alternatives if one.key in ALL_LEVERS}
    if found.odds is not None:
        others["worst"] = found.odds.worst.new_capacity
    return {key: len(own.intersection(builds)) for key, builds in others.items()}
