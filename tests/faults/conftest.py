"""A small valid case that fills every table and every reference, as text."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest

from planner.data.load import checked_case
from planner.data.schema import TABLES
from tests.faults.mutations import Text

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
MORE = {
    "about": "key,value\ntitle,The starter\ncommodity,rare earths\n",
    "uncertainties": "uncertainty,name,table,where,column,low,high\n"
    "use,use of Dy,demand,element=Dy,tonnes,0.8,1.2\n",
    "loss_tiers": "element,country,form,up_to_share,loss_usd_per_kg\n"
    "Dy,,,0.5,20000\nDy,,,1,30000\nTb,JPN,oxide,0.2,50000\nTb,JPN,oxide,1,60000\n",
    "suppliers": "supplier,name\nROW,others\nCHN,China\n",
    "resale": "country,supplier,element,form,share\nUSA,,,,0.1\nUSA,CHN,Dy,oxide,0.2\n",
    "hazards": "hazard,name,kind,supplier,country,element,form,stage,project,each,event,within,probability,first,last,"
    "quarters_low,quarters_high,years_low,years_high,factor_low,factor_high,leak\n"
    "strike,a mine stands still,capacity,,AUS,,,mine,desert_mine,project,,cut,0.2,2028,2030,,,1,2,0,0.5,0\n"
    "late,works are late,delay,,,,,separation,coast_plant,,trouble,,0.2,2028,2030,,,1,2,1,2,0\n"
    "dear,less is used,demand,,JPN,Dy,oxide,,,,trouble,,,,,,,,,0.8,0.9,0\n"
    "ban,no exports,import,CHN,JPN,Dy,oxide,,,,,cut;slip,0.1,2027Q2,2028Q1,2,6,,,0,0.5,0.3\n",
    "draws": "scenario,hazard,subject,start,end,factor\ncut,ban,,2027Q3,2028Q1,0.25\n",
    "owners": "project,owner,status,announced,expected,feed_contract,instrument\n"
    "coast_plant,a firm,building,2028,2030,desert mine,a loan\n",
    "contracts": "contract,project,kind,party,element,covers,tonnes,price_usd_per_kg,price_share,floor_usd_per_kg,"
    "cap_usd_per_kg,upside_from_usd_per_kg,upside_share,upside_most_musd,first_year,last_year,public,real\n"
    "floor,coast_plant,offtake,a state,Dy,0.5,50,,1,300,900,500,0.3,10,2028,2035,true,false\n"
    "ore,coast_plant,feed,a mine,,1,,,0.6,,,,0,,,,false,true\n",
    "prices": "element,form,market,year,future,price_usd_per_kg,low,high,real\n"
    "Dy,oxide,china,2026,,200,150,300,true\nDy,oxide,china,2030,,900,,,false\nndpr,oxide,china,,,75,55,110,true\n",
    "finance": "country,item,value,low,high\nAUS,tax_rate,0.3,0.25,0.3\n,life_years,15,10,20\n",
    "byproducts": "project,product,tonnes_per_t,variable_opex_usd_per_t\ncoast_plant,ndpr,0.2,1000\n",
    "studies": (
        "project,item,element,value\n"
        "coast_plant,npv,,120\ncoast_plant,rate,,0.08\ncoast_plant,price,Dy,300\n"
    ),
    "targets": "target,name,kind,scenario,country,party,element,form,feeds,first_year,last_year,share,"
    "price_usd_per_kg\nserve,,served,,,,,,,,,0.5,\nhome,mined at home,made_share,cut,JPN;USA,,Dy,feed,clay,2027,2030,"
    "0.1,5\n",
    "savings": "project,element,form,tonnes,max_share\nthrift,Dy,oxide,1,0.2\nthrift,Tb,oxide,0.1,0.3\n",
    "availability": "project,year,tonnes\ndesert_mine,2026,1200\ndesert_mine,2031,1000\n",
    "returns": "project,stage,element,feed,share\n,metal,Dy,swarf,0.01\nmetal_works,,Tb,dust,0.01\n",
    "schedule": "project,year,capital_share,output_share,cost_share\n"
    "bay_plant,0,0.5,0,0.1\nbay_plant,1,0.5,0.5,\nbay_plant,2,0.2,1,1\n",
    "recoveries": "project,element,recovery\ncoast_plant,Dy,0.92\ncoast_plant,Tb,0.88\n",
}


def read_text(folder: Path) -> Text:
    """Every table of a case folder as text."""
    return {
        p.stem: list(csv.reader(p.read_text(encoding="utf-8").splitlines()))
        for p in sorted(folder.glob("*.csv"))
    }


def write_text(text: Text, folder: Path) -> Path:
    """Text -> a case folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, grid in text.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(grid)
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Text:
    """The starter with every table, every column and every kind of reference filled."""
    text = filled_starter()
    checked_case(write_text(text, tmp_path_factory.mktemp("base") / "whole"))
    return text


def filled_starter() -> Text:
    """The starter with every table, every column and every kind of reference filled."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "case"
        checked_case(STARTER).write(folder)
        for name, text in MORE.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        filled = read_text(folder)
    fill(filled)
    return filled


def fill(text: Text) -> None:
    """Add columns that the starter leaves out, and rows that use every reference."""
    for table in TABLES:
        grid = text[table.name]
        for column in table.row.columns():
            if column not in grid[0]:
                for row in grid:
                    row.append(column if row is grid[0] else "")

    def add(table: str, **values: str) -> None:
        text[table].append([values.get(column, "") for column in text[table][0]])

    add("feeds", feed="clay", element="Dy", share="0.03")
    add("feeds", feed="swarf", element="Dy", share="1")
    add("feeds", feed="dust", element="Tb", share="1")
    add(
        "projects",
        project="thrift",
        name="Thrift",
        country="JPN",
        stage="saving",
        must_run="true",
        existing_tpa="0",
        max_new_tpa="5",
        basis="treo",
        lead_time_years="1",
        variable_opex_usd_per_t="0",
        public_share="1",
    )
    add(
        "staffing",
        stage="separation",
        project="coast_plant",
        skill="chemist",
        persons_per_ktpa="90",
    )
    add(
        "shocks",
        scenario="slip",
        kind="capacity",
        start_year="2029",
        end_year="2029",
        country="AUS",
        stage="mine",
        project="desert_mine",
        factor="0.9",
    )
    add(
        "shocks",
        scenario="slip",
        kind="demand",
        start_year="2029",
        end_year="2029",
        country="JPN",
        element="Dy",
        form="oxide",
        factor="0.9",
    )
    add(
        "shocks",
        scenario="cut",
        kind="import",
        start_year="2028",
        end_year="2028",
        supplier="CHN",
        country="JPN",
        element="Dy",
        form="oxide",
        factor="0.8",
    )
