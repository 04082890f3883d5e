"""Five claims and a verdict each, by one rule: a measure, a threshold, and every unsure input tried at its ends; and on
which of these inputs the result leans most, and the plan at their ends.

A claim *holds* if its measure is on the claim's side of the threshold with the inputs as given and in every trial,
*fails* if it is on the other side in all of them, and is *not decided by these data* if trials disagree. A trial
solves two cases again, with the input at another value: with the thing the claim is about and without it.
What is compared is the objective of the run: least cost plus risk, or the least risk.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.config import LEVERS, Lever
from planner.data.case import Case
from planner.data.cells import Row, conditions, matching
from planner.data.change import Change, cells_changed
from planner.data.changed_case import applied
from planner.data.schema import TABLES, UncertainRange
from planner.data.stages import STAGE_LEVERS, STAGES, stages_told
from planner.explanation.commitments import built, capital_by_stage, of_optimum
from planner.explanation.counterfactuals import (
    SMALLEST_MUSD,
    Counterfactual,
    Optimum,
    Reference,
    SolveAll,
    with_policy,
)
from planner.results.explanation import Influence, Trial, Tried, Verdict
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
        found: list[Change] = []
        for cells in self.ranges:
            where = conditions(cells.where)
            times = factor
            if cells.column == "probability":
                rows: list[Any] = list(case.tables.rows(cells.table))
                total = sum(rows[i].probability for i in matching(rows, where))
                times = min(factor, 1.0 / max(total, SMALLEST))
            found.append(cells_changed(cells.table, where, cells.column, f"x{times!r}"))
        return found


def uncertain_inputs(case: Case) -> list[UncertainInput]:
    """Those that the case names in its table `uncertainties`, in that order, and that move some figure of it."""
    ranges: dict[str, list[UncertainRange]] = defaultdict(list)
    for row in case.tables.uncertainties:
        ranges[row.uncertainty].append(row)
    found = [
        UncertainInput(
            key, of[0].name or key, of[0].low, of[0].high, of[0].source, of[0].claims, of
        )
        for key, of in ranges.items()
    ]
    return [
        one
        for one in found
        if any(one.vary(case, factor).tables != case.tables for factor in one.ends)
    ]


MOST_SOURCES, SMALLEST = 2, 1e-12
NOT_STATED = "not stated"
Ends = tuple[UncertainInput, list[tuple[float, Counterfactual]]]


def under(
    reference: Reference,
    uncertain: UncertainInput,
    factor: float,
    levers: Iterable[Lever],
    after: str = "",
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

    return Counterfactual(
        f"try:{name}:{'+'.join(kept)}", make, after, with_cost=allowed == set(own)
    )


def at_ends(reference: Reference) -> list[Ends]:
    """For each unsure input that the case has, the plan at each end of its range, all levers allowed."""
    levers = reference.case.model.levers
    return [
        (
            uncertain,
            [(factor, under(reference, uncertain, factor, levers)) for factor in uncertain.ends],
        )
        for uncertain in uncertain_inputs(reference.case)
    ]


def influences(
    case: Case,
    objective: float,
    verdicts: Sequence[Verdict],
    doubts: Iterable[Ends],
    found: Mapping[str, Optimum],
) -> list[Influence]:
    """The unsure inputs of a case, the most influential first. objective: with the inputs as given (MUSD); found: the
    plans at their ends."""
    out = []
    for uncertain, ends in doubts:
        tried = [
            _tried_at(case, factor, found[counterfactual.key]) for factor, counterfactual in ends
        ]
        touched = touched_rows(case, uncertain.vary(case, ends[0][0]))
        rows = [row for rows in touched.values() for row in rows]
        out.append(
            Influence(
                uncertain.name,
                uncertain.source,
                tried,
                max((t.objective - objective for t in tried), key=abs),
                list(touched),
                len(rows),
                dict(
                    sorted(
                        Counter(
                            row.confidence.strip().casefold() or NOT_STATED for row in rows
                        ).items()
                    )
                ),
                _sources(rows),
                [v.claim for v in verdicts if uncertain.name in v.turns_on],
            )
        )
    return sorted(out, key=lambda i: (-abs(i.effect), i.input))


def _tried_at(case: Case, factor: float, best: Optimum) -> Tried:
    builds = of_optimum(best)
    cost, capital = best.cost or 0.0, capital_by_stage(case, builds)
    return Tried(f"× {factor:g}", best.objective, cost, capital, built(case, builds))


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
    return [
        source
        for source, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[
            :MOST_SOURCES
        ]
    ]


STEPS: tuple[tuple[str, str, tuple[Lever, ...]], ...] = (
    *((stage.name, stage.making, (stage.lever,)) for stage in STAGES.values()),
    ("people", "training and hiring", ("training", "hiring")),
    ("stockpile", "stock", ("stockpile",)),
)
"""The order in which the ladder adds levers: (id, name, levers)."""


def steps(case: Case) -> list[tuple[str, str, tuple[Lever, ...]]]:
    """The steps of the ladder that the run's levers allow; of stages outside the core of the chain those that are there."""
    told = {stage.lever for stage in stages_told({row.stage for row in case.projects.values()})}
    absent = set(STAGE_LEVERS) - told
    allowed = [lever for lever in case.model.levers if lever not in absent]
    return [
        (key, name, levers)
        for key, name, found in STEPS
        if (levers := tuple(x for x in found if x in allowed))
    ]


