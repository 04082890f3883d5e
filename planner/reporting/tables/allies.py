"""Ally by ally: what each gives, gets and must do, year by year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from planner.reporting.values.decision import share_rows
from planner.reporting.values.page_parts import AMOUNT, YEAR, Column, ReportTable, texts
from planner.reporting.values.plan import decisions
from planner.reporting.values.view import EXPECTED, RunView, records, rows_of, table_rows
from planner.reporting.values.wording import NOTHING, first_few, worded

MOST_PLANTS = 3
LEAST = 0.5
"""Persons, and tonnes of stock, from which a year says so."""
ByYear = Mapping[int, float]


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
    case = run.case
    members: dict[str, set[str]] = defaultdict(set)
    for country, party in case.party.items():
        members[party].add(country)
    found = [(party, *_ally(run, party, countries)) for party, countries in members.items()]
    kept = sorted((of for of in found if of[2].rows), key=lambda of: (-of[1], of[0]))
    return [(run.names.party(party), table) for party, _, table in kept]


def _ally(run: RunView, party: str, countries: set[str]) -> tuple[float, ReportTable]:
    """What an ally is spared (MUSD) and its table."""
    losses, spending = run.losses, run.by_year["spending"]
    funders = {funder for funder, of in run.case.funder_party.items() if of == party}
    own = losses[losses["country"].isin(countries)]
    with_plan, without = (_sums(own, column) for column in ("musd", "without_musd"))
    pays = _sums(spending[spending["funder"].isin(funders)], "expected")
    gives, gets = (_moved(run, countries, item) for item in ("given", "received"))
    begins = _begun(run, countries)
    rows = [
        [
            *(year, begins.get(year, NOTHING), pays.get(year, 0.0), gives.get(year, 0.0), gets.get(year, 0.0)),
            *([without.get(year, 0.0)] if run.compared else []),
            with_plan.get(year, 0.0),
        ]
        for year in run.years
    ]
    touched = [row for row in rows if row[1] != NOTHING or any(isinstance(v, float) and v > 0 for v in row[2:])]
    spared = sum(without.values()) - sum(with_plan.values())
    share = next((r for r in share_rows(run) if r.party == party), None)
    said = {"name": run.names.party(party), "spared": spared, "pays": sum(pays.values()), "share": share}
    heads = ["loss without the plan", "loss with it"] if run.compared else ["loss with the plan"]
    table = ReportTable(
        worded("decision.j2", "ally_title", compared=run.compared, **said),
        [
            Column("year", form=YEAR),
            *texts("begins there"),
            *(
                Column(title, unit, form=AMOUNT, summed=True)
                for title, unit in (("pays", "MUSD"), ("gives", "t"), ("gets", "t"))
            ),
            *(Column(head, "MUSD", form=AMOUNT, summed=True) for head in heads),
        ],
        touched,
        note=worded("decision.j2", "ally", **said),
        total="All",
        folded=True,
        source=f"{table_rows('investments')}; {table_rows('spending')}; {table_rows('operations', EXPECTED)}; "
        f"{table_rows('shortfall', EXPECTED)}",
    )
    return spared, table


def _sums(rows: pd.DataFrame, column: str) -> ByYear:
    if column not in rows:
        return {}
    return {
        int(r["year"]): float(r[column]) for r in records(rows[["year", column]].groupby("year", as_index=False).sum())
    }


def _moved(run: RunView, countries: set[str], item: str) -> ByYear:
    """Tonnes that an ally gives to others or receives from them, expected."""
    flows = run.by_year["operations"]
    rows = flows[(flows["item"] == item) & flows["country"].isin(countries)]
    return _sums(run.expected(rows, ["year"], ["tonnes"]), "tonnes")


def _begun(run: RunView, countries: set[str]) -> dict[int, str]:
    """What is begun in the countries of an ally in each year, in words."""
    built, out = decisions(run), defaultdict[int, list[str]](list)
    first = built[built["country"].isin(countries)].sort_values("year", kind="stable").drop_duplicates("project")
    for year in dict.fromkeys(first["year"].tolist()):
        rows = first[first["year"] == year]
        out[int(year)].append(first_few([str(r.name) for r in rows_of(rows)], MOST_PLANTS))
    training, people, stocks = (run.by_year[name] for name in ("training", "workforce", "stocks"))
    taught = training[training["country"].isin(countries)]
    hired = people[people["country"].isin(countries)]
    bought = stocks[stocks["country"].isin(countries)]
    amounts = (
        (_sums(taught.assign(expected=taught["intake"] * taught["probability"]), "expected"), "trainees"),
        (_sums(run.expected(hired, ["year"], ["hired"]), "hired"), "hires"),
        (_sums(run.expected(bought, ["year"], ["bought_t"]), "bought_t"), "t of stock"),
    )
    for by_year, what in amounts:
        for year, amount in by_year.items():
            if amount >= LEAST:
                out[year].append(f"{amount:,.0f} {what}")
    return {year: "; ".join(words) for year, words in out.items()}
