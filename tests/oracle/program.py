"""Solve a case by a second, literal formulation: one full set of variables per scenario, tied where histories agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.oracle.histories import count_nodes
from tests.oracle.money import PER_TONNE, add_money, public_terms
from tests.oracle.people import add_people
from tests.oracle.physical import add_physical
from tests.oracle.sparse import Solution
from tests.oracle.tables import number, read_case
from tests.oracle.world import World

RISK, COST, EXPECTED = ("risk",), ("cost",), ("expected",)
TIGHT = 1e-6


@dataclass(frozen=True)
class OracleResult:
    """What the contract's summary says of a plan. `slope` is the cost saved per MUSD of further risk allowed."""

    status: str
    nodes: int
    risk: float | None = None
    least_risk: float | None = None
    cost: float | None = None
    expected_loss: float | None = None
    cvar: float | None = None
    scenario_loss: dict[str, float] = field(default_factory=dict)
    public_spend: float | None = None
    new_capacity: dict[str, float] = field(default_factory=dict)
    slope: float | None = None
    solution: Solution | None = field(default=None, repr=False)
    world: World | None = field(default=None, repr=False)


def build(folder: Path, model: Mapping[str, Any]) -> World:
    """Read the case and write down the whole program."""
    world = World.of(*read_case(folder, model))
    add_physical(world)
    add_people(world)
    add_money(world)
    world.tie()
    return world


def hold(world: World, key: tuple[str, ...], value: float, share: float = TIGHT) -> None:
    """Keep an earlier objective: "<= cost* (1+1e-6) + 1e-6"."""
    world.lp.at_most({key: 1.0}, value * (1.0 + share) + TIGHT)


def settle_expected(world: World, last: Solution) -> Solution:
    """Contract: "With lambda = 1 (or whenever expected loss carries no weight) expected loss is a third criterion"."""
    if world.choices.aversion < 1.0 or world.choices.tail <= 0.0:
        return last
    return needed(world.lp.minimise({EXPECTED: 1.0}))


def needed(solution: Solution) -> Solution:
    """A later step cannot be infeasible: the earlier plan still fits."""
    if not solution.feasible:
        raise RuntimeError("a later objective step was infeasible")
    return solution


def solve_goal(world: World) -> tuple[Solution, float | None, float | None]:
    """The goals, in order, exactly as written; also least risk (goal `risk`) and the price of the risk limit."""
    choices = world.choices
    if choices.goal == "risk":
        least = needed(world.lp.minimise({RISK: 1.0})).objective
        hold(world, RISK, least, choices.slack)
        cheap = needed(world.lp.minimise({COST: 1.0}))
        hold(world, COST, cheap.objective)
        return settle_expected(world, cheap), least, cheap.price
    if choices.goal == "target":
        assert choices.risk_limit is not None, "goal `target` needs objective.risk_limit"
        world.lp.at_most({RISK: 1.0}, choices.risk_limit)
        cheap = world.lp.minimise({COST: 1.0})
        if not cheap.feasible:
            return cheap, None, None
        hold(world, COST, cheap.objective)
        safest = needed(world.lp.minimise({RISK: 1.0}))
        hold(world, RISK, safest.objective)
        return settle_expected(world, safest), None, cheap.price
    assert choices.goal == "welfare", choices.goal
    best = world.lp.minimise({COST: 1.0, RISK: 1.0})
    bound = needed(best).objective * (1.0 + TIGHT) + TIGHT
    world.lp.at_most({COST: 1.0, RISK: 1.0}, bound)
    return settle_expected(world, best), None, None


def loss_of(steps: list[tuple[float, float]], demand: float, short: float) -> float:
    """USD per kg times tonnes of one shortfall, walking up the steps."""
    total, below = 0.0, 0.0
    for up_to, usd in steps:
        part = min(max(short - below * demand, 0.0), (up_to - below) * demand)
        total += part * usd
        below = up_to
    return total


def scenario_losses(world: World, solution: Solution) -> dict[str, float]:
    """Rule: Every reported loss is recomputed from the reported shortfalls, never read off an auxiliary variable."""
    losses = dict.fromkeys(world.case.scenarios, 0.0)
    for w, t in world.moments:
        for good in world.goods:
            short = max(solution["short", *good, w, t], 0.0)
            loss = loss_of(world.steps(*good), world.shocks.demand(w, t, *good), short)
            losses[w] += loss * PER_TONNE * number(world.country(good[0]), "weight", 1.0) * world.risk_factor(t)
    return losses


def tail_mean(losses: Mapping[str, float], odds: Mapping[str, float], alpha: float) -> float:
    """The "CVaR of the worst 1-alpha": the mean of the upper tail of the discrete distribution, cut at the edge."""
    left, total = 1.0 - alpha, 0.0
    for scenario in sorted(losses, key=lambda w: -losses[w]):
        part = min(odds[scenario], left)
        total += part * losses[scenario]
        left -= part
    return total / (1.0 - alpha)


def spent(world: World, solution: Solution) -> float:
    """Expected public spending, undiscounted."""
    return sum(
        world.case.scenarios[w] * value * solution[key]
        for w, t in world.moments
        for country in world.case.country_names
        for key, value in public_terms(world, country, w, t).items()
    )


def built(world: World, solution: Solution) -> dict[str, float]:
    """Expected new nameplate by project over the horizon."""
    total = {plant.name: 0.0 for plant in world.case.projects}
    for key, value in solution.values.items():
        if key[0] == "build":
            total[key[1]] += world.case.scenarios[key[2]] * value
    return total


def solve_case(folder: Path, model: Mapping[str, Any]) -> OracleResult:
    """Solve one case folder under one model dict."""
    world = build(Path(folder), model)
    solution, least, slope = solve_goal(world)
    nodes = count_nodes(world.history)
    if not solution.feasible:
        return OracleResult("infeasible", nodes, world=world)
    losses, odds = scenario_losses(world, solution), world.case.scenarios
    expected = sum(odds[w] * losses[w] for w in losses)
    cvar = tail_mean(losses, odds, world.choices.tail)
    aversion = world.choices.aversion
    return OracleResult(
        status="optimal",
        nodes=nodes,
        risk=(1.0 - aversion) * expected + aversion * cvar,
        least_risk=least,
        cost=max(solution[COST], 0.0),
        expected_loss=expected,
        cvar=cvar,
        scenario_loss=losses,
        public_spend=spent(world, solution),
        new_capacity=built(world, solution),
        slope=slope,
        solution=solution,
        world=world,
    )
