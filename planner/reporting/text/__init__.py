"""Sentences: the answer, why this plan, the screen."""
