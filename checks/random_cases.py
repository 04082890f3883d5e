"""Many random cases against the independent formulation: python -m checks.random_cases [FIRST] [COUNT] [DIVIDED].

COUNT cases over all switches, COUNT over all rules and COUNT over what is decided when are solved both ways
(`tests.oracle.both_ways`); DIVIDED cases without a shock inside a year are solved as they are and with every year
divided, which must not change an optimum; of as many others what is left without something is compared. Minutes for
hundreds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.oracle.both_ways import (
    both_ways,
    both_ways_decided,
    both_ways_with_new_rules,
    same_coverage,
    same_when_divided,
)


def apart(check: Callable[[Path, int], None], seeds: range) -> list[str]:
    """Seeds at which a check does not hold."""
    out = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                check(Path(scratch) / "case", seed)
            except AssertionError as error:
                out.append(
                    f"{check.__name__} {seed}: {(str(error) or repr(error)).splitlines()[0]}"
                )
    return out


def main(first: int = 5000, count: int = 400, divided: int = 100) -> None:
    """Compare, and end with exit code 1 if two answers differ."""
    many, few = range(first, first + count), range(first, first + divided)
    found = apart(both_ways, many) + apart(both_ways_with_new_rules, many)
    found += apart(both_ways_decided, many)
    found += apart(same_when_divided, few)
    found += apart(same_coverage, few)
    told = f"{count} cases thrice and {divided} divided ones: {len(found)} apart"
    print(*found, told, sep="\n")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
