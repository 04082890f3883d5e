"""Solve a case by a second, literal formulation: one full set of variables per scenario, tied where histories agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.oracle.balances import add_tonnes
from tests.oracle.decisions import (
    decide_nothing_too_early,
    decide_nothing_where_nothing_weighs,
    hold_decisions,
    tie,
)
from tests.oracle.histories import count_nodes
from tests.oracle.money import PER_TONNE, add_money, cost_parts, spent_terms
from tests.oracle.odds import best_risk, worst_odds
from tests.oracle.people import add_people
from tests.oracle.sparse import Key, Solution
from tests.oracle.tables import Period, number, read_case
from tests.oracle.targets import add_targets
from tests.oracle.world import World

RISK, COST, EXPECTED = ("risk",), ("cost",), ("expected",)
TIGHT = 1e-6


@dataclass(frozen=True)
class OracleResult:
    """What the contract's summary says of a plan.

    `least_cost` is the cost before later criteria use up their allowance (goals `risk`, `target`); `slope` is the cost
    saved per MUSD of further risk allowed, `relief` the risk saved per MUSD of further cost.
    """

    status: str
    nodes: int
    risk: float | None = None
    least_risk: float | None = None
    cost: float | None = None
    least_cost: float | None = None
    expected_loss: float | None = None
    cvar: float | None = None
    scenario_loss: dict[str, float] = field(default_factory=dict)
    risk_given: float | None = None
    worst_risk: float | None = None
    best_risk: float | None = None
    cost_parts: dict[str, float] = field(default_factory=dict)
    missing: dict[str, float] = field(default_factory=dict)
    loss_by_country: dict[str, dict[str, float]] = field(default_factory=dict)
    public_spend: float | None = None
    new_capacity: dict[str, float] = field(default_factory=dict)
    slope: float | None = None
    relief: float | None = None
    solution: Solution | None = field(default=None, repr=False)
    world: World | None = field(default=None, repr=False)


def build(folder: Path, model: Mapping[str, Any], *, targets: bool = True) -> World:
    """Read the case and write down the whole program, with its targets or without."""
    case, choices = read_case(folder, model)
    world = World.of(case if targets else replace(case, targets=[]), choices)
    add_tonnes(world)
    add_people(world)
    add_targets(world)
    add_money(world)
    tie(world)
    decide_nothing_where_nothing_weighs(world)
    decide_nothing_too_early(world)
    return world


def hold(world: World, key: tuple[str, ...], value: float, share: float = TIGHT) -> None:
    """Keep an earlier objective: "<= cost* (1+1e-6) + 1e-6"."""
    world.lp.at_most({key: 1.0}, value * (1.0 + share) + TIGHT)


def settle_expected(world: World, last: Solution) -> Solution:
    """Contract: "Whenever expected loss carries no weight (lambda = 1 and tail > 0) it is a last criterion"."""
    if world.choices.aversion < 1.0 or world.choices.tail <= 0.0:
        return last
    if world.choices.goal != "welfare":
        hold(world, RISK, last[RISK])
    return needed(world.lp.minimise({EXPECTED: 1.0}))


def weightless(world: World, losses: Mapping[str, float]) -> list[str]:
    """Scenarios whose loss "carries no weight in any criterion": of "probability 0 ..., or one of weight 0 under the
    worst odds", unless expected loss by the given odds is a criterion too.
    """
    choices, chance = world.choices, world.case.scenarios
    if choices.odds == "given":
        return [w for w, p in chance.items() if p == 0.0]
    weights = worst_odds(world.case, losses, choices.aversion, choices.tail).least_weights
    last = choices.aversion == 1.0 and choices.tail > 0.0
    return [w for w, p in chance.items() if weights[w] < 1e-4 and (p == 0.0 or not last)]


def settle_weightless(world: World, last: Solution) -> Solution:
    """Contract: What carries no weight "is solved afterwards for the least sum of its losses; cost, risk and decisions
    held". Expected loss is held where it was a criterion.
    """
    unseen = weightless(world, {w: last["loss", w] for w in world.case.scenarios})
    if not unseen:
        return last
    hold_decisions(world, last.values, room=TIGHT / 10.0)
    for key in (RISK, COST, EXPECTED):
        hold(world, key, last[key])
    return needed(world.lp.minimise({("loss", w): 1.0 for w in unseen}))


def needed(solution: Solution) -> Solution:
    """A later step cannot be infeasible: the earlier plan still fits."""
    if not solution.feasible:
        raise RuntimeError("a later objective step was infeasible")
    return solution


@dataclass(frozen=True)
class Course:
    """The steps of a goal: the last solution, least risk (goal `risk`), least cost, the prices of both limits."""

    last: Solution
    least: float | None = None
    cheapest: float | None = None
    slope: float | None = None
    relief: float | None = None


def solve_goal(world: World) -> Course:
    """The goals, in order, exactly as written; "phases after the one for cost hold the whole numbers found there"."""
    choices = world.choices
    if choices.goal == "welfare":
        best = world.lp.minimise({COST: 1.0, RISK: 1.0})
        if not best.feasible:
            return Course(best)
        world.lp.fix(best)
        world.lp.at_most({COST: 1.0, RISK: 1.0}, best.objective * (1.0 + TIGHT) + TIGHT)
        return Course(settle_weightless(world, settle_expected(world, best)))
    least = None
    if choices.goal == "risk":
        safe = world.lp.minimise({RISK: 1.0})
        if not safe.feasible:
            return Course(safe)
        least = safe.objective
        hold(world, RISK, least, choices.slack)
    else:
        assert choices.goal == "target", choices.goal
        assert choices.risk_limit is not None, "goal `target` needs objective.risk_limit"
        world.lp.at_most({RISK: 1.0}, choices.risk_limit)
    cheap = world.lp.minimise({COST: 1.0})
    if not cheap.feasible:
        return Course(cheap, least)
    world.lp.fix(cheap)
    hold(world, COST, cheap.objective)
    safest = needed(world.lp.minimise({RISK: 1.0}))
    last = settle_weightless(world, settle_expected(world, safest))
    return Course(last, least, cheap.objective, cheap.price, safest.price)


def loss_of(steps: list[tuple[float, float]], demand: float, short: float) -> float:
    """USD per kg times tonnes of one shortfall, walking up the steps."""
    total, below = 0.0, 0.0
    for up_to, usd in steps:
        part = min(max(short - below * demand, 0.0), (up_to - below) * demand)
        total += part * usd
        below = up_to
    return total


Losses = dict[tuple[str, str], float]
"""MUSD by scenario and country."""


def losses_of(world: World, short: Callable[[tuple[str, str, str], str, Period], float]) -> Losses:
    """Rule: Every reported loss is recomputed from the reported shortfalls, never read off an auxiliary variable."""
    losses = {(w, c): 0.0 for w in world.case.scenarios for c in world.case.country_names}
    for w, t in world.moments:
        for good in world.goods:
            loss = loss_of(
                world.steps(*good), world.shocks.demand(w, t, *good), max(short(good, w, t), 0.0)
            )
            weight = number(world.country(good[0]), "weight", 1.0) * world.risk_factor(t.year)
            losses[w, good[0]] += loss * PER_TONNE * weight
    return losses


def by_scenario(losses: Losses) -> dict[str, float]:
    """MUSD by scenario."""
    total: dict[str, float] = {}
    for (w, _), loss in losses.items():
        total[w] = total.get(w, 0.0) + loss
    return total


def tail_weights(
    losses: Mapping[str, float], odds: Mapping[str, float], alpha: float, tied: float = 1e-9
) -> dict[str, float]:
    """The weight of each scenario in the "CVaR of the worst 1-alpha", a discrete distribution cut at the edge.

    Contract: "futures tied at the quantile share it in proportion to their probability"; `tied` is the share of the
    largest loss that counts as none.
    """
    left, weights = 1.0 - alpha, dict.fromkeys(losses, 0.0)
    waiting = sorted(losses, key=lambda w: -losses[w])
    room = tied * max(losses.values(), default=0.0)
    while waiting and left > 1e-12:
        level = [w for w in waiting if losses[w] >= losses[waiting[0]] - room]
        chance = sum(odds[w] for w in level)
        for w in level:
            weights[w] = odds[w] * min(1.0, left / chance) / (1.0 - alpha) if chance else 0.0
        left -= min(chance, left)
        waiting = [w for w in waiting if w not in level]
    return weights


def by_country(world: World, losses: Losses, tied: float = 1e-9) -> dict[str, dict[str, float]]:
    """Contract: "`loss_musd_by_country` {country: {`expected`, `tail`}} (summing to `expected_loss_musd` and
    `cvar_musd`)"."""
    odds = world.case.scenarios
    weights = tail_weights(by_scenario(losses), odds, world.choices.tail, tied)
    return {
        country: {
            "expected": sum(odds[w] * losses[w, country] for w in odds),
            "tail": sum(weights[w] * losses[w, country] for w in odds),
        }
        for country in world.case.country_names
    }


