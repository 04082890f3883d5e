"""Where every program is installed a skipped test fails, but for reasons that lie in the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOOKS = "from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport\n"
TESTS = {
    "test_in_a_test.py": """
import pytest
def test_program(): pytest.skip("no Chromium on this machine")
def test_right(): pytest.skip("may not mount a file system")
@pytest.mark.skipif(True, reason="LibreOffice is not installed")
def test_mark(): pass
@pytest.mark.xfail
def test_known(): assert False
def test_runs(): pass
""",
    "test_a_module.py": "import pytest\npytest.importorskip('a_module_that_nobody_has')\n",
}


TWICE = """
import os, pytest
for os.environ["REQUIRE_ALL"] in ("1", ""):
    pytest.main(["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "."])
    print("that was all")
"""


def test_a_skipped_test_fails_where_all_are_required(tmp_path: Path) -> None:
    for name, text in {"conftest.py": HOOKS, "pytest.ini": "[pytest]\n", **TESTS}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", TWICE]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    required, free, _ = done.stdout.split("that was all\n")
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 2 errors" in required, done.stdout
    assert "1 passed, 4 skipped, 1 xfailed" in free, done.stdout
    said = "a test was skipped. Skipped: no Chromium on this machine"
    assert said in required and said not in free
