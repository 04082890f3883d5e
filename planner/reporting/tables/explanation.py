"""Why this plan, as sheets of the workbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.reporting.tables.limits import marginal_words
from planner.reporting.tables.sheets import ANY, FINE, PLAIN, SHARE, Sheet, SheetColumn
from planner.reporting.text.claims import claim, rule, why
from planner.reporting.values.names import STAGES_MANY, Names
from planner.reporting.values.numbers import number
from planner.results.explanation import Explanation

Heading = tuple[str, str]
"""Heading of a column with its unit, and its number format ('' for words)."""


def explanation_sheets(found: Explanation, names: Names) -> list[Sheet]:
    """One sheet per table of the explanation. Money in MUSD, unrounded."""
    return [
        _counterfactuals(found),
        _claims(found),
        _trials(found),
        _assumptions(found),
        _waits(found, names),
        _moves(found, names),
        _near(found, names),
        _bottlenecks(found, names),
        _information(found),
        _regret(found, names),
        _marginals(found, names),
    ]


def _sheet(name: str, meaning: str, headings: Sequence[Heading], rows: Sequence[Sequence[Any]]) -> Sheet:
    columns = [
        SheetColumn(heading, [row[place] for row in rows], form) for place, (heading, form) in enumerate(headings)
    ]
    return Sheet(name, meaning, columns)


def _counterfactuals(found: Explanation) -> Sheet:
    groups = (
        ("ladder", found.ladder),
        ("one left out", found.left_out),
        ("who acts together", found.together),
        ("timing", found.timing),
    )
    rows = [
        [
            *(group, r.name, r.least_risk, r.risk, r.cost, r.expected_loss, r.cvar, r.change, r.change_cost),
            *(r.capital.get(stage) for stage in STAGES_MANY),
        ]
        for group, rungs in groups
        for r in rungs
    ]
    return _sheet(
        "why this plan",
        "counterfactuals, each solved; ladder: change against the rung before, elsewhere against the plan",
        [
            ("group", ""),
            ("measure", ""),
            ("least risk (MUSD)", FINE),
            ("risk of the plan (MUSD)", FINE),
            ("cost of the plan (MUSD)", FINE),
            ("expected loss (MUSD)", FINE),
            ("mean loss of the tail (MUSD)", FINE),
            ("change of the least risk (MUSD)", FINE),
            ("change of the cost (MUSD)", FINE),
            *((f"capital: {name.lower()} (MUSD)", FINE) for name in STAGES_MANY.values()),
        ],
        rows,
    )


def _claims(found: Explanation) -> Sheet:
    return _sheet(
        "claims",
        "four claims and whether these data decide them",
        [
            ("claim", ""),
            ("verdict", ""),
            ("measure as given", SHARE),
            ("line", SHARE),
            ("turns on", ""),
            ("rule", ""),
            ("why", ""),
        ],
        [
            [claim(v.claim), v.verdict, v.measure, v.threshold, "; ".join(v.turns_on), rule(v), why(v)]
            for v in found.verdicts
        ],
    )


def _trials(found: Explanation) -> Sheet:
    return _sheet(
        "trials",
        "each claim measured with an unsure input at another value",
        [
            ("claim", ""),
            ("input", ""),
            ("tried at", ""),
            ("risk with it (MUSD)", FINE),
            ("risk without it (MUSD)", FINE),
            ("measure", SHARE),
            ("crosses the line", ""),
            ("why this range", ""),
        ],
        [
            [
                claim(v.claim),
                t.input,
                t.setting,
                t.with_it,
                t.without_it,
                t.measure,
                "yes" if t.flips else "no",
                t.source,
            ]
            for v in found.verdicts
            for t in v.trials
        ],
    )


def _assumptions(found: Explanation) -> Sheet:
    return _sheet(
        "assumptions",
        "unsure inputs moved to the ends of their range, the most influential first",
        [
            ("assumption", ""),
            ("tried at", ""),
            ("least risk then (MUSD)", FINE),
            ("change of the least risk (MUSD)", FINE),
            ("rows", PLAIN),
            ("tables", ""),
            ("confidence (rows)", ""),
            ("turns the claim", ""),
            ("why this range", ""),
            ("sources", ""),
        ],
        [
            [
                i.input,
                t.setting,
                t.least_risk,
                t.least_risk - found.own.least_risk,
                i.rows,
                "; ".join(i.tables),
                "; ".join(f"{word} {rows}" for word, rows in i.confidence.items()),
                "; ".join(map(claim, i.decides)),
                i.why,
                " | ".join(i.sources),
            ]
            for i in found.influences
            for t in i.tried
        ],
    )


def _waits(found: Explanation, names: Names) -> Sheet:
    flexible = found.flexibility
    return _sheet(
        "what can wait",
        "new capacity if all is decided once, and in the plan that answers what has shown itself",
        [
            ("project", ""),
            ("committed once (t/y)", FINE),
            ("decided at once (t/y)", FINE),
            ("in every future (t/y)", FINE),
            ("expected (t/y)", FINE),
            ("most (t/y)", FINE),
            ("probability of being built", SHARE),
            ("earliest year", PLAIN),
            ("year if committed once", PLAIN),
            ("capital (MUSD per t/y)", ANY),
        ],
        [
            [
                names.placed(c.project),
                c.committed,
                c.at_once,
                c.sure,
                c.expected,
                c.most,
                c.probability,
                c.first_year,
                c.committed_year,
                c.capital,
            ]
            for c in (flexible.commitments if flexible is not None else ())
        ],
    )


def _moves(found: Explanation, names: Names) -> Sheet:
    return _sheet(
        "plans at the ends",
        "the cheapest plan of least risk with an unsure input at an end of its range",
        [
            ("input", ""),
            ("at", ""),
            ("least risk (MUSD)", FINE),
            ("cost (MUSD)", FINE),
            *((f"capital: {name.lower()} (MUSD)", FINE) for name in STAGES_MANY.values()),
            ("projects (t/y)", ""),
        ],
        [
            [
                move.input or "as given",
                move.setting if move.input else "",
                move.least_risk,
                move.cost,
                *(move.capital[stage] for stage in STAGES_MANY),
                "; ".join(f"{names.placed(p)} {number(tpa)}" for p, tpa in move.builds.items()),
            ]
            for move in found.moves
        ],
    )


def _near(found: Explanation, names: Names) -> Sheet:
    kinds = {"project": ("new capacity, t/y", names.project), "country": ("capital, MUSD", names.country)}
    rows = [
        [kinds[r.kind][0], kinds[r.kind][1](r.key), r.word, r.least, r.most, r.limit, r.planned, r.capital]
        for r in found.alternatives.ranges
    ]
    return _sheet(
        "must may never",
        "least and most over all plans that are nearly as good; must: in every one, may: in some, never: in none",
        [
            ("what", ""),
            ("project or country", ""),
            ("word", ""),
            ("least", FINE),
            ("most", FINE),
            ("could be built", FINE),
            ("in this plan", FINE),
            ("its capital (MUSD)", FINE),
        ],
        rows,
    )


def _bottlenecks(found: Explanation, names: Names) -> Sheet:
    return _sheet(
        "bottlenecks",
        "what made the goods of a year, at shadow prices; the parts of an element and year sum to the whole",
        [
            ("element", ""),
            ("year", PLAIN),
            ("link", ""),
            ("worth (MUSD of risk)", FINE),
            ("share", SHARE),
            ("held by", ""),
        ],
        [[names.element(x.element), x.year, x.link, x.musd, x.share, x.binds] for x in found.links],
    )


def _information(found: Explanation) -> Sheet:
    k = found.knowledge
    rows = [
        ["one plan for all futures (RP)", k.stochastic],
        ["each future known from the start (WS)", k.wait_and_see],
        ["value of perfect information, EVPI = RP - WS", k.evpi],
        ["the plan for the mean future, carried out (EEV)", k.expected_value_plan],
        ["value of the stochastic solution, VSS = EEV - RP", k.vss],
    ]
    return _sheet("information", "risk, and what information is worth", [("what", ""), ("risk (MUSD)", FINE)], rows)


def _regret(found: Explanation, names: Names) -> Sheet:
    k = found.knowledge
    return _sheet(
        "regret",
        "loss with the plan less the least loss had the scenario been known",
        [
            ("scenario", ""),
            ("loss with the plan (MUSD)", FINE),
            ("least loss, had it been known (MUSD)", FINE),
            ("regret (MUSD)", FINE),
        ],
        [[names.scenario(w), k.loss[w], k.least_loss[w], k.regret[w]] for w in k.loss],
    )


def _marginals(found: Explanation, names: Names) -> Sheet:
    return _sheet(
        "marginal values",
        "one unit more: its shadow price, and what it takes off the risk when solved again",
        [("one unit more", ""), ("unit", ""), ("shadow price", ANY), ("solved again (MUSD off the risk)", ANY)],
        [[marginal_words(names, m), m.unit, m.price, m.resolved] for m in found.marginals],
    )
