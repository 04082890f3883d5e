"""The page that draws the house is held against the imports, the contract and the names it mentions."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache, reduce
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import planner
from planner.reporting.pages.run import render_page, report_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "planner" / "README.md").read_text(encoding="utf-8")
ARROWS = set(re.findall(r"^    (\w+) --> (\w+)$", PAGE, flags=re.MULTILINE))
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
][0]["layers"]
LEVEL = {
    room: depth
    for depth, rooms in enumerate(CONTRACT)
    for room in re.findall(r"planner\.(\w+)", rooms)
}
ROOMS = {
    path.stem
    for path in (ROOT / "planner").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
}
ROOMS -= {"__init__", "__main__"}  # doors, not rooms


@cache
def imports() -> list[tuple[str, str, str]]:
    """(room, room it imports, file), all that there are."""
    found = []
    for path in sorted((ROOT / "planner").rglob("*.py")):
        here = path.relative_to(ROOT / "planner").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [
                    node.module or "",
                    *(f"{node.module}.{alias.name}" for alias in node.names),
                ]
            else:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for there in {
                name.split(".")[1] for name in names if name.startswith("planner.")
            } & ROOMS - {here}:
                if here in ROOMS:
                    found.append((here, there, str(path.relative_to(ROOT))))
    return found


def below(room: str) -> set[str]:
    """Rooms that arrows lead to."""
    direct = {there for here, there in ARROWS if here == room}
    return direct.union(*(below(one) for one in direct))


def test_every_room_is_drawn_and_told() -> None:
    assert {room for arrow in ARROWS for room in arrow} == ROOMS == set(LEVEL)
    told = {
        name
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line[:70])
    }
    assert told >= ROOMS


def test_arrows_lead_down_the_layers_of_the_contract() -> None:
    assert [arrow for arrow in sorted(ARROWS) if LEVEL[arrow[0]] >= LEVEL[arrow[1]]] == []


def test_no_import_leaves_the_arrows() -> None:
    under = {room: below(room) for room in ROOMS}
    assert (
        sorted({(here, there, path) for here, there, path in imports() if there not in under[here]})
        == []
    )


def test_every_arrow_is_an_import() -> None:
    """What a room takes from the roof, `import planner`, comes from `api`."""
    used = {(here, there) for here, there, _ in imports()}
    for room in ROOMS:
        for path in (ROOT / "planner" / room).rglob("*.py"):
            if re.search(r"^import planner$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
                used.add((room, "api"))
    assert sorted(ARROWS - used) == []


def test_every_function_of_the_walk_exists() -> None:
    names = set(re.findall(r"`(planner(?:\.\w+){2,})`", PAGE.partition("## From ")[2]))
    assert len(names) >= 15
    for name in names:
        parts = name.split(".")
        at = max(i for i in range(2, len(parts) + 1) if is_module(parts[:i]))
        reduce(getattr, parts[at:], import_module(".".join(parts[:at])))


def test_a_row_becomes_a_number_by_the_functions_of_its_walk() -> None:
    """At most 25 of them in 16 files; and each is called on the way, or the page tells of another way."""
    walk = PAGE.partition("## From a row")[2].partition("\n## ")[0]
    names = re.findall(r"^\| `(planner[\w.]+)`", walk, flags=re.MULTILINE)
    codes = {inspect.unwrap(named(name)).__code__: name for name in names}
    assert 15 <= len(names) <= 25
    assert len({code.co_filename for code in codes}) <= 16
    called: set[CodeType] = set()

    def seen(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    sys.setprofile(seen)
    try:
        plan = planner.solve(planner.load(ROOT / "inputs" / "starter"), baseline=False)
        render_page(report_of(plan))
    finally:
        sys.setprofile(None)
    assert [name for code, name in codes.items() if code not in called] == []


def named(name: str) -> Any:
    """The function of a dotted name; of a property that is kept, its function."""
    parts = name.split(".")
    at = max(i for i in range(2, len(parts) + 1) if is_module(parts[:i]))
    *owners, last = parts[at:]
    owner = reduce(getattr, owners, import_module(".".join(parts[:at])))
    found = inspect.getattr_static(owner, last) if owners else getattr(owner, last)
    return getattr(found, "func", getattr(found, "__func__", found))


def is_module(parts: list[str]) -> bool:
    path = ROOT.joinpath(*parts)
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def meanings() -> Iterator[tuple[str, str]]:
    """(name of a type, what it means): classes, and names for types made of others."""
    for path in sorted((ROOT / "planner").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, str(path)
            elif isinstance(node, ast.Assign) and re.fullmatch(
                r"[A-Z][A-Za-z]*[a-z][A-Za-z]*", ast.unparse(node.targets)
            ):
                yield ast.unparse(node.targets), ast.unparse(node.value)


def test_the_name_of_a_type_means_one_thing() -> None:
    known: dict[str, set[str]] = {}
    for name, meaning in meanings():
        known.setdefault(name, set()).add(meaning)
    assert len(known) > 300
    assert {name: found for name, found in known.items() if len(found) > 1} == {}


def test_functions_are_short() -> None:
    long = []
    for path in sorted((ROOT / "planner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > 85:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {length} lines")
    assert long == []


LATE = {"__init__.py", "cli/__init__.py", "late.py"}
"""Where a module may be imported by name: public names, the module of a command, and `late`."""


def test_a_module_is_imported_late_at_three_doors_alone() -> None:
    found = set()
    for path in (ROOT / "planner").rglob("*.py"):
        if re.search(r"\bimport_module\b|\b__import__\b", path.read_text(encoding="utf-8")):
            found.add(path.relative_to(ROOT / "planner").as_posix())
    assert found == LATE
