"""The addresses of the workbench, and the server that answers them on this machine alone."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import chain, count
from math import isfinite, nan
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from planner.data.change import parse_change
from planner.errors import Fault, InputError, PlannerError, RunFolderError, refused
from planner.results.plan import Plan
from planner.server.edits import Edit, read_edit
from planner.server.journal import OpenedCase, address_at
from planner.server.page_regions import Regions, render
from planner.server.security import PAGES_POLICY, Gate, led_to
from planner.server.workbench import Workbench

LEAVE_SECONDS = 1.5
"""After which a signal ends what still goes on: every change is on disk."""
GRACE_SECONDS = 2
"""For which the end waits for answers that go on; then it cuts them off."""
REGISTERED_SECONDS = 0.05
"""In which a connection that was just accepted is registered: two turns of the loop."""
MOST_PRICE = 1e6
"""Largest price of a missed target that may be asked for, USD/kg."""
QUIET_SECONDS = 15.0
"""After which news are sent all the same: of how long it takes, and so that a page that was closed is noticed."""
PATIENCE = 1.0
"""After which a page that is being written says so, and asks again."""
OPENS = "open.html"
CASE = "case.zip"
"""The case of a run folder with its model, packed when it is asked for."""
FORMS = {
    ".html": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".toml": "text/plain",
    ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Body = dict[str, Any]
Action = Callable[[Workbench, Body], object]


def _text(body: Body, key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str) or len(value) > 500:
        raise refused("", "page", "must be a text", column=key)
    return value


def _blank(body: Body, key: str, words: str, low: float, high: float) -> float:
    """The number in a blank of a sentence, which is called by its words."""
    text = _text(body, key).strip().removesuffix("%")
    try:
        found = float(text)
    except ValueError:
        found = nan
    if not isfinite(found):
        hint = "; write a decimal point" if "," in text else ""
        raise refused(
            "", "target", f"{text!r:.40} is no number{hint}" if text else "is blank", column=words
        )
    if not low <= found <= high:
        raise refused("", "target", f"{found:g} is not from {low:g} to {high:g}", column=words)
    return found


def _keep(bench: Workbench, body: Body) -> str:
    kept = bench.keep(_text(body, "name"))
    return f"Kept as “{kept.name}”, on the shelf below."


def _change(bench: Workbench, body: Body) -> None:
    """Change a key of the model or cells, each as text, as after `--set`."""
    change = parse_change(f"{_text(body, 'key')}={_text(body, 'value')}")
    value = change.value
    if change.how != "set":
        value = str(change).removeprefix(f"{change.address}=")
    bench.edit(read_edit({"key": change.address, "value": value}))


def _target(bench: Workbench, body: Body) -> None:
    """Add a target, its blanks as texts: the share in per cent."""
    columns: dict[str, str | float] = {"share": _blank(body, "share", "the share, %", 0, 100) / 100}
    for key in ("kind", "element", "form", "party"):
        if _text(body, key):
            columns[key] = _text(body, key)
    if _text(body, "price").strip():
        columns["price_usd_per_kg"] = _blank(body, "price", "the price, USD/kg", 0, MOST_PRICE)
    if _text(body, "first_year").strip():
        case = bench.case
        first = _blank(body, "first_year", "the first year", case.first_year, case.last_year)
        columns["first_year"] = int(first)
    taken = {edit.key for edit in bench.record.edits}
    taken |= {f"target.{one}" for one in bench.base.lookups.targets}
    numbered = (f"target.added-{at}" for at in count(1))
    key = next(one for one in numbered if one not in taken)
    bench.edit(Edit(key, columns))


ACTIONS: dict[str, Action] = {
    "edit": lambda bench, body: bench.edit(read_edit(body)),
    "revert": lambda bench, body: bench.revert(_text(body, "key")),
    "undo": lambda bench, _: bench.step(-1),
    "redo": lambda bench, _: bench.step(1),
    "keep": _keep,
    "drop": lambda bench, body: bench.drop(_text(body, "folder")),
    "restore": lambda bench, body: bench.go_to_kept(_text(body, "folder")),
    "pin": lambda bench, body: bench.pin(_text(body, "folder")),
    "change": _change,
    "target": _target,
    "stop": lambda bench, _: bench.halt(),
    "go_on": lambda bench, _: bench.solver.go_on(),
}


class Site:
    """One workbench, the pages that look at it, and the answers they get. Actions run one after the other."""

    def __init__(self, opened: OpenedCase, plan: Plan | None = None) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pages: set[asyncio.Event] = set()
        self._ending = False
        self._writing: dict[tuple[str, str], asyncio.Future[Path]] = {}
        self.bench = Workbench(opened, self._told, plan)
        self.regions = Regions(self.bench)
        self._one = asyncio.Lock()
        self.app = Starlette(
            routes=self._routes(), lifespan=self._life, exception_handlers={PlannerError: _refusal}
        )
        self.app.router.redirect_slashes = False

    def _routes(self) -> list[BaseRoute]:
        """The addresses of the site: the page, its parts and files, events, and one for each action."""
        packages = [("planner.server", "static"), ("planner.reporting", "static")]
        static_files = StaticFiles(packages=list(packages))
        routes: list[BaseRoute] = [
            Route("/", self.page),
            Route("/events", self.events),
            Mount("/static", static_files),
            Route("/part/{name}", self.part),
            Route("/files/{folder}/{path:path}", self.files),
        ]
        for name, action in ACTIONS.items():
            answer = partial(self.act, action)
            routes.append(Route(f"/{name}", answer, methods=["POST"]))
        return routes

    @asynccontextmanager
    async def _life(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        yield
        self.end()
        await run_in_threadpool(self.bench.close)

    def end(self) -> None:
        """Let pages that wait go, from whatever thread."""
        self._ending = True
        self._told()

    def _told(self) -> None:
        """Called from the solver's thread, or from an action: something is new."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the server is just ending
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for page in self._pages:
            page.set()

    async def page(self, _: Request) -> Response:
        """The whole page, empty; its regions follow."""
        base = self.bench.base
        return HTMLResponse(render("page.html.j2", title=base.name, model=base.model.title))

    async def events(self, _: Request) -> Response:
        """News, as long as the page is open."""
        return StreamingResponse(self._news(), media_type="text/event-stream")

    async def _news(self) -> AsyncIterator[str]:
        new = asyncio.Event()
        self._pages.add(new)
        try:
            while not self._ending:
                new.clear()
                news = await run_in_threadpool(self.regions.snapshot)
                yield f"data: {json.dumps(news)}\n\n"
                with suppress(TimeoutError):
                    await asyncio.wait_for(new.wait(), QUIET_SECONDS)
        finally:
            self._pages.discard(new)

    async def part(self, request: Request) -> Response:
        """A region of the page."""
        name = request.path_params["name"]
        asked = dict(request.query_params)
        return HTMLResponse(await run_in_threadpool(self.regions.part, name, asked))

    async def act(self, action: Action, request: Request) -> Response:
        """Do one thing, on disk before it is answered."""
        try:
            body = json.loads(await request.body())
            written = json.dumps(body, ensure_ascii=False)
            written.encode()  # half a character cannot be written to disk
        except ClientDisconnect:
            return _fault("only half of the change arrived", 400)
        except (ValueError, RecursionError):
            return _fault("a change is JSON", 400)
        if not isinstance(body, dict):
            return _fault("a change is an object", 400)
        try:
            async with self._one:
                said = await run_in_threadpool(action, self.bench, body)
        finally:
            self._wake()
        news = await run_in_threadpool(self.regions.snapshot)
        return JSONResponse({"said": said or "", "news": news})

    async def files(self, request: Request) -> Response:
        """A file of a kept variant; its pages are written when they are first asked for, and it says so meanwhile."""
        folder = request.path_params["folder"]
        name = request.path_params["path"]
        task = self._writing.get((folder, name))
        if task is None:
            task = asyncio.ensure_future(run_in_threadpool(self._file, folder, name))
            self._writing[folder, name] = task
        patience = PATIENCE if name.endswith(".html") else None
        await asyncio.wait([task], timeout=patience)
        if not task.done():
            return HTMLResponse(render("writing.html.j2"), headers={"Refresh": "1"})
        self._writing.pop((folder, name), None)
        try:
            path = task.result()
        except (PlannerError, OSError, ValueError):
            return _fault("there is no such file", 404)
        policy = {"Content-Security-Policy": PAGES_POLICY}
        saved_as = f"{folder}.xlsx" if path.suffix == ".xlsx" else None
        return FileResponse(path, media_type=FORMS[path.suffix], headers=policy, filename=saved_as)

    def _file(self, folder: str, name: str) -> Path:
        if name == CASE:
            return self.bench.packed(folder)
        run = self.bench.run_of(folder)
        path = run / name
        pages = dict.fromkeys(("report.html", "report.xlsx"), "")
        pages |= {f"project-{project}.html": project for project in self.bench.base.projects}
        if name in pages and not path.exists():
            self.bench.writer.write(run, pages[name])
        real = path.resolve()
        is_ours = real.is_relative_to(run) and real == path
        if not is_ours or real.suffix not in FORMS or not real.is_file():
            raise RunFolderError(f"{name!r} is no file of {folder}")
        return real


