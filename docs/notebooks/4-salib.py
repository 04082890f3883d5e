# %% [markdown]
# # A study with SALib
#
# `planner.Experiment` is a study file as a function: values by name in, outcomes out. SALib draws the points and computes
# the indices.

# %%
from SALib import ProblemSpec

import planner

experiment = planner.Experiment("../../models/studies/outside.toml")
problem = ProblemSpec(experiment.problem | {"outputs": list(experiment.outcomes)})
problem.sample_sobol(8, seed=1)
problem.evaluate(lambda points: experiment.table(points).to_numpy())
risk = problem.analyze_sobol(seed=1).analysis["risk_musd"]

# %% [markdown]
# The share of the variance of the risk that each input has a part in (total-order Sobol indices). Eight base points are a
# demonstration: look at the intervals before you trust an order.

# %%
indices = dict(zip(problem["names"], risk["ST"], strict=True))
for name, index in indices.items():
    print(f"{name:8} {index:.2f}")
assert max(indices.values()) > 0.1
