"""What differs between runs, and which input explains which change of the plan: one group at a time, solved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from planner.config import ModelFile
from planner.data.case import Case
from planner.data.change import MODEL
from planner.data.difference import Difference, differences, is_read, paired
from planner.data.schema import BY_NAME, Table
from planner.errors import Fault, InputError, StoppedError
from planner.planning.whole_program import solve_variant
from planner.results.comparison import Cause, ChangedCell, Comparison, Figures
from planner.results.plan import PlanValues, Status
from planner.solving.goals import Progress, silent
from planner.solving.variants import Variants

LINKED = ("scenarios", "shocks")
"""Tables whose rows are added and removed together."""
Solve = Callable[[Case], PlanValues]


def _solved_on_from(plan: PlanValues) -> Solve:
    """Solves other cases, each from the optimum of a plan or of the nearest case solved since."""
    variants = Variants(plan.case)
    if plan.point is not None:
        variants.begin_at(plan.point)
    return partial(solve_variant, variants)


@dataclass(frozen=True)
class _Group:
    """Inputs that change together: what they are called, the cells, and the first case with them as in the second."""

    name: str
    cells: tuple[ChangedCell, ...]
    apply: Callable[[Case], Case]


def compare(
    plans: PlanValues | Sequence[PlanValues],
    *more: PlanValues,
    names: Sequence[str] = (),
    progress: Progress = silent,
    solve: Solve | None = None,
) -> list[Comparison]:
    """The first plan against each of the others: what differs, and which input alone changes what, solved.

    planner.compare(a, b), planner.compare([a, b, c], names=["now", "later", "dearer"])

    names: what the plans are called. progress: called with each step in words. solve: who solves the cases between,
    such as `Session.solve`; by default each is solved on from the first plan. Raises InputError for fewer than two
    plans, StoppedError for one that is not proven.

    >>> later = case.changed("projects.coast_plant.lead_time_years=plus 1")
    >>> [one.cells[0].column for one in compare(plan, solve_case(later, baseline=False))]
    ['lead_time_years']
    """
    given = [*([plans] if isinstance(plans, PlanValues) else plans), *more]
    refuse_single(given)
    names = names or [f"plan {i}" for i in range(1, len(given) + 1)]
    for name, plan in zip(names, given, strict=True):
        if plan.status is not Status.OPTIMAL:
            raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    solve = solve or _solved_on_from(given[0])
    return [
        _compared(given[0], other, names[0], name, progress, solve)
        for name, other in zip(names[1:], given[1:], strict=True)
    ]


def _compared(
    first: PlanValues, second: PlanValues, name: str, other: str, progress: Progress, solve: Solve
) -> Comparison:
    causes: list[Cause] = []
    cells: list[ChangedCell] = []
    for group in groups(first.case, second.case):
        progress(f"{name} with {group.name} as in {other}")
        causes.append(_cause(first.case, group, solve))
        cells += group.cells
    return Comparison(name, other, cells, figures(first), figures(second), causes)


def figures(plan: PlanValues) -> Figures:
    """What a comparison looks at."""
    s = plan.summary
    built = {p: float(t) for p, t in s["new_capacity_tpa"].items() if t > 0}
    return Figures(s["risk_musd"], s["cost_musd"], built)


def _cause(case: Case, group: _Group, solve: Solve) -> Cause:
    try:
        plan = solve(group.apply(case).checked())
    except InputError as error:
        return Cause(
            group.name, len(group.cells), None, f"not a valid case alone: {error.faults[0]}"
        )
    if plan.status is not Status.OPTIMAL:
        return Cause(group.name, len(group.cells), None, f"alone: {plan.status}")
    return Cause(group.name, len(group.cells), figures(plan))


def groups(first: Case, second: Case) -> list[_Group]:
    """Groups of inputs that differ: a column of a table, a whole table whose rows differ, a key of the model."""
    found = list(differences(first, second))
    whole = {d.table for d in found if not d.column}
    if whole & set(LINKED):
        whole |= set(LINKED)
    out: dict[str, _Group] = {}
    for difference in found:
        table = difference.table
        if table == MODEL:
            name, apply = difference.column, _setting(difference.column, second.model)
        elif table in whole:
            together = LINKED if table in LINKED else (table,)
            name = " and ".join(together) if table in LINKED else f"rows of {table}"
            apply = _with_rows_of(together, second)
        else:
            name, apply = (
                f"{table}.{difference.column}",
                _taking(BY_NAME[table], difference.column, second),
            )
        group = out.setdefault(name, _Group(name, (), apply))
        out[name] = replace(group, cells=(*group.cells, *_cells(name, difference)))
    return list(out.values())


def _cells(name: str, found: Difference) -> Iterator[ChangedCell]:
    """What a comparison shows of a difference: of a row that only one case has, every filled cell."""
    where = (
        MODEL if found.table == MODEL else f"{found.table}: {', '.join(filter(None, found.key))}"
    )
    if found.column:
        yield ChangedCell(name, where, found.column, _text(found.before), _text(found.after))
        return
    table = BY_NAME[found.table]
    for column in table.row.columns():
        before, after = (_text(getattr(row, column, None)) for row in (found.before, found.after))
        if before != after and is_read(table, column) and column not in table.key[: len(found.key)]:
            yield ChangedCell(name, where, column, before, after)


def _with_rows_of(tables: Sequence[str], other: Case) -> Callable[[Case], Case]:
    """Take whole tables from another case."""
    rows: dict[str, Any] = {name: other.tables.rows(name) for name in tables}
    return lambda case: case.with_tables(**rows)


def _taking(table: Table, column: str, other: Case) -> Callable[[Case], Case]:
    """Take one column of a table from another case with the same rows."""

    def apply(case: Case) -> Case:
        pairs = paired(table, case.tables.rows(table.name), other.tables.rows(table.name))
        rows: dict[str, Any] = {
            table.name: tuple(
                one.model_copy(update={column: getattr(two, column)}) for one, two in pairs if one
            )
        }
        return case.with_tables(**rows)

    return apply


def _setting(key: str, other: ModelFile) -> Callable[[Case], Case]:
    section, _, inner = key.partition(".")

    def apply(case: Case) -> Case:
        model = case.model
        value = getattr(other, section)
        if inner:
            value = getattr(model, section).model_copy(update={inner: getattr(value, inner)})
        return case.with_model(model.model_copy(update={section: value}))

    return apply


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def refuse_single(runs: Sequence[object]) -> None:
    """A comparison takes two runs or more. Raises InputError."""
    if len(runs) < 2:
        raise InputError(
            [
                Fault(
                    "compare", 0, "", "name two runs or more; the first is compared with the others"
                )
            ]
        )
