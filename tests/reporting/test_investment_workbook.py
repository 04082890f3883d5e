"""The workbook of an investment case, computed anew by LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from planner.api.business_case import business_case
from planner.data.investment_tables import Contract
from planner.finance.cashflow import cash_flows
from planner.finance.contracts import Deal
from planner.finance.returns import worth
from planner.planning import solve_case
from planner.reporting.forms.investment_workbook import LENT_BY, write_business_case
from planner.reporting.pages.business_case import statements
from planner.results.business_case import BusinessCase
from planner.results.plan import Plan
from tests.cases import MUSD, budget, demand, load_case, mine, plant, record, scenarios, smelter
from tests.conftest import leave_out_support

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is not installed (apt-get install libreoffice-calc)"
)
CONTRACTS = [
    {
        "contract": "floor",
        "project": "plant",
        "kind": "offtake",
        "element": "Dy",
        "covers": 0.5,
        "floor_usd_per_kg": 6500,
        "upside_from_usd_per_kg": 5900,
        "upside_share": 0.3,
        "upside_most_musd": 0.2,
        "first_year": 2029,
    },
    {
        "contract": "metal",
        "project": "smelter",
        "kind": "offtake",
        "tonnes": 3,
        "price_share": 1.02,
        "cap_usd_per_kg": 6800,
        "real": "true",
    },
    record(contract="ore", project="plant", kind="feed", covers=0.4, price_usd_per_kg=1200),
]
COSTS = {
    "max_new_tpa": 20,
    "capex_usd_per_tpa": 2 * MUSD,
    "lead_time_years": 2,
    "variable_opex_usd_per_t": 0.2 * MUSD,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[BusinessCase, Plan]:
    """Two plants that sell to each other, with contracts of every kind, an overrun facility, a by-product and two
    futures."""
    case = load_case(
        tmp_path_factory.mktemp("case"),
        {"objective.risk_aversion": 0.0},
        elements=[
            {"element": "Dy", "heavy": "true", "loss_usd_per_kg": 20_000, "price_usd_per_kg": 6000}
        ],
        demand=demand(4, 2026, 2030, form="metal"),
        feeds=[{"feed": "ore", "element": "Dy", "share": 0.5}],
        projects=[
            mine(),
            plant(**COSTS, recovery=0.8, ramp="half", fixed_opex_usd_per_tpa=0.1 * MUSD),
            smelter(**{**COSTS, "max_new_tpa": 8, "capex_usd_per_tpa": MUSD}, recovery=0.95),
        ],
        ramps=[
            {"ramp": "half", "year_after_start": year, "share": share}
            for year, share in ((0, 0.5), (1, 1))
        ],
        budgets=budget(60),
        scenarios=scenarios(calm=0.5, glut=0.5),
        contracts=CONTRACTS,
        byproducts=[
            record(project="plant", product="ndpr", tonnes_per_t=0.1, variable_opex_usd_per_t=1000)
        ],
        prices=[
            {"element": "ndpr", "market": "china", "year": y, "price_usd_per_kg": p}
            for y, p in ((2028, 90), (2035, 60))
        ],
        finance=[
            {"item": "life_years", "value": 6, "low": 5, "high": 7},
            {"item": "closure", "value": 0.1},
            {"item": "overrun", "value": 0.1},
        ],
    )
    plan = solve_case(case, baseline=False)
    return business_case(plan, ("plant", "smelter")), plan


def computed(folder: Path, *books: Path) -> dict[str, openpyxl.Workbook]:
    """Workbooks without the values kept in them, as LibreOffice computes them, by name."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run(
        [*command, "--outdir", str(folder / "out"), *map(str, books)],
        capture_output=True,
        timeout=240,
        check=True,
    )
    return {
        book.stem: openpyxl.load_workbook(folder / "out" / book.name, data_only=True)
        for book in books
    }


