"""Futures with the decisions of a plan fixed: against the whole program of each alone, by hand, and who knows what."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case, with_other_scenarios, with_rows
from planner.data.load import checked_case
from planner.data.scenario_tree import Tree
from planner.data.schema import UncertainRange
from planner.errors import StoppedError
from planner.evaluation import simulation_program, simulator
from planner.evaluation.decisions import ALL, NO_DECISIONS, FixedDecisions, fixed_decisions
from planner.evaluation.outcome import FutureOutcome
from planner.evaluation.policies import POLICIES
from planner.evaluation.simulator import Futures, PolicyChoice, PolicyName, Simulator, futures_of
from planner.formulation.whole_program import EQUATIONS
from planner.solving.engine import Engine
from planner.solving.goals import Phase, silent
from planner.solving.program_writer import program_of
from planner.solving.solution import Stop
from planner.solving.warm_program import WarmProgram
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
    record,
    scenarios,
    seeds,
    shock,
)
from tests.forked import fork_workers
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

STARTER = Path(planner.__file__).parents[1] / "inputs" / "starter"


def losses(
    case: Case, policy: PolicyName, decisions: FixedDecisions = NO_DECISIONS, worth: float = 0.0005
) -> dict[str, float]:
    """Loss (MUSD) of each scenario of a case under a policy."""
    with Simulator(case, decisions) as carried:
        found = carried.outcomes(PolicyChoice(name=policy, worth=worth), futures_of([case]))
    return {scenario: one.loss for scenario, one in zip(case.scenarios, found, strict=True)}


def alone(case: Case, scenario: str, decisions: FixedDecisions) -> float:
    """Least loss of one scenario as a whole program of its own."""
    rows = [
        row.model_copy(update={"probability": 1.0})
        for row in case.tables.scenarios
        if row.scenario == scenario
    ]
    shocks = [row for row in case.tables.shocks if row.scenario == scenario]
    engine = Engine(with_other_scenarios(case, rows, shocks, ()))
    solved = engine.solve(fixed=decisions.amounts[ALL], phases=[Phase("risk")])
    assert solved.is_optimal
    return solved.value("risk")


@pytest.mark.parametrize("seed", seeds(40_000, 3, 400))
def test_a_future_known_from_its_start_loses_what_it_does_alone_and_never_more_than_otherwise(
    seed: int, tmp_path: Path
) -> None:
    """Over quarters, delays, resale, people, money and schedules, whatever the random case has."""
    overrides = flat(
        write_random_case(tmp_path / "case", seed, old=False, decided=seed % 2 == 1)
    ) | {
        "policy.investment": "committed",
        "policy.committed_through": None,
        "policy.whole_plants": False,
        "objective.goal": "welfare",
        "objective.risk_limit": None,
    }
    given = {key: value for key, value in overrides.items() if value is not None}
    case = checked_case(tmp_path / "case", changes=given)
    decisions = fixed_decisions(planner.solve(case, baseline=False))
    known, myopic = losses(case, "foreseen", decisions), losses(case, "myopic", decisions)
    for scenario in case.scenarios:
        truth = alone(case, scenario, decisions)
        assert known[scenario] == pytest.approx(truth, rel=1e-6, abs=1e-6), scenario
        assert myopic[scenario] >= truth - 1e-6 * (1 + truth), scenario


def held_or_sold(folder: Path, **chances: float) -> Case:
    """100 t a year, half of them cut in 2026, all of them in 2028 in the future `cut`; 50 t in stock. What is short up
    to half costs 1 MUSD per tonne, beyond it 10. Who knows that nothing is cut sells the stock in 2026 and loses
    nothing; who keeps it loses 50 in 2026, and 50 instead of 550 if the cut comes."""
    tier = {"element": "Dy"}
    pile = record(
        country="AAA", element="Dy", form="oxide", initial_t=50, max_t=50, purchase_usd_per_kg=1
    )
    return load_case(
        folder,
        {**EXACT, "objective.risk_aversion": 0.0, "levers": []},
        demand=demand(100, last=2028),
        imports=[imports(100)],
        loss_tiers=[
            {**tier, "up_to_share": 0.5, "loss_usd_per_kg": 1000},
            {**tier, "up_to_share": 1, "loss_usd_per_kg": 10_000},
        ],
        stockpiles=[pile],
        scenarios=scenarios(**chances),
        shocks=[shock(w, "import", 0.5, 2026, 2026) for w in chances]
        + [shock("cut", "import", 0.0, 2028, 2028)],
    )


def test_stock_is_released_against_every_loss_above_its_worth(tmp_path: Path) -> None:
    """A tonne may save 10 MUSD. Worth a twentieth of that it is sold for 1, worth a fifth it is kept to the end."""
    case = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    assert losses(case, "foreseen") == near({"calm": 0, "cut": 100})
    assert losses(case, "myopic", worth=0.05) == near({"calm": 0, "cut": 550})
    assert losses(case, "myopic", worth=0.2) == near({"calm": 50, "cut": 100})


def test_the_worth_that_leaves_the_least_risk_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sold: 0 or 550. Kept: 50 or 100, which is better from a chance of the cut of a tenth on."""
    monkeypatch.setattr(simulator, "WORTHS", (0.05, 0.2))
    for chance, chosen in ((0.05, 0.05), (0.5, 0.2)):
        case = held_or_sold(tmp_path / str(chance), calm=1 - chance, cut=chance)
        with Simulator(case, NO_DECISIONS) as carried:
            assert carried.trained(futures_of([case])).worth == chosen


