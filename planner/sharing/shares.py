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
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.config import Objective
from planner.data.case import Case
from planner.data.program_size import refuse_if_too_large
from planner.errors import StoppedError
from planner.formulation.whole_program import owners
from planner.results.decision import Share, Shares
from planner.results.schema import SHARES
from planner.results.verify import verify
from planner.sharing.money_tables import money_tables
from planner.sharing.payments import Weights, whole_budgets
from planner.solving.extract import extract_tables
from planner.solving.goals import Phase, Progress, silent
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Solution, Stop
from planner.solving.spending import items_spent
from planner.solving.variable_values import Values

FEW = 6
"""Parties up to which every coalition is solved, and the charges have the largest least gain."""
DRAWN = 40
"""Coalitions that are tried besides single parties and all but one."""
TRIED = 1e-6
"""Part of 1 + a coalition's cost and risk by which it may seem to gain: that of two optima."""
ROOM, HELD, STUCK = (0.0, 1e-9, 1e-8, 1e-7), 1e-12, 1e-8
"""Parts of the largest cost and risk: by which coalitions are let off where rounding leaves no charges, by which a
least gain that was found is held, and by which a gain must be able to grow not to be stuck there."""
WELFARE = [Phase("welfare")]
Coalition = frozenset[str]
"""Parties."""


def parties(case: Case) -> list[str]:
    """Whoever has a country or money."""
    return sorted({*case.party.values(), *case.funder_party.values()})


def welfare_case(case: Case) -> Case:
    """The case in which all act as one group for the least cost + risk, and plants may be divided; without targets."""
    case = case.without_targets()
    model, old = case.model, case.model.objective
    update = {
        "objective": Objective(goal="welfare", risk_aversion=old.risk_aversion, tail=old.tail),
        "policy": model.policy.model_copy(
            update={"coordination": "allied", "whole_plants": False, "cost_sharing": "even"}
        ),
        "horizon": model.horizon.model_copy(
            update={"first_year": case.first_year, "last_year": case.last_year}
        ),
    }
    return case.with_model(model.model_copy(update=update))


def restricted(case: Case, members: Coalition) -> Case | None:
    """The case of a coalition alone: its countries and what is in them, and its money. None if it wants nothing."""
    mine = {c for c, party in case.party.items() if party in members}
    tables = case.tables
    kept: dict[str, Any] = {
        name: tuple(row for row in tables.rows(name) if row.country in mine)  # type: ignore[attr-defined]
        for name in (
            "countries",
            "demand",
            "imports",
            "projects",
            "workforce",
            "training",
            "stockpiles",
        )
    }
    for name in ("budgets", "funders"):
        rows: Iterable[Any] = tables.rows(name)
        kept[name] = tuple(row for row in rows if case.funder_party.get(row.funder, "") in members)
    out = case.with_tables(**kept)
    return out if out.demand else None


