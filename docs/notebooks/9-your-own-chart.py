# %% [markdown]
# # Your own chart
#
# Each result table is a DataFrame; any library draws it. The charts of the report are there by name, too.
#
# Needs: the planner with its extra `pdf`. A notebook draws charts in the browser, with a script from the network; `svg` draws them here.

# %%
import altair

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
plan = planner.solve(case)
planner.chart(plan, "loss_distribution")

# %% [markdown]
# One of your own: unmet demand (t) by year and country in each scenario.

# %%
unmet = plan.table("shortfall")
chart = altair.Chart(unmet).mark_bar()
chart.encode(x="year:O", y="sum(tonnes)", color="country", column="scenario")
