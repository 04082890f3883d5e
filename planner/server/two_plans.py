"""One variant of a plan beside another: unmet demand, what is built, who loses and pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from planner.data.stages import STAGES
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import SLIGHT, percent, signed
from planner.results.figures.money import by_party, spent, spent_on
from planner.results.figures.plants import built
from planner.results.figures.sums import EXPECTED, records, scenarios_by_loss
from planner.results.figures.unmet import ever_short_countries, unmet_by_country, unmet_by_element
from planner.results.plan import Plan
from planner.server.answers import Shown
from planner.thresholds import SHOWN_MUSD, SHOWN_T

MOST_SIZED = 5
"""Plants whose size changed most that are named."""
MissingRow = tuple[str, float, float, float | None]
"""Name, unmet demand (t), demand (t), and unmet demand before if that is known."""


def scenarios_of(plan: Plan) -> dict[str, str]:
    """Scenarios to choose from: all of them, then one by one, the worst first."""
    words = {EXPECTED: "all scenarios, expected"}
    for scenario in scenarios_by_loss(plan):
        chance = percent(plan.weights[scenario])
        words[scenario] = f"{chance} probable: {names_of(plan.case).scenario(scenario)}"
    return words


def missing(now: Plan, before: Plan | None, scenario: str) -> list[MissingRow]:
    """Unmet demand in a scenario over all years, all elements first, then each."""
    here = unmet_by_element(now, scenario)
    there = None
    if before is not None and scenario in (EXPECTED, *before.weights):
        there = unmet_by_element(before, scenario)["tonnes"]
    whole = here.sum()
    total = ("", whole["tonnes"], whole["demand_t"], None if there is None else there.sum())
    rows: list[MissingRow] = []
    for element, row in here.iterrows():
        tonnes, demand = float(row["tonnes"]), float(row["demand_t"])
        was = None if there is None else float(there.get(element, 0.0))
        if max(tonnes, was or 0.0) > SLIGHT:
            rows.append((names_of(now.case).element(str(element)), tonnes, demand, was))
    return [total, *sorted(rows, key=lambda row: -row[1])]


# ---- plants ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A plant: its id, name, lead time (years), and as it is built now and was before: figures of `built`, or None."""

    project: str
    name: str
    lead: int
    now: Any
    was: Any


def plants_over_time(now: Plan, before: Plan | None) -> dict[str, list[Bar]]:
    """By stage the plants that either plan builds, the earliest first."""
    here, there = _shown(now), _shown(before)
    bars: dict[str, list[Bar]] = {stage: [] for stage in STAGES}
    either = there | here

    def begun(project: str) -> tuple[int, float, str]:
        plant = either[project]
        return plant["year"], plant["tpa"], project

    for project in sorted(either, key=begun):
        row = now.case.projects.get(project)
        if row is not None:
            bar = Bar(
                project=project,
                name=names_of(now.case).placed(project),
                lead=row.lead_time_years,
                now=here.get(project),
                was=there.get(project),
            )
            bars[row.stage].append(bar)
    return bars


def _shown(plan: Plan | None) -> dict[str, dict[str, Any]]:
    """Plants that a plan builds of which a page shows the size, with the figures of `built`."""
    plants = [] if plan is None else records(built(plan).reset_index())
    return {row["project"]: row for row in plants if row["tpa"] > SHOWN_T}


def moves(plants: Mapping[str, list[Bar]]) -> list[tuple[str, list[str]]]:
    """The ways in which plants change from one plan to the other, in words, and the plants of which that is so."""
    gone: list[str] = []
    new: list[str] = []
    moved: list[str] = []
    sized: list[tuple[float, str]] = []
    for bar in chain.from_iterable(plants.values()):
        here, there = bar.now, bar.was
        grown = (here["tpa"] if here else 0.0) - (there["tpa"] if there else 0.0)
        words = f"{bar.name} {signed(grown)} t/y"
        if here is None:
            gone.append(words)
            continue
        if there is None:
            new.append(words)
            continue
        if here["year"] != there["year"]:
            moved.append(f"{bar.name} {there['year']} → {here['year']}")
        if abs(grown) > SHOWN_T:
            sized.append((abs(grown), words))
    sized.sort(reverse=True)
    return [
        ("No longer built", gone),
        ("Newly built", new),
        ("Size changed most", [words for _, words in sized[:MOST_SIZED]]),
        ("Begun in another year", moved),
    ]


# ---- money and shortages ---------------------------------------------------------------------------------------------


def payers(plan: Plan) -> dict[str, dict[str, float]]:
    """Stage, or `people and stock` -> payer -> expected MUSD of public money; who pays most stands first."""
    paid: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in records(spent(plan, "item", "funder").reset_index()):
        payer = names_of(plan.case).party(row["funder"])
        paid[spent_on(row["item"])][payer] += row["expected"]
    ordered = {}
    for what, by_payer in paid.items():
        most_first = sorted(by_payer, key=by_payer.__getitem__, reverse=True)
        ordered[what] = {name: by_payer[name] for name in most_first}
    return ordered


def parties(now: Plan, before: Plan | None) -> list[Shown]:
    """Of each party name, expected loss and payments (MUSD): as of `by_party`, and `loss_was` and `paid_was` in the plan
    before; who loses most first."""
    rows = by_party(now)
    if before is not None:
        was = by_party(before)[["loss", "paid"]].add_suffix("_was")
        rows = rows.join(was, how="outer").fillna(0.0)
    shown = []
    for row in records(rows.rename_axis("party").reset_index()):
        if row["loss"] + row["paid"] + row.get("paid_was", 0.0) > SHOWN_MUSD:
            shown.append({"name": names_of(now.case).party(row["party"]), **row})
    return sorted(shown, key=lambda one: -one["loss"])


def shortage(plan: Plan, scenario: str) -> Shown:
    """Countries that are ever short, and (country, year) -> unmet demand in a scenario: tonnes, share of demand."""
    unmet = unmet_by_country(plan, scenario)
    return {
        "short": {
            place: names_of(plan.case).country(place) for place in ever_short_countries(plan)
        },
        "tonnes": unmet["tonnes"].to_dict(),
        "shares": unmet["share"].to_dict(),
    }
