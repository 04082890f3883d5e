"""Odds that are not known: the worst of them in the goal, and what a run says of them.

100 t of demand a year in three years; a tonne short costs 1 MUSD. A supply of 100 t is cut in two futures: in `early`
of the first year, in `late` of the other two. A stock or plant helps against one of them.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case
from planner.data.change import parse_change
from planner.data.changed_case import Changer
from planner.results.losses import risk_under
from planner.results.odds import least_risk, worst_odds
from tests.behaviour.conftest import agreed
from tests.cases import MUSD, Row, budget, imports, load_case, mine, near, plant, seeds, shock

NEUTRAL = {"objective.goal": "welfare", "objective.risk_aversion": 0.0}
WORST = {"objective.odds": "worst"}
BOUNDED = [(0.7, None, None), (0.2, 0.1, 0.3), (0.1, 0.0, 0.2)]
"""Of calm, early, late: probability, and the bounds of it."""


def futures(
    figures: list[tuple[float, float | None, float | None]] = BOUNDED, **more: Any
) -> list[Row]:
    """Rows of `scenarios`."""
    columns = ("probability", "probability_low", "probability_high")
    names = ("calm", "early", "late", *more)
    return [
        {"scenario": name, **dict(zip(columns, row, strict=True))}
        for name, row in zip(names, figures, strict=False)
    ]


def case_of(folder: Path, rows: list[Row], model: dict[str, object], **tables: Any) -> Case:
    """The case of this page."""
    cuts = [
        shock("early", "import", 0, 2026, 2026, supplier="CHN"),
        shock("late", "import", 0, 2027, 2028, supplier="CHN"),
    ]
    return load_case(
        folder, model, scenarios=rows, imports=[imports(100)], **{"shocks": cuts, **tables}
    )


# ---- the risk of losses that are known: 0 in calm, 100 in early, 200 in late ------------------------------------


def bounded(folder: Path, **model: Any) -> Case:
    """Calm is fixed at 0.7: early and late share 0.3."""
    keys = {f"objective.{name}": value for name, value in model.items()}
    return case_of(folder, futures(), keys)


def test_the_mean_is_worst_where_the_larger_loss_is_as_likely_as_it_may_be(tmp_path: Path) -> None:
    """Late at 0.2, early at 0.1: 10 + 40; best with late at 0, early at 0.3."""
    case = bounded(tmp_path, risk_aversion=0.0, odds="worst")
    summary = agreed(case).summary
    assert summary["risk_musd"] == near(50)
    assert summary["risk_given_musd"] == summary["expected_loss_musd"] == near(40)
    assert summary["odds"] == {
        "worst_risk_musd": near(50),
        "best_risk_musd": near(30),
        "worst": near({"calm": 0.7, "early": 0.1, "late": 0.2}),
    }


def test_a_run_by_the_given_odds_tells_of_the_others(tmp_path: Path) -> None:
    summary = planner.solve(bounded(tmp_path, risk_aversion=0.0)).summary
    assert summary["risk_musd"] == summary["risk_given_musd"] == near(40)
    assert summary["odds"]["worst_risk_musd"] == near(50)
    assert summary["without_plan"]["odds"] == summary["odds"]


def test_the_tail_is_worst_where_it_holds_as_much_of_the_larger_loss_as_may_be(
    tmp_path: Path,
) -> None:
    """Worst quarter: 0.2 of 200 and 0.05 of 100, 180; half of it and half of the mean of 50 are 115.
    Best: 0.25 of 100, and a mean of 30."""
    case = bounded(tmp_path, risk_aversion=0.5, tail=0.75, odds="worst")
    summary = agreed(case).summary
    assert summary["risk_musd"] == near(115)
    assert summary["cvar_musd"] == near(140)
    assert summary["odds"]["best_risk_musd"] == near(65)


def test_without_bounds_nothing_is_told_of_odds(tmp_path: Path) -> None:
    rows = futures([(0.7, None, None), (0.2, None, None), (0.1, None, None)])
    summary = agreed(case_of(tmp_path, rows, {})).summary
    assert "odds" not in summary and "risk_given_musd" not in summary
    worst = agreed(case_of(tmp_path, rows, WORST)).summary
    assert worst["risk_musd"] == pytest.approx(summary["risk_musd"], rel=1e-9)


def test_draws_of_one_storyline_keep_their_proportions(tmp_path: Path) -> None:
    """A storyline of 0.3 with a loss of 100 in a third of it and of 200 in the rest: late, two thirds, may have 0.3, so
    that early has 0.15."""
    rows = [
        {"scenario": "calm", "probability": 0.7, "probability_low": 0.5, "probability_high": 0.9},
        {"scenario": "early", "storyline": "war", "probability": 0.1},
        {"scenario": "late", "storyline": "war", "probability": 0.2},
    ]
    for row, low, high in ((rows[1], 0.05, 0.2), (rows[2], 0.05, 0.3)):
        row |= {"probability_low": low, "probability_high": high}
    case = case_of(tmp_path, rows, WORST | {"objective.risk_aversion": 0.0})
    summary = agreed(case).summary
    assert summary["odds"]["worst"] == near({"calm": 0.55, "early": 0.15, "late": 0.3})
    assert summary["risk_musd"] == near(75)


def test_draws_of_probability_0_are_even(tmp_path: Path) -> None:
    """A storyline of probability 0 that may have 0.2: half of it early, half late, 10 + 20."""
    rows = [
        {"scenario": "calm", "probability": 1, "probability_low": 0.5, "probability_high": 1},
        *(
            {"scenario": w, "storyline": "war", "probability": 0, "probability_low": 0}
            for w in ("early", "late")
        ),
    ]
    rows[1]["probability_high"] = rows[2]["probability_high"] = 0.1
    case = case_of(tmp_path, rows, WORST | {"objective.risk_aversion": 0.0})
    summary = agreed(case).summary
    assert summary["risk_musd"] == near(30)
    assert summary["risk_given_musd"] == near(0)
    assert summary["odds"]["worst"] == near({"calm": 0.8, "early": 0.1, "late": 0.1})


@pytest.mark.parametrize("seed", seeds(0, 12, 40))
def test_worst_and_best_odds_are_those_of_a_fine_grid(tmp_path: Path, seed: int) -> None:
    """Four futures, bounds of each; every vertex of the odds, and means of two, give no more and no less."""
    rng = np.random.default_rng(seed)
    chance = rng.dirichlet(np.ones(4))
    low = chance * rng.choice([0.0, 0.5, 1.0], 4)
    high = np.minimum(1.0, chance * rng.choice([1.0, 1.5, 4.0], 4))
    names = list("abcd")
    rows = [
        {"scenario": w, "probability": p, "probability_low": lo, "probability_high": hi}
        for w, p, lo, hi in zip(names, chance, low, high, strict=True)
    ]
    keys = {"objective.risk_aversion": float(rng.choice([0.0, 0.3, 1.0]))}
    keys["objective.tail"] = float(rng.choice([0.0, 0.5, 0.9]))
    case = load_case(tmp_path, keys, scenarios=rows)
    losses = dict(zip(names, rng.choice([0.0, 1.0, 5.0, 8.0, 20.0], 4).tolist(), strict=True))
    tried = _vertices(low, high)
    tried += [(one + two) / 2 for one, two in product(tried, tried)]
    risks = [risk_under(case, losses, dict(zip(names, p, strict=True))) for p in tried]
    worst = worst_odds(case, losses)
    assert sum(worst.values()) == pytest.approx(1, abs=1e-12)
    bounds = zip(low, worst.values(), high, strict=True)
    assert all(lo - 1e-12 <= p <= hi + 1e-12 for lo, p, hi in bounds)
    found = risk_under(case, losses, worst)
    assert found >= max(risks) - 1e-9
    assert least_risk(case, losses) == pytest.approx(min(risks), abs=1e-9)
    model = agreed(case.changed({"objective.odds": "worst"}))
    assert model.summary["risk_musd"] == pytest.approx(
        model.summary["odds"]["worst_risk_musd"], rel=1e-9
    )


def _vertices(low: Any, high: Any) -> list[Any]:
    """Odds of which all but one are at a bound."""
    found = []
    for free in range(len(low)):
        for ends in product(*([lo, hi] for lo, hi in zip(low, high, strict=True))):
            odds = np.array(ends)
            odds[free] += 1.0 - odds.sum()
            if low[free] - 1e-12 <= odds[free] <= high[free] + 1e-12:
                found.append(odds)
    return found


# ---- plans --------------------------------------------------------------------------------------------------


def choice(folder: Path, odds: str, goal: str = "welfare") -> Case:
    """100 t of plant for 33 MUSD from 2027 on, too late for early; calm fixed at 0.7."""
    plants = [mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.3 * MUSD, earliest_year=2027)]
    model = NEUTRAL | {"objective.odds": odds, "objective.goal": goal}
    return case_of(folder, futures(), model, projects=plants, budgets=budget(100, 100, 100))


def test_worst_odds_turn_the_plan(tmp_path: Path) -> None:
    """Late is worth 0.1 x 200 = 20 by the given odds and 0.2 x 200 = 40 by the worst: a plant for 30 pays then alone.
    With it, early at 0.3 is the worst."""
    given = agreed(choice(tmp_path / "given", "given")).summary
    worst = agreed(choice(tmp_path / "worst", "worst")).summary
    assert (given["cost_musd"], given["risk_musd"]) == near((0, 40))
    # Half a plant leaves 100 in late, as much as in early: 30 whatever the odds. More would cost and save nothing.
    assert worst["cost_musd"] + worst["risk_musd"] == near(45)
    assert (worst["cost_musd"], worst["risk_musd"]) == near((15, 30))
    assert worst["new_capacity_tpa"]["plant"] == near(50)


@pytest.mark.parametrize("goal", ["risk", "target", "welfare"])
def test_every_goal_goes_by_the_worst_odds(tmp_path: Path, goal: str) -> None:
    """Least risk 30 needs half a plant, so does a limit of 30; by the given odds the limit needs 25 t."""
    limit = {"objective.risk_limit": 30.0} if goal == "target" else {}
    case = choice(tmp_path, "worst").changed({"objective.goal": goal, **limit})
    summary = planner.solve(case).summary
    assert (summary["cost_musd"], summary["risk_musd"]) == near((15, 30))
    assert summary["without_plan"]["risk_musd"] == near(50)
    assert summary["without_plan"]["risk_given_musd"] == near(40)
    if goal == "target":
        given = agreed(case.changed({"objective.odds": "given"})).summary
        assert given["new_capacity_tpa"]["plant"] == near(50)


# ---- the case of a later year, and changes of probabilities -------------------------------------------------


def test_bounds_of_a_later_year_move_as_probabilities_do(tmp_path: Path) -> None:
    """In 2027 early, at 0.2, is over: what is left is 0.8, and late, at 0.1 and 0 to 0.2, is 0.125 and 0 to 0.25."""
    case = bounded(tmp_path)
    later = planner.advance(agreed(case), 2027, "calm")
    rows = {row.scenario: row for row in later.tables.scenarios}
    assert rows.keys() == {"calm", "late"}
    late = rows["late"]
    assert late.probability == pytest.approx(0.125)
    assert late.probability_low == 0
    assert late.probability_high == pytest.approx(0.2 / 0.8)
    assert rows["calm"].probability == pytest.approx(0.875)
    assert rows["calm"].probability_low is None, "one without bounds has none later either"


def test_the_case_after_what_could_not_happen_can_be_had(tmp_path: Path) -> None:
    """Early and late of probability 0, one history in 2026 if both begin then: each a half."""
    rows = futures([(1, None, None), (0, None, None), (0, None, None)])
    cuts = [
        shock("early", "import", 0, 2026, 2026, supplier="CHN"),
        shock("late", "import", 0, 2026, 2028, supplier="CHN"),
    ]
    plan = agreed(case_of(tmp_path, rows, {}, shocks=cuts))
    assert planner.advance(plan, 2027, "early").scenarios == {"early": 0.5, "late": 0.5}


def test_a_probability_that_is_tried_beyond_its_bounds_moves_them(tmp_path: Path) -> None:
    """As studies and explanations try one; who sets it by hand is told."""
    case = bounded(tmp_path)
    change = parse_change("scenarios.early.probability=0.5")
    tried = Changer(case).apply([change], make_room=True).checked()
    rows = {row.scenario: row for row in tried.tables.scenarios}
    assert (rows["early"].probability_low, rows["early"].probability_high) == (0.1, 0.5)
    assert rows["late"].probability == pytest.approx(0.0625)
    with pytest.raises(planner.InputError, match="is below probability"):
        case.changed({"scenarios.early.probability": 0.5, "scenarios.calm.probability": 0.4})
