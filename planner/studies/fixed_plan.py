"""A plan held fixed where it was not made for: investment, training and hiring as planned, operations anew.

In other futures, laid out as a tree like those of the case, so that operations still know no more than a history
shows; or in one future after the other: one linear program of which only sides and bounds differ. With what is decided
held fixed, futures share nothing but the nodes at which they cannot be told apart yet, and all that passes from one
period to the next is stock and the money that is left. So once the stock at such nodes is given, the least loss of each
future is found by itself, and any risk that grows with losses is least where each of them is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy.sparse.linalg import spsolve

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Tree, tree_of
from planner.data.schema import Scenario
from planner.data.shock_effects import Effects, ImportKey, Period, length_of, sold_on, year_of
from planner.errors import Fault, InputError, StoppedError
from planner.formulation import budgets, capacity, goods, objective, workforce
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS
from planner.parallel import Make, Team, Workers, answer, team_of
from planner.results.plan import PlanValues
from planner.solving.goals import Outcome, Phase, silent, solve_phases
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Program, Vector
from planner.solving.program_writer import Writer
from planner.solving.solution import Stop
from planner.studies.outcomes import Measures, measure

SLACK = 1e-9
"""Relative room around a fixed amount, for the rounding of the run that made it."""
Decided = Mapping[tuple[str, Any], float]
"""(variable, (thing, year)) -> amount."""
Stocks = Mapping[Good, Vector]
"""Stock (t) of each good at the end of the first periods."""
FUTURE = "future"
FOLLOW = {"staff": workforce.staff_balance.name, "invested": budgets.investment_spending.name}
"""What is decided by way of an equation, and its equation."""
LEFT_OUT = (
    capacity.usable_capacity.name,
    capacity.nameplate_limit.name,
    capacity.whole_plants.name,
)
POOLED = "pooled_resale"
AT_ONCE = 40
"""Futures that a worker is given at a time; each lot begins at the same basis, so that no figure hangs on who solved
what before."""


@dataclass(frozen=True)
class Pool:
    """Countries that buy what others sell on of a supplier, because it has cut them off at least as little as one."""

    supplier: str
    element: str
    form: str
    period: Period
    countries: tuple[str, ...]


def pools_of(case: Case, one: Effects) -> dict[Pool, float]:
    """What those who are cut off can have together (t/y), by those who compete for it."""
    alike: dict[tuple[Any, ...], dict[float, list[str]]] = defaultdict(lambda: defaultdict(list))
    for v, c, e, o, period in one.leaks:
        alike[v, case.group[c], e, o, period][one.imports.get((v, c, e, o, period), 1.0)].append(c)
    out = {}
    for (v, _, e, o, period), cut in alike.items():
        for factor, some in cut.items():
            rivals = tuple(
                sorted(c for f, countries in cut.items() if f >= factor for c in countries)
            )
            out[Pool(v, e, o, period, rivals)] = sold_on(
                case, one.imports, (v, some[0], e, o, period)
            )
    return out


@dataclass(frozen=True)
class ChainScope(Scope):
    """Index sets of a chain of periods that hold whatever some future may need."""

    chain: Tree
    pools: frozenset[Pool]

    @property
    def tree(self) -> Tree:
        """The chain."""
        return self.chain

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """Every demand in every period: no future is known to be covered by imports."""
        every = frozenset(n.index for n in self.tree.nodes)
        return {(c, e, o): every for c, e, o, _ in self.case.demand}

    @cached_property
    def resold(self) -> dict[tuple[str, str, str, str, int], float]:
        """What may be sold on in some future; how much is set for each."""
        at, known = {n.period: n.index for n in self.tree.nodes}, set(self.goods)
        keys = {
            (p.supplier, c, p.element, p.form, at[p.period])
            for p in self.pools
            for c in p.countries
        }
        return {key: 0.0 for key in sorted(keys) if key[1:4] in known}

    @cached_property
    def resale_rivals(self) -> dict[tuple[str, str, str, str, int], list[str]]:
        """None: who competes with whom differs from future to future."""
        return {}


@dataclass(frozen=True)
class Future:
    """What happens in a future, and the stocks held in its first periods, before it can be told from others."""

    name: str
    effects: Effects
    stocks: Stocks
    told_apart: int
    """Position of the first period in which the stock may answer to it."""


class FutureProgram:
    """The program of one future, the plan held fixed: `least_loss` sets its sides and bounds and starts warm."""

    def __init__(
        self, case: Case, decided: Decided, periods: Sequence[Period], pools: frozenset[Pool]
    ) -> None:
        """periods: of the horizon, as divided in any of the futures. pools: that any of them has."""
        rows = (Scenario(scenario=FUTURE, probability=1.0),)
        self.case = case.with_tables(scenarios=rows, shocks=())
        tree = tree_of(self.case, {FUTURE: Effects()}, periods)
        self._scope = ChainScope(self.case, tree, pools)
        self._at = {n.period: n.index for n in tree.nodes}
        self._built = {what: amount for (name, what), amount in decided.items() if name == "build"}
        program = self._held(Writer(self._scope).program(), decided)
        listed = sorted(
            pools, key=lambda p: (p.supplier, p.element, p.form, self._at[p.period], p.countries)
        )
        terms = [self._terms(program, pool) for pool in listed]
        self._program = program.with_rows([(POOLED, p) for p in listed], terms, -np.inf, np.inf)
        self._set_throughput(self._program.row_upper, self.case.projects, Effects())
        self._goal = self._program.column["loss_to_date", len(tree.nodes) - 1]
        self._solver = Solver(self._program)
        found = self._solver.minimise(self._goal)
        self._begin = self._solver.statuses(found.x) if found.stop is Stop.OPTIMAL else None

    def begin(self) -> None:
        """Forget what was solved: the next future begins where nothing happens."""
        if self._begin is not None:
            self._solver.begin_from("loss_to_date", self._begin)

    def least_loss(self, future: Future, foresight: bool) -> float:
        """Least loss (MUSD) of a future. foresight: it is known from the first period on, no stock is prescribed.

        Raises StoppedError if no optimum is proven.
        """
        self._solver.replace(
            self._program_of(future.effects, {} if foresight else future.stocks, future.told_apart)
        )
        found = self._solver.minimise(self._goal)
        if found.stop is not Stop.OPTIMAL:
            raise StoppedError(
                f"the fixed plan has no proven optimum in {future.name} ({found.stop})"
            )
        return max(0.0, float(found.x[self._goal]))

    # ---- the program -------------------------------------------------------------------------------------------

    def _held(self, program: Program, decided: Decided) -> Program:
        """What is left of the program once the plan is put in: operations, stocks, accounts and the loss."""
        value, free, first = np.zeros(len(program.columns)), [], self.case.first_year
        for j, (name, index) in enumerate(program.columns):
            if name in DECISIONS:
                value[j] = decided.get((name, (*index[:-1], index[-1] + first)), 0.0)
            elif name not in (*FOLLOW, "capacity", "tail_excess") and index is not None:
                free.append(j)
        follow = [j for j, (name, _) in enumerate(program.columns) if name in FOLLOW]
        if follow:
            equal = [i for i, (name, _) in enumerate(program.rows) if name in FOLLOW.values()]
            part = program.matrix[equal]
            value[follow] = spsolve(
                part[:, follow].tocsc(), program.row_upper[equal] - part @ value
            )
        in_use = np.diff(program.matrix[:, free].tocsr().indptr) > 0
        out = {*LEFT_OUT, objective.tail_excess_limit.name}
        rows = [
            i
            for i, (name, index) in enumerate(program.rows)
            if in_use[i] and index is not None and name not in out
        ]
        shift, kept = (program.matrix @ value)[rows], program.part(rows, free)
        room = np.where(
            np.isfinite(kept.row_lower) & np.isfinite(kept.row_upper),
            0.0,
            SLACK * (1 + np.abs(shift)),
        )
        return replace(
            kept, row_lower=kept.row_lower - shift - room, row_upper=kept.row_upper - shift + room
        )

    def _set_throughput(self, row_upper: Vector, projects: Iterable[str], one: Effects) -> None:
        """The throughput that the plan allows of some projects in a future."""
        tree = replace(self._scope.tree, effects={FUTURE: one})
        for p in projects:
            for n, tonnes in enumerate(self._capacity(p, tree).tolist()):
                if (
                    row := self._program.row.get((capacity.throughput_limit.name, (p, n)))
                ) is not None:
                    row_upper[row] = tonnes

    def _terms(self, program: Program, pool: Pool) -> dict[int, float]:
        keys = (
            (pool.supplier, c, pool.element, pool.form, self._at[pool.period])
            for c in pool.countries
        )
        return {
            program.column["resold", key]: 1.0 for key in keys if ("resold", key) in program.column
        }

    def _capacity(self, p: str, tree: Tree) -> Vector:
        """What a project can put through in each period (t)."""
        due = (
            tonnes * tree.usable_shares(p, year)
            for (of, year), tonnes in self._built.items()
            if of == p
        )
        return np.asarray(
            sum(due, tree.existing(p)) * tree.capacity_factors(p) * tree.lengths, dtype=float
        )

    # ---- a future ----------------------------------------------------------------------------------------------

    def _program_of(self, one: Effects, stocks: Stocks, told_apart: int) -> Program:
        program = self._program
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        lower, upper = program.lower.copy(), program.upper.copy()
        for key, factor in one.imports.items():
            if (at := program.column.get(("imported", (*key[1:4], self._at[key[4]])))) is not None:
                upper[at] = max(0.0, upper[at] + (factor - 1.0) * self._limit(key))
        for (c, e, o, period), factor in one.demand.items():
            good = (c, e, o, self._at[period])
            if wanted := self._scope.demanded.get(good, 0.0):
                row_lower[program.row[goods.balance.name, good]] += wanted * factor - wanted
                for j, step in enumerate(self.case.loss_steps((c, e, o))):
                    upper[program.column["shortfall", (*good, j)]] = step.width * wanted * factor
        built = {p for p, _ in self._built}
        self._set_throughput(
            row_upper, {p for p, _ in one.capacity} | {p for p, _ in one.delays if p in built}, one
        )
        for leak, share in one.leaks.items():
            if (at := program.column.get(("resold", (*leak[:4], self._at[leak[4]])))) is not None:
                upper[at] = share * (1.0 - one.imports.get(leak, 1.0)) * self._limit(leak)
        for pool, tonnes in pools_of(self.case, one).items():
            row_upper[program.row[POOLED, pool]] = tonnes * length_of(pool.period)
        for good3, path in stocks.items():
            for n in range(told_apart):
                if (cell := ("stock", (*good3, n))) in program.column:
                    lower[program.column[cell]] = upper[program.column[cell]] = path[n]
        return program.with_data(program.matrix.data, row_lower, row_upper, lower, upper)

    def _limit(self, key: ImportKey) -> float:
        *series, period = key
        return self.case.import_limit[(*series, year_of(period))] * length_of(period)  # type: ignore[index]


# ---- many futures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """Least loss of a future (MUSD): with the stocks prescribed until it is told apart, and if it were known from the
    first period on."""

    held: float
    foreseen: float


class FutureWorker:
    """What a worker keeps: a program, and the pools that it was built for."""

    def __init__(self, case: Case, decided: Decided) -> None:
        self._case, self._decided = case, decided
        self._made: tuple[Any, ...] = ()

    def losses(
        self, periods: tuple[Period, ...], pools: frozenset[Pool], futures: Sequence[Future]
    ) -> list[Loss]:
        """Of each future. Raises StoppedError."""
        if self._made != (periods, pools):
            self._program = FutureProgram(self._case, self._decided, periods, pools)
            self._made = (periods, pools)
        self._program.begin()
        out = []
        for future in futures:
            foreseen = self._program.least_loss(future, foresight=True)
            held = (
                self._program.least_loss(future, foresight=False) if future.told_apart else foreseen
            )
            out.append(Loss(held, foreseen))
        return out


class Futures:
    """Solves futures with a plan held fixed, by workers that are kept; to be closed."""

    def __init__(self, case: Case, decided: Decided, workers: int | Team = 1) -> None:
        # Scenarios and shocks are not of the program; they would be sent to each worker.
        bare = case.with_tables(scenarios=(), shocks=(), draws=(), hazards=())
        make: Make = partial(FutureWorker, bare, dict(decided))
        self._workers: Workers = team_of(workers)(make)
        self._case = bare
        self._pools: frozenset[Pool] = frozenset()

    def losses(self, periods: tuple[Period, ...], futures: Sequence[Future]) -> dict[str, Loss]:
        """Of each future, by its name; the same whoever solves them. Raises StoppedError."""
        self._pools |= {pool for one in futures for pool in pools_of(self._case, one.effects)}
        pools = frozenset(p for p in self._pools if p.period in periods)
        lots = {f"futures {i}": futures[i : i + AT_ONCE] for i in range(0, len(futures), AT_ONCE)}
        out: dict[str, list[Loss]] = {}
        answer(
            self._workers,
            {lot: ("losses", periods, pools, some) for lot, some in lots.items()},
            out.__setitem__,
        )
        found = [loss for lot in lots for loss in out[lot]]
        return {future.name: loss for future, loss in zip(futures, found, strict=True)}

    def __enter__(self) -> Futures:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()


# ---- futures as one program ------------------------------------------------------------------------------------------


def amounts(plan: PlanValues) -> Decided:
    """What a plan has decided: (variable, (thing, year)) -> amount. Raises InputError for an adaptive plan."""
    if plan.case.model.policy.investment != "committed":
        told = "invests in answer to what happens; only a committed plan can be held fixed"
        raise InputError([Fault("RUN", 0, "policy.investment", told)])
    first = next(iter(plan.case.scenarios))
    people = plan.tables["workforce"]
    out: dict[tuple[str, Any], float] = {}
    for r in plan.tables["investments"].itertuples():
        out["build", (r.project, r.year)] = float(str(r.tpa))
    for r in plan.tables["training"].itertuples():
        out["intake", (r.programme, r.year)] = float(str(r.intake))
        out["new_seats", (r.programme, r.year)] = float(str(r.new_seats))
    for r in people[people["scenario"] == first].itertuples():
        key = (
            "hired",
            (r.country, r.skill, r.year),
        )  # a year may have several rows, the first of them with its hires
        out[key] = out.get(key, 0.0) + float(str(r.hired))
    return {key: value for key, value in out.items() if value > 0}


def fix(session: LiveProgram, decided: Decided) -> None:
    """Hold all investment columns of a session at what was decided.

    The program leaves out what can make no difference in its scenarios; such a decision is passed over.
    Raises InputError if the case does not know what was decided on.
    """
    program, first = session.program, session.case.first_year
    lower, upper = program.lower.copy(), program.upper.copy()
    left = dict(decided)
    for position, (name, index) in enumerate(program.columns):
        if name not in DECISIONS:
            continue
        amount = left.pop((name, (*index[:-1], index[-1] + first)), 0.0)
        lower[position], upper[position] = (
            max(0.0, amount * (1 - SLACK) - SLACK),
            amount * (1 + SLACK) + SLACK,
        )
    case = session.case
    known = {*case.projects, *case.programmes, *case.countries}
    faults = [
        Fault("RUN", 0, name, f"decides on {i[0]}, which the case does not know")
        for name, i in left
        if i[0] not in known
    ]
    if faults:
        raise InputError(faults)
    fixed = program.with_data(
        program.matrix.data, program.row_lower, program.row_upper, lower, upper
    )
    session.solver.replace(fixed)
    session.program = fixed


def held(
    case: Case,
    decided: Decided,
    phases: list[Phase],
    begun: Callable[[LiveProgram], object] = lambda _: None,
) -> tuple[LiveProgram, Outcome]:
    """The program of a case with the plan as decided, and its optimum. begun: told the program before it is solved, so
    that another thread may cancel it. Raises StoppedError if none is proven."""
    session = LiveProgram(case)
    begun(session)
    fix(session, decided)
    outcome = solve_phases(session.program, case.model.objective, session.solver, silent, phases)
    if outcome.stop is not Stop.OPTIMAL:
        raise StoppedError(
            f"the fixed plan has no proven optimum in these scenarios ({outcome.stop})"
        )
    return session, outcome


def measured_in(
    case: Case, decided: Decided, begun: Callable[[LiveProgram], object] = lambda _: None
) -> Measures:
    """Least risk that operations can attain in the futures of `case`, the plan being as decided; raises, and tells the
    program, as `held`."""
    session, outcome = held(case, decided, [Phase("risk"), Phase("expected_loss")], begun)
    return measure(session.scope, session.program, outcome)
