# %% [markdown]
# # A study with SALib
#
# `planner.Experiment` is a study file as a function: values by name in, outcomes out. SALib draws the points and computes
# the indices.
#
# Needs: the planner with its extra `study`, which brings SALib; for the picture its extra `pdf`.

# %%
import altair
import pandas as pd
from SALib import ProblemSpec

import planner

altair.renderers.enable("svg")
experiment = planner.Experiment("../../models/studies/outside.toml")
problem = ProblemSpec(experiment.problem | {"outputs": list(experiment.outcomes)})
problem.sample_sobol(8, seed=1)
problem.evaluate(lambda points: experiment.table(points).to_numpy())
risk = problem.analyze_sobol(seed=1).analysis["risk_musd"]

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
