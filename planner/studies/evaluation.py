"""A plan held fixed in futures that it was not made for: given ones, as they are drawn, or samples of a register; and
how far its risk may be from the truth because they were drawn.

Few futures are one program, in which operations know no more than a history shows. Many are solved one by one, and
then it has to be said what operations know when. Stocks alone carry anything over from one year to the next, so a rule
says what is in stock as long as a future cannot be told from those that the rule was made for: draws of its own, of
which none is evaluated, with the plan held fixed. From then on all that comes is known. Beside it stands what is lost
if all is known from the first year on, which nothing that knows less can go below.

Intervals are those of Student's t, with the skewness of the figure taken out (Hall, Journal of the Royal Statistical
Society B 54 (1992) 221-228), without which they cover 88 %. Of several sets drawn apart by the values of each (Asmussen
and Glynn, Stochastic Simulation (2007), III.5). Of one set by what each draw adds to the figure within its stratum: to
the mean its loss, to the CVaR what it loses beyond the quantile (Trindade et al., Journal of Banking and Finance 31
(2007)). They cover at least 90 %, or there is none (`tests/studies/test_intervals.py`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

from planner.config import Objective
from planner.data.case import Case
from planner.data.load import load_scenarios
from planner.data.lookups import Good
from planner.data.sampling import sample
from planner.data.scenario_tree import Vector
from planner.data.schema import Draw, Scenario, Shock
from planner.data.shock_effects import Effects, Period, effects_by_scenario, periods_of
from planner.errors import StoppedError
from planner.parallel import Team
from planner.results.losses import cvar
from planner.results.plan import PlanValues
from planner.solving.goals import Phase, Progress, silent
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies.fixed_plan import Decided, Future, Futures, Loss, amounts, held, measured_in

MANY = 50
"""Futures from which on they are solved one by one."""
RULE_DRAWS, RULE_STANDS_FOR = 16, 200
"""Futures, about, that the rule for stocks is made for, and draws of a register that they stand for. As many draws that
stand for themselves alone leave a tenth more risk (measured on the real case)."""
JUDGED = "no interval: these futures are judgements, not draws"
OWN = "no interval: the plan was made for these futures, so they say little of others"
KEYS = ("expected_loss_musd", "cvar_musd", "risk_musd")
CONFIDENCE, ROUNDING = 0.95, 1e-9
FEWEST, FEWEST_IN_TAIL, FEWEST_IN_STRATUM, FEWEST_APART = 30, 10.0, 2, 4
"""Draws below which no interval covers what it promises (measured): in all, in the tail, in a stratum, that differ."""


def with_other_scenarios(
    case: Case,
    scenarios: Sequence[Scenario],
    shocks: Sequence[Shock],
    draws: Sequence[Draw] | None = None,
) -> Case:
    """The case with other scenarios and shocks. draws: what was drawn; if left out, what the case holds of them."""
    names = {row.scenario for row in scenarios}
    drawn = tuple(
        row for row in (case.tables.draws if draws is None else draws) if row.scenario in names
    )
    return case.with_tables(scenarios=tuple(scenarios), shocks=tuple(shocks), draws=drawn)


def is_drawn(case: Case) -> bool:
    """Whether the futures of a case were drawn from a register; else they are judgements."""
    return bool(case.tables.draws) or "draws" in case.origin.headers


def strata_of(case: Case) -> dict[str, list[str]]:
    """Scenario of the register -> its draws, each as likely as the others; all futures that were not drawn are one."""
    out: dict[str, list[str]] = defaultdict(list)
    for name in case.scenarios:
        out[name.rpartition("-")[0] if is_drawn(case) else ""].append(name)
    return out


# ---- what is in stock before a future can be told from others --------------------------------------------------------


@dataclass(frozen=True)
class StockRule:
    """Stocks of least risk along the histories of some draws, the plan being as decided.

    stocks: stockpile -> t at the end of each node of the tree of `case`.
    """

    program: LiveProgram
    stocks: Mapping[Good, Vector]

    def future(self, name: str, one: Effects, periods: Sequence[Period]) -> Future:
        """A future with the stocks of the histories that it cannot be told from."""
        tree, path = self.program.scope.tree, list[int]()
        for period in periods:
            shown, above = one.shown_in(period), path[-1] if path else -1
            same = (
                n
                for n in self._below.get(above, ())
                if tree.nodes[n].period == period and self._shown[n] == shown
            )
            if (node := next(same, None)) is None:
                break
            path.append(node)
        return Future(
            name, one, {good: tonnes[path] for good, tonnes in self.stocks.items()}, len(path)
        )

    @cached_property
    def _below(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = defaultdict(list)
        for node in self.program.scope.tree.nodes:
            out[node.parent].append(node.index)
        return out

    @cached_property
    def _shown(self) -> list[tuple[object, ...]]:
        tree = self.program.scope.tree
        return [tree.effects[n.scenarios[0]].shown_in(n.period) for n in tree.nodes]


def rule_for(case: Case, decided: Decided) -> StockRule:
    """The rule that leaves the least risk in the futures of a case. Raises StoppedError if no optimum is proven."""
    session, outcome = held(case, decided, [Phase("risk")])
    x, column = outcome.last.x, session.program.column
    stocks: dict[Good, Vector] = {}
    for good in session.scope.stocks:
        stock = stocks[good] = np.zeros(len(session.scope.tree.nodes))
        for node in session.scope.tree.nodes:
            before = stock[node.parent] if node.parent >= 0 else case.stockpiles[good].initial_t
            at = column.get(("stock", (*good, node.index)))
            stock[node.index] = (
                before if at is None else x[at]
            )  # where imports cover all, nothing is bought or sold
    return StockRule(session, stocks)


def rule_of(case: Case, known: Mapping[str, Loss], decided: Decided) -> StockRule:
    """The rule made for some of the futures of a case that stand for all, chosen by what each loses if it is known."""
    return rule_for(
        thinned(case, {w: loss.foreseen for w, loss in known.items()}, RULE_DRAWS), decided
    )


def thinned(case: Case, losses: Mapping[str, float], count: int) -> Case:
    """About `count` futures that stand for all: of each scenario as many as half by probability, half evenly makes,
    each for as many of those that lose about as much."""
    strata = strata_of(case)
    chance: dict[str, float] = {}
    for names in strata.values():
        total = sum(case.scenarios[w] for w in names)
        wanted = min(len(names), max(2, round(count * (total + 1 / len(strata)) / 2)))
        for part in np.array_split(np.array(sorted(names, key=lambda w: (losses[w], w))), wanted):
            chance[str(part[len(part) // 2])] = sum(case.scenarios[str(w)] for w in part)
    return _reweighed(case, chance)


def _reweighed(case: Case, chances: Mapping[str, float]) -> Case:
    """The case with some of its scenarios, as likely as given."""
    rows = (row for row in case.tables.scenarios if row.scenario in chances)
    likely = [row.model_copy(update={"probability": chances[row.scenario]}) for row in rows]
    return with_other_scenarios(
        case, likely, [s for s in case.tables.shocks if s.scenario in chances]
    )


# ---- intervals -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A figure (MUSD) with its 95 % interval; none where `why` says why there is none."""

    value: float
    low: float | None
    high: float | None
    why: str = ""

    @property
    def half(self) -> float | None:
        """Half the width of the interval, as a share of the figure."""
        if self.low is None or self.high is None or self.value <= 0:
            return None
        return (self.high - self.low) / 2 / self.value

    def needed(self, count: int, share: float) -> int | None:
        """Of `count` draws, or samples, as many as make half the interval `share` of the figure: it shrinks with the
        root; None without an interval."""
        return None if self.half is None else max(2, math.ceil(count * (self.half / share) ** 2))


