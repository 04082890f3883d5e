"""Ally by ally: what each gives, gets and must do, year by year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from planner.reporting.tables.declared import declared
from planner.reporting.values.decision import share_rows
from planner.reporting.values.page_parts import ReportTable, texts
from planner.reporting.values.plan import decisions
from planner.reporting.values.view import RunView, records, rows_of
from planner.reporting.values.wording import NOTHING, first_few
from planner.results.decision import Share

MOST_PLANTS = 3
LEAST = 0.5
"""Persons, and tonnes of stock, from which a year says so."""
PLACE = ("country", "year")
ByYear = Mapping[int, float]
ByParty = defaultdict[str, defaultdict[int, float]]


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
    found = [
        (party, *_ally(run, party, {name: of[party] for name, of in amounts.items()}, begun[party], shares.get(party)))
        for party in dict.fromkeys(run.case.party.values())
    ]
    kept = sorted((of for of in found if of[2].rows), key=lambda of: (-of[1], of[0]))
    return [(run.names.party(party), table) for party, _, table in kept]


def _ally(
    run: RunView, party: str, amounts: Mapping[str, ByYear], begun: Mapping[int, Sequence[str]], share: Share | None
) -> tuple[float, ReportTable]:
    """What an ally is spared (MUSD) and its table."""
    with_plan, without, pays, gives, gets = (
        amounts[name] for name in ("with the plan", "without", "pays", "given", "received")
    )
    begins = {year: "; ".join(words) for year, words in begun.items()}
    rows = [
        [
            *(year, begins.get(year, NOTHING), pays.get(year, 0.0), gives.get(year, 0.0), gets.get(year, 0.0)),
            *(without.get(year, 0.0), with_plan.get(year, 0.0)),
        ]
        for year in run.years
    ]
    touched = [row for row in rows if row[1] != NOTHING or any(isinstance(v, float) and v > 0 for v in row[2:])]
    spared = sum(without.values()) - sum(with_plan.values())
    name, paid = run.names.party(party), sum(pays.values())
    table = declared("ally", touched, compared=run.compared, of=name, spared=spared, pays=paid, share=share)
    return spared, table


def _amounts(run: RunView) -> dict[str, ByParty]:
    """Losses (MUSD), payments (MUSD), tonnes given and received, expected: by party and year."""
    losses, flows, parties = run.losses, run.by_year["operations"], run.case.party
    return {
        "with the plan": _sums(losses, "musd", parties),
        "without": _sums(losses, "without_musd", parties),
        "pays": _sums(run.by_year["spending"], "expected", run.case.funder_party, "funder"),
        **{
            item: _sums(run.expected(flows[flows["item"] == item], PLACE, ["tonnes"]), "tonnes", parties)
            for item in ("given", "received")
        },
    }


def _sums(rows: pd.DataFrame, column: str, parties: Mapping[str, str], whose: str = "country") -> ByParty:
    out: ByParty = defaultdict(lambda: defaultdict(float))
    if column in rows:
        for r in records(rows[[whose, "year", column]].groupby([whose, "year"], as_index=False).sum()):
            out[parties[r[whose]]][int(r["year"])] += float(r[column])
    return out


def _begun(run: RunView) -> dict[str, dict[int, list[str]]]:
    """What is begun in the countries of each party in each year, in words."""
    out: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    plants: dict[tuple[str, int], list[str]] = defaultdict(list)
    for r in rows_of(decisions(run).sort_values("year", kind="stable").drop_duplicates("project")):
        plants[run.case.party[r.country], int(r.year)].append(str(r.name))
    for (party, year), names in plants.items():
        out[party][year].append(first_few(names, MOST_PLANTS))
    training, people, stocks = (run.by_year[name] for name in ("training", "workforce", "stocks"))
    amounts = (
        (training.assign(expected=training["intake"] * training["probability"]), "expected", "trainees"),
        (run.expected(people, PLACE, ["hired"]), "hired", "hires"),
        (run.expected(stocks, PLACE, ["bought_t"]), "bought_t", "t of stock"),
    )
    for rows, column, what in amounts:
        for party, by_year in _sums(rows, column, run.case.party).items():
            for year, amount in by_year.items():
                if amount >= LEAST:
                    out[party][year].append(f"{amount:,.0f} {what}")
    return out
