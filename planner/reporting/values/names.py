"""Names for people in place of ids. An id without a name is made readable, never guessed at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from planner.data.case import Case
from planner.data.lookups import BASE

STAGES = {"mine": "Mine", "separation": "Separation", "metal": "Metal"}
STAGES_MANY = {"mine": "Mines", "separation": "Separation plants", "metal": "Metal plants"}


def readable(text: str) -> str:
    """An id without underscores; short lower-case words are taken for abbreviations."""
    words = text.replace("_", " ").split()
    return " ".join(word.upper() if len(word) <= 3 and word.isalpha() and word.islower() else word for word in words)


def headline(text: str) -> str:
    """The name of a case as a title: 'allied-2026' -> 'Allied 2026'."""
    words = readable(text.replace("-", " "))
    return words[:1].upper() + words[1:]


def midway(name: str) -> str:
    """A name in the middle of a sentence: 'Dysprosium' -> 'dysprosium'; symbols and abbreviations stay."""
    return name[0].lower() + name[1:] if len(name) > 3 and name[1].islower() and name[0].isupper() else name


class Names:
    """Look-ups id -> name of one case. Names that two rows share are told apart by their id."""

    def __init__(self, case: Case) -> None:
        tables = case.tables
        self.countries = _unique((r.country, r.name) for r in tables.countries)
        self.elements = _unique((r.element, r.name) for r in tables.elements)
        self.projects = _unique((r.project, r.name) for r in tables.projects)
        self._places = {r.project: r.country for r in tables.projects}
        self.skills = _unique((r.skill, r.name) for r in tables.skills)
        self.scenarios = _unique((r.scenario, r.name) for r in tables.scenarios) or {BASE: "Base"}
        self.programmes = _unique(
            (r.programme, f"{self.skill(r.skill)}, {self.country(r.country)}") for r in tables.training
        )
        self.feeds = self._feeds(case)
        self._folded = {c.casefold(): name for c, name in self.countries.items()}

    def _feeds(self, case: Case) -> dict[str, str]:
        """A feed that one mine alone gives and that has its id bears the mine's name."""
        return {feed: self.projects.get(feed, readable(feed)) for feed in case.feed_shares}

    def country(self, country: str) -> str:
        """Name of a country."""
        return self.countries.get(country, readable(country))

    def element(self, element: str) -> str:
        """Name of an element."""
        return self.elements.get(element, readable(element))

    def project(self, project: str) -> str:
        """Name of a project."""
        return self.projects.get(project, readable(project))

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

    def skill(self, skill: str) -> str:
        """Name of a skill."""
        return self.skills.get(skill, readable(skill))

    def scenario(self, scenario: str) -> str:
        """Name of a scenario."""
        return self.scenarios.get(scenario, readable(scenario))

    def programme(self, programme: str) -> str:
        """Skill and country of a training programme."""
        return self.programmes.get(programme, readable(programme))

    def feed(self, feed: str) -> str:
        """Name of a feed."""
        return self.feeds.get(feed, readable(feed))

    def party(self, party: str) -> str:
        """Name of a funder or supplier: the country it is called after, or its readable id."""
        return self._folded.get(party.casefold(), readable(party))

    def place(self, item: str) -> str:
        """Name of a plant or, for imports, of the supplier."""
        return self.projects[item] if item in self.projects else self.party(item)

    def who(self, scenarios: str) -> str:
        """The scenarios of a decision ('all' or ids joined by `;`) in words."""
        return "all" if scenarios == "all" else "; ".join(self.scenario(w) for w in scenarios.split(";"))


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    named: Mapping[str, str] = {key: name.strip() or readable(key) for key, name in pairs}
    often = Counter(name.casefold() for name in named.values())
    return {key: name if often[name.casefold()] == 1 else f"{name} ({key})" for key, name in named.items()}
