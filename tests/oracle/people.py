"""Training, staff, secondment and what plants need ("Workforce", section 2)."""

from __future__ import annotations

from tests.oracle.sparse import Key, add
from tests.oracle.tables import number
from tests.oracle.world import World


def add_training(world: World) -> None:
    """Intake <= seats + seats added in earlier years (added in all <= max_new_seats, none in the last year)."""
    for name, row in world.case.training.items():
        most = number(row, "max_new_seats") if "training" in world.choices.levers else 0.0
        for w in world.case.scenarios:
            added: list[Key] = []
            for t in world.choices.years:
                intake = world.lp.variable("intake", name, w, t)
                world.lp.at_most({intake: 1.0, **dict.fromkeys(added, -1.0)}, number(row, "seats"))
                if t < world.choices.last:
                    added.append(world.lp.variable("seats", name, w, t))
            world.lp.at_most(dict.fromkeys(added, 1.0), most)


def programmes(world: World, country: str, skill: str) -> dict[str, int]:
    """Programmes that serve a country and skill, with their duration in years."""
    return {
        name: int(number(row, "duration_years"))
        for name, row in world.case.training.items()
        if row["country"] == country and row["skill"] == skill
    }


def add_staff(world: World) -> None:
    """Contract: "staff[t] = (1-attrition) * staff[t-1] + completion_rate * intake[t-duration] + hires[t]".

    "staff in the first year = initial"; "hires <= hires_per_year from the second year on".
    """
    first = world.choices.first
    for (country, skill), row in world.case.workforce.items():
        leaving = number(world.case.skills[skill], "attrition")
        most = number(row, "hires_per_year") if "hiring" in world.choices.levers else 0.0
        for w, (t, _) in world.openings:
            staff = world.lp.variable("staff", country, skill, w, t)
            if t == first:
                world.lp.equals({staff: 1.0}, number(row, "initial"))
                continue
            hires = world.lp.variable("hires", country, skill, w, t, high=most)
            terms: dict[Key, float] = {
                staff: 1.0,
                hires: -1.0,
                ("staff", country, skill, w, t - 1): leaving - 1.0,
            }
            for name, duration in programmes(world, country, skill).items():
                if t - duration >= first:
                    rate = number(world.case.training[name], "completion_rate", 1.0)
                    add(terms, ("intake", name, w, t - duration), -rate)
            world.lp.equals(terms, 0.0)


def add_secondment(world: World) -> None:
    """Contract: "Available = staff - lent + borrowed; lent <= secondment_share * staff; in a group lent = borrowed".

    Staff is decided by year, secondment "on nodes".
    """
    for w, t in world.moments:
        for country, skill in world.case.workforce:
            place = (country, skill, w, t)
            available, lent = (
                world.lp.variable("available", *place),
                world.lp.variable("lent", *place),
            )
            borrowed = world.lp.variable("borrowed", *place)
            staff = ("staff", country, skill, w, t.year)
            world.lp.equals({available: 1.0, staff: -1.0, lent: 1.0, borrowed: -1.0}, 0.0)
            world.lp.at_most({lent: 1.0, staff: -world.choices.secondment}, 0.0)
        for group in world.groups:
            for skill in world.case.skills:
                terms: dict[Key, float] = {}
                for country in group:
                    if (country, skill) in world.case.workforce:
                        terms["lent", country, skill, w, t] = 1.0
                        terms["borrowed", country, skill, w, t] = -1.0
                if terms:
                    world.lp.equals(terms, 0.0)


def add_mentors(world: World) -> None:
    """Contract: "All trainees under way in t (intakes of t-duration+1 .. t) ... <= mentor_ratio * staff available".

    "mentors bind in every period".
    """
    for skill, row in world.case.skills.items():
        if not row.get("mentor_ratio"):
            continue  # "blank = no limit"
        for country in world.case.country_names:
            for w, t in world.moments:
                terms: dict[Key, float] = {}
                for name, duration in programmes(world, country, skill).items():
                    for start in range(max(t.year - duration + 1, world.choices.first), t.year + 1):
                        terms["intake", name, w, start] = 1.0
                if (country, skill) in world.case.workforce:
                    terms["available", country, skill, w, t] = -number(row, "mentor_ratio")
                if terms:
                    world.lp.at_most(terms, 0.0)


def add_needs(world: World) -> None:
    """Contract: "sum of throughput/1000 * persons_per_ktpa <= available; ... without a `workforce` row has nobody".

    "people bound throughput / h".
    """
    for country in world.case.country_names:
        for skill in world.case.skills:
            for w, t in world.moments:
                terms: dict[Key, float] = {}
                for plant in world.plants(country=country):
                    need = world.persons(plant, skill)
                    if need > 0:
                        terms["throughput", plant.name, w, t] = need / 1000.0 / t.length
                if (country, skill) in world.case.workforce:
                    terms["available", country, skill, w, t] = -1.0
                if terms:
                    world.lp.at_most(terms, 0.0)


def add_people(world: World) -> None:
    """All blocks of this file."""
    add_training(world)
    add_staff(world)
    add_secondment(world)
    add_mentors(world)
    add_needs(world)
