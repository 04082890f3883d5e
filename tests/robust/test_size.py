"""The memory that a case will need is estimated from above before anything is built, and one too large is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import InputError
from planner.host import available_memory
from planner.solving import row_labels
from planner.solving.program_size import refuse_if_too_large, size_of
from planner.solving.warm_program import WarmProgram
from tests.cases import LONG, REAL, demand, load_case, scenarios, shock, write_case

ROWS = 1_000_000 if LONG else 5_000
INPUTS = Path(__file__).parents[2] / "inputs"


def test_the_estimate_is_above_what_is_built() -> None:
    case = planner.load(INPUTS / "starter")
    built = WarmProgram(case)
    assert size_of(case).terms >= built.program.matrix.nnz
    assert size_of(case).nodes >= len(built.scope.tree.nodes)


def test_a_case_too_large_is_refused_with_the_estimate_and_the_real_one_is_not() -> None:
    case = planner.load(REAL)
    refuse_if_too_large(case, available=2 * 2**30)
    with pytest.raises(
        InputError,
        match=r"needs about 0\.\d GiB for at most \d+ histories and [\d,]+ terms, and 0\.1 GiB are free",
    ):
        refuse_if_too_large(case, available=0.1 * 2**30)
    assert available_memory() > 2**20


def test_a_thousand_scenarios_fit_one_by_one_where_they_do_not_as_one_program(
    tmp_path: Path,
) -> None:
    names = [f"w{i}" for i in range(1000)]
    futures = {
        "scenarios": scenarios(**dict.fromkeys(names, 0.001)),
        "shocks": [shock(name, "demand", 1 + i / 1000) for i, name in enumerate(names)],
    }
    case = load_case(tmp_path, **futures)
    needed = size_of(case).memory / 0.9
    refuse_if_too_large(case, available=0.99 * needed, alone=10)
    with pytest.raises(InputError, match="--method scenarios"):
        refuse_if_too_large(case, available=0.99 * needed)


def test_check_says_of_a_case_too_large_what_solve_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.solving.program_size.available_memory", lambda: 0.1 * 2**30)
    checked = CliRunner().invoke(app, ["check", str(REAL)])
    assert checked.exit_code == 2
    with pytest.raises(InputError) as refused:
        planner.solve(planner.load(REAL))
    assert str(refused.value) in checked.output


def test_session_and_study_refuse_a_case_too_large_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("planner.solving.program_size.available_memory", lambda: 0.1 * 2**30)
    monkeypatch.setattr(WarmProgram, "__init__", lambda *_: pytest.fail("built"))
    with pytest.raises(InputError, match="GiB are free"):
        planner.Session(planner.load(REAL))
    study = {"case": str(REAL), "uncertainties": [], "design": {"kind": "one_at_a_time"}}
    with pytest.raises(InputError, match="GiB are free"):
        planner.study(study, tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


def test_scenarios_that_do_the_same_count_once(tmp_path: Path) -> None:
    """Two of three scenarios are one history: nobody can tell them apart."""
    futures = {
        "scenarios": scenarios(a=0.5, b=0.25, c=0.25),
        "shocks": [shock(name, "demand", 2, 2027) for name in "ab"],
    }
    case = load_case(tmp_path, **futures)
    assert size_of(case).nodes == 3 + 2


@pytest.mark.parametrize("table", ["demand", "shocks"])
def test_a_million_rows_are_checked_in_half_a_minute_and_four_gib(
    tmp_path: Path, table: str
) -> None:
    rows = {
        "demand": [
            "country,element,year,tonnes",
            *(f"C{i % 200},E{i * 167 // ROWS},{2026 + i // 200 % 30},9" for i in range(ROWS)),
        ],
        "shocks": [
            "scenario,kind,start_year,factor",
            *(f"s{i},demand,2027,{1 + i / 1e6!r}" for i in range(ROWS // 2)),
        ],
    }[table]
    case = write_case(tmp_path / "case")
    (case / f"{table}.csv").write_text("\n".join(rows) + "\n")
    if table == "demand":
        (case / "countries.csv").write_text("country\n" + "".join(f"C{i}\n" for i in range(200)))
        elements = (f"E{i},true,1000\n" for i in range(167))
        (case / "elements.csv").write_text(
            "element,heavy,loss_usd_per_kg\nDy,true,1000\n" + "".join(elements)
        )
    else:
        names = "".join(f"s{i},{2 / ROWS!r}\n" for i in range(ROWS // 2))
        (case / "scenarios.csv").write_text(f"scenario,probability\n{names}")
    code = "import resource; from planner.cli import app; app(['check', 'case'], standalone_mode=False); "
    code += "used = resource.getrusage(resource.RUSAGE_SELF); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    seconds, kib = map(float, done.stdout.split()[-2:])
    assert kib <= 4 * 2**20
    # The short run is too short to be timed on a busy machine: most of it is starting Python.
    if LONG:
        assert seconds <= 30


def test_figures_of_a_large_case_are_looked_at_without_its_scenarios(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    futures = {"scenarios": scenarios(boom=1), "shocks": [shock("boom", "demand", 1e12)]}
    by_scenario = load_case(tmp_path / "scenario", demand=demand(1e8), **futures)
    countries = [{"country": "AAA", "weight": 1e12}]
    by_fact = load_case(
        tmp_path / "fact",
        countries=countries,
        elements="element, heavy, loss_usd_per_kg\nDy, true, 1e12",
        **futures,
    )
    for case in (by_scenario, by_fact):
        with pytest.raises(InputError, match="check the units"):
            planner.check_coefficients(case)
    monkeypatch.setattr(row_labels, "MOST_TERMS", 0)
    planner.check_coefficients(by_scenario)
    with pytest.raises(InputError, match="check the units"):
        planner.check_coefficients(by_fact)


@pytest.mark.parametrize("option", ["--samples", "--workers", "--gap"])
def test_counts_that_nobody_means_are_refused_before_anything_is_built(option: str) -> None:
    found = CliRunner().invoke(app, ["evaluate", "no run at all", option, "1" + "0" * 12])
    assert found.exit_code == 2 and option in found.output
