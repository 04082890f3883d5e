"""Seeded cases of any size in the contract's format, so that time can be measured against size.

What they have in common with the real case: imports cover demand by 2 to 3 % in an undisturbed year; scenarios cut them
by supplier, country and element for one to four years, at different times, some with late or broken plants
or more demand; budgets, people and lead times limit what can be done about it. No two scenarios are equal.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.plants import industry
from benchmarks.scenarios import disturbances

Rows = list[dict[str, Any]]
FIRST_YEAR = 2026
# element: heavy, loss and price (USD/kg), demand of all allies (t/y)
ELEMENTS: dict[str, tuple[bool, float, float, float]] = {
    "dy": (True, 22500, 450, 600),
    "tb": (True, 50000, 1800, 120),
    "y": (True, 1500, 25, 1600),
    "gd": (True, 1000, 60, 700),
    "sm": (False, 1200, 20, 500),
    "lu": (True, 9000, 900, 12),
    "ho": (True, 1500, 90, 60),
    "er": (True, 900, 60, 150),
}
TIERS = ((0.15, 0.06), (0.4, 0.4), (0.7, 2.0), (1.0, 6.0))
"""Steps of the loss of dy and tb: up to this share of demand, times the loss of `elements`."""
MODEL = """title = "Generated case"
discount_rate = 0.05
risk_discount_rate = 0.03

[objective]
goal = "risk"
risk_aversion = 0.5
tail = 0.9

[policy]
investment = "{investment}"
"""


@dataclass(frozen=True)
class Size:
    """Size of a case. `lasting` is the share of the cuts of imports that last to the end of the horizon."""

    scenarios: int = 20
    countries: int = 8
    projects: int = 40
    years: int = 15
    elements: int = 5
    stages: int = 3
    lasting: float = 0.4
    investment: str = "committed"
    seed: int = 1

    @property
    def name(self) -> str:
        """Folder name: every parameter that differs from the usual case is in it."""
        parts = [f"s{self.scenarios}", f"c{self.countries}", f"p{self.projects}", f"y{self.years}"]
        usual = Size()
        parts += [
            f"{key}{value}"
            for key, value in asdict(self).items()
            if key not in ("scenarios", "countries", "projects", "years")
            and value != getattr(usual, key)
        ]
        return "-".join(parts)


@dataclass(frozen=True)
class World:
    """What all tables share: ids, and the generator of random numbers."""

    size: Size
    random: np.random.Generator
    countries: tuple[str, ...]
    users: tuple[str, ...]
    elements: tuple[str, ...]
    years: range

    def between(self, low: float, high: float, digits: int = 4) -> float:
        """A uniform number, rounded as a person would."""
        return round(float(self.random.uniform(low, high)), digits)

    def goods(self, country: str) -> list[tuple[str, str, float]]:
        """(element, form, share of the element's demand) that a user country needs."""
        metal = self.size.stages == 3
        return [
            (e, form, share)
            for e in self.elements
            for form, share in (
                (("oxide", 0.15), ("metal", 0.85))
                if metal and e in ("dy", "tb")
                else (("oxide", 1.0),)
            )
            if country in self.users
        ]


def generate(size: Size, folder: Path) -> Path:
    """Write the case to folder/name, the same for the same size and seed, and return that folder."""
    target = folder / size.name
    target.mkdir(parents=True, exist_ok=True)
    for table, rows in tables(size).items():
        if rows:
            with (target / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]), restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    (target / "model.toml").write_text(MODEL.format(investment=size.investment), encoding="utf-8")
    return target


def tables(size: Size) -> dict[str, Rows]:
    """All tables of a case."""
    if (
        not 1 <= size.elements <= len(ELEMENTS)
        or not 2 <= size.stages <= 3
        or size.countries < 2
        or size.years < 6
    ):
        raise ValueError(
            f"no such case: 1..{len(ELEMENTS)} elements, 2 or 3 stages, 2 countries, 6 years at least"
        )
    countries = tuple(f"C{i:02d}" for i in range(size.countries))
    world = World(
        size,
        np.random.default_rng(size.seed),
        countries,
        countries[: max(2, round(0.7 * size.countries))],
        tuple(ELEMENTS)[: size.elements],
        range(FIRST_YEAR, FIRST_YEAR + size.years),
    )
    parts: tuple[Callable[[World], dict[str, Rows]], ...] = (
        _facts,
        _trade,
        industry,
        _money,
        disturbances,
    )
    return {name: rows for part in parts for name, rows in part(world).items()}


