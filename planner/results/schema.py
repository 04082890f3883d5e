"""The result tables of a run, declared once: what each holds, and of every column its type, unit, heading and meaning.
Extraction, run folders, workbook and `reports/README.md` all read this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    YEAR = "year"
    QUARTER = "quarter"
    NUMBER = "number"
    SHARE = "share, 0 to 1"


@dataclass(frozen=True)
class ResultColumn:
    """A column: `heading` is what people read, `name` what the CSV has. `optional`: not in every run."""

    name: str
    kind: Kind
    unit: str
    heading: str
    meaning: str
    optional: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it holds ids or words."""
        return self.kind is Kind.TEXT


@dataclass(frozen=True)
class ResultTable:
    """A result table: its name, what it holds, and its columns in order."""

    name: str
    meaning: str
    columns: tuple[ResultColumn, ...]


STAGE_ITEMS = {"mine": "mined", "separation": "separated", "metal": "reduced", "magnet": "sintered"}
"""Stage -> item of `operations` that is the throughput of its plants."""
IMPORTED = ("imported", "resold")
"""Items of `operations` that come from an outside supplier, straight or by way of others."""
PER_UNIT = "see unit"
"""The unit of a number whose unit stands in another column of its row."""


def _text(name: str, meaning: str, heading: str = "") -> ResultColumn:
    return ResultColumn(name, Kind.TEXT, "", heading or name, meaning)


def _number(name: str, unit: str, heading: str, meaning: str, *, optional: bool = False) -> ResultColumn:
    return ResultColumn(name, Kind.NUMBER, unit, heading, meaning, optional)


def _year(meaning: str = "year") -> ResultColumn:
    return ResultColumn("year", Kind.YEAR, "", "year", meaning)


def _when(meaning: str = "year") -> tuple[ResultColumn, ...]:
    """A year, and the quarter of it where the year is divided."""
    quarter = "1 to 4; blank for a whole year and for what is decided by year"
    return _year(meaning), ResultColumn("quarter", Kind.QUARTER, "", "quarter", quarter)


_SCENARIO = _text("scenario", "id of the scenario")
_COUNTRY = _text("country", "id of the country")
_SKILL = _text("skill", "id of the skill")
_STAGE = _text("stage", "`mine`, `separation`, `metal` or `magnet`")
_PROJECT = _text("project", "id of the project", "plant")
_GOOD = (_text("element", "id of the element"), _text("form", "`oxide`, `metal` or `magnet`"))
_PROBABILITY = ResultColumn(
    "probability", Kind.SHARE, "", "probability", "probability of the scenarios that the row holds in"
)
_SCENARIOS = _text("scenarios", "scenarios that the row holds in: `all`, or ids joined by `;`")
_NEW = "new capacity"

