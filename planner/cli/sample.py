"""`planner sample`: a register of hazards becomes scenarios, in a case of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

import planner
from planner.cli.console import CasePath, command_app, exit_codes, say, shown_progress
from planner.data.case import Case
from planner.data.load import load
from planner.data.template import write_tables
from planner.results.store import model_toml, write_folder
from planner.workspace import find_case

MARK, MODEL = "draws", "model.toml"

app = command_app()


@app.command()
def run(
    case: CasePath,
    draws: Annotated[int, typer.Option("--draws", metavar="N", help="How many scenarios in all, about.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the case with the draws.")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed gives the same draws.")] = 0,
) -> None:
    """Draw scenarios from a register of hazards: a case in which each happens as often as it is likely."""
    with exit_codes():
        with shown_progress() as progress:
            progress("loading")
            source = find_case(case)
            loaded = load(source)
            progress(f"drawing {draws:,} scenarios")
            drawn: Case = planner.sample(loaded, draws, seed)
            progress("writing")
            write_folder(out, f"{MARK}.csv", "a case with draws", lambda folder: _fill(drawn, source, folder))
        say(
            f"{out}: {len(drawn.scenarios):,} scenarios for {len(loaded.scenarios):,}, {len(drawn.tables.draws):,} "
            f"shocks drawn from {len(loaded.tables.hazards):,} hazards. Next:"
        )
        say(f"  planner solve {out}")


def _fill(case: Case, source: Path, folder: Path) -> None:
    """The tables, and the model file as it was: byte by byte, or the sheet of a workbook as a file."""
    write_tables(case, folder, also=(MARK,))
    if source.is_file():
        (folder / MODEL).write_text(model_toml(case.model), encoding="utf-8")
    elif (source / MODEL).exists():
        shutil.copyfile(source / MODEL, folder / MODEL)