HOLDS, FAILS, OPEN = "holds", "fails", "not decided by these data"
MATTERS = 0.10
"""A tenth: what is less counts as not mattering. Half the effect that these data can tell from their own
estimates (most of which are known to a fifth or worse)."""


@dataclass(frozen=True)
class Claim:
    """A claim about a pair of objectives, of the plan `with_it` and `without_it`.

    measure = 1 - with/without for `share` (share of it that it takes off), without/with - 1 otherwise (by how
    much it rises without it). The claim says the measure is at least the threshold (`above`), or below it.
    levers_with: None for all of the run. alone: without it, each country is on its own. rungs: keys of the
    counterfactuals that give both as they are; '' for the run itself.
    """

    key: str
    above: bool
    share: bool
    levers_with: tuple[Lever, ...] | None
    levers_without: tuple[Lever, ...]
    rungs: tuple[str, str]
    alone: bool = False

    def measure(self, with_it: float, without_it: float) -> float:
        """The measure of two objectives (MUSD)."""
        if self.share:
            return 1 - with_it / without_it if without_it > SMALLEST_MUSD else 0.0
        return without_it / max(with_it, SMALLEST_MUSD) - 1

    def says(self, measure: float) -> bool:
        """Whether a measure is on the claim's side."""
        return (measure >= MATTERS) == self.above


CLAIMS: tuple[Claim, ...] = (
    Claim("mining", False, True, ("mine",), (), ("ladder:mine", "ladder:nothing")),
    Claim("separation", True, False, None, ("separation",), ("", "without:separation")),
    Claim("magnets", True, False, None, ("magnet",), ("", "without:magnet")),
    Claim("people", True, False, None, ("training", "hiring"), ("", "without:people")),
    Claim("allies", True, False, None, (), ("allied", "national"), alone=True),
)
"""Mines alone matter little; new separation, new magnet plants, people, and acting together matter."""


def speaking(case: Case) -> list[Claim]:
    """The claims that a run with these levers can speak to."""
    levers = {lever for _, _, added in steps(case) for lever in added}
    return [
        c
        for c in CLAIMS
        if c.alone or levers & set(c.levers_without if c.levers_with is None else c.levers_with)
    ]


