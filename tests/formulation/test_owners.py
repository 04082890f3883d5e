"""Whose rows and columns are: every right-hand side and every upper bound is somebody's, whole."""

from __future__ import annotations

import numpy as np
import pytest

import planner
from planner.formulation.index_sets import Scope
from planner.formulation.owners import owners
from planner.solving.program import Key
from planner.solving.program_writer import program_of
from tests.cases import near
from tests.conftest import MakeCase


def amounts_by_key(case: planner.Case) -> dict[Key, float]:
    """Right-hand sides of rows and upper bounds of columns that are neither 0 nor infinite."""
    program = program_of(case)
    sides = np.where(np.isfinite(program.row_lower), program.row_lower, program.row_upper)
    keys = (*program.rows, *program.columns)
    amounts = np.concatenate([sides, program.upper])
    brought = np.isfinite(amounts) & (amounts != 0)
    return {keys[j]: float(amounts[j]) for j in np.flatnonzero(brought).tolist()}


def test_every_right_hand_side_and_bound_of_the_starter_is_somebodys() -> None:
    case = planner.load("inputs/starter", model="models/base.toml")
    scope = Scope(case)
    keys = amounts_by_key(case)
    assert {name for name, _ in keys} >= {"account", "balance", "hired", "throughput_limit"}
    for name, index in keys:
        shares = owners(scope, name, index)
        assert set(shares) <= set(case.lookups.party.values()), (name, index)
        assert sum(shares.values()) == near(1), (name, index)


def test_funders_own_their_account_by_budget_and_sellers_what_they_sell_on_by_tonnes(
    make_case: MakeCase,
) -> None:
    case = make_case(
        countries="country,name,bloc\nAAA,A,x\nBBB,B,x\nCCC,C,x",
        demand="country,element,year,tonnes\nAAA,Dy,2026,100\nBBB,Dy,2026,100\nCCC,Dy,2026,100",
        stockpiles="country,element,initial_t,purchase_usd_per_kg\nBBB,Dy,0,1",
        imports="supplier,country,element,year,tonnes\nCHN,AAA,Dy,2026,9\nCHN,BBB,Dy,2026,10\nCHN,CCC,Dy,2026,60",
        budgets="funder,year,musd\nAAA,2026,30\nBANK,2026,10",
        funders="funder,party,countries\nAAA,,BBB\nBANK,CCC,BBB",
        scenarios="scenario,name,probability\ncut,cut,1",
        shocks="scenario,kind,start_year,end_year,country,factor,leak\ncut,import,2026,2026,AAA,0,1",
        resale="country,share\nBBB,0.5\nCCC,0.25",
    )
    scope, program = Scope(case), program_of(case)
    [account] = [key for key in program.rows if key[0] == "account"]
    assert owners(scope, *account) == near({"AAA": 0.75, "CCC": 0.25})
    [resale] = [key for key in program.rows if key[0] == "resale"]
    assert owners(scope, *resale) == near({"BBB": 5 / 20, "CCC": 15 / 20})


@pytest.mark.parametrize("name", ["welfare_definition", "cost", "feed_balance"])
def test_sums_are_nobodys(name: str) -> None:
    scope = Scope(planner.load("inputs/starter", model="models/base.toml"))
    assert owners(scope, name, None) == {}
