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
from planner.studies.board import COLD, Board, settings_of
from planner.studies.worker import Result, State, Worker

MakeWorker = Callable[[str], Worker]
PATIENCE = 0.25
"""Seconds after which progress is told again though nothing happened."""


@dataclass
class Hand:
    """One worker process, and the chain it is on."""

    process: SpawnProcess
    pipe: Connection[Any, Any]
    chain: str = ""
    ready: bool = False


def run_local(board: Board, job: str, workers: int, make: MakeWorker, tell: Callable[[], None]) -> None:
    """Work on the board until nothing is left. Raises StoppedError if no worker can be started."""
    context = fresh_processes()
    hands: list[Hand] = []
    failed_starts = 0
    try:
        while not board.finished:
            while len(hands) < workers:
                hands.append(_start(context, make, job))
            _hand_out(board, hands)
            for pipe in wait([hand.pipe for hand in hands], timeout=PATIENCE):
                hand = next(h for h in hands if h.pipe is pipe)
                if _listen(board, hand):
                    continue
                hands.remove(hand)
                failed_starts = 0 if hand.ready else failed_starts + 1
                if failed_starts >= 3:
                    raise StoppedError("workers die as soon as they start; try one point with `planner solve`")
            tell()
    finally:
        for hand in hands:
            hand.process.kill()
            hand.process.join()
            hand.pipe.close()


def _start(context: mp.context.SpawnContext, make: MakeWorker, job: str) -> Hand:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make, job), daemon=True)
    process.start()
    theirs.close()
    return Hand(process, ours)


def _hand_out(board: Board, hands: list[Hand]) -> None:
    for hand in hands:
        if not hand.chain and (chain := board.take()):
            hand.chain = chain.key
            # A worker that died is noticed when its pipe is read.
            with suppress(OSError):
                hand.pipe.send((chain.kind, (chain.state or State()).plain(), settings_of(chain.points)))


def _listen(board: Board, hand: Hand) -> bool:
    """Take what a worker says. Returns whether it is alive."""
    try:
        said = hand.pipe.recv()
    except (EOFError, OSError):
        hand.process.join(5)
        if hand.chain:
            board.lost(hand.chain, f"exit code {hand.process.exitcode}")
        hand.pipe.close()
        return False
    if said == "ready":
        hand.ready = True
        return True
    result, state, last = said
    board.record(hand.chain, Result.of(result), State.of(state))
    if last:
        hand.chain = ""
    return True


def _serve(pipe: Connection[Any, Any], make: MakeWorker, job: str) -> None:
    """The life of a worker: chains in, results out, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = make(job)
    with suppress(EOFError, OSError):
        pipe.send("ready")
        while True:
            kind, plain, chain = pipe.recv()
            state = State.of(plain)
            for i, settings in enumerate(chain):
                if kind == COLD:
                    result = worker.cold(settings)
                else:
                    result, state = worker.advance(state, settings)
                pipe.send((result.plain(), state.plain(), i == len(chain) - 1))
