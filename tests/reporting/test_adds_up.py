"""Everything adds up: totals are the figures of the summary, and one quantity has one value wherever it is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

import planner
from planner.reporting.chapters import buys, recommendation
from planner.reporting.chapters.money import bridge_table
from planner.reporting.chapters.sharing import table as gets_and_pays
from planner.reporting.forms.workbook import sheets_of
from planner.reporting.pages.run import Report, report_of
from planner.reporting.parts import ReportTable
from planner.reporting.screen import closing_lines
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import money, number
from planner.results.explanation import Explanation
from planner.results.figures.decision import share_rows
from planner.results.plan import Plan
from planner.results.schema import SHARES
from planner.solving.shares import shares, shares_table
from tests.cases import near
from tests.reporting.conftest import read_page


@pytest.fixture(scope="module")
def run(plan: Plan, explanation: Explanation) -> Plan:
    return dataclasses.replace(plan, explanation=explanation)


@pytest.fixture(scope="module")
def made(run: Plan) -> Report:
    return report_of(run)


@pytest.fixture(scope="module")
def tables(made: Report) -> list[ReportTable]:
    """All tables of the page and of the workbook."""
    found = made.chapters
    return [*(table for one in found for table in one.tables), *sheets_of(found)]


def totals(tables: list[ReportTable]) -> dict[tuple[str, str], float]:
    """(title of a table, title of a column) -> its total."""
    return {
        (table.title, column.title): table.sum_of(column.field)
        for table in tables
        for column in table.columns
        if table.sum_row and column.summed
    }


def known(plan: Plan, run: Plan) -> Mapping[tuple[str, str], float]:
    """What totals must be, from the summary and the result tables."""
    s, built = plan.summary, plan.tables["investments"]
    before = s["without_plan"]["expected_loss_musd"]
    return {
        ("What each party pays, and what it gains", "pays"): s["public_spend_musd"],
        ("What each party pays, and what it gains", "budget"): sum(
            r.musd for r in plan.case.tables.budgets
        ),
        ("What each party pays, and what it gains", "expected loss with the plan"): s[
            "expected_loss_musd"
        ],
        ("What each party pays, and what it gains", "loses less"): before - s["expected_loss_musd"],
        ("What is to be built: what is committed first, then the most capital", "capital"): float(
            built["capex_musd"].sum()
        ),
        ("Plants to be built", "capital"): float(built["capex_musd"].sum()),
        ("Loss by scenario", "probability"): 1.0,
        ("Who is short", "loss, expected"): s["expected_loss_musd"],
    }


def test_totals_are_the_figures_of_the_run(
    plan: Plan, run: Plan, tables: list[ReportTable]
) -> None:
    found, wanted = totals(tables), known(plan, run)
    assert set(wanted) <= set(found)
    assert {at: found[at] for at in wanted} == {
        at: pytest.approx(v, rel=1e-6, abs=1e-5) for at, v in wanted.items()
    }


def test_what_a_table_prints_sums_to_what_it_prints_as_total(tables: list[ReportTable]) -> None:
    checked = 0
    for table in tables:
        places = (
            [at for at, column in enumerate(table.heads) if column.summed] if table.sum_row else []
        )
        for at in places:
            cells = [row[at] for row in table.shown]
            if any(mark in cell for mark in "<>%" for cell in cells):
                continue
            values = [
                float(cell.replace(",", "").replace("−", "-")) for cell in cells if cell != "–"
            ]
            # Each is rounded to half of its last digit.
            room = sum(0.5 * 10.0 ** -len(cell.partition(".")[2]) for cell in cells if cell != "–")
            assert sum(values[:-1]) == pytest.approx(values[-1], abs=room + 1e-9), (
                table.title,
                table.heads[at].title,
            )
            checked += 1
    assert checked > 12


def test_one_quantity_has_one_value_everywhere(
    plan: Plan, run: Plan, made: Report, explained: Path
) -> None:
    s, found = plan.summary, run.explanation
    assert found is not None
    nothing = found.alternative("nothing")
    assert nothing is not None
    assert (found.own.cost, found.own.risk) == near((s["cost_musd"], s["risk_musd"]))
    assert (nothing.cost, nothing.risk) == near(
        tuple(s["without_plan"][of] for of in ("cost_musd", "risk_musd"))
    )
    beyond = s["cost_musd"] - s["without_plan"]["cost_musd"]
    assert bridge_table(run).shown[-1][1] == number(beyond)
    assert f"It costs {money(beyond)} more" in buys.gain(run)
    paid = money(s["public_spend_musd"])
    assert f"{paid} of public money" in recommendation.approve(run)
    screen = " ".join(closing_lines(plan))
    assert (
        f"{number(s['without_plan']['risk_musd'])} MUSD without a plan, {number(s['risk_musd'])} with it"
        in screen
    )
    page = read_page((explained / "report.html").read_text(encoding="utf-8")).text
    assert number(s["risk_musd"]) in page and money(beyond) in page and paid in page


def test_charges_sum_to_the_optimum_and_nobody_gains_by_leaving(plan: Plan) -> None:
    found = shares(plan.case)
    assert sum(row.charge for row in found.rows) == pytest.approx(found.optimum, rel=1e-9)
    together = planner.solve(plan.case.changed({"objective.goal": "welfare"}), baseline=False)
    core = together.summary["cost_musd"] + together.summary["risk_musd"]
    assert found.optimum == pytest.approx(core, rel=1e-7)
    run = dataclasses.replace(plan, tables={**plan.tables, SHARES.name: shares_table(found)})
    rows = share_rows(run)
    assert min(row.gain for row in rows) >= -1e-6 * found.optimum
    table = gets_and_pays(run)
    assert table is not None
    assert table.rows[0][0] == names_of(run.case).party(rows[0].party)
    assert table.sum_of("charge") == pytest.approx(found.optimum)
    assert table.sum_of("transfer") == pytest.approx(0, abs=1e-6)
