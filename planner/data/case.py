"""Case: a checked planning question that can be asked again with other facts or choices, without files.

A Case never changes: each method gives another one, checked as files are, or raises InputError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.cells import conditions, matching, text_of
from planner.config import ModelFile, build_model
from planner.data.change import Changes, known_table, readable_changes
from planner.data.changed_case import Changer
from planner.data.checks import Reading, check_all
from planner.data.difference import changes
from planner.data.export import write_model, write_tables, write_workbook
from planner.data.findings import Origin
from planner.data.frames import frame_of, frame_of_faults
from planner.data.lookups import BASE, Lookups
from planner.data.schema import (
    Country,
    Draw,
    Element,
    Project,
    Scenario,
    Shock,
    Tables,
    UncertainRange,
)
from planner.data.sheets import Sheet, read_rows
from planner.errors import refused
from planner.late import late

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Case:
    """A checked case with its model file. All that the formulation and the verifier see."""

    name: str
    tables: Tables
    model: ModelFile
    origin: Origin = field(default=Origin(), compare=False, kw_only=True)
    load_seconds: float = field(default=0.0, compare=False, kw_only=True)

    @cached_property
    def lookups(self) -> Lookups:
        """All that follows from the tables and the model file, in the units of the program."""
        return Lookups(self.name, self.tables, self.model, origin=self.origin)

    @property
    def sha256(self) -> str:
        """SHA-256 over all rows that a plan follows from and the model file, whatever the order and the file form."""
        return self.lookups.sha256

    @property
    def first_year(self) -> int:
        """First year of the plan."""
        return self.lookups.first_year

    @property
    def last_year(self) -> int:
        """Last year of the plan, inclusive."""
        return self.lookups.last_year

    @property
    def years(self) -> range:
        """All years of the plan."""
        return self.lookups.years

    @property
    def commodity(self) -> str:
        """What the case is about, in words."""
        return self.lookups.commodity

    @property
    def countries(self) -> dict[str, Country]:
        """Countries by id."""
        return self.lookups.countries

    @property
    def elements(self) -> dict[str, Element]:
        """Elements by id."""
        return self.lookups.elements

    @property
    def projects(self) -> dict[str, Project]:
        """Projects by id."""
        return self.lookups.projects

    @property
    def scenarios(self) -> dict[str, float]:
        """Probability of each scenario; scaled to sum to 1 exactly."""
        return self.lookups.scenarios

    @property
    def demand(self) -> dict[tuple[str, str, str, int], float]:
        """Undisturbed demand (t) by country, element, form, year; only where positive."""
        return self.lookups.demand

    @property
    def budget(self) -> dict[tuple[str, int], float]:
        """Budget (MUSD) by funder and year of the horizon; a pair without a row is 0."""
        return self.lookups.budget

    def __repr__(self) -> str:
        counts = f"{len(self.countries)} countries, {len(self.projects)} projects, {len(self.scenarios)} scenarios"
        return f'Case("{self.name}", {self.first_year}-{self.last_year}: {counts}; model "{self.model.name}")'

    def table(self, name: str) -> pd.DataFrame:
        """The rows of a table, in the columns of the data dictionary and the carried ones.

        Parameters
        ----------
        name
            `projects`, `demand`, `budgets` or another one; `case.tables` says which have rows.

        Returns
        -------
        pandas.DataFrame
            A row a row of the file, in the units that inputs/README.md states. Whole numbers, numbers and flags are
            typed; lists are text such as `a;b`; blank cells are NA. Periods are whole numbers too, unless one of
            the column is a quarter: then all are text.

        Raises
        ------
        InputError
            For an unknown table; it names the nearest.

        Examples
        --------
        >>> case.table("projects").loc[0, ["project", "stage"]].tolist()
        ['desert_mine', 'mine']
        """
        return frame_of(self, name)

    @property
    def warnings(self) -> pd.DataFrame:
        """Warnings of inputs that are valid and probably not meant: a row each, with its rule, place (file), line, column,
        message and remedy.

        >>> list(case.warnings.columns)
        ['rule', 'place', 'line', 'column', 'message', 'remedy']
        """
        return frame_of_faults(late("planner.data.warnings").warnings_of(self))

    def with_table(self, name: str, frame: pd.DataFrame) -> Case:
        """The case with other rows in a table.

        Parameters
        ----------
        name
            Of the table.
        frame
            Columns as in a file, in any order, optional ones may lack; NA is blank.

        Returns
        -------
        Case
            Checked, as a case that was read.

        Raises
        ------
        InputError
            With every fault; rows count from 1.

        Examples
        --------
        >>> budgets = case.table("budgets")
        >>> half = case.with_table("budgets", budgets.assign(musd=budgets["musd"] / 2))
        >>> sum(half.budget.values()) / sum(case.budget.values())
        0.5
        """
        known = known_table(name)
        columns: list[list[str]] = []
        for column in frame.columns:
            values = frame[column].astype(object).where(frame[column].notna(), None)
            columns.append(list(map(text_of, values)))
        lines = tuple(enumerate(zip(*columns, strict=True), start=1))
        place = f"{name} as given"
        sheet = Sheet(place, tuple(map(str, frame.columns)), lines, header_line=0)
        reading = Reading()
        rows = read_rows(known, sheet, reading)
        reading.refuse()
        origin = self.origin.moved(**{name: place})
        return replace(with_rows(self, **{name: rows}), origin=origin).checked()

    def changed(self, *changes: Changes) -> Case:
        """The case with changes, checked once, after all of them.

        Parameters
        ----------
        *changes
            Each as text, `ADDRESS=VALUE`; as a `Change`; or several, as a mapping of address -> value. Each address
            is looked up in the case as it is; values follow one another.

        Returns
        -------
        Case
            Another case; this one stays as it is.

        Raises
        ------
        InputError
            With every fault.

        Examples
        --------
        >>> later = case.changed("projects.coast_plant.lead_time_years=plus 2", "budgets.*.*.musd=-10%")
        >>> later.projects["coast_plant"].lead_time_years
        4
        >>> case.changed({"objective.risk_aversion": 0.7}).model.objective.risk_aversion
        0.7
        """
        read, unread = readable_changes(changes)
        return Changer(self).apply(read, unread).checked()

    def without_plan(self) -> Case:
        """The same case and model with no levers and no targets: what exists keeps running, nothing is added. Its
        payments are even ones; goal `target` is read as `welfare`."""
        free = without_limit(without_targets(self))
        return with_choices(free, levers=(), policy={"cost_sharing": "even"})

    def difference(self, other: Case) -> pd.DataFrame:
        """What another case has otherwise of all that a program reads: a row each, in the form of `warnings`.

        Parameters
        ----------
        other
            The other case.

        Returns
        -------
        pandas.DataFrame
            Cells, rows and keys of the model file, at their places in the other case.

        Examples
        --------
        >>> case.difference(case.changed("objective.tail=0.8"))["message"].tolist()
        ['0.9 -> 0.8']
        """
        return frame_of_faults(changes(self, other))

    def write(self, target: str | Path) -> Path:
        """Write the case and its model; reading what was written gives an equal case.

        Parameters
        ----------
        target
            A workbook if the name ends in .xlsx, else a folder of CSV tables.

        Returns
        -------
        Path
            What was written.

        Raises
        ------
        InputError
            If the folder is there and not empty.
        OSError
            If it cannot be written.
        """
        target = Path(target)
        if target.suffix.casefold() == ".xlsx":
            write_workbook(target, self)
            return target
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            said = "is there already, and not empty"
            raise refused("", str(target), said, remedy="name another folder")
        target.mkdir(parents=True, exist_ok=True)
        write_tables(self, target)
        write_model(self.model, target / "model.toml")
        return target

    def checked(self) -> Case:
        """The case itself, if it keeps every rule between rows and tables. Raises InputError."""
        Reading(check_all(self.lookups)).refuse()
        return self


def with_rows(case: Case, **rows: Any) -> Case:
    """The case with other rows (tuples of the table's type) in some tables, not checked."""
    return replace(case, tables=replace(case.tables, **rows))


def ranges_of_rows(tables: Tables) -> Iterator[UncertainRange]:
    """Ranges of figures of rows that are there."""
    for row in tables.uncertainties:
        if matching(tables.rows(row.table), conditions(row.where)):
            yield row


def with_model(case: Case, model: ModelFile) -> Case:
    """The same facts under other choices. Raises InputError."""
    changed = replace(case, model=build_model(model.given(), {}, "model", model.name))
    return changed.checked() if changed.model.targets else changed


def with_choices(case: Case, **keys: object) -> Case:
    """The same facts with some keys of the model file set otherwise; of a section those that a dictionary names. Raises
    InputError."""
    update = {}
    for name, value in keys.items():
        section = getattr(case.model, name)
        update[name] = section.model_copy(update=value) if isinstance(value, dict) else value
    return with_model(case, case.model.model_copy(update=update))


def without_limit(case: Case) -> Case:
    """The case with goal `target` read as `welfare`."""
    if case.model.objective.goal != "target":
        return case
    return with_choices(case, objective={"goal": "welfare", "risk_limit": None})


def without_targets(case: Case, hard_only: bool = False) -> Case:
    """The case that asks for nothing, or for nothing that must hold: what may be missed at a price stays."""
    tables = case.tables.targets if hard_only else ()
    choices = case.model.targets if hard_only else ()
    priced = tuple(row for row in tables if row.price_usd_per_kg is not None)
    chosen = tuple(keys for keys in choices if keys.price_usd_per_kg is not None)
    if (priced, chosen) == (case.tables.targets, case.model.targets):
        return case
    model = case.model.model_copy(update={"targets": chosen})
    return replace(case, model=model, tables=replace(case.tables, targets=priced))


def with_other_scenarios(
    case: Case, scenarios: Sequence[Scenario], shocks: Sequence[Shock], draws: Sequence[Draw]
) -> Case:
    """The case with other scenarios and shocks, and of what was drawn that of these scenarios.

    What is of scenarios that are not among these stays behind: targets, prices, ranges of their figures, and hazards.
    """
    named = {"", *(row.scenario for row in scenarios), *(row.storyline for row in scenarios)}
    if not scenarios:
        named.add(BASE)
    other = replace(
        case.tables,
        scenarios=tuple(scenarios),
        shocks=tuple(shocks),
        draws=tuple(row for row in draws if row.scenario in named),
        hazards=(),
        targets=tuple(row for row in case.tables.targets if row.scenario in named),
        prices=tuple(row for row in case.tables.prices if row.future in named),
    )
    other = replace(other, uncertainties=tuple(ranges_of_rows(other)))
    targets = tuple(row for row in case.model.targets if row.scenario in named)
    model = case.model.model_copy(update={"targets": targets})
    return replace(case, tables=other, model=model)
