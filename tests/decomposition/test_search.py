"""Bounds of the least risk from scenarios solved one by one: never wrong, and as close as asked."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from benchmarks.generate import Size, generate
from planner.cli import app
from planner.data.case import Case
from planner.data.effects import effects_by_scenario
from planner.decomposition.aggregation import departures, group, risk_weights
from planner.decomposition.benders_loop import Approximation, approximate
from planner.decomposition.master import Master
from planner.decomposition.store import loss_table, plan_tables
from planner.decomposition.subproblem import branches, parts
from planner.decomposition.worker_pool import WorkerPool
from planner.errors import InputError
from planner.formulation.build import build_model
from planner.results.losses import cvar, weighed
from planner.solving.highs import Solver
from planner.solving.program import compile_program
from planner.studies.fixed_plan import evaluate
from tests.cases import EXACT, ONE_PER_TONNE, demand, imports, load_case, mine, near, plant, scenarios, shock
from tests.conftest import MakeCase
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case
from tests.studies.processes import alive


@pytest.fixture(scope="module", params=[1, 2])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    size = Size(scenarios=12, countries=3, projects=10, years=8, elements=2, seed=request.param)
    return generate(size, tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return planner.load(folder)


@pytest.fixture(scope="module")
def exact(case: Case) -> float:
    return float(planner.solve(case, baseline=False).summary["least_risk_musd"])


def risks(found: Approximation) -> list[tuple[float, float]]:
    """Bounds of the least risk, round by round."""
    return [(one.lower, one.upper) for one in found.rounds if one.measure == "risk"]


def quiet(_: str) -> None:
    """Say nothing."""


def least_cost(case: Case, limit: float) -> float:
    """Least cost with a risk of at most `limit`, from the whole program."""
    program = compile_program(build_model(case))
    solver = Solver(program)
    solver.bound(program.column["risk", None], limit)
    return float(solver.minimise(program.column["cost", None]).x[program.column["cost", None]])


@pytest.mark.parametrize("seed", [*range(10), 145])
def test_random_cases_over_every_switch_end_at_the_optimum(seed: int, tmp_path: Path) -> None:
    overrides = flat(write_random_case(tmp_path / "case", seed))
    overrides |= {"objective.goal": "risk", "policy.investment": "committed", "objective.risk_slack": 0.01}
    overrides.pop("objective.risk_limit", None)
    case = planner.load(tmp_path / "case", overrides=overrides)
    exact = planner.solve(case, baseline=False).summary["least_risk_musd"]
    room = 1e-6 * (1 + exact)
    for alone in (0, 1, len(case.scenarios)):
        found = approximate(case, alone=alone, gap=1e-6, rounds=80, workers=1)
        assert found.risk_lower <= exact + room and found.risk_upper >= exact - room
        assert found.risk_upper - found.risk_lower <= 2 * room
        assert found.limit == pytest.approx(1.01 * found.risk_upper) and found.risk <= found.limit + room
        cheapest = least_cost(case, found.limit)
        assert found.cost_lower <= cheapest * (1 + 1e-6) + 1e-6
        # A risk that is above the limit by its tolerance may cost less, by the price of risk.
        assert found.cost >= least_cost(case, found.limit + room) * (1 - 1e-6) - 1e-6
        assert found.cost - found.cost_lower <= 1e-5 * (1 + cheapest)


def test_every_round_holds_and_none_is_worse(case: Case, exact: float) -> None:
    found = approximate(case, alone=2, gap=1e-4, rounds=60, workers=1)
    assert found.risk_gap <= 1e-4 and found.cost_gap <= 1e-4
    for measure, best in (("risk", exact), ("cost", least_cost(case, found.limit))):
        rounds = [one for one in found.rounds if one.measure == measure]
        assert len(rounds) > 1
        assert all(one.lower <= best * (1 + 1e-6) and one.upper >= best * (1 - 1e-5) for one in rounds)
        assert [one.lower for one in rounds] == sorted(one.lower for one in rounds)
        assert [one.upper for one in rounds] == sorted((one.upper for one in rounds), reverse=True)


def two_cuts(folder: Path) -> Case:
    """100 t a year, all imported, 1 MUSD per tonne; with 1/4 each nothing or 40 t arrive in 2027."""
    return load_case(
        folder,
        {**EXACT, "objective.tail": 0.75, "objective.risk_aversion": 1.0},
        demand=demand(100, last=2027),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, all=0.25, part=0.25),
        shocks=[shock("all", "import", 0.0, 2027, 2027), shock("part", "import", 0.4, 2027, 2027)],
    )


@pytest.mark.parametrize("chances", [(0.5, 0.25, 0.25, 0.0), (0.0, 0.5, 0.5, 0.0), (1.0, 0.0, 0.0, 0.0)])
@pytest.mark.parametrize("alone", [0, 1, 3])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_scenario_of_probability_0_weighs_nothing_and_has_its_loss(
    tmp_path: Path, chances: tuple[float, ...], alone: int, workers: int
) -> None:
    """Imports of 100, 0, 40 and 70 t for a demand of 100 t at 1 MUSD per tonne, in one year; the worst quarter."""
    calm, *_ = chances
    case = load_case(
        tmp_path,
        {**EXACT, "objective.tail": 0.75, "objective.risk_aversion": 1.0},
        demand=demand(100, last=2027),
        imports=[imports(100)],
        scenarios=scenarios(**dict(zip(("calm", "all", "part", "never"), chances, strict=True))),
        shocks=[shock(w, "import", f, 2027, 2027) for w, f in (("all", 0.0), ("part", 0.4), ("never", 0.7))],
    )
    found = approximate(case, alone=alone, gap=1e-9, rounds=20, workers=workers)
    assert (found.risk_lower, found.risk_upper) == near((0.0, 0.0) if calm == 1.0 else (100.0, 100.0))
    assert found.losses == near({"calm": 0.0, "all": 100.0, "part": 60.0, "never": 30.0})


def test_the_mean_hides_the_tail_and_a_cut_shows_it(tmp_path: Path) -> None:
    """The mean of the cuts loses 80 MUSD, so the worst quarter of the means does; in truth it loses 100."""
    found = approximate(two_cuts(tmp_path), alone=0, gap=0.0, rounds=5, workers=1)
    assert risks(found) == [near((80, 100)), near((100, 100))]
    assert found.losses == near({"calm": 0, "all": 100, "part": 60})


def test_a_mean_leaves_the_reference_with_its_first_member(tmp_path: Path) -> None:
    """Cuts of 100 t in 2027 and in 2028, 1/4 each: the mean is short of 50 t in both years, 50 MUSD in expectation."""
    case = load_case(
        tmp_path,
        {**EXACT, "objective.risk_aversion": 0.0},
        demand=demand(100),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, early=0.25, late=0.25),
        shocks=[shock("early", "import", 0.0, 2027, 2027), shock("late", "import", 0.0, 2028, 2028)],
    )
    found = approximate(case, alone=0, gap=0.0, rounds=5, workers=1)
    assert risks(found) == [near((50, 50))]


def test_what_a_member_needs_is_there_though_the_mean_does_not(tmp_path: Path) -> None:
    """400 t on offer: half of it covers the mean's demand. A plant for 2028, with 60 people, for who has none."""
    case = load_case(
        tmp_path,
        {**EXACT, "objective.risk_aversion": 0.0},
        demand=demand(100),
        imports=[imports(400)],
        projects=[mine(), plant(max_new_tpa=100, lead_time_years=2, capex_usd_per_tpa=0)],
        staffing=f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}",
        skills="skill, attrition\nchemist, 0",
        workforce="country, skill, initial\nAAA, chemist, 60",
        scenarios=scenarios(calm=0.5, none=0.25, less=0.25),
        shocks=[shock("none", "import", 0.0, 2028, 2028), shock("less", "import", 0.9, 2028, 2028)],
    )
    found = approximate(case, alone=0, gap=0.0, rounds=5, workers=1)
    assert (found.risk_lower, found.risk_upper) == near((10, 10))


