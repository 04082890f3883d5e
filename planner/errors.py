"""Every exception the planner raises on purpose.

PlannerError
|- InputError          bad case, model file or option; carries every Fault found   (exit code 2)
|- InfeasibleError     no plan can meet the goal; carries the reasons              (exit code 3)
|- StoppedError        stopped before an optimum was proven                        (exit code 4)
'- RunFolderError      a run folder cannot be written or read                      (exit code 2)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in the inputs, at its place.

    `place` is a file name (`demand.csv`), a sheet (`book.xlsx[demand]`) or a key source (`--set`);
    `line` counts from 1 and includes the header; 0 means the whole file.
    """

    place: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = self.place + (f":{self.line}" if self.line else "")
        return f"{where}: {self.column}: {self.message}" if self.column else f"{where}: {self.message}"


class PlannerError(Exception):
    """Base of all errors the planner raises on purpose."""

    exit_code = 2


class InputError(PlannerError):
    """The inputs are wrong. `faults` holds all of them, in the order of the files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return (InputError, (self.faults,))


class InfeasibleError(PlannerError):
    """No plan meets the goal. `reasons` says why, with amounts where they are known."""

    exit_code = 3

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(self.reasons))


class StoppedError(PlannerError):
    """The solver stopped before it proved an optimum."""

    exit_code = 4


class RunFolderError(PlannerError):
    """A run folder cannot be written or read."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' (did you mean "x"?)' for the nearest known name, or '' if none is near."""
    candidates = list(known)
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    near = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f' (did you mean "{folded[near[0]]}"?)' if near else ""
