"""Kills and interruptions of every command that writes, at any moment: nothing is lost and nothing is left over.

python -m tests.robust.long [KILLS] [INTERRUPTIONS]
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import planner
from planner.api.studies import study_status
from tests.robust.conftest import ROOT, STARTER, Zygote

Check = Callable[[Path], object]


def commands(room: Path) -> dict[str, tuple[list[object], Path, Check]]:
    """Command, the folder it writes, and how that folder is read."""
    study = room / "study.toml"
    text = (ROOT / "models" / "studies" / "starter.toml").read_text(encoding="utf-8")
    study.write_text(text.replace("../..", str(ROOT)).replace("../base", f"{ROOT}/models/base"), encoding="utf-8")
    run, drawn = room / "run", room / "drawn"
    return {
        "solve": (["solve", STARTER, "--out", run], run, planner.open_run),
        "report": (["report", run], run, planner.open_run),
        "explain": (["explain", run, "--workers", 1], run, planner.open_run),
        "shares": (["shares", run], run, planner.open_run),
        "study": (["study", "run", study, "--out", room / "study"], room / "study", study_status),
        "sample": (["sample", ROOT / "inputs" / "allied-2026", "--draws", 8, "--out", drawn], drawn, planner.load),
    }


def left_over(room: Path, temporary: Path) -> list[str]:
    """What a program that has ended leaves beside its results."""
    known = {"study.toml", "study", "run", "drawn", "tmp", "said"}
    return [*(p.name for p in temporary.iterdir()), *(p.name for p in room.iterdir() if p.name not in known)]


def main(kills: int, interruptions: int) -> None:
    """Kill and interrupt; raises AssertionError at what must not be."""
    rng, count = random.Random(19), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        room, temporary, said = Path(name), Path(name) / "tmp", Path(name) / "said"
        temporary.mkdir()
        os.environ |= {"TMPDIR": str(temporary), "PLANNER_SAID": str(said)}
        zygote, lengths = Zygote(), dict[str, float]()
        known = commands(room)
        for command, (arguments, *_) in known.items():
            started = time.perf_counter()
            zygote.start(*arguments)
            assert zygote.end() == 0, (command, said.read_text())
            lengths[command] = time.perf_counter() - started
        for number in range(kills + interruptions):
            command = rng.choice(list(known))
            arguments, folder, check = known[command]
            number_of = signal.SIGINT if number >= kills else rng.choice((signal.SIGKILL, signal.SIGTERM))
            said.write_text("")
            pid = zygote.start(*arguments)
            time.sleep(rng.uniform(0.0, 1.1 * lengths[command]))
            with suppress(ProcessLookupError):
                os.kill(pid, number_of)
            status = zygote.end()
            check(folder)
            if number_of == signal.SIGINT:
                code, told = os.waitstatus_to_exitcode(status), said.read_text().splitlines()
                assert code in (0, 130), (command, code, told)
                assert code == 0 or told[-1].startswith("stopped"), (command, told)
                assert not left_over(room, temporary), (command, left_over(room, temporary))
                count["interrupted" if code else "ended before"] += 1
            else:
                count["killed" if status == number_of else "ended before"] += 1
        for arguments, *_ in known.values():
            zygote.start(*arguments)
            assert zygote.end() == 0, said.read_text()
        # A kill just before a scratch folder has its lock leaves one without, which goes later.
        rest = [
            name for name in left_over(room, temporary) if (room / name / "lock").exists() or name.startswith("tmp")
        ]
        assert not rest, rest
        zygote.close()
    sys.stdout.write(f"{dict(count)}: nothing lost, nothing left over\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3] or (300, 200)))
