"""What the page says of a plant that it recommends, worked out by hand: who pays, when it gives first, how much of it runs.

AAA needs 100 t a year, which CHN sells until it is cut off in 2029 and 2030, in `cut` and in `late`, a quarter each. A plant of
40 t/y for 40 MUSD, half of it public, that is approved in 2027 gives from 2029 on; in `late` it is a year late, and in `cut`
half of it fails in 2030. Its running cost keeps it idle while imports come.
"""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from planner.reporting.chapters import shelves
from planner.reporting.chapters.recommendation import answers, lines, timeline
from planner.results.figures.recommended import (
    calm_years,
    first_outputs,
    share_of_calm,
    use_of_plants,
    with_delays,
)
from planner.results.plan import Plan
from tests.cases import MUSD, budget, demand, imports, mine, near, plant, scenarios, shock
from tests.conftest import SolveCase

HEAD = "project, owner, status, announced, expected, feed_contract, instrument"


@pytest.fixture
def plan(solve: SolveCase) -> Plan:
    cuts = [shock(name, "import", 0, 2029, 2030) for name in ("cut", "late")]
    new = plant(
        max_new_tpa=40,
        earliest_year=2027,
        lead_time_years=2,
        capex_usd_per_tpa=MUSD,
        public_share=0.5,
        variable_opex_usd_per_t=1000,
    )
    return solve(
        demand=demand(last=2030),
        imports=[imports(100)],
        projects=[mine(), new],
        budgets=budget(0, 20),
        owners=f"{HEAD}\nplant, A firm, study, , , ,",
        scenarios=scenarios(calm=0.5, cut=0.25, late=0.25),
        shocks=[
            *cuts,
            shock("late", "delay", 1, 2029, 2029, project="plant"),
            shock("cut", "capacity", 0.5, 2030, 2030, project="plant"),
        ],
    )


def test_a_plant_gives_first_when_its_delays_let_it(plan: Plan) -> None:
    first = first_outputs(plan).loc["plant"]
    assert (first["planned"], first["late"]) == (2029, near(0.25))
    assert first["expected"] == near(0.75 * 2029 + 0.25 * 2030)


def test_what_has_failed_does_not_count_as_idle(plan: Plan) -> None:
    calm = calm_years(plan)
    assert not calm["cut", 2029] and calm["cut", 2028] and calm["calm", 2030]
    use = use_of_plants(plan).loc["plant"]
    assert (use["calm"], use["cuts"]) == (near(0.0), near(1.0))


def test_how_few_years_are_calm_is_told(plan: Plan) -> None:
    """From 2029 on nobody is short in `calm`, and somebody in both years of `cut` and of `late`."""
    assert share_of_calm(plan) == {"first": 2029, "share": near(0.5)}
    table = shelves.table(plan, shelves.shelved(plan))
    assert table is not None
    assert "nobody would be short without the plan, 50 % of those from 2029 on" in table.note


def test_a_plant_is_drawn_with_the_delay_that_is_expected(solve: SolveCase) -> None:
    """It gives from 2027 by its lead time, and from 2028 in the only scenario."""
    late = shock("late", "delay", 1, 2027, 2027, project="plant")
    new = plant(max_new_tpa=40, lead_time_years=1, capex_usd_per_tpa=MUSD)
    odds = scenarios(late=1.0)
    plan = solve(projects=[mine(), new], budgets=budget(1000), scenarios=odds, shocks=[late])
    later = first_outputs(plan).loc["plant"]
    (row,) = with_delays(plan).to_dict("records")
    assert later["expected"] > later["planned"] and row["first_output"] == later["expected"]
    chart = timeline(plan)
    assert chart is not None
    assert f"with expected delays first output {later['expected']:.0f}" in chart.title


def test_a_line_names_owner_and_payer_and_what_they_pay(plan: Plan) -> None:
    table = lines(plan)
    assert table is not None
    told = dict(zip((column.field for column in table.heads), table.shown[0], strict=True))
    assert (told["owner"], told["payer"]) == ("A firm (study)", "AAA 20.0")
    assert (told["capex_musd"], told["public_musd"]) == ("40.0", "20.0")
    assert (told["expected"], told["late"], told["calm"]) == ("2029", "25 %", "0 %")


