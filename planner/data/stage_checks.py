"""Rules for what belongs to some stages alone: feeds and recovery, savings, availability, returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from planner.data.findings import finding_at
from planner.data.lookups import Lookups, returning
from planner.data.schema import Project, Return
from planner.data.stages import FORMS, STAGES
from planner.data.thresholds import ROUNDING
from planner.errors import Fault


def check_project_feeds(case: Lookups) -> Iterator[Fault]:
    """A mine has exactly one feed, a separation plant at least one, others none; a saving recovers nothing."""
    for row in case.tables.projects:
        stage = STAGES[row.stage]
        if stage.mines and len(row.feeds) != 1:
            said = f"a mine has exactly one feed, here {len(row.feeds)}"
            yield finding_at(row, "feeds", "mine-feed", said)
        if stage.separates and not row.feeds:
            said = "a separation plant must name the feeds it accepts"
            yield finding_at(row, "feeds", "separation-feed", said)
        if not stage.has_feeds and row.feeds:
            yield finding_at(row, "feeds", "no-feeds", _in_place_of_feeds(row))
        if stage.saves and row.recovery != 1.0:
            yield finding_at(row, "recovery", "saving-recovery")
    for recovery in case.tables.recoveries:
        project = case.projects.get(recovery.project)
        if project is not None and STAGES[project.stage].saves:
            yield finding_at(recovery, "project", "saving-recovery", of=project)


def _in_place_of_feeds(row: Project) -> str:
    taken = STAGES[row.stage].takes
    if taken in FORMS:
        return f"a {row.stage} plant takes {taken}, not feeds"
    return f"a {row.stage} takes and gives no feeds"


OF_STAGE = {"savings": ("saves", "savings-stage"), "availability": ("mines", "availability-stage")}
"""Table -> what the stage of each of its projects does, and the rule that says so."""


def check_stages(table: str, case: Lookups) -> Iterator[Fault]:
    """Savings alone replace demand, and mines alone have limits of what they can yield."""
    does, rule = OF_STAGE[table]
    rows: Sequence[Any] = case.rows(table)
    for row in rows:
        project = case.projects.get(row.project)
        if project is not None and not getattr(STAGES[project.stage], does):
            yield finding_at(row, "project", rule, is_of=project.stage)


def check_must_run(case: Lookups) -> Iterator[Fault]:
    """Savings alone must run, at no share of a rise, and with no people."""
    for row in case.tables.projects:
        if row.must_run and not STAGES[row.stage].saves:
            yield finding_at(row, "must_run", "must-run-stage")
        elif row.must_run and row.rise is not None:
            yield finding_at(row, "rise", "must-run-rise")
    for staffed in case.tables.staffing:
        project = case.projects.get(staffed.project)
        if project is not None and project.must_run:
            yield finding_at(staffed, "project", "must-run-staff")


def check_unsaved(case: Lookups) -> Iterator[Fault]:
    """A saving replaces something."""
    told = {row.project for row in case.tables.savings}
    for row in case.tables.projects:
        if STAGES[row.stage].saves and row.project not in told:
            yield finding_at(row, "project", "saving-without-rows")


def check_returns(case: Lookups) -> Iterator[Fault]:
    """Plants that take a form alone give something back, once of each element, and it is a feed of the element alone."""
    first: dict[tuple[str, ...], Return] = {}
    for row in case.tables.returns:
        yield from _of_no_plant(case, row)
        shares = case.feed_shares.get(row.feed, {})
        others = [element for element, share in shares.items() if share > 0]
        is_whole = abs(shares.get(row.element, 0.0) - 1.0) <= ROUNDING
        is_known = row.element in case.elements  # an unknown one is told already
        if is_known and shares and not (is_whole and others == [row.element]):
            yield finding_at(row, "feed", "returns-feed")
        returned = (*returning(row), row.element, row.feed)
        other = first.setdefault(returned, row)
        if other is not row and row.stage != other.stage:
            yield finding_at(row, "project", "returns-twice", first=other.line)


def _of_no_plant(case: Lookups, row: Return) -> Iterator[Fault]:
    """Findings about a row of `returns` that names nobody, another stage, or a plant that converts nothing."""
    if not row.project:
        if not row.stage:
            yield finding_at(row, "project", "returns-nobody")
        elif row.stage in STAGES and not STAGES[row.stage].converts:
            yield finding_at(row, "stage", "returns-plant", is_of=row.stage)
        return
    project = case.projects.get(row.project)
    if project is None:
        return
    if row.stage not in ("", project.stage):
        yield finding_at(row, "stage", "returns-stage", is_of=f'"{row.project}" ({project.stage})')
    elif not STAGES[project.stage].converts:
        yield finding_at(row, "project", "returns-plant", is_of=project.stage)


def check_return_sums(case: Lookups) -> Iterator[Fault]:
    """No more comes back of an element than a plant loses of it."""
    told: set[int] = set()
    for name, project in case.projects.items():
        if not STAGES[project.stage].converts:
            continue
        totals: dict[str, float] = defaultdict(float)
        for (element, _), share in case.returned[name].items():
            totals[element] += share
        for element, total in totals.items():
            lost = 1.0 - case.recovery(name, element)
            row = _last_return(case, project, element)
            if total > lost + ROUNDING and row.line not in told:
                told.add(row.line)
                yield finding_at(row, "share", "returns-sum", of=name, total=total, lost=lost)


def _last_return(case: Lookups, project: Project, element: str) -> Return:
    """The last row that says what comes back of an element in a plant, a row of its own before one of its stage."""
    of_element = [row for row in case.tables.returns if row.element == element]
    own = [row for row in of_element if row.project == project.project]
    of_stage = [row for row in of_element if returning(row) == ("", project.stage)]
    return (own or of_stage)[-1]
