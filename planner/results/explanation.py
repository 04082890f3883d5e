"""What was found about a plan, as values: why it is as it is, and what a decision rests on: what risk costs, what to
pay for first, what goes wrong, and who carries it. `planner.explanation` fills them in, pages and explain.json show
them.

Money in MUSD: risk and loss discounted at the rate of risk, cost at that of cost, expected over the futures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from planner.results.store import fingerprint

PLANS = ("nothing", "core", "chosen", "near", "least")
"""Keys of the named plans: none of the levers pulled; least cost plus risk; the plan of the run; the cheapest within
a hundredth of the least risk; the cheapest of the least risk."""
MOVED = {"half": 0.5, "twice": 2.0}
"""Keys of the plans of the curve at a part of the cost of that of the run, and the part."""
HUNDREDTH = 0.01
"""Part of the least risk by which `near` may be above it."""
OVERRUN = 0.3
"""By how much capital costs more, where it does."""


@dataclass(frozen=True)
class Corner:
    """A plan at which the curve of least risk for its cost bends.

    weight: the largest weight of cost at which no plan has less risk + weight * cost. So it is also what 1 MUSD takes
    off the risk on the way from the corner before, which is cheaper; the first corner's is infinite, stated as None.
    """

    weight: float | None
    cost: float
    risk: float


@dataclass(frozen=True)
class Missing:
    """What is short of an element in the worst year of a future: share of all that is wanted of it in that year."""

    scenario: str
    element: str
    year: int
    share: float


@dataclass(frozen=True)
class NamedPlan:
    """A plan with a name. public: expected public spending, not discounted. builds: expected new capacity (t/y) of what
    is built more than a hundredth of. loss: by scenario. missing: of each scenario and element of which any is short.
    """

    key: str
    risk: float
    expected_loss: float
    cvar: float
    cost: float
    public: float
    builds: Mapping[str, float]
    loss: Mapping[str, float]
    missing: Sequence[Missing]


@dataclass(frozen=True)
class Frontier:
    """The least risk for every cost, from the least cost to the least risk, and the named plans in the order of PLANS;
    moved: those in the order of MOVED, or the end of the curve that is nearest.

    gap: how far the curve can lie below what is stated (MUSD of risk); 0 if every corner was found.
    """

    corners: Sequence[Corner]
    plans: Sequence[NamedPlan]
    moved: Sequence[NamedPlan]
    gap: float
    solves: int


@dataclass(frozen=True)
class Merit:
    """A project in the order in which money should go to it.

    weight: the largest of cost at which the frontier holds a tenth of its final size `tpa` (t/y), that in the plan of
    least risk; cost, risk: of the frontier there. core_tpa: its size in the core plan. worth: least cost + risk without
    it, less with it; 0 if the core plan does without it. public: discounted public capital in the core plan, or where
    that does without it in the plan of least risk. last_hundredth: only there from the last hundredth of risk on.
    """

    project: str
    stage: str
    country: str
    weight: float
    cost: float
    risk: float
    tpa: float
    core_tpa: float
    worth: float
    public: float
    last_hundredth: bool


@dataclass(frozen=True)
class Execution:
    """What one thing that goes wrong does. projects: those it happens to.

    key: `planned`: nothing; `late`: all new plants a year late; `late_three`: the three of most worth; `permits`:
    nothing new may be begun until a year after it is due to be; `overrun`: capital costs more by `OVERRUN`.

    held_risk, held_cost: with all that the plan decided held, operations and stock answering; None where the budgets
    do not pay for it. risk, cost: of a plan that knows of it from the start.
    """

    key: str
    projects: Sequence[str]
    held_risk: float | None
    held_cost: float | None
    risk: float
    cost: float


@dataclass(frozen=True)
class Share:
    """What a party would carry so that nobody is better off leaving, a row of the table `shares` (MUSD).

    alone: its least cost + risk by itself; charge: of the whole; gain = alone - charge; lowest, highest: outer bounds
    of what is stable, lowest None where it was not asked; own_loss: its part of the risk; paid: its funders' payments
    and its private costs, of which `private` are the latter; transfer = charge - own_loss - paid, to others where
    positive.
    """

    party: str
    alone: float
    charge: float
    gain: float
    lowest: float | None
    highest: float
    own_loss: float
    paid: float
    transfer: float
    private: float


@dataclass(frozen=True)
class Shares:
    """The charges of all parties, which sum to `optimum`, the least cost + risk of the whole.

    checked: coalitions that were solved, of `coalitions`; slack: the least that any of them would lose by leaving;
    tightest: its parties. by_duals: whether the charges come from the prices of one solve (many parties) or have the
    largest least gain over all coalitions.
    """

    rows: Sequence[Share]
    optimum: float
    checked: int
    coalitions: int
    slack: float
    tightest: Sequence[str]
    by_duals: bool


@dataclass(frozen=True)
class Decision:
    """What the decision page shows. merit: the project to be paid for first comes first. shares: who carries what,
    where the allies act as one group."""

    frontier: Frontier
    merit: Sequence[Merit]
    execution: Sequence[Execution]
    shares: Shares | None = None


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
    """What one link of the chain is worth for one element in one year: MUSD of risk, and its share of the whole."""

    element: str
    year: int
    link: str
    musd: float
    share: float


@dataclass(frozen=True)
class Trial:
    """A claim measured with one input at another value. Risks in MUSD; measure and threshold dimensionless."""

    input: str
    setting: str
    source: str
    with_it: float
    without_it: float
    measure: float
    flips: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds, fails or is not decided by these data: its objectives as given (MUSD), and the trials.

    claim: its key. turns_on, not_tried: names of unsure inputs. goal: what the objectives are of, as in Explanation.
    """

    claim: str
    verdict: str
    with_it: float
    without_it: float
    measure: float
    threshold: float
    trials: Sequence[Trial]
    turns_on: Sequence[str]
    not_tried: Sequence[str] = ()
    goal: str = "risk"


