"""The study that ships for claims in joint draws: its measures are those of `explain` in the case so drawn."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import planner
from planner.explanation.claims import speaking
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
    why = planner.explain(planner.solve(drawn, baseline=False), as_given=True, workers=1)
    told = {verdict.claim: verdict.measure for verdict in why.verdicts}
    assert set(told) == {claim.key for claim in speaking(case)}
    assert measured[list(told)].to_dict() == near(told)
    assert measured["separation"] > 0.1
