"""What the workbench refuses, remembers and hands over: odd values, half a body, a port again, targets, options."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.testclient import TestClient

import planner
from planner.errors import InputError, RunFolderError
from planner.reporting.charts.frontier import FrontierPoints, Mark, frontier, risk_range
from planner.reporting.charts.style import specification
from planner.reporting.words.numbers import percent, signed
from planner.server import writer
from planner.server.app import ACTIONS, ClosingServer, Server, Site, listening
from planner.server.edits import Edit, EditedValue, edited
from planner.server.journal import OpenedCase, shown_as
from planner.server.page_regions import Regions
from planner.server.questions import chances
from planner.server.security import Gate
from planner.server.workbench import Workbench
from tests.server.conftest import HERE, PORT, ROOT, TOKEN, answered, post, said_by, wait_for


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("goal", 1e99, "largest risk"),
        ("goal", -50, "largest risk"),
        ("lever.mine", "yes", "is out"),
        ("lever.mines", "out", "one of"),
        ("ally.JPN", 2027, "no party 'JPN' to stay out"),
        ("policy.whole_plants", "yes", "boolean"),
        ("target.nowhere", 0.5, "no target"),
        ("target.added-1", {"kind": "served", "share": 1.5}, "share"),
        ("target.added-1", "most of it", "no target"),
    ],
)
def test_values_that_mean_nothing_are_refused(
    bench: Workbench, key: str, value: EditedValue, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        bench.edit(Edit(key, value))
    assert bench.record.edits == ()


def test_a_decimal_comma_is_refused_with_help(client: TestClient) -> None:
    body = {"kind": "served", "element": "Dy", "form": "", "share": "50,5", "price": ""}
    answer = post(client, "/target", body)
    assert answer.status_code == 422 and "decimal point" in answer.json()["fault"]


def test_the_port_of_a_server_that_ended_can_be_had_at_once() -> None:
    one = listening(0)
    port = one.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as page:
        there, _ = one.accept()
        there.close()  # this end closes first, and its address waits for late packets
        page.recv(1)
    one.close()
    again = listening(port)
    with pytest.raises(InputError, match="cannot be had"):
        listening(port)
    again.close()


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_made_while_the_server_ends_does_not_hold_it(turns: int) -> None:
    """Whatever turn of the loop accepts it: a browser connects ahead of what it wants to ask."""

    async def ended() -> float:
        async def app(scope: object, receive: object, send: object) -> None: ...

        server = ClosingServer(uvicorn.Config(app, lifespan="off", log_level="critical"))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        listener = listening(0)
        await server.startup([listener])
        with socket.create_connection(listener.getsockname()):
            for _ in range(turns):
                await asyncio.sleep(0)
            began = time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(server.shutdown([listener]), 5)
            return time.monotonic() - began

    with ThreadPoolExecutor(1) as apart:
        assert apart.submit(asyncio.run, ended()).result() < 4


def test_a_second_server_of_a_case_or_at_a_port_names_the_address_of_the_first(
    tmp_path: Path, reference: planner.Plan
) -> None:
    def place(name: str) -> OpenedCase:
        folder = tmp_path / f"workbench-{name}"
        return OpenedCase(ROOT / "inputs" / "starter", ROOT / "models" / "base.toml", {}, folder)

    first = Server(place("one"), reference)
    with pytest.raises(RunFolderError, match=re.escape(f"already, at {first.address};")):
        Server(place("one"), reference)
    with pytest.raises(InputError, match=re.escape(f"by the workbench at {first.address};")):
        Server(place("two"), reference, port=first.port)
    assert (tmp_path / "workbench-one" / "open").stat().st_mode & 0o777 == 0o600
    first.socket.close()
    first.site.bench.close()
    again = Server(place("one"), reference)  # what ended is not named any more
    again.socket.close()
    again.site.bench.close()


def test_half_a_body_is_no_change(site: Site) -> None:
    async def half() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, half)
    with ThreadPoolExecutor(
        1
    ) as apart:  # a browser of other tests may have a loop of its own in this thread
        answer = apart.submit(asyncio.run, site.act(ACTIONS["undo"], request)).result()
    assert answer.status_code == 400 and b"only half" in answer.body
    site.bench.close()


def test_the_risk_axis_shows_the_plans_and_the_idle_one_is_no_part_of_the_curve() -> None:
    now = Mark(name="now", cost=100.0, risk=50.0, kind="now")
    idle = Mark(name="no action", cost=0.0, risk=9000.0, kind="no action")
    curve = [(80.0, 60.0), (120.0, 45.0)]
    points = FrontierPoints(curve=curve, marks=[now, idle], source="solved")
    low, high = risk_range(points)
    assert 40 < low < 45 and 60 < high < 65
    rows = [row for rows in specification(frontier(points))["datasets"].values() for row in rows]
    assert "no action" not in [row.get("name") for row in rows]


def test_because_is_told_against_the_pinned_plan(bench: Workbench) -> None:
    bench.edit(Edit("money", 0.5))
    kept = answered(bench).keep("half")
    bench.edit(Edit("projects.metal_works.max_new_tpa", 0.0))
    both = answered(bench).solver.found.figures
    bench.pin(kept.folder)
    assert [step.edit.key for step in bench.steps()] == ["projects.metal_works.max_new_tpa"]
    words = said_by(Regions(bench), "side")
    change = signed(both["risk_musd"] - kept.risk)
    assert f"without Metal works, United States {change}" in words and "Against half." in words


def test_two_tabs_edit_one_workbench_one_after_the_other(client: TestClient, site: Site) -> None:
    """Both edits hold, both tabs hear of each, and either one undoes the last, whoever made it."""
    other = TestClient(Gate(site.app, PORT, TOKEN), base_url=HERE, follow_redirects=False)
    other.get(f"/?token={TOKEN}")
    tabs = (client, other)
    answered(site.bench)  # after which nothing changes by itself
    before = [tab.get("/part/questions").text for tab in tabs]
    edits = [{"key": "money", "value": 0.5}, {"key": "discount_rate", "value": 0.08}]
    for tab, edit in zip(tabs, edits, strict=True):
        assert post(tab, "/edit", edit).status_code == 200
    assert {edit.key for edit in site.bench.record.edits} == {"money", "discount_rate"}
    answered(site.bench)
    after = [tab.get("/part/questions").text for tab in tabs]
    assert after[0] == after[1] and before[0] == before[1] != after[0]
    assert post(client, "/undo", {}).status_code == 200
    assert {edit.key for edit in site.bench.record.edits} == {"money"}


TARGET = {"kind": "served", "element": "Dy", "form": "", "party": "", "first_year": "2029"}


def test_a_target_is_added_changed_and_dropped(client: TestClient, site: Site) -> None:
    bench = site.bench
    before = answered(bench).solver.found.figures
    assert post(client, "/target", {**TARGET, "share": "40", "price": ""}).status_code == 200
    (edit,) = bench.record.edits
    assert edit.key == "target.added-1" and isinstance(edit.value, dict)
    assert edit.value["share"] == 0.4
    after = answered(bench).solver.found
    sums = [one["risk_musd"] + one["cost_musd"] for one in (before, after.figures)]
    assert after.stage == "plan" and sums[1] >= sums[0] - 1e-6  # what must hold improves no plan
    questions = Regions(bench).part("questions", {})
    assert "At least 40 % of the demand for dysprosium met: all countries" in questions
    reached = re.search(r"reached in the worst year and scenario: ([\d.]+) %", questions)
    assert reached is not None and float(reached[1]) >= 40
    assert post(client, "/edit", {"key": edit.key, "value": 0.3}).status_code == 200
    assert bench.case.lookups.targets["added-1"].share == 0.3
    assert bench.case.lookups.targets["added-1"].first_year == 2029  # all else stays
    base = bench.base.changed(
        {"targets": [{"target": "a", "kind": "served", "element": "Dy", "share": 0.5}]}
    )
    assert edited(base, [Edit("target.a", 0.25)]).lookups.targets["a"].share == 0.25
    assert edited(base, [Edit("target.a", "out")]).lookups.targets == {}


@pytest.mark.parametrize(
    ("blanks", "said"),
    [
        ({"share": "120"}, "the share, %: 120 is not from 0 to 100"),
        ({"share": ""}, "the share, %: is blank"),
        ({"share": "40", "first_year": "1999"}, "the first year: 1999 is not from 2026 to 2031"),
        ({"share": "40", "price": "-1"}, "the price, USD/kg: -1 is not from 0 to"),
    ],
)
def test_a_blank_is_refused_in_the_words_of_the_form(
    client: TestClient, site: Site, blanks: dict[str, str], said: str
) -> None:
    answer = post(client, "/target", {**TARGET, "price": "", **blanks})
    assert answer.status_code == 422 and said in answer.json()["fault"]
    assert site.bench.record.edits == ()


def test_a_target_out_of_reach_says_what_is_the_most_and_asks_for_it(
    client: TestClient, site: Site
) -> None:
    assert post(client, "/target", {**TARGET, "share": "99", "price": ""}).status_code == 200
    wait_for(lambda: bool(site.bench.solver.found.shares))
    most = site.bench.solver.found.shares["added-1"]
    shown = unescape(Regions(site.bench).part("outcomes", {}))
    assert f"<b>{percent(most)} is the most</b>" in shown and "targets.share" not in shown
    assert f'{{"key": "target.added-1", "value": {most}}}' in shown  # what the button asks
    assert post(client, "/edit", {"key": "target.added-1", "value": most}).status_code == 200
    assert answered(site.bench).solver.found.stage == "plan"


def test_any_stop_is_one_hazard_where_several_stop_exports(bench: Workbench) -> None:
    """Twice one of them lowers the other; twice any of them doubles each."""
    before = bench.base.scenarios
    known = chances(bench.base, bench.base)
    assert next(iter(known)) == "hazard.*"
    assert known["hazard.*"].before == pytest.approx(before["cut"] + before["slip"])
    one = edited(bench.base, [Edit("future.cut", 2 * before["cut"])]).scenarios
    assert one["slip"] < before["slip"]
    both = edited(bench.base, [Edit("hazard.*", 2 * known["hazard.*"].before)]).scenarios
    assert [both[at] for at in ("cut", "slip")] == pytest.approx(
        [2 * before[at] for at in ("cut", "slip")]
    )
    milder = Edit("shocks[kind=import].factor", 0.5)
    mild = edited(bench.base, [milder, Edit("hazard.*", 0.5)])  # none is a stop then
    assert mild.scenarios["cut"] + mild.scenarios["slip"] == pytest.approx(0.5)


def test_any_key_and_any_cell_is_changed_as_after_set(client: TestClient, site: Site) -> None:
    bench = site.bench
    for key, value in (
        ("policy.whole_plants", "true"),
        ("demand[element=Dy].tonnes", "x1.1"),
        ("training.aus_school", "gone"),
    ):
        assert post(client, "/change", {"key": key, "value": value}).status_code == 200
    changes = ["policy.whole_plants=true", "demand[element=Dy].tonnes=x1.1"]
    changed = bench.base.changed(*changes, "training.aus_school=gone")
    assert bench.case.sha256 == changed.sha256
    answer = post(client, "/change", {"key": "policy.whole_plant", "value": "true"})
    assert answer.status_code == 422 and "policy.whole_plants" in answer.json()["fault"]


def test_pages_of_a_run_are_written_by_a_process_of_their_own(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(bench)
    monkeypatch.setattr(writer, "refresh_pages", lambda *_: pytest.fail("in this process"))
    run = bench.run_of(shown_as(bench.case))
    bench.writer.write(run)
    assert (run / "report.html").exists() and (run / "report.xlsx").exists()
