"""What is made of a study: its pages and tables."""

from __future__ import annotations

from pathlib import Path

from planner.reporting.pages.study import write_report
from planner.studies.analysis import analyse


def study_report(folder: str | Path) -> Path:
    """Write report.html and tables/*.csv of a study, finished or running.

    Parameters
    ----------
    folder
        Of the study.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunFolderError
        For a folder that holds no study.

    Examples
    --------
    >>> study_report(example_study).name
    'report.html'
    """
    folder = Path(folder)
    write_report(analyse(folder), folder)
    return folder / "report.html"
