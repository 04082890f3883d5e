"""Random requests to the workbench and random damage to run folders: an answer or a sentence, never a crash.

    python checks/fuzz_routes.py routes|runs SECONDS [SEED]

Requests go through the gate as a browser sends them, edits of known keys with odd values among them. Of a run folder
one file is cut, doubled, mixed with another or changed in a few bytes, with digests that fit or not. A finding ends
the program with what was sent; it says how many were tried.
"""

from __future__ import annotations

import json
import random
import shutil
import string
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

from starlette.testclient import TestClient

import planner
from planner.cells import CARRIED
from planner.data.schema import TABLES
from planner.errors import PlannerError
from planner.results.folders import write_sums
from planner.server.app import ACTIONS, Site
from planner.server.journal import OpenedCase
from planner.server.page_regions import REGIONS
from planner.server.security import Gate
from tests.server.conftest import HERE, PORT, REFERENCE, ROOT, TOKEN

SLOW = 60.0
"""Seconds after which an answer counts as none; a solve of the teaching case goes on beside it."""
ODD: tuple[Any, ...] = (
    0,
    -1,
    1e308,
    -1e-308,
    10**40,
    True,
    None,
    "",
    "nan",
    "inf",
    "1e400",
    "../../etc/passwd",
    "\u202e",
    "\x00",
    "<b>",
    "a" * 499,
    [],
    ["mine"],
    {"a": 1},
    [[1]],
    "=1+1",
    "2028Q5",
    "1;2;3",
    "*",
    "." * 50,
    "%s%n{0}",
    "\ud800",
)


def routes(seconds: float, rng: random.Random) -> int:
    """Ask a workbench whatever comes to mind; every answer has a status below 500. Returns how many were asked."""
    with tempfile.TemporaryDirectory() as name:
        site = Site(
            OpenedCase(
                ROOT / "inputs" / "starter", ROOT / "models" / "base.toml", (), Path(name) / "bench"
            ),
            planner.open_run(REFERENCE),
        )
        case, asked = site.bench.base, 0
        with TestClient(
            Gate(site.app, PORT, TOKEN), base_url=HERE, follow_redirects=False
        ) as client:
            client.get(f"/?token={TOKEN}")
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                asked += 1
                began, (method, path, body) = time.monotonic(), request(rng, case)
                try:
                    answer = client.request(method, path, content=body, headers=headers(rng))
                except UnicodeError:
                    continue  # no client can send it
                assert answer.status_code < 500, (method, path, body, answer.text)
                assert time.monotonic() - began < SLOW, (method, path, body)
                if len(site.bench.record.edits) > 8:
                    client.request("POST", "/undo", content=b"{}", headers=headers(rng))
    return asked


def headers(rng: random.Random) -> dict[str, str]:
    """Those of the page, sometimes with one changed."""
    sent = {"Origin": HERE, "Content-Type": "application/json"}
    if rng.random() < 0.03:
        sent[rng.choice([*sent, "Host", "Cookie", "Sec-Fetch-Site"])] = rng.choice(
            ["", "null", "x=y; ;=", HERE, "none"]
        )
    return sent


def request(rng: random.Random, case: planner.Case) -> tuple[str, str, bytes | None]:
    """Method, path and body."""
    kind = rng.random()
    if kind < 0.5:
        name = rng.choice(list(ACTIONS))
        body: Any = {
            "key": key(rng, case),
            "value": value(rng),
            "folder": folder(rng),
            "share": text(rng),
        }
        body |= {word: text(rng) for word in ("name", "low", "high", "points", "project")}
        if name == "edit":
            body = {"key": body["key"], "value": body["value"]}
        raw = json.dumps(body if rng.random() < 0.95 else value(rng)).encode()
        return "POST", f"/{name}", raw if rng.random() < 0.95 else mangled(rng, raw)
    if kind < 0.9:
        words = ("table", "id", "column", "folder", "find")
        query = "&".join(
            f"{w}={quote(str(pick(rng, case)), errors='replace')}"
            for w in rng.sample(words, rng.randint(0, 4))
        )
        return (
            "GET",
            f"/part/{rng.choice([*REGIONS, quote(text(rng), errors='replace')])}?{query}",
            None,
        )
    path = "/".join(
        quote(part, errors="replace")
        for part in (folder(rng), rng.choice(["report.html", "..", text(rng)]))
    )
    return (
        rng.choice(["GET", "HEAD", "POST", "PUT"]),
        f"/{rng.choice(['files', 'static', ''])}/{path}",
        None,
    )


