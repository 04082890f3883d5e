"""What must be decided now, what later, and for which sign: by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.case import Case
from planner.explanation.explain import explain
from planner.reporting.chapters.answer import front
from planner.reporting.chapters.deadlines import later_table, sign_words
from planner.reporting.pages.run import printed_front
from planner.reporting.run_view import run_view
from planner.reporting.words.names import Names
from planner.results.figures.deadlines import deadlines
from planner.results.figures.plants import Counted
from planner.results.plan import PlanValues
from planner.results.signs import Sign, SignReader
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
)


def announced(folder: Path, investment: str) -> Case:
    """100 t a year are wanted and 110 may be imported; if a cut is coming (`cut`, one in two), 5 % less in 2028, which
    harms nobody, and nothing from 2029 on. `slow` needs three years from order to output and makes 40 t, `quick` one
    year and 60 t; a tonne short costs 1 MUSD a year. So `slow` is ordered in 2026, or is not there in time, and `quick`
    in 2028; whoever may answer what 2028 shows orders it in `cut` alone."""
    return load_case(
        folder,
        {
            "policy.investment": investment,
            "objective.goal": "welfare",
            "objective.risk_aversion": 0.0,
            "discount_rate": 0.05,
        },
        demand=demand(100, last=2031),
        imports=[imports(110)],
        projects=[
            mine(),
            plant(project="slow", max_new_tpa=40, capex_usd_per_tpa=0.2 * MUSD, lead_time_years=3),
            plant(project="quick", max_new_tpa=60, capex_usd_per_tpa=MUSD, lead_time_years=1),
        ],
        budgets=budget(500),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0.95, 2028, 2028), shock("cut", "import", 0.0, 2029)],
    )


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> PlanValues:
    return planner.solve(announced(tmp_path_factory.mktemp("once"), "committed"))


def test_a_committed_plan_says_what_is_due_and_what_comes_at_a_date(once: PlanValues) -> None:
    """`slow` is due by 2027: 8 MUSD; `quick` is ordered in 2028, at a discount, for 2029: 60 MUSD."""
    run = run_view(once)
    found = deadlines(run)
    assert found is not None
    assert (found.until, found.last, found.asked) == (2027, 2028, False)
    assert (found.built, found.due) == (
        Counted(plants=2, measures=0),
        Counted(plants=1, measures=0),
    )
    assert (found.due_capital, found.capital) == near((8.0, 68.0))
    (quick,) = found.later
    assert (quick.project, quick.first, quick.last, quick.first_output) == (
        "quick",
        2028,
        2028,
        2029,
    )
    assert (quick.capital, quick.signs, found.waiting) == (near(60.0), [], [])
    (told,) = front(run).statements
    assert (told.about, told.sentence) == (
        "Decide by 2027",
        "1 of 2 new plants, 8.00 MUSD of 68.0 MUSD of capital. "
        "The rest is decided by 2028 at the latest. Whether any could wait for a sign was not asked.",
    )
    assert printed_front(front(run)).note.startswith("Decide by 2027: 1 of 2 new plants, 8.00 MUSD")
    table = later_table(run)
    assert table is not None
    assert table.shown == [["quick, AAA", "2028", "1", "2029", "60.0", "–", "–"]]
    assert "investments.csv" in table.source
    assert table.title == "1 plant is begun or enlarged after 2027"


def test_a_plan_that_answers_says_for_which_sign_it_waits(tmp_path: Path) -> None:
    """`quick` waits for the 5 % that are missing in 2028, with a half: 30 MUSD expected."""
    run = run_view(planner.solve(announced(tmp_path, "adaptive")))
    found = deadlines(run)
    assert found is not None and (found.due.plants, found.last) == (1, None)
    table = later_table(run)
    assert table is not None
    sign = "imports from CHN are at 95 % in 2028"
    assert table.shown == [["quick, AAA", "2028", "1", "2029", "30.0", sign, "50 %"]]
    (told,) = front(run).statements
    assert told.sentence.endswith("1 may wait for a sign.")


def test_the_explanation_of_a_committed_plan_says_what_could_wait_for_which_sign(
    once: PlanValues,
) -> None:
    """The plan that answers builds `quick` in `cut` alone: the committed plan's page says so, with the sign."""
    run = run_view(once, explain(once, "run", workers=1))
    found = deadlines(run)
    assert found is not None and found.asked
    (quick,) = found.waiting
    (sign,) = quick.signs
    assert (quick.project, quick.first, sign.year, sign.factor) == ("quick", 2028, 2028, near(0.95))
    table = later_table(run)
    assert table is not None and "explain.json: flexibility" in table.source
    assert table.shown[0][5] == "imports from CHN are at 95 % in 2028"
    assert len(table.shown) == 1, "a project stands in one row"
    assert table.title == "1 plant is begun or enlarged after 2027, or at a sign"


