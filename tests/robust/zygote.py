"""A process that has imported everything and forks a `planner` command per line of stdin, so that it can be killed.

Each line is a JSON list of arguments; the answer is the process id, then, when it has ended, its exit status.
"""

from __future__ import annotations

import json
import os
import sys

from planner.cli import app


def main() -> None:
    """Serve until stdin ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            code = 1
            try:
                app(json.loads(line), standalone_mode=False)
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                os._exit(code)
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(status, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