async def _refusal(_: Request, error: Exception) -> Response:
    """The answer to what cannot be done, in the words of the error."""
    return _fault(str(error))


def _fault(said: str, status: int = 422) -> Response:
    return JSONResponse({"fault": said}, status)


class ClosingServer(uvicorn.Server):
    """Lets nobody in once it ends. A connection that is accepted while those that stand are told to go would be told
    nothing, and the end would wait for it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As of uvicorn, after the door is closed and whoever came through it is registered."""
        loop = asyncio.get_running_loop()
        for listener in chain.from_iterable(server.sockets for server in self.servers):
            with suppress(NotImplementedError):  # a loop of Windows
                loop.remove_reader(listener)
        await asyncio.sleep(REGISTERED_SECONDS)
        await super().shutdown(sockets)


class Server:
    """The workbench behind its gate, listening on this machine alone."""

    def __init__(self, opened: OpenedCase, plan: Plan | None = None, port: int = 0) -> None:
        self.socket = listening(port, opened.folder)
        self.port: int = self.socket.getsockname()[1]
        try:
            self.site = Site(opened, plan)
        except BaseException:
            self.socket.close()
            raise
        token = secrets.token_urlsafe(24)
        self.address = f"http://127.0.0.1:{self.port}/?token={token}"
        self.site.bench.journal.announce(self.address)
        self.gate = Gate(self.site.app, self.port, token)

    def run(self, ready: Callable[[], object], late: Callable[[], object] = lambda: None) -> None:
        """Answer until Ctrl-C or SIGTERM. ready: called once it does. late: called when a signal came and it has not
        ended after `LEAVE_SECONDS`, as within a long solve."""

        def leave() -> None:
            self.leave()
            timer = threading.Timer(LEAVE_SECONDS, late)
            timer.daemon = True
            timer.start()

        config = uvicorn.Config(
            self.gate,
            log_level="error",
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
            date_header=False,
            timeout_keep_alive=30,
        )
        server = ClosingServer(config)
        self._server = server
        server.handle_exit = lambda *_: leave()  # type: ignore[method-assign]
        ready()
        server.run(sockets=[self.socket])

    def page_to_open(self) -> Path:
        """A file, readable by its owner alone, that leads to the address: what opens a browser is told its name, which
        all users of a machine can see, and not the token."""
        path = self.site.bench.opened.folder.resolve() / OPENS
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(led_to(self.address))
        return path

    def leave(self) -> None:
        """End, from whatever thread."""
        self._server.should_exit = True
        self.site.end()


def listening(port: int, beside: Path | None = None) -> socket.socket:
    """A socket on the loopback address. Raises InputError for a port that cannot be had, which names the workbench that has
    it, if its folder lies beside another."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two servers share a port
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen()  # a browser that is quicker than the server waits
    except OSError as error:
        found.close()
        said = f"{port} cannot be had: {error.strerror}"
        if beside is not None and (other := address_at(port, beside)):
            said += f" by the workbench at {other}"
        remedy = "leave it out, and a free one is taken"
        raise InputError([Fault("--port", 0, "", said, remedy=remedy)]) from None
    return found
