"""Commands that can be killed, small file systems, and a solved plan."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

import planner
from planner import Plan
from planner.results.folders import SUMS

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
ROOT = STARTER.parents[1]


@pytest.fixture(autouse=True, scope="session")
def hearing_ctrl_c() -> Iterator[None]:
    """Who starts the tests as a background job has them, and all they start, ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Zygote:
    """Starts commands in processes of their own, without the cost of importing."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.robust.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: object) -> int:
        stdin: IO[str] = self.process.stdin  # type: ignore[assignment]
        stdin.write(json.dumps([str(a) for a in arguments]) + "\n")
        stdin.flush()
        return int(self.process.stdout.readline())  # type: ignore[union-attr]

    def end(self) -> int:
        """Status as of os.waitpid."""
        return int(self.process.stdout.readline())  # type: ignore[union-attr]

    def close(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()
        self.process.stdout.close()  # type: ignore[union-attr]


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One for all tests."""
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(scope="session")
def plan() -> Plan:
    """The starter, solved."""
    return planner.solve(planner.load(STARTER))


def mount(folder: Path, options: str) -> None:
    """A tmpfs of its own; the test is skipped where that is not permitted."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("may not mount a file system")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    mount(tmp_path / "small", "size=8m")
    yield tmp_path / "small"
    subprocess.run(["umount", "-l", str(tmp_path / "small")], check=True)


def content(folder: Path) -> str:
    """Digest of a run, all files but the seconds of its summary, and the digest of that."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if path.name == "summary.json":
            summary = json.loads(data)
            del summary["seconds"]
            data = json.dumps(summary).encode()
        if path.name == SUMS:
            data = b"".join(
                line for line in data.splitlines(keepends=True) if b"summary.json" not in line
            )
        digest.update(os.fsencode(path.relative_to(folder)) + b"\0" + data)
    return digest.hexdigest()
