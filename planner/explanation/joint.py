"""Claims in joint draws: all unsure inputs moved at once, as a study whose folder can be taken up again.

Trials move one input at a time to an end of its range. A draw moves all of them, each by its own distribution and
independently of the others: triangular over its range with the value as given the likeliest, or uniform where that is
an end of the range. Latin hypercube (McKay, Beckman and Conover 1979). The share of draws in which a claim holds is told
with Wilson's interval (Journal of the American Statistical Association 22, 1927), which treats draws as independent; a
Latin hypercube varies less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from planner.config import Lever
from planner.data.case import Case
from planner.data.change import OpenChange
from planner.explanation.claims import CLAIMS, Claim, Sides, no_deal, speaking
from planner.explanation.counterfactuals import comparable
from planner.explanation.levers import levers_of, steps
from planner.explanation.unsure_inputs import UncertainInput, uncertain_inputs
from planner.results.explanation import Joint, Verdict
from planner.results.study import OPTIMAL

LEVER = "what is pulled"
"""Name of the lever of the study, whose options are the sides of the claims."""
EVERYTHING, NOTHING = "all levers", "no lever"
CONFIDENCE = 0.95
PERCENTILES = (5, 50, 95)
SEED = 1


def joint_case(case: Case) -> Case:
    """The case of the study: under the goal of its run, targets that must hold left out, as in all counterfactuals."""
    return comparable(case.without_targets(hard_only=True))


def joint_study(case: Case, draws: int) -> dict[str, Any]:
    """The study of so many joint draws, as a study file has it; a case without unsure inputs has none to draw."""
    options = []
    for label, changes in sides_asked(case).items():
        options.append({"label": label, "changes": changes})
    return {
        "name": f"{case.name}-claims",
        "title": f"Claims about {case.name} in joint draws of its unsure inputs",
        "uncertainties": [_uncertainty(case, one) for one in uncertain_inputs(case)],
        "levers": [{"name": LEVER, "options": options}],
        "outcomes": outcomes_of(case),
        "design": {"kind": "lhs", "points": draws, "seed": SEED},
        "check_share": 0.0,
    }


def outcomes_of(case: Case) -> list[str]:
    """The outcomes whose sum is the objective of the run."""
    if case.model.objective.goal == "welfare":
        return ["risk_musd", "cost_musd"]
    return ["least_risk_musd"]


def _uncertainty(case: Case, uncertain: UncertainInput) -> dict[str, Any]:
    """An unsure input as a study declares it: a factor of its cells."""
    changes = [str(OpenChange(change)) for change in uncertain.changes(case, 1.0)]
    high = min(uncertain.high, uncertain.most_factor(case))
    ends = [float(uncertain.low), float(high)]
    found: dict[str, Any] = {"name": uncertain.key, "change": changes, "range": ends}
    if uncertain.low < 1.0 < high:
        found["distribution"] = {"kind": "triangular", "mode": 1.0}
    return found


# ---- sides of the claims ---------------------------------------------------------------------------------------------


def sides_asked(case: Case) -> dict[str, dict[str, Any]]:
    """The options of the study: what is changed for each side of each claim, by its label."""
    found: dict[str, dict[str, Any]] = {EVERYTHING: {}, NOTHING: {"levers": []}}
    for claim in speaking(case):
        for label in labels_of(claim, case):
            found.setdefault(label, _changes(label, claim, case))
    return found


def labels_of(claim: Claim, case: Case) -> tuple[str, str]:
    """The labels of the two sides of a claim: with the thing that it is about, and without it."""
    if claim.basis == "first_in":
        return f"{claim.key} alone", NOTHING
    if claim.basis == "last_out":
        return EVERYTHING, f"without {claim.key}"
    own = case.model.policy.coordination
    with_deal, without_deal = "allied", no_deal(case)
    return (
        EVERYTHING if with_deal == own else with_deal,
        EVERYTHING if without_deal == own else without_deal,
    )


def _changes(label: str, claim: Claim, case: Case) -> dict[str, Any]:
    if claim.basis == "no_deal":
        return {"policy.coordination": label}
    return {"levers": list(_pulled(claim, case))}


def _pulled(claim: Claim, case: Case) -> tuple[Lever, ...]:
    """The levers that are pulled on the side of a claim that differs from all and from none."""
    about = []
    for step in steps(case):
        if claim.is_about(step) == (claim.basis == "first_in"):
            about.append(step)
    return levers_of(about)


# ---- verdicts --------------------------------------------------------------------------------------------------------


def with_joint(case: Case, verdicts: Sequence[Verdict], results: pd.DataFrame) -> list[Verdict]:
    """Verdicts with what the joint draws say of each claim. results: of the study, as far as it is."""
    by_draw = objectives(case, results)
    claims = {claim.key: claim for claim in CLAIMS}
    found = []
    for verdict in verdicts:
        claim = claims[verdict.claim]
        found.append(replace(verdict, joint=joint_of(claim, case, by_draw)))
    return found


def objectives(case: Case, results: pd.DataFrame) -> pd.DataFrame:
    """The objective (MUSD) of each draw, a row each, under every option, a column each; NaN without an optimum."""
    draws = [uncertain.key for uncertain in uncertain_inputs(case)]
    known = results.dropna(subset=["status"])
    frame = known[[*draws, LEVER]].copy()
    frame["objective"] = known[outcomes_of(case)].sum(axis=1, skipna=False)
    frame.loc[known["status"] != OPTIMAL, "objective"] = np.nan
    single = frame.drop_duplicates([*draws, LEVER])
    return single.set_index([*draws, LEVER])["objective"].unstack(LEVER)


def joint_of(claim: Claim, case: Case, by_draw: pd.DataFrame) -> Joint | None:
    """The verdict of joint draws on a claim; None where no draw has all of its sides."""
    with_it, without_it = labels_of(claim, case)
    needed = [with_it, without_it, NOTHING, EVERYTHING]
    if not set(needed) <= set(by_draw.columns):
        return None
    whole = by_draw.dropna(subset=list(set(needed)))
    if whole.empty:
        return None
    measures = [_measure(row, with_it, without_it) for row in whole.to_dict("records")]
    holding = sum(claim.says(measure) for measure in measures)
    low, high = wilson(holding, len(measures))
    least, middle, most = np.percentile(measures, PERCENTILES).tolist()
    return Joint(
        draws=len(measures),
        holding=holding,
        low=low,
        high=high,
        least=least,
        middle=middle,
        most=most,
        unsolved=len(by_draw) - len(whole),
    )


def _measure(row: Mapping[Any, Any], with_it: str, without_it: str) -> float:
    sides = Sides(
        with_it=float(row[with_it]),
        without_it=float(row[without_it]),
        nothing=float(row[NOTHING]),
        everything=float(row[EVERYTHING]),
    )
    return sides.measure


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> [round(end, 2) for end in wilson(50, 60)]
    [0.72, 0.91]
    """
    found = binomtest(count, of).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
