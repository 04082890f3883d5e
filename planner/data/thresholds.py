"""From which size on checks and questions count a difference: one value for one meaning."""

from __future__ import annotations

ROUNDING = 1e-9
"""Share by which a sum of decimal figures may be off: that of a double is 1e-16, and of 1e6 of them added 1e-10."""
PROBABILITIES = 1e-6
"""By which probabilities may miss 1: people write them with six digits."""

# ---- figures beside their like
FAR = 5.0
"""Times that a figure is away from the nearest of its like, or from both neighbours in a series over years, if it stands
out: so far are few of one kind, and a slip of a digit is ten times."""
FAR_OF_FEW = {1: 120.0, 2: 20.0}
"""The same where there are so few others: two or three may well differ in size, but hardly by a unit."""
TOGETHER = 1.2
"""Figures of one year that are off by the same, within this factor, are meant: two slips are not alike."""
FEWEST = 4
"""Things that are alike, of which one that differs is odd."""

# ---- years
FAR_YEARS = 40
"""Years between a year and the others of its table, or the horizon: no case plans further."""
ALONE_YEARS = 10
"""Years between a year of one row alone and all others; and before the horizon in which a shock may have begun."""
PAST_YEARS = 80
"""Years before the horizon in which what still stands may have begun."""

# ---- plants
NEARLY = 0.25
"""Share by which figures and names of one plant that is there twice differ: it was copied and edited."""
MINED = 1.5
"""Multiple of what all plants could take of a feed from which on what may be mined is more than ample."""
ENDS_AT = 0.6
"""Share of nameplate below which a ramp does not end."""
