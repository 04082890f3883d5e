"""Other rules: who acts together, and when is decided. Each is a question that the run or a counterfactual answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner.data.case import Case
from planner.data.schema import Funder
from planner.data.stages import STAGE_LEVERS
from planner.explanation.claims import no_deal
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference, with_policy
from planner.explanation.rungs import against, rung
from planner.results.explanation import Rung
from planner.solving.program import Program

OWN_MONEY = "own money"
COORDINATION = {
    "national": "Each country alone",
    "blocs": "Blocs",
    OWN_MONEY: "Trade goes on, each pays for itself",
    "allied": "Allied",
}
INVESTMENT = {
    "committed": "Committed: one path for all futures",
    "adaptive": "Adaptive: decided anew each year, knowing what has happened",
    "staged": "Staged: answers what the storylines have shown, never a single draw",
}
LATER = 2
"""Years of delay that the report speaks of."""


@dataclass(frozen=True, kw_only=True)
class RuleQuestion:
    """A question about rules: its key, its name for people, and the counterfactual; None: the run itself answers."""

    key: str
    name: str
    asked: Counterfactual | None = None


def compared(
    case: Case, questions: Sequence[RuleQuestion], found: Mapping[str, Optimum], own: Rung
) -> list[Rung]:
    """The answers against the run's own plan."""
    rungs = []
    for question in questions:
        if question.asked is None:
            rungs.append(replace(own, key=question.key, name=question.name))
        else:
            answer = rung(case, question.key, question.name, found[question.asked.key])
            rungs.append(against(answer, own))
    return rungs


# ---- who acts together -----------------------------------------------------------------------------------------------


def together(reference: Reference) -> list[RuleQuestion]:
    """The ways of acting together; blocs where they are what allies do without a deal."""
    case = reference.case
    found = []
    for key, name in COORDINATION.items():
        asked = None
        if key == OWN_MONEY:
            if not _pays_abroad(case):
                continue
            asked = Counterfactual(key, partial(paying_at_home, reference), with_cost=True)
        elif key != case.model.policy.coordination:
            if key == "blocs" and no_deal(case) != key:
                continue
            asked = _acting(reference, key)
        found.append(RuleQuestion(key=key, name=name, asked=asked))
    return found


def _acting(reference: Reference, coordination: str) -> Counterfactual:
    """The plan under other rules of acting together, of which the claim about allies asks more."""
    other = reference.acting(coordination)
    return Counterfactual(coordination, lambda: other.program, at=other, with_cost=True)


def _pays_abroad(case: Case) -> bool:
    """Some funder may pay in a country of another party."""
    abroad = []
    for funder, reached in case.reach.items():
        home = case.funder_party[funder]
        abroad += [country for country in reached if case.party[country] != home]
    return bool(abroad)


def paying_at_home(reference: Reference) -> Program | Case:
    """All trade together, and each funder pays only in the countries of its own party."""
    case = reference.case
    if case.model.policy.coordination == "allied":
        return reference.paying_at_home()
    rows = []
    for funder, party in case.funder_party.items():
        at_home = [country for country in case.reach[funder] if case.party[country] == party]
        rows.append(Funder(funder=funder, party=party, countries=tuple(at_home)))
    allied = with_policy(case, coordination="allied")
    return allied.with_tables(funders=tuple(rows))


# ---- when is decided -------------------------------------------------------------------------------------------------


def timing(reference: Reference) -> list[RuleQuestion]:
    """The ways of investing, and everything later."""
    case = reference.case
    found = _ways_of_investing(case)
    later = Counterfactual("later", lambda: reference.not_before(later_year(case)))
    found.append(RuleQuestion(key="later", name=later_name(case), asked=later))
    return found


def _ways_of_investing(case: Case) -> list[RuleQuestion]:
    """The plan under each rule of investing; that of the run itself is not asked again, `staged` only of scenarios
    drawn."""
    was_drawn = any(row.hazard for row in case.tables.shocks)
    found = []
    for key, name in INVESTMENT.items():
        if key == case.model.policy.investment or (key == "staged" and is_one_path(case)):
            found.append(RuleQuestion(key=key, name=name))
        elif key != "staged" or was_drawn:
            other = Counterfactual(key, partial(with_policy, case, investment=key), with_cost=True)
            found.append(RuleQuestion(key=key, name=name, asked=other))
    return found


def is_one_path(case: Case) -> bool:
    """The plan is committed, and one in stages is no other: all shocks were drawn, so no storyline shows any."""
    shocks = case.tables.shocks
    is_committed = case.model.policy.investment == "committed"
    return is_committed and bool(shocks) and all(row.hazard for row in shocks)


def later_year(case: Case) -> int:
    """The first year in which anything new may be decided if everything waits."""
    starts = []
    for project in case.projects:
        years = case.commitment_years(project)
        if years:
            starts.append(years.start)
    return min(starts, default=case.first_year) + LATER


def later_name(case: Case) -> str:
    """The name of waiting in this run: which of its levers wait, and until when."""
    things = {"training": "training seats", "hiring": "hires", "stockpile": "stock"}
    waits = ["plants"] if set(STAGE_LEVERS) & set(case.model.levers) else []
    waits += [thing for lever, thing in things.items() if lever in case.model.levers]
    named = ", ".join(waits) or "thing"
    return f"Everything decided {LATER} years later: no new {named} before {later_year(case)}"
