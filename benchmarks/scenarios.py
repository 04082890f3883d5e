"""Scenarios of a generated case: one undisturbed, the others each with a cut of imports of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from benchmarks.generate import World

Rows = list[dict[str, Any]]
Shock = tuple[tuple[str, Any], ...]
STAGES = ("mine", "separation", "metal")


def disturbances(w: World) -> dict[str, Rows]:
    """The tables `scenarios` and `shocks`. The first scenario is undisturbed; all are distinct."""
    count = w.size.scenarios
    weights = w.random.uniform(0.5, 1.5, count)
    if count > 1:
        weights[0] = 0.2 * weights[1:].sum()
    shares = [round(float(x), 9) for x in weights / weights.sum()]
    shares[0] = round(1 - sum(shares[1:]), 9)
    names = [f"s{i:04d}" for i in range(count)]
    rows: dict[str, Rows] = {
        "scenarios": [
            {"scenario": s, "probability": p} for s, p in zip(names, shares, strict=True)
        ],
        "shocks": [],
    }
    seen: set[tuple[Shock, ...]] = {()}
    for name in names[1:]:
        shocks: tuple[Shock, ...] = ()
        while shocks in seen:
            shocks = tuple(tuple(shock.items()) for shock in _disturbance(w))
        seen.add(shocks)
        rows["shocks"] += [{"scenario": name, **dict(shock)} for shock in shocks]
    return rows


def _disturbance(w: World) -> list[dict[str, Any]]:
    start = int(w.random.integers(w.years[1], w.years[-1] - 1))
    end = min(start + int(w.random.integers(0, 4)), w.years[-1])
    if w.random.random() < w.size.lasting:
        end = w.years[-1]
    shocks = _cuts(w, start, end)
    if w.random.random() < 0.2:
        stage = STAGES[int(w.random.integers(0, w.size.stages))]
        shocks.append(_shock("delay", start, end, stage=stage, factor=int(w.random.integers(1, 3))))
    if w.random.random() < 0.15:
        stage, country = STAGES[int(w.random.integers(0, 2))], str(w.random.choice(w.countries))
        shocks.append(
            _shock(
                "capacity", start, end, stage=stage, country=country, factor=w.between(0.3, 0.8, 2)
            )
        )
    if w.random.random() < 0.15:
        element = str(w.random.choice(w.elements))
        shocks.append(_shock("demand", start, end, element=element, factor=w.between(1.1, 1.4, 2)))
    return shocks


def _cuts(w: World, start: int, end: int) -> list[dict[str, Any]]:
    """A cut by one supplier or all, of one to all elements, in all countries or some."""
    supplier = ("chn", "chn", "chn", "oth", "")[int(w.random.integers(0, 5))]
    elements = [""] if w.random.random() < 0.5 else _some(w, w.elements)
    countries = [""] if w.random.random() < 0.6 else _some(w, w.users)
    worst = w.between(0.0, 0.7, 2)
    return [
        _shock(
            "import",
            start,
            end,
            supplier=supplier,
            country=c,
            element=e,
            factor=round(worst * w.between(0.8, 1), 3),
        )
        for c in countries
        for e in elements
    ]


def _some(w: World, names: tuple[str, ...]) -> list[str]:
    count = int(w.random.integers(1, max(2, len(names) // 2 + 1)))
    return sorted(np.asarray(w.random.choice(names, count, replace=False)).tolist())


def _shock(kind: str, start: int, end: int, **columns: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("supplier", "country", "element", "form", "stage", "project"), "")
    return {"kind": kind, "start_year": start, "end_year": end, **empty, **columns}
