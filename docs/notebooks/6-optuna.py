# %% [markdown]
# # A search with optuna
#
# Which combination of inputs within their ranges is the worst for the allies? An optimiser searches.

# %%
import optuna

import planner

optuna.logging.set_verbosity(optuna.logging.WARNING)
experiment = planner.Experiment("../../models/studies/outside.toml")


def risk(trial: optuna.Trial) -> float:
    """Residual risk (MUSD) at a point that optuna proposes."""
    values = {}
    for name, ends in experiment.uncertainties.items():
        values[name] = trial.suggest_float(name, *ends)
    return float(experiment(**values)["risk_musd"])


sampler = optuna.samplers.TPESampler(seed=1)
search = optuna.create_study(direction="maximize", sampler=sampler)
search.optimize(risk, n_trials=20)
print(search.best_params)

# %% [markdown]
# The search found a point that is worse than the case as it is.

# %%
assert search.best_value > experiment()["risk_musd"]
