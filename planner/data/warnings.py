"""What a good colleague would ask about before solving: named, each silenceable, none of them a fault.

`warnings_of(case)` says where the inputs, though valid, are probably not what was meant. Each function is one rule
of `planner.data.rules.WARNINGS` or a few that belong together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from statistics import median

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.lookups import MADE_FROM, OXIDE
from planner.data.rules import Finding
from planner.data.schema import TABLES
from planner.data.tree import Effects, effects_of
from planner.errors import Fault, did_you_mean
from planner.units import musd, musd_per_tonne, persons_per_tonne

ODD_YEARS = 40
"""Years between a row and the middle of its table."""
FACTOR, GAP = 100.0, 20.0
"""A figure stands out if it is this far from the median of its peers, and this far from the nearest of them."""
SPAN = 1e10
"""Ratio of coefficients that endangers the numerics: solver tolerances are 1e-8."""
PEERS: dict[str, tuple[str, ...]] = {
    "demand": ("country", "element", "form"),
    "imports": ("supplier", "country", "element", "form"),
    "budgets": ("funder",),
    "feeds": ("element",),
    "projects": ("stage", "basis"),
    "staffing": ("stage", "skill"),
}
"""Columns within whose equal values figures are peers; other tables are compared as a whole."""
SMALLEST_GROUP = 4
SERIES = ("demand", "imports", "budgets")
"""Tables whose peers are one series over the years, in which two figures can already disagree."""
NO_MEASURES = ("year", "year_after_start", "duration_years", "lead_time_years", "probability", "factor", "up_to_share")


def odd_years(case: Case) -> Iterator[Finding]:
    """Years decades away from the others of their table."""
    for table in ("demand", "imports", "budgets"):
        rows = case.tables.rows(table)
        if not rows:
            continue
        middle = median(getattr(row, "year") for row in rows)  # noqa: B009 - not every row type has a year
        for row in rows:
            year = getattr(row, "year")  # noqa: B009
            if abs(year - middle) > ODD_YEARS:
                yield Finding(
                    "odd-year", table, row.line, "year", f"{year} is far from the other years, around {middle:g}", year
                )


def far_off(case: Case) -> Iterator[Finding]:
    """Figures orders of magnitude off their peers in the same column."""
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if len(rows) < SMALLEST_GROUP:
            continue
        by = PEERS.get(table.name, ())
        for column in table.row.columns():
            if column in NO_MEASURES or column.endswith("_year") or not isinstance(getattr(rows[0], column), float):
                continue
            groups: dict[tuple[object, ...], list[tuple[float, int]]] = defaultdict(list)
            for row in rows:
                value = getattr(row, column)
                if value:
                    groups[tuple(getattr(row, name) for name in by)].append((value, row.line))
            usual = median(math.log10(value) for group in groups.values() for value, _ in group) if groups else 0.0
            for group in groups.values():
                for value, line, typical in (*_outliers(group), *_odd_one(group, usual, table.name in SERIES)):
                    said = f"{value:g} is {_times(value, typical)} the usual {typical:g} of its peers"
                    yield Finding("far-off", table.name, line, column, said, f"{value:g}")


def _outliers(group: list[tuple[float, int]]) -> Iterator[tuple[float, int, float]]:
    if len(group) < SMALLEST_GROUP:
        return
    logs = sorted(math.log10(value) for value, _ in group)
    middle = median(logs)
    if max(logs[-1] - middle, middle - logs[0]) < math.log10(FACTOR):
        return
    for value, line in group:
        here = math.log10(value)
        nearest = min((abs(here - other) for other in logs if other != here), default=0.0)
        if abs(here - middle) >= math.log10(FACTOR) and nearest >= math.log10(GAP) and logs.count(here) == 1:
            yield value, line, 10**middle


def _odd_one(group: list[tuple[float, int]], usual: float, is_series: bool) -> Iterator[tuple[float, int, float]]:
    """Of two or three figures of one series, the one that is far from the others and from the whole column."""
    if not is_series or not 2 <= len(group) < SMALLEST_GROUP:
        return
    odd = max(group, key=lambda entry: abs(math.log10(entry[0]) - usual))
    nearest = min((value for value, line in group if line != odd[1]), key=lambda v: abs(math.log10(v / odd[0])))
    if abs(math.log10(nearest / odd[0])) >= math.log10(FACTOR):
        yield odd[0], odd[1], nearest


def _times(value: float, typical: float) -> str:
    ratio = value / typical
    return f"{ratio:,.0f} times" if ratio > 1 else f"1/{1 / ratio:,.0f} of"


def numerics(case: Case) -> Iterator[Finding]:
    """Coefficients of the program that span more orders of magnitude than the solver's tolerances bear."""
    tables = case.tables
    found: list[tuple[float, str, int, str]] = []
    found += [(row.share, "feeds", row.line, "share") for row in tables.feeds]
    found += [(row.share, "ramps", row.line, "share") for row in tables.ramps]
    found += [(row.recovery, "projects", row.line, "recovery") for row in tables.projects]
    found += [(row.recovery, "recoveries", row.line, "recovery") for row in tables.recoveries]
    found += [(persons_per_tonne(r.persons_per_ktpa), "staffing", r.line, "persons_per_ktpa") for r in tables.staffing]
    found += [(musd_per_tonne(r.loss_usd_per_kg), "elements", r.line, "loss_usd_per_kg") for r in tables.elements]
    found += [(musd(r.capex_usd_per_tpa), "projects", r.line, "capex_usd_per_tpa") for r in tables.projects]
    found += [
        (musd_per_tonne(r.purchase_usd_per_kg), "stockpiles", r.line, "purchase_usd_per_kg") for r in tables.stockpiles
    ]
    found += [(musd(r.cost_per_trainee_usd), "training", r.line, "cost_per_trainee_usd") for r in tables.training]
    positive = [entry for entry in found if entry[0] > 0]
    if not positive:
        return
    low, high = min(positive), max(positive)
    if high[0] / low[0] > SPAN:
        odd, other = (low, high) if abs(math.log10(low[0]) + 3) > abs(math.log10(high[0])) else (high, low)
        said = (
            f"makes a coefficient of {odd[0]:.3g}, and {other[1]} line {other[2]} ({other[3]}) one of {other[0]:.3g}: "
            "more than the solver can tell apart"
        )
        yield Finding("numerics", odd[1], odd[2], odd[3], said, f"{odd[0]:.3g}")


