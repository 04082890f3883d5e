"""Values of sentences: why this plan, for the page and for the screen, and what the screen says at the end of a
command. The words stand in templates/text; each remark appears only if it is so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.stages import stages_told
from planner.reporting.values.page_parts import Statement
from planner.reporting.values.run_view import records
from planner.reporting.values.wording import (
    SLIGHT,
    STAGES,
    Names,
    midway,
    number,
    worded,
    worded_lines,
)
from planner.results.explanation import (
    EXPLANATION,
    SMALLEST_SHARE,
    Explanation,
    Link,
    Rung,
    Verdict,
)
from planner.results.plan import PlanValues

SAME_SHARE = 0.001

SLIGHT_TPA, SLIGHT_MUSD = 1e-6, 0.05

MOST_NAMED = 4


def _say(passage: str, **values: Any) -> str:
    return worded("explanation.j2", passage, most=MOST_NAMED, step=step, **values)


def step(rung: Rung) -> str:
    """What a rung of the ladder adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def claim(key: str) -> str:
    """The claim itself."""
    return _say("claim", key=key)


def why(verdict: Verdict) -> str:
    """The figures as given, the trial that turns the claim if one does, and what it turns on."""
    flips = [t for t in verdict.trials if t.flips]
    flip = max(flips, key=lambda t: abs(t.measure - verdict.measure), default=None)
    return _say("why", verdict=verdict, flip=flip)


