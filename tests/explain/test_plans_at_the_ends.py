"""What the plan becomes at the ends of unsure inputs: figures by hand and against cases solved by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.data.case import Case
from planner.explanation.claims import uncertain_inputs
from planner.explanation.commitments import is_built
from planner.explanation.explain import explain
from planner.planning import solve_case
from planner.reporting.chapters.why import moved_plans
from planner.reporting.words.names import Names
from planner.results.explanation import Explanation
from planner.results.figures.decided import Build
from planner.results.figures.decision import named
from tests.cases import (
    MUSD,
    budget,
    demand,
    imports,
    load_case,
    mine,
    near,
    plant,
    scenarios,
    shock,
    unsure,
)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """150 t wanted, 100 imported, nothing in 2027 and 2028 of a cut. `cheap` makes 50 t for 1 MUSD per t/y, `dear` 50 t
    for 2; both run at once. 50 t are short in every future, another 100 t after the cut."""
    return load_case(
        tmp_path_factory.mktemp("case"),
        demand=demand(150),
        imports=[imports(100)],
        projects=[
            mine(),
            plant(project="cheap", max_new_tpa=50, capex_usd_per_tpa=MUSD),
            plant(project="dear", max_new_tpa=50, capex_usd_per_tpa=2 * MUSD),
        ],
        budgets=budget(500),
        scenarios=scenarios(calm=0.75, cut=0.25),
        shocks=[shock("cut", "import", 0, 2027, 2028)],
        uncertainties=[unsure("demand", "tonnes", 0.8, 1.2), unsure("budgets", "musd", 0.1, 2)],
    )


@pytest.fixture(scope="module")
def found(case: Case) -> Explanation:
    return explain(solve_case(case, baseline=False), "run", workers=1)


def test_each_end_is_the_cheapest_plan_of_the_case_with_it(case: Case, found: Explanation) -> None:
    assert found.ladder[-1].capital == near({"mine": 0.0, "separation": 150.0, "metal": 0.0})
    inputs = {one.name: one for one in uncertain_inputs(case)}
    ends = [(inputs[lean.input], tried) for lean in found.influences for tried in lean.tried]
    assert len(ends) == 4
    for uncertain, end in ends:
        alone = solve_case(
            uncertain.vary(case, float(end.setting.removeprefix("× "))), baseline=False
        )
        assert (end.objective, end.cost) == near(
            (alone.summary["least_risk_musd"], alone.summary["cost_musd"])
        )
        tpa = alone.summary["new_capacity_tpa"]
        assert end.builds == near({p: tpa[p] for p in sorted(tpa) if is_built(case, p, tpa[p])})
        assert sum(end.capital.values()) == near(alone.tables["investments"]["capex_musd"].sum())


def told(
    found: Explanation, case: Case, given: dict[str, float], *ends: dict[str, float]
) -> list[list[str]]:
    """What enters, leaves and changes size in plans that build these."""
    assert found.decision is not None
    frontier, lean = found.decision.frontier, found.influences[0]
    plans = [
        replace(plan, builds=given) if plan.key == "chosen" else plan for plan in frontier.plans
    ]
    decision = replace(found.decision, frontier=replace(frontier, plans=plans))
    tried = [replace(lean.tried[0], builds=builds) for builds in ends]
    leans = [replace(lean, tried=tried, effect=found.own.objective)] if tried else []
    shown = moved_plans(replace(found, decision=decision, influences=leans), Names(case)).shown
    return [row[-3:] for row in shown]


def test_what_enters_and_leaves_is_named(found: Explanation, case: Case) -> None:
    assert list(named(found.decision.frontier, "chosen").builds) == ["cheap", "dear"]
    given = {"cheap": 50.0}
    changed = [["–", "–", "–"], ["dear, AAA", "cheap, AAA", "–"], ["–", "–", "–"]]
    assert told(found, case, given, {"dear": 50.0}, {"cheap": 40.0}) == changed
    assert told(found, case, given) == []


def test_a_hundredth_of_what_could_be_built_does_not_count(case: Case) -> None:
    build = Build("cheap", 2026, 0.5, ("calm", "cut"), 1.0)
    assert not is_built(case, build.project, build.tpa) and is_built(case, "cheap", 0.6)


def test_a_project_changes_by_a_quarter_of_what_could_be_built(
    found: Explanation, case: Case
) -> None:
    # Of 50 t/y each: 50 -> 38 is less than a quarter, 40 -> 27 is more.
    _, changed = told(found, case, {"cheap": 50.0, "dear": 40.0}, {"cheap": 38.0, "dear": 27.0})
    assert changed == ["–", "–", "dear, AAA: 40.0 → 27.0"]
