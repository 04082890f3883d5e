"""The model file: what the planner chooses."""
