"""Changes that a planner makes on the page: each edit turns a case into another, in the order in which they were made.

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

from planner.config import TargetKeys
from planner.data.case import Case, with_rows
from planner.data.change import Change, RowConditions
from planner.data.reweighting import happenings, reweighted
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
NOTHING: dict[str, object] = {"musd": 0.0}
"""A budget without money."""
ALLIES = "allied"
"""Bloc of those that join where not all do, called as the group of all is: the programs differ in less."""
CHANCES = ("future.", "hazard.")
"""Beginnings of the keys of questions for a probability."""
SHARE = "share of a target"
LARGEST_MUSD = 1e12
"""Largest risk that may be asked for, as large as any figure of a table."""


@dataclass(frozen=True)
class Edit:
    """One change: the key of what is changed, and its new value."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: ShortText
    value: EditedValue

    @property
    def kind(self) -> str:
        """What it changes, whatever of: changes of one kind take about as long."""
        head, _, rest = self.key.partition(".")
        if head in QUESTIONS or self.key.startswith((*CHANCES, "money")):
            return f"{head} out" if self.value == "out" else head
        return f"{head}.{rest.rpartition('.')[2]}"


EDIT = TypeAdapter(Edit)
Edits = tuple[Edit, ...]
RowChange = Callable[[Any], Mapping[str, object]]
"""From a row of a table to new values by column, none where it stays."""


def refused(place: str, column: str, said: str) -> InputError:
    """The error of one request of the page that cannot be met."""
    return InputError([Fault(place, 0, column, said)])


def read_edit(given: object) -> Edit:
    """An edit from the page. Raises InputError for anything else."""
    try:
        return EDIT.validate_python(given)
    except ValidationError:
        said = "is a key and a value: text, a number, true or false, or a list of words"
        raise refused("edit", "", said) from None


def with_edit(edits: Edits, edit: Edit) -> Edits:
    """The edits with one more, in the place of the one that had its key."""
    by_key = {one.key: one for one in edits}
    by_key[edit.key] = edit
    return tuple(by_key.values())


def without(edits: Edits, key: str) -> Edits:
    """The edits without one."""
    return tuple(one for one in edits if one.key != key)


def edited(case: Case, edits: Iterable[Edit]) -> Case:
    """The case after all edits, each checked. Raises InputError."""
    chances: dict[str, float] = {}
    factors: dict[str, float] = {}
    others = []
    for edit in edits:
        if edit.key.startswith(CHANCES):
            chances[edit.key] = _number(edit.value, 0, 1, edit.key)
        elif edit.key.partition(".")[0] == "money":
            factors[edit.key] = _number(edit.value, 0, 100, edit.key)
        else:
            others.append(edit)
    events = happenings(case) if chances else {}
    if factors:
        case = _money(case, factors)
    for edit in others:
        case = _changed(case, edit)
    return reweighted(case, chances, events) if chances else case


def _changed(case: Case, edit: Edit) -> Case:
    head, _, rest = edit.key.partition(".")
    if head in QUESTIONS:
        return QUESTIONS[head](case, rest, edit.value)
    return case.changed({edit.key: edit.value})


def seeking_least(case: Case) -> Case:
    """The case with the goal of least risk, its state else the same."""
    return _goal(case, "", "risk")


def _with_rows(case: Case, table: str, change: RowChange) -> Case:
    """The case with cells of a table changed row by row."""
    rows = []
    for row in case.tables.rows(table):
        new = change(row)
        if new:
            row = row.model_copy(update=dict(new))
        rows.append(row)
    return with_rows(case, **{table: tuple(rows)}).checked()


