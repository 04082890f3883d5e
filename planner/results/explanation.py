"""The reasons of a plan, as values. `planner.explanation` fills them in, pages and explain.json show them.

Money in MUSD: risk and loss discounted at the rate of risk, cost at that of cost, expected over the futures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from planner.results.decision import Decision
from planner.results.display import Parts
from planner.results.store import fingerprint

EXPLANATION = "explain.json"
OWN_PLAN = "This plan"
"""Name of the run's own rung, where its goal is the least risk."""


@dataclass(frozen=True)
class Rung:
    """One counterfactual, solved. Money in MUSD.

    objective: the least risk, or the least cost plus risk, as the goal of the run is; risk and cost: of the plan that
    attains it (cost None: not asked for). against: key of the rung it is compared with; change: its objective less
    that rung's. capital: expected, not discounted, by stage; only of the rungs of the ladder.
    """

    key: str
    name: str
    objective: float
    risk: float
    cost: float | None
    expected_loss: float
    cvar: float
    against: str = ""
    change: float = 0.0
    change_cost: float | None = None
    capital: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """The worth of one link of the chain for one element in one year: MUSD of risk, and its share of the whole."""

    element: str
    year: int
    link: str
    musd: float
    share: float


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
class Trial:
    """A claim measured with one input at another value.

    with_it, without_it: objectives (MUSD) with the thing that the claim is about and without it; whole: reduction of
    the objective by all levers (MUSD); measure: share of it that the thing makes.
    """

    input: str
    setting: str
    source: str
    with_it: float
    without_it: float
    whole: float
    measure: float
    flips: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A claim that holds, fails or is not decided by these data: its objectives as given (MUSD), and the trials.

    claim: its key. basis: what is measured: levers pulled first, missing last, or allies without a deal. whole: the
    reduction of the objective by all levers (MUSD), of which the measure is a share. turns_on, not_tried: names of
    unsure inputs. goal: what the objectives are of, as in Explanation.
    """

    claim: str
    verdict: str
    basis: str
    with_it: float
    without_it: float
    whole: float
    measure: float
    threshold: float
    trials: Sequence[Trial]
    turns_on: Sequence[str]
    not_tried: Sequence[str] = ()
    goal: str = "risk"


@dataclass(frozen=True)
class Tried:
    """An input at another value: the setting in words, and the plan then, solved by itself.

    Money in MUSD; capital by stage, expected, not discounted. builds: expected new capacity (t/y) of the projects it
    builds more than a hundredth of.
    """

    setting: str
    objective: float
    cost: float
    capital: Mapping[str, float]
    builds: Mapping[str, float]


@dataclass(frozen=True)
class Influence:
    """The effect of one unsure input on the objective of the run when it is moved to the ends of its range.

    effect: the largest change (MUSD). rows: how many input rows carry it, of which tables; confidence: rows by word;
    sources: those that stand beside most of the rows; decides: keys of the claims that it turned.
    """

    input: str
    why: str
    tried: Sequence[Tried]
    effect: float
    tables: Sequence[str]
    rows: int
    confidence: Mapping[str, int]
    sources: Sequence[str]
    decides: Sequence[str] = ()


MOST_LEANS, SMALLEST_SHARE = 3, 0.01


def leading(influences: Sequence[Influence], objective: float) -> list[Influence]:
    """The inputs that move the objective (MUSD) by more than a hundredth, the first few. Influences come sorted."""
    return [i for i in influences if abs(i.effect) > SMALLEST_SHARE * objective][:MOST_LEANS]


@dataclass(frozen=True)
class Knowledge:
    """Value of information (MUSD of the objective) and regret by scenario.

    evpi: plan's objective less that if each scenario were known; where it is cost plus risk, a bound from above. vss:
    objective if the plan for the mean future is carried out less the plan's. least_loss: had the scenario been known.
    regret: loss with the plan less that; only where the objective is the least risk.
    """

    stochastic: float
    wait_and_see: float
    evpi: float
    expected_value_plan: float
    vss: float
    loss: Mapping[str, float]
    least_loss: Mapping[str, float]
    regret: Mapping[str, float]


@dataclass(frozen=True)
class Range:
    """Least and most over all near-optimal plans: t/y of a project, or MUSD of capital in a country.

    limit: the most that could be built at all. word: must, may or never. planned: what the run's own plan holds of it;
    capital: what that costs (MUSD, public and private, not discounted).
    """

    kind: str
    key: str
    least: float
    most: float
    limit: float | None
    word: str
    planned: float = 0.0
    capital: float = 0.0


@dataclass(frozen=True)
class Alternatives:
    """Ranges over all plans within these shares of the best: of `risk` and `cost`, or of their sum `welfare`."""

    within: Mapping[str, float]
    ranges: Sequence[Range]
    solves: int


@dataclass(frozen=True, kw_only=True)
class PlanUnderOdds:
    """A plan under odds that are not known: cost and risk (MUSD) by the given odds and by the worst, and what it builds.

    new_capacity: t/y by project, expected by the given odds. cost: None if it was not asked for.
    """

    cost: float | None
    risk_given: float
    risk_worst: float
    new_capacity: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class OddsTrial:
    """A claim with the probability of one storyline at an end of its range: plans fixed, others making room.

    measure: share of the whole reduction, as of the claim.
    """

    claim: str
    storyline: str
    probability: float
    measure: float
    flips: bool


@dataclass(frozen=True, kw_only=True)
class OddsChange:
    """The plan by the given odds beside that by the worst.

    changed_share: of the capital that either spends on a project, the part that only one of them does, in [0, 1].
    other: the odds that the run does not go by; measures: of each claim by them, solved again; trials: of each claim
    with one storyline's probability at an end of its range, plans fixed.
    """

    given: PlanUnderOdds
    worst: PlanUnderOdds
    changed_share: float
    other: str = "worst"
    measures: Mapping[str, float] = field(default_factory=dict)
    trials: Sequence[OddsTrial] = ()


@dataclass(frozen=True, kw_only=True)
class StockValue:
    """Risk (MUSD) of a plan without and with stock purchases, operations knowing the past alone, decisions fixed."""

    with_purchases: float
    without_purchases: float

    @property
    def reduces_risk_by(self) -> float:
        """The reduction of risk by stock purchases, MUSD."""
        return self.without_purchases - self.with_purchases


@dataclass(frozen=True, repr=False)
class Explanation(Parts):
    """All of it. goal: `risk` or `welfare`, what objectives are of. `ladder` adds one lever after the other, `left_out`
    takes one away, `together` is about who acts, `timing` about when; `own` is the run itself.
    `knowledge` and `alternatives` are None where they were not asked for. `stock`: the value of
    stock purchases without hindsight, which the ladder states with it. `odds`: what changes from the given odds to the
    worst; None where no bounds are given. `values`: of each lever on one scale.
    """

    goal: str
    run: str
    own: Rung
    ladder: Sequence[Rung]
    left_out: Sequence[Rung]
    together: Sequence[Rung]
    timing: Sequence[Rung]
    knowledge: Knowledge | None
    links: Sequence[Link]
    marginals: Sequence[Marginal]
    verdicts: Sequence[Verdict]
    influences: Sequence[Influence]
    values: LeverValues
    solves: int
    alternatives: Alternatives | None
    decision: Decision | None = None
    stock: StockValue | None = None
    odds: OddsChange | None = None

    @property
    def headline(self) -> dict[str, str]:
        """The run, its objective, and the verdicts on the claims."""
        verdicts = ", ".join(f"{one.claim} {one.verdict}" for one in self.verdicts)
        return {"run": self.run, "objective": self.goal, "verdicts": verdicts or "none"}

    @property
    def ranges(self) -> Sequence[Range]:
        """Of the alternatives, none if they were not asked for."""
        return self.alternatives.ranges if self.alternatives is not None else ()

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
