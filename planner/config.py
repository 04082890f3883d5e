"""The model file: what the planner chooses, one class per section, every key documented; and the reader of TOML files.

The reader gives the values of a file and the line of each key.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from planner.cells import (
    Id,
    Ids,
    Label,
    Name,
    Number,
    Row,
    Whole,
    col,
    edge,
    identifier,
    positive,
    share,
)
from planner.errors import (
    CHANGE,
    Fault,
    InputError,
    did_you_mean,
    fault,
    file_words,
    invisible,
    nearest,
    refused,
)

LONGEST_TOML = 2**20
"""Characters of a file."""
_DEEP_KEY = re.compile(r"""([\w"'-]+\s*\.\s*){50}""")
"""Dotted keys of many parts: they take a TOML parser memory that grows with the square of the parts."""
LONGEST_SHOWN = 60
"""Characters of a value that a message repeats."""
TomlKey = tuple[str | int, ...]
"""Parts of a dotted key; a number counts the entries of a list of sections from 0."""


@dataclass(frozen=True)
class Toml:
    """Values of a file, nested, and the line of each key as far as one can see it without parsing."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[TomlKey, int] = field(default_factory=dict)
    place: str = ""
    """What the file is called in messages."""

    def line(self, key: Sequence[str | int]) -> int:
        """Line of a key, or of the nearest section or value that holds it; 0 if none is seen."""
        return next(
            (
                self.lines[part]
                for n in range(len(key), 0, -1)
                if (part := tuple(key[:n])) in self.lines
            ),
            0,
        )

    def fault(
        self,
        rule: str,
        key: Sequence[str | int],
        said: str,
        *,
        remedy: str = "",
        column: str = "",
        value: object = "",
    ) -> Fault:
        """A fault at the line of a key, in whose name entries count from 1."""
        dotted = ".".join(str(part + 1) if isinstance(part, int) else part for part in key)
        return fault(
            rule,
            self.place,
            self.line(key),
            column or dotted,
            message=said,
            value=value,
            remedy=remedy,
        )


def read_toml(path: Path, what: str) -> Toml:
    """Read a file; `what` it is, in words, for messages. Raises InputError, also for one made to exhaust a parser."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise refused("no-such-file", str(path), f"no such {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise refused("bad-toml", str(path), f"cannot be read as UTF-8 text: {error}") from None
    said, line = "", 0
    if len(text) > LONGEST_TOML or _DEEP_KEY.search(text):
        said = "it is too long, or a key has too many parts"
    else:
        try:
            return Toml(tomllib.loads(text), _lines(text), path.name)
        except RecursionError:
            said = "its values are nested too deeply"
        except ValueError as error:
            said = str(error)
            if at := re.search(r" \(at line (\d+), column \d+\)", said):
                said, line = said.replace(at[0], ""), int(at[1])
    raise refused("bad-toml", path.name, f"is not valid TOML: {said}", line=line)


def _lines(text: str) -> dict[TomlKey, int]:
    """Line of each key and section of a TOML text, found without parsing; the first one of a key that is given
    twice."""
    found: dict[TomlKey, int] = {}
    entries: Counter[TomlKey] = Counter()
    section: TomlKey = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[{1,2})\s*([\w.\"' -]+?)\s*\]", line):
            section = ()
            for part in _parts(header[2]):
                if entries[section]:
                    section = (*section, entries[section] - 1)
                section = (*section, part)
            found.setdefault(section, number)
            if header[1] == "[[":
                entries[section] += 1
                section = (*section, entries[section] - 1)
                found[section] = number
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            found.setdefault((*section, *_parts(key[1])), number)
    return found


def _parts(dotted: str) -> list[str]:
    return re.sub(r"[\"' ]", "", dotted).split(".")


def demanded(detail: Mapping[str, Any], known: Sequence[str] = (), must: str = "") -> str:
    """A value that pydantic refuses, what it must be, and which of the words that it may be was probably meant.

    known: words that it may be, where the refusal lists none; must: what it must be, if not as pydantic says.
    """
    given, shown, context = detail["input"], repr(detail["input"]), detail.get("ctx", {})
    words = (
        re.findall(r"'([^']+)'", str(context.get("expected") or context.get("expected_tags")))
        or known
    )
    must = must or str(detail["msg"]).replace("Input should be", "must be")
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."
    return f"{shown}: {must[0].lower()}{must[1:]}{did_you_mean(given, words) if isinstance(given, str) else ''}"


# ---- the model file --------------------------------------------------------------------------------------------------

StageLever = Literal["mine", "separation", "metal", "magnet", "saving"]
"""Levers that add capacity, each of the stage of its name."""
Lever = Literal[StageLever, "training", "hiring", "stockpile"]
LEVERS: tuple[Lever, ...] = get_args(Lever)

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Year = Annotated[int, Field(ge=1900, le=2200)]

A_SECTION = ("model_type", "model_attributes_type", "dict_type")
"""Refusals of a value where a section is wanted."""
KeyLines = Mapping[str, int]
"""Dotted key -> line."""


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


class Horizon(_Section):
    """First and last year of the plan, both inclusive; left out, the span of `demand`."""

    first_year: Year | None = None
    """First year of the plan."""
    last_year: Year | None = None
    """Last year of the plan."""

    @model_validator(mode="after")
    def _runs_forward(self) -> Horizon:
        """Refuse a horizon that ends before it begins."""
        if (
            self.first_year is not None
            and self.last_year is not None
            and self.first_year > self.last_year
        ):
            raise PydanticCustomError(
                "horizon",
                "first_year {first} is after last_year {last}",
                {"first": self.first_year, "last": self.last_year},
            )
        return self


class Objective(_Section):
    """The goal that is minimised, and in which order."""

    goal: Literal["risk", "target", "welfare"] = "risk"
    """`risk`: least risk, then least cost; `target`: least cost with risk <= `risk_limit`;
    `welfare`: least cost + risk."""
    risk_limit: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Largest risk accepted (MUSD); goal `target` only."""
    risk_aversion: Fraction = 0.5
    """lambda in [0, 1]: weight of CVaR against expected loss."""
    risk_slack: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.001
    """Goal `risk`: the plan is the cheapest whose risk is within this share of the least attainable."""
    tail: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.9
    """alpha in [0, 1): CVaR is the mean loss of the worst 1 - alpha."""
    odds: Literal["given", "worst"] = "given"
    """`given`: probabilities as they stand; `worst`: the risk is that under the worst odds between the bounds in
    `scenarios`. Cost is expected at the given ones."""
    gap: Rate = 0.01
    """Proven relative gap at which a phase may stop where the program is not solved as one LP."""

    @model_validator(mode="after")
    def _limit_goes_with_target(self) -> Objective:
        """Refuse goal `target` without a limit of the risk."""
        if self.goal == "target" and self.risk_limit is None:
            raise PydanticCustomError(
                "risk-limit", 'goal = "target" needs objective.risk_limit (MUSD)'
            )
        return self

    @property
    def limit(self) -> float | None:
        """Largest risk accepted (MUSD); None with any goal but `target`."""
        return self.risk_limit if self.goal == "target" else None


class Policy(_Section):
    """Rules by which allies act: what they share, and when they decide."""

    investment: Literal["committed", "adaptive", "staged"] = "committed"
    """`committed` (two-stage): one investment path for all scenarios; `adaptive` (multistage): investment may answer
    what has been revealed so far; `staged`: what the storylines have revealed so far, not the single draws. CVaR at
    the end of the horizon is not time-consistent: what is decided at later nodes may not be optimal for them alone."""
    coordination: Literal["allied", "blocs", "national"] = "allied"
    """`allied`: all countries share feeds and products; `blocs`: countries of one bloc do;
    `national`: each country alone."""
    budget_carry_over: bool = True
    """Unspent budget moves to the next year."""
    whole_plants: bool = False
    """New capacity of a project with `unit_tpa` comes in whole units."""
    committed_through: Year | None = None
    """With `adaptive` or `staged`: decisions up to and including this year are one path for all histories."""
    first_decision_year: Year | None = None
    """Before it the plan decides nothing: no builds, new seats, hires or purchases; left out, the first year. Intake into
    seats that exist stays free."""
    funding: Literal["reach", "home"] = "reach"
    """`reach`: funders pay where `funders` lets them; `home`: of these only in the countries of their own party."""
    stock: Literal["recourse", "scheduled"] = "recourse"
    """`recourse`: stock purchases answer what a history has shown; `scheduled`: they are decided as builds are, and
    delivered as far as trade goes on."""
    cost_sharing: Literal["even", "stable"] = "even"
    """Weights by which payments are evened out: `even`: budgets; `stable`: the shares that leave nobody better off
    alone."""
    secondment_share: Fraction = 0.0
    """Largest share of a country's staff in a skill that may work in another country of its group."""


TargetKind = Literal["served", "origin_share", "made_share"]
TargetForm = Literal["oxide", "metal", "magnet", "feed"]


class Target(Row):
    """What a plan must or should reach: a row of the table `targets`."""

    target: Id = identifier("target")
    name: Name = col("name for people", default="")
    kind: TargetKind = col(
        "demand that is met, largest share of one outside origin, or least share made by plants"
    )
    scenario: Id = col("scenario or storyline on which it holds; blank = all", default="")
    country: Ids = col("`;`-separated countries, summed; blank = all, or the party", default=())
    party: Label = col("party whose countries are meant; blank = all, or `country`", default="")
    element: Id = col("element; blank = each that is demanded, by itself", default="")
    form: TargetForm | None = col(
        "form; `feed` (kind made_share) = what mines yield; blank (kind served) = all forms summed",
        default=None,
    )
    feeds: Ids = col("`;`-separated feeds (form feed); blank = all", default=())
    first_year: Whole | None = edge("first year in which it holds; blank = first year")
    last_year: Whole | None = edge("last year in which it holds; blank = last year")
    share: Number = share("share that is asked for")
    price_usd_per_kg: Number | None = positive(
        "price at which it may be missed; blank = it must hold", "USD/kg", None
    )


class ModelTarget(Target):
    """A target of the model file, a section `[[targets]]` with the columns of the table."""


class ModelFile(_Section):
    """All keys of a model file.

    >>> ModelFile(levers=("mine",)).objective.goal
    'risk'
    """

    name: str = ""
    """Short name of the model; left out, the file name."""
    title: str = ""
    """One line for people; left out, the file name."""
    horizon: Horizon = Horizon()
    """First and last year."""
    discount_rate: Rate = 0.0
    """Per year, for costs; factor (1 + r)^-(t - first_year)."""
    risk_discount_rate: Rate = 0.0
    """Per year, for losses."""
    objective: Objective = Objective()
    """What is minimised."""
    policy: Policy = Policy()
    """How allies act."""
    levers: tuple[Lever, ...] = LEVERS
    """What the plan may add: new capacity by stage, new training seats, hires, stock purchases.
    What exists keeps running whatever the levers."""
    targets: tuple[ModelTarget, ...] = ()
    """What the plan must or should reach; sections `[[targets]]` with the columns of the table `targets`."""

    @field_validator("targets", mode="before")
    @classmethod
    def _list_of_targets(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    def __repr__(self) -> str:
        usual = ModelFile(name=self.name, title=self.title).flat()
        told = [f"{key}={value!r}" for key, value in self.flat().items() if value != usual[key]]
        return f"ModelFile({', '.join([self.name, *told])})"

    def given(self) -> dict[str, Any]:
        """Nested values of the keys that are no defaults; targets as rows, which keep their lines."""
        return self.model_dump(exclude_defaults=True) | {"targets": self.targets}

    def flat(self) -> dict[str, object]:
        """Every key, dotted, and its value."""
        out: dict[str, object] = {}
        for key, value in self.model_dump().items():
            out |= (
                {f"{key}.{inner}": v for inner, v in value.items()}
                if isinstance(value, dict)
                else {key: value}
            )
        return out

    @field_validator("name", "title")
    @classmethod
    def _can_be_written(cls, value: str) -> str:
        # Bytes of a command line that are not UTF-8 arrive as lone surrogates, which are invisible too.
        if code := invisible(value):
            raise PydanticCustomError(
                "bad-value", "contains the invisible character {code}", {"code": code}
            )
        return value

    @field_validator("levers", mode="before")
    @classmethod
    def _list_of_levers(cls, value: object) -> object:
        """Levers in the order of `LEVERS`, of a list or of a text with `;` or `,` between them."""
        if isinstance(value, str):
            value = [
                part.strip() for part in value.split(";" if ";" in value else ",") if part.strip()
            ]
        if isinstance(value, list | tuple):
            if all(lever in LEVERS for lever in value):
                value = sorted(set(value), key=LEVERS.index)
            return tuple(value)
        return value


def read_model(path: Path | None, overrides: Mapping[str, object] | None = None) -> ModelFile:
    """Read a TOML model file (None: defaults) and apply overrides with dotted keys.

    Raises InputError with one fault per wrong key.
    """
    if path is None:
        return build_model({}, overrides or {}, CHANGE, "defaults")
    found = read_toml(path, "model file")
    targets = found.values.get("targets")
    for place, target in enumerate(targets if isinstance(targets, list) else ()):
        if isinstance(target, dict):
            line = found.line(("targets", place))
            if "line" in target:
                key = f"targets.{place + 1}.line"
                raise refused("unknown-key", path.name, "unknown key", column=key, line=line)
            target["line"] = line
    lines = {".".join(map(str, key)): line for key, line in found.lines.items()}
    stem = file_words(path.resolve().parent.name if path.name == "model.toml" else path.stem)
    return build_model(found.values, overrides or {}, path.name, stem, lines)


def build_model(
    values: Mapping[str, Any],
    overrides: Mapping[str, object],
    place: str,
    stem: str,
    lines: KeyLines | None = None,
) -> ModelFile:
    """ModelFile from nested values, then dotted overrides. Raises InputError."""
    merged = _deep_copy(values)
    for key, value in overrides.items():
        set_dotted(merged, key, value)
    if merged.get("name") in (None, ""):
        merged["name"] = stem
    if merged.get("title") in (None, ""):
        merged["title"] = merged["name"] if isinstance(merged["name"], str) else stem
    try:
        return ModelFile.model_validate(merged)
    except ValidationError as error:
        found = [_as_fault(detail, place, set(overrides), lines or {}) for detail in error.errors()]
        raise InputError(found) from None


def parse_value(text: str, key: str = "") -> object:
    """A TOML value, or the text itself when it is not one (bare words need no quotes). A name is always text."""
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
    return text if key in ("name", "title") and not isinstance(value, str) else value


def set_dotted(values: dict[str, Any], key: str, value: object) -> None:
    """Set values['a']['b'] for key 'a.b', creating sections. Raises InputError if a section is a value."""
    *sections, last = key.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise refused("unknown-key", CHANGE, f'"{section}" is a key, not a section', column=key)
        values = inner
    values[last] = value


def _deep_copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _deep_copy(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def known_keys(section: type[BaseModel] = ModelFile, prefix: str = "") -> list[str]:
    """All dotted keys of the model file, in order."""
    keys: list[str] = []
    for name, stated in section.model_fields.items():
        inner = stated.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += known_keys(inner, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def default_value(key: str) -> object:
    """Default of a dotted key of the model file; an empty text for an unknown key or a section."""
    return ModelFile().flat().get(key, "")


def meaning(key: str) -> str:
    """Meaning of a dotted key of the model file, in one line."""
    return " ".join(str(_field(key).description).split())


def key_type(key: str) -> Any:
    """The type of the values of a dotted key of the model file."""
    return _field(key).annotation


def _field(key: str) -> FieldInfo:
    section: type[BaseModel] = ModelFile
    *sections, last = key.split(".")
    for name in sections:
        section = section.model_fields[name].annotation  # type: ignore[assignment]
    return section.model_fields[last]


def _as_fault(
    detail: Mapping[str, Any], place: str, overridden: set[str], lines: KeyLines
) -> Fault:
    """A fault, with its rule and remedy, of what pydantic refused.

    place: the file; `--set` if an override is to blame. lines: of each key.
    """
    key, kind, given = (
        ".".join(part for part in detail["loc"] if isinstance(part, str)),
        detail["type"],
        "",
    )
    remedy = ""
    if kind == "extra_forbidden":
        rule, message = "unknown-key", f"unknown key{_meant(key)}"
    elif kind == "missing":
        rule, message, remedy = "bad-value", "is missing", "add the key"
    elif kind == "risk-limit":
        rule, message, key = kind, str(detail["msg"]), "objective.goal"
    elif kind == "horizon":
        rule, message, key = kind, str(detail["msg"]), "horizon.first_year"
    else:
        section = (
            f"{detail['loc'][-1]} is a section; write [{detail['loc'][-1]}] and its keys below it"
        )
        rule, given = "bad-value", detail["input"]
        message = (
            str(detail["msg"])
            if kind == "bad-value"
            else demanded(detail, (), section * (kind in A_SECTION))
        )
    nearest_places = (".".join(map(str, detail["loc"])), ".".join(map(str, detail["loc"][:2])), key)
    line = next((lines[name] for name in nearest_places if name in lines), 0)
    if key in overridden or (
        key not in lines and any(k.startswith(f"{key.split('.')[0]}.") for k in overridden)
    ):
        place, line = CHANGE, 0
    return fault(rule, place, line, key, message=message, value=given, remedy=remedy)


def _meant(key: str) -> str:
    """The key that was probably meant: the same name in its right section, else the nearest."""
    section, _, column = key.partition(".")
    if section == "targets" and column:
        found = nearest(column, Target.columns())
        return f' (did you mean "{section}.{found}"?)' if found else ""
    names = known_keys()
    sections = list(dict.fromkeys(name.split(".")[0] for name in names))
    moved = [name for name in names if name.split(".")[-1] == key.split(".")[-1]]
    found = (
        moved[0] if len(moved) == 1 else nearest(key, names if "." in key else [*names, *sections])
    )
    last = nearest(key.split(".")[-1], [name.split(".")[-1] for name in names])
    found = found or next((name for name in names if last and name.split(".")[-1] == last), "")
    return f' (did you mean "{found}"?)' if found else ""
