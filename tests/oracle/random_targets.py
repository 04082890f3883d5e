"""Random targets, in the case or in the model, and origins of suppliers."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_tables import Draw, Rows

KINDS = ("served", "served", "origin_share", "made_share", "made_share")


def draw_origins(d: Draw) -> None:
    """Suppliers that sell from a country of their own, from the same one, or from one of the case."""
    if "suppliers" not in d.tables:
        rows = [row for name in ("imports", "shocks", "resale") for row in d.tables.get(name, ())]
        named = {row.get("supplier") for row in rows} - {None, "*"}
        for supplier in sorted(named):
            d.put("suppliers", {"supplier": supplier})
    for row in d.tables["suppliers"]:
        row["origin"] = d.maybe(0.6, lambda: d.rng.choice(("CHN", "CHN", "VNM", d.countries[0])))


def draw_target(d: Draw, name: str) -> Rows:
    """A target that often binds and now and then cannot be reached."""
    kind = d.rng.choice(KINDS)
    country, element, form = d.rng.choice(list(d.demand))
    row: Rows = {"target": name, "kind": kind, "form": form}
    row["element"] = d.maybe(0.7, lambda: element)
    if d.chance(0.5):
        row["country"] = d.rng.choice((country, ";".join(d.countries)))
    elif d.chance(0.3):
        parties = [row["country"] for row in d.tables["countries"] if not row.get("party")]
        parties += [row["party"] for row in d.tables["countries"] if row.get("party")]
        row["party"] = d.rng.choice(parties)
    row["share"] = d.between(0.05, 0.6)
    if kind == "origin_share":
        row["share"] = d.between(0.3, 0.95)
    if kind == "served":
        row["form"] = d.maybe(0.6, lambda: form)
    if kind == "made_share" and d.chance(0.3):
        row["form"] = "feed"
        row["feeds"] = d.maybe(0.4, lambda: d.rng.choice(list(d.shares)))
    names = [r.get("storyline") or r["scenario"] for r in d.tables.get("scenarios", ())]
    names += [r["scenario"] for r in d.tables.get("scenarios", ())]
    row["scenario"] = d.maybe(0.4, lambda: d.rng.choice(names or ["base"]))
    if row["scenario"] is None and "stress" in names and d.chance(0.4):
        row["scenario"] = "stress"
    row["first_year"] = d.maybe(0.6, lambda: d.rng.randint(d.first + 1, d.last))
    start = row["first_year"] or d.first
    row["last_year"] = d.maybe(0.4, lambda: d.rng.randint(start, d.last))
    usd = d.loss[element] * d.rng.choice((0.02, 0.2, 1, 5))
    row["price_usd_per_kg"] = d.maybe(0.6, lambda: d.number(usd))
    return row


def draw_targets(d: Draw, model: dict[str, Any]) -> None:
    """One to three targets."""
    for place in range(d.rng.choice((1, 1, 2, 3))):
        row = draw_target(d, f"target_{place}")
        if d.chance(0.3):
            chosen = {key: value for key, value in row.items() if value is not None}
            model.setdefault("targets", []).append(chosen)
        else:
            d.put("targets", row)
    if d.chance(0.6):
        draw_origins(d)
