"""Claims in joint draws of all unsure inputs: the study, its resumption, Wilson's interval by hand, and the verdict."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.case import Case
from planner.explanation.claims import CLAIMS
from planner.explanation.explain import explain
from planner.explanation.joint import (
    EVERYTHING,
    LEVER,
    NOTHING,
    joint_case,
    joint_of,
    joint_study,
    objectives,
    wilson,
    with_joint,
)
from planner.planning.whole_program import solve_case
from planner.reporting.chapters.claims import why
from planner.results.explanation import read_explanation
from planner.studies.run import run_points
from planner.studies.store import read_results
from tests.cases import MUSD, budget, mine, near, plant, stored, unsure
from tests.conftest import MakeCase, leave_out_pages

BY_KEY = {claim.key: claim for claim in CLAIMS}


@pytest.fixture
def case(make_case: MakeCase) -> Case:
    """100 t wanted in each of three years, a plant of 40 t/y runs at once for money that may be twice or half."""
    return make_case(
        projects=[mine(), plant(max_new_tpa=40, capex_usd_per_tpa=0.5 * MUSD)],
        budgets=budget(20),
        uncertainties=[
            unsure("demand", "tonnes", 0.5, 1.5, claims="separation"),
            unsure("budgets", "musd", 1, 2, uncertainty="money"),
        ],
    )


def test_wilson_by_hand() -> None:
    """50 of 60: (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n) with z = 1.959964; at the ends only one side."""
    p, n, z = 50 / 60, 60, 1.959964
    middle, room = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = wilson(50, 60)
    assert low == pytest.approx((middle - room) / (1 + z**2 / n), abs=1e-6)
    assert high == pytest.approx((middle + room) / (1 + z**2 / n), abs=1e-6)
    assert (round(low, 2), round(high, 2)) == (0.72, 0.91)
    assert wilson(60, 60)[1] == near(1.0) and wilson(60, 60)[0] == pytest.approx(0.94, abs=0.005)
    assert wilson(0, 60)[0] == near(0.0)


def test_the_study_draws_every_unsure_input_and_asks_every_side(case: Case) -> None:
    asked = joint_study(case, 5)
    demand, money = asked["uncertainties"]
    assert demand["change"] == ["demand.*.*.*.*.tonnes=x?"]
    assert (demand["range"], demand["distribution"]["mode"]) == ([0.5, 1.5], 1.0)
    assert "distribution" not in money  # as given is an end of its range
    [lever] = asked["levers"]
    labels = {option["label"]: option["changes"] for option in lever["options"]}
    assert labels[EVERYTHING] == {} and labels[NOTHING] == {"levers": []}
    assert labels["mining alone"] == {"levers": ["mine"]}
    assert "separation" not in labels["without separation"]["levers"]


def test_a_draw_in_which_a_side_has_no_optimum_is_left_out() -> None:
    """Separation: 60, 5 and 10 % of a whole of 100 MUSD; the last draw has no optimum without separation."""
    rows = pd.DataFrame(
        {
            EVERYTHING: [0.0, 0.0, 0.0, 0.0],
            NOTHING: [100.0, 100.0, 100.0, 100.0],
            "without separation": [60.0, 5.0, 10.0, None],
        }
    )
    case = planner.load(Path(__file__).parents[2] / "inputs" / "starter")
    found = joint_of(BY_KEY["separation"], case, rows)
    assert found is not None
    assert (found.draws, found.holding, found.unsolved) == (3, 2, 1)
    assert found.middle == near(0.1)
    assert (found.low, found.high) == near(wilson(2, 3))
    assert joint_of(BY_KEY["mining"], case, rows) is None


def test_joint_draws_are_the_case_solved_with_them(case: Case, tmp_path: Path) -> None:
    """Money is for all 40 t/y at least, so that a draw's figures follow from its demand alone."""
    asked, folder = joint_study(case, 4), tmp_path / "study"
    run_points(asked, folder, case=joint_case(case))
    results = read_results(folder)
    for row in results.to_dict("records"):
        wanted = 300 * row["demand"]
        if row[LEVER] == EVERYTHING:
            assert row["least_risk_musd"] == near(wanted - 120)
        if row[LEVER] in (NOTHING, "without separation", "mining alone"):
            assert row["least_risk_musd"] == near(wanted)
    assert len(objectives(case, results)) == 4
    verdicts = explain(solve_case(case, baseline=False), "run", workers=1).verdicts
    found = {one.claim: one for one in with_joint(case, verdicts, results)}
    separation = found["separation"].joint
    assert separation is not None
    assert (separation.draws, separation.holding, separation.unsolved) == (4, 4, 0)
    assert separation.least == separation.most == near(1.0)
    assert "It holds in 100 % of 4 joint draws (95 %: 51 to 100 %)." in why(found["separation"])


def test_explain_goes_on_with_the_study(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored(planner.solve(case), tmp_path / "run")
    with monkeypatch.context() as patched:
        leave_out_pages(patched)
        first = CliRunner().invoke(app, ["explain", str(run), "--joint", "2"])
        assert first.exit_code == 0, first.output
    assert not (run / "report.html").exists()
    second = CliRunner().invoke(app, ["explain", str(run), "--joint", "4"])
    assert second.exit_code == 0, second.output
    study = tmp_path / "studies" / "run-claims"
    assert len(read_results(study)) == 4 * 6
    found = read_explanation(run)
    assert found is not None
    assert {one.joint.draws for one in found.verdicts if one.joint is not None} == {4}
    assert "joint draws" in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("without_pages")
def test_a_case_that_names_nothing_unsure_has_no_draws(make_case: MakeCase, tmp_path: Path) -> None:
    run = stored(
        planner.solve(make_case(projects=[mine(), plant(existing_tpa=10)])), tmp_path / "run"
    )
    done = CliRunner().invoke(app, ["explain", str(run), "--joint", "2"])
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "studies").exists()
