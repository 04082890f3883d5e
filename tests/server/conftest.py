"""A workbench on the starter case, asked without a socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import planner
from planner.server.app import Workbench
from planner.server.desk import Desk
from planner.server.place import Place
from planner.server.security import Gate

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


def answered(desk: Desk) -> Desk:
    """The desk, once its state is solved or known to have no plan."""
    wait_for(lambda: desk.solver.found.stage in ("plan", "failed"))
    return desk


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(ROOT / "inputs" / "starter", ROOT / "models" / "base.toml", {}, tmp_path / "bench")


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    found = Desk(place, lambda: None, planner.open_run(REFERENCE))
    yield found
    found.close()


@pytest.fixture(scope="session")
def drawn() -> planner.Case:
    return planner.sample(planner.load(ROOT / "inputs" / "allied-2026"), 8, seed=1)


@pytest.fixture
def bench(place: Place) -> Workbench:
    return Workbench(place, planner.open_run(REFERENCE))


@pytest.fixture
def client(bench: Workbench) -> Iterator[TestClient]:
    """One whose cookie is known already."""
    with TestClient(Gate(bench.app, PORT, TOKEN), base_url=HERE, follow_redirects=False) as found:
        assert found.get(f"/?token={TOKEN}").status_code == 303
        yield found


def post(client: TestClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, json=body, headers={"Origin": HERE, **headers})
