"""Of slips as people make them at most a tenth is silent; README.md says which, and why."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.cases import LONG
from tests.faults.conftest import STARTER, read_text
from tests.faults.drawn_slips import COUNT, SILENT, WAYS, slips_of, trials

SHARE = 0.1
"""Largest share of the corpus that may be silent."""


@pytest.mark.timeout(3600)
def test_at_most_a_tenth_of_drawn_slips_is_silent() -> None:
    ends = Counter(
        trial.end for trial in trials(STARTER, count=COUNT if LONG else 100, solved=True)
    )
    assert ends[SILENT] <= SHARE * ends.total(), ends
    assert len(ends) == 4


def test_the_corpus_has_three_hundred_slips_of_every_way() -> None:
    names = [name for name, _ in slips_of(read_text(STARTER))]
    assert len(set(names)) == COUNT
    ways = Counter(name.partition(":")[0] for name in names)
    assert set(ways) == {way.__name__ for way in WAYS} and min(ways.values()) > 40
