"""What the results of a study say, as tables. Rows without an optimum are left out of every figure and counted.

Sobol and Morris indices with confidence intervals are SALib's. A sample of either kind falls into blocks whose members
belong together. A block with a missing member is left out whole, and how many were is told: an index from half a block
would be wrong without saying so.

Scenario discovery is where in the space of uncertainties a plan fails, in two ways side by side. CART (scikit-learn)
splits the whole space. PRIM peels a box (Friedman and Fisher, Bump hunting in high-dimensional data, Statistics and
Computing 9, 1999; used for this end by Bryant and Lempert, Technological Forecasting and Social Change 77, 2010): a
twentieth of the points at a time, from the side where that raises the share of failures most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol
from sklearn.tree import DecisionTreeClassifier

from planner.results.study import (
    ALL,
    NEW_CAPACITY,
    OPTIMAL,
    Box,
    Failures,
    Indices,
    OptionResults,
    OutcomeResults,
    SensitivityIndex,
    StudyResults,
)
from planner.studies.design import ends, problem
from planner.studies.file import Morris, Sobol, StudyFile, Uncertainty, failure, named_outcomes
from planner.studies.fixed_plan import robustness
from planner.studies.store import LIST_GROUPS, read_asked, read_results, study_of
from planner.studies.work_queue import agreement_of

CONFIDENCE = 0.95
RESAMPLES = 200
ANY_SEED = 20250404
"""Seed of the bootstrap; SALib takes a seed of 0 for none."""


def sobol_indices(names: Sequence[str], values: NDArray[np.float64], outcome: str = "") -> Indices | None:
    """First-order and total indices (Saltelli et al. 2010) of values in the order of `sobol_sample`.

    None if the outcome does not move, or if nothing is left.
    """
    kept, left_out = _whole_blocks(values, len(names) + 2)
    if len(kept) == 0 or np.ptp(kept) <= 1e-12 * (1.0 + np.abs(kept).max()):
        return None
    found = salib_sobol.analyze(
        problem(len(names)),
        kept,
        calc_second_order=False,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=ANY_SEED,
    )
    columns = (found["S1"], found["S1_conf"], found["ST"], found["ST_conf"])
    rows = [
        SensitivityIndex(name, *map(float, row)) for name, row in zip(names, zip(*columns, strict=True), strict=True)
    ]
    return Indices(outcome, "sobol", tuple(rows), len(kept) // (len(names) + 2), left_out)


def morris_indices(
    names: Sequence[str], shares: NDArray[np.float64], values: NDArray[np.float64], levels: int, outcome: str = ""
) -> Indices | None:
    """Mean absolute elementary effects (Campolongo, Cariboni and Saltelli 2007) of a `morris_sample` and its values."""
    block = len(names) + 1
    _, left_out = _whole_blocks(values, block)
    whole = np.repeat(~np.isnan(values.reshape(-1, block)).any(axis=1), block)
    kept = values[whole]
    if len(kept) == 0 or np.ptp(kept) <= 1e-12 * (1.0 + np.abs(kept).max()):
        return None
    found = salib_morris.analyze(
        problem(len(names)), shares[whole], kept,
        num_resamples=RESAMPLES, conf_level=CONFIDENCE, num_levels=levels, seed=ANY_SEED,
    )  # fmt: skip
    columns = (found["mu"], found["sigma"], found["mu_star"], found["mu_star_conf"])
    rows = [
        SensitivityIndex(name, *map(float, row)) for name, row in zip(names, zip(*columns, strict=True), strict=True)
    ]
    return Indices(outcome, "morris", tuple(rows), len(kept) // block, left_out)


def _whole_blocks(values: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], int]:
    blocks = values.reshape(-1, size)
    whole = ~np.isnan(blocks).any(axis=1)
    return blocks[whole].ravel(), int((~whole).sum())


BINS = 12
BUILT = 1.0
"""New nameplate (t/y) from which on a project counts as part of a plan."""


def analyse(folder: Path, held: pd.DataFrame | None = None) -> StudyResults:
    """What a study folder says, finished or not; held: as from `hold`. Raises RunFolderError, InputError."""
    asked = read_asked(folder)
    study, table = study_of(asked), read_results(folder).to_pandas()
    uncertainties, levers = list(asked["uncertainties"]), list(asked["levers"])
    for outcome in named_outcomes(study):
        if outcome not in table:
            # Named but never anything but zero: nothing of it is built, bought or short at any point.
            zero = outcome.split(".")[0] in LIST_GROUPS
            table[outcome] = np.where(table["status"] == OPTIMAL, 0.0 if zero else np.nan, np.nan)
    label = table[levers].astype(str).agg(", ".join, axis=1) if levers else pd.Series(ALL, index=table.index)
    groups = {str(name): rows for name, rows in table.groupby(label, sort=False)}
    return StudyResults(
        study.title,
        study.design.kind,
        tuple(uncertainties),
        tuple(study.outcomes),
        study.fails_when,
        table,
        tuple(_option(study, uncertainties, name, rows) for name, rows in groups.items()),
        agreement_of(folder),
        by_option(groups, study.outcomes) if levers else None,
        regret(groups, study.outcomes[0], study.fails_when) if levers else None,
        held,
        None if held is None else robustness(held),
    )


def _option(study: StudyFile, uncertainties: list[str], name: str, rows: pd.DataFrame) -> OptionResults:
    outcomes = tuple(
        OutcomeResults(
            outcome,
            tornado(uncertainties, rows, outcome) if study.design.kind == "one_at_a_time" else None,
            indices(study, rows, outcome),
            {u: response(rows, u, outcome) for u in uncertainties},
        )
        for outcome in study.outcomes
    )
    failures = failures_of(uncertainties, rows, study.fails_when) if study.fails_when else None
    return OptionResults(name, rows, outcomes, projects(rows), failures)


def failures_of(uncertainties: Sequence[str], rows: pd.DataFrame, fails_when: str) -> Failures | None:
    """Where the plan fails, by PRIM and CART; None if no uncertainty is a number. Points never run do not count."""
    run = rows[rows["status"].notna()]
    names, at = numeric(uncertainties, run)
    if not names:
        return None
    flags = failed(run, fails_when).to_numpy(dtype=bool)
    boxes = {"PRIM": prim(names, at, flags), "CART": cart(names, at, flags)}
    return Failures(len(flags), int(flags.sum()), boxes)


def tornado(uncertainties: Sequence[str], rows: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Outcome at the ends of each uncertainty alone: name, low, high, at_low, at_high, base, swing."""
    base_row = rows[rows[list(uncertainties)].isna().all(axis=1)]
    base = float(base_row[outcome].iloc[0]) if len(base_row) else float("nan")
    lines = []
    for name in uncertainties:
        mine = rows[rows[name].notna()].sort_values("row")
        if len(mine):
            first, last = mine.iloc[0], mine.iloc[-1]
            low, high = float(first[outcome]), float(last[outcome])
            worst = float(np.nanmax(mine[outcome].to_numpy(dtype=float), initial=-np.inf))
            best = float(np.nanmin(mine[outcome].to_numpy(dtype=float), initial=np.inf))
            lines.append((name, str(first[name]), str(last[name]), low, high, base, worst - best))
    columns = ["name", "low", "high", "at_low", "at_high", "base", "swing"]
    return pd.DataFrame(lines, columns=columns).sort_values("swing", ascending=False, ignore_index=True)


