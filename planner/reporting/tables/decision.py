"""Tables of the decision page: named plans, merit list, what is begun when, slips, who gets and pays."""

from __future__ import annotations

from planner.reporting.values.decision import (
    alike,
    commitments,
    decided,
    effect,
    moved_builds,
    named,
    risk_by_party,
    say,
    share_rows,
    shares_source,
    steps,
    tag,
    waiting,
    worst_futures,
)
from planner.reporting.values.page_parts import (
    AMOUNT,
    CHANGE,
    FINE,
    PAGE,
    SHARE,
    SHEET,
    YEAR,
    Column,
    ReportTable,
    texts,
)
from planner.reporting.values.plan import begun, decisions, expected_sum
from planner.reporting.values.view import EXPECTED, RunView, rows_of, table_rows
from planner.reporting.values.wording import NOTHING, STAGES, midway, number, short, span, worded
from planner.results.decision import Decision, Frontier, NamedPlan, Share
from planner.results.explanation import EXPLANATION

MOST_PLANTS, FIRST_YEARS, SLIGHTLY = 4, 2, 0.001


def decision_sheets(run: RunView) -> list[ReportTable]:
    """The tables of the decision that are sheets of the workbook."""
    found, rows = decided(run), share_rows(run)
    out = [named_plans(run, found), merit(run, found), execution(run, found)] if found else []
    return [*out, *([gets_and_pays(run, rows)] if rows else [])]


def named_plans(run: RunView, found: Decision) -> ReportTable:
    """The named plans on the frontier: money, plants, and what is missing in the worst futures."""
    worst, frontier, names = worst_futures(run), found.frontier, run.names
    rows = [(same, say(run, "plan_meaning", alike=same)) for same in alike(frontier.plans)]
    for plan in frontier.moved:
        without, besides = moved_builds(run, frontier, plan)
        rows.append(([plan], say(run, "moved_meaning", without=without, besides=besides)))
    heads = [f"{short(names.scenario(m.scenario))}: {midway(names.element(m.element))} missing" for m in worst]
    return ReportTable(
        say(run, "plans_title", plans=len(rows)),
        [
            *texts("plan"),
            Column("cost", "MUSD, present value"),
            Column("public money", "MUSD, paid out"),
            Column("plants begun", form=YEAR),
            Column("risk", "MUSD"),
            Column("share of possible reduction", "of risk", form=SHARE),
            *(Column(head, "worst year", form=SHARE) for head in heads),
            *texts("what it is"),
        ],
        [
            [
                *(say(run, "plan_name", alike=same), p.cost, p.public, float(len(p.builds))),
                *(p.risk, effect(frontier, p.risk), *(_missing(p, m.scenario, m.element) for m in worst)),
                meaning,
            ]
            for same, meaning in rows
            for p in same[:1]
        ],
        note=say(run, "plans_note", more=_more_missing(run, frontier)),
        source=f"{EXPLANATION}: decision, frontier",
        sheet="frontier",
        meaning="plans between doing nothing and the least risk",
    )


def _more_missing(run: RunView, frontier: Frontier) -> dict[str, str]:
    """An element of which the plan of least risk misses more in some future than that of least cost plus risk, the one
    with the largest difference."""
    core, least = named(frontier, "core"), named(frontier, "least")
    worse = {(m.share - _missing(core, m.scenario, m.element), m.scenario, m.element) for m in least.missing}
    most, scenario, element = max(worse, default=(0.0, "", ""))
    names = {"element": midway(run.names.element(element)), "scenario": run.names.scenario(scenario)}
    return names if most > SLIGHTLY else {}


def _missing(plan: NamedPlan, scenario: str, element: str) -> float:
    return next((m.share for m in plan.missing if (m.scenario, m.element) == (scenario, element)), 0.0)


def merit(run: RunView, found: Decision) -> ReportTable:
    """Projects in the order in which money should go to them."""
    nothing = named(found.frontier, "nothing")
    return ReportTable(
        "Merit list",
        [
            Column("step", form=YEAR),
            *texts("project", "stage", "country"),
            Column("public money", "MUSD, present value", form=AMOUNT),
            Column("worth", "MUSD", form=AMOUNT),
            *texts("when"),
            Column("size", "t/y, least risk", only=SHEET),
            Column("size", "t/y", only=SHEET),
            Column("the step is worth", "MUSD", form=AMOUNT),
            Column("cost so far", "MUSD, present value", form=AMOUNT, only=SHEET),
            Column("risk left", "% of doing nothing", form=SHARE),
        ],
        [
            [
                *(step, run.names.project(r.project), STAGES[r.stage], run.names.country(r.country), r.public, r.worth),
                *(tag(run, r), r.tpa, r.core_tpa, worth, None if left is None else r.cost),
                None if left is None else left / max(nothing.risk, 1e-9),
            ]
            for r, (step, left, worth) in zip(found.merit, steps(found.merit, nothing), strict=True)
        ],
        note=say(run, "merit_note"),
        folded=True,
        source=f"{EXPLANATION}: decision, merit",
        sheet="merit list",
        meaning="projects in the order in which money should go to them; worth: cost plus risk without, less with it",
    )


def execution(run: RunView, found: Decision) -> ReportTable:
    """What a slip, a late permit or an overrun does."""
    return ReportTable(
        "When things go wrong",
        [
            *texts("what"),
            Column("risk", "held, MUSD"),
            Column("cost", "held, MUSD"),
            Column("risk", "planned anew, MUSD"),
            Column("cost", "planned anew, MUSD"),
            *texts("plants", only=SHEET),
        ],
        [
            [
                *(say(run, "slip_name", key=e.key), e.held_risk, e.held_cost, e.risk, e.cost),
                "; ".join(map(run.names.placed, e.projects)),
            ]
            for e in found.execution
        ],
        note=say(run, "slips_note"),
        source=f"{EXPLANATION}: decision, execution",
        sheet="execution",
        meaning="what a year's slip, late permits and a cost overrun do",
    )


