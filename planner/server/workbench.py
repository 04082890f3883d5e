"""The state of one workbench: the case, the edits on top of it, kept variants, and what was found."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import count
from math import inf
from pathlib import Path
from shutil import make_archive, which
from typing import Any

from planner.config import ModelTarget
from planner.data.case import Case
from planner.errors import InputError, RunFolderError
from planner.reporting.panels.dependence import target_sentence
from planner.results.comparison import Figures
from planner.results.plan import Plan
from planner.results.store import read_run, write_run
from planner.server.answers import AskedAndGot, SingleChange, figures_of, next_weight, steps_between
from planner.server.edits import Edit, Edits, edited, resumed, with_edit, without
from planner.server.journal import EditJournal, Kept, OpenedCase, Record, shown_as, typed
from planner.server.solver_thread import FoundSoFar, SolverThread
from planner.server.writer import CaseWriter
from planner.solving.frontier import risk_of, weighing

LONGEST_NAME = 60
"""Characters of a variant's name."""
_opened = lru_cache(maxsize=6)(read_run)
"""Opens a run; so many stay open."""


class Workbench:
    """Everything that the page shows and does. Methods raise PlannerError and then leave all as it was."""

    def __init__(
        self, opened: OpenedCase, told: Callable[[], None], plan: Plan | None = None
    ) -> None:
        self.opened, self._told = opened, told
        self.base = opened.case or opened.load() if plan is None else plan.case
        self.journal = EditJournal(opened.folder)
        self.fault = ""
        """Why the edits of the journal do not fit the case any more; '' if they do."""
        self.curves = {self.base.sha256: self.opened.stored_frontier(self.base)}
        """Frontiers as far as they are traced, by the digest of the state."""
        self.known: dict[str, Figures | None] = {}
        """Risk and cost of the states that were solved, by their edits; None where there is no plan."""
        self.writer = CaseWriter()
        self.first = plan
        """The plan of the case as it is, once known: all others are compared with it unless another is pinned."""
        asked = self._asked_or_base()
        found = FoundSoFar(asked, self.record.edits, plan=plan)
        self.solver = SolverThread(found, self._heard, self._go_on)
        self.solver.start(answered=plan is not None and asked is self.base)

    @property
    def record(self) -> Record:
        """The record of the journal."""
        return self.journal.record

    @property
    def case(self) -> Case:
        """The present state as a case."""
        return self.solver.found.case

    @property
    def curve(self) -> list[AskedAndGot]:
        """The frontier of the present state as far as it is traced."""
        return self.curves.get(self.case.sha256, [])

    def close(self) -> None:
        """End the solving, let the journal go."""
        self.writer.close()
        self.solver.close()
        self.journal.close()

    # ---- edits ------------------------------------------------------------------------------------------------

    def edit(self, edit: Edit) -> None:
        """Change one thing; what is then as in the case is no change."""
        edit = resumed(self.record.edits, edit)
        rest = without(self.record.edits, edit.key)
        more = with_edit(self.record.edits, edit)
        before = edited(self.base, rest)
        after = edited(self.base, more)
        is_same = before.sha256 == after.sha256
        self._take_edits(rest if is_same else more)

    def _take_edits(self, edits: Edits) -> None:
        self._go_to(self.record.then(edits))

    def revert(self, key: str) -> None:
        """Take one change back; '' takes all back."""
        left = without(self.record.edits, key) if key else ()
        self._take_edits(left)

    def step(self, by: int) -> None:
        """Undo or do again."""
        self._go_to(self.record.moved(by))

    def halt(self) -> None:
        """End what goes on. A state that has no plan yet gives way to the last one that has."""
        self.solver.stop()
        if self.solver.found.stage not in ("waiting", "figures"):
            return
        for at in reversed(range(self.record.at)):
            case = edited(self.base, self.record.steps[at])
            if self.solver.knows(case):
                self.step(at - self.record.at)
                return
        said = "there is no earlier plan to go back to, so this one is solved to its end"
        raise RunFolderError(said)

    def go_to_kept(self, folder: str) -> None:
        """Make a kept variant the present state."""
        kept = self._kept(folder)
        self._take_edits(kept.edits)

    def _go_to(self, record: Record) -> None:
        if record == self.record:
            return
        case = edited(self.base, record.edits)
        self.journal.take(record)
        self.fault = ""
        if self.first is not None and self.first.case.sha256 == case.sha256:
            self.solver.remember(self.first)  # whatever was asked since it was solved
        self.solver.ask(case, record.edits, self._nearest(case))

    def _nearest(self, case: Case) -> Case | None:
        """The state of the curve from which it is not far to a limit of risk: 2 CPU seconds on the real case, 37 from the
        plan of another goal."""
        limit = case.model.objective.limit
        if limit is None or self.case.model.objective.goal == "target":
            return None
        points = [(abs(risk - limit), weight) for weight, _, risk in self.curve if weight < inf]
        return case.changed(weighing(min(points)[1])) if points else None

    def _asked_or_base(self) -> Case:
        try:
            return edited(self.base, self.record.edits)
        except InputError as error:
            self.fault = str(error)
            return self.base

    # ---- kept variants ----------------------------------------------------------------------------------------

    def keep(self, name: str) -> Kept:
        """Write the present plan as a run folder, without pages, and put it on the shelf."""
        plan = self.certified()
        number = self.record.kept_ever + 1
        name = self._free_name(" ".join(name.split())[:LONGEST_NAME] or f"variant {number}")
        words = re.sub(r"[^a-z0-9]+", "-", name.lower())
        stem = words.strip("-")[:40] or "variant"
        folder = f"{number:03d}-{stem}"
        write_run(self._titled(plan, name), self.opened.folder / folder)
        kept = Kept(
            name=name,
            folder=folder,
            edits=self.record.edits,
            risk=plan.summary["risk_musd"],
            cost=plan.summary["cost_musd"],
        )
        self._note(kept=(*self.record.kept, kept), kept_ever=number)
        return kept

    def _titled(self, plan: Plan, name: str) -> Plan:
        """A plan whose pages and workbook name the case and a variant of it."""
        return replace(plan, summary={**plan.summary, "case": f"{self.base.name}: {name}"})

    def certified(self) -> Plan:
        """The plan of the present state. Raises RunFolderError while there is none."""
        found = self.solver.found
        if found.stage != "plan" or found.plan is None:
            raise RunFolderError("there is no certified plan of the present state yet")
        return found.plan

    def _free_name(self, name: str) -> str:
        """A name that no kept variant has, as near to this one as can be."""
        taken = {one.name for one in self.record.kept}
        free = name
        for at in count(2):
            if free not in taken:
                break
            free = f"{name} ({at})"
        return free

    def _note(self, **news: Any) -> None:
        self.journal.take(replace(self.record, **news))
        self._told()

    def drop(self, folder: str) -> None:
        """Take a variant off the shelf; its run folder stays."""
        self._kept(folder)
        left = tuple(one for one in self.record.kept if one.folder != folder)
        pinned = "" if self.record.pinned == folder else self.record.pinned
        self._note(kept=left, pinned=pinned)

    def pin(self, folder: str) -> None:
        """Choose what the present plan is compared with: a kept variant, or '' for the case as it is."""
        if folder:
            self._kept(folder)
        self._note(pinned=folder)
        self.solver.go_on()

    def _kept(self, folder: str) -> Kept:
        for one in self.record.kept:
            if one.folder == folder:
                return one
        raise RunFolderError(f"no kept variant {folder!r:.80}")

    def plan_of(self, folder: str) -> Plan:
        """The plan of a kept variant. Raises RunFolderError."""
        self._kept(folder)
        return _opened(self.opened.folder / folder)

    def pinned(self) -> Plan | None:
        """The plan that the present one is compared with, if it is known."""
        return self.plan_of(self.record.pinned) if self.record.pinned else self.first

    # ---- in the background ------------------------------------------------------------------------------------

    def _heard(self) -> None:
        """Called when something was found."""
        found = self.solver.found
        if found.stage == "plan" and found.plan is not None:
            self.known[repr(found.edits)] = figures_of(found.plan.summary)
            if found.case.sha256 == self.base.sha256:
                self.first = found.plan
        self._told()

    def _go_on(self, thread: SolverThread) -> bool:
        """The next of what can be done while nothing is asked: the plan of the case as it is, the effect of each change alone,
        a point of a frontier. False where nothing is left."""
        if thread.found.stage != "plan":
            return False
        if self.first is None:
            thread.phase("the case as it is")
            plan = thread.held(self.base).solve(self.base)
            if not plan.tables:
                return False
            self.first = plan
            return True
        steps = self.steps()
        for place, step in enumerate(steps, 1):
            if repr(step.edits) not in self.known:
                thread.phase(f"what each change does alone, {place} of {len(steps)}")
                alone = thread.optimum(edited(self.base, step.edits))
                self.known[repr(step.edits)] = None
                if alone is not None:
                    figures = Figures(alone.value("risk"), alone.value("cost"), {})
                    self.known[repr(step.edits)] = figures
                return True
        return self._trace(thread)

    def steps(self) -> list[SingleChange]:
        """The changes, each alone, that lead from the state that the present one is compared with to this one."""
        pinned = self.record.pinned
        before = self._kept(pinned).edits if pinned else ()
        return steps_between(before, self.record.edits)

    def _trace(self, thread: SolverThread) -> bool:
        """The next point of a frontier: of the case as it is, whose frontier stays whatever is edited, then of the present
        state."""
        for case in (self.base, self.case):
            points = self.curves.get(case.sha256, [])
            weight = next_weight(points)
            if weight is not None:
                thread.phase(f"the efficient frontier: plan {len(points) + 1}")
                return self._trace_at(thread, case, weight)
        return False

    def _trace_at(self, thread: SolverThread, case: Case, weight: float) -> bool:
        """A point of the frontier of a case: its plan of another weight of cost. False where it has none."""
        optimum = thread.optimum(case.changed(weighing(weight)))
        if optimum is None:
            return False
        point = (weight, optimum.value("cost"), risk_of(optimum.value("risk"), weight))
        self.curves[case.sha256] = sorted([*self.curves.get(case.sha256, []), point])
        if case.sha256 == self.base.sha256:
            self.opened.store_frontier(case, self.curves[case.sha256])
        return True

    def name_of(self, folder: str) -> str:
        """The name of a variant; '' is the case as it is."""
        return self._kept(folder).name if folder else "the case as it is"

    # ---- as files ---------------------------------------------------------------------------------------------

    def run_of(self, folder: str) -> Path:
        """The run folder of a kept variant, or of the plan that is shown, which is written if it is not there. Raises
        RunFolderError for any other."""
        shown = self.solver.found.plan
        if shown is not None and folder == shown_as(shown.case):
            told = map(self._in_words, self.solver.found.edits)
            self.opened.store(self._titled(shown, "; ".join(told) or self.name_of("")))
        elif all(folder != one.folder for one in self.record.kept):
            raise RunFolderError(f"{folder!r} is neither a kept variant nor the plan that is shown")
        return self.opened.folder.resolve() / folder

    def _in_words(self, edit: Edit) -> str:
        """A change for a title: a target as a sentence, any other by its key."""
        if isinstance(edit.value, dict):
            return target_sentence(
                self.base, ModelTarget.model_validate({**edit.value, "target": edit.key})
            )
        return f"{edit.key} = {edit.value}"

    def packed(self, folder: str) -> Path:
        """The case of a run folder of the workbench as one file, every change in it, with its model."""
        inputs = self.run_of(folder) / "inputs"
        target = self.opened.folder.resolve() / "cases" / folder
        return Path(make_archive(str(target), "zip", inputs))

    def command(self, folder: str) -> str:
        """The command that solves again what a run folder of the workbench holds."""
        inputs = self.run_of(folder) / "inputs"
        out = self.opened.folder / "solved" / folder
        program = "planner" if which("planner") else typed(Path(sys.executable).parent / "planner")
        return f"{program} solve {typed(inputs)} --out {typed(out)}"
