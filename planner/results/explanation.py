"""The reasons of a plan, as values. `planner.explanation` fills them in, pages and explain.json show them.

Money in MUSD: risk and loss discounted at the rate of risk, cost at that of cost, expected over the scenarios.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from planner.results.decision import Frontier
from planner.results.display import Parts
from planner.results.store import fingerprint

EXPLANATION = "explain.json"
LARGE, SMALL, OPEN = "large", "small", "open"
LARGE_SHARE, SMALL_SHARE = 0.15, 0.05
"""Shares of what all levers take off: a lever whose whole range is at least the one is large, at most the other small;
any other is open."""


@dataclass(frozen=True, kw_only=True)
class AlternativePlan:
    """What could be done in place of the plan, solved by itself (MUSD).

    key: `nothing`, `plan`, .. changes: what is otherwise than in the case of the plan, as a user writes it after `--set`.
    objective: the least risk, or the least cost plus risk, as the goal of the run is; risk, cost, expected_loss, cvar: of
    the plan that attains it. cost_beyond: its cost over that of no plan. public: expected public spending, not
    discounted. builds: expected new capacity (t/y) of what is built more than a hundredth of.
    """

    key: str
    changes: Sequence[str]
    objective: float
    risk: float
    cost: float
    cost_beyond: float
    expected_loss: float
    cvar: float
    public: float
    builds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class LeverValue:
    """The value of one lever: reductions of the objective, MUSD.

    first_in: where it is pulled alone; last_out: where it comes to all others.
    """

    key: str
    name: str
    first_in: float
    last_out: float


@dataclass(frozen=True, kw_only=True)
class LeverValues:
    """The reduction of the objective (MUSD) by each lever: without any lever it is `nothing`, with all `everything`."""

    nothing: float
    everything: float
    levers: Sequence[LeverValue]

    @property
    def whole(self) -> float:
        """The reduction by all levers together (MUSD)."""
        return self.nothing - self.everything


@dataclass(frozen=True, kw_only=True)
class Dropping:
    """A plant of the plan, dropped: nothing new of it, all else free (MUSD).

    adds: to the objective; risk, cost: to those of the plan. tpa: expected new capacity in the plan; capital: what that
    costs, public and private, and public: what public budgets pay of it, both not discounted.
    """

    project: str
    adds: float
    risk: float
    cost: float
    tpa: float
    capital: float
    public: float


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The share of a lever with one doubtful figure at an end of its range; source: where the range comes from."""

    input: str
    setting: str
    source: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Claim:
    """How much a lever matters: its share of what all levers take off the objective, as given and at all ends tried.

    basis: `alone`: what it takes off if it is pulled alone; `missing`: what is lost if it alone is missing. low, high:
    the whole range. verdict: large, small or open. turns_on: doubts with which it is otherwise than as given. supposed:
    what the data suppose of the answer, a key; '' where they suppose nothing.
    """

    lever: str
    name: str
    basis: str
    share: float
    low: float
    high: float
    verdict: str
    trials: Sequence[Trial] = ()
    turns_on: Sequence[str] = ()
    supposed: str = ""


def most_moving(claim: Claim) -> list[str]:
    """The doubts on which a claim turns, those that move its share most first."""
    moved = dict.fromkeys(claim.turns_on, 0.0)
    for trial in claim.trials:
        if trial.input in moved:
            moved[trial.input] = max(moved[trial.input], abs(trial.share - claim.share))
    return sorted(moved, key=lambda doubt: -moved[doubt])


