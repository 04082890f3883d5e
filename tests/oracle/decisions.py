"""Which scenarios decide together, and where nothing is decided ("Tree", section 2; section 5)."""

from __future__ import annotations

from tests.oracle.histories import SAME, histories, own_shocks
from tests.oracle.world import INVESTMENT, OPERATIONS, World

Twins = dict[tuple[str, int], str]


def same_histories(world: World) -> Twins:
    """The first scenario with the same history up to the first period of each year."""
    scenarios, opening = list(world.case.scenarios), world.shocks.opening
    found: Twins = {}
    for year in world.choices.years:
        for w in scenarios:
            here = world.history[w, opening(year)]
            found[w, year] = next(v for v in scenarios if world.history[v, opening(year)] == here)
    return found


def same_storylines(world: World) -> Twins:
    """Contract: "two scenarios share the decisions of a year if their storylines' own shocks ... are the same in effect
    ... in every period up to the first of that year. Scenarios that share a node share its decisions in any case."
    """
    own = histories(own_shocks(world.shocks), world.shocks.periods)
    by_node = same_histories(world)
    found: Twins = {}
    for year in world.choices.years:
        opening = world.shocks.opening(year)
        group = {w: w for w in world.case.scenarios}
        for w in group:
            for v in group:
                told_alike = own[w, opening] == own[v, opening]
                if told_alike or by_node[w, year] == by_node[v, year]:
                    joined = (group[w], group[v])
                    group = {u: joined[0] if g in joined else g for u, g in group.items()}
        found |= {(w, year): g for w, g in group.items()}
    return found


def deciders(world: World) -> Twins:
    """The scenario whose decisions of a year each scenario shares.

    Contract: "Investment, training and hiring live on years (`committed`), on the first node of each year (`adaptive`)
    or on the storylines' histories (`staged`)"; "decisions up to and including [committed_through] are one path".
    """
    first = next(iter(world.case.scenarios))
    policy = world.choices.investment
    if policy == "committed":
        return {(w, t): first for w in world.case.scenarios for t in world.choices.years}
    found = same_histories(world) if policy == "adaptive" else same_storylines(world)
    return {
        (w, t): first if t <= world.choices.committed_through else v for (w, t), v in found.items()
    }


def tie(world: World) -> None:
    """Nothing may differ between scenarios before what they know differs: "All operations, stocks and accounts live on
    nodes", and investment where `deciders` says.
    """
    scenarios, decider = list(world.case.scenarios), deciders(world)
    twins = {
        (w, t): next(v for v in scenarios if world.history[v, t] == world.history[w, t])
        for w, t in world.moments
    }
    for key in list(world.lp.index):
        if key[0] not in OPERATIONS | INVESTMENT:
            continue
        *subject, w, t = key
        twin = twins[w, t] if key[0] in OPERATIONS else decider[w, t]
        if twin != w:
            world.lp.equals({key: 1.0, (*subject, twin, t): -1.0}, 0.0)


def decide_nothing_where_nothing_weighs(world: World) -> None:
    """Contract: "On nodes of probability 0 nothing is decided: no builds, seats, intake, hires or purchases (what one path
    has decided, scheduled purchases among it, comes there too ...)".
    """
    chance = world.case.scenarios
    decider = deciders(world)
    decided: dict[tuple[str, int], float] = {}
    for (w, t), v in decider.items():
        decided[v, t] = decided.get((v, t), 0.0) + chance[w]
    node: dict[object, float] = {}
    for w, t in world.moments:
        node[world.history[w, t]] = node.get(world.history[w, t], 0.0) + chance[w]
    for key, place in world.lp.index.items():
        *_, w, t = key if len(key) > 2 else (None, None)
        if key[0] in INVESTMENT:
            weight = decided[decider[w, t], t]
        elif key[0] == "bought" and world.choices.stock == "recourse":
            weight = node[world.history[w, t]]
        else:
            continue
        if round(weight, SAME) == 0.0:
            world.lp.bounds[place] = (0.0, 0.0)


def decide_nothing_too_early(world: World) -> None:
    """Contract: before `policy.first_decision_year` "the plan decides nothing: no builds, new seats, hires, purchases or
    schedule; intake into existing seats stays free. Beyond the horizon: nothing is decided".
    """
    for key, place in world.lp.index.items():
        if key[0] in INVESTMENT - {"intake"}:
            year = key[-1]
        elif key[0] == "bought":
            year = key[-1].year
        else:
            continue
        if year < world.choices.first_decision:
            world.lp.bounds[place] = (0.0, 0.0)


def hold_decisions(world: World, values: dict[tuple[object, ...], float], room: float) -> None:
    """Builds, seats, intake, hires and purchases, or their schedule, stay as they are, but for rounding."""
    recourse = world.choices.stock == "recourse"
    for key, place in world.lp.index.items():
        if key[0] in INVESTMENT or (key[0] == "bought" and recourse):
            value = values.get(key, 0.0)
            world.lp.bounds[place] = (max(value - room, 0.0), value + room)