def test_who_stands_alone_is_hidden_by_no_mean(tmp_path: Path) -> None:
    found = approximate(two_cuts(tmp_path), alone=1, gap=0.0, rounds=5, workers=1)
    assert found.alone == ("all",)
    assert risks(found) == [near((100, 100))]


def test_cuts_hold_wherever_the_links_are(case: Case) -> None:
    effects = effects_by_scenario(case)
    grouping = group(case, effects, 1)
    chance = random.Random(1)
    with WorkerPool(case, grouping.reference, 1) as pool:
        master = Master(case, effects, grouping, pool.names, pool.links)
        points, answers = [], []
        allowed = {w: chance.choice((0.0, 1e3, 1e9)) for w in case.scenarios}
        for _ in range(4):
            x = master.solve("risk")
            points.append(master.links(x))
            answers.append(pool.results(points[-1], case.scenarios, allowed))
            master.add(answers[-1], x)
        cuts = [cut for answer in answers for one in answer for cut in one.cuts]
        for _ in range(4):
            shares = np.array([chance.random() for _ in points])
            between = np.tensordot(shares / shares.sum(), np.array(points), axes=1)
            now = {one.cuts[0].branch: one for one in pool.results(between, case.scenarios, allowed)}
            for cut in cuts:
                bound = cut.constant + sum(slope * between[at] for at, slope in cut.slope.items())
                one = now[cut.branch]
                reached = one.cost * cut.of_cost + sum(weight * one.losses[w] for w, weight in cut.of_loss.items())
                assert bound <= reached + 1e-5 * (1 + abs(reached))


