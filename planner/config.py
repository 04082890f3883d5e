"""The model file: what the planner chooses. One class per section, every key documented."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from planner.errors import Fault, InputError, did_you_mean

Lever = Literal["mine", "separation", "metal", "training", "hiring", "stockpile"]
LEVERS: tuple[Lever, ...] = ("mine", "separation", "metal", "training", "hiring", "stockpile")

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=False)]
Rate = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Horizon(_Section):
    """First and last year of the plan, both inclusive; left out, the span of `demand`."""

    first_year: int | None = None
    """First year of the plan."""
    last_year: int | None = None
    """Last year of the plan."""


class Objective(_Section):
    """What is minimised, in which order."""

    goal: Literal["risk", "target", "welfare"] = "risk"
    """`risk`: least risk, then least cost; `target`: least cost with risk <= `risk_limit`;
    `welfare`: least cost + risk."""
    risk_limit: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Largest risk accepted (MUSD); goal `target` only."""
    risk_aversion: Share = 0.5
    """lambda in [0, 1]: weight of CVaR against expected loss."""
    risk_slack: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.001
    """Goal `risk`: the plan is the cheapest whose risk is within this share of the least attainable."""
    tail: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.9
    """alpha in [0, 1): CVaR is the mean loss of the worst 1 - alpha."""

    @model_validator(mode="after")
    def _limit_goes_with_target(self) -> Objective:
        if self.goal == "target" and self.risk_limit is None:
            raise ValueError('goal = "target" needs objective.risk_limit (MUSD)')
        if self.goal != "target" and self.risk_limit is not None:
            raise ValueError(
                f'objective.risk_limit has no effect with goal = "{self.goal}"; remove it or set goal = "target"'
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
    secondment_share: Share = 0.0
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

    @field_validator("levers", mode="before")
    @classmethod
    def _list_of_levers(cls, value: object) -> object:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(";" if ";" in value else ",") if part.strip()]
        if isinstance(value, list | tuple):
            unknown = [str(v) for v in value if v not in LEVERS]
            if unknown:
                raise ValueError(
                    f'unknown lever "{unknown[0]}"{did_you_mean(unknown[0], LEVERS)}; known: {", ".join(LEVERS)}'
                )
            return tuple(lever for lever in LEVERS if lever in value)
        return value


def read_model(path: Path | None, overrides: Mapping[str, object] | None = None) -> ModelFile:
    """Read a TOML model file (None: defaults) and apply overrides with dotted keys.

    Raises InputError with one fault per wrong key.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError([Fault(str(path), 0, "", "no such model file")]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError([Fault(str(path), 0, "", f"cannot be read as UTF-8 text: {error}")]) from None
        except tomllib.TOMLDecodeError as error:
            raise InputError([Fault(path.name, 0, "", f"is not valid TOML: {error}")]) from None
    place = path.name if path else "--set"
    stem = path.parent.name if path and path.name == "model.toml" else path.stem if path else "defaults"
    return build_model(values, overrides or {}, place, stem)


def build_model(values: Mapping[str, Any], overrides: Mapping[str, object], place: str, stem: str) -> ModelFile:
    """ModelFile from nested values, then dotted overrides. Raises InputError."""
    merged = _deep_copy(values)
    for key, value in overrides.items():
        set_dotted(merged, key, value)
    if merged.get("name") in (None, ""):
        merged["name"] = stem
    if merged.get("title") in (None, ""):
        merged["title"] = merged["name"]
    try:
        return ModelFile.model_validate(merged)
    except ValidationError as error:
        overridden = set(overrides)
        raise InputError(_as_fault(detail, place, overridden) for detail in error.errors()) from None


def parse_override(text: str) -> tuple[str, object]:
    """'policy.coordination=national' -> ('policy.coordination', 'national'). Values are read as TOML,
    bare words as text. Raises InputError."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError([Fault("--set", 0, text, "must look like KEY=VALUE, e.g. policy.coordination=national")])
    return key.strip(), parse_value(value.strip())


def parse_value(text: str) -> object:
    """A TOML value, or the text itself when it is not one (bare words need no quotes)."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def set_dotted(values: dict[str, Any], key: str, value: object) -> None:
    """Set values['a']['b'] for key 'a.b', creating sections. Raises InputError if a section is a value."""
    *sections, last = key.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise InputError([Fault("--set", 0, key, f'"{section}" is a key, not a section')])
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


def _as_fault(detail: Mapping[str, Any], place: str, overridden: set[str]) -> Fault:
    loc: Sequence[object] = detail["loc"]
    key = ".".join(str(part) for part in loc if isinstance(part, str))
    where = "--set" if key in overridden else place
    if detail["type"] == "extra_forbidden":
        names = known_keys()
        sections = list(dict.fromkeys(name.split(".")[0] for name in names))
        return Fault(where, 0, key, f"unknown key{did_you_mean(key, names if '.' in key else names + sections)}")
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] not in ("value_error", "missing"):
        message = f"{detail['input']!r}: {message[0].lower()}{message[1:]}"
    return Fault(where, 0, key, message)
