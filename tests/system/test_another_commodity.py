"""A case of another commodity, made from an empty folder: it solves and reports in its own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import InputError
from planner.reporting.words.numbers import number
from tests.reporting.conftest import read_page

# A mine in Canada and a refinery in Finland that can be built; Japan uses 100 t a year, which stop coming in 2029 and 2030.
COBALT = {
    "about": "key,value\ncommodity,cobalt\nstage_separation,refining",
    "countries": "country,name\nCAN,Canada\nFIN,Finland\nJPN,Japan",
    "elements": "element,name,loss_usd_per_kg\nCo,Cobalt,200",
    "demand": "country,element,year,tonnes\nJPN,Co,2027,100",
    "imports": "supplier,country,element,year,tonnes\nCOD,JPN,Co,2027,100",
    "feeds": "feed,element,share\nore,Co,0.01",
    "projects": (
        "project,name,country,stage,basis,existing_tpa,max_new_tpa,capex_usd_per_tpa,lead_time_years,feeds,public_share\n"
        "mine,Voisey,CAN,mine,,10000,,,,ore,\n"
        "works,Kokkola,FIN,separation,contained,,80,20000,1,ore,0"
    ),
    "shocks": "scenario,kind,supplier,start_year,end_year,factor\nbase,import,COD,2029,2030,0",
}
FOREIGN = ("rare earth", "TREO", "oxide", "separation")


def test_a_cobalt_case_from_an_empty_folder_reports_in_its_own_words(tmp_path: Path) -> None:
    """Two years of 100 t at 0.2 MUSD a tonne are 40 MUSD; 80 t/y for 1.6 MUSD leave 20 t in each of the two: 8 MUSD."""
    folder, run = tmp_path / "cobalt", tmp_path / "run"
    folder.mkdir()
    for table, text in COBALT.items():
        (folder / f"{table}.csv").write_text(text + "\n", encoding="utf-8")
    overrides = ["--set", "horizon.last_year=2031", "--set", "objective.goal=welfare"]
    result = CliRunner().invoke(app, ["solve", str(folder), *overrides, "--out", str(run)])
    assert result.exit_code == 0, result.output
    shown = result.output
    risk = next(line for line in shown.splitlines() if line.startswith("Risk"))
    assert risk.split()[-5:-2] == ["MUSD", number(8), number(40)]
    page = read_page((run / "report.html").read_text(encoding="utf-8")).text
    assert "Refining" in page
    page = page.replace("stage_separation", "")  # the key by which the case names it
    assert "cobalt" in page
    for word in FOREIGN:
        found = re.findall(f".{{0,60}}{word}.{{0,30}}", page + shown, re.IGNORECASE)
        assert not found, "\n".join(found)


def test_an_empty_case_says_in_order_what_to_fill_in_and_its_explanations_are_no_rows(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "cobalt"
    made = CliRunner().invoke(app, ["init", "--empty", str(folder)])
    assert made.exit_code == 0, made.output
    assert "fill them in: about, countries, elements, demand, imports, feeds" in made.stdout
    found = CliRunner().invoke(app, ["check", str(folder)])
    assert found.exit_code == 2
    assert "demand.csv: has no rows" in found.stderr
    for table in ("countries", "elements", "demand"):
        _, explanation, *rows = (folder / f"{table}.csv").read_text("utf-8").splitlines()
        assert explanation.startswith("#") or explanation.startswith('"# ')
        assert rows == []
    fill_in(folder, "countries", country="JPN")
    fill_in(folder, "elements", element="Co", loss_usd_per_kg="200")
    fill_in(folder, "demand", country="JPN", element="Co", year="2027", tonnes="100")
    found = CliRunner().invoke(app, ["check", str(folder)])
    assert found.exit_code == 0, found.output
    assert "1 countries, 0 projects" in found.stdout


def test_only_the_line_below_the_header_explains_and_no_id_looks_like_one(tmp_path: Path) -> None:
    """Else a row would be left aside in silence, here or when the case is written and read again."""
    for table, text in COBALT.items():
        more = "\n# 4,Fourth" if table == "countries" else ""
        (tmp_path / f"{table}.csv").write_text(text + more + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"countries.csv:5.*begins with # and a blank"):
        planner.load(tmp_path)


def test_an_empty_case_is_not_written_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    result = CliRunner().invoke(app, ["init", "--empty", str(tmp_path / "here")])
    assert result.exit_code == 2 and "exists" in result.output
    result = CliRunner().invoke(app, ["init", str(tmp_path / "a"), "--empty", str(tmp_path / "b")])
    assert result.exit_code == 2 and not (tmp_path / "b").exists()


def fill_in(folder: Path, table: str, **cells: str) -> None:
    """Add a row to a table as a person does: below what is there."""
    path = folder / f"{table}.csv"
    text = path.read_text("utf-8")
    columns = text.splitlines()[0].split(",")
    path.write_text(text + ",".join(cells.get(name, "") for name in columns) + "\n", "utf-8")
