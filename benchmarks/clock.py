"""Seconds of wall and CPU by section, within one process."""

from __future__ import annotations

import functools
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from time import perf_counter, process_time
from typing import Any


def tell(line: str) -> None:
    """Say at once what is known so far."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def late(seconds: Sequence[float], share: float) -> float:
    """So many seconds or fewer has that share of them."""
    return sorted(seconds)[max(0, ceil(share * len(seconds)) - 1)]


class Clock:
    """Adds up wall and CPU seconds of named sections, which may nest or repeat."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Count what happens inside."""
        wall, cpu = perf_counter(), process_time()
        try:
            yield
        finally:
            self.wall[name] += perf_counter() - wall
            self.cpu[name] += process_time() - cpu

    def watch(self, owner: Any, function: str, name: str) -> None:
        """Count every call of owner.function from now on. The owner is a module or a class of this process."""
        original = getattr(owner, function)

        @functools.wraps(original)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.section(name):
                return original(*args, **kwargs)

        setattr(owner, function, counted)

    def seconds(self) -> dict[str, dict[str, float]]:
        """{"wall": {section: s}, "cpu": {section: s}}."""
        return {"wall": dict(self.wall), "cpu": dict(self.cpu)}
