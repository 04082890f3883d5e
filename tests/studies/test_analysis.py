"""Indices and discovery against answers that are known."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.api.study_reports import study_report
from planner.errors import InputError, StoppedError
from planner.reporting.panels.study import failure_words, unit_of
from planner.results.study import MEANINGS, Failures, StudyStatus
from planner.solving.engine import Solved
from planner.studies import run
from planner.studies.analysis import analyse
from planner.studies.outcomes import PointMeasures
from planner.studies.run import run_points
from planner.studies.sensitivity import cart
from tests.studies import studies
from tests.studies.studies import sample


def test_discovery_finds_the_box_in_which_failures_were_put() -> None:
    at = np.random.default_rng(0).random((1000, 4))
    failed = (at[:, 1] > 0.7) & (at[:, 3] < 0.5)
    names = ["a", "b", "c", "d"]
    box = cart(names, at, failed)
    assert box is not None
    limits = {name: (low, high) for name, low, high in box.limits}
    assert set(limits) == {"b", "d"}
    assert limits["b"][0] == pytest.approx(0.7, abs=0.03)
    assert limits["d"][1] == pytest.approx(0.5, abs=0.03)
    assert box.density > 0.9 and box.coverage > 0.9
    told = failure_words(Failures(len(failed), int(failed.sum()), box), box)
    assert "b > 0.7" in told or "b > 0.6" in told
    nowhere = np.zeros(1000, dtype=bool)
    assert (
        failure_words(Failures(1000, 0, None), cart(names, at, nowhere))
        == "The plan fails at no point of the study."
    )


def test_a_report_has_its_pictures_tables_and_sentences(tmp_path: Path) -> None:
    levers = [
        {
            "name": "plants",
            "options": [
                {"label": "all", "changes": {}},
                {"label": "mines only", "changes": {"levers": ["mine"]}},
            ],
        }
    ]
    asked = sample(
        20,
        levers=levers,
        fails_when="risk_musd > 2200",
        outcomes=["risk_musd", "new_capacity_tpa.coast_plant"],
    )
    run_points(asked, tmp_path / "study")
    study_report(tmp_path / "study")
    page = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    shown = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "http://" not in shown.replace("http://www.w3.org/", "") and "https://" not in shown
    assert page.count("<figure>") >= 3
    for told in (
        "Options compared",
        "A plan counts as failed when",
        "Projects in how many of the plans",
    ):
        assert told in page
    boxes = pd.read_csv(tmp_path / "study" / "tables" / "failures.csv")
    assert (boxes["failures"] <= boxes["points"]).all() and boxes["coverage"].between(0, 1).all()
    found = analyse(tmp_path / "study")
    assert found.means is not None
    table = found.means.set_index("option")
    assert table.loc["mines only", "risk_musd"] > table.loc["all", "risk_musd"]
    assert found.options[0].projects.set_index("project").loc["coast_plant", "share"] == 1.0
    assert set(pd.read_csv(tmp_path / "study" / "tables" / "projects.csv")["option"]) == {"all"}


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "one_at_a_time"},
        {"kind": "sobol", "points": 8, "seed": 0},
        {"kind": "grid", "levels": 3},
    ],
)
def test_every_design_is_run_and_reported(tmp_path: Path, design: dict[str, object]) -> None:
    asked = sample() | {"uncertainties": [studies.BUDGET, studies.DEMAND], "design": design}
    status = run_points(asked, tmp_path / "study")
    assert status.statuses == {"optimal": status.total}
    study_report(tmp_path / "study")
    tables = {path.stem for path in (tmp_path / "study" / "tables").iterdir()}
    assert {"one_at_a_time": "tornado", "sobol": "indices", "grid": "response_curves"}[
        str(design["kind"])
    ] in tables


WHO = {"name": "who", "change": "policy.coordination=?", "values": ["allied", "nationl"]}
MINES = {"name": "with", "options": [{"label": "mines", "changes": {"levers": ["mines"]}}]}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        *(
            (asked, told)
            for outcome, told in (
                ("risk_mus", 'unknown outcome "risk_mus" (did you mean "risk_musd"?)'),
                ("new_capacity_tpa.coast_plnt", 'did you mean "new_capacity_tpa.coast_plant"?'),
                ("loss_musd_by_country.JPN.tale", 'mean "loss_musd_by_country.JPN.tail"?'),
                ("nonsense", "known are risk_musd, "),
                ("service_level", "a group is named with a member"),
            )
            for asked in ({"outcomes": ["risk_musd", outcome]}, {"fails_when": f"{outcome} > 1"})
        ),
        ({"uncertainties": [WHO], "design": {"kind": "grid"}}, "nationl"),
        ({"levers": [MINES]}, "mines"),
    ],
)
def test_what_a_case_does_not_know_is_refused_before_anything_is_solved(
    tmp_path: Path, asked: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError) as error:
        run_points(sample(4) | asked, tmp_path / "study")
    assert told in str(error.value) and not (tmp_path / "study").exists()


def test_points_that_were_never_run_are_no_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two options of 8 points each one has been run, and fails at each point; of the other nothing is known."""
    options = [{"label": "all"}, {"label": "mines only", "changes": {"levers": ["mine"]}}]
    levers = [{"name": "plants", "options": options}]

    def half(solved: Solved) -> PointMeasures:
        return {"risk_musd": 10.0 + sum(solved.scope.case.budget.values())}

    def told(status: StudyStatus) -> None:
        if status.done == 8:
            raise StoppedError("half of it")

    asked = sample(8, levers=levers, fails_when="risk_musd > 5")
    monkeypatch.setattr(run, "point_figures", half)
    with pytest.raises(StoppedError, match="half of it"):
        run_points(asked, tmp_path / "study", tell=told)
    done, open_ = analyse(tmp_path / "study").options
    assert done.failures is not None and open_.failures is not None
    assert (done.failures.failed, open_.failures.points, open_.failures.failed) == (
        done.failures.points,
        0,
        0,
    )
    study_report(tmp_path / "study")
    page = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    assert "all: The plan fails at every point" in page
    assert "mines only: No point was run." in page


def test_the_unit_of_an_outcome_is_that_of_its_meaning() -> None:
    """Charts call the unit what the list of outcomes calls it, of members of a group too."""
    for group, meaning in MEANINGS.items():
        told = re.search(r"\((MUSD|t|t/y)\)", meaning)
        unit = told[1] if told else "share" if meaning.startswith("share") else "persons"
        for outcome in (group, f"{group}.JPN.expected"):
            assert unit_of(outcome) == unit, outcome
    own = {"late": "", "late_musd": "MUSD"}
    assert {name: unit_of(name) for name in own} == own


def test_the_words_of_an_outcome_stand_alone() -> None:
    assert [group for group, meaning in MEANINGS.items() if meaning.startswith("the same")] == []
