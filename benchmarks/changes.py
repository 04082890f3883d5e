"""Kinds of change to a case that people make one after the other: figures, and what alters the program's structure.

Each is a function from a case to another, and needs nothing that a small case does not have. `CHANGES` lists them by
name; the names say what is done. `asked` draws changes as somebody at a screen would make them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from planner.cells import Row
from planner.config import LEVERS
from planner.data.case import Case
from planner.data.schema import TABLES

Rows = list[Any]
Where = Callable[[Any], bool]


@dataclass(frozen=True)
class Change:
    """A kind of change. of: the other case. structural: it is more than other figures."""

    of: Callable[[Case], Case]
    structural: bool = False


def with_rows(case: Case, **tables: Rows) -> Case:
    """The case with other rows in some tables, checked."""
    rows = {name: tuple(found) for name, found in tables.items()}
    return replace(case, tables=replace(case.tables, **rows)).checked()


def scaled(
    case: Case, table: str, column: str, factor: float, where: Where = lambda row: True
) -> Case:
    """The case with a column of figures times a factor in some rows; blank cells stay."""
    return with_rows(case, **{table: _scaled(case.tables.rows(table), column, factor, where)})


def _scaled(
    rows: tuple[Row, ...], column: str, factor: float, where: Where = lambda row: True
) -> Rows:
    found = [(row, getattr(row, column)) for row in rows]
    return [
        row.model_copy(update={column: v * factor}) if v is not None and where(row) else row
        for row, v in found
    ]


def without(case: Case, **names: str) -> Case:
    """The case without a country, project, element or scenario, and without all rows that name it."""
    kept: dict[str, Rows] = {}
    for table in TABLES:
        rows: Rows = [
            row
            for row in case.tables.rows(table.name)
            if all(
                not value or getattr(row, column, "") != value for column, value in names.items()
            )
        ]
        kept[table.name] = [_listed(row, names.get("country", "")) for row in rows]
    left = {row.project for row in kept["projects"]}
    for name in ("staffing", "recoveries", "shocks"):
        kept[name] = [
            row
            for row in kept[name]
            if not row.project or row.project == "*" or row.project in left
        ]
    kept["funders"] = [row for row in kept["funders"] if row.countries]
    total = sum(row.probability for row in kept["scenarios"])
    kept["scenarios"] = (
        _scaled(tuple(kept["scenarios"]), "probability", 1 / total) if kept["scenarios"] else []
    )
    used = {feed for row in kept["projects"] for feed in row.feeds}
    kept["feeds"] = [row for row in kept["feeds"] if row.feed in used or "project" not in names]
    return with_rows(
        case, **{name: rows for name, rows in kept.items() if tuple(rows) != case.tables.rows(name)}
    )


def _listed(row: Row, country: str) -> Row:
    listed = getattr(row, "countries", ())
    return (
        row.model_copy(update={"countries": tuple(c for c in listed if c != country)})
        if country in listed
        else row
    )


def fewer_levers(lever: str) -> Callable[[Case], Case]:
    """Without one lever."""
    return lambda case: case.changed({"levers": [name for name in LEVERS if name != lever]})


def choice(key: str, value: object) -> Callable[[Case], Case]:
    """One key of the model file."""
    return lambda case: case.changed({key: value})


def figure(table: str, column: str, factor: float, where: Where = lambda row: True) -> Change:
    """A column of figures times a factor."""
    return Change(lambda case: scaled(case, table, column, factor, where))


def possible(case: Case, stage: str) -> Any:
    """The plant of a stage that new capacity can be most of."""
    return max(
        (row for row in case.projects.values() if row.stage == stage),
        key=lambda row: row.max_new_tpa,
    )


def longer_lead(case: Case) -> Case:
    """The largest separation plant takes a year longer."""
    plant = possible(case, "separation")
    return case.changed({f"projects.{plant.project}.lead_time_years": plant.lead_time_years + 1})


def project_in(case: Case) -> Case:
    """A second metal plant like the largest one."""
    plant = possible(case, "metal").model_copy(
        update={"project": "another_one", "name": "Another one"}
    )
    return with_rows(case, projects=[*case.tables.projects, plant])


def probable(case: Case) -> Case:
    """The second scenario a tenth more probable, the first less by as much."""
    one, two, *rest = sorted(case.tables.scenarios, key=lambda row: row.scenario)
    moved = min(two.probability * 0.1, one.probability / 2)
    rows = (one.model_copy(update={"probability": one.probability - moved}),)
    return with_rows(
        case,
        scenarios=[*rows, two.model_copy(update={"probability": two.probability + moved}), *rest],
    )


def dearer_shortage(case: Case) -> Case:
    """What a missing kilogram costs, times 1.2, steps and all."""
    elements = _scaled(case.tables.elements, "loss_usd_per_kg", 1.2)
    return with_rows(
        case, elements=elements, loss_tiers=_scaled(case.tables.loss_tiers, "loss_usd_per_kg", 1.2)
    )


def target(case: Case) -> Case:
    """The cheapest plan that keeps risk below 2,500 MUSD."""
    return case.changed({"objective.goal": "target", "objective.risk_limit": 2500.0})


def smallest_country(case: Case) -> str:
    """The country with fewest rows of projects and demand, of those that have both."""
    projects = [row.country for row in case.tables.projects]
    demand = [row.country for row in case.tables.demand]
    both = sorted(set(projects) & set(demand))
    return min(both, key=lambda country: projects.count(country) + demand.count(country))


def _cut(row: Any) -> bool:
    return row.kind == "import" and row.factor > 0


STRUCTURAL: dict[str, Callable[[Case], Case]] = {
    **{f"without the lever {lever}": fewer_levers(lever) for lever in LEVERS if lever != "magnet"},
    "lead time +1 year": longer_lead,
    "project out": lambda case: without(case, project=possible(case, "metal").project),
    "project in": project_in,
    "country out": lambda case: without(case, country=smallest_country(case)),
    "element out": lambda case: without(case, element=case.tables.elements[-1].element),
    "scenario out": lambda case: without(case, scenario=case.tables.scenarios[-1].scenario),
    "first year +1": lambda case: case.changed({"horizon.first_year": case.first_year + 1}),
    "secondment": choice("policy.secondment_share", 0.1),
    "no carry-over": choice("policy.budget_carry_over", False),
    "adaptive": choice("policy.investment", "adaptive"),
    "blocs": choice("policy.coordination", "blocs"),
    "each country alone": choice("policy.coordination", "national"),
    "goal target": target,
    "goal welfare": choice("objective.goal", "welfare"),
}
CHANGES: dict[str, Change] = {
    "budgets x 0.5": figure("budgets", "musd", 0.5),
    "budgets x 1.2": figure("budgets", "musd", 1.2),
    "demand x 1.1": figure("demand", "tonnes", 1.1),
    "imports x 0.9": figure("imports", "tonnes", 0.9),
    "capital cost x 1.1": figure("projects", "capex_usd_per_tpa", 1.1),
    "recovery x 0.98": figure("projects", "recovery", 0.98),
    "new capacity x 1.2": figure("projects", "max_new_tpa", 1.2),
    "seats x 1.2": figure("training", "max_new_seats", 1.2),
    "mentor ratio x 0.9": figure("skills", "mentor_ratio", 0.9),
    "persons per kt x 1.1": figure("staffing", "persons_per_ktpa", 1.1),
    "price of loss x 1.2": Change(dearer_shortage),
    "probability +10 %": Change(probable),
    "cuts x 0.9": figure("shocks", "factor", 0.9, _cut),
    "risk slack 1 %": Change(choice("objective.risk_slack", 0.01)),
    "risk aversion 0.8": Change(choice("objective.risk_aversion", 0.8)),
    "tail 0.8": Change(choice("objective.tail", 0.8)),
    "discount rate 8 %": Change(choice("discount_rate", 0.08)),
    **{name: Change(of, structural=True) for name, of in STRUCTURAL.items()},
}


def asked(case: Case, chance: Random) -> tuple[str, Case]:
    """One change drawn at random, in a word, and the case with it. Raises InputError if the case does not allow it."""
    name = chance.choice(list(ASKED))
    return name, ASKED[name](case, chance)


def _project(case: Case, chance: Random, column: str) -> tuple[str, Any]:
    """A plant that can grow, and its figure in a column."""
    row = chance.choice([row for row in case.tables.projects if row.max_new_tpa > 0])
    return row.project, getattr(row, column)


def _money(case: Case, chance: Random) -> Case:
    funder, factor = (
        chance.choice(["*", *sorted({row.funder for row in case.tables.budgets})]),
        chance.uniform(0.3, 1.5),
    )
    return scaled(case, "budgets", "musd", factor, lambda row: funder in ("*", row.funder))


def _appetite(case: Case, chance: Random) -> Case:
    return case.changed({"objective.risk_aversion": round(chance.random(), 2)})


def _probabilities(case: Case, chance: Random) -> Case:
    """One hazard in eight more likely, or less: the scenarios drawn with it weigh more, the others less."""
    factor, some = (
        chance.uniform(0.5, 2),
        {row.scenario for row in case.tables.scenarios if chance.random() < 0.3},
    )
    rows = _scaled(case.tables.scenarios, "probability", factor, lambda row: row.scenario in some)
    total = sum(row.probability for row in rows)
    return with_rows(case, scenarios=_scaled(tuple(rows), "probability", 1 / total))


def _capacity(case: Case, chance: Random) -> Case:
    project, most = _project(case, chance, "max_new_tpa")
    return case.changed({f"projects.{project}.max_new_tpa": most * chance.uniform(0.3, 2)})


def _lead_time(case: Case, chance: Random) -> Case:
    project, years = _project(case, chance, "lead_time_years")
    moved = max(0, years + chance.choice((-1, 1, 2)))
    return case.changed({f"projects.{project}.lead_time_years": moved})


def _lever(case: Case, chance: Random) -> Case:
    changed = chance.choice(LEVERS)
    return case.changed(
        {"levers": [name for name in LEVERS if case.lookups.has_lever(name) != (name == changed)]}
    )


def _member(case: Case, chance: Random) -> Case:
    """A country joins some years late: until then nothing is begun there, and it pays nothing."""
    country = chance.choice(
        sorted({row.country for row in case.tables.projects if row.max_new_tpa > 0})
    )
    year = case.first_year + chance.randint(2, 5)
    rows = [
        row.model_copy(update={"earliest_year": max(year, row.earliest_year or 0)})
        if row.country == country
        else row
        for row in case.tables.projects
    ]
    money = _scaled(
        case.tables.budgets, "musd", 0.0, lambda row: row.funder == country and row.year < year
    )
    return with_rows(case, projects=rows, budgets=money)


def _kept_out(case: Case, chance: Random) -> Case:
    return case.changed({f"projects.{_project(case, chance, 'project')[0]}.max_new_tpa": 0.0})


ASKED: dict[str, Callable[[Case, Random], Case]] = {
    "money": _money,
    "appetite": _appetite,
    "probabilities": _probabilities,
    "capacity": _capacity,
    "lead time": _lead_time,
    "lever": _lever,
    "member late": _member,
    "plant out": _kept_out,
}
