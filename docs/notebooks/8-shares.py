# %% [markdown]
# # Cost sharing
#
# Who would carry what of the plan so that no ally, and no group of allies, is better off on its own?

# %%
import planner

case = planner.load("../../inputs/starter", model="../../models/base.toml")
shares = planner.shares(case)
shares.frame("rows")

# %% [markdown]
# The charges of the parties sum to what the plan costs together with its residual risk. No party pays more than it
# would bear alone.

# %%
for row in shares.rows:
    print(f"{row.party}: alone {row.alone:,.0f} MUSD, charge {row.charge:,.0f} MUSD")
    assert row.charge <= row.alone + 1e-3
assert abs(sum(row.charge for row in shares.rows) - shares.optimum) < 0.01
