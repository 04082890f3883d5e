"""Random cases with all rules through every command, pages and all: python -m checks.every_command [FIRST] [COUNT].

A case that has no plan ends with exit code 3, a certificate that is not found with 4; whatever else is not 0 is printed,
and the last line has the number of such ends. About half a minute a case.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from planner.cli import app
from planner.data.load import checked_case
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

INFEASIBLE, STOPPED = 3, 4
REFUSED = ("can be held fixed", "it cannot be divided between what was built")
"""Said of an adaptive plan that decides otherwise by history, which nobody can carry out in scenarios it does not know, and
of savings whose limit differs from year to year, which nobody can divide between a case and what is left of it."""


def main(first: int = 9000, count: int = 40) -> None:
    """Run the commands, and end with exit code 1 if one of them failed."""
    failed = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as scratch:
            for told in failures(Path(scratch), seed):
                failed += 1
                print(f"{seed}: {told}", flush=True)  # noqa: T201
        print(f"{seed} done", file=sys.stderr, flush=True)  # noqa: T201
    print(f"{count} cases: {failed} commands failed")  # noqa: T201
    sys.exit(bool(failed))


def failures(folder: Path, seed: int) -> list[str]:
    """What went wrong with one case, a line a command."""
    drawn, case, run = folder / "drawn", folder / "case", folder / "run"
    model = write_random_case(drawn, seed, old=seed % 2 == 0, new=True)
    checked_case(drawn, changes=flat(model)).write(case)
    code, told = call("solve", case, "--out", run)
    if code:
        return [] if code == INFEASIBLE else [f"solve: {code} {told}"]
    found = []
    for name, *words in commands(case, run):
        code, told = call(name, *words)
        is_refused = any(reason in told for reason in REFUSED)
        if is_refused and name == "advance":
            break  # there is no later case to check
        if not is_refused and code not in (0, STOPPED):
            found.append(f"{name}: {code} {told}")
    return found


def commands(case: Path, run: Path) -> list[list[object]]:
    """Every command that asks something of a run."""
    later = run.parent / "later"
    return [
        ["explain", run, "--workers", 1],
        ["coverage", run],
        ["shares", run],
        ["evaluate", run],
        ["report", run],
        ["check", case, "--against", run],
        ["compare", run, run, "--out", run.parent / "compared"],
        ["advance", run, "--to", 2027, "--out", later],
        ["check", later],
    ]


def call(*words: object) -> tuple[int, str]:
    """Exit code of a command and the last lines that it printed, or what it raised."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    raised = done.exception
    if raised is not None and not isinstance(raised, SystemExit):
        return done.exit_code, repr(raised)
    lines = done.output.strip().splitlines()
    return done.exit_code, " ".join(lines[-2:])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
