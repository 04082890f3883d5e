"""Every exception the planner raises on purpose, and what one fault of the inputs says.

PlannerError
|- InputError          bad case, model file or option; carries every Fault found   (exit code 2)
|- InfeasibleError     no plan can meet the goal; carries the reasons              (exit code 3)
|- StoppedError        stopped before an optimum was proven                        (exit code 4)
|  '- WorkerLostError  a task whose workers died again and again                   (exit code 4)
|- RunFolderError      a run folder cannot be written or read                      (exit code 2)
'- NotInstalledError   a package that an extra brings is not installed             (exit code 2)

CaseWarning             something in a case is valid and yet probably not meant
ChapterWarning          a chapter of a page could not be made; the page says so in its place
"""

from __future__ import annotations

import itertools
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher, get_close_matches
from importlib.resources import files
from typing import Any

CHANGE = "change"
"""Place of a fault in a change of a case; the command line calls it `--set`."""
SHOWN_PLACES = 20
LONGEST_NAME, MOST_NAMES = 80, 5_000
"""Beyond these no name is guessed: the work grows with their product."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong, or worth a second look, in the inputs, at its place.

    `place` is a file name (`demand.csv`), a sheet (`book.xlsx[demand]`) or a `change`;
    `line` counts from 1 and includes the header; 0 means the whole file. `rule` is the name under which the
    rule is documented, `remedy` what to do. `also` lists further places of the same fault: a misspelt name is one
    fault however often it is used.
    """

    place: str
    line: int
    column: str
    message: str
    rule: str = ""
    value: str = ""
    remedy: str = ""
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [self.place + (f":{self.line}" if self.line else ""), self.column]
        text = ": ".join([*(part for part in parts if part), self.message])
        if self.remedy:
            text += f"; {self.remedy}"
        if self.also:
            more = len(self.also) - SHOWN_PLACES
            text += f" [also {', '.join(self.also[:SHOWN_PLACES])}{f' and {more} more' if more > 0 else ''}]"
        return inert(text)

    def as_json(self) -> dict[str, Any]:
        """All fields, for programs."""
        return asdict(self) | {"also": list(self.also)}


@dataclass(frozen=True)
class Rule:
    """One rule for inputs: what it demands, the remedy when it is broken, what is told of the cell that breaks it."""

    says: str
    remedy: str
    told: str = ""


_STATED: dict[str, dict[str, list[str]]] = tomllib.loads(
    files("planner").joinpath("rules.toml").read_text(encoding="utf-8")
)
RULES = {
    kind: {name: Rule(*said) for name, said in rules.items()} for kind, rules in _STATED.items()
}
"""As `rules.toml` states them. `faults` and `study`: broken, exit code 2, nothing is solved. `warnings`: worth a second
look, the case is solved; `planner check --ignore NAME` silences one."""
EVERY_RULE = {name: rule for rules in RULES.values() for name, rule in rules.items()}
LONGEST_MESSAGE, LONGEST_VALUE = 600, 200
"""Characters; a message repeats what a cell holds, which may be a book."""


def fault(
    rule: str,
    place: str,
    line: int,
    column: str,
    *,
    message: str,
    value: object = "",
    remedy: str = "",
    also: tuple[str, ...] = (),
) -> Fault:
    """A Fault of a rule in the catalogue, with the rule's remedy unless a better one is given."""
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}..."
    return Fault(
        place,
        line,
        column,
        message,
        rule,
        str(value)[:LONGEST_VALUE],
        remedy or (EVERY_RULE[rule].remedy if rule else ""),
        also,
    )


class PlannerError(Exception):
    """Base of all errors the planner raises on purpose."""

    exit_code = 2


