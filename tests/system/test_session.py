"""A session that changes figures in place holds the program, and finds the optimum, of a case built afresh."""

from __future__ import annotations

import gc
import random
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest

import planner
from benchmarks.changes import ASKED, CHANGES, asked
from benchmarks.generate import Size, generate
from planner.config import LEVERS
from planner.data.case import Case
from planner.data.load import checked_case
from planner.formulation.index_sets import Scope
from planner.solving import highs
from planner.solving.goals import Outcome, silent
from planner.solving.highs import Solver
from planner.solving.program import Program
from planner.solving.program_update import READS
from planner.solving.program_writer import program_of
from planner.solving.settings import PRIMAL, STRATEGY, STRUCTURES
from planner.solving.solution import Solution
from planner.solving.warm_program import WarmProgram
from tests.cases import more, seeds, some

ROOT = Path(__file__).parents[2]
LEAST_RISK = ROOT / "models" / "least_risk.toml"
FIGURES = sorted(column for column in READS if column[0] != "model")
SHARES = {
    "share",
    "recovery",
    "completion_rate",
    "attrition",
    "probability",
    "public_share",
    "up_to_share",
}


def starter(**overrides: Any) -> Case:
    return checked_case(ROOT / "inputs" / "starter", model=LEAST_RISK, changes=overrides)


def with_rows(case: Case, table: str, rows: list[Any]) -> Case:
    return replace(case, tables=replace(case.tables, **{table: tuple(rows)}))


def scaled(case: Case, table: str, column: str, factor: float) -> Case:
    """The case with a column of figures scaled; probabilities still sum to 1, delays stay whole."""
    rows = []
    for row in case.tables.rows(table):
        value = getattr(row, column)
        if value is None or (table == "shocks" and getattr(row, "kind", "") == "delay"):
            rows.append(row)
        else:
            rows.append(row.model_copy(update={column: value * factor}))
    if column == "probability":
        total = sum(row.probability for row in rows[1:])
        rest = 1 - rows[0].probability
        rows[1:] = [
            row.model_copy(update={column: row.probability * rest / total}) for row in rows[1:]
        ]
    return with_rows(case, table, rows)


def assert_same_program(ours: Program, theirs: Program) -> None:
    """Entry by entry, whatever the order; entries that became zero may stay in ours as zeros."""
    assert ours.column.keys() == theirs.column.keys()
    assert ours.row.keys() == theirs.row.keys()
    columns, rows = (
        [theirs.column[key] for key in ours.columns],
        [theirs.row[key] for key in ours.rows],
    )
    difference = abs(ours.matrix - theirs.matrix[rows, :][:, columns])
    assert (difference.max() if difference.nnz else 0.0) == 0.0
    for name, order in (
        ("row_lower", rows),
        ("row_upper", rows),
        ("lower", columns),
        ("upper", columns),
    ):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name)[order])


def assert_same_optimum(warm: Outcome, cold: Outcome) -> None:
    assert warm.stop == cold.stop
    assert warm.values.keys() == cold.values.keys()
    for name, value in cold.values.items():
        assert warm.values[name] == pytest.approx(value, rel=1e-7, abs=1e-7), name


@pytest.mark.parametrize(
    ("column", "factor"),
    [
        *zip(FIGURES, cycle([0.97, 1.02]), strict=False),
        *more(zip(FIGURES, cycle([1.02, 0.97]), strict=False)),
    ],
    ids=str,
)
def test_a_changed_figure_gives_the_program_and_the_optimum_of_a_case_built_afresh(
    column: tuple[str, str], factor: float
) -> None:
    case = starter()
    session = WarmProgram(case)
    session.solve(silent)
    factor = 0.97 if column[1] in SHARES and column[1] != "probability" else factor
    changed = scaled(case, *column, factor)
    kept = session.update(changed)
    assert kept or (session.rebuilt and column[0] in ("demand", "imports"))
    assert_same_program(session.program, program_of(changed))
    assert_same_optimum(session.solve(silent), WarmProgram(changed).solve(silent))


@pytest.mark.parametrize(
    ("table", "column", "value", "why"),
    [
        ("projects", "lead_time_years", 2, "lead_time_years"),
        ("projects", "public_share", 0.0, "goes from"),
        ("stockpiles", "max_t", None, "is given in only one of two cases"),
        ("countries", "bloc", "elsewhere", "bloc"),
    ],
)
def test_a_change_of_structure_builds_again_and_says_so(
    table: str, column: str, value: object, why: str
) -> None:
    case = starter()
    session = WarmProgram(case)
    session.solve(silent)
    rows = list(case.tables.rows(table))
    rows[0] = rows[0].model_copy(update={column: value})
    changed = with_rows(case, table, rows)
    assert not session.update(changed)
    assert why in session.rebuilt
    assert_same_optimum(session.solve(silent), WarmProgram(changed).solve(silent))


