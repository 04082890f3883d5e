"""A study as a function: values of what is varied in, outcomes out. All that samplers and optimisers ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.errors import Fault, InfeasibleError, InputError, StoppedError, did_you_mean
from planner.results.study import unsaid
from planner.solving.goals import silent
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies.design import ends, misfit
from planner.studies.outcomes import Formula
from planner.studies.points import DesignRow, PointChanger, Settler, check_study
from planner.studies.run import open_case, read_given
from planner.studies.study_file import Value, named_outcomes
from planner.studies.worker import WHY, expressions_of, figures_of


class Experiment:
    """A study as a function of what it varies. Its design is not looked at.

    experiment = planner.Experiment("models/studies/starter.toml")
    experiment(money=0.5)                       # {"risk_musd": .., "cost_musd": ..}: the outcomes of the study
    experiment(**{"lead time": 2})              # what is left out is as in the case, or the first option of a lever
    experiment.table([[0.5, 1], [2.0, 0]])      # a row for each point, the uncertainties in their order
    planner.solve(experiment.case(money=0.5))   # the whole plan of a point

    One program is kept and changed from call to call, so a call costs milliseconds on a small case; one thread or
    process uses it. It can be pickled: a process that gets one builds its own program. Raises InputError for names or
    values that the study does not have, InfeasibleError where no plan meets the goal, StoppedError where no optimum is
    proven.
    """

    def __init__(self, study: str | Path | Mapping[str, Any]) -> None:
        """study: a study file, or what one would hold, paths seen from the working directory."""
        self._study, folder, place = read_given(study)
        self._base = open_case(self._study, folder)
        check_study(self._study, self._base, place)
        self._outcomes = tuple(dict.fromkeys(named_outcomes(self._study)))

    def __repr__(self) -> str:
        return (
            f"Experiment({self._study.title!r}: {', '.join([*self.uncertainties, *self.levers])})"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in vars(self).items()
            if name not in ("_live", "_changer", "_settler")
        }

    @property
    def uncertainties(self) -> dict[str, tuple[Value, ...]]:
        """What is not ours to choose: both ends of its range, or all its values if they are listed."""
        return {
            u.name: tuple(u.values) if u.values is not None else ends(u)
            for u in self._study.uncertainties
        }

    @property
    def levers(self) -> dict[str, tuple[str, ...]]:
        """What is: the labels of its options."""
        return {
            lever.name: tuple(option.label for option in lever.options)
            for lever in self._study.levers
        }

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of what a call gives."""
        return self._outcomes

    @property
    def problem(self) -> dict[str, Any]:
        """The uncertainties as SALib describes them; raises InputError if one has no range."""
        listed = [u.name for u in self._study.uncertainties if u.values is not None]
        if listed:
            told = "has listed values; samplers of SALib draw from ranges"
            raise InputError(Fault("study", 0, name, told) for name in listed)
        return {
            "names": list(self.uncertainties),
            "bounds": [list(range_) for range_ in self.uncertainties.values()],
        }

    def case(self, **values: Value | None) -> Case:
        """The case at a point, checked like one that was read."""
        return self._changer.apply(self._settler.settings(self._row(values)))

    def __call__(self, **values: Value | None) -> dict[str, float]:
        """The outcomes of a point: 0 for what is not built, bought or short, NaN for an expression without a value."""
        case = self.case(**values)
        self._live.update(case)
        found = self._live.solve(silent)
        if found.stop is not Stop.OPTIMAL:
            told = f"at {values}: {WHY[found.stop]}"
            raise InfeasibleError([told]) if found.stop is Stop.INFEASIBLE else StoppedError(told)
        figures = figures_of(self._live, found, self._expressions)
        return {name: figures.get(name, unsaid(name)) for name in self._outcomes}

    def table(self, points: pd.DataFrame | Sequence[Sequence[Value]]) -> pd.DataFrame:
        """The outcomes of many points, a row each, in their order; nearby points are cheap after one another.

        points: columns are uncertainties, or levers too, by name; without names the uncertainties in their order.
        """
        frame = (
            points
            if isinstance(points, pd.DataFrame)
            else pd.DataFrame(points, columns=list(self.uncertainties))
        )
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        return pd.DataFrame(
            [self(**{str(k): v for k, v in row.items()}) for row in rows], index=frame.index
        )

    def _row(self, values: Mapping[str, Value | None]) -> DesignRow:
        names = [*self.uncertainties, *self.levers]
        faults = [
            Fault("values", 0, n, f"unknown{did_you_mean(n, names)}")
            for n in values
            if n not in names
        ]
        row: list[Value | None] = []
        for u in self._study.uncertainties:
            value = values.get(u.name)
            value = value.item() if isinstance(value, np.generic) else value
            if value is not None and (why := misfit(u, value)):
                faults.append(Fault("values", 0, u.name, why))
            row.append(value)
        for name, labels in self.levers.items():
            label = values.get(name)
            row.append(labels[0] if label is None else label)
            if row[-1] not in labels:
                faults.append(
                    Fault(
                        "values",
                        0,
                        name,
                        f"{label!r} is no option{did_you_mean(str(label), labels)}",
                    )
                )
        if faults:
            raise InputError(faults)
        return tuple(row)

    @cached_property
    def _expressions(self) -> Mapping[str, Formula]:
        return expressions_of(self._base, self._study.expressions)

    @cached_property
    def _changer(self) -> PointChanger:
        return PointChanger(self._base)

    @cached_property
    def _settler(self) -> Settler:
        return Settler(self._study, self._base)

    @cached_property
    def _live(self) -> LiveProgram:
        return LiveProgram(self._base, self._study.time_limit)
