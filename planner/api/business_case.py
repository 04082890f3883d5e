"""The investment case of plants of a plan: what they sell, earn and need, and what the alliance loses without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.api.plants_in_plan import (
    builds_of,
    feeds_in_plan,
    markets_of,
    tonnes_of,
    wanted_of,
    worked_of,
)
from planner.data.case import Case
from planner.data.investment_tables import ITEMS
from planner.errors import A_PLAN, Fault, InputError, did_you_mean, refuse_other
from planner.explanation.removal import removed
from planner.finance.cashflow import CashFlows, cash_flows
from planner.finance.contracts import Deal
from planner.finance.credit import ADVERSE, BASE, Lending, credit, downside_flows, lending
from planner.finance.economics import Economics, break_even, unit_costs
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import (
    CASE_MARKET,
    INSTRUMENTS,
    OF_COUNTRY,
    FinanceTerm,
    Levels,
    PlantFacts,
    Worked,
    as_built,
    assigned_mix,
    goods,
    plant_facts,
    quotes,
    terms_of,
)
from planner.finance.returns import npv, returns_of, worth
from planner.finance.sensitivity import adverse, base_levels, tornado
from planner.finance.study import study_steps
from planner.finance.support import (
    CostElsewhere,
    Package,
    SupportSearch,
    Volumes,
    costs_elsewhere,
    flows_by_future,
    least_support,
    public_cost,
    public_money,
)
from planner.finance.yearly_rows import Array
from planner.results.business_case import (
    APART,
    CENT,
    MARKET,
    PLAN,
    UNSOLD,
    Basis,
    BusinessCase,
    EvenMix,
    InFuture,
    Removal,
    Sold,
)
from planner.results.plan import Plan, Status, no_plan
from planner.solving.goals import Progress, silent

WEIGHTY = 3
"""Terms that move the NPV most, at both ends of which public cost is told."""
OF_LOANS = {"debt_share", "public_loan_rate", "guarantee_fee", "guarantee_loss"}
"""Terms of loans and guarantees of which it is told too."""
NEUTRAL: Levels = {name: np.asarray(ITEMS[name].value) for name in INSTRUMENTS}
"""Levels of instruments where none is in use."""


def business_case(
    plan: Plan,
    projects: str | Sequence[str],
    *,
    basis: Basis = PLAN,
    market: str = CASE_MARKET,
    terms: Mapping[str, float] | None = None,
    feeds: Mapping[str, Mapping[str, float]] | None = None,
    removal: Removal | None = None,
    worth: bool = False,
    name: str = "",
    progress: Progress = silent,
) -> BusinessCase:
    """The investment case of one plant or of several as one, whether or not the plan builds or runs them.

    Parameters
    ----------
    plan
        A proven plan.
    projects
        The plant, or several.
    basis
        The volumes that support and debt are sized on and sensitivities are told for: of the `plan` (of a plant
        that it does not run: the market), or of the `market` (all sold).
    market
        A deck of the table `prices`, or `case` for the prices of the table `elements`.
    terms
        Values of the table `finance` that hold instead.
    feeds
        By plant, what it is assigned to take in (feeds, or elements of metal and magnet plants), as shares that add
        up to 1; so a separation plant can be given what a mine of the same case yields.
    removal
        Loss of the alliance without the plants, where it is known.
    worth
        Solve for that loss where it is not known, which takes as long as the plan did.
    name
        Of the plan.
    progress
        Called with each step in words.

    Returns
    -------
    BusinessCase
        Cash by year (MUSD), returns, debt and support, and how far each follows from what is assumed.

    Raises
    ------
    InputError
        For a plant that cannot grow, and for feeds that a plant cannot take.
    InfeasibleError
        For the plan of a case that has none.
    StoppedError
        For a plan that is not proven.

    Examples
    --------
    >>> business_case(plan, "coast_plant").projects
    ('coast_plant',)
    """
    refuse_other(plan, Plan, A_PLAN)
    name = name or plan.case.name
    asked = (projects,) if isinstance(projects, str) else tuple(projects)
    _check(plan, name, asked)
    question = _question(plan, asked, market=market, terms=terms or {}, feeds=feeds or {})
    answers = _volumes(question)
    sold = {which: _sold(question, volumes, question.x) for which, volumes in answers.items()}
    progress("the support of least public cost")
    is_built = any(question.builds.values())
    if removal is None and worth and is_built:
        progress("the plan without the plants")
        removal = removed(plan, asked)
    which = basis if basis in answers else MARKET
    search = _search(question, answers[which], sold[which].levels)
    package = least_support(search)
    found = _assembled(
        plan, name, question, answers=answers, sold=sold, basis=which, package=package
    )
    return replace(found, removal=removal, elsewhere=_elsewhere(search, package, found))


@dataclass(frozen=True, kw_only=True)
class _Question:
    """The plants that are judged, with the terms that were changed and what they were assigned to take in; their terms, all
    as one investment, and its levels. futures: name -> probability. builds: t/y that the plan commits, by plant. built: the
    investment as the plan builds and runs it; used: of each plant the share of what its ramp allows that it works in each
    future (rows) and year. even: as built, of plants that work in every year what they work over all; None where all do.
    """

    projects: tuple[str, ...]
    market: str
    changes: Mapping[str, float]
    feeds: Mapping[str, Mapping[str, float]]
    terms: Mapping[str, FinanceTerm]
    found: Investment
    built: Investment
    x: Levels
    futures: Mapping[str, float]
    builds: Mapping[str, Mapping[int, float]]
    used: Sequence[Array]
    even: Investment | None


def _question(
    plan: Plan,
    projects: tuple[str, ...],
    *,
    market: str,
    terms: Mapping[str, float],
    feeds: Mapping[str, Mapping[str, float]],
) -> _Question:
    """Plants of a plan on the terms of its case, with changes."""
    case = plan.case
    changes = {term: float(value) for term, value in terms.items()}
    mixes = _mixes(case, projects, feeds)
    builds = builds_of(plan, projects)
    whole = [plant_facts(case, project, mixes.get(project)) for project in projects]
    of_case = _terms(case, whole, changes)
    bare = [_as_built(case, plant, builds) for plant in whole]
    years = _years([*whole, *bare], of_case)
    built, even, used = [], [], []
    for plant in whole:
        assigned = plant.project in mixes
        worked = None if assigned else worked_of(plan, plant.project, years)
        one = _as_built(case, plant, builds, worked)
        built.append(one)
        even.append(_as_built(case, plant, builds, worked.evened() if worked else None))
        tonnes = tonnes_of(plan, plant.project, years)
        could = one.size * one.usable_in(years)
        used.append(np.where(could > 0, tonnes / np.where(could > 0, could, 1.0), 0.0))
    found = investment(case, whole, years, market=market, terms=of_case)
    as_built = investment(case, built, years, market=market, terms=of_case)
    shares = [share for one in built if one.converts for share in one.by_year.values()]
    varies = any(np.ptp(share) > APART for share in shares)
    return _Question(
        projects=projects,
        market=market,
        changes=changes,
        feeds=mixes,
        terms=of_case,
        found=found,
        built=replace(as_built, as_run=True),
        x=base_levels(found, of_case),
        futures=case.scenarios,
        builds=builds,
        used=used,
        even=replace(as_built, plants=tuple(even), as_run=True) if varies else None,
    )


def _terms(
    case: Case, plants: Sequence[PlantFacts], changes: Mapping[str, float]
) -> dict[str, FinanceTerm]:
    """Terms of the plants' country; of several countries those of tax and the cost of capital of each, named COUNTRY:TERM,
    and every other one as a mean weighed by the capital that is spent there."""
    capital: dict[str, float] = {}
    for plant in plants:
        capital[plant.country] = capital.get(plant.country, 0.0) + plant.size * plant.capex
    by_country = {country: terms_of(case, country, changes) for country in capital}
    first, *others = by_country.values()
    if not others:
        return first
    weights = np.array([*capital.values()]) / (sum(capital.values()) or 1.0)
    blended = {}
    for name, term in first.items():
        if name in OF_COUNTRY:
            for country, own in by_country.items():
                term = replace(own[name], meaning=f"{own[name].meaning}, {country}")
                blended[f"{country}:{name}"] = replace(term, name=f"{country}:{name}")
            continue
        of_all = [terms[name] for terms in by_country.values()]
        stated = np.array([(one.value, one.low, one.high) for one in of_all])
        mean = weights @ stated
        value, low, high = (np.round(mean) if term.whole else mean).tolist()
        blended[name] = replace(term, value=value, low=low, high=high)
        if any(one.value != term.value for one in of_all):
            source = f"weighed by capital: {', '.join(capital)}"
            blended[name] = replace(blended[name], source=source, notes="")
    return blended


def _as_built(
    case: Case,
    plant: PlantFacts,
    builds: Mapping[str, Mapping[int, float]],
    worked: Worked | None = None,
) -> PlantFacts:
    """A plant as the plan builds it; of size nought where it builds none."""
    of_plant = {year: tpa for year, tpa in builds[plant.project].items() if tpa > 0}
    return as_built(case, plant, of_plant, worked) if of_plant else replace(plant, size=0.0)


def _search(question: _Question, volumes: Volumes, levels: Levels) -> SupportSearch:
    """The question which support is enough on some volumes. levels: with the loan that is given as it stands."""
    return SupportSearch(
        volumes=volumes,
        x=_with_debt(question, levels),
        adverse=adverse(question.found, question.terms),
        futures=question.futures,
        lent=float(levels["debt_share"]),
    )


def _elsewhere(
    search: SupportSearch, package: Package | None, found: BusinessCase
) -> Sequence[CostElsewhere]:
    """Public cost at both ends of the terms that move the NPV most, and of those of loans, where it is another."""
    if package is None or not package.amounts:
        return ()
    terms = [swing.term for swing in found.swings]
    weighty = {term.name for term in terms[:WEIGHTY]} | OF_LOANS
    ends = {term.name: (term.low, term.high) for term in terms if term.name in weighty}
    costs = costs_elsewhere(search, package, ends)
    return [one for one in costs if one.cost is None or abs(one.cost - found.public_cost) > CENT]


def _with_debt(question: _Question, levels: Levels) -> Levels:
    """Levels with as much debt as lenders may give, whatever they give of it as it stands."""
    return {**levels, "debt_share": question.x["debt_share"]}


def _assembled(
    plan: Plan,
    name: str,
    question: _Question,
    *,
    answers: Mapping[str, Volumes],
    sold: Mapping[str, Sold],
    basis: Basis,
    package: Package | None,
) -> BusinessCase:
    """All that was found, as one value, but for the worth to the alliance."""
    found, x, volumes = question.found, sold[basis].levels, answers[basis]
    amounts = package.amounts if package else {}
    helped = _with_debt(question, x)
    given = {lever: np.asarray(amount) for lever, amount in amounts.items()}
    planned = sold.get(PLAN)
    supported = _sold(question, volumes, {**helped, **given}) if given else None
    shown = supported or sold[basis]
    study = [row for row in plan.case.tables.studies if row.project in question.projects]
    return BusinessCase(
        projects=question.projects,
        run=name,
        market=question.market,
        changes=question.changes,
        feeds=question.feeds,
        terms=question.terms,
        investment=found,
        builds=question.builds,
        futures=question.futures,
        basis=basis,
        full=sold[MARKET],
        planned=planned,
        throughput=_throughput(question),
        package=package,
        supported=supported,
        money=public_money(
            volumes,
            x,
            shown.levels,
            adverse=adverse(found, question.terms),
            futures=question.futures,
        ),
        owned=_cost_of_ownership(question, volumes),
        swings=tornado(volumes.found, question.terms, volumes.use, given),
        markets=markets_of(plan, found, sold[MARKET].flows),
        removal=None,
        in_futures=_in_futures(question, volumes, shown),
        even_mix=_even_mix(question, volumes, x, shown),
        unsold=_unsold(shown),
        feeds_in_plan=feeds_in_plan(plan, shown),
        royalty_point=_royalty_point(shown),
        in_place_of_grant=_in_place_of_grant(question, shown),
        study=study_steps(
            found, question.x, study, planned.returns.npv_after_tax if planned else None
        ),
    )


def _in_futures(question: _Question, volumes: Volumes, shown: Sold) -> dict[str, InFuture]:
    """The case that is shown in each future; none where all are alike."""
    x, futures = shown.levels, question.futures
    flows = flows_by_future(volumes, x, futures)
    npvs, costs = worth(flows, x), public_cost(flows, x)
    if npvs.size < len(futures):
        return {}
    costs = np.broadcast_to(costs, npvs.shape)
    out = {}
    for future, npv_then, cost in zip(futures, npvs.tolist(), costs.tolist(), strict=True):
        out[future] = InFuture(npv=npv_then, public=cost)
    return out


def _even_mix(question: _Question, volumes: Volumes, levels: Levels, shown: Sold) -> EvenMix | None:
    """The case that is shown with the mean mix in every year. levels: without support."""
    if question.even is None or not shown.investment.as_run:
        return None
    flows = cash_flows(question.even, shown.levels, shown.by_year)
    even = replace(shown, investment=question.even, flows=flows)
    search = _search(question, replace(volumes, found=question.even), levels)
    package = least_support(search)
    cost = None
    if package is not None:
        amounts = {lever: np.asarray(amount) for lever, amount in package.amounts.items()}
        cost = search.cost({**search.x, **amounts})
    npv_then = float(worth(flows, shown.levels))
    lent = lending(question.even, _with_debt(question, levels), volumes.use, question.terms)[1]
    return EvenMix(npv=npv_then, paid=even.paid_in_all, public=cost, lending=lent)


def _unsold(shown: Sold) -> float:
    """What the NPV after tax loses if a part of the goods for which there is no demand is made and not sold."""
    found, plants = shown.investment, []
    for plant in found.plants:
        made = []
        for material in plant.made:
            part = 1.0 - UNSOLD if found.lacks_demand(material) else 1.0
            made.append(replace(material, per_tonne=part * material.per_tonne))
        plants.append(replace(plant, made=tuple(made)))
    less = cash_flows(replace(found, plants=tuple(plants)), shown.levels, shown.by_year)
    return shown.returns.npv_after_tax - float(worth(less, shown.levels))


def _royalty_point(shown: Sold) -> float:
    """What one more per cent of sales as royalty takes off the NPV after tax."""
    levels = {**shown.levels, "royalty": shown.levels["royalty"] + 0.01}
    dearer = cash_flows(shown.investment, levels, shown.by_year)
    return shown.returns.npv_after_tax - float(worth(dearer, levels))


def _in_place_of_grant(question: _Question, shown: Sold) -> Lending | None:
    """What lenders would give of a loan if no grant paid the capital, all other support as it is."""
    if shown.geared > CENT or not float(shown.levels["grant"]):
        return None
    levels = _with_debt(question, {**shown.levels, "grant": np.zeros(())})
    return lending(shown.investment, levels, shown.by_year, question.terms)[1]


def _mixes(
    case: Case, projects: Sequence[str], feeds: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Feeds that plants are assigned to take in. Raises InputError for a plant that is not of the case."""
    mixes = {}
    for project, asked in feeds.items():
        if project not in projects:
            message = f'"{project}" is no plant of this investment case: {", ".join(projects)}'
            raise InputError([Fault("feeds", 0, project, message)])
        mixes[project] = assigned_mix(case, project, asked)
    return mixes