@dataclass(frozen=True)
class Stratum:
    """Draws of one scenario, each as likely as the others: how likely they are together, and their losses (MUSD)."""

    name: str
    probability: float
    losses: Vector


def figures(losses: Vector, chances: Vector, objective: Objective) -> dict[str, float]:
    """Expected loss, CVaR and risk of losses (n) with these chances (n)."""
    expected = float(np.sum(losses * chances))
    tail = cvar(losses.tolist(), chances.tolist(), objective.tail)
    share = objective.risk_aversion
    return dict(zip(KEYS, (expected, tail, (1 - share) * expected + share * tail), strict=True))


def of_draws(strata: Sequence[Stratum], objective: Objective) -> dict[str, Estimate]:
    """Figures of one set of draws with what another set of as many could have given."""
    losses = np.concatenate([s.losses for s in strata])
    chances = np.concatenate(
        [np.full(len(s.losses), s.probability / len(s.losses)) for s in strata]
    )
    chances /= chances.sum()
    value, share, mass = (
        figures(losses, chances, objective),
        objective.risk_aversion,
        1 - objective.tail,
    )
    order = np.argsort(-losses, kind="stable")
    worse = np.cumsum(chances[order]) - chances[order]
    tail = np.clip(mass - worse, 0.0, chances[order])
    effective = float(np.sum(tail) ** 2 / np.sum(tail**2))
    beyond = np.maximum(losses - losses[order][worse < mass * (1 - ROUNDING)][-1], 0.0) / mass
    added = zip(KEYS, (losses, beyond, (1 - share) * losses + share * beyond), strict=True)
    few = f"{len(losses)} draws are too few, {FEWEST} are needed" if len(losses) < FEWEST else ""
    single = [s.name for s in strata if len(s.losses) < FEWEST_IN_STRATUM]
    if single and not few:
        few = f"one draw of {', '.join(single[:3])}{' and others' if len(single) > 3 else ''} says nothing of others"
    found = {}
    for key, each in added:
        counted, why = effective if key != KEYS[0] and share > 0 else float(len(losses)), few
        if not why and counted < FEWEST_IN_TAIL * (1 - ROUNDING):
            why = f"{counted:.1f} draws weigh in the tail, {FEWEST_IN_TAIL:.0f} are needed"
        if not why and 0 < len(each) - np.unique(each, return_counts=True)[1].max() < FEWEST_APART:
            why = "too few draws differ from each other"
        found[key] = (
            Estimate(value[key], None, None, why)
            if why
            else _interval(value[key], strata, each, counted)
        )
    return found


