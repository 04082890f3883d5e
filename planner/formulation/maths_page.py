"""The specification a modeller reads, from the declarations of the program and of its symbols."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from planner.config.model_file import ModelFile
from planner.data.schema import BY_NAME
from planner.formulation.build import EQUATIONS, VARIABLES
from planner.formulation.model import Equation, Variable, cell
from planner.formulation.symbols import DATA, DERIVED, SETS, Symbol


def page() -> str:
    """The page as Markdown: the prose of maths_page.md, with defaults, symbols and equations as declared."""
    defaults = ", ".join(f"`{key}` {_shown(value)}" for key, value in ModelFile().flat().items() if _shown(value))
    text = files("planner.formulation").joinpath("maths_page.md").read_text(encoding="utf-8")
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
    for symbol in SETS:
        yield f"| ${symbol.latex}$ | {symbol.meaning} |"
    yield ""
    yield from ("### Data", "", "| symbol | from | unit there | meaning |", "| --- | --- | --- | --- |")
    for symbol in DATA:
        places = ", ".join(f"`{text}`" for text in symbol.cells)
        yield f"| ${symbol.latex}$ | {places} | {_unit(symbol)} | {symbol.meaning} |"
    yield ""
    yield from ("### Variables", "", "| symbol | name | unit | at most | meaning |", "| --- | --- | --- | --- | --- |")
    for variable in VARIABLES:
        limit = "free" if variable.free else f"${variable.limit}$" if variable.limit else ""
        yield f"| ${indexed(variable)}$ | `{variable.name}` | {variable.unit} | {limit} | {variable.meaning} |"
    yield ""
    yield "All are at least 0 but $y$, which is free."
    yield ""
    yield from ("### Derived", "")
    for symbol in DERIVED:
        yield f"{symbol.meaning[0].upper()}{symbol.meaning[1:]} ({symbol.unit}):"
        yield from _block(f"{symbol.latex} = {symbol.formula}")


def indexed(variable: Variable) -> str:
    """A variable with its index, on the trees of the page: accounts are those of histories."""
    letters = ",".join("n" if letter == "a" else letter for letter in variable.letters)
    return f"{variable.symbol}_{{{letters}}}" if letters else variable.symbol


def _unit(symbol: Symbol) -> str:
    units = []
    for table, column, _ in map(cell, symbol.cells):
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