def gets_and_pays(run: RunView, rows: list[Share]) -> ReportTable:
    """What each party gets, pays and would carry alone."""
    columns = (
        *("risk that stays", "public budgets pay", "firms pay", "gives to others"),
        *("carries together", "would carry alone", "gain"),
    )
    before = risk_by_party(run)
    bounds = ("carries at least", "carries at most") if any(r.lowest is not None for r in rows) else ()
    return ReportTable(
        "Gets and pays",
        [
            *texts("party"),
            *([Column("risk without a plan", "MUSD", summed=True)] if before else []),
            *(
                Column(title, "MUSD", form=CHANGE if title == columns[3] else FINE, summed=title != columns[5])
                for title in columns
            ),
            *(Column(title, "MUSD", only=SHEET) for title in bounds),
        ],
        [
            [
                *(run.names.party(r.party), *([before.get(r.party, 0.0)] if before else [])),
                *(r.own_loss, r.paid - r.private, r.private, r.transfer),
                *(r.charge, r.alone, r.gain, *([r.lowest, r.highest] if bounds else [])),
            ]
            for r in rows
        ],
        total="All",
        folded=True,
        note=say(run, "shares_note"),
        source=shares_source(run),
        sheet="gets and pays",
        meaning="what each ally would carry if nobody is to be better off leaving",
    )


def begun_by_year(run: RunView) -> ReportTable | None:
    """What is to be decided this year and next, what later, and what may wait for a sign."""
    years, may_wait = begun(run), waiting(run)
    if not years and not may_wait:
        return None
    first = [run.years[0] + ahead for ahead in range(FIRST_YEARS)]
    wait, first_year = {c.project for c in may_wait}, decisions(run).groupby("project")["year"].min()
    cells: list[list[object]] = []
    for b in years:
        more = {p: " (more)" if first_year[p] < b.year else "" for p in b.projects["project"]}
        projects = [run.names.placed(p) + again for p, again in more.items()]
        goods = [f"{number(t)} t of {midway(run.names.element(e))}" for e, t in b.bought.items()]
        what = say(run, "begun_what", b=b, goods=goods, projects=projects, most=MOST_PLANTS)
        new = {p for p in b.projects["project"] if first_year[p] == b.year}
        plants, capital = float(len(new)), expected_sum(b.projects, "capex_musd")
        public = b.stock + b.people + expected_sum(b.projects, "public_musd")
        word = "this year" if b.year == first[0] else "next year" if b.year == first[1] else "later"
        cells.append([span(b.year, b.last), word, what or NOTHING, plants, float(len(new - wait)), capital, public])
    return ReportTable(
        say(run, "begun_title", years=[{"year": r[0], "total": r[6]} for r in cells]),
        [
            *texts("year", "when", "what is begun, the largest first"),
            Column("plants", "first begun", form=YEAR, summed=True),
            *([Column("needed whatever happens", "of these plants", form=YEAR)] if commitments(run) else []),
            Column("capital", "MUSD, not discounted", summed=True),
            Column("public money", "MUSD, not discounted", summed=True),
        ],
        [row if commitments(run) else [*row[:4], *row[5:]] for row in cells],
        total="All",
        note=say(run, "begun_note"),
        source=f"{table_rows('investments')}: year, capex_musd; {table_rows('spending')}: expected, by item and year; "
        f"{table_rows('stocks', EXPECTED)}: bought_t",
    )


def allies(run: RunView) -> ReportTable | None:
    """Each country: what it builds and by when, what it trains and holds, and what it is spared."""
    built, losses = decisions(run), run.losses
    rows = []
    spent = run.tables["spending"].groupby("country")["expected"].sum().to_dict()
    trained = run.tables["training"]
    intake = (trained["intake"] * trained["probability"]).groupby(trained["country"]).sum().to_dict()
    columns = [column for column in ("without_musd", "musd") if column in losses]
    left = {str(c): of for c, of in losses.groupby("country")[columns].sum().T.to_dict("list").items()}
    for country in run.names.country:
        own = built[built["country"] == country]
        builds = [
            f"{r.year}: {r.name}" for r in rows_of(own.sort_values("year", kind="stable").drop_duplicates("project"))
        ]
        loss = left.get(country, [0.0] * len(columns))
        public, learners = float(spent.get(country, 0.0)), float(intake.get(country, 0.0))
        if builds or any(loss) or public > 0:
            capital = expected_sum(own, "capex_musd")
            rows.append([run.names.country(country), capital, public, learners, *loss, "; ".join(builds) or NOTHING])
    if not rows:
        return None
    heads = {"without_musd": "expected loss without the plan", "musd": "with it"}
    return ReportTable(
        "Each ally by itself",
        [
            *texts("country"),
            Column("capital there", "MUSD", form=AMOUNT, summed=True),
            Column("public money spent there", "MUSD", form=AMOUNT, summed=True),
            Column("trainees", "persons", form=AMOUNT, summed=True),
            *(Column(heads[c], "MUSD", form=AMOUNT, summed=True) for c in columns),
            *texts("begins, by year", only=PAGE),
        ],
        rows,
        note=worded("figures.j2", "one_split", run=run),
        total="All",
        folded=True,
        source=f"{table_rows('investments')}; {table_rows('spending')}; {table_rows('training')}; "
        f"{table_rows('shortfall', EXPECTED)}",
    )