def warnings_of(case: Case, ignore: Collection[str] = ()) -> list[Fault]:
    """Warnings about a valid case, at their places, without those whose names are in `ignore`."""
    found = [case.origin.fault(finding) for check in WARNING_CHECKS for finding in check(case)]
    return [fault for fault in (*case.origin.remarks, *found) if fault.rule not in ignore]


def look_alikes(case: Case) -> Iterator[Finding]:
    """Ids of one table that differ only in upper and lower case."""
    tables = case.tables
    for table, column, ids in (
        ("countries", "country", [(r.country, r.line) for r in tables.countries]),
        ("elements", "element", [(r.element, r.line) for r in tables.elements]),
        ("projects", "project", [(r.project, r.line) for r in tables.projects]),
        ("scenarios", "scenario", [(r.scenario, r.line) for r in tables.scenarios]),
        ("skills", "skill", [(r.skill, r.line) for r in tables.skills]),
    ):
        seen: dict[str, str] = {}
        for name, line in ids:
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                yield Finding("look-alike", table, line, column, f'"{name}" differs from "{other}" only in case', name)


def unrunnable_plants(case: Case) -> Iterator[Finding]:
    """Existing plants that the initial staff cannot run in the first year."""
    need: dict[tuple[str, str], float] = defaultdict(float)
    for name, row in case.projects.items():
        for skill, persons in case.staffing[name].items():
            need[row.country, skill] += persons * case.existing_tpa(name, case.first_year)
    for (country, skill), persons in need.items():
        team = case.workforce.get((country, skill))
        staff = team.initial if team else 0.0
        if persons > staff * (1 + 1e-9):
            said = f"{country} has {staff:.4g} persons of {skill}; what exists in {case.first_year} needs {persons:.4g}"
            line = team.line if team else 0
            yield Finding("unrunnable-plant", "workforce", line, "initial" if team else "", said, f"{staff:g}")


def late_projects(case: Case) -> Iterator[Finding]:
    """Projects that may grow, but not in time; plants that retire before they come online."""
    for name, row in case.projects.items():
        if row.max_new_tpa > 0 and not any(
            case.ramp_share(name, case.last_year - y - row.lead_time_years) > 0 for y in case.commitment_years(name)
        ):
            first = max(row.earliest_year or case.first_year, case.first_year) + row.lead_time_years
            said = f'"{name}" could run from {first} at the earliest, with its ramp not before {case.last_year + 1}'
            if first > case.last_year:
                said = f'"{name}" could start in {first} at the earliest, after the last year {case.last_year}'
            yield Finding("too-late", "projects", row.line, "lead_time_years", said, row.lead_time_years)
        if row.retire_year is not None and row.online_year is not None and row.retire_year <= row.online_year:
            said = f'"{name}" retires in {row.retire_year}, and comes online in {row.online_year}: it never runs'
            yield Finding("retired-before-online", "projects", row.line, "retire_year", said, row.retire_year)


