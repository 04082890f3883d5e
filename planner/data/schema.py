"""The tables of a case: a row type per table with column, type, unit, default, bounds and meaning, and a line on each table.

Loading, messages, `inputs/README.md` and the workbook template read these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args, get_type_hints

from planner.cells import (
    Flag,
    Id,
    Ids,
    Label,
    Name,
    Number,
    Row,
    When,
    Whole,
    Wildcard,
    above_zero,
    col,
    degrees,
    edge,
    identifier,
    positive,
    share,
    year,
)
from planner.config import Target
from planner.data.investment_tables import ByProduct, Contract, DeckPrice, Finance, StudyFigure
from planner.data.stages import Form, StageName

ShockKind = Literal["import", "price", "demand", "capacity", "delay"]
FILTERS = ("supplier", "country", "element", "form", "stage", "project")
"""Columns in which a shock or a hazard names its targets."""

# Shocks and hazards name their targets in the same words.
_NAME = col("name for people", default="")
_SUPPLIER = col("supplier; blank or `*` = all (kinds import, price)", default="")
_COUNTRY = col("country; blank or `*` = all", default="")
_ELEMENT = col("element; blank or `*` = all (kinds import, price, demand)", default="")
_FORM = col("form; blank or `*` = all (kinds import, price, demand)", default="")
_STAGE = col("stage; blank or `*` = all (kinds capacity, delay)", default="")
_PROJECT = col("project; blank or `*` = all (kinds capacity, delay)", default="")
_LEAK = share(
    "of what is cut, the largest share that others of the group may sell on (kind import)", 0.0
)


class Country(Row):
    country: Id = identifier("country code (ISO3)")
    name: Name = _NAME
    bloc: Label = col("bloc it shares with under `blocs`; blank = a bloc of its own", default="")
    party: Label = col("with whom it negotiates as one; blank = the country", default="")
    weight: Number = positive("multiplies its losses", "factor", 1.0)
    cost_index: Number = positive("multiplies capex", "factor", 1.0)


AboutKey = Literal[
    "title",
    "commodity",
    "stage_mine",
    "stage_separation",
    "stage_metal",
    "stage_magnet",
    "stage_saving",
    "form_oxide",
    "form_metal",
    "form_magnet",
]


class About(Row):
    key: AboutKey = col(
        "subject: the case, its commodity, a stage of the chain, or the product in a form"
    )
    value: Name = col("its name on pages", min_length=1)


class Element(Row):
    element: Id = identifier("element id, e.g. Dy")
    name: Name = _NAME
    heavy: Flag = col("counts as heavy for plants of basis `heavy`", default=False)
    loss_usd_per_kg: Number = positive("loss per kg of demand not met", "USD/kg")
    price_usd_per_kg: Number | None = positive("price, for reports", "USD/kg", None)


class LossTier(Row):
    element: Id = identifier("element")
    country: Wildcard = col("country; blank = all", default="")
    form: Form | None = col("form; blank = all", default=None)
    up_to_share: Number = above_zero(
        "end of the step, as a share of the year's demand; the last is 1", "share", most=1
    )
    loss_usd_per_kg: Number = positive(
        "loss per kg within the step, not below the step before", "USD/kg"
    )


class Demand(Row):
    country: Id = identifier("country")
    element: Id = identifier("element")
    form: Form = col("form", default="oxide")
    year: Whole = year("year; linear between years given, constant outside")
    tonnes: Number = positive("demand, oxide (contained, for metal and magnets)", "t/y")


class Import(Row):
    supplier: Id = identifier("outside supplier")
    country: Id = identifier("importing country")
    element: Id = identifier("element")
    form: Form = col("form", default="oxide")
    year: Whole = year("year; linear between years given, constant outside")
    tonnes: Number = positive("what the supplier can sell in an undisturbed year", "t/y")
    price_usd_per_kg: Number = positive("what a kg of it costs there", "USD/kg", 0.0)


class FeedShare(Row):
    feed: Id = identifier("feed")
    element: Id = identifier("element")
    share: Number = share("tonnes of oxide per tonne TREO; shares of one feed sum to at most 1")


class Project(Row):
    project: Id = identifier("project")
    name: Name = _NAME
    country: Id = identifier("country")
    stage: StageName = col("stage of the chain, or `saving`")
    basis: Literal["treo", "heavy", "contained"] = col(
        "what a separation plant's tonnes count: all of the feed (TREO), heavy elements, all elements of the case",
        default="treo",
    )
    existing_tpa: Number = positive("capacity that exists or is paid for", "t/y", 0.0)
    online_year: Whole | None = edge("first year of the existing capacity; blank = from the start")
    retire_year: Whole | None = edge("first year without the existing capacity; blank = never")
    max_new_tpa: Number = positive("largest new nameplate over the horizon", "t/y", 0.0)
    unit_tpa: Number | None = above_zero(
        "size of one whole plant or phase, for policy.whole_plants; blank = any size", "t/y", None
    )
    earliest_year: Whole | None = edge("first year in which to commit; blank = first year")
    lead_time_years: Whole = col("years from commitment to first use", "years", 0, ge=0, le=100)
    ramp: Id = col("ramp of new capacity; blank = full use at once", default="")
    capex_usd_per_tpa: Number = positive("capital cost of new nameplate", "USD per t/y", 0.0)
    fixed_opex_usd_per_tpa: Number = positive(
        "yearly cost of new nameplate", "USD per t/y and year", 0.0
    )
    variable_opex_usd_per_t: Number = positive(
        "cost per tonne of throughput as capacity counts it", "USD/t", 0.0
    )
    credit_usd_per_t: Number = positive(
        "what a tonne of throughput earns with goods that the case does not follow; counts up to the variable opex",
        "USD/t",
        0.0,
    )
    rise: Number | None = positive(
        "share of capacity by which output may grow from one year to the next, beyond what newly starts; blank = any",
        "share",
        None,
    )
    must_run: Flag = col(
        "a saving that always runs at its usable capacity; takes no people", default=False
    )
    public_share: Number = share("share of capex paid from public budgets", 1.0)
    feeds: Ids = col(
        "`;`-separated: what a mine gives (one) or a separation plant accepts", default=()
    )
    recovery: Number = share("output per unit of the element in the feed", 1.0)
    latitude: Number | None = degrees("north of the equator, for the map", 90)
    longitude: Number | None = degrees("east of Greenwich, for the map", 180)

    @property
    def largest_tpa(self) -> float:
        """Capacity (t/y) that exists and may be built."""
        return self.existing_tpa + self.max_new_tpa


class Recovery(Row):
    project: Id = identifier("project")
    element: Id = identifier("element")
    recovery: Number = share("overrides `projects.recovery` for the element")


class Saving(Row):
    project: Id = identifier("project of stage `saving`")
    element: Id = identifier("element")
    form: Form = col("form")
    tonnes: Number = above_zero("demand of its country replaced per tonne of throughput", "t per t")
    max_share: Number = share("of that demand, the largest share that it replaces", 1.0)


class Availability(Row):
    project: Id = identifier("mine")
    year: Whole = year("year; linear between years given, constant outside")
    tonnes: Number = positive("most that it can yield, existing and new together", "t TREO/y")


class Return(Row):
    project: Wildcard = col("metal or magnet plant; blank = every one of the stage", default="")
    stage: Wildcard = col("stage; blank where a project is named", default="")
    element: Id = identifier("element that goes in")
    feed: Id = identifier("feed that comes back; it holds that element alone")
    share: Number = share("tonnes of the feed that come back per tonne that goes in")


class Ramp(Row):
    ramp: Id = identifier("ramp")
    year_after_start: Whole = col("0, 1, ..; consecutive", "years", ge=0, le=100)
    share: Number = share("share of nameplate usable; the last one stays")


class ScheduleYear(Row):
    project: Id = identifier("project; its lead_time_years and ramp are then blank")
    year: Whole = col("0 = year of the decision; consecutive", "years", ge=0, le=100)
    capital_share: Number = positive("share of the capital cost paid in that year", "share")
    output_share: Number = share("share of nameplate usable in that year; the last one stays")
    cost_share: Number | None = positive(
        "share of the fixed cost due in that year; blank = 1 from first output on, else 0; the last one stays",
        "share",
        None,
    )


class Skill(Row):
    skill: Id = identifier("skill")
    name: Name = _NAME
    attrition: Number = share("share of the staff leaving per year")
    mentor_ratio: Number | None = positive(
        "trainees one practitioner can carry; blank = no limit", "trainees per person", None
    )


class Workforce(Row):
    country: Id = identifier("country")
    skill: Id = identifier("skill")
    initial: Number = positive("persons in the first year", "persons")
    hires_per_year: Number = positive(
        "most that can be hired per year, from the second year", "persons/y", 0.0
    )
    hire_cost_usd: Number = positive("cost of one hire", "USD/person", 0.0)


class Training(Row):
    programme: Id = identifier("programme")
    country: Id = identifier("country")
    skill: Id = identifier("skill")
    duration_years: Whole = col("years from intake to staff", "years", ge=1, le=100)
    seats: Number = positive("yearly intake that exists", "persons/y")
    max_new_seats: Number = positive("most seats that can be added in all", "persons/y", 0.0)
    cost_per_trainee_usd: Number = positive("fee, paid in the year of intake", "USD/person")
    cost_per_seat_usd: Number = positive("cost of a new seat", "USD/seat", 0.0)
    completion_rate: Number = share("share of an intake that joins the staff", 1.0)
    last_intake_year: Whole | None = edge("last year in which it takes in trainees; blank = no end")


class Staffing(Row):
    stage: StageName = col("stage")
    project: Wildcard = col(
        "project; blank = every project of the stage; a project row overrides", default=""
    )
    skill: Id = identifier("skill")
    persons_per_ktpa: Number = positive(
        "persons per 1,000 t of yearly throughput", "persons per kt/y"
    )


class Budget(Row):
    funder: Id = identifier("a country, or a funder of table `funders`")
    year: Whole = year("year; a year without a row is 0")
    musd: Number = positive("public money", "MUSD")


class Funder(Row):
    funder: Id = identifier("funder")
    party: Label = col(
        "whose money it is; blank = the party of the country of its name, else its own name",
        default="",
    )
    countries: Ids = col("where it may pay: `*` or a `;`-separated list")


class Scenario(Row):
    scenario: Id = identifier("scenario")
    name: Name = _NAME
    storyline: Id = col(
        "the scenario that it was drawn from, as `planner sample` writes it; blank = itself",
        default="",
    )
    probability: Number = share("probability; all sum to 1")
    probability_low: Number | None = share(
        "least probability that it may have; blank, as the other bound: just its probability", None
    )
    probability_high: Number | None = share("largest probability that it may have", None)
    draws: Whole | None = col(
        "draws of it that `planner sample` makes; blank = by its probability",
        "",
        None,
        ge=1,
        le=10_000,
    )


class Shock(Row):
    scenario: Id = identifier("scenario")
    kind: ShockKind = col("what is hit")
    start_year: When | None = col(
        "first year or quarter (`2028Q2`; for delays a year); blank = start of the horizon",
        default=None,
    )
    end_year: When | None = col(
        "last year or quarter, inclusive; blank = end of the horizon", default=None
    )
    supplier: Wildcard = _SUPPLIER
    country: Wildcard = _COUNTRY
    element: Wildcard = _ELEMENT
    form: Wildcard = _FORM
    stage: Wildcard = _STAGE
    project: Wildcard = _PROJECT
    factor: Number = positive(
        "multiplies (0 = cut off, 1 = untouched); kind delay: whole years added", "factor or years"
    )
    leak: Number = _LEAK
    hazard: Id = col(
        "hazard that it was drawn from, as `planner sample` writes it; blank = of the storyline",
        default="",
    )


class Resale(Row):
    country: Id = identifier("country that sells on")
    supplier: Wildcard = col("supplier; blank or `*` = all", default="")
    element: Wildcard = col("element; blank or `*` = all", default="")
    form: Form | None = col("form; blank = all", default=None)
    share: Number = share(
        "of what the supplier may sell to it, what it can buy on top and sell on to its group"
    )


class Hazard(Row):
    hazard: Id = identifier("hazard")
    name: Name = _NAME
    kind: ShockKind = col("what is hit")
    supplier: Wildcard = _SUPPLIER
    country: Wildcard = _COUNTRY
    element: Wildcard = _ELEMENT
    form: Wildcard = _FORM
    stage: Wildcard = _STAGE
    project: Wildcard = _PROJECT
    each: Literal["project", "country"] | None = col(
        "drawn for each of these by itself; blank = once", default=None
    )
    event: Id = col("rows of one event happen together, as the first of them says", default="")
    within: Ids = col("`;`-separated scenarios in which it may happen; blank = all", default=())
    probability: Number | None = share("that it happens, once", None)
    first: When | None = col("window in which it starts: first year or quarter", default=None)
    last: When | None = col("window in which it starts: last year or quarter", default=None)
    quarters_low: Whole | None = col(
        "shortest length; blank, with no years: to the end", "quarters", None, ge=1, le=400
    )
    quarters_high: Whole | None = col("longest length", "quarters", None, ge=1, le=400)
    years_low: Whole | None = col(
        "shortest length; blank, as the quarters: to the end", "years", None, ge=1, le=100
    )
    years_high: Whole | None = col("longest length", "years", None, ge=1, le=100)
    factor_low: Number = positive(
        "smallest factor; kind delay: fewest whole years", "factor or years"
    )
    factor_high: Number = positive(
        "largest factor; kind delay: most whole years", "factor or years"
    )
    leak: Number = _LEAK


class Draw(Row):
    scenario: Id = identifier("scenario")
    hazard: Id = identifier("hazard that was drawn")
    subject: Id = col("project or country that it was drawn for", default="")
    start: When = col("first year or quarter")
    end: When = col("last year or quarter, inclusive")
    factor: Number = positive(
        "factor that was drawn; kind delay: whole years added", "factor or years"
    )


class Supplier(Row):
    supplier: Id = identifier("outside supplier")
    name: Name = _NAME
    origin: Id = col("country it sells from; blank = itself", default="")


class Stockpile(Row):
    country: Id = identifier("country")
    element: Id = identifier("element")
    form: Form = col("form", default="oxide")
    initial_t: Number = positive("stock before the first year, not above `max_t`", "t")
    max_t: Number | None = positive("largest stock; blank = no limit", "t", None)
    purchase_t_per_year: Number | None = positive(
        "most that is on offer in a year; blank = no limit", "t", None
    )
    purchase_usd_per_kg: Number = positive("price of a purchase, paid from the budget", "USD/kg")
    holding_usd_per_kg_year: Number = positive(
        "cost of the year-end stock; not paid from the budget", "USD/kg and year", 0.0
    )


class PlantOwner(Row):
    project: Id = identifier("plant or saving")
    owner: Name = col("who owns it, or would build it", min_length=1)
    status: Literal["runs", "building", "financed", "study", "idea"] = col(
        "what there is of it: output, a site, money, a study of its own, or none of these"
    )
    announced: Whole | None = edge("year of first output as its owner says")
    expected: Whole | None = edge("the same year by the record of such plants")
    feed_contract: Name = col("feed that is contracted, where it is known", default="")
    instrument: Name = col("what a state gives or has given for it, and who pays", default="")


class UncertainRange(Row):
    uncertainty: Id = identifier("what is unsure; its rows move together")
    name: Name = col("name for people, the same in all its rows", default="")
    table: Id = identifier("table of the case")
    where: Name = col(
        "rows of the table, as in a study file: `stage=metal & country=JPN;KOR`, `year=2030..2035`; blank = all",
        default="",
    )
    column: Id = identifier("column that is multiplied")
    low: Number = positive("lowest factor, the same in all its rows", "factor")
    high: Number = positive("highest factor, the same in all its rows", "factor")
    ask: Name = col(
        "whom to ask: who knows the figure better, the same in all its rows", default=""
    )


@dataclass(frozen=True)
class Table:
    """One table: its row type, the columns that identify a row, and its meaning in one line.

    solved: the program reads it; the others are carried, and only explanations read them.
    twins: columns in which two rows with the same key may differ.
    """

    name: str
    row: type[Row]
    key: tuple[str, ...]
    meaning: str
    required: bool = False
    solved: bool = True
    twins: tuple[str, ...] = ()


def _rows(
    key: str, meaning: str, *, required: bool = False, solved: bool = True, twins: str = ""
) -> Any:
    """The rows of a table: the columns that identify one, and what else a `Table` says."""
    return field(
        default=(),
        metadata={
            "key": tuple(key.split()),
            "meaning": meaning,
            "required": required,
            "solved": solved,
            "twins": tuple(twins.split()),
        },
    )


@dataclass(frozen=True, repr=False)
class Tables:
    """The rows of a case, one field per table, in the order in which tables are shown."""

    countries: tuple[Country, ...] = _rows(
        "country", "who takes part: users, producers, partners", required=True
    )
    about: tuple[About, ...] = _rows(
        "key", "what a reader calls the case, its commodity and its stages", solved=False
    )
    elements: tuple[Element, ...] = _rows(
        "element", "the elements counted, and what a missing kilogram costs", required=True
    )
    loss_tiers: tuple[LossTier, ...] = _rows(
        "element country form up_to_share", "the loss in steps of depth"
    )
    demand: tuple[Demand, ...] = _rows("country element form year", "what is used", required=True)
    suppliers: tuple[Supplier, ...] = _rows(
        "supplier", "who sells from outside, and from where; no other is named then"
    )
    imports: tuple[Import, ...] = _rows(
        "supplier country element form year", "what outside suppliers can sell"
    )
    feeds: tuple[FeedShare, ...] = _rows(
        "feed element", "composition of what mines give", required=True
    )
    projects: tuple[Project, ...] = _rows(
        "project",
        "mines, plants of every further stage and savings, existing and possible",
        required=True,
    )
    recoveries: tuple[Recovery, ...] = _rows(
        "project element", "recovery by element where it differs"
    )
    savings: tuple[Saving, ...] = _rows("project element form", "the demand that savings replace")
    availability: tuple[Availability, ...] = _rows(
        "project year", "the most that mines can yield; without a row: no limit"
    )
    returns: tuple[Return, ...] = _rows(
        "project stage element feed", "the feeds that plants give back of what goes in"
    )
    ramps: tuple[Ramp, ...] = _rows("ramp year_after_start", "how new capacity comes into use")
    schedule: tuple[ScheduleYear, ...] = _rows(
        "project year",
        "spending, output and fixed cost of new capacity by year from the decision; without rows: lead time and ramp",
    )
    skills: tuple[Skill, ...] = _rows("skill", "the trades that plants need")
    workforce: tuple[Workforce, ...] = _rows("country skill", "who is there, and who can be hired")
    training: tuple[Training, ...] = _rows("programme", "where people are trained")
    staffing: tuple[Staffing, ...] = _rows(
        "stage project skill", "who is needed per thousand tonnes"
    )
    budgets: tuple[Budget, ...] = _rows("funder year", "public money by funder and year")
    funders: tuple[Funder, ...] = _rows(
        "funder", "where a funder may pay; without a row: only in the country of its name"
    )
    scenarios: tuple[Scenario, ...] = _rows(
        "scenario", "the scenarios and their probabilities; none: one scenario `base`"
    )
    shocks: tuple[Shock, ...] = _rows(
        "scenario kind start_year end_year " + " ".join(FILTERS) + " factor",
        "what each scenario does",
        twins="hazard",
    )
    resale: tuple[Resale, ...] = _rows(
        "country supplier element form", "what countries can sell on to those cut off"
    )
    hazards: tuple[Hazard, ...] = _rows(
        "hazard", "what `planner sample` draws from; no plan reads them", solved=False
    )
    draws: tuple[Draw, ...] = _rows(
        "scenario hazard subject",
        "what `planner sample` drew, in each scenario; no plan reads it",
        solved=False,
    )
    stockpiles: tuple[Stockpile, ...] = _rows("country element form", "stocks held and possible")
    targets: tuple[Target, ...] = _rows(
        "target", "what the plan must or should reach: demand met, dependence, own production"
    )
    uncertainties: tuple[UncertainRange, ...] = _rows(
        "uncertainty table where column",
        "how far figures may be off; explanations try them, no plan reads them",
        solved=False,
    )
    owners: tuple[PlantOwner, ...] = _rows(
        "project", "whose a plant is, whether it runs, and what was given for it", solved=False
    )
    contracts: tuple[Contract, ...] = _rows(
        "contract", "who buys, who delivers (investment cases)", solved=False
    )
    prices: tuple[DeckPrice, ...] = _rows(
        "element form market year future", "price decks (investment cases)", solved=False
    )
    finance: tuple[Finance, ...] = _rows(
        "country item", "tax, debt and other terms (investment cases)", solved=False
    )
    byproducts: tuple[ByProduct, ...] = _rows(
        "project product", "sold besides the elements (investment cases)", solved=False
    )
    studies: tuple[StudyFigure, ...] = _rows(
        "project item element",
        "what the study of a plant's sponsor says (investment cases)",
        solved=False,
    )

    def __repr__(self) -> str:
        counts: list[str] = []
        for table in fields(self):
            number = len(self.rows(table.name))
            if number:
                counts.append(f"{table.name} {number}")
        return f"Tables(rows: {', '.join(counts)})"

    def rows(self, name: str) -> tuple[Row, ...]:
        """All rows of the table called `name`."""
        return cast("tuple[Row, ...]", getattr(self, name))


_ROW_TYPES = {name: get_args(hint)[0] for name, hint in get_type_hints(Tables).items()}
TABLES = tuple(Table(of.name, _ROW_TYPES[of.name], **of.metadata) for of in fields(Tables))
BY_NAME = {table.name: table for table in TABLES}
