"""What a calm year can serve without an origin, an ally or a plant: by hand.

AAA needs 100 t of Dy in 2026, 1 MUSD per tonne short; BBB needs 20.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import planner
from planner.data.case import Case, without_targets
from planner.data.changed_case import Changer
from planner.explanation.coverage import CalmYear, calm_case, coverage
from planner.explanation.information import known_from_the_start
from planner.results.coverage import Coverage, TakenAway
from planner.solving.warm_program import WarmProgram
from tests.behaviour.conftest import as_text
from tests.cases import Row, budget, demand, imports, mine, near, plant, scenarios, shock, smelter
from tests.conftest import MakeCase
from tests.oracle.agreement_figures import agree_coverage
from tests.oracle.program import build

ROOT = Path(__file__).parents[2]

TWO = {
    "countries": [{"country": "AAA"}, {"country": "BBB"}],
    "demand": [*demand(100, last=2026), *demand(20, last=2026, country="BBB")],
    "imports": [imports(50), imports(20, supplier="MYS"), imports(20, country="BBB")],
    "projects": [
        mine(),
        plant(existing_tpa=20),
        plant(project="other", country="BBB", existing_tpa=10),
        plant(project="idle", country="BBB"),
    ],
    "scenarios": scenarios(cut=1),
    "shocks": [shock("cut", "import", 0), shock("cut", "capacity", 0)],
}


def covered(case: Case, *years: int) -> Coverage:
    """The coverage of the plan of a case; that of its first and last year is the oracle's, a program for each removal."""
    plan = planner.solve(case, baseline=False)
    with as_text(case) as (folder, model):
        agree_coverage(plan, build(folder, model))
    return coverage(plan, years)


def served(found: Coverage, element: str = "Dy", plan: bool = True) -> dict[str, float]:
    """Served share by what is not there."""
    rows = found.of_plan(plan=plan)
    rows = rows[rows["element"] == element]
    return dict(zip(rows["without"], rows["served_share"], strict=True))


def test_pairs_stay_in_the_program_without_their_origin(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs are written for the year, for each origin taken away, and once more for all pairs."""
    written: list[Case] = []
    write = WarmProgram._write

    def counted(live: WarmProgram, case: Case) -> None:
        written.append(case)
        write(live, case)

    year = CalmYear(calm_case(make_case(**TWO), 2026, builds={}, staff={}))
    monkeypatch.setattr(WarmProgram, "_write", counted)
    assert len(year.answers()) == 15
    assert len(written) == 1 + len(year.origins) + 1


def test_each_thing_is_taken_from_a_year_in_which_every_factor_is_1(make_case: MakeCase) -> None:
    """120 t are needed; CHN sells 50 and 20, MYS 20, plants make 20 and 10, all of AAA's ore."""
    found = covered(make_case(**TWO))
    short = {
        "nothing": 0,
        "origin:CHN": 70,
        "origin:MYS": 20,
        "country:AAA": 30,
        "country:BBB": 10,
        "project:mine": 30,
        "project:plant": 20,
        "project:other": 10,
        "origin:CHN+country:AAA": 100,
        "origin:CHN+country:BBB": 80,
        "origin:CHN+project:mine": 100,
        "origin:CHN+project:plant": 90,
        "origin:CHN+project:other": 80,
    }
    assert served(found) == pytest.approx({name: 1 - t / 120 for name, t in short.items()})
    rows = found.of_plan()
    losses = dict(zip(rows["without"], rows["loss_musd"], strict=True))
    assert losses == pytest.approx(short, abs=1e-6)


def test_n_1_n_2_and_single_points_of_failure(make_case: MakeCase) -> None:
    found = covered(make_case(**TWO)).as_json()
    assert found["n1"] == {
        "2026": {"Dy": {"share": pytest.approx(50 / 120), "without": "origin:CHN"}}
    }
    least = {"share": pytest.approx(20 / 120), "without": "origin:CHN+country:AAA"}
    assert found["n2"] == {"2026": {"Dy": least}}
    assert [(one["without"], one["falls_by"]) for one in found["single_points"]] == [
        ("country:AAA", pytest.approx(30 / 120)),
        ("project:mine", pytest.approx(30 / 120)),
        ("project:plant", pytest.approx(20 / 120)),
    ]


def test_each_share_is_the_largest_and_the_loss_is_of_all_together(make_case: MakeCase) -> None:
    """One plant makes 30 t of Dy or of Tb: either can be served whole, together the cheaper 30 t of Tb are short."""
    found = covered(
        make_case(
            elements=[
                {"element": "Dy", "heavy": "true", "loss_usd_per_kg": 1000},
                {"element": "Tb", "heavy": "true", "loss_usd_per_kg": 500},
            ],
            feeds=[
                {"feed": "ore", "element": "Dy", "share": 1},
                {"feed": "sand", "element": "Tb", "share": 1},
            ],
            demand=[*demand(30, last=2026), *demand(30, last=2026, element="Tb")],
            projects=[
                mine(),
                mine(project="pit", feeds="sand"),
                plant(existing_tpa=30, feeds="ore;sand"),
            ],
        )
    )
    assert served(found)["nothing"] == served(found, "Tb")["nothing"] == pytest.approx(1)
    assert found.rows["loss_musd"][0] == pytest.approx(15)


def test_a_plan_stands_as_far_as_its_ramp_has_come_and_the_case_without_it_as_it_is(
    make_case: MakeCase,
) -> None:
    """40 t/y built in 2026 are half there in 2027 and whole in 2028; stock does not count."""
    case = make_case(
        projects=[mine(), plant(max_new_tpa=40, lead_time_years=1, ramp="slow")],
        ramps="ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 1",
        stockpiles=[{"country": "AAA", "element": "Dy", "initial_t": 50, "purchase_usd_per_kg": 1}],
    )
    found = covered(case, 2026, 2027, 2028)
    whole = found.rows[found.rows["without"] == "nothing"]
    shares = {
        (row.plan == "true", row.year): row.served_share for row in whole.itertuples(index=False)
    }
    assert shares == pytest.approx(
        {
            (True, 2026): 0,
            (True, 2027): 0.2,
            (True, 2028): 0.4,
            (False, 2026): 0,
            (False, 2027): 0,
            (False, 2028): 0,
        }
    )


@pytest.mark.parametrize(
    "unfelt",
    [shock("quiet", "capacity", 0, stage="magnet"), shock("quiet", "delay", 1, project="plant")],
    ids=["touches nothing", "a delay is no factor"],
)
def test_plants_are_those_of_the_history_in_which_no_shock_is_felt(
    make_case: MakeCase, unfelt: Row
) -> None:
    """In the likelier one imports are cut from 2027 on, and the 100 t/y that this takes are built."""
    case = make_case(
        {"policy.investment": "adaptive"},
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=100, earliest_year=2027)],
        scenarios=scenarios(quiet=0.3, cut=0.7),
        shocks=[unfelt, shock("cut", "import", 0, 2027)],
    )
    found = covered(case, 2028)
    assert served(found)["origin:CHN"] == pytest.approx(0)


