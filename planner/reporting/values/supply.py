"""Who gets what, from where, and who runs short: tables behind the pages on supply."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.reporting.values.view import EXPECTED, WITHOUT, RunView

OTHER = "Other countries"
STOCK = "From stock"
MOST_MAKERS = 6
MOST_SUPPLIERS = 3
SPREAD = (0.1, 0.9)
"""Quantiles that a fan shows."""


def balance(run: RunView, element: str, scenario: str) -> pd.DataFrame:
    """Demand and what is met of it (t) by year: `demand`, `met` and, if compared, `met_without`."""
    short = run.tables["shortfall"]
    columns = ["demand_t", "tonnes", *([WITHOUT] if run.compared else [])]
    sums = run.within(short[short["element"] == element], scenario, ["year"], columns)
    out = pd.DataFrame({"year": sums["year"], "demand": sums["demand_t"], "met": sums["demand_t"] - sums["tonnes"]})
    if run.compared:
        out["met_without"] = sums["demand_t"] - sums[WITHOUT]
    return out


def futures(run: RunView, element: str) -> pd.DataFrame:
    """Demand and what is met of it (t) by scenario and year: `demand`, `met` and, if compared, `met_without`."""
    short = run.tables["shortfall"]
    columns = ["demand_t", "tonnes", *([WITHOUT] if run.compared else [])]
    sums = short[short["element"] == element].groupby(["scenario", "year"], as_index=False)[columns].sum()
    out = sums[["scenario", "year"]].assign(demand=sums["demand_t"], met=sums["demand_t"] - sums["tonnes"])
    return out.assign(met_without=sums["demand_t"] - sums[WITHOUT]) if run.compared else out


def fan(run: RunView, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of `futures` over the scenarios, by year: `least`, `low` (10 %), `high` (90 %), `most`, `mean`, and
    the same span of demand: `demand_least`, `demand_most`."""
    weights = rows["scenario"].map(run.weights).to_numpy()
    out = []
    for year, at in rows.assign(weight=weights).groupby("year"):
        ordered = at.sort_values(column, kind="stable")
        values, reached = ordered[column].to_numpy(), ordered["weight"].cumsum().to_numpy()
        low, high = (float(values[min(int((reached < q - 1e-9).sum()), len(values) - 1)]) for q in SPREAD)
        mean = float((at[column] * at["weight"]).sum())
        demand = at["demand"]
        out.append((int(str(year)), values[0], low, high, values[-1], mean, demand.min(), demand.max()))
    return pd.DataFrame(out, columns=["year", "least", "low", "high", "most", "mean", "demand_least", "demand_most"])


def balances(run: RunView) -> pd.DataFrame:
    """Expected demand and what is met of it (t) by element, year."""
    return (
        pd.concat([balance(run, e, EXPECTED).assign(element=e) for e in run.elements], ignore_index=True)
        if run.elements
        else pd.DataFrame(columns=["year", "demand", "met", "element"])
    )


def totals(run: RunView) -> pd.DataFrame:
    """Shortfall (t) over the horizon by scenario, element: `tonnes`, `demand_t` and, if compared, `without_plan_t`."""
    columns = ["tonnes", "demand_t", *([WITHOUT] if run.compared else [])]
    return run.tables["shortfall"].groupby(["scenario", "element"], as_index=False)[columns].sum()


def hardest(run: RunView, element: str) -> str:
    """The scenario in which most of the element is missing: without a plan where known."""
    rows = totals(run)
    column = WITHOUT if run.compared else "tonnes"
    rows = rows[rows["element"] == element]
    short: dict[str, float] = dict(zip(rows["scenario"], rows[column], strict=True))
    if not any(tonnes > 0 for tonnes in short.values()):
        return run.worst
    return min(short, key=lambda w: (-short[w], run.by_loss.index(w)))


def ever_short(run: RunView, element: str) -> bool:
    """Whether the element is ever short, in any scenario, with or without the plan."""
    rows = totals(run)
    rows = rows[rows["element"] == element]
    return bool((rows["tonnes"].sum() + (rows[WITHOUT].sum() if run.compared else 0.0)) > 0)


