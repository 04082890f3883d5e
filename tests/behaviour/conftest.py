"""Every plan that a test of behaviour solves is held against the independent formulation: what is worked out by hand is
worked out for both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import planner
from planner import Plan
from planner.data.case import Case
from planner.results.store import write_case as write_stored
from tests.cases import EXACT, write_case
from tests.conftest import MakeCase, SolveCase, proven
from tests.oracle.agreement import agree


def nested(keys: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys as a model file has them."""
    model: dict[str, Any] = {"objective": {}, "policy": {}}
    for key, value in keys.items():
        *sections, name = key.split(".")
        place = model
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return model


@contextmanager
def as_text(case: Case) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and model of a case, as the oracle reads them."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "case"
        write_stored(case, folder)
        (folder / "model.toml").unlink()
        yield folder, {"objective": {}, "policy": {}} | case.model.model_dump(exclude_defaults=True)


def agreed(case: Case) -> Plan:
    """The plan of a case, as good as the oracle's."""
    with as_text(case) as (folder, model):
        return agree(folder, model)


NEWER_THAN_THE_ORACLE = ("test_must_run", "test_schedule", "test_decided_when_and_by_whom")
"""Files about rules that the independent formulation does not have yet."""


@pytest.fixture
def solve(request: pytest.FixtureRequest, tmp_path: Path, make_case: MakeCase) -> SolveCase:
    """`solve(model, **tables)`: the plan of such a case, without the baseline, as good as the oracle's."""
    number = count()
    is_newer = request.path.stem in NEWER_THAN_THE_ORACLE

    def run(model: dict[str, object] | None = None, **tables: Any) -> Plan:
        if is_newer:
            return proven(planner.solve(make_case(model, **tables), baseline=False))
        folder = write_case(tmp_path / f"both{next(number)}", **tables)
        keys = nested({**EXACT, **(model or {})})
        return proven(agree(folder, keys))

    return run
