"""The manifest: which tables a case has, in which order, and what identifies a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from planner.data.schema import (
    Budget,
    Country,
    Demand,
    Element,
    FeedShare,
    Funder,
    Import,
    LossTier,
    Project,
    Ramp,
    Recovery,
    Row,
    Scenario,
    Shock,
    Skill,
    Staffing,
    Stockpile,
    Training,
    Workforce,
)


@dataclass(frozen=True)
class Table:
    """One table: its row type, the columns that identify a row, and what it says in one line."""

    name: str
    row: type[Row]
    key: tuple[str, ...]
    meaning: str
    required: bool = False


TABLES: tuple[Table, ...] = (
    Table("countries", Country, ("country",), "who takes part: users, producers, partners", True),
    Table("elements", Element, ("element",), "the elements counted, and what a missing kilogram costs", True),
    Table("loss_tiers", LossTier, ("element", "country", "form", "up_to_share"), "the loss in steps of depth"),
    Table("demand", Demand, ("country", "element", "form", "year"), "what is used", True),
    Table("imports", Import, ("supplier", "country", "element", "form", "year"), "what outside suppliers can sell"),
    Table("feeds", FeedShare, ("feed", "element"), "composition of what mines give", True),
    Table("projects", Project, ("project",), "mines, separation and metal plants, existing and possible", True),
    Table("recoveries", Recovery, ("project", "element"), "recovery by element where it differs"),
    Table("ramps", Ramp, ("ramp", "year_after_start"), "how new capacity comes into use"),
    Table("skills", Skill, ("skill",), "the trades that plants need"),
    Table("workforce", Workforce, ("country", "skill"), "who is there, and who can be hired"),
    Table("training", Training, ("programme",), "where people are trained"),
    Table("staffing", Staffing, ("stage", "project", "skill"), "who is needed per thousand tonnes"),
    Table("budgets", Budget, ("funder", "year"), "public money by funder and year"),
    Table("funders", Funder, ("funder",), "where a funder may pay; without a row: only in the country of its name"),
    Table("scenarios", Scenario, ("scenario",), "the futures and their probabilities; none: one scenario `base`"),
    Table(
        "shocks",
        Shock,
        (
            "scenario",
            "kind",
            "start_year",
            "end_year",
            "supplier",
            "country",
            "element",
            "form",
            "stage",
            "project",
            "factor",
        ),
        "what each scenario does",
    ),
    Table("stockpiles", Stockpile, ("country", "element", "form"), "stocks held and possible"),
)
BY_NAME = {table.name: table for table in TABLES}


@dataclass(frozen=True)
class Tables:
    """The rows of a case, one field per table of the manifest."""

    countries: tuple[Country, ...] = ()
    elements: tuple[Element, ...] = ()
    loss_tiers: tuple[LossTier, ...] = ()
    demand: tuple[Demand, ...] = ()
    imports: tuple[Import, ...] = ()
    feeds: tuple[FeedShare, ...] = ()
    projects: tuple[Project, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    ramps: tuple[Ramp, ...] = ()
    skills: tuple[Skill, ...] = ()
    workforce: tuple[Workforce, ...] = ()
    training: tuple[Training, ...] = ()
    staffing: tuple[Staffing, ...] = ()
    budgets: tuple[Budget, ...] = ()
    funders: tuple[Funder, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    shocks: tuple[Shock, ...] = ()
    stockpiles: tuple[Stockpile, ...] = ()

    def rows(self, name: str) -> tuple[Row, ...]:
        """All rows of the table called `name`."""
        return cast("tuple[Row, ...]", getattr(self, name))
