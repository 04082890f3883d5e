"""Warnings about people, plants and money: staff that is missing or idle, projects that come too late or never pay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from planner.data.case import Case
from planner.data.cells import grouped_by
from planner.data.figure_warnings import all_posts, first_posts
from planner.data.findings import Finding, found
from planner.data.schema import Project, Training, Workforce
from planner.data.stages import STAGES
from planner.errors import did_you_mean
from planner.units import musd_per_tonne

ROUNDING = 1e-9


def unrunnable_plants(case: Case) -> Iterator[Finding]:
    """Existing plants that the initial staff cannot run in the first year."""
    for (country, skill), needed in first_posts(case).items():
        staff, line, column = 0.0, 0, ""
        team = case.workforce.get((country, skill))
        if team is not None:
            staff, line, column = team.initial, team.line, "initial"
        if needed > staff * (1 + ROUNDING):
            has = f"{country} has {staff:.4g} persons of {skill}"
            needs = f"what exists in {case.first_year} needs {needed:.4g}"
            yield Finding(
                rule="unrunnable-plant",
                table="workforce",
                line=line,
                column=column,
                message=f"{has}; {needs}",
                value=f"{staff:g}",
            )


def people(case: Case) -> Iterator[Finding]:
    """Staff that nothing needs or renews, posts that nobody could ever fill, seats that nobody can teach."""
    posts = all_posts(case)
    schools = grouped_by(case.programmes.values(), "country", "skill")
    for where, team in case.workforce.items():
        needed = posts.get(where, 0.0)
        yield from _odd_team(case, team, schools[where], needed)
        ratio = case.skills[team.skill].mentor_ratio
        if ratio is None:
            continue
        most = team.initial * ratio
        for school in schools[where]:
            if school.seats > most * (1 + ROUNDING):
                yield found(school, "seats", "untaught-seats", initial=team.initial, most=most)
    if case.model.policy.secondment_share == 0:
        yield from _posts_of_nobody(case, posts)


def _posts_of_nobody(case: Case, posts: Mapping[tuple[str, str], float]) -> Iterator[Finding]:
    """Posts of plants that may be built where the table `workforce` names nobody."""
    today = first_posts(case)
    for (country, skill), needed in posts.items():
        is_told = today.get((country, skill), 0.0) > 0  # as of a plant that cannot run
        if needed > 0 and not is_told and (country, skill) not in case.workforce:
            needs = f"plants that {country} may build need {needed:.4g} persons of {skill}"
            said = f"{needs}, and no row names them; add one, with initial 0 if nobody is there yet"
            yield Finding(rule="too-few-people", table="workforce", message=said)


def _odd_team(
    case: Case, team: Workforce, schools: list[Training], needed: float
) -> Iterator[Finding]:
    """Findings about a team that nobody needs, that only shrinks, or that cannot grow to the persons needed."""
    years = len(case.years)
    most = team.initial + team.hires_per_year * years
    for school in schools:
        intakes = max(years - school.duration_years, 0)
        most += (school.seats + school.max_new_seats) * school.completion_rate * intakes
    is_lent = case.model.policy.secondment_share > 0
    is_renewed = schools or team.hires_per_year
    last = case.last_year
    if case.tables.staffing and team.initial and not needed and not is_lent:
        yield found(team, "initial", "idle-staff")
    elif needed and not is_renewed and case.skills[team.skill].attrition:
        yield found(team, "hires_per_year", "fading-staff", last=last)
    elif most < needed and not is_lent:
        yield found(team, "hires_per_year", "too-few-people", most=most, needed=needed, last=last)


def late_projects(case: Case) -> Iterator[Finding]:
    """Projects that may grow, but not in time; plants that retire before they come online."""
    for name, row in case.projects.items():
        if row.max_new_tpa > 0 and not _can_work_in_time(case, row):
            earliest = max(row.earliest_year or case.first_year, case.first_year)
            ready = earliest + row.lead_time_years
            late = f"with its ramp not before {case.last_year + 1}"
            if ready > case.last_year:
                late = f"after the last year {case.last_year}"
            yield found(row, "lead_time_years", "too-late", ready=ready, late=late)
        online, retired = row.online_year, row.retire_year
        if retired is not None and online is not None and retired <= online:
            yield found(row, "retire_year", "retired-before-online")
        elif row.largest_tpa <= 0:
            said = f'"{name}" neither exists nor may be built'
            yield found(row, "max_new_tpa", "never-there", said)
        elif row.existing_tpa > 0 and not _is_ever_there(case, name):
            column = "online_year" if retired is None else "retire_year"
            yield found(row, column, "never-there", case=case)


def _can_work_in_time(case: Case, row: Project) -> bool:
    for committed in case.commitment_years(row.project):
        age = case.last_year - committed - row.lead_time_years
        if case.ramp_share(row.project, age) > 0:
            return True
    return False


def _is_ever_there(case: Case, project: str) -> bool:
    return any(case.existing_tpa(project, year) > 0 for year in case.years)


def late_payoffs(case: Case) -> Iterator[Finding]:
    """Projects that cost more than all that their output could avert within the horizon, even if begun at once."""
    worst = _worst_losses(case)
    weight = max((row.weight for row in case.countries.values()), default=1.0)
    for name, row in case.projects.items():
        years = case.commitment_years(name)
        if not years or row.capex_usd_per_tpa <= 0:
            continue
        start = years[0] + row.lead_time_years
        output = sum(case.ramp_share(name, year - start) for year in case.years)
        averts = _averted_per_tonne(case, row, worst) * weight * output
        cost = case.full_capex(name)
        if output > 0 and cost > averts:
            column = "capex_usd_per_tpa"
            yield found(row, column, "pays-late", cost=cost, averts=averts, case=case)


def _worst_losses(case: Case) -> dict[str, float]:
    """Element -> most (MUSD) that a tonne of it is worth to anybody, or costs from outside."""
    worst: dict[str, float] = {}
    for element, row in case.elements.items():
        worst[element] = musd_per_tonne(row.loss_usd_per_kg)
    for tier in case.tables.loss_tiers:
        worst[tier.element] = max(worst[tier.element], musd_per_tonne(tier.loss_usd_per_kg))
    for (_, _, element, _, _), price in case.import_price.items():
        worst[element] = max(worst[element], price)
    return worst


def _averted_per_tonne(case: Case, row: Project, worst: Mapping[str, float]) -> float:
    """Losses (MUSD) that a tonne of a project's capacity could avert in a year at most."""
    stage = STAGES[row.stage]
    averted = 0.0
    if stage.saves:
        for (_, element, _), saving in case.savings[row.project].items():
            averted += saving.tonnes * worst[element]
        return averted
    if stage.converts:
        for element, loss in worst.items():
            averted = max(averted, case.recovery(row.project, element) * loss)
        return averted
    for feed in row.feeds:
        value = 0.0
        for element, share in case.feed_shares.get(feed, {}).items():
            kept = 1.0 if stage.mines else case.recovery(row.project, element)
            value += share * worst[element] * kept
        used = case.capacity_use(row.project, feed)
        averted = max(averted, value / used if used else math.inf)
    return averted


