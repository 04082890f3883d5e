"""Studies: run one, go on with it, look how far it is, write its pages; open one and solve a point of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.errors import refuse_unknown
from planner.parallel import Workers, opened
from planner.results.store import file_name
from planner.results.study import StudyStatus
from planner.studies import run
from planner.studies.store import read_design, read_results


def study(
    study: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    workers: int | Workers = 1,
    progress: run.Tell = run.untold,
    *,
    case: Case | None = None,
    force: bool = False,
) -> Study:
    """Run a study into a folder, or go on with one.

    Parameters
    ----------
    study
        A study file, or a mapping with what one would hold. `uncertainties` is a list of mappings, each with a `name`, a
        `change` with `?` for the value, and a `range` of numbers or `values` (whole numbers and words: `values`). `design`
        says which points are solved, by its `kind`: `lhs` or `sobol` (`points`, `seed`), `grid`
        or `one_at_a_time` (`levels`), or `list` (`file`: a path or a DataFrame). models/studies/REFERENCE.md has
        every key.
    out
        Its folder; reports/studies/NAME if left out. What it holds already is not run again.
    workers
        Processes: this one for 1; for more a script calls this under `if __name__ == "__main__"`. Or those of a dask
        scheduler (`planner.on_scheduler`).
    progress
        Called with the status of the study whenever some points are done.
    case
        In place of the one that the study names.
    force
        Replace inputs of a former study even if somebody changed them since.

    Returns
    -------
    Study
        Its status and its tables, a row a point.

    Raises
    ------
    InputError
        For a study or a case with faults.
    RunFolderError
        For a folder that holds something else.
    StoppedError
        If no worker can be had any more.
    NotInstalledError
        For the design `sobol` without the extra `study`.

    Examples
    --------
    >>> money = {"name": "money", "change": "budgets.*.*.musd=x?", "range": [0.5, 1.5]}
    >>> asked = {"uncertainties": [money], "design": {"kind": "one_at_a_time"}}
    >>> study(asked, folder, case=case).status.statuses
    Counter({'optimal': 3})
    >>> more = study({**asked, "design": {"kind": "lhs", "points": 4, "seed": 1}}, folder, case=case)
    >>> more.table("results")["risk_musd"].size
    4
    """
    found, _, place = run.read_given(study, case)
    path = Path(f"{file_name(found.title) or place}.toml")
    if not isinstance(study, Mapping):
        path = Path(study)
    folder = default_out(path) if out is None else Path(out)
    with opened(workers) as who:
        status = run.run_points(study, folder, who, progress, case=case, force=force)
    return Study(folder, status)


TABLES = {"results": read_results, "design": read_design}
"""Tables of a study by name: what reads them from its folder."""


@dataclass(frozen=True, repr=False)
class Study:
    """A study in its folder, finished or running; `planner.study` runs one, `planner.open_study` opens one.

    `planner.solve(study.case_at(0))` is the plan of the first row; `planner.study_report(study.folder)` writes the page.

    Attributes
    ----------
    folder
        Where it is.
    status
        How many points have which status (`status.statuses`), and those without an optimum (`status.bad`).

    Examples
    --------
    >>> open_study(example_study).table("results")["status"].tolist()
    ['optimal', 'optimal', 'optimal']
    """

    folder: Path
    status: StudyStatus

    def __repr__(self) -> str:
        return f"Study{str(self.status).removeprefix('StudyStatus')}"

    @cached_property
    def case(self) -> Case:
        """The case as it is at the base."""
        return run.stored_case(self.folder)

    @property
    def tables(self) -> list[str]:
        """Names of its tables."""
        return list(TABLES)

    def table(self, name: str) -> pd.DataFrame:
        """A table of the study.

        Parameters
        ----------
        name
            `results`: a row for each row of the design, with its point, values, status and outcomes (in the unit that ends
            the name of each). `design`: the same with what is changed, as JSON. models/studies/REFERENCE.md says what their columns hold.

        Returns
        -------
        pandas.DataFrame
            A row a point; it has `.plot.scatter("money", "risk_musd")`.

        Raises
        ------
        InputError
            For an unknown name; it names the nearest.
        """
        refuse_unknown("study", "table", name, self.tables)
        return TABLES[name](self.folder)

    def case_at(self, point: str | int) -> Case:
        """The case at a point, which is named by its row in the design or by how its name begins."""
        return run.case_at(self.folder, str(point))


def open_study(folder: str | Path) -> Study:
    """A study from its folder, finished or running.

    Raises
    ------
    RunFolderError
        For a folder that holds no study.

    Examples
    --------
    >>> open_study(example_study).status.done
    3
    """
    folder = Path(folder)
    return Study(folder, run.status_of(folder))


def default_out(path: Path) -> Path:
    """reports/studies/NAME."""
    return Path("reports") / "studies" / path.stem
