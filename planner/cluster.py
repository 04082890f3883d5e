"""Workers of a dask scheduler, which may be anywhere (SLURM through dask-jobqueue, Kubernetes, SSH).

They need the planner installed and nothing else: no shared folder, no copy of the case. Each is sent once what it is to
keep; calls are tasks that it alone may do, each after the one before. Short calls go several in one task, since a task
costs the scheduler, the worker and this process some milliseconds each. Workers may come and go; one thread is enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter
from typing import Any
from uuid import uuid4

import distributed
from distributed.scheduler import KilledWorker

from planner.errors import Fault, InputError, StoppedError
from planner.parallel import PATIENCE, READY, Answer, Make, Team, Workers, answered

GONE = "the scheduler is gone; start one and run the same command to go on"
SECONDS_ALONE = 6.0
"""After this without a single worker the work is given up."""
LOST_ERRORS = (OSError, RuntimeError, ValueError, CancelledError)
"""Errors that dask raises where its scheduler has gone away."""
TLS = tuple(
    f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")
)
"""Settings in which dask looks for the certificates of who asks a scheduler."""
SECONDS_TO_FETCH = 10
"""After this an answer is given up: its worker died before it was fetched."""
MOST_CALLS = 16
"""Calls in one task, at most."""
SECONDS_OF_TASK = 2.0
"""Calls go in one task as long as they are expected to take no longer together."""
TASKS_AHEAD = 2
"""Tasks that a worker has at a time, so that it need not wait for the next."""
KEPT: dict[str, Any] = {}
"""Objects that this process keeps if it is a worker, by who asked for them: the last two, as they may be killed who
ask."""


@dataclass
class _Desk:
    """Of one worker: calls that it was not sent yet, tasks that it has not answered, and how many calls go in the next
    task. The first has one, since nobody knows how long it takes."""

    calls: deque[tuple[Any, ...]] = field(default_factory=deque)
    tasks: deque[Any] = field(default_factory=deque)
    size: int = 1


@dataclass(frozen=True)
class _Answered:
    """The answer of a worker to the calls of a task: value and error of each, and the seconds that they took."""

    answers: Sequence[tuple[Any, Exception | None]]
    seconds: float


class _ClusterWorkers(Workers):
    """All workers of a scheduler, by their addresses."""

    ahead = TASKS_AHEAD * MOST_CALLS

    def __init__(self, make: Make, address: str) -> None:
        self._client, self._make, self._key = connect(address), make, uuid4().hex
        self._address, self._seen = address, monotonic()
        self._desks: dict[Any, _Desk] = {}
        self._done = SimpleQueue[Any]()
        self._look()

    @property
    def present(self) -> Sequence[Any]:
        return list(self._desks)

    def ask(self, worker: Any, *call: Any) -> None:
        self._desks[worker].calls.append(call)

    def wait(self) -> list[Answer]:
        for worker in self.present:
            self._send(worker)
        with suppress(Empty):
            self._done.get(timeout=PATIENCE)
        said = self._look() if monotonic() - self._looked > PATIENCE else []
        for worker in self.present:
            while worker in self._desks and self._has_answered(worker):
                said += self._heard(worker, self._desks[worker].tasks.popleft())
        return said

    def _has_answered(self, worker: Any) -> bool:
        tasks = self._desks[worker].tasks
        return bool(tasks) and tasks[0].done()

    def _send(self, worker: Any) -> None:
        """Send a worker the calls that wait for it, as far as it has use for them."""
        desk = self._desks[worker]
        while desk.calls and len(desk.tasks) < TASKS_AHEAD:
            count = min(desk.size, len(desk.calls))
            calls = [desk.calls.popleft() for _ in range(count)]
            before = desk.tasks[-1] if desk.tasks else None
            self._submit(worker, _answer, self._key, calls, before)

    def close(self) -> None:
        if self._client.status == "running":
            for worker in self.present:
                self._submit(worker, _keep, self._key, None)
                distributed.fire_and_forget(self._desks[worker].tasks[-1])  # type: ignore[no-untyped-call]
        self._client.close(timeout=1)

    def _submit(self, worker: Any, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            future = self._client.submit(function, *arguments, workers=[worker], pure=False)
            future.add_done_callback(self._done.put)
        except LOST_ERRORS:
            raise StoppedError(GONE) from None
        self._desks[worker].tasks.append(future)

    def _look(self) -> list[Answer]:
        """See who has gone and who has come."""
        self._looked = monotonic()
        try:
            addresses = set(self._client.nthreads())
        except LOST_ERRORS:
            raise StoppedError(GONE) from None
        if addresses:
            self._seen = self._looked
        elif self._looked - self._seen > SECONDS_ALONE:
            told = f"the scheduler has 0 workers; start `dask worker {self._address}`"
            raise StoppedError(f"{told} and run the same command to go on")
        said = [
            self._lose(worker, "it has left the scheduler")
            for worker in self.present
            if worker not in addresses
        ]
        for worker in sorted(addresses - self._desks.keys()):
            self._desks[worker] = _Desk()
            self._submit(worker, _keep, self._key, self._make)
        return said

    def _heard(self, worker: Any, future: Any) -> list[Answer]:
        """Answers of a finished task of a worker, none if it only made its object; or the worker is lost.

        The number of calls that the worker gets in one task follows their seconds. Raises StoppedError if the
        scheduler is gone.
        """
        if self._client.status != "running" or future.status == "cancelled":
            raise StoppedError(GONE)
        try:
            heard = future.result(timeout=SECONDS_TO_FETCH)
        except (KilledWorker, TimeoutError, KeyError) as error:
            return [self._lose(worker, f"{type(error).__name__}: {error}")]
        except Exception as error:
            told = f"a worker of the scheduler cannot do the work: {type(error).__name__}: {error}"
            raise StoppedError(told) from None
        if heard is READY:
            return []
        seconds_of_call = heard.seconds / len(heard.answers)
        fitting = int(SECONDS_OF_TASK / max(seconds_of_call, SECONDS_OF_TASK / MOST_CALLS))
        self._desks[worker].size = max(1, fitting)
        return [Answer(worker, *answer) for answer in heard.answers]

    def _lose(self, worker: Any, why: str) -> Answer:
        del self._desks[worker]
        return Answer(worker, lost=why)


def on_scheduler(address: str) -> Team:
    """The workers of the scheduler at `address`, e.g. tcp://10.0.0.1:8786; of one that you trust, as it has code run
    here and there. Raises InputError once used if none answers.

    >>> team = on_scheduler("tcp://127.0.0.1:8786")   # who is asked when work begins
    >>> callable(team)
    True
    """
    return partial(_ClusterWorkers, address=address)


def connect(address: str) -> Any:
    """A client of the scheduler at `address`; one of `tls://` has the certificates of dask's own settings, read from
    the environment. Raises InputError if none answers."""
    tls = address.startswith("tls:")
    remedy = f"set {', '.join(TLS)} to the files of certificates" if tls else "check the address"
    try:
        if tls and distributed.Security().get_connection_args("client")["ssl_context"] is None:  # type: ignore[no-untyped-call]
            raise InputError(
                [Fault("--scheduler", 0, address, "needs certificates", remedy=remedy)]
            )
        return distributed.Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        told = f"no dask scheduler answers there: {error}"
        raise InputError([Fault("--scheduler", 0, address, told, remedy=remedy)]) from None


def _keep(key: str, make: Make | None) -> None:
    KEPT.pop(key, None)
    if make is not None:
        while len(KEPT) > 1:
            del KEPT[next(iter(KEPT))]
        KEPT[key] = make()


def _answer(key: str, calls: Sequence[tuple[Any, ...]], _: object) -> _Answered:
    started = perf_counter()
    answers = [answered(KEPT[key], *call) for call in calls]
    return _Answered(answers, perf_counter() - started)
