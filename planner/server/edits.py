"""What a planner may change on the page: each edit turns a case into another, in the order in which they were made.

An edit is a key and a value. Keys are dotted settings as of `--set` (`projects.ID.lead_time_years`,
`objective.risk_aversion`), or questions that stand for many cells: `money`, `money.FUNDER`, `joins.PARTY`,
`plant.PROJECT`, `future.NAME`, `hazard.NAME`, `depth`, `goal`. Shares of money are taken up together, before the
others, probabilities after them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from planner.data.case import Case
from planner.data.change import Change, RowConditions
from planner.data.reweighting import reweighted
from planner.data.schema import Project
from planner.errors import Fault, InputError

ShortText = Annotated[str, Field(max_length=500)]
EditedValue = (
    ShortText
    | bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[tuple[ShortText, ...], Field(max_length=50)]
    | None
)
ALLIES = "allied"
"""Bloc of those that join where not all do, called as the group of all is: the programs differ in less."""

LARGEST_MUSD = 1e12
"""Largest risk that may be asked for, as large as any figure of a table."""


@dataclass(frozen=True)
class Edit:
    """One change: what is changed, and to what."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: ShortText
    value: EditedValue


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


def shown_per(key: str) -> float:
    """How much one is where the page shows the number of a key: 100 for what it shows in per cent."""
    return 100.0 if key.partition(".")[0] in ("money", "depth", "objective", *CHANCES) else 1.0


def edited(case: Case, edits: Iterable[Edit]) -> Case:
    """The case after all edits, each checked. Raises InputError."""
    chances: dict[str, float] = {}
    edits = tuple(edits)
    case = _money(case, edits)
    for edit in edits:
        head, _, rest = edit.key.partition(".")
        if head in CHANCES and rest:
            chances[edit.key] = _number(edit.value, 0, 1, edit.key)
        elif head == "money":
            continue
        elif head in QUESTIONS:
            case = QUESTIONS[head](case, rest, edit.value)
        else:
            case = case.with_settings({edit.key: edit.value})
    return reweighted(case, chances) if chances else case


def seeking_least(case: Case) -> Case:
    """The same state, were the least risk sought."""
    return _goal(case, "", "risk")


def _with_rows(case: Case, table: str, change: Callable[[Any], Mapping[str, object]]) -> Case:
    """The case with cells of a table changed row by row: `change` gives new values by column."""
    rows: dict[str, Any] = {
        table: tuple(
            r.model_copy(update=dict(new)) if (new := change(r)) else r
            for r in case.tables.rows(table)
        )
    }
    return case.with_tables(**rows).checked()


