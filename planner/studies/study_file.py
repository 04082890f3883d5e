"""The study file: what is varied, what is decided, what is looked at, and by which design. One class per section.

The words are those of exploratory modelling (Kwakkel, The Exploratory Modeling Workbench, Environmental Modelling
and Software 96, 2017): uncertainties are not ours to choose, levers are, outcomes are what we look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from planner.cells import Label, Name, is_number, parse_label, parse_name
from planner.config import Toml, read_toml
from planner.data.change import Change, OpenChange, change_of, parse_open, plain, read_changes
from planner.errors import Fault, InputError, file_words
from planner.studies.study_faults import at, faults_of, twice


def _seen(value: Any) -> Any:
    """A value of which no text holds what no one sees."""
    for text in value if isinstance(value, list) else [value]:
        parse_name(text)
    return value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Title = Annotated[str, Field(min_length=1), AfterValidator(parse_label)]
Value = Annotated[bool | int | Finite | str | list[str], AfterValidator(_seen)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class _StudySection(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


class Distribution(_StudySection):
    """Likelihood of the values of a range. `uniform` over the range unless said otherwise."""

    kind: Literal["uniform", "normal", "lognormal", "triangular"]
    """normal and lognormal are cut to `range` where one is given."""
    mode: Finite | None = None
    """Most likely value (triangular)."""
    mean: Finite | None = None
    """Mean (normal), or median (lognormal)."""
    spread: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Standard deviation (normal), or of the logarithm (lognormal)."""

    @model_validator(mode="after")
    def _complete(self) -> Distribution:
        """Refuse a distribution without the parameters of its kind, or with those of another."""
        needed = {"uniform": (), "triangular": ("mode",)}.get(self.kind, ("mean", "spread"))
        kind = f"kind = {self.kind!r}"
        for name in ("mode", "mean", "spread"):
            given = getattr(self, name) is not None
            if name in needed and not given:
                raise ValueError(f"{kind} needs `{name}`; add it")
            if given and name not in needed:
                raise ValueError(f"{kind} has no `{name}`; take it out, or take another kind")
        if self.kind == "lognormal" and self.mean is not None and self.mean <= 0:
            raise ValueError("the median (`mean`) of a lognormal must be positive; correct it")
        return self


class Uncertainty(_StudySection):
    """A quantity that is not ours to choose."""

    name: Title
    """Name in tables and pictures."""
    unit: Name = ""
    """Unit of the value, for pictures."""
    change: Annotated[str | Annotated[list[str], Field(min_length=1)], AfterValidator(_seen)]
    """What the value changes, as for `--set`, with `?` for the value: `demand.*.dy;tb.*.*.tonnes=x?`; several in a list."""
    range: Annotated[list[Finite], Field(min_length=2, max_length=2)] | None = None
    """Lowest and highest value."""
    values: Annotated[list[Value], Field(min_length=1)] | None = None
    """All values instead of a range, equally likely."""
    distribution: Distribution = Distribution(kind="uniform")
    """How likely the values of the range are."""
    base: Value | None = None
    """Value that stands for the case as it is; left out: 1 for `x?`, 0 for `plus ?` and per cent, else what the case or
    model file says."""

    @property
    def changes(self) -> list[OpenChange]:
        """Changes that the value makes."""
        texts = [self.change] if isinstance(self.change, str) else self.change
        return [parse_open(text) for text in texts]

    @field_validator("change")
    @classmethod
    def _readable(cls, value: str | list[str]) -> str | list[str]:
        texts = [value] if isinstance(value, str) else value
        for text in texts:
            _read_here(parse_open, text)
        addresses = [parse_open(text).change.address for text in texts]
        if twice(addresses):
            raise ValueError("changes the same cells twice; take one of the two out")
        return value

    @model_validator(mode="after")
    def _domain(self) -> Uncertainty:
        """The uncertainty, if it is declared by values, a range or a distribution without ends. Raises ValueError."""
        if self.values is not None:
            self._check_values(self.values)
        elif self.range is not None:
            self._check_range(self.range)
        elif self.distribution.kind not in ("normal", "lognormal"):
            said = (
                "needs `range`, `values` or a normal or lognormal `distribution`; add one of them"
            )
            raise ValueError(said)
        return self

    def _check_values(self, values: list[Value]) -> None:
        """Raise ValueError for values beside a range or a distribution, and for one that stands twice."""
        if self.range is not None:
            raise ValueError("has both `range` and `values`; keep one")
        if self.distribution != Distribution(kind="uniform"):
            said = (
                "has `values`, which are equally likely; take `distribution` out, or give a range"
            )
            raise ValueError(said)
        again = twice([str(value).casefold() for value in values])
        if again:
            raise ValueError(f"has the value {again} twice; take one of the two out")

    def _check_range(self, ends: list[float]) -> None:
        low, high = ends
        mode = self.distribution.mode
        if not low < high:
            raise ValueError("`range` must rise; swap its ends")
        if mode is not None and not low <= mode <= high:
            raise ValueError("`mode` lies outside the range; move it into the range")


