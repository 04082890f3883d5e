"""Charts, from values: one look, drawn as SVG."""
