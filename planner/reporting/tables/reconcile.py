"""From capital and public money to the cost: one table in which the four totals of a plan meet."""

from __future__ import annotations

from dataclasses import dataclass

from planner.reporting.values.money import ITEM_NAMES
from planner.reporting.values.numbers import number, percent
from planner.reporting.values.parts import Column, ReportTable, texts
from planner.reporting.values.provenance import summary_keys, table_rows
from planner.reporting.values.view import EXPECTED, RunView, rows_of
from planner.units import musd, musd_per_tonne

CAPITAL = "capex "
SMALLEST_MUSD = 5e-4


@dataclass
class CostPart:
    """One part of the cost (MUSD, expected): from public budgets and from others, and its present value."""

    name: str
    public: float = 0.0
    others: float = 0.0
    present: float = 0.0

    def add(self, public: float, others: float, discount: float) -> None:
        """Add an amount of one year."""
        self.public += public
        self.others += others
        self.present += discount * (public + others)


def cost_parts(run: RunView) -> list[CostPart]:
    """The parts of the cost; their present values add up to it."""
    return [*_bought(run).values(), *_running(run).values()]


def _bought(run: RunView) -> dict[str, CostPart]:
    """Capital by stage, training, hires and stock: public money as it is paid, and the rest of the capital."""
    discount = run.case.cost_discount
    out = {
        item: CostPart(f"Capital: {name.lower()}" if item.startswith(CAPITAL) else name)
        for item, name in ITEM_NAMES.items()
    }
    for row in rows_of(run.tables["spending"]):
        out.setdefault(row.item, CostPart(row.item)).add(row.expected, 0.0, discount(int(row.year)))
    for row in rows_of(run.tables["investments"]):
        years = run.case.payment_years(row.project, int(row.year))
        private = row.capex_musd * row.probability * (1.0 - run.case.projects[row.project].public_share) / len(years)
        for year in years:
            out[f"{CAPITAL}{row.stage}"].add(0.0, private, discount(year))
    return out


def _running(run: RunView) -> dict[str, CostPart]:
    """Fixed cost of new plants, variable cost of new and of existing plants, and holding of stock. No budget pays."""
    case, discount = run.case, run.case.cost_discount
    fixed, new, old, held = (
        CostPart("Fixed cost of new plants"),
        CostPart("Running of new capacity"),
        CostPart("Running of existing capacity"),
        CostPart("Holding of stock"),
    )
    for row in rows_of(run.tables["investments"]):
        project = case.projects[row.project]
        amount = musd(project.fixed_opex_usd_per_tpa) * row.tpa * row.probability
        for year in range(int(row.year) + project.lead_time_years, case.last_year + 1):
            fixed.add(0.0, amount, discount(year))
    for year, amount, share in _variable(run):
        new.add(0.0, amount * share, discount(year))
        old.add(0.0, amount * (1.0 - share), discount(year))
    goods = run.expected(run.tables["stocks"], ["country", "element", "form", "year"], ["stock_t"])
    prices = {good: musd_per_tonne(row.holding_usd_per_kg_year) for good, row in case.stockpiles.items()}
    for row in rows_of(goods):
        held.add(0.0, prices[row.country, row.element, row.form] * row.stock_t, discount(int(row.year)))
    return {part.name: part for part in (fixed, new, old, held)}


def _variable(run: RunView) -> list[tuple[int, float, float]]:
    """(year, expected variable cost, share of it that new capacity runs up): new and existing capacity of
    one project are used alike."""
    rows = run.tables["capacity"]
    whole = (rows["existing_tpa"] + rows["new_tpa"]).where(lambda tpa: tpa > 0, 1.0)
    rows = rows.assign(by_new=rows["throughput_t"] * rows["new_tpa"] / whole)
    sums = run.expected(rows, ["project", "year"], ["throughput_t", "by_new"])
    out = []
    for row in rows_of(sums):
        cost = musd(run.case.projects[row.project].variable_opex_usd_per_t)
        if cost > 0 and row.throughput_t > 0:
            out.append((int(row.year), cost * row.throughput_t, row.by_new / row.throughput_t))
    return out


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
        [
            *texts("part"),
            Column("public money", "MUSD"),
            Column("paid by others", "MUSD"),
            Column("together", "MUSD"),
            Column("less for being later", "MUSD"),
            Column("present value", "MUSD"),
        ],
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


def _row(part: CostPart) -> list[str]:
    both = part.public + part.others
    later = both - part.present
    return [
        part.name,
        *map(number, (part.public, part.others, both, -later if later > SMALLEST_MUSD else 0.0, part.present)),
    ]


def _sum(name: str, parts: list[CostPart]) -> CostPart:
    return CostPart(name, *(sum(getattr(part, of) for part in parts) for of in ("public", "others", "present")))
