"""Samples and indices against answers that are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.results.study import Indices, SensitivityIndex, moves
from planner.studies.design import design, latin_hypercube, sobol_sample
from planner.studies.points import Settler, chains, points
from planner.studies.sensitivity import indices, ranking, sobol_indices
from planner.studies.study_file import build_study
from tests.cases import LONG
from tests.studies.studies import STARTER, sample

NAMES = ["x1", "x2", "x3"]


def ishigami(shares: np.ndarray) -> np.ndarray:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3 (Ishigami and Homma 1990)."""
    x = (2 * shares - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_sobol_indices_of_the_ishigami_function_are_the_published_ones() -> None:
    found = sobol_indices(NAMES, ishigami(sobol_sample(2048, 3, seed=0)))
    assert found is not None
    # Exact: S = 0.3139, 0.4424, 0; total = 0.5576, 0.4424, 0.2437 (Saltelli et al., Global Sensitivity Analysis, 2008).
    for row, first, total in zip(
        found.rows, (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437), strict=True
    ):
        assert row.first == pytest.approx(first, abs=0.02)
        assert row.total == pytest.approx(total, abs=0.02)
        assert abs(row.first - first) <= 2 * row.first_within + 0.005


def test_a_sobol_block_with_a_missing_row_is_left_out_whole() -> None:
    values = ishigami(sobol_sample(256, 3, seed=0))
    values[7] = np.nan
    found = sobol_indices(NAMES, values)
    assert found is not None and (found.used, found.left_out) == (255, 1)


def test_a_latin_hypercube_has_one_point_in_each_layer() -> None:
    shares = latin_hypercube(500, 3, seed=0)
    for column in shares.T:
        assert sorted((column * 500).astype(int)) == list(range(500))


def test_any_sample_ranks_the_ishigami_function() -> None:
    shares = latin_hypercube(1024, 3, seed=2)
    found = ranking(NAMES, shares, ishigami(shares))
    assert found is not None
    assert [row.first for row in found.rows] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.05)
    assert [row.name for row in found.ranked] == ["x2", "x1", "x3"]
    assert found.decided and found.half_width < 0.06, "0.44 and 0.34 within 0.05 each"
    few = ranking(NAMES, shares[:128], ishigami(shares[:128]))
    assert few is not None and not few.decided
    assert ranking(NAMES, shares[:20], ishigami(shares[:20])) is None, "too few to say anything"


def test_twice_the_sample_contains_the_sample() -> None:
    for few, many in (
        (latin_hypercube(24, 3, 5), latin_hypercube(96, 3, 5)),
        (sobol_sample(16, 3, 5), sobol_sample(32, 3, 5)),
    ):
        assert np.array_equal(few, many[: len(few)])
        assert len(np.unique(many.round(9), axis=0)) > 1.5 * len(few)
    for column in latin_hypercube(96, 3, 5).T:
        assert sorted((column * 96).astype(int)) == list(range(96))


def test_a_driver_is_named_once_its_interval_decides_it() -> None:
    rows = (SensitivityIndex("a", 0.5, 0.2, 0.6, 0.3), SensitivityIndex("b", 0.3, 0.1, 0.4, 0.1))
    open_ = Indices("risk_musd", "sobol", rows, 8, 0)
    assert not open_.decided and open_.half_width == 0.3
    apart = Indices(
        "risk_musd", "sobol", (rows[1], SensitivityIndex("a", 0.5, 0.1, 0.6, 0.05)), 8, 0
    )
    assert apart.decided and apart.ranked[0].name == "a"
    alike = Indices(
        "risk_musd", "sobol", (rows[0], SensitivityIndex("c", 0.5, 0.2, 0.6, 0.3)), 8, 0
    )
    assert not alike.decided


def test_a_sample_that_is_half_run_says_so_and_is_no_failure() -> None:
    asked = build_study(sample() | {"design": {"kind": "sobol", "points": 8}})
    drawn = sobol_sample(8, 3, 0)
    rows = pd.DataFrame({"row": range(len(drawn)), "risk_musd": 10 * ishigami(drawn)})
    rows["status"] = "optimal"
    rows.loc[30:, ["status", "risk_musd"]] = None
    rows["risk_musd"] = rows["risk_musd"].astype(float)
    found = indices(asked, rows, "risk_musd")
    assert found is not None and (found.used, found.left_out) == (6, 2)


def test_blocks_of_a_sample_are_run_one_after_the_other() -> None:
    case = planner.load(STARTER["case"], model=STARTER["model"])
    asked = build_study(sample() | {"design": {"kind": "sobol", "points": 128}})
    found = points(Settler(asked, case), sha256=case.sha256, rows=design(asked, Path()))
    place = {point.id: i for i, point in enumerate(found)}
    done = [place[point.id] for chain in chains(asked, found) for point in chain]
    assert sorted(done) == sorted(place.values())
    assert max(done[:400]) < 400 + 8


def test_what_the_tolerance_of_the_solver_moves_is_no_effect() -> None:
    assert not moves([2090.60217, 2090.60217 + 1e-3, float("nan")])
    assert moves([2090.6, 2091.6])
    assert not moves([])
    shares = sobol_sample(16, 3, seed=0)
    assert sobol_indices(NAMES, 2000.0 + 1e-3 * ishigami(shares)) is None


def by_sobol(seed: int) -> Indices | None:
    return sobol_indices(NAMES, ishigami(sobol_sample(64, 3, seed)))


def by_ranking(seed: int) -> Indices | None:
    shares = latin_hypercube(128, 3, seed)
    return ranking(NAMES, shares, ishigami(shares))


@pytest.mark.parametrize(
    ("by", "truth"), [(by_sobol, (0.5576, 0.4424, 0.2437)), (by_ranking, (0.3139, 0.4424, 0.0))]
)
def test_intervals_of_indices_cover_at_least_what_they_state(
    by: Callable[[int], Indices | None], truth: tuple[float, ...]
) -> None:
    """Intervals of 95 % hold the truth in 90 % at least; those of Sobol and RBD-FAST are cautious, and hold it in more.

    A quick run has eight repetitions.
    """
    repetitions = 200 if LONG else 8
    covers = np.zeros(3)
    for seed in range(repetitions):
        found = by(seed)
        assert found is not None
        for place, (row, exact) in enumerate(zip(found.rows, truth, strict=True)):
            covers[place] += abs(row.total - exact) <= row.total_within + 0.005 * exact
    shares = covers / repetitions
    assert shares.min() >= (0.90 if LONG else 0.7), shares
