"""A study where only the default installation is: its tables are CSV, and its page says what to install for the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import NotInstalledError
from planner.late import EXTRAS, late, missing
from planner.studies.kept_tables import read_table, write_table
from tests.studies.studies import FINAL, ROOT

HIDE = """
import importlib.abc, importlib.machinery, importlib.util, sys
class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {hidden} else real(name, package)
sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a process for which no package of an extra is there."""
    (tmp_path / "hidden").mkdir()
    script = HIDE.format(hidden=set(EXTRAS))
    (tmp_path / "hidden" / "sitecustomize.py").write_text(script, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": f"{tmp_path / 'hidden'}{os.pathsep}{ROOT}"}


def test_every_extra_that_code_names_is_one_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    for package, extra in EXTRAS.items():
        brought = extras.partition(f"\n{extra} = [")[2].partition("\n]")[0].casefold()
        distribution = {"sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}
        assert f'"{distribution.get(package, package)}>='.casefold() in brought, package


def test_a_package_that_is_not_there_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("planner.late.find_spec", lambda name: None)
    with pytest.raises(NotInstalledError) as error:
        late("SALib.sample.sobol")
    told = "needs the extra `study`: pip install -e '.[study]' in the checkout"
    assert str(error.value) == told
    assert "'.[parquet,pdf]'" in missing("pyarrow", "typst", "vl_convert")
    assert missing("pandas") == ""


def test_what_was_installed_from_a_wheel_is_installed_from_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("planner.late.find_spec", lambda name: None)
    monkeypatch.setattr("planner.late.CHECKOUT", tmp_path)
    assert "pip install 'WHEEL[study]'" in missing("SALib")


def test_a_study_runs_and_is_reported_with_the_default_installation(
    bare: dict[str, str], tmp_path: Path
) -> None:
    study = ROOT / "models" / "studies" / "starter.toml"
    lines = (f"study run {study} --out {tmp_path / 's'}", f"study report {tmp_path / 's'}")
    code = "import sys; from planner.cli import app\n"
    code += (
        "for line in sys.argv[1:]:\n    if app(line.split(), standalone_mode=False): sys.exit(1)"
    )
    command = [sys.executable, "-c", code, *lines]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "s" / "results.csv").exists()
    page = (tmp_path / "s" / "report.html").read_text(encoding="utf-8")
    assert ".[study]" in page
    here = planner.study(study, tmp_path / "here").folder
    ours, theirs = planner.open_study(here), planner.open_study(tmp_path / "s")
    for name in ("results", "design"):
        pd.testing.assert_frame_equal(theirs.table(name), ours.table(name), check_exact=True)
    planner.study(study, tmp_path / "s")  # goes on, and writes the tables in its own form
    assert not (tmp_path / "s" / "results.csv").exists()
    assert all((tmp_path / "s" / name).exists() for name in FINAL)


def test_a_sobol_study_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (ROOT / "models" / "studies" / "starter.toml").read_text(encoding="utf-8")
    lines = (
        text.replace("../../", f"{ROOT}/")
        .replace("../", f"{ROOT}/models/")
        .partition("[design]")[0]
        + '[design]\nkind = "sobol"\npoints = 4\nseed = 1\n'
    )
    (tmp_path / "sobol.toml").write_text(lines, encoding="utf-8")
    monkeypatch.setattr("planner.late.find_spec", lambda name: None)
    command = ["study", "run", str(tmp_path / "sobol.toml"), "--out", str(tmp_path / "s")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "pip install -e '.[study]'" in done.output


def test_words_and_blanks_come_back_from_csv_as_they_were(tmp_path: Path) -> None:
    table = pd.DataFrame({"row": [0, 1, 2], "point": ["001", "NA", "1e5"]})
    table["who"] = pd.Series(["true", None, "1"], dtype="str")
    table["money"] = [0.1 + 0.2, None, 1e22]
    table["settings"] = pd.Series(["[]", '["a=1"]', '["title=\\"no\\",\nno"]'], dtype="str")
    write_table(tmp_path / "design.csv", table)
    back = read_table(tmp_path / "design.csv", {"who"})
    pd.testing.assert_frame_equal(back, table, check_exact=True)
