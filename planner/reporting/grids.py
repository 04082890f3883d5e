"""The tables of the page, from the figures behind the charts."""

from __future__ import annotations

import pandas as pd

from planner.reporting.book import WITHOUT, Book
from planner.reporting.limits import limits
from planner.reporting.money import budgets, largest_first, pivot, spent
from planner.reporting.names import STAGES, STAGES_MANY, midway
from planner.reporting.numbers import NOTHING, as_year, count, number, percent
from planner.reporting.parts import Column, Grid, texts
from planner.reporting.plants import (
    UNITS,
    capacity,
    capacity_groups,
    decisions,
    everywhere,
    expected_sum,
    people_decisions,
    purchases,
    staff,
    teams_at_work,
)
from planner.reporting.supply import totals


def investments(book: Book) -> Grid:
    """What is committed, where, when, for how much."""
    rows = decisions(book)
    partly = not everywhere(rows)
    columns = [
        *texts("project", "country", "stage"),
        Column("committed"),
        Column("capacity", "t/y"),
        Column("capital", "MUSD"),
        Column("public part", "MUSD"),
        Column("first output"),
    ]
    cells = [
        [
            r.name,
            r.place,
            STAGES.get(r.stage, r.stage),
            as_year(r.year),
            number(r.tpa),
            number(r.capex_musd),
            number(r.public_musd),
            as_year(r.first_output),
            *(([percent(r.probability), book.names.who(r.scenarios)]) if partly else []),
        ]
        for r in rows.rename_axis("row").itertuples(index=False)
    ]
    columns += [Column("probability"), *texts("in scenarios")] if partly else []
    total = [
        "All, expected" if partly else "All",
        "",
        "",
        "",
        "",
        number(expected_sum(rows, "capex_musd")),
        number(expected_sum(rows, "public_musd")),
        "",
        *(["", ""] if partly else []),
    ]
    return Grid(
        "Plants to commit",
        columns,
        [*cells, total],
        marks=[*("" for _ in cells), "total"],
        note="t/y counts TREO for mines, TREO or heavy oxides for separation plants, oxide taken in for metal plants. Capital is the "
        "whole of it, public and private, not discounted. First output is before any delay that a scenario may bring.",
    )


def people(book: Book) -> Grid | None:
    """Training and hiring decisions by country and skill."""
    rows = people_decisions(book)
    if rows.empty:
        return None
    cells = [
        [
            book.names.country(r.country),
            book.names.skill(r.skill),
            number(r.intake),
            number(r.new_seats),
            number(r.hired),
            _span(r.first, r.last),
        ]
        for r in rows.itertuples()
    ]
    total = ["All", "", *(number(float(rows[c].sum())) for c in ("intake", "new_seats", "hired")), ""]
    sums = ", ".join(
        f"{number(float(rows[c].sum()))} {word}"
        for c, word in (("intake", "trainees"), ("new_seats", "new seats a year"), ("hired", "hires"))
    )
    return Grid(
        f"People to train and hire: {sums}",
        [
            *texts("country", "skill"),
            Column("trainees", "persons"),
            Column("new seats", "persons/y"),
            Column("hires", "persons"),
            Column("years"),
        ],
        [*cells, total],
        marks=[*("" for _ in cells), "total"],
        folded=len(cells) > 12,
        note="Totals over the horizon, expected over the scenarios. Trainees also fill seats that exist; hires come from outside the trade.",
    )


def stocks(book: Book) -> Grid | None:
    """Stock purchases by country, element and form."""
    rows = purchases(book)
    if rows.empty:
        return None
    cells = [
        [
            book.names.element(r.element),
            r.form,
            book.names.country(r.country),
            number(r.bought_t),
            _span(r.first, r.last),
        ]
        for r in rows.itertuples()
    ]
    sums = ", ".join(
        f"{midway(book.names.element(str(e)))} {number(float(t))} t"
        for e, t in rows.groupby("element")["bought_t"].sum().items()
    )
    return Grid(
        f"Stock to buy: {sums}",
        [*texts("element", "form", "country"), Column("bought, expected", "t"), Column("years")],
        cells,
        folded=len(cells) > 12,
        note="Totals over the horizon. Part of it refills what was released.",
    )


def _span(first: float, last: float) -> str:
    return as_year(first) if first == last else f"{as_year(first)}–{as_year(last)}"


