"""Tables of money and shortage: loss, who pays, from capital to cost, who is short, what binds, run facts."""

from __future__ import annotations

import pandas as pd

from planner.reporting.values.page_parts import PAGE, SHARE, YEAR, Column, ReportTable, texts
from planner.reporting.values.plan import SMALLEST_MUSD, CostPart, cost_parts, largest_first, may_pay, pivot, spent
from planner.reporting.values.supply import KEYS, balances, hardest_left, limits, missing, totals
from planner.reporting.values.view import EXPECTED, WITHOUT, RunView, rows_of, summary_keys, table_rows
from planner.reporting.values.wording import NOTHING, amount, count, number, percent


def shortfalls(run: RunView) -> ReportTable:
    """Loss and shortfall by scenario, without the plan and with it."""
    rows = totals(run)
    elements = [
        e
        for e in run.elements
        if rows.loc[rows["element"] == e, ["tonnes", *([WITHOUT] if run.compared else [])]].to_numpy().sum() > 0
    ]
    short = rows.set_index(["scenario", "element"])
    before = run.without.get("scenario_loss_musd", {})

    def pair(w: str, e: str) -> str:
        after = amount(float(short["tonnes"].get((w, e), 0.0)))
        return f"{amount(float(short[WITHOUT].get((w, e), 0.0)))} → {after}" if run.compared else after

    losses = run.summary["scenario_loss_musd"]
    cells = [
        [
            *(run.names.scenario(w), run.weights.get(w)),
            *([before[w]] if before else []),
            *(losses[w], *(pair(w, e) for e in elements)),
        ]
        for w in run.by_loss
    ]
    columns = [
        *texts("scenario"),
        Column("probability", form=SHARE),
        *([Column("loss without a plan", "MUSD")] if before else []),
        Column("loss with the plan", "MUSD"),
        *(Column(run.names.element(e), "t short", only=PAGE) for e in elements),
    ]
    note = "Shortfall: total over the horizon" + (", without a plan → with it." if run.compared else ".")
    source = f"{summary_keys('scenario_loss_musd', 'without_plan')}; {table_rows('shortfall')}: tonnes, without_plan_t"
    return ReportTable(
        "Loss and shortfall by scenario",
        columns,
        cells,
        note=note,
        source=source,
        sheet="loss by scenario",
        meaning="what each scenario costs the users",
    )


EVEN = (
    "Many splits pay for the same plan: this is the most even one, and `may pay` says what each funder pays in others."
)


def paid(run: RunView, by: str) -> ReportTable | None:
    """Expected public money by funder, country or item and year."""
    rows = spent(run, by)
    if rows["amount"].sum() <= 0:
        return None
    table = pivot(rows, run.years)
    given = may_pay(run) if by == "funder" else {}
    # A funder that pays nothing still has a budget.
    table = table.reindex([*table.index, *sorted(given.keys() - set(table.index))], fill_value=0.0)
    cells = [
        [
            str(kind),
            *(amount(float(v)) for v in values),
            amount(float(values.sum())),
            *(_range_and_budget(*given.get(str(kind), (0.0, 0.0, 0.0))) if given else ()),
        ]
        for kind, values in table.iterrows()
    ]
    total = [
        "All",
        *(amount(float(v)) for v in table.sum()),
        number(float(table.to_numpy().sum())),
        *(["", number(sum(budget for budget, _, _ in given.values()))] if given else []),
    ]
    columns = [
        *texts(by),
        *(Column(str(y)) for y in table.columns),
        Column("sum"),
        *([Column("may pay"), Column("budget")] if given else []),
    ]
    title = {"funder": "Who pays", "country": "Where it is spent", "item": "What it is spent on"}[by]
    return ReportTable(
        f"{title}, MUSD by year",
        columns,
        cells,
        total=total,
        folded=by == "country",
        note="Expected over the scenarios, not discounted." + (f" {EVEN}" if given else ""),
        source=table_rows("spending")
        + f": expected, by {by} and year"
        + (f"; {table_rows('payments')}: least_musd, most_musd, budget_musd" if given else ""),
    )


def _range_and_budget(budget: float, least: float, most: float) -> tuple[str, str]:
    return amount(least) if most - least < SMALLEST_MUSD else f"{amount(least)} to {amount(most)}", number(budget)


