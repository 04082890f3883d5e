"""Examples in docstrings are code on the site, with no word in them read as a link."""

from __future__ import annotations

import re
from typing import Any

import griffe

_SECTION = re.compile(r"^Examples\n-+$", re.MULTILINE)
_EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\n|\Z).*)*", re.MULTILINE)


class DoctestBlocks(griffe.Extension):
    """Fences around each example of a docstring."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the examples of one class, function or module."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    r"""A docstring whose examples stand between fences.

    >>> fenced("Twice.\n\n>>> 2 * 2\n4").count("```")
    2
    """
    if _SECTION.search(text):  # which is code by itself
        return text
    return _EXAMPLE.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```", text)
