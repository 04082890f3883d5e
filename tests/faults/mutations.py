"""Single faults, generated over every table, column and rule from the declarations of the tables.

A valid case as text -> the same case with one thing wrong, and what must be found: rule, place, line, column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, get_args

from planner.cells import CARRIED, parse_name
from planner.config import known_keys
from planner.data.checks import DEFINED, FIXED, REFERENCES
from planner.data.schema import TABLES, Table

Grid = list[list[str]]
Text = dict[str, Grid]
"""Table -> header and rows as text."""


@dataclass(frozen=True)
class Mutation:
    """One fault: what it does to the text, and the one finding that must come of it."""

    name: str
    apply: Callable[[Text], None]
    rule: str
    table: str
    line: int
    column: str
    says: str = ""
    csv_only: bool = False

    def __str__(self) -> str:
        return self.name


def swap(name: str) -> str:
    """Two neighbouring letters exchanged; a doubled letter for names of equal letters."""
    for i in range(len(name) - 1):
        if name[i] != name[i + 1]:
            return name[:i] + name[i + 1] + name[i] + name[i + 2 :]
    return name + name[-1]


def setter(table: str, line: int, column: str, value: str) -> Callable[[Text], None]:
    def apply(text: Text) -> None:
        text[table][line - 1][text[table][0].index(column)] = value

    return apply


def _kind(annotation: Any) -> str:
    inner = {
        get_args(a)[0] if get_args(a) and not isinstance(a, type) else a for a in (annotation,)
    }.pop()
    options = [
        a for a in (*get_args(annotation), annotation, inner) if a in (float, int, bool, str)
    ]
    return options[0].__name__ if options else "choice"


def kind_of(table: Table, column: str) -> str:
    """float, int, bool, str, list or choice."""
    annotation = table.row.model_fields[column].annotation
    text = str(annotation)
    for name in ("Literal", "tuple", "float", "bool", "int"):
        if name in text:
            return {"Literal": "choice", "tuple": "list"}.get(name, name)
    return "str"


BAD = {
    "float": [
        ("abc", "not-a-number"),
        ("1,5", "decimal-comma"),
        ("1.234,5", "decimal-comma"),
        ("1 234", "decimal-comma"),
        ("nan", "not-finite"),
        ("-inf", "not-finite"),
        ("#N/A", "spreadsheet-error"),
        ("-1", "range"),
        ("1e13", "range"),
        ("5%", "unit-in-cell"),
        ("12 t", "unit-in-cell"),
        ("01.05.2027", "date-in-cell"),
        ("1.234.567", "decimal-comma"),
    ],
    "int": [
        ("next", "not-a-number"),
        ("2030.5", "not-whole"),
        ("#REF!", "spreadsheet-error"),
        ("-3", "range"),
        ("99999", "range"),
        ("2,030", "decimal-comma"),
        ("2027-01-01", "date-in-cell"),
        ("1 Jan 27", "date-in-cell"),
    ],
    "bool": [("maybe", "not-a-flag")],
    "choice": [("oxdie", "choice")],
}


MAY_BE_NEGATIVE = {("studies", "value"), ("projects", "latitude"), ("projects", "longitude")}
"""A net present value, a place in the south, a place in the west."""


def cells(base: Text) -> Iterator[Mutation]:
    """Wrong cells of every column."""
    for table in TABLES:
        line = len(base[table.name])
        for column in table.row.columns():
            kind = kind_of(table, column)
            for value, rule in BAD.get(kind, []):
                if value == "-1" and (table.name, column) in MAY_BE_NEGATIVE:
                    continue
                yield Mutation(
                    f"{table.name}.{column}={value}",
                    setter(table.name, line, column, value),
                    rule,
                    table.name,
                    line,
                    column,
                    value[0],
                )
            if table.row.model_fields[column].is_required():
                yield Mutation(
                    f"{table.name}.{column} blank",
                    setter(table.name, line, column, ""),
                    "empty-cell",
                    table.name,
                    line,
                    column,
                    "must not be empty",
                )


def headers(base: Text) -> Iterator[Mutation]:
    """Wrong headers of every column, missing and repeated rows and tables."""
    for table in TABLES:
        name = table.name
        for column in table.row.columns():

            def misspell(text: Text, name: str = name, column: str = column) -> None:
                header = text[name][0]
                header[header.index(column)] = swap(column)

            def drop(text: Text, name: str = name, column: str = column) -> None:
                at = text[name][0].index(column)
                for row in text[name]:
                    del row[at]

            yield Mutation(
                f"{name}.{column} misspelt",
                misspell,
                "unknown-column",
                name,
                1,
                swap(column),
                f'"{column}"',
            )
            if table.row.model_fields[column].is_required():
                yield Mutation(
                    f"{name}.{column} missing",
                    drop,
                    "missing-column",
                    name,
                    1,
                    column,
                    "is missing",
                )

        def double(text: Text, name: str = name) -> None:
            for row in text[name]:
                row.append(row[0])

        def repeat(text: Text, name: str = name) -> None:
            text[name].append(list(text[name][-1]))

        def unnamed(text: Text, name: str = name) -> None:
            text[name][0][0:0] = [""]
            for row in text[name][1:]:
                row[0:0] = ["x"]

        def rename(text: Text, name: str = name) -> None:
            text[swap(name)] = text.pop(name)

        last = len(base[name])
        yield Mutation(
            f"{name} double column", double, "double-column", name, 1, base[name][0][0], "twice"
        )
        yield Mutation(
            f"{name} repeated row",
            repeat,
            "repeated-row",
            name,
            last + 1,
            table.key[0],
            f"repeats line {last}",
        )
        yield Mutation(
            f"{name} unnamed column", unnamed, "unnamed-column", name, 1, "column 1", "no name"
        )
        if table.required:
            yield Mutation(
                f"{name} missing",
                lambda text, name=name: text.pop(name) and None,
                "missing-table",
                name,
                0,
                "",
                "is missing",
            )
        yield Mutation(f"{name} misspelt", rename, "unknown-table", swap(name), 0, "", f'"{name}"')


def references(base: Text) -> Iterator[Mutation]:
    """Every reference misspelt by a swap, and pointing nowhere near."""
    for table, column, kind in REFERENCES:
        at = base[table][0].index(column)
        for line in range(len(base[table]), 1, -1):
            value = base[table][line - 1][at]
            if value and value != "*":
                break
        else:
            raise AssertionError(f"the base case never fills {table}.{column}")
        first, *rest = value.split(";")
        known = (
            [
                row[base[DEFINED[kind][0]][0].index(DEFINED[kind][1])]
                for row in base[DEFINED[kind][0]][1:]
            ]
            if kind in DEFINED
            else FIXED[kind]
        )
        for wrong, says in (
            (swap(first), "did you mean" if swap(first) not in known else ""),
            ("zzqqxx", "zzqqxx"),
        ):
            yield Mutation(
                f"{table}.{column} -> {wrong}",
                setter(table, line, column, ";".join([wrong, *rest])),
                "unknown-reference",
                table,
                line,
                column,
                says,
            )


def edit(table: str, changes: dict[tuple[int, str], str]) -> Callable[[Text], None]:
    def apply(text: Text) -> None:
        for (line, column), value in changes.items():
            setter(table, line, column, value)(text)

    return apply


def find(base: Text, table: str, **where: str) -> int:
    """Line of the first row that matches."""
    header = base[table][0]
    for line, row in enumerate(base[table][1:], start=2):
        if all(row[header.index(column)] == value for column, value in where.items()):
            return line
    raise AssertionError(f"no row of {table} with {where}")


RULES = """
projects     | {thrift}.feeds = clay | no-feeds | no feeds
projects     | {thrift}.recovery = 0.9 | saving-recovery | no recovery
projects     | {mine}.must_run = true | must-run-stage | a project of stage mine
projects     | {thrift}.rise = 0.1 | must-run-rise | cannot be held to a rise
staffing     | 2.project = thrift & 2.stage = saving | must-run-staff | takes no people | 2.project
recoveries   | 2.project = thrift | saving-recovery | has no recovery
savings      | 2.project = metal_works | savings-stage | of stage metal
availability | 2.project = coast_plant | availability-stage | of stage separation
returns      | 2.stage =  | returns-nobody | neither a project nor a stage | 2.project
returns      | 2.stage = mine | returns-plant | a mine takes no oxide
returns      | 3.project = coast_plant | returns-plant | a separation takes
returns      | 3.stage = magnet | returns-stage | of stage metal, not magnet
returns      | 2.feed = xenotime | returns-feed | hold Dy alone
returns      | 2.feed = clay | returns-feed | share 1
returns      | 2.project = metal_works & 3.element = Dy & 3.feed = swarf | returns-twice | line 2 | 3.project
returns      | 2.share = 0.06 | returns-sum | which loses 0.05
projects     | {plant}.rise = -0.1 | range | greater than or equal to 0
projects     | {mine}.feeds =  | mine-feed | exactly one feed
projects     | {mine}.feeds = xenotime;clay | mine-feed | exactly one feed
projects     | {mine}.feeds = xenotime;xenotime | repeated-entry | twice
projects     | {plant}.feeds =  | separation-feed | must name the feeds
projects     | {smelter}.feeds = xenotime | no-feeds | of stage metal has no feeds
scenarios    | 2.probability = 0.69 | probabilities | sum to 0.99 | {last_scenarios}.probability
scenarios    | 2.probability = 0.700002 | probabilities | sum to 1.0 | {last_scenarios}.probability
contracts    | 3.kind = offtake | contract-share | contracts cover 150% | 3.covers
contracts    | 3.floor_usd_per_kg = 100 | feed-contract | a term of offtake alone
finance      | 3.item = life_yeers | unknown-reference | did you mean
studies      | 2.element = Dy | study-price | an element, of npv
byproducts   | 2.product = zircon | unpriced-product | has no row in prices
scenarios    | 2.probability_low = 0.1 | odds | must not be empty beside probability_low | 2.probability_high
scenarios    | 2.probability_low = 0 & 2.probability_high = 0.6 | odds | 0.6 is below probability 0.7 | 2.probability_high
scenarios    | 2.probability_low = 0.8 & 2.probability_high = 0.9 | odds | 0.7 is below probability_low 0.8 | 2.probability
feeds        | 2.share = 0.999 | feed-shares | more than 1 | {ore_of_feeds}.share
ramps        | 3.year_after_start = 2 | ramp-years | no row for year 1
ramps        | 2.year_after_start = 3 | ramp-years | no row for year 0 | 3.year_after_start
schedule     | 3.year = 3 | schedule-years | no row for year 1 | 4.year
schedule     | 2.year = 1 & 3.year = 2 & 4.year = 3 | schedule-years | no row for year 0
schedule     | 3.capital_share = 0.2 | schedule-capital | sum to 0.9 | 4.capital_share
schedule     | 2.capital_share = 0 & 3.capital_share = 0 & 4.capital_share = 1 | schedule-capital | first output in year 1 | 3.capital_share
schedule     | 3.output_share = 0 & 4.output_share = 0 | schedule-output | no output_share above 0 | 4.output_share
projects     | {bay}.lead_time_years = 2 | schedule-alone | which replace lead_time_years
projects     | {bay}.ramp = slow | schedule-alone | which replace ramp
loss_tiers   | {last_loss_tiers}.up_to_share = 0.9 | tiers-end | rise to 1
loss_tiers   | {last_loss_tiers}.loss_usd_per_kg = 1 | tiers-fall | falls
loss_tiers   | 2.up_to_share = 0 | range | greater than 0
shocks       | 2.start_year = 2031 & 2.end_year = 2029 | reversed-period | before start_year | 2.end_year
shocks       | 2.start_year = 2028q2 | not-a-period | 2028Q2
shocks       | 4.factor = 1.5 | delay-years | whole years
shocks       | 2.start_year = 2029Q3 & 2.end_year = 2029Q2 | reversed-period | 2029Q2 is before start_year 2029Q3 | 2.end_year
shocks       | 2.start_year = 2040 & 2.end_year =  | reversed-period | 2040 to 2031 runs backward
shocks       | 2.start_year =  & 2.end_year = 2025Q4 | reversed-period | 2026 to 2025Q4 runs backward | 2.end_year
shocks       | 2.end_year = 2028Q4 | reversed-period | before start_year 2029
shocks       | 4.start_year = 2029Q1 | delay-quarter | whole years
shocks       | 4.leak = 0.1 | leak-kind | kind "delay"
shocks       | 2.stage = mine | shock-filter | kind "import"
shocks       | 2.project = desert_mine | shock-filter | kind "import"
shocks       | 4.element = Dy | shock-filter | kind "delay"
shocks       | 4.supplier = CHN | shock-filter | kind "delay"
projects     | {smelter}.stage = magnet & {smelter}.feeds = clay | no-feeds | magnet | {smelter}.feeds
projects     | {plant}.unit_tpa = 0 | range | greater than 0
hazards      | 5.last = 2027Q1 | reversed-period | before first 2027Q2
projects     | 2.latitude = 12.5 | coordinates | must not be empty beside latitude | 2.longitude
projects     | 2.longitude = -3 | coordinates | must not be empty beside longitude | 2.latitude
projects     | 2.latitude = 91 & 2.longitude = 0 | range | less than or equal to 90
hazards      | 5.quarters_high =  | hazard-length | beside quarters_low
hazards      | 2.years_low =  | hazard-length | beside years_high
hazards      | 5.years_low = 1 & 5.years_high = 1 | hazard-length | in quarters already
hazards      | 2.kind = delay & 2.factor_high = 1 | hazard-length | no length | 2.years_low
hazards      | 2.years_high = 0 & 2.years_low = 1 | range | 1
hazards      | 5.quarters_high = 1 | hazard-range | below quarters_low 2
hazards      | 4.factor_low = 0.95 | hazard-range | below factor_low | 4.factor_high
hazards      | 3.factor_low = 1.5 | delay-years | whole years
hazards      | 3.last = 2030Q2 | delay-quarter | begins in a year
hazards      | 5.each = project | hazard-each | kind "import"
hazards      | 4.each = country | hazard-each | once
hazards      | 4.within = cut | hazard-event | line 3
hazards      | 4.first = 2028 & 4.last = 2028 | hazard-event | it does last
hazards      | 2.probability =  | empty-cell | must not be empty
hazards      | 2.probability = 1.2 | range | less than or equal to 1
hazards      | 2.leak = 0.5 | leak-kind | kind "capacity"
hazards      | 2.element = Dy | shock-filter | kind "capacity"
hazards      | 5.within = cut;slit | unknown-reference | did you mean "slip"
resale       | 2.share = 1.1 | range | less than or equal to 1
resale       | 2.form = ore | choice | oxide, metal, magnet
funders      | 2.countries = AUS;AUX | unknown-reference | did you mean "AUS"
imports      | 2.supplier = CHM | unknown-reference | did you mean "CHN"
elements     | 2.element = D\u00a0y | invisible-character | U+00A0
stockpiles   | 2.initial_t = 61 | stock-limit | above max_t 60
targets      | 2.feeds = clay | target-sense | form "feed" alone
targets      | 2.form = feed | target-sense | kind "served"
targets      | 3.party = AUS | target-sense | names countries already
targets      | 2.kind = made_share | empty-cell | kind "made_share" | 2.form
targets      | 2.party = AUX | unknown-reference | "AUS"
targets      | 3.country = JPX;USA | unknown-reference | "JPN"
targets      | 3.feeds = caly | unknown-reference | "clay"
targets      | 3.scenario = cot | unknown-reference | "cut"
targets      | 3.last_year = 2026 | reversed-period | before
budgets      | {last_budgets}.funder = UAS | unknown-reference | country or funder "UAS" (did you mean "USA"?)
staffing     | {last_staffing}.stage = mine | staffing-stage | of stage separation
elements     | 2.element = D;y | bad-id | which ids may not
countries    | 2.country = AU\u200bS | invisible-character | U+200B
training     | 2.duration_years = 0 | range | greater than or equal to 1
projects     | 2.lead_time_years = 1.5 | not-whole | whole
demand       | 2.year = 26 | range | 1900
"""
"""What is written where, and what is told of it: table | LINE.column = value & .. | rule | words | the cell that is named,
where that is not the first that was written."""


def placed(cell: str) -> tuple[int, str]:
    """LINE.column as line and column."""
    line, column = cell.split(".")
    return int(line), column


def written(cells: str) -> dict[tuple[int, str], str]:
    """LINE.column = value & .. as line and column -> value."""
    changes = {}
    for cell in cells.split(" & "):
        at, _, value = cell.partition(" =")
        changes[placed(at)] = value.strip()
    return changes


def rules(base: Text) -> Iterator[Mutation]:
    """The rules that span rows and tables."""
    mine, plant, smelter = (
        find(base, "projects", stage=stage) for stage in ("mine", "separation", "metal")
    )
    last = {name: len(grid) for name, grid in base.items()}
    thrift = find(base, "projects", stage="saving")
    lines = {"mine": mine, "plant": plant, "smelter": smelter, "thrift": thrift}
    lines["bay"] = find(base, "projects", project="bay_plant")
    lines |= {f"last_{name}": line for name, line in last.items()}
    lines["ore_of_feeds"] = last["feeds"] - 3
    for number, row in enumerate(RULES.strip().splitlines()):
        table, cells, rule, says, *elsewhere = (part.strip() for part in row.split(" | "))
        changes = written(cells.format_map(lines))
        told_at = placed(elsewhere[0].format_map(lines)) if elsewhere else next(iter(changes))
        yield Mutation(f"{rule} {number}", edit(table, changes), rule, table, *told_at, says)

    for kind, (table, column) in DEFINED.items():
        if kind not in ("supplier", "funder"):
            yield renamed(base, kind, table, column)


def renamed(base: Text, kind: str, table: str, column: str) -> Mutation:
    """An id renamed where it is defined: one fault, at its first use, that lists all others."""
    at = base[table][0].index(column)
    uses = {
        name: (t, line, c)
        for t, c, k in reversed(REFERENCES)
        if k == kind
        for line, row in reversed(list(enumerate(base[t][1:], start=2)))
        for name in row[base[t][0].index(c)].split(";")
    }
    name = next(row[at] for row in base[table][1:] if row[at] in uses)

    def apply(text: Text) -> None:
        for row in text[table][1:]:
            row[at] = f"{name}2" if row[at] == name else row[at]

    said = f"{kind} {name} renamed where it is defined"
    return Mutation(said, apply, "unknown-reference", *uses[name], f'did you mean "{name}2"')


def drop_rows(table: str) -> Callable[[Text], None]:
    def apply(text: Text) -> None:
        del text[table][1:]

    return apply


def files(base: Text) -> Iterator[Mutation]:
    """Empty tables and rows that are too wide or hold nothing but a total."""
    for table in TABLES:
        name, last = table.name, len(base[table.name])

        def wide(text: Text, name: str = name) -> None:
            text[name][-1].append("5")

        yield Mutation(f"{name} wide row", wide, "too-many-cells", name, last, "", '"5"')

        def empty(text: Text, name: str = name) -> None:
            text[name] = []

        yield Mutation(f"{name} empty", empty, "empty-table", name, 0, "", "is empty")
    yield Mutation(
        "demand without rows", drop_rows("demand"), "no-rows", "demand", 0, "", "no rows"
    )
    yield Mutation(
        "savings without rows",
        drop_rows("savings"),
        "saving-without-rows",
        "projects",
        find(base, "projects", stage="saving"),
        "project",
        'what "thrift" replaces',
    )


HIDDEN = {
    "escape": "\x1b[2J",
    "bell": "\x07",
    "no width": "\u200b",
    "backwards": "\u202e",
    "no break": "\u00a0",
}


def is_of_words(table: Table, column: str) -> bool:
    """A column holds words, not ids or labels."""
    validators = [getattr(part, "func", None) for part in table.row.model_fields[column].metadata]
    return column in CARRIED or parse_name in validators


def texts(base: Text) -> Iterator[Mutation]:
    """Characters that no one sees, in every column of text; ids also with a letter of another script."""
    for table in TABLES:
        for column in [*table.row.columns(), *(c for c in base[table.name][0] if c in CARRIED)]:
            line, at = len(base[table.name]), base[table.name][0].index(column)
            value = base[table.name][line - 1][at]
            kind = kind_of(table, column)
            if (
                kind not in ("str", "list")
                or not value
                or value == "*"
                or (table.name, column) in PATTERNS
            ):
                continue
            for said, hidden in HIDDEN.items():
                if said == "no break" and is_of_words(table, column):
                    continue  # which may stand between words
                wrong = f"{value[0]}{hidden}{value[1:]}"
                change = setter(table.name, line, column, wrong)
                name = f"{table.name}.{column} with {said}"
                yield Mutation(
                    name, change, "invisible-character", table.name, line, column, "invisible"
                )


PATTERNS = (
    ("uncertainties", "where"),
    ("contracts", "party"),
    ("shocks", "start_year"),
    ("shocks", "end_year"),
)
"""Columns of text that are held to other rules."""


def all_mutations(base: Text) -> list[Mutation]:
    """Every single fault."""
    return [m for part in (cells, headers, references, rules, files, texts) for m in part(base)]


def mutated(base: Text, mutation: Mutation) -> Text:
    """The base with one fault."""
    text = deepcopy(base)
    mutation.apply(text)
    return text


KEYS = """
discount_rate = -0.1 | bad-value | discount_rate | greater than or equal to 0
discount_rate = 1.0 | bad-value | discount_rate | less than 1
discount_rate = "0.05" | bad-value | discount_rate | valid number
discount_rate = nan | bad-value | discount_rate | finite
[objective] & tail = 1.0 | bad-value | objective.tail | less than 1
[objective] & tail = 1.5 | bad-value | objective.tail | less than 1
[objective] & risk_aversion = 1.1 | bad-value | objective.risk_aversion | less than or equal to 1
[objective] & risk_aversion = true | bad-value | objective.risk_aversion | number
[objective] & risk_slack = -1 | bad-value | objective.risk_slack | greater than or equal to 0
[objective] & goal = "rsik" | bad-value | objective.goal | did you mean "risk"
[objective] & goal = "target" | risk-limit | objective.goal | needs objective.risk_limit
[objective] & goal = "target" & risk_limit = -5 | bad-value | objective.risk_limit | greater than or equal to 0
[objective] & goal = "target" & risk_limit = inf | bad-value | objective.risk_limit | finite
[policy] & coordination = "alied" | bad-value | policy.coordination | did you mean "allied"
[policy] & investment = "adpative" | bad-value | policy.investment | did you mean "adaptive"
[policy] & budget_carry_over = 1 | bad-value | policy.budget_carry_over | boolean
[policy] & secondment_share = 2 | bad-value | policy.secondment_share | less than or equal to 1
[policy] & whole_plants = 1 | bad-value | policy.whole_plants | boolean
[policy] & committed_through = 26 | bad-value | policy.committed_through | 1900
[policy] & cost_sharing = "evne" | bad-value | policy.cost_sharing | did you mean "even"
[objective] & gap = 1.0 | bad-value | objective.gap | less than 1
levers = [["mine"]] | bad-value | levers | must be
targets = 5 | bad-value | targets | tuple
[[targets]] & target = "a" & line = 7 | unknown-key | targets.1.line | unknown key
levers = ["mine", "trainnig"] | bad-value | levers | did you mean "training"
[horizon] & first_year = 2030.5 | bad-value | horizon.first_year | integer
[horizon] & first_year = 26 | bad-value | horizon.first_year | 1900
[horizon] & first_year = 2031 & last_year = 2028 | horizon | horizon.first_year | after last_year
[horizon] & first_year = 2040 | horizon | horizon.first_year | after last_year
objective = 3 | bad-value | objective | is a section
risk_limit = 3 | unknown-key | risk_limit | "objective.risk_limit"
[policy] & tail = 0.5 | unknown-key | policy.tail | "objective.tail"
[objektive] & tail = 0.5 | unknown-key | objektive | "objective"
name = 3 | bad-value | name | string
"""
"""Lines of a model file, joined by & | rule | key | words of its one fault."""


KEY_FAULTS: list[tuple[str, str, str, str]] = [
    *(
        (text.replace(" & ", "\n"), *told)
        for text, *told in (row.split(" | ") for row in KEYS.strip().splitlines())
    ),
    *(
        (
            f"{'.'.join([*key.split('.')[:-1], swap(key.split('.')[-1])])} = 1",
            "unknown-key",
            ".".join([*key.split(".")[:-1], swap(key.split(".")[-1])]),
            f'"{key}"',
        )
        for key in known_keys()
    ),
]
"""Model file -> rule, key and words of its one fault."""
