"""The tables of the explanation, each declared once: chapters of the page, sheets of the workbook, Markdown and PDF are
made from them. Money in MUSD."""

from __future__ import annotations

from collections.abc import Sequence

from planner.reporting.tables.claims import all_trials, assumptions, verdicts
from planner.reporting.text.explanation import MOST_NAMED, SLIGHT_TPA, capital_of, difference, narrowest
from planner.reporting.values.page_parts import (
    AMOUNT,
    CHANGE,
    PAGE,
    RATE,
    SHARE,
    SHEET,
    YEAR,
    Column,
    Part,
    ReportTable,
    Text,
    texts,
)
from planner.reporting.values.supply import marginal_words
from planner.reporting.values.wording import NOTHING, STAGES, STAGES_MANY, Names, first_few, listed, number, percent
from planner.results.explanation import EXPLANATION, Commitment, Explanation, Moved, Rung

MOST_ROWS = 15


def explanation_sheets(found: Explanation, names: Names) -> list[ReportTable]:
    """The tables that are sheets of the workbook."""
    return [
        counterfactuals(found),
        verdicts(found),
        all_trials(found),
        assumptions(found),
        commitments(found, names),
        moved_plans(found, names),
        ranges(found, names),
        links(found, names),
        knowledge(found),
        regret(found, names),
        marginals(found, names),
    ]


def counterfactuals(found: Explanation) -> ReportTable:
    """All counterfactuals, a sheet."""
    groups = {
        "ladder": found.ladder,
        "one left out": found.left_out,
        "who acts together": found.together,
        "timing": found.timing,
    }
    stages = _stages(found.ladder)
    return ReportTable(
        "Counterfactuals",
        _rung_columns("", stages),
        [_rung(group, rung, stages) for group, rungs in groups.items() for rung in rungs],
        sheet="why this plan",
        meaning="counterfactuals, each solved; ladder: change against the rung before, elsewhere against the plan",
    )


def rungs(title: str, found: Sequence[Rung], against: str, key: str, words: str = "") -> Part:
    """Some of the counterfactuals for a page. key: where in the explanation they stand; words: begin the note."""
    if not found:
        return Text([f"{title}: nothing to compare."])
    stages = _stages(found) if key == "ladder" and any(r.capital for r in found) else []
    note = "Cost: of the cheapest plan within the slack of the least risk; a dash where it was not asked for."
    by_stage = "Capital by stage: MUSD, public and private, not discounted." if stages else ""
    costed = key == "ladder" or any(r.cost is None for r in found)
    note = " ".join(filter(None, (words, by_stage, note if costed else "")))
    rows = [_rung(key, r, stages) for r in found]
    return ReportTable(title, _rung_columns(against, stages), rows, note=note, source=f"{EXPLANATION}: {key}")


def _stages(found: Sequence[Rung | Moved]) -> list[str]:
    """Stages whose capital is shown: magnets only where somebody can make them."""
    return [stage for stage in STAGES if stage != "magnet" or any(stage in r.capital for r in found)]


def _rung_columns(against: str, stages: Sequence[str]) -> list[Column]:
    capital = [
        Column(STAGES[s].lower(), "capital", form=AMOUNT, heading=f"capital: {STAGES_MANY[s].lower()} (MUSD)")
        for s in stages
    ]
    return [
        *texts("group", only=SHEET),
        *texts("measure"),
        Column("least risk", "MUSD"),
        Column("risk of the plan", "MUSD", only=SHEET),
        Column("change", f"against {against}", form=CHANGE, heading="change of the least risk (MUSD)"),
        Column("change", "share", form=SHARE, only=PAGE),
        Column("cost", "MUSD", heading="cost of the plan (MUSD)"),
        Column("change of the cost", "MUSD", only=SHEET),
        *capital,
        Column("expected loss", "MUSD", only=SHEET),
        Column("tail", "mean loss, MUSD", heading="mean loss of the tail (MUSD)"),
    ]


def _rung(group: str, r: Rung, stages: Sequence[str]) -> list[object]:
    before = r.least_risk - r.change
    return [
        *(group, r.name, r.least_risk, r.risk),
        r.change if r.against else None,
        r.change / before if r.against and before > 1e-9 else None,
        *(r.cost, r.change_cost),
        *(r.capital.get(stage, 0.0 if group == "ladder" else None) for stage in stages),
        *(r.expected_loss, r.cvar),
    ]


