# %% [markdown]
# # Diversification targets
#
# How dependent is a plan on one origin, and what does it cost to be less so? The workshop case is one country that imports
# nearly all of its dysprosium metal from China.
#
# Needs: the planner; for the picture its extra `pdf`.

# %%
import altair
import pandas as pd

import planner

altair.renderers.enable("svg")
case = planner.load("../../inputs/workshop")
free = planner.solve(case, baseline=False)
free.table("origins").head()

# %% [markdown]
# A target of the kind `served` asks for a share of demand in a scenario. With a price, what is missed is paid for.

# %%
target = {
    "target": "half",
    "kind": "served",
    "scenario": "cut",
    "form": "metal",
    "share": 0.6,
    "first_year": 2029,
}
firm = planner.solve(case.changed({"targets": [target]}), baseline=False)


# %%
def missing(plan: planner.Plan) -> pd.DataFrame:
    """Unmet demand in the scenario `cut` by year (t)."""
    rows = plan.table("shortfall").query("scenario == 'cut'")
    return rows.groupby("year", as_index=False)["tonnes"].sum()


both = {"without the target": missing(free), "with it": missing(firm)}
for name, rows in both.items():
    print(f"Unmet in the cut {name}: {rows['tonnes'].sum():.0f} t")
print(f"The target costs {firm.summary['cost_musd'] - free.summary['cost_musd']:.2f} MUSD")

# %%
unmet = pd.concat([rows.assign(plan=name) for name, rows in both.items()])
bars = altair.Chart(unmet, title="Unmet demand in the cut (t)").mark_bar()
bars.encode(x="year:O", y="tonnes", xOffset="plan", color="plan")
