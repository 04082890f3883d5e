"""Losses of single scenarios without a plan, and scenario reduction by them."""

from __future__ import annotations

from planner.data.case import Case, with_choices
from planner.errors import A_CASE, Fault, InputError, refuse_other
from planner.evaluation.policies import Foreseen
from planner.evaluation.simulation_program import SimulationProgram
from planner.evaluation.simulator import futures_of
from planner.sampling.scenario_reduction import LossesByElement, ReducedScenarios, reduced
from planner.solving.goals import Progress, silent


def keep_draws(drawn: Case, keep: int, progress: Progress = silent) -> ReducedScenarios:
    """Reduce the scenarios of a sampled case, keeping at least one of each storyline.

    The distance of two scenarios of one storyline is Euclidean, over the loss by element without a plan (MUSD over the
    horizon). Probabilities of storylines stay.

    Parameters
    ----------
    drawn
        A case that `sample` made.
    keep
        Largest number of scenarios.
    progress
        Called with each step in words.

    Returns
    -------
    ReducedScenarios
        `.case` with fewer scenarios, `.distance` to all, and the expected loss and CVaR (MUSD) of both sets.

    Raises
    ------
    InputError
        For fewer than there are storylines.
    StoppedError
        Where an optimum is not proven.

    Examples
    --------
    >>> drawn = planner.sample(case, 8)
    >>> len(keep_draws(drawn, 4).case.scenarios)
    4
    """
    refuse_other(drawn, Case, A_CASE)
    least = len(set(drawn.lookups.storylines.values()))
    if keep < least:
        message = f"{keep}: at least one draw of each of {least} scenarios is kept"
        raise InputError([Fault("keep", 0, str(keep), message, remedy=f"keep {least}")])
    progress(f"losses of {len(drawn.scenarios):,} draws without a plan")
    losses = losses_without_plan(drawn)
    progress(f"keeping {min(keep, len(drawn.scenarios)):,}")
    return reduced(drawn, losses, keep)


def losses_without_plan(case: Case) -> LossesByElement:
    """Loss by element (MUSD over the horizon) of each scenario as the only one of the case, without a plan."""
    bare = with_choices(case.without_plan(), policy={"investment": "committed"})
    futures = futures_of([case])
    program = SimulationProgram(bare, None, futures.periods, futures.leaks)
    outcomes = Foreseen(program).outcomes(futures.futures)
    return {
        scenario: outcome.losses_by_element
        for scenario, outcome in zip(case.scenarios, outcomes, strict=True)
    }