def commitments(found: Explanation, names: Names) -> ReportTable:
    """Project by project: the plan that decides everything once against the one that answers; no rows if not asked."""
    flexible = found.flexibility
    built = flexible.commitments if flexible is not None else ()
    sums = [number(capital_of(flexible, of)) for of in ("committed", "sure", "expected")] if flexible else []
    return ReportTable(
        "What can wait: committed once, or in answer to what has shown itself",
        [
            *texts("project"),
            Column("committed once", "t/y"),
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
        total=["Capital, MUSD", *sums, NOTHING, NOTHING, NOTHING, NOTHING, ""],
        folded=len(built) > MOST_ROWS,
        note="Committed once, and the year of it under “once”: the plan that decides everything once. "
        "The others: the cheapest plan of least risk whose decisions may differ between futures that have parted. "
        "Of equally good plans one is shown.",
        source=f"{EXPLANATION}: flexibility",
        sheet="what can wait",
        meaning="new capacity if all is decided once, and in the plan that answers what has shown itself",
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
    for move in found.moves:
        changed = difference(found, move)
        sizes = [f"{names.placed(p)}: {number(a)} → {number(b)}" for p, (a, b) in changed.resized.items()]
        rows.append(
            [
                *(move.input or "as given", move.setting if move.input else NOTHING, move.least_risk, move.cost),
                *(move.capital[stage] for stage in stages),
                "; ".join(map(names.placed, changed.enter)) or NOTHING,
                "; ".join(map(names.placed, changed.leave)) or NOTHING,
                first_few(sizes, MOST_NAMED) or NOTHING,
                "; ".join(f"{names.placed(p)} {number(tpa)}" for p, tpa in move.builds.items()),
            ]
        )
    capital = [STAGES_MANY[stage].lower() for stage in stages]
    return ReportTable(
        "What the plan becomes if an input stands at an end of its range",
        [
            *texts("input", "at"),
            Column("least risk", "MUSD"),
            Column("cost", "MUSD"),
            *(Column(name, "MUSD of capital", heading=f"capital: {name} (MUSD)") for name in capital),
            *texts("enter", "leave", "change size, t/y", only=PAGE),
            *texts("projects (t/y)", only=SHEET),
        ],
        rows,
        note="The inputs that move the risk most, each end solved by itself: least risk, then least cost within "
        "the slack. A project counts if more than a hundredth of what could be built is built; its size counts as "
        "changed if it moves by more than a quarter of what could be built; the largest are shown. Capital: "
        "public and private, expected, not discounted. Of equally good plans one is shown.",
        source=f"{EXPLANATION}: moves",
        sheet="plans at the ends",
        meaning="the cheapest plan of least risk with an unsure input at an end of its range",
    )


_LEAST_AND_MOST = ("least", "most", "could be built", "in this plan")


def ranges(found: Explanation, names: Names) -> ReportTable:
    """Least and most of projects and countries over all plans that are nearly as good, a sheet."""
    kinds = {"project": ("new capacity, t/y", names.placed), "country": ("capital, MUSD", names.country)}
    return ReportTable(
        "Must, may, never",
        [
            *texts("what", "project or country", "word"),
            *map(Column, _LEAST_AND_MOST),
            Column("its capital", "MUSD"),
        ],
        [
            [kinds[r.kind][0], kinds[r.kind][1](r.key), r.word, r.least, r.most, r.limit, r.planned, r.capital]
            for r in found.alternatives.ranges
        ],
        sheet="must may never",
        meaning="least and most over all plans that are nearly as good; must: in every one, may: in some, never: in "
        "none",
    )


def project_ranges(found: Explanation, names: Names) -> ReportTable:
    """Those of the projects for a page, what must be first."""
    order = {"must": 0, "may": 1, "never": 2}
    counted = sorted(
        (r for r in found.alternatives.ranges if r.kind == "project"),
        key=lambda r: (order[r.word], names.project(r.key)),
    )
    return ReportTable(
        "Projects over all plans that are nearly as good",
        [
            *texts("project", "word"),
            *(Column(title, "t/y") for title in _LEAST_AND_MOST),
            Column("its capital", "MUSD"),
        ],
        [[names.placed(r.key), r.word, r.least, r.most, r.limit, r.planned, r.capital] for r in counted],
        note="must: in every such plan; may: in some; never: in none (by a hundredth of what could be built). Each "
        "least and most is a program solved; they cannot all be had at once.",
        source=f"{EXPLANATION}: alternatives",
    )


def country_ranges(found: Explanation, names: Names) -> ReportTable:
    """Those of the countries for a page."""
    return ReportTable(
        "Capital by country over the same plans",
        [*texts("country"), *(Column(title, "MUSD", form=AMOUNT) for title in ("least", "most", "in this plan"))],
        [[names.country(r.key), r.least, r.most, r.planned] for r in found.alternatives.ranges if r.kind == "country"],
        note="Public and private, not discounted.",
        source=f"{EXPLANATION}: alternatives",
    )


def links(found: Explanation, names: Names) -> ReportTable:
    """What made the goods of each year, a sheet."""
    return ReportTable(
        "Bottlenecks",
        [
            *texts("element"),
            Column("year", form=YEAR),
            *texts("link"),
            Column("worth", "MUSD of risk"),
            Column("share", form=SHARE),
            *texts("held by"),
        ],
        [[names.element(x.element), x.year, x.link, x.musd, x.share, x.binds] for x in found.links],
        sheet="bottlenecks",
        meaning="what made the goods of a year, at shadow prices; the parts of an element and year sum to the whole",
    )


def bottlenecks(found: Explanation, names: Names) -> Part:
    """The narrowest link of each element and year, for a page."""
    rows = []
    for link in narrowest(found.links):
        others = sorted(
            (o for o in found.links if (o.element, o.year) == (link.element, link.year) and o is not link),
            key=lambda o: -o.musd,
        )
        rest = listed([f"{o.link} {percent(o.share)}" for o in others]) or NOTHING
        value = sum([link.musd, *(o.musd for o in others)])
        rows.append([names.element(link.element), str(link.year), link.link, link.share, value, rest, link.binds])
    if not rows:
        return Text(["No plant's output takes anything off the risk at the margin."])
    return ReportTable(
        "The narrowest link of each element and year",
        [
            *texts("element", "year", "narrowest link"),
            Column("share", form=SHARE),
            Column("value of what is made", "MUSD of risk"),
            *texts("the rest", "what holds it"),
        ],
        rows,
        note="At shadow prices the value of what plants make splits without remainder over what made it: metal making, "
        "separation, mining, and the people of each. Value: over all histories of the year. Where several prices are "
        "right this is one of them. Before new plants can run only stock and imports help.",
        source=f"{EXPLANATION}: links",
    )


def knowledge(found: Explanation) -> ReportTable:
    """What information is worth."""
    k = found.knowledge
    return ReportTable(
        "Information",
        [*texts("what"), Column("risk", "MUSD"), Column("worth", "MUSD")],
        [
            ["One plan for all futures (RP)", k.stochastic, None],
            ["Each future known from the start (WS)", k.wait_and_see, None],
            ["Value of perfect information, EVPI = RP − WS", None, k.evpi],
            ["The plan for the mean future, carried out (EEV)", k.expected_value_plan, None],
            ["Value of the stochastic solution, VSS = EEV − RP", None, k.vss],
        ],
        note="Birge and Louveaux, Introduction to Stochastic Programming, ch. 4, with risk in place of the "
        "expectation, for the committed policy. The plan for the mean future keeps its plants and people; stocks may "
        "still answer.",
        source=f"{EXPLANATION}: knowledge",
        sheet="information",
        meaning="risk, and what information is worth",
    )


def regret(found: Explanation, names: Names) -> ReportTable:
    """Loss with the plan less the least loss had the scenario been known, the largest first."""
    k = found.knowledge
    return ReportTable(
        "Regret of the plan in each scenario",
        [
            *texts("scenario"),
            *(Column(t, "MUSD") for t in ("loss with the plan", "least loss, had it been known", "regret")),
        ],
        [
            [names.scenario(w), k.loss[w], k.least_loss[w], k.regret[w]]
            for w in sorted(k.loss, key=lambda w: (-k.regret[w], w))
        ],
        source=f"{EXPLANATION}: knowledge",
        sheet="regret",
        meaning="loss with the plan less the least loss had the scenario been known",
    )


def marginals(found: Explanation, names: Names) -> ReportTable:
    """Shadow prices and what one unit more takes off when solved again."""
    return ReportTable(
        "Marginal values",
        [
            *texts("one unit more", "unit"),
            Column("shadow price", form=RATE),
            Column("solved again", "MUSD off the risk", form=RATE),
        ],
        [[marginal_words(names, m), m.unit, m.price, m.resolved] for m in found.marginals],
        note="A shadow price holds for the next small amount; a whole unit may take off less.",
        source=f"{EXPLANATION}: marginals",
        sheet="marginal values",
        meaning="one unit more: its shadow price, and what it takes off the risk when solved again",
    )
