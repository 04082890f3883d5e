"""Every fault of a study file is told at its place, with the nearest known name."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.changed_case import Changer
from planner.errors import InputError
from planner.solving.engine import Question
from planner.studies.design import design
from planner.studies.points import Settler, chains, check_study, points
from planner.studies.study_file import build_study, read_study
from tests.studies import studies
from tests.studies.studies import sample

TEXT = """case = "c"
[[uncertainties]]
name = "a"
change = "demand.*.*.*.*.tonnes=x?"
range = [1, 2]
{more}
[design]
kind = "grid"
"""


@pytest.mark.parametrize(
    ("more", "line", "told"),
    [
        ("rnge = [1, 2]", 6, 'unknown key (did you mean "range"?)'),
        ("values = [1]", 2, "both `range` and `values`"),
        ('distribution = { kind = "normal", mean = 1 }', 6, "needs `spread`"),
        ("[[levers]]\nname = 'a'\noptions = []", 8, "at least 1 item"),
        (
            "[[levers]]\nname = 'b'\noptions = [{ label = 'x' }, { label = 'x' }]",
            6,
            '"x" is the label of two options',
        ),
        (
            "[[levers]]\nname = 'a'\noptions = [{ label = 'x' }]",
            7,
            '"a" names two uncertainties or levers',
        ),
    ],
)
def test_a_fault_is_told_at_its_line(tmp_path: Path, more: str, line: int, told: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(TEXT.format(more=more))
    with pytest.raises(InputError) as error:
        read_study(path)
    assert told in str(error.value)
    assert error.value.faults[0].line == line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = " + "[" * 5000, "nested too deeply"),
        (".".join("a" * 100) + " = 1", "too many parts"),
        ("#" * 2**21, "too long"),
        ("name = 'a'\nname = 'b'", "Cannot overwrite a value"),
    ],
)
def test_a_text_that_is_no_study_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_study(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("demnd.*.tonnes=x?", 'unknown table "demnd" (did you mean "demand"?)'),
        ("demand.*.*.*.*.tons=x?", 'unknown column of demand "tons"'),
        ("demand.*.Xx.*.*.tonnes=x?", 'no such row of demand has element "Xx"; there is Dy, Tb'),
        (
            "demand.*.Dy;Td.*.*.tonnes=x?",
            'no such row of demand has element "Td" (did you mean "Tb"?)',
        ),
        (
            "demand.*.Dy.*.2027..2029.tonnes=x?",
            'no such row of demand has year "2027..2029"; there is 2026, 2031',
        ),
        ("demand[elemnt=Dy].tonnes=x?", 'unknown column of demand "elemnt"'),
        ("demand.*.*.*.*.form=x?", "is no number"),
        ("projects.*.public_share=+?%/y", "has no column `year`"),
        ("projects.coast_plant.lead_time_years=?x", "is none of"),
        ("projects.coast_plant.lead_time_years", "must look like ADDRESS=x?"),
    ],
)
def test_an_address_that_means_nothing_is_refused(change: str, told: str) -> None:
    case = planner.load(studies.STARTER["case"])
    with pytest.raises(InputError) as error:
        asked = build_study(sample() | {"uncertainties": [studies.DEMAND | {"change": change}]})
        check_study(asked, case)
    assert told in str(error.value) and error.value.faults[0].remedy


def test_what_is_written_in_a_file_is_what_set_takes() -> None:
    case = planner.load(studies.STARTER["case"])
    lever = {
        "name": "who",
        "options": [
            {"label": "all"},
            {"label": "alone", "changes": {"policy.coordination": "national"}},
        ],
    }
    asked = build_study(sample() | {"levers": [lever], "design": {"kind": "grid", "levels": 2}})
    settler = Settler(asked, case)
    changes = settler.changes((0.5, 1.0, 0.4, "alone"))
    assert list(map(str, changes)) == [
        "policy.coordination=national",
        "budgets.*.*.musd=x0.5",
        "scenarios.cut.probability=0.4",
    ]
    assert settler.base == {"budget": 1.0, "demand": 1.0, "cut": 0.2}


def test_other_probabilities_make_room() -> None:
    case = planner.load(studies.STARTER["case"])
    moved = Question.of("scenarios.cut.probability=0.5").on(Changer(case))
    assert moved.scenarios == pytest.approx(
        {"calm": 0.7 / 0.8 * 0.5, "cut": 0.5, "slip": 0.1 / 0.8 * 0.5}
    )
    with pytest.raises(InputError, match="more than 1"):
        Question.of("scenarios.cut.probability=0.6", "scenarios.slip.probability=0.6").on(
            Changer(case)
        )


def test_points_are_named_by_content_and_chains_hold_each_once() -> None:
    case = planner.load(studies.STARTER["case"], model=studies.STARTER["model"])
    asked = build_study(sample(60))
    rows = design(asked, Path())
    found = points(Settler(asked, case), sha256=case.sha256, rows=rows)
    assert len({p.id for p in found}) == 60
    renamed = build_study(sample(60) | {"name": "x", "title": "y"})
    other = points(Settler(renamed, case), sha256=case.sha256, rows=rows)
    assert [p.id for p in other] == [p.id for p in found]
    cut = chains(asked, found)
    assert sorted(point.id for chain in cut for point in chain) == sorted(
        point.id for point in found
    )
    one = build_study(sample() | {"design": {"kind": "one_at_a_time", "levels": 3}})
    settings = [
        p.question.changes
        for p in points(Settler(one, case), sha256=case.sha256, rows=design(one, Path()))
    ]
    assert settings[0] == ()  # the case as it is
    assert (
        settings.count(()) == 3
    )  # and twice more: the middle of two ranges of factors is 1, which changes nothing


def test_a_list_of_points_is_read_with_its_faults(tmp_path: Path) -> None:
    asked = build_study(sample() | {"design": {"kind": "list", "file": "points.csv"}})
    (tmp_path / "points.csv").write_text("budget,demand,cut\n1.2,,0.1\n0.8,1.05,\n")
    assert design(asked, tmp_path) == [(1.2, None, 0.1), (0.8, 1.05, None)]
    (tmp_path / "points.csv").write_text("budget,demnd\n1,2\n1\n")
    with pytest.raises(InputError) as error:
        design(asked, tmp_path)
    assert 'did you mean "demand"' in str(error.value)
    assert "points.csv:3: has 1 cells" in str(error.value)
