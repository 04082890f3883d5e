"""Every rule that inputs are held to: name, demand and remedy; and the place at which a broken one is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from planner.config.model_file import MODEL_RULES
from planner.errors import Fault, Rule

FAULTS: dict[str, Rule] = {
    # ---- files and sheets
    "no-such-case": Rule("the case exists", "give a folder of CSV tables or an .xlsx workbook"),
    "unreadable": Rule("every table can be read", "check that it is a plain file that you may read"),
    "unknown-table": Rule("only known tables", "rename the table, or move the file out of the case"),
    "missing-table": Rule("required tables exist", "add it; `planner init --workbook FILE` writes a template"),
    "double-table": Rule("a table exists once", "keep one of the two"),
    "empty-table": Rule("a table has a header row", "write the column names in the first row"),
    "no-rows": Rule("there is demand", "give the demand of at least one country, element and year"),
    "encoding": Rule("text is UTF-8", 'save the file as "CSV UTF-8"'),
    "delimiter": Rule("cells are separated by commas", "save the file with commas between the cells"),
    "bad-csv": Rule("quotes are closed", 'close the quotes; write a quote within a cell as ""'),
    "too-many-cells": Rule(
        "a row is as wide as the header", "quote cells that contain a comma; write decimals with a point"
    ),
    "too-large": Rule("tables fit in memory", "split the case, or leave out years between which demand is linear"),
    "beyond-solver": Rule("figures are such that a solver computes with them", "check the units; figures multiply"),
    "bad-workbook": Rule("a workbook is a sound .xlsx file", "save it again with a spreadsheet program"),
    "hostile-workbook": Rule(
        "a workbook unpacks to a sane size and declares no entities", "do not open it; ask who sent it"
    ),
    "merged-cells": Rule("cells are not merged", "unmerge them and fill every cell"),
    "formula-without-value": Rule(
        "formulas carry their value", "open the workbook in a spreadsheet program and save it"
    ),
    # ---- header
    "unknown-column": Rule("only known columns", "rename or remove the column; `notes` takes free text"),
    "missing-column": Rule("required columns exist", "add the column"),
    "double-column": Rule("a column exists once", "keep one of the two"),
    "unnamed-column": Rule("every column has a name", "name the column or delete it"),
    # ---- cells
    "empty-cell": Rule("required cells are filled", "fill it in"),
    "not-a-number": Rule("figures are numbers", "write a plain figure such as 1234.5"),
    "decimal-comma": Rule("decimals are written with a point and no thousands separator", "write 1234.5"),
    "unit-in-cell": Rule(
        "figures carry no unit or percent sign", "write the bare figure in the unit of the column (5 % is 0.05)"
    ),
    "spreadsheet-error": Rule("no spreadsheet errors", "mend the formula it comes from"),
    "not-finite": Rule("figures are finite", "write a figure or leave the cell empty"),
    "not-whole": Rule("years and counts are whole", "round it to a whole number"),
    "not-a-period": Rule("a period is a year or a quarter", "write 2028, or 2028Q2 for its second quarter"),
    "not-a-flag": Rule("flags are true or false", "write true or false"),
    "range": Rule("figures are within their bounds", "correct the figure"),
    "choice": Rule("a choice is one of the listed words", "use one of these words"),
    "bad-id": Rule("ids hold no separators", "rename it"),
    "invisible-character": Rule("cells hold nothing invisible", "delete the cell and type it again"),
    "mixed-letters": Rule("letters of a name are of one script", "type the name again"),
    "repeated-entry": Rule("a list names an entry once", "remove one of the two"),
    # ---- rows and tables
    "no-such-row": Rule("a change names rows that exist", "name a row of the table"),
    "repeated-row": Rule("a row is given once", "keep one of the two"),
    "unknown-reference": Rule("names refer to rows that exist", "correct the name, or add the row it refers to"),
    "funder-nowhere": Rule("a funder pays somewhere", "add a row to `funders`, or use the id of a country"),
    "horizon": Rule("the horizon holds at least one year", "let first_year come before last_year"),
    "feed-shares": Rule("shares of a feed sum to at most 1", "correct the shares of the feed"),
    "mine-feed": Rule("a mine has exactly one feed", "name the one feed; split a mine with two into two projects"),
    "separation-feed": Rule("a separation plant accepts at least one feed", "name the feeds, separated by ;"),
    "metal-feed": Rule("a metal plant takes oxide", "leave `feeds` empty"),
    "magnet-feed": Rule("a magnet plant takes metal", "leave `feeds` empty"),
    "ramp-years": Rule("years of a ramp are consecutive from 0", "add the missing year"),
    "staffing-stage": Rule("a project's staffing row has the stage of the project", "correct the stage or the project"),
    "probabilities": Rule(
        "probabilities sum to 1 within 1e-6", "correct the probabilities, or add the scenario left out"
    ),
    "tiers-end": Rule("loss steps rise to 1", "add a row with up_to_share 1"),
    "tiers-fall": Rule("a deeper shortfall costs no less", "let loss_usd_per_kg rise with up_to_share"),
    "reversed-period": Rule("a period runs forward", "swap the years"),
    "delay-years": Rule("a delay is in whole years", "round it to whole years"),
    "delay-quarter": Rule("a delay holds for whole years", "write years, not quarters"),
    "leak-kind": Rule("only imports leak", "leave it empty"),
    "hazard-each": Rule("a hazard is drawn for things that it can hit", "leave it empty, or correct it"),
    "hazard-event": Rule("the first row of an event says whether, when and how long", "leave it empty in later rows"),
    "hazard-length": Rule("a length has two ends in one unit, or none", "fill in both of a pair, or neither"),
    "hazard-range": Rule("a range runs upwards", "swap the two"),
    "shock-filter": Rule("filters fit the kind of shock", "leave it empty"),
    "stock-limit": Rule("a stock starts within its limit", "raise max_t or lower initial_t"),
    **MODEL_RULES,
}
"""Broken: exit code 2, nothing is solved."""

WARNINGS: dict[str, Rule] = {
    "short-row": Rule("a row has as many cells as the header", "check that no comma is missing"),
    "ignored-file": Rule("every file that looks like a table is read", "rename it, or move it out of the case"),
    "look-alike": Rule(
        "ids differ by more than upper and lower case or letters that look the same", "use one spelling"
    ),
    "rare-name": Rule(
        "a name is used more than once", "correct it; a table `suppliers` confirms the names of suppliers"
    ),
    "repeated-label": Rule("two things have two names", "rename one of them"),
    "unit-above-most": Rule("one whole unit fits into max_new_tpa", "raise max_new_tpa, or lower unit_tpa"),
    "magnet-tonnes": Rule(
        "magnet plants count tonnes of elements contained", "multiply by the elements' share of magnets"
    ),
    "demand-above-supply": Rule(
        "undisturbed, what is demanded can be had", "check the unit; add imports, plants or a stock"
    ),
    "quiet-scenario": Rule("scenarios differ in what they do", "add its shocks, or merge the scenarios without any"),
    "danger-ends": Rule(
        "danger lasts to the end of the horizon", "add shocks or hazards of later years, or end the horizon sooner"
    ),
    "hazards-not-drawn": Rule(
        "hazards are drawn before a plan is made", "run `planner sample`, and solve what it writes"
    ),
    "not-adaptive": Rule(
        "policy.committed_through belongs to adaptive investment",
        'set policy.investment = "adaptive", or remove the key',
    ),
    "party-without-country": Rule(
        "where payments do not go by budget, each funder's party has a country",
        "fill in funders.party; without a country it gains nothing",
    ),
    "odd-year": Rule("years of a table lie together", "check the year"),
    "far-off": Rule("figures of a column are of one order of magnitude", "check the unit of the figure"),
    "unrunnable-plant": Rule("initial staff can run what exists", "raise workforce.initial, or lower existing_tpa"),
    "too-late": Rule("a project can start within the horizon", "extend the horizon, or set max_new_tpa to 0"),
    "pays-late": Rule("an investment can pay off within the horizon", "extend the horizon, or check cost and ramp"),
    "idle-money": Rule(
        "a budget can be spent on something", "check `funders`, the levers and the projects it can reach"
    ),
    "budget-outside": Rule("budgets lie within the horizon", "move the money to a year of the horizon"),
    "funder-without-budget": Rule("a funder has money", "check the name of the funder"),
    "no-supply": Rule(
        "what is demanded can be supplied from somewhere", "add imports, plants or a stock, or accept the loss"
    ),
    "unmined-feed": Rule("a mine gives each feed that a plant accepts", "add the mine, or remove the feed"),
    "never-there": Rule("what exists is there in some year of the horizon", "check online_year and retire_year"),
    "no-use": Rule(
        "a row is about goods that are used, sold or made where it says", "check country, element and form of the row"
    ),
    "absent-table": Rule("tables that others make sense with are there", "add the table, or leave the other out too"),
    "retired-before-online": Rule("plants retire after they come online", "check both years"),
    "idle-training": Rule(
        "training leads to a workforce row", "add the workforce row, with initial 0 if nobody is there"
    ),
    "shock-outside": Rule("shocks lie within the horizon", "check the years"),
    "shock-without-effect": Rule("a shock touches something", "check its filters"),
    "same-shock-twice": Rule("equal shocks do not overlap", "their factors multiply; merge them if that is not meant"),
    "unused": Rule("ramps, feeds and skills are used", "check the name, or remove the rows"),
    "numerics": Rule("coefficients span less than ten orders of magnitude", "check the units of the two figures"),
}
"""Worth a second look: the case is solved. `planner check --ignore NAME` silences one."""

LONGEST_MESSAGE = 600
"""Characters; a message repeats what a cell holds, which may be a book."""


def fault(
    rule: str,
    place: str,
    line: int,
    column: str,
    message: str,
    *,
    value: object = "",
    remedy: str = "",
    cell: str = "",
    also: tuple[str, ...] = (),
) -> Fault:
    """A Fault of a rule in the catalogue, with the rule's remedy unless a better one is given."""
    known = FAULTS.get(rule) or WARNINGS[rule]
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}..."
    return Fault(place, line, column, message, rule, str(value)[:200], remedy or known.remedy, cell, also)


