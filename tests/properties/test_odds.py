"""Properties of odds that are not known and of decisions in stages, on random cases."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.properties.random_cases import Change, Rows, World, few, seeds, world
from tests.properties.test_more_never_hurts import not_above

WORST = {"objective__odds": "worst"}


def around(base: World, low: float, high: float) -> Change:
    """Bounds around each probability, as shares of it."""

    def bounds(rows: Rows) -> Rows:
        found = []
        for row in rows:
            chance = float(row["probability"])
            ends = {
                "probability_low": repr(chance * low),
                "probability_high": repr(min(1.0, chance * high)),
            }
            found.append(row | ends)
        return found

    return bounds


def drawn(base: World) -> World:
    """Every other shock was drawn."""
    return base.changed(
        shocks=lambda rows: [r | {"hazard": "war" if i % 2 else ""} for i, r in enumerate(rows)]
    )


@few
@given(seeds)
def test_the_worst_odds_are_never_better_than_the_given(seed: int) -> None:
    with world(seed) as base:
        bounded = base.changed(scenarios=around(base, 0.5, 2.0))
        wider = base.changed(scenarios=around(base, 0.0, 4.0))
        given_odds = bounded.least_risk()
        worst = bounded.least_risk(**WORST)
        assert not_above(given_odds, worst)
        assert not_above(worst, wider.least_risk(**WORST))


@few
@given(seeds)
def test_what_a_run_tells_of_its_odds_lies_around_the_given_ones(seed: int) -> None:
    with world(seed) as base:
        bounded = base.changed(scenarios=around(base, 0.5, 2.0))
        summary = bounded.solve().summary
        if "odds" not in summary:  # the case has no scenarios
            return
        told = summary["odds"]
        assert not_above(told["best_risk_musd"], summary["risk_given_musd"])
        assert not_above(summary["risk_given_musd"], told["worst_risk_musd"])
        assert summary["risk_musd"] == summary["risk_given_musd"]
        assert sum(told["worst"].values()) == pytest.approx(1, abs=1e-12)


@few
@given(seeds)
def test_bounds_equal_to_the_probabilities_leave_the_given_risk(seed: int) -> None:
    with world(seed) as base:
        fixed = base.changed(scenarios=around(base, 1.0, 1.0))
        expected = pytest.approx(base.least_risk(), rel=1e-9, abs=1e-9)
        assert fixed.least_risk(**WORST) == expected
        assert fixed.least_risk() == expected


@few
@given(seeds)
def test_decisions_in_stages_lie_between_committed_and_adaptive(seed: int) -> None:
    with world(seed) as base:
        risks = [
            drawn(base).least_risk(policy__investment=how)
            for how in ("adaptive", "staged", "committed")
        ]
        assert not_above(risks[0], risks[1])
        assert not_above(risks[1], risks[2])


@few
@given(seeds)
def test_without_draws_stages_are_adaptive_and_with_nothing_else_committed(seed: int) -> None:
    with world(seed) as base:
        everything = base.changed(shocks=lambda rows: [row | {"hazard": "war"} for row in rows])
        adaptive, staged = (
            base.least_risk(policy__investment=how) for how in ("adaptive", "staged")
        )
        assert staged == pytest.approx(adaptive, rel=1e-9, abs=1e-9)
        committed, equal = (
            everything.least_risk(policy__investment=how) for how in ("committed", "staged")
        )
        assert equal == pytest.approx(committed, rel=1e-6, abs=1e-6)
