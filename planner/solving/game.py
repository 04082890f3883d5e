"""The game of the parties of a case: least cost + risk of a coalition, by itself and within the program of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.config import Objective
from planner.data.case import Case, with_model, with_rows, without_targets
from planner.errors import StoppedError
from planner.formulation.owners import owners
from planner.solving.engine import Engine
from planner.solving.goals import Phase
from planner.solving.highs import Solver
from planner.solving.program import Key, Vector
from planner.solving.solution import Solution, Stop

WELFARE = [Phase("welfare")]
OF_COUNTRIES = ("countries", "demand", "imports", "projects", "workforce", "training", "stockpiles")
"""Tables whose rows belong to a country."""
OF_FUNDERS = ("budgets", "funders")
"""Tables whose rows belong to a funder."""
OF_PLANTS = ("savings", "availability")
"""Tables whose rows belong to a plant, each to the country of its own."""
Coalition = frozenset[str]
"""Parties."""
ByParty = NDArray[np.float64]
"""Figures of rows or columns (k) by party (parties x k)."""


def parties(case: Case) -> list[str]:
    """Whoever has a country or money."""
    return sorted({*case.lookups.party.values(), *case.lookups.funder_party.values()})


def welfare_case(case: Case) -> Case:
    """The case in which all act as one group for the least cost + risk, and plants may be divided; without targets."""
    case = without_targets(case)
    model = case.model
    old = model.objective
    together = {"coordination": "allied", "whole_plants": False, "cost_sharing": "even"}
    years = {"first_year": case.first_year, "last_year": case.last_year}
    update = {
        "objective": Objective(goal="welfare", risk_aversion=old.risk_aversion, tail=old.tail),
        "policy": model.policy.model_copy(update=together),
        "horizon": model.horizon.model_copy(update=years),
    }
    return with_model(case, model.model_copy(update=update))


def restricted(case: Case, members: Coalition) -> Case | None:
    """The case of a coalition alone: its countries and what is in them, and its money. None if it wants nothing."""
    countries = _of_members(case.lookups.party, members)
    funders = _of_members(case.lookups.funder_party, members)
    kept: dict[str, tuple[Any, ...]] = {}
    for table in OF_COUNTRIES:
        kept[table] = _rows_of(case, table, "country", countries)
    for table in OF_FUNDERS:
        kept[table] = _rows_of(case, table, "funder", funders)
    plants = {row.project for row in kept["projects"]}
    for table in OF_PLANTS:
        kept[table] = _rows_of(case, table, "project", plants)
    alone = with_rows(case, **kept)
    return alone if alone.demand else None


def _of_members(party_of: Mapping[str, str], members: Coalition) -> set[str]:
    """Countries or funders whose party is in a coalition."""
    return {name for name, party in party_of.items() if party in members}


def _rows_of(case: Case, table: str, column: str, names: set[str]) -> tuple[Any, ...]:
    """The rows of a table with one of some names in a column."""
    rows = case.tables.rows(table)
    return tuple(row for row in rows if getattr(row, column) in names)


def named(members: Coalition) -> str:
    """The parties in words."""
    return ", ".join(sorted(members))


class Game:
    """The least cost + risk of coalitions: each as a case of its own, and as the whole with what others bring left
    out. The latter may know of more, by shocks that only others feel, so it is never more."""

    def __init__(self, case: Case) -> None:
        self.case = welfare_case(case)
        self.parties = parties(self.case)
        self.everyone = frozenset(self.parties)
        solved = Engine(self.case).solve(phases=WELFARE)
        self.scope, self.program = solved.scope, solved.program
        self._column = self.program.column["welfare", None]
        self._whole_solver = solved.solver
        self.whole = _optimal(solved.outcome.last, "all parties")
        self.optimum = float(self.whole.x[self._column])
        program = self.program
        sides = np.where(np.isfinite(program.row_lower), program.row_lower, program.row_upper)
        self._rows, self._rows_of_nobody = self._brought(sides, program.rows)
        self._columns, self._columns_of_nobody = self._brought(program.upper, program.columns)
        self._solver: Solver | None = None

    def alone(self, members: Coalition) -> float:
        """c(S), of the case of its own."""
        case = restricted(self.case, members)
        if case is None:
            return 0.0
        solved = Engine(case).solve(phases=WELFARE)
        _optimal(solved.outcome.last, named(members))
        return solved.value("welfare")

    def apart(self, members: Coalition) -> float:
        """At most c(S): of the program of the whole. Quick where coalitions resemble the one before."""
        if self._solver is None:
            self._solver = Solver(self.program)
            for phase, basis in self._whole_solver.last_bases.items():
                self._solver.begin_from(phase, basis)
        inside = np.array([party in members for party in self.parties], dtype=float)
        rows = inside @ self._rows + self._rows_of_nobody
        columns = inside @ self._columns + self._columns_of_nobody
        whole = self.program
        program = whole.with_data(
            row_lower=_replaced(whole.row_lower, rows),
            row_upper=_replaced(whole.row_upper, rows),
            upper=_replaced(whole.upper, columns),
        )
        self._solver.replace(program)
        solution = self._solver.minimise(self._column, ("again", "dual", "ipm"))
        return float(_optimal(solution, named(members)).x[self._column])

    def charges_by_duals(self) -> dict[str, float]:
        """The worth of what each party brings at the prices of the whole; of what is nobody's, an even part."""
        prices = self.whole.duals
        reduced = -(self.program.matrix.T @ prices)
        # A column with an upper bound costs nothing itself.
        limited = np.where(np.isfinite(self.program.upper), np.minimum(reduced, 0.0), 0.0)
        of_nobody = self._rows_of_nobody @ prices + self._columns_of_nobody @ limited
        charges = self._rows @ prices + self._columns @ limited + of_nobody / len(self.parties)
        return dict(zip(self.parties, charges.tolist(), strict=True))

    def owners_of(self, key: Key) -> Mapping[str, float]:
        """Party -> share of a column; of what is nobody's, an even part."""
        evenly = dict.fromkeys(self.parties, 1 / len(self.parties))
        return owners(self.scope, *key) or evenly

    def _brought(self, amounts: Vector, keys: Sequence[Key]) -> tuple[ByParty, Vector]:
        """The parts of right-hand sides, or of upper bounds, that parties bring (parties x m) and nobody does (m)."""
        brought = np.zeros((len(self.parties), len(keys)))
        of_nobody = np.zeros(len(keys))
        for position in np.flatnonzero(np.isfinite(amounts) & (amounts != 0.0)).tolist():
            shares = owners(self.scope, *keys[position])
            if not shares:
                of_nobody[position] = amounts[position]
            for party, share in shares.items():
                brought[self.parties.index(party), position] = share * amounts[position]
        return brought, of_nobody


def _replaced(sides: Vector, brought: Vector) -> Vector:
    """Sides of rows (m) with what is brought in place of finite ones; infinite ones stay."""
    return np.where(np.isfinite(sides), brought, sides)


def _optimal(solution: Solution, who: str) -> Solution:
    if solution.stop is not Stop.OPTIMAL:
        said = f"{who}: stopped before the least cost and risk was proven ({solution.stop})"
        raise StoppedError(said)
    return solution
