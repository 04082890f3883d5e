"""Tables of a run: what is built, who is trained, what stock is bought; loss, who pays, from capital to cost, who is
short, what binds; and why, as explained: chapters of the page, sheets of the workbook, Markdown and PDF are made of
them. Money in MUSD."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from planner.data.stages import stages_told
from planner.reporting.text import MOST_NAMED, SLIGHT_TPA, claim
from planner.reporting.values.decision import decided, doing_nothing, named
from planner.reporting.values.page_parts import STATED, ReportTable, declared
from planner.reporting.values.plan import (
    SMALLEST_MUSD,
    cost_parts,
    decisions,
    everywhere,
    people_decisions,
    pivot,
    purchases,
    spent,
)
from planner.reporting.values.run_view import EXPECTED, WITHOUT, RunView, rows_of
from planner.reporting.values.supply import balances, limits, missing, scarce_words, totals
from planner.reporting.values.wording import (
    NOTHING,
    SLIGHT,
    STAGES,
    STAGES_MANY,
    Names,
    amount,
    count,
    first_few,
    midway,
    number,
    span,
)
from planner.results.explanation import (
    Commitment,
    Explanation,
    Knowledge,
    Rung,
    Tried,
    Verdict,
    leading,
)

TIED = 1e-5
"""Share of cost plus risk up to which a project is worth nothing: the plan without it is as good."""


def investments(run: RunView) -> ReportTable:
    """What is committed, where, when, for how much."""
    rows, spread = decisions(run), _spread(run)
    cells = [
        [
            *(r.name, r.place, STAGES.get(r.stage, r.stage), r.year, r.tpa),
            round(r.tpa / run.case.projects[r.project].max_new_tpa, 4),
            *(r.capex_musd, r.public_musd, r.first_output, spread.get(r.project, "the same")),
            *(r.probability, r.capex_musd * r.probability, run.names.who(r.scenarios)),
        ]
        for r in rows_of(rows)
    ]
    whole = everywhere(rows)
    return declared("investments", cells, spread=spread, whole=whole, partly=not whole)


def _spread(run: RunView) -> dict[str, str]:
    """Project -> how much of it plans that are as good have, where that differs, or whether one as good does without
    it, where no more was asked; empty if nothing was."""
    found, asked = run.found, decided(run)
    if (
        found is not None
        and found.alternatives is None
        and asked is not None
        and found.goal == "welfare"
    ):
        line = TIED * found.own.objective
        return {
            r.project: "needed" if r.worth > line else "one of several: none" for r in asked.merit
        }
    return {
        r.key: f"one of several: {number(r.least)} to {number(r.most)}"
        for r in (found.ranges if found is not None else ())
        if r.kind == "project" and r.most - r.least > 0.01 * (r.limit or r.most)
    }


def people(run: RunView) -> ReportTable | None:
    """Training and hiring decisions by country and skill."""
    rows = people_decisions(run)
    if rows.empty:
        return None
    amounts = ["intake", "new_seats", "hired"]
    slight = rows[amounts].max(axis=1) < SLIGHT
    cells = [
        [
            run.names.country(r.country),
            run.names.skill(r.skill),
            r.intake,
            r.new_seats,
            r.hired,
            span(r.first, r.last),
        ]
        for r in rows_of(rows[~slight])
    ]
    if slight.any():
        few = rows[slight]
        kept = [float(few[c].sum()) for c in amounts]
        cells.append(
            [count(len(few), "other team"), "", *kept, span(few["first"].min(), few["last"].max())]
        )
    return declared(
        "people",
        cells,
        slight=SLIGHT,
        intake=float(rows["intake"].sum()),
        hired=float(rows["hired"].sum()),
    )


def stocks(run: RunView) -> ReportTable | None:
    """Stock purchases by country, element and form."""
    rows, every = purchases(run), len(run.weights)
    if rows.empty:
        return None
    slight = rows["bought_t"] < SLIGHT
    cells = [
        [
            *(run.names.element(r.element), r.form, run.names.country(r.country), r.bought_t),
            *(
                "all" if r.scenarios == every else f"{r.scenarios} of {every}",
                r.bought_t / r.probability,
            ),
            span(r.first, r.last),
        ]
        for r in rows_of(rows[~slight])
    ]
    if slight.any():
        few = rows[slight]
        years = span(few["first"].min(), few["last"].max())
        cells.append(["others", "", "", float(few["bought_t"].sum()), NOTHING, NOTHING, years])
    by_element = rows.groupby("element")["bought_t"].sum()
    goods = [
        f"{midway(run.names.element(str(e)))} {number(float(t))} t" for e, t in by_element.items()
    ]
    return declared("stocks", cells, goods=goods, partly=bool((rows["scenarios"] < every).any()))


def shortfalls(run: RunView) -> ReportTable:
    """Loss and shortfall by scenario, without the plan and with it."""
    rows, losses = totals(run), run.summary["scenario_loss_musd"]
    columns = ["tonnes", *([WITHOUT] if run.compared else [])]
    elements = [
        e for e in run.elements if rows.loc[rows["element"] == e, columns].to_numpy().sum() > 0
    ]
    short = rows.set_index(["scenario", "element"])
    before = run.without.get("scenario_loss_musd", {})

    def told(w: str, e: str) -> str:
        return " → ".join(
            amount(float(short[column].get((w, e), 0.0))) for column in reversed(columns)
        )

    cells = [
        [
            *(run.names.scenario(w), run.weights.get(w), before.get(w), losses[w]),
            *(*(told(w, e) for e in elements), run.names.stories.get(w, "")),
        ]
        for w in run.by_loss
    ]
    told_of = any(run.names.stories.values())
    names = [*map(run.names.element, elements)]
    return declared(
        "shortfalls", cells, before=before, elements=names, told=told_of, compared=run.compared
    )


def stories(run: RunView) -> ReportTable | None:
    """What happens in each future, where its name says it behind a colon."""
    rows = [
        [run.names.scenario(w), run.names.stories[w]]
        for w in run.by_loss
        if run.names.stories.get(w)
    ]
    return declared("stories", rows) if rows else None


def payers(run: RunView) -> ReportTable | None:
    """What each funder pays and may pay, and its budget."""
    rows = run.tables["payments"].sort_values("paid_musd", ascending=False, kind="stable")
    return (
        declared("payers", rows.assign(funder=rows["funder"].map(run.names.party)))
        if len(rows)
        else None
    )


def scarce(run: RunView) -> ReportTable | None:
    """What one more unit of each scarce thing is worth."""
    cells = list[list[str]]()
    for heading, rows in limits(run):
        cells.append([heading, "", "", ""])
        for r in rows:
            same = f" (the same for {count(r['others'], 'other')})" if r["others"] else ""
            often = count(max(r["often"], 1), "year") if r["year"] == r["year"] else NOTHING
            cells.append(
                [scarce_words(run.names, r) + same, number(r["musd_per_unit"]), r["unit"], often]
            )
    return (
        declared("scarce", cells, marks=["" if row[1] else "group" for row in cells])
        if cells
        else None
    )


def cost(run: RunView) -> ReportTable:
    """Capital, public money and cost of the plan in one table: present values add up to the cost."""
    parts = cost_parts(run).assign(both=lambda part: part["public"] + part["others"])
    parts = parts[parts["both"] >= SMALLEST_MUSD].assign(
        discount=lambda part: part["present"] - part["both"]
    )
    return declared(
        "cost", parts, rate=run.case.model.discount_rate, without=doing_nothing(run).get("cost")
    )


def balance_sheet(run: RunView) -> ReportTable:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = balances(run).sort_values(
        "element", key=lambda ids: ids.map(run.elements.index), kind="stable"
    )
    return declared(
        "balance",
        rows.assign(element=rows["element"].map(run.names.element)),
        compared=run.compared,
    )


def spending_sheet(run: RunView) -> ReportTable:
    """Expected public money: one row per year; columns by funder, and the same by item."""
    kinds, values = list[str](), list[pd.DataFrame]()
    for by, word in (("funder", "paid by"), ("item", "for")):
        rows = spent(run, by)
        table: pd.DataFrame = (
            pivot(rows, run.years).T if len(rows) else pd.DataFrame(index=run.years)
        )
        kinds += [f"{word} {kind}" for kind in table.columns]
        values.append(table.reindex(run.years, fill_value=0.0))
    cells = pd.concat(values, axis=1).to_numpy(float).tolist()
    return declared(
        "spending", [[y, *row] for y, row in zip(run.years, cells, strict=True)], kinds=kinds
    )


def short_sheet(run: RunView) -> ReportTable:
    """Who is short of what, and when, with the plan: expected."""
    rows, names = missing(run, EXPECTED), run.names
    named = rows.assign(
        country=rows["country"].map(names.country), element=rows["element"].map(names.element)
    )
    return declared("short", named)


MOST_SHOWN = 4
QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""
OBJECTIVES = {"risk": "least risk", "welfare": "cost plus risk"}
DECIDED = tuple(STATED[name]["sheet"] for name in ("assumptions", "commitments"))
"""Sheets of those that the decision page shows."""


def explanation_tables(found: Explanation, names: Names) -> list[ReportTable]:
    """All of them that have rows; those with a `sheet` are in the workbook too."""
    tables = [
        counterfactuals(found),
        claims(found),
        assumptions(found),
        commitments(found, names),
        moved_plans(found, names),
        ranges(found, names),
        *([knowledge(found.knowledge, found.goal, names)] if found.knowledge is not None else []),
        marginals(found, names),
    ]
    return [table for table in tables if table.rows]


def counterfactuals(found: Explanation) -> ReportTable:
    """What the least risk and the cost would be with other levers, other allies, at another time."""
    groups = {
        "levers added": found.ladder,
        "one left out": found.left_out,
        "who acts together": found.together,
        "timing": found.timing,
    }
    stages = _stages(found.ladder)
    rows = [_rung(group, rung, stages) for group, rungs in groups.items() for rung in rungs]
    capital = [{"stage": STAGES[s].lower(), "stages": STAGES_MANY[s].lower()} for s in stages]
    return declared(
        "counterfactuals", rows, goal=found.goal, what=OBJECTIVES[found.goal], capital=capital
    )


def _stages(found: Sequence[Rung]) -> list[str]:
    """Stages whose capital is shown: those of the core of the chain, others where somebody can build them."""
    present = {stage for rung in found for stage in rung.capital}
    return [stage.name for stage in stages_told(present)]


def _rung(group: str, r: Rung, stages: Sequence[str]) -> list[object]:
    before = r.objective - r.change
    return [
        *(group, r.name, r.objective, r.risk),
        r.change if r.against else None,
        r.change / before if r.against and before > 1e-9 else None,
        *(r.cost, r.change_cost),
        *(r.capital.get(stage) for stage in stages),
        *(r.expected_loss, r.cvar),
    ]


def claims(found: Explanation) -> ReportTable:
    """The claims as given and in every trial."""
    rows: list[list[object]] = []
    for v in found.verdicts:
        rows.append(
            [
                claim(v.claim),
                v.verdict,
                "as given",
                "",
                v.with_it,
                v.without_it,
                v.measure,
                v.threshold,
                "",
                "",
            ]
        )
        rows += _trials(v)
    marks = ["unsure" if row[8] == "yes" else "" for row in rows]
    return declared("claims", rows, marks=marks, goal=found.goal, what=OBJECTIVES[found.goal])


def _trials(v: Verdict) -> list[list[object]]:
    return [
        [
            *(
                claim(v.claim),
                v.verdict,
                t.input,
                t.setting,
                t.with_it,
                t.without_it,
                t.measure,
                v.threshold,
            ),
            *("yes" if t.flips else "no", t.source),
        ]
        for t in v.trials
    ]


def assumptions(found: Explanation) -> ReportTable:
    """Unsure inputs at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.own.objective, OBJECTIVES[found.goal]
    rows = [
        [
            *(i.input, t.setting, t.objective, t.objective - own, list(map(claim, i.decides))),
            "; ".join(f"{word} {rows}" for word, rows in i.confidence.items()),
            *(i.rows, i.tables, i.why, " | ".join(i.sources)),
        ]
        for i in found.influences
        for t in i.tried
    ]
    return declared(
        "assumptions", rows, own=own, what=what, folded=len(found.influences) > MOST_SHOWN
    )


