"""Parts of the answer: what to fund first, who remains short, and remarks on what would puzzle a reader of the tables,
each of which appears only if it is so."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.reporting.values.plan import budget_use, decisions, everywhere, expected_sum, purchases
from planner.reporting.values.supply import (
    KEYS,
    SMALLEST_MUSD,
    SMALLEST_T,
    hardest_left,
    likeliest_left,
    missing,
    remaining,
)
from planner.reporting.values.view import EXPECTED, WITHOUT, RunView, rows_of
from planner.reporting.values.wording import SLIGHT, count, listed, midway, number, percent
from planner.results.losses import in_tail

SPENT_SHARE = 1e-4

MOST_FUNDERS = 5


def spent_in_full(run: RunView) -> dict[str, list[int]]:
    """Funder -> years in which all that it has to that year is spent, in every scenario."""
    rows = budget_use(run)
    if rows.empty:
        return {}
    full = rows[(rows["left"] <= SPENT_SHARE * rows["available"]) & (rows["spent"] >= SLIGHT)]
    return {str(f): [int(y) for y in years] for f, years in full.groupby("funder")["year"]}


def budget_remark(run: RunView, binding: list[str]) -> str:
    """That budgets are spent in full although more money would not help; binding: the kinds of thing that do bind."""
    full = spent_in_full(run)
    if not full:
        return ""
    first = sorted(full, key=lambda f: (-len(full[f]), f))
    each = [f"{run.names.party(f)} ({years_words(full[f])})" for f in first[:MOST_FUNDERS]]
    more = len(first) - len(each)
    text = f"Some budgets are spent to the last all the same: {', '.join(each)}"
    text += f" and {count(more, 'other')}" if more else ""
    held = f": what holds the risk is {listed(binding)}" if binding else ""
    return f"{text}. More money there would not lower the risk{held}. "


def years_words(years: list[int]) -> str:
    """'2027–2029, 2031'."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def hangs_on_words(run: RunView) -> str:
    """Which scenario makes the largest part of the expected loss without a plan, and which of the tail; '' if there is
    nothing to compare."""
    losses: dict[str, float] = run.without.get("scenario_loss_musd", {})
    mean = sum(run.weights[w] * losses[w] for w in losses)
    if len(losses) < 2 or mean <= SLIGHT:
        return ""
    parts = {w: run.weights[w] * losses[w] / mean for w in losses}
    tail = _tail_shares(run, losses)
    first, worst = (max(sorted(of), key=lambda w: of[w]) for of in (parts, tail))
    text = (
        f"Without a plan “{run.names.scenario(first)}” (probability {percent(run.weights[first])}) alone makes "
        f"{percent(parts[first])} of the expected loss"
    )
    if run.case.model.objective.tail <= 0:
        return f"{text}."
    if first == worst:
        return f"{text} and {percent(tail[worst])} of the mean loss of the tail."
    return (
        f"{text}, and “{run.names.scenario(worst)}” (probability {percent(run.weights[worst])}) "
        f"{percent(tail[worst])} of the mean loss of the tail."
    )


def _tail_shares(run: RunView, losses: Mapping[str, float]) -> dict[str, float]:
    """Part of each scenario in the mean loss of the worst cases."""
    by_name = {w: losses[w] for w in sorted(losses)}
    shares = in_tail(by_name, run.weights, run.case.model.objective.tail)
    parts = {w: share * losses[w] for w, share in shares.items()}
    whole = sum(parts.values())
    return {w: musd / whole if whole > 0 else 0.0 for w, musd in parts.items()}


def stock_remarks(run: RunView) -> list[str]:
    """Elements that are bought into stock although they are never short: what the stock takes the place of."""
    if not run.compared:
        return []
    bought = purchases(run).groupby("element")["bought_t"].sum()
    short = run.tables["shortfall"].groupby("element")[["tonnes", WITHOUT]].sum().sum(axis=1)
    return [
        _stock_remark(run, e)
        for e in run.elements
        if float(bought.get(e, 0.0)) >= SLIGHT and float(short.get(e, 0.0)) <= 0.0
    ]