def spent(world: World, solution: Solution) -> dict[tuple[str, str, Period], float]:
    """Public spending by country, scenario and period, undiscounted."""
    return {
        (country, w, t): sum(
            value * solution[key]
            for key, value in spent_terms(world, country, w, t, public=True).items()
        )
        for w, t in world.moments
        for country in world.case.country_names
    }


def parts_of_cost(world: World, solution: Solution) -> dict[str, float]:
    """Contract: `cost_parts_musd`, "summing to `cost_musd`"."""
    total: dict[str, float] = {}
    for w, t in world.moments:
        weight = world.case.scenarios[w] * world.factor(t.year)
        for part, terms in cost_parts(world, w, t).items():
            musd = sum(value * solution[key] for key, value in terms.items())
            total[part] = total.get(part, 0.0) + weight * musd
    return total


def missing_of(world: World, solution: Solution) -> dict[str, float]:
    """Tonnes that each target misses: "`missing_t` expected"."""
    total = {target.name: 0.0 for target in world.case.targets}
    for key, asked in world.missing.items():
        total[asked.target.name] += world.case.scenarios[asked.scenario] * solution[key]
    return total


def built(world: World, solution: Solution) -> dict[str, float]:
    """Expected new nameplate by project over the horizon."""
    total = {plant.name: 0.0 for plant in world.case.projects}
    for key, value in solution.values.items():
        if key[0] == "build":
            total[key[1]] += world.case.scenarios[key[2]] * value
    return total


