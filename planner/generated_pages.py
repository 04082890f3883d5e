"""Write the pages that are generated from the code: `python -m planner.generated_pages` in a checkout."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import planner
from planner.config.model_file import ModelFile
from planner.data.describe import datapackage, dictionary
from planner.data.load import load
from planner.data.schema import BY_NAME
from planner.formulation.declared import EQUATIONS, VARIABLES
from planner.formulation.model import Equation, Variable, cell
from planner.results.schema import results_page
from planner.studies.reference import reference_page

SYMBOLS = tomllib.loads(files("planner.formulation").joinpath("symbols.toml").read_text(encoding="utf-8"))
"""Rows of the page's symbols: `sets`, `data` with their cells, and what is `derived` of data and variables."""
BEGIN, END = "<!-- generated: tables -->", "<!-- end of generated part -->"


def pages(root: Path) -> dict[Path, str]:
    """Each generated page and what it should hold, given the checkout at `root`."""
    inputs = root / "inputs" / "README.md"
    real = root / "inputs" / "allied-2026"
    before, _, rest = inputs.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        root / "models" / "formulation.md": formulation_page(),
        root / "models" / "studies" / "REFERENCE.md": reference_page(),
        inputs: f"{before}{BEGIN}\n\n{dictionary()}\n{END}{after}",
        root / "reports" / "README.md": results_page(),
        root / "planner" / "API.md": public_names(),
        real / "datapackage.json": json.dumps(package_of(real), indent=1) + "\n",
    }


def package_of(folder: Path) -> dict[str, Any]:
    """Frictionless data package of the real case: what may be done with it, and the columns of each table."""
    found = datapackage(folder.name, load(folder).origin.headers)
    about = {
        "title": "Allied heavy rare earths: plants from mine to magnet, use, trade, people, money, hazards",
        "version": "2.0",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    }
    return {"name": found["name"], **about, **{key: found[key] for key in ("profile", "resources")}}


def public_names() -> str:
    """Markdown: every name of `planner.__all__` with its signature, its docstring and its public members."""
    head = (
        "# Public names\n\nGenerated from the docstrings by `make docs`. Everything else may change without notice.\n"
    )
    parts = [head]
    for name in sorted(planner.__all__, key=lambda one: (one[0].isupper(), one)):
        value = getattr(planner, name)
        plain = isinstance(value, type) and issubclass(value, BaseModel | Exception)
        call = "" if plain else f"```\n{name}{_signature(value)}\n```\n\n"
        parts.append(f"## `planner.{name}`\n\n{call}{inspect.getdoc(value)}\n")
        if isinstance(value, type):
            listed = [f"- `{member}`: {' '.join(text.split())}\n" for member, text in _members(value)]
            parts += ["".join(listed)] if listed else []
    return "\n".join(parts)


def _signature(value: Any) -> str:
    """Parameters and result, annotations without quotes, functions as defaults by their names."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(value)))
    return re.sub(r"<function (\w+) at \w+>", r"\1", text).replace("(self, ", "(").replace("(self)", "()")


def _members(value: type) -> Iterator[tuple[str, str]]:
    """Public fields, properties and methods that our own code declares, with a line that says what each is."""
    if issubclass(value, BaseModel):
        for name, field in value.model_fields.items():
            yield name, field.description or f"see {getattr(field.annotation, '__name__', field.annotation)}"
    for one in inspect.classify_class_attrs(value):
        ours = one.defining_class.__module__.startswith("planner") and not one.name.startswith(("_", "model_"))
        member = getattr(value, one.name, None)
        if ours and (callable(member) or isinstance(member, property | cached_property)):
            call = _signature(member) if callable(member) else ""
            yield one.name + call, inspect.getdoc(member) or ""


def formulation_page() -> str:
    """The specification a modeller reads: the prose of maths_page.md, with defaults, symbols, equations as declared."""
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


def main() -> None:
    """Write the pages."""
    for path, text in pages(Path(__file__).parents[1]).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
