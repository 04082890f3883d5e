"""Planning anew each year: what a government gets that does not hold to a plan.

Along each fresh scenario every year is planned by itself: what was decided before stands (`advance`), what comes is
about a dozen continuations of the history, drawn from the hazard register as the policy `rolling` draws them, and the
plan that is best over these is carried out for one year. Nothing that comes later is known. A year's shocks are known
when its decisions are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.sampling import sample
from planner.data.schema import Scenario, Shock
from planner.data.shock_effects import year_of
from planner.errors import StoppedError
from planner.evaluation.continuations import Continuation, HazardRegister
from planner.evaluation.decisions import decided_along, fixed_decisions
from planner.evaluation.fixed_tree import with_other_scenarios
from planner.evaluation.outcome import Future
from planner.evaluation.simulator import Futures, PolicyName, Simulator, futures_of, weighed
from planner.explanation.later_year import advance
from planner.planning.whole_program import solve_case
from planner.results.costs import cost_parts
from planner.results.evaluation import Replanned
from planner.results.ledger import Ledger, members, rows_of
from planner.results.losses import losses_of
from planner.results.plan import PlanValues, Status
from planner.solving.goals import Progress, silent
from planner.solving.program import Vector
from planner.solving.variants import FixedAmounts
from planner.units import musd

CHANGED = 0.01
"""Part of the larger of two amounts by which a decision has changed."""
SLIGHT = 1e-6
"""Amounts up to which nothing is decided."""
HELD_BY: tuple[PolicyName, ...] = ("myopic", "rolling")
"""Policies that operate the plan that is held."""
TABLES = ("investments", "training", "workforce", "operations", "shortfall", "stocks", "spending")
DUE = "due for earlier years"
"""Item of spending: payments for what was decided in a year before."""
TablesByName = Mapping[str, pd.DataFrame]


def replan(
    plan: PlanValues,
    register: Case,
    *,
    futures: int = 10,
    seed: int = 0,
    progress: Progress = silent,
) -> Replanned:
    """Plan anew in each year of fresh scenarios, and hold the plan fixed in the same ones.

    register: a case from whose hazards about so many scenarios are drawn, half by probability and half evenly over its
    storylines, each weighed by its probability. A year of a scenario is a solve, shared by scenarios that have not
    parted, so that large cases take few of them. Raises InputError for a plan whose decisions differ between histories,
    StoppedError.

    Example: `replan(plan, planner.load("inputs/starter"), futures=6).changed`
    """
    case = plan.case
    tables = sample(register, futures, seed, even=True).tables
    drawn = with_other_scenarios(case, tables.scenarios, tables.shocks, tables.draws).checked()
    given = futures_of([drawn])
    anew = Replanner(plan, register, given, seed)
    rows: list[dict[str, float]] = []
    for scenario, future in zip(drawn.scenarios, given.futures, strict=True):
        progress(f"planning anew along {scenario}")
        rows.append(anew.along(drawn, scenario, future))
    by_scenario = pd.DataFrame(rows, index=list(drawn.scenarios))
    table = by_scenario.rename_axis("scenario").reset_index()
    table.insert(1, "probability", given.probabilities)
    for policy, losses in _held(plan, register, given, seed).items():
        table[f"held_{policy}_loss_musd"] = losses
    risks: dict[str, float] = {}
    for column in table.columns:
        if column.endswith("loss_musd"):
            figures = weighed(table[column].to_numpy(), given.weights, case.model.objective)
            risks[column] = figures["risk_musd"]
    return Replanned(
        futures=len(table),
        seed=seed,
        risk=risks,
        cost=float(table["cost_musd"] @ given.weights),
        changed=float(table["changed"] @ given.weights),
        first_year=anew.first_year,
        changed_first=float(table["changed_first"] @ given.weights),
        solves=anew.solves,
        table=table,
    )


def _held(plan: PlanValues, register: Case, given: Futures, seed: int) -> dict[PolicyName, Vector]:
    """Losses of the scenarios with the plan held fixed, by policy."""
    own = futures_of([plan.case])
    losses: dict[PolicyName, Vector] = {}
    with Simulator(plan.case, fixed_decisions(plan), register=register, seed=seed) as simulator:
        for policy in HELD_BY:
            losses[policy] = simulator.losses(simulator.trained(policy, own), given)
    return losses


@dataclass(frozen=True, kw_only=True)
class YearDone:
    """A year that was carried out: tables of all years until then, and the rows of what was planned for later ones."""

    done: TablesByName
    planned: TablesByName


class Replanner:
    """Plans the years of futures one by one; years that futures share are planned once."""

    def __init__(self, plan: PlanValues, register: Case, given: Futures, seed: int) -> None:
        self._case = plan.case
        self._fixed = fixed_decisions(plan)
        self._periods = given.periods
        self._register = HazardRegister(register, plan.case, seed)
        self._known: dict[str, YearDone] = {}
        decided_in: list[int] = []
        for path in self._fixed.amounts.values():
            decided_in += [index[-1] for _, index in path]
        self.first_year = min(decided_in, default=plan.case.first_year)
        """The first year in which the plan that is held decides anything."""

    @property
    def solves(self) -> int:
        """Number of plans made."""
        return len(self._known)

    def along(self, drawn: Case, scenario: str, future: Future) -> dict[str, float]:
        """Loss and cost of a future, and the share of its decisions that are not those of the plan that is held."""
        reached = self.years(future)[-1]
        alone = _alone(drawn, self._case, scenario)
        carried_out = PlanValues(alone, Status.OPTIMAL, {}, _named(reached.done, scenario))
        book = Ledger(alone, carried_out.tables)
        held = self._fixed.amounts[self._fixed.storyline_of(future.storyline)]
        decided = decided_along(carried_out, scenario)
        held_first = _of_year(held, self.first_year)
        decided_first = _of_year(decided, self.first_year)
        return {
            "loss_musd": losses_of(alone, book).expected,
            "cost_musd": sum(cost_parts(book).values()),
            "changed": _share_changed(held, decided),
            "changed_first": _share_changed(held_first, decided_first),
        }

    def years(self, future: Future) -> list[YearDone]:
        """Each year of a future carried out, as it was planned knowing what had happened by then."""
        history = ""
        reached = YearDone(done={}, planned={})
        found: list[YearDone] = []
        for year in self._case.years:
            of_year = [place for place, one in enumerate(self._periods) if year_of(one) == year]
            courses = self._register.continuations(future, max(of_year), self._periods)
            ahead = [(course.weight, course.shocks) for course in courses]
            history = repr((history, ahead))
            if history not in self._known:
                self._known[history] = self._planned(year, courses, reached)
            reached = self._known[history]
            found.append(reached)
        return found

    def _planned(self, year: int, courses: Sequence[Continuation], reached: YearDone) -> YearDone:
        """The best plan from a year on for what may come, with that year carried out."""
        scenarios: list[Scenario] = []
        shocks: list[Shock] = []
        for number, course in enumerate(courses, start=1):
            name = f"{course.storyline}-{number:04d}"
            row = Scenario(scenario=name, storyline=course.storyline, probability=course.weight)
            scenarios.append(row)
            for shock in course.shocks:
                shocks.append(shock.model_copy(update={"scenario": name}))
        case = with_other_scenarios(self._case, scenarios, shocks, ()).checked()
        along = scenarios[0].scenario
        if year > self._case.first_year:
            past = _named(_joined(reached.done, reached.planned), along)
            case = advance(PlanValues(case, Status.OPTIMAL, {}, past), year, along)
        plan = solve_case(case, baseline=False)
        if plan.status is not Status.OPTIMAL:
            raise StoppedError(f"planning anew in {year} has no proven optimum ({plan.status})")
        rows = self._own(plan, along, reached)
        now, later = _split(rows, year)
        now["workforce"] = _with_hires(now["workforce"], reached.planned)
        now["spending"] = pd.concat([now["spending"], _due_later(self._case, rows, year)])
        return YearDone(done=_joined(reached.done, now), planned=later)

    def _own(self, plan: PlanValues, along: str, reached: YearDone) -> dict[str, pd.DataFrame]:
        """The tables of a plan in one scenario, what `advance` made of earlier decisions under its first name."""
        everyone = tuple(plan.case.scenarios)
        names: dict[str, str] = {}
        if reached.done:
            for row in rows_of(reached.done["investments"]):
                for project in plan.case.projects:
                    if project.startswith(f"{row.project}_{row.year}"):
                        names[project] = str(row.project)
        found: dict[str, pd.DataFrame] = {}
        for name in TABLES:
            table = plan.tables[name]
            if "scenario" in table:
                table = table[table["scenario"] == along]
            else:
                within = [along in members(text, everyone) for text in table["scenarios"]]
                table = table[np.array(within, dtype=bool)]
            found[name] = table
        found["training"] = _known_rows(found["training"], "programme", self._case.programmes)
        found["investments"] = _known_rows(found["investments"], "project", self._case.projects)
        flows = found["operations"].replace({"project": names})
        keys = [column for column in flows.columns if column != "tonnes"]
        found["operations"] = flows.groupby(keys, sort=False, as_index=False, dropna=False).sum()
        return found


def _alone(drawn: Case, case: Case, scenario: str) -> Case:
    """A case with one scenario, which is certain."""
    rows = [row for row in drawn.tables.scenarios if row.scenario == scenario]
    shocks = [row for row in drawn.tables.shocks if row.scenario == scenario]
    certain = [row.model_copy(update={"probability": 1.0}) for row in rows]
    return with_other_scenarios(case, certain, shocks, ()).checked()


def _known_rows(table: pd.DataFrame, column: str, known: Mapping[str, object]) -> pd.DataFrame:
    return table[table[column].isin(list(known))]


def _split(
    rows: TablesByName, year: int
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The rows of a year, and those of later ones."""
    now: dict[str, pd.DataFrame] = {}
    later: dict[str, pd.DataFrame] = {}
    for name, table in rows.items():
        now[name] = table[table["year"] == year]
        later[name] = table[table["year"] > year]
    return now, later


