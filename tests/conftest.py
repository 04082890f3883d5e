"""Fixtures: write, load and solve a small case in one call. And skipped tests that fail where nothing is missing."""

from __future__ import annotations

import fcntl
import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import planner
from planner import Plan
from planner.data.case import Case
from planner.host import cores
from tests.cases import load_case, near

MakeCase = Callable[..., Case]
SolveCase = Callable[..., Plan]
LeastRisk = Callable[..., float]
Once = Callable[[str, Callable[[Path], object]], Path]

MAY_BE_SKIPPED = (
    "may not mount a file system",
    "on one core there is no second process",
    "LONG=1, as `make agree` has it",
)
"""Reasons that lie in the machine and that installing cannot mend; and long runs, which have a target of their own."""


def _must_run(report: pytest.TestReport | pytest.CollectReport) -> None:
    """With REQUIRE_ALL=1 in the environment, make a skipped test a failed one."""
    if os.environ.get("REQUIRE_ALL") != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.endswith(MAY_BE_SKIPPED):
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1 and a test was skipped. {reason}"


def pytest_configure() -> None:
    """Make the script of charts in a checkout that was changed since it was installed."""
    root = Path(__file__).parents[1]
    if not (root / "planner" / "reporting" / "static" / "vega.js").is_file():
        subprocess.run([sys.executable, str(root / "hatch_build.py")], check=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto` starts a worker for each processor that may be used: by itself it would count whole cores, and those of
    the machine where a container has fewer."""
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", cores()))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """While tests are imported there is no garbage; later, what was imported stays: to look through it again and again
    took a twentieth of all time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _must_run(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _must_run(report)
    return report


@pytest.fixture
def without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands write run folders without their pages, which take seconds, for tests of everything else."""
    leave_out_pages(monkeypatch)


def leave_out_pages(patched: pytest.MonkeyPatch) -> None:
    """Commands write no pages of runs."""
    patched.setattr("planner.api.plans.write_page_and_workbook", lambda plan, folder: None)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once(name, fill)`: a folder that the first process of the tests fills and that all of them read."""
    own = tmp_path_factory.getbasetemp()
    room = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = room / name, room / f"{name}.done"
        with (room / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return filled


@pytest.fixture
def no_support(monkeypatch: pytest.MonkeyPatch) -> None:
    """No support is looked for that makes an investment case bankable: that takes nine tenths of the time of a case."""
    leave_out_support(monkeypatch)


def leave_out_support(patched: pytest.MonkeyPatch) -> None:
    """A case that is not bankable as it stands has no support that makes it so."""
    patched.setattr("planner.finance.support._least", lambda search: None)


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    """`make_case(model, **tables)`: a case of `tests.cases`, each in a folder of its own."""
    number = count()

    def make(model: dict[str, object] | None = None, **tables: Any) -> Case:
        return load_case(tmp_path / f"case{next(number)}", model, **tables)

    return make


def proven(plan: Plan) -> Plan:
    """The plan, which certificate and verifier let pass."""
    assert plan.status.value in ("optimal", "infeasible"), (
        "the certificate or the verifier rejects the plan"
    )
    objective = plan.case.model.objective
    if objective.goal == "risk" and objective.risk_slack == 0:
        # Without slack the plan's risk, recomputed from its shortfalls, is the least risk that the solver found.
        assert plan.summary["risk_musd"] == near(plan.summary["least_risk_musd"])
    return plan


@pytest.fixture
def solve(make_case: MakeCase) -> SolveCase:
    """`solve(model, **tables)`: the plan of such a case, without the baseline."""

    def run(model: dict[str, object] | None = None, **tables: Any) -> Plan:
        return proven(planner.solve(make_case(model, **tables), baseline=False))

    return run


@pytest.fixture
def least_risk(make_case: MakeCase) -> LeastRisk:
    """`least_risk(model, **tables)`: the least risk of such a case, MUSD, without the tables of its plan."""

    def figure(model: dict[str, object] | None = None, **tables: Any) -> float:
        return planner.Session(make_case(model, **tables)).figures()["least_risk_musd"]

    return figure
