"""Names in place of ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property

from planner.data.case import Case
from planner.data.lookups import BASE
from planner.data.stages import STAGES as KINDS

STAGES = {name: stage.heading for name, stage in KINDS.items()}
STAGES_MANY = {name: stage.plural for name, stage in KINDS.items()}
ITEM_NAMES = {f"capex {stage}": plural for stage, plural in STAGES_MANY.items()} | {
    "training fees": "Training fees",
    "training seats": "Training seats",
    "hiring": "Hiring",
    "stock purchases": "Stock purchases",
}
"""Items of public spending."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_NAME, LONGEST_ROW = 120, 40
"""Letters of a name, and of the name of a plant in a chart."""


def readable(text: str) -> str:
    """An id without underscores; short lower-case words are taken for abbreviations."""
    words = []
    for word in harmless(text).replace("_", " ").split():
        abbreviation = len(word) <= 3 and word.isalpha() and word.islower()
        words.append(word.upper() if abbreviation else word)
    return " ".join(words)


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
    plain_word = len(name) > 3 and name[1].islower() and name[0].isupper()
    return name[0].lower() + name[1:] if plain_word else name


class Lookup(dict[str, str]):
    """Names by id; called with an id that it does not hold, it makes the id readable."""

    def __call__(self, key: str) -> str:
        """The name of an id."""
        return self[key] if key in self else readable(key)


class Names:
    """Look-ups id -> name of one case. Names that two rows share are told apart by their id.

    programme: skill and country of a training programme. stories: what the name of a sampled scenario says behind its
    colon.
    """

    def __init__(self, case: Case) -> None:
        tables = case.tables
        self.country = _unique((row.country, row.name) for row in tables.countries)
        self.element = _unique((row.element, row.name) for row in tables.elements)
        self.project = _unique((row.project, row.name) for row in tables.projects)
        self.skill = _unique((row.skill, row.name) for row in tables.skills)
        schools = []
        for row in tables.training:
            name = f"{self.skill(row.skill)}, {self.country(row.country)}"
            schools.append((row.programme, name))
        self.programme = _unique(schools)
        # A feed that one mine alone gives and that has its id bears the mine's name.
        self.feed = Lookup({feed: self.project(feed) for feed in case.feed_shares})
        scenarios = [(row.scenario, row.name) for row in tables.scenarios]
        self.scenario = _unique(_heads(scenarios)) or Lookup({BASE: "Base"})
        self.stories: dict[str, str] = {}
        for key, name in scenarios:
            if ": " not in self.scenario[key]:
                self.stories[key] = CONTROL.sub(" ", name).partition(": ")[2]
        self._places = {row.project: row.country for row in tables.projects}
        self._folded = {country.casefold(): name for country, name in self.country.items()}
        for supplier in tables.suppliers:
            if supplier.name:
                self._folded[supplier.supplier.casefold()] = harmless(supplier.name)

    @cached_property
    def by_column(self) -> dict[str, Callable[[str], str]]:
        """Column of ids -> the function that names them."""
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

    @cached_property
    def brief(self) -> Lookup:
        """Names of projects with their country for the row of a chart: long ones are cut, unless two would be alike."""
        found = Lookup()
        for project in self.project:
            found[project] = self.placed(project)
            if len(found[project]) > LONGEST_ROW:
                place = self.country(self._places[project])
                found[project] = f"{short(self.project(project), LONGEST_ROW - 10)} {place}"
        often = Counter(found.values())
        for project, name in found.items():
            if often[name] > 1:
                found[project] = self.placed(project)
        return found

    def source(self, feed: str) -> str:
        """A feed: where one mine alone gives it, the mine and its country."""
        return self.placed(feed) if self.feed(feed) == self.project(feed) else self.feed(feed)

    def party(self, party: str) -> str:
        """Name of a funder or supplier: the country it is called after, or its readable id."""
        return self._folded.get(party.casefold(), readable(party))

    def place(self, item: str) -> str:
        """Name of a plant or, for imports, of the supplier."""
        return self.project[item] if item in self.project else self.party(item)

    def origin(self, origin: str) -> str:
        """Name of an origin of supply: a country, a supplier, or stock."""
        return "Stock" if origin == "stock" else self.party(origin)

    def who(self, scenarios: str) -> str:
        """The scenarios of a decision ('all' or ids joined by `;`) in words."""
        if scenarios == "all":
            return "all"
        return "; ".join(self.scenario(scenario) for scenario in scenarios.split(";"))

    def without(self, missing: str) -> str:
        """What a row of the coverage table leaves out, in words: `origin:X`, `country:C`, `project:P` or two of them."""
        named: dict[str, Callable[[str], str]] = {
            "origin": self.origin,
            "country": self.country,
            "project": self.placed,
        }
        words = []
        for part in missing.split("+"):
            kind, _, key = part.partition(":")
            words.append(named[kind](key) if kind in named else readable(part))
        return " and ".join(words)


def _heads(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The names up to a colon, as sampled scenarios have them, where those tell all of them apart."""
    short_names = [(key, name.partition(": ")[0]) for key, name in pairs]
    return short_names if len({name for _, name in short_names}) == len(pairs) else pairs


def _unique(pairs: Iterable[tuple[str, str]]) -> Lookup:
    named = {key: harmless(name) or readable(key) for key, name in pairs}
    often = Counter(name.casefold() for name in named.values())
    found = Lookup()
    for key, name in named.items():
        found[key] = name if often[name.casefold()] == 1 else f"{name} ({key})"
    return found
