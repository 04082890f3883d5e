"""Scenarios solved one by one: bounds never wrong and as close as asked, the tables of the whole."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from benchmarks.generate import Size, generate
from planner.data.case import Case, with_rows
from planner.data.load import checked_case
from planner.decomposition.benders_loop import Candidate, Search, best_mixture
from planner.decomposition.grouping import branches, group, parts
from planner.decomposition.plans import begin
from planner.decomposition.subproblem import BranchQuestion
from planner.results.losses import risk_weights, weighed
from planner.results.plan import Plan
from planner.solving.goals import Phase
from planner.solving.highs import Solver
from planner.solving.program_writer import program_of
from planner.verification.verify import verify
from tests.cases import (
    EXACT,
    ONE_PER_TONNE,
    demand,
    imports,
    load_case,
    long_run,
    mine,
    near,
    plant,
    scenarios,
    seeds,
    shock,
    some,
)
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

CLOSE = {"objective.gap": 1e-6}


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=long_run)])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    size = Size(scenarios=12, countries=3, projects=10, years=8, elements=2, seed=request.param)
    return checked_case(generate(size, tmp_path_factory.mktemp("cases")), changes=CLOSE)


def searched(case: Case, alone: int, rounds: int = 100) -> Search:
    """A search that has ended."""
    search = begin(case, alone=alone)
    search.most_rounds = rounds
    with search.pool:
        search.run()
    return search


def risks(found: Search) -> list[tuple[float, float]]:
    """Bounds of the least risk, round by round."""
    return [(one.lower, one.upper) for one in found.rounds if one.phase == "risk"]


def least_cost(case: Case, limit: float) -> float:
    """Least cost with a risk of at most `limit`, from the whole program."""
    program = program_of(case)
    solver = Solver(program)
    solver.bound(program.column["risk", None], limit)
    return float(solver.minimise(program.column["cost", None]).x[program.column["cost", None]])


def agree(whole: Plan, parted: Plan) -> None:
    """The figures of a goal are those of the whole program, and no bound is above them.

    Where risk comes first, the cost is the least at the risk that is held: one of both holds a hair more, as
    `objective.gap` and tolerances allow, and where risk is dear that hair takes something off the cost.
    """
    one, other, goal = whole.summary, parted.summary, whole.summary["goal"]
    assert other["status"] == one["status"]
    if whole.status == "optimal":
        assert verify(parted.case, parted.tables).holds
        both = [
            (s["cost_musd"] + s["risk_musd"], s.get("welfare_bound_musd", 0.0))
            for s in (one, other)
        ]
        pairs = [(one["cost_musd"], other["cost_musd"], other.get("cost_bound_musd", 0.0))]
        if goal == "welfare":
            pairs = [(both[0][0], both[1][0], both[1][1])]
        if goal in ("risk", "target"):
            at_most, exact = (
                pairs[0][0],
                least_cost(parted.case, max(one["risk_musd"], other["risk_musd"])),
            )
            pairs = [(min(max(pairs[0][1], exact), at_most), *pairs[0][1:])]
        if goal == "risk":
            pairs += [
                (one["least_risk_musd"], other["least_risk_musd"], other["least_risk_bound_musd"])
            ]
            pairs += [(one["risk_musd"], other["risk_musd"], 0.0)]
        for exact, found, bound in pairs:
            assert found == pytest.approx(exact, rel=1e-5, abs=1e-5)
            assert bound <= exact + 2e-6 * (1 + abs(exact))


@pytest.mark.parametrize("seed", [*seeds(0, 3, 24), 145])
def test_random_cases_over_every_switch_end_at_the_optimum(seed: int, tmp_path: Path) -> None:
    overrides: dict[str, Any] = flat(write_random_case(tmp_path / "case", seed)) | CLOSE
    overrides |= {"policy.investment": "committed", "policy.whole_plants": False}
    case = checked_case(tmp_path / "case", changes=overrides)
    whole, parted = (
        planner.solve(case, baseline=False, method=method) for method in ("whole", "scenarios")
    )
    agree(whole, parted)


def drawn(case: Case, seed: int, **model: object) -> Case:
    """The case with bounds of every probability; of two scenarios one is a draw of the other, and of all shocks those
    with an odd number were drawn."""
    rng = np.random.default_rng(seed)
    first = case.tables.scenarios[0].scenario if case.tables.scenarios else ""
    rows = []
    for i, row in enumerate(case.tables.scenarios):
        bounds = {
            "storyline": first if i == 1 else "",
            "probability_low": row.probability * float(rng.choice([0.0, 0.5])),
            "probability_high": min(1.0, row.probability * float(rng.choice([1.5, 3.0]))),
        }
        rows.append(row.model_copy(update=bounds))
    shocks = [
        row.model_copy(update={"hazard": "war" if i % 2 else ""})
        for i, row in enumerate(case.tables.shocks)
    ]
    found = with_rows(case, scenarios=tuple(rows), shocks=tuple(shocks)).checked()
    return found.changed(model)


# Not 27: there a ten-millionth of the least risk buys a 40,000th of the cost.
@pytest.mark.parametrize("seed", some([24, 25, 26, *range(28, 34)], 4))
@pytest.mark.parametrize(
    "model", [{"objective.odds": "worst"}, {"policy.investment": "staged"}], ids=["worst", "staged"]
)
def test_worst_odds_and_decisions_in_stages_end_at_the_optimum(
    seed: int, model: dict[str, object], tmp_path: Path
) -> None:
    overrides: dict[str, Any] = flat(write_random_case(tmp_path / "case", seed)) | CLOSE
    overrides |= {"policy.investment": "committed", "policy.whole_plants": False}
    case = drawn(checked_case(tmp_path / "case", changes=overrides), seed, **model)
    whole, parted = (
        planner.solve(case, baseline=False, method=method) for method in ("whole", "scenarios")
    )
    agree(whole, parted)


def test_a_draw_that_decides_by_itself_pays_for_what_it_decides(tmp_path: Path) -> None:
    """Nobody may pay in Germany: where such a row holds nothing of the branch's own it was in no program."""
    test_worst_odds_and_decisions_in_stages_end_at_the_optimum(
        163, {"policy.investment": "staged"}, tmp_path
    )