def _stock_remark(run: RunView, element: str) -> str:
    stocks = run.tables["stocks"]
    of = stocks[stocks["element"] == element]
    by_scenario = of.groupby("scenario")["bought_t"].sum()
    hit = sorted((str(w) for w in by_scenario.index if by_scenario[w] >= SLIGHT), key=lambda w: (-by_scenario[w], w))
    most = hit[0]
    own = of[of["scenario"] == most].groupby("year")[["bought_t", "released_t"]].sum()
    bought = [int(str(y)) for y in own.index[own["bought_t"] >= SLIGHT]]
    released = [int(str(y)) for y in own.index[(own["released_t"] >= SLIGHT) & (own.index > bought[0])]]
    name, where = midway(run.names.element(element)), "every scenario" if len(hit) == len(run.weights) else ""
    text = (
        f"{name[0].upper()}{name[1:]} is bought into stock although it is short in no scenario, with or without the "
        f"plan. It is bought in {where or count(len(hit), 'scenario')}"
        f"{'' if where else f' of {len(run.weights)}'}; in the one with most of it, “{run.names.scenario(most)}”, "
        f"{number(float(own['bought_t'].sum()))} t in {years_words(bought)}"
    )
    if not released:
        return f"{text}, and none is released later."
    text += f", released in {years_words(released)}"
    return text + _replaced(run, element, most, bought[-1], released)


def _replaced(run: RunView, element: str, scenario: str, before: int, released: list[int]) -> str:
    """What falls in the years of release: what plants make of the element, or what is imported of it."""
    flows = run.tables["operations"]
    flows = flows[(flows["element"] == element) & (flows["scenario"] == scenario)]
    for item, words in (("made", "what plants make of it"), ("imported", "what is imported of it")):
        sums: pd.Series[float] = flows[flows["item"] == item].groupby("year")["tonnes"].sum()
        then = sum(float(sums.get(y, 0.0)) for y in released) / len(released)
        earlier = float(sums.get(before, 0.0))
        if then < earlier:
            frees = "; the stock takes the place of that output" if item == "made" else ""
            return f", while {words} falls from {number(earlier)} t in {before} to {number(then)} t a year{frees}."
    return "."


def trained_words(run: RunView) -> str:
    """Who counts as trained: those who complete it within the years of the plan, beside those who begin."""
    rows = run.tables["training"]
    begun = float((rows["intake"] * rows["probability"]).sum())
    text = "who complete their training within these years"
    return f"{text}, of {number(begun)} who begin it" if begun > 0 else text


PEOPLE = ("training fees", "training seats", "hiring")

STOCK = "stock purchases"

MOST_YEARS, MOST_PLANTS = 3, 4


def first_words(run: RunView) -> str:
    """What is begun in each of the first years: stock, plants, people; then the rest, and the first output. Of the
    plants those come first that every good plan contains."""
    rows = decisions(run)
    stock, people = spent_by_year(run, (STOCK,)), spent_by_year(run, PEOPLE)
    begun = sorted({*(int(y) for y in rows["year"]), *stock, *people})
    if not begun:
        return "Nothing is worth funding under these data and choices: no new plant, no stock, no training."
    text = "" if len(rows) else "No new plant is worth funding under these data and choices. "
    parts = [_in_year(run, year, stock, people) for year in begun[:MOST_YEARS]]
    text += " ".join(parts) + _later(run, begun[MOST_YEARS:], stock, people)
    if len(rows):
        if rows["year"].nunique() > 1:
            many = count(rows["project"].nunique(), "project")
            text += f" In all: {many} for {number(expected_sum(rows, 'capex_musd'))} MUSD of capital."
        text += f" First output from any new plant comes in {int(rows['first_output'].min())}."
        if not everywhere(rows):
            text += " Some commitments are made only if a disruption has shown itself; amounts are then expected ones."
    return text


