# %% [markdown]
# # An investment case
#
# One plant, as a lender would look at it: volumes, prices, debt, returns, and the support that it needs.

# %%
import planner

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
assert returns.npv_after_tax < 0
