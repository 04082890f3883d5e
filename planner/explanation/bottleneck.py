"""The true bottleneck of each element and year, by the shadow prices of the optimum.

At an optimum every activity that runs earns exactly what it uses up, at shadow prices (complementary slackness;
Dantzig, Linear Programming and Extensions, 1963, ch. 12). So the value of the goods that plants make, in MUSD of
the objective, splits without remainder over what made them: magnet making into capacity, magnet makers and metal; metal
making into furnace capacity, metal makers and oxide; oxide into separation capacity, its people and feed; feed
into mine capacity and its people. What a saving replaces splits into its capacity and its people. A joint product
shares what its plant used in proportion to its value. What remains at the mine is feed that exists or is financed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from planner.data.case import Case
from planner.data.stages import CONVERTING, OXIDE, STAGES
from planner.explanation.counterfactuals import Reference
from planner.results.explanation import Link
from planner.solving.program import Key, Vector
from planner.thresholds import TOLERATED

PEOPLE = ("staff_limit",)
CAPACITY = ("throughput_limit", "must_run", "rise_limit", "availability_limit", "cost_definition")
"""A plant, that it runs on from year to year, and what it costs to run where cost is part of the objective."""
UNASSIGNED = "unassigned"
"""Value that no plant of the year explains: oxide from stock or imports."""
LinkParts = dict[str, float]
"""Link -> MUSD of the objective, or share of a value."""
ElementYear = tuple[str, int]
Activity = tuple[str, str, int]
"""Stage, what tells its activities apart (element of separation, metal and magnets), year."""


def _all_links() -> tuple[str, ...]:
    found = []
    for stage in ("mine", "separation", *(stage.name for stage in CONVERTING), "saving"):
        found += [f"{stage} capacity", f"{stage} people"]
    return (*found, UNASSIGNED)


LINKS = _all_links()
"""Links in the order in which they are told."""


def links(reference: Reference, x: Vector, duals: Vector) -> list[Link]:
    """The links of every element and year in which some plant's output takes risk off, as shares of its value."""
    used = _activities(reference, x, duals)
    out = []
    for (element, year), parts in sorted(_split(used).items()):
        total = sum(parts.values())
        if total <= TOLERATED:
            continue
        for link, musd in parts.items():
            if musd > TOLERATED:
                share = musd / total
                out.append(Link(element=element, year=year, link=link, musd=musd, share=share))
    return out


# ---- what activities earn and use ------------------------------------------------------------------------------------


@dataclass
class _Used:
    """The earnings of one kind of activity in a year and what it used, in MUSD of the objective; goods by element or
    feed."""

    capacity: float = 0.0
    people: float = 0.0
    inputs: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    earned: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def value(self) -> float:
        """The value of all that it made."""
        return sum(self.earned.values())

    def book(self, column: Key, row: Key, worth: float, taken: str) -> None:
        """Book a price times an amount: positive is earned, negative used up. taken: form that the plant takes, if any."""
        name, index = row
        if name in PEOPLE:
            self.people -= worth
        elif name in CAPACITY:
            self.capacity -= worth
        elif name == "feed_balance":
            goods = self.inputs if column[0] == "separated" else self.earned
            goods[index[1]] += abs(worth)
        elif name != "saving_limit" and index[2] == taken:
            self.inputs[index[1]] -= worth
        else:
            self.earned[index[1]] += worth


AllUsed = Mapping[Activity, _Used]


def _activities(reference: Reference, x: Vector, duals: Vector) -> AllUsed:
    """Activity -> its earnings and uses (MUSD), added up over histories and plants.

    x (n), duals (m): of an optimum of the reference.
    """
    program = reference.program
    by_column = program.matrix.tocsc()
    of_column = _readers(reference)
    used: dict[Activity, _Used] = defaultdict(_Used)
    for column, key in enumerate(program.columns):
        if key[0] not in of_column or x[column] <= 0:
            continue
        activity = of_column[key[0]](key)
        taken = STAGES[activity[0]].takes
        for place in range(by_column.indptr[column], by_column.indptr[column + 1]):
            row = by_column.indices[place]
            worth = float(by_column.data[place] * duals[row] * x[column])
            if worth:
                used[activity].book(key, program.rows[row], worth, taken)
    return used


def _readers(reference: Reference) -> dict[str, Callable[[Key], Activity]]:
    """Variable of the program -> the activity that one of its columns belongs to."""
    case: Case = reference.case
    years = [node.year for node in reference.scope.tree.nodes]

    def converted(key: Key) -> Activity:
        project, element, node = key[1]
        return case.projects[project].stage, element, years[node]

    def separated(key: Key) -> Activity:
        _, feed, node = key[1]
        return "separation", feed, years[node]

    def mined(key: Key) -> Activity:
        return "mine", "", years[key[1][1]]

    def run(key: Key) -> Activity:
        return "saving", "", years[key[1][1]]

    return {"converted": converted, "separated": separated, "mined": mined, "run": run}


