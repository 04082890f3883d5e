"""What can wait, and what the plan becomes at the ends: figures by hand and against cases solved by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.data.case import Case
from planner.explanation.claims import uncertain_inputs
from planner.explanation.commitments import Build, is_built
from planner.explanation.explain import explain
from planner.planning.whole_program import solve_case
from planner.reporting.chapters.fund import begun_table
from planner.reporting.chapters.why import commitments, moved_plans
from planner.reporting.run_view import run_view
from planner.reporting.words.names import Names
from planner.results.explanation import Explanation
from planner.results.figures.decision import named, waiting
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
from tests.conftest import MakeCase


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


def test_what_is_short_in_every_future_is_committed_at_once_and_the_rest_waits(
    found: Explanation,
) -> None:
    flexible = found.flexibility
    assert flexible is not None
    cheap, dear = flexible.commitments
    assert (cheap.project, cheap.first_year) == ("cheap", 2026)
    assert (cheap.at_once, cheap.sure, cheap.expected, cheap.most, cheap.probability) == near(
        (50, 50, 50, 50, 1)
    )
    assert (dear.project, dear.first_year) == ("dear", 2027)
    assert (dear.at_once, dear.sure, dear.expected, dear.most, dear.probability) == near(
        (0, 0, 12.5, 50, 0.25)
    )
    assert [c.committed for c in flexible.commitments] == near([50, 50])
    assert [c.capital for c in flexible.commitments] == near([1, 2])


def test_it_is_told(found: Explanation, case: Case) -> None:
    book = run_view(solve_case(case, baseline=False), found)
    assert [c.project for c in waiting(book)] == ["dear"]
    begun = begun_table(book)
    assert begun is not None and begun.shown[0][3:5] == ["2", "1"], (
        "one of two is needed whatever happens"
    )
    table = commitments(found, Names(case))
    assert [row[0] for row in table.shown] == ["cheap, AAA", "dear, AAA"]
    assert [row[-1] for row in table.shown] == ["at once", "can wait"]
    assert [row[-3:-1] for row in table.shown] == [["2026", "2026"], ["2027", "2026"]]


def test_an_adaptive_run_tells_the_same(case: Case, found: Explanation) -> None:
    policy = case.model.policy.model_copy(update={"investment": "adaptive"})
    adaptive = case.with_model(case.model.model_copy(update={"policy": policy}))
    other = explain(solve_case(adaptive, baseline=False), "run", workers=1).flexibility
    assert other is not None and found.flexibility is not None
    for one, two in zip(found.flexibility.commitments, other.commitments, strict=True):
        assert (one.project, one.first_year) == (two.project, two.first_year)
        assert list(vars(one).values())[1:6] == near(list(vars(two).values())[1:6])


def test_one_future_has_nothing_to_answer(make_case: MakeCase) -> None:
    case = make_case(imports=[imports(50)])
    found = explain(solve_case(case, baseline=False), "run", workers=1)
    assert found.flexibility is None
    assert commitments(found, Names(case)).rows == []


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
