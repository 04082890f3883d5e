"""A plan held fixed in drawn futures: one by one, and all of them as one program."""

from __future__ import annotations

import resource
from typing import Any

import planner
from benchmarks.clock import Clock
from planner.data.sampling import sample
from planner.solving.goals import silent
from planner.studies import evaluation
from planner.studies.fixed_plan import amounts


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model, alone and together (numbers of draws, about, from the hazards of the case, which are solved one
    by one and as one program). By section `alone N` or `together N`: futures, risk (MUSD) and the most memory (MiB)
    that the process had taken until then.
    """
    case = planner.load(job["case"], model=job["model"])
    decided, found = amounts(planner.solve(case, baseline=False)), {}
    for way, from_ in (("alone", 1), ("together", 10**9)):
        evaluation.MANY = from_
        for number in job[way]:
            drawn = sample(case, number, 1, even=True)
            with clock.section(f"{way} {number}"):
                risk = evaluation.evaluate_in(drawn, decided, False, 1, silent).estimates["risk_musd"].value
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            found[f"{way} {number}"] = {"futures": len(drawn.scenarios), "risk": risk, "peak_mb": peak}
    return found