def _facts(w: World) -> dict[str, Rows]:
    blocs = ("north", "south", "east")
    return {
        "countries": [
            {"country": c, "bloc": blocs[i % 3], "weight": 1, "cost_index": w.between(0.7, 1.2, 2)}
            for i, c in enumerate(w.countries)
        ],
        "elements": [
            {
                "element": e,
                "name": e.capitalize(),
                "heavy": str(ELEMENTS[e][0]).lower(),
                "loss_usd_per_kg": ELEMENTS[e][1],
                "price_usd_per_kg": ELEMENTS[e][2],
            }
            for e in w.elements
        ],
        "loss_tiers": [
            {
                "element": e,
                "up_to_share": share,
                "loss_usd_per_kg": round(factor * ELEMENTS[e][1], 2),
            }
            for e in w.elements
            if e in ("dy", "tb")
            for share, factor in TIERS
        ],
    }


def _trade(w: World) -> dict[str, Rows]:
    """Demand that grows, imports that just cover it, stockpiles in user countries."""
    out: dict[str, Rows] = {"demand": [], "imports": [], "stockpiles": []}
    weights = dict(zip(w.users, w.random.dirichlet(np.full(len(w.users), 3.0)), strict=True))
    knots = sorted(
        {w.years[0], w.years[len(w.years) // 3], w.years[2 * len(w.years) // 3], w.years[-1]}
    )
    for c in w.users:
        for e, form, share in w.goods(c):
            base, growth = ELEMENTS[e][3] * share * float(weights[c]), w.between(0.005, 0.035)
            margin, first = w.between(1.02, 1.03), w.between(0.6, 0.9, 2)
            for year in knots:
                tonnes = round(base * (1 + growth) ** (year - FIRST_YEAR), 3)
                row = {"country": c, "element": e, "form": form, "year": year}
                out["demand"].append({**row, "tonnes": tonnes})
                for supplier, part in (("chn", first), ("oth", 1 - first)):
                    out["imports"].append(
                        {"supplier": supplier, **row, "tonnes": round(part * margin * tonnes, 3)}
                    )
            if e in ("dy", "tb", "y") and (form == "metal" or w.size.stages == 2 or e == "y"):
                price = ELEMENTS[e][2] * (1.3 if form == "metal" else 1.15)
                out["stockpiles"].append(
                    {
                        "country": c,
                        "element": e,
                        "form": form,
                        "initial_t": round(base * w.between(0.05, 0.15), 3),
                        "max_t": round(base * 0.5, 3),
                        "purchase_usd_per_kg": round(price, 2),
                        "holding_usd_per_kg_year": round(0.02 * price, 3),
                    }
                )
    return out


def _money(w: World) -> dict[str, Rows]:
    """Five to eight funders: one reaches everywhere, the others their own country and some partners."""
    funders = min(8, max(5, w.size.countries - 2))
    total = 6.0 * w.size.projects
    out: dict[str, Rows] = {"funders": [], "budgets": []}
    for i in range(funders):
        home = w.countries[i % len(w.countries)]
        count = int(w.random.integers(1, max(2, len(w.countries) // 2)))
        partners = sorted({home, *w.random.choice(w.countries, count, replace=False).tolist()})
        name = f"fund_{i}"
        out["funders"].append({"funder": name, "countries": "*" if i == 0 else ";".join(partners)})
        share = float(w.random.uniform(0.5, 1.5)) / funders
        for year in w.years:
            early = 0.1 if year == FIRST_YEAR else 1.0 if year < FIRST_YEAR + 6 else 0.5
            out["budgets"].append(
                {"funder": name, "year": year, "musd": round(total * share * early, 2)}
            )
    return out
