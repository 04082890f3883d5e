"""A case of another commodity, made from an empty folder: it solves and reports in its own words."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from planner.cli import app
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
    assert f"{number(40)} MUSD without a plan, {number(8)} with it" in shown
    assert "Refining" in shown
    page = read_page((run / "report.html").read_text(encoding="utf-8")).text
    page = page.replace("stage_separation", "")  # the key by which the case names it
    assert "If supply of cobalt from COD is disrupted from 2029 to 2030" in page
    for word in FOREIGN:
        found = re.findall(f".{{0,60}}{word}.{{0,30}}", page + shown, re.IGNORECASE)
        assert not found, "\n".join(found)