def solve_case(folder: Path, model: Mapping[str, Any], *, targets: bool = True) -> OracleResult:
    """Solve one case folder under one model dict, with its targets or without."""
    world = build(Path(folder), model, targets=targets)
    course = solve_goal(world)
    solution, nodes = course.last, count_nodes(world.history.values())
    if not solution.feasible:
        return OracleResult("infeasible", nodes, world=world)
    losses = losses_of(world, lambda good, w, t: solution["short", *good, w, t])
    total, countries = by_scenario(losses), by_country(world, losses)
    expected, cvar = (sum(row[part] for row in countries.values()) for part in ("expected", "tail"))
    aversion, tail, odds = world.choices.aversion, world.choices.tail, world.case.scenarios
    given = (1.0 - aversion) * expected + aversion * cvar
    worst = worst_odds(world.case, total, aversion, tail).risk
    public = spent(world, solution)
    return OracleResult(
        status="optimal",
        nodes=nodes,
        risk=worst if world.choices.odds == "worst" else given,
        least_risk=course.least,
        cost=max(solution[COST], 0.0),
        least_cost=course.cheapest,
        expected_loss=expected,
        cvar=cvar,
        scenario_loss=total,
        risk_given=given,
        worst_risk=worst,
        best_risk=best_risk(world.case, total, aversion, tail),
        cost_parts=parts_of_cost(world, solution),
        missing=missing_of(world, solution),
        loss_by_country=countries,
        public_spend=sum(odds[w] * musd for (_, w, _), musd in public.items()),
        new_capacity=built(world, solution),
        slope=course.slope,
        relief=course.relief,
        solution=solution,
        world=world,
    )


def least_given(
    folder: Path,
    model: Mapping[str, Any],
    of: Mapping[Key, float],
    caps: Mapping[tuple[str, ...], float],
    units: Mapping[tuple[str, str, int], int],
    decided: Mapping[Key, float] | None = None,
) -> tuple[float, float]:
    """The least of one criterion while others keep to caps and the whole plants are those given, and its tolerance.

    `units` is by project, scenario and year; those not named are none. Where `decided` is given, builds, seats, intake,
    hires and purchases are those. Caps get a ten millionth of room, relative and absolute; the tolerance is what that
    room is worth.
    """
    world = build(Path(folder), model)
    for key in world.lp.whole:
        built_units = units.get(key[1:], 0)
        world.lp.bounds[world.lp.index[key]] = (built_units, built_units)
    world.lp.whole = []
    if decided is not None:
        hold_decisions(world, decided, room=TIGHT)
    rooms = [1e-7 * (1.0 + abs(cap)) for cap in caps.values()]
    for (key, cap), room in zip(caps.items(), rooms, strict=True):
        world.lp.at_most({key: 1.0}, cap + room)
    solution = needed(world.lp.minimise(of))
    prices = solution.prices[len(solution.prices) - len(caps) :]
    return solution.objective, sum(
        abs(price) * room for price, room in zip(prices, rooms, strict=True)
    )


def without_plan(folder: Path, model: Mapping[str, Any]) -> OracleResult:
    """Contract: "of the same case and model with `levers = []`, without targets, `cost_sharing` `even`, goal `target`
    read as `welfare`: the figures of that case solved by itself (goal `risk`: its slack too)"."""
    objective = dict(model.get("objective", {}))
    if objective.get("goal") == "target":
        objective["goal"] = "welfare"
        objective.pop("risk_limit", None)
    return solve_case(folder, {**model, "objective": objective, "levers": []}, targets=False)
