"""What a run tells of its plan, worked out again by the oracle from the plan's own tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

import planner
from planner.explanation.coverage import coverage
from tests.oracle.figures import (
    Diversity,
    diversity,
    origins_of_year,
    told_years,
    undisturbed,
    utilisation,
)
from tests.oracle.odds import best_risk, possible_odds, storylines, worst_odds
from tests.oracle.physical import still
from tests.oracle.plan_values import rows_of, values_of
from tests.oracle.program import OracleResult, parts_of_cost, tail_weights
from tests.oracle.removals import Covered, Removal, covered, removals, undisturbed_scenario
from tests.oracle.sparse import Solution
from tests.oracle.tables import number
from tests.oracle.world import World

TOLERANCE = 1e-6
PURCHASE = "purchase_usd_per_kg"
LOOSE = 1e-5
"""What rounding in a chain of steps may add up to, relative and absolute."""
PARTS = (
    "capex",
    "fixed_opex",
    "variable_opex",
    "imports",
    "training",
    "seats",
    "hires",
    "stock_purchases",
    "stock_holding",
    "targets",
)


def near(value: float, extra: float = 0.0, share: float = TOLERANCE) -> Any:
    """Equal to a millionth, relative and absolute, and what else is allowed."""
    return pytest.approx(value, abs=share * (1 + abs(value)) + extra, rel=0)


def agree_figures(plan: planner.Plan, theirs: OracleResult) -> None:
    """Parts of the cost, use of capacity, odds, targets and origins."""
    world = theirs.world
    assert world is not None
    values = values_of(plan, world)
    agree_cost_parts(plan, world, values)
    agree_purchases(plan, world, values)
    agree_utilisation(plan, world, values)
    agree_odds(plan, world)
    agree_targets(plan, world, values)
    agree_origins(plan, world, values)


def agree_cost_parts(plan: planner.Plan, world: World, values: Solution) -> None:
    """Contract: `cost_parts_musd` {`capex`, ..., `targets`} (summing to `cost_musd`)."""
    told = plan.summary["cost_parts_musd"]
    assert tuple(told) == PARTS
    assert sum(told.values()) == near(plan.summary["cost_musd"])
    found = parts_of_cost(world, values)
    for part in PARTS[:-1]:
        assert told[part] == near(found[part], share=LOOSE), part


def agree_purchases(plan: planner.Plan, world: World, values: Solution) -> None:
    """Contract: table `purchases`, "with scheduled stock": what is bought is what is scheduled, as far as trade goes on,
    and `musd` "= tonnes * purchase_usd_per_kg / 1000, not discounted".
    """
    assert ("purchases" in plan.tables) == (world.choices.stock == "scheduled")
    if world.choices.stock != "scheduled":
        return
    for row in rows_of(plan, "purchases"):
        usd = number(world.case.stockpiles[row["country"], row["element"], row["form"]], PURCHASE)
        assert row["musd"] == near(row["tonnes"] * usd / 1000)
    for good in world.case.stockpiles:
        for w, t in world.moments:
            scheduled = values["scheduled", *good, w, t.year]
            delivered = t.length * still(world, good, w, t) * scheduled
            assert values["bought", *good, w, t] == near(delivered, share=LOOSE), (good, w, t)


def agree_utilisation(plan: planner.Plan, world: World, values: Solution) -> None:
    """Use of new and existing capacity by stage."""
    told = plan.summary["utilisation"]
    for stage, shares in utilisation(world, values).items():
        for kind, share in shares.items():
            if share is None:
                assert told.get(stage, {}).get(kind) is None, (stage, kind)
            else:
                assert told[stage][kind] == near(share, share=LOOSE), (stage, kind)


def has_bounds(world: World) -> bool:
    """True for a case in which some probability is not fixed."""
    return any(low < high for low, high in world.case.bounds.values())


def agree_odds(plan: planner.Plan, world: World) -> None:
    """Contract: `odds` {`worst_risk_musd`, `best_risk_musd`, `worst`} "of the plan as it is, losses fixed"; `risk_musd`
    "is by the odds of the objective ..., `risk_given_musd` beside it".
    """
    ours, choices, case = plan.summary, world.choices, world.case
    losses = ours["scenario_loss_musd"]
    aversion, tail = choices.aversion, choices.tail
    given = (1 - aversion) * ours["expected_loss_musd"] + aversion * ours["cvar_musd"]
    worst = worst_odds(case, losses, aversion, tail).risk
    assert ours["risk_musd"] == near(worst if choices.odds == "worst" else given, share=LOOSE)
    if not has_bounds(world):
        return
    assert ours["risk_given_musd"] == near(given, share=LOOSE)
    told = ours["odds"]
    assert told["worst_risk_musd"] == near(worst, share=LOOSE)
    assert told["best_risk_musd"] == near(best_risk(case, losses, aversion, tail), share=LOOSE)
    agree_on_possible_odds(world, told["worst"])
    weights = tail_weights(losses, told["worst"], tail)
    expected = sum(p * losses[w] for w, p in told["worst"].items())
    cvar = sum(weight * losses[w] for w, weight in weights.items())
    assert (1 - aversion) * expected + aversion * cvar == near(worst, share=LOOSE)


def agree_on_possible_odds(world: World, odds: Mapping[str, float]) -> None:
    """The odds that are told lie within their bounds, sum to 1 and keep the proportions of draws."""
    assert sum(odds.values()) == near(1)
    assert possible_odds(world.case).minimise({}).feasible
    for storyline in storylines(world.case):
        whole = sum(odds.get(w, 0.0) for w in storyline.shares)
        assert storyline.low - TOLERANCE <= whole <= storyline.high + TOLERANCE
        for w, share in storyline.shares.items():
            assert odds.get(w, 0.0) == near(share * whole)


def seen_by_the_odds(plan: planner.Plan, world: World) -> set[str]:
    """Scenarios whose loss has weight in a criterion of the plan."""
    chance, choices = world.case.scenarios, world.choices
    last = choices.aversion == 1.0 and choices.tail > 0.0
    seen = {w for w, p in chance.items() if p > 0.0}
    if choices.odds == "given":
        return seen
    losses = plan.summary["scenario_loss_musd"]
    odds = plan.summary.get("odds", {}).get("worst", chance)
    weights = tail_weights(losses, odds, choices.tail)
    weighed = {
        w
        for w in chance
        if (1 - choices.aversion) * odds.get(w, 0.0) + choices.aversion * weights[w] > TOLERANCE
    }
    return weighed | (seen if last else set())


def agree_targets(plan: planner.Plan, world: World, values: Solution) -> None:
    """What each target misses, and what that costs, but for `made_share`, whose tonnes left over no table tells."""
    told = plan.summary.get("targets", {})
    cost = sum(told[target.name]["cost_musd"] for target in world.case.targets)
    assert plan.summary["cost_parts_musd"]["targets"] == near(cost, share=LOOSE)
    for target in world.case.targets:
        if target.kind == "made_share" and target.form != "feed":
            continue
        missing, musd = 0.0, 0.0
        for asked in world.asked:
            if asked.target.name != target.name:
                continue
            value = sum(share * values[key] for key, share in asked.terms.items())
            miss = world.case.scenarios[asked.scenario] * max(0.0, value - asked.limit)
            missing += miss
            usd = (target.price or 0.0) / 1e3
            musd += miss * usd * world.factor(asked.period.year)
        ours = told[target.name]
        assert ours["missing_t"] == near(missing, share=10 * LOOSE), target.name
        assert ours["cost_musd"] == near(musd, share=10 * LOOSE), target.name
        if missing > 1e-3:
            assert not ours["met"]


def agree_origins(plan: planner.Plan, world: World, values: Solution) -> None:
    """Contract: `diversification` {element: {form: {year: {`largest_origin`, `largest_share`, `hhi`}}}}, basis `last`,
    and under `traced` the same again.
    """
    told = plan.summary["diversification"]
    for element, form in {(e, f): None for _, e, f in world.goods}:
        for year in told_years(world):
            for traced in (False, True):
                tonnes = origins_of_year(world, values, element, form, year, traced=traced)
                found = diversity(tonnes)
                of = told["traced"] if traced else told
                ours = of.get(element, {}).get(form, {}).get(str(year))
                agree_diversity(ours, found, (element, form, year, traced))
                basis = "traced" if traced else "last"
                agree_table_of_origins(plan, tonnes, (year, element, form, basis))


def agree_table_of_origins(
    plan: planner.Plan, tonnes: Mapping[str, float], of: tuple[int, str, str, str]
) -> None:
    """The rows of the groups in the table `origins` add up to the same tonnes."""
    told = dict.fromkeys(tonnes, 0.0)
    for row in rows_of(plan, "origins"):
        if row["group"] and (row["year"], row["element"], row["form"], row["basis"]) == of:
            told[row["origin"]] = told.get(row["origin"], 0.0) + row["tonnes"]
    for origin, found in told.items():
        assert found == near(tonnes.get(origin, 0.0), share=10 * LOOSE), (of, origin)


def agree_coverage(plan: planner.Plan, world: World) -> None:
    """Contract: what can be served in a calm year without something; "Rows of projects that change neither are left out"."""
    values = values_of(plan, world)
    years = tuple(dict.fromkeys((world.choices.first, world.choices.last)))
    quiet = undisturbed_scenario(world, partial(undisturbed, world))
    table = coverage(plan, years).table("coverage")
    told = {
        (row["year"], row["without"], row["element"]): row
        for row in table[table["plan"] == "true"].to_dict("records")
    }
    for year in years:
        whole: dict[Removal, Covered] = {}
        for removal in removals(world, year):
            found = covered(world, values, quiet, year, removal)
            whole[removal] = found
            with_it = whole[Removal(origin=removal.origin)]
            for element, share in found.served.items():
                row = told.pop((year, removal.name, element), None)
                if row is None:
                    assert removal.project, removal
                    assert with_it.served[element] == near(share, share=LOOSE), (year, removal)
                    assert with_it.loss == near(found.loss, share=LOOSE), (year, removal)
                    continue
                assert row["served_share"] == near(share, share=LOOSE), (year, removal, element)
                assert row["loss_musd"] == near(found.loss, share=LOOSE), (year, removal)
    assert not told


def agree_diversity(ours: Mapping[str, Any] | None, found: Diversity | None, of: object) -> None:
    """One figure of diversification; where next to nothing is used, either may tell nothing."""
    if found is None or ours is None or ours["hhi"] is None:
        assert found is None or ours is not None, of
        return
    assert ours["hhi"] == near(found.hhi, share=10 * LOOSE), of
    assert ours["largest_share"] == near(max(found.shares.values()), share=10 * LOOSE), of
    largest = found.shares.get(ours["largest_origin"], 0.0)
    assert largest == near(max(found.shares.values()), share=10 * LOOSE), of