def judged(low: float, high: float) -> str:
    """The verdict on a range of shares.

    >>> judged(0.2, 0.4), judged(0.0, 0.04), judged(0.04, 0.2)
    ('large', 'small', 'open')
    """
    if low >= LARGE_SHARE:
        return LARGE
    return SMALL if high <= SMALL_SHARE else OPEN


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A doubtful figure at an end of its range, and the objective solved anew there (MUSD). changes: as a user writes
    them."""

    setting: str
    changes: Sequence[str]
    objective: float


@dataclass(frozen=True, kw_only=True)
class Influence:
    """The effect of one doubtful figure on the objective of the run when it is moved to the ends of its range.

    why: where the range comes from. effect: the largest change (MUSD). decides: levers whose verdict it turns.
    """

    input: str
    why: str
    confidence: str
    tried: Sequence[Tried]
    effect: float
    decides: Sequence[str] = ()


@dataclass(frozen=True)
class Marginal:
    """The price of a target (MUSD per unit) and the same found by solving again with a unit stricter.

    scarce, item: as in the table `shadow_prices`.
    """

    scarce: str
    item: str
    unit: str
    price: float
    resolved: float


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """Value of information (MUSD of the objective).

    evpi: plan's objective less that if each scenario were known; where it is cost plus risk, a bound from above.
    """

    stochastic: float
    wait_and_see: float
    evpi: float


@dataclass(frozen=True, kw_only=True)
class Range:
    """Least and most new capacity of a project (t/y) over all near-optimal plans.

    limit: the most that could be built at all. word: must, may or never.
    """

    project: str
    least: float
    most: float
    limit: float
    word: str


@dataclass(frozen=True)
class NearOptimal:
    """Ranges over all plans within these shares of the best: of `risk` and `cost`, or of their sum `welfare`."""

    within: Mapping[str, float]
    ranges: Sequence[Range]
    solves: int


@dataclass(frozen=True, kw_only=True)
class PlanUnderOdds:
    """A plan under odds that are not known: cost and risk (MUSD) by the given odds and by the worst, and what it builds.

    new_capacity: t/y by project, expected by the given odds.
    """

    cost: float
    risk_given: float
    risk_worst: float
    new_capacity: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class OddsTrial:
    """The share of a lever with the probability of one storyline at an end of its range: plans fixed, others making room.

    lever, basis: as of a claim. verdict: as judged then.
    """

    lever: str
    basis: str
    storyline: str
    probability: float
    share: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class OddsChange:
    """The plan by the given odds beside that by the worst.

    changed_share: of the capital that either spends on a project, the part that only one of them does, in [0, 1].
    other: the odds that the run does not go by. trials: of each claim that turns with one storyline's probability at an
    end of its range, plans fixed.
    """

    given: PlanUnderOdds
    worst: PlanUnderOdds
    changed_share: float
    other: str = "worst"
    trials: Sequence[OddsTrial] = ()


@dataclass(frozen=True, repr=False, kw_only=True)
class Explanation(Parts):
    """All of it. goal: `risk` or `welfare`, what objectives are of. `alternatives`: what else could be done, the plan
    among them. `values`: of each lever on one scale, and `claims` about them; none where nothing is at risk.
    `droppings`: what each plant of the plan adds. `influences`: of doubtful figures, none where they were not tried.
    `near_optimal`, `knowledge` and `frontier` are None where they were not asked for. `odds`: what changes from the given
    odds to the worst; None where no bounds are given.
    """

    goal: str
    run: str
    alternatives: Sequence[AlternativePlan]
    values: LeverValues
    droppings: Sequence[Dropping]
    claims: Sequence[Claim]
    influences: Sequence[Influence] = field(default_factory=list)
    marginals: Sequence[Marginal] = field(default_factory=list)
    odds: OddsChange | None = None
    knowledge: Knowledge | None = None
    near_optimal: NearOptimal | None = None
    frontier: Frontier | None = None
    solves: int = 0

    @property
    def headline(self) -> dict[str, str]:
        """The run, its objective, and what was judged of each lever that is missing."""
        judged_of = [f"{one.lever} {one.verdict}" for one in self.claims if one.basis == "missing"]
        verdicts = ", ".join(judged_of) or "none"
        return {"run": self.run, "objective": self.goal, "levers, missing": verdicts}

    @property
    def own(self) -> AlternativePlan:
        """The plan as recommended, with which all others are compared."""
        return next(one for one in self.alternatives if one.key == "plan")

    @property
    def ranges(self) -> Sequence[Range]:
        """Of the near-optimal plans, none if they were not asked for."""
        return self.near_optimal.ranges if self.near_optimal is not None else ()

    def alternative(self, key: str) -> AlternativePlan | None:
        """An alternative by its key; None if it was not asked."""
        return next((one for one in self.alternatives if one.key == key), None)

    def as_json(self, run_sha256: str) -> dict[str, Any]:
        """Plain values for explain.json, and the fingerprint of the run that they belong to."""
        return {"run_sha256": run_sha256, **asdict(self)}


def read_explanation(folder: Path) -> Explanation | None:
    """The explanation of the run in a folder; None if nothing was, or if it belongs to another run."""
    path = folder / EXPLANATION
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("run_sha256") != fingerprint(folder):
            return None
        return TypeAdapter(Explanation).validate_python(values)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return None
