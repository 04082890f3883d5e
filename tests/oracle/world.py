"""The case, the choices and the program under construction, with the small lookups every block needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tests.oracle.histories import Effect, Shocks, histories
from tests.oracle.sparse import Key, Program
from tests.oracle.tables import FORMS, Case, Choices, Period, Project, Row, Target, number

OPERATIONS = {
    "throughput",
    "use",
    "turn",
    "given",
    "received",
    "imported",
    "resold",
    "stock",
    "bought",
    "released",
    "short",
    "saved",
    "missing",
    "lent",
    "borrowed",
    "pay",
    "carry",
}
INVESTMENT = {"build", "intake", "seats", "hires", "scheduled"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a target asks at one place of a scenario and period: terms <= limit, or what is more is missing."""

    target: Target
    scenario: str
    period: Period
    terms: dict[Key, float]
    limit: float


@dataclass
class World:
    """Everything about one instance. Every scenario has variables of its own for every period; `decisions` ties them."""

    case: Case
    choices: Choices
    shocks: Shocks
    history: dict[tuple[str, Period], tuple[Effect, ...]]
    lp: Program = field(default_factory=Program)
    asked: list[Asked] = field(default_factory=list)
    missing: dict[Key, Asked] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case, choices: Choices) -> World:
        """A world with its histories and an empty program."""
        shocks = Shocks(case, choices)
        return cls(case, choices, shocks, histories(shocks, shocks.periods))

    @cached_property
    def moments(self) -> list[tuple[str, Period]]:
        """All pairs of scenario and period."""
        return [(w, t) for w in self.case.scenarios for t in self.shocks.periods]

    @cached_property
    def openings(self) -> list[tuple[str, Period]]:
        """All pairs of scenario and first period of a year."""
        return [(w, t) for w, t in self.moments if t.opens_year]

    def before(self, t: Period) -> Period | None:
        """The period before one; none before the first."""
        return None if t == self.shocks.periods[0] else t.before(self.shocks.divided)

    @cached_property
    def goods(self) -> list[tuple[str, str, str]]:
        """Contract: "Each country, element, form"; without any word of magnets those of oxide and metal."""
        named = {
            key[-1]
            for table in (self.case.demand, self.case.imports, self.case.stockpiles)
            for key in table
        }
        magnets = "magnet" in named or any(p.stage == "magnet" for p in self.case.projects)
        forms = FORMS if magnets else FORMS[:2]
        return [
            (c, e, f)
            for c in self.case.country_names
            for e in self.case.element_names
            for f in forms
        ]

    @cached_property
    def groups(self) -> list[list[str]]:
        """The coordination groups of countries."""
        return self.shocks.groups

    def country(self, name: str) -> Row:
        """The row of a country."""
        return next(row for row in self.case.countries if row["country"] == name)

    def plants(self, *, country: str | None = None, stage: str | None = None) -> list[Project]:
        """Projects of a country and stage."""
        return [
            p
            for p in self.case.projects
            if (country is None or p.country == country) and (stage is None or p.stage == stage)
        ]

    def recovery(self, plant: Project, element: str) -> float:
        """Contract: "`recoveries`: overrides `projects.recovery`"."""
        return self.case.recoveries.get((plant.name, element), plant.recovery)

    def factor(self, year: int) -> float:
        """Contract: "for costs, per year; factor (1+r)^-(t-first_year)"."""
        return (1 + self.choices.discount) ** -(year - self.choices.first)

    def risk_factor(self, year: int) -> float:
        """Contract: "the same for losses"."""
        return (1 + self.choices.risk_discount) ** -(year - self.choices.first)

    def persons(self, plant: Project, skill: str) -> float:
        """persons_per_ktpa: "blank = every project of the stage; a project row overrides" (read: skill by skill).

        "What must run needs no people: rows of `staffing` for its stage pass it over".
        """
        if plant.must_run:
            return 0.0
        own = [
            r for r in self.case.staffing if r.get("project") == plant.name and r["skill"] == skill
        ]
        general = [
            r
            for r in self.case.staffing
            if not r.get("project") and r["stage"] == plant.stage and r["skill"] == skill
        ]
        rows = own or general
        return number(rows[0], "persons_per_ktpa") if rows else 0.0

    def steps(self, country: str, element: str, form: str) -> list[tuple[float, float]]:
        """(up_to_share, usd per kg): "the most specific holds whole: country and form, country, form, neither".

        "Without rows in `loss_tiers`, each kg short costs the element's `loss_usd_per_kg`."
        """
        for c, f in ((country, form), (country, ""), ("", form), ("", "")):
            rows = [
                (number(r, "up_to_share"), number(r, "loss_usd_per_kg"))
                for r in self.case.tiers
                if r["element"] == element and r.get("country", "") == c and r.get("form", "") == f
            ]
            if rows:
                return sorted(rows)
        row = next(r for r in self.case.elements if r["element"] == element)
        return [(1.0, number(row, "loss_usd_per_kg"))]
