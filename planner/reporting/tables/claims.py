"""Tables of the claims, their trials, and the unsure inputs that the result leans on."""

from __future__ import annotations

from planner.reporting.tables.inputs import NOT_STATED, rank
from planner.reporting.text.explanation import claim, rule, why
from planner.reporting.values.page_parts import LIST, SHARE, SHEET, YEAR, Column, Part, ReportTable, Text, texts
from planner.reporting.values.wording import NOTHING, listed, number, percent
from planner.results.explanation import EXPLANATION, Explanation, Verdict

DECIDED = ("holds", "fails")


def verdicts(found: Explanation) -> ReportTable:
    """The claims, and whether these data decide them."""
    return ReportTable(
        "Four claims, and whether these data decide them",
        [
            *texts("claim", "verdict"),
            Column("measure", "as given", form=SHARE),
            Column("line", form=SHARE),
            Column("turns on", number=False, form=LIST),
            *texts("rule"),
            *texts("why", only=SHEET),
        ],
        [[claim(v.claim), v.verdict, v.measure, v.threshold, v.turns_on, rule(v), why(v)] for v in found.verdicts],
        marks=["" if v.verdict in DECIDED else "unsure" for v in found.verdicts],
        note="A claim holds or fails only if it does so in every trial; where trials disagree the data do not decide "
        "it.",
        source=f"{EXPLANATION}: verdicts",
        sheet="claims",
        meaning="four claims and whether these data decide them",
    )


TRIALS = [
    *texts("claim", only=SHEET),
    *texts("input", "tried at"),
    Column("with it", "MUSD", heading="risk with it (MUSD)"),
    Column("without it", "MUSD", heading="risk without it (MUSD)"),
    Column("measure", form=SHARE),
    *texts("crosses the line", "why this range"),
]


def _trial_rows(verdict: Verdict) -> list[list[object]]:
    return [
        [
            claim(verdict.claim),
            *(t.input, t.setting, t.with_it, t.without_it, t.measure),
            *("yes" if t.flips else "no", t.source),
        ]
        for t in verdict.trials
    ]


def all_trials(found: Explanation) -> ReportTable:
    """The trials of all claims, a sheet."""
    rows = [row for verdict in found.verdicts for row in _trial_rows(verdict)]
    meaning = "each claim measured with an unsure input at another value"
    return ReportTable("Trials", TRIALS, rows, sheet="trials", meaning=meaning)


def trials(verdict: Verdict) -> ReportTable:
    """The trials of one claim, for a page."""
    note = f"As given: {percent(verdict.measure)}; line: {percent(verdict.threshold)}."
    if verdict.not_tried:
        note += f" Not tried on this claim: {listed(list(verdict.not_tried))}."
    return ReportTable(
        f"Trials: {claim(verdict.claim)}",
        TRIALS,
        _trial_rows(verdict),
        note=note,
        folded=True,
        marks=["unsure" if t.flips else "" for t in verdict.trials],
        source=f"{EXPLANATION}: verdicts, {verdict.claim.capitalize()}, trials",
    )


def assumptions(found: Explanation) -> ReportTable:
    """Unsure inputs at the ends of their range, a sheet: a row for each value tried."""
    return ReportTable(
        "Assumptions",
        [
            *texts("assumption", "tried at"),
            Column("least risk then", "MUSD"),
            Column("change of the least risk", "MUSD"),
            Column("rows", form=YEAR),
            Column("tables", number=False, form=LIST),
            *texts("confidence (rows)"),
            Column("turns the claim", number=False, form=LIST),
            *texts("why this range", "sources"),
        ],
        [
            [
                *(i.input, t.setting, t.least_risk, t.least_risk - found.own.least_risk, i.rows, i.tables),
                "; ".join(f"{word} {rows}" for word, rows in i.confidence.items()),
                *(list(map(claim, i.decides)), i.why, " | ".join(i.sources)),
            ]
            for i in found.influences
            for t in i.tried
        ],
        sheet="assumptions",
        meaning="unsure inputs moved to the ends of their range, the most influential first",
    )


def leaning(found: Explanation | None) -> Part:
    """The unsure inputs that move the result most, if each was tried; else a line that says so."""
    if found is None:
        return Text([UNTRIED])
    own = found.own.least_risk
    rows = [
        [
            lean.input,
            ", ".join(f"{words} {rows:,}" for words, rows in sorted(lean.confidence.items(), key=_by_sureness)),
            " and ".join(t.setting for t in lean.tried),
            " and ".join(number(t.least_risk) for t in lean.tried),
            lean.effect,
            list(map(claim, lean.decides)),
            lean.why,
            "; ".join(dict.fromkeys(map(_short, lean.sources))) or NOTHING,
        ]
        for lean in found.influences
    ]
    columns = [
        *texts("assumption", "confidence (rows)", "tried at"),
        Column("least risk then", "MUSD"),
        Column("largest effect", "MUSD"),
        Column("turns the claim", number=False, form=LIST),
        *texts("why this range", "sources"),
    ]
    return ReportTable(
        "Assumptions this result leans on most",
        columns,
        rows,
        note=f"Each is a group of unsure rows moved together to the ends of its range, and the program solved again; "
        f"least risk with the inputs as given: {number(own)} MUSD. The sources are those beside most of the rows, "
        "shortened; they stand in full in the tables below.",
        marks=["unsure" if lean.decides else "" for lean in found.influences],
        source=f"{EXPLANATION}: influences",
    )


UNTRIED = (
    "The rows below are ranked by their stated confidence alone. Which of the unsure inputs matter is found by moving "
    "them, which was not asked of this run: see “Why this plan”."
)
LONGEST_SOURCE = 70


def _by_sureness(item: tuple[str, int]) -> int:
    return rank("" if item[0] == NOT_STATED else item[0])


def _short(source: str) -> str:
    return source if len(source) <= LONGEST_SOURCE else source[: LONGEST_SOURCE - 1].rstrip(" ;,.") + "…"
