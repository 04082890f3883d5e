"""A plan held fixed in futures that it was not made for: given ones, as they are drawn, or samples of a register.

Few futures are one program, in which operations know no more than a history shows. Many are solved one by one, and
then it has to be said what operations know when. Stocks alone carry anything over from one year to the next, so a rule
says what is in stock as long as a future cannot be told from those that the rule was made for: draws of its own, of
which none is evaluated, with the plan held fixed. From then on all that comes is known. Beside it stands what is lost
if all is known from the first year on, which nothing that knows less can go below.
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
from scipy.stats import t

from planner.data.case import Case
from planner.data.load import load_scenarios
from planner.data.lookups import Good
from planner.data.sampling import sample
from planner.data.scenario_tree import Vector
from planner.data.schema import Draw, Scenario, Shock
from planner.data.shock_effects import Effects, Period, effects_by_scenario, periods_of
from planner.errors import StoppedError
from planner.parallel import Team
from planner.results.plan import PlanValues
from planner.solving.goals import Phase, Progress, silent, solve_phases
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies.fixed_plan import Decided, Future, Futures, Loss, amounts, held, measured_in
from planner.studies.intervals import KEYS, Estimate, Sample, Stratum, figures, of_draws, of_samples

MANY = 50
"""Futures from which on they are solved one by one."""
RULE_DRAWS, RULE_STANDS_FOR = 16, 200
"""Futures, about, that the rule for stocks is made for, and draws of a register that they stand for. As many draws that
stand for themselves alone leave a tenth more risk (measured on the real case)."""
JUDGED = "no interval: these futures are judgements, not draws"
OWN = "no interval: the plan was made for these futures, so they say little of others"


def with_other_scenarios(
    case: Case, scenarios: Sequence[Scenario], shocks: Sequence[Shock], draws: Sequence[Draw] | None = None
) -> Case:
    """The case with other scenarios and shocks. draws: what was drawn; if left out, what the case holds of them."""
    names = {row.scenario for row in scenarios}
    drawn = tuple(row for row in (case.tables.draws if draws is None else draws) if row.scenario in names)
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
            same = (n for n in self._below.get(above, ()) if tree.nodes[n].period == period and self._shown[n] == shown)
            if (node := next(same, None)) is None:
                break
            path.append(node)
        return Future(name, one, {good: tonnes[path] for good, tonnes in self.stocks.items()}, len(path))

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
            stock[node.index] = before if at is None else x[at]  # where imports cover all, nothing is bought or sold
    return StockRule(session, stocks)


def rule_of(case: Case, known: Mapping[str, Loss], decided: Decided) -> StockRule:
    """The rule made for some of the futures of a case that stand for all, chosen by what each loses if it is known."""
    return rule_for(thinned(case, {w: loss.foreseen for w, loss in known.items()}, RULE_DRAWS), decided)


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


# ---- given futures -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replication:
    """How far plans made with `size` scenarios fall short: mean gap (MUSD) and the upper end of its 95 % interval."""

    size: int
    mean_gap: float
    upper: float
    replications: int


@dataclass(frozen=True)
class Evaluation:
    """A plan held fixed in futures. losses: MUSD by scenario. estimates: expected loss, CVaR and risk, each with its
    interval, or why it has none. how: what operations know when. foreseen: the three figures if all were known from the
    first year on, which no operation that knows less can go below; none where futures are one program. planned: the
    risk in the futures that the plan was made for. trials: for numbers of scenarios tried."""

    case: Case
    losses: dict[str, float]
    estimates: dict[str, Estimate]
    how: str
    foreseen: dict[str, float] | None
    planned: float = math.nan
    trials: tuple[Replication, ...] = ()


def evaluate(
    plan: PlanValues,
    futures: str | Path | None = None,
    *,
    sizes: Sequence[int] = (),
    replications: int = 10,
    seed: int = 0,
    workers: int | Team = 1,
    progress: Progress = silent,
) -> Evaluation:
    """Hold investment, training and hiring of a plan and let operations answer other scenarios.

    futures: a folder with scenarios.csv and shocks.csv, and draws.csv if they were drawn; those of the plan if left
    out. From fifty on they are solved one by one, by so many workers; with more than one a script calls this under
    `if __name__ == "__main__"`. sizes: numbers of scenarios to draw, `replications` times each, to see how far the plan
    is from the best one. Raises InputError, StoppedError.
    """
    decided = amounts(plan)
    case = plan.case if futures is None else load_scenarios(plan.case, Path(futures))
    found, trials = evaluate_in(case, decided, futures is None, workers, progress), []
    for size in sizes:
        progress(f"{replications} draws of {size} scenarios")
        trials.append(replicate(case, size, replications, seed, decided))
    return replace(found, planned=float(plan.summary["risk_musd"]), trials=tuple(trials))


def evaluate_in(case: Case, decided: Decided, own: bool, workers: int | Team, progress: Progress) -> Evaluation:
    """A plan in the futures of a case. own: it was made for them. Raises InputError, StoppedError."""
    if len(case.scenarios) < MANY:
        progress(f"solving {len(case.scenarios)} scenarios with the plan held fixed")
        measured = measured_in(case, decided)
        losses = {w: measured[f"scenario_loss_musd.{w}"] for w in case.scenarios}
        how = "as one program of all futures: operations know what a history shows, and nothing that comes"
        return Evaluation(case, losses, _estimates(case, losses, own), how, None)
    periods, effects = periods_of(case), effects_by_scenario(case)
    with Futures(case, decided, workers) as futures:
        progress(f"{len(effects)} futures, one by one, as if each were known")
        known = futures.losses(periods, [Future(w, one, {}, 0) for w, one in effects.items()])
        progress("a rule for stocks")
        rule = rule_of(case, known, decided)
        progress(f"{len(effects)} futures, one by one, with stocks by that rule")
        found = futures.losses(periods, [rule.future(w, one, periods) for w, one in effects.items()])
    losses = {w: loss.held for w, loss in found.items()}
    chances = np.array([case.scenarios[w] for w in known])
    foreseen = figures(np.array([loss.foreseen for loss in known.values()]), chances, case.model.objective)
    how = "one by one: stocks by a rule made for them all until a future shows itself, then it is known"
    return Evaluation(case, losses, _estimates(case, losses, own), how, foreseen)


def _estimates(case: Case, losses: Mapping[str, float], own: bool) -> dict[str, Estimate]:
    objective = case.model.objective
    if is_drawn(case) and not own:
        strata = [
            Stratum(name, sum(case.scenarios[w] for w in draws), np.array([losses[w] for w in draws]))
            for name, draws in strata_of(case).items()
        ]
        return of_draws(strata, objective)
    chances = np.array([case.scenarios[w] for w in losses])
    found = figures(np.array(list(losses.values())), chances, objective)
    why = OWN if is_drawn(case) else JUDGED
    return {key: Estimate(value, None, None, why) for key, value in found.items()}


# ---- samples of a register ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SampleEvaluation:
    """A plan held fixed in samples of a register, drawn apart. held: with stocks by the rule, and foreseen: if all were
    known from the first year on; estimates and bounds: expected loss, CVaR and risk over all samples of either, with
    the interval between them. planned: the risk in the futures that the plan was made for."""

    held: list[Sample]
    foreseen: list[Sample]
    estimates: dict[str, Estimate]
    bounds: dict[str, Estimate]
    planned: float


def evaluate_samples(
    plan: PlanValues,
    register: Case,
    draws: int = 200,
    samples: int = 10,
    seed: int = 0,
    workers: int | Team = 1,
    progress: Progress = silent,
) -> SampleEvaluation:
    """The plan held fixed in draws from the hazards of `register`, with the seeds seed + 1 to seed + samples; the rule
    for stocks is made for draws with the seed itself.

    draws: of each sample, about; half by probability, half evenly over the scenarios of the register. All but scenarios
    and shocks is as in the plan's case. Raises InputError, StoppedError.
    """
    kept: tuple[list[Sample], list[Sample]] = [], []
    decided = amounts(plan)
    with Futures(plan.case, decided, workers) as futures:
        progress(f"a rule for stocks, from {RULE_STANDS_FOR} draws with the seed {seed}")
        case = _drawn(plan.case, register, RULE_STANDS_FOR, seed)
        alone = [Future(w, one, {}, 0) for w, one in effects_by_scenario(case).items()]
        rule = rule_of(case, futures.losses(periods_of(case), alone), decided)
        for number in range(seed + 1, seed + samples + 1):
            case = _drawn(plan.case, register, draws, number)
            periods, effects = periods_of(case), effects_by_scenario(case)
            progress(f"sample {number - seed} of {samples}: {len(effects)} futures, the plan held fixed")
            found = futures.losses(periods, [rule.future(w, one, periods) for w, one in effects.items()])
            chances = np.array([case.scenarios[w] for w in found])
            losses = np.array([(loss.held, loss.foreseen) for loss in found.values()])
            for of, one in zip(kept, losses.T, strict=True):
                of.append(Sample(number, one, chances))
    told, bounds = (of_samples(of, plan.case.model.objective) for of in kept)
    return SampleEvaluation(*kept, told, bounds, float(plan.summary["risk_musd"]))


def _drawn(case: Case, register: Case, draws: int, seed: int) -> Case:
    tables = sample(register, draws, seed, even=True).tables
    return with_other_scenarios(case, tables.scenarios, tables.shocks, tables.draws).checked()


# ---- how far a plan is from the best one ----------------------------------------------------------------------------


def replicate(case: Case, size: int, replications: int, seed: int, plan: Decided) -> Replication:
    """Multiple replications (Mak, Morton and Wood, Operations Research Letters 24, 1999).

    Each draws `size` scenarios of the case, solves for the best plan and compares `plan` with it on the same draw.
    The mean gap bounds from above how far `plan` is from the best plan for all scenarios.
    """
    generator = np.random.default_rng(seed)
    names = list(case.scenarios)
    chances = [case.scenarios[w] for w in names]
    gaps = []
    for _ in range(replications):
        counts = generator.multinomial(size, chances).tolist()
        rows = {w: count / size for w, count in zip(names, counts, strict=True) if count}
        drawn = _reweighed(case, rows)
        session = LiveProgram(drawn)
        best = solve_phases(session.program, drawn.model.objective, session.solver, silent, [Phase("risk")])
        if best.stop is not Stop.OPTIMAL:
            raise StoppedError(f"a replication has no proven optimum ({best.stop})")
        gaps.append(max(0.0, measured_in(drawn, plan)["risk_musd"] - best.values["risk"]))
    half = float(t.ppf(0.95, replications - 1)) * float(np.std(gaps, ddof=1)) / math.sqrt(replications)
    return Replication(size, float(np.mean(gaps)), float(np.mean(gaps)) + half, replications)


def _reweighed(case: Case, chances: Mapping[str, float]) -> Case:
    """The case with some of its scenarios, as likely as given."""
    rows = [
        row.model_copy(update={"probability": chances[row.scenario]})
        for row in case.tables.scenarios
        if row.scenario in chances
    ]
    return with_other_scenarios(case, rows, [s for s in case.tables.shocks if s.scenario in chances])


# ---- files ----------------------------------------------------------------------------------------------------------


def samples_table(found: SampleEvaluation, case: Case) -> pd.DataFrame:
    """seed, futures, expected_loss_musd, cvar_musd, risk_musd, and the same `_foreseen`."""
    objective, rows = case.model.objective, []
    for held_, foreseen in zip(found.held, found.foreseen, strict=True):
        known = figures(foreseen.losses, foreseen.chances, objective)
        rows.append(
            {"seed": held_.seed, "futures": len(held_.losses)}
            | figures(held_.losses, held_.chances, objective)
            | {f"{key}_foreseen": known[key] for key in KEYS}
        )
    return pd.DataFrame(rows)


def losses_table(found: Evaluation) -> pd.DataFrame:
    """scenario, probability, loss_musd."""
    columns = {"probability": found.case.scenarios, "loss_musd": found.losses}
    return pd.DataFrame(columns, index=list(found.losses)).rename_axis("scenario").reset_index()
