"""Random scenarios and shocks: overlaps, wildcards, delays, shared beginnings, and shocks that touch nothing."""

from __future__ import annotations

from tests.oracle.random_tables import Draw, Rows

SCOPES = ("supplier", "country", "element", "form", "stage", "project")


class ShockTable:
    """Keeps shock rows distinct (a repeated row is an error in the contract)."""

    def __init__(self, d: Draw) -> None:
        """Nothing drawn yet."""
        self.d = d
        self.rows: dict[tuple[object, ...], Rows] = {}

    def add(self, row: Rows) -> None:
        """Add a row unless its key, wildcards read alike, is there already."""
        scope = tuple("*" if row.get(c) in (None, "*") else row[c] for c in SCOPES)
        key = (row["scenario"], row["kind"], row["start_year"], row["end_year"], *scope)
        self.rows.setdefault(key, row)

    def of(self, scenario: str) -> list[Rows]:
        """Rows of one scenario."""
        return [row for row in self.rows.values() if row["scenario"] == scenario]


def pick(d: Draw, options: list[str], odds: float) -> str | None:
    """One of the options, else a wildcard written `*` or blank."""
    if options and d.chance(odds):
        return d.rng.choice(options)
    return d.rng.choice((None, "*"))


def window(d: Draw) -> tuple[int, int]:
    """Start and end inside the horizon, sometimes reaching past it."""
    start = d.rng.randint(d.first - (1 if d.chance(0.15) else 0), d.last)
    return start, min(start + d.rng.choice((0, 1, 2, 9)), d.last + 1)


def supply_shock(d: Draw, scenario: str) -> Rows:
    """An import, demand or capacity shock."""
    kind = d.rng.choice(("import", "import", "import", "demand", "capacity", "capacity"))
    start, end = window(d)
    row: Rows = {"scenario": scenario, "kind": kind, "start_year": start, "end_year": end}
    if kind == "capacity":
        row["country"] = pick(d, d.countries, 0.3)
        row["stage"] = pick(d, ["mine", "separation", "metal"], 0.4)
        row["project"] = pick(d, list(d.projects), 0.3)
        row["factor"] = d.rng.choice((0, 0.3, 0.5, 0.8))
        return row
    row["country"] = pick(d, d.countries, 0.4)
    row["element"] = pick(d, d.elements, 0.4)
    row["form"] = pick(d, ["oxide", "metal"], 0.2)
    if kind == "import":
        row["supplier"] = pick(d, d.suppliers, 0.5)
        row["factor"] = d.rng.choice((0, 0, 0.2, 0.5))
    else:
        row["factor"] = d.rng.choice((0.6, 1.2, 1.5))
    return row


def delay_shock(d: Draw, scenario: str) -> Rows:
    """A delay of one or two years, aimed at builds that can be due in its window."""
    dues = sorted(
        {
            year
            for p in d.projects.values()
            if p["max_new_tpa"]
            for year in range(
                max(d.first, p["earliest_year"] or d.first) + (p["lead_time_years"] or 0), d.last
            )
        }
    )
    start = d.rng.choice(dues) if dues else d.first
    row: Rows = {
        "scenario": scenario,
        "kind": "delay",
        "start_year": start,
        "factor": d.rng.choice((1, 1, 2)),
    }
    row["end_year"] = start + d.rng.choice((0, 1, 3))
    if d.chance(0.25):
        row["end_year"] = None
    if d.chance(0.2):
        row["start_year"] = None
    row["project"] = pick(d, [name for name, p in d.projects.items() if p["max_new_tpa"]], 0.4)
    if row["project"] in (None, "*"):
        row["stage"] = pick(d, ["mine", "separation", "metal"], 0.4)
        row["country"] = pick(d, d.countries, 0.2)
    return row


def harmless_shock(d: Draw, scenario: str) -> Rows:
    """A shock that the case cannot feel: factor 1, no delay, or outside the horizon."""
    row = supply_shock(d, scenario)
    kind = d.rng.choice(("one", "late", "no delay"))
    if kind == "one":
        row["factor"] = 1
    elif kind == "late":
        row["start_year"], row["end_year"] = d.last + 1, d.last + 2
    else:
        row = {**delay_shock(d, scenario), "factor": 0}
    return row


def overlap(d: Draw, table: ShockTable, scenario: str) -> None:
    """Repeat a shock with another end or wider scope, so that factors multiply and delays add up."""
    rows = table.of(scenario)
    if not rows:
        return
    row = dict(d.rng.choice(rows))
    if row["end_year"] is not None and d.chance(0.5):
        row["end_year"] += 1
    else:
        row["country"] = row["project"] = None
    table.add(row)


def draw_scenarios(d: Draw) -> None:
    """One to four scenarios; later ones may begin as an earlier one and then go further."""
    count = d.rng.choice((1, 2, 3, 3, 4))
    if count == 1 and d.chance(0.5):
        names = ["base"]  # "No table: one scenario `base`"
    else:
        names = ["calm", "cut", "storm", "drought"][:count]
        weights = [d.rng.randint(1, 9) for _ in names]
        odds = [round(weight / sum(weights), 3) for weight in weights]
        odds[-1] = round(1 - sum(odds[:-1]), 3)
        for name, chance in zip(names, odds, strict=True):
            d.put(
                "scenarios", {"scenario": name, "name": f"Scenario {name}", "probability": chance}
            )
    table = ShockTable(d)
    delays = d.chance(0.6)
    for place, name in enumerate(names):
        if place == 0 and (count > 1 or d.chance(0.5)):
            continue
        if place >= 2 and d.chance(0.5):
            for row in table.of(d.rng.choice(names[1:place])):
                table.add({**row, "scenario": name})
        for _ in range(d.rng.choice((1, 2, 3))):
            table.add(supply_shock(d, name))
        if delays:
            for _ in range(d.rng.choice((1, 1, 2))):
                table.add(delay_shock(d, name))
        if d.chance(0.35):
            overlap(d, table, name)
    if d.chance(0.3):
        table.add(harmless_shock(d, d.rng.choice(names)))
    for row in table.rows.values():
        d.put("shocks", row)
