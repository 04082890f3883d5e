# %% [markdown]
# # Scenario discovery with EMA Workbench
#
# Where does the plan fare badly? EMA Workbench samples the uncertainties; PRIM finds the box of inputs in which most of the
# bad cases lie.

# %%
import ema_workbench
from ema_workbench import Model, RealParameter, ScalarOutcome, perform_experiments
from ema_workbench.analysis import prim

import planner

experiment = planner.Experiment("../../models/studies/outside.toml")
model = Model("starter", function=experiment)
ranges = experiment.uncertainties
model.uncertainties = [RealParameter(name, *ends) for name, ends in ranges.items()]
model.outcomes = [ScalarOutcome(name) for name in experiment.outcomes]
experiments, outcomes = perform_experiments(model, scenarios=60, log_progress=True)

# %% [markdown]
# Bad: the worst fifth of the residual risks.

# %%
risk = outcomes["risk_musd"]
bad = risk >= sorted(risk)[-12]
inputs = experiments[list(ranges)]
# Version 2 of EMA Workbench asks for a threshold of density, version 3 has none.
threshold = {"threshold": 0.5} if ema_workbench.__version__ < "3" else {}
box = prim.Prim(inputs, bad, peel_alpha=0.1, **threshold).find_box()
box.peeling_trajectory[["coverage", "density", "res_dim"]].tail()

# %% [markdown]
# Density is the share of bad cases in the box; over all points it is a fifth.

# %%
assert box.density > bad.mean()
