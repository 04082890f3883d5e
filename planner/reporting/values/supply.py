"""Who gets what, from where, who runs short, and what binds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.lookups import MADE_FROM
from planner.reporting.values.run_view import EXPECTED, WITHOUT, RunView, losses_of, records
from planner.reporting.values.wording import Names, midway
from planner.results.schema import IMPORTED, STAGE_ITEMS, STATED

OTHERS_MAKE, STOCK = "other countries", "From stock"
MOST_MAKERS, MOST_SUPPLIERS = 6, 3
BY_GOOD = ["scenario", "element", "form", "year"]

SPREAD = (0.1, 0.9)
"""Quantiles that a fan shows."""


def short_columns(run: RunView) -> list[str]:
    """The columns of tonnes of the table `shortfall`."""
    return ["tonnes", "demand_t", *([WITHOUT] if run.compared else [])]


def short_by(run: RunView, keys: list[str]) -> pd.DataFrame:
    """Shortfall `tonnes`, `demand_t` and, if compared, `without_plan_t` (t), summed by keys."""
    return run.tables["shortfall"].groupby(keys, as_index=False)[short_columns(run)].sum()


def _met(sums: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Demand and what is met of it (t) by keys: `demand`, `met` and, if compared, `met_without`."""
    out = sums[keys].assign(demand=sums["demand_t"], met=sums["demand_t"] - sums["tonnes"])
    return out.assign(met_without=sums["demand_t"] - sums[WITHOUT]) if WITHOUT in sums else out


def futures(run: RunView, element: str) -> pd.DataFrame:
    """Demand and what is met of it (t) by scenario and year: `demand`, `met` and, if compared, `met_without`."""
    sums = short_by(run, ["element", "scenario", "year"])
    return _met(sums[sums["element"] == element], ["scenario", "year"])


