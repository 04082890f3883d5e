"""The named questions of an explanation: what else could be done, each lever alone and taken away, each plant dropped.

Every question is a change of the case that the plan is compared with, written as a user writes it after `--set`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from planner.config import LEVERS, Lever
from planner.data.case import Case, without_targets
from planner.data.change import Change, cells_changed, change_of
from planner.data.stages import STAGE_LEVERS, stages_told
from planner.explanation.commitments import built
from planner.results.figures.decided import Build
from planner.solving.engine import Question

LATER = 2
"""Years of delay that are asked about."""
ALONE: Mapping[str, tuple[Lever, ...]] = {
    "stock": ("stockpile",),
    "thrift": ("saving",),
    "stock_and_thrift": ("saving", "stockpile"),
}
"""Alternatives of a few levers alone."""
WITHOUT: Mapping[str, Lever] = {
    "no_new_mines": "mine",
    "no_new_separation": "separation",
    "no_new_metal": "metal",
}
"""Alternatives of all levers but one."""
NOTHING, PLAN, EQUAL_RATES = "nothing", "plan", "equal_rates"
SAME = Question()
"""The case itself."""


def base_of(case: Case) -> Case:
    """The case that all questions are changes of: free of targets that must hold, with plants of any size; one for a
    target asks for the least risk, then the least cost."""
    free = without_targets(case, hard_only=True)
    settings: dict[str, object] = {}
    if free.model.objective.goal == "target":
        settings |= {"objective.goal": "risk", "objective.risk_limit": None}
    if free.model.policy.whole_plants:
        settings["policy.whole_plants"] = False
    return free.changed(settings) if settings else free


# ---- levers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LeverStep:
    """Levers of the model file that are pulled together, as one: its key and its name for people."""

    key: str
    name: str
    levers: tuple[Lever, ...]


def steps(case: Case) -> list[LeverStep]:
    """The levers of a run; of stages outside the core of the chain those that the case has plants of."""
    present = {row.stage for row in case.projects.values()}
    told = {stage.lever for stage in stages_told(present)}
    pulled = set(case.model.levers) - (set(STAGE_LEVERS) - told)
    all_steps: list[tuple[str, str, tuple[Lever, ...]]] = []
    for stage in case.lookups.stages.values():
        all_steps.append((stage.name, stage.making, (stage.lever,)))
    all_steps.append(("people", "training and hiring", ("training", "hiring")))
    all_steps.append(("stockpile", "stock", ("stockpile",)))
    found = []
    for key, name, levers in all_steps:
        allowed = tuple(lever for lever in levers if lever in pulled)
        if allowed:
            found.append(LeverStep(key=key, name=name, levers=allowed))
    return found


def pulling(case: Case, levers: Iterable[Lever]) -> list[Change]:
    """The change by which only these of the levers of a case are pulled; none where that is all of them."""
    allowed = set(levers) & set(case.model.levers)
    if allowed == set(case.model.levers):
        return []
    return [change_of("levers", [lever for lever in LEVERS if lever in allowed])]


def lever_questions(case: Case, also: Sequence[Change] = ()) -> dict[str, Question]:
    """Nothing, everything, each lever alone and each taken away, by `nothing`, `plan`, `alone:KEY`, `missing:KEY`.

    also: further changes of the case, in all of them.
    """
    own = case.model.levers
    found = {PLAN: Question.of(*also), NOTHING: Question.of(*also, *pulling(case, ()))}
    for step in steps(case):
        others = [lever for lever in own if lever not in step.levers]
        found[f"alone:{step.key}"] = Question.of(*also, *pulling(case, step.levers))
        found[f"missing:{step.key}"] = Question.of(*also, *pulling(case, others))
    return found


# ---- alternatives ----------------------------------------------------------------------------------------------------


def alternative_questions(case: Case) -> dict[str, Question]:
    """What could be done in place of the plan, by key, the plan last."""
    own = case.model.levers
    told = {lever for step in steps(case) for lever in step.levers}
    changes: dict[str, Sequence[Change]] = {NOTHING: pulling(case, ())}
    for key, levers in ALONE.items():
        if told.issuperset(levers):
            changes[key] = pulling(case, levers)
    for key, lever in WITHOUT.items():
        if lever in told:
            changes[key] = pulling(case, [one for one in own if one != lever])
    changes["later"] = [change_of("policy.first_decision_year", later_year(case))]
    changes |= _together(case)
    if case.model.policy.investment == "committed":
        changes["staged"] = [change_of("policy.investment", "staged")]
    else:
        changes["committed"] = [change_of("policy.investment", "committed")]
    if case.model.risk_discount_rate != case.model.discount_rate:
        rate = change_of("risk_discount_rate", case.model.discount_rate)
        changes[EQUAL_RATES] = [rate]
    changes[PLAN] = []
    return {key: Question.of(*of) for key, of in changes.items()}


def _together(case: Case) -> dict[str, Sequence[Change]]:
    """Each country alone, and trade that goes on while each pays for itself."""
    policy = case.model.policy
    found: dict[str, Sequence[Change]] = {}
    if len(case.countries) < 2:
        return found
    if policy.coordination != "national":
        found["national"] = [change_of("policy.coordination", "national")]
    if policy.coordination != "allied":
        found["allied"] = [change_of("policy.coordination", "allied")]
    elif policy.funding != "home" and _pays_abroad(case):
        found["own_money"] = [change_of("policy.funding", "home")]
    return found


def _pays_abroad(case: Case) -> bool:
    """Some funder may pay in a country of another party."""
    for funder, reached in case.lookups.reach.items():
        home = case.lookups.funder_party[funder]
        if any(case.lookups.party[country] != home for country in reached):
            return True
    return False


def later_year(case: Case) -> int:
    """The first year in which anything new may be decided if everything waits."""
    starts = []
    for project in case.projects:
        years = case.lookups.commitment_years(project)
        if years:
            starts.append(max(years.start, case.lookups.first_decision_year))
    return min(starts, default=case.lookups.first_decision_year) + LATER


# ---- plants of the plan ----------------------------------------------------------------------------------------------


def dropping_questions(case: Case, builds: Iterable[Build]) -> dict[str, Question]:
    """Nothing new of a plant that a plan builds, for each by its name; savings are no plants."""
    found = {}
    for project in built(case, builds):
        if case.projects[project].stage != "saving":
            found[project] = without_new(project)
    return found


def without_new(*projects: str) -> Question:
    """Nothing new of some projects."""
    changes = []
    for project in projects:
        changes.append(cells_changed("projects", {"project": project}, "max_new_tpa", 0.0))
    return Question.of(*changes)
