"""Words of the reports: numbers as people read them (thousands separators, whole from 100 on, a true minus sign; the
same figure has the same digits in sentences and in tables), names in place of ids, and templates of sentences."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.data.case import Case
from planner.data.lookups import BASE
from planner.data.stages import STAGES as KINDS

TAKEN_OFF = {"risk": "the risk", "welfare": "cost plus risk"}
"""What a shadow price is taken off, by its objective."""
NOTHING = "–"

MINUS = "−"

SLIGHT = 0.05
"""Below this an amount of MUSD, tonnes or persons is not told by its digits."""

LEAST_CHANGE = 5e-3

BILLION = 999.5

UNIT = re.compile(r"(?<=\d) (?:%|(?:bn USD|MUSD|t/y|t|kg)\b)")


def number(value: float | None) -> str:
    """A number: whole from 100 on, else three significant digits; a dash if there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.0005:
        return "<0.001" if value > 0 else f">{MINUS}0.001"
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return _minus(f"{value:,.{digits}f}")


def money(musd: float | None) -> str:
    """An amount of MUSD for a sentence, with its unit: billions from a thousand on."""
    if musd is None or math.isnan(musd):
        return NOTHING
    return f"{number(musd / 1000)} bn USD" if abs(musd) >= BILLION else f"{number(musd)} MUSD"


def amount(value: float | None) -> str:
    """A number of MUSD, tonnes or persons for a table, where less than a twentieth of one says nothing."""
    return "<0.05" if value is not None and 0 < value < SLIGHT else number(value)


def unbroken(value: Any) -> Any:
    """A plain text whose figures stay on one line with their units; anything else as it is."""
    return (
        UNIT.sub(lambda found: found[0].replace(" ", "\xa0"), value)
        if type(value) is str
        else value
    )


def percent(share: float | None) -> str:
    """A share as per cent."""
    if share is None or math.isnan(share):
        return NOTHING
    points = 100.0 * share
    if 0 < abs(points) < 0.05:
        return "<0.1 %"
    if 99.95 <= points < 100 - 1e-9:
        return ">99.9 %"
    digits = 0 if abs(points) >= 99.95 or abs(points - round(points)) < 1e-9 else 1
    return _minus(f"{points:,.{digits}f} %")


def signed(value: float | None) -> str:
    """A change with its sign; '0' if it is slighter than half a hundredth."""
    if value is None:
        return NOTHING
    return "0" if abs(value) < LEAST_CHANGE else ("+" if value > 0 else "") + number(value)


def change(before: float, after: float) -> str:
    """The relative change from one value to another, or '' if there was nothing before."""
    return percent(after / before - 1.0) if before > 0 else ""


def as_year(value: float | None) -> str:
    """A year, without separators."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.0f}"


def count(amount: int, one: str, many: str = "") -> str:
    """'1 plant', '3 plants'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """'a, b and c'."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def span(first: float, last: float) -> str:
    """'2027', '2027–2029'."""
    return as_year(first) if first == last else f"{as_year(first)}–{as_year(last)}"


def period(years: Sequence[int]) -> str:
    """'in 2027', 'from 2027 to 2029'; years in order."""
    return f"in {years[0]}" if years[0] == years[-1] else f"from {years[0]} to {years[-1]}"


def spans(years: Iterable[int]) -> str:
    """'2027–2029, 2031'."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if not runs or year != runs[-1][-1] + 1:
            runs.append([])
        runs[-1].append(year)
    return ", ".join(span(run[0], run[-1]) for run in runs)


def first_few(words: Sequence[str], most: int, separator: str = "; ") -> str:
    """The first `most` of some words, and how many more there are."""
    more = len(words) - most
    return separator.join(words[:most]) + (f" and {count(more, 'other')}" if more > 0 else "")


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


STAGES = {name: stage.heading for name, stage in KINDS.items()}

STAGES_MANY = {name: stage.plural for name, stage in KINDS.items()}


CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_NAME = 120


def readable(text: str) -> str:
    """An id without underscores; short lower-case words are taken for abbreviations."""
    words = harmless(text).replace("_", " ").split()
    return " ".join(
        word.upper() if len(word) <= 3 and word.isalpha() and word.islower() else word
        for word in words
    )


def harmless(text: str) -> str:
    """A text without control characters, over which drawing fails, and at most `LONGEST_NAME` letters of it."""
    plain = CONTROL.sub(" ", text).strip()
    return plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - 1].rstrip() + "…"


def short(name: str, most: int = 44) -> str:
    """A name cut after a word, for places with little room."""
    return name if len(name) <= most else name[:most].rpartition(" ")[0].rstrip(" ,;:") + "…"


def headline(text: str) -> str:
    """The name of a case as a title: 'allied-2026' -> 'Allied 2026'."""
    words = readable(text.replace("-", " "))
    return words[:1].upper() + words[1:]


def midway(name: str) -> str:
    """A name in the middle of a sentence: 'Dysprosium' -> 'dysprosium'; symbols and abbreviations stay."""
    return (
        name[0].lower() + name[1:]
        if len(name) > 3 and name[1].islower() and name[0].isupper()
        else name
    )


class Lookup(dict[str, str]):
    """Names by id; called with an id that it does not hold, it makes the id readable."""

    def __call__(self, key: str) -> str:
        """The name of an id."""
        return self.get(key, readable(key))


