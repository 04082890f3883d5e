"""Write the pages that are made of the code, in a checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.formulation import formulation_page
from docs.names import public_names
from docs.studies import reference_page
from docs.tables import dictionary, results_page
from planner.data.export import datapackage
from planner.data.load import load

BEGIN, END = "<!-- generated: tables -->", "<!-- end of generated part -->"


def pages(root: Path) -> dict[Path, str]:
    """Each generated page and what it should hold, given the checkout at `root`."""
    inputs = root / "inputs" / "README.md"
    real = root / "inputs" / "allied-2026"
    before, _, rest = inputs.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        root / "models" / "formulation.md": formulation_page(),
        root / "models" / "studies" / "REFERENCE.md": reference_page(),
        inputs: f"{before}{BEGIN}\n\n{dictionary()}\n{END}{after}",
        root / "reports" / "README.md": results_page(),
        root / "planner" / "API.md": public_names(),
        real / "datapackage.json": json.dumps(package_of(real), indent=1) + "\n",
    }


def package_of(folder: Path) -> dict[str, Any]:
    """Frictionless data package of the real case: what may be done with it, and the columns of each table."""
    found = datapackage(folder.name, load(folder).origin.headers)
    about = {
        "title": "Allied heavy rare earths: plants from mine to magnet, use, trade, people, money, hazards",
        "version": "2.0",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    }
    return {"name": found["name"], **about, **{key: found[key] for key in ("profile", "resources")}}


def main() -> None:
    """Write the pages."""
    for path, text in pages(Path(__file__).parents[1]).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
