# %% [markdown]
# # A study with SALib
#
# SALib draws the points and computes the indices; a session of the planner answers each point.
#
# Needs: the planner with its extra `study`, which brings SALib; for the picture its extra `pdf`.

# %%
import altair
import numpy as np
import pandas as pd
from SALib import ProblemSpec

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
session = planner.Session(case)
CHANGES = {
    "money": "budgets.*.*.musd=x{}",
    "demand": "demand.*.*.*.*.tonnes=x{}",
    "cut": "scenarios.cut.probability={}",
}


def risks(points: np.ndarray) -> np.ndarray:
    """Residual risk (MUSD) at each point, a row of values in the order of CHANGES."""
    found = []
    for point in points.tolist():
        pairs = zip(CHANGES.values(), point, strict=True)
        changes = [change.format(value) for change, value in pairs]
        made_room = 0.9 - point[-1]  # calm years make room for the cut
        changes.append(f"scenarios.calm.probability={made_room}")
        found.append(session.figures(case.changed(changes))["risk_musd"])
    return np.array(found)


bounds = [[0.25, 2.0], [0.9, 1.1], [0.05, 0.4]]
problem = ProblemSpec({"names": list(CHANGES), "bounds": bounds, "outputs": ["risk_musd"]})
problem.sample_sobol(8, seed=1)
problem.evaluate(risks)
risk = problem.analyze_sobol(seed=1).analysis

# %% [markdown]
# The share of the variance of the risk that each input has a part in (total-order Sobol indices). Eight base points are a
# demonstration: look at the intervals before you trust an order.

# %%
indices = pd.DataFrame({"input": problem["names"], "index": risk["ST"], "within": risk["ST_conf"]})
indices

# %%
dots = altair.Chart(indices, title="Share of the variance of the risk").encode(y="input")
whiskers = dots.mark_errorbar().encode(x="index", xError="within")
dots.mark_point(filled=True).encode(x="index") + whiskers
