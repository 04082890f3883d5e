"""Workers that keep branches: who they are, and whether they live, changes no figure."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import planner
from benchmarks.generate import Size, generate
from planner.data.case import Case
from planner.decomposition import worker_pool
from planner.decomposition.benders_loop import approximate
from planner.decomposition.subproblem import parts
from planner.decomposition.worker_pool import HeldBranches

DEATHS = "PLANNER_TEST_DEATHS"
"""Environment variable: folder in which workers note that one has died."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    size = Size(scenarios=12, countries=3, projects=10, years=8, elements=2, seed=1)
    return planner.load(generate(size, tmp_path_factory.mktemp("cases")))


class DyingBranches(HeldBranches):
    """Is killed once in each phase: when it is asked what it has, and when it is asked for the third time."""

    asked = 0

    def links(self, *given: Any) -> Any:
        """What there is, or death."""
        self.die("links")
        return super().links(*given)

    def results(self, *given: Any) -> Any:
        """How they fare, or death."""
        self.asked += 1
        if self.asked > 2:
            self.die("risk" if given[-1] is None else "cost")
        return super().results(*given)

    def die(self, phase: str) -> None:
        """Kill this process unless one has died in this phase."""
        try:
            (Path(os.environ[DEATHS]) / phase).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_in_any_phase_changes_no_figure(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "parts", partial(parts, size=3))
    undisturbed = approximate(case, alone=2, gap=1e-5, workers=1)
    monkeypatch.setenv(DEATHS, str(tmp_path))
    monkeypatch.setattr(worker_pool, "HeldBranches", DyingBranches)
    disturbed = approximate(case, alone=2, gap=1e-5, workers=2)
    assert {path.name for path in tmp_path.iterdir()} == {"links", "risk", "cost"}
    assert repr(disturbed) == repr(undisturbed)