def late_payoffs(case: Case) -> Iterator[Finding]:
    """Projects that cost more than all that their output could avert within the horizon, even if begun at once."""
    worst = {e: musd_per_tonne(row.loss_usd_per_kg) for e, row in case.elements.items()}
    for tier in case.tables.loss_tiers:
        worst[tier.element] = max(worst[tier.element], musd_per_tonne(tier.loss_usd_per_kg))
    weight = max((row.weight for row in case.countries.values()), default=1.0)
    for name, row in case.projects.items():
        years = case.commitment_years(name)
        if not years or row.capex_usd_per_tpa <= 0:
            continue
        feeds: Collection[str] = row.feeds if row.stage not in MADE_FROM else ()
        per_tonne = 0.0
        for feed in feeds:
            shares = case.feed_shares.get(feed, {})
            kept = {e: case.recovery(name, e) if row.stage == "separation" else 1.0 for e in shares}
            value = sum(share * worst[e] * kept[e] for e, share in shares.items())
            used = case.capacity_use(name, feed)
            per_tonne = max(per_tonne, value / used if used else float("inf"))
        if row.stage in MADE_FROM:
            per_tonne = max((case.recovery(name, e) * worst[e] for e in case.elements), default=0.0)
        start = years[0] + row.lead_time_years
        output = sum(case.ramp_share(name, t - start) for t in case.years)
        cost = musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index
        if output > 0 and cost > per_tonne * weight * output:
            said = (
                f'"{name}" costs {cost:.4g} MUSD per t/y and could avert at most '
                f"{per_tonne * weight * output:.4g} MUSD per t/y by {case.last_year}"
            )
            yield Finding("pays-late", "projects", row.line, "capex_usd_per_tpa", said, f"{row.capex_usd_per_tpa:g}")


def idle_money(case: Case) -> Iterator[Finding]:
    """Funders whose money nothing can use, budgets outside the horizon, funders without money."""
    can_spend = _countries_with_uses(case)
    first: dict[str, tuple[int, float]] = {}
    for row in case.tables.budgets:
        if row.year not in case.years and row.musd > 0:
            said = f"{row.musd:g} MUSD of {row.funder} in {row.year} lie outside {case.first_year}-{case.last_year}"
            yield Finding("budget-outside", "budgets", row.line, "year", said, row.year)
        line, total = first.get(row.funder, (row.line, 0.0))
        first[row.funder] = (line, total + row.musd)
    for funder, (line, total) in first.items():
        if total > 0 and not can_spend & set(case.reach[funder]):
            where = ", ".join(case.reach[funder]) or "nowhere"
            said = f"{funder} has {total:g} MUSD, and where it may pay ({where}) nothing can be bought with them"
            yield Finding("idle-money", "budgets", line, "funder", said, funder)
    for row_ in case.tables.funders:
        if row_.funder not in first:
            said = f'"{row_.funder}" has no budget{did_you_mean(row_.funder, first)}'
            yield Finding("funder-without-budget", "funders", row_.line, "funder", said, row_.funder)


def _countries_with_uses(case: Case) -> set[str]:
    """Countries in which the plan may spend public money."""
    out = {
        row.country
        for name, row in case.projects.items()
        if case.has_lever(row.stage) and case.commitment_years(name) and row.capex_usd_per_tpa * row.public_share > 0
    }
    if case.has_lever("hiring"):
        out |= {row.country for row in case.workforce.values() if row.hires_per_year > 0 and row.hire_cost_usd > 0}
    out |= {
        row.country
        for row in case.programmes.values()
        if row.seats > 0 or (case.has_lever("training") and row.max_new_seats > 0)
    }
    if case.has_lever("stockpile"):
        out |= {row.country for row in case.stockpiles.values() if row.max_t is None or row.max_t > 0}
    return out


def no_supply(case: Case) -> Iterator[Finding]:
    """Elements that are demanded and that nothing can supply: no import, stock or chain of plants."""
    made = _made(case)
    sold = {key[1:4] for key in case.import_limit}
    stocked = {good for good, row in case.stockpiles.items() if row.initial_t > 0 or row.max_t is None or row.max_t > 0}
    reported: set[tuple[str, str, str]] = set()
    lines: dict[tuple[str, str, str], int] = {}
    for row in case.tables.demand:
        lines.setdefault((row.country, row.element, row.form), row.line)
    for country, element, form, _ in case.demand:
        good = (country, element, form)
        if good in reported:
            continue
        group = case.group[country]
        if good not in sold and good not in stocked and (group, element, form) not in made:
            said = f"{country} uses {element} ({form}), and no import, plant or stock can supply it"
            yield Finding("no-supply", "demand", lines[good], "element", said, element)
        reported.add(good)


