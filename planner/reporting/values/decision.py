"""What the decision page says, as values: the named plans, the worst futures, what is begun when, what may wait."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby, pairwise
from typing import Any

from planner.data.shock_effects import year_of
from planner.reporting.values.plan import decisions
from planner.reporting.values.run_view import RunView, records, rows_of
from planner.reporting.values.supply import (
    WorstYear,
    balances,
    insured_years,
    main_future,
    worst_shares,
)
from planner.reporting.values.wording import SLIGHT, STAGES, TAKEN_OFF, number, worded
from planner.results.decision import Decision, Execution, Frontier, Merit, NamedPlan, Share
from planner.results.explanation import EXPLANATION, Commitment, Trial, Verdict, leading

MOST_WORST, MOST_SUPPLIERS = 3, 2
SLIGHT_TPA = 1e-6
SEEN, TENTH = 1e-4, 0.1
"""Shares of a year's demand: up to the first nothing is said to be missing."""
MOST_WORSE, WORSE = 2, 1.0
"""How many years in which the plan is worse than none are told of goods and of countries, and from which t or MUSD."""
HARDLY, INFINITE = 0.8, float("inf")
"""Part of its loss that a future keeps where the plan hardly helps."""
DEAR = 1.0
"""MUSD: what one of a budget that binds takes off."""
APART = {"national": "alone", "own money": "trading"}
BILLION = 1000.0


def say(run: RunView, passage: str, **values: Any) -> str:
    """A passage of the decision page over the figures of the run."""
    values |= {"idle": doing_nothing(run), **_apart(run)}
    return worded(
        "decision.j2",
        passage,
        run=run,
        names=run.names,
        plan=run.summary,
        old=run.without,
        **values,
    )


def _apart(run: RunView) -> dict[str, float]:
    """By how much (share) cost plus risk are higher if each acts for itself: with trade stopped, and going on."""
    found, out = run.found, dict.fromkeys(APART.values(), 0.0)
    asked = found.together if found is not None and found.goal == "welfare" else ()
    return out | {
        APART[r.key]: r.change / (r.objective - r.change)
        for r in asked
        if r.key in APART and r.against
    }


def decided(run: RunView) -> Decision | None:
    """What was found out about the decision, if that was asked."""
    return run.found.decision if run.found is not None else None


def doing_nothing(run: RunView) -> dict[str, float]:
    """Risk and cost (MUSD) without a plan, of the frontier or of what the run was compared with; empty if neither is
    known."""
    if (found := decided(run)) is not None:
        idle = named(found.frontier, "nothing")
        return {"risk": idle.risk, "cost": idle.cost}
    return (
        {"risk": run.without["risk_musd"], "cost": run.without["cost_musd"]} if run.compared else {}
    )


def alike(plans: Sequence[NamedPlan]) -> list[list[NamedPlan]]:
    """Named plans in their order, those together that do not differ in the figures told of them."""
    groups: dict[tuple[str, ...], list[NamedPlan]] = {}
    for p in plans:
        groups.setdefault(
            (number(p.cost), number(p.risk), number(p.public), str(len(p.builds))), []
        ).append(p)
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


def moved_builds(run: RunView, frontier: Frontier, plan: NamedPlan) -> tuple[list[str], list[str]]:
    """Names of the projects of the run's plan that another does without, and of those it takes besides."""
    own, other = set(named(frontier, "chosen").builds), set(plan.builds)
    without, besides = ([*map(run.names.project, sorted(of))] for of in (own - other, other - own))
    return without, besides


def next_billion(frontier: Frontier) -> float | None:
    """What 1,000 MUSD beyond the core plan take off the risk (MUSD); None where the frontier ends before, or where that
    is within the doubt of the curve."""
    core = named(frontier, "core")
    if core.cost + BILLION > frontier.corners[-1].cost:
        return None
    taken = risk_at(frontier, core.cost) - risk_at(frontier, core.cost + BILLION)
    return taken if taken > frontier.gap else None


@dataclass(frozen=True)
class MissingAtWorst:
    """What is missing of an element in its worst years in a scenario."""

    scenario: str
    element: str
    at: WorstYear


def worst_futures(run: RunView) -> list[MissingAtWorst]:
    """The scenarios that lose most, likely ones first, and of each the element that is missed most."""
    shares, main = worst_shares(run), main_future(run)
    order = [main, *(w for w in run.by_loss if w != main)]
    out = []
    for w in order:
        found = [(e, shares[w, e]) for e in run.elements if (w, e) in shares]
        hit = [(e, at) for e, at in found if max(at.undone, at.share) > SEEN]
        if hit:
            out.append(
                MissingAtWorst(
                    w, *max(hit, key=lambda pair: (pair[1].undone + pair[1].share, pair[0]))
                )
            )
    return out[:MOST_WORST]


def most_exposed(run: RunView) -> list[MissingAtWorst]:
    """Of the elements whose shortage costs most the scenario, of all, in which most is missing with the plan."""
    shares, out = worst_shares(run), []
    for e in run.elements:
        found = [MissingAtWorst(w, e, shares[w, e]) for w in run.weights if (w, e) in shares]
        out += sorted(
            (m for m in found if m.at.share > SEEN), key=lambda m: (-m.at.share, m.scenario)
        )[:1]
    return out[:MOST_WORST]


