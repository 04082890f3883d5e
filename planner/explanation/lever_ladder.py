"""The ladder of counterfactuals: which lever takes what off the risk, who must act together, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

from planner.config import Lever
from planner.data.case import Case
from planner.data.lookups import MAGNET
from planner.data.schema import Funder
from planner.explanation.commitments import capital_by_stage, decision_nodes, of_decisions
from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Reference,
    with_policy,
)
from planner.results.explanation import Rung
from planner.results.losses import cvar
from planner.results.schema import STAGE_ITEMS
from planner.solving.program import Program

STEPS: tuple[tuple[str, str, tuple[Lever, ...]], ...] = (
    ("mine", "mines", ("mine",)),
    ("separation", "separation", ("separation",)),
    ("metal", "metal making", ("metal",)),
    ("magnet", "magnet making", ("magnet",)),
    ("people", "training and hiring", ("training", "hiring")),
    ("stockpile", "stock", ("stockpile",)),
)
"""The order in which the ladder adds levers: (id, name, levers)."""
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
}
LATER = 2
"""Years of delay that the report speaks of."""
KEPT, KEPT_YEARS = 0.5, 4
"""Part of the stock at the beginning that is kept, and for how many years after the first."""


def steps(case: Case) -> list[tuple[str, str, tuple[Lever, ...]]]:
    """The steps of the ladder that the run's levers allow; magnets only where somebody can make them."""
    magnets = any(row.stage == MAGNET for row in case.projects.values())
    allowed = [lever for lever in case.model.levers if lever != MAGNET or magnets]
    return [(key, name, levers) for key, name, found in STEPS if (levers := tuple(x for x in found if x in allowed))]


def ladder_counterfactuals(reference: Reference) -> list[Counterfactual]:
    """Everything, then one step less after the other down to nothing: each begins where the one before ended."""
    out: list[Counterfactual] = []
    levers: tuple[Lever, ...] = ()
    for key, added in [("nothing", ()), *((key, added) for key, _, added in steps(reference.case))]:
        levers += added
        last = not out  # the last to be solved is the first of the ladder
        out.append(Counterfactual(f"ladder:{key}", partial(reference.only, levers), with_cost=True, want_x=last))
    afters = ["", *(rung.key for rung in reversed(out[1:]))]
    return [replace(rung, after=after) for rung, after in zip(reversed(out), afters, strict=True)]


def left_out_counterfactuals(reference: Reference) -> list[Counterfactual]:
    """Everything but one step. All but the last step is a rung of the ladder already."""
    return [
        Counterfactual(f"without:{key}", partial(reference.without, levers), with_cost=reference.goal == "welfare")
        for key, _, levers in steps(reference.case)[:-1]
    ]


def policy_counterfactuals(reference: Reference) -> list[Counterfactual]:
    """The other ways of acting together, and the other way of investing."""
    case, policy = reference.case, reference.case.model.policy
    others = [("investment", i) for i in INVESTMENT if i != policy.investment]
    others += [("coordination", c) for c in COORDINATION if c not in (policy.coordination, OWN_MONEY)]
    out = []
    if any(case.party[c] != case.funder_party[f] for f, there in case.reach.items() for c in there):
        out.append(Counterfactual(OWN_MONEY, lambda: paying_at_home(reference), with_cost=True))
    for key, value in others:
        if value == "national":  # the claim about allies asks more of this program
            out.append(Counterfactual(value, lambda: reference.national.program, at=reference.national, with_cost=True))
        else:
            out.append(Counterfactual(value, partial(with_policy, case, **{key: value}), with_cost=True))
    return out


def paying_at_home(reference: Reference) -> Program | Case:
    """All trade together, and each funder pays only in the countries of its own party."""
    case = reference.case
    if case.model.policy.coordination == "allied":
        return reference.paying_at_home()
    rows = [
        Funder(funder=funder, party=party, countries=tuple(c for c in case.reach[funder] if case.party[c] == party))
        for funder, party in case.funder_party.items()
    ]
    allied = with_policy(case, coordination="allied")
    return allied.with_tables(funders=tuple(rows))


def timing_counterfactuals(reference: Reference) -> list[Counterfactual]:
    """Everything decided later, and every new plant a year sooner in use."""
    return [
        Counterfactual("later", lambda: reference.not_before(later_year(reference.case))),
        Counterfactual("kept", lambda: reference.keeping_stock(KEPT, kept_until(reference.case))),
        Counterfactual("sooner", lambda: a_year_sooner(reference.case)),
    ]