def test_every_round_holds_and_none_is_worse(case: Case) -> None:
    exact = float(planner.solve(case, baseline=False).summary["least_risk_musd"])
    found = searched(case, alone=2)
    assert found.master.grouping.alone != ()
    for measure, best in (("risk", exact), ("cost", least_cost(case, found.limits["risk"]))):
        rounds = [one for one in found.rounds if one.phase == measure]
        assert len(rounds) > 1
        assert all(
            one.lower <= best * (1 + 1e-6) and one.upper >= best * (1 - 1e-5) for one in rounds
        )
        assert [one.lower for one in rounds] == sorted(one.lower for one in rounds)
        assert [one.upper for one in rounds] == sorted((one.upper for one in rounds), reverse=True)
        assert rounds[-1].upper - rounds[-1].lower <= 1e-6 * max(1.0, rounds[-1].upper)


def test_the_best_mean_of_two_plans_keeps_to_the_limit(tmp_path: Path) -> None:
    """Losses of 0 and 10 or 10 and 0 at costs of 1 and 3: a quarter of the second brings the worst half to 7.5."""
    half = {**EXACT, "objective.tail": 0.5, "objective.risk_aversion": 1.0}
    case = load_case(tmp_path, half, demand=demand(100), scenarios=scenarios(one=0.5, other=0.5))

    none = np.empty(0)
    plans = [
        Candidate(
            x=none,
            losses={"one": one, "other": 10.0 - one},
            costs={},
            cost=cost,
            expected_loss=0.0,
            risk=0.0,
        )
        for one, cost in ((0.0, 1.0), (10.0, 3.0))
    ]
    assert best_mixture(case, plans, "risk", {}) == pytest.approx([0.5, 0.5])
    assert best_mixture(case, plans, "cost", {"risk": 7.5}) == pytest.approx([0.75, 0.25])
    assert best_mixture(case, plans, "cost", {"risk": 4.9}) is None


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


