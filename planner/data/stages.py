"""The kinds of plant: one table that the program, checks, verifier, tables and charts read.

A stage says what its plants take in and what they give. Four sorts follow from that, and every rule asks for the
sort, never for a name: mining (gives a feed), separating (takes feeds, gives oxide), converting (takes one form,
gives another) and saving (replaces demand). CONTRIBUTING.md says how to add a stage.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, get_args

from planner.config import StageLever

StageName = StageLever
Form = Literal["oxide", "metal", "magnet"]
FORMS: tuple[str, ...] = get_args(Form)
"""Forms of an element along the chain, from the separated oxide on."""
OXIDE, METAL, MAGNET = FORMS
FEED = "feed"
"""Stands for feeds in `takes` and `gives`: what mines give and separation plants take."""
DEMAND = "demand"
"""Stands for what is used in `gives`: a saving replaces demand of its country."""
NOTHING = ""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One kind of plant.

    takes, gives: `feed`, a form, or nothing; a saving gives `demand`. bases: what its tonnes of capacity may count.
    item: what its throughput is called in result tables. heading, plural, making: for people.
    is_core: pages tell of it even where the case has none.
    """

    name: StageName
    takes: str
    gives: str
    lever: StageLever
    item: str
    heading: str
    plural: str
    making: str
    colour: str
    is_core: bool = False
    bases: tuple[str, ...] = ("treo",)

    def __post_init__(self) -> None:
        """Refuse a stage that gives the form it takes or an earlier one: origins are traced along the chain, and what
        comes back returns as a feed."""
        if self.converts and FORMS.index(self.gives) <= FORMS.index(self.takes):
            told = f"{self.name} takes {self.takes} and gives {self.gives}, which is no later form"
            raise ValueError(
                f"{told}; what returns to an earlier one is told in the table `returns`"
            )

    def called(self, word: str) -> Stage:
        """The stage as a case calls it; as it is where the case says nothing."""
        if not word:
            return self
        title = word[:1].upper() + word[1:]
        return replace(self, heading=title, plural=title, making=word)

    @property
    def mines(self) -> bool:
        """It gives a feed."""
        return self.gives == FEED

    @property
    def separates(self) -> bool:
        """It takes feeds and gives the oxides in them."""
        return self.takes == FEED

    @property
    def converts(self) -> bool:
        """It takes an element in one form and gives it in another."""
        return self.takes in FORMS

    @property
    def saves(self) -> bool:
        """It replaces demand of its country."""
        return self.gives == DEMAND

    @property
    def has_feeds(self) -> bool:
        """Its projects name feeds."""
        return FEED in (self.takes, self.gives)

    @property
    def recovers(self) -> bool:
        """It gives a share of what it takes, `projects.recovery`."""
        return self.separates or self.converts


_MINE = Stage(
    name="mine",
    is_core=True,
    takes=NOTHING,
    gives=FEED,
    lever="mine",
    item="mined",
    heading="Mine",
    plural="Mines",
    making="mines",
    colour="#E69F00",
)
_SEPARATION = Stage(
    name="separation",
    is_core=True,
    takes=FEED,
    gives=OXIDE,
    bases=("treo", "heavy", "contained"),
    lever="separation",
    item="separated",
    heading="Separation",
    plural="Separation plants",
    making="separation",
    colour="#0072B2",
)
_METAL = Stage(
    name="metal",
    is_core=True,
    takes=OXIDE,
    gives=METAL,
    lever="metal",
    item="reduced",
    heading="Metal",
    plural="Metal plants",
    making="metal making",
    colour="#009E73",
)
_MAGNET = Stage(
    name="magnet",
    takes=METAL,
    gives=MAGNET,
    lever="magnet",
    item="sintered",
    heading="Magnet",
    plural="Magnet plants",
    making="magnet making",
    colour="#8C510A",
)
_SAVING = Stage(
    name="saving",
    takes=NOTHING,
    gives=DEMAND,
    lever="saving",
    item="run",
    heading="Saving",
    plural="Savings",
    making="saving",
    colour="#6B8E23",
)
_IN_ORDER = (_MINE, _SEPARATION, _METAL, _MAGNET, _SAVING)


def _chain() -> tuple[Stage, ...]:
    found: list[Stage] = []
    form = OXIDE
    for stage in _IN_ORDER:
        if stage.takes == form:
            found.append(stage)
            form = stage.gives
    return tuple(found)


STAGES: dict[str, Stage] = {stage.name: stage for stage in _IN_ORDER}
"""Stages by name, from the mine on: what a converting stage takes is given by one before it."""
CONVERTING = tuple(stage for stage in _IN_ORDER if stage.converts)
"""Stages that turn a form into another, in the order of the chain."""
CHAIN = _chain()
"""Stages that follow one another from the oxide on, each taking what the one before gives."""
STAGE_LEVERS: tuple[StageLever, ...] = tuple(stage.lever for stage in _IN_ORDER)
"""Levers that add capacity."""


def stages_told(present: Collection[str]) -> list[Stage]:
    """Stages that pages tell of, along the chain: those that are there, and the core of it."""
    return [stage for stage in _IN_ORDER if stage.is_core or stage.name in present]
