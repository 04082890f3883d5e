"""Who carries what of the least cost and risk so that nobody is better off leaving.

A coalition has the right-hand sides of its members, and all other rows are homogeneous, so the prices of the whole,
each times what a party brings, are charges that no coalition can better (Owen, On the core of linear production games,
Mathematical Programming 9 (1975) 358-370; with CVaR in the objective: Uhan, Stochastic linear programming games with
concave preferences, EJOR 243 (2015) 637-646). For few parties, of all such charges those with the largest least gain.
They hold before the future is known; afterwards somebody may wish to leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.program_size import refuse_if_too_large
from planner.errors import A_CASE, StoppedError, refuse_other
from planner.results.decision import Share, Shares
from planner.results.schema import SHARES
from planner.results.verify import verify
from planner.sharing.charges import fairest
from planner.sharing.game import Coalition, Game, named
from planner.sharing.money_tables import money_tables
from planner.sharing.payments import Weights, whole_budgets
from planner.solving.extract import extract_tables
from planner.solving.goals import Progress, silent
from planner.solving.spending import items_spent
from planner.solving.variable_values import Values

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

    check_all: try all coalitions, however many; else with more than 6 parties single ones, all but one and 40 drawn.
    progress: called with each step in words. Raises InputError for a case that does not fit in memory, StoppedError
    where an optimum is not proven or a coalition gains.

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
    costs = _costs_alone(game, _first_asked(game, check), progress)
    alone = {party: costs[frozenset([party])] for party in names}
    charges = fairest(alone, costs, game.everyone) if few else game.charges_by_duals()
    charges = _summing(charges, game.optimum)
    if not few and check != "alone":
        progress("whether anybody gains by leaving")
        # Who counts least comes and goes most often.
        light_first = sorted(names, key=alone.__getitem__)
        for members in _all(light_first) if check == "all" else _drawn(names):
            if members not in costs:
                costs[members] = game.apart(members)
    tried = _losses_by_leaving(costs, charges, game.everyone)
    tightest = min(tried, key=lambda members: (tried[members], named(members)), default=None)
    slack = 0.0 if tightest is None else tried[tightest]
    if tightest is not None and slack < -TRIED * (1 + abs(costs[tightest])):
        said = f"would gain {-slack:g} MUSD by leaving; no stable charges were found"
        raise StoppedError(f"{named(tightest)}: {said}")
    return Shares(
        rows=_rows(game, alone, charges, costs),
        optimum=game.optimum,
        checked=len(tried),
        coalitions=2 ** len(names) - 2 if len(names) > 1 else 0,
        slack=slack,
        tightest=sorted(game.everyone if tightest is None else tightest),
        by_duals=not few,
    )


def _first_asked(game: Game, check: TriedCoalitions) -> list[Coalition]:
    """Coalitions that are solved as cases of their own: all of few parties; else single ones, and all but one."""
    if len(game.parties) <= FEW:
        return list(_all(game.parties))
    singles = [frozenset([party]) for party in game.parties]
    return singles if check == "alone" else [*singles, *(game.everyone - one for one in singles)]


def _costs_alone(game: Game, asked: Iterable[Coalition], progress: Progress) -> Costs:
    costs: Costs = {frozenset(): 0.0, game.everyone: game.optimum}
    for members in asked:
        if members not in costs:
            progress(f"alone: {named(members)}")
            costs[members] = game.alone(members)
    return costs


def _losses_by_leaving(
    costs: Costs, charges: Mapping[str, float], everyone: Coalition
) -> dict[Coalition, float]:
    """Coalition -> MUSD that it would lose by leaving."""
    lost: dict[Coalition, float] = {}
    for members, cost in costs.items():
        if members and members != everyone:
            lost[members] = cost - sum(charges[party] for party in sorted(members))
    return lost


def _rows(
    game: Game, alone: Mapping[str, float], charges: Mapping[str, float], costs: Costs
) -> list[Share]:
    """The share of each party (MUSD): charge, gain, and the range of charges with which nobody leaves."""
    rows: list[Share] = []
    for party, carried in _carried(game).items():
        rest = costs.get(game.everyone - {party})
        paid = carried.paid + carried.private
        row = Share(
            party=party,
            alone=alone[party],
            charge=charges[party],
            gain=alone[party] - charges[party],
            lowest=None if rest is None else game.optimum - rest + 0.0,
            highest=alone[party],
            own_loss=carried.loss,
            paid=paid,
            transfer=charges[party] - carried.loss - paid,
            private=carried.private,
        )
        rows.append(row)
    return rows


def shares_table(found: Shares) -> pd.DataFrame:
    """The table `shares`."""
    names = [column.name for column in SHARES.columns]
    figures = [name.removesuffix("_musd") for name in names]
    rows = [[getattr(row, figure) for figure in figures] for row in found.rows]
    return pd.DataFrame(rows, columns=names)


def stable(case: Case, found: Shares) -> Weights:
    """Funder -> what its party would pay of public spending (MUSD), spread over a party's funders by budget."""
    budgets = whole_budgets(case)
    together: dict[str, float] = defaultdict(float)
    for funder, budget in budgets.items():
        together[case.funder_party[funder]] += budget
    owed = {row.party: max(row.charge - row.own_loss - row.private, 0.0) for row in found.rows}
    slight = TRIED * (1 + abs(found.optimum))
    weights: dict[str, float] = {}
    for funder, budget in budgets.items():
        party = case.funder_party[funder]
        pays = budget > 0 and owed[party] > slight
        weights[funder] = owed[party] * budget / together[party] if pays else 0.0
    return weights