def statements(found: Explanation, names: Names) -> list[Statement]:
    """Why this plan, in sentences."""
    top = max(found.ladder[1:], key=lambda r: -r.change, default=None)
    out = []
    if top is not None:
        out.append(Statement("Levers", _say("levers", found=found, top=top)))
    out += [
        Statement(f"{v.claim.capitalize()}: {v.verdict}", f"{claim(v.claim)}? {why(v)}")
        for v in found.verdicts
    ]
    out.append(
        Statement("Bottleneck", _say("bottleneck", names=names, tightest=list(_tightest(found))))
    )
    return [*out, *_information(found)]


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that is said, without the ladder, which the screen shows."""
    return [*statements(found, names)[1:], *_musts(found, names)]


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def _tightest(found: Explanation) -> Iterator[dict[str, Any]]:
    """The link of each element that is worth most, the years in which it is the narrowest, and its share."""
    best = narrowest(found.links)
    for element in dict.fromkeys(link.element for link in best):
        worth: dict[str, float] = {}
        for link in found.links:
            if link.element == element:
                worth[link.link] = worth.get(link.link, 0.0) + link.musd
        top = max(worth, key=lambda k: worth[k])
        years = [link.year for link in best if (link.element, link.link) == (element, top)]
        yield {
            "element": element,
            "link": top,
            "years": years,
            "share": worth[top] / sum(worth.values()),
        }


def _information(found: Explanation) -> list[Statement]:
    """What it is worth to know: by the goal; and by the plan that answers, where that saves a hundredth or more."""
    once, later = policies(found) or (None, None)
    told = once is not None and later is not None and saves(once, later)
    same = once is not None and later is not None and same_risk(once, later)
    words = _say("information", found=found, told=told, same=same, once=once, later=later)
    return [Statement("Information", words)] if words else []


def _musts(found: Explanation, names: Names) -> list[Statement]:
    counted = [r for r in found.ranges if r.kind == "project"]
    if not counted:
        return []
    musts, never = ([r for r in counted if r.word == word] for word in ("must", "never"))
    text = _say(
        "contained",
        found=found,
        names=names,
        once=found.flexibility is not None
        and any(r.key == "committed" and not r.against for r in found.timing),
        musts=[r.key for r in musts],
        capital=sum(r.capital for r in musts),
        may=len(counted) - len(musts) - len(never),
        never=len(never),
    )
    return [Statement("In every good plan", text, f"{EXPLANATION}: alternatives")]


def policies(found: Explanation) -> tuple[Rung, Rung] | None:
    """The plan that decides everything once, and the one that decides when a disruption begins; both with costs."""
    by_key = {r.key: r for r in found.timing if r.cost is not None}
    return (
        (by_key["committed"], by_key["adaptive"])
        if {"committed", "adaptive"} <= set(by_key)
        else None
    )


def same_risk(once: Rung, later: Rung) -> bool:
    """Whether both leave the same risk, to a thousandth."""
    return abs(once.risk - later.risk) <= SAME_SHARE * once.risk


def saves(once: Rung, later: Rung) -> bool:
    """Whether answering takes a hundredth or more off the cost or off the risk."""
    return (later.cost or 0.0) <= (1 - SMALLEST_SHARE) * (once.cost or 0.0) or later.risk <= (
        1 - SMALLEST_SHARE
    ) * once.risk - SLIGHT_MUSD


NAMED, MOST_COUNTRIES = 4, 6


def closing_lines(plan: PlanValues) -> list[str]:
    """What to build, where, when, for how much; risk without and with the plan; what is short; what binds."""
    summary, spending, names = plan.summary, plan.tables["spending"], Names(plan.case)
    paid = spending.groupby("funder")["expected"].sum().sort_values(ascending=False).head(NAMED)
    hired = plan.tables["workforce"].groupby("scenario")["hired"].sum()
    return worded_lines(
        "screen.j2",
        "closing",
        plan=summary,
        before=summary.get("without_plan", {}).get("risk_musd"),
        tail=1 - plan.case.model.objective.tail,
        most=NAMED,
        builds=list(_builds(plan)),
        trained=_trained(plan),
        hired=hired.max() if len(hired) else 0.0,
        stock=_stock(plan),
        payers=[f"{names.party(str(funder))} {number(amount)}" for funder, amount in paid.items()],
        **_short(plan),
        binds=_binds(plan),
        curve=_curve(plan),
    )


BESIDE = {
    "2": "if 1 MUSD has to save 2",
    "1": "if 1 MUSD has to save 1",
    "0.5": "if it may save a half",
}
"""What a weight of cost asks of a plan."""


def _curve(plan: PlanValues) -> dict[tuple[str, str], str]:
    """Cost and risk left -> which plans: nothing new, this plan, and those beside it; the cheapest first."""
    s, out = plan.summary, dict[tuple[str, str], str]()
    points = [
        (p["cost_musd"], p["risk_musd"], BESIDE[weight])
        for weight, p in s.get("frontier", {}).items()
    ]
    if points:
        nothing = s.get("without_plan")
        points += [(nothing["cost_musd"], nothing["risk_musd"], "nothing new")] if nothing else []
        for cost, risk, name in sorted([(s["cost_musd"], s["risk_musd"], "this plan"), *points]):
            at = number(cost), number(risk)
            out[at] = f"{out[at]}; {name}" if at in out else name
    return out


def _builds(plan: PlanValues) -> Iterator[tuple[str, float, list[str]]]:
    """Word of a stage, its capital (expected, MUSD), and its projects, the costliest first."""
    table, names = plan.tables["investments"], Names(plan.case)
    known = {row.stage for row in plan.case.projects.values()}
    for stage in stages_told(known):
        rows = table[table["stage"] == stage.name]
        capex = float((rows["capex_musd"] * rows["probability"]).sum())
        first = rows.groupby("project", as_index=False).agg(
            country=("country", "first"), year=("year", "min"), capex=("capex_musd", "sum")
        )
        first = first.sort_values(["capex", "year"], ascending=[False, True], kind="stable")
        yield (
            stage.short,
            capex,
            [
                f"{names.project(r['project'])} ({r['country']}, {r['year']})"
                for r in records(first)
            ],
        )


def _trained(plan: PlanValues) -> list[str]:
    names = Names(plan.case)
    skills = sorted(plan.summary["trained"].items(), key=lambda item: -item[1])
    return [f"{number(persons)} {names.skill(skill)}" for skill, persons in skills if persons > 0]


def _stock(plan: PlanValues) -> Mapping[str, float]:
    """Tonnes bought and released, expected; empty if there is no stock."""
    stocks = plan.tables["stocks"]
    weight = stocks["scenario"].map(plan.case.scenarios)
    return (
        {c: float((stocks[c] * weight).sum()) for c in ("bought_t", "released_t")}
        if len(stocks)
        else {}
    )


def _short(plan: PlanValues) -> dict[str, Any]:
    """What is short, expected; and in the worst scenario when and where more than a hundredth of demand is."""
    tonnes, losses = plan.summary["expected_shortfall_t"], plan.summary["scenario_loss_musd"]
    before = plan.summary.get("without_plan", {}).get("expected_shortfall_t", {})
    worst, table = max(losses, key=lambda w: losses[w]), plan.tables["shortfall"]
    rows = table[(table["scenario"] == worst) & (table["tonnes"] > 0.01 * table["demand_t"])]
    names = Names(plan.case)
    parts = [
        f"{midway(names.element(e))} {number(t)} t"
        + (f" (without a plan {number(before[e])})" if e in before else "")
        for e, t in sorted(tonnes.items(), key=lambda item: -item[1])
        if t > 0.05
    ]
    countries = sorted(map(names.country, rows["country"].unique()))[:MOST_COUNTRIES]
    return {
        "short": parts,
        "worst": names.scenario(worst),
        "years": sorted(rows["year"].unique()),
        "countries": countries,
    }


def _binds(plan: PlanValues) -> list[str]:
    """What one per cent more of what money, plants or people could move takes off (MUSD), the most first: price times a
    hundredth of what there is, which is what is used where it has a price."""
    prices, there, worth = (
        plan.tables["shadow_prices"],
        _there(plan),
        defaultdict[str, float](float),
    )
    for row in records(prices[prices["scarce"].isin(list(LIMITS))]):
        project = plan.case.projects.get(row["item"])
        amount = there.get((row["scarce"], row["item"], row["country"], *_moment(row)), 0.0)
        name = LIMITS[row["scarce"]].format(midway(STAGES[project.stage]) if project else "")
        worth[name] += 0.01 * row["musd_per_unit"] * amount
    most = sorted(worth.items(), key=lambda of: -of[1])[:NAMED]
    return [f"{name} {number(musd)}" for name, musd in most if musd >= SLIGHT]


LIMITS = {
    "capacity": "{} capacity",
    "nameplate limit": "size limit of new {} plants",
    "budget": "budgets",
    "hires": "hiring limits",
    "training seats": "training seats",
    "availability": "what {} projects can yield",
    "saving": "largest shares of {} projects",
}


def _moment(row: Mapping[str, Any]) -> tuple[str, str]:
    """Year and quarter of a row, each '' if it has none."""
    year, quarter = row["year"], row["quarter"]
    return "" if pd.isna(year) else str(int(year)), "" if pd.isna(quarter) else str(quarter)


def _there(plan: PlanValues) -> Mapping[tuple[str, str, str, str, str], float]:
    """(scarce thing, item, country, year, quarter) -> how much there is of it, expected: t/y, MUSD, persons, seats."""
    case, out = plan.case, defaultdict[tuple[str, str, str, str, str], float](float)
    for budget in case.tables.budgets:
        out["budget", budget.funder, "", str(budget.year), ""] += budget.musd
    for p in case.projects.values():
        out["nameplate limit", p.project, p.country, "", ""] += p.max_new_tpa
    for scarce, table, item, column in AMOUNTS:
        for r in records(plan.tables[table]):
            weight = case.scenarios[r["scenario"]] if "scenario" in r else r["probability"]
            out[scarce, r[item], r["country"], *_moment(r)] += r[column] * weight
    return out


AMOUNTS = (
    ("capacity", "capacity", "project", "usable_tpa"),
    ("hires", "workforce", "skill", "hired"),
    ("training seats", "training", "programme", "intake"),
)
"""Scarce thing -> the table that says how much there is of it, and its columns of what it is and of how much."""


def explain_lines(found: Explanation, case: Case) -> list[str]:
    """Ladder, verdicts, bottleneck, information."""
    wide = max(len(r.name.split(":")[0]) for r in found.ladder)
    said = {
        "statements": explained(found, Names(case)),
        "any_size": worded("decision.j2", "any_size") if case.model.policy.whole_plants else "",
    }
    return worded_lines("screen.j2", "explained", found=found, wide=wide, **said)
