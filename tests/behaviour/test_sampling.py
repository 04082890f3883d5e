"""Draws from a register of hazards: what happens how often, when, for how long, how hard, and to whom.

Draws are spread evenly, so that with as many draws as there are outcomes each outcome comes exactly once.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cells import Quarter, conditions, matching
from planner.cli import app
from planner.data.case import Case
from planner.data.export import write_workbook
from planner.data.scenario_tree import scenario_tree
from tests.cases import (
    MUSD,
    Row,
    budget,
    imports,
    load_case,
    mine,
    near,
    plant,
    read_rows,
    record,
    scenarios,
    shock,
    smelter,
    unsure,
)
from tests.cases import write_case as write_tables

CUT: Row = {
    "hazard": "cut",
    "kind": "import",
    "supplier": "CHN",
    "probability": 1,
    "first": 2026,
    "last": 2028,
    "factor_low": 0,
    "factor_high": 0,
}
"""Happens, starts in any of the three years of the horizon, and never ends."""
SOLD = {"imports": [imports(100)]}


def register(folder: Path, *hazards: Row, **tables: Any) -> Case:
    """A case of three years with a register."""
    return load_case(folder, hazards=list(hazards) or None, **{**SOLD, **tables})


def drawn(case: Case, hazard: str = "cut") -> list[tuple[str, Any, Any, float]]:
    """Subject, start, end and factor of all draws of a hazard."""
    return [(d.subject, d.start, d.end, d.factor) for d in case.tables.draws if d.hazard == hazard]


# ---- how many ------------------------------------------------------------------------------------------------


def test_each_scenario_is_replaced_by_its_draws(tmp_path: Path) -> None:
    """5 x 0.5 is 2.5, 5 x 0.3 is 1.5 and 5 x 0.02 is nearly nothing: halves go to the even number, and one is least."""
    rows = [
        *scenarios(a=0.5, b=0.3, c=0.02),
        record(scenario="d", name="D", probability=0.18, draws=6, source="S", notes="N"),
    ]
    case = planner.sample(register(tmp_path, scenarios=rows), 5)
    assert Counter(name[0] for name in case.scenarios) == {"a": 2, "b": 2, "c": 1, "d": 6}
    assert list(case.scenarios)[-2:] == ["d-0005", "d-0006"]
    last = case.tables.scenarios[-1]
    assert (last.name, last.probability, last.draws) == (
        "D, draw 6 of 6: nothing drawn",
        near(0.03),
        None,
    )
    assert (last.source, last.notes) == ("S", "N")
    assert [row.name for row in case.tables.scenarios if row.scenario[0] == "c"] == [
        "c: nothing drawn"
    ]
    assert sum(row.probability for row in case.tables.scenarios) == pytest.approx(1, abs=1e-12)


def test_draws_keep_their_storyline_and_share_the_bounds_of_its_probability(tmp_path: Path) -> None:
    rows = scenarios(a=0.5, b=0.5)
    rows[0] |= {"probability_low": 0.2, "probability_high": 0.6}
    found = planner.sample(register(tmp_path, scenarios=rows), 8).tables.scenarios
    assert [(row.scenario, row.storyline) for row in found[3:5]] == [
        ("a-0004", "a"),
        ("b-0001", "b"),
    ]
    bounds = {
        (row.storyline, row.probability_low, row.probability, row.probability_high) for row in found
    }
    assert bounds == {("a", 0.05, 0.125, 0.15), ("b", None, 0.125, None)}


def test_half_of_the_draws_can_be_even(tmp_path: Path) -> None:
    """Of 20 over three scenarios 10/3 each, and 10 by probability: 3.3 + 9, 3.3 + 0.9, 3.3 + 0.1; of 3 at least two."""
    rows = [
        *scenarios(a=0.9, b=0.09),
        {"scenario": "c", "name": "C", "probability": 0.01, "draws": 50},
    ]
    case = register(tmp_path, scenarios=rows)
    for draws, counts in ((20, {"a": 12, "b": 4, "c": 3}), (3, {"a": 2, "b": 2, "c": 2})):
        found = planner.sample(case, draws, even=True)
        assert Counter(name[0] for name in found.scenarios) == counts
        assert sum(chance for name, chance in found.scenarios.items() if name[0] == "c") == near(
            0.01
        )


def test_a_case_without_scenarios_has_draws_of_its_only_one(tmp_path: Path) -> None:
    case = planner.sample(register(tmp_path), 3)
    assert case.scenarios == {
        "base-0001": near(1 / 3),
        "base-0002": near(1 / 3),
        "base-0003": near(1 / 3),
    }
    assert case.tables.hazards == case.tables.shocks == case.tables.draws == ()


@pytest.mark.parametrize(("draws", "times"), [(2, {1}), (4, {2}), (7, {3, 4})])
def test_what_is_as_likely_as_not_happens_in_half_of_the_draws(
    tmp_path: Path, draws: int, times: set[int]
) -> None:
    case = register(tmp_path, CUT | {"probability": 0.5})
    assert {len(planner.sample(case, draws, seed).tables.draws) for seed in range(30)} == times


def test_a_rounding_error_is_no_further_draw(tmp_path: Path) -> None:
    """0.29 x 100 is 28.999999999999996 to a computer: 29 draws, whatever the seed."""
    case = register(tmp_path, CUT | {"probability": 0.29})
    assert {len(planner.sample(case, 100, seed).tables.draws) for seed in range(30)} == {29}


def test_what_happens_in_one_scenario_alone_is_not_drawn_in_others(tmp_path: Path) -> None:
    case = register(tmp_path, CUT | {"within": "a;c"}, scenarios=scenarios(a=0.5, b=0.25, c=0.25))
    found = planner.sample(case, 8)
    assert Counter(row.scenario[0] for row in found.tables.draws) == {"a": 4, "c": 2}


# ---- when and for how long -----------------------------------------------------------------------------------


def test_a_hazard_without_length_starts_evenly_and_lasts_to_the_end(tmp_path: Path) -> None:
    found = planner.sample(register(tmp_path, CUT), 3)
    assert sorted(drawn(found)) == [("", 2026, 2028, 0), ("", 2027, 2028, 0), ("", 2028, 2028, 0)]


def test_a_length_in_quarters_lets_a_window_of_years_mean_all_their_quarters(
    tmp_path: Path,
) -> None:
    case = register(
        tmp_path, CUT | {"first": 2026, "last": 2027, "quarters_low": 1, "quarters_high": 4}
    )
    found = drawn(planner.sample(case, 8))
    assert sorted((s.year, s.quarter) for _, s, _, _ in found) == [
        (y, q) for y in (2026, 2027) for q in (1, 2, 3, 4)
    ]
    lengths = Counter((e.year - s.year) * 4 + e.quarter - s.quarter + 1 for _, s, e, _ in found)
    assert lengths == {1: 2, 2: 2, 3: 2, 4: 2}


def test_a_length_in_years_lasts_four_quarters_a_year_in_a_window_of_quarters(
    tmp_path: Path,
) -> None:
    case = register(
        tmp_path, CUT | {"first": "2026Q2", "last": 2026, "years_low": 1, "years_high": 1}
    )
    assert sorted(drawn(planner.sample(case, 3)), key=str) == [
        ("", Quarter(2026, q), Quarter(2027, q - 1), 0) for q in (2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("window", "end"),
    [
        ({"first": 2028, "years_low": 2, "years_high": 5}, 2028),
        ({"first": "2028Q2", "quarters_low": 8, "quarters_high": 9}, Quarter(2028, 4)),
        ({"first": "2028Q2"}, Quarter(2028, 4)),
        ({"first": 2027, "last": 2027, "years_low": 1, "years_high": 1}, 2027),
    ],
)
def test_what_would_outlast_the_horizon_is_cut_there(tmp_path: Path, window: Row, end: Any) -> None:
    found = planner.sample(register(tmp_path, CUT | window), 4)
    assert {last for _, _, last, _ in drawn(found)} == {end}


def test_lengths_in_years_are_spread_evenly(tmp_path: Path) -> None:
    case = register(tmp_path, CUT | {"last": 2026, "years_low": 1, "years_high": 3})
    assert Counter(end for _, _, end, _ in drawn(planner.sample(case, 6))) == {
        2026: 2,
        2027: 2,
        2028: 2,
    }


# ---- how hard, and to whom -----------------------------------------------------------------------------------


def test_factors_are_spread_evenly_between_the_two(tmp_path: Path) -> None:
    found = planner.sample(register(tmp_path, CUT | {"factor_low": 0.2, "factor_high": 0.6}), 4)
    tenths = sorted(int((factor - 0.2) / 0.1) for *_, factor in drawn(found))
    assert tenths == [0, 1, 2, 3]


def test_rows_of_an_event_share_whether_when_how_long_and_how_hard(tmp_path: Path) -> None:
    later = {"event": "war", "probability": "", "first": "", "last": ""}
    case = register(
        tmp_path,
        CUT | {"event": "war", "probability": 0.5, "within": "a", "factor_high": 1},
        {"hazard": "use", "kind": "demand", "factor_low": 1, "factor_high": 3} | later,
        {"hazard": "plants", "kind": "capacity", "factor_low": 0.4, "factor_high": 0.8} | later,
        scenarios=scenarios(a=0.5, b=0.5),
    )
    found = planner.sample(case, 24)
    assert Counter(row.hazard for row in found.tables.draws) == {"cut": 6, "use": 6, "plants": 6}
    for one, two, three in zip(
        drawn(found, "cut"), drawn(found, "use"), drawn(found, "plants"), strict=True
    ):
        assert one[:3] == two[:3] == three[:3]
        assert (two[3] - 1) / 2 == near(one[3])
        assert (three[3] - 0.4) / 0.4 == near(one[3])
    kinds: dict[str, set[str]] = {}
    for row in found.tables.shocks:
        kinds.setdefault(row.scenario, set()).add(row.kind)
    assert len(kinds) == 6
    assert all(together == {"import", "demand", "capacity"} for together in kinds.values())


def test_each_project_that_matches_is_drawn_by_itself(tmp_path: Path) -> None:
    fails = record(
        hazard="fails", kind="capacity", each="project", stage="separation", probability=0.5
    )
    case = register(
        tmp_path,
        CUT | fails | {"supplier": ""},
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        projects=[mine(), plant(existing_tpa=1), plant(project="second", country="BBB"), smelter()],
    )
    together = set()
    for seed in range(20):
        found = planner.sample(case, 4, seed)
        assert Counter(subject for subject, *_ in drawn(found, "fails")) == {
            "plant": 2,
            "second": 2,
        }
        assert {(row.stage, row.project) for row in found.tables.shocks} == {
            ("separation", "plant"),
            ("separation", "second"),
        }
        together.add(len({row.scenario for row in found.tables.draws}))
    assert together == {2, 3, 4}


def test_each_country_that_matches_is_drawn_by_itself(tmp_path: Path) -> None:
    countries = [{"country": "AAA"}, {"country": "BBB"}, {"country": "CCC"}]
    found = planner.sample(register(tmp_path, CUT | {"each": "country"}, countries=countries), 2)
    assert Counter(subject for subject, *_ in drawn(found)) == {"AAA": 2, "BBB": 2, "CCC": 2}
    assert {row.country for row in found.tables.shocks} == {"AAA", "BBB", "CCC"}
    only = planner.sample(
        register(
            tmp_path / "one", CUT | {"each": "country", "country": "BBB"}, countries=countries
        ),
        2,
    )
    assert {subject for subject, *_ in drawn(only)} == {"BBB"}


def test_a_delay_is_of_whole_years_and_works_as_one_written_by_hand(tmp_path: Path) -> None:
    """100 t of plant for 100 MUSD, due in 2027: 100 of 300 MUSD lost. Late by one or two years: one or two more."""
    tables = {
        "imports": None,
        "projects": [
            mine(),
            plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, lead_time_years=1, earliest_year=2026),
        ],
        "budgets": budget(100),
    }
    late = record(hazard="late", kind="delay", supplier="", first=2026, last=2026, project="plant")
    case = register(tmp_path, CUT | late | {"factor_low": 1, "factor_high": 2}, **tables)
    found = planner.sample(case, 2)
    assert sorted(drawn(found, "late")) == [("", 2026, 2028, 1), ("", 2026, 2028, 2)]
    plan = planner.solve(found, baseline=False)
    assert sorted(plan.summary["scenario_loss_musd"].values()) == near([200, 300])


# ---- what else a draw holds ----------------------------------------------------------------------------------


def test_draws_keep_the_shocks_of_their_scenario_and_say_what_else_was_drawn(
    tmp_path: Path,
) -> None:
    case = register(
        tmp_path,
        CUT
        | {
            "name": "No sales",
            "last": 2026,
            "source": "S",
            "confidence": "low",
            "notes": "N",
            "leak": 0.25,
        },
        scenarios=scenarios(a=1),
        shocks=[shock("a", "demand", 2, 2027, 2027)],
    )
    found = planner.sample(case, 1)
    own, new = found.tables.shocks
    assert (own.scenario, own.kind, own.factor, own.source) == ("a-0001", "demand", 2, "")
    assert (new.kind, new.start_year, new.end_year, new.supplier, new.factor, new.leak) == (
        "import",
        2026,
        2028,
        "CHN",
        0,
        0.25,
    )
    assert (new.source, new.confidence, new.notes) == ("S", "low", "N")
    assert (own.hazard, new.hazard) == ("", "cut")
    assert [row.name for row in found.tables.scenarios] == ["a: No sales 2026-2028 at 0"]


def test_equal_shocks_of_one_draw_are_rows_apart_and_work_together(tmp_path: Path) -> None:
    """Each says of which hazard it is, so that the storyline's own are known among them."""
    half = {"last": 2026, "factor_low": 0.5, "factor_high": 0.5}
    case = register(
        tmp_path,
        CUT | half | {"leak": 0.4, "source": "S"},
        CUT | half | {"hazard": "ban", "leak": 0.3, "source": "T"},
        CUT
        | record(hazard="late", kind="delay", supplier="", last=2026, factor_low=1, factor_high=1),
        CUT
        | record(hazard="slow", kind="delay", supplier="", last=2026, factor_low=1, factor_high=1),
    )
    found = planner.sample(case, 1)
    shocks = [(row.hazard, row.factor, row.leak, row.source) for row in found.tables.shocks]
    assert shocks == [
        ("cut", 0.5, 0.4, "S"),
        ("ban", 0.5, 0.3, "T"),
        ("late", 1, 0, ""),
        ("slow", 1, 0, ""),
    ]
    key = ("CHN", "AAA", "Dy", "oxide", 2027)
    assert scenario_tree(found).effects["base-0001"].imports[key] == 0.25
    assert [(row.hazard, row.factor) for row in found.tables.draws] == [
        ("cut", 0.5),
        ("ban", 0.5),
        ("late", 1),
        ("slow", 1),
    ]


