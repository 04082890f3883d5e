"""Who carries what of the least cost and risk so that nobody is better off leaving.

A coalition has the right-hand sides of its members, and all other rows are homogeneous, so the prices of the whole,
each times what a party brings, are charges that no coalition can better (Owen, On the core of linear production games,
Mathematical Programming 9 (1975) 358-370; with CVaR in the objective: Uhan, Stochastic linear programming games with
concave preferences, EJOR 243 (2015) 637-646). For few parties, of all such charges those with the largest least gain.
They hold before the future is known; afterwards somebody may wish to leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, compress
from typing import Literal

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.errors import A_CASE, StoppedError, refuse_other
from planner.results.decision import Share, Shares
from planner.results.schema import SHARES
from planner.sharing.charges import fairest
from planner.sharing.coalition_game import Coalition, Game, named
from planner.sharing.funder_payments import paid_solution
from planner.sharing.payments import Weights, whole_budgets
from planner.solving.goals import Progress, silent
from planner.solving.program_size import refuse_if_too_large
from planner.verification.verify import verify_amounts

FEW = 6
"""Parties up to which every coalition is solved, and the charges have the largest least gain."""
DRAWN = 40
"""Coalitions that are tried besides single parties and all but one."""
TRIED = 1e-6
"""Part of 1 + a coalition's cost and risk by which it may seem to gain: that of two optima."""
TriedCoalitions = Literal["alone", "some", "all"]
"""Coalitions of many parties that are tried."""
Costs = dict[Coalition, float]
"""Least cost + risk of coalitions (MUSD)."""


def shares(case: Case, *, check_all: bool = False, progress: Progress = silent) -> Shares:
    """Divide the least cost + risk of a case (MUSD) among its parties so that nobody is better off leaving.

    Parameters
    ----------
    case
        A case with at least one party.
    check_all
        Try all coalitions, however many; else with more than 6 parties single ones, all but one and 40 drawn.
    progress
        Called with each step in words.

    Returns
    -------
    Shares
        By party what it would pay alone, its charge, gain and transfer (MUSD).

    Raises
    ------
    InputError
        For a case that does not fit in memory.
    StoppedError
        Where an optimum is not proven or a coalition gains.

    Examples
    --------
    >>> [row.party for row in shares(case).rows]
    ['AUS', 'JPN', 'USA']
    """
    refuse_other(case, Case, A_CASE)
    refuse_if_too_large(case)
    progress("least cost and risk of all")
    return charged(Game(case), "all" if check_all else "some", progress)


def charged(game: Game, check: TriedCoalitions, progress: Progress = silent) -> Shares:
    """The charges of a game. check: of many parties, the coalitions that are tried; where it is single parties alone,
    the charges rest on the prices, and what no charge may be below is not asked."""
    names = game.parties
    few = len(names) <= FEW
    costs = {frozenset(): 0.0, game.everyone: game.optimum}
    first = [one for one in _first_asked(names, check) if one not in costs]
    costs |= game.costs(first, progress)
    alone = {party: costs[frozenset([party])] for party in names}
    charges = fairest(alone, costs, game.everyone) if few else game.charges_by_duals()
    charges = _summing(charges, game.optimum)
    if not few and check != "alone":
        progress("whether anybody gains by leaving")
        asked = _all(names) if check == "all" else _drawn(names)
        costs |= game.costs([one for one in asked if one not in costs], progress)
    losses = _losses_by_leaving(costs, charges, game.everyone)
    tightest = _nearest_to_leaving(losses) or game.everyone
    slack = losses.get(tightest, 0.0)
    if slack < -TRIED * (1 + abs(costs[tightest])):
        said = f"would gain {-slack:g} MUSD by leaving; no stable charges were found"
        raise StoppedError(f"{named(tightest)}: {said}")
    return Shares(
        rows=_rows(game, alone, charges, costs),
        optimum=game.optimum,
        checked=len(losses),
        coalitions=2 ** len(names) - 2 if len(names) > 1 else 0,
        slack=slack,
        tightest=sorted(tightest),
        by_duals=not few,
    )


def _first_asked(names: Sequence[str], check: TriedCoalitions) -> list[Coalition]:
    """Coalitions that charges rest on: all of few parties; else single ones, and all but one."""
    if len(names) <= FEW:
        return list(_all(names))
    alone = [frozenset([name]) for name in names]
    if check == "alone":
        return alone
    return [*alone, *(frozenset(names) - one for one in alone)]


def _losses_by_leaving(
    costs: Costs, charges: Mapping[str, float], everyone: Coalition
) -> dict[Coalition, float]:
    """Coalition -> MUSD that it would lose by leaving."""
    lost: dict[Coalition, float] = {}
    for members, cost in costs.items():
        if members and members != everyone:
            charged = [charges[party] for party in sorted(members)]
            lost[members] = cost - sum(charged)
    return lost


def _nearest_to_leaving(losses: Mapping[Coalition, float]) -> Coalition | None:
    """Of coalitions and what they would lose by leaving (MUSD), the one that would lose least; None of none."""
    return min(losses, key=lambda members: (losses[members], named(members)), default=None)


