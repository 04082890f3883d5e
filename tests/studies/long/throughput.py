"""Points per second and memory of the coordinator: `python -m tests.studies.long.throughput POINTS WORKERS OUT`.

Not a test: it takes minutes and prints figures. Seconds of work are those of the workers' clocks, point by point.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from planner.studies.run import local, study
from planner.studies.standing import Standing, worst_check
from tests.studies.studies import sample


def main(points: int, workers: int, out: Path) -> None:
    """Run a study and print its figures."""
    marks: list[tuple[int, int]] = []

    def tell(standing: Standing) -> None:
        if standing.done >= (len(marks) + 1) * points / 5:
            marks.append((standing.done, resident_kib()))

    started = time.perf_counter()
    found = study(sample(points, check_share=0.01), out, local(workers), tell)
    wall = time.perf_counter() - started
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = child.ru_utime + child.ru_stime
    told = [
        f"{points} points, {workers} workers: {wall:.1f} s wall, {points / wall:.1f} points/s",
        f"seconds on points {found.seconds:.1f}: {points / found.seconds:.1f} points/s and worker",
        f"CPU seconds of workers {cpu:.1f}: {points / cpu:.1f} points per CPU second",
        f"memory of the coordinator (points done, MiB): {[(n, round(k / 1024)) for n, k in marks]}",
        f"checks (points, largest relative difference): {worst_check(out)}",
    ]
    sys.stdout.write("\n".join(told) + "\n")


def resident_kib() -> int:
    """Memory of this process now, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
