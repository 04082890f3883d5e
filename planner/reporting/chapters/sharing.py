"""Who gets, who pays, who would leave: charges and transfers by party, and ally by ally what each begins, pays and gets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    changed,
    frame_of,
    in_musd,
    text,
    told_chart,
    total,
    whole,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.numbers import NOTHING, first_few, money
from planner.reporting.words.sentences import Passages
from planner.results.decision import Share
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import acting_alone, risk_by_party, share_rows

say = Passages("sharing.j2")
MOST_BEGUN, LEAST = 3, 0.5
"""Plants that a year names; persons, and tonnes of stock, from which it says so."""
PartyYear = tuple[str, int]
"""A party and a year."""
PLACE = ["country", "year"]
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
    """The place of the charges in the run folder."""
    return "tables/shares.csv" if len(run.tables["shares"]) else f"{EXPLANATION}: decision, shares"


ALONE, TOGETHER = "stand-alone burden", "charge together"
LOOK = {ALONE: style.PLAIN, TOGETHER: style.ACCENT}
"""Burden that a party would carry alone, and what it carries."""
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
    dots = []
    for row in rows:
        told = {"party": run.names.party(row.party), "gain": row.gain, "words": _transfer(row)}
        dots.append(told | {"kind": ALONE, "musd": row.alone})
        dots.append(told | {"kind": TOGETHER, "musd": row.charge})
    frame = pd.DataFrame(dots)
    most, least = float(frame["musd"].max()), float(frame["musd"].min())
    title = "cost plus risk, MUSD (logarithmic above 10)"
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
    first = rows[0]
    return told_chart(
        say,
        "sharing",
        spec,
        source(run),
        party=run.names.party(first.party),
        gain=first.gain,
        moved=sum(max(row.transfer, 0.0) for row in rows),
        last=run.years[-1],
        givers=_largest(run, rows, 1),
        getters=_largest(run, rows, -1),
        stopped=alone.get("national"),
        trading=alone.get("own money"),
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
    alone = in_musd("stand-alone burden")
    gain = total("gain", "MUSD")
    lowest = in_musd("charge at least", only=SHEET)
    highest = in_musd("charge at most", only=SHEET)


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
    charges = {row.party: row for row in share_rows(run)}
    found = []
    for party, rows in _by_year(run).groupby("party"):
        spared = float(rows["without_musd"].sum() - rows["musd"].sum())
        name = str(party)
        table = _ally(run, run.names.told(rows), spared, charges.get(name))
        found.append((-spared, name, table))
    found.sort(key=lambda one: one[:2])
    return [table for _, _, table in found]


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


def _by_year(run: RunView) -> pd.DataFrame:
    """Amounts of each party by year, and what it begins, where there is any of them."""
    parties = list(dict.fromkeys(run.case.party.values()))
    every = pd.MultiIndex.from_product([parties, run.years], names=["party", "year"])
    words = _begun(run)
    rows = _amounts(run).reindex(every, fill_value=0.0)
    rows["begins"] = ["; ".join(words[at]) or NOTHING for at in every]
    is_touched = (rows["begins"] != NOTHING) | (rows[BY_ALLY] > 0).any(axis=1)
    return rows[is_touched].reset_index()


def _amounts(run: RunView) -> pd.DataFrame:
    """Expected amounts of `BY_ALLY` by party and year."""
    paid, flows = run.by_year["spending"], run.by_year["operations"]
    funder = paid["funder"].map(run.case.funder_party)
    found = {"pays": paid["expected"].groupby([funder, paid["year"]]).sum()}
    for item in ("given", "received"):
        moved = run.expected(flows[flows["item"] == item], PLACE, ["tonnes"])
        found[item] = _by_party(run, moved, "tonnes")
    for column in ("without_musd", "musd"):
        if column in run.losses:
            found[column] = _by_party(run, run.losses, column)
    return pd.DataFrame(found).reindex(columns=BY_ALLY).fillna(0.0)


def _by_party(run: RunView, rows: pd.DataFrame, column: str) -> pd.Series:
    """Sums of a column by party and year."""
    return rows[column].groupby([rows["country"].map(run.case.party), rows["year"]]).sum()


def _begun(run: RunView) -> dict[PartyYear, list[str]]:
    """Words on the plants begun in the countries of a party in a year, then on its people and stock."""
    told: dict[PartyYear, list[str]] = defaultdict(list)
    for at, words in (*_plants_begun(run), *_people_and_stock(run)):
        told[at].append(words)
    return told


def _plants_begun(run: RunView) -> Iterator[tuple[PartyYear, str]]:
    """The first plants by name, for each party and year."""
    first = run.decisions.sort_values("year", kind="stable").drop_duplicates("project")
    by_party = first.groupby([first["country"].map(run.case.party), "year"])["project"]
    for (party, year), projects in by_party:
        names = list(map(run.names.project, projects))
        yield (str(party), int(str(year))), first_few(names, MOST_BEGUN)


def _people_and_stock(run: RunView) -> Iterator[tuple[PartyYear, str]]:
    """Trainees, hires and stock bought, for each party and year."""
    training = run.by_year["training"]
    trainees = training.assign(intake=training["intake"] * training["probability"])
    hired = run.expected(run.by_year["workforce"], PLACE, ["hired"])
    bought = run.expected(run.by_year["stocks"], PLACE, ["bought_t"])
    amounts = {
        "trainees": _by_party(run, trainees, "intake"),
        "hires": _by_party(run, hired, "hired"),
        "t of stock": _by_party(run, bought, "bought_t"),
    }
    for what, sums in amounts.items():
        for party, year in sums[sums >= LEAST].index:
            yield (party, year), f"{round(sums[party, year]):,} {what}"
