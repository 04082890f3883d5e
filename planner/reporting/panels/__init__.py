"""Panels of the page of a run: each function returns the parts of one question."""