def test_output_that_never_rises_is_not_output_that_rises_freely() -> None:
    """A blank `rise` is no limit, and 0 the narrowest: neither program can stand for the other."""
    free = starter()
    project = free.tables.projects[0].project
    never = free.changed(f"projects.{project}.rise=0")
    for written, other in ((never, free), (free, never)):
        session = WarmProgram(written)
        assert not session.update(other)
        assert f"projects.rise ({project}) is given in only one" in session.rebuilt


@pytest.mark.parametrize(
    "overrides",
    [
        {"objective.risk_aversion": 0.8},
        {"objective.tail": 0.5},
        {"objective.risk_slack": 0.05},
        {"objective.goal": "welfare"},
        {"objective.goal": "target", "objective.risk_limit": 2500.0},
        {"discount_rate": 0.1},
        {"risk_discount_rate": 0.0},
    ],
    ids=str,
)
def test_other_choices_are_taken_in_place(overrides: dict[str, Any]) -> None:
    session = WarmProgram(starter())
    session.solve(silent)
    changed = starter(**overrides)
    assert session.update(changed), session.rebuilt
    assert_same_program(session.program, program_of(changed))
    assert_same_optimum(session.solve(silent), WarmProgram(changed).solve(silent))


@pytest.mark.parametrize("name", CHANGES)
def test_who_takes_a_change_back_waits_for_no_program_to_be_written(name: str) -> None:
    case = starter()
    session = planner.Session(case)
    session.figures(CHANGES[name].of(case))
    session.figures(case)
    assert session.rebuilt == ""


