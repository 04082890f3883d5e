"""Single faults of a study file, generated over every key of its sections from their declarations.

A study file that fills every section -> the same file with one line changed, and what must be found: line, key, words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.mutations import swap

STUDY = """name = "s"
title = "A study"
case = "{case}"
model = ""
outcomes = ["risk_musd", "new_capacity_tpa.coast_plant"]
fails_when = "risk_musd > 50"
time_limit = 60.0
[set]
"objective.tail" = 0.8
[[uncertainties]]
name = "money"
unit = "times"
change = "budgets.USA.*.musd=x?"
range = [0.5, 1.5]
base = 1
[uncertainties.distribution]
kind = "triangular"
mode = 1.0
[[uncertainties]]
name = "lead time"
change = ["projects.*.lead_time_years=plus ?", "training.*.duration_years=plus ?"]
values = [0, 1, 2]
[[uncertainties]]
name = "tail"
unit = "share"
change = "objective.tail=?"
range = [0.7, 0.95]
[[levers]]
name = "together"
[[levers.options]]
label = "all"
[[levers.options]]
label = "alone"
[levers.options.changes]
"policy.coordination" = "national"
[design]
kind = "lhs"
points = 8
seed = 3
"""
LINES = STUDY.splitlines()
TEXTS = ("name", "title", "unit", "label", "fails_when", "kind", "change", "case", "model")
NUMBERS = ("time_limit", "mode", "points", "seed")


@dataclass(frozen=True)
class StudyFault:
    """One fault: the line that is changed (from 1), what stands there then, where it is told, and words of it."""

    name: str
    at: int
    text: str
    line: int
    column: str
    says: str = ""

    def __str__(self) -> str:
        return self.name

    def applied(self, case: str) -> str:
        """The study file with the fault."""
        lines = list(LINES)
        lines[self.at - 1] = self.text
        return "\n".join(lines).replace("{case}", case) + "\n"


def keys() -> Iterator[tuple[int, str, str, str]]:
    """Line, section as told, key and value of every key."""
    section, count = "", dict[str, int]()
    for number, line in enumerate(LINES, start=1):
        if line.startswith("["):
            name = line.strip("[]")
            parent = name.rpartition(".")[0]
            prefix = (
                f"{parent}.{count[parent]}."
                if parent in count and parent != "levers.options"
                else ""
            )
            if parent == "levers.options":
                prefix = f"levers.{count['levers']}.options.{count['levers.options']}."
            if line.startswith("[["):
                count[name] = count.get(name, 0) + 1
                section = f"{prefix or ''}{name.rpartition('.')[2]}.{count[name]}"
            else:
                section = f"{prefix}{name.rpartition('.')[2]}"
        else:
            key, _, value = line.partition(" = ")
            yield number, section, key.strip('"'), value


def study_faults() -> Iterator[StudyFault]:
    """Every fault of one line."""
    for number, section, key, value in keys():
        where = f"{section}.{key}" if section else key
        if section != "set" and not section.endswith("changes"):
            wrong = swap(key)
            told = f"{section}.{wrong}" if section else wrong
            if key != "kind":
                yield StudyFault(
                    f"{where} misspelt",
                    number,
                    f"{wrong} = {value}",
                    number,
                    told,
                    f'did you mean "{key}"',
                )
            yield StudyFault(
                f"{where} twice",
                number,
                f"{key} = {value}\n{key} = {value}",
                number + 1,
                "",
                "TOML",
            )
        yield StudyFault(f"{where} without value", number, f"{key} = ", number, "", "TOML")
        if key in TEXTS and not value.startswith("["):
            told = "must be" if key == "kind" else "invisible"
            for hidden in ("\\u001b[31m", "\\u200b", "\\u202e", "\\u0007"):
                bad = f'{value[:-1]}{hidden}"'
                yield StudyFault(
                    f"{where} with {hidden}", number, f"{key} = {bad}", number, where, told
                )
            for bad in ("1", "true", "[]"):
                yield StudyFault(
                    f"{where} = {bad}", number, f"{key} = {bad}", number, where, "must be"
                )
        if key in NUMBERS:
            for bad in ('"many"', "[1]", "nan", "-5"):
                if not (key == "mode" and bad == "-5"):
                    yield StudyFault(
                        f"{where} = {bad}", number, f"{key} = {bad}", number, where, "must be"
                    )
    yield from _meanings()


def _line(text: str, which: int = 1) -> int:
    return [i for i, line in enumerate(LINES, start=1) if line == text][which - 1]


INSTEAD = """
name = "together" | name = "" | levers.1.name | at least 1 character
kind = "lhs" | kind = "lsh" | design.kind | did you mean "lhs"
points = 8 | points = 1 | design.points | greater than or equal to 2
points = 8 | points = 8.5 | design.points | integer
points = 8 | points = 8 & level = 8 | design.level | unknown key
time_limit = 60.0 | time_limit = 0 | time_limit | greater than 0
"""
"""A line | what stands there instead, lines joined by & | the key of the last of them | words."""


def _meanings() -> Iterator[StudyFault]:
    money, lead = _line("[[uncertainties]]"), _line("[[uncertainties]]", 2)
    change = _line('change = "budgets.USA.*.musd=x?"')
    distribution, option = _line("[uncertainties.distribution]"), _line('label = "alone"')
    spread, values, lever = (
        _line("range = [0.5, 1.5]"),
        _line("values = [0, 1, 2]"),
        _line("[[levers]]"),
    )
    kind, mode = _line('kind = "triangular"'), _line("mode = 1.0")
    for text, line, column, says in (
        ("range = [1.5, 0.5]", money, "uncertainties.1", "must rise"),
        ("range = [0.5]", spread, "uncertainties.1.range", "at least 2"),
        ("range = [0.5, 1, 2]", spread, "uncertainties.1.range", "at most 2"),
        ("range = [0.5, inf]", spread, "uncertainties.1.range.2", "finite"),
        ('range = [0.5, "x"]', spread, "uncertainties.1.range.2", "valid number"),
        ("range = [1.1, 1.5]", money, "uncertainties.1", "outside the range"),
        ("range = [0.5, 1.5]\nvalues = [1]", money, "uncertainties.1", "keep one"),
    ):
        yield StudyFault(f"{text!r}", spread, text, line, column, says)
    for text, column, says in (
        ("values = []", "uncertainties.2.values", "at least 1"),
        ("values = [0, 1, 1]", "uncertainties.2", "twice"),
        ("values = [0, { a = 1 }]", "uncertainties.2.values.2", "must be"),
        ("values = [0, nan]", "uncertainties.2.values.2", "finite"),
    ):
        line = values if ".values" in column else lead
        yield StudyFault(f"{text!r}", values, text, line, column, says)
    for wrong in ("x", "=", "?=x", "plus?", "x ?%", "?%/y", "+?/y", "=?x", "?.?"):
        text = f'change = "budgets.USA.*.musd={wrong}"'
        yield StudyFault(f"{text!r}", change, text, change, "uncertainties.1.change", "")
    for wrong in (
        "budgets.USA.musd=x?",
        "budgets.musd=x?",
        "budgets=x?",
        "budgets.USA.*.*.musd=x?",
    ):
        yield StudyFault(
            f"{wrong!r}",
            change,
            f'change = "{wrong}"',
            change,
            "uncertainties.1.change",
            "write budgets.FUNDER.YEAR.COLUMN=VALUE" if "." in wrong else "not a cell",
        )
    for at, text, line, column, says in (
        (change, 'change = "scael"', change, "uncertainties.1.change", "must look like"),
        (change, "change = []", change, "uncertainties.1.change", "must be"),
        (change, "change = 3", change, "uncertainties.1.change", "must be"),
        (change, 'change = "budgets.USA.*.musd=3?"', change, "uncertainties.1.change", "none of"),
        (
            kind,
            'kind = "triangluar"',
            kind,
            "uncertainties.1.distribution.kind",
            'did you mean "triangular"',
        ),
        (kind, 'kind = "normal"', distribution, "uncertainties.1.distribution", "has no `mode`"),
        (
            mode,
            "mode = 1.0\nspread = 2.0",
            distribution,
            "uncertainties.1.distribution",
            "no `spread`",
        ),
        (mode, "spread = 1.0", distribution, "uncertainties.1.distribution", "`mode`"),
        (mode, "spread = 0.0", mode, "uncertainties.1.distribution.spread", "greater than 0"),
        (option, 'label = "all"', lever, "levers.1", "label of two options"),
        (option, 'label = ""', option, "levers.1.options.2.label", "at least 1 character"),
    ):
        yield StudyFault(f"{column}: {text!r}", at, text, line, column, says)
    for row in INSTEAD.strip().splitlines():
        before, text, column, says = row.split(" | ")
        at = _line(before)
        text = text.replace(" & ", "\n")
        yield StudyFault(f"{column}: {text!r}", at, text, at + text.count("\n"), column, says)
    money_is, lead_is = 'uncertainty "money"', 'uncertainty "lead time"'
    lever_is = 'lever "together", alone'
    for text, column, says in (
        ('outcomes = ["rsik_musd"]', "outcomes", 'did you mean "risk_musd"'),
        (
            'outcomes = ["new_capacity_tpa.cost_plant"]',
            "outcomes",
            'did you mean "new_capacity_tpa.coast_plant"',
        ),
        ('fails_when = "risk_mud > 50"', "fails_when", 'did you mean "risk_musd"'),
        ('fails_when = "risk_musd => 50"', "fails_when", "must look like"),
        ('name = "lead time"', "uncertainties.2.name", ""),
        ('name = "Money"', "uncertainties.2.name", "two uncertainties"),
        ('name = "money"', "levers.1.name", "two uncertainties or levers"),
        ('change = "budget.USA.*.musd=x?"', "uncertainties.1.change", 'did you mean "budgets"'),
        ('change = "budgets.USA.*.muds=x?"', "uncertainties.1.change", 'did you mean "musd"'),
        ('change = "budgets.UAS.*.musd=x?"', money_is, "no such row of"),
        ('change = "budgets.USA;JNP.*.musd=x?"', money_is, 'did you mean "JPN"'),
        ('change = "budgets[fnuder=USA].musd=x?"', "uncertainties.1.change", 'mean "funder"'),
        (
            'change = ["projects.*.lead_time_year=plus ?"]',
            "uncertainties.2.change",
            'did you mean "lead_time_years"',
        ),
        ('change = ["projects.*.retire_year=plus ?"]', lead_is, "is blank there"),
        ('"policy.coordinaton" = "national"', lever_is, 'did you mean "policy.coordination"'),
        ('"policy.coordination" = "natonal"', lever_is, 'did you mean "national"'),
    ):
        number = _replaced(text, column)
        if LINES[number - 1] != text:
            yield StudyFault(f"{column} by {text!r}", number, text, number, column, says)


def _replaced(text: str, column: str) -> int:
    """The line that a text takes the place of: that of its key, the nearest of the value."""
    key = text.partition(" = ")[0]
    start = {
        "levers": "[[levers]]",
        "lever ": "[[levers]]",
        'uncertainty "l': "[[uncertainties]]",
        "uncertainties.2": "[[uncertainties]]",
        "design": "[design]",
    }
    at = next(
        (
            _line(line, 2 if "uncert" in line else 1)
            for begin, line in start.items()
            if column.startswith(begin)
        ),
        1,
    )
    wanted = '"policy.coordination"' if key.startswith('"policy') else key
    return next(
        i for i, line in enumerate(LINES, start=1) if i >= at and line.startswith(f"{wanted} = ")
    )
