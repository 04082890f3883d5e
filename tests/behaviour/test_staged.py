"""Decisions that answer storylines, never single draws.

All cases have 100 t of demand a year and as much on offer, which is cut in some draws; a tonne short costs 1 MUSD, and
100 t of plant, there at once, 50 MUSD. What is decided is found by least cost plus expected loss.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.data.case import Case
from planner.data.decision_tree import decision_tree
from planner.data.scenario_tree import scenario_tree
from planner.results.plan import Plan
from planner.results.reader import read_amounts
from planner.verification.verify import verify
from tests.behaviour.conftest import agreed
from tests.cases import MUSD, Row, budget, imports, load_case, mine, near, plant, shock, total

NEUTRAL = {"objective.goal": "welfare", "objective.risk_aversion": 0.0}
STORYLINES = {"a-1": 0.1, "a-2": 0.4, "b-1": 0.1, "b-2": 0.4}
"""Draws, each called by its storyline: in the first of each, supply is cut in 2027 too."""
CUT_2027 = {"start": 2027, "end": 2027, "supplier": "CHN"}
DRAWN = {**CUT_2027, "hazard": "cut"}
OWN: list[Row] = [shock(w, "import", 0, 2028, 2028, supplier="CHN") for w in ("a-1", "a-2")]
LATE = [*OWN, *(shock(w, "import", 0, **DRAWN) for w in ("a-1", "b-1"))]
SCHOOL: Row = {"programme": "school", "country": "AAA", "skill": "chemist", "duration_years": 1}
SCHOOL |= {"seats": 20, "cost_per_trainee_usd": 1000}
PILE: Row = {"country": "AAA", "element": "Dy", "form": "oxide", "initial_t": 0, "max_t": 30}
PILE |= {"purchase_usd_per_kg": 1}


def case_of(folder: Path, investment: str, shocks: list[Row], **model: Any) -> Case:
    """The case of this page under a policy; `model`: further keys of policy."""
    rows = [{"scenario": w, "storyline": w[0], "probability": p} for w, p in STORYLINES.items()]
    keys = {f"policy.{key}": value for key, value in model.items()}
    return load_case(
        folder / investment,
        NEUTRAL | keys | {"policy.investment": investment},
        scenarios=rows,
        shocks=shocks,
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD / 2)],
        budgets=budget(100, 100, 100),
    )


def solved(case: Case) -> Plan:
    plan = agreed(case)
    assert plan.status == "optimal"
    return plan


def worth(plan: Plan) -> tuple[float, float]:
    """Cost and risk (MUSD)."""
    return plan.summary["cost_musd"], plan.summary["risk_musd"]


@pytest.mark.parametrize(
    ("investment", "cost", "risk"), [("committed", 50, 0), ("staged", 25, 20), ("adaptive", 30, 0)]
)
def test_decisions_answer_what_storylines_reveal(
    tmp_path: Path, investment: str, cost: float, risk: float
) -> None:
    """Committed: in 2027 for all. Adaptive: 2027 in both draws that are cut (10), 2028 in the other draw of a (20).
    Staged cannot tell a cut draw from others in 2027, where 0.2 x 100 are lost: it builds in 2028, in a alone."""
    plan = solved(case_of(tmp_path, investment, LATE))
    assert worth(plan) == near((cost, risk))


def test_what_is_decided_for_a_storyline_stands_once(tmp_path: Path) -> None:
    plan = solved(case_of(tmp_path, "staged", LATE))
    [build] = plan.tables["investments"].itertuples()
    assert (build.year, build.tpa, build.scenarios) == (2028, near(100), "a-1;a-2")
    assert build.probability == near(0.5)
    assert total(plan, "shortfall", "tonnes", scenario="b-1", year=2027) == near(100)


def test_with_equal_storylines_all_draws_decide_alike(tmp_path: Path) -> None:
    """A tenth each in 2027 and 2028: building for all (50) saves no more than 20 + 20, and nobody builds for a draw."""
    drawn = [shock("a-1", "import", 0, **DRAWN), shock("b-1", "import", 0, **DRAWN | {"end": 2028})]
    staged = case_of(tmp_path, "staged", drawn)
    assert worth(solved(staged)) == near((0, 30))
    assert worth(solved(case_of(tmp_path, "adaptive", drawn))) == near((10, 0))
    tree, _ = decision_tree(scenario_tree(staged))
    assert [node.scenarios for node in tree.nodes] == [tuple(STORYLINES)] * 3


def test_a_shock_of_a_storyline_that_nobody_feels_divides_nothing(tmp_path: Path) -> None:
    """Demand of metal, of which there is none, and a factor of 1."""
    unfelt = [
        shock("a-1", "demand", 2, form="metal"),
        shock("a-2", "import", 1, supplier="CHN"),
        shock("b-1", "import", 0, **DRAWN),
    ]
    tree, _ = decision_tree(scenario_tree(case_of(tmp_path, "staged", unfelt)))
    assert len(tree.nodes) == 3


def test_who_shares_a_node_shares_its_decisions(tmp_path: Path) -> None:
    """The cut of 2027 is a's own and was drawn in b-1: the three are one history, and b-2 is of the storyline of b-1."""
    shocks = [shock(w, "import", 0, **CUT_2027) for w in ("a-1", "a-2")]
    shocks += [shock("b-1", "import", 0, **DRAWN)]
    case = case_of(tmp_path, "staged", shocks)
    tree, _ = decision_tree(scenario_tree(case))
    assert [node.scenarios for node in tree.nodes] == [tuple(STORYLINES)] * 3
    alone, _ = decision_tree(scenario_tree(case_of(tmp_path, "staged", shocks[:2])))
    assert [node.scenarios for node in alone.nodes if node.year == 2027] == [
        ("a-1", "a-2"),
        ("b-1", "b-2"),
    ]


