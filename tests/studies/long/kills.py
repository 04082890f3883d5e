"""Kill a study, its workers, or both at random moments: `python -m tests.studies.long.kills TIMES OUT`.

The study goes on after each kill; in the end its files must be those of an undisturbed one, and no point may have been
written down twice. Not a test: it takes minutes.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from planner.studies.run import here, local, study
from planner.studies.standing import standing_of
from tests.studies.studies import SlowWorker, files, runs, sample

POINTS = 400


def main(times: int, out: Path) -> None:
    """Kill `times` times and compare."""
    dice = random.Random(times)
    study(sample(POINTS), out / "undisturbed", here)
    kills = {"study": 0, "worker": 0}
    folder = out / "killed"
    while sum(kills.values()) < times:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.studies.long.kills", "run", str(folder)], cwd=Path.cwd()
        )
        before = sum(runs(folder).values())
        while sum(kills.values()) < times and process.poll() is None:
            reached = before + dice.randint(1, max(2, POINTS // times))
            while process.poll() is None and sum(runs(folder).values()) < min(reached, POINTS - 1):
                time.sleep(0.02)
            time.sleep(dice.random() * 0.1)
            before = sum(runs(folder).values())
            workers = children(process.pid)
            if workers and dice.random() < 0.5:
                os.kill(dice.choice(workers), signal.SIGKILL)
                kills["worker"] += 1
                continue
            process.kill()
            kills["study"] += 1
            break
        if process.poll() == 0:
            break
        process.kill()
        process.wait()
        standing_of(folder)  # the folder can be read at any moment
    study(sample(POINTS), folder, local(1))
    same = files(folder) == files(out / "undisturbed")
    sys.stdout.write(f"kills {kills}; same bytes: {same}; most often a point was run: {max(runs(folder).values())}\n")


def children(pid: int) -> list[int]:
    """Worker processes of a study."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            command = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid and "spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    if sys.argv[1] == "run":
        study(sample(POINTS), sys.argv[2], local(2, SlowWorker))
    else:
        main(int(sys.argv[1]), Path(sys.argv[2]))
