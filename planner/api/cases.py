"""Cases for scripts: read one, and be warned of what is probably not meant."""

from __future__ import annotations

import warnings
from pathlib import Path

from planner.config import ModelFile
from planner.data.case import Case
from planner.data.load import checked_case
from planner.data.warnings import warnings_of
from planner.errors import CaseWarning


def load(path: str | Path, model: str | Path | ModelFile | None = None) -> Case:
    """Read and check a case.

    Parameters
    ----------
    path
        A folder of CSV tables, or one .xlsx workbook.
    model
        A TOML file or a `ModelFile`. Left out: `model.toml` in the folder (or the sheet `model`), else the defaults.

    Returns
    -------
    Case
        The case, which never changes: `case.changed(..)` gives another one.

    Raises
    ------
    InputError
        With every fault found.

    Warns
    -----
    CaseWarning
        Once, where something is valid and yet probably not meant; `case.warnings` is the list.

    Examples
    --------
    >>> load("inputs/starter").changed("objective.tail=0.8").model.objective.tail
    0.8
    """
    case = checked_case(path, model)
    found = warnings_of(case)
    if found:
        count = "1 thing is" if len(found) == 1 else f"{len(found)} things are"
        told = (
            f"{case.name}: {count} probably not meant; the first: {found[0]}; case.warnings has all"
        )
        warnings.warn(told, CaseWarning, stacklevel=2)
    return case
