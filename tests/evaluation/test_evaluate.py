"""`planner evaluate`: what it writes, what it refuses, and from when on an element is safe."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.api.evaluations import evaluate_into
from planner.cli import app
from planner.data.case import Case, with_rows
from planner.evaluation.decisions import ALL, fixed_decisions
from planner.reporting.pages.run import write_pages
from planner.results.evaluation import KEYS, read_evaluation
from planner.results.folders import write_sums
from tests.cases import (
    LONG,
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
    stored,
)

ROOT = Path(planner.__file__).parents[1]
STARTER = ROOT / "inputs" / "starter"
STRIKE = pd.DataFrame(
    [
        {
            "hazard": "strike",
            "kind": "capacity",
            "stage": "separation",
            "probability": 0.5,
            "first": 2028,
            "last": 2030,
            "years_low": 1,
            "years_high": 2,
            "factor_low": 0,
            "factor_high": 0.5,
        }
    ]
)


def call(*words: object) -> tuple[int, str]:
    found = CliRunner().invoke(app, [str(word) for word in words])
    return found.exit_code, found.output


@pytest.fixture(scope="module")
def plan() -> planner.Plan:
    """The plan of the teaching case."""
    return planner.solve(planner.load(STARTER, model=ROOT / "models" / "base.toml"))


@pytest.fixture
def run(plan: planner.Plan, tmp_path: Path) -> Path:
    """Its run folder without pages."""
    return stored(plan, tmp_path / "run")


def test_evaluation_json_has_what_the_contract_says(run: Path, tmp_path: Path) -> None:
    register = planner.load(STARTER).with_table("hazards", STRIKE).write(tmp_path / "register")
    code, told = call(
        "evaluate", run, "--register", register, "--draws", 24, "--samples", 3, "--seed", 5
    )
    assert code == 0, told
    found = json.loads((run / "evaluation.json").read_text())
    assert (found["seed"], found["policy"]) == (5, "myopic")
    assert found["futures"] >= 24
    for way in ("plan", "without_plan"):
        for bound in ("policy", "foreseen"):
            assert list(found[way][bound]) == list(KEYS)
            for figure in found[way][bound].values():
                assert figure["low"] <= figure["value"] * (1 + 1e-9) <= figure["high"] * (1 + 2e-9)
        for key in KEYS:
            lower, upper = found[way]["foreseen"][key], found[way]["policy"][key]
            assert lower["value"] <= upper["value"] * (1 + 1e-9)
    for bound in ("policy", "foreseen"):
        for key in KEYS:
            ways = (found[way][bound][key]["value"] for way in ("without_plan", "plan"))
            before, after = ways
            assert found["difference"][bound][key]["value"] == near(before - after)
    assert found["in_sample_risk_musd"]["plan"] == near(
        json.loads((run / "summary.json").read_text())["risk_musd"]
    )
    assert read_evaluation(run) == found
    assert "new scenarios" in told and "Risk in sample" in told
    losses = found["scenario_losses"]
    assert sum(losses["probability"]) == near(1.0)
    mean = sum(p * x for p, x in zip(losses["probability"], losses["plan_musd"], strict=True))
    assert mean == pytest.approx(found["plan"]["policy"]["expected_loss_musd"]["value"], rel=1e-4)
    assert planner.open_run(run).summary["status"] == "optimal", "the run is still one"


def test_a_register_without_hazards_is_no_other_sample(run: Path) -> None:
    """Its scenarios are taken once: they say nothing of how far others would lie from them."""
    code, told = call("evaluate", run, "--register", STARTER)
    assert code == 0, told
    assert "scenarios of the plan" in told
    found = json.loads((run / "evaluation.json").read_text())
    assert (found["out_of_sample"], found["samples"], found["futures"]) == (False, 1, 3)
    assert found["plan"]["policy"]["risk_musd"]["low"] is None
    assert found["difference"]["policy"]["risk_musd"]["low"] is None


def test_the_evaluation_itself_knows_whether_the_plan_saw_its_scenarios(plan: planner.Plan) -> None:
    """Hazards give others; a register without them gives the plan's own again; a cut in another year is another
    scenario, hazards or not."""
    case = plan.case
    later = [row.model_copy(update={"start_year": 2028}) for row in case.tables.shocks]
    other = with_rows(case, shocks=tuple(later))
    found = {
        "none": planner.evaluate(plan, foreseen=False),
        "bare": planner.evaluate(plan, register=case, draws=3, samples=1, foreseen=False),
        "moved": planner.evaluate(plan, register=other, draws=3, samples=1, foreseen=False),
        "drawn": planner.evaluate(
            plan, register=case.with_table("hazards", STRIKE), draws=3, samples=1, foreseen=False
        ),
    }
    is_out = {name: one.out_of_sample for name, one in found.items()}
    assert is_out == {"none": False, "bare": False, "moved": True, "drawn": True}
    for one in found.values():
        words = "out of sample" if one.out_of_sample else "in sample"
        assert words in repr(one)
        assert one.as_json()["out_of_sample"] is one.out_of_sample


def test_an_evaluation_of_another_run_is_not_read(run: Path) -> None:
    evaluate_into(run, register=planner.load(STARTER), draws=6, samples=1)
    path = run / "evaluation.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"run_sha256": "another"}))
    assert read_evaluation(run) is None


def test_pages_are_written_again(run: Path) -> None:
    (run / "report.html").write_text("an old page")
    if LONG:
        write_pages(planner.open_run(run), run)
    write_sums(run)
    written = (run / "report.html").stat().st_mtime_ns
    evaluate_into(run, register=planner.load(STARTER), draws=6, samples=1)
    assert (run / "report.html").stat().st_mtime_ns > written
    assert "an old page" not in (run / "report.html").read_text()
    assert "6 new scenarios" not in (run / "report.html").read_text()
    evaluate_into(
        run, register=planner.load(STARTER).with_table("hazards", STRIKE), draws=6, samples=1
    )
    assert "new scenarios" in (run / "report.html").read_text()


def test_its_own_scenarios_say_nothing_of_others_and_leave_the_run_as_it_is(run: Path) -> None:
    before = sorted(run.rglob("*"))
    code, told = call("evaluate", run)
    assert (code, sorted(run.rglob("*"))) == (0, before)
    assert (
        "Out of sample" not in told and "one sample does not show how another would differ" in told
    )


def two_storylines(folder: Path, investment: str) -> Case:
    """A mine with its own separation costs 1 MUSD per tonne; 100 t are cut for good in 2028, which 2027 announces in
    `cut` alone, by a shortage of 10 t. So a plan that answers it builds there alone, in 2027."""
    return load_case(
        folder,
        {
            "policy.investment": investment,
            "objective.goal": "welfare",
            "objective.risk_aversion": 0.0,
        },
        demand=demand(100, last=2029),
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=200, capex_usd_per_tpa=1.5 * MUSD, lead_time_years=1)],
        budgets=budget(500),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0.9, 2027, 2027), shock("cut", "import", 0.0, 2028)],
    )


def test_decisions_by_storyline_are_carried_and_others_refused(tmp_path: Path) -> None:
    """Staged: `cut` builds 100 t in 2027 and loses 10 MUSD; `calm` builds nothing. In the storyline's own future it
    loses just that; adaptive plans that decide otherwise by history are refused."""
    case = two_storylines(tmp_path / "staged", "staged")
    plan = planner.solve(case)
    decisions = fixed_decisions(plan)
    built = {w: sum(tonnes for _, tonnes in of.items()) for w, of in decisions.amounts.items()}
    assert built == near({"calm": 0.0, "cut": 100.0})
    found = planner.evaluate(plan)
    by_scenario = dict(zip(found.table["scenario"], found.table["loss_musd"], strict=True))
    assert by_scenario == near({"calm": 0.0, "cut": 10.0})
    other = planner.solve(two_storylines(tmp_path / "adaptive", "adaptive"))
    with pytest.raises(planner.InputError, match="decides otherwise in other histories"):
        planner.evaluate(other)
    run = stored(other, tmp_path / "run")
    code, told = call("evaluate", run)
    assert code == 2 and "nothing was written" in told


@pytest.mark.parametrize(
    "model",
    [{"objective.odds": "worst"}, {"policy.whole_plants": True, "projects.plant.unit_tpa": 20.0}],
)
def test_other_plans_are_carried_as_any_other(tmp_path: Path, model: dict[str, object]) -> None:
    """Odds are no question in a future that is known, and five units are the 100 t of before: the same loss."""
    found = planner.evaluate(planner.solve(two_storylines(tmp_path, "staged").changed(model)))
    assert dict(zip(found.table["scenario"], found.table["loss_musd"], strict=True)) == near(
        {"calm": 0.0, "cut": 10.0}
    )


def test_an_adaptive_plan_that_decides_the_same_everywhere_is_carried(tmp_path: Path) -> None:
    """Without a shock that tells the future, there is nothing to answer."""
    case = with_rows(two_storylines(tmp_path, "adaptive"), shocks=())
    assert list(fixed_decisions(planner.solve(case)).amounts) == [ALL]


def test_a_storyline_that_the_plan_does_not_know_is_named(tmp_path: Path) -> None:
    plan = planner.solve(two_storylines(tmp_path, "staged"))
    register = with_rows(
        plan.case,
        scenarios=tuple(
            row.model_copy(update={"scenario": "curt"}) if row.scenario == "cut" else row
            for row in plan.case.tables.scenarios
        ),
        shocks=(),
    )
    with pytest.raises(planner.InputError, match=r'storyline "curt".*cut'):
        planner.evaluate(plan, register=register, draws=4, samples=1)


def test_a_plan_is_held_fixed_in_samples_of_its_register(tmp_path: Path) -> None:
    """Three draws hold each of the three beginnings once, so every sample is alike: 3, 2 and 1 years of loss."""
    hazards = "hazard, kind, supplier, probability, first, last, factor_low, factor_high\n"
    hazards += "cut, import, CHN, 1, 2026, 2028, 0, 0"
    case = load_case(tmp_path, imports=[imports(100)], hazards=hazards)
    case = case.changed({"objective.risk_aversion": 0.0})
    plan = planner.solve(planner.sample(case, 3, 7), baseline=False)
    found = planner.evaluate(plan, register=case, draws=6, samples=2, seed=10)
    assert (found.futures, found.samples) == (6, 2)
    assert found.table["sample"].tolist() == [1, 1, 1, 2, 2, 2]
    for figure in (found.plan.policy["risk_musd"], found.without_plan.policy["risk_musd"]):
        assert (figure.value, figure.low, figure.high) == near((200, 200, 200))
    assert found.plan.foreseen is not None and found.plan.foreseen["risk_musd"].value == near(200)
    again = planner.evaluate(plan, register=case, draws=6, samples=2, seed=10, foreseen=False)
    assert again.plan.foreseen is None
    assert again.as_json()["plan"]["foreseen"] is None


def test_a_plan_of_written_scenarios_is_evaluated_by_the_hazards_beside_them(
    tmp_path: Path,
) -> None:
    """The run's case keeps its register, whose hazards name scenarios that no sample has."""
    hazards = "hazard, kind, supplier, within, probability, first, last, factor_low, factor_high\n"
    hazards += "cut, import, CHN, tense, 1, 2027, 2027, 0, 0"
    case = load_case(
        tmp_path, imports=[imports(100)], scenarios=scenarios(calm=0.5, tense=0.5), hazards=hazards
    )
    case = case.changed({"objective.risk_aversion": 0.0})
    plan = planner.solve(case, baseline=False)
    for gap in (None, 1):
        found = planner.evaluate(plan, register=case, draws=2, samples=1, gap=gap)
        assert found.plan.policy["risk_musd"].value == near(100), "two years of loss, by half"


