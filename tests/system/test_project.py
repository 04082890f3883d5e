"""The project itself: generated pages, public names, the wheel, the reference run, the real case."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import planner
from docs.__main__ import pages
from planner.cells import CARRIED
from planner.data.schema import TABLES, Tables
from tests.cases import stored
from tests.oracle.agreement import flat

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "models").glob("*.toml"))
REFERENCE = ROOT / "reports" / "reference" / "starter-base"


def test_generated_pages_agree_with_the_code() -> None:
    for path, text in pages(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} is out of date: run `make docs`"
        )


def test_one_version_is_said_everywhere() -> None:
    newest = re.search(
        r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    cited = re.search(
        r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE
    )
    stored = json.loads((REFERENCE / "summary.json").read_text(encoding="utf-8"))["versions"][
        "planner"
    ]
    assert newest and cited and {newest[1], cited[1], stored} == {planner.__version__}


def test_the_manifest_and_the_tables_of_a_case_name_the_same_tables() -> None:
    assert tuple(table.name for table in TABLES) == tuple(Tables.__dataclass_fields__)


OF_ONE_CASE = {"crma": "allied-2026", "allied-goals": "allied-2026"}
"""Models whose targets name parties and feeds of one case."""


@pytest.mark.parametrize(
    ("case", "model"),
    [
        pytest.param(case, model, id=f"{case}-{model.stem}")
        for case in ("starter", "allied-2026")
        for model in MODELS
        if OF_ONE_CASE.get(model.stem, case) == case
    ],
)
def test_every_model_fits_every_case(case: str, model: Path) -> None:
    assert planner.load(ROOT / "inputs" / case, model=model).model.name == model.stem


def test_every_row_of_the_real_case_says_where_it_comes_from() -> None:
    tables = planner.load(ROOT / "inputs" / "allied-2026").tables
    assert CARRIED[:2] == ("source", "confidence")
    rows = [(table.name, row) for table in TABLES for row in tables.rows(table.name)]
    assert [(name, row.line) for name, row in rows if not (row.source and row.confidence)] == []


def test_the_reference_run_is_what_the_code_gives(tmp_path: Path) -> None:
    case = planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "base.toml")
    stored(planner.solve(case), tmp_path / "run")
    ours = flat(json.loads((tmp_path / "run" / "summary.json").read_text()))
    theirs = flat(json.loads((REFERENCE / "summary.json").read_text()))
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if key.split(".")[0] not in ("seconds", "versions", "certificate"):
            expected = value if isinstance(value, str) else pytest.approx(value, rel=1e-9, abs=1e-9)
            assert ours[key] == expected, key
    for path in sorted((REFERENCE / "tables").glob("*.csv")):
        fresh = pd.read_csv(tmp_path / "run" / "tables" / path.name)
        pd.testing.assert_frame_equal(fresh, pd.read_csv(path), rtol=1e-9)
    for path in sorted((REFERENCE / "inputs").iterdir()):
        assert (tmp_path / "run" / "inputs" / path.name).read_bytes() == path.read_bytes(), (
            path.name
        )


def test_the_wheel_installs_one_name_and_init_works_from_it(tmp_path: Path) -> None:
    build = f"-m build --wheel --no-isolation --outdir {tmp_path} {ROOT}".split()
    subprocess.run([sys.executable, *build], check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        assert {top for top in tops if not top.endswith(".dist-info")} == {"planner"}
        assert {top for top in tops if top.endswith(".dist-info")} == {
            f"allied_rare_earth_planner-{planner.__version__}.dist-info"
        }
        assert "planner/reporting/static/vega.js" in archive.namelist()
        dist_info = f"allied_rare_earth_planner-{planner.__version__}.dist-info"
        notice = archive.read(f"{dist_info}/licenses/NOTICE").decode()
        assert "Vega" in notice and "BSD-3-Clause" in notice
        archive.extractall(tmp_path / "site")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import planner; from planner.cli import app;"
        "assert planner.__file__.startswith(sys.argv[1]);"
        "ends = [app(line.split(), standalone_mode=False) for line in sys.argv[2:]]; assert not any(ends), ends"
    )
    lines = ("init w", "check w", "solve w --out run")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "site"), *lines],
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").exists()


FONTS_AND_BUILDS = {
    ".ttf",
    ".otf",
    ".woff",
    ".woff2",
    ".so",
    ".dll",
    ".whl",
    ".jar",
    ".wasm",
    ".map",
}
LONGEST_LINE = 1_000
"""Letters of a line beyond which a script is what a program packed, not what somebody wrote."""
OF_OTHERS = re.compile(r"copyright \(c\)|@license|@preserve|sourceMappingURL", re.IGNORECASE)


def test_the_tree_holds_nothing_of_others() -> None:
    """What others wrote is installed, or made when the wheel is built; NOTICE and LICENSE alone name them."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in names.splitlines():
        path = ROOT / name
        if not path.is_file():
            continue
        if path.suffix in FONTS_AND_BUILDS or path.name.endswith((".min.js", ".min.css")):
            found.append(name)
        elif path.suffix in {".js", ".css", ".html"} and path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            if OF_OTHERS.search(text) or max(map(len, text.splitlines())) > LONGEST_LINE:
                found.append(name)
    assert found == []


def test_the_script_of_charts_is_made_whole_and_once(tmp_path: Path) -> None:
    """Two processes at once leave one file, the same as a third one makes, and nothing beside it."""
    make = "import pathlib, sys; import hatch_build; hatch_build.make_script(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", make, str(tmp_path / "vega.js")]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["vega.js"]
    made = (tmp_path / "vega.js").read_bytes()
    assert made == (ROOT / "planner" / "reporting" / "static" / "vega.js").read_bytes()
    (tmp_path / "vega.js").write_bytes(made[:200] + b"mine")  # of these versions: left alone
    subprocess.run(command, cwd=ROOT, check=True)
    assert (tmp_path / "vega.js").read_bytes().endswith(b"mine")
