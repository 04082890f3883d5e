"""Workers of a dask scheduler, which may be anywhere (SLURM through dask-jobqueue, Kubernetes, SSH).

They need the planner installed and nothing else: no shared folder, no copy of the case. They may come and go: dask gives
the task of one that dies to another, as often as the scheduler allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError
from contextlib import suppress
from functools import partial
from time import monotonic, sleep
from typing import Any, TypeVar

from planner.errors import Fault, InputError, StoppedError, WorkerLostError
from planner.late import late
from planner.parallel import PATIENCE, Workers

T = TypeVar("T")
GONE = "the scheduler is gone; start one and run the same command to go on"
SECONDS_ALONE = 6.0
"""After this without a single worker the work is given up."""
LOST_ERRORS = (OSError, RuntimeError, ValueError, CancelledError)
"""Errors that dask raises where its scheduler has gone away."""
TLS = tuple(
    f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")
)
"""Settings in which dask looks for the certificates of who asks a scheduler."""


class _OnScheduler(Executor):
    """An executor of dask, whose futures raise our errors."""

    def __init__(self, client: Any, **where: Any) -> None:
        """where: on which workers tasks are done, as `Client.submit` has it."""
        self._executor = client.get_executor(pure=False, **where)

    def submit(self, function: Callable[..., T], /, *arguments: Any, **named: Any) -> Future[T]:
        """Have a worker call a function."""
        try:
            theirs = self._executor.submit(function, *arguments, **named)
        except LOST_ERRORS:
            raise StoppedError(GONE) from None
        ours: Future[T] = Future()
        theirs.add_done_callback(partial(_pass_on, ours))
        return ours

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """Cancel what is not done."""
        self._executor.shutdown(wait=False)


def _pass_on(ours: Future[T], theirs: Future[T]) -> None:
    """The end of a future of dask as ours, unless that has ended before."""
    error = CancelledError() if theirs.cancelled() else theirs.exception()
    with suppress(InvalidStateError):
        if error is None:
            ours.set_result(theirs.result())
        else:
            ours.set_exception(_in_our_words(error))


def _in_our_words(error: BaseException) -> BaseException:
    if isinstance(error, CancelledError):
        return StoppedError(GONE)
    if isinstance(error, late("distributed.scheduler").KilledWorker):
        return WorkerLostError(f"the workers died: {error}")
    if isinstance(error, ImportError):
        told = f"a worker of the scheduler cannot do the work: {error}; install the planner there"
        return StoppedError(told)
    return error


class _OneWorker(_OnScheduler):
    """Tasks for one worker; once that has left the scheduler, for any."""

    def __init__(self, client: Any, address: str) -> None:
        super().__init__(client, workers=[address])
        self.address = address
        self._out: dict[Future[Any], tuple[Callable[..., Any], tuple[Any, ...]]] = {}

    def submit(self, function: Callable[..., T], /, *arguments: Any, **named: Any) -> Future[T]:
        """Have the worker call a function."""
        call = partial(function, **named)
        ours = super().submit(call, *arguments)
        self._out[ours] = (call, arguments)
        ours.add_done_callback(self._out.pop)
        return ours

    def load(self) -> int:
        """Number of tasks that are not done."""
        return len(self._out)

    def leave_to(self, others: Executor) -> None:
        """Have others do what is not done, and what comes."""
        self._executor = others
        for ours, (function, arguments) in list(self._out.items()):
            again = others.submit(function, *arguments)
            again.add_done_callback(partial(_pass_on, ours))


class SchedulerWorkers(_OnScheduler, Workers):
    """All workers of a scheduler, those that come later too."""

    def __init__(self, address: str) -> None:
        self._client, self._address = connect(address), address
        super().__init__(self._client)
        self._alone_since: float | None = None
        self._number = 0
        self._apart: list[_OneWorker] = []
        self.check()

    @property
    def ahead(self) -> int:
        """See `Workers`."""
        return max(1, 2 * self._number)

    def apart(self) -> Sequence[Executor]:
        """See `Workers`. The tasks of one that leaves are done by others."""
        while not self._number:
            sleep(PATIENCE)
            self.check()
        for address in sorted(self._client.nthreads()):
            self._apart.append(_OneWorker(self._client, address))
        return tuple(self._apart)

    def check(self) -> None:
        """See `Workers`."""
        try:
            addresses = self._client.nthreads()
        except LOST_ERRORS:
            raise StoppedError(GONE) from None
        self._number = len(addresses)
        if self._number:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = monotonic()
        elif monotonic() - self._alone_since > SECONDS_ALONE:
            told = f"the scheduler has 0 workers; start `dask worker {self._address}`"
            raise StoppedError(f"{told} and run the same command to go on")
        gone = [one for one in self._apart if one.address not in addresses]
        self._apart = [one for one in self._apart if one.address in addresses]
        for one in gone:
            one.leave_to(min(self._apart, key=_OneWorker.load, default=self._executor))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """Cancel what is not done, and leave the scheduler."""
        super().shutdown()
        self._client.close(timeout=1)


def on_scheduler(address: str) -> SchedulerWorkers:
    """The workers of a dask scheduler, for `solve`, `study` and `evaluate`. Used in a `with` block, at whose end it is left.

    Parameters
    ----------
    address
        Such as tcp://10.0.0.1:8786; of a scheduler that you trust, as it has code run here and there.

    Returns
    -------
    SchedulerWorkers
        What `workers` takes.

    Raises
    ------
    InputError
        If none answers.
    NotInstalledError
        Without the extra `cluster`.

    Examples
    --------
    >>> on_scheduler("nowhere://10.0.0.1")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    planner.errors.InputError: no dask scheduler answers there
    """
    return SchedulerWorkers(address)


def connect(address: str) -> Any:
    """A client of the scheduler at `address`; one of `tls://` has the certificates of dask's own settings, read from
    the environment. Raises InputError if none answers."""
    distributed = late("distributed")
    tls = address.startswith("tls:")
    remedy = f"set {', '.join(TLS)} to the files of certificates" if tls else "check the address"
    try:
        if tls and distributed.Security().get_connection_args("client")["ssl_context"] is None:
            raise InputError([Fault("scheduler", 0, address, "needs certificates", remedy=remedy)])
        return distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        told = f"no dask scheduler answers there: {error}"
        raise InputError([Fault("scheduler", 0, address, told, remedy=remedy)]) from None
