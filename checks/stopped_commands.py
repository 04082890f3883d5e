"""Kills and interruptions of every command that writes, at any moment: nothing is lost and nothing is left over.

python -m checks.stopped_commands [KILLS] [INTERRUPTIONS] [SEED]

A workbench is asked for one change after the other meanwhile: what was answered is on disk. Each line that is printed
has the counts so far, and every SETTLED the commands end once undisturbed and nothing may be left over: a stop loses
no more than what came since.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import planner
from planner.server.journal import EditJournal
from tests.robust.conftest import ROOT, STARTER, Zygote

Check = Callable[[Path], object]
SERVED = 4.0
"""Seconds within which a workbench, which ends by no itself, is stopped."""
SETTLED = 50


def commands(room: Path) -> dict[str, tuple[list[object], Path, Check]]:
    """Command, the folder it writes, and how that folder is read."""
    study = room / "study.toml"
    text = (ROOT / "models" / "studies" / "starter.toml").read_text(encoding="utf-8")
    study.write_text(
        text.replace("../..", str(ROOT)).replace("../base", f"{ROOT}/models/base"), encoding="utf-8"
    )
    run, drawn = room / "run", room / "drawn"
    return {
        "solve": (["solve", STARTER, "--out", run], run, planner.open_run),
        "report": (["report", run], run, planner.open_run),
        "explain": (["explain", run, "--workers", 1], run, planner.open_run),
        "shares": (["shares", run], run, planner.open_run),
        "study": (
            ["study", "run", study, "--out", room / "study"],
            room / "study",
            planner.open_study,
        ),
        "sample": (
            ["sample", ROOT / "inputs" / "allied-2026", "--draws", 8, "--out", drawn],
            drawn,
            planner.load,
        ),
        "serve": (["serve", run, "--no-browser"], room / "workbench-run", kept_of),
    }


def kept_of(bench: Path) -> float:
    """The money that a workbench last had on disk, as a share; nobody holds its folder any more."""
    journal = EditJournal(bench)
    journal.close()
    return float(str(journal.record.edits[0].value)) if journal.record.edits else 0.0


def asked(said: Path, until: float) -> float:
    """Ask a workbench for more and more money until a time; the last that it answered to. It may not be there yet."""
    browser, last, here = OpenerDirector(), 0.0, ""
    while time.perf_counter() < until:
        found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=\S+", said.read_text())
        if found and not here:
            browser, here = build_opener(HTTPCookieProcessor(CookieJar())), found[1]
            browser.open(found[0], timeout=10).read()
        if here:
            more = round(last + 0.001, 3) if last else round(time.perf_counter() % 1, 3) + 0.001
            body = json.dumps({"key": "money", "value": more}).encode()
            headers = {"Origin": here, "Content-Type": "application/json"}
            browser.open(Request(f"{here}/edit", body, headers), timeout=10).read()
            last = more
        time.sleep(0.02)
    return last


def left_over(room: Path, temporary: Path) -> list[str]:
    """What a program that has ended leaves beside its results."""
    known = {"study.toml", "study", "run", "drawn", "workbench-run", "tmp", "said"}
    return [
        *(p.name for p in temporary.iterdir()),
        *(p.name for p in room.iterdir() if p.name not in known),
    ]


def main(kills: int, interruptions: int, seed: int = 19) -> None:
    """Kill and interrupt as many that had not ended before; raises AssertionError at what must not be."""
    rng, count = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        room, temporary, said = Path(name), Path(name) / "tmp", Path(name) / "said"
        temporary.mkdir()
        os.environ |= {"TMPDIR": str(temporary), "PLANNER_SAID": str(said)}
        zygote, known = Zygote(), commands(room)
        lengths = settle(zygote, known, said)
        number = 0
        while (killing := count["killed"] < kills) or count["interrupted"] < interruptions:
            number += 1
            command = rng.choice(list(known))
            arguments, folder, check = known[command]
            number_of = rng.choice((signal.SIGKILL, signal.SIGTERM)) if killing else signal.SIGINT
            said.write_text("")
            before = set(left_over(room, temporary))  # of those that were killed
            pid = zygote.start(*arguments)
            until, answered = time.perf_counter() + rng.uniform(0.0, lengths[command]), 0.0
            if command == "serve":
                answered = asked(said, until)
            time.sleep(max(0.0, until - time.perf_counter()))
            with suppress(ProcessLookupError):
                os.kill(pid, number_of)
            status = zygote.end()
            now = check(folder)
            assert not answered or now == answered, (now, answered)
            count[command] += 1
            if number_of == signal.SIGINT:
                code, told = os.waitstatus_to_exitcode(status), said.read_text().splitlines()
                assert code in (0, 130), (command, code, told)
                assert code == 0 or told[-1].startswith("stopped"), (command, told)
                assert command != "serve" or told[-1].startswith(
                    ("ended; every change", "stopped")
                ), told
                assert not (left := set(left_over(room, temporary)) - before), (command, left)
                count["interrupted" if code else "ended before"] += 1
            else:
                count["killed" if status == number_of else "ended before"] += 1
            say(f"{number} {command} {signal.Signals(number_of).name} {status}: {dict(count)}")
            done = count["killed"] + count["interrupted"]
            if done in (kills, kills + interruptions) or number % SETTLED == 0:
                settle(zygote, known, said)
                # A kill just before a scratch folder has its lock leaves one without, which goes later.
                rest = [
                    name
                    for name in left_over(room, temporary)
                    if (room / name / "lock").exists() or name[:3] == "tmp"
                ]
                assert not rest, rest
                say(f"after {number}: nothing lost, nothing left over")
        zygote.close()


def settle(
    zygote: Zygote, known: dict[str, tuple[list[object], Path, Check]], said: Path
) -> dict[str, float]:
    """Let every command but the workbench end undisturbed; the seconds of each."""
    lengths = {"serve": SERVED}
    for command in [name for name in known if name != "serve"]:
        started = time.perf_counter()
        zygote.start(*known[command][0])
        assert zygote.end() == 0, (command, said.read_text())
        lengths[command] = time.perf_counter() - started
    return lengths


def say(line: str) -> None:
    """At once, so that a log of a run that was stopped is whole."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4] or (300, 200)))