@pytest.mark.parametrize(
    "chances", [(0.5, 0.25, 0.25, 0.0), (0.0, 0.5, 0.5, 0.0), (1.0, 0.0, 0.0, 0.0)]
)
@pytest.mark.parametrize("alone", [0, 1, 3])
def test_a_scenario_of_probability_0_weighs_nothing_and_has_its_loss(
    tmp_path: Path, chances: tuple[float, ...], alone: int
) -> None:
    """Imports of 100, 0, 40 and 70 t for a demand of 100 t at 1 MUSD per tonne, in one year; the worst quarter."""
    calm, *_ = chances
    case = load_case(
        tmp_path,
        {**EXACT, "objective.tail": 0.75, "objective.risk_aversion": 1.0},
        demand=demand(100, last=2027),
        imports=[imports(100)],
        scenarios=scenarios(**dict(zip(("calm", "all", "part", "never"), chances, strict=True))),
        shocks=[
            shock(w, "import", f, 2027, 2027)
            for w, f in (("all", 0.0), ("part", 0.4), ("never", 0.7))
        ],
    )
    found = searched(case, alone=alone)
    assert risks(found)[-1] == near((0.0, 0.0) if calm == 1.0 else (100.0, 100.0))
    assert found.best is not None and found.best.losses == near(
        {"calm": 0.0, "all": 100.0, "part": 60.0, "never": 30.0}
    )


def test_a_cut_shows_what_the_master_does_not_know(tmp_path: Path) -> None:
    """At first it knows no loss at all; in truth the worst quarter loses 100 MUSD."""
    found = searched(two_cuts(tmp_path), alone=0)
    assert risks(found) == [near((0, 100)), near((100, 100))]
    assert found.best is not None and found.best.losses == near({"calm": 0, "all": 100, "part": 60})


def test_what_a_branch_needs_is_there_though_the_reference_needs_nothing(tmp_path: Path) -> None:
    """400 t on offer cover demand but where there are none. A plant for 2028, with 60 people, for who has none."""
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
    found = searched(case, alone=0)
    assert risks(found)[-1] == near((10, 10))


def test_who_stands_alone_is_known_at_once(tmp_path: Path) -> None:
    found = searched(two_cuts(tmp_path), alone=1)
    assert found.master.grouping.alone == ("all",)
    assert risks(found) == [near((100, 100))]


def test_cuts_hold_wherever_the_links_are(case: Case) -> None:
    chance = random.Random(1)
    search = begin(case, alone=1)
    question = BranchQuestion(
        case.scenarios, True, {w: chance.choice((0.0, 1e3, 1e9)) for w in case.scenarios}
    )
    capped = BranchQuestion(case.scenarios, costs=dict.fromkeys(search.pool.names, 1.0))
    with search.pool as pool:
        master = search.master
        points, cuts = [], []
        for _ in range(4):
            x = master.minimise(Phase("risk")).x
            points.append(master.links(x))
            results = [*pool.results(points[-1], question), *pool.results(points[-1], capped)]
            cuts += [cut for one in results for cut in one.cuts]
            master.add(results, x)
        assert {bool(cut.of_cost) for cut in cuts} == {True, False}
        for _ in range(4):
            shares = np.array([chance.random() for _ in points])
            between = np.tensordot(shares / shares.sum(), np.array(points), axes=1)
            for asked in (question, capped):
                now = {one.branch: one for one in pool.results(between, asked)}
                for cut in cuts:
                    bound = cut.constant + sum(
                        slope * between[at] for at, slope in cut.slope.items()
                    )
                    one = now[cut.branch]
                    reached = one.cost * cut.of_cost + sum(
                        weight * one.losses[w] for w, weight in cut.of_loss.items()
                    )
                    assert bound <= reached + 1e-5 * (1 + abs(reached))


def test_scenarios_that_leave_the_reference_together_stay_together(tmp_path: Path) -> None:
    """Cut in 2027, and for one of the two in 2028 too: until then nobody can tell them apart."""
    case = load_case(
        tmp_path,
        EXACT,
        demand=demand(100),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, short=0.25, long=0.25),
        shocks=[
            shock("short", "import", 0.0, 2027, 2027),
            shock("long", "import", 0.0, 2027, 2028),
        ],
    )
    grouping = group(case, 1)
    (part,) = parts(grouping, size=1)
    assert (part.reference, sorted(part.names)) == ("calm", ["long", "short"])
    (branch,) = branches(part)
    assert sorted(branch.leaves) == ["long", "short"]
    assert grouping.left == {"short": 1, "long": 1}


def test_weights_of_losses_add_up_to_the_risk(case: Case) -> None:
    losses = {name: float(i * i) for i, name in enumerate(case.scenarios)}
    weights = risk_weights(case.model.objective, case.scenarios, losses)
    risk = weighed(case, losses).risk
    assert sum(weights[name] * loss for name, loss in losses.items()) == pytest.approx(risk)
