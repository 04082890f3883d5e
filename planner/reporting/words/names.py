"""Names in place of ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.data.kept import kept
from planner.data.lookups import BASE
from planner.data.stages import FORMS

ITEM_NAMES = {
    "training fees": "Training fees",
    "training seats": "Training seats",
    "hiring": "Hiring",
    "stock purchases": "Stock purchases",
}
"""Items of public spending but capital, which is called by its stage."""
SCRAP = re.compile("scrap|swarf|recycl", re.IGNORECASE)
"""What the id of a feed has in it that is no ore."""
DRAW = re.compile(r", draw \d+ of \d+$")
"""What the name of a drawn scenario has behind that of its storyline."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_NAME = 120
"""Letters of a name."""


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
    return begun(readable(text.replace("-", " ")))


def begun(words: str) -> str:
    """Words at the beginning of a sentence: 'runs anyway' -> 'Runs anyway'."""
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

    stages, stages_many: of one plant, of several. own_stages:
    those that the case itself names. items: of public
    spending. stories: what the name of a sampled scenario says behind its
    colon.
    """

    def __init__(self, case: Case) -> None:
        tables = case.tables
        self.country = _of(tables.countries, "country")
        self.element = _of(tables.elements, "element")
        self.project = _of(tables.projects, "project")
        self.skill = _of(tables.skills, "skill")
        self.feed = Lookup()
        for feed in case.lookups.feed_shares:
            # A feed that one mine alone gives and that has its id bears the mine's name.
            self.feed[feed] = self.project(feed)
        full = {row.scenario: row.name for row in tables.scenarios}
        self.scenario = _told_apart(_heads(full)) or Lookup({BASE: "Base"})
        self.stories: dict[str, str] = {}
        for scenario, name in full.items():
            if ": " not in self.scenario[scenario]:
                self.stories[scenario] = CONTROL.sub(" ", name).partition(": ")[2]
        self.stages = {name: stage.heading for name, stage in case.lookups.stages.items()}
        self.stages_many = {name: stage.plural for name, stage in case.lookups.stages.items()}
        self._about = case.lookups.about
        self.own_stages = {
            key.removeprefix("stage_"): word for key, word in case.lookups.about.items()
        }
        capital = {f"capex {name}": plural for name, plural in self.stages_many.items()}
        self.items = capital | ITEM_NAMES
        self._forms = {form for _, _, form, _ in case.demand}
        self._forms |= {case.lookups.stage_of(project).gives for project in case.projects}
        self._forms &= set(FORMS)
        self._projects = case.projects
        self._parties = {}
        for country, name in self.country.items():
            self._parties[country.casefold()] = name
        for supplier in tables.suppliers:
            if supplier.name:
                self._parties[supplier.supplier.casefold()] = harmless(supplier.name)
        self._outside = _heads_of_origins(case)

    @cached_property
    def by_column(self) -> dict[str, Callable[[str], str]]:
        """Column of ids -> the function that names them."""
        return {
            "project": self.place,
            "country": self.country,
            "element": self.element,
            "scenario": self.scenario,
            "skill": self.skill,
            "feed": self.feed,
            "funder": self.party,
            "supplier": self.party,
            "party": self.party,
            "origin": self.origin,
            "scenarios": self.who,
            "stage": self.stage,
        }

    def told(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with names in place of ids in every column of `by_column`; a blank id stays blank."""
        named = rows.copy()
        for column, namer in self.by_column.items():
            if column in rows and not is_numeric_dtype(rows[column]):
                names = {key: namer(key) if key else "" for key in rows[column].unique()}
                named[column] = rows[column].map(names)
        return named

    def good(self, element: str, form: str) -> str:
        """Name of an element in a form, in the middle of a sentence; of the element alone where the case has one form."""
        return f"{midway(self.element(element))} {self.form(form)}".strip()

    def form(self, form: str) -> str:
        """A form; nothing where the case has no other."""
        return self.form_name(form) if len(self._forms) > 1 else ""

    def form_name(self, form: str) -> str:
        """What the case calls a form."""
        return self._about.get(f"form_{form}", form)

    def stage(self, stage: str) -> str:
        """Name of a stage; another word as it is."""
        return self.stages.get(stage, stage)

    def kind(self, project: str) -> str:
        """What a project is: its stage, but that it recycles where what it mines is scrap and the case has no word for it."""
        row = self._projects[project]
        recycles = row.stage == "mine" and "mine" not in self.own_stages
        if recycles and any(map(SCRAP.search, row.feeds)):
            return "Recycling"
        return self.stage(row.stage)

    def placed(self, project: str) -> str:
        """Name of a project with the country it is in, unless the name says it."""
        name = self.project(project)
        if project not in self._projects:
            return name
        country = self._projects[project].country
        place, folded = self.country(country), name.casefold()
        if country.casefold() in folded.split() or place.casefold() in folded:
            return name
        return f"{name}, {place}"

    def thing(self, item: str) -> str:
        """Name of a scarce thing: a plant, feed or skill; else that of a party."""
        for names in (self.project, self.feed, self.skill):
            if item in names:
                return names[item]
        return self.party(item) if item else ""

    def party(self, party: str) -> str:
        """Name of a funder or supplier: the country it is called after, or its readable id."""
        return self._parties.get(party.casefold(), readable(party))

    def place(self, item: str) -> str:
        """Name of a plant or, for imports, of the supplier."""
        return self.project[item] if item in self.project else self.party(item)

    def origin(self, origin: str) -> str:
        """Name of an origin of supply: a country, or what the names of its suppliers have in front of a colon; or stock."""
        if origin == "stock":
            return "Stock"
        return self._outside.get(origin) or self.party(origin)

    def who(self, scenarios: str) -> str:
        """The scenarios of a decision ('all' or ids joined by `;`) in words."""
        if scenarios == "all":
            return "all"
        return "; ".join(map(self.scenario, scenarios.split(";")))

    def storyline(self, storyline: str, scenarios: Iterable[str]) -> str:
        """What the names of its scenarios have in front of the number of a draw; its readable id where they differ."""
        called = {DRAW.sub("", self.scenario(scenario)) for scenario in scenarios}
        return called.pop() if len(called) == 1 else readable(storyline)

    def without(self, missing: str) -> str:
        """Words for what a row of the coverage table leaves out: `origin:X`, `country:C`, `project:P` or two of
        them."""
        namers: dict[str, Callable[[str], str]] = {
            "origin": self.origin,
            "country": self.country,
            "project": self.placed,
        }
        words = []
        for part in missing.split("+"):
            kind, _, key = part.partition(":")
            words.append(namers.get(kind, readable)(key or part))
        return " and ".join(words)


