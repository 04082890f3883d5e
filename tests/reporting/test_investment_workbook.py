"""The workbook of an investment case, computed anew by LibreOffice, and a spreadsheet written independently of it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from planner.explanation.business_case import business_case
from planner.finance.cashflow import cash_flows
from planner.finance.returns import npv
from planner.finance.sensitivity import base_levels
from planner.planning.whole_program import solve_case
from planner.reporting.forms.investment_workbook import write_business_case
from planner.reporting.pages.business_case import statements
from planner.results.business_case import BusinessCase
from planner.results.plan import PlanValues
from tests.cases import MUSD, budget, demand, load_case, long_run, mine, plant, scenarios, smelter
from tests.finance.plants import WHOLE, plain_terms, separation

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
    {
        "contract": "ore",
        "project": "plant",
        "kind": "feed",
        "covers": 0.4,
        "price_usd_per_kg": 1200,
    },
]
COSTS = {
    "max_new_tpa": 20,
    "capex_usd_per_tpa": 2 * MUSD,
    "lead_time_years": 2,
    "variable_opex_usd_per_t": 0.2 * MUSD,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[BusinessCase, PlanValues]:
    """Two plants that sell to each other, with contracts of every kind, tranches of debt of both ranks, a by-product and
    two futures."""
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
            {
                "project": "plant",
                "product": "ndpr",
                "tonnes_per_t": 0.1,
                "variable_opex_usd_per_t": 1000,
            }
        ],
        prices=[
            {"element": "ndpr", "market": "china", "year": y, "price_usd_per_kg": p}
            for y, p in ((2028, 90), (2035, 60))
        ],
        finance=[
            {"item": "life_years", "value": 6, "low": 5, "high": 7},
            {"item": "closure", "value": 0.1},
            {"tranche": "export credit", "item": "debt_share", "value": 0.15},
            {"tranche": "export credit", "item": "debt_rate", "value": 0.04},
            {"tranche": "export credit", "item": "debt_years", "value": 6},
            {"tranche": "export credit", "item": "commitment_fee", "value": 0},
            {"tranche": "mezzanine", "item": "debt_share", "value": 0.1},
            {"tranche": "mezzanine", "item": "upfront_fee", "value": 0.01},
            {"tranche": "mezzanine", "item": "grace_years", "value": 1},
            {"tranche": "mezzanine", "item": "subordinated", "value": 1},
        ],
    )
    plan = solve_case(case, baseline=False)
    return business_case(plan, ("plant", "smelter"), solve=False), plan


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
    found: tuple[BusinessCase, PlanValues], tmp_path: Path
) -> None:
    """As it is, with every instrument typed in; and against a sheet written by hand."""
    one, plan = found
    written = tmp_path / "written.xlsx"
    write_business_case(one, plan.case, written, statements(one, plan.case))
    change(written, tmp_path / "asis.xlsx", {})
    change(written, tmp_path / "typed.xlsx", typed(one))
    by_hand(tmp_path / "hand.xlsx")
    out = computed(tmp_path, *(tmp_path / f"{name}.xlsx" for name in ("asis", "typed", "hand")))
    kept = openpyxl.load_workbook(written, data_only=True)
    assert kept.sheetnames[:3] == ["Answer", "Inputs", "Prices"] and len(kept.sheetnames) == 18
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
    assert "unchanged" in first_sentence(out["asis"])
    assert answer(out["asis"])["NPV of the owners"][3] == pytest.approx(0, abs=1e-6)
    with_all = business_case(plan, ("plant", "smelter"), terms=INSTRUMENTS, solve=False)
    told_typed = answer(out["typed"])["NPV of the owners"]
    for column, sold in enumerate((with_all.planned, with_all.full, with_all.contracted)):
        assert sold is not None
        assert told_typed[column] == pytest.approx(sold.returns.npv_owners, rel=1e-6)
    assert out["typed"]["Checks"]["C3"].value == 0
    hand = separation()
    x = base_levels(hand, plain_terms(**HAND))
    flows = cash_flows(hand, x, WHOLE)
    page = out["hand"].worksheets[0]
    assert page["B1"].value == pytest.approx(
        float(npv(0.1, flows.after_tax / flows.index)), rel=1e-6
    )
    assert page["B2"].value == pytest.approx(float(npv(0.1, flows.owners / flows.index)), rel=1e-6)
    assert page["B3"].value == pytest.approx(float(flows.loan.share), rel=1e-6)
    assert page["B4"].value == pytest.approx(float(flows.loan.cover), rel=1e-6)


@long_run
def test_the_workbook_follows_what_is_chosen_in_it(
    found: tuple[BusinessCase, PlanValues], tmp_path: Path
) -> None:
    """Other ends of ranges, the least grant, and the recommended support switched on."""
    one, plan = found
    written = tmp_path / "written.xlsx"
    write_business_case(one, plan.case, written, statements(one, plan.case))
    grant = next(s.amount for s in one.supports if s.kind == "grant")
    assert grant is not None
    change(
        written, tmp_path / "low.xlsx", {"payable": 2, "delay_years": 3, "life_years": 2, "wacc": 3}
    )
    change(written, tmp_path / "granted.xlsx", {"grant": grant})
    change(
        written,
        tmp_path / "switched.xlsx",
        {"support as recommended in every column: 1 on, 0 off": 1},
    )
    names = ("low", "granted", "switched")
    out = computed(tmp_path, *(tmp_path / f"{name}.xlsx" for name in names))
    assert first_sentence(out["low"]).startswith("4 inputs")
    assert first_sentence(out["granted"]).startswith("1 input")
    terms = {
        n: replace(t, value=t.low if n in ("payable", "life_years") else t.value)
        for n, t in one.terms.items()
    }
    for name in ("delay_years", "wacc"):
        terms[name] = replace(terms[name], value=terms[name].high)
    x = base_levels(one.investment, terms)
    other = cash_flows(one.investment, x, one.full.by_year)
    told_low = answer(out["low"])["NPV after tax"][1]
    assert told_low == pytest.approx(float(npv(x["wacc"], other.after_tax / other.index)), rel=1e-6)
    assert told_low != pytest.approx(one.full.returns.npv_after_tax, rel=1e-3)
    assert answer(out["granted"])["NPV of the owners"][0] == pytest.approx(0, abs=1e-6)
    assert answer(out["switched"])["NPV of the owners"][0] == pytest.approx(0, abs=1e-6)


def first_sentence(book: openpyxl.Workbook) -> str:
    """What the first sheet says of the inputs."""
    return str(book["Answer"]["A2"].value)


INSTRUMENTS = {
    "grant": 0.1,
    "public_loan": 15,
    "floor": 0.8,
    "cfd": 1.05,
    "availability": 1,
    "take_or_pay": 0.5,
    "take_or_pay_price": 0.9,
    "royalty": 0.03,
    "accelerated": 2,
    "tax_credit": 0.1,
    "tax_credit_per_kg": 20,
    "upfront_fee": 0.02,
    "commitment_fee": 0.01,
    "cash_sweep": 0.5,
    "export credit.debt_rate": 0.05,
    "export credit.commitment_fee": 0.01,
    "mezzanine.debt_share": 0.2,
    "mezzanine.upfront_fee": 0.02,
    "mezzanine.grace_years": 2,
}


def typed(found: BusinessCase) -> dict[str, float]:
    """Every instrument, by the label that it has on the sheet of inputs."""
    return {found.terms[name].meaning: value for name, value in INSTRUMENTS.items()}


def answer(book: openpyxl.Workbook) -> dict[str, list[Any]]:
    """The figures of the first sheet, by name."""
    return {
        str(row[0]): [v for v in row[2:] if v is not None]
        for row in book["Answer"].iter_rows(values_only=True)
    }


def change(source: Path, target: Path, inputs: dict[str, float]) -> None:
    """Another workbook with other choices of terms (1 value, 2 low, 3 high), or support entered."""
    book = openpyxl.load_workbook(source)
    labels = {
        "payable": "what a concentrate earns of its oxides",
        "wacc": "weighted cost of capital after tax",
        "delay_years": "delay of output (its years stay)",
        "life_years": "years of output",
    }
    for name, value in inputs.items():
        (row,) = [r for r in book["Inputs"].iter_rows() if r[0].value == labels.get(name, name)]
        row[3 if name in labels else 2].value = value
    book.save(target)


HAND = {
    "inflation": 0.02,
    "working_days": 36.5,
    "closure": 0.05,
    "contingency": 0.1,
    "debt_share": 0.9,
}


def by_hand(path: Path) -> None:
    """The plant of tests.finance.plants with inflation, working capital, closing and contingency, cell by cell."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    real: dict[str, list[float]] = {
        "sales": [0, 0, 24, 48, 48, 0],
        "costs": [0, 0, 11.5, 21, 21, 0],
        "capital": [22, 22, 0, 0, 0, 0],
        "closing": [0, 0, 0, 0, 2.2, 0],
    }
    rows = [
        "index",
        *real,
        "margin",
        "depreciation",
        "profit",
        "loss before",
        "loss used",
        "tax",
        "working",
        "cash",
        "service",
        "debt",
        "interest",
        "tax with debt",
        "loss 2 before",
        "loss 2 used",
        "after",
        "owners",
    ]
    at = {name: n for n, name in enumerate(rows, start=10)}
    page["A5"], page["B5"] = "rate of the loan", "=(1+0.1)*(1+0.02)-1"
    page["A6"], page["B6"] = "bears", f"=NPV(B5,E{at['cash']}:G{at['cash']})/2"
    page["A7"], page["B7"] = "capital then", f"=C{at['capital']}*C10*(1+B5)+D{at['capital']}*D10"
    page["B3"], page["B4"] = "=MIN(0.9,B6/B7)", "=2*B6/(B3*B7)"
    for n, now in enumerate("CDEFGH"):
        last = chr(ord(now) - 1)
        cell = {name: f"{now}{row}" for name, row in at.items()}
        past = {name: f"{last}{row}" for name, row in at.items()}
        first = n == 0
        page[cell["index"]] = f"=1.02^{n}"
        for name, values in real.items():
            page[cell[name]] = values[n]
        page[cell["margin"]] = f"=({cell['sales']}-{cell['costs']})*{cell['index']}"
        whole = f"(C{at['capital']}*C10+D{at['capital']}*D10)"
        page[cell["depreciation"]] = f"={whole}/3" if n in (2, 3, 4) else 0
        spent = f"{cell['closing']}*{cell['index']}"
        page[cell["profit"]] = f"={cell['margin']}-{cell['depreciation']}-{spent}"
        interest = 0 if first else f"={past['debt']}*$B$5"
        page[cell["interest"]] = interest
        for before, used, profit, tax in (
            ("loss before", "loss used", cell["profit"], "tax"),
            (
                "loss 2 before",
                "loss 2 used",
                f"({cell['profit']}-{cell['interest']})",
                "tax with debt",
            ),
        ):
            old = f"({past['profit']}-{past['interest']})" if "2" in before else past["profit"]
            page[cell[before]] = 0 if first else f"={past[before]}-{past[used]}+MAX(0,-{old})"
            page[cell[used]] = f"=MIN({cell[before]},MAX(0,{profit}))"
            page[cell[tax]] = f"=0.25*(MAX(0,{profit})-{cell[used]})"
        page[cell["working"]] = f"={cell['sales']}*{cell['index']}/10"
        more = cell["working"] if first else f"({cell['working']}-{past['working']})"
        page[cell["cash"]] = f"={cell['margin']}-{spent}-{cell['tax']}-{more}"
        page[cell["service"]] = f"={cell['cash']}/2*$B$3*$B$7/$B$6" if n in (2, 3, 4) else 0
        drawn = f"$B$3*{cell['capital']}*{cell['index']}"
        owed = "0" if first else f"{past['debt']}+{cell['interest']}"
        page[cell["debt"]] = f"={owed}+{drawn}-{cell['service']}"
        page[cell["after"]] = f"=({cell['cash']}-{cell['capital']}*{cell['index']})/{cell['index']}"
        saved = f"({cell['tax']}-{cell['tax with debt']}+{drawn}-{cell['service']})"
        page[cell["owners"]] = f"={cell['after']}+{saved}/{cell['index']}"
    page["B1"] = f"=NPV(0.1,C{at['after']}:H{at['after']})"
    page["B2"] = f"=NPV(0.1,C{at['owners']}:H{at['owners']})"
    book.save(path)


def test_ramps_are_flags_of_years(found: tuple[BusinessCase, PlanValues]) -> None:
    """Years on the sheets are those of the tool, to the year after the longest life that a range allows."""
    one, _ = found
    assert one.investment.years == tuple(range(2026, 2026 + 2 + 7 + 4 + 1))
    assert np.count_nonzero(one.full.flows.plants[0].running) == 6