def _volumes(question: _Question) -> dict[str, Volumes]:
    """The answers that there are to the question what is sold: of the plan where it runs a plant, and all at the market."""
    whole = [np.ones(len(question.found.years)) for _ in question.used]
    every = [use[None, :] for use in whole]
    answers: dict[str, Volumes] = {}
    answers[MARKET] = Volumes(found=question.found, use=whole, use_in=every)
    if _is_used(question):
        chances = np.array(list(question.futures.values()))
        expected = [chances @ use for use in question.used]
        answers[PLAN] = Volumes(found=question.built, use=expected, use_in=question.used)
    return answers


def _is_used(question: _Question) -> bool:
    """The plan builds one of the plants and runs it in some future."""
    return any(use.any() for use in question.used)


def _cost_of_ownership(question: _Question, volumes: Volumes) -> float:
    """Cost to the public (present value) of the plants as its own: capital and running losses, less what they earn. What the
    public pays to a plant of its own is no income: it sells at the market, without instruments and public contracts."""
    x = question.x
    own = tuple(deal.at_market() if deal.contract.public else deal for deal in volumes.found.deals)
    plain = cash_flows(replace(volumes.found, deals=own), {**x, **NEUTRAL}, volumes.use)
    return -float(npv(x["public_rate"], plain.before_tax / plain.index))