def _interval(value: float, strata: Sequence[Stratum], added: Vector, count: float) -> Estimate:
    """A figure to which draws of the strata have added so much (n), of which `count` weigh."""
    square = apart_in_all = cube = 0.0
    for stratum, own in zip(
        strata, np.split(added, np.cumsum([len(s.losses) for s in strata])[:-1]), strict=True
    ):
        apart, size = own - own.mean(), len(own)
        square += stratum.probability**2 * float(np.mean(apart**2)) / (size - 1)
        apart_in_all += stratum.probability**2 * float(np.mean(apart**2)) / size
        cube += stratum.probability**3 * float(np.mean(apart**3)) / size**2
    skewness = cube / apart_in_all**1.5 if apart_in_all > 0 else 0.0
    ends = [
        value - math.sqrt(square) * _without_skewness(side * _quantile(count), skewness)
        for side in (1, -1)
    ]
    return Estimate(value, max(0.0, ends[0]), ends[1])


def _quantile(count: float) -> float:
    return float(student.ppf((1 + CONFIDENCE) / 2, count - 1))


def _without_skewness(at: float, skewness: float) -> float:
    """Where Student's t stands at `at` if its figure has that skewness."""
    if abs(skewness) < ROUNDING:
        return at
    return 3 / skewness * (math.cbrt(1 + skewness * (at - skewness / 6)) - 1)


def of_samples(
    samples: Sequence[tuple[Vector, Vector]], objective: Objective
) -> dict[str, Estimate]:
    """Figures of samples drawn apart, at least two, with what other samples could have given. samples: losses (MUSD)
    and chances of the futures of each."""
    losses, chances = (np.concatenate(of_all) for of_all in zip(*samples, strict=True))
    whole = figures(losses, chances / len(samples), objective)
    each = pd.DataFrame([figures(*one, objective) for one in samples])
    values = {key: each[key].to_numpy() for key in KEYS}
    return {
        key: _interval(whole[key], [Stratum(key, 1.0, of)], of, len(of))
        for key, of in values.items()
    }


