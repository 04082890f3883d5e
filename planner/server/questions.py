"""The questions on the left of the page, as values: what can be changed, how it stands, and how it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from planner.config.model_file import LEVERS, meaning
from planner.data.case import Case
from planner.reporting.values.view import RunView
from planner.reporting.values.wording import STAGES_MANY, Names, money, number, percent, readable, signed
from planner.server.desk import Desk
from planner.server.edits import Edit, families, family, hazards

LEVER_WORDS = {
    "mine": "new mines", "separation": "new separation plants", "metal": "new metal plants",
    "magnet": "new magnet plants", "training": "training", "hiring": "hiring", "stockpile": "stock purchases",
}  # fmt: skip
COORDINATION = {"allied": "all together", "blocs": "in blocs", "national": "each country alone"}
CHOSEN = {"free": "free", "out": "out"}
UNDRAWN = "The hazards of this case are drawn by planner sample; ask the case that it writes."
LATER_STARTS = 6
"""Later first years that are offered."""


@dataclass(frozen=True)
class Control:
    """One question. kind: `range` (a slider with a box), `choice` or `check`. value and base in the unit shown; `scale`
    turns the unit shown into that of the edit (a share shown in per cent: 0.01)."""

    key: str
    label: str
    kind: str
    value: Any
    base: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    unit: str = ""
    scale: float = 1.0
    choices: Mapping[Any, str] | None = None
    note: str = ""
    ranged: bool = False

    @property
    def changed(self) -> bool:
        """Whether it is otherwise than in the case."""
        return bool(self.value != self.base)

    @property
    def name(self) -> str:
        """An id for the page."""
        return "q-" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in self.key)


@dataclass(frozen=True)
class Group:
    """Questions under one heading. changed: how many of them."""

    title: str
    controls: tuple[Control, ...]
    note: str = ""

    @property
    def changed(self) -> int:
        """Questions that are otherwise than in the case."""
        return sum(one.changed for one in self.controls)


def groups_of(desk: Desk) -> list[Group]:
    """All questions of a case, as they stand."""
    base, case = desk.base, desk.case
    values: dict[str, Any] = {edit.key: edit.value for edit in desk.record.edits}
    names = Names(base)
    found = [
        Group("Money", tuple(_money(base, values, names)), "Share of the budgets of the case, all years."),
        Group("Appetite", tuple(_appetite(desk, values))),
        Group("Allies", tuple(_allies(base, case, values, names)), "One that stays out shares nothing with others."),
        Group("Levers", tuple(_levers(base, case))),
        Group("Plants", tuple(_plants(desk, values, names)), "Click a name for its lead time, size and costs."),
        Group("Danger", tuple(_danger(base, case, values, names)), UNDRAWN if base.tables.hazards else ""),
    ]
    return [group for group in found if group.controls]


def _percent(key: str, label: str, values: Mapping[str, Any], high: float = 300.0, **more: Any) -> Control:
    return Control(key, label, "range", 100 * values.get(key, 1.0), 100.0, 0.0, high, 5, "%", 0.01, **more)


def _money(base: Case, values: Mapping[str, Any], names: Names) -> Iterator[Control]:
    funders = dict.fromkeys(row.funder for row in base.tables.budgets)
    total = sum(row.musd for row in base.tables.budgets)
    if not total:
        return
    yield _percent("money", "All public money", values, note=money(total), ranged=True)
    years = [year for year in base.years if year > base.first_year]
    for funder in funders:
        own = sum(row.musd for row in base.tables.budgets if row.funder == funder)
        yield _percent(f"money.{funder}", names.party(funder), values, note=money(own), ranged=True)
        later: dict[Any, str] = {None: "pays from the first year"} | {year: f"pays from {year}" for year in years}
        key = f"from.{funder}"
        yield Control(key, f"{names.party(funder)}: since when", "choice", values.get(key), None, choices=later)


def _appetite(desk: Desk, values: Mapping[str, Any]) -> Iterator[Control]:
    base, case = desk.base.model.objective, desk.case.model.objective
    goals: dict[Any, str] = {"welfare": "least cost + risk", "risk": "least risk, then cost"}
    limit = case.risk_limit
    now: Any = limit if case.goal == "target" else case.goal
    goals |= {now: f"least cost for a risk of {number(limit)} MUSD"} if limit is not None else {}
    before: Any = base.risk_limit if base.goal == "target" else base.goal
    yield Control("goal", "What is sought", "choice", now, before, choices=goals, note="or drag the point of the curve")
    keys = {"risk_aversion": "Weight of the worst futures", "tail": "Which futures count as worst: all beyond"}
    for key, label in keys.items():
        dotted = f"objective.{key}"
        share = (100 * float(getattr(case, key)), 100 * float(getattr(base, key)))
        high = 100.0 if key == "risk_aversion" else 99.0
        yield Control(dotted, label, "range", *share, 0, high, 1, "%", 0.01, note=meaning(dotted), ranged=True)


def _allies(base: Case, case: Case, values: Mapping[str, Any], names: Names) -> Iterator[Control]:
    key = "policy.coordination"
    if not any(edit.startswith("out.") for edit in values):
        now, before = case.model.policy.coordination, base.model.policy.coordination
        yield Control(key, "Allies act", "choice", now, before, choices=COORDINATION)
    if base.model.policy.coordination == "national" or values.get(key):
        return
    for country in base.countries:
        out = bool(values.get(f"out.{country}"))
        yield Control(f"out.{country}", f"{names.country(country)} stays out", "check", out, False)


def _levers(base: Case, case: Case) -> Iterator[Control]:
    for lever in LEVERS:
        if lever in base.model.levers:
            yield Control(f"levers:{lever}", LEVER_WORDS[lever], "check", case.has_lever(lever), True)


def _plants(desk: Desk, values: Mapping[str, Any], names: Names) -> Iterator[Control]:
    plan = desk.solver.found.plan
    new: Mapping[str, float] = plan.summary["new_capacity_tpa"] if plan is not None else {}
    for stage in STAGES_MANY:
        for project, row in desk.base.projects.items():
            if row.stage != stage or row.max_new_tpa <= 0:
                continue
            built, key = new.get(project, 0.0), f"plant.{project}"
            note = f"{number(built)} of {number(row.max_new_tpa)} t/y" if built > 0.5 else "not built"
            if project in desk.prices:
                risk, cost = desk.prices[project]
                note = f"without: {signed(cost)} cost, {signed(risk)} risk, MUSD"
            chosen = values.get(key, "free")
            yield Control(key, names.placed(project), "plant", chosen, "free", choices=CHOSEN, note=note, unit=project)


def _danger(base: Case, case: Case, values: Mapping[str, Any], names: Names) -> Iterator[Control]:
    if any(row.kind == "import" and row.factor < 1 for row in base.tables.shocks):
        yield _percent("depth", "Depth of cuts", values, 200.0, note="of what each cut takes away", ranged=False)
    called = {family(base, w): name for w, name in reversed(names.scenario.items())}
    before, now = families(base), families(case)
    if len(before) > 1:
        for name, chance in before.items():
            label = called[name].rstrip(" 0123456789") if base.tables.draws else called[name]
            yield _chance(f"future.{name}", label, now.get(name, 0.0), chance)
    after = hazards(case)
    for name, event in hazards(base).items():
        now_happens = after[name].probability if name in after else event.probability
        yield _chance(f"hazard.{name}", f"{readable(event.name)} happens", now_happens, event.probability)
    years: dict[Any, str] = {base.first_year + at: str(base.first_year + at) for at in range(LATER_STARTS)}
    years = {year: words for year, words in years.items() if year <= base.last_year}
    yield Control("horizon.first_year", "First year", "choice", case.first_year, base.first_year, choices=years)


def _chance(key: str, label: str, now: float, before: float) -> Control:
    shown, was = round(100 * now, 2), round(100 * before, 2)
    return Control(key, label, "range", shown, was, 0.0, 100.0, 0.5, "%", 0.01)


def said(desk: Desk, edit: Edit) -> str:
    """An edit in words."""
    names, (head, _, rest) = Names(desk.base), edit.key.partition(".")
    value, amount = edit.value, edit.value if isinstance(edit.value, int | float) else 0.0
    share, whose = percent(float(amount)), names.party(rest) if rest else "all public money"
    words = {
        "money": f"{whose}: {share} of the budget" if rest else f"{share} of all public money",
        "from": f"{whose} pays from {value}",
        "plant": f"without {names.placed(rest)}",
        "out": f"{names.country(rest)} stays out",
        "future": f"{readable(rest)}: probability {share}",
        "hazard": f"{readable(rest)} happens: probability {share}",
        "depth": f"cuts {share} as deep",
        "goal": f"sought: {value if isinstance(value, str) else f'a risk of {number(amount)} MUSD, for least cost'}",
    }
    if head in words and (rest or head in ("money", "depth", "goal")):
        return words[head]
    if edit.key == "levers" and isinstance(value, tuple):
        return f"without {', '.join(LEVER_WORDS[x] for x in LEVERS if x not in value) or 'nothing'}"
    return f"{edit.key} = {', '.join(value) if isinstance(value, tuple) else value}"


def futures_of(view: RunView) -> dict[str, str]:
    """Futures to choose from, the worst first."""
    return {w: f"{view.names.scenario(w)} ({percent(view.weights[w])})" for w in view.by_loss}
