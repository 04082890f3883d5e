"""One future at a time with a plan held fixed, against the whole program of that future alone and by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.case import Case
from planner.data.shock_effects import effects_by_scenario, periods_of
from planner.errors import StoppedError
from planner.parallel import Answer, Make, Workers, answered
from planner.solving.goals import Phase, silent, solve_phases
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies import evaluation, fixed_plan
from planner.studies.evaluation import evaluate_in, rule_for, thinned, with_other_scenarios
from planner.studies.fixed_plan import Decided, Future, Futures, amounts, fix
from tests.cases import EXACT, demand, imports, load_case, near, scenarios, seeds, shock
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

STARTER = Path(planner.__file__).parents[1] / "inputs" / "starter"


def alone(case: Case, scenario: str, decided: Decided) -> float:
    """Least loss of one scenario as a whole program of its own."""
    rows = [
        row.model_copy(update={"probability": 1.0})
        for row in case.tables.scenarios
        if row.scenario == scenario
    ]
    one = with_other_scenarios(
        case, rows, [s for s in case.tables.shocks if s.scenario == scenario]
    )
    session = LiveProgram(one)
    fix(session, decided)
    outcome = solve_phases(
        session.program, case.model.objective, session.solver, silent, [Phase("risk")]
    )
    assert outcome.stop is Stop.OPTIMAL
    return outcome.values["risk"]


@pytest.mark.parametrize("seed", seeds(40_000, 12, 400))
def test_a_future_known_from_the_first_year_loses_what_it_does_alone(
    seed: int, tmp_path: Path
) -> None:
    """Over quarters, delays, resale, people and money, whatever the random case has."""
    overrides = flat(write_random_case(tmp_path / "case", seed, old=False)) | {
        "policy.investment": "committed",
        "policy.committed_through": None,
        "policy.whole_plants": False,
        "objective.goal": "welfare",
        "objective.risk_limit": None,
    }
    case = planner.load(
        tmp_path / "case", overrides={k: v for k, v in overrides.items() if v is not None}
    )
    plan = planner.solve(case, baseline=False)
    decided, periods, effects = amounts(plan), periods_of(case), effects_by_scenario(case)
    with Futures(case, decided) as futures:
        found = futures.losses(periods, [Future(w, one, {}, 0) for w, one in effects.items()])
    for w in case.scenarios:
        assert found[w].foreseen == pytest.approx(alone(case, w, decided), rel=1e-6, abs=1e-6), w


def held_or_sold(folder: Path, **chances: float) -> Case:
    """100 t a year, half of them cut in 2026, all of them in 2028 in the future `cut`; 50 t in stock. What is short up
    to half costs 1 MUSD per tonne, beyond it 10. Who knows that nothing is cut sells the stock in 2026 and loses
    nothing; who does not keeps it: 50 are lost in 2026, and 50 instead of 550 if the cut comes."""
    tier = {"element": "Dy"}
    pile = {
        "country": "AAA",
        "element": "Dy",
        "form": "oxide",
        "initial_t": 50,
        "max_t": 50,
        "purchase_usd_per_kg": 1,
    }
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


def test_stock_is_kept_by_the_rule_until_a_future_shows_itself(tmp_path: Path) -> None:
    case = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    rule, periods, effects = rule_for(case, {}), periods_of(case), effects_by_scenario(case)
    known = [rule.future(w, one, periods) for w, one in effects.items()]
    assert [future.told_apart for future in known] == [3, 3], (
        "both are histories of the rule to their ends"
    )
    with Futures(case, {}) as futures:
        found = futures.losses(periods, known)
    assert (found["calm"].held, found["calm"].foreseen) == near((50, 0))
    assert (found["cut"].held, found["cut"].foreseen) == near((100, 100))


def test_a_future_that_the_rule_does_not_know_is_known_from_where_it_leaves_its_histories(
    tmp_path: Path,
) -> None:
    """A cut in 2027 leaves the histories of the rule there, with the stock that the rule has kept until then."""
    case = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    rule, periods = rule_for(case, {}), periods_of(case)
    other = with_other_scenarios(
        case,
        [case.tables.scenarios[0].model_copy(update={"scenario": "calm", "probability": 1.0})],
        [
            s.model_copy(update={"scenario": "calm", "start_year": y, "end_year": y, "factor": f})
            for s in case.tables.shocks[:1]
            for y, f in ((2026, 0.5), (2027, 0.0))
        ],
    ).checked()
    future = rule.future("calm", effects_by_scenario(other)["calm"], periods)
    assert future.told_apart == 1
    with Futures(case, {}) as futures:
        found = futures.losses(periods, [future])["calm"]
    assert (found.held, found.foreseen) == near((100, 100))


def test_many_futures_one_by_one_lose_what_they_lose_as_one_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    as_one = evaluate_in(case, {}, own=False, workers=1, progress=silent)
    monkeypatch.setattr(evaluation, "MANY", 2)
    parted = evaluate_in(case, {}, own=False, workers=1, progress=silent)
    assert (as_one.foreseen, parted.foreseen and parted.foreseen["risk_musd"]) == (None, near(50))
    for found in (as_one, parted):
        assert dict(zip(found.table["scenario"], found.table["loss_musd"], strict=True)) == near(
            {"calm": 50, "cut": 100}
        )
        risk = found.estimates["risk_musd"]
        assert (risk.value, risk.low, risk.high) == (near(75), None, None)
        assert "judgements, not draws" in risk.why


def test_few_futures_stand_for_all(tmp_path: Path) -> None:
    """Eight futures of one scenario, two to stand for them: each the third of four that lose the least and the most."""
    chances = {f"w-000{i}": 0.125 for i in range(1, 8)} | {"cut": 0.125}
    case = held_or_sold(tmp_path, **chances)
    found = thinned(case, {w: float(i) for i, w in enumerate(sorted(chances))}, 2)
    assert found.scenarios == near({sorted(chances)[2]: 0.5, sorted(chances)[6]: 0.5})
    assert {s.scenario for s in found.tables.shocks} == found.scenarios.keys()


class Forgetful(Workers):
    """Two workers, of whom the first dies of the first thing that it is asked."""

    present: Sequence[Hashable] = ("first", "second")

    def __init__(self, make: Make) -> None:
        self._kept = {name: make() for name in self.present}
        self._asked: deque[tuple[Any, ...]] = deque()

    def ask(self, worker: Hashable, *call: Any) -> None:
        self._asked.append((worker, *call))

    def wait(self) -> list[Answer]:
        worker, *call = self._asked.popleft()
        if worker == "first":
            self.present = ("second",)
            return [Answer(worker, lost="killed")]
        return [Answer(worker, *answered(self._kept[worker], *call))]

    def close(self) -> None: ...


def test_losses_are_the_same_to_the_byte_whoever_solves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixed_plan, "AT_ONCE", 1)
    case = held_or_sold(tmp_path, calm=0.4, calmer=0.2, cut=0.4)
    given = [Future(w, one, {}, 0) for w, one in effects_by_scenario(case).items()]
    found = []
    for workers in (1, Forgetful):
        with Futures(case, {}, workers) as futures:
            found.append(futures.losses(periods_of(case), given))
    assert found[0] == found[1]


def test_a_stop_names_the_future(tmp_path: Path) -> None:
    """50 t more at the end of 2026 than there can be."""
    case = held_or_sold(tmp_path, calm=0.5, cut=0.5)
    rule, periods = rule_for(case, {}), periods_of(case)
    one = effects_by_scenario(case)["calm"]
    more = {good: tonnes[:3] + 50 for good, tonnes in rule.stocks.items()}
    with Futures(case, {}) as futures, pytest.raises(StoppedError, match="in calm"):
        futures.losses(periods, [Future("calm", one, more, 1)])


def test_the_command_says_what_was_drawn_and_what_may_be_followed(tmp_path: Path) -> None:
    """No interval of three judged scenarios; 60 draws are one by one, and the advice is a command of this program."""
    reference = STARTER.parents[1] / "reports" / "reference" / "starter-base"

    def told(*arguments: object) -> str:
        found = CliRunner().invoke(app, ["evaluate", str(reference), *map(str, arguments)])
        assert found.exit_code == 0, found.output
        return found.output

    assert "no interval: these futures are judgements, not draws" in (judged := told())
    assert "as one program of all futures" in judged and "planner sample" not in judged
    drawn = tmp_path / "drawn"
    sampled = CliRunner().invoke(
        app, ["sample", str(STARTER), "--even", "--draws", "60", "--out", str(drawn)]
    )
    assert sampled.exit_code == 0, sampled.output
    assert "60 scenarios, plan held fixed (MUSD). Solved one by one: stocks by a rule" in (
        many := told("--scenarios", drawn)
    )
    assert "95 % intervals say what as many other draws could give" in many
    samples = told(
        "--register", STARTER, "--draws", 6, "--samples", 2, "--out", tmp_path / "samples.csv"
    )
    assert "2 samples drawn apart" in samples and "by Student's t between them" in samples
    folder = CliRunner().invoke(app, ["evaluate", str(reference), "--out", str(tmp_path)])
    assert (folder.exit_code, "is a folder" in folder.output) == (2, True)
    assert (
        (tmp_path / "samples.csv")
        .read_text()
        .startswith("seed,futures,expected_loss_musd,cvar_musd,risk_musd,")
    )
