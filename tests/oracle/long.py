"""Many random cases against the planner: python -m tests.oracle.long [FIRST] [COUNT] [DIVIDED], minutes for hundreds.

COUNT cases over all switches, and COUNT over all rules, are solved both ways (`agreement`); DIVIDED cases without a
shock inside a year are solved as they are and with every year divided, which must not change an optimum; of as many
others what is left without something is compared.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import planner
from planner.solving.goals import silent
from planner.solving.live_program import LiveProgram
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


def same_coverage(folder: Path, seed: int) -> None:
    """What a plan can serve without something, each removal by a program of its own."""
    model = write_random_case(folder, seed, old=seed % 2 == 0, new=True)
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
    found = LiveProgram(planner.load(folder, overrides=flat(model))).solve(silent).values
    return {
        name: value
        for name, value in found.items()
        if name not in ("risk_at_cost", "expected_loss")
    }


def apart(check: Callable[[Path, int], None], seeds: range) -> list[str]:
    """Seeds at which a check does not hold."""
    out = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                check(Path(scratch) / "case", seed)
            except AssertionError as error:
                out.append(
                    f"{check.__name__} {seed}: {(str(error) or repr(error)).splitlines()[0]}"
                )
    return out


def main(first: int = 5000, count: int = 400, divided: int = 100) -> None:
    """Compare, and end with exit code 1 if two answers differ."""
    many, few = range(first, first + count), range(first, first + divided)
    found = apart(both_ways, many) + apart(both_ways_with_new_rules, many)
    found += apart(same_when_divided, few)
    found += apart(same_coverage, few)
    told = f"{count} cases twice and {divided} divided ones: {len(found)} apart"
    print(*found, told, sep="\n")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
