"""The reference of study files: what it shows can be written so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from jsonschema import Draft202012Validator

from docs.declarations import DESIGNS
from planner.studies.design import design
from planner.studies.points import check_study
from planner.studies.run import open_case
from planner.studies.study_file import build_study, read_study, study_schema
from tests.studies.studies import ROOT

STUDIES = ROOT / "models" / "studies"
BLOCKS = re.findall(
    r"```(\w+)\n(.*?)```", (STUDIES / "REFERENCE.md").read_text(encoding="utf-8"), re.S
)
WHOLE = next(text for kind, text in BLOCKS if kind == "toml")


def test_the_whole_file_and_every_design_that_are_shown_fit_the_case(tmp_path: Path) -> None:
    asked = build_study(tomllib.loads(WHOLE))
    check_study(asked, open_case(asked, STUDIES))
    (tmp_path / "points.csv").write_text("money,demand,aversion\n1,,0.5\n,,\n")
    shown = [
        tomllib.loads(text)
        for kind, text in BLOCKS
        if kind == "toml" and text.startswith("[design]")
    ]
    assert len(shown) == len(DESIGNS)
    for example in shown:
        plain = tomllib.loads(WHOLE) | example
        assert len(design(build_study(plain), tmp_path)) > 1


def test_the_schema_takes_every_worked_study_and_refuses_a_key_too_many() -> None:
    check = Draft202012Validator(study_schema())
    files = sorted(STUDIES.glob("*.toml"))
    assert len(files) > 5
    for path in files:
        read_study(path)
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        assert not list(check.iter_errors(values)), path.name
        assert list(check.iter_errors(values | {"outcome": []}))