@dataclass(frozen=True)
class Tried:
    """An input at another value: the setting in words, and the objective then (MUSD)."""

    setting: str
    objective: float


@dataclass(frozen=True)
class Influence:
    """What one unsure input does to the objective of the run when it is moved to the ends of its range.

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


@dataclass(frozen=True)
class Commitment:
    """New capacity of a project (t/y) in the plan that is decided anew each year, knowing what has happened.

    at_once: decided while nothing has happened; sure, expected, most: least, mean and most over the scenarios;
    probability: that any of it is built; first_year: of the earliest decision; committed, committed_year: the same in
    the plan that decides everything once; capital: MUSD per t/y, public and private.
    """

    project: str
    at_once: float
    sure: float
    expected: float
    most: float
    probability: float
    first_year: int | None
    committed: float
    committed_year: int | None
    capital: float


@dataclass(frozen=True)
class Flexibility:
    """The plan that answers what has shown itself, project by project."""

    commitments: Sequence[Commitment]


@dataclass(frozen=True)
class Explanation:
    """All of it. goal: `risk` or `welfare`, what objectives are of. `ladder` adds one lever after the other, `left_out`
    takes one away, `together` is about who acts, `timing` about when; `own` is the run itself. `flexibility` is None
    where there is one future only, `alternatives` where they were not asked for.
    """

    goal: str
    run: str
    title: str
    own: Rung
    ladder: Sequence[Rung]
    left_out: Sequence[Rung]
    together: Sequence[Rung]
    timing: Sequence[Rung]
    links: Sequence[Link]
    verdicts: Sequence[Verdict]
    influences: Sequence[Influence]
    solves: int
    thorough: bool
    alternatives: Alternatives | None
    flexibility: Flexibility | None
    decision: Decision | None = None

    @property
    def ranges(self) -> Sequence[Range]:
        """Of the alternatives, none if they were not asked for."""
        return self.alternatives.ranges if self.alternatives is not None else ()

    def as_json(self, run_sha256: str) -> dict[str, Any]:
        """Plain values for explain.json, and the fingerprint of the run that they belong to."""
        return {"run_sha256": run_sha256, **asdict(self)}


def read_explanation(folder: Path) -> Explanation | None:
    """What was found out about the run in a folder; None if nothing was, or if it belongs to another run."""
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
