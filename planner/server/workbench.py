"""The state of one workbench: the case on disk, the edits on top of it, what is kept and pinned, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain, count
from math import inf, nan
from pathlib import Path
from threading import Thread
from typing import Any

from planner.config import LEVERS
from planner.data.case import Case
from planner.errors import Fault, InputError, PlannerError, RunFolderError
from planner.evaluation.decisions import single_path
from planner.reporting.words.numbers import number
from planner.results.folders import write_folder
from planner.results.plan import PlanValues
from planner.results.store import read_run, write_case, write_run
from planner.server.answers import (
    WEIGHTS,
    AskedAndGot,
    Because,
    StateAndPlan,
    Sweep,
    both,
    weighted,
)
from planner.server.edits import (
    Edit,
    EditedValue,
    edited,
    seeking_least,
    shown_per,
    with_edit,
    without,
)
from planner.server.journal import Journal, Kept, OpenedCase, Record, shown_as, typed
from planner.server.regret import IMPOSSIBLE, KeptPlan, operated_anew
from planner.server.solver_thread import SolverThread
from planner.server.two_plans import SLIGHT_TPA
from planner.server.writer import CaseWriter

LONGEST_NAME, LONGEST_NOTE = 60, 400
_opened = lru_cache(maxsize=6)(read_run)
"""Opens a run; so many stay open."""


class Workbench:
    """Everything that the page shows and does. Methods raise PlannerError and then leave all as it was."""

    def __init__(
        self, opened: OpenedCase, told: Callable[[], None], plan: PlanValues | None = None
    ) -> None:
        self.opened, self._told = opened, told
        self.base = plan.case if plan is not None else opened.case or opened.load()
        self.journal = Journal(opened.folder)
        plan = plan or opened.stored(self.base)
        self.fault = ""
        """What is wrong with the files of the case, or with an edit on top of them."""
        self.curves: dict[str, list[AskedAndGot]] = {}
        """What was traced, by the digest of the state."""
        self.built: dict[str, dict[float, dict[str, float]]] = {}
        """New capacity (t/y) by project in the plans of a curve, by the digest of the state and the weight of cost."""
        self.held: dict[tuple[str, str], KeptPlan] = {}
        """The plan of a case, held fixed in another, both by their digests."""
        self.because: dict[str, Because] = {}
        """What each change does: of the present state against the case as it is, `now`; of a kept one against the
        pinned one, `kept`."""
        self.prices: dict[str, tuple[float, float, str, dict[str, float]]] = {}
        """Project -> risk and cost (MUSD) added if it is kept out, or built by others, which of the two, and the new
        capacity (t/y) of the plants that change most with it; nan where there is then no plan."""
        self.cases: dict[tuple[str, str], float | None] = {}
        """By how much each MUSD of public cost reduces cost and risk, by run folder and project."""
        self.writer = CaseWriter()
        self.range = Sweep()
        self._stamp = opened.stamp()
        self.first = plan
        """The plan of the case as it is, once known: what everything is compared with unless another is pinned."""
        self._followed = 0
        self.solver = SolverThread(self._asked_or_base(), self._heard, plan)
        self.solver.start(answered=plan is not None and not self.record.edits)

    @property
    def record(self) -> Record:
        """What is journaled."""
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
        least = self.least_here or 0.0
        is_limit = edit.key == "goal" and isinstance(edit.value, int | float)
        if is_limit and edit.value < least * (1 - 1e-6):  # type: ignore[operator]
            said = f"no plan has a risk below {number(least)} MUSD here; ask for that or more"
            raise InputError([Fault("goal", 0, "largest risk", said)])
        rest, more = without(self.record.edits, edit.key), with_edit(self.record.edits, edit)
        same = edited(self.base, rest).sha256 == edited(self.base, more).sha256
        self._go_to(self.record.then(rest if same else more))

    def _pulled(self, lever: str, on: EditedValue) -> Edit:
        """All levers with one of them pulled, or not."""
        if lever not in LEVERS or not isinstance(on, bool):
            said = f"is true or false for one of {', '.join(LEVERS)}"
            raise InputError([Fault("edit", 0, f"levers:{lever}"[:80], said)])
        pulled = []
        for name in LEVERS:
            if on if name == lever else self.case.has_lever(name):
                pulled.append(str(name))
        return Edit("levers", tuple(pulled))

    def revert(self, key: str) -> None:
        """Take one change back; '' takes all back."""
        self._go_to(self.record.then(without(self.record.edits, key) if key else ()))

    def step(self, by: int) -> None:
        """Undo or do again."""
        self._go_to(self.record.moved(by))

    def halt(self) -> None:
        """End what goes on. A state that has no plan yet gives way to the last one that has."""
        self.stop_study()
        if self.solver.found.stage not in ("waiting", "figures"):
            return
        for at in reversed(range(self.record.at)):
            if self.solver.knows(edited(self.base, self.record.steps[at])):
                self.step(at - self.record.at)
                return
        raise RunFolderError(
            "there is no earlier plan to go back to, so this one is solved to its end"
        )

    def go_to_kept(self, folder: str) -> None:
        """Make a kept variant the present state."""
        self._go_to(self.record.then(self._kept(folder).edits))

    def _go_to(self, record: Record) -> None:
        if record == self.record:
            return
        case = edited(self.base, record.edits)
        self.journal.take(record)
        self.fault = ""
        self._ask(case)

    def _ask(self, case: Case) -> None:
        limit, near = case.model.objective.risk_limit, None
        curve = [point for point in self.curve if point[0] < inf]
        if limit is not None and curve and self.case.model.objective.goal != "target":
            # From the plan of another goal it is a long way to a limit of risk, from the nearest of the curve none.
            near = weighted(case, min(curve, key=lambda point: abs(point[2] - limit))[0])
        self.because.pop("now", None)
        self.prices, self.range = {}, replace(self.range, running=False)
        self.solver.ask(case, near)

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
        self.base, self.first = base, None
        self._ask(case)

    # ---- kept variants ----------------------------------------------------------------------------------------

    def keep(self, name: str) -> Kept:
        """Write the present plan as a run folder, without pages, and put it on the shelf."""
        found = self.solver.found
        if found.stage != "plan" or found.plan is None:
            raise RunFolderError(
                "there is no verified plan of the present state yet; keep it when there is"
            )
        number, taken = self.record.kept_ever + 1, {one.name for one in self.record.kept}
        name = " ".join(name.split())[:LONGEST_NAME] or f"variant {number}"
        name = next(
            one for one in chain([name], (f"{name} ({at})" for at in count(2))) if one not in taken
        )
        folder = (
            f"{number:03d}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:40] or 'variant'}"
        )
        summary = found.plan.summary
        called = f"{self.base.name}: {name}"  # as its report is
        write_run(
            replace(found.plan, summary={**summary, "case": called}), self.opened.folder / folder
        )
        kept = Kept(
            name, folder, self.record.edits, summary["risk_musd"], summary["cost_musd"], ticked=True
        )
        self._note(kept=(*self.record.kept, kept), kept_ever=number)
        return kept

    def _note(self, **news: Any) -> None:
        self.journal.take(replace(self.record, **news))
        self._told()

    def describe(self, folder: str, name: str, note: str) -> None:
        """Give a kept variant another name, and a note."""
        self._kept(folder)
        name = " ".join(name.split())[:LONGEST_NAME]
        if not name or len(note) > LONGEST_NOTE:
            said = f"a variant has a name, and a note of at most {LONGEST_NOTE} characters"
            raise InputError([Fault("shelf", 0, "", said)])
        kept = []
        for one in self.record.kept:
            if one.folder == folder:
                one = replace(one, name=name, note=" ".join(note.split()))
            elif one.name == name:
                raise InputError([Fault("shelf", 0, "", f"there is another “{name}”")])
            kept.append(one)
        self._note(kept=tuple(kept))

    def drop(self, folder: str) -> None:
        """Take a variant off the shelf; its run folder stays."""
        self._kept(folder)
        left = tuple(one for one in self.record.kept if one.folder != folder)
        pinned = "" if self.record.pinned == folder else self.record.pinned
        self._note(kept=left, pinned=pinned)

    def tick(self, folder: str, ticked: bool) -> None:
        """Show a kept variant in every view, or no longer."""
        self._kept(folder)
        kept = (
            replace(one, ticked=ticked) if one.folder == folder else one for one in self.record.kept
        )
        self._note(kept=tuple(kept))

    def pin(self, folder: str) -> None:
        """Choose what the present plan is compared with: a kept variant, or '' for the case as it is."""
        if folder:
            self._kept(folder)
        self.because.pop("now", None)
        self._note(pinned=folder)
        if self.solver.found.stage == "plan":
            self.solver.later("because", self._look_back)

    def _kept(self, folder: str) -> Kept:
        for one in self.record.kept:
            if one.folder == folder:
                return one
        raise RunFolderError(f"no kept variant {folder!r:.80}")

    def plan_of(self, folder: str) -> PlanValues:
        """The plan of a kept variant. Raises RunFolderError."""
        self._kept(folder)
        return _opened(self.opened.folder / folder)

    def pinned(self) -> PlanValues | None:
        """The plan that the present one is compared with, if it is known."""
        return self.plan_of(self.record.pinned) if self.record.pinned else self.first

    def _known_pinned(self) -> PlanValues:
        plan = self.pinned()
        if plan is None:
            raise RunFolderError(
                "the plan of the case as it is was not solved yet; pin a kept variant"
            )
        return plan

    # ---- in the background ------------------------------------------------------------------------------------

    def _heard(self) -> None:
        """Called when something was found: go on with what can be done meanwhile."""
        found = self.solver.found
        if found.stage == "plan" and found.plan is not None and found.shown != self._followed:
            self._followed = found.shown
            if found.plan.case.sha256 == self.base.sha256 and self.first is not found.plan:
                self.first = first = found.plan
                self.solver.later("store", lambda _: self.opened.store(first))
            if self.record.edits or self.record.pinned:
                self.solver.later("because", self._look_back)
            self.solver.later("least", self._find_least)
            self.solver.later("frontier", self._trace)
        self._told()

    def _find_least(self, thread: SolverThread) -> None:
        """The least attainable risk, the end of the axis along which a limit may be dragged."""
        case = self.case
        if self.least_here is None:
            thread.phase("the least attainable risk")
            thread.find_least(case)

    def _trace(self, thread: SolverThread) -> None:
        """The next point of the frontier: a plan of another weight of cost."""
        case, known = self.case, self.curve
        left = [weight for weight in WEIGHTS if weight not in [point[0] for point in known]]
        if not left:
            return
        thread.phase(f"the curve: plan {len(known) + 1} of {len(WEIGHTS)}")
        found = thread.solve(weighted(case, left[0])).summary
        risk = found["risk_musd"] * (left[0] if left[0] < inf else 1.0)
        self.built.setdefault(case.sha256, {})[left[0]] = found["new_capacity_tpa"]
        self.curves[case.sha256] = sorted([*known, (left[0], found["cost_musd"], risk)])
        if self.case is case:
            self.solver.later("frontier", self._trace)

    def _look_back(self, thread: SolverThread) -> None:
        """The plan of the case as it is, where nobody has asked for it yet; then the effect of each change on the plan
        that the present one is compared with."""
        base, plan, pinned = self.base, self.solver.found.plan, self.record.pinned
        if self.first is None:
            thread.phase("the case as it is")
            found = thread.solve(base)
            if self.base is not base or not found.tables:
                return
            self.first = found
            self._told()
        if plan is None:
            return
        edits = self._kept(pinned).edits if pinned else ()
        before = self._known_pinned()
        if edited(base, edits).sha256 == before.case.sha256:
            one = self.name_of(pinned), edits, before
            self._explain("now", one, ("this", self.record.edits, plan), thread)

    def _explain(
        self, key: str, one: StateAndPlan, other: StateAndPlan, thread: SolverThread
    ) -> None:
        """Make each change between two states on its own, where all else is as in the first."""
        (before, edits, first), (after, more, second) = one, other
        steps = [(edit, False, with_edit(edits, edit)) for edit in more if edit not in edits]
        kept = {edit.key for edit in more}
        steps += [(edit, True, without(edits, edit.key)) for edit in edits if edit.key not in kept]
        (risk, cost), then, base = both(first.summary), both(second.summary), self.base
        change = then[0] - risk, then[1] - cost
        found = self.because[key] = Because(before, after, change, len(steps))
        for at, (edit, back, alone) in enumerate(steps, 1):
            thread.phase(f"what each change does alone, {at} of {len(steps)}")
            figures = thread.figures(edited(base, alone)) if len(steps) > 1 else second.summary
            if self.because.get(key) is not found:
                return
            now = both(figures)
            effects = (*found.effects, (edit, back, now[0] - risk, now[1] - cost))
            found = self.because[key] = replace(found, effects=effects)
            self._told()

    def price(self, project: str) -> None:
        """Find out what keeping a plant out adds to risk and cost, or what having it built where it is not."""
        plan = self.solver.found.plan
        here: dict[str, float] = plan.summary["new_capacity_tpa"] if plan is not None else {}
        what = "out" if here.get(project, 0.0) > SLIGHT_TPA else "built"
        case, changed = self.case, edited(self.case, [Edit(f"plant.{project}", what)])

        def task(thread: SolverThread) -> None:
            if self.case is not case:
                return
            thread.phase(f"the price of {case.projects[project].name or project}")
            self.prices[project] = (nan, nan, what, {})  # which it stays where there is no plan
            found = thread.solve(changed)
            if found.tables:
                (risk, cost), then = both(self.solver.found.figures), both(found.summary)
                there = found.summary["new_capacity_tpa"]
                moved = {
                    p: there.get(p, 0.0) - here.get(p, 0.0) for p in {*here, *there} - {project}
                }
                most = sorted(
                    (p for p in moved if abs(moved[p]) > SLIGHT_TPA), key=lambda p: -abs(moved[p])
                )[:4]
                self.prices[project] = (
                    then[0] - risk,
                    then[1] - cost,
                    what,
                    {p: moved[p] for p in most},
                )

        self.solver.later(f"price {project}", task, asked=True)

    def hold(self) -> None:
        """Find out what the pinned plan would lose in the present state: built as decided, operated anew."""
        case, plan = self.case, self._known_pinned()
        both = plan.case.sha256, case.sha256
        single_path(plan)  # which says at once why a plan cannot be held

        def task(thread: SolverThread) -> None:
            if self.case is not case:
                return
            thread.phase("the pinned plan, operated anew under what you changed")
            self.held[both] = IMPOSSIBLE  # which it stays where it cannot be done
            self.held[both] = operated_anew(case, plan, thread.beside)

        self.solver.later("hold", task, asked=True)

    def compare(self, folder: str) -> None:
        """Find out what each change does by which a kept plan differs from the pinned one."""
        pinned, first = self.record.pinned, self._known_pinned()
        one = self.name_of(pinned), self._kept(pinned).edits if pinned else (), first
        other = self.name_of(folder), self._kept(folder).edits, self.plan_of(folder)
        if any(
            edited(self.base, edits).sha256 != plan.case.sha256 for _, edits, plan in (one, other)
        ):
            raise RunFolderError(
                "the files of the case changed since: `planner compare` tells input by input"
            )
        self.because["kept"] = Because(one[0], other[0], (0.0, 0.0), 1)
        self.solver.later("compare", partial(self._explain, "kept", one, other), asked=True)

    def study(self, key: str, low: float, high: float, points: int) -> None:
        """Solve the present state with a number at several values, as the page shows it, one after the other."""
        if not low < high or not points:
            raise InputError(
                [
                    Fault(
                        "study", 0, "", "goes from a smaller to a larger number, in 2 to 101 points"
                    )
                ]
            )
        edits, base = self.record.edits, self.base
        values = [low + (high - low) * at / (points - 1) for at in range(points)]
        whole = key.endswith(("_years", "_year"))
        who, _, what = key.removeprefix("projects.").rpartition(".")
        told = (
            f"{base.projects[who].name or who}, {what.replace('_', ' ')}, "
            if who in base.projects
            else ""
        )
        values = list(dict.fromkeys(float(round(value)) for value in values)) if whole else values
        per = shown_per(key)
        cases = [
            edited(base, with_edit(edits, Edit(key, int(v) if whole else v / per))) for v in values
        ]
        self.stop_study()
        ours = self.range = Sweep(key, low, high, len(values), (), True)

        def task(thread: SolverThread) -> None:
            nonlocal ours
            if self.range is not ours:
                return
            try:
                for value, case in zip(values, cases, strict=True):
                    thread.phase(f"the study: {told}at {value:g}")
                    found = thread.figures(case)
                    if self.range is not ours:
                        return  # ended, or another one's by now
                    ours = self.range = replace(ours, rows=(*ours.rows, (value, *both(found))))
            finally:
                if self.range is ours:
                    self.range = replace(ours, running=False)

        self.solver.later("study", task, asked=True)

    def stop_study(self) -> None:
        """End it; what is solved stays."""
        self.range = replace(self.range, running=False)
        self.solver.stop()

    def name_of(self, folder: str) -> str:
        """What a variant is called; '' is the case as it is."""
        return self._kept(folder).name if folder else "the case as it is"

    # ---- investment cases ------------------------------------------------------------------------------------

    def run_of(self, folder: str) -> Path:
        """The run folder of a kept variant, or of the plan that is shown, which is written if it is not there. Raises
        RunFolderError for any other."""
        shown = self.solver.found.plan
        if shown is not None and folder == shown_as(shown.case):
            self.opened.store(shown)
        elif folder not in [one.folder for one in self.record.kept]:
            raise RunFolderError(f"{folder!r} is neither a kept variant nor the plan that is shown")
        return self.opened.folder.resolve() / folder

    def investment_case(self, folder: str, project: str) -> None:
        """Have the investment case of a plant written, and remember whether it is worth its public cost."""
        worth = self.writer.investment_case(self.run_of(folder), project)
        self.cases[folder, project] = worth
        self._told()

    def cases_of(self, case: Case) -> dict[str, float | None]:
        """Project -> by how much each MUSD of public cost reduces cost and risk, where its investment case is written;
        None where the public pays nothing."""
        folder = shown_as(case)
        return {project: worth for (run, project), worth in self.cases.items() if run == folder}

    def check_cases(self) -> str:
        """Have the investment cases of all plants that are built written, one after the other. Returns what goes on."""
        plan = self.solver.found.plan
        if plan is None or self.solver.found.stage != "plan":
            raise RunFolderError("there is no certified plan of the present state yet")
        folder, left = shown_as(plan.case), []
        for project, tonnes in plan.summary["new_capacity_tpa"].items():
            if tonnes > SLIGHT_TPA and (folder, project) not in self.cases:
                left.append(project)

        def write() -> None:
            for project in left:
                if self.solver.found.plan is not plan:
                    return
                with suppress(PlannerError):
                    self.investment_case(folder, project)

        Thread(target=write, daemon=True).start()
        return f"{len(left)} investment cases are being written; plants are flagged as they come."

    # ---- as a command and as files ----------------------------------------------------------------------------

    def options(self, folder: str = "") -> list[str]:
        """The difference between the case and the present state, or a kept variant, as options of a command."""
        case = self.plan_of(folder).case if folder else self.case
        return [change.option for change in self.base.difference(case)]

    def command(self, folder: str = "") -> str:
        """The command that solves the present state, of a case folder that is written for it with its model, or a kept
        variant, of what its run folder holds."""
        if folder:
            inputs = self.opened.folder / self._kept(folder).folder / "inputs"
            return f"planner solve {typed(inputs)} --out {typed(self.opened.folder / 'solved' / folder)}"
        name = f"as-{self.case.sha256[:6]}" if self.record.edits else "as-it-is"
        target = self.opened.folder / "cases" / name
        if not target.exists():
            write_folder(target, "model.toml", "a case", lambda fresh: _case_into(self.case, fresh))
        return f"planner solve {typed(target)} --out {typed(self.opened.folder / 'solved' / name)}"


def _case_into(case: Case, folder: Path) -> None:
    folder.rmdir()
    write_case(case, folder)