def commitments(found: Explanation, names: Names) -> ReportTable:
    """Project by project: the plan that decides everything once against the one that answers; no rows if not asked."""
    built = found.flexibility.commitments if found.flexibility is not None else ()
    rows = [
        [
            *(
                names.placed(c.project),
                c.committed,
                c.at_once,
                c.sure,
                c.expected,
                c.most,
                c.probability,
            ),
            *(c.first_year, c.committed_year, c.capital, _word(c)),
        ]
        for c in built
    ]
    return declared("commitments", rows)


def _word(c: Commitment) -> str:
    if c.most <= SLIGHT_TPA:
        return "not needed"
    if c.sure <= SLIGHT_TPA:
        return "can wait"
    if c.at_once >= c.most - SLIGHT_TPA * (1 + c.most):
        return "at once"
    return "in any case, amount or time can wait"


def moved_plans(found: Explanation, names: Names) -> ReportTable:
    """The plan at the ends of the inputs that it leans on most; of the projects that leave or change, those with the
    most capital at stake first."""
    own, leaning = found.own, leading(found.influences, found.own.objective)
    given = named(found.decision.frontier, "chosen").builds if found.decision is not None else {}
    ranges = {r.key: r for r in found.ranges if r.kind == "project"}
    line = {
        p: QUARTER * ((ranges[p].limit if p in ranges else None) or tpa) for p, tpa in given.items()
    }
    order = sorted(given, key=lambda p: (-(ranges[p].capital if p in ranges else 0.0), p))
    plans = [
        (
            "as given",
            Tried(NOTHING, own.objective, own.cost or 0.0, found.ladder[-1].capital, given),
        )
    ]
    plans += [(lean.input, tried) for lean in leaning for tried in lean.tried]
    rows, stages = list[list[object]](), _stages(found.ladder)
    for name, plan in plans if leaning else ():
        resized = [
            p for p in order if p in plan.builds and abs(plan.builds[p] - given[p]) > line[p]
        ]
        parts = (
            [names.placed(p) for p in plan.builds if p not in given],
            [names.placed(p) for p in order if p not in plan.builds],
            [f"{names.placed(p)}: {number(given[p])} → {number(plan.builds[p])}" for p in resized],
        )
        rows.append(
            [
                *(
                    name,
                    plan.setting,
                    plan.objective,
                    plan.cost,
                    *(plan.capital[stage] for stage in stages),
                ),
                *(first_few(part, MOST_NAMED) or NOTHING for part in parts),
                "; ".join(f"{names.placed(p)} {number(tpa)}" for p, tpa in plan.builds.items()),
            ]
        )
    capital = [STAGES_MANY[stage].lower() for stage in stages]
    return declared("moved_plans", rows, what=OBJECTIVES[found.goal], capital=capital)


