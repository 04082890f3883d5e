# %% [markdown]
# # An investment case
#
# One plant, as a lender would look at it: volumes, prices, debt, returns, and the support that it needs.
#
# Needs: the planner; for the picture its extra `pdf`.

# %%
import altair
import pandas as pd

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
plan = planner.solve(case)
invest = planner.business_case(plan, "coast_plant")
invest

# %% [markdown]
# At full use and the prices of the case the plant loses money, after tax: it is an insurance. The volumes of the plan are
# another basis: a plant that insures runs seldom.

# %%
returns = invest.full.returns
print(f"Net present value after tax: {returns.npv_after_tax:,.1f} MUSD")

# %% [markdown]
# What would move it, with the least support that makes it bankable, one term at a time:

# %%
rows = []
for swing in invest.swings[:8]:
    rows.append({"term": swing.term.meaning, "low": swing.npv_low, "high": swing.npv_high})
moves = altair.Chart(pd.DataFrame(rows), title="NPV at both ends of a term (MUSD)").mark_bar()
moves.encode(x=altair.X("low", title="MUSD"), x2="high", y=altair.Y("term", sort=None, title=None))
