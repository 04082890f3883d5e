"""A study as a function: values of what is varied in, outcomes out. All that samplers and optimisers ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.errors import (
    Fault,
    InfeasibleError,
    InputError,
    PlannerError,
    StoppedError,
    did_you_mean,
)
from planner.results.study import unsaid
from planner.solving.engine import WHY, Engine, Question
from planner.solving.solution import Stop
from planner.studies.design import ends, misfit, numeric_ends
from planner.studies.outcomes import OwnOutcome, measure
from planner.studies.points import DesignRow, Settler, check_study
from planner.studies.run import open_case, read_given
from planner.studies.study_file import Correlated, Uncertainty, Value, named_outcomes

Errors = Literal["raise", "nan"]
"""What becomes of a point without an outcome: an error, or NaN."""
STOPPED = "stopped"
"""Column of a table: why a point has no outcome; '' where it has."""


class Experiment:
    """A study as a function of what it varies. Its design is not looked at.

    One program is kept and changed from call to call, so a call costs milliseconds on a small case; one thread or
    process uses it. It can be pickled: a process that gets one builds its own program. Raises InputError for names or
    values that the study does not have, InfeasibleError where no plan meets the goal, StoppedError where no optimum is
    proven.

    >>> experiment = Experiment("models/studies/starter.toml")
    >>> list(experiment.uncertainties)
    ['money', 'lead time']
    >>> outcomes = experiment(money=0.5)   # what is left out is as in the case
    >>> table = experiment.table([[0.5, 1], [2, 0]])   # a row for each point
    >>> case = experiment.case(money=0.5)   # to solve whole
    """

    def __init__(
        self,
        study: str | Path | Mapping[str, Any] | Case,
        *,
        case: Case | None = None,
        functions: Mapping[str, OwnOutcome] | None = None,
        **more: Any,
    ) -> None:
        """study: a study file, or what one would hold, paths seen from the working directory; or a case, with
        `uncertainties`, `levers`, `outcomes` and so on by name. case: one in memory that the study is about.
        functions: outcomes of the user's own, by name: a function of a `SolvedPoint`."""
        about = study if isinstance(study, Case) else case
        given = more if isinstance(study, Case) else study
        self._study, folder, _ = read_given(given, about)
        self._base = open_case(self._study, folder, about)
        self._functions = dict(functions or {})
        check_study(self._study, self._base, self._functions)
        named = [*named_outcomes(self._study), *self._functions]
        self._outcomes = tuple(dict.fromkeys(named))

    def __repr__(self) -> str:
        varied = ", ".join([*self._study.names, *self._study.lever_names])
        return f"Experiment({self._study.title!r}: {varied})"

    def __getstate__(self) -> dict[str, Any]:
        own = ("_engine", "_changer", "_settler")
        return {name: value for name, value in vars(self).items() if name not in own}

    @property
    def uncertainties(self) -> dict[str, tuple[Value, ...]]:
        """Uncertainties: both ends of the range of each, or all its values if they are listed."""
        found: dict[str, tuple[Value, ...]] = {}
        for uncertainty in self._study.uncertainties:
            listed = uncertainty.values
            found[uncertainty.name] = ends(uncertainty) if listed is None else tuple(listed)
        return found

    @property
    def declared(self) -> tuple[Uncertainty, ...]:
        """Uncertainties as declared, with their distributions."""
        return tuple(self._study.uncertainties)

    @property
    def correlated(self) -> tuple[Correlated, ...]:
        """Groups of uncertainties that move together."""
        return tuple(self._study.correlated)

    @property
    def levers(self) -> dict[str, tuple[str, ...]]:
        """Levers: the labels of the options of each."""
        found: dict[str, tuple[str, ...]] = {}
        for lever in self._study.levers:
            found[lever.name] = tuple(option.label for option in lever.options)
        return found

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of what a call gives."""
        return self._outcomes

    @property
    def problem(self) -> dict[str, Any]:
        """The uncertainties as SALib describes them, with their distributions.

        A list of values is a range of places, which `table` turns into the values. Raises InputError for a lognormal
        with a range, which SALib has not.
        """
        kinds, bounds = [], []
        for uncertainty in self._study.uncertainties:
            kind, its = _described(uncertainty)
            kinds.append(kind)
            bounds.append(its)
        names = self._study.names
        return {"num_vars": len(names), "names": names, "bounds": bounds, "dists": kinds}

    def values_at(self, rows: NDArray[np.float64]) -> pd.DataFrame:
        """Rows of a sample of SALib as points: the places of listed values become the values."""
        frame = pd.DataFrame(np.asarray(rows, dtype=float), columns=self._study.names)
        for uncertainty in self._study.uncertainties:
            listed = uncertainty.values
            if listed is not None:
                places = frame[uncertainty.name].astype(int).clip(0, len(listed) - 1)
                chosen = [listed[place] for place in places]
                frame[uncertainty.name] = pd.Series(chosen, dtype=object)
        return frame

    def case(self, **values: Value | None) -> Case:
        """The case at a point, checked like one that was read."""
        changes = self._settler.changes(self._row(values))
        return Question.of(*changes).on(self._changer)

    def __call__(self, **values: Value | None) -> dict[str, float]:
        """The outcomes of a point: 0 for what is not built, bought or short."""
        solved = self._engine.solve(self.case(**values))
        stop = solved.outcome.stop
        if stop is not Stop.OPTIMAL:
            said = f"at {values}: {WHY[stop]}"
            raise InfeasibleError([said]) if stop is Stop.INFEASIBLE else StoppedError(said)
        figures = measure(solved, self._functions)
        return {name: figures.get(name, unsaid(name)) for name in self._outcomes}

    def table(
        self,
        points: pd.DataFrame | NDArray[np.float64] | Sequence[Sequence[Value]],
        errors: Errors = "raise",
    ) -> pd.DataFrame:
        """The outcomes of many points, a row each, in their order; nearby points are cheap after one another.

        Parameters
        ----------
        points
            Columns are uncertainties, or levers too, by name; without names the uncertainties in their order. An
            array is a sample of `problem`, as SALib draws it.
        errors
            `nan` gives a point without an outcome NaN, and a column `stopped` says why.

        Returns
        -------
        pandas.DataFrame
            Points x outcomes, in the unit that ends the name of each.

        Raises
        ------
        InputError
            For names or values that the study does not have.
        InfeasibleError
            Where no plan meets the goal, unless `errors` is `nan`.
        StoppedError
            Where no optimum is proven, likewise.
        """
        if isinstance(points, np.ndarray):
            points = self.values_at(points)
        frame = points if isinstance(points, pd.DataFrame) else self._frame(points)
        cells = frame.astype(object).where(frame.notna(), None)
        rows: list[dict[str, Any]] = []
        for row in cells.to_dict("records"):
            values = {str(name): value for name, value in row.items()}
            try:
                rows.append({**self(**values), STOPPED: ""})
            except PlannerError as error:
                if errors == "raise":
                    raise
                rows.append({STOPPED: str(error)})
        columns = list(self._outcomes)
        if errors == "nan":
            columns.append(STOPPED)
        return pd.DataFrame(rows, index=frame.index, columns=columns)

    def _frame(self, rows: Sequence[Sequence[Value]]) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=self._study.names)

    def _row(self, values: Mapping[str, Value | None]) -> DesignRow:
        """A row of the design of values by name; what is left out is None, as in the case.

        Raises InputError for unknown names and values.
        """
        names = [*self._study.names, *self._study.lever_names]
        faults: list[Fault] = []
        for name in values:
            if name not in names:
                faults.append(Fault("values", 0, name, f"unknown{did_you_mean(name, names)}"))
        row: list[Value | None] = []
        for uncertainty in self._study.uncertainties:
            value = values.get(uncertainty.name)
            value = value.item() if isinstance(value, np.generic) else value
            why = misfit(uncertainty, value)
            if why:
                faults.append(Fault("values", 0, uncertainty.name, why))
            row.append(value)
        for name, labels in self.levers.items():
            label = values.get(name)
            row.append(labels[0] if label is None else label)
            if row[-1] not in labels:
                near = did_you_mean(str(label), labels)
                faults.append(Fault("values", 0, name, f"{label!r} is no option{near}"))
        if faults:
            raise InputError(faults)
        return tuple(row)

    @cached_property
    def _changer(self) -> Changer:
        return Changer(self._base)

    @cached_property
    def _settler(self) -> Settler:
        return Settler(self._study, self._base)

    @cached_property
    def _engine(self) -> Engine:
        return Engine(self._base, self._study.time_limit)


def _described(uncertainty: Uncertainty) -> tuple[str, list[float]]:
    """The distribution and the bounds that SALib has for an uncertainty."""
    if uncertainty.values is not None:
        return "unif", [0.0, float(len(uncertainty.values))]
    given = uncertainty.distribution
    low, high = numeric_ends(uncertainty)
    mean, spread = float(given.mean or 0.0), float(given.spread or 0.0)
    if given.kind == "uniform":
        return "unif", [low, high]
    if given.kind == "triangular":
        mode = float(given.mode or 0.0)
        return "triang", [low, high, (mode - low) / (high - low)]
    if given.kind == "normal" and uncertainty.range is None:
        return "norm", [mean, spread]
    if given.kind == "normal":
        return "truncnorm", [low, high, mean, spread]
    if uncertainty.range is None:
        return "lognorm", [float(np.log(mean)), spread]
    told = "is lognormal with a range, which SALib has not"
    remedy = "leave the range out, or take a `lhs` or `sobol` study"
    raise InputError([Fault("study", 0, uncertainty.name, told, remedy=remedy)])
