"""Remarks that explain what would puzzle a reader of the tables. Each appears only if it is so."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.reporting.values.money import budget_use
from planner.reporting.values.names import midway
from planner.reporting.values.numbers import count, listed, number, percent
from planner.reporting.values.plants import purchases
from planner.reporting.values.view import WITHOUT, RunView
from planner.results.losses import in_tail

SPENT_SHARE, SMALLEST_MUSD, SMALLEST_T = 1e-4, 0.05, 0.05
MOST_FUNDERS = 5


def spent_in_full(run: RunView) -> dict[str, list[int]]:
    """Funder -> years in which all that it has to that year is spent, in every scenario."""
    rows = budget_use(run)
    if rows.empty:
        return {}
    full = rows[(rows["left"] <= SPENT_SHARE * rows["available"]) & (rows["spent"] >= SMALLEST_MUSD)]
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
    if len(losses) < 2 or mean <= SMALLEST_MUSD:
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
        if float(bought.get(e, 0.0)) >= SMALLEST_T and float(short.get(e, 0.0)) <= 0.0
    ]


def _stock_remark(run: RunView, element: str) -> str:
    stocks = run.tables["stocks"]
    of = stocks[stocks["element"] == element]
    by_scenario = of.groupby("scenario")["bought_t"].sum()
    hit = sorted(
        (str(w) for w in by_scenario.index if by_scenario[w] >= SMALLEST_T), key=lambda w: (-by_scenario[w], w)
    )
    most = hit[0]
    own = of[of["scenario"] == most].groupby("year")[["bought_t", "released_t"]].sum()
    bought = [int(str(y)) for y in own.index[own["bought_t"] >= SMALLEST_T]]
    released = [int(str(y)) for y in own.index[(own["released_t"] >= SMALLEST_T) & (own.index > bought[0])]]
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
