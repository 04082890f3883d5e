"""What makes no difference makes none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given

import planner
from planner import Plan
from planner.data.lookups import BASE
from tests.cases import read_rows
from tests.properties.random_cases import Rows, World, few, seeds, world


def texts(plan: Plan) -> dict[str, str]:
    """Result tables as CSV text."""
    return {name: frame.to_csv(index=False) for name, frame in plan.tables.items()}


def close(expected: float) -> Any:
    """Two optima of the same program; with full aversion a third criterion may use up 1e-6 of cost + risk."""
    return pytest.approx(expected, rel=3e-6, abs=1e-5)


def assert_same_optimum(one: World, other: World, **overrides: object) -> None:
    """Least risk without slack, and cost + risk of `welfare`, where no tolerance of one shows in the other."""
    assert other.least_risk(**overrides) == close(one.least_risk(**overrides))
    here, there = (w.figures(objective__goal="welfare", **overrides) for w in (one, other))
    assert there["risk_musd"] + there["cost_musd"] == close(here["risk_musd"] + here["cost_musd"])


@few
@given(seeds)
def test_the_order_of_rows_and_columns_changes_nothing(seed: int) -> None:
    with world(seed) as base:

        def shuffle(rows: Rows) -> Rows:
            columns = list(rows[0]) if rows else []
            base.rng.shuffle(columns)
            return [{c: row[c] for c in columns} for row in base.rng.sample(rows, len(rows))]

        mixed = base.changed(**{path.stem: shuffle for path in base.folder.glob("*.csv")})
        one, other = base.solve(), mixed.solve()
        assert one.case.sha256 == other.case.sha256
        assert texts(one) == texts(other)


# What names what: columns that hold ids, by kind. `funder` may be a country, so the two share a kind.
IDS: dict[str, tuple[str, ...]] = {
    "country": ("country", "countries", "funder"),
    "element": ("element",),
    "feed": ("feed", "feeds"),
    "project": ("project",),
    "ramp": ("ramp",),
    "skill": ("skill",),
    "programme": ("programme",),
    "scenario": ("scenario",),
    "supplier": ("supplier",),
    "bloc": ("bloc",),
}


@few
@given(seeds)
def test_names_do_not_matter(seed: int) -> None:
    with world(seed) as base:
        new: dict[tuple[str, str], str] = {}

        def rename(kind: str, cell: str) -> str:
            if cell in ("", "*", BASE):  # which a case without scenarios has
                return cell
            if ";" in cell:
                return ";".join(rename(kind, part) for part in cell.split(";"))
            return new.setdefault((kind, cell), f"{base.rng.randrange(10**6):06}-{len(new)}")

        kinds = {column: kind for kind, columns in IDS.items() for column in columns}

        def renamed(rows: Rows) -> Rows:
            return [
                {c: rename(kinds[c], cell) if c in kinds else cell for c, cell in row.items()}
                for row in rows
            ]

        assert_same_optimum(
            base, base.changed(**{path.stem: renamed for path in base.folder.glob("*.csv")})
        )


@few
@given(seeds)
def test_a_scenario_split_in_two_halves_changes_nothing(seed: int) -> None:
    with world(seed) as base:
        if not read_rows(base.folder, "scenarios"):
            return
        chosen = base.rng.choice(read_rows(base.folder, "scenarios"))["scenario"]

        def halve(rows: Rows) -> Rows:
            halves = [
                row | {"probability": repr(float(row["probability"]) / 2)}
                for row in rows
                if row["scenario"] == chosen
            ]
            return [
                *(row for row in rows if row["scenario"] != chosen),
                *halves,
                *(half | {"scenario": "twin"} for half in halves),
            ]

        def double(rows: Rows) -> Rows:
            return [
                *rows,
                *(row | {"scenario": "twin"} for row in rows if row["scenario"] == chosen),
            ]

        split = base.changed(scenarios=halve, shocks=double)
        assert split.solve().summary["model"]["nodes"] == base.solve().summary["model"]["nodes"]
        assert_same_optimum(base, split)


def as_workbook(case: World, path: Path) -> None:
    """The tables as sheets, with numbers as numbers, and the model as keys and values."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table in sorted(file.stem for file in case.folder.glob("*.csv")):
        sheet = book.create_sheet(table)
        rows = read_rows(case.folder, table)
        if rows:
            sheet.append(list(rows[0]))
        for row in rows:
            sheet.append([_typed(cell) for cell in row.values()])
    sheet = book.create_sheet("model")
    sheet.append(["key", "value"])
    for section, values in case.model().model_dump(exclude_defaults=True).items():
        pairs = values.items() if isinstance(values, dict) else [("", values)]
        for key, value in pairs:
            text = ";".join(value) if isinstance(value, tuple) else value
            sheet.append([f"{section}.{key}".rstrip("."), text])
    book.save(path)


def _typed(cell: str) -> object:
    try:
        return float(cell)
    except ValueError:
        return cell or None


@few
@given(seeds)
def test_a_workbook_is_the_same_case_as_the_folder(seed: int) -> None:
    with world(seed) as base:
        path = base.folder.parent / "book.xlsx"
        as_workbook(base, path)
        folder, book = planner.load(base.folder, base.model()), planner.load(path)
        assert book.sha256 == folder.sha256
        assert book.tables.rows("projects") == folder.tables.rows("projects")


@few
@given(seeds)
def test_a_case_written_and_read_again_is_the_same_case_with_the_same_plan(seed: int) -> None:
    with world(seed) as base:
        plan = base.solve()
        for name in ("again", "again.xlsx"):
            again = planner.load(plan.case.write(base.folder.parent / name))
            assert again.sha256 == plan.case.sha256
            assert again.model == plan.case.model
        assert texts(planner.solve(again, baseline=False)) == texts(plan)
        with pytest.raises(planner.InputError, match="is there already"):
            plan.case.write(base.folder.parent / "again")
