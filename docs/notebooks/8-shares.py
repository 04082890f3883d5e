# %% [markdown]
# # Cost sharing
#
# Who would carry what of the plan so that no ally, and no group of allies, is better off on its own?
#
# Needs: the planner; for the picture its extra `pdf`.

# %%
import altair

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
shares = planner.shares(case)
shares.table("rows")

# %% [markdown]
# The charges of the parties sum to what the plan costs together with its residual risk. No party pays more than it
# would bear alone.

# %%
for row in shares.rows:
    print(f"{row.party}: alone {row.alone:,.0f} MUSD, charge {row.charge:,.0f} MUSD")

# %%
both = shares.table("rows").melt("party", ["alone", "charge"], "what", "MUSD")
bars = altair.Chart(both, title="What each bears alone, and its charge (MUSD)").mark_bar()
bars.encode(y="party", yOffset="what", x="MUSD", color="what")
