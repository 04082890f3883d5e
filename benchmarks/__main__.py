"""python -m benchmarks [--profile quick|full] [--out DIR] [--only LABEL] [--repetitions N] [--changes N]
[--report].

--report only writes the page from the runs that are there.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.harness import read_runs, run_profile
from benchmarks.profiles import PROFILES, ROOT
from benchmarks.report import write_report


def main() -> None:
    """Measure, then write the page, the table and the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--profile",
        choices=list(PROFILES),
        default="quick",
        help="quick: a quarter of an hour; full: hours",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "benchmarks")
    parser.add_argument("--only", default="", help="measure only jobs whose label begins with this")
    parser.add_argument("--repetitions", type=int, help="of every job")
    parser.add_argument("--changes", type=int, help="asked of the workbench")
    parser.add_argument(
        "--report", action="store_true", help="write the page from the runs that are there"
    )
    given = parser.parse_args()
    profile = PROFILES[given.profile]
    if given.repetitions:
        profile = replace(profile, repetitions=given.repetitions, few=given.repetitions)
    if given.changes:
        profile = replace(profile, changes=given.changes)
    runs = (
        read_runs(given.out) if given.report else run_profile(profile, given.out, _say, given.only)
    )
    _say(write_report(runs, given.out).read_text(encoding="utf-8"))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
