"""Commands on run folders: pages, explanations, coverage, shares, later years, comparisons, replays."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

import planner
from planner.api import explanations, investment_cases, plans
from planner.cli.console import (
    FiguresAsJson,
    Force,
    ShownProgress,
    command_app,
    exit_codes,
    read_case,
    say,
    say_aside,
    show,
)
from planner.data.case import Case
from planner.data.difference import shared_ids
from planner.errors import file_words, refused
from planner.finance.project_facts import CASE_MARKET, PAID_FOR_YEARS, SUPPORT_YEARS
from planner.reporting.pages.business_case import business_case_lines, side_by_side_lines
from planner.reporting.screen import (
    comparison_screen,
    coverage_screen,
    explanation_screen,
    shares_screen,
)
from planner.results.business_case import PLAN, Basis
from planner.results.explanation import EXPLANATION
from planner.results.folders import refuse_foreign, write_folder

OF_ANOTHER_CASE = 0.5
"""Share of countries, elements and projects below which two runs are not of one case."""
ADVANCED = "advanced.txt"
A_LATER_CASE = "a case advanced by this command"
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.", show_default=False)]
PlantNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PLANT",
        help="Write the investment case of this plant instead; several count as one.",
    ),
]
SizingBasis = Annotated[
    Basis,
    typer.Option(
        help="Volumes that support and debt are sized on: of the plan, or all sold at the market."
    ),
]
PriceDeck = Annotated[
    str, typer.Option(metavar="MARKET", help="Price deck: a market of the table `prices`.")
]
TermValues = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="TERM=VALUE",
        help="Another value of a term of `finance`: grant=0.3, floor=0.9:10 (for ten years), debt_rate_nominal=0.08.",
    ),
]
PlantFeeds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PLANT=FEED",
        help="The feed of a plant, or PLANT=FEED:0.6,FEED:0.4; of a metal or magnet plant its elements.",
    ),
]
TermFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--terms",
        metavar="FILE",
        help="TOML file of terms; the cases of all such files stand side by side on one page.",
    ),
]
WorthToo = Annotated[
    bool,
    typer.Option(
        "--worth",
        help="Solve for what the alliance loses without the plants too; it takes as long as the plan did.",
    ),
]
InvestmentTables = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="TOML file with contracts, prices, finance, byproducts, studies in place of the case's.",
    ),
]

app = command_app()


@app.command("report")
def report(
    run: RunPath,
    project: PlantNames = None,
    basis: SizingBasis = PLAN,
    market: PriceDeck = CASE_MARKET,
    terms: TermValues = None,
    feed: PlantFeeds = None,
    variants: TermFiles = None,
    worth: WorthToo = False,
    tables: InvestmentTables = None,
) -> None:
    """Write the reports of a run again, from its tables; or the investment case of one or more plants."""
    with exit_codes(), ShownProgress() as progress:
        if not project:
            is_asked = any((terms, feed, tables, variants, worth))
            if is_asked or basis != PLAN or market != CASE_MARKET:
                message = "an investment case is of a plant: name it with --project"
                raise refused("", "--project", message)
            pages = plans.write_reports(run, progress)
            lines = [", ".join(map(str, pages))]
        elif variants:
            cases, files = investment_cases.side_by_side_into(
                run,
                project,
                variants,
                basis=basis,
                market=market,
                terms=_parse_terms(terms or []),
                progress=progress,
            )
            lines = side_by_side_lines(cases)
            lines += [f"{'Written':<17}{name}" for name in files]
        else:
            plan, found, files = investment_cases.business_case_into(
                run,
                project,
                basis=basis,
                market=market,
                terms=_parse_terms(terms or []),
                feeds=_parse_feeds(feed or []),
                tables=tables,
                worth=worth,
                progress=progress,
            )
            lines = business_case_lines(found, plan.case)
            lines += [f"{'Written':<17}{name}" for name in files]
    for line in lines:
        say(line)


def _parse_terms(given: list[str]) -> dict[str, float]:
    """TERM=VALUE or TERM=VALUE:YEARS -> value by term. Raises InputError."""
    terms = {}
    for text in given:
        name, _, value = text.partition("=")
        amount, colon, years = value.partition(":")
        try:
            terms[name.strip()] = float(amount)
            if colon:
                terms[SUPPORT_YEARS] = float(years)
        except ValueError:
            raise refused("", "--with", f'"{text}" is not TERM=NUMBER', column=name) from None
        if colon and name.strip() not in PAID_FOR_YEARS:
            known = ", ".join(PAID_FOR_YEARS)
            raise refused("", "--with", f"years are of {known} alone", column=name)
    return terms


def _parse_feeds(given: list[str]) -> dict[str, dict[str, float]]:
    """PLANT=FEED or PLANT=FEED:SHARE,.. -> shares by plant and feed. Raises InputError."""
    mixes: dict[str, dict[str, float]] = {}
    for text in given:
        plant, _, feeds = text.partition("=")
        mix = mixes.setdefault(plant.strip(), {})
        for part in feeds.split(","):
            name, _, share = part.partition(":")
            try:
                mix[name.strip()] = float(share or 1.0)
            except ValueError:
                message = f'"{text}" is not PLANT=FEED or PLANT=FEED:SHARE,FEED:SHARE'
                raise refused("", "--feed", message, column=plant) from None
    return mixes


@app.command("explain")
def explain(
    run: RunPath,
    more: Annotated[
        bool,
        typer.Option(
            "--more",
            help="Also the efficient frontier, what near-optimal plans share, and the value of information.",
        ),
    ] = False,
    doubts: Annotated[
        bool,
        typer.Option(
            "--doubts",
            help="Also try every doubtful figure at both ends of its range; what was stopped goes on where it was.",
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000,
            metavar="N",
            help="Processes that solve. Default: one per core for a large case.",
        ),
    ] = None,
    as_json: FiguresAsJson = False,
) -> None:
    """Explain a plan: what else could be done, how much each lever matters, what each plant adds."""
    with exit_codes(lambda: explanations.kept_of_doubts(run)):
        with ShownProgress() as progress:
            plan, found = explanations.explain_into(
                run, more=more, doubts=doubts, workers=workers, progress=progress
            )
        files = f"Written: {run}/{EXPLANATION}, report.html, report.xlsx"
        show(explanation_screen(plan, found, files), as_json)


@app.command("coverage")
def coverage(
    run: RunPath,
    year: Annotated[
        list[int] | None,
        typer.Option(
            metavar="YEAR",
            help="Year to ask about; as often as wanted. Default: every fifth from the first, and the last.",
        ),
    ] = None,
    as_json: FiguresAsJson = False,
) -> None:
    """How much of demand a calm year serves without an origin, an ally or a plant: N-1, N-2, single points of failure."""
    with exit_codes():
        with ShownProgress() as progress:
            plan, found = explanations.coverage_into(run, year or (), progress=progress)
        files = f"Written: {run}/tables/coverage.csv, coverage.json, report.html, report.xlsx"
        show(coverage_screen(plan, found, files), as_json)


@app.command("shares")
def shares(
    run: RunPath,
    check: Annotated[
        Literal["some", "all"],
        typer.Option(
            help="Coalitions that are checked: all; or, with more than six parties, each party alone, all but one of them, "
            "and 40 drawn."
        ),
    ] = "some",
) -> None:
    """Share the cost so that nobody is better off leaving: charges, gains, transfers of the parties."""
    with exit_codes():
        with ShownProgress() as progress:
            plan, found = explanations.shares_into(run, check_all=check == "all", progress=progress)
        files = f"Written: {run}/tables/shares.csv, report.html, report.xlsx"
        show(shares_screen(plan, found, files))


@app.command("advance")
def advance(
    run: RunPath,
    to: Annotated[int, typer.Option("--to", metavar="YEAR", help="The new first year.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the case of that year.")
    ],
    along: Annotated[
        str,
        typer.Option(
            "--along",
            metavar="SCENARIO",
            help="Scenario that came true before that year. Default: the likeliest.",
        ),
    ] = "",
    force: Force = False,
) -> None:
    """The case of a later year, in which what a run's plan decided before it stands, to be solved again."""
    with exit_codes():
        refuse_foreign(out, ADVANCED, A_LATER_CASE, force)
        with ShownProgress() as progress:
            plan = plans.stored_plan(run, progress)
            case: Case = planner.advance(plan, to, along)
            possible = ", ".join(case.scenarios)
            note = f"The case of {file_words(run.name)} in {to}; still possible: {possible}.\n"
            fill = partial(_fill_advanced, case, note)
            write_folder(out, ADVANCED, A_LATER_CASE, fill, force=force)
        left = len(case.scenarios)
        over = len(plan.case.scenarios) - left
        say(f"{out}: {to}-{case.last_year}, {left} scenarios still possible, {over} over. Next:")
        say(f"  planner solve {out}")


