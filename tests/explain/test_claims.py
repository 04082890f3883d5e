"""How much levers matter: the rule on ranges made up for it, cases with an answer by hand, doubts at their ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import planner
from planner.api.explanations import explain_into, kept_of_doubts
from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.data.difference import differences
from planner.errors import InputError
from planner.explanation.doubts import doubts_of, ends_of
from planner.explanation.explain import explain
from planner.planning import solve_case
from planner.results.explanation import LARGE, OPEN, SMALL, Claim, Explanation, judged
from planner.results.journal import JOURNAL, Journal, read_entries
from planner.results.plan import Plan
from planner.solving.engine import ANSWER
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
    smelter,
    stored,
    unsure,
)
from tests.conftest import MakeCase


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.15, 0.15, LARGE),
        (0.15, 0.9, LARGE),
        (0.149, 0.9, OPEN),
        (0.0, 0.05, SMALL),
        (-0.1, 0.0, SMALL),
        (0.0, 0.051, OPEN),
        (0.06, 0.14, OPEN),
        (0.04, 0.2, OPEN),
    ],
)
def test_the_whole_range_decides(low: float, high: float, verdict: str) -> None:
    assert judged(low, high) == verdict


def claims_of(found: Explanation) -> dict[tuple[str, str], Claim]:
    return {(claim.lever, claim.basis): claim for claim in found.claims}


def test_metal_is_large_where_oxide_is_there_and_furnaces_are_missing(make_case: MakeCase) -> None:
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
    found = explain(solve_case(case, baseline=False))
    claims = claims_of(found)
    metal, mines = claims["metal", "missing"], claims["mine", "alone"]
    assert (metal.verdict, metal.share) == (LARGE, near(1))
    assert (mines.verdict, mines.share) == (SMALL, near(0))


def test_nothing_is_judged_where_levers_take_nothing_off(make_case: MakeCase) -> None:
    case = make_case(
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)],
        budgets=budget(100),
    )
    found = explain(solve_case(case))
    assert found.claims == []


@pytest.mark.parametrize(("initial", "supposed"), [(10, "staff_covers"), (9, "")])
def test_a_claim_that_the_data_suppose_says_so(
    make_case: MakeCase, initial: float, supposed: str
) -> None:
    """10 t/y stand and need a person each; so many are counted."""
    case = make_case(
        projects=[mine(), plant(existing_tpa=10, max_new_tpa=90, capex_usd_per_tpa=MUSD / 100)],
        budgets=budget(100),
        skills="skill, name, attrition\nworker, Worker, 0",
        workforce=f"country, skill, initial, hires_per_year\nAAA, worker, {initial}, 100",
        staffing="stage, skill, persons_per_ktpa\nseparation, worker, 1000",
    )
    claims = claims_of(explain(solve_case(case)))
    assert claims["people", "missing"].supposed == supposed
    assert claims["separation", "missing"].supposed == ""


# ---- doubts ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """100 t of oxide wanted in a cut, 100 t/y of separation financed: a new plant is needed only if that fails, and
    there is money for 30 t/y of it."""
    case = load_case(
        tmp_path_factory.mktemp("doubtful"),
        {"objective.risk_aversion": 0.0},
        imports=[imports(100)],
        projects=[
            mine(),
            plant(project="old", existing_tpa=100),
            plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=1),
        ],
        budgets=budget(30),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0, 2027, 2028)],
        uncertainties=[
            unsure(
                "projects",
                "existing_tpa",
                0.4,
                0.99,
                "stage=separation",
                name="what is financed",
                source="plants may fail",
            ),
            unsure("demand", "tonnes", 1, 1.2, name="use"),
        ],
    )
    return solve_case(case)


@pytest.fixture(scope="module")
def found(doubtful: Plan) -> Explanation:
    return explain(doubtful, "run", doubts=True)


def test_a_doubt_on_which_a_claim_turns_is_named_with_where_it_comes_from(
    found: Explanation,
) -> None:
    """As given nothing is at risk; the doubts are asked all the same, and say what would be."""
    assert found.claims == []
    by_input = {one.input: one for one in found.influences}
    fails = by_input["what is financed"]
    assert [tried.setting for tried in fails.tried] == ["× 0.4", "× 0.99"]
    assert fails.why == "plants may fail"


def test_each_end_is_the_case_with_its_changes(found: Explanation, doubtful: Plan) -> None:
    assert [one.input for one in found.influences] == ["what is financed", "use"]
    sizes = [abs(one.effect) for one in found.influences]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1
    for one in found.influences:
        for tried in one.tried:
            plan = solve_case(doubtful.case.changed(*tried.changes), baseline=False)
            assert tried.objective == near(plan.summary["least_risk_musd"])


def test_a_lever_is_open_where_a_doubt_turns_it(tmp_path: Path) -> None:
    """Mines of 40 t/y as given, or of 100: then a plant of 100 t/y needs no new mine."""
    case = load_case(
        tmp_path,
        {"objective.risk_aversion": 0.0},
        projects=[
            mine(project="old", existing_tpa=40),
            mine(project="new", existing_tpa=0, max_new_tpa=60, capex_usd_per_tpa=MUSD / 100),
            plant(max_new_tpa=100, capex_usd_per_tpa=MUSD / 100),
        ],
        budgets=budget(100),
        uncertainties=[
            unsure("projects", "existing_tpa", 1, 2.5, "stage=mine", name="ore", source="a letter")
        ],
    )
    found = explain(solve_case(case), doubts=True)
    mines = claims_of(found)["mine", "missing"]
    assert (mines.share, mines.low, mines.high) == near((0.6, 0, 0.6))
    assert (mines.verdict, list(mines.turns_on)) == (OPEN, ["ore"])
    (influence,) = found.influences
    assert list(influence.decides) == ["mine"]
    separation = claims_of(found)["separation", "missing"]
    assert separation.verdict == LARGE and len(separation.trials) == 1


class Clock:
    """A clock on which each look takes as many seconds as is said."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_doubts_say_beforehand_how_many_programs_and_go_on_where_they_were_stopped(
    doubtful: Plan, found: Explanation, tmp_path: Path
) -> None:
    class Interrupt(Exception):
        pass

    told: list[str] = []

    def stop_after_five(step: str) -> None:
        told.append(step)
        if "ends of doubtful figures" in "".join(told) and step.startswith("5 of"):
            raise Interrupt

    with Journal(tmp_path / JOURNAL) as journal, pytest.raises(Interrupt):
        explain(doubtful, "run", stop_after_five, doubts=True, journal=journal)
    (said,) = [step for step in told if "ends of doubtful figures" in step]
    assert re.fullmatch(r"3 ends of doubtful figures: \d+ programs to solve; how long .*", said)
    kept = len(list(read_entries(tmp_path / JOURNAL, ANSWER)))
    assert kept == 5
    told.clear()
    with Journal(tmp_path / JOURNAL) as journal:
        again = explain(doubtful, "run", told.append, doubts=True, journal=journal)
    (left,) = [step for step in told if "ends of doubtful figures" in step]
    count = int(said.split()[5])
    assert int(left.split()[5]) == count - kept
    assert again.influences == found.influences and again.claims == found.claims


