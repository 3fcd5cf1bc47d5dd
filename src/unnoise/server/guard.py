"""Which requests are let in, and the headers that protect browsers."""

import hmac
from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

# The page and its examples contain nothing private; the page asks for the token.
OPEN = ("/", "/healthz", "/favicon.ico")
OPEN_FOLDERS = ("/page/", "/examples/")
DOCS = ("/docs", "/redoc", "/static-offline-docs")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'"
# The page of Swagger UI contains the script that starts it.
DOCS_POLICY = f"{POLICY}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"

Next = Callable[[Request], Awaitable[Response]]


class UnderPath:
    """Gives the application the path under which a proxy has it, stripped by the proxy or not."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app, self._root = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a request the whole path, as ASGI requires."""
        if scope["type"] == "http":
            path = scope["path"]
            if path == self._root:  # the page uses relative addresses
                await RedirectResponse(f"{path}/")(scope, receive, send)
                return
            whole = path if path.startswith(f"{self._root}/") else self._root + path
            scope = {**scope, "path": whole, "root_path": self._root}
        await self._app(scope, receive, send)


def guard(
    token: str | None, *, hosts: Collection[str] | None
) -> Callable[[Request, Next], Awaitable[Response]]:
    """Return the middleware that admits requests with the token and a known Host header.

    If ``token`` is None, none is needed; if ``hosts`` is None, any Host header is accepted.
    """
    # Known names keep web pages from reaching the server under a name of their own.
    expected = None if token is None else f"Bearer {token}".encode()

    async def check(request: Request, follow: Next) -> Response:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", "").rstrip("/"))
        host = _name(request.headers.get("host", ""))
        free = path in OPEN or path.startswith(OPEN_FOLDERS)
        given = request.headers.get("authorization", "").encode()
        response: Response
        if hosts is not None and host not in hosts:
            detail = f"this server is not called {host[:100]!r}: start it with --allow-host"
            response = JSONResponse({"detail": f"{detail} {host[:100]}"}, 400)
        elif expected is None or free or hmac.compare_digest(given, expected):
            response = await follow(request)
        else:
            response = JSONResponse(
                {"detail": "this server needs a token: send Authorization: Bearer TOKEN"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        policy = DOCS_POLICY if path.startswith(DOCS) else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return check


def _name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    return host.lower() if host.endswith("]") else host.lower().rpartition(":")[0] or host.lower()
