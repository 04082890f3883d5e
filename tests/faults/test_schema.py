"""The declarations for other programs: JSON Schema, and a workbook that gives back its tables."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import openpyxl
import pytest
from typer.testing import CliRunner, Result

import planner
from docs.model_keys import model_schema
from planner.cli import app
from planner.data.export import write_workbook
from planner.data.load import checked_case
from planner.data.schema import TABLES
from tests.cases import LONG, stored
from tests.faults.conftest import STARTER

MODELS = STARTER.parents[1] / "models"


def run(command: str, *arguments: object) -> Result:
    """A command, as a user types it."""
    return CliRunner().invoke(app, [command, *map(str, arguments)])


def test_the_schema_of_the_model_file_accepts_every_shipped_model_and_refuses_a_misspelt_key() -> (
    None
):
    found = model_schema()
    jsonschema.Draft202012Validator.check_schema(found)
    for path in MODELS.glob("*.toml"):
        jsonschema.validate(tomllib.loads(path.read_text()), found)
    for wrong in (
        {"objectiv": {}},
        {"objective": {"tail": 1.0}},
        {"policy": {"coordination": "alied"}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, found)


@pytest.mark.parametrize("case", ["starter", "allied-2026"])
def test_csv_to_workbook_to_csv_is_the_identity(tmp_path: Path, case: str) -> None:
    folder = STARTER.parent / case
    assert run("init", folder, "--to", tmp_path / "direct").exit_code == 0
    assert run("init", folder, "--to", tmp_path / f"{case}.xlsx").exit_code == 0
    assert run("init", tmp_path / f"{case}.xlsx", "--to", tmp_path / "back").exit_code == 0
    names = {path.name for path in (tmp_path / "direct").iterdir()}
    assert names == {path.name for path in (tmp_path / "back").iterdir()}
    for name in names - {"model.toml"}:
        assert (tmp_path / "direct" / name).read_bytes() == (
            tmp_path / "back" / name
        ).read_bytes(), name
    assert planner.load(tmp_path / f"{case}.xlsx").tables == planner.load(folder).tables


def test_a_workbook_holds_the_model_as_it_was_chosen(tmp_path: Path) -> None:
    for model in sorted(MODELS.glob("*.toml")):
        names_countries = model.stem in ("crma", "allied-goals")
        if names_countries and not LONG:
            continue  # they need the real case, whose workbook takes a second
        folder = STARTER.parent / "allied-2026" if names_countries else STARTER
        case = planner.load(folder, model)
        book = tmp_path / f"{model.stem}.xlsx"
        write_workbook(book, case)
        again = planner.load(book)
        assert (again.tables, again.sha256) == (case.tables, case.sha256)
        assert again.model.model_dump() == case.model.model_dump()  # but for the lines of its file
    assert planner.load(tmp_path / "base.xlsx").model.discount_rate > 0


def test_a_workbook_is_a_case_and_its_notes_are_not_read(tmp_path: Path) -> None:
    case, path = planner.load(STARTER), tmp_path / "mine.xlsx"
    write_workbook(path, case)
    assert planner.load(path).sha256 == case.sha256
    book = openpyxl.load_workbook(path)
    filled = [table.name for table in TABLES if case.tables.rows(table.name)]
    assert book.sheetnames == ["notes", *filled, "model"]
    assert (
        "weight of CVaR"
        in {row[0].value: row[2].value for row in book["model"]}["objective.risk_aversion"]
    )
    del book["notes"]
    book.create_sheet("NOTES")["A1"] = "1,5"
    book.save(path)
    assert planner.load(path).sha256 == case.sha256


def test_the_template_explains_each_column_of_every_table_and_is_never_overwritten(
    tmp_path: Path,
) -> None:
    assert run("init", "--to", tmp_path / "t.xlsx").exit_code == 0
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    notes = {(row[0].value, row[1].value): row[2].value for row in book["notes"]}
    assert notes["demand", "form"] == "form: oxide, metal, magnet; blank = oxide"
    assert notes["stockpiles", "max_t"] == "largest stock; blank = no limit, t"
    before = (tmp_path / "t.xlsx").read_bytes()
    assert run("init", "--to", tmp_path / "t.xlsx").exit_code == 2
    assert (tmp_path / "t.xlsx").read_bytes() == before
    assert run("init", "--model", tmp_path / "m.toml", tmp_path / "x").exit_code == 2


def test_a_run_is_replayed_and_what_was_changed_since_is_named(tmp_path: Path) -> None:
    plan = planner.solve(checked_case(STARTER, changes={"policy.coordination": "blocs"}))
    stored(plan, tmp_path / "run")
    same = run("replay", tmp_path / "run")
    assert same.exit_code == 0 and "reproduced" in same.stdout
    table = tmp_path / "run" / "tables" / "shortfall.csv"
    original = table.read_text()
    line = original.splitlines()[40]
    table.write_text(original.replace(line, line.replace(line.split(",")[5], "0.123", 1)))
    changed = run("replay", tmp_path / "run")
    assert (
        changed.exit_code == 2
        and "shortfall.csv:" in changed.stderr
        and "0.123 stored" in changed.stderr
    )
    table.write_text(original)
    summary = tmp_path / "run" / "summary.json"
    values = json.loads(summary.read_text())
    summary.write_text(json.dumps(values | {"risk_musd": values["risk_musd"] * (1 + 1e-7)}))
    assert "summary.json: risk_musd" in run("replay", tmp_path / "run").stderr
    summary.write_text(json.dumps(values | {"versions": values["versions"] | {"highs": "1.0"}}))
    other = run("replay", tmp_path / "run")
    assert (
        other.exit_code == 0
        and f"highs: 1.0 then, {values['versions']['highs']} now" in other.stderr
    )
    summary.write_text(json.dumps(values))
    demand = tmp_path / "run" / "inputs" / "demand.csv"
    demand.write_text(demand.read_text().replace(",100,", ",101,", 1))
    assert "inputs_sha256 differs" in run("replay", tmp_path / "run").stderr
    (tmp_path / "run" / "summary.json").write_text("{}")
    assert run("replay", tmp_path / "run").exit_code == 2