def test_the_workbook_computes_what_the_tool_does(
    found: tuple[BusinessCase, Plan], tmp_path: Path
) -> None:
    """As it is, with every instrument typed in, and with what is out of range, which fails a check and breaks nothing."""
    one, plan = found
    written = tmp_path / "written.xlsx"
    write_business_case(one, plan.case, written, statements(one, plan.case))
    change(written, tmp_path / "asis.xlsx", {})
    with pytest.MonkeyPatch.context() as patched:
        leave_out_support(patched)
        with_all = business_case(plan, ("plant", "smelter"), terms=INSTRUMENTS)
    change(written, tmp_path / "typed.xlsx", typed(one) | lent(one, with_all))
    change(written, tmp_path / "choice.xlsx", {one.terms["tax_rate"].meaning: 7}, column=3)
    change(written, tmp_path / "life.xlsx", {one.terms["life_years"].meaning: 50})
    change(written, tmp_path / "spare.xlsx", SPARE, sheet="Contracts")
    names = ("asis", "typed", "choice", "life", "spare")
    out = computed(tmp_path, *(tmp_path / f"{name}.xlsx" for name in names))
    assert out["choice"]["Checks"]["C3"].value == 1
    assert out["life"]["Checks"]["C3"].value >= 1
    for name in names:
        assert not errors(out[name]), name
    kept = openpyxl.load_workbook(written, data_only=True)
    assert kept.sheetnames[:3] == ["Answer", "Inputs", "Prices"] and len(kept.sheetnames) == 19
    compared = 0
    for page in kept:
        for cell in (
            cell for row in page.iter_rows() for cell in row if isinstance(cell.value, int | float)
        ):
            again = out["asis"][page.title][cell.coordinate].value
            assert again == pytest.approx(cell.value, rel=1e-6, abs=1e-6), (
                f"{page.title}!{cell.coordinate}"
            )
            compared += 1
    assert compared > 3000 and out["asis"]["Checks"]["C3"].value == 0
    assert "Figures follow the inputs" in out["asis"]["Answer"]["A2"].value
    assert one.supported is not None
    told_supported = answer(out["asis"])["NPV of the owners"][2]
    assert told_supported == pytest.approx(one.supported.returns.npv_owners, abs=1e-9)
    told_typed = answer(out["typed"])["NPV of the owners"]
    for column, sold in enumerate((with_all.planned, with_all.full)):
        assert sold is not None
        assert told_typed[column] == pytest.approx(sold.returns.npv_owners, rel=1e-6)
    assert out["typed"]["Checks"]["C3"].value == out["spare"]["Checks"]["C3"].value == 0
    assert kept.defined_names["in_tax_rate"].attr_text.startswith("'Inputs'!$C$")
    told_spare = answer(out["spare"])["NPV of the owners"]
    for column, sold in enumerate((one.planned, one.full)):
        assert sold is not None
        contract = Contract(contract="spare", kind="offtake", **FILLED_IN)
        deals = (*sold.investment.deals, Deal.of(contract))
        flows = cash_flows(replace(sold.investment, deals=deals), sold.levels, sold.by_year)
        by_hand = float(worth(flows, sold.levels, "owners"))
        assert told_spare[column] == pytest.approx(by_hand, rel=1e-6)
        assert abs(by_hand - sold.returns.npv_owners) > 0.1


def test_the_downside_and_plcr_follow_the_inputs(
    found: tuple[BusinessCase, Plan], tmp_path: Path
) -> None:
    """Every row of the downside, of the case that has debt, on terms that are typed in."""
    _, plan = found
    without = {"equity_rate": 0.0, "overrun": 0.0, "grant": 0.6, "availability": 3.0}
    without |= {"guarantee": 0.7, "public_loan": 2.0, "completion": 0.6}
    stated = business_case(plan, ("plant", "smelter"), terms=without)
    written = tmp_path / "written.xlsx"
    write_business_case(stated, plan.case, written, statements(stated, plan.case))
    asked = {"dscr": 1.6, "overrun": 0.1, "commitment_fee": 0.02}
    change(written, tmp_path / "typed.xlsx", {stated.terms[t].meaning: v for t, v in asked.items()})
    told = answer(computed(tmp_path, tmp_path / "typed.xlsx")["typed"])
    again = dict(business_case(plan, ("plant", "smelter"), terms={**without, **asked}).modes)
    title = stated.told(stated.lent)
    cases = again[title].credit.downsides
    assert len(cases) == 10 and any(one.short for one in cases)
    assert any(one.stood_for for one in cases) and any(one.called for one in cases)
    for one in cases:
        money = [one.npv, one.owners, one.public, one.called, one.stood_for]
        figures = [*money, one.least, one.short]
        assert told[one.what] == pytest.approx(figures, rel=1e-6, abs=1e-6), one.what
    covers = [again[title].credit.plcr for title, _ in stated.modes if title in again]
    assert any(covers)
    for cover, one in zip(covers, told["PLCR of lenders' loan"], strict=False):
        assert one in NO_COVER if cover is None else one == pytest.approx(cover, rel=1e-6)


