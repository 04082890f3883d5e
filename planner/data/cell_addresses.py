"""Which rows an address means, and probabilities that make room for those that were changed.

Study files name cells in this way, and so does the table `uncertainties` of a case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from planner.data.cells import Quarter, Row, text_of
from planner.data.schema import Scenario
from planner.errors import Fault, InputError

Wanted = str | int | Sequence[str]
"""What a cell must be: `dy`, `s1*`, `dy;tb` or a list; for numbers also `2030..2035`."""


def matching(rows: Sequence[Row], where: Mapping[str, Wanted]) -> list[int]:
    """Positions of the rows whose cells all fit. Columns must exist."""
    return [i for i, row in enumerate(rows) if all(fits(getattr(row, name), w) for name, w in where.items())]


def conditions(text: str) -> dict[str, str]:
    """`stage=metal & country=JPN;KOR` -> column: what its cells must be. Raises ValueError where there is no `=`."""
    parts = [part.partition("=") for part in text.split("&")] if text.strip() else []
    if not all(sign and name.strip() for name, sign, _ in parts):
        raise ValueError(f'"{text}" is not of the form column=value, joined by &')
    return {name.strip(): wanted.strip() for name, _, wanted in parts}


def fits(cell: object, wanted: Wanted) -> bool:
    """Whether a cell is one of what is wanted."""
    return any(is_one(cell, option) for option in options(wanted))


def options(wanted: Wanted) -> list[str]:
    """The alternatives, one by one."""
    if isinstance(wanted, int):
        return [str(wanted)]
    return [part.strip() for part in wanted.split(";")] if isinstance(wanted, str) else list(wanted)


def is_number(value: object) -> bool:
    """Whether a cell holds a number (a flag is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_one(cell: object, option: str) -> bool:
    """Whether a cell is this alternative."""
    return _between(cell, option) or fnmatchcase(text_of(cell), option)


def _between(cell: object, option: str) -> bool:
    low, dots, high = option.partition("..")
    figure = cell.year if isinstance(cell, Quarter) else cell
    if not dots or not is_number(figure):
        return False
    try:
        return float(low) <= float(str(figure)) <= float(high)
    except ValueError:
        return False


def with_room(rows: Sequence[Scenario], moved: set[int]) -> list[Scenario]:
    """Scenarios of which some have new probabilities; the others make room in proportion, so that all sum to 1.

    Raises InputError if those that were set sum to more than 1.
    """
    given = sum(row.probability for i, row in enumerate(rows) if i in moved)
    rest = sum(row.probability for i, row in enumerate(rows) if i not in moved)
    if given > 1 + 1e-9:
        raise InputError([Fault("scenarios.csv", 0, "probability", f"those set sum to {given:g}, more than 1")])
    if rest <= 0:
        return list(rows)
    share = max(0.0, 1.0 - given) / rest
    return [
        row if i in moved else row.model_copy(update={"probability": row.probability * share})
        for i, row in enumerate(rows)
    ]
