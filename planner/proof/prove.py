"""Prove a plan: no plan of the program does better than the lower bound, and this one attains the upper bound.

The duals of the solver are taken as decimals and give the lower bound by weak duality; the plan of the solver is mended
until it meets every row exactly and gives the upper bound. The files say both, and `check.py` beside them checks them.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from pathlib import Path
from typing import Any

from planner.data.case import Case
from planner.errors import RunFolderError, StoppedError
from planner.host import collector_paused
from planner.proof.checker import (
    EXACT,
    FAULTS,
    Refused,
    Step,
    bound_of,
    broken,
    check,
    imply,
    read_program,
)
from planner.proof.checker import Program as Exact
from planner.proof.files import (
    CERTIFICATE,
    PROGRAM,
    exact_program,
    mps,
    table,
    vector,
    write_certificate,
    write_file,
)
from planner.proof.repair import ROUNDED, Repair, implied, rounded, settled, unbounded
from planner.results.folders import write_folder
from planner.results.integrity import changed_files, refuse_if
from planner.results.plan import PlanValues, Status
from planner.results.store import read_run
from planner.solving.goals import Phase, Progress, held, phases_of, silent
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.program_writer import program_of
from planner.solving.solution import Stop

PROOF = "proof"
"""Folder of a proof, within its run."""
SAYS = (
    "Bounds of the program in program.mps.gz, checked by check.py. Whether that is the program of the case, check.py "
    "cannot know: `planner prove RUN --check` builds it again from the inputs and compares every entry."
)
"""What the certificate says of itself."""


@dataclass(frozen=True)
class Proven:
    """What is proven of a phase. Money in MUSD, as decimals that are true as they stand.

    minimise: the column that is least. at_most: what holds in it: columns and their limits. lower: no plan has less.
    upper: `plan` has as much. plan: values of the columns (n). duals: of the rows (m). implied: bounds of columns that
    rows imply, in order.
    """

    phase: str
    minimise: str
    at_most: dict[str, Decimal]
    lower: Decimal
    upper: Decimal
    plan: list[Decimal]
    duals: list[Decimal]
    implied: list[Step]

    def stated(self) -> dict[str, Any]:
        """As the certificate has it."""
        limits = {name: str(limit) for name, limit in self.at_most.items()}
        bounds = {"lower": str(self.lower), "upper": str(self.upper), "gap": self.gap}
        return {"phase": self.phase, "minimise": self.minimise, "at_most": limits, **bounds}

    @property
    def gap(self) -> float:
        """(upper - lower) / max(1, |upper|)."""
        with localcontext(ROUNDED):
            return float((self.upper - self.lower) / max(Decimal(1), abs(self.upper)))


@dataclass(frozen=True)
class Proof:
    """Each phase of a plan proven, and the program that they are of."""

    case: Case
    program: Exact
    phases: tuple[Proven, ...]

    @property
    def whole_plants(self) -> bool:
        """Whether the plan is of whole plants: then the lower bounds are those of plants in fractions."""
        return self.case.model.policy.whole_plants

    def write(self, folder: Path) -> None:
        """Write certificate.json, the files that it names, and check.py. Replaces an older proof, whole or not at all.

        Raises RunFolderError if the folder is something else, or cannot be written.
        """
        write_folder(folder, CERTIFICATE, "a proof", self._fill)

    def _fill(self, folder: Path) -> None:
        exact, last = self.program, self.phases[-1]
        columns, rows = list(exact.column), list(exact.row)
        hashes = {PROGRAM: write_file(folder, PROGRAM, mps(exact, exact.column[last.minimise]))}
        for phase in self.phases:
            steps = ((columns[j], side, rows[i], bound) for j, side, i, bound in phase.implied)
            for name, lines in {
                f"plan-{phase.phase}.csv.gz": vector("column", columns, phase.plan),
                f"duals-{phase.phase}.csv.gz": vector("row", rows, phase.duals),
                f"implied-{phase.phase}.csv.gz": table(("column", "side", "row", "bound"), steps),
            }.items():
                hashes[name] = write_file(folder, name, lines)
        write_certificate(folder, self._certificate(hashes))

    def _certificate(self, hashes: dict[str, str]) -> dict[str, Any]:
        return {
            "says": SAYS,
            "case": self.case.name,
            "goal": self.case.model.objective.goal,
            "whole_plants": self.whole_plants,
            "inputs_sha256": self.case.sha256,
            "phases": [phase.stated() for phase in self.phases],
            "sha256": hashes,
        }


@collector_paused()
def prove(plan: PlanValues, progress: Progress = silent) -> Proof:
    """Prove an optimal plan in exact arithmetic.

    Raises RunFolderError where the run keeps no solution of its whole program (one that was solved scenario by scenario
    has proven bounds instead), StoppedError where no exact proof was found.

    >>> proof = prove(plan)
    """
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"only an optimum can be proven; this run ended as {plan.status.value}")
    if plan.point is None:
        raise RunFolderError(
            "the run keeps no solution of its whole program to prove: solve it again with --method whole; what was "
            "solved scenario by scenario has proven bounds in summary.json instead"
        )
    progress("building the program")
    program = program_of(plan.case)
    rows, columns = program.matrix.shape
    phases = phases_of(plan.case.model.objective)
    if plan.point.shape != (len(phases), columns + rows):
        raise RunFolderError(
            "the solution of the run is not one of its program: its inputs were changed"
        )
    solver = Solver(program) if plan.case.model.policy.whole_plants else None
    with localcontext(EXACT):
        exact = exact_program(program)
        return Proof(plan.case, exact, tuple(_phases(plan, program, exact, solver, progress)))


def prove_into(run: Path, progress: Progress = silent) -> Proof:
    """Prove the plan of a run folder, and write what proves it into `proof` there. Raises RunFolderError, StoppedError.

    The figures of the run are not computed again from its tables: the proof stands on inputs and solution alone.
    """
    progress("reading the run")
    plan = read_run(run, as_written=False)
    refuse_if(run, changed_files(run))
    proof = prove(plan, progress)
    progress("writing the proof")
    proof.write(run / PROOF)
    return proof


def recheck(run: Path, progress: Progress = silent) -> list[str]:
    """Check the proof in a run folder, and that its program is that of the run's inputs: a sentence for each phase.

    Raises RunFolderError where there is no proof, StoppedError where it does not hold.
    """
    progress("checking the proof")
    case = read_run(run, as_written=False).case
    refuse_if(run, changed_files(run))
    return checked(case, run / PROOF)


def checked(case: Case, folder: Path) -> list[str]:
    """What the proof in a folder says, a sentence a phase, if it holds and its program is that of the case.

    Raises RunFolderError where there is none, StoppedError where it is refused.
    """
    if not (folder / CERTIFICATE).exists():
        raise RunFolderError(f"{folder}: holds no proof; `planner prove` makes one")
    try:
        told = check(folder)
        lines = gzip.decompress((folder / PROGRAM).read_bytes()).decode().splitlines()
        with localcontext(EXACT):
            if vars(read_program(lines)) != vars(exact_program(program_of(case))):
                raise Refused(f"{PROGRAM} is not the program of the run's inputs")
    except FAULTS as fault:
        raise StoppedError(f"{folder}: the proof is refused: {fault}") from None
    return told


def _phases(
    plan: PlanValues, program: Program, exact: Exact, solver: Solver | None, progress: Progress
) -> Iterator[Proven]:
    """Each phase proven, in the order in which they were solved. solver: minimises with plants in fractions; if it is
    given, the bounds are of that program, which the duals kept with a plan of whole plants are not of."""
    objective, columns = plan.case.model.objective, len(program.columns)
    repair, upper = Repair(program, exact.upper), program.upper.copy()
    given: dict[int, Decimal] = {}
    if objective.risk_limit is not None:
        _hold(program.column["risk", None], objective.risk_limit, upper, given, solver)
    for phase, point in zip(
        phases_of(objective), plan.point if plan.point is not None else (), strict=True
    ):
        progress(f"proving {phase.name}")
        goal, x = program.column[phase.column, None], point[:columns]
        duals = point[columns:] if solver is None else _relaxed(solver, goal, phase)
        mended = repair.mended(x)
        # A limit is that of the run, or what the plan comes to exactly, where the solver let it be over by a rounding.
        limits = {j: max(limit, rounded(mended[j], ROUND_CEILING)) for j, limit in given.items()}
        yield _bounded(exact, program, phase, limits, mended, duals)
        _hold(
            goal, min(held(float(x[goal]), phase.slack), float(upper[goal])), upper, given, solver
        )


def _hold(
    column: int, limit: float, upper: Vector, given: dict[int, Decimal], solver: Solver | None
) -> None:
    upper[column], given[column] = limit, Decimal(repr(limit))
    if solver is not None:
        solver.bound(column, limit)


def _relaxed(solver: Solver, goal: int, phase: Phase) -> Vector:
    """Duals (m) of a phase with plants in fractions."""
    found = solver.minimise(goal, phase=phase.name)
    if found.stop is not Stop.OPTIMAL:
        raise StoppedError(
            f"the program with plants in fractions was not solved ({found.stop.value})"
        )
    return found.duals


def _bounded(
    exact: Exact,
    program: Program,
    phase: Phase,
    limits: dict[int, Decimal],
    mended: list[Decimal],
    duals: Vector,
) -> Proven:
    """The bounds of a phase, as the checker finds them. Raises StoppedError where it would refuse them."""
    goal = program.column[phase.column, None]
    lower, upper = list(exact.lower), list(exact.upper)
    for j, limit in limits.items():
        upper[j] = min(upper[j], limit)
    y = settled(exact, program, goal, upper, duals)
    steps = implied(program, unbounded(exact, goal, lower, upper, y), lower, upper)
    try:
        if faults := broken(exact, upper, mended):
            raise Refused(f"the plan does not meet {', '.join(faults[:3])}")
        imply(exact, lower, upper, steps)
        least = rounded(bound_of(exact, goal, lower, upper, y), ROUND_FLOOR)
    except Refused as refused:
        raise StoppedError(f"no exact proof of {phase.name} was found: {refused}") from refused
    return Proven(
        phase.name,
        phase.column,
        {program.columns[j][0]: limit for j, limit in limits.items()},
        least,
        rounded(mended[goal], ROUND_CEILING),
        mended,
        y,
        steps,
    )
