"""Modules imported when they are first needed: of packages that an extra brings, and of some that take as long to load as a
case does. It is the third place where an import may be late, after the public names of `planner` and the command chosen.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from planner.errors import NotInstalledError

EXTRAS = {
    "SALib": "study",
    "sklearn": "study",
    "pyarrow": "parquet",
    "distributed": "cluster",
    "typst": "pdf",
    "vl_convert": "pdf",
}
"""Package that the planner can do without -> the extra that brings it."""
CHECKOUT = Path(__file__).parents[1]
"""Where the project stands, if it was not installed from a wheel."""


def late(module: str) -> Any:
    """A module, by its full name. Raises NotInstalledError, which says what to install."""
    package = module.partition(".")[0]
    remedy = missing(package)
    if remedy:
        raise NotInstalledError(remedy)
    return import_module(module)


def missing(*packages: str) -> str:
    """What to install where one of some packages is not there; '' where all are."""
    extras: list[str] = []
    for package in packages:
        if package in EXTRAS and find_spec(package) is None and EXTRAS[package] not in extras:
            extras.append(EXTRAS[package])
    if not extras:
        return ""
    wanted = ",".join(extras)
    if (CHECKOUT / "pyproject.toml").is_file():
        how = f"pip install -e '.[{wanted}]' in the checkout"
    else:
        how = f"pip install 'WHEEL[{wanted}]', WHEEL being the file that the planner was installed from"
    return f"needs the extra `{wanted}`: {how}"
