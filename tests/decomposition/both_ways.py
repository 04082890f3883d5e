"""A random case scenario by scenario and as one program, over goals and switches.

`checks/decomposed_cases.py` runs a thousand, the tests a few.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import planner
from planner.data.load import checked_case
from planner.decomposition import plans
from tests.decomposition.test_search import CLOSE, agree
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case


def check(folder: Path, seed: int) -> None:
    """A case both ways: the same figures."""
    overrides = (
        flat(write_random_case(folder, seed, decided=seed % 3 == 0))
        | CLOSE
        | {"policy.investment": "committed", "policy.whole_plants": False, "objective.gap": 1e-6}
    )
    case = checked_case(folder, changes=overrides)
    with patch.object(plans, "ALONE", (0, 1, 3, 10)[seed // 4 % 4]):
        whole, parted = (
            planner.solve(case, baseline=False, method=method) for method in ("whole", "scenarios")
        )
    agree(whole, parted)