def _of_stage(used: AllUsed, stage: str) -> Iterator[tuple[str, int, _Used]]:
    """The activities of a stage: what tells them apart, year, and what they earned and used."""
    for (name, of, year), part in used.items():
        if name == stage:
            yield of, year, part


# ---- the split -------------------------------------------------------------------------------------------------------


class _Made:
    """A form of the elements: the value of all that was made of it (MUSD), shares of that value by link, and the value
    that plants took in."""

    def __init__(self) -> None:
        self.value: dict[ElementYear, float] = defaultdict(float)
        self.shares: dict[ElementYear, LinkParts] = {}
        self.taken: dict[ElementYear, float] = defaultdict(float)

    def add(self, at: ElementYear, value: float, shares: LinkParts) -> None:
        """Add what the plants of a stage made; where several stages make the form their shares go by value."""
        before = self.value[at]
        self.value[at] = before + value
        if at in self.shares and self.value[at]:
            both = _scaled(self.shares[at], before / self.value[at])
            _add(both, _scaled(shares, value / self.value[at]))
            shares = both
        self.shares[at] = shares


def _split(used: AllUsed) -> dict[ElementYear, LinkParts]:
    """The value (MUSD) of all that users take, by element and year, over the links that made it."""
    made: dict[str, _Made] = defaultdict(_Made)
    made[OXIDE].value = _oxide_made(used)
    made[OXIDE].shares = _oxide_parts(used, _feed_parts(used))
    for stage in CONVERTING:
        source = made[stage.takes]
        for element, year, part in _of_stage(used, stage.name):
            at = element, year
            source.taken[at] += part.inputs[element]
            shares = _converted_parts(stage.name, part, source.shares.get(at, {}))
            made[stage.gives].add(at, part.value, shares)
    out: dict[ElementYear, LinkParts] = defaultdict(lambda: dict.fromkeys(LINKS, 0.0))
    for form in made.values():
        for at, parts in form.shares.items():
            # What users take as it is; what other plants take is counted with what they make of it.
            _add(out[at], _scaled(parts, max(form.value[at] - form.taken[at], 0.0)))
    for element, year, parts in _saved_parts(used):
        _add(out[element, year], parts)
    return out


def _oxide_made(used: AllUsed) -> dict[ElementYear, float]:
    """The value of the oxide that separation made, by element and year."""
    made: dict[ElementYear, float] = defaultdict(float)
    for _, year, part in _of_stage(used, "separation"):
        for element, value in part.earned.items():
            made[element, year] += value
    return made


def _converted_parts(stage: str, part: _Used, taken: LinkParts) -> LinkParts:
    """Shares of the value of what a converting stage made. taken: shares of the value of what it takes in."""
    own = {f"{stage} capacity": part.capacity, f"{stage} people": part.people}
    _add(own, _scaled(taken, part.value - part.capacity - part.people))
    return _scaled(own, 1 / part.value) if part.value else own


def _saved_parts(used: AllUsed) -> Iterator[tuple[str, int, LinkParts]]:
    """(element, year, parts): the value (MUSD) of demand that savings replace, divided among their capacity and
    people."""
    for _, year, part in _of_stage(used, "saving"):
        spent = part.capacity + part.people
        if spent <= 0 or part.value <= 0:
            continue
        parts = {"saving capacity": part.capacity / spent, "saving people": part.people / spent}
        for element, value in part.earned.items():
            yield element, year, _scaled(parts, value)


def _feed_parts(used: AllUsed) -> dict[int, LinkParts]:
    """Year -> shares of the value of feed that are mine capacity and mine people."""
    out = {}
    for _, year, part in _of_stage(used, "mine"):
        spent = part.capacity + part.people
        if spent > 0:
            out[year] = {"mine capacity": part.capacity / spent, "mine people": part.people / spent}
    return out


def _oxide_parts(used: AllUsed, feeds: Mapping[int, LinkParts]) -> dict[ElementYear, LinkParts]:
    """(element, year) -> shares of the value of its oxide by link; a plant's uses go by the value of its products."""
    sums: dict[ElementYear, LinkParts] = defaultdict(lambda: defaultdict(float))
    for _, year, part in _of_stage(used, "separation"):
        earned = sum(value for value in part.earned.values() if value > 0)
        if earned <= 0:
            continue
        parts = {"separation capacity": part.capacity, "separation people": part.people}
        _add(parts, _scaled(feeds.get(year, {"mine capacity": 1.0}), sum(part.inputs.values())))
        for element, value in part.earned.items():
            _add(sums[element, year], _scaled(parts, max(value, 0.0) / earned))
    out = {}
    for at, parts in sums.items():
        total = sum(parts.values())
        if total > 0:
            out[at] = _scaled(parts, 1.0 / total)
    return out


def _add(into: LinkParts, parts: LinkParts) -> None:
    for link, musd in parts.items():
        into[link] = into.get(link, 0.0) + musd


def _scaled(parts: LinkParts, factor: float) -> LinkParts:
    """Parts times a factor; of a value that no plant of the year explains there is one part."""
    if not parts:
        return {UNASSIGNED: factor}
    return {link: musd * factor for link, musd in parts.items()}
