# %% [markdown]
# # Scenarios and odds
#
# The odds of a cut-off are an opinion. Which plan is best, and how large the risk is, follows from them.

# %%
import planner

case = planner.load("../../inputs/starter", model="../../models/base.toml")
case.frame("scenarios")

# %%
session = planner.Session(case)
risks = {}
for chance in (0.05, 0.1, 0.2, 0.4):
    odds = {"scenarios.cut.probability": chance, "scenarios.calm.probability": 0.9 - chance}
    changed = case.with_settings(odds)
    risks[chance] = session.figures(changed)["risk_musd"]
risks

# %% [markdown]
# The likelier the cut, the larger the risk that remains.

# %%
assert list(risks.values()) == sorted(risks.values())
