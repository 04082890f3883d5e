"""Makes the script that draws charts in a page when a wheel is built: Vega, Vega-Lite and Vega-Embed from what vl-convert
ships, with their interpreter of expressions, so that a page needs no network and no `unsafe-eval`.

An editable checkout has it made once, beside the sources, where git ignores it. NOTICE says whose work it is.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import vl_convert
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCRIPT = "planner/reporting/static/vega.js"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
VEGA_LITE = "6.4"
"""The version of Vega-Lite whose specifications Altair writes."""


class ChartScript(BuildHookInterface[Any]):
    """Puts the script into the wheel, although git ignores it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the script, unless these versions of it are there."""
        make_script(Path(self.root) / SCRIPT)
        build_data["artifacts"].append(f"/{SCRIPT}")


def make_script(target: Path) -> None:
    """Write the script, 0.9 MB: the same bytes for the same versions, whole or not at all, whoever else is at it."""
    heading = (
        f"/* Vega {vl_convert.get_vega_version()}, Vega-Lite {VEGA_LITE}, "
        f"Vega-Embed {vl_convert.get_vega_embed_version()}; BSD-3-Clause, University of Washington */\n"
    )
    if target.exists() and target.read_bytes().startswith(heading.encode()):
        return
    script = vl_convert.javascript_bundle(SNIPPET, vl_version=VEGA_LITE)
    number, own = tempfile.mkstemp(dir=target.parent, prefix=".vega-")
    with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{heading}{script}\n")
    Path(own).chmod(0o644)
    Path(own).replace(target)


if __name__ == "__main__":
    make_script(Path(__file__).parent / SCRIPT)