def test_every_plant_has_a_line(solve: SolveCase) -> None:
    """Eighteen plants of 1 t/y for 10 to 27 MUSD, of which all are wanted: the smallest are the last."""
    plants = []
    for at in range(18):
        capital = (10 + at) * MUSD
        plants.append(plant(project=f"p{at}", max_new_tpa=1, capex_usd_per_tpa=capital))
    table = lines(solve(projects=[mine(), *plants], budgets=budget(1000)))
    assert table is not None
    assert len(table.shown) == 18 + 1
    at = [column.field for column in table.heads].index("capex_musd")
    # 18 times 10 and 0 to 17 in all.
    assert [row[at] for row in table.shown[-3:]] == ["11.0", "10.0", "333"]


def told_about(plan: Plan, about: str) -> str:
    (words,) = [one.sentence for one in answers(plan) if one.about == about]
    return words


def test_payers_add_up_to_what_each_pays_and_who_pays_next_to_nothing_is_not_named(
    plan: Plan,
) -> None:
    """Of the 20 MUSD AAA pays 18 and BBB 2, but for a trace that CCC pays."""
    paid = plan.tables["spending"].iloc[0]
    rows = [
        {**paid, "funder": who, "expected": e}
        for who, e in (("BBB", 2.0), ("AAA", 18.0), ("CCC", 1e-8))
    ]
    spending = pd.DataFrame(rows, columns=plan.tables["spending"].columns)
    table = lines(dataclasses.replace(plan, tables={**plan.tables, "spending": spending}))
    assert table is not None
    told = dict(zip((column.field for column in table.heads), table.shown[0], strict=True))
    assert told["payer"] == "AAA 18.0 and BBB 2.00"


def test_builders_ideas_and_the_first_output_are_told(solve: SolveCase) -> None:
    """Of three plants two are ideas, and one of these has no owner; the third is not said to be anybody's."""
    plants = [plant(project=f"p{at}", max_new_tpa=1, capex_usd_per_tpa=MUSD) for at in range(3)]
    owners = f"{HEAD}\np0, A firm, idea, , , ,\np1, nobody yet, idea, , , ,"
    words = told_about(
        solve(projects=[mine(), *plants], budgets=budget(1000), owners=owners), "Builders"
    )
    assert words == (
        "A firm (1.00 MUSD), by capital of plants. No owner yet: 1 of 3 plants; ideas: 2. "
        "First output is expected, delays counted, from 2026 to 2026."
    )


def test_a_plant_that_is_hardly_used_is_to_be_looked_at_again(plan: Plan) -> None:
    """Nothing of it runs in calm years, and all in cuts; with no use in cuts either it is hardly used, asked or not."""
    assert not [one for one in answers(plan) if one.about == "Look again"]
    capacity = plan.tables["capacity"].assign(throughput_t=0.0)
    rests = dataclasses.replace(plan, tables={**plan.tables, "capacity": capacity})
    assert told_about(rests, "Look again") == (
        "Hardly used, in other years too: plant, AAA (40.0 MUSD). Hold them until the plan was solved without them; "
        "the others need not wait."
    )


def test_money_before_the_first_decision_is_told(plan: Plan) -> None:
    """Courses are paid from 2026, a year before the plant is approved."""
    first = plan.tables["spending"].iloc[[0]].assign(year=2026, item="training fees", expected=3.0)
    both = pd.concat([plan.tables["spending"], first], ignore_index=True)
    words = told_about(
        dataclasses.replace(plan, tables={**plan.tables, "spending": both}), "Paid by"
    )
    assert "from 2026 to 2028 (before 2027: 3.00 MUSD for people)." in words
    assert "before" not in told_about(plan, "Paid by")


def test_what_is_approved_first_stands_first(solve: SolveCase) -> None:
    """The dearer plant is approved a year later."""
    first = plant(project="first", max_new_tpa=1, capex_usd_per_tpa=MUSD)
    later = plant(project="second", max_new_tpa=1, capex_usd_per_tpa=2 * MUSD, earliest_year=2027)
    table = lines(solve(projects=[mine(), first, later], budgets=budget(1000)))
    assert table is not None
    assert [row[0].split(",")[0] for row in table.shown[:2]] == ["first", "second"]


def test_what_each_signs_first_is_told(solve: SolveCase) -> None:
    """1 MUSD is committed in 2026, by AAA alone, and 2 in 2027."""
    first = plant(project="first", max_new_tpa=1, capex_usd_per_tpa=MUSD)
    later = plant(project="second", max_new_tpa=1, capex_usd_per_tpa=2 * MUSD, earliest_year=2027)
    words = told_about(solve(projects=[mine(), first, later], budgets=budget(1000)), "When")
    assert words == (
        "2026: 1.00 MUSD of public capital is committed, to be paid as it is built (MUSD: AAA 1.00). "
        "2027: 2.00 MUSD, to be solved again then; all figures take it as listed. In all 2 plants, each counted once."
    )
