"""Ctrl-C at any moment of a solve ends it at once with exit code 130 and nothing half-written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import planner
from planner.solving.warm_program import WarmProgram
from tests.cases import REAL, some, write_case

ROOT = Path(__file__).parents[2]
CODE = "from planner.cli import app; app()"


@pytest.mark.parametrize("before", some(["building the program", "loading"], 2))
def test_ctrl_c_ends_a_solve_with_130_and_writes_nothing(tmp_path: Path, before: str) -> None:
    case, out = str(REAL), str(tmp_path / "run")
    command = [sys.executable, "-c", CODE, "solve", case, "--out", out]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        # A step is told when it ends, so the step after it has begun.
        while before not in (line := process.stderr.readline()):
            assert line, "ended before it was stopped"
        os.kill(process.pid, signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert re.search(
        r"stopped; (the value sought is at least .*; )?nothing was written\n$", said
    ), said
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_a_solve() -> None:
    session = WarmProgram(planner.load(REAL))
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        session.solver.minimise(session.program.column["risk", None])
    timer.join()


@pytest.mark.parametrize(
    "imported", some(["typer", "numpy", "pandas", "highspy", "planner.api.plans"], 5)
)
def test_ctrl_c_while_the_command_is_still_importing_is_one_line(
    tmp_path: Path, imported: str
) -> None:
    script = tmp_path / "planner"
    script.write_text("import sys; from planner.cli import app; sys.exit(app())")
    command = [
        sys.executable,
        "-X",
        "importtime",
        str(script),
        "solve",
        str(ROOT / "inputs" / "starter"),
    ]
    command += ["--out", str(tmp_path / "run")]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        while (line := process.stderr.readline()).split("|")[-1].strip() != imported:
            assert line, "ended before it was stopped"
        os.kill(process.pid, signal.SIGINT)
        said = [line for line in process.stderr if not line.startswith("import time:")]
    assert process.returncode == 130
    assert len(said) == 1 and said[0].startswith("stopped")


INTERRUPTED_AT_THE_END = """
import sys
from planner.api import plans
from planner.cli import app, solve

def interrupted(*_):
    raise KeyboardInterrupt

plans.write_page_and_workbook = lambda *_: None  # pages take seconds and are not asked for here
solve.solve_screen = interrupted
app(sys.argv[1:])
"""


def test_ctrl_c_just_after_a_run_is_put_in_place_says_that_it_is_there(tmp_path: Path) -> None:
    """In a process of its own: where a solver's thread still runs the command ends its process at once."""
    out = tmp_path / "run"
    case = write_case(tmp_path / "case")
    command = [sys.executable, "-c", INTERRUPTED_AT_THE_END, "solve", str(case)]
    command += ["--out", str(out), "--no-baseline"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 130
    assert f"written: {out}/summary.json" in " ".join(found.stderr.split())


def test_where_ctrl_c_is_ignored_a_run_of_highs_before_does_not_stand_in_the_way() -> None:
    """As under nohup: HiGHS keeps one set of threads for each thread that runs it, and refuses another number."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); import highspy, planner; "
        "highs = highspy.Highs(); highs.setOptionValue('output_flag', False); "
        "highs.setOptionValue('threads', 2); highs.addVars(2, [0.0, 0.0], [1.0, 1.0]); highs.run(); "
        "case = planner.load('inputs/starter', model='models/base.toml'); "
        "print(planner.solve(case, baseline=False).status.value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["optimal"], done.stderr
