# %% [markdown]
# # Scenarios and odds
#
# The odds of a cut-off are an opinion. Which plan is best, and how large the risk is, follows from them.
#
# Needs: the planner; for the picture its extra `pdf`.

# %%
import altair
import pandas as pd

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/starter", model="../../models/base.toml")
case.table("scenarios")

# %%
session = planner.Session(case)
rows = []
for chance in (0.05, 0.1, 0.2, 0.4):
    cut = f"scenarios.cut.probability={chance}"
    calm = f"scenarios.calm.probability={0.9 - chance}"
    rows.append({"probability of a cut": chance, **session.figures(case.changed(cut, calm))})
risks = pd.DataFrame(rows)
risks

# %% [markdown]
# The likelier the cut, the larger the risk that remains.

# %%
line = altair.Chart(risks, title="Residual risk (MUSD)").mark_line(point=True)
line.encode(x="probability of a cut", y="risk_musd")