def shortfalls(book: Book) -> Grid:
    """Loss and shortfall by scenario, without the plan and with it."""
    rows = totals(book)
    elements = [
        e
        for e in book.elements
        if rows.loc[rows["element"] == e, ["tonnes", *([WITHOUT] if book.compared else [])]].to_numpy().sum() > 0
    ]
    short = rows.set_index(["scenario", "element"])
    before = book.without.get("scenario_loss_musd", {})

    def pair(w: str, e: str) -> str:
        after = number(float(short["tonnes"].get((w, e), 0.0)))
        return f"{number(float(short[WITHOUT].get((w, e), 0.0)))} → {after}" if book.compared else after

    cells = [
        [
            book.names.scenario(w),
            percent(book.weights.get(w)),
            *([number(before[w])] if before else []),
            number(book.summary["scenario_loss_musd"][w]),
            *(pair(w, e) for e in elements),
        ]
        for w in book.by_loss
    ]
    columns = [
        *texts("scenario"),
        Column("probability"),
        *([Column("loss without a plan", "MUSD")] if before else []),
        Column("loss with the plan", "MUSD"),
        *(Column(book.names.element(e), "t short") for e in elements),
    ]
    note = "Shortfall: total over the horizon" + (", without a plan → with it." if book.compared else ".")
    return Grid("Loss and shortfall by scenario", columns, cells, note=note)


def capacities(book: Book) -> Grid:
    """Usable capacity and its use by stage, country and year."""
    cells, marks = [], []
    for stage, kind in capacity_groups(book):
        rows = capacity(book, (stage, kind))
        sums = book.expected(rows, ["country", "year"], ["existing_tpa", "new_tpa", "throughput_t"])
        sums["tpa"] = sums["existing_tpa"] + sums["new_tpa"]
        cells.append([f"{STAGES_MANY[stage]}, {UNITS[kind]}/y", *("" for _ in book.years)])
        marks.append("group")
        for country, part in sums.groupby("country"):
            at = part.set_index("year")
            cells.append([book.names.country(str(country)), *(_used(at, y) for y in book.years)])
            marks.append("")
    return Grid(
        "Capacity by country and year, with expected use in per cent",
        [*texts("stage and country"), *(Column(str(y)) for y in book.years)],
        cells,
        marks=marks,
        folded=True,
        note="Existing and new capacity before shocks; in brackets the share that is expected to run.",
    )


def _used(at: pd.DataFrame, year: int) -> str:
    if year not in at.index or at.loc[year, "tpa"] <= 0:
        return NOTHING
    row = at.loc[year]
    return f"{number(float(row['tpa']))} ({100 * float(row['throughput_t']) / float(row['tpa']):.0f})"


def teams(book: Book) -> Grid | None:
    """Staff and need by country, skill and year."""
    rows = teams_at_work(staff(book))
    if rows.empty:
        return None
    at = rows.set_index(["country", "skill", "year"])
    pairs = sorted({(c, k) for c, k in zip(rows["country"], rows["skill"], strict=True)})
    cells = [
        [
            book.names.country(c),
            book.names.skill(k),
            *(
                f"{number(float(at.loc[(c, k, y), 'needed']))} / {number(float(at.loc[(c, k, y), 'staff']))}"
                if (c, k, y) in at.index
                else NOTHING
                for y in book.years
            ),
        ]
        for c, k in pairs
    ]
    return Grid(
        "Needed / staff by country, skill and year",
        [*texts("country", "skill"), *(Column(str(y), "persons") for y in book.years)],
        cells,
        folded=True,
        note="Expected over the scenarios. Countries and skills that no plant of the plan needs are left out.",
    )


def team_use(book: Book) -> Grid | None:
    """How fully each team is used, year by year, in the scenario that needs it most."""
    rows = teams_at_work(staff(book))
    if rows.empty:
        return None
    table = rows.pivot_table(index=["skill", "country"], columns="year", values="use", fill_value=0.0).reindex(
        columns=book.years, fill_value=0.0
    )
    cells, marks, tints, last = [], [], [], ""
    for (skill, country), uses in table.iterrows():
        if skill != last:
            cells.append([book.names.skill(skill), *("" for _ in book.years)])
            marks.append("group")
            tints.append([0] * (len(book.years) + 1))
            last = skill
        cells.append([book.names.country(country), *(f"{100 * u:.0f}" if u >= 0.005 else "" for u in uses)])
        marks.append("heat")
        tints.append([0, *(round(10 * u) for u in uses)])
    full = int((table > 0.999).any(axis=1).sum())
    return Grid(
        "Where people are the limit: staff needed as a share of staff there, per cent",
        [*texts("skill and country"), *(Column(str(y)) for y in book.years)],
        cells,
        marks=marks,
        tints=tints,
        note=f"In each year the scenario that needs most. Fully used in some year and scenario: {full} of {count(len(table), 'team')}.",
    )


