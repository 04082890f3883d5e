"""`python -m docs.chart_bundle` makes the script that draws charts in a page, from what vl-convert ships: Vega, Vega-Lite
and Vega-Embed with their interpreter of expressions, so that a page needs no network and no `unsafe-eval`."""

from __future__ import annotations

from pathlib import Path

import vl_convert

TARGET = Path(__file__).parents[1] / "planner" / "reporting" / "static" / "vega.js"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
VEGA_LITE = "6.4"
"""The version of Vega-Lite whose specifications Altair writes."""


def bundle() -> str:
    """The script, about 0.9 MB, with what it is made of in its first line."""
    made_of = (
        f"Vega {vl_convert.get_vega_version()}, Vega-Lite {VEGA_LITE}, "
        f"Vega-Embed {vl_convert.get_vega_embed_version()}; BSD-3-Clause, University of Washington"
    )
    script = vl_convert.javascript_bundle(SNIPPET, vl_version=VEGA_LITE)
    return f"/* {made_of} */\n{script}\n"


if __name__ == "__main__":
    TARGET.write_text(bundle(), encoding="utf-8", newline="\n")
