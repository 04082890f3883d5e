"""The real case: its totals, its register of hazards, its base set of futures, and the figures that its pages quote."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

import planner
from planner.data.case import Case
from planner.reporting.run_view import run_view
from planner.results.figures.decision import stock_use
from tests.system.quoted import FIGURES, tables

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "inputs" / "allied-2026"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
FIRST = ROOT / "benchmarks" / "cases" / "allied-2026-first"
MAGNETIC = ("dy", "tb")
DRAWS, SEED = (
    int(n)
    for n in re.findall(
        r"^(?:DRAWS|SEED) \?= (\d+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
)


@pytest.fixture(scope="module")
def register() -> Case:
    return planner.load(FOLDER, model=ROOT / "models" / "base.toml")


def quoted(label: str) -> list[float]:
    """The numbers of the second cell of a row of the page, years in brackets left out."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {label}"))
    text = re.sub(r"\(\d{4}\)|to \d{4}|[A-Z]{3}", "", row.split("|")[2]).replace(",", "")
    return [float(n) for n in re.findall(r"\d+\.?\d*", re.sub(r"(\d) (\d{3})\b", r"\1\2", text))]


def used(
    case: Case, year: int, forms: tuple[str, ...] = ("oxide", "metal", "magnet"), country: str = ""
) -> float:
    return sum(
        tonnes
        for (c, e, f, y), tonnes in case.demand.items()
        if e in MAGNETIC and y == year and f in forms and country in ("", c)
    )


def bought(
    case: Case, year: int, suppliers: tuple[str, ...], form: str, country: str = ""
) -> float:
    return sum(
        tonnes
        for (s, c, e, f, y), tonnes in case.import_limit.items()
        if e in MAGNETIC and y == year and s in suppliers and f == form and country in ("", c)
    )


def capacity(case: Case, stage: str, year: int, basis: str = "") -> float:
    return sum(
        case.existing_tpa(name, year)
        for name, row in case.projects.items()
        if row.stage == stage and basis in ("", row.basis)
    )


def in_feed(case: Case, name: str) -> float:
    return sum(case.feed_shares[case.projects[name].feeds[0]].get(e, 0.0) for e in MAGNETIC)


def test_the_totals_of_the_page_are_those_of_the_tables(register: Case) -> None:
    case = register
    mines = [name for name, row in case.projects.items() if row.stage == "mine"]
    money: dict[int, float] = defaultdict(float)
    for row in case.tables.budgets:
        money[row.year] += row.musd
    stock = {
        form: sum(
            row.initial_t
            for (_, e, f), row in case.stockpiles.items()
            if e in MAGNETIC and f == form
        )
        for form in ("metal", "magnet")
    }
    doors = ("chn_magnet", "chn_goods")
    expected = {
        "allied use of Dy+Tb": [used(case, y) for y in (2026, 2030, 2035, 2040)],
        "of which in magnets": [used(case, y, ("magnet",)) for y in (2026, 2030, 2035, 2040)],
        "Chinese magnets and goods": [
            bought(case, 2026, doors, "magnet", c) / 1.02 / used(case, 2026, ("magnet",), c)
            for c in ("USA", "KOR", "DEU", "JPN")
        ],
        "Chinese metal for allied": [bought(case, y, ("chn",), "metal") for y in (2026, 2030)],
        "Dy+Tb in feed that exists": [
            sum(case.existing_tpa(m, y) * in_feed(case, m) for m in mines)
            for y in (2026, 2027, 2028, 2030, 2038)
        ],
        "Dy+Tb in candidate feed": [
            sum(case.projects[m].max_new_tpa * in_feed(case, m) for m in mines)
        ],
        "separation that exists": [
            capacity(case, "separation", 2030, basis) / 1000 for basis in ("heavy", "treo")
        ],
        "heavy metal capacity": [capacity(case, "metal", y) for y in (2026, 2027, 2028, 2030)],
        "magnet capacity that exists": [capacity(case, "magnet", y) for y in (2026, 2029, 2030)],
        "stock of Dy+Tb today": [stock["metal"], stock["magnet"]],
        "budgets, MUSD": [sum(v for y, v in money.items() if y <= 2030), sum(money.values())],
    }
    for label, values in expected.items():
        rounded = [
            float(f"{v:.2f}") if v < 1 else float(f"{v:.1f}") if v < 40 else float(f"{v:.0f}")
            for v in values
        ]
        assert quoted(label) == rounded, label


def test_undisturbed_nothing_is_short_even_if_nothing_is_built(register: Case) -> None:
    assert not register.tables.shocks
    idle = register.with_model(register.model.model_copy(update={"levers": ()}))
    assert planner.solve(idle, baseline=False).summary["risk_musd"] == 0.0