def paid(book: Book, by: str) -> Grid | None:
    """Expected public money by funder, country or item and year."""
    rows = spent(book, by)
    if rows["amount"].sum() <= 0:
        return None
    table = pivot(rows, book.years)
    given = budgets(book) if by == "funder" else {}
    cells = [
        [
            str(kind),
            *(number(float(v)) for v in values),
            number(float(values.sum())),
            *([number(given.get(str(kind), 0.0))] if given else []),
        ]
        for kind, values in table.iterrows()
    ]
    total = [
        "All",
        *(number(float(v)) for v in table.sum()),
        number(float(table.to_numpy().sum())),
        *([number(sum(given.values()))] if given else []),
    ]
    columns = [
        *texts(by),
        *(Column(str(y)) for y in table.columns),
        Column("sum"),
        *([Column("budget")] if given else []),
    ]
    title = {"funder": "Who pays", "country": "Where it is spent", "item": "What it is spent on"}[by]
    return Grid(
        f"{title}, MUSD by year",
        columns,
        [*cells, total],
        marks=[*("" for _ in cells), "total"],
        folded=by == "country",
        note="Expected over the scenarios, not discounted.",
    )


def who_pays_where(book: Book) -> Grid | None:
    """Expected public money from each funder to each country."""
    rows = book.tables["spending"]
    if rows["expected"].sum() <= 0:
        return None
    table = rows.pivot_table(index="funder", columns="country", values="expected", aggfunc="sum", fill_value=0.0)
    order = [
        f for f in largest_first(rows.rename(columns={"funder": "kind", "expected": "amount"})) if f in table.index
    ]
    cells = [[book.names.party(f), *(number(float(table.loc[f, c])) for c in table.columns)] for f in order]
    return Grid(
        "From whom to where",
        [*texts("funder"), *(Column(book.names.country(c), "MUSD") for c in table.columns)],
        cells,
        folded=True,
    )


def scarce(book: Book) -> Grid | None:
    """What one more unit of each scarce thing is worth."""
    found = limits(book)
    if not found:
        return None
    cells, marks, last = [], [], ""
    for limit in found:
        if limit.kind != last:
            cells.append([limit.kind, "", "", ""])
            marks.append("group")
            last = limit.kind
        cells.append(
            [
                limit.sentence,
                number(limit.musd),
                limit.unit,
                NOTHING if limit.year is None else count(limit.years_binding, "year"),
            ]
        )
        marks.append("")
    return Grid(
        "What one more unit would be worth",
        [*texts("in words"), Column("worth"), *texts("unit"), Column("worth something in")],
        cells,
        marks=marks,
        note="Marginal values: what the next small unit is worth, all else planned anew. They hold on one side only and for small "
        "changes, must not be added up, and the worth of a large change is found by solving again. Of one thing the year is named in which "
        "it is worth most. All of them are in report.xlsx, sheet “shadow prices”.",
    )


def facts(book: Book) -> Grid:
    """The certificate and what the run was made with."""
    s = book.summary
    model, certificate = s.get("model", {}), s.get("certificate", {})
    settings = book.case.model
    rows = [
        ["status", book.status],
        ["case", book.title],
        ["model", str(model.get("name", settings.name))],
        ["goal", settings.objective.goal],
        ["coordination", settings.policy.coordination],
        ["investment", settings.policy.investment],
        ["levers", ", ".join(settings.levers) or "none"],
        ["weight of the tail in the risk", percent(settings.objective.risk_aversion)],
        ["tail", percent(round(1 - settings.objective.tail, 9))],
        [
            "discount rate of costs, of losses",
            f"{percent(settings.discount_rate)}, {percent(settings.risk_discount_rate)}",
        ],
        ["budget carry-over", "yes" if settings.policy.budget_carry_over else "no"],
        ["secondment", percent(settings.policy.secondment_share)],
    ]
    rows += [
        [f"program: {key}", f"{model[key]:,}"]
        for key in ("rows", "columns", "nonzeros", "nodes", "scenarios")
        if key in model
    ]
    rows += [
        [f"certificate: {key.replace('_', ' ')}", f"{value:.1e}"]
        for key, value in certificate.items()
        if value is not None
    ]
    rows += [[f"version: {key}", str(value)] for key, value in s.get("versions", {}).items()]
    rows.append(["inputs, SHA-256", str(s.get("inputs_sha256", book.case.sha256))])
    return Grid(
        "Run facts",
        texts("what", "value"),
        rows,
        note="Residuals and gap are recomputed from the arrays of the program and from the tables; "
        "a plan counts as optimal only if each is at most 1e-6.",
    )
