"""Many random cases scenario by scenario against the whole program: python -m checks.decomposed_cases [FIRST] [COUNT].

Over goals and switches, with none to all of the hard scenarios in the master. A thousand take about ten minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.decomposition.both_ways import check


def main(first: int = 20_000, count: int = 1000) -> None:
    """Compare, and end with exit code 1 if two answers differ."""
    found = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                check(Path(scratch) / "case", seed)
            except AssertionError as error:
                found += 1
                print(f"{seed}: {' '.join(str(error).split()) or repr(error)}", flush=True)  # noqa: T201
    print(f"{count} cases: {found} apart")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
