"""Values that show themselves in a notebook: a headline, what they hold, where to look next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape


def shown(
    title: str, facts: Mapping[str, object], tables: Mapping[str, str], more: Sequence[str]
) -> str:
    """A value as HTML.

    title: one line. facts: name -> value. tables: heading -> HTML of a table, folded away. more: calls that tell more.
    """
    rows: list[str] = []
    for name, value in facts.items():
        rows.append(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>")
    parts = [f"<p><strong>{escape(title)}</strong></p>", f"<table>{''.join(rows)}</table>"]
    for heading, table in tables.items():
        parts.append(f"<details><summary>{escape(heading)}</summary>{table}</details>")
    calls = ", ".join(f"<code>{escape(call)}</code>" for call in more)
    parts.append(f"<p>Look next: {calls}</p>")
    return "\n".join(parts)