def payment_weights(case: Case) -> tuple[Weights, dict[str, pd.DataFrame]]:
    """The weights by which a case has its payments evened out, and the table `shares` if they rest on it."""
    if case.model.policy.cost_sharing == "even":
        return whole_budgets(case), {}
    found = shares(case)
    return stable(case, found), {SHARES.name: shares_table(found)}


def _all(names: Sequence[str]) -> Iterator[Coalition]:
    """All coalitions but nobody, each but one party apart from the one before or after (Gray's code)."""
    for code in range(1, 2 ** len(names)):
        bits = code ^ (code >> 1)
        yield frozenset(name for place, name in enumerate(names) if bits >> place & 1)


def _drawn(names: Sequence[str]) -> Iterator[Coalition]:
    """Different coalitions of at least two parties without at least two others, the same ones every time, those that
    are alike after each other."""
    generator = np.random.default_rng(0)
    seen: set[tuple[str, ...]] = set()
    while len(seen) < DRAWN:
        inside = generator.random(len(names)) < 0.5
        members = tuple(name for name, here in zip(names, inside, strict=True) if here)
        if 1 < len(members) < len(names) - 1:
            seen.add(members)
    return iter(map(frozenset, sorted(seen)))


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
    case, scope = game.case, game.scope
    values = Values(game.program.columns, game.whole.x)
    tables = extract_tables(scope, values)
    tables |= money_tables(scope, items_spent(scope, values), whole_budgets(case))
    carried = {party: _Carried() for party in game.parties}
    aversion = case.model.objective.risk_aversion
    for country, parts in verify(case, tables).losses_by_country.items():
        loss = (1 - aversion) * parts["expected"] + aversion * parts["tail"]
        carried[case.party[country]].loss += loss
    for party, amount in _costs(game).items():
        carried[party].private += amount
    spending, payments = tables["spending"], tables["payments"]
    spent = spending["expected"] * spending["year"].map(case.cost_discount)
    for name, musd in zip(spending["country"], spent, strict=True):
        carried[case.party[str(name)]].private -= float(musd)
    in_all = float(payments["paid_musd"].sum())
    whole = float(spent.sum())
    for funder, musd in zip(payments["funder"], payments["paid_musd"], strict=True):
        paid = float(musd) / in_all * whole if in_all > 0 else 0.0
        carried[case.funder_party[funder]].paid += paid
    return carried


def _costs(game: Game) -> dict[str, float]:
    """Cost of the plan of all by party (MUSD); of what is nobody's, an even part."""
    program, point = game.program, game.whole.x
    matrix = program.matrix
    row = program.row["cost_definition", None]
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    columns, coefficients = matrix.indices[span].tolist(), matrix.data[span].tolist()
    terms = dict(zip(columns, coefficients, strict=True))
    whole = terms.pop(program.column["cost", None])
    costs: dict[str, float] = defaultdict(float)
    for column, coefficient in terms.items():
        amount = -coefficient / whole * float(point[column])
        for party, share in game.owners_of(program.columns[column]).items():
            costs[party] += share * amount
    return costs
