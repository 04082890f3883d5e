"""Tables of the decision page: named plans, merit list, what is begun when, slips, who gets and pays; and ally by ally
what each gives, gets and must do, year by year."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

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
from planner.reporting.values.page_parts import ReportTable, declared, texts
from planner.reporting.values.plan import begun, decisions, expected_sum
from planner.reporting.values.run_view import RunView, rows_of
from planner.reporting.values.wording import (
    NOTHING,
    STAGES,
    first_few,
    midway,
    number,
    short,
    span,
    worded,
)
from planner.results.decision import Decision, Frontier, NamedPlan, Share

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
    heads = [
        f"{short(names.scenario(m.scenario))}: {midway(names.element(m.element))} missing"
        for m in worst
    ]
    cells = [
        [
            *(say(run, "plan_name", alike=same), p.cost, p.public, float(len(p.builds))),
            *(
                p.risk,
                effect(frontier, p.risk),
                *(_missing(p, m.scenario, m.element) for m in worst),
            ),
            meaning,
        ]
        for same, meaning in rows
        for p in same[:1]
    ]
    return declared(
        "frontier", cells, plans=len(rows), heads=heads, run=run, more=_more_missing(run, frontier)
    )


def _more_missing(run: RunView, frontier: Frontier) -> dict[str, str]:
    """An element of which the plan of least risk misses more in some future than that of least cost plus risk, the one
    with the largest difference."""
    core, least = named(frontier, "core"), named(frontier, "least")
    worse = {
        (m.share - _missing(core, m.scenario, m.element), m.scenario, m.element)
        for m in least.missing
    }
    most, scenario, element = max(worse, default=(0.0, "", ""))
    names = {
        "element": midway(run.names.element(element)),
        "scenario": run.names.scenario(scenario),
    }
    return names if most > SLIGHTLY else {}


def _missing(plan: NamedPlan, scenario: str, element: str) -> float:
    return next(
        (m.share for m in plan.missing if (m.scenario, m.element) == (scenario, element)), 0.0
    )


def merit(run: RunView, found: Decision) -> ReportTable:
    """Projects in the order in which money should go to them."""
    nothing = named(found.frontier, "nothing")
    cells = [
        [
            *(
                step,
                run.names.project(r.project),
                STAGES[r.stage],
                run.names.country(r.country),
                r.public,
                r.worth,
            ),
            *(tag(run, r), r.tpa, r.core_tpa, worth, None if left is None else r.cost),
            None if left is None else left / max(nothing.risk, 1e-9),
        ]
        for r, (step, left, worth) in zip(found.merit, steps(found.merit, nothing), strict=True)
    ]
    return declared("merit list", cells)


def execution(run: RunView, found: Decision) -> ReportTable:
    """What a slip, a late permit or an overrun does."""
    cells = [
        [
            *(
                say(run, "slip_name", key=e.key, projects=list(map(run.names.project, e.projects))),
                e.held_risk,
            ),
            *(e.held_cost, e.risk, e.cost, "; ".join(map(run.names.placed, e.projects))),
        ]
        for e in found.execution
    ]
    return declared("execution", cells)


def gets_and_pays(run: RunView, rows: list[Share]) -> ReportTable:
    """What each party gets, pays and would carry alone."""
    before = risk_by_party(run)
    cells = [
        [
            *(
                run.names.party(r.party),
                before.get(r.party, 0.0),
                r.own_loss,
                r.paid - r.private,
                r.private,
            ),
            *(r.transfer, r.charge, r.alone, r.gain, r.lowest, r.highest),
        ]
        for r in rows
    ]
    asked = any(r.lowest is not None for r in rows)
    return declared("gets and pays", cells, before=before, asked=asked, source=shares_source(run))


def begun_by_year(run: RunView) -> ReportTable | None:
    """What is to be decided this year and next, what later, and what may wait for a sign."""
    years, may_wait = begun(run), waiting(run)
    if not years and not may_wait:
        return None
    first = [run.years[0] + ahead for ahead in range(FIRST_YEARS)]
    wait, first_year = (
        {c.project for c in may_wait},
        decisions(run).groupby("project")["year"].min(),
    )
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
        cells.append(
            [
                span(b.year, b.last),
                word,
                what or NOTHING,
                plants,
                float(len(new - wait)),
                capital,
                public,
            ]
        )
    decided_on = [{"year": r[0], "total": r[6]} for r in cells]
    return declared(
        "begun",
        cells,
        title=say(run, "begun_title", years=decided_on),
        asked=bool(commitments(run)),
    )


def allies(run: RunView) -> ReportTable | None:
    """Each country: what it builds and by when, what it trains and holds, and what it is spared."""
    built, losses = decisions(run), run.losses
    rows = []
    spent = run.tables["spending"].groupby("country")["expected"].sum().to_dict()
    trained = run.tables["training"]
    intake = (
        (trained["intake"] * trained["probability"]).groupby(trained["country"]).sum().to_dict()
    )
    sums = losses.reindex(columns=["country", "without_musd", "musd"]).groupby("country").sum()
    left = {str(c): of for c, of in sums.T.to_dict("list").items()}
    for country in run.names.country:
        own = built[built["country"] == country]
        builds = [
            f"{r.year}: {r.name}"
            for r in rows_of(own.sort_values("year", kind="stable").drop_duplicates("project"))
        ]
        loss = left.get(country, [0.0, 0.0])
        public, learners = float(spent.get(country, 0.0)), float(intake.get(country, 0.0))
        if builds or any(loss) or public > 0:
            capital = expected_sum(own, "capex_musd")
            rows.append(
                [
                    run.names.country(country),
                    capital,
                    public,
                    learners,
                    *loss,
                    "; ".join(builds) or NOTHING,
                ]
            )
    if not rows:
        return None
    return declared(
        "allies", rows, compared=run.compared, note=worded("figures.j2", "one_split", run=run)
    )


MOST_BEGUN, LEAST = 3, 0.5
"""Plants that a year names; persons, and tonnes of stock, from which it says so."""
BY_ALLY = ["pays", "given", "received", "without_musd", "musd"]
"""Public money, goods that cross borders (t), loss without the plan and with it (MUSD)."""


def ally_tables(run: RunView) -> list[ReportTable]:
    """A table an ally, a row a year; allies for whom nothing changes are left out. Those spared most come first."""
    return [table for _, table in _by_ally(run)]


def ally_sheet(run: RunView) -> ReportTable:
    """All of them in one, as a sheet of the workbook."""
    found = _by_ally(run)
    return ReportTable(
        "Ally by ally",
        [*texts("ally"), *(found[0][1].columns if found else ())],
        [[name, *row] for name, table in found for row in table.rows],
        total="All",
        sheet="ally by ally",
        meaning="what each ally begins, pays (public budgets, not discounted), gives, gets and loses by year, expected",
    )


def _by_ally(run: RunView) -> list[tuple[str, ReportTable]]:
    amounts, begun, shares = _amounts(run), _begun(run), {row.party: row for row in share_rows(run)}
    found = []
    for party in dict.fromkeys(run.case.party.values()):
        begins = ["; ".join(begun[party, year]) or NOTHING for year in run.years]
        of = amounts.reindex([(party, year) for year in run.years], fill_value=0.0).assign(
            begins=begins
        )
        sums, name = of[BY_ALLY].sum(), run.names.party(party)
        spared = float(sums["without_musd"] - sums["musd"])
        said = {
            "compared": run.compared,
            "of": name,
            "spared": spared,
            "pays": sums["pays"],
            "share": shares.get(party),
        }
        touched = of[(of["begins"] != NOTHING) | (of[BY_ALLY] > 0).any(axis=1)]
        if len(touched):
            found.append(
                (
                    -spared,
                    party,
                    name,
                    declared("ally", touched.reset_index(names=["party", "year"]), **said),
                )
            )
    return [(name, table) for _, _, name, table in sorted(found, key=lambda of: of[:2])]


def _amounts(run: RunView) -> pd.DataFrame:
    """Expected amounts of `BY_ALLY` by party and year."""
    flows, paid, place = run.by_year["operations"], run.by_year["spending"], ["country", "year"]
    crossing = run.expected(flows[flows["item"].isin(BY_ALLY)], [*place, "item"], ["tonnes"])
    known = [column for column in BY_ALLY if column in run.losses]
    parts = [
        crossing.rename(columns={"item": "what", "tonnes": "amount"}),
        run.losses.melt(place, known, "what", "amount"),
        paid.assign(what="pays", amount=paid["expected"]),
    ]
    whose = [part["country"].map(run.case.party) for part in parts[:2]] + [
        paid["funder"].map(run.case.funder_party)
    ]
    rows = pd.concat(
        [
            part[["year", "what", "amount"]].assign(party=of)
            for part, of in zip(parts, whose, strict=True)
        ]
    )
    table = rows.pivot_table("amount", ["party", "year"], "what", "sum", fill_value=0.0)
    return table.reindex(columns=BY_ALLY, fill_value=0.0)


def _begun(run: RunView) -> dict[tuple[str, int], list[str]]:
    """What is begun in the countries of each party in each year, in words."""
    out: dict[tuple[str, int], list[str]] = defaultdict(list)
    first = decisions(run).sort_values("year", kind="stable").drop_duplicates("project")
    training, people, stocks = (run.by_year[name] for name in ("training", "workforce", "stocks"))
    for rows, column, what in (
        (first, "name", ""),
        (
            training.assign(intake=training["intake"] * training["probability"]),
            "intake",
            "trainees",
        ),
        (run.expected(people, ["country", "year"], ["hired"]), "hired", "hires"),
        (run.expected(stocks, ["country", "year"], ["bought_t"]), "bought_t", "t of stock"),
    ):
        for (party, year), of in rows.groupby([rows["country"].map(run.case.party), "year"])[
            column
        ]:
            amount = 0.0 if not what else float(of.sum())
            if not what or amount >= LEAST:
                words = f"{amount:,.0f} {what}" if what else first_few(list(of), MOST_BEGUN)
                out[str(party), int(str(year))].append(words)
    return out
