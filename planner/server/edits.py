"""Changes that a planner makes on the page: each edit turns a case into another, in the order in which they were made.

An edit is a key and a value. Keys are addresses as of `--set` (`projects.ID.lead_time_years`,
`objective.risk_aversion`), or questions that stand for many cells: `money`, `money.FUNDER`, `ally.PARTY`,
`lever.NAME`, `future.NAME`, `hazard.NAME`, `goal`, `target.NAME`. Shares of money are taken up together, before the
others, probabilities after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from planner.config import LEVERS
from planner.data.case import Case
from planner.data.change import Change
from planner.errors import refused
from planner.sampling.reweighting import happenings, reweighted

ShortText = Annotated[str, Field(max_length=500)]
EditedValue = (
    ShortText
    | bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[tuple[ShortText, ...], Field(max_length=50)]
    | dict[ShortText, ShortText | int | float]
    | None
)
ALLIES = "allied"
"""Bloc of those that join where not all do, called as the group of all is: the programs differ in less."""
CHANCES = ("future.", "hazard.")
"""Beginnings of the keys of questions for a probability."""
OUT = "out"
"""Value of an ally, a lever or a target that is left out."""
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
            return head
        return f"{head}.{rest.rpartition('.')[2]}"


EDIT = TypeAdapter(Edit)
Edits = tuple[Edit, ...]


def read_edit(given: object) -> Edit:
    """An edit from the page. Raises InputError for anything else."""
    try:
        return EDIT.validate_python(given)
    except ValidationError:
        said = "is a key and a value: text, a number, true or false, or a list of words"
        raise refused("", "edit", said) from None


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


def _number(value: EditedValue, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise refused("", "edit", f"must be a number from {low:g} to {high:g}", column=what)
    return float(value)


def _money(case: Case, factors: Mapping[str, float]) -> Case:
    """All public money times a factor, but for that of funders who have a factor of their own."""
    all_money = factors.get("money", 1.0)
    changes = []
    for funder in dict.fromkeys(row.funder for row in case.tables.budgets):
        factor = factors.get(f"money.{funder}", all_money)
        change = _change("budgets", "funder", funder, "musd", factor)
        changes.append(replace(change, how="scale"))
    return case.changed(changes)


def _change(table: str, key: str, named: str, column: str, value: object) -> Change:
    """The change of a column in the rows that a key column names."""
    return Change(table=table, rows=((key, named),), column=column, value=value)


def _stays_out(case: Case, party: str, value: EditedValue) -> Case:
    """A party shares neither goods nor money; all others do as before."""
    lookups = case.lookups
    if party not in lookups.party.values() or value != OUT:
        raise refused("", "edit", f"there is no party {party!r:.60} to stay out", column="ally")
    members = [country for country in case.countries if lookups.party[country] == party]
    alone = f"{party}_alone" if len(members) > 1 else ""
    paying = {row.funder for row in case.tables.budgets}
    changes = []
    if case.model.policy.coordination == "allied":
        case = case.changed({"countries.*.bloc": ALLIES, "policy.coordination": "blocs"})
    for country in members:
        changes.append(_change("countries", "country", country, "bloc", alone))
    for funder, countries in lookups.reach.items():
        is_theirs = lookups.funder_party.get(funder) == party
        reach = tuple(one for one in countries if (one in members) == is_theirs)
        if not reach and funder in paying:
            changes.append(_change("budgets", "funder", funder, "musd", 0.0))
        elif reach and len(reach) < len(countries):
            changes.append(_change("funders", "funder", funder, "countries", reach))
    return case.changed(changes)


def _without_lever(case: Case, lever: str, value: EditedValue) -> Case:
    """One lever fewer."""
    if lever not in LEVERS or value != OUT:
        raise refused("", "edit", f"is out, and one of {', '.join(LEVERS)}", column="lever")
    return case.changed({"levers": [one for one in case.model.levers if one != lever]})


def _goal(case: Case, _: str, value: EditedValue) -> Case:
    """Least cost + risk, least risk, or least cost for a risk of at most so many MUSD."""
    if isinstance(value, str):
        return case.changed({"objective.goal": value, "objective.risk_limit": None})
    limit = _number(value, 0, LARGEST_MUSD, "largest risk")
    return case.changed({"objective.goal": "target", "objective.risk_limit": limit})


def _target(case: Case, target: str, value: EditedValue) -> Case:
    """Another share of a target, a target dropped, or a new one: its columns."""
    if isinstance(value, Mapping):
        return case.changed({"targets": [*_model_targets(case), {**value, "target": target}]})
    if target not in case.lookups.targets:
        raise refused("", "edit", f"there is no target {target!r:.60}", column="target")
    share = None if value == OUT else _number(value, 0, 1, SHARE)
    if any(row.target == target for row in case.tables.targets):
        change = _change("targets", "target", target, "share", share)
        if share is None:
            change = replace(change, column="", how="gone")
        return case.changed(change)
    rows = []
    for row in _model_targets(case):
        if row["target"] != target:
            rows.append(row)
        elif share is not None:
            rows.append({**row, "share": share})
    return case.changed({"targets": rows})


def _model_targets(case: Case) -> list[dict[str, Any]]:
    """The targets of the model file, the columns that they state."""
    return [row.model_dump(exclude_defaults=True) for row in case.model.targets]


def resumed(edits: Edits, edit: Edit) -> Edit:
    """An edit of the share of a target as one of the target that edits have added before; any other as it is."""
    for one in edits:
        if one.key == edit.key and isinstance(one.value, dict) and not isinstance(edit.value, dict):
            return Edit(edit.key, {**one.value, "share": _number(edit.value, 0, 1, SHARE)})
    return edit


QUESTIONS: dict[str, Callable[[Case, str, EditedValue], Case]] = {
    "ally": _stays_out,
    "lever": _without_lever,
    "goal": _goal,
    "target": _target,
}
"""Edits that stand for many cells, by the head of their keys."""