def buyer(folder: Path, *musd: float, carry_over: bool = True) -> Case:
    """100 t a year, of which imports of 150 leave 50 to spare; a tonne of stock costs 1 MUSD."""
    pile = {"country": "AAA", "element": "Dy", "form": "oxide", "initial_t": 0}
    return load_case(
        folder,
        {"policy.budget_carry_over": carry_over},
        demand=demand(100, last=2029),
        imports=[imports(150)],
        stockpiles=[{**pile, "max_t": 80, "purchase_usd_per_kg": 1000}],
        budgets=budget(*musd),
        projects=[mine(existing_tpa=0, max_new_tpa=100, capex_usd_per_tpa=MUSD)],
        scenarios=scenarios(base=1.0),
    )


@pytest.mark.parametrize(
    ("musd", "carry_over", "due", "bought"),
    [
        ((100,), True, {}, [50, 30, 0, 0]),
        ((100,), False, {}, [50, 0, 0, 0]),
        ((10,), True, {2027: 8.0}, [2, 0, 0, 0]),
        ((10, 5), True, {2027: 8.0}, [7, 0, 0, 0]),
        ((10, 0, 20), True, {2028: 25.0}, [5, 0, 0, 0]),
        ((10, 9), False, {2027: 8.0}, [10, 1, 0, 0]),
    ],
)
def test_stock_is_bought_from_spare_supply_with_money_that_decisions_leave(
    musd: tuple[float, ...],
    carry_over: bool,
    due: dict[int, float],
    bought: list[float],
    tmp_path: Path,
) -> None:
    """50 t a year are spare, 80 fit; what the plan pays for a mine stays set aside; none is bought in the last year."""
    case = buyer(tmp_path, *musd, carry_over=carry_over)
    builds = {("build", ("mine", year)): amount for year, amount in due.items()}
    payments = {("AAA", year): amount for year, amount in due.items()}
    decisions = FixedDecisions(amounts={ALL: builds}, payments={ALL: payments})
    with Simulator(case, decisions) as carried:
        (found,) = carried.outcomes(PolicyChoice(name="myopic"), futures_of([case]))
    assert found.purchases.tolist() == near(bought)


def outcomes(case: Case, policy: PolicyName, decisions: FixedDecisions) -> list[FutureOutcome]:
    with Simulator(case, decisions) as carried:
        return carried.outcomes(PolicyChoice(name=policy), futures_of([case]))


def until(found: FutureOutcome, year: int) -> dict[str, list[Any]]:
    """All that a policy did in the first `year` years."""
    return {"losses": found.losses[:year].tolist(), "purchases": found.purchases[:year].tolist()}


def test_what_comes_later_changes_nothing_before() -> None:
    """From each year on one scenario is cut off wholly: whatever was done before that year is the same to the bit."""
    case = planner.load(STARTER)
    decisions = fixed_decisions(planner.solve(case, baseline=False))
    first = outcomes(case, "myopic", decisions)
    place = list(case.scenarios).index("embargo" if "embargo" in case.scenarios else "calm")
    name = list(case.scenarios)[place]
    moved = 0
    for year in case.years[1:]:
        row = case.tables.shocks[0].model_copy(
            update={"scenario": name, "kind": "import", "start_year": year, "end_year": None}
        )
        hit = row.model_copy(
            update=dict.fromkeys(("supplier", "country", "element", "form", "stage"), "")
        ).model_copy(update={"project": "", "factor": 0.0})
        other = with_rows(case, shocks=(*case.tables.shocks, hit))
        found = outcomes(other, "myopic", decisions)[place]
        before = year - case.first_year
        assert until(found, before) == until(first[place], before), year
        moved += found.loss != first[place].loss
    assert moved > 0