# Event of the register, picture of the first edition and the year of it in which its depth stands.
PICTURES = {
    "licensing": ("s02_chronic_friction", 2027),
    "twelve_elements": ("s03_twelve_elements", 2027),
    "japan_2029": ("s04_japan_embargo", 2027),
    "japan_eased": ("s05_japan_eased", 2027),
    "acute_stop": ("s06_acute_stop", 2028),
    "usa_denial": ("s08_usa_denial", 2028),
    "eu_retaliation": ("s09_eu_retaliation", 2028),
    "embargo": ("s10_full_embargo", 2029),
    "war": ("s11_taiwan_war", 2029),
    "feed_loss": ("s12_feed_loss", 2028),
    "quota_squeeze": ("s16_slow_squeeze", 2032),
}


def test_the_pictures_of_the_first_edition_are_events_of_the_register(register: Case) -> None:
    """No cut is the opening in which licences widen; denied equipment is the pressure; Kuantan is a loss of plants."""
    with (FIRST / "shocks.csv").open(newline="", encoding="utf-8") as file:
        shocks = [row for row in csv.DictReader(file) if row["kind"] == "import"]
    for event, (scenario, year) in PICTURES.items():
        rows = [
            row for row in register.tables.hazards if row.event == event and row.kind == "import"
        ]
        ours = {
            (r.supplier, r.country, r.element): r.factor_low
            for r in rows
            if r.supplier != "chn_goods"
        }
        theirs = {
            (row["supplier"], row["country"], row["element"]): float(row["factor"])
            for row in shocks
            if row["scenario"] == scenario
            and int(row["start_year"]) <= year <= int(row["end_year"])
        }
        assert ours == theirs, event
    assert {row.event for row in register.tables.hazards} >= {
        "kuantan_loss",
        "plants_pressure",
        "licensing_wider",
    }


def test_every_plant_that_is_not_running_and_every_candidate_has_its_chances(
    register: Case,
) -> None:
    events = {
        e: {r.project for r in register.tables.hazards if r.event == e}
        for e in ("plants_licences", "plants_pressure")
    }
    due = {
        name
        for name, row in register.projects.items()
        if row.max_new_tpa > 0 or (row.online_year or 0) > 2026
    }
    for event, plants in events.items():
        assert due <= plants, (event, due - plants)


def test_danger_may_begin_in_any_year_to_2039(register: Case) -> None:
    opening = [row for row in register.tables.hazards if row.probability and row.kind == "import"]
    for year in range(2027, 2040):
        assert any(
            row.first <= year <= row.last for row in opening if isinstance(row.first, int)
        ), year


def test_the_base_set_is_solved_certified_and_says_what_the_pages_say(register: Case) -> None:
    plan = planner.solve(planner.sample(register, DRAWS, SEED))
    s = plan.summary
    assert plan.status.value == "optimal" and max(s["certificate"].values()) <= 1e-6
    assert s["model"]["nodes"] <= 3 * 52  # live nodes of the first edition
    theirs = json.loads(FIGURES.read_text())["summary"]
    ours = {
        "without_plan_musd": s["without_plan"]["risk_musd"],
        "risk_musd": s["risk_musd"],
        "cost_musd": s["cost_musd"],
        "public_spend_musd": s["public_spend_musd"],
    }
    assert ours == pytest.approx({key: theirs[key] for key in ours}, abs=0.5)
    _no_stock_is_sold_before_a_cut(plan)
    sold = stock_use(run_view(plan))
    assert sold.sold > 100 and sold.sold_without_cut < 1e-6


def _no_stock_is_sold_before_a_cut(plan: planner.Plan) -> None:
    """A future whose next cut is still to come holds Dy and Tb, whatever its tree knows, until the last third."""
    stocks, case = plan.table("stocks"), plan.case
    total = stocks[stocks.element.isin(MAGNETIC)].groupby(["scenario", "year"]).stock_t.sum()
    last_third = case.last_year - len(case.years) // 3
    for scenario in case.scenarios:
        cuts = [
            s
            for s in case.tables.shocks
            if s.scenario == scenario and s.kind == "import" and s.factor < 1
        ]
        later = [int(str(s.start_year)) for s in cuts if int(str(s.start_year)) > 2027]
        calm = min([*later, last_third + 1])
        assert total[scenario, calm - 1] > 1.0, (scenario, calm)


@pytest.mark.parametrize("place", ["README.md", "inputs/allied-2026/README.md"])
def test_the_pages_quote_what_planner_explain_found(place: str) -> None:
    """reports/reference/allied-2026-base.json holds what `make decision` gave."""
    page = (ROOT / place).read_text(encoding="utf-8")
    for table in tables(json.loads(FIGURES.read_text(encoding="utf-8"))).split("\n\n"):
        assert table in page
