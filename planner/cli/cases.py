"""Cases made: a workspace or workbook to start from, futures drawn; and what a case consists of."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import planner
from planner.cli.console import CasePath, Force, command_app, exit_codes, say, shown_progress
from planner.data.case import Case
from planner.data.empty_case import write_empty_case
from planner.data.export import write_model, write_tables, write_workbook
from planner.data.load import checked_case
from planner.data.sampling import DRAWN_TABLES
from planner.data.schema import TABLES
from planner.errors import Fault, InputError, RunFolderError
from planner.evaluation.kept_draws import KeptDraws
from planner.results.folders import refuse_foreign, write_folder, write_whole
from planner.results.store import write_case
from planner.workspace import STARTER, find_case, lay_out, shipped

DRAWS, MODEL = "draws", "model.toml"
SAMPLED = "a case with draws"

app = command_app()


@app.command("init")
def init(
    place: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="New folder for the workspace; with --workbook or --tables: a case.",
            show_default=False,
        ),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Case to copy into a workspace: {STARTER} (default) or allied-2026.",
        ),
    ] = None,
    workbook: Annotated[
        Path | None,
        typer.Option(
            "--workbook",
            metavar="FILE",
            help="Write one workbook instead: the case, or the starter to write over.",
        ),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            metavar="DIR",
            help="Write the case as a folder of CSV tables and model.toml instead.",
        ),
    ] = None,
    empty: Annotated[
        Path | None,
        typer.Option(
            "--empty",
            metavar="DIR",
            help="Write a case to fill in instead: tables with a header and a line of explanation each.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="Model file whose choices go with the case.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Lay out a workspace: a case to start from, the models, a place for reports; or a case alone."""
    with exit_codes():
        forms = {"--workbook": workbook, "--tables": tables, "--empty": empty}
        chosen = [option for option, path in forms.items() if path is not None]
        _refuse_if(len(chosen) > 1, " and ".join(chosen), "write a case in two forms: choose one")
        is_written = workbook is not None or tables is not None
        _refuse_if(
            model is not None and not is_written, "--model", "goes with a case that is written"
        )
        _refuse_if(case is not None and bool(chosen), "--case", "is for a workspace; name the case")
        if empty is not None:
            _refuse_if(place is not None, "--empty", "takes no case")
            _write_empty(empty)
        elif workbook is not None:
            _write_workbook(workbook, place, model)
        elif place is None:
            raise InputError([Fault("planner init", 0, "", "needs a folder")])
        elif tables is not None:
            _refuse_existing(tables, "folder")
            write_case(checked_case(find_case(place), model), tables)
            say(str(tables))
        else:
            _write_workspace(place, case or STARTER)


def _write_workspace(folder: Path, case: str) -> None:
    copied = lay_out(folder, case)
    say(f"{copied} is ready. Next:")
    say(f"  planner check {copied}")
    say(f"  planner solve {copied} --model {folder}/models/base.toml")


def _write_empty(folder: Path) -> None:
    _refuse_existing(folder, "folder")
    try:
        write_empty_case(folder)
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    say(f"{folder} is ready: {folder / 'README.md'} says what each table is for. Next:")
    say(f"  planner check {folder}")


def _write_workbook(file: Path, place: Path | None, model: Path | None) -> None:
    """Write a case as a workbook; where none is named, the starter with every table laid out."""
    _refuse_existing(file, "file")
    case = checked_case(find_case(place or shipped() / "inputs" / STARTER), model)
    try:
        write_whole(file, lambda fresh: write_workbook(fresh, case, every_table=place is None))
    except Exception as error:
        raise RunFolderError(f"{file}: cannot be written: {error}") from error
    say(str(file))


def _refuse_existing(path: Path, kind: str) -> None:
    if path.exists():
        raise RunFolderError(f"{path}: exists; name a new {kind}. Nothing was written")


def _refuse_if(wrong: bool, option: str, why: str) -> None:
    if wrong:
        raise InputError([Fault(option, 0, "", why)])


@app.command("sample")
def sample(
    case: CasePath,
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", help="Scenarios in all, about so many.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the case with the draws.")
    ],
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="The same seed gives the same draws.")
    ] = 0,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", metavar="K", min=1, help="Keep K of the draws: those that stand best for all."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Draw scenarios from a register of hazards: a case in which each happens as often as it is likely."""
    with exit_codes():
        refuse_foreign(out, f"{DRAWS}.csv", SAMPLED, force)
        with shown_progress() as progress:
            progress("loading")
            source = find_case(case)
            loaded = checked_case(source)
            progress(f"drawing {draws:,} scenarios")
            drawn: Case = planner.sample(loaded, draws, seed)
            few = None if keep is None else planner.keep_draws(drawn, keep, progress)
            if few is not None:
                drawn = few.case
            progress("writing")
            fill = partial(_fill_drawn, drawn, loaded, source)
            write_folder(out, f"{DRAWS}.csv", SAMPLED, fill, force=force)
        shocks = f"{len(drawn.tables.draws):,} shocks"
        hazards = f"{len(loaded.lookups.hazards):,} hazards"
        scenarios = f"{len(drawn.scenarios):,} scenarios for {len(loaded.scenarios):,}"
        say(f"{out}: {scenarios}, {shocks} drawn from {hazards}")
        if few is not None:
            for line in _stand_for(few):
                say(line)
        say("Next:")
        say(f"  planner solve {out}")


def _stand_for(few: KeptDraws) -> list[str]:
    """Lines about what is lost without a plan in all draws and in those kept, each known from its start."""
    lines = [f"Distance to the nearest kept draw, times probability: {few.distance:,.6g} MUSD"]
    for key, words in (("expected_loss_musd", "Expected loss"), ("cvar_musd", "CVaR")):
        every, kept = few.every[key], few.kept[key]
        apart = kept / every - 1 if every else 0.0
        lines.append(
            f"{words} without a plan: {every:,.0f} MUSD in all draws, {kept:,.0f} in those kept ({apart:+.1%})"
        )
    return lines


def _fill_drawn(drawn: Case, loaded: Case, source: Path, folder: Path) -> None:
    """Write the tables, and the model file; tables that were not drawn are copied where the case is of files."""
    write_tables(drawn, folder, also=(DRAWS,))
    if source.is_file():
        write_model(drawn.model, folder / MODEL)
        return
    kept = [MODEL]
    for table in TABLES:
        same = drawn.tables.rows(table.name) == loaded.tables.rows(table.name)
        if same and table.name not in DRAWN_TABLES:
            kept.append(f"{table.name}.csv")
    for name in kept:
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)
