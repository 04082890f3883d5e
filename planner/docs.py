"""Write the pages that are generated from the code: `python -m planner.docs` in a checkout."""

from __future__ import annotations

from pathlib import Path

from planner.data.dictionary import dictionary
from planner.formulation.page import page
from planner.results.schema import results_page

BEGIN, END = "<!-- generated: tables -->", "<!-- end of generated part -->"


def pages(root: Path) -> dict[Path, str]:
    """Each generated page and what it should hold, given the checkout at `root`."""
    inputs = root / "inputs" / "README.md"
    before, _, rest = inputs.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        root / "models" / "formulation.md": page(),
        inputs: f"{before}{BEGIN}\n\n{dictionary()}\n{END}{after}",
        root / "reports" / "README.md": results_page(),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages(Path(__file__).parents[1]).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
