"""An optimum whose values have drifted is corrected where it stands, not sought again by another algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.solving import highs
from planner.solving.program import Certificate, certify
from planner.solving.program_writer import program_of
from tests.cases import EXACT, demand, imports, load_case


def test_a_certificate_that_fails_once_is_tried_again_from_the_same_basis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = load_case(tmp_path, EXACT, demand=demand(100), imports=[imports(40)])
    program, asked = program_of(case), list[Certificate]()

    def drifted(*given: Any, **named: Any) -> Certificate:
        asked.append(Certificate(1e-3, 0.0, 0.0) if not asked else certify(*given, **named))
        return asked[-1]

    monkeypatch.setattr(highs, "certify", drifted)
    found = highs.Solver(program).minimise(program.column["risk", None], ("dual", "ipm"))
    assert (found.stop, found.algorithm, len(asked)) == (highs.Stop.OPTIMAL, "dual", 2)