def shares_short(run: RunView, element: str) -> pd.DataFrame:
    """Expected shortfall (t) and its share of expected demand (t) by country, year: `tonnes`, `demand`, `share`; if
    compared, `tonnes_without` and `share_without`."""
    short = run.tables["shortfall"]
    columns = ["demand_t", "tonnes", *([WITHOUT] if run.compared else [])]
    sums = run.expected(short[short["element"] == element], ["country", "year"], columns)
    out = sums[["country", "year", "tonnes"]].assign(
        demand=sums["demand_t"], share=(sums["tonnes"] / sums["demand_t"]).fillna(0.0)
    )
    if not run.compared:
        return out
    return out.assign(tonnes_without=sums[WITHOUT], share_without=(sums[WITHOUT] / sums["demand_t"]).fillna(0.0))


@dataclass(frozen=True)
class Sources:
    """Where an element in one form comes from: colours are given to `suppliers`, `makers`, `OTHER` and `STOCK`."""

    suppliers: list[str]
    makers: list[str]
    by_scenario: dict[str, pd.DataFrame]
    """scenario -> year, kind, amount (t)."""
    use: dict[str, pd.DataFrame]
    """scenario -> year, use (t): demand and, for oxide, what metal plants take in."""


def largest(run: RunView, goods: list[tuple[str, str]], scenarios: list[str], item: str) -> list[str]:
    """Names of the most important makers or suppliers of some goods; each good counts the same."""
    flows = run.tables["operations"]
    flows = flows[(flows["item"] == item) & flows["scenario"].isin(scenarios)]
    score: dict[str, float] = {}
    for element, form in goods:
        rows = flows[(flows["element"] == element) & (flows["form"] == form)]
        by = rows["country"].map(run.names.country) if item == "made" else rows["project"].map(run.names.party)
        for name, share in (rows["tonnes"].groupby(by).sum() / max(rows["tonnes"].sum(), 1e-9)).items():
            score[str(name)] = score.get(str(name), 0.0) + float(share)
    return sorted(score, key=lambda name: (-score[name], name))[: MOST_MAKERS if item == "made" else MOST_SUPPLIERS]


def sources(
    run: RunView, element: str, form: str, scenarios: list[str], makers: list[str], suppliers: list[str]
) -> Sources:
    """Supply by source of an element in one form, the same sources for all the scenarios shown."""
    flows = run.tables["operations"]
    flows = flows[(flows["element"] == element) & (flows["form"] == form) & flows["scenario"].isin(scenarios)]
    imported = flows[flows["item"] == "imported"]
    imported = imported.assign(kind=_kept(imported["project"].map(run.names.party), suppliers, "other suppliers"))
    imported = imported.assign(kind="Import: " + imported["kind"])
    made = flows[flows["item"] == "made"]
    made = made.assign(kind=made["country"].map(run.names.country))
    made = made.assign(kind="Made: " + _kept(made["kind"], makers, OTHER.lower()))
    released = flows[flows["item"] == "released"].assign(kind=STOCK)
    supply = pd.concat([imported, made, released])
    reduced = flows[flows["item"] == "reduced"]
    need = run.tables["shortfall"]
    need = need[(need["element"] == element) & (need["form"] == form)]
    by_scenario, use = {}, {}
    for w in scenarios:
        rows = supply[supply["scenario"] == w].rename(columns={"tonnes": "amount"})
        by_scenario[w] = rows.groupby(["year", "kind"], as_index=False)[["amount"]].sum()
        wanted = pd.concat(
            [
                need[need["scenario"] == w].groupby("year")["demand_t"].sum(),
                reduced[reduced["scenario"] == w].groupby("year")["tonnes"].sum(),
            ],
            axis=1,
        ).fillna(0.0)
        use[w] = pd.DataFrame(
            {"year": run.years, "use": wanted.sum(axis=1).reindex(run.years, fill_value=0.0).to_numpy()}
        )
    kinds = [str(kind) for kind in supply["kind"].unique()]
    return Sources(
        sorted(k for k in kinds if k.startswith("Import: ")),
        [f"Made: {m}" for m in [*makers, OTHER.lower()] if f"Made: {m}" in kinds],
        by_scenario,
        use,
    )


def _kept(kinds: pd.Series[str], kept: list[str], other: str) -> pd.Series[str]:
    return kinds.where(kinds.isin(kept), other).astype(object)


def remaining(run: RunView) -> pd.DataFrame:
    """Expected loss left with the plan (MUSD) by country, the largest first."""
    left: pd.DataFrame = run.losses.groupby("country", as_index=False)[["musd"]].sum()
    return left[left["musd"] > 0].sort_values(["musd", "country"], ascending=[False, True], ignore_index=True)
