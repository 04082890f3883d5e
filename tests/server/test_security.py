"""Nobody gets in but the one who has the address that was printed, and then only to what is his."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from planner.server.app import Site, listening
from planner.server.edits import Edit, EditedValue, read_edit
from planner.server.security import LARGEST_BODY, POLICY, Gate
from tests.server.conftest import HERE, PORT, TOKEN, answered, post

HOSTS = (
    "evil.example",
    f"evil.example:{PORT}",
    "127.0.0.1",
    f"127.0.0.1:{PORT + 1}",
    f"127.0.0.1.evil.example:{PORT}",
    f"0.0.0.0:{PORT}",
    f"[::1]:{PORT}",
    f"localhost.evil.example:{PORT}",
    f"user@127.0.0.1:{PORT}",
    "",
)
ORIGINS = (
    "http://evil.example",
    "https://evil.example",
    f"http://127.0.0.1:{PORT + 1}",
    "http://127.0.0.1",
    "null",
    f"https://127.0.0.1:{PORT}",
    f"http://127.0.0.1:{PORT}.evil.example",
    f"http://localhost:{PORT}",
    "file://",
    "",
)


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_origin_is_refused(client: TestClient, site: Site, origin: str) -> None:
    assert post(client, "/edit", {"key": "money", "value": 0.5}, Origin=origin).status_code == 403
    assert client.get("/part/questions", headers={"Origin": origin}).status_code == 403
    assert site.bench.record.edits == ()


def test_pages_of_other_sites_may_not_even_link_here(client: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        for path in ("/", "/part/questions", "/events", "/static/workbench.js"):
            assert client.get(path, headers={"Sec-Fetch-Site": site}).status_code == 403
        assert client.get("/?token=wrong", headers={"Sec-Fetch-Site": site}).status_code == 401
    assert client.get("/", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_the_token_buys_a_cookie_that_no_script_reads_and_no_site_sends(site: Site) -> None:
    with TestClient(Gate(site.app, PORT, TOKEN), base_url=HERE, follow_redirects=False) as stranger:
        pages = "/ /part/questions /events /static/workbench.js /files/001-a/report.html"
        for path in pages.split():
            assert stranger.get(path).status_code == 401
        assert post(stranger, "/edit", {"key": "money", "value": 0.5}).status_code == 401
        assert stranger.get("/?token=wrong").status_code == 401
        stranger.cookies.set(f"planner-{PORT}", "guessed")
        assert stranger.get("/").status_code == 401
        stranger.cookies.clear()
        answer = stranger.get(f"/?token={TOKEN}")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie and TOKEN not in cookie
        assert (
            answer.headers["location"] == "/" and answer.headers["referrer-policy"] == "no-referrer"
        )
        assert stranger.get("/").status_code == 200


def test_a_file_of_the_owner_leads_here_and_no_redirect_loses_the_cookie(site: Site) -> None:
    with TestClient(Gate(site.app, PORT, TOKEN), base_url=HERE, follow_redirects=False) as browser:
        answer = browser.get(f"/?token={TOKEN}", headers={"Sec-Fetch-Site": "cross-site"})
        assert (
            answer.status_code == 200
            and 'content="0;url=/"' in answer.text
            and TOKEN not in answer.text
        )
        assert answer.headers["content-security-policy"] == POLICY
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        assert browser.get("/").status_code == 200


def test_a_change_says_where_it_comes_from_and_is_small_json(
    client: TestClient, site: Site
) -> None:
    body = b'{"key": "money", "value": 0.5}'
    kind = {"Content-Type": "application/json"}
    assert client.post("/edit", content=body, headers=kind).status_code == 403
    assert (
        client.post(
            "/edit", content=body, headers={"Origin": HERE, "Content-Type": "text/plain"}
        ).status_code
        == 415
    )
    large = b" " * (LARGEST_BODY + 1)
    assert client.post("/edit", content=large, headers={"Origin": HERE} | kind).status_code == 413
    regions = client.post("/edit", content=iter([body]), headers={"Origin": HERE} | kind)
    assert regions.status_code == 411
    assert client.get("/?" + "x" * 5000).status_code == 414
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert client.request(method, "/edit", headers={"Origin": HERE}).status_code == 405
    assert client.get("/edit").status_code == 405
    deep = b"[" * 30_000 + b"]" * 30_000
    assert client.post("/edit", content=deep, headers={"Origin": HERE} | kind).status_code == 400
    assert site.bench.record.edits == ()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"key": 1, "value": 1},
        {"key": "money", "value": {"a": 1}},
        {"key": "x" * 400, "value": 1},
        {"key": "money", "value": "x" * 3000},
        {"key": "money", "value": -1},
        {"key": "money", "value": True},
        {"key": "projects.coast_plant.lead_time_years", "value": -1},
        {"key": "projects.nowhere.lead_time_years", "value": 1},
        {"key": "money", "value": 1, "more": 1},
    ],
)
def test_what_is_no_edit_is_refused_and_changes_nothing(
    client: TestClient, site: Site, body: object
) -> None:
    answer = client.post("/edit", json=body, headers={"Origin": HERE})
    assert answer.status_code == 422 and answer.json()["fault"]
    assert site.bench.record.edits == ()


@pytest.mark.parametrize(
    "value",
    [0.5, 2, True, "out", None, ("mine", "metal")],
    ids=("share", "whole", "flag", "word", "blank", "list"),
)
def test_an_edit_is_taken_as_it_is_given(value: EditedValue) -> None:
    taken = read_edit(json.loads(json.dumps({"key": "money", "value": value}))).value
    assert taken == value and type(taken) is type(value)


def test_a_good_edit_is_on_disk_before_it_is_answered(client: TestClient, site: Site) -> None:
    assert post(client, "/edit", {"key": "money", "value": 0.5}).json()["said"] == ""
    assert site.bench.record.edits == (Edit("money", 0.5),)
    assert '"money"' in (site.bench.opened.folder / "journal.json").read_text()


def test_every_answer_has_the_strict_policy(client: TestClient) -> None:
    for path in ("/", "/part/questions", "/static/workbench.js", "/part/nothing", "/nowhere"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert (
            headers["x-content-type-options"] == "nosniff"
            and headers["cache-control"] == "no-store"
        )
        assert "access-control-allow-origin" not in headers
    assert "unsafe" not in POLICY and POLICY.startswith("default-src 'none'")
    page = client.get("/").text
    assert "style=" not in page and "<style" not in page and not re.search(r"\son\w+\s*=", page)


def test_files_are_those_of_kept_variants_alone(
    client: TestClient, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("secret")
    answered(site.bench)
    kept = site.bench.keep("mine")
    run = site.bench.opened.folder / kept.folder
    (run / "link.csv").symlink_to(tmp_path / "secret.csv")
    (run / "notes.sh").write_text("echo")
    assert client.get(f"/files/{kept.folder}/tables/investments.csv").text.startswith("project,")
    outside = "../journal.json %2e%2e/journal.json ..%2f..%2fsecret.csv /etc/passwd %2fetc%2fpasswd"
    inside = "tables/../../journal.json link.csv notes.sh tables no.csv tables/%00.csv"
    for path in (*outside.split(), *inside.split()):
        answer = client.get(f"/files/{kept.folder}/{path}")
        assert answer.status_code == 404 and "secret" not in answer.text, path
    for folder in ("..", ".", "cases", "%2e%2e", "002-other"):
        assert client.get(f"/files/{folder}/summary.json").status_code == 404


def test_pages_of_runs_are_shut_into_an_origin_of_their_own(client: TestClient, site: Site) -> None:
    kept = answered(site.bench).keep("mine")
    answer = client.get(f"/files/{kept.folder}/report.html")
    end = time.monotonic() + 240  # a busy machine takes a minute to start a process
    while "refresh" in answer.headers:  # it says that it is being written, and asks again
        assert "The page is being written" in answer.text and time.monotonic() < end
        answer = client.get(f"/files/{kept.folder}/report.html")
    assert answer.status_code == 200 and "Risk" in answer.text
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in answer.headers["content-security-policy"]


def test_it_listens_on_this_machine_alone_at_a_port_of_its_own() -> None:
    one, two = listening(0), listening(0)
    assert one.getsockname()[0] == "127.0.0.1" and one.getsockname()[1] != two.getsockname()[1]
    for found in (one, two):
        found.close()
    assert one.family == socket.AF_INET


def test_no_web_socket(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/events"):
        pass


def test_an_edit_is_data_whatever_it_says(client: TestClient, site: Site) -> None:
    script = "<script>alert(1)</script>"
    bench = site.bench
    answered(bench)
    bench.edit(Edit("projects.coast_plant.name", script))
    answered(bench)
    bench.keep(script)
    for part in [
        "questions",
        "outcomes",
        "frontier",
        "views",
        "side",
        "shelf",
        "tables",
        "command",
    ]:
        assert script not in client.get(f"/part/{part}").text
    shown = client.get(
        "/part/figure", params={"table": "projects", "id": "coast_plant", "column": script}
    ).text
    assert script not in shown and "&lt;script&gt;" in shown


def test_half_a_character_is_no_text(client: TestClient, site: Site) -> None:
    kind = {"Origin": HERE, "Content-Type": "application/json"}
    assert client.post("/keep", content=b'{"name": "\\ud800"}', headers=kind).status_code == 400
    assert site.bench.record.kept == ()
