"""Every fault of a study file is told at its place, with the nearest known name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner
from planner.errors import InputError
from planner.studies.design import design
from planner.studies.points import Changer, Settler, chains, check_study, current, points
from planner.studies.study_file import Address, build_study, read_study
from tests.studies import studies
from tests.studies.studies import sample

TEXT = """case = "c"
[[uncertainties]]
name = "a"
table = "demand"
column = "tonnes"
change = "scale"
range = [1, 2]
{more}
[design]
kind = "grid"
"""


@pytest.mark.parametrize(
    ("more", "line", "told"),
    [
        ("rnge = [1, 2]", 8, 'unknown key (did you mean "range"?)'),
        ("values = [1]", 2, "both `range` and `values`"),
        ('distribution = { kind = "normal", mean = 1 }', 8, "needs `spread`"),
        ("[[correlated]]\nmembers = ['a', 'B']\ncorrelation = 0.5", 9, 'unknown uncertainty "B"'),
        ("[[levers]]\nname = 'a'\noptions = []", 10, "at least 1 item"),
        (
            "[[levers]]\nname = 'b'\noptions = [{ label = 'x' }, { label = 'x' }]",
            8,
            '"x" is the label of two options',
        ),
        (
            "[[levers]]\nname = 'a'\noptions = [{ label = 'x' }]",
            9,
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
        ({"table": "demnd"}, 'unknown table "demnd" (did you mean "demand"?)'),
        ({"column": "tons"}, 'unknown column "tons" of demand'),
        ({"where": {"element": "Xx"}}, 'no such row of demand has element "Xx"; there is Dy, Tb'),
        (
            {"where": {"element": "Dy;Td"}},
            'no such row of demand has element "Td" (did you mean "Tb"?)',
        ),
        (
            {"where": {"element": "Dy", "year": "2027..2029"}},
            'no such row of demand has year "2027..2029"; there is 2026, 2031',
        ),
        ({"where": {"elemnt": "Dy"}}, 'unknown column "elemnt"'),
        ({"column": "form"}, "is no number"),
        (
            {"table": "projects", "column": "public_share", "change": "grow"},
            "needs a table with a column `year`",
        ),
    ],
)
def test_an_address_that_means_nothing_is_refused(change: dict[str, Any], told: str) -> None:
    asked = build_study(sample() | {"uncertainties": [studies.DEMAND | change]})
    case = planner.load(studies.STARTER["case"])
    with pytest.raises(InputError, match="uncertainty") as error:
        check_study(asked, case, "study")
    assert told in str(error.value)


def test_filters_have_wildcards_lists_and_spans() -> None:
    case = planner.load(studies.STARTER["case"])
    change = Changer(case)

    def touched(**where: Any) -> int:
        moved = change.apply(
            ((Address(table="budgets", column="musd", change="scale", where=where), 2.0),)
        )
        pairs = zip(case.tables.budgets, moved.tables.budgets, strict=True)
        return sum(a.musd != b.musd for a, b in pairs)

    assert touched() == 5
    assert touched(funder="U*") == 2
    assert touched(funder="USA;AUS") == 3
    assert touched(funder=["JPN"], year=2028) == 1
    assert touched(year="2028..2030") == 2


def test_values_are_set_scaled_added_and_grown() -> None:
    case = planner.load(studies.STARTER["case"])
    change = Changer(case)

    def lead(kind: str, value: float) -> list[int]:
        address = Address(
            table="projects",
            column="lead_time_years",
            change=kind,
            where={"project": "coast_plant"},
        )
        return [
            row.lead_time_years
            for row in change.apply(((address, value),)).tables.projects
            if row.project == "coast_plant"
        ]

    assert (lead("set", 5), lead("add", 1), lead("scale", 2)) == ([5], [3], [4])
    with pytest.raises(InputError, match=r"projects.csv:\d+: lead_time_years"):
        lead("scale", 1.3)
    grow = Address(
        table="demand", column="tonnes", change="grow", where={"country": "JPN", "year": 2031}
    )
    grown = [
        row.tonnes for row in change.apply(((grow, 0.1),)).tables.demand if row.country == "JPN"
    ]
    assert grown == pytest.approx([100.0, 100.0 * 1.1**5])
    assert current(case, Address(key="objective.tail")) == 0.9


def test_other_probabilities_make_room() -> None:
    case = planner.load(studies.STARTER["case"])
    address = Address(table="scenarios", column="probability", where={"scenario": "cut"})
    moved = Changer(case).apply(((address, 0.5),))
    assert moved.scenarios == pytest.approx(
        {"calm": 0.7 / 0.8 * 0.5, "cut": 0.5, "slip": 0.1 / 0.8 * 0.5}
    )
    with pytest.raises(InputError, match="more than 1"):
        Changer(case).apply(
            ((address, 0.6), (address.model_copy(update={"where": {"scenario": "slip"}}), 0.6))
        )


def test_points_are_named_by_content_and_chains_hold_each_once() -> None:
    case = planner.load(studies.STARTER["case"], model=studies.STARTER["model"])
    asked = build_study(sample(60))
    rows = design(asked, Path())
    found = points(asked, Settler(asked, case), case.sha256, rows)
    assert len({p.id for p in found}) == 60
    renamed = build_study(sample(60) | {"name": "x", "title": "y"})
    other = points(renamed, Settler(renamed, case), case.sha256, rows)
    assert [p.id for p in other] == [p.id for p in found]
    cut = chains(asked, found)
    assert sorted(point.id for chain in cut for point in chain) == sorted(
        point.id for point in found
    )
    one = build_study(sample() | {"design": {"kind": "one_at_a_time", "levels": 3}})
    settings = [
        p.settings for p in points(one, Settler(one, case), case.sha256, design(one, Path()))
    ]
    assert settings[0] == []  # the case as it is
    assert (
        settings.count([]) == 3
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
