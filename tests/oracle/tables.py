"""Read the contract's CSV tables (section 1) into plain records, with the defaults written there."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, str]
Series = dict[int, float]
FORMS = ("oxide", "metal", "magnet")
TABLES = (
    "countries",
    "elements",
    "loss_tiers",
    "demand",
    "imports",
    "feeds",
    "projects",
    "recoveries",
    "ramps",
    "schedule",
    "skills",
    "workforce",
    "training",
    "staffing",
    "budgets",
    "funders",
    "scenarios",
    "shocks",
    "resale",
    "stockpiles",
    "savings",
    "availability",
    "returns",
    "suppliers",
    "targets",
)
ALL_LEVERS = ("mine", "separation", "metal", "magnet", "saving", "training", "hiring", "stockpile")


class Period(NamedTuple):
    """A whole year (quarter 0) or one of its quarters (1 to 4)."""

    year: int
    quarter: int

    @property
    def length(self) -> float:
        """Contract: "A period has a length h, 1 or 1/4"."""
        return 0.25 if self.quarter else 1.0

    @property
    def opens_year(self) -> bool:
        """True for the first period of its year, in which falls due what is decided by year."""
        return self.quarter <= 1

    @property
    def closes_year(self) -> bool:
        """True for the last period of its year."""
        return self.quarter in (0, 4)

    def before(self, divided: frozenset[int]) -> Period:
        """The period before this one, given the years that are divided."""
        if self.quarter > 1:
            return Period(self.year, self.quarter - 1)
        return Period(self.year - 1, 4 if self.year - 1 in divided else 0)


def read_table(folder: Path, name: str) -> list[Row]:
    """Rows of one CSV ("UTF-8, header row"); an absent optional table has none."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(stream)
        ]


def text(row: Row, column: str, default: str = "") -> str:
    """A cell, or the default where the column is absent or blank."""
    return row.get(column, "") or default


def number(row: Row, column: str, default: float = 0.0) -> float:
    """A number, or the default where blank."""
    cell = row.get(column, "")
    return float(cell) if cell else default


def whole(row: Row, column: str, default: int) -> int:
    """A whole number, or the default where blank."""
    cell = row.get(column, "")
    return int(float(cell)) if cell else default


def flag(row: Row, column: str) -> bool:
    """True or false, false where blank."""
    return row.get(column, "").lower() == "true"


def names(row: Row, column: str) -> list[str]:
    """A `;`-separated list."""
    return [part.strip() for part in row.get(column, "").split(";") if part.strip()]


def at_year(series: Series, year: int) -> float:
    """Contract: `demand` and `imports` are linear between the years given and constant outside them."""
    years = sorted(series)
    if year <= years[0]:
        return series[years[0]]
    if year >= years[-1]:
        return series[years[-1]]
    for left, right in pairwise(years):
        if left <= year <= right:
            return series[left] + (series[right] - series[left]) * (year - left) / (right - left)
    raise AssertionError("years are sorted, so one interval holds the year")


class Step(NamedTuple):
    """One year of `schedule`, the contract's default of `cost_share` filled in."""

    capital: float
    output: float
    cost: float


@dataclass(frozen=True)
class Project:
    """One row of `projects`, defaults filled in; money in USD as given."""

    name: str
    country: str
    stage: str
    basis: str
    existing: float
    online: int
    retire: int
    max_new: float
    earliest: int
    lead: int
    ramp: str
    capex: float
    fixed: float
    variable: float
    public_share: float
    feeds: tuple[str, ...]
    recovery: float
    unit: float
    credit: float
    rise: float | None
    must_run: bool
    schedule: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One row of `targets`, from the case or from the model; no price: it must hold."""

    name: str
    kind: str
    scenario: str
    countries: tuple[str, ...]
    elements: tuple[str, ...]
    form: str
    feeds: tuple[str, ...]
    first: int
    last: int
    share: float
    price: float | None


@dataclass(frozen=True)
class Choices:
    """The model file, defaults filled in."""

    first: int
    last: int
    discount: float
    risk_discount: float
    goal: str
    risk_limit: float | None
    aversion: float
    slack: float
    tail: float
    investment: str
    coordination: str
    carry_over: bool
    secondment: float
    levers: frozenset[str]
    whole_plants: bool
    committed_through: int
    odds: str
    first_decision: int
    funding: str
    stock: str

    @property
    def years(self) -> range:
        """`horizon.first_year`, `horizon.last_year`: "both inclusive"."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Case:
    """All the tables. Small ones are dicts by key, the rest stay rows."""

    countries: list[Row]
    elements: list[Row]
    tiers: list[Row]
    demand: dict[tuple[str, str, str], Series]
    imports: dict[tuple[str, str, str, str], Series]
    shares: dict[str, dict[str, float]]
    projects: list[Project]
    recoveries: dict[tuple[str, str], float]
    ramps: dict[str, dict[int, float]]
    skills: dict[str, Row]
    workforce: dict[tuple[str, str], Row]
    training: dict[str, Row]
    staffing: list[Row]
    budgets: dict[tuple[str, int], float]
    funders: dict[str, list[str]]
    parties: dict[str, str]
    funder_parties: dict[str, str]
    scenarios: dict[str, float]
    shocks: list[Row]
    resale: list[Row]
    stockpiles: dict[tuple[str, str, str], Row]
    prices: dict[tuple[str, str, str, str], Series]
    savings: list[Row]
    availability: dict[str, Series]
    returns: list[Row]
    origins: dict[str, str]
    storylines: dict[str, str]
    bounds: dict[str, tuple[float, float]]
    targets: list[Target]

    @property
    def country_names(self) -> list[str]:
        """ISO3 codes in file order."""
        return [row["country"] for row in self.countries]

    @property
    def element_names(self) -> list[str]:
        """Elements in file order."""
        return [row["element"] for row in self.elements]