@pytest.mark.parametrize(
    ("name", "small"),
    [*((name, True) for name in CHANGES), *((name, False) for name in some(CHANGES, 4))],
)
def test_each_kind_of_change_gives_the_optimum_of_a_cold_solve_and_so_does_the_way_back(
    name: str, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not small:  # other algorithms, in another order, with other edge weights
        monkeypatch.setattr(highs, "SMALL_PROGRAM", 0)
    case = starter()
    changed = CHANGES[name].of(case)
    session = WarmProgram(case)
    there = session.solve(silent)
    session.update(changed)
    if session.rebuilt:
        assert_same_program(session.program, program_of(changed))
    assert_same_optimum(session.solve(silent), WarmProgram(changed).solve(silent))
    session.update(case)
    assert_same_optimum(session.solve(silent), there)


def test_a_plant_that_cannot_grow_any_more_may_be_of_another_size_at_once() -> None:
    case = starter()
    grows = next(row.project for row in case.tables.projects if row.max_new_tpa > 0)
    none, size = f"projects.{grows}.max_new_tpa=0", f"projects.{grows}.existing_tpa"
    live = WarmProgram(case.changed([f"{size}=7"]))
    for changes in ([none, f"{size}=9"], [f"{size}=9"]):
        changed = case.changed(changes)
        assert live.update(changed)
        assert_same_optimum(live.solve(silent), WarmProgram(changed).solve(silent))


def test_programs_that_a_session_no_longer_keeps_are_let_go_at_once() -> None:
    case, names = starter(), ("first year +1", "secondment", "adaptive", "blocs", "element out")
    session = planner.Session(case)
    gc.collect()
    gc.disable()  # collections become rare as memory fills
    try:
        for name in names:
            session.figures(CHANGES[name].of(case))
        held = sum(isinstance(one, Solver) for one in gc.get_objects())
    finally:
        gc.enable()
    assert held == STRUCTURES


def test_the_first_program_is_kept_however_many_came_after_it() -> None:
    case, names = (
        starter(),
        ("first year +1", "adaptive", "blocs", "each country alone", "element out", "country out"),
    )
    assert len(names) > STRUCTURES
    session = planner.Session(case)
    for name in names:
        session.figures(CHANGES[name].of(case))
        assert session.rebuilt
    session.figures(case)
    assert session.rebuilt == ""


@pytest.mark.parametrize("seed", seeds(0, 3, 6))
def test_a_walk_through_random_kinds_of_change_ends_where_a_cold_solve_does(seed: int) -> None:
    """Each change is made to the case as it stands, so that they pile up."""
    chance = random.Random(seed)
    case = starter()
    session = WarmProgram(case)
    for name in chance.sample(sorted(CHANGES), 6):
        try:
            case = CHANGES[name].of(case)
        except (planner.InputError, ValueError):
            continue  # what it changes is no longer there
        session.update(case)
        assert_same_optimum(session.solve(silent), WarmProgram(case).solve(silent))


@pytest.mark.parametrize("seed", seeds(0, 3, 8))
def test_a_walk_through_what_is_asked_at_a_screen_ends_where_a_cold_solve_does(seed: int) -> None:
    chance = random.Random(seed)
    case = starter()
    session, seen = WarmProgram(case), set()
    for _ in range(10):
        try:
            name, case = asked(case, chance)
        except (planner.InputError, IndexError):
            continue  # no plant is left that can grow
        if not session.update(case):
            assert name in ("lead time", "plant out", "member late", "lever"), session.rebuilt
        seen.add(name)
        assert_same_optimum(session.solve(silent), WarmProgram(case).solve(silent))
    assert len(seen) > len(ASKED) / 2


@pytest.mark.parametrize(
    "changed",
    [
        {"projects.desert_mine.max_new_tpa": 0.0},
        {"projects.*.existing_tpa": 0.0},
        {"projects.desert_mine.earliest_year": 2029},
        {"budgets.*.*.musd": 0.0},
        {"workforce.*.*.hires_per_year": 0.0},
        {"training.*.max_new_seats": 0.0},
        *({"levers": [lever for lever in LEVERS if lever != off]} for off in LEVERS),
        {"levers": []},
    ],
    ids=str,
)
def test_what_a_case_leaves_out_is_held_at_zero(changed: dict[str, Any]) -> None:
    """And what it had comes back: the program is that of the case it was written for all the while."""
    case = starter()
    session = WarmProgram(case)
    there = session.solve(silent)
    less = case.changed(changed)
    assert session.update(less), session.rebuilt
    assert_same_optimum(session.solve(silent), WarmProgram(less).solve(silent))
    assert session.update(case), session.rebuilt
    assert_same_optimum(session.solve(silent), there)


def test_what_cannot_be_known_without_a_plant_is_not_known_in_a_program_that_was_written_with_it() -> (
    None
):
    """Two futures of the starter case differ by a delay of its plants alone: without them they are one."""
    case = starter()
    session = WarmProgram(case)
    session.solve(silent)
    less = case.changed("projects.coast_plant.max_new_tpa=0")
    assert len(session.scope.tree.nodes) > len(Scope(less).tree.nodes)
    assert not session.update(less)
    assert session.rebuilt == "the histories that scenarios share differ"
    assert_same_optimum(session.solve(silent), WarmProgram(less).solve(silent))


@pytest.mark.parametrize(
    "name",
    some(["lead time +1 year", "project in", "scenario out", "first year +1", "element out"], 3),
)
def test_the_way_from_the_last_plan_is_far_shorter_than_from_none(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scenario less, or another first year, numbers the nodes anew: they are found by their periods."""
    steps: list[int] = []
    run = Solver._run

    def counted(self: Solver, *arguments: Any) -> Solution:
        solution = run(self, *arguments)
        steps.append(self._highs.getInfo().simplex_iteration_count)
        return solution

    monkeypatch.setattr(Solver, "_run", counted)
    case = planner.load(
        generate(Size(scenarios=6, countries=5, projects=20, years=10), tmp_path), model=LEAST_RISK
    )
    changed = CHANGES[name].of(case)
    session = WarmProgram(case)
    session.solve(silent)
    session.update(changed)
    steps.clear()
    warm = session.solve(silent)
    taken = sum(steps)
    steps.clear()
    assert_same_optimum(warm, WarmProgram(changed).solve(silent))
    assert session.rebuilt
    assert taken < sum(steps) / 3


@pytest.mark.parametrize(
    ("change", "strategy"),
    [
        ("countries.C00.weight=x1.05", PRIMAL),
        ("projects.*.capex_usd_per_tpa=x1.1", PRIMAL),
        ("budgets.*.*.musd=x0.9", STRATEGY["again"]),
    ],
)
def test_a_kept_basis_that_is_not_dual_feasible_is_followed_by_primal_simplex(
    change: str, strategy: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dual simplex would first make it so, however near the optimum is: of a large program it then never came there."""
    monkeypatch.setattr(highs, "LARGE_PROGRAM", 0)
    size = Size(scenarios=6, countries=5, projects=20, years=10)
    case = planner.load(generate(size, tmp_path), model=LEAST_RISK).changed(
        "objective.goal=welfare"
    )
    live = WarmProgram(case)
    live.solve(silent)
    assert live.update(case.changed(change))
    assert live.solve(silent).last.algorithm == "again"
    assert live.solver._highs.getOptionValue("simplex_strategy")[1] == strategy


def test_bases_that_are_kept_hold_no_program_but_that_of_the_first_optimum_and_of_the_last() -> (
    None
):
    case = starter()
    session = planner.Session(case)
    programs = []
    for factor in (1.1, 1.2, 1.3):
        session.figures(scaled(case, "projects", "capex_usd_per_tpa", factor))
        programs.append(ref(session.engine.live.program))
    gc.collect()
    assert [program() is None for program in programs] == [False, True, False]