def often_short(run: RunView, element: str) -> float:
    """How likely it is that more than a tenth of an element is missing in some year, with the plan."""
    shares = worst_shares(run)
    return sum(
        p
        for w, p in run.weights.items()
        if (w, element) in shares and shares[w, element].share > TENTH
    )


def plants_running(run: RunView, year: int) -> tuple[int, int]:
    """How many plants have capacity in a year without the plan and with it, some of it in some scenario."""
    rows = run.by_year["capacity"]
    rows = rows[rows["year"] == year]
    old, new = (
        set(rows.loc[rows[column] > SLIGHT_TPA, "project"])
        for column in ("existing_tpa", "new_tpa")
    )
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
        "later": next((r for r in run.found.timing if r.key == "later"), None)
        if run.found
        else None,
        "next_billion": next_billion(found.frontier) if found else None,
        "plants": built["project"].nunique(),
        "stays": (stays := most_exposed(run)),
        "often": often_short(run, stays[0].element) if stays else 0.0,
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
    if found is None or not found.merit:
        return {"first_step": [], "moved_plans": []}
    nothing, frontier = max(named(found.frontier, "nothing").risk, 1e-9), found.frontier
    first = [row for row in found.merit if row.weight == found.merit[0].weight]
    stages = Counter(row.stage for row in first)
    return {
        "first_step": [run.names.project(row.project) for row in first],
        "first_stages": [(STAGES[stage], of) for stage, of in stages.most_common()],
        "first_public": sum(row.public for row in first),
        "first_left": min(row.risk for row in first) / nothing,
        "moved_plans": [
            (plan, plan.risk / nothing, effect(frontier, plan.risk)) for plan in frontier.moved
        ],
        "kept": named(frontier, "chosen").risk / nothing,
    }


def mines_alone(run: RunView) -> tuple[Verdict, Trial | None] | None:
    """What was found of the claim that mines alone change little, and the trial that turns it most."""
    verdict = (
        next((v for v in run.found.verdicts if v.claim == "mining"), None)
        if run.found is not None
        else None
    )
    if verdict is None:
        return None
    flips = [trial for trial in verdict.trials if trial.flips]
    return verdict, max(flips, key=lambda t: abs(t.measure - verdict.measure), default=None)


def cut_off(run: RunView) -> list[str]:
    """Names of the suppliers whose imports some future cuts, up to a colon; none where they are many."""
    cut = {
        s.supplier
        for s in run.case.tables.shocks
        if s.kind == "import" and s.factor < 1 and s.supplier
    }
    names = list(dict.fromkeys(run.names.party(supplier).split(":")[0] for supplier in sorted(cut)))
    return names if len(names) <= MOST_SUPPLIERS else []


def share_rows(run: RunView) -> list[Share]:
    """What each party would carry that brings or takes anything, who gains most first; empty if that was not asked."""
    figures = [field.name for field in fields(Share) if field.name != "party"]
    rows = [
        Share(r["party"], **{name: r.get(f"{name}_musd", 0.0) for name in figures})
        for r in records(run.tables["shares"])
    ]
    found = decided(run)
    rows = rows or list(found.shares.rows if found is not None and found.shares is not None else ())
    return sorted(
        (r for r in rows if abs(r.charge) + r.alone > SLIGHT), key=lambda r: (-r.gain, r.party)
    )


def risk_by_party(run: RunView) -> dict[str, float]:
    """Party -> its part of the risk (MUSD) without a plan; empty if that was not solved."""
    aversion, out = run.case.model.objective.risk_aversion, defaultdict[str, float](float)
    for country, loss in run.without.get("loss_musd_by_country", {}).items():
        out[run.case.party[country]] += (1 - aversion) * loss["expected"] + aversion * loss["tail"]
    return out


def shares_source(run: RunView) -> str:
    """Where in the run folder the charges are."""
    return "tables/shares.csv" if len(run.tables["shares"]) else f"{EXPLANATION}: decision, shares"


def _bargain(run: RunView) -> dict[str, Any]:
    """Who pays most and of how much, whose budgets bind, and what moves so that nobody leaves."""
    paid = run.tables["payments"].sort_values("paid_musd", ascending=False, kind="stable")
    rows, prices = share_rows(run), run.tables["shadow_prices"]
    dear = prices[(prices["scarce"] == "budget") & (prices["musd_per_unit"] > DEAR)]
    binding = sorted({int(year) for year in dear["year"]}) if len(paid) else []
    again = (
        [m for m in run.found.marginals if m.scarce == "budget"] if run.found is not None else []
    )
    return {
        "payers": [
            f"{run.names.party(r.funder)} {number(r.paid_musd)}"
            for r in rows_of(paid)
            if r.paid_musd >= 0.5
        ],
        "paid": float(paid["paid_musd"].sum()),
        "used": float(paid["paid_musd"].sum()) / max(float(paid["budget_musd"].sum()), SLIGHT),
        "binding": binding,
        "budgeted": sum(amount for (_, year), amount in run.case.budget.items() if year in binding),
        "again": again[0] if again else None,
        "dearest": float(dear["musd_per_unit"].max()) if len(dear) else 0.0,
        "taken_off": " and ".join(TAKEN_OFF[objective] for objective in dear["objective"].unique()),
        "moved": sum(max(r.transfer, 0.0) for r in rows) if len(rows) > 1 else None,
        "givers": _largest(run, {r.party: r.transfer for r in rows}),
        "getters": _largest(run, {r.party: -r.transfer for r in rows}),
    }


