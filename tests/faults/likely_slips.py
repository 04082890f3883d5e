"""Slips that leave a case valid, by the rule that asks about them, and edits that must stay silent."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.mutations import Text, edit, setter

Change = Callable[[Text], None]


def add(table: str, **values: str) -> Change:
    """A further row; columns that are not given are blank."""

    def change(text: Text) -> None:
        text[table].append([values.get(column, "") for column in text[table][0]])

    return change


def times(table: str, column: str, factor: float, **where: str) -> Change:
    """Figures of a column multiplied, in the rows that `where` names."""

    def change(text: Text) -> None:
        header, *rows = text[table]
        for row in rows:
            if all(row[header.index(name)] == value for name, value in where.items()):
                at = header.index(column)
                row[at] = f"{float(row[at]) * factor:.10g}" if row[at] else ""

    return change


def every(table: str, column: str, value: str) -> Change:
    """One value in all rows of a column."""

    def change(text: Text) -> None:
        at = text[table][0].index(column)
        for row in text[table][1:]:
            row[at] = value

    return change


def both(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(text: Text) -> None:
        for one in changes:
            one(text)

    return change


def renamed(table: str, column: str, before: str, after: str) -> Change:
    """A name written otherwise in a column."""

    def change(text: Text) -> None:
        at = text[table][0].index(column)
        for row in text[table][1:]:
            row[at] = after if row[at] == before else row[at]

    return change


def twin(table: str, key: str, line: int, new: str) -> Change:
    """A row written once more under another id."""

    def change(text: Text) -> None:
        row = list(text[table][line - 1])
        row[text[table][0].index(key)] = new
        text[table].append(row)

    return change


def edit_last(table: str, **values: str) -> Change:
    """Cells of the last row."""

    def change(text: Text) -> None:
        for column, value in values.items():
            text[table][-1][text[table][0].index(column)] = value

    return change


def again(table: str, column: str, other: dict[str, str]) -> Change:
    """Rows once more, under another name in a column."""

    def change(text: Text) -> None:
        header, *rows = text[table]
        at = header.index(column)
        for row in rows:
            if row[at] in other:
                text[table].append([*row[:at], other[row[at]], *row[at + 1 :]])

    return change


def undrawn(text: Text) -> None:
    """Scenarios as somebody wrote them."""
    text.pop("draws")


SLIPS: dict[str, list[tuple[str, Change, str, str]]] = {
    "neutral-factor": [
        ("cuts of nothing", every("shocks", "factor", "1"), "shocks", "factor"),
        (
            "a hazard from 1 to 1",
            edit("hazards", {(2, "factor_low"): "1", (2, "factor_high"): "1"}),
            "hazards",
            "factor_low",
        ),
        ("0 years late", edit("shocks", {(4, "factor"): "0"}), "shocks", "factor"),
    ],
    "leak-without-resale": [
        ("nobody may sell on", every("resale", "share", "0"), "hazards", "leak"),
        (
            "of another form",
            both(every("resale", "form", "metal"), edit("hazards", {(5, "form"): "magnet"})),
            "hazards",
            "leak",
        ),
    ],
    "budget-scale": [
        ("in thousands", times("budgets", "musd", 1000), "budgets", "musd"),
        ("one in yen", times("budgets", "musd", 1500, funder="JPN"), "budgets", "musd"),
    ],
    "zero-figure": [
        (
            "no capital at all",
            both(every("projects", "capex_usd_per_tpa", "0")),
            "projects",
            "capex_usd_per_tpa",
        ),
        ("no weight", edit("countries", {(3, "weight"): "0"}), "countries", "weight"),
        ("no index", every("countries", "cost_index", "0"), "countries", "cost_index"),
        (
            "no loss",
            both(
                lambda text: text.pop("loss_tiers") and None,
                setter("elements", 2, "loss_usd_per_kg", "0"),
            ),
            "elements",
            "loss_usd_per_kg",
        ),
        ("no hazard", edit("hazards", {(2, "probability"): "0"}), "hazards", "probability"),
    ],
    "contract-outside": [
        (
            "over",
            edit("contracts", {(2, "first_year"): "2010", (2, "last_year"): "2020"}),
            "contracts",
            "last_year",
        ),
        (
            "too late",
            edit("contracts", {(2, "first_year"): "2050", (2, "last_year"): ""}),
            "contracts",
            "first_year",
        ),
    ],
    "same-imports-twice": [
        (
            "CN beside CHN",
            both(
                lambda text: text.pop("suppliers") and None,
                again("imports", "supplier", {"CHN": "CN"}),
            ),
            "imports",
            "supplier",
        ),
        (
            "CN beside CHN, and a table that names both",
            both(
                add("suppliers", supplier="CN", name="China"),
                again("imports", "supplier", {"CHN": "CN"}),
            ),
            "imports",
            "supplier",
        ),
    ],
    "other-year": [
        (
            "a cut that ends later",
            both(undrawn, edit("shocks", {(2, "end_year"): "2031"})),
            "shocks",
            "start_year",
        ),
        (
            "one that begins sooner",
            both(undrawn, edit("shocks", {(2, "start_year"): "2028"})),
            "shocks",
            "start_year",
        ),
        (
            "another name",
            both(undrawn, edit("scenarios", {(3, "name"): "Exports stopped in 2026-27"})),
            "shocks",
            "start_year",
        ),
        ("a hazard", edit("hazards", {(2, "name"): "Strikes of 2036"}), "hazards", "first"),
    ],
    "other-edition": [
        ("imports of last year", edit("imports", {(2, "year"): "2025"}), "imports", "year")
    ],
    "same-thing-twice": [
        ("a plant", twin("projects", "project", 3, "coast_again"), "projects", "project"),
        (
            "a plant with another name and other figures",
            both(
                twin("projects", "project", 3, "coast_sep"),
                edit_last("projects", name="Coast separation", capex_usd_per_tpa="190000"),
            ),
            "projects",
            "project",
        ),
        ("a hazard", twin("hazards", "hazard", 2, "strike_again"), "hazards", "hazard"),
    ],
}

HARMLESS: dict[str, Change] = {
    "a budget doubled": times("budgets", "musd", 2),
    "a budget halved": times("budgets", "musd", 0.5),
    "a cut of four fifths": edit("shocks", {(2, "factor"): "0.2"}),
    "a cut of half": edit("shocks", {(2, "factor"): "0.5"}),
    "longer courses": edit("training", {(2, "duration_years"): "4"}),
    "another name": renamed("projects", "name", "Coast separation plant", "Plant on the coast"),
    "a second plant of the kind": both(
        twin("projects", "project", 3, "coast_second"),
        lambda text: text["projects"][-1].__setitem__(1, "Second coast plant"),
    ),
    "dearer": times("projects", "capex_usd_per_tpa", 1.5),
    "cheaper": times("projects", "capex_usd_per_tpa", 0.7),
    "more loss": times("elements", "loss_usd_per_kg", 1.5),
    "a name with a year": both(
        undrawn, edit("scenarios", {(3, "name"): "All exports stopped from 2029"})
    ),
    "a hazard with a year": edit("hazards", {(2, "name"): "Strikes until 2031"}),
    "a longer contract": edit("contracts", {(2, "last_year"): "2034"}),
    "more staff": times("workforce", "initial", 1.5),
    "more use": times("demand", "tonnes", 1.1),
}