def _number(value: EditedValue, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError([Fault("edit", 0, what, f"must be a number from {low:g} to {high:g}")])
    return float(value)


def _year(value: EditedValue, case: Case, what: str) -> int:
    low, high = case.first_year, case.last_year
    year = int(_number(value, low, high, what))
    if year != value:
        raise InputError([Fault("edit", 0, what, f"must be a year from {low} to {high}")])
    return year


def _money(case: Case, edits: Edits) -> Case:
    """All public money times a factor, but for that of funders who have a factor of their own."""
    factors = {
        e.key: _number(e.value, 0, 100, e.key) for e in edits if e.key.partition(".")[0] == "money"
    }
    if not factors:
        return case
    others = factors.get("money", 1.0)
    return _with_rows(
        case, "budgets", lambda r: {"musd": r.musd * factors.get(f"money.{r.funder}", others)}
    )


def _joins(case: Case, party: str, value: EditedValue) -> Case:
    """A party pays nothing before a year, or stays out: it shares neither goods nor money, all others as before."""
    members = [country for country in case.countries if case.party[country] == party]
    if not members:
        raise InputError([Fault("edit", 0, "joins", f"there is no party {party!r:.60}")])
    funders = [funder for funder, of in case.funder_party.items() if of == party]
    if value != "out":
        year = _year(value, case, "joins")
        return _with_rows(
            case,
            "budgets",
            lambda r: {"musd": 0.0} if r.funder in funders and r.year < year else {},
        )
    if case.model.policy.coordination == "allied":
        case = _with_rows(case, "countries", lambda r: {"bloc": ALLIES})
        case = case.set_model("policy.coordination", "blocs")
    reach = {
        f: tuple(c for c in at if (c in members) == (f in funders)) for f, at in case.reach.items()
    }
    case = _with_rows(case, "budgets", lambda r: {} if reach[r.funder] else {"musd": 0.0})
    case = _with_rows(case, "funders", lambda r: {"countries": reach.get(r.funder) or r.countries})
    alone = f"{party}_alone" if len(members) > 1 else ""
    return _with_rows(case, "countries", lambda r: {"bloc": alone} if r.country in members else {})


def _plant(case: Case, project: str, value: EditedValue) -> Case:
    """A project is kept out: nothing new of it; or it is built, whole and at its earliest, and others pay for it."""
    if value == "out":
        return case.set("projects", project, "max_new_tpa", 0.0)
    row = case.projects.get(project)
    if value != "built" or row is None or row.existing_tpa:
        said = "a plant is free, out, or built by others, which one that runs already is not"
        raise InputError([Fault("edit", 0, "plant", said)])
    there = {
        "existing_tpa": row.max_new_tpa,
        "online_year": stands_from(case, row),
        "max_new_tpa": 0.0,
    }
    return case.with_settings(
        {f"projects.{project}.{column}": cell for column, cell in there.items()}
    )


def stands_from(case: Case, row: Project) -> int:
    """The year in which a plant begun at its earliest is there."""
    return max(row.earliest_year or case.first_year, case.first_year) + row.lead_time_years


def _goal(case: Case, _: str, value: EditedValue) -> Case:
    """Least cost + risk, least risk, or least cost for a risk of at most so many MUSD."""
    if isinstance(value, str):
        return case.with_settings({"objective.goal": value, "objective.risk_limit": None})
    limit = _number(value, 0, LARGEST_MUSD, "largest risk")
    return case.with_settings({"objective.goal": "target", "objective.risk_limit": limit})


def _target(case: Case, target: str, value: EditedValue) -> Case:
    """Another share of a target, a target dropped, or a new one: its columns as JSON."""
    if isinstance(value, str) and value != "out":
        added = {**_columns(value), "target": target}
        return case.with_settings({"targets": [*_model_targets(case), added]})
    if target not in case.targets:
        raise InputError([Fault("edit", 0, "target", f"there is no target {target!r:.60}")])
    is_in_table = target in [row.target for row in case.tables.targets]
    where: RowConditions = (("target", target),)
    if value == "out":
        if is_in_table:
            return case.changed(Change(table="targets", rows=where, how="gone"))
        left = [row for row in _model_targets(case) if row["target"] != target]
        return case.with_settings({"targets": left})
    share = _number(value, 0, 1, "share of a target")
    if is_in_table:
        return case.changed(Change(table="targets", rows=where, column="share", value=share))
    rows = _model_targets(case)
    for row in rows:
        if row["target"] == target:
            row["share"] = share
    return case.with_settings({"targets": rows})


def _model_targets(case: Case) -> list[dict[str, Any]]:
    """The targets of the model file, the columns that they state."""
    return [row.model_dump(exclude_defaults=True) for row in case.model.targets]


def _columns(text: str) -> dict[str, Any]:
    """The columns of a new target from JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        said = "a new target is an object of the columns of a target, as JSON"
        raise InputError([Fault("edit", 0, "target", said)])
    return found


def target_words(text: str) -> str:
    """A new target in a few words."""
    row = _columns(text)
    words = [str(row[key]).replace("_", " ") for key in TARGET_WORDS if row.get(key)]
    return f"{', '.join(words)}, {100 * float(row.get('share', 0)):.4g} %"


TARGET_WORDS = ("kind", "element", "form", "party")
"""Columns of a target that say what it is."""


def _depth(case: Case, _: str, value: EditedValue) -> Case:
    """What cuts of imports take away, times a factor; at most all of it."""
    factor = _number(value, 0, 10, "depth")
    return _with_rows(
        case,
        "shocks",
        lambda r: (
            {"factor": max(0.0, 1 - (1 - r.factor) * factor)}
            if r.kind == "import" and r.factor < 1
            else {}
        ),
    )


QUESTIONS: dict[str, Callable[[Case, str, EditedValue], Case]] = {
    "joins": _joins,
    "plant": _plant,
    "goal": _goal,
    "depth": _depth,
    "target": _target,
}
CHANCES = ("future", "hazard")
"""Questions for a probability."""
