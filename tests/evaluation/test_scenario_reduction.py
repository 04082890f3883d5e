"""Few draws that stand for many: which are kept, and what they weigh, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.case import Case, with_rows, without_targets
from planner.data.load import checked_case
from planner.errors import InputError
from planner.evaluation.scenario_losses import losses_without_plan
from tests.cases import LONG, demand, imports, load_case, near, shock
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case


def drawn(folder: Path, losses: dict[str, float], chance: float = 0.25, **columns: Any) -> Case:
    """Scenarios that each lose so many MUSD, 1 MUSD a tonne; `war-0001` is drawn from `war`."""
    rows = [
        {"scenario": name, "storyline": name.partition("-")[0], "probability": chance}
        | columns.get(name.partition("-")[0], {})
        for name in losses
    ]
    shocks = [
        shock(name, "import", 1 - lost / 100, 2026, 2026) for name, lost in losses.items() if lost
    ]
    return load_case(
        folder,
        demand=demand(last=2026),
        imports=[imports(100)],
        scenarios=rows,
        shocks=shocks,
        projects=[{"project": "mine", "country": "AAA", "stage": "mine", "feeds": "ore"}],
    )


FOUR = {"war-0001": 0, "war-0002": 10, "war-0003": 20, "war-0004": 90}


# One: 10 and 20 leave 25 (distances 10, 10, 80 and 20, 10, 70, a quarter each), 0 leaves 30; the first by name is kept.
# Two: 90 leaves 5 with it, 20 leaves 20. Three: 0 or 20 leave 2.5.
@pytest.mark.parametrize(
    ("keep", "chances", "distance"),
    [
        (1, {"war-0002": 1.0}, 25),
        (2, {"war-0002": 0.75, "war-0004": 0.25}, 5),
        (3, {"war-0001": 0.25, "war-0002": 0.5, "war-0004": 0.25}, 2.5),
        (4, dict.fromkeys(FOUR, 0.25), 0),
        (9, dict.fromkeys(FOUR, 0.25), 0),
    ],
)
def test_the_draw_that_takes_most_off_is_kept_next(
    tmp_path: Path, keep: int, chances: dict[str, float], distance: float
) -> None:
    found = planner.keep_draws(drawn(tmp_path, FOUR), keep)
    assert found.case.scenarios == near(chances)
    assert found.distance == near(distance)
    assert found.every == near({"expected_loss_musd": 30, "cvar_musd": 90})


def test_every_storyline_keeps_one_draw_and_its_probability_and_bounds(tmp_path: Path) -> None:
    losses = {"calm-0001": 0, "calm-0002": 1, "war-0001": 50, "war-0002": 60, "war-0003": 100}
    bounds = {"probability": 0.1, "probability_low": 0.05, "probability_high": 0.2}
    columns = {"calm": {"probability": 0.35}, "war": bounds}
    found = planner.keep_draws(drawn(tmp_path, losses, **columns), 3)
    assert found.case.scenarios == near({"calm-0001": 0.7, "war-0002": 0.2, "war-0003": 0.1})
    rows = {row.scenario: row for row in found.case.tables.scenarios}
    assert rows["war-0002"].probability_high == near(0.4) and rows[
        "war-0003"
    ].probability_low == near(0.05)
    assert rows["calm-0001"].probability_low is None
    assert {row.scenario for row in found.case.tables.shocks} == {"war-0002", "war-0003"}


def test_of_a_storyline_without_a_chance_the_first_draw_is_kept(tmp_path: Path) -> None:
    losses = {"calm-0001": 0, "never-0001": 90, "never-0002": 10}
    case = drawn(tmp_path, losses, calm={"probability": 1}, never={"probability": 0})
    assert list(planner.keep_draws(case, 2).case.scenarios) == ["calm-0001", "never-0001"]


def test_fewer_than_there_are_storylines_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one draw of each of 2 scenarios"):
        planner.keep_draws(drawn(tmp_path, {"a": 1, "b": 2}, chance=0.5), 1)


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_losses_are_those_of_the_case_with_that_scenario_alone(tmp_path: Path, seed: int) -> None:
    """By element, of random cases, without levers, with the goal of least risk."""
    keys = flat(write_random_case(tmp_path, seed))
    keys = {key: value for key, value in keys.items() if not key.startswith("objective.")}
    keys = {**keys, "levers": [], "objective.risk_slack": 0.0, "policy.investment": "committed"}
    case = without_targets(checked_case(tmp_path, changes=keys))
    found = losses_without_plan(case)
    for name in list(case.scenarios)[:3]:
        (row,) = (row for row in case.tables.scenarios if row.scenario == name)
        update = {"probability": 1.0, "probability_low": None, "probability_high": None}
        only = with_rows(
            case,
            scenarios=(row.model_copy(update=update),),
            shocks=tuple(one for one in case.tables.shocks if one.scenario == name),
        )
        assert found[name].sum() == near(planner.solve(only, baseline=False).summary["risk_musd"])


def test_the_command_keeps_draws_under_their_names_and_says_what_they_stand_for(
    tmp_path: Path,
) -> None:
    register, keep, count = ("inputs/allied-2026", "11", 11) if LONG else ("inputs/starter", "5", 5)
    sample = ["sample", register, "--draws", "20", "--seed", "2", "--keep"]
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        told = CliRunner().invoke(app, [*sample, keep, "--out", str(out)])
        assert told.exit_code == 0, told.output
        assert "Expected loss without a plan" in told.output and "CVaR" in told.output
    every, more = tmp_path / "every", tmp_path / "more"
    assert CliRunner().invoke(app, [*sample[:-1], "--out", str(every)]).exit_code == 0
    assert CliRunner().invoke(app, [*sample, "99", "--out", str(more)]).exit_code == 0
    for file in every.iterdir():
        assert file.read_bytes() == (more / file.name).read_bytes(), file.name
    case = planner.load(outs[0])
    assert len(case.scenarios) == count
    assert {row.scenario for row in case.tables.draws} <= set(case.scenarios)
    for file in outs[0].glob("*.csv"):
        assert file.read_bytes() == (outs[1] / file.name).read_bytes()
    refused = CliRunner().invoke(app, [*sample, "2", "--out", str(tmp_path / "no")])
    assert refused.exit_code == 2 and "--keep" in refused.output and not (tmp_path / "no").exists()