def sides(
    claim: Claim, reference: Reference, uncertain: UncertainInput, factor: float
) -> list[Counterfactual]:
    """The two counterfactuals of a trial; claims with the same ones share them."""
    everything = reference.case.model.levers
    levers = everything if claim.levers_with is None else claim.levers_with
    with_it = under(
        reference,
        uncertain,
        factor,
        levers,
        claim.rungs[0] if claim.levers_with is not None else "",
    )
    if not claim.alone:
        without = (
            ()
            if claim.levers_with is not None
            else (x for x in everything if x not in claim.levers_without)
        )
        return [with_it, under(reference, uncertain, factor, without, claim.rungs[1])]
    name = f"{uncertain.key}*{factor:g}"

    def national() -> Program | Case:
        found = reference.national.under(
            name, lambda: uncertain.vary(reference.national.case, factor)
        )
        return found if found is not None else uncertain.vary(reference.national.case, factor)

    def allied() -> Case:
        return uncertain.vary(with_policy(reference.case, coordination="allied"), factor)

    if reference.case.model.policy.coordination != "allied":
        with_it = Counterfactual(f"try:{name}:allied", allied)
    return [with_it, Counterfactual(f"try:{name}:national", national, at=reference.national)]


def verdicts(
    reference: Reference, given: Mapping[str, tuple[float, float]], solve: SolveAll, thorough: bool
) -> list[Verdict]:
    """A verdict on each claim. `given`: its two objectives as given.

    thorough: every input on every claim. Else only inputs that are first of all a doubt about the claim, one after
    the other, until one of them shows that the data do not decide it.
    """
    there = uncertain_inputs(reference.case)
    claims = speaking(reference.case)
    waiting = {c.key: [d for d in there if thorough or c.key in d.claims] for c in claims}
    trials: dict[str, list[Trial]] = {c.key: [] for c in claims}
    while any(waiting.values()):
        now = [(c, d) for c in claims for d in (waiting[c.key] if thorough else waiting[c.key][:1])]
        for claim, trial in _tried(reference, now, given, solve):
            trials[claim.key].append(trial)
        for c in claims:
            open_still = not thorough and not any(trial.flips for trial in trials[c.key])
            waiting[c.key] = waiting[c.key][1:] if open_still else []
    return [
        judged(c, given[c.key], trials[c.key], _left(there, trials[c.key]), reference.goal)
        for c in claims
    ]


def first_counterfactuals(reference: Reference, thorough: bool) -> Iterator[Counterfactual]:
    """What `verdicts` will want first, whatever comes out."""
    there = uncertain_inputs(reference.case)
    for claim in speaking(reference.case):
        aimed = there if thorough else [d for d in there if claim.key in d.claims][:1]
        for *_, both in _trials(reference, ((claim, uncertain) for uncertain in aimed)):
            yield from both


def _trials(
    reference: Reference, pairs: Iterable[tuple[Claim, UncertainInput]]
) -> Iterator[tuple[Claim, UncertainInput, float, list[Counterfactual]]]:
    for claim, uncertain in pairs:
        for factor in uncertain.ends:
            yield claim, uncertain, factor, sides(claim, reference, uncertain, factor)


def _left(there: Sequence[UncertainInput], trials: Sequence[Trial]) -> list[str]:
    used = {trial.input for trial in trials}
    return [uncertain.name for uncertain in there if uncertain.name not in used]


def _tried(
    reference: Reference,
    pairs: Sequence[tuple[Claim, UncertainInput]],
    given: Mapping[str, tuple[float, float]],
    solve: SolveAll,
) -> Iterator[tuple[Claim, Trial]]:
    plan = list(_trials(reference, pairs))
    found = solve(counterfactual for *_, both in plan for counterfactual in both)
    for claim, uncertain, factor, (one, other) in plan:
        with_it, without_it = found[one.key].objective, found[other.key].objective
        value, as_given = claim.measure(with_it, without_it), claim.measure(*given[claim.key])
        flips = claim.says(value) != claim.says(as_given)
        yield (
            claim,
            Trial(
                uncertain.name, f"× {factor:g}", uncertain.source, with_it, without_it, value, flips
            ),
        )


def judged(
    claim: Claim,
    given: tuple[float, float],
    trials: Sequence[Trial],
    not_tried: Sequence[str] = (),
    goal: str = "risk",
) -> Verdict:
    """The verdict that a measure and its trials give."""
    measure = claim.measure(*given)
    turns = list(dict.fromkeys(trial.input for trial in trials if trial.flips))
    verdict = OPEN if turns else HOLDS if claim.says(measure) else FAILS
    return Verdict(claim.key, verdict, *given, measure, MATTERS, trials, turns, not_tried, goal)
