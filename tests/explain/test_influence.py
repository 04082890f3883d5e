"""On which assumptions the result leans: each end solved by itself, and the rows it is about."""

from __future__ import annotations

import pytest

from planner.data.case import Case
from planner.explanation.explain import explain
from planner.planning import solve_case
from planner.reporting.chapters.claims import verdict_statements
from planner.results.explanation import Explanation
from tests.cases import (
    MUSD,
    budget,
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
    """100 t wanted, 40 imported and cut in half of the futures, 30 made; 10 MUSD buy 10 t/y more from 2027 on."""
    return load_case(
        tmp_path_factory.mktemp("case"),
        imports=[imports(40) | {"confidence": "Low", "source": "customs"}],
        projects=[
            mine(),
            plant(project="old", existing_tpa=30, confidence="estimate", source="a letter"),
            plant(
                max_new_tpa=50,
                capex_usd_per_tpa=MUSD,
                lead_time_years=1,
                confidence="high",
                source="a contract",
            ),
        ],
        budgets=budget(10),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2027, 2028)],
        uncertainties=[
            unsure("projects", "existing_tpa", 0.4, 0.7, "stage=separation", claims="separation"),
            unsure("demand", "tonnes", 0.8, 1.2, uncertainty="use", claims="allies"),
            unsure("imports", "tonnes", 0.8, 1.2, uncertainty="use", claims="allies"),
            unsure("budgets", "musd", 0.5, 2, claims="mining"),
            unsure("scenarios", "probability", 0.5, 2, "scenario=cut", claims="mining"),
        ],
    )


@pytest.fixture(scope="module")
def found(case: Case) -> Explanation:
    return explain(solve_case(case, baseline=False), "run", workers=1)


def test_as_given_no_unsure_input_is_tried_and_the_rest_is_the_same(
    case: Case, found: Explanation
) -> None:
    given = explain(solve_case(case, baseline=False), "run", as_given=True, workers=1)
    assert found.influences and not given.influences
    assert not any(verdict.trials for verdict in given.verdicts)
    assert given.solves < found.solves
    measures = {verdict.claim: verdict.measure for verdict in found.verdicts}
    assert {verdict.claim: verdict.measure for verdict in given.verdicts} == near(measures)
    assert "No unsure input was tried" in next(verdict_statements(given)).sentence
    for figure in ("first_in", "last_out"):
        worths = [getattr(value, figure) for value in given.values.levers]
        assert worths == near([getattr(value, figure) for value in found.values.levers])


def test_the_most_influential_comes_first(found: Explanation) -> None:
    sizes = [abs(lean.effect) for lean in found.influences]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 10


def test_rows_confidence_and_sources_are_those_of_the_cells_that_move(found: Explanation) -> None:
    by_input = {lean.input: lean for lean in found.influences}
    separation = by_input["projects"]
    assert (separation.rows, dict(separation.confidence), separation.sources) == (
        1,
        {"estimate": 1},
        ["a letter"],
    )
    assert separation.tables == ["projects"]
    use = by_input["use"]
    assert use.tables == ["demand", "imports"]
    assert dict(use.confidence) == {"low": 1, "not stated": 2}


def test_claims_that_an_input_turns_are_named(found: Explanation) -> None:
    named = {(claim, lean.input) for lean in found.influences for claim in lean.decides}
    assert named == {(v.claim, name) for v in found.verdicts for name in v.turns_on}
