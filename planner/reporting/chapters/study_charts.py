"""Charts of a study with their sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from planner.reporting.charts import study as charts
from planner.reporting.parts import Chart
from planner.reporting.words.sentences import Passages
from planner.results.study import MEANINGS, OPTIMAL, Indices, moves

say = Passages("study_charts.j2")
BEST = "best plan for each point"
MOST_BARS, MOST_CELLS, MOST_DOTS, MOST_POINTS_SHOWN, MOST_PANELS = 20, 25, 2000, 500, 6
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
    """Unit of an outcome, for an axis."""
    group = outcome.split(".")[0]
    ends = {"musd": "MUSD", "_t": "t", "tpa": "t/y", "service_level": "share"}
    for end, unit in ends.items():
        if group.endswith(end):
            return unit
    return "persons" if group in MEANINGS else ""


def one_at_a_time(table: pd.DataFrame, outcome: str, prefix: str) -> Chart:
    """The outcome at both ends of each uncertainty."""
    still = list(table.loc[table["swing"] == 0, "name"])
    first = table.iloc[0].to_dict()
    words = outcome_words(outcome)
    source = "tables/tornado.csv"
    return Chart(
        name=f"one_at_a_time.{prefix}",
        title=say("tornado_title", first=first, outcome=words),
        caption=say("tornado", first=first, still=still),
        spec=charts.one_at_a_time(table.head(MOST_BARS), unit_of(outcome), source),
        source=source,
    )


def indices(found: Indices, prefix: str) -> Chart:
    """Indices with their 95 % intervals, and which comes first if that is decided."""
    axis, total, unit = KINDS[found.kind]
    rows = []
    for row in found.ranked:
        bars = [(total, row.total, row.total_within)]
        if found.kind == "sobol":
            bars.insert(0, ("alone", row.first, row.first_within))
        for kind, value, within in bars:
            ends = {"low": value - within, "high": value + within}
            rows.append({"name": row.name, "kind": kind, "value": value, **ends})
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
    return Chart(
        name=f"indices.{prefix}",
        title=say("influence_title", outcome=outcome_words(found.outcome), **values),
        caption=say("influence", **values),
        spec=charts.indices(pd.DataFrame(rows), order, title, source),
        source=source,
    )


def responses(
    curves: Mapping[str, pd.DataFrame], outcome: str, prefix: str, alone: bool
) -> list[Chart]:
    """An outcome along each uncertainty: those that are numbers, and those that are words."""
    groups: dict[bool, list[pd.DataFrame]] = {True: [], False: []}
    for name, curve in curves.items():
        if len(curve) > 1:
            numbers = pd.api.types.is_numeric_dtype(curve["value"])
            value = curve["value"] if numbers else curve["value"].astype(str)
            groups[numbers].append(curve.assign(uncertainty=name, value=value))
    found = []
    source = "tables/response_curves.csv"
    for numbers, parts in groups.items():
        if not parts:
            continue
        frame = pd.concat(parts)[["uncertainty", "value", "mean", "low", "high"]]
        kind = "" if numbers else "words."
        found.append(
            Chart(
                name=f"responses.{kind}{prefix}",
                title=say("responses_title", outcome=outcome_words(outcome)),
                caption=say("responses", outcome=outcome_words(outcome), alone=alone),
                spec=charts.responses(frame, unit_of(outcome), source),
                source=source,
            )
        )
    return found


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
        spec=charts.heat_map(frame, names, unit_of(outcome), "results.parquet"),
        source="results.parquet",
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
    return Chart(
        name="risk_against_cost",
        title=say("scatter_title", **ends),
        caption=say("scatter", shown=len(every), points=points),
        spec=charts.risk_against_cost(every, "results.parquet"),
        source="results.parquet",
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
    frame = shown[["point", *varied, *moved]].copy()
    # A dot in a name would be read as a path into the data.
    plain = {}
    for name in map(str, frame.columns):
        plain[name] = name.replace(".", " ").replace("[", "(").replace("]", ")")
    frame = frame.rename(columns=plain)
    points = int((rows["status"] == OPTIMAL).sum())
    return Chart(
        name=f"points.{place}",
        title=say("points_title", shown=len(shown)),
        caption=say("points_note", shown=len(shown), points=points),
        spec=charts.all_points(
            frame,
            [plain[name] for name in varied],
            [plain[name] for name in moved],
            "results.parquet",
        ),
        source="results.parquet",
    )


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
    return Chart(
        name="fixed_plans",
        title=say("held_title", plans=held["plan"].nunique()),
        caption=say("held"),
        spec=charts.fixed_plans(frame, BEST, source),
        source=source,
    )
