"""The answer: values of its sentences and key figures, and remarks on the tables. The words stand in
templates/text/answer.j2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.reporting.values.page_parts import Card, Statement
from planner.reporting.values.plan import (
    Begun,
    begun,
    decisions,
    everywhere,
    expected_sum,
    largest_first,
    musts,
    purchases,
    spent,
    spent_in_full,
)
from planner.reporting.values.supply import (
    KEYS,
    SMALLEST_MUSD,
    SMALLEST_T,
    hardest_left,
    likeliest_left,
    limits,
    missing,
    remaining,
)
from planner.reporting.values.view import EXPECTED, WITHOUT, RunView, records, rows_of, summary_keys, table_rows
from planner.reporting.values.wording import SLIGHT, change, midway, number, percent, span, spans, worded, worded_lines
from planner.results.losses import in_tail

DECIDING = ("budget", "nameplate limit", "staff joining", "capacity", "feed", "new seats limit")
"""Scarce things a government can do something about, in the order in which they are told."""

MOST_YEARS, MOST_PLANTS = 3, 4

MOST_WHO, MOST_COSTLY = 3, 4


def _say(run: RunView, passage: str, **values: Any) -> str:
    several = len(run.weights) > 1
    figures = {"plan": run.summary, "old": run.without, "model": run.case.model}
    return worded("answer.j2", passage, run=run, names=run.names, several=several, **figures, **values)


def question(run: RunView) -> str:
    """The question the plan answers."""
    return _say(run, "question")


def tail_words(run: RunView) -> str:
    """The tail of the loss, in words."""
    return _say(run, "tail")


def risk_words(run: RunView) -> str:
    """How risk is defined in this run."""
    return _say(run, "risk_defined")


def cards(run: RunView) -> list[Card]:
    """Key figures: of the risk, then of the plan."""
    return [*_risk_cards(run), *_plan_cards(run)]


def _risk_cards(run: RunView) -> Iterator[Card]:
    s, old, least = run.summary, run.without, run.summary.get("least_risk_musd")
    titles = {"risk_musd": "Risk", "expected_loss_musd": "Expected loss"}
    for key, title in (titles | {"cvar_musd": f"Mean loss in {tail_words(run)}"}).items():
        note = f"without a plan {number(old[key])} ({change(old[key], s[key]) or 'none'})" if old else ""
        of_risk = key == "risk_musd"
        if of_risk and not old and least is not None:
            note = f"least attainable {number(least)}"
        keys = [key, *(["least_risk_musd"] if of_risk else []), f"without_plan.{key}"]
        yield Card(title, number(s[key]), "MUSD", note, summary_keys(*keys))


def _plan_cards(run: RunView) -> Iterator[Card]:
    s, built = run.summary, decisions(run)
    cost, public = number(s["cost_musd"]), number(s["public_spend_musd"])
    included = "present value, public and private, operation included"
    yield Card("Cost of the plan", cost, "MUSD", included, summary_keys("cost_musd"))
    yield Card("Public money", public, "MUSD", "expected, not discounted", summary_keys("public_spend_musd"))
    yield Card(
        "New plants",
        f"{built['project'].nunique():,}",
        "projects",
        f"{number(expected_sum(built, 'capex_musd'))} MUSD of capital",
        f"{table_rows('investments', EXPECTED)}: projects counted, capex_musd summed",
    )
    trained = f"{summary_keys('trained')}; {table_rows('training')}: intake, probability"
    yield Card("People trained", number(sum(s["trained"].values())), "persons", trained_words(run), trained)
    levels = s["service_level"]
    if levels:
        worst = min(levels, key=lambda e: (levels[e], e))
        over = "whole horizon" if len(run.weights) == 1 else "mean over the scenarios and the whole horizon"
        note = "; ".join(filter(None, [f"{run.names.element(worst)}, the least served; {over}", worst_year(run)]))
        source = f"{summary_keys(f'service_level.{worst}')}; {table_rows('shortfall')}: tonnes, demand_t"
        yield Card("Demand met", percent(levels[worst]), "", note, source)


def answer(run: RunView) -> list[Statement]:
    """The answer, in the order in which it is asked for."""
    measures = summary_keys("risk_musd", "expected_loss_musd", "cvar_musd", "least_risk_musd", "without_plan")
    money = f"{summary_keys('cost_musd', 'public_spend_musd')}; {table_rows('spending')}: expected, by funder"
    first = f"{table_rows('spending')}: expected, by item and year; {table_rows('stocks', EXPECTED)}: bought_t"
    short = f"{table_rows('shortfall', EXPECTED)}, times the loss per kg; {summary_keys('expected_shortfall_t')}"
    risk = [_say(run, "risk"), risk_words(run), hangs_on_words(run)]
    return [
        Statement("Risk", " ".join(filter(None, risk)), measures),
        Statement("Cost", _cost(run), money),
        Statement("What to fund first", first_words(run), f"{table_rows('investments')}: year, capex_musd; {first}"),
        Statement("Who remains short", short_words(run), f"{short}, scenario_loss_musd"),
        Statement("What binds", _binding(run), f"{table_rows('shadow_prices')}: musd_per_unit, the largest of a kind"),
    ]


def hangs_on_words(run: RunView) -> str:
    """Which scenario makes the largest part of the expected loss without a plan, and which of the tail; '' if there is
    nothing to compare."""
    losses: dict[str, float] = run.without.get("scenario_loss_musd", {})
    mean = sum(run.weights[w] * losses[w] for w in losses)
    if len(losses) < 2 or mean <= SLIGHT:
        return ""
    parts = {w: run.weights[w] * losses[w] / mean for w in losses}
    tail = _tail_shares(run, losses)
    most, worst = (max(sorted(of), key=lambda w: of[w]) for of in (parts, tail))
    return _say(run, "hangs_on", most=most, of_mean=parts[most], worst=worst, of_tail=tail[worst])


def _tail_shares(run: RunView, losses: Mapping[str, float]) -> dict[str, float]:
    """Part of each scenario in the mean loss of the worst cases."""
    by_name = {w: losses[w] for w in sorted(losses)}
    shares = in_tail(by_name, run.weights, run.case.model.objective.tail)
    parts = {w: share * losses[w] for w, share in shares.items()}
    whole = sum(parts.values())
    return {w: musd / whole if whole > 0 else 0.0 for w, musd in parts.items()}


def _cost(run: RunView) -> str:
    paid = spent(run, "funder")
    funders = paid.groupby("kind")["amount"].sum()
    payers = [f"{name} {number(float(funders[name]))}" for name in largest_first(paid)]
    return _say(run, "cost", payers=payers if funders.sum() > 0 else [], **_worth(run))


def worth_words(run: RunView) -> str:
    """What the plan costs above running what exists, beside what it takes off the loss."""
    return _say(run, "worth", **_worth(run))


def _worth(run: RunView) -> dict[str, Any]:
    s, old = run.summary, run.without
    if not old:
        return {}
    saved, tail = (old[key] - s[key] for key in ("expected_loss_musd", "cvar_musd"))
    extra, spread = s["cost_musd"] - old["cost_musd"], abs(tail - saved) > SLIGHT
    return {"extra": extra, "saved": saved, "saved_in_tail": tail, "spread": spread, "slight": SLIGHT}


def _binding(run: RunView) -> str:
    best = {limit.scarce: limit for limit in limits(run, 1)}
    chosen = [best[kind] for kind in DECIDING if kind in best][:3]
    full = spent_in_full(run) if run.case.model.objective.goal == "risk" else {}
    first = sorted(full, key=lambda f: (-len(full[f]), f))
    named = [f"{run.names.party(f)} ({spans(full[f])})" for f in first]
    return _say(run, "binding", limits=chosen, money_helps="budget" in best or not run.case.budget, spent=named)


def first_words(run: RunView) -> str:
    """What is begun in each of the first years: stock, plants, people; then the rest, and the first output. Of the
    plants those come first that every good plan contains."""
    rows, years, must = decisions(run), begun(run), musts(run)
    told = [
        {"year": b.year, "stock": b.stock, "bought": bought_words(run, b), "people": b.people}
        | {
            "sure": _projects(b.projects[b.projects["project"].isin(must)]),
            "others": _projects(b.projects[~b.projects["project"].isin(must)]),
        }
        for b in years[:MOST_YEARS]
    ]
    later: dict[str, Any] = {}
    if rest := years[MOST_YEARS:]:
        after = [b.year for b in rest]
        later = {"years": after, "others": _projects(rows[rows["year"].isin(after)])}
        later |= {"stock": sum(b.stock for b in rest), "people": sum(b.people for b in rest)}
    first = int(rows["first_output"].min()) if len(rows) else None
    whole = {"all": _projects(rows), "starts": rows["year"].nunique(), "first_output": first}
    return _say(run, "first", begun=told, later=later, most=MOST_PLANTS, everywhere=everywhere(rows), **whole)


def _projects(rows: pd.DataFrame) -> dict[str, Any]:
    projects = list(rows["project"].drop_duplicates())
    return {"count": len(projects), "capital": expected_sum(rows, "capex_musd"), "projects": projects}


def bought_words(run: RunView, begun: Begun) -> str:
    """Stock bought in a year, expected: tonnes by element; '' if none."""
    return _say(run, "goods", bought=begun.bought)


def short_words(run: RunView) -> str:
    """Who remains short, of what and when, in sentences."""
    left, rows = remaining(run), missing(run, EXPECTED)
    total = float(left["musd"].sum())
    hit = [f"{run.names.country(r.country)} ({percent(r.musd / total)})" for r in rows_of(left.head(MOST_WHO))]
    years = rows.groupby("year")["musd"].sum().sort_values(ascending=False, kind="stable")
    costly = rows.sort_values(["musd", *KEYS], ascending=[False, *[True] * len(KEYS)]).head(MOST_COSTLY)
    return _say(
        run,
        "short",
        who_loses=hit,
        gone=_gone(run, rows),
        years=[str(y) for y in sorted(years.head(3).index)],
        costliest=records(costly),
        **_ends(run),
    )


def _gone(run: RunView, rows: pd.DataFrame, spanning: bool = False) -> list[str]:
    """Tonnes missing by element, with the years they span if wanted."""
    sums = rows.groupby("element").agg(tonnes=("tonnes", "sum"), first=("year", "min"), last=("year", "max"))
    return [
        f"{number(float(of.tonnes))} t of {midway(run.names.element(e))}"
        + (f" in {span(of.first, of.last)}" if spanning else "")
        for e in run.elements
        if e in sums.index
        for of in rows_of(sums.loc[[e]])
    ]


def _ends(run: RunView) -> dict[str, Any]:
    """The likeliest and the hardest scenario that lose something with the plan."""
    losses, likeliest, hardest = run.summary["scenario_loss_musd"], likeliest_left(run), hardest_left(run)
    if not likeliest or len(run.weights) == 1:
        return {"likeliest": None}
    hit = [w for w, loss in losses.items() if loss > SMALLEST_MUSD]

    def end(scenario: str) -> dict[str, Any]:
        gone = _gone(run, missing(run, scenario), spanning=True)
        return {"scenario": scenario, "loss": losses[scenario], "gone": gone}

    ends = {"likeliest": end(likeliest), "hardest": end(hardest) if hardest != likeliest else None}
    return ends | {"hit": len(hit), "chance": sum(run.weights[w] for w in hit)}


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
    own = of[of["scenario"] == hit[0]].groupby("year")[["bought_t", "released_t"]].sum()
    bought = [int(str(y)) for y in own.index[own["bought_t"] >= SLIGHT]]
    released = [int(str(y)) for y in own.index[(own["released_t"] >= SLIGHT) & (own.index > bought[0])]]
    falls = _falls(run, element, hit[0], bought[-1], released) if released else None
    years = {"bought": bought, "bought_t": float(own["bought_t"].sum()), "released": released}
    return _say(run, "stocked", element=element, most=hit[0], hit=len(hit), falls=falls, **years)


def _falls(run: RunView, element: str, scenario: str, year: int, released: list[int]) -> dict[str, Any] | None:
    """What is less in the years of release than in a year before, tonnes a year: what plants make of the element, or
    what is imported of it."""
    flows = run.tables["operations"]
    flows = flows[(flows["element"] == element) & (flows["scenario"] == scenario)]
    for item in ("made", "imported"):
        sums: pd.Series[float] = flows[flows["item"] == item].groupby("year")["tonnes"].sum()
        then = sum(float(sums.get(y, 0.0)) for y in released) / len(released)
        before = float(sums.get(year, 0.0))
        if then < before:
            return {"item": item, "before": before, "then": then}
    return None


def trained_words(run: RunView) -> str:
    """Who counts as trained: those who complete it within the years of the plan, beside those who begin."""
    rows = run.tables["training"]
    return _say(run, "trained", begun=float((rows["intake"] * rows["probability"]).sum()))


def worst_year(run: RunView) -> str:
    """Where least of the demand for one element is met in one year of one scenario, in words; '' if always all is."""
    rows = (
        run.tables["shortfall"].groupby(["scenario", "year", "element"], as_index=False)[["tonnes", "demand_t"]].sum()
    )
    rows = rows[(rows["tonnes"] >= SMALLEST_T) & (rows["demand_t"] > 0)]
    if rows.empty:
        return ""
    rows = rows.assign(met=1.0 - rows["tonnes"] / rows["demand_t"])
    return _say(run, "worst_year", worst=records(rows.sort_values(["met", "year", "element", "scenario"]).head(1))[0])


def left_out(run: RunView) -> list[str]:
    """What the plan leaves out, each in a sentence."""
    return worded_lines("answer.j2", "left_out", model=run.case.model)


def any_size_words(case: Case) -> str:
    """That what is compared has plants of any size where the plan itself has whole ones; else ''."""
    return worded("answer.j2", "any_size") if case.model.policy.whole_plants else ""