def _read_here(read: Callable[..., object], *given: object) -> None:
    """Read a change; what is wrong with it is told as a fault of the key it stands in."""
    try:
        read(*given)
    except InputError as error:
        first = error.faults[0]
        raise ValueError(f"{first.message}; {first.remedy}") from None


class Option(_StudySection):
    """One way to pull a lever."""

    label: Title
    """Name in tables and pictures."""
    changes: dict[Name, Value] = {}
    """What is changed, as in `set`: address -> value; none: the case as it is."""

    @property
    def settings(self) -> list[Change]:
        """Changes that are made."""
        return read_changes(self.changes)

    @field_validator("changes")
    @classmethod
    def _readable(cls, value: dict[str, Value]) -> dict[str, Value]:
        for address, given in value.items():
            _read_here(change_of, address, given)
        return value


class StudyLever(_StudySection):
    """A choice of ours. Every point of the design is run under every combination of options."""

    name: Title
    """Name in tables and pictures."""
    options: Annotated[list[Option], Field(min_length=1)]
    """The options, the one that stands for the case as it is first."""

    @model_validator(mode="after")
    def _labels(self) -> StudyLever:
        again = twice([option.label for option in self.options])
        if again:
            said = f'"{again}" is the label of two options of the lever "{self.name}"'
            raise ValueError(f"{said}; give each its own")
        return self


class OneAtATime(_StudySection):
    """The base, then each uncertainty alone at its ends (ranges) or at its values. Shows a tornado."""

    kind: Literal["one_at_a_time"]
    levels: Annotated[int, Field(ge=2, le=101)] = 2
    """How many values of a range."""


class Grid(_StudySection):
    """All combinations of levels."""

    kind: Literal["grid"]
    levels: Annotated[int, Field(ge=2, le=1001)] = 5
    """How many values of a range."""


class LatinHypercube(_StudySection):
    """Latin hypercube (McKay, Beckman and Conover 1979).

    With the same seed, twice the points contain the points: a study grows in its folder without running any twice.
    """

    kind: Literal["lhs"]
    points: Annotated[int, Field(ge=2, le=1_000_000)]
    """Number of points; doubled, it keeps those it had."""
    seed: Seed = 0
    """Seed."""


class Sobol(_StudySection):
    """Saltelli's sample for Sobol indices: points * (uncertainties + 2) runs. Needs the extra `study`."""

    kind: Literal["sobol"]
    points: Annotated[int, Field(ge=4, le=1_000_000)]
    """Base sample; a power of two. Doubled, it keeps the points it had."""
    seed: Seed = 0
    """Seed."""

    @model_validator(mode="after")
    def _power_of_two(self) -> Sobol:
        if self.points & (self.points - 1):
            raise ValueError(
                "`points` must be a power of two, or the sequence loses its balance; take 64, 128, .."
            )
        return self


class PointList(_StudySection):
    """Points from a CSV file: one column per uncertainty; an empty cell is the base.

    A line of empty cells (`,,`, or `""` in a single column) is the case as it is.
    """

    kind: Literal["list"]
    file: Name = ""
    """The file, beside the study file; in Python a DataFrame too."""
    rows: list[dict[Label, Value | None]] | None = None
    """The points themselves, in place of a file: uncertainty -> value."""

    @model_validator(mode="after")
    def _one_of_both(self) -> PointList:
        if bool(self.file) == (self.rows is not None):
            raise ValueError("needs either `file` or `rows`; give one of the two")
        return self


Design = Annotated[
    OneAtATime | Grid | LatinHypercube | Sobol | PointList, Field(discriminator="kind")
]


