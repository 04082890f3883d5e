"""Prove a plan: no plan of the program does better than the lower bound, and this one attains the upper bound.

The duals of the solver are taken as decimals and give the lower bound by weak duality; the plan of the solver is mended
until it meets every row exactly and gives the upper bound. The files say both, and `check.py` beside them checks them.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

from planner.certification.checker import (
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
from planner.certification.checker import Program as ExactProgram
from planner.certification.exact_duals import exact_duals
from planner.certification.exact_plan import exact_plan
from planner.certification.files import (
    CERTIFICATE,
    PROGRAM,
    exact_program,
    mps,
    table,
    vector,
    write_certificate,
    write_file,
)
from planner.data.case import Case
from planner.errors import A_PLAN, RunFolderError, StoppedError, refuse_other
from planner.host import collector_paused
from planner.results.folders import write_folder
from planner.results.integrity import changed_files, refuse_if
from planner.results.plan import PlanValues, Status
from planner.results.store import read_run
from planner.solving.goals import Phase, Progress, limit_of, phases_of, silent
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.program_writer import program_of
from planner.solving.solution import Stop

PROOF = "proof"
"""Folder of a proof, within its run."""
WHOLE = "units"
"""The variable whose values are whole numbers."""
ROUNDED = Context(prec=400, rounding=ROUND_DOWN)
SAYS = (
    "Bounds of the program in program.mps.gz, checked by check.py. Whether that is the program of the case, check.py "
    "cannot know: `planner prove RUN --check` builds it again from the inputs and compares every entry."
)
"""The words of the certificate about itself."""


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A phase as it is proven. Money in MUSD, as decimals that are true as they stand.

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
        return {
            "phase": self.phase,
            "minimise": self.minimise,
            "at_most": {name: str(limit) for name, limit in self.at_most.items()},
            "lower": str(self.lower),
            "upper": str(self.upper),
            "gap": self.gap,
        }

    @property
    def gap(self) -> float:
        """(upper - lower) / max(1, |upper|)."""
        with localcontext(ROUNDED):
            return float((self.upper - self.lower) / max(Decimal(1), abs(self.upper)))


@dataclass(frozen=True, repr=False)
class Proof:
    """Each phase of a plan proven, and the program that they are of; `write(folder)` writes it down."""

    case: Case
    program: ExactProgram
    phases: tuple[Certified, ...]

    def __repr__(self) -> str:
        bounds = [f"{one.phase} {one.lower:.6f} to {one.upper:.6f}" for one in self.phases]
        in_words = "; ".join(bounds)
        return f"Proof({self.case.name}, MUSD: {in_words})"

    @property
    def whole_plants(self) -> bool:
        """The plan is of whole plants: then the lower bounds are those of plants in fractions."""
        return self.case.model.policy.whole_plants

    def write(self, folder: Path) -> None:
        """Write certificate.json, the files that it names, and check.py. Replaces an older proof, whole or not at all.

        Raises RunFolderError if the folder is something else, or cannot be written.
        """
        write_folder(folder, CERTIFICATE, "a proof", self._fill)

    def _fill(self, folder: Path) -> None:
        """Write the program, the plan, duals and implied bounds of each phase, and the certificate with their
        hashes."""
        exact = self.program
        columns = list(exact.column)
        rows = list(exact.row)
        objective = exact.column[self.phases[-1].minimise]
        files = {PROGRAM: mps(exact, objective)}
        for phase in self.phases:
            steps = []
            for j, side, i, bound in phase.implied:
                steps.append((columns[j], side, rows[i], bound))
            implied = table(("column", "side", "row", "bound"), steps)
            files[f"plan-{phase.phase}.csv.gz"] = vector("column", columns, phase.plan)
            files[f"duals-{phase.phase}.csv.gz"] = vector("row", rows, phase.duals)
            files[f"implied-{phase.phase}.csv.gz"] = implied
        hashes = {name: write_file(folder, name, lines) for name, lines in files.items()}
        write_certificate(folder, self._certificate(hashes))

    def _certificate(self, hashes: dict[str, str]) -> dict[str, Any]:
        """The content of certificate.json. hashes: SHA-256 of each file of the proof."""
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
    refuse_other(plan, PlanValues, A_PLAN)
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
    with localcontext(EXACT):
        exact = exact_program(program)
        certifier = _certifier_of(plan, exact, program)
        certified = []
        for phase, point in zip(phases, plan.point, strict=True):
            progress(f"certifying {phase.name}")
            certified.append(certifier.certified(phase, point))
    return Proof(plan.case, exact, tuple(certified))


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
    """The sentences of the proof in a folder, one a phase, if it holds and its program is that of the case.

    The checker that is handed over does not know the case, so the program is written anew and compared, in exact
    numbers. Raises RunFolderError where there is no proof, StoppedError where it is refused.
    """
    if not (folder / CERTIFICATE).exists():
        raise RunFolderError(f"{folder}: holds no proof; `planner prove` makes one")
    try:
        sentences = check(folder)
        lines = gzip.decompress((folder / PROGRAM).read_bytes()).decode().splitlines()
        with localcontext(EXACT):
            stated = read_program(lines)
            own = exact_program(program_of(case))
            if vars(stated) != vars(own):
                raise Refused(f"{PROGRAM} is not the program of the run's inputs")
    except FAULTS as fault:
        raise StoppedError(f"{folder}: the proof is refused: {fault}") from None
    return sentences


@dataclass(kw_only=True)
class _Certifier:
    """The phases of a plan, certified one after the other; each is a limit of those after it.

    relaxed: minimises with plants in fractions, for a plan of whole ones: the bounds are of that program, which the
    duals kept with the plan are not of. upper: present upper bounds of the columns as floats (n). limits: those that
    earlier phases and the goal set.
    """

    program: Program
    exact: ExactProgram
    relaxed: Solver | None
    upper: Vector
    limits: dict[int, Decimal]

    def certified(self, phase: Phase, point: Vector) -> Certified:
        """The bounds of a phase. point: columns, then duals (n + m). Raises StoppedError where none are found."""
        columns = len(self.program.columns)
        goal = self.program.column[phase.column, None]
        x = point[:columns]
        duals = point[columns:]
        if self.relaxed is not None:
            duals = _duals_of(self.relaxed, goal, phase)
        plan = self._plan(goal, x, duals)
        # A limit is that of the run, or what the plan comes to exactly, where the solver let it be over by a rounding.
        limits = {}
        for column, limit in self.limits.items():
            limits[column] = max(limit, rounded(plan[column], ROUND_CEILING))
        certified = self._bounded(phase, limits, plan, duals)
        most = limit_of(float(x[goal]), phase.slack)
        self.hold(goal, min(most, float(self.upper[goal])))
        return certified

    def hold(self, column: int, limit: float) -> None:
        """Let a column be at most at a limit from here on."""
        self.upper[column] = limit
        self.limits[column] = Decimal(repr(limit))
        if self.relaxed is not None:
            self.relaxed.bound(column, limit)

    def _plan(self, goal: int, x: Vector, duals: Vector) -> list[Decimal]:
        upper = self._upper_with(self.limits)
        whole = self.program.columns_of(WHOLE)
        return exact_plan(self.program, self.exact, upper, goal=goal, x=x, duals=duals, whole=whole)

    def _upper_with(self, limits: dict[int, Decimal]) -> list[Decimal]:
        """Upper bounds of the columns (n), with limits on some."""
        upper = list(self.exact.upper)
        for column, limit in limits.items():
            upper[column] = min(upper[column], limit)
        return upper

    def _bounded(
        self, phase: Phase, limits: dict[int, Decimal], plan: list[Decimal], duals: Vector
    ) -> Certified:
        """The bounds of a phase, as the checker finds them. Raises StoppedError where it would refuse them."""
        exact = self.exact
        goal = self.program.column[phase.column, None]
        lower = list(exact.lower)
        upper = self._upper_with(limits)
        proving, steps = exact_duals(
            exact, self.program, goal=goal, lower=lower, upper=upper, duals=duals
        )
        try:
            faults = broken(exact, upper, plan)
            if faults:
                raise Refused(f"the plan does not meet {', '.join(faults[:3])}")
            imply(exact, lower, upper, steps)
            least = bound_of(exact, goal, lower=lower, upper=upper, duals=proving)
        except Refused as refused:
            raise StoppedError(f"no certificate of {phase.name} was found: {refused}") from refused
        at_most = {}
        for column, limit in limits.items():
            name, _ = self.program.columns[column]
            at_most[name] = limit
        return Certified(
            phase=phase.name,
            minimise=phase.column,
            at_most=at_most,
            lower=rounded(least, ROUND_FLOOR),
            upper=rounded(plan[goal], ROUND_CEILING),
            plan=plan,
            duals=proving,
            implied=steps,
        )


def _duals_of(relaxed: Solver, goal: int, phase: Phase) -> Vector:
    """Duals (m) of a phase with plants in fractions."""
    found = relaxed.minimise(goal, phase=phase.name)
    if found.stop is not Stop.OPTIMAL:
        raise StoppedError(
            f"the program with plants in fractions was not solved ({found.stop.value})"
        )
    return found.duals


def _certifier_of(plan: PlanValues, exact: ExactProgram, program: Program) -> _Certifier:
    """The certifier of a plan, its goal's limit of risk held."""
    whole_plants = plan.case.model.policy.whole_plants
    certifier = _Certifier(
        program=program,
        exact=exact,
        relaxed=Solver(program) if whole_plants else None,
        upper=program.upper.copy(),
        limits={},
    )
    risk_limit = plan.case.model.objective.risk_limit
    if risk_limit is not None:
        certifier.hold(program.column["risk", None], risk_limit)
    return certifier


def rounded(value: Decimal, way: str) -> Decimal:
    """To twelve places, up or down: what a certificate states."""
    return value.quantize(Decimal("1e-12"), way, ROUNDED)
