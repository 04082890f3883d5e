"""Cases made: a workspace or workbook to start from, futures drawn; and what a case consists of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import planner
from planner.cli.console import CasePath, Force, ShownProgress, command_app, exit_codes, say
from planner.data.case import Case
from planner.data.empty_case import COLUMNS, write_empty_case
from planner.data.export import write_model, write_tables
from planner.data.load import checked_case
from planner.data.schema import TABLES
from planner.errors import RunFolderError, refused
from planner.results.folders import refuse_foreign, write_folder, write_whole
from planner.sampling.samples import DRAWN_TABLES
from planner.sampling.scenario_reduction import ReducedScenarios
from planner.workspace import STARTER, copy_case, find_case, lay_out, shipped

DRAWS, MODEL = "draws", "model.toml"
SAMPLED = "a case with draws"

app = command_app()

CopiedCase = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="CASE",
        help="Copy this case into DIR instead: the name of a case of the planner, or a case folder.",
    ),
]
ModelOfCase = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="With --to: model file whose choices go with the case.",
        show_default=False,
    ),
]


@app.command("init")
def init(
    place: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="New folder for the workspace; with --to: a case.",
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
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="PATH",
            help="Write the case, or the starter, there instead: as a workbook if the name ends in .xlsx, else as a folder.",
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
    copied_case: CopiedCase = None,
    model: ModelOfCase = None,
) -> None:
    """Lay out a workspace: a case to start from, the models, a place for reports; or a case alone."""
    with exit_codes():
        _refuse_if(model is not None and to is None, "--model", "goes with --to")
        _refuse_if(
            case is not None and (to or empty) is not None,
            "--case",
            "is for a workspace; name the case",
        )
        if copied_case is not None:
            _refuse_if((case or to or empty) is not None, "--from", "goes with DIR alone")
            _init_from(copied_case, place)
        elif empty is not None:
            _refuse_if((place or to) is not None, "--empty", "takes no case")
            _init_empty(empty)
        elif to is not None:
            source = checked_case(find_case(place or shipped() / "inputs" / STARTER), model)
            _refuse_existing(to)
            is_book = to.suffix.casefold() == ".xlsx"
            _written(to, partial(write_whole, write=source.write) if is_book else source.write)
            say(str(to))
        else:
            _refuse_if(place is None, "planner init", "needs a folder")
            copied = lay_out(place or Path(), case or STARTER)
            say(f"{copied} is ready. Next:")
            say(f"  planner check {copied}")
            say(f"  planner solve {copied} --model {place}/models/base.toml")


def _init_from(case: str, folder: Path | None) -> None:
    """Copy a case and print the next commands."""
    if folder is None:
        raise refused("", "--from", "needs a new folder for the case")
    _refuse_existing(folder)
    copy_case(case, folder)
    say(f"{folder} is ready. Next:")
    say(f"  planner check {folder}")
    say(f"  planner solve {folder}")


def _init_empty(folder: Path) -> None:
    """Write tables to fill in and print their order."""
    _refuse_existing(folder)
    _written(folder, write_empty_case)
    tables = ", ".join(COLUMNS)
    say(f"{folder} is ready; its tables, in the order in which to fill them in: {tables}. Next:")
    say(f"  planner check {folder}")


def _written(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file or folder. Raises RunFolderError."""
    try:
        write(path)
    except Exception as error:  # of the writer of workbooks too
        raise RunFolderError(f"{path}: cannot be written: {error}") from error


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise RunFolderError(f"{path}: exists; name another. Nothing was written")


def _refuse_if(wrong: bool, option: str, why: str) -> None:
    if wrong:
        raise refused("", option, why)


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
        with ShownProgress() as progress:
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


def _stand_for(few: ReducedScenarios) -> list[str]:
    """Lines about what is lost without a plan in all draws and in those kept, each known from its start."""
    lines = [f"Distance to the nearest kept draw, times probability: {few.distance:,.6g} MUSD"]
    for key, words in (("expected_loss_musd", "Expected loss"), ("cvar_musd", "CVaR")):
        every, kept = few.every[key], few.selected[key]
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
