"""Tables of the page: shortfall, money, what binds, run facts."""

from __future__ import annotations

from planner.reporting.tables.limits import limits
from planner.reporting.values.money import budgets, largest_first, pivot, spent
from planner.reporting.values.numbers import NOTHING, amount, count, number, percent
from planner.reporting.values.parts import Column, ReportTable, texts
from planner.reporting.values.provenance import summary_keys, table_rows
from planner.reporting.values.supply import totals
from planner.reporting.values.view import WITHOUT, RunView


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

    cells = [
        [
            run.names.scenario(w),
            percent(run.weights.get(w)),
            *([number(before[w])] if before else []),
            number(run.summary["scenario_loss_musd"][w]),
            *(pair(w, e) for e in elements),
        ]
        for w in run.by_loss
    ]
    columns = [
        *texts("scenario"),
        Column("probability"),
        *([Column("loss without a plan", "MUSD")] if before else []),
        Column("loss with the plan", "MUSD"),
        *(Column(run.names.element(e), "t short") for e in elements),
    ]
    note = "Shortfall: total over the horizon" + (", without a plan → with it." if run.compared else ".")
    source = f"{summary_keys('scenario_loss_musd', 'without_plan')}; {table_rows('shortfall')}: tonnes, without_plan_t"
    return ReportTable("Loss and shortfall by scenario", columns, cells, note=note, source=source)


def paid(run: RunView, by: str) -> ReportTable | None:
    """Expected public money by funder, country or item and year."""
    rows = spent(run, by)
    if rows["amount"].sum() <= 0:
        return None
    table = pivot(rows, run.years)
    given = budgets(run) if by == "funder" else {}
    cells = [
        [
            str(kind),
            *(amount(float(v)) for v in values),
            amount(float(values.sum())),
            *([number(given.get(str(kind), 0.0))] if given else []),
        ]
        for kind, values in table.iterrows()
    ]
    total = [
        "All",
        *(amount(float(v)) for v in table.sum()),
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
    return ReportTable(
        f"{title}, MUSD by year",
        columns,
        [*cells, total],
        marks=[*("" for _ in cells), "total"],
        folded=by == "country",
        note="Expected over the scenarios, not discounted.",
        source=table_rows("spending") + f": expected, by {by} and year" + ("; inputs/budgets.csv" if given else ""),
    )


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
