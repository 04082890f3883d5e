"""Workers that keep branches: who they are, and whether they live, changes no figure."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import planner
from benchmarks.generate import Size, generate
from planner.data.case import Case
from planner.decomposition import plans, worker_pool
from planner.decomposition.grouping import parts
from planner.decomposition.worker_pool import PartBranches
from tests.forked import fork_workers


def twelve_scenarios(folder: Path) -> Case:
    """A small case."""
    return planner.load(
        generate(Size(scenarios=12, countries=3, projects=10, years=8, elements=2, seed=1), folder)
    )


class DyingBranches(PartBranches):
    """Is killed once at each kind of call: when it is asked what it has, how that fares, for tables and prices.

    deaths: folder in which workers note that one has died.
    """

    def __init__(self, deaths: Path, *given: Any) -> None:
        super().__init__(*given)
        self._deaths = deaths

    def links(self, *given: Any) -> Any:
        """What there is, or death."""
        self.die("links")
        return super().links(*given)

    def fare(self, *given: Any) -> Any:
        """How they fare, or death."""
        self.die("cost" if given[-1].with_cost else "risk")
        return super().fare(*given)

    def measure(self, *given: Any) -> Any:
        """Tables, or death."""
        self.die("measure")
        return super().measure(*given)

    def price(self, *given: Any) -> Any:
        """Prices, or death."""
        self.die("price")
        return super().price(*given)

    def die(self, phase: str) -> None:
        """Kill this process unless one has died in this phase."""
        try:
            (self._deaths / phase).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_in_any_phase_changes_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, deaths = twelve_scenarios(tmp_path / "case"), tmp_path / "deaths"
    deaths.mkdir()
    monkeypatch.setattr(plans, "parts", partial(parts, size=3))
    undisturbed = planner.solve(case, method="scenarios", baseline=False)
    monkeypatch.setattr(worker_pool, "PartBranches", partial(DyingBranches, deaths))
    fork_workers(monkeypatch)
    disturbed = planner.solve(case, method="scenarios", baseline=False, workers=2)
    phases = "links risk cost measure price"
    assert {path.name for path in deaths.iterdir()} == set(phases.split())
    assert disturbed.summary | {"seconds": {}} == undisturbed.summary | {"seconds": {}}
    for name, table in undisturbed.tables.items():
        pd.testing.assert_frame_equal(table, disturbed.tables[name], check_exact=True)
