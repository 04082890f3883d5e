"""A background process beside a command: it solves or draws something while the command does something else.

It listens on a pipe that only the command holds, so it ends with the command, however that ends. What it cannot
do because it was stopped from outside, the command does itself.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from planner.host import cores

T = TypeVar("T")
SOLVER_THREAD = "solver"
"""Name of every thread in which the solver runs."""


def fresh_processes() -> SpawnContext:
    """How processes are started: from nothing, not forked (a progress display may run as a thread of this one), and
    never with code from the current folder (a user's `pickle.py` there would be imported before ours)."""
    os.environ["PYTHONSAFEPATH"] = "1"
    return mp.get_context("spawn")


@dataclass
class BackgroundTask(Generic[T]):
    """Something asked for. `result()` waits for it, and raises what it raised."""

    function: Callable[..., T]
    arguments: tuple[Any, ...]
    answer: Callable[[], tuple[T, Exception | None]] | None = None

    def result(self) -> T:
        """The value, computed here if there is no other process or it is gone."""
        if self.answer is None:
            return self.function(*self.arguments)
        try:
            value, error = self.answer()
        except (EOFError, OSError):
            return self.function(*self.arguments)
        if error is not None:
            raise error
        return value


class Background:
    """Takes tasks: functions of modules, with arguments that can be pickled."""

    def __init__(self, pipe: Connection | None = None, process: BaseProcess | None = None) -> None:
        self._pipe, self._process = pipe, process
        # The other process reads only once it has imported everything; nobody waits here for that.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._sent: list[Future[None]] = []
        self._answers: list[Any] = []

    def __call__(self, function: Callable[..., T], *arguments: Any) -> BackgroundTask[T]:
        """Begin a task."""
        if self._pipe is None:
            return BackgroundTask(function, arguments)
        self._sent.append(self._sender.submit(self._pipe.send, (function, arguments)))
        return BackgroundTask(function, arguments, partial(self._answer, len(self._sent) - 1, self._pipe))

    def _answer(self, number: int, pipe: Connection) -> Any:
        """The answer to one task; those to earlier ones come first and are kept."""
        self._sent[number].result()
        while len(self._answers) <= number:
            self._answers.append(pipe.recv())
        return self._answers[number]

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._pipe is not None and self._process is not None:
            self._process.kill()
            self._process.join()
            self._sender.shutdown()
            self._pipe.close()
            self._pipe = None


@contextmanager
def background(wanted: bool = True) -> Iterator[Background]:
    """A second process for the length of a block; none (tasks are done when asked for) on one core or if not wanted."""
    if not wanted or cores() < 2:
        yield Background()
        return
    context = fresh_processes()
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), name="background", daemon=True)
    process.start()
    theirs.close()
    beside = Background(ours, process)
    try:
        yield beside
    finally:
        beside.end()


def _serve(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends this process
    if "fork" in mp.get_all_start_methods():
        # Pyomo makes a lock when it is imported; of the kind for spawning it would be left over when this is killed.
        mp.set_start_method("fork", force=True)
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer: tuple[Any, Exception | None] = (function(*arguments), None)
        except Exception as error:
            answer = (None, error)
        pipe.send(answer)
