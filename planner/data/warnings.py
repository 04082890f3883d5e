"""What a good colleague would ask about before solving: named, each silenceable, none of them a fault.

`warnings_of(case)` says where the inputs, though valid, are probably not what was meant. Each function is one rule
of `rules.toml` or a few that belong together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from planner.data.case import Case
from planner.data.cells import Quarter, begin_of, end_of
from planner.data.entry_warnings import (
    Known,
    far_off,
    look_alikes,
    odd_years,
    rare_names,
    repeated_labels,
)
from planner.data.findings import Finding, found
from planner.data.likely_slips import LIKELY_SLIPS
from planner.data.lookups import BASE, Good
from planner.data.price_warnings import credits_above_opex, escaping_plants, odd_import_prices
from planner.data.schema import FILTERS, Budget, Shock
from planner.data.shock_effects import touches
from planner.data.stages import STAGES
from planner.data.table_warnings import (
    TOLERANCE,
    absent_tables,
    feed_balance,
    ineffective_rows,
    missing_rows,
    odd_cells,
    short_supply,
    slow_ramps,
    unused,
)
from planner.errors import Fault, did_you_mean
from planner.units import musd, musd_per_tonne

RARE = 0.05
"""Share of the futures below which a danger does not count as one that keeps a plan ready."""
LEAST_TAIL = 0.5
"""Share of the scenarios outside the tail below which the tail is hardly one."""
PLACES = 3
"""Places that are named for a rule where its warnings are told to people."""


def warnings_of(case: Case, ignore: Collection[str] = ()) -> list[Fault]:
    """Warnings about a valid case, at their places, without those whose names are in `ignore`."""
    told = [case.origin.fault(finding) for check in WARNING_CHECKS for finding in check(case)]
    return [fault for fault in (*case.origin.remarks, *told) if fault.rule not in ignore]


def grouped(warnings: Iterable[Fault]) -> list[Fault]:
    """One warning a rule, for people: the first, how many more there are, and where the next two stand."""
    by_rule: dict[str, list[Fault]] = defaultdict(list)
    for warning in warnings:
        by_rule[warning.rule].append(warning)
    out = []
    for first, *more in by_rule.values():
        also = tuple(f"{w.place}:{w.line}" if w.line else w.place for w in more[: PLACES - 1])
        count = f", and {len(more)} more such" if more else ""
        out.append(replace(first, message=f"{first.message}{count}", also=(*first.also, *also)))
    return out


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
            line, column = (team.line, "initial") if team else (0, "")
            yield Finding("unrunnable-plant", "workforce", line, column, said, f"{staff:g}")


def people(case: Case) -> Iterator[Finding]:
    """Staff that nothing needs or renews, posts that nobody could ever fill, seats that nobody can teach."""
    posts, lent = Known(case).needed, case.model.policy.secondment_share > 0
    for (country, skill), team in case.workforce.items():
        schools = [
            row for row in case.programmes.values() if (row.country, row.skill) == (country, skill)
        ]
        needed, ratio = posts[country, skill], case.skills[skill].mentor_ratio
        years = len(case.years)
        taught = sum(
            (row.seats + row.max_new_seats)
            * row.completion_rate
            * max(years - row.duration_years, 0)
            for row in schools
        )
        most = team.initial + team.hires_per_year * years + taught
        if case.tables.staffing and team.initial and not needed and not lent:
            yield found(team, "initial", "idle-staff")
        elif not schools and not team.hires_per_year and needed and case.skills[skill].attrition:
            yield found(team, "hires_per_year", "fading-staff", last=case.last_year)
        elif most < needed and not lent:
            yield found(
                team,
                "hires_per_year",
                "too-few-people",
                most=most,
                needed=needed,
                last=case.last_year,
            )
        for row in schools:
            if ratio is not None and row.seats > team.initial * ratio * (1 + 1e-9):
                yield found(
                    row, "seats", "untaught-seats", initial=team.initial, most=team.initial * ratio
                )


def late_projects(case: Case) -> Iterator[Finding]:
    """Projects that may grow, but not in time; plants that retire before they come online."""
    for name, row in case.projects.items():
        if row.max_new_tpa > 0 and not any(
            case.ramp_share(name, case.last_year - y - row.lead_time_years) > 0
            for y in case.commitment_years(name)
        ):
            ready = max(row.earliest_year or case.first_year, case.first_year) + row.lead_time_years
            late = f"with its ramp not before {case.last_year + 1}"
            if ready > case.last_year:
                late = f"after the last year {case.last_year}"
            yield found(row, "lead_time_years", "too-late", ready=ready, late=late)
        if (
            row.retire_year is not None
            and row.online_year is not None
            and row.retire_year <= row.online_year
        ):
            yield found(row, "retire_year", "retired-before-online")
        elif row.existing_tpa + row.max_new_tpa <= 0:
            yield found(
                row, "max_new_tpa", "never-there", f'"{name}" neither exists nor may be built'
            )
        elif row.existing_tpa > 0 and not any(
            case.existing_tpa(name, year) > 0 for year in case.years
        ):
            yield found(
                row,
                "online_year" if row.retire_year is None else "retire_year",
                "never-there",
                case=case,
            )


def late_payoffs(case: Case) -> Iterator[Finding]:
    """Projects that cost more than all that their output could avert within the horizon, even if begun at once."""
    worst = {e: musd_per_tonne(row.loss_usd_per_kg) for e, row in case.elements.items()}
    for tier in case.tables.loss_tiers:
        worst[tier.element] = max(worst[tier.element], musd_per_tonne(tier.loss_usd_per_kg))
    for (_, _, element, _, _), price in case.import_price.items():
        worst[element] = max(worst[element], price)
    weight = max((row.weight for row in case.countries.values()), default=1.0)
    for name, row in case.projects.items():
        years = case.commitment_years(name)
        if not years or row.capex_usd_per_tpa <= 0:
            continue
        stage = STAGES[row.stage]
        kept = {e: 1.0 if stage.mines else case.recovery(name, e) for e in case.elements}
        if stage.saves:
            per_tonne = sum(
                saving.tonnes * worst[e] for (_, e, _), saving in case.savings[name].items()
            )
        elif stage.converts:
            per_tonne = max((kept[e] * worst[e] for e in kept), default=0.0)
        else:
            given = [
                (case.feed_shares.get(feed, {}), case.capacity_use(name, feed))
                for feed in row.feeds
            ]
            values = [
                (sum(share * worst[e] * kept[e] for e, share in shares.items()), used)
                for shares, used in given
            ]
            per_tonne = max(
                (value / used if used else math.inf for value, used in values), default=0.0
            )
        start = years[0] + row.lead_time_years
        output = sum(case.ramp_share(name, t - start) for t in case.years)
        cost = musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index
        if output > 0 and cost > per_tonne * weight * output:
            yield found(
                row,
                "capex_usd_per_tpa",
                "pays-late",
                cost=cost,
                averts=per_tonne * weight * output,
                case=case,
            )


def idle_money(case: Case) -> Iterator[Finding]:
    """Funders whose money nothing can use, budgets outside the horizon, funders without money."""
    can_spend = _countries_with_uses(case)
    rows: dict[str, list[Budget]] = defaultdict(list)
    for row in case.tables.budgets:
        rows[row.funder].append(row)
        if row.year not in case.years and row.musd > 0:
            yield found(row, "year", "budget-outside", case=case)
    for funder, given in rows.items():
        total = sum(row.musd for row in given)
        if total > 0 and not can_spend & set(case.reach[funder]):
            where = ", ".join(case.reach[funder]) or "nowhere"
            yield found(given[0], "funder", "idle-money", total=total, where=where)
    for funder_ in case.tables.funders:
        if funder_.funder not in rows:
            yield found(
                funder_, "funder", "funder-without-budget", near=did_you_mean(funder_.funder, rows)
            )


def _countries_with_uses(case: Case) -> set[str]:
    """Countries in which the plan may spend public money."""
    out = {
        row.country
        for name, row in case.projects.items()
        if case.has_lever(row.stage)
        and case.commitment_years(name)
        and row.capex_usd_per_tpa * row.public_share > 0
    }
    if case.has_lever("hiring"):
        out |= {
            row.country
            for row in case.workforce.values()
            if row.hires_per_year > 0 and row.hire_cost_usd > 0
        }
    out |= {
        row.country
        for row in case.programmes.values()
        if row.seats > 0 or (case.has_lever("training") and row.max_new_seats > 0)
    }
    if case.has_lever("stockpile"):
        out |= {
            row.country for row in case.stockpiles.values() if row.max_t is None or row.max_t > 0
        }
    return out


def ending_danger(case: Case) -> Iterator[Finding]:
    """Nothing is disturbed in the last third of the horizon: a plan sells its stocks and lets its staff go before."""
    chance: dict[int, float] = defaultdict(float)
    disturbed: dict[str, set[int]] = defaultdict(set)
    for shock in case.tables.shocks:
        if shock.kind != "delay" and shock.factor != 1:
            disturbed[shock.scenario].update(range(*_span(case, shock.start_year, shock.end_year)))
    for scenario, years in disturbed.items():
        for year in years:
            chance[year] += case.scenarios[scenario]
    opening = {row.event: row for row in reversed(case.tables.hazards) if row.event}
    for row in case.tables.hazards:
        first = opening.get(row.event, row)
        if row.kind == "delay" or first.probability is None:
            continue
        longest = first.years_high or math.ceil((first.quarters_high or 4 * len(case.years)) / 4)
        begin, end = _span(case, first.first, first.last)
        for year in range(begin, min(end + longest - 1, case.last_year + 1)):
            chance[year] = max(chance[year], first.probability)
    last = max((year for year, share in chance.items() if share >= RARE), default=case.last_year)
    if (case.last_year - last) * 3 > len(case.years):
        table = "hazards" if case.tables.hazards else "shocks"
        said = f"after {last} {1 - RARE:.0%} of the futures are calm, and the horizon ends in {case.last_year}"
        yield Finding("danger-ends", table, 0, "", said, last)


def _span(case: Case, first: int | Quarter | None, last: int | Quarter | None) -> tuple[int, int]:
    """Years from one period to another, the end not among them; blank ends are those of the horizon."""
    begin = case.first_year if first is None else begin_of(first)[0]
    end = case.last_year if last is None else end_of(last)[0]
    return max(begin, case.first_year), min(end, case.last_year) + 1


def not_asked(case: Case) -> Iterator[Finding]:
    """Hazards that no plan reads, and a key that has no effect."""
    hazards = case.tables.hazards
    if hazards and not case.tables.draws and "draws" not in case.origin.headers:
        said = f"{len(hazards)} hazards are left aside: a plan is made for the scenarios that are given"
        yield Finding("hazards-not-drawn", "hazards", 0, "", said)
    for row in hazards:
        begin, end = _span(case, row.first, row.last)
        if begin >= end and row.first is not None:
            yield found(row, "first", "shock-outside", outside=f"-{row.last} is outside", case=case)
        whole = {name: getattr(row, name) for name in FILTERS}
        if not touches(
            case,
            Shock(scenario=BASE, kind=row.kind, factor=1, start_year=None, end_year=None, **whole),
        ):
            yield found(row, "kind", "shock-without-effect")
    through = case.model.policy.committed_through
    investment = case.model.policy.investment
    if through is not None and investment == "committed":
        said = f"{through} has no effect: committed investment is one path in all years"
        yield Finding("not-adaptive", "model", 0, "policy.committed_through", said, through)
    if investment == "staged" and not any(row.hazard for row in case.tables.shocks):
        said = "nothing was drawn, so decisions answer what is revealed, as with adaptive"
        yield Finding("staged-without-draws", "model", 0, "policy.investment", said, investment)
    tail = case.model.objective.tail
    if tail < LEAST_TAIL:
        said = f"{tail:g} makes the worst {1 - tail:.0%} of all scenarios the tail: that is nearly the mean"
        yield Finding("wide-tail", "model", 0, "objective.tail", said, tail)
    if case.model.policy.cost_sharing != "even":
        rows = {row.funder: row for row in case.tables.funders}
        for funder, party in case.funder_party.items():
            if party not in case.party.values():
                said = f'no country is of "{party}", the party of "{funder}"'
                absent = Finding("party-without-country", "funders", 0, "party", said, party)
                yield (
                    found(rows[funder], "party", "party-without-country", said)
                    if funder in rows
                    else absent
                )


def quiet_scenarios(case: Case) -> Iterator[Finding]:
    """Scenarios with the same shocks, or with none; what was or will be drawn may well be the same."""
    does: dict[str, set[tuple[object, ...]]] = {
        row.scenario: set() for row in case.tables.scenarios
    }
    for shock in case.tables.shocks if does else ():
        does[shock.scenario].add(
            tuple(getattr(shock, column) for column in Shock.columns() if column != "scenario")
        )
    drawn = (
        case.tables.draws
        or "draws" in case.origin.headers
        or (case.tables.hazards and not case.tables.shocks)
    )
    first: dict[frozenset[object], str] = {}
    had: dict[tuple[Good, int], float] = defaultdict(float)
    for (_, *good, year), tonnes in case.import_limit.items():
        had[(good[0], good[1], good[2]), year] += tonnes
    enough = all(
        tonnes <= had[key[:3], key[3]] * (1 + TOLERANCE) for key, tonnes in case.demand.items()
    )
    for row in case.tables.scenarios if not drawn else ():
        # Where imports are enough for all, nobody misses a plant that is late.
        late = (
            bool(does[row.scenario])
            and enough
            and {shock[0] for shock in does[row.scenario]} == {"delay"}
        )
        other = first.setdefault(frozenset(() if late else does[row.scenario]), row.scenario)
        if other != row.scenario:
            what = "the same shocks as" if does[row.scenario] else "no shock, as has"
            what = "delays alone, and imports are enough, as in" if late else what
            yield found(row, "scenario", "quiet-scenario", what=what, other=other)


def shocks(case: Case) -> Iterator[Finding]:
    """Shocks outside the horizon, that touch nothing, or that overlap an equal one; written ones, not drawn ones."""
    drawn = {(row.scenario, row.start, row.end, row.factor) for row in case.tables.draws}
    seen: dict[tuple[object, ...], list[tuple[tuple[int, int], tuple[int, int], int]]] = (
        defaultdict(list)
    )
    felt: dict[tuple[object, ...], bool] = {}
    for row in case.tables.shocks:
        if (row.scenario, row.start_year, row.end_year, row.factor) in drawn:
            continue
        start = begin_of(case.first_year if row.start_year is None else row.start_year)
        end = end_of(case.last_year if row.end_year is None else row.end_year)
        hits = (row.kind, *(getattr(row, name) for name in FILTERS))
        if start[0] > case.last_year or end[0] < case.first_year:
            yield found(
                row, "start_year", "shock-outside", outside=f"-{end[0]} is outside", case=case
            )
        elif row.start_year is not None and start[0] < case.first_year:
            yield found(
                row,
                "start_year",
                "shock-outside",
                outside=" is before the first year of",
                case=case,
            )
        elif row.end_year is not None and end[0] > case.last_year:
            yield found(
                row, "end_year", "shock-outside", outside=" is after the last year of", case=case
            )
        elif row.factor != (0.0 if row.kind == "delay" else 1.0):
            if (*hits, start, end) not in felt:
                felt[*hits, start, end] = touches(case, row)
            if not felt[*hits, start, end]:
                yield found(row, "kind", "shock-without-effect")
        for from_, to, line in seen[row.scenario, *hits]:
            if start <= to and from_ <= end:
                yield found(row, "start_year", "same-shock-twice", other=line)
        seen[row.scenario, *hits].append((start, end, row.line))


WARNING_CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    look_alikes,
    rare_names,
    repeated_labels,
    odd_years,
    far_off,
    unrunnable_plants,
    people,
    late_projects,
    late_payoffs,
    idle_money,
    short_supply,
    unused,
    feed_balance,
    ineffective_rows,
    missing_rows,
    odd_cells,
    slow_ramps,
    credits_above_opex,
    odd_import_prices,
    escaping_plants,
    absent_tables,
    quiet_scenarios,
    ending_danger,
    shocks,
    not_asked,
    *LIKELY_SLIPS,
)
