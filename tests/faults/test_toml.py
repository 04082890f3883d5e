"""Where the keys of a model or study file stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.config import read_toml

TEXT = """name = "x"
set = { "policy.coordination" = "national" }

[[levers]]
name = "a"
[[levers.options]]
label = "first"
[[levers.options]]
label = "second"
changes = [
  { key = "discount_rate", value = 3 },
]
[[levers]]
[ design . "inner" ]
kind = "lhs"
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("name",), 1),
        (("set", "policy.coordination"), 2),
        (("levers",), 4),
        (("levers", 0, "name"), 5),
        (("levers", 0, "options", 0, "label"), 7),
        (("levers", 0, "options", 1, "label"), 9),
        (("levers", 0, "options", 1, "changes", 0, "value"), 10),
        (("levers", 1, "name"), 13),
        (("design", "inner", "kind"), 15),
        (("nothing",), 0),
    ],
)
def test_the_line_of_a_key_is_its_own_or_that_of_what_holds_it(
    tmp_path: Path, key: tuple[str | int, ...], line: int
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert read_toml(path, "study file").line(key) == line
