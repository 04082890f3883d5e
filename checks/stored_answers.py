"""What a night computed of the plan of the real case, for whoever has the same inputs and model and no night.

python -m checks.stored_answers keep RUN   after `make decision`: its explanation and evaluation, under reports/reference
python -m checks.stored_answers show RUN   in `make demo`: puts them into a run of the same inputs and model

A run of other inputs, or of another model, is left as it is, and that is said.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planner.results.evaluation import EVALUATION
from planner.results.explanation import EXPLANATION
from planner.results.folders import write_json
from planner.results.store import SUMMARY, fingerprint, refresh_pages

STORED = Path(__file__).parents[1] / "reports" / "reference" / "allied-2026-decision"
MADE = "made.json"
GAP = "optimality_gap"
INPUTS = "inputs_sha256"
"""In a summary: the digest of the tables and the model file that the run was solved from."""


def keep(run: Path, stored: Path = STORED) -> str:
    """Store the answers about a run, with the day and the digest of its inputs. Returns what was done, in words."""
    stored.mkdir(parents=True, exist_ok=True)
    for name in (EXPLANATION, EVALUATION):
        write_json(_read(run / name), stored / name)
    day = datetime.now(UTC).date().isoformat()
    write_json({"day": day, INPUTS: _read(run / SUMMARY)[INPUTS]}, stored / MADE)
    return f"{stored}: what was asked of {run.name}, {day}"


def show(run: Path, stored: Path = STORED) -> str:
    """Put the stored explanation, and the optimality gap beside the evaluation that the run has, into a run of the same
    inputs and model. Returns what was done, in words."""
    if not (stored / MADE).exists():
        return "Not explained: `make decision` explains (a night)"
    made = _read(stored / MADE)
    if made[INPUTS] != _read(run / SUMMARY)[INPUTS]:
        return f"Not explained: inputs or model are not those of {made['day']}; `make decision` explains (a night)"
    explained = _read(stored / EXPLANATION) | {"run_sha256": fingerprint(run)}
    gap = _read(stored / EVALUATION).get(GAP)

    def fill(target: Path) -> None:
        write_json(explained, target / EXPLANATION)
        if gap is not None and (run / EVALUATION).exists():
            write_json(_read(run / EVALUATION) | {GAP: gap}, target / EVALUATION)

    refresh_pages(run, fill)
    return f"Explained on {made['day']}, of the same inputs and model: alternatives, levers, plants one by one"


def _read(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


if __name__ == "__main__":
    ACTIONS = {"keep": keep, "show": show}
    print(ACTIONS[sys.argv[1]](Path(sys.argv[2])))  # noqa: T201
