"""`planner approximate`: a plan for more scenarios than one program can hold, with a proven distance from the best."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import CasePath, ModelPath, Overrides, command_app, exit_codes, read_case, say, shown_progress
from planner.data.case import Case
from planner.decomposition.benders_loop import Approximation, approximate, close
from planner.decomposition.store import ABOUT, write_approximation
from planner.errors import StoppedError
from planner.reporting.values.wording import number
from planner.results.store import default_folder

app = command_app()


@app.command()
def run(
    case: CasePath,
    model: ModelPath = None,
    overrides: Overrides = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder. Default: reports/CASE-MODEL-approximate.")
    ] = None,
    gap: Annotated[float, typer.Option(min=0.0, max=1.0, help="Distance of the bounds that is close enough.")] = 0.001,
    alone: Annotated[int, typer.Option(min=0, help="Scenarios, the hardest, that the master program holds.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds at the most, for the risk and for the cost.")] = 100,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that solve. Default: one per core.")] = None,
) -> None:
    """A plan for very many scenarios and a proof of how far it is from the best. Each scenario is solved by itself."""
    with exit_codes():
        with shown_progress() as progress:
            progress("loading")
            loaded = read_case(case, model, overrides)
            found = approximate(loaded, alone=alone, gap=gap, rounds=rounds, workers=workers, progress=progress)
            progress("writing")
            plain = default_folder(loaded)
            target = folder or plain.with_name(f"{plain.name}-approximate")
            write_approximation(target, loaded, found)
        _close(loaded, found, target)
        apart = max(found.risk_gap, found.cost_gap)
        if apart > gap:
            raise StoppedError(
                f"the bounds are {close(apart)} apart, not {close(gap)}; more --rounds bring them closer"
            )


def _close(case: Case, found: Approximation, target: Path) -> None:
    say(f"Risk        {number(found.risk)} MUSD in {len(case.scenarios):,} scenarios with this plan")
    say(f"            the least risk is between {number(found.risk_lower)} and {number(found.risk_upper)} MUSD")
    say(f"Cost        {number(found.cost)} MUSD; no plan of at most {number(found.limit)} MUSD of risk costs less than")
    say(f"            {number(found.cost_lower)} MUSD: within {close(found.cost_gap)} of the cheapest")
    say(f"Rounds      {len(found.rounds)}, with {found.rounds[-1].cuts:,} cuts")
    say(f"Written     {target}/{ABOUT}, investments.csv, training.csv, hired.csv, losses.csv")
