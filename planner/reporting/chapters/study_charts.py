"""Charts of a study with their sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from planner.reporting.charts import study as charts
from planner.reporting.parts import Chart, told_chart
from planner.reporting.words.sentences import Passages
from planner.results.study import MEANINGS, OPTIMAL, Indices, moves, unit_ending

say = Passages("study_charts.j2")
BEST = "best plan for each point"
MOST_BARS, MOST_CELLS, MOST_DOTS, MOST_POINTS_SHOWN, MOST_PANELS = 20, 25, 2000, 500, 6
RESULTS = "results.parquet"
KINDS = {
    "sobol": ("share of the variance", "with interactions", "points of the base sample"),
    "morris": ("", "mean absolute effect", "trajectories"),
    "rbd_fast": ("share of the variance", "alone", "points"),
}
"""Kind of index -> axis, name of the total, unit of the sample."""


def outcome_words(outcome: str) -> str:
    """An outcome for people: 'new nameplate by project (t/y): donald'."""
    group, _, member = outcome.partition(".")
    words = MEANINGS.get(group, group)
    return f"{words}: {member}" if member else words


def unit_of(outcome: str) -> str:
    """Unit of an outcome, for an axis; '' where its name does not tell it.

    >>> unit_of("loss_musd_by_country.JPN.expected"), unit_of("hired.chemist"), unit_of("late")
    ('MUSD', 'persons', '')
    """
    group = outcome.partition(".")[0]
    if group == "service_level":
        return "share"
    units = {"musd": "MUSD", "t": "t", "tpa": "t/y"}
    return units.get(unit_ending(outcome), "persons" if group in MEANINGS else "")


def one_at_a_time(table: pd.DataFrame, outcome: str, prefix: str) -> Chart:
    """The outcome at both ends of each uncertainty."""
    still = list(table.loc[table["swing"] == 0, "name"])
    first = table.iloc[0].to_dict()
    words = outcome_words(outcome)
    source = "tables/tornado.csv"
    return told_chart(
        say,
        "tornado",
        charts.one_at_a_time(table.head(MOST_BARS), unit_of(outcome), source),
        source,
        name=f"one_at_a_time.{prefix}",
        first=first,
        outcome=words,
        still=still,
    )


def indices(found: Indices, prefix: str) -> Chart:
    """Indices with their 95 % intervals, and which comes first if that is decided."""
    axis, total, unit = KINDS[found.kind]
    rows = []
    for row in found.ranked:
        if found.kind == "sobol":
            rows.append(_index(row.name, "alone", row.first, row.first_within))
        rows.append(_index(row.name, total, row.total, row.total_within))
    ranked = found.ranked
    values = {
        "first": ranked[0],
        "second": ranked[1] if len(ranked) > 1 else None,
        "found": found,
        "unit": unit,
    }
    source = "tables/indices.csv"
    order = [row.name for row in ranked]
    title = axis or unit_of(found.outcome)
    return told_chart(
        say,
        "influence",
        charts.indices(pd.DataFrame(rows), order, title, source),
        source,
        name=f"indices.{prefix}",
        outcome=outcome_words(found.outcome),
        **values,
    )


def _index(name: str, kind: str, value: float, within: float) -> dict[str, object]:
    """An index with the ends of its interval."""
    ends = {"low": value - within, "high": value + within}
    return {"name": name, "kind": kind, "value": value, **ends}


def responses(
    curves: Mapping[str, pd.DataFrame], outcome: str, prefix: str, alone: bool
) -> list[Chart]:
    """An outcome along each uncertainty: those that are numbers, and those that are words."""
    numbers, words = [], []
    for name, curve in curves.items():
        if len(curve) < 2:
            continue
        named = curve.assign(uncertainty=name)
        if pd.api.types.is_numeric_dtype(curve["value"]):
            numbers.append(named)
        else:
            words.append(named.assign(value=curve["value"].astype(str)))
    found = []
    if numbers:
        found.append(_responses(numbers, outcome, f"responses.{prefix}", alone))
    if words:
        found.append(_responses(words, outcome, f"responses.words.{prefix}", alone))
    return found


def _responses(curves: Sequence[pd.DataFrame], outcome: str, name: str, alone: bool) -> Chart:
    frame = pd.concat(curves)[["uncertainty", "value", "mean", "low", "high"]]
    source, words = "tables/response_curves.csv", outcome_words(outcome)
    return told_chart(
        say,
        "responses",
        charts.responses(frame, unit_of(outcome), source),
        source,
        name=name,
        outcome=words,
        alone=alone,
    )


def heat_map(rows: pd.DataFrame, names: tuple[str, str], outcome: str, prefix: str) -> Chart | None:
    """Mean of an outcome over two uncertainties that take few values each."""
    first, second = names
    means = rows.groupby([first, second], as_index=False)[[outcome]].mean().dropna()
    counts = (means[first].nunique(), means[second].nunique())
    if not all(1 < count <= MOST_CELLS for count in counts):
        return None
    frame = means.set_axis(["first", "second", "mean"], axis=1)
    frame[["first", "second"]] = frame[["first", "second"]].map(_label)
    ends = {"least": float(frame["mean"].min()), "most": float(frame["mean"].max())}
    return Chart(
        name=f"heat_map.{prefix}",
        title=say("heat_map", outcome=outcome_words(outcome), first=first, second=second, **ends),
        spec=charts.heat_map(frame, names, unit_of(outcome), RESULTS),
        source=RESULTS,
    )


def _label(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value


def _thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many of the rows with an optimum, evenly spread."""
    solved = rows[rows["status"] == OPTIMAL]
    step = -(-len(solved) // most) if len(solved) else 1
    return solved.iloc[::step]


def risk_against_cost(groups: Mapping[str, pd.DataFrame]) -> Chart | None:
    """A dot for each point: cost of the plan and residual risk, coloured by option."""
    parts = []
    for name, rows in groups.items():
        shown = _thinned(rows, MOST_DOTS // len(groups))
        parts.append(shown[["point", "cost_musd", "risk_musd"]].assign(option=name))
    every = pd.concat(parts)
    if every.empty or not (moves(every["cost_musd"]) and moves(every["risk_musd"])):
        return None
    points = sum(int((rows["status"] == OPTIMAL).sum()) for rows in groups.values())
    ends = {"least": every["risk_musd"].min(), "most": every["risk_musd"].max()}
    return told_chart(
        say,
        "scatter",
        charts.risk_against_cost(every, RESULTS),
        RESULTS,
        name="risk_against_cost",
        **ends,
        shown=len(every),
        points=points,
    )


def all_points(
    rows: pd.DataFrame, names: Sequence[str], outcomes: Sequence[str], place: int
) -> Chart | None:
    """Outcomes against uncertainties, a dot a point, with ranges to drag; None with too few points."""
    shown = _thinned(rows, MOST_POINTS_SHOWN)
    numbers = [name for name in names if pd.api.types.is_numeric_dtype(shown[name])]
    varied = [name for name in numbers if shown[name].nunique() > 1][:MOST_PANELS]
    moved = [outcome for outcome in outcomes if moves(shown[outcome])][:MOST_PANELS]
    if len(shown) < 3 or not varied or not moved:
        return None
    names_shown = [_plain(name) for name in varied]
    outcomes_shown = [_plain(name) for name in moved]
    frame = shown[["point", *varied, *moved]]
    frame = frame.set_axis(["point", *names_shown, *outcomes_shown], axis=1)
    points = int((rows["status"] == OPTIMAL).sum())
    return told_chart(
        say,
        "all_points",
        charts.all_points(frame, names_shown, outcomes_shown, RESULTS),
        RESULTS,
        name=f"points.{place}",
        shown=len(shown),
        points=points,
    )


def _plain(name: str) -> str:
    """A name without dots and brackets, which Vega-Lite would read as a path into the data."""
    return name.replace(".", " ").replace("[", "(").replace("]", ")")


def fixed_plans(held: pd.DataFrame) -> Chart:
    """Risk of each plan held fixed, and of the best plan for each point, points in order of risk."""
    best = held.drop_duplicates("point").assign(plan=BEST)
    best["risk_musd"] = best["least_risk_musd"]
    both = pd.concat([held, best]).dropna(subset="risk_musd")
    both = both.sort_values(["plan", "risk_musd"], kind="stable")
    place = both.groupby("plan").cumcount()
    last = (both.groupby("plan")["plan"].transform("size") - 1).clip(lower=1)
    frame = both.assign(rank=place / last)[["plan", "rank", "risk_musd"]]
    source = "tables/plans_by_point.csv"
    return told_chart(
        say,
        "held",
        charts.fixed_plans(frame, BEST, source),
        source,
        name="fixed_plans",
        plans=held["plan"].nunique(),
    )
