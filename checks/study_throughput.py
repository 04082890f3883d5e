"""Points per second and memory of the coordinator: `python -m checks.study_throughput POINTS WORKERS OUT`.

`python -m checks.study_throughput read OUT`, beside it, reads the folder until the study is finished.

Not a test: it takes minutes and prints figures. The warm rate is from the first point to the last, without the start
of the workers and the checks; seconds on points are those of the workers' clocks.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from planner.parallel import local
from planner.results.study import StudyStatus
from planner.studies.run import agreement_of, run_points
from planner.studies.store import RESULTS, points_of, read_results
from tests.studies.studies import sample


def main(points: int, workers: int, out: Path) -> None:
    """Run a study and print its figures."""
    marks: list[tuple[int, int]] = []
    warm: list[tuple[float, int]] = []

    def tell(status: StudyStatus) -> None:
        if status.done and (not warm or status.done > warm[-1][1]):
            warm[1:] = [(time.perf_counter(), status.done)]
        if status.done >= (len(marks) + 1) * points / 5:
            marks.append((status.done, resident_kib()))

    started = time.perf_counter()
    found = run_points(sample(points, check_share=0.01), out, local(workers), tell)
    wall = time.perf_counter() - started
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = child.ru_utime + child.ru_stime
    told = [
        f"{points} points, {workers} workers: {wall:.1f} s wall, {points / wall:.1f} points/s",
        f"warm: {(warm[1][1] - warm[0][1]) / (warm[1][0] - warm[0][0]):.1f} points/s",
        f"seconds on points {found.seconds:.1f}: {points / found.seconds:.1f} points/s and worker",
        f"CPU seconds of workers {cpu:.1f}: {points / cpu:.1f} points per CPU second",
        f"memory of the coordinator (points done, MiB): {[(n, round(k / 1024)) for n, k in marks]}",
        f"checks (points, largest relative difference): {agreement_of(out)}",
    ]
    sys.stdout.write("\n".join(told) + "\n")
    assert marks[-1][1] <= 1.05 * marks[0][1], "memory grows with the points that are done"


def read(out: Path) -> None:
    """Read a study folder again and again while another process runs the study; what was read once must stay."""
    seen: dict[str, float] = {}
    reads = 0
    while len(seen) < len(points_of(out)) or not (out / RESULTS).exists():
        table = read_results(out).dropna(subset="status")
        found = dict(zip(table["point"], table["risk_musd"], strict=True))
        assert found.items() >= seen.items()
        seen, reads = found, reads + 1
        time.sleep(5)
    sys.stdout.write(
        f"{reads} reads, each consistent with those before; {len(seen)} points in the end\n"
    )


def resident_kib() -> int:
    """Memory of this process now, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
