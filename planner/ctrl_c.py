"""Ctrl-C while the command `planner` is still importing: one line and exit code 130 instead of a traceback.

Imported before everything else. Each command takes over once it runs (`planner.cli.console`); a program that
uses the planner as a library keeps its own way of stopping.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing import parent_process
from pathlib import PurePath
from types import FrameType


def _stop(number: int, frame: FrameType | None) -> None:
    # Neither an exception, which a module may swallow while it is imported, nor an orderly exit of half of them.
    if parent_process() is None:
        os.write(sys.stderr.fileno(), b"stopped\n")
    os._exit(130)


if PurePath("".join(sys.argv[:1])).stem == "planner" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _stop)
