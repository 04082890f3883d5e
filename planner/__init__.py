"""Which mines, separation plants and people allies should pay for so that a rare-earth cut-off hurts least.

case = planner.load("inputs/allied-2026", model="models/base.toml")
plan = planner.solve(case)
plan.summary["risk_musd"], plan.table("investments")
plan.write("reports/allied-2026-base")

`dir(planner)` lists every public name; `help(planner.solve)` and so on has an example of each.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from planner.host import VERSION

__version__ = VERSION
"""As the newest heading of CHANGELOG.md says."""

if TYPE_CHECKING:
    from planner.api.business_case import business_case as business_case
    from planner.api.cases import load as load
    from planner.api.plans import Session as Session
    from planner.api.plans import chart as chart
    from planner.api.plans import open_run as open_run
    from planner.api.plans import plan_of as plan_of
    from planner.api.plans import solve as solve
    from planner.api.studies import Study as Study
    from planner.api.studies import open_study as open_study
    from planner.api.studies import study as study
    from planner.api.study_reports import study_report as study_report
    from planner.cluster import on_scheduler as on_scheduler
    from planner.config import ModelFile as ModelFile
    from planner.data.case import Case as Case
    from planner.data.change import Change as Change
    from planner.data.change import parse_change as parse_change
    from planner.errors import CaseWarning as CaseWarning
    from planner.errors import Fault as Fault
    from planner.errors import InfeasibleError as InfeasibleError
    from planner.errors import InputError as InputError
    from planner.errors import NotInstalledError as NotInstalledError
    from planner.errors import PlannerError as PlannerError
    from planner.errors import RunFolderError as RunFolderError
    from planner.errors import StoppedError as StoppedError
    from planner.evaluation.evaluate import evaluate as evaluate
    from planner.evaluation.scenario_losses import keep_draws as keep_draws
    from planner.explanation.compare import compare as compare
    from planner.explanation.coverage import coverage as coverage
    from planner.explanation.efficient_frontier import frontier as frontier
    from planner.explanation.explain import explain as explain
    from planner.formulation.pyomo_model import build_model as build_model
    from planner.results.later_year import advance as advance
    from planner.results.plan import Plan as Plan
    from planner.sampling.samples import sample as sample
    from planner.sharing.shares import shares as shares
    from planner.solving.row_labels import check_coefficients as check_coefficients

_HOME = {
    "Case": "planner.data.case",
    "CaseWarning": "planner.errors",
    "Change": "planner.data.change",
    "Fault": "planner.errors",
    "InfeasibleError": "planner.errors",
    "InputError": "planner.errors",
    "ModelFile": "planner.config",
    "NotInstalledError": "planner.errors",
    "Plan": "planner.api.plans",
    "PlannerError": "planner.errors",
    "RunFolderError": "planner.errors",
    "Session": "planner.api.plans",
    "StoppedError": "planner.errors",
    "Study": "planner.api.studies",
    "advance": "planner.results.later_year",
    "build_model": "planner.formulation.pyomo_model",
    "business_case": "planner.api.business_case",
    "chart": "planner.api.plans",
    "check_coefficients": "planner.solving.row_labels",
    "compare": "planner.explanation.compare",
    "coverage": "planner.explanation.coverage",
    "evaluate": "planner.evaluation.evaluate",
    "explain": "planner.explanation.explain",
    "frontier": "planner.explanation.efficient_frontier",
    "keep_draws": "planner.evaluation.scenario_losses",
    "load": "planner.api.cases",
    "on_scheduler": "planner.cluster",
    "open_run": "planner.api.plans",
    "open_study": "planner.api.studies",
    "parse_change": "planner.data.change",
    "plan_of": "planner.api.plans",
    "sample": "planner.sampling.samples",
    "shares": "planner.sharing.shares",
    "solve": "planner.api.plans",
    "study": "planner.api.studies",
    "study_report": "planner.api.study_reports",
}
"""Public name -> the module that has it."""

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


if not TYPE_CHECKING:  # else every name would pass for one of the package

    def __getattr__(name: str) -> Any:
        """A public name, imported when it is first used (PEP 562): the whole package would take seconds."""
        if name not in _HOME:
            near = import_module("planner.errors").did_you_mean(name, _HOME)
            raise AttributeError(f"module 'planner' has no attribute {name!r}{near}")
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Public names, for completion."""
    return __all__
