"""The game of the parties of a case: the least cost + risk of each coalition, and what each party brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.config import Objective
from planner.data.case import Case, with_choices, without_targets
from planner.data.change import Change, cells_changed
from planner.errors import StoppedError
from planner.formulation.owners import owners
from planner.solving.engine import Engine, OfFirstGoal, Question, Solved
from planner.solving.goals import Phase, Progress, silent
from planner.solving.program import Key, Vector
from planner.solving.solution import Solution, Stop

WELFARE = [Phase("welfare")]
OF_COUNTRIES = (
    ("demand", "tonnes"),
    ("imports", "tonnes"),
    ("projects", "existing_tpa"),
    ("projects", "max_new_tpa"),
    ("workforce", "initial"),
    ("workforce", "hires_per_year"),
    ("training", "seats"),
    ("training", "max_new_seats"),
    ("stockpiles", "initial_t"),
)
"""Figures that a country brings: without them it is as if it were not there."""
Coalition = frozenset[str]
"""Parties."""
ByParty = NDArray[np.float64]
"""Figures of rows or columns (k) by party (parties x k)."""


def parties(case: Case) -> list[str]:
    """Whoever has a country or money."""
    return sorted({*case.lookups.party.values(), *case.lookups.funder_party.values()})


def welfare_case(case: Case) -> Case:
    """The case in which all act as one group for the least cost + risk, and plants may be divided; without targets."""
    old = case.model.objective
    return with_choices(
        without_targets(case),
        objective=Objective(goal="welfare", risk_aversion=old.risk_aversion, tail=old.tail),
        policy={"coordination": "allied", "whole_plants": False, "cost_sharing": "even"},
        horizon={"first_year": case.first_year, "last_year": case.last_year},
    )


def named(members: Coalition) -> str:
    """The parties in words."""
    return ", ".join(sorted(members))


def _welfare(solved: Solved) -> float:
    """The measure: the least cost + risk."""
    return solved.value("welfare")


class Game:
    """The least cost + risk of coalitions: questions about the case of all, in which others bring nothing."""

    def __init__(self, case: Case) -> None:
        self.case = welfare_case(case)
        self.parties = parties(self.case)
        self.everyone = frozenset(self.parties)
        self._engine = Engine(self.case)
        solved = self._engine.solve(phases=WELFARE)
        self.scope, self.program = solved.scope, solved.program
        self.whole = _optimal(solved.outcome.last, "all parties")
        self.optimum = solved.value("welfare")
        program = self.program
        sides = np.where(np.isfinite(program.row_lower), program.row_lower, program.row_upper)
        self._rows, self._rows_of_nobody = self._brought(sides, program.rows)
        self._columns, self._columns_of_nobody = self._brought(program.upper, program.columns)

    def costs(
        self, coalitions: Iterable[Coalition], progress: Progress = silent
    ) -> dict[Coalition, float]:
        """c(S) of some coalitions."""
        by_name = {named(members): members for members in coalitions}
        questions = {name: self.question(members) for name, members in by_name.items()}
        costs = self._engine.ask(questions, OfFirstGoal(_welfare), progress=progress)
        return {members: costs[name] for name, members in by_name.items()}

    def question(self, members: Coalition) -> Question:
        """The case of a coalition: whatever is of others is nothing."""
        party, funder_party = self.case.lookups.party, self.case.lookups.funder_party
        countries = {country for country in party if party[country] not in members}
        funders = {funder for funder in funder_party if funder_party[funder] not in members}
        changes = [self._nothing("budgets", "funder", funders, "musd")]
        for table, column in OF_COUNTRIES:
            changes.append(self._nothing(table, "country", countries, column))
        return Question.of(*filter(None, changes))

    def _nothing(self, table: str, owner: str, names: set[str], column: str) -> Change | None:
        """The change of a column to 0 in the rows of some owners; None if they have none."""
        owners = {getattr(row, owner) for row in self.case.tables.rows(table)} & names
        if not owners:
            return None
        return cells_changed(table, {owner: sorted(owners)}, column, 0.0)

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


def _optimal(solution: Solution, who: str) -> Solution:
    if solution.stop is not Stop.OPTIMAL:
        said = f"{who}: stopped before the least cost and risk was proven ({solution.stop})"
        raise StoppedError(said)
    return solution
