"""What differs between runs, and which input explains which change of the plan: one group at a time, solved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner.config import ModelFile
from planner.data.case import Case, with_choices, with_other_scenarios
from planner.data.change import MODEL
from planner.data.changed_case import with_rows_of
from planner.data.difference import Difference, differences, is_read, paired
from planner.data.schema import BY_NAME, Table
from planner.errors import A_PLAN, Fault, InputError, refuse_other
from planner.one_program.plans import solve_variant
from planner.results.comparison import Cause, ChangedCell, Comparison, Figures
from planner.results.plan import Plan, Status, no_plan, refuse_own_rules
from planner.solving.engine import Engine
from planner.solving.goals import Progress, silent

LINKED = ("scenarios", "shocks")
"""Tables whose rows are added and removed together."""
Solve = Callable[[Case], Plan]


def _solved_on_from(plan: Plan) -> Solve:
    """Solves other cases, each from the optimum of a plan or of the nearest case solved since."""
    return partial(solve_variant, Engine(plan.case, point=plan.point))


@dataclass(frozen=True)
class _Group:
    """Inputs that change together: what they are called, the cells, and the first case with them as in the second."""

    name: str
    cells: tuple[ChangedCell, ...]
    apply: Callable[[Case], Case]


def compare(
    plans: Plan | Sequence[Plan],
    *more: Plan,
    names: Sequence[str] = (),
    progress: Progress = silent,
    solve: Solve | None = None,
) -> list[Comparison]:
    """The first plan against each of the others: what differs, and which input alone changes what, solved.

    Parameters
    ----------
    plans
        One plan, or all of them in a list.
    *more
        The others.
    names
        What the plans are called.
    progress
        Called with each step in words.
    solve
        Who solves the cases between, such as `Session.solve`; by default each is solved on from the first plan.

    Returns
    -------
    list of Comparison
        One for each other plan, with the tables `cells` (inputs that differ), `causes` (risk and cost, MUSD, by
        each group of inputs alone) and `capacity` (new capacity of both, t/y).

    Raises
    ------
    InputError
        For fewer than two plans.
    InfeasibleError
        For the plan of a case that has none.
    StoppedError
        For a plan that is not proven.

    Examples
    --------
    >>> later = case.changed("projects.coast_plant.lead_time_years=plus 1")
    >>> both = compare(plan, planner.solve(later, baseline=False), names=["now", "later"])[0]
    >>> both.table("cells")["column"].tolist()
    ['lead_time_years']
    >>> both.table("capacity")["project"].tolist()
    ['coast_plant', 'desert_mine', 'metal_works']
    """
    first = [plans] if isinstance(plans, Plan) else list(plans)
    given = [*first, *more]
    for plan in given:
        refuse_other(plan, Plan, A_PLAN)
    refuse_single(given)
    if not names:
        names = [f"plan {number}" for number in range(1, len(given) + 1)]
    for name, plan in zip(names, given, strict=True):
        refuse_own_rules(plan, "compare")
        if plan.status is not Status.OPTIMAL:
            raise no_plan(plan, name)
    solve = solve or _solved_on_from(given[0])
    found = []
    for name, other in zip(names[1:], given[1:], strict=True):
        cells: list[ChangedCell] = []
        causes = []
        for group in groups(given[0].case, other.case):
            progress(f"{names[0]} with {group.name} as in {name}")
            cells += group.cells
            causes.append(_cause(given[0].case, group, solve))
        comparison = Comparison(
            before=names[0],
            after=name,
            cells=cells,
            first=figures(given[0]),
            second=figures(other),
            causes=causes,
        )
        found.append(comparison)
    return found


def figures(plan: Plan) -> Figures:
    """The figures that a comparison looks at."""
    summary = plan.summary
    built = {}
    for project, tpa in summary["new_capacity_tpa"].items():
        if tpa > 0:
            built[project] = float(tpa)
    return Figures(summary["risk_musd"], summary["cost_musd"], built)


def _cause(case: Case, group: _Group, solve: Solve) -> Cause:
    """A group of inputs and the figures of the first case with it alone changed; without them, and why, where there is
    no plan."""
    count = len(group.cells)
    try:
        plan = solve(group.apply(case).checked())
    except InputError as error:
        return Cause(group.name, count, None, f"not a valid case alone: {error.faults[0]}")
    if plan.status is not Status.OPTIMAL:
        return Cause(group.name, count, None, f"alone: {plan.status}")
    return Cause(group.name, count, figures(plan))


def groups(first: Case, second: Case) -> list[_Group]:
    """Groups of inputs that differ: a column of a table, a whole table whose rows differ, a key of the model."""
    found = list(differences(first, second))
    whole = {difference.table for difference in found if not difference.column}
    if whole & set(LINKED):
        whole |= set(LINKED)
    out: dict[str, _Group] = {}
    for difference in found:
        group = _group_of(difference, whole, second)
        known = out.setdefault(group.name, group)
        cells = (*known.cells, *_cells(group.name, difference))
        out[group.name] = replace(known, cells=cells)
    return list(out.values())


def _group_of(difference: Difference, whole: Collection[str], second: Case) -> _Group:
    """The group of a difference, without its cells. whole: tables that are taken as they are in the second case."""
    table, column = difference.table, difference.column
    if table == MODEL:
        return _Group(column, (), _setting(column, second.model))
    if table in LINKED and table in whole:
        return _Group(" and ".join(LINKED), (), _with_scenarios_of(second))
    if table in whole:
        return _Group(f"rows of {table}", (), _with_rows_of(table, second))
    return _Group(f"{table}.{column}", (), _taking(BY_NAME[table], column, second))


def _cells(name: str, found: Difference) -> Iterator[ChangedCell]:
    """The cells that a comparison shows of a difference: of a row that only one case has, every filled cell."""
    where = MODEL
    if found.table != MODEL:
        where = f"{found.table}: {', '.join(filter(None, found.key))}"
    if found.column:
        before, after = _text(found.before), _text(found.after)
        yield ChangedCell(name, where, found.column, before=before, after=after)
        return
    table = BY_NAME[found.table]
    shown = table.key[: len(found.key)]
    for column in table.row.columns():
        before = _text(getattr(found.before, column, None))
        after = _text(getattr(found.after, column, None))
        if before != after and is_read(table, column) and column not in shown:
            yield ChangedCell(name, where, column, before=before, after=after)


def _with_scenarios_of(other: Case) -> Callable[[Case], Case]:
    """Take the scenarios of another case; what is of scenarios that it has not stays behind."""
    tables = other.tables
    return lambda case: with_other_scenarios(case, tables.scenarios, tables.shocks, tables.draws)


def _with_rows_of(table: str, other: Case) -> Callable[[Case], Case]:
    """Take a whole table from another case."""
    return lambda case: with_rows_of(case, table, other.lookups.rows(table))


def _taking(table: Table, column: str, other: Case) -> Callable[[Case], Case]:
    """Take one column of a table from another case with the same rows."""

    def apply(case: Case) -> Case:
        own = case.lookups.rows(table.name)
        changed = []
        for one, two in paired(table, own, other.lookups.rows(table.name)):
            if one:
                changed.append(one.model_copy(update={column: getattr(two, column)}))
        return with_rows_of(case, table.name, changed)

    return apply


def _setting(key: str, other: ModelFile) -> Callable[[Case], Case]:
    """Take a key of the model file, `section` or `section.key`, from another one."""
    section, _, inner = key.partition(".")

    def apply(case: Case) -> Case:
        chosen = getattr(other, section)
        if inner:
            chosen = {inner: getattr(chosen, inner)}
        return with_choices(case, **{section: chosen})

    return apply


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def refuse_single(runs: Sequence[object]) -> None:
    """A comparison takes two runs or more. Raises InputError."""
    if len(runs) < 2:
        said = "name two runs or more (in Python: plans); the first is compared with the others"
        raise InputError([Fault("compare", 0, "", said)])