def key(rng: random.Random, case: planner.Case) -> str:
    """What an edit may be of: a question, a key of the model, a cell; or nonsense."""
    table = rng.choice(TABLES)
    rows = case.tables.rows(table.name)
    row = rng.choice(rows) if rows else None
    cell = ".".join(
        [
            table.name,
            *(str(getattr(row, k, "x")) for k in table.key),
            rng.choice([*table.row.columns(), *CARRIED]),
        ]
    )
    known = rng.choice(
        [cell, cell, "money", "ally.JPN", "lever.mine", "target.a", "goal", *case.model.flat()]
    )
    return known if rng.random() < 0.8 else text(rng)


def pick(rng: random.Random, case: planner.Case) -> object:
    """A word that the page may ask with."""
    return rng.choice(
        [
            key(rng, case),
            rng.choice(TABLES).name,
            *case.projects,
            *case.scenarios,
            text(rng),
            "capacity_tpa",
        ]
    )


def folder(rng: random.Random) -> str:
    """Name of a kept variant, or none."""
    return rng.choice(["001-a", "002-b", "..", "001-a/../..", text(rng)])


def value(rng: random.Random) -> Any:
    """A value, odd or not."""
    return rng.choice([*ODD, rng.uniform(-2, 5), rng.randint(2020, 2035), text(rng)])


def text(rng: random.Random) -> str:
    """Some text."""
    odd = [one for one in ODD if isinstance(one, str)]
    return rng.choice(
        [*odd, "".join(rng.choices(string.printable + "é\u200b漢", k=rng.randint(0, 30)))]
    )


def mangled(rng: random.Random, data: bytes) -> bytes:
    """Bytes, damaged in one of several ways."""
    at, to = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    few = bytearray(data)
    for _ in range(rng.randint(1, 4) if few else 0):
        few[rng.randrange(len(few))] = rng.randrange(256)
    cells = data.replace(
        rng.choice([b"1", b"0.", b",", b'"', b"\n", b":"]),
        rng.choice([b"", b"-", b"nan", b",,", b'"', b"9" * 30]),
        3,
    )
    return rng.choice(
        [
            data[:at],
            data[at:to],
            data[:at] + data[at:to] * 2 + data[to:],
            bytes(few),
            cells,
            b"",
            cells,
        ]
    )


def runs(seconds: float, rng: random.Random) -> int:
    """Damage a run folder and open, report and compare it; returns how many times."""
    tried = 0
    with tempfile.TemporaryDirectory() as name:
        whole, run = Path(name) / "whole", Path(name) / "run"
        shutil.copytree(REFERENCE, whole)
        planner.solve(planner.load(whole / "inputs")).write(whole)
        files = [
            p.relative_to(whole)
            for p in whole.rglob("*")
            if p.is_file() and not p.name.startswith("report.")
        ]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tried += 1
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(whole, run, ignore=shutil.ignore_patterns("report.*"))
            path = rng.choice(files)
            data = mangled(rng, (whole / path).read_bytes())
            if rng.random() < 0.1:
                data = (whole / rng.choice(files)).read_bytes()
            (run / path).write_bytes(data)
            if rng.random() < 0.8 and path.name != "SHA256SUMS":
                write_sums(run)
            began = time.monotonic()
            try:
                plan = planner.open_run(run)
                planner.compare([plan, planner.open_run(whole)])
            except PlannerError as error:
                assert str(error).strip()
            except Exception:
                sys.stderr.write(f"seed file {path}: {data[:300]!r}\n")
                raise
            assert time.monotonic() - began < SLOW, (path, data)
    return tried


if __name__ == "__main__":
    what, seconds, *seed = sys.argv[1:]
    count = {"routes": routes, "runs": runs}[what](
        float(seconds), random.Random(int(seed[0]) if seed else 0)
    )
    sys.stdout.write(f"{what}: {count:,} in {float(seconds):.0f} s, no crash\n")
