"""The value of each lever: pulled alone, and taken away from all others.

The worth of a set of levers is how far it brings the objective of the run down from where no lever is pulled. First in,
a lever finds no other one to help it or to do its work; last out, it finds all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from planner.config import LEVERS, Lever
from planner.data.case import Case
from planner.data.stages import STAGE_LEVERS, STAGES, stages_told
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference
from planner.results.explanation import LeverValue, LeverValues


@dataclass(frozen=True, kw_only=True)
class LeverStep:
    """Levers of the model file that are pulled together, as one: its key and its name for people."""

    key: str
    name: str
    levers: tuple[Lever, ...]


def _all_steps() -> tuple[LeverStep, ...]:
    found = []
    for stage in STAGES.values():
        found.append(LeverStep(key=stage.name, name=stage.making, levers=(stage.lever,)))
    people: tuple[Lever, ...] = ("training", "hiring")
    found.append(LeverStep(key="people", name="training and hiring", levers=people))
    found.append(LeverStep(key="stockpile", name="stock", levers=("stockpile",)))
    return tuple(found)


STEPS = _all_steps()
"""The order in which cumulative levers are shown."""


def steps(case: Case) -> list[LeverStep]:
    """The levers of a run; of stages outside the core of the chain those that the case has plants of."""
    present = {row.stage for row in case.projects.values()}
    told = {stage.lever for stage in stages_told(present)}
    absent = set(STAGE_LEVERS) - told
    may_be_pulled = set(case.model.levers) - absent
    found = []
    for step in STEPS:
        allowed = tuple(lever for lever in step.levers if lever in may_be_pulled)
        if allowed:
            found.append(LeverStep(key=step.key, name=step.name, levers=allowed))
    return found


def levers_of(pulled: Iterable[LeverStep]) -> tuple[Lever, ...]:
    """All levers of some steps, in the order of the model file."""
    found: set[Lever] = set()
    for step in pulled:
        found.update(step.levers)
    return tuple(lever for lever in LEVERS if lever in found)


def key_of(pulled: Iterable[LeverStep]) -> str:
    """The key of the counterfactual in which these levers alone are pulled."""
    return f"levers:{'+'.join(levers_of(pulled))}"


def only(
    reference: Reference,
    pulled: Sequence[LeverStep],
    *,
    after: str = "",
    with_cost: bool = False,
    want_x: bool = False,
) -> Counterfactual:
    """The counterfactual in which these levers alone are pulled. after: the key of one to go on from."""
    make = partial(reference.only, levers_of(pulled))
    return Counterfactual(key_of(pulled), make, after, with_cost=with_cost, want_x=want_x)


def alone(reference: Reference) -> list[Counterfactual]:
    """Each lever pulled alone, which goes on from none: from the plan it is a long way."""
    return [only(reference, [step], after=key_of([])) for step in steps(reference.case)]


def lever_values(case: Case, everything: float, found: Mapping[str, Optimum]) -> LeverValues:
    """The value of each lever of a run. everything: the objective with all of them; found: of no lever, of each alone and
    of all but each, by key."""
    known = steps(case)
    nothing = found[key_of([])].objective
    values = []
    for step in known:
        others = [other for other in known if other != step]
        value = LeverValue(
            key=step.key,
            name=step.name,
            first_in=nothing - found[key_of([step])].objective,
            last_out=found[key_of(others)].objective - everything,
        )
        values.append(value)
    return LeverValues(nothing=nothing, everything=everything, levers=values)