@dataclass(frozen=True)
class Finding:
    """Something found in rows that were read: rule, table, line and column. Becomes a Fault where files are known."""

    rule: str
    table: str
    line: int
    column: str
    message: str
    value: object = ""
    also: tuple[tuple[str, int], ...] = ()
    """Tables and lines of the same fault."""


@dataclass(frozen=True)
class Origin:
    """File or sheet, sheet name and header of each table; and what reading it left to remark."""

    places: dict[str, str] = field(default_factory=dict)
    tabs: dict[str, str] = field(default_factory=dict)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[Fault, ...] = ()

    def place(self, table: str) -> str:
        """File or sheet of a table."""
        return self.places.get(table) or (table if table == "model" else f"{table}.csv")

    def cell(self, table: str, line: int, column: str) -> str:
        """Address in the workbook that the table was read from; '' in a folder."""
        header, tab = self.headers.get(table, ()), self.tabs.get(table, "")
        known = tab and line and column in header
        return f"{tab}!{get_column_letter(header.index(column) + 1)}{line}" if known else ""

    def fault(self, finding: Finding) -> Fault:
        """The finding at its place."""
        also = tuple(f"{self.place(table)}:{line}" for table, line in finding.also)
        return fault(
            finding.rule,
            self.place(finding.table),
            finding.line,
            finding.column,
            finding.message,
            value=finding.value,
            cell=self.cell(finding.table, finding.line, finding.column),
            also=also,
        )
