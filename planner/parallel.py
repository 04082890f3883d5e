"""Workers: each keeps an object and answers calls to it, one after the other.

Three kinds with one interface: only this process (`Here`), processes of this machine (`local`), those of a dask
scheduler (`planner.cluster`). Ctrl-C reaches the command alone, which lets its workers go; a process of this machine
ends with the command, however that ends. A worker that dies is told of as lost, with what it kept and was asked: who
asked gives that to another. On this machine there is another at once.
"""

from __future__ import annotations

import multiprocessing as mp
import operator
import os
import signal
import warnings
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from threading import Thread, current_thread
from traceback import print_exc
from typing import Any, Protocol, Self, TypeVar

from planner.errors import StoppedError
from planner.host import available_memory, cores

T = TypeVar("T")
Make = Callable[[], Any]
"""Makes the object that a worker keeps; can be pickled, as arguments and answers can."""
SOLVER_THREAD = "solver"
"""Name of every thread in which the solver runs."""
PATIENCE = 0.25
"""Seconds after which `Workers.wait` ends though nothing happened."""
ATTEMPTS = 3
"""Tries of a call whose workers die."""
PROCESS_BYTES = 120 * 2**20
"""Memory that a worker takes at the least, with the planner and its libraries loaded."""
READY = None
"""The message of a worker once it has made its object."""


@dataclass(frozen=True)
class Answer:
    """The answer of a worker to the first call that it has not answered yet; or the reason why it is lost."""

    worker: Hashable
    value: Any = None
    error: Exception | None = None
    lost: str = ""

    def taken(self) -> Any:
        """The value. Raises what the call raised."""
        if self.error is not None:
            raise self.error
        return self.value


class Workers(Protocol):
    """The workers of a team. Their methods raise StoppedError if no worker can be had any more."""

    ahead: int = 2
    """Calls that a worker is best asked for before it answers, so that it need not wait for the next."""

    @property
    def present(self) -> Sequence[Hashable]:
        """Workers that can be asked. Only `wait` changes it."""

    def ask(self, worker: Hashable, *call: Any) -> None:
        """Have a worker call its object: the name of a method, its arguments. `wait` tells what comes of it."""

    def wait(self) -> list[Answer]:
        """Answers given meanwhile; after a while without one, none."""

    def close(self) -> None:
        """Let all go, whatever they are doing."""


Team = Callable[[Make], Workers]
"""Gives each of its workers an object: `Here`, `local(3)`, `planner.cluster.on_scheduler(address)`."""


class Here(Workers):
    """Only this process: what it is asked is done when it is waited for."""

    present: Sequence[Hashable] = (0,)

    def __init__(self, make: Make) -> None:
        self._kept = make()
        self._asked: deque[tuple[Any, ...]] = deque()

    def ask(self, worker: Hashable, *call: Any) -> None:
        """See `Workers`."""
        self._asked.append(call)

    def wait(self) -> list[Answer]:
        """See `Workers`."""
        return [Answer(0, *answered(self._kept, *self._asked.popleft()))] if self._asked else []


def answered(kept: Any, method: str, *arguments: Any) -> tuple[Any, Exception | None]:
    """The value of a call to the object that a worker keeps, or what it raised."""
    try:
        return getattr(kept, method)(*arguments), None
    except Exception as error:
        return None, error


class _LocalWorkers(Workers):
    """Processes of this machine, started from nothing, not forked: a progress display may run as a thread here."""

    def __init__(self, make: Make, number: int) -> None:
        # Never with code from the current folder: a user's `pickle.py` there would be imported before ours.
        os.environ["PYTHONSAFEPATH"] = "1"
        self._make, self._wanted, self._failed_starts = make, number, 0
        self._processes: dict[Connection[Any, Any], SpawnProcess] = {}
        self._ready = set[Hashable]()
        # A process reads only once it has begun to run; nobody waits here for that.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="to workers")
        self._fill()

    @property
    def present(self) -> Sequence[Any]:
        return list(self._processes)

    def ask(self, worker: Any, *call: Any) -> None:
        self._sender.submit(worker.send_bytes, ForkingPickler.dumps(call))

    def wait(self) -> list[Answer]:
        said = [answer for pipe in wait(self.present, PATIENCE) for answer in self._heard(pipe)]
        self._fill()
        return said

    def close(self) -> None:
        # Another thread may be waiting for answers: nobody is started any more, and each process is taken once.
        self._wanted = 0
        while self._processes:
            pipe, process = self._processes.popitem()
            process.kill()
            process.join()
            self._sender.submit(pipe.close)
        self._sender.shutdown()

    def _fill(self) -> None:
        while len(self._processes) < self._wanted:
            context = mp.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), name="worker", daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process
            self.ask(ours, self._make)

    def _heard(self, worker: Any) -> list[Answer]:
        """Answers of a process that has spoken; if it has ended, the loss of it.

        Raises StoppedError if three in a row die before they have made their object.
        """
        try:
            heard = worker.recv()
        except (EOFError, OSError):
            process = self._processes.pop(worker, None)
            if process is None:
                return []  # closed meanwhile
            process.join(5)
            self._sender.submit(worker.close)
            self._failed_starts = 0 if worker in self._ready else self._failed_starts + 1
            if self._failed_starts == 3:
                told = (
                    "workers die as soon as they start; a script starts them under "
                    '`if __name__ == "__main__":`, else each worker runs the script again; '
                    "with one worker this process does the work"
                )
                raise StoppedError(told) from None
            return [Answer(worker, lost=f"exit code {process.exitcode}")]
        self._ready.add(worker)
        return [] if heard is READY else [Answer(worker, *heard)]


