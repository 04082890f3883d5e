"""`python -m planner`: the command line."""

from planner.cli import app

app(prog_name="planner")
