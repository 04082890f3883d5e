"""What a planner may change on the page: each edit turns a case into another, in the order in which they were made.

An edit is a key and a value. Keys are dotted settings as of `--set` (`projects.ID.lead_time_years`,
`objective.risk_aversion`), or questions that stand for many cells: `money`, `money.FUNDER`, `from.FUNDER`,
`plant.PROJECT`, `out.COUNTRY`, `future.NAME`, `hazard.NAME`, `depth`, `goal`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from planner.data.case import Case
from planner.data.cells import text_of
from planner.data.difference import MODEL, differences
from planner.errors import Fault, InputError

Text = Annotated[str, Field(max_length=500)]
Value = (
    Text
    | bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[tuple[Text, ...], Field(max_length=50)]
    | None
)
DRAWN = re.compile(r"-\d{4,}$")
"""What follows the name of a scenario in the names of its draws."""
ALLIES = "allies"
"""Bloc of those that join where not all do."""
MOST_SET = 12
"""Settings that a command spells out; beyond, it names the folder of the case instead."""


@dataclass(frozen=True)
class Edit:
    """One change: what is changed, and to what."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: Text
    value: Value


EDIT = TypeAdapter(Edit)
Edits = tuple[Edit, ...]


def read_edit(given: object) -> Edit:
    """An edit from the page. Raises InputError for anything else."""
    try:
        return EDIT.validate_python(given)
    except ValidationError:
        said = "is a key and a value: text, a number, true or false, or a list of words"
        raise InputError([Fault("edit", 0, "", said)]) from None


def with_edit(edits: Edits, edit: Edit) -> Edits:
    """The edits with one more, in the place of the one that had its key."""
    if any(one.key == edit.key for one in edits):
        return tuple(edit if one.key == edit.key else one for one in edits)
    return (*edits, edit)


def without(edits: Edits, key: str) -> Edits:
    """The edits without one."""
    return tuple(one for one in edits if one.key != key)


def edited(case: Case, edits: Iterable[Edit]) -> Case:
    """The case after all edits, each checked. Raises InputError."""
    for edit in edits:
        case = _applied(case, edit)
    return case


def _applied(case: Case, edit: Edit) -> Case:
    head, _, rest = edit.key.partition(".")
    if head in QUESTIONS and (rest or edit.key in ALONE):
        return QUESTIONS[head](case, rest, edit.value)
    return case.with_settings({edit.key: edit.value})


def _with_rows(case: Case, table: str, change: Callable[[Any], Mapping[str, object]]) -> Case:
    """The case with cells of a table changed row by row: `change` gives new values by column."""
    rows: dict[str, Any] = {
        table: tuple(r.model_copy(update=dict(new)) if (new := change(r)) else r for r in case.tables.rows(table))
    }
    return replace(case, tables=replace(case.tables, **rows)).checked()


