"""How one element goes from mine to user in a year of a scenario: links between places, from operations and shortfall.

Oxide and metal are pools: within a group any country may receive from them, so what one plant makes cannot be followed
to one user. Tonnes are of oxide; for metal, of the oxide it contains.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.reporting.values.provenance import table_rows
from planner.reporting.values.view import RunView, records

FEED, PLANT, OXIDE, METAL_PLANT, METAL, USER = range(6)
"""Columns from left to right."""
OXIDE_POOL, METAL_POOL = "Oxide", "Metal"
LEAST = 1e-6
KEPT = 7
"""Places named in each column; the rest are added up."""
REST = "Others"


@dataclass(frozen=True)
class Stream:
    """Tonnes from one place to another; a place is (column, name). `hue`: what kind of thing flows."""

    source: tuple[int, str]
    target: tuple[int, str]
    tonnes: float
    hue: str
    origin: str


def streams(run: RunView, element: str, scenario: str) -> dict[int, list[Stream]]:
    """year -> what flows, the largest places of each column by name."""
    named = _merged(pd.concat([_operations(run, element, scenario), _users(run, element, scenario)]))
    out: dict[int, list[Stream]] = {year: [] for year in run.years}
    for r in records(named[named["tonnes"] > LEAST]):
        rows = table_rows(r["table"], scenario, **dict(r["where"]), element=element, year=r["year"])
        stream = Stream((r["from_column"], r["from"]), (r["to_column"], r["to"]), r["tonnes"], r["hue"], rows)
        out[r["year"]].append(stream)
    for year, found in out.items():
        out[year] = [*found, *_left_over(found)]
    return out


def _row(
    rows: pd.DataFrame, source: tuple[int, object], target: tuple[int, object], hue: str, **where: str
) -> pd.DataFrame:
    table = where.pop("table", "operations")
    return pd.DataFrame(
        {
            "year": rows["year"],
            "from_column": source[0],
            "from": source[1],
            "to_column": target[0],
            "to": target[1],
            "tonnes": rows["tonnes"],
            "hue": hue,
            "table": table,
            "where": [tuple(where.items())] * len(rows),
        }
    )


def _operations(run: RunView, element: str, scenario: str) -> pd.DataFrame:
    rows = run.tables["operations"]
    rows = rows[(rows["scenario"] == scenario) & (rows["element"] == element)]
    parts = []
    for form, pool, column in (("oxide", OXIDE_POOL, OXIDE), ("metal", METAL_POOL, METAL)):
        made = rows[(rows["form"] == form) & (rows["item"] == "made")]
        country = made["country"].map(run.names.country)
        plant = PLANT if form == "oxide" else METAL_PLANT
        if form == "oxide":
            feeds = made["feed"].map(run.names.feed)
            parts.append(_row(made, (FEED, feeds), (plant, country), "feed", item="made", form=form))
        parts.append(_row(made, (plant, country), (column, pool), form, item="made", form=form))
        imported = rows[(rows["form"] == form) & (rows["item"] == "imported")]
        suppliers = "Import: " + imported["project"].map(run.names.party).astype(object)
        parts.append(_row(imported, (plant, suppliers), (column, pool), "import", item="imported", form=form))
        released = rows[(rows["form"] == form) & (rows["item"] == "released")]
        parts.append(_row(released, (plant, "Stock"), (column, pool), "stock", item="released", form=form))
        bought = rows[(rows["form"] == form) & (rows["item"] == "bought")]
        parts.append(_row(bought, (column, pool), (USER, "Into stock"), "stock", item="bought", form=form))
    reduced = rows[rows["item"] == "reduced"]
    country = reduced["country"].map(run.names.country)
    parts.append(_row(reduced, (OXIDE, OXIDE_POOL), (METAL_PLANT, country), "oxide", item="reduced"))
    return pd.concat(parts)


def _users(run: RunView, element: str, scenario: str) -> pd.DataFrame:
    needs = run.tables["shortfall"]
    needs = needs[(needs["scenario"] == scenario) & (needs["element"] == element)]
    user = needs["country"].map(run.names.country)
    met = needs.assign(tonnes=needs["demand_t"] - needs["tonnes"])
    parts = [_row(needs, (METAL, "Missing"), (USER, user), "missing", table="shortfall")]
    for form, pool, column in (("oxide", OXIDE_POOL, OXIDE), ("metal", METAL_POOL, METAL)):
        of_form = met["form"] == form
        parts.append(_row(met[of_form], (column, pool), (USER, user[of_form]), form, table="shortfall", form=form))
    return pd.concat(parts)


def _merged(rows: pd.DataFrame) -> pd.DataFrame:
    """The smaller places of each column under one name, flows between the same places added up."""
    rows = rows.copy()
    for side in ("from", "to"):
        other = "to" if side == "from" else "from"
        for column in sorted(rows[f"{side}_column"].unique()):
            at = rows[f"{side}_column"] == column
            places = pd.concat(
                [
                    rows[at].rename(columns={side: "place"})[["place", "tonnes"]],
                    rows[rows[f"{other}_column"] == column].rename(columns={other: "place"})[["place", "tonnes"]],
                ]
            )
            sums = places.groupby("place")["tonnes"].sum()
            kept = sorted(sums.index, key=lambda place: (-sums[place], place))[: KEPT if len(sums) > KEPT + 1 else None]
            rows.loc[at, side] = rows.loc[at, side].where(rows.loc[at, side].isin(kept), REST)
    keys = [column for column in rows.columns if column != "tonnes"]
    return rows.groupby(keys, as_index=False, sort=False)[["tonnes"]].sum()


def _left_over(found: list[Stream]) -> list[Stream]:
    """What comes into a pool and is not used."""
    out = []
    for pool in ((OXIDE, OXIDE_POOL), (METAL, METAL_POOL)):
        into = sum(stream.tonnes for stream in found if stream.target == pool)
        used = sum(stream.tonnes for stream in found if stream.source == pool)
        if into - used > max(LEAST, 1e-6 * into):
            words = f"{pool[1].lower()} in less {pool[1].lower()} out"
            out.append(Stream(pool, (USER, "Left over"), into - used, "left", words))
    return out
