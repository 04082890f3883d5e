"""The command line: parse, call, print, exit code. A command's module is loaded when the command is chosen."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from multiprocessing import parent_process
from pathlib import PurePath
from types import FrameType
from typing import Annotated, Any, TextIO


def stopped_early(number: int, frame: FrameType | None) -> None:
    """Ctrl-C before a command runs."""
    # Neither an exception, which a module may swallow while it is imported, nor an orderly exit of half of them.
    if parent_process() is None:
        os.write(sys.stderr.fileno(), b"stopped\n")
    os._exit(130)


def close_for_writing(stream: TextIO) -> None:
    """Let nothing else be written to a stream that takes nothing any more, nor what it still holds at the end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def say_output_lost(error: OSError) -> None:
    """Say that standard output takes nothing any more."""
    close_for_writing(sys.stdout)
    with suppress(OSError, AttributeError):
        sys.stderr.write(
            f"the answer cannot be shown ({error.strerror}); what was written to files is whole\n"
        )


# Before anything slow is imported: Ctrl-C is one line and exit code 130 from the start. Each command takes over once
# it runs (`console.exit_codes`); a program that uses the planner as a library keeps its own way of stopping.
if (
    PurePath("".join(sys.argv[:1])).stem == "planner"
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, stopped_early)

import typer  # noqa: E402
from typer.core import TyperGroup  # noqa: E402

import planner  # noqa: E402
from planner.errors import did_you_mean  # noqa: E402
from planner.host import collector_paused  # noqa: E402

COMMANDS = {
    "init": "Lay out a workspace: a case to start from, the models, a place for reports; or a case alone.",
    "check": "Validate a case and its model file; every fault is listed, then what looks odd. Exit code 0 or 2.",
    "solve": "Solve a case and write the run folder: summary, tables, report.html, report.xlsx.",
    "serve": "Ask, see, compare and keep plans on a page of this machine, until Ctrl-C.",
    "report": "Write the reports of a run again, from its tables; or the investment case of one or more plants.",
    "explain": "Explain a plan: what else could be done, how much each lever matters, what each plant adds.",
    "coverage": "How much of demand a calm year serves without an origin, an ally or a plant: N-1, N-2, single points of failure.",
    "shares": "Share the cost so that nobody is better off leaving: charges, gains, transfers of the parties.",
    "advance": "The case of a later year, in which what a run's plan decided before it stands, to be solved again.",
    "compare": "Differences in inputs, plan and risk, and which input explains which change: one at a time, solved.",
    "study": "Many variants of a case: run, status, report, open.",
    "sample": "Draw scenarios from a register of hazards: a case in which each happens as often as it is likely.",
    "evaluate": "A plan in scenarios that it was not made for: its risk out of sample, with confidence intervals.",
    "replay": "Solve a run again from its stored inputs and model, and say what differs. Exit code 0 or 2.",
}
"""Every command and what its help says first; `planner.cli.NAME.app` is the command itself."""
TOGETHER = {
    "cases": ("init", "sample"),
    "studies": ("study",),
    "runs": ("report", "explain", "coverage", "shares", "advance", "compare", "replay"),
}
"""Module -> the commands that it holds; every other command has one of its own."""


def _warning_line(
    message: Warning | str, category: type, filename: str, lineno: int, line: str | None = None
) -> str:
    """A Python warning as a line for people, without the place in the code."""
    return f"warning: {message}\n"


_STREAM_ERRORS = (errno.ENOSPC, errno.EIO, errno.EBADF)


class Commands(TyperGroup):
    """The group of all commands, without importing them."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command, whatever the locale can show and whatever becomes of standard output."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        warnings.formatwarning = _warning_line
        try:
            return super().main(*args, **options)
        except OSError as error:
            if error.filename is not None or error.errno not in _STREAM_ERRORS:
                raise
            say_output_lost(error)
            sys.exit(2)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, its module imported now."""
        if cmd_name not in COMMANDS:
            ctx.fail(f'no command "{cmd_name}"{did_you_mean(cmd_name, COMMANDS)}')
        home = next((home for home, names in TOGETHER.items() if cmd_name in names), None)
        with collector_paused():
            module = import_module(f"planner.cli.{home or cmd_name}")
        gc.freeze()  # what is imported stays
        found: Any = typer.main.get_command(module.app)
        return found.commands[cmd_name] if home else found

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list that `--help` shows."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which mines, plants and people allies should pay for, so that a cut-off of rare earths or another mineral "
    "hurts least.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"planner {planner.__version__}")
        raise typer.Exit


@app.callback()
def _options_of_all(
    number: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    pass
