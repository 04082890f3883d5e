# %% [markdown]
# # Scenario discovery with EMA Workbench
#
# Where does the plan fare badly? EMA Workbench samples the uncertainties; PRIM finds the box of inputs in which most of the
# bad cases lie.
#
# Needs: the planner, and `pip install ema_workbench`; for the picture the extra `pdf`.

# %%
import altair
import ema_workbench
from ema_workbench import Model, RealParameter, ScalarOutcome, perform_experiments
from ema_workbench.analysis import prim

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
session = planner.Session(case)
RANGES = {"money": (0.25, 2.0), "demand": (0.9, 1.1), "cut": (0.05, 0.4)}


def figures(money: float = 1.0, demand: float = 1.0, cut: float = 0.2) -> dict[str, float]:
    """Risk, cost and expected loss (MUSD) with budgets and demand times a factor, and a probability of the cut; calm years make room for it."""
    changed = case.changed(
        [
            f"budgets.*.*.musd=x{money}",
            f"demand.*.*.*.*.tonnes=x{demand}",
            f"scenarios.cut.probability={cut}",
            f"scenarios.calm.probability={0.9 - cut}",
        ]
    )
    return session.figures(changed)


model = Model("starter", function=figures)
model.uncertainties = [RealParameter(name, *ends) for name, ends in RANGES.items()]
model.outcomes = [ScalarOutcome("risk_musd"), ScalarOutcome("cost_musd")]
experiments, outcomes = perform_experiments(model, scenarios=60, log_progress=True)

# %% [markdown]
# Bad: the worst fifth of the residual risks.

# %%
risk = outcomes["risk_musd"]
bad = risk >= sorted(risk)[-12]
inputs = experiments[list(RANGES)]
# Version 2 of EMA Workbench asks for a threshold of density, version 3 has none.
threshold = {"threshold": 0.5} if ema_workbench.__version__ < "3" else {}
box = prim.Prim(inputs, bad, peel_alpha=0.1, **threshold).find_box()
box.peeling_trajectory[["coverage", "density", "res_dim"]].tail()

# %% [markdown]
# Density is the share of bad cases in the box; over all points it is a fifth.

# %%
print(f"Density {box.density:.2f} in the box, {bad.mean():.2f} over all points")

# %%
points = inputs.assign(bad=bad, risk_musd=risk)
dots = altair.Chart(points, title="Where the risk is among the worst fifth").mark_point(filled=True)
dots.encode(x="cut", y="demand", color="bad", size="risk_musd")