def test_what_is_of_scenarios_that_a_register_does_not_have_is_left_aside(tmp_path: Path) -> None:
    """Two of three years are lost in one of two scenarios, whatever they are called."""
    tables = {"imports": [imports(100)]}
    known = scenarios(calm=0.5, tense=0.5)
    targets = "target, kind, scenario, element, share\nsome, served, tense, Dy, 0.1"
    figures = "uncertainty, table, where, column, low, high\n"
    figures += "odds, scenarios, scenario=tense, probability, 0.5, 1.5\n"
    figures += "cut, shocks, scenario=tense, factor, 0.5, 1.5"
    prices = "element, market, future, price_usd_per_kg\nDy, china, tense, 100"
    case = load_case(
        tmp_path / "run",
        scenarios=known,
        shocks=[shock("tense", "import", 0.5, 2027, 2028)],
        targets=targets,
        uncertainties=figures,
        prices=prices,
        **tables,
    ).changed({"objective.risk_aversion": 0.0})
    own = {"target": "none", "kind": "served", "scenario": "tense", "element": "Dy", "share": 0.2}
    plan = planner.solve(case.changed({"targets": [own]}), baseline=False)
    other = load_case(
        tmp_path / "other",
        scenarios=scenarios(peace=0.5, war=0.5),
        shocks=[shock("war", "import", 0, 2027, 2028)],
        **tables,
    )
    found = planner.evaluate(plan, register=other)
    assert found.plan.policy["risk_musd"].value == near(100)


# Half of the ten chemists leave each year; five trainees a year into seats that exist make up for them, and ten run 10 t.
def test_without_a_plan_people_are_trained_as_ever(tmp_path: Path) -> None:
    case = load_case(
        tmp_path,
        demand=demand(10, last=2028),
        projects=[mine(), plant(existing_tpa=100)],
        skills="skill, attrition\nchemist, 0.5",
        workforce="country, skill, initial\nAAA, chemist, 10",
        training="programme, country, skill, duration_years, seats, cost_per_trainee_usd\n"
        "school, AAA, chemist, 1, 5, 0",
        staffing="stage, skill, persons_per_ktpa\nseparation, chemist, 1000",
    )
    found = planner.evaluate(planner.solve(case))
    assert found.without_plan.policy["risk_musd"].value == near(0)
