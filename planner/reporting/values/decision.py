"""What the decision page says, as values: the named plans, the worst futures, what is begun when, what may wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby, pairwise
from math import inf
from typing import Any

from planner.data.effects import year_of
from planner.reporting.values.plan import decisions
from planner.reporting.values.supply import balances, insured_years, main_future, worst_shares
from planner.reporting.values.view import RunView, records, rows_of
from planner.reporting.values.wording import SLIGHT, TAKEN_OFF, number, worded
from planner.results.decision import Decision, Execution, Frontier, Merit, NamedPlan, Share
from planner.results.explanation import EXPLANATION, Commitment, leading

MOST_WORST, FUNDED_FIRST = 3, 3
SLIGHT_TPA = 1e-6
MOST_WORSE, WORSE = 2, 1.0
"""How many years in which the plan is worse than none are told of goods and of countries, and from which t or MUSD."""
DEAR = 1.0
"""MUSD: what one of a budget that binds takes off."""
APART = {"national": "alone", "own money": "trading"}
BILLION = 1000.0


def say(run: RunView, passage: str, **values: Any) -> str:
    """A passage of the decision page over the figures of the run."""
    values |= {"idle": doing_nothing(run), **_apart(run)}
    return worded("decision.j2", passage, run=run, names=run.names, plan=run.summary, old=run.without, **values)


def _apart(run: RunView) -> dict[str, float]:
    """By how much (share) cost plus risk are higher if each acts for itself: with trade stopped, and going on."""
    found, out = run.found, dict.fromkeys(APART.values(), 0.0)
    asked = found.together if found is not None and found.goal == "welfare" else ()
    return out | {APART[r.key]: r.change / (r.objective - r.change) for r in asked if r.key in APART and r.against}


def decided(run: RunView) -> Decision | None:
    """What was found out about the decision, if that was asked."""
    return run.found.decision if run.found is not None else None


def doing_nothing(run: RunView) -> dict[str, float]:
    """Risk and cost (MUSD) without a plan, of the frontier or of what the run was compared with; empty if neither is
    known."""
    if (found := decided(run)) is not None:
        idle = named(found.frontier, "nothing")
        return {"risk": idle.risk, "cost": idle.cost}
    return {"risk": run.without["risk_musd"], "cost": run.without["cost_musd"]} if run.compared else {}


def alike(plans: Sequence[NamedPlan]) -> list[list[NamedPlan]]:
    """Named plans in their order, those together that do not differ in the figures told of them."""
    groups: dict[tuple[str, ...], list[NamedPlan]] = {}
    for p in plans:
        groups.setdefault((number(p.cost), number(p.risk), number(p.public), str(len(p.builds))), []).append(p)
    return list(groups.values())


def named(frontier: Frontier, key: str) -> NamedPlan:
    """A plan of the frontier by its key."""
    return next(plan for plan in frontier.plans if plan.key == key)


def risk_at(frontier: Frontier, cost: float) -> float:
    """Risk (MUSD) of the frontier at a cost (MUSD); at its ends what it has there."""
    corners = frontier.corners
    if cost <= corners[0].cost:
        return corners[0].risk
    for before, after in pairwise(corners):
        if cost <= after.cost:
            share = (cost - before.cost) / max(after.cost - before.cost, 1e-12)
            return before.risk + share * (after.risk - before.risk)
    return corners[-1].risk


def effect(frontier: Frontier, risk: float) -> float:
    """Share of all that can be taken off the risk of doing nothing that is off where `risk` (MUSD) is left."""
    nothing, least = named(frontier, "nothing").risk, named(frontier, "least").risk
    return (nothing - risk) / (nothing - least) if nothing > least else 1.0


def at_cost(run: RunView, found: Decision, part: float) -> dict[str, Any]:
    """What the curve has at a part of the cost of the plan: cost and risk (MUSD), how many plants, and the names of
    those of the plan that it does without or takes besides."""
    chosen = named(found.frontier, "chosen")
    cost = min(part * chosen.cost, found.frontier.corners[-1].cost)
    taken = {row.project for row in found.merit if row.cost <= cost}
    names = [[*map(run.names.project, sorted(of))] for of in (set(chosen.builds) - taken, taken - set(chosen.builds))]
    risk = risk_at(found.frontier, cost)
    return {"part": part, "cost": cost, "risk": risk, "plants": len(taken), "without": names[0], "besides": names[1]}


def next_billion(frontier: Frontier) -> float | None:
    """What 1,000 MUSD beyond the core plan take off, as a share of the risk of doing nothing; None where the frontier
    ends before, or where that is within the doubt of the curve."""
    core, nothing = named(frontier, "core"), named(frontier, "nothing").risk
    if nothing <= 0 or core.cost + BILLION > frontier.corners[-1].cost:
        return None
    taken = risk_at(frontier, core.cost) - risk_at(frontier, core.cost + BILLION)
    return taken / nothing if taken > frontier.gap else None


@dataclass(frozen=True)
class MissingAtWorst:
    """What is missing of an element in its worst year in a scenario, with the plan and without one (shares)."""

    scenario: str
    element: str
    share: float
    year: int
    before: float


def worst_futures(run: RunView) -> list[MissingAtWorst]:
    """The scenarios that lose most, likely ones first, and of each the element that is missed most."""
    shares, main = worst_shares(run), main_future(run)
    order = [main, *(w for w in run.by_loss if w != main)]
    out = []
    for w in order:
        found = [(e, shares[w, e]) for e in run.elements if (w, e) in shares]
        hit = [(e, at) for e, at in found if max(at.before, at.share) > 1e-4]
        if hit:
            element, at = max(hit, key=lambda pair: (pair[1].before + pair[1].share, pair[0]))
            out.append(MissingAtWorst(w, element, at.share, at.year, at.before))
    return out[:MOST_WORST]


def plants_running(run: RunView, year: int) -> tuple[int, int]:
    """How many plants have capacity in a year without the plan and with it, some of it in some scenario."""
    rows = run.by_year["capacity"]
    rows = rows[rows["year"] == year]
    old, new = (set(rows.loc[rows[column] > SLIGHT_TPA, "project"]) for column in ("existing_tpa", "new_tpa"))
    return len(old), len(old | new)


def outlook(run: RunView) -> dict[str, Any]:
    """Values of the claim and of the lines under it."""
    built, found = decisions(run), decided(run)
    core = named(found.frontier, "core") if found else None
    first = built.sort_values(["first_output", "order"], ascending=[True, False]).head(1)
    out: dict[str, Any] = {
        "core": core,
        "effect": (lambda plan: effect(found.frontier, plan.risk)) if found else None,
        **_money_moved(run, found),
        "plants": built["project"].nunique(),
        "stays": sorted(worst_futures(run), key=lambda m: m.share),
        "leaning": leading(run.found.influences, run.found.own.objective) if run.found else [],
        "gap": run.summary.get("gap", {}),
        "first_year": int(built["year"].min()) if len(built) else None,
        **_bargain(run),
    }
    for row in rows_of(first):
        out |= {"first_output": int(row.first_output), "first_stage": row.stage}
    return out


def _money_moved(run: RunView, found: Decision | None) -> dict[str, Any]:
    """What to fund first, and the share of the risk that half and twice its cost leave."""
    if found is None:
        return {"first_funded": [], "halved": None}
    nothing = max(named(found.frontier, "nothing").risk, 1e-9)
    chosen = named(found.frontier, "chosen")
    left = {k: risk_at(found.frontier, by * chosen.cost) / nothing for k, by in (("halved", 0.5), ("doubled", 2.0))}
    worth_it = [r for r in found.merit if r.worth > r.public > 0][:FUNDED_FIRST]
    first = [(run.names.project(r.project), r.worth / r.public) for r in worth_it]
    return {"first_funded": first, "kept": chosen.risk / nothing, **left}


def share_rows(run: RunView) -> list[Share]:
    """What each party would carry that brings or takes anything, who gains most first; empty if that was not asked."""
    figures = [field.name for field in fields(Share) if field.name != "party"]
    rows = [
        Share(r["party"], **{name: r.get(f"{name}_musd", 0.0) for name in figures})
        for r in records(run.tables["shares"])
    ]
    found = decided(run)
    rows = rows or list(found.shares.rows if found is not None and found.shares is not None else ())
    return sorted((r for r in rows if abs(r.charge) + r.alone > SLIGHT), key=lambda r: (-r.gain, r.party))


def shares_source(run: RunView) -> str:
    """Where in the run folder the charges are."""
    return "tables/shares.csv" if len(run.tables["shares"]) else f"{EXPLANATION}: decision, shares"


def _bargain(run: RunView) -> dict[str, Any]:
    """Who pays most and of how much, whose budgets bind, and what moves so that nobody leaves."""
    paid = run.tables["payments"].sort_values("paid_musd", ascending=False, kind="stable")
    rows, prices = share_rows(run), run.tables["shadow_prices"]
    dear = prices[(prices["scarce"] == "budget") & (prices["musd_per_unit"] > DEAR)]
    return {
        "payers": [f"{run.names.party(r.funder)} {number(r.paid_musd)}" for r in rows_of(paid) if r.paid_musd >= 0.5],
        "paid": float(paid["paid_musd"].sum()),
        "used": float(paid["paid_musd"].sum()) / max(float(paid["budget_musd"].sum()), SLIGHT),
        "binding": sorted({int(year) for year in dear["year"]}) if len(paid) else [],
        "dearest": float(dear["musd_per_unit"].max()) if len(dear) else 0.0,
        "taken_off": " and ".join(TAKEN_OFF[objective] for objective in dear["objective"].unique()),
        "moved": sum(max(r.transfer, 0.0) for r in rows) if len(rows) > 1 else None,
    }


def public_present(run: RunView) -> float:
    """Present value of the expected public money (MUSD)."""
    rows = run.tables["spending"]
    return float((rows["expected"] * rows["year"].map(run.case.cost_discount)).sum())


def commitments(run: RunView) -> dict[str, Commitment]:
    """Project -> what of it is decided only when a disruption begins; empty if not asked."""
    flexible = run.found.flexibility if run.found is not None else None
    return {c.project: c for c in flexible.commitments} if flexible is not None else {}


def waiting(run: RunView) -> list[Commitment]:
    """Projects that may wait for a sign, the earliest and then the costliest first."""
    asked = commitments(run).values()
    may = [c for c in asked if c.sure <= SLIGHT_TPA < c.most and c.first_year is not None]
    return sorted(may, key=lambda c: (c.first_year or 0, -c.expected * c.capital, c.project))


def tag(run: RunView, row: Merit) -> str:
    """When a project is to be paid for, in a word or two."""
    built = run.tables["investments"]
    years = built.loc[built["project"] == row.project, "year"]
    asked = {c.project: c for c in waiting(run)}.get(row.project)
    return say(
        run,
        "tag",
        row=row,
        year=int(years.min()) if len(years) else None,
        waits=asked.probability if asked else None,
    )


def hurtful(found: Decision, most: int = 3) -> tuple[Execution | None, list[Execution]]:
    """What goes as planned, and what raises the risk most of what may go wrong."""
    planned = next((e for e in found.execution if e.key == "planned"), None)
    worse = [e for e in found.execution if e.key != "planned" and e.held_risk is not None]
    if planned is None:
        return None, []
    hurt = [e for e in worse if (e.held_risk or 0.0) > 1.001 * planned.risk]
    return planned, sorted(hurt, key=lambda e: -(e.held_risk or 0.0))[:most]


def exposed(run: RunView) -> dict[str, Any]:
    """Values of what the plan does not protect against."""
    found, insured = decided(run), insured_years(run)
    stock = run.expected(run.by_year["stocks"], ["year"], ["stock_t"]).set_index("year")["stock_t"].to_dict()
    first, last = (float(stock.get(year, 0.0)) for year in (run.years[0], run.years[-1]))
    planned, hurt = hurtful(found) if found else (None, [])
    return {
        "worst": worst_futures(run)[:2],
        "insured": insured if insured and insured[-1] < run.years[-1] else [],
        "stock_first": first,
        "stock_end": last if last < 0.5 * first else None,
        **stock_sold(run),
        "kept": next((r for r in run.found.timing if r.key == "kept"), None) if run.found is not None else None,
        "planned": planned,
        "hurt": hurt[:2],
        "worse": _worse(run),
    }


def _worse(run: RunView) -> list[str]:
    """Elements and countries with a year in which more is missing (t) or lost (MUSD) with the plan than without it,
    expected, the most first."""
    if not run.compared:
        return []
    met, lost = balances(run), run.losses.groupby(["country", "year"], as_index=False)[["musd", "without_musd"]].sum()
    missed = [(r.met_without - r.met, run.names.element(r.element), r.year, "t") for r in rows_of(met)]
    dearer = [(r.musd - r.without_musd, run.names.country(r.country), r.year, "MUSD") for r in rows_of(lost)]
    tops = [sorted(of, key=lambda row: -row[0])[:MOST_WORSE] for of in (missed, dearer)]
    return [f"{name} {year} ({number(more)} {unit})" for top in tops for more, name, year, unit in top if more > WORSE]


def stock_sold(run: RunView) -> dict[str, Any]:
    """Stock (t, expected) that leaves before the last third of the years, and in years without a cut."""
    cut = {
        (s.scenario, year)
        for s in run.case.tables.shocks
        if s.kind == "import" and s.factor < 1
        for year in range(year_of(s.start_year or run.years[0]), year_of(s.end_year or run.years[-1]) + 1)
    }
    until = run.years[-(len(run.years) // 3) - 1]
    rows = run.by_year["stocks"]
    rows = rows[rows["year"] <= until]
    hit = [at in cut for at in zip(rows["scenario"], rows["year"], strict=True)]
    both = (rows, rows.drop(rows.index[hit]))
    sold, idle = (float(run.expected(of, ["year"], ["released_t"])["released_t"].sum()) for of in both)
    return {"sold": sold, "idle_sold": idle, "sold_until": until}


def steps(rows: Sequence[Merit]) -> list[tuple[int, float | None]]:
    """Of each row of the merit list the step of the curve in which it comes in, and at the last of a step the risk
    (MUSD) that is left then."""
    out, lowest = list[tuple[int, float | None]](), inf
    for step, (_, group) in enumerate(groupby(rows, key=lambda row: row.weight), start=1):
        risks = [row.risk for row in group]
        lowest = min(lowest, *risks)
        out += [*[(step, None)] * (len(risks) - 1), (step, lowest)]
    return out
