"""The state of one draw, small random helpers, and the writing of the tables."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Rows = dict[str, Any]
ELEMENTS = {  # name: heavy, demand t/y, loss USD/kg, share of TREO
    "Dy": (True, (60, 300), (300, 1500), (0.02, 0.08)),
    "Tb": (True, (15, 80), (800, 3000), (0.004, 0.015)),
    "Nd": (False, (150, 700), (50, 250), (0.05, 0.2)),
}
REQUIRED = {
    "countries": "country name",
    "elements": "element name loss_usd_per_kg",
    "loss_tiers": "element up_to_share loss_usd_per_kg",
    "demand": "country element year tonnes",
    "imports": "supplier country element year tonnes",
    "feeds": "feed element share",
    "projects": "project name country stage",
    "recoveries": "project element recovery",
    "ramps": "ramp year_after_start share",
    "schedule": "project year capital_share output_share",
    "skills": "skill name attrition",
    "workforce": "country skill initial",
    "training": "programme country skill duration_years seats cost_per_trainee_usd",
    "staffing": "stage skill persons_per_ktpa",
    "budgets": "funder year musd",
    "funders": "funder countries",
    "scenarios": "scenario name probability",
    "shocks": "scenario kind start_year end_year factor",
    "stockpiles": "country element initial_t purchase_usd_per_kg",
    "resale": "country share",
    "suppliers": "supplier",
    "hazards": "hazard kind probability first last factor_low factor_high",
    "savings": "project element form tonnes",
    "availability": "project year tonnes",
    "returns": "element feed share",
    "targets": "target kind share",
    "draws": "scenario hazard start end factor",
}


class Draw:
    """One random case while it is being drawn."""

    def __init__(self, rng: random.Random, coordination: str, investment: str) -> None:
        """Fix the years: a demand span, and sometimes a horizon that is part of it or reaches past it."""
        self.rng = rng
        self.coordination, self.investment = coordination, investment
        self.tables: dict[str, list[Rows]] = {}
        self.length = rng.choice((3, 4, 5, 5, 6, 6))
        self.first = 2026
        self.last = self.first + self.length - 1
        self.span = (self.first, self.last)
        self.horizon: dict[str, int] = {}
        if rng.random() < 0.3:
            self.draw_horizon()
        self.countries: list[str] = []
        self.elements: list[str] = []
        self.suppliers: list[str] = []
        self.loss: dict[str, float] = {}
        self.shares: dict[str, dict[str, float]] = {}
        self.demand: dict[tuple[str, str, str], float] = {}
        self.projects: dict[str, Rows] = {}
        self.tier_sets: set[tuple[str, str | None, str | None]] = set()

    def draw_horizon(self) -> None:
        """Move an end of the demand span away from the horizon's."""
        early, late = self.rng.choice(((1, 0), (0, 1), (1, 1), (0, 1), (0, -1)))
        self.span = (self.first - early, self.last + late)
        if early:
            self.horizon["first_year"] = self.first
        if late:
            self.horizon["last_year"] = self.last

    @property
    def years(self) -> range:
        """The years of the horizon."""
        return range(self.first, self.last + 1)

    def chance(self, odds: float) -> bool:
        """True with the given odds."""
        return self.rng.random() < odds

    def maybe(self, odds: float, value: Callable[[], Any]) -> Any:
        """A value, or None for a blank cell."""
        return value() if self.chance(odds) else None

    def number(self, value: float) -> float:
        """Four significant digits."""
        return float(f"{value:.4g}")

    def between(self, low: float, high: float) -> float:
        """A uniform number, rounded."""
        return self.number(self.rng.uniform(low, high))

    def one(self, *options: Any) -> Any:
        """One of the options."""
        return self.rng.choice(options)

    def perhaps(self, odds: float, *options: Any) -> Any:
        """One of the options with the given odds, else a blank cell."""
        return self.rng.choice(options) if self.chance(odds) else None

    def perhaps_between(self, odds: float, low: float, high: float) -> float | None:
        """A uniform number, rounded, with the given odds, else a blank cell."""
        return self.between(low, high) if self.chance(odds) else None

    def year(self) -> int:
        """A year of the horizon."""
        return self.rng.randint(self.first, self.last)

    def some_year(self) -> int:
        """A year of the horizon or the one before it."""
        return self.rng.randint(self.first - 1, self.last)

    def form(self, form: str) -> str | None:
        """The form, with the default `oxide` sometimes left blank."""
        return None if form == "oxide" and self.chance(0.5) else form

    def set(self, target: dict[str, Any], key: str, options: Sequence[Any]) -> None:
        """Choose an option; None leaves the key out."""
        value = self.rng.choice(options)
        if value is not None:
            target[key] = value

    def put(self, table: str, row: Rows) -> None:
        """Add a row."""
        self.tables.setdefault(table, []).append(row)

    def series(self, level: float, *, whole_span: bool) -> dict[int, float]:
        """Tonnes for some years of the span: both ends, one year, or a few."""
        begin, end = self.span
        kind = "ends" if whole_span else self.rng.choice(("ends", "ends", "one", "few"))
        years = {"ends": [begin, end], "one": [self.rng.randint(begin, end)]}.get(kind, [])
        if kind == "few":
            years = sorted(self.rng.sample(range(begin, end + 1), min(3, end - begin + 1)))
        return {year: self.number(level * self.rng.uniform(0.7, 1.5)) for year in years}

    def add_import(self, supplier: str, key: tuple[str, str, str], level: float) -> None:
        """One import series; now and then it ends in zero."""
        country, element, form = key
        shown = self.form(form)
        points = self.series(level, whole_span=False)
        if len(points) > 1 and self.chance(0.15):
            points[max(points)] = 0.0
        for year, tonnes in points.items():
            row = {"supplier": supplier, "country": country, "element": element, "form": shown}
            self.put("imports", {**row, "year": year, "tonnes": tonnes})


def cell(value: Any) -> str:
    """A cell; whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def write_tables(folder: Path, d: Draw) -> None:
    """Write the CSV files: unused optional columns mostly left out, order shuffled, notes now and then."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in d.tables.items():
        if not rows:
            continue
        required = REQUIRED[name].split()
        seen = list(dict.fromkeys(column for row in rows for column in row))
        columns = [
            c
            for c in seen
            if c in required or any(r.get(c) is not None for r in rows) or d.chance(0.2)
        ]
        if d.chance(0.2):
            d.rng.shuffle(columns)
        if d.chance(0.1):
            columns.append(d.rng.choice(("notes", "source", "confidence")))
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            for row in rows:
                words = {"notes": "drawn at random", "source": "none", "confidence": "low"}
                writer.writerow([cell(row.get(c, words.get(c))) for c in columns])