def _fill_advanced(case: Case, note: str, folder: Path) -> None:
    case.write(folder)
    (folder / ADVANCED).write_text(note, encoding="utf-8", newline="\n")


@app.command("compare")
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Run folders; the first is compared with the others."),
    ],
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder. Default: reports/compare-A-B."),
    ] = None,
    force: Force = False,
    as_json: FiguresAsJson = False,
) -> None:
    """Differences in inputs, plan and risk, and which input explains which change: one at a time, solved."""
    with exit_codes():
        with ShownProgress() as progress:
            first, found, target = explanations.compare_into(
                runs, folder, progress=progress, force=force
            )
            for run in runs[1:]:
                if shared_ids(first.case, read_case(run)) < OF_ANOTHER_CASE:
                    say_aside(
                        f"{run} is of another case than {runs[0]}: what differs says little of either"
                    )
        files = f"Written: {target}/{explanations.COMPARISON}"
        show(comparison_screen(found, files), as_json)


@app.command("replay")
def replay(run: RunPath) -> None:
    """Solve a run again from its stored inputs and model, and say what differs. Exit code 0 or 2."""
    with exit_codes():
        with ShownProgress() as progress:
            stored, versions = plans.replay(run, progress)
        for line in versions:
            say_aside(line)
        risk = stored.summary.get("risk_musd")
        found = f"status {stored.summary['status']}"
        if isinstance(risk, float):
            found = f"in-sample risk {risk:.10g} MUSD"
        say(f"{run}: reproduced; {found}, all tables within 1e-9")
