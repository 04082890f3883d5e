"""A random case scenario by scenario and as one program, over goals and switches, every fourth with whole plants.

`checks/decomposed_cases.py` runs a thousand, the tests a few.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import planner
from planner.data.load import checked_case
from planner.decomposition import plans
from planner.results.verify import verify
from tests.decomposition.test_search import CLOSE, agree
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

GAP = 0.01


def check(folder: Path, seed: int) -> None:
    """A case both ways: the same figures; with whole plants bounds that do not exclude each other."""
    overrides = (
        flat(write_random_case(folder, seed, decided=seed % 3 == 0))
        | CLOSE
        | {"policy.investment": "committed"}
    )
    whole_plants = seed % 4 == 3
    overrides |= {
        "policy.whole_plants": whole_plants,
        "objective.gap": GAP if whole_plants else 1e-6,
    }
    case = checked_case(folder, changes=overrides)
    with patch.object(plans, "ALONE", (0, 1, 3, 10)[seed // 4 % 4]):
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
