"""The model file: what the planner chooses. One class per section, every key documented."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from planner.config.toml import TOML_RULES, read_toml
from planner.errors import Fault, InputError, Rule, did_you_mean, file_words, invisible, nearest

Lever = Literal["mine", "separation", "metal", "magnet", "training", "hiring", "stockpile"]
LEVERS: tuple[Lever, ...] = ("mine", "separation", "metal", "magnet", "training", "hiring", "stockpile")

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Year = Annotated[int, Field(ge=1900, le=2200)]

MODEL_RULES: dict[str, Rule] = {
    **TOML_RULES,
    "unknown-key": Rule("only known keys", "rename or remove the key"),
    "bad-value": Rule("a key has a value of its type and range", "correct the value"),
    "repeated-key": Rule("a key is given once", "keep one of the two"),
    "risk-limit": Rule('objective.risk_limit and goal = "target" go together', "set both, or neither"),
    "horizon": Rule("the horizon holds at least one year", "let first_year come before last_year"),
    "override": Rule(
        "an override is KEY=VALUE", "write e.g. --set policy.coordination=national or --set projects.ID.recovery=0.9"
    ),
}
"""What a model file is held to. The rules for tables are in `planner.data.rules`."""
KeyPlaces = Mapping[str, tuple[int, str]]
"""Dotted key -> line and, in a workbook, cell."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Horizon(_Section):
    """First and last year of the plan, both inclusive; left out, the span of `demand`."""

    first_year: Year | None = None
    """First year of the plan."""
    last_year: Year | None = None
    """Last year of the plan."""

    @model_validator(mode="after")
    def _runs_forward(self) -> Horizon:
        if self.first_year is not None and self.last_year is not None and self.first_year > self.last_year:
            raise PydanticCustomError(
                "horizon",
                "first_year {first} is after last_year {last}",
                {"first": self.first_year, "last": self.last_year},
            )
        return self


class Objective(_Section):
    """What is minimised, in which order."""

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
    gap: Rate = 0.01
    """Proven relative gap at which a phase may stop where the program is not solved as one LP."""

    @model_validator(mode="after")
    def _limit_goes_with_target(self) -> Objective:
        if self.goal == "target" and self.risk_limit is None:
            raise PydanticCustomError("risk-limit", 'goal = "target" needs objective.risk_limit (MUSD)')
        if self.goal != "target" and self.risk_limit is not None:
            raise PydanticCustomError(
                "risk-limit", 'objective.risk_limit has no effect with goal = "{goal}"', {"goal": self.goal}
            )
        return self


class Policy(_Section):
    """How allies act."""

    investment: Literal["committed", "adaptive"] = "committed"
    """`committed`: one investment path for all scenarios; `adaptive`: investment may answer
    what has been revealed so far."""
    coordination: Literal["allied", "blocs", "national"] = "allied"
    """`allied`: all countries share feeds and products; `blocs`: countries of one bloc do;
    `national`: each country alone."""
    budget_carry_over: bool = True
    """Unspent budget moves to the next year."""
    whole_plants: bool = False
    """New capacity of a project with `unit_tpa` comes in whole units."""
    committed_through: Year | None = None
    """With `adaptive`: decisions up to and including this year are one path for all histories."""
    cost_sharing: Literal["even", "benefit", "stable"] = "even"
    """Whose payments are evened out: `even`: by budget; `benefit`: by what a party's loss falls; `stable`: by the
    shares that leave nobody better off alone."""
    secondment_share: Fraction = 0.0
    """Largest share of a country's staff in a skill that may work in another country of its group."""


class ModelFile(_Section):
    """All keys of a model file."""

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

    def flat(self) -> dict[str, object]:
        """Every key, dotted, and its value."""
        out: dict[str, object] = {}
        for key, value in self.model_dump().items():
            out |= {f"{key}.{inner}": v for inner, v in value.items()} if isinstance(value, dict) else {key: value}
        return out

    @field_validator("name", "title")
    @classmethod
    def _can_be_written(cls, value: str) -> str:
        # Bytes of a command line that are not UTF-8 arrive as lone surrogates, which are invisible too.
        if code := invisible(value):
            raise PydanticCustomError("bad-value", "contains the invisible character {code}", {"code": code})
        return value

    @field_validator("levers", mode="before")
    @classmethod
    def _list_of_levers(cls, value: object) -> object:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(";" if ";" in value else ",") if part.strip()]
        if isinstance(value, list | tuple):
            unknown = [str(v) for v in value if v not in LEVERS]
            if unknown:
                raise PydanticCustomError(
                    "bad-value",
                    'unknown lever "{lever}"{hint}; known: {known}',
                    {"lever": unknown[0], "hint": did_you_mean(unknown[0], LEVERS), "known": ", ".join(LEVERS)},
                )
            return tuple(lever for lever in LEVERS if lever in value)
        return value


