"""A process that has imported everything and forks a `planner` command per line of stdin, so that it can be killed.

Each line is a JSON list of arguments; the answer is the process id, then, when it has ended, its exit status.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import planner.api.plans  # what the commands that are killed load when they are called
import planner.cli.solve  # noqa: F401
from planner.cli import app, stopped_early


def main() -> None:
    """Serve until stdin ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            quiet = os.open(
                os.environ.get("PLANNER_SAID", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT
            )
            signal.signal(signal.SIGINT, stopped_early)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            code = 1
            try:
                code = int(app(json.loads(line), standalone_mode=False) or 0)
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                os._exit(code)
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(status, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
