"""Every table of a report against the CSV tables of its run, added up here by other means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from planner.reporting.tables import money, plan
from planner.reporting.tables.inputs import input_tables, sureness
from planner.reporting.tables.result_tables import result_sheets
from planner.reporting.values.page_parts import ReportTable
from planner.reporting.values.view import RunView, run_view
from planner.reporting.values.wording import NOTHING, amount, number
from planner.results.plan import PlanValues
from planner.results.schema import RESULT_TABLES
from planner.results.store import read_run, write_run

Csv = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def folder(plan: PlanValues, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("declared") / "run"
    write_run(plan, target, lambda _: None)
    return target


@pytest.fixture(scope="module")
def run(folder: Path) -> RunView:
    return run_view(read_run(folder))


@pytest.fixture(scope="module")
def csv(folder: Path) -> Csv:
    return lambda name: pd.read_csv(folder / "tables" / f"{name}.csv", keep_default_na=False)


def expected(rows: pd.DataFrame, run: RunView, by: list[str], column: str) -> dict[tuple[object, ...], float]:
    """Sums weighted by probability, one row after the other."""
    out: dict[tuple[object, ...], float] = defaultdict(float)
    for row in rows.to_dict("records"):
        out[tuple(row[key] for key in by)] += row[column] * run.case.scenarios[row["scenario"]]
    return out


def test_plants_to_commit(run: RunView, csv: Csv) -> None:
    table, rows = plan.investments(run), csv("investments")
    assert len(table.rows) == len(rows)
    told = {(r[0], r[3], r[4], r[6]) for r in table.shown[:-1]}
    name = {p.project: p.name for p in run.case.tables.projects}
    assert told == {(name[r.project], str(r.year), number(r.tpa), number(r.capex_musd)) for r in rows.itertuples()}
    assert table.shown[-1][6] == number((rows["capex_musd"] * rows["probability"]).sum())


def test_what_is_begun_by_year(run: RunView, csv: Csv) -> None:
    table = plan.begun_by_year(run)
    assert table is not None
    rows = csv("investments")
    for line in table.shown[:-1]:
        begun = rows[rows["year"] == int(line[0])]
        assert line[1] == str(begun["project"].nunique())
        assert line[2] == number((begun["capex_musd"] * begun["probability"]).sum())
    assert table.shown[-1][2] == number((rows["capex_musd"] * rows["probability"]).sum())


def test_people(run: RunView, csv: Csv) -> None:
    table, rows = plan.people(run), csv("training")
    assert table is not None
    assert table.shown[-1][2] == number((rows["intake"] * rows["probability"]).sum())
    assert table.shown[-1][4] == number(sum(expected(csv("workforce"), run, [], "hired").values()))


def test_stock(run: RunView, csv: Csv) -> None:
    table = plan.stocks(run)
    assert table is not None
    bought = expected(csv("stocks"), run, ["element", "form", "country"], "bought_t")
    wanted = {(run.names.element(e), o, run.names.country(c)): number(t) for (e, o, c), t in bought.items() if t > 0.05}
    assert {tuple(r[:3]): r[3] for r in table.shown if r[1]} == wanted


def test_capacity(run: RunView, csv: Csv) -> None:
    table, rows = plan.capacities(run), csv("capacity")
    both = expected(rows.assign(tpa=rows["existing_tpa"] + rows["new_tpa"]), run, ["year"], "tpa")
    for place, year in enumerate(run.years, start=1):
        shown = [r[place].split(" (")[0] for r in table.shown if r[place] not in ("", NOTHING)]
        assert sum(float(t.replace(",", "")) for t in shown) == pytest.approx(both[(year,)], rel=5e-3)


def test_staff(run: RunView, csv: Csv) -> None:
    table = plan.teams(run)
    assert table is not None
    keys = ["country", "skill", "year"]
    needed, staff = (expected(csv("workforce"), run, keys, column) for column in ("needed", "staff"))
    by_name = {(run.names.country(c), run.names.skill(k)): (c, k) for c, k, _ in needed}
    for row in table.shown:
        for year, cell in zip(run.years, row[2:], strict=True):
            at = (*by_name[row[0], row[1]], year)
            assert cell == f"{needed[at]:,.1f} / {staff[at]:,.1f}"


def test_loss_and_shortfall_by_scenario(run: RunView, csv: Csv) -> None:
    table, rows = money.shortfalls(run), csv("shortfall")
    titles = [column.title for column in table.heads]
    for row, scenario in zip(table.shown, run.by_loss, strict=True):
        assert row[titles.index("loss with the plan")] == number(run.summary["scenario_loss_musd"][scenario])
        for element in run.elements:
            of = rows[(rows["scenario"] == scenario) & (rows["element"] == element)]
            if run.names.element(element) in titles:
                told = f"{amount(of['without_plan_t'].sum())} → {amount(of['tonnes'].sum())}"
                assert row[titles.index(run.names.element(element))] == told


@pytest.mark.parametrize("by", ["funder", "country", "item"])
def test_who_pays(run: RunView, csv: Csv, by: str) -> None:
    table, rows = money.paid(run, by), csv("spending")
    assert table is not None
    place = [column.title for column in table.heads].index("sum")
    sums = sorted(amount(v) for v in rows.groupby(by)["expected"].sum())
    assert sorted(row[place] for row in table.shown[:-1]) == sums
    assert table.shown[-1][place] == number(rows["expected"].sum())


def test_from_whom_to_where(run: RunView, csv: Csv) -> None:
    table, rows = money.who_pays_where(run), csv("spending")
    assert table is not None
    sums = rows.groupby(["country", "funder"])["expected"].sum()
    cells = sorted(cell for row in table.shown for cell in row[1:] if cell != "0")
    assert cells == sorted(amount(float(v)) for v in sums if v > 0)


def test_who_is_short(run: RunView, csv: Csv) -> None:
    table = money.who_is_short(run)[0]
    short = expected(csv("shortfall"), run, ["country", "element", "form"], "tonnes")
    wanted = {(run.names.country(c), run.names.element(e), o): amount(t) for (c, e, o), t in short.items() if t > 5e-4}
    place = [column.title for column in table.heads].index("sum")
    assert {tuple(row[:3]): row[place] for row in table.shown[:-1]} == wanted


def test_what_one_more_unit_is_worth(run: RunView, csv: Csv) -> None:
    table, rows = money.scarce(run), csv("shadow_prices")
    assert table is not None
    worths = [row[1] for row in table.shown if row[1]]
    best = rows.groupby("scarce")["musd_per_unit"].max()
    assert {number(v) for v in best if v > 0} <= set(worths) <= {number(v) for v in rows["musd_per_unit"]}


def columns(table: ReportTable) -> dict[str, list[object]]:
    return {column.full: values for column, values in table.sheet_columns}


@pytest.mark.parametrize("name", RESULT_TABLES)
def test_sheets_of_results_hold_the_same_numbers(run: RunView, csv: Csv, name: str) -> None:
    (sheet,) = [s for s in result_sheets(run) if s.sheet == name.replace("_", " ")]
    rows = csv(name)
    assert len(sheet.sheet_columns) == len(rows.columns)
    for declared, (column, values) in zip(RESULT_TABLES[name].columns, sheet.sheet_columns, strict=True):
        assert column.title == declared.heading
        if not declared.is_text:
            assert values == pytest.approx(pd.to_numeric(rows[declared.name]).tolist(), nan_ok=True)


def test_sheets_of_sums(run: RunView, csv: Csv) -> None:
    rows, spent = csv("shortfall"), csv("spending")
    demand = sum(expected(rows, run, [], "demand_t").values())
    assert sum(columns(money.balance_sheet(run))["demand (t)"]) == pytest.approx(demand)  # type: ignore[arg-type]
    for by in ("funder", "item"):
        shown = columns(money.spending_sheet(run, by))
        sums = {heading: sum(values) for heading, values in shown.items() if heading != "year"}  # type: ignore[arg-type]
        assert sorted(sums.values()) == pytest.approx(sorted(spent.groupby(by)["expected"].sum()))
    missing = columns(money.short_sheet(run))["short, expected (t)"]
    assert sum(missing) == pytest.approx(sum(expected(rows, run, [], "tonnes").values()), rel=1e-6)  # type: ignore[arg-type]


def test_inputs(run: RunView, folder: Path) -> None:
    counts = {row[0].replace(" ", "_"): row[2] for row in sureness(run.case).shown}
    for table in input_tables(run.case, run.names):
        name = table.sheet.removeprefix("input ").replace(" ", "_")
        given = pd.read_csv(folder / "inputs" / f"{name}.csv", keep_default_na=False)
        assert len(table.rows) == len(given) and counts[name] == f"{len(given):,}"
        for column, values in table.sheet_columns:
            if column.form.excel and column.title.replace(" ", "_") in given:
                told = pd.to_numeric(given[column.title.replace(" ", "_")].replace("", None)).dropna()
                assert sorted(v for v in values if v is not None) == pytest.approx(sorted(told))