class StudyFile(_StudySection):
    """All keys of a study file."""

    name: Name = ""
    """Short name; left out, the file name."""
    title: Name = ""
    """One line for people; left out, the name."""
    case: Name
    """Case folder or workbook, as seen from the study file."""
    model: Name = ""
    """Model file, as seen from the study file; left out, that of the case."""
    set: dict[Name, Value] = {}
    """Changes of the case and its model file, address -> value as for `--set`."""
    uncertainties: list[Uncertainty] = []
    """What is not ours to choose."""
    levers: list[StudyLever] = []
    """What is."""
    outcomes: list[Name] = ["risk_musd", "cost_musd"]
    """What pictures show, e.g. `risk_musd`, `expected_shortfall_t.dy`, `new_capacity_tpa.donald`."""
    fails_when: Name = ""
    """When a plan counts as failed, for scenario discovery: `risk_musd > 50000`."""
    design: Design = OneAtATime(kind="one_at_a_time")
    """Which points are run; left out, the ends of each uncertainty alone."""
    time_limit: Annotated[float, Field(gt=0)] | None = None
    """Seconds for each run of the solver."""
    _origin: Toml = PrivateAttr(Toml(place="study"))

    @property
    def names(self) -> list[str]:
        """Names of the uncertainties."""
        return [uncertainty.name for uncertainty in self.uncertainties]

    @property
    def lever_names(self) -> list[str]:
        """Names of the levers."""
        return [lever.name for lever in self.levers]

    @model_validator(mode="after")
    def _consistent(self) -> StudyFile:
        """The study, if its names and condition of failure have a meaning together. Raises ValueError."""
        self._check_names()
        if self.fails_when:
            try:
                failure(self.fails_when)
            except ValueError as error:
                raise at(("fails_when",), str(error)) from None
        return self

    def _check_names(self) -> None:
        """Names of uncertainties and levers are told apart."""
        before: list[str] = []
        for key, names in (("uncertainties", self.names), ("levers", self.lever_names)):
            for number, name in enumerate(names):
                if twice([name, *before]) == name:
                    said = f'"{name}" names two uncertainties or levers; rename one of them'
                    raise at((key, number, "name"), said)
                before.append(name)

    def fault(
        self,
        loc: Sequence[str | int],
        said: str,
        rule: str = "study-sense",
        *,
        remedy: str = "",
        column: str = "",
    ) -> Fault:
        """A fault at its line in the file that was read; what is said after a semicolon is the remedy."""
        message, _, told = said.partition("; ")
        return self._origin.fault(rule, loc, message, remedy=remedy or told, column=column)


FAILURE = re.compile(r"\s*([\w.-]+)\s*([<>])\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")
"""A condition on an outcome: its name, the sense and the limit."""


def study_schema() -> dict[str, Any]:
    """JSON Schema of a study file."""
    schema = StudyFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Study file of the planner",
    }


def named_outcomes(study: StudyFile) -> list[str]:
    """The outcomes that a study file names, for pictures or for `fails_when`."""
    named = list(study.outcomes)
    if study.fails_when:
        outcome, _, _ = failure(study.fails_when)
        named.append(outcome)
    return named


def named_in_words(study: StudyFile) -> set[str]:
    """Levers, and the uncertainties of which some value is a word: their columns hold texts, all others numbers."""
    in_words = set(study.lever_names)
    for uncertainty in study.uncertainties:
        if not all(map(is_number, uncertainty.values or [])):
            in_words.add(uncertainty.name)
    return in_words


def failure(text: str) -> tuple[str, str, float]:
    """'risk_musd > 5e4' -> ('risk_musd', '>', 50000.0). Raises ValueError."""
    found = FAILURE.fullmatch(text)
    if found is None:
        raise ValueError(f'fails_when = "{text}" must look like "risk_musd > 50000"; write it so')
    outcome, sense, limit = found.groups()
    return outcome, sense, float(limit)


def read_study(path: str | Path) -> StudyFile:
    """Read a study file. Raises InputError with every fault and the line it stands in."""
    path = Path(path)
    found = read_toml(path, "study file")
    return build_study(found.values, path.name, path.stem, found)


def build_study(
    values: Mapping[str, Any], place: str = "study", stem: str = "study", toml: Toml | None = None
) -> StudyFile:
    """StudyFile from nested values. Raises InputError."""
    toml = toml or Toml(place=place)
    values = _without_frames(values)
    merged = {"name": file_words(stem), **values}
    if merged.get("title") in (None, ""):
        merged["title"] = merged["name"]
    try:
        found = StudyFile.model_validate(merged)
    except ValidationError as error:
        known: set[str] = set()
        for section in SECTIONS:
            known.update(section.model_fields)
        raise InputError(faults_of(error, toml, sorted(known), KINDS)) from None
    found._origin = toml
    return found


def _without_frames(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values with the rows of a data frame in its place."""
    design = values.get("design")
    points: Any = design.get("file") if isinstance(design, Mapping) else None
    if not isinstance(design, Mapping) or not hasattr(points, "to_dict"):
        return values
    rows: list[dict[str, Any]] = []
    for row in points.astype(object).where(points.notna(), None).to_dict("records"):
        rows.append({str(name): plain(cell) for name, cell in row.items()})
    others = {name: value for name, value in design.items() if name != "file"}
    return {**values, "design": {**others, "rows": rows}}


KINDS = ("one_at_a_time", "grid", "lhs", "sobol", "list")
SECTIONS: tuple[type[BaseModel], ...] = (
    StudyFile,
    Uncertainty,
    StudyLever,
    Option,
    Distribution,
    OneAtATime,
    Grid,
    LatinHypercube,
    Sobol,
    PointList,
)
