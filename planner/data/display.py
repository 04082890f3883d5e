"""Values that show themselves in a notebook: a headline, facts, tables, where to look next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape


def shown(
    title: str, facts: Mapping[str, object], tables: Mapping[str, str], more: Sequence[str]
) -> str:
    """A value as HTML.

    title: one line. facts: name -> value. tables: heading -> HTML of a table, folded away. more: calls that tell more.
    """
    rows = ""
    for name, value in facts.items():
        heading, cell = escape(name), escape(str(value))
        rows += f"<tr><th>{heading}</th><td>{cell}</td></tr>"
    lines = [f"<p><strong>{escape(title)}</strong></p>", f"<table>{rows}</table>"]
    for name, table in tables.items():
        summary = f"<summary>{escape(name)}</summary>"
        lines.append(f"<details>{summary}{table}</details>")
    calls = ", ".join(f"<code>{escape(call)}</code>" for call in more)
    lines.append(f"<p>Look next: {calls}</p>")
    return "\n".join(lines)
