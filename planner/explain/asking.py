"""Many questions answered at once, in threads: HiGHS works outside the interpreter's lock, so while it solves one
program the next is built here. Nothing is copied to other processes, and nothing is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import current_thread
from typing import TypeVar

from planner.explain.counterfactuals import Answer, Desk, Question, answer
from planner.machine import cores
from planner.solving.highs import SOLVER_THREAD

MOST_WORKERS = 4
T = TypeVar("T")


class Asker:
    """Answers questions, each once. `asked`: how many programs were solved."""

    def __init__(self, desk: Desk, pool: ThreadPoolExecutor | None) -> None:
        self._desk, self._pool = desk, pool
        self._found: dict[str, Future[Answer]] = {}

    @property
    def asked(self) -> int:
        """How many questions were answered."""
        return len(self._found)

    def __call__(self, questions: Iterable[Question]) -> dict[str, Answer]:
        """Answers by key. Programs are made here, in order; each is solved as soon as it is there."""
        keys = []
        for question in questions:
            keys.append(question.key)
            if question.key not in self._found:
                self._found[question.key] = self.begin(partial(answer, question, question.make(), self._desk))
        return {key: self._found[key].result() for key in keys}

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Other work to be done meanwhile."""
        if self._pool is not None:
            return self._pool.submit(work)
        done: Future[T] = Future()
        done.set_result(work())
        return done


@contextmanager
def asking(desk: Desk, workers: int | None = None) -> Iterator[Asker]:
    """Somebody who answers with so many solvers at once (None: as many as there are processors, up to four)."""
    workers = workers if workers is not None else min(MOST_WORKERS, cores())
    if workers <= 1:
        yield Asker(desk, None)
        return
    pool = ThreadPoolExecutor(workers, initializer=_name)
    try:
        yield Asker(desk, pool)
    finally:
        # After an error or Ctrl-C nobody waits for what is still being solved.
        pool.shutdown(wait=False, cancel_futures=True)


def _name() -> None:
    current_thread().name = SOLVER_THREAD