def spent_by_year(run: RunView, items: tuple[str, ...]) -> dict[int, float]:
    """Expected public money (MUSD) for some items by year, where it would be printed as anything."""
    rows = run.tables["spending"]
    sums = rows[rows["item"].isin(items)].groupby("year")["expected"].sum()
    return {int(str(year)): float(musd) for year, musd in sums.items() if musd >= SLIGHT}


def _in_year(run: RunView, year: int, stock: Mapping[int, float], people: Mapping[int, float]) -> str:
    parts = []
    if year in stock:
        bought = bought_words(run, year)
        parts.append(f"stock for {number(stock[year])} MUSD" + (f" ({bought})" if bought else ""))
    rows = decisions(run)
    start = rows[rows["year"] == year].sort_values(["capex_musd", "project"], ascending=[False, True])
    must = start["project"].isin(musts(run))
    if must.any():
        named = [run.names.placed(p) for p in start[must]["project"].drop_duplicates()]
        parts.append(
            f"{count(len(named), 'project')} that every good plan contains, for "
            f"{number(expected_sum(start[must], 'capex_musd'))} MUSD of capital ({'; '.join(named)})"
        )
    if not must.all():
        parts.append(_others(run, start[~must], bool(must.any())))
    if year in people:
        parts.append(f"training and hiring for {number(people[year])} MUSD")
    return f"In {year}: {listed(parts)}."


def musts(run: RunView) -> set[str]:
    """Projects that every good plan contains; empty if that was not asked."""
    ranges = run.found.alternatives.ranges if run.found is not None else []
    return {r.key for r in ranges if r.kind == "project" and r.word == "must"}


def _others(run: RunView, start: pd.DataFrame, further: bool) -> str:
    """The projects begun in a year, `further` ones if some were told before; the largest by name."""
    largest = [run.names.placed(p) for p in start["project"].drop_duplicates().head(MOST_PLANTS)]
    many = start["project"].nunique()
    return (
        f"{count(many, 'further project' if further else 'project')} for "
        f"{number(expected_sum(start, 'capex_musd'))} MUSD of capital "
        f"({'the largest: ' if many > len(largest) else ''}{'; '.join(largest)})"
    )


def bought_words(run: RunView, year: int) -> str:
    """Stock bought in a year, expected: tonnes by element; '' if none."""
    rows = run.tables["stocks"]
    sums = run.expected(rows[rows["year"] == year], ["element"], ["bought_t"])
    tonnes = {e: float(t) for e, t in zip(sums["element"], sums["bought_t"], strict=True) if t >= SLIGHT}
    return ", ".join(f"{number(tonnes[e])} t of {midway(run.names.element(e))}" for e in run.elements if e in tonnes)


def _later(run: RunView, years: list[int], stock: Mapping[int, float], people: Mapping[int, float]) -> str:
    if not years:
        return ""
    rows = decisions(run)
    rows = rows[rows["year"].isin(years)]
    parts = []
    if len(rows):
        amount = number(expected_sum(rows, "capex_musd"))
        parts.append(f"{count(rows['project'].nunique(), 'project')} for {amount} MUSD of capital")
    for words, spent in (("stock", stock), ("training and hiring", people)):
        if musd := sum(spent.get(year, 0.0) for year in years):
            parts.append(f"{words} for {number(musd)} MUSD")
    span = f"In {years[0]}" if len(years) == 1 else f"From {years[0]} to {years[-1]}"
    return f" {span}: {listed(parts)}." if parts else ""


MOST_WHO, MOST_COSTLY = 3, 4


