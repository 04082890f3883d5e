"""A workbench on the starter case, asked without a socket."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import planner
from planner.server import solver_thread
from planner.server.app import Site
from planner.server.journal import OpenedCase
from planner.server.page_regions import Regions
from planner.server.security import Gate
from planner.server.workbench import Workbench

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reports" / "reference" / "starter-base"
TOKEN = "a-token-for-tests"  # noqa: S105
PORT = 8765
HERE = f"http://127.0.0.1:{PORT}"


def wait_for(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.01)


def answered(bench: Workbench) -> Workbench:
    """The workbench, once its state is solved or known to have no plan."""
    wait_for(lambda: bench.solver.found.stage in ("plan", "failed"))
    return bench


def said_by(parts: Regions, region: str, **asked: str) -> str:
    """The words of a region, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", parts.part(region, asked)).split())


@pytest.fixture
def place(tmp_path: Path) -> OpenedCase:
    return OpenedCase(
        ROOT / "inputs" / "starter", ROOT / "models" / "base.toml", {}, tmp_path / "bench"
    )


@pytest.fixture(scope="session")
def reference() -> planner.Plan:
    """The committed run of the case, which nobody changes."""
    return planner.open_run(REFERENCE)


@pytest.fixture
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done in the background: of several optima and prices the same are found each time."""
    monkeypatch.setattr(solver_thread, "IDLE_SECONDS", 3600.0)


@pytest.fixture
def bench(place: OpenedCase, reference: planner.Plan) -> Iterator[Workbench]:
    found = Workbench(place, lambda: None, reference)
    yield found
    found.close()


@pytest.fixture(scope="session")
def drawn() -> planner.Case:
    return planner.sample(planner.load(ROOT / "inputs" / "allied-2026"), 8, seed=1)


@pytest.fixture
def site(place: OpenedCase, reference: planner.Plan) -> Site:
    return Site(place, reference)


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    """One whose cookie is known already."""
    with TestClient(Gate(site.app, PORT, TOKEN), base_url=HERE, follow_redirects=False) as found:
        assert found.get(f"/?token={TOKEN}").status_code == 303
        yield found


def post(client: TestClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, json=body, headers={"Origin": HERE, **headers})
