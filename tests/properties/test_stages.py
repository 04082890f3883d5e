"""Properties of decisions in stages, on random cases."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.properties.random_cases import World, few, seeds, world
from tests.properties.test_more_never_hurts import not_above


def drawn(base: World) -> World:
    """Every other shock was drawn."""
    return base.changed(
        shocks=lambda rows: [r | {"hazard": "war" if i % 2 else ""} for i, r in enumerate(rows)]
    )


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
