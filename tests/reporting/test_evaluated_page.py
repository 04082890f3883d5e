"""A report of a plan that was evaluated: which figures hold in new scenarios, and which in those of the plan."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

import planner
from planner.reporting.chapters import buys, exposed, sure
from planner.reporting.chapters.money import bridge_table
from planner.reporting.chapters.sure import ranges_chart
from planner.results.figures.gains import BreakEven, break_even, frequent_gain, fresh_share
from planner.results.figures.recommended import cost_beyond, risk_ranges
from planner.results.plan import Plan
from tests.cases import MUSD, budget, imports, mine, near, plant, scenarios, shock, unsure
from tests.conftest import MakeCase

BLENDED = "Blended risk (50 % mean, 50 % worst 10 %)"


def estimates(risk: float) -> dict[str, Any]:
    """Three figures that are as large as the risk (MUSD), the interval a tenth either way."""
    one = {"value": risk, "low": 0.9 * risk, "high": 1.1 * risk}
    return dict.fromkeys(("risk_musd", "expected_loss_musd", "cvar_musd"), one)


def evaluation(**stated: object) -> dict[str, Any]:
    """What evaluation.json says of a plan that leaves a risk of 700 of 7,000 MUSD in 240 scenarios, and of 500 if each of
    them were known."""
    found: dict[str, Any] = {
        "futures": 240,
        "policy": "myopic",
        "policy_is": "nothing is known but the past",
        **stated,
    }
    for way, risk in {"plan": 700.0, "without_plan": 7000.0, "difference": 6300.0}.items():
        found[way] = {"policy": estimates(risk), "foreseen": estimates(risk - 200)}
    return found


def test_the_page_leads_with_losses_in_new_scenarios(plan: Plan) -> None:
    """Each falls by 6,300 MUSD (5,670 to 6,930)."""
    told = buys.gain(dataclasses.replace(plan, evaluation=evaluation(out_of_sample=True)))
    assert told.startswith(
        "Expected loss of users who go without falls by 6.30 bn USD (5.67 to 6.93), present value at 0 % a year. The mean of the "
        "worst 10 % of cases, those that lose most, falls by 6.30 bn USD (5.67 to 6.93). That is in 240 new scenarios, drawn anew"
    )


def test_scenarios_that_the_plan_was_made_for_are_not_called_new(plan: Plan) -> None:
    """Evaluated in its own scenarios alone, as by a register without hazards, a plan has no loss in new ones."""
    seen = dataclasses.replace(plan, evaluation=evaluation(out_of_sample=False))
    assert buys.gain(seen) == buys.gain(plan)
    where = {row[1] for row in buys.losses_table(seen).shown}
    assert where == {"the 3 scenarios of the plan"}


def test_the_stock_of_the_policy_stands_in_the_cost_that_is_told(plan: Plan) -> None:
    """The plan buys stock itself; where the policy buys for 500 MUSD more than that, the plan costs 500 MUSD more."""
    without = plan.without["cost_musd"]
    stock = cost_beyond(plan)
    assert stock == near(plan.summary["cost_musd"] - without)
    paid = plan.tables["spending"]
    paid = paid[paid["item"] == "stock purchases"]
    own = sum(row.expected * plan.case.lookups.cost_discount(row.year) for row in paid.itertuples())
    bought = {"stock_purchases_musd": {"plan": own + 500.0, "without_plan": 0.0}}
    run = dataclasses.replace(plan, evaluation=evaluation(**bought))
    assert cost_beyond(run) == near(stock + 500.0)
    assert bridge_table(run).shown[-1][0] == "Cost beyond no plan, with that stock"


def test_the_page_states_both_bounds_and_names_the_policy(plan: Plan) -> None:
    table = buys.losses_table(dataclasses.replace(plan, evaluation=evaluation()))
    assert "knows what has happened, not what comes." in table.note
    assert "lies between that and knowing each scenario from its start" in table.note
    # A difference of two bounds bounds nothing.
    assert "for the reduction these are no bounds" in table.note
    rows = [dict(zip((c.field for c in table.columns), row, strict=True)) for row in table.shown]
    assert [row["figure"] for row in rows[:3]] == [
        "Expected loss",
        "Mean loss, worst 10 %",
        BLENDED,
    ]
    assert (rows[0]["plan"], rows[0]["interval"]) == ("700", "630 to 770")
    assert (rows[0]["reduction"], rows[0]["reduction_interval"]) == ("6,300", "5,670 to 6,930")
    assert rows[5]["where"] == "240 new scenarios, each known from its start"
    assert (rows[5]["plan"], rows[5]["interval"]) == ("500", "450 to 550")
    assert len(rows) == 6
    alone = evaluation()
    for way in ("plan", "without_plan", "difference"):
        alone[way] = alone[way] | {"foreseen": None}
    one = buys.losses_table(dataclasses.replace(plan, evaluation=alone))
    assert len(one.shown) == 3 and "lies between" not in one.note


def test_ranges_of_the_risk_stand_on_one_scale(plan: Plan) -> None:
    """Of a risk of 700: by the sample 630 to 770, by the odds 400 to 1,000; the gap is one of cost plus risk and no range of risk."""
    odds = {"ranges": {"odds": {"low": 400.0, "high": 1000.0}, "losses": None}}
    gap = {"optimality_gap": {"value": 20.0, "high": 50.0, "replications": 3}}
    run = dataclasses.replace(plan, evaluation=evaluation(**odds, **gap))
    told = [(one.about, one.low, one.high) for one in risk_ranges(run)]
    assert told == [("odds", 400.0, 1000.0), ("sample", near(630.0), near(770.0))]
    chart = ranges_chart(run)
    assert chart is not None and chart.title == "Risk with the plan: 0.700 bn USD (0.400 to 1.00)"
    assert ranges_chart(plan) is None


def test_in_sample_figures_stand_once_in_the_annex_beside_new_scenarios(plan: Plan) -> None:
    """What the optimiser saw is called that of the scenarios of the plan."""
    run = dataclasses.replace(plan, evaluation=evaluation())
    table = buys.losses_table(run)
    assert table.sheet == "losses"
    assert table.rows[0][:4] == ["Expected loss", "240 new scenarios", 7000.0, 700.0]
    assert not any("of the plan" in row[1] for row in table.rows)
    chapter = exposed.chapter(run)
    assert chapter is not None and chapter.behind
    (own,) = [one for one in chapter.tables if one.sheet == "losses in sample"]
    assert own.rows[-1][:4] == [
        *(BLENDED, "the 3 scenarios of the plan"),
        *(plan.without["risk_musd"], plan.summary["risk_musd"]),
    ]
    assert buys.in_sample(plan) is None


def test_how_sure_is_told_in_a_sentence(plan: Plan) -> None:
    """Expected loss falls by 5,670 to 6,930 MUSD; the odds alone give 400 to 1,000."""
    odds = {"ranges": {"odds": {"low": 400.0, "high": 1000.0}, "losses": None}}
    gap = {"optimality_gap": {"value": 20.0, "high": 50.0, "replications": 3}}
    seen = dataclasses.replace(plan, evaluation=evaluation(**odds, **gap))
    brief, told = sure.brief(seen), sure.lead(seen)
    assert brief.startswith(
        "Over the draw of scenarios alone expected loss falls by 5.67 bn USD to 6.93 "
    )
    assert "risk that remains is 700 MUSD: 400 MUSD to 1.00 bn USD by the odds of the" in brief
    assert "In 3 fresh samples the plan has 20.0 MUSD more " in told
    assert "(95 %: at most 50.0 MUSD)" in told


def test_storylines_say_what_they_carry_of_the_gain(make_case: MakeCase) -> None:
    """Of four scenarios, each a storyline, the rarest has lost 800 of 1,000 MUSD less; the two of 0.85 have lost 100."""
    case = make_case(scenarios=scenarios(calm=0.6, tense=0.25, cut=0.1, war=0.05))
    less = pd.Series({"calm": 100 / 0.6, "tense": 0.0, "cut": 100 / 0.1, "war": 800 / 0.05})
    told = frequent_gain(case, less)
    assert told == near({"probability": 0.85, "mean": 100 / 0.85, "rarer": 900 / 0.15})
    assert frequent_gain(case, 0.0 * less) is None


@pytest.fixture
def at_two_rates(make_case: MakeCase) -> Plan:
    """Imports of 100 t stop in 2028 in `stop`, half of all cases; a plant of 10 t/y for 2 MUSD makes 10 of them. Costs are
    discounted by a quarter a year, losses not at all."""
    case = make_case(
        {"discount_rate": 0.25, "objective.goal": "welfare", "objective.risk_aversion": 0.0},
        scenarios=scenarios(calm=0.5, stop=0.5),
        shocks=[shock("stop", "import", 0, 2028, 2028)],
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=10, capex_usd_per_tpa=0.2 * MUSD, earliest_year=2027)],
        budgets=budget(0, 0, 100),
        uncertainties=[unsure("elements", "loss_usd_per_kg", 0.25, 2.0)],
    )
    return planner.solve(case)


def test_what_is_netted_is_of_the_same_scenarios_and_of_one_rate(at_two_rates: Plan) -> None:
    """5 MUSD less are lost, 3.2 of 2026 at the rate of costs; the plant costs 2 MUSD in 2028, 1.28 of 2026. In new scenarios
    6,300 less are lost, which is set against no cost of others."""
    for run in (at_two_rates, dataclasses.replace(at_two_rates, evaluation=evaluation())):
        told = buys.gain(run)
        assert "present value at 0 % a year" in told
        assert (
            "Net, on one basis, the plan's own scenarios and that rate for both: expected loss falls by 3.20 MUSD, "
            "cost rises by 1.28 MUSD, which leaves 1.92 MUSD."
        ) in told
    assert break_even(at_two_rates) == BreakEven(near(1.28 / 3.2), 0.25)
    told = sure.brief(at_two_rates)
    assert (
        "In those of the plan it covers the cost down to × 0.400 of what is given; the case holds × 0.250 possible for some."
        in told
    )


def test_the_net_gain_is_told_in_new_scenarios_too(at_two_rates: Plan) -> None:
    """There 4 of 5 MUSD less are lost: 0.8 of 3.2, and the loss per kg may fall to a half before it costs as much."""
    stated = evaluation()
    stated["difference"] = {"policy": estimates(4.0), "foreseen": estimates(4.0)}
    run = dataclasses.replace(at_two_rates, evaluation=stated)
    assert fresh_share(run) == near(0.8)
    assert "there losses fall × 0.800 as much, which would leave roughly 1.28 MUSD." in buys.gain(
        run
    )
    assert "In new scenarios it covers the cost down to × 0.500 of what is given;" in sure.brief(
        run
    )
