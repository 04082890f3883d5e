"""The same study on a cluster: one task of `dask.distributed` per point, the state of its chain as data.

The scheduler may be anywhere (SLURM through dask-jobqueue, Kubernetes through the dask operator, SSH); workers
need the planner installed and nothing else: no shared folder, no copy of the case. Give workers one thread each.
A worker that dies costs its current point, which the scheduler gives to another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import distributed
from distributed.scheduler import KilledWorker

from planner.errors import Fault, InputError, StoppedError
from planner.studies.work_queue import Chain, WorkQueue
from planner.studies.worker import CRASHED, ChainState, PointResult, task


def connect(address: str) -> Any:
    """A client of the scheduler at `address`, e.g. tcp://10.0.0.1:8786. Raises InputError if none answers."""
    try:
        return distributed.Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError([Fault("--scheduler", 0, address, f"no dask scheduler answers there: {error}")]) from None


def run_cluster(queue: WorkQueue, job: str, client: Any, tell: Callable[[], None]) -> None:
    """Work on the queue until nothing is left. Raises StoppedError if the scheduler is lost."""
    waiting: Any = distributed.as_completed(loop=client.loop)  # type: ignore[no-untyped-call]
    out: dict[Any, Chain] = {}

    def submit(chain: Chain) -> None:
        plain = (chain.state or ChainState()).plain()
        future = client.submit(task, job, chain.kind, plain, chain.points[0].settings, pure=False)
        out[future] = chain
        waiting.add(future)

    while not queue.finished:
        # Two chains per thread keep every thread busy while results travel.
        wanted = max(2, 2 * sum(client.nthreads().values()))
        while len(out) < wanted and (chain := queue.take()):
            submit(chain)
        if not out:
            raise StoppedError("the study has work left that cannot be started")
        future = next(waiting)
        chain = out.pop(future)
        if client.status != "running" or future.status == "cancelled":
            raise StoppedError("the scheduler is gone; start one and run the same command to go on")
        _take(queue, chain, future)
        if chain.points:
            submit(chain)
        tell()


def _take(queue: WorkQueue, chain: Chain, future: Any) -> None:
    if future.status == "finished":
        said = future.result()
        state = ChainState.of(said["state"]) if said["state"] else ChainState()
        queue.record(chain.key, PointResult.of(said["result"]), state)
        return
    error = future.exception()
    why = "the workers that had it died" if isinstance(error, KilledWorker) else f"{type(error).__name__}: {error}"
    queue.record(chain.key, PointResult(CRASHED, why), chain.state or ChainState())


def on_scheduler(address: str) -> Callable[[WorkQueue, str, Callable[[], None]], None]:
    """Run on the workers of a scheduler; for `planner.studies.run.study`."""

    def run(queue: WorkQueue, job: str, tell: Callable[[], None]) -> None:
        with connect(address) as client:
            run_cluster(queue, job, client, tell)

    return run