def _check(plan: Plan, name: str, asked: Sequence[str]) -> None:
    """Raise InfeasibleError or StoppedError for a plan that is not proven, InputError for plants that are unknown, savings, named twice
    or cannot grow."""
    if plan.status is not Status.OPTIMAL:
        raise no_plan(plan, name)
    told = ""
    for project in asked:
        told = told or _no_investment(plan.case, project)
    if not told and len(set(asked)) < len(asked):
        told = "a plant is named twice"
    if told:
        raise InputError([Fault("projects", 0, "", told)])


def _no_investment(case: Case, project: str) -> str:
    """The reason why a project has no investment case; '' where it has one."""
    if project not in case.projects:
        return f'unknown project "{project}"{did_you_mean(project, case.projects)}'
    if case.lookups.stage_of(project).saves:
        return f"{project}: a saving sells nothing; `planner explain` says what it is worth"
    if not case.lookups.commitment_years(project):
        return f"{project}: no new capacity may be built; there is nothing to decide"
    return ""


def investment(
    case: Case,
    plants: Sequence[PlantFacts],
    years: tuple[int, ...],
    *,
    market: str,
    terms: Mapping[str, FinanceTerm],
) -> Investment:
    """The plants on their deck over some years."""
    projects = [plant.project for plant in plants]
    inflation = terms["inflation"].value
    deck = quotes(case, goods(plants), market=market, years=years, inflation=inflation)
    deals = []
    for row in case.tables.contracts:
        if row.project in ("", *projects):
            deals.append(Deal.of(row))
    return Investment(
        years=years,
        base_year=case.first_year,
        plants=tuple(plants),
        quotes=tuple(deck),
        deals=tuple(deals),
        wanted=_wanted(case, plants, years),
    )