@pytest.mark.parametrize(("through", "cost", "risk"), [(2027, 25, 20), (2028, 50, 0)])
def test_decisions_are_one_path_through_a_year(
    tmp_path: Path, through: int, cost: float, risk: float
) -> None:
    case = case_of(tmp_path, "staged", LATE, committed_through=through)
    assert worth(solved(case)) == near((cost, risk))


def test_a_quarter_reveals_what_the_year_begins_with(tmp_path: Path) -> None:
    """A cut from 2028Q2 shows itself after the decisions of 2028: nothing is built then. One from 2028Q1 is seen."""
    for start, nodes in (("2028Q2", 1), ("2028Q1", 2)):
        own = [shock(w, "import", 0, start, "2028Q3", supplier="CHN") for w in ("a-1", "a-2")]
        case = case_of(tmp_path / start, "staged", [*own, shock("b-1", "import", 0, **DRAWN)])
        tree, _ = decision_tree(scenario_tree(case))
        assert len([node for node in tree.nodes if node.year == 2028]) == nodes


def test_the_verifier_sees_a_draw_that_decides_for_itself(tmp_path: Path) -> None:
    adaptive = solved(case_of(tmp_path, "adaptive", LATE))
    staged = case_of(tmp_path, "staged", LATE)
    assert verify(staged, adaptive.tables).violations["table_as_made"] > 0.1
    assert verify(staged, solved(staged).tables).violations.get("table_as_made", 0.0) == 0


@pytest.mark.parametrize(("first", "cell"), [("a", "all"), ("all", "all;b")])
def test_column_scenarios_names_all_in_every_table(tmp_path: Path, first: str, cell: str) -> None:
    """Trainees, stock and payments of 2026 are shared; 2028 builds for one scenario alone, even if it is called `all`."""
    case = load_case(
        tmp_path,
        NEUTRAL | {"policy.investment": "adaptive", "policy.stock": "scheduled"},
        scenarios=[{"scenario": name, "probability": 0.5} for name in (first, "b")],
        shocks=[shock(first, "import", 0, 2028, 2028, supplier="CHN")],
        imports=[imports(150)],
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD / 2)],
        staffing=[{"stage": "separation", "skill": "chemist", "persons_per_ktpa": 100}],
        skills=[{"skill": "chemist", "attrition": 0}],
        workforce=[{"country": "AAA", "skill": "chemist", "initial": 0}],
        training=[SCHOOL],
        stockpiles=[PILE],
        budgets=budget(100, 100, 100),
    )
    plan = solved(case)
    tables = plan.tables
    cells = {name: set(tables[name]["scenarios"]) for name in tables if "scenarios" in tables[name]}
    assert cells == {
        "investments": {first},
        "purchases": {cell},
        "training": {cell},
        "spending": {first, cell},
    }
    assert read_amounts(case, plan.tables) == plan.amounts
