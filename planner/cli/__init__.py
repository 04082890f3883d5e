"""The command line: parse, call, print, exit code. Nothing else."""

from __future__ import annotations

import typer

from planner.cli import approximate, check, compare, evaluate, explain, init, replay, report, schema, solve, study

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which mines, separation plants and people allies should pay for so that a rare-earth cut-off hurts least.",
)
app.command("init")(init.run)
app.command("check")(check.run)
app.command("solve")(solve.run)
app.command("report")(report.run)
app.command("explain")(explain.run)
app.command("compare")(compare.run)
app.command("study")(study.run)
app.command("evaluate")(evaluate.run)
app.command("approximate")(approximate.run)
app.command("schema")(schema.run)
app.command("replay")(replay.run)
