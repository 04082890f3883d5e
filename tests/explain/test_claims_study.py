"""The study that ships for levers in joint draws: its shares are those of `explain` in the case so drawn."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import planner
from tests.cases import near

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "models" / "studies" / "claims.toml"
GUIDE = ROOT / "docs" / "pages" / "how-to" / "ask-why.md"


def measures_of(folder: Path) -> pd.DataFrame:
    """The measures of the claims, a row a draw, by the lines of the guide."""
    (block,) = re.findall(r"^```py\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    text = block.replace("work/reports/claims", folder.as_posix())
    exec(compile(text, str(GUIDE), "exec"), names)  # noqa: S102 - our own page
    return names["measures"]


def test_the_study_measures_claims_as_explain_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tomllib.loads(STUDY.read_text("utf-8"))
    asked["design"] = {"kind": "lhs", "points": 2, "seed": 1}
    case = planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "base.toml")
    planner.study(asked, tmp_path / "claims", case=case)
    measures = measures_of(tmp_path / "claims")
    assert "0.95" in capsys.readouterr().out

    values, measured = measures.index[0], measures.iloc[0]
    changes = []
    for uncertain, value in zip(asked["uncertainties"], values, strict=True):
        cells = uncertain["change"]
        for cell in [cells] if isinstance(cells, str) else cells:
            changes.append(cell.replace("?", repr(float(value))))
    drawn = case.changed(*changes)
    why = planner.explain(planner.solve(drawn, baseline=False))
    shares = {(claim.lever, claim.basis): claim.share for claim in why.claims}
    assert measured["mines alone"] == near(shares["mine", "alone"])
    for name in ("separation", "metal", "people"):
        assert measured[f"without {name}"] == near(shares[name, "missing"]), name
    assert measured["without separation"] > 0.1