def test_who_foresees_does_act_before(tmp_path: Path) -> None:
    """The test above can fail: knowing the cut of 2028, stock is kept in 2026."""
    calm, cut = outcomes(held_or_sold(tmp_path, calm=0.5, cut=0.5), "foreseen", NO_DECISIONS)
    assert until(calm, 2) != until(cut, 2)


@pytest.mark.parametrize("policy", POLICIES)
def test_an_answer_does_not_hang_on_what_was_solved_before(
    policy: PolicyName, tmp_path: Path
) -> None:
    """Each scenario asked for by itself, in any order, by one who keeps what it solved."""
    case = held_or_sold(tmp_path, calm=0.4, calmer=0.2, cut=0.4)
    futures = given(case)
    found: dict[str, set[tuple[float, ...]]] = defaultdict(set)
    for order in itertools.permutations(range(len(futures.futures))):
        with Simulator(case, NO_DECISIONS, 1) as carried:
            for place in order:
                one = futures.part(np.array([place]))
                (each,) = carried.outcomes(PolicyChoice(name=policy), one)
                found[one.futures[0].name].add(tuple(each.losses.tolist()))
    assert {name: len(losses) for name, losses in found.items()} == dict.fromkeys(found, 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_losses_are_the_same_to_the_byte_whoever_solves_them(
    policy: PolicyName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_workers(monkeypatch)
    monkeypatch.setattr(simulator, "AT_ONCE", 1)
    case = held_or_sold(tmp_path, calm=0.4, calmer=0.2, cut=0.4)
    found = []
    for workers in (1, 2):
        with Simulator(case, NO_DECISIONS, workers) as carried:
            each = carried.outcomes(PolicyChoice(name=policy), given(case))
            found.append([one.losses.tolist() for one in each])
    assert found[0] == found[1]


def given(case: Case) -> Futures:
    return futures_of([case])


def test_inputs_that_are_unsure_may_name_scenarios(tmp_path: Path) -> None:
    """The simulator leaves scenarios out, and with them what they are checked against."""
    sold = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    unsure = {"table": "scenarios", "column": "probability", "where": "scenario=cut"}
    row = UncertainRange(uncertainty="odds", low=0.5, high=1.5, **unsure)
    case = with_rows(sold, uncertainties=(row,)).checked()
    assert losses(case, "foreseen") == losses(sold, "foreseen")


def test_a_stop_names_the_future(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    monkeypatch.setattr(
        planner.evaluation.policies.Solver, "minimise", lambda *_: _Stopped(), raising=True
    )
    with Simulator(case, NO_DECISIONS) as carried, pytest.raises(StoppedError, match="in 1:calm"):
        carried.outcomes(PolicyChoice(name="foreseen"), given(case))


class _Stopped:
    stop = Stop.TIME_LIMIT
    x = np.empty(0)


# ---- between the bounds ----------------------------------------------------------------------------------------------

YEARS = (2026, 2027, 2028)
CHANCE = 1 / 3
TONNES = range(0, 61, 10)


def every_history(folder: Path) -> Case:
    """60 t in stock, 100 t a year from abroad of which each year by itself half may be cut, with a chance of a third.

    What is short up to 30 t costs 1 MUSD per tonne, beyond that 5.
    """
    names = [f"{number:03b}" for number in range(8)]
    chance = {w: CHANCE ** w.count("1") * (1 - CHANCE) ** w.count("0") for w in names}
    cuts = [
        shock(f"w{w}", "import", 0.5, year, year)
        for w in names
        for year, cut in zip(YEARS, w, strict=True)
        if cut == "1"
    ]
    pile = {"country": "AAA", "element": "Dy", "form": "oxide", "initial_t": 60, "max_t": 60}
    tier = {"element": "Dy"}
    return load_case(
        folder,
        {**EXACT, "objective.risk_aversion": 0.0, "levers": []},
        demand=demand(100, last=2028),
        imports=[imports(100)],
        loss_tiers=[
            {**tier, "up_to_share": 0.3, "loss_usd_per_kg": 1000},
            {**tier, "up_to_share": 1, "loss_usd_per_kg": 5000},
        ],
        stockpiles=[{**pile, "purchase_usd_per_kg": 1}],
        scenarios=scenarios(**{f"w{w}": p for w, p in chance.items()}),
        shocks=cuts,
    )


def least_expected_loss(year: int, stock: float) -> float:
    """Of all that can be done from a year on, knowing nothing of later ones: every release in steps of 10 t tried."""
    if year == len(YEARS):
        return 0.0
    calm = least_expected_loss(year + 1, stock)
    after_cut = []
    for released in TONNES:
        if released <= min(stock, 50):
            short = 50 - released
            loss = min(short, 30) + 5 * max(short - 30, 0)
            after_cut.append(loss + least_expected_loss(year + 1, stock - released))
    return (1 - CHANCE) * calm + CHANCE * min(after_cut)


def test_the_bounds_bracket_the_best_that_can_be_done(tmp_path: Path) -> None:
    """The best of all ways to release, by brute force, lies between all known and a policy that can be carried out."""
    case = every_history(tmp_path)
    best = least_expected_loss(0, 60.0)

    def expected(policy: PolicyName, worth: float = 0.0005) -> float:
        found = losses(case, policy, worth=worth)
        return sum(case.scenarios[w] * loss for w, loss in found.items())

    assert expected("foreseen") < best - 0.1
    assert expected("myopic") > best + 0.1, "selling all at once is not the best"
    session = WarmProgram(case)
    assert session.solve(silent, [Phase("risk")]).values["risk"] == near(best)


# ---- rules that change ------------------------------------------------------------------------------------------------


def test_a_changed_rule_of_throughput_holds_for_futures_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 100 t wanted a plant for 80 makes 40 where it may run half of the year: 60 t short in each of three years."""
    case = load_case(tmp_path, EXACT, projects=[mine(), plant(existing_tpa=80)])
    assert losses(case, "foreseen") == near({"base": 60})
    years = Tree.years_of_use
    monkeypatch.setattr(
        Tree, "years_of_use", lambda tree, p: years(tree, p) * (0.5 if p == "plant" else 1.0)
    )
    assert losses(case, "foreseen") == near({"base": 180})


def test_equations_of_capacity_are_of_one_plant_and_period(tmp_path: Path) -> None:
    """Those alone are written again where a future shuts or delays a plant."""
    case = load_case(
        tmp_path, EXACT, projects=[mine(), plant(max_new_tpa=80, rise=0.5)], budgets=budget(90)
    )
    program = program_of(case)
    capacity = program.columns_of("capacity")
    asking = np.flatnonzero(np.diff(program.matrix[:, capacity].tocsr().indptr))
    letters = {equation.name: equation.letters for equation in EQUATIONS}
    assert {letters[program.rows[row][0]] for row in asking} == {("p", "n")}
    assert simulation_program.OF_A_PLANT == ("p", "n")


# ---- plants that stand warm ------------------------------------------------------------------------------------------


def warm(folder: Path) -> Case:
    """Nothing is needed before 2028, then 100 t a year, which come from abroad but in `cut`. A plant for 100 t may grow
    by 30 t a year, so that it has to run for nothing in 2027 to give 100 t in 2028."""
    return load_case(
        folder,
        {**EXACT, "objective.goal": "welfare", "objective.risk_aversion": 0.0},
        demand=[
            {"country": "AAA", "element": "Dy", "year": year, "tonnes": tonnes}
            for year, tonnes in ((2026, 0), (2027, 0), (2028, 100), (2029, 100))
        ],
        imports=[imports(100)],
        projects=[
            mine(variable_opex_usd_per_t=1000),
            plant(existing_tpa=100, rise=0.3, variable_opex_usd_per_t=1000),
        ],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0.0, 2028, 2029)],
    )


def test_a_plant_runs_where_nothing_happens_as_the_plan_has_it_run(tmp_path: Path) -> None:
    """The plan runs the plant before it is needed, so that nothing is short in 2028. A policy that knew no plan would let
    it stand, and lose 70 and 40 MUSD in 2028 and 2029."""
    plan = planner.solve(warm(tmp_path), baseline=False)
    decisions = fixed_decisions(plan)
    assert decisions.runs["plant", 2027] == near(70)
    cold = FixedDecisions(amounts=decisions.amounts, payments=decisions.payments)
    assert losses(plan.case, "myopic", cold) == near({"calm": 0, "cut": 110})
    as_planned = losses(plan.case, "myopic", decisions)
    assert as_planned == near(plan.summary["scenario_loss_musd"])
    assert as_planned["cut"] < 1


def test_a_plant_that_cannot_run_as_planned_runs_as_it_can(tmp_path: Path) -> None:
    """Half of its capacity is planned, none is there."""
    case = warm(tmp_path)
    gone = with_rows(
        case,
        projects=tuple(
            row.model_copy(update={"existing_tpa": 10}) if row.project == "plant" else row
            for row in case.tables.projects
        ),
    )
    decisions = FixedDecisions(
        amounts={ALL: {}}, payments={ALL: {}}, runs={("plant", 2026): 50.0, ("plant", 2027): 50.0}
    )
    assert losses(gone, "myopic", decisions) == near({"calm": 0, "cut": 180})