class Names:
    """Look-ups id -> name of one case. Names that two rows share are told apart by their id.

    programme: skill and country of a training programme. stories: what a drawn future says behind its name.
    """

    def __init__(self, case: Case) -> None:
        tables = case.tables
        self.country = _unique((r.country, r.name) for r in tables.countries)
        self.element = _unique((r.element, r.name) for r in tables.elements)
        self.project = _unique((r.project, r.name) for r in tables.projects)
        self.skill = _unique((r.skill, r.name) for r in tables.skills)
        self.scenario = _unique(_heads([(r.scenario, r.name) for r in tables.scenarios])) or Lookup(
            {BASE: "Base"}
        )
        self.programme = _unique(
            (r.programme, f"{self.skill(r.skill)}, {self.country(r.country)}")
            for r in tables.training
        )
        # A feed that one mine alone gives and that has its id bears the mine's name.
        self.feed = Lookup({feed: self.project(feed) for feed in case.feed_shares})
        parts = {r.scenario: CONTROL.sub(" ", r.name).partition(": ") for r in tables.scenarios}
        self.stories = {
            w: story for w, (_, _, story) in parts.items() if ": " not in self.scenario[w]
        }
        self._places = {r.project: r.country for r in tables.projects}
        self._folded = {c.casefold(): name for c, name in self.country.items()}
        self._folded |= {
            r.supplier.casefold(): harmless(r.name) for r in tables.suppliers if r.name
        }

    @cached_property
    def by_column(self) -> dict[str, Callable[[str], str]]:
        """Column of ids -> what names them."""
        return {
            "project": self.place,
            "country": self.country,
            "element": self.element,
            "scenario": self.scenario,
            "skill": self.skill,
            "programme": self.programme,
            "feed": self.feed,
            "funder": self.party,
            "supplier": self.party,
            "scenarios": self.who,
            "stage": lambda stage: STAGES.get(stage, stage),
        }

    def project_and_place(self, project: str, country: str) -> str:
        """Name of a project with its country, unless the name says it."""
        if not country:
            return self.project(project)
        name, place = self.project(project), self.country(country)
        says = country.casefold() in name.casefold().split() or place.casefold() in name.casefold()
        return name if says else f"{name}, {place}"

    def placed(self, project: str) -> str:
        """Name of a project with the country it is in."""
        return self.project_and_place(project, self._places.get(project, ""))

    def source(self, feed: str) -> str:
        """A feed: where one mine alone gives it, the mine and its country."""
        return self.placed(feed) if self.feed(feed) == self.project(feed) else self.feed(feed)

    def party(self, party: str) -> str:
        """Name of a funder or supplier: the country it is called after, or its readable id."""
        return self._folded.get(party.casefold(), readable(party))

    def place(self, item: str) -> str:
        """Name of a plant or, for imports, of the supplier."""
        return self.project[item] if item in self.project else self.party(item)

    def who(self, scenarios: str) -> str:
        """The scenarios of a decision ('all' or ids joined by `;`) in words."""
        return (
            "all"
            if scenarios == "all"
            else "; ".join(self.scenario(w) for w in scenarios.split(";"))
        )


def _heads(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The names up to a colon, as futures that were drawn have them, where those tell all of them apart."""
    short = [(key, name.partition(": ")[0]) for key, name in pairs]
    return short if len({name for _, name in short}) == len(pairs) else pairs


def _unique(pairs: Iterable[tuple[str, str]]) -> Lookup:
    named = {key: harmless(name) or readable(key) for key, name in pairs}
    often = Counter(name.casefold() for name in named.values())
    return Lookup(
        {
            key: name if often[name.casefold()] == 1 else f"{name} ({key})"
            for key, name in named.items()
        }
    )


def _of_lines(text: str) -> list[str]:
    """Lines with anything on them."""
    return [line for line in map(str.strip, text.split("\n")) if line]


# Plain texts, for the screen and for Markdown too: the page escapes them when it shows them.
TEMPLATES = Environment(  # noqa: S701
    loader=PackageLoader("planner.reporting", "templates/text"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
FILTERS = (
    number,
    percent,
    signed,
    money,
    short,
    midway,
    readable,
    listed,
    period,
    spans,
    first_few,
)
TEMPLATES.filters |= {function.__name__: function for function in FILTERS} | {
    "year": as_year,
    "listed_lines": lambda text: listed(_of_lines(text)),
    "joined_lines": lambda text: "; ".join(_of_lines(text)),
    "each": lambda things, words: [words(thing) for thing in things],
}
TEMPLATES.globals |= {"count": count, "change": change, "span": span, "stages": STAGES_MANY}


def worded(template: str, name: str, /, **values: Any) -> str:
    """A passage (macro) of a template of sentences over some values: its lines joined by spaces; '' if it says nothing.

    Raises jinja2.UndefinedError if it speaks of a value that is not there.
    """
    return joined(passage(template, name, values))


def joined(text: str) -> str:
    """The lines of a text behind one another."""
    return " ".join(_of_lines(text))


def worded_lines(template: str, name: str, /, **values: Any) -> list[str]:
    """A passage as lines of the screen, blank ones left out."""
    return [line for line in passage(template, name, values).split("\n") if line.strip()]


def passage(template: str, name: str, values: dict[str, Any]) -> str:
    """A passage (macro) of a template over some values, as it is."""
    return str(getattr(TEMPLATES.get_template(template).make_module(values), name)())