RESULT_TABLES: dict[str, ResultTable] = {
    table.name: table
    for table in (
        ResultTable(
            "investments",
            "new capacity by project and year of commitment; t/y of TREO (mines), TREO or heavy (separation), oxide in "
            "(metal), metal in (magnet)",
            (
                *(_PROJECT, _STAGE, _COUNTRY, *_when("year of commitment")),
                _number("tpa", "t/y", _NEW, "nameplate committed"),
                _number("capex_musd", "MUSD", "capital", "all of it, public and private, not discounted"),
                *(_PROBABILITY, _SCENARIOS),
            ),
        ),
        ResultTable(
            "capacity",
            "capacity usable and used by scenario, year and plant",
            (
                *(_SCENARIO, *_when(), _PROJECT, _STAGE, _COUNTRY),
                _number("existing_tpa", "t/y", "existing capacity", "capacity that exists or is financed"),
                _number("new_tpa", "t/y", _NEW, "capacity of the plan, as far as its ramp has come"),
                _number("factor", "", "factor of shocks", "share of it that shocks leave"),
                _number("usable_tpa", "t/y", "usable capacity", "existing and new, times the factor"),
                _number("throughput_t", "t", "throughput", "what runs, as capacity counts it"),
            ),
        ),
        ResultTable(
            "training",
            "trainees taken in and training seats added",
            (
                *(_text("programme", "id of the training programme"), _COUNTRY, _SKILL, *_when()),
                _number("intake", "persons", "trainees taken in", "who begin in this year"),
                _number("new_seats", "persons/y", "new seats", "seats added for good"),
                *(_PROBABILITY, _SCENARIOS),
            ),
        ),
        ResultTable(
            "workforce",
            "staff, hires, secondment and need by scenario, year, country and skill",
            (
                *(_SCENARIO, *_when(), _COUNTRY, _SKILL),
                _number("staff", "persons", "staff", "trained staff of the country"),
                _number("hired", "persons", "hired", "who join from outside the trade in this year, as it begins"),
                _number("lent", "persons", "lent", "seconded to partners"),
                _number("borrowed", "persons", "borrowed", "seconded from partners"),
                _number("available", "persons", "available", "staff less lent plus borrowed"),
                _number("needed", "persons", "needed", "what the throughput of its plants needs"),
            ),
        ),
        ResultTable(
            "operations",
            "every flow of material by scenario and year; of what is imported or resold the plant is the supplier",
            (
                *(_SCENARIO, *_when(), _COUNTRY),
                _text(
                    "item",
                    "`mined`, `separated` (TREO in), `made`, `reduced` (oxide in), `sintered` (metal in), `imported`, "
                    "`resold` (had from others of the group), `given`, `received`, `released` or `bought`",
                ),
                _text("project", "id of the project, or of the supplier", "plant"),
                _text("feed", "id of the feed"),
                *_GOOD,
                _number("tonnes", "t", "amount", "of oxide; for metal and magnets, of the oxide they contain"),
            ),
        ),
        ResultTable(
            "shortfall",
            "demand and what is not met of it by scenario, year, country, element and form",
            (
                *(_SCENARIO, *_when(), _COUNTRY, *_GOOD),
                _number("tonnes", "t", "shortfall", "demand that is not met"),
                _number("demand_t", "t", "demand", "demand after what the scenario does to it"),
                _number(
                    "without_plan_t",
                    "t",
                    "shortfall without a plan",
                    "the same if nothing is added, where that was solved for",
                    optional=True,
                ),
            ),
        ),
        ResultTable(
            "stocks",
            "stock, purchases and releases by scenario and year",
            (
                *(_SCENARIO, *_when(), _COUNTRY, *_GOOD),
                _number("stock_t", "t", "stock", "what is held at the end of the year or quarter"),
                _number("bought_t", "t", "bought", "put into stock"),
                _number("released_t", "t", "released", "taken out of stock"),
            ),
        ),
        ResultTable(
            "spending",
            "public money by funder, country, year and item",
            (
                *(
                    _text("funder", "id of the funder"),
                    _text("country", "id of the country where it is spent"),
                    *_when(),
                ),
                _text(
                    "item",
                    "`capex mine`, `capex separation`, `capex metal`, `capex magnet`, `training fees`, "
                    "`training seats`, `hiring` or `stock purchases`",
                ),
                _number("musd", "MUSD", "paid in these scenarios", "paid where the row holds, not discounted"),
                _number("expected", "MUSD", "expected", "the same times its probability"),
                *(_PROBABILITY, _SCENARIOS),
            ),
        ),
        ResultTable(
            "payments",
            "what each funder pays, and what it may pay for the same spending",
            (
                _text("funder", "id of the funder"),
                _number("budget_musd", "MUSD", "budget", "of all years of the horizon, not discounted"),
                _number("paid_musd", "MUSD", "pays", "expected, not discounted, in the most even of all splits"),
                _number("least_musd", "MUSD", "at least", "the least that it may pay if others pay more"),
                _number("most_musd", "MUSD", "at most", "the most that it may pay if others pay less"),
            ),
        ),
        ResultTable(
            "shadow_prices",
            "what one more unit of each scarce thing would take off what is minimised; marginal and one-sided",
            (
                _text("scarce", "kind of scarce thing: `budget`, `capacity`, `feed` ..", "scarce thing"),
                _text("item", "id of the funder, project, feed, skill or programme"),
                *(_COUNTRY, *_GOOD, *_when("year; blank where one limit holds for all years")),
                _number("musd_per_unit", PER_UNIT, "worth", "MUSD per unit"),
                _text("unit", "the unit"),
                _text("objective", "what it is taken off: `risk` or `welfare`", "taken off"),
            ),
        ),
    )
}
SHARES = ResultTable(
    "shares",
    "what each party would carry if nobody is to be better off leaving; written by `planner shares`",
    (
        _text("party", "countries and funders that negotiate as one"),
        _number("alone_musd", "MUSD", "alone", "least cost and risk of the party by itself"),
        _number("charge_musd", "MUSD", "charge", "its part of the least cost and risk of all"),
        _number("gain_musd", "MUSD", "gain", "alone less charge: what membership is worth to it"),
        _number("lowest_musd", "MUSD", "at least", "cost and risk of all, less those of all others without it"),
        _number("highest_musd", "MUSD", "at most", "what it would carry alone; no charge outside the two is stable"),
        _number("own_loss_musd", "MUSD", "own loss", "its part of the risk that is left"),
        _number(
            "paid_musd",
            "MUSD",
            "pays",
            "payments of its funders, discounted, and private costs of its plants and stocks",
        ),
        _number("transfer_musd", "MUSD", "transfer", "charge less own loss less paid: to others where positive"),
    ),
)
"""What is asked of a run after it was solved: in its folder if somebody did."""
TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    table.name: tuple(column.name for column in table.columns if not column.optional)
    for table in RESULT_TABLES.values()
}
"""Names of the columns that every run has, by table, in order."""
TEXT_COLUMNS = frozenset(
    column.name for table in (*RESULT_TABLES.values(), SHARES) for column in table.columns if column.is_text
)
"""Columns that hold ids and words, in whatever table they stand."""


def results_page() -> str:
    """The dictionary of result tables in Markdown."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Runs: what a run folder holds"
    yield ""
    yield "`summary.json` has the figures, `inputs/` the case as it was read, `tables/` the result tables below as CSV."
    yield "Tonnes are of oxide; for metal and magnets, of the oxide they contain. Money is real MUSD of the case's base"
    yield "year. `SHA256SUMS` has the digest of each of these files, as `sha256sum --check` reads it: a run that was"
    yield "changed since is refused by every command but `replay`, which tells what differs."
    yield "A committed example is in [`reference/starter-base`](reference/starter-base)."
    for table in (*RESULT_TABLES.values(), SHARES):
        yield from ("", f"## `{table.name}`", "", f"{table.meaning[0].upper()}{table.meaning[1:]}.", "")
        yield "| column | type | unit | heading | meaning |"
        yield "| --- | --- | --- | --- | --- |"
        for column in table.columns:
            meaning = f"{column.meaning} (optional)" if column.optional else column.meaning
            cells = (f"`{column.name}`", column.kind, column.unit, column.heading, meaning)
            yield f"| {' | '.join(cells)} |"
