"""A random case solved by the planner and by the independent formulation, and in other ways that change no optimum.

`checks/random_cases.py` runs hundreds of them, the tests a few.
"""

from __future__ import annotations

from pathlib import Path

import planner
from planner.data.load import checked_case
from planner.solving.goals import silent
from planner.solving.warm_program import WarmProgram
from tests.oracle.agreement import agree, flat, load
from tests.oracle.agreement_figures import agree_coverage
from tests.oracle.divided import with_years_divided
from tests.oracle.program import build
from tests.oracle.random_case import write_random_case


def both_ways(folder: Path, seed: int) -> None:
    """A case over all switches, by the planner and by the oracle."""
    agree(folder, write_random_case(folder, seed, old=False))


def both_ways_with_new_rules(folder: Path, seed: int) -> None:
    """A case of any kind with prices, rises, savings, storylines, odds and targets on top."""
    model = write_random_case(folder, seed, old=seed % 2 == 0, new=True)
    agree(folder, model, baseline=seed % 4 < 2)


def both_ways_decided(folder: Path, seed: int) -> None:
    """A case of any kind with schedules, savings that must run and the other rules of what is decided when."""
    old, new = seed % 4 in (0, 1), seed % 3 != 0
    model = write_random_case(folder, seed, old=old, new=new, decided=True)
    agree(folder, model, baseline=seed % 4 < 2)


def same_coverage(folder: Path, seed: int) -> None:
    """What a plan can serve without something, each removal by a program of its own."""
    model = write_random_case(folder, seed, old=seed % 2 == 0, new=True, decided=seed % 3 == 0)
    plan = planner.solve(load(folder, model), baseline=False)
    if plan.status.value == "optimal":
        agree_coverage(plan, build(folder, model))


def same_when_divided(folder: Path, seed: int, share: float = 1e-9) -> None:
    """The least values of all phases but the last of a case, and of the same with every year divided."""
    model = write_random_case(folder, seed, old=True)
    values = [optima(folder, model)]
    with_years_divided(folder, model)
    values.append(optima(folder, model))
    for name, value in values[0].items():
        assert abs(values[1][name] - value) <= share * (1 + abs(value)), (
            name,
            value,
            values[1][name],
        )


def optima(folder: Path, model: dict[str, object]) -> dict[str, float]:
    """Least value of each phase, but of what may use the tolerance of those before."""
    found = WarmProgram(checked_case(folder, changes=flat(model))).solve(silent).values
    return {
        name: value
        for name, value in found.items()
        if name not in ("risk_at_cost", "expected_loss")
    }
