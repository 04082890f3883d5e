"""The verdict rule on risks made up for it, and on a case where one input decides."""

from __future__ import annotations

import re

import pytest

from planner.data.difference import differences
from planner.errors import InputError
from planner.explanation.claims import CLAIMS, FAILS, HOLDS, OPEN, Sides, judged, tried
from planner.explanation.explain import explain
from planner.explanation.unsure_inputs import InputAtEnd, UncertainInput, uncertain_inputs
from planner.planning import solve_case
from planner.reporting.chapters.claims import verdict_statements, why
from planner.results.explanation import Trial
from tests.cases import (
    MUSD,
    budget,
    demand,
    imports,
    mine,
    plant,
    scenarios,
    shock,
    smelter,
    unsure,
)
from tests.conftest import MakeCase

BY_KEY = {claim.key: claim for claim in CLAIMS}
INPUT = UncertainInput(
    key="input", name="an input", low=1, high=2, source="guessed", claims=(), ranges=()
)


def sides(with_it: float, without_it: float) -> Sides:
    """Nothing leaves 100 MUSD and everything 50, so that the whole is 50."""
    return Sides(with_it=with_it, without_it=without_it, nothing=100, everything=50)


def trial(key: str, at: tuple[float, float], given: tuple[float, float]) -> Trial:
    return tried(BY_KEY[key], sides(*given), sides(*at), InputAtEnd(INPUT, 2.0))


@pytest.mark.parametrize(
    ("key", "given", "at", "verdict"),
    [
        ("mining", (97, 100), (96, 100), HOLDS),  # 6 and 8 % of 50
        ("mining", (50, 100), (60, 100), FAILS),
        ("mining", (97, 100), (80, 100), OPEN),
        ("separation", (50, 100), (50, 75), HOLDS),
        ("separation", (50, 51), (50, 52), FAILS),
        ("separation", (50, 51), (50, 70), OPEN),
        ("metal", (50, 55), (50, 54), OPEN),
        ("metal", (50, 90), (50, 60), HOLDS),
        ("people", (50, 73), (50, 53), OPEN),
        ("allies", (50, 100), (50, 90), HOLDS),
        ("allies", (50, 50), (50, 50), FAILS),
        ("allies", (50, 55), (50, 55), HOLDS),  # a tenth is enough
    ],
)
def test_verdict_rule(
    key: str, given: tuple[float, float], at: tuple[float, float], verdict: str
) -> None:
    found = judged(BY_KEY[key], sides(*given), trials=[trial(key, at, given)])
    assert found.verdict == verdict
    assert (found.turns_on == ["an input"]) == (verdict == OPEN)
    assert why(found).endswith(".")


@pytest.mark.parametrize(("without", "measure"), [(60, 1.0), (50, 0.0)])
def test_where_levers_reduce_nothing_a_loss_is_all_of_it(without: float, measure: float) -> None:
    alone = Sides(with_it=50, without_it=without, nothing=50, everything=50)
    assert alone.measure == measure


def test_without_trials_the_verdict_says_so() -> None:
    assert "No unsure input was tried" in why(judged(BY_KEY["mining"], sides(97, 100), trials=[]))


def test_success_of_what_is_financed_decides_about_separation(make_case: MakeCase) -> None:
    """100 t of oxide wanted in a cut, 100 t/y of separation financed: a new plant is needed only if that fails."""
    case = make_case(
        {"objective.risk_aversion": 0.0},
        imports=[imports(100)],
        projects=[
            mine(),
            plant(project="old", existing_tpa=100),
            plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=1),
        ],
        budgets=budget(100),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2027, 2028)],
        uncertainties=[
            unsure(
                "projects",
                "existing_tpa",
                0.4,
                0.7,
                "stage=separation",
                name="what is financed",
                claims="separation",
                source="plants may fail",
            )
        ],
    )
    found = {
        v.claim: v for v in explain(solve_case(case, baseline=False), "run", workers=1).verdicts
    }
    separation = found["separation"]
    assert separation.verdict == OPEN
    assert separation.turns_on == ["what is financed"]
    assert "× 0.4 (plants may fail)" in why(separation)
    assert found["mining"].verdict == HOLDS


