"""Sobol and Morris indices with confidence intervals, from SALib, of one outcome over a design.

A sample of either kind falls into blocks whose members belong together. A block with a missing member is left
out whole, and how many were is told: an index from half a block would be wrong without saying so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol

from planner.studies.sampling import problem

CONFIDENCE = 0.95
RESAMPLES = 200
ANY_SEED = 20250404
"""Seed of the bootstrap; SALib takes a seed of 0 for none."""


@dataclass(frozen=True)
class Index:
    """Influence of one uncertainty. Sobol: first order and total, shares of the variance.
    Morris: mean absolute effect (mu star) and spread (sigma), in units of the outcome. `*_within`: half-width
    of the 95 % interval."""

    name: str
    first: float
    first_within: float
    total: float
    total_within: float


@dataclass(frozen=True)
class Indices:
    """Indices of one outcome, the blocks used and those left out."""

    outcome: str
    kind: str
    rows: tuple[Index, ...]
    used: int
    left_out: int


def sobol_indices(names: Sequence[str], values: NDArray[np.float64], outcome: str = "") -> Indices | None:
    """First-order and total indices (Saltelli et al. 2010) of values in the order of `sobol_sample`.

    None if the outcome does not move, or if nothing is left.
    """
    kept, left_out = _whole_blocks(values, len(names) + 2)
    if len(kept) == 0 or np.ptp(kept) <= 1e-12 * (1.0 + np.abs(kept).max()):
        return None
    found = salib_sobol.analyze(
        problem(len(names)),
        kept,
        calc_second_order=False,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=ANY_SEED,
    )
    columns = (found["S1"], found["S1_conf"], found["ST"], found["ST_conf"])
    rows = [Index(name, *map(float, row)) for name, row in zip(names, zip(*columns, strict=True), strict=True)]
    return Indices(outcome, "sobol", tuple(rows), len(kept) // (len(names) + 2), left_out)


def morris_indices(
    names: Sequence[str], shares: NDArray[np.float64], values: NDArray[np.float64], levels: int, outcome: str = ""
) -> Indices | None:
    """Mean absolute elementary effects (Campolongo, Cariboni and Saltelli 2007) of a `morris_sample` and its values."""
    block = len(names) + 1
    _, left_out = _whole_blocks(values, block)
    whole = np.repeat(~np.isnan(values.reshape(-1, block)).any(axis=1), block)
    kept = values[whole]
    if len(kept) == 0 or np.ptp(kept) <= 1e-12 * (1.0 + np.abs(kept).max()):
        return None
    found = salib_morris.analyze(
        problem(len(names)), shares[whole], kept,
        num_resamples=RESAMPLES, conf_level=CONFIDENCE, num_levels=levels, seed=ANY_SEED,
    )  # fmt: skip
    columns = (found["mu"], found["sigma"], found["mu_star"], found["mu_star_conf"])
    rows = [Index(name, *map(float, row)) for name, row in zip(names, zip(*columns, strict=True), strict=True)]
    return Indices(outcome, "morris", tuple(rows), len(kept) // block, left_out)


def _whole_blocks(values: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], int]:
    blocks = values.reshape(-1, size)
    whole = ~np.isnan(blocks).any(axis=1)
    return blocks[whole].ravel(), int((~whole).sum())