def test_people_of_a_country_that_is_not_there_help_nobody(make_case: MakeCase) -> None:
    """BBB lends half of its 40 persons to AAA, which has 10 of the 30 that its plant needs at one per tonne."""
    case = make_case(
        {"policy.secondment_share": 0.5},
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        demand=demand(30, last=2026),
        projects=[mine(), plant(existing_tpa=30)],
        skills=[{"skill": "chemist", "attrition": 0}],
        workforce="country, skill, initial\nAAA, chemist, 10\nBBB, chemist, 40",
        staffing=[{"stage": "separation", "skill": "chemist", "persons_per_ktpa": 1000}],
    )
    found = served(covered(case))
    assert found["nothing"] == pytest.approx(1)
    assert found["country:BBB"] == pytest.approx(1 / 3)


def test_without_a_plan_seats_that_exist_train_people(make_case: MakeCase) -> None:
    """5 persons of 2026 and 10 who begin then make 15 of 30 t possible in 2027, with or without a plan."""
    case = make_case(
        demand=demand(30, last=2027),
        projects=[mine(), plant(existing_tpa=30)],
        skills=[{"skill": "chemist", "attrition": 0}],
        workforce=[{"country": "AAA", "skill": "chemist", "initial": 5}],
        staffing=[{"stage": "separation", "skill": "chemist", "persons_per_ktpa": 1000}],
        training="programme, country, skill, duration_years, seats, cost_per_trainee_usd\n"
        "school, AAA, chemist, 1, 10, 0",
    )
    assert served(covered(case, 2027), plan=False)["nothing"] == pytest.approx(0.5)


def test_targets_and_the_budget_play_no_part(make_case: MakeCase) -> None:
    case = make_case(
        **TWO,
        budgets=budget(5),
        targets="target, kind, form, share, price_usd_per_kg\nlittle, origin_share, oxide, 0.1, 1",
    )
    assert served(covered(case)) == pytest.approx(served(covered(without_targets(replace(case)))))