def test_metal_making_is_a_bottleneck_where_oxide_is_bought_and_furnaces_are_missing(
    make_case: MakeCase,
) -> None:
    """10 t of metal wanted, oxide for it made, no furnace yet: a new one takes all of the loss off, mines nothing."""
    case = make_case(
        {"objective.risk_aversion": 0.0},
        demand=demand(10, form="metal"),
        projects=[
            mine(existing_tpa=10),
            plant(existing_tpa=10),
            smelter(max_new_tpa=10, capex_usd_per_tpa=MUSD, lead_time_years=1),
        ],
        budgets=budget(100),
    )
    found = {
        v.claim: v for v in explain(solve_case(case, baseline=False), "run", workers=1).verdicts
    }
    assert found["metal"].verdict == HOLDS
    assert found["metal"].measure == pytest.approx(1.0)
    assert "Without new metal plants 100 %" in why(found["metal"])


def test_allies_must_act_together_where_one_mines_and_the_other_uses(make_case: MakeCase) -> None:
    case = make_case(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=demand(10, country="BBB", form="metal"),
        projects=[mine(), plant(existing_tpa=10), smelter(existing_tpa=10)],
    )
    found = {
        v.claim: v for v in explain(solve_case(case, baseline=False), "run", workers=1).verdicts
    }
    assert found["allies"].verdict == HOLDS


def test_tail_probability_keeps_the_sum_and_doubles_the_tail(make_case: MakeCase) -> None:
    case = make_case(
        {"objective.tail": 0.9},
        imports=[imports(100)],
        scenarios=scenarios(calm=0.6, mild=0.35, severe=0.05),
        shocks=[shock("mild", "import", 0.5, 2027, 2027), shock("severe", "import", 0, 2027, 2028)],
        uncertainties=[unsure("scenarios", "probability", 0.5, 2, "scenario=severe")],
    )
    (tail,) = uncertain_inputs(case)
    other = tail.vary(case, 2.0)
    assert other.scenarios["severe"] == pytest.approx(0.1)
    assert other.scenarios["mild"] == pytest.approx(0.35 * 0.9 / 0.95)
    assert tail.vary(case, 100.0).scenarios["severe"] == pytest.approx(1.0)


def test_a_case_that_names_nothing_unsure_says_so(make_case: MakeCase) -> None:
    found = explain(
        solve_case(make_case(projects=[mine(), plant(existing_tpa=10)]), baseline=False), workers=1
    )
    assert not found.influences
    [scale, *statements] = verdict_statements(found)
    assert scale.sentence.endswith("No unsure input was tried: the case names none.")
    for told in statements:
        assert "No unsure input" not in told.sentence, "said once, not of each claim"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            unsure("projets", "existing_tpa", 0.5, 2),
            'table: unknown table "projets" (did you mean "projects"?)',
        ),
        (unsure("projects", "existing_tp", 0.5, 2), 'column: unknown column "existing_tp"'),
        (unsure("projects", "name", 0.5, 2), "column: projects.name holds no figures"),
        (
            unsure("projects", "existing_tpa", 0.5, 2, "stage=metal"),
            'where: "stage=metal" is no row of projects',
        ),
        (unsure("projects", "existing_tpa", 0.5, 2, "metal"), "is not of the form column=value"),
        (unsure("projects", "existing_tpa", 2, 0.5), "high: 0.5 is below low 2"),
        (
            unsure("projects", "existing_tpa", 0.5, 2, claims="peple"),
            'claims: unknown claim "peple"',
        ),
    ],
)
def test_faults_of_ranges(make_case: MakeCase, row: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        make_case(projects=[mine(), plant(existing_tpa=10)], uncertainties=[row])


def test_ranges_change_no_plan(make_case: MakeCase) -> None:
    projects = [mine(), plant(existing_tpa=10)]
    case = make_case(projects=projects)
    other = make_case(projects=projects, uncertainties=[unsure("demand", "tonnes", 0.5, 2)])
    assert other.sha256 == case.sha256 and not list(differences(case, other))
    assert solve_case(other).summary["risk_musd"] == solve_case(case).summary["risk_musd"]
