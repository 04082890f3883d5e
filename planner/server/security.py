"""Nobody but the one who typed the command: every request is looked at before anything is done with it.

The address that is printed holds a token, which is exchanged for a cookie that scripts cannot read and that other sites
cannot send. Host and Origin are those of this server, on every request: a page of another site, or a name that was
bound to this machine's address (DNS rebinding), is refused.
"""

from __future__ import annotations

import secrets
from hmac import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 64 * 1024
LONGEST_ADDRESS = 4_096
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGES_POLICY = "sandbox allow-scripts allow-downloads allow-popups; frame-ancestors 'none'"
"""For the pages of runs, which bring a policy of their own: in an origin of their own they reach nothing of ours."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def led_to(address: str) -> str:
    """A page that leads to another one."""
    return f'<!doctype html><meta http-equiv="refresh" content="0;url={address}"><title>workbench</title>'


class Gate:
    """Lets through what this machine's browser asks with the cookie, and nothing else."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app = app
        self._token = token
        self._secret = secrets.token_urlsafe(32)
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._cookie = f"planner-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refused = self._refused(HTTPConnection(scope))
        if refused is not None:
            for name, value in HEADERS.items():
                refused.headers[name] = value
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send))

    def _refused(self, asked: HTTPConnection) -> Response | None:
        """The answer to a request that goes no further; None if it does."""
        scope, headers = asked.scope, asked.headers
        host = headers.get("host", "")
        origin = headers.get("origin")
        if host not in self.hosts or len(headers.getlist("host")) != 1:
            return PlainTextResponse("unknown host", 421)
        if origin is not None and origin != f"http://{host}":
            return PlainTextResponse("another site may not ask", 403)
        site = headers.get("sec-fetch-site", "none")
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return PlainTextResponse("address too long", 414)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("unknown method", 405)
        token = asked.query_params.get("token")
        if scope["method"] == "GET" and scope["path"] == "/" and token is not None:
            return self._exchanged(token, site)
        if site not in ("none", "same-origin"):
            return PlainTextResponse("another site may not ask", 403)
        if not _is_same(asked.cookies.get(self._cookie, ""), self._secret):
            return PlainTextResponse("open the address that `planner serve` printed", 401)
        if scope["method"] == "POST":
            return _bad_post(headers, origin)
        return None

    def _exchanged(self, token: str, site: str) -> Response:
        """The answer to an address with a token: a cookie and the page, or a refusal."""
        if not _is_same(token, self._token):
            said = "wrong token: open the address that `planner serve` printed"
            return PlainTextResponse(said, 401)
        # To a page that a file led to, the browser sends the cookie only once the page itself asks.
        answer: Response = HTMLResponse(led_to("/"))
        if site in ("none", "same-origin"):
            answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._secret, httponly=True, samesite="strict", path="/")
        return answer


def _is_same(given: str, secret: str) -> bool:
    """Compared in a time that says nothing of the secret."""
    return compare_digest(given.encode(errors="replace"), secret.encode())


def _bad_post(headers: Headers, origin: str | None) -> Response | None:
    """The refusal of a change that does not say where it comes from, is not JSON or is too large; else None."""
    if origin is None:
        return PlainTextResponse("a change must say where it comes from", 403)
    kind = headers.get("content-type", "")
    if kind.partition(";")[0].strip() != "application/json":
        return PlainTextResponse("a change is JSON", 415)
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return PlainTextResponse("a change says how long it is", 411)
    if int(length) > LARGEST_BODY:
        return PlainTextResponse("too large", 413)
    return None


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
