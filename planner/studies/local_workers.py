"""Worker processes on this machine. Started fresh (spawn), each builds its own program once.

Results come back through one pipe per worker, point by point; the worker does not wait for an answer. A worker
that dies is replaced. If the study dies, the pipe closes and the workers end.
"""

from __future__ import annotations

import multiprocessing as mp
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from planner.errors import StoppedError
from planner.parallel import fresh_processes
from planner.studies.work_queue import COLD, WorkQueue
from planner.studies.worker import ChainState, PointResult, Worker

MakeWorker = Callable[[str], Worker]
PATIENCE = 0.25
"""Seconds after which progress is told again though nothing happened."""


@dataclass
class WorkerProcess:
    """One worker process, and the chain it is on."""

    process: SpawnProcess
    pipe: Connection[Any, Any]
    chain: str = ""
    ready: bool = False


def run_local(queue: WorkQueue, job: str, workers: int, make: MakeWorker, tell: Callable[[], None]) -> None:
    """Work on the queue until nothing is left. Raises StoppedError if no worker can be started."""
    context = fresh_processes()
    pool: list[WorkerProcess] = []
    failed_starts = 0
    try:
        while not queue.finished:
            while len(pool) < workers:
                pool.append(_start(context, make, job))
            _hand_out(queue, pool)
            for pipe in wait([worker.pipe for worker in pool], timeout=PATIENCE):
                worker = next(h for h in pool if h.pipe is pipe)
                if _listen(queue, worker):
                    continue
                pool.remove(worker)
                failed_starts = 0 if worker.ready else failed_starts + 1
                if failed_starts >= 3:
                    raise StoppedError("workers die as soon as they start; try one point with `planner solve`")
            tell()
    finally:
        for worker in pool:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()


def _start(context: mp.context.SpawnContext, make: MakeWorker, job: str) -> WorkerProcess:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make, job), daemon=True)
    process.start()
    theirs.close()
    return WorkerProcess(process, ours)


def _hand_out(queue: WorkQueue, pool: list[WorkerProcess]) -> None:
    for worker in pool:
        if not worker.chain and (chain := queue.take()):
            worker.chain = chain.key
            # A worker that died is noticed when its pipe is read.
            with suppress(OSError):
                settings = [point.settings for point in chain.points]
                worker.pipe.send((chain.kind, (chain.state or ChainState()).plain(), settings))


def _listen(queue: WorkQueue, worker: WorkerProcess) -> bool:
    """Take what a worker says. Returns whether it is alive."""
    try:
        said = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join(5)
        if worker.chain:
            queue.lost(worker.chain, f"exit code {worker.process.exitcode}")
        worker.pipe.close()
        return False
    if said == "ready":
        worker.ready = True
        return True
    result, state, last = said
    queue.record(worker.chain, PointResult.of(result), ChainState.of(state))
    if last:
        worker.chain = ""
    return True


def _serve(pipe: Connection[Any, Any], make: MakeWorker, job: str) -> None:
    """The life of a worker: chains in, results out, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = make(job)
    with suppress(EOFError, OSError):
        pipe.send("ready")
        while True:
            kind, plain, chain = pipe.recv()
            state = ChainState.of(plain)
            for i, settings in enumerate(chain):
                if kind == COLD:
                    result = worker.cold(settings)
                else:
                    result, state = worker.advance(state, settings)
                pipe.send((result.plain(), state.plain(), i == len(chain) - 1))