def _years(plants: Sequence[PlantFacts], terms: Mapping[str, FinanceTerm]) -> tuple[int, ...]:
    """From the first payment to the year after the last output that any range allows."""
    life, delay = terms["life_years"], terms["delay_years"]
    longest = max(life.high, life.value) + max(delay.high, delay.value)
    first = min(plant.commit for plant in plants)
    last = max(plant.start for plant in plants) + int(longest)
    return tuple(range(first, last + 1))


def _wanted(
    case: Case, plants: Sequence[PlantFacts], years: Sequence[int]
) -> dict[tuple[str, str], Array]:
    """Tonnes wanted of each product in each year; after the horizon as at its end."""
    sold = set()
    for plant in plants:
        for made in plant.made:
            if not made.payable and made.element in case.elements:
                sold.add(made.good)
    wanted = wanted_of(case)
    lines = {}
    for good in sorted(sold):
        known = [wanted[(*good, year)] for year in case.years]
        lines[good] = np.interp(years, case.years, known)
    return lines


def _sold(question: _Question, volumes: Volumes, x: Levels) -> Sold:
    """The case with one answer to what is sold, at levels of terms and support, with the loan that lenders give."""
    found, use, terms = volumes.found, volumes.use, question.terms
    x, lent = lending(found, x, use, terms)
    cases = downside_flows(found, x, use, terms)
    flows, at_low_prices = cases[BASE], cases[ADVERSE]
    return Sold(
        investment=found,
        by_year=tuple(use),
        use=tuple(map(float, _rates(found, flows))),
        levels=x,
        flows=flows,
        adverse=at_low_prices,
        returns=returns_of(flows, x, at_low_prices),
        economics=Economics(unit_costs=unit_costs(flows), break_even=break_even(found, x, use)),
        lending=lent,
        credit=credit(found, cases, x, use, terms),
    )


def _rates(found: Investment, flows: CashFlows) -> list[Array]:
    """Use of capacity of each plant over the years of output, in each case."""
    rates = []
    for plant, of_plant in zip(found.plants, flows.plants, strict=True):
        could = plant.size * of_plant.usable.sum(axis=-1) or 1.0
        rates.append(np.asarray(of_plant.tonnes.sum(axis=-1) / could))
    return rates


def _throughput(question: _Question) -> dict[str, tuple[float, ...]]:
    """Use of capacity of each plant in each future."""
    if not _is_used(question):
        idle = (0.0,) * len(question.projects)
        return dict.fromkeys(question.futures, idle)
    rates = _rates(question.built, cash_flows(question.built, question.x, question.used))
    out = {}
    for place, future in enumerate(question.futures):
        here = [float(rate[place]) for rate in rates]
        out[future] = tuple(here)
    return out