def _number(value: Value, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError([Fault("edit", 0, what, f"must be a number from {low:g} to {high:g}")])
    return float(value)


def _money(case: Case, funder: str, value: Value) -> Case:
    """All public money, or that of one funder, times a factor."""
    factor = _number(value, 0, 100, "money")
    return _with_rows(case, "budgets", lambda r: {"musd": r.musd * factor} if funder in ("", r.funder) else {})


def _pays_from(case: Case, funder: str, value: Value) -> Case:
    """A funder pays nothing before a year."""
    year = _number(value, 1900, 2200, "from")
    return _with_rows(case, "budgets", lambda r: {"musd": 0.0} if r.funder == funder and r.year < year else {})


def _plant(case: Case, project: str, value: Value) -> Case:
    """A project is kept out: nothing new of it."""
    if value != "out":
        raise InputError([Fault("edit", 0, "plant", "a plant is free, or out")])
    return case.set("projects", project, "max_new_tpa", 0.0)


def _out(case: Case, country: str, value: Value) -> Case:
    """A country does not join: it shares with nobody, all others as before."""
    if value is not True:
        raise InputError([Fault("edit", 0, "out", "is true, or is reverted")])
    policy = case.model.policy
    if policy.coordination == "allied":
        case = _with_rows(case, "countries", lambda r: {"bloc": ALLIES})
        case = case.set_model("policy.coordination", "blocs")
    return case.set("countries", country, "bloc", None)


def _goal(case: Case, _: str, value: Value) -> Case:
    """Least cost + risk, least risk, or least cost for a risk of at most so many MUSD."""
    limited = not isinstance(value, str)
    goal = "target" if limited else value
    return case.with_settings({"objective.goal": goal, "objective.risk_limit": value if limited else None})


def family(case: Case, scenario: str) -> str:
    """The future that a scenario is a draw of; itself where none was drawn."""
    return DRAWN.sub("", scenario) if case.tables.draws else scenario


def families(case: Case) -> dict[str, float]:
    """Probability of each future, all its draws together."""
    found: dict[str, float] = {}
    for scenario, probability in case.scenarios.items():
        name = family(case, scenario)
        found[name] = found.get(name, 0.0) + probability
    return found


@dataclass(frozen=True)
class Event:
    """Hazards that were drawn together, always: what their names begin with, the futures in which they happen, and the
    probability of these."""

    name: str
    scenarios: frozenset[str]
    probability: float


def hazards(case: Case) -> dict[str, Event]:
    """Events by the first of their hazards; not those that happen in all or in none of the draws of each future, whose
    probability is that of futures."""
    when: dict[str, set[tuple[str, object, object]]] = {}
    for draw in case.tables.draws:
        when.setdefault(draw.hazard, set()).add((draw.scenario, draw.start, draw.end))
    together: dict[frozenset[tuple[str, object, object]], list[str]] = {}
    for hazard, happens in when.items():
        together.setdefault(frozenset(happens), []).append(hazard)
    found = {}
    for at, names in together.items():
        scenarios = frozenset(scenario for scenario, *_ in at)
        here = {family(case, w) for w in scenarios}
        if scenarios != {w for w in case.scenarios if family(case, w) in here}:
            parts = zip(*(name.split("_") for name in names), strict=False)
            alike = "_".join(one[0] for one in takewhile(lambda one: len(set(one)) == 1, parts))
            found[names[0]] = Event(alike or names[0], scenarios, sum(case.scenarios[w] for w in scenarios))
    return found


def _future(case: Case, name: str, value: Value) -> Case:
    return _reweighted(case, frozenset(w for w in case.scenarios if family(case, w) == name), name, value)


def _hazard(case: Case, name: str, value: Value) -> Case:
    known = hazards(case)
    return _reweighted(case, known[name].scenarios if name in known else frozenset(), name, value)


def _reweighted(case: Case, happens: frozenset[str], name: str, value: Value) -> Case:
    """Scenarios in which something happens are given a probability together, the others what is left."""
    wanted = _number(value, 0, 1, name)
    now = sum(case.scenarios[w] for w in happens)
    if not 0 < now < 1:
        raise InputError([Fault("edit", 0, name, "happens in no future, or in all: its probability is not to choose")])
    more, less = wanted / now, (1 - wanted) / (1 - now)

    def changed(row: Any) -> dict[str, object]:
        return {"probability": row.probability * (more if row.scenario in happens else less)}

    return _with_rows(case, "scenarios", changed)


def _depth(case: Case, _: str, value: Value) -> Case:
    """What cuts of imports take away, times a factor; at most all of it."""
    factor = _number(value, 0, 10, "depth")
    return _with_rows(
        case,
        "shocks",
        lambda r: {"factor": max(0.0, 1 - (1 - r.factor) * factor)} if r.kind == "import" and r.factor < 1 else {},
    )


QUESTIONS: dict[str, Callable[[Case, str, Value], Case]] = {
    "money": _money, "from": _pays_from, "plant": _plant, "out": _out, "goal": _goal, "future": _future,
    "hazard": _hazard, "depth": _depth,
}  # fmt: skip
ALONE = ("money", "goal", "depth")
"""Questions that may stand without a name."""


def settings_between(base: Case, case: Case) -> dict[str, object] | None:
    """Settings that make the one case of the other; None where a command should rather name files."""
    cells = [(d.column if d.table == MODEL else ".".join([d.table, *d.key, d.column]), d.after)
             for d in islice(differences(base, case), MOST_SET + 1)]  # fmt: skip
    found = dict(cells)
    if len(cells) > MOST_SET or len(found) < len(cells) or None in found.values():
        return None
    try:  # names and prices, which no plan follows from, are no differences, and yet part of the case
        return found if base.with_settings(found).sha256 == case.sha256 else None
    except InputError:
        return None


def option(key: str, value: object) -> str:
    """A setting as an option of a command."""
    said = ",".join(value) if isinstance(value, tuple) else repr(value) if isinstance(value, float) else text_of(value)
    return f"--set {shlex.quote(f'{key}={said}')}"
