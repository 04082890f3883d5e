"""Plan: a case and its solution, as values. Nothing of the program inside; it can be pickled and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.errors import (
    Fault,
    InfeasibleError,
    InputError,
    PlannerError,
    StoppedError,
    refuse_unknown,
)
from planner.results.reader import read_amounts
from planner.results.scenario_amounts import PlanAmounts
from planner.results.tables import TableViews
from planner.results.typed import empty_table

if TYPE_CHECKING:  # which knows run folders, and these hold plans
    from planner.results.explanation import Explanation


NO_PLAN = "none, as there is no plan"


class Status(StrEnum):
    """The status that the summary states, and the exit code that goes with it."""

    OPTIMAL = "optimal"
    """An optimum; solver's and verifier's residuals are within tolerance."""
    INFEASIBLE = "infeasible"
    """No plan meets the goal."""
    TIME_LIMIT = "time_limit"
    """Stopped before an optimum was proven."""
    UNPROVEN = "unproven"
    """A point was found, but its certificate or verification does not hold."""

    @property
    def exit_code(self) -> int:
        """0 done, 3 infeasible, 4 stopped before optimal."""
        return {Status.OPTIMAL: 0, Status.INFEASIBLE: 3}.get(self, 4)


def _no_writer(plan: Plan, folder: Path, force: bool) -> Path:
    raise PlannerError(
        f"{folder}: not written: `import planner.api.plans` first, which makes the reports"
    )


@dataclass(frozen=True, repr=False, eq=False)
class Plan:
    """A case and its solution.

    case: the case. status: `optimal`, `infeasible`, .. summary: figures by name, as in summary.json (MUSD, tonnes,
    persons). tables: result tables by name; table(name): a copy of one. write(folder): the run folder with reports,
    which `planner.open_run` reads. Figures of a plan are functions of it (`planner.results.figures`).

    >>> plan.table("investments")["project"].unique().tolist()
    ['coast_plant', 'desert_mine', 'metal_works']
    >>> sorted(plan.tables)[:4]
    ['capacity', 'investments', 'operations', 'origins']
    >>> plan.summary["without_plan"]["risk_musd"] > plan.summary["risk_musd"]
    True
    """

    writer: ClassVar[Callable[[Plan, Path, bool], Path]] = _no_writer
    """Writes a run folder with its pages. `planner.api.plans` sets it: results do not know reports."""

    case: Case
    status: Status
    summary: dict[str, Any]
    tables: Mapping[str, pd.DataFrame]
    point: NDArray[np.float64] | None = None
    """Of each phase the columns and row duals of the whole program (phases, n + m), at which a later solve begins."""
    explanation: Explanation | None = None
    """What `explain` answered of this plan, if it was asked."""
    evaluation: dict[str, Any] | None = None
    """As evaluation.json beside it has it, if `evaluate` was asked."""

    def __repr__(self) -> str:
        parts = [self.case.name, self.status.value]
        if self.tables:
            for name in ("risk", "cost"):
                parts.append(f"{name} {self.summary[f'{name}_musd']:,.0f} MUSD")
        reasons = self.summary.get("reasons", ())
        return "".join([f"Plan({', '.join(parts)})", *(f"\n  {reason}" for reason in reasons)])

    def __getstate__(self) -> dict[str, Any]:
        """Fields alone: figures that are kept with a plan are not sent along."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def amounts(self) -> PlanAmounts:
        """What is done, bought, lacking and paid: of its solution, or as its tables say it."""
        tables = self.tables
        return tables.amounts if isinstance(tables, TableViews) else read_amounts(self.case, tables)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table.

        Parameters
        ----------
        name
            `investments`, `capacity`, `training`, `workforce`, `operations`, `shortfall`, `stocks`, `spending`,
            `payments`, `shadow_prices`, `origins` or, where stock is scheduled, `purchases`; `list(plan.tables)`
            has the names.

        Returns
        -------
        pandas.DataFrame
            The unit of a column ends its name (t, tpa, musd); reports/README.md says what columns hold.

        Raises
        ------
        InputError
            For an unknown name; it names the nearest.
        """
        refuse_unknown("plan", "table", name, self.tables, none=NO_PLAN)
        return self.tables[name].copy()

    def rows(self, name: str) -> pd.DataFrame:
        """A result table, not to be changed; empty where the run does not have it."""
        return self.tables[name] if name in self.tables else empty_table(name)

    def write(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the run folder, whole or not at all, reports included.

        Parameters
        ----------
        folder
            Where to.
        force
            Replace an older run even if somebody added or changed files in it.

        Returns
        -------
        Path
            The folder, which `planner.open_run` reads.

        Raises
        ------
        RunFolderError
            For a folder that holds something else.
        """
        return Plan.writer(self, Path(folder), force)

    @property
    def title(self) -> str:
        """Name of the case; a run folder read back calls its own copy `inputs`."""
        return str(self.summary.get("case", self.case.name))

    @property
    def solved(self) -> bool:
        """There is a plan."""
        return "risk_musd" in self.summary

    @property
    def years(self) -> list[int]:
        """Years of the plan."""
        return list(self.case.years)

    @property
    def weights(self) -> Mapping[str, float]:
        """Probability of each scenario."""
        return self.case.scenarios

    @property
    def compared(self) -> bool:
        """The run states its figures without a plan."""
        return "without_plan" in self.summary

    @property
    def without(self) -> Mapping[str, Any]:
        """Figures of the case without a plan; empty if not solved for."""
        without: Mapping[str, Any] = self.summary.get("without_plan", {})
        return without


def refuse_own_rules(plan: Plan, work: str, *, fixed: bool = False) -> None:
    """Raise InputError for a plan with own Pyomo rules that some work does not apply.

    work: what the message names, such as `explain`. fixed: the work keeps all decisions of the plan, so that rules on
    decisions hold.
    """
    rules = plan.summary.get("own_rules_on_operation" if fixed else "own_rules")
    if rules:
        message = f"{work} does not apply these own rules of the plan"
        remedy = "use a plan without them"
        if fixed:
            message += ", which are on stock or operation"
            remedy += ", or with rules on decisions alone"
        raise InputError([Fault("RUN", 0, ", ".join(rules), message, remedy=remedy)])


def no_plan(plan: Plan, name: str) -> PlannerError:
    """The error of a run that ended without a proven plan, with the reasons where no plan is feasible."""
    said = f"{name}: holds no proven plan ({plan.status})"
    if plan.status is Status.INFEASIBLE:
        return InfeasibleError([said, *plan.summary.get("reasons", ())])
    return StoppedError(said)
