"""Work in parallel, written against `concurrent.futures.Executor`: tasks, and objects that workers keep.

Workers are processes of this machine (`ProcessWorkers`) or those of a dask scheduler (`planner.cluster`). What takes long to make,
such as a program, a worker makes for itself when it is first needed, and keeps (`KeptObject`). What a call answers depends on
that object and the arguments alone: the number of workers, and the death of one, change no figure.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from multiprocessing.connection import Connection
from threading import Lock, Thread, local
from typing import Any, TypeVar
from uuid import uuid4

from planner.errors import StoppedError, WorkerLostError
from planner.host import available_memory

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
SOLVER_THREAD = "solver"
"""Name of every thread in which the solver runs."""
PATIENCE = 0.25
"""Seconds without an answer after which it is looked whether any worker is left."""
ATTEMPTS = 3
"""Tries of a task whose workers die."""
PROCESS_BYTES = 120 * 2**20
"""Memory that a worker takes at the least, with the planner and its libraries loaded."""


class Workers(Executor):
    """Those who do tasks: processes of this machine, or the workers of a scheduler."""

    @property
    def ahead(self) -> int:
        """Tasks that are best given out at a time, so that no worker waits for the next."""
        raise NotImplementedError

    def apart(self) -> Sequence[Executor]:
        """An executor for each worker that there is now: its tasks are done where those before were done."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise StoppedError if no worker can be had any more."""


@contextmanager
def opened(workers: int | Workers, tasks: int | None = None) -> Iterator[Workers | None]:
    """Workers for the length of a block; None: this process does the work.

    workers: so many processes, at most one for each of the tasks and no more than memory holds; others are left open.
    """
    if isinstance(workers, Workers):
        yield workers
        return
    number = fitting(workers, tasks)
    if number == 1:
        yield None
        return
    with ProcessWorkers(number) as processes:
        yield processes


def fitting(number: int, tasks: int | None = None) -> int:
    """So many workers, at most one for each of the tasks and no more than memory holds. Warns where memory is the
    limit."""
    wanted = number if tasks is None else max(1, min(number, tasks))
    most = max(1, int(available_memory() / PROCESS_BYTES)) if wanted > 1 else 1
    if most < wanted:
        told = f"memory holds about {most} workers of {PROCESS_BYTES / 2**20:.0f} MiB; {wanted} were asked for"
        warnings.warn(told, RuntimeWarning, stacklevel=2)
    return min(wanted, most)


# ---- processes of this machine ---------------------------------------------------------------------------------------


class _OfThread(local):
    """What belongs to one thread: the pool of its process."""

    pool: ProcessPoolExecutor | None = None


class ProcessWorkers(Workers):
    """Processes of this machine, started from nothing, not forked: a progress display may run as a thread here.

    Behind each process stand a thread and a pool of one: so it is known of whose task a process died. It is replaced, and
    the task tried again. A script uses this under `if __name__ == "__main__"`.
    """

    def __init__(self, number: int = 1) -> None:
        # Never with code from the current folder: a user's `pickle.py` there would be imported before ours.
        os.environ["PYTHONSAFEPATH"] = "1"
        self._number = number
        self._threads = ThreadPoolExecutor(number, thread_name_prefix="to worker")
        self._own = _OfThread()
        self._lock = Lock()
        self._closed = False
        self._started: list[tuple[Connection[Any, Any], ProcessPoolExecutor]] = []
        self._apart: list[ProcessWorkers] = []

    @property
    def ahead(self) -> int:
        """See `Workers`."""
        return 2 * self._number

    def apart(self) -> Sequence[Executor]:
        """See `Workers`."""
        self._apart = self._apart or [ProcessWorkers() for _ in range(self._number)]
        return self._apart

    def submit(self, function: Callable[..., T], /, *arguments: Any, **named: Any) -> Future[T]:
        """Have a process call a function. What comes back raises WorkerLostError if three processes die of it, and
        StoppedError if none can start. Raises CancelledError once they were let go."""
        with self._lock:
            self._raise_if_closed()
            return self._threads.submit(self._call, function, *arguments, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """End all processes, whatever they are doing."""
        with self._lock:
            self._closed = True
        for lifeline, pool in self._started:
            lifeline.close()
            _kill(pool)
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for _, pool in self._started:
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)
        for one in self._apart:
            one.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """The result of a function from the process of this thread; a process that died is replaced."""
        try:
            for _ in range(ATTEMPTS):
                pool = self._own.pool = self._own.pool or self._start()
                with suppress(BrokenProcessPool):
                    return pool.submit(function, *arguments, **named).result()
                self._own.pool = None
                self._raise_if_closed()
        except RuntimeError:  # a pool that was let go meanwhile takes no task
            self._raise_if_closed()
            raise
        raise WorkerLostError(f"the worker died {ATTEMPTS} times")

    def _start(self) -> ProcessPoolExecutor:
        """A pool of one process, which runs. Raises StoppedError if three die as they start."""
        context = mp.get_context("spawn")
        for _ in range(ATTEMPTS):
            theirs, ours = context.Pipe(duplex=False)
            pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(theirs,))
            with self._lock:
                self._raise_if_closed()
                lives = pool.submit(os.getpid)
                self._started.append((ours, pool))
            theirs.close()
            with suppress(BrokenProcessPool):
                lives.result()
                return pool
        told = (
            "workers die as soon as they start; a script starts them under "
            '`if __name__ == "__main__":`, else each worker runs the script again; '
            "with one worker this process does the work"
        )
        raise StoppedError(told)

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise CancelledError