# ---- a plan in futures -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evaluation:
    """A plan held fixed in futures: expected loss, CVaR and risk, each with its interval, or why it has none.

    table: a row for each future (scenario, probability, loss_musd), or for each sample of a register (seed, futures,
    expected_loss_musd, cvar_musd, risk_musd, and the same `_foreseen`). futures: how many. foreseen: the three figures
    if all were known from the first year on, which no operation that knows less can go below; none where futures are
    one program. how: what operations know when. planned: the risk in the futures that the plan was made for. gap: what
    `replicate` gives, if asked."""

    table: pd.DataFrame
    futures: int
    estimates: dict[str, Estimate]
    foreseen: dict[str, float] | None
    how: str
    planned: float = math.nan
    gap: tuple[float, float] | None = None


def evaluate(
    plan: PlanValues,
    futures: str | Path | None = None,
    *,
    workers: int | Team = 1,
    replications: int | None = None,
    size: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Hold investment, training and hiring of a plan and let operations answer other scenarios.

    futures: a folder with scenarios.csv and shocks.csv, and draws.csv if they were drawn; those of the plan if left
    out. From fifty on they are solved one by one, by so many workers; with more than one a script calls this under
    `if __name__ == "__main__"`. replications: how often, at least twice, `size` of them are drawn (None: as many as
    there are) to see how far the plan is from the least risk. Raises InputError, StoppedError.
    """
    case, decided = (
        plan.case if futures is None else load_scenarios(plan.case, Path(futures)),
        amounts(plan),
    )
    found = evaluate_in(case, decided, futures is None, workers, progress)
    gap = (
        replicate(case, size or len(case.scenarios), replications, seed, decided)
        if replications
        else None
    )
    return replace(found, planned=float(plan.summary["risk_musd"]), gap=gap)


def replicate(
    case: Case, size: int, replications: int, seed: int, plan: Decided
) -> tuple[float, float]:
    """How far the risk of `plan` is at most above the least that any plan leaves in the futures of a case (MUSD): the
    mean gap of replications and the upper end of its one-sided 95 % interval (Mak, Morton and Wood, Operations Research
    Letters 24, 1999). Each draws `size` futures, and has the plan of least risk for these. Raises StoppedError."""
    generator, names, gaps = np.random.default_rng(seed), list(case.scenarios), list[float]()
    for _ in range(replications):
        counts = generator.multinomial(size, list(case.scenarios.values())).tolist()
        drawn = _reweighed(
            case, {w: count / size for w, count in zip(names, counts, strict=True) if count}
        )
        best = LiveProgram(drawn).solve(silent, [Phase("risk")])
        if best.stop is not Stop.OPTIMAL:
            raise StoppedError(f"a replication has no proven optimum ({best.stop})")
        gaps.append(max(0.0, measured_in(drawn, plan)["risk_musd"] - best.values["risk"]))
    half = (
        float(student.ppf(CONFIDENCE, replications - 1))
        * float(np.std(gaps, ddof=1))
        / math.sqrt(replications)
    )
    return float(np.mean(gaps)), float(np.mean(gaps)) + half


def evaluate_in(
    case: Case, decided: Decided, own: bool, workers: int | Team, progress: Progress
) -> Evaluation:
    """A plan in the futures of a case. own: it was made for them. Raises InputError, StoppedError."""
    foreseen, chances = None, np.array(list(case.scenarios.values()))
    if len(case.scenarios) < MANY:
        progress(f"solving {len(case.scenarios)} scenarios with the plan held fixed")
        measured = measured_in(case, decided)
        losses = {w: measured[f"scenario_loss_musd.{w}"] for w in case.scenarios}
        how = "as one program of all futures: operations know what a history shows, and nothing that comes"
    else:
        with Futures(case, decided, workers) as futures:
            progress(f"{len(chances)} futures, one by one, as if each were known")
            known = _losses(futures, case)
            progress("a rule for stocks")
            rule = rule_of(case, known, decided)
            progress(f"{len(chances)} futures, one by one, with stocks by that rule")
            losses = {w: loss.held for w, loss in _losses(futures, case, rule).items()}
        foreseen = figures(
            np.array([known[w].foreseen for w in case.scenarios]), chances, case.model.objective
        )
        how = "one by one: stocks by a rule made for them all until a future shows itself, then it is known"
    columns = {"scenario": list(losses), "probability": chances, "loss_musd": list(losses.values())}
    return Evaluation(
        pd.DataFrame(columns), len(chances), _estimates(case, losses, own), foreseen, how
    )


def _losses(futures: Futures, case: Case, rule: StockRule | None = None) -> dict[str, Loss]:
    """Of each future of a case: with stocks by a rule, or as if it were known."""
    periods, effects = periods_of(case), effects_by_scenario(case)
    each = (
        rule.future(w, one, periods) if rule else Future(w, one, {}, 0)
        for w, one in effects.items()
    )
    return futures.losses(periods, list(each))


def _estimates(case: Case, losses: Mapping[str, float], own: bool) -> dict[str, Estimate]:
    if is_drawn(case) and not own:
        strata = [
            Stratum(
                name, sum(case.scenarios[w] for w in draws), np.array([losses[w] for w in draws])
            )
            for name, draws in strata_of(case).items()
        ]
        return of_draws(strata, case.model.objective)
    found = figures(
        np.array(list(losses.values())),
        np.array(list(case.scenarios.values())),
        case.model.objective,
    )
    return {
        key: Estimate(value, None, None, OWN if is_drawn(case) else JUDGED)
        for key, value in found.items()
    }


def evaluate_samples(
    plan: PlanValues,
    register: Case,
    draws: int = 200,
    samples: int = 10,
    seed: int = 0,
    workers: int | Team = 1,
    progress: Progress = silent,
) -> Evaluation:
    """The plan held fixed in draws from the hazards of `register`, with the seeds seed + 1 to seed + samples; the rule
    for stocks is made for draws with the seed itself.

    draws: of each sample, about; half by probability, half evenly over the scenarios of the register. All but scenarios
    and shocks is as in the plan's case. Raises InputError, StoppedError.
    """
    decided, objective = amounts(plan), plan.case.model.objective
    kept, foreseen, rows = (
        list[tuple[Vector, Vector]](),
        list[tuple[Vector, Vector]](),
        list[dict[str, float]](),
    )
    with Futures(plan.case, decided, workers) as futures:
        progress(f"a rule for stocks, from {RULE_STANDS_FOR} draws with the seed {seed}")
        case = _drawn(plan.case, register, RULE_STANDS_FOR, seed)
        rule = rule_of(case, _losses(futures, case), decided)
        for number in range(seed + 1, seed + samples + 1):
            case = _drawn(plan.case, register, draws, number)
            progress(
                f"sample {number - seed} of {samples}: {len(case.scenarios)} futures, the plan held fixed"
            )
            found = _losses(futures, case, rule)
            chances = np.array([case.scenarios[w] for w in found])
            kept.append((np.array([loss.held for loss in found.values()]), chances))
            foreseen.append((np.array([loss.foreseen for loss in found.values()]), chances))
            known = {
                f"{key}_foreseen": value for key, value in figures(*foreseen[-1], objective).items()
            }
            rows.append(
                {"seed": number, "futures": len(found)} | figures(*kept[-1], objective) | known
            )
    bounds = {key: one.value for key, one in of_samples(foreseen, objective).items()}
    how = f"stocks by a rule made for {RULE_STANDS_FOR} other draws (seed {seed}) until a future shows itself"
    table, planned = pd.DataFrame(rows), float(plan.summary["risk_musd"])
    return Evaluation(
        table, int(table["futures"].sum()), of_samples(kept, objective), bounds, how, planned
    )


def _drawn(case: Case, register: Case, draws: int, seed: int) -> Case:
    tables = sample(register, draws, seed, even=True).tables
    return with_other_scenarios(case, tables.scenarios, tables.shocks, tables.draws).checked()
