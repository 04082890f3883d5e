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

from planner import Plan
from planner.data.case import Case
from tests.cases import EXACT, write_case
from tests.conftest import SolveCase, proven
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
        case.write(folder)
        (folder / "model.toml").unlink()
        yield folder, {"objective": {}, "policy": {}} | case.model.model_dump(exclude_defaults=True)


def agreed(case: Case) -> Plan:
    """The plan of a case, as good as the oracle's."""
    with as_text(case) as (folder, model):
        return agree(folder, model)


@pytest.fixture
def solve(tmp_path: Path) -> SolveCase:
    """`solve(model, **tables)`: the plan of such a case, without the baseline, as good as the oracle's."""
    number = count()

    def run(model: dict[str, object] | None = None, **tables: Any) -> Plan:
        folder = write_case(tmp_path / f"both{next(number)}", **tables)
        keys = nested({**EXACT, **(model or {})})
        return proven(agree(folder, keys))

    return run