def response(rows: pd.DataFrame, name: str, outcome: str) -> pd.DataFrame:
    """Mean and 10-90 % band of an outcome along one uncertainty: value, mean, low, high, points."""
    data = rows[[name, outcome]].dropna()
    if not len(data):
        return pd.DataFrame(columns=["value", "mean", "low", "high", "points"])
    if data[name].nunique() > BINS and pd.api.types.is_numeric_dtype(data[name]):
        place = pd.qcut(data[name], BINS, labels=False, duplicates="drop")
        centre = data[name].groupby(place).mean()
        groups = data.assign(value=place.map(centre)).groupby("value")[outcome]
    else:
        groups = data.assign(value=data[name]).groupby("value", sort=True)[outcome]
    return pd.DataFrame(
        {"mean": groups.mean(), "low": groups.quantile(0.1), "high": groups.quantile(0.9), "points": groups.size()}
    ).reset_index()


def indices(study: StudyFile, rows: pd.DataFrame, outcome: str) -> Indices | None:
    """Sobol or Morris indices of an outcome; None for other designs or where the outcome does not move."""
    design, names = study.design, [u.name for u in study.uncertainties]
    values = rows.sort_values("row")[outcome].to_numpy(dtype=float)
    if isinstance(design, Sobol):
        return sobol_indices(names, values, outcome)
    if isinstance(design, Morris):
        ordered = rows.sort_values("row")
        shares = np.column_stack([_shares(u, ordered[u.name]) for u in study.uncertainties])
        return morris_indices(names, shares, values, design.levels, outcome)
    return None


