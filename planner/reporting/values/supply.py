"""Who gets what, from where, who runs short, and what binds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.lookups import MADE_FROM
from planner.reporting.values.view import EXPECTED, WITHOUT, RunView, records, rows_of
from planner.reporting.values.wording import Names, count, midway
from planner.results.explanation import Marginal
from planner.results.losses import loss_of_shortfall
from planner.results.schema import IMPORTED, STAGE_ITEMS

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


INSURED = 0.01


def insured_years(run: RunView) -> list[int]:
    """The years in which more than a hundredth of an element would be missing in some scenario without the plan: what
    the plan insures against; with it where nothing is compared."""
    sums = run.tables["shortfall"].groupby(["scenario", "element", "year"], as_index=False)[_gone(run)].sum()
    short = sums[WITHOUT if run.compared else "tonnes"] > INSURED * sums["demand_t"]
    return sorted({int(y) for y in sums.loc[short, "year"]})


def _gone(run: RunView) -> list[str]:
    return ["tonnes", "demand_t", *([WITHOUT] if run.compared else [])]


def short_by_country(run: RunView) -> pd.DataFrame:
    """Shortfall and demand (t), all forms, by scenario, element, country and year in which any is or would be short."""
    keys = ["scenario", "element", "country", "year"]
    sums: pd.DataFrame = run.tables["shortfall"].groupby(keys, as_index=False)[_gone(run)].sum()
    rows = sums[sums[["tonnes", *([WITHOUT] if run.compared else [])]].max(axis=1) > SMALLEST_T]
    return rows.reset_index(drop=True)


@dataclass(frozen=True)
class WorstYear:
    """The share of an element that is missing in its worst year in a scenario: with the plan, and without one."""

    share: float
    year: int
    before: float
    year_before: int


def worst_shares(run: RunView) -> dict[tuple[str, str], WorstYear]:
    """(scenario, element) -> the worst year, all countries together; without a plan the same where not compared."""
    keys = ["scenario", "element", "year"]
    sums = run.tables["shortfall"].groupby(keys, as_index=False)[_gone(run)].sum()
    sums = sums[sums["demand_t"] > 0]
    out = {}
    for key, of in sums.groupby(["scenario", "element"]):
        ends: list[tuple[float, int]] = []
        for column in ("tonnes", WITHOUT if run.compared else "tonnes"):
            shares = (of[column] / of["demand_t"]).to_numpy()
            at = int(shares.argmax())
            ends.append((float(shares[at]), int(of["year"].iloc[at])))
        out[str(key[0]), str(key[1])] = WorstYear(*ends[0], *ends[1])
    return out


LIKELY = 0.02


def main_future(run: RunView) -> str:
    """The scenario whose loss is reached or passed with a probability of 2 %, whether by one scenario or by many."""
    reached = 0.0
    for w in run.by_loss:
        reached += run.weights.get(w, 0.0)
        if reached >= LIKELY - 1e-9:
            return w
    return run.worst


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
    imported = flows[flows["item"].isin(IMPORTED)]
    imported = imported.assign(kind=_kept(imported["project"].map(run.names.party), suppliers, "other suppliers"))
    imported = imported.assign(kind="Import: " + imported["kind"])
    made = flows[flows["item"] == "made"]
    made = made.assign(kind=made["country"].map(run.names.country))
    made = made.assign(kind="Made: " + _kept(made["kind"], makers, OTHER.lower()))
    released = flows[flows["item"] == "released"].assign(kind=STOCK)
    supply = pd.concat([imported, made, released])
    taken = flows[flows["item"].isin([STAGE_ITEMS[stage] for stage in MADE_FROM])]
    need = run.tables["shortfall"]
    need = need[(need["element"] == element) & (need["form"] == form)]
    by_scenario, use = {}, {}
    for w in scenarios:
        rows = supply[supply["scenario"] == w].rename(columns={"tonnes": "amount"})
        by_scenario[w] = rows.groupby(["year", "kind"], as_index=False)[["amount"]].sum()
        wanted = pd.concat(
            [
                need[need["scenario"] == w].groupby("year")["demand_t"].sum(),
                taken[taken["scenario"] == w].groupby("year")["tonnes"].sum(),
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


SMALLEST_T = 5e-4
"""What a table would print as nothing is not called a shortage."""

SMALLEST_MUSD = 0.005

KEYS = ["country", "element", "form", "year"]


def missing(run: RunView, scenario: str) -> pd.DataFrame:
    """What is short with the plan by country, element, form, year, in a scenario or expected (`EXPECTED`): `tonnes`,
    `demand_t`, and the loss `musd`."""
    rows = run.tables["shortfall"]
    rows = rows[rows["tonnes"] > 0] if scenario == EXPECTED else rows[rows["scenario"] == scenario]
    losses = [
        loss_of_shortfall(run.case, (r.country, r.element, r.form), int(r.year), r.tonnes, r.demand_t)
        for r in rows_of(rows)
    ]
    out = run.within(rows.assign(musd=losses), scenario, KEYS, ["tonnes", "musd"])
    wanted = run.within(run.tables["shortfall"], scenario, KEYS, ["demand_t"])
    return out[out["tonnes"] >= SMALLEST_T].merge(wanted, on=KEYS)


PER_KIND = 4

KINDS: dict[str, str] = {
    "budget": "Public money",
    "nameplate limit": "Room to build more",
    "capacity": "Capacity in use",
    "feed": "Feed",
    "staff joining": "People",
    "hires": "Room to hire",
    "training seats": "Training seats",
    "new seats limit": "Room for new training seats",
    "mentors": "Mentors",
    "imports": "Imports on offer",
    "delivered good": "Material at the user",
    "stock": "Material in stock",
    "leak": "What slips past a cut",
    "resale": "What others sell on",
}


@dataclass(frozen=True)
class Limit:
    """One scarce thing: its kind, what one more of it is, when it is worth most, and what it is worth."""

    scarce: str
    kind: str
    words: str
    year: int | None
    musd: float
    unit: str
    years_binding: int


def limits(run: RunView, per_kind: int = PER_KIND) -> list[Limit]:
    """The most valuable limits of each kind; of the years of one thing, the one in which it is worth most.
    Things worth the same are told once."""
    prices = run.tables["shadow_prices"]
    things = ["scarce", "item", "country", "element", "form", "unit", "objective"]
    prices = prices[prices["musd_per_unit"] > 0].sort_values(
        ["musd_per_unit", "year"], ascending=[False, True], kind="stable"
    )
    often = prices.groupby(things)["year"].transform("count")
    best = prices.assign(often=often).drop_duplicates(things)
    found = []
    for kind in [*KINDS, *sorted(set(best["scarce"]) - set(KINDS))]:
        rows = _alike(best[best["scarce"] == kind]).head(per_kind)
        found += [_limit(run.names, row) for row in records(rows)]
    return found


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Things of one kind, element, form and year that are worth the same, as one row; `others` counts the rest."""
    worth = rows["musd_per_unit"].map(lambda musd: f"{musd:.5g}")
    keys = [worth, rows["year"].fillna(0), rows["element"], rows["form"]]
    return rows.assign(others=rows.groupby(keys)["item"].transform("size") - 1)[~pd.concat(keys, axis=1).duplicated()]


