"""More means, more levers, more freedom, more sharing: the least risk never rises."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from planner.config.model_file import LEVERS
from tests.properties.random_cases import few, seeds, times, world

SLACK = 1e-6


def not_above(lower: float, upper: float) -> bool:
    """lower <= upper, up to the tolerance of two solves."""
    return lower <= upper + SLACK * (1 + upper)


@few
@given(seeds)
def test_more_budget_never_raises_the_least_risk(seed: int) -> None:
    with world(seed) as base:
        year = base.solve().case.first_year
        more = base.changed(budgets=times(1.5, "musd"))
        another = base.changed(
            budgets=lambda rows: [*rows, {"funder": "BANK", "year": str(year), "musd": "5"}],
            funders=lambda rows: [*rows, {"funder": "BANK", "countries": "*"}],
        )
        before = base.least_risk()
        assert not_above(more.least_risk(), before)
        assert not_above(another.least_risk(), before)


@few
@given(seeds)
def test_another_project_never_raises_the_least_risk(seed: int) -> None:
    with world(seed) as base:

        def twin(rows: list[dict[str, str]]) -> list[dict[str, str]]:
            return [*rows, base.rng.choice(rows) | {"project": "another", "max_new_tpa": "50"}]

        assert not_above(base.changed(projects=twin).least_risk(), base.least_risk())


@few
@given(seeds)
def test_another_lever_never_raises_the_least_risk(seed: int) -> None:
    with world(seed) as base:
        order = base.rng.sample(LEVERS, len(LEVERS))
        risks = [base.least_risk(levers=order[:count]) for count in (0, 2, 4, 6)]
        assert all(not_above(after, before) for before, after in pairwise(risks))


@few
@given(seeds)
def test_adaptive_is_never_worse_than_committed(seed: int) -> None:
    with world(seed) as base:
        risks = [base.least_risk(policy__investment=how) for how in ("committed", "adaptive")]
        assert not_above(risks[1], risks[0])


@few
@given(seeds)
def test_wider_coordination_is_never_worse(seed: int) -> None:
    with world(seed) as base:
        national, blocs, allied = (base.least_risk(policy__coordination=how) for how in ("national", "blocs", "allied"))
        assert not_above(blocs, national)
        assert not_above(allied, blocs)


@few
@given(seeds)
def test_carrying_over_and_lending_never_hurt(seed: int) -> None:
    with world(seed) as base:
        assert not_above(
            base.least_risk(policy__budget_carry_over=True), base.least_risk(policy__budget_carry_over=False)
        )
        assert not_above(base.least_risk(policy__secondment_share=0.5), base.least_risk(policy__secondment_share=0.0))
