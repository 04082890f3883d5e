"""Doubtful figures: figures of a case that may be otherwise, tried at both ends of their ranges, one at a time.

At each end the plan, no plan, each lever alone and each taken away are asked again, so that what moves the plan and what
turns a claim are both known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner.cells import conditions, is_one, matching, options
from planner.data.case import Case
from planner.data.change import Change, cells_changed
from planner.data.changed_case import Changer
from planner.data.schema import UncertainRange
from planner.explanation.claims import lever_values
from planner.explanation.questions import NOTHING, PLAN, lever_questions
from planner.results.explanation import Claim, Influence, LeverValues, Trial, Tried
from planner.solving.engine import Question

SMALLEST = 1e-12
PROBABILITY = "probability"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Figures that rise and fall together. low, high: factors. source: where the range comes from."""

    key: str
    name: str
    low: float
    high: float
    source: str
    confidence: str
    ranges: Sequence[UncertainRange]

    @property
    def ends(self) -> list[float]:
        """The ends of its range that are not the value as given: factors."""
        return sorted({self.low, self.high} - {1.0})

    def changes(self, case: Case, factor: float) -> list[Change]:
        """The figures times a factor; probabilities sum to 1 at most. Ranges that mean no row of the case are left out."""
        found = []
        for cells in self.ranges:
            where = _present(case, cells)
            if where is not None:
                times = min(factor, _most_factor(case, cells))
                found.append(cells_changed(cells.table, where, cells.column, f"x{times!r}"))
        return found


def _present(case: Case, cells: UncertainRange) -> dict[str, list[str]] | None:
    """Column -> alternatives that some row has; None if no row is meant."""
    rows = case.lookups.rows(cells.table)
    where = conditions(cells.where)
    if not matching(rows, where):
        return None
    found = {}
    for column, wanted in where.items():
        present = {getattr(row, column) for row in rows}
        found[column] = [
            option for option in options(wanted) if any(is_one(cell, option) for cell in present)
        ]
    return found


def _most_factor(case: Case, cells: UncertainRange) -> float:
    """The largest factor of some cells: probabilities sum to 1 at most, other figures have no limit."""
    if cells.column != PROBABILITY:
        return float("inf")
    rows = case.tables.scenarios
    total = sum(rows[place].probability for place in matching(rows, conditions(cells.where)))
    return 1.0 / max(total, SMALLEST)


def doubts_of(case: Case) -> list[Doubt]:
    """Doubts of the table `uncertainties`, in its order, but for those that move no figure of the case."""
    ranges: dict[str, list[UncertainRange]] = {}
    for row in case.tables.uncertainties:
        ranges.setdefault(row.uncertainty, []).append(row)
    found = []
    for key, rows in ranges.items():
        first = rows[0]
        doubt = Doubt(
            key=key,
            name=first.name or key,
            low=first.low,
            high=first.high,
            source=first.source,
            confidence=first.confidence,
            ranges=rows,
        )
        if any(_moves(case, doubt, factor) for factor in doubt.ends):
            found.append(doubt)
    return found


def _moves(case: Case, doubt: Doubt, factor: float) -> bool:
    changed = Changer(case).apply(doubt.changes(case, factor), make_room=True)
    return changed.tables != case.tables


# ---- what is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class End:
    """A doubt at one end of its range, and what is asked there: name of a lever question -> question."""

    doubt: Doubt
    factor: float
    questions: Mapping[str, Question]

    def named(self, key: str) -> str:
        """The name of a question there."""
        return f"{self.doubt.key} x{self.factor:g}: {key}"

    @property
    def after(self) -> dict[str, str]:
        """Names of questions -> the one there from which each is nearest: a lever missing from all, one alone from none."""
        found = {}
        for key in self.questions:
            if key not in (PLAN, NOTHING):
                found[self.named(key)] = self.named(PLAN if key.startswith("missing") else NOTHING)
        return found


def ends_of(case: Case, doubts: Sequence[Doubt]) -> Iterator[End]:
    """Both ends of each doubt."""
    for doubt in doubts:
        for factor in doubt.ends:
            also = doubt.changes(case, factor)
            yield End(doubt=doubt, factor=factor, questions=lever_questions(case, also))


def questions_at(ends: Sequence[End]) -> tuple[dict[str, Question], dict[str, str]]:
    """All that is asked at some ends by name, and from the answer to which other question each begins, if any."""
    questions: dict[str, Question] = {}
    after: dict[str, str] = {}
    for end in ends:
        questions |= {end.named(key): one for key, one in end.questions.items()}
        after |= end.after
    return questions, after


# ---- what the answers say --------------------------------------------------------------------------------------------


def values_at(
    case: Case, ends: Sequence[End], objectives: Mapping[str, float]
) -> list[tuple[Trial, LeverValues]]:
    """The values of the levers at each end, and the trial that it is, its share still to be said.

    objectives: what the questions there attain (MUSD).
    """
    found = []
    for end in ends:
        there = {key: objectives[end.named(key)] for key in end.questions}
        trial = Trial(
            input=end.doubt.name, setting=setting(end.factor), source=end.doubt.source, share=0.0
        )
        found.append((trial, lever_values(case, there)))
    return found


def influences(
    ends: Sequence[End], objectives: Mapping[str, float], *, given: float, claims: Sequence[Claim]
) -> list[Influence]:
    """The doubts, the most influential first. given: the objective with all figures as given (MUSD)."""
    by_doubt: dict[str, list[End]] = {}
    for end in ends:
        by_doubt.setdefault(end.doubt.key, []).append(end)
    found = [_influence(of, objectives, given=given, claims=claims) for of in by_doubt.values()]
    return sorted(found, key=lambda one: (-abs(one.effect), one.input))


def _influence(
    ends: Sequence[End], objectives: Mapping[str, float], *, given: float, claims: Sequence[Claim]
) -> Influence:
    """The influence of a doubt: objective at the ends of its range, and levers whose verdict it turns."""
    doubt = ends[0].doubt
    tried = []
    effects = []
    for end in ends:
        best = objectives[end.named(PLAN)]
        one = Tried(
            setting=setting(end.factor), changes=list(end.questions[PLAN].changes), objective=best
        )
        tried.append(one)
        effects.append(best - given)
    turned = [claim.lever for claim in claims if doubt.name in claim.turns_on]
    return Influence(
        input=doubt.name,
        why=doubt.source,
        confidence=doubt.confidence,
        tried=tried,
        effect=max(effects, key=abs),
        decides=list(dict.fromkeys(turned)),
    )


def setting(factor: float) -> str:
    """A factor in words.

    >>> setting(0.5)
    '× 0.5'
    """
    return f"× {factor:g}"
