"""Sentences: the answer, remarks, why this plan."""