def _kill(pool: ProcessPoolExecutor) -> None:
    """End the process of a pool. One that is just starting hears nothing of its lifeline before it has loaded what it
    needs, which takes a minute on a machine with other work."""
    # As `kill_workers` does, which Python has from 3.14 on; a pool that has ended has no processes.
    for process in list((pool._processes or {}).values()):
        process.kill()


def _begin(lifeline: Connection[Any, Any]) -> None:
    """In a new process: live as long as the other end of the lifeline is open, which ends with who holds it."""
    # Ctrl-C reaches the command, which lets this process go.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "fork" in mp.get_all_start_methods():
        # Pyomo makes a lock when it is imported; of the kind for spawning it would be left over when this is killed.
        mp.set_start_method("fork", force=True)
    Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection[Any, Any]) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os._exit(1)


# ---- objects that workers keep ---------------------------------------------------------------------------------------

_KEPT: dict[str, dict[str, Any]] = {}
"""Owner -> key -> an object that this process keeps. Those of the last two owners, as they may be killed who ask."""
_ONE_AT_A_TIME = Lock()
"""A worker of a scheduler may have several threads; an object answers one call after the other."""


class _NotKeptError(Exception):
    """The worker has no such object, and was not told how to make it."""


class KeptObject:
    """An object that each worker makes for itself and keeps; calls to it are tasks of an executor.

    owner: objects of one owner are kept together. With no executor this process alone makes it, and answers.
    """

    def __init__(self, make: Callable[[], Any], executor: Executor | None, owner: str = "") -> None:
        """make: can be pickled, as arguments and answers can."""
        self._make, self.executor = make, executor
        self._place = (owner or uuid4().hex, uuid4().hex)

    @cached_property
    def _here(self) -> Any:
        return self._make()

    def begin(self, method: str, *arguments: Any, make: bool = False) -> Future[Any]:
        """Have a method called. make: send along what makes the object."""
        if self.executor is not None:
            maker = self._make if make else None
            return self.executor.submit(_call_kept, self._place, maker, method, *arguments)
        done: Future[Any] = Future()
        try:
            done.set_result(getattr(self._here, method)(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


def _call_kept(
    place: tuple[str, str], make: Callable[[], Any] | None, method: str, *arguments: Any
) -> Any:
    """In a worker: call an object that it keeps, and make it first if it is not there."""
    owner, key = place
    with _ONE_AT_A_TIME:
        if key not in _KEPT.get(owner, ()):
            if make is None:
                raise _NotKeptError
            if owner not in _KEPT:
                while len(_KEPT) > 1:
                    del _KEPT[next(iter(_KEPT))]
                _KEPT[owner] = {}
            _KEPT[owner][key] = make()
        return getattr(_KEPT[owner][key], method)(*arguments)


@dataclass(frozen=True)
class Call:
    """A method of a kept object, and its arguments."""

    kept: KeptObject
    method: str
    arguments: tuple[Any, ...]

    def begin(self, make: bool = False) -> Future[Any]:
        """Have it called; see `KeptObject.begin`."""
        return self.kept.begin(self.method, *self.arguments, make=make)


def answers(
    workers: Workers | None, calls: Mapping[K, Call], at_once: int | None = None
) -> Iterator[tuple[K, Future[Any]]]:
    """The name of each call and its answer, in whatever order they come; calls are begun in their order.

    at_once: how many are given out at a time, if not as many as the workers are best given. Raises StoppedError if no
    worker can be had any more; what a call raises, its answer does.
    """
    room = at_once or (1 if workers is None else workers.ahead)
    left = iter(calls.items())
    out: dict[Future[Any], K] = {}
    try:
        while True:
            for name, call in islice(left, max(0, room - len(out))):
                out[call.begin()] = name
            if not out:
                return
            done, _ = wait(out, PATIENCE, FIRST_COMPLETED)
            for future in done:
                name = out.pop(future)
                if isinstance(future.exception(), _NotKeptError):
                    out[calls[name].begin(make=True)] = name
                else:
                    yield name, future
            if workers is not None and not done:
                workers.check()
                room = at_once or workers.ahead
    finally:
        for future in out:
            future.cancel()