def read_series(
    rows: Iterable[Row], key: Callable[[Row], Any], value: str = "tonnes"
) -> dict[Any, Series]:
    """Collect (year, value) by key."""
    found: dict[Any, Series] = {}
    for row in rows:
        found.setdefault(key(row), {})[int(row["year"])] = number(row, value)
    return found


def read_choices(model: Mapping[str, Any], demand: dict[tuple[str, str, str], Series]) -> Choices:
    """The model file's table of keys and defaults; the horizon defaults to "span of `demand`"."""
    span = [year for series in demand.values() for year in series]
    horizon, objective, policy = (model.get(k, {}) for k in ("horizon", "objective", "policy"))
    limit = objective.get("risk_limit")
    return Choices(
        first=horizon.get("first_year", min(span)),
        last=horizon.get("last_year", max(span)),
        discount=model.get("discount_rate", 0.0),
        risk_discount=model.get("risk_discount_rate", 0.0),
        goal=objective.get("goal", "risk"),
        risk_limit=None if limit is None else float(limit),
        aversion=objective.get("risk_aversion", 0.5),
        slack=objective.get("risk_slack", 0.001),
        tail=objective.get("tail", 0.9),
        investment=policy.get("investment", "committed"),
        coordination=policy.get("coordination", "allied"),
        carry_over=policy.get("budget_carry_over", True),
        secondment=policy.get("secondment_share", 0.0),
        levers=frozenset(model.get("levers", ALL_LEVERS)),
        whole_plants=policy.get("whole_plants", False),
        committed_through=policy.get("committed_through", -(10**6)),
        odds=objective.get("odds", "given"),
        first_decision=policy.get("first_decision_year", horizon.get("first_year", min(span))),
        funding=policy.get("funding", "reach"),
        stock=policy.get("stock", "recourse"),
    )


def read_schedule(rows: Iterable[Row], project: str) -> tuple[Step, ...]:
    """Contract: `cost_share`, "blank: 1 from first output on, else 0"."""
    steps: list[Step] = []
    has_output = False
    for row in sorted(rows, key=lambda row: int(row["year"])):
        if row["project"] == project:
            has_output = has_output or number(row, "output_share") > 0
            cost = number(row, "cost_share", float(has_output))
            steps.append(Step(number(row, "capital_share"), number(row, "output_share"), cost))
    return tuple(steps)


def read_project(row: Row, first: int, schedule: Iterable[Row]) -> Project:
    """One project with the contract's defaults ("`earliest_year?`=first year")."""
    steps = read_schedule(schedule, row["project"])
    lead = [year for year, step in enumerate(steps) if step.output > 0]
    return Project(
        name=row["project"],
        country=row["country"],
        stage=row["stage"],
        basis=text(row, "basis", "treo"),
        existing=number(row, "existing_tpa"),
        online=whole(row, "online_year", -(10**6)),
        retire=whole(row, "retire_year", 10**6),
        max_new=number(row, "max_new_tpa"),
        earliest=whole(row, "earliest_year", first),
        lead=lead[0] if lead else whole(row, "lead_time_years", 0),
        ramp=text(row, "ramp"),
        capex=number(row, "capex_usd_per_tpa"),
        fixed=number(row, "fixed_opex_usd_per_tpa"),
        variable=number(row, "variable_opex_usd_per_t"),
        public_share=number(row, "public_share", 1.0),
        feeds=tuple(names(row, "feeds")),
        recovery=number(row, "recovery", 1.0),
        unit=number(row, "unit_tpa"),
        credit=number(row, "credit_usd_per_t"),
        rise=number(row, "rise") if row.get("rise") else None,
        must_run=flag(row, "must_run"),
        schedule=steps,
    )


