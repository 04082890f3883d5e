"""Unsure inputs: figures of a case that may be otherwise, the plan at the ends of their ranges, and how far it moves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from planner.config import LEVERS, Lever
from planner.data.case import Case
from planner.data.cells import Row, conditions, matching
from planner.data.change import Change, cells_changed
from planner.data.changed_case import applied
from planner.data.schema import TABLES, UncertainRange
from planner.explanation.commitments import built, capital_by_stage, of_optimum
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference
from planner.results.explanation import Influence, Tried, Verdict
from planner.solving.program import Program

MOST_SOURCES = 2
SMALLEST = 1e-12
NOT_STATED = "not stated"
PROBABILITY = "probability"


@dataclass(frozen=True, kw_only=True)
class UncertainInput:
    """Figures that rise and fall together, and the claims they are first of all a doubt about.

    low, high: factors. source: where the range comes from.
    """

    key: str
    name: str
    low: float
    high: float
    source: str
    claims: Sequence[str]
    ranges: Sequence[UncertainRange]

    @property
    def ends(self) -> list[float]:
        """The ends of its range that are not the value as given: factors."""
        return sorted({self.low, self.high} - {1.0})

    def vary(self, case: Case, factor: float) -> Case:
        """The case with the figures times a factor; probabilities make room for those that move."""
        for change in self.changes(case, factor):
            case = applied(case, [change], make_room=True, strict=False)
        return case

    def changes(self, case: Case, factor: float) -> list[Change]:
        """The figures times a factor, as changes; probabilities sum to 1 at most."""
        found = []
        for cells in self.ranges:
            times = min(factor, most_factor(case, cells))
            where = conditions(cells.where)
            found.append(cells_changed(cells.table, where, cells.column, f"x{times!r}"))
        return found


def most_factor(case: Case, cells: UncertainRange) -> float:
    """The largest factor of some cells: probabilities sum to 1 at most, other figures have no limit."""
    if cells.column != PROBABILITY:
        return float("inf")
    rows: list[Any] = list(case.tables.rows(cells.table))
    moved = matching(rows, conditions(cells.where))
    total = float(sum(rows[place].probability for place in moved))
    return 1.0 / max(total, SMALLEST)


def uncertain_inputs(case: Case) -> list[UncertainInput]:
    """Unsure inputs of the table `uncertainties`, in its order, but for those that move no figure of the case."""
    ranges: dict[str, list[UncertainRange]] = defaultdict(list)
    for row in case.tables.uncertainties:
        ranges[row.uncertainty].append(row)
    found = []
    for key, rows in ranges.items():
        first = rows[0]
        uncertain = UncertainInput(
            key=key,
            name=first.name or key,
            low=first.low,
            high=first.high,
            source=first.source,
            claims=first.claims,
            ranges=rows,
        )
        if any(uncertain.vary(case, factor).tables != case.tables for factor in uncertain.ends):
            found.append(uncertain)
    return found


# ---- the plan at the ends --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InputAtEnd:
    """An unsure input whose figures are some factor times what they are as given."""

    uncertain: UncertainInput
    factor: float

    @property
    def name(self) -> str:
        """The name of the cases that have it so."""
        return f"{self.uncertain.key}*{self.factor:g}"

    def case_of(self, case: Case) -> Case:
        """A case with the input so."""
        return self.uncertain.vary(case, self.factor)


@dataclass(frozen=True, kw_only=True)
class InputEnd:
    """An unsure input at one end of its range, and the plan there, all levers of the run allowed."""

    at: InputAtEnd
    plan: Counterfactual


def under(
    reference: Reference, at: InputAtEnd, levers: Iterable[Lever], after: str = ""
) -> Counterfactual:
    """The plan with an input at another value and with these levers of the run, solved on from that of `after`."""
    own = reference.case.model.levers
    allowed = set(levers) & set(own)
    kept = tuple(lever for lever in LEVERS if lever in allowed)

    def make() -> Program | Case:
        program = reference.under(at.name, lambda: at.case_of(reference.case))
        if program is not None:
            return reference.only(kept, program)
        case = at.case_of(reference.case)
        return case.with_model(case.model.model_copy(update={"levers": kept}))

    key = f"try:{at.name}:{'+'.join(kept)}"
    return Counterfactual(key, make, after, with_cost=allowed == set(own))


def at_ends(reference: Reference) -> list[InputEnd]:
    """The plan at each end of each unsure input that the case has, all levers allowed."""
    levers = reference.case.model.levers
    found = []
    for uncertain in uncertain_inputs(reference.case):
        for factor in uncertain.ends:
            at = InputAtEnd(uncertain, factor)
            found.append(InputEnd(at=at, plan=under(reference, at, levers)))
    return found


def influences(
    case: Case,
    *,
    objective: float,
    verdicts: Sequence[Verdict],
    ends: Iterable[InputEnd],
    found: Mapping[str, Optimum],
) -> list[Influence]:
    """The unsure inputs of a case, the most influential first.

    objective: with the inputs as given (MUSD). found: the plans at their ends, by key.
    """
    by_input: dict[str, list[InputEnd]] = defaultdict(list)
    for end in ends:
        by_input[end.at.uncertain.key].append(end)
    out = [
        _influence(case, objective=objective, verdicts=verdicts, ends=of, found=found)
        for of in by_input.values()
    ]
    return sorted(out, key=lambda influence: (-abs(influence.effect), influence.input))


def _influence(
    case: Case,
    *,
    objective: float,
    verdicts: Sequence[Verdict],
    ends: Sequence[InputEnd],
    found: Mapping[str, Optimum],
) -> Influence:
    """The influence of an unsure input: objective at the ends of its range, rows and confidence behind it, claims
    that turn on it."""
    uncertain = ends[0].at.uncertain
    tried = []
    effects = []
    for end in ends:
        best = found[end.plan.key]
        tried.append(_tried_at(case, end.at.factor, best))
        effects.append(best.objective - objective)
    touched = touched_rows(case, ends[0].at.case_of(case))
    rows = list(chain.from_iterable(touched.values()))
    words = Counter(row.confidence.strip().casefold() or NOT_STATED for row in rows)
    decides = [one.claim for one in verdicts if uncertain.name in one.turns_on]
    return Influence(
        input=uncertain.name,
        why=uncertain.source,
        tried=tried,
        effect=max(effects, key=abs),
        tables=list(touched),
        rows=len(rows),
        confidence=dict(sorted(words.items())),
        sources=_sources(rows),
        decides=decides,
    )


def _tried_at(case: Case, factor: float, best: Optimum) -> Tried:
    """The optimum with an input at a factor: its objective and cost, and what it builds."""
    builds = of_optimum(best)
    return Tried(
        setting=setting(factor),
        objective=best.objective,
        cost=best.cost or 0.0,
        capital=capital_by_stage(case, builds),
        builds=built(case, builds),
    )


def setting(factor: float) -> str:
    """A factor in words.

    >>> setting(0.5)
    '× 0.5'
    """
    return f"× {factor:g}"


def touched_rows(case: Case, other: Case) -> dict[str, list[Row]]:
    """The rows of each table of a case that another case with as many rows has otherwise."""
    out = {}
    for table in TABLES:
        pairs = zip(case.tables.rows(table.name), other.tables.rows(table.name), strict=True)
        rows = [one for one, two in pairs if one != two]
        if rows:
            out[table.name] = rows
    return out


def _sources(rows: Sequence[Row]) -> list[str]:
    """The sources that stand beside most rows."""
    counted = Counter(row.source.strip() for row in rows if row.source.strip())
    ordered = sorted(counted, key=lambda source: (-counted[source], source))
    return ordered[:MOST_SOURCES]
