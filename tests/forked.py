"""Processes forked from one that has imported the planner: started from nothing, each spends seconds on imports.

Tests in which processes are killed take them; that a command and its workers start from nothing is seen by others.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import sys
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest

import planner.studies.run
from planner.cli import app
from tests.studies.studies import slow

IMPORTED = ("planner.cli.studies", "planner.decomposition.worker_pool", "tests.studies.studies")


def forking() -> ForkServerContext:
    """The process that is forked, which is started with the first of its kind and ends with the tests."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def fork_workers(patched: pytest.MonkeyPatch) -> None:
    """Workers of this machine are forked. They see the environment as it was at their first."""
    context = forking()
    patched.setattr("planner.parallel.mp.get_context", lambda kind: context)


def start_slow_study(study: Path, out: Path, *, workers: int, said: Path) -> ForkServerProcess:
    """`planner study run`, whose points take their time. said: gets what it says on standard error."""
    arguments = [str(study), "--out", str(out), "--workers", str(workers)]
    process = forking().Process(target=_run_slow_study, args=(arguments, said))
    process.start()
    return process


def _run_slow_study(arguments: list[str], said: Path) -> None:
    fork_workers(pytest.MonkeyPatch())
    planner.studies.run.point_figures = slow  # type: ignore[attr-defined]
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), sys.stderr.fileno())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    app(["study", "run", *arguments])
