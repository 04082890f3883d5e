"""Which algorithm for which phase: measured over the generator's range, as a Markdown table.

python -m benchmarks.algorithms [--cases small,s5,s20,real] [--ways NAME;NAME] [--warm] [--out FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import planner
from benchmarks.arrays import save
from benchmarks.generate import Size, generate
from benchmarks.process import Run, measure
from benchmarks.profiles import REAL, ROOT
from planner.solving.program_writer import program_of

Step = dict[str, Any]
TIGHT = dict.fromkeys(
    ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "ipm_optimality_tolerance"),
    1e-08,
)
SLACK = 1e-3
CASES: dict[str, Size | None] = {
    "tiny": Size(scenarios=3, countries=4, projects=14, years=8, elements=2),
    "small": Size(scenarios=4, countries=5, projects=20, years=10, elements=3),
    "adaptive": Size(
        scenarios=10, countries=6, projects=20, years=12, elements=3, investment="adaptive"
    ),
    "s5": Size(scenarios=5),
    "s10": Size(scenarios=10),
    "s20": Size(scenarios=20),
    "real": None,
    "s50": Size(scenarios=50),
    "s100": Size(scenarios=100),
}


def options(name: str) -> dict[str, Any]:
    """Options of HiGHS by a short name: ipm+ and ipm- are interior point (IPX) with and without crossover."""
    word, _, flags = name.partition(" ")
    ipm = {"solver": "ipx", "run_crossover": "on" if word.endswith("+") else "off"}
    simplex = {"solver": "simplex", "simplex_strategy": 4 if word == "primal" else 1}
    return {
        **(ipm if word.startswith("ipm") else simplex),
        "presolve": "off" if flags == "unpresolved" else "choose",
    }


def way(first: str, second: str) -> list[Step]:
    """The steps of both phases. A second phase by simplex starts from the basis of the first, if it left one."""
    warm = second in ("primal", "dual")
    return [
        {"column": "risk", "hold": SLACK, "clear": True, "options": options(first)},
        {"column": "cost", "clear": not warm, "options": options(second)},
    ]


WAYS = {
    f"{first}, {second}": way(first, second)
    for first, second in (
        ("ipm+", "primal"),
        ("ipm+", "dual"),
        ("ipm+", "ipm+"),
        ("ipm-", "ipm+"),
        ("ipm-", "ipm-"),
        ("dual", "primal"),
        ("dual", "dual"),
        ("primal", "primal"),
        ("ipm+ unpresolved", "primal"),
        ("dual unpresolved", "primal"),
    )
}


def again(algorithm: str) -> list[Step]:
    """Least risk, then again with budgets 5 % larger from the basis found, then cold to compare."""
    return [
        {"column": "risk", "clear": True, "options": options("ipm+")},
        {"column": "risk", "reset": True, "budgets": 1.05, "options": options(algorithm)},
        {
            "column": "risk",
            "reset": True,
            "clear": True,
            "budgets": 1.05,
            "options": options("ipm+"),
        },
    ]


WARM = {f"again by {algorithm}": again(algorithm) for algorithm in ("dual", "primal")}


def prepare(name: str, work: Path) -> str:
    """The folder with the arrays of a case."""
    target, size = work / name, CASES[name]
    if not (target / "arrays.npz").exists():
        case = (
            planner.load(**REAL_CASE)
            if size is None
            else planner.load(generate(size, work / "cases"))
        )
        target.mkdir(parents=True, exist_ok=True)
        save(program_of(case), target)
    return str(target)


REAL_CASE = {"path": REAL["case"], "model": REAL["model"]}


def table(
    cases: list[str], ways: dict[str, list[Step]], work: Path, time_limit: float
) -> Iterator[str]:
    """Lines of the table, each as soon as it is measured."""
    yield "| case | way | CPU s | by step | iterations (simplex / interior / crossover) | worst certificate | load |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name in cases:
        arrays = prepare(name, work)
        for label, steps in ways.items():
            job = {"arrays": arrays, "steps": steps, "options": {**TIGHT, "time_limit": time_limit}}
            yield _line(name, label, measure("algorithm", label, job))


def _line(name: str, label: str, run: Run) -> str:
    if run.failed:
        return f"| {name} | {label} | | {run.failed} | | | |"
    steps = run.figures["steps"]
    seconds = sum(step["cpu"] for step in steps)
    by_step = " + ".join(
        f"{step['cpu']:.2f}" + ("" if step["status"] == "kOptimal" else f" ({step['status']})")
        for step in steps
    )
    iterations = ", ".join(
        f"{step['simplex']} / {step['ipm']} / {step['crossover']}" for step in steps
    )
    worst = max(
        (value for step in steps for value in step.get("certificate", {}).values()),
        default=float("nan"),
    )
    return f"| {name} | {label} | {seconds:.2f} | {by_step} | {iterations} | {worst:.0e} | {run.load:.1f} |"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.algorithms", description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--ways", help=f"';'-separated, of: {'; '.join(WAYS)}")
    parser.add_argument(
        "--warm", action="store_true", help="solving again after a change of budgets, instead"
    )
    parser.add_argument("--time-limit", type=float, default=300.0, help="seconds per phase")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "reports" / "benchmarks" / "algorithms.md"
    )
    given = parser.parse_args()
    chosen = WARM if given.warm else WAYS
    if given.ways:
        chosen = {label: chosen[label] for label in given.ways.split(";")}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("a", encoding="utf-8") as file:
        for line in table(
            given.cases.split(","),
            chosen,
            given.out.parent / "work" / "algorithms",
            given.time_limit,
        ):
            for target in (file, sys.stdout):
                target.write(line + "\n")
                target.flush()


if __name__ == "__main__":
    main()
