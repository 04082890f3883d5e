# %% [markdown]
# # A search with optuna
#
# Which combination of inputs within their ranges is the worst for the allies? An optimiser searches.
#
# Needs: the planner, and `pip install optuna`; for the picture the extra `pdf`.

# %%
import altair
import optuna
import pandas as pd

import planner

altair.renderers.enable("svg")
optuna.logging.set_verbosity(optuna.logging.WARNING)
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


def risk(trial: optuna.Trial) -> float:
    """Residual risk (MUSD) at a point that optuna proposes."""
    values = {name: trial.suggest_float(name, *ends) for name, ends in RANGES.items()}
    return figures(**values)["risk_musd"]


sampler = optuna.samplers.TPESampler(seed=1)
search = optuna.create_study(direction="maximize", sampler=sampler)
search.optimize(risk, n_trials=20)
print(search.best_params)

# %% [markdown]
# The search found a point that is worse than the case as it is.

# %%
as_it_is = session.figures(case)["risk_musd"]
print(f"Risk {search.best_value:,.0f} MUSD at worst, {as_it_is:,.0f} as the case is")

# %%
tried = pd.DataFrame({"trial": range(20), "risk_musd": [one.value for one in search.trials]})
tried["worst so far"] = tried["risk_musd"].cummax()
steps = altair.Chart(tried, title="Risk at each trial, and the worst so far (MUSD)").encode(
    x="trial"
)
steps.mark_point().encode(y="risk_musd") + steps.mark_line().encode(y="worst so far")