def ranges(found: Explanation, names: Names) -> ReportTable:
    """Least and most of projects and countries over all plans that are nearly as good, what must be first."""
    kinds: dict[str, tuple[str, Callable[[str], str]]] = {
        "project": ("new capacity, t/y", names.placed),
        "country": ("capital, MUSD", names.country),
    }
    order = {"must": 0, "may": 1, "never": 2}
    rows = [
        [
            kinds[r.kind][1](r.key),
            kinds[r.kind][0],
            r.word,
            r.least,
            r.most,
            r.limit,
            r.planned,
            r.capital,
        ]
        for r in sorted(found.ranges, key=lambda r: (-len(r.kind), order.get(r.word, 3), r.key))
    ]
    return declared("ranges", rows, near=found.alternatives)


def knowledge(k: Knowledge, goal: str, names: Names) -> ReportTable:
    """What information is worth, and the regret of the plan in each future, the largest first."""
    regret, what = sorted(k.regret, key=lambda w: (-k.regret[w], w)), OBJECTIVES[goal]
    rows = [
        [f"Value of perfect information (EVPI), {what}", k.stochastic, k.wait_and_see, k.evpi],
        [
            f"Value of planning for all futures (VSS), {what}",
            k.expected_value_plan,
            k.stochastic,
            k.vss,
        ],
        *(
            [f"Regret: {names.scenario(w)}", k.loss[w], k.least_loss[w], k.regret[w]]
            for w in regret
        ),
    ]
    return declared("knowledge", rows, goal=goal)


def marginals(found: Explanation, names: Names) -> ReportTable:
    """Shadow prices and what one unit more takes off when solved again."""
    rows = [[scarce_words(names, vars(m)), m.unit, m.price, m.resolved] for m in found.marginals]
    return declared("marginals", rows, what=OBJECTIVES[found.goal])
