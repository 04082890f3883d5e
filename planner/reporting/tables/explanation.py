"""The tables of the explanation, each declared once: chapters of the page, sheets of the workbook, Markdown and PDF are
made from them. Money in MUSD."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.reporting.text.explanation import MOST_NAMED, SLIGHT_TPA, claim, difference
from planner.reporting.values.page_parts import (
    AMOUNT,
    CHANGE,
    LIST,
    PAGE,
    RATE,
    SHARE,
    SHEET,
    YEAR,
    Column,
    ReportTable,
    texts,
)
from planner.reporting.values.supply import scarce_words
from planner.reporting.values.wording import NOTHING, STAGES, STAGES_MANY, Names, first_few, number, worded
from planner.results.explanation import EXPLANATION, Commitment, Explanation, Knowledge, Moved, Rung, Verdict

ASSUMPTIONS, WAIT, MOST_SHOWN = "assumptions", "what can wait", 4
OBJECTIVES = {"risk": "least risk", "welfare": "cost plus risk"}
DECIDED = (ASSUMPTIONS, WAIT)
"""Those that the decision page shows."""


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
    stages, what = _stages(found.ladder), OBJECTIVES[found.goal]
    capital = [
        Column(
            STAGES[s].lower(), "capital", form=AMOUNT, only=SHEET, heading=f"capital: {STAGES_MANY[s].lower()} (MUSD)"
        )
        for s in stages
    ]
    return ReportTable(
        "Counterfactuals, each solved",
        [
            *texts("group", "measure"),
            Column(what, "MUSD", only=SHEET),
            Column("risk", "MUSD", heading="risk of the plan (MUSD)"),
            Column("change", "MUSD", form=CHANGE, only=SHEET, heading=f"change of the {what} (MUSD)"),
            Column("change", "share", form=SHARE, only=PAGE),
            Column("cost", "MUSD", heading="cost of the plan (MUSD)"),
            Column("change of the cost", "MUSD", only=SHEET),
            *capital,
            Column("expected loss", "MUSD", only=SHEET),
            Column("tail", "mean loss, MUSD", heading="mean loss of the tail (MUSD)"),
        ],
        [_rung(group, rung, stages) for group, rungs in groups.items() for rung in rungs],
        note=worded("tables.j2", "rungs", goal=found.goal),
        source=f"{EXPLANATION}: ladder, left_out, together, timing",
        sheet="why this plan",
        meaning="counterfactuals, each solved; levers added: change against the row before, elsewhere against the plan",
    )


def _stages(found: Sequence[Rung | Moved]) -> list[str]:
    """Stages whose capital is shown: magnets only where somebody can make them."""
    return [stage for stage in STAGES if stage != "magnet" or any(stage in r.capital for r in found)]


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
            [claim(v.claim), v.verdict, "as given", "", v.with_it, v.without_it, v.measure, v.threshold, "", ""]
        )
        rows += _trials(v)
    return ReportTable(
        "Five claims, and what turns them",
        [
            *texts("claim", "verdict", "input", "tried at"),
            Column("with it", "MUSD", heading=f"{OBJECTIVES[found.goal]} with it (MUSD)"),
            Column("without it", "MUSD", heading=f"{OBJECTIVES[found.goal]} without it (MUSD)"),
            Column("measure", form=SHARE),
            Column("line", form=SHARE),
            *texts("crosses the line"),
            *texts("why this range", only=SHEET),
        ],
        rows,
        marks=["unsure" if row[8] == "yes" else "" for row in rows],
        note=worded("tables.j2", "verdicts", goal=found.goal),
        source=f"{EXPLANATION}: verdicts",
        sheet="claims",
        meaning="the claims measured as given and with each unsure input at another value",
    )


def _trials(v: Verdict) -> list[list[object]]:
    return [
        [
            *(claim(v.claim), v.verdict, t.input, t.setting, t.with_it, t.without_it, t.measure, v.threshold),
            *("yes" if t.flips else "no", t.source),
        ]
        for t in v.trials
    ]


def assumptions(found: Explanation) -> ReportTable:
    """Unsure inputs at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.own.objective, OBJECTIVES[found.goal]
    return ReportTable(
        "Assumptions this result leans on most",
        [
            *texts("assumption", "tried at"),
            Column(f"{what} then", "MUSD"),
            Column("change", "MUSD", form=CHANGE, heading=f"change of the {what} (MUSD)"),
            Column("turns the claim", number=False, form=LIST),
            *texts("confidence (rows)"),
            Column("rows", form=YEAR, only=SHEET),
            Column("tables", number=False, form=LIST, only=SHEET),
            *texts("why this range", "sources", only=SHEET),
        ],
        [
            [
                *(i.input, t.setting, t.objective, t.objective - own, list(map(claim, i.decides))),
                "; ".join(f"{word} {rows}" for word, rows in i.confidence.items()),
                *(i.rows, i.tables, i.why, " | ".join(i.sources)),
            ]
            for i in found.influences
            for t in i.tried
        ],
        note=worded("tables.j2", "leaning", own=own),
        source=f"{EXPLANATION}: influences",
        folded=len(found.influences) > MOST_SHOWN,
        sheet=ASSUMPTIONS,
        meaning="unsure inputs moved to the ends of their range, the most influential first",
    )


