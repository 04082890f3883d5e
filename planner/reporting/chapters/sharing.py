"""Who gets, who pays, who would leave: charges and transfers by party, and ally by ally what each begins, pays and gets."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from planner.reporting.charts import risk as charts
from planner.reporting.parts import (
    CHANGE,
    SHEET,
    Chapter,
    Chart,
    Column,
    Part,
    ReportTable,
    figures,
    text,
    total,
    year,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.numbers import NOTHING, first_few, money
from planner.reporting.words.sentences import Passages
from planner.results.decision import Share
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import acting_alone, risk_by_party, share_rows
from planner.results.figures.plants import decisions
from planner.results.figures.run import rows_of

say = Passages("sharing.j2")
MOST_BEGUN, LEAST = 3, 0.5
"""Plants that a year names; persons, and tonnes of stock, from which it says so."""
BY_ALLY = ["pays", "given", "received", "without_musd", "musd"]
"""Public money, goods that cross borders (t), loss without the plan and with it (MUSD)."""
ALLY_SOURCE = (
    "tables/investments.csv; tables/spending.csv; tables/operations.csv, weighted by probability; "
    "tables/shortfall.csv, weighted by probability"
)


def chapter(run: RunView) -> Chapter | None:
    """Charges, then a table for each ally; those spared most come first."""
    parts: list[Part] = []
    charges = table(run)
    if charges is not None:
        parts.append(charges)
    by_ally = ally_tables(run)
    parts += by_ally
    parts.append(_ally_sheet(by_ally))
    return Chapter(
        anchor="allies",
        title="Ally by ally",
        lead=say("lead"),
        parts=parts,
        behind=True,
        alone=True,
    )


def source(run: RunView) -> str:
    """Where in the run folder the charges are."""
    return "tables/shares.csv" if len(run.tables["shares"]) else f"{EXPLANATION}: decision, shares"


def chart(run: RunView) -> Chart | None:
    """The stand-alone burden of each party and its charge; None if charges were not asked for."""
    rows = share_rows(run)
    if not rows:
        return None
    told = []
    for row in rows:
        for kind, musd in ((charts.ALONE, row.alone), (charts.TOGETHER, row.charge)):
            told.append(
                {
                    "party": run.names.party(row.party),
                    "kind": kind,
                    "musd": musd,
                    "gain_musd": row.gain,
                    "words": _transfer(row),
                }
            )
    moved = sum(max(row.transfer, 0.0) for row in rows)
    first = run.names.party(rows[0].party)
    alone = acting_alone(run)
    return Chart(
        name="sharing",
        title=say("title", party=first, gain=rows[0].gain),
        caption=say(
            "caption",
            moved=moved,
            last=run.years[-1],
            givers=_largest(run, rows, 1),
            getters=_largest(run, rows, -1),
            stopped=alone.get("national"),
            trading=alone.get("own money"),
        ),
        spec=charts.sharing(pd.DataFrame(told), source(run)),
        source=source(run),
    )


def _transfer(row: Share) -> str:
    if abs(row.transfer) < LEAST:
        return "none"
    return f"{'gives' if row.transfer > 0 else 'gets'} {money(abs(row.transfer))}"


def _largest(run: RunView, rows: list[Share], sign: int) -> list[str]:
    """The parties that give (1) or get (-1) most, and how much."""
    found = [row for row in rows if sign * row.transfer > LEAST]
    found.sort(key=lambda row: (-sign * row.transfer, row.party))
    return [f"{run.names.party(row.party)} {money(sign * row.transfer)}" for row in found[:3]]


def table(run: RunView) -> ReportTable | None:
    """Payments, transfer and charge of each party beside its stand-alone burden; None if not asked for."""
    rows = share_rows(run)
    if not rows:
        return None
    before = risk_by_party(run)
    cells = []
    for row in rows:
        cells.append(
            {
                "party": run.names.party(row.party),
                "before": before.get(row.party, 0.0),
                "own_loss": row.own_loss,
                "public": row.paid - row.private,
                "private": row.private,
                "transfer": row.transfer,
                "charge": row.charge,
                "alone": row.alone,
                "gain": row.gain,
                "lowest": row.lowest,
                "highest": row.highest,
            }
        )
    columns = [text("party")]
    if before:
        columns.append(total("before", "risk without a plan", "MUSD"))
    columns += [
        total("own_loss", "residual risk", "MUSD"),
        total("public", "public budgets pay", "MUSD"),
        total("private", "firms pay", "MUSD"),
        Column(field="transfer", title="transfer to others", unit="MUSD", form=CHANGE, summed=True),
        total("charge", "charge", "MUSD"),
        figures("alone", "stand-alone burden", "MUSD"),
        total("gain", "gain", "MUSD"),
    ]
    if any(row.lowest is not None for row in rows):
        columns.append(figures("lowest", "charge at least", "MUSD", only=SHEET))
        columns.append(figures("highest", "charge at most", "MUSD", only=SHEET))
    return ReportTable(
        title="Gets and pays",
        columns=columns,
        frame=pd.DataFrame(cells),
        note=say("table"),
        source=source(run),
        sum_row="All",
        sheet="gets and pays",
        meaning="what each ally would carry if nobody is to be better off leaving",
    )


def ally_tables(run: RunView) -> list[ReportTable]:
    """A table an ally, a row a year; allies for whom nothing changes are left out. Those spared most come first."""
    amounts, words = _amounts(run), _begun(run)
    charges = {row.party: row for row in share_rows(run)}
    found = []
    for party in dict.fromkeys(run.case.party.values()):
        rows = amounts.reindex([(party, at) for at in run.years], fill_value=0.0)
        rows["begins"] = ["; ".join(words[party, at]) or NOTHING for at in run.years]
        rows["party"], rows["year"] = run.names.party(party), run.years
        touched = rows[(rows["begins"] != NOTHING) | (rows[BY_ALLY] > 0).any(axis=1)]
        if len(touched):
            spared = float(rows["without_musd"].sum() - rows["musd"].sum())
            one = _ally(run, touched.reset_index(drop=True), spared, charges.get(party))
            found.append((-spared, party, one))
    found.sort(key=lambda one: one[:2])
    return [one for _, _, one in found]


def _ally(run: RunView, rows: pd.DataFrame, spared: float, charge: Share | None) -> ReportTable:
    columns: list[Column] = [
        year("year", "year"),
        text("begins", "begins there"),
        total("pays", "pays", "MUSD"),
        total("given", "gives", "t"),
        total("received", "gets", "t"),
    ]
    if run.compared:
        columns.append(total("without_musd", "loss without the plan", "MUSD"))
    columns.append(total("musd", "loss with the plan", "MUSD"))
    name, pays = rows["party"].iloc[0], float(rows["pays"].sum())
    return ReportTable(
        title=say("ally_title", of=name, pays=pays, spared=spared, compared=run.compared),
        columns=columns,
        frame=rows,
        note=say("ally", share=charge),
        source=ALLY_SOURCE,
        folded=True,
        sum_row="All",
    )


def _ally_sheet(tables: list[ReportTable]) -> ReportTable:
    """All of them in one, as a sheet of the workbook."""
    columns = [text("party", "ally"), *(tables[0].columns if tables else ())]
    frames = [table.frame for table in tables]
    return ReportTable(
        title="Ally by ally",
        columns=columns,
        frame=pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["party"]),
        on_page=False,
        sum_row="All",
        sheet="ally by ally",
        meaning="what each ally begins, pays (public budgets, not discounted), gives, gets and loses by year, expected",
    )


def _amounts(run: RunView) -> pd.DataFrame:
    """Expected amounts of `BY_ALLY` by party and year."""
    flows, place = run.by_year["operations"], ["country", "year"]
    crossing = run.expected(flows[flows["item"].isin(BY_ALLY)], [*place, "item"], ["tonnes"])
    crossing = crossing.rename(columns={"item": "what", "tonnes": "amount"})
    known = [column for column in BY_ALLY if column in run.losses]
    lost = run.losses.melt(place, known, "what", "amount")
    paid = run.by_year["spending"]
    paid = paid.assign(what="pays", amount=paid["expected"])
    parts = [
        crossing.assign(party=crossing["country"].map(run.case.party)),
        lost.assign(party=lost["country"].map(run.case.party)),
        paid.assign(party=paid["funder"].map(run.case.funder_party)),
    ]
    rows = pd.concat([part[["party", "year", "what", "amount"]] for part in parts])
    wide = rows.pivot_table("amount", ["party", "year"], "what", "sum", fill_value=0.0)
    return wide.reindex(columns=BY_ALLY, fill_value=0.0)


def _begun(run: RunView) -> dict[tuple[str, int], list[str]]:
    """What is begun in the countries of each party in each year, in words."""
    out: dict[tuple[str, int], list[str]] = defaultdict(list)
    first = decisions(run).sort_values("year", kind="stable").drop_duplicates("project")
    for key, rows in first.groupby([first["country"].map(run.case.party), "year"]):
        names = [run.names.project(project) for project in rows["project"]]
        out[str(key[0]), int(str(key[1]))].append(first_few(names, MOST_BEGUN))
    training = run.by_year["training"]
    training = training.assign(intake=training["intake"] * training["probability"])
    hired = run.expected(run.by_year["workforce"], ["country", "year"], ["hired"])
    bought = run.expected(run.by_year["stocks"], ["country", "year"], ["bought_t"])
    for rows, column, what in (
        (training, "intake", "trainees"),
        (hired, "hired", "hires"),
        (bought, "bought_t", "t of stock"),
    ):
        sums = rows[column].groupby([rows["country"].map(run.case.party), rows["year"]]).sum()
        told = sums.reset_index().set_axis(["party", "year", "amount"], axis=1)
        for row in rows_of(told[told["amount"] >= LEAST]):
            out[row.party, int(row.year)].append(f"{round(row.amount):,} {what}")
    return out