def read_nested(
    rows: Iterable[Row], outer: str, inner: str, value: str
) -> dict[str, dict[str, float]]:
    """A two-key table as nested dicts."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row[outer], {})[row[inner]] = number(row, value)
    return found


def import_key(row: Row) -> tuple[str, str, str, str]:
    """What identifies an import series: supplier, country, element and form."""
    return row["supplier"], row["country"], row["element"], text(row, "form", "oxide")


def good_key(row: Row) -> tuple[str, str, str]:
    """Country, element and form."""
    return row["country"], row["element"], text(row, "form", "oxide")


def read_bounds(rows: Iterable[Row]) -> dict[str, tuple[float, float]]:
    """Contract: `probability_low` and `probability_high` bound a probability; "without them is fixed"."""
    found = {}
    for row in rows:
        given = number(row, "probability")
        low = number(row, "probability_low", given)
        found[row["scenario"]] = (low, number(row, "probability_high", given))
    return found or {"base": (1.0, 1.0)}


def target_countries(row: Row, countries: list[Row]) -> tuple[str, ...]:
    """Contract: "those named by `country` (`;`-separated) or those of the `party` (not both), else all"."""
    named, party = names(row, "country"), row.get("party", "")
    if named:
        return tuple(named)
    members = [r["country"] for r in countries if text(r, "party", r["country"]) == party]
    return tuple(members if party else [r["country"] for r in countries])


def read_target(row: Row, rows: Mapping[str, list[Row]], choices: Choices) -> Target:
    """One target; "`element` blank: each element with a row in `demand`, by itself"."""
    asked = {r["element"] for r in rows["demand"]}
    elements = [r["element"] for r in rows["elements"] if r["element"] in asked]
    return Target(
        name=row["target"],
        kind=row["kind"],
        scenario=row.get("scenario", ""),
        countries=target_countries(row, rows["countries"]),
        elements=(row["element"],) if row.get("element") else tuple(elements),
        form=row.get("form", ""),
        feeds=tuple(names(row, "feeds")),
        first=whole(row, "first_year", choices.first),
        last=whole(row, "last_year", choices.last),
        share=number(row, "share"),
        price=number(row, "price_usd_per_kg") if row.get("price_usd_per_kg") else None,
    )


def read_targets(
    rows: Mapping[str, list[Row]], model: Mapping[str, Any], choices: Choices
) -> list[Target]:
    """Contract: Targets "stand in the case's table or in the model file as `[[targets]]` with the same names"."""
    chosen = [{k: str(v) for k, v in row.items()} for row in model.get("targets", [])]
    return [read_target(row, rows, choices) for row in [*rows["targets"], *chosen]]


def read_case(folder: Path, model: Mapping[str, Any]) -> tuple[Case, Choices]:
    """Read the whole folder and the model dict."""
    rows = {name: read_table(folder, name) for name in TABLES}
    demand = read_series(rows["demand"], good_key)
    choices = read_choices(model, demand)
    ramps = read_nested(rows["ramps"], "ramp", "year_after_start", "share")
    chances = {r["scenario"]: number(r, "probability") for r in rows["scenarios"]}
    stories = {r["scenario"]: text(r, "storyline", r["scenario"]) for r in rows["scenarios"]}
    case = Case(
        countries=rows["countries"],
        elements=rows["elements"],
        tiers=rows["loss_tiers"],
        demand=demand,
        imports=read_series(rows["imports"], import_key),
        shares=read_nested(rows["feeds"], "feed", "element", "share"),
        projects=[read_project(row, choices.first, rows["schedule"]) for row in rows["projects"]],
        recoveries={
            (r["project"], r["element"]): number(r, "recovery") for r in rows["recoveries"]
        },
        ramps={
            ramp: {int(k): share for k, share in steps.items()} for ramp, steps in ramps.items()
        },
        skills={r["skill"]: r for r in rows["skills"]},
        workforce={(r["country"], r["skill"]): r for r in rows["workforce"]},
        training={r["programme"]: r for r in rows["training"]},
        staffing=rows["staffing"],
        budgets={(r["funder"], int(r["year"])): number(r, "musd") for r in rows["budgets"]},
        funders={r["funder"]: names(r, "countries") for r in rows["funders"]},
        parties={r["country"]: text(r, "party", r["country"]) for r in rows["countries"]},
        funder_parties={r["funder"]: text(r, "party") for r in rows["funders"]},
        scenarios=chances or {"base": 1.0},
        shocks=rows["shocks"],
        resale=rows["resale"],
        stockpiles={good_key(r): r for r in rows["stockpiles"]},
        prices=read_series(rows["imports"], import_key, "price_usd_per_kg"),
        savings=rows["savings"],
        availability=read_series(rows["availability"], lambda r: r["project"]),
        returns=rows["returns"],
        origins={r["supplier"]: text(r, "origin", r["supplier"]) for r in rows["suppliers"]},
        storylines=stories or {"base": "base"},
        bounds=read_bounds(rows["scenarios"]),
        targets=read_targets(rows, model, choices),
    )
    return case, choices