@kept
def names_of(case: Case) -> Names:
    """The names of a case."""
    return Names(case)


def _of(rows: Iterable[Any], key: str) -> Lookup:
    """The names of rows by a column of ids."""
    return _told_apart({getattr(row, key): row.name for row in rows})


def _heads(full: dict[str, str]) -> dict[str, str]:
    """The names up to a colon, as sampled scenarios have them, where those tell all of them apart."""
    heads = {key: name.partition(": ")[0] for key, name in full.items()}
    return heads if len(set(heads.values())) == len(full) else full


def _heads_of_origins(case: Case) -> dict[str, str]:
    """Origins that are no countries of the case -> what the names of all their suppliers have in front of a colon."""
    heads: dict[str, set[str]] = {}
    for row in case.tables.suppliers:
        head, colon, _ = harmless(row.name).partition(": ")
        heads.setdefault(row.origin, set()).add(head if colon else "")
    return {origin: max(of) for origin, of in heads.items() if len(of) == 1}


def _told_apart(names: dict[str, str]) -> Lookup:
    """Names that can be shown; of those that several share, each with its id behind it."""
    found = Lookup()
    for key, name in names.items():
        found[key] = harmless(name) or readable(key)
    often = Counter(map(str.casefold, found.values()))
    for key, name in found.items():
        if often[name.casefold()] > 1:
            found[key] = f"{name} ({key})"
    return found