def test_what_is_unsure_about_a_scenario_is_unsure_about_its_draws(tmp_path: Path) -> None:
    """Whatever the names: `a` and `a-2030` both have draws whose names end in digits."""
    case = register(
        tmp_path,
        scenarios=[*scenarios(a=0.5, b=0.25), {"scenario": "a-2030", "probability": 0.25}],
        uncertainties=[unsure("scenarios", "probability", 0.5, 2, where="scenario=a;b")],
    )
    found = planner.sample(case, 4)
    where = found.tables.uncertainties[0].where
    rows = [row.scenario for row in found.tables.scenarios]
    meant = matching(found.tables.scenarios, conditions(where))
    assert [rows[i] for i in meant] == ["a-0001", "a-0002", "b-0001"]


def test_another_row_in_the_register_leaves_the_draws_of_the_others(tmp_path: Path) -> None:
    spread = CUT | {"probability": 0.3, "years_low": 1, "years_high": 2, "factor_high": 1}
    alone = planner.sample(register(tmp_path / "alone", spread), 50)
    more = planner.sample(
        register(tmp_path / "more", CUT | {"hazard": "other", "probability": 0.7}, spread), 50
    )
    assert len(alone.tables.draws) == 15
    assert drawn(alone) == drawn(more)
    assert drawn(alone) != drawn(planner.sample(register(tmp_path / "alone", spread), 50, seed=1))