def who_pays_where(run: RunView) -> ReportTable | None:
    """Expected public money from each funder to each country."""
    rows = run.tables["spending"]
    if rows["expected"].sum() <= 0:
        return None
    sums = rows.groupby(["funder", "country"])["expected"].sum().to_dict()
    places = sorted(rows["country"].unique(), key=run.names.country)
    order = largest_first(rows.rename(columns={"funder": "kind", "expected": "amount"}))
    cells = [[run.names.country(c), *(amount(sums.get((f, c), 0.0)) for f in order)] for c in places]
    return ReportTable(
        "From whom to where",
        [*texts("to"), *(Column(f"from {run.names.party(f)}", "MUSD") for f in order)],
        cells,
        folded=True,
        source=table_rows("spending") + ": expected, by funder and country",
    )


def scarce(run: RunView) -> ReportTable | None:
    """What one more unit of each scarce thing is worth."""
    found = limits(run)
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
    return ReportTable(
        "What one more unit would be worth",
        [*texts("in words"), Column("worth"), *texts("unit"), Column("worth something in")],
        cells,
        marks=marks,
        note="Marginal values: what the next small unit is worth, all else planned anew. They hold on one side only "
        "and for small "
        "changes, must not be added up, and the worth of a large change is found by solving again. Of one thing the "
        "year is named in which "
        "it is worth most. All of them are in report.xlsx, sheet “shadow prices”.",
        source=table_rows("shadow_prices") + ": musd_per_unit",
    )


