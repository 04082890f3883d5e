"""On which assumptions the result leans most: each unsure input moved to the ends of its range, and solved again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from planner.config import LEVERS, Lever
from planner.data.case import Case, with_room
from planner.data.cells import Row, conditions, matching
from planner.data.schema import TABLES, UncertainRange
from planner.explanation.counterfactuals import Counterfactual, Reference, SolveAll
from planner.results.explanation import Influence, Tried, Verdict
from planner.solving.program import Program


@dataclass(frozen=True)
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
    def factors(self) -> tuple[float, float]:
        """All factors that are tried where everything is."""
        return self.low, self.high

    def vary(self, case: Case, factor: float) -> Case:
        """The case with the figures times a factor; probabilities make room for those that move."""
        for cells in self.ranges:
            rows: list[Any] = list(case.tables.rows(cells.table))
            moved = matching(rows, conditions(cells.where))
            column, times = cells.column, factor
            if column == "probability":
                times = min(factor, 1.0 / max(sum(rows[i].probability for i in moved), SMALLEST))
            for i in moved:
                if getattr(rows[i], column) is not None:
                    rows[i] = rows[i].model_copy(update={column: getattr(rows[i], column) * times})
            if column == "probability":
                rows = list(with_room(rows, set(moved)))
            changed: dict[str, Any] = {cells.table: tuple(rows)}
            case = case.with_tables(**changed)
        return case


def uncertain_inputs(case: Case) -> list[UncertainInput]:
    """Those that the case names in its table `uncertainties`, in that order, and that move some figure of it."""
    ranges: dict[str, list[UncertainRange]] = defaultdict(list)
    for row in case.tables.uncertainties:
        ranges[row.uncertainty].append(row)
    found = [
        UncertainInput(key, of[0].name or key, of[0].low, of[0].high, of[0].source, of[0].claims, of)
        for key, of in ranges.items()
    ]
    return [one for one in found if one.vary(case, farthest(one.factors)[0]).tables != case.tables]


MOST_SOURCES, SMALLEST = 2, 1e-12
NOT_STATED = "not stated"
Ends = tuple[UncertainInput, list[tuple[float, Counterfactual]]]


def farthest(factors: Sequence[float]) -> Sequence[float]:
    """One end on each side of the value as given."""
    below, above = [f for f in factors if f < 1], [f for f in factors if f > 1]
    return [*([min(below)] if below else []), *([max(above)] if above else [])]


def under(
    reference: Reference, uncertain: UncertainInput, factor: float, levers: Iterable[Lever], after: str = ""
) -> Counterfactual:
    """The plan with an input at another value and with these levers of the run, solved on from that of `after`."""
    own = reference.case.model.levers
    name, allowed = f"{uncertain.key}*{factor:g}", set(levers) & set(own)
    kept = tuple(x for x in LEVERS if x in allowed)

    def make() -> Program | Case:
        program = reference.under(name, lambda: uncertain.vary(reference.case, factor))
        if program is not None:
            return reference.only(kept, program)
        case = uncertain.vary(reference.case, factor)
        return case.with_model(case.model.model_copy(update={"levers": kept}))

    return Counterfactual(f"try:{name}:{'+'.join(kept)}", make, after, with_cost=allowed == set(own))


def at_ends(reference: Reference) -> list[Ends]:
    """For each unsure input that the case has, the plan at each end of its range, all levers allowed."""
    levers = reference.case.model.levers
    return [
        (uncertain, [(factor, under(reference, uncertain, factor, levers)) for factor in farthest(uncertain.factors)])
        for uncertain in uncertain_inputs(reference.case)
    ]


def influences(
    reference: Reference,
    objective: float,
    verdicts: Iterable[Verdict],
    solve: SolveAll,
) -> list[Influence]:
    """The unsure inputs of a case, the most influential first. `objective`: with the inputs as given (MUSD)."""
    wanted, judged = at_ends(reference), list(verdicts)
    found = solve(counterfactual for _, ends in wanted for _, counterfactual in ends)
    out = []
    for uncertain, ends in wanted:
        tried = [Tried(f"× {factor:g}", found[counterfactual.key].objective) for factor, counterfactual in ends]
        touched = touched_rows(reference.case, uncertain.vary(reference.case, ends[0][0]))
        rows = [row for rows in touched.values() for row in rows]
        out.append(
            Influence(
                uncertain.name,
                uncertain.source,
                tried,
                max((t.objective - objective for t in tried), key=abs),
                list(touched),
                len(rows),
                dict(sorted(Counter(row.confidence.strip().casefold() or NOT_STATED for row in rows).items())),
                _sources(rows),
                [v.claim for v in judged if uncertain.name in v.turns_on],
            )
        )
    return sorted(out, key=lambda i: (-abs(i.effect), i.input))


def touched_rows(case: Case, other: Case) -> dict[str, list[Row]]:
    """The rows of each table of a case that another case with as many rows has otherwise."""
    out = {}
    for table in TABLES:
        pairs = zip(case.tables.rows(table.name), other.tables.rows(table.name), strict=True)
        if rows := [one for one, two in pairs if one != two]:
            out[table.name] = rows
    return out


def _sources(rows: Sequence[Row]) -> list[str]:
    """The sources that stand beside most rows."""
    counted = Counter(row.source.strip() for row in rows if row.source.strip())
    return [source for source, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_SOURCES]]