def fan(run: RunView, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of `futures` over the scenarios, by year: `least`, `low` (10 %), `high` (90 %), `most`, `mean`, and
    the same span of demand: `demand_least`, `demand_most`."""
    weights = rows["scenario"].map(run.weights).to_numpy()
    out = []
    for year, at in rows.assign(weight=weights).groupby("year"):
        ordered = at.sort_values(column, kind="stable")
        values, reached = ordered[column].to_numpy(), ordered["weight"].cumsum().to_numpy()
        low, high = (
            float(values[min(int((reached < q - 1e-9).sum()), len(values) - 1)]) for q in SPREAD
        )
        mean = float((at[column] * at["weight"]).sum())
        demand = at["demand"]
        out.append(
            (int(str(year)), values[0], low, high, values[-1], mean, demand.min(), demand.max())
        )
    return pd.DataFrame(
        out, columns=["year", "least", "low", "high", "most", "mean", "demand_least", "demand_most"]
    )


def balances(run: RunView) -> pd.DataFrame:
    """Expected demand and what is met of it (t) by element, year."""
    keys = ["element", "year"]
    return _met(run.expected(run.tables["shortfall"], keys, short_columns(run)), keys)


def totals(run: RunView) -> pd.DataFrame:
    """Shortfall (t) over the horizon by scenario, element: `tonnes`, `demand_t` and, if compared, `without_plan_t`."""
    return short_by(run, ["scenario", "element"])


def ever_short(run: RunView, element: str) -> bool:
    """Whether the element is ever short, in any scenario, with or without the plan."""
    rows = totals(run)
    return bool((rows.loc[rows["element"] == element, ["tonnes", run.undone]] > 0).to_numpy().any())


INSURED = 0.01


def insured_years(run: RunView) -> list[int]:
    """The years in which more than a hundredth of an element would be missing in some scenario without the plan: what
    the plan insures against; with it where nothing is compared."""
    sums = short_by(run, ["scenario", "element", "year"])
    return sorted({int(y) for y in sums.loc[sums[run.undone] > INSURED * sums["demand_t"], "year"]})


def short_by_country(run: RunView) -> pd.DataFrame:
    """Shortfall and demand (t), all forms, by scenario, element, country and year in which any is or would be short."""
    sums = short_by(run, ["scenario", "element", "country", "year"])
    return sums[sums[["tonnes", run.undone]].max(axis=1) > SMALLEST_T].reset_index(drop=True)


@dataclass(frozen=True)
class WorstYear:
    """The share of an element that is missing in its worst year in a scenario with the plan, and `before`, in that year
    without one; and the same of the worst year without a plan: `undone` there, `left` with the plan."""

    share: float
    year: int
    before: float
    undone: float
    undone_year: int
    left: float


def worst_shares(run: RunView) -> dict[tuple[str, str], WorstYear]:
    """(scenario, element) -> the worst year, all countries together; without a plan the same where not compared."""
    sums = short_by(run, ["scenario", "element", "year"])
    sums = sums[sums["demand_t"] > 0]
    shares = sums.assign(
        share=sums["tonnes"] / sums["demand_t"], before=sums[run.undone] / sums["demand_t"]
    )
    out = {}
    for key, of in shares.groupby(["scenario", "element"]):
        share, before, year = (of[name].to_numpy() for name in ("share", "before", "year"))
        at, was = int(share.argmax()), int(before.argmax())
        figures = share[at], int(year[at]), before[at], before[was], int(year[was]), share[was]
        out[str(key[0]), str(key[1])] = WorstYear(*figures)
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


def sources(
    run: RunView, goods: list[tuple[str, str]], scenarios: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Where goods (element, form) come from in some scenarios, and what is used of them: demand and what metal and
    magnet plants take in. Both by scenario, element, form, year: `kind`, `amount` (t); `use` (t).

    Kinds: the suppliers and makers that give most, each good counting the same, the others together, and stock.
    """
    flows, short = (
        _of_goods(run.tables[name], goods, scenarios) for name in ("operations", "shortfall")
    )
    parts = [flows[flows["item"] == "released"].assign(kind=STOCK)]
    for items, column, namer, most, called, other in (
        (IMPORTED, "project", run.names.party, MOST_SUPPLIERS, "Import: ", "other suppliers"),
        (("made",), "country", run.names.country, MOST_MAKERS, "Made: ", OTHERS_MAKE),
    ):
        rows = flows[flows["item"].isin(items)]
        name = rows[column].map(namer).astype(object)
        whole = rows.groupby(["element", "form"])["tonnes"].transform("sum").clip(lower=1e-9)
        score = (rows["tonnes"] / whole).groupby(name).sum().to_dict()
        kept = sorted(score, key=lambda of: (-score[of], of))[:most]
        parts.append(rows.assign(kind=called + name.where(name.isin(kept), other)))
    taken = flows[flows["item"].isin([STAGE_ITEMS[stage] for stage in MADE_FROM])]
    used = pd.concat(
        [short.rename(columns={"demand_t": "use"}), taken.rename(columns={"tonnes": "use"})]
    )
    of = pd.concat(parts).groupby([*BY_GOOD, "kind"], as_index=False)[["tonnes"]].sum()
    return of.rename(columns={"tonnes": "amount"}), used.groupby(BY_GOOD, as_index=False)[
        ["use"]
    ].sum()


def _of_goods(
    table: pd.DataFrame, goods: list[tuple[str, str]], scenarios: list[str]
) -> pd.DataFrame:
    good = pd.MultiIndex.from_frame(table[["element", "form"]])
    return table[table["scenario"].isin(scenarios) & good.isin(goods)]


SMALLEST_T = 5e-4
"""What a table would print as nothing is not called a shortage."""

SMALLEST_MUSD = 0.005

KEYS = ["country", "element", "form", "year"]


def missing(run: RunView, scenario: str) -> pd.DataFrame:
    """What is short with the plan by country, element, form, year, in a scenario or expected (`EXPECTED`): `tonnes`,
    `demand_t`, and the loss `musd`."""
    rows = run.tables["shortfall"]
    rows = rows[rows["tonnes"] > 0] if scenario == EXPECTED else rows[rows["scenario"] == scenario]
    out = run.within(
        rows.assign(musd=losses_of(run.case, rows)), scenario, KEYS, ["tonnes", "musd"]
    )
    wanted = run.within(run.tables["shortfall"], scenario, KEYS, ["demand_t"])
    return out[out["tonnes"] >= SMALLEST_T].merge(wanted, on=KEYS)


PER_KIND = 4
SCARCE: Mapping[str, tuple[str, str, str]] = STATED["scarce"]
"""Kind of scarce thing -> its heading, which of `Names` its items are named by, and what one more of it is."""


def limits(run: RunView) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The heading of each kind of `SCARCE` and its most valuable limits, as rows of `shadow_prices`: of the years of
    one thing that in which it is worth most, and `often`: in how many it is worth something; things worth the same are
    told once, and `others`: how many more there are."""
    prices = run.tables["shadow_prices"]
    things = ["scarce", "item", "country", "element", "form", "unit", "objective"]
    prices = prices[prices["musd_per_unit"] > 0]
    prices = prices.sort_values(["musd_per_unit", "year"], ascending=[False, True], kind="stable")
    best = prices.assign(often=prices.groupby(things)["year"].transform("count")).drop_duplicates(
        things
    )
    for kind, (heading, *_) in SCARCE.items():
        rows = _alike(best[best["scarce"] == kind]).head(PER_KIND)
        if len(rows):
            yield heading, records(rows)


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Things of one kind, element, form and year that are worth the same, as one row; `others` counts the rest."""
    worth = rows["musd_per_unit"].map(lambda musd: f"{musd:.5g}")
    keys = [worth, rows["year"].fillna(0), rows["element"], rows["form"]]
    return rows.assign(others=rows.groupby(keys)["item"].transform("size") - 1)[
        ~pd.concat(keys, axis=1).duplicated()
    ]


def scarce_words(names: Names, row: Mapping[str, Any]) -> str:
    """One more of a scarce thing, as the table `shadow_prices` or a `Marginal` has it."""
    _, called, words = SCARCE[row["scarce"]]
    item, year = getattr(names, called)(row["item"]) if called else str(row["item"]), row["year"]
    good, country = (
        f"{midway(names.element(row['element']))} {row['form']}",
        names.country(row["country"]),
    )
    said = words.format(item=item, skill=midway(item), good=good, country=country)
    return said if year is None or year != year else f"{said} in {int(year)}"
