"""What the report of a study says is so: each of these was said wrongly once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner
from planner.reporting.pages.study import write_report
from planner.results.journal import JOURNAL, Entry, Journal
from planner.results.study import Failures, StudyResults
from planner.studies.analysis import analyse
from planner.studies.design import design
from planner.studies.store import POINT
from planner.studies.study_file import build_study
from tests.studies import studies
from tests.studies.studies import sample


def written(folder: Path, rows: pd.DataFrame, **asked: Any) -> StudyResults:
    """What is said of a study whose points have been solved to these rows."""
    for worked in ("point", "message"):
        rows[worked] = [f"{worked}{i}" for i in range(len(rows))]
    rows = rows.assign(row=range(len(rows)), status="optimal", settings="[]")
    base = asked.pop("base", {u["name"]: 1.0 for u in asked["uncertainties"]})
    study, names = sample(8) | asked, list(base)
    told = {"study": study, "uncertainties": names, "levers": [], "base": base}
    folder.mkdir()
    (folder / "study.json").write_text(json.dumps(told))
    outcomes = rows.columns.difference(["row", "point", "status", "message", "settings", *names])
    with Journal(folder / JOURNAL) as journal:
        answers = rows[outcomes].to_dict("records")
        entries = [
            Entry(point, {"values": answer}, "optimal", message, 0.1)
            for point, message, answer in zip(rows["point"], rows["message"], answers, strict=True)
        ]
        journal.append(POINT, entries)
    rows[["row", "point", "settings", *names]].to_parquet(folder / "design.parquet")
    found = analyse(folder)
    write_report(found, folder)
    return found


ONE_BY_ONE = {
    "design": {"kind": "one_at_a_time", "levels": 3},
    "uncertainties": [studies.BUDGET, studies.DEMAND],
}


def test_a_line_goes_through_the_base_that_was_solved_and_a_blank_is_the_base(
    tmp_path: Path,
) -> None:
    """Demand at 1.0 is solved: 1,917. The mean over all points, with blanks that are no values of it, is elsewhere."""
    budget, demand = [None, 0.5, 1.5, None, None], [None, None, None, 0.9, 1.1]
    risk = [1917.0, 3900.0, 1800.0, 1000.0, 4000.0]
    rows = pd.DataFrame(
        {"budget": budget, "demand": demand, "risk_musd": risk, "cost_musd": 5.0}, dtype=float
    )
    found = written(tmp_path / "study", rows, **ONE_BY_ONE, fails_when="risk_musd > 3000")
    curve = found.options[0].outcomes[0].curves["demand"].set_index("value")["mean"]
    assert curve.to_dict() == {0.9: 1000.0, 1.0: 1917.0, 1.1: 4000.0}
    listed = rows.assign(demand=[None, 1.1, 1.1, 1.1, 1.1], budget=[1.0, 1.1, 1.1, 1.1, 1.1])
    asked = {
        "uncertainties": ONE_BY_ONE["uncertainties"],
        "design": {"kind": "list", "file": "x.csv"},
    }
    found = written(tmp_path / "list", listed, **asked)
    assert found.options[0].outcomes[0].curves["demand"]["value"].to_list() == [1.0, 1.1], (
        "not at the median, 1.1"
    )


def test_no_box_is_cut_at_a_value_at_which_no_point_lies(tmp_path: Path) -> None:
    """Blanks are at the base, 1.0: a cut between them and 0.75, where failures are, leaves no point out."""
    demand = [0.75] * 8 + [None] * 24
    rows = pd.DataFrame(
        {"demand": demand, "risk_musd": [9.0] * 8 + [1.0] * 24, "cost_musd": 5.0}, dtype=float
    )
    asked = {
        "uncertainties": [{**studies.DEMAND, "range": [0.5, 1.5]}],
        "design": {"kind": "list", "file": "x.csv"},
    }
    found = written(tmp_path / "study", rows, **asked, fails_when="risk_musd > 5")
    assert found.options[0].failures is not None
    box = found.options[0].failures.box
    assert box is not None and box.limits == (("demand", -np.inf, 0.875),) and box.coverage == 1.0
    unknown = written(
        tmp_path / "other", rows, **asked, fails_when="risk_musd > 5", base={"demand": None}
    )
    assert unknown.options[0].failures == Failures(8, 8, None), "blanks without a base: nowhere"


def test_what_the_tolerance_moves_is_not_drawn_as_an_effect(tmp_path: Path) -> None:
    """A rise of 1e-13 had the full height of its drawing, and was what moves the outcome most."""
    risk = [2090.6, 2090.6 + 4e-13, 2090.6, 2090.6 + 1e-4, 2090.6]
    budget, demand = [None, 0.5, 1.5, None, None], [None, None, None, 0.9, 1.1]
    rows = pd.DataFrame(
        {"budget": budget, "demand": demand, "risk_musd": risk, "cost_musd": 5.0}, dtype=float
    )
    found = written(tmp_path / "study", rows, **ONE_BY_ONE)
    assert found.options[0].outcomes[0].tornado is not None
    assert (found.options[0].outcomes[0].tornado["swing"] == 0).all()
    page = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    assert (
        "moves it most" not in page
        and "No more than the solver's tolerance: budget and demand"
        in page.replace("’", "'").replace("&#39;", "'")
    )
    drawn = re.search(r'id="chart-data">(.*?)</script>', page)
    assert drawn is not None
    charts = json.loads(drawn[1])["charts"]
    scales = re.findall(r'"domain": \[(\d[\d.]*), (\d[\d.]*)\]', json.dumps(charts))
    wide = [(float(high) - float(low)) / float(high) for low, high in scales]
    assert len(wide) >= 2 and min(wide) > 0.05, "an axis is wide against what the solver may move"


def test_eight_base_points_name_no_driver_but_how_far_they_reach(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    asked = {
        "uncertainties": [studies.BUDGET, studies.DEMAND],
        "design": {"kind": "sobol", "points": 8, "seed": 0},
    }
    rows = pd.DataFrame(
        design(build_study(sample() | asked), tmp_path), columns=["budget", "demand"]
    )
    rows = rows.assign(risk_musd=3000 * rows["budget"] + 2900 * rows["demand"] * 5, cost_musd=5.0)
    rows["risk_musd"] += generator.normal(0, 2500, len(rows))
    written(tmp_path / "study", rows, **asked)
    page = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    assert "Inconclusive between" in page and "explains most" not in page
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    reached = r"with 8 points of the base sample the 95 % intervals are ± [\d,.]+ ?% wide"
    assert re.search(reached, words)
    assert "take about" not in page
    assert "intervals are of at least 95 %" in words


def test_a_demand_below_zero_is_no_case_whoever_asks() -> None:
    """A session called a demand of -5 t optimal: a case is changed by doors that check alone."""
    case = planner.load(studies.STARTER["case"], model=studies.STARTER["model"])
    cells = case.table("demand")
    for change in (
        lambda: case.changed({"demand.JPN.Dy.oxide.2026.tonnes": -5}),
        lambda: case.with_table("demand", cells.assign(tonnes=cells["tonnes"] - 1000)),
    ):
        with pytest.raises(planner.PlannerError, match="greater than or equal to 0"):
            change()