class InputError(PlannerError):
    """The inputs are wrong. `faults` holds all of them, in the order of the files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,), self.__dict__


def refused(
    rule: str,
    place: str,
    message: str,
    *,
    line: int = 0,
    column: str = "",
    value: object = "",
    remedy: str = "",
) -> InputError:
    """The error of one fault, of a rule of the catalogue or of none."""
    one = fault(rule, place, line, column, message=message, value=value, remedy=remedy)
    return InputError([one])


class InfeasibleError(PlannerError):
    """No plan meets the goal. `reasons` says why, with amounts where they are known."""

    exit_code = 3

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(self.reasons))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reasons,), self.__dict__


class StoppedError(PlannerError):
    """The solver stopped before it proved an optimum."""

    exit_code = 4


class WorkerLostError(StoppedError):
    """The workers that tried a task died of it, one after the other."""


class RunFolderError(PlannerError):
    """A run folder cannot be written or read."""


class NotInstalledError(PlannerError):
    """A package that an extra brings is not installed; the message says which extra."""


class CaseWarning(UserWarning):
    """Something in a case is valid and yet probably not meant."""


class ChapterWarning(RuntimeWarning):
    """A chapter of a page could not be made: a defect, which keeps no run from being written."""


A_CASE = "planner.load(path) reads a case"
A_PLAN = "planner.solve(case) and planner.open_run(folder) give a plan"


def refuse_other(value: object, kind: type, remedy: str) -> None:
    """Raise TypeError, with the remedy, for an argument of another kind, such as a path where a case is meant."""
    if not isinstance(value, kind):
        name = kind.__name__.removesuffix("Values")
        raise TypeError(f"{value!r:.80} is no {name}; {remedy}")


def invisible(text: str, allowed: str = "") -> str:
    """Code of the first control, direction, zero-width or unpaired character, which no name may hold; '' if none."""
    if text.isprintable():  # nearly all are
        return ""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return next(
        (f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in hidden and c not in allowed),
        "",
    )


def inert(text: str, allowed: str = "") -> str:
    """Text that a terminal shows and does not obey: what is not printable is spelt out."""
    return "".join(c if c.isprintable() or c in allowed else repr(c)[1:-1] for c in text)


def file_words(name: str) -> str:
    """The name of a file or folder for people: UTF-8 whatever the locale, `_` for what no one sees."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("_" if invisible(c) else c for c in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant: the one most like it, or the only one that begins as it does or with which
    it begins (`loss_usd` for `loss_usd_per_kg`); '' if none is near."""
    known = list(itertools.islice(known, MOST_NAMES + 1))
    if len(name) > LONGEST_NAME or len(known) > MOST_NAMES:
        return ""
    folded = _folded(name)
    looks = {_folded(one): one for one in reversed(known)}
    # Of a name of two letters one is half of it.
    alike = get_close_matches(folded, looks, n=3, cutoff=0.6 if len(folded) > 2 else 0.5)
    alike.sort(key=lambda one: _likeness(folded, one), reverse=True)
    if not alike and len(folded) > 2:
        starts = [one for one in looks if one.startswith(folded)]
        starts += [one for one in looks if len(one) > 3 and folded.startswith(one)]
        alike = starts if len(starts) == 1 else []
    return looks[alike[0]] if alike else ""


def _likeness(one: str, two: str) -> float:
    """Up to 2: of letters in their order, and in any, as exchanged letters are one slip."""
    in_order = SequenceMatcher(None, one, two).ratio()
    return in_order + SequenceMatcher(None, sorted(one), sorted(two)).ratio()


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' (did you mean "x"?)' for the nearest known name, or '' if none is near."""
    found = nearest(name, known)
    return f' (did you mean "{found}"?)' if found else ""


def refuse_unknown(
    place: str, kind: str, name: str, known: Collection[str], *, none: str = "", rule: str = ""
) -> None:
    """Raise InputError for a name that is not known, with the nearest and all that are. none: said where none is known."""
    if name in known:
        return
    message = f'unknown {kind} "{name}"{did_you_mean(name, known)}'
    remedy = f"known: {', '.join(known) or none}"
    raise InputError([Fault(place, 0, name, message, rule=rule, value=name, remedy=remedy)])
