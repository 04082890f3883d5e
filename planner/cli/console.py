"""The parts that commands share: consoles, progress on stderr, errors to exit codes, options."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status as Spinner

import planner
from planner.cli import close_for_writing, say_output_lost, stopped_early
from planner.data.case import Case
from planner.data.findings import collapse
from planner.data.load import checked_case
from planner.errors import CHANGE, SHOWN_PLACES, Fault, InputError, PlannerError, inert, refused
from planner.parallel import SOLVER_THREAD, Workers
from planner.workspace import find_case

if TYPE_CHECKING:  # the charts of reporting would be imported by every command
    from planner.reporting.screen import Screen


class _Screen(Console):
    """Shows text of whatever origin, which a terminal does not obey."""

    def print(self, *objects: Any, **options: Any) -> None:
        """See `Console`."""
        try:
            super().print(
                *(inert(o, "\n\t") if isinstance(o, str) else o for o in objects), **options
            )
        except OSError:
            if not self.stderr:
                raise
            close_for_writing(sys.stderr)  # nobody listens, which ends no command

    def on_broken_pipe(self) -> NoReturn:
        """See `Console`."""
        if not self.stderr:
            say_output_lost(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))
        raise typer.Exit(2)


err = _Screen(stderr=True, highlight=False)
out = _Screen(highlight=False)

CasePath = Annotated[
    Path,
    typer.Argument(
        metavar="CASE",
        help="Case: a folder of CSV tables, an .xlsx workbook, or a workspace with one case.",
        show_default=False,
    ),
]
ModelPath = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="Model file (TOML). Default: model.toml in the case, else defaults.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the model file, or cells: TABLE.ID.COLUMN=VALUE, x1.2 or +10%; as often as wanted.",
    ),
]

Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace an older folder even if somebody added or changed files in it."
    ),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore", metavar="NAME", help="Leave out warnings of this name; as often as wanted."
    ),
]


def command_app() -> typer.Typer:
    """An application that holds a command, or a group of them."""
    return typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def say(text: str) -> None:
    """Print a line of a result on stdout."""
    out.print(text, markup=False, soft_wrap=True)


FiguresAsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


def show(screen: Screen, as_json: bool = False) -> None:
    """Print the tables of a result on stdout, as text or as JSON."""
    if as_json:
        say(screen.as_json())
        return
    for line in screen.lines():
        say(line)


def say_warnings(warnings: Iterable[Fault]) -> None:
    """Print warnings on stderr, the first of a rule in a column and how many more there are."""
    for warning in collapse(warnings, listed=1):
        say_aside(f"warning {warning.rule}: {warning}")


def say_warning_count(warnings: Iterable[Fault], case: Path) -> None:
    """Print on stderr how many warnings `check` prints."""
    rules = len(list(collapse(warnings, listed=1)))
    if rules:
        counted = "1 warning" if rules == 1 else f"{rules} warnings"
        say_aside(f"{counted}: planner check {case}")


def say_aside(text: str) -> None:
    """Print a line on stderr that is no error and no result."""
    err.print(text, style="yellow", markup=False, soft_wrap=True)


def say_changes(changed: Sequence[Fault], since: Path) -> None:
    """Print on stderr what became of the inputs since a run, or another case."""
    if not changed:
        say_aside(f"no input changed since {since}")
        return
    inputs = "1 input" if len(changed) == 1 else f"{len(changed)} inputs"
    say_aside(f"{inputs} changed since {since}:")
    for change in changed[:SHOWN_PLACES]:
        say_aside(f"  {change}")
    if len(changed) > SHOWN_PLACES:
        say_aside(f"  and {len(changed) - SHOWN_PLACES} more")


class ShownProgress:
    """Says on stderr what is going on, and how long each step took."""

    def __init__(self) -> None:
        self._step = ""
        self._since = perf_counter()
        self._spinner: Spinner | None = err.status("") if err.is_terminal else None
        if self._spinner:
            self._spinner.start()

    def __call__(self, step: str) -> None:
        """Begin a step; ends the one before."""
        self._end_step()
        self._step = step
        self._since = perf_counter()
        if self._spinner:
            self._spinner.update(escape(step))

    def __enter__(self) -> ShownProgress:
        return self

    def __exit__(self, *error: object) -> None:
        self._end_step()
        self._step = ""
        if self._spinner:
            self._spinner.stop()

    def _end_step(self) -> None:
        if self._step:
            seconds = perf_counter() - self._since
            err.print(f"{seconds:7.1f} s  {escape(self._step)}", style="dim")


@contextmanager
def exit_codes(kept: Callable[[], str] = lambda: "nothing was written") -> Iterator[None]:
    """Print a planner error and leave with its exit code. kept: says what there is after Ctrl-C."""
    interrupted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.append(number)
        signal.default_int_handler(number, frame)

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, note) if in_main else None
    # Asked to end, a command tidies up as after Ctrl-C: nothing of it is left beside the run folder.
    before_end = signal.signal(signal.SIGTERM, note) if in_main else None
    try:
        yield
    except PlannerError as error:
        _say_error(error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt as stop:
        _leave_interrupted(kept(), interrupted, str(stop))
    except Exception:
        # A library may turn Ctrl-C into an error of its own.
        if not interrupted:
            raise
        _leave_interrupted(kept(), interrupted)
    finally:
        if before is not None:
            # A command that has ended is not to be stopped while the interpreter takes itself apart.
            signal.signal(signal.SIGINT, signal.SIG_IGN if before is stopped_early else before)
        if before_end is not None:
            signal.signal(signal.SIGTERM, before_end)


def _say_error(error: PlannerError) -> None:
    if isinstance(error, InputError):
        error = InputError(in_options(error.faults))
    err.print(str(error), style="red", markup=False, soft_wrap=True)
    if isinstance(error, InputError):
        faults = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        err.print(f"{faults}; nothing was written", soft_wrap=True)


def _leave_interrupted(kept: str, signals: Sequence[int], known: str = "") -> NoReturn:
    """End with 128 + the number of the signal that came. `known`: what a solve had found of its least value."""
    code = 128 + (signals[0] if signals else signal.SIGINT)
    value = f"the value sought is {known}; " if known else ""
    err.print(f"stopped; {value}{kept}", soft_wrap=True)
    if signals or any(thread.name == SOLVER_THREAD for thread in threading.enumerate()):
        # A solver in the middle of something would bring an orderly exit down, and a large program takes
        # seconds to be taken apart.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise typer.Exit(code) from None


def read_case(case: Path, model: Path | None = None, overrides: list[str] | None = None) -> Case:
    """The case and model a command line names. Raises InputError."""
    return checked_case(find_case(case), model, overrides or ())


def working(
    scheduler: str, workers: int | None, void: Mapping[str, bool]
) -> AbstractContextManager[Workers | int | None]:
    """Those who solve: processes of this machine, or the workers of a scheduler. void: options that one makes void, and
    whether they are given. Raises InputError for such a one."""
    if not scheduler:
        return nullcontext(workers)
    for option, is_given in void.items():
        if is_given:
            said = "does not apply beside --scheduler, which has workers of its own"
            remedy = "leave one of the two out"
            raise refused("", "--scheduler", said, column=option, remedy=remedy)
    return planner.on_scheduler(scheduler)


OPTIONS = {
    CHANGE: "--set",
    "along": "--along",
    "basis": "--basis",
    "draws": "--draws",
    "feeds": "--feed",
    "gap": "--gap",
    "keep": "--keep",
    "market": "--market",
    "projects": "--project",
    "samples": "--samples",
    "scheduler": "--scheduler",
    "seed": "--seed",
    "terms": "--with",
    "year": "--to",
    "years": "--year",
}
"""Argument of a function, as a fault in it is placed -> the option by which a command gets it."""


def in_options(faults: Iterable[Fault]) -> list[Fault]:
    """Faults of arguments under the options by which they came."""
    return [replace(one, place=OPTIONS.get(one.place, one.place)) for one in faults]
