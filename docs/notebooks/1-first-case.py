# %% [markdown]
# # A first case
#
# The teaching case has three countries that use dysprosium and terbium, and one that sells them. Load it, solve it, change it.
#
# Needs: the planner; for the picture its extra `pdf` (`pip install '.[pdf]'`).

# %%
import altair

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
case

# %% [markdown]
# The goal of `base.toml` is the least risk-adjusted cost. Without a plan the risk is larger:

# %%
plan = planner.solve(case)
before = plan.summary["without_plan"]["risk_musd"]
after = plan.summary["risk_musd"]
print(f"Risk {before:,.0f} MUSD without a plan, {after:,.0f} with it")

# %%
planner.chart(plan, "unmet_by_element")

# %% [markdown]
# What is built, and when:

# %%
plan.table("investments").query("tpa > 0")

# %% [markdown]
# Half the money leaves more risk. A session keeps the program, so asking again is quick.

# %%
session = planner.Session(case)
half = session.figures(case.changed("budgets.*.*.musd=x0.5"))["risk_musd"]
print(f"With half the budgets the risk is {half:,.0f} MUSD")