def kept_until(case: Case) -> int:
    """The last year up to which stock is kept, where it is."""
    return min(case.first_year + KEPT_YEARS, case.last_year - 1)


def later_year(case: Case) -> int:
    """The first year in which anything new may be decided if everything waits."""
    starts = [years.start for p in case.projects if (years := case.commitment_years(p))]
    return min(starts, default=case.first_year) + LATER


def later_name(case: Case) -> str:
    """What waiting means in this run: which of its levers wait, and until when."""
    things = {"training": "training seats", "hiring": "hires", "stockpile": "stock"}
    waits = ["plants"] if set(STAGE_ITEMS) & set(case.model.levers) else []
    waits += [thing for lever, thing in things.items() if lever in case.model.levers]
    return f"Everything decided {LATER} years later: no new {', '.join(waits) or 'thing'} before {later_year(case)}"


def a_year_sooner(case: Case) -> Case:
    """The case in which every lead time is a year shorter."""
    rows = tuple(
        row.model_copy(update={"lead_time_years": max(row.lead_time_years - 1, 0)}) for row in case.tables.projects
    )
    return case.with_tables(projects=rows)


def rung(case: Case, name: str, found: Optimum) -> Rung:
    """An optimum as a rung. Losses of histories are weighed by the scenarios that share them."""
    losses, shares = list(found.losses.values()), [found.shares.get(leaf, 0.0) for leaf in found.losses]
    return Rung(
        found.key,
        name,
        found.objective,
        found.risk,
        found.cost,
        sum(p * z for p, z in zip(shares, losses, strict=True)),
        cvar(losses, shares, case.model.objective.tail),
    )


def against(one: Rung, other: Rung) -> Rung:
    """A rung with what it changes compared with another."""
    costs = None if one.cost is None or other.cost is None else one.cost - other.cost
    return replace(one, against=other.key, change=one.objective - other.objective, change_cost=costs)


def ladder(case: Case, found: Mapping[str, Optimum], nothing: Mapping[str, Any]) -> list[Rung]:
    """The rungs from nothing to everything; each is compared with the one before, so the changes add up.

    nothing: figures of doing nothing as the run has them, if it does: one quantity has one value everywhere. Under the
    goal of least cost plus risk its sum is a little above the least one, for its goal is the least risk.
    """
    names = {"nothing": "Nothing: what exists and is financed keeps running"}
    said: list[str] = []
    for key, name, _ in steps(case):
        said.append(name)
        names[key] = f"{'Only' if len(said) == 1 else '+'} {name}"
    nodes = decision_nodes(case)
    rungs = [
        replace(
            rung(case, name, found[f"ladder:{key}"]),
            capital=capital_by_stage(case, of_decisions(nodes, found[f"ladder:{key}"].decisions)),
        )
        for key, name in names.items()
    ]
    if nothing and case.model.objective.goal == "welfare":
        figures: dict[str, Any] = {
            name: float(nothing[f"{name}_musd"]) for name in ("risk", "cost", "expected_loss", "cvar")
        }
        rungs[0] = replace(rungs[0], objective=figures["risk"] + figures["cost"], **figures)
    return [rungs[0], *(against(one, before) for before, one in pairwise(rungs))]


def left_out(case: Case, found: Mapping[str, Optimum], own: Rung) -> list[Rung]:
    """Everything but one step, the one that is missed most first."""
    known = steps(case)
    last = f"ladder:{known[-2][0]}" if len(known) > 1 else "ladder:nothing"
    keys = [f"without:{key}" for key, _, _ in known[:-1]] + [last][: len(known)]
    rungs = [
        replace(against(rung(case, f"Without {name}", found[at]), own), key=f"without:{key}")
        for at, (key, name, _) in zip(keys, known, strict=True)
    ]
    return sorted(rungs, key=lambda r: -r.objective)


def compared(case: Case, names: Mapping[str, str], chosen: str, found: Mapping[str, Optimum], own: Rung) -> list[Rung]:
    """Each way of acting against the run's own, in the order of `names`."""
    return [
        replace(own, key=key, name=name) if key == chosen else against(rung(case, name, found[key]), own)
        for key, name in names.items()
        if key == chosen or key in found
    ]


def counterfactuals(reference: Reference) -> Iterable[Counterfactual]:
    """All counterfactuals of levers, partners and time; first those that need nothing to be built."""
    return [
        *ladder_counterfactuals(reference),
        *left_out_counterfactuals(reference),
        *timing_counterfactuals(reference),
        *policy_counterfactuals(reference),
    ]
