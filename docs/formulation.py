"""`models/formulation.md`: the prose of formulation.md, with defaults, symbols and equations as declared."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planner.config import ModelFile
from planner.data.schema import BY_NAME
from planner.formulation.declared import EQUATIONS, VARIABLES
from planner.formulation.model import Equation, Variable, cell

HERE = Path(__file__).parent
SYMBOLS = tomllib.loads((HERE / "symbols.toml").read_text(encoding="utf-8"))
"""Rows of the page's symbols: `sets`, `data` with their cells, and what is `derived` of data and variables."""


def formulation_page() -> str:
    """The specification that a modeller reads."""
    defaults = ", ".join(f"`{key}` {_shown(value)}" for key, value in ModelFile().flat().items() if _shown(value))
    text = (HERE / "formulation.md").read_text(encoding="utf-8")
    parts = {"defaults": [defaults], "symbols": _symbols(), "equations": _equations()}
    for name, lines in parts.items():
        text = text.replace(f"[[{name}]]", "\n".join(lines).strip())
    return text


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)


def _symbols() -> Iterator[str]:
    yield from ("## Symbols", "", "### Sets and indices", "", "| symbol | meaning |", "| --- | --- |")
    for latex, meaning in SYMBOLS["sets"]:
        yield f"| ${latex}$ | {meaning} |"
    yield ""
    yield from ("### Data", "", "| symbol | from | unit there | meaning |", "| --- | --- | --- | --- |")
    for latex, meaning, *cells in SYMBOLS["data"]:
        places = ", ".join(f"`{text}`" for text in cells)
        yield f"| ${latex}$ | {places} | {_unit(cells)} | {meaning} |"
    yield ""
    yield from ("### Variables", "", "| symbol | name | unit | at most | meaning |", "| --- | --- | --- | --- | --- |")
    for variable in VARIABLES:
        limit = "free" if variable.free else f"${variable.limit}$" if variable.limit else ""
        yield f"| ${indexed(variable)}$ | `{variable.name}` | {variable.unit} | {limit} | {variable.meaning} |"
    yield ""
    yield "All are at least 0 but $y$, which is free."
    yield ""
    yield from ("### Derived", "")
    for latex, meaning, unit, formula in SYMBOLS["derived"]:
        yield f"{meaning[0].upper()}{meaning[1:]} ({unit}):"
        yield from _block(f"{latex} = {formula}")


def indexed(variable: Variable) -> str:
    """A variable with its index, on the trees of the page: accounts are those of histories."""
    letters = ",".join("n" if letter == "a" else letter for letter in variable.letters)
    return f"{variable.symbol}_{{{letters}}}" if letters else variable.symbol


def _unit(cells: list[str]) -> str:
    units = []
    for table, column, _ in map(cell, cells):
        extra: Any = BY_NAME[table].row.model_fields[column].json_schema_extra if table != "model" else {"unit": ""}
        units.append(str(extra["unit"]))
    return ", ".join(dict.fromkeys(unit for unit in units if unit))


def _block(latex: str) -> Iterator[str]:
    yield from ("", "```math", latex, "```", "")


def _equations() -> Iterator[str]:
    for equation in EQUATIONS:
        yield f"### `{equation.name}`"
        yield ""
        yield f"{equation.meaning[0].upper()}{equation.meaning[1:]}{_each(equation)}. In `{equation.rule.__module__}`."
        yield from _block(equation.latex)


def _each(equation: Equation) -> str:
    return f", for every {equation.each}" if equation.each else ""