def read_model(path: Path | None, overrides: Mapping[str, object] | None = None) -> ModelFile:
    """Read a TOML model file (None: defaults) and apply overrides with dotted keys.

    Raises InputError with one fault per wrong key.
    """
    if path is None:
        return build_model({}, overrides or {}, "--set", "defaults")
    found = read_toml(path, "model file")
    places = {".".join(map(str, key)): (line, "") for key, line in found.lines.items()}
    stem = file_words(path.parent.name if path.name == "model.toml" else path.stem)
    return build_model(found.values, overrides or {}, path.name, stem, places)


def build_model(
    values: Mapping[str, Any], overrides: Mapping[str, object], place: str, stem: str, places: KeyPlaces | None = None
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
        found = [_as_fault(detail, place, set(overrides), places or {}) for detail in error.errors()]
        raise InputError(found) from None


def parse_override(text: str) -> tuple[str, object]:
    """'policy.coordination=national' -> ('policy.coordination', 'national'). Values are read as TOML,
    bare words as text. Raises InputError."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError([_fault("override", "--set", text, "must look like KEY=VALUE")])
    return key.strip(), parse_value(value.strip(), key.strip())


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
            raise InputError([_fault("unknown-key", "--set", key, f'"{section}" is a key, not a section')])
        values = inner
    values[last] = value


def _deep_copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _deep_copy(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def known_keys(section: type[BaseModel] = ModelFile, prefix: str = "") -> list[str]:
    """All dotted keys of the model file, in order."""
    keys: list[str] = []
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += known_keys(inner, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def meaning(key: str) -> str:
    """What a dotted key of the model file means, in one line."""
    section: type[BaseModel] = ModelFile
    *sections, last = key.split(".")
    for name in sections:
        section = section.model_fields[name].annotation  # type: ignore[assignment]
    return " ".join(str(section.model_fields[last].description).split())


def _fault(rule: str, place: str, key: str, message: str, line: int = 0, value: str = "", cell: str = "") -> Fault:
    return Fault(place, line, key, message, rule, value[:200], MODEL_RULES[rule].remedy, cell)


def _as_fault(detail: Mapping[str, Any], place: str, overridden: set[str], places: KeyPlaces) -> Fault:
    key, kind, given = ".".join(str(part) for part in detail["loc"] if isinstance(part, str)), detail["type"], ""
    if kind == "extra_forbidden":
        rule, message = "unknown-key", f"unknown key{_meant(key)}"
    elif kind == "risk-limit":
        rule, message = kind, str(detail["msg"])
        limited = "objective.risk_limit" in places or "objective.risk_limit" in overridden
        key = "objective.risk_limit" if limited else "objective.goal"
    elif kind == "horizon":
        rule, message, key = kind, str(detail["msg"]), "horizon.first_year"
    else:
        rule, given = "bad-value", _shown(detail["input"])
        message = str(detail["msg"]) if kind == "bad-value" else f"{given}: {_demanded(detail)}"
    line, cell = places.get(key, (0, ""))
    if key in overridden or (key not in places and any(k.startswith(f"{key.split('.')[0]}.") for k in overridden)):
        place, line, cell = "--set", 0, ""
    return _fault(rule, place, key, message, line, given, cell)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _demanded(detail: Mapping[str, Any]) -> str:
    """What pydantic demands, as a planner would say it."""
    if detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        name = detail["loc"][-1]
        return f"{name} is a section; write [{name}] and its keys below it"
    message = str(detail["msg"]).replace("Input should be", "must be")
    if detail["type"] == "literal_error" and isinstance(detail["input"], str):
        message += did_you_mean(detail["input"], re.findall(r"'(\w+)'", str(detail["ctx"]["expected"])))
    return f"{message[0].lower()}{message[1:]}"


def _meant(key: str) -> str:
    """The key that was probably meant: the same name in its right section, else the nearest."""
    names = known_keys()
    sections = list(dict.fromkeys(name.split(".")[0] for name in names))
    moved = [name for name in names if name.split(".")[-1] == key.split(".")[-1]]
    found = moved[0] if len(moved) == 1 else nearest(key, names if "." in key else [*names, *sections])
    last = nearest(key.split(".")[-1], [name.split(".")[-1] for name in names])
    found = found or next((name for name in names if last and name.split(".")[-1] == last), "")
    return f' (did you mean "{found}"?)' if found else ""
