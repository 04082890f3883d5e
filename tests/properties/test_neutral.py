"""Every feature of calm years at its neutral value changes no criterion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cases import read_rows, seeds, write_rows
from tests.oracle.both_ways import optima
from tests.oracle.random_case import write_random_case

SHARE = 1e-9


def with_neutral_features(folder: Path) -> None:
    """Prices and credits of 0, a rise of the whole capacity, scrap without end, savings without capacity, no returns."""
    projects: list[dict[str, Any]] = list(read_rows(folder, "projects"))
    demand = read_rows(folder, "demand")
    mines = [row["project"] for row in projects if row["stage"] == "mine"]
    for row in projects:
        row |= {"credit_usd_per_t": 0, "rise": 1}
    good = demand[0]
    projects.append({"project": "thrift", "country": good["country"], "stage": "saving", "rise": 1})
    write_rows(folder, "projects", projects)
    saved = {"element": good["element"], "form": good.get("form") or "oxide", "tonnes": 1}
    write_rows(folder, "savings", [{"project": "thrift", **saved}])
    limits = [{"project": mine, "year": 2026, "tonnes": 1e9} for mine in mines]
    if limits:
        write_rows(folder, "availability", limits)
    feeds = read_rows(folder, "feeds")
    feeds.append({"feed": "swarf", "element": good["element"], "share": "1"})
    write_rows(folder, "feeds", feeds)
    none = {"element": good["element"], "feed": "swarf", "share": 0}
    write_rows(folder, "returns", [{"stage": stage, **none} for stage in ("metal", "magnet")])
    imports = [row | {"price_usd_per_kg": 0} for row in read_rows(folder, "imports")]
    if imports:
        write_rows(folder, "imports", imports)


@pytest.mark.parametrize("seed", seeds(900, 5, 100))
def test_neutral_values_change_no_criterion(tmp_path: Path, seed: int) -> None:
    model = write_random_case(tmp_path / "case", seed, old=False)
    model["policy"]["whole_plants"] = False
    before = optima(tmp_path / "case", model)
    with_neutral_features(tmp_path / "case")
    after = optima(tmp_path / "case", model)
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert after[name] == pytest.approx(value, rel=SHARE, abs=SHARE), name
