"""Tables of the decision: what is built and begun, who is trained, what is bought; capacity and staff over time."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.reporting.text.answer import MOST_PLANTS, bought_words
from planner.reporting.values.page_parts import AMOUNT, SHARE, YEAR, Column, ReportTable, texts
from planner.reporting.values.plan import (
    UNITS,
    begun,
    capacity,
    capacity_groups,
    decisions,
    everywhere,
    expected_sum,
    musts,
    people_decisions,
    purchases,
    staff,
    teams_at_work,
)
from planner.reporting.values.view import EXPECTED, RunView, rows_of, table_rows
from planner.reporting.values.wording import (
    NOTHING,
    SLIGHT,
    STAGES,
    STAGES_MANY,
    amount,
    count,
    midway,
    number,
    span,
)


def investments(run: RunView) -> ReportTable:
    """What is committed, where, when, for how much."""
    rows = decisions(run)
    partly = not everywhere(rows)
    columns = [
        *texts("project", "country", "stage"),
        Column("committed", form=YEAR),
        Column("capacity", "t/y"),
        Column("share of possible", form=SHARE),
        Column("capital", "MUSD"),
        Column("public part", "MUSD"),
        Column("first output", form=YEAR),
    ]
    cells = [
        [
            r.name,
            r.place,
            STAGES.get(r.stage, r.stage),
            r.year,
            r.tpa,
            round(r.tpa / run.case.projects[r.project].max_new_tpa, 4),
            r.capex_musd,
            r.public_musd,
            r.first_output,
            *([r.probability, run.names.who(r.scenarios)] if partly else []),
        ]
        for r in rows_of(rows)
    ]
    columns += [Column("probability", form=SHARE), *texts("in scenarios")] if partly else []
    total = [
        "All, expected" if partly else "All",
        *[""] * 5,
        *(number(expected_sum(rows, column)) for column in ("capex_musd", "public_musd")),
        *[""] * (3 if partly else 1),
    ]
    return ReportTable(
        "Plants to commit",
        columns,
        cells,
        total=total,
        note="t/y counts TREO for mines, TREO or heavy oxides for separation plants, oxide taken in for metal plants. "
        "Share of possible: of the most that could be built there; where it is less than all, the plan builds a part, "
        "which may have to be rounded to a whole plant. "
        "Capital is the whole of it, public and private, not discounted. First output is before any delay that a "
        "scenario may bring.",
        source=table_rows("investments") + "; first output: year plus lead_time_years of inputs/projects.csv",
    )


def people(run: RunView) -> ReportTable | None:
    """Training and hiring decisions by country and skill."""
    rows = people_decisions(run)
    if rows.empty:
        return None
    amounts = ["intake", "new_seats", "hired"]
    slight = rows[amounts].max(axis=1) < SLIGHT
    cells = [
        [run.names.country(r.country), run.names.skill(r.skill), r.intake, r.new_seats, r.hired, span(r.first, r.last)]
        for r in rows_of(rows[~slight])
    ]
    if slight.any():
        few = rows[slight]
        kept = [float(few[c].sum()) for c in amounts]
        cells.append([count(len(few), "other team"), "", *kept, span(few["first"].min(), few["last"].max())])
    total = ["All", "", *(number(float(rows[c].sum())) for c in amounts), ""]
    words = zip(total[2:5], ("trainees", "new seats a year", "hires"), strict=True)
    sums = ", ".join(f"{sum_of} {word}" for sum_of, word in words)
    return ReportTable(
        f"People to train and hire: {sums}",
        [
            *texts("country", "skill"),
            Column("trainees", "persons", form=AMOUNT),
            Column("new seats", "persons/y", form=AMOUNT),
            Column("hires", "persons", form=AMOUNT),
            Column("years"),
        ],
        cells,
        total=total,
        folded=len(cells) > 12,
        note="Totals over the horizon, expected over the scenarios. Trainees: who begin; fewer complete it, and those "
        "who would complete it after the last year are not counted as trained. They also fill seats that exist; hires "
        "come from outside the trade. Persons are full-time equivalents and may be fractions; teams with less than "
        f"{SLIGHT:g} of everything stand together.",
        source=f"{table_rows('training')}: intake, new_seats; {table_rows('workforce', EXPECTED)}: hired",
    )


def stocks(run: RunView) -> ReportTable | None:
    """Stock purchases by country, element and form."""
    rows = purchases(run)
    if rows.empty:
        return None
    partly = bool((rows["scenarios"] < len(run.weights)).any())
    slight = rows["bought_t"] < SLIGHT
    cells = [
        [
            run.names.element(r.element),
            r.form,
            run.names.country(r.country),
            r.bought_t,
            *([_in_scenarios(r, len(run.weights)), r.bought_t / r.probability] if partly else []),
            span(r.first, r.last),
        ]
        for r in rows_of(rows[~slight])
    ]
    if slight.any():
        few = rows[slight]
        rest = ["others", "", "", amount(float(few["bought_t"].sum())), *([NOTHING, NOTHING] if partly else [])]
        cells.append([*rest, span(few["first"].min(), few["last"].max())])
    sums = ", ".join(
        f"{midway(run.names.element(str(e)))} {number(float(t))} t"
        for e, t in rows.groupby("element")["bought_t"].sum().items()
    )
    return ReportTable(
        f"Stock to buy: {sums}",
        [
            *texts("element", "form", "country"),
            Column("bought, expected", "t"),
            *([Column("bought in", "scenarios"), Column("expected over those", "t")] if partly else []),
            Column("years"),
        ],
        cells,
        folded=len(cells) > 12,
        note="Totals over the horizon. Part of it refills what was released."
        + (
            " Not all of it is bought in every scenario: some only once a disruption has shown itself."
            if partly
            else ""
        ),
        source=table_rows("stocks", EXPECTED) + ": bought_t",
    )


def _in_scenarios(row: Any, all_of_them: int) -> str:
    return "all" if row.scenarios == all_of_them else f"{row.scenarios} of {all_of_them}"


def capacities(run: RunView) -> ReportTable:
    """Usable capacity and its use by stage, country and year."""
    cells, marks = [], []
    for stage, kind in capacity_groups(run):
        rows = capacity(run, (stage, kind))
        sums = run.expected(rows, ["country", "year"], ["existing_tpa", "new_tpa", "throughput_t"])
        sums["tpa"] = sums["existing_tpa"] + sums["new_tpa"]
        cells.append([f"{STAGES_MANY[stage]}, {UNITS[kind]}/y", *("" for _ in run.years)])
        marks.append("group")
        for country, part in sums.groupby("country"):
            at = part.set_index("year")
            cells.append([run.names.country(str(country)), *(_used(at, y) for y in run.years)])
            marks.append("")
    return ReportTable(
        "Capacity by country and year, with expected use in per cent",
        [*texts("stage and country"), *(Column(str(y)) for y in run.years)],
        cells,
        marks=marks,
        folded=True,
        note="Existing and new capacity before shocks; in brackets the share that is expected to run.",
        source=table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t",
    )


def _used(at: pd.DataFrame, year: int) -> str:
    tpa, used = float(at["tpa"].get(year, 0.0)), float(at["throughput_t"].get(year, 0.0))
    return f"{number(tpa)} ({100 * used / tpa:.0f})" if tpa > 0 else NOTHING


def teams(run: RunView) -> ReportTable | None:
    """Staff and need by country, skill and year."""
    rows = teams_at_work(staff(run))
    if rows.empty:
        return None
    most = rows.groupby(["country", "skill"])["needed"].transform("max")
    rows = rows[most >= SLIGHT]
    if rows.empty:
        return None
    at = {(r.country, r.skill, r.year): f"{r.needed:,.1f} / {r.staff:,.1f}" for r in rows_of(rows)}
    pairs = sorted({(c, k) for c, k in zip(rows["country"], rows["skill"], strict=True)})
    cells = [
        [
            run.names.country(c),
            run.names.skill(k),
            *(at.get((c, k, y), NOTHING) for y in run.years),
        ]
        for c, k in pairs
    ]
    return ReportTable(
        "Needed / staff by country, skill and year",
        [*texts("country", "skill"), *(Column(str(y), "persons") for y in run.years)],
        cells,
        folded=True,
        note="Expected over the scenarios. Persons are full-time equivalents and may be fractions. Countries and "
        f"skills of which the plan never needs {SLIGHT:g} are left out.",
        source=table_rows("workforce", EXPECTED) + ": needed, staff",
    )


def team_use(run: RunView) -> ReportTable | None:
    """How fully each team is used, year by year, in the scenario that needs it most."""
    rows = teams_at_work(staff(run))
    if rows.empty:
        return None
    table = rows.pivot_table(index=["skill", "country"], columns="year", values="use", fill_value=0.0).reindex(
        columns=run.years, fill_value=0.0
    )
    cells: list[list[str]] = []
    marks: list[str] = []
    tints: list[list[int]] = []
    last = ""
    for (skill, country), uses in zip(table.index.tolist(), table.to_numpy().tolist(), strict=True):
        if skill != last:
            cells.append([run.names.skill(skill), *("" for _ in run.years)])
            marks.append("group")
            tints.append([0] * (len(run.years) + 1))
            last = skill
        cells.append([run.names.country(country), *(f"{100 * u:.0f}" if u >= 0.005 else "" for u in uses)])
        marks.append("heat")
        tints.append([0, *(round(10 * u) for u in uses)])
    full = int((table > 0.999).any(axis=1).sum())
    return ReportTable(
        "Where people are the limit: staff needed as a share of staff there, per cent",
        [*texts("skill and country"), *(Column(str(y)) for y in run.years)],
        cells,
        marks=marks,
        tints=tints,
        note="In each year the scenario that needs most. Fully used in some year and scenario: "
        f"{full} of {count(len(table), 'team')}.",
        source=table_rows("workforce") + ": needed over available, the largest over the scenarios",
    )


def begun_by_year(run: RunView) -> ReportTable | None:
    """What is begun in each year: projects and their capital, stock, people."""
    rows, by_year, must = decisions(run), begun(run), musts(run)
    if not by_year:
        return None

    def sure(decided: pd.DataFrame) -> list[float]:
        return [expected_sum(decided[decided["project"].isin(must)], "capex_musd")] if must else []

    cells = [
        [
            str(b.year),
            str(b.projects["project"].nunique()),
            expected_sum(b.projects, "capex_musd"),
            b.stock,
            bought_words(run, b) or NOTHING,
            b.people,
            *sure(b.projects),
            "; ".join(map(run.names.placed, b.projects["project"].drop_duplicates().head(MOST_PLANTS))) or NOTHING,
        ]
        for b in by_year
    ]
    stock, people = number(sum(b.stock for b in by_year)), number(sum(b.people for b in by_year))
    capital = number(expected_sum(rows, "capex_musd"))
    total = ["All", str(rows["project"].nunique()), capital, stock, "", people, *map(number, sure(rows)), ""]
    return ReportTable(
        "What is begun, year by year",
        [
            *texts("year"),
            Column("projects"),
            Column("their capital", "MUSD"),
            Column("stock", "MUSD"),
            *texts("stock bought"),
            Column("training and hiring", "MUSD"),
            *([Column("projects in every good plan", "MUSD of capital")] if must else []),
            *texts("the largest projects"),
        ],
        cells,
        total=total,
        note="Expected over the scenarios, not discounted. Capital: all of it, public and private, in the year of "
        f"commitment. Less than {SLIGHT:g} MUSD of stock or people in a year is left out. A project that grows "
        "in several years counts in each.",
        source=f"{table_rows('investments')}: year, capex_musd; {table_rows('spending')}: expected, by item and year; "
        f"{table_rows('stocks', EXPECTED)}: bought_t",
    )