def commitments(found: Explanation, names: Names) -> ReportTable:
    """Project by project: the plan that decides everything once against the one that answers; no rows if not asked."""
    built = found.flexibility.commitments if found.flexibility is not None else ()
    return ReportTable(
        "What can wait: decided once, or when a disruption begins",
        [
            *texts("project"),
            Column("once", "t/y", heading="committed once (t/y)"),
            Column("decided at once", "t/y", only=SHEET),
            Column("in every future", "t/y"),
            Column("expected", "t/y"),
            Column("most", "t/y"),
            Column("probability", "built at all", form=SHARE, heading="probability of being built"),
            Column("earliest", form=YEAR, heading="earliest year"),
            Column("once", "year", form=YEAR, heading="year if committed once"),
            Column("capital", "MUSD per t/y", form=RATE, only=SHEET),
            *texts("in words", only=PAGE),
        ],
        [
            [
                *(names.placed(c.project), c.committed, c.at_once, c.sure, c.expected, c.most, c.probability),
                *(c.first_year, c.committed_year, c.capital, _word(c)),
            ]
            for c in built
        ],
        note=worded("tables.j2", "waits"),
        source=f"{EXPLANATION}: flexibility",
        sheet=WAIT,
        meaning="new capacity if all is decided once, and in the plan that decides when a disruption begins",
    )


def _word(c: Commitment) -> str:
    if c.most <= SLIGHT_TPA:
        return "not needed"
    if c.sure <= SLIGHT_TPA:
        return "can wait"
    if c.at_once >= c.most - SLIGHT_TPA * (1 + c.most):
        return "at once"
    return "in any case, amount or time can wait"


def moved_plans(found: Explanation, names: Names) -> ReportTable:
    """What the plan becomes if an input stands at an end of its range."""
    rows, stages = [], _stages(found.moves)
    for move in found.moves if len(found.moves) > 1 else ():
        changed = difference(found, move)
        sizes = [f"{names.placed(p)}: {number(a)} → {number(b)}" for p, (a, b) in changed.resized.items()]
        rows.append(
            [
                *(move.input or "as given", move.setting if move.input else NOTHING, move.objective, move.cost),
                *(move.capital[stage] for stage in stages),
                first_few([names.placed(p) for p in changed.enter], MOST_NAMED) or NOTHING,
                first_few([names.placed(p) for p in changed.leave], MOST_NAMED) or NOTHING,
                first_few(sizes, MOST_NAMED) or NOTHING,
                "; ".join(f"{names.placed(p)} {number(tpa)}" for p, tpa in move.builds.items()),
            ]
        )
    capital = [STAGES_MANY[stage].lower() for stage in stages]
    return ReportTable(
        "What the plan becomes if an input stands at an end of its range",
        [
            *texts("input", "at"),
            Column(OBJECTIVES[found.goal], "MUSD"),
            Column("cost", "MUSD"),
            *(Column(name, "MUSD of capital", only=SHEET, heading=f"capital: {name} (MUSD)") for name in capital),
            *texts("enter", "leave", "change size, t/y", only=PAGE),
            *texts("projects (t/y)", only=SHEET),
        ],
        rows,
        note=worded("tables.j2", "moves"),
        source=f"{EXPLANATION}: moves",
        sheet="plans at the ends",
        meaning="the plan with an unsure input at an end of its range",
    )


def ranges(found: Explanation, names: Names) -> ReportTable:
    """Least and most of projects and countries over all plans that are nearly as good, what must be first."""
    kinds: dict[str, tuple[str, Callable[[str], str]]] = {
        "project": ("new capacity, t/y", names.placed),
        "country": ("capital, MUSD", names.country),
    }
    order = {"must": 0, "may": 1, "never": 2}
    return ReportTable(
        "Must, may, never: all plans that are nearly as good",
        [
            *texts("project or country", "of", "word"),
            *map(Column, ("least", "most", "could be built", "in this plan")),
            Column("its capital", "MUSD"),
        ],
        [
            [kinds[r.kind][1](r.key), kinds[r.kind][0], r.word, r.least, r.most, r.limit, r.planned, r.capital]
            for r in sorted(found.ranges, key=lambda r: (-len(r.kind), order.get(r.word, 3), r.key))
        ],
        note=worded("tables.j2", "ranges", near=found.alternatives) if found.alternatives else "",
        source=f"{EXPLANATION}: alternatives",
        sheet="must may never",
        meaning="least and most over all plans that are nearly as good; must: in every one, may: in some, never: in "
        "none",
    )


def knowledge(k: Knowledge, goal: str, names: Names) -> ReportTable:
    """What information is worth, and the regret of the plan in each future, the largest first."""
    regret, what = sorted(k.regret, key=lambda w: (-k.regret[w], w)), OBJECTIVES[goal]
    return ReportTable(
        "Information and regret",
        [*texts("what"), *(Column(title, "MUSD") for title in ("with the plan", "at best", "difference"))],
        [
            [f"Value of perfect information (EVPI), {what}", k.stochastic, k.wait_and_see, k.evpi],
            [f"Value of planning for all futures (VSS), {what}", k.expected_value_plan, k.stochastic, k.vss],
            *([f"Regret: {names.scenario(w)}", k.loss[w], k.least_loss[w], k.regret[w]] for w in regret),
        ],
        note=worded("tables.j2", "knowledge", goal=goal),
        source=f"{EXPLANATION}: knowledge",
    )


def marginals(found: Explanation, names: Names) -> ReportTable:
    """Shadow prices and what one unit more takes off when solved again."""
    return ReportTable(
        "One unit more: its price, and solved again",
        [
            *texts("one unit more", "unit"),
            Column("shadow price", form=RATE),
            Column("solved again", f"MUSD off the {OBJECTIVES[found.goal]}", form=RATE),
        ],
        [[scarce_words(names, vars(m)), m.unit, m.price, m.resolved] for m in found.marginals],
        source=f"{EXPLANATION}: marginals",
    )