def local(number: int, tasks: int | None = None) -> Team:
    """So many processes of this machine, at most one for each of the tasks and no more than memory holds.

    A script uses it under `if __name__ == "__main__"`. Warns where memory is the limit.
    """
    wanted = number if tasks is None else max(1, min(number, tasks))
    fitting = max(1, int(available_memory() / PROCESS_BYTES)) if wanted > 1 else 1
    if fitting < wanted:
        told = f"memory holds about {fitting} workers of {PROCESS_BYTES / 2**20:.0f} MiB; {wanted} were asked for"
        warnings.warn(told, RuntimeWarning, stacklevel=2)
    return partial(_LocalWorkers, number=min(wanted, fitting))


def answer(
    workers: Workers,
    calls: Mapping[str, Sequence[Any]],
    keep: Callable[[str, Any], None],
    keeper: dict[str, Hashable] | None = None,
) -> None:
    """Have workers answer calls in whatever order; `keep` gets each name with what was said.

    keeper: who has what a call needs, so that it is asked again; who answers is noted there. A call whose worker dies
    is given to another. Raises StoppedError the third time, and what a call raises.
    """
    ready, out, attempts = list(calls), dict[Hashable, str](), Counter[str]()
    keeper = {} if keeper is None else keeper
    while ready or out:
        for worker in workers.present:
            name = next((name for name in ready if keeper.get(name, worker) == worker), None)
            if worker not in out and name is not None:
                ready.remove(name)
                out[worker], keeper[name] = name, worker
                workers.ask(worker, *calls[name])
        for said in workers.wait():
            call = out.pop(said.worker, "")
            if call and not said.lost:
                keep(call, said.taken())
            elif said.lost:
                for name in [name for name, whose in keeper.items() if whose == said.worker]:
                    del keeper[name]
                if call:
                    ready.insert(0, call)
                    attempts[call] += 1
                if attempts[call] == ATTEMPTS:
                    raise StoppedError(f"{call}: the worker died {ATTEMPTS} times: {said.lost}")


def team_of(workers: int | Team, tasks: int | None = None) -> Team:
    """Only this process for 1, so many of this machine for more, one for each task at most; a team is itself."""
    if not isinstance(workers, int):
        return workers
    return Here if workers == 1 else local(workers, tasks)


def _serve(pipe: Connection[Any, Any]) -> None:
    """Be a worker process: make an object, say `READY`, and answer calls until the pipe closes.

    The first message holds what makes the object; each later one a method of it and its arguments. What a call raises
    is its answer; what making raises ends the process, which the other end of the pipe sees. This thread listens.
    """
    # Ctrl-C reaches the command, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "fork" in mp.get_all_start_methods():
        # Pyomo makes a lock when it is imported; of the kind for spawning it would be left over when this is killed.
        mp.set_start_method("fork", force=True)
    calls: SimpleQueue[Any] = SimpleQueue()
    # Not the other way round: in the main thread the solver begins another one for each program, an eighth of the time
    # that a small one takes (measured).
    Thread(target=_answer_calls, args=(pipe, calls), name=SOLVER_THREAD, daemon=True).start()
    _listen(pipe, calls)


def _answer_calls(pipe: Connection[Any, Any], calls: SimpleQueue[Any]) -> None:
    """Make the object of a worker, say so, and answer calls to it; end the process if that fails."""
    try:
        (make,) = calls.get()
        kept = make()
        pipe.send(READY)
        while True:
            pipe.send(answered(kept, *calls.get()))
    except OSError:
        pass  # nobody listens any more
    except BaseException:
        print_exc()
    finally:
        os._exit(1)


def _listen(pipe: Connection[Any, Any], calls: SimpleQueue[Any]) -> None:
    """Take what is asked, so that nobody waits to ask; when the one that asks has ended, end this process too."""
    try:
        while True:
            calls.put(pipe.recv())
    finally:
        os._exit(1)


def meanwhile(function: Callable[..., T], *arguments: Any) -> Callable[[], T]:
    """Begin a call in a thread: while HiGHS runs in it, Python goes on here. What comes back waits for its value."""
    pool = ThreadPoolExecutor(1, initializer=name_solver_thread)
    begun = pool.submit(function, *arguments)
    pool.shutdown(wait=False)
    return begun.result


def name_solver_thread() -> None:
    """For a thread that solves: after Ctrl-C a command waits for none of that name."""
    current_thread().name = SOLVER_THREAD


def _caller(module: str) -> Any:
    """Load a module, and return an object whose method `call` calls a function."""
    import_module(module)
    return operator


class Background:
    """A process beside a command, for the length of a block: it takes tasks, which are functions of modules. What it
    cannot do because it was stopped from outside is done here; so is all on one core, or if it is not wanted."""

    def __init__(self, wanted: bool = True, module: str = "operator") -> None:
        """module: what it imports at once, before it is asked for anything."""
        make = partial(_caller, module)
        self._workers = local(1)(make) if wanted and cores() > 1 else None
        self._asked, self._answers = 0, list[Answer]()

    def __call__(self, function: Callable[..., T], *arguments: Any) -> Callable[[], T]:
        """Begin a task. What comes back waits for its value, and raises what it raised."""
        if self._workers is not None:
            self._workers.ask(self._workers.present[0], "call", function, *arguments)
        self._asked += 1
        return partial(self._result, self._asked, function, *arguments)

    def _result(self, number: int, function: Callable[..., T], *arguments: Any) -> T:
        while self._workers is not None and len(self._answers) < number:
            self._answers += (said := self._workers.wait())
            if any(answer.lost for answer in said):
                self._answers.pop()
                self.end()
        if number > len(self._answers):
            return function(*arguments)
        value: T = self._answers[number - 1].taken()
        return value

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    @property
    def is_here(self) -> bool:
        """There is no other process: tasks are done in this one, when their values are asked for."""
        return self._workers is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
