"""The progress of a study on stderr: a bar with rate and time left; without a terminal, a line now and then."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from planner.studies.status import StudyStatus

EVERY = 10.0
"""Seconds between lines where there is no terminal."""


class Bar:
    """Told how far a study is; shows it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started, self._first, self._said = perf_counter(), -1, perf_counter()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("points", total=None, note="")

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, status: StudyStatus) -> None:
        """Show how far the study is."""
        if self._first < 0:
            self._first, self._started = status.done, perf_counter()
        note = self._note(status)
        checking = status.done == status.total
        self._bar.update(
            self._task,
            description="checks" if checking else "points",
            total=status.to_check if checking else status.total,
            completed=status.checked if checking else status.done,
            note=note,
        )
        if not self._console.is_terminal and perf_counter() - self._said > EVERY:
            self._said = perf_counter()
            told = f"{status.done} of {status.total} points, {status.checked} checked{note}"
            self._console.print(told, style="dim")

    def _note(self, status: StudyStatus) -> str:
        run = status.done - self._first
        passed = perf_counter() - self._started
        bad = status.done - status.statuses.get("optimal", 0)
        parts = [f"{bad} without optimum"] if bad else []
        if run and status.done < status.total:
            rate = run / passed
            parts += [f"{rate:.1f} points/s", f"{_span((status.total - status.done) / rate)} left"]
        return "".join(f", {part}" for part in parts)


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