def short_words(run: RunView) -> str:
    """Who remains short, of what and when, in sentences."""
    left = remaining(run)
    if left.empty:
        return "Nobody: demand is met in full in every scenario."
    rows, several = missing(run, EXPECTED), len(run.weights) > 1
    expected = ", expected" if several else ""
    tonnes = rows.groupby("element")["tonnes"].sum()
    goods = [f"{number(float(tonnes[e]))} t of {midway(run.names.element(e))}" for e in run.elements if e in tonnes]
    text = f"Still missing over the horizon{expected}: {listed(goods)}. " if goods else ""
    total = float(left["musd"].sum())
    who = [f"{run.names.country(r.country)} ({percent(r.musd / total)})" for r in rows_of(left.head(MOST_WHO))]
    years = rows.groupby("year")["musd"].sum().sort_values(ascending=False, kind="stable")
    text += (
        f"Most of the {'expected ' if several else ''}loss that remains falls on {listed(who)}, mostly in "
        f"{listed([str(y) for y in sorted(years.head(3).index)])}. "
    )
    costly = rows.sort_values(["musd", *KEYS], ascending=[False, *[True] * len(KEYS)]).head(MOST_COSTLY)
    worst = [
        f"{run.names.country(r.country)} {int(r.year)}, {number(r.tonnes)} t of "
        f"{midway(run.names.element(r.element))} {r.form} ({percent(r.tonnes / r.demand_t)} of its demand)"
        for r in rows_of(costly)
    ]
    text += f"The costliest single shortages{expected}: {'; '.join(worst)}."
    return text + (_scenarios(run) if several else "")


def _scenarios(run: RunView) -> str:
    """The likeliest and the hardest scenario that lose something with the plan."""
    losses, likeliest, hardest = run.summary["scenario_loss_musd"], likeliest_left(run), hardest_left(run)
    hit = sum(1 for loss in losses.values() if loss > SMALLEST_MUSD)
    if not likeliest:
        return ""
    chance = sum(run.weights[w] for w, loss in losses.items() if loss > SMALLEST_MUSD)
    text = f" {count(hit, 'scenario')} of {len(losses)} still {'leaves' if hit == 1 else 'leave'} a loss"
    text += f", together with a probability of {percent(chance)}. " if hit > 1 else ". "
    both = likeliest == hardest
    text += f"The likeliest {'and the hardest ' if both else ''}of them is {_in_scenario(run, likeliest)}."
    return text if both else f"{text} The hardest is {_in_scenario(run, hardest)}."


def _in_scenario(run: RunView, scenario: str) -> str:
    rows = missing(run, scenario)
    parts = []
    for element in run.elements:
        of = rows[rows["element"] == element]
        if not of.empty:
            years = sorted({int(y) for y in of["year"]})
            span = str(years[0]) if len(years) == 1 else f"{years[0]}–{years[-1]}"
            parts.append(f"{number(float(of['tonnes'].sum()))} t of {midway(run.names.element(element))} in {span}")
    loss = run.summary["scenario_loss_musd"][scenario]
    return f"“{run.names.scenario(scenario)}” (probability {percent(run.weights[scenario])}): {number(loss)} MUSD" + (
        f", {listed(parts)} missing" if parts else ""
    )


def worst_year(run: RunView) -> str:
    """Where least of the demand for one element is met in one year of one scenario, in words; '' if always all is."""
    rows = (
        run.tables["shortfall"].groupby(["scenario", "year", "element"], as_index=False)[["tonnes", "demand_t"]].sum()
    )
    rows = rows[(rows["tonnes"] >= SMALLEST_T) & (rows["demand_t"] > 0)]
    if rows.empty:
        return ""
    rows = rows.assign(met=1.0 - rows["tonnes"] / rows["demand_t"])
    worst = next(iter(rows_of(rows.sort_values(["met", "year", "element", "scenario"]).head(1))))
    where = f", “{run.names.scenario(worst.scenario)}”" if len(run.weights) > 1 else ""
    return f"worst year: {percent(worst.met)} of {midway(run.names.element(worst.element))} in {int(worst.year)}{where}"
