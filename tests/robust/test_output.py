"""What a command says reaches whoever listens as text; where nobody can, it ends with a sentence and not a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import file_words, inert
from tests.robust.conftest import ROOT, STARTER

PLANNER = [sys.executable, "-c", "from planner.cli import app; app()"]
LOST = "the answer cannot be shown"


def test_a_full_device_ends_a_command_in_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PLANNER, "check", str(STARTER)],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2 and done.stderr.startswith(LOST) and done.stderr.count("\n") == 1


def test_a_reader_that_has_gone_ends_a_command_in_one_sentence() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [*PLANNER, "check", "inputs/starter"],
        cwd=ROOT,
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)
    assert done.returncode == 2 and done.stderr.startswith(LOST) and done.stderr.count("\n") == 1


def test_a_locale_without_a_letter_shows_its_code_and_reads_the_path(tmp_path: Path) -> None:
    case = tmp_path / "gr\u00fcn\u65e5"
    case.symlink_to(STARTER)
    plain = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii",
    }
    for path, shown in ((case, "starter"), (tmp_path / "\u65e5", "")):
        command = [*PLANNER, "check", str(path)]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | plain, capture_output=True, text=True, check=False
        )
        assert done.returncode == (0 if shown else 2) and "Traceback" not in done.stderr, (
            done.stderr
        )
        assert shown in done.stdout
    assert file_words("gr\udcc3\udcbcn") == "gr\u00fcn" and file_words("a\x1b[31m") == "a_[31m"


def test_nobody_on_standard_error_ends_no_command() -> None:
    code = "from planner.cli.console import err; err.print('x'); " + PLANNER[-1]
    with Path("/dev/full").open("w") as full:
        env = os.environ | {"PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-c", code, "check", str(STARTER)]
        done = subprocess.run(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.returncode == 0 and b"no faults" in done.stdout


def test_a_terminal_does_not_obey_what_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "summary.json").write_text('{"status": "\\u001b[2J"}')
    told = CliRunner().invoke(app, ["replay", str(tmp_path / "run")])
    assert told.exit_code == 2 and "\\x1b[2J" in told.output and "\x1b" not in told.output
    assert inert("a\x1b\n\u202e", "\n") == "a\\x1b\n\\u202e"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on the size of files")
def test_a_full_disk_ends_a_workbook_in_the_message_alone(tmp_path: Path) -> None:
    few = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
    done = subprocess.run(
        [sys.executable, "-c", few + PLANNER[2], "init", "--to", str(tmp_path / "x.xlsx")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "x.xlsx: cannot be written" in done.stderr, done.stderr
    assert done.stderr.strip().count("\n") == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
