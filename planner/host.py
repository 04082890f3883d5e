"""What the machine has: processors and memory; when memory is searched for what nothing holds; folders for a while."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VERSION = "0.2.0"
"""Of the package."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> float:
    """Bytes that can still be had: of the machine and of the container."""
    return min(_of_machine(), _of_container())


def _of_machine() -> float:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (OSError, ValueError, AttributeError):
        return float("inf")  # unknown: refuse nothing


def _of_container() -> float:
    """Memory (bytes) that the limit of its control group leaves."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = float((group / "memory.max").read_text(encoding="ascii"))
        return limit - float((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return float("inf")  # no such limit, or "max"


def give_memory_back() -> None:
    """Return to the system what was freed in pieces, where the C library can: it keeps that for later otherwise."""
    with suppress(OSError, TypeError):
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Make many objects that stay, without the garbage collector going through all of them again and again.

    What nothing holds any more is freed all the same, but for cycles, which wait till the end. Also a decorator.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def scratch_folder(prefix: str, parent: Path) -> Iterator[Path]:
    """A folder to fill, gone at the end of the block, whenever Ctrl-C or the request to end comes."""
    made = None
    try:
        with _signals_wait():
            made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        yield made
    finally:
        with _signals_wait():
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C and the request to end come at the end of the block; other threads never see them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = list[int]()
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler is not None:  # else it is not Python's, and could not be put back
            before[number] = handler
            signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
