"""A TOML file -> its values, and the line of each key."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import Fault, InputError, Rule

TOML_RULES: dict[str, Rule] = {
    "no-such-file": Rule("the file exists", "check the path"),
    "bad-toml": Rule("the file is TOML in UTF-8", "mend the line; texts need quotes, sections are [in brackets]"),
}
LONGEST_TOML = 2**20
"""Characters of a file."""
_DEEP_KEY = re.compile(r"""([\w"'-]+\s*\.\s*){50}""")
"""What takes a TOML parser memory that grows with the square of the parts."""
TomlKey = tuple[str | int, ...]
"""Parts of a dotted key; a number counts the entries of a list of sections from 0."""


@dataclass(frozen=True)
class Toml:
    """Values of a file, nested, and the line of each key as far as one can see it without parsing."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[TomlKey, int] = field(default_factory=dict)

    def line(self, key: Sequence[str | int]) -> int:
        """Line of a key, or of the nearest section or value that holds it; 0 if none is seen."""
        return next((self.lines[part] for n in range(len(key), 0, -1) if (part := tuple(key[:n])) in self.lines), 0)


def read_toml(path: Path, what: str) -> Toml:
    """Read a file; `what` it is, in words, for messages. Raises InputError, also for one made to exhaust a parser."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError([_fault("no-such-file", str(path), f"no such {what}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([_fault("bad-toml", str(path), f"cannot be read as UTF-8 text: {error}")]) from None
    said, line = "", 0
    if len(text) > LONGEST_TOML or _DEEP_KEY.search(text):
        said = "it is too long, or a key has too many parts"
    else:
        try:
            return Toml(tomllib.loads(text), _lines(text))
        except RecursionError:
            said = "its values are nested too deeply"
        except ValueError as error:
            said = str(error)
            if at := re.search(r" \(at line (\d+), column \d+\)", said):
                said, line = said.replace(at[0], ""), int(at[1])
    raise InputError([_fault("bad-toml", path.name, f"is not valid TOML: {said}", line)])


def _fault(rule: str, place: str, message: str, line: int = 0) -> Fault:
    return Fault(place, line, "", message, rule, remedy=TOML_RULES[rule].remedy)


def _lines(text: str) -> dict[TomlKey, int]:
    found: dict[TomlKey, int] = {}
    entries: Counter[TomlKey] = Counter()
    section: TomlKey = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[{1,2})\s*([\w.\"' -]+?)\s*\]", line):
            section = ()
            for part in _parts(header[2]):
                if entries[section]:
                    section = (*section, entries[section] - 1)
                section = (*section, part)
            found.setdefault(section, number)
            if header[1] == "[[":
                entries[section] += 1
                section = (*section, entries[section] - 1)
                found[section] = number
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            found.setdefault((*section, *_parts(key[1])), number)
    return found


def _parts(dotted: str) -> list[str]:
    return re.sub(r"[\"' ]", "", dotted).split(".")
