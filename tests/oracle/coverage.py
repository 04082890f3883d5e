"""How much of the contract the random cases exercise: `python -m tests.oracle.coverage [first] [count] [old]`.

Two kinds of evidence: what the optimal plans do, and which switches bite, that is, change the optimum when removed.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.oracle.histories import build_years
from tests.oracle.payments import payments_of
from tests.oracle.program import OracleResult, solve_case
from tests.oracle.random_case import write_random_case
from tests.oracle.tables import ALL_LEVERS, read_table

Model = dict[str, Any]
Edit = Callable[[Path, Model], bool]
NAMED = ("resale", "suppliers", "hazards", "draws", "funders")
ACTIONS = {
    "build": "builds something",
    "intake": "trains someone",
    "seats": "adds seats",
    "hires": "hires",
    "bought": "buys stock",
    "released": "releases stock",
    "lent": "seconds staff",
    "turn": "makes metal",
    "imported": "imports",
    "resold": "gets what is resold",
    "saved": "saves",
    "missing": "misses a target",
    "given": "gives to the pool",
    "carry": "carries budget",
    "short": "has a shortfall",
}


def rewrite(
    folder: Path, table: str, change: Callable[[dict[str, str]], dict[str, str] | None]
) -> bool:
    """Edit the rows of a table in place; None drops a row. True if anything changed."""
    rows = read_table(folder, table)
    new = [change(dict(row)) for row in rows]
    if new == rows:
        return False
    kept = [row for row in new if row is not None]
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)
    return True


def drop(table: str, wanted: Callable[[dict[str, str]], bool] = lambda row: True) -> Edit:
    """An edit that drops rows."""
    return lambda folder, _: rewrite(folder, table, lambda row: None if wanted(row) else row)


def cell(table: str, column: str, value: str = "") -> Edit:
    """An edit that sets a column (default blank) wherever it exists."""
    return lambda folder, _: rewrite(
        folder, table, lambda row: {**row, column: value} if column in row else row
    )


def key(section: str, name: str, value: object) -> Edit:
    """An edit of a nested model key."""

    def change(_: Path, model: Model) -> bool:
        differs = model.get(section, {}).get(name) not in (value, None)
        model.setdefault(section, {})[name] = value
        return differs

    return change


def flip_carry(_: Path, model: Model) -> bool:
    """Turn carry-over round."""
    policy = model["policy"]
    policy["budget_carry_over"] = not policy.get("budget_carry_over", True)
    return True


def all_levers(_: Path, model: Model) -> bool:
    """Give every lever back."""
    return len(model.pop("levers", ALL_LEVERS)) < len(ALL_LEVERS)


def staged_as_adaptive(_: Path, model: Model) -> bool:
    """Let investment answer single draws too."""
    staged: bool = model["policy"]["investment"] == "staged"
    model["policy"]["investment"] = "adaptive" if staged else model["policy"]["investment"]
    return staged


def no_targets(folder: Path, model: Model) -> bool:
    """Ask for nothing, in the case and in the model."""
    asked = bool(model.pop("targets", []))
    return rewrite(folder, "targets", lambda row: None) or asked


def free_choice(_: Path, model: Model) -> bool:
    """No year up to which decisions are one path; counts where investment is adaptive."""
    return (
        model["policy"].pop("committed_through", None) is not None
        and model["policy"]["investment"] != "committed"
    )


def more_staff(folder: Path, _: Model) -> bool:
    """Ten times the staff."""
    return rewrite(
        folder, "workforce", lambda row: {**row, "initial": str(10 * float(row["initial"]))}
    )


def whole_years(folder: Path, _: Model) -> bool:
    """Let shocks that begin or end inside a year hold for all of it; a row that is then there twice goes."""
    seen: set[tuple[str, ...]] = set()

    def change(row: dict[str, str]) -> dict[str, str] | None:
        row = {**row, "start_year": row["start_year"][:4], "end_year": row["end_year"][:4]}
        alike = tuple("" if v == "*" else v for k, v in row.items() if k not in ("factor", "leak"))
        if alike in seen:
            return None
        seen.add(alike)
        return row

    return rewrite(folder, "shocks", change)


def of_kind(kind: str) -> Edit:
    """Drop all shocks of a kind."""
    return drop("shocks", lambda row: row["kind"] == kind)


def no_discount(name: str) -> Edit:
    """Set a top-level rate to zero."""
    return lambda _, model: bool(model.pop(name, 0.0))


EDITS: dict[str, Edit] = {
    **{
        f"shock {kind}": of_kind(kind)
        for kind in ("import", "price", "demand", "capacity", "delay")
    },
    "quarters of shocks": whole_years,
    "leak": cell("shocks", "leak"),
    "resale": drop("resale"),
    "resale specific rows": drop(
        "resale", lambda r: any(r.get(c) for c in ("supplier", "element", "form"))
    ),
    "magnet plants": drop("projects", lambda r: r["stage"] == "magnet"),
    "magnet demand": drop("demand", lambda r: r.get("form") == "magnet"),
    "magnet staffing": drop("staffing", lambda r: r["stage"] == "magnet"),
    "whole_plants": key("policy", "whole_plants", False),
    "committed_through": free_choice,
    "ramps": drop("ramps"),
    "recoveries": drop("recoveries"),
    "loss_tiers": drop("loss_tiers"),
    "stockpiles": drop("stockpiles"),
    "training": drop("training"),
    "funders": drop("funders"),
    "staffing (any)": drop("staffing"),
    "staffing project rows": drop("staffing", lambda r: bool(r.get("project"))),
    "initial staff x10": more_staff,
    "hires": cell("workforce", "hires_per_year"),
    "mentor_ratio": cell("skills", "mentor_ratio"),
    "attrition": cell("skills", "attrition", "0"),
    "completion_rate": cell("training", "completion_rate"),
    "duration": cell("training", "duration_years", "1"),
    "seat cost": cell("training", "cost_per_seat_usd"),
    "online_year": cell("projects", "online_year"),
    "retire_year": cell("projects", "retire_year"),
    "earliest_year": cell("projects", "earliest_year"),
    "lead_time_years": cell("projects", "lead_time_years"),
    "basis": cell("projects", "basis"),
    "public_share": cell("projects", "public_share"),
    "fixed opex": cell("projects", "fixed_opex_usd_per_tpa"),
    "variable opex": cell("projects", "variable_opex_usd_per_t"),
    "weight": cell("countries", "weight"),
    "cost_index": cell("countries", "cost_index"),
    "max_t": cell("stockpiles", "max_t"),
    "holding": cell("stockpiles", "holding_usd_per_kg_year"),
    "secondment": key("policy", "secondment_share", 0.0),
    "coordination": key("policy", "coordination", "national"),
    "blocs or national": key("policy", "coordination", "allied"),
    "adaptive or staged": key("policy", "investment", "committed"),
    "staged, not adaptive": staged_as_adaptive,
    "storylines of draws": cell("scenarios", "storyline"),
    "odds = worst": key("objective", "odds", "given"),
    "targets": no_targets,
    "prices of targets": cell("targets", "price_usd_per_kg"),
    "prices of imports": cell("imports", "price_usd_per_kg"),
    "credit": cell("projects", "credit_usd_per_t"),
    "rise": cell("projects", "rise"),
    "savings": drop("savings"),
    "max_share": cell("savings", "max_share"),
    "availability": drop("availability"),
    "returns": drop("returns"),
    "returns of projects": drop("returns", lambda r: bool(r.get("project"))),
    "origins of suppliers": cell("suppliers", "origin"),
    "carry-over flipped": flip_carry,
    "levers": all_levers,
    "discount_rate": no_discount("discount_rate"),
    "risk_discount_rate": no_discount("risk_discount_rate"),
    "horizon": lambda _, model: bool(model.pop("horizon", None)),
}


def verdict(result: OracleResult) -> tuple[float | None, ...]:
    """The numbers an optimum fixes."""
    if result.cost is None or result.risk is None:
        return (None,)
    if result.least_risk is not None:
        return result.least_risk, result.least_cost
    if result.least_cost is not None:
        return result.least_cost, result.risk
    return (result.cost + result.risk,)


def differs(one: OracleResult, two: OracleResult) -> bool:
    """True if two optima differ by more than a millionth."""
    a, b = verdict(one), verdict(two)
    if None in a or None in b or len(a) != len(b):
        return a != b
    return any(
        abs(x - y) > 1e-5 + 1e-5 * abs(x)
        for x, y in zip(a, b, strict=True)
        if x is not None and y is not None
    )


def bites(folder: Path, model: Model, result: OracleResult) -> Iterator[tuple[str, bool]]:
    """(switch, whether it bites) for every switch that the case uses."""
    for name, edit in EDITS.items():
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / "case"
            shutil.copytree(folder, copy)
            changed = deepcopy(model)
            if edit(copy, changed):
                yield name, differs(result, solve_case(copy, changed))


def actions(result: OracleResult) -> set[str]:
    """What the plan does, with tonnes, persons or MUSD above a thousandth."""
    if result.solution is None:
        return set()
    return {
        ACTIONS[k[0]]
        for k, value in result.solution.values.items()
        if k[0] in ACTIONS and value > 1e-3
    }


def structure(result: OracleResult) -> set[str]:
    """Facts about the tree and the shocks."""
    world = result.world
    assert world is not None
    names, first, last = (
        list(world.case.scenarios),
        world.shocks.periods[0],
        world.shocks.periods[-1],
    )
    found = {f"{len(names)} scenarios", f"{len(world.shocks.divided)} divided years"}
    for year in world.shocks.divided:
        ways = {
            t: len({world.history[w, t] for w in names})
            for t in world.shocks.periods
            if t.year == year
        }
        found |= {"histories part inside a year"} if len(set(ways.values())) > 1 else set()
    history = world.history
    for place, one in enumerate(names):
        for two in names[:place]:
            if history[one, last] == history[two, last]:
                found.add("scenarios alike to the end")
            elif history[one, first] == history[two, first]:
                found.add("scenarios part later")
                if any(history[one, first]) or (len(names) > 2 and "calm" not in (one, two)):
                    found.add("disturbed scenarios part later")
            else:
                found.add("several roots")
    for row in world.case.tiers:
        found.add(
            "tiers by" + " country" * bool(row.get("country")) + " form" * bool(row.get("form"))
        )
    found |= {f"{s['kind']} shock with *" for s in world.case.shocks if "*" in s.values()}
    solution = result.solution
    for plant in world.case.projects:
        for w in names:
            for y in build_years(plant, world.choices):
                if solution and solution["build", plant.name, w, y] > 1e-3:
                    found |= (
                        {"a build is delayed"}
                        if world.shocks.delay(w, plant, y + plant.lead)
                        else set()
                    )
                if world.shocks.delay(w, plant, y + plant.lead) > 2:
                    found.add("delays add up beyond two years")
    return found


def describe(folder: Path, model: Model, result: OracleResult) -> set[str]:
    """All facts about one solved case."""
    objective, policy = model["objective"], model["policy"]
    facts = {f"goal {objective['goal']}", f"goal {objective['goal']}: {result.status}"}
    facts.add(f"{policy['coordination']} x {policy['investment']}")
    facts.add(f"lambda {objective.get('risk_aversion', 0.5)}")
    facts.add(f"alpha {objective.get('tail', 0.9)}")
    if result.cost is not None and result.cost > 0.01:
        facts.add("costs something")
    for switch in ("committed_through", "whole_plants", "cost_sharing"):
        facts |= {switch} if policy.get(switch) else set()
    facts |= {f"table {path.stem}" for path in folder.glob("*.csv") if path.stem in NAMED}
    if result.solution is not None and result.world is not None:
        paid = payments_of(result).values()
        facts |= {"payments have room"} if any(p.most - p.least > 1e-3 for p in paid) else set()
        budgets = [
            sum(m for (g, _), m in result.world.case.budgets.items() if g == f)
            for f in payments_of(result)
        ]
        shares = [p.paid / b for p, b in zip(paid, budgets, strict=True) if b > 0]
        facts |= (
            {"something stops evenness"} if shares and max(shares) - min(shares) > 1e-3 else set()
        )
    if result.slope is not None and result.slope > 50:
        facts.add("steep: cost per risk > 50")
    return facts | actions(result) | structure(result)


def main(first: int, count: int, old: bool) -> None:
    """Print the shares over a run of seeds."""
    facts: Counter[str] = Counter()
    used: Counter[str] = Counter()
    bit: Counter[str] = Counter()
    seconds = 0.0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "case"
            model = write_random_case(folder, seed, old=old, new=not old)
            start = time.perf_counter()
            result = solve_case(folder, model)
            seconds += time.perf_counter() - start
            facts.update(describe(folder, model, result))
            for name, bitten in bites(folder, model, result):
                used[name] += 1
                bit[name] += bitten
    sys.stdout.write(f"{count} seeds from {first}, {seconds / count:.3f} s per solve\n")
    for name, times in sorted(facts.items()):
        sys.stdout.write(f"  {name:<34}{times / count:6.0%}\n")
    sys.stdout.write("switch: share of cases that use it, share of those where it bites\n")
    for name in EDITS:
        sys.stdout.write(
            f"  {name:<34}{used[name] / count:6.0%}{bit[name] / max(used[name], 1):6.0%}\n"
        )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3] if word.isdigit()]
    main(*numbers, *(0, 120)[len(numbers) :], old="old" in sys.argv)
