"""What inputs/allied-2026/README.md quotes of the explained run of the real case.

`python -m tests.system.quoted reports/allied-2026-base`, after `make decision`, writes the figures that
tests/system/test_real_case.py holds the page to, and prints the two tables.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parents[2] / "reports" / "reference" / "allied-2026-base.json"
SUMMARY = ("risk_musd", "cost_musd", "public_spend_musd")
WORDS = {"not decided by these data": "inconclusive"}
"""Verdicts as the report calls them."""
LABELS = {
    "nothing": "nothing (what exists and is financed does as the register says)",
    "mine": "mines only",
    "separation": "mines and separation",
    "metal": "mines, separation and metal",
    "magnet": "the same with magnets",
    "people": "the same with training and hiring",
    "saving": "the same with thrift and substitution",
    "stockpile": "the same with stockpiles: everything (`base.toml`)",
    "national": "everything, but each country alone (`national.toml`)",
    "blocs": "everything, but each bloc by itself, with what others resell",
    "own money": "everything, trade goes on while each pays for itself",
}
CLAIMS = {
    "mining": ("mines alone change little", "mines alone make {} of what all levers reduce"),
    "separation": ("separation chemistry is a bottleneck", "without new separation {} is lost"),
    "metal": ("metal making is a bottleneck", "without new metal plants {} is lost"),
    "magnets": ("magnet making is a bottleneck", "without new magnet plants {} is lost"),
    "people": ("skilled people are a bottleneck", "without training and hiring {} is lost"),
    "allies": ("allies need a deal", "each bloc by itself: {} is lost"),
}


def figures(run: Path) -> dict[str, Any]:
    """The figures of an explained run that pages quote; money in MUSD."""
    summary, found = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("summary.json", "explain.json")
    )
    rungs = [*found["ladder"], *(r for r in found["together"] if r["against"])]
    return {
        "summary": {
            "without_plan_musd": summary["without_plan"]["risk_musd"],
            "without_plan_cost_musd": summary["without_plan"]["cost_musd"],
            **{key: summary[key] for key in SUMMARY},
        },
        "rungs": [
            {
                "key": r["key"].removeprefix("ladder:"),
                **{of: r[of] for of in ("risk", "cost", "objective")},
            }
            for r in rungs
        ],
        "without": {r["key"].removeprefix("without:"): r["objective"] for r in found["left_out"]},
        "verdicts": [
            {
                **{of: v[of] for of in ("claim", "verdict", "measure", "turns_on")},
                "trials": [
                    {of: t[of] for of in ("input", "setting", "measure")} for t in v["trials"]
                ],
            }
            for v in found["verdicts"]
        ],
    }


def percent(measure: float) -> str:
    """A measure in per cent, to a tenth: the line that decides is at 10 %."""
    return f"{abs(100 * measure):.1f} %"


def tables(found: dict[str, Any]) -> str:
    """The two tables, as the pages have them."""
    lines = [
        "| what allies may pay for | risk left, MUSD | cost, MUSD | together |",
        "| --- | --- | --- | --- |",
    ]
    for r in found["rungs"]:
        lines.append(
            f"| {LABELS[r['key']]} | {r['risk']:,.0f} | {r['cost']:,.0f} | {r['objective']:,.0f} |"
        )
    lines += ["", "| claim | verdict | as given | tried at both ends of |"]
    lines.append("| --- | --- | --- | --- |")
    for v in found["verdicts"]:
        claim, measure = CLAIMS[v["claim"]]
        ends: dict[str, list[float]] = {}
        for t in v["trials"]:
            ends.setdefault(t["input"], []).append(t["measure"])
        tried = "; ".join(f"{name}: {' and '.join(map(percent, of))}" for name, of in ends.items())
        verdict = WORDS.get(v["verdict"], v["verdict"])
        cells = [claim, verdict, measure.format(percent(v["measure"])), tried]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    known = figures(Path(sys.argv[1]))
    FIGURES.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(tables(known) + "\n")