NO_COVER = ("none", "not applicable")
FILLED_IN: dict[str, Any] = {"element": "Dy", "covers": 0.3, "floor_usd_per_kg": 7000}
SPARE = {"about": 1, "covers": 0.3, "floor usd per kg": 7000}
"""A spare contract that is filled in, by the labels that its terms have."""
INSTRUMENTS = {
    "grant": 0.1,
    "public_loan": 15,
    "floor": 0.8,
    "cfd": 1.05,
    "availability": 1,
    "royalty": 0.03,
    "tax_credit": 0.1,
    "tax_credit_per_kg": 20,
    "upfront_fee": 0.02,
    "commitment_fee": 0.01,
    "overrun": 0.2,
}


def typed(found: BusinessCase) -> dict[str, float]:
    """Every instrument, by the label that it has on the sheet of inputs."""
    return {found.terms[name].meaning: value for name, value in INSTRUMENTS.items()}


def lent(found: BusinessCase, other: BusinessCase) -> dict[str, float]:
    """Terms of the loan that lenders give in another case, by the label under which those of each answer stand."""
    levels = {}
    for title, sold in other.modes:
        for name in LENT_BY:
            own = dict(found.modes)[title].levels[name]
            if own != found.terms[name].value:
                label = f"{found.terms[name].meaning}, as lenders give it: {title}"
                levels[label] = float(sold.levels[name])
    return levels


def answer(book: openpyxl.Workbook) -> dict[str, list[Any]]:
    """The figures of the first sheet, by name."""
    return {
        str(row[0]): [v for v in row[2:] if v is not None]
        for row in book["Answer"].iter_rows(values_only=True)
    }


def errors(book: openpyxl.Workbook) -> list[str]:
    """Cells that show an error."""
    found = []
    for page in book:
        for row in page.iter_rows():
            found += [f"{page.title}!{c.coordinate}" for c in row if str(c.value).startswith("#")]
    return found


def test_formulas_are_short_and_choices_are_validated(
    found: tuple[BusinessCase, Plan], tmp_path: Path
) -> None:
    one, plan = found
    written = tmp_path / "written.xlsx"
    write_business_case(one, plan.case, written, statements(one, plan.case))
    book = openpyxl.load_workbook(written)
    for page in book:
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    assert len(cell.value) <= 250, f"{page.title}!{cell.coordinate}"
    choices = {rule.formula1 for rule in book["Inputs"].data_validations.dataValidation}
    assert choices == {'"1,2,3"'}  # an end of a range
    about = {rule.formula1 for rule in book["Contracts"].data_validations.dataValidation}
    assert about == {'"1,2"'}


def change(
    source: Path, target: Path, inputs: dict[str, float], column: int = 2, sheet: str = "Inputs"
) -> None:
    """Another workbook with values entered on a sheet, by their label; on that of contracts in the first spare one."""
    book = openpyxl.load_workbook(source)
    rows = list(book[sheet].iter_rows())
    if sheet == "Contracts":
        first = next(n for n, r in enumerate(rows) if str(r[0].value).startswith("spare contract"))
        rows = rows[first:]
    for label, value in inputs.items():
        named = [r for r in rows if r[0].value == label]
        assert len(named) == 1 or sheet == "Contracts", label
        named[0][column].value = value
    book.save(target)


def test_ramps_are_flags_of_years(found: tuple[BusinessCase, Plan]) -> None:
    """Years on the sheets are those of the tool, to the year after the longest life that a range allows."""
    one, _ = found
    assert one.investment.years == tuple(range(2026, 2026 + 2 + 7 + 4 + 1))
    assert np.count_nonzero(one.full.flows.plants[0].running) == 6
