"""A plan with fixed decisions in sampled scenarios: one by one, and all of them as one program."""

from __future__ import annotations

import resource
from typing import Any

import planner
from benchmarks.clock import Clock
from planner.data.case import Case, with_other_scenarios, without_targets
from planner.evaluation.decisions import ALL, FixedDecisions, fixed_decisions
from planner.evaluation.simulator import PolicyChoice, Simulator, futures_of
from planner.results.losses import measures_of
from planner.sampling.samples import sample
from planner.solving.engine import Engine
from planner.solving.goals import Phase


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model, register (another case, from whose hazards is drawn), alone and together (numbers of draws,
    about, that are solved one by one, each known from its start, and as one program). By section `alone N` or
    `together N`: scenarios, risk (MUSD) and the most memory (MiB) that the process had taken until then.
    """
    case, register = planner.load(job["case"], model=job["model"]), planner.load(job["register"])
    decisions = fixed_decisions(planner.solve(case, baseline=False))
    found = {}
    for way, risk_of in (("alone", _alone), ("together", _together)):
        for number in job[way]:
            fresh = drawn(case, register, number)
            with clock.section(f"{way} {number}"):
                risk = risk_of(fresh, decisions)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            found[f"{way} {number}"] = {
                "scenarios": len(fresh.scenarios),
                "risk": risk,
                "peak_mb": peak,
            }
    return found


def _alone(case: Case, decisions: FixedDecisions) -> float:
    given = futures_of([case])
    with Simulator(case, decisions) as simulator:
        losses = [found.loss for found in simulator.outcomes(PolicyChoice(name="foreseen"), given)]
    return measures_of(losses, given.weights.tolist(), case.model.objective).risk


def _together(case: Case, decisions: FixedDecisions) -> float:
    engine = Engine(without_targets(case, hard_only=True))
    return engine.solve(fixed=decisions.amounts[ALL], phases=[Phase("risk")]).value("risk")


def drawn(case: Case, register: Case, number: int) -> Case:
    """The case with scenarios drawn from those hazards of another one that are of no plant and no supplier that it does
    not know."""
    rows, known = register.table("hazards"), ["", *case.table("suppliers")["supplier"]]
    trade = rows[rows["kind"].isin(["import", "demand"]) & rows["supplier"].fillna("").isin(known)]
    tables = sample(register.with_table("hazards", trade), number, 1, even=True).tables
    sure = case.with_table(
        "uncertainties", case.table("uncertainties").head(0)
    )  # they name the scenarios of the case
    return with_other_scenarios(sure, tables.scenarios, tables.shocks, tables.draws).checked()
