"""On which assumptions the result leans most: each unsure input moved to the ends of its range, and solved again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.config.model_file import LEVERS, Lever
from planner.data.case import Case
from planner.data.schema import TABLES, Row
from planner.explanation.commitments import (
    Build,
    capital_by_stage,
    decision_nodes,
    expected_tpa,
    is_built,
    of_decisions,
)
from planner.explanation.counterfactuals import Counterfactual, Reference, SolveAll, is_far
from planner.results.explanation import Influence, Moved, Tried, Verdict
from planner.solving.program import Program
from planner.solving.session import Session

Vary = Callable[[Case, float], Case]


@dataclass(frozen=True)
class UncertainInput:
    """One unsure input: the factors it is tried at, and the claims it is first of all a doubt about."""

    key: str
    name: str
    factors: Sequence[float]
    why: str
    vary: Vary
    aimed_at: Sequence[str]
    is_there: Callable[[Case], bool]


def edited(case: Case, table: str, keep: Callable[[Any], bool], **change: Callable[[Any], object]) -> Case:
    """The case with some columns of some rows of a table computed anew."""
    rows: list[Row] = [
        row.model_copy(update={column: new(row) for column, new in change.items()}) if keep(row) else row
        for row in case.tables.rows(table)
    ]
    changed: dict[str, Any] = {table: tuple(rows)}
    return replace(case, tables=replace(case.tables, **changed))


def _exists(stage: str) -> Callable[[Any], bool]:
    return lambda row: row.stage == stage and row.existing_tpa > 0


def existing_capacity(stage: str) -> Vary:
    """All capacity of a stage that exists or is financed, times a factor."""
    return lambda case, f: edited(case, "projects", _exists(stage), existing_tpa=lambda r: r.existing_tpa * f)


def staffing(stage: str) -> Vary:
    """Persons per 1,000 t of a stage, times a factor."""
    return lambda case, f: edited(
        case, "staffing", lambda r: r.stage == stage, persons_per_ktpa=lambda r: r.persons_per_ktpa * f
    )


def staff_of(stage: str) -> Vary:
    """Staff in the first year in the trades of a stage, times a factor."""

    def vary(case: Case, f: float) -> Case:
        skills = {r.skill for r in case.tables.staffing if r.stage == stage}
        return edited(case, "workforce", lambda r: r.skill in skills, initial=lambda r: r.initial * f)

    return vary


def tail_scenarios(case: Case) -> list[str]:
    """The scenarios with the strongest cuts of imports that together weigh no more than the tail (at least one)."""
    cut = dict.fromkeys(case.scenarios, 0.0)
    for row in case.tables.shocks:
        if row.kind == "import":
            start = max(case.first_year if row.start_year is None else row.start_year, case.first_year)
            end = min(case.last_year if row.end_year is None else row.end_year, case.last_year)
            reach = len(case.elements) if row.element in ("", "*") else 1
            where = len(case.countries) if row.country in ("", "*") else 1
            cut[row.scenario] += (1.0 - row.factor) * max(end - start + 1, 0) * reach * where
    worst = sorted(cut, key=lambda w: (-cut[w], w))
    chosen: list[str] = []
    for w in worst:
        fits = sum(case.scenarios[v] for v in chosen) + case.scenarios[w] <= 1 - case.model.objective.tail + 1e-9
        if cut[w] > 0 and (fits or not chosen):
            chosen.append(w)
    return chosen


def tail_probability(case: Case, f: float) -> Case:
    """The probability of the strongest cuts times a factor, all others in proportion so that the sum stays 1."""
    tail = tail_scenarios(case)
    mass = sum(case.scenarios[w] for w in tail)
    f = min(f, 1.0 / mass)
    rest = (1.0 - f * mass) / (1.0 - mass)
    return edited(
        case,
        "scenarios",
        lambda r: True,
        probability=lambda r: case.scenarios[r.scenario] * (f if r.scenario in tail else rest),
    )


def use(case: Case, f: float) -> Case:
    """Demand, and with it what outside suppliers sell, times a factor."""
    more = edited(case, "demand", lambda r: True, tonnes=lambda r: r.tonnes * f)
    return edited(more, "imports", lambda r: True, tonnes=lambda r: r.tonnes * f)


def money(case: Case, f: float) -> Case:
    """All public budgets times a factor."""
    return edited(case, "budgets", lambda r: True, musd=lambda r: r.musd * f)


def _has(stage: str) -> Callable[[Case], bool]:
    return lambda case: any(map(_exists(stage), case.tables.projects))


def _staffed(stage: str) -> Callable[[Case], bool]:
    return lambda case: any(r.stage == stage and r.persons_per_ktpa > 0 for r in case.tables.staffing)


def _always(case: Case) -> bool:
    return True


UNCERTAIN_INPUTS: tuple[UncertainInput, ...] = (
    UncertainInput(
        "separation",
        "separation capacity that exists or is financed",
        (0.4, 0.7),
        "financed plants may fail or start late; 40 % is the low end the case names",
        existing_capacity("separation"),
        ("separation",),
        _has("separation"),
    ),
    UncertainInput(
        "metal",
        "metal capacity that exists or is financed",
        (0.5, 2.0),
        "nameplates are for NdPr alloy; the case gives 50 to 400 t/y",
        existing_capacity("metal"),
        ("mining", "separation"),
        _has("metal"),
    ),
    UncertainInput(
        "metal_staffing",
        "metal makers per 1,000 t",
        (0.67, 1.4),
        "shift arithmetic, 60 to 126 for 90",
        staffing("metal"),
        ("people",),
        _staffed("metal"),
    ),
    UncertainInput(
        "metal_staff",
        "metal makers at work today",
        (0.5, 2.0),
        "counted by judgement, half to double",
        staff_of("metal"),
        ("people",),
        _staffed("metal"),
    ),
    UncertainInput(
        "separation_staff",
        "separation staff at work today",
        (0.5, 2.0),
        "counted by judgement, half to double",
        staff_of("separation"),
        ("people",),
        _staffed("separation"),
    ),
    UncertainInput(
        "tail",
        "probability of the strongest cuts",
        (0.5, 2.0),
        "elicited, half to double",
        tail_probability,
        ("mining",),
        lambda case: 0 < sum(case.scenarios[w] for w in tail_scenarios(case)) < 1,
    ),
    UncertainInput(
        "use",
        "use of rare earths and imports with it",
        (0.8, 1.2),
        "element content of goods, +/-20 % taken",
        use,
        ("allies",),
        _always,
    ),
    UncertainInput(
        "money",
        "public budgets",
        (0.5, 2.0),
        "share for heavy rare earths, half to double",
        money,
        ("mining",),
        lambda case: bool(case.tables.budgets),
    ),
)


MOST_SOURCES = 2
NOT_STATED = "not stated"
Ends = tuple[UncertainInput, list[tuple[float, Counterfactual]]]


def farthest(factors: Sequence[float]) -> Sequence[float]:
    """One end on each side of the value as given."""
    below, above = [f for f in factors if f < 1], [f for f in factors if f > 1]
    return [*([min(below)] if below else []), *([max(above)] if above else [])]


def under(reference: Reference, uncertain: UncertainInput, factor: float, levers: Iterable[Lever]) -> Counterfactual:
    """The least risk with an input at another value and with these levers of the run."""
    name, allowed = f"{uncertain.key}*{factor:g}", set(levers) & set(reference.case.model.levers)
    kept = tuple(x for x in LEVERS if x in allowed)

    def make() -> Program:
        program = reference.under(name, lambda: uncertain.vary(reference.case, factor))
        if program is not None:
            return reference.only(kept, program)
        case = uncertain.vary(reference.case, factor)
        return Session(case.with_model(case.model.model_copy(update={"levers": kept}))).program

    return Counterfactual(f"try:{name}:{'+'.join(kept)}", make, far=is_far(kept))


def at_ends(reference: Reference) -> list[Ends]:
    """For each unsure input that the case has, its least risk at each end of the range, all levers allowed."""
    levers = reference.case.model.levers
    return [
        (uncertain, [(factor, under(reference, uncertain, factor, levers)) for factor in farthest(uncertain.factors)])
        for uncertain in UNCERTAIN_INPUTS
        if uncertain.is_there(reference.case)
    ]


def influences(
    reference: Reference,
    least_risk: float,
    verdicts: Iterable[Verdict],
    solve: SolveAll,
) -> list[Influence]:
    """The unsure inputs of a case, the most influential first. `least_risk`: with the inputs as given (MUSD)."""
    wanted, judged = at_ends(reference), list(verdicts)
    found = solve(counterfactual for _, ends in wanted for _, counterfactual in ends)
    out = []
    for uncertain, ends in wanted:
        tried = [Tried(f"× {factor:g}", found[counterfactual.key].least_risk) for factor, counterfactual in ends]
        touched = touched_rows(reference.case, uncertain.vary(reference.case, ends[0][0]))
        rows = [row for rows in touched.values() for row in rows]
        out.append(
            Influence(
                uncertain.name,
                uncertain.why,
                tried,
                max((t.least_risk - least_risk for t in tried), key=abs),
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


def moves(
    reference: Reference,
    leaning: Sequence[Influence],
    own: Sequence[Build],
    risk: float,
    cost: float,
    solve: SolveAll,
) -> list[Moved]:
    """The plan as given, then the cheapest plan of least risk with each of these inputs at each end.

    own: what the plan as given builds; risk, cost: its least risk and its cost (MUSD).
    """
    ends = {uncertain.name: (uncertain, found) for uncertain, found in at_ends(reference)}
    slack = reference.case.model.objective.risk_slack
    wanted = [
        (
            ends[lean.input][0],
            factor,
            replace(counterfactual, key=f"plan:{counterfactual.key}", slack=slack, with_cost=True),
        )
        for lean in leaning
        for factor, counterfactual in ends[lean.input][1]
    ]
    found = solve(counterfactual for *_, counterfactual in wanted)
    out = [_moved(reference.case, "", "as given", risk, cost, own)]
    for uncertain, factor, counterfactual in wanted:
        best = found[counterfactual.key]
        builds = of_decisions(decision_nodes(uncertain.vary(reference.case, factor)), best.decisions)
        out.append(_moved(reference.case, uncertain.name, f"× {factor:g}", best.least_risk, best.cost or 0.0, builds))
    return out


def _moved(case: Case, name: str, setting: str, risk: float, cost: float, builds: Sequence[Build]) -> Moved:
    built = {p: tpa for p, tpa in sorted(expected_tpa(builds).items()) if is_built(case, p, tpa)}
    return Moved(name, setting, risk, cost, capital_by_stage(case, builds), built)