def test_a_part_of_a_plant_may_wait(tmp_path: Path) -> None:
    """30 t are short from 2027 on whatever happens, 60 t more after a cut in 2028: the plant for 30 t is needed at once,
    the rest of it in `cut` alone, where 2027 announces the cut by 5 % of what nobody needs."""
    case = load_case(
        tmp_path,
        {"objective.goal": "welfare", "objective.risk_aversion": 0.0, "discount_rate": 0.05},
        demand=demand(100, last=2031),
        imports=[imports(70), {**imports(100), "supplier": "XXX", "price_usd_per_kg": 10_000}],
        projects=[
            mine(),
            plant(project="works", max_new_tpa=90, capex_usd_per_tpa=MUSD, lead_time_years=1),
        ],
        budgets=budget(500),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[
            shock("cut", "import", 0.95, 2027, 2027, supplier="XXX"),
            shock("cut", "import", 1 / 7, 2028, supplier="CHN"),
        ],
    )
    plan = planner.solve(case)
    run = run_view(plan, explain(plan, "run", workers=1))
    (told,) = front(run).statements
    assert told.sentence.endswith("A part of 1 may wait for a sign.")
    table = later_table(run)
    assert table is not None
    sign = "imports from XXX are at 95 % in 2027"
    assert table.shown[-1] == ["works, AAA, part of it", "2027", "1", "2028", "30.0", sign, "50 %"]


def test_where_all_is_due_nothing_is_later(tmp_path: Path) -> None:
    case = announced(tmp_path, "committed")
    slow = tuple(row for row in case.tables.projects if row.project != "quick")
    run = run_view(planner.solve(case.with_tables(projects=slow)))
    assert later_table(run) is None
    (told,) = front(run).statements
    assert told.sentence == "1 new plant, 8.00 MUSD of 8.00 MUSD of capital."


def histories(folder: Path) -> Case:
    """Three storylines: `calm`; `cut` loses half of all imports from 2027 on; `worse` too, and its plant from 2028 on."""
    return load_case(
        folder,
        demand=demand(100, last=2029),
        imports=[imports(100)],
        projects=[mine(), plant(existing_tpa=10)],
        scenarios=scenarios(calm=0.5, cut=0.3, worse=0.2),
        shocks=[
            shock("cut", "import", 0.5, 2027),
            shock("worse", "import", 0.5, 2027),
            shock("worse", "capacity", 0.0, 2028),
        ],
    )


def test_a_sign_is_the_last_event_that_told_the_scenarios_apart(tmp_path: Path) -> None:
    reader = SignReader(histories(tmp_path), staged=False)

    def told(year: int, *among: str) -> tuple[bool, int, str, float, float] | None:
        found = reader.signs([(among, year)])
        if not found:
            return None
        (sign,) = found
        return sign.happens, sign.year, sign.kind, sign.factor, sign.probability

    assert told(2026, "cut") is None, "nothing has told yet"
    assert told(2027, "cut", "worse") == near_sign(True, 2027, "import", 0.5, 0.5)
    assert told(2027, "calm") == near_sign(False, 2027, "import", 0.5, 0.5)
    assert told(2029, "worse") == near_sign(True, 2028, "capacity", 0.0, 0.2)
    assert told(2029, "cut") == near_sign(False, 2028, "capacity", 0.0, 0.3)


def near_sign(
    happens: bool, year: int, kind: str, factor: float, probability: float
) -> tuple[object, ...]:
    return happens, year, kind, near(factor), near(probability)


def test_draws_are_no_signs_for_who_answers_storylines(tmp_path: Path) -> None:
    """The lost plant was drawn from a hazard: in stages it tells nothing, and the cut of 2027 alone is answered."""
    case = histories(tmp_path)
    rows = []
    for row in case.tables.shocks:
        drawn = "strike" if row.kind == "capacity" else ""
        rows.append(row.model_copy(update={"hazard": drawn}))
    reader = SignReader(case.with_tables(shocks=tuple(rows)), staged=True)
    assert reader.signs([(("worse",), 2029)])[0].year == 2027
    assert [sign.kind for sign in reader.signs([(("worse",), 2029)])] == ["import"]


def test_the_same_sign_of_several_decisions_counts_once(tmp_path: Path) -> None:
    reader = SignReader(histories(tmp_path), staged=False)
    (sign,) = reader.signs([(("cut", "worse"), 2027), (("cut", "worse"), 2028)])
    assert sign.probability == near(0.5)


@pytest.mark.parametrize(
    ("kind", "subject", "factor", "words"),
    [
        ("import", "CHN", 0.1, "imports from CHN are at 10 % in 2029"),
        ("capacity", "plant", 0.0, "plant, AAA is at 0 % of capacity in 2029"),
        ("delay", "plant", 2.0, "plant, AAA is known in 2029 to be 2 years late"),
        ("demand", "AAA", 1.2, "demand of AAA is at 120 % in 2029"),
        ("price", "CHN", 1.5, "prices of CHN are at 150 % in 2029"),
    ],
)
def test_signs_in_words(kind: str, subject: str, factor: float, words: str, tmp_path: Path) -> None:
    names = Names(histories(tmp_path))
    sign = Sign(happens=True, year=2029, kind=kind, subject=subject, factor=factor, probability=0.5)
    assert sign_words(names, sign) == words
    not_yet = Sign(
        happens=False, year=2029, kind=kind, subject=subject, factor=factor, probability=0.5
    )
    assert sign_words(names, not_yet) == f"unless {words}"
