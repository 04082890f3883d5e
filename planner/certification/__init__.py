"""Optima proven in exact arithmetic: what can be handed over and checked without a solver, and without trust."""
