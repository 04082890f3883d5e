"""One measurement in one process: python -m benchmarks.worker KIND JOB.json RESULT.json."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.clock import Clock

KINDS = {
    "command": "benchmarks.tasks.command",
    "planner": "benchmarks.methods.planner_path",
    "linopy": "benchmarks.methods.linopy_path",
    "plain": "benchmarks.methods.plain",
    "plain-unreduced": "benchmarks.methods.plain",
    "arrays": "benchmarks.tasks.keep",
    "same": "benchmarks.tasks.same",
    "start": "benchmarks.tasks.start",
    "session": "benchmarks.tasks.session",
    "workbench": "benchmarks.tasks.workbench",
    "points": "benchmarks.tasks.points",
    "evaluate": "benchmarks.tasks.evaluate",
}


def main() -> None:
    """Run the job and write figures and seconds by section."""
    kind, job_file, result_file = sys.argv[1:4]
    job: dict[str, Any] = json.loads(Path(job_file).read_text(encoding="utf-8"))
    clock = Clock()
    with clock.section("import"):
        module = importlib.import_module(KINDS[kind])
    figures = module.run(job | ({"unreduced": True} if kind == "plain-unreduced" else {}), clock)
    Path(result_file).write_text(
        json.dumps({"figures": figures, "sections": clock.seconds()}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