def _rows(
    game: Game, alone: Mapping[str, float], charges: Mapping[str, float], costs: Costs
) -> list[Share]:
    """The share of each party (MUSD): charge, gain, and the range of charges with which nobody leaves."""
    rows: list[Share] = []
    for party, carried in _carried(game).items():
        own, charge = alone[party], charges[party]
        lowest = None
        rest = costs.get(game.everyone - {party})
        if rest is not None:
            lowest = game.optimum - rest + 0.0
        paid = carried.paid + carried.private
        row = Share(
            party=party,
            alone=own,
            charge=charge,
            gain=own - charge,
            lowest=lowest,
            highest=own,
            own_loss=carried.loss,
            paid=paid,
            transfer=charge - carried.loss - paid,
            private=carried.private,
        )
        rows.append(row)
    return rows


def shares_table(found: Shares) -> pd.DataFrame:
    """The table `shares`."""
    columns: dict[str, list[object]] = {}
    for column in SHARES.columns:
        figure = column.name.removesuffix("_musd")
        columns[column.name] = [getattr(row, figure) for row in found.rows]
    return pd.DataFrame(columns)


def stable(case: Case, found: Shares) -> Weights:
    """Funder -> what its party would pay of public spending (MUSD), spread over a party's funders by budget."""
    budgets = whole_budgets(case)
    together: dict[str, float] = defaultdict(float)
    for funder, budget in budgets.items():
        together[case.lookups.funder_party[funder]] += budget
    owed: dict[str, float] = {}
    for row in found.rows:
        owed[row.party] = max(row.charge - row.own_loss - row.private, 0.0)
    slight = TRIED * (1 + abs(found.optimum))
    weights = dict.fromkeys(budgets, 0.0)
    for funder, budget in budgets.items():
        party = case.lookups.funder_party[funder]
        if budget > 0 and owed[party] > slight:
            weights[funder] = owed[party] * budget / together[party]
    return weights


def payment_weights(case: Case) -> tuple[Weights, dict[str, pd.DataFrame]]:
    """The weights by which a case has its payments evened out, and the table `shares` if they rest on it."""
    if case.model.policy.cost_sharing == "even":
        return whole_budgets(case), {}
    found = shares(case)
    return stable(case, found), {SHARES.name: shares_table(found)}


def _all(names: Sequence[str]) -> Iterator[Coalition]:
    """All coalitions but nobody."""
    for size in range(1, len(names) + 1):
        yield from map(frozenset, combinations(names, size))


def _drawn(names: Sequence[str]) -> Iterator[Coalition]:
    """Different coalitions of at least two parties without at least two others, the same ones every time."""
    generator = np.random.default_rng(0)
    seen: set[tuple[str, ...]] = set()
    while len(seen) < DRAWN:
        is_inside = generator.random(len(names)) < 0.5
        members = tuple(compress(names, is_inside))
        if 1 < len(members) < len(names) - 1:
            seen.add(members)
    yield from map(frozenset, sorted(seen))


def _summing(charges: Mapping[str, float], optimum: float) -> dict[str, float]:
    """The charges, the largest of which takes what rounding leaves of the sum."""
    largest = max(charges, key=lambda party: (abs(charges[party]), party))
    others = [charge for party, charge in charges.items() if party != largest]
    return {**charges, largest: optimum - sum(others)}


@dataclass
class _Carried:
    """The part of the plan of all that a party carries (MUSD): own loss, payments of its funders, private costs."""

    loss: float = 0.0
    paid: float = 0.0
    private: float = 0.0


def _carried(game: Game) -> dict[str, _Carried]:
    """Party -> the part of the plan of all that it carries (MUSD): own loss, payments and private cost."""
    case = game.case
    plan = paid_solution(game.scope, game.program, game.whole.x, whole_budgets(case))
    carried = {party: _Carried() for party in game.parties}
    aversion = case.model.objective.risk_aversion
    for country, parts in verify_amounts(plan).totals.losses_by_country.items():
        loss = (1 - aversion) * parts["expected"] + aversion * parts["tail"]
        carried[case.lookups.party[country]].loss += loss
    for party, amount in _costs(game).items():
        carried[party].private += amount
    # What is public of these costs is paid by funders, who carry it in proportion to what they pay in all.
    accounts = plan.trees.accounts.nodes
    weights = np.array(
        [node.probability * case.lookups.cost_discount(node.year) for node in accounts]
    )
    whole = 0.0
    for (_, country, _), musd in plan.spent:
        spent = float(np.sum(weights * musd))
        carried[case.lookups.party[country]].private -= spent
        whole += spent
    in_all = sum(row.paid_musd for row in plan.payments)
    if in_all > 0:
        for row in plan.payments:
            carried[case.lookups.funder_party[row.funder]].paid += row.paid_musd / in_all * whole
    return carried


def _costs(game: Game) -> dict[str, float]:
    """Cost of the plan of all by party (MUSD); of what is nobody's, an even part."""
    program = game.program
    amounts = program.unit_costs() * game.whole.x
    costs: dict[str, float] = defaultdict(float)
    for column in np.flatnonzero(amounts).tolist():
        for party, share in game.owners_of(program.columns[column]).items():
            costs[party] += share * float(amounts[column])
    return costs
