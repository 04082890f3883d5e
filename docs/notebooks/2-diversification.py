# %% [markdown]
# # Diversification targets
#
# How dependent is a plan on one origin, and what does it cost to be less so? The workshop case is one country that imports
# nearly all of its dysprosium metal from China.

# %%
import planner

case = planner.load("../../inputs/workshop")
free = planner.solve(case, baseline=False)
free.table("origins").head()

# %% [markdown]
# A target of the kind `served` asks for a share of demand in a scenario. With a price, what is missed is paid for.

# %%
target = {"target": "half-in-the-cut", "kind": "served", "scenario": "cut", "form": "metal"}
asked = case.set_model("targets", [target | {"share": 0.6, "first_year": 2029}])
firm = planner.solve(asked, baseline=False)


# %%
def missing(plan: planner.Plan) -> float:
    """Unmet demand in the scenario `cut` (t)."""
    rows = plan.table("shortfall").query("scenario == 'cut'")
    return float(rows["tonnes"].sum())


print(f"Unmet in the cut: {missing(free):.0f} t without the target, {missing(firm):.0f} t with it")
print(f"The target costs {firm.summary['cost_musd'] - free.summary['cost_musd']:.2f} MUSD")
assert missing(firm) <= 40.001 < missing(free)