def _shares(uncertainty: Uncertainty, values: pd.Series[float]) -> np.ndarray:
    """Values of a range as shares of it; listed values by position."""
    if uncertainty.values is not None:
        listed = [str(v) for v in uncertainty.values]
        places = np.array([listed.index(str(v)) if str(v) in listed else listed.index(str(int(v))) for v in values])
        return places / max(len(listed) - 1, 1)
    low, high = (float(str(end)) for end in ends(uncertainty))
    return (values.to_numpy(dtype=float) - low) / (high - low)


def projects(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of the plans that build each project, and how much (t/y) where they do."""
    solved = rows[rows["status"] == OPTIMAL]
    lines = []
    for column in [c for c in rows.columns if c.startswith(NEW_CAPACITY)]:
        sizes = solved[column].fillna(0.0)
        built = sizes[sizes >= BUILT]
        if len(built):
            share = len(built) / len(solved)
            lines.append((column.removeprefix(NEW_CAPACITY), share, built.mean(), built.min(), built.max()))
    table = pd.DataFrame(lines, columns=["project", "share", "mean_tpa", "least_tpa", "most_tpa"])
    return table.sort_values(["share", "mean_tpa"], ascending=False, ignore_index=True)


def regret(groups: Mapping[str, pd.DataFrame], outcome: str, fails_when: str) -> pd.DataFrame:
    """For each combination of levers: how much worse it is than the best of them, point by point.

    option, mean, worst (regret), mean outcome, satisficing (share of the points run at which the plan does not fail).
    Points at which some combination has no optimum are left out. Less is taken for better.
    """
    wide = pd.DataFrame({name: rows.reset_index(drop=True)[outcome] for name, rows in groups.items()}).dropna()
    lines = []
    for name in wide.columns:
        loss = wide[name] - wide.min(axis=1)
        run = groups[name][groups[name]["status"].notna()]
        kept = 1.0 - failed(run, fails_when).mean() if fails_when else np.nan
        lines.append((name, loss.mean(), loss.max(), wide[name].mean(), kept))
    return pd.DataFrame(lines, columns=["option", "mean_regret", "worst_regret", "mean", "satisficing"])


def failed(rows: pd.DataFrame, fails_when: str) -> pd.Series[bool]:
    """At which points the plan fails, by `fails_when`; a point without an optimum counts as failed."""
    outcome, sense, limit = failure(fails_when)
    values = rows[outcome]
    bad = values > limit if sense == ">" else values < limit
    return bad | values.isna()


def numeric(uncertainties: Sequence[str], rows: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """The uncertainties that are numbers, and their values; a blank is the middle of what is given."""
    names = [n for n in uncertainties if pd.api.types.is_numeric_dtype(rows[n])]
    return names, rows[names].fillna(rows[names].median()).to_numpy(dtype=float)


def by_option(groups: Mapping[str, pd.DataFrame], outcomes: Sequence[str]) -> pd.DataFrame:
    """Mean of each outcome by combination of levers."""
    means = pd.DataFrame({name: rows[list(outcomes)].mean() for name, rows in groups.items()})
    return means.T.rename_axis("option").reset_index()


Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
PEEL, SMALLEST = 0.05, 0.05
"""Share of the points peeled at a time, and the least share that a box or a leaf holds."""
LEAVES = 6
WORTH_SAYING = 0.97
"""A limit is left out if the box is at least this good without it."""


def cart(names: Sequence[str], at: Matrix, failed: Flags) -> Box | None:
    """The leaf of a small tree that finds most failures for its purity (harmonic mean of density and coverage)."""
    if failed.all() or not failed.any():
        return None
    least = max(2, int(np.ceil(SMALLEST * len(at))))
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0).fit(at, failed)
    leaf_of = tree.apply(at)
    boxes = [_box(names, _path_to(tree, leaf, len(names)), leaf_of == leaf, failed) for leaf in np.unique(leaf_of)]
    return max(boxes, key=_harmonic, default=None)


def _harmonic(box: Box) -> float:
    return 2 * box.density * box.coverage / max(box.density + box.coverage, 1e-12)


def _path_to(tree: DecisionTreeClassifier, leaf: int, count: int) -> Matrix:
    """Limits (low, high) of each axis on the way to a leaf."""
    t = tree.tree_
    limits = np.column_stack([np.full(count, -np.inf), np.full(count, np.inf)])
    parents = {
        int(child): (node, side)
        for side in (0, 1)
        for node, child in enumerate((t.children_left, t.children_right)[side])
        if child >= 0
    }
    node = int(leaf)
    while node in parents:
        node, side = parents[node]
        axis, cut = int(t.feature[node]), float(t.threshold[node])
        limits[axis, 1 if side == 0 else 0] = min(limits[axis, 1], cut) if side == 0 else max(limits[axis, 0], cut)
    return limits


def prim(names: Sequence[str], at: Matrix, failed: Flags) -> Box | None:
    """The box on the peeling path with the best harmonic mean of density and coverage."""
    if failed.all() or not failed.any():
        return None
    limits = np.column_stack([np.full(len(names), -np.inf), np.full(len(names), np.inf)])
    inside = np.ones(len(at), dtype=bool)
    best = _box(names, limits, inside, failed)
    while inside.sum() > max(2, SMALLEST * len(at)):
        peeled = _peel(at, failed, inside)
        if peeled is None:
            break
        axis, side, cut, inside = peeled
        limits[axis, side] = cut
        box = _box(names, limits, inside, failed)
        if _harmonic(box) > _harmonic(best) + 1e-12:
            best = box
    best = _simpler(best, names, at, failed)
    return best if best.limits else None


def _simpler(box: Box, names: Sequence[str], at: Matrix, failed: Flags) -> Box:
    """The box without limits that it is no worse without: a peel may have followed chance."""
    for name, low, high in sorted(box.limits, key=lambda limit: limit[0]):
        for fewer in ((name, low, np.inf), (name, -np.inf, high), (name, -np.inf, np.inf)):
            kept = tuple(fewer if limit[0] == name else limit for limit in box.limits)
            limits = np.array([next((k[1:] for k in kept if k[0] == n), (-np.inf, np.inf)) for n in names])
            inside = np.asarray(((at > limits[:, 0]) & (at < limits[:, 1])).all(axis=1))
            other = _box(names, limits, inside, failed)
            if _harmonic(other) >= _harmonic(box) * WORTH_SAYING:
                box = other
    return box


def _peel(at: Matrix, failed: Flags, inside: Flags) -> tuple[int, int, float, Flags] | None:
    """The peel that leaves the highest share of failures: (axis, 0 low or 1 high side, cut, points left)."""
    found: tuple[int, int, float, Flags] | None = None
    highest = failed[inside].mean()
    for axis in range(at.shape[1]):
        values = np.sort(at[inside, axis])
        step = max(1, int(PEEL * len(values)))
        for side, at_edge, beyond in ((0, values[step - 1], values[step]), (1, values[-step], values[-step - 1])):
            cut = float((at_edge + beyond) / 2)
            left = inside & (at[:, axis] > cut if side == 0 else at[:, axis] < cut)
            if 0 < left.sum() < inside.sum() and failed[left].mean() > highest:
                highest, found = failed[left].mean(), (axis, side, cut, left)
    return found


def _box(names: Sequence[str], limits: Matrix, inside: Flags, failed: Flags) -> Box:
    hit = int((inside & failed).sum())
    told = tuple(
        (n, float(low), float(high))
        for n, (low, high) in zip(names, limits, strict=True)
        if np.isfinite([low, high]).any()
    )
    return Box(told, hit / max(int(inside.sum()), 1), hit / max(int(failed.sum()), 1), int(inside.sum()), hit)