# ---- the command ---------------------------------------------------------------------------------------------


def run(*arguments: object) -> tuple[int, str]:
    """Exit code and what the command said."""
    done = CliRunner().invoke(app, ["sample", *map(str, arguments)])
    return done.exit_code, " ".join(done.output.split())


def files(folder: Path) -> dict[str, bytes]:
    """Name and content of the files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_case_written_is_whole_the_same_for_the_same_seed_and_can_be_solved(
    tmp_path: Path,
) -> None:
    quarters = {"quarters_low": 1, "quarters_high": 6, "factor_high": 0.5, "probability": 0.6}
    source = write_tables(
        tmp_path / "case", **SOLD, hazards=[CUT | quarters], scenarios=scenarios(a=0.5, b=0.5)
    )
    (source / "model.toml").write_text(
        '# chosen by hand\nname = "mine"\n[horizon]\nlast_year = 2027\n'
    )
    for out, seed in (("one", 3), ("two", 3), ("three", 4)):
        code, _ = run(source, "--draws", 10, "--seed", seed, "--out", tmp_path / out)
        assert code == 0
    one, two, three = (files(tmp_path / out) for out in ("one", "two", "three"))
    assert one == two
    assert one["shocks.csv"] != three["shocks.csv"]
    assert one["model.toml"] == (source / "model.toml").read_bytes()
    assert "hazards.csv" not in one
    case = planner.load(tmp_path / "one")
    again = planner.sample(planner.load(source), 10, 3)
    assert case.tables == again.tables
    assert (
        CliRunner()
        .invoke(app, ["check", str(tmp_path / "one"), "--ignore", "unused"])
        .output.startswith("one: no faults. 1 ")
    )
    assert planner.solve(case, baseline=False).status == "optimal"


def test_what_is_not_drawn_stays_as_it_was_and_blank_cells_blank(tmp_path: Path) -> None:
    """A folder byte by byte, though its columns stand in another order; of a workbook what nobody stated stays blank."""
    plants = "project, stage, country, feeds, unit_tpa, recovery\nmine, mine, AAA, ore, , 0.90\n"
    source = write_tables(tmp_path / "case", **SOLD, projects=plants, hazards=[CUT])
    assert run(source, "--draws", 2, "--out", tmp_path / "out")[0] == 0
    copied = files(source).keys() - {"hazards.csv"}
    assert {name: files(tmp_path / "out")[name] for name in copied} == {
        name: files(source)[name] for name in copied
    }
    write_workbook(tmp_path / "case.xlsx", planner.load(source))
    assert run(tmp_path / "case.xlsx", "--draws", 2, "--out", tmp_path / "book")[0] == 0
    [row] = read_rows(tmp_path / "book", "projects")
    stated = {name: cell for name, cell in row.items() if cell}
    assert stated == record(
        project="mine", country="AAA", stage="mine", feeds="ore", recovery="0.9"
    )


def test_draws_are_stated_even_if_nothing_was_drawn_and_are_not_drawn_from_again(
    tmp_path: Path,
) -> None:
    source = write_tables(tmp_path / "case")
    assert run(source, "--draws", 2, "--out", tmp_path / "out")[0] == 0
    assert not (tmp_path / "out" / "model.toml").exists()
    lines = (tmp_path / "out" / "draws.csv").read_text().splitlines()
    assert [line.split(",")[:6] for line in lines] == [
        ["scenario", "hazard", "subject", "start", "end", "factor"]
    ]
    for again in (planner.load(tmp_path / "out"), planner.sample(planner.load(source), 2)):
        with pytest.raises(
            planner.InputError, match="holds draws already; sample the case that it was drawn from"
        ):
            planner.sample(again, 2)


def test_only_a_folder_of_draws_is_written_over(tmp_path: Path) -> None:
    source = write_tables(tmp_path / "case", **SOLD, hazards=[CUT])
    before = files(source)
    code, said = run(source, "--draws", 2, "--out", source)
    assert (code, "exists and is not a case with draws" in said) == (2, True)
    assert files(source) == before
    for draws in (2, 3):
        assert run(source, "--draws", draws, "--out", tmp_path / "out")[0] == 0
        assert len(planner.load(tmp_path / "out").scenarios) == draws


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--draws", 0), "--draws: 0: must be from 1"),
        (("--draws", 2, "--seed", -1), "--seed: -1: must be at least 0"),
        (("--draws", 10**30), "--draws: 1,000,000,000,000,000,000,000,000,000,000: must be"),
        (("--draws", 10**9), "1,000,000,000: must be from 1 to 1,000,000"),
    ],
)
def test_numbers_that_cannot_be_drawn_are_refused_at_once(
    tmp_path: Path, options: tuple[Any, ...], said: str
) -> None:
    source = write_tables(tmp_path / "case", **SOLD, hazards=[CUT])
    code, told = run(source, *options, "--out", tmp_path / "out")
    assert (code, said in told) == (2, True), told
    assert not (tmp_path / "out").exists()


# ---- a plan in samples of the register -----------------------------------------------------------------------