def marginal_words(names: Names, marginal: Marginal) -> str:
    """The scarce thing of a marginal value."""
    return _in_year(WORDS[marginal.scarce](names, dict(vars(marginal))), marginal.year)


def _in_year(words: str, year: int | None) -> str:
    return words if year is None else f"{words} in {year}"


def _limit(names: Names, row: dict[str, Any]) -> Limit:
    say = WORDS.get(row["scarce"], _anything)
    year = None if row["year"] != row["year"] else int(row["year"])
    words = _in_year(say(names, row), year)
    same = f" (the same for {count(int(row['others']), 'other')})" if row["others"] else ""
    return Limit(
        str(row["scarce"]),
        KINDS.get(row["scarce"], str(row["scarce"])),
        words + same,
        year,
        float(row["musd_per_unit"]),
        str(row["unit"]),
        max(int(row["often"]), 1),
    )


def _good(names: Names, row: dict[str, Any]) -> str:
    return f"{midway(names.element(row['element']))} {row['form']}"


def _source(names: Names, feed: str) -> str:
    """A feed: where one mine alone gives it, the mine and its country."""
    return names.placed(feed) if names.feed(feed) == names.project(feed) else names.feed(feed)


def _anything(names: Names, row: dict[str, Any]) -> str:
    place = f" in {names.country(row['country'])}" if row["country"] else ""
    return f"One more unit of {row['scarce']} {row['item']}{place}".replace("  ", " ")


WORDS: dict[str, Callable[[Names, dict[str, Any]], str]] = {
    "budget": lambda n, r: f"One more MUSD of the budget of {n.party(r['item'])}",
    "capacity": lambda n, r: f"One more t/y of usable capacity at {n.placed(r['item'])}",
    "nameplate limit": lambda n, r: f"Room for one more t/y of nameplate at {n.placed(r['item'])}",
    "feed": lambda n, r: f"One more t TREO of feed from {_source(n, r['item'])}",
    "staff joining": lambda n, r: f"One more person joining: {midway(n.skill(r['item']))}, {n.country(r['country'])},",
    "hires": lambda n, r: f"One more person to be hired: {midway(n.skill(r['item']))}, {n.country(r['country'])},",
    "training seats": lambda n, r: f"One more training seat ({n.programme(r['item'])})",
    "new seats limit": lambda n, r: f"Room for one more new training seat ({n.programme(r['item'])})",
    "mentors": lambda n, r: f"One more practitioner to teach: {midway(n.skill(r['item']))}, {n.country(r['country'])},",
    "imports": lambda n, r: f"One more t of {_good(n, r)} on offer to {n.country(r['country'])}",
    "delivered good": lambda n, r: f"One more t of {_good(n, r)} delivered to {n.country(r['country'])}",
    "stock": lambda n, r: f"One more t of {_good(n, r)} in the stock of {n.country(r['country'])}",
    "leak": lambda n, r: (
        f"One more t of {_good(n, r)} ({n.party(r['item'])}) that slips past a cut to {n.country(r['country'])}"
    ),
    "resale": lambda n, r: (
        f"One more t of {_good(n, r)} ({n.party(r['item'])}) that others sell on to {n.country(r['country'])}"
    ),
}