def facts(run: RunView) -> ReportTable:
    """The certificate and what the run was made with."""
    s = run.summary
    model, certificate = s.get("model", {}), s.get("certificate", {})
    settings = run.case.model
    rows = [
        ["status", run.status],
        ["case", run.title],
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
    rows.append(["inputs, SHA-256", str(s.get("inputs_sha256", run.case.sha256))])
    return ReportTable(
        "Run facts",
        texts("what", "value"),
        rows,
        note="Residuals and gap are recomputed from the arrays of the program and from the tables; "
        "a plan counts as optimal only if each is at most 1e-6.",
        source="summary.json: model, certificate, versions, inputs_sha256; inputs/model.toml",
    )


_COST_COLUMNS = [
    *texts("part"),
    Column("public money", "MUSD"),
    Column("paid by others", "MUSD"),
    Column("together", "MUSD", only=PAGE),
    Column("less for being later", "MUSD", only=PAGE),
    Column("present value", "MUSD"),
]


def cost_sheet(run: RunView) -> ReportTable:
    """The parts of the cost; their present values add up to it, their public money to the plan's."""
    meaning = "from capital and public money to the cost; expected"
    return ReportTable("Cost parts", _COST_COLUMNS, [*map(_row, cost_parts(run))], sheet="cost parts", meaning=meaning)


def from_capital_to_cost(run: RunView) -> ReportTable | None:
    """Capital, public money and cost of the plan in one table."""
    parts = [part for part in cost_parts(run) if part.public + part.others >= SMALLEST_MUSD]
    if not parts:
        return None
    capital = [part for part in parts if part.name.startswith("Capital")]
    rows, marks = [_row(part) for part in capital], ["" for _ in capital]
    if len(capital) > 1:
        rows.append(_row(_sum("All capital", capital)))
        marks.append("total")
    rest = [part for part in parts if part not in capital]
    rows += [*map(_row, rest), _row(_sum("All", parts))]
    marks += [*("" for _ in rest), "total"]
    rate = run.case.model.discount_rate
    return ReportTable(
        "From capital and public money to the cost of the plan",
        _COST_COLUMNS,
        rows,
        marks=marks,
        note=f"Expected over the scenarios. Present value at {percent(rate)} a year. The last column adds up to the "
        "cost of the plan, the first to its public money. Operation and holding are paid by no public budget. What "
        "existing plants cost is counted whether or not there is a plan"
        + (f"; without one {number(run.without['cost_musd'])} MUSD in all." if run.without else "."),
        source=f"{table_rows('spending')}: expected; {table_rows('investments')}: capex_musd, tpa; "
        f"{table_rows('capacity', EXPECTED)}: throughput_t; {table_rows('stocks', EXPECTED)}: stock_t; "
        f"{summary_keys('cost_musd', 'public_spend_musd')}",
    )


def _row(part: CostPart) -> list[str | float]:
    both = part.public + part.others
    later = both - part.present
    return [part.name, part.public, part.others, both, -later if later > SMALLEST_MUSD else 0.0, part.present]


def _sum(name: str, parts: list[CostPart]) -> CostPart:
    return CostPart(name, *(sum(getattr(part, of) for part in parts) for of in ("public", "others", "present")))


MOST_ROWS = 12


def who_is_short(run: RunView) -> list[ReportTable]:
    """Who is short of what in which year: expected, and in the scenario that loses most."""
    if len(run.weights) == 1:
        return _years(run, EXPECTED, "Who is short of what, and when, with the plan", "")
    hardest = hardest_left(run)
    expected = _years(
        run, EXPECTED, "Who is short of what, and when, with the plan, expected", "Expected over the scenarios. "
    )
    title = f"The same in the scenario that loses most: {run.names.scenario(hardest)}"
    return [*expected, *_years(run, hardest, title, f"Probability {percent(run.weights[hardest])}. ")]


def _years(run: RunView, scenario: str, title: str, note: str) -> list[ReportTable]:
    rows = missing(run, scenario)
    if rows.empty:
        return []
    years = sorted({int(y) for y in rows["year"]})
    goods = rows.groupby(KEYS[:3], as_index=False)[["tonnes", "musd", "demand_t"]].sum()
    goods = goods.sort_values(["musd", *KEYS[:3]], ascending=[False, True, True, True])
    at = {(r.country, r.element, r.form, int(r.year)): r.tonnes for r in rows_of(rows)}
    cells = [
        [
            run.names.country(r.country),
            run.names.element(r.element),
            r.form,
            *(amount(at.get((r.country, r.element, r.form, y))) for y in years),
            amount(r.tonnes),
            percent(r.tonnes / r.demand_t) if r.demand_t > 0 else NOTHING,
            amount(r.musd),
        ]
        for r in rows_of(goods)
    ]
    by_year = rows.groupby("year")["musd"].sum()
    total = [
        "Loss, MUSD",
        "",
        "",
        *(number(float(by_year[y])) for y in years),
        "",
        "",
        number(float(goods["musd"].sum())),
    ]
    columns = [
        *texts("country", "element", "form"),
        *(Column(str(y), "t") for y in years),
        Column("sum", "t"),
        Column("share of demand", "of its years short"),
        Column("loss", "MUSD"),
    ]
    return [
        ReportTable(
            title,
            columns,
            cells,
            total=total,
            folded=len(cells) > MOST_ROWS,
            note=f"{note}The costliest first. A dash: nothing is short. In years that are not shown nobody is short.",
            source=table_rows("shortfall", scenario) + ": tonnes, demand_t; loss: times the loss per kg",
        )
    ]


def balance_sheet(run: RunView) -> ReportTable:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = balances(run)
    named = {"demand": "demand", "met": "met with the plan", "met_without": "met without a plan"}
    shown = [column for column in named if column in rows]
    cells = zip(rows["element"].map(run.names.element), rows["year"], *(rows[c] for c in shown), strict=True)
    return ReportTable(
        "Supply and demand",
        [*texts("element"), Column("year", form=YEAR), *(Column(named[column], "t") for column in shown)],
        list(cells),
        sheet="supply and demand",
        meaning="expected demand and what is met of it, by element and year",
    )


def spending_sheet(run: RunView, by: str) -> ReportTable:
    """Expected public money: one row per year, one column per funder or item."""
    rows = spent(run, by)
    table = pivot(rows, run.years).T.reindex(run.years, fill_value=0.0) if len(rows) else pd.DataFrame(index=run.years)
    return ReportTable(
        f"Spending by {by}",
        [Column("year", form=YEAR), *(Column(str(kind), "MUSD") for kind in table.columns)],
        [[year, *values] for year, values in zip(run.years, table.to_numpy().tolist(), strict=True)],
        sheet=f"spending by {by}",
        meaning=f"expected public money by year and {by}",
    )


def short_sheet(run: RunView) -> ReportTable:
    """Who is short of what, and when, with the plan: expected."""
    names = run.names
    return ReportTable(
        "Who is short",
        [
            *texts("country", "element", "form"),
            Column("year", form=YEAR),
            *(Column(f"{what}, expected", unit) for what, unit in (("short", "t"), ("demand", "t"), ("loss", "MUSD"))),
        ],
        [
            [names.country(r.country), names.element(r.element), r.form, r.year, r.tonnes, r.demand_t, r.musd]
            for r in rows_of(missing(run, EXPECTED))
        ],
        sheet="who is short",
        meaning="expected shortfall with the plan by country, element, form and year",
    )