def test_the_plan_as_written_is_as_good_as_its_bound_says(case: Case, exact: float) -> None:
    found = approximate(case, alone=4, gap=0.001, rounds=40, workers=1)
    tables = plan_tables(case, found.decided)
    decided = {("build", (r.project, r.year)): r.tpa for r in tables["investments"].itertuples()}
    decided |= {("intake", (r.programme, r.year)): r.intake for r in tables["training"].itertuples()}
    decided |= {("new_seats", (r.programme, r.year)): r.new_seats for r in tables["training"].itertuples()}
    decided |= {("hired", (r.country, r.skill, r.year)): r.hired for r in tables["hired"].itertuples()}
    # Held fixed in the whole case, stocks decided anew.
    assert exact * (1 - 1e-6) <= evaluate(case, decided)["risk_musd"] <= found.risk * (1 + 1e-5)
    losses = loss_table(case, found)
    objective = case.model.objective
    mean = (losses["probability"] * losses["loss_musd"]).sum()
    tail = cvar(losses["loss_musd"].tolist(), losses["probability"].tolist(), objective.tail)
    assert found.risk == pytest.approx((1 - objective.risk_aversion) * mean + objective.risk_aversion * tail, rel=1e-9)


def test_workers_end_with_the_command_however_that_ends(folder: Path, tmp_path: Path) -> None:
    program = tmp_path / "command.py"
    program.write_text(
        "import sys, time\nfrom multiprocessing import active_children\nimport planner\n"
        "from planner.decomposition.worker_pool import WorkerPool\n"
        "from planner.parallel import local\n"
        "if __name__ == '__main__':\n"
        "    case = planner.load(sys.argv[1])\n"
        "    with WorkerPool(case, next(iter(case.scenarios)), local(2)):\n"
        "        print(*(child.pid for child in active_children()), flush=True)\n"
        "        time.sleep(60)\n",
        encoding="utf-8",
    )
    command = [sys.executable, str(program), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        children = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert children
    deadline = time.monotonic() + 20
    while any(alive(child) for child in children):
        assert time.monotonic() < deadline, "a worker outlived the command"
        time.sleep(0.05)


def test_scenarios_that_leave_the_reference_together_stay_together(tmp_path: Path) -> None:
    """Cut in 2027, and for one of the two in 2028 too: until then nobody can tell them apart."""
    case = load_case(
        tmp_path,
        EXACT,
        demand=demand(100),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, short=0.25, long=0.25),
        shocks=[shock("short", "import", 0.0, 2027, 2027), shock("long", "import", 0.0, 2027, 2028)],
    )
    assert [sorted(names) for names in parts(case, "calm", size=1)] == [["long", "short"]]
    (branch,) = branches(case, "calm", ["short", "long"])
    assert sorted(branch.leaves) == ["long", "short"]
    assert departures(case, effects_by_scenario(case), "calm") == {"short": 2027, "long": 2027}


def test_weights_of_losses_add_up_to_the_risk(case: Case) -> None:
    losses = {name: float(i * i) for i, name in enumerate(case.scenarios)}
    weights = risk_weights(case.model.objective, case.scenarios, losses)
    risk = weighed(case, losses).risk
    assert sum(weights[name] * loss for name, loss in losses.items()) == pytest.approx(risk)


def test_the_command_writes_plan_and_bounds(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "near"
    result = CliRunner().invoke(
        app, ["approximate", str(folder), "--alone", "2", "--gap", "0.05", "--workers", "1", "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    about = json.loads((out / "approximation.json").read_text(encoding="utf-8"))
    for bounds in (about["least_risk_musd"], about["least_cost_musd"]):
        assert bounds["at_least"] <= bounds["at_most"] <= bounds["at_least"] / 0.95
    assert about["risk_musd"] <= about["risk_limit_musd"] * (1 + 1e-6)
    built = pd.read_csv(out / "investments.csv")
    assert (built["tpa"] > 0).all() and set(built["project"]) <= set(planner.load(folder).projects)
    assert planner.load(out / "inputs").scenarios == planner.load(folder).scenarios


def test_too_few_rounds_end_with_the_bounds_so_far(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "near"
    command = ["approximate", str(folder), "--alone", "0", "--rounds", "1", "--gap", "0", "--workers", "1"]
    result = CliRunner().invoke(app, [*command, "--out", str(out)])
    assert result.exit_code == 4 and (out / "approximation.json").exists()


@pytest.mark.parametrize("override", ["policy.investment=adaptive", "objective.goal=welfare"])
def test_what_the_proof_does_not_cover_is_refused(folder: Path, tmp_path: Path, override: str) -> None:
    out = tmp_path / "near"
    result = CliRunner().invoke(app, ["approximate", str(folder), "--set", override, "--out", str(out)])
    assert result.exit_code == 2 and not out.exists()


@pytest.mark.parametrize("shocks", [{"start_year": "2027Q2"}, {"country": "AAA", "leak": 0.5}])
def test_quarters_and_what_is_sold_on_are_refused(make_case: MakeCase, shocks: dict[str, object]) -> None:
    case = make_case(
        countries="country\nAAA\nBBB",
        imports=[imports(100), imports(100, country="BBB")],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2027) | shocks],
        resale="country, share\nBBB, 0.5",
    )
    with pytest.raises(InputError, match="shocks" if "start_year" in shocks else "resale"):
        approximate(case, workers=1)
