"""Which mines, separation plants and people allies should pay for so that a rare-earth cut-off hurts least.

case = planner.load("inputs/allied-2026", model="models/base.toml")
plan = planner.solve(case)
plan.summary["risk_musd"], plan.table("investments")
plan.write("reports/allied-2026-base")
"""

from planner import ctrl_c  # noqa: F401 - first, so that Ctrl-C is heard while the rest is imported
from planner.api import Plan, Session, open_run, solve
from planner.config.model_file import ModelFile
from planner.data.case import Case
from planner.data.load import load
from planner.errors import Fault, InfeasibleError, InputError, PlannerError, RunFolderError, StoppedError
from planner.studies.run import study

__all__ = [
    "Case",
    "Fault",
    "InfeasibleError",
    "InputError",
    "ModelFile",
    "Plan",
    "PlannerError",
    "RunFolderError",
    "Session",
    "StoppedError",
    "load",
    "open_run",
    "solve",
    "study",
]
