"""Planning anew each year: by hand on cases of one plant, beside the plan held fixed; and on the teaching case."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.case import Case
from planner.evaluation.simulator import futures_of
from planner.explanation.replanning import Replanner, replan
from planner.results.evaluation import Replanned
from tests.cases import (
    EXACT,
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

STARTER = Path(planner.__file__).parents[1] / "inputs" / "starter"


def cut_off(
    folder: Path, last: int, chance: float, *delays: dict[str, object], money: float | list[float]
) -> Case:
    """100 t a year, all from abroad until 2026, and nothing of it from 2027 on with a chance; a tonne short costs 1 MUSD.

    A plant for 100 t costs 1 MUSD per t/y. It is there a year after its decision; where money comes year by year, three
    years after it, and is paid in these.
    """
    yearly = isinstance(money, list)
    works = plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=3 if yearly else 1)
    return load_case(
        folder,
        {**EXACT, "objective.goal": "welfare", "objective.risk_aversion": 0.0},
        demand=demand(100, last=last),
        imports=[imports(100)],
        projects=[mine(), works],
        budgets=budget(*money) if isinstance(money, list) else budget(money),
        scenarios=scenarios(calm=1 - chance, cut=chance),
        shocks=[shock("cut", "import", 0.0, 2027), *delays],
    )


def anew(case: Case) -> Replanned:
    return replan(planner.solve(case, baseline=False), case, futures=4)


def by_storyline(found: Replanned, column: str) -> dict[str, float]:
    """A column of the table, the same for all scenarios of a storyline."""
    storyline = found.table["scenario"].str.partition("-")[0]
    values = found.table[column].groupby(storyline)
    assert (values.max() - values.min()).max() < 1e-6
    return {str(name): float(value) for name, value in values.first().items()}


def test_who_plans_anew_answers_what_has_come(tmp_path: Path) -> None:
    """Built in 2026 the plant saves 0.3 x 300 for 100 MUSD: the plan builds nothing, and loses 300 in the cut. Known in
    2027 the cut makes it worth 200: planning anew builds, loses 100, and decides one thing otherwise than the plan."""
    found = anew(cut_off(tmp_path, 2029, 0.3, money=1000))
    assert by_storyline(found, "held_myopic_loss_musd") == near({"calm": 0, "cut": 300})
    assert by_storyline(found, "loss_musd") == near({"calm": 0, "cut": 100})
    assert by_storyline(found, "cost_musd") == near({"calm": 0, "cut": 100})
    assert by_storyline(found, "changed") == {"calm": 0, "cut": 1}
    assert found.changed_first == 0, "in 2026 neither decides anything"
    assert found.risk["loss_musd"] == near(30)
    assert (found.cost, found.changed) == near((30, 0.3))
    assert found.solves == 1 + 2 * 3, "2026 is shared"


def test_decisions_of_the_first_year_that_change_are_told(tmp_path: Path) -> None:
    """A cut from 2026 on, likelier than not: the plan builds for 100 MUSD in any case. Who sees in 2026 that nothing is cut
    builds nothing."""
    case = cut_off(tmp_path, 2029, 0.6, money=1000)
    (cut,) = case.tables.shocks
    found = anew(case.with_tables(shocks=(cut.model_copy(update={"start_year": 2026}),)))
    assert by_storyline(found, "changed_first") == {"calm": 1, "cut": 0}
    assert (found.first_year, found.changed_first) == (2026, near(0.4))
    stated = found.as_json()
    assert (stated["first_year"], stated["changed_share_first_year"]) == (2026, near(0.4))
    assert (stated["risk_musd"], stated["cost_musd"]) == near((60, 60))
    assert stated["held_risk_musd"] == near({"myopic": 60, "rolling": 60})


def test_what_comes_later_changes_no_plan_before(tmp_path: Path) -> None:
    """Of any two futures, all that is carried out before the year in which they part is the same to the last digit; and
    those who see other cuts do other things afterwards."""
    cut = {"kind": "import", "supplier": "CHN", "factor_low": 0, "factor_high": 0.5}
    hazard = {"hazard": "cut", "probability": 0.7, "first": 2026, "last": 2029, **cut}
    case = load_case(
        tmp_path,
        {**EXACT, "objective.goal": "welfare", "objective.risk_aversion": 0.0},
        demand=demand(100, last=2030),
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=1)],
        budgets=budget(1000),
        hazards=[hazard],
    )
    plan = planner.solve(planner.sample(case, 4, 0), baseline=False)
    drawn = planner.sample(case, 6, 1)
    futures = futures_of([drawn])
    anew = Replanner(plan, case, futures, seed=0)
    done: list[list[dict[str, str]]] = []
    for future in futures.futures:
        years = []
        for year in anew.years(future):
            tables = {
                name: one.drop(columns="scenario", errors="ignore")
                for name, one in year.done.items()
            }
            years.append({name: table.to_csv() for name, table in tables.items()})
        done.append(years)
    parted: set[int] = set()
    for one, other in combinations(range(len(done)), 2):
        here, there = futures.futures[one].effects, futures.futures[other].effects
        shown = [here.shown_in(period) == there.shown_in(period) for period in futures.periods]
        if not all(shown):
            at = shown.index(False)
            assert done[one][:at] == done[other][:at]
            assert done[one][at:] != done[other][at:]
            parted.add(at)
    assert len(parted) > 1, "futures part in several years"


def test_money_is_spent_once(tmp_path: Path) -> None:
    """20 MUSD a year from 2027 to 2029, which 60 t/y decided in 2027 take up: they are there from 2030 on. Money that was
    thought free in 2028 or 2029 would build more."""
    found = anew(cut_off(tmp_path, 2032, 0.2, money=[0, 20, 20, 20]))
    assert by_storyline(found, "loss_musd")["cut"] == near(300 + 3 * 40)
    assert by_storyline(found, "cost_musd")["cut"] == near(60)


def test_what_is_late_stays_late(tmp_path: Path) -> None:
    """The plant decided in 2027 is due in 2028 and comes a year later, as the plans of later years know."""
    late = shock("cut", "delay", 1, 2028, 2028, stage="separation")
    found = anew(cut_off(tmp_path, 2030, 0.2, late, money=1000))
    assert by_storyline(found, "loss_musd")["cut"] == near(200)


def test_where_nothing_can_be_decided_planning_anew_changes_nothing(tmp_path: Path) -> None:
    """Cuts drawn from a register: what is lost is what is cut, whoever plans."""
    cut = {"kind": "import", "supplier": "CHN", "years_low": 1, "years_high": 1}
    hazard = {"hazard": "cut", "probability": 0.5, "first": 2026, "last": 2027, **cut}
    case = load_case(
        tmp_path,
        {"levers": []},
        imports=[imports(100)],
        hazards=[{**hazard, "factor_low": 0, "factor_high": 1}],
    )
    plan = planner.solve(planner.sample(case, 4, 0), baseline=False)
    found = replan(plan, case, futures=3, seed=2)
    table = found.table
    assert table["loss_musd"].max() > 0 and found.changed == 0
    assert table["loss_musd"].tolist() == near(table["held_myopic_loss_musd"].tolist())


def test_the_teaching_case_planned_anew_is_no_worse() -> None:
    """Six years, three storylines without hazards: 12 plans. What a plan for all may not know, planning anew answers."""
    case = planner.load(STARTER, model=STARTER.parents[1] / "models" / "base.toml")
    found = replan(planner.solve(case, baseline=False), case, futures=6, seed=3)
    assert found.risk["loss_musd"] <= found.risk["held_rolling_loss_musd"] * (1 + 1e-6)
    assert 0 < found.changed < 1 and found.solves < 20


def test_the_command_says_it_beside_the_plan_that_is_held(tmp_path: Path) -> None:
    case = cut_off(tmp_path / "case", 2028, 0.3, money=1000)
    run = stored(planner.solve(case), tmp_path / "run")
    words = ["evaluate", run, "--draws", 4, "--samples", 2, "--replanned", 4]
    refused = CliRunner().invoke(app, [str(word) for word in words])
    assert refused.exit_code == 2 and "add --register CASE" in refused.output
    words += ["--register", tmp_path / "case"]
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == 0, found.output
    assert "Planned anew    each year, in 4 scenarios (5 plans)" in found.output
    assert "the plan held in the same: risk 60 (rolling), 60 (myopic)" in found.output
    assert "of decisions are others, 0% of those of 2026." in found.output
    stated = json.loads((run / "evaluation.json").read_text())["replanned"]
    assert (stated["futures"], stated["plans"]) == (4, 5)
    assert stated["held_risk_musd"] == near({"myopic": 60, "rolling": 60})
