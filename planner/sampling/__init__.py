"""Hazard register, samples of it, other probabilities of the same scenarios, and scenario reduction."""
