"""What the regions of the page say: who pays, what a box stands for, which hazard comes first."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from math import inf

import pandas as pd
import pytest

import planner
from planner.reporting.panels import key_figures
from planner.reporting.parts import Card
from planner.reporting.words.numbers import money, number, percent, signed
from planner.results.figures.plants import decisions
from planner.sampling.reweighting import ANY_STOP
from planner.server.app import ACTIONS
from planner.server.edits import Edit
from planner.server.journal import OpenedCase, shown_as
from planner.server.page_regions import Regions, ident
from planner.server.questions import chances
from planner.server.solver_thread import SolverThread
from planner.server.workbench import Workbench
from tests.server.conftest import REFERENCE, answered, said_by


def named_on_frontier(bench: Workbench) -> list[str]:
    """Names of the plans on the frontier, but for the one without action."""
    drawn = Regions(bench).part("frontier", {})
    spec = json.loads(unescape(re.findall(r'data-spec="([^"]*)"', drawn)[0]))
    names = {row["name"] for rows in spec["datasets"].values() for row in rows if "name" in row}
    return sorted(names - {"no action"})


def test_capital_is_told_by_plant(bench: Workbench) -> None:
    plan = answered(bench).solver.found.plan
    assert plan is not None
    built = plan.tables["investments"].query("project == 'desert_mine'")
    capital = float((built["capex_musd"] * built["probability"]).sum())
    tonnes = float((built["tpa"] * built["probability"]).sum())
    words = said_by(Regions(bench), "views")
    assert f"Desert mine, Australia Mine 2027–2028 {number(tonnes)} {number(capital)}" in words


def test_a_kept_plan_at_the_present_point_shares_its_label(bench: Workbench) -> None:
    bench.edit(Edit("money", 0.5))
    kept = answered(bench).keep("half")
    assert named_on_frontier(bench) == ["now, half", "the case as it is"]
    bench.pin(kept.folder)
    bench.revert("")
    answered(bench)
    assert named_on_frontier(bench) == ["half", "now"]


def test_a_plan_with_a_target_of_its_own_is_kept_and_shown(bench: Workbench) -> None:
    columns = {"kind": "served", "element": "Dy", "first_year": 2029, "share": 0.4}
    bench.edit(Edit("target.added-1", columns))
    answered(bench).keep("at least 40 %")
    state = Regions(bench).snapshot()
    assert set(state["versions"]) >= {"frontier", "shelf"}
    assert "at least 40 %" in said_by(Regions(bench), "shelf")


def test_a_budget_has_one_percentage(bench: Workbench) -> None:
    """A country without a share of its own moves along with all public money; one with a share keeps it."""
    bench.edit(Edit("money", 0.5))
    bench.edit(Edit("money.USA", 1.0))
    budget = {
        funder: sum(bench.case.budget.get((funder, year), 0.0) for year in (2027, 2028))
        for funder in ("USA", "JPN")
    }
    assert budget == {"USA": 80, "JPN": 20}
    drawn = Regions(bench).part("questions", {})
    boxes = {
        f: re.findall(rf'value="([^"]*)" id="{ident(f"money.{f}")}-box"', drawn)
        for f in ("USA", "JPN")
    }
    assert (
        boxes == {"USA": ["100"], "JPN": ["50"]}
        and f"moves along, {money(20)} of {money(40)}" in drawn
    )
    bench.edit(Edit("money.USA", 0.5))  # as all others
    assert bench.record.edits == (Edit("money", 0.5),)


def test_the_deepest_cut_comes_first_among_hazards(drawn: planner.Case) -> None:
    first, *known = chances(drawn, drawn)
    assert first == ANY_STOP
    hazards = [key for key in known if key.startswith("hazard.")]
    left = [
        min(row.factor for row in drawn.tables.draws if f"hazard.{row.hazard}" == key)
        for key in hazards
    ]
    assert known[: len(hazards)] == hazards and left == sorted(left) and left[0] < left[-1]
    assert {"hazard.war_dy", "hazard.embargo_dy"} & set(hazards) == {
        key for key, factor in zip(hazards, left, strict=True) if factor == 0
    }


def test_hazards_are_called_by_their_names(drawn: planner.Case) -> None:
    said = {key: one.label for key, one in chances(drawn, drawn).items()}
    assert any(label.startswith("Taiwan war, begins 20") for label in said.values())
    assert not any("draw" in label for label in said.values())


def test_figures_that_others_read_too_are_not_changed() -> None:
    view = planner.open_run(REFERENCE)
    before = decisions(view).copy()
    assert len(key_figures.plants(view, view).frame)
    pd.testing.assert_frame_equal(decisions(view), before)


def test_who_pays_has_the_change(bench: Workbench) -> None:
    answered(bench)
    bench.edit(Edit("money", 0.5))
    plan = answered(bench).solver.found.plan
    assert plan is not None and bench.first is not None
    old, new = (
        one.tables["payments"].set_index("funder")["paid_musd"]["USA"]
        for one in (bench.first, plan)
    )
    assert f"United States {number(new)} {signed(new - old)} " in said_by(Regions(bench), "side")


def test_a_change_too_slight_to_show_is_no_difference() -> None:
    def notes(risk: float) -> list[str]:
        return [
            card.note for card in key_figures.cards({"risk_musd": risk}, {"risk_musd": 1.0}, "a")
        ]

    assert notes(1.001)[0] == "a: 1.00, no difference"
    assert notes(1.5)[0] == "a: 1.00, +0.500 (+50 %)" and notes(0.5)[0].endswith("(−50 %)")


def test_a_plant_decided_in_two_years_has_both(reference: planner.Plan) -> None:
    rows = reference.tables["investments"]
    mine = rows[rows["project"] == "desert_mine"]
    grown = pd.concat([rows, mine.assign(year=mine["year"] + 1)], ignore_index=True)
    later = replace(reference, tables={**reference.tables, "investments": grown})
    table = key_figures.plants(later, reference)
    at = [column.field for column in table.heads].index("years")
    (told,) = [row[at] for row in table.shown if row[0].startswith("Desert mine")]
    assert told == "2027–2028 → 2027–2029"


def test_a_difference_within_the_optimality_gap_is_told_as_such() -> None:
    def card(cost: float) -> Card:
        here = {"risk_musd": 30_000.0, "cost_musd": cost, "gap": {"welfare": 0.016}}
        there = {"risk_musd": 30_000.0, "cost_musd": 5_821.0, "gap": {"welfare": 0.013}}
        (found,) = [
            one for one in key_figures.cards(here, there, "a") if one.title.endswith("together")
        ]
        return found

    slight, large = card(5_947.0), card(6_947.0)
    gap = number(0.016 * 35_947)
    assert slight.note == (f"a: 35,821, +126 (+0.4 %): less than the optimality gap of {gap}")
    assert slight.tone == "" and large.tone == "worse" and large.note.endswith("(+3.1 %)")


def test_a_plant_that_another_plan_alone_builds_stands_there_as_gone(bench: Workbench) -> None:
    bench.edit(Edit("projects.metal_works.max_new_tpa", 0.0))
    plan = answered(bench).solver.found.plan
    assert plan is not None and bench.first is not None
    rows = key_figures.plants(plan, bench.first).shown
    (metal,) = [row for row in rows if row[0].startswith("Metal works")]
    was = bench.first.summary["new_capacity_tpa"]["metal_works"]
    table = key_figures.plants(plan, bench.first)
    grown = [column.field for column in table.heads].index("grown")
    assert metal[2] == "2028–2029: no longer built" and metal[grown] == signed(-was)
    alone = key_figures.plants(plan)
    assert [row[0] for row in alone.shown[:-1]] == [row[0] for row in rows[:-1] if row != metal]


def test_before_the_first_plan_each_region_says_that_it_comes(
    place: OpenedCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SolverThread, "start", lambda *_, **__: None)
    bench = Workbench(place, lambda: None)
    assert "The first plan is being solved" in said_by(Regions(bench), "outcomes")
    assert all(Regions(bench).part(region, {}) for region in Regions(bench).snapshot()["versions"])
    bench.journal.close()


def test_plants_that_run_stand_with_those_that_may_be_built(bench: Workbench) -> None:
    words = said_by(Regions(bench), "questions")
    assert re.search(r"Run already or paid for Metal works, United States 2.00 t/y", words)
    bench.edit(Edit("projects.metal_works.existing_tpa", 50.0))
    assert "Metal works, United States 50.0 t/y" in said_by(Regions(bench), "questions")


def test_a_plan_of_whole_plants_says_how_far_from_the_least_it_may_be(bench: Workbench) -> None:
    found = answered(bench).solver.found
    assert found.proof == "certified"
    assert found.plan is not None
    summary = found.plan.summary | {"gap": {"welfare": 0.0131}}
    whole = replace(found, plan=replace(found.plan, summary=summary))
    assert whole.proof == "certified within 1.3 %"


def test_the_workbook_of_a_plan_that_is_not_kept_names_its_changes(bench: Workbench) -> None:
    bench.edit(Edit("money", 0.5))
    shown = answered(bench).solver.found.plan
    assert shown is not None
    run = bench.run_of(shown_as(shown.case))
    assert planner.open_run(run).title == "starter: money = 0.5"


def test_a_target_in_the_title_of_a_plan_is_a_sentence(bench: Workbench) -> None:
    asked = {"kind": "served", "share": 0.4, "element": "Dy", "first_year": 2026}
    bench.edit(Edit("target.added-1", asked))
    shown = answered(bench).solver.found.plan
    assert shown is not None
    title = planner.open_run(bench.run_of(shown_as(shown.case))).title
    assert title.startswith("starter: At least 40 % of the demand for ") and "{" not in title


def test_more_money_that_changes_nothing_is_said_not_to_be_scarce(bench: Workbench) -> None:
    """Of half the money some is used up; of ten times as much not."""
    words = "Money is not scarce: the plan uses"
    bench.edit(Edit("money", 0.5))
    assert words not in said_by(Regions(answered(bench)), "outcomes")
    bench.edit(Edit("money", 10.0))
    assert words in said_by(Regions(answered(bench)), "outcomes")
    bench.revert("")
    assert words not in said_by(Regions(answered(bench)), "outcomes")


def test_capital_stands_whole_in_its_box(bench: Workbench) -> None:
    bench.edit(Edit("projects.metal_works.capex_usd_per_tpa", 4_405_800.0))
    drawn = Regions(bench).part("questions", {})
    box = ident("projects.metal_works.capex_usd_per_tpa")
    assert re.search(rf'id="{box}"[^>]* value="4,405,800"', drawn)


@pytest.mark.parametrize("risk", [0.9, 10.0])
def test_no_action_is_off_the_axis_only_where_it_is(
    bench: Workbench, undisturbed: None, risk: float
) -> None:
    """risk: of the largest on the frontier."""
    plan = answered(bench).solver.found.plan
    assert plan is not None
    cost, most = plan.summary["cost_musd"], 2 * plan.summary["risk_musd"]
    bench.curves[bench.case.sha256] = [(32.0, 0.5 * cost, most), (inf, 0.1 * cost, risk * most)]
    words = said_by(Regions(bench), "frontier")
    told = f"the risk is {number(risk * most)} MUSD at a cost of {number(0.1 * cost)}; above the axis nothing is drawn."
    assert told in words
    drawn = Regions(bench).part("frontier", {})
    assert ("&#34;no action&#34;" in drawn or "&quot;no action&quot;" in drawn) is (risk < 1)


def test_a_frontier_that_was_stopped_says_so_and_goes_on(
    bench: Workbench, undisturbed: None
) -> None:
    regions = Regions(answered(bench))
    grows = "The frontier grows while nothing else is asked: 0 plans solved."
    assert grows in said_by(regions, "frontier")
    before = regions.snapshot()["versions"]["frontier"]
    ACTIONS["stop"](bench, {})
    assert "The frontier was stopped: 0 plans solved. Go on" in said_by(regions, "frontier")
    assert regions.snapshot()["versions"]["frontier"] != before
    ACTIONS["go_on"](bench, {})
    assert grows in said_by(regions, "frontier")


def test_the_goal_of_least_risk_says_how_near_to_it_a_plan_is(bench: Workbench) -> None:
    bench.edit(Edit("goal", "risk"))
    slack = answered(bench).case.model.objective.risk_slack
    words = said_by(Regions(bench), "outcomes")
    assert f"risk is within {percent(slack)} of the least attainable" in words
    held = bench.solver.found.plan
    assert held is not None and bench.first is not None
    assert held.summary["risk_musd"] <= (1 + slack) * bench.first.summary["risk_musd"]


def test_the_lever_of_training_is_new_seats(bench: Workbench) -> None:
    """People still train in seats that exist without it."""
    assert "new training seats" in said_by(Regions(bench), "questions")
    bench.edit(Edit("lever.training", "out"))
    plan = answered(bench).solver.found.plan
    assert plan is not None and sum(plan.summary["trained"].values()) > 0
    answered(bench).keep("a")
    assert "without new training seats" in said_by(Regions(bench), "shelf")


def test_a_change_of_a_plant_is_told_in_the_words_of_its_line(bench: Workbench) -> None:
    bench.edit(Edit("projects.coast_plant.lead_time_years", 4))
    bench.edit(Edit("projects.coast_plant.existing_tpa", 5.0))
    words = said_by(Regions(bench), "questions")
    assert "Coast separation plant, Australia: ready after, years 2 → 4" in words
    assert "Coast separation plant, Australia: existing tpa 0.0 → 5.0" in words


def test_whose_risk_it_is_without_an_ally_is_said(bench: Workbench) -> None:
    words = said_by(Regions(bench), "questions")
    assert "risk and cost stay those of all countries, also of who is out" in words


def test_the_note_on_who_pays_tells_of_no_column_that_is_not_there(bench: Workbench) -> None:
    words = said_by(Regions(answered(bench)), "side")
    assert "Payments are public, expected and not discounted" in words
    assert "Loses less" not in words and "at least" not in words


def test_beside_a_target_stands_what_unmet_demand_does(bench: Workbench) -> None:
    """A share of what is used may be reached by using less, which shows there."""
    columns = {"kind": "served", "element": "Dy", "first_year": 2029, "share": 0.4}
    bench.edit(Edit("target.added-1", columns))
    bench.edit(Edit("money", 0.5))
    plan = answered(bench).solver.found.plan
    assert plan is not None and bench.first is not None
    now, before = (
        number(sum(one.summary["expected_shortfall_t"].values())) for one in (plan, bench.first)
    )
    words = said_by(Regions(bench), "questions")
    assert now != before
    assert f"; unmet demand {now} t, in the case as it is {before} t" in words
