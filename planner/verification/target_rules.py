"""Rules of targets that must hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.results.targets import kept_stock, limits, use_of_good
from planner.verification.recomputed_inputs import RecomputedAmounts
from planner.verification.violations import Broken, at_most


def target_rules(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Shares of targets without a price, and no stock of their goods thrown away."""
    for limit in limits(amounts):
        if amounts.lookups.targets[limit.target].price_usd_per_kg is None:
            yield at_most("target", limit.amount, limit.allowed)
    for good, holds in kept_stock(amounts).items():
        released = np.where(holds, amounts.goods["released", good], 0.0)
        use = np.where(holds, use_of_good(amounts, good), 0.0)
        yield at_most("target_stock", released, use)