def _made(case: Case) -> set[tuple[str, str, str]]:
    """(group, element, form) that can ever be made."""

    def runs(name: str) -> bool:
        return bool(case.commitment_years(name)) or any(case.existing_tpa(name, year) > 0 for year in case.years)

    running = {name: row for name, row in case.projects.items() if runs(name)}
    mined = {(case.group[row.country], feed) for row in running.values() if row.stage == "mine" for feed in row.feeds}
    made = {
        (case.group[row.country], element, OXIDE)
        for name, row in running.items()
        if row.stage == "separation"
        for feed in row.feeds
        if (case.group[row.country], feed) in mined
        for element, share in case.feed_shares.get(feed, {}).items()
        if share > 0 and case.recovery(name, element) > 0
    }
    bought = {(case.group[country], element, form) for _, country, element, form, _ in case.import_limit}
    for form, taken in MADE_FROM.items():
        made |= {
            (case.group[row.country], element, form)
            for name, row in running.items()
            if row.stage == form
            for element in case.elements
            if case.recovery(name, element) > 0 and (case.group[row.country], element, taken) in made | bought
        }
    return made


def unused(case: Case) -> Iterator[Finding]:
    """Feeds that no mine gives; ramps, feeds and skills that nothing uses; training that leads nowhere."""
    tables = case.tables
    given = {feed for row in tables.projects if row.stage == "mine" for feed in row.feeds}
    for row in tables.projects:
        for feed in row.feeds:
            if row.stage == "separation" and feed not in given:
                said = f'"{row.project}" accepts feed "{feed}", which no mine gives'
                yield Finding("unmined-feed", "projects", row.line, "feeds", said, feed)
    used = {
        "ramps": {row.ramp for row in tables.projects},
        "feeds": {feed for row in tables.projects for feed in row.feeds},
        "skills": {r.skill for r in tables.staffing}
        | {r.skill for r in tables.workforce}
        | {r.skill for r in tables.training},
    }
    seen: set[tuple[str, str]] = set()
    for table, column, ids in (
        ("ramps", "ramp", [(r.ramp, r.line) for r in tables.ramps]),
        ("feeds", "feed", [(r.feed, r.line) for r in tables.feeds]),
        ("skills", "skill", [(r.skill, r.line) for r in tables.skills]),
    ):
        for name, line in ids:
            if name not in used[table] and (table, name) not in seen:
                seen.add((table, name))
                yield Finding("unused", table, line, column, f'nothing uses {column} "{name}"', name)
    for programme in tables.training:
        if (programme.country, programme.skill) not in case.workforce:
            said = f'"{programme.programme}" trains {programme.skill} for {programme.country}, which has no such staff'
            yield Finding("idle-training", "training", programme.line, "skill", said, programme.skill)


def shocks(case: Case) -> Iterator[Finding]:
    """Shocks outside the horizon, that touch nothing, or that overlap an equal one."""
    seen: dict[tuple[object, ...], list[tuple[int, int, int]]] = defaultdict(list)
    for row in case.tables.shocks:
        start = case.first_year if row.start_year is None else begin_of(row.start_year)[0]
        end = case.last_year if row.end_year is None else end_of(row.end_year)[0]
        if start > case.last_year or end < case.first_year:
            said = f"{start}-{end} is outside {case.first_year}-{case.last_year}"
            yield Finding("shock-outside", "shocks", row.line, "start_year", said, start)
        elif row.factor != (0.0 if row.kind == "delay" else 1.0) and effects_of(case, [row]) == Effects():
            yield Finding("shock-without-effect", "shocks", row.line, "kind", "touches nothing in this case", row.kind)
        key = (row.scenario, row.kind, row.supplier, row.country, row.element, row.form, row.stage, row.project)
        for from_, to, line in seen[key]:
            if start <= to and from_ <= end:
                said = f"overlaps line {line}, which hits the same: their effects add up"
                yield Finding("same-shock-twice", "shocks", row.line, "start_year", said, start)
        seen[key].append((start, end, row.line))


WARNING_CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    look_alikes,
    odd_years,
    far_off,
    unrunnable_plants,
    late_projects,
    late_payoffs,
    idle_money,
    no_supply,
    unused,
    shocks,
    numerics,
)
