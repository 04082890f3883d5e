"""`planner serve` as it is typed: an address, a page, a kill that loses nothing, Ctrl-C that ends it in order."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest
from typer.testing import CliRunner

from planner.cli import app
from tests.cases import long_run
from tests.server.conftest import REFERENCE, ROOT


def started(run: Path) -> tuple[subprocess.Popen[str], str, OpenerDirector]:
    """The process, where it answers, and a browser that has the cookie."""
    command = [sys.executable, "-c", "from planner.cli import app; app()"]
    command += ["serve", str(run), "--no-browser"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=run.parent)
    assert process.stdout is not None
    found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=\S+", process.stdout.readline())
    assert found is not None
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    assert "workbench.js" in browser.open(found[0]).read().decode()
    return process, found[1], browser


def test_a_kill_loses_nothing_and_ctrl_c_ends_in_order(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(REFERENCE, run)
    process, here, browser = started(run)
    assert (
        "1,915" in browser.open(f"{here}/part/outcomes").read().decode()
    )  # at once, from what is stored
    body = json.dumps({"key": "money", "value": 0.5}).encode()
    browser.open(
        Request(f"{here}/edit", body, {"Origin": here, "Content-Type": "application/json"})
    )
    process.kill()
    process.communicate()
    process, here, browser = started(run)
    assert "50 % of all public money" in browser.open(f"{here}/part/questions").read().decode()
    ended_while_it_solves(process, here, browser, signal.SIGINT)


SOON = 10.0
"""Seconds: on a busy machine some; a page that is open would be waited for without end."""


def end_it(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal: the end comes soon, in a sentence and without a fault."""
    began = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert time.monotonic() - began < SOON and process.returncode == 0
    assert "every change and every kept variant is on disk" in told and "Exception" not in told


def ended_while_it_solves(
    process: subprocess.Popen[str], here: str, browser: OpenerDirector, number: int
) -> None:
    """A signal ends it soon, with a page open and a solve going on."""
    with browser.open(f"{here}/events") as news:
        assert news.readline().startswith(b"data: ")
        body = json.dumps({"key": "money", "value": 0.25}).encode()
        browser.open(
            Request(f"{here}/edit", body, {"Origin": here, "Content-Type": "application/json"})
        )
        end_it(process, number)


@long_run
def test_a_termination_ends_it_as_ctrl_c_does(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(REFERENCE, run)
    ended_while_it_solves(*started(run), signal.SIGTERM)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([str(ROOT / "nowhere")], "nowhere"),
        ([str(REFERENCE), "--set", "levers=mine"], "has its own model"),
        ([str(ROOT / "inputs" / "starter"), "--set", "objective.tail=2"], "objective.tail"),
    ],
)
def test_what_cannot_be_opened_is_told(arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["serve", "--no-browser", *arguments])
    assert found.exit_code == 2 and said in found.output
