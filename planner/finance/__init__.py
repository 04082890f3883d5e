"""Project finance: what a plant sells, its cash by year, tax, debt, returns, support. Pure functions over arrays.

Years lie along the last axis, cases side by side (futures, draws, ends of a range) along the first. Money is MUSD,
real of the base year unless a name says nominal; flows fall at the end of their year and are valued at the start of
the first one, as NPV() of a spreadsheet does.
"""