class Game:
    """The least cost + risk of coalitions: each as a case of its own, and as the whole with what others bring left
    out. The latter may know of more, by shocks that only others feel, so it is never more."""

    def __init__(
        self, case: Case, live: LiveProgram | None = None, solver: Solver | None = None
    ) -> None:
        """live, solver: the program of a case in which all act as one group, and a solver of it from which to go on."""
        self.case = welfare_case(case)
        self.parties = parties(self.case)
        live = LiveProgram(self.case) if live is None else live
        self.scope, self.program = live.scope, live.program
        self._column = self.program.column["welfare", None]
        self._kept = live.solver if solver is None else Solver(self.program)
        if solver is not None:
            self._kept.begin_like(solver.kept)
        self.whole = self._optimal(self._kept.minimise(self._column), "all parties")
        self.optimum = float(self.whole.x[self._column])
        self.everyone = frozenset(self.parties)
        sides = np.where(
            np.isfinite(self.program.row_lower), self.program.row_lower, self.program.row_upper
        )
        self._rows, self._rows_of_nobody = self._brought(sides, self.program.rows)
        self._columns, self._columns_of_nobody = self._brought(
            self.program.upper, self.program.columns
        )
        self._solver: Solver | None = None

    def alone(self, members: Coalition) -> float:
        """c(S), of the case of its own."""
        case = restricted(self.case, members)
        if case is None:
            return 0.0
        session = LiveProgram(case)
        solution = self._optimal(session.solve(silent, WELFARE).phases["welfare"], _named(members))
        return float(solution.x[session.program.column["welfare", None]])

    def apart(self, members: Coalition) -> float:
        """At most c(S): of the program of the whole. Quick where coalitions resemble the one before."""
        if self._solver is None:
            self._solver = Solver(self.program)
            self._solver.begin_like(self._kept.kept)
        inside = np.array([party in members for party in self.parties], dtype=float)
        rows = inside @ self._rows + self._rows_of_nobody
        columns = inside @ self._columns + self._columns_of_nobody
        p = self.program
        low, high, upper = (
            np.where(np.isfinite(sides), brought, sides)
            for sides, brought in ((p.row_lower, rows), (p.row_upper, rows), (p.upper, columns))
        )
        self._solver.replace(p.with_data(p.matrix.data, low, high, p.lower, upper))
        found = self._optimal(
            self._solver.minimise(self._column, ("again", "dual", "ipm")), _named(members)
        )
        return float(found.x[self._column])

    def charges_by_duals(self) -> dict[str, float]:
        """The worth of what each party brings at the prices of the whole; of what is nobody's, an even part."""
        prices = self.whole.duals
        reduced = -(self.program.matrix.T @ prices)
        # A column with an upper bound costs nothing itself.
        limited = np.where(np.isfinite(self.program.upper), np.minimum(reduced, 0.0), 0.0)
        of_nobody = self._rows_of_nobody @ prices + self._columns_of_nobody @ limited
        charges = self._rows @ prices + self._columns @ limited + of_nobody / len(self.parties)
        return dict(zip(self.parties, charges.tolist(), strict=True))

    def _brought(
        self, amounts: NDArray[np.float64], keys: Sequence[Key]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The parts of right-hand sides, or of upper bounds, that parties bring (parties x m) and nobody does (m)."""
        place = {party: i for i, party in enumerate(self.parties)}
        brought, of_nobody = np.zeros((len(place), len(keys))), np.zeros(len(keys))
        for j in np.flatnonzero(np.isfinite(amounts) & (amounts != 0.0)).tolist():
            shares = owners(self.scope, *keys[j])
            if not shares:
                of_nobody[j] = amounts[j]
            for party, share in shares.items():
                brought[place[party], j] = share * amounts[j]
        return brought, of_nobody

    def _optimal(self, solution: Solution, who: str) -> Solution:
        if solution.stop is not Stop.OPTIMAL:
            raise StoppedError(
                f"{who}: stopped before the least cost and risk was proven ({solution.stop})"
            )
        return solution


def _named(members: Coalition) -> str:
    return ", ".join(sorted(members))


def shares(case: Case, *, check_all: bool = False, progress: Progress = silent) -> Shares:
    """What each party of a case would carry of the least cost + risk (MUSD), so that nobody is better off leaving.

    check_all: try all coalitions, however many; else with more than 6 parties single ones, all but one and 40 drawn.
    progress: called with each step in words. Raises InputError for a case that does not fit in memory, StoppedError
    where an optimum is not proven or a coalition gains.

    >>> [row.party for row in shares(case).rows]
    ['AUS', 'JPN', 'USA']
    """
    refuse_if_too_large(case)
    progress("least cost and risk of all")
    return charged(Game(case), "all" if check_all else "some", progress)


def charged(
    game: Game, check: Literal["alone", "some", "all"], progress: Progress = silent
) -> Shares:
    """The charges of a game. check: of many parties, the coalitions that are tried; where it is single parties alone,
    the charges rest on the prices, and what no charge may be below is not asked."""
    names, few = game.parties, len(game.parties) <= FEW
    singles = [frozenset([party]) for party in names]
    without = [game.everyone - single for single in singles] if check != "alone" else []
    known: dict[Coalition, float] = {frozenset(): 0.0, game.everyone: game.optimum}
    asked = list(_all(names)) if few else [*singles, *without]
    for members in asked:
        if members not in known:
            progress(f"alone: {_named(members)}")
            known[members] = game.alone(members)
    alone = {party: known[frozenset([party])] for party in names}
    charges = _summing(
        _fairest(alone, known, game.everyone) if few else game.charges_by_duals(), game.optimum
    )
    if not few and check != "alone":
        progress("whether anybody gains by leaving")
        light_first = sorted(
            names, key=lambda party: alone[party]
        )  # who counts least comes and goes most often
        for members in _all(light_first) if check == "all" else _drawn(names):
            if members not in known:
                known[members] = game.apart(members)
    tried = {s: known[s] - sum(charges[i] for i in s) for s in known if s and s != game.everyone}
    tightest = min(tried, key=lambda s: (tried[s], _named(s)), default=game.everyone)
    slack = tried.get(tightest, 0.0)
    if slack < -TRIED * (1 + abs(known[tightest])):
        raise StoppedError(
            f"{_named(tightest)}: would gain {-slack:g} MUSD by leaving; no stable charges were found"
        )
    others = {party: known.get(game.everyone - {party}) for party in names}
    lowest = {
        party: None if rest is None else game.optimum - rest + 0.0 for party, rest in others.items()
    }
    return Shares(
        [
            Share(
                party,
                alone[party],
                charge,
                alone[party] - charge,
                lowest[party],
                alone[party],
                *rest,
            )
            for party, rest in _carried(game, charges).items()
            for charge in [charges[party]]
        ],
        game.optimum,
        len(tried),
        2 ** len(names) - 2 if len(names) > 1 else 0,
        slack,
        sorted(tightest),
        not few,
    )


def shares_table(found: Shares) -> pd.DataFrame:
    """The table `shares`."""
    names = [column.name for column in SHARES.columns]
    return pd.DataFrame(
        [[getattr(row, n.removesuffix("_musd")) for n in names] for row in found.rows],
        columns=names,
    )


def stable(case: Case, found: Shares) -> Weights:
    """Funder -> what its party would pay of public spending (MUSD), spread over a party's funders by budget."""
    budgets, together = whole_budgets(case), defaultdict[str, float](float)
    for funder, budget in budgets.items():
        together[case.funder_party[funder]] += budget
    owed = {row.party: max(row.charge - row.own_loss - row.private, 0.0) for row in found.rows}
    slight = TRIED * (1 + abs(found.optimum))
    return {
        funder: owed[party] * budget / together[party]
        if budget > 0 and owed[party] > slight
        else 0.0
        for funder, budget in budgets.items()
        for party in [case.funder_party[funder]]
    }


def payment_weights(case: Case) -> tuple[Weights, dict[str, pd.DataFrame]]:
    """The weights by which a case has its payments evened out, and the table `shares` if they rest on it."""
    if case.model.policy.cost_sharing == "even":
        return whole_budgets(case), {}
    found = shares(case)
    return stable(case, found), {SHARES.name: shares_table(found)}


def _all(names: list[str]) -> Iterator[Coalition]:
    """All coalitions but nobody, each but one party apart from the one before or after (Gray's code)."""
    for code in range(1, 2 ** len(names)):
        bits = code ^ (code >> 1)
        yield frozenset(name for i, name in enumerate(names) if bits >> i & 1)


def _drawn(names: list[str]) -> Iterator[Coalition]:
    """Different coalitions of at least two parties without at least two others, the same ones every time, those that
    are alike after each other."""
    draw, seen = np.random.default_rng(0), set[tuple[str, ...]]()
    while len(seen) < DRAWN:
        inside = draw.random(len(names)) < 0.5
        members = tuple(name for name, here in zip(names, inside, strict=True) if here)
        if 1 < len(members) < len(names) - 1:
            seen.add(members)
    return iter(map(frozenset, sorted(seen)))


def _fairest(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition
) -> dict[str, float]:
    """Of all charges that no coalition can better, those with the largest least gain, then the next largest, and so on.

    Raises StoppedError if there are none.
    """
    scale = max(1.0, *(abs(amount) for amount in known.values()))
    parts = {members: amount / scale for members, amount in known.items() if members}
    for room in ROOM:
        found = _largest_least_gains(
            {i: amount / scale for i, amount in alone.items()}, parts, everyone, room
        )
        if found is not None:
            return {party: scale * charge for party, charge in found.items()}
    raise StoppedError("no charges were found that nobody can better")


def _largest_least_gains(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition, room: float
) -> dict[str, float] | None:
    """Charges by party; None if rounding leaves none that every coalition agrees to, let off by `room`."""
    program = _charging(alone, known, everyone, room)
    solver, waiting = Solver(program), sorted(everyone)

    def least(name: str, index: str | None) -> Vector | None:
        found = solver.minimise(program.column[name, index], ("dual", "primal", "ipm"))
        return found.x if found.stop is Stop.OPTIMAL else None

    while waiting:
        solver.bound(program.column["loss", None], np.inf)
        x = least("loss", None)
        if x is None:
            return None
        loss = float(x[program.column["loss", None]])
        solver.bound(program.column["loss", None], loss + HELD)
        points = {i: least("charge", i) for i in waiting}
        more = {
            i: alone[i] + loss - x[program.column["charge", i]]
            for i, x in points.items()
            if x is not None
        }
        stuck = [i for i in waiting if more.get(i, 0.0) <= STUCK] or [
            min(more, key=lambda i: (more[i], i))
        ]
        for i in stuck:
            solver.bound(program.column["charge", i], alone[i] + loss + HELD)
            solver.bound(program.column["beyond", i], np.inf)
        waiting = [i for i in waiting if i not in stuck]
    x = least("charge", min(everyone))
    return None if x is None else {i: float(x[program.column["charge", i]]) for i in everyone}


def _charging(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition, room: float
) -> Program:
    """Charges that no coalition can better: charge <= alone + loss + beyond, so that `beyond` 0 puts a party's gain
    above the least one, - loss."""
    names = sorted(everyone)
    columns: list[Key] = [(name, i) for name in ("charge", "beyond") for i in names] + [
        ("loss", None)
    ]
    at = {key: j for j, key in enumerate(columns)}
    free = [name != "beyond" for name, _ in columns]
    empty = Program(
        matrix=csr_array((0, len(columns))),
        row_lower=np.empty(0),
        row_upper=np.empty(0),
        lower=np.where(free, -np.inf, 0.0),
        upper=np.where(free, np.inf, 0.0),
        columns=tuple(columns),
        rows=(),
        goal=np.zeros(len(columns)),
    )
    agreed = [{at["charge", i]: 1.0 for i in sorted(members)} for members in known]
    gains = [{at["charge", i]: 1.0, at["beyond", i]: -1.0, at["loss", None]: -1.0} for i in names]
    low = [amount if members == everyone else -np.inf for members, amount in known.items()]
    high = [amount + (room if members != everyone else 0.0) for members, amount in known.items()]
    keys: list[Key] = [("row", i) for i in range(len(agreed) + len(gains))]
    sides = (
        np.array([*low, *([-np.inf] * len(names))]),
        np.array([*high, *(alone[i] for i in names)]),
    )
    return empty.with_rows(keys, [*agreed, *gains], *sides)


def _summing(charges: Mapping[str, float], optimum: float) -> dict[str, float]:
    """The charges, the largest of which takes what rounding leaves of the sum."""
    largest = max(charges, key=lambda i: (abs(charges[i]), i))
    return {
        i: x if i != largest else optimum - sum(charges[j] for j in charges if j != i)
        for i, x in charges.items()
    }


def _carried(
    game: Game, charges: Mapping[str, float]
) -> dict[str, tuple[float, float, float, float]]:
    """Party -> own loss, paid, transfer and the private part of what is paid, of the plan of all (MUSD)."""
    case, scope, x = game.case, game.scope, game.whole.x
    values = Values(game.program.columns, x)
    tables = extract_tables(scope, values) | money_tables(
        scope, items_spent(scope, values), whole_budgets(case)
    )
    aversion, out = case.model.objective.risk_aversion, {}
    loss, private, paid = (defaultdict[str, float](float) for _ in range(3))
    for country, parts in verify(case, tables).losses_by_country.items():
        loss[case.party[country]] += (1 - aversion) * parts["expected"] + aversion * parts["tail"]
    for party, amount in _costs(game).items():
        private[party] += amount
    spending, payments = tables["spending"], tables["payments"]
    spent = spending["expected"] * spending["year"].map(case.cost_discount)
    for name, musd in zip(spending["country"], spent, strict=True):
        private[case.party[str(name)]] -= float(musd)
    in_all = float(payments["paid_musd"].sum())
    for funder, musd in zip(payments["funder"], payments["paid_musd"], strict=True):
        paid[case.funder_party[funder]] += (
            float(musd) / in_all * float(spent.sum()) if in_all > 0 else 0.0
        )
    for party in game.parties:
        whole = paid[party] + private[party]
        out[party] = loss[party], whole, charges[party] - loss[party] - whole, private[party]
    return out


def _costs(game: Game) -> dict[str, float]:
    """Cost of the plan of all by party (MUSD); of what is nobody's, an even part."""
    p, x, out = game.program, game.whole.x, defaultdict[str, float](float)
    row = p.row["cost_definition", None]
    span = slice(p.matrix.indptr[row], p.matrix.indptr[row + 1])
    terms = dict(zip(p.matrix.indices[span].tolist(), p.matrix.data[span].tolist(), strict=True))
    whole = terms.pop(p.column["cost", None])
    for j, coefficient in terms.items():
        amount = -coefficient / whole * float(x[j])
        evenly = dict.fromkeys(game.parties, 1 / len(game.parties))
        for party, share in (owners(game.scope, *p.columns[j]) or evenly).items():
            out[party] += share * amount
    return out