def _number(value: EditedValue, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise refused("edit", what, f"must be a number from {low:g} to {high:g}")
    return float(value)


def _year(value: EditedValue, case: Case, what: str) -> int:
    low = case.first_year
    high = case.last_year
    year = int(_number(value, low, high, what))
    if year != value:
        raise refused("edit", what, f"must be a year from {low} to {high}")
    return year


def _money(case: Case, factors: Mapping[str, float]) -> Case:
    """All public money times a factor, but for that of funders who have a factor of their own."""
    all_money = factors.get("money", 1.0)

    def scaled(row: Any) -> dict[str, object]:
        factor = factors.get(f"money.{row.funder}", all_money)
        return {"musd": row.musd * factor}

    return _with_rows(case, "budgets", scaled)


def _joins(case: Case, party: str, value: EditedValue) -> Case:
    """A party pays nothing before a year, or stays out."""
    if party not in case.lookups.party.values():
        raise refused("edit", "joins", f"there is no party {party!r:.60}")
    if value == "out":
        return _stays_out(case, party)
    first = _year(value, case, "joins")

    def until_it_joins(row: Any) -> dict[str, object]:
        is_theirs = case.lookups.funder_party.get(row.funder) == party
        return NOTHING if is_theirs and row.year < first else {}

    return _with_rows(case, "budgets", until_it_joins)


def _stays_out(case: Case, party: str) -> Case:
    """A party shares neither goods nor money; all others do as before."""
    members = {country for country in case.countries if case.lookups.party[country] == party}
    alone = f"{party}_alone" if len(members) > 1 else ""
    if case.model.policy.coordination == "allied":
        case = _with_rows(case, "countries", lambda row: {"bloc": ALLIES})
        case = case.changed({"policy.coordination": "blocs"})
    reach: dict[str, tuple[str, ...]] = {}
    for funder, countries in case.lookups.reach.items():
        is_theirs = case.lookups.funder_party.get(funder) == party
        reach[funder] = tuple(one for one in countries if (one in members) == is_theirs)

    def where_it_reaches(row: Any) -> dict[str, object]:
        return {} if reach[row.funder] else NOTHING

    def its_countries(row: Any) -> dict[str, object]:
        return {"countries": reach.get(row.funder) or row.countries}

    def its_bloc(row: Any) -> dict[str, object]:
        return {"bloc": alone} if row.country in members else {}

    case = _with_rows(case, "budgets", where_it_reaches)
    case = _with_rows(case, "funders", its_countries)
    return _with_rows(case, "countries", its_bloc)


def _plant(case: Case, project: str, value: EditedValue) -> Case:
    """A project is kept out: nothing new of it; or it is built, whole and at its earliest, and others pay for it."""
    if value == "out":
        return case.changed({f"projects.{project}.max_new_tpa": 0.0})
    row = case.projects.get(project)
    if value != "built" or row is None or row.existing_tpa:
        said = "a plant is free, out, or built by others, which one that runs already is not"
        raise refused("edit", "plant", said)
    plant = f"projects.{project}"
    there = {
        f"{plant}.existing_tpa": row.max_new_tpa,
        f"{plant}.online_year": stands_from(case, row),
        f"{plant}.max_new_tpa": 0.0,
    }
    return case.changed(there)


def stands_from(case: Case, row: Project) -> int:
    """The year in which a plant begun at its earliest is there."""
    earliest = max(row.earliest_year or 0, case.first_year)
    return earliest + row.lead_time_years


def _goal(case: Case, _: str, value: EditedValue) -> Case:
    """Least cost + risk, least risk, or least cost for a risk of at most so many MUSD."""
    if isinstance(value, str):
        return case.changed({"objective.goal": value, "objective.risk_limit": None})
    limit = _number(value, 0, LARGEST_MUSD, "largest risk")
    return case.changed({"objective.goal": "target", "objective.risk_limit": limit})


def _target(case: Case, target: str, value: EditedValue) -> Case:
    """Another share of a target, a target dropped, or a new one: its columns as JSON."""
    if isinstance(value, str) and value != "out":
        added = _columns(value) | {"target": target}
        return case.changed({"targets": [*_model_targets(case), added]})
    if target not in case.lookups.targets:
        raise refused("edit", "target", f"there is no target {target!r:.60}")
    if any(row.target == target for row in case.tables.targets):
        return case.changed(_table_target(target, value))
    rows = []
    for row in _model_targets(case):
        if row["target"] != target:
            rows.append(row)
        elif value != "out":
            rows.append(row | {"share": _number(value, 0, 1, SHARE)})
    return case.changed({"targets": rows})


def _table_target(target: str, value: EditedValue) -> Change:
    """The change of a target that stands in a table: dropped, or with another share."""
    where: RowConditions = (("target", target),)
    if value == "out":
        return Change(table="targets", rows=where, how="gone")
    share = _number(value, 0, 1, SHARE)
    return Change(table="targets", rows=where, column="share", value=share)


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
        raise refused("edit", "target", said)
    return found


def target_of(edit: Edit) -> TargetKeys:
    """The target that an edit adds."""
    columns = _columns(str(edit.value)) | {"target": edit.key.partition(".")[2]}
    return TargetKeys.model_validate(columns)


def resumed(edits: Edits, edit: Edit) -> Edit:
    """An edit of the share of a target as one of the target that edits have added before; any other as it is."""
    added = next((one for one in edits if one.key == edit.key), None)
    is_share = isinstance(edit.value, int | float)
    if not edit.key.startswith("target.") or not is_share or added is None:
        return edit
    if not isinstance(added.value, str) or added.value == "out":
        return edit
    share = _number(edit.value, 0, 1, SHARE)
    return Edit(edit.key, json.dumps(_columns(added.value) | {"share": share}))


def _depth(case: Case, _: str, value: EditedValue) -> Case:
    """The cuts of imports times a factor; at most all of an import is cut."""
    depth = _number(value, 0, 10, "depth")

    def deepened(row: Any) -> dict[str, object]:
        if row.kind != "import" or row.factor >= 1:
            return {}
        cut = (1 - row.factor) * depth
        return {"factor": max(0.0, 1 - cut)}

    return _with_rows(case, "shocks", deepened)


QUESTIONS: dict[str, Callable[[Case, str, EditedValue], Case]] = {
    "joins": _joins,
    "plant": _plant,
    "goal": _goal,
    "depth": _depth,
    "target": _target,
}
"""Edits that stand for many cells, by the head of their keys."""