def _joined(one: TablesByName, other: TablesByName) -> dict[str, pd.DataFrame]:
    """Rows of both, table by table."""
    if not one:
        return dict(other)
    return {name: pd.concat([one[name], other[name]], ignore_index=True) for name in one}


def _named(tables: TablesByName, scenario: str) -> dict[str, pd.DataFrame]:
    """TablesByName of one history as those of a scenario."""
    found: dict[str, pd.DataFrame] = {}
    for name, table in tables.items():
        if "scenario" in table:
            found[name] = table.assign(scenario=scenario)
        else:
            found[name] = table.assign(scenarios="all", probability=1.0)
    return found


def _with_hires(now: pd.DataFrame, planned: TablesByName) -> pd.DataFrame:
    """Staff of a year, those among the hired who were hired the year before to join now."""
    if not planned:
        return now
    team = ["country", "skill"]
    first = ~now.duplicated(team)
    before = planned["workforce"].drop_duplicates(team)[[*team, "hired"]]
    joined = now[team].merge(before, on=team, how="left")["hired"].fillna(0.0).to_numpy()
    return now.assign(hired=now["hired"] + np.where(first, joined, 0.0))


def _due_later(case: Case, rows: TablesByName, year: int) -> pd.DataFrame:
    """Payments in later years for what is decided in a year, as the plan shares them among funders."""
    due: list[tuple[str, int, float]] = []
    now, later = _split(rows, year)
    for build in rows_of(now["investments"]):
        project = str(build.project)
        years = case.payment_years(project, year)
        each = float(build.tpa) * case.public_capex(project) / len(years)
        for later_year in years:
            if later_year > year:
                due.append((case.projects[project].country, later_year, each))
    for team in rows_of(later["workforce"]):
        if team.year > year + 1:
            continue
        cost = musd(case.workforce[str(team.country), str(team.skill)].hire_cost_usd)
        due.append((str(team.country), year + 1, float(team.hired) * cost))
    spending = later["spending"]
    found: list[pd.DataFrame] = []
    for country, paid_in, amount in due:
        paid = spending[(spending["country"] == country) & (spending["year"] == paid_in)]
        whole = paid["musd"].sum()
        if amount > SLIGHT and whole > 0:
            found.append(paid.assign(item=DUE, musd=paid["musd"] * amount / whole))
    return pd.concat(found) if found else spending.head(0)


def _of_year(decisions: FixedAmounts, year: int) -> FixedAmounts:
    """The decisions of one year."""
    return {key: amount for key, amount in decisions.items() if key[1][-1] == year}


def _share_changed(held: FixedAmounts, anew: FixedAmounts) -> float:
    """The share of decisions that differ, of all that one of the two has taken."""
    changed, count = 0, 0
    for key in held.keys() | anew.keys():
        one, other = held.get(key, 0.0), anew.get(key, 0.0)
        larger = max(one, other)
        if larger > SLIGHT:
            count += 1
            changed += abs(one - other) > CHANGED * larger
    return changed / max(count, 1)