def test_a_run_says_what_is_kept_of_its_doubts_when_they_are_stopped(
    doubtful: Plan, tmp_path: Path
) -> None:
    run = stored(doubtful, tmp_path / "run")

    def stop_after_three(step: str) -> None:
        if step.startswith("3 of") and kept_of_doubts(run) != "nothing was written":
            raise KeyboardInterrupt

    assert kept_of_doubts(run) == "nothing was written"
    with pytest.raises(KeyboardInterrupt):
        explain_into(run, doubts=True, progress=stop_after_three)
    assert kept_of_doubts(run) == "3 answers are kept; the same command goes on"


def test_how_long_doubts_take_is_told_by_the_first_of_them_and_not_by_what_was_asked_before(
    doubtful: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alternatives take 1,000 s each, doubts 2 s: the rest of these takes twice as many seconds as it has programs."""
    clock = Clock(1000)
    monkeypatch.setattr("planner.solving.engine.perf_counter", clock)
    told: list[str] = []

    def tell(step: str) -> None:
        told.append(step)
        if "ends of doubtful figures" in step:
            clock.step = 2

    explain(doubtful, "run", tell, doubts=True)
    at = next(place for place, step in enumerate(told) if "ends of doubtful figures" in step)
    whole, few = map(int, re.findall(r"(\d+) programs.* (\d+) of them", told[at])[0])
    assert whole > few > 0
    first = told[at + 1 : at + few]
    assert first == [f"{n} of {few} programs are solved" for n in range(1, few)]
    rest = whole - few
    assert told[at + few] == f"{rest} programs to solve, in about {2 * rest} s"
    assert told[at + few + 1] == (f"1 of {rest} programs are solved; about {2 * (rest - 1)} s left")


def test_tail_probability_keeps_the_sum_and_doubles_the_tail(make_case: MakeCase) -> None:
    case = make_case(
        {"objective.tail": 0.9},
        imports=[imports(100)],
        scenarios=scenarios(calm=0.6, mild=0.35, severe=0.05),
        shocks=[shock("mild", "import", 0.5, 2027, 2027), shock("severe", "import", 0, 2027, 2028)],
        uncertainties=[unsure("scenarios", "probability", 0.5, 2, "scenario=severe;gone")],
    )
    (tail,) = doubts_of(case)

    def at(factor: float) -> Case:
        (end,) = [one for one in ends_of(case, [tail]) if one.factor == factor]
        return end.questions["plan"].on(Changer(case))

    assert at(2.0).scenarios["severe"] == pytest.approx(0.1)
    assert at(2.0).scenarios["mild"] == pytest.approx(0.35 * 0.9 / 0.95)
    (most,) = tail.changes(case, 100.0)
    assert most.value == pytest.approx(20)


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
    ],
)
def test_faults_of_ranges(make_case: MakeCase, row: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        make_case(projects=[mine(), plant(existing_tpa=10)], uncertainties=[row])


def test_a_register_may_doubt_shocks_that_are_still_to_be_drawn(make_case: MakeCase) -> None:
    """Its rows of `shocks` are drawn later; a case without a register has to have them."""
    ranges = [unsure("shocks", "factor", 0.6, 1.6, "kind=capacity & project=plant")]
    tables = {"projects": [mine(), plant(existing_tpa=10)], "uncertainties": ranges}
    with pytest.raises(InputError, match="is no row of shocks"):
        make_case(**tables)
    late = {
        "hazard": "slow",
        "kind": "capacity",
        "project": "plant",
        "probability": 1.0,
        "first": 2026,
        "last": 2026,
        "factor_low": 0.5,
        "factor_high": 0.5,
    }
    drawn = planner.sample(make_case(**tables, hazards=[late]), draws=1)
    (doubt,) = doubts_of(drawn)
    assert [change.value for change in doubt.changes(drawn, 1.6)] == [pytest.approx(1.6)]


def test_rows_that_move_together_name_the_same_people_to_ask(make_case: MakeCase) -> None:
    demand = unsure("demand", "tonnes", 0.5, 2, uncertainty="use", ask="makers of magnets")
    imports = unsure("imports", "tonnes", 0.5, 2, uncertainty="use", ask="customs")
    with pytest.raises(InputError, match="ask: is not as in line 2, of the same uncertainty"):
        make_case(uncertainties=[demand, imports])


def test_ranges_change_no_plan(make_case: MakeCase) -> None:
    projects = [mine(), plant(existing_tpa=10)]
    case = make_case(projects=projects)
    other = make_case(projects=projects, uncertainties=[unsure("demand", "tonnes", 0.5, 2)])
    assert other.sha256 == case.sha256 and not list(differences(case, other))
    assert solve_case(other).summary["risk_musd"] == solve_case(case).summary["risk_musd"]
