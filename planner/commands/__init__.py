"""The commands, one module each; `planner.cli` puts them together."""