def test_an_origin_that_sells_nothing_any_more_can_be_done_without(make_case: MakeCase) -> None:
    """Half of 100 t come from CHN; VNM sells 50 t in 2026 and stops."""
    sold = [imports(50), imports(50, supplier="VNM"), imports(0, supplier="VNM") | {"year": 2027}]
    case = make_case(demand=demand(100, last=2027), imports=sold)
    for year, without in ((2026, 0.5), (2027, 0.5)):
        share = served(covered(case, year))
        assert share["origin:VNM"] == pytest.approx(without), year
        assert share["nothing"] == pytest.approx(1.0 if year == 2026 else 0.5)


def test_what_must_run_can_be_taken_away_and_needs_nobody(make_case: MakeCase) -> None:
    """25 of 100 t are saved by what must run, whatever people savings need; 50 t come from CHN."""
    found = covered(
        make_case(
            demand=demand(100, last=2026),
            imports=[imports(50)],
            projects="project, country, stage, existing_tpa, must_run\n"
            "redesign, AAA, saving, 25, true",
            savings="project, element, form, tonnes\nredesign, Dy, oxide, 1",
            skills="skill, attrition\nchemist, 0",
            staffing="stage, skill, persons_per_ktpa\nsaving, chemist, 1000",
        )
    )
    assert served(found) == near(
        {
            "nothing": 0.75,
            "origin:CHN": 0.25,
            "country:AAA": 0.5,
            "project:redesign": 0.5,
            "origin:CHN+country:AAA": 0,
            "origin:CHN+project:redesign": 0,
        }
    )


def test_savings_go_with_their_country_and_what_returns_with_its_plant(make_case: MakeCase) -> None:
    """Of 100 t of metal BBB saves 10; 60 t of oxide of CHN and the fifth of what the smelter takes that returns."""
    case = make_case(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        feeds=[{"feed": "swarf", "element": "Dy", "share": 1}],
        demand=demand(100, last=2026, country="BBB", form="metal"),
        imports=[imports(60)],
        projects=[
            smelter(existing_tpa=500, recovery=0.8),
            plant(feeds="swarf", existing_tpa=500),
            {"project": "thrift", "country": "BBB", "stage": "saving", "existing_tpa": 10},
        ],
        savings=[{"project": "thrift", "element": "Dy", "form": "metal", "tonnes": 1}],
        returns=[{"stage": "metal", "element": "Dy", "feed": "swarf", "share": 0.2}],
    )
    found = served(covered(case))
    # x = 60 + 0.2 x taken in: 75 t, of which 0.8 are metal.
    assert found["nothing"] == pytest.approx(0.7)
    assert found["country:BBB"] == found["project:thrift"] == pytest.approx(0.6)
    assert found["project:plant"] == pytest.approx(0.1 + 0.8 * 0.6)
    assert found["origin:CHN"] == pytest.approx(0.1)


def test_what_takes_no_capacity_does_not_pass_a_plant_that_is_not_there(
    make_case: MakeCase,
) -> None:
    """40 of 100 t of Nd come from a sand without heavy elements, by a plant of BBB that counts these alone; CHN sells 50."""
    case = make_case(
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        elements=[
            {"element": "Nd", "loss_usd_per_kg": 1000},
            {"element": "Dy", "loss_usd_per_kg": 1000, "heavy": True},
        ],
        feeds=[{"feed": "sand", "element": "Nd", "share": 1}],
        demand=demand(100, last=2026, element="Nd"),
        imports=[imports(50, element="Nd")],
        projects=[
            mine(feeds="sand", existing_tpa=40),
            plant(country="BBB", feeds="sand", basis="heavy", existing_tpa=10),
        ],
    )
    without = {"country:AAA": 0.5, "country:BBB": 0.5, "project:mine": 0.5, "project:plant": 0.5}
    pairs = {f"origin:CHN+{name}": 0.0 for name in without}
    whole = {"nothing": 0.9, "origin:CHN": 0.4}
    assert served(covered(case), "Nd") == near({**whole, **without, **pairs})


def test_questions_of_a_calm_year_are_cases_though_hazards_and_prices_name_scenarios() -> None:
    case = planner.load(ROOT / "inputs" / "allied-2026")
    assert case.tables.hazards and case.tables.prices
    year = CalmYear(calm_case(case, 2030, builds={}, staff={}))
    for removal in (TakenAway(origin="CHN"), TakenAway(country="JPN")):
        assert year.question(removal).on(Changer(year.case)) is not year.case
    known = known_from_the_start(case, next(iter(case.scenarios)), 0.5)
    assert len(known.on(Changer(case)).scenarios) == 1
