"""Many random cases scenario by scenario against the whole program: python -m tests.decomposition.long [FIRST] [COUNT].

Over goals and switches, with none to all of the hard scenarios in the master, every fourth case with whole plants. A
thousand take about ten minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import planner
from planner.planning import solve
from planner.results.verify import verify
from tests.decomposition.test_search import CLOSE, agree
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

GAP = 0.01


def check(folder: Path, seed: int) -> None:
    """A case both ways: the same figures; with whole plants bounds that do not exclude each other."""
    overrides = flat(write_random_case(folder, seed)) | CLOSE | {"policy.investment": "committed"}
    whole_plants = seed % 4 == 3
    overrides |= {
        "policy.whole_plants": whole_plants,
        "objective.gap": GAP if whole_plants else 1e-6,
    }
    case = planner.load(folder, overrides=overrides)
    with patch.object(solve, "ALONE", (0, 1, 3, 10)[seed // 4 % 4]):
        whole, parted = (
            planner.solve(case, baseline=False, method=method) for method in ("whole", "scenarios")
        )
    if not whole_plants:
        agree(whole, parted)
        return
    one, other = whole.summary, parted.summary
    assert one["status"] == other["status"], (one["status"], other["status"])
    if whole.status == "optimal":
        assert verify(case, parted.tables).holds
        if one["goal"] == "risk":
            assert other["least_risk_bound_musd"] <= one["least_risk_musd"] * (1 + 1e-6) + 1e-6
            assert (
                one.get("least_risk_bound_musd", 0.0)
                <= other["least_risk_musd"] * (1 + 1e-6) + 1e-6
            )


def main(first: int = 20_000, count: int = 1000) -> None:
    """Compare, and end with exit code 1 if two answers differ."""
    found = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                check(Path(scratch) / "case", seed)
            except AssertionError as error:
                found += 1
                print(f"{seed}: {' '.join(str(error).split()) or repr(error)}", flush=True)  # noqa: T201
    print(f"{count} cases: {found} apart")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
