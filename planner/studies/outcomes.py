"""What is written down of a point: the figures of summary.json that a study can compare, straight from the solution.

A study of ten thousand points has no use for ten thousand sets of result tables; a test holds these figures to
those of the tables. And outcomes of a user's own: arithmetic over these figures and the result tables of a plan.

    cost_musd / (1 + risk_musd)
    expected(shortfall.tonnes, element == "dy", year >= 2030)      # weighed by the probability of each row
    most(stocks.stock_t, country in ("JPN", "KOR"))

A figure is named as an outcome is, a column as TABLE.COLUMN; within a function of a column its conditions name columns
of the same table. Nothing else can be said, so that a study file runs no code: `pandas.eval` reaches attributes of
whatever it meets, and of the packages that do not, none knows tables.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.errors import did_you_mean
from planner.formulation.index_sets import Scope
from planner.formulation.objective import loss_per_tonne
from planner.formulation.variable_trees import OperationNode
from planner.results.losses import by_country, service_level, weighed
from planner.results.schema import RESULT_TABLES, TABLE_COLUMNS
from planner.results.study import MEANINGS, NEW_CAPACITY, unsaid
from planner.solving.goals import Outcome
from planner.solving.program import ZERO, Program, Vector
from planner.units import musd_per_tonne

Measures = dict[str, float]
"""Outcome -> value; members of a group are named `group.member`, e.g. `new_capacity_tpa.donald`."""


AmountsByIndex = Mapping[str, Mapping[tuple[object, ...], float]]
DecidedAmount = tuple[str, str, int, float]
"""(decision, thing, year, amount): a row of the plan of a point."""


def outcome_names(case: Case) -> list[str]:
    """Every outcome that a point of a study of this case can have, whatever the plan is."""
    wanted = sorted({(c, e) for c, e, *_ in case.demand})
    members: dict[str, Iterable[str]] = {
        "scenario_loss_musd": case.scenarios,
        "loss_musd_by_country": [
            f"{c}.{part}" for c in case.countries for part in ("expected", "tail")
        ],
        "expected_shortfall_t": case.elements,
        "expected_shortfall_t_by_country": [f"{c}.{e}" for c, e in wanted],
        "service_level": case.elements,
        "new_capacity_tpa": case.projects,
        "trained": case.skills,
        "hired": case.skills,
        "bought_t": case.elements,
    }
    singles = [group for group in MEANINGS if group not in members]
    return [
        *singles,
        *(f"{group}.{member}" for group, names in members.items() for member in names),
    ]


def measure(scope: Scope, program: Program, outcome: Outcome) -> Measures:
    """All figures of a solution."""
    found = amounts_of(program, outcome.last.x)
    out = _risk(scope, found) | {"cost_musd": found["cost"].get((None,), 0.0)}
    if "risk" in outcome.values and scope.case.model.objective.goal == "risk":
        out["least_risk_musd"] = outcome.values["risk"]
    out["public_spend_musd"] = _spend(scope, found)
    out |= _plan(scope, found)
    return {name: float(value) for name, value in sorted(out.items())}


def amounts_of(program: Program, x: Vector) -> AmountsByIndex:
    """What is not zero of a solution."""
    found: dict[str, dict[tuple[object, ...], float]] = defaultdict(dict)
    for (name, index), value in zip(program.columns, x.tolist(), strict=True):
        if abs(value) > ZERO:
            found[name][index if isinstance(index, tuple) else (index,)] = value
    return found


def _risk(s: Scope, found: AmountsByIndex) -> Measures:
    """Losses and shortfalls, in all and by country."""
    loss_at: dict[int, float] = defaultdict(float)
    lost_by: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    by_element: dict[str, float] = defaultdict(float)
    by_good: dict[str, float] = defaultdict(float)
    for index, tonnes in found["shortfall"].items():
        c, e, o, n, j = index
        assert isinstance(n, int) and isinstance(j, int)  # noqa: S101  narrows the index for the type checker
        loss = tonnes * loss_per_tonne(s, str(c), str(e), str(o), OperationNode(n), j)
        loss_at[n] += loss
        lost_by[str(c)][n] += loss
        probability = s.tree.nodes[n].probability
        by_element[str(e)] += probability * tonnes
        by_good[f"{c}.{e}"] += probability * tonnes
    paths = {w: s.tree.path_of(w) for w in s.case.scenarios}
    losses = {w: sum(loss_at.get(n, 0.0) for n in path) for w, path in paths.items()}
    parts = {
        c: {w: sum(at.get(n, 0.0) for n in path) for w, path in paths.items()}
        for c, at in lost_by.items()
    }
    lost = weighed(s.case, losses)
    demand = _expected_demand(s)
    short = {e: by_element.get(e, 0.0) for e in demand}
    return {
        "risk_musd": lost.risk,
        "expected_loss_musd": lost.expected,
        "cvar_musd": lost.cvar,
        **{f"scenario_loss_musd.{w}": z for w, z in losses.items()},
        **{f"expected_shortfall_t.{e}": t for e, t in short.items()},
        **{f"expected_shortfall_t_by_country.{good}": t for good, t in by_good.items()},
        **{
            f"loss_musd_by_country.{c}.{part}": musd
            for c, pair in by_country(s.case, losses, parts).items()
            for part, musd in pair.items()
        },
        **{f"service_level.{e}": share for e, share in service_level(demand, short).items()},
    }


def _expected_demand(s: Scope) -> dict[str, float]:
    chance, demand = np.array([node.probability for node in s.tree.nodes]), dict[str, float]()
    for good in sorted({key[:3] for key in s.case.demand}):
        demand[good[1]] = demand.get(good[1], 0.0) + float(chance @ s.tree.demands(good))
    return dict(sorted(demand.items()))


def _spend(s: Scope, found: AmountsByIndex) -> float:
    total = 0.0
    for (_, d), musd in found["invested"].items():
        total += s.decision_tree.nodes[int(str(d))].probability * musd
    for (c, e, o, n), tonnes in found["bought"].items():
        price = musd_per_tonne(s.case.stockpiles[str(c), str(e), str(o)].purchase_usd_per_kg)
        total += s.tree.nodes[int(str(n))].probability * price * tonnes
    return total


DECIDED = {"build": "build", "intake": "intake", "hired": "hire"}
"""Variable of the program -> what a plan calls it."""


def _decided(s: Scope, found: AmountsByIndex) -> Mapping[tuple[str, tuple[str, ...], int], float]:
    """(decision, thing, year) -> amount, expected over histories."""
    out: dict[tuple[str, tuple[str, ...], int], float] = defaultdict(float)
    for variable, nodes in (
        *((v, s.decision_tree.nodes) for v in DECIDED),
        ("bought", s.tree.nodes),
    ):
        for (*thing, n), amount in found[variable].items():
            node = nodes[int(str(n))]
            out[DECIDED.get(variable, "buy"), tuple(map(str, thing)), node.year] += (
                node.probability * amount
            )
    return out


def decisions(s: Scope, found: AmountsByIndex) -> list[DecidedAmount]:
    """What is decided in each year, expected over histories: `build` (t/y) of a project, `intake` (persons) of a
    programme, `hire` (persons) of country.skill, `buy` (t) of country.element.form."""
    return [
        (what, ".".join(thing), year, amount)
        for (what, thing, year), amount in sorted(_decided(s, found).items())
    ]


def _plan(s: Scope, found: AmountsByIndex) -> Measures:
    out: Measures = defaultdict(float)
    for (what, thing, _), amount in _decided(s, found).items():
        if what == "build":
            out[f"{NEW_CAPACITY}{thing[0]}"] += amount
        elif what == "intake":
            row = s.case.programmes[thing[0]]
            out[f"trained.{row.skill}"] += amount * row.completion_rate
        else:
            out[f"{'hired' if what == 'hire' else 'bought_t'}.{thing[1]}"] += amount
    return dict(out)


def capacities(s: Scope, found: AmountsByIndex) -> Measures:
    """New nameplate by project (t/y)."""
    return {name: value for name, value in _plan(s, found).items() if name.startswith(NEW_CAPACITY)}


# ---- expressions ----------------------------------------------------------------------------------------------------

ASKED_LATER = ("spending", "payments", "shadow_prices")
"""Tables that are not read off a solution alone."""
TABLES = {name: columns for name, columns in TABLE_COLUMNS.items() if name not in ASKED_LATER}
"""The others, with their columns."""
ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: np.isin,
    ast.NotIn: lambda column, words: np.isin(column, words, invert=True),
}
OF_NUMBERS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}
OF_COLUMNS: dict[str, Callable[[NDArray[Any]], float]] = {
    "sum": np.nansum,
    "mean": np.nanmean,
    "least": np.nanmin,
    "most": np.nanmax,
    "count": len,
    "expected": np.nansum,
}
OF_NOTHING = ("sum", "count", "expected")
"""Functions that are 0 where there is nothing; the others have no value."""
TEXTS = {
    (name, column.name): column.is_text for name in TABLES for column in RESULT_TABLES[name].columns
}
"""Table and column -> whether it holds words."""
LONGEST = 400
"""Characters of an expression."""


@dataclass(frozen=True)
class Found:
    """What an expression is computed from: the figures of a point, its result tables, the chance of each scenario."""

    figures: Mapping[str, float]
    tables: Mapping[str, pd.DataFrame]
    chances: Mapping[str, float]

    def column(self, table: str, name: str) -> NDArray[Any]:
        """A column of a table, blank numbers as NaN: NumPy compares short ones in a tenth of the time of pandas."""
        text, rows = TEXTS[table, name], self.tables[table]
        return (
            rows[name].to_numpy(object) if text else rows[name].to_numpy(float, na_value=math.nan)
        )

    def weights(self, table: str) -> NDArray[np.float64]:
        """The probability of each row of a table."""
        if "probability" in self.tables[table]:
            return self.column(table, "probability")
        return np.array(
            [self.chances[scenario] for scenario in self.column(table, "scenario")], dtype=float
        )


@dataclass(frozen=True)
class Formula:
    """An expression that has been read, and can be computed. Raises ValueError where it says what cannot be said."""

    text: str
    outcomes: Collection[str]
    """Names of the figures that a point can have."""

    @cached_property
    def tree(self) -> ast.expr:
        """The expression as Python reads it."""
        try:
            if len(self.text) > LONGEST:
                raise ValueError(f"is longer than {LONGEST} characters")
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(f"cannot be read: {error}") from None

    @cached_property
    def tables(self) -> frozenset[str]:
        """Tables that it reads; all names are looked up on the way."""
        self._number(self.tree, None)
        return (
            frozenset(node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name))
            & TABLES.keys()
        )

    def value(self, found: Found) -> float:
        """The value at a point; NaN where it is divided by nothing, or nothing is there to be looked at."""
        try:
            return float(self._number(self.tree, found))
        except ZeroDivisionError:
            return math.nan

    def _number(self, node: ast.expr, found: Found | None) -> float:
        """A number; without `found` only the names in it are looked up."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            one, other = self._number(node.left, found), self._number(node.right, found)
            return float(ARITHMETIC[type(node.op)](one, other)) if found else 1.0
        if isinstance(node, ast.UnaryOp) and type(node.op) in ARITHMETIC:
            return float(ARITHMETIC[type(node.op)](self._number(node.operand, found)))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and not node.keywords
            and node.args
        ):
            if node.func.id in OF_NUMBERS:
                numbers = [self._number(argument, found) for argument in node.args]
                return float(
                    OF_NUMBERS[node.func.id](
                        *(numbers if node.func.id == "abs" else [*numbers, numbers[0]])
                    )
                )
            if node.func.id in OF_COLUMNS:
                return self._of_column(node.func.id, node.args, found)
            known = [*OF_NUMBERS, *OF_COLUMNS]
            raise ValueError(f'"{node.func.id}" is no function{did_you_mean(node.func.id, known)}')
        name = ast.unparse(node)
        if name not in self.outcomes:
            raise ValueError(
                f'"{name}" is neither a number nor a figure{did_you_mean(name, self.outcomes)}'
            )
        return found.figures.get(name, unsaid(name)) if found else 1.0

    def _of_column(self, function: str, arguments: list[ast.expr], found: Found | None) -> float:
        column, *conditions = arguments
        table, _, name = ast.unparse(column).partition(".")
        if name not in TABLES.get(table, ()):
            known = [f"{t}.{c}" for t, columns in TABLES.items() for c in columns]
            raise ValueError(
                f'"{table}.{name}" is no column{did_you_mean(f"{table}.{name}", known)}'
            )
        if function != "count" and TEXTS[table, name]:
            raise ValueError(f"{table}.{name} holds words; they can only be counted")
        if function == "expected" and not {"probability", "scenario"} & {*TABLES[table]}:
            raise ValueError(f"rows of {table} hold in every scenario; use sum")
        tests = [_condition(one, table) for one in conditions]
        if found is None:
            return 1.0
        values = found.column(table, name)
        if function == "expected":
            values = values * found.weights(table)
        kept = np.ones(len(values), dtype=bool)
        for of, compare, wanted in tests:
            kept &= compare(found.column(table, of), wanted)
        return (
            float(OF_COLUMNS[function](values[kept]))
            if kept.any() or function in OF_NOTHING
            else math.nan
        )


def _condition(node: ast.expr, table: str) -> tuple[str, Callable[..., Any], Any]:
    """Column, comparison and what it is compared with."""
    told = ast.unparse(node)
    if not (
        isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.left, ast.Name)
    ):
        raise ValueError(f"{told} is no condition like year >= 2030")
    name, right, several = (
        node.left.id,
        node.comparators[0],
        isinstance(node.ops[0], ast.In | ast.NotIn),
    )
    if name not in TABLES[table]:
        raise ValueError(f'"{name}" is no column of {table}{did_you_mean(name, TABLES[table])}')
    try:
        wanted = ast.literal_eval(right)
    except ValueError:
        wanted = None
    listed = wanted if several and isinstance(wanted, tuple | list) else [wanted]
    text = TEXTS[table, name]
    if type(node.ops[0]) not in COMPARISONS or not all(
        isinstance(w, str if text else int | float) for w in listed
    ):
        raise ValueError(
            f"{told}: {name} holds {'words' if text else 'numbers'}; compare it with such"
        )
    return name, COMPARISONS[type(node.ops[0])], listed if several else wanted