def _largest(run: RunView, amounts: dict[str, float]) -> list[str]:
    """The parties with the largest amounts (MUSD) and these, in words."""
    found = sorted((p for p in amounts if amounts[p] > BILLION / 2), key=lambda p: (-amounts[p], p))
    return [f"{run.names.party(p)} {number(amounts[p] / BILLION)}" for p in found[:MOST_WORST]]


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
    stock = (
        run.expected(run.by_year["stocks"], ["year"], ["stock_t"])
        .set_index("year")["stock_t"]
        .to_dict()
    )
    first, last = (float(stock.get(year, 0.0)) for year in (run.years[0], run.years[-1]))
    planned, hurt = hurtful(found) if found else (None, [])
    return {
        "worst": most_exposed(run),
        "unmoved": _unmoved(run),
        "insured": insured if insured and insured[-1] < run.years[-1] else [],
        "stock_first": first,
        "stock_end": last if last < 0.5 * first else None,
        **stock_sold(run),
        "kept": next((r for r in run.found.timing if r.key == "kept"), None)
        if run.found is not None
        else None,
        "planned": planned,
        "hurt": hurt[:2],
        "worse": _worse(run),
    }


def _unmoved(run: RunView) -> list[tuple[str, float, float]]:
    """The futures of which the plan takes least, of what they lose (MUSD) with it and without, those that lose most."""
    with_plan, before = run.summary["scenario_loss_musd"], run.without.get("scenario_loss_musd", {})
    hardly = [
        w
        for w in run.by_loss
        if with_plan[w] > HARDLY * before.get(w, INFINITE) and with_plan[w] > WORSE
    ]
    return [
        (w, with_plan[w], before[w])
        for w in sorted(hardly, key=lambda w: -with_plan[w])[:MOST_WORSE]
    ]


def _worse(run: RunView) -> list[str]:
    """Elements and countries with a year in which more is missing (t) or lost (MUSD) with the plan than without it,
    expected, the most first."""
    if not run.compared:
        return []
    met, lost = (
        balances(run),
        run.losses.groupby(["country", "year"], as_index=False)[["musd", "without_musd"]].sum(),
    )
    missed = [
        (r.met_without - r.met, run.names.element(r.element), r.year, "t") for r in rows_of(met)
    ]
    dearer = [
        (r.musd - r.without_musd, run.names.country(r.country), r.year, "MUSD")
        for r in rows_of(lost)
    ]
    tops = [sorted(of, key=lambda row: -row[0])[:MOST_WORSE] for of in (missed, dearer)]
    return [
        f"{name} {year} ({number(more)} {unit})"
        for top in tops
        for more, name, year, unit in top
        if more > WORSE
    ]


def stock_sold(run: RunView) -> dict[str, Any]:
    """Stock (t, expected) that leaves before the last third of the years, and in years without a cut."""
    cut = {
        (s.scenario, year)
        for s in run.case.tables.shocks
        if s.kind == "import" and s.factor < 1
        for year in range(
            year_of(s.start_year or run.years[0]), year_of(s.end_year or run.years[-1]) + 1
        )
    }
    until = run.years[-(len(run.years) // 3) - 1]
    rows = run.by_year["stocks"]
    rows = rows[rows["year"] <= until]
    hit = [at in cut for at in zip(rows["scenario"], rows["year"], strict=True)]
    both = (rows, rows.drop(rows.index[hit]))
    sold, idle = (
        float(run.expected(of, ["year"], ["released_t"])["released_t"].sum()) for of in both
    )
    return {"sold": sold, "idle_sold": idle, "sold_until": until}


def steps(
    rows: Sequence[Merit], nothing: NamedPlan
) -> list[tuple[int, float | None, float | None]]:
    """Of each row of the merit list the step of the curve in which it comes in, and at the last of a step the risk that
    is left then, and by how much cost plus risk have fallen since the step before, or since doing nothing (MUSD)."""
    out = list[tuple[int, float | None, float | None]]()
    cost, risk = nothing.cost, nothing.risk
    for step, (_, of) in enumerate(groupby(rows, key=lambda row: row.weight), start=1):
        group, before = list(of), cost + risk
        cost, risk = (
            max(cost, *(row.cost for row in group)),
            min(risk, *(row.risk for row in group)),
        )
        out += [*[(step, None, None)] * (len(group) - 1), (step, risk, before - cost - risk)]
    return out
