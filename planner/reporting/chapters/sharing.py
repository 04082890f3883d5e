"""Who gets, who pays, who would leave: charges and transfers by party, and ally by ally what each begins, pays and gets."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    changed,
    figures,
    frame_of,
    text,
    total,
    whole,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.numbers import NOTHING, first_few, money
from planner.reporting.words.sentences import Passages
from planner.results.decision import Share
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import acting_alone, risk_by_party, share_rows
from planner.results.figures.plants import decisions
from planner.results.ledger import rows_of

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
    allies = ally_tables(run)
    parts = [table(run), *allies, _ally_sheet(allies)]
    return Chapter.of("allies", "Ally by ally", parts, lead=say("lead"), behind=True, alone=True)


def source(run: RunView) -> str:
    """Where in the run folder the charges are."""
    return "tables/shares.csv" if len(run.tables["shares"]) else f"{EXPLANATION}: decision, shares"


BURDEN = {"alone": "stand-alone burden", "charge": "charge together"}
"""What a party would carry alone, and what it carries."""
LOOK = dict(zip(BURDEN.values(), (style.PLAIN, style.ACCENT), strict=True))
TIPS = {
    "party": "party",
    "kind": "",
    "musd": "MUSD",
    "gain": "gain by acting together, MUSD",
    "words": "transfer",
}


def chart(run: RunView) -> Chart | None:
    """The stand-alone burden of each party and its charge; None if charges were not asked for."""
    rows = share_rows(run)
    if not rows:
        return None
    told = []
    for row in rows:
        named = {"party": run.names.party(row.party), "gain": row.gain, "words": _transfer(row)}
        for field, kind in BURDEN.items():
            told.append({**named, "kind": kind, "musd": getattr(row, field)})
    frame = pd.DataFrame(told)
    title = "cost plus risk, MUSD (logarithmic above 10)"
    most, least = float(frame["musd"].max()), float(frame["musd"].min())
    spec = shapes.two_dots(
        frame,
        style.logarithmic("musd", title, most, least),
        row="party",
        kind="kind",
        look=LOOK,
        tips=TIPS,
        source=source(run),
    )
    alone = acting_alone(run)
    caption = say(
        "caption",
        moved=sum(max(row.transfer, 0.0) for row in rows),
        last=run.years[-1],
        givers=_largest(run, rows, 1),
        getters=_largest(run, rows, -1),
        stopped=alone.get("national"),
        trading=alone.get("own money"),
    )
    return Chart(
        name="sharing",
        title=say("title", party=run.names.party(rows[0].party), gain=rows[0].gain),
        caption=caption,
        spec=spec,
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


class GetsAndPays(DeclaredTable):
    """A row a party."""

    title = "Gets and pays"
    sum_row = "All"
    sheet = "gets and pays"
    meaning = "what each ally would carry if nobody is to be better off leaving"

    party = text()
    before = total("risk without a plan", "MUSD")
    own_loss = total("residual risk", "MUSD")
    public = total("public budgets pay", "MUSD")
    private = total("firms pay", "MUSD")
    transfer = changed("transfer to others", "MUSD", summed=True)
    charge = total("charge", "MUSD")
    alone = figures("stand-alone burden", "MUSD")
    gain = total("gain", "MUSD")
    lowest = figures("charge at least", "MUSD", only=SHEET)
    highest = figures("charge at most", "MUSD", only=SHEET)


def table(run: RunView) -> ReportTable | None:
    """Payments, transfer and charge of each party beside its stand-alone burden; None if not asked for."""
    rows = share_rows(run)
    if not rows:
        return None
    before = risk_by_party(run)
    frame = run.names.told(frame_of(rows))
    frame = frame.assign(
        before=[before.get(row.party, 0.0) for row in rows], public=frame["paid"] - frame["private"]
    )
    left_out = [] if before else ["before"]
    if all(row.lowest is None for row in rows):
        left_out += ["lowest", "highest"]
    return GetsAndPays.over(
        frame, columns=GetsAndPays.all(*left_out), note=say("table"), source=source(run)
    )


class Ally(DeclaredTable):
    """A row a year."""

    source = ALLY_SOURCE
    folded = True
    sum_row = "All"

    party = text("ally")
    year = whole("year")
    begins = text("begins there")
    pays = total("pays", "MUSD")
    given = total("gives", "t")
    received = total("gets", "t")
    without_musd = total("loss without the plan", "MUSD")
    musd = total("loss with the plan", "MUSD")


def ally_tables(run: RunView) -> list[ReportTable]:
    """A table an ally, a row a year; allies for whom nothing changes are left out. Those spared most come first."""
    amounts, words = _amounts(run), _begun(run)
    charges = {row.party: row for row in share_rows(run)}
    found = []
    for party in dict.fromkeys(run.case.party.values()):
        rows = amounts.reindex([(party, at) for at in run.years], fill_value=0.0)
        rows["begins"] = ["; ".join(words[party, at]) or NOTHING for at in run.years]
        rows["party"], rows["year"] = run.names.party(party), run.years
        is_touched = (rows["begins"] != NOTHING) | (rows[BY_ALLY] > 0).any(axis=1)
        if is_touched.any():
            spared = float(rows["without_musd"].sum() - rows["musd"].sum())
            touched = rows[is_touched].reset_index(drop=True)
            one = _ally(run, touched, spared, charges.get(party))
            found.append((-spared, party, one))
    found.sort(key=lambda one: one[:2])
    return [one for _, _, one in found]


def _ally(run: RunView, rows: pd.DataFrame, spared: float, charge: Share | None) -> ReportTable:
    name, pays = rows["party"].iloc[0], float(rows["pays"].sum())
    left_out = [] if run.compared else ["without_musd"]
    return Ally.over(
        rows,
        columns=Ally.all("party", *left_out),
        title=say("ally_title", of=name, pays=pays, spared=spared, compared=run.compared),
        note=say("ally", share=charge),
    )


def _ally_sheet(tables: list[ReportTable]) -> ReportTable:
    """All of them in one, as a sheet of the workbook."""
    frames = [table.frame for table in tables]
    party, *_ = Ally.all()
    return ReportTable(
        title="Ally by ally",
        columns=[party, *(tables[0].columns if tables else ())],
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
    told: dict[tuple[str, int], list[str]] = defaultdict(list)
    first = decisions(run).sort_values("year", kind="stable").drop_duplicates("project")
    by_party = first.groupby([first["country"].map(run.case.party), "year"])["project"]
    for (party, at), projects in by_party:
        names = [run.names.project(project) for project in projects]
        told[str(party), int(str(at))].append(first_few(names, MOST_BEGUN))
    training = run.by_year["training"]
    trainees = training.assign(amount=training["intake"] * training["probability"])
    place = ["country", "year"]
    hired = run.expected(run.by_year["workforce"], place, ["hired"])
    bought = run.expected(run.by_year["stocks"], place, ["bought_t"])
    amounts = {
        "trainees": trainees,
        "hires": hired.rename(columns={"hired": "amount"}),
        "t of stock": bought.rename(columns={"bought_t": "amount"}),
    }
    for what, rows in amounts.items():
        named = rows.assign(party=rows["country"].map(run.case.party))
        sums = named.groupby(["party", "year"], as_index=False)["amount"].sum()
        for row in rows_of(sums[sums["amount"] >= LEAST]):
            told[row.party, int(row.year)].append(f"{round(row.amount):,} {what}")
    return told
