"""Amounts up to which something counts as none, named once with unit and reason for all rooms.

What is a share of something, or a tolerance of one algorithm, stands where it is used.
"""

from __future__ import annotations

ROUNDING = 1e-9
"""t, t/y, persons or MUSD: values of a solution up to this one are the rounding of its computation, and stand in no table."""
TOLERATED = 1e-6
"""t/y, persons or MUSD: by so much two optima may differ that the solver proves equally good, so nobody is hired, nothing
is owed and nothing is lost."""
SHOWN_MUSD = 0.05
"""MUSD: pages print one decimal, and less would read 0.0."""
SHOWN_T = 0.5
"""t and t/y: pages print whole tonnes, and less would read 0; a plant that differs by less is the same plant."""
