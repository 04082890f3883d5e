"""More scenarios than one program can hold: a plan, and a proof of how far it is from the best.

Lower bound. A master program (planner.studies.master) that knows less of each loss than is true, and more after each
round: its optimum is at most the least risk.

Upper bound. Keep what the master decides and does along the trunk; let each scenario operate as well as it can from
where it leaves the trunk (planner.studies.branches). That is a plan of the whole case, and its risk is at least the
least risk. The duals of these operations are the cuts of the next round.

Each round tries the point half way between the best plan so far and the master's optimum: plans for cuts alone swing
from one end to the other (in-out separation: Ben-Ameur and Neto, Acceleration of cutting-plane and column generation
algorithms, Networks 49, 2007). A mean of two plans is a plan, the program being convex.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from planner.data.case import Case
from planner.data.shocks import effects_by_scenario
from planner.errors import Fault, InputError
from planner.results.losses import weighed
from planner.solving.program import Vector
from planner.studies.crew import Crew
from planner.studies.master import Master
from planner.studies.means import group, risk_weights

HALF_WAY, FEW = 0.5, 0.05
"""Half way lies the next point, unless at most this share of the branches still had a cut to give: then all that is
left to learn is at the optimum of the master."""
MOST_IDLE = 3
"""Rounds without a cut after which nothing more will come: one half way, one at the optimum of the master, one with
the weights of the losses found there, which matter where several scenarios share a branch."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Round:
    """Bounds of the least risk (MUSD) after a round, and the cuts that it added."""

    lower: float
    upper: float
    cuts: int


@dataclass(frozen=True)
class Approximation:
    """The best plan found, and bounds (MUSD): lower <= least risk <= upper, the risk of this plan.

    decided: decisions by (variable, index). losses: of each scenario (MUSD). alone: scenarios that the master holds.
    """

    lower: float
    upper: float
    decided: Mapping[tuple[str, Any], float]
    losses: Mapping[str, float]
    alone: tuple[str, ...]
    rounds: tuple[Round, ...]

    @property
    def gap(self) -> float:
        """(upper - lower) / upper; 0 if there is no risk."""
        return max(0.0, self.upper - self.lower) / self.upper if self.upper > 0 else 0.0


def approximate(case: Case, alone: int, gap: float, most: int, workers: int, say: Say) -> Approximation:
    """Bounds of the least risk, closer each round until they are within `gap`.

    alone: scenarios whose operations the master holds. most: rounds at the most. Raises InputError where the proof
    does not hold: investment that answers to what happens, a goal other than risk. Raises StoppedError if a part has
    no proven optimum.
    """
    _refuse(case)
    effects = effects_by_scenario(case)
    grouping = group(case, effects, alone)
    say(f"{len(case.scenarios)} scenarios: what follows when each shows itself")
    with Crew(case, grouping.trunk, workers) as crew:
        say(f"the plan for {len(grouping.alone)} scenarios and the mean of {len(grouping.rest)}")
        return _rounds(case, Master(case, effects, grouping, crew.links), crew, gap, most, grouping.alone, say)


def close(gap: float) -> str:
    """A relative distance in per cent, however small."""
    return f"{100 * gap:.2g} %"


def _refuse(case: Case) -> None:
    faults = [
        Fault("model", 0, key, told)
        for key, told, wrong in (
            ("policy.investment", "must be committed: scenarios must share their decisions",
             case.model.policy.investment != "committed"),
            ("objective.goal", "must be risk", case.model.objective.goal != "risk"),
        )
        if wrong
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


def _rounds(
    case: Case, master: Master, crew: Crew, gap: float, most: int, alone: tuple[str, ...], say: Say
) -> Approximation:
    best: tuple[float, Vector, Mapping[str, float]] | None = None
    weights: Mapping[str, float] = case.scenarios
    rounds: list[Round] = []
    half_way, idle = False, 0
    while True:
        x = master.solve()
        tried = HALF_WAY * best[1] + (1 - HALF_WAY) * x if best and half_way else x
        answers = crew.answers(master.links(tried), weights)
        losses = {w: master.loss(w, tried) for w in case.scenarios}
        for one in answers:
            losses |= one.losses
        risk = weighed(case, losses).risk
        weights = risk_weights(case.model.objective, case.scenarios, losses)
        if best is None or risk < best[0]:
            best = risk, tried, losses
        cuts = master.add(answers, x)
        rounds.append(Round(master.lower, best[0], cuts))
        found = Approximation(master.lower, best[0], master.decided(best[1]), best[2], alone, tuple(rounds))
        bounds = f"{found.lower:,.1f} and {found.upper:,.1f} MUSD, {close(found.gap)} apart"
        say(f"round {len(rounds)}: least risk between {bounds}")
        idle = 0 if cuts else idle + 1
        if found.gap <= gap or len(rounds) == most or idle == MOST_IDLE:
            return found
        half_way = cuts > FEW * len(answers)