def idle_money(case: Case) -> Iterator[Finding]:
    """Funders whose money nothing can use, budgets outside the horizon, funders without money."""
    can_spend = _countries_with_uses(case)
    budgets = grouped_by(case.tables.budgets, "funder")
    for row in case.tables.budgets:
        if row.year not in case.years and row.musd > 0:
            yield found(row, "year", "budget-outside", case=case)
    for name, rows in budgets.items():
        total = sum(row.musd for row in rows)
        reached = case.reach[name]
        if total > 0 and can_spend.isdisjoint(reached):
            where = ", ".join(reached) or "nowhere"
            yield found(rows[0], "funder", "idle-money", total=total, where=where)
    for funder in case.tables.funders:
        if funder.funder not in budgets:
            near = did_you_mean(funder.funder, budgets)
            yield found(funder, "funder", "funder-without-budget", near=near)


def _countries_with_uses(case: Case) -> set[str]:
    """Countries in which the plan may spend public money."""
    countries: set[str] = set()
    for name, row in case.projects.items():
        is_paid = row.capex_usd_per_tpa * row.public_share > 0
        if is_paid and case.has_lever(row.stage) and case.commitment_years(name):
            countries.add(row.country)
    if case.has_lever("hiring"):
        for team in case.workforce.values():
            if team.hires_per_year > 0 and team.hire_cost_usd > 0:
                countries.add(team.country)
    trains = case.has_lever("training")
    for school in case.programmes.values():
        if school.seats > 0 or (trains and school.max_new_seats > 0):
            countries.add(school.country)
    if case.has_lever("stockpile"):
        for stock in case.stockpiles.values():
            if stock.max_t is None or stock.max_t > 0:
                countries.add(stock.country)
    return countries
