"""Every table of a report against the CSV tables of its run, added up here by other means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from planner.reporting.panels import annex, payers, plants
from planner.reporting.panels.inputs import inputs_sheet
from planner.reporting.panels.shortage import by_element
from planner.reporting.parts import ReportTable
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import number
from planner.results.figures.sums import scenarios_by_loss
from planner.results.plan import Plan
from planner.results.store import csv_text, read_run, write_run

Csv = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("declared") / "run"
    write_run(plan, target)
    return target


@pytest.fixture(scope="module")
def run(folder: Path) -> Plan:
    return read_run(folder)


@pytest.fixture(scope="module")
def csv(folder: Path) -> Csv:
    return lambda name: pd.read_csv(folder / "tables" / f"{name}.csv", keep_default_na=False)


def expected(
    rows: pd.DataFrame, run: Plan, by: list[str], column: str
) -> dict[tuple[object, ...], float]:
    """Sums weighted by probability, one row after the other."""
    out: dict[tuple[object, ...], float] = defaultdict(float)
    for row in rows.to_dict("records"):
        out[tuple(row[key] for key in by)] += row[column] * run.case.scenarios[row["scenario"]]
    return out


def test_plants_to_be_built(run: Plan, csv: Csv) -> None:
    table, rows = plants.investments(run), csv("investments")
    assert table is not None
    assert len(table.rows) == rows["project"].nunique()
    fields = [column.field for column in table.heads]
    told = [dict(zip(fields, row, strict=True)) for row in table.shown]
    country = {c.country: c.name for c in run.case.tables.countries}
    name = {p.project: f"{p.name}, {country[p.country]}" for p in run.case.tables.projects}
    wanted = set()
    for project, of in rows.groupby("project"):
        years = ", ".join(str(year) for year in of["year"])
        sums = of[["tpa", "capex_musd"]].sum()
        wanted.add((name[str(project)], years, number(sums["tpa"]), number(sums["capex_musd"])))
    assert {(r["project"], r["years"], r["tpa"], r["capex_musd"]) for r in told[:-1]} == wanted
    assert told[-1]["capex_musd"] == number((rows["capex_musd"] * rows["probability"]).sum())


def test_stock(run: Plan, csv: Csv) -> None:
    table = annex.purchases(run)
    assert table is not None
    bought = expected(csv("stocks"), run, ["element", "form", "country", "year"], "bought_t")
    wanted = {
        (names_of(run.case).element(e), o, names_of(run.case).country(c), str(y)): number(t)
        for (e, o, c, y), t in bought.items()
        if t > 0.05
    }
    assert {tuple(r[:4]): r[4] for r in table.shown if r[1]} == wanted


def test_loss_by_scenario(run: Plan) -> None:
    table = annex.by_scenario(run)
    titles = [column.title for column in table.heads]
    with_plan, before = run.summary["scenario_loss_musd"], run.without["scenario_loss_musd"]
    for row, scenario in zip(table.shown[:-1], scenarios_by_loss(run), strict=True):
        assert row[titles.index("loss with the plan")] == number(with_plan[scenario])
        assert row[titles.index("loss without a plan")] == number(before[scenario])


def test_what_one_more_unit_is_worth(run: Plan, csv: Csv) -> None:
    table, rows = annex.marginal_values(run), csv("shadow_prices")
    assert table is not None
    best = rows[rows["musd_per_unit"] > 0].groupby("scarce")["musd_per_unit"].max()
    shown = table.frame.groupby("scarce")["worth"].max()
    assert shown.to_dict() == pytest.approx(best.rename(index=annex.SCARCE).to_dict())
    assert set(table.frame["worth"]) <= set(rows["musd_per_unit"])


def columns(table: ReportTable) -> dict[str, list[object]]:
    return {column.full: values for column, values in table.sheet_columns}


def test_sheets_of_sums(run: Plan, csv: Csv) -> None:
    rows, spent = csv("shortfall"), csv("spending")
    demand = sum(expected(rows, run, [], "demand_t").values())
    assert sum(columns(by_element(run))["demand (t)"]) == pytest.approx(demand)  # type: ignore[arg-type]
    shown = columns(payers.spending(run))
    for by, word in (("funder", "paid by "), ("item", "for ")):
        sums = [sum(values) for heading, values in shown.items() if heading.startswith(word)]  # type: ignore[arg-type]
        assert sorted(sums) == pytest.approx(sorted(spent.groupby(by)["expected"].sum()))
    missing = columns(annex.by_country(run))["unmet demand, expected (t)"]
    assert sum(missing) == pytest.approx(sum(expected(rows, run, [], "tonnes").values()), rel=1e-6)  # type: ignore[arg-type]


def test_inputs(run: Plan, folder: Path) -> None:
    """Every figure is counted by its confidence, and stands in the sheet at the address by which a change names it."""
    sheet = inputs_sheet(run.case).frame
    values = sheet.set_index("figure")["value"]
    counted = annex.confidence(run).frame["figures"]
    assert counted.sum() == len(sheet)
    demand = pd.read_csv(folder / "inputs" / "demand.csv")
    assert len(sheet[sheet["table"] == "demand"]) == len(demand)
    for row in demand.itertuples():
        address = f"demand.{row.country}.{row.element}.{row.form}.{row.year}.tonnes"
        assert values[address] == row.tonnes
        changed = run.case.changed({address: row.tonnes + 1})
        assert row.tonnes + 1 in {one.tonnes for one in changed.tables.demand}


def test_a_table_is_written_as_pandas_writes_it_but_for_formulas() -> None:
    """Quotes, blanks, quarters, numbers to the last digit; one and one point nought and true of a mixed column."""
    table = pd.DataFrame(
        {
            "country": ["a,b", 'say "so"', "", "two\nlines", "a,b"],
            "quarter": pd.array([1, None, 4, 1, None], dtype="Int64"),
            "tonnes": [0.1 + 0.2, 1e-300, float("nan"), -0.5, 0.1 + 0.2],
            "mixed": [1, 1.0, True, None, "1"],
        }
    )
    assert csv_text(table) == table.to_csv(index=False, lineterminator="\n")
    assert csv_text(pd.DataFrame({"=x": ["=1+1", "'=1"]})) == "'=x\n'=1+1\n''=1\n"
    assert csv_text(table[:0]) == "country,quarter,tonnes,mixed\n"
