"""The state of one workbench: the case on disk, the edits on top of it, kept variants, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from planner.config import LEVERS
from planner.data.case import Case
from planner.errors import InputError, PlannerError, RunFolderError
from planner.reporting.words.numbers import number
from planner.results.folders import write_folder
from planner.results.plan import Plan
from planner.results.store import read_run, write_case, write_run
from planner.server.answers import (
    WEIGHTS,
    AskedAndGot,
    Because,
    ComparedState,
    figures_of,
    steps_between,
)
from planner.server.edits import (
    Edit,
    EditedValue,
    Edits,
    edited,
    refused,
    resumed,
    seeking_least,
    with_edit,
    without,
)
from planner.server.journal import EditJournal, Kept, OpenedCase, Record, shown_as, typed
from planner.server.solver_thread import OF_LEAST, SolverThread
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
        plan = plan or opened.stored(self.base)
        self.fault = ""
        """The fault of the files of the case, or of an edit on top of them; '' if there is none."""
        self.curves = {self.base.sha256: self.opened.stored_frontier(self.base)}
        """Frontiers as far as they are traced, by the digest of the state."""
        self.because: Because | None = None
        """The effect of each change of the present state against the plan that it is compared with."""
        self.writer = CaseWriter()
        self._stamp = opened.stamp()
        self.first = plan
        """The plan of the case as it is, once known: all others are compared with it unless another is pinned."""
        self._followed = 0
        self.solver = SolverThread(self._asked_or_base(), self._heard, plan)
        self.solver.start(answered=plan is not None and not self.record.edits)

    @property
    def record(self) -> Record:
        """The record of the journal."""
        return self.journal.record

    @property
    def case(self) -> Case:
        """The present state as a case."""
        return self.solver.found.case

    @property
    def least_here(self) -> float | None:
        """The least risk that any plan of the present state attains (MUSD), if it is known."""
        return self.solver.least.get(seeking_least(self.case).sha256)

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
        """Change one thing; what is then as in the case is no change. `levers:NAME` pulls one lever, or does not."""
        head, _, lever = edit.key.partition(":")
        if head == "levers" and lever:
            edit = self._pulled(lever, edit.value)
        edit = resumed(self.record.edits, edit)
        if edit.key == "goal":
            self._refuse_out_of_reach(edit.value)
        rest = without(self.record.edits, edit.key)
        more = with_edit(self.record.edits, edit)
        before = edited(self.base, rest)
        after = edited(self.base, more)
        is_same = before.sha256 == after.sha256
        self._take_edits(rest if is_same else more)

    def _take_edits(self, edits: Edits) -> None:
        self._go_to(self.record.then(edits))

    def _refuse_out_of_reach(self, limit: EditedValue) -> None:
        """Raise InputError for a limit of risk that no plan can hold."""
        if self.least_here is None or not isinstance(limit, int | float):
            return
        least = self.least_here
        if limit < least * (1 - OF_LEAST):
            said = f"no plan has a risk below {number(least)} MUSD here; ask for that or more"
            raise refused("goal", "largest risk", said)

    def _pulled(self, lever: str, on: EditedValue) -> Edit:
        """All levers with one of them pulled, or not."""
        if lever not in LEVERS or not isinstance(on, bool):
            said = f"is true or false for one of {', '.join(LEVERS)}"
            raise refused("edit", f"levers:{lever}"[:80], said)
        pulled = []
        for name in LEVERS:
            is_pulled = on if name == lever else self.case.lookups.has_lever(name)
            if is_pulled:
                pulled.append(str(name))
        return Edit("levers", tuple(pulled))

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
        steps = steps_between(self.record.edits, record.edits)
        self.journal.take(record)
        self.fault = ""
        self._ask(case, " ".join(step.edit.kind for step in steps))

    def _ask(self, case: Case, kind: str = "") -> None:
        self.because = None
        if self.first is not None and self.first.case.sha256 == case.sha256:
            self.solver.remember(self.first)  # whatever was asked since it was solved
        self.solver.ask(case, self._nearest(case), kind)

    def _nearest(self, case: Case) -> Case | None:
        """The state of the curve from whose plan it is not far to a limit of risk; from that of another goal it is."""
        limit = case.model.objective.risk_limit
        if limit is None or self.case.model.objective.goal == "target":
            return None
        away: dict[float, float] = {}
        for weight, _, risk in self.curve:
            if weight < inf:
                away[weight] = abs(risk - limit)
        if not away:
            return None
        nearest = min(away, key=away.__getitem__)
        return case.changed(weighing(nearest))

    def _asked_or_base(self) -> Case:
        try:
            return edited(self.base, self.record.edits)
        except InputError as error:
            self.fault = str(error)
            return self.base

    def look_at_files(self) -> None:
        """Take over files that were changed; where they hold a fault, say so and keep what was."""
        stamp = self.opened.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            base = replace(self.opened.load(), name=self.base.name)
            case = edited(base, self.record.edits)
        except PlannerError as error:
            self.fault = str(error)
            self._told()
            return
        self.fault = ""
        if case.sha256 == self.case.sha256 and base == self.base:
            self._told()
            return
        self.base = base
        self.first = None
        self._ask(case)

    # ---- kept variants ----------------------------------------------------------------------------------------

    def keep(self, name: str) -> Kept:
        """Write the present plan as a run folder, without pages, and put it on the shelf."""
        plan = self._certified()
        number = self.record.kept_ever + 1
        name = self._free_name(_plain(name) or f"variant {number}")
        words = re.sub(r"[^a-z0-9]+", "-", name.lower())
        stem = words.strip("-")[:40] or "variant"
        folder = f"{number:03d}-{stem}"
        title = f"{self.base.name}: {name}"
        summary = {**plan.summary, "case": title}
        renamed = replace(plan, summary=summary)
        write_run(renamed, self.opened.folder / folder)
        kept = Kept(
            name=name,
            folder=folder,
            edits=self.record.edits,
            risk=summary["risk_musd"],
            cost=summary["cost_musd"],
            ticked=True,
        )
        self._note(kept=(*self.record.kept, kept), kept_ever=number)
        return kept

    def _certified(self) -> Plan:
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

    def tick(self, folder: str, ticked: bool) -> None:
        """Show a kept variant in every view, or no longer."""
        self._kept(folder)
        kept = []
        for one in self.record.kept:
            kept.append(replace(one, ticked=ticked) if one.folder == folder else one)
        self._note(kept=tuple(kept))

    def pin(self, folder: str) -> None:
        """Choose what the present plan is compared with: a kept variant, or '' for the case as it is."""
        if folder:
            self._kept(folder)
        self.because = None
        self._note(pinned=folder)
        if self.solver.found.stage == "plan":
            self.solver.later("because", self._look_back)

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
        """Called when something was found: go on with what can be done meanwhile."""
        found = self.solver.found
        is_new = found.stage == "plan" and found.shown != self._followed
        if is_new and found.plan is not None:
            self._followed = found.shown
            self._follow(found.plan)
        self._told()

    def _follow(self, plan: Plan) -> None:
        """Have done what follows a new plan."""
        if plan.case.sha256 == self.base.sha256 and self.first is not plan:
            self.first = plan
            self.solver.later("store", lambda _: self.opened.store(plan))
        if self.record.edits or self.record.pinned:
            self.solver.later("because", self._look_back)
        self.solver.later("least", self._find_least)
        self.solver.later("frontier", self._trace)

    def _find_least(self, thread: SolverThread) -> None:
        """The least attainable risk, the end of the axis along which a limit may be dragged."""
        case = self.case
        if self.least_here is None:
            thread.phase("the least attainable risk")
            thread.find_least(case)

    def _trace(self, thread: SolverThread) -> None:
        """The next point of a frontier: of the case as it is, whose frontier stays whatever is edited, then of the present
        state."""
        for case in (self.base, self.case):
            known = self.curves.get(case.sha256, [])
            traced = {weight for weight, *_ in known}
            left = [weight for weight in WEIGHTS if weight not in traced]
            if left:
                self._trace_at(thread, case, left[0])
                self.solver.later("frontier", self._trace)
                return

    def _trace_at(self, thread: SolverThread, case: Case, weight: float) -> None:
        """A point of the frontier of a case: its plan of another weight of cost."""
        known = self.curves.get(case.sha256, [])
        thread.phase(f"the efficient frontier: plan {len(known) + 1} of {len(WEIGHTS)}")
        found = thread.optimum(case.changed(weighing(weight)))
        point = (weight, found.value("cost"), risk_of(found.value("risk"), weight))
        self.curves[case.sha256] = sorted([*known, point])
        if case.sha256 == self.base.sha256:
            self.opened.store_frontier(case, self.curves[case.sha256])

    def _look_back(self, thread: SolverThread) -> None:
        """The plan of the case as it is, where nobody has asked for it yet; then the effect of each change on the plan
        that the present one is compared with."""
        base = self.base
        plan = self.solver.found.plan
        pinned = self.record.pinned
        if self.first is None:
            thread.phase("the case as it is")
            found = thread.solve(base)
            if self.base is not base or not found.tables:
                return
            self.first = found
            self._told()
        if plan is None:
            return
        before = ComparedState(self.name_of(""), (), self.first)
        if pinned:
            kept = self._kept(pinned)
            before = ComparedState(kept.name, kept.edits, self.plan_of(pinned))
        if edited(base, before.edits).sha256 == before.plan.case.sha256:
            self._explain(before, plan, thread)

    def _explain(self, before: ComparedState, plan: Plan, thread: SolverThread) -> None:
        """Make each change of the present state on its own, where all else is as in the state before."""
        base = self.base
        steps = steps_between(before.edits, self.record.edits)
        first = figures_of(before.plan.summary)
        found = Because(before.name, first, figures_of(plan.summary), len(steps))
        self.because = found
        for place, step in enumerate(steps, 1):
            thread.phase(f"what each change does alone, {place} of {len(steps)}")
            alone = plan.summary
            if len(steps) > 1:
                alone = thread.figures(edited(base, step.edits))
            if self.because is not found:
                return
            effect = (step.edit, step.back, figures_of(alone))
            found = replace(found, effects=(*found.effects, effect))
            self.because = found
            self._told()

    def name_of(self, folder: str) -> str:
        """The name of a variant; '' is the case as it is."""
        return self._kept(folder).name if folder else "the case as it is"

    # ---- investment cases ------------------------------------------------------------------------------------

    def run_of(self, folder: str) -> Path:
        """The run folder of a kept variant, or of the plan that is shown, which is written if it is not there. Raises
        RunFolderError for any other."""
        shown = self.solver.found.plan
        if shown is not None and folder == shown_as(shown.case):
            self.opened.store(shown)
        elif all(folder != one.folder for one in self.record.kept):
            raise RunFolderError(f"{folder!r} is neither a kept variant nor the plan that is shown")
        return self.opened.folder.resolve() / folder

    def investment_case(self, folder: str, name: str) -> None:
        """Have the investment case that a file name asks for written."""
        self.writer.investment_case(self.run_of(folder), name)

    # ---- as a command and as files ----------------------------------------------------------------------------

    def options(self, folder: str = "") -> list[str]:
        """The difference between the case and the present state, or a kept variant, as options of a command."""
        case = self.plan_of(folder).case if folder else self.case
        return [change.option for change in self.base.difference(case)]

    def command(self, folder: str = "") -> str:
        """The command that solves the present state, of a case folder that is written for it with its model, or a kept
        variant, of what its run folder holds."""
        ours = self.opened.folder
        if folder:
            inputs = ours / self._kept(folder).folder / "inputs"
            return _solving(inputs, ours / "solved" / folder)
        name = "as-it-is"
        if self.record.edits:
            name = f"as-{self.case.sha256[:6]}"
        target = ours / "cases" / name
        if not target.exists():
            fill = partial(_case_into, self.case)
            write_folder(target, "model.toml", "a case", fill)
        return _solving(target, ours / "solved" / name)


def _solving(inputs: Path, out: Path) -> str:
    return f"planner solve {typed(inputs)} --out {typed(out)}"


def _plain(name: str) -> str:
    """A name on one line, not too long."""
    return " ".join(name.split())[:LONGEST_NAME]


def _case_into(case: Case, folder: Path) -> None:
    folder.rmdir()
    write_case(case, folder)
